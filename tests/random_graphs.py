"""Random graphs for tests."""

import operator
import random

from autograd_lite import PRIMITIVES, Value, add, tanh


def build(program):
    """The inputs x1, x2, ... and all nodes of a random program of `dual_numbers`."""
    inputs = [Value(number, f"x{place}") for place, number in enumerate(program.inputs, start=1)]
    nodes = list(inputs)
    for name, positions in program.lines:
        nodes.append(PRIMITIVES[name](*[nodes[position] for position in positions]))
    return inputs, nodes


def random_graph(seed, size=25):
    """Three leaves, and a root that is the sum of all nodes computed from them, some shared and some from constants."""
    generator = random.Random(seed)
    leaves = [Value(generator.uniform(-1, 1)) for _ in range(3)]
    nodes = list(leaves)
    for _ in range(size):
        operation = generator.choice(
            [operator.add, operator.mul, operator.sub, lambda a, _: tanh(a), lambda a, _: a * 3]
        )
        nodes.append(operation(generator.choice(nodes), generator.choice(nodes)))
    return leaves, add(*nodes)


def chain(length):
    """A leaf, and the end of a chain of that many nodes: -(-(...x))."""
    x = Value(1.0, label="x")
    y = x
    for _ in range(length):
        y = -y
    return x, y


def position_of(nodes):
    """The place of each node in a list."""
    return {node: position for position, node in enumerate(nodes)}
