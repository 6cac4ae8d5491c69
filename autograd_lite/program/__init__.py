"""Programs: a graph of Values, compiled once, and run over whole batches many thousands of times faster.

A graph is traced into straight-line statements (`statements`), from which the structure of matrices is recovered where
there is one (`matrices`). It is written as Python (`python`), which runs on floats and NumPy arrays, or for LLVM
(`llvm`), which compiles it to machine code. `choice` decides which of these runs, and `compiled` has the Program that a
user holds. NumPy is imported only when a program is compiled.
"""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from autograd_lite.program.choice import BACKENDS
from autograd_lite.program.statements import Outputs, trace
from autograd_lite.value import Value

if TYPE_CHECKING:
    from autograd_lite.program.compiled import Program


def compile_program(
    outputs: Outputs | Callable[..., Outputs],
    inputs: Sequence[Value] = (),
    parameters: Sequence[Value] = (),
    *,
    gradients: bool = True,
    backend: str = "auto",
    max_nodes: int = 1_000_000,
) -> "Program":
    """Compile a graph, and its gradients, into a program that runs over batches of points.

    Arguments:
        outputs: the Value, or the Values, to compute; or a function of the inputs that returns them. A function is
            called once, with the inputs. It must not ask for the number, the gradient or the text of a Value, nor
            compare Values, because the program would be frozen to these numbers. That is refused, except in other
            threads: they may be training with Values at the same time.
        inputs: the leaves that vary over the batch. The first output of each point is differentiated with respect to
            those that are variables, not to constants, which need a label (see `constant`).
        parameters: the leaves that all points share, variables or constants too; the gradients with respect to the
            variables are summed over the batch.
        gradients: whether to compute gradients.
        backend: "python", "numpy", "arrays" or "llvm"; or "auto": array code if the graph has matrices, else NumPy, or
            floats for a few points; and machine code once the program has run so often that compiling it pays.
        max_nodes: the largest number of nodes that the graph of the outputs may have, without the gradients'.

    Returns a Program. `program(inputs, parameters)` runs it, with arrays of shapes (N, inputs) and (parameters,), and
    returns the `outputs`, the `input_gradients`, the `total` (the sum of the first output over the batch), and its
    gradients, the `parameter_gradients`. `program.source` is its text, `program.explain()` says what was chosen and
    why. Compiled code is cached for graphs of the same shape.

    Raises:
        ValueError: if a leaf of the graph was not declared, the graph is too large, or there is no such back end.
        TypeError: if something is not a Value; its subclass TracingError, if a function asks for the number of a Value.
        RuntimeError: if the graph is stale.
        ImportError: if the back end is "llvm" and llvmlite is not installed.

    Results agree with `Value.backward` but for rounding: a few ulp, times the depth of the graph. Where a derivative
    jumps, as for abs at 0, rounding may decide on which side a point is. If the graph has matrices, sums are added in
    another order, from 0: a sum of huge numbers may then be infinite or nan where Value's is not, or the reverse, and a
    sum that is 0 may have the other sign.

    >>> w, x, b = Value(-3.0, "w"), Value(2.0, "x"), Value(6.88, "b")
    >>> program = compile_program((w * x + b).tanh(), inputs=[x], parameters=[w, b])
    >>> batch = program([[2.0], [2.5]], [-3.0, 6.88])
    >>> batch.outputs.round(4).tolist(), batch.parameter_gradients.round(4).tolist()
    ([[0.7064], [-0.5511]], [2.7426, 1.1972])

    A function takes the inputs only; it refers to the parameters by their names:

    >>> compile_program(lambda x: w * x + b, [x], [w, b])([[2.0]], [-3.0, 6.88]).total
    0.8799999999999999
    """
    from autograd_lite.program.compiled import Program  # noqa: PLC0415  late: it imports NumPy

    if backend not in {"auto", *BACKENDS}:
        raise ValueError(f"backend must be auto or one of {', '.join(BACKENDS)}; received {backend!r}")
    statements = trace(outputs, inputs, parameters, gradients=gradients, max_nodes=max_nodes)
    return Program(statements, backend)
