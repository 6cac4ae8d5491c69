"""nn.data_sets: against published numbers, the equations of the curves, and scikit-learn's own splits and scales."""

import math
import pickle
from fractions import Fraction
from functools import partial

import numpy as np
import pytest

from nn.data_sets import load_iris, moons, spirals, standardize, train_test_split, xor
from nn.randomness import STREAMS

TOYS = [moons, spirals, xor]


def test_the_flowers_are_fishers():
    """The published means and standard deviations (the summary of R's iris), and rows 35 and 38 of the paper."""
    measurements, species = load_iris()
    assert measurements.mean(axis=0) == pytest.approx([5.843333, 3.057333, 3.758, 1.199333], abs=1e-6)
    assert measurements.std(axis=0, ddof=1) == pytest.approx([0.8280661, 0.4358663, 1.7652982, 0.7622377], abs=1e-6)
    assert np.bincount(species).tolist() == [50, 50, 50]
    assert measurements[34].tolist() == [4.9, 3.1, 1.5, 0.2]
    assert measurements[37].tolist() == [4.9, 3.6, 1.4, 0.1]


# Toys


def test_without_noise_the_moons_are_scikit_learns():
    make_moons = pytest.importorskip("sklearn.datasets").make_moons
    for examples in (2, 7, 100):
        X, y = moons(examples, noise=0.0)
        theirs, classes = make_moons(examples, shuffle=False)
        ours = sorted(zip(y.tolist(), *X.T.tolist(), strict=True))
        assert np.allclose(ours, sorted(zip((2 * classes - 1).tolist(), *theirs.T.tolist(), strict=True)), atol=1e-15)


@pytest.mark.parametrize("turns", [0.5, 1.0, 3.0])
def test_without_noise_the_angle_on_a_spiral_grows_with_the_radius(turns):
    X, y = spirals(101, turns=turns, noise=0.0)
    r = np.hypot(*X.T)
    angle = np.arctan2(X[:, 1], X[:, 0]) - 2 * np.pi * turns * r
    assert np.exp(1j * angle) == pytest.approx(-y.astype(complex))  # 0 for y = -1, half a turn for y = 1
    assert r.max() == 1.0
    for one, count in ((-1, 50), (1, 51)):
        assert np.diff(np.sort(r[y == one]) ** 2) == pytest.approx(1 / count)


def test_a_corner_is_in_the_class_one_where_its_coordinates_differ():
    X, y = xor(401, noise=0.0)
    assert (y == np.where(X[:, 0] * X[:, 1] < 0, 1, -1)).all()
    _, counts = np.unique(X, axis=0, return_counts=True)
    assert sorted(counts) == [100, 100, 100, 101]


@pytest.mark.parametrize("toy", TOYS)
def test_the_noise_is_normal_of_this_deviation_and_the_same_for_the_same_seed(toy):
    X, y = toy(4000, noise=0.25, seed=3)
    clean, classes = toy(4000, noise=0.0, seed=3)
    assert (y == classes).all()
    noise = (X - clean) / 0.25
    assert noise.mean(axis=0) == pytest.approx(0.0, abs=4 / np.sqrt(4000))
    assert np.cov(noise.T) == pytest.approx(np.eye(2), abs=0.1)
    assert (np.abs(noise) < 1).mean() == pytest.approx(0.6827, abs=0.02)
    assert (toy(4000, noise=0.25, seed=3)[0] == X).all()
    assert (toy(4000, noise=0.25, seed=4)[0] != X).any()
    assert (toy(seed=None)[0] != toy(seed=None)[0]).any()


@pytest.mark.parametrize("toy", TOYS)
def test_a_toy_is_balanced_and_mixed_and_leaves_the_global_generator_alone(toy):
    before = pickle.dumps(np.random.get_state())  # noqa: NPY002
    X, y = toy()
    assert pickle.dumps(np.random.get_state()) == before  # noqa: NPY002
    assert X.dtype == np.float64
    assert y.dtype == np.int64
    assert y.sum() == 0
    assert abs(y[: len(y) // 2].sum()) < len(y) / 4


@pytest.mark.parametrize(
    ("toy", "arguments", "message"),
    [
        (moons, {"examples": 1}, "examples"),
        (moons, {"examples": 10.0}, "examples"),
        (moons, {"noise": -0.1}, "noise"),
        (moons, {"noise": float("nan")}, "noise"),
        (moons, {"seed": -1}, "seed"),
        (spirals, {"examples": 1}, "examples"),
        (spirals, {"turns": 0}, "turns"),
        (spirals, {"noise": float("inf")}, "noise"),
        (xor, {"examples": 3}, "examples"),
        (xor, {"seed": 1.5}, "seed"),
    ],
)
def test_a_bad_argument_of_a_toy_is_named(toy, arguments, message):
    # of the bad numbers only those that should be integers, and are floats, have the wrong type
    error = TypeError if arguments in ({"examples": 10.0}, {"seed": 1.5}) else ValueError
    with pytest.raises(error, match=f"^{message} must"):
        toy(**arguments)


# Splitting


def test_every_example_is_in_one_part_with_its_target():
    X = np.arange(40).reshape(20, 2)
    (train_X, train_y), (test_X, test_y) = train_test_split(X, X[:, 0] / 2)
    assert train_X.shape == (15, 2)
    assert test_X.shape == (5, 2)
    assert sorted(np.concatenate([train_X, test_X]).tolist()) == X.tolist()
    assert (train_y == train_X[:, 0] / 2).all()
    assert (test_y == test_X[:, 0] / 2).all()


@pytest.mark.parametrize("kind", [int, str, bool])
def test_each_class_has_its_share_of_what_is_held_out(kind):
    y = np.repeat([0, 1], [70, 30]).astype(kind)
    for seed in range(20):
        (_, train), (_, held_out) = train_test_split(np.arange(100), y, held_out=0.3, seed=seed)
        assert train.dtype == held_out.dtype == y.dtype
        assert np.unique(held_out, return_counts=True)[1].tolist() == [21, 9]


def test_no_class_is_further_from_its_share_than_one_and_the_whole_is_exact():
    y = np.repeat(range(5), [1, 2, 3, 7, 20])
    held_out = [np.bincount(train_test_split(y, y, held_out=0.4, seed=seed)[1][1], minlength=5) for seed in range(200)]
    assert {int(counts.sum()) for counts in held_out} == {13}
    assert (np.abs(np.array(held_out) - np.bincount(y) * 13 / 33) < 1).all()


def test_equal_shares_are_rounded_up_for_one_class_as_often_as_for_another():
    y = np.repeat(range(4), 2)  # two of the four classes lose one of their two examples
    up = sum(np.bincount(train_test_split(y, y, held_out=0.25, seed=seed)[1][1], minlength=4) for seed in range(400))
    assert up == pytest.approx(np.full(4, 200), abs=4 * np.sqrt(400 * 0.25))


def test_floats_are_not_classes():
    y = np.repeat([0.0, 1.0], 50)
    assert len({int(train_test_split(y, y, held_out=0.2, seed=seed)[1][1].sum()) for seed in range(50)}) > 1
    Y = np.repeat([[0, 1], [1, 0]], 50, axis=0)
    assert len({int(train_test_split(Y, Y, held_out=0.2, seed=seed)[1][1][:, 0].sum()) for seed in range(50)}) > 1


def test_the_order_is_random_and_the_same_for_the_same_seed():
    X = np.arange(100)
    y = X % 2
    parts = train_test_split(X, y, seed=5)
    assert all((a == b).all() for a, b in zip(sum(parts, ()), sum(train_test_split(X, y, seed=5), ()), strict=True))
    for part, _ in parts:
        assert (np.diff(part) < 0).any()
        assert 0.2 < (part < 50).mean() < 0.8
    assert (train_test_split(X, y, seed=6)[1][0] != parts[1][0]).any()
    assert (train_test_split(X, y, seed=None)[1][0] != train_test_split(X, y, seed=None)[1][0]).any()


def test_the_order_comes_from_the_stream_of_the_seed():
    """The demo's flowers, held out by the second stream of the seed."""
    generator = np.random.default_rng(np.random.SeedSequence(0).spawn(2)[1])
    assert STREAMS["split"] == (1,)
    assert (
        train_test_split(np.arange(10), np.arange(10.0), held_out=0.3, seed=0)[1][0].tolist()
        == generator.permutation(10)[:3].tolist()
    )


def test_at_least_one_example_is_on_each_side():
    for held_out in (0.001, 0.999):
        train, test = train_test_split([1, 2], [1.0, 2.0], held_out=held_out)
        assert [len(part) for part, _ in (train, test)] == [1, 1]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([[1], [2]], [1, 2, 3]), "^y must have 2 targets"),
        (([[1]], [1]), "^X must have at least 2"),
        (([], []), "^X must have at least 2"),
        (([[1], [2, 3]], [1, 2]), "^X must have rows of equal length"),
        (([[1], [2]], np.ma.array([1, 2], mask=[0, 1])), "^y must be an array without masked entries"),
        ((5, [1, 2]), "^X must have a row"),
        (([[1], [2]], 1), "^y must have a row"),
        (([[1], [2]], [1, 2], 0.0), "^held_out must"),
        (([[1], [2]], [1, 2], 1.0), "^held_out must"),
        (([[1], [2]], [1, 2], 0.5, -1), "^seed must"),
    ],
)
def test_a_bad_argument_of_a_split_is_named(arguments, message):
    with pytest.raises(ValueError, match=message):
        train_test_split(*arguments)


@pytest.mark.parametrize(("sizes", "count", "expected"), [([19, 8, 3], 3, [2, 1, 0]), ([16, 9, 5], 4, [2, 1, 1])])
def test_what_is_left_goes_to_the_classes_with_the_largest_remainders(sizes, count, expected):
    """Shares 1.9, 0.8, 0.3: the two that are left go to 0.9 and 0.8. Shares 2.13, 1.2, 0.67: the one goes to 0.67."""
    y = np.repeat([0, 1, 2], sizes)
    _, (_, held_out) = train_test_split(np.arange(30), y, held_out=count / 30)
    assert np.bincount(held_out, minlength=3).tolist() == expected


@pytest.mark.parametrize(
    ("make", "documented"),
    [
        (moons, {"examples": 100, "noise": 0.1}),
        (spirals, {"examples": 200, "turns": 1.0, "noise": 0.02}),
        (xor, {"examples": 100, "noise": 0.2}),
        (partial(train_test_split, np.arange(20), np.arange(20) % 2), {"held_out": 0.25}),
    ],
    ids=["moons", "spirals", "xor", "split"],
)
def test_the_documented_defaults(make, documented):
    plain, explicit = make(), make(**documented, seed=0)
    assert all(np.array_equal(ours, same) for ours, same in zip(plain, explicit, strict=True))


# Scaling


def test_all_parts_are_scaled_by_the_training_part_as_scikit_learn_does():
    preprocessing = pytest.importorskip("sklearn.preprocessing")
    (train, _), (test, _) = train_test_split(*load_iris())
    ours, our_test = standardize(train, test)
    theirs = preprocessing.StandardScaler().fit(train)
    assert ours == pytest.approx(theirs.transform(train), abs=1e-13)
    assert our_test == pytest.approx(theirs.transform(test), abs=1e-13)
    assert ours.mean(axis=0) == pytest.approx(0.0, abs=1e-13)
    assert ours.std(axis=0) == pytest.approx(1.0)
    assert abs(our_test.mean(axis=0)).max() > 0.01, "not by its own mean"
    assert (standardize(train) == ours).all()


def test_an_input_that_never_changes_becomes_0():
    column = np.full((3, 1), 0.1)
    assert column.std() > 0, "by rounding"
    train, others = standardize(column, [[0.1], [1.1]])
    assert train.tolist() == [[0.0]] * 3
    assert others.tolist() == [[0.0], [1.0]]


def standardized(numbers):
    """The definition in rational numbers: (x - mean)^2 / variance is one, and its root has the sign of x - mean."""
    numbers = [Fraction(number) for number in numbers]
    mean = sum(numbers) / len(numbers)
    variance = sum((number - mean) ** 2 for number in numbers) / len(numbers)
    return [math.copysign(math.sqrt((x - mean) ** 2 / variance), x - mean) for x in numbers]


COLUMNS = [[1.0, 2.0, 4.0, -3.0], [1.0, 1.0, 1.0, 1.5], [0.0, 0.0, 1e-9, 1.0], [-1.0, 1.0, -1.0, 1.0], [0, 0, 0, 1]]


@pytest.mark.parametrize("size", [1.0, 1e-150, 1e-170, 1e-300, 5e-324, 3e-310, 1e150, 1e200, 4e307])
def test_any_size_of_the_numbers_is_scaled(size):
    for column in [*COLUMNS, [1e-320, 1e-160, 1e160, 2.0]]:
        numbers = np.array([number * size for number in column])
        if len(set(numbers)) > 1 and np.isfinite(numbers).all():
            train, other = standardize(numbers[:, np.newaxis], numbers[:1, np.newaxis])
            assert train[:, 0] == pytest.approx(standardized(numbers.tolist()), rel=1e-12, abs=1e-15)
            assert other[0] == train[0]
    assert standardize([[size], [size], [size]]).tolist() == [[0.0]] * 3
    assert standardize([[size, 1.0]]).tolist() == [[0.0, 0.0]]


@pytest.mark.parametrize("power", [-900, -60, 3, 900])
def test_a_power_of_2_is_a_unit_that_changes_no_bit(power):
    measurements = load_iris().measurements
    assert (standardize(np.ldexp(measurements, power)) == standardize(measurements)).all()


@pytest.mark.parametrize(
    "y", [[0.5, 1.5, 2.5, 0.5], np.array([0.5, 1.5, 2, True], dtype=object)], ids=["floats", "objects"]
)
def test_floats_are_not_classes_also_as_objects(y):
    X = np.arange(4)
    (_, train), (_, test) = train_test_split(X, y, held_out=0.5, seed=3)
    (_, order), (_, other) = train_test_split(X, X.astype(float), held_out=0.5, seed=3)
    assert [list(y).index(entry) % 3 for entry in [*train, *test]] == [int(n) % 3 for n in [*order, *other]]


def test_what_was_given_is_not_changed():
    X = np.array([[1.0], [2.0]])
    standardize(X)
    assert X.tolist() == [[1.0], [2.0]]


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        (([1.0, 2.0],), ValueError, r"^train must be examples of shape \(N, d\^\(0\)\); received \(2,\)"),
        ((np.zeros((0, 2)),), ValueError, "^train must"),
        (([[1.0], [float("nan")]],), ValueError, "^train must be finite"),
        (
            ([[1.0], [2.0]], [[1.0, 2.0]]),
            ValueError,
            r"^others\[0\] must be examples of shape \(N, 1\); received \(1, 2\)",
        ),
        (([[1.0], [2.0]], [[1.0]], [["a"]]), TypeError, r"^others\[1\] must"),
    ],
)
def test_a_bad_argument_of_the_scaling_is_named(arguments, error, message):
    with pytest.raises(error, match=message):
        standardize(*arguments)
