"""Surfaces: their minima as published, their gradients, and the paths of optimizers over them."""

import math
import warnings

import numpy as np
import pytest

from autograd_lite import Value, exp
from nn.surfaces import (
    HIMMELBLAU,
    ROSENBROCK,
    SADDLE,
    SURFACES,
    TWO_VALLEYS,
    Surface,
    descend,
    gradient_at,
    random_points,
)
from nn.training.optimizers import Adam, GradientDescent, LectureMomentum, Momentum, Nesterov


def two_valleys(x, y):
    """The same by numpy."""
    return (x * x + y * y) / 10 - 0.3 * np.exp(-8 * ((x + 1) ** 2 + y * y)) - np.exp(-((x - 1) ** 2 + y * y) / 2)


BY_NUMPY = {
    "himmelblau": lambda x, y: (x * x + y - 11) ** 2 + (x + y * y - 7) ** 2,
    "rosenbrock": lambda x, y: (1 - x) ** 2 + 100 * (y - x * x) ** 2,
    "saddle": lambda x, y: 0.5 * x * x + 0.25 * y**4 - 0.5 * y * y,
    "two_valleys": two_valleys,
}
LOWEST = {"himmelblau": 0.0, "rosenbrock": 0.0, "saddle": -0.25, "two_valleys": -0.916764953093479}


@pytest.fixture(params=SURFACES)
def name(request):
    return request.param


def inside(surface, count=20):
    return random_points(surface, count, seed=1).tolist()


def test_the_published_function_of_numbers_and_of_values(name):
    surface = SURFACES[name]
    for x, y in inside(surface):
        expected = BY_NUMPY[name](x, y)
        assert surface(x, y) == pytest.approx(expected, rel=1e-12)
        assert surface(Value(x), Value(y)).data == surface(x, y)
        assert isinstance(surface(x, y), float)


def test_gradients_agree_with_finite_differences(name):
    f, h = BY_NUMPY[name], 1e-5
    for x, y in inside(SURFACES[name]):
        differences = [(f(x + h, y) - f(x - h, y)) / (2 * h), (f(x, y + h) - f(x, y - h)) / (2 * h)]
        assert gradient_at(SURFACES[name], (x, y)) == pytest.approx(differences, rel=1e-6, abs=1e-6)


def test_the_minima_are_minima_and_the_first_is_the_lowest(name):
    surface = SURFACES[name]
    heights = surface.heights(*[np.linspace(*side, 101) for side in surface.window])
    assert surface(*surface.minima[0]) == pytest.approx(LOWEST[name], abs=1e-12)
    assert heights.min() >= LOWEST[name] - 1e-12
    for x, y in surface.minima:
        assert np.linalg.norm(gradient_at(surface, (x, y))) < 1e-12
        for angle in np.linspace(0, 2 * math.pi, 16):
            assert surface(x + 1e-3 * math.cos(angle), y + 1e-3 * math.sin(angle)) > surface(x, y)
        assert surface(x, y) >= surface(*surface.minima[0]) - 1e-12
        (left, right), (bottom, top) = surface.window
        assert left < x < right
        assert bottom < y < top


def test_himmelblau_has_its_four_published_minima():
    published = [(3.0, 2.0), (-2.805118, 3.131312), (-3.779310, -3.283186), (3.584428, -1.848126)]
    assert np.allclose(HIMMELBLAU.minima, published, atol=1e-6)
    assert HIMMELBLAU(-0.270845, -0.923039) == pytest.approx(181.617, abs=1e-3)


def test_the_saddle_is_not_a_minimum():
    assert gradient_at(SADDLE, (0.0, 0.0)).tolist() == [0.0, 0.0]
    assert SADDLE(0.1, 0.0) > SADDLE(0.0, 0.0) > SADDLE(0.0, 0.1)


def test_heights_have_a_row_for_each_y():
    heights = TWO_VALLEYS.heights([0.0, 1.0, 2.0], np.array([0.5, 1.5]))
    assert heights.shape == (2, 3)
    assert heights[1, 2] == TWO_VALLEYS(2.0, 1.5)


# Descents


def test_gradient_descent_by_hand():
    bowl = Surface("A bowl", lambda x, y: x**2 + 2 * y**2, window=((-1, 1), (-1, 1)))
    path = descend(bowl, (1.0, -1.0), GradientDescent(0.125), iterations=2)
    assert path.tolist() == [[1.0, -1.0], [0.75, -0.5], [0.5625, -0.25]]


def test_the_heavy_ball_by_its_own_formula():
    path = descend(HIMMELBLAU, (0.5, -0.5), Momentum(0.005, beta=0.8), iterations=30)
    point, velocity = np.array([0.5, -0.5]), np.zeros(2)
    for t in range(30):
        x, y = point
        u, v = x * x + y - 11, x + y * y - 7
        velocity = 0.8 * velocity + np.array([4 * x * u + 2 * v, 2 * u + 4 * y * v])
        point = point - 0.005 * velocity
        assert path[t + 1] == pytest.approx(point, rel=1e-9)


def test_momentum_gets_out_of_the_narrow_valley_and_gradient_descent_does_not():
    deep, narrow = TWO_VALLEYS.minima
    ends = {
        type(optimizer): descend(TWO_VALLEYS, (-2.0, 1.0), optimizer, iterations=300)[-1]
        for optimizer in (GradientDescent(0.3), LectureMomentum(0.3), Momentum(0.3), Nesterov(0.3))
    }
    assert ends.pop(GradientDescent) == pytest.approx(narrow, abs=1e-6)
    for optimizer, end in ends.items():
        assert end == pytest.approx(deep, abs=1e-3), optimizer


def test_the_reason_why_momentum_as_printed_does_not_stay():
    """1 / beta < eta k < 2 along y (see TWO_VALLEYS): the eigenvalues of the linear recursions near the minimum."""
    x, y = TWO_VALLEYS.minima[1]
    eta, beta, h = 0.3, 0.9, 1e-4
    k = (two_valleys(x, y + h) - 2 * two_valleys(x, y) + two_valleys(x, y - h)) / h**2
    assert eta * k == pytest.approx(1.4, abs=0.05)
    assert abs(1 - eta * k) < 1
    momentum = np.array([[1 - eta * k, -eta * k * beta], [1.0, 0.0]])
    assert max(abs(np.linalg.eigvals(momentum))) > 1


def test_from_the_crest_gradient_descent_ends_in_the_saddle():
    assert descend(SADDLE, (1.0, 0.0), GradientDescent(0.1), iterations=400)[-1] == pytest.approx([0, 0], abs=1e-9)
    assert descend(SADDLE, (1.0, 1e-9), GradientDescent(0.1), iterations=400)[-1] == pytest.approx([0, 1], abs=1e-9)


def test_the_optimizer_is_not_changed_and_starts_without_a_state():
    optimizer = Adam(0.1)
    first = descend(ROSENBROCK, (-1.0, 1.0), optimizer, iterations=5)
    optimizer.step([[[1.0]]], [[[1.0]]])
    assert (descend(ROSENBROCK, (-1.0, 1.0), optimizer, iterations=5) == first).all()
    assert optimizer.iteration == 1


def test_a_path_that_leaves_the_finite_numbers_ends_in_nan_with_one_warning():
    with pytest.warns(RuntimeWarning, match="becomes infinite or nan in iteration") as warned:
        path = descend(HIMMELBLAU, (4.0, 4.0), GradientDescent(1.0), iterations=30)
    assert len(warned) == 1
    assert warned[0].filename == __file__
    assert path.shape == (31, 2)
    finite = np.isfinite(path).all(axis=1)
    assert finite[0]
    assert not finite[-1]
    assert np.isnan(path[~finite]).all()
    assert sorted(finite, reverse=True) == finite.tolist()


def test_a_path_that_leaves_in_its_last_iteration_says_so():
    with pytest.warns(RuntimeWarning, match="in iteration 0;"):
        path = descend(lambda x, y: x * 1e200 + y, (1.0, 1.0), GradientDescent(1e200), iterations=1)
    assert np.isnan(path[1]).all()


def test_a_function_that_is_constant_has_no_slope():
    assert gradient_at(lambda x, y: 3.0, (1.0, 2.0)).tolist() == [0.0, 0.0]
    assert descend(lambda x, y: exp(x), (1.0, 2.0), GradientDescent(0.1), iterations=2)[-1][1] == 2.0


def test_random_points_are_in_the_window_and_the_first_are_the_same():
    points = random_points(ROSENBROCK, 500, seed=3)
    assert points.min(axis=0) == pytest.approx([-2, -1], abs=0.1)
    assert points.max(axis=0) == pytest.approx([2, 3], abs=0.1)
    assert (random_points(ROSENBROCK, 7, seed=3) == points[:7]).all()
    assert (random_points(ROSENBROCK, 7, seed=4) != points[:7]).all()


def test_nothing_is_warned_of_on_the_way():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        descend(TWO_VALLEYS, (1e6, 0.0), GradientDescent(0.1), iterations=3)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (
            lambda: descend(SADDLE, (1.0,), GradientDescent(0.1), 3),
            ValueError,
            r"start must have shape \(2,\); received \(1,\)",
        ),
        (lambda: descend(SADDLE, (1.0, math.nan), GradientDescent(0.1), 3), ValueError, "start must be finite"),
        (lambda: descend(SADDLE, (1.0, 1.0), GradientDescent(0.1), 0), ValueError, "iterations must be"),
        (lambda: descend(SADDLE, (1.0, 1.0), "adam", 3), TypeError, "optimizer must be an Optimizer"),
        (lambda: gradient_at(SADDLE, "ab"), TypeError, "point must be"),
        (lambda: random_points(SADDLE, 0), ValueError, "count must be"),
        (lambda: random_points(SADDLE, 1, seed=-1), ValueError, "seed must be"),
        (lambda: Surface("s", max, window=((1, 0), (0, 1))), ValueError, "window must be"),
        (lambda: Surface("s", max, window=(0, 1)), ValueError, r"window must have shape \(2, 2\)"),
        (
            lambda: Surface("s", max, window=((0, 1), (0, 1)), minima=((1.0,),)),
            ValueError,
            r"minima\[0\] must have shape \(2,\)",
        ),
    ],
)
def test_a_wrong_argument_is_named(call, error, message):
    with pytest.raises(error, match=message):
        call()
