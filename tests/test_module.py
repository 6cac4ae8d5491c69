"""Module: parameters and zero_grad."""

import pytest

from autograd_lite import Value
from nn import MLP, Layer, Module, Neuron


class Scale(Module):
    """The smallest module that a student might write."""

    def __init__(self):
        self.factor = Value(3.0)

    def __call__(self, x):
        return self.factor * x

    def parameters(self):
        return [self.factor]


def test_a_module_has_no_parameters_unless_it_says_so():
    module = Module()
    assert module.parameters() == []
    module.zero_grad()


def test_zero_grad_of_a_subclass():
    scale = Scale()
    scale(2.0).backward()
    assert scale.factor.grad == 2.0
    scale.zero_grad()
    assert scale.factor.grad == 0.0
    assert scale.factor.data == 3.0


@pytest.mark.parametrize("module", [Neuron(2, seed=0), Layer(2, 3, seed=0), MLP(2, [3, 1], seed=0)])
def test_neuron_layer_and_mlp_are_modules(module):
    assert isinstance(module, Module)
    output = module([1.0, 2.0])
    (output if isinstance(output, Value) else sum(output)).backward()
    assert any(parameter.grad != 0 for parameter in module.parameters())
    module.zero_grad()
    assert all(parameter.grad == 0 for parameter in module.parameters())


def test_without_zero_grad_gradients_add_up_and_with_it_they_do_not():
    scale = Scale()
    for _ in range(2):
        scale(2.0).backward()
    assert scale.factor.grad == 4.0
    for _ in range(2):
        scale.zero_grad()
        scale(2.0).backward()
    assert scale.factor.grad == 2.0


def test_zero_grad_touches_the_parameters_only():
    scale = Scale()
    x = Value(5.0)
    y = scale(x)
    y.backward()
    scale.zero_grad()
    assert (x.grad, y.grad) == (3.0, 1.0)
