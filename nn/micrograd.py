"""Neuron, Layer and MLP with the defaults of micrograd, for code written for it.

ReLU in the hidden layers, a linear output layer, weights uniform in [-1, 1] and biases 0; the weights come from the
global generator of Python's `random`, as micrograd's do, so that `random.seed(1337)` leads to the same network. The
networks in `nn` use the defaults of the lecture instead.
"""

import random
from collections.abc import Sequence
from itertools import pairwise

from autograd_lite import Value
from nn import mlp
from nn.checks import as_integer, as_sizes
from nn.mlp import Module

__all__ = ["MLP", "Layer", "Module", "Neuron"]


class Neuron(mlp.Neuron):
    """micrograd's Neuron(nin, nonlin=True).

    >>> Neuron(2), Neuron(2, nonlin=False)
    (ReLUNeuron(2), LinearNeuron(2))
    """

    def __init__(self, nin: int, nonlin: bool = True) -> None:
        super().__init__(nin, nonlin, activation="relu", weights=_row(nin))

    def parameters(self) -> list[Value]:
        """Return the weights and then, as in micrograd, the bias."""
        return [*self.w, self.b]


class Layer(mlp.Layer):
    """micrograd's Layer(nin, nout, nonlin=True).

    >>> Layer(2, 1)
    Layer of [ReLUNeuron(2)]
    """

    def __init__(self, nin: int, nout: int, nonlin: bool = True) -> None:
        super().__init__(nin, nout, nonlin, activation="relu", weights=_matrix(nin, nout))


class MLP(mlp.MLP):
    """micrograd's MLP(nin, nouts).

    >>> MLP(2, [1, 1])
    MLP of [Layer of [ReLUNeuron(2)], Layer of [LinearNeuron(1)]]
    """

    def __init__(self, nin: int, nouts: Sequence[int]) -> None:
        matrices = [_matrix(columns, rows) for columns, rows in pairwise(as_sizes(nin, nouts))]
        super().__init__(nin, nouts, "relu", "linear", weights=matrices)


def _row(nin: int) -> list[float]:
    return [0.0, *(random.uniform(-1, 1) for _ in range(as_integer("nin", nin, least=1)))]


def _matrix(nin: int, nout: int) -> list[list[float]]:
    return [_row(nin) for _ in range(as_integer("nout", nout, least=1))]
