"""What computes errors and gradients of a network for many examples at once: programs, compiled from its graph.

The graph of one example is traced, with the inputs, the targets and the nodes that dropout removes as what varies, so
that one program serves each iteration. Where a loss of your own cannot be traced, graphs of Values are built, example
by example.
"""

import math
from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import numpy as np

import autograd_lite
from autograd_lite import PRIMITIVES, Value, constant, unit_label
from nn.checks import Array
from nn.mlp import MLP, Matrix, as_inputs
from nn.training.losses import LOSSES

Loss: TypeAlias = Callable[[Sequence[Value], Any], Value]
"""The error of one example: of its outputs o^(L) and its target y."""

ENGINES = ("auto", "values", "python", "numpy", "arrays", "llvm")
"""What may compute gradients: the fastest for the size, graphs of Values, or a back end of programs."""

CHECKED = 8
"""For so many examples of different targets a loss of your own is called again, when it was traced."""


class BatchGradients:
    """Errors and gradients of a network, for one loss.

    Arguments:
        net: the network.
        X: examples, of shape (N, d^(0)); those of the run, a few of which show whether the loss can be traced.
        y: their targets, of shape (N, d^(L)), or class numbers, (N,).
        loss: the loss of one example.
        dropout: whether hidden nodes may be removed.
        engine: one of ENGINES.

    Attributes:
        reason: why graphs of Values are built; "" if programs run.

    Raises:
        ValueError, ImportError: if a back end was asked for that cannot run the program.

    >>> from nn.training.losses import squared_error
    >>> net, X, y = MLP(2, [2, 1], seed=0), np.array([[1.0, -1.0], [0.5, 2.0]]), np.array([[0.5], [-0.5]])
    >>> engine = BatchGradients(net, X, y, squared_error)
    >>> total, gradients = engine.gradients(engine.batch(X, y), net.weights)
    >>> round(total, 6), [G.shape for G in gradients]
    (0.765442, [(2, 3), (1, 3)])
    """

    def __init__(
        self, net: MLP, X: Array, y: Array, loss: Loss, *, dropout: bool = False, engine: str = "auto"
    ) -> None:
        self.net, self.loss, self.dropout, self.backend = net, loss, dropout, engine
        self.ours = loss in LOSSES.values()
        self.classes = y.ndim == 1
        self.programs: dict[bool, autograd_lite.Program] = {}
        self.reason = "they were asked for" if engine == "values" else ""
        self.masks = sum(net.sizes[1:-1]) if dropout else 0
        self.shapes = [matrix.shape for matrix in net.weights]
        self.ends = np.cumsum([rows * columns for rows, columns in self.shapes])
        if not self.reason:
            self.reason = self._trace(X, y)

    # Tracing

    def _trace(self, X: Array, y: Array) -> str:
        """Make the program; gives why that is not possible, or ""."""
        try:
            self.programs[True] = self._compile(X[0], y[0])
            if self.ours:
                return ""
            _, examples = np.unique(y, axis=0, return_index=True)
            examples = np.sort(examples[:CHECKED])
            batch = self.batch(X[examples], y[examples])
            outputs = self.programs[True](batch, self._parameters(self.net.weights)).outputs
            return next(filter(None, (self._disagreement(batch, outputs, i) for i in range(len(batch)))), "")
        except Exception as error:  # whatever a loss of somebody's own does with Values in place of numbers
            if self.ours or self.backend != "auto":
                raise
            return f"the loss cannot be traced: {error}"

    def _compile(self, x: Array, y: Any, gradients: bool = True) -> "autograd_lite.Program":
        """The program of one example; its parameters are the weights, then what dropout multiplies each node by.

        It gives the error and, where the loss is not ours, the outputs o^(L), from which the error can be had again.
        """
        net = self.net
        inputs = [constant(number, f"o_{a}^(0)") for a, number in enumerate(x, start=1)]
        numbers = self._targets(np.asarray([y]))[0]
        names = ["y"] if len(numbers) == 1 else [f"y_{b}" for b in range(1, len(numbers) + 1)]
        targets = [constant(number, name) for number, name in zip(numbers, names, strict=True)]
        masks = [
            [constant(1.0, f"m_{b}^({l})") for b in range(1, width + 1)] if self.dropout else []
            for l, width in enumerate(net.sizes[1:-1], start=1)
        ]

        def compute(*_: Value) -> list[Value]:
            outputs = _outputs(net, inputs, masks)
            if self.ours:
                return [self.loss(outputs, targets)]
            return [self.loss(outputs, np.array(targets, dtype=object)), *outputs]

        return autograd_lite.compile_program(
            compute() if self.ours else compute,
            [*inputs, *targets],
            [*net.parameters(), *(mask for layer in masks for mask in layer)],
            gradients=gradients,
            backend=self.backend,
            max_nodes=MOST_NODES,
        )

    def _disagreement(self, batch: Array, outputs: Array, example: int) -> str:
        """Whether a loss of your own gives another error than when it was traced, as one that is no function may."""
        received, *numbers = outputs[example].tolist()
        _, y = self._data(batch[example : example + 1])
        expected = self.loss([Value(number) for number in numbers], y[0]).data
        both_nan = math.isnan(received) and math.isnan(expected)
        if both_nan or math.isclose(received, expected, rel_tol=1e-9, abs_tol=1e-12):
            return ""
        return f"the loss gives {expected}, but gave {received} when it was traced"

    def _watch(self, batch: Array, outputs: Array, runs: int) -> None:
        """Compute the error of one example, another in each run, by a loss of your own again; if it differs, build
        graphs of Values from now on."""
        if not self.ours:
            self.reason = self._disagreement(batch, outputs, runs % len(batch))

    # Running

    def batch(self, X: Array, y: Array) -> Array:
        """Examples and targets side by side, as the programs take them; of class numbers, a target for each class."""
        return np.concatenate([X, self._targets(y)], axis=1)

    def _targets(self, y: Array) -> Array:
        if not self.classes:
            return y
        one_hot: Array = (y[:, np.newaxis] == np.arange(self.net.sizes[-1])).astype(np.float64)
        return one_hot

    def gradients(
        self,
        batch: Array,
        weights: Sequence[Matrix],
        removed: Sequence[frozenset[int]] = (),
        scale: float = 1.0,
        runs: int = 0,
    ) -> tuple[float, list[Matrix]]:
        """The sum of the examples' errors, and its gradients G^(1) .. G^(L).

        Arguments:
            batch: from `batch`.
            weights: W^(1) .. W^(L).
            removed: the units of the hidden layers 1, 2, ... that dropout removes, counted from 1.
            scale: what the outputs of the others are multiplied by.
            runs: how often it has run before; what runs it depends on this alone, so that a run that is resumed gives
                the same bits.

        The network's own weights and gradients play no part, unless graphs of Values are built, or a result is not
        finite: then they tell, in a warning, where that arose.
        """
        if not self.reason:
            program = self.programs[True]
            program.runs = runs
            result = program(batch, self._parameters(weights, removed, scale))
            self._watch(batch, result.outputs, runs)
            flat = result.parameter_gradients[: self.ends[-1]]
            if not self.reason and math.isfinite(result.total) and np.isfinite(flat).all():
                parts = np.split(flat, self.ends[:-1])
                return result.total, [part.reshape(shape) for part, shape in zip(parts, self.shapes, strict=True)]
        self.net.weights = list(weights)
        return gradients_by_values(self.net, self._data(batch), self.loss, removed, scale)

    def error(self, batch: Array, weights: Sequence[Matrix], runs: int = 0) -> float:
        """The sum of the examples' errors; all nodes take part."""
        if not self.reason:
            if False not in self.programs:
                x, y = self._data(batch[:1])
                self.programs[False] = self._compile(x[0], y[0], gradients=False)
            program = self.programs[False]
            program.runs = runs
            outputs = program(batch, self._parameters(weights)).outputs
            self._watch(batch, outputs, runs)
            if not self.reason:
                return float(outputs[:, 0].sum())
        self.net.weights = list(weights)
        X, y = self._data(batch)
        return float(sum(self.loss(self.net.outputs(x), target).data for x, target in zip(X, y, strict=True)))

    def _parameters(
        self, weights: Sequence[Matrix], removed: Sequence[frozenset[int]] = (), scale: float = 1.0
    ) -> Array:
        parts = [W.ravel() for W in weights]
        if self.masks:
            layers = [np.full(width, scale) for width in self.net.sizes[1:-1]]
            for layer, units in zip(layers, removed, strict=False):
                layer[[unit - 1 for unit in units]] = 0.0
            parts += layers
        return np.concatenate(parts)

    def _data(self, batch: Array) -> tuple[Array, Array]:
        """Examples and targets, as they went into a batch."""
        inputs = self.net.sizes[0]
        targets = batch[:, inputs:]
        return batch[:, :inputs], np.argmax(targets, axis=1).astype(np.float64) if self.classes else targets


MOST_NODES = 20_000_000
"""Of the graph of one example."""


def _outputs(net: MLP, inputs: list[Value], masks: Sequence[Sequence[Value]]) -> list[Value]:
    """The outputs o^(L), where each hidden unit of a layer with masks is multiplied by its mask.

    A unit whose mask is 0 is not computed at all: its output may be infinite, and 0 times infinity is nan. (In a
    program, where the masks vary, `multiply_no_nan` takes care of that.)
    """
    outputs = inputs
    for layer, layer_masks in zip(net.layers, [*masks, *([()] * (len(net.layers) - len(masks)))], strict=True):
        if layer_masks:
            outputs = [
                PRIMITIVES["multiply_no_nan"](mask, neuron.output(outputs)) if mask.data else mask
                for mask, neuron in zip(layer_masks, layer.neurons, strict=True)
            ]
        else:
            outputs = layer.outputs(outputs)
    return outputs


def gradients_by_values(
    net: MLP,
    data: tuple[Array, Array],
    loss: Loss,
    removed: Sequence[frozenset[int]] = (),
    scale: float = 1.0,
) -> tuple[float, list[Matrix]]:
    """The sum of the examples' errors, and its gradients G^(1) .. G^(L); each example has a graph of its own.

    The gradients that the network had are set to 0.
    """
    net.zero_grad()
    total = 0.0
    for x, target in zip(*data, strict=True):
        masks = [
            [constant(0.0 if b in units else scale, unit_label("m", b, l)) for b in range(1, net.sizes[l] + 1)]
            for l, units in enumerate(removed, start=1)
        ]
        error = loss(_outputs(net, as_inputs(x, net.sizes[0]), masks), target)
        error.backward()
        total += error.data
        if not math.isfinite(total):
            break  # one warning of backward, that says where it arose, is enough
    gradients = net.gradients
    net.zero_grad()
    return total, gradients
