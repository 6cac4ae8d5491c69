"""The table of primitives, and the functions exp, tanh, ... that take numbers or Values.

Each row holds only mathematics: a name, the symbol it is written with, how it is computed, and one slope (local
partial derivative) for each argument. A slope is a function of the result and the arguments, `slope(out, *arguments)`,
written with the primitives themselves, or just a number where it is constant. So the same line returns a number for
numbers, another graph for Values, and a formula for Values with names.

Arithmetic follows IEEE 754, like NumPy, PyTorch and JAX: where Python's `math` raises an exception, the result here is
an infinity or nan ("not a number", for example 0 / 0; it is not equal to anything, so x != x only if x is nan). There
are two zeros, equal to each other: divide(1, 0.0) is inf, and divide(1, -0.0) is -inf. Where a derivative does not
exist, the slope is the subgradient of least norm, or else follows by continuity.

A slope that is an ordinary float does not overflow on the way, unless an argument is subnormal (less than 2.2e-308):
then a slope of x**y or atan2 may. Higher derivatives may too: see `power`; the third one of erf is nan above 9e307.

Annotations, as in `x: Number`, are for type checkers; Python ignores them, and so may the reader. `def f(*numbers)`
collects any number of arguments in a tuple, and the call `f(*numbers)` passes the entries of a tuple or list as
arguments.
"""

# `operator` has operators as functions, `reprlib` shortens texts in error messages, `reduce` repeats a function of two
# arguments, `partial` fixes some arguments of a function, `combinations` lists choices, and Real is any real number.
# The names from `collections.abc` and `typing` are for annotations.
import math
import operator
import reprlib
from collections.abc import Callable, Iterable, Sequence
from functools import partial, reduce
from itertools import combinations
from numbers import Real
from typing import Any, TypeAlias, TypeVar

# What `from autograd_lite.primitives import *` imports; not abs, because it would hide the built-in function.
__all__ = ["PRIMITIVES", "Primitive", "acos", "acosh", "add", "asin", "asinh", "atan", "atan2", "atanh", "cbrt"]
__all__ += ["cos", "cosh", "erf", "exp", "exp2", "expm1", "hypot", "leaky_relu", "log", "log1p", "log2", "log10"]
__all__ += ["maximum", "minimum", "relu", "sigmoid", "sin", "sinh", "softplus", "sqrt", "tan", "tanh"]

inf, nan = math.inf, math.nan

Number = TypeVar("Number")  # for annotations
"""The type of the arguments and the result: float, or a type that records, for example Value."""

Slope: TypeAlias = Callable[..., Any] | float
"""A local partial derivative: a function of the result and the arguments, or a number where it is constant."""

BUILT_IN: set[str] = set()
"""The names of the rows of the table below; no other primitive may take one of them."""

PRIMITIVES: dict[str, "Primitive"] = {}
"""All primitives by name: the rows of the table below, and user-defined ones."""


class Primitive:
    """One row of the table: it computes when called with numbers, and records when called with a Value.

    Arguments:
        name: the name that back ends and the command line use, for example "tanh".
        symbol: how it is written: an operator sign between its arguments, or the name of a function.
        compute: a function that returns the result for float arguments, and never raises (IEEE 754). For a variadic
            primitive it takes two arguments.
        slopes: for each argument, the local partial derivative with respect to it: a function
            `slope(out, *arguments)`, or a number where it is constant. The slope for a constant of the graph is never
            computed, so `x**2` never needs log(x).
        commutative: whether the order of the arguments makes no difference.
        variadic: whether more than two arguments are allowed, as in a sum; the last slope then holds for each further
            argument.
        composite: whether `compute` is written with other primitives, and takes Values too. Formulas and programs
            then write out what it does, and need not know the row.
        formula: what formulas write out for a composite row, if that is simpler than `compute`.

    Attributes:
        arity: how many arguments it takes; None if it is variadic, which means two or more.

    Raises:
        ValueError: if the name belongs to a row of this module; a user-defined primitive may be replaced.

    >>> TANH(0.0), TANH.symbol, TANH.arity
    (0.0, 'tanh', 1)
    >>> [slope(6.0, 2.0, 3.0) for slope in MULTIPLY.slopes]
    [3.0, 2.0]
    """

    # The names of all attributes that a row can have; naming them saves time and memory.
    __slots__ = ("arity", "commutative", "composite", "compute", "formula", "name", "slopes", "symbol")

    def __init__(
        self,
        name: str,
        symbol: str,
        compute: Callable[..., Any],
        slopes: Iterable[Slope],
        *,  # keyword-only from here
        commutative: bool = False,
        variadic: bool = False,
        composite: bool = False,
        formula: Callable[..., Any] | None = None,
    ) -> None:
        if name in BUILT_IN:
            raise ValueError(f"name must be new, but {name!r} is already a primitive of autograd_lite")
        self.name = name
        self.symbol = symbol
        self.compute = compute
        self.slopes = tuple([slope if callable(slope) else as_float(slope, "a slope") for slope in slopes])
        self.arity = None if variadic else len(self.slopes)
        self.commutative = commutative
        self.composite = composite
        self.formula = formula or compute
        PRIMITIVES[name] = self

    def __call__(self, *arguments: Any) -> Any:
        """Compute the result of numbers; with a Value, or another type that records, let the first one record."""
        for place, argument in enumerate(arguments, start=1):
            if type(argument) is not float:
                # A Value has a method __record__; a number does not, and then getattr returns None.
                record = getattr(argument, "__record__", None)
                if record is not None:
                    return record(self, arguments)
                number = as_float(argument, f"argument {place} of {self.symbol}")
                # Start again with the same arguments, but this one as a float.
                return self(*arguments[: place - 1], number, *arguments[place:])
        return self.evaluate(arguments)

    def evaluate(self, numbers: Sequence[float]) -> float:
        """Return the result for a sequence of floats; more than two terms are added from left to right.

        >>> ADD.evaluate([1.0, 2.0, 3.0])
        6.0
        """
        # For f and three numbers, reduce returns f(f(a, b), c).
        result: float = reduce(self.compute, numbers) if self.arity is None else self.compute(*numbers)
        return result

    def slopes_of(self, arguments: int) -> tuple[Slope, ...]:
        """Return one slope for each argument; `arguments` says how many there are.

        >>> ADD.slopes_of(3)
        (1.0, 1.0, 1.0)
        """
        return self.slopes + self.slopes[-1:] * (arguments - len(self.slopes))  # the last one is repeated

    def __repr__(self) -> str:
        return f"<primitive {self.name}>"

    def __reduce__(self) -> tuple[Callable[[str], "Primitive"], tuple[str]]:
        """Copy or pickle by name: the copy of a row is the row itself.

        (`pickle` writes objects to files. It stores what this returns: a function, and the arguments to call it with.)
        """
        return primitive_named, (self.name,)


def primitive_named(name: str) -> Primitive:
    """Return the primitive with that name.

    >>> primitive_named("tanh") is TANH
    True
    """
    return PRIMITIVES[name]


def as_float(number: object, argument: str) -> float:
    """Return a number as a Python float; error messages call it `argument`.

    Real numbers are accepted: int, bool, float, Fraction, NumPy scalars and zero-dimensional arrays.

    Raises:
        TypeError: for anything else: str, None, complex, an array, a list.
        OverflowError: for an integer too large for a float.

    >>> as_float(True, "data")
    1.0
    >>> as_float("1", "data")
    Traceback (most recent call last):
    TypeError: data must be a real number (int, float or NumPy scalar), not str: '1'
    """
    if type(number) is float:
        return number
    if getattr(number, "ndim", None) == 0:  # NumPy scalars and zero-dimensional arrays; numpy need not be loaded
        number = number.item()  # type: ignore[attr-defined]
    if isinstance(number, int | Real):  # int first, because checking for Real is slow
        try:
            return float(number)
        except OverflowError:
            raise OverflowError(
                f"{argument} is too large for a float: expected less than 1.8e308, received {type(number).__name__}"
            ) from None  # show this error alone, without the one that led to it
    raise TypeError(
        f"{argument} must be a real number (int, float or NumPy scalar), not {type(number).__name__}: "
        f"{reprlib.repr(number)}"
    )


# How rows are computed where `math` alone would raise an exception


def _ieee(function: Callable[[float], float], poles: dict[float, float] | None = None) -> Callable[[float], float]:
    """Return the function with IEEE 754 results instead of exceptions; `poles` are the points of infinite value."""

    def compute(x: float) -> float:
        try:
            return function(x)
        except OverflowError:
            return math.copysign(inf, x)  # too large: infinite, with the sign of x
        except ValueError:
            return (poles or {}).get(x, nan)  # at a pole its value, else nan

    return compute


def _divide(a: float, b: float) -> float:
    try:
        return a / b
    except ZeroDivisionError:
        return a * math.copysign(inf, b)  # infinite, with the sign of a times that of the zero; but 0 * inf is nan


def _floor_divide(a: float, b: float) -> float:
    return a // b if b else _divide(a, b)


def _remainder(a: float, b: float) -> float:
    return a % b if b else nan


def _power(x: float, y: float) -> float:
    try:
        return math.pow(x, y)
    except (OverflowError, ValueError):  # too large; or zero to a negative power; or a root of a negative number
        if x < 0 and not y.is_integer():
            return nan
        return math.copysign(inf, x) if y % 2 == 1 else inf  # an odd power keeps the sign of x


def _power_partial(x: Any, y: Any, j: float, k: float, divide_last: bool = True) -> Any:
    """Differentiate x**y j times with respect to x and k times with respect to y (Leibniz' rule).

    The j-th derivative with respect to x is c(y) x**(y - j), with c(y) = y (y - 1) ... (y - j + 1). Of the k
    derivatives with respect to y, i fall on c(y), whose i-th derivative is i! times the sum of all products of j - i of
    its factors; each of the others brings a factor log(x).

    If x and y are tiny, x**(y - j) may overflow where the result does not, because c(y) is tiny too. So if y < j - 1,
    the power is x**(y - j + 1) times 1 / x, multiplied in this order. Formulas need not show that (`divide_last`).
    """
    by_x, by_y = int(j), int(k)
    # `combinations` lists all choices of some of the factors, and reduce(operator.add, ...) is a sum.
    factors = [y - m if m else y for m in range(by_x)]  # of c(y)
    terms = []
    for i in range(min(by_x, by_y) + 1):
        products = [_product(*chosen) for chosen in combinations(factors, by_x - i)]
        # Leibniz' binomial coefficient, how many ways there are to choose the i derivatives, times i!
        times = float(math.comb(by_y, i) * math.factorial(i))
        # [log(x)] * n is a list with log(x) n times
        terms.append(_product(times, reduce(operator.add, products), *[log(x)] * (by_y - i)))
    coefficient = reduce(operator.add, terms)
    if not by_x:
        return _product(power(x, y), coefficient)
    if by_x == 1 or not divide_last:
        return _product(coefficient, power(x, y - j))
    last = greater(j - 1, y)
    return _product(coefficient, power(x, y - j + last), power(x, -last))


def _product(*factors: Any) -> Any:
    """Return the product of all factors, where 0 * inf is 0."""
    return reduce(multiply_no_nan, factors, 1.0)  # from left to right, beginning with 1


def _direction_cosine(x: Any, y: Any) -> Any:
    length = hypot(x, y)
    return divide(x, length + (1 - greater(length, 0.0)))  # 0, not 0 / 0, at the origin


def _over_square(a: Any, x: Any, y: Any) -> Any:
    """Return a / (x * x + y * y), where x * x might overflow, but 0 where all are 0."""
    inverse = divide(1.0, hypot(x, y))
    return multiply_no_nan(multiply_no_nan(a, inverse), inverse)


def _sigmoid(x: float) -> float:
    if x >= 0:
        return 1 / (1 + math.exp(-x))
    e = math.exp(x)  # of a negative number: never overflows, and keeps the tail that 1 - 1 / (1 + e) loses
    return e / (1 + e)


def _softplus(x: float) -> float:
    # log(1 + e^x) = x + log(1 + e^-x): take the side whose exponent is negative, which cannot overflow.
    return max(x, 0.0) + math.log1p(math.exp(-math.fabs(x)))


def _cosh(x: float) -> float:
    return _ieee(math.cosh)(math.fabs(x))  # cosh(-x) = cosh x; with |x|, too large is inf, never -inf


def _maximum(a: float, b: float) -> float:
    if a == b == 0:
        return a + b  # 0.0 is larger than -0.0
    return b if b > a or b != b else a  # b != b means that b is nan, and nan wins; if a is nan, b > a is false


def _multiply_no_nan(a: float, b: float) -> float:
    # The result is a * b unless a is 0, or b is 0 and a * b is nan: then it is 0.
    product = a * b if a else 0.0
    return product if b or product == product else 0.0


def _minimum(a: float, b: float) -> float:
    return -_maximum(-a, -b)


# The table. In a slope, `o` is the result (tanh' = 1 - o * o), and the functions are the ones defined in this module, so
# they take numbers and Values; `divide` and `power` replace / and ** where a number may be zero. LEAF and CONSTANT mark
# Values that no primitive computed.
#
# Slopes also use these, defined below: greater(a, b) is 1 where a > b, else 0. multiply_no_nan(a, b) is a * b, but 0
# where a or b is 0, even if the other is inf. ONE_MINUS_SQUARE(x) is 1 - x^2. LORENTZIAN(x) is 1 / (1 + x^2).
# LOGISTIC_DENSITY(x) is the slope of sigmoid. DIRECTION_COSINE(x, y) is x / hypot(x, y). INVERSION(x, y) is
# x / (x^2 + y^2), and INVERSION_SLOPE(x, y) is its slope with respect to x. POWER_PARTIAL(x, y, j, k) is x^y,
# differentiated j times with respect to x and k times with respect to y; the slopes of POWER use it where y x^(y-1) and
# x^y log x are not enough: for Values, and sometimes at x = 0.

# fmt: off
# ruff: noqa: E501
LEAF         = Primitive("leaf",         "",      float,                          ())
CONSTANT     = Primitive("constant",     "",      float,                          ())

ADD          = Primitive("add",          "+",     operator.add,                   (1.0, 1.0), commutative=True, variadic=True)
SUBTRACT     = Primitive("subtract",     "-",     operator.sub,                   (1.0, -1.0))
MULTIPLY     = Primitive("multiply",     "*",     operator.mul,                   (lambda o, a, b: b, lambda o, a, b: a), commutative=True)
DIVIDE       = Primitive("divide",       "/",     _divide,                        (lambda o, a, b: divide(1.0, b), lambda o, a, b: divide(-o, b)))
FLOOR_DIVIDE = Primitive("floor_divide", "//",    _floor_divide,                  (0.0, 0.0))
REMAINDER    = Primitive("remainder",    "%",     _remainder,                     (1.0, lambda o, a, b: -floor_divide(a, b)))
POWER        = Primitive("power",        "**",    _power,                         (lambda o, x, y: multiply_no_nan(y, power(x, y - 1)) if type(y) is float else POWER_PARTIAL(x, y, 1.0, 0.0), lambda o, x, y: multiply_no_nan(o, log(x)) if type(x) is float and x else POWER_PARTIAL(x, y, 0.0, 1.0)))
NEGATIVE     = Primitive("negative",     "-",     operator.neg,                   (-1.0,))
ABS          = Primitive("abs",          "abs",   math.fabs,                      (lambda o, x: sign(x),))

EXP          = Primitive("exp",          "exp",   _ieee(math.exp),                (lambda o, x: o,))
EXPM1        = Primitive("expm1",        "expm1", _ieee(math.expm1),              (lambda o, x: exp(x),))
EXP2         = Primitive("exp2",         "exp2",  _ieee(math.exp2),               (lambda o, x: math.log(2) * o,))
LOG          = Primitive("log",          "log",   _ieee(math.log, {0.0: -inf}),   (lambda o, x: divide(1.0, x),))
LOG1P        = Primitive("log1p",        "log1p", _ieee(math.log1p, {-1: -inf}),  (lambda o, x: divide(1.0, 1 + x),))
LOG2         = Primitive("log2",         "log2",  _ieee(math.log2, {0.0: -inf}),  (lambda o, x: divide(1 / math.log(2), x),))
LOG10        = Primitive("log10",        "log10", _ieee(math.log10, {0.0: -inf}), (lambda o, x: divide(1 / math.log(10), x),))
SQRT         = Primitive("sqrt",         "sqrt",  _ieee(math.sqrt),               (lambda o, x: divide(0.5, o),))
CBRT         = Primitive("cbrt",         "cbrt",  math.cbrt,                      (lambda o, x: power(o, -2.0) / 3,))
HYPOT        = Primitive("hypot",        "hypot", math.hypot,                     (lambda o, x, y: DIRECTION_COSINE(x, y), lambda o, x, y: DIRECTION_COSINE(y, x)), commutative=True)

SIN          = Primitive("sin",          "sin",   _ieee(math.sin),                (lambda o, x: cos(x),))
COS          = Primitive("cos",          "cos",   _ieee(math.cos),                (lambda o, x: -sin(x),))
TAN          = Primitive("tan",          "tan",   _ieee(math.tan),                (lambda o, x: 1 + o * o,))
ASIN         = Primitive("asin",         "asin",  _ieee(math.asin),               (lambda o, x: divide(1.0, sqrt(ONE_MINUS_SQUARE(x))),))
ACOS         = Primitive("acos",         "acos",  _ieee(math.acos),               (lambda o, x: divide(-1.0, sqrt(ONE_MINUS_SQUARE(x))),))
ATAN         = Primitive("atan",         "atan",  math.atan,                      (lambda o, x: LORENTZIAN(x),))
ATAN2        = Primitive("atan2",        "atan2", math.atan2,                     (lambda o, y, x: INVERSION(x, y), lambda o, y, x: -INVERSION(y, x)))

SINH         = Primitive("sinh",         "sinh",  _ieee(math.sinh),               (lambda o, x: cosh(x),))
COSH         = Primitive("cosh",         "cosh",  _cosh,                         (lambda o, x: sinh(x),))
TANH         = Primitive("tanh",         "tanh",  math.tanh,                      (lambda o, x: 1 - o * o,))
ASINH        = Primitive("asinh",        "asinh", math.asinh,                     (lambda o, x: divide(1.0, hypot(1.0, x)),))
ACOSH        = Primitive("acosh",        "acosh", _ieee(math.acosh),              (lambda o, x: divide(1.0, sqrt(x - 1) * sqrt(x + 1)),))
ATANH        = Primitive("atanh",        "atanh", _ieee(math.atanh, {1: inf, -1: -inf}), (lambda o, x: divide(1.0, ONE_MINUS_SQUARE(x)),))

ERF          = Primitive("erf",          "erf",   math.erf,                       (lambda o, x: 2 / math.sqrt(math.pi) * exp(-(x * x)),))
SIGMOID      = Primitive("sigmoid",      "sigmoid", _sigmoid,                     (lambda o, x: LOGISTIC_DENSITY(x) if getattr(o, "level", 0) else o * sigmoid(-x),))  # o * (1 - o) would lose the tail
SOFTPLUS     = Primitive("softplus",     "softplus", _softplus,                   (lambda o, x: sigmoid(x),))
RELU         = Primitive("relu",         "ReLU",  lambda x: 0.0 if x <= 0 else x, (lambda o, x: greater(x, 0.0),))
LEAKY_RELU   = Primitive("leaky_relu",   "leaky_relu", lambda x, a: a * x if x <= 0 else x, (lambda o, x, a: greater(x, 0.0) + a * (1 - greater(x, 0.0)), lambda o, x, a: minimum(x, 0.0)))

# When two variables tie, each has slope 0.5; a variable that ties with a constant has slope 0.
MAXIMUM      = Primitive("maximum",      "max",   _maximum,                       (lambda o, a, b: (1 + greater(a, b) - greater(b, a)) / 2, lambda o, a, b: (1 + greater(b, a) - greater(a, b)) / 2), commutative=True)
MINIMUM      = Primitive("minimum",      "min",   _minimum,                       (lambda o, a, b: (1 + greater(b, a) - greater(a, b)) / 2, lambda o, a, b: (1 + greater(a, b) - greater(b, a)) / 2), commutative=True)
MAXIMUM_CONSTANT = Primitive("maximum_constant", "max", _maximum,                 (lambda o, a, b: greater(a, b), lambda o, a, b: greater(b, a)), commutative=True)
MINIMUM_CONSTANT = Primitive("minimum_constant", "min", _minimum,                 (lambda o, a, b: greater(b, a), lambda o, a, b: greater(a, b)), commutative=True)

# Used in slopes.
SIGN         = Primitive("sign",         "sign",  lambda x: float((x > 0) - (x < 0)) if x == x else x, (0.0,))
GREATER      = Primitive("greater",      ">",     lambda a, b: float(a > b),      (0.0, 0.0))
MULTIPLY_NO_NAN = Primitive("multiply_no_nan", "*", _multiply_no_nan,             (lambda o, a, b: b, lambda o, a, b: a))
# Written out in formulas and programs, but with slopes of their own: the chain rule would multiply 0 by inf, overflow or cancel.
POWER_PARTIAL: Primitive = Primitive("power_partial", "d(x^y)", _power_partial,       (lambda o, x, y, j, k: POWER_PARTIAL(x, y, j + 1, k), lambda o, x, y, j, k: POWER_PARTIAL(x, y, j, k + 1), 0.0, 0.0), composite=True, formula=partial(_power_partial, divide_last=False))
ONE_MINUS_SQUARE: Primitive = Primitive("one_minus_square", "1-x^2", lambda x: (1 - x) * (1 + x), (lambda o, x: -2 * x,), composite=True, formula=lambda x: 1 - x * x)
LORENTZIAN: Primitive = Primitive("lorentzian",   "1/(1+x^2)", lambda x: divide(1.0, 1 + x * x), (lambda o, x: -2 * multiply_no_nan(x, o) * o,), composite=True)
LOGISTIC_DENSITY: Primitive = Primitive("logistic_density", "sigmoid'", lambda x: sigmoid(x) * sigmoid(-x), (lambda o, x: -o * tanh(x / 2),), composite=True)
DIRECTION_COSINE: Primitive = Primitive("direction_cosine", "x/hypot(x,y)", _direction_cosine, (lambda o, x, y: DIRECTION_COSINE(y, x) * INVERSION(y, x), lambda o, x, y: -o * INVERSION(y, x)), composite=True, formula=lambda x, y: x / hypot(x, y))
INVERSION: Primitive = Primitive("inversion", "x/(x^2+y^2)", lambda x, y: _over_square(x, x, y), (lambda o, x, y: INVERSION_SLOPE(x, y), lambda o, x, y: -2 * o * INVERSION(y, x)), composite=True, formula=lambda x, y: x / (x * x + y * y))
INVERSION_SLOPE: Primitive = Primitive("inversion_slope", "(y^2-x^2)/(x^2+y^2)^2", lambda x, y: 4 * _over_square(y / 2 - x / 2, x, y) * _over_square(y / 2 + x / 2, x, y), (lambda o, x, y: -2 * INVERSION(x, y) * (o + 2 * INVERSION(y, x) * INVERSION(y, x)), lambda o, x, y: 2 * INVERSION(y, x) * (2 * INVERSION(x, y) * INVERSION(x, y) - o)), composite=True, formula=lambda x, y: (y * y - x * x) / power(x * x + y * y, 2.0))
# fmt: on
BUILT_IN.update(PRIMITIVES)


def slope_at(slope: Slope, out: Any, arguments: Sequence[Any]) -> Any:
    """Return the slope: a number for numbers, a graph for Values.

    >>> slope_at(MULTIPLY.slopes[0], 6.0, [2.0, 3.0]), slope_at(SUBTRACT.slopes[1], 1.0, [3.0, 2.0])
    (3.0, -1.0)
    """
    return slope(out, *arguments) if callable(slope) else slope


# The functions


def add(*arguments: Number | float) -> Number:
    """Return the sum of two or more numbers or Values, added from left to right, as one node of the graph.

    Raises:
        TypeError: with fewer than two arguments.

    >>> add(1.0, 2.0, 3.0)
    6.0
    """
    if len(arguments) < 2:
        raise TypeError(f"add takes two or more arguments, received {len(arguments)}")
    return ADD(*arguments)


def divide(a: Number | float, b: Number | float) -> Number:
    """Return a / b according to IEEE 754; d(a/b)/da = 1/b, d(a/b)/db = -(a/b)/b.

    >>> divide(1.0, 0.0), divide(-1.0, 0.0)
    (inf, -inf)
    """
    return DIVIDE(a, b)


def floor_divide(a: Number | float, b: Number | float) -> Number:
    """Return the largest integer not above a / b; its derivative is 0 wherever it exists.

    >>> floor_divide(-7.0, 2.0)
    -4.0
    """
    return FLOOR_DIVIDE(a, b)


def power(x: Number | float, y: Number | float) -> Number:
    """Return x to the power y according to IEEE 754 (never complex); d/dx = y x^(y-1), d/dy = x^y log x.

    Used in slopes. If y is the number 0 or 1, the result is 1 or x, and no node is added to the graph. If y is a
    constant with |y| < 1e-8, the second derivative may overflow for |x| < 1e-150; it does not if y is a variable.

    >>> power(2.0, 3.0), power(0.0, -1.0), power(-8.0, 1 / 3)
    (8.0, inf, nan)
    """
    if isinstance(y, float) and y in {0.0, 1.0}:
        return x if y else 1.0  # type: ignore[return-value]
    return POWER(x, y)


def multiply_no_nan(a: Number | float, b: Number | float) -> Number:
    """Return a * b, but 0 where one is 0, even if the other is infinite or nan (a "strong zero"); used in slopes.

    If a is a number, it is constant, so 0 stays 0 however often it is differentiated. This keeps all derivatives of
    x**n correct at x = 0.

    >>> multiply_no_nan(0.0, inf)
    0.0
    """
    if hasattr(a, "__record__") or not hasattr(b, "__record__"):
        return MULTIPLY_NO_NAN(a, b)
    # From here, a is a number and b is a Value.
    if a in {0.0, 1.0}:
        return b if a else 0.0  # type: ignore[return-value]
    return a * b if math.isfinite(a) else MULTIPLY_NO_NAN(a, b)  # type: ignore[operator, return-value, arg-type]


def greater(a: Number | float, b: Number | float) -> Number:
    """Return 1 where a > b, else 0 (the Iverson bracket [a > b]); its derivative is 0 wherever it exists.

    >>> greater(2.0, 1.0), greater(1.0, 1.0)
    (1.0, 0.0)
    """
    return GREATER(a, b)


def sign(x: Number) -> Number:
    """Return the sign of x, -1, 0 or 1; its derivative is 0 wherever it exists.

    >>> sign(-2.5)
    -1.0
    """
    return SIGN(x)


def abs(x: Number) -> Number:
    """Return the absolute value |x|; d|x|/dx = sign x, and 0 at 0.

    >>> abs(-2.0)
    2.0
    """
    return ABS(x)


def exp(x: Number) -> Number:
    """Return e to the power x; d e^x/dx = e^x.

    >>> exp(1.0), exp(1000.0)
    (2.718281828459045, inf)
    """
    return EXP(x)


def expm1(x: Number) -> Number:
    """Return e^x - 1, accurate near 0; its derivative is e^x.

    >>> expm1(1e-20)
    1e-20
    """
    return EXPM1(x)


def exp2(x: Number) -> Number:
    """Return 2 to the power x; d 2^x/dx = log(2) 2^x.

    >>> exp2(3.0), exp2(2000.0)
    (8.0, inf)
    """
    return EXP2(x)


def log(x: Number) -> Number:
    """Return the natural logarithm of x, -inf at 0 and nan below; d log x/dx = 1/x.

    >>> log(math.e), log(0.0), log(-1.0)
    (1.0, -inf, nan)
    """
    return LOG(x)


def log1p(x: Number) -> Number:
    """Return log(1 + x), accurate near 0; its derivative is 1/(1 + x).

    >>> log1p(1e-20)
    1e-20
    """
    return LOG1P(x)


def log2(x: Number) -> Number:
    """Return the logarithm of x to base 2, -inf at 0 and nan below; its derivative is 1/(x log 2).

    >>> log2(8.0), log2(0.0)
    (3.0, -inf)
    """
    return LOG2(x)


def log10(x: Number) -> Number:
    """Return the logarithm of x to base 10, -inf at 0 and nan below; its derivative is 1/(x log 10).

    >>> log10(1000.0), log10(0.0)
    (3.0, -inf)
    """
    return LOG10(x)


def sqrt(x: Number) -> Number:
    """Return the square root of x; its derivative is 1/(2 sqrt x), inf at 0.

    >>> sqrt(9.0)
    3.0
    """
    return SQRT(x)


def cbrt(x: Number) -> Number:
    """Return the cube root of x, which may be negative; its derivative is 1/(3 (cbrt x)^2), inf at 0.

    >>> cbrt(-8.0)
    -2.0
    """
    return CBRT(x)


def hypot(x: Number | float, y: Number | float) -> Number:
    """Return sqrt(x^2 + y^2), the distance of (x, y) from (0, 0); d/dx = x/hypot, d/dy = y/hypot, both 0 at (0, 0).

    >>> hypot(3.0, 4.0)
    5.0
    """
    return HYPOT(x, y)


def sin(x: Number) -> Number:
    """Return the sine of x radians; d sin x/dx = cos x.

    >>> sin(0.0)
    0.0
    """
    return SIN(x)


def cos(x: Number) -> Number:
    """Return the cosine of x radians; d cos x/dx = -sin x.

    >>> cos(0.0)
    1.0
    """
    return COS(x)


def tan(x: Number) -> Number:
    """Return the tangent of x radians; d tan x/dx = 1 + tan^2 x.

    >>> tan(0.0)
    0.0
    """
    return TAN(x)


def asin(x: Number) -> Number:
    """Return the inverse sine of x, in radians; its derivative is 1/sqrt(1 - x^2).

    >>> asin(0.0)
    0.0
    """
    return ASIN(x)


def acos(x: Number) -> Number:
    """Return the inverse cosine of x, in radians; its derivative is -1/sqrt(1 - x^2).

    >>> acos(1.0)
    0.0
    """
    return ACOS(x)


def atan(x: Number) -> Number:
    """Return the inverse tangent of x, in radians; its derivative is 1/(1 + x^2).

    >>> atan(0.0)
    0.0
    """
    return ATAN(x)


def atan2(y: Number | float, x: Number | float) -> Number:
    """Return the angle of the point (x, y), in radians; d/dy = x/(x^2 + y^2), d/dx = -y/(x^2 + y^2), both 0 at (0, 0).

    >>> atan2(1.0, 1.0) == math.pi / 4
    True
    """
    return ATAN2(y, x)


def sinh(x: Number) -> Number:
    """Return the hyperbolic sine of x; d sinh x/dx = cosh x.

    >>> sinh(0.0), sinh(-1000.0)
    (0.0, -inf)
    """
    return SINH(x)


def cosh(x: Number) -> Number:
    """Return the hyperbolic cosine of x; d cosh x/dx = sinh x.

    >>> cosh(0.0), cosh(-1000.0)
    (1.0, inf)
    """
    return COSH(x)


def tanh(x: Number) -> Number:
    """Return the hyperbolic tangent of x, theta in the lecture; d tanh x/dx = 1 - tanh^2 x.

    The slope is the lecture's formula (slide "Computing Partial Derivatives"). Its absolute error is 1e-16: beyond
    |x| = 19 it is 0.

    >>> tanh(0.5)
    0.46211715726000974
    """
    return TANH(x)


def asinh(x: Number) -> Number:
    """Return the inverse hyperbolic sine of x; its derivative is 1/sqrt(1 + x^2).

    >>> asinh(0.0)
    0.0
    """
    return ASINH(x)


def acosh(x: Number) -> Number:
    """Return the inverse hyperbolic cosine of x; its derivative is 1/sqrt(x^2 - 1).

    >>> acosh(1.0)
    0.0
    """
    return ACOSH(x)


def atanh(x: Number) -> Number:
    """Return the inverse hyperbolic tangent of x; its derivative is 1/(1 - x^2).

    >>> atanh(0.0), atanh(1.0)
    (0.0, inf)
    """
    return ATANH(x)


def erf(x: Number) -> Number:
    """Return the error function of x; its derivative is 2/sqrt(pi) exp(-x^2).

    >>> erf(0.0)
    0.0
    """
    return ERF(x)


def sigmoid(x: Number) -> Number:
    """Return the logistic function 1/(1 + e^-x), without overflow and with exact tails; d/dx = sigmoid(x) sigmoid(-x).

    >>> sigmoid(0.0), sigmoid(-745.0)
    (0.5, 5e-324)
    """
    return SIGMOID(x)


def softplus(x: Number) -> Number:
    """Return log(1 + e^x), without overflow; its derivative is sigmoid(x).

    >>> softplus(1000.0)
    1000.0
    """
    return SOFTPLUS(x)


def relu(x: Number) -> Number:
    """Return the rectifier max(x, 0); its derivative is 1 where x > 0, else 0.

    >>> relu(-2.0), relu(3.0)
    (0.0, 3.0)
    """
    return RELU(x)


def leaky_relu(x: Number, negative_slope: Number | float = 0.01) -> Number:
    """Return x where x > 0, else negative_slope * x; its derivative is 1 or negative_slope, the latter at 0.

    >>> leaky_relu(-2.0), leaky_relu(3.0)
    (-0.02, 3.0)
    """
    return LEAKY_RELU(x, negative_slope)


def maximum(a: Number | float, b: Number | float) -> Number:
    """Return the larger of a and b, nan if either is nan.

    The slope is 1 for the larger and 0 for the smaller. At a tie it is 0.5 for each of two Values (the subgradient of
    least norm), and 0 for a Value that ties with a number.

    Python's `max` and NumPy's `maximum` and `clip` only compare the numbers of Values, and return one of their
    arguments as it is, even a plain number. For an array of Values, write `np.frompyfunc(maximum, 2, 1)(A, 0)`.

    >>> maximum(2.0, 3.0)
    3.0
    """
    return (MAXIMUM if _varies(a) and _varies(b) else MAXIMUM_CONSTANT)(a, b)


def minimum(a: Number | float, b: Number | float) -> Number:
    """Return the smaller of a and b, nan if either is nan; slopes at a tie are as for `maximum`.

    >>> minimum(2.0, 3.0)
    2.0
    """
    return (MINIMUM if _varies(a) and _varies(b) else MINIMUM_CONSTANT)(a, b)


def _varies(argument: object) -> bool:
    """Return whether an argument is a variable, rather than a number or a constant of a graph."""
    return hasattr(argument, "__record__") and getattr(argument, "op", None) is not CONSTANT
