"""Support for graphs: stale numbers, copies and pickles, and the guard while tracing.

None of this concerns derivatives, so it is not in `value.py`.
"""

import reprlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NoReturn, TypeAlias

from autograd_lite.labels import clean
from autograd_lite.primitives import Primitive

Node: TypeAlias = Any
"""A `Value`, which cannot be imported here because `value.py` imports this module."""

# Stale numbers: a node keeps the time at which its number was computed or changed


class Clock:
    """A count of changes, used as the time: a leaf was changed, or a graph was recomputed by `forward`.

    A node is stale if one of its parents has a later time than the node itself.
    """

    def __init__(self) -> None:
        self.now = 0
        self._lock = threading.Lock()

    def tick(self) -> int:
        """Return the next time, which is unique to one change."""
        with self._lock:
            self.now += 1
            return self.now


CLOCK = Clock()

CHANGED_AFTERWARDS = -1
"""The time of a result whose number was set by the user, so that it is older than anything it was computed from."""


def is_stale(node: Node) -> bool:
    """Return whether a number that this node was computed from has changed since.

    >>> from autograd_lite import Value
    >>> x = Value(2.0)
    >>> y = x * x
    >>> x.data = 3.0
    >>> is_stale(y)
    True
    """
    return any(parent._time > node._time for parent in node.parents)


def check_fresh(order: list[Node]) -> None:
    """Check that no node is stale, so that the slopes belong to the forward pass.

    Raises:
        RuntimeError: if a number was changed.
    """
    for node in order:
        if is_stale(node):
            raise stale_error(node)


def stale_error(node: Node) -> RuntimeError:
    """Return the error that names a stale node."""
    return RuntimeError(
        f"the graph is stale: the data of a Value was changed after {describe(node)} (the old result) was computed "
        "from it; call forward() on the root first, or build the expression again"
    )


def describe(node: Node) -> str:
    """Describe a node for messages: its label, its operation, its arguments and its number.

    >>> from autograd_lite import Value
    >>> describe(Value(2.0, label="a") * 3)
    'multiply(a=2.0, 3.0) = 6.0'
    """
    arguments = [
        f"{clean(parent.label)}={parent._data}" if parent.label else str(parent._data) for parent in node.parents[:4]
    ]
    more = ["..."] if len(node.parents) > len(arguments) else []
    label = f"{clean(node.label)!r} = " if node.label else ""
    return f"{label}{node.op.name}({', '.join(arguments + more)}) = {node._data}"


# Errors for those who come from other engines


def label_error(label: object, *others: object) -> TypeError:
    """Return the error for a label that is not text, or for more arguments than a Value takes."""
    if isinstance(label, str):
        return TypeError(
            f"Value takes a number and a label, but received {len(others)} more arguments: {reprlib.repr(others)}"
        )
    hint = "; an operation records its parents and its name by itself" if isinstance(label, tuple | set) else ""
    return TypeError(f"label must be text, not {type(label).__name__}: {reprlib.repr(label)}{hint}")


def elsewhere(advice: str) -> property:
    """Return a property for a name that other engines use here; its error says what to write instead."""

    def refuse(*_: object) -> NoReturn:
        raise AttributeError(advice)

    return property(refuse, refuse, doc=f"Not an attribute: {advice}.")


# Copies and pickles: parents come first, so even a deep graph needs no recursion


def copy_graph(order: list[Node], memo: dict[int, Any]) -> None:
    """Copy the nodes of a topological order into `memo`, which maps the `id` of each original to its copy."""
    for node in order:
        if id(node) not in memo:
            copy = restore_node(type(node), node.op, node._data, node._grad, node.label)
            copy._set_parents(tuple([memo[id(parent)] for parent in node.parents]))
            copy._time = node._time
            memo[id(node)] = copy


def reduce_graph(order: list[Node]) -> tuple[Any, ...]:
    """Return what `pickle` stores for the last node of a topological order: its leaves, and a row for each result.

    Raises:
        RuntimeError: if the graph is stale, because times are valid only in this process.
    """
    check_fresh(order)
    root = order[-1]
    if root.level == 0:
        return restore_node, (type(root), root.op, root._data, root._grad, root.label)
    index = {node: position for position, node in enumerate(order)}
    leaves = [node for node in order if node.level == 0]  # they come first in the order
    rows = [
        (type(node), node.op, node._data, node._grad, node.label, [index[parent] for parent in node.parents])
        for node in order[len(leaves) :]
    ]
    return restore_graph, (leaves, rows)


def restore_node(kind: type[Node], op: Primitive, data: float, grad: float | None, label: str) -> Node:
    """Return a node without parents."""
    node = kind(data)
    node.op, node._grad, node.label = op, grad, label
    return node


def restore_graph(leaves: list[Node], rows: list[tuple[Any, ...]]) -> Node:
    """Return the root of a graph that was pickled."""
    nodes = list(leaves)
    for *attributes, positions in rows:
        node = restore_node(*attributes)
        node._set_parents(tuple([nodes[position] for position in positions]))
        nodes.append(node)
    return nodes[-1]


# The tracing guard: the graph of a traced function is recorded once, and stands for all numbers

TRACING: dict[int, list[str]] = {}
"""For each thread that is tracing a function, the messages about what it was refused."""


class TracingError(TypeError):
    """Raised when a traced graph would depend on the number of a Value, for example where Python branches on it."""


@contextmanager
def tracing() -> Iterator[list[str]]:
    """Refuse this thread access to the numbers of Values, so that what it records holds for all numbers.

    Yields the list of messages about what was refused.

    >>> from autograd_lite import Value
    >>> x = Value(3.0)
    >>> with tracing():
    ...     y = x if x > 0 else -x  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    autograd_lite.graph.TracingError: a Value cannot be asked for its number while a function is traced: here it is ...
    """
    thread = threading.get_ident()
    outer = TRACING.get(thread)
    refused = TRACING[thread] = []
    try:
        yield refused
    finally:
        del TRACING[thread]
        if outer is not None:
            TRACING[thread] = outer


def is_tracing() -> bool:
    """Return whether this thread is tracing a function."""
    return threading.get_ident() in TRACING


def refuse_if_traced(what: str) -> None:
    """Check that this thread is not tracing a function.

    Raises:
        TracingError: if it is; `what` says how the number would be used.
    """
    refused = TRACING.get(threading.get_ident())
    if refused is not None:
        refused.append(
            f"a Value cannot be asked for its number while a function is traced: here {what}. The program would be "
            "frozen to this one number; write a branch with relu, abs, maximum or minimum, and take functions like "
            "sin from autograd_lite, not from math"
        )
        raise TracingError(refused[-1])
