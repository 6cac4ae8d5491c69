"""Neural networks of Values, in the notation of the lecture (CMU 10-301/601, lecture 14).

Where they depart from the lecture:
- `fit` leaves the network with the best weights of the run, rather than the last ones (unless keep="last").
- `Dropout` scales the outputs of the remaining nodes by 1 / (1 - rate) in training (scale=False: as on the slide).
- `Momentum` accumulates all earlier gradients, as is usual; the lecture's, with the previous one, is `LectureMomentum`.
- `LectureMomentumAdagrad` is our combination of both; the lecture names it, and prints no formula.
- `ValidationRising` waits a while for a lower validation error (patience=1: the lecture's rule).
- Back-propagation also adds up G^(L), and leaves out the bias node's delta (see `nn.delta`).
- Additions: other activations than tanh, several outputs, other losses than the squared error, mini-batches in epochs
  (shuffle=True), spared biases (L2(bias=False)), removed inputs (Dropout(input_rate=...)), learning-rate schedules.

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
from nn.teaching.diagnosis import Diagnosis, Finding, Illness, diagnose
from nn.teaching.handout import Handout, delta_handout
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

__all__ = ["ACTIVATIONS", "MLP", "Layer", "Module", "Neuron", "load_weights", "save_weights"]
__all__ += ["EndedEarlyWarning", "Restarts", "Start", "fit", "random_restarts"]
__all__ += ["LOSSES", "hinge", "logistic_loss", "softmax_cross_entropy", "squared_error"]
__all__ += ["Adagrad", "Adam", "GradientDescent", "LectureMomentum", "LectureMomentumAdagrad", "Momentum", "Nesterov"]
__all__ += ["Optimizer", "RMSProp"]
__all__ += ["CosineDecay", "ExponentialDecay", "InverseTimeDecay", "LinearWarmup", "StepDecay"]
__all__ += ["L2", "Dropout"]
__all__ += ["Criterion", "EndedBy", "History", "MaximumIterations", "SmallGradient", "SmallImprovement", "TimeLimit"]
__all__ += ["ValidationRising"]
__all__ += ["GradientComparison", "compare_gradients"]
__all__ += ["Diagnosis", "Finding", "Handout", "Illness", "delta_handout", "diagnose"]
__all__ += ["load_iris", "moons", "spirals", "standardize", "train_test_split", "xor"]
