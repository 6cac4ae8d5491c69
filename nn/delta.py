"""The lecture's closed-form delta recursion, in NumPy matrices, which share no code with Value (lecture 14).

Everything is indexed by the layer number l of the slides. o^(l) has o_0 = 1 as its first entry, for l < L, so that the
weight matrix W^(l), of shape (d^(l), d^(l-1) + 1), has the bias in column 0.

Where the code departs from the slides:
- The box "Back-propagation" increments G^(l) only for l = L-1, ..., 1. Here G^(L) = delta^(L) o^(L-1)T is added too,
  as on the slide "Computing Gradients".
- W^(l+1)T delta^(l+1) has d^(l) + 1 entries. The first belongs to the bias node o_0 = 1, which no weight leads into; on
  the slide its factor 1 - o_0^2 is 0. Here it is dropped, so that delta^(l) has d^(l) entries.
- The slides have theta = tanh and one output. Here other thetas are allowed, and the errors of several outputs
  are added up.
"""

# The names from `collections.abc` and `typing`, and FloatArray, are for annotations, as in `L: int`, which Python
# ignores.
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from nn.checks import FloatArray, as_array, as_matrices


def _logistic(s: FloatArray) -> FloatArray:
    """Return 1/(1 + e^-s), without overflow and with exact tails."""
    e: FloatArray = np.exp(-np.abs(s))  # e^-|s| is at most 1, so it cannot overflow
    # Where s >= 0, e is e^-s; elsewhere it is e^s, and e^s / (1 + e^s) is the same function.
    return np.where(s >= 0, 1.0, e) / (1 + e)


THETA: dict[str, Callable[[FloatArray], FloatArray]] = {
    "tanh": np.tanh,
    "sigmoid": _logistic,
    "relu": lambda s: np.maximum(s, 0.0),
    "leaky_relu": lambda s: np.where(s > 0, s, 0.01 * s),
    # log(1 + e^s) = s + log(1 + e^-s): of the two, the one that cannot overflow; log1p(x) is log(1 + x).
    "softplus": lambda s: np.maximum(s, 0.0) + np.log1p(np.exp(-np.abs(s))),
    "sin": np.sin,
    "linear": lambda s: s,
}
"""The activation functions theta(s), by name."""

SLOPE: dict[str, Callable[[FloatArray, FloatArray], FloatArray]] = {
    "tanh": lambda s, o: 1 - o * o,
    "sigmoid": lambda s, o: _logistic(s) * _logistic(-s),
    "relu": lambda s, o: (s > 0).astype(float),
    "leaky_relu": lambda s, o: np.where(s > 0, 1.0, 0.01),
    "softplus": lambda s, o: _logistic(s),
    "sin": lambda s, o: np.cos(s),
    "linear": lambda s, o: np.ones_like(s),
}
"""Their derivatives theta'(s), in terms of s and o = theta(s)."""


@dataclass(frozen=True)  # writes __init__ with the attributes below; once set, they cannot be assigned again
class Example:
    """The results of back-propagation for one example; each quantity is a dictionary by layer number l.

    Attributes:
        s: s^(1) .. s^(L), of shape (d^(l),).
        o: o^(0) .. o^(L), of shape (d^(l) + 1,) with o_0 = 1 first, but o^(L) of shape (d^(L),).
        delta: delta^(1) .. delta^(L), of shape (d^(l),).
        G: G^(1) .. G^(L), of the shape of W^(l), (d^(l), d^(l-1) + 1).
        error: e(o^(L), y).
    """

    s: dict[int, FloatArray]
    o: dict[int, FloatArray]
    delta: dict[int, FloatArray]
    G: dict[int, FloatArray]
    error: float


@dataclass(frozen=True)
class DataSet:
    """The results of back-propagation for a data set D: sums over the examples, and each example.

    Attributes:
        examples: the results for each example.
        G: G^(1) .. G^(L), the gradients of l_D with respect to W^(1) .. W^(L).
        error: l_D, the sum of the examples' errors.
    """

    examples: list[Example]
    G: dict[int, FloatArray]
    error: float


def forward_propagation(
    weights: Sequence[FloatArray], x: Any, activations: Sequence[str] | None = None
) -> tuple[dict[int, FloatArray], dict[int, FloatArray]]:
    """Compute the signals s^(l) and outputs o^(l) of all layers for one example.

    Arguments:
        weights: W^(1) .. W^(L), of shapes (d^(l), d^(l-1) + 1).
        x: d^(0) numbers.
        activations: the name of theta for each layer, keys of THETA; tanh everywhere if None.

    Raises:
        TypeError, ValueError: naming the argument whose type or shape is wrong, or the unknown activation.

    Equations: s^(l) = W^(l) o^(l-1), o^(l) = theta(s^(l)), o^(0) = (1, x).

    >>> s, o = forward_propagation([np.array([[6.8813735870195432, -3.0, 1.0]])], [2.0, 0.0])
    >>> float(round(o[1][0], 6))
    0.707107
    """
    W = as_matrices("weights", weights)  # a dictionary: W[1] .. W[L]
    L = len(W)
    theta = {l: THETA[name] for l, name in _names(activations, L).items()}
    x = np.atleast_1d(as_array("x", x))  # a number becomes an array of one
    if x.shape != (W[1].shape[1] - 1,):
        raise ValueError(f"x must be {W[1].shape[1] - 1} numbers, to fit W^(1); received shape {x.shape}")
    s: dict[int, FloatArray] = {}
    o = {0: np.concatenate([[1.0], x])}
    for l in range(1, L + 1):
        s[l] = W[l] @ o[l - 1]
        o[l] = theta[l](s[l])
        if l < L:
            o[l] = np.concatenate([[1.0], o[l]])
    return s, o


def back_propagation(
    weights: Sequence[FloatArray], x: Any, y: Any, activations: Sequence[str] | None = None
) -> Example:
    """Run the delta recursion for one example with the squared error e = sum_b (o_b^(L) - y_b)^2.

    Arguments:
        weights, x, activations: as for `forward_propagation`.
        y: the d^(L) targets; a number if d^(L) = 1.

    Raises:
        TypeError, ValueError: naming the argument whose type or shape is wrong.

    Equations (theta = tanh on the slides, so that theta' = 1 - o * o):
        delta^(L) = 2 (o^(L) - y) * theta'(s^(L))
        delta^(l) = W^(l+1)T delta^(l+1) * theta'(s^(l)), the bias entry dropped
        G^(l) = delta^(l) o^(l-1)T

    >>> example = back_propagation([np.array([[0.0, 1.0]])], [0.5], 1.0)
    >>> o = np.tanh(0.5)
    >>> bool(np.allclose(example.G[1], 2 * (o - 1) * (1 - o * o) * np.array([[1.0, 0.5]])))
    True
    """
    W = as_matrices("weights", weights)
    L = len(W)
    slope = {l: SLOPE[name] for l, name in _names(activations, L).items()}
    s, o = forward_propagation(weights, x, activations)
    y = np.atleast_1d(as_array("y", y))  # a number becomes an array of one
    if y.shape != o[L].shape:
        raise ValueError(f"y must have shape {o[L].shape}, one entry for each output; received {y.shape}")
    delta = {L: 2 * (o[L] - y) * slope[L](s[L], o[L])}
    for l in range(L - 1, 0, -1):
        delta[l] = (W[l + 1].T @ delta[l + 1])[1:] * slope[l](s[l], o[l][1:])
    G = {l: np.outer(delta[l], o[l - 1]) for l in range(1, L + 1)}
    return Example(s, o, delta, G, error=float(np.sum((o[L] - y) ** 2)))


def back_propagation_over_data(
    weights: Sequence[FloatArray], X: Any, Y: Any, activations: Sequence[str] | None = None
) -> DataSet:
    """Compute the gradients of l_D (the box "Back-propagation"): a sum over the data, without a factor 1/N.

    Arguments:
        weights, activations: as for `forward_propagation`.
        X: N examples of d^(0) numbers.
        Y: N targets, each as for `back_propagation`.

    Raises:
        TypeError, ValueError: naming the argument that is wrong; also if X and Y differ in length, or are empty.

    >>> data = back_propagation_over_data([np.array([[0.0, 1.0]])], [[0.5], [-0.5]], [1.0, -1.0])
    >>> [float(round(entry, 6)) for entry in data.G[1][0]]
    [0.0, -0.846033]
    """
    # With two arguments, atleast_1d returns two arrays; as above, a number becomes an array of one.
    X, Y = np.atleast_1d(as_array("X", X), as_array("Y", Y))
    if len(X) != len(Y) or len(X) == 0:
        raise ValueError(f"X and Y must have the same number of examples, at least 1; received {len(X)} and {len(Y)}")
    examples = [back_propagation(weights, x, y, activations) for x, y in zip(X, Y, strict=True)]
    # The sums begin with 0.0, or with a matrix of zeros.
    error = sum((example.error for example in examples), start=0.0)
    G = {l: sum((example.G[l] for example in examples), start=np.zeros_like(G_l)) for l, G_l in examples[0].G.items()}
    return DataSet(examples, G, error)


def _names(activations: Sequence[str] | None, L: int) -> dict[int, str]:
    """Return the name of theta for each layer l."""
    names = ["tanh"] * L if activations is None else list(activations)
    if len(names) != L or not all(name in THETA for name in names):
        raise ValueError(
            f"activations must be {L} names, one for each layer, out of {', '.join(THETA)}; received {names}"
        )
    return dict(enumerate(names, start=1))
