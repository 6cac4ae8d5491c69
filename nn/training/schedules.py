"""Learning-rate schedules: the learning rate eta(t) of iteration t, which is counted from 0 as in the lecture.

A schedule is a function from t to eta(t); a constant learning rate is a plain number. The schedules of this module
print as they are written, compare by their arguments, and can be pickled.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import TypeAlias

from nn.checks import COUNT, POSITIVE, Checked, as_number

Schedule: TypeAlias = Callable[[int], float]
"""From the iteration t = 0, 1, ... to the learning rate eta(t), a finite number of at least 0."""


def check_rate(argument: str, rate: float | Schedule) -> None:
    """Make sure that a learning rate is a schedule, or a number greater than 0.

    Raises:
        TypeError, ValueError: naming the argument.
    """
    if not callable(rate):
        as_number(argument, rate, above=0)


RATE = {"check": check_rate}
FACTOR = {"check": partial(as_number, above=0, most=1)}


@dataclass(frozen=True)
class StepDecay(Checked):
    """A learning rate that falls by a factor at regular intervals.

    Arguments:
        initial: eta(0); greater than 0.
        factor: by which it falls; greater than 0 and at most 1.
        every: the interval, in iterations; at least 1.

    Raises:
        TypeError, ValueError: naming the argument that is wrong.

    Equation: eta(t) = initial * factor^floor(t / every).

    >>> [StepDecay(0.8, 0.5, every=2)(t) for t in range(5)]
    [0.8, 0.8, 0.4, 0.4, 0.2]
    """

    initial: float = field(metadata=POSITIVE)
    factor: float = field(metadata=FACTOR)
    every: int = field(metadata=COUNT)

    def __call__(self, t: int) -> float:
        """eta(t)."""
        return self.initial * self.factor ** (t // self.every)


@dataclass(frozen=True)
class ExponentialDecay(StepDecay):
    """A learning rate that falls by a factor in each iteration.

    With a factor less than 1, its sum over all t is finite, initial / (1 - factor), so that the weights can only go so
    far, however long training runs.

    Arguments:
        initial: eta(0); greater than 0.
        factor: by which it falls; greater than 0 and at most 1.

    Raises:
        TypeError, ValueError: naming the argument that is wrong.

    Equation: eta(t) = initial * factor^t.

    >>> [ExponentialDecay(1.0, 0.5)(t) for t in range(4)]
    [1.0, 0.5, 0.25, 0.125]
    """

    every: int = field(default=1, init=False, repr=False)


@dataclass(frozen=True)
class InverseTimeDecay(Checked):
    """A learning rate that falls as 1/t: what stochastic gradient descent is proved to converge with.

    The condition is that the sum of eta(t) over all t is infinite, so that no minimum is out of reach, and the sum of
    eta(t)^2 is finite, so that the noise of the sampling dies out (Robbins and Monro, "A stochastic approximation
    method", 1951). Of the schedules here only this one meets both.

    Arguments:
        initial: eta(0); greater than 0.
        decay: per iteration; greater than 0. After 1/decay iterations eta has halved.

    Raises:
        TypeError, ValueError: naming the argument that is wrong.

    Equation: eta(t) = initial / (1 + decay * t).

    >>> [InverseTimeDecay(1.0, 0.5)(t) for t in (0, 2, 6)]
    [1.0, 0.5, 0.25]
    """

    initial: float = field(metadata=POSITIVE)
    decay: float = field(metadata=POSITIVE)

    def __call__(self, t: int) -> float:
        """eta(t)."""
        return self.initial / (1 + self.decay * t)


@dataclass(frozen=True)
class CosineDecay(Checked):
    """A learning rate that falls along half a period of a cosine, and then stays constant.

    Arguments:
        initial: eta(0); greater than 0.
        final: from t = iterations on; at least 0 and at most initial.
        iterations: how long it falls; at least 1.

    Raises:
        TypeError, ValueError: naming the argument that is wrong.

    Equation: eta(t) = final + (initial - final) (1 + cos(pi t / iterations)) / 2 (Loshchilov and Hutter, "SGDR:
    stochastic gradient descent with warm restarts", 2017, equation 5, without the restarts).

    >>> [round(CosineDecay(1.0, 0.0, iterations=4)(t), 6) for t in range(6)]
    [1.0, 0.853553, 0.5, 0.146447, 0.0, 0.0]
    """

    initial: float = field(metadata=POSITIVE)
    final: float
    iterations: int = field(metadata=COUNT)

    def __post_init__(self) -> None:
        super().__post_init__()
        as_number("final", self.final, least=0, most=self.initial)

    def __call__(self, t: int) -> float:
        """eta(t)."""
        share = (1 + math.cos(math.pi * min(t, self.iterations) / self.iterations)) / 2
        return share * self.initial + (1 - share) * self.final  # so, both ends are met without rounding


@dataclass(frozen=True)
class LinearWarmup(Checked):
    """A learning rate that rises in equal steps, and then follows another schedule.

    Arguments:
        iterations: how many it takes to rise; at least 1. The last of them has the full rate already.
        then: the schedule, or the constant rate, that follows; it counts its t from the end of the warm-up.

    Raises:
        TypeError, ValueError: naming the argument that is wrong.

    Equation: eta(t) = then(0) (t + 1) / iterations for t < iterations, and then(t - iterations) after that (Goyal et
    al., "Accurate, large minibatch SGD", 2017, section 2.2, from near 0). It starts at t + 1, for eta = 0 would waste
    an iteration.

    >>> [LinearWarmup(4, then=StepDecay(1.0, 0.5, every=2))(t) for t in range(8)]
    [0.25, 0.5, 0.75, 1.0, 1.0, 1.0, 0.5, 0.5]
    """

    iterations: int = field(metadata=COUNT)
    then: float | Schedule = field(metadata=RATE)

    def __call__(self, t: int) -> float:
        """eta(t)."""
        if t < self.iterations:
            return rate_at(self.then, 0) * (t + 1) / self.iterations
        return rate_at(self.then, t - self.iterations)


def rate_at(rate: float | Schedule, t: int) -> float:
    """Return the learning rate of iteration t, of a schedule or a constant rate."""
    return rate(t) if callable(rate) else rate
