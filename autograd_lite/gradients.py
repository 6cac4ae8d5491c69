"""Gradients as graphs: grad, derivative, jacobian, hessian, products with vectors, forward mode, check_gradients.

A slope of the table of primitives, called with Values, returns a Value. So the chain rule that computes numbers in
`Value.backward` builds a graph here, which can be recomputed, drawn, explained, and differentiated again.
"""

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple, SupportsFloat, overload

from autograd_lite.graph import check_fresh, is_tracing
from autograd_lite.primitives import CONSTANT, as_float, slope_at
from autograd_lite.value import Operand, Value, chain_rule, check_value, constant, topological_order


@overload
def grad(output: Value, inputs: Value) -> Value: ...
@overload
def grad(output: Value, inputs: Sequence[Value]) -> list[Value]: ...
def grad(output: Value, inputs: Value | Sequence[Value]) -> Value | list[Value]:
    """Return the gradient of a Value with respect to others, as Values that can be differentiated again (reverse mode).

    No `grad` attribute is touched. Products with 0 are left out of the graph of the gradient if the other factor is
    finite for the current numbers.

    Arguments:
        output: the Value to differentiate.
        inputs: the Value, or the sequence of n Values, to differentiate it with respect to; interior nodes are allowed.

    Returns:
        d output/d input: a Value for a Value, a list of n Values for a sequence.

    Raises:
        RuntimeError: if the graph is stale (see `Value.backward`).
        TypeError: if output or an input is not a Value, or an input is a constant.

    Equation: dL/dp = sum_c dL/dc dc/dp over the nodes c that p is an argument of (multivariable chain rule).

    >>> x = Value(2.0, label="x")
    >>> slope = grad(x**3, x)
    >>> slope.data, grad(slope, x).data
    (12.0, 12.0)
    """
    check_value("output", output)
    if isinstance(inputs, Value):
        return _grad(output, [inputs])[0]
    return _grad(output, inputs)


def derivative(output: Value, input: Value, order: int = 1) -> Value:
    """Return the derivative of the given order of a Value with respect to another, as a Value.

    Arguments:
        order: 0 (the Value itself), 1, 2, ...

    Raises:
        ValueError: if order is not an integer of at least 0.

    >>> x = Value(2.0)
    >>> [derivative(x**3, x, order).data for order in range(5)]
    [8.0, 12.0, 12.0, 6.0, 0.0]
    """
    check_value("output", output)
    check_value("input", input)
    if not isinstance(order, int) or isinstance(order, bool) or order < 0:
        raise ValueError(f"order must be an integer of at least 0, received {order!r}")
    for _ in range(order):
        output = grad(output, input)
    return output


def jacobian(outputs: Sequence[Value], inputs: Sequence[Value]) -> list[list[Value]]:
    """Return the matrix of the derivatives of m Values with respect to n Values: m rows of n Values.

    >>> r, phi = Value(2.0), Value(0.0)
    >>> [[entry.data for entry in row] for row in jacobian([r * phi.cos(), r * phi.sin()], [r, phi])]
    [[1.0, -0.0], [0.0, 2.0]]
    """
    variables = _check_variables("inputs", inputs)
    return [_grad(output, variables) for output in check_values("outputs", outputs)]


def hessian(output: Value, inputs: Sequence[Value]) -> list[list[Value]]:
    """Return the matrix of the second derivatives of a Value with respect to n Values: n rows of n Values.

    >>> x, y = Value(2.0), Value(3.0)
    >>> [[entry.data for entry in row] for row in hessian(x * x * y, [x, y])]
    [[6.0, 4.0], [4.0, 0.0]]
    """
    variables = _check_variables("inputs", inputs)
    return jacobian(grad(output, variables), variables)


def vector_jacobian_product(
    outputs: Sequence[Value], inputs: Sequence[Value], vector: Sequence[Operand]
) -> list[Value]:
    """Return the row vector v^T J, of n Values, by one reverse sweep; J is the Jacobian of m outputs, v has m entries.

    Raises:
        ValueError: if the vector's length is not that of outputs.

    >>> x, y = Value(2.0), Value(3.0)
    >>> [entry.data for entry in vector_jacobian_product([x * y, x + y], [x, y], [1.0, 10.0])]
    [13.0, 12.0]
    """
    values = check_values("outputs", outputs)
    return _grad(_weighted_sum(values, _check_vector(vector, "outputs", len(values))), inputs)


def hessian_vector_product(output: Value, inputs: Sequence[Value], vector: Sequence[Operand]) -> list[Value]:
    """Return the vector H v, of n Values, without the matrix H: reverse mode over reverse mode.

    Equation: H v = grad(grad(output) . v) (Pearlmutter 1994, "Fast exact multiplication by the Hessian").

    Raises:
        ValueError: if the vector's length is not that of inputs.

    >>> x, y = Value(2.0), Value(3.0)
    >>> [entry.data for entry in hessian_vector_product(x * x * y, [x, y], [1.0, 10.0])]
    [46.0, 4.0]
    """
    variables = _check_variables("inputs", inputs)
    return vector_jacobian_product(grad(output, variables), variables, _check_vector(vector, "inputs", len(variables)))


def jacobian_vector_product(
    outputs: Sequence[Value], inputs: Sequence[Value], vector: Sequence[Operand]
) -> list[Value]:
    """Return the column vector J v, of m Values, by one forward sweep (forward mode); v has n entries.

    Inputs are treated as independent: a path from one input to another is ignored. (Reverse mode includes such paths,
    so the two modes agree if no input was computed from another.)

    Raises:
        ValueError: if the vector's length is not that of inputs.

    >>> x, y = Value(2.0), Value(3.0)
    >>> [entry.data for entry in jacobian_vector_product([x * y, x + y], [x, y], [1.0, 10.0])]
    [23.0, 11.0]
    """
    values, variables = check_values("outputs", outputs), _check_variables("inputs", inputs)
    entries = _check_vector(vector, "inputs", len(variables))
    duals = forward_mode(values, dict(zip(variables, entries, strict=True)))
    return [_as_value(duals[output].tangent) for output in values]


class Dual(NamedTuple):
    """A dual number v + v' epsilon, epsilon^2 = 0: what forward mode computes for each node.

    Equation: f(v + v' epsilon) = f(v) + f'(v) v' epsilon (Baydin et al., JMLR 18(153), section 3.1.1).
    """

    primal: Value
    """The node."""
    tangent: Operand
    """Its derivative along the direction of the seeds: a number where it is constant, else a Value."""


def forward_mode(outputs: Sequence[Value], seeds: Mapping[Value, Operand]) -> dict[Value, Dual]:
    """Return the dual number of each node that the outputs were computed from, parents first (forward mode).

    Arguments:
        outputs: the Values to differentiate.
        seeds: the tangent of each input; it is 0 for a node that is not listed and depends on no listed node.

    Equation: v' = sum_p dv/dp p' over the parents p of v, by the slopes that reverse mode uses too.

    >>> x, y = Value(2.0), Value(3.0)
    >>> product = x * y
    >>> forward_mode([product], {x: 1.0})[product].tangent.data
    3.0
    """
    order = topological_order(*check_values("outputs", outputs))
    if not isinstance(seeds, Mapping):
        raise TypeError(f"seeds must be a dict of a tangent for each input, not {type(seeds).__name__}: {seeds!r}")
    _check_variables("seeds", seeds)
    check_fresh(order)
    duals: dict[Value, Dual] = {}
    for node in order:
        tangent: Operand = seeds.get(node, 0.0)
        if node not in seeds and node.parents:
            arguments = [_read(parent) for parent in node.parents]
            for parent, slope_of in zip(node.parents, node.op.slopes_of(len(node.parents)), strict=True):
                if not _is_number(duals[parent].tangent, 0.0):
                    share = _times(slope_at(slope_of, _read(node), arguments), duals[parent].tangent)
                    tangent = share if _is_number(tangent, 0.0) else tangent + share  # type: ignore[operator]
        duals[node] = Dual(node, tangent)
    return duals


def check_gradients(
    f: Callable[..., Value],
    inputs: Iterable[SupportsFloat],
    relative_tolerance: float = 1e-8,
    absolute_tolerance: float = 0.0,
) -> None:
    """Check the derivatives of f, to second order, by reverse mode, forward mode and finite differences.

    The first derivatives by both modes are checked against central differences of f. The second derivatives, by reverse
    mode over reverse mode and by forward mode over reverse mode, are checked against central differences of the first.
    Central differences are extrapolated to step 0 (Richardson), so that they are good to about ten digits; a derivative
    that is so small that rounding hides it is checked as far as they are good.

    Arguments:
        f: a function of n Values that returns one, and is smooth at the inputs.
        inputs: n numbers.
        relative_tolerance: the largest difference allowed, relative to the central difference.
        absolute_tolerance: the largest difference allowed, if that is more.

    Raises:
        AssertionError: naming the input, the derivative, what was received and what was expected.
        NotConvergedError: if central differences do not converge, for example at a kink or at the edge of the domain
            of f, or because f rounds too coarsely; then nothing is said of the derivative.
        TypeError: if f does not return a Value.

    >>> check_gradients(lambda x, y: (x * y).tanh(), [0.5, -2.0])
    """
    if not isinstance(inputs, Iterable):
        raise TypeError(f"inputs must be a sequence of numbers, not {type(inputs).__name__}: {inputs!r}")
    numbers = [as_float(number, f"input {position}") for position, number in enumerate(inputs, start=1)]

    def evaluate(point: Sequence[float]) -> tuple[Value, list[Value]]:
        variables = [Value(number, f"x{position}") for position, number in enumerate(point, start=1)]
        output = f(*variables)
        if not isinstance(output, Value):
            raise TypeError(f"f must return a Value, received {type(output).__name__}: {output!r}")
        return output, variables

    def check(what: str, mode: str, number: float, received: float, expected: Estimate) -> None:
        tolerance = max(relative_tolerance * abs(expected.value), absolute_tolerance)
        near_0 = LARGEST_ERROR / ((abs(number) or 1.0) if math.isfinite(received) else max(1.0, abs(number)))
        if not expected.error <= max(tolerance, near_0):
            raise NotConvergedError(
                f"{what} cannot be checked: the central differences do not converge (the best is {expected.value!r}, "
                f"with an error of about {expected.error:.1g}), at the inputs {numbers}; f must be smooth there"
            )
        if not abs(received - expected.value) <= max(tolerance, 4 * expected.error):
            raise AssertionError(
                f"{what} is wrong: received {received!r} by {mode}, expected {expected.value!r} by central "
                f"differences, at the inputs {numbers}"
            )

    def along(position: int, number: float) -> tuple[Value, list[Value]]:
        return evaluate([*numbers[:position], number, *numbers[position + 1 :]])

    output, variables = evaluate(numbers)
    gradient = grad(output, variables)
    for i, number in enumerate(numbers):
        what = f"df/dx{i + 1}, of input {i + 1},"
        [expected] = central_differences(lambda x, i=i: [along(i, x)[0].data], number)  # type: ignore[misc]
        forward = jacobian_vector_product([output], variables, _unit_vector(i, len(numbers)))[0]
        check(what, "reverse mode", number, gradient[i].data, expected)
        check(what, "forward mode", number, forward.data, expected)
    for i, number in enumerate(numbers):
        row = central_differences(lambda x, i=i: [entry.data for entry in grad(*along(i, x))], number)  # type: ignore[misc]
        forward_row = jacobian_vector_product(gradient, variables, _unit_vector(i, len(numbers)))
        for j, expected in enumerate(row):
            what = f"d2f/dx{j + 1} dx{i + 1}, of inputs {j + 1} and {i + 1},"
            check(what, "reverse mode over reverse mode", number, grad(gradient[j], variables[i]).data, expected)
            check(what, "forward mode over reverse mode", number, forward_row[j].data, expected)


def _unit_vector(position: int, length: int) -> list[float]:
    return [float(other == position) for other in range(length)]


class NotConvergedError(ArithmeticError):
    """Raised when a derivative cannot be checked, because central differences do not converge."""


class Estimate(NamedTuple):
    """A derivative by central differences, and about how wrong it is."""

    value: float
    error: float


LARGEST_ERROR = 1e-8
"""An estimate near 0 may be wrong by this much, because the rounding errors of f do not shrink with its slope; for an
input x by 1 / x times as much."""


def central_differences(f: Callable[[float], list[float]], x: float) -> list[Estimate]:
    """Return the derivatives at x of the entries of f, by central differences extrapolated to step 0.

    The first step is 1/8, or a part of x if x is larger; if x is small, a second try begins with a part of x. A point
    at which f is not defined is left out. Of the estimates that agree with their neighbours to ten digits, the one of
    the smallest steps is returned, as a derivative is local; if there is none, the one with the smallest error.

    >>> [slope] = central_differences(lambda x: [math.sin(x)], 1000.0)
    >>> abs(slope.value - math.cos(1000.0)) < 1e-9, slope.error < 1e-9
    (True, True)
    """
    exponent = math.frexp(x)[1]
    centre = f(x)
    undefined = [math.nan] * len(centre)
    candidates: list[list[Estimate]] = [[Estimate(math.nan, math.inf)] for _ in centre]

    def at(point: float) -> list[float]:
        try:
            return f(point)
        except (ArithmeticError, ValueError):
            return undefined

    for first in (max(-3, exponent - 4), *([exponent - 2] if x and exponent < -1 else [])):
        steps = [2.0 ** (first - 2 * row) for row in range(22) if first - 2 * row > -1060]
        below, above = [at(x - step) for step in steps], [at(x + step) for step in steps]
        for entry, middle in enumerate(centre):
            samples = [(low[entry], middle, high[entry]) for low, high in zip(below, above, strict=True)]
            candidates[entry] += _extrapolated(steps, samples)
    best = []
    for of_entry in candidates:
        converged = [estimate for estimate in of_entry if estimate.error <= 1e-10 * abs(estimate.value)]
        best.append(converged[-1] if converged else min(of_entry, key=lambda estimate: estimate.error))
    return best


def _extrapolated(steps: list[float], samples: list[tuple[float, float, float]]) -> Iterator[Estimate]:
    """Yield estimates of a derivative from samples (f(x - step), f(x), f(x + step)), from large steps to small ones.

    Each row has a quarter of the step of the row before. In a row, column k removes the error of order step^(2k). An
    estimate is about as wrong as it differs from its neighbours, plus what rounding may do to f. It is left out if
    smaller steps contradict it, because the larger ones may agree by chance, for example on a staircase or a wave.

    Equation: D(h) = (f(x + h) - f(x - h)) / 2h, extrapolated (Ridders 1982, "Accurate computation of F'(x)").
    """
    previous: list[float] = []
    bends: list[float] = []
    differences: list[float] = []
    slacks: list[float] = []
    found: list[tuple[int, float, Estimate]] = []
    for step, (low, centre, high) in zip(steps, samples, strict=True):
        rounding = math.ulp(max(abs(low), abs(high))) / step
        bends.append(abs(high - 2 * centre + low) / step)  # shrinks with the step, except at a kink
        row = [(high - low) / (2 * step)]
        differences.append(row[0])
        slacks.append(1e4 * rounding + 1e-12 / step)  # f may round more coarsely than its last digit
        for column, coarse in enumerate(previous):
            factor = 16.0 ** (column + 1)
            estimate = (factor * row[column] - coarse) / (factor - 1)
            error = max(abs(estimate - row[column]), abs(estimate - coarse)) + rounding
            is_kink = bends[-1] > max(0.5 * bends[-2 - column], 1e-3 * abs(estimate) + 1e3 * rounding)
            if column == 0:
                error += 1e-9 * abs(estimate)  # two rows may agree by chance, for example where f is a staircase
            estimated = Estimate(estimate, math.inf if is_kink or math.isnan(error) else error)
            found.append((len(differences), 2 * abs(estimate - differences[-2 - column]), estimated))
            row.append(estimate)
        previous = row
    for rows, distance, estimated in found:
        smaller = zip(differences[rows:], slacks[rows:], strict=True)
        if not any(abs(difference - estimated.value) > distance + slack for difference, slack in smaller):
            yield estimated


def _grad(output: Value, inputs: Sequence[Value]) -> list[Value]:
    """Return the gradient as a list of graphs."""
    variables = _check_variables("inputs", inputs)
    order = topological_order(output)
    gradients = adjoints(order)
    return [_as_value(gradients.get(value, 0.0)) for value in variables]


class _Adjoint(NamedTuple):
    """An adjoint that is an operand of a graph; `chain_rule` multiplies and adds it like a number."""

    operand: Operand

    def __mul__(self, slope: Operand) -> "_Adjoint":  # type: ignore[override]
        return _Adjoint(_times(self.operand, slope))

    def __add__(self, share: "_Adjoint") -> "_Adjoint":  # type: ignore[override]
        return _Adjoint(self.operand + share.operand)  # type: ignore[operator]


def adjoints(order: list[Value]) -> dict[Value, Operand]:
    """Return each node's adjoint, the derivative of the last node in a topological order, as a graph.

    Each adjoint is a Value, or a number where the derivative is constant. Constants, and nodes that the last node does
    not depend on, have none.

    Arguments:
        order: nodes, each after its parents.

    >>> x = Value(2.0, label="x")
    >>> adjoints(topological_order(x * 3))[x]
    3.0
    """
    try:
        chain_rule(order, _Adjoint(1.0), _read)
        return {node: node._adjoint.operand for node in order if node._adjoint is not None}
    finally:
        for node in order:
            node._adjoint = None  # otherwise the nodes and the graph would refer to each other


def _read(node: Value) -> Operand:
    """Return what a slope receives for a node: the node, or a number for a constant, so that constants are folded.

    A labelled constant stays a node, because its number may be changed.
    """
    return node._data if node.op is CONSTANT and not node.label else node


def on_stand_ins(function: Callable[..., Operand], nodes: Sequence[Value]) -> tuple[Operand, dict[Value, Value]]:
    """Call a function with new leaves in place of nodes; return its result, and the node that each leaf stands for.

    For a constant without a label its number is passed.
    """
    operands = {node: Value(node._data) if isinstance(_read(node), Value) else node._data for node in nodes}
    leaves = {operand: node for node, operand in operands.items() if isinstance(operand, Value)}
    return function(*[operands[node] for node in nodes]), leaves


def _times(a: Operand, b: Operand) -> Operand:
    """Return a * b, with no node for a product with the number 0, 1 or -1; 0 * inf stays nan.

    While a function is traced, a product with 0 has a node: for other numbers, the other factor may be infinite.
    """
    for factor, other in () if is_tracing() else ((a, b), (b, a)):
        if _is_number(factor, 0.0) and math.isfinite(other._data if isinstance(other, Value) else other):
            return 0.0
    for factor, other in ((a, b), (b, a)):
        if _is_number(factor, 1.0):
            return other
        if _is_number(factor, -1.0):
            return -other  # type: ignore[operator]
    return a * b  # type: ignore[operator]


def _is_number(operand: Operand, number: float) -> bool:
    return not isinstance(operand, Value) and operand == number


def _as_value(operand: Operand) -> Value:
    return operand if isinstance(operand, Value) else constant(operand)


def _weighted_sum(values: Sequence[Value], weights: Sequence[Operand]) -> Value:
    total: Operand = 0.0
    for value, weight in zip(values, weights, strict=True):
        total = total + _times(weight, value)  # type: ignore[operator]
    return _as_value(total)


def check_values(argument: str, values: Iterable[Value]) -> list[Value]:
    """Return the Values as a list, if that is what they are."""
    if isinstance(values, Value):
        raise TypeError(f"{argument} must be a sequence of Values, received one Value: write [value]")
    if not isinstance(values, Iterable):
        raise TypeError(f"{argument} must be a sequence of Values, not {type(values).__name__}: {values!r}")
    return [check_value(f"number {position} of {argument}", value) for position, value in enumerate(values, start=1)]


def _check_variables(argument: str, values: Iterable[Value]) -> list[Value]:
    """Return the Values as a list, if none is a constant."""
    checked = check_values(argument, values)
    for position, value in enumerate(checked, start=1):
        if value.op is CONSTANT:
            raise TypeError(
                f"{argument} must be variables, but input {position} is the constant {value.data}: it has no gradient"
            )
    return checked


def _check_vector(vector: Iterable[Operand], other: str, length: int) -> list[Operand]:
    """Return the entries of a vector, if they are as many as asked for, and Values or numbers."""
    if not isinstance(vector, Iterable):
        raise TypeError(f"vector must be a sequence of numbers or Values, not {type(vector).__name__}: {vector!r}")
    entries: list[Operand] = [
        entry if isinstance(entry, Value) else as_float(entry, f"entry {position} of vector")
        for position, entry in enumerate(vector, start=1)
    ]
    if len(entries) != length:
        raise ValueError(f"vector must have as many entries as {other}: {length}, not {len(entries)}")
    return entries
