"""The identity of what a run depends on, by which a checkpoint can tell whether another run wrote it.

Data are compared by their numbers. A function is compared by what it does: its instructions with the constants and
functions in them, its defaults, and the values of the enclosing and global variables that it reads; not by its lines,
comments and docstring. A user-defined class is compared by its attributes, an object by its class and its state, and a
user-defined module by the attributes that the code names. What is installed, for example a function of NumPy
or of this package, is compared by its name.

A function that looks up variables or modules by name, with `eval`, `globals` or `import_module`, is refused. Files, the
clock, global generators of random numbers, and attributes whose names are put together while a function runs are not
seen. Functions that compute the same may count as different, for example by an `else: pass`, or if enclosed variables
were renamed so that their alphabetical order changed; in Python 3.12 also by the lines of a comprehension, which it
compiles in another way.
"""

import builtins
import copyreg
import dis
import functools
import hashlib
import os
import re
import sys
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from types import CellType, CodeType, EllipsisType, FunctionType, MappingProxyType, MethodType, ModuleType
from typing import Any

import numpy as np

from autograd_lite import Value, topological_order

PLAIN = {type(None), bool, int, float, complex, str, bytes, range, slice, EllipsisType}
PARTS: dict[type, tuple[str, ...]] = {
    MethodType: ("__func__", "__self__"),
    classmethod: ("__func__",),
    staticmethod: ("__func__",),
    property: ("fget", "fset", "fdel"),
    functools.cached_property: ("func",),
    type(functools.cache(len)): ("__wrapped__",),
}
"""What holds functions, and the attributes by which it is compared."""

DISPATCHER: Any = functools.singledispatch(len)
"""A function that chooses another by the type of its argument; all of them have the same code."""

INSTALLED = {"numpy", "autograd_lite", "nn"}
"""Packages that are compared by name wherever they are, as are those in the folders of Python and of pip."""


def digest(argument: str, thing: Any, *known: Any) -> str:
    """Return a hash that is the same, in every process, for equal data and for functions of the same code.

    Arguments:
        argument: its name, for the error.
        thing: numbers, arrays, functions, or lists and objects of them.
        known: objects that may occur in it, and count as the same whatever their state.

    Raises:
        TypeError: naming the argument, if something in it has no state that can be compared, for example an open file.

    >>> first, renamed, other = (lambda t: 1 / (1 + t)), (lambda step: 1 / (1 + step)), (lambda t: 1 / (2 + t))
    >>> digest("rate", first) == digest("rate", renamed), digest("rate", first) == digest("rate", other)
    (True, False)
    """
    try:
        description = repr(list(_Description(known).whole(thing)))
    except Exception as error:  # whatever an object raises when it is asked for its state
        raise TypeError(
            f"{argument} must be data and functions that a checkpoint can compare; received {thing!r:.200} ({error})"
        ) from error
    return hashlib.sha256(description.encode()).hexdigest()[:16]


class _Description:
    """A description by nested lists of texts.

    Attributes:
        numbers: the functions, classes and objects that were met before, by id; they are described once, so that they
            may refer to themselves. They are kept here, so that no other object gets their id.
        names: the names and texts in all code and data that was met; any of them may be an attribute of a module.
        modules: the modules that were met, by name.
        functions: the names of the installed functions and classes that were met.
    """

    def __init__(self, known: Iterable[Any]) -> None:
        self.numbers = {id(one): (number, one) for number, one in enumerate(known)}
        self.names: set[str] = set()
        self.modules: dict[str, ModuleType] = {}
        self.functions: set[str] = set()

    def whole(self, thing: Any) -> Iterator[Any]:
        """Yield the description of a thing, then of what it may read of user-defined modules, and so on."""
        yield self.of(thing)
        done: set[tuple[str, str]] = set()
        while new := {(m, name) for m in self.modules for name in self.names & vars(self.modules[m]).keys()} - done:
            done |= new
            yield [(m, name, self.of(vars(self.modules[m])[name])) for m, name in sorted(new) if not _is_installed(m)]
        read = self.functions | {f"{m}.{name}" for m, name in done} | {f"any.{name}" for name in self.names}
        if unseen := read & UNSEEN:
            raise TypeError(
                f"{min(unseen).removeprefix('any.')} reads variables or modules that its code does not name"
            )

    def of(self, thing: Any) -> Any:
        """Describe a thing."""
        thing = thing.item() if isinstance(thing, np.generic) else thing
        thing = dict(thing) if isinstance(thing, MappingProxyType) else thing
        kind = type(thing).__qualname__
        if isinstance(thing, str):
            self.names.add(thing)
        if type(thing) in PLAIN:
            return kind, repr(thing)
        if type(thing) in {list, tuple}:
            return kind, self.each(thing)
        if type(thing) in {set, frozenset}:
            return kind, sorted(map(repr, self.each(thing)))
        if type(thing) is dict:
            return kind, self.each(thing.items())
        if type(thing) is np.ndarray and thing.dtype != object:
            return kind, thing.dtype.str, thing.shape, hashlib.sha256(thing.tobytes()).hexdigest()
        if isinstance(thing, CodeType):
            return self.of_code(thing)
        if isinstance(thing, ModuleType):
            self.modules[thing.__name__] = thing
            return kind, thing.__name__
        if (name := _installed_name(thing)) is not None:
            self.functions.add(name)
            return kind, name
        if id(thing) in self.numbers:
            return kind, self.numbers[id(thing)][0]
        self.numbers[id(thing)] = len(self.numbers), thing
        return kind, self.each(_parts(thing))

    def of_code(self, code: CodeType) -> Any:
        """Describe the code of a function; a jump by the place in the list of instructions that it leads to."""
        bytecode, steps = dis.Bytecode(code), []
        for step in bytecode:
            name = step.opname.replace("_BORROW", "")  # which makes no difference, and stands in one of a pair only
            argument = self.of(step.argval) if step.opcode in NAMES_AND_CONSTANTS else step.arg
            pair = re.fullmatch("(LOAD_FAST|STORE_FAST)_(LOAD_FAST|STORE_FAST)", name)  # joined if on one line
            halves = zip(pair.groups(), divmod(step.arg or 0, 16), strict=True) if pair else [(name, argument)]
            if name not in WITHOUT_EFFECT:
                steps += [(*half, step) for half in halves]
        offsets = [step.offset for *_, step in steps]
        parts = [
            (name, bisect_left(offsets, step.argval) if step.opcode in JUMPS else argument)
            for name, argument, step in steps
        ]
        handlers = [
            (*[bisect_left(offsets, offset) for offset in entry[:3]], *entry[3:])
            for entry in bytecode.exception_entries  # type: ignore[attr-defined]  # start, end, target, ...
        ]
        parameters = code.co_argcount, code.co_posonlyargcount, code.co_kwonlyargcount, code.co_flags & 0xFFF
        tuples = [constant for constant in code.co_consts if isinstance(constant, tuple)]  # names of arguments
        return parameters, parts, handlers, self.each(tuples)

    def each(self, things: Iterable[Any]) -> list[Any]:
        """Describe all of them."""
        return [self.of(one) for one in things]


NAMES_AND_CONSTANTS = {*dis.hasname, *dis.hasconst}
"""The instructions whose argument stands in a table of the code, where its place depends on the docstring."""

JUMPS = {*dis.hasjrel, *dis.hasjabs}
WITHOUT_EFFECT = {"EXTENDED_ARG", "NOP"}
"""Instructions that are only more digits of another one's argument, or that a line without code leaves behind."""

BUILT_IN = {name: vars(builtins)[name] for name in ("eval", "exec", "globals", "__import__")}
UNSEEN = {
    *(f"builtins.{name}" for name in BUILT_IN),
    *("importlib.import_module", "sys.modules", "sys._getframe", "inspect.currentframe", "any.__globals__"),
}
"""What reads variables and modules that the code does not name."""


def _is_installed(module: str) -> bool:
    """Return whether a module belongs to Python or to an installed package, and not to the user."""
    name = module.partition(".")[0]
    package = sys.modules.get(name)
    if name in INSTALLED or name == "__main__" or getattr(package, "__spec__", None) is None:
        return name in INSTALLED
    paths = [Path(path) for path in (getattr(package, "__file__", None), *getattr(package, "__path__", ())) if path]
    library = Path(os.__file__).parent
    return not paths or any(  # a module without a path is built in
        library in path.parents
        or {"site-packages", "dist-packages"} & set(path.parts)
        or path.suffix in {".so", ".pyd"}
        for path in paths
    )


def _installed_name(thing: Any) -> str | None:
    """Return the full name of a function or a class of an installed package; None for anything else."""
    module, name = getattr(thing, "__module__", None), getattr(thing, "__qualname__", None)
    if not isinstance(module, str) or not isinstance(name, str) or not _is_installed(module):
        return None
    found: Any = sys.modules.get(module)
    for part in name.split("."):
        found = getattr(found, part, None)
    return f"{module}.{name}" if found is thing else None


def _parts(thing: Any) -> Iterator[Any]:
    """Yield the parts by which a function, a class or an object is compared."""
    if type(thing) in PARTS:
        yield from (getattr(thing, name) for name in PARTS[type(thing)])
    elif isinstance(thing, FunctionType):
        yield from _parts_of_function(thing)
    elif isinstance(thing, Value):
        yield from ((node.op, node.data, node.parents) for node in topological_order(thing))
    elif isinstance(thing, type):
        yield from (type(thing), thing.__bases__)
        for name, attribute in sorted(vars(thing).items()):
            # But for the cache of an abstract class, and, in Python 3.14, what computes the annotations
            if not name.startswith(("__annotate", "_abc_impl")) and (callable(attribute) or not name.startswith("__")):
                yield name, attribute
    else:  # as pickle and copy take it apart
        reduce = copyreg.dispatch_table.get(type(thing))
        state = reduce(thing) if reduce else thing.__reduce_ex__(4)
        if isinstance(state, str):
            if reduce or _installed_name(type(thing)) is None:
                raise TypeError(f"{state} is known by its name alone")
            state = type(thing), state
        yield from (list(part) if isinstance(part, Iterator) else part for part in state)


def _parts_of_function(function: FunctionType) -> Iterator[Any]:
    if function.__code__ is DISPATCHER.__code__:
        yield vars(function)["registry"]  # and not what it caches
        return
    yield from (function.__code__, function.__defaults__, function.__kwdefaults__, function.__dict__)
    yield [cell.cell_contents for cell in function.__closure__ or () if cell != CellType()]  # none of them is empty
    steps = list(_instructions(function.__code__))
    names = {step.argval for step in steps if step.opname in {"LOAD_GLOBAL", "LOAD_NAME"}}
    read = BUILT_IN | function.__globals__
    yield [(name, read[name]) for name in sorted(names & read.keys())]
    for level, names_in_it, step in zip(steps, steps[1:], steps[2:], strict=False):
        if step.opname == "IMPORT_NAME":
            with suppress(ImportError):
                yield __import__(step.argval, function.__globals__, None, names_in_it.argval, level.argval)


def _instructions(code: CodeType) -> Iterator[dis.Instruction]:
    """Yield the instructions of a function and of the functions inside it."""
    yield from (step for step in dis.get_instructions(code) if step.opname not in WITHOUT_EFFECT)
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _instructions(constant)
