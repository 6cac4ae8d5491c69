"""Random restarts: training several times, each time from other random weights, and keeping the best weights."""

import copy
import math
import pickle
import sys
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Executor, Future, wait
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from nn.checks import FloatArray, as_integer, warn
from nn.mlp import MLP
from nn.randomness import random_weights, seed_sequence
from nn.training.batch_gradients import BatchGradients
from nn.training.loop import EndedEarlyWarning, check_data, fit, progress_bar
from nn.training.losses import LOSSES, check_loss, takes_class_numbers
from nn.training.termination import EndedBy, History


@dataclass(frozen=True, eq=False)
class Start:
    """One of the runs of `random_restarts`.

    Attributes:
        number: which one, counted from 1.
        seed: of its random numbers: `MLP(nin, nouts, seed=seed)` has its initial weights, and `fit(..., seed=seed)`
            with the same options repeats its run.
        initial_weights: W_(0)^(1) .. W_(0)^(L), of shapes (d^(l), d^(l-1) + 1).
        weights: W^(1) .. W^(L) at termination, as `fit` left them.
        error: the training error at termination: the mean error of all training examples with these weights, without
            penalty, jitter and dropout.
        history: what happened in its run.
    """

    number: int
    seed: int
    initial_weights: list[FloatArray]
    weights: list[FloatArray]
    error: float
    history: History

    def __repr__(self) -> str:
        return f"<Start {self.number}: training error {self.error:.6g}, ended by: {self.history.ended}>"


@dataclass(frozen=True, eq=False)
class Restarts:
    """The result of `random_restarts`.

    Attributes:
        starts: the runs, in the order of their numbers; after Ctrl-C, the ones that had begun and could be kept.
        best: the run with the lowest training error, the first if several tie.
        interrupted: whether Ctrl-C ended them.
    """

    starts: list[Start]
    best: Start
    interrupted: bool

    def __repr__(self) -> str:
        best = f"the best is number {self.best.number}, training error {self.best.error:.6g}"
        return f"<Restarts: {len(self.starts)} starts; {best}{'; ended by Ctrl-C' if self.interrupted else ''}>"


def random_restarts(
    net: MLP,
    X: Any,
    y: Any,
    starts: int = 10,
    *,
    seed: int | None = 0,
    executor: Executor | None = None,
    progress: bool | None = None,
    **options: Any,
) -> Restarts:
    """Train a network several times, each time from other random weights; it then has the best weights that were found.

    The best weights are the ones with the lowest training error at termination, even if there is validation data. The
    result is the same to the bit, whatever the executor and the number of its workers (unless a time limit ends the
    runs), and the first starts are the same however many there are.

    Arguments:
        net: its layers and activations are used in each run. Its weights play no part.
        X, y: the training data, as for `fit`.
        starts: how many runs there are; at least 1.
        seed: of all random numbers; None draws fresh entropy.
        executor: where the runs are done: any `concurrent.futures.Executor`, for example a ProcessPoolExecutor, or, on
            a cluster whose machines have this package, `dask.distributed.Client(...).get_executor()`. It is not shut
            down. With None the runs are done here, one after another.
        progress: as for `fit`; the bar counts the starts.
        options: keyword arguments of `fit`. Functions among them are called where the run is, so that in another
            process they change nothing here. A checkpoint `run.npz` stands for one file for each start,
            `run-start-1.npz` and so on, so that a call that was killed or interrupted continues when it is repeated.

    Raises:
        TypeError, ValueError: naming the argument that is wrong; a ValueError also if an option cannot be sent to the
            executor's processes, for example a lambda.
        RuntimeError: if no run has a finite training error. As after any error, the network keeps the weights it had.
        Exception: an exception of a run is raised here, with a note that names the start.

    Warns:
        EndedEarlyWarning: after Ctrl-C, and if a run was ended because a number was infinite or nan.

    Ctrl-C cancels the runs that have not begun, and keeps the best weights so far. A run that is being done here ends
    after its current iteration and counts; runs of an executor that have not ended are not waited for.

    Source: lecture 14, slide "Random Restarts": "Run mini-batch gradient descent (with momentum & adaptive gradients)
    multiple times, each time starting with a different, random initialization for the weights. Compute the training
    error of each run at termination and return the set of weights that achieves the lowest training error." As in
    `fit`, the weights at termination are the best of the run, or with keep="last" the last.

    >>> from nn.training.optimizers import LectureMomentumAdagrad
    >>> from nn.training.termination import MaximumIterations
    >>> net = MLP(2, [2, 1])
    >>> X, y = [[-1, -1], [-1, 1], [1, -1], [1, 1]], [-1, 1, 1, -1]
    >>> result = random_restarts(net, X, y, 5, optimizer=LectureMomentumAdagrad(0.1), stop=MaximumIterations(50))
    >>> [round(start.error, 3) for start in result.starts], result.best.number
    ([0.516, 0.027, 0.524, 0.027, 0.02], 5)
    >>> [round(net(x).data) for x in X]
    [-1, 1, 1, -1]
    """
    if not isinstance(net, MLP):
        raise TypeError(f"net must be an MLP, not {type(net).__name__}: {net!r}")
    as_integer("starts", starts, least=1)
    if executor is not None and not isinstance(executor, Executor):
        raise TypeError(f"executor must be a concurrent.futures.Executor, not {type(executor).__name__}: {executor!r}")
    if not isinstance(progress, bool | None):
        raise TypeError(f"progress must be True, False or None; received {progress!r}")
    if "callbacks" in options:
        options["callbacks"] = tuple(options["callbacks"])  # an iterator would be used up by the first start
    pools = sys.modules.get("concurrent.futures.process")  # a browser cannot load it: it is only looked for
    if isinstance(executor, getattr(pools, "ProcessPoolExecutor", ())):
        _check_that_pickle_takes({"net": net, "X": X, "y": y, **options})
    tasks = [
        partial(_run_start, number, starts, start_seed, net=net, X=X, y=y, options=options)
        for number, start_seed in enumerate(seeds_of_starts(seed, starts), start=1)
    ]
    results: list[Start] = []
    try:
        with warnings.catch_warnings(), progress_bar(progress, "starts", starts) as bar:
            warnings.simplefilter("ignore", EndedEarlyWarning)  # there is one warning below for all runs
            for start in _run_here(tasks) if executor is None else _run_on(executor, tasks):
                results.append(start)
                if bar is not None:
                    bar.update()
    except KeyboardInterrupt:
        if not results:
            raise
    not_finite = "; ".join(
        f"start {start.number}: {start.history.ended}"
        for start in results
        if start.history.ended_by is EndedBy.NOT_FINITE
    )
    finite = [start for start in results if math.isfinite(start.error)]
    if not finite:
        raise RuntimeError(f"no start has a finite training error; {not_finite}")
    best = min(finite, key=lambda start: start.error)
    net.weights = best.weights
    interrupted = len(results) < starts or any(start.history.ended_by is EndedBy.INTERRUPTED for start in results)
    if interrupted:
        words = f"random restarts ended: Ctrl-C after {len(results)} of {starts} starts; the best weights are kept"
        warn(words, EndedEarlyWarning)
    if not_finite:
        warn(f"runs ended early, with their best weights: {not_finite}", EndedEarlyWarning)
    return Restarts(results, best, interrupted)


def seeds_of_starts(seed: int | None, starts: int) -> list[int]:
    """The seeds of the starts, each drawn from its own child of the seed's stream for restarts.

    >>> seeds_of_starts(0, 2) == seeds_of_starts(0, 3)[:2]
    True
    """
    children = seed_sequence(seed, "restarts").spawn(starts)
    return [int(child.generate_state(1, np.uint64)[0]) for child in children]


# Where the starts are done


def _run_here(tasks: Sequence[Callable[[], Start]]) -> Iterator[Start]:
    """Do the starts in this process, one after another, until one is interrupted."""
    for task in tasks:
        yield (start := task())
        if start.history.ended_by is EndedBy.INTERRUPTED:
            return


def _run_on(executor: Executor, tasks: Sequence[Callable[[], Start]]) -> Iterator[Start]:
    """Do the starts on an executor; after Ctrl-C the ones that have ended count."""
    waiting: list[Future[Start]] = []
    try:
        waiting.extend(executor.submit(task) for task in tasks)
        while waiting:  # in this order, so that of several errors the first start's is raised
            while not waiting[0].done():
                wait(waiting[:1], timeout=0.5)  # seconds, because on Windows Ctrl-C is only seen between them
            yield waiting.pop(0).result()
    except KeyboardInterrupt:
        yield from (f.result() for f in waiting if f.done() and not f.cancelled() and f.exception() is None)
        raise
    finally:
        for future in waiting:
            future.cancel()


def _check_that_pickle_takes(arguments: Mapping[str, Any]) -> None:
    """Raise a ValueError that names the argument that cannot be sent to another process, if there is one."""
    for argument, value in arguments.items():
        try:
            pickle.dumps(value)
        except Exception as error:  # pickle.PicklingError, AttributeError, TypeError, or what the object raises
            raise ValueError(
                f"{argument} cannot be sent to another process: {value!r:.100} ({error}); define it in a module, or "
                "pass a ThreadPoolExecutor"
            ) from error


# One start


def _run_start(number: int, of: int, seed: int, *, net: MLP, X: Any, y: Any, options: dict[str, Any]) -> Start:
    """Train a copy of the network from the initial weights of one start, in whatever process or thread this is."""
    try:
        net = copy.deepcopy(net)
        net.weights = initial_weights = random_weights(net.sizes, seed)
        if options.get("checkpoint") is not None:
            path = Path(options["checkpoint"])
            options = {**options, "checkpoint": path.with_name(f"{path.stem}-start-{number}{path.suffix}")}
        history = fit(net, X, y, seed=seed, progress=False, **options)
        loss = check_loss(options.get("loss", "squared_error"))
        X, y = check_data(net, X, y, takes_class_numbers(loss))
        traced = loss in LOSSES.values() or history.engine == "programs"
        engine = BatchGradients(net, X, y, loss, engine="auto" if traced else "values")
        error = engine.error(engine.batch(X, y), net.weights) / len(X)
        return Start(number, seed, initial_weights, net.weights, error, history)
    except Exception as error:
        name = f"start {number} of {of}, with seed {seed}"
        error.add_note(f"This was {name}.")
        try:
            pickle.loads(pickle.dumps(error))
        except Exception:  # whatever its class does wrong: it would break the pool of processes on its way back
            raise RuntimeError(f"{name}, raised {type(error).__name__}: {error}") from error
        raise
