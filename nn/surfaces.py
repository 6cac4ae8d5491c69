"""Surfaces to descend: non-convex functions of two variables, on which the path of an optimizer can be seen.

They are written with the functions of autograd_lite, so that they take numbers or Values. The optimizers come
from `nn`: to them, the point (x, y) is the only weight matrix of a network, W^(1) of shape (1, 2).

>>> from nn.training.optimizers import GradientDescent
>>> path = descend(HIMMELBLAU, (0.0, 0.0), GradientDescent(0.01), iterations=100)
>>> path.shape, path[-1].round(6).tolist()
((101, 2), [3.0, 2.0])
"""

import copy
import math
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from autograd_lite import Value, exp
from nn.checks import FloatArray, as_finite_array, as_integer, warn
from nn.randomness import stream
from nn.training.optimizers import Optimizer

Point: TypeAlias = tuple[float, float]
Window: TypeAlias = tuple[tuple[float, float], tuple[float, float]]


@dataclass(frozen=True)
class Surface:
    """A function f(x, y) of two variables, and the window in which to view it.

    Arguments:
        name: what it is called, for titles.
        function: f, of two numbers or two Values; it returns a number or a Value.
        window: ((lowest x, highest x), (lowest y, highest y)), the part that is drawn.
        minima: the points that are known to be local minima, the lowest first.

    Raises:
        ValueError: if the window is not two intervals of finite numbers, or the minima are not points.

    >>> bowl = Surface("A bowl", lambda x, y: x**2 + y**2, window=((-1, 1), (-1, 1)), minima=((0.0, 0.0),))
    >>> bowl(3.0, 4.0), gradient_at(bowl, (3.0, 4.0)).tolist()
    (25.0, [6.0, 8.0])
    """

    name: str
    function: Callable[[Any, Any], Any]
    window: Window
    minima: tuple[Point, ...] = ()

    def __post_init__(self) -> None:
        window = as_finite_array("window", self.window, (2, 2))
        if not (window[:, 0] < window[:, 1]).all():
            raise ValueError(f"window must be ((lowest x, highest x), (lowest y, highest y)); received {self.window!r}")
        for number, minimum in enumerate(self.minima):
            as_finite_array(f"minima[{number}]", minimum, (2,))

    def __call__(self, x: Any, y: Any) -> Any:
        """Return f(x, y): a number for numbers, a Value for Values."""
        return self.function(x, y)

    def heights(self, xs: Sequence[float] | FloatArray, ys: Sequence[float] | FloatArray) -> FloatArray:
        """Return f at all points of a grid, of shape (len(ys), len(xs)): one row for each y, as in `contour`.

        >>> SADDLE.heights([0.0, 1.0, 2.0], [0.0, 1.0]).tolist()
        [[0.0, 0.5, 2.0], [-0.25, 0.25, 1.75]]
        """
        return np.array([[float(self(x, y)) for x in map(float, xs)] for y in map(float, ys)])


HIMMELBLAU = Surface(
    "Himmelblau's function",
    lambda x, y: (x**2 + y - 11) ** 2 + (x + y**2 - 7) ** 2,
    window=((-5.0, 5.0), (-5.0, 5.0)),
    minima=(
        (3.0, 2.0),
        (-2.805118086952745, 3.131312518250573),
        (-3.779310253377747, -3.283185991286170),
        (3.584428340330492, -1.848126526964404),
    ),
)
"""f = (x^2 + y - 11)^2 + (x + y^2 - 7)^2: four minima, all of value 0, so that the end depends on the start.

Source: Himmelblau, "Applied nonlinear programming" (1972). Between the minima there are four saddles, and a maximum
near (-0.271, -0.923).
"""

ROSENBROCK = Surface(
    "Rosenbrock's valley",
    lambda x, y: (1 - x) ** 2 + 100 * (y - x**2) ** 2,
    window=((-2.0, 2.0), (-1.0, 3.0)),
    minima=((1.0, 1.0),),
)
"""f = (1 - x)^2 + 100 (y - x^2)^2: one minimum, of value 0, at the end of a bent valley with steep walls.

Source: Rosenbrock, "An automatic method for finding the greatest or least value of a function" (1960). Steps that are
short enough for the walls are too short for the floor, where each coordinate needs another rate.
"""

SADDLE = Surface(
    "A saddle between two minima",
    lambda x, y: x**2 / 2 + y**4 / 4 - y**2 / 2,
    window=((-1.5, 1.5), (-1.75, 1.75)),
    minima=((0.0, 1.0), (0.0, -1.0)),
)
"""f = x^2/2 + y^4/4 - y^2/2: a saddle at (0, 0), and two minima of value -1/4 at (0, -1) and (0, 1).

Source: Nesterov, "Introductory lectures on convex optimization" (2004), example 1.2.2: from a start with y = 0,
gradient descent goes to the saddle and stays there, because the gradient is 0.
"""

TWO_VALLEYS = Surface(
    "Two valleys",
    lambda x, y: (x**2 + y**2) / 10 - 0.3 * exp(-8 * ((x + 1) ** 2 + y**2)) - exp(-((x - 1) ** 2 + y**2) / 2),
    window=((-2.5, 2.0), (-1.5, 1.5)),
    minima=((0.831348733001077, 0.0), (-0.885195351233792, 0.0)),
)
"""f = (x^2 + y^2)/10 - 3/10 exp(-8 ((x+1)^2 + y^2)) - exp(-((x-1)^2 + y^2)/2): a narrow valley and a deep, wide one.

From (-2, 1) with the learning rate eta = 0.3, gradient descent ends in the narrow valley on the left, a local minimum
of value -0.361. Momentum with beta = 0.9, as the lecture prints it and as a heavy ball, and Nesterov's, reach the
minimum on the right, of value -0.917 ("Momentum can be used to break out of local minima", lecture 14, slide "Key
Takeaways"). The heavy ball does so by its speed. Momentum as printed is never faster than two gradients allow; it
leaves because near a minimum of curvature k it stays only if eta k beta < 1, whereas gradient descent stays if eta k <
2; on the left eta k is 1.4 along y. The function was made for this project.
"""

SURFACES = {"himmelblau": HIMMELBLAU, "rosenbrock": ROSENBROCK, "saddle": SADDLE, "two_valleys": TWO_VALLEYS}
"""The surfaces of this module, by name."""


def gradient_at(surface: Callable[[Any, Any], Any], point: Sequence[float] | FloatArray) -> FloatArray:
    """Return the gradient (df/dx, df/dy) at a point, of shape (2,), by automatic differentiation.

    Arguments:
        surface: f, a Surface or another function of two Values.
        point: (x, y).

    Raises:
        ValueError: if the point is not two numbers.

    >>> gradient_at(ROSENBROCK, (0.0, 1.0)).tolist()
    [-2.0, 200.0]
    """
    x, y = map(Value, as_finite_array("point", point, (2,)).tolist(), "xy")
    height = surface(x, y)
    if isinstance(height, Value):  # else f is constant
        height.backward()
    return np.array([x.grad, y.grad])


def descend(
    surface: Callable[[Any, Any], Any], start: Sequence[float] | FloatArray, optimizer: Optimizer, iterations: int
) -> FloatArray:
    """Return the path of an optimizer over a surface: points (x, y), of shape (iterations + 1, 2), from the start on.

    Arguments:
        surface: f, a Surface or another function of two Values.
        start: (x, y) at t = 0.
        optimizer: any of `nn.training.optimizers`. It is not changed: a copy starts from t = 0.
        iterations: the number of steps; at least 1.

    Raises:
        TypeError: if the optimizer is not an Optimizer, or another argument has the wrong type.
        ValueError: naming the argument that is wrong.

    Warns:
        RuntimeWarning: if the path becomes infinite or nan, for example if the learning rate is too large; the rest
            of it is nan.

    >>> from nn.training.optimizers import GradientDescent, Momentum
    >>> for optimizer in (GradientDescent(0.3), Momentum(0.3, beta=0.9)):
    ...     print(descend(TWO_VALLEYS, (-2.0, 1.0), optimizer, iterations=200)[-1].round(3) + 0.0)
    [-0.885  0.   ]
    [0.831 0.   ]
    """
    if not isinstance(optimizer, Optimizer):
        raise TypeError(f"optimizer must be an Optimizer, for example GradientDescent(0.01); received {optimizer!r}")
    as_integer("iterations", iterations, least=1)
    path = np.full((iterations + 1, 2), math.nan)
    path[0] = as_finite_array("start", start, (2,))
    optimizer = copy.deepcopy(optimizer)
    optimizer.reset()
    with warnings.catch_warnings(action="ignore", category=RuntimeWarning):  # of gradients that are not finite
        for t in range(iterations):
            (moved,) = optimizer.step([path[t : t + 1]], [gradient_at(surface, path[t])[np.newaxis]])
            if not np.isfinite(moved).all():
                break
            path[t + 1] = moved
    if np.isnan(path[-1]).any():
        warn(f"the path becomes infinite or nan in iteration {t}; from there on it is nan", RuntimeWarning)
    return path


def random_points(surface: Surface, count: int, *, seed: int | None = 0) -> FloatArray:
    """Return random starting points, uniform over the window of a surface, of shape (count, 2).

    Arguments:
        surface: the surface whose window is used.
        count: the number of points; at least 1.
        seed: seed of the random numbers; None takes entropy from the operating system. A larger count
            does not change the first points.

    Raises:
        TypeError, ValueError: naming the argument that is wrong.

    >>> random_points(HIMMELBLAU, 3, seed=0).shape
    (3, 2)
    """
    as_integer("count", count, least=1)
    lowest, highest = np.array(surface.window).T
    return stream(seed, "restarts").uniform(lowest, highest, size=(count, 2))
