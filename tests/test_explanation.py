"""autograd_lite.explanation: the traces and the chain rule in words, numbers, LaTeX and HTML."""

import math
import re
from xml.etree import ElementTree

import pytest
from bad_input import error_for_integer

from autograd_lite import Value, add, explain, explain_paths, tanh
from nn import MLP, squared_error

HOSTILE = [
    "</script><script>alert(1)</script>",
    "a|b",
    "`x`",
    "``",
    "]]>",
    "{{ }}",
    r"\N",
    "&lt;",
    "\0",
    "\u202e",
    "$x$",
]


@pytest.fixture
def baydin():
    x1, x2 = Value(2.0), Value(5.0)
    return x1.log() + x1 * x2 - x2.sin(), x1, x2


def test_table_2_of_baydin_is_reproduced_line_by_line(baydin):
    """Baydin et al., JMLR 18(153), table 2: forward mode for y = ln x1 + x1 x2 - sin x2 at (2, 5), by x1."""
    y, x1, _ = baydin
    forward, tangents = explain(y, tangent_of=x1, digits=4).text().split("\n\n")[:2]
    assert forward.splitlines()[1:] == [
        "  v-1 = 2.0",
        "  v0 = 5.0",
        "  v1 = log(v-1) = log(2.0) = 0.6931",
        "  v2 = v-1 * v0 = 2.0 * 5.0 = 10.0",
        "  v3 = sin(v0) = sin(5.0) = -0.9589",
        "  v4 = v1 + v2 = 0.6931 + 10.0 = 10.69",
        "  v5 = v4 - v3 = 10.69 - -0.9589 = 11.65",
    ]
    assert [line.rpartition(" = ")[::2] for line in tangents.splitlines()[1:]] == [
        ("  v-1'", "1.0"),
        ("  v0'", "0.0"),
        ("  v1' = dv1/dv-1 * v-1' = 0.5 * 1.0", "0.5"),
        ("  v2' = dv2/dv-1 * v-1' + dv2/dv0 * v0' = 5.0 * 1.0 + 2.0 * 0.0", "5.0"),
        ("  v3' = dv3/dv0 * v0' = 0.2837 * 0.0", "0.0"),
        ("  v4' = dv4/dv1 * v1' + dv4/dv2 * v2' = 1.0 * 0.5 + 1.0 * 5.0", "5.5"),
        ("  v5' = dv5/dv4 * v4' + dv5/dv3 * v3' = 1.0 * 5.5 + -1.0 * 0.0", "5.5"),
    ]


def test_table_3_of_baydin_is_reproduced_line_by_line(baydin):
    """Baydin et al., table 3: the reverse trace, from the bottom of the table to the top."""
    section = explain(baydin[0], digits=4).sections[1]
    lines = [(line[0].split(" += ")[0], line[0].rpartition(" = ")[2], *line[1:]) for line in section.lines]
    assert lines == [
        ("dv5/dv5 = 1.0", "1.0", "", ""),
        ("dv5/dv4", "1.0", "where dv5/dv4 = 1", "total 1.0"),
        ("dv5/dv3", "-1.0", "where dv5/dv3 = -1", "total -1.0"),
        ("dv5/dv1", "1.0", "where dv4/dv1 = 1", "total 1.0"),
        ("dv5/dv2", "1.0", "where dv4/dv2 = 1", "total 1.0"),
        ("dv5/dv0", "-0.2837", "where dv3/dv0 = cos(v0)", "total -0.2837"),
        ("dv5/dv-1", "5.0", "where dv2/dv-1 = v0", "total 5.0"),
        ("dv5/dv0", "2.0", "where dv2/dv0 = v-1", "total 1.716"),
        ("dv5/dv-1", "0.5", "where dv1/dv-1 = 1 / v-1", "total 5.5"),
    ]


def test_a_line_of_the_chain_rule_reads_as_on_the_blackboard():
    a, b = Value(1.0, "a"), Value(2.0, "b")
    c = a * b
    c.label = "c"
    L = c * 0.5
    L.label = "L"
    assert "dL/da += dL/dc * dc/da = 0.5 * 2.0 = 1.0   where dc/da = b" in explain(L).text()


def test_both_edges_of_x_times_x_have_their_line():
    x = Value(3.0, "x")
    text = explain(x * x).text()
    assert re.findall(r"total (\S+)", text) == ["3.0", "6.0"]


def test_a_constant_between_two_variables_does_not_shift_the_slopes():
    a, b = Value(2.0, "a"), Value(5.0, "b")
    root = add(a, 7.0, b * 3)
    root.label = "L"
    assert "where dL/db" not in explain(root).text()
    power = 2.0**a
    power.label = "p"
    assert "where dp/da = p * log(2)" in explain(power).text().replace("0.693147", "log(2)")


def test_the_gradient_of_a_signal_is_called_delta():
    error = squared_error(MLP(2, [2, 1], seed=0)([1.0, -1.0]), 0.5)
    error.backward()
    explanation = explain(error)
    for name in ("delta_1^(1)", "delta_2^(1)", "delta_1^(2)"):
        assert name in explanation.text()
    assert r"\delta_{2}^{(1)}" in explanation.latex()


def test_no_gradient_is_touched():
    x = Value(1.5, "x")
    root = tanh(x * x)
    explain(root, x)
    explain_paths(root, x)
    assert not x.has_grad
    assert not root.has_grad


def test_paths_add_up():
    a = Value(2.0, "a")
    b = a * a
    b.label = "b"
    L = b + a
    L.label = "L"
    lines = explain_paths(L, a).text().splitlines()
    assert [line.split("=")[-1].strip() for line in lines[1:]] == ["1.0", "2.0", "2.0", "5.0"]
    assert r"a \to b \to L" in explain_paths(L, a).latex()


def test_special_numbers_have_latex():
    x = Value(0.0, "x")
    latex = explain(1 / x + 1e-30).latex()
    assert r"\infty" in latex
    assert r"10^{-30}" in explain(x + 1e-30 + 0 * x).latex()


@pytest.mark.parametrize("label", HOSTILE)
def test_hostile_labels_stay_text_in_every_form(label):
    a = Value(2.0, label)
    explanation = explain(a * a, a)
    page = explanation.html()
    table = ElementTree.fromstring(f"<div>{page}</div>")
    assert {element.tag for element in table.iter()} <= {
        "div", "table", "caption", "thead", "tbody", "tr", "th", "td", "code",
    }  # fmt: skip
    shown = "".join(table.itertext())
    assert (label if label.isprintable() else "�") in shown
    for line in explanation.markdown().splitlines():
        if line.startswith("| "):
            assert len(re.findall(r"(?<!\\)\|", line)) in {2, 4}
    assert "<script" not in page
    explanation.latex().encode()


def test_the_markdown_of_a_label_with_backticks_is_one_code_span():
    a = Value(2.0, "``")
    assert "``` `` = 2.0 ```" in explain(a * 1).markdown()


def test_html_says_what_its_columns_are():
    page = explain(Value(2.0, "a") * 3).html()
    assert page.count('<th scope="col"') == 5
    assert page.count("<caption") == 3


@pytest.mark.parametrize("digits", [0, -1, 2.5, True, "6"])
def test_digits_must_be_an_integer(digits):
    with pytest.raises(error_for_integer(digits), match="digits must be"):
        explain(Value(1.0) * 2, digits=digits)


def test_other_bad_arguments_are_named():
    x = Value(1.0, "x")
    with pytest.raises(TypeError, match="root"):
        explain(3.0)
    with pytest.raises(ValueError, match="tangent_of"):
        explain(x * 2, tangent_of=Value(2.0))
    with pytest.raises(ValueError, match=r"501 nodes.*max_nodes=500"):
        explain(add(*[Value(1.0) for _ in range(500)]))
    root = x * 2
    x.data = 5.0
    with pytest.raises(RuntimeError, match="stale"):
        explain(root)


def test_not_a_number_is_shown():
    assert "nan" in explain(Value(math.nan, "x") * 2).text()


def test_the_trace_shows_the_operation_that_was_done():
    """x * x as a square would seem to have the slope x."""
    x = Value(-1.0, "x")
    assert "v1 = x * x = -1.0 * -1.0 = 1.0" in explain(x * x).text()
    assert "v1 = x ** 1 = (-1.0) ** 1 = -1.0" in explain(x**1).text()
    assert "v1 = -x = -(-1.0) = 1.0" in explain(-x).text()


def test_no_power_in_latex_has_two_exponents():
    """MathJax and LaTeX refuse o^{(1)}^{2}."""
    error = squared_error(MLP(2, [2, 1], seed=0)([1.0, -1.0]), 0.5)
    latex = explain(error, error.parents[0]).latex()
    assert "(o_{1}^{(1)})^{2}" in latex
    assert not re.search(r"\^\{[^{}]*\}\^", latex)


@pytest.mark.parametrize("sizes", [[6, 6, 6, 1], [3, 3, 3, 3, 3, 1]])
def test_a_deep_network_is_explained(sizes):
    error = squared_error(MLP(2, sizes, seed=0)([1.0, -1.0]), 0.5)
    assert explain(error).text().count("+=") > 100


def test_shared_nodes_are_explained_though_their_formula_would_explode():
    node = Value(1.0, "a")
    for _ in range(40):
        node = node + node
    assert f"dv40/da = {2.0**40:.6g}" in explain(node).text()


def test_lines_that_are_too_long_are_broken_before_the_second_column():
    lines = explain(Value(2.0, "a") * 3).text(columns=40).splitlines()
    assert "  dv1/da += dv1/dv1 * dv1/da = 1.0 * 3.0 = 3.0" in lines
    assert "    where dv1/da = 3   total 3.0" in lines


@pytest.mark.parametrize(("argument", "bad"), [("max_nodes", "a"), ("max_nodes", 0), ("digits", 18)])
def test_integers_are_checked(argument, bad):
    with pytest.raises(error_for_integer(bad), match=f"{argument} must be"):
        explain(Value(1.0) * 2, **{argument: bad})
