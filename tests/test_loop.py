"""`fit` against NumPy runs of the same formulas, its ways out, checkpoints, seeds, and what it refuses."""

import builtins
import gc
import itertools
import json
import math
import os
import pickle
import random
import re
import shutil
import signal
import subprocess
import sys
import warnings
import weakref
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from moons_demo import demo, fit_demo

import nn
from nn import MLP, save_weights
from nn.delta import back_propagation_over_data
from nn.mlp import ACTIVATIONS
from nn.randomness import stream
from nn.training import losses
from nn.training.batch_gradients import BatchGradients
from nn.training.checkpoint import read_arrays
from nn.training.loop import EndedEarlyWarning, fit
from nn.training.optimizers import (
    Adagrad,
    Adam,
    GradientDescent,
    LectureMomentum,
    LectureMomentumAdagrad,
    Momentum,
    Nesterov,
    RMSProp,
)
from nn.training.regularization import L2, Dropout
from nn.training.termination import (
    EndedBy,
    History,
    MaximumIterations,
    SmallGradient,
    SmallImprovement,
    TimeLimit,
    ValidationRising,
)

SIZES = [2, 3, 2]
X = np.array([[0.5, -1.5], [1.0, 0.25], [-0.75, 0.5], [0.1, 0.9], [-1.2, -0.4], [1.4, 1.1], [0.3, -0.2]])
Y = np.array([[0.5, -0.5], [-0.25, 0.75], [0.9, 0.1], [-0.6, -0.2], [0.3, 0.4], [-0.8, 0.6], [0.2, -0.7]])
X_VALID, Y_VALID = X[::-1] * 0.9 + 0.05, Y[::-1] + 0.1
XOR = [[-1.0, -1.0], [-1.0, 1.0], [1.0, -1.0], [1.0, 1.0]], [-1.0, 1.0, 1.0, -1.0]


def network(seed=3):
    return MLP(SIZES[0], SIZES[1:], seed=seed)


def bits(matrices):
    return [(np.shape(matrix), np.asarray(matrix).tobytes()) for matrix in matrices]


def close(matrices, others, rel=1e-12):
    assert len(matrices) == len(others)
    for a, b in zip(matrices, others, strict=True):
        np.testing.assert_allclose(a, b, rtol=rel, atol=1e-14)


def recorder():
    """A list of the weights after each iteration, and the callback that fills it."""
    weights = []
    return weights, lambda net, history: weights.append(net.weights)


# The truth: the same formulas in NumPy, on matrices of examples and with all weights in one vector


def errors_and_gradients(W, X, Y, remain=None, scale=1.0):
    """The errors of the examples, and the sums of their gradients, by the lecture's delta recursion (theta = tanh)."""
    L = len(W)
    remain = remain or [np.ones(len(matrix)) for matrix in W[:-1]]
    factors = [scale * np.asarray(kept, dtype=float) for kept in remain]
    one = np.ones((len(X), 1))
    inputs, tanhs = [np.hstack([one, X])], []
    for l, matrix in enumerate(W):
        tanhs.append(np.tanh(inputs[-1] @ matrix.T))
        if l < L - 1:
            inputs.append(np.hstack([one, tanhs[-1] * factors[l]]))
    delta = 2 * (tanhs[-1] - Y) * (1 - tanhs[-1] ** 2)
    G = [delta.T @ inputs[-1]]
    for l in range(L - 2, -1, -1):
        delta = (delta @ W[l + 1])[:, 1:] * factors[l] * (1 - tanhs[l] ** 2)
        G.insert(0, delta.T @ inputs[l])
    return ((tanhs[-1] - Y) ** 2).sum(axis=1), G


def vector(matrices):
    return np.concatenate([np.ravel(matrix) for matrix in matrices])


def matrices_of(vector, like):
    ends = np.cumsum([matrix.size for matrix in like])[:-1]
    return [part.reshape(matrix.shape) for part, matrix in zip(np.split(vector, ends), like, strict=True)]


def memory_of(memory, size, *names):
    return [memory.setdefault(name, np.zeros(size)) for name in names]


def gradient_descent(w, g, m, _memory, eta):
    w[m] -= eta * g[m]


def momentum(w, g, m, memory, eta):
    (previous,) = memory_of(memory, w.size, "previous")
    w[m] -= eta * (0.8 * previous[m] + g[m])
    previous[m] = g[m]


def heavy_ball(w, g, m, memory, eta):
    (v,) = memory_of(memory, w.size, "v")
    v[m] = 0.8 * v[m] + g[m]
    w[m] -= eta * v[m]


def nesterov(w, g, m, memory, eta):
    (v,) = memory_of(memory, w.size, "v")
    v[m] = 0.8 * v[m] + g[m]
    w[m] -= eta * (0.8 * v[m] + g[m])


def adagrad(w, g, m, memory, eta):
    (S,) = memory_of(memory, w.size, "S")
    S[m] += g[m] ** 2
    w[m] -= eta / np.sqrt(S[m] + 1e-3) * g[m]


def momentum_adagrad(w, g, m, memory, eta):
    previous, S = memory_of(memory, w.size, "previous", "S")
    S[m] += g[m] ** 2
    w[m] -= eta / np.sqrt(S[m] + 1e-3) * (0.8 * previous[m] + g[m])
    previous[m] = g[m]


def rmsprop(w, g, m, memory, eta):
    (S,) = memory_of(memory, w.size, "S")
    S[m] = 0.8 * S[m] + 0.2 * g[m] ** 2
    w[m] -= eta / np.sqrt(S[m] + 1e-3) * g[m]


def adam(w, g, m, memory, eta):
    M, V, k = memory_of(memory, w.size, "M", "V", "k")
    k[m] += 1
    M[m] = 0.8 * M[m] + 0.2 * g[m]
    V[m] = 0.9 * V[m] + 0.1 * g[m] ** 2
    w[m] -= eta * (M[m] / (1 - 0.8 ** k[m])) / (np.sqrt(V[m] / (1 - 0.9 ** k[m])) + 1e-3)


ETA = 0.05
OPTIMIZERS = {
    "GradientDescent": (lambda eta=ETA: GradientDescent(eta), gradient_descent),
    "LectureMomentum": (lambda eta=ETA: LectureMomentum(eta, beta=0.8), momentum),
    "Momentum": (lambda eta=ETA: Momentum(eta, beta=0.8), heavy_ball),
    "Nesterov": (lambda eta=ETA: Nesterov(eta, beta=0.8), nesterov),
    "Adagrad": (lambda eta=ETA: Adagrad(eta, epsilon=1e-3), adagrad),
    "LectureMomentumAdagrad": (lambda eta=ETA: LectureMomentumAdagrad(eta, beta=0.8, epsilon=1e-3), momentum_adagrad),
    "RMSProp": (lambda eta=ETA: RMSProp(eta, beta=0.8, epsilon=1e-3), rmsprop),
    "Adam": (lambda eta=ETA: Adam(eta, beta1=0.8, beta2=0.9, epsilon=1e-3), adam),
}
every_optimizer = pytest.mark.parametrize(("make", "rule"), OPTIMIZERS.values(), ids=OPTIMIZERS)


def numbers_of(seed, use):
    """The stream of random numbers that is documented for a use."""
    key = {"batches": 2, "jitter": 3, "dropout": 4}[use]
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(key,)))


def everything(count):
    """The examples of gradient descent: all, in each iteration."""
    return [np.arange(len(X))] * count


def drawn(count, batch_size, seed):
    """The examples of mini-batches with replacement."""
    generator = numbers_of(seed, "batches")
    return [generator.integers(len(X), size=batch_size) for _ in range(count)]


def epochs(count, batch_size, seed):
    """The examples of mini-batches in epochs."""
    generator, batches = numbers_of(seed, "batches"), []
    while len(batches) < count:
        order = generator.permutation(len(X))
        batches += [order[start : start + batch_size] for start in range(0, len(X), batch_size)]
    return batches[:count]


def truth(
    W, samples, rule=gradient_descent, *, mean=False, eta=ETA, strength=0.0, bias=True, sigma=0.0, rate=0.0, scale=1.0,
    inputs=0.0, seed=0,
):  # fmt: skip
    """The weights before and after each iteration, and the losses, mean errors and norms of gradients of each."""
    W = [np.array(matrix) for matrix in W]
    memory, path, history = {}, [[matrix.copy() for matrix in W]], []
    noise, nodes = numbers_of(seed, "jitter"), numbers_of(seed, "dropout")
    spared = vector([np.tile(np.arange(matrix.shape[1]) == 0, (len(matrix), 1)) for matrix in W]) & (not bias)
    for t, sample in enumerate(samples):
        x = X[sample] + noise.normal(0.0, sigma, size=(len(sample), SIZES[0])) if sigma else X[sample]
        seen = nodes.random(SIZES[0]) >= inputs if inputs else np.full(SIZES[0], True)
        x = x * np.where(seen, 1 / (1 - inputs), 0)
        remain = [nodes.random(width) >= rate for width in SIZES[1:-1]] if rate else None
        errors, G = errors_and_gradients(W, x, Y[sample], remain, scale)
        divisor = len(sample) if mean else 1
        w, g = vector(W), vector(G) / divisor
        loss = errors.sum() / divisor + strength * np.sum(np.where(spared, 0, w) ** 2)
        g = g + 2 * strength * np.where(spared, 0, w)
        m = vector([np.ones(matrix.shape) for matrix in W]) > 0
        if remain is not None:
            masks = [np.ones(matrix.shape, dtype=bool) for matrix in W]
            masks[0][:, 1:] &= seen
            for l, kept in enumerate(remain):
                masks[l] &= kept[:, None]
                masks[l + 1] &= np.concatenate([[True], kept])
            m = vector(masks)
        rule(w, g, m, memory, eta(t) if callable(eta) else eta)
        W = matrices_of(w, W)
        path.append([matrix.copy() for matrix in W])
        history.append((loss, errors.mean(), np.sqrt(np.sum(g * g))))
    return path, np.array(history).T


def assert_fits(expected, **options):
    """The weights after each iteration, and the history, equal the truth."""
    path, (loss, error, norm) = expected
    weights, callback = recorder()
    net = network()
    history = fit(net, X, Y, stop=MaximumIterations(len(loss)), keep="last", callbacks=[callback], **options)
    for after, expected_after in zip(weights, path[1:], strict=True):
        close(after, expected_after)
    assert bits(net.weights) == bits(weights[-1])
    np.testing.assert_allclose(history.loss, loss, rtol=1e-12)
    np.testing.assert_allclose(history.error, error, rtol=1e-12)
    np.testing.assert_allclose(history.gradient_norm, norm, rtol=1e-12)
    return history


@pytest.mark.parametrize("size", [1e-200, 1e200])
def test_the_norm_of_gradients_whose_squares_are_no_floats(size):
    """Of a linear neuron with the loss size * o, at x = 2: the gradients are size and 2 size."""
    net = MLP(1, [1], "linear", seed=0)
    settings = {"optimizer": GradientDescent(1e-300), "stop": MaximumIterations(1), "progress": False}
    history = fit(net, [[2.0]], [[0.0]], loss=lambda o, y: size * o[0] + y[0], **settings)
    assert history.gradient_norm == pytest.approx([math.sqrt(5) * size], rel=1e-12, abs=0)


def test_the_truth_is_the_lectures_delta_recursion():
    W = network().weights
    data = back_propagation_over_data(W, X, Y)
    errors, G = errors_and_gradients(W, X, Y)
    close(G, list(data.G.values()))
    assert errors.sum() == pytest.approx(data.error, rel=1e-14)


# Each algorithm of the lecture, with each optimizer


@every_optimizer
def test_gradient_descent_sums_over_the_data(make, rule):
    assert_fits(truth(network().weights, everything(6), rule), optimizer=make())


@every_optimizer
def test_mini_batches_average_over_examples_drawn_with_replacement(make, rule):
    assert_fits(truth(network().weights, drawn(8, 3, seed=5), rule, mean=True), optimizer=make(), batch_size=3, seed=5)


@every_optimizer
def test_stochastic_gradient_descent_takes_one_example_at_random(make, rule):
    assert_fits(truth(network().weights, drawn(12, 1, seed=4), rule), optimizer=make(), batch_size=1, seed=4)


@every_optimizer
def test_epochs_take_every_example_once_in_a_new_order_each(make, rule):
    expected = truth(network().weights, epochs(8, 3, seed=6), rule, mean=True)
    assert_fits(expected, optimizer=make(), batch_size=3, shuffle=True, seed=6)


def test_with_replacement_one_batch_may_hold_an_example_twice():
    assert any(len(set(batch)) < 3 for batch in drawn(8, 3, seed=5)), "or the test above would not show replacement"


@pytest.mark.parametrize("batch_size", [None, 3])
@pytest.mark.parametrize("average", [True, False])
def test_average_overrides_what_the_lecture_does(batch_size, average):
    samples = everything(4) if batch_size is None else drawn(4, batch_size, seed=0)
    assert_fits(
        truth(network().weights, samples, mean=average),
        optimizer=GradientDescent(ETA),
        batch_size=batch_size,
        average=average,
    )


def test_a_schedule_sets_the_learning_rate_of_each_iteration():
    eta = lambda t: 0.1 / (1 + t)
    assert_fits(truth(network().weights, everything(5), heavy_ball, eta=eta), optimizer=Momentum(eta, beta=0.8))


def test_without_options_it_is_gradient_descent_for_1000_iterations():
    net, same = network(), network()
    history = fit(net, X, Y)
    fit(same, X, Y, optimizer=GradientDescent(0.01), stop=MaximumIterations(1000))
    assert history.iterations == 1000
    assert bits(net.weights) == bits(same.weights)


def test_an_optimizer_starts_without_a_state_and_is_not_changed():
    optimizer = Adam(ETA, beta1=0.8, beta2=0.9, epsilon=1e-3)
    expected = truth(network().weights, everything(4), adam)
    for _ in range(2):
        assert_fits(expected, optimizer=optimizer)
        assert optimizer.iteration == 0
        assert list(optimizer.state()) == ["iteration"]


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("batch_size", [None, 3])
def test_l2_adds_2_lambda_w_to_the_gradient_and_lambda_omega_to_the_loss(bias, batch_size):
    samples = everything(5) if batch_size is None else drawn(5, batch_size, seed=0)
    expected = truth(network().weights, samples, mean=batch_size is not None, strength=0.3, bias=bias)
    assert_fits(expected, optimizer=GradientDescent(ETA), batch_size=batch_size, regularization=L2(0.3, bias=bias))


@pytest.mark.parametrize("outputs", [1, 3])
def test_jitter_adds_noise_to_all_inputs_and_to_no_target(outputs):
    net, y = MLP(2, [outputs], "linear", seed=1), np.outer(Y[:, 0], range(1, outputs + 1))
    [W], inputs = net.weights, np.hstack([np.ones((len(X), 1)), X + numbers_of(8, "jitter").normal(0, 0.4, X.shape)])
    fit(net, X, y, optimizer=GradientDescent(ETA), jitter=0.4, seed=8, stop=MaximumIterations(1), keep="last")
    close(net.weights, [W - ETA * 2 * (inputs @ W.T - y).T @ inputs])


@pytest.mark.parametrize("batch_size", [None, 3])
def test_jitter_adds_fresh_normal_noise_to_the_inputs_in_each_iteration(batch_size):
    samples = everything(5) if batch_size is None else drawn(5, batch_size, seed=8)
    expected = truth(network().weights, samples, mean=batch_size is not None, sigma=0.4, seed=8)
    assert_fits(expected, optimizer=GradientDescent(ETA), batch_size=batch_size, jitter=0.4, seed=8)


@every_optimizer
def test_dropout_removes_nodes_and_updates_no_weight_on_their_edges(make, rule):
    expected = truth(network().weights, everything(8), rule, rate=0.5, scale=2.0, strength=0.1, seed=2)
    assert_fits(expected, optimizer=make(), dropout=Dropout(0.5), regularization=L2(0.1), seed=2)


@every_optimizer
def test_dropout_removes_inputs_with_a_rate_of_their_own(make, rule):
    expected = truth(network().weights, everything(4), rule, rate=0.5, scale=2.0, inputs=0.25, strength=0.1, seed=2)
    assert_fits(expected, optimizer=make(), dropout=Dropout(0.5, input_rate=0.25), regularization=L2(0.1), seed=2)


def test_dropout_as_printed_scales_nothing():
    expected = truth(network().weights, everything(6), rate=0.4, scale=1.0, seed=2)
    assert_fits(expected, optimizer=GradientDescent(ETA), dropout=Dropout(0.4, scale=False), seed=2)


def test_all_at_once():
    expected = truth(
        network().weights, epochs(9, 2, seed=1), adam, mean=True, strength=0.01, bias=False, sigma=0.2, rate=0.3,
        scale=1 / 0.7, seed=1,
    )  # fmt: skip
    assert_fits(
        expected, optimizer=OPTIMIZERS["Adam"][0](), batch_size=2, shuffle=True, regularization=L2(0.01, bias=False),
        jitter=0.2, dropout=Dropout(0.3), seed=1,
    )  # fmt: skip


@pytest.mark.parametrize(
    "name", ["LectureMomentum", "Momentum", "Nesterov", "LectureMomentumAdagrad", "RMSProp", "Adam"]
)
def test_weights_of_removed_nodes_stay_to_the_bit_and_all_others_move(name):
    start = network()
    weights, callback = recorder()
    net = network()
    fit(
        net, X, Y, optimizer=OPTIMIZERS[name][0](), dropout=Dropout(0.5), regularization=L2(0.1), seed=2,
        stop=MaximumIterations(8), callbacks=[callback],
    )  # fmt: skip
    nodes, before, seen = numbers_of(2, "dropout"), start.weights, set()
    for after in weights:
        gone = np.flatnonzero(nodes.random(3) < 0.5)
        seen.add(len(gone))
        left_out = [np.zeros((3, 3), dtype=bool), np.zeros((2, 4), dtype=bool)]
        left_out[0][gone, :] = True
        left_out[1][:, gone + 1] = True
        for old, new, same in zip(before, after, left_out, strict=True):
            assert old[same].tobytes() == new[same].tobytes()
            assert (old[~same] != new[~same]).all()
        before = after
    assert len(seen) > 1, "iterations differ in how many nodes they remove"


@pytest.mark.parametrize("scale", [True, False])
def test_at_prediction_time_all_nodes_take_part_and_nothing_is_scaled(scale):
    net = network()
    history = fit(
        net, X, Y, dropout=Dropout(0.5, scale=scale), validation=(X_VALID, Y_VALID), stop=MaximumIterations(3),
    )  # fmt: skip
    W = net.weights
    for x in X:
        hidden = np.tanh(W[0] @ [1.0, *x])
        np.testing.assert_allclose([o.data for o in net(x)], np.tanh(W[1] @ [1.0, *hidden]), rtol=1e-13)
    errors, _ = errors_and_gradients(network().weights, X_VALID, Y_VALID)
    assert history.validation_loss[0] == pytest.approx(errors.mean(), rel=1e-13)


@pytest.mark.parametrize(
    ("loss", "y", "outputs", "slope"),
    [
        ("hinge", [1, -1, 1, 1, -1, -1, 1], 1, lambda o, y: np.where(y * o < 1, -y, 0.0)),
        ("logistic_loss", [1, -1, 1, 1, -1, -1, 1], 1, lambda o, y: -y / (1 + np.exp(y * o))),
        (
            "softmax_cross_entropy", [0, 1, 2, 2, 1, 0, 0], 3,
            lambda o, y: np.exp(o) / np.exp(o).sum(axis=1, keepdims=True) - np.eye(3)[y.astype(int).ravel()],
        ),
    ],
)  # fmt: skip
@pytest.mark.parametrize("by_name", [True, False])
def test_losses_for_classes_by_name_and_by_function(loss, y, outputs, slope, by_name):
    """A network of one linear layer: G = (de/do)^T (1, x)."""
    net = MLP(2, [outputs], "linear", seed=1)
    W, inputs = np.array(net.weights[0]), np.hstack([np.ones((len(X), 1)), X])
    y = np.array(y)
    for _ in range(5):
        W -= ETA * slope(inputs @ W.T, y[:, None]).T @ inputs
    fit(
        net, X, y, loss=loss if by_name else getattr(losses, loss), optimizer=GradientDescent(ETA),
        stop=MaximumIterations(5), keep="last",
    )  # fmt: skip
    close(net.weights, [W])


@pytest.mark.parametrize("engine", ["auto", "values"])
def test_class_numbers_are_one_hot_targets(engine):
    """Of the five classes two are missing in the data."""
    numbers, outcomes = np.array([0, 1, 2, 0, 1, 0, 1]), []
    for y in (numbers, np.eye(5)[numbers]):
        net = MLP(2, [3, 5], output_activation="linear", seed=1)
        options = {"loss": "softmax_cross_entropy", "validation": (X, y), "stop": MaximumIterations(3)}
        history = fit(net, X, y, **options, engine=engine)
        outcomes.append((bits(net.weights), history.loss, history.validation_loss))
    assert outcomes[0] == outcomes[1]


BOUNDS = {
    "tanh": (-1, 1), "sigmoid": (0, 1), "relu": (0, math.inf), "softplus": (0, math.inf), "sin": (-1, 1),
    "leaky_relu": None, "linear": None,
}  # fmt: skip
USER_DEFINED = {
    "bell": (lambda s: (-s * s).exp(), (0, 1)),
    "parabola": (lambda s: s * s, (0, math.inf)),
    "cliff": (lambda s: 2 - s.exp(), (-math.inf, 2)),
    "cubic": (lambda s: s**3, None),
    "logarithm": (lambda s: (s * s).log(), None),
}


@pytest.mark.parametrize(("loss", "outputs"), [("logistic_loss", 1), ("softmax_cross_entropy", 2)])
@pytest.mark.parametrize("by_name", [True, False])
@pytest.mark.parametrize("theta", [*ACTIVATIONS, *USER_DEFINED])
def test_bounded_outputs_are_warned_of_where_the_loss_takes_any(monkeypatch, loss, outputs, by_name, theta):
    """In softmax only differences of outputs count, so that one bound does no harm."""
    bounds = BOUNDS.get(theta)
    if theta in USER_DEFINED:
        function, bounds = USER_DEFINED[theta]
        monkeypatch.setitem(ACTIVATIONS, theta, function)
    net, y = MLP(2, [2, outputs], output_activation=theta, seed=0), [1, 1, 1, 1, 1, 1, 1]
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        fit(net, X, y, loss=loss if by_name else getattr(losses, loss), stop=MaximumIterations(1))
    if bounds and (outputs == 1 or all(map(math.isfinite, bounds))):
        low, high = bounds
        assert f"{theta} keeps the outputs of the network between {low:g} and {high:g}, " in str(caught[0].message)
        assert re.fullmatch(f'{loss} .* build .* output_activation="linear"', str(caught[0].message))
        assert caught.pop().filename == __file__, "the line of the caller"
    assert not caught
    fit(net, X, np.ones((7, outputs)), loss="hinge", stop=MaximumIterations(1))


def test_bounded_outputs_are_warned_of_whatever_wraps_the_loss():
    @dataclass  # and so unhashable
    class Weighted:
        weight: float

        def __call__(self, o, y):
            return self.weight * losses.logistic_loss(o, y)

    for loss in (Weighted(2.0), lambda o, y: (1 + (-y[0] * o[0]).exp()).log()):
        with pytest.warns(
            UserWarning, match=r"the loss expects unbounded outputs, but tanh keeps the outputs .* -1 and 1, so"
        ):
            fit(MLP(2, [1], seed=0), X, np.ones(7), loss=loss, stop=MaximumIterations(1))
        fit(MLP(2, [1], "linear", seed=0), X, np.ones(7), loss=loss, stop=MaximumIterations(1))


@pytest.mark.parametrize("name", losses.LOSSES)
def test_our_losses_in_a_function_are_compiled_too(name):
    """Their checks of targets do not ask for the number of a constant, which stands for all examples."""
    classes = np.array([1, -1, 1, -1, -1, 1, 1])
    y = (np.stack([classes, -classes], axis=1) + 1) / 2 if name == "softmax_cross_entropy" else classes.reshape(7, 1)
    weights = []
    for loss in (name, lambda o, y: 1 * losses.LOSSES[name](o, y)):
        net = MLP(2, [3, y.shape[1]], output_activation="linear", seed=0)
        fit(net, X, y, loss=loss, stop=MaximumIterations(3))  # a warning would be an error
        weights.append(net.weights)
    close(*weights)
    if name != "squared_error":
        with pytest.raises(ValueError, match=r"targets? must be"), warnings.catch_warnings(action="ignore"):
            fit(net, X, np.vstack([y[:-1], 3 * y[-1:]]), loss=loss, stop=MaximumIterations(3))


def test_a_user_defined_loss():
    net = MLP(2, [1], "linear", seed=1)
    W, inputs = np.array(net.weights[0]), np.hstack([np.ones((len(X), 1)), X])
    for _ in range(5):
        W -= ETA * (4 * (inputs @ W.T - Y[:, :1]) ** 3).T @ inputs
    first, met = net(X[0]).data, []

    def loss(outputs, target):
        met.append((outputs[0], target[0]))
        return (outputs[0] - target[0]) ** 4

    fit(net, X, Y[:, 0], loss=loss, optimizer=GradientDescent(ETA), stop=MaximumIterations(5), keep="last")
    close(net.weights, [W])
    assert (met[0][0].data, met[0][1]) == (first, Y[0, 0]), "it is tried with the first example and its target"


def test_micrograds_moons_demo():
    """The numbers that the demo notebook of micrograd prints: at step 0, and after the last of 100 steps."""
    points, signs, net = demo()
    history = fit_demo(points, signs, net)
    assert history.loss[0] == pytest.approx(0.8958441028683222, rel=1e-12)
    assert f"{history.loss[99]:.8f}" == "0.01097837"
    assert all((net(point).data > 0) == (sign > 0) for point, sign in zip(points, signs, strict=True))


# The history


def test_the_history_has_an_entry_for_each_iteration():
    history = fit(network(), X, Y, validation=(X_VALID, Y_VALID), stop=MaximumIterations(7))
    lists = [history.loss, history.error, history.validation_loss, history.gradient_norm, history.time]
    assert [len(numbers) for numbers in lists] == [7] * 5
    assert history.iterations == 7
    assert history.ended == "7 iterations"
    assert all(type(number) is float for numbers in lists for number in numbers)


@pytest.fixture
def clock(monkeypatch):
    """A clock that a test sets, in place of the machine's; it goes on by a second whenever `fit` reads it."""
    readings = itertools.count(1000.0)
    monkeypatch.setattr("nn.training.loop.perf_counter", lambda: next(readings))
    return readings


def test_time_is_in_seconds_since_the_start(clock):
    pass_a_second = lambda net, history: next(clock)
    history = fit(network(), X, Y, stop=MaximumIterations(4), callbacks=[pass_a_second])
    assert history.time == [1.0, 3.0, 5.0, 7.0]


@pytest.mark.parametrize(("engine", "told"), [("values", "values"), ("numpy", "programs"), ("python", "programs")])
def test_the_history_tells_what_computed_the_gradients(engine, told):
    assert fit(network(), X, Y, engine=engine, stop=MaximumIterations(1)).engine == told


def test_losses_belong_to_the_weights_before_the_update():
    _, (loss, _, _) = truth(network().weights, everything(4))
    history = fit(network(), X, Y, optimizer=GradientDescent(ETA), stop=MaximumIterations(4))
    assert history.loss == pytest.approx(loss, rel=1e-12)
    assert history.loss[0] == pytest.approx(errors_and_gradients(network().weights, X, Y)[0].sum(), rel=1e-12)


@pytest.mark.parametrize(
    ("options", "computed"),
    [
        ({}, range(10)),
        ({"evaluate_every": 4}, [0, 4, 8]),
        ({"batch_size": 3}, [0, 3, 6, 9]),
        ({"batch_size": 3, "evaluate_every": 1}, range(10)),
        ({"batch_size": 1, "evaluate_every": 5}, [0, 5]),
    ],
)
def test_the_validation_loss_is_a_mean_computed_at_intervals(options, computed):
    weights, callback = recorder()
    net = network()
    before = [net.weights]
    history = fit(
        net, X, Y, validation=(X_VALID, Y_VALID), optimizer=GradientDescent(ETA), regularization=L2(0.1),
        stop=MaximumIterations(10), callbacks=[callback], **options,
    )  # fmt: skip
    for t, (W, number) in enumerate(zip([*before, *weights], history.validation_loss, strict=False)):
        if t in computed:
            assert number == pytest.approx(errors_and_gradients(W, X_VALID, Y_VALID)[0].mean(), rel=1e-12)
        else:
            assert number is None


def test_an_evaluation_is_told_how_many_there_were_before(monkeypatch):
    """So that what runs it is chosen by how often it has run."""
    evaluate, earlier = BatchGradients.error, []

    def counted(self, batch, weights, runs=0):
        earlier.append(runs)
        return evaluate(self, batch, weights, runs)

    monkeypatch.setattr(BatchGradients, "error", counted)
    fit(network(), X, Y, validation=(X_VALID, Y_VALID), evaluate_every=4, stop=MaximumIterations(11))
    assert earlier[:3] == [0, 1, 2]


def test_without_validation_data_there_is_no_validation_loss():
    assert fit(network(), X, Y, stop=MaximumIterations(3)).validation_loss == [None] * 3


@pytest.mark.parametrize(
    ("stop", "iterations", "ended"),
    [
        (MaximumIterations(3), 3, "3 iterations"),
        (MaximumIterations(9) | SmallImprovement(1e9, over=2), 3, "the error has improved by "),
        (SmallGradient(1e9) | MaximumIterations(9), 1, "the norm of the gradient is "),
        (TimeLimit(1e-9) | MaximumIterations(9), 1, "the time limit of 1e-09 seconds"),
        (MaximumIterations(4) & SmallImprovement(1e9, over=2), 4, "4 iterations, and the error has improved by "),
    ],
)
def test_ended_says_which_criterion(stop, iterations, ended):
    history = fit(network(), X, Y, optimizer=GradientDescent(1e-4), stop=stop)
    assert history.iterations == iterations
    assert history.ended.startswith(ended)


def test_a_history_says_how_far_it_came():
    history = fit(network(), X, Y, stop=MaximumIterations(3))
    assert repr(history) == (
        f"<History: 3 iterations, mean error {history.loss[-1] / 7:.6g} per example in the last; best weights after "
        f"{history.best_iteration}; ended by: 3 iterations>"
    )
    assert (History().ended_by, History().ended) == (None, None)
    assert repr(History()) == "<History: 0 iterations; best weights after 0; ended by: not ended>"


def test_callbacks_see_the_weights_and_the_history_after_each_iteration():
    seen = []
    callbacks = [lambda net, history: seen.append(("first", history.iterations, bits(net.weights)))] * 2
    net = network()
    fit(net, X, Y, optimizer=GradientDescent(ETA), stop=MaximumIterations(3), callbacks=iter(callbacks), keep="last")
    assert [(name, t) for name, t, _ in seen] == [("first", t) for t in (1, 1, 2, 2, 3, 3)]
    assert seen[-1][2] == bits(net.weights)


@pytest.mark.parametrize("answer", [None, 1, "yes", [], np.ones(3), np.zeros((2, 2)), False, np.False_])
def test_a_callback_ends_the_run_only_if_it_returns_true(answer):
    history = fit(network(), X, Y, stop=MaximumIterations(3), callbacks=[lambda net, history: answer])
    assert history.iterations == 3


# The best weights, on every way out

WILD = 0.2
"""A learning rate at which the loss goes up and down."""


def wild_run(count=4):
    """The weights of the truth before each iteration and after the last, and the loss of each."""
    path, _ = truth(network().weights, everything(count), eta=WILD)
    return path, [errors_and_gradients(W, X, Y)[0].sum() for W in path]


def test_the_wild_run_has_its_best_weights_in_the_middle():
    _, loss = wild_run()
    assert 0 < np.argmin(loss) < len(loss) - 2


class LeaveError(Exception):
    pass


def leave(how, at):
    """A callback that leaves the run after that number of iterations."""

    def callback(_, history):
        if history.iterations == at:
            if how == "callback":
                return np.True_
            raise {"exception": LeaveError, "exit": SystemExit, "interrupt": KeyboardInterrupt}[how]
        return None

    return callback


@pytest.mark.parametrize("keep", ["best", "last"])
@pytest.mark.parametrize("how", ["criterion", "callback", "exception", "exit", "interrupt"])
def test_the_best_weights_are_restored_on_every_way_out(how, keep):
    count = 4
    path, loss = wild_run(count)
    best, net = int(np.argmin(loss)), network()
    options = {"optimizer": GradientDescent(WILD), "keep": keep, "stop": MaximumIterations(count)}
    callbacks = [] if how == "criterion" else [leave(how, count)]
    history = None
    if how in {"exception", "exit"}:
        with pytest.raises(LeaveError if how == "exception" else SystemExit):
            fit(net, X, Y, callbacks=callbacks, **options)
    elif how == "interrupt":
        with pytest.warns(
            EndedEarlyWarning, match="^training ended: Ctrl-C after 4 iterations; the best weights are kept$"
        ):
            history = fit(net, X, Y, callbacks=callbacks, **options)
    else:
        history = fit(net, X, Y, callbacks=callbacks, **options)
    kept = count if keep == "last" and how in {"criterion", "callback"} else best
    close(net.weights, path[kept], rel=1e-9)  # a wild run multiplies the rounding
    if history is not None:
        ended = {
            "criterion": (EndedBy.CRITERION, "4 iterations"),
            "callback": (EndedBy.CALLBACK, "a callback"),
            "interrupt": (EndedBy.INTERRUPTED, "Ctrl-C after 4 iterations"),
        }
        assert (history.ended_by, history.ended) == ended[how]
        assert history.best_iteration == best
        assert history.best_loss == pytest.approx(loss[best], rel=1e-9)
        assert history.iterations == count


def test_the_weights_after_the_last_update_may_be_the_best():
    path, _ = truth(network().weights, everything(4), eta=0.01)
    net = network()
    history = fit(net, X, Y, optimizer=GradientDescent(0.01), stop=MaximumIterations(4))
    loss = errors_and_gradients(path[4], X, Y)[0].sum()
    close(net.weights, path[4])
    assert (history.best_iteration, history.best_loss) == (4, pytest.approx(loss, rel=1e-12))
    assert history.best_loss < min(history.loss)


@pytest.mark.parametrize("noise", [{"batch_size": 3}, {"jitter": 0.5}, {"dropout": Dropout(0.4)}])
def test_with_noise_the_best_weights_have_the_lowest_loss_over_all_data(noise):
    weights, callback = recorder()
    net = network()
    path = [net.weights]
    history = fit(
        net, X, Y, optimizer=GradientDescent(1.0), regularization=L2(0.01), stop=MaximumIterations(9),
        evaluate_every=1, callbacks=[callback], **noise,
    )  # fmt: skip
    path += weights
    divisor = len(X) if "batch_size" in noise else 1
    loss = [errors_and_gradients(W, X, Y)[0].sum() / divisor + 0.01 * np.sum(vector(W) ** 2) for W in path]
    best = int(np.argmin(loss))
    assert bits(net.weights) == bits(path[best])
    assert (history.best_iteration, history.best_loss) == (best, pytest.approx(loss[best], rel=1e-12))


def test_early_stopping_restores_the_weights_of_the_lowest_validation_loss():
    weights, callback = recorder()
    net = network()
    path = [net.weights]
    history = fit(
        net, X, Y, validation=(-X, Y), optimizer=GradientDescent(0.02), stop=ValidationRising(3),
        callbacks=[callback],
    )  # fmt: skip
    path += weights
    errors = [errors_and_gradients(W, -X, Y)[0].mean() for W in path]
    best = int(np.argmin(errors))
    assert 0 < best < len(path) - 3
    assert history.iterations == best + 4
    assert np.argmin(history.loss) == history.iterations - 1, "the training loss would choose otherwise"
    assert bits(net.weights) == bits(path[best])
    assert history.best_iteration == best
    assert history.best_loss == history.validation_loss[best] == pytest.approx(errors[best], rel=1e-12)
    assert history.ended == (
        f"the validation error has not improved for 3 iterations (best {errors[best]:.6g} at iteration {best})"
    )


def test_a_validation_loss_of_nan_is_not_an_improvement():
    errors = [2.0, math.nan, 1.0, math.nan, 3.0, math.nan, math.inf, math.nan]

    def loss(outputs, target):
        return outputs[0] * 0.0 + (errors[len(weights)] if target[0] == 7.0 else 1.0)

    weights, callback = recorder()
    net = MLP(2, [1], seed=0)
    history = fit(
        net, [[1.0, 2.0]], [0.0], loss=loss, validation=([[1.0, 2.0]], [7.0]), regularization=L2(0.1),
        stop=ValidationRising(4), callbacks=[callback], engine="values",
    )  # fmt: skip
    assert repr(history.validation_loss) == repr(errors[:7])
    assert (history.best_iteration, history.best_loss) == (2, 1.0)
    assert bits(net.weights) == bits(weights[1])


@pytest.mark.parametrize("keep", ["best", "last"])
@pytest.mark.parametrize("validation", [None, (X_VALID, Y_VALID)])
def test_a_loss_that_explodes_ends_the_run_with_the_best_finite_weights(keep, validation):
    net = MLP(2, [2, 2], "linear", seed=1)
    first = net.weights
    with pytest.warns(RuntimeWarning) as caught:
        history = fit(
            net, X, Y, optimizer=GradientDescent(1e3), keep=keep, validation=validation, stop=MaximumIterations(50)
        )
    *others, last = [str(one.message) for one in caught]
    assert len(others) <= 1, "one of backward(), that says where"
    t = history.iterations
    assert 2 < t < 50
    assert last == f"training ended: {history.ended}; the best weights are kept"
    assert history.ended_by is EndedBy.NOT_FINITE
    assert history.ended.endswith(f"in iteration {t}")
    assert bits(net.weights) == bits(first)
    assert history.best_iteration == 0
    assert all(math.isfinite(number) for number in [*history.loss, *history.gradient_norm])
    assert caught[-1].filename == __file__, "the line of the caller"


@pytest.mark.parametrize("keep", ["best", "last"])
@pytest.mark.parametrize("examples", [X, 0 * X], ids=["all weights", "the bias alone"])
def test_weights_that_explode_in_the_last_update_are_not_kept(keep, examples):
    net = MLP(2, [1], "linear", seed=1)
    first = net.weights
    with pytest.warns(RuntimeWarning, match="training ended: a weight is -?inf in iteration 0"):
        fit(net, examples, 1e10 * Y[:, 0], optimizer=GradientDescent(1e300), keep=keep, stop=MaximumIterations(1))
    assert bits(net.weights) == bits(first)


def test_of_several_weights_that_are_not_finite_the_first_is_named():
    class Broken(GradientDescent):
        def step(self, weights, *_):
            return [np.array([[1.0, math.inf, math.nan]]), *weights[1:]]

    with pytest.warns(RuntimeWarning, match="training ended: a weight is inf in iteration 0"):
        fit(network(), X, Y, optimizer=Broken(0.1))


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
def test_a_loss_that_becomes_infinite_or_nan_is_named_with_its_iteration(number):
    def loss(outputs, target):
        return sum((o - y) ** 2 for o, y in zip(outputs, target, strict=True)) + (number if len(weights) == 3 else 0.0)

    weights, callback = recorder()
    net = network()
    with pytest.warns(RuntimeWarning, match=f"training ended: the loss is {number} in iteration 3; the best"):
        history = fit(net, X, Y, loss=loss, optimizer=GradientDescent(0.01), callbacks=[callback], engine="values")
    assert history.iterations == 3
    assert bits(net.weights) == bits(weights[1]), "those before iteration 2, the last whose loss is known"


def test_a_gradient_that_is_not_finite_is_named_with_its_iteration():
    net = MLP(1, [1], "linear", weights=[[[0.0, 0.0]]])
    with pytest.warns(RuntimeWarning) as caught:
        history = fit(net, [[1.0]], [0.0], loss=lambda outputs, target: outputs[0].sqrt())
    where, last = [str(one.message) for one in caught]
    assert "a gradient is inf" in where
    assert last.startswith("training ended: the norm of the gradient is inf in iteration 0;")
    assert history.iterations == 0
    assert net.weights[0].tolist() == [[0.0, 0.0]]


def test_the_best_are_the_first_weights_if_the_first_loss_is_not_finite():
    net = MLP(1, [1], "linear", weights=[[[1e200, 0.0]]])
    with pytest.warns(RuntimeWarning, match="in iteration 0"):
        history = fit(net, [[1.0]], [0.0], regularization=L2(1.0))
    assert net.weights[0].tolist() == [[1e200, 0.0]]
    assert (history.iterations, history.best_loss) == (0, math.inf)


def test_ctrl_c_in_the_middle_of_writing_down_an_iteration_leaves_no_part_of_it(monkeypatch):
    class Interrupting(list):
        def append(self, number):
            if len(self) == 2:
                raise KeyboardInterrupt
            super().append(number)

    net, history = network(), History(gradient_norm=Interrupting())
    monkeypatch.setattr("nn.training.loop.History", lambda: history)
    with pytest.warns(RuntimeWarning, match="Ctrl-C after 2 iterations"):
        fit(net, X, Y)
    lists = [history.loss, history.error, history.validation_loss, history.gradient_norm, history.time]
    assert [len(numbers) for numbers in lists] == [2] * 5


# Ctrl-C, kill -9, checkpoints


@pytest.mark.parametrize("where", ["loss", "callback"])
def test_ctrl_c_waits_for_the_end_of_an_iteration_and_interrupts_a_callback_at_once(where):
    done = []

    def press(here):
        if here == where and len(done) == 4:
            done.append("pressed")
            signal.raise_signal(signal.SIGINT)

    def loss(o, y):
        press("loss")
        return (o[0] - y[0]) ** 2

    def callback(*_):
        press("callback")
        done.append("iteration")

    with pytest.warns(EndedEarlyWarning, match="Ctrl-C after 5 iterations"):
        fit(network(), X, Y, loss=loss, callbacks=[callback], engine="values")
    assert done == [*["iteration"] * 4, "pressed"]


def python(code, *arguments, **environment):
    """A process in which this module is `tests`."""
    prelude = "import sys; import test_loop as tests; "
    return subprocess.Popen(
        [sys.executable, "-W", "error", "-c", prelude + code, *map(str, arguments)],
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        text=True,
    )


def interruptible_run():
    """Start a run that would never end, and print what it is like when it has been interrupted."""

    def say(_, history):
        if history.iterations == 5:
            print("started", flush=True)

    net = network()
    weights, callback = recorder()
    first = net.weights
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        history = fit(
            net, X, Y, optimizer=GradientDescent(WILD), stop=MaximumIterations(10**9), callbacks=[callback, say]
        )
    path = [first, *weights]
    lists = [history.loss, history.error, history.validation_loss, history.gradient_norm, history.time]
    print(
        json.dumps(
            {
                "ended": history.ended,
                "best": bits(net.weights) == bits(path[history.best_iteration]),
                "lowest": history.best_loss <= min(history.loss),
                "lengths": sorted({len(numbers) for numbers in lists}) == [history.iterations],
                "warnings": [str(one.message) for one in caught],
            }
        )
    )


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
def test_ctrl_c_keeps_the_best_weights_and_says_so():
    with python("tests.interruptible_run()") as process:
        assert process.stdout.readline() == "started\n"
        process.send_signal(signal.SIGINT)
        answer = json.loads(process.communicate()[0])
    assert process.returncode == 0
    assert answer["ended"].startswith("Ctrl-C after ")
    assert answer["warnings"] == [f"training ended: {answer['ended']}; the best weights are kept"]
    assert answer["best"]
    assert answer["lowest"], "it may be of an iteration that was not completed"
    assert answer["lengths"]


RUNS = {
    "full batch": {"optimizer": Momentum(ETA), "validation": (X_VALID, Y_VALID), "evaluate_every": 2},
    "mini-batches": {"optimizer": Adam(ETA), "batch_size": 3},
    "epochs": {"optimizer": Adam(ETA), "batch_size": 3, "shuffle": True, "validation": (X_VALID, Y_VALID)},
    "jitter and dropout": {"optimizer": Adam(ETA), "batch_size": 2, "jitter": 0.3, "dropout": Dropout(0.4)},
    "a lambda as learning rate": {
        "optimizer": LectureMomentumAdagrad(lambda t: 0.1 / (1 + t)),
        "regularization": L2(0.01),
    },
}
every_run = pytest.mark.parametrize("options", RUNS.values(), ids=RUNS)


def kill_at(iteration):
    def callback(_, history):
        if history.iterations == iteration:
            os.kill(os.getpid(), signal.SIGKILL)

    return callback


def outcome(net, history):
    """All that a run leaves behind but its times, to be compared bit for bit; repr tells every float and nan."""
    lists = [history.loss, history.error, history.validation_loss, history.gradient_norm]
    return repr((bits(net.weights), lists, history.ended, history.best_iteration, history.best_loss))


def run_to_be_killed(name, checkpoint):
    fit(network(), X, Y, **RUNS[name], checkpoint=checkpoint, checkpoint_every=4, callbacks=[kill_at(11)])


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
def test_a_run_that_was_killed_resumes_to_the_same_bits(tmp_path):
    killed = {name: python(f"tests.run_to_be_killed({name!r}, sys.argv[1])", tmp_path / name) for name in RUNS}
    for name, process in killed.items():
        with process:
            process.communicate()
        assert process.returncode == -signal.SIGKILL
        shutil.copy(tmp_path / name, tmp_path / f"{name} once more")
    for name, (keep, copy) in itertools.product(RUNS, {"best": "", "last": " once more"}.items()):
        options = {**RUNS[name], "stop": MaximumIterations(18), "keep": keep, "seed": 0}
        resumed, uninterrupted, iterations = network(), network(), []
        callbacks = [lambda net, history: iterations.append(history.iterations)]  # noqa: B023
        checkpoint = tmp_path / f"{name}{copy}"
        history = fit(resumed, X, Y, **options, checkpoint=checkpoint, checkpoint_every=4, callbacks=callbacks)
        assert iterations == list(range(9, 19)), "it goes on after the last checkpoint, that of iteration 8"
        assert outcome(resumed, history) == outcome(uninterrupted, fit(uninterrupted, X, Y, **options)), name
        assert history.time == sorted(history.time)
        assert len(history.time) == 18


@settings(max_examples=15)
@given(
    optimizer=st.sampled_from(list(OPTIMIZERS)),
    batch_size=st.none() | st.integers(1, 7),
    shuffle=st.booleans(),
    jitter=st.sampled_from([0.0, 0.2]),
    dropout=st.none() | st.just(Dropout(0.4)),
    validation=st.none() | st.just((X_VALID, Y_VALID)),
    keep=st.sampled_from(["best", "last"]),
    seed=st.integers(0, 2**64),
    every=st.integers(1, 4),
    ended=st.integers(1, 7),
)
def test_a_run_that_fails_anywhere_resumes_to_the_same_bits(tmp_path, optimizer, every, ended, **options):
    options |= {"optimizer": OPTIMIZERS[optimizer][0](), "stop": MaximumIterations(8)}
    checkpoint = tmp_path / "checkpoint.npz"
    checkpoint.unlink(missing_ok=True)
    uninterrupted, resumed = network(), network()
    expected = outcome(uninterrupted, fit(uninterrupted, X, Y, **options))
    options |= {"checkpoint": checkpoint, "checkpoint_every": every}
    with pytest.raises(LeaveError):
        fit(network(), X, Y, callbacks=[leave("exception", ended)], **options)
    assert outcome(resumed, fit(resumed, X, Y, **options)) == expected
    again = network()
    assert outcome(again, fit(again, X, Y, **options)) == expected, "nothing is left to be done"


@pytest.mark.parametrize("keep", ["best", "last"])
@every_run
def test_a_longer_run_goes_on_from_the_end_as_if_it_had_never_stopped(tmp_path, options, keep):
    options = {**options, "keep": keep}
    checkpoint = tmp_path / "checkpoint.npz"
    net, again, uninterrupted = network(), network(), network()
    fit(net, X, Y, **options, stop=MaximumIterations(5), checkpoint=checkpoint)
    expected = outcome(uninterrupted, fit(uninterrupted, X, Y, **options, stop=MaximumIterations(9)))
    for its in (net, again):
        history = fit(its, X, Y, **options, stop=MaximumIterations(9), checkpoint=checkpoint)
        assert outcome(its, history) == expected, "without a warning, whether the weights are the last, or the first"


def test_a_longer_run_forgets_an_evaluation_that_was_only_made_at_the_end_of_the_shorter(tmp_path):
    _, loss = wild_run()
    assert np.argmin(loss) == 1
    assert loss[4] < loss[0]
    options = {"validation": (X, Y), "evaluate_every": 100, "optimizer": GradientDescent(WILD)}
    shorter = fit(network(), X, Y, **options, stop=MaximumIterations(1), checkpoint=tmp_path / "c.npz")
    longer = fit(network(), X, Y, **options, stop=MaximumIterations(4), checkpoint=tmp_path / "c.npz")
    assert (shorter.best_iteration, longer.best_iteration) == (1, 4)


def test_pauses_do_not_count_as_time(tmp_path, clock):
    options = {"checkpoint": tmp_path / "checkpoint.npz"}
    first = fit(network(), X, Y, stop=MaximumIterations(3), **options)
    for _ in range(1000):
        next(clock)
    second = fit(network(), X, Y, stop=MaximumIterations(6), **options)
    assert first.time == [1.0, 2.0, 3.0]
    assert second.time == [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]


def clip(net, _):
    """A callback that changes the weights."""
    net.weights = [np.clip(W, -0.3, 0.3) for W in net.weights]


def at_line(number, act):
    """A function for `sys.settrace` that acts at one of the lines that a run executes, and the count of lines."""
    lines = itertools.count()
    files = {("training", f"{name}.py") for name in ("loop", "optimizers", "checkpoint")}

    def trace(frame, event, _):
        if Path(frame.f_code.co_filename).parts[-2:] not in files:
            return None
        if frame.f_code.co_name in {"run", "fit", "interrupts_held", "hold"}:  # where it is taken care of
            return None
        if event == "line" and next(lines) == number:
            act()
        return trace

    return trace, lines


def interrupt():
    raise KeyboardInterrupt


def test_after_ctrl_c_in_any_line_the_same_call_goes_on_to_the_same_bits(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "fsync", lambda _: None)  # the disk is slow, and not what this is about
    options = {**RUNS["jitter and dropout"], "stop": MaximumIterations(3), "callbacks": [clip], "shuffle": True}
    options["engine"] = "values"  # it compiles nothing, so that the test is fast
    uninterrupted = network()
    expected = outcome(uninterrupted, fit(uninterrupted, X, Y, **options))
    interrupted = 0
    for line in itertools.count(step=29):
        net, checkpoint = network(), {"checkpoint": tmp_path / f"{line}.npz", "checkpoint_every": 2}
        trace, lines = at_line(line, interrupt)
        before = sys.gettrace()
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            warnings.simplefilter("ignore", ResourceWarning)  # between `open` and `with` nothing can close a file
            try:
                sys.settrace(trace)
                history = fit(net, X, Y, **options, **checkpoint)
            finally:
                sys.settrace(before)
        if next(lines) <= line:
            break
        interrupted += 1
        assert history.ended_by is EndedBy.INTERRUPTED
        assert len(caught) == 1
        assert str(caught[0].message).startswith(f"training ended: Ctrl-C after {history.iterations} iterations; the")
        assert outcome(net, fit(net, X, Y, **options, **checkpoint)) == expected, f"and no warning, at line {line}"
    assert interrupted > 10


TRACED = {**RUNS["epochs"], "stop": MaximumIterations(5), "engine": "values"}


def run_to_be_killed_at_line(number, checkpoint):
    sys.settrace(at_line(number, lambda: os.kill(os.getpid(), signal.SIGKILL))[0])
    fit(network(), X, Y, **TRACED, checkpoint=checkpoint, checkpoint_every=2)


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
def test_a_run_that_was_killed_at_a_random_line_resumes_to_the_same_bits(tmp_path):
    uninterrupted, (trace, lines), before = network(), at_line(None, None), sys.gettrace()
    try:
        sys.settrace(trace)
        fit(network(), X, Y, **TRACED, checkpoint=tmp_path / "traced", checkpoint_every=2)
    finally:
        sys.settrace(before)
    expected = outcome(uninterrupted, fit(uninterrupted, X, Y, **TRACED))
    for number in random.Random(6).sample(range(next(lines)), 3):
        with python("tests.run_to_be_killed_at_line(int(sys.argv[1]), sys.argv[2])", number, tmp_path / "c") as process:
            process.communicate()
        assert process.returncode == -signal.SIGKILL
        net = network()
        assert outcome(net, fit(net, X, Y, **TRACED, checkpoint=tmp_path / "c")) == expected, f"at line {number}"
        (tmp_path / "c").unlink()


def test_a_checkpoint_is_written_at_the_start_and_after_100_iterations(tmp_path):
    saved, path = [], tmp_path / "c.npz"
    fit(
        network(), X, Y, stop=MaximumIterations(101), checkpoint=path,
        callbacks=[lambda *_: saved.append(int(read_arrays(path)["iterations"]))],
    )  # fmt: skip
    assert saved == [0] * 100 + [100]
    arrays = read_arrays(path)
    assert arrays["iterations"] == 101
    assert {f"{which}.{l}" for which in ("weights", "best_weights") for l in (1, 2)} == {
        name for name in arrays if "weights." in name
    }


def test_a_run_is_freed_as_soon_as_it_has_ended(tmp_path):
    """With the garbage collector off: the data may be large, and there may be no reference cycles."""
    for options in ({}, {"checkpoint": tmp_path / "c.npz"}, {"checkpoint": tmp_path / "c.npz"}):
        look_on = lambda net, history: None
        reference = weakref.ref(look_on)
        gc.disable()
        try:
            fit(network(), X, Y, stop=MaximumIterations(2), callbacks=[look_on], **options)
            del look_on
            assert reference() is None
        finally:
            gc.enable()


def test_after_ctrl_c_the_warning_names_the_file(tmp_path):
    with pytest.warns(EndedEarlyWarning, match=r"the best weights are kept, and the run is saved in .*c\.npz$"):
        fit(network(), X, Y, checkpoint=tmp_path / "c.npz", callbacks=[leave("interrupt", 2)])


IMPORTS = """
import json, signal, sys, warnings
import nn

events = 0

def press(event, _):
    global events
    events += event == "import"
    if event == "import" and events == int(sys.argv[1]):
        signal.raise_signal(signal.SIGINT)

def run(net):
    history = nn.fit(net, [[1.0, 2.0], [0.0, 1.0]], [0.5, 0.1], stop=nn.MaximumIterations(2))
    return [W.tolist() for W in net.weights], history.ended

signal.signal(signal.SIGINT, signal.default_int_handler)
net = nn.MLP(2, [3, 1], seed=0)
before = [W.tolist() for W in net.weights]
sys.addaudithook(press)
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    first, ended = run(net)
if events < int(sys.argv[1]):
    sys.exit()  # there are fewer imports, for example without tqdm
again = run(net)
print(json.dumps([ended, [str(one.message) for one in caught], first == before, again, run(nn.MLP(2, [3, 1], seed=0))]))
"""


def test_ctrl_c_during_an_import_ends_the_run_like_any_other():
    """The first call of `fit` in a process imports modules; raised in the midst, it would break the next call."""
    for number in (1, 4, 8, 20, 80):
        output = subprocess.run(
            [sys.executable, "-c", IMPORTS, str(number)], check=True, capture_output=True, text=True
        )
        if output.stdout == "" and number > 4:
            break
        ended, warned, unchanged, again, uninterrupted = json.loads(output.stdout)
        assert ended == "Ctrl-C after 0 iterations", f"at import {number}"
        assert warned == [f"training ended: {ended}; the best weights are kept"]
        assert unchanged
        assert again == uninterrupted
        assert output.stderr == ""


def test_a_second_ctrl_c_does_not_wait():
    def loss(*_):
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGINT)
        pytest.fail("the second is at once")

    previous = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with pytest.warns(EndedEarlyWarning, match="Ctrl-C after 0 iterations; the best weights are kept$"):
            fit(network(), X, Y, loss=loss, engine="values")
        assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    finally:
        signal.signal(signal.SIGINT, previous)


def test_a_checkpoint_holds_what_the_callbacks_of_its_iteration_have_done(tmp_path):
    options = {"optimizer": Momentum(0.3), "stop": MaximumIterations(9), "checkpoint_every": 1}
    for ended in range(1, 9):
        uninterrupted, net, file = network(), network(), tmp_path / f"{ended}.npz"
        expected = outcome(uninterrupted, fit(uninterrupted, X, Y, **options, callbacks=[clip]))
        with pytest.raises(LeaveError):
            fit(net, X, Y, **options, checkpoint=file, callbacks=[clip, leave("exception", ended)])
        assert outcome(net, fit(net, X, Y, **options, checkpoint=file, callbacks=[clip])) == expected
    assert len({repr(bits(one.weights)) for one in (uninterrupted, network())}) == 2


CHANGES = {
    "net": {"net": MLP(2, [4, 2], seed=3)},
    "net (activation)": {"net": MLP(2, [3, 2], "sigmoid", seed=3)},
    "X": {"X": X + 1e-9},
    "y": {"y": Y * 2},
    "validation": {"validation": (X_VALID, Y_VALID)},
    "loss": {"loss": "hinge", "y": np.sign(Y)},
    "optimizer": {"optimizer": Adam(0.02)},
    "optimizer (another)": {"optimizer": GradientDescent(0.01)},
    "batch_size": {"batch_size": 2},
    "shuffle": {"shuffle": True},
    "average": {"average": False},
    "regularization": {"regularization": L2(0.1)},
    "jitter": {"jitter": 0.1},
    "dropout": {"dropout": Dropout(0.5)},
    "evaluate_every": {"evaluate_every": 2},
    "seed": {"seed": 1},
}


@pytest.mark.parametrize("name", CHANGES)
def test_the_checkpoint_of_another_run_is_refused_with_what_differs(tmp_path, name):
    checkpoint = tmp_path / "checkpoint.npz"
    options = {"net": network(), "X": X, "y": Y, "optimizer": Adam(0.01), "batch_size": 3, "stop": MaximumIterations(2)}
    fit(**options, checkpoint=checkpoint)
    content = checkpoint.read_bytes()
    options = {**options, "net": network(), **CHANGES[name]}
    before = bits(options["net"].weights)
    argument = name.split()[0]
    with pytest.raises(
        ValueError, match=rf"^checkpoint .* was written by another run, which differs in .*\b{argument}\b"
    ):
        fit(**options, checkpoint=checkpoint)
    assert bits(options["net"].weights) == before
    assert checkpoint.read_bytes() == content


def function_with(source, number):
    """A function with this number in it, as if its source had been edited."""
    namespace = {"np": np, "nn": nn, "number": number}
    exec(source.replace("NUMBER", repr(number)), namespace)
    return namespace["f"]


FUNCTIONS = {
    "loss": "f = lambda o, y: (o[0] - y[0]) ** 2 * NUMBER",
    "loss (enclosed)": "f = (lambda a: lambda o, y: (o[0] - y[0]) ** 2 * a)(number)",
    "loss (global)": "f = lambda o, y: (o[0] - y[0]) ** 2 * number",
    "optimizer (schedule)": "f = nn.Adam(lambda t: NUMBER)",
    "optimizer (default)": "f = nn.Adam(lambda t, rate=number: rate)",
    "optimizer (schedule after the warm-up)": "f = nn.Momentum(nn.LinearWarmup(2, lambda t: NUMBER))",
    "optimizer (user-defined)": "class A(nn.GradientDescent):\n def direction(self, G, memory): return (G * NUMBER,)"
    "\nf = A(0.1)",
    "regularization": "class A(nn.L2):\n def gradients(self, weights): return [W * NUMBER for W in weights]"
    "\nf = A(0.1)",
    "dropout": "class A(nn.Dropout):\n def draw(self, sizes, _): return [np.full(n, NUMBER) for n in sizes[:-1]]"
    "\nf = A(0.1)",
    "callbacks": "def f(net, history): net.weights = [np.clip(W, -NUMBER, NUMBER) for W in net.weights]",
    "callbacks (an object)": "class A:\n def __init__(self): self.a = NUMBER\n def __call__(self, net, history):"
    " net.weights = [W * self.a for W in net.weights]\nf = A()",
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_an_edited_function_makes_another_run(tmp_path, name):
    def run(number, iterations):
        argument, function = name.split()[0], function_with(FUNCTIONS[name], number)
        options = {argument: [function] if argument == "callbacks" else function}
        net = network()
        history = fit(net, X, Y, **options, stop=MaximumIterations(iterations), checkpoint=tmp_path / "c.npz")
        return outcome(net, history)

    run(0.25, 2)
    with pytest.raises(ValueError, match=rf"another run, which differs in {name.split()[0]}; delete the file, or"):
        run(0.125, 3)
    resumed = run(0.25, 3)
    (tmp_path / "c.npz").unlink()
    assert resumed == run(0.25, 3)


def test_callbacks_that_only_look_on_are_not_part_of_the_run(tmp_path):
    options = {"checkpoint": tmp_path / "c.npz", "batch_size": 2}
    seen, net, uninterrupted = [], network(), network()
    fit(network(), X, Y, stop=MaximumIterations(2), callbacks=[lambda net, _: seen.append(net.weights)], **options)
    with open(os.devnull, "w") as file:
        history = fit(net, X, Y, stop=MaximumIterations(4), callbacks=[lambda *_: print("x", file=file)], **options)
    expected = outcome(uninterrupted, fit(uninterrupted, X, Y, batch_size=2, stop=MaximumIterations(4)))
    assert outcome(net, history) == expected


def clip_to(bound):
    return lambda net, history: setattr(net, "weights", [np.clip(W, -bound, bound) for W in net.weights])


def test_an_edited_callback_that_has_not_changed_the_weights_so_far_is_refused_when_it_does(tmp_path):
    """What it would have done in the iterations before is not known."""

    def run(net, iterations, *callbacks):
        options = {"checkpoint": tmp_path / "c.npz", "stop": MaximumIterations(iterations), "callbacks": callbacks}
        return outcome(net, fit(net, X, Y, optimizer=GradientDescent(0.1), **options))

    uninterrupted = network()
    late = lambda net, history: clip_to(0.2)(net, history) if history.iterations > 4 else None
    options = {"optimizer": GradientDescent(0.1), "stop": MaximumIterations(6), "callbacks": [late]}
    expected = outcome(uninterrupted, fit(uninterrupted, X, Y, **options))
    run(network(), 2, late)
    for callbacks in ([clip_to(0.1)], [late, clip_to(0.1)], [clip_to(100), clip_to(0.1)]):
        net = network()
        with pytest.raises(ValueError, match=r"by another run, which differs in callbacks; delete the file"):
            run(net, 6, *callbacks)
    seen = []
    run(network(), 4, late, lambda net, history: seen.append(bits(net.weights)))
    assert run(network(), 6, lambda *_: None, late) == expected
    with pytest.raises(ValueError, match="which differs in callbacks"):
        run(network(), 8)


def test_a_callback_that_was_left_out_for_a_while_is_another(tmp_path):
    options = {"optimizer": GradientDescent(0.1), "checkpoint": tmp_path / "c.npz"}
    for iterations, callbacks in ((2, [clip_to(100)]), (3, []), (4, [clip_to(100)])):
        fit(network(), X, Y, **options, stop=MaximumIterations(iterations), callbacks=callbacks)
    with pytest.raises(ValueError, match="which differs in callbacks"):
        fit(network(), X, Y, **options, stop=MaximumIterations(5), callbacks=[clip_to(0.1)])


STATEFUL = {
    "loss": "n = []\ndef f(o, y):\n n.append(1)\n return (o[0] - y[0]) ** 2 * len(n)",
    "optimizer": "class A:\n def __call__(self, t):\n  self.t = t\n  return NUMBER\nf = nn.Adam(A())",
    "optimizer (another)": "class A(nn.GradientDescent):\n def direction(self, G, memory):\n  self.n = G\n  return (G,)"
    "\nf = A(NUMBER)",
    "regularization": "class A(nn.L2):\n def penalty(self, W):\n  vars(self)['n'] = W\n  return NUMBER\nf = A(NUMBER)",
    "dropout": "class A(nn.Dropout):\n def draw(self, *a):\n  vars(self)['n'] = a[0]\n  return super().draw(*a)"
    "\nf = A(NUMBER)",
    "callbacks": "n = []\ndef f(net, _):\n n.append(1)\n if not len(n) % 3: net.weights = [W / 2 for W in net.weights]",
    "callbacks (a generator)": "r = np.random.default_rng(0)\n"
    "def f(net, _): net.weights = [W + r.normal(size=W.shape) for W in net.weights]",
    "callbacks (after some time)": "class A:\n a = None\n def __call__(self, net, history):\n"
    "  self.a = self.a or net.weights\n  if history.iterations == 5: net.weights = self.a\nf = A()",
    "callbacks (a change after some time)": "n = []\ndef f(net, history):\n"
    " net.weights = [W / 2 for W in net.weights]\n if history.iterations == 5: n.append(1)",
}


@pytest.mark.parametrize("name", STATEFUL)
@pytest.mark.filterwarnings("ignore:gradients are computed by graphs of Values")
def test_a_function_whose_state_changes_is_refused_if_there_is_a_checkpoint(tmp_path, name):
    function = function_with(STATEFUL[name], 0.1)
    options = {name.split()[0]: [function] if name.startswith("callbacks") else function}
    with pytest.raises(TypeError, match=rf"^{name.split()[0]} must compute the same from the same arguments"):
        fit(network(), X, Y, **options, checkpoint=tmp_path / "c.npz")


@pytest.mark.filterwarnings("ignore:gradients are computed by graphs of Values")
def test_a_loss_whose_state_changes_is_refused_after_the_first_iteration(tmp_path):
    done, loss = [], function_with(STATEFUL["loss"], 0.1)
    with pytest.raises(TypeError, match=r"^loss must compute the same"):
        fit(network(), X, Y, loss=loss, callbacks=[lambda *_: done.append(1)], checkpoint=tmp_path / "c.npz")
    assert done == [1]


def test_a_function_without_an_identity_is_refused_before_training(tmp_path):
    with open(os.devnull, "w") as file:

        def loss(o, y):
            print("x", file=file)
            return (o[0] - y[0]) ** 2

        for options in ({"loss": loss}, {"optimizer": Adam(lambda t: 0.1 if file else 0.2)}):
            arguments = {**options, "checkpoint": tmp_path / "c.npz"}
            assert_refused(lambda: arguments, TypeError, rf"^{next(iter(options))} must be data and functions that")  # noqa: B023
        assert list(tmp_path.iterdir()) == []

        def change(net, _):
            print("x", file=file)
            net.weights = [W * 0.5 for W in net.weights]

        net = network()
        with pytest.raises(TypeError, match=r"^callbacks must be data and functions that a checkpoint can compare"):
            fit(net, X, Y, callbacks=[change], checkpoint=tmp_path / "c.npz")


def test_a_checkpoint_that_began_with_other_weights_goes_on_with_a_warning(tmp_path):
    options = {"stop": MaximumIterations(2), "checkpoint": tmp_path / "checkpoint.npz"}
    first, other = network(seed=1), network(seed=2)
    fit(first, X, Y, **options)
    with pytest.warns(RuntimeWarning, match="checkpoint.npz began with weights other than the network's") as caught:
        fit(other, X, Y, **options)
    assert bits(other.weights) == bits(first.weights)
    assert caught[0].filename == __file__


def test_a_file_that_is_not_a_checkpoint_is_refused_and_not_replaced(tmp_path):
    path = tmp_path / "c.npz"
    fit(network(), X, Y, stop=MaximumIterations(2), checkpoint=path)
    written = path.read_bytes()
    save_weights(network(), path)
    contents = [path.read_bytes(), b"", b"my notes", pickle.dumps([1, 2]), written[:-1], written + b"x"]
    for place in range(0, len(written), 1 + len(written) // 50):
        contents.append(written[:place] + bytes([written[place] ^ 64]) + written[place + 1 :])
    for content in contents:
        path.write_bytes(content)
        net = network()
        with pytest.raises(ValueError, match=r"^checkpoint .*c\.npz is .*; delete the file, or pass another"):
            fit(net, X, Y, stop=MaximumIterations(2), checkpoint=path)
        assert path.read_bytes() == content
        assert bits(net.weights) == bits(network().weights)


def test_a_checkpoint_that_cannot_be_written_ends_the_run_with_the_best_weights(tmp_path, monkeypatch):
    written, fsync = itertools.count(), os.fsync

    def full(number):
        if next(written) > 0:
            raise OSError(28, "No space left on device")
        fsync(number)

    net = network()
    path, loss = wild_run()
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        fit(net, X, Y, optimizer=GradientDescent(WILD), stop=MaximumIterations(4), checkpoint=tmp_path / "c.npz")
    close(net.weights, path[np.argmin(loss)], rel=1e-9)
    assert [one.name for one in tmp_path.iterdir()] == ["c.npz"]


def read_only(folder):
    if not hasattr(os, "geteuid") or os.geteuid() == 0:
        pytest.skip("this user may write everywhere")
    folder.chmod(0o500)
    return folder / "c.npz"


def dangling_link(folder):
    (folder / "c.npz").symlink_to("nowhere/c.npz")
    return folder / "c.npz"


UNWRITABLE = {
    "read-only": read_only,
    "a link to nowhere": dangling_link,
    "too long": lambda folder: folder / ("c" * 250),
}


@pytest.mark.parametrize("make", UNWRITABLE.values(), ids=UNWRITABLE)
def test_a_checkpoint_that_can_never_be_written_is_named_before_training_starts(tmp_path, make):
    folder = tmp_path / "folder"
    folder.mkdir()
    path = make(folder)
    assert_refused(
        lambda: {"checkpoint": path}, OSError, rf"checkpoint .*{path.name} cannot be written; pass a file in"
    )


# Seeds


def outcome_of(name):
    net = network()
    return outcome(net, fit(net, X, Y, **RUNS[name], stop=MaximumIterations(12), seed=7))


def print_outcomes():
    print(json.dumps({name: outcome_of(name) for name in RUNS}))


def test_the_same_seed_has_the_same_bits_in_fresh_processes():
    here = {name: outcome_of(name) for name in RUNS}
    processes = [python("tests.print_outcomes()", PYTHONHASHSEED=seed) for seed in ("1", "2")]
    for process in processes:
        with process:
            assert json.loads(process.communicate()[0]) == here


def test_other_seeds_have_other_weights():
    weights = []
    for seed in (0, 1, None, None):
        net = network()
        fit(net, X, Y, batch_size=3, seed=seed, stop=MaximumIterations(4), keep="last")
        weights.append(bits(net.weights))
    assert all(a != b for i, a in enumerate(weights) for b in weights[:i])


@pytest.mark.parametrize("shuffle", [True, False])
def test_the_batches_do_not_depend_on_what_else_is_random(shuffle):
    """The targets that the loss meets tell which examples were drawn."""

    def targets(**options):
        met = []

        def loss(outputs, target):
            met.append(target[0])
            return losses.squared_error(outputs, target)

        fit(
            network(), X, Y, loss=loss, batch_size=2, shuffle=shuffle, evaluate_every=99, seed=3, engine="values",
            stop=MaximumIterations(6), **options,
        )  # fmt: skip
        return met

    plain = targets()
    assert len(set(plain)) > 2
    for options in ({"jitter": 0.1}, {"dropout": Dropout(0.5)}, {"jitter": 0.1, "dropout": Dropout(0.2)}):
        assert targets(**options) == plain


def test_global_generators_are_neither_used_nor_changed():
    def state():
        return repr((random.getstate(), np.random.get_state()))  # noqa: NPY002

    before = state()
    for options in RUNS.values():
        fit(network(), X, Y, **options, stop=MaximumIterations(2))
    assert state() == before
    random.seed(0)
    np.random.seed(0)  # noqa: NPY002
    first = outcome_of("jitter and dropout")
    random.seed(1)
    np.random.seed(1)  # noqa: NPY002
    assert outcome_of("jitter and dropout") == first


def test_the_streams_are_those_that_the_seed_spawns():
    uses = ["weights", "split", "batches", "jitter", "dropout", "restarts"]
    spawned = np.random.SeedSequence(5).spawn(len(uses))
    for use, child in zip(uses, spawned, strict=True):
        assert stream(5, use).integers(2**60) == np.random.default_rng(child).integers(2**60)


# What is refused

NAN = [[math.nan, 0.0], *X[1:]]
REFUSED = {
    "rate 0": (lambda: {"optimizer": GradientDescent(0.0)}, "learning_rate"),
    "rate negative": (lambda: {"optimizer": Adam(-0.1)}, "learning_rate"),
    "rate nan": (lambda: {"optimizer": LectureMomentum(math.nan)}, "learning_rate"),
    "schedule negative": (lambda: {"optimizer": GradientDescent(lambda t: -1.0)}, "learning_rate"),
    "batch 0": (lambda: {"batch_size": 0}, "batch"),
    "batch too large": (lambda: {"batch_size": 8}, "batch_size must be at most 7, the number of examples; received 8"),
    "batch 2.5": (lambda: {"batch_size": 2.5}, "batch"),
    "batch True": (lambda: {"batch_size": True}, "batch"),
    "dropout 1": (lambda: {"dropout": Dropout(1.0)}, "rate"),
    "dropout negative": (lambda: {"dropout": Dropout(-0.1)}, "rate"),
    "dropout nan": (lambda: {"dropout": Dropout(math.nan)}, "rate"),
    "dropout of all inputs": (lambda: {"dropout": Dropout(0.5, input_rate=1.0)}, "input_rate"),
    "L2 negative": (lambda: {"regularization": L2(-1.0)}, "strength"),
    "jitter negative": (lambda: {"jitter": -0.1}, "jitter"),
    "jitter inf": (lambda: {"jitter": math.inf}, "jitter"),
    "X ragged": (lambda: {"X": [[1.0, 2.0], [3.0]], "y": Y[:2]}, "X"),
    "X nan": (lambda: {"X": NAN}, "X"),
    "X inf": (lambda: {"X": [[math.inf, 0.0], *X[1:]]}, "X"),
    "X too wide": (lambda: {"X": np.ones((7, 3))}, r"X must have shape \(N, 2\)"),
    "X in a row": (lambda: {"X": np.ones(7)}, "X"),
    "X empty": (lambda: {"X": [], "y": []}, "X"),
    "X of no examples": (lambda: {"X": np.ones((0, 2)), "y": np.ones((0, 2))}, "X"),
    "X words": (lambda: {"X": [["a", "b"]] * 7}, "X"),
    "X missing": (lambda: {"X": None}, "X"),
    "y ragged": (lambda: {"y": [[1.0, 2.0]] * 6 + [[3.0]]}, "y"),
    "y nan": (lambda: {"y": np.full((7, 2), math.nan)}, "y"),
    "y too few": (lambda: {"y": Y[:6]}, r"y must have shape \(7, 2\)"),
    "y too wide": (lambda: {"y": np.ones((7, 3))}, "y"),
    "y in a row, for two outputs": (lambda: {"y": np.ones(7)}, r"y must have shape \(7, 2\).*; received \(7,\)"),
    "classes too few": (
        lambda: {"y": [0, 1, 0, 1, 0, 1], "loss": "softmax_cross_entropy"},
        r"y must have shape \(7, 2\).*; received \(6,\)",
    ),
    "class too large": (
        lambda: {"y": [0, 1, 2, 0, 1, 0, 1], "loss": "softmax_cross_entropy"},
        r"y must be class numbers 0 to 1; received \[0\. 1\. 2\.\]",
    ),
    "class negative": (lambda: {"y": [0, 1, -1, 0, 1, 0, 1], "loss": "softmax_cross_entropy"}, "y"),
    "class 0.5": (lambda: {"y": [0, 1, 0.5, 0, 1, 0, 1], "loss": "softmax_cross_entropy"}, "y"),
    "class too large, by function": (lambda: {"y": [2] * 7, "loss": losses.softmax_cross_entropy}, "y"),
    "probabilities": (lambda: {"y": [[1.0, 0.0]] * 6 + [[0.9, 0.9]], "loss": "softmax_cross_entropy"}, "y"),
    "hinge of 0": (lambda: {"y": (Y > 0) * 1.0, "loss": "hinge"}, "y does not fit the loss: targets must be -1 or 1"),
    "logistic loss of 0": (
        lambda: {"y": (Y > 0) * 1.0, "loss": "logistic_loss", "batch_size": 1},
        "y does not fit the loss",
    ),
    "validation one": (lambda: {"validation": X_VALID}, "validation"),
    "validation of three": (lambda: {"validation": (X, Y, Y)}, "validation"),
    "validation too wide": (lambda: {"validation": (np.ones((3, 3)), Y[:3])}, "validation is wrong: X"),
    "validation empty": (lambda: {"validation": ([], [])}, "validation is wrong: X"),
    "validation nan": (lambda: {"validation": (X, Y * math.nan)}, "validation is wrong: y"),
    "validation targets": (lambda: {"y": np.sign(Y), "loss": "hinge", "validation": (X, Y)}, "validation is wrong: y"),
    "stop without validation": (lambda: {"stop": ValidationRising(3)}, "stop waits for no new lowest validation"),
    "stop without validation, or": (lambda: {"stop": MaximumIterations(3) | ValidationRising(3)}, "stop waits for"),
    "evaluate_every 0": (lambda: {"evaluate_every": 0}, "evaluate_every"),
    "checkpoint_every 0": (lambda: {"checkpoint_every": 0}, "checkpoint_every"),
    "checkpoint nowhere": (
        lambda: {"checkpoint": "no/such/folder/c.npz"},
        "checkpoint must be a file in an existing folder",
    ),
    "checkpoint a folder": (
        lambda: {"checkpoint": Path(__file__).parent},
        "checkpoint must be a file in an existing folder",
    ),
    "keep": (lambda: {"keep": "worst"}, "keep must be one of best, last"),
    "seed negative": (lambda: {"seed": -1}, "seed must be an integer of at least 0"),
    "seed 1.5": (lambda: {"seed": 1.5}, "seed"),
    "loss unknown": (lambda: {"loss": "absolute"}, "loss must be a function, or one of squared_error"),
}


def assert_refused(options, kind, match):
    net = network()
    before = bits(net.weights)
    arguments = {"net": net, "X": X, "y": Y, "callbacks": [leave("exception", 1)]}
    with pytest.raises(kind, match=match):
        fit(**(arguments | options()))
    assert bits(net.weights) == before
    assert all(parameter.grad == 0.0 for parameter in net.parameters())


WRONG_TYPES = {"batch 2.5", "batch True", "X words", "X missing", "seed 1.5"}


def test_ten_wrong_classes_are_listed():
    words = re.escape("y must be class numbers 0 to 3; received [0. 1. 2. 3. 4. 5. 6. 7. 8. 9.]")
    with pytest.raises(ValueError, match=f"^{words}$"):
        fit(MLP(2, [4]), np.ones((30, 2)), np.arange(30), loss="softmax_cross_entropy")


@pytest.mark.parametrize("shape", [(6,), (8,), (7, 2)])
def test_targets_of_one_output_that_do_not_fit(shape):
    with pytest.raises(
        ValueError, match=re.escape(f"y must have shape (7, 1), a target for each output; received {shape}")
    ):
        fit(MLP(2, [1], seed=0), X, np.ones(shape))


@pytest.mark.parametrize("case", REFUSED)
def test_bad_input_is_named_before_training_starts_and_the_network_is_untouched(case):
    options, argument = REFUSED[case]
    assert_refused(options, TypeError if case in WRONG_TYPES else ValueError, f"^{argument}")


@pytest.mark.parametrize(
    ("options", "argument"),
    [
        ({"net": [1, 2]}, "net"),
        ({"optimizer": 0.1}, "optimizer"),
        ({"optimizer": Adam}, "optimizer"),
        ({"regularization": 0.1}, "regularization"),
        ({"dropout": 0.5}, "dropout"),
        ({"stop": 300}, "stop"),
        ({"shuffle": 1}, "shuffle"),
        ({"average": "yes"}, "average"),
        ({"progress": 1}, "progress"),
        ({"checkpoint_every": None}, "checkpoint_every"),
        ({"callbacks": print}, "callbacks"),
        ({"callbacks": [1]}, "callbacks"),
        ({"checkpoint": 1}, "checkpoint"),
        ({"loss": lambda outputs, target: 1.0}, "loss must return a Value"),
        ({"loss": lambda outputs, target: (outputs - target) ** 2}, "loss must return a Value"),
    ],
)
def test_arguments_of_a_wrong_type_are_named(options, argument):
    assert_refused(lambda: options, TypeError, f"^{argument}")


def test_targets_may_stand_in_a_row_if_there_is_one_output():
    results = []
    for y in ([0.5, -0.5], [[0.5], [-0.5]], np.array([0.5, -0.5], dtype=np.float32)):
        net = MLP(2, [1], seed=0)
        fit(net, [[1, 2], [3, 4]], y, stop=MaximumIterations(2))
        results.append(bits(net.weights))
    assert results[0] == results[1] == results[2]


def test_the_data_are_not_changed():
    inputs, targets = X.copy(), Y.copy()
    fit(network(), inputs, targets, jitter=0.5, batch_size=2, stop=MaximumIterations(3))
    assert bits([inputs, targets]) == bits([X, Y])


# The progress bar


def test_a_progress_bar_counts_the_iterations(capsys):
    pytest.importorskip("tqdm")
    for stop in (MaximumIterations(20), ValidationRising(1000) | MaximumIterations(20)):
        fit(network(), X, Y, validation=(X_VALID, Y_VALID), stop=stop, progress=True)
        printed = capsys.readouterr()
        assert "100%" in printed.err
        assert "20/20" in printed.err
        assert printed.out == ""


def test_a_progress_bar_is_told_how_far_the_run_goes_and_from_where(monkeypatch, tmp_path):
    """After two seconds, and in a terminal, if nothing is said."""
    told, path = [], tmp_path / "c.npz"
    module = SimpleNamespace(tqdm=lambda **options: told.append(tuple(options.items())) or nullcontext())
    monkeypatch.setitem(sys.modules, "tqdm", module)
    monkeypatch.setitem(sys.modules, "tqdm.auto", module)
    fit(network(), X, Y, stop=MaximumIterations(3), progress=True, checkpoint=path)
    fit(network(), X, Y, stop=MaximumIterations(5) | MaximumIterations(9), checkpoint=path)
    fit(network(), X, Y, stop=SmallGradient(1e9), progress=True)
    expected = [(3, 0, 0.0, False), (5, 3, 2.0, None), (None, 0, 0.0, False)]
    names = "total", "initial", "delay", "disable"
    assert told == [(*zip(names, row, strict=True), ("unit", " iterations")) for row in expected]


def test_a_progress_bar_says_the_mean_error_of_the_last_iteration(monkeypatch):
    said = []
    bar = SimpleNamespace(update=lambda: None, set_postfix_str=lambda text, refresh: said.append((text, refresh)))
    monkeypatch.setattr("nn.training.loop.progress_bar", lambda *_: nullcontext(bar))
    history = fit(network(), X, Y, stop=MaximumIterations(5))
    assert said == [(f"mean error {error:.4g}", False) for error in history.error], "not drawn each time"


@pytest.mark.parametrize("progress", [False, None])
def test_no_progress_bar_where_none_is_wanted_or_without_a_terminal(capsys, progress):
    fit(network(), X, Y, stop=MaximumIterations(20), progress=progress)
    assert capsys.readouterr() == ("", "")


def test_a_progress_bar_without_tqdm_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "tqdm.auto", None)
    net = network()
    before = bits(net.weights)
    with pytest.raises(ImportError, match=r"^progress=True needs the package tqdm .*autograd-lite\[lab\]") as error:
        fit(net, X, Y, progress=True)
    assert "\n" not in str(error.value)
    assert bits(net.weights) == before
    assert fit(net, X, Y, stop=MaximumIterations(2)).iterations == 2
    assert fit(net, X, Y, stop=MaximumIterations(2), progress=False).iterations == 2


def test_without_a_progress_bar_tqdm_is_not_imported(monkeypatch):
    imported = []
    original = builtins.__import__
    monkeypatch.setattr(builtins, "__import__", lambda name, *rest: imported.append(name) or original(name, *rest))
    fit(network(), X, Y, stop=MaximumIterations(2), progress=False)
    assert not any(name.startswith("tqdm") for name in imported)
