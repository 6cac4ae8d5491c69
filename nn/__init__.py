"""nn: neural networks of Values, in the notation of the lecture (CMU 10-301/601, lecture 14).

>>> from nn import MLP, squared_error
>>> net = MLP(2, [2, 1], seed=0)
>>> e = squared_error(net([1.0, -1.0]), 0.5)
>>> e.backward()
>>> [matrix.shape for matrix in net.gradients]
[(2, 3), (1, 3)]
"""

from nn.comparison import GradientComparison, compare_gradients
from nn.losses import LOSSES, hinge, logistic, softmax_cross_entropy, squared_error
from nn.mlp import ACTIVATIONS, MLP, Layer, Neuron
from nn.module import Module
from nn.optimizers import (
    Adagrad,
    Adam,
    GradientDescent,
    HeavyBall,
    Momentum,
    MomentumAdagrad,
    Nesterov,
    Optimizer,
    RMSProp,
)
from nn.schedules import CosineDecay, ExponentialDecay, InverseTimeDecay, LinearWarmup, StepDecay
from nn.termination import (
    Criterion,
    MaximumIterations,
    SmallGradient,
    SmallImprovement,
    TimeLimit,
    ValidationRising,
)

__all__ = [
    "ACTIVATIONS",
    "LOSSES",
    "MLP",
    "Adagrad",
    "Adam",
    "CosineDecay",
    "Criterion",
    "ExponentialDecay",
    "GradientComparison",
    "GradientDescent",
    "HeavyBall",
    "InverseTimeDecay",
    "Layer",
    "LinearWarmup",
    "MaximumIterations",
    "Module",
    "Momentum",
    "MomentumAdagrad",
    "Nesterov",
    "Neuron",
    "Optimizer",
    "RMSProp",
    "SmallGradient",
    "SmallImprovement",
    "StepDecay",
    "TimeLimit",
    "ValidationRising",
    "compare_gradients",
    "hinge",
    "logistic",
    "softmax_cross_entropy",
    "squared_error",
]
