"""autograd_lite.walk: the passes as steps, checked against backward() and against the graph itself, and paths."""

from hypothesis import given, settings
from hypothesis import strategies as st
from random_graphs import random_graph

from autograd_lite import Value, backward_steps, paths, topological_order, walk_steps
from nn import MLP, squared_error

fewer_examples = settings(max_examples=50)  # each walks over a whole graph


def edges(root):
    """Each argument of each node, constants left out: what the chain rule is applied to."""
    return [
        (node, place)
        for node in topological_order(root)
        for place, parent in enumerate(node.parents)
        if parent.op.name != "constant"
    ]


@fewer_examples
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


@fewer_examples
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


@fewer_examples
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


@fewer_examples
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


# The backward pass alone, and paths


@given(st.integers(1, 10))
def test_paths_double_with_each_level(levels):
    a = node = Value(1.0, "a")
    for _ in range(levels):
        node = node + node
    found = paths(node, a, limit=2000)
    assert len(found) == 2**levels
    assert all(path.product == 1.0 and len(path.steps) == levels for path in found)


def leaves_of(root):
    return [node for node in topological_order(root) if node.op.name == "leaf"]


@fewer_examples
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
