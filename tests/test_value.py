"""Value: the operators, the graph that they build, and the two passes over it."""

import array
import itertools
import json
import math
import operator
import statistics
import struct
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
from anywhere.test_value import OPERATORS
from dual_numbers import random_program
from hypothesis import given, settings
from hypothesis import strategies as st
from random_graphs import build, position_of

from autograd_lite import Value, constant, topological_order
from autograd_lite import primitives as p

# Operators


@pytest.mark.parametrize("operate", OPERATORS)
@pytest.mark.parametrize(
    "number", [5, 5.0, Fraction(5), True, np.float64(5), np.float32(5), np.int64(5), np.uint8(5), np.array(5.0)]
)
def test_operators_both_ways_with_numbers(operate, number):
    """a - b differs from b - a; the number becomes a constant, and stands on its own side."""
    x = Value(2.0)
    right, left = operate(x, number), operate(number, x)
    assert type(right) is type(left) is Value
    assert right.data == operate(2.0, float(number))
    assert left.data == operate(float(number), 2.0)
    assert right.parents[0] is x
    assert left.parents[1] is x
    for other in (right.parents[1], left.parents[0]):
        assert other.op is p.CONSTANT
        assert type(other.data) is float
        assert other.data == float(number)


# Constants


@pytest.mark.parametrize("exponent", [2, 2.0, np.int64(2), constant(2.0)])
def test_the_slope_in_the_exponent_of_a_square_is_never_computed(exponent):
    """It would be x^2 log x, which is nan at x = -2, and would warn."""
    x = Value(-2.0)
    (x**exponent).backward()
    assert x.grad == -4


# NumPy


def test_arrays_beside_a_value_become_arrays_of_values():
    x = Value(2.0)
    for values, numbers in [
        (np.array([1.0, 5.0]) * x, [2, 10]),
        (x - np.array([1, 5]), [1, -3]),
        (np.ma.array([1.0, 5.0]) * x, [2, 10]),
        (np.ma.subtract(x, [1, 5]), [1, -3]),
    ]:
        assert values.dtype == object
        assert [type(v) for v in values] == [Value, Value]
        assert [v.data for v in values] == numbers
    assert (np.ones((2, 3)) / x).shape == (2, 3)
    assert [v.data for v in x ** np.array([1.0, 3.0])] == [2, 8]


def test_a_layer_by_matrix_multiplication():
    """W @ o with object arrays, and its gradient: ds_b/dw_ba = o_a, ds_b/do_a = w_ba."""
    W = np.array([[Value(1.0), Value(2.0)], [Value(3.0), Value(4.0)]])
    o = np.array([Value(5.0), Value(6.0)])
    s = W @ o
    assert [v.data for v in s] == [17, 39]
    (10 * s[0] + s[1]).backward()
    assert [[v.grad for v in row] for row in W] == [[50, 60], [5, 6]]
    assert [v.grad for v in o] == [13, 24]
    assert [v.data for v in np.array([[1.0, 2.0], [3.0, 4.0]]) @ o] == [17, 39]
    assert np.dot(o, o).data == 61
    assert np.sum(W).data == 10
    assert np.mean(o).data == 5.5


def test_variance_standard_deviation_and_products_of_arrays():
    """dvar/dx_i = 2 (x_i - mean) / n, dstd/dx_i = (x_i - mean) / (n std), here with mean 3, n 4 and variance 4.5."""
    numbers = [0.0, 3.0, 3.0, 6.0]
    for function, value, slopes in [
        (np.var, 4.5, [-1.5, 0.0, 0.0, 1.5]),
        (np.std, math.sqrt(4.5), [-0.75 / math.sqrt(4.5), 0.0, 0.0, 0.75 / math.sqrt(4.5)]),
        (lambda x: np.vdot(x, x), 54.0, [0.0, 6.0, 6.0, 12.0]),
        (lambda x: np.vdot(x, [1.0, 2.0, 3.0, 4.0]), 39.0, [1.0, 2.0, 3.0, 4.0]),
        (np.linalg.norm, math.sqrt(54.0), [0.0, 3 / math.sqrt(54.0), 3 / math.sqrt(54.0), 6 / math.sqrt(54.0)]),
        (lambda x: np.sum(np.frompyfunc(p.maximum, 2, 1)(x, 3.0)), 15.0, [0.0, 0.0, 0.0, 1.0]),
    ]:
        values = np.array([Value(number) for number in numbers])
        result = function(values)
        result.backward()
        assert result.data == pytest.approx(value)
        assert [v.grad for v in values] == pytest.approx(slopes)


UNARY = ["exp", "expm1", "log", "log1p", "sqrt", "sin", "cos", "tan", "sinh", "cosh", "tanh", "arcsin", "arccos"]
UNARY += ["exp2", "log2", "log10", "cbrt", "arctan", "arcsinh", "arctanh", "absolute", "negative", "positive", "square"]


@pytest.mark.parametrize("name", UNARY)
def test_functions_of_numpy_on_values(name):
    function = getattr(np, name)
    array = function(np.array([Value(0.25), Value(0.75)]))
    assert [type(v) for v in array] == [Value, Value]
    assert [v.data for v in array] == pytest.approx(list(function(np.array([0.25, 0.75]))), rel=1e-15)
    assert function(Value(0.25)).data == array[0].data


def test_functions_of_numpy_with_two_arguments():
    y, x = np.array([Value(1.0), Value(-1.0)]), np.array([Value(2.0), Value(3.0)])
    assert [v.data for v in np.arctan2(y, x)] == [math.atan2(1, 2), math.atan2(-1, 3)]
    assert [v.data for v in np.power(x, 2)] == [4, 9]
    assert [v.data for v in np.hypot(y, x)] == [math.hypot(1, 2), math.hypot(-1, 3)]
    assert np.arccosh(Value(2.0)).data == math.acosh(2)
    assert np.max(x) is x[1]


TABLE = np.array([[0.5, -1.5, 2.0], [1.25, 0.75, -0.25]])
OF_TABLES = {
    "prod": np.prod, "cumsum": np.cumsum, "cumprod": np.cumprod, "mean": lambda a: np.mean(a, axis=0), "max": np.max,
    "median": np.median, "ptp": np.ptp, "sort": lambda a: np.sort(a, axis=None), "diff": np.diff,
    "clip": lambda a: np.clip(a, -1.0, 1.0),
    "where": lambda a: np.where(a > 0, a, 0.1 * a), "einsum": lambda a: np.einsum("ij,kj->ik", a, a),
    "matmul": lambda a: np.matmul(a, a.T), "tensordot": lambda a: np.tensordot(a, a), "inner": lambda a: np.inner(a, a),
    "outer": lambda a: np.outer(a, a), "kron": lambda a: np.kron(a, a), "cross": lambda a: np.cross(a[0], a[1]),
    "convolve": lambda a: np.convolve(a[0], a[1]), "average": lambda a: np.average(a, axis=1, weights=[1, 2, 3]),
    "quantile": lambda a: np.quantile(a, 0.3), "polyval": lambda a: np.polyval(a[0], a[1]),
    "matrix_power": lambda a: np.linalg.matrix_power(a[:, :2], 3), "norm": lambda a: np.linalg.norm(a, axis=1),
    "pad": lambda a: np.pad(a, 1), "roll": lambda a: np.roll(a, 1), "trace": np.trace,
    "hypot": lambda a: np.hypot(a, 2.0),
}  # fmt: skip
REFUSED_TABLES = {
    "cov": np.cov, "corrcoef": np.corrcoef, "det": lambda a: np.linalg.det(a[:, :2]), "isfinite": np.isfinite,
    "inv": lambda a: np.linalg.inv(a[:, :2]), "solve": lambda a: np.linalg.solve(a[:, :2], a[:, 2]), "floor": np.floor,
    "interp": lambda a: np.interp(a[0], [0, 1], [0, 1]), "fft": np.fft.fft, "histogram": np.histogram, "any": np.any,
    "float": lambda a: a.astype(float), "fromiter": lambda a: np.fromiter(a[0], float), "round": np.round,
    "gradient": lambda a: np.gradient(a[0]), "polyfit": lambda a: np.polyfit([0, 1, 2], a[0], 1), "rint": np.rint,
    "in place": lambda a: np.add(np.zeros(a.shape), a, out=np.zeros(a.shape)),
    "logaddexp": lambda a: np.logaddexp(a, a),
}  # fmt: skip


@pytest.mark.parametrize("function", OF_TABLES.values(), ids=OF_TABLES)
def test_functions_of_numpy_on_tables_of_values(function):
    """The numbers are as for a table of floats, and the gradient of their sum as by central differences."""
    values = np.array([[Value(number) for number in row] for row in TABLE])
    results = np.atleast_1d(function(values))
    numbers = [result.data if isinstance(result, Value) else result for result in results.ravel()]
    assert np.array(numbers) == pytest.approx(np.atleast_1d(function(TABLE)).ravel(), rel=1e-12)
    np.sum(results * (1.0 + np.arange(results.size).reshape(results.shape))).backward()

    def weighted(table):
        numbers = np.ravel(function(table))
        return numbers @ (1.0 + np.arange(numbers.size))

    for place, value in np.ndenumerate(values):
        step = np.zeros_like(TABLE)
        step[place] = 1e-5
        assert value.grad == pytest.approx((weighted(TABLE + step) - weighted(TABLE - step)) / 2e-5, rel=1e-7, abs=1e-8)


@pytest.mark.parametrize("function", REFUSED_TABLES.values(), ids=REFUSED_TABLES)
def test_functions_of_numpy_that_would_lose_the_gradient_are_refused(function):
    with pytest.raises((TypeError, AttributeError)):
        function(np.array([[Value(number) for number in row] for row in TABLE]))


# Equality, comparisons, conversion


def test_comparisons_compare_the_numbers():
    a, b = Value(1.0), Value(2.0)
    assert a < b
    assert a <= b
    assert b > a
    assert b >= a
    assert not a > b
    assert a <= Value(1.0)
    assert a >= Value(1.0)
    assert a < 2
    assert 2 > a  # noqa: SIM300
    assert np.float64(2) > a
    assert a > np.float32(0.5)
    assert list(a < np.array([0.0, 3.0])) == [False, True]
    assert max([a, b]) is b
    assert sorted([b, a]) == [a, b]
    assert not a < Value(math.nan)
    with pytest.raises(TypeError, match="'Value' and 'str'"):
        operator.lt(a, "b")


LEAVES_THE_GRAPH = {
    "float": float,
    "int": int,
    "complex": complex,
    "round": round,
    "round to digits": lambda x: round(x, 2),
    "math.exp": math.exp,
    "math.floor": math.floor,
    "math.trunc": math.trunc,
    "math.isclose": lambda x: math.isclose(x, 1.0),
    "statistics.fmean": lambda x: statistics.fmean([x, x]),
    "an array of floats": lambda x: np.array([x * x], dtype=float),
    "an array of small floats": lambda x: np.asarray(x, np.float32),
    "an array of integers": lambda x: np.array([x]).astype(int),
    "an entry of an array": lambda x: np.zeros(2).__setitem__(0, x),
    "an entry of a masked array": lambda x: np.ma.zeros(2).__setitem__(0, x),
    "np.interp": lambda x: np.interp(x, [0.0, 1.0], [0.0, 1.0]),
    "statistics.mean": lambda x: statistics.mean([x, x]),
    "range": range,
    "an index": lambda x: [1, 2][x],
    "hex": hex,
    "an array of the standard library": lambda x: array.array("d", [x]),
    "a format of a number": lambda x: "%.2f" % x,  # noqa: UP031
}


NO_HOOK = {
    "struct.pack": lambda x: struct.pack("d", x),
    "Fraction": Fraction,
    "Decimal": Decimal,
    "json": json.dumps,
    "bytes": bytes,
    "a format of an integer": lambda x: "%d" % x,  # noqa: UP031
    "the result of NumPy": lambda x: np.add(np.ones(2), x, out=np.ones(2)),
}


@pytest.mark.parametrize("way", NO_HOOK)
def test_python_refuses_a_value_where_there_is_no_hook(way):
    with pytest.raises((TypeError, struct.error), match=r"\bValue\b|Rational|float"):
        NO_HOOK[way](Value(0.5))


@pytest.mark.parametrize("way", LEAVES_THE_GRAPH)
def test_a_value_never_becomes_a_plain_number_by_itself(way):
    with pytest.raises(TypeError, match=r"its gradient would be lost: .* as in x\.exp\(\).* write x\.data"):
        LEAVES_THE_GRAPH[way](Value(0.5))


@pytest.mark.parametrize(
    "comparison",
    [
        lambda x: x == 2.0,
        lambda x: x != 2.0,
        lambda x: x == 2,
        lambda x: np.float32(2) == x,
        lambda x: x in [2.0],
        lambda x: np.array([x]) == 2.0,
        lambda x: x == 2j,
    ],
    ids=range(7),
)
def test_a_value_is_not_compared_with_a_number_by_equality(comparison):
    with pytest.raises(TypeError, match=r"cannot be compared with a number by ==: write x\.data == 2"):
        comparison(Value(2.0))


# What a Value is made of


def test_data_is_a_float_and_never_a_value():
    for number in (2, True, np.float32(2), np.array(2), Fraction(2)):
        assert type(Value(number).data) is float
    x = Value(3.0, label="x")
    y = Value(x)
    assert y.data == 3
    assert y is not x
    assert y.parents == ()
    assert y.op is p.LEAF


@pytest.mark.parametrize("thing", ["1", None, 1j, [1.0], np.array([1.0]), np.array([[Value(1.0)]])], ids=repr)
def test_bad_data_is_refused_by_its_name(thing):
    with pytest.raises(TypeError, match="data must be a real number"):
        Value(thing)
    x = Value(1.0)
    with pytest.raises(TypeError, match="data must be a real number"):
        x.data = thing
    with pytest.raises(TypeError, match="grad must be a real number"):
        x.grad = thing
    assert x.data == 1
    assert not x.has_grad


# Exact fractions


@given(st.lists(st.integers(-8, 8), min_size=1, max_size=6), st.integers(-16, 16))
def test_polynomials_are_exact(coefficients, quarters):
    """Horner's rule, against the derivative term by term."""
    number = Fraction(quarters, 4)
    x = Value(number)
    y = constant(0.0)
    for coefficient in coefficients:
        y = y * x + coefficient
    y.backward()
    powers = list(enumerate(reversed(coefficients)))
    assert Fraction(y.data) == sum(c * number**k for k, c in powers)
    assert Fraction(x.grad) == sum(k * c * number ** (k - 1) for k, c in powers if k)


# Order


@given(st.integers(0, 10_000))
@settings(max_examples=50)
def test_topological_order(seed):
    """Parents before children, each node once, the root last, all ancestors and nothing else, always the same."""
    _, nodes = build(random_program(seed))
    root = nodes[-1]
    order = topological_order(root)
    position = position_of(order)
    assert len(position) == len(order)
    assert order[-1] is root
    assert all(position[parent] < position[node] for node in order for parent in node.parents)
    ancestors, stack = {root}, [root]
    while stack:
        for parent in stack.pop().parents:
            if parent not in ancestors:
                ancestors.add(parent)
                stack.append(parent)
    assert set(order) == ancestors
    assert topological_order(root) == order
    _, again = build(random_program(seed))
    numbers, numbers_again = position_of(nodes), position_of(again)
    assert [numbers[node] for node in order] == [numbers_again[node] for node in topological_order(again[-1])]


def test_runs_are_bit_identical():
    def run():
        generator = np.random.default_rng(1)
        x = [Value(number) for number in generator.normal(size=20)]
        y = sum((a * b).tanh() * a for a, b in itertools.permutations(x, 2))
        y.backward()
        return [y.data, *[v.grad for v in x]]

    assert run() == run()
