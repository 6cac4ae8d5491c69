"""This engine beside two others: time, memory, and depth. Run it with micrograd installed beside autograd-lite:

    python tests/benchmark_engine.py

- micrograd, whose nodes store a closure for the backward pass;
- an engine in the shape of microgpt's `Value`: nodes store their children and local gradients when they are made, and
  the backward pass is one loop over them.

Every measurement runs in a process of its own, with Python's default garbage collection, so that the garbage of one
engine does not burden the other; the engines take turns (A B C, A B C, ...), and times are processor times. A process
takes STEPS training steps, and the time of a step is their mean: a full garbage collection, which takes as long as a
forward pass, falls on only some of the steps. NumPy is not loaded, because its objects would burden the garbage
collector too. It takes about three minutes.
"""

import argparse
import gc
import importlib.metadata
import importlib.util
import itertools
import json
import math
import os
import platform
import random
import statistics
import subprocess
import sys
import time
import tracemalloc

ENGINES = {
    "micrograd": "micrograd",
    "stored": "children and local gradients stored (microgpt)",
    "ours": "autograd_lite",
}

STEPS = 12


class Stored:
    """A number that stores its children and the local gradients with respect to them when it is made."""

    __slots__ = ("children", "data", "grad", "local_gradients")

    def __init__(self, data, children=(), local_gradients=()):
        self.data = data
        self.grad = 0
        self.children = children
        self.local_gradients = local_gradients

    def __add__(self, other):
        other = other if isinstance(other, Stored) else Stored(other)
        return Stored(self.data + other.data, (self, other), (1, 1))

    def __mul__(self, other):
        other = other if isinstance(other, Stored) else Stored(other)
        return Stored(self.data * other.data, (self, other), (other.data, self.data))

    def __pow__(self, n):
        return Stored(self.data**n, (self,), (n * self.data ** (n - 1),))

    def exp(self):
        e = math.exp(self.data)
        return Stored(e, (self,), (e,))

    def log(self):
        return Stored(math.log(self.data), (self,), (1 / self.data,))

    def relu(self):
        return Stored(max(0, self.data), (self,), (float(self.data > 0),))

    def __neg__(self):
        return self * -1

    def __sub__(self, other):
        return self + (-other)

    def __truediv__(self, other):
        return self * other**-1

    __radd__, __rmul__ = __add__, __mul__

    def backward(self):
        order, visited = [], set()

        def visit(node):
            if node not in visited:
                visited.add(node)
                for child in node.children:
                    visit(child)
                order.append(node)

        visit(self)
        self.grad = 1
        for node in reversed(order):
            for child, local in zip(node.children, node.local_gradients, strict=True):
                child.grad += local * node.grad


# What runs in a process of its own


def load(engine):
    """The class of an engine's numbers."""
    if engine == "ours":
        from autograd_lite import Value
    elif engine == "micrograd":
        from micrograd.engine import Value
    else:
        Value = Stored
    return Value


def moons(engine):
    """micrograd's demo, a 2-16-16-1 network on 100 points: the parameters, and a function that builds the loss."""
    import micrograd.nn

    micrograd.nn.Value = Value = load(engine)
    random.seed(1337)
    angles = [math.pi * i / 49 for i in range(50)]
    upper = [(math.cos(angle), math.sin(angle)) for angle in angles]
    lower = [(1 - math.cos(angle), 0.5 - math.sin(angle)) for angle in angles]
    points = [[x + random.gauss(0, 0.1), y + random.gauss(0, 0.1)] for x, y in upper + lower]
    signs = [-1] * 50 + [1] * 50
    model = micrograd.nn.MLP(2, [16, 16, 1])
    parameters = model.parameters()

    def loss():
        inputs = [list(map(Value, point)) for point in points]
        scores = list(map(model, inputs))
        losses = [(1 + -sign * score).relu() for sign, score in zip(signs, scores, strict=True)]
        return sum(losses) * (1.0 / len(losses)) + 1e-4 * sum(p * p for p in parameters)

    return parameters, loss


def gpt(engine, tokens=(3, 7, 1, 9, 3, 12)):
    """A GPT of microgpt's shape, 4,192 parameters and 5 tokens (43,036 nodes here): parameters, and the loss."""
    Value = load(engine)
    generator = random.Random(42)
    width, heads = 16, 4
    size = width // heads

    def matrix(rows, columns):
        return [[Value(generator.gauss(0, 0.08)) for _ in range(columns)] for _ in range(rows)]

    tokens_in, places, tokens_out = matrix(27, width), matrix(16, width), matrix(27, width)
    query, key, value, mix = (matrix(width, width) for _ in range(4))
    wide, narrow = matrix(4 * width, width), matrix(width, 4 * width)
    matrices = (tokens_in, places, tokens_out, query, key, value, mix, wide, narrow)

    def linear(x, rows):
        return [sum(w * entry for w, entry in zip(row, x, strict=True)) for row in rows]

    def softmax(logits):
        largest = max(logit.data for logit in logits)
        exponentials = [(logit - largest).exp() for logit in logits]
        total = sum(exponentials)
        return [e / total for e in exponentials]

    def normalized(x):
        scale = (sum(entry * entry for entry in x) * (1 / len(x)) + 1e-5) ** -0.5
        return [entry * scale for entry in x]

    def loss():
        keys, values, losses = [], [], []
        for place, (token, target) in enumerate(itertools.pairwise(tokens)):
            x = normalized([a + b for a, b in zip(tokens_in[token], places[place], strict=True)])
            before, x = x, normalized(x)
            q = linear(x, query)
            keys.append(linear(x, key))
            values.append(linear(x, value))
            attended = []
            for part in (slice(size * head, size * (head + 1)) for head in range(heads)):
                weights = softmax([sum(a * b for a, b in zip(q[part], k[part], strict=True)) * 0.5 for k in keys])
                columns = zip(*[v[part] for v in values], strict=True)
                attended += [sum(w * a for w, a in zip(weights, column, strict=True)) for column in columns]
            x = [a + b for a, b in zip(linear(attended, mix), before, strict=True)]
            before, x = x, normalized(x)
            hidden = [s.relu() for s in linear(x, wide)]
            x = [a + b for a, b in zip(linear(hidden, narrow), before, strict=True)]
            losses.append(-softmax(linear(x, tokens_out))[target].log())
        return sum(losses) * (1 / len(losses))

    return [w for rows in matrices for row in rows for w in row], loss


GRAPHS = {"moons": moons, "gpt": gpt}


def measure_step(argument):
    """Seconds of processor time of the forward and the backward pass of STEPS training steps, and the last loss."""
    sys.setrecursionlimit(10_000)
    graph, engine = argument.split("/")
    parameters, loss = GRAPHS[graph](engine)
    forward, backward = [], []
    for _ in range(STEPS):
        start = time.process_time()
        total = loss()
        middle = time.process_time()
        for p in parameters:
            p.grad = 0
        total.backward()
        end = time.process_time()
        for p in parameters:
            p.data -= 0.01 * p.grad
        forward.append(middle - start)
        backward.append(end - middle)
    return {"forward": forward, "backward": backward, "loss": total.data}


def measure_memory(engine):
    """The bytes that the graph of the loss holds after the backward pass, and its number of nodes."""
    parameters, loss = moons(engine)
    loss().backward()  # so that caches and the parameters' gradients are there already
    gc.collect()
    tracemalloc.start()
    root = loss()
    root.backward()
    gc.collect()
    size = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    nodes, stack = set(parameters), [root]
    while stack:
        node = stack.pop()
        if node not in nodes:
            nodes.add(node)
            stack.extend(node.children if engine == "stored" else node._prev)
    return {"bytes": size, "nodes": len(nodes) - len(parameters)}


def chain(length):
    """x * w * w * ... * w, and x."""
    from autograd_lite import Value

    x, w = Value(1.0), Value(1.0)
    node = x
    for _ in range(length):
        node = node * w
    return node, x


def measure_chain(length):
    """Seconds to build a chain, to differentiate it and to free it, and the most memory that the process had."""
    import resource

    times = [time.perf_counter()]
    node, x = chain(length)
    times.append(time.perf_counter())
    node.backward()
    times.append(time.perf_counter())
    assert x.grad == 1.0
    del node
    times.append(time.perf_counter())
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    return {"build": times[1] - times[0], "backward": times[2] - times[1], "free": times[3] - times[2], "peak": peak}


def measure_backward(length):
    """Seconds of backward passes of a chain."""
    node, _ = chain(length)
    seconds = []
    for _ in range(max(3, min(200, 200_000 // length))):
        start = time.perf_counter()
        node.backward()
        seconds.append(time.perf_counter() - start)
    return {"seconds": seconds}


MEASUREMENTS = {
    "step": measure_step,
    "memory": measure_memory,
    "chain": lambda length: measure_chain(int(length)),
    "backward": lambda length: measure_backward(int(length)),
}


# What the parent process does


def in_fresh_process(measurement, argument):
    command = [sys.executable, os.path.abspath(__file__), "--measure", measurement, str(argument)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(done.stdout)


def print_steps(rounds):
    for letter, graph, engines in (("a", "moons", list(ENGINES)), ("b", "gpt", ["stored", "ours"])):
        measured = {engine: [] for engine in engines}
        for _ in range(rounds):
            for engine in engines:
                measured[engine].append(in_fresh_process("step", f"{graph}/{engine}"))
        print(f"({letter}) {GRAPHS[graph].__doc__.partition(':')[0]}; ms a step of {STEPS}, median of {rounds} runs")
        print(f"    {'':<48}{'forward':>9}{'backward':>10}{'both':>8}{'of stored':>11}{'first step':>12}")
        seconds = {engine: summary(runs) for engine, runs in measured.items()}
        for engine, (forward, backward, both, first) in seconds.items():
            numbers = f"{1e3 * forward:>9.1f}{1e3 * backward:>10.1f}{1e3 * both:>8.1f}"
            print(f"    {ENGINES[engine]:<48}{numbers}{both / seconds['stored'][2]:>11.2f}{1e3 * first:>12.1f}")
        print()


def summary(runs):
    """The mean forward pass, backward pass and both of a run, and both in its first step; the medians over all runs."""
    forward, backward = ([statistics.mean(run[part]) for run in runs] for part in ("forward", "backward"))
    both = [f + b for f, b in zip(forward, backward, strict=True)]
    first = [run["forward"][0] + run["backward"][0] for run in runs]
    return [statistics.median(seconds) for seconds in (forward, backward, both, first)]


def print_memory():
    print("(c) Memory of the graph of that loss, after the backward pass (tracemalloc)")
    print(f"    {'':<48}{'nodes':>10}{'MB':>10}{'bytes a node':>17}{'of micrograd':>14}")
    measured = {engine: in_fresh_process("memory", engine) for engine in ENGINES}
    for engine, name in ENGINES.items():
        size, nodes = measured[engine]["bytes"], measured[engine]["nodes"]
        share = size / measured["micrograd"]["bytes"]
        print(f"    {name:<48}{nodes:>10,}{size / 1e6:>10.1f}{size / nodes:>17.0f}{share:>14.0%}")


def print_chain(length):
    print(f"\n(d) A chain of {length:,} nodes, with autograd_lite (micrograd's backward recurses once a node)")
    result = in_fresh_process("chain", length)
    print(
        f"    build {result['build']:.2f} s, backward {result['backward']:.2f} s, free {result['free']:.2f} s,", end=" "
    )
    print(f"peak resident memory {result['peak'] / 1e6:.0f} MB")


def print_backward(lengths):
    print("\n(e) Backward of a chain, time a node: the same at every length, if the sweep is linear")
    for length in lengths:
        median = statistics.median(in_fresh_process("backward", length)["seconds"])
        print(f"    {length:>10,} nodes {1e3 * median:>10.2f} ms {1e9 * median / length:>8.0f} ns a node")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5, help="how often the engines take turns (default: 5)")
    parser.add_argument("--measure", nargs=2, metavar=("MEASUREMENT", "ARGUMENT"), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.measure:
        measurement, argument = arguments.measure
        print(json.dumps(MEASUREMENTS[measurement](argument)))
        return
    if importlib.util.find_spec("micrograd") is None:
        sys.exit("This benchmark compares with micrograd, which is not installed: pip install micrograd")
    versions = [f"{name} {importlib.metadata.version(name)}" for name in ("autograd-lite", "micrograd")]
    print(f"Python {platform.python_version()}, {', '.join(versions)}; {platform.machine()}, {os.cpu_count()} cores\n")
    print_steps(arguments.rounds)
    print_memory()
    print_chain(1_000_000)
    print_backward([1_000, 10_000, 100_000, 1_000_000])


if __name__ == "__main__":
    main()
