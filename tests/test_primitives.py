"""The table of primitives: values, slopes, and what happens at the edges of floating-point arithmetic."""

import itertools
import math
import pickle
import struct
import warnings
from fractions import Fraction
from importlib.util import find_spec
from random import Random

import mpmath
import numpy as np
import pytest
from dual_numbers import TRUTH
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import autograd_lite
from autograd_lite import (
    PRIMITIVES,
    Primitive,
    Value,
    check_gradients,
    compile_program,
    constant,
    derivative,
    formula,
    grad,
    hessian,
    maximum,
    minimum,
)  # fmt: skip
from autograd_lite import primitives as p
from autograd_lite.primitives import as_float

inf, nan = math.inf, math.nan
TABLE = {row.name: row for row in vars(p).values() if isinstance(row, Primitive)}
COMPOSITE = sorted(name for name, row in TABLE.items() if row.composite)
ROWS = sorted(set(TABLE) - {"leaf", "constant", *COMPOSITE})
FUNCTIONS = [name for name in ROWS if hasattr(autograd_lite, name) and name != "add"]
STEPS = {"floor_divide", "sign", "greater"}
ZERO = autograd_lite.constant(0.0, label="zero")
"""It ties as the number 0 does."""

every_row = pytest.mark.parametrize("name", ROWS)


def bits(number):
    """The bits of a float; all nan are one."""
    return "nan" if number != number else struct.pack(">d", number)


def points(name):
    """Points at which the function is smooth."""
    truth = TRUTH[name]
    return st.tuples(*[st.floats(low, high) for low, high in truth.domain])


def backward_gradient(f, *numbers):
    """The gradient of f by a backward pass."""
    inputs = [Value(number) for number in numbers]
    f(*inputs).backward()
    return [value.grad for value in inputs]


def graph_gradient(f, *numbers):
    """The gradient of f as the numbers of a graph."""
    inputs = [Value(number) for number in numbers]
    return [entry.data for entry in grad(f(*inputs), inputs)]


# The table as a whole


def test_the_truth_of_the_tests_covers_every_row():
    assert sorted(TRUTH) == ROWS


@every_row
def test_a_row_takes_as_many_arguments_as_its_truth_and_has_a_slope_for_each(name):
    """The slopes of a step are 0; a sum has a slope of 1 for each of its terms."""
    row, arguments = PRIMITIVES[name], len(TRUTH[name].domain)
    assert row.arity == (None if name == "add" else arguments)
    assert len(row.slopes_of(arguments)) == arguments
    assert name not in STEPS or set(row.slopes) == {0.0}
    assert name != "add" or row.slopes_of(5) == (1.0,) * 5


@every_row
def test_a_row_commutes_where_it_says_so(name):
    row, points = PRIMITIVES[name], [(0.3, 2.0), (-1.5, 0.7), (2.0, 3.0)]
    if row.arity in {None, 2}:
        assert (
            row.commutative == all(row.compute(a, b) == row.compute(b, a) for a, b in points)
            or name == "multiply_no_nan"
        )
    else:
        assert not row.commutative


def test_rows_are_found_by_their_names():
    assert all(PRIMITIVES[name].name == name for name in PRIMITIVES)
    assert repr(PRIMITIVES["tanh"]) == "<primitive tanh>"


def test_a_pickled_row_is_the_row_itself():
    assert pickle.loads(pickle.dumps(p.TANH)) is p.TANH


@pytest.mark.parametrize("name", FUNCTIONS)
def test_function_method_and_row_record_the_same_operation(name):
    numbers = [0.5] if len(TRUTH[name].domain) == 1 else [0.5, 0.25]
    if name == "acosh":
        numbers = [2.0]
    values = [Value(number) for number in numbers]
    node = getattr(autograd_lite, name)(*values)
    assert node.op is PRIMITIVES[name]
    assert node.parents == tuple(values)
    assert getattr(autograd_lite, name)(*numbers) == node.data
    if name == "abs":
        assert abs(values[0]).op is PRIMITIVES[name]
    elif name not in {"maximum", "minimum"}:
        assert getattr(Value, name)(*values).op is PRIMITIVES[name]


# Values at ordinary points: constants computed by mpmath 1.3 with 60 digits

ORDINARY = [
    # function, argument, value, derivative
    (p.exp, 0.5, 1.6487212707001282, 1.6487212707001282),
    (p.expm1, 0.5, 0.6487212707001282, 1.6487212707001282),
    (p.exp2, 0.5, 1.4142135623730951, 0.9802581434685472),
    (p.log, 0.5, -0.6931471805599453, 2.0),
    (p.log1p, 0.5, 0.4054651081081644, 0.6666666666666666),
    (p.log2, 0.5, -1.0, 2.8853900817779268),
    (p.log10, 0.5, -0.3010299956639812, 0.8685889638065036),
    (p.sqrt, 0.5, 0.7071067811865476, 0.7071067811865476),
    (p.cbrt, 0.5, 0.7937005259840998, 0.5291336839893998),
    (p.sin, 0.5, 0.479425538604203, 0.8775825618903728),
    (p.cos, 0.5, 0.8775825618903728, -0.479425538604203),
    (p.tan, 0.5, 0.5463024898437905, 1.2984464104095248),
    (p.asin, 0.5, 0.5235987755982989, 1.1547005383792515),
    (p.acos, 0.5, 1.0471975511965979, -1.1547005383792515),
    (p.atan, 0.5, 0.4636476090008061, 0.8),
    (p.sinh, 0.5, 0.5210953054937474, 1.1276259652063807),
    (p.cosh, 0.5, 1.1276259652063807, 0.5210953054937474),
    (p.tanh, 0.5, 0.46211715726000974, 0.7864477329659274),
    (p.asinh, 0.5, 0.48121182505960347, 0.8944271909999159),
    (p.acosh, 2.0, 1.3169578969248168, 0.5773502691896257),
    (p.atanh, 0.5, 0.5493061443340549, 1.3333333333333333),
    (p.erf, 0.5, 0.5204998778130465, 0.8787825789354448),
    (p.sigmoid, 0.5, 0.6224593312018546, 0.2350037122015945),
    (p.softplus, 0.5, 0.9740769841801067, 0.6224593312018546),
    (p.relu, 0.5, 0.5, 1.0),
    (p.relu, -0.5, 0.0, 0.0),
    (p.leaky_relu, 0.5, 0.5, 1.0),
    (p.leaky_relu, -0.5, -0.005, 0.01),
    (p.abs, -0.5, 0.5, -1.0),
    (p.sign, -0.5, -1.0, 0.0),
    (p.erf, 0.0, 0.0, 1.1283791670955126),  # 2 / sqrt(pi)
    (p.sigmoid, 0.0, 0.5, 0.25),
    (p.softplus, 0.0, 0.6931471805599453, 0.5),  # log 2
    (p.exp, 1.0, math.e, math.e),
    (p.atan, 1.0, math.pi / 4, 0.5),
    (p.tan, math.pi / 4, 1.0, 2.0),
]


@pytest.mark.parametrize(("f", "x", "value", "slope"), ORDINARY)
def test_value_and_slope_at_an_ordinary_point(f, x, value, slope):
    assert f(x) == pytest.approx(value, rel=4e-16)
    assert backward_gradient(f, x) == graph_gradient(f, x) == [pytest.approx(slope, rel=5e-16)]


@pytest.mark.parametrize(
    ("f", "arguments", "value", "slopes"),
    [
        (p.add, (2.0, 3.0), 5.0, [1, 1]),
        (p.add, (2.0, 3.0, 4.0), 9.0, [1, 1, 1]),
        (p.divide, (3.0, 4.0), 0.75, [0.25, -0.1875]),
        (p.floor_divide, (-7.0, 2.0), -4.0, [0, 0]),
        (lambda a, b: a % b, (-7.0, 2.0), 1.0, [1, 4]),  # a % b = a - floor(a / b) b
        (p.power, (2.0, 3.0), 8.0, [12, pytest.approx(5.545177444479562, rel=1e-15)]),  # 8 log 2
        (p.atan2, (3.0, 4.0), 0.6435011087932844, [pytest.approx(0.16), pytest.approx(-0.12)]),
        (p.leaky_relu, (-2.0, 0.25), -0.5, [0.25, -2]),
        (p.maximum, (2.0, 3.0), 3.0, [0, 1]),
        (p.minimum, (2.0, 3.0), 2.0, [1, 0]),
        (p.greater, (2.0, 3.0), 0.0, [0, 0]),
        (p.multiply_no_nan, (2.0, 3.0), 6.0, [3, 2]),
    ],
)
def test_value_and_slopes_of_several_arguments(f, arguments, value, slopes):
    assert f(*arguments) == value
    assert f(*map(Value, arguments)).data == value
    assert backward_gradient(f, *arguments) == slopes
    assert graph_gradient(f, *arguments) == slopes


def test_add_takes_two_or_more():
    for arguments in ([], [1.0], [Value(1.0)]):
        with pytest.raises(TypeError, match=f"two or more arguments, received {len(arguments)}"):
            p.add(*arguments)


def test_powers_that_slopes_need_no_node_for():
    x = Value(2.0)
    assert p.power(x, 1.0) is x
    assert p.power(x, 0.0) == 1.0
    assert p.power(x, 2.0).op is p.POWER


def test_add_goes_from_left_to_right():
    """1e16 + 1 + 1 loses both ones; another order keeps one, and from Python 3.12 on the built-in sum keeps both."""
    assert p.add(1e16, 1.0, 1.0, -1e16) == 0
    assert p.add(Value(1e16), 1.0, 1.0, -1e16).data == 0


# IEEE 754


@pytest.mark.parametrize(
    ("received", "expected"),
    [
        (p.divide(1, 0), inf),
        (p.divide(-1, 0), -inf),
        (p.divide(1, -0.0), -inf),
        (p.divide(0, 0), nan),
        (p.floor_divide(1, 0), inf),
        (p.floor_divide(0, 0), nan),
        (p.REMAINDER(1, 0), nan),
        (p.log(0), -inf),
        (p.log(-0.0), -inf),
        (p.log(-1), nan),
        (p.log1p(-1), -inf),
        (p.log1p(-2), nan),
        (p.sqrt(-1), nan),
        (p.exp(1000), inf),
        (p.exp(-1000), 0.0),
        (p.expm1(1000), inf),
        (p.sinh(1000), inf),
        (p.sinh(-1000), -inf),
        (p.cosh(-1000), inf),
        (p.asin(2), nan),
        (p.acosh(0.5), nan),
        (p.atanh(1), inf),
        (p.atanh(-1), -inf),
        (p.atanh(2), nan),
        (p.sin(inf), nan),
        (p.cos(-inf), nan),
        (p.tan(inf), nan),
        (p.power(-8, 1 / 3), nan),
        (p.power(0, -1), inf),
        (p.power(-0.0, -1), -inf),
        (p.power(-0.0, -2), inf),
        (p.power(10, 309), inf),
        (p.power(-10, 309), -inf),
        (p.power(-10, 310), inf),
        (p.power(10, -400), 0.0),
        (p.power(nan, 0), 1.0),
        (p.multiply_no_nan(0.0, inf), 0.0),
        (p.multiply_no_nan(0.0, nan), 0.0),
        (p.multiply_no_nan(inf, 0.0), 0.0),
        (p.multiply_no_nan(-2.0, 0.0), -0.0),
        (p.multiply_no_nan(0.0, -2.0), 0.0),
        (p.multiply_no_nan(nan, 1.0), nan),
        (p.multiply_no_nan(inf, Value(0.0)).data, 0.0),
        (Value(-2.0).leaky_relu().data, -0.02),
        (p.maximum(nan, 1), nan),
        (p.maximum(1, nan), nan),
        (p.minimum(nan, 1), nan),
        (p.minimum(1, nan), nan),
        (p.relu(nan), nan),
        (p.abs(nan), nan),
        (p.sign(nan), nan),
        (p.leaky_relu(nan), nan),
        (p.sigmoid(nan), nan),
        (p.softplus(nan), nan),
    ],
)
def test_where_python_raises_an_exception_ieee_has_a_result(received, expected):
    assert bits(received) == bits(expected)


NUMPY = {
    "add": np.add, "subtract": np.subtract, "multiply": np.multiply, "divide": np.divide, "power": np.power,
    "floor_divide": np.floor_divide, "remainder": np.remainder, "negative": np.negative, "abs": np.abs,
    "exp": np.exp, "expm1": np.expm1, "log": np.log, "log1p": np.log1p,
    "exp2": np.exp2, "log2": np.log2, "log10": np.log10, "cbrt": np.cbrt, "hypot": np.hypot, "sqrt": np.sqrt,
    "sin": np.sin, "cos": np.cos,
    "tan": np.tan, "asin": np.arcsin, "acos": np.arccos, "atan": np.arctan, "atan2": np.arctan2, "sinh": np.sinh,
    "cosh": np.cosh, "tanh": np.tanh, "asinh": np.arcsinh, "acosh": np.arccosh, "atanh": np.arctanh,
    "maximum": np.maximum, "minimum": np.minimum, "sign": np.sign, "greater": np.greater,
    "relu": lambda x: np.maximum(x, 0.0), "softplus": lambda x: np.logaddexp(x, 0.0),
}  # fmt: skip
SPECIAL = [0.0, -0.0, 5e-324, 1e-200, 0.5, 1.0, 1.5, 2.0, 3.0, 40.0, 710.0, 1e16, 1e200, 1.7e308, inf, nan]
SPECIAL += [-number for number in SPECIAL[2:-1]]


@pytest.mark.parametrize("name", NUMPY)
def test_special_values_agree_with_numpy(name):
    """NumPy as an independent witness, at all combinations of zeros, denormals, huge numbers, infinities and nan."""
    for arguments in itertools.product(SPECIAL, repeat=len(TRUTH[name].domain)):
        received = PRIMITIVES[name](*arguments)
        with np.errstate(all="ignore"):
            expected = float(NUMPY[name](*map(np.float64, arguments)))
        if name == "power" and arguments == (-inf, 0.5):
            expected = inf  # by IEEE 754 and C; NumPy takes the square root, which is nan
        assert type(received) is float
        assert received == pytest.approx(expected, rel=1e-14, abs=0, nan_ok=True), arguments


@every_row
@given(data=st.data())
@settings(max_examples=60)
def test_numbers_and_values_agree_bit_for_bit(name, data):
    """At any floats: neither raises an exception, and both return the same bits."""
    row = PRIMITIVES[name]
    numbers = data.draw(st.tuples(*[st.floats() for _ in TRUTH[name].domain]))
    received = row(*numbers)
    assert type(received) is float
    assert bits(row(*map(Value, numbers)).data) == bits(received)
    assert bits(row(Value(numbers[0]), *numbers[1:]).data) == bits(received)


@given(st.floats(), st.floats())
def test_operators_of_values_agree_with_floats(a, b):
    """Wherever Python's own operator returns a float."""
    for operate in (
        lambda a, b: a + b,
        lambda a, b: a - b,
        lambda a, b: a * b,
        lambda a, b: a / b,
        lambda a, b: a // b,
        lambda a, b: a % b,
        lambda a, b: -a,
        lambda a, b: +a,
        lambda a, b: abs(a),
    ):
        try:
            expected = operate(a, b)
        except ZeroDivisionError:
            continue
        assert bits(operate(Value(a), Value(b)).data) == bits(expected)


# Tails: constants computed by mpmath 1.3 with 60 digits


@pytest.mark.parametrize(
    ("received", "expected"),
    [
        (p.sigmoid(40.0), 1.0),
        (p.sigmoid(-40.0), 4.248354255291589e-18),
        (p.sigmoid(-700.0), 9.85967654375977e-305),
        (p.sigmoid(-745.0), 5e-324),
        (p.sigmoid(-1e308), 0.0),
        (p.softplus(-40.0), 4.248354255291589e-18),
        (p.softplus(-745.0), 5e-324),
        (p.softplus(40.0), 40.0),
        (p.softplus(1e308), 1e308),
        (p.expm1(1e-20), 1e-20),
        (p.log1p(1e-20), 1e-20),
        (p.tanh(1e-20), 1e-20),
        (p.tanh(1e308), 1.0),
        (p.atan2(1e-300, 1e300), 0.0),
    ],
)
def test_tails_are_kept(received, expected):
    assert received == pytest.approx(expected, rel=1e-15, abs=0)


@pytest.mark.parametrize(
    ("f", "x", "slope"),
    [
        (p.sigmoid, 40.0, 4.248354255291589e-18),
        (p.sigmoid, -40.0, 4.248354255291589e-18),
        (p.sigmoid, 700.0, 9.85967654375977e-305),
        (p.sigmoid, -745.0, 5e-324),
        (p.softplus, -700.0, 9.85967654375977e-305),
        (p.softplus, 1000.0, 1.0),
        (p.expm1, -700.0, 9.85967654375977e-305),
        (p.asin, 1 - 2.0**-53, 67108864.0),  # 1 / sqrt(2^-53 (2 - 2^-53)) = 2^26, rounded
        (p.asin, 1 - 2.0**-30, 23170.475011315586),  # 1 - x * x would be good to 9 digits only
        (p.acos, 1 - 2.0**-30, -23170.475011315586),
        (p.atanh, 1 - 2.0**-53, 4503599627370496.25),
        (p.acosh, 1e200, 1e-200),
        (p.erf, 30.0, 0.0),
        (p.tanh, 1000.0, 0.0),
    ],
)
def test_slopes_keep_their_tails(f, x, slope):
    assert backward_gradient(f, x) == graph_gradient(f, x) == [pytest.approx(slope, rel=1e-15, abs=0)]


def test_the_slope_of_tanh_is_the_formula_of_the_lecture():
    """1 - tanh^2 has an absolute error of 1e-16, no small relative one; the docstring says so."""
    assert backward_gradient(p.tanh, 15.0)[0] == pytest.approx(4 * math.exp(-30), abs=2.3e-16)


# Slopes at smooth points


@every_row
@given(data=st.data())
@settings(max_examples=40)
def test_slopes_are_the_closed_forms(name, data):
    truth = TRUTH[name]
    numbers = data.draw(points(name))
    assume(truth.kink(*numbers) > 0.05)
    row = PRIMITIVES[name]
    expected = [pytest.approx(partial(*numbers), rel=1e-13, abs=1e-14) for partial in truth.partials]
    assert row(*numbers) == pytest.approx(truth.value(*numbers), rel=1e-13, abs=1e-14)
    assert backward_gradient(row, *numbers) == expected
    assert graph_gradient(row, *numbers) == expected


@every_row
@given(data=st.data())
@settings(max_examples=15)
def test_slopes_are_the_finite_differences(name, data):
    """Five-point differences of the engine's own values, whose error is of order h^4."""
    numbers = data.draw(points(name))
    assume(TRUTH[name].kink(*numbers) > 0.05)
    row, h = PRIMITIVES[name], 2.0**-10
    for i, slope in enumerate(backward_gradient(row, *numbers)):
        moved = [row(*numbers[:i], numbers[i] + k * h, *numbers[i + 1 :]) for k in (-2, -1, 1, 2)]
        expected = (moved[0] - 8 * moved[1] + 8 * moved[2] - moved[3]) / (12 * h)
        assert slope == pytest.approx(expected, rel=1e-6, abs=1e-9)


@every_row
@given(data=st.data())
@settings(max_examples=4)
def test_slopes_pass_check_gradients_to_second_order(name, data):
    numbers = data.draw(points(name))
    assume(TRUTH[name].kink(*numbers) > 0.05)
    check_gradients(PRIMITIVES[name], numbers)


# Points where the derivative does not exist, or is easily got wrong: the table of the design


@pytest.mark.parametrize(
    ("f", "numbers", "slopes"),
    [
        (p.relu, [0.0], [0]),
        (p.relu, [-0.0], [0]),
        (p.abs, [0.0], [0]),
        (abs, [-0.0], [0]),
        (p.leaky_relu, [0.0], [0.01]),
        (lambda x: p.leaky_relu(x, 0.2), [0.0], [0.2]),
        (p.maximum, [3.0, 3.0], [0.5, 0.5]),
        (p.minimum, [3.0, 3.0], [0.5, 0.5]),
        (lambda x: maximum(x, 0), [0.0], [0]),
        (lambda x: maximum(0, x), [0.0], [0]),
        (lambda x: minimum(x, 0), [0.0], [0]),
        (lambda x: minimum(0, x), [0.0], [0]),
        (lambda x: maximum(x, ZERO), [0.0], [0]),
        (lambda x: minimum(ZERO, x), [0.0], [0]),
        (lambda x: maximum(x, x), [0.0], [1]),
        (lambda x: x**0, [0.0], [0]),
        (lambda x: x**1, [0.0], [1]),
        (lambda x: x**1.5, [0.0], [0]),
        (lambda x: x**2, [0.0], [0]),
        (lambda x: x**2, [-2.0], [-4]),
        (lambda x: x**3, [-2.0], [12]),
        (lambda x: x**-1, [-2.0], [-0.25]),
        (lambda y: 0**y, [2.0], [0]),
        (lambda y: 0.0**y, [0.5], [0]),
        (p.power, [0.0, 2.0], [0, 0]),
        (p.power, [0.0, 1.0], [1, 0]),
        (p.atan2, [0.0, 0.0], [0, 0]),
        (p.hypot, [0.0, 0.0], [0, 0]),
        (p.hypot, [3.0, 4.0], [0.6, 0.8]),
        (p.atan2, [0.0, 1.0], [1, 0]),
        (p.atan2, [0.0, -1.0], [-1, 0]),
        (lambda x: 1 / x, [inf], [0]),
        (lambda x: (x * x).sqrt(), [3.0], [1]),
    ],
)
def test_slopes_at_special_points(f, numbers, slopes):
    """Without a warning: pytest makes each an error."""
    assert backward_gradient(f, *numbers) == slopes
    assert graph_gradient(f, *numbers) == slopes


@pytest.mark.parametrize(
    ("f", "numbers", "slopes"),
    [
        (p.sqrt, [0.0], [inf]),
        (lambda x: x**0.5, [0.0], [inf]),
        (p.power, [-2.0, 3.0], [12, nan]),
        (p.power, [0.0, 0.0], [0, -inf]),
        (p.log, [0.0], [inf]),
        (p.log1p, [-1.0], [inf]),
        (p.asin, [1.0], [inf]),
        (p.acos, [1.0], [-inf]),
        (p.acosh, [1.0], [inf]),
        (p.atanh, [1.0], [inf]),
        (p.divide, [1.0, 0.0], [inf, -inf]),
        (p.exp, [1000.0], [inf]),
        (p.abs, [nan], [nan]),
        (p.sin, [inf], [nan]),
    ],
)
def test_slopes_that_are_not_finite(f, numbers, slopes):
    with pytest.warns(RuntimeWarning, match="a gradient is"):
        received = backward_gradient(f, *numbers)
    assert list(map(bits, received)) == [bits(float(slope)) for slope in slopes]
    assert list(map(bits, graph_gradient(f, *numbers))) == list(map(bits, received))


def test_a_mixed_derivative_of_a_power_of_fourth_order():
    """d^4 x^y / dx dy^3 = x^(y-1) (3 log^2 x + y log^3 x)."""
    x, y, log2 = Value(2.0), Value(3.0), math.log(2.0)
    received = derivative(grad(x**y, x), y, 3).data
    assert received == pytest.approx(4 * (3 * log2**2 + 3 * log2**3), rel=1e-14)


@pytest.mark.parametrize("exponent", range(6))
def test_all_derivatives_of_a_power_with_an_integer_exponent_at_zero(exponent):
    """x^n has the k-th derivative n!/(n-k)! x^(n-k), so at 0 all are 0 but the n-th, which is n!."""
    x = Value(0.0)
    received = [derivative(x**exponent, x, order).data for order in range(8)]
    assert received == [math.factorial(exponent) if order == exponent else 0 for order in range(8)]


@pytest.mark.parametrize(
    ("f", "numbers", "matrix"),
    [
        (p.relu, [0.0], [[0]]),
        (p.abs, [0.0], [[0]]),
        (p.leaky_relu, [0.0], [[0]]),
        (p.maximum, [3.0, 3.0], [[0, 0], [0, 0]]),
        (lambda x: maximum(x, 0), [0.0], [[0]]),
        (lambda x: x**1.5, [4.0], [[0.375]]),  # 3/4 x^(-1/2)
        (lambda x: x**1.5, [0.0], [[inf]]),
        (p.sqrt, [0.0], [[-inf]]),
        (p.atan2, [0.0, 1.0], [[0, -1], [-1, 0]]),
        (p.atan2, [1.0, 0.0], [[0, 1], [1, 0]]),
        (lambda x: x**2, [0.0], [[2]]),
        (p.power, [1.0, 0.0], [[0, 1], [1, 0]]),  # 0 * 1/x^2; d/dy y/x = 1; (log 1)^2
    ],
)
def test_second_derivatives_at_special_points(f, numbers, matrix):
    inputs = [Value(number) for number in numbers]
    assert [[entry.data for entry in row] for row in hessian(f(*inputs), inputs)] == matrix


# Numbers that come in


class Index:
    """Not a number, although it could be an index."""

    def __index__(self):
        return 3


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        (2, 2.0),
        (True, 1.0),
        (2.5, 2.5),
        (Fraction(1, 4), 0.25),
        (np.float64(2.5), 2.5),
        (np.float32(0.5), 0.5),
        (np.float16(0.5), 0.5),
        (np.longdouble(0.5), 0.5),
        (np.int64(-3), -3.0),
        (np.uint8(255), 255.0),
        (np.bool_(True), 1.0),
        (np.array(2.5), 2.5),
        (np.array(7), 7.0),
        (10**308, 1e308),
        (nan, nan),
        (-inf, -inf),
    ],
)
def test_as_float_takes_real_numbers(number, expected):
    received = as_float(number, "data")
    assert type(received) is float
    assert bits(received) == bits(expected)


@pytest.mark.parametrize(
    "thing",
    [
        *("1", b"1", None, 1j, np.complex128(1), [1.0], (1.0,), {}, object(), Index(), float),
        *(np.array([1.0]), np.array([[1.0]]), np.array("1"), np.array(None), Value(1.0)),
    ],
)
def test_as_float_refuses_anything_else(thing):
    with pytest.raises(TypeError, match=r"rate must be a real number .* not ") as caught:
        as_float(thing, "rate")
    assert len(str(caught.value)) < 200


@pytest.mark.parametrize("number", [10**309, -(10**309), Fraction(10**400, 3)])
def test_as_float_refuses_numbers_too_large(number):
    with pytest.raises(OverflowError, match=r"rate is too large for a float: expected less than 1.8e308"):
        as_float(number, "rate")


def test_functions_name_what_they_received():
    with pytest.raises(TypeError, match=r"argument 1 of tanh must be a real number .* not str: 'a'"):
        p.tanh("a")
    with pytest.raises(TypeError, match=r"argument 2 of atan2 must be a real number .* not NoneType"):
        p.atan2(Value(1.0), None)
    with pytest.raises(TypeError, match=r"argument 1 of exp must be a real number .* not ndarray"):
        p.exp(np.array([1.0, 2.0]))


# Derivatives over the whole range of floats, against mpmath

mp = mpmath.MPContext()
mp.dps = 1650
EXACT = {
    "divide": lambda a, b: a / b, "power": mp.power, "sqrt": mp.sqrt,
    "cbrt": lambda x: mp.sign(x) * mp.exp(mp.log(abs(x)) / 3), "hypot": lambda x, y: mp.sqrt(x * x + y * y),
    "exp": mp.exp, "expm1": lambda x: mp.exp(x) - 1, "exp2": lambda x: mp.power(2, x), "log": mp.log,
    "log1p": lambda x: mp.log(1 + x), "log2": lambda x: mp.log(x) / mp.log(2),
    "log10": lambda x: mp.log(x) / mp.log(10),
    "sin": mp.sin, "cos": mp.cos, "tan": mp.tan, "asin": mp.asin, "acos": mp.acos, "atan": mp.atan, "atan2": mp.atan2,
    "sinh": mp.sinh, "cosh": mp.cosh, "tanh": mp.tanh, "acosh": mp.acosh, "erf": mp.erf,
    "asinh": lambda x: mp.sign(x) * mp.log(abs(x) + mp.sqrt(x * x + 1)),
    "atanh": lambda x: mp.log((1 + x) / (1 - x)) / 2,
    "sigmoid": lambda x: 1 / (1 + mp.exp(-x)), "softplus": lambda x: mp.log(1 + mp.exp(x)),
    "leaky_relu": lambda x, a: x if x > 0 else a * x,
}  # fmt: skip
EXPONENTIAL = "exp expm1 exp2 sinh cosh tanh sigmoid softplus erf".split()
LEAST_NORMAL, LARGEST = 2.0**-1022, 1.7e308


def exact_derivatives(function, numbers):
    """The gradient and the Hessian, by differences of 1,650 digits with a step of 1e-330 of each number."""
    exact, step = [mp.mpf(number) for number in numbers], mp.mpf(10) ** -330
    steps = [number * step for number in exact]
    places = range(len(exact))

    def moved(*signs):
        return mp.re(function(*[x + sign * h for x, sign, h in zip(exact, signs, steps, strict=True)]))

    def unit(place):
        return np.eye(len(exact), dtype=int)[place]

    slopes = [(moved(*unit(i)) - moved(*-unit(i))) / (2 * steps[i]) for i in places]
    second = [
        [
            sum(s * t * moved(*(s * unit(i) + t * unit(j))) for s in (1, -1) for t in (1, -1))
            / (4 * steps[i] * steps[j])
            for j in places
        ]
        for i in places
    ]
    return slopes, second


@pytest.mark.parametrize("name", sorted(EXACT))
def test_derivatives_over_the_whole_range_of_floats(name):
    """Where the true number is an ordinary float, so is ours, to 9 digits: nothing overflows in between."""
    row, random = PRIMITIVES[name], Random(name)
    largest = 2.5 if name in EXPONENTIAL else 307
    variables = [Value(0.5) for _ in range(row.arity)]

    def to_second_order(*inputs):
        gradient = grad(row(*inputs), inputs)
        return gradient + [entry for slope in gradient for entry in grad(slope, inputs)]

    program = compile_program(to_second_order, variables, gradients=False, backend="python")
    tried = 0
    while tried < 12:
        numbers = [random.choice([-1, 1]) * 10 ** random.uniform(-307, largest) for _ in range(row.arity)]
        if row.arity == 2 and tried % 3 == 0:  # not far from the first number, so that both matter
            numbers[1] = min(abs(numbers[0]), 1e300) * random.choice([-1, 1]) * 10 ** random.uniform(-7, 7)
        if name == "power" and tried % 3:
            numbers = [abs(numbers[0]), random.uniform(-20, 20) if tried % 3 == 1 else numbers[1]]
        if (name == "tanh" and abs(numbers[0]) > 5) or not math.isfinite(row(*numbers)):
            continue  # tanh' is the lecture's 1 - o * o, which is 0 where tanh is 1.0
        tried += 1
        slopes, second = exact_derivatives(EXACT[name], numbers)
        true_numbers = [*slopes, *itertools.chain(*second)]
        inputs = [Value(number) for number in numbers]
        with warnings.catch_warnings(action="ignore", category=RuntimeWarning):  # where the true slope is infinite
            row(*inputs).backward()
        for way, received in [
            ("backward", [value.grad for value in inputs]),
            ("grad", [entry.data for entry in to_second_order(*inputs)]),
            ("a program", program([numbers]).outputs[0].tolist()),
        ]:
            for number, true in zip(received, true_numbers, strict=False):
                if abs(true) > LARGEST:
                    assert math.isinf(number), f"{name} at {numbers} by {way}"
                else:
                    tolerance = max(1e-9 * abs(true), 4 * LEAST_NORMAL)
                    assert abs(number - true) <= tolerance, f"{name} at {numbers} by {way}: not {mp.nstr(true, 9)}"


def test_derivatives_in_which_parts_would_cancel_or_overflow():
    x = Value(1e-200)
    assert derivative(x**x, x, 2).data == pytest.approx(1e200)  # x^x ((1 + log x)^2 + 1/x)
    y = Value(-0.5)
    assert derivative(grad(p.atan2(x, y), y), x, 2).data == pytest.approx(9.6e-199)  # 6x/y^4, as x is tiny
    assert derivative(p.cbrt(x), x, 3).data == inf  # 10/27 x^(-8/3)
    assert derivative(p.softplus(x), x, 3).data == pytest.approx(-1.25e-201)  # -x/8


def test_slopes_of_powers_have_the_same_zero_as_numbers_and_as_graphs():
    for numbers in itertools.product([0.5, 1.0, 2.0], [0.0, -0.0]):
        assert [*map(bits, graph_gradient(p.power, *numbers))] == [*map(bits, backward_gradient(p.power, *numbers))]


def test_infinities_where_the_slope_is_ordinary():
    for function, numbers, expected in [
        (p.leaky_relu, [inf, 0.1], [1.0, 0.0]),
        (p.atan2, [1.0, inf], [0.0, 0.0]),
        (p.asinh, [-inf], [0.0]),
        (p.atan, [inf], [0.0]),
        (p.erf, [-inf], [0.0]),
    ]:
        assert graph_gradient(function, *numbers) == backward_gradient(function, *numbers) == expected


# x**y where x is 0: c(y) x**(y - j) log(x)**k is 0 if c(y) is 0, or if x**(y - j) is 0


def partials_of_power(x, y, j, k):
    """The derivative of x**y, j times by x and k times by y, in every order of differentiation."""
    base, exponent = Value(x), Value(y)
    for variables in set(itertools.permutations([base] * j + [exponent] * k)):
        output = base**exponent
        for variable in variables:
            output = grad(output, variable)
        yield output.data


@pytest.mark.parametrize(("j", "k"), [(1, 1), (2, 0), (0, 2), (2, 1), (1, 2), (2, 2), (3, 1)])
def test_higher_derivatives_of_powers(j, k):
    for x, y in [(0.7, 1.3), (2.5, -1.5), (1.0, 3.0), (3.0, 2.0)]:
        true = float(mpmath.diff(mpmath.power, (x, y), (j, k)))
        for received in partials_of_power(x, y, j, k):
            assert received == pytest.approx(true, rel=1e-12, abs=1e-12)


def test_hessian_of_powers_at_zero():
    """The limits for x -> 0+: x**y goes to 0 faster than log(x) to infinity if y > 0."""
    for y, expected in [
        (2.0, [[2.0, 0.0], [0.0, 0.0]]),
        (3.0, [[0.0, 0.0], [0.0, 0.0]]),
        (1.5, [[inf, 0.0], [0.0, 0.0]]),
        (1.0, [[0.0, -inf], [-inf, 0.0]]),
        (0.5, [[-inf, -inf], [-inf, 0.0]]),
        (0.0, [[0.0, inf], [inf, inf]]),
    ]:
        inputs = [Value(0.0), Value(y)]
        assert [[entry.data for entry in row] for row in hessian(inputs[0] ** inputs[1], inputs)] == expected


@pytest.mark.parametrize("exponent", range(5))
def test_all_derivatives_of_integer_powers_at_zero(exponent):
    """n! for the n-th, 0 for all others, also if the exponent is a constant with a name."""
    for n in (float(exponent), constant(float(exponent), "n"), Value(float(exponent))):
        x = Value(0.0)
        received = [derivative(x**n, x, order).data for order in range(7)]
        assert received == [math.factorial(exponent) * float(order == exponent) for order in range(7)]
    y = Value(exponent + 0.5)
    assert [derivative(0.0**y, y, order).data for order in range(5)] == [0.0] * 5


# Composite rows: written with others, and with slopes of their own


@pytest.mark.parametrize(
    ("name", "numbers", "slopes"),
    [
        ("power", [2.0, 3.0], ["y * x ** (y - 1)", "x ** y * log(x)"]),
        ("atan", [0.5], ["1 / (1 + x ** 2)"]),
        ("atanh", [0.5], ["1 / (1 - x ** 2)"]),
        ("sigmoid", [0.5], ["sigmoid(x) * sigmoid(-x)"]),
        ("hypot", [0.5, 2.0], ["x / hypot(x, y)", "y / hypot(y, x)"]),
        ("atan2", [0.5, 2.0], ["y / (y ** 2 + x ** 2)", "-(x / (x ** 2 + y ** 2))"]),
    ],
)
def test_composite_rows_are_written_out_in_formulas_and_programs(name, numbers, slopes):
    inputs = [Value(number, label) for number, label in zip(numbers, "xy", strict=False)]
    output = PRIMITIVES[name](*inputs)
    assert [formula(entry) for entry in grad(output, inputs)] == slopes
    second = list(itertools.chain(*hessian(output, inputs)))
    expected = [float(entry) for entry in itertools.chain(*exact_derivatives(EXACT[name], numbers)[1])]
    assert [entry.data for entry in second] == pytest.approx(expected, rel=1e-12)
    for backend in ["python", "numpy", *(["llvm"] if find_spec("llvmlite") else [])]:
        program = compile_program(second, inputs, gradients=False, backend=backend)
        np.testing.assert_allclose(program([numbers, numbers]).outputs, [expected, expected], rtol=1e-12)


def test_formulas_of_powers_do_not_show_what_keeps_them_from_overflow():
    x, y = Value(2.0, "x"), Value(3.5, "y")
    assert formula(derivative(x**y, x, 2)) == "y * (y - 1) * x ** (y - 2)"


@pytest.mark.parametrize("name", [name for name in COMPOSITE if name != "power_partial"])
@pytest.mark.parametrize("numbers", [(0.75, -1.5), (-2.5, 0.375)])
def test_composite_rows_have_the_slopes_of_differences_and_the_values_of_their_formulas(name, numbers):
    row = TABLE[name]
    numbers = numbers[: row.arity]
    check_gradients(row, numbers)
    if row.formula is not None:
        assert row.formula(*numbers) == pytest.approx(row(*numbers), rel=1e-14)


def test_every_composite_row_is_tested_here():
    tested = "direction_cosine inversion inversion_slope logistic_density lorentzian one_minus_square power_partial"
    assert tested.split() == COMPOSITE


def test_a_user_defined_composite_row_runs_in_every_back_end():
    cube = Primitive("cube_of_a_test", "cube", lambda x: x * x * x, (lambda o, x: 3 * x * x,), composite=True)
    try:
        x = Value(2.0, "x")
        assert (formula(cube(x)), formula(grad(cube(x), x))) == ("x ** 2 * x", "3 * x * x")
        for backend in ["python", "numpy", *(["llvm"] if find_spec("llvmlite") else [])]:
            batch = compile_program(lambda x: cube(2 * x), [x], backend=backend)([[0.5], [-1.0]])
            assert (batch.outputs.tolist(), batch.input_gradients.tolist()) == ([[1.0], [-8.0]], [[6.0], [24.0]])
    finally:
        del PRIMITIVES["cube_of_a_test"]


@pytest.mark.parametrize("slopes", [(2, -1), (Fraction(2), True - 2), (np.float32(2), np.array(-1)), (2.0, -1.0)])
def test_a_constant_slope_may_be_any_real_number(slopes):
    row = Primitive("line_of_a_test", "line", lambda x, y: 2 * x - y, slopes)
    try:
        x, y = Value(3.0), Value(0.5)
        row(row(x, y), x).backward()
        assert [x.grad, y.grad, row.slopes] == [3, -2, (2.0, -1.0)]
        with pytest.raises(TypeError, match="a slope must be a real number"):
            Primitive("line_of_a_test", "line", lambda x, y: 2 * x - y, (2.0, "-1"))
    finally:
        del PRIMITIVES["line_of_a_test"]
