"""The exercises of notebook 6, what goes wrong."""

from collections.abc import Callable
from typing import Any

from autograd_lite import Value
from exercises import Exercise, course

FORMULAS: dict[str, Callable[[Value], Value]] = {
    "y = x * x + x": lambda x: x * x + x,
    "y = x.tanh() * x": lambda x: x.tanh() * x,
    "y = 2 * x": lambda x: 2 * x,
}


def after_mended(candidate: Callable[[Value], dict[Value, float]]) -> dict[str, Any]:
    """Return the derivatives of the formulas at x = 4."""
    return {f"{text} at x = 4": derivative(candidate, formula) for text, formula in FORMULAS.items()}


def derivative(candidate: Callable[[Value], dict[Value, float]], formula: Callable[[Value], Value]) -> Any:
    """Return the derivative of a formula at 4 by a backward pass, or the exception."""
    x = Value(4.0)
    try:
        return candidate(formula(x))[x]
    except Exception as error:
        return f"{type(error).__name__}: {error}"


MENDED = """
def mended(root):
    gradient = {root: 1.0}
    for step in backward_steps(root):
        share = gradient[step.node] * step.slope
        gradient[step.parent] = gradient.get(step.parent, 0.0) + share
    return gradient
"""


def named(name: str, right: str, hints: tuple[str, ...], why: str, **wrong: str) -> Exercise:
    """Return an exercise that asks for the name of an illness; `wrong` says why the others are not it."""
    return Exercise(
        name,
        solution=f'{name} = "{right}"',
        hints=hints,
        wrong=tuple((f'{name} = "{other}"', told) for other, told in wrong.items()),
        why=why,
    )


EXERCISES = (
    Exercise(
        "her_mistake",
        solution='her_mistake = "overwrite"',
        hints=(
            "Look for her number in the column of wrong gradients.",
            "Which name stands in the row where the derivative is 4?",
        ),
        wrong=(
            ('her_mistake = "no zero"', "That would lead to 18, the right gradient twice."),
            ('her_mistake = "no input"', "That would lead to 3. Which row has her number?"),
            ('her_mistake = "no bias"', "That would lead to 8, without the share of x alone."),
            ('her_mistake = "stale"', "That would lead to 7.2. Which row has her number?"),
        ),
        why="Each contribution replaces the one before.",
    ),
    Exercise(
        "mended",
        solution=MENDED,
        probe=after_mended,
        hints=(
            "One line of hers has to change: what arrives must be added to what is there.",
            "On the right side of the assignment, add the gradient so far of step.parent.",
        ),
        wrong=(
            (
                MENDED.replace("gradient.get(step.parent, 0.0) + share", "share"),
                "That is still the mistake: what had arrived before is lost.",
            ),
            (
                MENDED.replace(
                    "gradient[step.parent] = gradient.get(step.parent, 0.0) + share", "gradient[step.parent] += share"
                ),
                "The idea is right, but the first contribution finds nothing to be added to.",
            ),
            (
                MENDED.replace("gradient[step.node] * step.slope", "step.slope"),
                "It adds, but the slopes alone: the upstream gradient is a factor.",
            ),
            (
                MENDED.replace("    return gradient", "        return gradient"),
                "That returns after the first edge. Where does return stand?",
            ),
            (
                MENDED.replace("gradient.get(step.parent", "gradient.get(step.node"),
                "That adds the gradient of the wrong node. Whose gradient is it that grows?",
            ),
        ),
        why="What arrives is added.",
    ),
    Exercise(
        "w_too_early",
        solution="w_too_early = 1 * 2.0",
        hints=(
            "Which gradient has h when it has its turn? Only the edge that comes straight from o has arrived.",
            "h passes that on to w: multiply it by the slope of h = w * x with respect to w.",
        ),
        wrong=(
            (
                "w_too_early = (1 + 1 - t.data**2) * x.data",
                "That is the right gradient. The engine loses what comes through t.",
            ),
            (
                "w_too_early = (1 - t.data**2) * x.data",
                "That is what comes through t. It arrives too late; what has arrived in time?",
            ),
            ("w_too_early = w.data", "The slope of a product is the other factor."),
            ("w_too_early = 1.0", "That is the gradient of h at its turn. Go on to w."),
        ),
        why="What comes through the tanh is lost.",
    ),
    Exercise(
        "third_gradient",
        solution="third_gradient = 9 + 9 + 9",
        hints=("Each call adds the derivative to what x.grad was before.", "It starts at 0. How often is 9 added?"),
        wrong=(
            ("third_gradient = 9", "It would be, if the gradient were set to zero before each call."),
            ("third_gradient = 18", "That is what it says after the second call."),
            ("third_gradient = 9**3", "The passes are added, not multiplied."),
        ),
        why="A leaf adds up what each pass brings.",
    ),
    Exercise(
        "dead_gradient",
        solution="dead_gradient = 1.7 * 0 * 0.9",
        hints=(
            "Three factors: what arrives, the slope of the ReLU at s, and the input of the weight.",
            "The signal is negative. What is the slope of the ReLU there?",
        ),
        wrong=(
            ("dead_gradient = 1.7 * 0.9", "The slope of the ReLU is missing."),
            ("dead_gradient = 1.7 * -2.3 * 0.9", "The slope of the ReLU is not s. How steep is max(s, 0) at this s?"),
            ("dead_gradient = 1.7", "That is what arrives at the output. Go on through the ReLU."),
        ),
        why="A factor 0: whatever arrives, nothing gets through.",
    ),
    Exercise(
        "largest_factor",
        solution="largest_factor = (1 / 4) ** 6",
        hints=("One slope for each of these layers. How many are there?", "The slopes are multiplied, not added."),
        wrong=(
            ("largest_factor = (1 / 4) ** 7", "One slope too many: the recursion starts below the slope of layer 7."),
            ("largest_factor = (1 / 4) ** 5", "One slope is missing. Count the layers from 6 down to 1."),
            ("largest_factor = 1 / (4 * 6)", "Each layer multiplies by its slope, so the factors are not added."),
            ("largest_factor = 4**6", "That is how many times smaller it is. As a factor it is below 1."),
        ),
        why="About 1/4000, even if every slope is the largest one. The weights, below 1 as well, do the rest.",
    ),
    named(
        "report_a",
        "zero",
        (
            "What is different between the first and the second pass?",
            "What did the leaves hold before the second pass?",
        ),
        "The second pass adds to the first.",
        overwrite="Then the first pass would be wrong, too, where a Value is used twice.",
        order="Then the first pass would be wrong, too, where paths meet.",
        vanishing="Then the gradients would be small, but right.",
    ),
    named(
        "report_b",
        "overwrite",
        ("What is special about the third formula?", "10 is right: two shares of 5."),
        "u is used twice, and the second share replaces the first.",
        order="Both edges lead from the same node, so neither can come too early. What happens to the two shares?",
        zero="Then a single pass would be right.",
        dead="Then the gradient would be 0.",
    ),
    named(
        "report_c",
        "vanishing",
        ("Is the gradient of the first layer 0?", "Compare the two layers: how many layers may lie between them?"),
        "Small, but not 0, and smaller the farther from the error.",
        dead="Then the gradient would be exactly 0.",
        zero="Then the gradients would be too large, and not too small.",
        equal="Equal units have gradients of the usual size; they are only equal.",
    ),
    named(
        "report_d",
        "dead",
        ("Which factor of the chain rule can be exactly 0?", "Which activation function has a flat part?"),
        "The slope of the ReLU is exactly 0 there.",
        vanishing="Then there would be small numbers among the 17 digits.",
        zero="Then the gradients would be too large.",
        equal="Equal units have gradients of the usual size; they are only equal.",
    ),
)

answer, check, hint = course(*EXERCISES)
