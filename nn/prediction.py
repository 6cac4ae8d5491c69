"""Prediction for many examples at once: forward propagation in NumPy, without a graph."""

from collections.abc import Sequence

import numpy as np

from nn.checks import FloatArray
from nn.delta import THETA
from nn.mlp import MLP


def outputs_of(net: MLP, X: FloatArray, weights: Sequence[FloatArray] | None = None) -> FloatArray:
    """Compute the outputs o^(L) of a network for many examples at once, in matrices.

    Arguments:
        net: the network.
        X: N examples, of shape (N, d^(0)).
        weights: W^(1) .. W^(L); if None, the weights of the network.

    Returns:
        An array of shape (N, d^(L)); inf and nan cause no warning, as in a graph.

    Equations: o^(l) = theta(W^(l) (1, o^(l-1))), o^(0) = x, for each row x of X.

    >>> net = MLP(2, [3, 1], seed=0)
    >>> abs(outputs_of(net, np.array([[1.0, -1.0]])).item() - net([1.0, -1.0]).data) < 1e-15
    True
    """
    o = X
    with np.errstate(all="ignore"):
        for layer, W in zip(net.layers, net.weights if weights is None else weights, strict=True):
            s = W[:, 0] + o @ W[:, 1:].T
            thetas = [THETA[neuron.activation] for neuron in layer.neurons]
            o = np.stack([theta(column) for theta, column in zip(thetas, s.T, strict=True)], axis=-1)
    return o
