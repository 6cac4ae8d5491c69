"""autograd_lite.steps: the backward pass as data, and paths."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from random_graphs import random_graph

from autograd_lite import Value, backward_steps, paths, topological_order
from autograd_lite.steps import node_names


@pytest.mark.parametrize("seed", range(30))
def test_totals_are_those_of_backward_bit_for_bit(seed):
    leaves, root = random_graph(seed)
    totals = {step.parent: step.total for step in backward_steps(root)}
    assert not any(node.has_grad for node in topological_order(root))
    root.backward()
    for leaf in leaves:
        assert totals[leaf] == leaf.grad


def test_each_step_is_one_product_and_one_addition():
    _, root = random_graph(1)
    running = {}
    for step in backward_steps(root):
        assert step.share == step.upstream * step.slope
        running[step.parent] = running.get(step.parent, 0.0) + step.share
        assert step.total == running[step.parent]
        assert any(step.parent is parent for parent in step.node.parents)


def test_a_node_is_complete_before_it_is_passed_on():
    _, root = random_graph(2)
    passed_on = set()
    for step in backward_steps(root):
        assert step.parent not in passed_on
        passed_on.add(step.node)


def test_a_stale_graph_is_refused():
    x = Value(2.0)
    root = x * x
    x.data = 3.0
    with pytest.raises(RuntimeError, match="stale"):
        backward_steps(root)


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
    assert paths(Value(1.0) * 2, Value(3.0)) == []


def test_the_path_from_the_root_to_itself_is_empty():
    root = Value(1.0) * 2
    [path] = paths(root, root)
    assert path.steps == ()
    assert path.product == 1.0


def test_names_are_unique_and_follow_the_wengert_list():
    x, again, y = Value(1.0, "x"), Value(2.0, "x"), Value(3.0)
    taken = x * again
    taken.label = "v1"
    names = node_names(topological_order(taken + y * 2))
    assert list(names.values()) == ["x", "x#2", "v0", "v1", "v2", "v3"]


def test_a_deep_graph_has_its_paths_listed_in_linear_time():
    a = node = Value(1.0, "a")
    for _ in range(50_000):
        node = -node
    [path] = paths(node, a)
    assert len(path.steps) == 50_000
    assert path.product == 1.0


def test_what_is_no_value_is_refused_by_name():
    with pytest.raises(TypeError, match="root must be a Value, not int: 5"):
        backward_steps(5)
    with pytest.raises(TypeError, match="leaf must be a Value, not int: 5"):
        paths(Value(1.0) * 2, 5)


def test_names_that_labels_have_taken_are_passed_over():
    x, y, z = Value(1.0, "v0"), Value(2.0), Value(3.0)
    product = y * z
    product.label = "v1"
    assert list(node_names(topological_order(product + x)).values()) == ["v-2", "v-1", "v0", "v1", "v2"]
