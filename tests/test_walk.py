"""autograd_lite.walk: the passes as steps, checked against backward() and against the graph itself, and paths."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from random_graphs import random_graph

from autograd_lite import Value, add, backward_steps, constant, paths, topological_order, walk_steps
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
    walk = walk_steps(root)
    phases = [step.phase for step in walk]
    assert phases == sorted(phases, key=["leaves", "forward", "seed", "backward"].index)
    assert [step.node for step in walk if step.phase == "forward"] == [
        node for node in topological_order(root) if node.parents
    ]
    assert phases.count("leaves") == phases.count("seed") == 1
    taken = [(step.node, step.step.place) for step in walk if step.phase == "backward"]
    assert len(taken) == len(set(taken))
    assert set(taken) == set(edges(root))


@given(st.integers(0, 10_000))
def test_the_last_total_of_each_node_is_the_gradient_of_backward_bit_for_bit(seed):
    _, root = random_graph(seed)
    walk = {step.step.parent: step.result for step in walk_steps(root) if step.phase == "backward"}
    alone = {step.parent: step.total for step in backward_steps(root)}
    assert not any(node.has_grad for node in topological_order(root))
    root.backward()
    assert list(walk) == list(alone)
    for node, total in walk.items():
        assert total.hex() == alone[node].hex() == node.grad.hex()
    assert root.grad == 1.0


@given(st.integers(0, 10_000))
def test_contributions_are_numbered_and_each_adds_to_what_was_there_before(seed):
    _, root = random_graph(seed)
    arrived = {}
    for step in walk_steps(root):
        if step.phase != "backward":
            assert (step.number, step.of) == (1, 1)
            continue
        _, parent, place, slope, upstream, share, total = step.step
        assert step.node.parents[place] is parent
        arrived.setdefault(parent, []).append(total)
        assert step.number == len(arrived[parent])
        assert step.before == (arrived[parent][-2] if len(arrived[parent]) > 1 else None)
        assert share == upstream * slope
        assert total == (share if step.before is None else step.before + share)
    for step in walk_steps(root):
        if step.phase == "backward":
            assert step.of == len(arrived[step.step.parent])


@given(st.integers(0, 10_000), st.data())
def test_the_part_below_a_node_has_the_numbers_of_the_whole_backward_pass(seed, data):
    _, root = random_graph(seed)
    order = topological_order(root)
    below = data.draw(st.sampled_from([node for node in order if node.op.name != "constant"]))
    part = set(topological_order(below))
    whole = [step for step in walk_steps(root) if step.phase == "backward" and step.node in part]
    walk = walk_steps(root, below)
    assert [step for step in walk if step.phase == "backward"] == whole
    assert {step.node for step in walk if step.phase == "forward"} == {node for node in part if node.parents}
    [seed_step] = [step for step in walk if step.phase == "seed"]
    root.backward()
    assert seed_step.node is below
    assert seed_step.result == below.grad


def test_what_comes_from_outside_of_the_part_is_in_the_totals():
    x = Value(3.0, "x")
    first, second = x * 2, x * 5
    walk = walk_steps(add(first, second), below=first)
    [backward] = [step for step in walk if step.phase == "backward"]
    assert backward.of == 2
    assert {backward.number, backward.result} in ({1, 2.0}, {2, 7.0})
    assert "which has come from the rest of the graph" in walk[2].text


def test_the_steps_print_in_names_and_numbers():
    error = squared_error(MLP(1, [1], weights=[[[0.5, -1.0]]])([2.0]), 1.0)
    error.label = "e"
    printed, default, longer = (
        [str(step) for step in walk_steps(error, **how)] for how in ({"digits": 4}, {}, {"digits": 5})
    )
    assert printed == default != longer
    assert printed[0] == "leaves    w⁽¹⁾₁,₀ = 0.5, w⁽¹⁾₁,₁ = −1, o₁⁽⁰⁾ = 2 (constant), y = 1 (constant)"
    assert "seed      ∂e/∂e = 1" in printed
    [signal] = [line for line in printed if "∂e/∂s₁⁽¹⁾ +=" in line]
    assert signal.startswith("backward  ")
    assert signal.endswith("= δ₁⁽¹⁾")


@pytest.mark.parametrize("root", [Value(3.0, "x"), constant(3.0, "c"), constant(3.0)])
def test_the_walk_over_a_single_node(root):
    walk = walk_steps(root)
    expected = ["leaves"] if root.op.name == "constant" else ["leaves", "seed"]
    assert [step.phase for step in walk] == expected
    assert walk[0].text in {"x = 3", "c = 3 (constant)", "root = 3 (constant)"}


def test_bad_arguments_are_named():
    x = Value(2.0, "x")
    root = x * 3
    with pytest.raises(TypeError, match="root must be a Value, not int: 5"):
        walk_steps(5)
    with pytest.raises(TypeError, match="below must be a Value, not str: 'x'"):
        walk_steps(root, "x")
    with pytest.raises(ValueError, match="below must be a Value that the root was computed from; 'y' is not one"):
        walk_steps(root, Value(2.0, "y"))
    with pytest.raises(ValueError, match="digits must be from 1 to 17, received 0"):
        walk_steps(root, digits=0)
    with pytest.raises(TypeError, match="root must be a Value, not int: 5"):
        backward_steps(5)
    with pytest.raises(TypeError, match="leaf must be a Value, not int: 5"):
        paths(root, 5)
    x.data = 5.0
    for steps in (walk_steps, backward_steps):
        with pytest.raises(RuntimeError, match="stale"):
            steps(root)


def test_a_long_chain_needs_no_recursion():
    node = Value(1.0, "a")
    for _ in range(20_000):
        node = -node
    walk = walk_steps(node)
    assert len(walk) == 40_002
    assert walk[-1].result == 1.0


# The backward pass alone, and paths


def test_a_node_is_complete_before_it_is_passed_on():
    _, root = random_graph(2)
    passed_on = set()
    for step in backward_steps(root):
        assert step.parent not in passed_on
        passed_on.add(step.node)


@pytest.mark.parametrize("seed", range(30))
def test_the_products_of_all_paths_add_up_to_the_gradient(seed):
    leaves, root = random_graph(seed, size=8)
    root.backward()
    for leaf in leaves:
        assert sum(path.product for path in paths(root, leaf, limit=100_000)) == pytest.approx(leaf.grad, rel=1e-9)


@given(st.integers(1, 10))
def test_paths_double_with_each_level(levels):
    a = node = Value(1.0, "a")
    for _ in range(levels):
        node = node + node
    found = paths(node, a, limit=2000)
    assert len(found) == 2**levels
    assert all(path.product == 1.0 and len(path.steps) == levels for path in found)


def test_too_many_paths_are_counted_and_refused_at_once():
    a = node = Value(1.0, "a")
    for _ in range(200):
        node = node + node
    with pytest.raises(ValueError, match=rf"there are {2**200:,} paths from a to the root, more than limit=1000"):
        paths(node, a)


def test_paths_from_what_the_root_does_not_depend_on_are_none():
    assert paths(Value(1.0) * 2, Value(3.0), limit=0) == []


def test_the_path_from_the_root_to_itself_is_empty():
    root = Value(1.0) * 2
    [path] = paths(root, root)
    assert path.steps == ()
    assert path.product == 1.0


def test_a_deep_graph_has_its_paths_listed_in_linear_time():
    a = node = Value(1.0, "a")
    for _ in range(50_000):
        node = -node
    [path] = paths(node, a)
    assert len(path.steps) == 50_000
    assert path.product == 1.0


def leaves_of(root):
    return [node for node in topological_order(root) if node.op.name == "leaf"]


@given(st.integers(0, 10_000), st.sampled_from([1e-3, 0.1, 2.0]))
def test_a_step_of_gradient_descent_follows_with_the_numbers_of_backward_and_forward(seed, rate):
    _, root = random_graph(seed)
    walk = walk_steps(root, update=rate)
    before = root.data
    assert [step for step in walk if step.phase not in ("update", "zero", "again")] == walk_steps(root)
    assert [step.phase for step in walk[-2:]] == ["zero", "again"]
    root.backward()
    updates = [step for step in walk if step.phase == "update"]
    assert [step.node for step in updates] == leaves_of(root)
    assert [repr(step.result) for step in updates] == [repr(x.data - rate * x.grad) for x in leaves_of(root)]
    for step in updates:
        step.node.data = step.result
    assert repr(walk[-1].result) == repr(root.forward().data)
    assert repr(walk[-1].before) == repr(before)


def test_a_root_that_is_a_leaf_is_updated_with_its_own_derivative_1():
    walk = walk_steps(Value(3.0, "a"), update=0.5)
    assert [str(step) for step in walk if step.phase in ("seed", "update")] == [
        "seed      ∂a/∂a = 1",
        "update    a ← a − 0.5 · ∂a/∂a = 3 − 0.5 × 1 = 2.5",
    ]


def test_data_and_constants_are_not_updated():
    w, x, y = Value(0.5, "w"), Value(2.0, "x"), Value(3.0, "y")
    root = (w * x - y) ** 2
    walk = walk_steps(root, update=0.25, data=[x, y])
    assert [str(step) for step in walk[-3:]] == [
        "update    w ← w − 0.25 · ∂root/∂w = 0.5 − 0.25 × (−8) = 2.5",
        "zero      all gradients are set to 0; else the next backward pass would add to them",
        "again     root: 4 → 4",  # from -2 to 2: the step was too large
    ]
    assert (w.data, w.has_grad) == (0.5, False)


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"update": 0.0}, ValueError, "update must be greater than 0, and finite, received 0.0"),
        ({"update": float("inf")}, ValueError, "update must be greater than 0, and finite, received inf"),
        ({"update": "0.1"}, TypeError, "update must be a number, not str"),
        ({"update": True}, TypeError, "update must be a number, not bool"),
        ({"update": 0.1, "data": [2.0]}, TypeError, "data must be a Value"),
    ],
)
def test_a_wrong_update_is_refused(options, error, message):
    with pytest.raises(error, match=message):
        walk_steps(Value(1.0) * 2, **options)
