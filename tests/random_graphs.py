"""Graphs at random for tests, with shared nodes and constants."""

import operator
import random

from autograd_lite import Value, add, tanh


def random_graph(seed, size=25):
    """Three leaves, and a root that is the sum of all nodes computed from them; the same for the same seed."""
    generator = random.Random(seed)
    leaves = [Value(generator.uniform(-1, 1)) for _ in range(3)]
    nodes = list(leaves)
    for _ in range(size):
        operation = generator.choice(
            [operator.add, operator.mul, operator.sub, lambda a, _: tanh(a), lambda a, _: a * 3]
        )
        nodes.append(operation(generator.choice(nodes), generator.choice(nodes)))
    return leaves, add(*nodes)
