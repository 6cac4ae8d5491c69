"""Neuron, Layer and MLP of Values, in the notation of the lecture.

Layer l computes s_b^(l) = sum over a = 0 .. d^(l-1) of w_{b,a}^(l) o_a^(l-1), with o_0 = 1, and then
o_b^(l) = theta(s_b^(l)) (lecture 14, slide "Computing Partial Derivatives"). The weight w_{b,0}^(l) is the bias, in
column 0 of the matrix W^(l).

Weights have one order everywhere: layer by layer, row by row of W^(l), the bias first.
"""

# The names from `collections.abc`, `typing` and `numpy.typing` are for annotations, as in `nin: int`, which Python
# ignores.
from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from autograd_lite import Value, add, constant, leaky_relu, relu, sigmoid, sin, softplus, tanh, unit_label, weight_label
from nn.checks import FloatArray, as_array, as_integer, as_matrices, as_sizes, check_choice, is_sequence
from nn.randomness import random_weights

Inputs: TypeAlias = Sequence[Value] | Sequence[float] | npt.NDArray[Any]
"""For annotations: a list, tuple or array of numbers or Values."""

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
"""How `repr` writes these activations; the others just begin with a capital letter, as in TanhNeuron."""


class Module:
    """A part of a network: something with parameters."""

    def parameters(self) -> list[Value]:
        """Return the Values that training changes; subclasses override this, and the default is none."""
        return []

    def zero_grad(self) -> None:
        """Set the gradient of every parameter to 0, as before each backward pass of a training step.

        Backward passes add up the gradients of leaves; each pass computes the gradients of interior nodes again.

        >>> neuron = Neuron(1, seed=0)
        >>> neuron([2.0]).backward()
        >>> neuron.zero_grad()
        >>> [weight.grad for weight in neuron.parameters()]
        [0.0, 0.0]
        """
        for parameter in self.parameters():
            parameter.grad = 0.0


class Neuron(Module):
    """One unit: the activation of the weighted sum of its inputs.

    Arguments:
        nin: the number of inputs, d^(l-1); at least 1.
        nonlin: False for a linear unit, whatever the activation (micrograd's term).
        activation: the name of theta, a key of ACTIVATIONS.
        weights: the row W_b^(l) of nin + 1 numbers, the bias first; small random numbers if None.
        seed: seed of the random numbers; None takes entropy from the operating system.
        layer: l, counted from 1, for the labels.
        unit: b, counted from 1, for the labels.

    Attributes:
        w: the nin weights w_{b,1}^(l), w_{b,2}^(l), ...
        b: the bias w_{b,0}^(l).
        nonlin: whether theta is applied (micrograd's term); it may be set.

    Raises:
        TypeError, ValueError: naming the argument that is wrong.

    >>> neuron = Neuron(2, weights=[6.8813735870195432, -3.0, 1.0])
    >>> round(neuron([2.0, 0.0]).data, 6)
    0.707107
    >>> [weight.label for weight in neuron.parameters()]
    ['w^(1)_{1,0}', 'w^(1)_{1,1}', 'w^(1)_{1,2}']
    """

    def __init__(
        self,
        nin: int,
        nonlin: bool = True,
        *,  # keyword-only from here
        activation: str = "tanh",
        weights: Sequence[float] | FloatArray | None = None,
        seed: int | None = None,
        layer: int = 1,
        unit: int = 1,
    ) -> None:
        as_integer("nin", nin, least=1)
        check_choice("activation", activation, ACTIVATIONS)
        if weights is None:
            weights = random_weights([nin, 1], seed)[0][0]  # row 1 of layer 1
        numbers = as_array("weights", weights, (nin + 1,)).tolist()
        # The first is the bias, the others are w.
        self.b, *self.w = [Value(number, weight_label(layer, unit, a)) for a, number in enumerate(numbers)]
        self.nonlin = nonlin and activation != "linear"
        self._activation = activation
        self._layer = layer
        self._label_of_s = unit_label("s", unit, layer)
        self._label_of_o = unit_label("o", unit, layer)

    def __call__(self, x: Inputs) -> Value:
        """Return the output o_b^(l) for nin inputs, numbers or Values.

        Raises:
            ValueError: if x does not have nin entries.
        """
        # as_inputs makes numbers constants; their labels are those for outputs of layer l - 1.
        return self.output(as_inputs(x, len(self.w), self._layer - 1))

    def output(self, inputs: Sequence[Value]) -> Value:
        """Return the output o_b^(l) for nin Values."""
        products = [w * o for w, o in zip(self.w, inputs, strict=True)]
        s = add(self.b, *products)  # one node for the whole sum
        s.label = self._label_of_s
        o = ACTIVATIONS[self.activation](s)
        if o is not s:  # in a linear unit o is s
            o.label = self._label_of_o
        return o

    @property
    def activation(self) -> str:
        """The name of theta; "linear" where `nonlin` is False."""
        return self._activation if self.nonlin else "linear"

    @property
    def row(self) -> list[Value]:
        """Row b of the matrix W^(l): the bias w_{b,0}^(l), then w_{b,1}^(l), w_{b,2}^(l), ..."""
        return [self.b, *self.w]

    def parameters(self) -> list[Value]:
        """Return the weights, in the order of `row`."""
        return self.row

    def __repr__(self) -> str:
        return f"{_REPRESENTATIONS.get(self.activation, self.activation.capitalize())}Neuron({len(self.w)})"


class Layer(Module):
    """Units that share their inputs.

    Arguments:
        nin: the number of inputs, d^(l-1); at least 1.
        nout: the number of units, d^(l); at least 1.
        nonlin, activation, seed, layer: as for Neuron.
        weights: the matrix W^(l) of shape (nout, nin + 1), the bias in column 0; small random numbers if None.

    Raises:
        TypeError, ValueError: naming the argument that is wrong.

    >>> Layer(2, 3)
    Layer of [TanhNeuron(2), TanhNeuron(2), TanhNeuron(2)]
    """

    def __init__(
        self,
        nin: int,
        nout: int,
        nonlin: bool = True,
        *,  # keyword-only from here
        activation: str = "tanh",
        weights: Sequence[Sequence[float]] | FloatArray | None = None,
        seed: int | None = None,
        layer: int = 1,
    ) -> None:
        as_integer("nin", nin, least=1)
        as_integer("nout", nout, least=1)
        if weights is None:
            weights = random_weights([nin, nout], seed)[0]
        matrix = as_array("weights", weights, (nout, nin + 1))
        self.neurons = [
            Neuron(nin, nonlin, activation=activation, weights=row, layer=layer, unit=b)
            for b, row in enumerate(matrix, start=1)
        ]
        self._layer = layer

    def __call__(self, x: Inputs) -> Value | list[Value]:
        """Return the outputs o^(l) for nin inputs: a Value if the layer has one unit, else a list of nout Values.

        Raises:
            ValueError: if x does not have nin entries.
        """
        outputs = self.outputs(as_inputs(x, len(self.neurons[0].w), self._layer - 1))
        return outputs[0] if len(outputs) == 1 else outputs

    def outputs(self, inputs: Sequence[Value]) -> list[Value]:
        """Return the list of outputs o^(l) for nin Values."""
        return [neuron.output(inputs) for neuron in self.neurons]

    def parameters(self) -> list[Value]:
        """Return the weights, row by row of W^(l)."""
        return [parameter for neuron in self.neurons for parameter in neuron.parameters()]

    def __repr__(self) -> str:
        return f"Layer of {self.neurons}"


class MLP(Module):
    """A multilayer perceptron: layers 1 to L, each fed by the one before.

    As in the lecture, theta = tanh on every layer, including the output. (micrograd's network, ReLU with a linear
    output, is `activation="relu", output_activation="linear"`; `nn.micrograd` also has its defaults and its random
    numbers.)

    Arguments:
        nin: the number of inputs, d^(0).
        nouts: the number of units in each layer, [d^(1), ..., d^(L)].
        activation: the name of theta, a key of ACTIVATIONS.
        output_activation: the name of theta for layer L; if None, `activation`.
        weights: the matrices W^(1) .. W^(L), of shapes (d^(l), d^(l-1) + 1), the bias in column 0. If None, all weights
            and biases are small random numbers, uniform within 1/sqrt(d^(l-1) + 1) of 0.
        seed: seed of the random numbers; None takes entropy from the operating system.

    Attributes:
        sizes: the widths [d^(0), d^(1), ..., d^(L)].
        layers: the list of the Layers 1 to L.

    Raises:
        TypeError, ValueError: naming the argument that is wrong.

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
        *,  # keyword-only from here
        weights: Sequence[FloatArray | Sequence[Sequence[float]]] | None = None,
        seed: int | None = None,
    ) -> None:
        self.sizes = as_sizes(nin, nouts)
        if weights is None:
            weights = random_weights(self.sizes, seed)
        W = as_matrices("weights", weights, self.sizes)  # a dictionary: W[1] .. W[L]
        check_choice("activation", activation, ACTIVATIONS)
        theta = dict.fromkeys(W, activation)  # one name for each layer l
        if output_activation is not None:
            check_choice("output_activation", output_activation, ACTIVATIONS)
            theta[len(W)] = output_activation
        self.layers = [Layer(self.sizes[l - 1], self.sizes[l], activation=theta[l], weights=W[l], layer=l) for l in W]

    def __call__(self, x: Inputs) -> Value | list[Value]:
        """Return the outputs o^(L) for one example: a Value if there is one output, else a list of d^(L) Values.

        Arguments:
            x: d^(0) numbers, which become constants labelled o_a^(0), or Values.

        Raises:
            ValueError: if x does not have d^(0) entries.
        """
        outputs = self.outputs(x)
        return outputs[0] if len(outputs) == 1 else outputs

    def outputs(self, x: Inputs) -> list[Value]:
        """Return the outputs o^(L) for one example, as a list even if there is only one."""
        o = as_inputs(x, self.sizes[0])
        for layer in self.layers:
            o = layer.outputs(o)
        return o

    def parameters(self) -> list[Value]:
        """Return the weights, layer by layer and row by row: in the order of W.ravel() for each matrix of `weights`.

        >>> [weight.label for weight in MLP(1, [2, 1], seed=0).parameters()]
        ['w^(1)_{1,0}', 'w^(1)_{1,1}', 'w^(1)_{2,0}', 'w^(1)_{2,1}', 'w^(2)_{1,0}', 'w^(2)_{1,1}', 'w^(2)_{1,2}']
        """
        return [parameter for layer in self.layers for parameter in layer.parameters()]

    @property
    def activations(self) -> list[str]:
        """The name of theta for each of the layers 1 to L."""
        return [layer.neurons[0].activation for layer in self.layers]

    @property
    def weights(self) -> list[FloatArray]:
        """The matrices W^(1) .. W^(L), read-only; W^(l) has shape (d^(l), d^(l-1) + 1) and the bias in column 0.

        Assign matrices of the same shapes to set all weights.

        Raises:
            TypeError, ValueError: if anything else is assigned; no weight is changed then.
        """
        matrices = [np.array([[w.data for w in neuron.row] for neuron in layer.neurons]) for layer in self.layers]
        for matrix in matrices:
            matrix.setflags(write=False)  # it is a copy: changing one of its entries would have no effect
        return matrices

    @weights.setter  # called for net.weights = matrices
    def weights(self, matrices: Sequence[FloatArray | Sequence[Sequence[float]]]) -> None:
        W = as_matrices("weights", matrices, self.sizes)
        for l, layer in enumerate(self.layers, start=1):
            for neuron, row in zip(layer.neurons, W[l].tolist(), strict=True):
                for weight, number in zip(neuron.row, row, strict=True):
                    weight.data = number

    @property
    def gradients(self) -> list[FloatArray]:
        """The gradients of all weights, as matrices G^(1) .. G^(L) with the shapes of `weights`."""
        return [np.array([[w.grad for w in neuron.row] for neuron in layer.neurons]) for layer in self.layers]

    def __repr__(self) -> str:
        return f"MLP of {self.layers}"


def as_inputs(x: Inputs, width: int, layer: int = 0) -> list[Value]:
    """Return the entries of x as Values; numbers become constants, labelled o_a^(l).

    Raises:
        TypeError: if x is not a sequence of numbers or Values.
        ValueError: if x does not have as many entries as the width, or some are masked.
    """
    if not is_sequence(x) or getattr(x, "ndim", 1) != 1:  # only an array has ndim; a list counts as 1
        raise TypeError(f"x must be {width} numbers or Values in one dimension, not {type(x).__name__}: {x!r}")
    if len(x) != width:
        raise ValueError(f"x must have {width} entries, received {len(x)}")
    if np.ma.is_masked(x):  # a masked array of NumPy marks entries as missing
        raise ValueError(f"x must be an array without masked entries; received {x!r}")
    values: list[Value] = []
    for a, entry in enumerate(x, start=1):
        try:
            values.append(entry if isinstance(entry, Value) else constant(entry, unit_label("o", a, layer)))
        except TypeError as error:
            raise TypeError(f"x is wrong in entry {a}: {error}") from None  # show this error alone
    return values
