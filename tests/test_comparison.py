"""The table with the gradients of the graph beside the gradients of the delta recursion."""

import math
from xml.etree import ElementTree

import numpy as np
import pytest
from worked_example import DELTAS, ERROR, GRADIENTS, WEIGHTS, X, Y

import autograd_lite.value
import nn.comparison
import nn.delta
from autograd_lite import PRIMITIVES, TracingError
from nn import MLP, compare_gradients, squared_error
from nn.comparison import GradientComparison, Row


def example_net():
    return MLP(2, [2, 1], weights=WEIGHTS)


def test_every_row_has_the_right_numbers():
    comparison = compare_gradients(example_net(), X, Y)
    assert [row.label for row in comparison.weights] == list(GRADIENTS)
    assert [row.label for row in comparison.signals] == list(DELTAS)
    for row in (*comparison.weights, *comparison.signals):
        expected = (GRADIENTS | DELTAS)[row.label]
        assert row.autodiff == pytest.approx(expected, rel=1e-13)
        assert row.delta_recursion == pytest.approx(expected, rel=1e-13)
        assert row.difference == abs(row.autodiff - row.delta_recursion)
    for row in comparison.weights:
        assert row.central_difference == pytest.approx(GRADIENTS[row.label], abs=1e-9)
        assert 0 <= row.difference_from_central < 1e-9
    assert all(row.central_difference is None and row.difference_from_central is None for row in comparison.signals)
    assert comparison.error == pytest.approx(ERROR, rel=1e-14)
    assert comparison.largest_difference < 1e-15


def test_a_data_set_is_summed_and_has_no_signals():
    net = MLP(2, [3, 2], seed=1)
    inputs, targets = np.array([[0.5, -1.0], [1.5, 2.0], [0.0, 0.25]]), np.array([[0.1, 0.2], [0.3, -0.4], [-0.5, 0.0]])
    comparison = compare_gradients(net, inputs, targets)
    singles = [compare_gradients(net, x, y) for x, y in zip(inputs, targets, strict=True)]
    assert comparison.signals == []
    assert comparison.error == pytest.approx(sum(single.error for single in singles), rel=1e-14)
    for position, row in enumerate(comparison.weights):
        rows = [single.weights[position] for single in singles]
        assert row.label == rows[0].label
        assert row.autodiff == pytest.approx(sum(r.autodiff for r in rows), abs=1e-14)
        assert row.delta_recursion == pytest.approx(sum(r.delta_recursion for r in rows), abs=1e-14)
        assert row.central_difference == pytest.approx(row.autodiff, abs=1e-8)


def test_one_example_may_be_a_data_set_of_one():
    single, data_set = compare_gradients(example_net(), X, Y), compare_gradients(example_net(), [X], [[Y]])
    assert single == data_set
    assert len(data_set.signals) == 3


def test_targets_of_a_data_set_with_one_output_may_be_plain_numbers():
    net = example_net()
    assert compare_gradients(net, [X, X], [Y, 1.0]) == compare_gradients(net, [X, X], [[Y], [1.0]])


@pytest.mark.parametrize("activation", ["tanh", "sigmoid", "softplus", "sin", "linear", "relu", "leaky_relu"])
def test_all_three_ways_agree_for_every_activation(activation):
    net = MLP(2, [3, 2], activation, seed=2)
    comparison = compare_gradients(net, [0.7, -0.3], [0.1, 0.9])
    assert comparison.largest_difference < 1e-14
    assert all(row.difference_from_central < 1e-8 for row in comparison.weights)


# The network is left as it is


def test_the_network_and_the_data_are_left_untouched():
    """Gradients that were not computed stay so; earlier ones stay, and are not added to the table."""
    net, inputs, targets = example_net(), np.array([X, X]), np.array([Y, Y])
    first = compare_gradients(net, inputs, targets)
    assert not any(parameter.has_grad for parameter in net.parameters())
    squared_error(net(X), Y).backward()
    net.parameters()[0].grad = 123.0
    before = [(parameter.data, parameter.grad, parameter.label) for parameter in net.parameters()]
    assert compare_gradients(net, inputs, targets) == first
    assert [(parameter.data, parameter.grad, parameter.label) for parameter in net.parameters()] == before
    assert inputs.tolist() == [X, X]
    assert targets.tolist() == [Y, Y]


# The tester is tested: what is wrong must show


def test_a_wrong_slope_in_the_recursion_shows(monkeypatch):
    monkeypatch.setitem(nn.delta.SLOPE, "tanh", lambda s, o: 1 - o)
    comparison = compare_gradients(example_net(), X, Y)
    assert comparison.largest_difference > 1e-2
    assert all(row.difference_from_central < 1e-9 for row in comparison.weights), "and the graph is right"


def test_a_wrong_slope_in_the_engine_shows(monkeypatch):
    monkeypatch.setattr(PRIMITIVES["tanh"], "slopes", (lambda o, x: 1 + o * o,))
    comparison = compare_gradients(example_net(), X, Y)
    assert comparison.largest_difference > 1e-2
    assert max(row.difference_from_central for row in comparison.weights) > 1e-2
    assert all(abs(row.delta_recursion - row.central_difference) < 1e-9 for row in comparison.weights)


def test_a_gradient_that_the_engine_doubles_shows_in_a_large_data_set(monkeypatch):
    """The autodiff column is that of Value.backward for any N; neither the program nor the recursion uses it."""
    right = autograd_lite.value.chain_rule

    def doubling(order, *arguments, **options):
        right(order, *arguments, **options)
        for node in order:
            if node.label == "w^(1)_{1,1}":
                node._adjoint *= 2

    X_150, Y_150 = np.random.default_rng(0).normal(size=(150, 2)), np.random.default_rng(1).normal(size=150)
    assert compare_gradients(example_net(), X_150, Y_150).largest_difference < 1e-12
    monkeypatch.setattr(autograd_lite.value, "chain_rule", doubling)
    comparison = compare_gradients(example_net(), X_150, Y_150)
    assert comparison.largest_difference > 0.1
    assert [row.label for row in comparison.weights if row.difference > 1e-12] == ["w^(1)_{1,1}"]
    assert [row.label for row in comparison.weights if row.difference_from_program > 1e-12] == ["w^(1)_{1,1}"]


def test_a_gradient_that_the_program_has_wrong_shows(monkeypatch):
    right = nn.comparison.BatchGradients.gradients

    def wrong(*arguments):
        total, gradients = right(*arguments)
        gradients[1][0, 2] += 1e-6
        return total, gradients

    monkeypatch.setattr(nn.comparison.BatchGradients, "gradients", wrong)
    comparison = compare_gradients(example_net(), [X, X], [Y, Y])
    assert comparison.largest_difference == pytest.approx(1e-6, rel=1e-6)
    assert [row.label for row in comparison.weights if row.difference_from_program > 1e-12] == ["w^(2)_{1,2}"]


@pytest.mark.parametrize("layer", [1, 2])
def test_one_wrong_entry_of_G_shows_in_its_row_only(monkeypatch, layer):
    right = nn.delta.back_propagation_over_data

    def wrong(*arguments):
        data = right(*arguments)
        data.G[layer][0, 1] += 1e-6
        return data

    monkeypatch.setattr(nn.comparison, "back_propagation_over_data", wrong)
    comparison = compare_gradients(example_net(), X, Y)
    assert [row.label for row in comparison.weights if row.difference > 1e-12] == [f"w^({layer})_{{1,1}}"]
    assert comparison.largest_difference == pytest.approx(1e-6, rel=1e-6)


def test_a_wrong_delta_shows_among_the_signals(monkeypatch):
    right = nn.delta.back_propagation_over_data

    def wrong(*arguments):
        data = right(*arguments)
        data.examples[0].delta[1][1] *= -1
        return data

    monkeypatch.setattr(nn.comparison, "back_propagation_over_data", wrong)
    comparison = compare_gradients(example_net(), X, Y)
    assert [row.label for row in comparison.signals if row.difference > 1e-12] == ["s_2^(1)"]
    assert comparison.largest_difference == comparison.signals[1].difference


@pytest.mark.parametrize("position", [0, 1])
def test_nan_in_one_row_is_not_hidden_by_the_others(position):
    """max() passes over a nan that does not come first."""
    rows = [Row("w", 1.0, 1.0, 1.0), Row("w", 1.0, 1.0, 1.0)]
    rows[position] = Row("w", 1.0, math.nan, 1.0)
    assert not GradientComparison(rows, [], 0.0).largest_difference < 1e-12


# How it looks


def test_the_text_is_a_table_that_fits_a_terminal():
    lines = str(compare_gradients(example_net(), X, Y)).splitlines()
    assert max(map(len, lines)) <= 80
    assert len(lines) == 1 + 9 + 1 + 1 + 3 + 1 + 2, "a head and rows for weights and for signals, a blank line each"
    assert lines[0].split() == "weight autodiff delta recursion measured |a - d| |a - m|".split()
    assert lines[-2] == "measured, m: by central differences"
    assert lines[1].split()[0] == "w^(1)_{1,0}"
    assert len({len(line) for line in lines[:10]}) == 1, "columns are aligned"
    assert "error" in lines[-1]
    assert "largest |autodiff - delta recursion|" in lines[-1]


@pytest.mark.parametrize("seed", range(5))
def test_lines_stay_short_for_tiny_and_large_gradients(seed):
    net = MLP(2, [2, 1], "tanh", "linear", seed=seed)
    net.weights = [matrix * 10.0 ** (4 * seed - 8) for matrix in net.weights]
    assert max(map(len, str(compare_gradients(net, [1e-3, 2.0], 123.456)).splitlines())) <= 80


def test_a_data_sets_text_has_no_table_of_signals():
    text = str(compare_gradients(example_net(), [X, X], [Y, Y]))
    assert "signal" not in text
    assert len(text.splitlines()) == 1 + 9 + 1 + 2
    assert (
        text.splitlines()[0].split()
        == "weight autodiff delta recursion measured |a - d| |a - m| program |a - p|".split()
    )
    assert "largest |autodiff - delta recursion or program|" in text


def test_a_network_that_cannot_be_compiled_has_no_column_of_the_program(monkeypatch):
    def refuse(*_):
        raise TracingError("refused")

    monkeypatch.setattr(nn.comparison, "BatchGradients", refuse)
    comparison = compare_gradients(example_net(), [X, X], [Y, Y])
    assert comparison.largest_difference < 1e-14
    assert "program" not in str(comparison)


def test_the_text_shows_the_numbers():
    comparison = compare_gradients(example_net(), X, Y)
    cells = str(comparison).splitlines()[1].replace("−", "-").split()
    row = comparison.weights[0]
    assert [float(cell) for cell in cells[1:4]] == pytest.approx(
        [row.autodiff, row.delta_recursion, row.central_difference], rel=1e-8
    )
    assert float(cells[4]) == pytest.approx(row.difference, rel=0.05)
    assert float(cells[5]) == pytest.approx(row.difference_from_central, rel=0.05)


def test_the_html_is_well_formed_and_has_the_same_cells():
    comparison = compare_gradients(example_net(), X, Y)
    root = ElementTree.fromstring(f"<div>{comparison._repr_html_()}</div>")
    weights, signals = root.findall("table")
    rows = weights.findall("tbody/tr")
    assert [row.find("th").text for row in rows] == [row.label for row in comparison.weights]
    assert [[cell.text or "" for cell in row.findall("td")] for row in rows] == [
        list(r.cells().values()) for r in comparison.weights
    ]
    assert len(signals.findall("tbody/tr")) == 3
    assert len(weights.findall("thead/tr/th")) == len(rows[0]) == 6
    assert [p.text for p in root.iter("p")] == str(comparison).splitlines()[-2:]


def test_html_is_escaped():
    comparison = GradientComparison([Row("<script>alert('&')</script>", 1.0, 1.0, 1.0)], [], 0.0)
    page = comparison._repr_html_()
    assert "<script" not in page
    root = ElementTree.fromstring(f"<div>{page}</div>")
    assert root.find("table/tbody/tr/th").text == "<script>alert('&')</script>"


# Bad input


@pytest.mark.parametrize("x", [[1.0], [1.0, 2.0, 3.0], [], [[]], [[1.0], [2.0]], 3.0, "ab", [[1.0, 2.0], [3.0]], None])
def test_x_that_does_not_fit_is_named(x):
    with pytest.raises(TypeError if x in ("ab", None) else ValueError, match=r"^x must "):
        compare_gradients(example_net(), x, Y)


@pytest.mark.parametrize("y", [[1.0, 2.0], [], "a", None, [[1.0, 2.0]]])
def test_y_that_does_not_fit_is_named(y):
    with pytest.raises(TypeError if y in ("a", None) else ValueError, match=r"^y must "):
        compare_gradients(example_net(), X, y)


@pytest.mark.parametrize("targets", [np.zeros(2), np.zeros((3, 2))])
def test_targets_that_do_not_fit_the_examples_are_refused_not_reshaped(targets):
    """Three rows of two targets, for two examples with three outputs: reshaping would mix up the examples."""
    with pytest.raises(ValueError, match=r"^y must have 3 entries for each of 2 examples"):
        compare_gradients(MLP(2, [3], seed=0), [X, X], targets)
