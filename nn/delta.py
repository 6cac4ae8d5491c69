"""The lecture's closed-form delta recursion, in NumPy matrices, sharing no code with Value (lecture 14).

Everything is indexed by the layer number l of the slides. o^(l) has o_0 = 1 as its first entry, for l < L, so that the
weight matrix W^(l), of shape (d^(l), d^(l-1) + 1), has the bias in column 0.

Where the code departs from the slides:
- The box "Back-propagation" increments G^(l) only for l = L-1, ..., 1; here G^(L) = delta^(L) o^(L-1)T is added too, as
  the slide "Computing Gradients" says.
- W^(l+1)T delta^(l+1) has d^(l) + 1 entries. The first belongs to the bias node o_0 = 1, which no weight leads into; on
  the slide its factor 1 - o_0^2 is 0. Here it is dropped, so that delta^(l) has d^(l) entries.
- The slides have theta = tanh and one output. Here theta may be another, and several outputs add up their errors.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from nn.checks import Array, as_array


def _logistic(s: Array) -> Array:
    """1/(1 + e^-s), which never overflows, and keeps its tails."""
    e: Array = np.exp(-np.abs(s))
    return np.where(s >= 0, 1.0, e) / (1 + e)


THETA: dict[str, tuple[Callable[[Any], Any], Callable[[Any, Any], Any]]] = {
    "tanh": (np.tanh, lambda s, o: 1 - o * o),
    "sigmoid": (_logistic, lambda s, o: _logistic(s) * _logistic(-s)),
    "relu": (lambda s: np.maximum(s, 0.0), lambda s, o: (s > 0).astype(float)),
    "leaky_relu": (lambda s: np.where(s > 0, s, 0.01 * s), lambda s, o: np.where(s > 0, 1.0, 0.01)),
    "softplus": (lambda s: np.maximum(s, 0.0) + np.log1p(np.exp(-np.abs(s))), lambda s, o: _logistic(s)),
    "sin": (np.sin, lambda s, o: np.cos(s)),
    "linear": (lambda s: s, lambda s, o: np.ones_like(s)),
}
"""The activation functions theta(s), and their derivatives theta'(s) in terms of s and o = theta(s)."""


@dataclass(frozen=True)
class Example:
    """What back-propagation computes for one example, each quantity by its layer number l.

    Attributes:
        s: s^(1) .. s^(L), of shape (d^(l),).
        o: o^(0) .. o^(L), of shape (d^(l) + 1,) with o_0 = 1 first, but o^(L) of shape (d^(L),).
        delta: delta^(1) .. delta^(L), of shape (d^(l),).
        G: G^(1) .. G^(L), of the shape of W^(l), (d^(l), d^(l-1) + 1).
        error: e(o^(L), y).
    """

    s: dict[int, Array]
    o: dict[int, Array]
    delta: dict[int, Array]
    G: dict[int, Array]
    error: float


@dataclass(frozen=True)
class DataSet:
    """What back-propagation computes for a data set D: sums over its examples, and the examples.

    Attributes:
        examples: what it computed for each example.
        G: G^(1) .. G^(L), the gradients of l_D with respect to W^(1) .. W^(L).
        error: l_D, the sum of the examples' errors.
    """

    examples: list[Example]
    G: dict[int, Array]
    error: float


def forward_propagation(
    weights: Sequence[Array], x: Any, activations: Sequence[str] | None = None
) -> tuple[dict[int, Array], dict[int, Array]]:
    """The signals s^(l) and outputs o^(l) of all layers for one example.

    Arguments:
        weights: W^(1) .. W^(L), of shapes (d^(l), d^(l-1) + 1).
        x: d^(0) numbers.
        activations: the name of theta for each layer, keys of THETA; tanh everywhere if None.

    Raises:
        ValueError: naming the argument whose shape is wrong, or the unknown activation.

    Equations: s^(l) = W^(l) o^(l-1), o^(l) = theta(s^(l)), o^(0) = (1, x).

    >>> s, o = forward_propagation([np.array([[6.8813735870195432, -3.0, 1.0]])], [2.0, 0.0])
    >>> float(round(o[1][0], 6))
    0.707107
    """
    weights = _matrices(weights)
    thetas = _thetas(weights, activations)
    inputs = np.atleast_1d(as_array("x", x))
    if inputs.ndim != 1:
        raise ValueError(f"x must be one example, d^(0) numbers; received shape {inputs.shape}")
    s: dict[int, Array] = {}
    o: dict[int, Array] = {0: np.concatenate([[1.0], inputs])}
    last = len(weights)
    for l, (W, (theta, _)) in enumerate(zip(weights, thetas, strict=True), start=1):
        if np.shape(W)[1:] != o[l - 1].shape:
            what = "x" if l == 1 else f"weights[{l - 2}], W^({l - 1}),"
            raise ValueError(
                f"{what} does not fit W^({l}) of shape {np.shape(W)}: it gives {len(o[l - 1]) - 1} outputs"
            )
        s[l] = W @ o[l - 1]
        output = theta(s[l])
        o[l] = output if l == last else np.concatenate([[1.0], output])
    return s, o


def back_propagation(weights: Sequence[Array], x: Any, y: Any, activations: Sequence[str] | None = None) -> Example:
    """The delta recursion for one example with the squared error e = sum_b (o_b^(L) - y_b)^2.

    Arguments:
        weights, x, activations: as for `forward_propagation`.
        y: the d^(L) targets; a number if d^(L) = 1.

    Raises:
        ValueError: naming the argument whose shape is wrong.

    Equations (theta = tanh on the slides, so that theta' = 1 - o * o):
        delta^(L) = 2 (o^(L) - y) * theta'(s^(L))
        delta^(l) = W^(l+1)T delta^(l+1) * theta'(s^(l)), the bias entry dropped
        G^(l) = delta^(l) o^(l-1)T

    >>> example = back_propagation([np.array([[0.0, 1.0]])], [0.5], 1.0)
    >>> o = np.tanh(0.5)
    >>> bool(np.allclose(example.G[1], 2 * (o - 1) * (1 - o * o) * np.array([[1.0, 0.5]])))
    True
    """
    weights = _matrices(weights)
    s, o = forward_propagation(weights, x, activations)
    thetas = _thetas(weights, activations)
    L = len(weights)
    y = np.atleast_1d(as_array("y", y))
    if y.shape != o[L].shape:
        raise ValueError(f"y must have shape {o[L].shape}, one entry for each output; received {y.shape}")
    delta = {L: 2 * (o[L] - y) * thetas[L - 1][1](s[L], o[L])}
    for l in range(L - 1, 0, -1):
        without_bias = (weights[l].T @ delta[l + 1])[1:]  # weights[l] is W^(l+1)
        delta[l] = without_bias * thetas[l - 1][1](s[l], o[l][1:])
    G = {l: np.outer(delta[l], o[l - 1]) for l in range(1, L + 1)}
    return Example(s, o, delta, G, float(np.sum((o[L] - y) ** 2)))


def back_propagation_over_data(
    weights: Sequence[Array], X: Any, Y: Any, activations: Sequence[str] | None = None
) -> DataSet:
    """The box "Back-propagation" of the lecture: the gradients of l_D, summed over the data without a factor 1/N.

    Arguments:
        weights, activations: as for `forward_propagation`.
        X: N examples of d^(0) numbers.
        Y: N targets, each as for `back_propagation`.

    Raises:
        ValueError: if X and Y are not equally many, or empty.

    >>> data = back_propagation_over_data([np.array([[0.0, 1.0]])], [[0.5], [-0.5]], [1.0, -1.0])
    >>> [float(round(entry, 6)) for entry in data.G[1][0]]
    [0.0, -0.846033]
    """
    if not hasattr(X, "__len__") or not hasattr(Y, "__len__"):
        raise ValueError(f"X and Y must be lists of examples and targets; received {X!r} and {Y!r}")
    if len(X) != len(Y) or len(X) == 0:
        raise ValueError(f"X and Y must have the same number of examples, at least 1; received {len(X)} and {len(Y)}")
    weights = _matrices(weights)
    error = 0.0
    G = {l: np.zeros_like(W) for l, W in enumerate(weights, start=1)}
    examples = []
    for x, y in zip(X, Y, strict=True):
        example = back_propagation(weights, x, y, activations)
        error += example.error
        for l, gradient in example.G.items():
            G[l] += gradient
        examples.append(example)
    return DataSet(examples, G, error)


def _matrices(weights: Sequence[Any]) -> list[Array]:
    if not isinstance(weights, Sequence):
        raise ValueError(
            f"weights must be a list of matrices W^(1) .. W^(L), not {type(weights).__name__}: {weights!r}"
        )
    matrices = [as_array(f"weights[{l - 1}], W^({l}),", W) for l, W in enumerate(weights, start=1)]
    if not matrices or any(W.ndim != 2 for W in matrices):
        shapes = [W.shape for W in matrices]
        raise ValueError(
            f"weights must be at least one matrix, of shapes (d^(l), d^(l-1) + 1); received shapes {shapes}"
        )
    return matrices


def _thetas(
    weights: Sequence[Array], activations: Sequence[str] | None
) -> list[tuple[Callable[[Any], Any], Callable[[Any, Any], Any]]]:
    names = ["tanh"] * len(weights) if activations is None else list(activations)
    unknown = [name for name in names if name not in THETA]
    if len(names) != len(weights) or unknown:
        raise ValueError(
            f"activations must be {len(weights)} names, one for each layer, out of {', '.join(THETA)}; received {names}"
        )
    return [THETA[name] for name in names]
