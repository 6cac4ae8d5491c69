"""The proof: the gradients of the graph beside those of the delta recursion, weight by weight."""

import copy
import html
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from autograd_lite import Value, topological_order
from nn.checks import as_finite_array
from nn.delta import back_propagation_over_data
from nn.mlp import MLP, Matrix
from nn.prediction import outputs_of
from nn.training.batch_gradients import BatchGradients
from nn.training.losses import squared_error


class Row(NamedTuple):
    """The derivative of the error with respect to one weight w_{b,a}^(l) or signal s_b^(l), several ways."""

    label: str
    autodiff: float
    delta_recursion: float
    central_difference: float | None
    """None for a signal."""

    @property
    def difference(self) -> float:
        """|autodiff - delta recursion|."""
        return abs(self.autodiff - self.delta_recursion)

    @property
    def difference_from_central(self) -> float | None:
        """|autodiff - central difference|: the larger one, because a finite difference is no exact derivative."""
        return None if self.central_difference is None else abs(self.autodiff - self.central_difference)

    def texts(self) -> list[str]:
        """The numbers as they stand in the table."""
        numbers = [self.autodiff, self.delta_recursion, self.central_difference]
        differences = [self.difference, self.difference_from_central]
        return ["" if number is None else f"{number:.9g}" for number in numbers] + [
            "" if difference is None else f"{difference:.1e}" for difference in differences
        ]


@dataclass(frozen=True, repr=False)
class GradientComparison:
    """The table that `compare_gradients` gives; it prints as text, and shows as a table in Jupyter.

    Attributes:
        weights: a row for each weight, layer by layer, unit by unit, the bias first.
        signals: for one example, a row for each s_b^(l): its gradient in the graph, beside delta_b^(l).
        error: e, or for a data set l_D, the sum over its examples.
    """

    weights: list[Row]
    signals: list[Row]
    error: float

    @property
    def largest_difference(self) -> float:
        """The largest |autodiff - delta recursion| of all weights and signals; nan if one is nan."""
        return float(np.max([row.difference for row in (*self.weights, *self.signals)]))

    def __repr__(self) -> str:
        lines = []
        for title, rows in self._tables():
            cells = [[title, *_COLUMNS], *([row.label, *row.texts()] for row in rows)]
            widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
            for label, *numbers in cells:
                columns = [f"{number:>{width}}" for number, width in zip(numbers, widths[1:], strict=True)]
                lines.append("  ".join([f"{label:<{widths[0]}}", *columns]).rstrip())
            lines.append("")
        return "\n".join([*lines, self._summary()])

    def _repr_html_(self) -> str:
        parts = []
        for title, rows in self._tables():
            head = "".join(f'<th style="{_RIGHT}">{html.escape(name)}</th>' for name in (title, *_COLUMNS))
            body = "".join(
                f'<tr><th style="text-align:left">{html.escape(row.label)}</th>'
                + "".join(f'<td style="{_RIGHT}">{text}</td>' for text in row.texts())
                + "</tr>"
                for row in rows
            )
            parts.append(f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>")
        return "".join([*parts, *(f"<p>{html.escape(line)}</p>" for line in self._summary().splitlines())])

    def _tables(self) -> list[tuple[str, list[Row]]]:
        return [(title, rows) for title, rows in (("weight", self.weights), ("signal", self.signals)) if rows]

    def _summary(self) -> str:
        return (
            "measured, m: by central differences\n"
            f"error {self.error:.12g}; largest |autodiff - delta recursion| {self.largest_difference:.1e}"
        )


_RIGHT = "text-align:right;font-family:monospace;padding:0 .6em"
_COLUMNS = ("autodiff", "delta recursion", "measured", "|a - d|", "|a - m|")


def compare_gradients(net: MLP, x: Any, y: Any) -> GradientComparison:
    """All gradients of the squared error of a network, three ways: from the graph, from the delta recursion, and by
    central differences of the forward propagation. The network is left as it is, its gradients too. For several
    examples the graph of one is compiled into a program (see `autograd_lite.compile_program`).

    Arguments:
        net: an MLP with L layers.
        x: one example, d^(0) numbers, or N examples, of shape (N, d^(0)), whose errors are summed.
        y: the target or targets of the example, or of the N examples.

    Raises:
        ValueError: naming x or y, if its shape does not fit.

    Equation of the third: (e(w + h) - e(w - h)) / 2h with h = 2^-17 max(1, |w|), about the cube root of the precision.

    >>> comparison = compare_gradients(MLP(2, [2, 1], seed=0), [1.0, -1.0], 0.5)
    >>> comparison.largest_difference < 1e-15
    True
    """
    if not isinstance(net, MLP):
        raise TypeError(f"net must be an MLP, not {type(net).__name__}: {net!r}")
    X, Y = _as_data(net, x, y)
    net = copy.deepcopy(net)
    root: Value | None = None
    if len(X) == 1:
        net.zero_grad()
        root = squared_error(net.outputs(X[0]), Y[0])
        root.backward()
        error, gradients = root.data, net.gradients
    else:
        engine = BatchGradients(net, X, Y, squared_error)
        error, gradients = engine.gradients(engine.batch(X, Y), net.weights)

    weights = [matrix.copy() for matrix in net.weights]
    by_recursion = back_propagation_over_data(weights, X, Y, net.activations)

    def error_by_forward_propagation() -> float:
        return float(np.sum((outputs_of(net, X, weights) - Y) ** 2))

    rows = [
        Row(
            f"w^({layer})_{{{position[0] + 1},{position[1]}}}",
            float(gradient),
            float(by_recursion.G[layer][position]),
            _central_difference(error_by_forward_propagation, weights[layer - 1], position),
        )
        for layer, matrix in enumerate(gradients, start=1)
        for position, gradient in np.ndenumerate(matrix)
    ]
    signals = _signal_rows(root, by_recursion.examples[0].delta) if root is not None else []
    return GradientComparison(rows, signals, error)


def _signal_rows(error: Value, deltas: dict[int, Matrix]) -> list[Row]:
    """The gradient of each node s_b^(l) of one example's graph beside delta_b^(l)."""
    in_graph = {node.label: node.grad for node in topological_order(error)}
    labels = [(f"s_{unit}^({layer})", delta) for layer in sorted(deltas) for unit, delta in enumerate(deltas[layer], 1)]
    return [Row(label, in_graph[label], float(delta), None) for label, delta in labels]


def _central_difference(error: Callable[[], float], matrix: Matrix, position: tuple[int, ...]) -> float:
    """The derivative of the error with respect to one entry of a matrix that it is computed from."""
    weight = float(matrix[position])
    step = 2.0**-17 * max(1.0, abs(weight))
    matrix[position] = weight + step
    above = error()
    matrix[position] = weight - step
    below = error()
    matrix[position] = weight
    return (above - below) / (2 * step)


def _as_data(net: MLP, x: Any, y: Any) -> tuple[Matrix, Matrix]:
    """x as an array of shape (N, d^(0)), and y as one of shape (N, d^(L)); one example becomes N = 1."""
    X = as_finite_array("x", x)
    one = X.ndim == 1
    if one:
        X = X[np.newaxis]
    if X.ndim != 2 or X.shape[1] != net.sizes[0] or len(X) == 0:
        raise ValueError(
            f"x must be {net.sizes[0]} numbers, or examples of shape (N, {net.sizes[0]}); received shape {np.shape(x)}"
        )
    Y = as_finite_array("y", y)
    outputs = net.sizes[-1]
    fitting: set[tuple[int, ...]] = {(len(X), outputs)}
    fitting |= {(outputs,)} if one else set()
    fitting |= {(len(X),)} if outputs == 1 else set()
    fitting |= {()} if one and outputs == 1 else set()
    if Y.shape not in fitting:
        raise ValueError(f"y must have {outputs} entries for each of {len(X)} examples; received shape {Y.shape}")
    return X, Y.reshape(len(X), outputs)
