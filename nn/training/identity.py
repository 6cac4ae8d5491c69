"""The identity of what a run depends on, by which a checkpoint can tell whether another run wrote it.

Data are compared by their numbers. A function is compared by what it does: its code with the constants and functions in
it, its defaults, and the values of the enclosing and global variables that it reads. A user-defined class is compared
by its methods and constants, and an object by its class and its state. What is installed, for example a function of
NumPy or of this package, is compared by its name.
"""

import dis
import hashlib
import sys
from collections.abc import Iterable, Iterator
from types import CellType, CodeType, EllipsisType, FunctionType, MethodType, ModuleType
from typing import Any

import numpy as np

PLAIN = {type(None), bool, int, float, complex, str, bytes, range, slice, EllipsisType}
INSTALLED = {*sys.stdlib_module_names, "numpy", "autograd_lite", "nn"}


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
        description = repr(_describe(thing, {id(one): (number, one) for number, one in enumerate(known)}))
    except Exception as error:  # whatever an object raises when it is asked for its state
        raise TypeError(
            f"{argument} must be data and functions that a checkpoint can compare; received {thing!r:.200} ({error})"
        ) from error
    return hashlib.sha256(description.encode()).hexdigest()[:16]


def _describe(thing: Any, numbers: dict[int, tuple[int, Any]]) -> Any:
    """Describe a thing by nested lists of texts.

    Arguments:
        thing: what to describe.
        numbers: the functions, classes and objects that were met before, by id; they are described once, so that they
            may refer to themselves. They are kept here, so that no other object gets their id.
    """

    def each(things: Iterable[Any]) -> list[Any]:
        return [_describe(one, numbers) for one in things]

    thing = thing.item() if isinstance(thing, np.generic) else thing
    kind = type(thing).__qualname__
    if type(thing) in PLAIN:
        return kind, repr(thing)
    if isinstance(thing, list | tuple):
        return kind, each(thing)
    if isinstance(thing, set | frozenset):
        return kind, sorted(map(repr, each(thing)))
    if isinstance(thing, dict):
        return kind, each(thing.items())
    if isinstance(thing, np.ndarray) and thing.dtype != object:
        return kind, thing.dtype.str, thing.shape, hashlib.sha256(thing.tobytes()).hexdigest()
    if isinstance(thing, CodeType):
        parameters = thing.co_argcount, thing.co_kwonlyargcount, thing.co_flags
        return parameters, thing.co_names, thing.co_code, thing.co_exceptiontable, each(thing.co_consts)
    if isinstance(thing, ModuleType):
        return kind, thing.__name__
    if (name := _installed_name(thing)) is not None:
        return kind, name
    if id(thing) in numbers:
        return kind, numbers[id(thing)][0]
    numbers[id(thing)] = len(numbers), thing
    return kind, each(_parts(thing))


def _installed_name(thing: Any) -> str | None:
    """Return the full name of a function or a class of an installed package; None for anything else."""
    module, name = getattr(thing, "__module__", None), getattr(thing, "__qualname__", None)
    if not isinstance(module, str) or not isinstance(name, str):
        return None
    package = sys.modules.get(module.partition(".")[0])
    if module.partition(".")[0] not in INSTALLED and "-packages" not in (getattr(package, "__file__", None) or ""):
        return None
    found: Any = sys.modules.get(module)
    for part in name.split("."):
        found = getattr(found, part, None)
    return f"{module}.{name}" if found is thing else None


def _parts(thing: Any) -> Iterator[Any]:
    """Yield the parts by which a function, a class or an object is compared."""
    if isinstance(thing, MethodType):
        yield from (thing.__func__, thing.__self__)
    elif isinstance(thing, FunctionType):
        yield from (thing.__code__, thing.__defaults__, thing.__kwdefaults__)
        yield [cell.cell_contents for cell in thing.__closure__ or () if cell != CellType()]  # none of them is empty
        names = _global_names(thing.__code__) & thing.__globals__.keys()
        yield [(name, thing.__globals__[name]) for name in sorted(names)]
    elif isinstance(thing, type):
        yield thing.__bases__
        # Without what computes the annotations, in Python 3.14
        attributes = {name: one for name, one in vars(thing).items() if not name.startswith("__annotate")}
        for name, attribute in sorted(attributes.items()):
            function = getattr(attribute, "__func__", getattr(attribute, "fget", attribute))  # of a method, a property
            if isinstance(function, FunctionType) or (type(function) in PLAIN and not name.startswith("__")):
                yield name, function
    elif hasattr(thing, "__wrapped__"):  # for example by functools.cache
        yield from (type(thing), thing.__wrapped__)
    else:  # as pickle and copy take it apart
        state = thing.__reduce_ex__(4)
        if isinstance(state, str):
            if _installed_name(type(thing)) is None:
                raise TypeError(f"{state} is known by its name alone")
            state = type(thing), state
        yield from (list(part) if isinstance(part, Iterator) else part for part in state)


def _global_names(code: CodeType) -> set[str]:
    """Return the names of the global variables that a function or a function inside it reads."""
    inner = (_global_names(constant) for constant in code.co_consts if isinstance(constant, CodeType))
    return {step.argval for step in dis.get_instructions(code) if step.opname == "LOAD_GLOBAL"}.union(*inner)
