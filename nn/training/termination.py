"""Termination criteria: when gradient descent stops. They combine with `&` and `|`.

Each looks at the history of a run, and at nothing else, so that a run that was stopped and resumed ends where
it would have ended.

>>> stop = MaximumIterations(300) | ValidationRising(patience=20)
>>> stop
MaximumIterations(300) | ValidationRising(patience=20)
>>> stop.reason
'300 iterations, or no new lowest validation error in 20 validations'
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Sequence
from dataclasses import MISSING, dataclass, field, fields
from enum import Enum
from functools import partial
from math import inf, isfinite
from typing import ClassVar

from nn.checks import AT_LEAST_0, COUNT, POSITIVE, Checked, as_integer


class EndedBy(Enum):
    """What ended a run."""

    CRITERION = "a termination criterion"
    CALLBACK = "a callback"
    INTERRUPTED = "Ctrl-C"
    NOT_FINITE = "an infinite or nan loss, gradient or weight"


@dataclass
class History:
    """What happened in a run of `fit`, iteration by iteration.

    Attributes:
        loss: what was minimised, at the weights before the update: the sum over all data, or the mean over a
            mini-batch, of the examples' errors, plus the penalty of L2 regularization.
        error: the mean error per example of the iteration's examples, without penalty; `plot_learning_curves`,
            the progress bar and the text of a history show it.
        validation_loss: the mean error of the validation examples; None where it was not computed.
        gradient_norm: the Euclidean norm of the gradient of the loss.
        time: seconds since the start, pauses between a checkpoint and its resumption left out.
        ended_by: what ended the run; None if it has not ended.
        ended: the same in words and with its numbers.
        engine: what computed the gradients, "programs" or "values"; None if the run has not ended.
        fallback: why graphs of Values computed them although nobody asked for them; else None.
        best_iteration, best_loss: how many updates led to the best weights, and the lowest monitored loss: the
            validation loss if there is validation data, else the loss (with mini-batches, jitter or dropout, the loss
            over all data).
    """

    loss: list[float] = field(default_factory=list)
    error: list[float] = field(default_factory=list)
    validation_loss: list[float | None] = field(default_factory=list)
    gradient_norm: list[float] = field(default_factory=list)
    time: list[float] = field(default_factory=list)
    ended_by: EndedBy | None = None
    ended: str | None = None
    engine: str | None = None
    fallback: str | None = None
    best_iteration: int = 0
    best_loss: float = inf

    @property
    def iterations(self) -> int:
        """How many updates have been made."""
        return len(self.loss)

    def __repr__(self) -> str:
        last = f", mean error {self.error[-1]:.6g} per example in the last" if self.error else ""
        best = f"best weights after {self.best_iteration}"
        return f"<History: {self.iterations} iterations{last}; {best}; ended by: {self.ended or 'not ended'}>"


LISTS = ("loss", "error", "validation_loss", "gradient_norm", "time")
"""The lists of a History, with an entry for each iteration."""


@dataclass(frozen=True, eq=False)
class Criterion(Checked, ABC):
    """What all termination criteria have in common.

    `a & b` is met when both are, `a | b` when one is. As for NumPy's arrays, Python's own `and` and `or` raise an error
    rather than drop one of the two. A user-defined criterion is a subclass with `reason` and `met`.
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
        """Return whether the run is to end, after the last iteration of the history."""

    def watch(self) -> Callable[[History], bool]:
        """A function that answers as `met` does, for one history that grows; it need not read all of it each time."""
        return self.met

    def which(self, history: History) -> str | None:
        """Return what has ended the run, in words and with its numbers; None if the criterion is not met.

        Iterations are counted from 0, as in the lecture: iteration t is entry t of the lists.
        """
        return self._words(history) if self.met(history) else None

    def _words(self, history: History) -> str:  # noqa: ARG002
        """Return what `which` says of a criterion that is met."""
        return self.reason

    def __and__(self, other: "Criterion") -> "Criterion":
        return And((*parts_of(self, And), *parts_of(other, And))) if isinstance(other, Criterion) else NotImplemented

    def __or__(self, other: "Criterion") -> "Criterion":
        return Or((*parts_of(self, Or), *parts_of(other, Or))) if isinstance(other, Criterion) else NotImplemented

    def __bool__(self) -> bool:
        raise TypeError("a criterion is neither true nor false: combine with & and |, and ask met(history)")

    def __repr__(self) -> str:
        mine = [(one, getattr(self, one.name)) for one in fields(self)]
        shown = [(one.name, value) for one, value in mine if one.default is MISSING or value != one.default]
        arguments = [repr(value) if len(mine) == 1 else f"{name}={value!r}" for name, value in shown]
        return f"{type(self).__name__}({', '.join(arguments)})"


@dataclass(frozen=True, repr=False)
class MaximumIterations(Criterion):
    """A given number of iterations has been done.

    Arguments:
        n: how many; at least 1.

    Raises:
        TypeError, ValueError: naming the argument that is wrong.

    With `&` it is a minimum number of iterations: "only stop if enough iterations have passed and the improvement in
    error is small" (lecture 14, slide "Terminating Gradient Descent 'Early'").

    >>> MaximumIterations(300).reason
    '300 iterations'
    """

    n: int = field(metadata=COUNT)

    @property
    def reason(self) -> str:
        """For example "300 iterations"."""
        return f"{self.n} iterations"

    def met(self, history: History) -> bool:
        """Return whether the history has `n` entries."""
        return len(history.loss) >= self.n

    def _words(self, history: History) -> str:
        return f"{len(history.loss)} iterations"


@dataclass(frozen=True, repr=False)
class SmallImprovement(Criterion):
    """The training error has hardly become smaller in the last iterations.

    Arguments:
        less_than: the improvement, in units of the error, that is too small to continue; greater than 0.
        over: in how many iterations; at least 1. Where the error is that of a sample, it goes up and down: take many.
        after: the number of iterations before which it is never met; at least 0.

    Raises:
        TypeError, ValueError: naming the argument that is wrong.

    Equation: l_{t-over} - min(l_{t-over+1}, ..., l_t) < less_than, where l_t is the training error of iteration t, the
    last (lecture 14, slide "Terminating Gradient Descent 'Early'": "only stop if enough iterations have passed and the
    improvement in error is small"). Errors that are nan or infinite are skipped, so that they are never an improvement.

    >>> from types import SimpleNamespace
    >>> history = SimpleNamespace(loss=[8.0, 4.0, 3.5, 3.25])
    >>> stop = SmallImprovement(less_than=1.0, over=2)
    >>> stop.met(history), stop.which(history)
    (True, 'the error has improved by 0.75 in the last 2 iterations, less than 1.0')
    """

    less_than: float = field(metadata=POSITIVE)
    over: int = field(metadata=COUNT)
    after: int = field(default=0, metadata={"check": partial(as_integer, least=0)})

    @property
    def reason(self) -> str:
        """The improvement, in how many iterations, and after how many."""
        after = f", after at least {self.after} iterations" if self.after else ""
        return f"an improvement of the error by less than {self.less_than} in {self.over} iterations{after}"

    def met(self, history: History) -> bool:
        """Return whether the error has improved by less than that."""
        done = len(history.loss)
        return done > self.over and done >= self.after and self._improvement(history) < self.less_than

    def _improvement(self, history: History) -> float:
        finite = [error for error in history.loss[-1 - self.over :] if isfinite(error)]
        return finite[0] - min(finite[1:], default=inf) if finite else -inf

    def _words(self, history: History) -> str:
        improvement = self._improvement(history)
        if not isfinite(improvement):
            return f"the error has been finite fewer than two times in the last {self.over + 1} iterations"
        if improvement <= 0:
            return f"the error has not improved in the last {self.over} iterations"
        by = f"{improvement:.6g} in the last {self.over} iterations"
        return f"the error has improved by {by}, less than {self.less_than}"


@dataclass(frozen=True, repr=False)
class SmallGradient(Criterion):
    """The gradient is small. For non-convex errors that is "often not a good metric for proximity to a minimum".

    (Lecture 14, slide "Terminating Gradient Descent": saddles and plateaus have small gradients too.)

    Arguments:
        less_than: the Euclidean norm of all gradients together; greater than 0.

    Raises:
        TypeError, ValueError: naming the argument that is wrong.

    >>> from types import SimpleNamespace
    >>> SmallGradient(0.01).which(SimpleNamespace(gradient_norm=[1.0, 0.0078125]))
    'the norm of the gradient is 0.0078125, less than 0.01'
    """

    less_than: float = field(metadata=POSITIVE)

    @property
    def reason(self) -> str:
        """The norm of the gradient."""
        return f"a gradient of norm less than {self.less_than}"

    def met(self, history: History) -> bool:
        """Return whether the last norm is less than that; never if it is nan."""
        last = history.gradient_norm[-1] if history.gradient_norm else None
        return last is not None and last < self.less_than

    def _words(self, history: History) -> str:
        return f"the norm of the gradient is {history.gradient_norm[-1]:.6g}, less than {self.less_than}"


@dataclass(frozen=True, repr=False)
class TimeLimit(Criterion):
    """A given time has passed. How far a run gets in it depends on the machine.

    Arguments:
        seconds: since the start of the run; greater than 0.

    Raises:
        TypeError, ValueError: naming the argument that is wrong.

    >>> from types import SimpleNamespace
    >>> TimeLimit(60).which(SimpleNamespace(time=[30.0, 60.5]))
    'the time limit of 60 seconds: 60.5 seconds have passed'
    """

    seconds: float = field(metadata=POSITIVE)

    @property
    def reason(self) -> str:
        """The limit."""
        return f"a time limit of {self.seconds} seconds"

    def met(self, history: History) -> bool:
        """Return whether the last iteration ended that late, or later."""
        return bool(history.time) and history.time[-1] >= self.seconds

    def _words(self, history: History) -> str:
        return f"the time limit of {self.seconds} seconds: {history.time[-1]:.1f} seconds have passed"


class _Lowest:
    """The lowest error in a list of validation errors that grows."""

    def __init__(self, least_improvement: float) -> None:
        self.least_improvement = least_improvement
        self.read = 0  # entries
        self.error, self.iteration = inf, -1  # of the lowest; -1 without one
        self.since = 0  # validations after it

    def update(self, errors: Sequence[float | None]) -> "_Lowest":
        """Read the entries that are new; return itself."""
        for t, error in enumerate(errors[self.read :], start=self.read):
            if error is not None:
                self.since += 1
                if isfinite(error) and error < self.error - self.least_improvement:
                    self.error, self.iteration, self.since = error, t, 0
        self.read = len(errors)
        return self


@dataclass(frozen=True, repr=False)
class ValidationRising(Criterion):
    """Early stopping: the validation error has had no new lowest value for a while.

    Arguments:
        patience: how many validations may pass without one; at least 1. Iterations without a validation do not count.
        least_improvement: by how much a new lowest value must be less than the one before; at least 0.

    Raises:
        TypeError, ValueError: naming the argument that is wrong.

    The lecture: "if the validation error starts to increase, just stop!" (slide "Terminating Gradient Descent
    'Early'"), which is patience = 1. The errors go up and down by chance, so that here they may do it for a while, as
    in Prechelt, "Early stopping - but when?" (1998). A validation error that is nan or infinite is not an improvement.

    >>> from types import SimpleNamespace
    >>> history = SimpleNamespace(validation_loss=[0.5, 0.25, 0.3, 0.4])
    >>> ValidationRising(patience=2).which(history)
    'the validation error has not improved for 2 iterations (best 0.25 at iteration 1)'
    """

    patience: int = field(metadata=COUNT)
    least_improvement: float = field(default=0.0, metadata=AT_LEAST_0)

    reads_validation = True

    @property
    def reason(self) -> str:
        """How many validations without improvement."""
        by = f" by more than {self.least_improvement}" if self.least_improvement else ""
        return f"no new lowest validation error{by} in {self.patience} validations"

    def met(self, history: History) -> bool:
        """Return whether `patience` validations have passed since the lowest error; never without a validation."""
        return self.watch()(history)

    def watch(self) -> Callable[[History], bool]:
        """As `Criterion.watch`: it reads each validation error once."""
        lowest = _Lowest(self.least_improvement)
        return lambda history: lowest.update(history.validation_loss).since >= self.patience

    def _words(self, history: History) -> str:
        lowest = _Lowest(self.least_improvement).update(history.validation_loss)
        if lowest.iteration < 0:
            return f"the validation error has not been finite in {lowest.since} validations"
        by = f" by more than {self.least_improvement}" if self.least_improvement else ""
        iterations = len(history.validation_loss) - 1 - lowest.iteration
        best = f"best {lowest.error:.6g} at iteration {lowest.iteration}"
        return f"the validation error has not improved{by} for {iterations} iterations ({best})"


@dataclass(frozen=True, repr=False)
class Combined(Criterion):
    """Two or more criteria, all or one of which must be met."""

    criteria: tuple[Criterion, ...]
    _enough: ClassVar[Callable[[Iterable[bool]], bool]]
    _word: ClassVar[str]
    _operator: ClassVar[str]

    @property
    def reads_validation(self) -> bool:
        """Whether one of them does."""
        return any(criterion.reads_validation for criterion in self.criteria)

    @property
    def reason(self) -> str:
        """All of their reasons."""
        return self._join(f", {self._word} ", lambda one: one.reason)

    def met(self, history: History) -> bool:
        """Return whether all are, or one is."""
        return type(self)._enough(criterion.met(history) for criterion in self.criteria)

    def watch(self) -> Callable[[History], bool]:
        """As `Criterion.watch`."""
        watches = [criterion.watch() for criterion in self.criteria]
        return lambda history: type(self)._enough(watch(history) for watch in watches)

    def _words(self, history: History) -> str:
        separator = ", and " if isinstance(self, And) else "; "
        return separator.join(criterion._words(history) for criterion in self.criteria if criterion.met(history))

    def __repr__(self) -> str:
        return self._join(f" {self._operator} ", repr)

    def _join(self, separator: str, text: Callable[[Criterion], str]) -> str:
        """Join the texts of the criteria, with an Or inside an And in parentheses."""
        inner = Or if isinstance(self, And) else ()
        return separator.join(f"({text(one)})" if isinstance(one, inner) else text(one) for one in self.criteria)


class And(Combined):
    """Criteria that must all be met; what `a & b` returns.

    Arguments:
        criteria: two or more.
    """

    _enough, _word, _operator = all, "and", "&"


class Or(Combined):
    """Criteria of which one must be met; what `a | b` returns.

    Arguments:
        criteria: two or more.
    """

    _enough, _word, _operator = any, "or", "|"


def parts_of(criterion: Criterion, kind: type[And] | type[Or]) -> tuple[Criterion, ...]:
    """The criteria of one of that kind, so that a & b & c is one And of three; else the criterion alone."""
    return criterion.criteria if isinstance(criterion, kind) else (criterion,)
