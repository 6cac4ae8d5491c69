"""The squared error e = sum of (o_b - y_b)^2, without a factor 1/2."""

import numpy as np
import pytest

from autograd_lite import Value, topological_order
from nn import MLP, squared_error


def test_one_output_is_the_square_of_the_difference_without_one_half():
    o = Value(3.0)
    e = squared_error(o, 1.0)
    e.backward()
    assert e.data == 4.0
    assert o.grad == 4.0, "de/do = 2 (o - y)"


def test_several_outputs_add_up():
    o = [Value(1.0), Value(-2.0), Value(0.5)]
    e = squared_error(o, [0.0, 1.0, 0.5])
    e.backward()
    assert e.data == 1.0 + 9.0 + 0.0
    assert [output.grad for output in o] == [2.0, -6.0, 0.0]


@pytest.mark.parametrize("targets", [[1.0, 2.0], (1, 2), np.array([1.0, 2.0]), [np.float64(1), np.int64(2)]])
def test_targets_of_every_kind(targets):
    assert squared_error([Value(0.0), Value(0.0)], targets).data == 5.0


@pytest.mark.parametrize("target", [2, 2.0, np.float64(2), [2.0], (2.0,), np.array([2.0]), np.array(2.0)])
def test_one_target_of_every_kind(target):
    """np.array(2.0) is what indexing with [...] and many reductions of NumPy give."""
    assert squared_error(Value(5.0), target).data == 9.0


def test_the_output_of_a_net_may_be_a_value_or_a_list():
    one, two = MLP(2, [1], seed=0), MLP(2, [2], seed=0)
    assert squared_error(one([1.0, 2.0]), 0.5).data == squared_error(one.outputs([1.0, 2.0]), [0.5]).data
    assert squared_error(two([1.0, 2.0]), [0.5, 0.5]).data > 0


def test_numbers_become_constants_with_the_lectures_names():
    one = topological_order(squared_error(Value(1.0, label="o"), 0.5))
    assert [(node.label, node.op.name) for node in one if node.label] == [
        ("o", "leaf"),
        ("y", "constant"),
        ("e", "power"),
    ]
    several = squared_error([Value(1.0), Value(2.0)], [0.5, 0.25])
    several.backward()
    y = [node for node in topological_order(several) if node.label.startswith("y")]
    assert [node.label for node in y] == ["y_1", "y_2"]
    assert not any(node.has_grad for node in y)
    assert several.label == "e"


def test_a_value_as_target_gets_a_gradient_and_keeps_its_label():
    o, y = Value(3.0), Value(1.0, label="wanted")
    squared_error(o, y).backward()
    assert (o.grad, y.grad, y.label) == (4.0, -4.0, "wanted")


@pytest.mark.parametrize("targets", [[1.0], [1.0, 2.0, 3.0], [], 1.0])
def test_as_many_targets_as_outputs(targets):
    received = len(targets) if isinstance(targets, list) else 1
    with pytest.raises(ValueError, match=rf"targets must have 2 entries.*received {received}"):
        squared_error([Value(1.0), Value(2.0)], targets)


def test_no_outputs_is_a_value_error():
    with pytest.raises(ValueError, match=r"outputs"):
        squared_error([], [])


@pytest.mark.parametrize("target", [None, "1", 1j, [None]])
def test_targets_that_are_no_numbers(target):
    with pytest.raises((TypeError, ValueError)):
        squared_error(Value(1.0), target)
