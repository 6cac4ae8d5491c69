"""autograd_lite.words.calls: the lines and functions that made nodes, checked against the source of this file."""

import gc
import inspect
import sys
import sysconfig
import threading
from pathlib import Path

import pytest

import autograd_lite
import nn
from autograd_lite import Value, call_sites, exp, topological_order
from autograd_lite.words.calls import site_of
from autograd_lite.words.names import names_of


def doubled_squares(xs):
    return sum([2.0 * s for s in [x * x for x in xs]])


def square(x):
    return x * x  # square


def total(xs):
    result = Value(0.0)
    for x in xs:
        result = result + square(x)  # loop
    return result


def helpers(xs):
    squares = [square(x) for x in xs]  # listcomp
    return sum(s.tanh() for s in squares) + 2.0  # genexpr


def recursive(x, n):
    return x if n == 0 else recursive(x * x, n - 1)  # recursive


def shifted(x, by=lambda v: v - 1):  # lambda
    return exp(by(x))  # exp


def each_plus_one(xs):
    yield from (x + 1 for x in xs)


def used(xs):
    return next(iter(each_plus_one(xs)))  # generator


def comment_at(code, line):
    lines, first = inspect.getsourcelines(code)
    return lines[line - first].partition("#")[2].strip()


def comments(node):
    """The comments of the lines that made a node, from the outermost call inward."""
    return [comment_at(code, line) for code, line in site_of(node).lines()]


@pytest.mark.parametrize(
    ("f", "arguments", "expected"),
    [
        (square, (Value(2.0),), [["square"]]),
        (total, ([Value(2.0), Value(3.0)],), [["loop", "square"], ["loop"]]),
        (helpers, ([Value(2.0)],), [["genexpr"], ["listcomp", "square"]]),
        (recursive, (Value(2.0), 2), [["recursive"] * 2, ["recursive"]]),
        (shifted, (Value(2.0),), [["exp", "lambda"], ["exp"]]),
    ],
    ids=["one", "loop", "comprehensions", "recursion", "lambda"],
)
def test_each_node_knows_the_lines_that_were_running(f, arguments, expected):
    with call_sites():
        root = f(*arguments)
    found = [comments(node) for node in topological_order(root) if node.parents]
    for lines in expected:
        assert lines in found
    assert all(found)


def test_a_node_made_by_a_generator_belongs_to_the_function_that_uses_it():
    with call_sites():
        node = used([Value(1.0)])
    assert [code.co_name for code, _ in site_of(node).lines()] == ["used"]


def test_the_variables_of_comprehensions_name_nodes_by_every_version_of_python():
    """Before Python 3.12, a comprehension runs in its own frame."""
    with call_sites():
        result = doubled_squares([Value(2.0), Value(3.0)])
    assert list(names_of(topological_order(result)).values())[2:4] == ["s1", "s2"]


def test_two_calls_of_a_function_are_different():
    x = Value(2.0)
    with call_sites():
        a, b = square(x), square(x)
        c = square(x) * a
    assert site_of(a).call is not site_of(b).call
    assert site_of(c).call is not site_of(a).call
    assert site_of(c).lines() == []
    assert site_of(x) is None


@pytest.mark.parametrize("package", [autograd_lite, nn])
def test_a_file_beside_a_package_is_not_in_it(package):
    folder = Path(package.__file__).parent
    if folder.parent == Path(sysconfig.get_path("purelib")):
        pytest.skip("beside an installed package there are other libraries")
    file = f"{folder}_of_mine.py"
    names = {}
    exec(compile("def f(x):\n    h = x * x\n    return h.tanh()", file, "exec"), names)
    with call_sites():
        root = names["f"](Value(2.0))
    assert [code.co_name for code, _ in site_of(root).lines()] == ["f"]
    assert list(names_of(topological_order(root)).values()) == ["x", "h", "root"]


def test_calls_that_end_by_an_exception_are_left_too():
    def fails(x):
        raise KeyError(square(x))

    x = Value(2.0)
    with call_sites():
        with pytest.raises(KeyError):
            fails(x)
        node = square(x)
    assert comments(node) == ["square"]


def test_outside_of_the_block_nothing_is_stored_and_the_profiler_is_as_before():
    def profiler(*_):
        """Another profiler, which must be there again afterwards."""

    sys.setprofile(profiler)
    try:
        with call_sites():
            assert sys.getprofile() is not profiler
        assert sys.getprofile() is profiler
    finally:
        sys.setprofile(None)
    assert site_of(square(Value(2.0))) is None


def test_a_recording_holds_no_node():
    gc.disable()
    try:
        with call_sites():
            node = square(Value(2.0))
        place = site_of(node)
        from autograd_lite.words.calls import _SITES

        before = len(_SITES)
        del node
        assert len(_SITES) == before - 1
        assert place.lines()
    finally:
        gc.enable()


def test_another_thread_is_not_recorded():
    made = []
    with call_sites():
        thread = threading.Thread(target=lambda: made.append(square(Value(3.0))))
        thread.start()
        thread.join()
    assert site_of(made[0]) is None
