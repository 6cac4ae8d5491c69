"""nn: neural networks of Values, in the notation of the lecture (CMU 10-301/601, lecture 14).

>>> from nn import MLP, squared_error
>>> net = MLP(2, [2, 1], seed=0)
>>> e = squared_error(net([1.0, -1.0]), 0.5)
>>> e.backward()
>>> [matrix.shape for matrix in net.gradients]
[(2, 3), (1, 3)]
"""

from nn.comparison import GradientComparison, compare_gradients
from nn.losses import squared_error
from nn.mlp import ACTIVATIONS, MLP, Layer, Neuron
from nn.module import Module

__all__ = [
    "ACTIVATIONS",
    "MLP",
    "GradientComparison",
    "Layer",
    "Module",
    "Neuron",
    "compare_gradients",
    "squared_error",
]
