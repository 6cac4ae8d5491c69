"""autograd_lite: scalar automatic differentiation for teaching, with pictures and a step-by-step view.

>>> from autograd_lite import Value
>>> w, x, b = Value(-3.0, label="w"), Value(2.0, label="x"), Value(6.88, label="b")
>>> o = (w * x + b).tanh()
>>> o.backward()
>>> round(w.grad, 4)
1.0019
"""

from typing import TYPE_CHECKING, Any

from autograd_lite.explanation import Explanation, explain, explain_paths
from autograd_lite.gradients import (
    Dual,
    NotConvergedError,
    check_gradients,
    derivative,
    forward_mode,
    grad,
    hessian,
    hessian_vector_product,
    jacobian,
    jacobian_vector_product,
    vector_jacobian_product,
)
from autograd_lite.graph import TracingError
from autograd_lite.pictures.drawing import draw
from autograd_lite.primitives import (
    PRIMITIVES,
    Primitive,
    acos,
    acosh,
    add,
    asin,
    asinh,
    atan,
    atan2,
    atanh,
    cbrt,
    cos,
    cosh,
    erf,
    exp,
    exp2,
    expm1,
    hypot,
    leaky_relu,
    log,
    log1p,
    log2,
    log10,
    maximum,
    minimum,
    relu,
    sigmoid,
    sin,
    sinh,
    softplus,
    sqrt,
    tan,
    tanh,
)
from autograd_lite.primitives import abs as abs  # not in __all__, because `import *` would hide the built-in
from autograd_lite.program import compile_program
from autograd_lite.stepper.stepping import Stepper, step_through
from autograd_lite.value import Step, Value, constant, topological_order
from autograd_lite.walk import Path, WalkStep, backward_steps, paths, walk_steps
from autograd_lite.words.lecture import unit_label, weight_label
from autograd_lite.words.notation import formula

if TYPE_CHECKING:
    from autograd_lite.program.compiled import Program as Program

__all__ = [
    "PRIMITIVES",
    "Dual",
    "Explanation",
    "NotConvergedError",
    "Path",
    "Primitive",
    "Step",
    "Stepper",
    "TracingError",
    "Value",
    "WalkStep",
    "acos",
    "acosh",
    "add",
    "asin",
    "asinh",
    "atan",
    "atan2",
    "atanh",
    "backward_steps",
    "cbrt",
    "check_gradients",
    "compile_program",
    "constant",
    "cos",
    "cosh",
    "derivative",
    "draw",
    "erf",
    "exp",
    "exp2",
    "explain",
    "explain_paths",
    "expm1",
    "formula",
    "forward_mode",
    "grad",
    "hessian",
    "hessian_vector_product",
    "hypot",
    "jacobian",
    "jacobian_vector_product",
    "leaky_relu",
    "log",
    "log1p",
    "log2",
    "log10",
    "maximum",
    "minimum",
    "paths",
    "relu",
    "sigmoid",
    "sin",
    "sinh",
    "softplus",
    "sqrt",
    "step_through",
    "tan",
    "tanh",
    "topological_order",
    "unit_label",
    "vector_jacobian_product",
    "walk_steps",
    "weight_label",
]


def __getattr__(name: str) -> Any:
    """Import `Program` on first use, because its module imports NumPy."""
    if name != "Program":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from autograd_lite.program.compiled import Program  # noqa: PLC0415

    return Program
