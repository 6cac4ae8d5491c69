"""autograd_lite.words.names: the names of nodes, from labels, from variables, and from numbers."""

import sys

import pytest

from autograd_lite import (
    Value,
    add,
    call_sites,
    draw,
    explain,
    explain_paths,
    step_through,
    topological_order,
    walk_steps,
)
from autograd_lite.words.names import MOST_ENTRIES, names_of
from nn import MLP

ON_TOP = Value(2.0)
SHADOWED = Value(3.0)

START = """
import numpy as np
from autograd_lite import *
from autograd_lite.words.names import names_of
"""


@pytest.mark.parametrize(
    ("code", "names"),
    [
        ("y = Value(1.0) * Value(2.0, label='rate')", "x1 rate y"),
        ("a = Value(1.0); b = a; y = b + a", "a y"),
        ("w = Value(1.0); W = [w, Value(2.0)]; y = W[0] * W[1]", "w W[1] y"),
        ("W = [[Value(1.0), Value(2.0)], (Value(3.0),)]; y = add(*W[0], *W[1])", "W[0][0] W[0][1] W[1][0] y"),
        ("W = [Value(1.0), Value(2.0)]\nfor w in W: pass\ny = W[0] * W[1]", "W[0] W[1] y"),
        ("""p = {'w': Value(1.0), 3: {'"': Value(2.0)}}; y = p['w'] * p[3]['"']""", r'p["w"] p[3]["\""] y'),
        ("A = np.array([[Value(1.0), Value(2.0)]]); y = A[0, 0] * A[0, 1]", "A[0][0] A[0][1] y"),
        ("_x, In, Out = Value(1.0), [Value(2.0)], {1: Value(3.0)}; y = add(_x, In[0], Out[1])", "x1 x2 x3 y"),
        (
            "A = np.array([[Value(1.0)], [Value(2.0)]]); B = A + 1; y = B[0, 0] * B[1, 0]",
            "A[0][0] A[1][0] B[0][0] B[1][0] y",
        ),
        ("L = []; L.append(L); L.append(Value(1.0)); y = -L[1]", "L[1] y"),
        ("c = constant(2.0); y = Value(1.0) * c * 3", "x1 c v1 y"),
        ("a = Value(1.0); y = a * a; steps = backward_steps((y * 1).exp()); y = steps[0].node", "a v1 v2 y"),
        # a label is taken before a variable, and a name that is taken names nothing else
        ("w = Value(1.0, label='u'); u = Value(2.0); y = w * u", "u x1 y"),
        ("w = Value(1.0, label='u'); u = Value(2.0); again = u; y = w * u", "u again y"),
        ("a, b = Value(1.0, label='x'), Value(2.0, label='x'); y = a * b", "x x#2 y"),
        ("x1, v1 = Value(1.0, label='q'), Value(2.0); y = (x1 * Value(3.0) + v1).exp()", "q x1 v1 v2 v3 y"),
        # also if the two only look the same
        ("a, x1 = Value(1.0, label='x_1'), Value(2.0); y = a * x1", "x_1 x2 y"),
        ("theta, b = Value(1.0), Value(2.0, label='θ'); y = theta * b", "x1 θ y"),
    ],
)
def test_a_node_is_called_by_its_label_then_by_a_variable_then_by_a_number(code, names):
    module = {}
    exec(f"{START}\n{code}\nnames = list(names_of(topological_order(y)).values())", module)
    assert module["names"] == names.split()


def test_local_variables_come_before_global_ones_and_each_function_has_its_own():
    SHADOWED = Value(5.0)
    y, z = ON_TOP * SHADOWED, ON_TOP * sys.modules[__name__].SHADOWED
    assert list(names_of(topological_order(y)).values()) == ["ON_TOP", "SHADOWED", "y"]
    assert list(names_of(topological_order(z)).values()) == ["ON_TOP", "x1", "z"]

    def student(weight):
        inner = weight * 3
        return list(names_of(topological_order(inner)).values())

    assert student(Value(1.0)) == ["weight", "inner"]


def test_two_nodes_never_have_the_same_name_and_no_label_changes():
    x1, v1, v2 = Value(1.0, "v1"), Value(2.0, "v1"), Value(3.0)
    y = add(x1 * v2, v1 * Value(4.0), Value(5.0, "x2"), Value(6.0, "x_2"))
    assert list(names_of(topological_order(y)).values()) == ["v1", "v2", "v1#2", "x1", "x2", "x_2#2", "v3", "v4", "y"]
    assert [node.label for node in topological_order(y) if node.label] == ["v1", "v1", "x2", "x_2"]


def test_a_network_keeps_its_labels():
    error = MLP(2, [2, 1], seed=0)([1.0, -1.0]) ** 2
    labelled = {node: node.label for node in topological_order(error) if node.label}
    assert len(labelled) > 15
    assert labelled.items() <= names_of(topological_order(error)).items()


@pytest.mark.parametrize(("entries", "names"), [(MOST_ENTRIES, ["many[1]", "y"]), (MOST_ENTRIES + 1, ["x1", "y"])])
def test_a_large_list_is_not_searched(entries, names):
    many = [0.0, Value(1.0)] + [0.0] * (entries - 2)
    y = -many[1]
    assert list(names_of(topological_order(y)).values()) == names


def test_every_view_calls_a_node_the_same():
    w, data = Value(-3.0), {"x": [Value(2.0)]}
    L = (w * data["x"][0] + Value(1.0)).tanh() ** 2
    names = ["w", 'data["x"][0]', "x₁", "v₁", "v₂", "v₃", "L"]
    stepper = step_through(L)
    assert [node["name"] for node in stepper.story.told()["nodes"]] == names
    assert [box.lines[0].split(" = ")[0] for box in draw(L).diagram.boxes] == names
    explained, walked = explain(L).sections[0].lines, walk_steps(L)
    assert [line.split(" = ")[0] for (line,) in explained] == names
    assert walked[0].text == 'w = −3, data["x"][0] = 2, x₁ = 1'
    assert [step.text.split(" = ")[0] for step in walked if step.phase == "forward"] == names[3:]
    assert explain_paths(L, w).text().splitlines()[1].split("   ")[0] == "  w → v₁ → v₂ → v₃ → L"


# Variables of functions, recorded by `call_sites`


def in_a_loop(x):
    h = x
    for _ in range(2):
        h = h * 2
        h = h.tanh()
    return h


def added_up(x):
    total = 0
    total += x * 2
    total += x * 3
    return total


def in_lists(x):
    layer = [x, x + 1]
    for _ in range(2):
        layer = [layer[0] * 2, layer[1].tanh()]
    return sum(layer)


def grown(x):
    rows = []
    for power in (2, 3):
        rows.append(x**power)
    y = rows[0] + rows[1]
    return y


def unpacked(x):
    a, b = x + 1, x + 2
    (c := a * b).data
    return c


def unnamed(x):
    return (x * 2).exp()


def cell(x):
    s = x * 3
    return s


def with_helpers(x):
    y = cell(x)
    return cell(y) + cell(y + 1)


def argument_of_a_helper(x):
    y = cell(x + 1)
    return y


def recursive(x, n=2):
    h = x * x
    return h if n == 0 else recursive(h, n - 1)


def two_names(x):
    first = x * 2
    again = first
    return again


def taken(x):
    v1 = x * 2
    x2, x = x * v1, v1.tanh()
    return x2 + x


def digits_at_the_end(x):
    x1 = x
    for _ in range(2):
        x1 = x1 * 2
    return x1


def in_a_comprehension(x):
    squares = [row * row for row in (x, x)]
    return squares[0] + squares[1]


def that_fails_inside(x):
    try:
        y = x * 2
        raise KeyError(y)
    except KeyError as error:
        z = error.args[0] + 1
    return z


@pytest.mark.parametrize(
    ("f", "names"),
    [
        (in_a_loop, "x h1 h2 h3 h4"),
        (added_up, "x v1 v2 total1 total2"),
        (in_lists, "x layer2[0] layer1[1] layer3[0] layer2[1] v1 layer3[1] in_lists"),
        (grown, "x rows[0] rows[1] y"),
        (unpacked, "x a b c"),
        (unnamed, "x v1 unnamed"),
        (lambda x: (x * 2).exp(), "x v1 v2"),
        (with_helpers, "x y s1 v1 s2 with_helpers"),
        (argument_of_a_helper, "x v1 y"),
        (recursive, "x h1 h2 h3"),
        (two_names, "x first"),
        (taken, "x v1 x2 v2 taken"),
        (digits_at_the_end, "x x1#1 x1#2"),
        (in_a_comprehension, "x squares[0] squares[1] in_a_comprehension"),
        (that_fails_inside, "x y z"),
    ],
    ids=lambda case: getattr(case, "__name__", None),
)
def test_variables_of_functions_name_their_nodes_with_numbers_if_they_held_several(f, names):
    assert list(step_through(f, x=0.5).story.names.values()) == names.split()


def test_the_variables_of_the_caller_come_before_those_of_functions_and_libraries_name_nothing():
    with call_sites():
        mine = cell(Value(2.0))
        y = cell(mine)
    assert list(names_of(topological_order(y)).values()) == ["x", "mine", "y"]
    names = step_through(lambda a: MLP(1, [1], seed=0)([a]), a=1.0).story.names.values()
    assert {name for name in names if not name.startswith(("a", "w", "s", "o"))} == {"v1"}
