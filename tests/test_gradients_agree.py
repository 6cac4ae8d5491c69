"""The proof: every gradient from the graph of Values is the one from the lecture's delta recursion.

Two computations that share no code are checked against each other, for each weight w_{b,a}^(l) and each signal
s_b^(l). A third that knows neither, complex-step differentiation, makes sure that they do not agree on something wrong.
"""

import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autograd_lite import Value, add, topological_order
from nn import MLP, squared_error
from nn.delta import back_propagation, back_propagation_over_data

RELATIVE = 1e-12
"""A difference may be this much of the scale. Double precision has 2e-16; the sums may be ordered differently, and
NumPy's tanh may differ from that of the C library in the last bit."""

SHAPES = [
    pytest.param([1, 1], id="L=1, one weight and one bias"),
    pytest.param([3, 1], id="L=1, one unit"),
    pytest.param([2, 4], id="L=1, several outputs"),
    pytest.param([2, 2, 1], id="the lecture's 2-2-1"),
    pytest.param([3, 1, 2], id="a single hidden unit"),
    pytest.param([2, 5, 3], id="several outputs"),
    pytest.param([2, 3, 2, 3, 2, 3, 1], id="deep"),
    pytest.param([4, 40, 3], id="wide"),
    pytest.param([25, 2, 1], id="many inputs"),
]
ACTIVATIONS = ["tanh", "sigmoid", "relu", "leaky_relu", "softplus", "sin", "linear"]
COMPLEX = {
    "tanh": np.tanh,
    "sigmoid": lambda s: 1 / (1 + np.exp(-s)),
    "softplus": lambda s: np.log(1 + np.exp(s)),
    "sin": np.sin,
    "linear": lambda s: s,
}
"""The activation functions that are analytic, for complex numbers."""


def random_net(sizes, activation="tanh", output_activation=None, seed=0, largest=None):
    """A net with the default weights, or with weights of either sign between 1/largest and largest in size."""
    net = MLP(sizes[0], sizes[1:], activation, output_activation, seed=seed)
    if largest is not None:
        generator = np.random.default_rng(seed)
        net.weights = [
            10 ** generator.uniform(-math.log10(largest), math.log10(largest), matrix.shape)
            * generator.choice([-1.0, 1.0], matrix.shape)
            for matrix in net.weights
        ]
    return net


def random_data(sizes, examples=1, seed=0):
    generator = np.random.default_rng([seed, 1])
    return generator.uniform(-2, 2, (examples, sizes[0])), generator.uniform(-1, 1, (examples, sizes[-1]))


def scales(net, X, Y):
    """For each layer, the size that a gradient could have if nothing cancelled and no unit were saturated: the delta
    recursion with every number replaced by its absolute value, and every slope by 1."""
    gradients = [0.0] * len(net.weights)
    for x, y in zip(X, Y, strict=True):
        example = back_propagation(net.weights, x, y, net.activations)
        delta = 2 * (np.abs(example.o[len(net.weights)]) + np.abs(y)) + 1
        for layer in range(len(net.weights), 0, -1):
            largest_output = max(1.0, np.max(np.abs(example.o[layer - 1])))
            gradients[layer - 1] += float(np.max(delta) * largest_output)
            delta = (np.abs(net.weights[layer - 1]).T @ delta)[1:]
    return gradients


def error_of(net, X, Y):
    """l_D, the sum of the errors, as a graph."""
    errors = [squared_error(net.outputs(x), y) for x, y in zip(X, Y, strict=True)]
    return add(*errors) if len(errors) > 1 else errors[0]


def signals_of(error):
    """The gradient of every node of the graph whose label is s_b^(l)."""
    nodes = [node for node in topological_order(error) if node.label.startswith("s_")]
    assert len({node.label for node in nodes}) == len(nodes), "two nodes have the same label"
    assert all(node.has_grad for node in nodes)
    return {node.label: node.grad for node in nodes}


def assert_agree(net, X, Y):
    """Each weight's gradient and, for one example, each signal's: the graph against the recursion."""
    X, Y = np.asarray(X, dtype=float), np.asarray(Y, dtype=float)
    error = error_of(net, X, Y)
    net.zero_grad()
    error.backward()
    expected = back_propagation_over_data(net.weights, X, Y, net.activations)
    tolerances = [RELATIVE * scale for scale in scales(net, X, Y)]

    assert abs(error.data - expected.error) <= RELATIVE * max(1.0, expected.error)
    for layer, neurons in enumerate((layer.neurons for layer in net.layers), start=1):
        for b, neuron in enumerate(neurons, start=1):
            for a, weight in enumerate([neuron.b, *neuron.w]):
                difference = abs(weight.grad - expected.G[layer][b - 1, a])
                assert difference <= tolerances[layer - 1], f"w^({layer})_{{{b},{a}}}: {difference}"
    if len(X) == 1:
        delta = expected.examples[0].delta
        names = {f"s_{b}^({layer})": d for layer, entries in delta.items() for b, d in enumerate(entries, start=1)}
        signals = signals_of(error)
        assert signals.keys() == names.keys()
        for name, d in names.items():
            layer = int(name.split("(")[1].rstrip(")"))
            assert abs(signals[name] - d) <= tolerances[layer - 1], name
    return expected


def complex_step(weights, X, Y, activations):
    """dl_D/dw = Im l_D(w + ih) / h with h = 1e-200, exact to rounding: no difference is taken (Squire, Trapp 1998)."""
    weights = [np.array(matrix, dtype=complex) for matrix in weights]

    def error():
        total = 0.0
        for x, y in zip(X, Y, strict=True):
            o = np.asarray(x, dtype=complex)
            for W, activation in zip(weights, activations, strict=True):
                o = COMPLEX[activation](W[:, 0] + W[:, 1:] @ o)
            total += np.sum((o - y) ** 2)
        return total

    gradients = [np.zeros(matrix.shape) for matrix in weights]
    for matrix, gradient in zip(weights, gradients, strict=True):
        for position in np.ndindex(matrix.shape):
            matrix[position] += 1e-200j
            gradient[position] = error().imag / 1e-200
            matrix[position] -= 1e-200j
    return gradients


@pytest.mark.parametrize("sizes", SHAPES)
@pytest.mark.parametrize("seed", range(4))
def test_one_example(sizes, seed):
    assert_agree(random_net(sizes, seed=seed), *random_data(sizes, seed=seed))


@pytest.mark.parametrize("sizes", SHAPES)
def test_sum_over_a_data_set(sizes):
    assert_agree(random_net(sizes, seed=5), *random_data(sizes, examples=7, seed=5))


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("output_activation", ACTIVATIONS)
def test_activations(activation, output_activation):
    sizes = [3, 4, 3, 2]
    net = random_net(sizes, activation, output_activation, seed=1, largest=2)
    assert_agree(net, *random_data(sizes, seed=1))
    assert_agree(net, *random_data(sizes, examples=3, seed=2))


@pytest.mark.parametrize("sizes", SHAPES)
@pytest.mark.parametrize("activation", ["tanh", "relu", "leaky_relu", "linear"])
def test_weights_from_one_thousandth_to_one_thousand(sizes, activation):
    for seed in range(3):
        assert_agree(random_net(sizes, activation, seed=seed, largest=1e3), *random_data(sizes, seed=seed))


def test_saturated_units_have_exactly_no_gradient():
    """tanh(s) is 1.0 in double precision from s = 20 on, so that 1 - o * o is 0 and nothing flows back."""
    net = random_net([2, 3, 2, 1])
    net.weights = [np.full(matrix.shape, 1000.0) for matrix in net.weights]
    expected = assert_agree(net, [[1.0, 2.0]], [[-1.0]])
    assert expected.error == 4.0
    assert all(np.all(matrix == 0) for matrix in net.gradients)


def test_a_saturated_hidden_layer_stops_the_gradient_there_only():
    net = random_net([2, 3, 1], output_activation="linear", seed=3)
    first, last = net.weights
    net.weights = [first * 1e5, last]
    assert_agree(net, *random_data([2, 3, 1]))
    assert np.all(net.gradients[0] == 0)
    assert np.all(net.gradients[1] != 0)


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_all_weights_zero(activation):
    net = random_net([2, 3, 2], activation)
    net.weights = [np.zeros(matrix.shape) for matrix in net.weights]
    assert_agree(net, [[1.0, -2.0]], [[0.5, -0.5]])
    assert np.all(net.gradients[0] == 0), "no weight leads on from the hidden layer, so nothing flows back"


def test_all_inputs_zero_leave_the_biases_a_gradient():
    net = random_net([2, 3, 1], seed=2)
    assert_agree(net, [[0.0, 0.0]], [[0.5]])
    assert np.all(net.gradients[0][:, 1:] == 0)
    assert np.all(net.gradients[0][:, 0] != 0)


def test_the_gradient_of_the_inputs_is_what_the_recursion_would_pass_on():
    """One step further than the lecture goes: W^(1)T delta^(1), the bias entry dropped, is de/dx."""
    net = random_net([3, 4, 2], seed=6)
    x = [Value(0.5), Value(-1.0), Value(2.0)]
    squared_error(net.outputs(x), [0.5, -0.5]).backward()
    example = back_propagation(net.weights, [0.5, -1.0, 2.0], [0.5, -0.5], net.activations)
    expected = (net.weights[0].T @ example.delta[1])[1:]
    np.testing.assert_allclose([value.grad for value in x], expected, rtol=RELATIVE, atol=0)


def test_backward_for_each_example_in_turn_adds_up_to_the_sum_over_the_data():
    net = random_net([2, 3, 1], seed=4)
    X, Y = random_data([2, 3, 1], examples=5)
    for x, y in zip(X, Y, strict=True):
        squared_error(net.outputs(x), y).backward()
    expected = back_propagation_over_data(net.weights, X, Y, net.activations).G
    for layer, matrix in enumerate(net.gradients, start=1):
        np.testing.assert_allclose(matrix, expected[layer], rtol=0, atol=1e-13)


@st.composite
def problems(draw, numbers):
    sizes = draw(st.lists(st.integers(1, 3), min_size=2, max_size=4))
    rows = [st.lists(numbers, min_size=width, max_size=width) for width in sizes]
    matrices = [
        draw(st.lists(st.lists(numbers, min_size=columns + 1, max_size=columns + 1), min_size=rows, max_size=rows))
        for columns, rows in pairwise(sizes)
    ]
    examples = draw(st.integers(1, 3))
    X = draw(st.lists(rows[0], min_size=examples, max_size=examples))
    Y = draw(st.lists(rows[-1], min_size=examples, max_size=examples))
    return matrices, X, Y


def net_of(matrices, activation):
    return MLP(len(matrices[0][0]) - 1, [len(matrix) for matrix in matrices], activation, weights=matrices)


@settings(max_examples=80)
@given(problems(st.floats(-2, 2)), st.sampled_from(["tanh", "sigmoid", "softplus", "sin", "linear"]))
def test_any_net_of_smooth_units(problem, activation):
    matrices, X, Y = problem
    assert_agree(net_of(matrices, activation), X, Y)


@settings(max_examples=80)
@given(problems(st.integers(-50, 50).map(float)), st.sampled_from(["relu", "linear"]))
def test_integers_agree_exactly(problem, activation):
    """No rounding happens below 2^53, so that not one bit may differ; ReLU at its corner s = 0 included."""
    matrices, X, Y = problem
    net = net_of(matrices, activation)
    expected = assert_agree(net, X, Y)
    for layer, matrix in enumerate(net.gradients, start=1):
        assert np.max(np.abs(matrix)) < 2**53
        assert np.array_equal(matrix, expected.G[layer])


@pytest.mark.parametrize("sizes", [[1, 1], [2, 2, 1], [3, 4, 2], [2, 3, 2, 3, 2]])
@pytest.mark.parametrize("activation", list(COMPLEX))
def test_both_agree_with_complex_step_differentiation(sizes, activation):
    net = random_net(sizes, activation, seed=8, largest=2)
    X, Y = random_data(sizes, examples=3, seed=8)
    error_of(net, X, Y).backward()
    recursion = back_propagation_over_data(net.weights, X, Y, net.activations).G
    tolerances = [RELATIVE * scale for scale in scales(net, X, Y)]
    for layer, truth in enumerate(complex_step(net.weights, X, Y, net.activations), start=1):
        np.testing.assert_allclose(net.gradients[layer - 1], truth, rtol=0, atol=tolerances[layer - 1])
        np.testing.assert_allclose(recursion[layer], truth, rtol=0, atol=tolerances[layer - 1])
