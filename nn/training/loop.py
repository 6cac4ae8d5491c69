"""Training: `fit`, the one call, and the history of a run."""

import copy
import hashlib
import json
import math
import os
import re
import warnings
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter
from typing import Any, TypeAlias

import numpy as np

from autograd_lite import Value
from nn.checks import Array, as_finite_array, as_integer, as_number
from nn.mlp import MLP
from nn.randomness import stream
from nn.training.batch_gradients import ENGINES, BatchGradients, Loss
from nn.training.batches import Batches
from nn.training.checkpoint import read_arrays, write_arrays
from nn.training.losses import LOSSES
from nn.training.optimizers import GradientDescent, Optimizer
from nn.training.regularization import L2, Dropout, updated_weights
from nn.training.termination import Criterion, MaximumIterations, Or


@dataclass
class History:
    """What happened in a run of `fit`, iteration by iteration.

    Attributes:
        loss: what was minimised, at the weights before the update: the sum over all data, or the mean over a
            mini-batch, of the examples' errors, plus the penalty of L2 regularization.
        error: the mean error of the iteration's examples, without penalty.
        validation_loss: the mean error of the validation examples; None where it was not computed.
        gradient_norm: the Euclidean norm of the gradient of the loss.
        time: seconds since the start, pauses between a checkpoint and its resumption left out.
        ended: which criterion ended the run, or what stopped it, in words.
        engine: what computed the gradients: "programs", or "values" and, in words, why.
        best_iteration, best_loss: how many updates led to the best weights, and the number that they are best by: the
            validation loss if there is validation data, else the loss (of mini-batches, that over all data).
    """

    loss: list[float] = field(default_factory=list)
    error: list[float] = field(default_factory=list)
    validation_loss: list[float | None] = field(default_factory=list)
    gradient_norm: list[float] = field(default_factory=list)
    time: list[float] = field(default_factory=list)
    ended: str = ""
    engine: str = ""
    best_iteration: int = 0
    best_loss: float = math.inf

    @property
    def iterations(self) -> int:
        """How many updates have been made."""
        return len(self.loss)

    def cut(self) -> None:
        """Forget an iteration of which only a part was written down, as when Ctrl-C comes just then."""
        complete = len(self.time)  # written last
        for numbers in (self.loss, self.error, self.validation_loss, self.gradient_norm):
            del numbers[complete:]

    def __repr__(self) -> str:
        last = f", last loss {self.loss[-1]:.6g}" if self.loss else ""
        return (
            f"<History: {self.iterations} iterations{last}; best {self.best_loss:.6g} after {self.best_iteration}; "
            f"ended by: {self.ended or 'not ended'}>"
        )


Callback: TypeAlias = Callable[[MLP, History], object]
"""Is called after each iteration; if it gives True, the run ends."""


def fit(
    net: MLP,
    X: Any,
    y: Any,
    *,
    loss: str | Loss = "squared_error",
    optimizer: Optimizer | None = None,
    batch_size: int | None = None,
    shuffle: bool = False,
    average: bool | None = None,
    regularization: L2 | None = None,
    jitter: float = 0.0,
    dropout: Dropout | None = None,
    validation: tuple[Any, Any] | None = None,
    evaluate_every: int | None = None,
    stop: Criterion | None = None,
    keep: str = "best",
    seed: int | None = 0,
    callbacks: Iterable[Callback] = (),
    engine: str = "auto",
    progress: bool | None = None,
    checkpoint: str | os.PathLike[str] | None = None,
    checkpoint_every: int = 100,
) -> History:
    """Train a network, and give the history of the run; the weights of the network are then the best that were found.

    Arguments:
        net: the network; training starts from its weights.
        X: N examples, of shape (N, d^(0)).
        y: N targets, of shape (N, d^(L)), or (N,) if there is one output; class numbers (N,) for the loss
            "softmax_cross_entropy".
        loss: a key of LOSSES, or a function of the outputs and the target of one example.
        optimizer: how the weights are updated; GradientDescent(0.01) if None. It is not changed.
        batch_size: None takes all examples in each iteration (gradient descent), 1 one at random (stochastic gradient
            descent), B a mini-batch.
        shuffle: False draws the examples of a mini-batch with replacement, as the lecture does; True goes through the
            data in epochs, each in a new random order.
        average: whether the examples' errors are averaged or summed; None sums over all data and averages over a
            mini-batch, as the lecture does.
        regularization: L2(lambda_C), added to the loss.
        jitter: sigma, the standard deviation of the noise N(0, sigma^2 I) that is added to the inputs, afresh in each
            iteration.
        dropout: Dropout(rate) removes hidden nodes at random in each iteration.
        validation: X and y of examples that are not trained on.
        evaluate_every: after how many iterations the validation loss is computed, and of mini-batches without
            validation data the loss over all data; None computes it in each iteration, of mini-batches once in N / B.
        stop: when the run ends: criteria that combine with & and |; MaximumIterations(1000) if None.
        keep: "best" leaves the network with the weights of the lowest validation loss, or, without validation data, of
            the lowest loss over all data; "last" with those of the last update (the best after Ctrl-C, nan or inf).
        seed: of the batches, the jitter and the dropout; None takes fresh random numbers.
        callbacks: are called with the network and the history after each iteration; True ends the run.
        engine: what computes the gradients. "auto" compiles the graph of an example into a program, once, and runs it
            by what is the fastest for the size, machine code if llvmlite is installed; a loss of your own is traced if
            it can be (see `autograd_lite.compile_program`), and called again for one example in each iteration, to see
            that it has not changed. "values" builds graphs of Values, example by example; "numpy", "arrays", "llvm" and
            "python" are the back ends of programs. All agree to rounding.
        progress: True shows a progress bar, False none; None shows one on runs of more than two seconds, where the
            package tqdm is installed.
        checkpoint: a file that is written every `checkpoint_every` iterations, and at the end. If it is there already,
            the run goes on where it stopped, to the same weights bit for bit, also with a `stop` that lets it run
            longer; delete it to start afresh.

    Raises:
        ValueError: naming the argument that is wrong, before training starts; also if the checkpoint is that of another
            run.
        TypeError: if net is no MLP, or another argument has the wrong type.

    Warns:
        RuntimeWarning: if the run is ended by Ctrl-C, or because the loss, the gradient or a weight is infinite or nan;
            if the checkpoint's run began with other weights than the network has.

    Source: lecture 14, slides "Gradient Descent" to "Dropout"; each class says which.

    >>> net = MLP(2, [4, 1], seed=1)
    >>> X, y = [[-1, -1], [-1, 1], [1, -1], [1, 1]], [-1, 1, 1, -1]
    >>> history = fit(net, X, y, optimizer=GradientDescent(0.1), stop=MaximumIterations(300))
    >>> history.ended, [round(net(x).data) for x in X]
    ('300 iterations', [-1, 1, 1, -1])
    """
    settings = Settings(
        loss,
        optimizer if optimizer is not None else GradientDescent(0.01),
        batch_size,
        shuffle,
        average,
        regularization,
        jitter,
        dropout,
        evaluate_every,
        stop if stop is not None else MaximumIterations(1000),
        keep,
        seed,
        check_callbacks(callbacks),
        engine,
        progress,
        check_checkpoint(checkpoint),
        checkpoint_every,
    )
    return Run(net, X, y, validation, settings).run()


@dataclass(frozen=True)
class Settings:
    """The options of `fit`, checked.

    Raises:
        ValueError, TypeError: naming the argument that is wrong.
    """

    loss: str | Loss
    optimizer: Optimizer
    batch_size: int | None
    shuffle: bool
    average: bool | None
    regularization: L2 | None
    jitter: float
    dropout: Dropout | None
    evaluate_every: int | None
    stop: Criterion
    keep: str
    seed: int | None
    callbacks: tuple[Callback, ...]
    engine: str
    progress: bool | None
    checkpoint: Path | None
    checkpoint_every: int

    def __post_init__(self) -> None:
        check_loss(self.loss)
        for argument, kind, example in (
            ("optimizer", Optimizer, "GradientDescent(0.01)"),
            ("regularization", L2 | None, "L2(0.001)"),
            ("dropout", Dropout | None, "Dropout(0.5)"),
            ("stop", Criterion, "MaximumIterations(1000)"),
            ("shuffle", bool, "True"),
            ("average", bool | None, "True"),
            ("progress", bool | None, "True"),
        ):
            value = getattr(self, argument)
            if not isinstance(value, kind):
                raise TypeError(f"{argument} must be such as {example}; received {value!r}")
        if self.keep not in {"best", "last"}:
            raise ValueError(f'keep must be "best" or "last", received {self.keep!r}')
        if not isinstance(self.engine, str) or self.engine not in ENGINES:
            raise ValueError(f"engine must be one of {', '.join(ENGINES)}; received {self.engine!r}")
        as_number("jitter", self.jitter, least=0)
        as_integer("checkpoint_every", self.checkpoint_every, least=1)
        for argument, least in (("batch_size", 1), ("evaluate_every", 1), ("seed", 0)):
            if getattr(self, argument) is not None:
                as_integer(argument, getattr(self, argument), least=least)

    @property
    def averages(self) -> bool:
        """Whether the examples' errors are averaged."""
        return self.batch_size is not None if self.average is None else self.average

    def evaluation_interval(self, examples: int) -> int:
        """After how many iterations what the best weights are best by is computed."""
        if self.evaluate_every is not None:
            return self.evaluate_every
        return 1 if self.batch_size is None else max(1, math.ceil(examples / self.batch_size))

    def words(self) -> dict[str, str]:
        """What the weights depend on, without the addresses of objects, which differ from process to process."""
        loss = self.loss if isinstance(self.loss, str) else getattr(self.loss, "__qualname__", repr(self.loss))
        names = (
            "optimizer", "batch_size", "shuffle", "regularization", "jitter", "dropout", "evaluate_every", "seed",
            "engine",
        )  # fmt: skip
        settings = {"loss": loss, "average": repr(self.averages), **{name: repr(getattr(self, name)) for name in names}}
        return {name: re.sub(r" at 0x[0-9a-fA-F]+", "", words) for name, words in settings.items()}


class Run:
    """One run of `fit`."""

    def __init__(self, net: MLP, X: Any, y: Any, validation: tuple[Any, Any] | None, settings: Settings) -> None:
        if not isinstance(net, MLP):
            raise TypeError(f"net must be an MLP, not {type(net).__name__}: {net!r}")
        self.net, self.settings = net, settings
        self.loss = check_loss(settings.loss)
        classes = takes_class_numbers(settings.loss)
        self.X, self.y = check_data(net, X, y, classes)
        check_error(net, self.X, self.y, self.loss)
        examples = len(self.X)
        if settings.batch_size is not None and settings.batch_size > examples:
            raise ValueError(
                f"batch_size must be at most {examples}, the number of examples; received {settings.batch_size}"
            )
        self.validation = None
        if validation is not None:
            if not isinstance(validation, tuple | list) or len(validation) != 2:
                raise ValueError(f"validation must be a pair of X and y, received {type(validation).__name__}")
            try:
                self.validation = check_data(net, *validation, classes)
                check_error(net, *self.validation, self.loss)
            except ValueError as error:
                raise ValueError(f"validation is wrong: {error}") from None
        elif settings.stop.reads_validation:
            raise ValueError(f"stop waits for {settings.stop.reason}, but validation is None")
        self.interval = settings.evaluation_interval(examples)
        self.optimizer = copy.deepcopy(settings.optimizer)
        self.optimizer.reset()
        self.generators = {use: stream(settings.seed, use) for use in ("batches", "jitter", "dropout")}
        self.batches = Batches(examples, settings.batch_size, settings.shuffle, self.generators["batches"])
        self.history = History()
        self.engine = BatchGradients(
            net, self.X, self.y, self.loss, dropout=settings.dropout is not None, engine=settings.engine
        )
        self.examples = self.engine.batch(self.X, self.y)
        self.evaluated = self.examples if self.validation is None else self.engine.batch(*self.validation)
        self.weights = net.weights  # those of the network, which is given them where somebody may look
        self.first_weights = digest(*self.weights)
        self.best_weights = self.weights
        self.seconds = 0.0  # of the run before it was resumed

    # The run

    def run(self) -> History:
        """Iterate until a criterion is met, or something stops the run; the network keeps the best weights."""
        checkpoint = self.settings.checkpoint
        if checkpoint is not None and checkpoint.exists():
            self.resume(checkpoint)
        try:
            self.history.ended, problem = self.iterations(perf_counter() - self.seconds)
        except BaseException:  # such as an error in a callback
            self.net.weights = self.best_weights
            raise
        if problem:
            warnings.warn(
                f"training ended: {self.history.ended}; the best weights are kept", RuntimeWarning, stacklevel=3
            )
        self.history.engine = f"values: {self.engine.reason}" if self.engine.reason else "programs"
        best = problem or self.settings.keep == "best"
        self.net.weights = self.best_weights if best else self.weights
        return self.history

    def iterations(self, start: float) -> tuple[str, bool]:
        """All iterations; gives what ended them, and whether that is no way for a run to end."""
        settings, history = self.settings, self.history
        try:
            with self.bar() as bar:
                while not settings.stop.met(history):
                    problem = self.iterate(start)
                    if problem:
                        return problem, True
                    if bar is not None:
                        bar.update()
                        bar.set_postfix_str(f"loss {history.loss[-1]:.4g}", refresh=False)
                    if settings.checkpoint is not None and history.iterations % settings.checkpoint_every == 0:
                        self.save(settings.checkpoint)
                    answers = []
                    if settings.callbacks:
                        self.net.weights = self.weights
                        answers = [callback(self.net, history) for callback in settings.callbacks]
                        self.weights = self.net.weights
                    if any(isinstance(answer, bool | np.bool_) and answer for answer in answers):
                        ended = "a callback"
                        break
                else:
                    ended = settings.stop.which(history)
            if settings.checkpoint is not None:
                self.save(settings.checkpoint)  # before the last evaluation, which a longer run would not have
            self.evaluate(history.iterations, at_the_end=True)
        except KeyboardInterrupt:
            history.cut()
            return f"Ctrl-C after {history.iterations} iterations", True
        return ended, False

    @np.errstate(over="ignore", invalid="ignore")  # what comes of it is seen below
    def iterate(self, start: float) -> str:
        """One update of the weights; gives what is wrong, if the loss, the gradient or a weight is not finite."""
        history, net = self.history, self.net
        t = history.iterations
        validation_loss = self.evaluate(t)
        settings = self.settings
        batch = self.examples if settings.batch_size is None else self.examples[self.batches.draw()]
        if settings.jitter:
            batch = batch.copy()
            inputs = batch[:, : net.sizes[0]]
            inputs += self.generators["jitter"].normal(0.0, settings.jitter, size=inputs.shape)
        removed: list[frozenset[int]] = []
        if settings.dropout is not None:
            removed = settings.dropout.draw(net.sizes, self.generators["dropout"])
        scale = settings.dropout.factor if settings.dropout is not None else 1.0
        weights = self.weights
        total, gradients = self.engine.gradients(batch, weights, removed, scale, runs=t)
        error = total / len(batch)
        objective = error if settings.averages else total
        if settings.averages:
            gradients = [G / len(batch) for G in gradients]
        if settings.regularization is not None:
            objective += settings.regularization.penalty(weights)
            penalties = settings.regularization.gradients(weights)
            gradients = [G + penalty for G, penalty in zip(gradients, penalties, strict=True)]
        norm = math.sqrt(sum(float(np.sum(G * G)) for G in gradients))
        if not (math.isfinite(objective) and math.isfinite(norm)):
            what = f"the loss is {objective}" if not math.isfinite(objective) else f"the norm of the gradient is {norm}"
            return f"{what} in iteration {t}"
        if self.monitors_loss and objective < history.best_loss:
            history.best_loss, history.best_iteration, self.best_weights = objective, t, weights
        mask = updated_weights(net.sizes, removed) if any(removed) else None
        updated = self.optimizer.step(weights, gradients, mask)
        wrong = [w for W in updated for w in W[~np.isfinite(W)].tolist()]
        if wrong:
            return f"a weight is {wrong[0]} in iteration {t}"
        self.weights = updated
        history.loss.append(objective)
        history.error.append(error)
        history.validation_loss.append(validation_loss)
        history.gradient_norm.append(norm)
        history.time.append(perf_counter() - start)
        return ""

    @property
    def monitors_loss(self) -> bool:
        """Whether the weights are best by the loss of an iteration, which then is that over all data as they are."""
        settings = self.settings
        noisy = settings.batch_size is not None or settings.jitter > 0 or settings.dropout is not None
        return self.validation is None and not noisy

    def evaluate(self, t: int, at_the_end: bool = False) -> float | None:
        """Compute what the best weights are best by, if it is time, and keep the weights if they are; gives the
        validation loss."""
        due = at_the_end or t % self.interval == 0
        if not due or (self.monitors_loss and not at_the_end):
            return None
        weights = self.weights
        monitored = self.engine.error(self.evaluated, weights, runs=t // self.interval)
        if self.validation is not None or self.settings.averages:
            monitored /= len(self.evaluated)
        if self.validation is None and self.settings.regularization is not None:
            monitored += self.settings.regularization.penalty(weights)
        if monitored < self.history.best_loss:  # nan is never less
            self.history.best_loss, self.history.best_iteration, self.best_weights = monitored, t, weights
        return None if self.validation is None else monitored

    def bar(self) -> AbstractContextManager[Any]:
        """The progress bar."""
        progress, stop = self.settings.progress, self.settings.stop
        if progress is False:
            return nullcontext()
        try:
            from tqdm.auto import tqdm  # noqa: PLC0415  late: tqdm is an extra
        except ImportError as error:
            if progress is None:
                return nullcontext()
            raise ImportError(
                f"progress=True needs the package tqdm ({error}): pip install 'autograd-lite[lab]'"
            ) from error
        criteria = stop.criteria if isinstance(stop, Or) else (stop,)
        total = min((one.n for one in criteria if isinstance(one, MaximumIterations)), default=None)
        bar: AbstractContextManager[Any] = tqdm(
            total=total,
            initial=self.history.iterations,
            delay=2.0 if progress is None else 0.0,  # seconds
            disable=None if progress is None else False,  # None: where there is no terminal to show it
            unit=" iterations",
        )
        return bar

    # Checkpoints

    def fingerprint(self) -> dict[str, Any]:
        """What tells this run from another: a checkpoint is only taken up by the run that wrote it."""
        return {
            "net": [self.net.sizes, self.net.activations],
            "X": digest(self.X),
            "y": digest(self.y),
            "validation": digest(*(self.validation or ())),
            **self.settings.words(),
        }

    def save(self, checkpoint: Path) -> None:
        """Write all that the rest of the run depends on."""
        history = self.history
        arrays: dict[str, Any] = {
            "fingerprint": np.array(json.dumps(self.fingerprint())),
            "first_weights": np.array(self.first_weights),
            "generators": np.array(json.dumps({use: g.bit_generator.state for use, g in self.generators.items()})),
            "best": np.array([history.best_iteration, history.best_loss]),
            "loss": np.array(history.loss),
            "error": np.array(history.error),
            "validation_loss": np.array([math.nan if v is None else v for v in history.validation_loss]),
            "has_validation_loss": np.array([v is not None for v in history.validation_loss], dtype=bool),
            "gradient_norm": np.array(history.gradient_norm),
            "time": np.array(history.time),
            **{f"weights.{l}": W for l, W in enumerate(self.weights, start=1)},
            **{f"best_weights.{l}": W for l, W in enumerate(self.best_weights, start=1)},
            **{f"optimizer.{name}": array for name, array in self.optimizer.state().items()},
            **{f"batches.{name}": array for name, array in self.batches.state().items()},
        }
        write_arrays(checkpoint, arrays)

    def resume(self, checkpoint: Path) -> None:
        """Go on where the run stopped that wrote the checkpoint.

        Raises:
            ValueError: if it was another run, or the file is no checkpoint.
        """
        arrays = read_arrays(checkpoint)
        if "fingerprint" not in arrays:
            raise ValueError(f"checkpoint {checkpoint} is no checkpoint; give another file")
        theirs, ours = json.loads(str(arrays["fingerprint"])), self.fingerprint()
        others = [name for name in ours if theirs.get(name) != ours[name]]
        if others:
            raise ValueError(
                f"checkpoint {checkpoint} is that of another run, which differs in {', '.join(others)}; delete the "
                "file, or give another one, to start afresh"
            )
        count = len(self.net.layers)
        weights, best = ([arrays[f"{name}.{l}"] for l in range(1, count + 1)] for name in ("weights", "best_weights"))
        first = str(arrays["first_weights"])
        if self.first_weights not in {first, digest(*weights), digest(*best)}:
            warnings.warn(
                f"the run of the checkpoint {checkpoint} began with other weights than the network has; it goes on "
                "with its own; to start afresh, delete the file, or give another one",
                RuntimeWarning,
                stacklevel=4,
            )
        self.first_weights = first
        history = self.history
        for name in ("loss", "error", "gradient_norm", "time"):
            getattr(history, name).extend(arrays[name].tolist())
        known = zip(arrays["validation_loss"].tolist(), arrays["has_validation_loss"].tolist(), strict=True)
        history.validation_loss.extend(number if is_there else None for number, is_there in known)
        history.best_iteration, history.best_loss = int(arrays["best"][0]), float(arrays["best"][1])
        self.seconds = history.time[-1] if history.time else 0.0
        self.weights, self.best_weights = weights, best
        for use, state in json.loads(str(arrays["generators"])).items():
            self.generators[use].bit_generator.state = state
        self.optimizer.restore(part(arrays, "optimizer."))
        self.batches.restore(part(arrays, "batches."))


def part(arrays: dict[str, Any], prefix: str) -> dict[str, Any]:
    """The arrays whose names begin so, without the prefix."""
    return {name.removeprefix(prefix): array for name, array in arrays.items() if name.startswith(prefix)}


def error_of(net: MLP, X: Array, y: Array, loss: Loss) -> float:
    """The sum of the examples' errors; all nodes take part."""
    engine = BatchGradients(net, X, y, loss)
    return engine.error(engine.batch(X, y), net.weights)


def digest(*arrays: Array) -> str:
    """A short name for the numbers of arrays."""
    name = hashlib.sha256()
    for array in arrays:
        name.update(repr(array.shape).encode() + np.ascontiguousarray(array).tobytes())
    return name.hexdigest()[:16]


# Checks


def check_loss(loss: str | Loss) -> Loss:
    """The loss, if there is one of that name.

    Raises:
        ValueError: if there is none.
    """
    if callable(loss):
        return loss
    if not isinstance(loss, str) or loss not in LOSSES:
        raise ValueError(f"loss must be a function, or one of {', '.join(LOSSES)}; received {loss!r}")
    return LOSSES[loss]


def takes_class_numbers(loss: str | Loss) -> bool:
    """Whether the targets of a loss may be class numbers, one for each example.

    >>> takes_class_numbers("softmax_cross_entropy"), takes_class_numbers("hinge")
    (True, False)
    """
    return check_loss(loss) is LOSSES["softmax_cross_entropy"]


def check_data(net: MLP, X: Any, y: Any, classes: bool = False) -> tuple[Array, Array]:
    """The examples as an array of shape (N, d^(0)), and their targets, of shape (N, d^(L)) or, class numbers, (N,).

    Raises:
        ValueError: naming X or y: if it is empty, ragged, has nan or inf, or a shape that does not fit.
    """
    inputs, outputs = net.sizes[0], net.sizes[-1]
    examples = as_finite_array("X", X)
    if examples.ndim != 2 or examples.shape[1] != inputs or len(examples) == 0:
        raise ValueError(f"X must have shape (N, {inputs}), with at least 1 example; received {examples.shape}")
    targets = as_finite_array("y", y)
    N = len(examples)
    if classes and targets.shape == (N,):
        if not np.isin(targets, np.arange(outputs)).all():
            raise ValueError(f"y must be class numbers 0 to {outputs - 1}; received {np.unique(targets)[:10]}")
        return examples, targets
    if targets.shape == (N,) and outputs == 1:
        targets = targets.reshape(N, 1)
    if targets.shape != (N, outputs):
        raise ValueError(f"y must have shape ({N}, {outputs}), a target for each output; received {targets.shape}")
    return examples, targets


def check_error(net: MLP, X: Array, y: Array, loss: Loss) -> None:
    """Compute the error of one example, and see whether the loss can take the targets of all.

    Raises:
        ValueError: naming y, if one of our losses refuses a target.
        TypeError: if the loss gives no Value.
    """
    if loss in LOSSES.values():
        outputs = [Value(0.0)] * net.sizes[-1]
        for target in np.unique(y, axis=0):
            try:
                loss(outputs, target)
            except ValueError as error:
                raise ValueError(f"y does not fit the loss: {error}") from None
    given = loss(net.outputs(X[0]), y[0])
    if not isinstance(given, Value):
        raise TypeError(
            f"loss must give a Value, from the list of outputs and the target of an example; it gave {given!r:.100}"
        )


def check_callbacks(callbacks: Any) -> tuple[Callback, ...]:
    """The functions.

    Raises:
        TypeError: if they are no list of functions.
    """
    functions = tuple(callbacks) if isinstance(callbacks, Iterable) else (None,)
    if not all(map(callable, functions)):
        raise TypeError(f"callbacks must be a list of functions, such as [print]; received {callbacks!r}")
    return functions


def check_checkpoint(checkpoint: Any) -> Path | None:
    """The path of the file.

    Raises:
        TypeError: if it is no path.
        ValueError: if there is no folder to put the file into, or the path is a folder.
    """
    if checkpoint is None:
        return None
    if not isinstance(checkpoint, str | os.PathLike):
        raise TypeError(f"checkpoint must be the path of a file, received {checkpoint!r}")
    path = Path(checkpoint)
    if not path.parent.is_dir():
        raise ValueError(f"checkpoint must be a file in a folder that is there; received {checkpoint!r}")
    if path.is_dir():
        raise ValueError(f"checkpoint must be a file, not a folder; received {checkpoint!r}")
    return path
