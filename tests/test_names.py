"""autograd_lite.words.names: a name for each node."""

from autograd_lite import Value, topological_order
from autograd_lite.words.names import node_names


def test_names_are_unique_and_follow_the_wengert_list():
    x, again, y = Value(1.0, "x"), Value(2.0, "x"), Value(3.0)
    taken = x * again
    taken.label = "v1"
    names = node_names(topological_order(taken + y * 2))
    assert list(names.values()) == ["x", "x#2", "v0", "v1", "v2", "v3"]


def test_names_that_labels_have_taken_are_passed_over():
    x, y, z = Value(1.0, "v0"), Value(2.0), Value(3.0)
    product = y * z
    product.label = "v1"
    assert list(node_names(topological_order(product + x)).values()) == ["v-2", "v-1", "v0", "v1", "v2"]
