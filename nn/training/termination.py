"""Termination criteria: when gradient descent stops. They combine with `&` and `|`.

Each looks at the history of a run, and at nothing else, so that a run that was stopped and taken up again ends where
it would have ended.

>>> stop = MaximumIterations(300) | ValidationRising(patience=20)
>>> stop
MaximumIterations(300) | ValidationRising(patience=20)
>>> stop.reason
'300 iterations, or no new lowest validation error in 20 validations'
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import MISSING, dataclass, field, fields
from math import inf, isfinite
from typing import Any, NamedTuple, Protocol

from nn.checks import as_integer, as_number


class History(Protocol):
    """What a criterion reads of a run: lists with one entry for each iteration done, which do not change once written.

    An entry may be None where something was not measured, and a list of something never measured may be empty.
    """

    @property
    def loss(self) -> Sequence[float]:
        """The training error; its length is the number of iterations done."""

    @property
    def validation_loss(self) -> Sequence[float | None]:
        """The validation error."""

    @property
    def gradient_norm(self) -> Sequence[float | None]:
        """The Euclidean norm of all gradients together."""

    @property
    def time(self) -> Sequence[float]:
        """Seconds since the start of the run."""


@dataclass(frozen=True, repr=False)
class Criterion(ABC):
    """What all termination criteria have in common.

    `a & b` is met when both are, `a | b` when one is. As for NumPy's arrays, Python's own `and` and `or` raise an error
    rather than drop one of the two. One of your own is a subclass with `reason` and `met`.
    """

    @property
    def reads_validation(self) -> bool:
        """Whether it reads the validation error, so that a run without a validation set cannot meet all of it."""
        return False

    @property
    @abstractmethod
    def reason(self) -> str:
        """What it waits for, in words."""

    @abstractmethod
    def met(self, history: History) -> bool:
        """Whether the run is to end, after the last iteration of the history."""

    def which(self, history: History) -> str:
        """What has ended the run, in words and with its numbers; "" if the criterion is not met.

        Iterations are counted from 0, as in the lecture: iteration t is entry t of the lists.
        """
        return self._words(history) if self.met(history) else ""

    def _words(self, history: History) -> str:  # noqa: ARG002
        """What `which` says of a criterion that is met."""
        return self.reason

    def __and__(self, other: "Criterion") -> "Criterion":
        return And((*_parts(self, And), *_parts(other, And))) if isinstance(other, Criterion) else NotImplemented

    def __or__(self, other: "Criterion") -> "Criterion":
        return Or((*_parts(self, Or), *_parts(other, Or))) if isinstance(other, Criterion) else NotImplemented

    def __bool__(self) -> bool:
        raise TypeError("a criterion is neither true nor false: combine with & and |, and ask met(history)")

    def __repr__(self) -> str:
        mine = [(one, getattr(self, one.name)) for one in fields(self) if one.init]
        shown = [(one.name, value) for one, value in mine if one.default is MISSING or value != one.default]
        arguments = [repr(value) if len(mine) == 1 else f"{name}={value!r}" for name, value in shown]
        return f"{type(self).__name__}({', '.join(arguments)})"


@dataclass(frozen=True, repr=False)
class MaximumIterations(Criterion):
    """So many iterations have been done.

    Arguments:
        n: how many; at least 1.

    Raises:
        ValueError: naming the argument that is wrong.

    With `&` it is a least number of iterations: "only stop if enough iterations have passed and the improvement in
    error is small" (lecture 14, slide "Terminating Gradient Descent 'Early'").

    >>> MaximumIterations(300).reason
    '300 iterations'
    """

    n: int

    def __post_init__(self) -> None:
        as_integer("n", self.n, least=1)

    @property
    def reason(self) -> str:
        """Such as "300 iterations"."""
        return f"{self.n} iterations"

    def met(self, history: History) -> bool:
        """Whether the history has so many entries."""
        return len(history.loss) >= self.n

    def _words(self, history: History) -> str:
        return f"{len(history.loss)} iterations"


@dataclass(frozen=True, repr=False)
class SmallImprovement(Criterion):
    """The training error has hardly become smaller in the last iterations.

    Arguments:
        less_than: the improvement, in units of the error, that is too small to go on for; greater than 0.
        over: in how many iterations; at least 1. Where the error is that of a sample, it goes up and down: take many.
        after: before so many iterations it is never met; at least 0.

    Raises:
        ValueError: naming the argument that is wrong.

    Equation: l_{t-over} - min(l_{t-over+1}, ..., l_t) < less_than, where l_t is the training error of iteration t, the
    last (lecture 14, slide "Terminating Gradient Descent 'Early'": "only stop if enough iterations have passed and the
    improvement in error is small"). Errors that are nan or infinite are passed over, and so are never an improvement.

    >>> from types import SimpleNamespace
    >>> history = SimpleNamespace(loss=[8.0, 4.0, 3.5, 3.25])
    >>> stop = SmallImprovement(less_than=1.0, over=2)
    >>> stop.met(history), stop.which(history)
    (True, 'the error has improved by 0.75 in the last 2 iterations, less than 1.0')
    """

    less_than: float
    over: int
    after: int = 0

    def __post_init__(self) -> None:
        as_number("less_than", self.less_than, above=0)
        as_integer("over", self.over, least=1)
        as_integer("after", self.after, least=0)

    @property
    def reason(self) -> str:
        """The improvement, in how many iterations, and after how many."""
        after = f", after at least {self.after} iterations" if self.after else ""
        return f"an improvement of the error by less than {self.less_than} in {self.over} iterations{after}"

    def met(self, history: History) -> bool:
        """Whether the error has improved by less than that."""
        done = len(history.loss)
        return done > self.over and done >= self.after and self._improvement(history) < self.less_than

    def _improvement(self, history: History) -> float:
        finite = [error for error in history.loss[-1 - self.over :] if isfinite(error)]
        return finite[0] - min(finite[1:], default=inf) if finite else -inf

    def _words(self, history: History) -> str:
        improvement = self._improvement(history)
        if not isfinite(improvement):
            return f"the error has not been finite twice in the last {self.over + 1} iterations"
        if improvement <= 0:
            return f"the error has not improved in the last {self.over} iterations"
        by = f"{improvement:.6g} in the last {self.over} iterations"
        return f"the error has improved by {by}, less than {self.less_than}"


@dataclass(frozen=True, repr=False)
class SmallGradient(Criterion):
    """The gradient is short. For non-convex errors that is "often not a good metric for proximity to a minimum".

    (Lecture 14, slide "Terminating Gradient Descent": saddles and plateaus have short gradients too.)

    Arguments:
        less_than: the Euclidean norm of all gradients together; greater than 0.

    Raises:
        ValueError: naming the argument that is wrong.

    >>> from types import SimpleNamespace
    >>> SmallGradient(0.01).which(SimpleNamespace(gradient_norm=[1.0, 0.0078125]))
    'the norm of the gradient is 0.0078125, less than 0.01'
    """

    less_than: float

    def __post_init__(self) -> None:
        as_number("less_than", self.less_than, above=0)

    @property
    def reason(self) -> str:
        """The norm of the gradient."""
        return f"a gradient of norm less than {self.less_than}"

    def met(self, history: History) -> bool:
        """Whether the last norm is less than that; never if it is nan."""
        last = history.gradient_norm[-1] if history.gradient_norm else None
        return last is not None and last < self.less_than

    def _words(self, history: History) -> str:
        return f"the norm of the gradient is {history.gradient_norm[-1]:.6g}, less than {self.less_than}"


@dataclass(frozen=True, repr=False)
class TimeLimit(Criterion):
    """So much time has passed. How far a run comes in it depends on the machine.

    Arguments:
        seconds: since the start of the run; greater than 0.

    Raises:
        ValueError: naming the argument that is wrong.

    >>> from types import SimpleNamespace
    >>> TimeLimit(60).which(SimpleNamespace(time=[30.0, 60.5]))
    'the time limit of 60 seconds: 60.5 seconds have passed'
    """

    seconds: float

    def __post_init__(self) -> None:
        as_number("seconds", self.seconds, above=0)

    @property
    def reason(self) -> str:
        """The limit."""
        return f"a time limit of {self.seconds} seconds"

    def met(self, history: History) -> bool:
        """Whether the last iteration ended that late, or later."""
        return bool(history.time) and history.time[-1] >= self.seconds

    def _words(self, history: History) -> str:
        return f"the time limit of {self.seconds} seconds: {history.time[-1]:.1f} seconds have passed"


class _Lowest(NamedTuple):
    """What has been read of a list of validation errors: up to where, and the lowest."""

    errors: Sequence[float | None] | None = None
    last: float | None = None
    last_at: int = -1
    """The last error read, and where: another object in its place shows that the list was cut and has grown again."""
    lowest: float = inf
    iteration: int | None = None
    """The iteration t of the lowest; None without one."""
    since: int = 0
    """How many validations there have been after the lowest."""


@dataclass(frozen=True, repr=False)
class ValidationRising(Criterion):
    """Early stopping: the validation error has had no new lowest value for a while.

    Arguments:
        patience: how many validations may pass without one; at least 1. Iterations without a validation do not count.
        least_improvement: by how much a new lowest value must be less than the one before; at least 0.

    Raises:
        ValueError: naming the argument that is wrong.

    The lecture: "if the validation error starts to increase, just stop!" (slide "Terminating Gradient Descent
    'Early'"), which is patience = 1. The errors go up and down by chance, so that here they may do it for a while, as
    in Prechelt, "Early stopping - but when?" (1998). A validation error that is nan or infinite is no improvement.

    >>> from types import SimpleNamespace
    >>> history = SimpleNamespace(validation_loss=[0.5, 0.25, 0.3, 0.4])
    >>> ValidationRising(patience=2).which(history)
    'the validation error has not improved for 2 iterations (best 0.25 at iteration 1)'
    """

    patience: int
    least_improvement: float = 0.0
    # So that an iteration costs the same however long the history is, the part of the list that was read is not read
    # again. This changes nothing but the time: another list is read from its start.
    _so_far: _Lowest = field(default=_Lowest(), init=False, compare=False)

    def __post_init__(self) -> None:
        as_integer("patience", self.patience, least=1)
        as_number("least_improvement", self.least_improvement, least=0)

    @property
    def reads_validation(self) -> bool:
        """It does."""
        return True

    @property
    def reason(self) -> str:
        """How many validations without improvement."""
        by = f" by more than {self.least_improvement}" if self.least_improvement else ""
        return f"no new lowest validation error{by} in {self.patience} validations"

    def met(self, history: History) -> bool:
        """Whether so many validations have passed since the lowest error; never without a validation."""
        return self._lowest(history).since >= self.patience

    def _lowest(self, history: History) -> _Lowest:
        errors, so_far = history.validation_loss, self._so_far
        goes_on = so_far.errors is errors and so_far.last_at < len(errors)
        if not goes_on or (so_far.last_at >= 0 and errors[so_far.last_at] is not so_far.last):
            so_far = _Lowest()
        _, last, last_at, lowest, iteration, since = so_far
        for t, error in enumerate(errors[last_at + 1 :], start=last_at + 1):
            if error is not None:
                last, last_at, since = error, t, since + 1
                if isfinite(error) and error < lowest - self.least_improvement:
                    lowest, iteration, since = error, t, 0
        so_far = _Lowest(errors, last, last_at, lowest, iteration, since)
        object.__setattr__(self, "_so_far", so_far)  # in one piece: runs in several threads may share a criterion
        return so_far

    def _words(self, history: History) -> str:
        lowest = self._lowest(history)
        if lowest.iteration is None:
            return f"the validation error has not been finite in {lowest.since} validations"
        by = f" by more than {self.least_improvement}" if self.least_improvement else ""
        iterations = len(history.validation_loss) - 1 - lowest.iteration
        best = f"best {lowest.lowest:.6g} at iteration {lowest.iteration}"
        return f"the validation error has not improved{by} for {iterations} iterations ({best})"

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_so_far": _Lowest()}  # a pickle holds no history


@dataclass(frozen=True, repr=False)
class And(Criterion):
    """Criteria that must all be met; what `a & b` gives.

    Arguments:
        criteria: two or more.
    """

    criteria: tuple[Criterion, ...]

    @property
    def reads_validation(self) -> bool:
        """Whether one of them does."""
        return any(criterion.reads_validation for criterion in self.criteria)

    @property
    def reason(self) -> str:
        """All of their reasons."""
        return ", and ".join(f"({one.reason})" if isinstance(one, Or) else one.reason for one in self.criteria)

    def met(self, history: History) -> bool:
        """Whether all are."""
        return all(criterion.met(history) for criterion in self.criteria)

    def _words(self, history: History) -> str:
        return ", and ".join(criterion.which(history) for criterion in self.criteria)

    def __repr__(self) -> str:
        return " & ".join(f"({one!r})" if isinstance(one, Or) else repr(one) for one in self.criteria)


@dataclass(frozen=True, repr=False)
class Or(Criterion):
    """Criteria of which one must be met; what `a | b` gives.

    Arguments:
        criteria: two or more.
    """

    criteria: tuple[Criterion, ...]

    @property
    def reads_validation(self) -> bool:
        """Whether one of them does."""
        return any(criterion.reads_validation for criterion in self.criteria)

    @property
    def reason(self) -> str:
        """All of their reasons."""
        return ", or ".join(criterion.reason for criterion in self.criteria)

    def met(self, history: History) -> bool:
        """Whether one is."""
        return any(criterion.met(history) for criterion in self.criteria)

    def _words(self, history: History) -> str:
        return "; ".join(criterion.which(history) for criterion in self.criteria if criterion.met(history))

    def __repr__(self) -> str:
        return " | ".join(map(repr, self.criteria))


def _parts(criterion: Criterion, kind: type[And] | type[Or]) -> tuple[Criterion, ...]:
    """The criteria of one of that kind, so that a & b & c is one And of three; else the criterion alone."""
    return criterion.criteria if isinstance(criterion, kind) else (criterion,)
