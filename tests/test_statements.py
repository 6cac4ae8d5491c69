"""Graphs as statements: what is merged, folded, dropped and simplified, in which order, under which names."""

import contextlib
import copy
import io
import itertools
import math
import pickle

import numpy as np
import pytest
from anywhere.test_primitives import SPECIAL, bits
from hypothesis import given, settings
from hypothesis import strategies as st
from programs import random_case

import autograd_lite
from autograd_lite import PRIMITIVES, Value, add, constant, grad, tanh
from autograd_lite.graph import TracingError
from autograd_lite.primitives import CONSTANT, LEAF
from autograd_lite.program.statements import Recorder, trace
from autograd_lite.value import topological_order

inf, nan = math.inf, math.nan
negative = PRIMITIVES["negative"]


def traced(outputs, inputs=(), parameters=(), gradients=False, max_nodes=1_000_000):
    return trace(outputs, inputs, parameters, gradients=gradients, max_nodes=max_nodes)


def names(statements):
    """The names of all operations."""
    return [op.name for op in statements.ops]


def computed(statements):
    """The operations, without leaves and constants."""
    return [op.name for op in statements.ops if op not in {LEAF, CONSTANT}]


def run(statements, leaves):
    """The number of each statement, by the table of primitives alone."""
    numbers = list(leaves)
    for position in range(len(leaves), len(statements)):
        if position in statements.numbers:
            numbers.append(statements.numbers[position])
        else:
            arguments = [numbers[argument] for argument in statements.arguments[position]]
            numbers.append(statements.ops[position].evaluate(arguments))
    return numbers


def outputs_of(statements, leaves):
    numbers = run(statements, leaves)
    return [numbers[position] for position in statements.outputs]


def leaves(*labels):
    return [Value(float(number), label) for number, label in enumerate(labels, start=2)]


# Merging


@pytest.mark.parametrize("name", sorted(n for n, row in PRIMITIVES.items() if row.arity != 0 and not row.composite))
def test_equal_statements_are_one_and_commutative_ones_in_either_order(name):
    x, y = leaves("x", "y")
    row = PRIMITIVES[name]
    arguments = [x] if row.arity == 1 else [x, y]
    assert computed(traced([row(*arguments), row(*arguments)], [x, y])) == [name]
    if len(arguments) == 2:
        statements = traced([row(x, y), row(y, x)], [x, y])
        assert computed(statements) == [name] * (1 if row.commutative else 2)
        if row.commutative:
            for a, b in itertools.product(SPECIAL, repeat=2):
                assert bits(row.compute(a, b)) == bits(row.compute(b, a)), (a, b)


def test_merging_goes_on_through_what_was_merged():
    x, y = leaves("x", "y")
    statements = traced([tanh(x * y) + 1, 1 + tanh(y * x)], [x, y])
    assert computed(statements) == ["multiply", "tanh", "add"]
    assert statements.outputs == [statements.outputs[0]] * 2


def test_a_sum_of_three_terms_in_another_order_is_another_sum():
    """It is rounded otherwise: 1e16 + 1 - 1e16 is 0, and 1e16 - 1e16 + 1 is 1."""
    x, y, z = leaves("x", "y", "z")
    statements = traced([add(x, y, z), add(x, z, y)], [x, y, z])
    assert outputs_of(statements, [1e16, 1.0, -1e16]) == [0.0, 1.0]


# Constants


def test_constants_are_folded_by_the_table():
    x, c = Value(2.0, "x"), constant(3.0)
    statements = traced([c.exp() * 2 - c, x + c.log() / 0.0], [x])
    assert computed(statements) == ["add"]
    assert outputs_of(statements, [2.0]) == [math.exp(3.0) * 2 - 3.0, inf]


def test_equal_constants_are_one_but_zero_is_not_minus_zero_and_nan_is_nan():
    x = Value(2.0, "x")
    statements = traced([x * number for number in (0.0, -0.0, 0.0, 5.0, 5, nan, nan)], [x])
    assert [bits(number) for number in statements.numbers.values()] == list(map(bits, (0.0, -0.0, 5.0, nan)))
    received = outputs_of(statements, [-2.0])
    assert list(map(bits, received)) == list(map(bits, (-0.0, 0.0, -0.0, -10.0, -10.0, nan, nan)))


def test_an_input_that_is_a_constant_is_not_folded():
    c = constant(3.0, "c")
    statements = traced(c * 2, [c])
    assert names(statements) == ["leaf", "constant", "multiply"]
    assert outputs_of(statements, [5.0]) == [10.0]


# Simplifications

RULES = [
    # what is written, the operations that are left of it
    (lambda x, y: x * 1.0, []),
    (lambda x, y: 1.0 * x, []),
    (lambda x, y: x * -1.0, ["negative"]),
    (lambda x, y: -1.0 * x, ["negative"]),
    (lambda x, y: x + -y, ["subtract"]),
    (lambda x, y: -x + y, ["subtract"]),
    (lambda x, y: -x + -y, ["negative", "subtract"]),
    (lambda x, y: negative(negative(x)), []),
    (lambda x, y: negative(negative(negative(x))), ["negative"]),
    (lambda x, y: -1.0 * -x, []),
    (lambda x, y: x / 1.0, []),
    (lambda x, y: x**1, []),
    (lambda x, y: x**2, ["multiply"]),
    (lambda x, y: x**-1, ["divide"]),
]


@pytest.mark.parametrize(("expression", "left"), RULES)
def test_a_simplification_changes_no_bit(expression, left):
    x, y = leaves("x", "y")
    root = expression(x, y)
    statements = traced(root, [x, y])
    assert computed(statements) == left
    for numbers in itertools.product([*SPECIAL, 0.1, -0.7, 1e-5, 3.3e7], repeat=2):
        x.data, y.data = numbers
        assert bits(outputs_of(statements, numbers)[0]) == bits(root.forward().data), numbers


@given(st.floats())
@settings(max_examples=500)
def test_small_powers_are_products_that_are_as_exact(x):
    """A cube is rounded twice: within 1.5 ulp of the power, with the same infinities, nan and signs."""
    node = Value(2.0, "x")
    statements = traced([node**2, node**3, node**-1], [node])
    assert computed(statements) == ["multiply", "multiply", "divide"]
    for received, exponent in zip(outputs_of(statements, [x]), (2.0, 3.0, -1.0), strict=True):
        expected = PRIMITIVES["power"].compute(x, exponent)
        if not math.isfinite(expected) or expected == 0:
            assert bits(received) == bits(expected) or abs(received) in {5e-324, 1.7976931348623157e308}
        else:
            assert abs(received - expected) <= 2 * math.ulp(expected)


def test_what_is_not_simplified():
    """x * 0 may be nan, x + 0 turns -0 into 0, x / x may be nan, x - x too, and 1.5 is not an integer power."""
    x, y = leaves("x", "y")
    kept = [x * 0.0, x + 0.0, x / x, x - x, x**1.5, x**0, 1.0 / x, x / -1.0, add(x, -x, y), x * 2.0, x**-2, x**4]
    for root in kept:
        assert root.op.name in computed(traced(root, [x, y])) or root.op.name == "add"
    statements = traced(kept, [x, y])
    for numbers in itertools.product(SPECIAL, repeat=2):
        x.data, y.data = numbers
        expected = [bits(root.forward().data) for root in kept]
        assert list(map(bits, outputs_of(statements, numbers))) == expected, numbers


@pytest.mark.parametrize("seed", range(30))
def test_statements_of_random_graphs_compute_what_the_graph_does(seed):
    """Up to the cubes, nothing that was merged, folded or simplified changes a number by more than rounding."""
    inputs, parameters, root, scale = random_case(seed)
    statements = traced(root, inputs, parameters, gradients=True)
    root.backward()
    numbers = run(statements, [leaf.data for leaf in (*inputs, *parameters)])
    received = [numbers[position] for position in (*statements.outputs, *statements.totals)]
    expected = [root.data, *(leaf.grad for leaf in inputs), root.data, *(leaf.grad for leaf in parameters)]
    assert received == pytest.approx(expected, rel=1e-12, abs=1e-12 * scale)


# Dead statements, order


def test_dead_statements_are_dropped_but_leaves_stay():
    x, w, unused = leaves("x", "w", "unused")
    statements = traced(x * w, [x, unused], [w], gradients=True)
    assert names(statements) == ["leaf", "leaf", "leaf", "multiply", "constant"]
    assert statements.outputs == [3, 2, 4]
    assert statements.totals == [3, 0]
    assert statements.numbers == {4: 0.0}
    assert statements.backward == 4
    without = traced([x * w, (x * w) ** 0 * 0.0 + x], [x], [w])
    assert computed(without) == ["multiply", "power", "multiply", "add"]
    assert names(traced([x], [x], [w])) == ["leaf", "leaf"]


def test_the_backward_pass_begins_after_what_is_left_of_the_forward_pass():
    """-y is dropped where x + -y becomes x - y."""
    x, y = leaves("x", "y")
    statements = traced(tanh(x + -y) * 3, [x, y], gradients=True)
    assert sorted(names(statements)[: statements.backward]) == sorted(
        ["leaf", "leaf", "subtract", "tanh", "constant", "multiply"]
    )
    assert statements.operations > 3


def test_constants_that_are_parameters_have_no_total():
    x, c, w = Value(2.0, "x"), constant(3.0, "c"), Value(4.0, "w")
    statements = traced(x * w * c, [x], [c, w], gradients=True)
    numbers = run(statements, [2.0, 3.0, 4.0])
    assert [numbers[position] for position in statements.totals] == [24.0, 6.0]
    assert statements.variables == [1]


def test_every_statement_is_used():
    for seed in range(30):
        inputs, parameters, root, _ = random_case(seed)
        statements = traced(root, inputs, parameters, gradients=True)
        first = len(inputs) + len(parameters)
        assert all(statements.uses()[position] for position in range(first, len(statements)))
        places = enumerate(statements.arguments)
        assert all(argument < position for position, arguments in places for argument in arguments)
        assert statements.operations == len(computed(statements))


def test_the_order_of_outputs_and_totals():
    x, y, w, v = leaves("x", "y", "w", "v")
    roots = [x * w + y * v, x * y, w]
    statements = traced(roots, [y, x], [v, w], gradients=True)
    numbers = run(statements, [5.0, 7.0, 11.0, 13.0])  # y, x, v, w
    assert [numbers[position] for position in statements.outputs] == [146.0, 35.0, 13.0, 11.0, 13.0]
    assert [numbers[position] for position in statements.totals] == [146.0, 5.0, 7.0]
    assert statements.varying()[:4] == [True, True, False, False]


def test_inputs_that_are_constants_have_no_gradient():
    x, y, w = Value(2.0, "x"), constant(3.0, "y"), Value(4.0, "w")
    statements = traced((x * w - y) ** 2, [y, x], [w], gradients=True)
    assert len(statements.outputs) == 2
    assert outputs_of(statements, [3.0, 2.0, 4.0]) == [25.0, 40.0]
    assert traced(x * w, [x], [w]).totals == []


def test_uses_count_arguments_outputs_and_totals():
    x, w = leaves("x", "w")
    statements = traced([x * x, x], [x], [w], gradients=False)
    assert statements.uses() == {0: 3, 2: 1}
    both = traced(x * w, [x], [w], gradients=True)  # d_x = w, and the totals x w and x
    assert both.uses() == {0: 2, 1: 2, 2: 2}


# Names


def test_statements_and_adjoints_are_called_by_the_labels():
    w, o = Value(2.0, "w^(1)_{1,1}"), Value(3.0, "o_1^(0)")
    s = w * o
    s.label = "s_1^(1)"
    e = (tanh(s) - 1) ** 2
    e.label = "e"
    statements = traced(e, [o], [w], gradients=True)
    names = {name: statements.ops[position].name for position, name in statements.names.items()}
    assert names == {
        "o_1^(0)": "leaf", "w^(1)_{1,1}": "leaf", "s_1^(1)": "multiply", "e": "multiply",
        "delta_1^(1)": "multiply", "d_o_1^(0)": "multiply", "d_w^(1)_{1,1}": "multiply",
    }  # fmt: skip
    delta = next(position for position, name in statements.names.items() if name == "delta_1^(1)")
    numbers = run(statements, [3.0, 2.0])
    assert numbers[delta] == pytest.approx(2 * (math.tanh(6) - 1) * (1 - math.tanh(6) ** 2), rel=1e-14)


def test_the_first_of_two_names_of_one_statement_is_kept_and_constants_have_none():
    x = Value(2.0, "x")
    first, second, number = x + 1, 1 + x, constant(5.0, "five")
    first.label, second.label = "first", "second"
    assert list(traced([first, second, x * number], [x]).names.values()) == ["x", "first"]


# Equality


def test_statements_are_equal_whatever_the_names_and_all_else_counts():
    def statements(f, inputs=1, parameters=1, gradients=True, order=1):
        values = [Value(2.0 + i, f"v{i}") for i in range(inputs + parameters)]
        root = f(*values)
        return traced(root, values[:inputs], values[inputs:][::order], gradients=gradients)

    f = lambda x, w: (x * w + 2.0).tanh()
    assert statements(f) == statements(lambda x, w: (x * w + 2.0).tanh())
    others = [
        statements(lambda x, w: (x * w + 3.0).tanh()),
        statements(lambda x, w: (x * w - 2.0).tanh()),
        statements(lambda x, w: (w / x + 2.0).tanh()),
        statements(f, gradients=False),
        statements(f, inputs=2, parameters=0),
        statements(f, inputs=0, parameters=2),
        statements(lambda x, w: [(x * w + 2.0).tanh(), x]),
        statements(lambda x, w: (x * w + 0.0).tanh()),
        statements(lambda x, w: (x * w + -0.0).tanh()),
        statements(lambda x, w, v: (x * w + 2.0).tanh() * v, parameters=2),
        statements(lambda x, w, v: (x * w + 2.0).tanh() * v, parameters=2, order=-1),
    ]
    assert len({statements(f), *others}) == len(others) + 1


# Tracing a function


ASK = {
    "data": lambda v: v.data,
    "grad": lambda v: v.grad,
    "backward": lambda v: (v**3).backward(),
    "float": float,
    "bool": bool,
    "math": math.sqrt,
    "Value": Value,
    "greater": lambda v: v > 1,
    "equal": lambda v: v == 1.0,
    "in": lambda v: v in [1.0, 2.0],
    "max": lambda v: max(0, v),
    "sorted": lambda v: sorted([v, v * 2]),
    "repr": repr,
    "str": str,
    "format": format,
    "digits": lambda v: format(v, ".2f"),
    "f-string": lambda v: f"{v}",
    "percent": lambda v: "%s" % v,  # noqa: UP031
    "list": lambda v: str([v]),
    "print": lambda v: print(v, file=io.StringIO()),
    "explain": lambda v: autograd_lite.explain(v * 2),
    "steps": lambda v: autograd_lite.backward_steps(v * 2)[0].slope,
    "paths": lambda v: autograd_lite.paths(v * v, v)[0].product,
    "explain_paths": lambda v: autograd_lite.explain_paths(v * v, v),
    "set": lambda v: setattr(v, "data", 3.0),
    "pickle": pickle.dumps,
    "array": lambda v: np.zeros(1) + np.array([v], dtype=float),
    "check": lambda v: autograd_lite.check_gradients(lambda x: x * x, [1.0]),
}
"""Ways to ask a Value for its number."""


@pytest.mark.parametrize("ask", ASK.values(), ids=ASK)
@pytest.mark.parametrize("made", [lambda x: x, lambda x: x * 2 - 1], ids=["input", "result"])
def test_a_traced_function_is_refused_the_numbers(ask, made):
    """Also if it catches the exception; afterwards, and of another thread, nothing is refused."""
    x = Value(2.0, "x")

    def f(x):
        with contextlib.suppress(TypeError, ValueError):
            ask(made(x))
        return x * x

    with pytest.raises(TracingError, match="a Value cannot be asked for its number while a function is traced"):
        traced(f, [x])
    assert (x.data, x.grad, f"{x:.1f}", repr(x)) == (2.0, 0.0, "2.0", "Value(data=2.0, grad=0.0, label='x')")


KEPT = {
    "label": lambda v: v.label + v.op.name + str(v.level),
    "identity": lambda v: (v == v, v in [v], hash(v), {v: v}[v]),
    "deepcopy": copy.deepcopy,
    "grad": lambda v: grad(v * v, v),
    "has_grad": lambda v: v.has_grad,
}


@pytest.mark.parametrize("ask", KEPT.values(), ids=KEPT)
def test_a_traced_function_may_ask_for_what_is_not_a_number(ask):
    assert computed(traced(lambda x: [ask(x), x * x][1], leaves("x"))) == ["multiply"]


WRONG = {
    "label must be text, not Value": lambda v: Value(1.0, v),
    "argument 2 of \\* must be a real number .*, not list": lambda v: v * [v],
    "root must be a Value, not list": lambda v: topological_order([v]),
    "inputs must be a sequence of Values, received one": lambda v: autograd_lite.jacobian([v], v),
    "is neither among the inputs": lambda v: autograd_lite.compile_program(v * Value(5.0), [v]),
}


@pytest.mark.parametrize("message", WRONG)
def test_what_is_wrong_in_a_traced_function_is_said_though_it_is_about_a_value(message):
    with pytest.raises((TypeError, ValueError), match=message) as info:
        traced(WRONG[message], leaves("x"))
    assert info.type is not TracingError


def test_a_gradient_within_a_traced_function_holds_for_all_numbers():
    """Nothing is left out of it because a factor is finite at the recorded number."""
    [x] = leaves("x")
    for function in (
        lambda x: grad(autograd_lite.sqrt(x) * 0.0, x),
        lambda x: autograd_lite.jacobian_vector_product([autograd_lite.sqrt(x) * 0.0], [x], [1.0])[0],
    ):
        statements = traced(function, [x])
        assert math.isnan(outputs_of(statements, [0.0])[0])
        assert outputs_of(statements, [4.0]) == [0.0]


@pytest.mark.parametrize("outputs", [lambda x: (x * float(x.data) for _ in "ab"), lambda x: map(abs, [x, max(0, x)])])
def test_outputs_that_are_made_when_they_are_asked_for_are_traced_too(outputs):
    with pytest.raises(TracingError):
        traced(outputs, leaves("x"))
    assert computed(traced(lambda x: (f(x) for f in (abs, tanh)), leaves("x"))) == ["abs", "tanh"]


def test_a_slope_that_branches_on_a_number_is_refused():
    [x] = leaves("x")
    kink = autograd_lite.Primitive("kink", "kink", abs, (lambda o, x: 1.0 if x > 0 else -1.0,))
    try:
        with pytest.raises(TracingError, match="it is compared with another"):
            traced(kink(x), [x], gradients=True)
        assert computed(traced(kink(x), [x])) == ["kink"]
    finally:
        del PRIMITIVES["kink"]


# Errors


def test_what_a_recorder_refuses():
    x, y = leaves("x", "y")
    with pytest.raises(ValueError, match="inputs must be different Values; x is named twice"):
        Recorder([x, x], [])
    with pytest.raises(ValueError, match="y is neither among the inputs nor among the parameters; declare it"):
        Recorder([x], []).record(topological_order(x * y))
    no_label = Value(1.0)
    with pytest.raises(ValueError, match=r"Value\(.*is neither among"):
        traced(x * no_label, [x])


def test_what_trace_refuses():
    x, w = leaves("x", "w")
    chain = x
    for _ in range(1000):
        chain = tanh(chain)
    with pytest.raises(ValueError, match="the graph has 1,001 nodes, more than max_nodes=1,000; pass a larger"):
        traced(chain, [x], max_nodes=1000)
    assert traced(chain, [x], max_nodes=1001).operations == 1000
    with pytest.raises(ValueError, match="received none"):
        traced(lambda x: [], [x])
    with pytest.raises(ValueError, match="parameters must be leaves, but number 2 was computed from others"):
        traced(x * w, [x], [w, x * w])
    with pytest.raises(TypeError, match="number 2 of parameters must be a Value, not str: 'w'"):
        traced(x * w, [x], [w, "w"])


# Work


def test_the_work_is_linear():
    """Of tanh: o, and backward o * o, 1 - o * o, and the product; one product less where the pass begins."""

    def chain(length):
        x = Value(0.5, "x")
        node = x
        for _ in range(length):
            node = tanh(node)
        return traced(node, [x], gradients=True)

    assert [chain(length).operations for length in (1, 10, 100)] == [3, 39, 399]


def test_a_long_chain_is_traced_without_recursion():
    x = Value(0.5, "x")
    node = x
    for _ in range(20_000):
        node = -(node + 0.25)
    statements = traced(node, [x], gradients=True)
    assert statements.operations <= 40_000
    assert abs(outputs_of(statements, [0.5])[1]) == 1.0


def test_a_shared_node_is_recorded_once():
    """2^50 paths lead through these doublings."""
    x = Value(1.0, "x")
    node = x
    for _ in range(50):
        node = node + node
    statements = traced(node, [x], gradients=True)
    assert statements.operations <= 100
    assert outputs_of(statements, [1.0]) == [2.0**50, 2.0**50]
