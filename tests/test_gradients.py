"""Gradients as graphs, forward mode, and the checker of gradients, which is itself checked."""

import numpy as np
import pytest
from anywhere.test_gradients import SMOOTH_NAMES, numbers
from dual_numbers import random_program
from hypothesis import given, settings
from hypothesis import strategies as st
from random_graphs import build

from autograd_lite import (
    Value,
    grad,
    hessian,
    jacobian_vector_product,
)


def test_the_gradient_for_a_value_is_a_value_and_for_a_list_a_list():
    x, y = Value(2.0), Value(3.0)
    product = x * y
    assert grad(product, x).data == 3
    assert numbers(grad(product, [x, y])) == [3, 2]
    assert numbers(grad(product, (y, x, y))) == [2, 3, 2]
    assert numbers(grad(product, np.array([x, y]))) == [3, 2]
    assert grad(product, []) == []


@given(st.integers(0, 10_000))
@settings(max_examples=60)
def test_grad_agrees_with_backward_and_with_dual_numbers(seed):
    """To the last bit with backward, because both apply the same slopes in the same order."""
    program = random_program(seed)
    inputs, [*_, output] = build(program)
    received = numbers(grad(output, inputs))
    output.backward()
    assert received == [value.grad for value in inputs]
    expected = program.duals[-1]
    for slope, tangent, size in zip(received, expected.tangents, expected.sizes, strict=True):
        assert slope == pytest.approx(tangent, rel=1e-12, abs=1e-12 * size)


# Higher orders


def test_hessians_are_symmetric():
    for seed in range(40):
        inputs, [*_, output] = build(random_program(seed, SMOOTH_NAMES))
        matrix = np.array(numbers(hessian(output, inputs)))
        scale = 1 + np.abs(matrix).max()
        assert np.abs(matrix - matrix.T).max() <= 1e-10 * scale, seed


# Jacobians, products with vectors, forward mode


@given(st.integers(0, 10_000))
@settings(max_examples=60)
def test_forward_mode_agrees_with_dual_numbers_and_reverse_mode(seed):
    program = random_program(seed)
    inputs, [*_, output] = build(program)
    reverse = numbers(grad(output, inputs))
    expected = program.duals[-1]
    for i, (tangent, size) in enumerate(zip(expected.tangents, expected.sizes, strict=True)):
        direction = [float(i == j) for j in range(len(inputs))]
        [forward] = numbers(jacobian_vector_product([output], inputs, direction))
        assert forward == pytest.approx(tangent, rel=1e-12, abs=1e-12 * size)
        assert forward == pytest.approx(reverse[i], rel=1e-12, abs=1e-12 * size)
