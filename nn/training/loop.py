"""Training: `fit`, the one call, and the loop behind it."""

import copy
import json
import math
import os
import re
import warnings
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Any, TypeAlias

import numpy as np

from autograd_lite import Value
from nn.checks import FloatArray, as_finite_array, as_integer, as_number, check_choice
from nn.mlp import MLP
from nn.randomness import stream
from nn.training.batch_gradients import ENGINES, BatchGradients
from nn.training.batches import Batches
from nn.training.checkpoint import digest, read_arrays, write_arrays
from nn.training.losses import LOSSES, Loss, check_loss, takes_class_numbers
from nn.training.optimizers import GradientDescent, Optimizer
from nn.training.regularization import L2, Dropout, updated_weights
from nn.training.termination import Criterion, EndedBy, History, MaximumIterations, Or

Callback: TypeAlias = Callable[[MLP, History], object]
"""A function that is called after each iteration; if it returns True, the run ends."""


class EndedEarlyWarning(RuntimeWarning):
    """A run was interrupted, or met a number that is not finite; the best weights are kept."""


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
    """Train a network, and return the history of the run; the network then has the best weights that were found.

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
        jitter: sigma, the standard deviation of the noise N(0, sigma^2 I) that is added to the inputs, drawn again in
            each iteration.
        dropout: Dropout(rate) removes hidden nodes at random in each iteration.
        validation: X and y of examples that are not trained on.
        evaluate_every: after how many iterations the validation loss is computed, and for mini-batches without
            validation data the loss over all data; None: in each iteration, for mini-batches once in N / B.
        stop: when the run ends: criteria that combine with & and |; MaximumIterations(1000) if None.
        keep: "best" leaves the network with the weights of the lowest validation loss, or, without validation data, of
            the lowest loss over all data; "last" with the weights of the last update (after Ctrl-C or nan: the best).
        seed: of the batches, the jitter and the dropout; None draws fresh entropy.
        callbacks: functions that are called with the network and the history after each iteration; a returned True ends
            the run.
        engine: what computes the gradients. "auto" compiles the graph of one example into a program, once, and runs it
            on the back end that suits its size, machine code if llvmlite is installed. A user-defined loss is traced
            if possible (see `autograd_lite.compile_program`), and called again for one example in each iteration, to
            check that it has not changed. "values" builds a graph of Values for each example; "numpy", "arrays",
            "llvm" and "python" are the back ends of programs. All agree to rounding.
        progress: True shows a progress bar, False does not; None shows one in runs of more than two seconds if the
            package tqdm is installed.
        checkpoint: a file that is written every `checkpoint_every` iterations, and at the end. If it exists already,
            the run continues where it stopped, to the same weights bit for bit, also with a `stop` that lets it run
            longer; delete it to start from the beginning.

    Raises:
        TypeError, ValueError: naming the argument that is wrong, before training starts; a ValueError also if the
            checkpoint was written by another run.

    Warns:
        EndedEarlyWarning: if the run is ended by Ctrl-C, or because the loss, the gradient or a weight is infinite or
            nan.
        RuntimeWarning: if the checkpoint's run began with other weights than the network has.
        UserWarning: if graphs of Values compute the gradients because the loss cannot be traced, which is far slower.

    Source: lecture 14, slides "Gradient Descent" to "Dropout"; each class says which.

    >>> net = MLP(2, [4, 1], seed=1)
    >>> X, y = [[-1, -1], [-1, 1], [1, -1], [1, 1]], [-1, 1, 1, -1]
    >>> history = fit(net, X, y, optimizer=GradientDescent(0.1), stop=MaximumIterations(300))
    >>> history.ended, [round(net(x).data) for x in X]
    ('300 iterations', [-1, 1, 1, -1])
    """
    optimizer = GradientDescent(0.01) if optimizer is None else optimizer
    stop = MaximumIterations(1000) if stop is None else stop
    return Run(**locals()).run()


class NotFiniteError(ArithmeticError):
    """The loss, the gradient or a weight is infinite or nan; it says which, and in which iteration."""


@dataclass(eq=False, repr=False)
class Run:
    """One run of `fit`, whose arguments are its fields.

    Raises:
        TypeError, ValueError: naming the argument that is wrong.
    """

    net: MLP
    X: Any
    y: Any
    loss: str | Loss
    optimizer: Optimizer
    batch_size: int | None
    shuffle: bool
    average: bool | None
    regularization: L2 | None
    jitter: float
    dropout: Dropout | None
    validation: tuple[Any, Any] | None
    evaluate_every: int | None
    stop: Criterion
    keep: str
    seed: int | None
    callbacks: Iterable[Callback]
    engine: str
    progress: bool | None
    checkpoint: str | os.PathLike[str] | None
    checkpoint_every: int

    def __post_init__(self) -> None:
        self._check_options()
        self._check_examples()
        examples = len(self.X)
        if self.average is None:
            self.average = self.batch_size is not None
        self.interval = self.evaluate_every or math.ceil(examples / (self.batch_size or examples))
        noisy = self.batch_size is not None or self.jitter > 0 or self.dropout is not None
        self.monitors_loss = self.validation is None and not noisy  # each iteration's loss is over all data as they are
        self.optimizer = copy.deepcopy(self.optimizer)
        self.optimizer.reset()
        self.generators = {use: stream(self.seed, use) for use in ("batches", "jitter", "dropout")}
        self.batches = Batches(examples, self.batch_size, self.shuffle, self.generators["batches"])
        self.history = History()
        self.batch_gradients = BatchGradients(
            self.net, self.X, self.y, check_loss(self.loss), dropout=self.dropout is not None, engine=self.engine
        )
        self.examples = self.batch_gradients.batch(self.X, self.y)
        self.evaluated = self.examples if self.validation is None else self.batch_gradients.batch(*self.validation)
        self.weights = self.net.weights  # the network is given them again only where somebody may look
        self.first_weights = digest(*self.weights)
        self.best_weights = self.weights

    # The run

    def run(self) -> History:
        """Iterate until a criterion is met, or something stops the run; the network keeps the best weights."""
        history = self.history
        if self.file is not None and self.file.exists():
            self._resume(self.file)
        try:
            self._iterate()
        except NotFiniteError as error:
            history.ended_by, history.ended = EndedBy.NOT_FINITE, str(error)
        except KeyboardInterrupt:
            history.cut()
            history.ended_by, history.ended = EndedBy.INTERRUPTED, f"Ctrl-C after {history.iterations} iterations"
        except BaseException:  # for example an error in a callback
            self.net.weights = self.best_weights
            raise
        early = history.ended_by in {EndedBy.NOT_FINITE, EndedBy.INTERRUPTED}
        if early:
            words = f"training ended: {history.ended}; the best weights are kept"
            warnings.warn(words, EndedEarlyWarning, stacklevel=3)
        history.engine = "values" if self.batch_gradients.uses_values else "programs"
        history.fallback = self.batch_gradients.fallback
        self.net.weights = self.best_weights if early or self.keep == "best" else self.weights
        return history

    def _iterate(self) -> None:
        """Do all iterations, and the last evaluation."""
        history, met = self.history, self.stop.watch()
        start = perf_counter() - (history.time[-1] if history.time else 0.0)
        with progress_bar(self.progress, "iterations", _iterations(self.stop), history.iterations) as bar:
            while not met(history):
                self._update(start)
                if bar is not None:
                    bar.update()
                    bar.set_postfix_str(f"loss {history.loss[-1]:.4g}", refresh=False)
                if self.file is not None and history.iterations % self.checkpoint_every == 0:
                    self._save(self.file)
                if self._call_back():
                    history.ended_by, history.ended = EndedBy.CALLBACK, EndedBy.CALLBACK.value
                    break
            else:
                history.ended_by, history.ended = EndedBy.CRITERION, self.stop.which(history)
        if self.file is not None:
            self._save(self.file)  # before the last evaluation, which a longer run would not have
        self._evaluate(history.iterations, at_the_end=True)

    @np.errstate(over="ignore", invalid="ignore")  # it is checked below
    def _update(self, start: float) -> None:
        """Update the weights once.

        Raises:
            NotFiniteError: if the loss, the gradient or a weight is not finite.
        """
        history, sizes, weights = self.history, self.net.sizes, self.weights
        t = history.iterations
        validation_loss = self._evaluate(t)
        batch = self.examples if self.batch_size is None else self.examples[self.batches.draw()]
        if self.jitter:
            batch = batch.copy()
            inputs = batch[:, : sizes[0]]
            inputs += self.generators["jitter"].normal(0.0, self.jitter, size=inputs.shape)
        factors = self.dropout.draw(sizes, self.generators["dropout"]) if self.dropout is not None else []
        total, gradients = self.batch_gradients.gradients(batch, weights, factors, runs=t)
        error = total / len(batch)
        loss = error if self.average else total
        if self.average:
            gradients = [G / len(batch) for G in gradients]
        if self.regularization is not None:
            loss += self.regularization.penalty(weights)
            penalties = self.regularization.gradients(weights)
            gradients = [G + penalty for G, penalty in zip(gradients, penalties, strict=True)]
        norm = math.sqrt(sum(float(np.sum(G * G)) for G in gradients))
        for what, number in (("loss", loss), ("norm of the gradient", norm)):
            if not math.isfinite(number):
                raise NotFiniteError(f"the {what} is {number} in iteration {t}")
        if self.monitors_loss:
            self._keep_if_best(loss, t)
        updated = self.optimizer.step(weights, gradients, updated_weights(sizes, factors) if factors else None)
        for W in updated:
            if not np.isfinite(W).all():
                raise NotFiniteError(f"a weight is {W[~np.isfinite(W)].item(0)} in iteration {t}")
        self.weights = updated
        history.loss.append(loss)
        history.error.append(error)
        history.validation_loss.append(validation_loss)
        history.gradient_norm.append(norm)
        history.time.append(perf_counter() - start)

    def _evaluate(self, t: int, at_the_end: bool = False) -> float | None:
        """Compute the monitored loss, if it is time, and keep the weights if they are the best; return the validation
        loss."""
        if not at_the_end and (self.monitors_loss or t % self.interval):
            return None
        monitored = self.batch_gradients.error(self.evaluated, self.weights, runs=t // self.interval)
        if self.validation is not None or self.average:
            monitored /= len(self.evaluated)
        if self.validation is None and self.regularization is not None:
            monitored += self.regularization.penalty(self.weights)
        self._keep_if_best(monitored, t)
        return None if self.validation is None else monitored

    def _keep_if_best(self, loss: float, t: int) -> None:
        if loss < self.history.best_loss:  # nan is never less
            self.history.best_loss, self.history.best_iteration, self.best_weights = loss, t, self.weights

    def _call_back(self) -> bool:
        """Call the callbacks, which may change the weights; return whether one of them returned True."""
        if not self.callbacks:
            return False
        self.net.weights = self.weights
        answers = [callback(self.net, self.history) for callback in self.callbacks]
        self.weights = self.net.weights
        return any(isinstance(answer, bool | np.bool_) and bool(answer) for answer in answers)

    # Checks

    def _check_options(self) -> None:
        for argument, kind, expected in (
            ("net", MLP, "an MLP, for example MLP(2, [3, 1])"),
            ("optimizer", Optimizer, "an Optimizer, for example GradientDescent(0.01)"),
            ("regularization", L2 | None, "an L2, for example L2(0.001)"),
            ("dropout", Dropout | None, "a Dropout, for example Dropout(0.5)"),
            ("stop", Criterion, "a Criterion, for example MaximumIterations(1000)"),
            ("shuffle", bool, "True or False"),
            ("average", bool | None, "True, False or None"),
            ("progress", bool | None, "True, False or None"),
            ("callbacks", Iterable, "a list of functions, for example [print]"),
            ("checkpoint", str | os.PathLike | None, 'the path of a file, for example "run.npz"'),
        ):
            if not isinstance(getattr(self, argument), kind):
                raise TypeError(f"{argument} must be {expected}; received {getattr(self, argument)!r:.200}")
        self.callbacks = tuple(self.callbacks)
        if not all(map(callable, self.callbacks)):
            raise TypeError(f"callbacks must be a list of functions, for example [print]; received {self.callbacks!r}")
        check_choice("keep", self.keep, ("best", "last"))
        check_choice("engine", self.engine, ENGINES)
        as_number("jitter", self.jitter, least=0)
        as_integer("checkpoint_every", self.checkpoint_every, least=1)
        for argument, least in (("batch_size", 1), ("evaluate_every", 1), ("seed", 0)):
            if getattr(self, argument) is not None:
                as_integer(argument, getattr(self, argument), least=least)
        self.file = None if self.checkpoint is None else Path(self.checkpoint)
        if self.file is not None and (self.file.is_dir() or not self.file.parent.is_dir()):
            raise ValueError(f"checkpoint must be a file in an existing folder; received {self.checkpoint!r}")

    def _check_examples(self) -> None:
        loss, classes = check_loss(self.loss), takes_class_numbers(self.loss)
        self.X, self.y = check_data(self.net, self.X, self.y, classes)
        check_error(self.net, self.X, self.y, loss)
        examples = len(self.X)
        if self.batch_size is not None and self.batch_size > examples:
            raise ValueError(
                f"batch_size must be at most {examples}, the number of examples; received {self.batch_size}"
            )
        if self.validation is None:
            if self.stop.reads_validation:
                raise ValueError(f"stop waits for {self.stop.reason}, but validation is None")
            return
        if not isinstance(self.validation, tuple | list) or len(self.validation) != 2:
            raise ValueError(f"validation must be a pair of X and y, received {type(self.validation).__name__}")
        try:
            self.validation = check_data(self.net, *self.validation, classes)
            check_error(self.net, *self.validation, loss)
        except ValueError as error:
            raise ValueError(f"validation is wrong: {error}") from None

    # Checkpoints

    def fingerprint(self) -> dict[str, Any]:
        """Return what distinguishes this run from another: a checkpoint is only taken up by the run that wrote it."""
        names = (
            "optimizer", "batch_size", "shuffle", "average", "regularization", "jitter", "dropout", "evaluate_every",
            "seed", "engine",
        )  # fmt: skip
        settings = {name: repr(getattr(self, name)) for name in names}
        settings["loss"] = (
            self.loss if isinstance(self.loss, str) else getattr(self.loss, "__qualname__", repr(self.loss))
        )
        return {
            "net": [self.net.sizes, self.net.activations],
            "X": digest(self.X),
            "y": digest(self.y),
            "validation": digest(*(self.validation or ())),
            # addresses of objects differ from process to process
            **{name: re.sub(r" at 0x[0-9a-fA-F]+", "", text) for name, text in settings.items()},
        }

    def _save(self, file: Path) -> None:
        """Write all that the rest of the run depends on."""
        history = self.history
        validation_loss = history.validation_loss
        arrays: dict[str, Any] = {
            "fingerprint": np.array(json.dumps(self.fingerprint())),
            "first_weights": np.array(self.first_weights),
            "generators": np.array(json.dumps({use: g.bit_generator.state for use, g in self.generators.items()})),
            "best": np.array([history.best_iteration, history.best_loss]),
            "validation_loss": np.array([math.nan if number is None else number for number in validation_loss]),
            "has_validation_loss": np.array([number is not None for number in validation_loss], dtype=bool),
            **{name: np.array(getattr(history, name)) for name in ("loss", "error", "gradient_norm", "time")},
            **{f"weights.{l}": W for l, W in enumerate(self.weights, start=1)},
            **{f"best_weights.{l}": W for l, W in enumerate(self.best_weights, start=1)},
            **{f"optimizer.{name}": array for name, array in self.optimizer.state().items()},
            **{f"batches.{name}": array for name, array in self.batches.state().items()},
        }
        write_arrays(file, arrays)

    def _resume(self, file: Path) -> None:
        """Continue where the run stopped that wrote the checkpoint.

        Raises:
            ValueError: if it was another run, or the file is not a checkpoint.
        """
        arrays = read_arrays(file)
        if "fingerprint" not in arrays:
            raise ValueError(f"checkpoint {file} is not a checkpoint of a run; pass another file")
        theirs, ours = json.loads(str(arrays["fingerprint"])), self.fingerprint()
        different = [name for name in ours if theirs.get(name) != ours[name]]
        if different:
            raise ValueError(
                f"checkpoint {file} was written by another run, which differs in {', '.join(different)}; delete "
                "the file, or pass another one, to start from the beginning"
            )

        def part(prefix: str) -> dict[str, Any]:
            return {name.removeprefix(prefix): array for name, array in arrays.items() if name.startswith(prefix)}

        self.weights, self.best_weights = list(part("weights.").values()), list(part("best_weights.").values())
        first = str(arrays["first_weights"])
        if self.first_weights not in {first, digest(*self.weights), digest(*self.best_weights)}:
            warnings.warn(
                f"the run of the checkpoint {file} began with other weights than the network has, and continues "
                "with its own; to start from the beginning, delete the file, or pass another one",
                RuntimeWarning,
                stacklevel=4,
            )
        self.first_weights = first
        history = self.history
        for name in ("loss", "error", "gradient_norm", "time"):
            getattr(history, name).extend(arrays[name].tolist())
        known = zip(arrays["validation_loss"].tolist(), arrays["has_validation_loss"].tolist(), strict=True)
        history.validation_loss.extend(number if exists else None for number, exists in known)
        history.best_iteration, history.best_loss = int(arrays["best"][0]), float(arrays["best"][1])
        for use, state in json.loads(str(arrays["generators"])).items():
            self.generators[use].bit_generator.state = state
        self.optimizer.restore(part("optimizer."))
        self.batches.restore(part("batches."))


def _iterations(stop: Criterion) -> int | None:
    """After how many iterations a run ends at the latest, if that is known."""
    criteria = stop.criteria if isinstance(stop, Or) else (stop,)
    return min((one.n for one in criteria if isinstance(one, MaximumIterations)), default=None)


def progress_bar(progress: bool | None, unit: str, total: int | None, done: int = 0) -> AbstractContextManager[Any]:
    """A progress bar of the package tqdm, or a context manager of None where there is to be none.

    Arguments:
        progress: whether there is one; with None there is one after two seconds, in a terminal, if tqdm is installed.
        unit: what it counts.
        total: how many there are; None if that is not known.
        done: how many are done already.

    Raises:
        ImportError: if progress is True and tqdm is not installed.
    """
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
    delay, disable = (2.0, None) if progress is None else (0.0, False)  # seconds; None: where there is no terminal
    bar: AbstractContextManager[Any] = tqdm(total=total, initial=done, delay=delay, disable=disable, unit=f" {unit}")
    return bar


# The data


def error_of(net: MLP, X: FloatArray, y: FloatArray, loss: Loss, engine: str = "auto") -> float:
    """The sum of the examples' errors; all nodes take part."""
    gradients = BatchGradients(net, X, y, loss, engine=engine)
    return gradients.error(gradients.batch(X, y), net.weights)


def check_data(net: MLP, X: Any, y: Any, classes: bool = False) -> tuple[FloatArray, FloatArray]:
    """Return the examples as an array of shape (N, d^(0)), and their targets, of shape (N, d^(L)).

    Class numbers become rows that are 1 for the class and 0 for the others.

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
        targets = np.eye(outputs)[targets.astype(int)]
    if targets.shape == (N,) and outputs == 1:
        targets = targets.reshape(N, 1)
    if targets.shape != (N, outputs):
        raise ValueError(f"y must have shape ({N}, {outputs}), a target for each output; received {targets.shape}")
    return examples, targets


def check_error(net: MLP, X: FloatArray, y: FloatArray, loss: Loss) -> None:
    """Compute the error of one example, and check that the loss accepts the targets of all.

    Raises:
        ValueError: naming y, if one of our losses refuses a target.
        TypeError: if the loss does not return a Value.
    """
    if loss in LOSSES.values():
        outputs = [Value(0.0)] * net.sizes[-1]
        for target in np.unique(y, axis=0):
            try:
                loss(outputs, target)
            except ValueError as error:
                raise ValueError(f"y does not fit the loss: {error}") from None
    returned = loss(net.outputs(X[0]), y[0])
    if not isinstance(returned, Value):
        raise TypeError(
            "loss must return a Value, given the list of outputs and the target of an example; "
            f"it returned {returned!r:.100}"
        )
