"""Neuron, Layer and MLP: the lecture's labels and shapes, weights, seeds, and what they refuse."""

import copy
import math
import os
import pickle
import random
import subprocess
import sys

import numpy as np
import pytest
import worked_example
from bad_input import error_for, error_for_integer

from autograd_lite import Value, topological_order
from nn import ACTIVATIONS, MLP, Layer, Neuron, squared_error

WEIGHTS = [np.array(matrix) for matrix in worked_example.WEIGHTS]


def labels(root):
    return {node.label for node in topological_order(root) if node.label}


def equal(matrices, others):
    return all(np.array_equal(a, b) for a, b in zip(matrices, others, strict=True))


# The lecture's notation


def test_labels_of_the_whole_graph_of_a_2_2_1_net():
    net = MLP(2, [2, 1], weights=WEIGHTS)
    named = {*worked_example.NUMBERS, *worked_example.GRADIENTS, "y", "e"}
    assert labels(squared_error(net(worked_example.X), worked_example.Y)) == named


def test_labels_stand_at_the_right_numbers():
    """Each label names the entry of W^(l) at row b, column a; s and o are the lecture's sums, written out."""
    root = MLP(2, [2, 1], weights=WEIGHTS)(worked_example.X)
    numbers = {node.label: node.data for node in topological_order(root) if node.label}
    for l, matrix in enumerate(WEIGHTS, start=1):
        for (row, column), number in np.ndenumerate(matrix):
            assert numbers[f"w^({l})_{{{row + 1},{column}}}"] == number
    for label, number in worked_example.NUMBERS.items():
        assert numbers[label] == pytest.approx(number, rel=1e-15)
    assert root.label == "o_1^(2)"


def test_labels_of_a_layer_alone_and_of_a_neuron_alone():
    for layer, unit, root in [
        (1, 1, Neuron(1, seed=0)([2.0])),
        (4, 3, Neuron(1, seed=0, layer=4, unit=3)([2.0])),
        (1, 2, Layer(1, 2, seed=0)([2.0])[1]),
        (6, 2, Layer(1, 2, seed=0, layer=6)([2.0])[1]),
    ]:
        signs = (
            f"w^({layer})_{{{unit},0}} w^({layer})_{{{unit},1}} o_1^({layer - 1}) s_{unit}^({layer}) o_{unit}^({layer})"
        )
        assert labels(root) == set(signs.split())


def test_a_linear_unit_is_its_signal():
    """theta(s) = s makes no node, so that the node is called s_b^(l)."""
    assert MLP(1, [1], "linear", seed=0)([1.0]).label == "s_1^(1)"


def test_shapes_of_weights_and_gradients():
    net = MLP(3, [4, 2, 5], seed=0)
    assert net.sizes == [3, 4, 2, 5]
    assert [matrix.shape for matrix in net.weights] == [(4, 4), (2, 5), (5, 3)]
    assert [matrix.shape for matrix in net.gradients] == [(4, 4), (2, 5), (5, 3)]
    assert len(net.parameters()) == 16 + 10 + 15


def test_parameters_come_layer_by_layer_row_by_row_the_bias_first():
    net = MLP(2, [2, 1], seed=0)
    assert [parameter.label for parameter in net.parameters()] == list(worked_example.GRADIENTS)
    net = MLP(3, [4, 2], seed=0)
    assert [w.data for w in net.parameters()] == np.concatenate([W.ravel() for W in net.weights]).tolist()
    assert all(a is b for a, b in zip(net.parameters()[:4], net.layers[0].neurons[0].row, strict=True))


def test_representations():
    assert repr(MLP(1, [1, 1], "leaky_relu", "sigmoid", seed=0)) == (
        "MLP of [Layer of [LeakyReLUNeuron(1)], Layer of [SigmoidNeuron(1)]]"
    )
    assert repr(Neuron(3, nonlin=False)) == "LinearNeuron(3)"


# Activations


@pytest.mark.parametrize(
    ("name", "theta"),
    [
        ("tanh", math.tanh),
        ("sigmoid", lambda s: 1 / (1 + math.exp(-s))),
        ("relu", lambda s: max(s, 0.0)),
        ("leaky_relu", lambda s: s if s > 0 else 0.01 * s),
        ("softplus", lambda s: math.log(1 + math.exp(s))),
        ("sin", math.sin),
        ("linear", lambda s: s),
    ],
)
@pytest.mark.parametrize("s", [-1.5, 0.75])
def test_activations_by_name(name, theta, s):
    assert Neuron(1, activation=name, weights=[0.0, 1.0])([s]).data == pytest.approx(theta(s), rel=1e-15)
    assert len(ACTIVATIONS) == 7


def test_the_lectures_activation_is_on_every_layer_the_output_too():
    assert MLP(2, [2, 2, 1], seed=0).activations == ["tanh", "tanh", "tanh"]


def test_another_activation_of_the_output():
    net = MLP(1, [1, 1], "relu", "linear", weights=[[[0.0, 1.0]], [[0.0, -3.0]]])
    assert net.activations == ["relu", "linear"]
    assert net([2.0]).data == -6.0
    assert net([-2.0]).data == 0.0
    assert MLP(1, [1], "relu", "linear", seed=0).activations == ["linear"], "the only layer is the output layer"


def test_nonlin_false_is_linear_whatever_the_activation():
    assert Neuron(1, False, activation="relu", weights=[0.0, 1.0])([-2.0]).data == -2.0
    assert Layer(1, 1, False, weights=[[0.0, 1.0]])([-2.0]).data == -2.0


# Weights


def test_weights_given_are_the_weights_got():
    net = MLP(2, [2, 1], weights=WEIGHTS)
    assert equal(net.weights, WEIGHTS)
    with pytest.raises(ValueError, match="read-only"):
        net.weights[0][0, 0] = 99.0  # of a copy: it would be without effect


def test_setting_weights_keeps_the_parameters_and_changes_their_data():
    net = MLP(2, [2, 1], seed=0)
    before = net.parameters()
    net.weights = [matrix.tolist() for matrix in WEIGHTS]
    assert equal(net.weights, WEIGHTS)
    assert all(a is b for a, b in zip(before, net.parameters(), strict=True))


SECOND = r"^weights\[1\], W\^\(2\), must "


@pytest.mark.parametrize(
    ("matrices", "error", "message"),
    [
        ([np.ones((2, 3)), np.ones((1, 4))], ValueError, SECOND + r"have shape \(1, 3\); received \(1, 4\)"),
        ([np.ones((3, 2)), np.ones((1, 3))], ValueError, "^weights"),
        ([np.ones((2, 3))], ValueError, "^weights"),
        ([np.ones((2, 3)), np.ones((1, 3)), np.ones((1, 2))], ValueError, "^weights"),
        ([np.ones((2, 3)), [[1, 2], [3]]], ValueError, SECOND),
        ([np.ones((2, 3)), np.ones(3)], ValueError, SECOND),
        (np.ones((2, 3)), ValueError, "^weights"),
        (3, TypeError, r"^weights must be a list of matrices W\^\(1\) .. W\^\(L\); received 3"),
        (None, TypeError, r"^weights must be a list of matrices"),
        ([np.ones((2, 3)), [["a", 1, 2]]], TypeError, SECOND + "be real numbers; received"),
        ([np.ones((2, 3)), None], TypeError, SECOND + "be real numbers; received"),
        ([np.ones((2, 3)), [[None, 1, 2]]], TypeError, SECOND + "be real numbers; received"),
    ],
)
def test_setting_wrong_weights_changes_nothing(matrices, error, message):
    net = MLP(2, [2, 1], weights=WEIGHTS)
    with pytest.raises(error, match=message):
        net.weights = matrices
    assert equal(net.weights, WEIGHTS)
    if matrices is not None:
        with pytest.raises(error, match=message):
            MLP(2, [2, 1], weights=matrices)


def test_the_matrices_of_gradients_hold_the_gradients_of_the_parameters():
    net = MLP(2, [1], "linear", weights=[[[1.0, 2.0, 3.0]]])
    net([5.0, 7.0]).backward()
    assert net.gradients[0].tolist() == [[1.0, 5.0, 7.0]]


# Seeds


def test_random_weights_are_small_and_of_either_sign():
    matrices = MLP(24, [50, 50], seed=0).weights
    for matrix in matrices:
        bound = 1 / math.sqrt(matrix.shape[1])
        assert np.max(np.abs(matrix)) <= bound
        assert np.max(matrix) > 0.95 * bound
        assert np.min(matrix) < -0.95 * bound
        assert abs(np.mean(matrix)) < 0.1 * bound
    assert np.any(matrices[0][:, 0] != 0), "biases are random too"


def test_the_same_seed_has_the_same_weights_and_another_seed_has_others():
    assert equal(MLP(2, [3, 1], seed=7).weights, MLP(2, [3, 1], seed=np.int64(7)).weights)
    assert not equal(MLP(2, [3, 1], seed=7).weights, MLP(2, [3, 1], seed=8).weights)
    assert not equal(MLP(2, [3, 1]).weights, MLP(2, [3, 1]).weights), "without a seed, new weights"


def test_layers_of_one_net_differ():
    first, second = MLP(2, [2, 2], seed=0).weights
    assert not np.array_equal(first, second)


def test_the_same_seed_has_the_same_bits_in_fresh_processes():
    program = "from nn import MLP; print([w.data.hex() for w in MLP(3, [4, 2], seed=3).parameters()])"
    outputs = {
        subprocess.run(
            [sys.executable, "-c", program],
            env={**os.environ, "PYTHONHASHSEED": hash_seed},
            capture_output=True,
            check=True,
        ).stdout
        for hash_seed in ("1", "2")
    }
    here = str([w.data.hex() for w in MLP(3, [4, 2], seed=3).parameters()])
    assert [output.decode().strip() for output in outputs] == [here]


def test_global_generators_are_neither_read_nor_moved():
    random.seed(0)
    np.random.seed(0)  # noqa: NPY002
    python, numpy = random.getstate(), np.random.get_state()  # noqa: NPY002
    Neuron(2, seed=0)
    Layer(2, 2)
    weights = MLP(2, [2, 1], seed=0).weights
    assert random.getstate() == python
    after = np.random.get_state()  # noqa: NPY002
    assert np.array_equal(after[1], numpy[1])
    assert after[2:] == numpy[2:]
    random.seed(1)
    np.random.seed(1)  # noqa: NPY002
    assert equal(MLP(2, [2, 1], seed=0).weights, weights)


# Inputs


def test_inputs_of_every_kind_have_the_same_output():
    net = MLP(2, [2, 1], weights=WEIGHTS)
    kinds = [[1, -2], (1.0, -2.0), np.array([1, -2]), np.array([1.0, -2.0], np.float32), [Value(1.0), Value(-2.0)]]
    assert len({net(x).data for x in kinds}) == 1


def test_one_output_is_a_value_and_several_are_a_list():
    assert isinstance(MLP(2, [1], seed=0)([1, 2]), Value)
    assert isinstance(MLP(2, [1], seed=0).outputs([1, 2]), list)
    assert [type(output) for output in MLP(2, [2], seed=0)([1, 2])] == [Value, Value]


def test_values_as_inputs_get_gradients():
    x = [Value(1.0, label="mine"), Value(-2.0)]
    MLP(2, [1], "linear", weights=[[[0.5, 3.0, 4.0]]])(x).backward()
    assert [value.grad for value in x] == [3.0, 4.0]
    assert [value.label for value in x] == ["mine", ""]


def test_numbers_as_inputs_become_constants_without_gradient():
    root = MLP(2, [2, 1], seed=0)([1.0, -2.0])
    root.backward()
    inputs = [node for node in topological_order(root) if node.label in {"o_1^(0)", "o_2^(0)"}]
    assert [node.op.name for node in inputs] == ["constant", "constant"], "one node for all units, not one each"
    assert not any(node.has_grad for node in inputs)


# Copies


def test_deepcopy_is_independent():
    net = MLP(2, [2, 1], weights=WEIGHTS)
    twin = copy.deepcopy(net)
    twin([1.0, 2.0]).backward()
    twin.weights = [np.zeros((2, 3)), np.zeros((1, 3))]
    assert equal(net.weights, WEIGHTS)
    assert not any(parameter.has_grad for parameter in net.parameters())
    assert twin.parameters()[0].label == net.parameters()[0].label


def test_a_pickle_is_an_independent_net():
    net = MLP(2, [2, 1], "relu", "linear", weights=WEIGHTS)
    twin = pickle.loads(pickle.dumps(net))
    assert equal(twin.weights, WEIGHTS)
    assert twin([1.0, 2.0]).data == net([1.0, 2.0]).data
    assert twin.activations == ["relu", "linear"]


# Bad input


@pytest.mark.parametrize("width", [0, -1, 2.0, True, "2", None, [2]])
def test_widths_must_be_integers_of_at_least_1(width):
    for build, argument in [
        (lambda: Neuron(width), "nin"),
        (lambda: Layer(width, 1), "nin"),
        (lambda: Layer(1, width), "nout"),
        (lambda: MLP(width, [1]), "nin"),
        (lambda: MLP(1, [1, width]), r"nouts\[1\]"),
    ]:
        with pytest.raises(error_for_integer(width), match=rf"^{argument} must be an integer of at least 1; received"):
            build()


@pytest.mark.parametrize("nouts", [[], (), 3, None, "21"])
def test_nouts_must_be_a_list(nouts):
    with pytest.raises(error_for(nouts, list | tuple), match=r"^nouts must be a list of at least one integer"):
        MLP(2, nouts)


@pytest.mark.parametrize("seed", [-1, 1.5, "0", True, [0], np.array([1, 2])])
def test_seed_must_be_an_integer(seed):
    for build in (lambda: Neuron(1, seed=seed), lambda: Layer(1, 1, seed=seed), lambda: MLP(1, [1], seed=seed)):
        with pytest.raises(error_for_integer(seed), match=r"^seed must be an integer of at least 0; received"):
            build()


@pytest.mark.parametrize("name", ["Tanh", "", None, 3, ["tanh"], math.tanh])
def test_activations_must_be_known_names(name):
    for build in (
        lambda: Neuron(1, activation=name),
        lambda: Layer(1, 1, activation=name),
        lambda: MLP(1, [1], name),
        lambda: MLP(1, [1, 1], name),
        lambda: MLP(1, [1], name, "linear"),
    ):
        with pytest.raises(error_for(name, str), match=r"^activation must be one of tanh, sigmoid, relu"):
            build()
    if name is not None:
        with pytest.raises(error_for(name, str), match=r"^output_activation must be one of"):
            MLP(1, [1], "tanh", name)


def test_an_unknown_activation_of_a_linear_unit_is_refused_too():
    with pytest.raises(ValueError, match=r"^activation must be one of"):
        Neuron(1, nonlin=False, activation="tahn")


@pytest.mark.parametrize("weights", [["a", "b", "c"], [1j] * 3])
def test_weights_of_a_neuron_that_are_not_numbers(weights):
    with pytest.raises(TypeError, match=r"^weights must be real numbers"):
        Neuron(2, weights=weights)


@pytest.mark.parametrize(
    ("make", "weights"),
    [
        *((lambda weights: Neuron(2, weights=weights), wrong) for wrong in ([1.0] * 2, [1.0] * 4, 3.0, [[1.0] * 3])),
        *(
            (lambda weights: Layer(2, 2, weights=weights), wrong)
            for wrong in ([[1.0] * 2], [[1.0] * 3], [1.0] * 3, [[1.0] * 3, [1.0]], 3.0)
        ),
    ],
)
def test_weights_of_another_shape(make, weights):
    with pytest.raises(ValueError, match=r"^weights must "):
        make(weights)


@pytest.mark.parametrize("build", [lambda: Neuron(2), lambda: Layer(2, 2), lambda: MLP(2, [2, 1])])
def test_inputs_must_be_as_many_as_nin(build):
    module = build()
    for x in ([], [1.0], [1.0, 2.0, 3.0], np.ones(3)):
        with pytest.raises(ValueError, match=rf"^x must have 2 entries, received {len(x)}"):
            module(x)


@pytest.mark.parametrize("count", [1, 3])
def test_values_for_a_unit_must_be_as_many_as_nin(count):
    """Also where they come from the layer below, unchecked."""
    for outputs in (Neuron(2).output, Layer(2, 1).outputs):
        with pytest.raises(ValueError, match="zip"):
            outputs([Value(1.0)] * count)


@pytest.mark.parametrize(
    ("message", "x"),
    [
        # A set has no order, and a dict would yield its keys.
        *(("^x must be", x) for x in (3, None, np.float64(3), np.array(3.0), iter([1, 2]), {1.0, 2.0}, {1: 1, 2: 2})),
        *((r"^x\b", x) for x in ([None, 1.0], ["a", 1.0], "ab", [1j, 1.0], np.ones((2, 2)), [[1.0], [2.0]])),
    ],
)
def test_inputs_that_are_not_a_sequence_of_numbers_are_refused_by_name(message, x):
    with pytest.raises(TypeError, match=message):
        MLP(2, [1], seed=0)(x)


def test_nonlin_may_be_set_as_in_micrograd():
    neuron = Neuron(1, weights=[0.0, 1.0])
    neuron.nonlin = False
    assert neuron([2.0]).data == 2.0
    assert neuron.activation == "linear"
