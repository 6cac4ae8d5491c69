"""Numbers that are arguments, checked before anything is computed with them."""

import math
import reprlib
from numbers import Integral, Real
from typing import Any


def as_number(
    argument: str,
    number: Any,
    *,
    above: float = -math.inf,
    least: float = -math.inf,
    below: float = math.inf,
    most: float = math.inf,
) -> float:
    """The number as a float, if it is finite and in the range.

    Raises:
        ValueError: naming the argument, what was expected and what was received.

    >>> as_number("beta", 0.9, least=0, below=1)
    0.9
    >>> as_number("beta", 1, least=0, below=1)
    Traceback (most recent call last):
    ValueError: beta must be a finite number, at least 0 and less than 1; received 1
    """
    real = isinstance(number, Real) and not isinstance(number, bool) and math.isfinite(number)
    if not (real and above < number < below and least <= number <= most):
        bounds = {"greater than": above, "at least": least, "less than": below, "at most": most}
        wanted = " and ".join(f"{words} {bound}" for words, bound in bounds.items() if math.isfinite(bound))
        comma = ", " if wanted else ""
        raise ValueError(f"{argument} must be a finite number{comma}{wanted}; received {reprlib.repr(number)}")
    return float(number)


def as_whole_number(argument: str, number: Any, *, least: int) -> int:
    """The number as an int, if it is whole and at least `least`.

    Raises:
        ValueError: naming the argument, what was expected and what was received.

    >>> as_whole_number("patience", 0, least=1)
    Traceback (most recent call last):
    ValueError: patience must be a whole number of at least 1; received 0
    """
    if isinstance(number, bool) or not isinstance(number, Integral) or number < least:
        raise ValueError(f"{argument} must be a whole number of at least {least}; received {reprlib.repr(number)}")
    return int(number)
