"""Regularization as the lecture teaches it: L2, jitter and dropout (slides "Neural Networks and Regularization")."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from nn.checks import AT_LEAST_0, BETWEEN_0_AND_1, Checked, FloatArray


@dataclass(frozen=True)
class L2(Checked):
    """L2 regularization: the error is augmented by lambda_C times the sum of all squared weights.

    Arguments:
        strength: lambda_C, at least 0.
        bias: False spares the weights w_{b,0}^(l), column 0 of each matrix. The slide's sum, over i = 0 .. d^(l-1),
            does not spare them.

    Raises:
        TypeError, ValueError: naming the argument that is wrong.

    Equations: l_AUG = l_D + lambda_C Omega, Omega = sum over l, i, j of (w_{j,i}^(l))^2, so that the gradient gains
    2 lambda_C w (lecture 14, slide "Neural Networks and Regularization").

    >>> penalty = L2(0.1)
    >>> weights = [np.array([[1.0, 2.0]])]
    >>> round(penalty.penalty(weights), 3), penalty.gradients(weights)[0].tolist()
    (0.5, [[0.2, 0.4]])
    """

    strength: float = field(metadata=AT_LEAST_0)
    bias: bool = True

    def penalty(self, weights: Sequence[FloatArray]) -> float:
        """lambda_C Omega."""
        return self.strength * sum(float(np.sum(W * W if self.bias else W[:, 1:] ** 2)) for W in weights)

    def gradients(self, weights: Sequence[FloatArray]) -> list[FloatArray]:
        """2 lambda_C w for each weight, 0 for a bias that is left out."""
        gradients = [2 * self.strength * W for W in weights]
        if not self.bias:
            for gradient in gradients:
                gradient[:, 0] = 0.0
        return gradients


@dataclass(frozen=True)
class Dropout(Checked):
    """Dropout: in each iteration some of the nodes are removed, the hidden ones each with the same probability.

    The gradient is that of the remaining network, and the weights on edges into and out of a removed node are not
    updated at all, neither by momentum nor by L2 regularization.

    Arguments:
        rate: the probability that a hidden node is removed, from 0 up to but not including 1.
        scale: True multiplies the outputs of the remaining nodes by 1 / (1 - rate) during training, so that the sums of
            the next layer have the same mean as at prediction time, when every node takes part and nothing is scaled
            ("inverted dropout"; Srivastava et al., JMLR 15, 2014, section 10, scale the weights at prediction time
            instead, which is the same in the mean). False is the slide as printed, which scales nowhere: then the sums
            at prediction time are larger than those in training.
        input_rate: the probability that an input is removed, in the same range; 0 removes none. (Srivastava et al.
            remove inputs with a smaller probability than hidden nodes, typically 0.2 and 0.5.)

    Raises:
        TypeError, ValueError: naming the argument that is wrong.

    Source: Srivastava et al. 2014; lecture 14, slide "Neural Networks and "Strange" Regularization".

    >>> factors = Dropout(0.5).draw([2, 4, 1], np.random.default_rng(0))
    >>> factors
    [array([1., 1.]), array([2., 0., 0., 0.])]
    >>> updated_weights([2, 4, 1], factors)[1]
    array([[ True,  True, False, False, False]])
    """

    rate: float = field(metadata=BETWEEN_0_AND_1)
    scale: bool = True
    input_rate: float = field(default=0.0, metadata=BETWEEN_0_AND_1)

    def draw(self, sizes: Sequence[int], generator: np.random.Generator) -> list[FloatArray]:
        """Draw the factor of each node in the layers 0 .. L-1 of a network of these widths: 0 if it is removed."""
        rates = [self.input_rate, *(self.rate for _ in sizes[1:-1])]
        factors = [1.0 / (1.0 - rate) if self.scale else 1.0 for rate in rates]
        return [
            np.where(generator.random(width) < rate, 0.0, factor) if rate else np.ones(width)
            for rate, factor, width in zip(rates, factors, sizes[:-1], strict=True)
        ]


def updated_weights(sizes: Sequence[int], factors: Sequence[FloatArray]) -> list[npt.NDArray[np.bool_]]:
    """For each weight, whether it is updated: not if its edge leads into or out of a removed node.

    Arguments:
        sizes: the widths d^(0) .. d^(L).
        factors: from `Dropout.draw`.
    """
    kept = [*(layer != 0 for layer in factors), np.full(sizes[-1], True)]
    return [np.outer(into, [True, *out_of]) for out_of, into in pairwise(kept)]  # True: o_0, which is never removed
