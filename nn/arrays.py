"""Arrays of numbers, checked."""

from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

Array: TypeAlias = npt.NDArray[np.float64]


def as_array(argument: str, numbers: Any) -> Array:
    """The numbers as a new array of floats.

    Raises:
        ValueError: naming the argument, if they are no real numbers, or rows of unequal length.

    >>> as_array("x", [1, 2.5])
    array([1. , 2.5])
    """
    try:
        array = np.asarray(numbers)
    except ValueError:
        array = np.asarray(None)
    if array.dtype.kind not in "bifu":
        raise ValueError(f"{argument} must be real numbers, in rows of equal length; received {_shortened(numbers)}")
    return array.astype(np.float64)


def as_finite_array(argument: str, numbers: Any) -> Array:
    """The numbers as a new array of floats, none of them infinite or nan.

    Raises:
        ValueError: naming the argument, also if a number is infinite or nan.
    """
    array = as_array(argument, numbers)
    if not np.isfinite(array).all():
        raise ValueError(f"{argument} must be finite numbers; received {_shortened(numbers)}")
    return array


def _shortened(numbers: Any) -> str:
    text = repr(numbers)
    return text if len(text) <= 100 else f"{text[:97]}..."
