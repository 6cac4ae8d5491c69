"""The whole walk over a graph as steps that print: the forward pass, the seed, and the chain rule edge by edge."""

from collections.abc import Iterator
from typing import Literal, NamedTuple, TypeAlias

from autograd_lite.checks import check_integer
from autograd_lite.graph import check_fresh
from autograd_lite.labels import clean
from autograd_lite.primitives import CONSTANT
from autograd_lite.steps import node_names
from autograd_lite.value import Step, Value, backward_steps_of, check_value, topological_order
from autograd_lite.words.sentences import Writer

Phase: TypeAlias = Literal["leaves", "forward", "seed", "backward"]
"""The parts of the walk, in their order."""

PHASES: tuple[Phase, ...] = ("leaves", "forward", "seed", "backward")


class Contribution(NamedTuple):
    """One application of the chain rule, and how it adds to what its parent has received.

    Attributes:
        step: the arithmetic: node, parent, slope, upstream, share and total.
        place: which argument of the node the parent is here, from 0.
        before: the running total before this share came; None if it is the first.
        number, of: that it is the first, second, ... of so many contributions to the parent's gradient.
    """

    step: Step
    place: int
    before: float | None
    number: int
    of: int


class TraceStep(NamedTuple):
    """One step of the walk; printed, it is a line of text.

    Attributes:
        phase: "leaves" (their numbers are given), "forward" (a node is computed), "seed" (the derivative of the root
            with respect to itself is 1), or "backward" (the chain rule is applied at an edge).
        node: the node that is computed, gets the seed, or passes its gradient on; None for the leaves.
        result: the number that the step gives: the node's data, the seed, or the running total of the parent's
            gradient; None for the leaves.
        contribution: in the backward phase, the application of the chain rule.
        text: the step in names and numbers.
    """

    phase: Phase
    node: Value | None
    result: float | None
    contribution: Contribution | None
    text: str

    def __str__(self) -> str:
        return f"{self.phase:<10}{self.text}"


def steps(root: Value, below: Value | None = None, *, digits: int = 6) -> list[TraceStep]:
    """All steps of the forward and of the backward pass, with the arithmetic of `backward()`; no gradient is touched.

    Arguments:
        root: the Value whose gradients are stepped through.
        below: of a large graph, only the part that this Value was computed from. The derivatives are still those of the
            root, and running totals include what arrives from outside of the part.
        digits: significant digits of the numbers in the text, 1 to 17.

    Raises:
        TypeError: if root or below is no Value, or digits no whole number.
        ValueError: if root was not computed from below, or digits is not from 1 to 17.
        RuntimeError: if the graph is stale (see `Value.backward`).

    Equation: dL/dp += dL/dn * dn/dp, at each edge from a node n to its parent p (lecture 14, slide "Computing Partial
    Derivatives").

    >>> a = Value(3.0, "a")
    >>> L = a * a; L.label = "L"
    >>> for step in steps(L):
    ...     print(step)
    leaves    a = 3.0
    forward   L = a * a = 3.0 * 3.0 = 9.0
    seed      dL/dL = 1.0
    backward  dL/da += dL/dL * dL/da = 1.0 * 3.0 = 3.0   where dL/da = a   total 3.0
    backward  dL/da += dL/dL * dL/da = 1.0 * 3.0 = 3.0   where dL/da = a   total 6.0
    """
    check_integer("digits", digits, 1, 17)
    order = topological_order(root)
    part = order if below is None else part_below(root, order, below)
    check_fresh(order)
    top = part[-1]
    writer = Writer(node_names(order), root, digits)
    leaves = [writer.forward_line(node) for node in part if not node.parents and node in writer.names]
    walk = [TraceStep("leaves", None, None, None, ", ".join(leaves) or "there are none")]
    for node in part:
        if node.parents:
            walk.append(TraceStep("forward", node, node.data, None, writer.forward_line(node)))
    if top.op is CONSTANT:
        return walk  # nothing varies with it
    seed, contributions = chain_rule_below(order, part)
    origin = "" if top is root else "   which has come from the rest of the graph"
    sentence = f"{writer.derivative(root, top)} = {writer.number(seed)}{origin}"
    walk.append(TraceStep("seed", top, seed, None, sentence))
    formulas: dict[Value, Iterator[str]] = {}
    for contribution in contributions:
        step = contribution.step
        if step.node not in formulas:
            formulas[step.node] = writer.slopes(step.node)
        parts = writer.backward_parts(step, next(formulas[step.node]))
        walk.append(TraceStep("backward", step.node, step.total, contribution, "   ".join(parts)))
    return walk


def part_below(root: Value, order: list[Value], below: Value) -> list[Value]:
    """The part of a graph that a Value was computed from, in topological order.

    Arguments:
        order: the whole graph.

    Raises:
        TypeError: if below is no Value.
        ValueError: if it is not in the graph.
    """
    check_value("below", below)
    if below not in order:
        raise ValueError(
            f"below must be a Value that the root was computed from; {clean(below.label) or below!r} is not one"
        )
    return order if below is root else topological_order(below)


def chain_rule_below(order: list[Value], part: list[Value]) -> tuple[float, list[Contribution]]:
    """The gradient that arrives at the last node of a part, and the contributions within the part, in their order."""
    inside = set(part)
    totals: dict[Value, float] = {}
    arrived: dict[Value, int] = {}
    found: list[tuple[Step, float | None, int]] = []

    for step in backward_steps_of(order):
        if step.parent in inside:
            arrived[step.parent] = arrived.get(step.parent, 0) + 1
            if step.node in inside:
                found.append((step, totals.get(step.parent), arrived[step.parent]))
            totals[step.parent] = step.total

    places: dict[Value, Iterator[int]] = {}
    contributions = []
    for step, before, number in found:
        if step.node not in places:  # constants receive no gradient, so their edges have no step
            places[step.node] = iter([p for p, parent in enumerate(step.node.parents) if parent.op is not CONSTANT])
        place = next(places[step.node])
        contributions.append(Contribution(step, place, before, number, arrived[step.parent]))
    return totals.get(part[-1], 1.0), contributions
