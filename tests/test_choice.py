"""Which back end runs a program: the rule, the estimates, what they count, and reasons against."""

import math

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from programs import student_network

import autograd_lite
from autograd_lite import PRIMITIVES, Primitive, Value, add, constant, tanh
from autograd_lite.program import choice
from autograd_lite.program.choice import BACKENDS, ESTIMATES, TRANSCENDENTAL, Estimate, Size, plan, unable
from autograd_lite.program.matrices import find_arrays
from autograd_lite.program.statements import trace
from nn.mlp import MLP
from nn.training.losses import squared_error

# The rule


def best(estimates, spent):
    """The back end for the next run."""
    return plan(estimates).backend(spent)


seconds = st.floats(1e-6, 10.0)


def costs(estimates, runs):
    """After each run, what the choices have taken so far, and the least that one back end alone would have."""
    spent = taken = 0.0
    compiled = set()
    first = best(estimates, 0.0)
    for run in range(1, runs + 1):
        name = best(estimates, spent)
        taken += estimates[name].run + (0.0 if name in compiled else estimates[name].compile)
        compiled.add(name)
        spent += estimates[first].run  # as Program does
        yield taken, min(estimate.compile + run * estimate.run for estimate in estimates.values())


estimates_of_all = st.dictionaries(st.sampled_from(list(BACKENDS)), st.builds(Estimate, seconds, seconds), min_size=1)


@given(estimates_of_all, st.integers(1, 300))
@settings(max_examples=200)
@example({"numpy": Estimate(1.0, 0.0), "llvm": Estimate(1e-6, 1.01)}, 10)
@example({"numpy": Estimate(1.0, 0.0), "arrays": Estimate(0.5, 10.0), "llvm": Estimate(0.01, 10.5)}, 100)
def test_never_much_worse_than_the_best_choice(estimates, runs):
    """Each back end is compiled once, after runs that took as long, or nearly: no choice is worse by more than that."""
    for taken, least in costs(estimates, runs):
        assert taken <= (1 + len(estimates)) * least * (1 + 1e-9)


@given(seconds, seconds, st.floats(0, 1), st.floats(0, 1))
def test_of_two_the_second_is_compiled_when_the_runs_took_as_long(run, compile_, faster, part):
    estimates = {"arrays": Estimate(run, 0.0), "llvm": Estimate(run * faster, run * (1 - faster) + compile_)}
    later = estimates["llvm"].compile
    assert best(estimates, 0.0) == best(estimates, later * part * 0.999) == "arrays"
    assert best(estimates, later) == ("llvm" if estimates["llvm"].run < run else "arrays")


@given(estimates_of_all)
def test_the_first_and_the_last_choice(estimates):
    """At first the least time to run and compile; in the end the fastest; and never a slower one than before."""
    first = estimates[best(estimates, 0.0)]
    assert sum(first) == min(map(sum, estimates.values()))
    assert estimates[best(estimates, math.inf)].run == min(estimate.run for estimate in estimates.values())
    runs = [estimates[best(estimates, spent)].run for spent in sorted({e.compile for e in estimates.values()})]
    assert [first.run, *runs] == sorted([first.run, *runs], reverse=True)


@given(estimates_of_all)
def test_the_stages_of_a_plan(estimates):
    """Each begins when the runs took as long as its compilation, and runs faster than the one before."""
    made = plan(estimates)
    seconds = [stage.seconds for stage in made.stages]
    runs = [estimates[stage.backend].run for stage in made.stages]
    assert seconds == [0.0, *(estimates[stage.backend].compile for stage in made.stages[1:])] == sorted(seconds)
    assert runs == sorted(set(runs), reverse=True)
    assert made.final == made.backend(math.inf)
    assert made.run == runs[0]
    assert [made.backend(stage.seconds) for stage in made.stages[1:]] == [stage.backend for stage in made.stages[1:]]


def test_what_takes_longer_to_compile_and_runs_slower_is_never_chosen():
    estimates = {"arrays": Estimate(1.0, 1.0), "llvm": Estimate(2.0, 2.0)}
    assert {best(estimates, spent) for spent in (0.0, 1.0, 5.0, math.inf)} == {"arrays"}


# What a program counts


def network(sizes, gradients=True):
    net = MLP(sizes[0], sizes[1:], seed=0)
    inputs = [constant(0.1, f"o_{a}^(0)") for a in range(1, sizes[0] + 1)]
    targets = [constant(0.3, f"y_{b}") for b in range(1, sizes[-1] + 1)]
    error = squared_error(net.outputs(inputs), targets)
    parameters = net.parameters()
    return trace(error, [*inputs, *targets], parameters, gradients=gradients, max_nodes=10**6)


def test_the_size_of_a_network():
    """d = 2, 3, 1: forward 3 x 3 + 1 x 4, backward 3 x 1, gradients 3 x 3 + 1 x 4, and the sum of the error."""
    statements = network([2, 3, 1])
    size = Size.of(statements, find_arrays(statements))
    assert size.products == 9 + 4 + 3 + 9 + 4 + 1
    assert size.transcendental == 3 + 1
    assert size.operations == statements.operations
    elements = 3 + 1  # tanh
    elements += 1 + 1  # o - y, and its square
    elements += 3 + 1 + 1 + 1 + 1 + 3 + 3  # 2 (o - y), 1 - o * o of each layer, and the deltas
    assert size.elements == pytest.approx(elements, abs=3)
    assert size.loops == 2 + 1 + 2 + 3  # matrix products, stacks, totals
    assert size.arrays == len(find_arrays(statements).computed) + 3


def test_the_size_without_gradients():
    statements = network([2, 3, 1], gradients=False)
    size = Size.of(statements, find_arrays(statements))
    assert (size.products, size.transcendental, size.elements, size.loops) == (13, 4, 6, 4)
    assert size.arrays == 4 + 4  # W o twice, two stacks; tanh twice, o - y, its square
    # w o and their sums, bias in it, make 2 + 1 for each of the hidden units and 3 + 1 of the output's
    assert size.operations == 3 * 3 + 4 + 4 + 2


def test_the_size_of_straight_line_code():
    x, w = Value(2.0, "x"), Value(3.0, "w")
    statements = trace(tanh(x * w) + x.exp() - 2, [x], [w], gradients=False, max_nodes=100)
    size = Size.of(statements, find_arrays(statements))
    assert size == Size(operations=5, arrays=5, elements=5, transcendental=2, products=0, loops=0, functions=2)


def test_what_is_transcendental_is_a_primitive():
    assert set(PRIMITIVES) > TRANSCENDENTAL
    assert not TRANSCENDENTAL & {"add", "subtract", "multiply", "divide", "negative", "abs", "sqrt", "relu", "greater"}


# Estimates

counts = st.integers(0, 10_000)
sizes = st.builds(Size, counts, counts, counts, counts, counts, counts).filter(lambda size: size.loops <= size.arrays)


@given(sizes, st.integers(1, 10**6), st.integers(1, 10**6))
def test_estimates_are_positive_and_grow_with_the_points(size, points, more):
    assert set(ESTIMATES) == set(BACKENDS)
    for estimate in ESTIMATES.values():
        few, many = estimate(size, points), estimate(size, points + more)
        assert 0 < few.run <= many.run < math.inf
        assert 0 <= few.compile == many.compile < math.inf


@given(sizes, st.integers(1, 10**6), st.sampled_from(["operations", "elements", "transcendental", "products"]))
def test_estimates_grow_with_the_work(size, points, what):
    larger = Size(**{**vars(size), what: getattr(size, what) + 1000})
    for estimate in ESTIMATES.values():
        assert estimate(size, points).run <= estimate(larger, points).run


def test_python_is_for_a_point_machine_code_for_many():
    x, w = Value(2.0, "x"), Value(3.0, "w")
    program = autograd_lite.compile_program(x * w, [x], [w])
    assert program.chosen(1, 0.0) == "python"
    assert program.chosen(10**4, 0.0) == "numpy"
    if not program.shape.unable["llvm"]:
        assert program.chosen(10**6, math.inf) == "llvm"
    inputs, targets, parameters, error = student_network(1, [5, 30, 3])
    assert autograd_lite.compile_program(error, [*inputs, *targets], parameters).chosen(100, 0.0) == "arrays"


# Reasons against

SMALL = Size(10, 10, 10, 10, 10, 5)


def test_all_back_ends_are_able():
    statements = network([2, 2, 1])
    assert [unable(name, SMALL, statements.ops) for name in BACKENDS] == [""] * len(BACKENDS)


def test_reasons_against(monkeypatch):
    statements = network([2, 2, 1])
    lines, most = choice.MOST_LINES, choice.MOST_ARRAYS
    long, wide = Size(lines + 1, 10, 10, 10, 10, 5), Size(10, most + 1, 10, 10, 10, 5)
    for name in ("python", "numpy"):
        words = f"{lines + 1:,} statements are more than the {lines:,} that straight-line code may have"
        assert unable(name, long, statements.ops) == words
        assert unable(name, Size(lines, 10, 10, 10, 10, 5), statements.ops) == ""
    assert unable("llvm", long, statements.ops) == ""
    words = f"{most + 1:,} arrays are more than the {most:,} that LLVM is given"
    assert unable("llvm", wide, statements.ops) == words
    assert unable("llvm", Size(10, most, 10, 10, 10, 5), statements.ops) == ""
    assert unable("arrays", wide, statements.ops) == ""
    ops = [*statements.ops, "wave", "cube"]
    assert unable("llvm", SMALL, ops) == "LLVM does not know the primitive cube"
    assert unable("numpy", SMALL, ops) == ""
    monkeypatch.setattr(choice, "find_spec", lambda name: None)
    assert "pip install 'autograd-lite[jit]'" in unable("llvm", SMALL, statements.ops)
    assert unable("arrays", SMALL, statements.ops) == ""


def test_what_is_unable_is_not_chosen():
    own = Primitive("cube", "cube", lambda x: x**3, (lambda o, x: 3 * x * x,))
    x = Value(2.0, "x")
    try:
        program = autograd_lite.compile_program(add(own(x), tanh(x)), [x])
        chosen = {program.chosen(points, spent) for points in (1, 100, 10**6) for spent in (0.0, 1.0, math.inf)}
        assert chosen <= {"python", "numpy"}
    finally:
        del PRIMITIVES["cube"]


def test_spent_is_counted_by_the_estimates_of_the_first():
    inputs, targets, parameters, error = student_network(1, [3, 4, 2])
    program = autograd_lite.compile_program(error, [*inputs, *targets], parameters)
    numbers = [leaf.data for leaf in (*inputs, *targets)], [leaf.data for leaf in parameters]
    run = program.shape.plan(1).run
    assert run == program.shape.estimates(1)[program.chosen(1, 0.0)].run
    for times in range(1, 4):
        program([numbers[0]], numbers[1])
        assert program.spent == pytest.approx(times * run) or program.settled
