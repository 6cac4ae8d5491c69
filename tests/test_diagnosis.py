"""nn.teaching.diagnosis: networks that are built to have exactly one illness each, and healthy ones."""

import argparse

import numpy as np
import pytest

from autograd_lite import topological_order
from nn import LOSSES, MLP, GradientDescent, MaximumIterations, fit, moons, softmax_cross_entropy, standardize
from nn.teaching.diagnosis import Illness, add_command, diagnose

GENERATOR = np.random.default_rng(0)
X = GENERATOR.normal(size=(60, 2))
Y = np.sign(X[:, 0] * X[:, 1])


def changed(net, change):
    """The network, after its weights were changed by a function of the copies of its matrices."""
    weights = [W.copy() for W in net.weights]
    change(weights)
    net.weights = weights
    return net


def dead(l, rows):
    def change(weights):
        for W in weights[:-1]:
            W[:, 0] = 5.0
        weights[l - 1][rows, 0] = -100.0

    return change


def all_zero(weights):
    for W in weights:
        W[:] = 0


def twins(weights):
    weights[0][2] = weights[0][0]
    weights[1][:, 3] = weights[1][:, 1]


def stuck(weights):
    weights[-1][:] = 0
    weights[-1][0, 0] = 9.0


def times(factor):
    def change(weights):
        for W in weights:
            W[:] = factor * W

    return change


def one_dead_among_positive_weights(factor):
    def change(weights):
        for W in weights:
            W[:] = factor * abs(W)
            W[:, 0] = 5 * factor
        weights[4][2] = [-1.0] + 8 * [0.0]

    return change


def relu(*sizes):
    return MLP(2, [*sizes, 1], "relu", "linear", seed=2)


def first_layer_times(factor):
    def change(weights):
        weights[0] *= factor

    return change


CASES = {
    "dead": (changed(relu(16), dead(1, [0, 4])), X, Y, "squared_error", [(Illness.DEAD, 1, (1, 5))]),
    "dead in layer 2": (changed(relu(9, 24), dead(2, [8])), X, Y, "squared_error", [(Illness.DEAD, 2, (9,))]),
    "saturated": (
        changed(MLP(2, [4, 1], seed=1), first_layer_times(900)), X, Y, "squared_error",
        [(Illness.SATURATED, 1, (1, 2, 3, 4))],
    ),
    "saturated sigmoids": (
        changed(MLP(2, [3, 3, 1], "sigmoid", "linear", seed=1), first_layer_times(900)), X, Y, "squared_error",
        [(Illness.SATURATED, 1, (1, 2, 3))],
    ),
    "stuck output": (changed(MLP(2, [4, 1], seed=1), stuck), X, Y, "squared_error", [(Illness.SATURATED, 2, (1,))]),
    "vanishing": (
        MLP(2, [4] * 8 + [1], "sigmoid", "linear", seed=1), X, Y, "squared_error", [(Illness.VANISHING, 1, ())],
    ),
    "exploding": (
        changed(MLP(2, [8] * 6 + [1], "leaky_relu", "linear", seed=1), times(30)), X, Y, "squared_error",
        [(Illness.EXPLODING, 1, ())],
    ),
    "exploding past a dead unit": (
        changed(MLP(2, [8] * 6 + [1], "relu", "linear", seed=1), one_dead_among_positive_weights(30)), X, Y,
        "squared_error", [(Illness.DEAD, 5, (3,)), (Illness.EXPLODING, 1, ())],
    ),
    "vanishing past a dead unit": (
        changed(MLP(2, [8] * 6 + [1], "relu", "linear", seed=1), one_dead_among_positive_weights(0.03)), X, Y,
        "squared_error", [(Illness.DEAD, 5, (3,)), (Illness.VANISHING, 1, ())],
    ),
    "too large to compute": (
        changed(MLP(2, [4, 4, 1], "leaky_relu", "linear", seed=1), times(1e200)), X, Y,
        "squared_error", [(Illness.EXPLODING, 1, ())],
    ),
    "squares too large to compute": (
        changed(MLP(2, [4, 4, 1], "leaky_relu", "linear", seed=1), times(1e60)), X, Y,
        "squared_error", [(Illness.EXPLODING, 1, ())],
    ),
    "below a ReLU output": (
        MLP(2, [4, 1], "tanh", "relu", seed=3), X, Y, "squared_error", [(Illness.OUT_OF_REACH, 2, ())],
    ),
    "beyond tanh": (MLP(2, [4, 1], seed=1), X, 3 * Y, "squared_error", [(Illness.OUT_OF_REACH, 2, ())]),
    "logits of sigmoid": (
        MLP(2, [4, 1], "tanh", "sigmoid", seed=1), X, Y, "logistic_loss", [(Illness.OUT_OF_REACH, 2, ())],
    ),
    "a user-defined loss": (
        MLP(2, [4, 1], seed=1), X, 3 * Y, lambda o, y: (o[0] - float(y[0])) ** 2 * 0.5, [],
    ),
    "large input": (
        MLP(2, [4, 1], "relu", "linear", seed=1), X * [1, 300], Y, "squared_error", [(Illness.UNSCALED, 0, (2,))],
    ),
    "small input": (
        MLP(2, [4, 1], "relu", "linear", seed=3), X * [0.01, 1], Y, "squared_error", [(Illness.UNSCALED, 0, (1,))],
    ),
    "all zero": (changed(MLP(2, [3, 1], seed=1), all_zero), X, Y, "squared_error", [(Illness.SYMMETRIC, 1, (1, 2, 3))]),
    "twins": (
        changed(MLP(2, [4, 2], seed=1), twins), X, np.stack([Y, -Y], axis=1), "squared_error",
        [(Illness.SYMMETRIC, 1, (1, 3))],
    ),
    "healthy": (MLP(2, [16, 16, 1], seed=1), X, Y, "squared_error", []),
    "healthy sigmoids": (MLP(2, [8, 1], "sigmoid", seed=1), X, Y > 0, "squared_error", []),
    "healthy logits": (
        MLP(2, [8, 3], "tanh", "linear", seed=1), X, (Y > 0) + 1 * (X[:, 0] > 1), "softmax_cross_entropy", [],
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_exactly_this_illness_is_found(case):
    net, examples, targets, loss, expected = CASES[case]
    before = [W.copy() for W in net.weights]
    found = diagnose(net, examples, targets, loss=loss)
    assert [(one.illness, one.layer, one.units) for one in found.findings] == expected
    assert all(one.illness.value in repr(found) and one.words in repr(found) for one in found.findings)
    assert ("Nothing was found" in repr(found)) == (not expected)
    assert all(np.array_equal(now, then) for now, then in zip(net.weights, before, strict=True))
    assert not any(p.has_grad for p in net.parameters())


@pytest.mark.parametrize(
    ("loss", "output"), [("squared_error", "tanh"), (softmax_cross_entropy, "linear"), ("hinge", "linear")]
)
def test_the_numbers_are_those_of_the_graph_of_values(loss, output):
    outputs = 2 if loss is softmax_cross_entropy else 1
    net = MLP(2, [5, 4, outputs], "tanh", output, seed=4)
    targets = (Y > 0).astype(int) if outputs == 2 else Y
    found = diagnose(net, X, targets, loss=loss)
    squares, slopes, errors = {1: [], 2: [], 3: []}, {1: [], 2: [], 3: []}, []
    for x, y in zip(X, targets, strict=True):
        error = LOSSES.get(loss, loss)(net.outputs(x), int(y) if outputs == 2 else [float(y)])
        error.backward()
        errors.append(error.data)
        for node in topological_order(error):
            if node.label.startswith("s_"):
                l = int(node.label[-2])
                squares[l].append(node.grad**2)
                linear = l == 3 and output == "linear"
                slopes[l].append(1.0 if linear else 1 - np.tanh(node.data) ** 2)
    if output == "tanh":  # in a linear unit s is o, and has its label
        assert found.deltas == pytest.approx({l: np.sqrt(np.mean(all_)) for l, all_ in squares.items()})
        assert found.slopes == pytest.approx({l: np.mean(all_) for l, all_ in slopes.items()})
    for l in (1, 2):
        assert found.deltas[l] == pytest.approx(np.sqrt(np.mean(squares[l])))
    assert found.error == pytest.approx(np.mean(errors))


def test_a_trained_network_is_healthy():
    examples, targets = moons(100, noise=0.1, seed=1)
    examples = standardize(examples)
    net = MLP(2, [8, 1], seed=1)
    fit(net, examples, targets, optimizer=GradientDescent(0.01), stop=MaximumIterations(300))
    assert diagnose(net, examples, targets).findings == ()


@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        ((None, X, Y), TypeError, "net must be an MLP, not NoneType"),
        ((MLP(2, [1]), X[:, :1], Y), ValueError, "X must have shape"),
        ((MLP(2, [1]), X, Y[:5]), ValueError, "y must have shape"),
        ((MLP(2, [1]), X * np.nan, Y), ValueError, "X must"),
    ],
    ids=["net", "X", "y", "nan"],
)
def test_wrong_arguments(arguments, error, words):
    with pytest.raises(error, match=words):
        diagnose(*arguments)


def test_the_command(tmp_path, capsys):
    parser = argparse.ArgumentParser()
    add_command(parser.add_subparsers())
    data = tmp_path / "data.csv"
    np.savetxt(data, np.column_stack([X, Y]), delimiter=",")
    options = parser.parse_args(["diagnose-network", "2-4-1", "--data", str(data), "--output-activation", "relu"])
    options.run(options)
    assert "A lowest loss that the output cannot reach" in capsys.readouterr().out
    data.write_text("x,y\n1,2\n")
    with pytest.raises(ValueError, match="--data cannot be read as numbers"):
        options.run(options)
