"""The backward pass as data: a step for each application of the chain rule, and a path for each way to the root."""

from collections.abc import Iterable
from itertools import count, islice
from math import prod
from typing import NamedTuple

from autograd_lite.labels import clean
from autograd_lite.primitives import CONSTANT
from autograd_lite.value import Step, Value, backward_steps_of, check_value, topological_order


def backward_steps(root: Value) -> list[Step]:
    """What `root.backward()` does, edge by edge, in its order and with its arithmetic; no gradient is touched.

    Raises:
        RuntimeError: if the graph is stale (see `Value.backward`).

    >>> a = Value(3.0, "a")
    >>> for step in backward_steps(a * a):
    ...     print(step.parent.label, step.slope, step.upstream, step.share, step.total)
    a 3.0 1.0 3.0 3.0
    a 3.0 1.0 3.0 6.0
    """
    return backward_steps_of(topological_order(root))


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
    """All paths from a leaf to the root; their products add up to d root/d leaf.

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
    ways = {root: 1}
    for node in reversed(topological_order(root)):
        if node is not root:
            ways[node] = sum(ways[step.node] for step in upward.get(node, []))
    if ways.get(leaf, 0) > limit:
        name = clean(leaf.label) or "the leaf"
        raise ValueError(
            f"there are {ways[leaf]:,} paths from {name} to the root, more than limit={limit}; backward() needs none "
            "of them, because it visits each edge once"
        )
    complete: list[Path] = []
    path: list[Step] = []
    choices = [iter([] if leaf is root else upward.get(leaf, []))]  # at each node of the path, the edges not yet taken
    if leaf is root:
        complete.append(Path(()))
    while choices:
        for step in choices[-1]:
            path.append(step)
            if step.node is root:
                complete.append(Path(tuple(path)))
            choices.append(iter(upward.get(step.node, [])))
            break
        else:  # no way on from here: one edge back
            choices.pop()
            del path[-1:]
    return complete


def node_names(order: Iterable[Value]) -> dict[Value, str]:
    """A name for each node of a topological order: its label, or v1, v2, ... as in a Wengert list.

    Of nodes that share a label all but the first have a number behind it. A leaf without a label is v0, v-1, ..., and a
    constant without a label is no variable and has no name (Griewank and Walther 2008, section 2.2).

    >>> x, y = Value(2.0), Value(5.0)
    >>> list(node_names(topological_order(x.log() + x * y)).values())
    ['v-1', 'v0', 'v1', 'v2', 'v3']
    """
    order = [node for node in order if node.label or node.op is not CONSTANT]
    taken = {clean(node.label) for node in order}
    unnamed_leaves = sum(1 for node in order if not node.label and not node.parents)
    free_inputs = (name for number in count(0, -1) if (name := f"v{number}") not in taken)
    inputs = reversed(list(islice(free_inputs, unnamed_leaves)))  # ..., v-1, v0
    results = (name for number in count(1) if (name := f"v{number}") not in taken)
    names: dict[Value, str] = {}
    given: set[str] = set()
    for node in order:
        name = clean(node.label) or next(results if node.parents else inputs)
        number = 2
        while name in given:
            name = f"{clean(node.label)}#{number}"
            number += 1
        given.add(name)
        names[node] = name
    return names
