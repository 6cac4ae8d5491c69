"""autograd_lite.explanation: the traces and the chain rule in words, numbers, LaTeX and HTML."""

import re

import pytest

from autograd_lite import Value, constant, explain
from nn import MLP, squared_error


def test_the_gradient_of_a_signal_is_called_delta():
    error = squared_error(MLP(2, [2, 1], seed=0)([1.0, -1.0]), 0.5)
    error.backward()
    explanation = explain(error)
    for name in ("δ₁⁽¹⁾", "δ₂⁽¹⁾", "δ₁⁽²⁾"):
        assert name in explanation.text()
    assert r"\delta_{2}^{(1)}" in explanation.latex()


def test_without_numbers_deltas_and_constants_stay():
    error = squared_error(MLP(2, [2, 1], seed=0)([1.0, -1.0]), 0.5)
    text = explain(error, numbers=False).text()
    assert "total δ₁⁽¹⁾" in text
    assert "c = 0.5 (constant)" in explain(Value(2.0, "x") * constant(0.5, "c"), numbers=False).text()


def test_no_power_in_latex_has_two_exponents():
    """MathJax and LaTeX refuse o^{(1)}^{2}."""
    error = squared_error(MLP(2, [2, 1], seed=0)([1.0, -1.0]), 0.5)
    latex = explain(error, error.parents[0]).latex()
    assert "(o_{1}^{(1)})^{2}" in latex
    assert not re.search(r"\^\{[^{}]*\}\^", latex)


@pytest.mark.parametrize("sizes", [[6, 6, 6, 1], [3, 3, 3, 3, 3, 1]])
def test_a_deep_network_is_explained(sizes):
    error = squared_error(MLP(2, sizes, seed=0)([1.0, -1.0]), 0.5)
    assert explain(error).text().count("+=") > 100
