"""The primitives as functions of NumPy arrays, or of floats, which the source of a program calls.

Results agree with the table of primitives, for IEEE special values too. NumPy has a function of the same name for most
rows; the others are listed here. A user-defined primitive is computed element by element.
"""

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from autograd_lite.primitives import BUILT_IN, PRIMITIVES, Primitive

Function = Callable[..., Any]


def stack(*parts: Any) -> Any:
    """Put rows one below the other; a number, for example o_0 = 1, fills a row.

    >>> stack(1.0, np.array([[2.0, 3.0]])).tolist()
    [[1.0, 1.0], [2.0, 3.0]]
    """
    batch = next(part.shape[1] for part in parts if isinstance(part, np.ndarray))
    return np.concatenate([part if isinstance(part, np.ndarray) else np.full((1, batch), part) for part in parts])


def multiply_no_nan(a: Any, b: Any) -> Any:
    """Return a * b, but 0 for 0 * inf."""
    product = a * b
    return np.where(np.equal(a, 0) | (np.equal(b, 0) & np.isnan(product)), 0.0, product)


def power(x: Any, y: Any) -> Any:
    """Return x to the power y; NumPy takes the square root for y = 0.5, which is not IEEE 754's for -inf and -0."""
    is_root = np.equal(y, 0.5) & (np.isneginf(x) | np.equal(x, 0))
    return np.power(np.where(is_root, np.abs(x), x), y)


def sigmoid(x: Any) -> Any:
    """Return the logistic function, which never overflows, and keeps its tails."""
    e = np.exp(-np.abs(x))
    return np.where(x >= 0, 1.0, e) / (1.0 + e)


def softplus(x: Any) -> Any:
    """Return log(1 + exp(x)), which never overflows."""
    return np.maximum(x, 0.0) + np.log1p(np.exp(-np.abs(x)))


def relu(x: Any) -> Any:
    """Return the larger of x and 0."""
    return np.where(x <= 0, 0.0, x)


def leaky_relu(x: Any, a: Any) -> Any:
    """Return x where it is positive, else a x."""
    return np.where(x <= 0, a * x, x)


def maximum(a: Any, b: Any) -> Any:
    """Return the larger of a and b, where 0 is larger than -0; NumPy may return either."""
    return np.where(np.equal(a, 0) & np.equal(b, 0), np.add(a, b), np.maximum(a, b))


def minimum(a: Any, b: Any) -> Any:
    """Return the smaller of a and b."""
    return -maximum(np.negative(a), np.negative(b))


def greater(a: Any, b: Any) -> Any:
    """Return 1 where a > b, else 0."""
    return np.greater(a, b).astype(float)


def erf(x: Any) -> Any:
    """Return the error function, which NumPy lacks."""
    return np.vectorize(math.erf, otypes=[float])(x)


FUNCTIONS: dict[str, Function] = {
    **{
        function.__name__: function
        for function in (multiply_no_nan, power, erf, sigmoid, softplus, relu, leaky_relu, maximum, minimum, greater)
    },
    **{f"a{name}": getattr(np, f"arc{name}") for name in ("sin", "cos", "tan", "tan2", "sinh", "cosh", "tanh")},
    "maximum_constant": maximum,
    "minimum_constant": minimum,
}
"""The functions for the primitives that NumPy lacks, names differently, or computes differently from IEEE 754."""


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
    name = function.__name__
    module = "numpy" if isinstance(function, np.ufunc) else __name__
    return module, name if name == op.name else f"{name} as {op.name}"
