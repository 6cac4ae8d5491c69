"""Graphs for the tests of programs, and their gradients by `backward`, point by point."""

import random

import numpy as np
from dual_numbers import TRUTH, random_program
from random_graphs import build

from autograd_lite import Value, add, tanh

BATCHES = [1, 3, 8, 17, 104, 105, 250]
"""Odd ones, and ones around the lanes of a vector and the points of a block."""


def random_case(seed, names=tuple(TRUTH)):
    """A random smooth expression: its inputs, its parameters, its root, and the scale of its derivatives."""
    program = random_program(seed, names)
    leaves, nodes = build(program)
    generator = random.Random(seed)
    inputs = [leaf for leaf in leaves if generator.random() < 0.6] or leaves[:1]
    last = program.duals[-1]
    scale = max(1.0, abs(last.value), *last.sizes)
    return inputs, [leaf for leaf in leaves if leaf not in inputs], nodes[-1], scale


def points_near(inputs, batch, seed, spread=1e-3):
    """Points so near to the recorded one that the graph stays smooth."""
    generator = np.random.default_rng(seed)
    return np.array([leaf.data for leaf in inputs]) + generator.uniform(-spread, spread, (batch, len(inputs)))


def by_backward(root, inputs, parameters, X, P):
    """At each point, the root and its input gradients; over the batch, the sums of the root and parameter gradients."""
    roots, by_inputs, by_parameters = [], [], np.zeros(len(parameters))
    for parameter, number in zip(parameters, P, strict=True):
        parameter.data = number
    for point in X:
        for leaf, number in zip(inputs, point, strict=True):
            leaf.data = number
        for leaf in (*inputs, *parameters):
            leaf.grad = 0.0
        root.forward().backward()
        roots.append(root.data)
        by_inputs.append([leaf.grad for leaf in inputs])
        by_parameters += [leaf.grad for leaf in parameters]
    return np.array(roots), np.array(by_inputs), sum(roots), by_parameters


def student_network(seed, widths=None):
    """A network as a student may write it, with loops, and each sum in another order; and what it was made from.

    Returns inputs, targets, parameters (in random order), and the squared error.
    """
    generator = random.Random(seed)
    if widths is None:
        widths = [generator.randint(1, 5) for _ in range(generator.randint(2, 4))] + [generator.randint(1, 3)]
    inputs = [Value(generator.uniform(-1, 1), f"x{a}") for a in range(widths[0])]
    targets = [Value(generator.uniform(-1, 1), f"y{b}") for b in range(widths[-1])]
    parameters, outputs = [], inputs

    def parameter(label):
        parameters.append(Value(generator.uniform(-1, 1), label))
        return parameters[-1]

    for layer in range(1, len(widths)):
        signals = []
        for unit in range(widths[layer]):
            terms = [
                weight * o if generator.random() < 0.5 else o * weight
                for weight, o in [(parameter(f"w{layer}_{unit}_{a}"), o) for a, o in enumerate(outputs)]
            ]
            if generator.random() < 0.9:
                terms.append(parameter(f"b{layer}_{unit}"))
            generator.shuffle(terms)
            style = generator.randrange(3)
            if style == 0 and len(terms) > 1:
                signals.append(add(*terms))
            elif style == 1:
                total = terms[0]
                for term in terms[1:]:
                    total = total + term
                signals.append(total)
            else:
                total = terms[-1]
                for term in terms[-2::-1]:
                    total = term + total
                signals.append(total)
        outputs = [tanh(s) for s in signals]
    error = sum((o - y) ** 2 for o, y in zip(outputs, targets, strict=True))
    generator.shuffle(parameters)
    return inputs, targets, parameters, error
