"""The losses, against their formulas in NumPy and their derivatives in closed form.

The squared error comes first: e = sum of (o_b - y_b)^2, without a factor 1/2.
"""

import functools
import math
import warnings
from decimal import Decimal, getcontext

import numpy as np
import pytest
from bad_input import error_for
from hypothesis import given
from hypothesis import strategies as st

from autograd_lite import Value, hessian, maximum, topological_order
from nn import ACTIVATIONS, MLP, squared_error
from nn.training.losses import (
    LOSSES,
    bounds_allowed,
    check_loss,
    hinge,
    logistic_loss,
    range_of,
    softmax_cross_entropy,
)

getcontext().prec = 50


def test_squares_of_differences_add_up_without_one_half():
    """de/do = 2 (o - y)."""
    assert gradients(squared_error, [3.0], [1.0]) == (4.0, [4.0])
    assert gradients(squared_error, [1.0, -2.0, 0.5], [0.0, 1.0, 0.5]) == (1.0 + 9.0 + 0.0, [2.0, -6.0, 0.0])


@pytest.mark.parametrize("targets", [[1.0, 2.0], (1, 2), np.array([1.0, 2.0]), [np.float64(1), np.int64(2)]])
def test_targets_of_every_kind(targets):
    assert squared_error([Value(0.0), Value(0.0)], targets).data == 5.0


@pytest.mark.parametrize("target", [2, 2.0, np.float64(2), [2.0], (2.0,), np.array([2.0]), np.array(2.0)])
def test_one_target_of_every_kind(target):
    """Indexing with [...] and many reductions of NumPy return np.array(2.0)."""
    assert squared_error(Value(5.0), target).data == 9.0


def test_the_output_of_a_net_may_be_a_value_or_a_list():
    one, two = MLP(2, [1], seed=0), MLP(2, [2], seed=0)
    assert squared_error(one([1.0, 2.0]), 0.5).data == squared_error(one.outputs([1.0, 2.0]), [0.5]).data
    assert squared_error(two([1.0, 2.0]), [0.5, 0.5]).data > 0


def test_a_value_as_target_gets_a_gradient_and_keeps_its_label():
    o, y = Value(3.0), Value(1.0, label="wanted")
    squared_error(o, y).backward()
    assert (o.grad, y.grad, y.label) == (4.0, -4.0, "wanted")


@pytest.mark.parametrize("target", [None, "1", 1j, [None]])
def test_targets_that_are_not_numbers(target):
    with pytest.raises(TypeError):
        squared_error(Value(1.0), target)


# All of them


def gradients(loss, numbers, targets):
    """e, and de/do_b for all outputs."""
    o = [Value(number) for number in numbers]
    e = loss(o, targets)
    e.backward()
    return e.data, [output.grad for output in o]


TARGETS = {
    "squared_error": [0.5, -0.25],
    "hinge": [1, -1],
    "logistic_loss": [1, -1],
    "softmax_cross_entropy": [0.0, 1.0],
}
every_loss = pytest.mark.parametrize(
    ("loss", "targets"), [(LOSSES[name], TARGETS[name]) for name in TARGETS], ids=TARGETS
)


def test_the_table_of_losses():
    assert list(LOSSES) == list(TARGETS)
    assert all(loss.__name__ == name for name, loss in LOSSES.items())


@every_loss
def test_labels_are_the_lectures(loss, targets):
    o = [Value(0.3, label="o_1^(2)"), Value(-0.2, label="o_2^(2)")]
    e = loss(o, targets)
    e.backward()
    nodes = topological_order(e)
    y = [node for node in nodes if node.label.startswith("y")]
    assert sorted(node.label for node in y) == ["y_1", "y_2"]
    assert not any(node.has_grad for node in y)
    assert e.label == "e"
    assert [output.label for output in o] == ["o_1^(2)", "o_2^(2)"]


@pytest.mark.parametrize("loss", [squared_error, hinge, logistic_loss])
def test_one_output_has_the_target_y(loss):
    o = Value(0.25)
    e = loss(o, 1)
    assert {node.label for node in topological_order(e)} == {"", "y", "e"}
    assert all(node.op.name == "constant" for node in topological_order(e) if node.label == "y")
    assert e.data == loss([o], [1.0]).data == loss(o, np.array(1)).data == loss(o, np.int64(1)).data


@every_loss
def test_wrong_outputs(loss, targets):
    for none in (targets, []):
        with pytest.raises(ValueError, match=r"outputs must have at least one entry"):
            loss([], none)
    with pytest.raises(TypeError, match=r"outputs must be a Value or a list of Values, not float: 0.5"):
        loss(0.5, targets)


@every_loss
@pytest.mark.parametrize("received", [0, 1, 2, 4])
def test_as_many_targets_as_outputs(loss, targets, received):
    given = (targets * 2)[:received]
    alone = received == 1 and loss is not softmax_cross_entropy  # for which one number is a class
    for wrong in (given, given[0]) if alone else (given,):
        with pytest.raises(
            ValueError, match=rf"^targets? must have 3 entries, one for each output; received {received}"
        ):
            loss([Value(1.0), Value(2.0), Value(3.0)], wrong)


@every_loss
@given(numbers=st.lists(st.floats(-3, 3), min_size=2, max_size=2))
def test_gradients_against_central_differences(loss, targets, numbers):
    if loss is hinge and any(abs(1 - y * o) < 1e-3 for y, o in zip(targets, numbers, strict=True)):
        return  # a kink: there is no derivative to compare with
    h = 2.0**-17
    _, by_graph = gradients(loss, numbers, targets)
    for b, gradient in enumerate(by_graph):
        above, below = ([n + sign * h if k == b else n for k, n in enumerate(numbers)] for sign in (1, -1))
        measured = (gradients(loss, above, targets)[0] - gradients(loss, below, targets)[0]) / (2 * h)
        assert gradient == pytest.approx(measured, rel=1e-6, abs=1e-9)


@every_loss
@pytest.mark.parametrize("numbers", [[1000.0, -1000.0], [-1000.0, 1000.0], [1000.0, 1000.0], [-1000.0, -1000.0]])
def test_extreme_outputs_stay_finite(loss, targets, numbers):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        e, slopes = gradients(loss, numbers, targets)
    assert math.isfinite(e)
    assert all(map(math.isfinite, slopes))


# Hinge


@pytest.mark.parametrize(
    ("o", "y", "e", "slope"),
    [
        (0.25, 1, 0.75, -1.0),
        (0.25, -1, 1.25, 1.0),
        (-2.0, 1, 3.0, -1.0),
        (1.5, 1, 0.0, 0.0),
        (-1.5, -1, 0.0, 0.0),
        (1.0, 1, 0.0, 0.0),
        (-1.0, -1, 0.0, 0.0),
        (0.0, 1, 1.0, -1.0),
        (-1000.0, 1, 1001.0, -1.0),
    ],
)
def test_hinge_by_hand(o, y, e, slope):
    assert gradients(hinge, [o], [y]) == (e, [slope])


def test_hinges_of_several_outputs_add_up():
    assert gradients(hinge, [0.5, 0.5, -2.0], [1, -1, -1]) == (0.5 + 1.5 + 0.0, [-1.0, 1.0, 0.0])


def test_hinge_is_the_svm_loss_of_micrograds_demo():
    """(1 + -yi * scorei).relu(), averaged over the points in its notebook."""
    scores, targets = [0.3, -1.7, 2.0, -0.4], [1, 1, -1, -1]
    for score, target in zip(scores, targets, strict=True):
        assert hinge(Value(score), target).data == (1 + -target * Value(score)).relu().data


# Logistic


@pytest.mark.parametrize("o", [-40.0, -3.0, -0.5, 0.0, 1e-9, 0.7, 5.0, 36.0, 700.0])
@pytest.mark.parametrize("y", [-1, 1])
def test_logistic_in_many_digits(o, y):
    """log(1 + exp(-y o)), and its derivative -y / (1 + exp(y o))."""
    e, (slope,) = gradients(logistic_loss, [o], [y])
    exponent = Decimal(o) * y
    assert e == pytest.approx(float((1 + (-exponent).exp()).ln()), rel=1e-14)
    assert slope == pytest.approx(float(-y / (1 + exponent.exp())), rel=1e-14)


def test_logistic_of_the_extremes():
    assert gradients(logistic_loss, [1000.0], [1]) == (0.0, [0.0])
    assert gradients(logistic_loss, [-1000.0], [1]) == (1000.0, [-1.0])
    assert gradients(logistic_loss, [1000.0], [-1]) == (1000.0, [1.0])


def test_logistic_losses_of_several_outputs_add_up():
    e, slopes = gradients(logistic_loss, [0.5, -2.0], [-1, 1])
    assert e == pytest.approx(np.log1p(np.exp(0.5)) + np.log1p(np.exp(2.0)), rel=1e-15)
    assert slopes == pytest.approx([1 / (1 + np.exp(-0.5)), -1 / (1 + np.exp(-2.0))], rel=1e-15)


@pytest.mark.parametrize("o", [-3.0, -0.5, 0.0, 2.0])
def test_logistic_is_the_softmax_of_the_outputs_0_and_o(o):
    """Two ways to the same cross-entropy: P(y = 1) = exp(o) / (exp(0) + exp(o))."""
    e, (slope,) = gradients(logistic_loss, [o], [1])
    other, slopes = gradients(softmax_cross_entropy, [0.0, o], 1)
    assert (e, slope) == pytest.approx((other, slopes[1]), rel=1e-14)


# Softmax cross-entropy


def softmax(o):
    numerators = np.exp(np.asarray(o) - np.max(o))
    return numerators / numerators.sum()


@pytest.mark.parametrize(
    "o", [[0.0, 0.0], [1.0, 2.0, 3.0], [-4.0, 4.0, 0.5, 4.0], [20.0, 20.0, 20.0], [7.0, -3.0, 2.0]]
)
def test_softmax_cross_entropy_for_each_class(o):
    """-log softmax(o)_c; its gradient is softmax(o) - y, also where the largest outputs tie."""
    for c in range(len(o)):
        e, slopes = gradients(softmax_cross_entropy, o, c)
        y = np.eye(len(o))[c]
        assert e == pytest.approx(-np.log(softmax(o)[c]), rel=1e-14, abs=1e-15)
        np.testing.assert_allclose(slopes, softmax(o) - y, rtol=0, atol=5e-16)


def test_softmax_cross_entropy_in_integers():
    """Outputs log 1, log 2, log 5: probabilities 1/8, 2/8, 5/8."""
    e, slopes = gradients(softmax_cross_entropy, [math.log(1), math.log(2), math.log(5)], 1)
    assert e == pytest.approx(math.log(4), rel=1e-15)
    assert slopes == pytest.approx([1 / 8, 2 / 8 - 1, 5 / 8], rel=1e-14)


@given(
    o=st.lists(st.floats(-50, 50), min_size=3, max_size=3),
    counts=st.lists(st.integers(0, 5), min_size=3, max_size=3).filter(any),
)
def test_softmax_cross_entropy_of_probabilities(o, counts):
    """-sum_b y_b log softmax(o)_b in decimal numbers of 50 digits; the gradient is softmax(o) - y."""
    y = [count / sum(counts) for count in counts]
    numerators = [Decimal(number).exp() for number in o]
    expected = -sum(Decimal(p) * (n / sum(numerators)).ln() for p, n in zip(y, numerators, strict=True))
    e, slopes = gradients(softmax_cross_entropy, o, y)
    assert e == pytest.approx(float(expected), rel=1e-13, abs=2e-15)
    np.testing.assert_allclose(slopes, softmax(o) - y, rtol=0, atol=1e-15)


def test_softmax_cross_entropy_of_the_extremes():
    assert gradients(softmax_cross_entropy, [1000.0, -1000.0], 0) == (0.0, [0.0, 0.0])
    assert gradients(softmax_cross_entropy, [1000.0, -1000.0], 1) == (2000.0, [1.0, -1.0])
    assert gradients(softmax_cross_entropy, [1e300, -1e300, 0.0], 2) == (1e300, [1.0, 0.0, -1.0])
    e, slopes = gradients(softmax_cross_entropy, [-1000.0, -1000.0, -1000.0, -1000.0], 3)
    assert e == math.log(4)
    assert slopes == [0.25, 0.25, 0.25, -0.75]


def test_softmax_cross_entropy_does_not_feel_a_shift():
    e, slopes = gradients(softmax_cross_entropy, [1.0, 2.0, 3.0], 0)
    far, others = gradients(softmax_cross_entropy, [4097.0, 4098.0, 4099.0], 0)
    assert (far, others) == (e, slopes)


def test_the_second_derivatives_of_softmax_cross_entropy():
    """diag(p) - p p^T, also where the largest outputs tie."""
    o = [Value(number) for number in (0.5, 1.5, 1.5)]
    p = softmax([0.5, 1.5, 1.5])
    matrix = [[entry.data for entry in row] for row in hessian(softmax_cross_entropy(o, 1), o)]
    np.testing.assert_allclose(matrix, np.diag(p) - np.outer(p, p), atol=1e-15)


def test_the_graph_holds_for_other_outputs_too():
    """The shift is part of the graph: evaluated again far from where it was made, it does not overflow."""
    o = [Value(0.0), Value(0.0)]
    e = softmax_cross_entropy(o, 1)
    o[0].data = 5000.0
    e.forward()
    e.backward()
    assert (e.data, [output.grad for output in o]) == (5000.0, [1.0, -1.0])


@pytest.mark.parametrize("target", [2, 2.0, np.int64(2), np.float64(2.0), np.array(2), (0, 0, 1), np.array([0, 0, 1])])
def test_classes_of_every_kind(target):
    o = [0.5, -1.0, 2.0]
    assert gradients(softmax_cross_entropy, o, target) == gradients(softmax_cross_entropy, o, [0.0, 0.0, 1.0])


def test_a_class_and_its_one_hot_targets_have_the_same_graph():
    o = [Value(0.5), Value(-1.0), Value(2.0)]
    graphs = [topological_order(softmax_cross_entropy(o, target)) for target in (1, [0, 1, 0])]
    names = [[(node.op.name, node.label, node.data) for node in graph] for graph in graphs]
    assert names[0] == names[1]


def test_softmax_needs_two_outputs():
    with pytest.raises(ValueError, match=r"outputs must have at least two entries, one for each class; received 1"):
        softmax_cross_entropy([Value(1.0)], 0)


# Wrong targets


@pytest.mark.parametrize("loss", [hinge, logistic_loss])
@pytest.mark.parametrize("target", [0, 0.5, 2, math.nan, True * 0.0])
def test_classes_are_minus_1_and_1(loss, target):
    with pytest.raises(ValueError, match=r"^targets must be -1 or 1; received "):
        loss(Value(1.0), target)
    with pytest.raises(ValueError, match=r"^targets must be -1 or 1; received "):
        loss([Value(1.0), Value(1.0)], [1, Value(target)])


@pytest.mark.parametrize("target", [-1, 3, 1.5, math.nan, math.inf, True, None, "1", 1j, Value(1.0)])
def test_targets_that_are_not_classes_are_refused(target):
    message = r"^target must be a class, an integer from 0 to 2, or the probabilities of 3 classes; received "
    if target == "1":
        message = r"must be a real number"  # text is a list of letters
    with pytest.raises(error_for(target), match=message):
        softmax_cross_entropy([Value(1.0), Value(2.0), Value(3.0)], target)


@pytest.mark.parametrize(
    "target", [[0.5, 0.4, 0.0], [1.5, -0.5, 0.0], [math.nan, 0.5, 0.5], [1, 1, 0], [math.inf, 0, 0]]
)
def test_targets_that_are_not_probabilities_are_refused(target):
    with pytest.raises(ValueError, match=r"^target must be probabilities, at least 0, that sum to 1; received "):
        softmax_cross_entropy([Value(1.0), Value(2.0), Value(3.0)], target)


def test_probabilities_of_many_classes_sum_to_1_too():
    with pytest.raises(ValueError, match=r"sum to 1; received "):
        softmax_cross_entropy([Value(0.0)] * 300, [0.5] * 300)


def test_probabilities_may_be_rounded():
    softmax_cross_entropy([Value(1.0), Value(2.0), Value(3.0)], [0.1 + 0.2, 0.7, 1e-12])


OF_LOGITS = {
    "ours": logistic_loss,
    "in a lambda": lambda o, y: logistic_loss(o, y),  # noqa: PLW0108
    "weighted": lambda o, y: 3 * logistic_loss(o, y) + 0.1,
    "partial": functools.partial(logistic_loss),
    "written out": lambda o, y: (1 + (-y[0] * o[0]).exp()).log(),
    "of a probability": lambda o, y: -(y[0] * o[0]).sigmoid().log(),
    "squares of a probability": lambda o, y: (o[0].sigmoid() - (y[0] + 1) / 2) ** 2,
    "exponential": lambda o, y: (-y[0] * o[0]).exp(),
    "one of two": lambda o, y: logistic_loss(o[:1], y[:1]) + sum(one**2 for one in o[1:]),
}
OF_ANYTHING = {
    "squared error": squared_error,
    "hinge": hinge,
    "absolute": lambda o, y: abs(o[0] - y[0]),
    "far away": lambda o, y: (o[0] - 25 * y[0]) ** 2,
    "log cosh": lambda o, y: (o[0] - y[0]).cosh().log(),
    "probabilities": lambda o, y: -(o[0] if y[0] > 0 else 1 - o[0]).log(),
    "clipped": lambda o, y: -maximum(o[0] if y[0] > 0 else 1 - o[0], 1e-9).log(),
    "shifted": lambda o, y: -((1 + y[0] * o[0]) / 2).log(),
    "reward": lambda o, y: -o[0] * y[0],
    "constant": lambda o, y: 0 * o[0] + 1,
    "infinite": lambda o, y: (100 * abs(o[0])).exp(),
    "refused": lambda o, y: o[0] ** 2 if abs(o[0].data) <= 1 else 1 / 0,
}


@pytest.mark.parametrize("targets", [[1.0], [-1.0], [1.0, -1.0], [-1.0, -1.0]])
def test_losses_that_are_least_at_infinite_outputs(targets):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        allowed = {name: bounds_allowed(loss, targets) for name, loss in (OF_LOGITS | OF_ANYTHING).items()}
    assert not caught
    assert allowed == dict.fromkeys(OF_LOGITS, 0) | dict.fromkeys(OF_ANYTHING, 2)


@pytest.mark.parametrize("classes", [2, 3, 10])
def test_only_differences_of_outputs_count_in_softmax(classes):
    for target in np.eye(classes):
        assert bounds_allowed(softmax_cross_entropy, target) == 1
        assert bounds_allowed(lambda o, y: 2 * softmax_cross_entropy(o, y), target) == 1


@pytest.mark.parametrize(
    ("theta", "bounds"),
    [
        ("tanh", (-1, 1)),
        ("sigmoid", (0, 1)),
        ("relu", (0, math.inf)),
        ("leaky_relu", (-math.inf, math.inf)),
        ("softplus", (0, math.inf)),
        ("sin", (-1, 1)),
        ("linear", (-math.inf, math.inf)),
    ],
)
def test_the_least_and_the_greatest_output_of_each_activation(theta, bounds):
    assert range_of(theta) == pytest.approx(bounds, abs=1e-3)
    assert len(ACTIVATIONS) == 7


def test_a_loss_is_a_function_or_the_name_of_one():
    for name, loss in LOSSES.items():
        assert check_loss(name) is check_loss(loss) is loss
    for wrong in ("mse", 3, ["hinge"]):
        with pytest.raises(ValueError, match=r"^loss must be a function, or one of squared_error, .*; received "):
            check_loss(wrong)


def test_bounds_are_found_by_outputs_up_to_20_alone_and_up_to_10_together():
    met = []
    bounds_allowed(lambda o, y: met.append([output.data for output in o]) or softmax_cross_entropy(o, y), [0, 1])
    assert met == [[-20, 0], [-10, 0], [0, 0], [10, 0], [20, 0], [10, 10], [0, 0]]
