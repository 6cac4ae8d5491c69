"""What the page makes of a folded graph, checked against what Python says of the whole graph."""

import random

import pytest
from benchmark_engine import gpt
from javascript import run
from random_graphs import random_graph

from autograd_lite import Value, call_sites, topological_order
from autograd_lite.folding import Group, nodes_of
from autograd_lite.pictures.drawing import boxed
from autograd_lite.stepper.story import FoldedStory, Plan, Story
from autograd_lite.words.lecture import typeset
from nn import MLP, squared_error

STORY = """([story, path]) => {
    const folds = new Folds(story);
    const group = path.reduce((group, place) => group.parts[place], story.folds.tree);
    const isDetailed = group.parts.every((part) => typeof part === "number");
    const { nodes, heads, tails, steps } = (isDetailed ? storyOfNodes : storyOfParts)(folds, group);
    return { nodes, heads, tails, steps };
}"""


def data_of(root, group=None):
    """A story of a graph with its folds, as JSON."""
    story = FoldedStory(root, Plan())
    story.group = group or story.group
    return story.told()


def texts(step):
    """What a step says, without numbers, which may differ in the last digit."""
    kept = ("phase", "node", "parent", "edge", "expression", "expressionMath", "formula", "formulaMath", "number", "of")
    return {name: step[name] for name in kept if name in step}


def check_steps(received, expected):
    assert [texts(step) for step in received["steps"]] == [texts(step) for step in expected["steps"]]
    for step, other in zip(received["steps"], expected["steps"], strict=True):
        for name in ("data", "slope", "upstream", "share", "total", "before"):
            if other.get(name) is not None:
                assert step[name][1] == pytest.approx(other[name][1], rel=1e-9, nan_ok=True)


@pytest.mark.parametrize("seed", range(6))
def test_a_graph_of_nodes_is_told_in_the_page_as_python_tells_it(seed):
    """A small graph is one group of nodes, so its story must be that of the whole graph."""
    _, root = random_graph(seed, 12)
    names = ("name", "math", "kind", "data")
    expected = Story(root).told()
    expected["steps"] = [step for step in expected["steps"] if step["phase"] != "summary"]
    received = run(STORY, [data_of(root, Group("", topological_order(root))), []])
    for node, other in zip(received["nodes"], expected["nodes"], strict=True):
        assert [node[name] for name in names] == [other[name] for name in names]
    check_steps(received, expected)


@pytest.mark.parametrize("seed", range(6))
def test_names_have_brackets_in_the_page_where_python_writes_them(seed):
    """The square of o₁⁽²⁾ is (o₁⁽²⁾)², and twice x + 1 is 2 · (x + 1)."""
    _, root = random_graph(seed, 12)
    labels = ["o_1^(2)", "x + 1", "-a", "w^(1)_{2,0}", "(p)", "θ", "x_3", 'W["a"]', "a'"]
    order = topological_order(root)
    for node, label in zip(order, labels * len(order), strict=False):
        node.label = label
    expected = Story(root).told()
    expected["steps"] = [step for step in expected["steps"] if step["phase"] != "summary"]
    check_steps(run(STORY, [data_of(root, Group("", order)), []]), expected)


def units_of(told):
    """The neurons of a story, by layer and number."""
    return {tuple(node["group"]["unit"]): node for node in told["nodes"] if "output" in node.get("group", {})}


@pytest.mark.parametrize(("sizes", "count"), [((2, 2, 1), 11), ((4, 4, 3), 19), ((8, 12, 6, 2), 45)])
def test_a_network_takes_a_step_for_each_neuron_forward_and_backward(sizes, count):
    net = MLP(sizes[0], sizes[1:], seed=0)
    root = squared_error(net.outputs([0.3 * a - 0.5 for a in range(sizes[0])]), [1.0] * sizes[-1])
    root.backward()
    told = run(STORY, [Story(root).told(), []])
    assert len(told["steps"]) == count == Story(root).count("neuron")  # with the summary
    assert len(units_of(told)) == sum(sizes[1:])
    order = topological_order(root)
    by_label = {node.label: node for node in order}
    for (l, b), node in units_of(told).items():
        assert node["data"][1] == pytest.approx(by_label[f"o_{b}^({l})"].data)
        assert (node["name"], node["delta"]) == (typeset(f"o_{b}^({l})"), typeset(f"delta_{b}^({l})"))
    for phase in ("forward", "backward"):
        turns = [step["nodes"] for step in told["steps"] if step["phase"] == phase]
        assert sorted(box for boxes in turns for box in boxes) == list(range(sizes[0], len(told["nodes"])))
        place = {box: turn if phase == "forward" else -turn for turn, boxes in enumerate(turns) for box in boxes}
        for tail, head in zip(told["tails"], told["heads"], strict=True):
            assert tail < sizes[0] or place[tail] < place[head]  # the inputs are there from the start


def groups_with_paths(group, has_box, path=()):
    """Each group with the places that lead to it, and its parts that are seen."""
    parts = [part for part in group.parts if not has_box.isdisjoint(nodes_of(part))]
    yield path, parts
    for place, part in enumerate(parts):
        if isinstance(part, Group):
            yield from groups_with_paths(part, has_box, (*path, place))


STORIES = """([story, paths]) => {
    const folds = new Folds(story);
    return paths.map((path) => {
        const group = path.reduce((group, place) => group.parts[place], story.folds.tree);
        const isDetailed = group.parts.every((part) => typeof part === "number");
        const { nodes, heads, tails, steps } = (isDetailed ? storyOfNodes : storyOfParts)(folds, group);
        const names = nodes.map(({ name }) => name);
        return { names, results: nodes.map(({ result }) => result), heads, tails, steps };
    });
}"""


def test_every_group_of_a_gpt_can_be_stepped_through():
    _, loss = gpt("ours")
    with call_sites():
        root = loss()
    story = FoldedStory(root, Plan())
    told = story.told()
    assert len(story.order) == 43_036
    assert len(told["folds"]["pictures"]) < 100  # shared by more than a thousand groups
    groups = list(groups_with_paths(story.group, set(boxed(story.order, story.names))))
    assert len(groups) > 1000
    chosen = random.Random(0).sample(groups, 60)
    root.backward()
    stories = run(STORIES, [told, [path for path, _ in chosen]])
    index = {node: position for position, node in enumerate(story.order)}
    for (_, parts), shown in zip(chosen, stories, strict=True):
        outside = len(shown["names"]) - len(parts)
        own = [part for part in parts if isinstance(part, Value)]
        assert all(tail < head for tail, head in zip(shown["tails"], shown["heads"], strict=True))
        for part, result in zip(parts, shown["results"][outside:], strict=True):
            assert result in [index[node] for node in nodes_of(part)]
        if len(own) == len(parts):
            forward = [step for step in shown["steps"] if step["phase"] == "forward"]
            assert len(forward) == sum(bool(node.parents) for node in own)
            for step in forward:
                node = story.order[shown["results"][step["node"]]]
                assert step["data"][1] == pytest.approx(node.data, rel=1e-9)
            for step in shown["steps"]:
                if step["phase"] == "backward" and step.get("number", 1) == step.get("of", 1):
                    parent = story.order[shown["results"][step["parent"]]]
                    assert step["total"][1] == pytest.approx(parent.grad, rel=1e-9)
