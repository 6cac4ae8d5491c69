"""nn.prediction: forward propagation in matrices, checked against the outputs of the graph."""

import numpy as np
import pytest

from nn.mlp import ACTIVATIONS, MLP
from nn.prediction import outputs_of


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("widths", [[1], [3, 2], [4, 3, 5]])
def test_forward_propagation_in_matrices_has_the_outputs_of_the_graph(activation, widths):
    net = MLP(3, widths, activation, "linear", seed=1)
    net.weights = [3 * W for W in net.weights]
    X = np.random.default_rng(0).normal(scale=3.0, size=(7, 3))
    outputs = outputs_of(net, X)
    assert outputs.shape == (7, widths[-1])
    for x, row in zip(X, outputs, strict=True):
        assert row == pytest.approx([output.data for output in net.outputs(x)], rel=1e-12, abs=1e-12)


def test_outputs_too_large_are_infinite_without_a_warning():
    net = MLP(1, [1], "linear", weights=[[[0.0, 1e300]]])
    assert outputs_of(net, np.array([[1e300], [-1e300]])).tolist() == [[np.inf], [-np.inf]]


def test_a_linear_unit_among_others_stays_linear():
    net = MLP(2, [5, 4, 3], activation="sigmoid", output_activation="softplus", seed=4)
    net.layers[0].neurons[2].nonlin = False
    X = np.random.default_rng(1).normal(size=(9, 2))
    expected = [[o.data for o in net(x.tolist())] for x in X]
    assert np.allclose(outputs_of(net, X), expected, rtol=1e-14, atol=1e-15)
