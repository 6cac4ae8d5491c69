"""The primitives in LLVM IR, on vectors of doubles: own polynomials, and glibc's vector library where it is faster.

A formula is written once, with operators, on a `Vector`, which emits an instruction for each: no loop over lanes, no
table in memory, and a branch only for arguments too rare and too hard for the formula. The results are those of
`PRIMITIVES[name].compute`: by IEEE 754 for zeros, infinities and nan, with tails kept and denormal numbers not flushed,
and otherwise within 3.5 ulp for tan, 2.5 for sinh, asin and acos, and 2.1 or less for the others: the tests measure the
errors against mpmath. The own formulas give the same bits for all widths of vectors and on all processors.

The methods are those of the textbooks (Cody & Waite, Software Manual for the Elementary Functions, 1980; Muller,
Elementary Functions, 3rd ed. 2016): an argument is reduced to a small interval, in two or three parts with fused
multiply-add so that nothing is lost; a polynomial is evaluated there; the result is put together again. Coefficients
were found by the Remez exchange in 50 digits (mpmath), for the least relative error of the *result*, and rounded to
doubles; "error 2^-58" beside them is that of the rounded polynomial. One ulp is 2^-53 to 2^-52.

Only the LLVM back end imports this module: llvmlite is an optional dependency.
"""

import ctypes
import functools
import math
import operator
import struct
import sys
from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import llvmlite.binding as llvm
from llvmlite import ir

from autograd_lite.primitives import BUILT_IN

inf, nan = math.inf, math.nan

DOUBLE = ir.DoubleType()
INTEGER = ir.IntType(64)


def _bits(number: float) -> int:
    """The bits of a double as an integer."""
    return int(struct.unpack("<q", struct.pack("<d", number))[0])


class Vector:
    """A vector of doubles (or of 64-bit integers, or of truth values) in the program that is being built.

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
        """An operation of LLVM on this vector and others, such as "sqrt"."""
        kind = self.value.type
        values = [self.value, *(self.vector(operand).value for operand in operands)]
        name = f"llvm.{name}.v{kind.count}f64"
        function = declare(self.builder.module, name, ir.FunctionType(kind, [kind] * len(values)))
        return self.new(self.builder.call(function, values))

    def _binary(self, doubles: str, integers: str, other: "Operand") -> "Vector":
        emit = getattr(self.builder, doubles if self.value.type.element == DOUBLE else integers)
        return self.new(emit(self.value, self.vector(other).value))

    def _compare(self, sign: str, other: "Operand") -> "Vector":
        emit = self.builder.fcmp_ordered if self.value.type.element == DOUBLE else self.builder.icmp_signed
        return self.new(emit(sign, self.value, self.vector(other).value))

    # fmt: off
    def __add__(self, other: "Operand") -> "Vector": return self._binary("fadd", "add", other)
    def __sub__(self, other: "Operand") -> "Vector": return self._binary("fsub", "sub", other)
    def __mul__(self, other: "Operand") -> "Vector": return self._binary("fmul", "mul", other)
    def __truediv__(self, other: "Operand") -> "Vector": return self._binary("fdiv", "sdiv", other)
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
        """Where both are equal, as truth values; == stays what it is for Python objects."""
        return self._compare("==", other)

    @property
    def isnan(self) -> "Vector":
        """Where it is nan, as truth values."""
        return self.new(self.builder.fcmp_unordered("uno", self.value, self.value))

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


def splat(kind: ir.VectorType, number: float) -> ir.Constant:
    """The constant vector of equal numbers.

    >>> print(splat(ir.VectorType(DOUBLE, 2), 1.0))
    <2 x double> <double 0x3ff0000000000000, double 0x3ff0000000000000>
    """
    return ir.Constant(kind, [ir.Constant(kind.element, number)] * kind.count)


def declare(module: ir.Module, name: str, kind: ir.FunctionType) -> ir.Function:
    """The function of that name in the module, declared there if it is not yet."""
    return module.globals.get(name) or ir.Function(module, kind, name)


# What formulas are made of


def fma(a: Vector, b: Operand, c: Operand) -> Vector:
    """a * b + c, rounded once."""
    return a.intrinsic("fma", b, c)


def where(condition: Vector, yes: Operand, no: Operand) -> Vector:
    """In each lane `yes` where the condition holds, else `no`."""
    kind = ir.VectorType(DOUBLE, condition.value.type.count)
    chosen = [x.value if isinstance(x, Vector) else splat(kind, x) for x in (yes, no)]
    return condition.new(condition.builder.select(condition.value, *chosen))


def at_most(limit: float, x: Vector) -> Vector:
    """The smaller of the two; nan stays nan (one instruction on x86)."""
    return where(x > limit, limit, x)


def at_least(limit: float, x: Vector) -> Vector:
    """The larger of the two; nan stays nan."""
    return where(x < limit, limit, x)


def sqrt(x: Vector) -> Vector:
    """The square root, rounded correctly."""
    return x.intrinsic("sqrt")


def copysign(magnitude: Operand, sign: Vector) -> Vector:
    """The magnitude with the sign of the other."""
    return sign.vector(magnitude).intrinsic("copysign", sign)


def flipped(x: Vector, odd: Vector) -> Vector:
    """x, but -x where the integer is odd."""
    return (x.bits ^ (odd << 63)).doubles


def polynomial(x: Vector, coefficients: Sequence[float]) -> Vector:
    """c0 + c1 x + c2 x^2 + ... as a polynomial in x^2 and x times another: two chains, neither of which waits.

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
    builder, kind = arguments[0].builder, arguments[0].value.type
    c_function = declare(builder.module, function, ir.FunctionType(DOUBLE, [DOUBLE] * len(arguments)))
    result = ir.Constant(kind, ir.Undefined)
    for lane in map(ir.IntType(32), range(kind.count)):
        numbers = [builder.extract_element(argument.value, lane) for argument in arguments]
        result = builder.insert_element(result, builder.call(c_function, numbers), lane)
    return arguments[0].new(result)


def rarely(hard: Vector, easy: Vector, function: str, *arguments: Vector) -> Vector:
    """`easy`, but where the lane is `hard` the function of the C library, in a branch that is otherwise skipped."""
    builder, lanes = hard.builder, hard.value.type.count
    kind = ir.FunctionType(hard.value.type.element, [hard.value.type])
    any_lane = builder.call(declare(builder.module, f"llvm.vector.reduce.or.v{lanes}i1", kind), [hard.value])
    before = builder.block
    with builder.if_then(any_lane, likely=False):
        result = builder.select(hard.value, lane_by_lane(function, *arguments).value, easy.value)
        after = builder.block
    merged = builder.phi(easy.value.type)
    merged.add_incoming(easy.value, before)
    merged.add_incoming(result, after)
    return easy.new(merged)


def fast_two_sum(a: Operand, b: Vector) -> tuple[Vector, Vector]:
    """a + b for |a| >= |b| and its rounding error, whose sum is exact (Dekker 1971)."""
    total = a + b
    return total, b - (total - a)


def two_product(a: Vector, b: Vector) -> tuple[Vector, Vector]:
    """a * b and its rounding error, whose sum is exact."""
    product = a * b
    return product, fma(a, b, -product)


# The exponential function and its family. e^x = 2^k e^r, k = round(x / log 2), |r| <= log(2) / 2.

ROUND = 1.5 * 2.0**52  # x + ROUND is x rounded to a whole number, which stands in the low bits
LOG2_E = 1.4426950408889634
LN2, LN2_REST = 0.6931471805599453, 2.3190468138462996e-17
ONE = _bits(1.0)
EXPONENT = -(2**52)  # the bits of sign and exponent
# (e^r - 1 - r) / r^2, error 2^-59.7
EXPM1 = (
    0.5, 0.16666666666666674, 0.04166666666666668, 0.008333333333322162, 0.001388888888887776, 0.00019841269886730105,
    2.4801587342065878e-05, 2.755724217948035e-06, 2.755725615548694e-07, 2.5110109090550386e-08, 2.09209684178155e-09,
)  # fmt: skip


def _expm1_reduced(x: Vector, rest: Vector | None = None) -> tuple[Vector, Vector]:
    """e^r - 1, and k + ROUND, for x and a rest far smaller; |x| < 2000.

    x - k LN2 is exact, for it needs no more bits than a double has.
    """
    shifted = fma(x, LOG2_E, ROUND)
    k = shifted - ROUND
    r = fma(k, -LN2_REST, fma(k, -LN2, x))
    if rest is not None:
        r = r + rest
    return fma(r * r, polynomial(r, EXPM1), r), shifted


def _power_of_two(shifted: Vector) -> Vector:
    """2^k, for -1023 < k < 1024; `shifted` is k + ROUND."""
    return ((shifted.bits << 52) + ONE).doubles


def _times_power_of_two(x: Vector, shifted: Vector) -> Vector:
    """x 2^k, in two steps, so that overflow comes late and a denormal result is rounded once; |k| < 2000."""
    half = (shifted.bits << 51) & EXPONENT  # k / 2 rounded down, as an exponent
    rest = (shifted.bits << 52) - half
    return x * (half + ONE).doubles * (rest + ONE).doubles


def _exp(x: Vector) -> Vector:
    return _exp_between(at_most(710.0, at_least(-746.0, x)))


def _exp_between(x: Vector) -> Vector:
    """e^x for -746 <= x <= 711: beyond, it is 0 or infinite."""
    expm1, shifted = _expm1_reduced(x)
    return _times_power_of_two(1.0 + expm1, shifted)


def _expm1(x: Vector) -> Vector:
    expm1, shifted = _expm1_reduced(at_most(709.8, at_least(-40.0, x)))
    scale = _power_of_two(shifted - 1.0)  # half of it, because 2^1024 is infinite
    return where(abs(x) < 1e-20, x, 2.0 * fma(scale, expm1, scale - 0.5))  # keeps -0 and denormals


def _tanh(x: Vector) -> Vector:
    """t = h / (h + 1), h = (e^2|x| - 1) / 2; at 20 it is 1. It is odd, and has no cancellation for |x|.

    For small |x| it is h - h t, where the errors of sum and quotient count less. There k is small too, so that what
    k log 2 is beyond k LN2 need not be multiplied by e^r, and r stays exact.
    """
    magnitude = at_most(20.0, abs(x))
    double = magnitude + magnitude
    shifted = fma(double, LOG2_E, ROUND)
    k = shifted - ROUND
    r = fma(k, -LN2, double)
    expm1 = r + fma(r * r, polynomial(r, EXPM1), k * -LN2_REST)
    half = ((shifted.bits << 52) + _bits(0.5)).doubles
    h = fma(half, expm1, half - 0.5)
    t = h / (h + 1.0)
    return copysign(where(magnitude < 0.35, fma(-h, t, h), t), x)


def _sigmoid(x: Vector) -> Vector:
    """With e = e^-|x|, which never overflows: 1 / (1 + e) for x >= 0, else s = e / (1 + e), if small as e - e s."""
    e = _exp_between(at_least(-746.0, -abs(x)))
    s = where(x >= 0.0, 1.0, e) / (1.0 + e)
    return where(x < -1.0, fma(-e, s, e), s)


# (log(1 + s) - log(1 - s) - w) / w^3 as a polynomial in w^2, where w = 2 s, s <= 1/3; error 2^-57.9
SOFTPLUS = (
    0.08333333333333288, 0.012500000000049187, 0.0022321428552994705, 0.0004340278119351995, 8.877804626591402e-05,
    1.8782423121181956e-05, 4.059130459862351e-06, 9.236303447842261e-07, 1.5906441235374974e-07,
    8.115583469414773e-08,
)  # fmt: skip


def _softplus(x: Vector) -> Vector:
    """max(x, 0) + log(1 + e), e = e^-|x| <= 1, where log(1 + e) = 2 artanh(s), s = e / (2 + e) <= 1/3."""
    e = _exp_between(at_least(-746.0, -abs(x)))
    denominator = e + 2.0
    w = (e + e) / denominator  # is e itself for a denormal e
    square = w * w
    lost = e - (denominator - 2.0)  # by rounding the denominator: w is too large by w * lost / denominator
    correction = fma(square, polynomial(square, SOFTPLUS), fma(w, 0.25, -0.5) * lost)
    return where(x > 0.0, x, 0.0) + fma(w, correction, w)


def _sinh(x: Vector) -> Vector:
    """(e + e / (e + 1)) / 2, e = e^|x| - 1; for large |x| it is e^|x| / 2, which overflows later than e^|x|."""
    magnitude = at_most(711.0, abs(x))
    expm1, shifted = _expm1_reduced(magnitude)
    scale = _power_of_two(shifted)
    e = fma(scale, expm1, scale - 1.0)
    large = _times_power_of_two(0.5 + 0.5 * expm1, shifted)
    return copysign(where(magnitude < 22.0, 0.5 * (e + e / (e + 1.0)), large), x)


def _cosh(x: Vector) -> Vector:
    """h + 1 / (4 h), h = e^|x| / 2."""
    expm1, shifted = _expm1_reduced(at_most(711.0, abs(x)))
    half = _times_power_of_two(0.5 + 0.5 * expm1, shifted)
    return half + 0.25 / half


# The logarithm and its family. x = 2^k m, sqrt(1/2) <= m < sqrt(2), log m = 2 artanh(s), s = (m - 1) / (m + 1).

SQRT_HALF = _bits(math.sqrt(0.5))
MANTISSA = 2**52 - 1
TWO_52 = 2.0**52  # whole numbers below it, in its low bits, are added to it
LN2_HIGH, LN2_LOW = 0.6931471805598903, 5.497923018708371e-14  # the first has 42 bits: its products with k are exact
# (log(1 + s) - log(1 - s) - 2 s) / s^3 as a polynomial in s^2; error 2^-58.9
LOG = (
    0.6666666666666734, 0.39999999999414315, 0.2857142874247519, 0.22222198563518022, 0.18183564862910065,
    0.153140359657085, 0.14796103902343732,
)  # fmt: skip


def _split(x: Vector) -> tuple[Vector, Vector, Vector]:
    """m, k and 1023 + k as integers, of a positive normal x."""
    shifted = x.bits + (ONE - SQRT_HALF)
    biased = shifted >> 52
    m = ((shifted & MANTISSA) + SQRT_HALF).doubles
    return m, (biased | _bits(TWO_52)).doubles - (TWO_52 + 1023), biased


def _normal(x: Vector) -> tuple[Vector, Vector]:
    """x = y 2^e for a positive x, where y is not denormal: y and e."""
    tiny = x < 2.0**-1022
    return where(tiny, x * 2.0**54, x), where(tiny, -54.0, 0.0)


def _log_sum(k: Vector, f: Vector) -> Vector:
    """k log 2 + log(1 + f), sqrt(1/2) <= 1 + f < sqrt(2).

    log(1 + f) = 2 s + s R = f - (f^2 / 2 - s (f^2 / 2 + R)), s = f / (2 + f): f is exact, so only small terms are not.
    """
    s = f / (f + 2.0)
    square = s * s
    half = 0.5 * f * f
    correction = fma(s, fma(square, polynomial(square, LOG), half), k * LN2_LOW)
    return k * LN2_HIGH - (half - correction - f)


def _log(x: Vector) -> Vector:
    normal, exponent = _normal(x)
    m, k, _ = _split(normal)
    result = where(x < inf, _log_sum(k + exponent, m - 1.0), x)  # infinity and nan are themselves
    return where(x <= 0.0, where(x < 0.0, nan, -inf), result)


def _log1p(x: Vector) -> Vector:
    """u = 1 + x is rounded; what that loses, c, is put back into f: 1 + x = 2^k (m + 2^-k c)."""
    u = x + 1.0
    added = u - 1.0
    c = (1.0 - (u - added)) + (x - added)
    m, k, biased = _split(u)
    inverse = (2046 - biased << 52).doubles  # 2^-k
    f = (m - 1.0) + where(x < 2.0**60, c * inverse, 0.0)  # beyond, c does not count, and 2^-k may be no double
    ordinary = (abs(x) > 1e-20) & (x < inf)
    return where(x <= -1.0, where(x < -1.0, nan, -inf), where(ordinary, _log_sum(k, f), x))


def _asinh(x: Vector) -> Vector:
    """log(1 + y), y = a + a^2 / (1 + sqrt(1 + a^2)), a = |x|; for huge a, whose square overflows, log(a) + log 2."""
    a = abs(x)
    square = a * a
    huge = a > 1e100
    y = where(huge, a, a + square / (1.0 + sqrt(1.0 + square)))
    return copysign(_log1p(y) + where(huge, LN2, 0.0), x)


def _acosh(x: Vector) -> Vector:
    """log(1 + y), y = t + sqrt(t^2 + 2 t), t = x - 1; for huge x, log(x) + log 2."""
    t = x - 1.0
    huge = x > 1e100
    y = where(huge, x, t + sqrt(fma(t, t, t + t)))
    return where(x < 1.0, nan, _log1p(y) + where(huge, LN2, 0.0))


def _atanh(x: Vector) -> Vector:
    """log(1 + 2 a / (1 - a)) / 2, a = |x|."""
    a = abs(x)
    return copysign(0.5 * _log1p((a + a) / (1.0 - a)), x)


# x^y = e^(y log x), where the logarithm has 66 bits, because y log x is as large as 745.

TWO_THIRDS = (0.6666666666666666, 3.700743415417188e-17)
# (log(1 + s) - log(1 - s) - 2 s - 2/3 s^3) / s^5 as a polynomial in s^2; error 2^-64.5
LOG_TAIL = (
    0.40000000000000385, 0.28571428570997276, 0.2222222236385298, 0.18181797441263992, 0.15386186824033338,
    0.13269319810591249, 0.13087565851074331,
)  # fmt: skip


def _long_log(x: Vector) -> tuple[Vector, Vector]:
    """log x for a finite x > 0, as an unevaluated sum of two doubles; each "rest" is what its double misses."""
    normal, exponent = _normal(x)
    m, k, _ = _split(normal)
    k = k + exponent
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
    expm1, shifted = _expm1_reduced(at_most(750.0, at_least(-750.0, exponent)), rest)
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
# (sin r - r) / r^3 as a polynomial in r^2, |r| <= pi/2; error 2^-57.8
SIN = (
    -0.16666666666666666, 0.008333333333333194, -0.00019841269841209145, 2.7557319211124095e-06,
    -2.5052106871567977e-08, 1.6058939642509329e-10, -7.642989805648476e-13, 2.721156885895094e-15,
)  # fmt: skip
# The same for |r| <= pi/4; error 2^-57.2
SIN_QUARTER = (
    -0.16666666666666632, 0.008333333333322413, -0.00019841269829807843, 2.755731369192335e-06,
    -2.5050758115454346e-08, 1.589679564347824e-10,
)  # fmt: skip
# (cos r - 1 + r^2 / 2) / r^4 as a polynomial in r^2, |r| <= pi/4; error 2^-61.2
COS_QUARTER = (
    0.04166666666666665, -0.0013888888888882829, 2.480158729462071e-05, -2.7557315736477134e-07,
    2.0875897450905203e-09, -1.1367967304575895e-11,
)  # fmt: skip


def _minus_multiple(x: Vector, n: Vector, unit: float) -> Vector:
    """x - n * unit * pi: the first step is exact, the second rounds once even if nearly all cancels."""
    for part in PI:
        x = fma(n, -unit * part, x)
    return x


def _odd_polynomial(r: Vector, coefficients: Sequence[float]) -> Vector:
    """r + c0 r^3 + c1 r^5 + ..., with c0 added last, so that it is rounded once."""
    square = r * r
    return fma(r * square, fma(polynomial(square, coefficients[1:]), square, coefficients[0]), r)


def _sin(x: Vector) -> Vector:
    """sin x = (-1)^n sin(x - n pi)."""
    shifted = fma(x, 1 / math.pi, ROUND)
    r = _minus_multiple(x, shifted - ROUND, 1.0)
    result = flipped(_odd_polynomial(r, SIN), shifted.bits)
    return rarely(abs(x) > LARGE, where(x.equals(0.0), x, result), "sin", x)  # keeps -0


def _cos(x: Vector) -> Vector:
    """cos x = (-1)^(n + 1) sin(x - (n + 1/2) pi)."""
    shifted = fma(x, 1 / math.pi, -0.5) + ROUND
    r = _minus_multiple(x, shifted - ROUND + 0.5, 1.0)
    return rarely(abs(x) > LARGE, flipped(-_odd_polynomial(r, SIN), shifted.bits), "cos", x)


def _tan(x: Vector) -> Vector:
    """sin r / cos r, or for an odd multiple of pi/2, -cos r / sin r."""
    shifted = fma(x, 2 / math.pi, ROUND)
    r = _minus_multiple(x, shifted - ROUND, 0.5)
    square = r * r
    sine = _odd_polynomial(r, SIN_QUARTER)
    cosine = fma(square * square, polynomial(square, COS_QUARTER), fma(square, -0.5, 1.0))
    odd = (shifted.bits & 1).equals(1)
    result = flipped(where(odd, cosine, sine) / where(odd, sine, cosine), shifted.bits)
    return rarely(abs(x) > LARGE, where(x.equals(0.0), x, result), "tan", x)


# (arctan z - z) / z^3 as a polynomial in z^2, |z| <= sqrt(2) - 1; error 2^-58.8
ATAN = (
    -0.333333333333332, 0.1999999999995404, -0.14285714280244188, 0.11111110785910114, -0.09090897829615315,
    0.07692061511061293, -0.06663118904788308, 0.058479978458361205, -0.05039794347473516, 0.03807699071847096,
    -0.017920791452492355,
)  # fmt: skip
TAN_1, TAN_3 = math.sqrt(2) - 1, math.sqrt(2) + 1  # tan(pi/8), tan(3 pi/8)


def _angle(y: Vector, x: Vector) -> Vector:
    """The angle of the point (x, y), both >= 0: it is turned by -pi/4 or -pi/2 to one within pi/8 of the x axis."""
    steep, middle = y > TAN_3 * x, y > TAN_1 * x
    z = where(steep, -x, where(middle, y - x, y)) / where(steep, y, where(middle, y + x, x))
    turn = where(steep, math.pi / 2, where(middle, math.pi / 4, 0.0))
    square = z * z
    return turn + (z + fma(z * square, polynomial(square, ATAN), turn * (PI[1] / PI[0])))


def _turned(angle: Vector, negative: Vector) -> Vector:
    """pi - angle where x is negative."""
    return where(negative, PI[0] - (angle - PI[1]), angle)


def _atan(x: Vector) -> Vector:
    return copysign(_angle(abs(x), x.vector(1.0)), x)


def _atan2(y: Vector, x: Vector) -> Vector:
    """Both are scaled, so that sums and products neither overflow nor lose bits."""
    a, b = abs(y), abs(x)
    same = a.equals(b)  # two zeros count as (1, 0), two infinities as (1, 1)
    a, b = where(same, where(a > 0.0, 1.0, 0.0), a), where(same, 1.0, b)
    larger = where(a > b, a, b)
    scale = where(larger > 1e300, 2.0**-64, where(larger < 1e-290, 2.0**64, 1.0))
    return copysign(_turned(_angle(a * scale, b * scale), x.bits < 0), y)


def _asin(x: Vector) -> Vector:
    """The angle of (sqrt(1 - x^2), x)."""
    return copysign(_angle(abs(x), sqrt((1.0 - x) * (1.0 + x))), x)


def _acos(x: Vector) -> Vector:
    """The angle of (x, sqrt(1 - x^2))."""
    return _turned(_angle(sqrt((1.0 - x) * (1.0 + x)), abs(x)), x < 0.0)


# erf(x) / x - 1 as a polynomial in x^2, |x| <= 1; error 2^-56.3
ERF = (
    0.1283791670955126, -0.3761263890318375, 0.11283791670954857, -0.026866170645072893, 0.005223977624780838,
    -0.0008548326978740622, 0.000120553310368449, -1.4925593505645053e-05, 1.646097279815068e-06,
    -1.6350025034086767e-07, 1.4657878650325638e-08, -1.1365661644367267e-09, 5.945254923277616e-11,
)  # fmt: skip
# e^(a^2) (1 - erf a) as a polynomial in 1 / (a + 2), 1 <= a <= 6; error 2^-57 of erf
ERFC = (
    1.9703265660130314e-07, 0.5641746763478043, 1.1289021361204468, 1.9633834517546287, 2.9881163208769994,
    0.8792009678752262, 14.250709124123329, -96.41922552606592, 402.86045855377085, -1467.794440707938,
    3827.806909574973, -6621.819425308436, 7411.382528800081, -5077.349404975421, 1838.6162574134796,
    -225.3135455168504,
)  # fmt: skip


def _erf(x: Vector) -> Vector:
    """x + x P(x^2) for |x| < 1, else 1 - e^(-x^2) Q(1 / (|x| + 2)); from 6 on it is 1."""
    square = x * x
    a = at_most(6.0, abs(x))
    expm1, shifted = _expm1_reduced(-(a * a))
    scale = _power_of_two(shifted)
    tail = polynomial(1.0 / (a + 2.0), ERFC) * fma(scale, expm1, scale)
    return where(a < 1.0, fma(x, polynomial(square, ERF), x), copysign(1.0 - tail, x))


# Division with a remainder, by Python's rules


def _fmod(x: Vector, y: Vector) -> Vector:
    """What is left of x / y after truncation, with the sign of x, exactly.

    A quotient below 2^53 is right, or one too large because it was rounded up; either way the fused product is exact.
    """
    quotient = x / y
    rest = fma(-quotient.intrinsic("trunc"), y, x)
    rest = where(flipped(rest, x.bits >> 63) < 0.0, rest + copysign(y, x), rest)
    return rarely(abs(quotient) >= 2.0**53, where(abs(x) < abs(y), x, rest), "fmod", x, y)


def _remainder(x: Vector, y: Vector) -> Vector:
    rest = _fmod(x, y)
    other_side = (rest < 0.0) ^ (y < 0.0)
    return where(rest.equals(0.0), copysign(0.0, y), where(other_side, rest + y, rest))


def _floor_divide(x: Vector, y: Vector) -> Vector:
    rest = _fmod(x, y)
    quotient = (x - rest) / y  # nearly whole: the two corrections below are those of Python's floatobject.c
    other_side = ((rest < 0.0) ^ (y < 0.0)) & ~rest.equals(0.0)
    quotient = where(other_side, quotient - 1.0, quotient)
    floor = quotient.intrinsic("floor")
    floor = where(quotient - floor > 0.5, floor + 1.0, floor)
    plain = x / y
    return where(y.equals(0.0), plain, where(quotient.equals(0.0), copysign(0.0, plain), floor))


def _larger(a: Vector, b: Vector) -> Vector:
    return where((b > a) | b.isnan, b, a)


def _smaller(a: Vector, b: Vector) -> Vector:
    return where((b < a) | b.isnan, b, a)


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
    "sqrt":             sqrt,
    "sin":              _sin,
    "cos":              _cos,
    "tan":              _tan,
    "asin":             _asin,
    "acos":             _acos,
    "atan":             _atan,
    "atan2":            _atan2,
    "sinh":             _sinh,
    "cosh":             _cosh,
    "tanh":             _tanh,
    "asinh":            _asinh,
    "acosh":            _acosh,
    "atanh":            _atanh,
    "erf":              _erf,
    "sigmoid":          _sigmoid,
    "softplus":         _softplus,
    "relu":             lambda x: where(x <= 0.0, 0.0, x),
    "leaky_relu":       lambda x, a: where(x <= 0.0, a * x, x),
    "maximum":          _larger,
    "minimum":          _smaller,
    "maximum_constant": _larger,
    "minimum_constant": _smaller,
    "sign":             lambda x: where(x > 0.0, 1.0, where(x < 0.0, -1.0, abs(x))),
    "greater":          lambda a, b: where(a > b, 1.0, 0.0),
    "multiply_no_nan":  lambda a, b: where(a.equals(0.0), 0.0, a * b),
}
"""How a primitive is written, by its name; all others are functions of the C library, called lane by lane."""
# fmt: on

C_FUNCTIONS = ("sin", "cos", "tan", "fmod", "fma", "floor", "trunc")
"""What is called of the C library: the first four by `rarely`, the others by LLVM on processors that lack them."""

LIBRARY_NAMES = {"erf": "erf"}
"""The functions for which glibc's vector library is taken where there is one, and what they are called there.

The error function is 1.4 times as fast there (8 lanes, Zen 4), with an error of 2.4 ulp, ours 1.2. Of the others tanh,
asinh, log1p and sinh are 1.3 to 2.4 times as slow, and tan, asin, acos and atanh at most 1.2 times as fast.
"""


@functools.cache
def register_c_function(name: str) -> bool:
    """Tell LLVM where a function of the C library is; return whether there is one of that name."""
    library = ctypes.CDLL("ucrtbase" if sys.platform == "win32" else None)
    if not hasattr(library, name):
        return False
    llvm.add_symbol(name, ctypes.cast(library[name], ctypes.c_void_p).value)
    return True


@functools.cache
def library_functions(lanes: int) -> dict[str, str]:
    """The symbols of glibc's vector library (libmvec) for vectors of so many doubles, by the name of the primitive.

    It is empty where there is no such library, or where the processor lacks the instructions it needs.
    """
    letter, feature = {2: ("b", "sse2"), 4: ("d", "avx2"), 8: ("e", "avx512f")}.get(lanes, ("", ""))
    if not llvm.get_host_cpu_features().get(feature):
        return {}
    try:
        library = ctypes.CDLL("libmvec.so.1")
    except OSError:
        return {}
    found = {}
    for name, function in LIBRARY_NAMES.items():
        arguments = "v" * (2 if name in {"power", "atan2"} else 1)
        symbol = f"_ZGV{letter}N{lanes}{arguments}_{function}"
        if hasattr(library, symbol):
            llvm.add_symbol(symbol, ctypes.cast(library[symbol], ctypes.c_void_p).value)
            found[name] = symbol
    return found


class VectorMath:
    """The primitives for one LLVM module, on vectors of one width.

    Arguments:
        module: where functions are declared and defined.
        lanes: doubles in a vector: 8, 4, 2 or 1. LLVM splits vectors that are too wide for the machine.
        library: whether glibc's vector library is used for the functions in which it is faster: None where there is
            one, True always, False never.

    Raises:
        ValueError: if the number of lanes is another one.
        OSError: if `library` is True and there is none for this width and processor.

    >>> module = ir.Module()
    >>> math = VectorMath(module, lanes=2)
    >>> f = ir.Function(module, ir.FunctionType(math.vector, [math.vector]), "f")
    >>> builder = ir.IRBuilder(f.append_basic_block())
    >>> instruction = builder.ret(math.emit("relu", builder, f.args))
    >>> print(f.blocks[0].instructions[1].opname)
    select
    >>> math.emit("leaf", builder, [])
    Traceback (most recent call last):
    ValueError: name must be that of a primitive that is computed, not 'leaf'
    """

    def __init__(self, module: ir.Module, lanes: int, library: bool | None = None) -> None:
        if lanes not in {1, 2, 4, 8}:
            raise ValueError(f"lanes must be 8, 4, 2 or 1, not {lanes}")
        for name in C_FUNCTIONS:
            register_c_function(name)
        self.module = module
        self.lanes = lanes
        self.vector = ir.VectorType(DOUBLE, lanes)
        """The type of a vector."""
        self.library = {} if library is False else library_functions(lanes)
        """The symbols of the vector library that are used, by the name of the primitive."""
        if library and not self.library:
            raise OSError(f"there is no vector library for {lanes} lanes on this machine")

    def constant(self, number: float) -> ir.Constant:
        """The vector of equal numbers."""
        return splat(self.vector, number)

    def fma(self, builder: ir.IRBuilder, a: ir.Value, b: ir.Value, c: ir.Value) -> ir.Value:
        """a * b + c, rounded once."""
        return fma(Vector(builder, a), Vector(builder, b), Vector(builder, c)).value

    def emit(self, name: str, builder: ir.IRBuilder, arguments: Sequence[ir.Value]) -> ir.Value:
        """The primitive at the builder's position.

        A row of the table without an emitter is computed by the function of the C library that has its name. It may
        begin new basic blocks; the caller goes on at `builder.block`.

        Raises:
            ValueError: if there is no such primitive, if it computes nothing (leaf, constant), or if it is
                user-defined.
        """
        if name not in EMITTERS and arguments and name in BUILT_IN and register_c_function(name):
            return lane_by_lane(name, *(Vector(builder, argument) for argument in arguments)).value
        if name not in EMITTERS:
            raise ValueError(f"name must be that of a primitive that is computed, not {name!r}")
        if name in self.library:
            kind = ir.FunctionType(self.vector, [self.vector] * len(arguments))
            return builder.call(declare(self.module, self.library[name], kind), arguments)
        return EMITTERS[name](*(Vector(builder, argument) for argument in arguments)).value

    def call(self, name: str, builder: ir.IRBuilder, arguments: Sequence[ir.Value]) -> ir.Value:
        """The same as a call of a function of the module, which is defined when it is first called.

        Raises:
            ValueError: as `emit` does.
        """
        symbol = f"autograd.{name}.{len(arguments)}x{self.lanes}"
        function: Any = self.module.globals.get(symbol)
        if function is None:
            function = ir.Function(self.module, ir.FunctionType(self.vector, [self.vector] * len(arguments)), symbol)
            function.linkage = "internal"
            function.attributes.add("nounwind")
            body = ir.IRBuilder(function.append_basic_block())
            body.ret(self.emit(name, body, function.args))
        return builder.call(function, arguments)
