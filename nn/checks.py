"""Checks of arguments before anything is computed.

An argument of the wrong type raises a TypeError, and a wrong value of the right type a ValueError. NumPy's numbers
are numbers; True and False are not. Every message names the argument, what was expected and what was received.
"""

import contextlib
import math
import os
import reprlib
import sys
import warnings
from collections.abc import Collection, Mapping, Sequence
from dataclasses import fields
from decimal import Decimal
from functools import partial
from numbers import Integral, Real
from pathlib import Path
from typing import Any, NoReturn, TypeAlias

import numpy as np
import numpy.typing as npt

FloatArray: TypeAlias = npt.NDArray[np.float64]

INSIDE = (*(f"{Path(file).parent}{os.sep}" for file in (__file__, np.__file__)), contextlib.__file__)
"""The beginnings of the file names that `warn` passes over: this package, NumPy and contextlib."""


def warn(message: str, category: type[Warning] = UserWarning) -> None:
    """Issue a warning at the line that called this package, however deep inside it the problem was found."""
    frame, level = sys._getframe(1), 2
    while frame.f_back is not None and frame.f_code.co_filename.startswith(INSIDE):
        frame, level = frame.f_back, level + 1
    warnings.warn(message, category, stacklevel=level)


def as_number(
    argument: str,
    number: Any,
    *,
    above: float = -math.inf,
    least: float = -math.inf,
    below: float = math.inf,
    most: float = math.inf,
) -> float:
    """Return a number as a float.

    Raises:
        TypeError: naming the argument, if it is not a real number.
        ValueError: naming the argument, if it is infinite, nan, or out of the range.

    >>> as_number("beta", 0.9, least=0, below=1)
    0.9
    >>> as_number("beta", 1, least=0, below=1)
    Traceback (most recent call last):
    ValueError: beta must be a finite number, at least 0 and less than 1; received 1
    """
    is_number = isinstance(number, int | float | Real) and not isinstance(number, bool)
    if not (is_number and math.isfinite(number) and above < number < below and least <= number <= most):
        bounds = {"greater than": above, "at least": least, "less than": below, "at most": most}
        wanted = " and ".join(f"{words} {bound}" for words, bound in bounds.items() if math.isfinite(bound))
        comma = ", " if wanted else ""
        _refuse(argument, f"a finite number{comma}{wanted}", number, right_type=is_number)
    return float(number)


def as_integer(argument: str, number: Any, *, least: int) -> int:
    """Return an integer as an int.

    Raises:
        TypeError: naming the argument, if it is not an integer; 2.0 is not one.
        ValueError: naming the argument, if it is less than `least`.

    >>> as_integer("patience", 0, least=1)
    Traceback (most recent call last):
    ValueError: patience must be an integer of at least 1; received 0
    """
    is_integer = isinstance(number, Integral) and not isinstance(number, bool)
    if not is_integer or number < least:
        _refuse(argument, f"an integer of at least {least}", number, right_type=is_integer)
    return int(number)


POSITIVE = {"check": partial(as_number, above=0)}
AT_LEAST_0 = {"check": partial(as_number, least=0)}
BETWEEN_0_AND_1 = {"check": partial(as_number, least=0, below=1)}
COUNT = {"check": partial(as_integer, least=1)}
"""Metadata for the fields of a `Checked` dataclass: the check that a field must pass."""


class Checked:
    """A base of dataclasses that check their fields: `epsilon: float = field(default=1e-8, metadata=POSITIVE)`."""

    def __post_init__(self) -> None:
        for one in fields(self):  # type: ignore[arg-type]  # subclasses are dataclasses
            if "check" in one.metadata:
                one.metadata["check"](one.name, getattr(self, one.name))


def as_array(argument: str, numbers: Any, shape: tuple[int, ...] | None = None) -> FloatArray:
    """Return the numbers as a new array of floats; True and False in arrays count as 1 and 0.

    Arguments:
        argument: its name, for messages.
        numbers: nested sequences, an array or a table of numbers. An array of objects is taken if all of them are
            numbers: NumPy makes one of a pandas table whose columns differ in type.
        shape: the shape that it must have; any if None.

    Raises:
        TypeError: naming the argument, if they are not real numbers.
        ValueError: naming the argument, if rows differ in length, entries are masked or missing (pandas.NA), or
            the shape is wrong.

    >>> as_array("x", [1, 2.5])
    array([1. , 2.5])
    >>> as_array("x", np.array([1, 2.5, True], dtype=object))
    array([1. , 2.5, 1. ])
    """
    array = as_plain_array(argument, numbers)
    kinds = set(map(type, array.flat)) if array.dtype == object else {array.dtype.type}
    if np.timedelta64 in kinds or not all(issubclass(kind, Real | Decimal | np.bool_) for kind in kinds):
        missing = any(kind.__name__ == "NAType" for kind in kinds)  # of pandas, which need not be installed
        expected = "real numbers, none of them missing" if missing else "real numbers"
        _refuse(argument, expected, numbers, right_type=missing)
    if shape is not None and array.shape != shape:
        raise ValueError(f"{argument} must have shape {shape}; received {array.shape}")
    try:
        return array.astype(np.float64)
    except OverflowError:
        _refuse(argument, "numbers up to 1.8e308", numbers, right_type=True)


def as_plain_array(argument: str, entries: Any) -> npt.NDArray[Any]:
    """Return numbers, or names, as an array; whatever NumPy makes an array of is taken.

    Raises:
        ValueError: naming the argument, if rows differ in length, or entries are masked.
    """
    if type(entries) is np.ndarray:
        return entries  # in which nothing is masked; each step of an optimizer comes here
    try:  # np.asarray would show what is masked in a list of masked arrays
        array = None if _has_masked(entries) else np.ma.asarray(entries)
    except ValueError:
        raise ValueError(f"{argument} must have rows of equal length; received {reprlib.repr(entries)}") from None
    if array is None or np.ma.is_masked(array):
        _refuse(argument, "an array without masked entries", entries, right_type=True)
    return np.asarray(array.data)  # not a matrix


def _has_masked(entries: Any) -> bool:
    """Return whether there is a masked entry in nested lists; NumPy would take it for nan."""
    return entries is np.ma.masked or (isinstance(entries, list | tuple) and any(map(_has_masked, entries)))


def as_finite_array(argument: str, numbers: Any, shape: tuple[int, ...] | None = None) -> FloatArray:
    """Return finite numbers as a new array of floats.

    Raises:
        TypeError, ValueError: as for `as_array`; also a ValueError if a number is infinite or nan.
    """
    array = as_array(argument, numbers, shape)
    if not np.isfinite(array).all():
        raise ValueError(f"{argument} must be finite numbers; received {reprlib.repr(numbers)}")
    return array


def is_sequence(argument: Any) -> bool:
    """Return whether an argument is a list, a tuple, an array or similar; strings and mappings are not.

    >>> is_sequence([1, 2]), is_sequence(np.zeros(3)), is_sequence("ab"), is_sequence(np.array(3.0)), is_sequence({})
    (True, True, False, False, False)
    """
    ordered = hasattr(argument, "__len__") and hasattr(argument, "__getitem__")
    return ordered and getattr(argument, "ndim", 1) > 0 and not isinstance(argument, str | bytes | Mapping)


def as_sizes(nin: Any, nouts: Any) -> list[int]:
    """Return the widths d^(0), d^(1), ..., d^(L) of the layers of a network.

    Raises:
        TypeError, ValueError: naming the argument, if it is empty, or has entries that are not integers of at least 1.
    """
    nin = as_integer("nin", nin, least=1)
    if not is_sequence(nouts) or len(nouts) == 0:
        _refuse("nouts", "a list of at least one integer, as in MLP(2, [2, 1])", nouts, right_type=is_sequence(nouts))
    return [nin, *(as_integer(f"nouts[{i}]", width, least=1) for i, width in enumerate(nouts))]


def as_matrices(argument: str, matrices: Any, sizes: Sequence[int] | None = None) -> dict[int, FloatArray]:
    """Return the matrices W^(1) .. W^(L) by layer l; they must fit the widths d^(0) .. d^(L), or each other.

    Raises:
        TypeError, ValueError: naming the argument, or the matrix that is wrong.

    >>> as_matrices("weights", [[[1, 2, 3]], [[4, 5]]])[2]
    array([[4., 5.]])
    """
    if not is_sequence(matrices) or len(matrices) == 0:
        _refuse(argument, "a list of matrices W^(1) .. W^(L)", matrices, right_type=is_sequence(matrices))
    if sizes is not None and len(matrices) != len(sizes) - 1:
        raise ValueError(f"{argument} must be {len(sizes) - 1} matrices, one for each layer; received {len(matrices)}")
    W = {}
    for l, matrix in enumerate(matrices, start=1):
        name = f"{argument}[{l - 1}], W^({l}),"
        W[l] = as_array(name, matrix, None if sizes is None else (sizes[l], sizes[l - 1] + 1))
        if W[l].ndim != 2:
            raise ValueError(f"{name} must have shape (d^({l}), d^({l - 1}) + 1); received {W[l].shape}")
        if l > 1 and W[l].shape[1] != len(W[l - 1]) + 1:
            raise ValueError(f"{name} must have {len(W[l - 1]) + 1} columns to fit W^({l - 1}); received {W[l].shape}")
    return W


def check_choice(argument: str, choice: Any, choices: Collection[str]) -> None:
    """Check that an argument is one of the choices.

    Raises:
        TypeError: naming the argument, if it is not a string.
        ValueError: naming the argument, if it is another string.

    >>> check_choice("keep", "first", ("best", "last"))
    Traceback (most recent call last):
    ValueError: keep must be one of best, last; received 'first'
    """
    if not isinstance(choice, str) or choice not in choices:
        _refuse(argument, f"one of {', '.join(choices)}", choice, right_type=isinstance(choice, str))


def _refuse(argument: str, expected: str, received: Any, *, right_type: bool) -> NoReturn:
    """Raise a TypeError, or, if only the value is wrong, a ValueError."""
    kind = ValueError if right_type else TypeError
    raise kind(f"{argument} must be {expected}; received {reprlib.repr(received)}")
