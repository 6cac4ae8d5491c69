"""The primitives as functions of NumPy arrays, or of floats: what the source of a program calls.

Results agree with the table of primitives, IEEE special values too. NumPy computes most rows by their names; the
others are listed here. A user-defined primitive is computed element by element.
"""

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from autograd_lite.primitives import BUILT_IN, PRIMITIVES, Primitive

Function = Callable[..., Any]


def stack(*parts: Any) -> Any:
    """Rows one below the other; a number becomes a row of it, as o_0 = 1 does.

    >>> stack(1.0, np.array([[2.0, 3.0]])).tolist()
    [[1.0, 1.0], [2.0, 3.0]]
    """
    batch = next(part.shape[1] for part in parts if isinstance(part, np.ndarray))
    return np.concatenate([part if isinstance(part, np.ndarray) else np.full((1, batch), part) for part in parts])


def multiply_no_nan(a: Any, b: Any) -> Any:
    """a * b, but 0 where a is 0."""
    return np.where(a == 0, 0.0, a * b)


def power(x: Any, y: Any) -> Any:
    """x to the power y; NumPy's root of minus infinity, alone, is not that of IEEE 754."""
    return np.where(np.isneginf(x) & (np.equal(y, 0.5)), math.inf, np.power(x, y))


def sigmoid(x: Any) -> Any:
    """The logistic function, which never overflows, and keeps its tails."""
    e = np.exp(-np.abs(x))
    return np.where(x >= 0, 1.0, e) / (1.0 + e)


def softplus(x: Any) -> Any:
    """log(1 + exp(x)), which never overflows."""
    return np.maximum(x, 0.0) + np.log1p(np.exp(-np.abs(x)))


def relu(x: Any) -> Any:
    """The larger of x and 0."""
    return np.where(x <= 0, 0.0, x)


def leaky_relu(x: Any, a: Any) -> Any:
    """x where it is positive, else a x."""
    return np.where(x <= 0, a * x, x)


def greater(a: Any, b: Any) -> Any:
    """1 where a > b, else 0."""
    return np.greater(a, b).astype(float)


erf = np.vectorize(math.erf, otypes=[float])  # NumPy has none

FUNCTIONS: dict[str, Function] = {
    "add": lambda *terms: sum(terms[1:], start=terms[0]),
    "power": power,
    "asin": np.arcsin,
    "acos": np.arccos,
    "atan": np.arctan,
    "atan2": np.arctan2,
    "asinh": np.arcsinh,
    "acosh": np.arccosh,
    "atanh": np.arctanh,
    "erf": erf,
    "sigmoid": sigmoid,
    "softplus": softplus,
    "relu": relu,
    "leaky_relu": leaky_relu,
    "maximum_constant": np.maximum,
    "minimum_constant": np.minimum,
    "greater": greater,
    "multiply_no_nan": multiply_no_nan,
}
"""The functions of arrays for the primitives that NumPy does not compute, under their names or to IEEE 754."""


def function_of(op: Primitive | str) -> Function:
    """Return the function of arrays that computes a primitive; it may be given by its name.

    >>> function_of("relu")(np.array([-1.0, 2.0])).tolist(), function_of("tanh") is np.tanh
    ([0.0, 2.0], True)
    """
    row = PRIMITIVES[op] if isinstance(op, str) else op
    if row.name not in BUILT_IN:
        return np.vectorize(row.compute, otypes=[float])
    function: Function = FUNCTIONS[row.name] if row.name in FUNCTIONS else getattr(np, row.name)
    return function


def import_of(op: Primitive) -> tuple[str, str]:
    """Return what Python imports, and from where, to know a built-in primitive's function by the primitive's name.

    >>> [import_of(PRIMITIVES[name]) for name in ("tanh", "asin", "relu")]
    [('numpy', 'tanh'), ('numpy', 'arcsin as asin'), ('autograd_lite.program.python.functions', 'relu')]
    """
    function = function_of(op)
    if isinstance(function, np.ufunc):
        name = function.__name__
        return "numpy", name if name == op.name else f"{name} as {op.name}"
    return __name__, op.name
