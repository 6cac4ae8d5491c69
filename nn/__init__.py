"""Neural networks of Values, in the notation of the lecture (CMU 10-301/601, lecture 14).

>>> from nn import MLP, squared_error
>>> net = MLP(2, [2, 1], seed=0)
>>> e = squared_error(net([1.0, -1.0]), 0.5)
>>> e.backward()
>>> [matrix.shape for matrix in net.gradients]
[(2, 3), (1, 3)]
"""

from nn.comparison import GradientComparison, compare_gradients
from nn.data_sets import load_iris, moons, spirals, standardize, train_test_split, xor
from nn.mlp import ACTIVATIONS, MLP, Layer, Module, Neuron
from nn.training.checkpoint import load_weights, save_weights
from nn.training.loop import EndedEarlyWarning, fit
from nn.training.losses import LOSSES, hinge, logistic_loss, softmax_cross_entropy, squared_error
from nn.training.optimizers import (
    Adagrad,
    Adam,
    GradientDescent,
    LectureMomentum,
    LectureMomentumAdagrad,
    Momentum,
    Nesterov,
    Optimizer,
    RMSProp,
)
from nn.training.regularization import L2, Dropout
from nn.training.restarting import Restarts, Start, random_restarts
from nn.training.schedules import CosineDecay, ExponentialDecay, InverseTimeDecay, LinearWarmup, StepDecay
from nn.training.termination import (
    Criterion,
    EndedBy,
    History,
    MaximumIterations,
    SmallGradient,
    SmallImprovement,
    TimeLimit,
    ValidationRising,
)

__all__ = [
    "ACTIVATIONS",
    "L2",
    "LOSSES",
    "MLP",
    "Adagrad",
    "Adam",
    "CosineDecay",
    "Criterion",
    "Dropout",
    "EndedBy",
    "EndedEarlyWarning",
    "ExponentialDecay",
    "GradientComparison",
    "GradientDescent",
    "History",
    "InverseTimeDecay",
    "Layer",
    "LectureMomentum",
    "LectureMomentumAdagrad",
    "LinearWarmup",
    "MaximumIterations",
    "Module",
    "Momentum",
    "Nesterov",
    "Neuron",
    "Optimizer",
    "RMSProp",
    "Restarts",
    "SmallGradient",
    "SmallImprovement",
    "Start",
    "StepDecay",
    "TimeLimit",
    "ValidationRising",
    "compare_gradients",
    "fit",
    "hinge",
    "load_iris",
    "load_weights",
    "logistic_loss",
    "moons",
    "random_restarts",
    "save_weights",
    "softmax_cross_entropy",
    "spirals",
    "squared_error",
    "standardize",
    "train_test_split",
    "xor",
]
