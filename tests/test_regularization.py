"""L2 against sums written out, and dropout: which nodes are removed, and which weights are updated."""

import math
from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest
from bad_input import error_for
from hypothesis import given
from hypothesis import strategies as st

from nn.training.regularization import L2, Dropout, updated_weights

WEIGHTS = [np.array([[1.0, -2.0, 3.0], [0.5, 0.25, -0.125]]), np.array([[-1.0, 4.0, 0.0]])]
widths = st.lists(st.integers(1, 5), min_size=2, max_size=5)


def test_the_penalty_sums_the_squares_of_all_weights_the_bias_column_too():
    squares = [1, 4, 9, Fraction(1, 4), Fraction(1, 16), Fraction(1, 64), 1, 16, 0]
    assert L2(0.5).penalty(WEIGHTS) == float(sum(squares) / 2)


def test_the_bias_column_can_be_spared():
    squares = [4, 9, Fraction(1, 16), Fraction(1, 64), 16, 0]
    assert L2(0.5, bias=False).penalty(WEIGHTS) == float(sum(squares) / 2)


@pytest.mark.parametrize("bias", [True, False])
def test_the_gradient_is_the_derivative_of_the_penalty(bias):
    penalty, h = L2(0.3, bias=bias), 1e-6
    for l, gradient in enumerate(penalty.gradients(WEIGHTS)):
        assert gradient.shape == WEIGHTS[l].shape
        for place in np.ndindex(gradient.shape):
            up, down = ([W.copy() for W in WEIGHTS] for _ in range(2))
            up[l][place] += h
            down[l][place] -= h
            slope = (penalty.penalty(up) - penalty.penalty(down)) / (2 * h)
            assert gradient[place] == pytest.approx(slope, abs=1e-8)
            if place[1] == 0 and not bias:
                assert gradient[place] == 0.0


def test_the_weights_are_not_changed_and_the_gradients_are_new():
    weights = [W.copy() for W in WEIGHTS]
    for gradient in L2(0.3, bias=False).gradients(weights):
        gradient[:] = 1.0
    assert all((a == b).all() for a, b in zip(weights, WEIGHTS, strict=True))


def test_without_a_strength_there_is_no_penalty():
    assert L2(0.0).penalty(WEIGHTS) == 0.0
    assert not any(gradient.any() for gradient in L2(0).gradients(WEIGHTS))


@pytest.mark.parametrize("strength", [-1e-9, math.nan, math.inf, "0.1", None])
def test_a_wrong_strength_is_refused(strength):
    with pytest.raises(error_for(strength), match=r"^strength must be"):
        L2(strength)


@pytest.mark.parametrize(("thing", "name"), [(L2(0.1), "strength"), (Dropout(0.5), "rate")])
def test_they_do_not_change(thing, name):
    with pytest.raises(AttributeError):
        setattr(thing, name, 0.2)


@pytest.mark.parametrize("rate", [-0.1, 1.0, 1.5, math.nan, "0.5", None, True])
def test_a_rate_outside_0_to_1_is_refused(rate):
    with pytest.raises(error_for(rate), match=r"^rate must be"):
        Dropout(rate)


@given(widths, st.floats(0, 1, exclude_max=True), st.integers(0, 2**32))
def test_units_are_removed_where_the_random_number_is_below_the_rate(sizes, rate, seed):
    """The rates of hidden units and of inputs; an output is never removed, and for a rate of 0 nothing is drawn."""
    for rates in ([0.0] + [rate] * (len(sizes) - 2), [rate] + [0.0] * (len(sizes) - 2)):
        factors = Dropout(max(rates[1:], default=0.0), input_rate=rates[0]).draw(sizes, np.random.default_rng(seed))
        numbers = np.random.default_rng(seed)
        assert [layer.tolist() for layer in factors] == [
            [0.0 if number < p else 1 / (1 - p) for number in numbers.random(width)] if p else [1.0] * width
            for p, width in zip(rates, sizes, strict=False)
        ]


def test_each_node_is_removed_with_the_probability_of_the_rate():
    _, factors = Dropout(0.3).draw([1, 10_000, 1], np.random.default_rng(0))
    assert np.sum(factors == 0) == pytest.approx(3000, abs=4 * math.sqrt(10_000 * 0.3 * 0.7))


def test_scaling_keeps_the_mean_of_the_sums():
    for dropout, factors in (
        (Dropout(0.75, input_rate=0.6), [2.5, 4.0]),
        (Dropout(0.75, scale=False, input_rate=0.6), [1.0, 1.0]),
        (Dropout(0.0), [1.0, 1.0]),
    ):
        drawn = dropout.draw([50, 50, 1], np.random.default_rng(0))
        assert [max(layer) for layer in drawn] == factors


@given(widths, st.data())
def test_a_weight_is_updated_exactly_if_no_end_of_its_edge_is_removed(sizes, data):
    removed = [data.draw(st.frozensets(st.integers(1, width))) for width in sizes[:-1]]
    factors = [
        np.array([0.0 if unit in units else 2.0 for unit in range(1, width + 1)])
        for units, width in zip(removed, sizes[:-1], strict=True)
    ]
    masks = updated_weights(sizes, factors)
    gone = [*removed, frozenset()]
    assert [mask.shape for mask in masks] == [(b, a + 1) for a, b in pairwise(sizes)]
    for l, mask in enumerate(masks, start=1):
        for (row, column), updated in np.ndenumerate(mask):
            assert updated == (row + 1 not in gone[l] and column not in gone[l - 1])
