"""autograd_lite.words.sentences: names, numbers and sentences about a graph in every form."""

import math

import pytest
from mathml_reader import evaluate, sides, visible

from autograd_lite import Value, backward_steps, constant, explain, tanh, topological_order
from autograd_lite.words.names import names_of
from autograd_lite.words.notation import FORMS
from autograd_lite.words.sentences import Writer
from nn import MLP, squared_error


@pytest.fixture
def neuron():
    """tanh(w x + b), as in the README."""
    w, x, b = Value(-3.0, "w"), Value(2.0, "x"), Value(6.88, "b")
    o = tanh(w * x + b)
    o.label = "o"
    return o


@pytest.fixture
def network():
    return squared_error(MLP(2, [2, 1], seed=0)([1.0, -1.0]), 0.5)


READ = [form for form in FORMS if form != "text"]
"""The forms in which sentences are written; text is for Python."""


def writer_of(root, form="unicode", digits=6):
    return Writer(names_of(topological_order(root)), root, FORMS[form]._replace(digits=digits))


def test_the_forward_lines_of_a_neuron(neuron):
    writer = writer_of(neuron)
    assert [writer.forward_line(node) for node in topological_order(neuron)] == [
        "w = −3",
        "x = 2",
        "b = 6.88",
        "v₁ = w × x = (−3) × 2 = −6",
        "v₂ = v₁ + b = −6 + 6.88 = 0.88",
        "o = tanh(v₂) = tanh(0.88) = 0.706419",
    ]


@pytest.mark.parametrize(
    ("form", "labelled", "unlabelled"),
    [
        ("unicode", "o₀ = 1 (constant)", "2"),
        ("latex", "o_{0} &= 1", "2"),
    ],
)
def test_constants(form, labelled, unlabelled):
    one, two = constant(1.0, "o_0"), constant(2.0)
    writer = writer_of(Value(3.0, "x") * one + two, form)
    assert (writer.forward_line(one), writer.forward_line(two), writer.name(two)) == (labelled, unlabelled, unlabelled)


def test_constants_in_mathml():
    one, two = constant(1.0, "o_0"), constant(2.0)
    writer = writer_of(Value(3.0, "x") * one + two, "mathml")
    assert visible(writer.forward_line(one)) == "o0=1\xa0(constant)"
    assert writer.forward_line(two) == "<mn>2</mn>"


def test_the_chain_rule_of_a_neuron(neuron):
    step = backward_steps(neuron)[0]
    text, latex, mathml = (writer.backward_parts(step) for writer in (writer_of(neuron, form) for form in READ))
    assert text == (
        "∂o/∂v₂ += ∂o/∂o · ∂o/∂v₂ = 1 × 0.500972 = 0.500972",
        "where ∂o/∂v₂ = 1 − o²",
        "total 0.500972",
    )
    assert latex == (
        r"\frac{\partial o}{\partial v_{2}} &\mathrel{+}= \frac{\partial o}{\partial o} \, "
        r"\frac{\partial o}{\partial v_{2}} = 1 \cdot 0.500972 = 0.500972",
        r"\text{where } \frac{\partial o}{\partial v_{2}} = 1 - o^{2}",
        r"\text{total } 0.500972",
    )
    assert [visible(part) for part in mathml] == [
        "∂o∂v2+=∂o∂o·∂o∂v2=1×0.500972=0.500972",
        "where\xa0∂o∂v2=1−o2",
        "total\xa00.500972",
    ]


def test_the_gradient_of_a_signal_is_called_delta(network):
    signal = next(node for node in topological_order(network) if node.label == "s_1^(2)")
    deltas = {form: writer_of(network, form).delta(signal) for form in FORMS}
    assert deltas["unicode"] == "δ₁⁽²⁾"
    assert deltas["latex"] == r"\delta_{1}^{(2)}"
    assert visible(deltas["mathml"]) == "δ1(2)"
    step = next(step for step in backward_steps(network) if step.parent is signal)
    ends = {form: writer_of(network, form, 3).backward_parts(step)[2] for form in FORMS}
    assert ends["unicode"] == f"total {step.total:.3g} = δ₁⁽²⁾".replace("-", "−")
    assert ends["latex"] == rf"\text{{total }} {step.total:.3g} = \delta_{{1}}^{{(2)}}"
    assert visible(ends["mathml"]) == f"total\xa0{step.total:.3g}=δ1(2)".replace("-", "−")


def test_nothing_but_a_signal_has_a_delta(network):
    for form in FORMS:
        writer = writer_of(network, form)
        assert {node.label[0] for node in topological_order(network) if writer.delta(node)} == {"s"}


def test_each_side_of_each_forward_line_in_mathml_is_the_number(network):
    order = topological_order(network)
    writer = writer_of(network, "mathml", digits=17)
    numbers = {visible(writer.name(node)): node.data for node in order}
    lines = [writer.forward_line(node) for node in order if node.parents]
    assert len(lines) > 10
    for line, node in zip(lines, [node for node in order if node.parents], strict=True):
        name, *others = sides(line)
        assert visible(name) == visible(writer.name(node))
        assert len(others) == 3
        for side in others:
            assert evaluate(side, numbers) == pytest.approx(node.data, rel=1e-12)


def test_each_number_of_the_chain_rule_in_mathml_is_the_steps(network):
    writer = writer_of(network, "mathml", digits=17)
    numbers = {visible(writer.name(node)): node.data for node in topological_order(network)}
    for step in backward_steps(network):
        chain_rule, local, total = writer.backward_parts(step)
        assert [evaluate(side, {}) for side in sides(chain_rule)[1:]] == pytest.approx([step.share] * 2, rel=1e-12)
        assert evaluate(sides(local)[1], numbers) == pytest.approx(step.slope, rel=1e-12)
        assert visible(total).startswith("total\xa0")


def test_derivatives_and_tangents(neuron):
    x = neuron.parents[0].parents[1]
    writers = [writer_of(neuron, form) for form in READ]
    assert [writer.derivative(neuron, x) for writer in writers] == [
        "∂o/∂b",
        r"\frac{\partial o}{\partial b}",
        "<mfrac><mrow><mo>∂</mo><mi>o</mi></mrow><mrow><mo>∂</mo><mi>b</mi></mrow></mfrac>",
    ]
    assert [writer.tangent(x) for writer in writers] == ["b′", r"\dot{b}", "<msup><mi>b</mi><mo>′</mo></msup>"]


def test_a_negative_factor_that_follows_another_stands_in_brackets():
    factors = -2.0, -3.0, 1e-30, -math.inf
    text, latex, mathml = (Writer({}, Value(1.0), FORMS[form]).product(*factors) for form in READ)
    assert text == "(−2) × (−3) × 1e−30 × (−∞)"
    assert latex == r"(-2) \cdot (-3) \cdot 1 \cdot 10^{-30} \cdot (-\infty)"
    assert visible(f"<mrow>{mathml}</mrow>") == "(−2)×(−3)×1·10−30×(−∞)"


def test_an_explanation_consists_of_these_sentences(network):
    writer = writer_of(network)
    forward, backward = explain(network, digits=6).sections[:2]
    assert [line[0] for line in forward.lines] == [
        writer.forward_line(node) for node in topological_order(network) if node in writer.names
    ]
    assert backward.lines[1:] == list(map(writer.backward_parts, backward_steps(network)))


@pytest.mark.parametrize("label", ["</mi><script>", "&lt;", "]]>", "\0", "a b", "$x$", "{0}", "{}"])
def test_hostile_labels_stay_text(label):
    a = Value(2.0, label)
    root = a * a
    writer = writer_of(root, "mathml")
    shown = label.replace(" ", "\xa0").replace("\0", "�")
    assert visible(writer.forward_line(a)) == f"{shown}=2"
    chain_rule, local, _ = writer.backward_parts(backward_steps(root)[0])
    assert visible(chain_rule).startswith(f"∂root∂{shown}+=")
    assert visible(local) == f"where\xa0∂root∂{shown}={shown}"
