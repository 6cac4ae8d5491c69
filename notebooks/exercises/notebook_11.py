"""The exercises of notebook 11, programs."""

from collections.abc import Callable
from typing import Any

from autograd_lite import TracingError, Value, compile_program
from exercises import Exercise, course


def statements_needed(needed: Callable[..., set[str]]) -> dict[str, list[str]]:
    """Return the statements of three programs that a function finds needed."""
    chain = {"v1": {"a"}, "v2": {"v1"}, "v3": {"v2"}, "v4": {"a"}}
    branches = {"v1": {"a", "b"}, "v2": {"v1"}, "v3": {"v2", "a"}, "v4": {"v1", "c"}, "v5": {"v3", "v4"}, "v6": {"v5"}}
    tries: list[tuple[dict[str, set[str]], set[str]]] = [(chain, {"v3"}), (branches, {"v4"}), (branches, {"v2", "v6"})]
    return {
        f"statements = {statements} and returned = {returned}".replace("'", ""): sorted(
            needed({name: set(reads) for name, reads in statements.items()}, set(returned)) & statements.keys()
        )
        for statements, returned in tries
    }


def compiled(leaky: Callable[[Value], Value]) -> dict[str, Any]:
    """Return what the program of a function computes."""
    points = [2.0, 0.5, -0.5, -3.0]
    try:
        program = compile_program(leaky, inputs=[Value(1.0, "x")])
    except TracingError:
        return {"tracing": "the refusal to compile a function that asks a Value for its number"}
    outputs = program([[point] for point in points]).outputs.ravel()
    return {f"x = {point:g}": round(float(output), 9) for point, output in zip(points, outputs, strict=True)}


EXERCISES = (
    Exercise(
        "statements_left",
        solution="statements_left = autograd_lite.compile_program(z, inputs=[a, b], gradients=False).operations",
        hints=(
            "Write it as statements: v1 = ..., v2 = ..., and so on. Which of them would be computed twice?",
            "The product and its exponential are computed once each. What remains is a quotient and a sum.",
        ),
        wrong=(
            ("statements_left = 8", "That is the number of operations in the graph. Some of them are equal."),
            (
                "statements_left = 3",
                "A quotient of equal numbers is left: it may be infinite by infinite, which is not 1.",
            ),
            ("statements_left = 6", "The products ab and ba are the same statement, and so are their exponentials."),
        ),
        why="They are the product, its exponential, the quotient, and the sum.",
    ),
    Exercise(
        "dead",
        solution='dead = {"v2", "v3", "v5", "v6"}',
        hints=(
            "Begin with what is returned. What does it read? And what do these statements read?",
            "Two statements are needed. All others are dead, also if a dead one reads them.",
        ),
        wrong=(
            ('dead = {"v6"}', "Nobody reads it, so it is dead. But then what only it reads is dead, too."),
            (
                'dead = {"v5", "v6"}',
                "Nothing that is needed comes after v4. But two statements before it are not needed.",
            ),
            ('dead = {"v1", "v4"}', "These are the ones that are needed."),
        ),
    ),
    Exercise(
        "needed",
        solution="""
def needed(statements, returned):
    found = set(returned)
    for name, reads in reversed(statements.items()):
        if name in found:
            found |= reads
    return found
""",
        hints=(
            "Keep a set of what is needed so far; it begins with what is returned. Go through the statements from the end.",
            "If a statement is in the set, whatever it reads is needed, too: add it to the set.",
        ),
        wrong=(
            (
                "def needed(statements, returned):\n"
                "    found = set(returned)\n"
                "    for name, reads in statements.items():\n"
                "        if name in found:\n"
                "            found |= reads\n"
                "    return found",
                "What the needed statements read is there, but not what those read in turn. A sweep from the beginning "
                "comes to a statement before it knows whether it is needed.",
            ),
            (
                "def needed(statements, returned):\n"
                "    found = set(returned)\n"
                "    for name, reads in reversed(statements.items()):\n"
                "        if name in found:\n"
                "            found |= reads\n"
                "    return found - set(returned)",
                "What is returned is needed, too.",
            ),
            (
                "def needed(statements, returned):\n    return set(returned).union(*statements.values())",
                "A statement that is read is not always needed: its reader may be dead.",
            ),
        ),
        probe=statements_needed,
    ),
    Exercise(
        "leaky",
        solution="""
def leaky(x):
    return maximum(x, 0.1 * x)
""",
        hints=(
            "Draw x and 0.1 x. Which of the two lines lies above the other, left of 0 and right of it?",
            "It is always the upper one of the two lines.",
        ),
        wrong=(
            ("def leaky(x):\n    return relu(x)", "Left of 0 this is 0."),
            ("def leaky(x):\n    return relu(x) + 0.1 * x", "Left of 0 this is right. Right of 0 it adds too much."),
            ("def leaky(x):\n    return minimum(x, 0.1 * x)", "This is the lower one of the two lines, everywhere."),
            ("def leaky(x):\n    return x if x > 0 else 0.1 * x", "That is an if, too. Choose by arithmetic."),
        ),
        probe=compiled,
    ),
    Exercise(
        "with_bias_column",
        solution="with_bias_column = (W2.T @ np.zeros((1, 5))).shape",
        hints=(
            "W2 has a row for each unit of layer 2, and a column for each unit of layer 1 and for the bias.",
            "W2 has the shape (1, 4), and d2 a column for each example of the batch.",
        ),
        wrong=(
            ("with_bias_column = (3, 5)", "W2 has one column more than layer 1 has units: the biases."),
            ("with_bias_column = (5, 4)", "A row for each entry, a column for each example: exchange the two."),
            ("with_bias_column = (4, 1)", "That is the shape of W2.T. The product has a column for each example."),
        ),
    ),
    Exercise(
        "without_bias_column",
        solution="without_bias_column = (W2[:, 1:].T @ np.zeros((1, 5))).shape",
        hints=(
            "W2[:, 1:] leaves out column 0.",
            "There is a row for each unit of layer 1, so that it can be multiplied by 1 - o1[1:]**2.",
        ),
        wrong=(
            ("without_bias_column = (4, 5)", "That is with the bias column. Without it there is a row less."),
            ("without_bias_column = (5, 3)", "A row for each entry, a column for each example: exchange the two."),
            ("without_bias_column = (4, 4)", "The bias column becomes a row of the product. The examples stay."),
        ),
        why="Only this has a row for each unit, as o1[1:] has.",
    ),
    Exercise(
        "multiplications_backward",
        solution="multiplications_backward = 16 * 16 + 16 * 17",
        hints=(
            "Each entry of the matrix W2[:, 1:] is multiplied once for each example. How many entries does it have?",
            "The second product makes, for each example, one number for each weight of W2, with the biases.",
        ),
        wrong=(
            (
                "multiplications_backward = 272",
                "That is one of the two products, the one that makes the gradient of W2.",
            ),
            ("multiplications_backward = 256", "That is one of the two products, the one that makes the signal below."),
            ("multiplications_backward = 544", "W2 without its bias column has fewer entries than W2."),
        ),
    ),
)

answer, check, hint = course(*EXERCISES)
