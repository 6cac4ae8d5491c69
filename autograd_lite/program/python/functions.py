"""The primitives as functions of NumPy arrays, or of floats: what the source of a program calls.

This is the back end's dictionary, operation -> function. Its results are those of the table of primitives, IEEE special
values too; a primitive of your own is computed element by element.
"""

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from autograd_lite.primitives import PRIMITIVES, Primitive

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
    "subtract": np.subtract,
    "multiply": np.multiply,
    "divide": np.divide,
    "floor_divide": np.floor_divide,
    "remainder": np.remainder,
    "power": power,
    "negative": np.negative,
    "abs": np.abs,
    "exp": np.exp,
    "expm1": np.expm1,
    "log": np.log,
    "log1p": np.log1p,
    "sqrt": np.sqrt,
    "sin": np.sin,
    "cos": np.cos,
    "tan": np.tan,
    "asin": np.arcsin,
    "acos": np.arccos,
    "atan": np.arctan,
    "atan2": np.arctan2,
    "sinh": np.sinh,
    "cosh": np.cosh,
    "tanh": np.tanh,
    "asinh": np.arcsinh,
    "acosh": np.arccosh,
    "atanh": np.arctanh,
    "erf": erf,
    "sigmoid": sigmoid,
    "softplus": softplus,
    "relu": relu,
    "leaky_relu": leaky_relu,
    "maximum": np.maximum,
    "minimum": np.minimum,
    "maximum_constant": np.maximum,
    "minimum_constant": np.minimum,
    "sign": np.sign,
    "greater": greater,
    "multiply_no_nan": multiply_no_nan,
}
"""For each primitive, the function of arrays that computes it."""


def function_of(op: str, row: Primitive | None = None) -> Function:
    """The function of arrays that computes a primitive; of one that is not ours, by this row of the table.

    >>> function_of("relu")(np.array([-1.0, 2.0])).tolist()
    [0.0, 2.0]
    """
    known = FUNCTIONS.get(op)
    return known if known is not None else np.vectorize((row or PRIMITIVES[op]).compute, otypes=[float])


def import_of(op: str) -> tuple[str, str]:
    """What Python imports, and from where, for a primitive's function to be known under the primitive's name.

    >>> import_of("tanh"), import_of("asin"), import_of("relu")
    (('numpy', 'tanh'), ('numpy', 'arcsin as asin'), ('autograd_lite.program.python.functions', 'relu'))
    """
    function = FUNCTIONS.get(op)
    if isinstance(function, np.ufunc):
        name = function.__name__
        return "numpy", name if name == op else f"{name} as {op}"
    return __name__, op
