"""Neuron, Layer and MLP of Values, in the notation of the lecture.

Layer l computes s_b^(l) = sum over a = 0 .. d^(l-1) of w_{b,a}^(l) o_a^(l-1), with o_0 = 1, and then
o_b^(l) = theta(s_b^(l)) (lecture 14, slide "Computing Partial Derivatives"). The weight w_{b,0}^(l) is the bias, in
column 0 of the matrix W^(l).
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from autograd_lite import Value, add, constant, leaky_relu, relu, sigmoid, sin, softplus, tanh
from nn.checks import Array, as_array, as_integer
from nn.module import Module
from nn.randomness import random_weights

Matrix: TypeAlias = Array
Inputs: TypeAlias = Sequence[Value] | Sequence[float] | npt.NDArray[Any]

ACTIVATIONS: dict[str, Callable[[Value], Value]] = {
    "tanh": tanh,
    "sigmoid": sigmoid,
    "relu": relu,
    "leaky_relu": leaky_relu,
    "softplus": softplus,
    "sin": sin,
    "linear": lambda s: s,
}
"""The activation functions theta, by name; the lecture's is tanh."""

_REPRESENTATIONS = {"relu": "ReLU", "leaky_relu": "LeakyReLU"}


class Neuron(Module):
    """One unit: the activation of the weighted sum of its inputs.

    Arguments:
        nin: how many inputs, d^(l-1); at least 1.
        nonlin: False for a linear unit, whatever the activation (micrograd's word).
        activation: the name of theta, a key of ACTIVATIONS.
        weights: the row W_b^(l) of nin + 1 numbers, the bias first; without it, small random numbers.
        seed: of the random numbers; None takes fresh ones from the operating system.
        layer: l, counted from 1, for the labels.
        unit: b, counted from 1, for the labels.

    Attributes:
        w: the nin weights w_{b,1}^(l), w_{b,2}^(l), ...
        b: the bias w_{b,0}^(l).
        nonlin: whether theta is applied (micrograd's word); it may be set.

    Raises:
        ValueError: naming the argument that is wrong.

    >>> neuron = Neuron(2, weights=[6.8813735870195432, -3.0, 1.0])
    >>> round(neuron([2.0, 0.0]).data, 6)
    0.707107
    >>> [weight.label for weight in neuron.parameters()]
    ['w^(1)_{1,1}', 'w^(1)_{1,2}', 'w^(1)_{1,0}']
    """

    def __init__(
        self,
        nin: int,
        nonlin: bool = True,
        *,
        activation: str = "tanh",
        weights: Sequence[float] | Matrix | None = None,
        seed: int | None = None,
        layer: int = 1,
        unit: int = 1,
    ) -> None:
        as_integer("nin", nin, least=1)
        if weights is None:
            weights = random_weights([nin, 1], seed)[0][0]
        row = as_array("weights", [weights], (1, nin + 1))[0]
        check_activation("activation", activation)
        self.nonlin = nonlin and activation != "linear"
        self._theta = activation
        self.b, *self.w = [
            Value(weight, f"w^({layer})_{{{unit},{position}}}") for position, weight in enumerate(row.tolist())
        ]
        self._layer = layer
        self._pre_activation_label = f"s_{unit}^({layer})"
        self._output_label = f"o_{unit}^({layer})"

    def __call__(self, x: Inputs) -> Value:
        """The output o_b^(l) for nin inputs, numbers or Values.

        Raises:
            ValueError: if x has not nin entries.
        """
        return self.output(as_inputs(x, len(self.w), self._layer - 1))

    def output(self, inputs: Sequence[Value]) -> Value:
        """The output o_b^(l) for inputs that are nin Values already."""
        s = add(self.b, *[weight * o for weight, o in zip(self.w, inputs, strict=True)])
        s.label = self._pre_activation_label
        o = ACTIVATIONS[self.activation](s)
        if o is not s:
            o.label = self._output_label
        return o

    @property
    def activation(self) -> str:
        """The name of theta; "linear" where `nonlin` is False."""
        return self._theta if self.nonlin else "linear"

    def parameters(self) -> list[Value]:
        """The weights w_{b,1}^(l), w_{b,2}^(l), ... and, last as in micrograd, the bias w_{b,0}^(l)."""
        return [*self.w, self.b]

    def __repr__(self) -> str:
        return f"{_REPRESENTATIONS.get(self.activation, self.activation.capitalize())}Neuron({len(self.w)})"


class Layer(Module):
    """Units that share their inputs.

    Arguments:
        nin: how many inputs, d^(l-1); at least 1.
        nout: how many units, d^(l); at least 1.
        nonlin, activation, seed, layer: as for Neuron.
        weights: the matrix W^(l) of shape (nout, nin + 1), the bias in column 0; without it, small random numbers.

    Raises:
        ValueError: naming the argument that is wrong.

    >>> Layer(2, 3)
    Layer of [TanhNeuron(2), TanhNeuron(2), TanhNeuron(2)]
    """

    def __init__(
        self,
        nin: int,
        nout: int,
        nonlin: bool = True,
        *,
        activation: str = "tanh",
        weights: Sequence[Sequence[float]] | Matrix | None = None,
        seed: int | None = None,
        layer: int = 1,
    ) -> None:
        as_integer("nin", nin, least=1)
        as_integer("nout", nout, least=1)
        if weights is None:
            weights = random_weights([nin, nout], seed)[0]
        matrix = as_array("weights", weights, (nout, nin + 1))
        self.neurons = [
            Neuron(nin, nonlin, activation=activation, weights=row, layer=layer, unit=unit)
            for unit, row in enumerate(matrix, start=1)
        ]
        self._layer = layer

    def __call__(self, x: Inputs) -> Value | list[Value]:
        """The outputs o^(l) for nin inputs: a Value if the layer has one unit, else a list of nout Values.

        Raises:
            ValueError: if x has not nin entries.
        """
        outputs = self.outputs(as_inputs(x, len(self.neurons[0].w), self._layer - 1))
        return outputs[0] if len(outputs) == 1 else outputs

    def outputs(self, inputs: Sequence[Value], removed: Collection[int] = ()) -> list[Value]:
        """The list of outputs o^(l) for inputs that are nin Values already.

        Arguments:
            inputs: o^(l-1), without o_0.
            removed: the units b, counted from 1, that are removed, as by dropout: what they give is a constant 0.
        """
        return [
            constant(0.0, f"removed o_{unit}^({self._layer})") if unit in removed else neuron.output(inputs)
            for unit, neuron in enumerate(self.neurons, start=1)
        ]

    def parameters(self) -> list[Value]:
        """The parameters of all units, unit by unit."""
        return [parameter for neuron in self.neurons for parameter in neuron.parameters()]

    def __repr__(self) -> str:
        return f"Layer of [{', '.join(map(str, self.neurons))}]"


class MLP(Module):
    """A multilayer perceptron: layers 1 to L, each taking the outputs of the one before.

    As in the lecture, theta = tanh on every layer, the output too. (micrograd's network, ReLU with a linear output, is
    `activation="relu", output_activation="linear"`; with its defaults and its random numbers it is in `nn.micrograd`.)

    Arguments:
        nin: how many inputs, d^(0).
        nouts: how many units in each layer, [d^(1), ..., d^(L)].
        activation: the name of theta, a key of ACTIVATIONS.
        output_activation: the name of another theta for layer L; None for the same.
        weights: the matrices W^(1) .. W^(L), shaped (d^(l), d^(l-1) + 1), the bias in column 0. Without them the
            weights, biases too, are small random numbers, uniform within 1/sqrt(d^(l-1) + 1) of 0.
        seed: of the random numbers; None takes fresh ones from the operating system.

    Raises:
        ValueError: naming the argument that is wrong.

    >>> net = MLP(2, [2, 1], seed=0)
    >>> net
    MLP of [Layer of [TanhNeuron(2), TanhNeuron(2)], Layer of [TanhNeuron(2)]]
    >>> [matrix.shape for matrix in net.weights]
    [(2, 3), (1, 3)]
    >>> o = net([1.0, -1.0])
    >>> o.label
    'o_1^(2)'
    """

    def __init__(
        self,
        nin: int,
        nouts: Sequence[int],
        activation: str = "tanh",
        output_activation: str | None = None,
        *,
        weights: Sequence[Matrix | Sequence[Sequence[float]]] | None = None,
        seed: int | None = None,
    ) -> None:
        self.sizes = check_sizes(nin, nouts)
        if weights is None:
            weights = random_weights(self.sizes, seed)
        matrices = check_matrices("weights", weights, self.sizes)
        check_activation("activation", activation)
        last = activation if output_activation is None else check_activation("output_activation", output_activation)
        names = [activation] * (len(matrices) - 1) + [last]
        self.layers = [
            Layer(width, len(matrix), activation=name, weights=matrix, layer=number)
            for number, (width, matrix, name) in enumerate(zip(self.sizes, matrices, names, strict=False), start=1)
        ]

    def __call__(self, x: Inputs) -> Value | list[Value]:
        """The outputs o^(L) for one example: a Value if there is one output, else a list of d^(L) Values.

        Arguments:
            x: d^(0) numbers, which become constants labelled o_a^(0), or Values.

        Raises:
            ValueError: if x has not d^(0) entries.
        """
        outputs = self.outputs(x)
        return outputs[0] if len(outputs) == 1 else outputs

    def outputs(self, x: Inputs, removed: Sequence[Collection[int]] = (), scale: float = 1.0) -> list[Value]:
        """The outputs o^(L) for one example, as a list also where there is only one.

        Arguments:
            x: as when the network is called.
            removed: for the hidden layers 1, 2, ... the units, counted from 1, that dropout removes. In the graph they
                are constants labelled "removed o_b^(l)", with no edges into them.
            scale: what the outputs of the remaining units of these layers are multiplied by (see `Dropout`).

        Raises:
            ValueError: if x has not d^(0) entries, or removed more entries than there are hidden layers, or a unit that
                its layer has not.

        >>> net = MLP(2, [2, 1], seed=0)
        >>> error_of_bias = net.outputs([1.0, -1.0], removed=[{1, 2}])[0].data - np.tanh(net.weights[1][0, 0])
        >>> abs(float(error_of_bias)) < 1e-15
        True
        """
        if len(removed) >= len(self.layers):
            raise ValueError(
                f"removed must have at most {len(self.layers) - 1} entries, one for each hidden layer; "
                f"received {len(removed)}"
            )
        for number, (units, width) in enumerate(zip(removed, self.sizes[1:], strict=False)):
            if not all(unit in range(1, width + 1) for unit in units):
                raise ValueError(f"removed[{number}] must be units, 1 to {width}; received {units!r}")
        outputs = as_inputs(x, self.sizes[0])
        for number, layer in enumerate(self.layers):
            gone = removed[number] if number < len(removed) else ()
            outputs = layer.outputs(outputs, gone)
            if scale != 1.0 and number < len(removed):
                outputs = [o if unit in gone else o * scale for unit, o in enumerate(outputs, start=1)]
        return outputs

    def parameters(self) -> list[Value]:
        """All parameters, layer by layer and unit by unit."""
        return [parameter for layer in self.layers for parameter in layer.parameters()]

    @property
    def activations(self) -> list[str]:
        """The name of theta for each of the layers 1 to L."""
        return [layer.neurons[0].activation for layer in self.layers]

    @property
    def weights(self) -> list[Matrix]:
        """The matrices W^(1) .. W^(L), to be read; W^(l) has shape (d^(l), d^(l-1) + 1) and the bias in column 0.

        Assign matrices of the same shapes to set all weights.

        Raises:
            ValueError: on assignment of other shapes; no weight is changed then.
        """
        matrices = [np.array([[w.data for w in row] for row in rows]) for rows in self._rows()]
        for matrix in matrices:
            matrix.setflags(write=False)  # or net.weights[0][0, 0] = 1.0 would change a copy, and nobody would notice
        return matrices

    @weights.setter
    def weights(self, matrices: Sequence[Matrix | Sequence[Sequence[float]]]) -> None:
        checked = check_matrices("weights", matrices, self.sizes)
        for rows, matrix in zip(self._rows(), checked, strict=True):
            for row, numbers in zip(rows, matrix.tolist(), strict=True):
                for weight, number in zip(row, numbers, strict=True):
                    weight.data = number

    @property
    def gradients(self) -> list[Matrix]:
        """The gradients of all weights, as matrices G^(1) .. G^(L) of the shapes of `weights`."""
        return [np.array([[w.grad for w in row] for row in rows]) for rows in self._rows()]

    def _rows(self) -> list[list[list[Value]]]:
        """The parameters as matrices: layer by layer, row by row, the bias first."""
        return [[[neuron.b, *neuron.w] for neuron in layer.neurons] for layer in self.layers]

    def __repr__(self) -> str:
        return f"MLP of [{', '.join(map(str, self.layers))}]"


def as_inputs(x: Inputs, width: int, layer: int = 0) -> list[Value]:
    """The entries of x as Values; numbers become constants, labelled o_a^(l).

    Raises:
        ValueError: if x has not as many entries as the width.
        TypeError: if x is no sequence, or an entry no number.
    """
    ordered = hasattr(x, "__len__") and hasattr(x, "__getitem__") and not isinstance(x, str | bytes | Mapping)
    if not ordered or getattr(x, "ndim", 1) != 1:
        raise TypeError(f"x must be {width} numbers or Values in a row, not {type(x).__name__}: {x!r}")
    if len(x) != width:
        raise ValueError(f"x must have {width} entries, received {len(x)}")
    return [_as_input(entry, position, layer) for position, entry in enumerate(x, start=1)]


def _as_input(entry: Any, position: int, layer: int) -> Value:
    if isinstance(entry, Value):
        return entry
    try:
        return constant(entry, f"o_{position}^({layer})")
    except TypeError as error:
        raise TypeError(f"x is wrong in entry {position}: {error}") from None


def check_sizes(nin: int, nouts: Sequence[int]) -> list[int]:
    """The widths d^(0), d^(1), ..., d^(L), checked."""
    if not hasattr(nouts, "__len__") or isinstance(nouts, str) or len(nouts) == 0:
        raise ValueError(f"nouts must be a list of at least one integer, as in MLP(2, [2, 1]); received {nouts!r}")
    return [
        as_integer("nin", nin, least=1),
        *(as_integer(f"nouts[{i}]", width, least=1) for i, width in enumerate(nouts)),
    ]


def check_activation(argument: str, name: str) -> str:
    """The name, if it is that of an activation function; else a ValueError that names the argument."""
    if not isinstance(name, str) or name not in ACTIVATIONS:
        raise ValueError(f"{argument} must be one of {', '.join(ACTIVATIONS)}; received {name!r}")
    return name


def check_matrices(argument: str, matrices: Sequence[Any], sizes: Sequence[int]) -> list[Matrix]:
    """The matrices W^(1) .. W^(L) for layers of these sizes, checked by `as_array`."""
    if not hasattr(matrices, "__len__") or len(matrices) != len(sizes) - 1:
        received = len(matrices) if hasattr(matrices, "__len__") else repr(matrices)
        raise ValueError(f"{argument} must be {len(sizes) - 1} matrices, one for each layer; received {received}")
    return [
        as_array(f"{argument}[{i}], W^({i + 1}),", matrix, (sizes[i + 1], sizes[i] + 1))
        for i, matrix in enumerate(matrices)
    ]
