"""autograd_lite.words.notation: a graph as text, LaTeX and MathML."""

import ast
import math
import re

import pytest
from mathml_reader import evaluate, visible

from autograd_lite import PRIMITIVES, Primitive, Value, add, derivative, leaky_relu, maximum, relu, tanh
from autograd_lite.parse import parse_expression
from autograd_lite.primitives import greater, slope_at
from autograd_lite.words.notation import (
    FORMS,
    LATEX,
    MATHML,
    Written,
    formula,
    latex_name,
    mathml_name,
    slope_formula,
)

COMPUTED = {name for name, row in PRIMITIVES.items() if not row.composite} - {"leaf", "constant"}


def slope_formulas(node, names, form="text"):
    """The local partial derivatives of a node with respect to each of its arguments."""
    return [slope_formula(node, place, names, form) for place in range(len(node.parents))]


@pytest.mark.parametrize("form", FORMS)
def test_a_notation_lists_a_row_only_where_it_differs_from_what_the_row_says(form):
    patterns = FORMS[form].patterns
    bare = FORMS[form]._replace(patterns={})
    rows = {(row.symbol, row.arity or 2) for row in map(PRIMITIVES.get, COMPUTED)}
    for symbol, pattern in patterns.items():
        arity = len(pattern.places)
        assert (symbol, arity) in rows
        arguments = [Written("x", 0)] * arity
        assert FORMS[form].operation(symbol, arguments) != bare.operation(symbol, arguments), symbol


def test_a_user_defined_primitive_with_the_symbol_of_an_operator_is_written_like_it():
    times = Primitive("times_of_a_test", "*", lambda x, y: x * y, (lambda o, x, y: y, lambda o, x, y: x))
    try:
        root = times(Value(2.0, "a") + 1, Value(3.0, "b"))
        assert [formula(root, form=form) for form in ("text", "latex")] == ["(a + 1) * b", r"(a + 1) \cdot b"]
        assert evaluate(formula(root, form="mathml"), {"a": 2.0, "b": 3.0}) == 9.0
    finally:
        del PRIMITIVES["times_of_a_test"]


@pytest.mark.parametrize(
    ("build", "text", "latex"),
    [
        (lambda a, b, c: a + b * c, "a + b * c", r"a + b \cdot c"),
        (lambda a, b, c: (a + b) * c, "(a + b) * c", r"(a + b) \cdot c"),
        (lambda a, b, c: a - (b - c), "a - (b - c)", "a - (b - c)"),
        (lambda a, b, c: a - b - c, "a - b - c", "a - b - c"),
        (lambda a, b, c: a / (b * c), "a / (b * c)", r"\frac{a}{b \cdot c}"),
        (lambda a, b, c: a * (b / c), "a * (b / c)", r"a \cdot \frac{b}{c}"),
        (lambda a, b, c: (a / b) ** c, "(a / b) ** c", r"(\frac{a}{b})^{c}"),
        (lambda a, b, c: -(a**2), "-a ** 2", "-a^{2}"),
        (lambda a, b, c: (-a) ** 2, "(-a) ** 2", "(-a)^{2}"),
        (lambda a, b, c: (a**b) ** c, "(a ** b) ** c", "(a^{b})^{c}"),
        (lambda a, b, c: a ** (b**c), "a ** b ** c", "a^{b^{c}}"),
        (lambda a, b, c: a ** (b + c), "a ** (b + c)", "a^{b + c}"),
        (lambda a, b, c: 2**a, "2 ** a", "2^{a}"),
        (lambda a, b, c: (-2.5) ** a, "(-2.5) ** a", "(-2.5)^{a}"),
        (lambda a, b, c: a * a, "a ** 2", "a^{2}"),
        (lambda a, b, c: add(a, b, c * c), "a + b + c ** 2", "a + b + c^{2}"),
        (lambda a, b, c: tanh(a * b + c), "tanh(a * b + c)", r"\tanh\left(a \cdot b + c\right)"),
        (lambda a, b, c: maximum(a, b), "max(a, b)", r"\max\left(a, b\right)"),
        (lambda a, b, c: relu(a).sqrt(), "sqrt(ReLU(a))", r"\sqrt{\operatorname{ReLU}\left(a\right)}"),
        (lambda a, b, c: abs(a), "abs(a)", r"\left|a\right|"),
        (lambda a, b, c: a % b // c, "a % b // c", r"\left\lfloor \frac{a \bmod b}{c} \right\rfloor"),
        (lambda a, b, c: greater(a, b), "[a > b]", r"\left[a > b\right]"),
    ],
)
def test_brackets_stand_where_precedence_asks_for_them(build, text, latex):
    root = build(Value(2.0, "a"), Value(3.0, "b"), Value(4.0, "c"))
    assert formula(root) == text
    assert formula(root, form="latex") == latex
    assert evaluate(formula(root, form="mathml"), {"a": 2.0, "b": 3.0, "c": 4.0}) == pytest.approx(root.data)


@pytest.mark.parametrize(
    ("name", "slopes"),
    [
        ("multiply", ["b", "a"]),
        ("divide", ["1 / b", "-c / b"]),
        ("power", ["b * a ** (b - 1)", "a ** b * log(a)"]),
        ("tanh", ["1 - c ** 2"]),
        ("exp", ["c"]),
        ("log", ["1 / a"]),
        ("cos", ["-sin(a)"]),
        ("sqrt", ["0.5 / c"]),
        ("relu", ["[a > 0]"]),
        ("abs", ["sign(a)"]),
        ("sigmoid", ["c * sigmoid(-a)"]),
        ("sign", ["0"]),
        ("subtract", ["1", "-1"]),
    ],
)
def test_slopes_are_the_formulas_of_the_blackboard(name, slopes):
    primitive = PRIMITIVES[name]
    a, b = Value(0.5), Value(0.25)
    c = primitive(*(a, b)[: PRIMITIVES[name].arity or 2])
    assert slope_formulas(c, {a: "a", b: "b", c: "c"}) == slopes


def test_the_slope_of_a_power_with_a_constant_exponent_is_simplified():
    x = Value(3.0)
    cube = x**3
    assert slope_formulas(cube, {x: "x", cube: "v"})[0] == "3 * x ** 2"
    square = x**2
    assert slope_formulas(square, {x: "x", square: "v"}, form="latex")[0] == r"2 \cdot x"


def _arguments(name):
    """Leaves a and b that the row of that name takes."""
    return [Value(1.5 if name == "acosh" else 0.5, "a"), Value(0.25, "b")][: PRIMITIVES[name].arity or 2]


@pytest.mark.parametrize("name", sorted(COMPUTED))
def test_the_slope_formulas_of_every_row_compute_the_slopes(name):
    """In MathML, and as text; that is read by the parser of the command line, which knows nothing of slopes."""
    primitive, arguments = PRIMITIVES[name], _arguments(name)
    result = primitive(*arguments)
    names = {node: node.label or "c" for node in (*arguments, result)}
    numbers = {name: node.data for node, name in names.items()}
    for place, slope in enumerate(primitive.slopes_of(len(arguments))):
        truth = pytest.approx(slope_at(slope, result.data, [argument.data for argument in arguments]), rel=1e-5)
        assert evaluate(slope_formula(result, place, names, "mathml"), numbers) == truth
        if name != "remainder":
            assert _evaluate(slope_formula(result, place, names), numbers) == truth


@pytest.mark.parametrize("name", sorted(COMPUTED))
def test_in_mathml_every_row_has_its_brackets_inside_and_around(name):
    primitive, arguments = PRIMITIVES[name], _arguments(name)
    numbers = {argument.label: argument.data for argument in arguments}
    sums = [2 * argument - argument for argument in arguments]
    signed = [0 - (0 - argument) for argument in arguments]
    roots = [primitive(*sums), primitive(*signed)]
    if len(arguments) > 1:
        roots += [primitive(arguments[0], sums[1]), primitive(primitive(*arguments), arguments[1])]
    row = primitive(*arguments)
    roots += [-row, 2 - row, row - 2, 2 * row, row * 2, row**2, 2**row, 3 / row, row % 3, 3 % row, abs(row), 2 * -row]
    for root in roots:
        mathml = formula(root, form="mathml")
        assert evaluate(mathml, numbers) == pytest.approx(root.data, nan_ok=True), visible(mathml)


def _evaluate(text, numbers):
    readable = re.sub(
        r"\[(\w+) > (\w+)\]", lambda match: str(float(_number(match[1], numbers) > _number(match[2], numbers))), text
    )
    readable = readable.replace("sign(a)", str(math.copysign(1, numbers["a"])))
    used = {node.id for node in ast.walk(ast.parse(readable)) if isinstance(node, ast.Name)}
    return parse_expression(readable, {name: number for name, number in numbers.items() if name in used}).data


def _number(text, numbers):
    return numbers[text] if text in numbers else float(text)


leaves = [Value(0.7, "x"), Value(1.3, "y"), Value(-0.4, "z")]


names_of_the_lecture = [Value(0.7, "w^(1)_{2,0}"), Value(1.3, "s_1^(2)"), Value(-0.4, "x1"), Value(2.5), Value(-1.5)]


@pytest.mark.parametrize(
    ("label", "latex"),
    [
        ("x", "x"),
        ("x1", "x_{1}"),
        ("x1#2", r"x_{1}\mathit{\#2}"),
        ("phi_1^(2)", r"\varphi_{1}^{(2)}"),
        ("v-1", r"\mathit{v-1}"),
        ("w^(1)_{2,0}", "w^{(1)}_{2,0}"),
        ("s_2^(1)", "s_{2}^{(1)}"),
        ("o_1^(0)", "o_{1}^{(0)}"),
        ("rate", r"\mathit{rate}"),
    ],
)
def test_labels_in_latex(label, latex):
    assert latex_name(label).text == latex


@pytest.mark.parametrize(
    ("label", "mathml"),
    [
        ("w", "<mi>w</mi>"),
        ("x1", "<msub><mi>x</mi><mn>1</mn></msub>"),
        ("x1#2", "<mrow><msub><mi>x</mi><mn>1</mn></msub><mi>#2</mi></mrow>"),
        ("v-1", "<mi>v-1</mi>"),
        (
            "w^(1)_{2,0}",
            "<msubsup><mi>w</mi><mn>2,0</mn><mrow><mo>(</mo><mn>1</mn><mo>)</mo></mrow></msubsup>",
        ),
        ("s_1^(2)", "<msubsup><mi>s</mi><mn>1</mn><mrow><mo>(</mo><mn>2</mn><mo>)</mo></mrow></msubsup>"),
        ("delta_1^(2)", "<msubsup><mi>δ</mi><mn>1</mn><mrow><mo>(</mo><mn>2</mn><mo>)</mo></mrow></msubsup>"),
        ("learning rate", "<mi>learning\xa0rate</mi>"),
        ("</mi><script>", "<mi>&lt;/mi&gt;&lt;script&gt;</mi>"),
    ],
)
def test_labels_in_mathml(label, mathml):
    assert mathml_name(label).text == mathml


def test_a_label_that_would_be_misread_in_mathml_stands_in_brackets():
    assert visible(formula(Value(2.0, "y") * Value(1.0, "x+1"), form="mathml")) == "y×(x+1)"
    assert visible(formula(Value(2.0, "rate") * Value(1.0, "s_1^(2)"), form="mathml")) == "rate×s1(2)"


def test_what_is_added_to_one_in_the_mathml_of_log1p_stands_in_brackets():
    a, b = Value(0.5, "a"), Value(0.25, "b")
    assert visible(formula((a - b).log1p(), form="mathml")) == "log\u2061(1+(a−b))"
    assert visible(formula(Value(-0.5).log1p(), form="mathml")) == "log\u2061(1+(−0.5))"


@pytest.mark.parametrize("form", ["html", "", "Latex", True, None, ["text"]])
def test_an_unknown_form_is_refused(form):
    root = Value(1.0, "a") * 2
    message = rf"form must be one of text, unicode, latex, mathml, received {re.escape(repr(form))}"
    with pytest.raises(ValueError, match=message):
        formula(root, form=form)
    with pytest.raises(ValueError, match=message):
        slope_formulas(root, {root: "c", root.parents[0]: "a"}, form)


@pytest.mark.parametrize("name", FORMS)
def test_a_form_may_be_given_by_itself_or_by_its_name(name):
    root = Value(3.0, "x") ** 2
    assert formula(root, form=name) == formula(root, form=FORMS[name])
    names = {root: "y", root.parents[0]: "x"}
    assert slope_formula(root, 0, names, name) == slope_formula(root, 0, names, FORMS[name])


def test_named_nodes_are_not_expanded():
    a = Value(2.0, "a")
    b = a * 3
    assert formula(b + a, {b: "b", a: "a"}) == "b + a"
    assert formula(b, {b: "b"}) == "a * 3"


def test_a_formula_that_would_explode_is_refused_with_a_hint():
    node = Value(1.0, "a")
    for _ in range(30):
        node = node + node
    with pytest.raises(ValueError, match=r"longer than 10,000 characters.*explain"):
        formula(node)
    with pytest.raises(ValueError, match=r"longer than 100,000 characters.*explain"):
        formula(node, form="mathml")


def test_what_may_be_written_as_text_may_be_written_as_mathml():
    """A sum of 2,000 is near the limit of text; in MathML each term is longer."""
    total = add(*[Value(1.0, "ab") for _ in range(1950)])
    assert 9_700 < len(formula(total)) < 10_000
    assert visible(formula(total, form="mathml")) == "+".join(["ab"] * 1950)


def test_a_deep_graph_needs_no_recursion():
    node = Value(1.0, "a")
    for _ in range(3000):
        node = -node
    assert formula(node) == "-(" * 2999 + "-a" + ")" * 2999


def test_a_leaky_relu_shows_its_constant():
    assert formula(leaky_relu(Value(1.0, "a"))) == "leaky_relu(a, 0.01)"


def test_a_user_defined_primitive_is_written_as_a_function():
    cube = Primitive("cube_of_a_test", "cu{be", lambda x: x**3, (lambda o, x: 3 * x * x,))
    try:
        root = cube(Value(2.0, "a"))
        assert formula(root * 2) == "cu{be(a) * 2"
        assert formula(root, form="latex") == r"\operatorname{cu\{be}\left(a\right)"
        assert visible(formula(root, form="mathml")) == "cu{be\u2061(a)"
        assert slope_formulas(root, {root.parents[0]: "a", root: "c"}) == ["3 * a * a"]
    finally:
        del PRIMITIVES["cube_of_a_test"]


@pytest.mark.parametrize(
    ("build", "order", "text"),
    [
        (lambda x: x**3, 2, "3 * (2 * x)"),
        (lambda x: x**3, 3, "6"),
        (lambda x: x.sin(), 2, "-sin(x)"),
        (lambda x: x.cos(), 1, "-sin(x)"),
        (lambda x: x.exp(), 3, "exp(x)"),
        (lambda x: x - 2 * x, 1, "-1"),
    ],
)
def test_derivatives_read_as_on_paper(build, order, text):
    x = Value(2.0, "x")
    assert formula(derivative(build(x), x, order)) == text


def test_a_label_that_would_be_misread_stands_in_brackets():
    assert formula(Value(2.0, "y") * Value(1.0, "x + 1")) == "y * (x + 1)"
    assert formula(Value(2.0, "w^(1)_{2,0}") * Value(1.0, "o_1^(0)")) == "w^(1)_{2,0} * o_1^(0)"


def test_only_what_is_above_the_named_nodes_is_written():
    node = Value(1.0, "a")
    for _ in range(40):
        node = node + node
    assert formula(node * node, {node: "h"}) == "h ** 2"
    assert formula(node * node, {node: "h"}, literal=True) == "h * h"


@pytest.mark.parametrize(
    ("build", "latex", "mathml"),
    [
        (lambda a: a * 1e-7, r"a \cdot (1 \cdot 10^{-7})", "a×(1·10−7)"),
        (lambda a: a - (-2), "a - (-2)", "a−(−2)"),
        (lambda a: a ** (-2), "a^{-2}", "a−2"),
        (lambda a: a * math.inf, r"a \cdot \infty", "a×∞"),
        (lambda a: a * math.nan, r"a \cdot \mathrm{nan}", "a×nan"),
        (lambda a: Value(2.0, "s_1^(2)") ** 2, "(s_{1}^{(2)})^{2}", "(s1(2))2"),
    ],
)
def test_numbers_in_formulas(build, latex, mathml):
    root = build(Value(1.0, "a"))
    assert formula(root, form="latex") == latex
    assert visible(formula(root, form="mathml")) == mathml


@pytest.mark.parametrize(
    ("number", "latex", "mathml"),
    [
        (2.0, "2", "<mn>2</mn>"),
        (-0.5, "-0.5", "<mrow><mo>−</mo><mn>0.5</mn></mrow>"),
        (
            -1e-30,
            r"-1 \cdot 10^{-30}",
            "<mrow><mo>−</mo><mn>1</mn><mo>·</mo><msup><mn>10</mn><mn>−30</mn></msup></mrow>",
        ),
        (math.inf, r"\infty", "<mi>∞</mi>"),
        (-math.inf, r"-\infty", "<mrow><mo>−</mo><mi>∞</mi></mrow>"),
        (math.nan, r"\mathrm{nan}", "<mtext>nan</mtext>"),
    ],
)
def test_special_numbers_in_latex_and_mathml(number, latex, mathml):
    assert LATEX.number(number).text == latex
    assert MATHML.number(number).text == mathml
