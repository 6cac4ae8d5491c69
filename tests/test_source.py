"""The text of a program: Python that runs by itself, in which nothing but names comes from labels."""

import ast
import itertools
import math
import tokenize
from io import StringIO

import numpy as np
import pytest
from anywhere.test_primitives import SPECIAL
from hypothesis import example, given, settings
from hypothesis import strategies as st
from programs import by_backward, random_case, student_network

import autograd_lite
from autograd_lite import PRIMITIVES, Primitive, Value, add, constant, maximum, minimum
from autograd_lite.primitives import BUILT_IN
from autograd_lite.program.matrices import find_arrays
from autograd_lite.program.python.functions import FUNCTIONS, function_of
from autograd_lite.program.python.interpreted import Batches, Floats
from autograd_lite.program.python.source import (
    Names,
    array_source,
    identifier,
    number,
    straight_line_source,
    write,
)
from autograd_lite.program.statements import trace
from nn.mlp import MLP
from nn.training.losses import squared_error

try:
    from autograd_lite.program.llvm.machine import Machine
except ImportError:
    Machine = None

inf, nan = math.inf, math.nan
ROWS = sorted(name for name in BUILT_IN - {"leaf", "constant"} if not PRIMITIVES[name].composite)
LOOSE = {"tan": 4, "sinh": 4, "cosh": 3, "asin": 4, "acos": 4, "power": 3}
"""Ulp of rows that are not within 2.5; NumPy's and LLVM's."""


def traced(root, inputs, parameters, gradients=True):
    return trace(root, inputs, parameters, gradients=gradients, max_nodes=10**6)


def loaded(text):
    """The function of a text, as a student has it who saves and imports it."""
    namespace = {}
    exec(compile(text, "<saved>", "exec"), namespace)
    return namespace["program"]


def lecture_network():
    net = MLP(2, [2, 1], seed=0)
    inputs, target = [constant(0.1, "o_1^(0)"), constant(0.2, "o_2^(0)")], constant(0.3, "y")
    error = squared_error(net.outputs(inputs), [target])
    return error, [*inputs, target], net.parameters()


# The whole text runs by itself


@pytest.mark.parametrize("seed", range(12))
def test_straight_line_text_runs_on_floats_and_on_batches(seed):
    inputs, parameters, root, scale = random_case(seed)
    program = loaded(autograd_lite.compile_program(root, inputs, parameters).straight_line_source)
    X = np.array([[leaf.data for leaf in inputs]] * 4)
    P = np.array([leaf.data for leaf in parameters])
    roots, by_inputs, _, by_parameters = by_backward(root, inputs, parameters, X, P)
    close = {"rtol": 1e-12, "atol": 1e-12 * scale}
    [first, *slopes], [same, *sums] = program(X[0].tolist(), P.tolist())
    np.testing.assert_allclose([first, *slopes], [roots[0], *by_inputs[0]], **close)
    np.testing.assert_allclose([same, *sums], [roots[0], *by_parameters / 4], **close)
    outputs, totals = program(X.T, P)
    for output, expected in zip(outputs, [roots, *by_inputs.T], strict=True):
        np.testing.assert_allclose(np.broadcast_to(output, 4), expected, **close)
    sums = [np.broadcast_to(total, 4).sum() for total in totals]
    np.testing.assert_allclose(sums, [sum(roots), *by_parameters], **close)


def test_array_text_runs_on_matrices():
    error, inputs, parameters = lecture_network()
    program = loaded(autograd_lite.compile_program(error, inputs, parameters).source)
    X = np.random.default_rng(0).normal(size=(5, 3))
    P = np.array([weight.data for weight in parameters])
    roots, _, total, by_parameters = by_backward(error, inputs, parameters, X, P)
    [e], [total_e, G1, G2] = program(X[:, :2].T, X[:, 2:].T, P[:6].reshape(2, 3), P[6:].reshape(1, 3))
    np.testing.assert_allclose(e, [roots], rtol=1e-13)
    np.testing.assert_allclose(total_e, [[total]], rtol=1e-13)
    np.testing.assert_allclose([*G1.ravel(), *G2.ravel()], by_parameters, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("seed", range(8))
def test_array_text_of_a_students_network_runs(seed):
    inputs, targets, parameters, error = student_network(seed, [3, 4, 2])
    leaves = [*inputs, *targets]
    statements = traced(error, leaves, parameters)
    arrays = find_arrays(statements)
    written = array_source(arrays, statements.names)
    X = np.random.default_rng(0).normal(size=(6, len(leaves)))
    P = np.array([weight.data for weight in parameters])
    arguments = [X.T[[row for [row] in group.members]] for group in written.inputs]
    arguments += [P[np.array(group.members)] for group in written.parameters]
    _, sums = loaded(written.text)(*arguments)
    received = np.zeros(len(P) + 1)
    for total, given_sums in zip(arrays.totals, sums, strict=True):
        np.add.at(received, np.array(total.targets), given_sums)
    _, _, total, by_parameters = by_backward(error, leaves, parameters, X, P)
    np.testing.assert_allclose(received, [total, *by_parameters], rtol=1e-11, atol=1e-12)


LECTURE = """\
# A row for each entry, a column for each point; returns outputs, and sums over the batch.
from numpy import tanh
from autograd_lite.program.python.functions import stack


def program(x, y, W1, W2):
    # forward pass
    o0 = stack(1, x)
    s1 = W1 @ o0
    o1 = stack(1, tanh(s1))
    s2 = W2 @ o1
    o2 = tanh(s2)
    v1 = o2 - y
    e = v1**2
    # backward pass
    d2 = 2 * v1 * (1 - o2**2)
    d1 = W2[:, 1:].T @ d2 * (1 - o1[1:]**2)
    # sums over the batch
    total_e = e.sum(axis=1, keepdims=True)
    G1 = d1 @ o0.T
    G2 = d2 @ o1.T
    return [e], [total_e, G1, G2]
"""


def test_the_text_of_the_lectures_network():
    """The recursion of the lecture: delta^(L), W^T delta without the bias, G = delta o^T."""
    assert autograd_lite.compile_program(*lecture_network()).source == LECTURE


STRAIGHT = """\
# Runs on floats and on NumPy arrays: returns the outputs, and what is to be summed over the batch.
from numpy import exp, tanh


def program(inputs, parameters):
    [x] = inputs
    [w] = parameters
    # forward pass
    v1 = x - 2
    v2 = exp(x)
    s = w * v1
    v3 = tanh(s)
    v4 = v3 - v2
    # backward pass
    v5 = v3 * v3
    d_s = 1 - v5
    v6 = d_s * w
    d_w = d_s * v1
    d_x = v6 - v2
    return [v4, d_x], [v4, d_w]
"""


def test_straight_line_text_has_a_statement_a_line_and_comments():
    x, w = Value(2.0, "x"), Value(3.0, "w")
    s = w * (x - 2.0)
    s.label = "s"
    text = autograd_lite.compile_program(s.tanh() - x.exp(), [x], [w]).straight_line_source
    assert text == STRAIGHT
    lines = text.splitlines()
    body = lines[lines.index("    # backward pass") + 1 : -1]
    assert lines.count("    # forward pass") == lines.count("    # backward pass") == 1
    assert all(line.startswith("    ") and line.count(" = ") == 1 and ";" not in line for line in body)
    [function] = [node for node in ast.parse(text).body if isinstance(node, ast.FunctionDef)]
    assert len({node.lineno for node in function.body}) == len(function.body)


def test_a_program_without_gradients_has_no_backward_pass():
    x = Value(2.0, "x")
    text = autograd_lite.compile_program(x * x, [x], gradients=False).source
    assert "backward" not in text
    assert loaded(text)([3.0], []) == ([9.0], [])


# Names

HOSTILE = [
    "x; import os", "\n", "\nimport os\n", "x\r\ny", "x # y", "'''", '"""', "\\", "a b", "__import__('os')", "f(x)", "",
    "program", "inputs", "parameters", "tanh", "exp", "stack", "inf", "nan", "array", "C", "C1", "FUNCTIONS",
    "function_of", "lambda", "None", "True", "class", "match", "_", "__", "v1", "v2", "x1", "w2", "print", "é", "θ",
    "ﬁ", "x²", "日本", "s_1^(2)", "s_１^(2)", "w^(1)_{2,0}", "w^(1)_{,}", "o_0^(1)", "0", "1x", "-1", "x" * 20_000,
    "\u202e", "\ud800", "\x00", "d_x", "d_", "x_", "W1", "total", "s2_1", "d_" * 300,
]  # fmt: skip


def with_labels(labels):
    """A graph whose leaves and nodes have these labels, whether or not it forms a matrix."""
    x = [Value(0.1 * (i + 1), label) for i, label in enumerate(itertools.islice(itertools.cycle(labels), 3))]
    W = [[Value(0.3 - 0.1 * (i + j), labels[(i + 2 * j + 3) % len(labels)]) for j in range(3)] for i in range(2)]
    s = [add(*[w * o for w, o in zip(row, x, strict=True)]) for row in W]
    o = [s[0].tanh(), s[1].tanh()]
    for node, label in zip([*s, *o], itertools.islice(itertools.cycle(labels[::-1]), 4), strict=True):
        node.label = label
    return (o[0] - o[1].exp()) ** 2, x, [w for row in W for w in row]


def names_in(text):
    return {token.string for token in tokenize.generate_tokens(StringIO(text).readline) if token.type == tokenize.NAME}


def check_labels(labels):
    error, inputs, parameters = with_labels(labels)
    X, P = np.array([[0.5, -0.25, 1.5]]), np.array([weight.data for weight in parameters])
    roots, by_inputs, _, by_parameters = by_backward(error, inputs, parameters, X, P)
    error.forward()
    for backend in ("python", "numpy", "arrays"):
        received = autograd_lite.compile_program(error, inputs, parameters, backend=backend)(X, P)
        np.testing.assert_allclose(received.input_gradients, by_inputs, rtol=1e-12, err_msg=backend)
        np.testing.assert_allclose(received.parameter_gradients, by_parameters, rtol=1e-12, err_msg=backend)
    program = autograd_lite.compile_program(error, inputs, parameters)
    outputs, sums = loaded(program.straight_line_source)(X[0].tolist(), P.tolist())
    np.testing.assert_allclose([*outputs, *sums], [*roots, *by_inputs[0], *roots, *by_parameters], rtol=1e-12)
    allowed = (ast.Assign, ast.Return)
    for text in (program.source, program.straight_line_source):
        module = ast.parse(text)
        assert all(isinstance(node, ast.ImportFrom | ast.Assign | ast.FunctionDef) for node in module.body)
        assert {node.module for node in module.body if isinstance(node, ast.ImportFrom)} <= {
            "numpy", "math", "autograd_lite.program.python.functions",
        }  # fmt: skip
        [function] = [node for node in module.body if isinstance(node, ast.FunctionDef)]
        assert all(isinstance(statement, allowed) for statement in function.body)
        assert "os" not in names_in(text)
    loaded(program.source)


@pytest.mark.parametrize("label", HOSTILE, ids=lambda label: ascii(label)[:20])
def test_a_label_is_never_code(label):
    check_labels([label])
    check_labels([label, "x", "tanh", label])


@given(st.lists(st.text(max_size=12) | st.sampled_from(HOSTILE[:40]), min_size=4, max_size=9))
@settings(max_examples=60)
def test_any_labels(labels):
    check_labels(labels)


def test_labels_that_differ_by_digits_that_python_takes_for_equal():
    check_labels(["s_1^(2)", "s_１^(2)", "s_１^(2)", "s_1^(2)"])


def test_a_long_label_of_adjoints_of_adjoints():
    check_labels(["d_" * 9000])


def test_names_are_new():
    names = Names(["exp"])
    given_names = [names.new(wanted) for wanted in ["x", "x", "exp", "if", "program", "", "v1", "v2", "", "9", "x_"]]
    assert given_names == ["x", "x_2", "exp_2", "if_2", "program_2", "v1", "v1_2", "v2", "v3", "v_9", "x_3"]


@given(st.text())
@example("d_d_s_1^(2)")
def test_an_identifier_is_one_or_nothing(label):
    name = identifier(label)
    assert name == "" or name.isidentifier()
    assert Names().new(label).isidentifier()


# Numbers and brackets


@pytest.mark.parametrize(
    "value", [0.0, -0.0, 1.0, -1.0, 0.1, 1e300, -5e-324, 999_999.0, 1e6, 123_456_789.0, inf, -inf, nan]
)
def test_numbers_are_written_so_that_they_come_back(value):
    received = eval(number(value)[0], {"inf": inf, "nan": nan})
    assert np.array_equal(received, value, equal_nan=True)
    assert math.copysign(1, received) == math.copysign(1, value)
    x = Value(2.0, "x")
    roots = [x * value, x - value, value - x, value / x, x / value]
    program = autograd_lite.compile_program(roots, [x], gradients=False)
    for point in (3.0, -2.5, 0.0):
        x.data = point
        roots = [x * value, x - value, value - x, value / x, x / value]
        with np.errstate(all="ignore"):
            outputs, _ = loaded(program.source)(np.array([[point]]), [])
        np.testing.assert_array_equal(np.ravel(outputs), [root.data for root in roots])


def test_brackets_are_where_precedence_asks_for_them():
    a, b, c = (Value(float(n), name) for n, name in ((3, "a"), (5, "b"), (7, "c")))
    forms = [
        a - (b - c),
        a - (b + c),
        (a - b) - c,
        -(a * b),
        (-a) * b,
        a * (b - c),
        -(a - b),
        a * -b,
        a - -b,
        PRIMITIVES["negative"](-a) - b,
    ]
    forms += [
        (a - b) / 2.0,
        2.0 / (a - b),
        -a / 2.0,
        (a * b) ** 2,
        -(a**2),
        (-a) ** 2,
        add(a, b - c, -(a + b)),
        a / -2.0,
    ]
    [*outputs], _ = loaded(autograd_lite.compile_program(forms, [a, b, c], gradients=False).source)([3.0, 5.0, 7.0], [])
    assert outputs == [form.data for form in forms]


@pytest.mark.parametrize(
    ("op", "arguments", "text"),
    [
        ("subtract", ["a + b", "c + d"], "a + b - (c + d)"),
        ("multiply", ["a + b", "c + d"], "(a + b) * (c + d)"),
        ("multiply", ["a * b", "c * d"], "a * b * (c * d)"),
        ("negative", ["a + b"], "-(a + b)"),
        ("negative", ["a * b"], "-(a * b)"),
        ("add", ["a", "b + c", "d"], "a + (b + c) + d"),
        ("tanh", ["a + b"], "tanh(a + b)"),
        ("divide", ["a", "b"], "divide(a, b)"),
        ("divide", ["a + b", "2"], "(a + b) / 2"),
        ("divide", ["a", "0"], "divide(a, 0.0)"),
        ("divide", ["a", "-0.0"], "divide(a, -0.0)"),
    ],
)
def test_how_operations_are_written(op, arguments, text):
    from autograd_lite.words.notation import ATOM, PRODUCT, SUM, Written

    written = [Written(part, SUM if "+" in part else PRODUCT if "*" in part else ATOM) for part in arguments]
    assert write(PRIMITIVES[op], written).text == text


# Every row on every back end


def test_rows_that_numpy_computes_are_not_listed():
    numpy_has = [name for name, one in FUNCTIONS.items() if isinstance(one, np.ufunc) and one.__name__ == name]
    assert not numpy_has, "a row is listed only where NumPy has no function of its name"


def one_row(name):
    leaves = [Value(0.5, "x"), Value(0.25, "y")][: PRIMITIVES[name].arity or 2]
    return traced(PRIMITIVES[name](*leaves), leaves, [], gradients=False)


BACKENDS = ["python", "numpy", pytest.param("llvm", marks=pytest.mark.skipif(Machine is None, reason="needs llvmlite"))]


@pytest.mark.parametrize("name", ROWS)
@pytest.mark.parametrize("backend", BACKENDS)
def test_a_row_computes_what_the_table_says(name, backend):
    statements = one_row(name)
    arity = statements.inputs
    points = list(itertools.product([*SPECIAL, 0.25, -0.75], repeat=arity))
    generator = np.random.default_rng(0)
    points += (generator.normal(size=(100, arity)) * 10 ** generator.uniform(-8, 2, (100, 1))).tolist()
    expected = np.array([PRIMITIVES[name].compute(*point) for point in points])
    X = np.array(points)
    runs = {"python": Floats, "numpy": Batches}.get(backend) or (lambda s: Machine(find_arrays(s)))
    received = runs(statements)(X, np.empty(0))[0][:, 0]
    if backend == "python":
        np.testing.assert_array_equal(received, expected)
        return
    special = ~np.isfinite(expected) | (expected == 0)
    np.testing.assert_array_equal(received[special], expected[special])
    zero = expected == 0
    np.testing.assert_array_equal(np.signbit(received[zero]), np.signbit(expected[zero]))
    ulp = np.spacing(np.abs(expected[~special]))
    distance = np.abs(received[~special] / ulp - expected[~special] / ulp)
    worst = np.argmax(distance)
    assert distance[worst] <= LOOSE.get(name, 2.5), (X[~special][worst], received[~special][worst])


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_root_of_minus_infinity_follows_ieee(backend):
    """Also where the exponent is a number in the text, for which NumPy takes the square root, which is nan."""
    x, w = Value(2.0, "x"), Value(3.0, "w")
    program = autograd_lite.compile_program([x**0.5, x**0.25, w**0.5], [x], [w], gradients=False, backend=backend)
    assert program([[-inf], [4.0]], [-inf]).outputs.tolist() == [[inf, inf, inf], [2.0, pytest.approx(2**0.5), inf]]


# Back ends of floats


def test_floats_have_the_arithmetic_of_values():
    x = Value(-1.0, "x")
    large = maximum(x, 999_999.0)
    for _ in range(6):
        large = large * large
    roots = [x**5, 1 / -maximum(x, 0.0), large, 1 / minimum(-x * 0.0, 0.0)]
    program = autograd_lite.compile_program(roots, [x], gradients=False, backend="python")
    for point in (-1e200, -1.0, 2.0):
        x.data = point
        assert program([[point]]).outputs[0].tolist() == [root.forward().data for root in roots]


# User-defined primitives


OWN = ["cube", "my cube", "lambda", "x", "2nd", "a'; import os #", "inputs", "program", "array"]


@pytest.mark.parametrize("name", OWN)
def test_a_user_defined_primitive_is_known_to_the_text(name):
    own = Primitive(name, "cube", lambda x: x * x * x, (lambda o, x: 3 * x * x,))
    try:
        x = Value(2.0, "x")
        for backend in ("python", "numpy"):
            program = autograd_lite.compile_program(own(x) + 1.5, [x], backend=backend)
            assert program([[2.0], [3.0]]).outputs.ravel().tolist() == [9.5, 28.5]
        assert np.ravel(loaded(program.source)([np.array([2.0, 3.0])], [])[0][0]).tolist() == [9.5, 28.5]
        assert function_of(name)(np.array([2.0])).tolist() == [8.0]
    finally:
        del PRIMITIVES[name]


def test_two_primitives_whose_names_become_the_same():
    rows = [
        Primitive(name, "f", lambda x, n=n: n * x, (lambda o, x, n=n: n,)) for n, name in ((2.0, "a b"), (3.0, "a_b"))
    ]
    try:
        x = Value(2.0, "x")
        program = autograd_lite.compile_program([rows[0](x), rows[1](x)], [x], gradients=False, backend="python")
        assert program([[2.0]]).outputs.tolist() == [[4.0, 6.0]]
    finally:
        del PRIMITIVES["a b"], PRIMITIVES["a_b"]


def test_the_same_graph_has_the_same_text():
    texts = {autograd_lite.compile_program(*lecture_network()).source for _ in range(3)}
    statements = [traced(*student) for student in [student_as_arguments() for _ in range(3)]]
    assert len(texts) == len({straight_line_source(one).text for one in statements}) == 1


def student_as_arguments():
    inputs, targets, parameters, error = student_network(5, [3, 4, 2])
    return error, [*inputs, *targets], parameters
