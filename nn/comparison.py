"""The proof: the graph's gradients beside the delta recursion's, weight by weight."""

import copy
import html
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from autograd_lite import TracingError, Value, topological_order, unit_label, weight_label
from nn.checks import FloatArray, as_finite_array
from nn.delta import back_propagation_over_data
from nn.mlp import MLP
from nn.prediction import outputs_of
from nn.training.batch_gradients import BatchGradients
from nn.training.losses import squared_error

_RIGHT = "text-align:right;font-family:monospace;padding:0 .6em"


class Row(NamedTuple):
    """The derivative of the error with respect to one weight w_{b,a}^(l) or signal s_b^(l), in several ways.

    Attributes:
        label: the label of the weight or the signal.
        autodiff: by automatic differentiation, in graphs of Values.
        delta_recursion: by the delta recursion in matrices.
        central_difference: measured by a central difference; None for a signal.
        program: by a program compiled from the graph; None for one example, and where it cannot be compiled.
    """

    label: str
    autodiff: float
    delta_recursion: float
    central_difference: float | None = None
    program: float | None = None

    @property
    def difference(self) -> float:
        """|autodiff - delta recursion|."""
        return abs(self.autodiff - self.delta_recursion)

    @property
    def difference_from_program(self) -> float | None:
        """|autodiff - program|."""
        return None if self.program is None else abs(self.autodiff - self.program)

    @property
    def difference_from_central(self) -> float | None:
        """|autodiff - central difference|: larger than the others, because a finite difference is not exact."""
        return None if self.central_difference is None else abs(self.autodiff - self.central_difference)

    def cells(self) -> dict[str, str]:
        """Return the text of each cell, by the title of its column."""
        columns = {
            "autodiff": (self.autodiff, ".9g"),
            "delta recursion": (self.delta_recursion, ".9g"),
            "measured": (self.central_difference, ".9g"),
            "|a - d|": (self.difference, ".1e"),
            "|a - m|": (self.difference_from_central, ".1e"),
        }
        if self.program is not None:
            columns |= {"program": (self.program, ".9g"), "|a - p|": (self.difference_from_program, ".1e")}
        return {
            title: "" if number is None else format(number, form).replace("-", "−")
            for title, (number, form) in columns.items()
        }


@dataclass(frozen=True)
class GradientComparison:
    """The table that `compare_gradients` returns; it prints as text, and Jupyter shows it as a table.

    Attributes:
        weights: a row for each weight, layer by layer, unit by unit, the bias first.
        signals: for one example, a row for each s_b^(l): its gradient in the graph, and delta_b^(l).
        error: e, or for a data set l_D, the sum over its examples.
    """

    weights: list[Row]
    signals: list[Row]
    error: float

    @property
    def largest_difference(self) -> float:
        """The largest difference of autodiff from the delta recursion or the program; nan if one is nan."""
        rows = [*self.weights, *self.signals]
        from_program = [row.difference_from_program for row in self.weights if row.difference_from_program is not None]
        return float(np.max([row.difference for row in rows] + from_program))

    def __repr__(self) -> str:
        lines = []
        for table in self._tables():
            widths = [max(map(len, column)) for column in zip(*table, strict=True)]
            for label, *numbers in table:
                columns = [f"{number:>{width}}" for number, width in zip(numbers, widths[1:], strict=True)]
                lines.append("  ".join([f"{label:<{widths[0]}}", *columns]).rstrip())
            lines.append("")
        return "\n".join([*lines, self._summary()])

    def _repr_html_(self) -> str:
        parts = []
        for names, *rows in self._tables():
            head = "".join(f'<th style="{_RIGHT}">{html.escape(name)}</th>' for name in names)
            parts.append(f"<table><thead><tr>{head}</tr></thead><tbody>")
            for label, *numbers in rows:
                cells = "".join(f'<td style="{_RIGHT}">{number}</td>' for number in numbers)
                parts.append(f'<tr><th style="text-align:left">{html.escape(label)}</th>{cells}</tr>')
            parts.append("</tbody></table>")
        return "".join([*parts, *(f"<p>{html.escape(line)}</p>" for line in self._summary().splitlines())])

    def _tables(self) -> list[list[list[str]]]:
        """Return the cells of the tables, row by row: the names of the columns, then the weights or the signals."""
        return [
            [[title, *rows[0].cells()], *([row.label, *row.cells().values()] for row in rows)]
            for title, rows in (("weight", self.weights), ("signal", self.signals))
            if rows
        ]

    def _summary(self) -> str:
        has_program = any(row.program is not None for row in self.weights)
        others = "delta recursion or program" if has_program else "delta recursion"
        return (
            "measured, m: by central differences\n"
            f"error {self.error:.12g}; largest |autodiff - {others}| {self.largest_difference:.1e}"
        )


def compare_gradients(net: MLP, x: Any, y: Any) -> GradientComparison:
    """Compute all gradients of the squared error of a network in several independent ways, and compare them.

    The gradients are computed by graphs of Values, one for each example; by the delta recursion; by central differences
    of forward propagation; and, for several examples, by a program compiled from the graph of one (see
    `autograd_lite.compile_program`). Neither the network nor its gradients are changed.

    Arguments:
        net: an MLP with L layers.
        x: one example, d^(0) numbers, or N examples, of shape (N, d^(0)), whose errors are summed.
        y: the target or targets of the example, or of the N examples.

    Raises:
        TypeError, ValueError: naming the argument that is wrong.

    Equation of a central difference: (e(w + h) - e(w - h)) / 2h with h = 2^-17 max(1, |w|), about the cube root of the
    precision.

    >>> comparison = compare_gradients(MLP(2, [2, 1], seed=0), [1.0, -1.0], 0.5)
    >>> comparison.largest_difference < 1e-15
    True
    """
    if not isinstance(net, MLP):
        raise TypeError(f"net must be an MLP, not {type(net).__name__}: {net!r}")
    X, Y = _as_data(net, x, y)
    net = copy.deepcopy(net)
    net.zero_grad()
    errors = [squared_error(net.outputs(inputs), targets) for inputs, targets in zip(X, Y, strict=True)]
    for error in errors:
        error.backward()
    autodiff = dict(enumerate(net.gradients, start=1))
    program = _gradients_by_program(net, X, Y) if len(X) > 1 else {}
    weights = [W.copy() for W in net.weights]
    recursion = back_propagation_over_data(weights, X, Y, net.activations)

    def error_by_forward_propagation() -> float:
        return float(np.sum((outputs_of(net, X, weights) - Y) ** 2))

    rows = [
        Row(
            weight_label(l, b + 1, a),
            autodiff=float(autodiff[l][b, a]),
            delta_recursion=float(recursion.G[l][b, a]),
            central_difference=_central_difference(error_by_forward_propagation, W, (b, a)),
            program=float(program[l][b, a]) if program else None,
        )
        for l, W in enumerate(weights, start=1)
        for b, a in np.ndindex(*W.shape)
    ]
    signals = _signal_rows(errors[0], recursion.examples[0].delta) if len(X) == 1 else []
    return GradientComparison(rows, signals, sum(error.data for error in errors))


def _gradients_by_program(net: MLP, X: FloatArray, Y: FloatArray) -> dict[int, FloatArray]:
    """Return G^(1) .. G^(L) from a compiled program, by layer; empty if the network cannot be compiled."""
    try:
        program = BatchGradients(net, X, Y, squared_error)
    except TracingError:
        return {}
    return dict(enumerate(program.gradients(program.batch(X, Y), net.weights)[1], start=1))


def _signal_rows(error: Value, deltas: dict[int, FloatArray]) -> list[Row]:
    """Return a row for each node s_b^(l) of one example's graph: its gradient, and delta_b^(l)."""
    in_graph = {node.label: node.grad for node in topological_order(error)}
    named = [(unit_label("s", b, l), delta) for l in sorted(deltas) for b, delta in enumerate(deltas[l], start=1)]
    return [Row(label, in_graph[label], float(delta)) for label, delta in named]


def _central_difference(error: Callable[[], float], matrix: FloatArray, position: tuple[int, int]) -> float:
    """Return the derivative of the error with respect to one entry of a matrix that it is computed from."""
    weight = float(matrix[position])
    step = 2.0**-17 * max(1.0, abs(weight))
    matrix[position] = weight + step
    above = error()
    matrix[position] = weight - step
    below = error()
    matrix[position] = weight
    return (above - below) / (2 * step)


def _as_data(net: MLP, x: Any, y: Any) -> tuple[FloatArray, FloatArray]:
    """Return x with shape (N, d^(0)) and y with shape (N, d^(L)); for one example, N = 1."""
    inputs, outputs = net.sizes[0], net.sizes[-1]
    X, Y = as_finite_array("x", x), as_finite_array("y", y)
    if X.ndim == 1:
        X, Y = X[np.newaxis], Y[np.newaxis]
    if X.ndim != 2 or X.shape[1] != inputs or len(X) == 0:
        raise ValueError(f"x must be {inputs} numbers, or have shape (N, {inputs}); received shape {np.shape(x)}")
    if Y.shape == (1, 1, outputs):
        Y = Y[0]  # the targets of one example, as a row
    if Y.shape != (len(X), outputs) and (outputs > 1 or Y.shape != (len(X),)):
        raise ValueError(f"y must have {outputs} entries for each of {len(X)} examples; received shape {np.shape(y)}")
    return X, Y.reshape(len(X), outputs)
