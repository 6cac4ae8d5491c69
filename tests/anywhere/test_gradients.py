"""Gradients as graphs, forward mode, and the checker of gradients, which is itself checked."""

import contextlib
import gc
import itertools
import math
import re
import sys
import weakref

import pytest
from dual_numbers import TRUTH

from anywhere import deep
from autograd_lite import (
    PRIMITIVES,
    NotConvergedError,
    Primitive,
    Value,
    add,
    check_gradients,
    constant,
    cos,
    derivative,
    exp,
    forward_mode,
    grad,
    hessian,
    hessian_vector_product,
    jacobian,
    jacobian_vector_product,
    log,
    sin,
    tanh,
    topological_order,
    vector_jacobian_product,
)
from autograd_lite import primitives as p
from autograd_lite.gradients import (
    Estimate,
    Sample,
    _extrapolated,
    central_differences,
    on_stand_ins,
    rounding_errors,
)

SMOOTH_NAMES = [name for name in TRUTH if name not in {"floor_divide", "remainder", "sign", "greater"}]


def numbers(values):
    """The numbers of nested lists of Values."""
    return [numbers(value) for value in values] if isinstance(values, list) else values.data


def rosenbrock(x, y):
    return (1 - x) ** 2 + 100 * (y - x**2) ** 2


# grad


def test_gradient_and_hessian_of_rosenbrock():
    """Closed forms; every number here is exact in floats."""
    for a, b in [(1, 1), (-1.5, 2), (0.25, -0.5)]:
        x, y = inputs = [Value(a), Value(b)]
        f = rosenbrock(x, y)
        assert numbers(grad(f, inputs)) == [-2 * (1 - a) - 400 * a * (b - a * a), 200 * (b - a * a)]
        assert numbers(hessian(f, inputs)) == [[2 - 400 * b + 1200 * a * a, -400 * a], [-400 * a, 200]]


def test_grad_touches_no_grad_attribute():
    x = Value(0.5)
    inner = x.tanh()
    y = inner * x
    y.backward()
    before = [v.grad for v in (x, inner, y)]
    slope = grad(y, [x, inner])[0]
    hessian(y, [x])
    jacobian_vector_product([y], [x], [1.0])
    assert [v.grad for v in (x, inner, y)] == before
    assert not slope.has_grad


def test_a_gradient_is_a_graph_that_can_be_recomputed():
    x = Value(2.0)
    slope = grad(x**3, x)
    x.data = 5.0
    assert slope.forward().data == 75


@pytest.mark.parametrize("f", [lambda x: (x // 1) * x, lambda x: x * x + x.exp(), lambda x: x - x.exp()])
def test_a_gradient_has_no_node_for_a_product_with_0_or_1_or_minus_1(f):
    x = Value(2.5)
    assert not any(node.op is p.MULTIPLY for node in topological_order(grad(f(x), x)))


def test_a_gradient_can_be_differentiated_by_backward():
    """d/dx of f'(x)^2 with f = x^3: 2 * 3x^2 * 6x = 36 x^3."""
    x = Value(2.0)
    (grad(x**3, x) ** 2).backward()
    assert x.grad == 36 * 8


def test_a_gradient_leaves_no_reference_cycle():
    x = Value(2.0)
    y = x * x
    slope, inputs = grad(y, x), [weakref.ref(x)]
    gc.disable()
    try:
        del x, y, slope
        assert inputs[0]() is None
    finally:
        gc.enable()


def test_interior_nodes_are_inputs_too():
    """The delta of a neuron is the gradient with respect to its sum s: d tanh(s)^2/ds = 2 tanh(s) (1 - tanh^2 s)."""
    w, o = Value(0.75), Value(2.0)
    s = w * o
    e = s.tanh() ** 2
    expected = 2 * math.tanh(1.5) / math.cosh(1.5) ** 2
    assert numbers(grad(e, [s, w, e])) == pytest.approx([expected, 2 * expected, 1])
    assert derivative(e, s, 2).data == pytest.approx(2 * (1 - 2 * math.sinh(1.5) ** 2) / math.cosh(1.5) ** 4)


def test_what_does_not_depend_has_gradient_zero():
    x, y = Value(2.0), Value(3.0)
    assert grad(x * 2, y).data == 0
    assert grad(x // 1, x).data == 0
    assert grad(constant(5.0), x).data == 0
    assert grad(x, x).data == 1
    assert derivative(x, x, 2).data == 0


# Higher orders


@pytest.mark.parametrize(
    ("f", "number", "derivatives", "tolerance"),
    [
        (sin, 0.7, [math.sin(0.7), math.cos(0.7), -math.sin(0.7), -math.cos(0.7)] * 2, 0),
        (log, 0.5, [-math.log(2), *(-math.factorial(n - 1) * (-2.0) ** n for n in range(1, 7))], 0),
        (lambda x: 1 / x, 0.5, [math.factorial(n) * (-1.0) ** n * 2.0 ** (n + 1) for n in range(7)], 0),
        # By mpmath 1.3 with 60 digits
        (
            tanh,
            0.5,
            [0.46211715726000974, 0.7864477329659274, -0.7268619813835873, -0.5652092882597703, 3.952219563724583],
            1e-14,
        ),
        (lambda x: exp(3 * x), 0.5, [3**n * math.exp(1.5) for n in range(7)], 1e-15),
        # OEIS A000182: tan x = x + x^3/3 + 2 x^5/15 + 17 x^7/315 + ...
        (p.tan, 0.0, [0, 1, 0, 2, 0, 16, 0, 272], 0),
    ],
    ids=["sin", "log", "1/x", "tanh", "exp(3x)", "tan"],
)
def test_derivatives_of_high_order(f, number, derivatives, tolerance):
    x = Value(number)
    y = f(x)
    received = [derivative(y, x, order).data for order in range(len(derivatives))]
    assert received == pytest.approx(derivatives, rel=tolerance, abs=0)
    assert derivative(y, x, 0) is y
    assert derivative(y, x).data == received[1]


def test_mixed_derivatives_do_not_depend_on_the_order():
    """Schwarz, to third order: f = x^2 y^3 sin z has f_xyz = 6 x y^2 cos z."""
    x, y, z = Value(2.0), Value(3.0), Value(0.5)
    f = x**2 * y**3 * sin(z)
    for a, b, c in [(x, y, z), (z, y, x), (y, x, z)]:
        assert grad(grad(grad(f, a), b), c).data == pytest.approx(108 * math.cos(0.5), rel=1e-15)


# Jacobians, products with vectors, forward mode


def test_jacobian_of_polar_coordinates():
    r, phi = Value(2.0), Value(0.5)
    received = numbers(jacobian([r * cos(phi), r * sin(phi)], [r, phi]))
    c, s = math.cos(0.5), math.sin(0.5)
    assert received == [[c, -2 * s], [s, 2 * c]]
    assert jacobian([], [r]) == []


def three_functions():
    """Three functions of two inputs at (2, 3), and their Jacobian."""
    x, y = inputs = [Value(2.0), Value(3.0)]
    return inputs, [x * y, x**2 - y, y**3], [[3, 2], [4, -1], [0, 27]]


def test_products_with_vectors_agree_with_the_matrix():
    inputs, outputs, matrix = three_functions()
    assert numbers(jacobian(outputs, inputs)) == matrix
    for vector in ([1, 0], [0, 1], [2, -5], [0, 0]):
        expected = [row[0] * vector[0] + row[1] * vector[1] for row in matrix]
        assert numbers(jacobian_vector_product(outputs, inputs, vector)) == expected
    for vector in ([1, 0, 0], [0, 0, 1], [2, -5, 10], [0, 0, 0]):
        expected = [sum(v * row[i] for v, row in zip(vector, matrix, strict=True)) for i in range(2)]
        assert numbers(vector_jacobian_product(outputs, inputs, vector)) == expected


def test_vectors_may_hold_values():
    """Forward over forward: with v = (x, y), J v of x y is 2 x y, and can be differentiated."""
    x, y = Value(2.0), Value(3.0)
    [product] = jacobian_vector_product([x * y], [x, y], [x, y])
    assert product.data == 12
    assert numbers(grad(product, [x, y])) == [6, 4]
    assert numbers(vector_jacobian_product([x * y], [x], [y])) == [9]


def test_a_hessian_vector_product_agrees_with_the_matrix():
    x, y = inputs = [Value(-1.5), Value(2.0)]
    f = rosenbrock(x, y)
    matrix = [[2 - 800 + 2700, 600], [600, 200]]
    for vector in ([1, 0], [0, 1], [3, -2]):
        expected = [row[0] * vector[0] + row[1] * vector[1] for row in matrix]
        assert numbers(hessian_vector_product(f, inputs, vector)) == expected


def test_forward_mode_returns_the_dual_number_of_each_node():
    """The forward trace of Baydin et al., table 2: y = ln x1 + x1 x2 - sin x2 at (2, 5) along x1."""
    x1, x2 = Value(2.0), Value(5.0)
    v1, v2, v3 = log(x1), x1 * x2, sin(x2)
    v4 = v1 + v2
    y = v4 - v3
    duals = forward_mode([y], {x1: 1.0})
    assert list(duals) == topological_order(y)
    assert all(duals[node].primal is node for node in duals)
    tangents = [Value(duals[node].tangent).data for node in (x1, x2, v1, v2, v3, v4, y)]
    assert tangents == [1, 0, 0.5, 5, 0, 5.5, 5.5]


def test_forward_mode_adds_up_over_both_edges_of_a_square():
    x = Value(3.0)
    outputs = [x * x, add(x, x, x), -x + x * x, x - x]
    assert numbers(jacobian_vector_product(outputs, [x], [1.0])) == [6, 3, 5, 0]
    y = x.exp()
    assert jacobian_vector_product([y], [x], [1.0]) == [y], "no node for the first share"


def test_an_interior_node_as_the_input_of_forward_mode_has_its_own_tangent():
    """Not the one that would reach it from the leaves."""
    x = Value(3.0)
    square = x * x
    duals = forward_mode([square * x], {square: 5.0, x: 1.0})
    assert float(duals[square].tangent) == 5
    assert list(duals.values())[-1].tangent.data == 5 * 3 + 9


# Bad arguments


@pytest.mark.parametrize(
    "differentiate",
    [
        lambda y, x, two: grad(y, two),
        lambda y, x, two: grad(y, [x, two]),
        lambda y, x, two: derivative(y, two),
        lambda y, x, two: jacobian([y], [two]),
        lambda y, x, two: hessian(y, [x, two]),
        lambda y, x, two: vector_jacobian_product([y], [two], [1.0]),
        lambda y, x, two: jacobian_vector_product([y], [two], [1.0]),
    ],
)
def test_a_constant_as_input_is_refused(differentiate):
    x = Value(3.0)
    y = x * 2
    with pytest.raises(TypeError, match=r"(input|number) \d .*constant 2.0"):
        differentiate(y, x, y.parents[1])


def test_an_iterator_of_inputs_is_taken_or_refused_but_not_emptied():
    """A generator is empty the second time: that would silently return no gradient at all."""
    x, y = Value(3.0), Value(2.0)
    try:
        received = numbers(grad(x * y, (v for v in (x, y))))
    except TypeError:
        return
    assert received == [2, 3]


@pytest.mark.parametrize("order", [-1, 1.0, "1", None, True])
def test_bad_orders_are_refused(order):
    x = Value(3.0)
    with pytest.raises(ValueError, match="order must be an integer of at least 0, received " + repr(order)):
        derivative(x * x, x, order)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda inputs, outputs: vector_jacobian_product(outputs, inputs, [1, 2]), "outputs: 3, not 2"),
        (lambda inputs, outputs: jacobian_vector_product(outputs, inputs, [1, 2, 3]), "inputs: 2, not 3"),
        (lambda inputs, outputs: hessian_vector_product(outputs[0], inputs, [1]), ""),
    ],
)
def test_vectors_of_another_length_are_refused(call, message):
    inputs, outputs, _ = three_functions()
    with pytest.raises(ValueError, match=f"vector must have as many entries as {message}"):
        call(inputs, outputs)


def test_stand_ins_are_new_leaves_and_numbers_for_constants_without_a_label():
    x, named = Value(2.0, "x"), constant(4.0, "c")
    received, leaves = on_stand_ins(lambda *operands: operands, [x, constant(3.0), named])
    assert [getattr(operand, "data", None) for operand in received] == [2.0, None, 4.0]
    assert received[1] == 3.0
    assert leaves == {received[0]: x, received[2]: named}
    assert not {x, named} & set(leaves)


def test_a_stale_graph_is_refused():
    x = Value(3.0)
    y = x * x
    x.data = 4.0
    for differentiate in (
        lambda: grad(y, x),
        lambda: jacobian([y], [x]),
        lambda: jacobian_vector_product([y], [x], [1.0]),
        lambda: vector_jacobian_product([y], [x], [1.0]),
        lambda: hessian_vector_product(y, [x], [1.0]),
    ):
        with pytest.raises(RuntimeError, match="stale"):
            differentiate()
    assert grad(y.forward(), x).data == 8


# Large graphs


@deep
def test_deep_graphs_need_no_recursion():
    x = Value(0.5)
    y = x
    for _ in range(20_000):
        y = y * 1.0
    assert grad(y, x).data == 1
    assert jacobian_vector_product([y], [x], [1.0])[0].data == 1


# The tester, tested


@contextlib.contextmanager
def primitive_of_a_test(compute, *slopes):
    """A primitive that is in the table for a short time only."""
    row = Primitive("of_a_test", "of_a_test", compute, slopes)
    try:
        yield row
    finally:
        del PRIMITIVES["of_a_test"]


def test_check_gradients_passes_a_right_rule():
    with primitive_of_a_test(math.sin, lambda out, x: cos(x)) as sine:
        check_gradients(sine, [0.7])
        check_gradients(lambda x, y: sine(x * y) + sine(x), [0.7, -0.3])
    check_gradients(rosenbrock, [-1.5, 2])
    check_gradients(lambda x: x**3, [0.0])
    check_gradients(lambda: Value(1.0), [])


def test_check_gradients_names_the_inputs_of_f():
    def f(x1, x2):
        assert (x1.label, x2.label) == ("x1", "x2")
        return x1 * x2

    check_gradients(f, [3.0, 4.0])


@pytest.mark.parametrize(
    ("slope", "received"),
    [
        (lambda out, x: -cos(x), -math.cos(0.5)),
        (lambda out, x: cos(x) * 1.00001, math.cos(0.5) * 1.00001),
        (lambda out, x: 0.0, 0.0),
    ],
    ids=["sign", "factor", "zero"],
)
def test_check_gradients_catches_a_wrong_rule(slope, received):
    """The message names the input, what was received, and what was expected."""
    with primitive_of_a_test(math.sin, slope) as sine, pytest.raises(AssertionError) as caught:
        check_gradients(lambda x, y: x * 2 + sine(y), [3.0, 0.5])
    message = str(caught.value)
    assert message.startswith("df/dx2, of input 2, is wrong: ")
    assert f"received {received!r} by reverse mode" in message
    assert f"expected {math.cos(0.5):.8f}"[:-1] in message
    assert "at the inputs [3.0, 0.5]" in message


def test_check_gradients_catches_a_rule_that_is_wrong_in_the_second_order_only():
    """For example a slope that is computed from numbers, and so forgets that it varies."""
    with primitive_of_a_test(math.sin, lambda out, x: math.cos(Value(x).data)) as sine:
        x = Value(0.5)
        assert grad(sine(x), x).data == math.cos(0.5)
        with pytest.raises(AssertionError) as caught:
            check_gradients(lambda x1, x2, x3: x2 + sine(x3), [3.0, 4.0, 0.5])
    message = str(caught.value)
    assert "d2f/dx3 dx3, of inputs 3 and 3, is wrong: received 0.0 by reverse mode over reverse mode" in message
    assert f"expected {-math.sin(0.5):.8f}"[:-1] in message


@pytest.mark.parametrize("slope", [math.nan, math.inf, -math.inf])
def test_check_gradients_catches_a_slope_that_is_not_finite(slope):
    """At once, and not by what follows from it in the second order."""
    message = f"df/dx1, of input 1, is wrong: received {slope} by reverse mode"
    with primitive_of_a_test(math.sin, lambda out, x: slope) as sine, pytest.raises(AssertionError, match=message):
        check_gradients(sine, [0.5])


@pytest.mark.parametrize(
    ("factor", "error", "words"),
    [
        (1.0, NotConvergedError, "d2f/dx1 dx1, of inputs 1 and 1, cannot be checked"),  # the first derivative passes
        (1.0001, AssertionError, "df/dx1, of input 1, is wrong"),
        (-1.0, AssertionError, "df/dx1, of input 1, is wrong"),
    ],
)
def test_check_gradients_judges_a_slope_whose_own_rounding_error_is_unknown(factor, error, words):
    """A floor above 2^53 is an integer whose neighbours are not floats; the differences of f say enough."""
    with primitive_of_a_test(
        lambda x: x * x / 2, lambda out, x: x * factor + p.floor_divide(x * 2.0**70, 1.0) * 0.0
    ) as half_square:
        x = Value(0.01)
        assert rounding_errors([grad(half_square(x), x)]) == [math.inf]
        with pytest.raises(error, match=words):
            check_gradients(half_square, [0.01])


def judgement(
    monkeypatch, first, second, *, slope, value=0.0, curvature=0.0, number=0.0, own=0.0, beside=0.0, tolerance=2.0**-26
):
    """Return what the checker says of a parabola, if the differences and the rounding of slopes are as given."""
    estimates = iter([[first], [second], [exact(beside)]])
    monkeypatch.setattr("autograd_lite.gradients.central_differences", lambda f, x: next(estimates))
    monkeypatch.setattr("autograd_lite.gradients.rounding_errors", lambda outputs: [own])
    try:
        check_gradients(lambda x: value + slope * (x - number) + curvature / 2 * (x - number) ** 2, [number], tolerance)
    except (AssertionError, NotConvergedError) as error:
        return re.search("d2?f/dx1", str(error))[0], type(error)
    return "passed"


def exact(number):
    return Estimate(number, 0.0, 0.0)


ROUGH_0 = Estimate(0.0, 0.0, 1.0)
NEAR_EXTREMUM = {"slope": 2.0**-44, "value": 0.25, "curvature": 4.0, "beside": 2.0**-44 + 1 / 16, "tolerance": 0.0}
RELATIVE_TO_FIRST = {"slope": 2.0, "number": 1024.0, "own": 2.0**-37}
ROUGH_NEAR_EXTREMUM = {"slope": 2.0**-44, "value": 1.0, "curvature": 1.0, "own": 1 / 64, "tolerance": 0.5}
WRONG, NOT_CONVERGED = ("df/dx1", AssertionError), ("df/dx1", NotConvergedError)
SECOND_NOT_CONVERGED = ("d2f/dx1", NotConvergedError)


def above(number):
    return math.nextafter(number, math.inf)


@pytest.mark.parametrize(
    ("first", "second", "facts", "outcome"),
    [
        # Wrong: off by more than 8 times the error, which is that of the differences and, if known, of the slope
        (Estimate(1.0, 2.0**-27, 0.0), exact(0.0), {"slope": 1 + 2.0**-24}, "passed"),
        (Estimate(1.0, 2.0**-27, 0.0), exact(0.0), {"slope": above(1 + 2.0**-24)}, WRONG),
        (Estimate(1.0, 2.0**-27, 0.0), exact(0.0), {"slope": 1 + 2.0**-24, "own": math.inf}, "passed"),
        (Estimate(1.0, 2.0**-27, 0.0), exact(0.0), {"slope": above(1 + 2.0**-24), "own": math.inf}, WRONG),
        (Estimate(1.0, 2.0**-27, 0.0), exact(0.0), {"slope": 1 + 1.5 * 2.0**-24, "own": 2.0**-28}, "passed"),
        (Estimate(1.0, 2.0**-27, 0.0), exact(0.0), {"slope": above(1 + 1.5 * 2.0**-24), "own": 2.0**-28}, WRONG),
        # Converged: to the tolerance, or to 3 times what rounding does
        (Estimate(1.0, 2.0**-26, 0.0), exact(0.0), {"slope": 2.0}, WRONG),
        (Estimate(1.0, above(2.0**-26), 0.0), exact(0.0), {"slope": 2.0}, NOT_CONVERGED),
        (Estimate(1.0, 3 * 2.0**-30, 2.0**-30), exact(0.0), {"slope": 2.0, "tolerance": 0.0}, WRONG),
        (Estimate(1.0, above(3 * 2.0**-30), 2.0**-30), exact(0.0), {"slope": 2.0, "tolerance": 0.0}, NOT_CONVERGED),
        # Near an extremum the differences show slopes of 64 epsilon sqrt(f f'') only
        (Estimate(0.0, 0.0, 2.0**-46), exact(4.0), NEAR_EXTREMUM, "passed"),
        (Estimate(0.0, 0.0, above(2.0**-46)), exact(4.0), NEAR_EXTREMUM, NOT_CONVERGED),
        # Beside it, the slope is not taken for 0 because it is rough
        (Estimate(0.0, 0.0, 2.0**-47), exact(1.0), ROUGH_NEAR_EXTREMUM, NOT_CONVERGED),
        # A second derivative counts relative to the first
        (exact(2.0), Estimate(0.0, 0.0, 2.0**-25 - 2.0**-37), RELATIVE_TO_FIRST, "passed"),
        (exact(2.0), Estimate(0.0, 0.0, 2.0**-25), RELATIVE_TO_FIRST, SECOND_NOT_CONVERGED),
        # It is 0 within 8 times its rounding error, if that is small relative to f / x^2 or f' / x
        *(
            (exact(slope), ROUGH_0, {"value": 2.0, "number": 0.25, "slope": slope, "own": own}, outcome)
            for slope, own, outcome in [
                (5.0, 2.0**-24, "passed"),
                (5.0, above(2.0**-24), SECOND_NOT_CONVERGED),
                (16.0, 2.0**-23, "passed"),
                (16.0, above(2.0**-23), SECOND_NOT_CONVERGED),
            ]
        ),
    ],
    ids=range(19),
)
def test_check_gradients_judges_slopes_by_these_errors(monkeypatch, first, second, facts, outcome):
    """The last number of each kind that passes, and the next float."""
    assert judgement(monkeypatch, first, second, **facts) == outcome


@pytest.mark.parametrize(
    ("facts", "most"),
    [
        ({"value": 1.0, "number": 0.0, "tolerance": 2.0**-30}, 2.0**-30 * 1e4),
        ({"value": 1.0, "number": 0.5, "tolerance": 2.0**-30}, 2.0**-30 * 2),
        ({"curvature": 4.0, "number": -2.0, "tolerance": 2.0**-30}, 2.0**-30 * 8),
        ({"value": 1.0, "number": 0.5, "tolerance": 0.0}, sys.float_info.min),
    ],
    ids=range(4),
)
def test_check_gradients_takes_a_slope_for_0_within_8_times_its_rounding_error(monkeypatch, facts, most):
    """If that is small relative to f / x or f'' x; the differences of f are too rough to show it."""
    second = exact(facts.get("curvature", 0.0))
    for slope, own, outcome in [
        (most, most / 8, "passed"),
        (above(most), most / 8, NOT_CONVERGED),
        (above(most), above(most / 8), NOT_CONVERGED),
    ]:
        assert judgement(monkeypatch, ROUGH_0, second, slope=slope, own=own, **facts) == outcome


def test_check_gradients_catches_slopes_in_the_wrong_order():
    with (
        primitive_of_a_test(lambda a, b: a / b, lambda o, a, b: -o / b, lambda o, a, b: 1 / b) as quotient,
        pytest.raises(AssertionError, match="df/dx1, of input 1"),
    ):
        check_gradients(quotient, [3.0, 2.0])


def test_check_gradients_is_not_deceived_by_an_infinite_slope_at_one_point():
    """1/x for the slope of x^2: at 0 the received number is inf, and a tolerance relative to it would be inf too."""
    with (
        primitive_of_a_test(lambda x: x * x, lambda out, x: p.divide(1.0, x)) as square,
        pytest.raises(AssertionError, match="received inf by reverse mode"),
    ):
        check_gradients(square, [0.0])


def test_check_gradients_keeps_its_tolerances():
    """A slope that is wrong by 1e-4 passes at a tolerance of 1e-3 and fails at one of 1e-5."""
    with primitive_of_a_test(math.exp, lambda out, x: out * 1.0001) as rough:
        check_gradients(rough, [0.5], relative_tolerance=1e-3)
        with pytest.raises(AssertionError):
            check_gradients(rough, [0.5], relative_tolerance=1e-5)


def test_a_central_difference_is_local():
    """Large steps agree with each other too, but on the slope far from the point."""
    [slope] = central_differences(lambda x: [Value(x) * (4 if abs(x) < 1e-4 else 3)], 0.0)
    assert slope.value == pytest.approx(4, rel=1e-9)


@pytest.mark.parametrize(
    ("x", "exponents"),
    [
        (0.0, [range(-3, -53, -2)]),
        (-0.25, [range(-3, -53, -2)]),  # 1/8, 1/32, ...: 25 steps
        (1.9, [range(-3, -53, -2)]),
        (2.0, [range(-2, -52, -2)]),
        (-1000.0, [range(6, -44, -2)]),  # 64 is between 1000 / 16 and 1000 / 8
        (0.124, [range(-3, -53, -2), range(-5, -55, -2)]),
        (1e-3, [range(-3, -53, -2), range(-11, -61, -2)]),  # 2^-11 is between 1e-3 / 4 and 1e-3
        (-1e-100, [range(-3, -53, -2), range(-67, -333, -16), range(-333, -383, -2)]),
        (1e-310, [range(-3, -53, -2), range(-67, -1031, -16), range(-1031, -1060, -2)]),  # a float has few digits there
    ],
)
def test_the_steps_of_the_central_differences(x, exponents):
    met = []
    central_differences(lambda point: [met.append(point) or Value(point)], x)
    steps = sorted({2.0**exponent for part in exponents for exponent in part}, reverse=True)
    assert met == [x, *[point for step in steps for point in (x - step, x + step)]]


def extrapolated(differences, bends, rounding=0.0):
    """The estimates from samples around 0, with steps 1, 1/4, 1/16, ..., and these differences and bends."""
    widths = [4.0**-row for row in range(len(differences))]
    samples = [
        [Sample(sign * width / 2, (bend + sign * difference * width) / 2, rounding) for sign in (-1, 1)]
        for width, difference, bend in zip(widths, differences, bends, strict=True)
    ]
    return list(_extrapolated(0.0, samples))


def test_estimates_have_up_to_six_columns_and_the_two_smallest_steps_only_contradict():
    """A straight line: all agree, and the first column alone might by chance."""
    columns = [column for row in range(10) for column in range(min(row, 6))]
    assert extrapolated([1.0] * 12, [0.0] * 12) == [Estimate(1.0, 1e-9 * (column == 0), 2.0**-51) for column in columns]


@pytest.mark.parametrize(
    ("samples", "most"),
    [
        # Rough: bends that shrink less than half as fast as the square of the step
        (lambda n: ([1, 1, 1, 1], [16, 1, 1 / 8 + n, 0]), 1e-3 / 4),  # relative to the change
        (lambda n: ([0, 0, 0, 0], [16, 1, 1 / 8 + n, 0], 2.0**-20), 8 * 2.0**-19),  # and to rounding
        # A kink: a bend that shrinks less than twice as fast as the step
        (lambda n: ([1, 1, 1, 1], [16, n, 0, 0]), 2),
        (lambda n: ([1, 1, 1, 1], [0, n, 0, 0]), 1e-3 / 4),
        (lambda n: ([0, 0, 0, 0], [0, n, 0, 0], 2.0**-20), 8 * 2.0**-19),
        # Contradicted: a smaller step is twice as far from the estimate, which is 16, as the step before was
        (lambda n: ([0, 15, 16 + n, 16], [0, 0, 0, 0]), 32),
        (lambda n: ([0, 15, 16 - n, 16], [0, 0, 0, 0]), 32),
        (lambda n: ([0, 0, n, 0], [0, 0, 0, 0], 2.0**-20), 8 * 2.0**-19 * 16),
    ],
    ids=range(8),
)
def test_estimates_are_left_out_beyond_these_bounds(samples, most):
    assert len(extrapolated(*samples(0.99 * most))) == 1
    assert extrapolated(*samples(1.01 * most)) == []


def test_the_error_of_an_estimate_counts_bends_twice():
    for more, error in [(1e-4, 2e-4 / (1 / 4)), (-1 / 8, 0.0)]:
        [estimate] = extrapolated([1, 1, 1, 1], [16, 1, 1 / 8 + more, 0])
        assert estimate.error == pytest.approx(error + 1e-9, rel=1e-6)


@pytest.mark.parametrize("x", [1e-3, -3e-3, 0.02, -0.06, 0.1, 700.0])
def test_each_step_of_the_central_differences_is_at_most_a_quarter_of_the_one_before(x):
    """As extrapolation needs, whichever power of 2 is next to x."""
    met = []
    central_differences(lambda point: [met.append(abs(point - x)) or Value(point)], x)
    steps = sorted({float(f"{step:.6g}") for step in met if step > 1e-7 * abs(x)}, reverse=True)
    assert len(steps) > 8
    assert all(after <= 0.2501 * step for step, after in itertools.pairwise(steps))


def test_rounding_errors_are_the_largest_of_three_tries():
    seen = []
    with primitive_of_a_test(lambda x: seen.append(x) or x, lambda out, x: 1.0) as identity:
        error = rounding_errors([identity(Value(1.5) / 3.0)])[0]
    assert len(seen) == 4  # once for the graph itself
    assert error >= max(abs(x - 0.5) for x in seen) > 0


@pytest.mark.parametrize(
    ("x", "error"), [(2.0**53 - 1, 0.0), (2.0**53, math.inf), (-(2.0**53), math.inf), (1 - 2.0**53, 0.0)]
)
def test_integers_have_no_rounding_error_until_their_neighbours_are_not_floats(x, error):
    assert rounding_errors([p.floor_divide(Value(x), 1.0)]) == [error]


@pytest.mark.parametrize("count", [100, 400, 900])
def test_random_rounding_errors_add_up_like_a_random_walk(count):
    """Errors uniform in -1 .. 1 have variance 1/3, in units of the last place; they cancel but for the root of n."""
    x = Value(1.5)
    for _ in range(count):
        x = x * 1.0
    sigma = math.sqrt(count / 3) * math.ulp(1.5)
    assert 0.3 * sigma < rounding_errors([x])[0] < 4 * sigma


@pytest.mark.parametrize("x", [-3.0, -0.5, 0.0, 0.5, 3.0])
def test_central_differences_are_good_to_ten_digits(x):
    estimates = central_differences(lambda x: [sin(Value(x)), Value(x) ** 3, Value(x).atan()], x)
    for estimate, true in zip(estimates, [math.cos(x), 3 * x * x, 1 / (1 + x * x)], strict=True):
        assert estimate.value == pytest.approx(true, rel=1e-9, abs=1e-10)
        assert abs(estimate.value - true) <= estimate.error + estimate.rounding < 1e-8


EXTREME = [
    ("log", 1e-10), ("log", 3e9), ("log", 1e-100), ("sqrt", 1e-7), ("sqrt", 1e200), ("relu", 1e-9), ("relu", -1e-12),
    ("relu", 1e-20), ("abs", -1e-15), ("atanh", 0.9999999), ("asin", -0.9999999), ("acosh", 1.0000001), ("exp", 300.0),
    ("tanh", 30.0), ("cos", 1e-12), ("sin", math.pi / 2), ("sin", 1e5),
    ("sin", 1e12), ("cos", -5e11),
    ("cbrt", 1e-18), ("log1p", -0.9999),
]  # fmt: skip


@pytest.mark.parametrize(("name", "x"), EXTREME)
def test_check_gradients_passes_what_is_right_near_an_edge_or_at_an_extreme_scale(name, x):
    check_gradients(p.PRIMITIVES[name], [x])
    check_gradients(lambda v: 1 / v, [x])


@pytest.mark.parametrize(
    ("f", "numbers"),
    [
        (p.relu, [0.0]),
        (abs, [0.0]),
        (lambda x: p.relu(x - 3), [3.0]),
        (p.maximum, [1.0, 1.0]),
        (p.sqrt, [0.0]),
        (p.cbrt, [0.0]),
        (p.log, [5e-324]),
        (lambda x: x // 1, [2.0]),
        (lambda x: x + 1e16, [1.0]),
        (lambda x: sin(1e9 * x), [0.7]),
        (lambda x: x * abs(x), [0.0]),
        (lambda x: x // 1, [57.0]),
        (lambda x: x % 1, [300.0]),
        (p.cos, [1e15]),
        (p.tan, [-1e50]),
    ],
    ids=range(15),
)
def test_check_gradients_says_where_it_cannot_check(f, numbers):
    with pytest.raises(NotConvergedError, match=r"inputs? 1.* cannot be checked: .* at the inputs \["):
        check_gradients(f, numbers)


@pytest.mark.parametrize("x", [1e-9, 1e-3, 0.5, 1.5, 1.57, 3.0, 100.0])
@pytest.mark.parametrize("wrong", [1e-7, -1e-7])
def test_check_gradients_catches_a_slope_that_is_wrong_by_1e_7(x, wrong):
    with primitive_of_a_test(math.sin, lambda out, x: cos(x) * (1 + wrong)) as sine:
        for scale in (1.0, 1e-8, 1e8):
            with pytest.raises(AssertionError, match="df/dx1, of input 1, is wrong"):
                check_gradients(lambda v, scale=scale: scale * sine(v), [x])


def test_check_gradients_knows_that_f_may_underflow():
    check_gradients(lambda x, y: (x / y).atan(), [1e-150, 1e150])
    check_gradients(lambda x, y: x * y, [2.65e-41, 2.2e-309])
    check_gradients(lambda x: 1 / x, [1e200])


@pytest.mark.parametrize(
    ("f", "numbers"),
    [
        (lambda x: x * 0 + 3, [2.0]),
        (lambda x: sin(x) ** 2 + cos(x) ** 2, [1.3]),
        (lambda x: p.relu(x) + 1, [-3.0]),
        (lambda w: (w * 2 - 3) ** 2, [1.5]),
        (lambda w: (w * 0.7 - 2.1) ** 2, [3.0]),
        (lambda x: (x - 7e5) ** 2 + 1, [7e5]),
        (cos, [math.pi]),
        (cos, [0.0]),
        (lambda x: 1e-9 * cos(1e9 * x), [1e-13]),
        (lambda x, y: x**2 + 0 * y, [0.0, 1.0]),
        (rosenbrock, [1.0, 1.0]),
    ],
    ids=range(11),
)
def test_check_gradients_passes_where_f_is_constant_or_has_a_minimum(f, numbers):
    check_gradients(f, numbers)


@pytest.mark.parametrize(
    ("f", "numbers"),
    [
        (p.tanh, [9.7]),
        (p.tanh, [-14.1]),
        (lambda x: (x + 3) * p.tanh(x), [12.0]),
        (p.sigmoid, [-25.0]),
        (lambda x: sin(1e9 * x), [1e-30]),
        (lambda x: p.cos(3e8 * x + 1), [2e-40]),
        (p.sin, [-5.877e35]),
        (p.tan, [1.41e42]),
        (p.REMAINDER, [-6.3e299, 1.1e-136]),
        (p.REMAINDER, [-4.5263213254593125e154, 7.829410831099692e-67]),
        (p.floor_divide, [2.4e120, 3.5e-117]),
        (p.cbrt, [5.6e-217]),
    ],
    ids=range(12),
)
def test_check_gradients_calls_no_right_gradient_wrong(f, numbers):
    """Rounding hides these, all or in part: the second derivative of tanh, for example, is computed from 1 - o*o."""
    with contextlib.suppress(NotConvergedError):
        check_gradients(f, numbers)


@pytest.mark.parametrize("wrong", [1e-7, -1e-5, 1e-3, -1.0])
@pytest.mark.parametrize(
    ("name", "x"), [("sigmoid", 20.0), ("erf", 5.0), ("tanh", 12.0), ("tanh", -9.0), ("atan", 1e9), ("softplus", -3.0)]
)
def test_check_gradients_never_passes_a_wrong_slope_that_rounding_hides(name, x, wrong):
    """It calls the slope wrong if the difference shows; otherwise it says that it cannot check."""
    row = PRIMITIVES[name]
    with primitive_of_a_test(row.compute, lambda out, x: row.slopes[0](out, x) * (1 + wrong)) as rough:
        with pytest.raises((AssertionError, NotConvergedError)) as caught:
            check_gradients(rough, [x])
        assert caught.type is AssertionError or abs(wrong) < 1


@pytest.mark.parametrize("factor", [1 + 1e-6, 1.001, 2.0, -1.0, 0.5])
@pytest.mark.parametrize("x", [1e-14, -2e-18, 3e-24, math.pi, -2 * math.pi])
def test_check_gradients_catches_a_wrong_slope_that_an_extremum_hides(x, factor):
    """The differences are 0 to rounding, but beside the extremum they show the slope."""
    with (
        primitive_of_a_test(math.cos, lambda out, x: -sin(x) * factor) as cosine,
        pytest.raises(AssertionError, match=r"df/dx1, of input 1, increased to .* is wrong: received ") as caught,
    ):
        check_gradients(cosine, [x])
    beside = float(re.search("increased to (.*), is wrong", str(caught.value))[1])
    assert beside - x == pytest.approx(math.sqrt(1 / abs(factor)) / 16, rel=1e-7)  # from the curvature, wrong as it is
    check_gradients(cos, [x])


@pytest.mark.parametrize("factor", [1.0, 0.5, -0.5])
def test_check_gradients_does_not_take_a_slope_for_0_because_it_is_computed_roughly(factor):
    with (
        primitive_of_a_test(math.sin, lambda out, x: (1e13 + factor * cos(x)) - 1e13) as rough,
        pytest.raises(NotConvergedError, match="df/dx1, of input 1, cannot be checked"),
    ):
        check_gradients(rough, [math.acos(3e-3)])


HIDDEN = {name: (PRIMITIVES[name].compute, PRIMITIVES[name].slopes[0]) for name in ("sigmoid", "erf", "atan")}
HIDDEN["square"] = (lambda x: x * x, lambda out, x: 2 * x)


@pytest.mark.parametrize("factor", [1.0, 1.5, -3.0, 1e-5])
@pytest.mark.parametrize(
    ("name", "x"), [("sigmoid", 40.0), ("erf", 7.0), ("atan", 1e20), ("atan", -1e30), ("square", 1e-200)]
)
def test_check_gradients_never_passes_a_slope_that_no_difference_shows(name, x, factor):
    """f returns the same number all around, or underflows; the claimed slope may be right or wrong, but not 0."""
    compute, slope = HIDDEN[name]
    with (
        primitive_of_a_test(compute, lambda out, x: slope(out, x) * factor) as hidden,
        pytest.raises(NotConvergedError, match="df/dx1, of input 1, cannot be checked"),
    ):
        check_gradients(hidden, [x])


@pytest.mark.parametrize("act", [p.tanh, p.sigmoid, p.relu, p.softplus], ids=lambda act: act.__name__)
def test_check_gradients_passes_the_loss_of_a_network(act):
    """Small entries count relative to the largest; some are exactly 0."""
    weights = [0.3, -1.2, 0.8, -0.5, 0.9, 1.1, 0.2, -0.7]

    def loss(*w):
        hidden = [act(w[0] + w[1] * 0.4 + w[2] * -1.3), act(w[3] + w[4] * 0.4 + 0 * w[5])]
        return (act(w[6] + w[7] * hidden[0] + w[5] * hidden[1]) - 1) ** 2

    check_gradients(loss, weights)


def test_check_gradients_is_not_deceived_by_a_staircase():
    """The slope of 2.42 % b is a staircase in b; for two steps, its differences agree by chance."""
    check_gradients(p.REMAINDER, [2.4219400452141544, 0.3])
    check_gradients(p.REMAINDER, [-2.3130334639102745, 0.3])


def test_check_gradients_leaves_out_points_at_which_f_raises_an_exception():
    def logarithm(x):
        if not x > 0:
            raise ValueError("x must be positive")
        return log(x)

    check_gradients(logarithm, [0.01])
    with pytest.raises(ValueError, match="x must be positive"):
        check_gradients(logarithm, [-1.0])


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda x: jacobian(x * x, [x]), r"outputs must be a sequence of Values, received one Value: write \[value\]"),
        (lambda x: hessian(x * x, x), "inputs must be a sequence of Values, received one Value"),
        (lambda x: forward_mode([x * x], [x]), "seeds must be a dict of a tangent for each input, not list"),
        (lambda x: forward_mode([x * x], {constant(2.0): 1.0}), "seeds must be variables, .* the constant 2.0"),
        (lambda x: jacobian_vector_product([x * x], [x], ["a"]), "entry 1 of vector must be a real number"),
        (
            lambda x: vector_jacobian_product([x * x], [x], 1.0),
            "vector must be a sequence of numbers or Values, not float",
        ),
        (lambda x: check_gradients(lambda v: v, 3.0), "inputs must be a sequence of numbers, not float"),
        (lambda x: check_gradients(lambda v, w: v * w, [1.0, "a"]), "input 2 must be a real number .* not str"),
        (lambda x: check_gradients(lambda v: 1.0, [1.0]), "f must return a Value, received float: 1.0"),
        (lambda x: derivative(5, x, 0), "output must be a Value, not int: 5"),
        (lambda x: grad(9.0, x), "output must be a Value, not float: 9.0"),
        (lambda x: grad(x * x, [3.0]), "number 1 of inputs must be a Value, not float: 3.0"),
        (lambda x: grad(x * x, [x, constant(2.0)]), "inputs must be variables, but input 2 is the constant 2.0"),
        (lambda x: grad(x * x, 3.0), "inputs"),
        (lambda x: grad(x * x, None), "inputs"),
        (lambda x: jacobian([9.0], [x]), "number 1 of outputs must be a Value, not float: 9.0"),
        (lambda x: jacobian_vector_product([9], [x], [1.0]), "number 1 of outputs must be a Value, not int: 9"),
    ],
)
def test_messages_name_the_argument_and_what_came(call, message):
    with pytest.raises(TypeError, match=message):
        call(Value(2.0))


@pytest.mark.parametrize("build", [lambda x: x.sqrt() * 0, lambda x: 0 * x.log(), lambda x: (x.log() * 0).exp()])
def test_the_gradient_as_a_graph_is_nan_where_backward_is(build):
    """0 * inf is nan by IEEE 754, in both."""
    x = Value(0.0)
    with pytest.warns(RuntimeWarning, match="a gradient is nan"):
        build(x).backward()
    assert math.isnan(x.grad)
    assert math.isnan(grad(build(x), x).data)


@pytest.mark.parametrize(
    ("f", "x"),
    [
        (lambda v: v.sin(), 1000.0),
        (lambda v: v.exp(), 700.0),
        (lambda v: v.log(), 0.02),
        (lambda v: 1 / v, 0.03),
        (lambda v: (30 * v).tanh(), 0.01),
    ],
)
def test_check_gradients_finds_no_fault_where_the_scale_is_large_or_small(f, x):
    check_gradients(f, [x])


def test_a_long_sum_is_differentiated_in_linear_time():
    """Each slope is a number: no call unpacks all terms. Quadratic, this would take minutes."""
    terms = [Value(float(i)) for i in range(100_000)]
    add(*terms).backward()
    assert all(term.grad == 1.0 for term in terms)
