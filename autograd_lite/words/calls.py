"""Which call of which function made each node, at which line, and which variable held it: recorded if asked for."""

import os
import sys
import sysconfig
from collections.abc import Mapping
from inspect import CO_GENERATOR
from itertools import count
from pathlib import Path
from types import CodeType, FrameType
from typing import Any, NamedTuple
from weakref import WeakKeyDictionary

from autograd_lite import value
from autograd_lite.value import Value
from autograd_lite.words.names import PACKAGE, Variable, remember


class Call:
    """One call of a function; two calls of the same function are different.

    Attributes:
        code: the function's code; None for the place where the recording began.
        site: the call that it was made in, and at which line; None for the place where the recording began.
    """

    __slots__ = ("code", "site")

    def __init__(self, code: CodeType | None, site: "Site | None") -> None:
        self.code, self.site = code, site


class Site(NamedTuple):
    """Where a node or a call was made: in a call, at a line."""

    call: Call
    line: int

    def calls(self) -> list["Site"]:
        """Return the calls that were running, each with the line that it was at, from the outermost call inward."""
        sites = [self]
        while sites[-1].call.site is not None:
            sites.append(sites[-1].call.site)
        return sites[::-1]

    def lines(self) -> list[tuple[CodeType, int]]:
        """Return the lines that were running, each with the function it belongs to, from the outermost call inward.

        >>> def double(x):
        ...     return x + x
        >>> with call_sites():
        ...     y = double(Value(1.0))
        >>> [(code.co_name, line - code.co_firstlineno) for code, line in site_of(y).lines()]
        [('double', 1)]
        """
        return [(site.call.code, site.line) for site in self.calls() if site.call.code is not None]


_SITES: "WeakKeyDictionary[Value, Site]" = WeakKeyDictionary()
_FOLDERS = [*(sysconfig.get_path(name) for name in ("stdlib", "purelib", "platlib")), Path(__file__).parents[2] / "nn"]
LIBRARIES = tuple(f"{folder}{os.sep}" for folder in _FOLDERS)
"""Folders of code that is not the user's."""

COMPREHENSIONS = ("<listcomp>", "<setcomp>", "<dictcomp>")
"""Frames of their own; from Python 3.12 on their variables belong to the function."""

_MAKERS = {maker.__code__ for maker in (value.record, value.unary, value.binary, value.constant)}


def site_of(node: Value) -> Site | None:
    """Return where a node was made, or None if that was not recorded, as for leaves."""
    return _SITES.get(node)


class call_sites:  # noqa: N801  used as a function, in `with call_sites():`
    """Record, inside a `with` block, which call of which function makes each node, at which line, and its name.

    A node without a label gets the name of the variable that holds it in the function, and a number if the variable
    holds several nodes in turn. Comprehensions and generators count as part of the function that contains or uses them.
    Outside of the block nothing is stored, and nothing is slower. Inside it, Python calls the recorder at each call of
    a function (`sys.setprofile`, of this thread only), which makes the forward pass about fifteen times as slow.

    >>> x = Value(2.0)
    >>> with call_sites():
    ...     y = x * x
    >>> site_of(y).line, site_of(x)
    (2, None)
    """

    def __enter__(self) -> None:
        self._before = sys.getprofile()
        self._calls = [Call(None, None)]
        self._bound: list[dict[str, tuple[object, int]]] = [{}]
        self._bindings = count()
        sys.setprofile(self._watch)

    def __exit__(self, *_: object) -> None:
        sys.setprofile(self._before)

    def _watch(self, frame: FrameType, event: str, argument: Any) -> None:
        code = frame.f_code
        if event == "return" and code in _MAKERS and type(argument) is Value:
            user: FrameType | None = frame.f_back
            while user is not None and user.f_code.co_filename.startswith(PACKAGE):
                user = user.f_back
            _SITES[argument] = Site(self._calls[-1], user.f_lineno if user else 0)
            names: dict[str, object] = {}
            while user is not None and user.f_code.co_name in COMPREHENSIONS:
                names = {name: thing for name, thing in user.f_locals.items() if name != ".0"} | names
                user = user.f_back
            if user is not None and user.f_code is self._calls[-1].code:
                self._look(user, {**user.f_locals, **names})
        elif event in ("call", "return") and _is_function(code):
            if event == "return":
                self._look(frame, frame.f_locals, at_the_end=True)
                self._calls.pop()
                self._bound.pop()
            elif frame.f_back is not None:
                self._calls.append(Call(code, Site(self._calls[-1], frame.f_back.f_lineno)))
                self._bound.append({})

    def _look(self, frame: FrameType, names: Mapping[str, object], at_the_end: bool = False) -> None:
        """Record what the variables hold that were bound since the last look; at the end, what all of them hold."""
        if frame.f_code.co_filename.startswith(LIBRARIES):
            return
        bound = self._bound[-1]
        for name, thing in list(names.items()):
            is_new = name not in bound or bound[name][0] is not thing
            if is_new:
                bound[name] = thing, next(self._bindings)
            if is_new or at_the_end:
                remember(thing, Variable(len(self._calls), bound[name][1], frame.f_code, name))


def _is_function(code: CodeType) -> bool:
    """Return whether the code is a function of the user's: neither ours, nor a comprehension, nor a generator."""
    is_part = code.co_name.startswith("<") and code.co_name != "<lambda>"
    return not (is_part or code.co_flags & CO_GENERATOR or code.co_filename.startswith(PACKAGE))
