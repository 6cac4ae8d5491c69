"""autograd_lite.parse: text to graph, and errors that point at the place."""

import math
import re

import pytest

from anywhere import deep
from autograd_lite import PRIMITIVES, Primitive, Value, topological_order
from autograd_lite.parse import ExpressionError, functions, parse_expression


@pytest.mark.parametrize(
    ("text", "numbers", "result"),
    [
        ("tanh(w*x + b)", {"w": -3.0, "x": 2.0, "b": 6.8813735870195432}, 0.7071067811865476),
        ("2*(x*y + max(z, w))", {"x": 3.0, "y": -4.0, "z": 2.0, "w": -1.0}, -20.0),
        ("-x**2", {"x": 3.0}, -9.0),
        ("2**-x", {"x": 1.0}, 0.5),
        ("x - 2 - 3", {"x": 10.0}, 5.0),
        ("x // 2 + x % 2", {"x": 7.0}, 4.0),
        ("+x / 4", {"x": 1.0}, 0.25),
        ("cos(pi) + x", {"x": 0.0}, -1.0),
        ("leaky_relu(x) + leaky_relu(x, 0.5)", {"x": -2.0}, -1.02),
        ("  x\n + 1e3", {"x": 1.0}, 1001.0),
        ("1 / x", {"x": 0.0}, math.inf),
        ("2 + 3", {}, 5.0),
        ("größe * 2", {"größe": 4.0}, 8.0),
    ],
)
def test_expressions(text, numbers, result):
    assert parse_expression(text, numbers).data == pytest.approx(result)


def test_each_name_is_one_leaf():
    root = parse_expression("x * x", {"x": 3.0})
    assert root.parents[0] is root.parents[1]
    root.backward()
    assert root.parents[0].grad == 6.0
    assert root.parents[0].label == "x"


@pytest.mark.parametrize("name", functions())
def test_every_function_can_be_called(name):
    count = 2 if name in {"atan2", "max", "min"} else functions()[name].counts[0]
    arguments = ["x", "y"][:count]
    numbers = dict(zip(arguments, [1.5, 0.5], strict=False))
    assert isinstance(parse_expression(f"{name}({', '.join(arguments)})", numbers), Value)


def test_a_new_row_of_the_table_can_be_called():
    names = {"abs", "exp", "log", "sqrt", "sin", "atan2", "tanh", "erf", "relu", "leaky_relu", "max", "min"}
    assert names < functions().keys()
    assert not {"maximum", "maximum_constant", "add", "constant", "leaf", "multiply_no_nan"} & functions().keys()
    twice = Primitive("twice", "twice", lambda x: 2 * x, [2.0])
    sums = Primitive("total", "total", lambda *x: sum(x), [1.0], variadic=True)
    try:
        assert parse_expression("twice(x) + total(x, 1, 2)", {"x": 3.0}).data == 12.0
        with pytest.raises(ExpressionError, match="total takes two or more arguments, received 1"):
            parse_expression("total(x)", {"x": 3.0})
    finally:
        for row in (twice, sums):
            del PRIMITIVES[row.name]


@pytest.mark.parametrize(
    ("text", "message", "marked"),
    [
        ("tahn(x)", "unknown function 'tahn'", "tahn"),
        ("x * foo(x)", "unknown function 'foo'; the known functions are", "foo"),
        ("x + q", "'q' has no number; give it one, as in q=2", "q"),
        ("x + tanh", r"'tanh' is a function; write tanh\(...\)", "tanh"),
        ("2 * x^2", r"write \*\* for powers", "2 * x^2"),
        ("x * (x", "never closed", "("),
        ("x +", "invalid syntax", ""),
        ("3x", "invalid decimal literal", "3"),
        ("x + 2j", "only real numbers", "2j"),
        ("x + 'a'", "only real numbers", "'a'"),
        ("x + True", "only real numbers", "True"),
        ("x.real", "not a number, a name", "x.real"),
        ("x if x else 2", "not a number, a name", "x if x else 2"),
        ("[x for x in (1,)]", "not a number, a name", "[x for x in (1,)]"),
        ("(lambda: 1)()", "not a number, a name", "(lambda: 1)()"),
        ("__import__('os').system('true')", "not a number, a name", "__import__('os').system('true')"),
        ("sin(x, x)", "sin takes 1 argument, received 2", "sin(x, x)"),
        ("max(x)", "max takes 2 arguments, received 1", "max(x)"),
        ("sin(x=1)", "not a number, a name", "sin(x=1)"),
        ("sin(*x)", "not a number, a name", "*x"),
        ("é + foo(x)", "'é' has no number", "é"),
        ("x + " + "1" * 400, "too large for a float", "1" * 50),
        ("", "empty", ""),
        ("ln(x)", "unknown function 'ln'; did you mean 'log'?", "ln"),
        ("2*arctan(x)", "unknown function 'arctan'; did you mean 'atan'?", "arctan"),
        ("2*π", r"'π' has no number; give it one, as in π=2, or write pi", "π"),
        ("x * e", r"as in e=2, or write exp\(1\)", "e"),
        ("x × 2", r"× is not understood; write \*", "×"),
        ("2·x", r"· is not understood; write \*", "·x"),
        ("x − 1", "− is not understood; write -", "−"),
        ("x ÷ 2", "÷ is not understood; write /", "÷"),
        ("√x", r"√ is not understood; write sqrt\(\.\.\.\)", "√"),
        ("2*|x|", r"\| is not understood; write abs\(\.\.\.\)", "|x|"),
        ("x² + x", r"² is not understood; write \*\*2", "²"),
        ("x⁷", r"⁷ is not understood; write \*\*7", "⁷"),
        ("2 * lambda + x", "'lambda' is a keyword of Python; choose another name", "lambda + x"),
        ("x + is", "'is' is a keyword of Python; choose another name", "is"),
        ("x + \ud800", "invalid character '�'", "�"),
    ],
)
def test_errors_point_at_the_place(text, message, marked):
    with pytest.raises(ExpressionError, match=message) as error:
        parse_expression(text, {"x": 1.0})
    _, shown, marker = str(error.value).split("\n")
    assert shown[marker.index("^") :].startswith(marked)


@pytest.mark.parametrize("wrong", ["foo", "x x", "2x", "x²", "lambda"])
@pytest.mark.parametrize(
    ("before", "columns"),
    [("x", 1), ("é", 1), ("e\u0301", 1), ("δδ", 2), ("日本", 4), ("Ａ", 2), ("ก\u0e31", 1), ("日e\u0301" * 9, 27)],
)
def test_the_mark_stands_under_its_place_in_columns_of_a_terminal(before, columns, wrong):
    """A Chinese character takes two columns, an accent after its letter none."""
    places = []
    for text in (wrong, f"{before} + {wrong}"):
        with pytest.raises(ExpressionError) as error:
            parse_expression(text, {"x": 1.0, before: 2.0})
        places.append(str(error.value).split("\n")[2].index("^"))
    assert places[1] - places[0] == columns + len(" + ")


def test_of_a_long_expression_50_characters_before_the_place_are_shown():
    with pytest.raises(ExpressionError) as error:
        parse_expression("日" * 70 + " + foo(x)", {"x": 1.0, "日" * 70: 2.0})
    assert str(error.value).split("\n")[1:] == ["  " + "日" * 47 + " + foo(x)", " " * (2 + 2 * 47 + 3) + "^^^"]


def test_a_number_that_does_not_occur_is_an_error():
    with pytest.raises(ExpressionError, match="'z' has a number, but does not occur"):
        parse_expression("x", {"x": 1.0, "z": 2.0})


@pytest.mark.parametrize(
    "text",
    [
        "(" * 300 + "x" + ")" * 300,
        *[pytest.param(text, marks=deep) for text in ("-" * 5000 + "x", "x" + "+x" * 20_000)],
    ],
)
def test_what_python_cannot_nest_is_a_short_error_or_works(text):
    try:
        parse_expression(text, {"x": 1.0})
    except ExpressionError as error:
        assert len(str(error)) < 400  # noqa: PT017


def test_nothing_is_evaluated(tmp_path):
    target = tmp_path / "made"
    with pytest.raises(ExpressionError):
        parse_expression(f"open({str(target)!r}, 'w')", {})
    assert not target.exists()


def test_names_are_compared_in_the_normal_form_in_which_python_reads_them():
    assert parse_expression("ﬁ * 2", {"ﬁ": 3.0}).data == 6.0


def test_a_number_too_large_is_refused_in_every_spelling():
    for text in ("1e400 * x", "1" + "0" * 400 + " * x"):
        with pytest.raises(ExpressionError, match="too large for a float"):
            parse_expression(text, {"x": 1.0})


def test_assignments_name_what_they_compute():
    numbers = {"w": 2.0, "x": -1.0, "b": 0.5, "y": 1.0}
    root = parse_expression("z = w*x + b; h = tanh(z); c = 2; L = (h - y)**c + z", numbers)
    z = 2.0 * -1.0 + 0.5
    assert root.data == (math.tanh(z) - 1.0) ** 2 + z
    labels = [node.label for node in topological_order(root) if node.label]
    assert sorted(labels) == sorted("w x b y z h L".split())


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("x = 2*x; x", "'x' already has a number; choose another name"),
        ("z = x; z = x + 1; z", "'z' already has a number"),
        ("pi = 3*x; pi", "'pi' already has a number"),
        ("x + 1; x", "only the last expression can stand without a name"),
        ("z, y = x; x", "this is not an expression or an assignment"),
        ("z = y = x; x", "this is not an expression or an assignment"),
        ("z = q + 1; q = x; z", "'q' has no number"),
        ("import os; x", "this is not an expression or an assignment"),
        ("z += x; x", "this is not an expression or an assignment"),
        ("z: int = x; x", "this is not an expression or an assignment"),
        ("for z in x: z", "this is not an expression or an assignment"),
        ("del x", "this is not an expression or an assignment"),
        ("(z := x)", "this is not a number, a name"),
        ("# x", "the expression is empty"),
        (";", "cannot read this"),
    ],
)
def test_what_is_not_an_assignment_is_refused(text, message):
    with pytest.raises(ExpressionError, match=re.escape(message)):
        parse_expression(text, {"x": 1.0})
