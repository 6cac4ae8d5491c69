"""The exercises of notebook 10, regularization."""

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from exercises import Exercise, course

FloatArray = npt.NDArray[np.float64]


def new_weights(l2_step: Callable[..., dict[int, FloatArray]]) -> dict[str, Any]:
    """Return the weights of a network with two layers after a step."""
    W = {1: np.array([[1.0, -2.0], [3.0, 0.5]]), 2: np.array([[0.2, 4.0, -1.0]])}
    G = {1: np.array([[0.5, 0.0], [-1.0, 2.0]]), 2: np.array([[1.0, -3.0, 0.0]])}
    tried = {l: f"W^({l}) = {W[l].tolist()}, G^({l}) = {G[l].tolist()}, eta = 0.5, lambda_C = 0.1" for l in W}
    new = l2_step(W, G, 0.5, 0.1)
    if not isinstance(new, dict):
        return {"what it returns": f"a {type(new).__name__}, not a dictionary"}
    return {tried[l]: np.round(new[l], 6).tolist() for l in tried}


def noise(jittered: Callable[..., FloatArray]) -> dict[str, Any]:
    """Return what a function adds to 2000 points."""
    generator, points = np.random.default_rng(0), np.full((2000, 2), 2.0)
    moved = [jittered(points, sigma, generator) for sigma in (0.2, 0.2, 1.0)]
    moved.append(jittered(points, 0.2, np.random.default_rng(0)))
    first, second, wide, again = (np.subtract(each, 2.0) for each in moved)
    return {
        "the points X themselves after the call": "unchanged" if np.all(points == 2.0) else "changed",
        "the number of different changes of 2000 coordinates x_1": len(np.unique(first[:, 0])),
        "the change of the two coordinates of a point": "equal" if np.all(first[:, 0] == first[:, 1]) else "different",
        "the changes in two calls": "equal" if np.all(first == second) else "different",
        "the standard deviation of the changes with sigma = 0.2": float(first.std().round(2)),
        "the standard deviation of the changes with sigma = 1": float(wide.std().round(1)),
        "the mean of the changes": 0.0 + float(first.mean().round(1)),  # never -0.0
        "the changes by two generators with the same seed": "equal" if np.all(first == again) else "different",
    }


def outputs(thinned: Callable[..., FloatArray]) -> dict[str, Any]:
    """Return the outputs of thinned layers."""
    o = np.array([0.5, -1.0, 0.8, 0.2])
    tries = [([True, False, True, True], 0.2), ([False, False, True, False], 0.75), ([True] * 4, 0.0)]
    return {
        f"o = {o.tolist()}, kept = {kept}, p = {p}": np.add(0.0, thinned(o.copy(), np.array(kept), p)).round(6).tolist()
        for kept, p in tries
    }


EXERCISES = (
    Exercise(
        "w_after_the_step",
        solution="w_after_the_step = 2 - 0.5 * (0 + 2 * 0.05 * 2)",
        hints=(
            "The gradient of the augmented error has two terms. One of them is 0. What is the other?",
            "The slope of the price is twice lambda_C times w. Then take a step: eta times the slope, against it.",
        ),
        wrong=(
            ("w_after_the_step = 2", "The gradient of the data is 0, but that of the price is not."),
            ("w_after_the_step = 1.95", "The slope of w squared is not w: a factor is missing."),
            ("w_after_the_step = 1.8", "That is w minus the whole gradient. The step is eta times as long."),
            ("w_after_the_step = 0.1", "That is how much it shrinks. What is left?"),
            ("w_after_the_step = 2.1", "A step goes against the gradient: the price makes weights smaller."),
        ),
        why="It has shrunk by 5 %, and it will in each step.",
    ),
    Exercise(
        "l2_step",
        solution="""
def l2_step(W, G, eta, lambda_C):
    return {l: W[l] - eta * (G[l] + 2 * lambda_C * W[l]) for l in W}
""",
        hints=(
            "Do for each entry of each matrix what you did for w. Arithmetic with arrays does it for all entries at once.",
            "For each l: the weights, minus eta times a sum of two terms. The second is the slope of the price.",
        ),
        wrong=(
            (
                "def l2_step(W, G, eta, lambda_C):\n    return {l: W[l] - eta * (G[l] + lambda_C * W[l]) for l in W}",
                "The slope of w squared is not w: a factor is missing.",
            ),
            (
                "def l2_step(W, G, eta, lambda_C):\n"
                "    return {l: W[l] - eta * (G[l] + lambda_C * W[l] ** 2) for l in W}",
                "You have added the price itself. The gradient gains the slope of the price.",
            ),
            (
                "def l2_step(W, G, eta, lambda_C):\n    return {l: W[l] - eta * G[l] - 2 * lambda_C * W[l] for l in W}",
                "The price has no eta. Its slope is a part of the gradient, and eta multiplies the whole gradient.",
            ),
            (
                "import numpy as np\n"
                "def l2_step(W, G, eta, lambda_C):\n"
                "    spared = {l: np.column_stack([0 * W[l][:, 0], W[l][:, 1:]]) for l in W}\n"
                "    return {l: W[l] - eta * (G[l] + 2 * lambda_C * spared[l]) for l in W}",
                "The biases, in column 0, do not pay. In the lecture they do.",
            ),
            (
                "def l2_step(W, G, eta, lambda_C):\n    return {l: W[l] - eta * 2 * lambda_C * W[l] for l in W}",
                "The gradient of the data is missing. It was 0 in exercise 1 only.",
            ),
        ),
        probe=new_weights,
    ),
    Exercise(
        "jittered",
        solution="""
def jittered(X, sigma, generator):
    return X + sigma * generator.normal(0, 1, X.shape)
""",
        hints=(
            "The noise has the shape of X: each coordinate of each point gets a number of its own.",
            "A number from N(0, 1), multiplied by sigma, has the standard deviation sigma. Return a new array.",
        ),
        wrong=(
            (
                "def jittered(X, sigma, generator):\n    return X + sigma**2 * generator.normal(0, 1, X.shape)",
                "sigma squared is the variance. A number is multiplied by its standard deviation.",
            ),
            (
                "def jittered(X, sigma, generator):\n    return X + generator.normal(0, 1, X.shape)",
                "The strength of the noise is always 1. Where does sigma come in?",
            ),
            (
                "def jittered(X, sigma, generator):\n    return X + sigma * generator.normal(0, 1, X.shape[1])",
                "All points move by the same vector. Each needs noise of its own.",
            ),
            (
                "def jittered(X, sigma, generator):\n    X += sigma * generator.normal(0, 1, X.shape)\n    return X",
                "+= writes into the examples themselves, and the noise of all iterations adds up in them.",
            ),
            (
                "def jittered(X, sigma, generator):\n    return X * (1 + sigma * generator.normal(0, 1, X.shape))",
                "The noise is added, not multiplied: a coordinate far from 0 moves no farther than the others.",
            ),
            (
                "def jittered(X, sigma, generator):\n    return sigma * generator.normal(0, 1, X.shape)",
                "That is the noise alone. Add it to the points.",
            ),
        ),
        probe=noise,
    ),
    Exercise(
        "best_lambda_C",
        solution="best_lambda_C = min(validation_error, key=validation_error.get)",
        hints=(
            "Which column of the table is about examples that the network has not learned from?",
            "Look for the lowest number in the column of the validation error.",
        ),
        wrong=(
            ("best_lambda_C = 0.0", "That has the lowest training error: it knows its examples by heart."),
            (
                "best_lambda_C = 0.01",
                "That has the lowest validation error of the strengths 0.001, 0.003, 0.01 and 0.1. Look between them.",
            ),
            ("best_lambda_C = min(validation_error.values())", "That is the lowest error. Which strength leads to it?"),
            ("best_lambda_C = 0.1", "That has the smallest weights. Small weights are a means, not the end."),
            ("best_lambda_C = 0.003", "That was the guess from which we started. The table has better ones."),
        ),
        why="Its validation error is the lowest.",
    ),
    Exercise(
        "not_updated",
        solution="not_updated = 2 * 3 + 2 * 1",
        hints=(
            "Count for one removed unit: the weights on all edges into it, and those on all edges out of it.",
            "Into a hidden unit lead edges from both inputs and from the bias node. Out of it leads one.",
        ),
        wrong=(
            (
                "not_updated = 6",
                "Two ways of counting lead to 6: without the weights out of the two units, or without their biases.",
            ),
            (
                "not_updated = 9",
                "That is the number of weights that are updated: into and out of units 2 and 4, and the bias of the output.",
            ),
            ("not_updated = 4", "Two for each unit: which weights lead into it, and which lead out of it?"),
        ),
        why="Three weights lead into each removed unit, with its bias, and one leads out.",
    ),
    Exercise(
        "thinned",
        solution="""
def thinned(o, kept, p):
    return o * kept / (1 - p)
""",
        hints=(
            "True is 1 and False is 0: what does a product with kept do?",
            "On average, the fraction 1 - p of the outputs remains. The factor must make up for it: their product is 1.",
        ),
        wrong=(
            (
                "def thinned(o, kept, p):\n    return o * kept",
                "The removed outputs are 0, but the others have no factor.",
            ),
            (
                "def thinned(o, kept, p):\n    return o * kept / p if p else o * kept",
                "p is the rate of those that are removed. Which fraction remains?",
            ),
            (
                "def thinned(o, kept, p):\n    return o * kept * (1 - p)",
                "That makes the sums smaller still. They are too small already.",
            ),
            (
                "def thinned(o, kept, p):\n    return o / (1 - p)",
                "The factor is right. But the removed outputs are still there: they must be 0.",
            ),
            (
                "def thinned(o, kept, p):\n    return o * kept / 1 - p",
                "Python divides first and subtracts then. Brackets say what belongs together.",
            ),
            (
                "def thinned(o, kept, p):\n    return o[kept] / (1 - p)",
                "The list has become shorter. The removed outputs keep their places, as 0.",
            ),
        ),
        probe=outputs,
        why="The sums of the next layer now have the same mean as with all nodes.",
    ),
)

answer, check, hint = course(*EXERCISES)
