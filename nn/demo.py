"""The demo: real flowers, the lecture's network, its gradients checked against the delta recursion, gradient descent.

`autograd-lite demo` runs it in under a minute, and leaves pictures, tables and the trace in a folder.
"""

import argparse
from pathlib import Path

import numpy as np

from autograd_lite import draw, explain, step_through
from nn.checks import FloatArray, as_integer, as_number
from nn.comparison import compare_gradients
from nn.data_sets import SPECIES, Classes, load_iris, standardize, train_test_split
from nn.mlp import MLP
from nn.prediction import outputs_of
from nn.training.loop import Callback, fit
from nn.training.losses import squared_error
from nn.training.optimizers import GradientDescent
from nn.training.termination import History, MaximumIterations


def add_command(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `demo` to the commands of autograd-lite."""
    parser = commands.add_parser("demo", help="train the lecture's network on Iris, and check its gradients")
    parser.add_argument("-o", "--output", type=Path, default=Path("autograd-lite-demo"), metavar="FOLDER")
    parser.add_argument("--iterations", type=int, default=300, help="steps of gradient descent (default 300)")
    parser.add_argument("--rate", type=float, default=0.005, help="learning rate eta (default 0.005)")
    parser.add_argument("--seed", type=int, default=0, help="seed of the weights and of the split (default 0)")
    parser.set_defaults(run=lambda options: run(options.output, options.iterations, options.rate, options.seed))


def run(folder: Path, iterations: int = 300, rate: float = 0.005, seed: int = 0) -> float:
    """Run the demo, printing as it goes, and return the accuracy on the test flowers, between 0 and 1.

    Arguments:
        folder: where the graph, the gradient table, the explanation and a page to step through are written; created
            if it does not exist.
        iterations: steps of gradient descent; at least 1.
        rate: the learning rate eta; greater than 0.
        seed: of the weights and of the split into training and test flowers.

    Raises:
        TypeError, ValueError: naming the argument that is wrong.
    """
    as_integer("iterations", iterations, least=1)
    as_number("rate", rate, above=0)
    net = MLP(4, [4, 3], seed=seed)
    folder.mkdir(parents=True, exist_ok=True)
    (measurements, species), (test_measurements, test_species) = train_test_split(*load_iris(), held_out=0.2, seed=seed)
    X, test_X = standardize(measurements, test_measurements)
    Y = _targets(species)
    print(f"Iris: {len(X)} flowers to train on, {len(test_X)} to test, 4 measurements, 3 species.")
    print(f"Network: widths {net.sizes}, tanh everywhere, {len(net.parameters())} weights.\n")

    comparison = compare_gradients(net, X, Y)
    print("Gradients of the squared error, summed over the training flowers, before training:")
    print(f"{comparison}\n")

    print(f"Gradient descent on the sum over the data, {iterations} steps with learning rate {rate}:")
    stop, callbacks = MaximumIterations(iterations), [_show_progress(iterations)]
    fit(net, X, Y, optimizer=GradientDescent(rate), stop=stop, callbacks=callbacks, progress=False)
    accuracy = float(np.mean(outputs_of(net, test_X).argmax(axis=1) == test_species))
    print(f"\nTest accuracy: {accuracy:.1%} of {len(test_X)} flowers not used in training.\n")

    error = squared_error(net.outputs(test_X[0]), _targets(test_species[:1])[0])
    error.backward()
    written = {
        "graph.svg": draw(error, direction="TB").pipe(format="svg", encoding="utf-8"),
        "gradients.txt": f"{comparison}\n",
        "gradients.html": f"<!doctype html><meta charset=utf-8><title>Gradients</title>{comparison._repr_html_()}\n",
        "trace.txt": f"{explain(error)}\n",
        "steps.html": step_through(error).html(),
    }
    for name, text in written.items():
        (folder / name).write_text(text, encoding="utf-8")
    print(f"In {folder}: {', '.join(written)} (all for one test flower, except for the gradients).")
    print(f"Next: python3 -m webbrowser {(folder / 'steps.html').resolve().as_uri()}")
    return accuracy


def _targets(species: Classes) -> FloatArray:
    """Return y_b = 1 for the species of each flower, and -1 for the others: tanh can approach both."""
    return np.where(np.equal.outer(species, range(len(SPECIES))), 1.0, -1.0)


def _show_progress(iterations: int) -> Callback:
    """Return a callback that prints the training error about every tenth of the way."""

    def show(_: MLP, history: History) -> None:
        done = history.iterations
        if done == 1 or done % max(1, iterations // 10) == 0:
            error, seconds = history.loss[-1], history.time[-1]
            print(f"  step {done:>4} of {iterations}: training error {error:9.4f}  ({seconds:4.1f} s)", flush=True)

    return show
