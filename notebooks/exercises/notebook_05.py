"""The exercises of notebook 5, the delta recursion."""

import copy
from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np

from exercises import Exercise, course, same

ByLayer: TypeAlias = dict[int, Any]


def network(*sizes: int) -> tuple[ByLayer, ByLayer, Any]:
    """Return weights and outputs by layer, and targets, for a network of tanh units with these widths."""
    random = np.random.default_rng(sum(sizes))
    o = {0: np.array([1.0, *random.uniform(-2, 2, sizes[0])])}
    W, L = {}, len(sizes) - 1
    for l in range(1, L + 1):
        W[l] = random.uniform(-1, 1, (sizes[l], sizes[l - 1] + 1))
        units = np.tanh(W[l] @ o[l - 1])
        o[l] = units if l == L else np.array([1.0, *units])
    return W, o, np.ones(sizes[-1])


NETWORKS = {"2-2-2": network(2, 2, 2), "2-3-1": network(2, 3, 1), "3-2-2-1": network(3, 2, 2, 1)}


def in_networks(what: str, compute: Callable[[ByLayer, ByLayer, Any], ByLayer]) -> dict[str, Any]:
    """Return what a function computes for each of the networks, by layer, or how it ends."""
    return {f"{what} of a network {name}": by_layer(compute, *given) for name, given in NETWORKS.items()}


def by_layer(compute: Callable[..., ByLayer], *given: Any) -> dict[int, Any] | str:
    """Return arrays by layer as lists, or what is wrong with them: an exception, or that the arguments were changed."""
    arguments = copy.deepcopy(given)
    try:
        results = compute(*arguments)
        if not same(arguments, given):
            return "a change of the arguments: they should stay as they were"
        if not isinstance(results, dict):
            return f"{type(results).__name__}, which is not a dictionary by layer"
        return {l: np.round(results[l], 4).tolist() for l in sorted(results)}
    except Exception as error:
        return f"{type(error).__name__}: {error}"


def right_deltas(W: ByLayer, o: ByLayer, y: Any) -> ByLayer:
    """Return the deltas by layer."""
    L = max(W)
    delta = {L: 2 * (o[L] - y) * (1 - o[L] ** 2)}
    for l in range(L - 1, 0, -1):
        delta[l] = W[l + 1][:, 1:].T @ delta[l + 1] * (1 - o[l][1:] ** 2)
    return delta


def after_deltas(candidate: Callable[[ByLayer, ByLayer, Any], ByLayer]) -> dict[str, Any]:
    """Return the deltas of the networks."""
    return in_networks("the deltas", candidate)


def after_gradients(candidate: Callable[[ByLayer, ByLayer], ByLayer]) -> dict[str, Any]:
    """Return the gradients of the networks, from the right deltas."""
    return in_networks("G", lambda W, o, y: candidate(right_deltas(W, o, y), o))


def after_data_gradients(candidate: Callable[[ByLayer, Any, Any], ByLayer]) -> dict[str, Any]:
    """Return the gradients of two networks for three examples."""
    X, Y = np.array([[1.0, 0.5], [-1.0, 2.0], [0.5, -1.5]]), np.array([1.0, -1.0, 0.5])
    return {
        "G of a network 2-2-1": by_layer(candidate, network(2, 2, 1)[0], X, Y),
        "G of a network 2-3-1": by_layer(candidate, network(2, 3, 1)[0], X, Y),
    }


DELTAS = """
def deltas(W, o, y):
    L = max(W)
    delta = {L: 2 * (o[L] - y) * (1 - o[L] ** 2)}
    for l in range(L - 1, 0, -1):
        delta[l] = W[l + 1][:, 1:].T @ delta[l + 1] * (1 - o[l][1:] ** 2)
    return delta
"""

GRADIENTS = """
def gradients(delta, o):
    return {l: np.outer(delta[l], o[l - 1]) for l in delta}
"""

DATA_GRADIENTS = """
def data_gradients(W, X, Y):
    G = {l: np.zeros_like(W[l]) for l in W}
    for x_n, y_n in zip(X, Y):
        s, o = forward(W, x_n)
        for l, matrix in gradients(deltas(W, o, y_n), o).items():
            G[l] += matrix
    return G
"""

EXERCISES = (
    Exercise(
        "last_delta",
        solution="last_delta = 2 * (o[2][0] - y) * (1 - o[2][0] ** 2)",
        hints=(
            "Two factors: the derivative of the error with respect to the output, and the slope of tanh.",
            "The error is a square: its derivative has a factor 2. The slope of tanh is written in terms of the output.",
        ),
        wrong=(
            (
                "last_delta = 2 * (o[2][0] - y)",
                "That is the derivative with respect to the output. Go on to the signal.",
            ),
            ("last_delta = (o[2][0] - y) * (1 - o[2][0] ** 2)", "A factor is missing: e is a square, without 1/2."),
            (
                "last_delta = 2 * (y - o[2][0]) * (1 - o[2][0] ** 2)",
                "The size is right, the sign is not: e is the square of output minus target.",
            ),
            (
                "last_delta = 2 * (o[2][0] - y) * (1 - s[2][0] ** 2)",
                "The slope of tanh is taken at the signal. It is 1 minus the square of the output.",
            ),
            (
                "last_delta = 2 * (o[2] - y) * (1 - o[2] ** 2)",
                "It is an array with one entry, and this entry is right. Take it out with [0].",
            ),
        ),
        why="It is negative: a larger signal makes the error smaller.",
    ),
    Exercise(
        "hidden_delta",
        solution="""hidden_delta = (
    deeper_node["s_1^(2)"].grad * V[2][0, 1] + deeper_node["s_2^(2)"].grad * V[2][1, 1]
) * (1 - o_1**2)""",
        hints=(
            "Which two lines lead from the upper neuron of layer 1 to layer 2, and what weights do they have?",
            "Each delta of layer 2 times its weight, both added; then the slope of tanh, from the output of the neuron.",
        ),
        wrong=(
            (
                'hidden_delta = deeper_node["s_1^(2)"].grad * 0.5 + deeper_node["s_2^(2)"].grad * -0.6',
                "That is the derivative with respect to the output. Go on to the signal: what is the slope of tanh there?",
            ),
            (
                'hidden_delta = (deeper_node["s_1^(2)"].grad * 0.5 + deeper_node["s_2^(2)"].grad * -0.4) * (1 - o_1**2)',
                "These weights stand in one row, so they lead to the same neuron. Which ones start at the same neuron?",
            ),
            (
                'hidden_delta = deeper_node["s_1^(2)"].grad * 0.5 * (1 - o_1**2)',
                "That is the path through one neuron of layer 2. There are two, and they are added.",
            ),
            (
                'hidden_delta = (deeper_node["s_1^(2)"].grad * 0.5 + deeper_node["s_2^(2)"].grad * -0.6) * (1 - o_1)',
                "In the slope of tanh, the output has a square.",
            ),
        ),
        why="Two paths, added, and one slope.",
        gradient=("deeper_e", "s_1"),
    ),
    Exercise(
        "deltas",
        solution=DELTAS,
        probe=after_deltas,
        hints=(
            "Begin with L, the largest key of W, and a dictionary that holds the last delta, the formula of exercise 1 for arrays.",
            "Then a loop, for l in range(L - 1, 0, -1). In it: which matrix leads from layer l to the delta above?",
            "Transpose it without its column 0, multiply by the delta above, then entry by entry by the slope.",
        ),
        wrong=(
            (
                DELTAS.replace("W[l + 1][:, 1:]", "W[l + 1]").replace("o[l][1:]", "o[l]"),
                "There is one entry too many: the bias node has no delta.",
            ),
            *(
                (DELTAS.replace(*trimmed), "Only one of the two has lost its bias: the matrix or the output.")
                for trimmed in (("W[l + 1][:, 1:]", "W[l + 1]"), ("o[l][1:]", "o[l]"))
            ),
            (
                DELTAS.replace("(L - 1, 0, -1)", "(L - 1, 1, -1)"),
                "The loop ends too early: layer 1 has deltas, too.",
            ),
            (
                DELTAS.replace("(L - 1, 0, -1)", "(L, 0, -1)"),
                "Nothing lies above the last layer, so the loop begins below it.",
            ),
            (
                DELTAS.replace("(L - 1, 0, -1)", "(1, L)"),
                "The delta above must be known first, so the loop goes down.",
            ),
            (
                DELTAS.replace(" * (1 - o[l][1:] ** 2)", ""),
                "That is the derivative with respect to the outputs. One factor leads from there to the signals.",
            ),
            (
                DELTAS.replace(".T @ delta", ".T * delta"),
                "* multiplies entry by entry. For the sum over c, use the matrix product.",
            ),
            (
                DELTAS.replace("W[l + 1][:, 1:]", "W[l + 1][1:, :]"),
                "[1:, :] leaves out a row. The biases are a column.",
            ),
            (
                DELTAS.replace("L: 2 * (o", "L: (o"),
                "Look at the last layer first: the error is a square, without 1/2.",
            ),
            (
                DELTAS.replace("L: 2 * (o[L] - y) * (1 - o[L] ** 2)", "L: 2 * (o[L][0] - y) * (1 - o[L][0] ** 2)"),
                "That takes the first output alone. A network may have several: take the whole array.",
            ),
            (
                DELTAS.replace("max(W)", "2"),
                "It must work for any number of layers: L is the largest key of W.",
            ),
            (
                DELTAS.replace("o[l][1:] ** 2", "o[l][1:]"),
                "The last layer is right. Below it, look at the slope of tanh: is the output squared?",
            ),
            (
                DELTAS.replace("(1 - o[l][1:] ** 2)", "(1 - np.arctanh(o[l][1:]) ** 2)"),
                "The slope of tanh is taken at the signal, but its formula uses the output.",
            ),
            (
                DELTAS.replace("W[l + 1][:, 1:].T", "W[l + 1][:, 1:]"),
                "The sum runs down a column of the matrix, so the matrix must be transposed.",
            ),
            (
                DELTAS.replace("W[l + 1][:, 1:].T", "W[l][:, 1:].T"),
                "The matrix of the wrong layer: which one leads from the outputs of layer l to the layer above?",
            ),
            (
                DELTAS.replace("W[l + 1][:, 1:].T", "W[l + 1][:, :-1].T"),
                "A column is missing, but the wrong one: in which column do the biases stand?",
            ),
        ),
        why="That is backpropagation.",
    ),
    Exercise(
        "gradients",
        solution=GRADIENTS,
        probe=after_gradients,
        hints=(
            "A dictionary with an entry for each layer that has a delta.",
            "np.outer makes a matrix of two vectors. Which one belongs to the rows, and from which layer is the other?",
        ),
        wrong=(
            (
                GRADIENTS.replace("for l in delta", "for l in delta if l < max(delta)"),
                "A layer is missing: the last one. The box on the slide forgets it, too.",
            ),
            (
                GRADIENTS.replace("o[l - 1]", "o[l - 1][1:]"),
                "A column is missing: the bias is a weight, whose input is 1.",
            ),
            (
                GRADIENTS.replace("delta[l], o[l - 1]", "o[l - 1], delta[l]"),
                "This is the transpose: a row belongs to a unit of layer l, as in the matrix of weights.",
            ),
            (GRADIENTS.replace("o[l - 1]", "o[l]"), "A weight is multiplied by the output of the layer below."),
        ),
        why="A gradient for every weight of every layer.",
    ),
    Exercise(
        "data_gradients",
        solution=DATA_GRADIENTS,
        probe=after_data_gradients,
        hints=(
            "Start with matrices of zeros in the shapes of the weights, by layer.",
            "For each example: forward, then deltas, then gradients; and add each matrix to that of its layer.",
        ),
        wrong=(
            (
                DATA_GRADIENTS.replace("{l: np.zeros_like(W[l]) for l in W}", "{}"),
                "The first example finds nothing to be added to. With what does a sum begin?",
            ),
            (DATA_GRADIENTS.replace("+=", "="), "That is the gradient of the last example alone: = in place of +=."),
            (
                DATA_GRADIENTS.replace("return G", "return {l: G[l] / len(X) for l in G}"),
                "That is the mean. The lecture takes the sum.",
            ),
            (
                "def data_gradients(W, X, Y):\n    s, o = forward(W, X)\n    return gradients(deltas(W, o, Y), o)",
                "forward takes one example, not all of them.",
            ),
            (
                DATA_GRADIENTS.replace("s, o = forward", "o = forward"),
                "forward returns two dictionaries, the signals and the outputs. Take them apart.",
            ),
            (
                DATA_GRADIENTS.replace("zip(X, Y)", "(X, Y)"),
                "X and Y are not yet in pairs: zip makes pairs of an example and its target.",
            ),
            (
                DATA_GRADIENTS.replace("    return G", "        return G"),
                "That is the gradient of the first example alone. Where does return stand?",
            ),
        ),
        why="A sum over the examples.",
    ),
    Exercise(
        "saturated_delta",
        solution="saturated_delta = -1.551 * (1 - 0.9**2)",
        hints=("Which number of step 9 depends on the output alone?", "The slope of tanh at this output is 0.19."),
        wrong=(
            ("saturated_delta = -1.551 * (1 - 0.9)", "In the slope of tanh, the output has a square."),
            ("saturated_delta = -1.551 * 0.9", "That multiplies by the output. What is the slope of tanh there?"),
            ("saturated_delta = -1.551 * 0.961", "That is the delta of before, with the output 0.1974."),
            ("saturated_delta = 1.551 * (1 - 0.9**2)", "The size is right. What sign does the upstream gradient have?"),
        ),
        why="A fifth of what it was.",
    ),
)

answer, check, hint = course(*EXERCISES)
