"""The exercises of notebook 8, training a network."""

from collections.abc import Callable
from typing import Any

from exercises import Exercise, course
from nn import MLP

NEURON = "neuron = MLP(1, [1], weights=[[[0.5, -0.5]]])"


def after_train(train: Callable[..., None]) -> dict[str, Any]:
    """Return the weights of a neuron after one iteration, and after three."""
    weights = {}
    for iterations in (1, 3):
        neuron = MLP(1, [1], weights=[[[0.5, -0.5]]])
        train(neuron, [[1.0], [2.0]], [1.0, -1.0], 0.1, iterations)
        tried = f"the weights of {NEURON} after train(neuron, [[1], [2]], [1, -1], 0.1, {iterations})"
        weights[tried] = neuron.weights[0][0].round(6).tolist()
    return weights


def after_batches(train_on_batches: Callable[..., None]) -> dict[str, Any]:
    """Return the weights of a neuron after different batches."""
    weights = {}
    for batches in ([[1]], [[0, 2]], [[2, 0], [1, 1]]):
        neuron = MLP(1, [1], weights=[[[0.5, -0.5]]])
        train_on_batches(neuron, [[1.0], [2.0], [-1.0]], [1.0, -1.0, 1.0], 0.1, batches)
        call = f"train_on_batches(neuron, [[1], [2], [-1]], [1, -1, 1], 0.1, {batches})"
        tried = f"the weights of {NEURON} after {call}"
        weights[tried] = neuron.weights[0][0].round(6).tolist()
    return weights


def after_halving(halving: Callable[[int], float]) -> dict[str, float]:
    """Return the rates of a few iterations."""
    return {f"t = {t}": halving(t) for t in (0, 250, 500, 1499, 2500)}


TRAIN = '''
def train(net, X, y, eta, iterations):
    """Gradient descent with the learning rate eta and the sum of the errors of all examples."""
    for _ in range(iterations):
        net.zero_grad()
        error = sum(squared_error(net(x_n), y_n) for x_n, y_n in zip(X, y, strict=True))
        error.backward()
        for w in net.parameters():
            w.data = w.data - eta * w.grad
'''

BATCHES = '''
def train_on_batches(net, X, y, eta, batches):
    """One step of gradient descent for each batch, with the mean error of its examples."""
    for batch in batches:
        net.zero_grad()
        error = sum(squared_error(net(X[n]), y[n]) for n in batch) / len(batch)
        error.backward()
        for w in net.parameters():
            w.data = w.data - eta * w.grad
'''

EXERCISES = (
    Exercise(
        "train",
        solution=TRAIN,
        hints=(
            "One loop over the iterations. In it the four steps of the list above, in that order.",
            "`sum` adds up Values, too: sum the errors in a loop over the pairs of `zip(X, y)`, then one backward pass, "
            "then a loop over `net.parameters()`.",
        ),
        wrong=(
            (
                TRAIN.replace("        net.zero_grad()\n", ""),
                "The first iteration is right, the later ones are not: the gradients of earlier iterations are still there.",
            ),
            (
                TRAIN.replace("w.data - eta", "w.data + eta"),
                "This goes uphill: look at the sign of the update.",
            ),
            (
                """
def train(net, X, y, eta, iterations):
    for _ in range(iterations):
        for x_n, y_n in zip(X, y):
            net.zero_grad()
            squared_error(net(x_n), y_n).backward()
            for w in net.parameters():
                w.data = w.data - eta * w.grad
""",
                "The weights move after each example. Here they move once in an iteration, for the sum of all errors.",
            ),
            (
                TRAIN.replace("w.data = w.data -", "w = w -"),
                "The weights have not moved: was the gradient still there, and did you set `w.data`? `w = ...` is a new Value.",
            ),
            (
                TRAIN.replace("strict=True))", "strict=True)) / len(X)"),
                "You have taken the mean of the errors. Here it is the sum.",
            ),
            (
                TRAIN.replace("= w.data -", "= w -"),
                "A weight is a Value, and so is the result of arithmetic with it. Its number is `w.data`.",
            ),
            (
                """
def train(net, X, y, eta, iterations):
    net.zero_grad()
    error = sum(squared_error(net(x_n), y_n) for x_n, y_n in zip(X, y))
    for _ in range(iterations):
        error.backward()
        for w in net.parameters():
            w.data = w.data - eta * w.grad
""",
                "The errors belong to the old weights. After each update they must be computed again, in the loop.",
            ),
        ),
        why="This is all that training is.",
        probe=after_train,
    ),
    Exercise(
        "train_on_batches",
        solution=BATCHES,
        hints=(
            "The loop goes over the batches now. What is summed in it, and by what is it divided?",
            "The sum goes over the numbers n in the batch, with the example `X[n]` and the target `y[n]`. "
            "The mean is that sum, divided by the size of the batch.",
        ),
        wrong=(
            (
                BATCHES.replace(" / len(batch)", ""),
                "Right for a batch of one. For larger ones you have the sum of the errors, not their mean.",
            ),
            (
                BATCHES.replace("len(batch)", "len(X)"),
                "You divide by the number of all examples. How many are there in the mean?",
            ),
            (
                BATCHES.replace("in batch) / len(batch)", "in range(len(X))) / len(X)"),
                "This takes all examples in each step, whatever the batch.",
            ),
            (
                BATCHES.replace("        net.zero_grad()\n", ""),
                "The first batch is right, the later ones are not: the gradients of earlier batches are still there.",
            ),
        ),
        why="With one batch of all examples it is gradient descent, with batches of one it is SGD.",
        probe=after_batches,
    ),
    Exercise(
        "B",
        solution="B = 10**2",
        hints=(
            "The root of B says how many times as exact the mini-batch is.",
            "Which number has the root 10?",
        ),
        wrong=(
            ("B = 10", "That one is about 3.2 times as exact: its root."),
            ("B = 32", "The root of 32 is between 5 and 6. Which number has the root that is asked for?"),
            ("B = 20", "To double the batch makes it only 1.4 times as exact."),
        ),
        why="A digit more costs a hundred times as much.",
    ),
    Exercise(
        "halving",
        solution='''
def halving(t):
    """0.2 at first, and half as much after every 500 iterations."""
    return 0.2 * 0.5 ** (t // 500)
''',
        hints=(
            "After t iterations, how many times has it been halved? That is an integer.",
            "`//` divides and drops the rest: 1499 // 500 is 2. And to halve k times is to multiply by `0.5**k`.",
        ),
        wrong=(
            (
                "def halving(t):\n    return 0.2 * 0.5 ** (t / 500)",
                "This falls a little in each iteration. It should stay the same for 500 of them, and then drop.",
            ),
            (
                "def halving(t):\n    return 0.1 if t >= 500 else 0.2",
                "This halves only once. It should be halved again every 500 iterations.",
            ),
            (
                "def halving(t):\n    return 0.2 - 0.1 * (t // 500)",
                "This subtracts the same amount each time, and is 0 soon. To halve is to multiply.",
            ),
            (
                "def halving(t):\n    return 0.2 * 0.5 ** (t % 500)",
                "`%` is the rest of the division: it begins with 0 again every 500 iterations.",
            ),
        ),
        why="A schedule is a function of t, and nothing more.",
        probe=after_halving,
    ),
    Exercise(
        "best_rates",
        solution="best_rates = {name: rates[int(np.argmin(errors))] for name, errors in ends.items()}",
        hints=(
            "For each rule, where in its list is the smallest error? At the same place in `rates` stands the rate.",
            "`np.argmin(errors)` is the place of the smallest error. Or read the five rates off the picture.",
        ),
        wrong=(
            (
                "best_rates = {name: min(errors) for name, errors in ends.items()}",
                "Those are the smallest errors. With which rates did they come?",
            ),
            (
                "best_rates = {name: int(np.argmin(errors)) for name, errors in ends.items()}",
                "Those are the places in the list. Which rates stand there?",
            ),
            (
                "best_rates = {name: rates[int(np.argmax(errors))] for name, errors in ends.items()}",
                "Those are the rates with the largest error.",
            ),
        ),
        why="Each rule has a rate that suits it, and they differ.",
    ),
)

answer, check, hint = course(*EXERCISES)
