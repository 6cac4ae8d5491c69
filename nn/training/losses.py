"""Losses: how far the outputs of a network are from what they should be, as a Value.

The targets are y_b = any number for `squared_error`, y_b = -1 or 1 for `hinge` and `logistic_loss`, and one class for
`softmax_cross_entropy`. The outputs that the last three take are not squashed: use a linear output layer,
`MLP(..., output_activation="linear")`.
"""

import math
from collections.abc import Callable, Iterable, Sequence
from functools import reduce
from itertools import pairwise
from typing import Any, TypeAlias

import numpy as np

from autograd_lite import PRIMITIVES, Value, add, constant, exp, log, maximum, softplus
from nn.mlp import ACTIVATIONS

Outputs: TypeAlias = Value | Sequence[Value]
Targets: TypeAlias = Value | float | Sequence[Value | float]
Loss: TypeAlias = Callable[[Sequence[Value], Any], Value]
"""The error of one example, a function of its outputs o^(L) and its target y."""


def squared_error(outputs: Outputs, targets: Targets) -> Value:
    """The squared error e of one example: the sum over the outputs of (o_b^(L) - y_b)^2, without a factor 1/2.

    Arguments:
        outputs: the output of a network, or its list of d^(L) outputs.
        targets: y, or as many numbers y_b as there are outputs; numbers become constants labelled y or y_b.

    Raises:
        ValueError: if there are not as many targets as outputs.

    Equation: e(o^(L), y) = (o_1^(L) - y)^2 (lecture 14, slide "Computing Partial Derivatives", for an output layer of a
    single node); several outputs add up.

    >>> e = squared_error(Value(0.5), 1.0)
    >>> e.data, e.label
    (0.25, 'e')
    """
    return _sum(lambda o, y: (o - y) ** 2, outputs, as_targets(targets))


def hinge(outputs: Outputs, targets: Targets) -> Value:
    """The hinge loss e of one example: by how much an output falls short of 1 on the side of its target.

    Arguments:
        outputs: the output of a network, or its list of d^(L) outputs; any numbers, positive for the class y = 1.
        targets: y, -1 or 1, or as many such y_b as there are outputs; numbers become constants labelled y or y_b.

    Raises:
        ValueError: if there are not as many targets as outputs, or a target is neither -1 nor 1.

    Equation: e = max(0, 1 - y o) (Cortes and Vapnik, "Support-vector networks", 1995); several outputs add up. At the
    kink, y o = 1, its slope is 0.

    >>> hinge(Value(0.25), 1).data, hinge(Value(0.25), -1).data, hinge([Value(3.0), Value(0.0)], [1, -1]).data
    (0.75, 1.25, 1.0)
    """
    return _sum(lambda o, y: maximum(0.0, 1 - y * o), outputs, _signs(targets))


def logistic_loss(outputs: Outputs, targets: Targets) -> Value:
    """The logistic loss e of one example: minus the log of the probability that the network assigns to the target.

    It is the cross-entropy for two classes, of which y = 1 has the probability sigmoid(o). It does not overflow.

    Arguments:
        outputs: the output of a network, or its list of d^(L) outputs; any numbers, logits of the class y = 1.
        targets: y, -1 or 1, or as many such y_b as there are outputs; numbers become constants labelled y or y_b.

    Raises:
        ValueError: if there are not as many targets as outputs, or a target is neither -1 nor 1.

    Equation: e = -log sigmoid(y o) = log(1 + exp(-y o)) = softplus(-y o) (Hastie, Tibshirani and Friedman, "The
    elements of statistical learning", 2009, section 10.6, for y = -1 and 1); several outputs add up.

    >>> round(logistic_loss(Value(0.0), 1).data, 6), logistic_loss(Value(-1000.0), 1).data
    (0.693147, 1000.0)
    """
    return _sum(lambda o, y: softplus(-(y * o)), outputs, _signs(targets))


def softmax_cross_entropy(outputs: Sequence[Value], target: int | Sequence[Value | float]) -> Value:
    """The cross-entropy e of one example: minus the logarithm of the probability that the network assigns to its class.

    The probabilities are softmax(o)_b = exp(o_b) / sum_k exp(o_k). It does not overflow.

    Arguments:
        outputs: the list of the d^(L) outputs of a network, one for each class, at least 2; any numbers, logits.
        target: the class, an integer from 0 to d^(L) - 1; or as many y_b as there are classes, probabilities that
            sum to 1: 1 for the class and 0 for the others ("one-hot"), or softer ones. Numbers become constants
            labelled y_b, for a class too, so that both have the same graph.

    Raises:
        ValueError: if there are fewer than two outputs, the class does not exist, there are not as many probabilities
            as outputs, or they are negative or do not sum to 1.
        TypeError: if the target is neither an integer nor a list.

    Equations: e = -sum_b y_b log softmax(o)_b, de/do_b = softmax(o)_b - y_b (Goodfellow, Bengio and Courville, "Deep
    learning", 2016, sections 6.2.2.3 and 4.1). Computed from z_b = o_b - max_k o_k, none of which is above 0, as
    log(sum_k exp(z_k)) - sum_b y_b z_b. The maximum is part of the graph, so that the graph also holds for other
    outputs; it cancels, and its gradient sum_b (y_b - softmax(o)_b) is 0 to rounding.

    >>> o = [Value(1000.0), Value(1000.0), Value(-1000.0)]
    >>> e = softmax_cross_entropy(o, 0)
    >>> e.backward()
    >>> round(e.data, 6), [output.grad for output in o]
    (0.693147, [-0.5, 0.5, 0.0])
    """
    o = _outputs(outputs)
    if len(o) < 2:
        raise ValueError("outputs must have at least two entries, one for each class; received 1 (see `logistic_loss`)")
    y = _probabilities(target, len(o))
    largest = reduce(maximum, o)
    z = [output - largest for output in o]
    products = [shifted * probability for shifted, probability in zip(z, y, strict=True)]
    e = log(add(*[exp(shifted) for shifted in z])) - add(*products)
    e.label = "e"
    return e


LOSSES: dict[str, Loss] = {
    "squared_error": squared_error,
    "hinge": hinge,
    "logistic_loss": logistic_loss,
    "softmax_cross_entropy": softmax_cross_entropy,
}
"""The losses of one example, e(outputs, targets), by name; the lecture's is squared_error."""


def bounds_allowed(loss: Loss, targets: Sequence[float]) -> int:
    """Return how many bounds outputs may have without putting the least error of an example out of reach: 0, 1 or 2.

    Losses of logits have the least error at infinite outputs: the error falls as an output grows from -20 to 20, or
    the reverse, and hardly at last. If only differences of outputs count, as for softmax, one bound does no harm.

    >>> [bounds_allowed(loss, [0, 1]) for loss in (squared_error, softmax_cross_entropy)]
    [2, 1]
    """

    def error(outputs: Iterable[float]) -> float:
        return loss([Value(output) for output in outputs], targets).data

    try:
        for unit in np.eye(len(targets)):
            errors = [error(s * unit) for s in (-20, -10, 0, 10, 20)]
            steps = [after - before for before, after in pairwise(errors)]
            falls = all(step > 0 for step in steps) or all(step < 0 for step in steps)
            if falls and min(map(abs, steps)) < 1e-2 * max(map(abs, steps)):
                return int(math.isclose(error(np.full(len(targets), 10)), error(np.zeros(len(targets))), rel_tol=1e-9))
    except Exception:  # whatever a user-defined loss raises for such outputs
        return 2
    return 2


def range_of(theta: str) -> tuple[float, float]:
    """Return the least and the greatest output of an activation function; infinite where it has no bound.

    >>> range_of("sigmoid"), range_of("linear")
    ((0.0, 1.0), (-inf, inf))
    """
    sizes = np.geomspace(1e-99, 1e99, 400)
    outputs = [ACTIVATIONS[theta](Value(s)).data for s in (*-sizes, 0, *sizes)]
    low, high = float(np.nanmin(outputs)), float(np.nanmax(outputs))
    return low if low > -40 else -np.inf, high if high < 40 else np.inf  # exp(-40) is as good as 0


def check_loss(loss: str | Loss) -> Loss:
    """Return the loss, which may be given by name.

    Raises:
        ValueError: if there is none of that name.
    """
    if callable(loss):
        return loss
    if not isinstance(loss, str) or loss not in LOSSES:
        raise ValueError(f"loss must be a function, or one of {', '.join(LOSSES)}; received {loss!r}")
    return LOSSES[loss]


def takes_class_numbers(loss: str | Loss) -> bool:
    """Return whether the targets of a loss may be class numbers, one for each example.

    >>> takes_class_numbers("softmax_cross_entropy"), takes_class_numbers("hinge")
    (True, False)
    """
    return check_loss(loss) is softmax_cross_entropy


def _outputs(outputs: Outputs) -> list[Value]:
    """The outputs as a list."""
    if isinstance(outputs, Value):
        return [outputs]
    if not isinstance(outputs, Sequence):
        raise TypeError(f"outputs must be a Value or a list of Values, not {type(outputs).__name__}: {outputs!r}")
    if not outputs:
        raise ValueError("outputs must have at least one entry, received none")
    return list(outputs)


def as_targets(targets: Any) -> list[Value]:
    """The targets as a list of Values, numbers as constants with the lecture's names."""
    wanted = list(targets) if _several(targets) else [targets]
    names = ["y"] if len(wanted) == 1 else [f"y_{number}" for number in range(1, len(wanted) + 1)]
    return [
        target if isinstance(target, Value) else constant(target, name)
        for target, name in zip(wanted, names, strict=True)
    ]


def _known(targets: Any) -> list[float]:
    """The numbers of the targets, without constants, which stand for the targets of all examples in a traced loss."""
    wanted = targets if _several(targets) else [targets]
    return [
        float(y.data if isinstance(y, Value) else y)
        for y in wanted
        if getattr(y, "op", None) is not PRIMITIVES["constant"]
    ]


def _several(targets: Any) -> bool:
    """Return whether they are a list, or an array of some dimension, and not a single number."""
    return isinstance(targets, Iterable) and getattr(targets, "ndim", 1) > 0


def _signs(targets: Any) -> list[Value]:
    """The targets as a list of Values, if each is -1 or 1."""
    signs = as_targets(targets)
    for number in _known(targets):
        if number not in {-1.0, 1.0}:
            raise ValueError(f"targets must be -1 or 1; received {number}")
    return signs


def _probabilities(target: Any, classes: int) -> list[Value]:
    """The probabilities y_b of the classes; for the number of a class, 1 for it and 0 for the others."""
    if not _several(target):
        is_number = isinstance(target, int | float | np.floating | np.integer | np.ndarray)
        is_number = is_number and not isinstance(target, bool)
        if not is_number or target != np.floor(target) or not 0 <= target < classes:
            raise (ValueError if is_number else TypeError)(
                f"target must be a class, an integer from 0 to {classes - 1}, "
                f"or the probabilities of {classes} classes; received {target!r}"
            )
        target = [float(target == number) for number in range(classes)]
    y = as_targets(target)
    if len(y) != classes:
        raise ValueError(f"target must have {classes} entries, one for each output; received {len(y)}")
    numbers = _known(target)
    if not all(number >= 0 for number in numbers) or (len(numbers) == classes and abs(sum(numbers) - 1) > 1e-9):
        raise ValueError(f"target must be probabilities, at least 0, that sum to 1; received {numbers}")
    return y


def _sum(term: Callable[[Value, Value], Value], outputs: Outputs, targets: list[Value]) -> Value:
    """The sum of a term over the outputs and their targets, labelled e."""
    o = _outputs(outputs)
    if len(o) != len(targets):
        raise ValueError(f"targets must have {len(o)} entries, one for each output; received {len(targets)}")
    terms = [term(output, target) for output, target in zip(o, targets, strict=True)]
    e = add(*terms) if len(terms) > 1 else terms[0]
    e.label = "e"
    return e
