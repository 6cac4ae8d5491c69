"""The command `autograd-lite step-network`: step through the squared error of a network of the lecture."""

import argparse
import json
import re
from fractions import Fraction
from pathlib import Path
from typing import Any

from autograd_lite import step_through
from nn.mlp import ACTIVATIONS, MLP
from nn.training.checkpoint import load_weights
from nn.training.losses import squared_error


def add_command(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `step-network` to the commands of autograd-lite."""
    purpose = "Step through the squared error of a network for one example."
    epilog = "For example: autograd-lite step-network 2-2-1 --x 1,-1 --y 1 -o network.html"
    parser = commands.add_parser("step-network", help=purpose, description=purpose, epilog=epilog)
    add_network(parser)
    parser.add_argument("--x", required=True, type=numbers, help="the inputs, for example 1,-1")
    parser.add_argument("--y", required=True, type=numbers, help="the targets, for example 1")
    parser.add_argument("--update", type=number, metavar="RATE", help="go on with a step of gradient descent")
    what = "write a page (.html) that a browser opens from disk, or an animated picture (.svg); without it, step here"
    parser.add_argument("-o", "--output", type=Path, metavar="FILE", help=what)
    parser.set_defaults(run=run)


def add_network(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of a command that say which network it is about."""
    parser.add_argument("widths", help="the numbers of inputs and of units in each layer, for example 2-2-1")
    what = "matrices W^(1), W^(2), ... as JSON, with the biases first in each row, or a file written by save_weights"
    parser.add_argument("--weights", help=f"{what}; without it, random weights")
    parser.add_argument("--activation", choices=ACTIVATIONS, help="of all layers (default tanh)")
    parser.add_argument("--output-activation", choices=ACTIVATIONS, help="of the last layer, if different")
    parser.add_argument("--seed", type=int, default=0, help="seed of the random weights (default 0)")


def run(options: argparse.Namespace) -> None:
    """Write the page, or step through in the terminal.

    Raises:
        ValueError, TypeError: naming the option that is wrong.
        OSError: if a file cannot be read or written.
    """
    if options.output is not None and options.output.suffix.lower() not in (".html", ".htm", ".svg"):
        raise ValueError(f"the output must end in one of .html, .htm, .svg; received {str(options.output)!r}")
    net = network(options)
    if len(options.x) != net.sizes[0]:
        raise ValueError(f"--x must have a number for each input, {net.sizes[0]} in all; received {len(options.x)}")
    outputs = net.outputs(options.x)
    if len(options.y) != len(outputs):
        raise ValueError(f"--y must have a number for each output, {len(outputs)} in all; received {len(options.y)}")
    error = squared_error(outputs, options.y)
    title = f"A {options.widths} network"
    stepper = step_through(error, update=options.update, title=title, max_nodes=10_000)
    if options.output is None:
        stepper.in_terminal()
    else:
        print(stepper.save(options.output))


def network(options: argparse.Namespace) -> MLP:
    """Return the network that the arguments describe.

    Raises:
        ValueError, TypeError: naming the argument that is wrong.
        OSError: if the file of weights cannot be read.
    """
    if not re.fullmatch(r"0*[1-9]\d*(-0*[1-9]\d*)+", options.widths, flags=re.ASCII):
        what = "the widths must be two or more integers greater than 0, for example 2-2-1"
        raise ValueError(f"{what}; received {options.widths!r}")
    nin, *nouts = map(int, options.widths.split("-"))
    weights: Any = None
    if options.weights is not None and options.weights.lstrip().startswith("["):
        try:
            weights = json.loads(options.weights)
        except ValueError as error:
            raise ValueError(f"--weights cannot be read as JSON: {error}") from None
    elif options.weights is not None:
        net = load_weights(options.weights)
        if net.sizes != [nin, *nouts]:
            sizes = "-".join(map(str, net.sizes))
            raise ValueError(f"{options.weights} has the weights of a {sizes} network, not a {options.widths} network")
        if options.activation or options.output_activation:
            raise ValueError(f"--activation and --output-activation must be left out: {options.weights} has its own")
        return net
    try:
        return MLP(
            nin, nouts, options.activation or "tanh", options.output_activation, weights=weights, seed=options.seed
        )
    except TypeError as error:
        raise ValueError(f"--weights: {error}") from None


def number(text: str) -> float:
    """Return a number from the command line, which may be a fraction."""
    try:
        return float(Fraction(text) if "/" in text else text)
    except (ValueError, ArithmeticError):
        raise argparse.ArgumentTypeError(f"must be a number, for example 0.1 or 1/2; received {text!r}") from None


def numbers(text: str) -> list[float]:
    """Return the numbers of a comma-separated list."""
    try:
        return list(map(number, text.split(",")))
    except argparse.ArgumentTypeError:
        what = "must be numbers separated by commas, for example 1,-1"
        raise argparse.ArgumentTypeError(f"{what}; received {text!r}") from None
