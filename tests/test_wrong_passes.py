"""autograd_lite.teaching.wrong_passes: wrong gradients computed by hand, and a published run with such a bug."""

from hypothesis import given
from hypothesis import strategies as st
from random_graphs import random_graph

from autograd_lite import backward_steps, topological_order
from autograd_lite.teaching.wrong_passes import Mistake, play


@given(st.integers(0, 10_000))
def test_without_a_mistake_the_walk_is_the_right_one_bit_for_bit(seed):
    _, root = random_graph(seed)
    right = backward_steps(root)
    steps = play(topological_order(root), Mistake("none", "", ""), right)
    assert list(map(repr, steps)) == list(map(repr, right))  # repr: nan is equal to nan
