"""autograd_lite: scalar automatic differentiation for teaching, with pictures and a step-by-step view.

>>> from autograd_lite import Value
>>> w, x, b = Value(-3.0, label="w"), Value(2.0, label="x"), Value(6.88, label="b")
>>> o = (w * x + b).tanh()
>>> o.backward()
>>> round(w.grad, 4)
1.0019
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from autograd_lite import primitives
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
from autograd_lite.primitives import *  # noqa: F403  what its __all__ lists: the table, exp, tanh, ...
from autograd_lite.primitives import abs as abs  # not in __all__, because `import *` would hide the built-in
from autograd_lite.program import compile_program
from autograd_lite.stepper.stepping import Stepper, step_through
from autograd_lite.teaching.wrong_passes import MISTAKES, OTHER_MISTAKES, Mistake, mistakes, wrong_steps
from autograd_lite.value import Step, Value, constant, topological_order
from autograd_lite.walk import Path, WalkStep, backward_steps, paths, walk_steps
from autograd_lite.words.calls import call_sites
from autograd_lite.words.lecture import unit_label, weight_label
from autograd_lite.words.notation import formula

if TYPE_CHECKING:
    from autograd_lite.program.compiled import Program as Program
    from autograd_lite.teaching.answers import Answer, CheckedAnswers, Verdict, check_answers, mark_class
    from autograd_lite.teaching.engines import EngineReport, check_engine
    from autograd_lite.teaching.worksheets import Worksheets, worksheet

LATE = {
    "program.compiled": ["Program"],
    "teaching.answers": ["Answer", "CheckedAnswers", "Verdict", "check_answers", "mark_class"],
    "teaching.engines": ["EngineReport", "check_engine"],
    "teaching.worksheets": ["Worksheets", "worksheet"],
}
"""The names imported on first use, by module: NumPy, and what only teachers need, would slow down every start."""

__all__ = ["Explanation", "explain", "explain_paths"]
__all__ += ["Dual", "NotConvergedError", "check_gradients", "derivative", "forward_mode", "grad", "hessian"]
__all__ += ["hessian_vector_product", "jacobian", "jacobian_vector_product", "vector_jacobian_product"]
__all__ += ["Stepper", "TracingError", "call_sites", "compile_program", "draw", "formula", "step_through"]
__all__ += ["Answer", "CheckedAnswers", "Verdict", "check_answers", "mark_class"]
__all__ += ["Worksheets", "worksheet"]
__all__ += ["EngineReport", "check_engine"]
__all__ += ["MISTAKES", "OTHER_MISTAKES", "Mistake", "mistakes", "wrong_steps"]
__all__ += ["Step", "Value", "constant", "topological_order"]
__all__ += ["Path", "WalkStep", "backward_steps", "paths", "unit_label", "walk_steps", "weight_label"]
__all__ += primitives.__all__


def __getattr__(name: str) -> Any:
    """Import a name of `LATE` on first use."""
    for module, names in LATE.items():
        if name in names:
            return getattr(import_module(f"{__name__}.{module}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
