"""Gradients as graphs: grad, derivative, jacobian, hessian, products with vectors, forward mode, check_gradients.

A slope of the table of primitives, called with Values, returns a Value. So the chain rule that computes numbers in
`Value.backward` builds a graph here, which can be recomputed, drawn, explained, and differentiated again.
"""

import math
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from random import Random
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
    variables = _check_variables("inputs", [inputs] if isinstance(inputs, Value) else inputs)
    slopes = adjoints(topological_order(output))
    gradient = [_as_value(slopes.get(variable, 0.0)) for variable in variables]
    return gradient[0] if isinstance(inputs, Value) else gradient


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
    return [grad(output, variables) for output in check_values("outputs", outputs)]


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
    products = map(_times, _check_vector(vector, "outputs", len(values)), values)
    return grad(_as_value(sum(products)), _check_variables("inputs", inputs))  # type: ignore[arg-type]


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
    return _tangents(values, dict(zip(variables, entries, strict=True)))


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


def _tangents(outputs: Sequence[Value], seeds: Mapping[Value, Operand]) -> list[Value]:
    """Return the tangents of the outputs as graphs."""
    duals = forward_mode(outputs, seeds)
    return [_as_value(duals[output].tangent) for output in outputs]


def check_gradients(
    f: Callable[..., Value],
    inputs: Iterable[SupportsFloat],
    relative_tolerance: float = 1e-8,
    absolute_tolerance: float = 0.0,
) -> None:
    """Check the derivatives of f, to second order, by reverse mode, forward mode and finite differences.

    The first derivatives by both modes are checked against central differences of f. The second derivatives, by reverse
    mode over reverse mode and by forward mode over reverse mode, are checked against central differences of the first.

    A derivative is wrong if it differs from the central difference by more than the tolerance and by more than the
    error of the difference, which is estimated from rounding and extrapolation. It passes if that error is within the
    tolerance, relative to the largest derivative of f; or if it is no more than rounding near an extremum of f, and
    the derivative beside the extremum passes; or if the derivative is 0 within its own rounding error. A derivative
    that passes in none of these ways cannot be checked: for example the slope 1e-40 of atan at 1e20, because atan
    returns pi / 2 for all numbers nearby.

    Arguments:
        f: a function of n Values that returns one, and is smooth at the inputs.
        inputs: n numbers.
        relative_tolerance: the largest difference allowed, relative to the central difference.
        absolute_tolerance: the largest difference allowed, if that is more.

    Raises:
        AssertionError: naming the input, the derivative, what was received and what was expected.
        NotConvergedError: if central differences do not reach the tolerance, for example at a kink or at the edge of
            the domain of f, or because f rounds too coarsely; then nothing is said about the derivative.
        TypeError: if f does not return a Value.

    >>> check_gradients(lambda x, y: (x * y).tanh(), [0.5, -2.0])
    """
    if not isinstance(inputs, Iterable):
        raise TypeError(f"inputs must be a sequence of numbers, not {type(inputs).__name__}: {inputs!r}")
    numbers = [as_float(number, f"input {position}") for position, number in enumerate(inputs, start=1)]

    def evaluate(changed: Mapping[int, float]) -> tuple[Value, list[Value]]:
        """Return f at the inputs, of which some may be changed, and its variables."""
        variables = [Value(changed.get(i, number), f"x{i + 1}") for i, number in enumerate(numbers)]
        output = f(*variables)
        if not isinstance(output, Value):
            raise TypeError(f"f must return a Value, received {type(output).__name__}: {output!r}")
        return output, variables

    def differences_of_f(i: int, number: float) -> Estimate:
        """Return the derivative of f with respect to input i, if that is the number."""
        return central_differences(lambda x: [evaluate({i: x})[0]], number)[0]

    def differences_of_gradient(i: int) -> list[Estimate]:
        """Return the derivatives of the gradient with respect to input i."""
        return central_differences(lambda x: grad(*evaluate({i: x})), numbers[i])

    def check(what: str, expected: Estimate, enough: float, size: float, received: Mapping[str, Value]) -> None:
        tolerance = max(relative_tolerance * abs(expected.value), absolute_tolerance)
        converged = expected.error <= max(tolerance, 3 * expected.rounding)
        for mode, derivative in received.items():
            slope, [rounding] = derivative.data, rounding_errors([derivative])
            error = expected.error + expected.rounding + (rounding if math.isfinite(rounding) else 0.0)
            if converged and not abs(slope - expected.value) <= max(tolerance, 8 * error):
                raise AssertionError(
                    f"{what} is wrong: received {slope!r} by {mode}, expected {expected.value!r} by "
                    f"central differences, at the inputs {numbers}"
                )
            is_0 = abs(slope) <= 8 * rounding <= max(relative_tolerance * size, sys.float_info.min)
            if not converged or (error > max(tolerance, enough) and not is_0):
                raise NotConvergedError(
                    f"{what} cannot be checked: the central differences do not converge to the tolerance of "
                    f"{tolerance:.1g} (the best is {expected.value!r}, with an error of about {error:.1g}), at the "
                    f"inputs {numbers}; f must be smooth there, and absolute_tolerance may be set"
                )

    def largest(row: list[Estimate]) -> float:
        return max((abs(slope) for slope, error, _ in row if error <= relative_tolerance * abs(slope)), default=0.0)

    output, variables = evaluate({})
    gradient = grad(output, variables)
    positions = range(len(numbers))
    first = list(map(differences_of_f, positions, numbers))
    second = list(map(differences_of_gradient, positions))
    scales = [max(abs(number), 1e-4) for number in numbers]
    for i, scale in enumerate(scales):
        [forward] = _tangents([output], {variables[i]: 1.0})
        what, curvature = f"df/dx{i + 1}, of input {i + 1},", largest([second[i][i]])
        # Near an extremum f is about f(x) + f'' h^2 / 2, where a step of h = sqrt(f / f'') shows the slope best
        best = 64 * sys.float_info.epsilon * math.sqrt(abs(output.data)) * math.sqrt(curvature)
        enough, size = relative_tolerance * largest(first), max(abs(output.data) / scale, curvature * scale)
        check(what, first[i], max(enough, best), size, {"reverse mode": gradient[i], "forward mode": forward})
        if enough < first[i].error + first[i].rounding <= best and gradient[i].data:  # beside it, the slope is in sight
            beside = numbers[i] + math.sqrt(abs(output.data) / curvature) / 16
            slope, expected = grad(*evaluate({i: beside}))[i], differences_of_f(i, beside)
            check(f"{what} increased to {beside!r},", expected, enough, 0.0, {"reverse mode": slope})
    for i, scale in enumerate(scales):
        forward_row = _tangents(gradient, {variables[i]: 1.0})
        enough = relative_tolerance * max(largest(first), largest(second[i]))
        for j in positions:
            what = f"d2f/dx{j + 1} dx{i + 1}, of inputs {j + 1} and {i + 1},"
            modes = {
                "reverse mode over reverse mode": grad(gradient[j], variables[i]),
                "forward mode over reverse mode": forward_row[j],
            }
            size = max(abs(gradient[j].data), abs(output.data) / scales[j]) / scale
            check(what, second[i][j], enough, size, modes)


class NotConvergedError(ArithmeticError):
    """Raised when a derivative cannot be checked, because central differences do not converge."""


class Estimate(NamedTuple):
    """A derivative by central differences, about how wrong it is, and how much of that is due to rounding."""

    value: float
    error: float
    rounding: float


def rounding_errors(outputs: Sequence[Value]) -> list[float]:
    """Return how much rounding may change each output: every number of the graph is computed again with random errors.

    That is done three times, and the largest change counts.

    Equation: Monte Carlo arithmetic (Parker 1997), with errors of up to one unit in the last place.

    >>> x = Value(1e-9)
    >>> rounding_errors([x]), 1e-17 < rounding_errors([(1 + x) - 1])[0] < 1e-15
    ([0.0], True)
    """
    order, generator = topological_order(*outputs), Random(0)
    tries: list[list[float]] = []
    for _ in range(3):
        numbers: dict[Value, float] = {}
        for node in order:
            number = node.op.evaluate([numbers[parent] for parent in node.parents]) if node.parents else node._number
            is_exact = set(node.op.slopes) <= {0.0}  # an input, or an integer
            if is_exact and node.parents and abs(number) >= 2.0**53:
                number = math.nan  # neighbouring integers are not floats
            numbers[node] = number if is_exact else number + generator.uniform(-1, 1) * math.ulp(number)
        changes = [abs(numbers[output] - output._number) for output in outputs]
        tries.append([math.inf if math.isnan(change) else change for change in changes])
    return list(map(max, *tries))


def central_differences(f: Callable[[float], list[Value]], x: float) -> list[Estimate]:
    """Return the derivatives at x of the entries of f, by central differences extrapolated to step 0.

    The steps are 1/8, 1/32, ..., or fractions of x if x is larger; if x is small, they go on to small fractions of x. A
    point at which f is not defined is left out. The estimate with the smallest error is returned.

    >>> [slope] = central_differences(lambda x: [Value(x).sin()], 1000.0)
    >>> abs(slope.value - math.cos(1000.0)) < 1e-9, slope.error < 1e-9
    (True, True)
    """
    exponent = math.frexp(x)[1]
    first = max(-3, exponent - 4)
    last = min(first, exponent - 2 + (first - exponent) % 2)
    exponents = {start - 2 * row for start in (first, last) for row in range(25)} | set(range(first - 64, last, -16))
    steps = sorted((2.0**exponent for exponent in exponents if exponent > -1060), reverse=True)
    centre = f(x)

    def at(point: float) -> list[Sample]:
        try:
            values = f(point)
            return [
                Sample(point, value.data, error) for value, error in zip(values, rounding_errors(values), strict=True)
            ]
        except (ArithmeticError, ValueError):
            return [Sample(point, math.nan, math.inf)] * len(centre)

    rows = [(at(x - step), at(x + step)) for step in steps]
    undefined = Estimate(math.nan, math.inf, math.inf)
    return [
        min(
            _extrapolated(middle.data, [(low[entry], high[entry]) for low, high in rows]),
            key=lambda estimate: estimate.error + estimate.rounding,
            default=undefined,
        )
        for entry, middle in enumerate(centre)
    ]


class Sample(NamedTuple):
    """A point, a function's value there, and its rounding error."""

    point: float
    value: float
    rounding: float


def _extrapolated(centre: float, samples: list[tuple[Sample, Sample]]) -> Iterator[Estimate]:
    """Yield estimates of a derivative from f(x) and samples at x - step and x + step, from large steps to small ones.

    Each row has at most a quarter of the step of the row before. In a row, column k removes the error of order
    step^(2k). An estimate is about as wrong as it differs from its neighbours, plus what rounding does to f. It is left
    out if smaller steps contradict it, because larger ones may agree by chance, for example on a staircase or a wave.

    Equation: D(h) = (f(x + h) - f(x - h)) / 2h, extrapolated (Ridders 1982, "Accurate computation of F'(x)").
    """
    widths = [high.point - low.point for low, high in samples]
    changes = [high.value - low.value for low, high in samples]
    bends = [abs(high.value - 2 * centre + low.value) for low, high in samples]
    roundings = [
        2 * max(low.rounding, high.rounding, math.ulp(high.value), math.ulp(low.value)) for low, high in samples
    ]
    differences = [change / width for change, width in zip(changes, widths, strict=True)]
    previous: list[float] = []
    for last, width in enumerate(widths[:-2]):  # only smaller steps show whether f is smooth
        # A bend shrinks with the square of the step, unless f rounds more coarsely than its numbers.
        smaller = range(last + 1, len(widths))
        coarse = max(bends[small] - 2 * bends[last] * (widths[small] / width) ** 2 for small in smaller)
        is_rough = coarse > 1e-3 * abs(changes[last]) + 8 * roundings[last]
        underflows = changes[last] != 0 and differences[last] == 0
        rounding = math.inf if underflows else roundings[last] / width
        row = [differences[last]]
        for column in range(min(last, 6)):
            first = last - column - 1
            value = row[-1] + (row[-1] - previous[column]) / ((widths[first] / width) ** 2 - 1)
            error = max(abs(value - row[-1]), abs(value - previous[column])) + 2 * max(coarse, 0.0) / width
            if column == 0:
                error += 1e-9 * abs(value)  # two rows may agree by chance
            row.append(value)
            # The bend shrinks faster than the step, except at a kink.
            is_kink = bends[last] / width > max(0.5 * bends[first] / widths[first], 1e-3 * abs(value) + 8 * rounding)
            distance = 2 * abs(value - differences[first])
            is_contradicted = any(
                math.isinf(differences[small])
                or abs(differences[small] - value) > distance + 8 * roundings[small] / widths[small]
                for small in smaller
            )
            if not (is_rough or is_kink or is_contradicted or math.isnan(error)):
                yield Estimate(value, error, 2 * rounding)
        previous = row


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
    return node._number if node.op is CONSTANT and not node.label else node


def on_stand_ins(function: Callable[..., Operand], nodes: Sequence[Value]) -> tuple[Operand, dict[Value, Value]]:
    """Call a function with new leaves in place of nodes; return its result, and the node that each leaf stands for.

    For a constant without a label its number is passed.
    """
    operands = {node: Value(node._number) if isinstance(_read(node), Value) else node._number for node in nodes}
    leaves = {operand: node for node, operand in operands.items() if isinstance(operand, Value)}
    return function(*[operands[node] for node in nodes]), leaves


def _times(a: Operand, b: Operand) -> Operand:
    """Return a * b, with no node for a product with the number 0, 1 or -1; 0 * inf stays nan.

    While a function is traced, a product with 0 has a node: for other numbers, the other factor may be infinite.
    """
    for factor, other in () if is_tracing() else ((a, b), (b, a)):
        if _is_number(factor, 0.0) and math.isfinite(other._number if isinstance(other, Value) else other):
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
    """Return the entries of a vector, if there are as many as asked for, and all are Values or numbers."""
    if not isinstance(vector, Iterable):
        raise TypeError(f"vector must be a sequence of numbers or Values, not {type(vector).__name__}: {vector!r}")
    entries: list[Operand] = [
        entry if isinstance(entry, Value) else as_float(entry, f"entry {position} of vector")
        for position, entry in enumerate(vector, start=1)
    ]
    if len(entries) != length:
        raise ValueError(f"vector must have as many entries as {other}: {length}, not {len(entries)}")
    return entries
