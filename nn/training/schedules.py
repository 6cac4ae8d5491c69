"""Learning-rate schedules: the learning rate eta(t) of iteration t, which is counted from 0 as in the lecture.

A schedule is anything that gives eta when called with t; a constant learning rate is a plain number. Those of this
module are values: they print as they are written, compare by what they say, and can be pickled.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from nn.checks import as_integer, as_number

Schedule: TypeAlias = Callable[[int], float]
"""From the iteration t = 0, 1, ... to the learning rate eta(t), a finite number of at least 0."""


@dataclass(frozen=True)
class StepDecay:
    """A learning rate that falls by a factor every so many iterations.

    Arguments:
        initial: eta(0); greater than 0.
        factor: by which it falls; greater than 0 and at most 1.
        every: after how many iterations; at least 1.

    Raises:
        ValueError: naming the argument that is wrong.

    Equation: eta(t) = initial * factor^floor(t / every).

    >>> [StepDecay(0.8, 0.5, every=2)(t) for t in range(5)]
    [0.8, 0.8, 0.4, 0.4, 0.2]
    """

    initial: float
    factor: float
    every: int

    def __post_init__(self) -> None:
        as_number("initial", self.initial, above=0)
        as_number("factor", self.factor, above=0, most=1)
        as_integer("every", self.every, least=1)

    def __call__(self, t: int) -> float:
        """eta(t)."""
        return self.initial * self.factor ** (t // self.every)


@dataclass(frozen=True)
class ExponentialDecay:
    """A learning rate that falls by a factor in each iteration.

    Its sum over all t is finite, initial / (1 - factor), so that the weights can only go so far, however long it runs.

    Arguments:
        initial: eta(0); greater than 0.
        factor: by which it falls; greater than 0 and at most 1.

    Raises:
        ValueError: naming the argument that is wrong.

    Equation: eta(t) = initial * factor^t.

    >>> [ExponentialDecay(1.0, 0.5)(t) for t in range(4)]
    [1.0, 0.5, 0.25, 0.125]
    """

    initial: float
    factor: float

    def __post_init__(self) -> None:
        as_number("initial", self.initial, above=0)
        as_number("factor", self.factor, above=0, most=1)

    def __call__(self, t: int) -> float:
        """eta(t)."""
        return self.initial * self.factor**t


@dataclass(frozen=True)
class InverseTimeDecay:
    """A learning rate that falls as 1/t: what stochastic gradient descent is proved to converge with.

    The condition is that the sum of eta(t) over all t is infinite, so that no minimum is out of reach, and the sum of
    eta(t)^2 is finite, so that the noise of the sampling dies out (Robbins and Monro, "A stochastic approximation
    method", 1951). Of the schedules here only this one meets both.

    Arguments:
        initial: eta(0); greater than 0.
        decay: per iteration; greater than 0. After 1/decay iterations eta has halved.

    Raises:
        ValueError: naming the argument that is wrong.

    Equation: eta(t) = initial / (1 + decay * t).

    >>> [InverseTimeDecay(1.0, 0.5)(t) for t in (0, 2, 6)]
    [1.0, 0.5, 0.25]
    """

    initial: float
    decay: float

    def __post_init__(self) -> None:
        as_number("initial", self.initial, above=0)
        as_number("decay", self.decay, above=0)

    def __call__(self, t: int) -> float:
        """eta(t)."""
        return self.initial / (1 + self.decay * t)


@dataclass(frozen=True)
class CosineDecay:
    """A learning rate that falls along half a wave of the cosine, and then stays.

    Arguments:
        initial: eta(0); greater than 0.
        final: from t = iterations on; at least 0 and at most initial.
        iterations: how long it falls; at least 1.

    Raises:
        ValueError: naming the argument that is wrong.

    Equation: eta(t) = final + (initial - final) (1 + cos(pi t / iterations)) / 2 (Loshchilov and Hutter, "SGDR:
    stochastic gradient descent with warm restarts", 2017, equation 5, without the restarts).

    >>> [round(CosineDecay(1.0, 0.0, iterations=4)(t), 6) for t in range(6)]
    [1.0, 0.853553, 0.5, 0.146447, 0.0, 0.0]
    """

    initial: float
    final: float
    iterations: int

    def __post_init__(self) -> None:
        as_number("initial", self.initial, above=0)
        as_number("final", self.final, least=0, most=self.initial)
        as_integer("iterations", self.iterations, least=1)

    def __call__(self, t: int) -> float:
        """eta(t)."""
        share = (1 + math.cos(math.pi * min(t, self.iterations) / self.iterations)) / 2
        return share * self.initial + (1 - share) * self.final  # so, both ends are met without rounding


@dataclass(frozen=True)
class LinearWarmup:
    """A learning rate that rises in equal steps, and then follows another schedule.

    Arguments:
        iterations: how many it takes to rise; at least 1. The last of them has the full rate already.
        then: the schedule, or the constant rate, that follows; it counts its t from the end of the warm-up.

    Raises:
        ValueError: naming the argument that is wrong.

    Equation: eta(t) = then(0) (t + 1) / iterations for t < iterations, and then(t - iterations) after that (Goyal et
    al., "Accurate, large minibatch SGD", 2017, section 2.2, from near 0). It starts at t + 1, for eta = 0 would waste
    an iteration.

    >>> [LinearWarmup(4, then=StepDecay(1.0, 0.5, every=2))(t) for t in range(8)]
    [0.25, 0.5, 0.75, 1.0, 1.0, 1.0, 0.5, 0.5]
    """

    iterations: int
    then: float | Schedule

    def __post_init__(self) -> None:
        as_integer("iterations", self.iterations, least=1)
        check_rate("then", self.then)

    def __call__(self, t: int) -> float:
        """eta(t)."""
        if t < self.iterations:
            return rate_at(self.then, 0) * (t + 1) / self.iterations
        return rate_at(self.then, t - self.iterations)


def check_rate(argument: str, rate: float | Schedule) -> None:
    """Make sure that it is a schedule, or a constant rate greater than 0.

    Raises:
        ValueError: naming the argument.
    """
    if not callable(rate):
        as_number(argument, rate, above=0)


def rate_at(rate: float | Schedule, t: int) -> float:
    """The learning rate of iteration t, given by a schedule or a constant rate."""
    return rate(t) if callable(rate) else rate
