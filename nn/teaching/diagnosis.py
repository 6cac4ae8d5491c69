"""Why a network does not learn: what its numbers say about each layer, and what to try."""

import argparse
import math
import warnings
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

from autograd_lite import Value
from nn.checks import FloatArray
from nn.delta import SLOPE, THETA
from nn.mlp import MLP
from nn.stepping import add_network, network
from nn.training.loop import check_examples
from nn.training.losses import LOSSES, Loss, bounds_allowed, check_loss, range_of

STEEPEST = {"tanh": 1.0, "sigmoid": 0.25}
"""The greatest slope of the activation functions that saturate."""

FLAT = 0.02
"""A unit is saturated where its slope is below this share of the greatest one; for tanh, where |s| > 2.64."""

NEARLY_ALL = 0.95
"""The share of the examples for which a unit must be saturated to be counted."""

FACTOR = 1000.0
"""By how much the deltas of a layer must be smaller or larger than the output layer's to be reported."""

SCALE = 10.0
"""An input is unscaled if its root mean square is above this number, or below its reciprocal."""


class Illness(Enum):
    """What may be wrong with a network. The text of each says what to try."""

    DEAD = "other initial weights (biases a little above 0), a smaller learning rate, or leaky_relu"
    SATURATED = "smaller initial weights, scaled inputs, a smaller learning rate, or relu"
    VANISHING = "fewer layers, relu in place of tanh or sigmoid, or larger initial weights"
    EXPLODING = "smaller initial weights, or a smaller learning rate"
    OUT_OF_REACH = "output_activation='linear', or targets in the range of the output"
    UNSCALED = "nn.standardize(X), which subtracts the mean of each input and divides by its standard deviation"
    SYMMETRIC = "random initial weights, so that units differ: MLP(..., seed=0)"


@dataclass(frozen=True)
class Finding:
    """One thing that keeps a network, or some of its units, from learning.

    Attributes:
        illness: which kind it is.
        words: a sentence with the numbers that show it.
        layer: the number l of the layer; 0 for the inputs.
        units: the numbers b of the units, inputs or outputs concerned, from 1; none if it concerns the whole layer.
    """

    illness: Illness
    words: str
    layer: int
    units: tuple[int, ...] = ()

    def __str__(self) -> str:
        return f"{self.words}\n  Try {self.illness.value}."


@dataclass(frozen=True, repr=False)
class Diagnosis:
    """What `diagnose` found; printing it shows everything.

    Attributes:
        findings: what is wrong, from the inputs to the output; empty if nothing was found.
        slopes: by layer l, the mean of theta'(s_b^(l)) over examples and units.
        deltas: by layer l, the root mean square of delta_b^(l) over examples and units.
        error: the mean error of an example.
    """

    findings: tuple[Finding, ...]
    slopes: Mapping[int, float] = field(compare=False)
    deltas: Mapping[int, float] = field(compare=False)
    error: float

    def __repr__(self) -> str:
        lines = [f"mean error {self.error:.4g}", "", "layer  mean slope  root mean square of delta"]
        lines += [f"{l:>5}  {self.slopes[l]:>10.3g}  {self.deltas[l]:>25.3g}" for l in self.slopes]
        found = [*map(str, self.findings)] or ["Nothing was found that keeps the network from learning."]
        return "\n".join([*lines, "", *found])


def diagnose(net: MLP, X: Any, y: Any, *, loss: str | Loss = "squared_error") -> Diagnosis:
    """Look for what keeps a network from learning, in one forward and one backward pass over the examples.

    It looks for dead ReLUs (s <= 0 for all examples); saturated units (the slope of tanh or sigmoid is nearly 0: for
    nearly all examples, in at least half of a hidden layer; or, for more than a few examples, at an output that should
    be at the other end); gradients that vanish or explode from layer to layer; targets that the output cannot reach;
    unscaled inputs; and units that will always stay equal. The thresholds are constants of this module.

    Arguments:
        net: the network. It is not changed.
        X: N examples, of shape (N, d^(0)).
        y: N targets, as for `fit`.
        loss: the loss, as for `fit`.

    Raises:
        TypeError, ValueError: naming the argument that is wrong.

    Equations: delta^(L) = de/do^(L) theta'(s^(L)), delta^(l) = W^(l+1)T delta^(l+1) * theta'(s^(l)) (lecture 14, slide
    "Computing Partial Derivatives"). Sources: Glorot and Bengio, "Understanding the difficulty of training deep
    feedforward neural networks" (2010); LeCun and others, "Efficient BackProp" (1998).

    >>> net = MLP(1, [2, 1], "relu", "linear", weights=[[[-5, 1], [0, 1]], [[0, 1, 1]]])
    >>> diagnose(net, [[0.0], [1.0], [2.0]], [0.0, 1.0, 2.0])
    mean error 0
    <BLANKLINE>
    layer  mean slope  root mean square of delta
        1       0.333                          0
        2           1                          0
    <BLANKLINE>
    Dead ReLUs in layer 1: unit 1 (1 of 2). With s at most 0 for all examples (N = 3), their weights get no gradient.
      Try other initial weights (biases a little above 0), a smaller learning rate, or leaky_relu.
    """
    if not isinstance(net, MLP):
        raise TypeError(f"net must be an MLP, not {type(net).__name__}: {net!r}")
    loss = check_loss(loss)
    X, y = check_examples(net, X, y, loss)
    W, theta = dict(enumerate(net.weights, start=1)), dict(enumerate(net.activations, start=1))
    s, slope, outputs, deltas, error = _passes(W, theta, X, y, loss)
    flat = [*_dead(theta, s), *_saturated(theta, slope, outputs, y)]
    # a layer that is mostly flat has small deltas below it
    above = max([one.layer for one in flat if 2 * len(one.units) >= net.sizes[one.layer]], default=0)
    findings = (
        *_unscaled(X), *_symmetric(W), *flat, *_vanishing_or_exploding(deltas, above), *_out_of_reach(theta, y, loss),
    )  # fmt: skip
    return Diagnosis(findings, {l: float(np.mean(slope[l])) for l in W}, deltas, error)


_ByLayer: TypeAlias = dict[int, FloatArray]
"""An array for each layer l."""


@np.errstate(over="ignore", invalid="ignore")  # weights that explode are a finding, not an error
def _passes(
    W: _ByLayer, theta: Mapping[int, str], X: FloatArray, y: FloatArray, loss: Loss
) -> tuple[_ByLayer, _ByLayer, FloatArray, dict[int, float], float]:
    """Compute both passes over all examples: the delta recursion, from the derivative of the loss at each output.

    Returns s and the slopes, of shape (N, d^(l)), by layer; the outputs o^(L); the root mean square of the deltas by
    layer; and the mean error.
    """
    s, slope, o = {}, {}, X
    for l in W:
        s[l] = o @ W[l][:, 1:].T + W[l][:, 0]
        o = THETA[theta[l]](s[l])
        slope[l] = SLOPE[theta[l]](s[l], o)
    outputs = [[Value(number) for number in row] for row in o]
    errors = [loss(row, target) for row, target in zip(outputs, y, strict=True)]
    with warnings.catch_warnings(action="ignore", category=RuntimeWarning):
        for error in errors:
            error.backward()
    delta = {len(W): np.array([[output.grad for output in row] for row in outputs]) * slope[len(W)]}
    for l in range(len(W) - 1, 0, -1):
        delta[l] = delta[l + 1] @ W[l + 1][:, 1:] * slope[l]
    deltas = {l: float(np.sqrt(np.mean(delta[l] ** 2))) for l in W}
    return s, slope, o, deltas, sum(error.data for error in errors) / len(X)


def _unscaled(X: FloatArray) -> Iterator[Finding]:
    sizes = np.sqrt(np.mean(X**2, axis=0))
    far = (sizes > SCALE) | ((sizes < 1 / SCALE) & (sizes > 0))
    if far.any():
        why = f"Their root mean squares are far from 1: {_list(f'{size:.3g}' for size in sizes[far])}."
        yield _finding(Illness.UNSCALED, "Unscaled inputs", 0, far, why)


def _symmetric(W: _ByLayer) -> Iterator[Finding]:
    for l in range(1, len(W)):
        both = np.hstack([W[l], W[l + 1][:, 1:].T])  # the weights into each unit, and out of it
        _, which, counts = np.unique(both, axis=0, return_inverse=True, return_counts=True)
        equal = counts[which.ravel()] > 1
        if equal.any():
            why = (
                "Units with equal weights get equal gradients, so they stay equal: "
                f"{len(equal)} units compute no more than {len(counts)} would."
            )
            yield _finding(Illness.SYMMETRIC, f"Symmetric weights in layer {l}", l, equal, why)


def _dead(theta: Mapping[int, str], s: _ByLayer) -> Iterator[Finding]:
    for l in s:
        dead = (s[l] <= 0).all(axis=0)
        if theta[l] == "relu" and dead.any():
            why = f"With s at most 0 for all examples (N = {len(s[l])}), their weights get no gradient."
            yield _finding(Illness.DEAD, f"Dead ReLUs in layer {l}", l, dead, why)


def _saturated(theta: Mapping[int, str], slope: _ByLayer, outputs: FloatArray, y: FloatArray) -> Iterator[Finding]:
    for l, name in theta.items():
        if name not in STEEPEST:
            continue
        limit = FLAT * STEEPEST[name]
        flat: Any = slope[l] < limit
        if l < len(theta):
            stuck = flat.mean(axis=0) >= NEARLY_ALL
            many, what = stuck.mean() >= 0.5, "Saturated units"
        else:  # an output that is saturated at its target has learned it
            low, high = range_of(name)
            flat &= abs(outputs - y) > (high - low) / 2
            stuck = flat.mean(axis=0) > 1 - NEARLY_ALL
            many, what = stuck.any(), "Outputs that are saturated at the wrong end"
        if many:
            why = f"For {flat[:, stuck].mean():.0%} of the examples the slope of {name} is below {limit:.3g}."
            yield _finding(Illness.SATURATED, f"{what} in layer {l}", l, stuck, why)


def _vanishing_or_exploding(deltas: Mapping[int, float], above: int) -> Iterator[Finding]:
    """Report the layers with the smallest and the largest deltas, if these are far from the output layer's.

    The smallest are sought above the last flat layer, and deltas of 0 have other causes; the largest are the first that
    are infinite or nan, if there are any.
    """
    L = len(deltas)
    lowest = min([l for l in deltas if l > above and deltas[l]], key=deltas.__getitem__, default=L)
    highest = max(deltas, key=lambda l: (not math.isfinite(deltas[l]), deltas[l]))

    def proportion(l: int) -> str:
        return (
            f"the deltas of layer {l} are {deltas[l] / deltas[L]:.2g} times as large as the output layer's "
            f"(root mean squares {deltas[l]:.2g} and {deltas[L]:.2g})"
        )

    if deltas[lowest] * FACTOR < deltas[L]:
        yield Finding(Illness.VANISHING, f"Gradients that vanish: {proportion(lowest)}.", lowest)
    if not math.isfinite(deltas[highest]):
        words = f"Gradients that explode: the deltas of layer {highest} are too large to compute."
        yield Finding(Illness.EXPLODING, words, highest)
    elif deltas[highest] > FACTOR * deltas[L] > 0:
        yield Finding(Illness.EXPLODING, f"Gradients that explode: {proportion(highest)}.", highest)


def _out_of_reach(theta: Mapping[int, str], y: FloatArray, loss: Loss) -> Iterator[Finding]:
    L = len(theta)
    low, high = range_of(theta[L])
    allowed = bounds_allowed(loss, y[0])
    if allowed < 2:
        name = loss.__name__ if loss in LOSSES.values() else "the loss"
        outside: Any = np.full(len(y), np.isfinite([low, high]).sum() > allowed)
        words = f"{name} expects unbounded outputs, but {theta[L]} keeps them between {low:.3g} and {high:.3g}"
    else:
        outside = ((y < low - 1e-3) | (y > high + 1e-3)).any(axis=1)  # 1e-3: bounds may only be approached
        nearest = np.mean(np.sum((y - np.clip(y, low, high)) ** 2, axis=1))
        words = f"{theta[L]} is between {low:.3g} and {high:.3g}, so the mean squared error is at least {nearest:.3g}"
    if outside.any() and (allowed < 2 or loss in LOSSES.values()):
        words = f"A lowest loss that the output cannot reach, for {outside.mean():.0%} of the targets: {words}."
        yield Finding(Illness.OUT_OF_REACH, words, L)


def _finding(illness: Illness, what: str, layer: int, mask: Any, why: str) -> Finding:
    """Return a finding about the units that a mask holds: "Dead ReLUs in layer 1: units 1, 3 (2 of 4). ..."."""
    numbers = tuple((np.flatnonzero(mask) + 1).tolist())
    noun = ("unit" if layer else "input") + "s" * (len(numbers) > 1)
    return Finding(illness, f"{what}: {noun} {_list(numbers)} ({len(numbers)} of {len(mask)}). {why}", layer, numbers)


def _list(parts: Iterable[object]) -> str:
    texts = [*map(str, parts)]
    return ", ".join([*texts[:8], "..."] if len(texts) > 8 else texts)


def add_command(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `diagnose-network` to the commands of autograd-lite."""
    purpose = "Look for what keeps a network from learning."
    epilog = "For example: autograd-lite diagnose-network 2-8-1 --weights net.npz --data data.csv"
    parser = commands.add_parser("diagnose-network", help=purpose, description=purpose, epilog=epilog)
    add_network(parser)
    what = "a comma-separated file with an example in each row: its inputs, then its targets"
    parser.add_argument("--data", required=True, type=Path, metavar="FILE", help=what)
    parser.add_argument("--loss", choices=LOSSES, default="squared_error", help="the loss (default squared_error)")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> None:
    """Print the diagnosis.

    Raises:
        ValueError, TypeError: naming the option that is wrong.
        OSError: if a file cannot be read.
    """
    net = network(options)
    try:
        data = np.loadtxt(options.data, delimiter=",", ndmin=2)
    except ValueError as error:
        raise ValueError(f"--data cannot be read as numbers separated by commas: {error}") from None
    print(diagnose(net, data[:, : net.sizes[0]], data[:, net.sizes[0] :], loss=options.loss))
