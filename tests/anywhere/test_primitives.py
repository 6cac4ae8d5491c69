"""The table of primitives: values, slopes, and what happens at the edges of floating-point arithmetic."""

import itertools
import math
import pickle
import struct
from fractions import Fraction

import pytest
from dual_numbers import TRUTH

import autograd_lite
from autograd_lite import (
    PRIMITIVES,
    Primitive,
    Value,
    check_gradients,
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


@pytest.mark.parametrize("y", [-0.5, -1.5, 2.5])
def test_the_first_slope_of_a_power_has_one_power(y):
    """To the last bit: what keeps higher ones from overflow is left out."""
    for x in (0.3, 0.7, 1.1, 1e-9):
        assert p.POWER_PARTIAL(x, y, 1.0, 0.0) == y * math.pow(x, y - 1)


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


SPECIAL = [0.0, -0.0, 5e-324, 1e-200, 0.5, 1.0, 1.5, 2.0, 3.0, 40.0, 710.0, 1e16, 1e200, 1.7e308, inf, nan]
SPECIAL += [-number for number in SPECIAL[2:-1]]


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


@pytest.mark.parametrize("number", [10**309, -(10**309), Fraction(10**400, 3)])
def test_as_float_refuses_numbers_too_large(number):
    with pytest.raises(OverflowError, match=r"rate is too large for a float: expected less than 1.8e308"):
        as_float(number, "rate")


# Derivatives over the whole range of floats


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
