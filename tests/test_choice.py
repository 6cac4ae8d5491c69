"""Which back end runs a program: the rule, and what forbids a back end."""

import math

import pytest
from programs import student_network

import autograd_lite
from autograd_lite import PRIMITIVES, Primitive, Value, add, tanh
from autograd_lite.program import choice
from autograd_lite.program.choice import BACKENDS, choose, obstacle, paying_run
from autograd_lite.program.matrices import find_arrays
from autograd_lite.program.statements import trace


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ((60, 1, 0, False, True), "python"),
        ((60, 9, 0, False, True), "python"),
        ((60, 10, 0, False, True), "numpy"),
        ((100_000, 1, 0, False, True), "python"),
        ((999, 1, 0, True, True), "python"),
        ((1_000, 1, 0, True, True), "arrays"),
        ((10, 99, 0, True, True), "python"),
        ((10, 100, 0, True, True), "arrays"),
        ((2_000, 100, 2_665, True, True), "arrays"),
        ((2_000, 100, 2_666, True, True), "llvm"),
        ((2_000, 100, math.inf, True, False), "arrays"),
        ((60, 1, math.inf, False, False), "python"),
        ((60, 1_000_000, 0, False, True), "llvm"),
        ((60, 1_000_000, 0, False, False), "numpy"),
    ],
)
def test_the_rule(arguments, expected):
    operations, points, runs, matrices, llvm = arguments
    assert choose(operations, points, runs, matrices=matrices, llvm=llvm) == expected


@pytest.mark.parametrize("points", [1, 7, 100, 1_000, 399_950, 10**6])
def test_the_back_end_changes_at_most_once_and_at_the_paying_run(points):
    run = paying_run(points)
    assert run >= 0
    assert choose(500, points, run, matrices=True, llvm=True) == "llvm"
    assert run == 0 or choose(500, points, run - 1, matrices=True, llvm=True) != "llvm"
    assert paying_run(2 * points) <= run


def test_a_program_chooses_by_its_graph():
    x, w = Value(2.0, "x"), Value(3.0, "w")
    program = autograd_lite.compile_program(x * w, [x], [w])
    assert [program.chosen(points, 0) for points in (1, 10**4)] == ["python", "numpy"]
    if program.code.obstacles["llvm"] is None:
        assert program.chosen(1, math.inf) == program.chosen(10**6, 0) == "llvm"
    inputs, targets, parameters, error = student_network(1, [5, 30, 3])
    assert autograd_lite.compile_program(error, [*inputs, *targets], parameters).chosen(100, 0) == "arrays"


def test_runs_are_counted_and_may_be_set():
    x, w = Value(2.0, "x"), Value(3.0, "w")
    program = autograd_lite.compile_program(x * w, [x], [w])
    for runs in range(3):
        assert program.runs == runs
        program([[2.0]], [3.0])
    program.runs = 10
    program([[2.0]], [3.0])
    assert program.runs == 11


# What forbids a back end


def example():
    inputs, targets, parameters, error = student_network(1, [2, 3, 2])
    statements = trace(error, [*inputs, *targets], parameters, gradients=True, max_nodes=10**6)
    return statements, find_arrays(statements)


def test_all_back_ends_are_able():
    pytest.importorskip("llvmlite")
    assert [obstacle(name, *example()) for name in BACKENDS] == [None] * len(BACKENDS)


@pytest.mark.parametrize("name", ["python", "numpy"])
def test_too_many_statements(monkeypatch, name):
    statements, arrays = example()
    monkeypatch.setattr(choice, "MOST_LINES", statements.operations)
    assert obstacle(name, statements, arrays) is None
    monkeypatch.setattr(choice, "MOST_LINES", 10)
    error = obstacle(name, statements, arrays)
    words = f"{statements.operations:,} statements are more than the 10 of straight-line code"
    assert isinstance(error, ValueError)
    assert str(error) == words
    assert obstacle("arrays", statements, arrays) is None


def test_too_many_arrays(monkeypatch):
    statements, arrays = example()
    number = len(arrays.computed) + len(arrays.totals)
    monkeypatch.setattr(choice, "find_spec", lambda name: name)
    monkeypatch.setattr(choice, "MOST_ARRAYS", number)
    assert obstacle("llvm", statements, arrays) is None
    monkeypatch.setattr(choice, "MOST_ARRAYS", number - 1)
    error = obstacle("llvm", statements, arrays)
    assert isinstance(error, ValueError)
    assert str(error) == f"{number:,} arrays are more than the {number - 1:,} that LLVM may compile"


def test_without_llvmlite(monkeypatch):
    monkeypatch.setattr(choice, "find_spec", lambda name: None)
    error = obstacle("llvm", *example())
    assert isinstance(error, ImportError)
    assert "pip install 'autograd-lite[jit]'" in str(error)
    assert obstacle("arrays", *example()) is None


def test_a_user_defined_primitive_is_not_for_llvm():
    cube = Primitive("cube", "cube", lambda x: x**3, (lambda o, x: 3 * x * x,))
    x = Value(2.0, "x")
    try:
        program = autograd_lite.compile_program(add(cube(x), tanh(x)), [x])
        assert str(program.code.obstacles["llvm"]) == "LLVM does not know the primitive cube"
        chosen = {program.chosen(points, runs) for points in (1, 100, 10**6) for runs in (0, 100, math.inf)}
        assert chosen == {"python", "numpy"}
    finally:
        del PRIMITIVES["cube"]
