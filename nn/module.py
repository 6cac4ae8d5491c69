"""Module: what a part of a network has in common with all others, its parameters."""

from autograd_lite import Value


class Module:
    """A part of a network: something with parameters."""

    def parameters(self) -> list[Value]:
        """The Values that training changes; none, unless a subclass says which."""
        return []

    def zero_grad(self) -> None:
        """Set the gradient of every parameter to 0, as before each backward pass of a training step.

        Backward passes add up the gradients of leaves; interior nodes are computed afresh in each.

        >>> from nn import Neuron
        >>> neuron = Neuron(1, seed=0)
        >>> neuron([2.0]).backward()
        >>> neuron.zero_grad()
        >>> [weight.grad for weight in neuron.parameters()]
        [0.0, 0.0]
        """
        for parameter in self.parameters():
            parameter.grad = 0.0
