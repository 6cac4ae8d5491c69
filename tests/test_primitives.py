"""The table of primitives: values, slopes, and what happens at the edges of floating-point arithmetic."""

import itertools
import math
import warnings
from fractions import Fraction
from importlib.util import find_spec
from random import Random

import mpmath
import numpy as np
import pytest
from anywhere.test_primitives import (
    SPECIAL,
    backward_gradient,
    bits,
    every_row,
    graph_gradient,
    inf,
    nan,
)
from dual_numbers import TRUTH
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from autograd_lite import (
    PRIMITIVES,
    Primitive,
    Value,
    check_gradients,
    compile_program,
    formula,
    grad,
    hessian,
)  # fmt: skip
from autograd_lite import primitives as p
from autograd_lite.primitives import as_float


def points(name):
    """Points at which the function is smooth."""
    truth = TRUTH[name]
    return st.tuples(*[st.floats(low, high) for low, high in truth.domain])


# The table as a whole


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


# IEEE 754


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
EXPONENTIAL = "exp expm1 exp2 sinh cosh tanh sigmoid softplus erf".split()
LEAST_NORMAL, LARGEST = 2.0**-1022, 1.7e308
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
    while tried < 9:
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
