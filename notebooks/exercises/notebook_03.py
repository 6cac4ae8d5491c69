"""The exercises of notebook 03, Value."""

from collections.abc import Callable
from typing import Any

from autograd_lite import Value, grad
from exercises import Exercise, course


def slope_at(slope: Callable[..., Any]) -> dict[str, float]:
    """Return the slope of x / (1 + x**2) at some numbers, and the slope of the slope, which needs Values."""
    found = {f"the slope at x = {x}": slope(x / (1 + x * x), x) for x in (-2.0, 0.5, 1.5)}
    x = Value(0.5)
    return found | {"the slope of the slope at x = 0.5": grad(slope(x / (1 + x * x), x), x).data}


EXERCISES = (
    Exercise(
        "dg_dp",
        solution="dg_dp = 2 * s.data * q.data",
        gradient=("g", "p"),
        hints=(
            "One path leads from g to p: through s, and through the product. Multiply the slopes along it.",
            "The slope of the square is 2 * s. The slope of the product with respect to p is the other factor.",
        ),
        wrong=(
            ("dg_dp = 2 * s.data * p.data", "With respect to p, the slope of the product is the other factor."),
            (
                "dg_dp = q.data",
                "That is the slope of s alone. The square has one too, and the chain rule multiplies them.",
            ),
            (
                "dg_dp = 2 * s.data",
                "That is the derivative with respect to s. One more slope lies between s and p, and it has a sign.",
            ),
        ),
        why="One path, two slopes.",
    ),
    Exercise(
        "dg_dq",
        solution="dg_dq = 2 * s.data * (p.data + 1)",
        gradient=("g", "q"),
        hints=(
            "q is used twice, so two shares arrive.",
            "Both shares begin with the derivative with respect to s. Through the product it is multiplied by p, through the sum by 1.",
        ),
        wrong=(
            ("dg_dq = 2 * s.data * p.data", "That is the share that comes through the product. q is also added."),
            ("dg_dq = 2 * s.data", "That is the share that comes directly from the sum. q is also in the product."),
            (
                "dg_dq = 2 * s.data * p.data * 2 * s.data",
                "The shares of two paths are added, not multiplied.",
            ),
            ("dg_dq = -2 * s.data * (p.data + 1)", "The size is right. What sign does s have?"),
        ),
        why="Two paths, two shares, added up.",
    ),
    Exercise(
        "number_of_paths",
        solution="number_of_paths = 2**3",
        hints=(
            "Each doubling offers two edges. From d to c there are two ways; from each of them, how many on to b?",
            "The number of choices is multiplied at each of the three doublings.",
        ),
        wrong=(
            ("number_of_paths = 6", "That is the number of edges. A path chooses one of two edges, three times."),
            ("number_of_paths = 4", "That is how many lead from c to a. There is one more doubling now."),
            ("number_of_paths = 3", "That is how long each path is. How many are there?"),
        ),
        why="The derivative is their sum, and each has the product 1.",
    ),
    Exercise(
        "third",
        solution="third = 4 * 3 * 2 * 0.5",
        hints=(
            "Differentiate the formula three times: each time, the exponent comes in front and falls by 1.",
            "What is left is a number times x. Put x = 0.5 in.",
        ),
        wrong=(
            ("third = 3.0", "That is the second derivative. Once more."),
            ("third = 24.0", "That is the fourth derivative, or you forgot to put in x."),
            ("third = 0.5", "That is the first derivative. Twice more."),
        ),
        why="Each derivative is a graph, so it has a derivative.",
    ),
    Exercise(
        "slope",
        solution="slope = lambda o, x: (1 - 2 * x * o) / (1 + x * x)",
        probe=slope_at,
        hints=(
            "The quotient rule: (derivative above * below - above * derivative below) / below squared. What is below here?",
            "Cancel 1 + x * x once. What is left in the second term is x / (1 + x * x) times 2 * x, and the first of these "
            "is the result itself.",
        ),
        wrong=(
            (
                "slope = lambda x: (1 - x * x) / (1 + x * x) ** 2",
                "A slope of the table takes the result first, and then the argument, even if it does not use both.",
            ),
            (
                "slope = lambda o, x: 1 - 2 * x * o",
                "That is what stands above. It is still divided by something.",
            ),
            (
                "slope = lambda o, x: 1 / (2 * x)",
                "The derivative of a quotient is not the quotient of the derivatives.",
            ),
            (
                "slope = lambda o, x: (1 + 2 * x * o) / (1 + x * x)",
                "Look at the sign: in the quotient rule, the derivative of what is below is subtracted.",
            ),
        ),
        why="It agrees for numbers, and for Values too, so higher derivatives are right as well.",
    ),
    Exercise(
        "number_of_nodes",
        solution="number_of_nodes = 7 + 2 * 1000",
        hints=(
            "How many nodes come with each step? Compare two lines of the output.",
            "Seven nodes at the beginning, and the same number more at each of the 1,000 steps.",
        ),
        wrong=(
            ("number_of_nodes = 7", "That would be right if w stayed a leaf. What does each step add?"),
            ("number_of_nodes = 1007", "A step adds the result of the subtraction, and one more node: the number."),
            ("number_of_nodes = 7000", "The graph of the error is built again, but each new one is tied to the old w."),
        ),
        why="Each pass walks through the history of all steps before it.",
    ),
)

answer, check, hint = course(*EXERCISES)
