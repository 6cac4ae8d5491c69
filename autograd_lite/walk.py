"""The forward and the backward pass as data: steps that print, the chain rule edge by edge, and all paths to the root.

Three views of one walk: `backward_steps` is the backward pass alone, a `Step` for each edge; `walk_steps` is the whole
walk, a `WalkStep` for each computation, for the seed and for each edge, where it contains the `Step`; and
`step_through` shows these on a page.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from math import prod
from types import MappingProxyType
from typing import Any, Literal, NamedTuple, TypeAlias

from autograd_lite.checks import check_integer, check_positive
from autograd_lite.graph import check_fresh
from autograd_lite.labels import clean
from autograd_lite.primitives import CONSTANT, LEAF
from autograd_lite.value import Step, Value, backward_steps_of, check_value, topological_order
from autograd_lite.words.names import names_of
from autograd_lite.words.notation import UNICODE
from autograd_lite.words.sentences import Writer

Phase: TypeAlias = Literal["leaves", "forward", "seed", "backward", "update", "zero", "again"]
"""The parts of the walk, in their order."""


def backward_steps(root: Value) -> list[Step]:
    """Return the steps of `root.backward()`, edge by edge, in the same order; no gradient is changed.

    Raises:
        RuntimeError: if the graph is stale (see `Value.backward`).

    >>> a = Value(3.0, "a")
    >>> for step in backward_steps(a * a):
    ...     print(step.parent.label, step.slope, step.upstream, step.share, step.total)
    a 3.0 1.0 3.0 3.0
    a 3.0 1.0 3.0 6.0
    """
    return backward_steps_of(topological_order(root))


class WalkStep(NamedTuple):
    """One step of the walk; printed, it is a line of text.

    Attributes:
        phase: "leaves" (their numbers are given), "forward" (a node is computed), "seed" (the derivative of the root
            with respect to itself is 1), or "backward" (the chain rule is applied at an edge). With a learning rate,
            "update" (a leaf takes a step of gradient descent), "zero" (all gradients are set to 0) and "again" (the
            forward pass with the new numbers, in one step) follow.
        parts: the step in names and numbers; of the chain rule, with the local partial derivative and the running total
            after it.
        node: the node that is computed, gets the seed, passes its gradient on, or is updated; None for the leaves and
            where all gradients are set to 0.
        result: the number that the step ends with: the node's data, the seed, or the running total of the parent's
            gradient; None where there is no node.
        step: in the backward phase, the application of the chain rule.
        before: in the backward phase, what the parent had received before this share; None if nothing. In "update" and
            "again", the number before the update.
        number, of: in the backward phase, which of the parent's shares this is, counted from 1, and how many there are.
    """

    phase: Phase
    parts: tuple[str, ...]
    node: Value | None = None
    result: float | None = None
    step: Step | None = None
    before: float | None = None
    number: int = 1
    of: int = 1

    @property
    def text(self) -> str:
        """The parts in one line."""
        return "   ".join(self.parts)

    def __str__(self) -> str:
        return f"{self.phase:<10}{self.text}"


def walk_steps(
    root: Value,
    below: Value | None = None,
    *,
    digits: int = 4,
    update: float | None = None,
    data: Sequence[Value] = (),
) -> list[WalkStep]:
    """Return all steps of the forward and of the backward pass, with the arithmetic of `backward()`.

    No gradient is touched.

    Arguments:
        root: the Value whose gradients are stepped through.
        below: step only through the part of a large graph that this Value was computed from. The derivatives are
            still derivatives of the root, and running totals include what arrives from outside of the part.
        digits: significant digits of the numbers in the text, 1 to 17.
        update: a learning rate; the walk then goes on with a step of gradient descent.
        data: leaves that are not updated, for example inputs and targets.

    Raises:
        TypeError: if root or below is not a Value, digits is not an integer, update is not a number, or data contains
            something other than Values.
        ValueError: if root was not computed from below, digits is not from 1 to 17, or update is not greater than 0 and
            finite.
        RuntimeError: if the graph is stale (see `Value.backward`).

    Equation: dL/dp += dL/dn * dn/dp, at each edge from a node n to its parent p (lecture 14, slide "Computing Partial
    Derivatives").

    >>> a = Value(3.0)
    >>> L = a * a
    >>> for step in walk_steps(L):
    ...     print(step)
    leaves    a = 3
    forward   L = a × a = 3 × 3 = 9
    seed      ∂L/∂L = 1
    backward  ∂L/∂a += ∂L/∂L · ∂L/∂a = 1 × 3 = 3   where ∂L/∂a = a   total 3
    backward  ∂L/∂a += ∂L/∂L · ∂L/∂a = 1 × 3 = 3   where ∂L/∂a = a   total 6
    """
    check_integer("digits", digits, 1, 17)
    order = topological_order(root)
    part = order if below is None else part_below(root, order, below)
    check_fresh(order)
    writer = Writer(names_of(order), root, UNICODE._replace(digits=digits))
    steps = [] if root.op is CONSTANT else backward_steps_of(order)
    walk = walk_of(part, steps, writer)
    return walk if update is None else walk + update_of(part, steps, writer, update, data)


def walk_of(
    part: list[Value], steps: list[Step], writer: Writer, received: Mapping[Value, float] = MappingProxyType({})
) -> list[WalkStep]:
    """Return the walk for given steps of the backward pass.

    Arguments:
        part: the nodes that are walked through, in topological order.
        steps: all steps of the backward pass.
        writer: writes the text.
        received: what nodes had received before the pass.
    """
    top = part[-1]
    leaves = [writer.forward_line(node) for node in part if not node.parents and node in writer.names]
    walk = [WalkStep("leaves", (", ".join(leaves) or "there are none",))]
    walk += [WalkStep("forward", (writer.forward_line(node),), node, node.data) for node in part if node.parents]
    if top.op is CONSTANT:
        return walk  # nothing varies with it
    seed = next((step.total for step in reversed(steps) if step.parent is top), 1.0)
    origin = () if top is writer.root else ("which has come from the rest of the graph",)
    sides = writer.derivative(writer.root, top), writer.number(seed)
    equation = writer.equation(*(writer.form.mark("total", side) for side in sides))
    walk.append(WalkStep("seed", (equation, *origin), top, seed))
    inside = set(part)
    shares = Counter(step.parent for step in steps)
    arrived: Counter[Value] = Counter()
    totals = dict(received)
    for step in steps:
        node, parent = step.node, step.parent
        arrived[parent] += 1
        if node in inside:
            parts, before = writer.backward_parts(step), totals.get(parent)
            walk.append(WalkStep("backward", parts, node, step.total, step, before, arrived[parent], shares[parent]))
        totals[parent] = step.total
    return walk


def update_of(
    part: list[Value], steps: list[Step], writer: Writer, learning_rate: float, data: Sequence[Value]
) -> list[WalkStep]:
    """Return a step of gradient descent: each leaf updated, gradients set to 0, and the forward pass again.

    Equation: w <- w - eta dL/dw (lecture 14, slide "Recall: Gradient Descent for Learning").
    """
    check_positive("update", learning_rate)
    for value in data:
        check_value("data", value)
    totals = {writer.root: 1.0} | {step.parent: step.total for step in steps}
    walk, changed = [], {}
    for leaf in part:
        if leaf.op is LEAF and leaf not in data:
            changed[leaf] = leaf.data - learning_rate * totals[leaf]
            text = writer.update_line(leaf, learning_rate, totals[leaf], changed[leaf])
            walk.append(WalkStep("update", (text,), leaf, changed[leaf], before=leaf.data))
    walk.append(WalkStep("zero", ("all gradients are set to 0; otherwise the next backward pass would add to them",)))
    top = part[-1]
    result = recomputed(part, changed)[top]
    text = f"{writer.name(top)}: {writer.number(top.data)} → {writer.number(result)}"
    return [*walk, WalkStep("again", (text,), top, result, before=top.data)]


def recomputed(
    part: list[Value],
    changed: Mapping[Any, Any],
    compute: Callable[[Value, list[float]], float] = lambda node, arguments: node.op.evaluate(arguments),
) -> dict[Value, float]:
    """Return the numbers of all nodes of a topological order if some leaves have different numbers.

    Arguments:
        compute: computes a node from its arguments.
    """
    numbers: dict[Value, float] = {}
    for node in part:
        arguments = [numbers[parent] for parent in node.parents]
        numbers[node] = compute(node, arguments) if arguments else changed.get(node, node.data)
    return numbers


def part_below(root: Value, order: list[Value], below: Value) -> list[Value]:
    """Return the part of a graph that a Value was computed from, in topological order.

    Arguments:
        order: the whole graph.

    Raises:
        TypeError: if below is not a Value.
        ValueError: if it is not in the graph.
    """
    check_value("below", below)
    if below not in order:
        raise ValueError(
            f"below must be a Value that the root was computed from; {clean(below.label) or below!r} is not one"
        )
    return order if below is root else topological_order(below)


class Path(NamedTuple):
    """One way from a leaf to the root, and the product of the local partial derivatives along it.

    Attributes:
        steps: one for each edge, from the leaf up: `parent` is where the edge starts, `node` where it ends.
    """

    steps: tuple[Step, ...]

    @property
    def product(self) -> float:
        """The product of the slopes of all edges."""
        return float(prod(step.slope for step in self.steps))


def paths(root: Value, leaf: Value, limit: int = 1000) -> list[Path]:
    """List all paths from a leaf to the root; their products add up to d root/d leaf.

    Backward does not walk these paths: it visits each edge once. Their number can double with each node (take
    b = a + a, c = b + b, ...), which is why the chain rule goes by topological order.

    Arguments:
        limit: the largest number of paths to list.

    Raises:
        ValueError: if there are more paths than the limit; the message says how many.
        RuntimeError: if the graph is stale.

    Equation: dL/da is the sum, over all paths from a to L, of the product of the local partial derivatives along the
    path (Bauer 1974, "Computational graphs and rounding error").

    >>> a = Value(1.0, "a"); b = a + a; c = b + b
    >>> [path.product for path in paths(c, a)]
    [1.0, 1.0, 1.0, 1.0]
    """
    check_value("leaf", leaf)
    upward: dict[Value, list[Step]] = {}
    for step in backward_steps(root):
        upward.setdefault(step.parent, []).append(step)  # all lead up to the root, so every way ends there
    ways: dict[Value, int] = {}
    for node in reversed(topological_order(root)):
        ways[node] = 1 if node is root else sum(ways[step.node] for step in upward.get(node, []))
    if ways.get(leaf, 0) > limit:
        name = clean(leaf.label) or "the leaf"
        raise ValueError(
            f"there are {ways[leaf]:,} paths from {name} to the root, more than limit={limit}; backward() needs none "
            "of them, because it visits each edge once"
        )
    complete = [Path(())] if leaf is root else []
    trail: list[Step] = []
    waiting = [(0, step) for step in reversed(upward.get(leaf, []))]
    while waiting:  # each edge with the number of edges before it on its path
        length, step = waiting.pop()
        trail[length:] = [step]
        waiting += [(length + 1, following) for following in reversed(upward.get(step.node, []))]
        if step.node is root:
            complete.append(Path(tuple(trail)))
    return complete
