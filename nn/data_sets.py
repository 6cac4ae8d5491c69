"""Data sets: Fisher's iris flowers, and toy data with two inputs; also functions that split and scale data.

The digits and the breast-cancer data come with scikit-learn: `sklearn.datasets.load_digits(return_X_y=True)` and
`load_breast_cancer(return_X_y=True)`.

>>> from nn import MLP, MaximumIterations
>>> from nn.training.loop import fit
>>> train, held_out = train_test_split(*moons(seed=1), seed=1)
>>> net = MLP(2, [4, 1], seed=1)
>>> history = fit(net, *train, validation=held_out, stop=MaximumIterations(20))
"""

import csv
from importlib.resources import files
from typing import Any, NamedTuple, TypeAlias, overload

import numpy as np
import numpy.typing as npt

from nn.checks import FloatArray, as_finite_array, as_integer, as_number, as_plain_array
from nn.randomness import stream

Classes: TypeAlias = npt.NDArray[np.int64]
Data: TypeAlias = tuple[npt.NDArray[Any], npt.NDArray[Any]]

SPECIES = ("setosa", "versicolor", "virginica")


class Iris(NamedTuple):
    """Fisher's 150 iris flowers, 50 of each species.

    Attributes:
        measurements: shape (150, 4): length and width of sepal and petal, in cm.
        species: shape (150,): 0, 1 or 2, an index into SPECIES.
    """

    measurements: FloatArray
    species: Classes


def load_iris() -> Iris:
    """Return the data of R. A. Fisher, "The use of multiple measurements in taxonomic problems" (1936).

    >>> iris = load_iris()
    >>> iris.measurements.shape, iris.measurements[0].tolist(), SPECIES[iris.species[0]]
    ((150, 4), [5.1, 3.5, 1.4, 0.2], 'setosa')
    """
    lines = files("nn").joinpath("data/iris.csv").read_text(encoding="utf-8").splitlines()
    rows = list(csv.DictReader(line for line in lines if not line.startswith("#")))
    measurements = [[float(number) for name, number in row.items() if name != "species"] for row in rows]
    return Iris(np.array(measurements), np.array([SPECIES.index(row["species"]) for row in rows]))


# Toy data


def moons(examples: int = 100, noise: float = 0.1, seed: int | None = 0) -> tuple[FloatArray, Classes]:
    """Return two interleaving half circles, in random order: no straight line separates them.

    Arguments:
        examples: N, at least 2; half of them on each moon, with one more on the second if N is odd.
        noise: sigma, the standard deviation of the normal noise on both coordinates, at least 0; the circles have
            radius 1.
        seed: seed of the random numbers; None takes entropy from the operating system.

    Returns:
        X of shape (N, 2), and y of shape (N,), -1 or 1.

    Raises:
        TypeError, ValueError: naming the argument that is wrong.

    Equations: y = -1 at (cos t, sin t), y = 1 at (1 - cos t, 1/2 - sin t), t in equal steps from 0 to pi. These are the
    points of scikit-learn's make_moons, on which micrograd's demo trains, but the random numbers differ.

    >>> X, y = moons(100)
    >>> X.shape, np.unique(y).tolist()
    ((100, 2), [-1, 1])
    """
    first, second = _halves(examples)
    t, u = np.linspace(0.0, np.pi, first), np.linspace(0.0, np.pi, second)
    points = np.transpose([np.append(np.cos(t), 1 - np.cos(u)), np.append(np.sin(t), 0.5 - np.sin(u))])
    return _noisy(points, np.repeat([-1, 1], [first, second]), noise, seed)


def spirals(
    examples: int = 200, turns: float = 1.0, noise: float = 0.02, seed: int | None = 0
) -> tuple[FloatArray, Classes]:
    """Return two spirals that wind around each other, in random order.

    Arguments:
        examples: N, at least 2; half of them on each spiral, with one more on the second if N is odd.
        turns: the number of turns of each spiral, greater than 0; neighbouring windings are 1 / (2 turns) apart.
        noise: sigma, the standard deviation of the normal noise on both coordinates, at least 0; the spirals reach from
            near 0 to a distance of 1.
        seed: seed of the random numbers; None takes entropy from the operating system.

    Returns:
        X of shape (N, 2), and y of shape (N,), -1 or 1.

    Raises:
        TypeError, ValueError: naming the argument that is wrong.

    Equations: y = -1 at (r cos a, r sin a), y = 1 opposite, at (-r cos a, -r sin a), with the angle a = 2 pi turns r
    (spirals of Archimedes), and r^2 in equal steps up to 1, so that the points do not crowd in the middle. After Lang
    and Witbrock, "Learning to tell two spirals apart" (1988), who have three turns and 97 points on each.

    >>> X, y = spirals(200)
    >>> X.shape, np.unique(y).tolist()
    ((200, 2), [-1, 1])
    """
    first, second = _halves(examples)
    as_number("turns", turns, above=0)
    r = np.sqrt(np.concatenate([np.arange(1, count + 1) / count for count in (first, second)]))
    y = np.repeat([-1, 1], [first, second])
    angle = 2 * np.pi * turns * r
    return _noisy(np.column_stack([np.cos(angle), np.sin(angle)]) * (-y * r)[:, np.newaxis], y, noise, seed)


def xor(examples: int = 100, noise: float = 0.2, seed: int | None = 0) -> tuple[FloatArray, Classes]:
    """Return four clouds at the corners of a square, in random order; opposite clouds have the same class.

    Arguments:
        examples: N, at least 4; the sizes of the clouds differ by at most one.
        noise: sigma, the standard deviation of the normal noise on both coordinates, at least 0; the corners are at
            (-1 or 1, -1 or 1).
        seed: seed of the random numbers; None takes entropy from the operating system.

    Returns:
        X of shape (N, 2), and y of shape (N,): 1 where exactly one coordinate of the corner is 1, else -1.

    Raises:
        TypeError, ValueError: naming the argument that is wrong.

    >>> X, y = xor(4, noise=0.0)
    >>> sorted(zip(X.tolist(), y.tolist()))
    [([-1.0, -1.0], -1), ([-1.0, 1.0], 1), ([1.0, -1.0], 1), ([1.0, 1.0], -1)]
    """
    as_integer("examples", examples, least=4)
    corners = np.array([[-1.0, -1.0], [-1.0, 1.0], [1.0, -1.0], [1.0, 1.0]])[np.arange(examples) % 4]
    return _noisy(corners, np.where(corners[:, 0] == corners[:, 1], -1, 1), noise, seed)


def _halves(examples: int) -> tuple[int, int]:
    """Return the number of examples in the first of two classes, and in the second."""
    first = as_integer("examples", examples, least=2) // 2
    return first, examples - first


def _noisy(points: FloatArray, y: Classes, noise: float, seed: int | None) -> tuple[FloatArray, Classes]:
    """Return the points with noise, and their classes, in random order."""
    as_number("noise", noise, least=0)
    generator = stream(seed, "data")
    order = generator.permutation(len(y))
    return points[order] + generator.normal(0.0, noise, size=points.shape), y[order]


# Splitting and scaling


def train_test_split(X: Any, y: Any, held_out: float = 0.25, seed: int | None = 0) -> tuple[Data, Data]:
    """Split the data at random into a part to train on and a part that is held out.

    If the targets are classes, the split is stratified: the held-out part has each class in proportion, to within one
    example. Classes are integers, booleans or text, in one dimension; floats are never classes.

    Arguments:
        X: N examples, of shape (N, ...).
        y: their N targets, of shape (N,) or (N, ...).
        held_out: the fraction of the examples that is held out, greater than 0 and less than 1. Each part gets at least
            one example.
        seed: seed of the random order; None takes entropy from the operating system. The same seed may be used for the
            network and for `fit`, because each use has its own stream.

    Returns:
        Two pairs, (X, y) to train on and (X, y) held out, as new arrays.

    Raises:
        TypeError, ValueError: naming the argument that is wrong.

    >>> iris = load_iris()
    >>> (X, species), (held_out_X, held_out_species) = train_test_split(*iris, held_out=0.2)
    >>> X.shape, held_out_X.shape, np.bincount(held_out_species).tolist()
    ((120, 4), (30, 4), [10, 10, 10])
    """
    examples, targets = as_plain_array("X", X), as_plain_array("y", y)
    for argument, array in (("X", examples), ("y", targets)):
        if array.ndim == 0:
            raise ValueError(f"{argument} must have a row for each example; received {array!r:.100}")
    N = len(examples)
    if len(targets) != N:
        raise ValueError(f"y must have {N} targets, one for each example of X; received {len(targets)}")
    if N < 2:
        raise ValueError(f"X must have at least 2 examples to be split; received {N}")
    as_number("held_out", held_out, above=0, below=1)
    order = stream(seed, "split").permutation(N)
    out = np.zeros(N, dtype=bool)
    out[_held_out(order, targets, min(max(round(held_out * N), 1), N - 1))] = True
    train, test = order[~out[order]], order[out[order]]
    return (examples[train], targets[train]), (examples[test], targets[test])


def _held_out(order: npt.NDArray[np.intp], targets: npt.NDArray[Any], count: int) -> npt.NDArray[np.intp]:
    """Return the first examples of each class in this order: its share, rounded by largest remainder."""
    if targets.ndim > 1 or any(isinstance(target, float) for target in targets.tolist()):
        return order[:count]
    _, numbers, sizes = np.unique(targets[order], return_inverse=True, return_counts=True)
    shares = count * sizes / len(order)
    counts = np.floor(shares).astype(int)
    # Classes with equal remainders are ranked by the random order, not by name.
    _, comes = np.unique(numbers, return_index=True)
    most_lost = np.lexsort([comes, (counts - shares).round(9)])
    counts[most_lost[: count - counts.sum()]] += 1
    return np.concatenate([order[numbers == number][:taken] for number, taken in enumerate(counts)])


@overload
def standardize(train: Any) -> FloatArray: ...
@overload
def standardize(train: Any, *others: Any) -> tuple[FloatArray, ...]: ...
def standardize(train: Any, *others: Any) -> FloatArray | tuple[FloatArray, ...]:
    """Scale the inputs to mean 0 and standard deviation 1, using only the statistics of the training examples.

    Arguments:
        train: the training examples, of shape (N, d^(0)).
        others: examples that are not trained on, of shapes (.., d^(0)).

    Returns:
        A new array, or a tuple of new arrays if there are others. An input that is the same in all training examples is
        only shifted to 0.

    Raises:
        TypeError, ValueError: naming the argument that is wrong.

    Equation: (x - mean) / deviation, for each input, with deviation^2 the mean of (x - mean)^2 (without Bessel's
    correction, as in scikit-learn's StandardScaler).

    >>> standardize([[1.0, 5.0], [3.0, 5.0]])
    array([[-1.,  0.],
           [ 1.,  0.]])
    >>> train, test = standardize([[1.0], [3.0]], [[4.0]])
    >>> test
    array([[2.]])
    """
    examples = as_finite_array("train", train)
    if examples.ndim != 2 or len(examples) == 0:
        raise ValueError(f"train must be examples of shape (N, d^(0)); received {examples.shape}")
    scale, width = Scale(examples), examples.shape[1]
    scaled = [scale.apply(examples)]
    for position, other in enumerate(others):
        array = as_finite_array(f"others[{position}]", other)
        if array.ndim != 2 or array.shape[1] != width:
            raise ValueError(f"others[{position}] must be examples of shape (N, {width}); received {array.shape}")
        scaled.append(scale.apply(array))
    return tuple(scaled) if others else scaled[0]


class Scale:
    """The mean and the standard deviation of each column of some numbers.

    A column of equal numbers has exactly the deviation 0, and is only shifted. (The deviation that NumPy computes of
    0.1, 0.1, 0.1 is 1e-17, and dividing by it would produce noise.)

    Attributes:
        exponent: for each column that of the power of 2 just above its largest number. All is computed in units of this
            power, exactly, so that no square overflows or underflows, whatever the size of the numbers.
        mean, deviation: in units of 2^exponent.

    >>> scale = Scale(np.array([[0.1, 1e300], [0.1, 3e300]]))
    >>> scale.apply(np.array([[0.1, 5e300]]))
    array([[0., 3.]])
    """

    def __init__(self, numbers: FloatArray) -> None:
        equal = (numbers == numbers[0]).all(axis=0)
        self.exponent = np.where(equal, 0, np.frexp(np.abs(numbers).max(axis=0))[1])
        units = np.where(equal, 0.0, np.ldexp(numbers, -self.exponent))
        self.mean = np.where(equal, numbers[0], units.mean(axis=0))
        self.deviation = units.std(axis=0)

    def apply(self, numbers: FloatArray) -> FloatArray:
        """Return (x - mean) / deviation for numbers x with the same columns."""
        scaled: FloatArray = np.ldexp(numbers, -self.exponent) - self.mean
        scaled /= np.where(self.deviation, self.deviation, 1.0)
        return scaled
