"""micrograd's demo notebook: its data and its network, and its training as one call of `fit`."""

import random

import numpy as np

from nn import L2, GradientDescent, MaximumIterations, fit, micrograd


def make_moons():
    """The points of sklearn.datasets.make_moons(n_samples=100, noise=0.1), from NumPy's global generator.

    With np.random.seed(1337) they equal scikit-learn 1.9.1's, bit by bit.
    """
    angles = np.linspace(0, np.pi, 50)
    upper = np.column_stack([np.cos(angles), np.sin(angles)])
    lower = np.column_stack([1 - np.cos(angles), 1 - np.sin(angles) - 0.5])
    points, classes = np.vstack([upper, lower]), np.repeat([0, 1], 50)
    order = np.arange(100)
    np.random.shuffle(order)  # noqa: NPY002
    return points[order] + np.random.normal(scale=0.1, size=(100, 2)), classes[order]  # noqa: NPY002


def demo():
    """The points, their classes as signs, and the network, as after the notebook's first cells."""
    np.random.seed(1337)  # noqa: NPY002
    random.seed(1337)
    points, classes = make_moons()
    return points, classes * 2 - 1, micrograd.MLP(2, [16, 16, 1])


def fit_demo(points, signs, net):
    """The 100 steps of the notebook; returns the history."""
    return fit(
        net, points, signs, loss="hinge", average=True, regularization=L2(1e-4),
        optimizer=GradientDescent(lambda t: 1.0 - 0.9 * t / 100), stop=MaximumIterations(100), keep="last",
    )  # fmt: skip
