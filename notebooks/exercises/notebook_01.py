"""The exercises of notebook 01, a number that remembers."""

from collections.abc import Callable, Mapping
from typing import Any

from exercises import Exercise, course


def probe_at(sign: str, *numbers: float) -> Callable[[Callable[..., Any]], Mapping[str, Any]]:
    """Return a probe of an operation: its number, and what it hands on to each input if its own gradient is 3."""

    def probe(operation: Callable[..., Any]) -> dict[str, Any]:
        make = operation.__globals__["TinyValue"]
        inputs = [make(number) for number in numbers]
        out = operation(*inputs)
        if not isinstance(out, make):
            return {f"the type of {sign}": type(out).__name__}
        found = {
            f"the type of {sign}": "TinyValue",
            f"the number of {sign} at {', '.join(map(str, numbers))}": out.data,
        }
        out.grad, waiting, reached = 3.0, [out], set()
        while waiting:  # no node is used twice, so this order will do
            node = waiting.pop()
            node.hand_on()
            waiting += node.parents
            reached.add(id(node))
        found[f"the gradient of {sign}, which was 3, after it has handed on"] = out.grad
        found[f"the number of inputs that {sign} remembers"] = len(reached & set(map(id, inputs)))
        for name, number, node in zip("ab", numbers, inputs, strict=False):
            found[f"whether {name} keeps its number"] = node.data == number
            found[f"{name}.grad, when the gradient of {sign} is 3"] = node.grad
        return found

    return probe


def operator(head: str, number: str, parents: str, *shares: str) -> str:
    """Return the code of an operator in the shape that `TinyValue` has: its number, and what its parents receive."""
    received = "\n".join(f"        {share}" for share in shares)
    return f"""def {head}:
    out = TinyValue({number}, ({parents}))

    def hand_on():
{received}

    out.hand_on = hand_on
    return out"""


NEGATIVE = ("__neg__(self)", "-self.data", "self,")
DIFFERENCE = ("__sub__(self, other)", "self.data - other.data", "self, other")
QUOTIENT = ("__truediv__(self, other)", "self.data / other.data", "self, other")
TANH = ("tanh(self)", "math.tanh(self.data)", "self,")

SLOPE_ALONE = "You hand on the slope alone. The chain rule multiplies it by the gradient of the result."
NO_CLOSURE = (
    "But nothing arrives: is there a closure, does the result hold it, and does it use the gradient of the result?"
)

EXERCISES = (
    Exercise(
        "evaluations",
        solution="evaluations = 2 * 1000",
        hints=(
            "How often does measure call f for one input?",
            "Each weight is a separate input, and shares no evaluation with the others.",
        ),
        wrong=(
            ("evaluations = 1000", "That is one evaluation for each weight. Look at the last line of measure."),
            (
                "evaluations = 1001",
                "That counts one-sided quotients, which share the value in the middle. A central difference has none.",
            ),
            ("evaluations = 2", "That is enough for one weight. Here there are many."),
        ),
        why="And after each step of training all of them are needed again.",
    ),
    Exercise(
        "dy_db",
        solution="dy_db = dy_du * 2  # a is 2",
        hints=(
            "Which line of the table contains b? Its slope, times the derivative of y with respect to the result of that line.",
            "The slope of u with respect to b is the other factor.",
        ),
        wrong=(
            ("dy_db = dy_du * b", "That is the slope of u with respect to a. Which one belongs to b?"),
            ("dy_db = a", "That is the slope of u alone. The chain rule multiplies it by what comes from y."),
            ("dy_db = dy_du + a", "Along a path the chain rule multiplies."),
        ),
        why="The derivative with respect to u serves a second time.",
    ),
    Exercise(
        "dy_dc",
        solution="dy_dc = dy_dv * 1",
        hints=(
            "c stands in the line of v, not in the line of u.",
            "The slope of a sum with respect to each of its terms is 1.",
        ),
        wrong=(
            ("dy_dc = dy_dv * c", "A sum does not multiply by its terms: if c grows by 1, by how much does v grow?"),
            ("dy_dc = 1", "That is the slope of v alone. The chain rule multiplies it by what comes from y."),
            ("dy_dc = dy_dv * u", "That would be the slope of a product. The line of v is a sum."),
        ),
        why="A sum hands on what it receives, to both sides.",
    ),
    Exercise(
        "__neg__",
        solution=operator(*NEGATIVE, "self.receive(out.grad * -1.0)"),
        hints=(
            "Begin with a copy of __pow__, which has one parent too. Two lines change: the number and the slope.",
            "If a grows by 1, then -a falls by 1. So what is multiplied by the gradient of out?",
        ),
        wrong=(
            (
                operator(*NEGATIVE, "self.receive(out.grad)"),
                "Your slope is 1: a then pushes the result up. But if a grows, -a falls.",
            ),
            (operator(*NEGATIVE, "self.receive(-1.0)"), SLOPE_ALONE),
            (
                operator(*NEGATIVE[:2], "", "self.receive(out.grad * -1.0)"),
                "The result must remember its parents: they are the second argument of TinyValue.",
            ),
            (
                operator(*NEGATIVE, "self.receive(out.grad * -1.0)").removesuffix("\n    return out"),
                "The last line is missing: the operator must return the result.",
            ),
            (
                operator(*NEGATIVE, "out.receive(self.grad * -1.0)"),
                "You hand on in the wrong direction: the gradient of the result goes to the parent.",
            ),
            ("def __neg__(self):\n    return TinyValue(-self.data, (self,))", "The number is right. " + NO_CLOSURE),
            *(
                (
                    f"def __neg__(self):\n    return self * {number}",
                    "A TinyValue is multiplied by a TinyValue only. What could stand in place of the plain number?",
                )
                for number in ("-1", "-1.0")
            ),
            (
                operator(*NEGATIVE[:2], "self", "self.receive(out.grad * -1.0)"),
                "The parents are a tuple. (self) is only self: a tuple of one needs a comma.",
            ),
            (
                operator(*NEGATIVE, "self.receive(out.grad * -1.0)").replace("= hand_on", "= hand_on()"),
                "The last parentheses call the function at once. The result should hold the function itself.",
            ),
        ),
        why="One line for the number, one for the slope.",
        probe=probe_at("-a", 2.0),
    ),
    Exercise(
        "__sub__",
        solution="def __sub__(self, other):\n    return self + (-other)",
        hints=(
            "You need no new rule: can you write a - b with an addition and your __neg__?",
            "Or write the closure: a pushes the result up, b pushes it down.",
        ),
        wrong=(
            (
                operator(*DIFFERENCE, "self.receive(out.grad * 1.0)", "other.receive(out.grad * 1.0)"),
                "That is how a sum hands on. If b grows, a - b falls.",
            ),
            (
                "def __sub__(self, other):\n    return other + (-self)",
                "That is b - a. For a - b, Python calls __sub__(a, b): self is the one on the left.",
            ),
            (
                "def __sub__(self, other):\n    return TinyValue(self.data - other.data, (self, other))",
                "The number is right. " + NO_CLOSURE,
            ),
            (operator(*DIFFERENCE, "self.receive(1.0)", "other.receive(-1.0)"), SLOPE_ALONE),
            (operator(*DIFFERENCE, "self.receive(out.grad * 1.0)"), "That is right for a. What does b receive?"),
        ),
        why="Half of a class can be written with the other half.",
        probe=probe_at("a - b", 5.0, 2.0),
    ),
    Exercise(
        "__truediv__",
        solution="def __truediv__(self, other):\n    return self * other**-1",
        hints=(
            "A quotient is a product: a / b = a * (1 / b). Which operation of TinyValue computes 1 / b?",
            "Or write the closure: the slope with respect to a is 1 / b. The other one is negative, with a square below.",
        ),
        wrong=(
            (
                "def __truediv__(self, other):\n    return self * TinyValue(1 / other.data)",
                "The number is right, but 1 / other.data is a plain number: b is forgotten, and receives nothing.",
            ),
            (
                operator(
                    *QUOTIENT,
                    "self.receive(out.grad / other.data)",
                    "other.receive(out.grad * self.data / other.data**2)",
                ),
                "Look at the sign of the second share: if b grows, does a / b grow?",
            ),
            (
                operator(*QUOTIENT, "self.receive(out.grad / other.data)", "other.receive(-out.grad / other.data**2)"),
                "The second share is the one of 1 / b. In a / b it is a times as large.",
            ),
        ),
        why="The quotient rule came by itself, from the product rule and the power rule.",
        probe=probe_at("a / b", 6.0, 2.0),
    ),
    Exercise(
        "tanh",
        solution=operator(*TANH, "self.receive(out.grad * (1 - out.data**2))"),
        hints=(
            "The shape is that of __neg__. The number comes from math.tanh.",
            "The slope is 1 - o * o, where o is the result: its number is already there, as out.data.",
        ),
        wrong=(
            (
                operator(*TANH, "self.receive(out.grad * (1 - self.data**2))"),
                "The slope is 1 - o * o, with o the result of tanh. You squared its argument.",
            ),
            (
                operator(*TANH, "self.receive(out.grad * (1 - out.data))"),
                "The square is missing. Where o is nearly -1 the curve is flat, and your slope would be 2.",
            ),
            (operator(*TANH, "self.receive(1 - out.data**2)"), SLOPE_ALONE),
            (
                operator(*TANH, "self.receive(out.grad * 1 - out.data**2)"),
                "Python multiplies first: only the 1 is multiplied by the gradient. The whole slope should be.",
            ),
            (
                operator(*TANH, "self.receive(out.grad * (1 - out.data^2))"),
                "In Python, ^ is not a power. How does __pow__ write one?",
            ),
            (
                operator(*TANH, "self.receive(out.grad * (1 - out**2))"),
                "out is a TinyValue, but shares are plain numbers. Where does out hold its number?",
            ),
            (
                operator("tanh(self)", "math.tanh(self)", "self,", "self.receive(out.grad * (1 - out.data**2))"),
                "math.tanh takes a plain number. Where does self hold its number?",
            ),
        ),
        why="This one could not be built from the others, so it brings its own slope.",
        probe=probe_at("tanh(a)", 0.5),
    ),
)

answer, check, hint = course(*EXERCISES)
