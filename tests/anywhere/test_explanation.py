"""autograd_lite.explanation: the traces and the chain rule in words, numbers, LaTeX and HTML."""

import math
import re
from xml.etree import ElementTree

import pytest
from bad_input import error_for_integer

from autograd_lite import Value, add, explain, explain_paths, tanh
from autograd_lite.labels import columns_of

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


def baydin():
    x1, x2 = Value(2.0), Value(5.0)
    return x1.log() + x1 * x2 - x2.sin(), x1, x2


def test_table_2_of_baydin_is_reproduced_line_by_line():
    """Baydin et al., JMLR 18(153), table 2: forward mode for y = ln x1 + x1 x2 - sin x2 at (2, 5), by x1."""
    y, x1, _ = baydin()
    forward, tangents = explain(y, tangent_of=x1).text().split("\n\n")[:2]
    assert forward.splitlines()[1:] == [
        "  x₁ = 2",
        "  x₂ = 5",
        "  v₁ = log(x₁) = log(2) = 0.6931",
        "  v₂ = x₁ × x₂ = 2 × 5 = 10",
        "  v₃ = sin(x₂) = sin(5) = −0.9589",
        "  v₄ = v₁ + v₂ = 0.6931 + 10 = 10.69",
        "  y = v₄ − v₃ = 10.69 − (−0.9589) = 11.65",
    ]
    assert [line.rpartition(" = ")[::2] for line in tangents.splitlines()[1:]] == [
        ("  x₁′", "1"),
        ("  x₂′", "0"),
        ("  v₁′ = ∂v₁/∂x₁ · x₁′ = 0.5 × 1", "0.5"),
        ("  v₂′ = ∂v₂/∂x₁ · x₁′ + ∂v₂/∂x₂ · x₂′ = 5 × 1 + 2 × 0", "5"),
        ("  v₃′ = ∂v₃/∂x₂ · x₂′ = 0.2837 × 0", "0"),
        ("  v₄′ = ∂v₄/∂v₁ · v₁′ + ∂v₄/∂v₂ · v₂′ = 1 × 0.5 + 1 × 5", "5.5"),
        ("  y′ = ∂y/∂v₄ · v₄′ + ∂y/∂v₃ · v₃′ = 1 × 5.5 + (−1) × 0", "5.5"),
    ]


def test_table_3_of_baydin_is_reproduced_line_by_line():
    """Baydin et al., table 3: the reverse trace, from the bottom of the table to the top."""
    y = baydin()[0]
    section = explain(y).sections[1]
    lines = [(line[0].split(" += ")[0], line[0].rpartition(" = ")[2], *line[1:]) for line in section.lines]
    assert lines == [
        ("∂y/∂y = 1", "1", "", ""),
        ("∂y/∂v₄", "1", "where ∂y/∂v₄ = 1", "total 1"),
        ("∂y/∂v₃", "−1", "where ∂y/∂v₃ = −1", "total −1"),
        ("∂y/∂v₁", "1", "where ∂v₄/∂v₁ = 1", "total 1"),
        ("∂y/∂v₂", "1", "where ∂v₄/∂v₂ = 1", "total 1"),
        ("∂y/∂x₂", "−0.2837", "where ∂v₃/∂x₂ = cos(x₂)", "total −0.2837"),
        ("∂y/∂x₁", "5", "where ∂v₂/∂x₁ = x₂", "total 5"),
        ("∂y/∂x₂", "2", "where ∂v₂/∂x₂ = x₁", "total 1.716"),
        ("∂y/∂x₁", "0.5", "where ∂v₁/∂x₁ = 1 / x₁", "total 5.5"),
    ]


def test_a_line_of_the_chain_rule_reads_as_on_the_blackboard():
    a, b = Value(1.0, "a"), Value(2.0, "b")
    c = a * b
    c.label = "c"
    L = c * 0.5
    L.label = "L"
    assert "∂L/∂a += ∂L/∂c · ∂c/∂a = 0.5 × 2 = 1     where ∂c/∂a = b" in explain(L).text()


def test_both_edges_of_x_times_x_have_their_line():
    x = Value(3.0, "x")
    text = explain(x * x).text()
    assert re.findall(r"total (\S+)", text) == ["3", "6"]


def test_a_constant_between_two_variables_does_not_shift_the_slopes():
    a, b = Value(2.0, "a"), Value(5.0, "b")
    root = add(a, 7.0, b * 3)
    root.label = "L"
    assert "where ∂L/∂b" not in explain(root).text()
    power = 2.0**a
    power.label = "p"
    assert "where ∂p/∂a = p × 0.6931" in explain(power).text()


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
    assert [line.split("=")[-1].strip() for line in lines[1:]] == ["1", "2", "2", "5"]
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
    assert "``` `` = 2 ```" in explain(a * 1).markdown()


@pytest.mark.parametrize("label", [*HOSTILE, "Größe & co", "日本", "ζ_1", "a^b"])
def test_a_whole_document_breaks_and_has_only_what_latex_knows(label):
    """Compiled by hand with pdflatex. `aligned` does not break, and \\lt is a command of MathJax."""
    a = Value(2.0, label)
    explanation = explain(a * a, a)
    document = explanation.latex(standalone=True)
    assert document.startswith("\\documentclass{article}")
    assert document.endswith("\\end{document}\n")
    assert {sign for sign in document if not sign.isascii()} <= set("öß")
    assert not re.search(r"aligned|\\lt\b|\\gt\b|(?<!\\)&", document)
    assert document.count(r"\par") - document.count(r"\parindent") == sum(
        len(part.lines) for part in explanation.sections
    ) + document.count(r"\partial")


def numbers_in(section):
    return re.findall(r"\d+(?:\.\d+)?", " ".join(cell for line in section.lines for cell in line))


def test_without_numbers_the_derivation_is_in_symbols():
    """Odd numbers that the formulas do not hold: none of them may be shown, in any form."""
    w, x, b = Value(-3.25), Value(2.75), Value(6.875)
    o = (w * x + b).tanh() + w**2
    explanation = explain(o, w, numbers=False)
    forward, tangents, backward, gradients = explanation.sections
    assert forward.lines[0] == ("v₁ = w × x",)
    assert ("v₁′ = ∂v₁/∂w · w′ + ∂v₁/∂x · x′",) in tangents.lines
    assert ("∂o/∂v₃ += ∂o/∂v₄ · ∂v₄/∂v₃", "where ∂v₄/∂v₃ = 1 − v₄²") in backward.lines
    assert ("∂o/∂w = ∂o/∂v₂ · ∂v₂/∂w + ∂o/∂v₁ · ∂v₁/∂w",) in gradients.lines
    for section in explanation.sections:
        assert set(numbers_in(section)) <= {"0", "1", "2"}
    assert "| chain rule | local partial derivative |\n" in explanation.markdown()
    paths = explain_paths(o, w, numbers=False)
    assert paths.sections[0].lines[0] == ("w → v₂ → o", "∂v₂/∂w · ∂o/∂v₂")
    assert "=" not in paths.text()
    for latex in (explanation.latex(), explanation.latex(standalone=True), paths.latex()):
        assert not re.search(r"\d\.\d", latex)


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
    assert "v₁ = x × x = (−1) × (−1) = 1" in explain(x * x).text()
    assert "v₁ = x¹ = (−1)¹ = −1" in explain(x**1).text()
    assert "v₁ = −x = −(−1) = 1" in explain(-x).text()


def test_shared_nodes_are_explained_though_their_formula_would_explode():
    node = Value(1.0, "a")
    for _ in range(40):
        node = node + node
    assert "∂node/∂a = 1.1e12" in explain(node).text()


def test_lines_that_are_too_long_are_broken_before_the_second_column():
    lines = explain(Value(2.0, "a") * 3).text(columns=40).splitlines()
    assert "  ∂v₁/∂a += ∂v₁/∂v₁ · ∂v₁/∂a = 1 × 3 = 3" in lines
    assert "    where ∂v₁/∂a = 3   total 3" in lines


@pytest.mark.parametrize("columns", [24, 40, 60])
def test_no_line_is_longer_than_asked_for_and_no_word_is_lost(columns):
    explanation = explain(sum([Value(i / 7, f"input{i}") for i in range(5)], Value(2.0, "日本")).tanh())
    text = explanation.text(columns)
    assert max(map(columns_of, text.splitlines()[1:])) <= max(columns, len("Backward: the chain rule, edge by edge"))
    assert text.split() == explanation.text().split()


def test_wide_characters_are_aligned_as_a_terminal_shows_them():
    lines = explain(Value(3.0, "日本") * Value(2.0, "b")).text().splitlines()
    places = {columns_of(line.partition("where")[0]) for line in lines if "where" in line}
    assert len(places) == 1


@pytest.mark.parametrize(("argument", "bad"), [("max_nodes", "a"), ("max_nodes", 0), ("digits", 18)])
def test_integers_are_checked(argument, bad):
    with pytest.raises(error_for_integer(bad), match=f"{argument} must be"):
        explain(Value(1.0) * 2, **{argument: bad})
