"""autograd_lite.program.javascript and what walks its data: stepper/script/functions.js and numbers.js."""

import itertools
import json
import math
import random

import pytest
from dual_numbers import TRUTH, random_program
from javascript import from_bits, run, to_bits
from random_graphs import build

from autograd_lite import (
    PRIMITIVES,
    Primitive,
    Value,
    constant,
    derivative,
    exp,
    maximum,
    minimum,
    step_through,
    tanh,
    topological_order,
    walk_steps,
)
from autograd_lite.labels import number_text
from autograd_lite.primitives import BUILT_IN
from autograd_lite.program.javascript import graph_data
from autograd_lite.stepper.story import Plan, Story
from autograd_lite.walk import backward_steps
from nn import MLP, squared_error

ROWS = sorted(name for name in BUILT_IN - {"leaf", "constant"} if not PRIMITIVES[name].composite)

SPECIAL = [
    0.0, -0.0, math.inf, -math.inf, math.nan, 5e-324, -5e-324, 1e-310, 2.2250738585072014e-308, 1e-20, -1e-20,
    0.5, -0.5, 1.0, -1.0, 2.0, -2.0, 3.0, -3.0, 5.5, -5.5, 700.0, -750.0, 1e16, 1e300,
    1.7976931348623157e308, -1.7976931348623157e308,
]  # fmt: skip

RUN_ROWS = """([calls, arguments_]) => {
    const numbers = floats(arguments_);
    let at = 0;
    return bits(calls.map(([name, count]) => apply(name, numbers.slice(at, at += count))));
}"""

RUN_GRAPHS = """graphs => graphs.map(([graph, bits_of_leaves]) => {
    const data = forwardPass(graph, bits_of_leaves ? floats(bits_of_leaves) : {});
    const { totals, steps } = backwardPass(graph, data);
    const given = totals.map((total) => total ?? NaN);
    return [bits(data), bits(given), bits(steps.flatMap(({ slope, share, total }) => [slope, share, total]))];
})"""


def close(received, expected):
    """Whether numbers agree to 1e-12, and in what they are: nan, infinite, or zero, with its sign."""
    if not math.isfinite(expected) or expected == 0:
        return repr(received) == repr(expected)
    return math.isclose(received, expected, rel_tol=1e-12, abs_tol=1e-323)


def rows_in_javascript(calls):
    arguments = to_bits([number for _, numbers in calls for number in numbers])
    return from_bits(run(RUN_ROWS, [[[name, len(numbers)] for name, numbers in calls], arguments]))


def in_javascript(*graphs):
    """The data, the gradients, and the slopes, shares and totals at each edge, of graphs with their nodes' orders."""
    return [[from_bits(part) for part in parts] for parts in run(RUN_GRAPHS, [[graph, None] for graph in graphs])]


def test_every_row_is_as_true_as_the_table():
    generator = random.Random(0)
    calls = [(name, [generator.uniform(*ends) for ends in TRUTH[name].domain]) for name in ROWS for _ in range(50)]
    calls = [(name, point) for name, point in calls if abs(TRUTH[name].kink(*point)) > 0.05]
    for (name, point), received in zip(calls, rows_in_javascript(calls), strict=True):
        assert received == pytest.approx(TRUTH[name].value(*point), rel=1e-12, abs=1e-14), (name, point)
    assert {name for name, _ in calls} == set(ROWS)


def test_every_row_is_pythons_at_special_values():
    calls = [(name, point) for name in ROWS for point in itertools.product(SPECIAL, repeat=PRIMITIVES[name].arity or 2)]
    for (name, point), received in zip(calls, rows_in_javascript(calls), strict=True):
        assert close(received, PRIMITIVES[name].evaluate(point)), (name, point, received)


def test_the_slopes_of_every_row_are_pythons_at_special_values():
    roots = []
    for name in ROWS:
        for point in itertools.product(SPECIAL[::2], repeat=PRIMITIVES[name].arity or 2):
            roots.append(PRIMITIVES[name](*[Value(number) for number in point]))
            if len(point) == 2:
                roots.append(PRIMITIVES[name](*[Value(point[0])] * 2))
    received = in_javascript(*(graph_data(topological_order(root)) for root in roots))
    for root, (_, _, edges) in zip(roots, received, strict=True):
        expected = [number for step in backward_steps(root) for number in (step.slope, step.share, step.total)]
        agree = [close(*pair) for pair in zip(edges, expected, strict=True)]
        assert all(agree), (root.op, [parent.data for parent in root.parents], edges, expected)


def test_a_row_that_is_written_out_for_0_is_another_one_for_minus_0():
    y = Value(2.0, "y")
    cosines = [PRIMITIVES["direction_cosine"](zero, y) for zero in (0.0, -0.0)]
    data = graph_data(topological_order(*cosines))
    zeros = [row["code"][0] for row in data["rows"] if row["name"] == "direction_cosine"]
    [[numbers, _, _]] = in_javascript(data)
    for received in (zeros, numbers[-2:], [cosine.data for cosine in cosines]):
        assert repr(received) == "[0.0, -0.0]"


def test_random_graphs_have_the_data_and_the_gradients_of_backward():
    programs = [random_program(seed) for seed in range(60)]
    built = [build(program) for program in programs]
    orders = [topological_order(nodes[-1]) for _, nodes in built]
    received = in_javascript(*map(graph_data, orders))
    for program, (inputs, nodes), order, (data, totals, edges) in zip(programs, built, orders, received, strict=True):
        last = program.duals[-1]
        scale = max(1.0, abs(last.value), *last.sizes)
        nodes[-1].backward()
        assert data == pytest.approx([node.data for node in order], rel=1e-12, abs=1e-12)
        for leaf, truth in zip(inputs, last.tangents, strict=True):
            if leaf in order:
                assert totals[order.index(leaf)] == pytest.approx(leaf.grad, abs=1e-12 * scale)
                assert leaf.grad == pytest.approx(truth, abs=1e-11 * scale)
        expected = [number for step in backward_steps(nodes[-1]) for number in (step.slope, step.share, step.total)]
        assert edges == pytest.approx(expected, rel=1e-11, abs=1e-12 * scale)


def test_graphs_of_derivatives_have_composite_rows_and_are_computed_too():
    x, y = Value(0.3, "x"), Value(2.5, "y")
    roots = [
        derivative(f(x), x, 2)
        for f in (
            lambda x: x.asin(),
            lambda x: x.atan(),
            lambda x: x**y,
            lambda x: x**3,
            lambda x: x.acos() * x.atanh(),
        )
    ]
    names = {node.op.name for root in roots for node in topological_order(root)}
    assert {"one_minus_square", "lorentzian", "power_partial"} <= names
    received = in_javascript(*(graph_data(topological_order(root)) for root in roots))
    for root, (data, totals, _) in zip(roots, received, strict=True):
        root.backward()
        order = topological_order(root)
        assert data == pytest.approx([node.data for node in order], rel=1e-12)
        assert totals[order.index(x)] == pytest.approx(x.grad, rel=1e-12)
        x.grad = y.grad = 0.0


def test_other_numbers_of_the_leaves_change_all_that_depends_on_them():
    w, x, b = Value(-3.0, "w"), Value(2.0, "x"), Value(6.88, "b")
    root = (w * x + b).tanh()
    graph = graph_data(topological_order(root))
    w.data, x.data = -2.75, 2.5
    root.forward().backward()
    leaves = to_bits([leaf.data for leaf in topological_order(root)[:3]])
    [[data, totals, _]] = run(RUN_GRAPHS, [[graph, leaves]])
    assert from_bits(data)[-1] == pytest.approx(root.data, rel=1e-12)
    assert from_bits(totals)[:3] == pytest.approx([w.grad, x.grad, b.grad], rel=1e-12)


def test_a_user_defined_row_is_computed_if_it_is_composite():
    def compute(x):
        return x * x + exp(x)

    row = Primitive("square_plus_exp", "sq", compute, (lambda o, x: 2 * x + exp(x),), composite=True)
    x = Value(0.7, "x")
    root = tanh(row(x))
    [[data, totals, _]] = in_javascript(graph_data(topological_order(root)))
    root.backward()
    assert (data[-1], totals[0]) == pytest.approx((root.data, x.grad), rel=1e-12)


@pytest.mark.parametrize(
    ("slope", "composite"), [(lambda o, x: 3 * x * x, False), (lambda o, x: 3 * x * x if x > 0 else -x, True)]
)
def test_what_only_python_can_compute_is_no_data(slope, composite):
    row = Primitive("of_python", "f", lambda x: x * x * x, (slope,), composite=composite)
    assert graph_data(topological_order(row(Value(0.7, "x")) * 2)) is None


def test_the_data_are_json_for_numbers_that_json_lacks():
    graph = graph_data(topological_order(Value(math.inf, "x") * math.nan - -0.0))
    [[data, _, _]] = in_javascript(json.loads(json.dumps(graph, allow_nan=False)))
    assert repr(data) == "[inf, nan, -0.0, nan, nan]"


# Numbers and lines as text


def test_numbers_are_written_as_in_python():
    generator = random.Random(0)
    numbers = [
        generator.choice((-1, 1)) * math.ldexp(generator.random(), generator.randrange(-1074, 1024))
        for _ in range(2000)
    ]
    numbers += [k / 2**j for k in range(1, 200) for j in range(12)]  # halves, which Python rounds to even
    numbers += [k * 10.0**j for k in range(1, 100) for j in range(-8, 22, 3)] + SPECIAL
    numbers += [9.9995, 99995.0, 99999.5, 9999.5, 0.00009999, 0.0000999949, 123456.0]
    for digits in (1, 2, 4, 6, 15, 17):
        texts = run(f"numbers => floats(numbers).map((number) => numberText(number, {digits}))", to_bits(numbers))
        assert texts == [number_text(number, digits) for number in numbers]


def network():
    return squared_error(MLP(2, [2, 1], seed=0)([1.0, -1.0]), 0.5)


def graphs():
    """Graphs, and the parts of them that are told."""
    a, b, c = Value(0.7313, "a"), Value(-1.2917, "b"), Value(3e30, "c")
    yield (a * b).tanh() * a.sin() ** 3 - b**-2.0 - (-a) / (b - 4) + a // b + a % b, None
    yield c * b + (c * -1e-30) ** 2, None
    yield network(), None
    part = a * b
    yield (part + 2) * part, part
    yield maximum(a.relu(), b) * constant(-0.5, "o_0") - minimum(a, 0.5), None


each_graph = pytest.mark.parametrize("number", range(5))


@each_graph
def test_the_lines_of_the_steps_are_pythons(number):
    root, below = list(graphs())[number]
    for digits in (2, 4, 17):
        told = Story(root, Plan(below, digits, update=0.125)).told()
        lines = run("story => story.steps.map((step) => lineOf(story, step))", told)
        assert lines == [step.text for step in walk_steps(root, below, digits=digits, update=0.125)]


def without_numbers(told):
    """The nodes and steps of a story with None for each number, and the numbers, each as its text and what it is."""
    numbers = []

    def visit(data):
        if isinstance(data, dict):
            return {name: visit(part) for name, part in data.items()}
        if isinstance(data, list) and len(data) == 2 and isinstance(data[0], str):
            return numbers.append(data)
        return [visit(part) for part in data] if isinstance(data, list) else data

    return visit(json.loads(json.dumps([told["nodes"], told["steps"]]))), numbers


@each_graph
@pytest.mark.parametrize("changed", [False, True])
def test_a_story_told_again_in_javascript_is_the_one_that_python_tells(number, changed):
    root, below = list(graphs())[number]
    story = Story(root, Plan(below, 6, update=0.125))
    told, plan = story.told(), story.plan
    order = topological_order(root)
    leaves = {i: node.data * 1.25 + 0.125 for i, node in enumerate(order) if not node.parents and node.label}
    again = run("([story, leaves]) => retold(story, leaves)", [told, leaves if changed else {}])
    for i, value in leaves.items() if changed else ():
        order[i].data = value
    root.forward()
    expected = Story(root, plan).told()
    (rest, received), (expected_rest, numbers) = without_numbers(again), without_numbers(expected)
    assert rest == expected_rest
    for (text, received_number), (expected_text, expected_number) in zip(received, numbers, strict=True):
        assert received_number == pytest.approx(expected_number, rel=1e-11, abs=1e-13)
        assert text == expected_text


def test_the_page_of_a_small_loss_is_small():
    assert len(step_through(network()).html()) < 400_000
