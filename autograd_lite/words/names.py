"""The names of the nodes of a graph: their labels, else the variables that hold them, else numbers."""

import json
import os
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator
from itertools import count
from pathlib import Path
from types import CodeType
from typing import Any, NamedTuple
from weakref import WeakKeyDictionary

from autograd_lite.labels import clean
from autograd_lite.primitives import CONSTANT
from autograd_lite.value import Value
from autograd_lite.words.lecture import typeset

PACKAGE = f"{Path(__file__).parents[1]}{os.sep}"
"""How the names of this package's files begin."""

HISTORY = ("In", "Out")
"""The variables in which IPython keeps what was typed and what came out."""

MOST_ENTRIES = 10_000
"""A list, tuple, dict or array with more entries is not searched for Values."""


class Variable(NamedTuple):
    """A variable of a function that held a node while the function ran, as `call_sites` records it."""

    depth: float
    """How many calls it was inside; of several names, the one with the fewest is taken."""
    binding: int
    """How often any variable had been bound before."""
    code: CodeType | None
    """The function's code; None if the name is the function's own."""
    name: str
    """The variable, and for an entry of a list its place: W[0][1]."""


HELD: "WeakKeyDictionary[Value, Variable]" = WeakKeyDictionary()
"""The variable that each node is named after, if that was recorded: in the outermost call, the first one."""


def remember(thing: object, variable: Variable) -> None:
    """Record that a variable holds something, which may be a node, or a list of nodes."""
    for name, node in values_in([(variable.name, thing)]):
        if node not in HELD or variable.depth < HELD[node].depth:
            HELD[node] = variable._replace(name=name)


def names_of(order: Iterable[Value]) -> dict[Value, str]:
    """Name each node of a topological order.

    A node is called by its label; else by the variable that holds it where the package was called: a local one before
    a global one, then the first of two, which may be a list, tuple, dict or array of Values, as in W[0][1]; else by the
    variable that held it in a function, if `call_sites` recorded that, with a number if the variable held several nodes
    in turn, as h1, h2, ... in a loop; else x1, x2, ... if it is a leaf, and v1, v2, ... if it is a result. A constant
    with neither label nor variable has no name.
    Of nodes that share a label, all but the first have a number after it; a variable whose name is taken names nothing.
    Names that look the same when they are typeset count as the same.

    >>> from autograd_lite import topological_order
    >>> x, W = Value(2.0), [[Value(5.0), Value(3.0, label="rate")]]
    >>> y = x.log() + W[0][0] * W[0][1] * Value(7.0)
    >>> list(names_of(topological_order(y)).values())
    ['x', 'W[0][0]', 'rate', 'x1', 'v1', 'v2', 'v3', 'y']
    """
    order = list(order)
    names: dict[Value, str] = {}
    taken: set[str] = set()  # as they are typeset

    def take(node: Value, candidates: Iterable[str]) -> None:
        for name in candidates:
            if typeset(name) not in taken:
                taken.add(typeset(name))
                names[node] = name
                return

    for node in order:
        if label := clean(node.label):
            take(node, (f"{label}#{number}" if number > 1 else label for number in count(1)))
    unnamed = set(order) - names.keys()
    for name, node in values_in(_variables()):
        if node in unnamed and node not in names:
            take(node, [name])
    for node, name in _held_names(node for node in order if node not in names):
        take(node, [name])
    inputs, results = (map(f"{letter}{{}}".format, count(1)) for letter in "xv")
    for node in order:
        if node not in names and node.op is not CONSTANT:
            take(node, results if node.parents else inputs)
    return {node: names[node] for node in order if node in names}


def _variables() -> list[tuple[str, object]]:
    """Return the variables where the package was called, the local ones first."""
    frame = sys._getframe()
    while frame.f_code.co_filename.startswith(PACKAGE):
        if frame.f_back is None:
            return []
        frame = frame.f_back
    local = dict(frame.f_locals)
    return [*local.items(), *(each for each in list(frame.f_globals.items()) if each[0] not in local)]


def _held_names(nodes: Iterable[Value]) -> Iterator[tuple[Value, str]]:
    """Yield nodes that variables of functions held, from the outermost call inward, each with its name."""
    held = sorted(((node, HELD[node]) for node in nodes if node in HELD), key=lambda pair: pair[1][:2])
    bindings: dict[tuple[CodeType | None, str], dict[int, int]] = defaultdict(dict)
    for _, variable in held:
        numbers = bindings[variable.code, variable.name.partition("[")[0]]
        numbers.setdefault(variable.binding, len(numbers) + 1)
    for node, variable in held:
        name, bracket, place = variable.name.partition("[")
        numbers = bindings[variable.code, name]
        number = f"{'#' * name[-1].isdigit()}{numbers[variable.binding]}" if len(numbers) > 1 else ""
        yield node, f"{name}{number}{bracket}{place}"


def values_in(variables: Iterable[tuple[str, object]]) -> Iterator[tuple[str, Value]]:
    """Yield the Values that variables hold, also in lists, tuples, dicts and arrays, each with its name."""
    waiting = [
        each for each in [*variables][::-1] if each[0].isidentifier() and each[0][0] != "_" and each[0] not in HISTORY
    ]
    searched: dict[int, Any] = {}  # what has been searched is kept alive, so that nothing else gets its id
    while waiting:
        name, thing = waiting.pop()
        if isinstance(thing, Value):
            yield name, thing
        elif id(thing) not in searched:
            searched[id(thing)] = thing
            entries = [(f"{name}[{key}]", entry) for key, entry in _entries(thing)]
            waiting += entries[::-1]


def _entries(thing: Any) -> Iterator[tuple[str, Any]]:
    """Yield each entry of a list, tuple, dict or array that may be or hold a Value, and how its place is written."""
    numpy: Any = sys.modules.get("numpy")
    if numpy is not None and isinstance(thing, numpy.ndarray) and thing.dtype == object:
        thing = thing.tolist()
    if not (isinstance(thing, list | dict) or type(thing) is tuple) or len(thing) > MOST_ENTRIES:
        return
    for key, entry in list(thing.items()) if isinstance(thing, dict) else enumerate(thing):
        if isinstance(key, str | int) and not isinstance(entry, str | float | int):
            yield clean(json.dumps(key, ensure_ascii=False) if isinstance(key, str) else key), entry
