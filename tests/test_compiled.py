"""Programs on every back end against `backward`, point by point; their arguments, their cache and their words."""

import copy
import functools
import importlib.util
import itertools
import math
import pickle
import warnings
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
from programs import BATCHES, by_backward, points_near, random_case, student_network

import autograd_lite
from autograd_lite import PRIMITIVES, Primitive, Value, constant, grad, hessian
from autograd_lite.graph import TracingError
from autograd_lite.program import compiled
from autograd_lite.program.choice import BACKENDS
from autograd_lite.program.compiled import Program

HAS_LLVM = importlib.util.find_spec("llvmlite") is not None
needs_llvm = pytest.mark.skipif(not HAS_LLVM, reason="needs llvmlite")
STRAIGHT = ["python", "numpy", pytest.param("llvm", marks=needs_llvm)]
ALL = [*STRAIGHT, "arrays"]


def agree(evaluation, truth, scale):
    """Within rounding: a few ulp of the scale of the sums, times the depth."""
    roots, by_inputs, total, by_parameters = truth
    N, close = len(roots), 1e-12 * scale
    np.testing.assert_allclose(evaluation.outputs[:, 0], roots, rtol=1e-12, atol=close)
    np.testing.assert_allclose(evaluation.input_gradients, by_inputs, rtol=1e-12, atol=close)
    assert evaluation.total == pytest.approx(total, rel=1e-12, abs=N * close)
    np.testing.assert_allclose(evaluation.parameter_gradients, by_parameters, rtol=1e-12, atol=N * close)


@pytest.mark.parametrize("backend", STRAIGHT)
@pytest.mark.parametrize("seed", range(24))
def test_random_graphs_have_the_numbers_of_backward(seed, backend):
    inputs, parameters, root, scale = random_case(seed)
    X, P = points_near(inputs, BATCHES[seed % len(BATCHES)], seed), [leaf.data for leaf in parameters]
    program = autograd_lite.compile_program(root, inputs, parameters, backend=backend)
    agree(program(X, P), by_backward(root, inputs, parameters, X, P), scale)


@pytest.mark.parametrize("backend", ALL)
@pytest.mark.parametrize("seed", range(16))
def test_hand_written_networks_have_the_numbers_of_backward(seed, backend):
    inputs, targets, parameters, error = student_network(seed)
    leaves = [*inputs, *targets]
    X, P = points_near(leaves, BATCHES[seed % len(BATCHES)], seed, spread=1.0), [leaf.data for leaf in parameters]
    program = autograd_lite.compile_program(error, leaves, parameters)
    if backend == "arrays" and program.code.obstacles["arrays"]:
        pytest.skip("nothing in it forms a matrix")
    program = autograd_lite.compile_program(error, leaves, parameters, backend=backend)
    agree(program(X, P), by_backward(error, leaves, parameters, X, P), 10.0)


@pytest.mark.parametrize("backend", STRAIGHT)
def test_higher_derivatives_are_outputs_like_others(backend):
    x, y = Value(0.4, "x"), Value(-0.7, "y")
    f = (x * y).sin() * x.exp() + y**3
    outputs = [f, *grad(f, [x, y]), *(entry for row in hessian(f, [x, y]) for entry in row)]
    program = autograd_lite.compile_program(outputs, [x], [y], gradients=False, backend=backend)
    evaluation = program([[0.4], [0.5]], [-0.7])
    assert evaluation.outputs[0] == pytest.approx([output.data for output in outputs], rel=1e-13)
    assert evaluation.input_gradients.shape == (2, 0)
    assert evaluation.parameter_gradients.shape == (0,)


@pytest.mark.parametrize("name", [name for name, row in PRIMITIVES.items() if row.arity == 2])
@pytest.mark.parametrize("backend", STRAIGHT)
def test_gradients_are_those_of_backward_to_the_sign_of_zero(backend, name):
    points = list(itertools.product([0.0, -0.0, 1.0, -1.0, 0.5, math.inf, -math.inf], repeat=2))
    x, y = Value(0.3, "x"), Value(0.4, "y")
    program = autograd_lite.compile_program(PRIMITIVES[name](x, y), [x, y], backend=backend)
    expected = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # gradients that are infinite or nan
        for point in points:
            a, b = map(Value, point)
            PRIMITIVES[name](a, b).backward()
            expected.append([a.grad, b.grad])
    received = program(points).input_gradients
    assert np.allclose(received, expected, rtol=1e-12, atol=0, equal_nan=True)
    zeros = np.equal(expected, 0)
    assert np.array_equal(np.signbit(received)[zeros], np.signbit(expected)[zeros])


@pytest.mark.parametrize("backend", STRAIGHT)
def test_what_does_not_vary_counts_once_for_each_point(backend):
    """A penalty of the weights within the error of one example: the sum over the batch has it N times."""
    x, w = Value(2.0, "x"), Value(3.0, "w")
    program = autograd_lite.compile_program(x + 0.5 * w.exp(), [x], [w], backend=backend)
    evaluation = program([[1.0], [2.0], [3.0]], [0.25])
    assert evaluation.total == pytest.approx(6 + 1.5 * math.exp(0.25), rel=1e-15)
    assert evaluation.parameter_gradients == pytest.approx([1.5 * math.exp(0.25)], rel=1e-15)
    assert evaluation.input_gradients.tolist() == [[1.0]] * 3


@pytest.mark.parametrize("backend", STRAIGHT)
def test_outputs_that_are_leaves_or_constants(backend):
    x, w, c = Value(2.0, "x"), Value(3.0, "w"), constant(7.0)
    program = autograd_lite.compile_program([x, w, c, x + 1], [x], [w], backend=backend)
    evaluation = program([[1.0], [2.0]], [5.0])
    assert evaluation.outputs.tolist() == [[1.0, 5.0, 7.0, 2.0], [2.0, 5.0, 7.0, 3.0]]
    assert evaluation.input_gradients.tolist() == [[1.0], [1.0]]
    assert (evaluation.total, evaluation.parameter_gradients.tolist()) == (3.0, [0.0])


@pytest.mark.parametrize("backend", STRAIGHT)
def test_constants_may_be_given_other_numbers_but_have_no_gradients(backend):
    x, w, c, d = Value(2.0, "x"), Value(3.0, "w"), constant(1.0, "c"), constant(1.0, "d")
    program = autograd_lite.compile_program(x * w * c**d, [x, c], [w, d], backend=backend)
    evaluation = program([[2.0, 5.0], [3.0, 4.0]], [3.0, 2.0])
    assert evaluation.outputs.tolist() == [[150.0], [144.0]]
    assert evaluation.input_gradients.tolist() == [[75.0], [48.0]]
    assert evaluation.parameter_gradients.tolist() == [98.0]


@pytest.mark.parametrize("backend", STRAIGHT)
def test_a_program_without_inputs_is_one_point(backend):
    w = Value(3.0, "w")
    evaluation = autograd_lite.compile_program(w * w, parameters=[w], backend=backend)(None, [4.0])
    assert (evaluation.total, evaluation.parameter_gradients.tolist()) == (16.0, [8.0])


@pytest.mark.parametrize("backend", ALL)
def test_inputs_in_any_memory_layout(backend):
    inputs, targets, parameters, error = student_network(3, [3, 4, 2])
    leaves = [*inputs, *targets]
    program = autograd_lite.compile_program(error, leaves, parameters, backend=backend)
    X, P = points_near(leaves, 20, 0), np.array([leaf.data for leaf in parameters])
    expected = program(X, P)
    wide = np.repeat(np.repeat(X, 2, axis=0), 3, axis=1)
    frozen = X.copy()
    frozen.setflags(write=False)
    for other in (np.asfortranarray(X), wide[::2, ::3], X[::-1][::-1], X.tolist(), frozen):
        assert program(other, P).parameter_gradients == pytest.approx(
            expected.parameter_gradients, rel=1e-12, abs=1e-12
        )
    for other in (P.tolist(), np.repeat(P, 2)[::2], np.array(P, dtype=object).astype(float)):
        assert np.array_equal(program(X, other).parameter_gradients, expected.parameter_gradients)


@pytest.mark.parametrize("backend", ALL)
def test_results_are_the_callers_to_keep_and_to_change(backend):
    inputs, targets, parameters, error = student_network(3, [3, 4, 2])
    leaves = [*inputs, *targets]
    program = autograd_lite.compile_program(error, leaves, parameters, backend=backend)
    X, P = points_near(leaves, 20, 0), np.array([leaf.data for leaf in parameters])
    first = program(X, P)
    kept = [np.array(part) for part in first]
    program(X + 1, P - 1)
    assert all(np.array_equal(part, copy) for part, copy in zip(first, kept, strict=True))
    first.parameter_gradients[:] = 0
    first.outputs[:] = 0
    assert program(X, P).total == kept[2]


@pytest.mark.parametrize("backend", STRAIGHT)
def test_infinite_and_undefined_numbers_come_without_a_warning(backend):
    x, w = Value(1.0, "x"), Value(1.0, "w")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        program = autograd_lite.compile_program([x.log(), 1 / x, x / w, (x * 1000).exp()], [x], [w], backend=backend)
        outputs = program([[0.0], [-1.0], [1.0]], [0.0]).outputs
        for gradients in (False, True):  # the total of inf and -inf is nan
            program = autograd_lite.compile_program(1 / x, [x], gradients=gradients, backend=backend)
            assert math.isnan(program([[0.0], [-0.0]]).total)
    expected = [[-np.inf, np.inf, np.nan, 1.0], [np.nan, -1.0, -np.inf, 0.0], [0.0, 1.0, np.inf, np.inf]]
    np.testing.assert_array_equal(outputs, expected)


@needs_llvm
def test_points_beyond_the_last_do_not_count_even_if_the_last_is_infinite():
    inputs, targets, parameters, error = student_network(3, [3, 4, 2])
    leaves = [*inputs, *targets]
    X, P = points_near(leaves, 13, 0), [leaf.data for leaf in parameters]
    program = autograd_lite.compile_program(error, leaves, parameters, backend="llvm")
    sums = sum(program(X[i : i + 1], P).parameter_gradients for i in range(13))
    assert program(X, P).parameter_gradients == pytest.approx(sums, rel=1e-12)
    assert program(X, P).total == pytest.approx(program(X, P).outputs.sum(), rel=1e-14)


# What is refused


def leaves():
    return Value(2.0, "x"), Value(3.0, "w")


def test_a_branch_on_a_value_is_refused_with_an_explanation():
    x, w = leaves()
    for branch in (
        lambda x: x if x > 0 else -x,
        lambda x: x if x else -x,
        lambda x: w if x == 2.0 else x,
        lambda x: max(x, w),
        lambda x: x * math.sqrt(x),
        lambda x: x if x.data > 0 else -x,
        lambda x: Value(x) * x,
        lambda x: sorted([x, w])[0],
    ):
        with pytest.raises(TracingError, match=r"cannot be asked for its number while a function is traced.*relu, abs"):
            autograd_lite.compile_program(branch, [x], [w])
    assert x > 0  # afterwards nothing is refused


def test_a_function_is_traced_once_with_the_inputs():
    x, w = leaves()
    calls = []
    program = autograd_lite.compile_program(lambda a: [calls.append(a), a * w][1], [x], [w])
    assert calls == [x]
    assert program([[5.0]], [3.0]).total == 15.0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (lambda x, w: (x * w, [x], []), r"w is neither among the inputs nor among the parameters; declare it"),
        (lambda x, w: (x * w, [x, x], [w]), r"inputs must be different Values; x is named twice"),
        (lambda x, w: (x * w, [x], [x, w]), r"parameters must be different Values; x is named twice"),
        (lambda x, w: (x * w, [x, w * 1], [w]), r"inputs must be leaves, but number 2 was computed from others"),
        (lambda x, w: ([], [x], [w]), r"outputs must be at least one Value, received none"),
    ],
)
def test_what_is_declared_wrongly_is_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        autograd_lite.compile_program(*arguments(*leaves()))


def test_what_is_not_a_value_is_refused():
    x, w = leaves()
    with pytest.raises(TypeError, match=r"number 1 of inputs must be a Value, not float: 1\.0"):
        autograd_lite.compile_program(x * w, [1.0], [w])
    with pytest.raises(TypeError, match=r"inputs must be a sequence of Values, received one Value: write \[value\]"):
        autograd_lite.compile_program(x * w, x, [w])
    with pytest.raises(TypeError, match="root must be a Value, not int: 3"):
        autograd_lite.compile_program([3], [x], [w])
    with pytest.raises(TypeError, match=r"outputs must be Values, or a function that returns them; received 3\.0"):
        autograd_lite.compile_program(lambda x: 3.0, [x], [w])


def test_a_graph_too_large_is_refused_with_its_count_and_the_argument():
    x, w = leaves()
    with pytest.raises(ValueError, match=r"the graph has 3 nodes, more than max_nodes=2; pass a larger max_nodes"):
        autograd_lite.compile_program(x * w, [x], [w], max_nodes=2)


def test_a_graph_that_no_back_end_can_run_is_refused(monkeypatch):
    monkeypatch.setattr("autograd_lite.program.choice.MOST_LINES", 3)
    monkeypatch.setattr("autograd_lite.program.choice.MOST_ARRAYS", 3)
    x = Value(2.0, "x")
    with pytest.raises(
        ValueError, match=r"too large to be compiled: 13 statements are more than the 3 of straight-line"
    ):
        autograd_lite.compile_program((x * 1.25).tanh().tanh().tanh(), [x])


@pytest.mark.parametrize("backend", ALL)
def test_large_batches_are_done_in_blocks(backend):
    inputs, targets, parameters, error = student_network(3, [3, 4, 2])
    leaves = [*inputs, *targets]
    program = autograd_lite.compile_program(error, leaves, parameters, backend=backend)
    N = 2 * getattr(program.code.backend(backend), "block", 1000) + 7 if backend != "python" else 5
    if backend == "python":
        program.code.backend(backend).block = 2
    X, P = points_near(leaves, N, 0, spread=1.0), np.array([leaf.data for leaf in parameters])
    whole = program(X, P)
    halves = [program(X[: N // 2], P), program(X[N // 2 :], P)]
    assert np.allclose(whole.outputs, np.concatenate([half.outputs for half in halves]), rtol=1e-14)
    assert whole.total == pytest.approx(sum(half.total for half in halves), rel=1e-12)
    sums = sum(half.parameter_gradients for half in halves)
    assert whole.parameter_gradients == pytest.approx(sums, rel=1e-9, abs=1e-9)


def test_a_stale_graph_is_refused():
    x, w = leaves()
    root = x * w
    x.data = 5.0
    with pytest.raises(RuntimeError, match="the graph is stale"):
        autograd_lite.compile_program(root, [x], [w])


@pytest.mark.parametrize(
    ("X", "P", "kind", "message"),
    [
        ([[1.0, 2.0]], [1.0], ValueError, r"inputs must have shape \(N, 1\), N at least 1; received \(1, 2\)"),
        ([1.0], [1.0], ValueError, r"inputs must have shape \(N, 1\), N at least 1; received \(1,\)"),
        (np.empty((0, 1)), [1.0], ValueError, r"inputs must have shape \(N, 1\), N at least 1; received \(0, 1\)"),
        ([["a"]], [1.0], TypeError, r"inputs must be an array of real numbers; received \[\['a'\]\]"),
        (
            [[1.0], [1.0, 2.0]],
            [1.0],
            ValueError,
            r"inputs must be an array of real numbers; received.*; its rows must have equal length",
        ),
        (None, [1.0], TypeError, r"inputs must be an array of real numbers; received None"),
        ([[1.0]], [], ValueError, r"parameters must have shape \(1,\); received \(0,\)"),
        ([[1.0]], 1.0, ValueError, r"parameters must have shape \(1,\); received \(\)"),
        ([[1j]], [1.0], TypeError, r"inputs must be an array of real numbers"),
        ([[np.timedelta64(1, "D")]], [1.0], TypeError, r"inputs must be an array of real numbers"),
        (np.array([(1.0,)], [("x", float)]), [1.0], TypeError, r"inputs must be an array of real numbers"),
        (
            [[10**400]],
            [1.0],
            ValueError,
            r"inputs must be an array of real numbers; received \[\[1000.*; its numbers must be at most 1.8e308",
        ),
        (np.array([[None]]), [1.0], TypeError, r"inputs must be an array of real numbers"),
        (np.array([["1.0"]], dtype=object), [1.0], TypeError, r"inputs must be an array of real numbers"),
        (np.array([[[1.0]]], dtype=object)[:, :, 0] * 1j, [1.0], TypeError, r"inputs must be an array of real numbers"),
        ("ab", [1.0], TypeError, r"inputs must be an array of real numbers; received 'ab'"),
        ([[1.0]], [None], TypeError, r"parameters must be an array of real numbers; received \[None\]"),
        ([[b"1"]], [1.0], TypeError, r"inputs must be an array of real numbers"),
        (np.array([[1]], dtype="m8[s]"), [1.0], TypeError, r"inputs must be an array of real numbers"),
        (np.empty((0, 1), dtype=object), [1.0], ValueError, r"inputs must have shape"),
    ],
)
def test_a_wrong_batch_is_refused(X, P, kind, message):
    x, w = leaves()
    program = autograd_lite.compile_program(x * w, [x], [w])
    with pytest.raises(kind, match=message):
        program(X, P)


OBJECTS = {
    "float and bool": [[1.5, True], [2.0, False]],
    "integers": [[1, 2], [3, 10**20]],
    "fractions": [[Fraction(1, 4), Decimal("0.5")], [0, 2.0]],
    "NumPy's scalars": [[np.float32(0.5), np.int64(2)], [np.bool_(True), 1e300]],
}


@pytest.mark.parametrize("rows", OBJECTS.values(), ids=OBJECTS)
def test_an_array_of_objects_that_are_numbers_is_one_of_numbers(rows):
    x, y, w = Value(1.0, "x"), Value(1.0, "y"), Value(1.0, "w")
    program = autograd_lite.compile_program([x * w, y], [x, y], [w])
    X, P = np.array(rows, dtype=object), np.array([Fraction(1, 2)], dtype=object)
    expected = [[float(a) / 2, float(b)] for a, b in rows]
    for inputs in (X, rows, np.ma.masked_array(X, mask=False)):
        assert program(inputs, P).outputs.tolist() == expected


@pytest.mark.parametrize("kind", ["float and bool", "Float64", "Int64", "convert_dtypes", "boolean"])
def test_a_table_of_numbers_is_an_array(kind):
    pandas = pytest.importorskip("pandas")
    table = pandas.DataFrame({"x": [1.0, 0.0, 1.0], "y": [True, False, True]})
    table = table.convert_dtypes() if kind == "convert_dtypes" else table if " " in kind else table.astype(kind)
    x, y = Value(1.0, "x"), Value(1.0, "y")
    program = autograd_lite.compile_program([x * 2, y + x], [x, y])
    assert program(table).outputs.tolist() == [[2.0, 2.0], [0.0, 0.0], [2.0, 2.0]]
    with pytest.raises(ValueError, match="inputs must be an array of real numbers"):
        program(table.astype(object).replace({True: pandas.NA}))


@pytest.mark.parametrize(
    "X",
    [
        np.ma.masked_array([[1.0], [2.0]], mask=[[False], [True]]),
        np.ma.masked_invalid([[1.0], [math.nan]]),
        [np.ma.masked_array([1.0]), np.ma.masked_array([2.0], mask=[True])],
        np.ma.masked_array(np.array([[1.0], [True]], dtype=object), mask=[[True], [False]]),
        [[np.ma.masked], [1.0]],
        ([1.0], (np.ma.masked,)),
    ],
    ids=["float", "invalid", "list", "object", "nested", "tuples"],
)
def test_a_mask_that_hides_something_is_refused(X):
    x, w = leaves()
    program = autograd_lite.compile_program(x * w, [x], [w])
    with pytest.raises(ValueError, match=r"(?s)inputs must be an array of real numbers; received .*; fill its masked"):
        program(X, [1.0])
    with pytest.raises(ValueError, match=r"(?s)parameters must be an array of .*; fill its masked entries"):
        program([[1.0]], np.ma.masked_array([1.0], mask=[True]))
    assert program(np.ma.masked_array([[1.0], [2.0]]), [3.0]).outputs.tolist() == [[3.0], [6.0]]


def test_an_unknown_back_end_is_refused():
    x, w = leaves()
    with pytest.raises(ValueError, match=r"backend must be auto or one of python, numpy, arrays, llvm; received 'c'"):
        autograd_lite.compile_program(x * w, [x], [w], backend="c")
    with pytest.raises(ValueError, match="backend 'arrays' is not possible: nothing in the graph forms a matrix"):
        autograd_lite.compile_program(x * w, [x], [w], backend="arrays")


def test_a_constant_without_a_label_cannot_be_declared():
    x, c = Value(2.0, "x"), constant(3.0)
    with pytest.raises(ValueError, match=r"a constant among inputs must have a label; number 2, 3\.0, has none"):
        autograd_lite.compile_program(x * c, [x, c])


@pytest.mark.parametrize("backend", STRAIGHT)
def test_gradients_as_outputs_hold_for_other_constants_too(backend):
    x, c = Value(1.0, "x"), constant(2.0, "c")
    program = autograd_lite.compile_program(
        [grad(c * x * x, x), grad(x**c, x)], [x], [c], gradients=False, backend=backend
    )
    assert program([[3.0]], [4.0]).outputs[0] == pytest.approx([24.0, 108.0], rel=1e-14)


def test_gradients_within_a_traced_function():
    x = Value(2.0, "x")
    for function, slope in (
        (lambda x: x**3, 12.0),
        (lambda x: 2 * x * x, 8.0),
        (lambda x: autograd_lite.sin(3 * x), None),
    ):
        program = autograd_lite.compile_program(lambda x: grad(function(x), x), [x])  # noqa: B023
        expected = 3 * math.cos(6.0) if slope is None else slope
        assert program([[2.0]]).outputs.item() == pytest.approx(expected, rel=1e-14)


@pytest.mark.parametrize("recorded", [1.0, 0.0])
def test_nothing_is_left_out_because_of_the_recorded_numbers(recorded):
    """0 times the slope of the root, which is infinite at 0, is nan there, as backward says."""
    x = Value(recorded, "x")
    program = autograd_lite.compile_program(autograd_lite.sqrt(x) * 0.0, [x])
    assert np.isnan(program([[0.0]]).input_gradients.item())
    assert program([[4.0]]).input_gradients.item() == 0.0


def test_equal_sums_are_found_until_there_are_no_more():
    x, a, u = Value(0.1, "x"), Value(0.5, "a"), Value(0.2, "u")
    h = a + a
    o = [autograd_lite.tanh(s) for s in (x + (h + a), ((x + a) + a) + a, a + (x + h))]
    root = (a * o[0] + u * o[1] + a * o[2]) * (u * o[0] + a * o[1] + u * o[2])
    X, P = points_near([x], 9, 0, spread=1.0), [0.5, 0.2]
    for backend in ("python", "numpy", "arrays"):
        evaluation = autograd_lite.compile_program(root, [x], [a, u], backend=backend)(X, P)
        agree(evaluation, by_backward(root, [x], [a, u], X, P), 10.0)


def test_an_array_of_values_is_a_sequence_of_outputs():
    x, w = leaves()
    outputs = np.array([x * w, x + w], dtype=object)
    assert autograd_lite.compile_program(outputs, [x], [w])([[1.0]], [5.0]).outputs.tolist() == [[5.0, 6.0]]


def test_values_in_place_of_numbers_are_refused_with_a_hint():
    x, w = leaves()
    with pytest.raises(TypeError, match=r"pass the numbers of Values, as in \[w.data for w in weights\]"):
        autograd_lite.compile_program(x * w, [x], [w])([[1.0]], [w])


def test_without_gradients_there_is_a_total_all_the_same():
    x, w = leaves()
    assert autograd_lite.compile_program(x * w, [x], [w], gradients=False)([[1.0], [2.0]], [5.0]).total == 15.0


@pytest.mark.parametrize("points", [0, -5, 2.5])
def test_explain_wants_a_batch_of_at_least_one_point(points):
    x, w = leaves()
    with pytest.raises((ValueError, TypeError), match="points must be"):
        autograd_lite.compile_program(x * w, [x], [w]).explain(points)


# User-defined primitives


@pytest.fixture
def cube():
    yield Primitive("cube", "cube", lambda x: x * x * x, (lambda o, x: 3 * x * x,))
    del PRIMITIVES["cube"]


def test_a_user_defined_primitive_runs_in_python_and_numpy_but_not_in_llvm(cube):
    x = Value(2.0, "x")
    for backend in ("python", "numpy"):
        evaluation = autograd_lite.compile_program(cube(x), [x], backend=backend)([[2.0], [3.0]])
        assert evaluation.outputs.tolist() == [[8.0], [27.0]]
        assert evaluation.input_gradients.tolist() == [[12.0], [27.0]]
    program = autograd_lite.compile_program(cube(x), [x])
    assert program.chosen(10**6, math.inf) != "llvm"
    assert "llvm    no: LLVM does not know the primitive cube" in program.explain()
    with pytest.raises(ValueError, match="LLVM does not know the primitive cube"):
        autograd_lite.compile_program(cube(x), [x], backend="llvm")


def test_a_program_keeps_the_rows_of_its_graph(cube):
    """Also if one is replaced before a back end is compiled."""
    x = Value(2.0, "x")
    program = autograd_lite.compile_program(cube(x) + 1.0, [x])
    Primitive("cube", "cube", lambda x: -x, (-1.0,))
    for backend in ("python", "numpy"):
        outputs, _ = program.code.backend(backend)(np.array([[2.0]]), np.empty(0))
        assert outputs[0, 0] == 9.0


def test_a_row_that_was_replaced_is_compiled_again(cube):
    x = Value(2.0, "x")
    assert autograd_lite.compile_program(cube(x), [x], gradients=False)([[2.0]]).outputs.tolist() == [[8.0]]
    other = Primitive("cube", "cube", lambda x: -x, (-1.0,))
    assert autograd_lite.compile_program(other(x), [x], gradients=False)([[2.0]]).outputs.tolist() == [[-2.0]]
    with pytest.raises(ValueError, match="primitives of a graph must have different names, received cube, cube"):
        autograd_lite.compile_program(other(cube(x)), [x])  # the text could not tell them apart


# The cache, the choice, the words


def test_programs_of_the_same_shape_share_what_was_compiled():
    first = autograd_lite.compile_program(*_network(5, label="w"))
    again = autograd_lite.compile_program(*_network(5, label="v"))
    other = autograd_lite.compile_program(*_network(6, label="w"))
    assert first.code is again.code
    assert first.code.backend("arrays") is again.code.backend("arrays")
    assert first.code is not other.code


def _network(width, label):
    inputs, targets, parameters, error = student_network(1, [3, width, 2])
    for number, parameter in enumerate(parameters):
        parameter.label = f"{label}{number}"
    return error, [*inputs, *targets], parameters


def test_other_constants_are_another_shape():
    x = Value(2.0, "x")
    programs = [autograd_lite.compile_program(x * number, [x]) for number in (2.0, 3.0, 2.0)]
    assert programs[0].code is programs[2].code is not programs[1].code
    assert [program([[5.0]]).total for program in programs] == [10.0, 15.0, 10.0]


def test_the_cache_forgets_the_oldest(monkeypatch):
    monkeypatch.setattr(compiled, "code_of", functools.lru_cache(2)(compiled.Code))
    x = Value(2.0, "x")
    codes = [autograd_lite.compile_program(x * number, [x]).code for number in (2.0, 3.0, 2.0, 4.0, 2.0, 3.0)]
    assert codes[0] is codes[2] is codes[4]
    assert codes[1] is not codes[5]


def test_auto_is_the_same_each_time():
    inputs, targets, parameters, error = student_network(3, [3, 4, 2])
    leaves = [*inputs, *targets]
    X, P = points_near(leaves, 20, 0), [leaf.data for leaf in parameters]
    runs = [[autograd_lite.compile_program(error, leaves, parameters)(X, P).total for _ in range(3)] for _ in range(2)]
    assert runs[0] == runs[1]


@needs_llvm
def test_a_program_that_runs_long_enough_is_compiled_to_machine_code():
    inputs, targets, parameters, error = student_network(3, [3, 20, 2])
    leaves = [*inputs, *targets]
    program = autograd_lite.compile_program(error, leaves, parameters)
    assert program.chosen(100, runs=0) == "arrays"
    assert program.chosen(100, runs=10_000) == "llvm"
    program.runs = 10_000
    X, P = points_near(leaves, 100, 0), [leaf.data for leaf in parameters]
    machine = autograd_lite.compile_program(error, leaves, parameters, backend="llvm")
    assert program(X, P).total == machine(X, P).total


def test_without_llvmlite_numpy_runs_it_and_says_so(monkeypatch):
    monkeypatch.setattr("autograd_lite.program.choice.find_spec", lambda name: None)
    monkeypatch.setattr(compiled, "code_of", functools.lru_cache(2)(compiled.Code))
    inputs, targets, parameters, error = student_network(3, [3, 4, 2])
    leaves = [*inputs, *targets]
    program = autograd_lite.compile_program(error, leaves, parameters)
    assert program.chosen(100, runs=math.inf) == "arrays"
    assert "llvm    no: llvmlite is not installed: pip install 'autograd-lite[jit]'" in program.explain()
    for ask in (
        lambda: autograd_lite.compile_program(error, leaves, parameters, backend="llvm"),
        lambda: program.llvm_source,
    ):
        with pytest.raises(ImportError, match=r"llvmlite is not installed: pip install 'autograd-lite\[jit\]'"):
            ask()


def test_explain_says_what_was_chosen_and_why():
    inputs, targets, parameters, error = student_network(3, [3, 4, 2])
    words = autograd_lite.compile_program(error, [*inputs, *targets], parameters, backend="arrays").explain(1000)
    assert "matrix products" in words
    assert "For a batch of 1,000: arrays, as requested." in words
    assert "compiled in" in words
    x, w = leaves()
    words = autograd_lite.compile_program(x * w, [x], [w]).explain()
    assert "nothing in it forms a matrix" in words
    assert all(f"  {name} " in words for name in BACKENDS)


def test_measure_returns_seconds_of_each_back_end():
    inputs, targets, parameters, error = student_network(3, [3, 4, 2])
    seconds = autograd_lite.compile_program(error, [*inputs, *targets], parameters).measure(10)
    assert {"python", "numpy", "arrays"} <= set(seconds) <= set(BACKENDS)
    assert all(time > 0 for time in seconds.values())


def test_a_program_says_what_it_is():
    x, w = leaves()
    assert repr(autograd_lite.compile_program(x * w, [x], [w], gradients=False)) == (
        "<Program: 1 operations of 1 inputs and 1 parameters; backend auto>"
    )


def test_results_are_shown_in_one_line():
    x, w = leaves()
    program = autograd_lite.compile_program(x * w, [x], [w])
    results = "outputs (2, 1), input_gradients (2, 1), parameter_gradients (1,)"
    assert repr(program([[1.0], [2.0]], [5.0])) == f"<Evaluation: {results}; total 15.0>"
    bound = program.bind(np.array([[1.0], [2.0]]), np.array([5.0]))
    assert repr(bound) == f"<Bound: inputs (2, 1), {results}; total [15.0]>"


@pytest.mark.parametrize(
    ("points", "runs", "expected"),
    [
        (1, 0, "python; with few operations, floats are faster than arrays."),
        (100, 2_666, "numpy; the graph has no matrices."),
        (10**6, 0, "llvm; the batch is so large that compiling to machine code pays at once."),
    ],
)
def test_explain_names_the_reason(points, runs, expected):
    x, w = leaves()
    program = autograd_lite.compile_program(x * w, [x], [w])
    reason = program.explain(points).rpartition(": ")[2]
    if not HAS_LLVM:
        assert program.chosen(points, math.inf) in {"python", "numpy"}
        return
    assert reason.startswith(expected)
    if runs:
        assert reason.endswith(f"After {runs:,} runs llvm; by then, compiling to machine code pays.")


def test_programs_are_for_one_process():
    """Machine code cannot be sent; the graph can be, and is compiled again."""
    x, w = leaves()
    program = autograd_lite.compile_program(x * w, [x], [w])
    for copies in (pickle.dumps, copy.copy, copy.deepcopy):
        with pytest.raises(TypeError, match="a program cannot be copied or pickled: its code belongs to this process"):
            copies(program)


@pytest.mark.parametrize("backend", ALL)
def test_a_bound_program_runs_again_on_what_its_arrays_hold(backend):
    inputs, targets, parameters, error = student_network(3, [3, 4, 2])
    leaves = [*inputs, *targets]
    program = autograd_lite.compile_program(error, leaves, parameters, backend=backend)
    X, P = points_near(leaves, 20, 0), np.array([leaf.data for leaf in parameters])
    bound = program.bind(X.copy(), P.copy())
    assert bound.total.item() == program(X, P).total  # it has run already
    for offset in (0.0, 0.5):
        bound.inputs[:] = X + offset
        bound.parameters[:] = P - offset
        bound.run()
        expected = program(X + offset, P - offset)
        assert np.array_equal(bound.outputs, expected.outputs)
        assert np.array_equal(bound.input_gradients, expected.input_gradients)
        assert bound.total.item() == expected.total
        assert np.array_equal(bound.parameter_gradients, expected.parameter_gradients)


def test_what_cannot_be_bound_is_refused():
    x, w = leaves()
    program = autograd_lite.compile_program(x * w, [x], [w])
    for X, P in (([[1.0]], np.ones(1)), (np.ones((1, 1)), [1.0]), (np.ones((1, 1), dtype=int), np.ones(1))):
        with pytest.raises(
            ValueError, match="must be a contiguous NumPy array of float64, which is used in place; received"
        ):
            program.bind(X, P)


def test_programs_run_in_several_threads_at_once():
    from concurrent.futures import ThreadPoolExecutor

    inputs, targets, parameters, error = student_network(3, [3, 4, 2])
    leaves = [*inputs, *targets]
    program: Program = autograd_lite.compile_program(
        error, leaves, parameters, backend="llvm" if HAS_LLVM else "arrays"
    )
    P = np.array([leaf.data for leaf in parameters])
    batches = [points_near(leaves, 500, seed, spread=1.0) for seed in range(40)]
    alone = [program(X, P).parameter_gradients for X in batches]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(lambda X: program(X, P).parameter_gradients, batches))
    assert all(np.array_equal(a, b) for a, b in zip(alone, together, strict=True))
