"""The usual mistakes of backpropagation, each a row that says what it does to the walk.

A mistake is played on any graph: `wrong_steps` walks its edges as `chain_rule` does, but does one thing wrong. So a
mistake is shown with the numbers that it really leads to, beside the right ones.
"""

import math
from collections.abc import Callable
from dataclasses import MISSING, dataclass, fields, replace
from typing import Any, Literal, NamedTuple

from autograd_lite import primitives as table
from autograd_lite.checks import check_choice, check_integer, check_size
from autograd_lite.explanation import Explanation, Section
from autograd_lite.primitives import CONSTANT, Primitive
from autograd_lite.value import Step, Value, backward_steps_of, chain_rule, topological_order
from autograd_lite.walk import recomputed
from autograd_lite.words.names import names_of
from autograd_lite.words.notation import LATEX, UNICODE, Form
from autograd_lite.words.sentences import Writer


class Edge(NamedTuple):
    """What the chain rule is applied to: the argument of a node at a place, and what its slope is computed from."""

    node: Value
    parent: Value
    place: int
    slope: Any
    """The row's slope for that place: a function of the arguments, or a number."""
    arguments: tuple[float, ...]
    """The result of the node, then its arguments."""

    @property
    def op(self) -> Primitive:
        """The operation of the node."""
        return self.node.op

    def right(self) -> float:
        """Return the local partial derivative."""
        return self.at(*self.arguments)

    def at(self, *arguments: float) -> float:
        """Return the row's slope for a result and arguments that may be others."""
        number: float = self.slope(*arguments) if callable(self.slope) else self.slope
        return number


@dataclass(frozen=True, repr=False)
class Mistake:
    """One mistake: what it does to the walk, in words, and where it shows.

    Attributes:
        name: what `step_through(root, mistake=...)` calls it.
        does: what the wrong backward pass does.
        shows: where the result differs.
        value: computes a node in the forward pass, from its arguments.
        seed: the derivative of the root with respect to itself.
        slope: computes the local partial derivative of an edge.
        share: computes what is passed on at an edge, from the slope.
        total: computes the gradient so far, from what had arrived before and a share.
        order: the order of the visit, from a topological order.
        numbers: which numbers the slopes are computed from: the forward pass's ("forward"), leaves that were
            updated before the pass began ("updated"), or weights that are updated as soon as their gradient is complete
            ("updating").
        keeps_gradients: whether the leaves still have the gradients of an earlier pass.
        rate: computes the factor of the gradient in the update, from the learning rate.
    """

    name: str
    does: str
    shows: str
    value: Callable[[Value, list[float]], float] = lambda node, arguments: node.op.evaluate(arguments)
    seed: float = 1.0
    slope: Callable[[Edge], float] = Edge.right
    share: Callable[[Edge, float], float] = lambda edge, slope: edge.node._adjoint * slope
    total: Callable[[float, float], float] = lambda before, share: before + share
    order: Callable[[list[Value]], list[Value]] = lambda order: order
    numbers: Literal["forward", "updated", "updating"] = "forward"
    keeps_gradients: bool = False
    rate: Callable[[float], float] = lambda rate: rate

    def __repr__(self) -> str:
        return f"<mistake {self.name}: {self.does}>"

    def numbers_of(self, order: list[Value]) -> dict[Value, float]:
        """Return the number of each node of a topological order after the forward pass."""
        return recomputed(order, {}, self.value)

    def kept(self, steps: list[Step]) -> dict[Value, float]:
        """Return the gradients that leaves have before the pass, if an earlier one took these steps."""
        return {step.parent: step.total for step in steps if step.parent.level == 0} if self.keeps_gradients else {}


def first_reached(root: Value, *, breadth: bool = False, backwards: bool = True) -> list[Value]:
    """Return the nodes in the order in which they are first reached from the root, by breadth or by depth.

    Arguments:
        backwards: whether the parents of a node wait in the reverse order.
    """
    waiting, visited = [root], dict[Value, None]()
    while waiting:
        node = waiting.pop(0 if breadth else -1)
        if node not in visited:
            visited[node] = None
            waiting += node.parents[::-1] if backwards else node.parents
    return list(visited)


def _without_sign(edge: Edge) -> float:
    return abs(edge.right()) if edge.op in (table.SUBTRACT, table.NEGATIVE) else edge.right()


def _without_inner_derivative(edge: Edge) -> float:
    return 1.0 if edge.op.arity == 1 and edge.op is not table.NEGATIVE else edge.right()


def _without_exponent(edge: Edge) -> float:
    exponent = edge.arguments[-1]
    is_power = edge.op is table.POWER and edge.place == 0 and exponent != 0
    return edge.right() / exponent if is_power else edge.right()


def _wrong_operand(edge: Edge) -> float:
    if edge.op not in (table.MULTIPLY, table.DIVIDE):
        return edge.right()
    _, a, b = edge.arguments
    return edge.at(edge.op(b, a), b, a)


def _without_bias(edge: Edge) -> float:
    return 0.0 if edge.op is table.ADD and edge.parent.level == 0 else edge.right()


def _without_input(edge: Edge) -> float:
    return 1.0 if edge.op is table.MULTIPLY and edge.parent.level == 0 else edge.right()


def _at_the_output(edge: Edge) -> float:
    result, *_ = edge.arguments
    return edge.at(edge.op(result), result) if edge.op.arity == 1 else edge.right()


def _at_the_input(edge: Edge) -> float:
    return edge.at(edge.arguments[1], edge.arguments[1]) if edge.op.arity == 1 else edge.right()


def _bias_left_out(node: Value, arguments: list[float]) -> float:
    biases = [parent for parent in node.parents if parent.level == 0] if node.op is table.ADD else []
    return _evaluate_without(biases if len(biases) < len(arguments) else [], node, arguments)


def _inputs_left_out(node: Value, arguments: list[float]) -> float:
    others = [parent for parent in node.parents if not _starts_with_leaf(parent)] if node.op is table.ADD else []
    return _evaluate_without(others if len(others) < len(arguments) else [], node, arguments)


def _starts_with_leaf(term: Value) -> bool:
    """Return whether a term of a sum is a leaf, or a sum that begins with one: b + w*x + ... is written with two +."""
    while term.op is table.ADD:
        term = term.parents[0]
    return term.level == 0


def _evaluate_without(terms: list[Value], node: Value, arguments: list[float]) -> float:
    kept = [0.0 if parent in terms else x for parent, x in zip(node.parents, arguments, strict=True)]
    return node.op.evaluate(kept)


MISTAKES: dict[str, Mistake] = {
    mistake.name: mistake
    for mistake in (
        Mistake(
            "overwrite",
            "each contribution replaces the gradient that its Value had received, = instead of +=",
            "where a Value is used more than once",
            total=lambda _before, share: share,
        ),
        Mistake(
            "wrong order",
            "each node is visited as soon as it is reached, before all contributions to its gradient have arrived",
            "where paths of different lengths meet again",
            order=lambda order: first_reached(order[-1])[::-1],
        ),
        Mistake(
            "no zero",
            "the gradients of an earlier backward pass are not set to zero",
            "in every leaf, from the second pass on: here it is the second one",
            keeps_gradients=True,
        ),
        Mistake(
            "stale",
            "the leaves take a step of gradient descent after the forward pass, and the graph is not computed again",
            "where a slope depends on a leaf",
            numbers="updated",
        ),
        Mistake(
            "updated weights",
            "each weight is updated as soon as its gradient is complete, before the gradient goes on through it",
            "in networks with a hidden layer",
            numbers="updating",
        ),
        Mistake(
            "sign of subtraction",
            "the second argument of a difference receives the gradient without the minus sign",
            "where something is subtracted",
            slope=_without_sign,
        ),
        Mistake(
            "no upstream",
            "the local partial derivative is not multiplied by the upstream gradient",
            "below the first operation whose upstream gradient is not 1",
            share=lambda _edge, slope: slope,
        ),
        Mistake(
            "no inner derivative",
            "the derivative of a function, for example of an activation, is left out, as if it were 1",
            "where a function is applied",
            slope=_without_inner_derivative,
        ),
        Mistake(
            "no exponent",
            "the factor n of the power rule, (x^n)' = n x^(n-1), is left out",
            "where something is raised to a power",
            slope=_without_exponent,
        ),
        Mistake(
            "wrong operand",
            "the product rule takes the argument itself, where the other one belongs; the quotient rule likewise",
            "where factors differ",
            slope=_wrong_operand,
        ),
        Mistake(
            "no bias",
            "a leaf that is added, as a bias is, receives no gradient",
            "where a leaf is added",
            slope=_without_bias,
        ),
        Mistake(
            "no input",
            "the gradient of a weight lacks the factor input",
            "where a leaf is a factor of a product",
            slope=_without_input,
        ),
        Mistake(
            "output for input",
            "the derivative of a function is taken at its output, where its input belongs: cos(sin x) for cos x",
            "where a function is applied",
            slope=_at_the_output,
        ),
        Mistake(
            "input for output",
            "a derivative in terms of the output is taken at the input: tanh' = 1 - s^2, where 1 - tanh(s)^2 is right",
            "where a function has its derivative in terms of its output: tanh, sigmoid, exp, sqrt",
            slope=_at_the_input,
        ),
    )
}
"""The mistakes of the backward pass, by name."""

OTHER_MISTAKES: dict[str, Mistake] = {
    mistake.name: mistake
    for mistake in (
        Mistake(
            "bias left out",
            "the forward pass leaves out a leaf or a constant that is added to something computed, as a bias is",
            "where there is a bias",
            value=_bias_left_out,
        ),
        Mistake(
            "inputs left out",
            "the forward pass leaves out what a bias is added to, so that the sum is the bias alone",
            "where there is a bias",
            value=_inputs_left_out,
        ),
        Mistake(
            "sign of the error",
            "the gradient of the negative is taken, as with target minus output in place of output minus target",
            "everywhere",
            seed=-1.0,
        ),
        Mistake(
            "ascent",
            "the update adds the gradient, where it is subtracted",
            "in the update",
            rate=lambda rate: -rate,
        ),
        Mistake(
            "no learning rate",
            "the update subtracts the gradient without the factor learning rate",
            "in the update",
            rate=lambda rate: 1.0,
        ),
    )
}
"""The mistakes in the forward pass, at the seed, and in the update, by name."""


def wrong_steps(root: Value, mistake: str, learning_rate: float = 0.1) -> list[Step]:
    """Return the steps of a backward pass with a mistake, in the order in which it takes them.

    Arguments:
        root: the Value whose gradients are computed.
        mistake: its name, one of `MISTAKES`.
        learning_rate: of the step of gradient descent in the mistakes "stale" and "updated weights".

    Raises:
        TypeError: if root is not a Value.
        ValueError: if there is no such mistake.
        RuntimeError: if the graph is stale (see `Value.backward`).

    >>> a = Value(3.0, "a")
    >>> [step.total for step in wrong_steps(a * a, "overwrite")]
    [3.0, 3.0]
    """
    order = topological_order(root)
    return play(order, mistake_called(mistake), backward_steps_of(order), learning_rate)


def mistake_called(name: str) -> Mistake:
    """Return the mistake of that name.

    Raises:
        ValueError: if there is none.
    """
    check_choice("mistake", name, list(MISTAKES))
    return MISTAKES[name]


def play(order: list[Value], mistake: Mistake, right_steps: list[Step], learning_rate: float = 0.1) -> list[Step]:
    """Return the steps of `wrong_steps` for a topological order and the steps without a mistake."""
    right = {step.parent: step.total for step in right_steps}
    once = replace(mistake, keeps_gradients=False)  # what else is wrong was wrong in the earlier pass, too
    kept = mistake.kept(play(order, once, right_steps, learning_rate)) if mistake.keeps_gradients else {}
    numbers = mistake.numbers_of(order)
    steps: list[Step] = []

    def updated(leaf: Value, edge: Edge) -> float:
        """Return the number of a leaf after a step of gradient descent."""
        if leaf.level > 0 or leaf.op is CONSTANT:
            return numbers[leaf]
        gradient = right[leaf]
        if mistake.numbers == "updating":  # what has arrived, and what arrives from the other places of this node
            slopes = edge.op.slopes_of(len(edge.node.parents))
            shares = [
                edge.node._adjoint * edge._replace(slope=slopes[place]).right()
                for place in range(edge.place, len(slopes))
                if edge.node.parents[place] is leaf
            ]
            gradient = sum(shares, leaf._adjoint or 0.0)
        return leaf.data - learning_rate * gradient

    def at_edge(node: Value, place: int, parent: Value, rule: Any, _arguments: tuple[Any, ...]) -> None:
        if parent.op is CONSTANT:
            return
        edge = Edge(node, parent, place, rule, (numbers[node], *[numbers[value] for value in node.parents]))
        if mistake.numbers == "updated" or (mistake.numbers == "updating" and parent.level > 0):
            edge = edge._replace(arguments=(numbers[node], *[updated(value, edge) for value in node.parents]))
        slope = mistake.slope(edge)
        share = mistake.share(edge, slope)
        before = kept.get(parent) if parent._adjoint is None else parent._adjoint
        parent._adjoint = share if before is None else mistake.total(before, share)
        steps.append(Step(node, parent, place, slope, node._adjoint, share, parent._adjoint))

    chain_rule(mistake.order(order), mistake.seed, at_edge=at_edge)
    return steps


def combined(first: Mistake, second: Mistake) -> Mistake:
    """Return a mistake that combines both; where both change the same thing, the second wins.

    >>> both = combined(MISTAKES["overwrite"], MISTAKES["no input"])
    >>> a = Value(3.0, "a"); root = a * a
    >>> both.name, [step.total for step in play(topological_order(root), both, [])]
    ('overwrite + no input', [1.0, 1.0])
    """

    def slope(edge: Edge) -> float:
        wrong = second.slope(edge)
        return wrong if differ(wrong, edge.right()) else first.slope(edge)

    ways = [field for field in fields(Mistake) if field.default is not MISSING and field.name != "slope"]
    changed = {way.name: wrong for way in ways if (wrong := getattr(second, way.name)) is not way.default}
    name, does = f"{first.name} + {second.name}", f"{first.does}; and {second.does}"
    shows = f"{first.shows}, and {second.shows}"
    return replace(first, name=name, does=does, shows=shows, slope=slope, **changed)


def differ(a: float, b: float) -> bool:
    """Return whether two numbers differ by more than rounding; two nan do not."""
    return not (math.isclose(a, b, rel_tol=1e-12, abs_tol=0.0) or (math.isnan(a) and math.isnan(b)))


def mistakes(root: Value, *, digits: int = 4, learning_rate: float = 0.1, max_nodes: int = 500) -> Explanation:
    """Set the usual mistakes side by side: which gradients of the leaves each changes, and the step where it begins.

    The arithmetic is that of `backward`, with one thing done wrong; no gradient of the graph is changed. A mistake that
    changes nothing in this graph is left out.

    Arguments:
        root: the Value whose gradients are computed.
        digits: significant digits of the numbers, 1 to 17.
        learning_rate: of the step of gradient descent in the mistakes "stale" and "updated weights".
        max_nodes: the largest number of nodes of the graph.

    Raises:
        TypeError: if root is not a Value, or digits or max_nodes is not an integer.
        ValueError: if the graph has more nodes than max_nodes, or digits is not from 1 to 17.
        RuntimeError: if the graph is stale (see `Value.backward`).

    >>> x = Value(3.0)
    >>> print(mistakes(x * x))
    Mistakes
      overwrite           ∂v₁/∂x = 3     ∂v₁/∂x += ∂v₁/∂v₁ · ∂v₁/∂x = 1 × 3 = 3       total 3, not 6
      no zero             ∂v₁/∂x = 12    ∂v₁/∂x += ∂v₁/∂v₁ · ∂v₁/∂x = 1 × 3 = 3       total 9, not 3
      stale               ∂v₁/∂x = 4.8   ∂v₁/∂x += ∂v₁/∂v₁ · ∂v₁/∂x = 1 × 2.4 = 2.4   total 2.4, not 3
      no input            ∂v₁/∂x = 2     ∂v₁/∂x += ∂v₁/∂v₁ · ∂v₁/∂x = 1 × 1 = 1       total 1, not 3
      sign of the error   ∂v₁/∂x = −6    ∂v₁/∂x += ∂v₁/∂v₁ · ∂v₁/∂x = (−1) × 3 = −3   total −3, not 3
    """
    check_integer("digits", digits, 1, 17)
    order = topological_order(root)
    check_size(len(order), max_nodes, "look at the mistakes in a part of it")
    names, right_steps = names_of(order), backward_steps_of(order)
    right = {(step.node, step.place): step for step in right_steps}
    leaves = {step.parent: step.total for step in right_steps if step.parent.level == 0}
    every = MISTAKES | OTHER_MISTAKES
    played = {name: play(order, mistake, right_steps, learning_rate) for name, mistake in every.items()}

    def lines(form: Form) -> list[tuple[str, ...]]:
        writer = Writer(names, root, form._replace(digits=digits))
        rows: list[tuple[str, ...]] = []
        for name, steps in played.items():
            wrong = {step.parent: step.total for step in steps}
            changed = [
                writer.equation(writer.derivative(root, leaf), writer.number(wrong[leaf]))
                for leaf, gradient in leaves.items()
                if differ(wrong[leaf], gradient)
            ]
            first = next((step for step in steps if differ(step.total, right[step.node, step.place].total)), None)
            if first is not None:
                symbols, _, total = writer.backward_parts(first)
                instead = form.word.format("not") + writer.number(right[first.node, first.place].total)
                rows.append((form.word.format(name).rstrip(), ", ".join(changed), symbols, f"{total}, {instead}"))
        return rows

    header = ("mistake", "wrong gradients", "the first wrong step", "its total")
    return Explanation(*[[Section("Mistakes", header, lines(form))] for form in (UNICODE, LATEX)])
