"""The delta recursion of a network with all its numbers, in matrices: a handout, or with blanks a worksheet."""

import argparse
import copy
import html
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from autograd_lite import topological_order, unit_label
from nn.checks import FloatArray, as_integer, check_choice
from nn.delta import SLOPE, Example, back_propagation
from nn.mlp import MLP
from nn.randomness import stream
from nn.stepping import add_network, network, numbers
from nn.training.losses import squared_error

BLANKS = ("signals", "outputs", "slopes", "deltas", "gradients")
"""What a worksheet may ask for: s^(l), o^(l) and the error, theta'(s^(l)), delta^(l), G^(l)."""

FORMS = (".html", ".tex", ".txt")
"""The suffixes of the files that a handout can be written to."""


class Matrix(NamedTuple):
    """A matrix, or a number if it has no dimensions, in an equation; blank if the student is asked for it."""

    entries: FloatArray
    blank: bool = False


Part: TypeAlias = str | Matrix
"""A part of an equation; text is one of SIGNS, or what a layer has: W^(1), delta^(2); transposed, o^(0)T."""

Equation: TypeAlias = tuple[Part, ...]


class Section(NamedTuple):
    """Equations under a title."""

    title: str
    equations: list[Equation]


SIGNS = {
    "2": ("2", "<mn>2</mn>"),
    "e": ("e", "<mi>e</mi>"),
    "y": ("y", "<mi>y</mi>"),
    "=": ("=", "<mo>=</mo>"),
    "*": (r"\odot", "<mo>⊙</mo>"),
    "-": ("-", "<mo>−</mo>"),
    "(": (r"\left(", "<mo>(</mo>"),
    ")": (r"\right)", "<mo>)</mo>"),
    "theta(": (r"\theta\left(", '<mi>θ</mi><mo stretchy="false">(</mo>'),
    "theta'(": (r"\theta'\left(", '<msup><mi>θ</mi><mo>′</mo></msup><mo stretchy="false">(</mo>'),
    "sum": (r"\sum_b", "<munder><mo>∑</mo><mi>b</mi></munder>"),
    "^2": ("^2", "<msup><mi></mi><mn>2</mn></msup>"),
}
"""How signs, which are as they stand in text, are written in LaTeX and in MathML."""

WIDEST = 70
"""The most characters in a row of a matrix in LaTeX's usual size."""

BLANK = ("______", r"\underline{\hspace{3.5em}}", '<mspace width="3.5em" height="1.1em"/>')
"""The space for an answer: as text, in LaTeX, in MathML."""


@dataclass(frozen=True, repr=False)
class Handout:
    """The delta recursion of a network for one example; it prints as text, and shows as matrices in Jupyter.

    Attributes:
        title: a line above it.
        sections: forward, backward, gradients, and without blanks the same gradients from the graph.
        digits: how many significant digits numbers have.
    """

    title: str
    sections: list[Section]
    digits: int

    def text(self) -> str:
        """Return plain text, with matrices side by side."""
        parts = [self.title]
        for section in self.sections:
            parts += [section.title, *(_beside([*map(self._text, equation)]) for equation in section.equations)]
        return "\n\n".join(parts)

    def latex(self) -> str:
        """Return LaTeX, for a document that loads amsmath: a paragraph for each equation."""
        parts = []
        for section in self.sections:
            parts.append(rf"\medskip\textit{{{section.title}}}\par\smallskip")
            for equation in section.equations:
                line = " ".join(map(self._latex, equation)).replace(" = ", r"$ $\displaystyle = ")
                parts.append(rf"$\displaystyle {line}$\par\smallskip")  # a line may end before each "="
        return "\n".join(parts)

    def html(self) -> str:
        """Return HTML with MathML."""
        parts = [f"<h2>{html.escape(self.title)}</h2>"]
        for section in self.sections:
            parts.append(f"<h3>{html.escape(section.title)}</h3>")
            for equation in section.equations:
                line = "".join(map(self._mathml, equation)).replace("<mo>=", "</mrow></math> <math><mrow><mo>=")
                parts.append(f"<p><math><mrow>{line}</mrow></math></p>")  # a line may end before each "="
        return "\n".join(parts)

    def __repr__(self) -> str:
        return self.text()

    def _repr_html_(self) -> str:
        return f'<style>{STYLE}</style><div class="handout">{self.html()}</div>'

    def _cells(self, matrix: Matrix, form: int) -> list[list[str]]:
        """Return the numbers of a matrix, or blanks, row by row; the form is 0 for text, 1 for LaTeX, 2 for MathML."""
        minus = "-" if form == 1 else "−"

        def cell(number: float) -> str:
            mantissa, _, exponent = f"{number:.{self.digits}g}".partition("e")
            if exponent:
                mantissa += rf" \cdot 10^{{{int(exponent)}}}" if form == 1 else f"e{int(exponent)}"
            return BLANK[form] if matrix.blank else mantissa.replace("-", minus)

        return [[cell(number) for number in row] for row in (np.atleast_2d(matrix.entries) + 0.0).tolist()]  # not -0

    def _text(self, part: Part) -> list[str]:
        if isinstance(part, str):
            return [part]
        cells = self._cells(part, 0)
        if not part.entries.ndim:
            return cells[0]
        widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
        return [f"[{'  '.join(f'{c:>{w}}' for c, w in zip(row, widths, strict=True))}]" for row in cells]

    def _latex(self, part: Part) -> str:
        if isinstance(part, str):
            if part in SIGNS:
                return SIGNS[part][0]
            letter, above = part.replace("delta", r"\delta").replace("T", r"\mathsf{T}").split("^")
            return f"{letter}^{{{above}}}"
        lines = [" & ".join(row) for row in self._cells(part, 1)]
        if not part.entries.ndim:
            return lines[0]
        rows = r" \\ ".join(lines)
        if max(map(len, lines)) > WIDEST:
            return rf"\left[\begin{{smallmatrix}} {rows} \end{{smallmatrix}}\right] \allowbreak"
        return rf"\begin{{bmatrix}} {rows} \end{{bmatrix}} \allowbreak"  # a line may end between matrices

    def _mathml(self, part: Part) -> str:
        if isinstance(part, str):
            if part in SIGNS:
                return SIGNS[part][1]
            letter, above = part.replace("delta", "δ").split("^")
            layer, transposed = above.strip("()T"), "<mi>T</mi>" * above.endswith("T")
            return f"<msup><mi>{letter}</mi><mrow><mo>(</mo><mn>{layer}</mn><mo>)</mo>{transposed}</mrow></msup>"
        inner = (lambda cell: cell) if part.blank else "<mn>{}</mn>".format
        rows = ["".join(f"<mtd>{inner(cell)}</mtd>" for cell in row) for row in self._cells(part, 2)]
        if not part.entries.ndim:
            return f"<mtable><mtr>{rows[0]}</mtr></mtable>"
        return f"<mrow><mo>[</mo><mtable>{''.join(f'<mtr>{row}</mtr>' for row in rows)}</mtable><mo>]</mo></mrow>"


def delta_handout(
    net: MLP, x: Any, y: Any, *, blanks: Collection[str] = (), digits: int = 4, title: str | None = None
) -> Handout:
    """Write out the delta recursion of a network for one example, with all its numbers in matrices.

    Arguments:
        net: the network. It is not changed.
        x, y: the d^(0) inputs and the d^(L) targets.
        blanks: what is left blank, wherever it stands: names out of BLANKS. "deltas" also hides the gradients,
            because the gradient of a bias is a delta.
        digits: how many significant digits numbers have.
        title: a line above it; None describes the network.

    Without blanks, the gradients of the graph of Values stand beside the recursion's.

    Raises:
        TypeError, ValueError: naming the argument that is wrong.

    Equations: as for `nn.delta.back_propagation` (lecture 14, slides "Computing Partial Derivatives" and "Computing
    Gradients").

    >>> from nn import MLP
    >>> net = MLP(1, [1], weights=[[[0.5, 1.0]]])
    >>> print(delta_handout(net, [-0.5], [1.0], blanks=["gradients"]).text().split("Gradients")[1].strip())
    G^(1) = delta^(1) o^(0)T = [−2] [1  −0.5] = [______  ______]
    """
    if not isinstance(net, MLP):
        raise TypeError(f"net must be an MLP, not {type(net).__name__}: {net!r}")
    if isinstance(blanks, str):
        raise TypeError(f"blanks must be a list of names, not text: {blanks!r}")
    for blank in blanks:
        check_choice("blanks", blank, BLANKS)
    as_integer("digits", digits, least=1)
    result = back_propagation(net.weights, x, y, net.activations)
    title = title or f"A {'-'.join(map(str, net.sizes))} network: {', '.join(dict.fromkeys(net.activations))}"
    sections = _sections(net, result, y, blanks)
    if not blanks:
        sections.append(_graph_section(net, x, y))
    return Handout(title, sections, digits)


def _sections(net: MLP, result: Example, y: Any, blanks: Collection[str]) -> list[Section]:
    W, theta = dict(enumerate(net.weights, start=1)), dict(enumerate(net.activations, start=1))
    s, o, delta, L = result.s, result.o, result.delta, len(W)
    targets = Matrix(np.reshape(np.asarray(y, dtype=float), (-1, 1)))

    def column(kind: str, numbers: FloatArray) -> Matrix:
        return Matrix(numbers.reshape(-1, 1), kind in blanks)

    def output(l: int) -> Matrix:
        shows_s = l > 0 and "signals" in blanks and theta[l] in {"linear", "relu", "leaky_relu"}  # where o may be s
        return Matrix(o[l].reshape(-1, 1), l > 0 and ("outputs" in blanks or shows_s))

    slope = {l: column("slopes", SLOPE[theta[l]](s[l], o[l][1:] if l < L else o[l])) for l in W}
    forward: list[Equation] = []
    for l, matrix in W.items():
        product: Equation = (f"W^({l})", f"o^({l - 1})", "=", Matrix(matrix), output(l - 1))
        forward.append((f"s^({l})", "=", *product, "=", column("signals", s[l])))
        forward.append((f"o^({l})", "=", "theta(", f"s^({l})", ")", "=", output(l)))
    difference = ("(", f"o^({L})", "-", "y", ")")
    error = Matrix(np.array(result.error), "outputs" in blanks)
    forward.append(("e", "=", "sum", *difference, "^2", "=", error))
    backward: list[Equation] = []
    for l in range(L, 0, -1):
        backward.append(("theta'(", f"s^({l})", ")", "=", slope[l]))
        if l == L:
            symbols: Equation = ("2", *difference)
            filled: Equation = ("2", "(", output(L), "-", targets, ")")
        else:
            symbols = (f"W^({l + 1})T", f"delta^({l + 1})")
            filled = (Matrix(W[l + 1].T[1:]), column("deltas", delta[l + 1]))
        product = (*symbols, "*", "theta'(", f"s^({l})", ")", "=", *filled, "*", slope[l])
        backward.append((f"delta^({l})", "=", *product, "=", column("deltas", delta[l])))
    gradients: list[Equation] = []
    blank = "gradients" in blanks or "deltas" in blanks  # because the gradient of a bias is a delta
    for l in W:
        row = output(l - 1)._replace(entries=o[l - 1].reshape(1, -1))
        product = (f"delta^({l})", f"o^({l - 1})T", "=", column("deltas", delta[l]), row)
        gradients.append((f"G^({l})", "=", *product, "=", Matrix(result.G[l], blank)))
    return [
        Section("Forward: below the output layer, o begins with 1, for the biases", forward),
        Section("Backward: products entry by entry; W transposed has no row for the biases", backward),
        Section("Gradients", gradients),
    ]


def _graph_section(net: MLP, x: Any, y: Any) -> Section:
    """The deltas and gradients that backward() computes in the graph of Values."""
    net = copy.deepcopy(net)
    net.zero_grad()
    error = squared_error(net.outputs(np.atleast_1d(x)), np.atleast_1d(y).tolist())
    error.backward()
    in_graph = {node.label: node.grad for node in topological_order(error)}
    equations: list[Equation] = []
    for l, G in enumerate(net.gradients, start=1):
        deltas = np.array([[in_graph[unit_label("s", b, l)]] for b in range(1, len(G) + 1)])
        equations.append((f"delta^({l})", "=", Matrix(deltas)))
        equations.append((f"G^({l})", "=", Matrix(G)))
    return Section("The same from the graph: the gradients of the nodes s and of the weights", equations)


def _beside(blocks: Sequence[list[str]]) -> str:
    """Return blocks of text side by side, each centred on the tallest."""
    height = max(map(len, blocks))
    lines = [""] * height
    for block in blocks:
        above, width = (height - len(block)) // 2, max(map(len, block))
        padded = [""] * above + block + [""] * (height - above - len(block))
        together = lines[0] == "" or lines[above][-1] == "(" or block[0][0] in ")^"
        lines = [f"{line}{'' if together else ' '}{more:{width}}" for line, more in zip(lines, padded, strict=True)]
    return "\n".join(map(str.rstrip, lines))


# Worksheets: a handout for each variant, with blanks, and the key


def random_networks(
    sizes: Sequence[int], variants: int, *, activation: str = "tanh", seed: int = 0
) -> list[tuple[MLP, list[float], list[float]]]:
    """Return distinct networks with small numbers for worksheets, each with inputs and targets.

    Weights are multiples of 0.25 from -1 to 1, but not 0; inputs are -2, -1, 1 or 2, and targets -1 or 1. In each
    layer some gradient is not 0.

    Raises:
        ValueError: if there are fewer different ones than variants.

    >>> net, x, y = random_networks([2, 2, 1], 3)[0]
    >>> net.sizes, len(x), len(y)
    ([2, 2, 1], 2, 1)
    """
    as_integer("variants", variants, least=1)
    generator = stream(seed, "worksheets")
    quarters = [-1.0, -0.75, -0.5, -0.25, 0.25, 0.5, 0.75, 1.0]
    found: dict[str, tuple[MLP, list[float], list[float]]] = {}
    for _ in range(200 + 20 * variants):  # with relu, many networks have gradients of 0
        weights = [generator.choice(quarters, (width, below + 1)) for below, width in pairwise(sizes)]
        x = generator.choice([-2.0, -1.0, 1.0, 2.0], sizes[0]).tolist()
        y = generator.choice([-1.0, 1.0], sizes[-1]).tolist()
        net = MLP(sizes[0], sizes[1:], activation, weights=weights)
        if all(gradient.any() for gradient in back_propagation(net.weights, x, y, net.activations).G.values()):
            found.setdefault(repr((net.weights, x, y)), (net, x, y))
        if len(found) == variants:
            return [*found.values()]
    raise ValueError(f"variants must be at most about {len(found)} for a network this small; received {variants}")


def document(handouts: Sequence[Handout], suffix: str, *, name_field: bool = False) -> str:
    """Return a document with a page for each handout, numbered if there are several.

    Arguments:
        handouts: one or more.
        suffix: the form, out of FORMS.
        name_field: whether each page has a line for a student's name.

    Raises:
        ValueError: if there is no such form.
    """
    if suffix not in FORMS:
        raise ValueError(f"the file must end in {', '.join(FORMS)}; received {suffix!r}")
    sheets = [(f"Sheet {number}" if len(handouts) > 1 else "", h) for number, h in enumerate(handouts, start=1)]
    if suffix == ".txt":
        name = "    Name: ______________________" * name_field
        return "\n\n\n".join(f"{head}{name}\n\n{h.text()}".strip() for head, h in sheets) + "\n"
    if suffix == ".tex":
        name = r" \hfill Name: \underline{\hspace{6cm}}" * name_field
        title = r"\textbf{{{}}}{}\par" + "\n"
        pages = [title.format(f"{head} {h.title}".strip(), name) + h.latex() for head, h in sheets]
        return LATEX.format(body="\n\\newpage\n".join(pages))
    name = '<span class="name">Name</span>' * name_field
    pages = [f"<section><header>{head}{name}</header>\n{h.html()}\n</section>" for head, h in sheets]
    return HTML.format(title=html.escape(handouts[0].title), style=STYLE, body="\n".join(pages))


STYLE = """
section { break-after: page; } header { display: flex; justify-content: space-between; }
.name { border-bottom: 1px solid; width: 45%; } h2 { font-size: 1.2em; }
h3 { font-size: 1em; font-weight: normal; font-style: italic; margin: 1em 0 .3em; break-after: avoid; }
p { margin: .7em 0; break-inside: avoid; } math { math-style: normal; margin-right: .2em; }
mtd { padding: .1em .4em; text-align: right; } mspace { border-bottom: 1px solid currentColor; }
"""
"""The style of pages; `Handout` in Jupyter uses it too."""

HTML = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>{title}</title>
<style>body {{ font: 12pt/1.4 serif; margin: 2em; color: #111; background: #fff; }}
@page {{ margin: 15mm; }}
@media print {{ body {{ margin: 0; font-size: 10.5pt; }} }}{style}
</style>
</head>
<body>
{body}
</body>
</html>
"""

LATEX = r"""\documentclass[11pt]{{article}}
\usepackage[margin=2cm]{{geometry}}
\usepackage{{amsmath}}
\setcounter{{MaxMatrixCols}}{{100}}
\setlength{{\parindent}}{{0pt}}
\pagestyle{{empty}}
\raggedright
\begin{{document}}
{body}
\end{{document}}
"""


# The command


def add_command(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `handout-network` to the commands of autograd-lite."""
    purpose = "Write out the delta recursion of a network in matrices, as a handout or as worksheets."
    example = "2-2-1 --blanks deltas,gradients --variants 30 -o sheets.html --key key.html"
    epilog = f"For example: autograd-lite handout-network {example}"
    parser = commands.add_parser("handout-network", help=purpose, description=purpose, epilog=epilog)
    add_network(parser)
    parser.add_argument("--x", type=numbers, help="the inputs, for example 1,-1; without them, random ones")
    parser.add_argument("--y", type=numbers, help="the targets, for example 1; without them, random ones")
    parser.add_argument(
        "--blanks",
        type=lambda text: text.replace(",", " ").split(),
        default=[],
        help=f"what to leave blank, out of {','.join(BLANKS)}",
    )
    parser.add_argument(
        "--variants", type=int, default=1, help="how many sheets, each with different numbers (default 1)"
    )
    parser.add_argument("--digits", type=int, default=4, help="significant digits (default 4)")
    what = f"write a file ({', '.join(FORMS)}); without it, print text"
    parser.add_argument("-o", "--output", type=Path, metavar="FILE", help=what)
    parser.add_argument("--key", type=Path, metavar="FILE", help="write the sheets without blanks to another file")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> None:
    """Print or write the handouts.

    Raises:
        ValueError, TypeError: naming the option that is wrong.
        OSError: if a file cannot be read or written.
    """
    net = network(options)
    as_integer("--variants", options.variants, least=1)
    if options.variants > 1 and (options.weights or options.x or options.y):
        raise ValueError("--variants needs random numbers, so it cannot be combined with --weights, --x or --y")
    drawn = random_networks(net.sizes, options.variants, activation=options.activation or "tanh", seed=options.seed)
    if options.variants == 1:
        drawn = [(net if options.weights else drawn[0][0], options.x or drawn[0][1], options.y or drawn[0][2])]

    def write(file: Path | None, blanks: Collection[str]) -> None:
        handouts = [delta_handout(net, x, y, blanks=blanks, digits=options.digits) for net, x, y in drawn]
        text = document(handouts, file.suffix.lower() if file else ".txt", name_field=bool(blanks))
        if file is None:
            print(text, end="")
        else:
            file.write_text(text, encoding="utf-8")
            print(file)

    for file in (options.output, options.key):
        if file is not None and file.suffix.lower() not in FORMS:
            raise ValueError(f"the file must end in {', '.join(FORMS)}; received {str(file)!r}")
    if options.output and options.key and options.output.resolve() == options.key.resolve():
        raise ValueError(f"--output and --key must be different files; received {options.key} twice")
    write(options.output, options.blanks)
    if options.key is not None:
        write(options.key, ())
