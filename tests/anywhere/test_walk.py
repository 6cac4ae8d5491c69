"""autograd_lite.walk: the passes as steps, checked against backward() and against the graph itself, and paths."""

import pytest
from random_graphs import random_graph

from anywhere import deep
from autograd_lite import Value, add, backward_steps, constant, paths, walk_steps


def test_what_comes_from_outside_of_the_part_is_in_the_totals():
    x = Value(3.0, "x")
    first, second = x * 2, x * 5
    walk = walk_steps(add(first, second), below=first)
    [backward] = [step for step in walk if step.phase == "backward"]
    assert backward.of == 2
    assert {backward.number, backward.result} in ({1, 2.0}, {2, 7.0})
    assert "which has come from the rest of the graph" in walk[2].text


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


@deep
def test_a_long_chain_needs_no_recursion():
    node = Value(1.0, "a")
    for _ in range(5_000):
        node = -node
    walk = walk_steps(node)
    assert len(walk) == 10_002
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


def test_too_many_paths_are_counted_and_refused_at_once():
    a = node = Value(1.0, "a")
    for _ in range(200):
        node = node + node
    with pytest.raises(ValueError, match=rf"there are {2**200:,} paths from a to the root, more than limit=1000"):
        paths(node, a)


def test_there_are_no_paths_from_a_node_that_the_root_does_not_depend_on():
    assert paths(Value(1.0) * 2, Value(3.0), limit=0) == []


def test_the_path_from_the_root_to_itself_is_empty():
    root = Value(1.0) * 2
    [path] = paths(root, root)
    assert path.steps == ()
    assert path.product == 1.0


@deep
def test_a_deep_graph_has_its_paths_listed_in_linear_time():
    a = node = Value(1.0, "a")
    for _ in range(50_000):
        node = -node
    [path] = paths(node, a)
    assert len(path.steps) == 50_000
    assert path.product == 1.0


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
        "zero      all gradients are set to 0; otherwise the next backward pass would add to them",
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
