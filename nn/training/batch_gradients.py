"""Errors and gradients of a network for many examples at once, by programs that are compiled from its graph.

The graph of one example is compiled, with its inputs, its targets, the weights and the factors of dropout as its
variables, so that one program serves all iterations. A user-defined loss that cannot be traced is computed by graphs of
Values instead, one for each example.
"""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

import autograd_lite
from autograd_lite import PRIMITIVES, Value, constant, unit_label
from nn.checks import FloatArray, warn
from nn.mlp import MLP
from nn.training.losses import LOSSES, Loss, as_targets

ENGINES = ("auto", "values", "python", "numpy", "arrays", "llvm")
"""What may compute gradients: the back end that suits the size, graphs of Values, or a back end of programs by name."""

CHECKED = 8
"""For this many examples with different targets, a user-defined loss is called again after it was traced."""

MOST_NODES = 20_000_000
"""The largest graph of one example that is compiled."""


class UntraceableLossError(Exception):
    """A user-defined loss that a program cannot compute, because it is not a function of its arguments alone."""


class BatchGradients:
    """Errors and gradients of a network, for one loss.

    Arguments:
        net: the network.
        X: examples, of shape (N, d^(0)), a few of which show whether the loss can be traced.
        y: their targets, of shape (N, d^(L)).
        loss: the loss of one example.
        dropout: whether hidden nodes may be removed.
        engine: one of ENGINES.

    Attributes:
        uses_values: whether graphs of Values are built.
        fallback: why they are built although nobody asked for them; else None.

    Raises:
        ValueError, ImportError: if a back end was asked for that cannot run the program.

    Warns:
        UserWarning: if graphs of Values are built although nobody asked for them, which is far slower.

    >>> from nn.training.losses import squared_error
    >>> net, X, y = MLP(2, [2, 1], seed=0), np.array([[1.0, -1.0], [0.5, 2.0]]), np.array([[0.5], [-0.5]])
    >>> batch_gradients = BatchGradients(net, X, y, squared_error)
    >>> total, gradients = batch_gradients.gradients(batch_gradients.batch(X, y), net.weights)
    >>> round(total, 6), [G.shape for G in gradients]
    (0.765442, [(2, 3), (1, 3)])
    """

    def __init__(
        self, net: MLP, X: FloatArray, y: FloatArray, loss: Loss, *, dropout: bool = False, engine: str = "auto"
    ) -> None:
        self.net, self.loss, self.dropout, self.engine = net, loss, dropout, engine
        self.ours = loss in LOSSES.values()
        self.shapes = [W.shape for W in net.weights]
        self.ends = np.cumsum([W.size for W in net.weights])
        self.programs: dict[bool, autograd_lite.Program] = {}
        self.bound: dict[tuple[bool, int, str], Any] = {}
        """Programs on preallocated buffers, by whether they compute gradients, the batch size and the back end."""
        self.fallback: str | None = None
        self.uses_values = engine == "values"
        if not self.uses_values:
            self._trace(X, y)

    # Tracing

    def _trace(self, X: FloatArray, y: FloatArray) -> None:
        """Compile the program, and check a user-defined loss for a few examples."""
        try:
            self.programs[True] = self._compile(X[0], y[0], gradients=True)
            if not self.ours:
                _, examples = np.unique(y, axis=0, return_index=True)
                examples = np.sort(examples[:CHECKED])
                batch = self.batch(X[examples], y[examples])
                outputs = self.programs[True](batch, self._parameters(self.net.weights)).outputs
                for example in range(len(batch)):
                    self._check(batch, outputs, example)
        except UntraceableLossError as error:
            self._fall_back(str(error))
        except Exception as error:  # whatever a user-defined loss does with Values in place of numbers
            if self.ours or self.engine != "auto":
                raise
            self._fall_back(f"the loss cannot be traced: {error}")

    def _compile(self, x: FloatArray, y: FloatArray, gradients: bool) -> "autograd_lite.Program":
        """The program of one example; its parameters are the weights, then the factor of each hidden unit in dropout.

        It computes the error and, for a user-defined loss, also the outputs o^(L), with which the loss can be checked.
        """
        net = self.net
        inputs = _constants("o", 0, x)
        targets = as_targets(y)
        widths = net.sizes[1:-1] if self.dropout else []
        factors = [_constants("m", l, np.ones(width)) for l, width in enumerate(widths, start=1)]
        outputs = _outputs(net, inputs, factors)  # not traced: here the factors' numbers may be read

        def compute(*_: Value) -> list[Value]:
            return [self.loss(outputs, np.array(targets, dtype=object)), *outputs]

        return autograd_lite.compile_program(
            [self.loss(outputs, targets)] if self.ours else compute,
            [*inputs, *targets],
            [*net.parameters(), *(factor for layer in factors for factor in layer)],
            gradients=gradients,
            backend=self.engine,
            max_nodes=MOST_NODES,
        )

    def _check(self, batch: FloatArray, outputs: FloatArray, example: int) -> None:
        """Call a user-defined loss again for one example of a batch.

        Raises:
            UntraceableLossError: if its result differs from the program's.
        """
        received, *numbers = outputs[example].tolist()
        _, y = self._data(batch[example])
        expected = self.loss([Value(number) for number in numbers], y).data
        both_nan = math.isnan(received) and math.isnan(expected)
        if not both_nan and not math.isclose(received, expected, rel_tol=1e-9, abs_tol=1e-12):
            raise UntraceableLossError(f"the loss is {expected}, but was {received} when it was traced")

    def _fall_back(self, reason: str) -> None:
        """Build graphs of Values from now on, and warn of it."""
        self.uses_values, self.fallback = True, reason
        warn(
            f"gradients are computed by graphs of Values, far slower than by a compiled program: {reason} "
            '(pass engine="values" to accept this without a warning)'
        )

    # Running

    def batch(self, X: FloatArray, y: FloatArray) -> FloatArray:
        """Return examples and targets side by side, as the programs take them."""
        return np.concatenate([X, y], axis=1)

    def gradients(
        self, batch: FloatArray, weights: Sequence[FloatArray], factors: Sequence[FloatArray] = (), runs: int = 0
    ) -> tuple[float, list[FloatArray]]:
        """The sum of the examples' errors, and its gradients G^(1) .. G^(L).

        Arguments:
            batch: from `batch`.
            weights: W^(1) .. W^(L).
            factors: from `Dropout.draw`; without them, all nodes take part.
            runs: how many runs came before. The back end depends on nothing else, so that a run of `fit` that is
                resumed computes the same bits.

        The network's own weights and gradients play no part, unless graphs of Values are built, or a result is not
        finite: then a warning of theirs says where that arose.
        """
        result = self._run(True, batch, self._parameters(weights, factors), runs)
        if result is not None:
            total, flat = result.total.item(), result.parameter_gradients[: self.ends[-1]].copy()
            if math.isfinite(total) and np.isfinite(flat).all():
                parts = np.split(flat, self.ends[:-1])
                return total, [part.reshape(shape) for part, shape in zip(parts, self.shapes, strict=True)]
        self.net.weights = list(weights)
        return gradients_by_values(self.net, self._data(batch), self.loss, factors)

    def error(self, batch: FloatArray, weights: Sequence[FloatArray], runs: int = 0) -> float:
        """The sum of the examples' errors; all nodes take part."""
        result = self._run(False, batch, self._parameters(weights), runs)
        if result is not None:
            return float(result.outputs[:, 0].sum())
        self.net.weights = list(weights)
        X, y = self._data(batch)
        return float(sum(self.loss(self.net.outputs(x), target).data for x, target in zip(X, y, strict=True)))

    def _run(self, gradients: bool, batch: FloatArray, parameters: FloatArray, runs: int) -> Any:
        """Run the program, and return its results; None if graphs of Values are to be built."""
        if self.uses_values:
            return None
        if gradients not in self.programs:
            self.programs[gradients] = self._compile(*self._data(batch[0]), gradients)
        program = self.programs[gradients]
        key = gradients, len(batch), program.chosen(len(batch), runs)
        if key not in self.bound:
            self.bound[key] = program.bind(batch.copy(), parameters, runs=runs)
        result = self.bound[key]
        result.inputs[:], result.parameters[:] = batch, parameters
        result.run()
        if not self.ours:
            try:
                self._check(batch, result.outputs, runs % len(batch))  # another example in each run
            except UntraceableLossError as error:
                self._fall_back(str(error))
                return None
        return result

    def _parameters(self, weights: Sequence[FloatArray], factors: Sequence[FloatArray] = ()) -> FloatArray:
        if self.dropout and not factors:
            factors = [np.ones(width) for width in self.net.sizes[1:-1]]
        return np.concatenate([*(W.ravel() for W in weights), *factors])

    def _data(self, batch: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return the examples and targets that went into a batch, or into one of its rows."""
        return batch[..., : self.net.sizes[0]], batch[..., self.net.sizes[0] :]


def gradients_by_values(
    net: MLP, data: tuple[FloatArray, FloatArray], loss: Loss, factors: Sequence[FloatArray] = ()
) -> tuple[float, list[FloatArray]]:
    """The sum of the examples' errors, and its gradients G^(1) .. G^(L); each example has its own graph.

    The gradients that the network had are set to 0.
    """
    net.zero_grad()
    total = 0.0
    for x, target in zip(*data, strict=True):
        layers = [_constants("m", l, layer) for l, layer in enumerate(factors, start=1)]
        error = loss(_outputs(net, _constants("o", 0, x), layers), target)
        error.backward()
        total += error.data
        if not math.isfinite(total):
            break  # one warning of backward, which says where it arose, is enough
    gradients = net.gradients
    net.zero_grad()
    return total, gradients


def _constants(letter: str, l: int, numbers: FloatArray) -> list[Value]:
    """The numbers of the units of layer l as constants, labelled o_b^(l) or m_b^(l)."""
    return [constant(number, unit_label(letter, b, l)) for b, number in enumerate(numbers, start=1)]


def _outputs(net: MLP, inputs: list[Value], factors: Sequence[Sequence[Value]]) -> list[Value]:
    """The outputs o^(L); the output of each hidden unit is multiplied by its factor in dropout.

    A unit whose factor is 0 is not computed at all: its output may be infinite, and 0 times infinity is nan. (In a
    program, where the factors vary, `multiply_no_nan` takes care of that.)
    """
    if not factors:
        return net.outputs(inputs)
    outputs = inputs
    for layer, layer_factors in zip(net.layers, factors, strict=False):
        outputs = [
            PRIMITIVES["multiply_no_nan"](m, neuron.output(outputs)) if m.data else m
            for m, neuron in zip(layer_factors, layer.neurons, strict=True)
        ]
    return net.layers[-1].outputs(outputs)
