"""Random restarts: the best of several runs, the same wherever they are done."""

import copy
import itertools
import multiprocessing
import os
import pickle
import signal
import subprocess
import sys
import threading
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from importlib import import_module
from types import SimpleNamespace

import numpy as np
import pytest

from nn.mlp import MLP
from nn.randomness import STREAMS
from nn.training.loop import EndedEarlyWarning, fit
from nn.training.losses import LOSSES, softmax_cross_entropy
from nn.training.optimizers import GradientDescent, LectureMomentumAdagrad
from nn.training.regularization import L2, Dropout
from nn.training.restarting import random_restarts, seeds_of_starts
from nn.training.termination import MaximumIterations

MODULE = import_module("nn.training.restarting")  # `nn.training.restarting` itself is the function
X = np.array([[-1.0, -1.0], [-1.0, 1.0], [1.0, -1.0], [1.0, 1.0]])
Y = np.array([-1.0, 1.0, 1.0, -1.0])
EVERYTHING = {
    "optimizer": LectureMomentumAdagrad(0.1),
    "batch_size": 2,
    "jitter": 0.1,
    "dropout": Dropout(0.25),
    "regularization": L2(0.001),
    "stop": MaximumIterations(15),
}
"""Options with which a run takes random numbers of every kind."""


def bits(result):
    """All numbers of a result, but the times."""
    return [
        (
            start.number,
            start.seed,
            start.error,
            [W.tolist() for W in start.initial_weights],
            [W.tolist() for W in start.weights],
            start.history.loss,
            start.history.error,
            start.history.gradient_norm,
            start.history.best_iteration,
            start.history.ended,
        )
        for start in [*result.starts, result.best]
    ]


def mean_squared_error(weights):
    """Of the data above, by matrices."""
    o = X
    for W in weights:
        o = np.tanh(np.column_stack([np.ones(len(o)), o]) @ W.T)
    return float(np.mean((o[:, 0] - Y) ** 2))


class InThisProcess(Executor):
    """An executor that does each task at once."""

    def submit(self, function, /, *args, **kwargs):
        future = Future()
        try:
            future.set_result(function(*args, **kwargs))
        except BaseException as error:
            future.set_exception(error)
        return future


def processes(workers):
    """A pool of processes that start without a copy of this one, as on Windows and macOS."""
    return ProcessPoolExecutor(workers, mp_context=multiprocessing.get_context("spawn"))


@pytest.fixture(scope="module")
def expected():
    return random_restarts(MLP(2, [3, 1]), X, Y, 5, seed=7, **EVERYTHING)


# The best of several runs


def test_each_start_is_a_run_of_fit_from_its_own_weights(expected):
    assert [start.number for start in expected.starts] == [1, 2, 3, 4, 5]
    for start in expected.starts:
        net = MLP(2, [3, 1], seed=start.seed)
        assert all((a == b).all() for a, b in zip(net.weights, start.initial_weights, strict=True))
        history = fit(net, X, Y, seed=start.seed, **EVERYTHING)
        assert history.loss == start.history.loss
        assert all((a == b).all() for a, b in zip(net.weights, start.weights, strict=True))


def test_results_are_compared_by_identity_and_cannot_be_assigned_again(expected):
    for result, name in ((expected, "best"), (expected.best, "weights")):
        assert result in {result}
        assert copy.copy(result) != result
        with pytest.raises(AttributeError, match=f"cannot assign to field '{name}'"):
            setattr(result, name, None)


def test_the_starts_have_nothing_in_common(expected):
    assert len({start.seed for start in expected.starts}) == 5
    numbers = np.array([np.concatenate([W.ravel() for W in start.initial_weights]) for start in expected.starts])
    assert len(np.unique(numbers)) == numbers.size
    lecture = np.random.SeedSequence(7, spawn_key=(*STREAMS["restarts"], 2)).generate_state(1, np.uint64)
    assert expected.starts[2].seed == int(lecture[0])


def test_the_first_starts_are_the_same_however_many_there_are(expected):
    fewer = random_restarts(MLP(2, [3, 1]), X, Y, 2, seed=7, **EVERYTHING)
    assert bits(fewer)[:2] == bits(expected)[:2]
    assert seeds_of_starts(7, 3) != seeds_of_starts(8, 3)
    assert seeds_of_starts(None, 3) != seeds_of_starts(None, 3)


def test_the_network_has_the_weights_of_the_lowest_training_error():
    net = MLP(2, [2, 1], seed=0)
    result = random_restarts(net, X, Y, 5, optimizer=LectureMomentumAdagrad(0.1), stop=MaximumIterations(30))
    errors = [mean_squared_error(start.weights) for start in result.starts]
    assert [start.error for start in result.starts] == pytest.approx(errors, rel=1e-12)
    assert errors[result.best.number - 1] == min(errors) < max(errors) / 10
    assert all((a == b).all() for a, b in zip(net.weights, result.best.weights, strict=True))
    assert result.interrupted is False
    assert "5 starts; the best is number" in repr(result)


def test_the_training_error_has_no_penalty_no_jitter_no_dropout_and_is_the_mean(expected):
    for start in expected.starts:
        assert start.error == pytest.approx(mean_squared_error(start.weights), rel=1e-12)


def test_the_best_is_so_by_the_training_error_although_there_is_validation_data():
    options = {"validation": (X, -Y), "stop": MaximumIterations(10), "optimizer": GradientDescent(0.1)}
    for keep in ("best", "last"):
        result = random_restarts(MLP(2, [2, 1]), X, Y, 4, keep=keep, **options)
        assert result.best.error == min(start.error for start in result.starts)


def test_class_numbers_are_targets():
    net = MLP(2, [4, 3], output_activation="linear")
    options = {"loss": "softmax_cross_entropy", "optimizer": GradientDescent(0.5), "stop": MaximumIterations(20)}
    result = random_restarts(net, X, [0, 1, 2, 1], 3, **options)
    errors = [
        np.mean([LOSSES["softmax_cross_entropy"](net.outputs(x), y).data for x, y in zip(X, [0, 1, 2, 1], strict=True)])
        for net in [MLP(2, [4, 3], output_activation="linear", weights=start.weights) for start in result.starts]
    ]
    assert [start.error for start in result.starts] == pytest.approx(errors, rel=1e-12)


def test_restarts_use_the_units_of_the_network_but_not_its_weights():
    net = MLP(2, [2, 1], activation="relu", output_activation="linear", seed=3)
    net.layers[0].neurons[1].nonlin = False
    options = {"stop": MaximumIterations(3)}
    one = random_restarts(net, X, Y, 2, **options)
    net.weights = [np.zeros_like(W) for W in net.weights]
    again = random_restarts(net, X, Y, 2, **options)
    assert bits(one) == bits(again)
    assert net.layers[0].neurons[1].activation == "linear"
    other = random_restarts(MLP(2, [2, 1], activation="relu", output_activation="linear"), X, Y, 2, **options)
    assert bits(other) != bits(one), "one of the neurons is linear"


def return_errors(monkeypatch, errors):
    """Let the training errors at termination be these."""
    result = SimpleNamespace(batch=lambda *_: None, error=lambda *_: next(errors) * len(X))
    monkeypatch.setattr(MODULE, "BatchGradients", lambda *_, **__: result)


@pytest.mark.parametrize(
    ("loss", "engine", "expected"),
    [
        ("squared_error", "values", "auto"),
        (lambda o, y: (o[0] - y[0]) ** 2, "auto", "auto"),
        (lambda o, y: (o[0] - y[0]) ** 2, "values", "values"),  # it may be one that cannot be traced
    ],
    ids=["ours by values", "user-defined", "user-defined by values"],
)
def test_the_error_at_termination_is_computed_by_programs_if_the_loss_can_be_traced(
    monkeypatch, loss, engine, expected
):
    engines, BatchGradients = [], MODULE.BatchGradients

    def noted(*arguments, engine):
        engines.append(engine)
        return BatchGradients(*arguments, engine=engine)

    monkeypatch.setattr(MODULE, "BatchGradients", noted)
    random_restarts(MLP(2, [1]), X, Y, 2, loss=loss, engine=engine, stop=MaximumIterations(1))
    assert engines == [expected] * 2


@pytest.mark.parametrize(("errors", "best"), [([3, 1, 1, 2], 2), ([float("nan"), 5, 4], 3), ([float("inf"), 5], 2)])
def test_nan_never_wins_and_the_first_wins_a_tie(monkeypatch, errors, best):
    return_errors(monkeypatch, iter(errors))
    assert random_restarts(MLP(2, [1]), X, Y, len(errors), stop=MaximumIterations(1)).best.number == best


def test_without_a_finite_error_the_network_keeps_its_weights(monkeypatch):
    return_errors(monkeypatch, itertools.repeat(float("nan")))
    net = MLP(2, [1], seed=0)
    before = net.weights
    with pytest.raises(RuntimeError, match="no start has a finite training error"):
        random_restarts(net, X, Y, 2, stop=MaximumIterations(1))
    assert (net.weights[0] == before[0]).all()


def test_runs_that_diverge_are_reported_once_and_by_number():
    net = MLP(2, [1], activation="linear")
    with pytest.warns(RuntimeWarning) as warned:
        result = random_restarts(net, X, Y, 2, optimizer=GradientDescent(1e308), stop=MaximumIterations(9))
    (warning,) = warned
    assert "start 1: " in str(warning.message)
    assert "start 2: " in str(warning.message)
    assert np.isfinite(result.best.error)
    assert warning.filename == __file__


# The same wherever they are done


@pytest.mark.parametrize(
    "executor",
    [
        InThisProcess,
        lambda: ThreadPoolExecutor(1),
        lambda: ThreadPoolExecutor(4),
        lambda: processes(1),
        lambda: processes(2),
    ],
    ids=["here", "one thread", "four threads", "one process", "two processes"],
)
def test_the_result_is_the_same_to_the_bit_on(executor, expected):
    with executor() as given:
        net = MLP(2, [3, 1])
        result = random_restarts(net, X, Y, 5, seed=7, executor=given, **EVERYTHING)
        assert given.submit(len, "abc").result() == 3, "the executor is not shut down"
    assert bits(result) == bits(expected)
    assert all((a == b).all() for a, b in zip(net.weights, expected.best.weights, strict=True))


@pytest.mark.parametrize("workers_are_processes", [False, True])
@pytest.mark.filterwarnings("ignore")  # dask's warnings, not ours
def test_the_result_is_the_same_to_the_bit_on_a_cluster_of_dask(workers_are_processes, expected, tmp_path):
    distributed = pytest.importorskip("distributed")
    with distributed.Client(
        n_workers=2,
        threads_per_worker=1,
        processes=workers_are_processes,
        **({"host": "127.0.0.1"} if workers_are_processes else {}),
        dashboard_address=None,
        local_directory=str(tmp_path),
    ) as client:
        assert len(client.scheduler_info()["workers"]) == 2
        result = random_restarts(MLP(2, [3, 1]), X, Y, 5, seed=7, executor=client.get_executor(), **EVERYTHING)
    assert bits(result) == bits(expected)


# Options


def test_an_iterator_of_callbacks_serves_every_start():
    calls = []
    callbacks = iter([lambda net, history: calls.append(history.iterations)])
    random_restarts(MLP(2, [1]), X, Y, 3, callbacks=callbacks, stop=MaximumIterations(2))
    assert calls == [1, 2, 1, 2, 1, 2]


def test_each_start_has_a_checkpoint_of_its_own_and_a_second_call_goes_on(tmp_path, expected):
    options = {**EVERYTHING, "checkpoint": tmp_path / "run.npz", "checkpoint_every": 4}
    first = random_restarts(MLP(2, [3, 1]), X, Y, 2, seed=7, **{**options, "stop": MaximumIterations(8)})
    assert sorted(path.name for path in tmp_path.iterdir()) == ["run-start-1.npz", "run-start-2.npz"]
    assert [start.history.iterations for start in first.starts] == [8, 8]
    steps = []
    result = random_restarts(MLP(2, [3, 1]), X, Y, 5, seed=7, callbacks=[lambda *_: steps.append(1)], **options)
    assert len(steps) == 2 * 7 + 3 * 15
    assert bits(result) == bits(expected)


def test_a_progress_bar_counts_the_starts(capsys):
    pytest.importorskip("tqdm")
    random_restarts(MLP(2, [1]), X, Y, 3, stop=MaximumIterations(2), progress=True)
    assert "3/3" in capsys.readouterr().err
    random_restarts(MLP(2, [1]), X, Y, 3, stop=MaximumIterations(2), progress=False)
    assert capsys.readouterr().err == ""


def test_without_tqdm_a_bar_that_is_asked_for_names_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "tqdm.auto", None)
    random_restarts(MLP(2, [1]), X, Y, 2, stop=MaximumIterations(2))
    with pytest.raises(ImportError, match=r"autograd-lite\[lab\]"):
        random_restarts(MLP(2, [1]), X, Y, 2, stop=MaximumIterations(2), progress=True)


# Errors


@pytest.mark.parametrize(
    ("wrong", "error", "message"),
    [
        ({"net": "net"}, TypeError, "net must be an MLP"),
        ({"starts": 0}, ValueError, "starts must be an integer of at least 1; received 0"),
        ({"starts": True}, TypeError, "starts must be"),
        ({"seed": -1}, ValueError, "seed must be"),
        ({"executor": 4}, TypeError, r"executor must be a concurrent\.futures\.Executor, not int: 4"),
        ({"progress": 1}, TypeError, "progress must be True, False or None; received 1"),
        ({"X": [[1.0, float("nan")]] * 4}, ValueError, "X must be finite"),
        ({"batch_size": 5}, ValueError, "batch_size must be at most 4"),
        ({"jitter": -1}, ValueError, "jitter must be"),
        ({"rate": 1}, TypeError, "rate"),
    ],
)
def test_a_wrong_argument_is_named_and_nothing_has_changed(wrong, error, message):
    net = MLP(2, [1], seed=0)
    before = net.weights
    arguments = {"net": net, "X": X, "y": Y, "starts": 2, **wrong}
    with pytest.raises(error, match=message):
        random_restarts(**arguments)
    assert (net.weights[0] == before[0]).all()


class FailsFor:
    """A loss that fails in the network whose first output is this one."""

    def __init__(self, seed, error):
        self.output, self.error = MLP(2, [1], seed=seed)(X[0]).data, error

    def __call__(self, outputs, target):
        if outputs[0].data == self.output:
            raise self.error
        return LOSSES["squared_error"](outputs, target)


@pytest.mark.parametrize(
    "executor", [None, lambda: ThreadPoolExecutor(2), lambda: processes(2)], ids=["here", "threads", "processes"]
)
def test_an_error_in_a_start_names_it(executor):
    net, seed = MLP(2, [1], seed=0), seeds_of_starts(0, 3)[1]
    before = net.weights
    options = {"loss": FailsFor(seed, ZeroDivisionError("useless")), "stop": MaximumIterations(2), "engine": "values"}
    with executor() if executor else InThisProcess() as given:
        with pytest.raises(ZeroDivisionError, match="useless") as raised:
            random_restarts(net, X, Y, 3, executor=given if executor else None, **options)
        assert f"start 2 of 3, with seed {seed}" in "".join(raised.value.__notes__)
    assert (net.weights[0] == before[0]).all()


class OddError(Exception):
    """An error that pickle cannot send."""

    def __init__(self, message):
        super().__init__(message)
        self.code = lambda: 7


class FailsOddly:
    def __call__(self, *_):
        raise OddError("odd")


def test_an_error_that_pickle_cannot_send_back_does_not_break_the_processes():
    with pytest.raises((AttributeError, pickle.PicklingError)):
        pickle.dumps(OddError("odd"))
    with processes(1) as given:
        with pytest.raises(RuntimeError, match=r"start 1 of 2, with seed .*, raised OddError: odd"):
            random_restarts(MLP(2, [1]), X, Y, 2, loss=FailsOddly(), executor=given)
        assert given.submit(len, "abc").result() == 3


@pytest.mark.parametrize("option", ["loss", "callbacks", "optimizer"])
def test_what_cannot_be_sent_to_processes_is_named_before_anything_is_done(option):
    calls = []
    value = {
        "loss": lambda outputs, target: calls.append(1),
        "callbacks": [lambda net, history: calls.append(1)],
        "optimizer": GradientDescent(lambda t: 0.1),
    }[option]
    with (
        processes(1) as given,
        pytest.raises(ValueError, match=f"{option} cannot be sent to another process") as raised,
    ):
        random_restarts(MLP(2, [1]), X, Y, 2, executor=given, **{option: value})
    assert "lambda" in str(raised.value)
    assert not calls


# Ctrl-C


def interrupt_at(iteration, of_start):
    """A callback that presses Ctrl-C."""
    done = []

    def callback(_, history):
        done.append(history.iterations == 1)
        if sum(done) == of_start and history.iterations == iteration:
            signal.raise_signal(signal.SIGINT)

    return callback


def test_ctrl_c_keeps_the_best_so_far():
    net = MLP(2, [2, 1])
    options = {"optimizer": LectureMomentumAdagrad(0.1), "stop": MaximumIterations(10)}
    with pytest.warns(RuntimeWarning, match="Ctrl-C after 3 of 9 starts; the best weights are kept") as warned:
        result = random_restarts(net, X, Y, 9, callbacks=[interrupt_at(5, of_start=3)], **options)
    assert [warning.filename for warning in warned] == [__file__]
    assert [start.history.iterations for start in result.starts] == [10, 10, 5]
    assert result.interrupted
    assert result.starts[2].history.ended == "Ctrl-C after 5 iterations"
    assert repr(result).endswith("; ended by Ctrl-C>")
    assert result.best.error == min(start.error for start in result.starts)
    assert all((a == b).all() for a, b in zip(net.weights, result.best.weights, strict=True))


def test_ctrl_c_before_any_start_has_ended_goes_through():
    class Interrupted(InThisProcess):
        def submit(self, *_, **__):
            raise KeyboardInterrupt

    net = MLP(2, [2, 1], seed=0)
    before = net.weights
    with pytest.raises(KeyboardInterrupt):
        random_restarts(net, X, Y, 2, executor=Interrupted())
    assert (net.weights[0] == before[0]).all()


def test_after_ctrl_c_the_starts_that_have_ended_meanwhile_count():
    """While the first one is waited for; one that fails, and one that is cancelled, do not."""

    class Pressed(Future):
        def done(self):
            done.append(1)
            if len(done) == 1:
                raise KeyboardInterrupt
            return False

    class Interrupted(InThisProcess):
        def submit(self, function):
            first, third, fourth = Pressed(), Future(), Future()
            third.cancel()
            fourth.set_exception(ValueError("of the fourth start"))
            submitted.append({1: first, 3: third, 4: fourth}.get(len(submitted) + 1) or super().submit(function))
            return submitted[-1]

    done, submitted = [], []
    with pytest.warns(EndedEarlyWarning, match="Ctrl-C after 2 of 5 starts"):
        result = random_restarts(MLP(2, [1]), X, Y, 5, executor=Interrupted(), stop=MaximumIterations(2))
    assert [start.number for start in result.starts] == [2, 5]


def test_ctrl_c_cancels_what_an_executor_has_not_begun():
    begun, go_on = [], threading.Event()

    class Press:
        """A callback that lets two starts end, presses Ctrl-C in the third, and goes on with it when told."""

        def __call__(self, _, history):
            if history.iterations == 1:
                begun.append(1)
                if len(begun) == 3:
                    os.kill(os.getpid(), signal.SIGINT)
                    go_on.wait()

    options = {"callbacks": [Press()], "stop": MaximumIterations(2)}
    with ThreadPoolExecutor(1) as given:
        try:
            with pytest.warns(EndedEarlyWarning, match="Ctrl-C after 2 of 6 starts"):
                result = random_restarts(MLP(2, [1]), X, Y, 6, executor=given, **options)
        finally:
            go_on.set()
    assert [start.number for start in result.starts] == [1, 2]
    assert len(begun) == 3


SCRIPT = """
import multiprocessing, sys, threading
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from nn import MLP, MaximumIterations, random_restarts

folder = Path(sys.argv[1])

def wait_for_ctrl_c(net, history):
    if history.iterations == 3:
        done = len(list(folder.iterdir()))
        (folder / str(done)).touch()
        if done == 2:
            print("WAITING", flush=True)
            threading.Event().wait()

if __name__ == "__main__":
    net = MLP(1, [1], seed=0)
    options = {"stop": MaximumIterations(4), "callbacks": [wait_for_ctrl_c]}
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        result = random_restarts(net, [[1.0], [2.0]], [0.3, 0.1], 9, executor=pool, **options)
    print("ENDED", result.interrupted, len(result.starts) in {2, 3, 4})
    print("KEPT", (net.weights[0] == result.best.weights[0]).all())
"""


@pytest.mark.skipif(sys.platform == "win32", reason="sends SIGINT to a group of processes")
def test_ctrl_c_in_a_terminal_keeps_the_best_of_a_pool_of_processes(tmp_path):
    """The terminal sends it to all processes: the run in the pool ends too, whether or not it still counts."""
    script, folder = tmp_path / "script.py", tmp_path / "marks"
    script.write_text(SCRIPT, encoding="utf-8")
    folder.mkdir()
    with subprocess.Popen(
        [sys.executable, script, folder],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        assert process.stdout.readline() == "WAITING\n"
        os.killpg(process.pid, signal.SIGINT)
        out, err = process.communicate()
    assert out == "ENDED True True\nKEPT True\n", out + err
    assert "Ctrl-C after " in err


def test_a_loss_given_as_a_function_is_the_one_of_its_name():
    X, y = [[0.0, 1.0], [1.0, 0.0], [1.0, 1.0]], [0, 1, 2]
    net, options = MLP(2, [3], output_activation="linear"), {"starts": 2, "stop": MaximumIterations(2)}
    named = random_restarts(net, X, y, loss="softmax_cross_entropy", **options)
    given = random_restarts(net, X, y, loss=softmax_cross_entropy, **options)
    assert [start.error for start in given.starts] == [start.error for start in named.starts]
