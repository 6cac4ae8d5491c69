"""The optimizers against trajectories worked out otherwise: exact fractions, closed forms, published numbers.

Where the formula has no root, the numbers are sums of powers of 1/2, so that floats are exact and nothing is left to
rounding. Where it has one, either all roots are integers or the truth is computed to 50 digits.
"""

import copy
import io
import math
import pickle
import warnings
from decimal import Decimal, getcontext
from fractions import Fraction
from itertools import accumulate

import numpy as np
import pytest
from bad_input import error_for
from hypothesis import given, settings
from hypothesis import strategies as st

from nn.training.optimizers import (
    Adagrad,
    Adam,
    GradientDescent,
    LectureMomentum,
    LectureMomentumAdagrad,
    Momentum,
    Nesterov,
    Optimizer,
    RMSProp,
)
from nn.training.schedules import CosineDecay, InverseTimeDecay, LinearWarmup

getcontext().prec = 50

MAKE = {
    "GradientDescent": lambda eta=0.125: GradientDescent(eta),
    "LectureMomentum": lambda eta=0.125: LectureMomentum(eta, beta=0.75),
    "Momentum": lambda eta=0.125: Momentum(eta, beta=0.75),
    "Nesterov": lambda eta=0.125: Nesterov(eta, beta=0.75),
    "Adagrad": lambda eta=0.125: Adagrad(eta, epsilon=0.01),
    "LectureMomentumAdagrad": lambda eta=0.125: LectureMomentumAdagrad(eta, beta=0.75, epsilon=0.01),
    "RMSProp": lambda eta=0.125: RMSProp(eta, beta=0.75, epsilon=0.01),
    "Adam": lambda eta=0.125: Adam(eta, beta1=0.75, beta2=0.875, epsilon=0.01),
}
every_optimizer = pytest.mark.parametrize("make", MAKE.values(), ids=MAKE)
GRADIENTS = [3.0, -1.5, 0.0, 4.0, 2.5, -7.0, 0.25]


def trajectory(optimizer, gradients, start=1.0):
    """w_1, w_2, ... of a single weight that meets these gradients."""
    w, path = [np.array([[start]])], []
    for gradient in gradients:
        w = optimizer.step(w, [np.array([[gradient]])])
        path.append(w[0].item())
    return path


def descent(optimizer, slope, start, steps):
    """w_0, w_1, ... where each gradient is the slope at the current weight."""
    path = [start]
    for _ in range(steps):
        path.append(optimizer.step([np.array([[path[-1]]])], [np.array([[slope(path[-1])]])])[0].item())
    return path


def random_matrices(seed, shapes=((2, 3), (1, 3)), scale=1.0):
    generator = np.random.default_rng(seed)
    return [generator.normal(size=shape) * scale for shape in shapes]


def random_masks(seed, shapes=((2, 3), (1, 3))):
    generator = np.random.default_rng(seed)
    return [generator.random(shape) < 0.5 for shape in shapes]


def bits(matrices):
    return [(matrix.shape, matrix.tobytes()) for matrix in matrices]


def state_bits(optimizer):
    return {name: (array.shape, array.tobytes()) for name, array in optimizer.state().items()}


# The formulas, written out


def exact(numbers):
    return [Fraction(number) for number in numbers]


def test_gradient_descent_is_a_sum_of_gradients():
    g, eta = exact(GRADIENTS), Fraction(1, 8)
    expected = [1 - eta * total for total in accumulate(g)]
    assert exact(trajectory(GradientDescent(0.125), GRADIENTS)) == expected


def test_momentum_as_printed_has_the_previous_gradient_only():
    """W_{t+1} = W_t - eta (beta G_{t-1} + G_t), G_{-1} = 0; written as a sum over t."""
    g, eta, beta = exact(GRADIENTS), Fraction(1, 8), Fraction(3, 4)
    expected = [1 - eta * (sum(g[: t + 1]) + beta * sum(g[:t])) for t in range(len(g))]
    assert exact(trajectory(LectureMomentum(0.125, beta=0.75), GRADIENTS)) == expected


def test_the_heavy_ball_accumulates_all_gradients():
    g, eta, beta = exact(GRADIENTS), Fraction(1, 8), Fraction(3, 4)
    velocity = [sum(beta ** (t - s) * g[s] for s in range(t + 1)) for t in range(len(g))]
    expected = [1 - eta * sum(velocity[: t + 1]) for t in range(len(g))]
    assert exact(trajectory(Momentum(0.125, beta=0.75), GRADIENTS)) == expected


def test_printed_momentum_and_heavy_ball_part_at_the_third_step():
    printed, accumulated = (
        trajectory(kind(1.0, beta=0.5), [1.0, 1.0, 1.0], 0.0) for kind in (LectureMomentum, Momentum)
    )
    assert printed == [-1.0, -2.5, -4.0]
    assert accumulated == [-1.0, -2.5, -4.25]


def test_the_heavy_ball_is_polyaks():
    """w_{t+1} = w_t - eta f'(w_t) + beta (w_t - w_{t-1}), on f(w) = 2 w^2."""
    eta, beta = Fraction(1, 8), Fraction(1, 2)
    expected = [Fraction(3), Fraction(3) - eta * 4 * 3]
    for _ in range(6):
        w, before = expected[-1], expected[-2]
        expected.append(w - eta * 4 * w + beta * (w - before))
    assert exact(descent(Momentum(0.125, beta=0.5), lambda w: 4 * w, 3.0, 7)) == expected


def test_nesterov_is_sutskevers_seen_from_the_point_ahead():
    """v' = beta v - eta f'(theta + beta v), theta' = theta + v', on f(w) = 2 w^2; W = theta + beta v."""
    eta, beta = Fraction(1, 8), Fraction(1, 2)
    theta, v = Fraction(3), Fraction(0)
    expected = [theta]
    for _ in range(7):
        v = beta * v - eta * 4 * (theta + beta * v)
        theta = theta + v
        expected.append(theta + beta * v)
    assert exact(descent(Nesterov(0.125, beta=0.5), lambda w: 4 * w, 3.0, 7)) == expected


def test_adagrad_has_epsilon_inside_the_root():
    """9 + 16 = 5^2, 25 + 12^2 = 13^2, 169 + 84^2 = 85^2: with epsilon = 16 all roots are whole."""
    steps = [Fraction(3, 5), Fraction(12, 13), Fraction(-84, 85)]
    expected = [float(1 - total / 2) for total in accumulate(steps)]
    assert trajectory(Adagrad(0.5, epsilon=16.0), [3.0, 12.0, -84.0]) == pytest.approx(expected, rel=1e-15)


def test_momentum_with_adaptive_gradients():
    """The same roots; above them 3, 12 + 3/2 and -84 + 12/2."""
    steps = [Fraction(3, 5), Fraction(27, 2 * 13), Fraction(-78, 85)]
    expected = [float(1 - total / 2) for total in accumulate(steps)]
    path = trajectory(LectureMomentumAdagrad(0.5, beta=0.5, epsilon=16.0), [3.0, 12.0, -84.0])
    assert path == pytest.approx(expected, rel=1e-15)


def test_momentum_with_adaptive_gradients_without_momentum_is_adagrad():
    both, adagrad = LectureMomentumAdagrad(0.5, beta=0.0, epsilon=1e-4), Adagrad(0.5, epsilon=1e-4)
    assert trajectory(both, GRADIENTS) == trajectory(adagrad, GRADIENTS)


def test_rmsprop_in_many_digits():
    """The mean of squares as a closed sum; epsilon, large here, inside the root; no correction of the start."""
    g, beta, epsilon = [Decimal(number) for number in GRADIENTS], Decimal("0.75"), Decimal(1)
    w, expected = Decimal(1), []
    for t, gradient in enumerate(g):
        mean = sum((1 - beta) * beta ** (t - s) * g[s] ** 2 for s in range(t + 1))
        w -= Decimal("0.125") * gradient / (mean + epsilon).sqrt()
        expected.append(float(w))
    assert trajectory(RMSProp(0.125, beta=0.75, epsilon=1.0), GRADIENTS) == pytest.approx(expected, rel=1e-14)


def test_adam_in_many_digits():
    """The corrected moments are weighted means of all gradients so far; epsilon, large here, outside the root."""
    g, eta, epsilon = [Decimal(number) for number in GRADIENTS], Decimal("0.125"), Decimal(1)

    def weighted_mean(beta, numbers):
        weights = [beta**age for age in reversed(range(len(numbers)))]
        return sum(weight * number for weight, number in zip(weights, numbers, strict=True)) / sum(weights)

    w, expected = Decimal(1), []
    for t in range(1, len(g) + 1):
        root = weighted_mean(Decimal("0.875"), [gradient**2 for gradient in g[:t]]).sqrt()
        w -= eta * weighted_mean(Decimal("0.75"), g[:t]) / (root + epsilon)
        expected.append(float(w))
    adam = Adam(0.125, beta1=0.75, beta2=0.875, epsilon=1.0)
    assert trajectory(adam, GRADIENTS) == pytest.approx(expected, rel=1e-14)


@pytest.mark.parametrize("gradient", [1e-3, 1.0, -1e6])
def test_adams_first_step_is_the_learning_rate(gradient):
    """Kingma and Ba, section 2.1: whatever the gradient, the corrected quotient is its sign."""
    assert trajectory(Adam(0.25), [gradient], 0.0) == pytest.approx([-math.copysign(0.25, gradient)], rel=1e-4)


# Published numbers


def test_keras_documentation_of_sgd_with_momentum():
    """f(w) = w^2 / 2 from 1, learning rate 0.1, momentum 0.9: the weight falls by 0.1, then by 0.18."""
    path = descent(Momentum(0.1, beta=0.9), lambda w: w, 1.0, 2)
    assert [path[0] - path[1], path[1] - path[2]] == pytest.approx([0.1, 0.18], rel=1e-12)


def test_keras_documentation_of_rmsprop_and_adam():
    """f(w) = w^2 / 2 from 10, learning rate 0.1: 9.683772 by RMSprop (rho = 0.9), 9.9 by Adam."""
    assert descent(RMSProp(0.1, beta=0.9, epsilon=1e-7), lambda w: w, 10.0, 1)[-1] == pytest.approx(9.683772, abs=5e-7)
    assert descent(Adam(0.1), lambda w: w, 10.0, 1)[-1] == pytest.approx(9.9, abs=1e-7)


def test_optax_documentation_of_adagrad():
    """f(w) = sum of w^2 from (1, 2, 3), learning rate 1, accumulator 0.1 at the start, which is epsilon = 0.1 here."""
    optimizer, w, errors = Adagrad(1.0, epsilon=0.1), [np.array([[1.0, 2.0, 3.0]])], []
    for _ in range(5):
        w = optimizer.step(w, [2 * w[0]])
        errors.append(f"{np.sum(w[0] ** 2):.2E}")
    assert errors == ["5.01E+00", "2.40E+00", "1.25E+00", "6.86E-01", "3.85E-01"]


def test_bigdl_documentation_of_adagrad():
    """The Rosenbrock function from (0, 0), learning rate 0.1: 0.27779138, 0.07226955 after 10 steps, in float32."""
    optimizer, w = Adagrad(0.1, epsilon=1e-20), [np.zeros((1, 2))]
    for _ in range(10):
        x, y = w[0][0]
        w = optimizer.step(w, [[[-400 * x * (y - x * x) - 2 * (1 - x), 200 * (y - x * x)]]])
    np.testing.assert_allclose(w[0], [[0.27779138, 0.07226955]], rtol=3e-6)


# The learning rate


@every_optimizer
def test_a_schedule_is_asked_for_iteration_0_first(make):
    asked = []

    def schedule(t):
        asked.append(t)
        return 0.5 ** (t + 1)

    scheduled = make(schedule)
    assert scheduled.iteration == 0
    path = trajectory(scheduled, GRADIENTS)
    assert (asked, scheduled.iteration) == (list(range(len(GRADIENTS))), len(GRADIENTS))
    unit = np.diff([1.0, *trajectory(make(1.0), GRADIENTS)])  # the directions do not depend on the learning rate
    expected = 1.0 + np.cumsum([0.5 ** (t + 1) * step for t, step in enumerate(unit)])
    np.testing.assert_allclose(path, expected, rtol=1e-14)


def test_gradient_descent_with_a_schedule_by_hand():
    """1 - 1/1, then - 1/2, then - 1/4: eta(0) belongs to the first step."""
    assert trajectory(GradientDescent(lambda t: 0.5**t), [1.0, 1.0, 1.0]) == [0.0, -0.5, -0.75]


def test_a_schedule_may_end_at_zero():
    assert trajectory(GradientDescent(CosineDecay(1.0, 0.0, 1)), [1.0, 1.0, 1.0]) == [0.0, 0.0, 0.0]


@pytest.mark.parametrize("bad", [-0.1, math.nan, math.inf, "0.1", None, 1j])
def test_a_schedule_that_returns_no_learning_rate(bad):
    optimizer = LectureMomentum(lambda t: bad if t == 2 else 0.1)
    w = [np.ones((1, 1))]
    for _ in range(2):
        w = optimizer.step(w, w)
    before = state_bits(optimizer)
    with pytest.raises(error_for(bad), match=r"learning_rate, at iteration 2 of the schedule, must be a finite number"):
        optimizer.step(w, w)
    assert (optimizer.iteration, state_bits(optimizer)) == (2, before)


# Weights that are not updated


@every_optimizer
@given(seed=st.integers(0, 2**32 - 1))
@settings(max_examples=20)
def test_a_weight_lives_only_in_the_iterations_that_update_it(make, seed):
    """To the bit, each weight goes the way of one alone that meets only the gradients of its own iterations."""
    start, optimizer = random_matrices(seed), make()
    rounds = [(random_matrices([seed, t]), random_masks([seed, t])) for t in range(8)]
    w = start
    for gradients, masks in rounds:
        w = optimizer.step(w, gradients, masks)
    for l, matrix in enumerate(w):
        for position, number in np.ndenumerate(matrix):
            met = [gradients[l][position] for gradients, masks in rounds if masks[l][position]]
            alone = trajectory(make(), met, start[l][position]) or [start[l][position]]
            assert number == alone[-1], (l, position)


@every_optimizer
def test_masked_weights_and_their_state_stay_to_the_bit(make):
    """Also nan, infinite gradients, and -0.0 as weight."""
    optimizer, w = make(), random_matrices(1)
    w[0][0, 0] = -0.0
    for t in range(8):
        gradients, masks = random_matrices([2, t]), random_masks([3, t])
        masks[0][0, 0], gradients[0][0, 0] = False, [math.nan, math.inf][t % 2]
        state = optimizer.state()
        after = optimizer.step(w, gradients, masks)
        for l, (old, new, mask) in enumerate(zip(w, after, masks, strict=True), start=1):
            assert new[~mask].tobytes() == old[~mask].tobytes()
            assert (new[mask] != old[mask]).all()
            for name in optimizer.remembers:
                now = optimizer.state()[f"{name}.{l}"]
                before = state.get(f"{name}.{l}", np.zeros_like(now))
                assert now[~mask].tobytes() == before[~mask].tobytes()
        w = after


@every_optimizer
def test_everything_updated_is_as_without_masks(make):
    masked, plain = make(), make()
    w, v = random_matrices(1), random_matrices(1)
    for t in range(4):
        gradients = random_matrices([2, t])
        w = masked.step(w, gradients, [np.ones(g.shape, dtype=bool) for g in gradients])
        v = plain.step(v, gradients)
    assert bits(w) == bits(v)
    assert state_bits(masked) == state_bits(plain)


def test_iterations_count_also_where_nothing_is_updated():
    optimizer = GradientDescent(lambda t: 0.5**t)
    w = optimizer.step([[[1.0]]], [[[1.0]]], [[[False]]])
    assert optimizer.step(w, [[[1.0]]], [[[True]]])[0].item() == 0.5


# State


@every_optimizer
@pytest.mark.parametrize("stopped_after", [0, 1, 5])
def test_a_restored_optimizer_goes_on_to_the_bit(make, stopped_after):
    schedule = LinearWarmup(2, InverseTimeDecay(0.3, 0.1))

    def run(optimizer, w, iterations):
        for t in iterations:
            w = optimizer.step(w, random_matrices([5, t]), random_masks([6, t]) if t % 2 else None)
        return w

    whole, w = make(schedule), random_matrices(4)
    expected = run(whole, w, range(10))
    first = make(schedule)
    half = run(first, w, range(stopped_after))
    file = io.BytesIO()
    np.savez(file, **first.state())
    file.seek(0)
    second = make(schedule)
    run(second, w, range(3))  # what it remembers of another run is gone then
    with np.load(file, allow_pickle=False) as saved:
        second.restore(dict(saved))
    assert second.iteration == stopped_after
    assert bits(run(second, half, range(stopped_after, 10))) == bits(expected)
    assert state_bits(second) == state_bits(whole)


@every_optimizer
def test_reset_forgets_everything(make):
    assert make() != make(), "an optimizer has a history: it equals only itself"
    optimizer = make(InverseTimeDecay(0.3, 0.1))
    first = trajectory(optimizer, GRADIENTS)
    optimizer.reset()
    assert optimizer.iteration == 0
    assert state_bits(optimizer) == state_bits(make())
    assert trajectory(optimizer, GRADIENTS) == first


@every_optimizer
def test_copies_and_pickles_go_their_own_way(make):
    optimizer = make()
    trajectory(optimizer, GRADIENTS[:3])
    copies = [copy.deepcopy(optimizer), pickle.loads(pickle.dumps(optimizer))]
    expected = trajectory(optimizer, GRADIENTS[3:])
    for one in copies:
        assert trajectory(one, GRADIENTS[3:]) == expected


@every_optimizer
def test_arguments_results_and_states_are_apart(make):
    optimizer, other = make(), make()
    w, g, masks = random_matrices(1), random_matrices(2), random_masks(3)
    for array in (*w, *g, *masks):
        array.setflags(write=False)  # any change in place raises
    before = bits([*w, *g])
    moved = optimizer.step(w, g, masks)
    other.step(w, g, masks)
    assert bits([*w, *g]) == before
    for array in (*moved, *optimizer.state().values()):
        array[...] = 99  # neither is what the optimizer keeps
    g2 = [array.copy() for array in g]
    assert bits(optimizer.step(w, g2)) == bits(other.step(w, g2))
    for array in g2:
        array[...] = 99
    assert bits(optimizer.step(w, g)) == bits(other.step(w, g))
    state = optimizer.state()
    other.restore(state)
    for array in state.values():
        array[...] = 99
    assert bits(optimizer.step(w, g)) == bits(other.step(w, g))


def test_the_names_in_the_state():
    optimizer = LectureMomentumAdagrad(0.1)
    assert list(optimizer.state()) == ["iteration"]
    optimizer.step([[[1.0]], [[2.0]]], [[[3.0]], [[4.0]]])
    state = optimizer.state()
    assert {name: array.item() for name, array in state.items()} == {
        "iteration": 1,
        "previous_gradient.1": 3.0,
        "sum_of_squares.1": 9.0,
        "previous_gradient.2": 4.0,
        "sum_of_squares.2": 16.0,
    }


@pytest.mark.parametrize(
    ("state", "error", "message"),
    [
        ({}, ValueError, r'state must have an "iteration"'),
        (None, ValueError, r'state must have an "iteration"'),
        ({"iteration": -1}, ValueError, r'state\["iteration"\] must be an integer'),
        ({"iteration": np.array(1.5)}, TypeError, r'state\["iteration"\] must be an integer'),
        ({"iteration": 3}, ValueError, r"a state of LectureMomentum; missing \['previous_gradient.1'\], unknown \[\]"),
        (
            {"iteration": 3, "velocity.1": [[1.0]]},
            ValueError,
            r"missing \['previous_gradient.1'\], unknown \['velocity.1'\]",
        ),
        ({"iteration": 3, "previous_gradient.2": [[1.0]]}, ValueError, r"missing \['previous_gradient.1'\]"),
        ({"iteration": 3, "previous_gradient.1": [1.0]}, ValueError, r"shapes \[\(1,\)\]"),
        (
            {"iteration": 3, "previous_gradient.1": "abc"},
            TypeError,
            r'state\["previous_gradient.1"\] must be real numbers',
        ),
    ],
)
def test_wrong_states(state, error, message):
    optimizer = LectureMomentum(0.1)
    trajectory(optimizer, GRADIENTS)
    before = state_bits(optimizer)
    with pytest.raises(error, match=message):
        optimizer.restore(state)
    assert state_bits(optimizer) == before


def test_a_state_whose_matrices_do_not_fit_each_other():
    state = {"iteration": 1, "previous_gradient.1": np.ones((1, 2)), "sum_of_squares.1": np.ones((2, 1))}
    with pytest.raises(ValueError, match=r"matrices of one shape for layer 1; received shapes"):
        LectureMomentumAdagrad(0.1).restore(state)


# What it is for


STARTS = st.floats(-10, 10, allow_nan=False)


@pytest.mark.parametrize(
    "make",
    [
        lambda: GradientDescent(0.1),
        lambda: LectureMomentum(0.1),
        lambda: Momentum(0.1, beta=0.8),
        lambda: Nesterov(0.1, beta=0.8),
        lambda: Adagrad(2.0),
        lambda: LectureMomentumAdagrad(2.0),
        lambda: RMSProp(CosineDecay(0.5, 0.0, 400)),
        lambda: Adam(CosineDecay(0.5, 0.0, 400)),
    ],
    ids=MAKE,
)
@given(start=STARTS)
@settings(max_examples=25)
def test_all_of_them_find_the_minimum_of_a_square(make, start):
    assert abs(descent(make(), lambda w: 2 * w, start, 400)[-1]) < 1e-2


# What they refuse, and what not


@pytest.mark.parametrize(
    "kind", [GradientDescent, LectureMomentum, Momentum, Nesterov, Adagrad, LectureMomentumAdagrad, RMSProp, Adam]
)
@pytest.mark.parametrize("rate", [0, -0.1, math.nan, math.inf, "0.1", None, True, [0.1]])
def test_wrong_learning_rates(kind, rate):
    with pytest.raises(error_for(rate), match=r"^learning_rate must be a finite number, greater than 0; received "):
        kind(rate)
    optimizer = kind(0.1)
    optimizer.learning_rate = rate
    with pytest.raises(error_for(rate), match=r"^learning_rate must be a finite number, greater than 0; received "):
        trajectory(optimizer, GRADIENTS)


@pytest.mark.parametrize(
    ("kind", "name"),
    [(LectureMomentum, "beta"), (Momentum, "beta"), (Nesterov, "beta"), (LectureMomentumAdagrad, "beta"),
     (RMSProp, "beta"), (Adam, "beta1"), (Adam, "beta2")],
)  # fmt: skip
@pytest.mark.parametrize("beta", [-0.1, 1, 1.5, math.nan, "0.9", None, False])
def test_wrong_betas(kind, name, beta):
    with pytest.raises(
        error_for(beta), match=rf"^{name} must be a finite number, at least 0 and less than 1; received "
    ):
        kind(0.1, **{name: beta})
    kind(0.1, **{name: 0})


@pytest.mark.parametrize("kind", [Adagrad, LectureMomentumAdagrad, RMSProp, Adam])
@pytest.mark.parametrize("epsilon", [0, -1e-8, math.nan, math.inf, "small", None])
def test_wrong_epsilons(kind, epsilon):
    with pytest.raises(error_for(epsilon), match=r"^epsilon must be a finite number, greater than 0; received "):
        kind(0.1, epsilon=epsilon)


W = [np.ones((2, 3)), np.ones((1, 3))]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([], []), r"weights must be a list of matrices W\^\(1\) .. W\^\(L\); received \[\]"),
        ((None, W), r"weights must be a list"),
        ((W, None), r"gradients must be a list of matrices G"),
        ((W, W[:1]), r"gradients must have the shapes of the weights, \[\(2, 3\), \(1, 3\)\]; received \[\(2, 3\)\]"),
        (
            (W, [np.ones((2, 3)), np.ones((1, 1))]),
            r"gradients must have the shapes .*; received \[\(2, 3\), \(1, 1\)\]",
        ),
        (([np.ones(3)], [np.ones(3)]), r"weights must be matrices, with rows and columns; received shapes \[\(3,\)\]"),
        (([[["a"]]], [[[1.0]]]), r"weights\[0\], W\^\(1\), must be real numbers"),
        ((W, W, [True, True]), r"updated must be boolean matrices .*; received \['bool of shape \(\)'"),
        (
            (W, W, [np.ones((2, 3)), np.ones((1, 3))]),
            r"updated must be boolean matrices .*'float64 of shape \(2, 3\)'",
        ),
        ((W, W, [np.ones((2, 3), bool)]), r"updated must be boolean matrices"),
        ((W, W, True), r"updated must be boolean matrices .*; received True"),
    ],
)
@every_optimizer
def test_matrices_that_do_not_fit(make, arguments, message):
    optimizer = make()
    with pytest.raises(TypeError if "real numbers" in message else ValueError, match=message):
        optimizer.step(*arguments)
    assert optimizer.iteration == 0


def test_another_network_needs_a_reset():
    optimizer = Momentum(0.1)
    optimizer.step(W, W)
    with pytest.raises(
        ValueError, match=r"weights must have the shapes \[\(2, 3\), \(1, 3\)\] of the iterations before"
    ):
        optimizer.step(W[:1], W[:1])
    optimizer.reset()
    optimizer.step(W[:1], W[:1])


@every_optimizer
def test_overflow_follows_ieee_754_without_a_warning(make):
    """`fit` looks at the loss; a warning for each matrix on the way would only hide its message."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        path = trajectory(make(), [1e308, -1e308, 1e308, math.inf, math.nan])
    assert not math.isfinite(path[-1])


def test_representations():
    assert repr(LectureMomentum(0.1, beta=0.5)) == "LectureMomentum(learning_rate=0.1, beta=0.5)"
    assert repr(Adam()) == "Adam(learning_rate=0.001, beta1=0.9, beta2=0.999, epsilon=1e-08)"
    in_order = "Adam(learning_rate=0.5, beta1=0.25, beta2=0.125, epsilon=0.0625)"
    assert repr(Adam(0.5, 0.25, 0.125, 0.0625)) == in_order, "the arguments are the settings, in this order"
    scheduled = GradientDescent(InverseTimeDecay(0.5, 0.01))
    assert repr(scheduled) == "GradientDescent(learning_rate=InverseTimeDecay(initial=0.5, decay=0.01))"


def test_the_base_class_has_no_rule():
    with pytest.raises(TypeError, match=r"abstract"):
        Optimizer(0.1)
