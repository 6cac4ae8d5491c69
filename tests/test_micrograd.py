"""Code that was written for micrograd runs with only its imports changed, and computes micrograd's numbers.

Source: https://github.com/karpathy/micrograd, its tests, notebooks and README. (What the README prints is checked in
test_published_numbers.py.)
"""

import random

import pytest
from graphviz import Digraph
from moons_demo import demo

from autograd_lite import Value
from nn import micrograd
from nn.micrograd import MLP, Layer, Neuron

# The demo notebook: python -c "..." with `from micrograd.engine import Value; from micrograd.nn import MLP`, the seeds
# and the steps of `train` below, micrograd 0.1.0, numpy 2.4.6; the loss and the accuracy before each of steps 0 to 9.
# The notebook itself prints the first, and after 100 steps 0.011 and 100 %.
MOONS = [
    (0.8958441028683222, 0.50),
    (1.7235905336972022, 0.81),
    (0.7429006313851131, 0.77),
    (0.7705641260584202, 0.82),
    (0.3692793385976538, 0.84),
    (0.313545481918522, 0.86),
    (0.2814234349772435, 0.89),
    (0.26888733313983904, 0.91),
    (0.2567147286057417, 0.91),
    (0.2704862551637922, 0.91),
]


def moons_loss(model, points, signs):
    """The demo's loss, in the demo's operations: a max-margin loss and an L2 penalty; and the accuracy."""
    inputs = [list(map(Value, point)) for point in points]
    scores = list(map(model, inputs))
    losses = [(1 + -sign * score).relu() for sign, score in zip(signs, scores, strict=True)]
    data_loss = sum(losses) * (1.0 / len(losses))
    penalty = 1e-4 * sum(p * p for p in model.parameters())
    correct = [(sign > 0) == (score.data > 0) for sign, score in zip(signs, scores, strict=True)]
    return data_loss + penalty, sum(correct) / len(correct)


def train(steps):
    points, signs, model = demo()
    assert len(model.parameters()) == 337
    for step in range(steps):
        loss, accuracy = moons_loss(model, points, signs)
        model.zero_grad()
        loss.backward()
        rate = 1.0 - 0.9 * step / 100
        for p in model.parameters():
            p.data -= rate * p.grad
        yield loss.data, accuracy


def test_the_moons_demo_trains_as_micrograd_does():
    for (loss, accuracy), (expected_loss, expected_accuracy) in zip(train(len(MOONS)), MOONS, strict=True):
        assert loss == pytest.approx(expected_loss, rel=1e-12)
        assert accuracy == expected_accuracy


# The engine


def test_sanity_check():
    x = Value(-4.0)
    z = 2 * x + 2 + x
    q = z.relu() + z * x
    h = (z * z).relu()
    y = h + q + q * x
    y.backward()
    assert y.data == -20.0
    assert x.grad == 46.0


def trace(root):
    """The function `trace` of micrograd's notebook trace_graph.ipynb, as it stands there."""
    nodes, edges = set(), set()

    def build(v):
        if v not in nodes:
            nodes.add(v)
            for child in v._prev:
                edges.add((child, v))
                build(child)

    build(root)
    return nodes, edges


def test_trace_of_the_notebook():
    x = Value(1.0)
    y = (x * 2 + 1).relu()
    y.backward()
    nodes, edges = trace(y)
    assert sorted((n._op, n.data, n.grad) for n in nodes) == [
        ("", 1.0, 0.0),
        ("", 1.0, 2.0),
        ("", 2.0, 0.0),
        ("*", 2.0, 1.0),
        ("+", 3.0, 1.0),
        ("ReLU", 3.0, 1.0),
    ]
    assert sorted((parent.data, child.data) for parent, child in edges) == [
        (1.0, 2.0),
        (1.0, 3.0),
        (2.0, 2.0),
        (2.0, 3.0),
        (3.0, 3.0),
    ]


def test_prev_is_a_set_and_op_is_a_text():
    a, b = Value(2.0), Value(3.0)
    assert (a * b)._prev == {a, b}
    assert (a * a)._prev == {a}
    assert (a * b)._prev | {a} == {a, b}
    assert a._prev == set()
    assert len((a - b)._prev) == 2
    assert a in (a + b)._prev
    assert [v._op for v in (a, a + b, a * b, a**2, a.relu(), a.tanh())] == ["", "+", "*", "**", "ReLU", "tanh"]


def test_methods_that_are_called_on_the_class():
    x = Value(0.5)
    assert Value.tanh(x).data == 0.46211715726000974
    assert Value.exp(x).data == 1.6487212707001282
    assert Value.relu(x).data == 0.5
    assert [v.data for v in map(Value.relu, [Value(-1.0), Value(1.0)])] == [0.0, 1.0]
    assert Value.__add__(x, 1).data == 1.5


def test_sum_of_the_losses_and_a_step_of_descent():
    """The idioms of micrograd's demo: sum() of a list, a mean, gradients set to 0, weights moved in place."""
    weights = [Value(1.0), Value(-2.0)]
    losses = [(1 + -target * weight).relu() for weight, target in zip(weights, [1, 1], strict=True)]
    loss = sum(losses) * (1.0 / len(losses)) + 1e-4 * sum(p * p for p in weights)
    for p in weights:
        p.grad = 0
    loss.backward()
    # relu(1 - 1) = 0 has slope 0; relu(1 + 2) has slope 1. The penalty adds 2e-4 w.
    assert [p.grad for p in weights] == pytest.approx([2e-4, -0.5 - 4e-4], rel=1e-15)
    for p in weights:
        p.data -= 0.1 * p.grad
    assert [p.data for p in weights] == pytest.approx([1 - 2e-5, -2 + 0.05004], rel=1e-15)


def test_repr_is_micrograds():
    assert repr(Value(-4.0)) == "Value(data=-4.0, grad=0.0)"


# The drawing notebook


def draw_dot(root):
    """A picture as the drawing notebook makes it: a record for a node, and a circle for its operation."""
    nodes, edges = trace(root)
    dot = Digraph(graph_attr={"rankdir": "LR"})
    for node in nodes:
        name = str(id(node))
        dot.node(name=name, label="{ data %.4f | grad %.4f }" % (node.data, node.grad), shape="record")  # noqa: UP031
        if node._op:
            dot.node(name=name + node._op, label=node._op)
            dot.edge(name + node._op, name)
    for child, node in edges:
        dot.edge(str(id(child)), str(id(node)) + node._op)
    return dot


def test_the_drawing_notebooks_simple_example():
    x = Value(1.0)
    y = (x * 2 + 1).relu()
    y.backward()
    text = draw_dot(y).source
    assert text.count("data 3.0000 | grad 1.0000") == 2, "the sum, and its ReLU"
    assert "data 1.0000 | grad 2.0000" in text
    assert {node._op for node in trace(y)[0]} == {"", "*", "+", "ReLU"}


@pytest.mark.parametrize("nonlin", [True, False])
def test_the_drawing_notebooks_neuron(nonlin):
    """micrograd 0.1.0 prints these numbers; its signal is positive, so that a linear neuron prints the same."""
    random.seed(1337)
    n = micrograd.Neuron(2, nonlin)
    x = [Value(1.0), Value(-2.0)]
    y = n(x)
    y.backward()
    assert y.data == pytest.approx(0.102443419482938, rel=1e-13)
    assert [p.data for p in n.parameters()] == [0.23550571390294128, 0.06653114721000164, 0.0]
    assert [p.grad for p in n.parameters()] == [1.0, -2.0, 1.0]
    assert [value.grad for value in x] == [0.23550571390294128, 0.06653114721000164]
    assert random.random() == 0.36584835924937553, "the same count of random numbers is used"
    text = draw_dot(y).source
    assert "data 0.1024 | grad 1.0000" in text
    assert ("ReLU" in text) == nonlin


# What else micrograd's nn has


def test_weights_come_from_the_global_generator_in_micrograds_order():
    random.seed(7)
    net = MLP(2, [2, 1])
    generator = random.Random(7)
    for parameter in net.parameters():
        is_bias = parameter.label.endswith(",0}")
        assert parameter.data == (0.0 if is_bias else generator.uniform(-1, 1))
    random.seed(7)
    layer = Layer(2, 2)
    assert [p.data for p in layer.parameters()] == [p.data for p in net.parameters()][:6]


def test_representations_are_micrograds():
    assert repr(MLP(3, [2, 1])) == ("MLP of [Layer of [ReLUNeuron(3), ReLUNeuron(3)], Layer of [LinearNeuron(2)]]")
    assert repr(Layer(1, 1, nonlin=False)) == "Layer of [LinearNeuron(1)]"


def test_attributes_that_students_code_reads():
    neuron, net = Neuron(3), MLP(3, [2, 1])
    assert [len(neuron.w), neuron.b.data] == [3, 0.0]
    assert [len(layer.neurons) for layer in net.layers] == [2, 1]
    assert isinstance(net.layers[0].neurons[0], micrograd.mlp.Neuron)


def test_nonlin_is_readable_as_in_micrograd():
    assert Neuron(2).nonlin is True
    assert Neuron(2, nonlin=False).nonlin is False


def test_module_can_be_imported_from_the_same_place_as_in_micrograd():
    class Doubled(micrograd.Module):
        def __init__(self):
            self.neuron = Neuron(1)

        def parameters(self):
            return self.neuron.parameters()

    module = Doubled()
    (2 * module.neuron([1.0])).backward()
    module.zero_grad()
    assert [p.grad for p in module.parameters()] == [0.0, 0.0]


def test_only_the_last_layer_is_linear():
    assert MLP(1, [1, 1, 1]).activations == ["relu", "relu", "linear"]


def test_one_output_is_a_value_and_several_are_a_list():
    assert isinstance(MLP(2, [2, 1])([1.0, 2.0]), Value)
    assert len(MLP(2, [2, 3])([1.0, 2.0])) == 3


@pytest.mark.parametrize(
    ("build", "argument"),
    [
        (lambda: Neuron(0), "nin"),
        (lambda: Layer(2, 0), "nout"),
        (lambda: MLP(2, []), "nouts"),
        (lambda: MLP(2, [1, 0]), r"nouts\[1\]"),
    ],
)
def test_bad_widths_are_named_and_use_no_random_numbers(build, argument):
    random.seed(0)
    state = random.getstate()
    with pytest.raises(ValueError, match=rf"^{argument} must be"):
        build()
    assert random.getstate() == state
