"""Training: `fit`, the one call, and the loop behind it."""

import copy
import math
import os
import signal
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from time import perf_counter
from types import FrameType, SimpleNamespace
from typing import Any, TypeAlias

import numpy as np

from autograd_lite import Value
from nn.checks import FloatArray, as_finite_array, as_integer, as_number, check_choice, warn
from nn.mlp import MLP
from nn.randomness import stream
from nn.training.batch_gradients import ENGINES, BatchGradients
from nn.training.batches import Batches
from nn.training.checkpoint import Checkpoint
from nn.training.losses import LOSSES, Loss, bounds_allowed, check_loss, range_of, takes_class_numbers
from nn.training.optimizers import GradientDescent, Optimizer
from nn.training.regularization import L2, Dropout, updated_weights
from nn.training.termination import LISTS, Criterion, EndedBy, History, MaximumIterations, Or, parts_of

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
        dropout: Dropout(rate) removes hidden nodes at random in each iteration, Dropout(rate, input_rate=...) also
            inputs.
        validation: X and y of examples that are not trained on.
        evaluate_every: how many iterations apart the validation loss is computed or, without validation data but with
            mini-batches, jitter or dropout, the loss over all data; None: in each iteration or, with mini-batches,
            every N / B iterations.
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
        progress: True shows a progress bar, False does not; None shows one in runs of more than two seconds, in a
            terminal or a notebook, if the package tqdm is installed.
        checkpoint: a file that is written at the start, after every `checkpoint_every` iterations, and when the run
            ends, even by Ctrl-C. If it exists already, the run continues where it stopped and reaches the same weights
            bit for bit, even with a `stop` that lets it run longer; delete it to start from the beginning. It is
            refused if another run wrote it: with other data, settings or functions. Functions are compared by their
            code, constants, defaults, enclosed values and global variables (see `nn.training.identity`), which must not
            change during the run. `stop`, `keep` and callbacks that leave the weights as they are may differ; a
            callback that was not there from the beginning is refused once it changes the weights.

    Raises:
        TypeError, ValueError: naming the argument that is wrong, before training starts; a ValueError also if the
            checkpoint was written by another run, or is damaged. With a checkpoint, a function whose state changes is
            noticed only once it has been called.
        OSError: if the checkpoint cannot be read or written; before training starts, if that can be known.

    Warns:
        EndedEarlyWarning: if the run is ended by Ctrl-C, or because the loss, the gradient or a weight is infinite or
            nan.
        RuntimeWarning: if the checkpoint's run began with weights other than the network's.
        UserWarning: if graphs of Values compute the gradients because the loss cannot be traced, which is far slower;
            and if the outputs of the network are bounded, for example by tanh, but the loss expects unbounded outputs.

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


class Run(SimpleNamespace):
    """One run of `fit`, whose arguments are its attributes."""

    X: FloatArray
    y: FloatArray
    validation: tuple[FloatArray, FloatArray] | None
    optimizer: Optimizer
    average: bool | None
    callbacks: tuple[Callback, ...]
    loss: Loss
    checkpoint: Any  # its path, and then a Checkpoint

    def run(self) -> History:
        """Iterate until a criterion is met, or something stops the run, and leave the network with the best weights."""
        self.history = history = History()
        self.begun = False
        try:
            with interrupts_held() as self.interrupts:
                self._begin()
                self._iterate()
        except NotFiniteError as error:
            history.ended_by, history.ended = EndedBy.NOT_FINITE, str(error)
        except KeyboardInterrupt:
            complete = len(history.time)  # written last
            for name in LISTS:
                del getattr(history, name)[complete:]
            history.ended_by, history.ended = EndedBy.INTERRUPTED, f"Ctrl-C after {history.iterations} iterations"
        finally:  # also if a callback raises an error
            early = history.ended_by not in {EndedBy.CRITERION, EndedBy.CALLBACK}
            if self.begun:  # else the network has not been touched
                self.net.weights = self.best_weights if early or self.keep == "best" else self.weights
                history.engine = "values" if self.batch_gradients.uses_values else "programs"
                history.fallback = self.batch_gradients.fallback
                if early and self.checkpoint is not None:
                    self.checkpoint.save()
        if early:
            words = f"training ended: {history.ended}; the best weights are kept"
            if self.begun and self.checkpoint is not None:
                words += f", and the run is saved in {self.checkpoint.path}"
            warn(words, EndedEarlyWarning)
        return history

    def _begin(self) -> None:
        """Check the arguments, and prepare the first iteration, or the next one of the checkpoint's run.

        Raises:
            TypeError, ValueError: naming the argument that is wrong.
        """
        self._check_options()
        self.generators = {use: stream(self.seed, use) for use in ("batches", "jitter", "dropout")}
        self._check_examples()
        self._warn_of_squashed_outputs()
        examples = len(self.X)
        if self.average is None:
            self.average = self.batch_size is not None
        self.interval = self.evaluate_every or math.ceil(examples / (self.batch_size or examples))
        noisy = self.batch_size is not None or self.jitter > 0 or self.dropout is not None
        self.monitors_loss = self.validation is None and not noisy  # each iteration's loss is over all data as they are
        self.optimizer = copy.deepcopy(self.optimizer)
        self.optimizer.reset()
        self.batches = Batches(examples, self.batch_size, self.shuffle, self.generators["batches"])
        self.batch_gradients = BatchGradients(
            self.net, self.X, self.y, self.loss, dropout=self.dropout is not None, engine=self.engine
        )
        self.examples = self.batch_gradients.batch(self.X, self.y)
        self.evaluated = self.examples if self.validation is None else self.batch_gradients.batch(*self.validation)
        self.weights = self.best_weights = self.net.weights
        if self.checkpoint is not None:
            self.checkpoint = Checkpoint(self)
        self.begun = True

    def _iterate(self) -> None:
        """Do all iterations, and the last evaluation."""
        history, met, stopped = self.history, self.stop.watch(), False
        start = perf_counter() - (history.time[-1] if history.time else 0.0)
        limits = [one.n for one in parts_of(self.stop, Or) if isinstance(one, MaximumIterations)]
        with progress_bar(self.progress, "iterations", min(limits, default=None), history.iterations) as bar:
            self._release_interrupts()
            while not stopped and not met(history):
                self.interrupts.held = True
                self._update(start)
                self._release_interrupts()
                if bar is not None:
                    bar.update()
                    bar.set_postfix_str(f"mean error {history.error[-1]:.4g}", refresh=False)
                stopped = self._call_back()
                if self.checkpoint is not None:
                    self.checkpoint.after_iteration()
        if self.checkpoint is not None:
            self.checkpoint.save()
        self._evaluate(history.iterations, at_the_end=True)
        history.ended_by = EndedBy.CALLBACK if stopped else EndedBy.CRITERION
        history.ended = EndedBy.CALLBACK.value if stopped else self.stop.which(history)

    def _release_interrupts(self) -> None:
        self.interrupts.held = False
        if self.interrupts.pressed:
            raise KeyboardInterrupt

    @np.errstate(over="ignore", invalid="ignore")  # it is checked below
    def _update(self, start: float) -> None:
        """Update the weights once.

        Raises:
            NotFiniteError: if the loss, the gradient or a weight is not finite.
        """
        sizes, weights, t = self.net.sizes, self.weights, self.history.iterations
        validation_loss = self._evaluate(t)
        batch = self.examples if self.batch_size is None else self.examples[self.batches.draw()]
        batch, factors = batch.copy(), []
        inputs = batch[:, : sizes[0]]
        if self.jitter:
            inputs += self.generators["jitter"].normal(0.0, self.jitter, size=inputs.shape)
        if self.dropout is not None:
            factors = self.dropout.draw(sizes, self.generators["dropout"])
            inputs *= factors[0]
        total, gradients = self.batch_gradients.gradients(batch, weights, factors[1:], runs=t)
        error = total / len(batch)
        loss = error if self.average else total
        if self.average:
            gradients = [G / len(batch) for G in gradients]
        if self.regularization is not None:
            loss += self.regularization.penalty(weights)
            penalties = self.regularization.gradients(weights)
            gradients = [G + penalty for G, penalty in zip(gradients, penalties, strict=True)]
        norm = math.sqrt(sum(float(np.sum(G * G)) for G in gradients))
        if not 0 < norm < math.inf:  # squares of 1e200 are infinite, of 1e-200 are 0
            norm = math.hypot(*[entry for G in gradients for entry in G.flat])
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
        entries = (loss, error, validation_loss, norm, perf_counter() - start)
        for name, entry in zip(LISTS, entries, strict=True):
            getattr(self.history, name).append(entry)

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
        answers = []
        if self.callbacks:
            self.net.weights = self.weights
        for number, callback in enumerate(self.callbacks):
            answers.append(callback(self.net, self.history))
            before, self.weights = self.weights, self.net.weights
            if self.checkpoint is not None and not all(map(np.array_equal, before, self.weights)):
                self.checkpoint.note_change_by(number)
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
        for argument in ("batch_size", "evaluate_every"):
            if getattr(self, argument) is not None:
                as_integer(argument, getattr(self, argument), least=1)
        if self.checkpoint is not None:
            path = Path(self.checkpoint)
            if not path.parent.is_dir() or (path.exists() and not path.is_file()):
                raise ValueError(f"checkpoint must be a file in an existing folder; received {self.checkpoint!r}")

    def _check_examples(self) -> None:
        self.loss = check_loss(self.loss)
        self.X, self.y = check_examples(self.net, self.X, self.y, self.loss)
        if self.batch_size is not None and self.batch_size > len(self.X):
            examples = f"{len(self.X)}, the number of examples"
            raise ValueError(f"batch_size must be at most {examples}; received {self.batch_size}")
        if self.validation is None:
            if self.stop.reads_validation:
                raise ValueError(f"stop waits for {self.stop.reason}, but validation is None")
            return
        if not isinstance(self.validation, tuple | list) or len(self.validation) != 2:
            raise ValueError(f"validation must be a pair of X and y, received {type(self.validation).__name__}")
        try:
            self.validation = check_examples(self.net, *self.validation, self.loss)
        except ValueError as error:
            raise ValueError(f"validation is wrong: {error}") from None

    def _warn_of_squashed_outputs(self) -> None:
        theta = self.net.activations[-1]
        allowed = bounds_allowed(self.loss, self.y[0])
        low, high = range_of(theta) if allowed < 2 else (-math.inf, math.inf)  # two bounds are the most there can be
        if int(low > -math.inf) + int(high < math.inf) > allowed:
            name = self.loss.__name__ if self.loss in LOSSES.values() else "the loss"
            warn(
                f"{name} expects unbounded outputs, but {theta} keeps the outputs of the network between "
                f"{low:.2g} and {high:.2g}, so that some probabilities are out of reach; build it with "
                'output_activation="linear"'
            )


def progress_bar(progress: bool | None, unit: str, total: int | None, done: int = 0) -> AbstractContextManager[Any]:
    """Return a tqdm progress bar, or a context manager that returns None if there is to be no bar.

    Arguments:
        progress: whether there is one; with None there is one after two seconds, in a terminal or a notebook, if tqdm
            is installed.
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


@contextmanager
def interrupts_held() -> Iterator[SimpleNamespace]:
    """Hold back a first Ctrl-C as long as `held` is True, and note it in `pressed`; a second one is not held back.

    Otherwise a Ctrl-C in the middle of an import (a first run imports several modules) may be swallowed by the import
    system, or leave a half-imported module behind, with which the next call fails.
    """
    interrupts = SimpleNamespace(held=True, pressed=False)

    def hold(number: int, frame: FrameType | None) -> None:
        if interrupts.pressed or not interrupts.held:
            signal.default_int_handler(number, frame)
        interrupts.pressed = True

    in_main_thread = threading.current_thread() is threading.main_thread()  # only this one is told of signals
    if not in_main_thread or signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        yield interrupts
        return
    signal.signal(signal.SIGINT, hold)
    try:
        yield interrupts
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)


# The data


def check_data(net: MLP, X: Any, y: Any, classes: bool) -> tuple[FloatArray, FloatArray]:
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


def check_examples(net: MLP, X: Any, y: Any, loss: Loss) -> tuple[FloatArray, FloatArray]:
    """Return examples and targets as arrays that fit the network, as `check_data`, and that the loss accepts.

    Raises:
        ValueError: naming X or y; also if one of our losses refuses a target.
        TypeError: if the loss does not return a Value.
    """
    X, y = check_data(net, X, y, takes_class_numbers(loss))
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
    return X, y
