"""Engines: programs against graphs of Values, for all losses; when they may be used, and when they may not."""

import copy
import importlib.util
import math
import warnings

import numpy as np
import pytest

from autograd_lite import Value, add, maximum, tanh, topological_order
from autograd_lite.program import compiled
from nn.mlp import ACTIVATIONS, MLP
from nn.training.batch_gradients import ENGINES, BatchGradients, gradients_by_values
from nn.training.loop import fit
from nn.training.losses import LOSSES, squared_error
from nn.training.optimizers import GradientDescent, LectureMomentum
from nn.training.regularization import L2, Dropout
from nn.training.restarting import random_restarts
from nn.training.termination import MaximumIterations

HAS_LLVM = importlib.util.find_spec("llvmlite") is not None
RUNS = [engine for engine in ENGINES if engine != "llvm" or HAS_LLVM]
PROGRAMS = [engine for engine in RUNS if engine != "values"]


def data(loss="squared_error", outputs=3, examples=11, seed=0):
    """Examples with targets that the loss takes."""
    generator = np.random.default_rng(seed)
    X = generator.normal(size=(examples, 2))
    if loss in {"hinge", "logistic_loss"}:
        return X, generator.choice([-1.0, 1.0], size=(examples, outputs))
    if loss == "softmax_cross_entropy":
        return X, np.eye(outputs)[generator.integers(outputs, size=examples)]
    return X, generator.normal(size=(examples, outputs))


def network(activation="tanh", output=None, sizes=(4, 3), seed=1):
    return MLP(2, list(sizes), activation, output, seed=seed)


def agree(engine, net, X, y, loss, *, factors=(), runs=0):
    """The engine's errors and gradients against graphs of Values, at other weights than those that were traced."""
    weights = [W + 0.1 * np.cos(np.arange(W.size)).reshape(W.shape) for W in net.weights]
    other = copy.deepcopy(net)
    other.weights = weights
    expected, gradients = gradients_by_values(other, (X, y), loss, factors)
    total, received = engine.gradients(engine.batch(X, y), weights, factors, runs)
    assert total == pytest.approx(expected, rel=1e-12)
    for ours, theirs in zip(received, gradients, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-11, atol=1e-12)
    plain = sum(loss(other.outputs(x), target).data for x, target in zip(X, y, strict=True))
    assert engine.error(engine.batch(X, y), weights, runs) == pytest.approx(plain, rel=1e-12)


def masks(net, removed, scale):
    """The factors of dropout, where these units of each hidden layer are removed."""
    widths = zip(removed, net.sizes[1:-1], strict=True)
    return [np.array([0.0 if b in units else scale for b in range(1, width + 1)]) for units, width in widths]


# Our losses


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("engine", RUNS)
def test_the_gradients_of_all_losses(loss, engine):
    X, y = data(loss)
    net = network("tanh", "linear")
    ours = BatchGradients(net, X, y, LOSSES[loss], engine=engine)
    assert ours.uses_values == (engine == "values")
    agree(ours, net, X, y, LOSSES[loss])
    agree(ours, net, X[:1], y[:1], LOSSES[loss])
    agree(BatchGradients(net, X[:1], y[:1], LOSSES[loss], engine=engine), net, X, y, LOSSES[loss])


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("output", [None, "linear"])
def test_the_gradients_of_all_activations(activation, output):
    X, y = data()
    net = network(activation, output, sizes=(3, 2, 3))
    agree(BatchGradients(net, X, y, squared_error, engine="arrays"), net, X, y, squared_error)
    agree(BatchGradients(net, X, y, squared_error), net, X, y, squared_error)


def test_a_program_has_the_names_of_the_lecture():
    text = BatchGradients(network(), *data(), squared_error, dropout=True).programs[True].straight_line_source
    assert "[o0_1, o0_2, y_1, y_2, y_3] = inputs" in text
    assert "w2_3_4, m1_1, m1_2, m1_3, m1_4] = parameters" in text
    one_output = BatchGradients(network(sizes=(1,)), *data(outputs=1), squared_error).programs[True]
    assert "[o0_1, o0_2, y] = inputs" in one_output.straight_line_source


def test_the_factors_of_dropout_are_named_by_their_units():
    labels, net = set(), network(sizes=(2, 1, 1))
    X, y = data(outputs=1)

    def loss(outputs, target):
        labels.update(node.label for node in topological_order(outputs[0]) if node.label.startswith("m"))
        return squared_error(outputs, target)

    gradients_by_values(net, (X, y), loss, [np.ones(2), np.ones(1)])
    assert labels == {"m_1^(1)", "m_2^(1)", "m_1^(2)"}
    program = BatchGradients(net, X, y, squared_error, dropout=True).programs[True]
    assert ", m1_1, m1_2, m2_1] = parameters" in program.straight_line_source


def test_a_user_defined_loss_is_checked_for_eight_different_targets():
    met, net = [], network(sizes=(1,))
    X, y = data(outputs=1, examples=24)

    def loss(outputs, target):
        met.append(target[0])
        return (outputs[0] - target[0]) ** 2

    BatchGradients(net, X, np.repeat(y[:12], 2, axis=0), loss)
    numbers = [number for number in met if not isinstance(number, Value)]
    assert len(numbers) == len(set(numbers)) == 8


def test_of_several_examples_that_are_not_finite_only_the_first_is_warned_of():
    with pytest.warns(RuntimeWarning, match="it first arose at") as caught:
        total, _ = gradients_by_values(network(), data(), lambda outputs, target: (outputs[0] * 0).log())
    assert (len(caught), total) == (1, -math.inf)


def test_a_network_is_not_changed():
    X, y = data()
    net = network()
    before = net.weights
    engine = BatchGradients(net, X, y, squared_error)
    engine.gradients(engine.batch(X, y), [W + 1 for W in before])
    engine.error(engine.batch(X, y), [W + 1 for W in before])
    assert all(np.array_equal(a, b) for a, b in zip(net.weights, before, strict=True))
    assert all(not G.any() for G in net.gradients)


# Dropout


@pytest.mark.parametrize("loss", ["squared_error", "softmax_cross_entropy"])
@pytest.mark.parametrize("engine", PROGRAMS)
def test_removed_units(loss, engine):
    X, y = data(loss)
    net = network("tanh", "linear", sizes=(4, 3, 3))
    ours = BatchGradients(net, X, y, LOSSES[loss], dropout=True, engine=engine)
    for removed in ([(), ()], [{1, 4}, {2}], [{2}, {1, 2, 3}], [{1, 2, 3, 4}, ()]):
        for scale in (1.0, 2.0):
            agree(ours, net, X, y, LOSSES[loss], factors=masks(net, removed, scale))


@pytest.mark.parametrize("engine", PROGRAMS)
def test_removed_units_under_a_user_defined_loss(engine):
    """If the trace asked for the number of a factor, the factor would be frozen, or the loss refused."""
    X, y = data()
    net = network()
    ours = BatchGradients(net, X, y, huber, dropout=True, engine=engine)
    assert not ours.uses_values
    for units in ((), {1, 4}):
        agree(ours, net, X, y, huber, factors=masks(net, [units], 2.0))


@pytest.mark.parametrize("activation", ["relu", "linear", "softplus", "sin"])
def test_a_removed_unit_may_be_infinite(activation):
    """0 times infinity is nan: a unit is removed, and not multiplied by 0."""
    X, y = data()
    net = network(activation, "linear")
    weights = [W.copy() for W in net.weights]
    weights[0][1] = 1e308 * np.array([1.0, 1.0, 1.0])
    net.weights = weights
    X = np.abs(X) + 5
    engine = BatchGradients(net, X, y, squared_error, dropout=True)
    factors = masks(net, [{2}], 2.0)
    expected, gradients = gradients_by_values(net, (X, y), squared_error, factors)
    total, received = engine.gradients(engine.batch(X, y), weights, factors)
    assert math.isfinite(expected)
    assert total == pytest.approx(expected, rel=1e-12)
    for ours, theirs in zip(received, gradients, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-11, atol=1e-9)


@pytest.mark.parametrize("activation", ["relu", "linear"])
def test_the_program_itself_removes_a_unit_that_is_infinite(activation, monkeypatch):
    X, y = data()
    net = network(activation, "linear")
    weights = [W.copy() for W in net.weights]
    weights[0][1] = 1e308
    engine = BatchGradients(net, X, y, squared_error, dropout=True)
    # called if a result were not finite
    monkeypatch.setattr("nn.training.batch_gradients.gradients_by_values", None)
    total, _ = engine.gradients(engine.batch(np.abs(X) + 5, y), weights, masks(net, [{2}], 2.0))
    assert math.isfinite(total)


def test_the_error_has_no_dropout():
    X, y = data()
    net = network()
    engine = BatchGradients(net, X, y, squared_error, dropout=True)
    engine.gradients(engine.batch(X, y), net.weights, masks(net, [{1, 2}], 2.0))
    expected = sum(squared_error(net.outputs(x), target).data for x, target in zip(X, y, strict=True))
    assert engine.error(engine.batch(X, y), net.weights) == pytest.approx(expected, rel=1e-13)


# User-defined losses

SETTING = [2.0]


def huber(o, y):
    return add(*[maximum(0.0, abs(a - b) - 0.5) + tanh(a - b) ** 2 for a, b in zip(o, y, strict=True)])


def weighted(o, y):
    return sum((a - b) ** 2 * weight for a, b, weight in zip(o, y, [1.0, 2.0, 0.5], strict=True))


def vectorized(o, y):
    return ((np.array(o) - y) ** 2).sum()


def reads_a_global(o, y):
    return sum((a - b) ** 2 for a, b in zip(o, y, strict=True)) * SETTING[0]


def equals(o, y):
    return (o[0] - y[0]) ** 2 if y[1] == 1.0 else (o[0] - y[0]) ** 4


def less(o, y):
    return (o[0] - y[0]) ** 2 if y[0] < 0 else (o[1] - y[0]) ** 2


def as_floats(o, y):
    return (o[0] - float(y[0])) ** 2


def index(o, y):
    return o[int(y[0] > 0)] ** 2


def whole(o, y):
    return o[abs(int(y[0])) % 3] ** 2


def largest(o, y):
    return (1 - o[int(np.argmax(y))]) ** 2


def in_numpy(o, y):
    return sum((a - b) ** 2 for a, b in zip(o, np.sign(y.astype(float)), strict=True))


def of_outputs(o, y):
    return (o[0] - y[0]) ** 2 if o[0].data > 0 else (o[0] - y[0]) ** 2 * 3


def of_types(o, y):
    return sum((a - b) ** 2 for a, b in zip(o, y, strict=True)) * (1.0 if isinstance(y[0], float) else 5.0)


def caught(o, y):
    try:
        return (o[0] - y[0]) ** 2 if y[0] > 0 else (o[0] - y[0]) ** 4
    except TypeError:
        return (o[1] - y[1]) ** 2


@pytest.mark.parametrize("loss", [huber, weighted, vectorized, reads_a_global])
@pytest.mark.parametrize("engine", RUNS)
def test_a_user_defined_loss_is_traced(loss, engine):
    X, y = data()
    net = network()
    ours = BatchGradients(net, X, y, loss, engine=engine)
    assert (ours.uses_values, ours.fallback) == (engine == "values", None)
    agree(ours, net, X, y, loss)


BRANCHES = {
    equals: "compared", less: "compared", as_floats: "number", index: "compared", largest: "compared",
    of_outputs: "number", whole: "cannot be traced", in_numpy: "cannot be traced", caught: "compared",
}  # fmt: skip


@pytest.mark.parametrize("loss", [*BRANCHES, of_types])
def test_a_loss_that_cannot_be_traced_is_computed_by_values(loss):
    X, y = data()
    y[::3, 1] = 1.0
    net = network()
    with pytest.warns(UserWarning, match=r"graphs of Values, far slower .* \(pass engine=\"values\" to accept"):
        engine = BatchGradients(net, X, y, loss)
    assert engine.uses_values
    assert BRANCHES.get(loss, "when it was traced") in engine.fallback
    assert "cannot be traced" in engine.fallback or "but was" in engine.fallback
    agree(engine, net, X, y, loss)


@pytest.mark.parametrize("loss", BRANCHES)
def test_a_back_end_for_a_loss_that_cannot_be_traced_is_refused(loss):
    X, y = data()
    with pytest.raises(TypeError):
        BatchGradients(network(), X, y, loss, engine="numpy")


LEAVES_THE_GRAPH = [
    lambda o, y: math.exp(o[0]) * o[0],
    lambda o, y: np.sum(np.array(o, dtype=float)) * o[0],
    lambda o, y: np.interp(o[0], [-1.0, 1.0], [0.0, 1.0]) * o[1],
]


@pytest.mark.parametrize("loss", LEAVES_THE_GRAPH, ids=range(3))
@pytest.mark.filterwarnings("ignore:.*graphs of Values")
@pytest.mark.parametrize("engine", ["auto", "values"])
def test_a_loss_that_makes_a_value_a_plain_number_is_refused_before_training(loss, engine):
    """Its gradient would be silently wrong."""
    X, y = data()
    net = network()
    before = [W.tolist() for W in net.weights]
    with pytest.raises(TypeError, match="its gradient would be lost"):
        fit(net, X, y, loss=loss, optimizer=GradientDescent(0.1), stop=MaximumIterations(2), engine=engine)
    assert [W.tolist() for W in net.weights] == before


def test_a_loss_of_random_numbers_is_not_a_function():
    generator = np.random.default_rng(0)
    X, y = data()
    with pytest.warns(UserWarning, match="the loss is .*, but was .* when it was traced"):
        BatchGradients(network(), X, y, lambda o, y: (o[0] - generator.normal()) ** 2)


def test_a_loss_that_reads_what_changes_is_found_out():
    X, y = data()
    net = network()
    engine = BatchGradients(net, X, y, reads_a_global)
    agree(engine, net, X, y, reads_a_global)
    try:
        SETTING[0] = 3.0
        assert not engine.uses_values
        with pytest.warns(UserWarning, match="the loss is .*, but was .* when it was traced"):
            agree(engine, net, X, y, reads_a_global, runs=5)
        assert engine.uses_values
        SETTING[0] = 4.0
        agree(engine, net, X, y, reads_a_global)
    finally:
        SETTING[0] = 2.0


def test_the_error_of_a_loss_that_reads_what_changes():
    X, y = data()
    net = network()
    engine = BatchGradients(net, X, y, reads_a_global)
    batch = engine.batch(X, y)
    before = engine.error(batch, net.weights)
    try:
        SETTING[0] = 4.0
        with pytest.warns(UserWarning, match="when it was traced"):
            assert engine.error(batch, net.weights) == pytest.approx(2 * before)
    finally:
        SETTING[0] = 2.0


def test_one_loss_for_one_kind_of_targets():
    """The eight targets that are checked differ from one another."""
    X = np.ones((20, 2))
    y = np.zeros((20, 3))
    y[19] = 1.0
    calls = []

    def loss(o, y):
        if isinstance(y[0], Value):
            return o[0] ** 2
        calls.append(float(y[0]))
        return o[0] ** 2 if y[0] == 0 else o[1] ** 2

    with pytest.warns(UserWarning, match="when it was traced"):
        BatchGradients(network(), X, y, loss)
    assert calls == [0.0, 1.0]


# fit


@pytest.mark.parametrize("options", [
    {"batch_size": 3, "optimizer": LectureMomentum(0.02, 0.9)},
    {"dropout": Dropout(0.3), "regularization": L2(0.01), "jitter": 0.1},
    {"loss": huber, "batch_size": 4, "shuffle": True},
    {"loss": "softmax_cross_entropy"},
])  # fmt: skip
def test_all_engines_train_alike(options):
    X, y = data(options.get("loss", "squared_error"))
    trained = {}
    for engine in RUNS:
        net = network("tanh", "linear")
        settings = {"optimizer": GradientDescent(0.01), "engine": engine, "keep": "last", "progress": False, **options}
        history = fit(net, X, y, stop=MaximumIterations(20), seed=4, **settings)
        trained[engine] = net.weights, history.loss
    for engine, (weights, losses) in trained.items():
        assert losses == pytest.approx(trained["values"][1], rel=1e-9), engine
        for ours, theirs in zip(weights, trained["values"][0], strict=True):
            np.testing.assert_allclose(ours, theirs, rtol=1e-9, atol=1e-9, err_msg=engine)


def test_an_interrupted_run_goes_on_across_the_change_of_back_ends(tmp_path, monkeypatch):
    """Five iterations by array code, then by LLVM; stopped after three, or seven, and resumed, to the same bits."""
    later = "llvm" if HAS_LLVM else "numpy"
    monkeypatch.setattr(compiled.Program, "chosen", lambda self, points, runs: "arrays" if runs < 1 else later)
    used = []
    backend = compiled.Code.backend
    monkeypatch.setattr(compiled.Code, "backend", lambda self, name: [used.append(name), backend(self, name)][1])
    X, y = data(examples=40)

    def train(iterations, checkpoint=None, net=None):
        net = network(sizes=(6, 3)) if net is None else net
        options = {
            "batch_size": 7,
            "optimizer": LectureMomentum(0.5, 0.5),
            "dropout": Dropout(0.25),
            "evaluate_every": 2,
        }
        history = fit(net, X, y, stop=MaximumIterations(iterations), seed=3, keep="last", progress=False,
                      checkpoint=checkpoint, **options)  # fmt: skip
        return net, history

    whole, history = train(10)
    assert used.count("arrays") > 0 < used.count(later)
    for stop in (3, 5, 7):
        file = tmp_path / f"run{stop}.npz"
        train(stop, file)
        resumed, again = train(10, file)
        assert again.loss == history.loss
        assert all(np.array_equal(a, b) for a, b in zip(resumed.weights, whole.weights, strict=True))
    monkeypatch.setattr(compiled.Program, "chosen", lambda self, points, runs: "arrays")
    other, _ = train(10)
    assert not all(
        np.array_equal(a, b) for a, b in zip(other.weights, whole.weights, strict=True)
    )  # the bits do differ


def test_the_back_end_depends_only_on_the_number_of_earlier_runs(monkeypatch):
    later = "llvm" if HAS_LLVM else "numpy"
    monkeypatch.setattr(compiled.Program, "chosen", lambda self, points, runs: "arrays" if runs < 1 else later)
    X, y = data()
    net = network()
    used = []
    backend = compiled.Code.backend
    monkeypatch.setattr(compiled.Code, "backend", lambda self, name: [used.append(name), backend(self, name)][1])
    engine = BatchGradients(net, X, y, squared_error)
    for runs in ({"runs": 0}, {}, {"runs": 0}):  # by default, no run came before
        engine.gradients(engine.batch(X, y), net.weights, **runs)
        engine.error(engine.batch(X, y), net.weights, **runs)
    assert set(used) == {"arrays"}
    engine.gradients(engine.batch(X, y), net.weights, runs=1)
    engine.error(engine.batch(X, y), net.weights, runs=1)
    assert used[-2:] == [later, later]


def test_going_back_to_fewer_runs_uses_the_earlier_back_end(monkeypatch):
    monkeypatch.setattr(compiled.Program, "chosen", lambda self, points, runs: "arrays" if runs < 5 else "numpy")
    X, y = data(examples=50)
    net = network(sizes=(9, 3))
    engine = BatchGradients(net, X, y, squared_error)
    total, gradients = engine.gradients(engine.batch(X, y), net.weights, runs=0)
    engine.gradients(engine.batch(X, y), net.weights, runs=5)
    assert [backend for *_, backend in engine.bound] == ["arrays", "numpy"]
    engine.bound[True, 50, "numpy"] = None  # running it again would fail
    again, gradients_again = engine.gradients(engine.batch(X, y), net.weights, runs=0)
    assert again == total
    assert all(map(np.array_equal, gradients, gradients_again))


def test_results_are_not_overwritten_by_the_next_run():
    """Though the program computes into the same buffers again."""
    X, y = data()
    net = network()
    engine = BatchGradients(net, X, y, squared_error)
    weights = net.weights
    total, gradients = engine.gradients(engine.batch(X, y), weights)
    before = [G.copy() for G in gradients]
    engine.gradients(engine.batch(X + 1, y), [W + 1 for W in weights])
    assert all(map(np.array_equal, gradients, before))
    assert engine.gradients(engine.batch(X, y), weights)[0] == total


@pytest.mark.parametrize("engine", PROGRAMS)
def test_a_loss_that_is_not_finite_warns_of_the_first_node(engine):
    """As graphs of Values do: programs find that the loss is not finite, and the graphs find where."""
    X, y = data()
    words = {}
    for name in ("values", engine):
        net = network("linear", "linear")
        net.weights = [W * 1e200 for W in net.weights]
        with warnings.catch_warnings(record=True) as caught_warnings:
            warnings.simplefilter("always")
            history = fit(net, X, y, stop=MaximumIterations(3), engine=name, progress=False)
        words[name] = [str(warning.message) for warning in caught_warnings]
        assert "loss is" in history.ended
    assert words[engine] == words["values"]
    assert any("first" in word or "arose" in word for word in words["values"])


@pytest.mark.parametrize("engine", PROGRAMS)
def test_callbacks_may_change_the_weights(engine):
    X, y = data()

    def halve(net, history):
        if history.iterations == 2:
            net.weights = [W / 2 for W in net.weights]

    trained = {}
    for name in ("values", engine):
        net = network()
        fit(net, X, y, stop=MaximumIterations(4), engine=name, callbacks=[halve], keep="last", progress=False)
        trained[name] = net.weights
    plain = network()
    fit(plain, X, y, stop=MaximumIterations(4), engine=engine, keep="last", progress=False)
    for ours, theirs, other in zip(trained[engine], trained["values"], plain.weights, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-10, atol=1e-12)
        assert not np.allclose(ours, other, rtol=1e-3)


def test_deep_copies_are_trained_alone():
    X, y = data()
    net = network()
    other = copy.deepcopy(net)
    before = net.weights
    fit(other, X, y, stop=MaximumIterations(5), progress=False)
    assert all(np.array_equal(a, b) for a, b in zip(net.weights, before, strict=True))
    again = copy.deepcopy(net)
    fit(net, X, y, stop=MaximumIterations(5), progress=False)
    assert all(np.array_equal(a, b) for a, b in zip(net.weights, other.weights, strict=True))
    trained = copy.deepcopy(net)
    assert all(np.array_equal(a, b) for a, b in zip(trained.weights, net.weights, strict=True))
    assert all(np.array_equal(a, b) for a, b in zip(again.weights, before, strict=True))


def test_the_same_shape_with_another_activation_is_another_program():
    X, y = data()
    for activation in ("tanh", "sigmoid", "relu"):
        net = network(activation, "linear")
        agree(BatchGradients(net, X, y, squared_error), net, X, y, squared_error)
    net = network("tanh")
    net.layers[0].neurons[1].nonlin = False
    agree(BatchGradients(net, X, y, squared_error), net, X, y, squared_error)


def test_one_output_and_one_target():
    X, y = data(outputs=1)
    net = network(sizes=(3, 1))
    for loss in (squared_error, lambda o, y: (o[0] - y[0]) ** 2):
        agree(BatchGradients(net, X, y, loss), net, X, y, loss)


@pytest.mark.parametrize("engine", RUNS)
def test_the_error_is_that_of_the_weights_it_is_given(engine):
    X, y = data()
    net = network()
    other = [W / 2 for W in net.weights]
    received = BatchGradients(net, X, y, squared_error, engine=engine).error(np.hstack([X, y]), other)
    net.weights = other
    expected = sum(squared_error(net.outputs(x), target).data for x, target in zip(X, y, strict=True))
    assert received == pytest.approx(expected, rel=1e-12)


def test_values_have_no_program():
    X, y = data()
    engine = BatchGradients(network(), X, y, squared_error, engine="values")
    assert (engine.programs, engine.fallback) == ({}, None)
    assert isinstance(squared_error([Value(1.0)], [0.0]), Value)


# Without being asked


def test_what_trains_runs_on_programs(monkeypatch):
    from nn.estimators import NetworkClassifier, NetworkRegressor

    def backward(*_):
        raise AssertionError("a graph of Values is differentiated")

    monkeypatch.setattr(Value, "backward", backward)
    X, y = data()
    fit(network(), X, y, stop=MaximumIterations(3), validation=(X, y), dropout=Dropout(0.5))
    random_restarts(network(), X, y, 2, stop=MaximumIterations(3))
    NetworkRegressor(hidden=3, max_iter=2, random_state=0).fit(X, y)
    NetworkClassifier(hidden=3, max_iter=2, random_state=0).fit(X, y[:, 0] > 0)
    NetworkClassifier(hidden=3, max_iter=2, random_state=0).fit(X, np.digitize(y[:, 0], [-0.3, 0.3]))
    with pytest.raises(AssertionError, match="is differentiated"):
        fit(network(), X, y, stop=MaximumIterations(3), engine="values")


def test_to_fit_again_compiles_nothing(monkeypatch):
    X, y = data()
    first = fit(network(), X, y, stop=MaximumIterations(3), validation=(X, y))

    def compile_(*_):
        raise AssertionError("something is compiled")

    monkeypatch.setattr(compiled.Code, "_compile", compile_)
    assert fit(network(), X, y, stop=MaximumIterations(3), validation=(X, y)).loss == first.loss
    with pytest.raises(AssertionError, match="something is compiled"):
        fit(network(sizes=(5, 3)), X, y, stop=MaximumIterations(3))


def test_the_history_says_what_computed_the_gradients():
    X, y = data()
    options = {"stop": MaximumIterations(2)}
    computed = [fit(network(), X, y, engine=engine, **options) for engine in ("auto", "values")]
    with pytest.warns(UserWarning, match="far slower than by a compiled program: the loss cannot be traced") as caught:
        computed.append(fit(network(), X, y, loss=less, **options))
    assert [history.engine for history in computed] == ["programs", "values", "values"]
    assert [history.fallback is None for history in computed] == [True, True, False]
    assert caught[0].filename == __file__, "the line of the caller"


TRAINED = {
    "fit": lambda net, X, y, options: fit(net, X, y, **options),
    "random_restarts": lambda net, X, y, options: random_restarts(net, X, y, starts=2, **options),
}


@pytest.mark.parametrize("way", TRAINED)
def test_a_warning_in_the_middle_of_the_training_points_to_the_line_of_the_caller(way):
    def change(_net, history):
        SETTING[0] = 2.0 + (history.iterations > 2)

    X, y = data()
    options = {"loss": reads_a_global, "stop": MaximumIterations(5), "callbacks": [change]}
    try:
        with pytest.warns(UserWarning, match="when it was traced") as caught:
            TRAINED[way](network(), X, y, options)
        assert {warning.filename for warning in caught} == {__file__}
    finally:
        SETTING[0] = 2.0
