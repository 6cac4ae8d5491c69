"""The delta recursion against independent numbers: worked on paper, from PyTorch, and from a published example."""

import warnings
from fractions import Fraction

import numpy as np
import pytest
import worked_example

from nn.delta import SLOPE, THETA, back_propagation, back_propagation_over_data, forward_propagation

TWO_TWO_ONE = [np.array(matrix) for matrix in worked_example.WEIGHTS]


# Worked on paper


def test_the_slides_formulas_written_out_for_2_2_1():
    """Every sum of the slides "Computing Partial Derivatives", term by term, with theta = tanh on both layers."""
    example = back_propagation(TWO_TWO_ONE, worked_example.X, worked_example.Y)
    s, deltas = (
        {f"s_{b}^({l})": number for l, row in rows.items() for b, number in enumerate(row, start=1)}
        for rows in (example.s, example.delta)
    )
    o = {f"o_{b}^({l})": number for l, row in example.o.items() for b, number in enumerate(row, start=l == 2)}
    gradients = {
        f"w^({l})_{{{b + 1},{a}}}": number for l, W in example.G.items() for (b, a), number in np.ndenumerate(W)
    }
    assert s | o == pytest.approx(worked_example.NUMBERS | {"o_0^(0)": 1, "o_0^(1)": 1}, rel=1e-15)
    assert deltas == pytest.approx(worked_example.DELTAS, rel=1e-14)
    assert gradients == pytest.approx(worked_example.GRADIENTS, rel=1e-14)
    assert example.error == pytest.approx(worked_example.ERROR, rel=1e-14)


def test_exact_fractions_for_a_linear_net():
    """For theta(s) = s the gradients are polynomials; with these fractions of powers of 2 no rounding happens."""
    F = Fraction
    w10, w11, w12 = F(1, 2), F(-3, 4), F(5, 4)
    v10, v11, v12 = F(-1), F(2), F(1, 8)
    u10, u11, u12 = F(3), F(-1, 2), F(3, 2)  # the second output
    z10, z11, z12 = F(1, 4), F(7, 2), F(-2)  # the second hidden unit
    x1, x2, y1, y2 = F(3), F(-1, 4), F(5), F(-7)

    h1, h2 = w10 + w11 * x1 + w12 * x2, z10 + z11 * x1 + z12 * x2
    r1, r2 = v10 + v11 * h1 + v12 * h2 - y1, u10 + u11 * h1 + u12 * h2 - y2
    dh1, dh2 = 2 * r1 * v11 + 2 * r2 * u11, 2 * r1 * v12 + 2 * r2 * u12
    expected = {
        1: [[dh1, dh1 * x1, dh1 * x2], [dh2, dh2 * x1, dh2 * x2]],
        2: [[2 * r1, 2 * r1 * h1, 2 * r1 * h2], [2 * r2, 2 * r2 * h1, 2 * r2 * h2]],
    }

    W1 = np.array([[w10, w11, w12], [z10, z11, z12]], dtype=float)
    W2 = np.array([[v10, v11, v12], [u10, u11, u12]], dtype=float)
    example = back_propagation([W1, W2], [float(x1), float(x2)], [float(y1), float(y2)], ["linear", "linear"])
    assert example.error == r1**2 + r2**2
    assert example.delta[1].tolist() == [dh1, dh2]
    assert example.delta[2].tolist() == [2 * r1, 2 * r2]
    assert example.G[1].tolist() == expected[1]
    assert example.G[2].tolist() == expected[2]


def test_one_layer_has_the_base_case_only():
    """delta^(L) = 2 (o - y) (1 - o^2), and G^(L) is included, though the box of the slides leaves it out."""
    example = back_propagation([np.array([[0.5, -0.25]])], [2.0], 1.0)
    assert example.o[1].tolist() == [0.0]
    assert example.delta[1].tolist() == [-2.0]
    assert example.G[1].tolist() == [[-2.0, -4.0]]
    assert example.error == 1.0


def test_the_bias_entry_of_W_transposed_delta_is_dropped():
    """The biases are huge in layer 2, zero in layer 1: an extra row, or an index off by one, would show."""
    W1, W2 = np.array([[0.0, 1.0], [0.0, 2.0]]), np.array([[1000.0, 3.0, 5.0]])
    example = back_propagation([W1, W2], [1.0], 1012.0, ["linear", "linear"])
    assert example.o[2].tolist() == [1013.0]
    assert example.delta[2].tolist() == [2.0]
    assert example.delta[1].tolist() == [6.0, 10.0]


# Shapes and the constant input


def test_shapes_and_layer_numbers_are_the_slides():
    sizes = [3, 4, 2, 5]
    weights = [np.full((sizes[l], sizes[l - 1] + 1), 0.1) for l in (1, 2, 3)]
    example = back_propagation(weights, [1.0, 2.0, 3.0], np.zeros(5))
    assert {l: s.shape for l, s in example.s.items()} == {1: (4,), 2: (2,), 3: (5,)}
    assert {l: d.shape for l, d in example.delta.items()} == {1: (4,), 2: (2,), 3: (5,)}
    assert {l: o.shape for l, o in example.o.items()} == {0: (4,), 1: (5,), 2: (3,), 3: (5,)}
    assert {l: G.shape for l, G in example.G.items()} == {1: (4, 4), 2: (2, 5), 3: (5, 3)}


def test_o_0_is_1_on_every_layer_but_the_last():
    _, o = forward_propagation(TWO_TWO_ONE, [7.0, -7.0])
    assert o[0].tolist() == [1.0, 7.0, -7.0]
    assert o[1][0] == 1.0
    assert o[2].shape == (1,)


# Other people's numbers


TORCH_COMMAND = """
import torch, torch.nn.functional as F
torch.set_default_dtype(torch.float64)
for theta in (torch.tanh, torch.sigmoid, torch.relu, F.leaky_relu, F.softplus):
    W1 = torch.tensor([[0.1, 0.4, -0.7], [-0.3, 0.8, 0.5], [0.2, -0.6, 0.9]], requires_grad=True)
    W2 = torch.tensor([[0.3, -0.5, 0.7, 0.2], [-0.1, 0.6, -0.4, 0.8]], requires_grad=True)
    e = 0.0
    for x, y in (([0.5, -1.5], [0.25, -0.75]), ([-2.0, 1.0], [1.0, 0.5])):
        o1 = theta(W1 @ torch.cat([torch.ones(1), torch.tensor(x)]))
        o2 = theta(W2 @ torch.cat([torch.ones(1), o1]))
        e = e + ((o2 - torch.tensor(y)) ** 2).sum()
    e.backward()
    print(theta.__name__, e.item(), W1.grad.tolist(), W2.grad.tolist())
"""
"""The script that computed TORCH, with PyTorch 2.13.0; the tests do not need PyTorch."""

TORCH_WEIGHTS = [
    np.array([[0.1, 0.4, -0.7], [-0.3, 0.8, 0.5], [0.2, -0.6, 0.9]]),
    np.array([[0.3, -0.5, 0.7, 0.2], [-0.1, 0.6, -0.4, 0.8]]),
]
TORCH = {
    "tanh": (
        1.6981963536637588,
        [
            [0.4493456682692705, -0.09698585603197243, -0.35235981223729806],
            [-1.0602926808330886, -0.0677894046278964, 1.128082085460985],
            [0.16234986079871885, 0.1098206508402515, -0.2721705116389703],
        ],
        [
            [-2.327221311211098, 0.167299511489724, 1.7228895163802744, -0.2625626263420465],
            [1.3171311518681952, 1.2402962577187133, -0.7370871152262639, -1.2746893004958784],
        ],
    ),
    "sigmoid": (
        2.0650408325202916,
        [
            [0.07229663186960386, -0.015552828631710775, -0.05674380323789308],
            [-0.05925795015949667, 0.03017268411256669, 0.02908526604692998],
            [0.08619829317661512, 0.03837377883163877, -0.12457207200825388],
        ],
        [
            [-0.02780039904345344, 0.08177977078074473, 0.015748870979119062, -0.13048500304346097],
            [0.7202378869767306, 0.5289863382055021, 0.23657151013374597, 0.1886551899587155],
        ],
    ),
    "relu": (
        3.789299999999999,
        [[1.752, 0.876, -2.628], [0.0, 0.0, 0.0], [1.8879999999999997, -3.7759999999999994, 1.8879999999999997]],
        [[-0.48, 0.0, 0.0, -1.1039999999999999], [5.3999999999999995, 3.9419999999999997, 0.0, 5.703999999999999]],
    ),
    "leaky_relu": (
        3.7594435568002496,
        [
            [1.761012645, 0.8373203225000001, -2.5983329675],
            [-0.024940335430000002, 0.020771832285, 0.004168503145],
            [1.90560584702, -3.75319707649, 1.8475912294699999],
        ],
        [
            [-0.49067649, -5.48615000000004e-05, 0.006831397185000001, -1.1168063908950001],
            [5.3764, 3.8830584, -0.0535046, 5.649040999999999],
        ],
    ),
    "softplus": (
        6.2589585930002265,
        [
            [1.4529494673553396, 0.017841579356821624, -1.4707910467121614],
            [-0.4639960161228158, 0.19325607164537936, 0.27073994447743643],
            [2.370534339908427, -3.668109686684296, 1.2975753467758695],
        ],
        [
            [0.6008206641886988, 0.5958146203253161, 0.2004480092595922, 0.6949238267684844],
            [5.343333263639317, 4.902207370689755, 1.724447778990476, 6.817327933354167],
        ],
    ),
}


@pytest.mark.parametrize("activation", TORCH)
def test_against_pytorch(activation):
    error, G1, G2 = TORCH[activation]
    X, Y = [[0.5, -1.5], [-2.0, 1.0]], [[0.25, -0.75], [1.0, 0.5]]
    data = back_propagation_over_data(TORCH_WEIGHTS, X, Y, [activation, activation])
    assert data.error == pytest.approx(error, rel=1e-14)
    np.testing.assert_allclose(data.G[1], G1, rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(data.G[2], G2, rtol=1e-12, atol=1e-14)


def test_mazurs_step_by_step_example():
    """Mazur 2015: sigmoid units, E = e/2, rate 0.5, biases held fixed; the weights after one step, as published."""
    W1 = np.array([[0.35, 0.15, 0.20], [0.35, 0.25, 0.30]])
    W2 = np.array([[0.60, 0.40, 0.45], [0.60, 0.50, 0.55]])
    example = back_propagation([W1, W2], [0.05, 0.10], [0.01, 0.99], ["sigmoid", "sigmoid"])
    assert example.error / 2 == pytest.approx(0.298371109, abs=5e-10)
    updated = [W - 0.5 * example.G[l] / 2 for l, W in enumerate([W1, W2], start=1)]
    np.testing.assert_allclose(
        updated[0][:, 1:], [[0.149780716, 0.19956143], [0.24975114, 0.29950229]], rtol=0, atol=6e-9
    )
    np.testing.assert_allclose(
        updated[1][:, 1:], [[0.35891648, 0.408666186], [0.511301270, 0.561370121]], rtol=0, atol=6e-9
    )


@pytest.mark.parametrize("activation", THETA)
def test_against_finite_differences(activation):
    generator = np.random.default_rng(11)
    weights = [generator.uniform(-1, 1, shape) for shape in ((3, 3), (2, 4), (2, 3))]
    x, y, names = [0.6, -0.8], np.array([0.3, -0.2]), [activation] * 3
    example = back_propagation(weights, x, y, names)
    for l, W in enumerate(weights, start=1):
        for position in np.ndindex(W.shape):
            errors = []
            for step in (2.0**-18, -(2.0**-18)):
                moved = [matrix.copy() for matrix in weights]
                moved[l - 1][position] += step
                errors.append(np.sum((forward_propagation(moved, x, names)[1][3] - y) ** 2))
            assert example.G[l][position] == pytest.approx((errors[0] - errors[1]) / 2**-17, abs=1e-8)


@pytest.mark.parametrize(("activation", "slope"), [("relu", 0.0), ("leaky_relu", 0.01)], ids=["relu", "leaky_relu"])
def test_slopes_at_the_corner(activation, slope):
    example = back_propagation([np.array([[0.0, 0.0]])], [1.0], 1.0, [activation])
    assert example.delta[1].tolist() == [-2.0 * slope]


# Data sets


def test_gradients_are_summed_over_the_data_not_averaged():
    """The same example three times has three times the gradient."""
    one = back_propagation(TWO_TWO_ONE, [0.5, -1.5], 0.25)
    three = back_propagation_over_data(TWO_TWO_ONE, [[0.5, -1.5]] * 3, [0.25] * 3)
    assert three.error == pytest.approx(3 * one.error, rel=1e-15)
    for l in (1, 2):
        np.testing.assert_allclose(three.G[l], 3 * one.G[l], rtol=1e-15)
    assert len(three.examples) == 3


def test_targets_of_a_data_set_may_be_numbers_or_rows():
    X = [[0.5, -1.5], [1.0, 1.0]]
    numbers = back_propagation_over_data(TWO_TWO_ONE, X, [0.25, -0.5])
    rows = back_propagation_over_data(TWO_TWO_ONE, np.array(X), np.array([[0.25], [-0.5]]))
    assert numbers.error == rows.error
    assert np.array_equal(numbers.G[1], rows.G[1])


def test_nothing_that_goes_in_is_changed():
    weights, X, Y = [W.copy() for W in TWO_TWO_ONE], np.array([[0.5, -1.5]]), np.array([0.25])
    back_propagation_over_data(weights, X, Y)
    assert all(np.array_equal(a, b) for a, b in zip(weights, TWO_TWO_ONE, strict=True))
    assert X.tolist() == [[0.5, -1.5]]
    assert Y.tolist() == [0.25]


def test_results_cannot_be_assigned_again():
    data = back_propagation_over_data(TWO_TWO_ONE, [[0.5, -1.5]], [0.25])
    for result in (data, *data.examples):
        with pytest.raises(AttributeError, match="cannot assign to field 'G'"):
            result.G = {}
    assert data.G.keys() == {1, 2}


def test_integers_as_weights_have_gradients_that_are_floats():
    data = back_propagation_over_data([np.array([[0, 1]])], [[1]], [0], ["linear"])
    assert data.G[1].dtype == np.float64
    assert data.G[1].tolist() == [[2.0, 2.0]]


def test_matrices_may_be_lists_of_rows():
    """As in MLP(weights=...); `forward_propagation` takes them."""
    lists = [W.tolist() for W in TWO_TWO_ONE]
    assert np.array_equal(
        forward_propagation(lists, [0.5, -1.5])[1][2], forward_propagation(TWO_TWO_ONE, [0.5, -1.5])[1][2]
    )
    example = back_propagation(lists, [0.5, -1.5], 0.25)
    assert np.array_equal(example.G[1], back_propagation(TWO_TWO_ONE, [0.5, -1.5], 0.25).G[1])


# Extreme numbers


@pytest.mark.parametrize("activation", THETA)
@pytest.mark.parametrize("s", [-1000.0, -745.0, -40.0, 40.0, 745.0, 1000.0])
def test_extreme_signals_have_the_engines_numbers_without_a_warning(activation, s):
    """sigmoid and softplus do not overflow, and keep their tails: sigmoid'(40) is 4.25e-18, not 0."""
    from autograd_lite import Value
    from nn import ACTIVATIONS

    node = Value(s)
    output = ACTIVATIONS[activation](node)
    output.backward()
    theta, slope = THETA[activation], SLOPE[activation]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        o = theta(np.array([s]))
        derivative = slope(np.array([s]), o)
    assert float(o[0]) == pytest.approx(output.data, rel=1e-12, abs=0)
    assert float(derivative[0]) == pytest.approx(node.grad, rel=1e-12, abs=0)


# Bad input


NOT_TWO_NUMBERS = r"^x must be 2 numbers, to fit W\^\(1\)"
NOT_ONE_NUMBER = r"^y must have shape \(1,\)"


@pytest.mark.parametrize(
    ("argument", "error", "message"),
    [
        ({"activations": ["tanh", "arctan"]}, ValueError, r"^activations must be 2 names.*\['tanh', 'arctan'\]"),
        ({"activations": ["tanh"]}, ValueError, r"^activations must be 2 names"),
        *(({"x": x}, ValueError, NOT_TWO_NUMBERS) for x in ([1.0], [1.0, 2.0, 3.0], [], 1.0)),
        *(({"x": x}, ValueError, r"^x ") for x in ([[1.0, 2.0]], [[1.0, 2.0], [3.0, 4.0]], [1.0, [2.0]])),
        *(({"x": x}, TypeError, r"^x ") for x in ("ab", ["a", "b"], [None, 1.0])),
        *(({"y": y}, ValueError, NOT_ONE_NUMBER) for y in ([1.0, 2.0], [], [[1.0]])),
        ({"y": [1.0, [2.0]]}, ValueError, r"^y "),
        *(({"y": y}, TypeError, r"^y ") for y in ("a", None)),
        (
            {"weights": [np.ones((2, 3)), np.ones((1, 4))]},
            ValueError,
            r"^weights\[1\], W\^\(2\), must have 3 columns to fit W\^\(1\); received \(1, 4\)",
        ),
        ({"weights": []}, ValueError, r"^weights "),
        ({"weights": [np.ones((4, 3)), np.ones((1, 5))], "x": [1.0] * 4}, ValueError, NOT_TWO_NUMBERS),
    ],
)
def test_a_wrong_argument_is_named(argument, error, message):
    right = {"weights": TWO_TWO_ONE, "x": [1.0, 2.0], "y": 0.0}
    with pytest.raises(error, match=message):
        back_propagation(**right | argument)
    if "y" not in argument:
        del right["y"]
        with pytest.raises(error, match=message):
            forward_propagation(**right | argument)


@pytest.mark.parametrize(("X", "Y"), [([[1.0, 2.0]], [1.0, 2.0]), ([], []), ([[1.0, 2.0]], [])])
def test_unequal_or_empty_data(X, Y):
    with pytest.raises(ValueError, match=rf"X and Y must have the same number.*received {len(X)} and {len(Y)}"):
        back_propagation_over_data(TWO_TWO_ONE, X, Y)
