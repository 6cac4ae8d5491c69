"""The command: autograd-lite explain|draw|step, and what other packages add to it, such as the demo of nn."""

import argparse
import os
import re
import shutil
import subprocess
import sys
import warnings
from collections.abc import Sequence
from importlib.metadata import entry_points, version
from pathlib import Path

from autograd_lite.explanation import explain, explain_paths
from autograd_lite.parse import parse_expression
from autograd_lite.pictures.drawing import draw
from autograd_lite.primitives import CONSTANT
from autograd_lite.stepper import ASKED, step_through
from autograd_lite.stepper.terminal import walk
from autograd_lite.value import Value, topological_order
from autograd_lite.walk import walk_steps
from autograd_lite.words.names import node_names

EXPRESSION_HELP = 'such as "tanh(w*x + b)"; write -- before one that starts with a minus sign'


FORMATS = ("svg", "png", "pdf", "eps", "jpg", "gif", "webp")
"""The formats of pictures; all but svg need Graphviz' program dot."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; gives 0, or 2 after an error, which it prints.

    Arguments:
        arguments: the words after `autograd-lite`; those of the process if None.

    >>> main(["explain", "w*x", "w=2", "x=3"])
    Forward: the evaluation trace
      w = 2.0
      x = 3.0
      v1 = w * x = 2.0 * 3.0 = 6.0
    <BLANKLINE>
    Backward: the chain rule, edge by edge
      dv1/dv1 = 1.0
      dv1/dw += dv1/dv1 * dv1/dw = 1.0 * 3.0 = 3.0   where dv1/dw = x   total 3.0
      dv1/dx += dv1/dv1 * dv1/dx = 1.0 * 2.0 = 2.0   where dv1/dx = w   total 2.0
    <BLANKLINE>
    Gradients
      dv1/dw = 3.0
      dv1/dx = 2.0
    0
    """
    parser = argparse.ArgumentParser(
        prog="autograd-lite", description="Automatic differentiation, explained and drawn, of an expression."
    )
    parser.add_argument("--version", action="version", version=f"autograd-lite {version('autograd-lite')}")
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    _add_explain(commands)
    _add_draw(commands)
    _add_step(commands)
    for entry_point in sorted(entry_points(group="autograd_lite.commands")):
        entry_point.load()(commands)
    options, unknown = parser.parse_known_args(arguments)
    if unknown:
        parser.error(f"unknown option {unknown[0]}; put -- before an expression that starts with a minus sign")
    try:
        with warnings.catch_warnings():
            warnings.showwarning = _show_note
            options.run(options)
        sys.stdout.flush()
    except BrokenPipeError:  # whoever read the output has seen enough
        sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115  Python would flush the pipe again
    except (ValueError, OSError, RuntimeError, subprocess.CalledProcessError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0


def _show_note(message: Warning | str, *_: object, **__: object) -> None:
    """Show a warning as a note to the user, without the line of our code that gave it."""
    print(f"note: {message}", file=sys.stderr)


def _add_explain(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    purpose = "Print the evaluation trace and the chain rule, edge by edge."
    example = 'For example: autograd-lite explain "tanh(w*x + b)" w=-3 x=2 b=6.88'
    parser = commands.add_parser("explain", help=purpose, description=purpose, epilog=example)
    _add_expression(parser)
    parser.add_argument(
        "--format", choices=["text", "markdown", "latex", "html"], default="text", help="of the output (default text)"
    )
    _add_limits(parser, digits=6)
    more = parser.add_mutually_exclusive_group()
    more.add_argument("--tangent", metavar="NAME", help="add forward mode: the tangents with respect to this name")
    more.add_argument("--paths", metavar="NAME", help="instead, the sum over all paths from this name")
    parser.add_argument("-o", "--output", type=Path, metavar="FILE", help="write here, not to the terminal")
    parser.set_defaults(run=_explain)


def _add_draw(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    purpose = "Draw the computation graph with its values and gradients."
    example = 'For example: autograd-lite draw "tanh(w*x + b)" w=-3 x=2 b=6.88 -o neuron.svg'
    parser = commands.add_parser("draw", help=purpose, description=purpose, epilog=example)
    _add_expression(parser)
    _add_limits(parser, digits=4)
    parser.add_argument("--direction", choices=["LR", "TB", "RL", "BT"], default="LR", help="of the forward pass")
    parser.add_argument(
        "-o",
        "--output",
        type=Path,
        required=True,
        metavar="FILE",
        help="the picture, in the format of its suffix: .svg, or .gv for the text of Graphviz; with its program dot "
        "installed, .png, .pdf and more",
    )
    parser.set_defaults(run=_draw)


def _add_step(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    purpose = "Step through the forward pass and every application of the chain rule."
    example = 'For example: autograd-lite step "tanh(w*x + b)" w=-3 x=2 b=6.88 -o neuron.html'
    parser = commands.add_parser("step", help=purpose, description=purpose, epilog=example)
    _add_expression(parser)
    _add_limits(parser, digits=4)
    parser.add_argument(
        "--below", metavar="NAME", help="only the part that this node was computed from; names are those of explain"
    )
    parser.add_argument("--predict", action="store_true", help="in the page: hide each number until it is typed")
    parser.add_argument(
        "--ask",
        choices=ASKED,
        default="share",
        help="what is asked for then at an edge: the local partial derivative (slope), its product with the upstream "
        "gradient (share, the default), or the running total (total)",
    )
    parser.add_argument("--large", action="store_true", help="in the page: large text, as for a projector")
    parser.add_argument(
        "-o",
        "--output",
        type=Path,
        metavar="FILE",
        help="write a page that a browser opens from disk, such as neuron.html; without it, step in the terminal",
    )
    parser.set_defaults(run=_step)


def _add_expression(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("expression", help=EXPRESSION_HELP)
    parser.add_argument("numbers", nargs="*", metavar="NAME=NUMBER", help="a number for each name, such as w=-3")


def _add_limits(parser: argparse.ArgumentParser, digits: int) -> None:
    parser.add_argument("--digits", type=int, default=digits, help=f"significant digits (default {digits})")
    parser.add_argument("--max-nodes", type=int, default=500, help="how large a graph may be (default 500)")


def _explain(options: argparse.Namespace) -> None:
    root = _read(options)
    if options.paths is not None:
        explanation = explain_paths(root, _leaf(root, "--paths", options.paths), digits=options.digits)
    else:
        leaf = None if options.tangent is None else _leaf(root, "--tangent", options.tangent)
        explanation = explain(root, leaf, digits=options.digits, max_nodes=options.max_nodes)
    if options.format == "text" and options.output is None and sys.stdout.isatty():
        text = explanation.text(shutil.get_terminal_size().columns)
    else:
        text = getattr(explanation, options.format)()
    if options.output is None:
        print(text)
    else:
        options.output.write_text(text + "\n", encoding="utf-8")
        print(options.output)


def _draw(options: argparse.Namespace) -> None:
    root = _read(options)
    root.backward()
    picture = draw(root, direction=options.direction, digits=options.digits, max_nodes=options.max_nodes)
    suffix = options.output.suffix.lstrip(".").lower()
    if not suffix:
        raise ValueError(
            f"the output must have a suffix, such as .svg, that says the format; received {options.output}"
        )
    if not options.output.parent.is_dir():
        raise ValueError(f"the folder {options.output.parent} does not exist")
    if suffix in {"gv", "dot"}:
        options.output.write_text(picture.source, encoding="utf-8")
    elif suffix in FORMATS:
        options.output.write_bytes(picture.pipe(format=suffix))
    else:
        raise ValueError(f"unknown format {suffix!r}; use one of {', '.join(FORMATS)}, or gv")
    print(options.output)


def _step(options: argparse.Namespace) -> None:
    root = _read(options)
    below = None if options.below is None else _node(root, "--below", options.below)
    stepper = step_through(
        root,
        below,
        digits=options.digits,
        max_nodes=options.max_nodes,
        predict=options.predict,
        ask=options.ask,
        large=options.large,
    )
    if options.output is not None:
        print(stepper.save(options.output))
    elif sys.stdin.isatty() and sys.stdout.isatty():
        walk(walk_steps(root, below, digits=options.digits))
    else:
        print(*walk_steps(root, below, digits=options.digits), sep="\n")


def _read(options: argparse.Namespace) -> Value:
    """The graph of the expression in the options."""
    numbers: dict[str, float] = {}
    for word in options.numbers:
        match = re.fullmatch(r"\s*([^\W\d]\w*)\s*=\s*(\S+)\s*", word)
        if match is None:
            raise ValueError(f"expected NAME=NUMBER, such as w=-3; received {word!r}")
        name, number = match.groups()
        if name in numbers:
            raise ValueError(f"{name} has two numbers: {numbers[name]} and {number}")
        try:
            numbers[name] = float(number)
        except ValueError:
            raise ValueError(f"the number of {name} must be such as -3 or 0.5; received {number!r}") from None
    return parse_expression(options.expression, numbers)


def _node(root: Value, option: str, name: str) -> Value:
    """The node of that name, as `explain` calls it."""
    nodes = {name: node for node, name in node_names(topological_order(root)).items()}
    if name not in nodes:
        raise ValueError(f"{option} must be the name of a node ({', '.join(nodes)}); received {name!r}")
    return nodes[name]


def _leaf(root: Value, option: str, name: str) -> Value:
    """The leaf of that name."""
    leaves = {node.label: node for node in topological_order(root) if not node.parents and node.op is not CONSTANT}
    if name not in leaves:
        raise ValueError(f"{option} must be a name in the expression ({', '.join(leaves)}); received {name!r}")
    return leaves[name]
