"""Optimizers: how the weights W^(1) .. W^(L) change in an iteration, given their gradients G^(1) .. G^(L).

All are gradient descent, W_{t+1} = W_t - eta(t) D_t, and differ in the direction D_t that they make of G_t and of what
they remember of earlier gradients. (Products and quotients with matrices are entry by entry here, as on the slides.)
The iteration t is counted from 0, and everything remembered is 0 at first.

>>> import numpy as np
>>> from nn import MLP
>>> net = MLP(2, [2, 1], seed=0)
>>> optimizer = LectureMomentum(learning_rate=0.1, beta=0.9)
>>> net([1.0, -1.0]).backward()
>>> net.weights = optimizer.step(net.weights, net.gradients)
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from nn.checks import BETWEEN_0_AND_1, POSITIVE, Checked, FloatArray, as_array, as_integer, as_number
from nn.training.schedules import RATE, Schedule, rate_at


@dataclass(eq=False)
class Optimizer(Checked, ABC):
    """What all optimizers have in common; the `direction` of a subclass is its rule.

    Arguments:
        learning_rate: eta, greater than 0, or a schedule that returns eta(t) for each iteration t (see `schedules`).

    Attributes:
        iteration: t, how many steps it has done.
        remembers: the names of the matrices, of the shape of W^(l), that it keeps for each layer.

    Raises:
        TypeError, ValueError: naming the argument that is wrong.

    A user-defined optimizer is a subclass:

    >>> class SignDescent(Optimizer):
    ...     def direction(self, G, memory):
    ...         return (np.sign(G),)
    >>> SignDescent(0.5).step([[[1.0, 2.0]]], [[[7.0, -7.0]]])
    [array([[0.5, 2.5]])]
    """

    remembers: ClassVar[tuple[str, ...]] = ()

    learning_rate: float | Schedule = field(metadata=RATE)
    iteration: int = field(default=0, init=False, repr=False)
    _memory: list[tuple[FloatArray, ...]] | None = field(default=None, init=False, repr=False)

    @abstractmethod
    def direction(self, G: FloatArray, memory: Sequence[FloatArray]) -> tuple[FloatArray, ...]:
        """D_t for one layer and, after it, what is to be remembered, in the order of `remembers`.

        Arguments:
            G: the gradient G_t^(l).
            memory: what the previous iteration has left, in the order of `remembers`; 0 in the first. Not changed.
        """

    def eta(self, t: int) -> float:
        """The learning rate of iteration t.

        A schedule may fall to 0, as one that shrinks by a factor does in the end; then the weights stay.

        Raises:
            ValueError: if the schedule returns anything but a finite number of at least 0.

        >>> GradientDescent(lambda t: 1 / (t + 1)).eta(3)
        0.25
        """
        rate = rate_at(self.learning_rate, t)
        if callable(self.learning_rate):
            return as_number(f"learning_rate, at iteration {t} of the schedule,", rate, least=0)
        return as_number("learning_rate", rate, above=0)

    def step(
        self, weights: Sequence[Any], gradients: Sequence[Any], updated: Sequence[Any] | None = None
    ) -> list[FloatArray]:
        """Return the weights after one iteration, as new arrays; t goes up by 1.

        Arguments:
            weights: W^(1) .. W^(L), matrices of any shapes.
            gradients: G^(1) .. G^(L), of the same shapes.
            updated: for each layer a boolean matrix of that shape, or None for True everywhere. Where it is False,
                the weight is left as it is to the bit, and so is all that the optimizer remembers of it: in dropout
                "the weights on edges going into and out of 'dropped out' nodes are not updated" (lecture 14).

        Raises:
            ValueError: naming the argument whose shape is wrong, or the learning rate that a schedule returns; nothing
                has changed then.

        Numbers too large for a float become infinite, and may then become nan, without a warning, as in a graph.

        >>> optimizer = GradientDescent(0.5)
        >>> optimizer.step([[[1.0, 2.0]]], [[[4.0, 4.0]]], updated=[[[True, False]]])
        [array([[-1.,  2.]])]
        """
        W, G = _matrices("weights", "W", weights), _matrices("gradients", "G", gradients)
        shapes, received = _shapes(W), _shapes(G)
        if any(len(shape) != 2 for shape in shapes):
            raise ValueError(f"weights must be matrices, with rows and columns; received shapes {shapes}")
        if received != shapes:
            raise ValueError(f"gradients must have the shapes of the weights, {shapes}; received {received}")
        masks = [np.array(True)] * len(W) if updated is None else _masks(updated, shapes)
        memory = self._memory or [tuple(np.zeros_like(w) for _ in self.remembers) for w in W]
        if self.remembers and shapes != (earlier := [matrices[0].shape for matrices in memory]):
            raise ValueError(
                f"weights must have the shapes {earlier} of the iterations before, received {shapes}; "
                "for another network call reset() first"
            )
        eta = self.eta(self.iteration)
        moved, remembered = [], []
        with np.errstate(all="ignore"):
            for w, g, mask, before in zip(W, G, masks, memory, strict=True):
                direction, *after = self.direction(g, before)
                moved.append(np.where(mask, w - eta * direction, w))
                remembered.append(tuple(np.where(mask, new, old) for new, old in zip(after, before, strict=True)))
        self._memory = remembered if self.remembers else None
        self.iteration += 1
        return moved

    def state(self) -> dict[str, npt.NDArray[Any]]:
        """Return all that it needs to continue as if it had never stopped: t, and what it remembers of each layer.

        They are copies, plain arrays that `numpy.savez` keeps to the bit. The arguments, for example the learning rate,
        are not among them.

        >>> optimizer = LectureMomentum(0.1, beta=0.9)
        >>> weights = optimizer.step([[[1.0]]], [[[2.0]]])
        >>> optimizer.state()
        {'iteration': array(1), 'previous_gradient.1': array([[2.]])}
        """
        state: dict[str, npt.NDArray[Any]] = {"iteration": np.array(self.iteration)}
        for l, matrices in enumerate(self._memory or [], start=1):
            state |= {f"{name}.{l}": matrix.copy() for name, matrix in zip(self.remembers, matrices, strict=True)}
        return state

    def restore(self, state: Mapping[str, Any]) -> None:
        """Continue from a state that `state()` returned, in this or in another process.

        Raises:
            ValueError: if it is not a state of such an optimizer, naming what is missing or unknown; nothing has
                changed then.

        >>> optimizer = GradientDescent(0.1)
        >>> optimizer.restore({"iteration": 10})
        >>> optimizer.iteration
        10
        """
        if not isinstance(state, Mapping) or "iteration" not in state:
            raise ValueError(f'state must have an "iteration", as state() returns it; received {state!r:.100}')
        iteration = as_integer('state["iteration"]', np.asarray(state["iteration"])[()], least=0)
        L = max(len({key.rpartition(".")[2] for key in state}) - 1, 1 if iteration and self.remembers else 0)
        layers = [[f"{name}.{l}" for name in self.remembers] for l in range(1, L + 1)]
        missing, unknown = set().union(*layers) - set(state), set(state).difference({"iteration"}, *layers)
        if missing or unknown:
            raise ValueError(
                f"state must be a state of {type(self).__name__}; missing {sorted(missing)}, unknown {sorted(unknown)}"
            )
        memory = [tuple(as_array(f'state["{key}"]', state[key]) for key in layer) for layer in layers]
        for l, matrices in enumerate(memory, start=1):
            shapes = _shapes(matrices)
            if len(set(shapes)) != 1 or len(shapes[0]) != 2:
                raise ValueError(f"state must have matrices of one shape for layer {l}; received shapes {shapes}")
        self.iteration, self._memory = iteration, memory or None

    def reset(self) -> None:
        """Forget everything: back to t = 0, as for another run."""
        self.iteration, self._memory = 0, None


@dataclass(eq=False)
class GradientDescent(Optimizer):
    """Gradient descent: against the gradient. With the gradient of a sample it is stochastic or mini-batch descent.

    Arguments:
        learning_rate: eta, or a schedule.

    Raises:
        TypeError, ValueError: naming the argument that is wrong.

    Equation: W_{t+1} = W_t - eta G_t (lecture 14, slides "Gradient Descent" to "Mini-batch Stochastic Gradient
    Descent for Neural Networks").

    >>> GradientDescent(0.5).step([[[1.0, 2.0]]], [[[2.0, -2.0]]])
    [array([[0., 3.]])]
    """

    def direction(self, G: FloatArray, memory: Sequence[FloatArray]) -> tuple[FloatArray, ...]:  # noqa: ARG002
        """G_t itself."""
        return (G,)


@dataclass(eq=False)
class LectureMomentum(Optimizer):
    """Momentum as the lecture prints it: with the gradient of the previous iteration, and of no earlier one.

    What the field calls momentum accumulates all earlier gradients: see `Momentum`.

    Arguments:
        learning_rate: eta, or a schedule.
        beta: the weight of the previous gradient; at least 0 and less than 1.

    Raises:
        TypeError, ValueError: naming the argument that is wrong.

    Equation: W_{t+1} = W_t - eta (beta G_{t-1} + G_t) with G_{-1} = 0 (lecture 14, slide "Mini-batch Stochastic
    Gradient Descent with Momentum for Neural Networks"). Where a weight was not updated, G_{t-1} is the gradient of the
    last iteration in which it was.

    >>> optimizer, w = LectureMomentum(1.0, beta=0.5), [[[0.0]]]
    >>> for t in range(3):
    ...     w = optimizer.step(w, [[[-1.0]]])
    ...     print(w[0].item())
    1.0
    2.5
    4.0
    """

    remembers = ("previous_gradient",)

    beta: float = field(default=0.9, metadata=BETWEEN_0_AND_1)

    def direction(self, G: FloatArray, memory: Sequence[FloatArray]) -> tuple[FloatArray, ...]:
        """beta G_{t-1} + G_t."""
        return self.beta * memory[0] + G, G


@dataclass(eq=False)
class Momentum(Optimizer):
    """Momentum (the heavy ball): it accumulates all earlier gradients, each multiplied by beta once per iteration.

    Arguments:
        learning_rate: eta, or a schedule.
        beta: what remains of the velocity in each iteration; at least 0 and less than 1.

    Raises:
        TypeError, ValueError: naming the argument that is wrong.

    Equations: V_t = beta V_{t-1} + G_t, W_{t+1} = W_t - eta V_t (Polyak, "Some methods of speeding up the convergence
    of iteration methods", 1964). Polyak writes W_{t+1} = W_t - eta G_t + beta (W_t - W_{t-1}), which is the same as
    long as eta is constant; here, as in PyTorch, a change of eta takes effect on the whole velocity at once.

    >>> optimizer, w = Momentum(1.0, beta=0.5), [[[0.0]]]
    >>> for t in range(3):
    ...     w = optimizer.step(w, [[[-1.0]]])
    ...     print(w[0].item())
    1.0
    2.5
    4.25
    """

    remembers = ("velocity",)

    beta: float = field(default=0.9, metadata=BETWEEN_0_AND_1)

    def direction(self, G: FloatArray, memory: Sequence[FloatArray]) -> tuple[FloatArray, ...]:
        """V_t = beta V_{t-1} + G_t."""
        velocity = self.beta * memory[0] + G
        return velocity, velocity


@dataclass(eq=False)
class Nesterov(Momentum):
    """Nesterov's accelerated gradient: a heavy ball whose gradient is taken where its velocity will have carried it.

    Arguments:
        learning_rate: eta, or a schedule.
        beta: what remains of the velocity in each iteration; at least 0 and less than 1.

    Raises:
        TypeError, ValueError: naming the argument that is wrong.

    Equations: V_t = beta V_{t-1} + G_t, W_{t+1} = W_t - eta (beta V_t + G_t). Sutskever et al., "On the importance of
    initialization and momentum in deep learning" (2013), equations 3 and 4, have weights theta_t, a velocity
    v_{t+1} = beta v_t - eta grad f(theta_t + beta v_t), and theta_{t+1} = theta_t + v_{t+1}. The form here, also
    PyTorch's, has W_t = theta_t + beta v_t and v_{t+1} = -eta V_t, so that G_t is the gradient at the current weights,
    which is all that an optimizer is given; it is the same as long as eta is constant.

    >>> optimizer, w = Nesterov(1.0, beta=0.5), [[[0.0]]]
    >>> for t in range(3):
    ...     w = optimizer.step(w, [[[-1.0]]])
    ...     print(w[0].item())
    1.5
    3.25
    5.125
    """

    def direction(self, G: FloatArray, memory: Sequence[FloatArray]) -> tuple[FloatArray, ...]:
        """beta V_t + G_t."""
        velocity = self.beta * memory[0] + G
        return self.beta * velocity + G, velocity


@dataclass(eq=False)
class Adagrad(Optimizer):
    """Adaptive gradients: each weight has its own learning rate, which falls as its gradients add up.

    Arguments:
        learning_rate: eta, or a schedule.
        epsilon: keeps the root from 0, in units of the gradient squared; greater than 0.

    Raises:
        TypeError, ValueError: naming the argument that is wrong.

    Equations: S_t = S_{t-1} + G_t G_t, W_{t+1} = W_t - eta / sqrt(S_t + epsilon) G_t with S_{-1} = 0 (lecture 14,
    slide "Mini-batch Stochastic Gradient Descent with Adaptive Gradients for Neural Networks"), with epsilon inside the
    root. Duchi, Hazan and Singer, "Adaptive subgradient methods for online learning and stochastic optimization"
    (2011), have it outside, sqrt(S_t) + delta, and so have most libraries.

    >>> optimizer, w = Adagrad(1.0, epsilon=1e-12), [[[0.0, 0.0]]]
    >>> [entry.round(6).tolist() for entry in optimizer.step(w, [[[-3.0, 0.004]]])]
    [[[1.0, -1.0]]]
    """

    remembers = ("sum_of_squares",)

    epsilon: float = field(default=1e-8, metadata=POSITIVE)

    def direction(self, G: FloatArray, memory: Sequence[FloatArray]) -> tuple[FloatArray, ...]:
        """G_t / sqrt(S_t + epsilon)."""
        sum_of_squares = memory[0] + G * G
        return G / np.sqrt(sum_of_squares + self.epsilon), sum_of_squares


@dataclass(eq=False)
class LectureMomentumAdagrad(Optimizer):
    """Momentum and adaptive gradients at once: `LectureMomentum` at the rates of `Adagrad`.

    Arguments:
        learning_rate: eta, or a schedule.
        beta: the weight of the previous gradient; at least 0 and less than 1.
        epsilon: keeps the root from 0, in units of the gradient squared; greater than 0.

    Raises:
        TypeError, ValueError: naming the argument that is wrong.

    Equations: S_t = S_{t-1} + G_t G_t, W_{t+1} = W_t - eta / sqrt(S_t + epsilon) (beta G_{t-1} + G_t). The lecture
    runs "mini-batch gradient descent (with momentum & adaptive gradients)" (slide "Random Restarts") and prints no
    formula for it. This combination is ours: Adagrad's S_t as printed, of the gradients alone, and in place of G_t the
    direction of momentum as printed. With beta = 0 it is Adagrad.

    >>> optimizer, w = LectureMomentumAdagrad(1.0, beta=0.5, epsilon=1e-12), [[[0.0]]]
    >>> for gradient in (-3.0, -4.0):
    ...     w = optimizer.step(w, [[[gradient]]])
    ...     print(round(w[0].item(), 6))
    1.0
    2.1
    """

    remembers = ("previous_gradient", "sum_of_squares")

    beta: float = field(default=0.9, metadata=BETWEEN_0_AND_1)
    epsilon: float = field(default=1e-8, metadata=POSITIVE)

    def direction(self, G: FloatArray, memory: Sequence[FloatArray]) -> tuple[FloatArray, ...]:
        """(beta G_{t-1} + G_t) / sqrt(S_t + epsilon)."""
        sum_of_squares = memory[1] + G * G
        return (self.beta * memory[0] + G) / np.sqrt(sum_of_squares + self.epsilon), G, sum_of_squares


@dataclass(eq=False)
class RMSProp(Optimizer):
    """RMSProp: Adagrad with a mean of the squares, which forgets old ones, in place of their sum.

    Arguments:
        learning_rate: eta, or a schedule.
        beta: what remains of the mean in each iteration; at least 0 and less than 1.
        epsilon: keeps the root from 0, in units of the gradient squared; greater than 0.

    Raises:
        TypeError, ValueError: naming the argument that is wrong.

    Equations: S_t = beta S_{t-1} + (1 - beta) G_t G_t, W_{t+1} = W_t - eta / sqrt(S_t + epsilon) G_t (Tieleman and
    Hinton, lecture 6.5 of "Neural networks for machine learning", 2012, with beta = 0.9). Their slide has no epsilon;
    here it is inside the root, as in the lecture's Adagrad (PyTorch has it outside). As on their slide, the mean is not
    corrected for its start from 0, so that the first steps are large, up to eta / sqrt(1 - beta).

    >>> optimizer = RMSProp(1.0, beta=0.75, epsilon=1e-12)
    >>> optimizer.step([[[0.0]]], [[[-3.0]]])[0].round(6).tolist()
    [[2.0]]
    """

    remembers = ("mean_square",)

    beta: float = field(default=0.9, metadata=BETWEEN_0_AND_1)
    epsilon: float = field(default=1e-8, metadata=POSITIVE)

    def direction(self, G: FloatArray, memory: Sequence[FloatArray]) -> tuple[FloatArray, ...]:
        """G_t / sqrt(S_t + epsilon)."""
        mean_square = self.beta * memory[0] + (1 - self.beta) * G * G
        return G / np.sqrt(mean_square + self.epsilon), mean_square


@dataclass(eq=False)
class Adam(Optimizer):
    """Adam: means of the gradients and of their squares, each corrected for its start from 0.

    Arguments:
        learning_rate: eta (alpha in the paper), or a schedule.
        beta1: what remains of the mean of the gradients in each iteration; at least 0 and less than 1.
        beta2: what remains of the mean of their squares; at least 0 and less than 1.
        epsilon: keeps the divisor from 0, in units of the gradient; greater than 0.

    Raises:
        TypeError, ValueError: naming the argument that is wrong.

    Equations: M_t = beta1 M_{t-1} + (1 - beta1) G_t, V_t = beta2 V_{t-1} + (1 - beta2) G_t G_t,
    W_{t+1} = W_t - eta (M_t / (1 - beta1^k)) / (sqrt(V_t / (1 - beta2^k)) + epsilon) (Kingma and Ba, "Adam: a method
    for stochastic optimization", 2015, algorithm 1), with epsilon outside the root as in the paper. k is the number of
    times the weight has been updated. Without dropout that is t + 1, the paper's t, which counts from 1; a weight that
    was left out has forgotten less of its start than t says, and the correction by t would make its steps up to
    (1 - beta1) / sqrt(1 - beta2), about 3, times too large.

    >>> Adam(0.1).step([[[0.0, 0.0]]], [[[-3.0, 0.004]]])[0].round(6).tolist()
    [[0.1, -0.1]]
    """

    remembers = ("first_moment", "second_moment", "updates")

    learning_rate: float | Schedule = field(default=0.001, metadata=RATE)
    beta1: float = field(default=0.9, metadata=BETWEEN_0_AND_1)
    beta2: float = field(default=0.999, metadata=BETWEEN_0_AND_1)
    epsilon: float = field(default=1e-8, metadata=POSITIVE)

    def direction(self, G: FloatArray, memory: Sequence[FloatArray]) -> tuple[FloatArray, ...]:
        """(corrected M_t) / (sqrt(corrected V_t) + epsilon)."""
        first, second, updates = memory
        updates = updates + 1
        first = self.beta1 * first + (1 - self.beta1) * G
        second = self.beta2 * second + (1 - self.beta2) * G * G
        corrected_first = first / (1 - self.beta1**updates)
        corrected_second = second / (1 - self.beta2**updates)
        return corrected_first / (np.sqrt(corrected_second) + self.epsilon), first, second, updates


def _matrices(argument: str, letter: str, matrices: Sequence[Any]) -> list[FloatArray]:
    """Return the matrices of the layers as new arrays of floats."""
    if not isinstance(matrices, Sequence) or isinstance(matrices, str) or len(matrices) == 0:
        raise ValueError(
            f"{argument} must be a list of matrices {letter}^(1) .. {letter}^(L); received {matrices!r:.100}"
        )
    return [as_array(f"{argument}[{l - 1}], {letter}^({l}),", matrix) for l, matrix in enumerate(matrices, start=1)]


def _masks(updated: Sequence[Any], shapes: Sequence[tuple[int, ...]]) -> list[npt.NDArray[np.bool_]]:
    """Return the masks as boolean arrays, which must have these shapes."""
    masks = [np.asarray(mask) for mask in updated] if isinstance(updated, Sequence) else []
    if _shapes(masks) != shapes or any(mask.dtype != np.bool_ for mask in masks):
        kinds = [f"{mask.dtype} of shape {mask.shape}" for mask in masks] or f"{updated!r:.100}"
        raise ValueError(f"updated must be boolean matrices of the shapes of the weights, {shapes}; received {kinds}")
    return masks


def _shapes(arrays: Sequence[npt.NDArray[Any]]) -> list[tuple[int, ...]]:
    return [array.shape for array in arrays]
