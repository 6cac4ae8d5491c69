"""The primitives in LLVM IR, on vectors of doubles.

The functions that networks are made of (exp, log, tanh, sigmoid, softplus, power, sin, cos) are formulas over vectors:
a formula is written once, with operators, on a `Vector`, which emits an instruction for each. There is no loop over
lanes and no table in memory, and a branch only for arguments that are too rare and too hard for the formula. All other
rows of the table are functions of the C library, called lane by lane: a new row needs nothing here.

The results equal `PRIMITIVES[name].compute`'s: by IEEE 754 for zeros, infinities and nan, with tails
kept and denormal numbers not flushed, and otherwise within 2.1 ulp: the tests measure the errors against mpmath. The
formulas return the same bits for all widths of vectors and on all processors.

The methods are found in textbooks (Cody & Waite, Software Manual for the Elementary Functions, 1980; Muller, Elementary
Functions, 3rd ed. 2016): an argument is reduced to a small interval, in two or three parts with fused multiply-add so
that nothing is lost; a polynomial is evaluated there; the result is put together again. Coefficients were found by the
Remez exchange (`tests/coefficients.py`) for the least relative error of the *result*, and rounded to doubles; "error
2^-58" beside them is the error of the rounded polynomial. One ulp is 2^-53 to 2^-52 of a number.

Only the LLVM back end imports this module: llvmlite is an optional dependency.
"""

import ctypes
import functools
import math
import operator
import sys
from collections.abc import Callable, Sequence
from typing import TypeAlias

import llvmlite.binding as llvm
from llvmlite import ir

from autograd_lite.primitives import BUILT_IN

inf, nan = math.inf, math.nan

DOUBLE = ir.DoubleType()
INTEGER = ir.IntType(64)


class Vector:
    """A vector of doubles, of 64-bit integers or of truth values, or one of them, in the program that is being built.

    Arithmetic emits an instruction at the builder's position; a number stands for a vector of equal numbers.
    Comparisons with nan are false.

    Arguments:
        builder: where instructions go.
        value: the vector itself.

    >>> function = ir.Function(ir.Module(), ir.FunctionType(ir.VoidType(), [ir.VectorType(DOUBLE, 2)]), "f")
    >>> builder = ir.IRBuilder(function.append_basic_block())
    >>> (-Vector(builder, function.args[0])).value.opname
    'fneg'
    """

    __slots__ = ("builder", "value")

    def __init__(self, builder: ir.IRBuilder, value: ir.Value) -> None:
        self.builder = builder
        self.value = value

    def new(self, value: ir.Value) -> "Vector":
        """A vector of the same program."""
        return Vector(self.builder, value)

    def vector(self, operand: "Operand") -> "Vector":
        """The operand; if it is a number, as many of it as there are lanes here, and of the same type."""
        return operand if isinstance(operand, Vector) else self.new(splat(self.value.type, operand))

    def intrinsic(self, name: str, *operands: "Operand") -> "Vector":
        """An operation of LLVM on this vector and others, for example "sqrt"."""
        kind = self.value.type
        values = [self.value, *(self.vector(operand).value for operand in operands)]
        name = f"llvm.{name}.v{kind.count}f64"
        function = declare(self.builder.module, name, ir.FunctionType(kind, [kind] * len(values)))
        return self.new(self.builder.call(function, values))

    def _binary(self, doubles: str, integers: str, other: "Operand", *sign: str) -> "Vector":
        """Emit the instruction of one name for doubles, of another for the rest; a comparison has a sign, too."""
        kind = self.value.type
        emit = getattr(self.builder, doubles if getattr(kind, "element", kind) == DOUBLE else integers)
        return self.new(emit(*sign, self.value, self.vector(other).value))

    def _compare(self, sign: str, other: "Operand") -> "Vector":
        return self._binary("fcmp_ordered", "icmp_signed", other, sign)

    # fmt: off
    def __add__(self, other: "Operand") -> "Vector": return self._binary("fadd", "add", other)
    def __sub__(self, other: "Operand") -> "Vector": return self._binary("fsub", "sub", other)
    def __mul__(self, other: "Operand") -> "Vector": return self._binary("fmul", "mul", other)
    def __truediv__(self, other: "Operand") -> "Vector": return self._binary("fdiv", "", other)
    def __floordiv__(self, other: int) -> "Vector": return self._binary("", "sdiv", other)
    def __and__(self, other: "Operand") -> "Vector": return self._binary("and_", "and_", other)
    def __or__(self, other: "Operand") -> "Vector": return self._binary("or_", "or_", other)
    def __xor__(self, other: "Operand") -> "Vector": return self._binary("xor", "xor", other)
    def __lshift__(self, other: "Operand") -> "Vector": return self._binary("shl", "shl", other)
    def __rshift__(self, other: "Operand") -> "Vector": return self._binary("lshr", "lshr", other)
    def __lt__(self, other: "Operand") -> "Vector": return self._compare("<", other)
    def __le__(self, other: "Operand") -> "Vector": return self._compare("<=", other)
    def __gt__(self, other: "Operand") -> "Vector": return self._compare(">", other)
    def __ge__(self, other: "Operand") -> "Vector": return self._compare(">=", other)
    def __radd__(self, other: float) -> "Vector": return self.vector(other) + self  # 1.0 + x
    def __rsub__(self, other: float) -> "Vector": return self.vector(other) - self  # 1.0 - x
    def __rmul__(self, other: float) -> "Vector": return self.vector(other) * self  # 2.0 * x
    def __rtruediv__(self, other: float) -> "Vector": return self.vector(other) / self  # 1.0 / x
    def __invert__(self) -> "Vector": return self.new(self.builder.not_(self.value))
    def __neg__(self) -> "Vector": return self.new(self.builder.fneg(self.value))
    def __abs__(self) -> "Vector": return self.intrinsic("fabs")
    # fmt: on

    def equals(self, other: "Operand") -> "Vector":
        """Return where both are equal, as truth values; == stays what it is for Python objects."""
        return self._compare("==", other)

    @property
    def bits(self) -> "Vector":
        """The bits of the doubles, as integers."""
        return self.new(self.builder.bitcast(self.value, ir.VectorType(INTEGER, self.value.type.count)))

    @property
    def doubles(self) -> "Vector":
        """The doubles that have these integers as their bits."""
        return self.new(self.builder.bitcast(self.value, ir.VectorType(DOUBLE, self.value.type.count)))


Operand: TypeAlias = Vector | float
"""What an operator takes: a vector, or a number that stands for a vector of equal numbers."""


def splat(kind: ir.Type, number: float) -> ir.Constant:
    """The constant vector of equal numbers; the number itself if the type is not one of vectors.

    >>> print(splat(ir.VectorType(DOUBLE, 2), 1.0))
    <2 x double> <double 0x3ff0000000000000, double 0x3ff0000000000000>
    """
    if not isinstance(kind, ir.VectorType):
        return ir.Constant(kind, number)
    return ir.Constant(kind, [ir.Constant(kind.element, number)] * kind.count)


def declare(module: ir.Module, name: str, kind: ir.FunctionType) -> ir.Function:
    """The function of that name in the module, declared there if it is not yet."""
    return module.globals.get(name) or ir.Function(module, kind, name)


# What formulas are made of


def fma(a: Vector, b: Operand, c: Operand) -> Vector:
    """Return a * b + c, rounded once."""
    return a.intrinsic("fma", b, c)


def where(condition: Vector, yes: Operand, no: Operand) -> Vector:
    """Return `yes` in the lanes where the condition holds, else `no`."""
    kind = ir.VectorType(DOUBLE, condition.value.type.count)
    chosen = [x.value if isinstance(x, Vector) else splat(kind, x) for x in (yes, no)]
    return condition.new(condition.builder.select(condition.value, *chosen))


def between(low: float, x: Vector, high: float) -> Vector:
    """Return x, but `low` where it is smaller, and `high` where it is larger; nan stays nan."""
    x = where(x < low, low, x)
    return where(x > high, high, x)


def copysign(magnitude: Operand, sign: Vector) -> Vector:
    """Return the magnitude with the sign of the other."""
    return sign.vector(magnitude).intrinsic("copysign", sign)


def flipped(x: Vector, odd: Vector) -> Vector:
    """Return x, but -x where the integer is odd."""
    return (x.bits ^ (odd << 63)).doubles


def polynomial(x: Vector, coefficients: Sequence[float]) -> Vector:
    """Return c0 + c1 x + c2 x^2 + ... as P(x^2) + x Q(x^2): two chains of operations, which can run at the same time.

    More chains, as in Estrin's scheme, need more products, and so were slower wherever other work was at hand.
    """
    square = x * x
    chains = []
    for part in (coefficients[::2], coefficients[1::2]):
        chain = x.vector(part[-1])
        for c in part[-2::-1]:
            chain = fma(chain, square, c)
        chains.append(chain)
    return fma(chains[1], x, chains[0])


def lane_by_lane(function: str, *arguments: Vector) -> Vector:
    """Call the function of the C library of that name once for each lane."""
    register_c_function(function)
    builder, kind = arguments[0].builder, arguments[0].value.type
    c_function = declare(builder.module, function, ir.FunctionType(DOUBLE, [DOUBLE] * len(arguments)))
    result = ir.Constant(kind, ir.Undefined)
    for lane in map(ir.IntType(32), range(kind.count)):
        numbers = [builder.extract_element(argument.value, lane) for argument in arguments]
        result = builder.insert_element(result, builder.call(c_function, numbers), lane)
    return arguments[0].new(result)


def phi(*incoming: tuple[Vector, ir.Block]) -> Vector:
    """The value that comes from the block that was left last."""
    first = incoming[0][0]
    merged = first.builder.phi(first.value.type)
    for vector, block in incoming:
        merged.add_incoming(vector.value, block)
    return first.new(merged)


def rarely(hard: Vector, easy: Vector, function: str, *arguments: Vector) -> Vector:
    """Return `easy`, but in `hard` lanes the function of the C library; without such lanes, its branch is skipped."""
    builder, lanes = hard.builder, hard.value.type.count
    kind = ir.FunctionType(hard.value.type.element, [hard.value.type])
    any_lane = builder.call(declare(builder.module, f"llvm.vector.reduce.or.v{lanes}i1", kind), [hard.value])
    before = builder.block
    with builder.if_then(any_lane, likely=False):
        result = where(hard, lane_by_lane(function, *arguments), easy)
        after = builder.block
    return phi((easy, before), (result, after))


def fast_two_sum(a: Operand, b: Vector) -> tuple[Vector, Vector]:
    """Return a + b for |a| >= |b|, and its rounding error, whose sum is exact (Dekker 1971)."""
    total = a + b
    return total, b - (total - a)


def two_product(a: Vector, b: Vector) -> tuple[Vector, Vector]:
    """Return a * b, and its rounding error, whose sum is exact."""
    product = a * b
    return product, fma(a, b, -product)


# The exponential function and its family. e^x = 2^k e^r, k = round(x / log 2), |r| <= log(2) / 2.

ROUND = 1.5 * 2.0**52  # x + ROUND is x rounded to an integer, which stands in the low bits
LOG2_E = 1.4426950408889634
LN2, LN2_REST = 0.6931471805599453, 2.3190468138462996e-17
ONE = 1023 << 52  # the bits of 1.0
EXPONENT = -(2**52)  # the bits of sign and exponent
# (e^r - 1 - r) / r^2, error 2^-60.5
EXPM1 = (
    0.5, 0.16666666666666677, 0.0416666666666667, 0.008333333333321636, 0.0013888888888866832,
    0.00019841269886108825, 2.4801587360568262e-05, 2.755724423273996e-06, 2.7557242750565526e-07,
    2.510902681590273e-08, 2.092444548542155e-09,
)  # fmt: skip


def _expm1_reduced(x: Vector, rest: Operand = 0.0) -> tuple[Vector, Vector]:
    """Return e^r - 1, and k + ROUND, for x and a rest that is far smaller; |x| < 2000.

    x - k LN2 is exact, because it needs no more bits than a double has; what is still to be subtracted is added last.
    """
    shifted = fma(x, LOG2_E, ROUND)
    k = shifted - ROUND
    exact, tail = fma(k, -LN2, x), fma(k, -LN2_REST, rest)
    r = exact + tail
    return exact + fma(r * r, polynomial(r, EXPM1), tail), shifted


def _times_power_of_two(x: Vector, shifted: Vector) -> Vector:
    """Return x 2^k, in two steps, so that overflow comes late and a denormal result is rounded once; |k| < 2000."""
    half = (shifted.bits << 51) & EXPONENT  # k / 2 rounded down, as an exponent
    rest = (shifted.bits << 52) - half
    return x * (half + ONE).doubles * (rest + ONE).doubles


def _exp(x: Vector) -> Vector:
    """e^x = 2^k (1 + expm1(r)); below -746 it is 0, above 710 infinite."""
    expm1, shifted = _expm1_reduced(between(-746.0, x, 710.0))
    return _times_power_of_two(1.0 + expm1, shifted)


def _half_expm1(x: Vector) -> Vector:
    """(e^x - 1) / 2 = (2^k expm1(r) + 2^k - 1) / 2, halved because 2^1024 is infinite."""
    expm1, shifted = _expm1_reduced(x)
    half = (((shifted - 1.0).bits << 52) + ONE).doubles  # 2^(k - 1), for -1023 < k - 1 < 1024
    return fma(half, expm1, half - 0.5)


def _expm1(x: Vector) -> Vector:
    """e^x - 1; near 0 it is x, which keeps -0 and denormal numbers."""
    return where(abs(x) < 1e-20, x, 2.0 * _half_expm1(between(-40.0, x, 709.8)))


def _tanh(x: Vector) -> Vector:
    """t = h / (h + 1), h = (e^2|x| - 1) / 2: there is no cancellation for |x|, and tanh is odd; at 20 it is 1.

    For small |x| it is h - h t, where the rounding errors of the sum and of the quotient count less.
    """
    magnitude = between(0.0, abs(x), 20.0)
    h = _half_expm1(magnitude + magnitude)
    t = h / (h + 1.0)
    return copysign(where(magnitude < 0.35, fma(-h, t, h), t), x)


def _sigmoid(x: Vector) -> Vector:
    """1 / (1 + e) for x >= 0, where e = e^-|x| never overflows, else s = e / (1 + e), if small as e - e s."""
    e = _exp(-abs(x))
    s = where(x >= 0.0, 1.0, e) / (1.0 + e)
    return where(x < -1.0, fma(-e, s, e), s)


def _softplus(x: Vector) -> Vector:
    """max(x, 0) + log(1 + e^-|x|), which never overflows."""
    return where(x > 0.0, x, 0.0) + _log1p(_exp(-abs(x)))


# The logarithm and its family. x = 2^k m, sqrt(1/2) <= m < sqrt(2), log m = 2 artanh(s), s = (m - 1) / (m + 1).

SQRT_HALF = 0x3FE6A09E667F3BCD  # the bits of sqrt(1/2)
MANTISSA = 2**52 - 1
TWO_52 = 2.0**52  # an integer below it, put into its low bits, is added to it
LN2_HIGH, LN2_LOW = 0.6931471805598903, 5.497923018708371e-14  # the first has 42 bits: its products with k are exact
# (log(1 + s) - log(1 - s) - 2 s) / s^3 as a polynomial in s^2; error 2^-59.1
LOG = (
    0.6666666666666733, 0.3999999999942133, 0.28571428741126903, 0.22222198687648392, 0.18183558935908514,
    0.1531417756361472, 0.14794765321907238,
)  # fmt: skip


def _split(x: Vector) -> tuple[Vector, Vector]:
    """Return m and k of a positive finite x."""
    tiny = x < 2.0**-1022  # a denormal number is made a normal one first
    shifted = where(tiny, x * 2.0**54, x).bits + (ONE - SQRT_HALF)
    k = ((shifted >> 52) | ((1023 + 52) << 52)).doubles - where(tiny, TWO_52 + 1023 + 54, TWO_52 + 1023)
    return ((shifted & MANTISSA) + SQRT_HALF).doubles, k


def _log(x: Vector, rest: Vector | None = None) -> Vector:
    """log(x + rest) = k log 2 + log(1 + f) + rest / x, f = m - 1, which is exact, for a rest far smaller than x.

    log(1 + f) = 2 s + s R = f - (f^2 / 2 - s (f^2 / 2 + R)), s = f / (2 + f): only small terms are rounded.
    """
    m, k = _split(x)
    f = m - 1.0
    s = f / (f + 2.0)
    square = s * s
    half = 0.5 * f * f
    correction = fma(s, fma(square, polynomial(square, LOG), half), k * LN2_LOW)
    if rest is not None:
        correction = correction + where(abs(rest) > 0.0, rest / x, 0.0)
    result = where(x < inf, k * LN2_HIGH - (half - correction - f), x)  # infinity and nan are themselves
    return where(x <= 0.0, where(x < 0.0, nan, -inf), result)


def _log1p(x: Vector) -> Vector:
    """Return the logarithm of 1 + x, from the rounded sum and what its rounding loses."""
    total = 1.0 + x
    added = total - 1.0
    return copysign(_log(total, (1.0 - (total - added)) + (x - added)), x)


# x^y = e^(y log x), where the logarithm has 66 bits, because y log x is as large as 745.

TWO_THIRDS = (0.6666666666666666, 3.700743415417188e-17)
# (log(1 + s) - log(1 - s) - 2 s - 2/3 s^3) / s^5 as a polynomial in s^2; error 2^-65.9
LOG_TAIL = (
    0.4000000000000207, 0.2857142857017531, 0.22222222508159714, 0.18181785284185695, 0.15386719051433467,
    0.13257635733276874, 0.1318929329293048,
)  # fmt: skip


def _long_log(x: Vector) -> tuple[Vector, Vector]:
    """Return log x for a finite x > 0, as an unevaluated sum of two doubles; each "rest" is what its double misses."""
    m, k = _split(x)
    f, d = m - 1.0, m + 1.0
    inverse = 1.0 / d
    s = f * inverse
    s_rest = fma(-s, m - (d - 1.0), fma(-s, d, f)) * inverse
    square, square_rest = two_product(s, s)
    square_rest = fma(s + s, s_rest, square_rest)
    factor, factor_rest = fast_two_sum(TWO_THIRDS[0], square * polynomial(square, LOG_TAIL))
    factor_rest = factor_rest + TWO_THIRDS[1]
    cube, cube_rest = two_product(square, s)
    cube_rest = fma(square_rest, s, fma(square, s_rest, cube_rest))
    term, term_rest = two_product(cube, factor)
    term_rest = fma(cube, factor_rest, fma(cube_rest, factor, term_rest))
    total, rest = fast_two_sum(k * LN2_HIGH, s + s)
    total, more = fast_two_sum(total, term)
    return fast_two_sum(total, rest + more + fma(k, LN2_LOW, fma(s_rest, 2.0, term_rest)))


def _power(x: Vector, y: Vector) -> Vector:
    """By IEEE 754: 1^y = x^0 = 1 even for nan; (-1)^inf = 1; a root of a negative finite number is nan."""
    a = abs(x)
    log, log_rest = _long_log(a)
    log = where(a < inf, where(a.equals(0.0), -inf, log), a)
    exponent = y * log
    rest = fma(y, log, -exponent) + y * log_rest
    rest = where(abs(exponent) < 750.0, rest, 0.0)
    expm1, shifted = _expm1_reduced(between(-750.0, exponent, 750.0), rest)
    magnitude = _times_power_of_two(1.0 + expm1, shifted)
    magnitude = where(y.equals(0.0) | x.equals(1.0) | (a.equals(1.0) & abs(y).equals(inf)), 1.0, magnitude)
    half = 0.5 * y
    whole = y.intrinsic("floor").equals(y)
    even = half.intrinsic("floor").equals(half)
    root = (x < 0.0) & (a < inf) & ~whole
    return where(root, nan, where(whole & ~even, copysign(magnitude, x), magnitude))


# Angles. Multiples of pi are subtracted in three parts; beyond 2^30 they would not suffice, and C has its turn.

LARGE = 2.0**30
PI = (3.141592653589793, 1.2246467991473532e-16, -2.9947698097183397e-33)
# (sin r - r) / r^3 as a polynomial in r^2, |r| <= pi/2; error 2^-58.9
SIN = (
    -0.16666666666666666, 0.008333333333333214, -0.000198412698412159, 2.7557319212224764e-06,
    -2.5052106967892458e-08, 1.6058944288260958e-10, -7.643106160844646e-13, 2.7223389411858163e-15,
)  # fmt: skip


def _sin_reduced(x: Vector, n: Vector) -> Vector:
    """sin r = r + r^3 P(r^2), r = x - n pi.

    The first step of the subtraction is exact, the second rounds once even if nearly all cancels.
    """
    r = x
    for part in PI:
        r = fma(n, -part, r)
    square = r * r
    return fma(r * square, fma(polynomial(square, SIN[1:]), square, SIN[0]), r)


def _sin(x: Vector) -> Vector:
    """sin x = (-1)^n sin(x - n pi)."""
    shifted = fma(x, 1 / math.pi, ROUND)
    result = flipped(_sin_reduced(x, shifted - ROUND), shifted.bits)
    return rarely(abs(x) > LARGE, where(x.equals(0.0), x, result), "sin", x)  # keeps -0


def _cos(x: Vector) -> Vector:
    """cos x = (-1)^(n + 1) sin(x - (n + 1/2) pi)."""
    shifted = fma(x, 1 / math.pi, -0.5) + ROUND
    result = flipped(-_sin_reduced(x, shifted - ROUND + 0.5), shifted.bits)
    return rarely(abs(x) > LARGE, result, "cos", x)


# Division with a remainder, by Python's rules


def _remainder(x: Vector, y: Vector) -> Vector:
    rest = lane_by_lane("fmod", x, y)
    other_side = (rest < 0.0) ^ (y < 0.0)
    return where(rest.equals(0.0), copysign(0.0, y), where(other_side, rest + y, rest))


def _floor_divide(x: Vector, y: Vector) -> Vector:
    rest = lane_by_lane("fmod", x, y)
    quotient = (x - rest) / y  # nearly an integer: the two corrections below follow Python's floatobject.c
    other_side = ((rest < 0.0) ^ (y < 0.0)) & ~rest.equals(0.0)
    quotient = where(other_side, quotient - 1.0, quotient)
    floor = quotient.intrinsic("floor")
    floor = where(quotient - floor > 0.5, floor + 1.0, floor)
    plain = x / y
    return where(y.equals(0.0), plain, where(quotient.equals(0.0), copysign(0.0, plain), floor))


def _maximum(a: Vector, b: Vector) -> Vector:
    zeros = a.equals(0.0) & b.equals(0.0)  # 0 is larger than -0
    return where(zeros, a + b, where((b > a) | ~b.equals(b), b, a))


def _minimum(a: Vector, b: Vector) -> Vector:
    return -_maximum(-a, -b)


def _multiply_no_nan(a: Vector, b: Vector) -> Vector:
    product = a * b
    return where(a.equals(0.0) | (b.equals(0.0) & ~product.equals(product)), 0.0, product)  # nan is not equal to itself


# How each primitive is emitted

# fmt: off
EMITTERS: dict[str, Callable[..., Vector]] = {
    "add":              lambda *terms: functools.reduce(operator.add, terms),
    "subtract":         operator.sub,
    "multiply":         operator.mul,
    "divide":           operator.truediv,
    "floor_divide":     _floor_divide,
    "remainder":        _remainder,
    "power":            _power,
    "negative":         operator.neg,
    "abs":              abs,
    "exp":              _exp,
    "expm1":            _expm1,
    "log":              _log,
    "log1p":            _log1p,
    "sqrt":             lambda x: x.intrinsic("sqrt"),
    "sin":              _sin,
    "cos":              _cos,
    "tanh":             _tanh,
    "sigmoid":          _sigmoid,
    "softplus":         _softplus,
    "relu":             lambda x: where(x <= 0.0, 0.0, x),
    "leaky_relu":       lambda x, a: where(x <= 0.0, a * x, x),
    "maximum":          _maximum,
    "minimum":          _minimum,
    "maximum_constant": _maximum,
    "minimum_constant": _minimum,
    "sign":             lambda x: where(x > 0.0, 1.0, where(x < 0.0, -1.0, abs(x))),
    "greater":          lambda a, b: where(a > b, 1.0, 0.0),
    "multiply_no_nan":  _multiply_no_nan,
}
"""How a primitive is written, by its name; all others are functions of the C library, called lane by lane."""
# fmt: on


@functools.cache
def register_c_function(name: str) -> bool:
    """Tell LLVM where a function of the C library is; return whether there is one of that name."""
    library = ctypes.CDLL("ucrtbase" if sys.platform == "win32" else None)
    if not hasattr(library, name):
        return False
    llvm.add_symbol(name, ctypes.cast(library[name], ctypes.c_void_p).value)
    return True


for needed in ("fma", "floor", "trunc"):  # LLVM itself calls them, on processors that have no instruction for them
    register_c_function(needed)


def emit(name: str, *arguments: Vector) -> Vector:
    """The primitive of that name, at the position of the builder; it may begin new basic blocks.

    A row of the table without an emitter is computed by the function of the C library that has its name.

    Raises:
        ValueError: if there is no such primitive, if it computes nothing (leaf, constant), or if it is user-defined.

    >>> kind = ir.VectorType(DOUBLE, 2)
    >>> function = ir.Function(ir.Module(), ir.FunctionType(kind, [kind]), "f")
    >>> emit("relu", Vector(ir.IRBuilder(function.append_basic_block()), function.args[0])).value.opname
    'select'
    """
    if name in EMITTERS:
        return EMITTERS[name](*arguments)
    if name in BUILT_IN and arguments and register_c_function(name):
        return lane_by_lane(name, *arguments)
    raise ValueError(f"name must be the name of a primitive that is computed, not {name!r}")


def call(name: str, *arguments: Vector) -> Vector:
    """The same as a call of a function of the module, which is defined when it is first called.

    Raises:
        ValueError: as `emit` does.
    """
    builder, kind = arguments[0].builder, arguments[0].value.type
    symbol = f"autograd.{name}.{len(arguments)}x{kind.count}"
    function = declare(builder.module, symbol, ir.FunctionType(kind, [kind] * len(arguments)))
    if function.is_declaration:
        function.linkage = "internal"
        function.attributes.add("nounwind")
        body = ir.IRBuilder(function.append_basic_block())
        body.ret(emit(name, *(Vector(body, argument) for argument in function.args)).value)
    return arguments[0].new(builder.call(function, [argument.value for argument in arguments]))
