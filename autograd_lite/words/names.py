"""Names of nodes: every node of a graph has one, so that text can speak of it."""

from collections.abc import Iterable
from itertools import count, islice

from autograd_lite.labels import clean
from autograd_lite.primitives import CONSTANT
from autograd_lite.value import Value


def node_names(order: Iterable[Value]) -> dict[Value, str]:
    """Name each node of a topological order: by its label, or v1, v2, ... as in a Wengert list.

    Of nodes that share a label all but the first have a number after it. A leaf without a label is v0, v-1, ..., and a
    constant without a label is not a variable and has no name (Griewank and Walther 2008, section 2.2).

    >>> from autograd_lite.value import topological_order
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
