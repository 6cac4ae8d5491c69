"""autograd_lite.stepper.widget: state, what is refused, and what if. Its view is driven in test_stepper_browser.py."""

import json
import math
import re

import pytest
import traitlets
from hypothesis import given, settings
from hypothesis import strategies as st
from random_graphs import random_graph

from autograd_lite import Primitive, Value, step_through, topological_order


def product():
    w, x = Value(-3.0, label="w"), Value(2.0, label="x")
    root = (w * x).tanh() * x
    root.label = "L"
    return w, x, root


def gradients(widget):
    """The gradients of the leaves of the widget's own graph, by name."""
    leaves = {node.label: node for node in topological_order(widget.root) if not node.parents and node.label}
    for leaf in leaves.values():
        leaf.grad = 0
    widget.root.backward()
    return {name: leaf.grad for name, leaf in leaves.items()}


def test_the_step_can_be_set_and_observed():
    widget = step_through(product()[2], step=2).widget()
    seen = []
    widget.observe(lambda change: seen.append(change["new"]), "step")
    assert widget.step == 2
    widget.step = 5
    assert seen == [5]


@pytest.mark.parametrize("step", [-1, 11, 10**6])
def test_a_step_that_is_not_there_is_refused_and_the_old_one_kept(step):
    widget = step_through(product()[2]).widget()
    with pytest.raises(traitlets.TraitError, match=f"step must be from 0 to 10, received {step}"):
        widget.step = step
    assert widget.step == 0


@pytest.mark.parametrize(
    ("name", "bad"),
    [("step", "one"), ("ask", "delta"), ("tolerance", 0), ("speed", -1), ("speed", float("inf")), ("predict", "yes")],
)
def test_bad_state_is_refused(name, bad):
    widget = step_through(product()[2]).widget()
    with pytest.raises(traitlets.TraitError, match=name):
        setattr(widget, name, bad)


@settings(max_examples=15)
@given(seed=st.integers(0, 10_000), numbers=st.lists(st.floats(-5, 5), min_size=3, max_size=3))
def test_what_if_returns_the_values_and_gradients_of_a_graph_with_these_leaves(seed, numbers):
    leaves, root = random_graph(seed)
    widget = step_through(root).widget()
    names = [name for name, _ in sorted(widget.leaves.items())]
    by_name = dict(zip(names, numbers, strict=False))
    widget.leaves = by_name
    used = [node for node in topological_order(root) if node in leaves]
    for name, leaf in zip(widget.leaves, used, strict=True):
        leaf.data = by_name[name]
    root.forward().backward()
    widget.root.backward()
    received, expected = topological_order(widget.root), topological_order(root)
    assert [(node.data, node.grad) for node in received] == [(node.data, node.grad) for node in expected]


def test_what_if_changes_nothing_of_the_user():
    w, x, root = product()
    root.backward()
    before = [(node.data, node.grad) for node in topological_order(root)]
    widget = step_through(root).widget()
    widget.leaves = {"w": 1.0, "x": 7.0}
    assert [(node.data, node.grad) for node in topological_order(root)] == before
    assert (w.data, x.data) == (-3.0, 2.0)
    root.backward()  # it is not stale either


def test_some_of_the_leaves_can_be_set_and_the_others_stay():
    widget = step_through(product()[2]).widget()
    widget.leaves = {"x": 1}
    assert widget.leaves == {"w": -3.0, "x": 1.0}
    widget.leaves = {"x": 2.0}
    assert gradients(widget) == gradients(step_through(product()[2]).widget())


@pytest.mark.parametrize(
    ("leaves", "message"),
    [
        ({"z": 1.0}, r"the keys of leaves must be names of leaves \(w, x\), received 'z'"),
        ({"w": "1"}, "leaves must be numbers: w must be a real number .* not str"),
        ({"w": None}, "leaves must be numbers: w must be a real number"),
        ({"w": 10**400}, "leaves must be numbers: w is too large"),
        ([1.0], "leaves"),
    ],
)
def test_bad_leaves_are_named_and_nothing_is_half_done(leaves, message):
    widget = step_through(product()[2]).widget()
    story = widget.story
    with pytest.raises(traitlets.TraitError, match=message):
        widget.leaves = leaves
    assert widget.leaves == {"w": -3.0, "x": 2.0}
    assert widget.story == story


def test_the_part_below_a_node_follows_the_leaves_too():
    x = Value(3.0, "x")
    part = x * 2
    part.label = "part"
    root = part * part
    widget = step_through(root, below=part).widget()
    widget.leaves = {"x": 5.0}
    assert gradients(widget) == {"x": 40.0}


def test_where_the_view_cannot_compute_the_kernel_tells_the_story_again():
    cube = Primitive("cube_of_the_widget", "cube", lambda x: x * x * x, (lambda o, x: 3 * x * x,))
    widget = step_through(cube(Value(2.0, "x")) * 1e308).widget()
    assert widget.story["nodes"][-1]["data"] == ["∞", None]
    widget.leaves = {"x": 1.0}
    assert widget.story["nodes"][-1]["data"] == ["1e308", 1e308]


NUMBERS = [math.nan, math.inf, -math.inf, -0.0, 5e-324, -5e-324, 1.8e308, 1.7976931348623157e308, -1e308, 1e-310, 0.1]


def strict(data):
    """JSON as the standard has it, read again: an error where Python would write NaN or Infinity."""
    return json.loads(json.dumps(data, allow_nan=False))


@pytest.mark.parametrize("number", NUMBERS)
@pytest.mark.parametrize("function", ["x * y", "x / y - y / x", "(x * y).log()", "x ** y", "(x - y).tanh()", "x // y"])
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_all_state_and_all_messages_are_json(number, function, monkeypatch):
    def build():
        x, y = Value(number, "x"), Value(2.0, "y")
        return eval(function, {"x": x, "y": y})

    def same(told):
        return json.dumps(told["leaves"]) == json.dumps(
            {"x": number if math.isfinite(number) else str(number), "y": 2.0}
        )

    widget = step_through(build()).widget()
    state = {name: value for name, value in widget.get_state().items() if name != "layout"}
    assert same(strict(state))
    page = re.search(r'state">(.*?)</script>', step_through(build()).html())[1]
    assert strict(json.loads(page))["story"] == strict(state["story"])

    sent = []
    monkeypatch.setattr(type(widget.comm), "publish_msg", lambda _, kind, data=None, **__: sent.append(data))
    widget.leaves = {"x": 1.0}
    widget.leaves = {"x": number}
    assert widget.leaves["x"] == number or math.isnan(number)
    last = [message["state"] for message in strict(sent) if "leaves" in message["state"]][-1]
    assert same(last)
    widget.set_state({"leaves": last["leaves"]})  # as the view sends it back
    assert strict(widget.get_state()["story"]) == strict(step_through(build()).widget().story)


@pytest.mark.parametrize("sent", [{"x": "inf"}, {"x": "nan"}, {"x": "-inf"}, {"x": 5}])
def test_the_view_can_send_each_number(sent):
    widget = step_through(Value(2.0, "x") * 3).widget()
    widget.set_state({"leaves": sent})
    assert str(widget.leaves["x"]) == str(float(sent["x"]))
    assert str(widget.root.data) == str(float(sent["x"]) * 3)


@pytest.mark.parametrize("score", [{"right": math.nan, "answered": 1}, {"right": 0.5, "answered": 1}, {"right": "1"}])
def test_a_score_is_counted_in_integers(score):
    with pytest.raises(traitlets.TraitError, match="score"):
        step_through(Value(2.0, "x") * 3).widget().score = score


@pytest.mark.parametrize("size", [math.nan, math.inf, -math.inf, 0.0, -0.0])
@pytest.mark.parametrize("name", ["speed", "tolerance"])
def test_speed_and_tolerance_must_be_greater_than_0(name, size):
    widget = step_through(Value(2.0, "x") * 3).widget()
    with pytest.raises(traitlets.TraitError, match=f"{name} must be a number greater than 0"):
        setattr(widget, name, size)


def test_the_graph_of_the_widget_can_be_used():
    widget = step_through(product()[2]).widget()
    widget.leaves = {"x": 1.0}
    widget.root.backward()
    assert widget.root.data == math.tanh(-3.0)


def test_a_graph_that_went_stale_since_is_refused():
    _, x, root = product()
    stepper = step_through(root)
    x.data = 4.0
    with pytest.raises(RuntimeError, match="stale"):
        stepper.widget()
