"""This engine beside micrograd: time, memory, and depth. Run it with micrograd installed beside autograd-lite:

    python tests/benchmark_micrograd.py

Every measurement is a process of its own, with Python's default garbage collection, so that the garbage of one engine
does not burden the other; the engines take turns (A B C, A B C, ...). It takes about a minute.
"""

import argparse
import gc
import importlib.metadata
import importlib.util
import json
import os
import platform
import random
import statistics
import subprocess
import sys
import time
import tracemalloc

import numpy as np

ENGINES = {
    "micrograd": "micrograd: its Value, its Neuron",
    "value": "autograd_lite: our Value, micrograd's Neuron",
    "ours": "autograd_lite: our Value, our nn.micrograd",
}


# What runs in a process of its own


def load(engine):
    """The classes Value and MLP of an engine."""
    if engine == "ours":
        from autograd_lite import Value
        from nn.micrograd import MLP
    else:
        import micrograd.nn
        from micrograd.engine import Value
        from micrograd.nn import MLP

        if engine == "value":
            from autograd_lite import Value

            micrograd.nn.Value = Value
    return Value, MLP


def moons_demo(engine):
    """micrograd's demo: the network, and a function that gives the loss as a graph."""
    Value, MLP = load(engine)
    np.random.seed(1337)  # noqa: NPY002
    random.seed(1337)
    angles = np.linspace(0, np.pi, 50)
    upper = np.column_stack([np.cos(angles), np.sin(angles)])
    lower = np.column_stack([1 - np.cos(angles), 0.5 - np.sin(angles)])
    order = np.random.permutation(100)  # noqa: NPY002
    points = np.vstack([upper, lower])[order] + np.random.normal(scale=0.1, size=(100, 2))  # noqa: NPY002
    signs = np.repeat([-1, 1], 50)[order]
    model = MLP(2, [16, 16, 1])

    def loss():
        inputs = [list(map(Value, point)) for point in points]
        scores = list(map(model, inputs))
        losses = [(1 + -sign * score).relu() for sign, score in zip(signs, scores, strict=True)]
        data_loss = sum(losses) * (1.0 / len(losses))
        return data_loss + 1e-4 * sum(p * p for p in model.parameters())

    return model, loss


def measure_step(engine):
    """Seconds of each of a few training steps: one forward and one backward pass, and the update."""
    model, loss = moons_demo(engine)
    seconds = []
    for step in range(4):
        start = time.perf_counter()
        total = loss()
        model.zero_grad()
        total.backward()
        for p in model.parameters():
            p.data -= (1.0 - 0.9 * step / 100) * p.grad
        seconds.append(time.perf_counter() - start)
    return {"seconds": seconds}


def measure_memory(engine):
    """The bytes that the graph of the loss holds after the backward pass, and its number of nodes."""
    model, loss = moons_demo(engine)
    loss().backward()  # so that caches and the parameters' gradients are there already
    gc.collect()
    tracemalloc.start()
    root = loss()
    root.backward()
    gc.collect()
    size = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    nodes, stack = set(model.parameters()), [root]
    parameters = len(nodes)
    while stack:
        node = stack.pop()
        if node not in nodes:
            nodes.add(node)
            stack.extend(node._prev)
    return {"bytes": size, "nodes": len(nodes) - parameters}


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
    seconds = {engine: [] for engine in ENGINES}
    for _ in range(rounds):
        for engine in ENGINES:
            seconds[engine] += in_fresh_process("step", engine)["seconds"]
    medians = {engine: statistics.median(values) for engine, values in seconds.items()}
    print(f"(a) One step of micrograd's moons demo (337 parameters, 100 points), {rounds} rounds of 4 steps")
    print(f"    {'':<46}{'median ms':>10}{'least ms':>10}{'times micrograd':>17}")
    for engine, name in ENGINES.items():
        ratio = medians["micrograd"] / medians[engine]
        print(f"    {name:<46}{1e3 * medians[engine]:>10.0f}{1e3 * min(seconds[engine]):>10.0f}{ratio:>16.1f}x")


def print_memory():
    print("\n(b) Memory of the graph of that loss, after the backward pass (tracemalloc)")
    print(f"    {'':<46}{'nodes':>10}{'MB':>10}{'bytes a node':>17}{'of micrograd':>14}")
    measured = {engine: in_fresh_process("memory", engine) for engine in ENGINES}
    for engine, name in ENGINES.items():
        size, nodes = measured[engine]["bytes"], measured[engine]["nodes"]
        share = size / measured["micrograd"]["bytes"]
        print(f"    {name:<46}{nodes:>10,}{size / 1e6:>10.1f}{size / nodes:>17.0f}{share:>14.0%}")


def print_chain(length):
    print(f"\n(c) A chain of {length:,} nodes, with autograd_lite (micrograd's backward recurses once a node)")
    result = in_fresh_process("chain", length)
    print(
        f"    build {result['build']:.2f} s, backward {result['backward']:.2f} s, free {result['free']:.2f} s,", end=" "
    )
    print(f"peak resident memory {result['peak'] / 1e6:.0f} MB")


def print_backward(lengths):
    print("\n(d) Backward of a chain, time a node: the same at every length, if the sweep is linear")
    for length in lengths:
        median = statistics.median(in_fresh_process("backward", length)["seconds"])
        print(f"    {length:>10,} nodes {1e3 * median:>10.2f} ms {1e9 * median / length:>8.0f} ns a node")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=4, help="how often the engines take turns (default: 4)")
    parser.add_argument("--measure", nargs=2, metavar=("MEASUREMENT", "ARGUMENT"), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.measure:
        measurement, argument = arguments.measure
        print(json.dumps(MEASUREMENTS[measurement](argument)))
        return
    if importlib.util.find_spec("micrograd") is None:
        sys.exit("This benchmark compares with micrograd, which is not installed: pip install micrograd")
    versions = [f"{name} {importlib.metadata.version(name)}" for name in ("autograd-lite", "micrograd", "numpy")]
    print(f"Python {platform.python_version()}, {', '.join(versions)}; {platform.machine()}, {os.cpu_count()} cores\n")
    print_steps(arguments.rounds)
    print_memory()
    print_chain(1_000_000)
    print_backward([1_000, 10_000, 100_000, 1_000_000])


if __name__ == "__main__":
    main()
