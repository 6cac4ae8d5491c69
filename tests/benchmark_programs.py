"""Compiled programs beside PyTorch, JAX, CasADi, micrograd and NumPy. Run it with them installed beside autograd-lite:

    pip install torch==2.13.0 jax casadi micrograd llvmlite
    python tests/benchmark_programs.py

What is not installed is left out. All run in one thread and in float64, with Python's default garbage collection. The
engines take turns (A B C, A B C, ...), each turn a few milliseconds; a row shows the median of the turns, and the
median of the ratios of two turns in the same round. Times are processor times, which for one thread are the elapsed
times without what other processes use; `--clock wall` measures elapsed time. Where a peer can be written in several
ways, all are tried, and our time is compared with the fastest. Peers with preallocated buffers (hand-written NumPy,
CasADi's buffer) are to be compared with our `bound`, the others with a call. Before anything is timed, all must agree
to 1e-10. It takes about four minutes.

    python tests/benchmark_programs.py --section 1 --section 2
"""

import os

SINGLE_THREAD = {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "VECLIB_MAXIMUM_THREADS": "1",
    "NPROC": "1",  # the threads of XLA's own pool
    "XLA_FLAGS": "--xla_cpu_multi_thread_eigen=false",
    "JAX_ENABLE_X64": "1",
    "JAX_PLATFORMS": "cpu",
}
os.environ.update(SINGLE_THREAD)  # before NumPy is imported, here and in the processes that are started

import argparse  # noqa: E402
import contextlib  # noqa: E402
import importlib.metadata  # noqa: E402
import importlib.util  # noqa: E402
import json  # noqa: E402
import math  # noqa: E402
import pathlib  # noqa: E402
import platform  # noqa: E402
import random  # noqa: E402
import statistics  # noqa: E402
import subprocess  # noqa: E402
import sys  # noqa: E402
import time  # noqa: E402

import numpy as np  # noqa: E402
from moons_demo import demo, fit_demo  # noqa: E402

import autograd_lite  # noqa: E402
from autograd_lite import Value, constant, topological_order  # noqa: E402
from nn import MLP, squared_error  # noqa: E402

PEERS = ("llvmlite", "torch", "jax", "casadi", "micrograd")
POINTS = 100
TURN = 0.004
"""Seconds of one turn, about."""

NETWORKS = {
    (2, 16, 16, 1): {"PyTorch": 0.12, "JAX": 0.3, "NumPy": 0.4, "micrograd": 1 / 5000},
    (2, 64, 64, 1): {"JAX": 1.0, "NumPy": 1.0},
    (64, 32, 10): {"NumPy": 1.1},
    (784, 64, 10): {"NumPy": 1.2},
}
"""The layers of each network, and the goals: our time over that of the peer."""

BATCHES = (1, 1_000, 1_000_000)
COMPILE_GOALS = {(2, 16, 16, 1): 0.5, (2, 64, 64, 1): 2.0}
FIT_GOAL = 1.0


def installed(peer):
    return importlib.util.find_spec(peer) is not None


def backends(*names):
    """The back ends that need nothing that is not installed."""
    return [name for name in names if name != "llvm" or installed("llvmlite")]


def title(sizes):
    return "-".join(map(str, sizes))


# Turns


CLOCKS = {"cpu": time.process_time, "wall": time.perf_counter}
clock = ["cpu"]


def seconds_of(step, times):
    now = CLOCKS[clock[0]]
    start = now()
    for _ in range(times):
        step()
    return (now() - start) / times


def turns(engines, rounds, turn=TURN):
    """For each engine, the seconds of a step in each round; the engines take turns."""
    times = {name: max(1, int(turn / seconds_of(step, 2))) for name, step in engines.items()}
    seconds = {name: [] for name in engines}
    for _ in range(rounds):
        for name, step in engines.items():
            if times[name] > 1:
                step()  # so that what it works on is in the cache again
            seconds[name].append(seconds_of(step, times[name]))
    return seconds


def fastest(variants, turn=TURN):
    """The name and the step of the fastest of several ways to write a peer."""
    if len(variants) == 1:
        return next(iter(variants.items()))
    seconds = turns(variants, 5, turn)
    name = min(variants, key=lambda name: statistics.median(seconds[name]))
    return name, variants[name]


def ratio(ours, theirs):
    """The median of the ratios of two engines in the same round."""
    return statistics.median(a / b for a, b in zip(ours, theirs, strict=True))


def verdict(value, goal):
    """A goal, and whether a value reaches it."""
    return f"goal {share(goal)}: {'reached' if value <= goal else 'NOT reached'}"


def duration(seconds):
    for unit, factor in (("s", 1.0), ("ms", 1e3), ("µs", 1e6)):
        if seconds * factor >= 1:
            return f"{seconds * factor:,.1f} {unit}"
    return f"{1e9 * seconds:,.0f} ns"


def share(value):
    """A ratio as text: 0.123, or 1/5,000."""
    return f"{value:.3f}" if value >= 0.01 else f"1/{1 / value:,.0f}"


def print_seconds(seconds, words, ours, goals, only=None):
    """A row for each engine, and, beside a peer, how long ours take in units of its time."""
    for name, values in seconds.items():
        if only not in {None, name}:
            continue
        row = f"    {name:<10}{words.get(name, ''):<46}{duration(statistics.median(values)):>11}"
        if name not in ours:
            for own in ours:
                value = ratio(seconds[own], values)
                row += f"   {own}/{name} {share(value)}"
                if name in goals and own == ours[0]:
                    row += f" ({verdict(value, goals[name])})"
        print(row)


# 1. Networks


def network(sizes):
    """A network, the graph of its error for one example, and the inputs and parameters of the program."""
    net = MLP(sizes[0], sizes[1:], seed=0)
    xs = [constant(0.1, f"o_{a}^(0)") for a in range(1, sizes[0] + 1)]
    ys = [constant(0.5, f"y_{b}") for b in range(1, sizes[-1] + 1)]
    parameters = [w for layer in net.layers for neuron in layer.neurons for w in (neuron.b, *neuron.w)]
    return net, squared_error(net.outputs(xs), ys), xs + ys, parameters


def data_set(sizes, points=POINTS):
    generator = np.random.default_rng(0)
    return generator.uniform(-1, 1, (points, sizes[0])), generator.uniform(-0.8, 0.8, (points, sizes[-1]))


def numpy_columns(weights, X, Y):
    """The delta recursion with a column for each example, o_0 = 1 in row 0 of o, into preallocated buffers.

    (Biases apart from the weights were slower at all sizes, as was matmul instead of dot.)
    """
    L, points = len(weights), len(X)
    o = [np.ones((W.shape[1], points)) for W in weights]
    o[0][1:] = X.T
    targets = np.ascontiguousarray(Y.T)
    theta = [*(rows[1:] for rows in o[1:]), np.empty((len(weights[-1]), points))]
    delta = [np.empty((len(W), points)) for W in weights]
    slope = [np.empty((len(W), points)) for W in weights]
    gradient = np.empty(sum(W.size for W in weights))
    G = _views(gradient, weights)
    transposed, o_transposed = [W[:, 1:].T for W in weights], [rows.T for rows in o]
    layers = list(zip(weights, o, delta, theta, strict=True))
    dot, tanh, multiply, subtract = np.dot, np.tanh, np.multiply, np.subtract
    errors = delta[-1].ravel()

    def step():
        for W, before, s, after in layers:
            tanh(dot(W, before, s), after)
        subtract(theta[-1], targets, delta[-1])
        loss = dot(errors, errors)
        multiply(delta[-1], 2.0, delta[-1])
        for l in range(L - 1, -1, -1):
            if l < L - 1:
                dot(transposed[l + 1], delta[l + 1], delta[l])
            multiply(theta[l], theta[l], slope[l])
            subtract(1.0, slope[l], slope[l])
            multiply(delta[l], slope[l], delta[l])
            dot(delta[l], o_transposed[l], G[l])
        return loss, gradient

    return step


def numpy_rows(weights, X, Y):
    """The delta recursion with a row for each example, o_0 = 1 in column 0 of o, into preallocated buffers."""
    L, points = len(weights), len(X)
    o = [np.ones((points, W.shape[1])) for W in weights]
    o[0][:, 1:] = X
    theta = [np.empty((points, len(W))) for W in weights]
    delta = [np.empty((points, len(W))) for W in weights]
    slope = [np.empty((points, len(W))) for W in weights]
    gradient = np.empty(sum(W.size for W in weights))
    G = _views(gradient, weights)
    transposed, without_bias = [W.T for W in weights], [W[:, 1:] for W in weights]
    delta_transposed = [rows.T for rows in delta]
    dot, tanh, multiply, subtract = np.dot, np.tanh, np.multiply, np.subtract
    errors = delta[-1].ravel()

    def step():
        for l in range(L):
            tanh(dot(o[l], transposed[l], delta[l]), theta[l])
            if l < L - 1:
                o[l + 1][:, 1:] = theta[l]
        subtract(theta[-1], Y, delta[-1])
        loss = dot(errors, errors)
        multiply(delta[-1], 2.0, delta[-1])
        for l in range(L - 1, -1, -1):
            if l < L - 1:
                dot(delta[l + 1], without_bias[l + 1], delta[l])
            multiply(theta[l], theta[l], slope[l])
            subtract(1.0, slope[l], slope[l])
            multiply(delta[l], slope[l], delta[l])
            dot(delta_transposed[l], o[l], G[l])
        return loss, gradient

    return step


def _views(vector, weights):
    """The parts of a vector that are the matrices, one after another."""
    ends = np.cumsum([W.size for W in weights])
    return [vector[end - W.size : end].reshape(W.shape) for W, end in zip(weights, ends, strict=True)]


def _joined(biases, matrices):
    """Weights in our order, from biases and matrices apart."""
    parts = [np.column_stack([np.ravel(b), W]).ravel() for b, W in zip(biases, matrices, strict=True)]
    return np.concatenate(parts)


def torch_network(weights, X, Y):
    """Matrices, eagerly: addmm and tanh, autograd.grad, with a column for each example (rows were slower)."""
    import torch

    torch.set_num_threads(1)
    x, y = torch.tensor(X.T.copy()), torch.tensor(Y.T.copy())
    biases = [torch.tensor(W[:, :1].copy(), requires_grad=True) for W in weights]
    matrices = [torch.tensor(W[:, 1:].copy(), requires_grad=True) for W in weights]
    layers, parameters = list(zip(biases, matrices, strict=True)), [*biases, *matrices]
    squared = torch.nn.functional.mse_loss

    def step():
        o = x
        for b, W in layers:
            o = torch.tanh(torch.addmm(b, W, o))
        loss = squared(o, y, reduction="sum")
        return loss, torch.autograd.grad(loss, parameters)

    def read():
        loss, gradients = step()
        found = [gradient.numpy() for gradient in gradients]
        return loss.item(), _joined(found[: len(weights)], found[len(weights) :])

    return step, read


def jax_network(weights, X, Y, apart):
    """jit(value_and_grad) in matrices, with a column for each example; biases apart, or all weights in one vector."""
    import jax
    import jax.numpy as jnp

    x, y = jnp.asarray(X.T), jnp.asarray(Y.T)
    shapes = [W.shape for W in weights]
    ends = np.cumsum([W.size for W in weights])

    def loss(parameters, x, y):
        if not apart:
            matrices = [
                parameters[end - rows * columns : end].reshape(rows, columns)
                for (rows, columns), end in zip(shapes, ends, strict=True)
            ]
            parameters = [(W[:, 0], W[:, 1:]) for W in matrices]
        o = x
        for b, W in parameters:
            o = jnp.tanh(W @ o + b[:, None])
        return ((o - y) ** 2).sum()

    flat = jnp.asarray(np.concatenate([W.ravel() for W in weights]))
    given = [(jnp.asarray(W[:, 0]), jnp.asarray(W[:, 1:])) for W in weights] if apart else flat
    function = jax.jit(jax.value_and_grad(loss))

    def step():
        return jax.block_until_ready(function(given, x, y))

    def read():
        value, gradient = step()
        return float(value), _joined(*zip(*gradient, strict=True)) if apart else np.asarray(gradient)

    return step, read


def step_micrograd(sizes):
    """Seconds of a step of micrograd's own MLP, ReLU and a linear output, over all points: forward and backward."""
    import micrograd.nn

    random.seed(0)
    model = micrograd.nn.MLP(sizes[0], list(sizes[1:]))
    X, Y = data_set(sizes)
    points, targets = X.tolist(), Y[:, 0].tolist()

    def step():
        loss = sum((model(point) - target) ** 2 for point, target in zip(points, targets, strict=True))
        model.zero_grad()
        loss.backward()

    step()
    return {"step": seconds_of(step, 2)}


def must_agree(where, name, found, expected):
    """Stop if a peer does not compute the same."""
    for a, b in zip(found, expected, strict=True):
        if not np.max(np.abs(np.asarray(a) - b)) <= 1e-10 * np.max(np.abs(b)):
            sys.exit(f"{where}: {name} computes something else; nothing was measured")


def print_network(sizes, goals, rounds):
    net, error, inputs, parameters = network(sizes)
    X, Y = data_set(sizes)
    XY, P = np.hstack([X, Y]), np.array([w.data for w in parameters])
    weights = [np.array(W, dtype=float) for W in net.weights]
    programs = {
        name: autograd_lite.compile_program(error, inputs=inputs, parameters=parameters, backend=name)
        for name in backends("llvm", "arrays", "auto")
    }
    auto = programs.pop("auto")
    truth = numpy_columns(weights, X, Y)
    expected = tuple(map(np.copy, truth()))
    where = title(sizes)
    engines, words = {}, {"arrays": "ours, NumPy array code, called"}
    if "llvm" in programs:
        bound = programs["llvm"].bind(XY.copy(), P.copy())
        must_agree(where, "bound", (bound.total.item(), bound.parameter_gradients), expected)
        engines["bound"], words["bound"] = bound.run, "ours, machine code, into preallocated buffers"
        words["llvm"] = "ours, machine code, called"
    for name, program in programs.items():
        batch = program(XY, P)
        must_agree(where, name, (batch.total, batch.parameter_gradients), expected)
        engines[name] = lambda program=program: program(XY, P)
    ours = list(engines)
    by_rows = numpy_rows(weights, X, Y)
    must_agree(where, "NumPy by rows", by_rows(), expected)
    words["NumPy"], engines["NumPy"] = fastest({"columns": truth, "rows": by_rows})
    words["NumPy"] = f"the hand-written delta recursion, by {words['NumPy']}"
    if installed("torch"):
        words["PyTorch"] = "eager, addmm and tanh"
        engines["PyTorch"], read = torch_network(weights, X, Y)
        must_agree(where, "PyTorch", read(), expected)
    if installed("jax"):
        variants = {}
        for name, apart in (("biases apart", True), ("weights in one vector", False)):
            variants[name], read = jax_network(weights, X, Y, apart)
            must_agree(where, "JAX", read(), expected)
        way, engines["JAX"] = fastest(variants)
        words["JAX"] = f"jit(value_and_grad), {way}"
    first, last = auto.chosen(POINTS, 0.0), auto.chosen(POINTS, math.inf)
    print(f"\n    {where}; auto runs {first if first == last else f'{first} first, in the end {last}'}")
    seconds = turns(engines, rounds)
    print_seconds(seconds, words, ours, goals)
    if "micrograd" in goals and installed("micrograd"):
        both = {ours[0]: [], "micrograd": []}
        for _ in range(3):  # in separate processes, whose garbage collector has nothing else to go through
            both["micrograd"].append(in_fresh_process("micrograd", where, "")["step"])
            both[ours[0]].append(seconds_of(engines[ours[0]], 300))
        words["micrograd"] = "its own MLP: relu, linear output"
        print_seconds(both, words, ours[:1], goals, only="micrograd")


def print_networks(rounds):
    print(f"\n1. Networks: tanh on all layers, squared error, loss and all weight gradients, {POINTS} points")
    for sizes, goals in NETWORKS.items():
        print_network(sizes, goals, rounds)


# 2. A scalar function


def scalar(m, *x):
    """A function of 5 numbers, of 60 operations; m has the functions tanh, exp, sqrt, log, cos, sin."""
    a, b, c, d, e = x
    for _ in range(3):
        p = m.tanh(a * b + c)
        q = m.exp(p - d) / (e * e + 1.5)
        r = m.sqrt(q * q + 1.0)
        s = m.log(r + 0.5) * m.cos(b)
        t = m.sin(s) - q * a
        a, b, c, d, e = p, q, r, s, t * p + e
    return e


def scalar_graph():
    inputs = [Value(0.5, f"x{number}") for number in range(1, 6)]
    return scalar(autograd_lite, *inputs), inputs


def torch_scalar(X):
    """Eagerly, a tensor for each input."""
    import torch

    torch.set_num_threads(1)
    columns = [torch.tensor(column.copy(), requires_grad=True) for column in X.T]

    def step():
        value = scalar(torch, *columns)
        return value, torch.autograd.grad(value.sum(), columns)

    def read():
        value, gradients = step()
        return value.detach().numpy(), np.column_stack(gradients)

    return {"": (step, read)}


def jax_scalar(X):
    """jit(vmap(value_and_grad)), of a vector for each point, or of five numbers."""
    import jax
    import jax.numpy as jnp

    batched = (lambda function: function) if len(X) == 1 else jax.vmap
    vectors = jax.jit(batched(jax.value_and_grad(lambda x: scalar(jnp, *x))))
    numbers = jax.jit(batched(jax.value_and_grad(lambda *x: scalar(jnp, *x), argnums=tuple(range(5)))))
    x = jnp.asarray(X[0] if len(X) == 1 else X)
    columns = [jnp.asarray(column[0] if len(X) == 1 else column) for column in X.T.copy()]

    def of_vectors():
        return jax.block_until_ready(vectors(x))

    def of_numbers():
        return jax.block_until_ready(numbers(*columns))

    def read_vectors():
        return tuple(np.asarray(part).reshape(len(X), -1) for part in of_vectors())

    def read_numbers():
        value, gradients = of_numbers()
        return np.reshape(value, (len(X), 1)), np.column_stack([np.ravel(gradient) for gradient in gradients])

    return {"of vectors": (of_vectors, read_vectors), "of five arrays": (of_numbers, read_numbers)}


def casadi_scalar(X):
    """An SX Function of the value and the gradient, mapped over the points: called, or evaluated into buffers."""
    import casadi

    x = casadi.SX.sym("x", 5)
    value = scalar(casadi, *casadi.vertsplit(x))
    one = casadi.Function("scalar", [x], [value, casadi.gradient(value, x)])
    function = one if len(X) == 1 else one.map(len(X))
    matrix = casadi.DM(X.T)
    points, values, gradients = X.copy(), np.empty(len(X)), np.empty(X.shape)
    buffer, evaluate = function.buffer()
    buffer.set_arg(0, memoryview(points))
    buffer.set_res(0, memoryview(values))
    buffer.set_res(1, memoryview(gradients))

    def called():
        return function(matrix)

    def buffered():
        evaluate()
        return values, gradients

    buffered.kept = buffer, points  # which evaluate() needs, though it does not hold them

    def read_called():
        found = called()
        return found[0].full().ravel(), found[1].full().reshape(5, -1).T

    ways = {"called": (called, read_called), "buffer()": (buffered, buffered)}
    if len(X) == 1_000:

        def with_a_matrix():
            return one(matrix)

        def read_matrix():
            found = with_a_matrix()
            return found[0].full().ravel(), found[1].full().reshape(5, -1).T

        ways["called with a matrix"] = (with_a_matrix, read_matrix)
    return ways


SCALAR_PEERS = {"CasADi": ("casadi", casadi_scalar), "JAX": ("jax", jax_scalar), "PyTorch": ("torch", torch_scalar)}


def run_until_final(program, X):
    """Run a program of the back end "auto" until it is on its final back end; how often that was, and its name."""
    final, runs, start = program.chosen(len(X), math.inf), 0, time.perf_counter()
    while program.chosen(len(X), program.spent) != final and time.perf_counter() - start < 10:
        program(X)
        runs += 1
    return runs, program.chosen(len(X), program.spent)


def print_scalar(rounds):
    graph, inputs = scalar_graph()
    operations = sum(1 for node in topological_order(graph) if node.parents)
    print(f"\n2. A scalar function of 5 inputs and {operations} operations: its value and gradient for each point")
    names = backends("llvm", "auto")
    programs = {name: autograd_lite.compile_program(graph, inputs=inputs, backend=name) for name in names}
    by_floats = autograd_lite.compile_program(graph, inputs=inputs, backend="python")
    for points in BATCHES:
        X = np.random.default_rng(0).uniform(0.1, 1, (points, 5))
        sample = X[:1_000]
        truth = by_floats(sample)
        expected = truth.outputs[:, 0], truth.input_gradients
        engines, words = {}, {}
        for name in names:
            found = programs[name](X)
            must_agree(f"batch {points}", name, (found.outputs[:1_000, 0], found.input_gradients[:1_000]), expected)
            engines[name] = lambda program=programs[name], X=X: program(X)
        runs, final = run_until_final(programs["auto"], X)
        words["auto"] = f"ours, chosen: {final}" + (f", after {runs:,} runs" if runs else "")
        words["llvm"] = "ours, machine code"
        for name, (package, write) in SCALAR_PEERS.items():
            if not installed(package):
                continue
            variants = write(X)
            for step, read in variants.values():
                value, gradient = read()
                must_agree(f"batch {points}", name, (np.ravel(value)[:1_000], gradient[:1_000]), expected)
                step()
            words[name], engines[name] = fastest({way: step for way, (step, _) in variants.items()})
        print(f"\n    a batch of {points:,}")
        ours = ["auto", *(name for name in names if name != "auto")]
        if "llvm" in names:
            bound = programs["llvm"].bind(X.copy())
            engines["bound"], words["bound"] = bound.run, "ours, machine code, into preallocated buffers"
            ours.insert(0, "bound")
        engines = {name: engines[name] for name in [*ours, *(name for name in engines if name not in ours)]}
        seconds = turns(engines, rounds if points < 100_000 else 3)
        print_seconds(seconds, words, ours, dict.fromkeys(SCALAR_PEERS, 1.0))


# 3. The time to compile, in separate processes


def seconds_to_compile(build, backend):
    """Seconds to build a graph, and to trace and compile it."""
    start = time.perf_counter()
    root, inputs, parameters = build()
    built = time.perf_counter()
    try:
        autograd_lite.compile_program(root, inputs=inputs, parameters=parameters, backend=backend)
    except ValueError as error:
        return {"refused": str(error).rpartition(": ")[2]}
    compiled = time.perf_counter()
    return {"build": built - start, "compile": compiled - built, "nodes": len(topological_order(root))}


def compile_two(sizes, backend):
    """A network, the first program of this process, and then another with hidden layers that are wider by one."""
    wider = (sizes[0], *(width + 1 for width in sizes[1:-1]), sizes[-1])
    return {
        which: seconds_to_compile(lambda layers=layers: network(layers)[1:], backend)
        for which, layers in (("first", sizes), ("second", wider))
    }


def straight_line(operations, seed=0):
    """A random expression of that number of operations of 5 inputs, which no matrix is in."""
    choose = random.Random(seed)
    inputs = [Value(0.1 * number, f"x{number}") for number in range(1, 6)]
    nodes = list(inputs)
    for number in range(operations - 1):
        a, b = nodes[-1], nodes[choose.randrange(max(0, len(nodes) - 50), len(nodes))]
        kind = number % 4
        nodes.append(
            autograd_lite.tanh(a) if kind == 0 else a * b if kind == 1 else a + b if kind == 2 else autograd_lite.sin(a)
        )
    return nodes[-1] * nodes[-2], inputs, []


def fit_moons():
    """Seconds of `fit` on micrograd's moons demo, 100 steps."""
    points, signs, net = demo()
    start = time.perf_counter()
    history = fit_demo(points, signs, net)
    return {"fit": time.perf_counter() - start, "loss": history.loss[-1], "first": history.loss[0]}


MEASUREMENTS = {
    "two": lambda sizes, backend: compile_two(layers_of(sizes), backend),
    "network": lambda sizes, backend: seconds_to_compile(lambda: network(layers_of(sizes))[1:], backend),
    "straight": lambda operations, backend: seconds_to_compile(lambda: straight_line(int(operations)), backend),
    "moons": lambda *_: fit_moons(),
    "micrograd": lambda sizes, _: step_micrograd(layers_of(sizes)),
}


def layers_of(text):
    return tuple(map(int, text.split("-")))


def in_fresh_process(*measurement):
    command = [sys.executable, os.path.abspath(__file__), "--measure", *map(str, measurement)]
    start = time.perf_counter()
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    return {**json.loads(done.stdout), "process": time.perf_counter() - start}


def print_compiling():
    print("\n3. Seconds to build a graph, trace and compile it, in a separate process (with the import of llvmlite)")
    print(f"\n    {'':<12}{'':<8}{'graph':>8}{'compile':>9}{'together':>10}   median of 3 processes")
    for sizes, goal in COMPILE_GOALS.items():
        for backend in backends("llvm", "arrays"):
            found = [in_fresh_process("two", title(sizes), backend) for _ in range(3)]
            for which, words in (("first", "first in the process"), ("second", "second, hidden layers one wider")):
                build, to_compile = (
                    statistics.median(result[which][part] for result in found) for part in ("build", "compile")
                )
                row = f"    {title(sizes):<12}{backend:<8}{build:>8.3f}{to_compile:>9.3f}{build + to_compile:>10.3f}"
                print(f"{row}   {words}", f"({verdict(build + to_compile, goal)})" if backend == "llvm" else "")
    print(f"\n    {'':<22}{'':<8}{'nodes':>10}{'graph':>9}{'compile':>9}{'µs a node':>11}, the same if linear")
    for width in (16, 50, 112, 223):
        sizes = title((width, width, width))
        for backend in backends("arrays", "llvm", "numpy"):
            _print_compiled(f"network {sizes}", backend, in_fresh_process("network", sizes, backend))
    for operations in (1_000, 5_000, 10_000, 50_000, 200_000):
        for backend in backends("python", "numpy", "llvm"):
            found = in_fresh_process("straight", operations, backend)
            _print_compiled(f"straight {operations:,}", backend, found)


def _print_compiled(what, backend, found):
    if "refused" in found:
        print(f"    {what:<22}{backend:<8}{found['refused']}")
        return
    nodes, build, to_compile = found["nodes"], found["build"], found["compile"]
    each = 1e6 * (build + to_compile) / nodes
    print(f"    {what:<22}{backend:<8}{nodes:>10,}{build:>9.2f}{to_compile:>9.2f}{each:>11.1f}")


# 4. nn.fit


def print_fit():
    found = [in_fresh_process("moons", 0, 0) for _ in range(3)]
    seconds = statistics.median(result["fit"] for result in found)
    process = statistics.median(result["process"] for result in found)
    print("\n4. nn.fit on micrograd's moons demo, 100 steps, in a separate process, median of 3")
    print(f"    the call {seconds:.2f} s ({verdict(seconds, FIT_GOAL)}); the whole process {process:.2f} s;", end=" ")
    print(f"loss {found[0]['first']:.6f}, in the end {found[0]['loss']:.8f}")


# Everything


def processor():
    """The name of the processor."""
    with contextlib.suppress(OSError):
        for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def print_versions():
    names = ["autograd-lite", "numpy", *filter(installed, PEERS)]
    versions = [f"{name} {importlib.metadata.version(name)}" for name in names]
    print(f"Python {platform.python_version()}, {', '.join(versions)}")
    kind = ""
    if installed("llvmlite"):
        import llvmlite.binding as llvm

        kind = f" ({llvm.get_host_cpu_name()})"
    print(f"{processor()}{kind}, {os.cpu_count()} cores, of which one is used; float64; medians")
    for peer in PEERS:
        if not installed(peer):
            print(f"{peer} is not installed, and is left out: pip install {peer}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--section", type=int, action="append", choices=range(1, 5), help="only this one; repeatable")
    parser.add_argument("--rounds", type=int, default=30, help="how often the engines take turns (default: 30)")
    parser.add_argument("--clock", choices=list(CLOCKS), default="cpu", help="which time is measured (default: cpu)")
    parser.add_argument("--jax-async", action="store_true", help="let JAX dispatch to a separate thread, its default")
    parser.add_argument("--measure", nargs=3, metavar=("MEASUREMENT", "OF", "BACKEND"), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    clock[0] = arguments.clock
    if arguments.measure:
        measurement, *rest = arguments.measure
        print(json.dumps(MEASUREMENTS[measurement](*rest)))
        return
    if installed("jax"):
        import jax

        jax.config.update("jax_cpu_enable_async_dispatch", arguments.jax_async)  # without, small functions are faster
    print_versions()
    for number in sorted(set(arguments.section or [1, 2, 3, 4])):
        {
            1: lambda: print_networks(arguments.rounds),
            2: lambda: print_scalar(arguments.rounds),
            3: print_compiling,
            4: print_fit,
        }[number]()


if __name__ == "__main__":
    main()
