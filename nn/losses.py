"""Losses: how far the outputs of a network are from what they should be, as a Value."""

from collections.abc import Iterable, Sequence
from typing import Any

from autograd_lite import Value, add, constant


def squared_error(outputs: Value | Sequence[Value], targets: Value | float | Sequence[Value | float]) -> Value:
    """The squared error e of one example: the sum over the outputs of (o_b^(L) - y_b)^2, without a factor 1/2.

    Arguments:
        outputs: the output of a network, or its list of d^(L) outputs.
        targets: y, or as many numbers y_b as there are outputs; numbers become constants labelled y or y_b.

    Raises:
        ValueError: if there are not as many targets as outputs.

    Equation: e(o^(L), y) = (o_1^(L) - y)^2 (lecture 14, slide "Computing Partial Derivatives", for an output layer of a
    single node); several outputs add up.

    >>> e = squared_error(Value(0.5), 1.0)
    >>> e.data, e.label
    (0.25, 'e')
    """
    if isinstance(outputs, Value):
        outputs = [outputs]
    if not isinstance(outputs, Sequence):
        raise TypeError(f"outputs must be a Value or a list of Values, not {type(outputs).__name__}: {outputs!r}")
    if not outputs:
        raise ValueError("outputs must have at least one entry, received none")
    several = (
        isinstance(targets, Iterable) and getattr(targets, "ndim", 1) > 0
    )  # an array of no dimension is one number
    wanted: list[Any] = list(targets) if several else [targets]  # type: ignore[arg-type]
    if len(outputs) != len(wanted):
        raise ValueError(f"targets must have {len(outputs)} entries, one for each output; received {len(wanted)}")
    names = ["y"] if len(wanted) == 1 else [f"y_{number}" for number in range(1, len(wanted) + 1)]
    y = [
        target if isinstance(target, Value) else constant(target, name)
        for target, name in zip(wanted, names, strict=True)
    ]
    squares = [(output - target) ** 2 for output, target in zip(outputs, y, strict=True)]
    error = add(*squares) if len(squares) > 1 else squares[0]
    error.label = "e"
    return error
