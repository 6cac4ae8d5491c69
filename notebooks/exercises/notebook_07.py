"""The exercises of notebook 7, optimizers on surfaces."""

from typing import Any

from exercises import Exercise, course


def after_heavy_ball(heavy_ball: Any) -> dict[str, Any]:
    """Return the directions for a few lists of gradients."""
    return {
        "the gradients 8, 0, 0 and beta = 0.5": heavy_ball([8.0, 0.0, 0.0], 0.5),
        "the gradients 3, 4, 12 and beta = 0.5": heavy_ball([3.0, 4.0, 12.0], 0.5),
        "the gradients 1, -1 and beta = 0.9": heavy_ball([1.0, -1.0], 0.9),
    }


def after_adagrad(adagrad: Any) -> dict[str, Any]:
    """Return the directions for a few lists of gradients."""
    return {
        "the gradients 3, 4, 12 and epsilon = 1e-8": adagrad([3.0, 4.0, 12.0], 1e-8),
        "the gradients -3, 4 and epsilon = 1e-8": adagrad([-3.0, 4.0], 1e-8),
        "the gradient 3 and epsilon = 16": adagrad([3.0], 16.0),
    }


HEAVY_BALL = '''
def heavy_ball(gradients, beta):
    """Return the directions D_0, D_1, ... of the heavy ball."""
    V, D = 0.0, []
    for G in gradients:
        V = beta * V + G
        D.append(V)
    return D
'''

ADDED, DIVIDED = "        S = S + G * G\n", "        D.append(G / math.sqrt(S + epsilon))\n"
ADAGRAD = '''
def adagrad(gradients, epsilon):
    """Return the directions D_0, D_1, ... of Adagrad."""
    S, D = 0.0, []
    for G in gradients:
        S = S + G * G
        D.append(G / math.sqrt(S + epsilon))
    return D
'''

EXERCISES = (
    Exercise(
        "momentum_D",
        solution="momentum_D = 0.5 * 4 + 12",
        hints=(
            "Put the numbers into the row of the first table. Which gradients does this rule need?",
            "It needs two: the gradient of this step as it is, and half of the one before.",
        ),
        wrong=(
            ("momentum_D = 14.75", "That is the heavy ball, which remembers more than one gradient."),
            ("momentum_D = 0.5 * (4 + 12)", "The factor belongs to the earlier gradient only."),
            ("momentum_D = -14", "The question asks for directions. The minus sign comes when the weight is moved."),
            ("momentum_D = 12", "That is gradient descent, without a memory."),
        ),
        why="It remembers the gradient before, and nothing older.",
    ),
    Exercise(
        "heavy_ball_D",
        solution="heavy_ball_D = 0.5 * 5.5 + 12",
        hints=(
            "The rule needs the gradient of this step, and its own direction before.",
            "The direction before is in the second table.",
        ),
        wrong=(
            ("heavy_ball_D = 14", "That is momentum as printed. The heavy ball remembers its whole direction before."),
            ("heavy_ball_D = 0.5 * (5.5 + 12)", "The factor belongs to what is remembered only."),
            (
                "heavy_ball_D = -14.75",
                "The question asks for directions. The minus sign comes when the weight is moved.",
            ),
            ("heavy_ball_D = 3 + 4 + 12", "Old gradients count less and less: each step multiplies them by one half."),
        ),
        why="The first gradient still counts, with a quarter of its weight.",
    ),
    Exercise(
        "adagrad_D",
        solution="adagrad_D = 12 / 13",
        hints=(
            "The gradient of this step is divided by a root. Of which sum?",
            "The sum of all three squares stands in the question, with its root.",
        ),
        wrong=(
            ("adagrad_D = 12 / 12", "The squares of all gradients so far are added up, not only the last one."),
            ("adagrad_D = 12 / 169", "You have divided by the sum of the squares. Take its root."),
            ("adagrad_D = 12 / (3 + 4 + 12)", "The squares are added up, and then comes the root."),
        ),
        why="The gradient is three times as large as the one before, and the direction is hardly longer.",
    ),
    Exercise(
        "heavy_ball",
        solution=HEAVY_BALL,
        probe=after_heavy_ball,
        hints=(
            "Go through the gradients in a loop. What must be carried from one step to the next?",
            "One number V, which is 0 at first. Each step computes the new V from the old one and the gradient, "
            "as in the row of the table, and appends it to a list.",
        ),
        wrong=(
            (
                HEAVY_BALL.replace("V = beta * V + G\n        D.append(V)", "D.append(beta * V + G)\n        V = G"),
                "This remembers one gradient, as the lecture's momentum does. The heavy ball remembers its direction.",
            ),
            (
                HEAVY_BALL.replace("V = beta * V + G\n        D.append(V)", "D.append(V)\n        V = beta * V + G"),
                "Each direction comes one step too late: update what is remembered first.",
            ),
            (
                HEAVY_BALL.replace("+ G", "+ (1 - beta) * G"),
                "That is a running mean, as in Adam. Here the new gradient has its full weight.",
            ),
            (
                HEAVY_BALL.replace("beta * V + G", "V + beta * G"),
                "The factor is in the wrong place: it should make what is remembered smaller, so that old gradients fade.",
            ),
        ),
        why="One number carries all that it remembers.",
    ),
    Exercise(
        "momentum_long_run",
        solution="momentum_long_run = 1 + 0.9",
        hints=(
            "Put the same G for both gradients into the row of the table.",
            "The gradient before counts with the factor 0.9, and the new one in full. How many G are that together?",
        ),
        wrong=(
            ("momentum_long_run = 10", "That is the heavy ball. Momentum as printed remembers one gradient, not all."),
            ("momentum_long_run = 0.9", "That is what is remembered. The new gradient is added to it."),
            ("momentum_long_run = 1", "That is gradient descent. What does the memory add?"),
        ),
        why="It never gets faster than that, however long the slope.",
    ),
    Exercise(
        "heavy_ball_long_run",
        solution="heavy_ball_long_run = 1 / (1 - 0.9)",
        hints=(
            "In the long run the direction is the infinite sum in the question.",
            "Put beta = 0.9 into the fraction on the right.",
        ),
        wrong=(
            ("heavy_ball_long_run = 1.9", "That is momentum as printed: two terms of the sum. The heavy ball has all."),
            (
                "heavy_ball_long_run = 9",
                "Those are the remembered gradients alone. The sum begins with 1, the new one.",
            ),
            ("heavy_ball_long_run = 0.1", "You have the divisor of the fraction, not the fraction."),
        ),
        why="The heavy ball becomes ten times as fast as gradient descent.",
    ),
    Exercise(
        "adagrad",
        solution=ADAGRAD,
        probe=after_adagrad,
        hints=(
            "It has the same loop as the heavy ball. What is carried from one step to the next here?",
            "One number S, which is 0 at first, and to which each step adds a square. "
            "Then divide the gradient by a root: `math.sqrt`.",
        ),
        wrong=(
            (
                ADAGRAD.replace("math.sqrt(S + epsilon)", "(math.sqrt(S) + epsilon)"),
                "Here epsilon is outside the root, as in most libraries. The lecture has it inside.",
            ),
            (
                ADAGRAD.replace("S + G * G", "G * G"),
                "Nothing is remembered: each step forgets the squares of the steps before.",
            ),
            (
                ADAGRAD.replace("S + G * G", "S + G"),
                "The sum of the gradients can be negative, and then it has no root. What does Adagrad add up?",
            ),
            (
                ADAGRAD.replace("math.sqrt(S + epsilon)", "(S + epsilon)"),
                "The root is missing. Without it the size of the gradient does not cancel.",
            ),
            (
                ADAGRAD.replace(ADDED + DIVIDED, DIVIDED + ADDED),
                "The square of this step is added too late: the first division is by nearly 0.",
            ),
        ),
        why="The first direction is 1 or -1, whatever the gradient.",
    ),
    Exercise(
        "inside",
        solution="inside = 1e-4 / math.sqrt(1e-4**2 + 1e-8)",
        hints=(
            "Put the numbers into the fraction. How large is the square of the gradient, beside epsilon?",
            "They are equal: under the root stands twice the square of the gradient.",
        ),
        wrong=(
            (
                "inside = 1",
                "That is with epsilon outside the root, or without it. Compare it with the square of the gradient.",
            ),
            ("inside = 0.5", "The root is missing."),
            ("inside = 1e-4", "That is the gradient, the direction of gradient descent. Divide it by the root."),
        ),
        why="Here epsilon makes the step almost a third shorter.",
    ),
    Exercise(
        "outside",
        solution="outside = 1e-4 / (math.sqrt(1e-4**2) + 1e-8)",
        hints=(
            "The root of the square is the gradient itself. How large is epsilon beside it?",
            "Epsilon is ten thousand times smaller than what it is added to.",
        ),
        wrong=(
            ("outside = 0.707", "That is with epsilon inside the root."),
            ("outside = 0.5", "It would be, if epsilon were as large as the root of the square."),
            ("outside = 1e-4", "That is the gradient. Divide it by its size."),
        ),
        why="Here epsilon hardly counts.",
    ),
    Exercise(
        "eta_of_the_sum",
        solution="eta_of_the_sum = 0.5 / 150",
        hints=(
            "With the mean, which rate did it in one step? The step is the rate times the gradient, and should stay the "
            "same.",
            "The gradient of the sum is 150 times as large. What must the rate be, for the same step?",
        ),
        wrong=(
            ("eta_of_the_sum = 0.5", "That is the rate for the mean. The gradient of the sum is much larger."),
            (
                "eta_of_the_sum = 0.5 * 150",
                "The gradient is larger already; a larger rate makes the step larger still.",
            ),
            ("eta_of_the_sum = 1 / 150", "With this one it jumps to and fro at the same height."),
        ),
        why="The step is the same: a gradient that is 150 times as large, and a rate that is 150 times as small.",
    ),
)

answer, check, hint = course(*EXERCISES)
