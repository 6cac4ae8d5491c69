"""Which call of which function made each node, and at which line: recorded while asked for, else nothing is stored."""

import sys
from inspect import CO_GENERATOR
from pathlib import Path
from types import CodeType, FrameType
from typing import Any, NamedTuple
from weakref import WeakKeyDictionary

from autograd_lite import value
from autograd_lite.value import Value


class Call:
    """One call of a function; two calls of the same function are different.

    Attributes:
        code: the function's code; None for the place where the recording began.
        caller: the call that it was made in; None for the place where the recording began.
        line: the line of the caller at which it was made.
    """

    __slots__ = ("caller", "code", "line")

    def __init__(self, code: CodeType | None, caller: "Call | None", line: int) -> None:
        self.code, self.caller, self.line = code, caller, line


class Site(NamedTuple):
    """Where a node was made: in a call, at a line."""

    call: Call
    line: int

    def lines(self) -> list[tuple[CodeType, int]]:
        """Return the lines that were running, each with the function it belongs to, from the outermost call inward.

        >>> def double(x):
        ...     return x + x
        >>> with call_sites():
        ...     y = double(Value(1.0))
        >>> [(code.co_name, line - code.co_firstlineno) for code, line in site_of(y).lines()]
        [('double', 1)]
        """
        call, line, lines = self.call, self.line, []
        while call.code is not None and call.caller is not None:
            lines.append((call.code, line))
            call, line = call.caller, call.line
        return lines[::-1]


_SITES: "WeakKeyDictionary[Value, Site]" = WeakKeyDictionary()
_PACKAGE = str(Path(__file__).parent)
_MAKERS = {maker.__code__ for maker in (value.record, value.unary, value.binary, value.constant)}


def site_of(node: Value) -> Site | None:
    """Return where a node was made, or None if that was not recorded, as for leaves."""
    return _SITES.get(node)


class call_sites:  # noqa: N801  used as a function, in `with call_sites():`
    """Record, inside a `with` block, which call of which function makes each node, and at which line.

    Comprehensions and generators are counted to the function that contains or uses them. Outside of the block nothing
    is stored, and nothing is slower. Inside it, Python calls the recorder at each call of a function (`sys.setprofile`,
    of this thread only), which makes the forward pass about ten times as slow.

    >>> x = Value(2.0)
    >>> with call_sites():
    ...     y = x * x
    >>> site_of(y).line, site_of(x)
    (2, None)
    """

    def __enter__(self) -> None:
        self._before = sys.getprofile()
        self._calls = [Call(None, None, 0)]
        sys.setprofile(self._watch)

    def __exit__(self, *_: object) -> None:
        sys.setprofile(self._before)

    def _watch(self, frame: FrameType, event: str, argument: Any) -> None:
        code = frame.f_code
        if event == "return" and code in _MAKERS and type(argument) is Value:
            user: FrameType | None = frame.f_back
            while user is not None and user.f_code.co_filename.startswith(_PACKAGE):
                user = user.f_back
            _SITES[argument] = Site(self._calls[-1], user.f_lineno if user else 0)
        elif event in ("call", "return") and _is_function(code):
            if event == "return":
                self._calls.pop()
            elif frame.f_back is not None:
                self._calls.append(Call(code, self._calls[-1], frame.f_back.f_lineno))


def _is_function(code: CodeType) -> bool:
    """Return whether the code is a function of the user's: neither ours, nor a comprehension, nor a generator."""
    is_part = code.co_name.startswith("<") and code.co_name != "<lambda>"
    return not (is_part or code.co_flags & CO_GENERATOR or code.co_filename.startswith(_PACKAGE))
