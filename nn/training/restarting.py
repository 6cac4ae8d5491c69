"""Random restarts: training several times, each time from other random weights, and keeping the best weights."""

import copy
import math
import multiprocessing
import os
import pickle
import re
import signal
import sys
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import BrokenExecutor, CancelledError, Executor, Future, wait
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np

from nn.checks import as_integer
from nn.mlp import MLP, Matrix
from nn.randomness import random_weights, seed_sequence
from nn.training.loop import History, check_data, check_loss, error_of, fit, takes_class_numbers

SECONDS_THAT_PAY = 2.0
"""How long the starts must take, one after another, for processes of our own to be started for them."""


@dataclass(frozen=True, eq=False)
class Start:
    """One of the runs of `random_restarts`.

    Attributes:
        number: which one, counted from 1.
        seed: of its random numbers: `MLP(nin, nouts, seed=seed)` has its initial weights, and `fit(..., seed=seed)`
            with the same options is its run again.
        initial_weights: W_(0)^(1) .. W_(0)^(L), of shapes (d^(l), d^(l-1) + 1).
        weights: W^(1) .. W^(L) at termination, as `fit` left them.
        error: the training error at termination: the mean error of all training examples with these weights, without
            penalty, jitter and dropout.
        history: what happened in its run.
    """

    number: int
    seed: int
    initial_weights: list[Matrix]
    weights: list[Matrix]
    error: float
    history: History

    def __repr__(self) -> str:
        return f"<Start {self.number}: training error {self.error:.6g}, ended by: {self.history.ended}>"


@dataclass(frozen=True, eq=False)
class Restarts:
    """What `random_restarts` gives.

    Attributes:
        starts: the runs, in the order of their numbers; after Ctrl-C, those that had begun and could be kept.
        best: the one of the lowest training error, the first of several.
        ended: what ended it, in words: that there were no more starts, or Ctrl-C.
    """

    starts: list[Start]
    best: Start
    ended: str

    def __repr__(self) -> str:
        best = f"the best is number {self.best.number}, training error {self.best.error:.6g}"
        return f"<Restarts: {len(self.starts)} starts; {best}; ended by: {self.ended}>"


@dataclass(frozen=True)
class _Task:
    """All that a worker needs to know to do one start."""

    number: int
    of: int
    seed: int
    net: MLP
    X: Any
    y: Any
    options: Mapping[str, Any]


def random_restarts(
    net: MLP,
    X: Any,
    y: Any,
    starts: int = 10,
    *,
    seed: int | None = 0,
    executor: Executor | None = None,
    **options: Any,
) -> Restarts:
    """Train a network several times, each time from other random weights; it then has the best weights that were found.

    The best weights are those of the lowest training error at termination, also where there is validation data. The
    result is the same to the bit, whatever the executor and the number of its workers (unless a time limit ends the
    runs), and the first starts are the same however many there are.

    Arguments:
        net: its layers and activations are those of each run. Its weights play no part.
        X, y: the training data, as for `fit`.
        starts: how many runs there are; at least 1.
        seed: of all random numbers; None takes fresh ones.
        executor: where the runs are done: any `concurrent.futures.Executor`, such as a ThreadPoolExecutor or, on a
            cluster on whose machines this package is installed, `dask.distributed.Client(...).get_executor()`. It is
            not shut down. With None the first run is done in this process, and timed. If the others would take more
            than two seconds in all, they are given to processes, as many as there are processors; else they are done
            in this process too.
        options: those of `fit`, but for seed. Functions among them are called where the run is, so that in another
            process they change nothing here. A progress bar counts the starts. A checkpoint `run.npz` stands for one
            file for each start, `run-start-1.npz` and so on, so that a call that was killed goes on when it is made
            again.

    Raises:
        ValueError: naming the argument that is wrong; also if an option cannot be sent to the processes of the
            executor, as a lambda cannot. Without an executor there is a warning, and all runs are done in this process.
        RuntimeError: if no run has a finite training error. As on each error, the network keeps its weights.
        Exception: what a run raises is raised here, with a note that names the start.

    Warns:
        RuntimeWarning: on Ctrl-C, and if a run was ended because something was infinite or nan.

    Ctrl-C cancels the runs that have not begun, and keeps the best weights so far. Those that are being done in this
    process, or in processes that were started here, end after their current iteration and count; those of an executor
    that was given are not waited for.

    Source: lecture 14, slide "Random Restarts": "Run mini-batch gradient descent (with momentum & adaptive gradients)
    multiple times, each time starting with a different, random initialization for the weights. Compute the training
    error of each run at termination and return the set of weights that achieves the lowest training error." As in
    `fit`, the weights at termination are the best of the run, and those of its last iteration with keep="last".

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
    progress = options.pop("progress", None)
    if not isinstance(progress, bool | None):
        raise TypeError(f"progress must be such as True; received {progress!r}")
    if "callbacks" in options:
        options["callbacks"] = tuple(options["callbacks"])  # an iterator would be used up by the first start
    tasks = [
        _Task(number, starts, its_seed, net, X, y, _options_of(number, options))
        for number, its_seed in enumerate(seeds_of_starts(seed, starts), start=1)
    ]
    if executor is not None and _is_pool_of_processes(executor):
        problem = _cannot_be_sent(tasks[0])
        if problem:
            raise ValueError(f"{problem}; define it in a module, or give an executor of threads")
    results: list[Start] = []
    try:
        with _silent_fit(), _bar(progress, starts) as tick:
            if executor is None:
                _run_by_default(tasks, results, tick)
            else:
                _run_on(executor, tasks, results, tick)
    except KeyboardInterrupt:
        if not results:
            raise
    results.sort(key=lambda start: start.number)
    best = _best_of(results)
    net.weights = best.weights
    interrupted = len(results) < starts or any(_was_interrupted(start) for start in results)
    ended = f"Ctrl-C after {len(results)} of {starts} starts" if interrupted else f"{starts} starts"
    _warn(results, ended if interrupted else None)
    return Restarts(results, best, ended)


def seeds_of_starts(seed: int | None, starts: int) -> list[int]:
    """The seeds of the starts: each is drawn from a child of its own of the seed's stream for restarts.

    >>> seeds_of_starts(0, 2) == seeds_of_starts(0, 3)[:2]
    True
    """
    children = seed_sequence(seed, "restarts").spawn(starts)
    return [int(child.generate_state(1, np.uint64)[0]) for child in children]


def _options_of(number: int, options: Mapping[str, Any]) -> dict[str, Any]:
    """The options of `fit` for one start: no bar of its own, but a checkpoint of its own."""
    mine = {**options, "progress": False}
    if options.get("checkpoint") is not None:
        path = Path(options["checkpoint"])
        mine["checkpoint"] = path.with_name(f"{path.stem}-start-{number}{path.suffix}")
    return mine


def _best_of(results: Sequence[Start]) -> Start:
    """The start of the lowest training error, the first of several."""
    finite = [start for start in results if math.isfinite(start.error)]
    if not finite:
        raise RuntimeError(f"no start has a finite training error; {_how_they_ended(results)}")
    return min(finite, key=lambda start: start.error)


# Where the starts are done

Tick = Callable[[], object]
"""Is called whenever a start has been done."""


def _run_by_default(tasks: Sequence[_Task], results: list[Start], tick: Tick) -> None:
    """The first here, and the others in processes if that pays, else here too."""
    began = perf_counter()
    _run_here(tasks[:1], results, tick)
    others = [] if _was_interrupted(results[0]) else tasks[1:]
    workers = min(len(others), os.cpu_count() or 1, 61)  # Windows cannot wait for more
    pays = workers > 1 and (perf_counter() - began) * len(others) > SECONDS_THAT_PAY
    # the processes of a multiprocessing.Pool, and those of dask, may not start processes
    if pays and not multiprocessing.current_process().daemon:
        problem = _cannot_be_sent(tasks[0])
        if not problem:
            problem = _run_on_processes(workers, others, results, tick)
        if problem:
            warnings.warn(f"the starts are done one after another: {problem}", RuntimeWarning, stacklevel=3)
        done = {start.number for start in results}
        others = [task for task in others if task.number not in done]
    _run_here(others, results, tick)


def _run_here(tasks: Sequence[_Task], results: list[Start], tick: Tick) -> None:
    """Do the starts in this process, one after another."""
    for task in tasks:
        results.append(_run_start(task))
        tick()
        if _was_interrupted(results[-1]):
            return


def _run_on_processes(workers: int, tasks: Sequence[_Task], results: list[Start], tick: Tick) -> str:
    """Do the starts in processes of our own; gives what is wrong with them, if there cannot be any."""
    try:
        from concurrent.futures import ProcessPoolExecutor  # noqa: PLC0415  a browser has none

        context = multiprocessing.get_context()
        stop = context.Event()
        pool = ProcessPoolExecutor(workers, context, initializer=_begin, initargs=(stop,))
    except (ImportError, NotImplementedError, OSError) as error:
        return f"there are no processes here ({error})"
    try:
        _run_on(pool, tasks, results, tick, stop.set)
    except BrokenExecutor as error:
        return (
            f"the processes could not be started, or have died ({error}). In a script, the call must be under "
            "`if __name__ == '__main__':`; functions that are given must be defined in a module"
        )
    finally:
        stop.set()
        pool.shutdown(cancel_futures=True)
    return ""


def _run_on(
    executor: Executor,
    tasks: Sequence[_Task],
    results: list[Start],
    tick: Tick,
    stop: Callable[[], object] | None = None,
) -> None:
    """Do the starts on an executor; on Ctrl-C those that are being done count too, if there is a way to stop them."""
    futures: list[Future[Start]] = []
    try:
        futures.extend(executor.submit(_run_start, task) for task in tasks)
        for future in futures:  # in this order, so that of several errors it is always that of the first start
            _wait_for(future)
            results.append(future.result())
            tick()
    except BaseException as error:
        for future in futures:
            future.cancel()
        if isinstance(error, KeyboardInterrupt):
            if stop is not None:
                stop()
                with suppress(KeyboardInterrupt):  # whoever presses Ctrl-C again does not want to wait
                    for future in futures:
                        _wait_for(future)
            taken = {start.number for start in results}
            ended = (f for f in futures if f.done() and not f.cancelled() and f.exception() is None)
            results.extend(start for start in (f.result() for f in ended) if start.number not in taken)
        raise


def _wait_for(future: Future[Start]) -> None:
    """Wait until it is done; in slices, because on Windows Ctrl-C is only seen between them."""
    while not future.done():
        wait([future], timeout=0.5)  # seconds


def _is_pool_of_processes(executor: Executor) -> bool:
    """Whether it is the standard library's; its module, which a browser cannot load, is loaded then."""
    module = sys.modules.get("concurrent.futures.process")
    return module is not None and isinstance(executor, module.ProcessPoolExecutor)


def _cannot_be_sent(task: _Task) -> str:
    """What in the task cannot be sent to another process, in words; "" if all can be."""
    for argument, value in {"net": task.net, "X": task.X, "y": task.y, **task.options}.items():
        try:
            pickle.dumps(value)
        except Exception as error:  # pickle.PicklingError, AttributeError, TypeError, or what the object raises
            return f"{argument} cannot be sent to another process: {value!r:.100} ({error})"
    return ""


# One start


def _run_start(task: _Task) -> Start:
    """Do one start, in whatever process or thread this is."""
    if _told_to_stop():  # a process has its next task already, where it cannot be cancelled
        raise CancelledError
    try:
        return _trained(task)
    except Exception as error:
        name = f"start {task.number} of {task.of}, of seed {task.seed}"
        error.add_note(f"This was {name}.")
        if not _survives_pickling(error):  # it would break the pool of processes on its way back
            raise RuntimeError(f"{name}, raised {type(error).__name__}: {error}") from error
        raise


def _trained(task: _Task) -> Start:
    """Train a copy of the network from the initial weights of the start."""
    net = copy.deepcopy(task.net)
    net.weights = random_weights(net.sizes, task.seed)
    initial_weights = net.weights
    options = {**task.options}
    if _stop is not None:
        options["callbacks"] = (*options.get("callbacks", ()), _told_to_stop)
    history = fit(net, task.X, task.y, seed=task.seed, **options)
    if history.ended == "a callback" and _told_to_stop():
        history.ended = f"Ctrl-C after {history.iterations} iterations"
    loss = options.get("loss", "squared_error")
    X, y = check_data(net, task.X, task.y, takes_class_numbers(loss))
    error = error_of(net, X, y, check_loss(loss)) / len(X)
    return Start(task.number, task.seed, initial_weights, net.weights, error, history)


def _survives_pickling(error: Exception) -> bool:
    """Whether it can go from one process to another."""
    try:
        pickle.loads(pickle.dumps(error))
    except Exception:  # whatever its class does wrong
        return False
    return True


# In processes of our own

_stop: Any = None
"""In a process that was started here, the event that tells all runs to end; else None."""


def _begin(stop: Any) -> None:
    """What such a process does first."""
    global _stop  # noqa: PLW0603  events reach a process only when it starts
    _stop = stop
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # which a terminal sends to all processes; here `_stop` says it
    _silence_fit()


def _told_to_stop(*_: object) -> bool:
    """Whether all runs are to end; also a callback of `fit`."""
    return _stop is not None and bool(_stop.is_set())


# What is said of the runs


def _was_interrupted(start: Start) -> bool:
    """Whether Ctrl-C has ended its run."""
    return start.history.ended.startswith("Ctrl-C")


def _how_they_ended(results: Sequence[Start]) -> str:
    """Of each start that was ended by numbers that are not finite, by which."""
    problems = [start for start in results if re.search(r" is (nan|-?inf) in iteration ", start.history.ended)]
    return "; ".join(f"start {start.number}: {start.history.ended}" for start in problems)


def _warn(results: Sequence[Start], interrupted: str | None) -> None:
    """Say once what `fit` would say of each run."""
    problems = _how_they_ended(results)
    if interrupted:
        warnings.warn(f"random restarts ended: {interrupted}; the best weights are kept", RuntimeWarning, stacklevel=3)
    if problems:
        warnings.warn(f"runs ended early, with their best weights: {problems}", RuntimeWarning, stacklevel=3)


def _silence_fit() -> None:
    """Let `fit` not warn that a run ended early."""
    warnings.filterwarnings("ignore", message="training ended", category=RuntimeWarning)


@contextmanager
def _silent_fit() -> Iterator[None]:
    """Let `fit` not warn in this process; around all runs at once, for threads share their filters."""
    with warnings.catch_warnings():
        _silence_fit()
        yield


@contextmanager
def _bar(progress: bool | None, starts: int) -> Iterator[Tick]:
    """A progress bar over the starts, as that of `fit` over the iterations; gives what moves it on."""
    tqdm = None if progress is False else _tqdm(progress is True)
    if tqdm is None:
        yield lambda: None
        return
    delay, disable = (2.0, None) if progress is None else (0.0, False)  # seconds; None: where there is no terminal
    with tqdm(total=starts, delay=delay, disable=disable, unit=" starts") as bar:
        yield bar.update


def _tqdm(needed: bool) -> Any:
    """The package's progress bar, or None if the package is not installed; an ImportError if it is needed."""
    try:
        from tqdm.auto import tqdm  # noqa: PLC0415  late: tqdm is an extra
    except ImportError as error:
        if needed:
            raise ImportError(
                f"progress=True needs the package tqdm ({error}): pip install 'autograd-lite[lab]'"
            ) from error
        return None
    return tqdm
