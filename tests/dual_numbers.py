"""Independent truth for the tests of the engine: nothing here imports autograd_lite.

`TRUTH` says what each primitive computes and what its partial derivatives are. It is written with `math` alone and,
where there are several forms of a formula, with another form than the engine's (tanh' = 1 / cosh^2). `Dual` is forward
mode by dual numbers, and `random_program` makes the random graphs on which both are tried.
"""

import math
import random
from collections.abc import Callable, Sequence
from typing import NamedTuple

Function = Callable[..., float]


class Truth(NamedTuple):
    """One function: its value, its partial derivatives, and where it is smooth."""

    value: Function
    partials: tuple[Function, ...]
    domain: tuple[tuple[float, float], ...]
    """For each argument the interval from which the tests take it."""
    kink: Function = lambda *arguments: 1.0
    """The distance from the next kink or step; the tests stay 0.05 away."""


def _distance_from_step(a: float, b: float) -> float:
    return abs(a / b - round(a / b))


def _zero(*_: float) -> float:
    return 0.0


def _logistic(x: float) -> float:
    return 1 / (1 + math.exp(-x))


def _above(a: float, b: float) -> float:
    return 1.0 if a > b else 0.0


def _below(a: float, b: float) -> float:
    return 1.0 if a < b else 0.0


ANY = (-3.0, 3.0)
POSITIVE = (0.3, 3.0)
INSIDE = (-0.8, 0.8)

TRUTH = {
    "add": Truth(lambda a, b: a + b, (lambda a, b: 1.0, lambda a, b: 1.0), (ANY, ANY)),
    "subtract": Truth(lambda a, b: a - b, (lambda a, b: 1.0, lambda a, b: -1.0), (ANY, ANY)),
    "multiply": Truth(lambda a, b: a * b, (lambda a, b: b, lambda a, b: a), (ANY, ANY)),
    "multiply_no_nan": Truth(lambda a, b: a * b, (lambda a, b: b, lambda a, b: a), (ANY, ANY)),
    "divide": Truth(lambda a, b: a / b, (lambda a, b: 1 / b, lambda a, b: -a / b**2), (ANY, POSITIVE)),
    "floor_divide": Truth(lambda a, b: float(math.floor(a / b)), (_zero, _zero), (ANY, POSITIVE), _distance_from_step),
    "remainder": Truth(
        lambda a, b: a - b * math.floor(a / b),
        (lambda a, b: 1.0, lambda a, b: -float(math.floor(a / b))),
        (ANY, POSITIVE),
        _distance_from_step,
    ),
    "power": Truth(
        lambda x, y: math.exp(y * math.log(x)),
        (lambda x, y: y / x * math.exp(y * math.log(x)), lambda x, y: math.log(x) * math.exp(y * math.log(x))),
        (POSITIVE, (-2.5, 2.5)),
    ),
    "negative": Truth(lambda x: -x, (lambda x: -1.0,), (ANY,)),
    "abs": Truth(abs, (lambda x: math.copysign(1.0, x),), (ANY,), abs),
    "sign": Truth(lambda x: math.copysign(1.0, x), (_zero,), (ANY,), abs),
    "greater": Truth(_above, (_zero, _zero), (ANY, ANY), lambda a, b: abs(a - b)),
    "exp": Truth(math.exp, (math.exp,), (ANY,)),
    "expm1": Truth(math.expm1, (math.exp,), (ANY,)),
    "exp2": Truth(lambda x: 2.0**x, (lambda x: 2.0**x * math.log(2),), (ANY,)),
    "log": Truth(math.log, (lambda x: 1 / x,), (POSITIVE,)),
    "log1p": Truth(math.log1p, (lambda x: 1 / (1 + x),), ((-0.6, 3.0),)),
    "log2": Truth(math.log2, (lambda x: math.log2(math.e) / x,), (POSITIVE,)),
    "log10": Truth(math.log10, (lambda x: math.log10(math.e) / x,), (POSITIVE,)),
    "sqrt": Truth(math.sqrt, (lambda x: x**-0.5 / 2,), (POSITIVE,)),
    "cbrt": Truth(math.cbrt, (lambda x: 1 / (3 * math.cbrt(x * x)),), (ANY,), abs),
    "hypot": Truth(
        math.hypot, (lambda x, y: math.cos(math.atan2(y, x)), lambda x, y: math.sin(math.atan2(y, x))), (ANY, POSITIVE)
    ),
    "sin": Truth(math.sin, (math.cos,), (ANY,)),
    "cos": Truth(math.cos, (lambda x: -math.sin(x),), (ANY,)),
    "tan": Truth(math.tan, (lambda x: math.cos(x) ** -2,), ((-1.1, 1.1),)),
    "asin": Truth(math.asin, (lambda x: (1 - x * x) ** -0.5,), (INSIDE,)),
    "acos": Truth(math.acos, (lambda x: -((1 - x * x) ** -0.5),), (INSIDE,)),
    "atan": Truth(math.atan, (lambda x: math.cos(math.atan(x)) ** 2,), (ANY,)),
    "atan2": Truth(
        math.atan2,
        (lambda y, x: x / math.hypot(x, y) ** 2, lambda y, x: -y / math.hypot(x, y) ** 2),
        (ANY, POSITIVE),
    ),
    "sinh": Truth(math.sinh, (math.cosh,), (ANY,)),
    "cosh": Truth(math.cosh, (math.sinh,), (ANY,)),
    "tanh": Truth(math.tanh, (lambda x: math.cosh(x) ** -2,), (ANY,)),
    "asinh": Truth(math.asinh, (lambda x: 1 / math.hypot(1, x),), (ANY,)),
    "acosh": Truth(math.acosh, (lambda x: (x * x - 1) ** -0.5,), ((1.4, 4.0),)),
    "atanh": Truth(math.atanh, (lambda x: 1 / (1 - x * x),), (INSIDE,)),
    "erf": Truth(math.erf, (lambda x: math.exp(-x * x) / math.sqrt(math.atan(1.0)),), (ANY,)),
    "sigmoid": Truth(_logistic, (lambda x: 1 / (2 + 2 * math.cosh(x)),), (ANY,)),
    "softplus": Truth(lambda x: math.log(1 + math.exp(x)), (_logistic,), (ANY,)),
    "relu": Truth(lambda x: max(x, 0.0), (lambda x: _above(x, 0.0),), (ANY,), abs),
    "leaky_relu": Truth(
        lambda x, a: x if x > 0 else a * x,
        (lambda x, a: 1.0 if x > 0 else a, lambda x, a: min(x, 0.0)),
        (ANY, (0.01, 0.9)),
        lambda x, a: abs(x),
    ),
    "maximum": Truth(max, (_above, _below), (ANY, ANY), lambda a, b: abs(a - b)),
    "minimum": Truth(min, (_below, _above), (ANY, ANY), lambda a, b: abs(a - b)),
}
TRUTH["maximum_constant"] = TRUTH["maximum"]
TRUTH["minimum_constant"] = TRUTH["minimum"]


class Dual(NamedTuple):
    """A number with its derivatives: f(v + v' epsilon) = f(v) + f'(v) v' epsilon, for several epsilons at once."""

    value: float
    tangents: tuple[float, ...]
    """The derivative with respect to each input."""
    sizes: tuple[float, ...]
    """The same sums with every term taken positive: the scale against which rounding is judged."""


def apply(name: str, arguments: Sequence[Dual]) -> Dual:
    """The function of that name of dual numbers."""
    truth = TRUTH[name]
    numbers = [argument.value for argument in arguments]
    partials = [partial(*numbers) for partial in truth.partials]
    pairs = list(zip(partials, arguments, strict=True))
    inputs = range(len(arguments[0].tangents))
    return Dual(
        truth.value(*numbers),
        tuple(sum(partial * argument.tangents[i] for partial, argument in pairs) for i in inputs),
        tuple(sum(abs(partial) * argument.sizes[i] for partial, argument in pairs) for i in inputs),
    )


class Program(NamedTuple):
    """A random expression with shared parts: each line names a function and the earlier lines that are its arguments.

    The first lines are the inputs.
    """

    inputs: list[float]
    lines: list[tuple[str, tuple[int, ...]]]
    duals: list[Dual]


def random_program(seed: int, names: Sequence[str] = tuple(TRUTH)) -> Program:
    """A program that stays where every function is smooth, and where no number becomes large.

    All of its lines lead to the last one: whatever no line has used is added up at the end.
    """
    generator = random.Random(seed)
    inputs = [generator.uniform(-2, 2) for _ in range(generator.randint(1, 4))]
    units = [tuple(float(i == j) for j in range(len(inputs))) for i in range(len(inputs))]
    duals = [Dual(number, unit, unit) for number, unit in zip(inputs, units, strict=True)]
    lines: list[tuple[str, tuple[int, ...]]] = []
    length = generator.randint(1, 45)
    while len(lines) < length:
        name = generator.choice(names)
        truth = TRUTH[name]
        # Half of the arguments are recent lines, so that programs become deep as well as wide.
        recent = max(0, len(duals) - 4)
        positions = tuple(generator.randrange(generator.choice([0, recent]), len(duals)) for _ in truth.domain)
        numbers = [duals[position].value for position in positions]
        inside = all(low < number < high for number, (low, high) in zip(numbers, truth.domain, strict=True))
        if inside and truth.kink(*numbers) > 0.05:
            dual = apply(name, [duals[position] for position in positions])
            if abs(dual.value) < 100 and max(dual.sizes) < 1e6:
                lines.append((name, positions))
                duals.append(dual)
    used = {position for _, positions in lines for position in positions}
    unused = [position for position in range(len(duals)) if position not in used]
    while len(unused) > 1:
        lines.append(("add", (unused.pop(), unused.pop())))
        duals.append(apply("add", [duals[position] for position in lines[-1][1]]))
        unused.append(len(duals) - 1)
    return Program(inputs, lines, duals)
