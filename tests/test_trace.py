"""autograd_lite.trace: the whole walk as steps that print, held against backward() and against the graph itself."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from random_graphs import random_graph

from autograd_lite import Value, add, constant, steps, topological_order
from autograd_lite.trace import PHASES
from nn import MLP, squared_error


def edges(root):
    """Each argument of each node, constants left out: what the chain rule is applied to."""
    return [
        (node, place)
        for node in topological_order(root)
        for place, parent in enumerate(node.parents)
        if parent.op.name != "constant"
    ]


@given(st.integers(0, 10_000))
def test_the_walk_has_a_step_for_each_node_and_for_each_edge_in_the_order_of_the_phases(seed):
    _, root = random_graph(seed)
    walk = steps(root)
    phases = [step.phase for step in walk]
    assert phases == sorted(phases, key=PHASES.index)
    assert [step.node for step in walk if step.phase == "forward"] == [
        node for node in topological_order(root) if node.parents
    ]
    assert phases.count("leaves") == phases.count("seed") == 1
    taken = [(step.node, step.contribution.place) for step in walk if step.phase == "backward"]
    assert len(taken) == len(set(taken))
    assert set(taken) == set(edges(root))


@given(st.integers(0, 10_000))
def test_the_last_total_of_each_node_is_the_gradient_of_backward_bit_for_bit(seed):
    _, root = random_graph(seed)
    totals = {step.contribution.step.parent: step.result for step in steps(root) if step.phase == "backward"}
    assert not any(node.has_grad for node in topological_order(root))
    root.backward()
    for node, total in totals.items():
        assert total.hex() == node.grad.hex()
    assert root.grad == 1.0


@given(st.integers(0, 10_000))
def test_contributions_are_numbered_and_each_adds_to_what_was_there_before(seed):
    _, root = random_graph(seed)
    arrived = {}
    for step in steps(root):
        if step.phase != "backward":
            continue
        contribution = step.contribution
        _, parent, _, slope, upstream, share, total = contribution.step
        assert step.node.parents[contribution.place] is parent
        arrived.setdefault(parent, []).append(total)
        assert contribution.number == len(arrived[parent])
        assert contribution.before == (arrived[parent][-2] if len(arrived[parent]) > 1 else None)
        assert share == upstream * slope
        assert total == (share if contribution.before is None else contribution.before + share)
    for step in steps(root):
        if step.phase == "backward":
            assert step.contribution.of == len(arrived[step.contribution.step.parent])


@given(st.integers(0, 10_000), st.data())
def test_the_part_below_a_node_has_the_numbers_of_the_whole_backward_pass(seed, data):
    _, root = random_graph(seed)
    order = topological_order(root)
    below = data.draw(st.sampled_from([node for node in order if node.op.name != "constant"]))
    part = set(topological_order(below))
    whole = [step.contribution for step in steps(root) if step.phase == "backward" and step.node in part]
    walk = steps(root, below)
    assert [step.contribution for step in walk if step.phase == "backward"] == whole
    assert {step.node for step in walk if step.phase == "forward"} == {node for node in part if node.parents}
    [seed_step] = [step for step in walk if step.phase == "seed"]
    root.backward()
    assert seed_step.node is below
    assert seed_step.result == below.grad


def test_what_comes_from_outside_of_the_part_is_in_the_totals():
    x = Value(3.0, "x")
    first, second = x * 2, x * 5
    walk = steps(add(first, second), below=first)
    [backward] = [step for step in walk if step.phase == "backward"]
    assert backward.contribution.of == 2
    assert {backward.contribution.number, backward.result} in ({1, 2.0}, {2, 7.0})
    assert "which has come from the rest of the graph" in walk[2].text


def test_the_steps_print_in_names_and_numbers():
    error = squared_error(MLP(1, [1], weights=[[[0.5, -1.0]]])([2.0]), 1.0)
    error.label = "e"
    printed = [str(step) for step in steps(error, digits=4)]
    assert printed[0] == "leaves    w^(1)_{1,0} = 0.5, w^(1)_{1,1} = -1.0, o_1^(0) = 2.0 (constant), y = 1.0 (constant)"
    assert "seed      de/de = 1.0" in printed
    [signal] = [line for line in printed if "de/ds_1^(1) +=" in line]
    assert signal.startswith("backward  ")
    assert signal.endswith("= delta_1^(1)")


@pytest.mark.parametrize("root", [Value(3.0, "x"), constant(3.0, "c"), constant(3.0)])
def test_the_walk_over_a_single_node(root):
    walk = steps(root)
    expected = ["leaves"] if root.op.name == "constant" else ["leaves", "seed"]
    assert [step.phase for step in walk] == expected
    assert walk[0].text in {"x = 3.0", "c = 3.0 (constant)", "there are none"}


def test_bad_arguments_are_named():
    x = Value(2.0, "x")
    root = x * 3
    with pytest.raises(TypeError, match="root must be a Value, not int: 5"):
        steps(5)
    with pytest.raises(TypeError, match="below must be a Value, not str: 'x'"):
        steps(root, "x")
    with pytest.raises(ValueError, match="below must be a Value that the root was computed from; 'y' is not one"):
        steps(root, Value(2.0, "y"))
    with pytest.raises(ValueError, match="digits must be from 1 to 17, received 0"):
        steps(root, digits=0)
    x.data = 5.0
    with pytest.raises(RuntimeError, match="stale"):
        steps(root)


def test_a_long_chain_needs_no_recursion():
    node = Value(1.0, "a")
    for _ in range(20_000):
        node = -node
    walk = steps(node)
    assert len(walk) == 40_002
    assert walk[-1].result == 1.0
