"""The demo: real flowers, the lecture's network, its gradients held against the delta recursion, gradient descent.

`autograd-lite demo` runs it in under a minute, and leaves pictures, tables and the trace in a folder.
"""

import argparse
from collections.abc import Iterable
from pathlib import Path
from time import perf_counter

import numpy as np

from autograd_lite import add, draw, explain
from nn.comparison import compare_gradients
from nn.data_sets import SPECIES, Iris, load_iris
from nn.losses import squared_error
from nn.mlp import MLP, Matrix


def add_command(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `demo` to the commands of autograd-lite."""
    parser = commands.add_parser("demo", help="train the lecture's network on Iris, and prove its gradients right")
    parser.add_argument("-o", "--output", type=Path, default=Path("autograd-lite-demo"), metavar="FOLDER")
    parser.add_argument("--iterations", type=int, default=300, help="steps of gradient descent (default 300)")
    parser.add_argument("--rate", type=float, default=0.005, help="learning rate eta (default 0.005)")
    parser.add_argument("--seed", type=int, default=0, help="of the weights and of the split (default 0)")
    parser.set_defaults(run=lambda options: run(options.output, options.iterations, options.rate, options.seed))


def run(folder: Path, iterations: int = 300, rate: float = 0.005, seed: int = 0) -> float:
    """Run the demo, printing as it goes, and give the accuracy on the test flowers, between 0 and 1.

    Arguments:
        folder: where the graph, the gradient table and the trace are written; made if it is not there.
        iterations: steps of gradient descent; at least 1.
        rate: the learning rate eta; greater than 0.
        seed: of the weights and of the split into training and test flowers.

    Raises:
        ValueError: naming the argument that is wrong.
    """
    if iterations < 1:
        raise ValueError(f"iterations must be at least 1, received {iterations}")
    if not rate > 0:
        raise ValueError(f"rate must be greater than 0, received {rate}")
    net = MLP(4, [4, 3], seed=seed)
    folder.mkdir(parents=True, exist_ok=True)
    X, Y, test_X, test_species = _split(load_iris(), seed)
    print(f"Iris: {len(X)} flowers to train on, {len(test_X)} to test, 4 measurements, 3 species.")
    print(f"Network: widths {net.sizes}, tanh everywhere, {len(net.parameters())} weights.\n")

    comparison = compare_gradients(net, X, Y)
    print("Gradients of the squared error, summed over the training flowers, before training:")
    print(f"{comparison}\n")

    print(f"Gradient descent on the sum over the data, {iterations} steps with learning rate {rate}:")
    _train(net, X, Y, iterations, rate)
    accuracy = _accuracy(net, test_X, test_species)
    print(f"\nTest accuracy: {accuracy:.1%} of {len(test_X)} flowers that it was not trained on.\n")

    error = squared_error(net.outputs(test_X[0]), _targets(test_species[:1])[0])
    net.zero_grad()  # else the gradients of the last training step would be in the picture too
    error.backward()
    written = {
        "graph.svg": draw(error, direction="TB").pipe(format="svg", encoding="utf-8"),
        "gradients.txt": f"{comparison}\n",
        "gradients.html": f"<!doctype html><meta charset=utf-8><title>Gradients</title>{comparison._repr_html_()}\n",
        "trace.txt": f"{explain(error)}\n",
    }
    for name, text in written.items():
        (folder / name).write_text(text, encoding="utf-8")
    print(f"In {folder}: {', '.join(written)} (the graph and the trace of one test flower).")
    return accuracy


def _split(iris: Iris, seed: int) -> tuple[Matrix, Matrix, Matrix, np.ndarray[tuple[int], np.dtype[np.int64]]]:
    """120 flowers to train on and 30 to test, at random; measurements scaled by those to train on."""
    stream = np.random.SeedSequence(seed).spawn(2)[1]  # the second stream of the seed; the first is that of the weights
    order = np.random.default_rng(stream).permutation(len(iris.species))
    train, test = order[:120], order[120:]
    mean, deviation = iris.measurements[train].mean(axis=0), iris.measurements[train].std(axis=0)
    scaled = (iris.measurements - mean) / deviation
    return scaled[train], _targets(iris.species[train]), scaled[test], iris.species[test]


def _targets(species: Iterable[int]) -> Matrix:
    """y_b = 1 for the species of the flower, -1 for the others, which tanh can come near to."""
    return np.array([[1.0 if number == one else -1.0 for number in range(len(SPECIES))] for one in species])


def _train(net: MLP, X: Matrix, Y: Matrix, iterations: int, rate: float) -> None:
    """Gradient descent: W = W - eta G, with G summed over all examples (lecture 14, slide "Gradient Descent")."""
    start = perf_counter()
    for iteration in range(1, iterations + 1):
        error = add(*(squared_error(net.outputs(x), y) for x, y in zip(X, Y, strict=True)))
        net.zero_grad()
        error.backward()
        for parameter in net.parameters():
            parameter.data -= rate * parameter.grad
        if iteration == 1 or iteration % max(1, iterations // 10) == 0:
            seconds = perf_counter() - start
            print(
                f"  step {iteration:>4} of {iterations}: training error {error.data:9.4f}  ({seconds:4.1f} s)",
                flush=True,
            )


def _accuracy(net: MLP, X: Matrix, species: Iterable[int]) -> float:
    """The share of examples whose largest output is that of their species."""
    answers = [int(np.argmax([output.data for output in net.outputs(x)])) for x in X]
    return float(np.mean([answer == one for answer, one in zip(answers, species, strict=True)]))
