"""autograd_lite.stepper.own_code: a user's function in the view, with its lines."""

import re

import pytest

from autograd_lite import Value, step_through
from autograd_lite.stepper.own_code import call_with, sources_of


def cell(w, x):
    return w * x


def chain(w, xs, steps):
    h = xs[0]
    for _ in range(steps):
        h = cell(w, h).tanh()
    return h


def told(stepper):
    return stepper.story.told()


def test_the_page_knows_the_functions_and_the_line_of_each_node():
    story = told(step_through(lambda w, x: chain(w, [x], 2), w=0.5, x=2.0))
    names = [source["name"] for source in story["sources"]]
    assert names == ["<lambda>", "chain", "cell"]
    texts = [
        [story["sources"][source]["lines"][line].strip() for source, line in node.get("lines", [])][1:]
        for node in story["nodes"]
    ]
    assert texts == [
        [], [],
        ["h = cell(w, h).tanh()", "return w * x"], ["h = cell(w, h).tanh()"],
        ["h = cell(w, h).tanh()", "return w * x"], ["h = cell(w, h).tanh()"],
    ]  # fmt: skip


def test_numbers_become_leaves_with_the_names_of_the_parameters():
    seen = {}

    def f(a, rows, name, known):
        seen.update(a=a, rows=rows, name=name, known=known)
        return a * rows[1][0] + known

    known = Value(3.0, "k")
    root = call_with(f, {"a": 2, "rows": [[1.0], (4.5,)], "name": "text", "known": known})
    assert root.data == 12.0
    assert (seen["a"].label, seen["rows"][1][0].label, seen["name"]) == ("a", "rows[1][0]", "text")
    assert seen["known"] is known


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: step_through(lambda digits: digits * 2, digits=3), "parameter 'digits', which is also an option of"),
        (lambda: step_through(lambda a: 3.0, a=1.0), "the function <lambda> must return a Value, not float: 3.0"),
        (lambda: step_through(cell, w=1.0), "missing 1 required positional argument: 'x'"),
        (lambda: step_through(cell, w=1.0, y=2.0), "unexpected keyword argument 'y'"),
        (lambda: step_through(Value(1.0), w=1.0), r"takes inputs (w) only for a function, but root is Value(data=1.0"),
        (lambda: step_through(Value(1.0), arguments={"w": 1.0}), "takes inputs (w) only for a function"),
        (lambda: step_through(3.0), "root must be a Value"),
    ],
    ids=["clash", "result", "missing", "unexpected", "graph", "graph-arguments", "number"],
)  # fmt: skip
def test_wrong_arguments_are_type_errors_that_say_why(call, message):
    with pytest.raises(TypeError, match=re.escape(message)):
        call()


def test_a_parameter_that_is_called_like_an_option_is_given_in_arguments():
    stepper = step_through(lambda digits, x: digits * x, digits=3, arguments={"digits": 2.0}, x=1 / 3)
    assert stepper.story.plan.digits == 3
    assert [node["name"] for node in told(stepper)["nodes"]][:2] == ["digits", "x"]


def test_what_has_no_source_has_no_lines():
    names = {}
    exec("def f(a):\n    return a * a", names)
    sources, marks = sources_of([call_with(names["f"], {"a": 2.0})])
    assert sources == []
    assert marks == [[]]


def test_libraries_are_not_shown():
    from nn import MLP

    story = told(step_through(lambda a: MLP(1, [1], seed=0)([a]), a=1.0))
    assert [source["name"] for source in story["sources"]] == ["<lambda>"]
