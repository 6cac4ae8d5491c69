"""Machine code against NumPy: lanes, blocks, masks, gathers, large loops, and the memory that is behind it."""

import gc
import math
import random
import resource
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from programs import student_network

pytest.importorskip("llvmlite")

from autograd_lite import PRIMITIVES, Value, add, constant, exp, maximum, sigmoid, sin, tanh
from autograd_lite.program.llvm.kernel import BLOCK, MOST_FUSED, MOST_INLINED
from autograd_lite.program.llvm.machine import Machine, native_lanes
from autograd_lite.program.matrices import find_arrays, straight_line
from autograd_lite.program.python.interpreted import Batches
from autograd_lite.program.statements import trace

inf, nan = math.inf, math.nan
every_width = pytest.mark.parametrize("lanes", [8, 4, 2])
EDGES = [*range(1, 31), BLOCK - 1, BLOCK, BLOCK + 1, BLOCK + 2, 2 * BLOCK - 1, 2 * BLOCK, 2 * BLOCK + 1, 1000]
"""Batches around the lanes of a vector and the points of a block."""


def traced(root, inputs, parameters, gradients=True):
    return trace(root, inputs, parameters, gradients=gradients, max_nodes=10**6)


def network(seed=3, widths=(3, 4, 2)):
    inputs, targets, parameters, error = student_network(seed, list(widths))
    return [*inputs, *targets], parameters, error


def batch(inputs, parameters, N, seed=0):
    generator = np.random.default_rng(seed)
    return generator.uniform(-1, 1, (N, len(inputs))), generator.uniform(-1, 1, len(parameters))


def agree(received, expected, rtol=1e-12):
    """Nan and infinities are equal; the rest within rounding of the largest."""
    for ours, truth in zip(received, expected, strict=True):
        assert ours.shape == truth.shape
        finite = truth[np.isfinite(truth)]
        scale = max(1.0, np.abs(finite).max(initial=0.0)) if finite.size else 1.0
        np.testing.assert_allclose(ours, truth, rtol=rtol, atol=rtol * scale)


def compare(root, inputs, parameters, N=(1, 7, 130), **options):
    statements = traced(root, inputs, parameters)
    machine, truth = Machine(find_arrays(statements), **options), Batches(statements)
    for points in N:
        X, P = batch(inputs, parameters, points)
        agree(machine(X, P), truth(X, P))
    return machine


# Lanes and blocks


@every_width
def test_all_lanes_and_batches_have_the_numbers_of_numpy(lanes):
    inputs, parameters, error = network()
    outputs = [error, sin(inputs[0]) * parameters[0], exp(parameters[1]), inputs[1]]
    compare(outputs, inputs, parameters, EDGES, lanes=lanes)


@every_width
def test_straight_line_code_on_all_lanes(lanes):
    inputs, parameters, error = network(widths=(2, 2))
    statements = traced(error, inputs, parameters)
    machine, truth = Machine(straight_line(statements), lanes=lanes), Batches(statements)
    for points in (1, lanes, lanes + 1, BLOCK, BLOCK + lanes - 1):
        X, P = batch(inputs, parameters, points)
        agree(machine(X, P), truth(X, P))


def test_the_native_lanes_fill_a_register():
    assert native_lanes() in {2, 4, 8}
    inputs, parameters, error = network(widths=(2, 2))
    assert Machine(find_arrays(traced(error, inputs, parameters))).lanes == native_lanes()


def test_networks_of_all_widths():
    """Around the 8 rows that a matrix product does together, and the lanes of a tile."""
    for widths in ((1, 9, 1), (9, 8, 3), (5, 17, 9)):
        inputs, parameters, error = network(1, widths)
        compare(error, inputs, parameters, (5, 110))


# Lanes beyond the last point


@pytest.mark.parametrize("lanes", [8, 4, 2])
@pytest.mark.parametrize("number", [inf, -inf, nan, 1e308])
def test_lanes_beyond_the_last_point_do_not_count(lanes, number):
    """Whatever number a coordinate of the last point is, the sums follow IEEE arithmetic over the points alone."""
    x, y, w, v = (Value(0.5, name) for name in "xywv")
    units = [tanh(w * x + v * y), tanh(v * x + w * y), w * x + y]
    root = units[0] * units[1] + units[2] * x
    statements = traced([root, *units], [x, y], [w, v])
    machine, truth = Machine(find_arrays(statements), lanes=lanes), Batches(statements)
    for points in (1, 3, 8, 13, BLOCK + 1, BLOCK + 8):
        for coordinate in (0, 1):
            X, P = batch([x, y], [w, v], points)
            X[-1, coordinate] = number
            agree(machine(X, P), truth(X, P), 1e-10)


@pytest.mark.parametrize("lanes", [8, 4, 2])
@pytest.mark.parametrize("number", [inf, nan, 1e308])
def test_what_an_earlier_run_left_beyond_the_last_point_does_not_count(lanes, number):
    x, w = ([Value(0.5, f"{name}{n}") for n in range(size)] for name, size in (("x", 3), ("w", 6)))
    units = [tanh(add(*[w[n + i] * x[i] for i in range(3)])) for n in (0, 3)]  # the inputs are the whole vector
    for inputs, parameters, error in (network(), (x, w, units[0] * units[1])):
        statements = traced(error, inputs, parameters)
        machine, truth = Machine(find_arrays(statements), lanes=lanes), Batches(statements)
        for points in (2, 8, 13, BLOCK + 2):
            X, P = batch(inputs, parameters, points)
            expected = truth(X[:-1], P)
            X[-1] = number
            machine(X, P)
            agree(machine(X[:-1], P), expected, 1e-10)


def test_a_point_that_is_infinite_leaves_the_other_points_alone():
    inputs, parameters, error = network()
    machine = Machine(find_arrays(traced(error, inputs, parameters)))
    X, P = batch(inputs, parameters, 13)
    expected = machine(X, P)[0]
    for broken in range(13):
        Z = X.copy()
        Z[broken, 1] = nan
        outputs = machine(Z, P)[0]
        others = np.arange(13) != broken
        assert np.array_equal(outputs[others], expected[others])
        assert np.isnan(outputs[broken, 0])


def test_rows_that_are_summed_alone_are_masked():
    """A bias: its gradient is the sum of one array; exp(-inf) beyond the last point would be 0, exp(inf) would not."""
    x, b, c = Value(0.5, "x"), Value(0.5, "b"), Value(0.25, "c")
    compare(exp(x + b) + exp(x * 2 + c), [x], [b, c], EDGES[:20])
    statements = traced(exp(x + b), [x], [b])
    _, totals = Machine(straight_line(statements))(np.array([[0.0]] * 9 + [[-inf]]), np.array([0.0]))
    assert totals.tolist() == [9.0, 9.0]


# Parameters


def test_parameters_in_random_order_are_gathered():
    for seed in range(2):
        inputs, parameters, error = network(seed, (4, 9, 3))
        random.Random(seed).shuffle(parameters)
        compare(error, inputs, parameters, (6, 105))


def test_matrices_at_regular_distances_are_read_where_they_are():
    """Row after row, column after column, backwards, or with others between: an affine index needs no copy."""
    x = [Value(0.5, f"x{a}") for a in range(3)]
    W = [[Value(0.1 * (3 * b + a), f"w{b}{a}") for a in range(3)] for b in range(3)]
    s = [tanh(add(*[w * o for w, o in zip(row, x, strict=True)])) for row in W]
    root = add(*[o * o for o in s])
    rows = [w for row in W for w in row]
    columns = [w for column in zip(*W, strict=True) for w in column]
    spread = [w for pair in zip(rows, [Value(1.0, f"u{n}") for n in range(9)], strict=True) for w in pair]
    orders = [rows, columns, rows[::-1], columns[::-1], spread, [w for row in W[::-1] for w in row]]
    orders += [[w for row in W for w in row[::-1]], [rows[n] for n in (4, 0, 8, 2, 6, 1, 3, 5, 7)]]
    for parameters in orders:
        compare(root, x, parameters, (5,))


def test_one_row_one_column_and_equal_weights():
    x = [Value(0.5, f"x{a}") for a in range(3)]
    W = [[Value(0.1 * (3 * b + a), f"w{b}{a}") for a in range(3)] for b in range(2)]
    [u, v, w] = W[0]
    units = [
        u * x[0] + v * x[1],
        u * x[1] + v * x[0],
        add(u * x[0], u * x[1], u * x[2]),
        add(w * x[2], w * x[1], w * x[0]),
    ]
    hidden = [tanh(add(*[weight * o for weight, o in zip(row, x, strict=True)])) for row in W]
    root = add(*[unit * unit for unit in units]) * hidden[0] + hidden[1]
    compare(root, x, [*W[1], *W[0]], (5, 17))


def test_what_does_not_vary_is_computed_once_and_counts_for_each_point():
    x, w, v = Value(0.5, "x"), Value(0.25, "w"), Value(0.75, "v")
    penalty = (w * v).exp() + add(*[sin(w * number) for number in (1.0, 2.0, 3.0)])
    compare([x * penalty + penalty, penalty, w, constant(3.0), w * v], [x], [w, v], EDGES[:12])
    compare(penalty, [], [w, v], (1, 5))
    compare([penalty, x], [x], [w, v], (1, 5))


def test_without_inputs_or_parameters():
    x, w = Value(0.5, "x"), Value(0.25, "w")
    compare(w * w + w, [], [w], (1, 3))
    compare(x * x + x, [x], [], (1, 9, 105))
    machine = Machine(straight_line(traced(constant(2.0) * 3, [], [])))
    assert machine(np.empty((4, 0)), np.empty(0))[0].tolist() == [[6.0]] * 4
    statements = traced(x * 2, [x], [], gradients=False)
    outputs, totals = Machine(straight_line(statements))(np.array([[1.0], [2.0]]), np.empty(0))
    assert (outputs.tolist(), totals.tolist()) == ([[2.0], [4.0]], [])


def test_outputs_that_repeat_and_leaves():
    inputs, parameters, error = network()
    o = tanh(inputs[0] * parameters[0])
    outputs = [error, o, o, inputs[1], inputs[0], inputs[1], error, parameters[2], parameters[0], constant(1.5), o]
    compare(outputs, inputs, parameters, (1, 9, 106))


# Large loops, calls


def expression(seed, length, names):
    """A random expression of that number of operations, which stays small."""
    generator = random.Random(seed)
    leaves = [Value(generator.uniform(-1, 1), f"x{i}") for i in range(6)]
    nodes = list(leaves)
    for _ in range(length):
        name = generator.choice(names)
        row = PRIMITIVES[name]
        arguments = [generator.choice(nodes[-30:]) for _ in range(2 if name in {"add", "subtract", "multiply"} else 1)]
        nodes.append(row(*arguments) * 0.5 if len(arguments) == 2 else row(*arguments))
    return leaves, add(*nodes[-30:])


def test_a_large_straight_line_expression():
    names = ["add", "subtract", "multiply", "multiply", "tanh", "sin", "sigmoid", "atan", "abs"]
    leaves, root = expression(0, 2000, names)
    statements = traced(root, leaves[:3], leaves[3:], gradients=False)
    assert statements.operations > 10 * MOST_FUSED
    machine, truth = Machine(straight_line(statements), lanes=4), Batches(statements)
    for points in (1, 30, BLOCK + 3):
        X, P = batch(leaves[:3], leaves[3:], points)
        agree(machine(X, P), truth(X, P))


@every_width
def test_functions_that_are_used_often_are_calls(lanes):
    x, w = Value(0.5, "x"), Value(0.25, "w")
    node, terms = x, []
    for number in range(3 * MOST_INLINED):
        node = tanh(node * w + number / 10) + exp(-node)
        terms.append(maximum(node, x) * sigmoid(node))
    machine = compare(add(*terms), [x], [w], (3, 20), lanes=lanes)
    assert f"autograd.tanh.1x{lanes}" in machine.text
    few = Machine(straight_line(traced(tanh(x) + tanh(w * x), [x], [w])), lanes=lanes)
    assert "autograd.tanh" not in few.text


def test_a_sum_of_many_rows():
    x = [Value(0.1 * a, f"x{a}") for a in range(20)]
    W = [[Value(0.1, f"w{b}{a}") for a in range(20)] for b in range(3)]
    units = [tanh(add(*[w * o for w, o in zip(row, x, strict=True)])) for row in W]
    compare(
        add(*x) * add(*units) + add(*[exp(w) for row in W for w in row]), x, [w for row in W for w in row], (1, 12, 106)
    )


# Memory


def test_inputs_in_any_layout_and_not_to_be_written_to():
    inputs, parameters, error = network()
    machine = Machine(find_arrays(traced(error, inputs, parameters)))
    X, P = batch(inputs, parameters, 21)
    expected = machine(X, P)
    wide = np.repeat(np.repeat(X, 2, axis=0), 3, axis=1)
    frozen = X.copy()
    frozen.setflags(write=False)
    bound = P.copy()
    bound.setflags(write=False)
    for other in (
        np.asfortranarray(X),
        wide[::2, ::3],
        X[::-1].copy()[::-1],
        np.ascontiguousarray(X[:, ::-1])[:, ::-1],
        frozen,
    ):
        received = machine(other, bound)
        assert all(np.array_equal(a, b) for a, b in zip(received, expected, strict=True))
    same = np.broadcast_to(X[0], (9, X.shape[1]))
    assert np.array_equal(machine(same, P)[0], np.repeat(expected[0][:1], 9, axis=0))


def test_inputs_that_are_a_field_of_records():
    import autograd_lite

    x, w = Value(0.5, "x"), Value(0.25, "w")
    program = autograd_lite.compile_program(x * w, [x], [w], backend="llvm")
    records = np.zeros((5, 1), dtype=[("kind", "i4"), ("x", "f8")])
    records["x"] = np.arange(5.0).reshape(5, 1)
    assert program(records["x"], [2.0]).outputs.ravel().tolist() == [0.0, 2.0, 4.0, 6.0, 8.0]


def test_results_are_not_part_of_the_work_space():
    inputs, parameters, error = network()
    machine = Machine(find_arrays(traced([error, inputs[0]], inputs, parameters)))
    X, P = batch(inputs, parameters, 30)
    first = machine(X, P)
    kept = [part.copy() for part in first]
    second = machine(X + 1, P + 1)
    assert all(np.array_equal(a, b) for a, b in zip(first, kept, strict=True))
    assert not any(np.shares_memory(a, b) for a in first for b in (*second, X, P))
    for part in first:
        part[:] = nan
    assert all(np.array_equal(a, b) for a, b in zip(machine(X, P), kept, strict=True))
    assert np.array_equal(X, batch(inputs, parameters, 30)[0])


def test_nothing_is_left_over_from_the_call_before():
    inputs, parameters, error = network()
    machine = Machine(find_arrays(traced(error, inputs, parameters)))
    X, P = batch(inputs, parameters, 300)
    expected = {
        points: Machine(find_arrays(traced(error, inputs, parameters)))(X[:points], P) for points in (1, 5, 300)
    }
    for points in (300, 5, 1, 5, 300):
        machine(np.full((150, X.shape[1]), nan), np.full(len(P), nan))
        received = machine(X[:points], P)
        assert all(np.array_equal(a, b) for a, b in zip(received, expected[points], strict=True))


def test_a_bound_program_recomputes_in_place():
    inputs, parameters, error = network()
    machine = Machine(find_arrays(traced(error, inputs, parameters)))
    X, P = batch(inputs, parameters, 30)
    outputs, totals, run = machine.bind(X, P)
    for seed in range(3):
        X[:], P[:] = batch(inputs, parameters, 30, seed)
        outputs[:], totals[:] = nan, nan
        run()
        expected = machine(X.copy(), P.copy())
        assert np.array_equal(outputs, expected[0])
        assert np.array_equal(totals, expected[1])


def test_a_bound_program_of_several_outputs():
    import autograd_lite

    inputs, parameters, error = network()
    program = autograd_lite.compile_program([error, inputs[0] * 2, error], inputs, parameters, backend="llvm")
    X, P = batch(inputs, parameters, 5)
    bound, expected = program.bind(X, P), program(X, P)
    bound.run()
    assert np.array_equal(bound.outputs, expected.outputs)
    assert np.array_equal(bound.input_gradients, expected.input_gradients)
    assert np.array_equal(bound.parameter_gradients, expected.parameter_gradients)
    assert bound.total.tolist() == [expected.total]


def test_nothing_is_written_outside_of_the_results(monkeypatch):
    """Canaries around the memory that the machine code is given: NumPy's, which is made larger for it."""
    inputs, parameters, error = network()
    statements = traced([error, inputs[0], inputs[1]], inputs, parameters)
    guarded = []

    def with_canaries(count, *_):
        memory = np.full(count + 128, 77.0)
        guarded.append((memory, count))
        memory[64 : 64 + count] = 0.0
        return memory[64 : 64 + count]

    for lanes in (8, 4, 2):
        machine = Machine(find_arrays(statements), lanes=lanes)
        expected = Batches(statements)
        for points in (1, 7, 8, 9, 103, 104, 105, 209):
            X, P = batch(inputs, parameters, points)
            truth = expected(X, P)
            with monkeypatch.context() as patch:
                patch.setattr(np, "empty", with_canaries)
                patch.setattr(np, "zeros", with_canaries)
                received = machine(X, P)
            agree(received, truth)
    assert len(guarded) >= 24
    for memory, count in guarded:
        assert set(memory[:64]) | set(memory[64 + count :]) == {77.0}


def test_each_thread_has_its_own_work_space():
    inputs, parameters, error = network(widths=(3, 8, 2))
    machine = Machine(find_arrays(traced(error, inputs, parameters)))
    P = batch(inputs, parameters, 1)[1]
    batches = [batch(inputs, parameters, 20_000, seed)[0] for seed in range(8)]
    alone = [machine(X, P) for X in batches]
    with ThreadPoolExecutor(6) as pool:
        together = list(pool.map(lambda X: machine(X, P), batches))
    for ours, theirs in zip(together, alone, strict=True):
        assert all(np.array_equal(a, b) for a, b in zip(ours, theirs, strict=True))


def test_the_same_program_has_the_same_text_and_the_same_bits():
    inputs, parameters, error = network()
    machines = [Machine(find_arrays(traced(error, inputs, parameters))) for _ in range(2)]
    assert machines[0].text == machines[1].text
    X, P = batch(inputs, parameters, 50)
    assert all(np.array_equal(a, b) for a, b in zip(machines[0](X, P), machines[1](X, P), strict=True))


def resident():
    """The megabytes of this process."""
    if sys.platform == "linux":
        with open("/proc/self/statm") as file:
            return int(file.read().split()[1]) * resource.getpagesize() / 2**20
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20


def test_programs_that_are_dropped_free_their_memory():
    def compile_some(how_many):
        for number in range(how_many):
            x, w = Value(0.5, "x"), Value(0.25, "w")
            machine = Machine(straight_line(traced(tanh(x * w + number), [x], [w], gradients=False)), lanes=2)
            assert machine(np.array([[1.0]]), np.array([2.0]))[0][0, 0] == pytest.approx(math.tanh(2.0 + number))
        gc.collect()

    compile_some(10)
    before = resident()
    compile_some(60)  # each takes 0.8 MB
    assert resident() - before < 20


def test_what_llvm_does_not_know_is_an_error():
    from autograd_lite import Primitive

    own = Primitive("cube", "cube", lambda x: x**3, (lambda o, x: 3 * x * x,))
    x = Value(1.0, "x")
    try:
        with pytest.raises((KeyError, ValueError), match="cube"):
            Machine(straight_line(traced(own(x), [x], [], gradients=False)))
    finally:
        del PRIMITIVES["cube"]
