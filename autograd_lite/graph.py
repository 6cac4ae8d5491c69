"""Support for graphs: stale numbers, copies and pickles, and the guard while tracing.

None of this concerns derivatives, so it is not in `value.py`.
"""

import reprlib
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NoReturn, TypeAlias
from weakref import WeakSet

from autograd_lite.labels import clean

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
        f"{clean(parent.label)}={parent._number}" if parent.label else str(parent._number)
        for parent in node.parents[:4]
    ]
    more = ["..."] if len(node.parents) > len(arguments) else []
    label = f"{clean(node.label)!r} = " if node.label else ""
    return f"{label}{node.op.name}({', '.join(arguments + more)}) = {node._number}"


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


def new_node(kind: type[Node], data: float, parents: tuple[Node, ...], *attributes: Any) -> Node:
    """Return a node with the attributes op, gradient and label."""
    node = kind(data)
    node.op, node._grad, node.label = attributes
    node._set_parents(parents)
    return node


def unknown(root: Node, is_known: Callable[[Node], bool]) -> Iterator[Node]:
    """Yield a node and all that it was computed from, each after its parents, but stop at what is known.

    What was yielded must be known when the next node is asked for.
    """
    waiting = [root]
    while waiting:
        above = [parent for parent in waiting[-1].parents if not is_known(parent)]
        waiting.extend(above)
        if not above:
            node = waiting.pop()
            if not is_known(node):
                yield node


def copy_graph(root: Node, memo: dict[int, Any]) -> None:
    """Copy a node and all that it was computed from into `memo`, which maps the `id` of each original to its copy."""
    for node in unknown(root, lambda node: id(node) in memo):
        parents = tuple([memo[id(parent)] for parent in node.parents])
        copy = memo[id(node)] = new_node(type(node), node._number, parents, node.op, node._grad, node.label)
        copy._time = node._time


class Pickling(threading.local):
    """The nodes that are already in the pickle that this thread is writing.

    `pickle` stores an object once, and then refers to it. Every node refers to PICKLING before anything else, so
    `__reduce__` is called once in each pickle, at its beginning.
    """

    def __init__(self) -> None:
        self.stored: WeakSet[Node] = WeakSet()

    def __reduce__(self) -> str:
        self.stored.clear()
        return "PICKLING"  # the name by which a pickle refers to this object


PICKLING = Pickling()


class Ancestors:
    """All that a node was computed from, as far as the pickle does not hold it yet; stored as a list before the node.

    Without it, a node would store its parents, and these theirs: Python cannot go as deep as a graph.
    """

    def __init__(self, node: Node) -> None:
        self.node = node

    def __reduce__(self) -> tuple[Any, ...]:
        return list, (), None, self.missing()

    def missing(self) -> Iterator[Node]:
        """Yield the ancestors that are not stored, each after its parents."""
        stored = PICKLING.stored
        for node in unknown(self.node, stored.__contains__):
            stored.add(node)
            if node is not self.node:
                yield node


def reduce_node(node: Node) -> tuple[Any, ...]:
    """Return what `pickle` stores for a node.

    Raises:
        RuntimeError: if it is stale, because times are valid only in this process.
    """
    check_fresh([node])
    attributes = type(node), node._number, node.parents, node.op, node._grad, node.label
    return restore_node, (PICKLING, Ancestors(node), *attributes)


def restore_node(_pickling: Pickling, _ancestors: list[Node], *attributes: Any) -> Node:
    """Return a node that was pickled."""
    return new_node(*attributes)


# The tracing guard: the graph of a traced function is recorded once, and stands for all numbers

TRACING: dict[int, list[str]] = {}
"""For each thread that is tracing a function, the messages about what it was refused."""


class TracingError(TypeError):
    """Raised when a traced graph would depend on the number of a Value, for example where Python branches on it."""


@contextmanager
def tracing() -> Iterator[list[str]]:
    """Refuse this thread access to the numbers of Values, so that what it records holds for all numbers.

    Other threads are refused nothing, because they may be training with Values at the same time; so a traced function
    must not read a number in a thread that it starts.

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
