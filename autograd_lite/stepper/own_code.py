"""A function of the user's in the view: its arguments become leaves, and its lines stand beside the picture."""

import inspect
import math
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from numbers import Real
from textwrap import dedent
from types import CodeType
from typing import Any

from autograd_lite.value import Value
from autograd_lite.words.calls import LIBRARIES, call_sites, site_of
from autograd_lite.words.names import Variable, remember


def call_with(f: Callable[..., Value], arguments: Mapping[str, Any]) -> Value:
    """Call a function with Values, labelled by the names of its parameters, and record the line of each node.

    A result that no variable of the function holds is named after the function.

    Arguments:
        arguments: for each parameter a number, a Value, or a list of them, of any depth; anything else is passed on.

    Raises:
        TypeError: if the function does not take these arguments, or does not return a Value.

    >>> call_with(lambda a, xs: a * xs[1], {"a": 2.0, "xs": [1.0, 4.0]}).parents[1].label
    'xs[1]'
    """
    with call_sites():
        result = f(**{name: _leaves(argument, name) for name, argument in arguments.items()})
    name = getattr(f, "__name__", repr(f))
    if not isinstance(result, Value):
        raise TypeError(f"the function {name} must return a Value, not {type(result).__name__}: {result!r:.80}")
    remember(result, Variable(math.inf, 0, None, name))
    return result


def _leaves(argument: Any, name: str) -> Any:
    if isinstance(argument, Real) and not isinstance(argument, bool):
        return Value(argument, name)
    if isinstance(argument, list | tuple):
        return [_leaves(entry, f"{name}[{place}]") for place, entry in enumerate(argument)]
    return argument


def sources_of(nodes: Iterable[Value]) -> tuple[list[dict[str, Any]], list[list[tuple[int, int]]]]:
    """Return the functions that made the nodes, and for each node the lines that were running, as far as recorded.

    Returns:
        The name, the number of the first line and the lines of each function; and for each node pairs of a function's
        position in that list and the number of a line, counted from its first, from the outermost call inward.

    >>> def double(x):
    ...     return x + x
    >>> sources_of([call_with(double, {"x": 1.0})])
    ([{'name': 'double', 'first': 1, 'lines': ['def double(x):', '    return x + x']}], [[(0, 1)]])
    """
    sources: list[dict[str, Any]] = []

    @cache
    def position(code: CodeType) -> int | None:
        if code.co_filename.startswith(LIBRARIES):
            return None
        try:
            lines, first = inspect.getsourcelines(code)
        except OSError:  # there is no source, for example of what `exec` ran
            return None
        sources.append({"name": code.co_name, "first": first, "lines": dedent("".join(lines)).rstrip().split("\n")})
        return len(sources) - 1

    marks = []
    for node in nodes:
        site = site_of(node)
        places = [(position(code), line - code.co_firstlineno) for code, line in site.lines()] if site else []
        marks.append([(source, line) for source, line in places if source is not None])
    return sources, marks
