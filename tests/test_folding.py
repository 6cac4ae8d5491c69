"""autograd_lite.folding: what is seen is a partition without cycles, however far a graph is opened."""

import inspect
import random
from graphlib import TopologicalSorter

import pytest
from benchmark_engine import gpt
from hypothesis import given, settings
from hypothesis import strategies as st
from random_graphs import random_graph

from autograd_lite import Value, call_sites, topological_order
from autograd_lite.folding import (
    FEW,
    MOST,
    Group,
    cycles,
    depth_first,
    fold,
    links,
    neurons,
    nodes_of,
    partition,
    parts_at,
)
from nn import MLP, squared_error


def groups_in(group):
    """A group and all groups in it."""
    yield group
    for part in group.parts:
        if isinstance(part, Group):
            yield from groups_in(part)


def check_fold(root):
    """Every group is a partition of its nodes, in an order of computing, and not too large; return all groups."""
    whole = fold(root)
    assert sorted(map(id, whole.nodes())) == sorted(map(id, topological_order(root)))  # each node once
    groups = list(groups_in(whole))
    for group in groups:
        assert 1 <= len(group.parts) <= MOST
        assert all(tail < head for tail, head in links(group.parts))
        assert group is whole or len(group.nodes()) > 1
        assert all(part.title for part in group.parts if isinstance(part, Group))
    return groups


def opened(group, generator):
    """The parts that are seen when some groups, chosen at random, are opened."""
    for part in group.parts:
        if isinstance(part, Group) and generator.random() < 0.7:
            yield from opened(part, generator)
        else:
            yield part


def doubled(x):
    return x + x


def loop(xs, rounds):
    """Lines that use each other's results in a cycle, calls, and comprehensions."""
    total = Value(0.0)
    for _ in range(rounds):
        squares = [x * x for x in xs]
        xs = [doubled(square) + total for square in squares]
        total = total + sum(xs)
    return total


def deep(x, n):
    return x.tanh() if n == 0 else deep(x * x, n - 1) + x


@given(st.integers(0, 10**6), st.integers(1, 400), st.booleans(), st.booleans())
@settings(max_examples=60)
def test_no_cycle_is_seen_however_far_a_graph_is_opened(seed, size, recorded, labelled):
    generator = random.Random(seed)
    if recorded:
        with call_sites():
            _, root = random_graph(seed, size)
    else:
        _, root = random_graph(seed, size)
    if labelled:
        for node in topological_order(root):
            node.label = "abc"[generator.randrange(3)] if generator.random() < 0.1 else ""
    check_fold(root)
    parts = list(opened(fold(root), generator))
    before = {number: set() for number in range(len(parts))}
    for tail, head in links(parts):
        before[head].add(tail)
    assert len(list(TopologicalSorter(before).static_order())) == len(parts)  # it raises where there is a cycle


@pytest.mark.parametrize(
    ("f", "arguments"), [(loop, ([Value(0.1), Value(0.2)], 30)), (deep, (Value(0.5), 10)), (deep, (Value(0.5), 300))]
)
def test_loops_and_recursive_functions_fold(f, arguments):
    with call_sites():
        root = f(*arguments)
    check_fold(root)


@given(st.lists(st.lists(st.integers(0, 11), max_size=3), min_size=12, max_size=12))
def test_nodes_in_a_cycle_reach_each_other(before):
    reached = [set(sources) for sources in before]
    for _ in before:
        reached = [found.union(*[reached[source] for source in found]) for found in reached]
    component = cycles(before)
    for a in range(12):
        for b in range(12):
            assert (component[a] == component[b]) == (a == b or (a in reached[b] and b in reached[a]))


def test_sets_that_are_computed_from_each_other_become_one():
    x = Value(1.0)
    a, b = x.exp(), x.tanh()
    c = a.tanh()
    d = c + b
    sets = partition([x, a, b, c, d], lambda node: node.op.name)
    assert sets == [[x], [a], [b, c], [d]]
    e = c.exp()  # now exp and tanh need each other
    assert partition([x, a, b, c, d, e], lambda node: node.op.name) == [[x], [a, b, c, e], [d]]


def test_depth_first_each_node_follows_its_arguments():
    a, b = Value(1.0), Value(2.0)
    c, d = a.exp(), b.exp()
    e = c * d
    assert depth_first(e) == [a, c, b, d, e]


def test_the_groups_of_a_function_are_its_lines_and_their_calls():
    xs = [Value(0.1) for _ in range(8)]

    def f():
        squares = [x * x for x in xs]
        twice = [doubled(square) for square in squares]
        return sum(twice)

    with call_sites():
        root = f()
    lines, first = inspect.getsourcelines(f)
    expected = [(line.strip(), f"f, line {first + place}") for place, line in enumerate(lines)][1:]
    assert [(part.title, part.place) for part in fold(root).parts] == expected
    assert [len(part.nodes()) for part in fold(root).parts] == [
        16,
        8,
        9,
    ]  # with leaves, and the 0 that `sum` begins with


def test_calls_are_told_apart_and_open_as_their_lines():
    def rows():
        return [row(Value(number)) for number in range(4)]

    def row(x):
        y = x.tanh() * x + x.exp() - x * x + x / 2
        return y * y + y.exp() - y.tanh() * y.sin() + y

    with call_sites():
        root = sum(rows())
    calls, *end = fold(root).parts
    assert calls.title == "rows()"
    assert [part.title for part in calls.parts] == [f"row() {number} of 4" for number in (1, 2, 3, 4)]
    assert {len(part.parts) for part in calls.parts} == {2}
    assert len(end) == 5


def test_a_labelled_node_holds_what_only_it_uses():
    x = Value(0.5, "x")
    parts = []
    for number in range(1, 41):
        part = (x * x).tanh()
        part.label = f"h{number}"
        parts.append(part)
    whole = fold(sum(parts))
    found = {part.title: part for group in groups_in(whole) for part in group.parts if isinstance(part, Group)}
    for number, part in enumerate(parts, start=1):
        with_x = 0 if number == 1 else 1  # x goes with its first user
        assert found[f"h{number}"].nodes() == topological_order(part)[with_x:]


# Networks


def network_loss(sizes, **options):
    outputs = MLP(sizes[0], sizes[1:], seed=0, **options).outputs([0.1 * a for a in range(sizes[0])])
    return squared_error(outputs, [1.0] * sizes[-1])


@pytest.mark.parametrize("sizes", [(2, 2, 1), (4, 4, 3), (8, 12, 6, 2), (1, 1), (60, 2), (3, 70, 2)])
@pytest.mark.parametrize("activation", ["tanh", "linear"])
def test_a_network_folds_by_neuron(sizes, activation):
    root = network_loss(sizes, activation=activation)
    parts = parts_at(root, "neuron")
    assert all(tail < head for tail, head in links(parts))
    assert sorted(map(id, (node for part in parts for node in nodes_of(part)))) == sorted(
        map(id, topological_order(root))
    )
    units = [part.unit for part in parts if isinstance(part, Group) and part.unit]
    assert sorted(units) == [(l, b) for l in range(1, len(sizes)) for b in range(1, sizes[l] + 1)]
    for part in parts:
        if isinstance(part, Group) and part.unit:
            l, b = part.unit
            labels = [node.label for node in part.nodes() if node.label]
            expected = [f"w^({l})_{{{b},{a}}}" for a in range(sizes[l - 1] + 1)] + [f"s_{b}^({l})"]
            assert sorted(labels) == sorted(expected + [f"o_{b}^({l})"] * (activation != "linear"))
    inputs, *_ = [part for part in parts if isinstance(part, Value)]
    assert inputs.label == "o_1^(0)"
    assert len(parts) == sum(sizes) + 1  # the loss
    check_fold(root)


def test_layers_are_the_neurons_of_one_l():
    layers = parts_at(network_loss((4, 4, 3)), "layer")
    assert [part.title for part in layers] == ["inputs", "layer 1", "layer 2", "e"]
    assert [len(part.parts) for part in layers[:3]] == [4, 4, 3]


def test_what_is_not_one_network_is_not_taken_for_one():
    net = MLP(2, [2, 1], seed=0)
    several = squared_error(net([0.1, 0.2]), 1.0) + squared_error(net([0.3, 0.4]), 0.0)
    for root in (several, Value(1.0).tanh(), Value(1.0)):
        assert neurons(depth_first(root)) is None
        check_fold(root)
        with pytest.raises(ValueError, match="s_b"):
            parts_at(root, "neuron")


def test_a_regularized_network_is_still_one():
    net = MLP(2, [2, 1], seed=0)
    root = squared_error(net([0.1, 0.2]), 1.0) + sum(w * w for w in net.parameters())
    assert len(parts_at(root, "neuron")) == 2 + 3 + 1
    check_fold(root)


# Any graph, for example of a GPT


def test_a_gpt_folds_by_the_lines_of_its_functions():
    _, loss = gpt("ours")
    with call_sites():
        root = loss()
    groups = check_fold(root)
    lines, _ = inspect.getsourcelines(loss)
    titles = [part.title.rstrip("…").split(" 1 of")[0].split(" 2 of")[0] for part in groups[0].parts]
    assert 10 <= len(titles) <= 25
    assert all(any(line.strip().startswith(title) for line in lines) for title in titles)
    assert max(len(group.parts) for group in groups) <= 49
    assert "linear() 1 of 5" in {group.title for group in groups}


def test_without_call_sites_it_folds_too():
    _, loss = gpt("ours", tokens=(3, 7, 1))
    assert len(check_fold(loss())[0].parts) <= MOST


def test_a_small_group_has_no_groups_in_it():
    x = Value(1.0)
    for _ in range(FEW - 1):
        x = x.tanh()
    assert all(isinstance(part, Value) for part in fold(x).parts)
