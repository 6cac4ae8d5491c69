"""The command autograd-lite: explain, draw, step, check, worksheet, check-engine, and what other packages add."""

import argparse
import codecs
import io
import os
import re
import shutil
import subprocess
import sys
import warnings
from collections.abc import Callable, Sequence
from fractions import Fraction
from importlib.metadata import entry_points, version
from pathlib import Path
from typing import Any, TypeAlias

from autograd_lite.checks import check_size
from autograd_lite.explanation import explain, explain_paths
from autograd_lite.parse import parse_expression
from autograd_lite.pictures.diagram import DIRECTIONS
from autograd_lite.pictures.drawing import draw
from autograd_lite.primitives import CONSTANT
from autograd_lite.stepper.stepping import ASKED, LAYOUTS, step_through
from autograd_lite.teaching.answers import check_answers, mark_class, sort_answers
from autograd_lite.teaching.engines import check_engine
from autograd_lite.teaching.key import KINDS
from autograd_lite.teaching.worksheets import KEY_SUFFIXES, SUFFIXES, worksheet
from autograd_lite.teaching.wrong_passes import MISTAKES
from autograd_lite.value import Value, topological_order
from autograd_lite.words.lecture import in_ascii, typeset
from autograd_lite.words.names import names_of

FORMATS = ("svg", "png", "pdf", "eps", "jpg", "gif", "webp")
"""The formats of pictures; all but svg need Graphviz' program dot."""

Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; return 0 on success, 1 if an engine fails its check, or 2 after an error, which it prints.

    Arguments:
        arguments: the words after `autograd-lite`; by default, the arguments of the process.

    >>> main(["explain", "w*x", "w=2", "x=3"])
    Forward: the evaluation trace
      w = 2
      x = 3
      v₁ = w × x = 2 × 3 = 6
    <BLANKLINE>
    Backward: the chain rule, edge by edge
      ∂v₁/∂v₁ = 1
      ∂v₁/∂w += ∂v₁/∂v₁ · ∂v₁/∂w = 1 × 3 = 3   where ∂v₁/∂w = x   total 3
      ∂v₁/∂x += ∂v₁/∂v₁ · ∂v₁/∂x = 1 × 2 = 2   where ∂v₁/∂x = w   total 2
    <BLANKLINE>
    Gradients
      ∂v₁/∂w = 3
      ∂v₁/∂x = 2
    0
    """
    _prepare_streams()
    try:
        try:
            options = _options(arguments)
            with warnings.catch_warnings():
                warnings.showwarning = _show_note
                returned = options.run(options)
        finally:
            _flush()
    except BrokenPipeError:
        return 0  # the reader of a pipe has seen enough
    except (ValueError, OSError, RuntimeError, subprocess.CalledProcessError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return returned if isinstance(returned, int) else 0  # a command may return something else, as the demo does


def _prepare_streams() -> None:
    """Prepare the standard streams: open closed ones to os.devnull, and write in ASCII what an encoding lacks."""
    codecs.register_error("in_ascii", _rest_in_ascii)
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: SIM115  open until the end
        if isinstance(stream := getattr(sys, name), io.TextIOWrapper):
            stream.reconfigure(errors="in_ascii" if mode == "w" else "backslashreplace")


def _rest_in_ascii(error: UnicodeError) -> tuple[str, int]:
    """Return a text in ASCII, from the first character that the encoding lacks, and the position where it ends."""
    assert isinstance(error, UnicodeEncodeError)
    return in_ascii(error.object[error.start :]), len(error.object)


def _flush() -> None:
    """Flush the output here, where errors are caught; Python would flush what is left of it again at the end."""
    try:
        sys.stdout.flush()
    except OSError:
        sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115  open until the end
        raise


def _show_note(message: Warning | str, *_: object, **__: object) -> None:
    """Show a warning as a note to the user, without the line of our code that it came from."""
    print(f"note: {message}", file=sys.stderr)


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    """Return the options of the command line; `run` is the function that runs the command."""
    purpose = "Automatic differentiation, explained and drawn, of an expression."
    parser = argparse.ArgumentParser(prog="autograd-lite", description=purpose)
    parser.add_argument("--version", action="version", version=f"autograd-lite {version('autograd-lite')}")
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    ours = (_add_explain, _add_draw, _add_step, _add_check, _add_worksheet, _add_check_engine)
    others = [entry_point.load() for entry_point in sorted(entry_points(group="autograd_lite.commands"))]
    for add in (*ours, *others):
        add(commands)
    options, unknown = parser.parse_known_args(_joined(sys.argv[1:] if arguments is None else arguments))
    if unknown:
        parser.error(f"unknown option {unknown[0]}; put -- before an expression that starts with a minus sign")
    return options


def _joined(words: Sequence[str]) -> list[str]:
    """Join an option and numbers that start with a minus sign, as in --x -1,2: argparse takes these for an option.

    >>> _joined(["step-network", "2-2-1", "--x", "-1,2", "--y", "-1"])
    ['step-network', '2-2-1', '--x=-1,2', '--y', '-1']
    """
    joined: list[str] = []
    for word in words:
        is_list = re.fullmatch(r"-[\d.][\d.e/-]*(,[\d.e/-]+)+|-\d+/\d+", word)
        if is_list and joined and re.fullmatch(r"--[a-z-]+", joined[-1]):
            joined[-1] += f"={word}"
        else:
            joined.append(word)
    return joined


def _add_command(
    commands: Commands,
    run: Callable[[argparse.Namespace], None],
    purpose: str,
    *,
    example: str = "",
    digits: tuple[int, str] = (4, "significant digits"),
    optional: bool = False,
) -> argparse.ArgumentParser:
    """Add a command that reads an expression, named after the function that runs it.

    Arguments:
        digits: how many by default, and of what.
        optional: whether the expression may be left out.
    """
    name = run.__name__.strip("_")
    epilog = f'For example: autograd-lite {name} "tanh(w*x + b)" w=-3 x=2 b=6.88{example}'
    parser = commands.add_parser(name, help=purpose, description=purpose, epilog=epilog)
    what = 'for example "tanh(w*x + b)", or "z = w*x; z**2 + z"; write -- before one that starts with a minus sign'
    parser.add_argument("expression", nargs="?" if optional else None, help=what)
    parser.add_argument(
        "numbers", nargs="*", metavar="NAME=NUMBER", help="a number for each name, for example w=-3 b=1/2"
    )
    parser.add_argument("--digits", type=int, default=digits[0], help=f"{digits[1]} (default {digits[0]})")
    parser.add_argument("--max-nodes", type=int, default=500, help="how large a graph may be (default 500)")
    parser.set_defaults(run=run)
    return parser


def _number(text: str) -> float:
    try:
        return float(Fraction(text) if "/" in text else text)
    except (ValueError, ArithmeticError):
        raise argparse.ArgumentTypeError(f"must be a number, for example -3, 0.5 or 1/2; received {text!r}") from None


def _file(text: str) -> Path:
    if not text:
        raise argparse.ArgumentTypeError("the name of the file is empty")
    return Path(text)


def _suffix(path: Path, *known: str) -> str:
    """Return the suffix of a path, without its dot, if it is one of the known ones."""
    suffix = path.suffix.lstrip(".").lower()
    if suffix not in known:
        raise ValueError(f"the output must end in one of .{', .'.join(known)}; received {path}")
    return suffix


def _add_explain(commands: Commands) -> None:
    purpose = "Print the evaluation trace and the chain rule, edge by edge."
    parser = _add_command(commands, _explain, purpose)
    parser.add_argument(
        "--format",
        choices=["text", "markdown", "latex", "html"],
        default="text",
        help="format of the output (default text)",
    )
    what = "with --format latex: write a whole document, whose lines and pages break"
    parser.add_argument("--standalone", action="store_true", help=what)
    parser.add_argument("--symbolic", action="store_true", help="leave the numbers out: the derivation in symbols")
    more = parser.add_mutually_exclusive_group()
    more.add_argument("--tangent", metavar="NAME", help="add forward mode: the tangents with respect to this name")
    more.add_argument("--paths", metavar="NAME", help="print the sum over all paths from this name instead")
    parser.add_argument("-o", "--output", type=_file, metavar="FILE", help="write here, not to the terminal")


def _explain(options: argparse.Namespace) -> None:
    if options.standalone and options.format != "latex":
        raise ValueError(f"--standalone needs --format latex; received --format {options.format}")
    root = _read(options)
    style: dict[str, Any] = {"digits": options.digits, "numbers": not options.symbolic}
    if options.paths is not None:
        explanation = explain_paths(root, _node(root, "--paths", options.paths, leaves=True), **style)
    else:
        tangent_of = None if options.tangent is None else _node(root, "--tangent", options.tangent, leaves=True)
        explanation = explain(root, tangent_of, max_nodes=options.max_nodes, **style)
    in_terminal = options.output is None and sys.stdout.isatty()
    columns = [shutil.get_terminal_size().columns] if options.format == "text" and in_terminal else []
    text = explanation.latex(standalone=True) if options.standalone else getattr(explanation, options.format)(*columns)
    if options.output is None:
        print(text if options.format != "html" else text.encode("ascii", "xmlcharrefreplace").decode())
    else:
        options.output.write_text(text + "\n", encoding="utf-8")
        print(options.output)


def _add_draw(commands: Commands) -> None:
    purpose = "Draw the computation graph with its values and gradients."
    parser = _add_command(commands, _draw, purpose, example=" -o neuron.svg")
    parser.add_argument("--direction", choices=DIRECTIONS, default="LR", help="of the forward pass")
    what = "the picture, in the format of its suffix: .svg, or .gv for DOT text; with Graphviz, .png, .pdf and more"
    parser.add_argument("-o", "--output", type=_file, metavar="FILE", help=what, required=True)


def _draw(options: argparse.Namespace) -> None:
    root = _read(options)
    suffix = _suffix(options.output, *FORMATS, "gv", "dot")
    root.backward()
    picture = draw(root, options.direction, digits=options.digits, max_nodes=options.max_nodes)
    options.output.write_bytes(picture.pipe(suffix) if suffix in FORMATS else picture.source.encode())
    print(options.output)


def _add_step(commands: Commands) -> None:
    purpose = "Step through the forward pass and every application of the chain rule."
    parser = _add_command(commands, _step, purpose, example=" -o neuron.html")
    parser.add_argument(
        "--below", metavar="NAME", help="only the part that this node was computed from; nodes are named as in explain"
    )
    what = "what a step of the page is; without it, what suits the graph"
    parser.add_argument("--detail", choices=("edge", "node", "neuron", "layer", "group"), help=what)
    parser.add_argument("--predict", action="store_true", help="in the page: hide each number until it is typed")
    asked = "the local partial derivative (slope), its product with the upstream gradient (share, the default), or the "
    asked = f"what to predict at an edge: {asked}running total (total)"
    parser.add_argument("--ask", choices=ASKED, default="share", help=asked)
    parser.add_argument("--large", action="store_true", help="in the page: large text, for example for a projector")
    parser.add_argument("--layout", choices=LAYOUTS, default="full", help="of the page (default full)")
    what = "go on with a step of gradient descent with this learning rate"
    parser.add_argument("--update", type=_number, metavar="RATE", help=what)
    _add_data(parser)
    parser.add_argument("--mistake", choices=list(MISTAKES), help="make this mistake in the backward pass")
    parser.add_argument("--title", help="the title of the page")
    what = "write a page (.html) that a browser opens from disk, or an animated picture (.svg); without it, step here"
    parser.add_argument("-o", "--output", type=_file, metavar="FILE", help=what)


def _step(options: argparse.Namespace) -> None:
    root = _read(options)
    if options.output is not None:
        _suffix(options.output, "html", "htm", "svg")
    below = None if options.below is None else _node(root, "--below", options.below)
    names = ("detail", "digits", "max_nodes", "predict", "ask", "large", "layout", "update", "mistake", "title")
    stepper = step_through(root, below, data=_data(root, options), **{name: getattr(options, name) for name in names})
    if options.output is not None:
        print(stepper.save(options.output))
        return
    check_size(len(stepper.story.part), options.max_nodes, "write a page of it with -o, or step through a part of it")
    stepper.in_terminal()


def _add_check(commands: Commands) -> None:
    purpose = "Check the numbers of a student, or of a class, and find the mistakes that explain the wrong ones."
    digits = 3, "how many significant digits a right answer has, unless it is exact"
    example = " --answers v1=-6 dw=1.00"
    parser = _add_command(commands, _check, purpose, example=example, digits=digits, optional=True)
    what = "answers: v1=... is a value, dw=... a gradient, dv1/dw=... a local partial derivative"
    parser.add_argument("--answers", nargs="+", default=[], metavar="NAME=NUMBER", help=what)
    for kind, what in KINDS.items():
        parser.add_argument(f"--{kind}", nargs="+", default=[], metavar="NAME=NUMBER", help=f"answers: {what}")
    parser.add_argument("--learning-rate", type=_number, metavar="RATE", help="of the update")
    _add_data(parser)
    parser.add_argument("--key", type=_file, metavar="FILE", help="the key of worksheets, a JSON file")
    what = "the answers of a class: in each row, the number of the sheet, a name, and the answers"
    parser.add_argument("--csv", type=_file, metavar="FILE", help=what)


def _check(options: argparse.Namespace) -> None:
    if options.key or options.csv:
        if not (options.key and options.csv) or options.expression:
            raise ValueError("--key and --csv belong together, without an expression")
        print(mark_class(options.key, options.csv, options.digits))
        return
    if not options.expression:
        raise ValueError("an expression, or --key and --csv, must be there; see autograd-lite check --help")
    root = _read(options)
    sorted_answers = sort_answers(root, _assigned(options.answers))
    given: dict[str, Any] = {name: getattr(options, name) for name in ("learning_rate", "digits", "max_nodes")}
    given |= {kind: sorted_answers.get(kind, {}) | _assigned(getattr(options, kind)) for kind in KINDS}
    if not any(given[kind] for kind in KINDS):
        raise ValueError("there must be answers to check, for example --answers v1=-6 dw=1.00")
    print(check_answers(root, data=_data(root, options), **given))


def _add_worksheet(commands: Commands) -> None:
    purpose = "Write worksheets: both passes with blanks, each sheet with different numbers, and the key."
    example = " --blanks values,totals -o sheet.html --key key.html"
    parser = _add_command(commands, _worksheet, purpose, example=example)
    parser.epilog = (
        f"{parser.epilog}; numbers may be drawn at random, for example from w=-2..2 (integers), x=0..1/0.25 or b=-1,0,1"
    )
    parser.add_argument("--variants", type=int, default=1, metavar="N", help="how many sheets (default 1)")
    parser.add_argument("--seed", type=int, default=0, help="seed for the choice of numbers (default 0)")
    blanks = "values,slopes,products,totals"
    parser.add_argument("--blanks", default=blanks, help=f"what is asked for: {','.join(KINDS)} (default {blanks})")
    parser.add_argument("--learning-rate", type=_number, metavar="RATE", help="of the update")
    _add_data(parser)
    parser.add_argument("--title", help="the heading of each sheet")
    parser.add_argument("--standalone", action="store_true", help="write LaTeX as a whole document")
    what = f"write the sheets; the suffix is one of {', '.join(SUFFIXES)} (for Moodle)"
    parser.add_argument("-o", "--output", type=_file, metavar="FILE", help=what, required=True)
    what = "write the answers: .html, .md, .tex, or .json for autograd-lite check; may be repeated"
    parser.add_argument("--key", type=_file, metavar="FILE", action="append", default=[], help=what)


def _worksheet(options: argparse.Namespace) -> None:
    names = ("variants", "seed", "learning_rate", "digits", "title", "max_nodes")
    given: dict[str, Any] = {name: getattr(options, name) for name in names}
    blanks, data = (getattr(options, name).replace(",", " ").split() for name in ("blanks", "data"))
    sheets = worksheet(options.expression, _assigned(options.numbers), blanks=blanks, data=data, **given)
    files = [options.output, *options.key]  # checked before anything is written
    suffixes = [_suffix(options.output, *[suffix[1:] for suffix in SUFFIXES])]
    suffixes += [_suffix(file, *[suffix[1:] for suffix in KEY_SUFFIXES]) for file in options.key]
    if len({file.resolve() for file in files}) < len(files):
        raise ValueError(f"--output and --key must be different files; received {', '.join(map(str, files))}")
    if options.standalone and "tex" not in suffixes:
        raise ValueError(f"--standalone needs a file that ends in .tex; received {', '.join(map(str, files))}")
    print(sheets.save(options.output, standalone=options.standalone))
    for file in options.key:
        print(sheets.save(file, key=True, standalone=options.standalone))


def _add_check_engine(commands: Commands) -> None:
    purpose = "Check an engine: a class in the shape of micrograd's Value; exit with 1 if something fails."
    parser = commands.add_parser("check-engine", help=purpose, description=purpose)
    parser.add_argument("engine", metavar="FILE:CLASS", help="where it is, for example my_engine.py:Value")
    parser.add_argument("--seconds", type=float, default=2.0, help="how long each example may take (default 2)")
    parser.set_defaults(run=_check_engine)


def _check_engine(options: argparse.Namespace) -> int:
    report = check_engine(options.engine, seconds=options.seconds)
    print(report)
    return 0 if report else 1


def _assigned(words: Sequence[str]) -> dict[str, str]:
    """Return what stands after the last = of each word, by what stands before it."""
    assigned: dict[str, str] = {}
    for word in words:
        name, _, number = map(str.strip, word.rpartition("="))
        if not (name and number):
            raise ValueError(f"expected NAME=NUMBER, for example w=-3; received {word!r}")
        if name in assigned:
            raise ValueError(f"{name} has two numbers: {assigned[name]} and {number}")
        assigned[name] = number
    return assigned


def _read(options: argparse.Namespace) -> Value:
    """Return the graph of the expression in the options."""
    numbers: dict[str, float] = {}
    for name, number in _assigned(options.numbers).items():
        if not name.isidentifier():
            raise ValueError(f"expected NAME=NUMBER, for example w=-3; received {name + '=' + number!r}")
        try:
            numbers[name] = _number(number)
        except argparse.ArgumentTypeError as error:
            raise ValueError(f"{name} {error}") from None
    return parse_expression(options.expression, numbers)


def _add_data(parser: argparse.ArgumentParser) -> None:
    what = "names, with commas between them, that are not updated, for example x,y"
    parser.add_argument("--data", default="", metavar="NAMES", help=what)


def _data(root: Value, options: argparse.Namespace) -> list[Value]:
    """Return the leaves that are not updated."""
    return [_node(root, "--data", name.strip(), leaves=True) for name in options.data.split(",") if name.strip()]


def _node(root: Value, option: str, name: str, leaves: bool = False) -> Value:
    """Return the node, or only the leaf, that `explain` calls by that name."""
    names = names_of(topological_order(root))
    nodes = {name: node for node, name in names.items() if not (leaves and (node.parents or node.op is CONSTANT))}
    shown = {typeset(name): node for name, node in nodes.items()}
    if typeset(name) not in shown:
        what = "a name in the expression" if leaves else "the name of a node"
        raise ValueError(f"{option} must be {what} ({', '.join(shown)}); received {name!r}")
    return shown[typeset(name)]
