"""Explanations in text: the evaluation trace forward, the chain rule edge by edge backward, and the sum over paths.

An explanation is a list of sections over the walk, written in one notation at a time: once as text, which Markdown and
HTML share, and once as LaTeX.
"""

import html
import math
import re
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import NamedTuple

from autograd_lite.checks import check_integer, check_size
from autograd_lite.labels import clean, columns_of
from autograd_lite.primitives import CONSTANT, LEAF
from autograd_lite.value import Step, Value, backward_steps_of, topological_order
from autograd_lite.walk import paths
from autograd_lite.words.latex import compilable, in_fonts
from autograd_lite.words.names import names_of
from autograd_lite.words.notation import LATEX, UNICODE, Form
from autograd_lite.words.sentences import Writer


class Section(NamedTuple):
    """A part of an explanation: a title, the names of its columns, and its lines, each a cell for each column."""

    title: str
    header: tuple[str, ...]
    lines: Sequence[tuple[str, ...]]

    def text(self, columns: int | None = None) -> str:
        """Return plain text, in aligned columns, in lines of at most that many characters."""
        return "\n".join([self.title, *aligned(self.lines, columns)])

    def markdown(self) -> str:
        """Return a heading and a table."""
        body = [tuple(map(_markdown_code, line)) for line in self.lines]
        rows = [f"| {' | '.join(cells)} |" for cells in (self.header, ("---",) * len(self.header), *body)]
        return "\n".join([f"### {self.title}", "", *rows])

    def html(self) -> str:
        """Return a table with a caption."""
        head = "".join(f'<th scope="col" style="{_LEFT}">{html.escape(name)}</th>' for name in self.header)
        body = "".join(f"<tr>{''.join(map(_html_cell, line))}</tr>" for line in self.lines)
        caption = f'<caption style="{_LEFT};font-weight:bold">{html.escape(self.title)}</caption>'
        return f"<table>{caption}<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"

    def latex(self) -> str:
        """Return an aligned environment; the section is in LaTeX already."""
        lines = " \\\\\n".join(" && ".join(line) for line in self.lines)
        return f"$$\n\\begin{{aligned}}\n{lines}\n\\end{{aligned}}\n$$"

    def latex_paragraphs(self) -> str:
        """Return a heading, and a paragraph for each line, because lines of an environment do not break."""
        lines = [r" \qquad ".join(f"$\\displaystyle {cell}$" for cell in line if cell) for line in self.lines]
        paragraphs = [rf"\hangindent=2em {line}\par\smallskip" for line in lines]
        title = "".join(map(in_fonts, self.title))
        body = compilable(re.sub(r"(?<!\\)&", "", "\n".join(paragraphs)))  # without the signs that align
        return f"\\subsection*{{{title}}}\n{body}"


class Explanation(NamedTuple):
    """What `explain` and `explain_paths` return: it prints as text, and shows as tables in Jupyter.

    >>> a = Value(3.0, "a")
    >>> print(explain(a * a).markdown().splitlines()[0])
    ### Forward: the evaluation trace
    """

    sections: list[Section]
    """The sections as text."""
    latex_sections: list[Section]
    """The same sections in LaTeX, whose cells belong in an aligned environment."""

    def text(self, columns: int | None = None) -> str:
        """Return plain text, in aligned columns.

        Arguments:
            columns: the width of the lines in characters; if a line would be longer, the columns after the first go to
                a line of their own.
        """
        return "\n\n".join(section.text(columns) for section in self.sections)

    def markdown(self) -> str:
        """Return Markdown: a table for each section; formulas as code, so that no label becomes markup."""
        return "\n\n".join(section.markdown() for section in self.sections) + "\n"

    def latex(self, standalone: bool = False) -> str:
        """Return LaTeX: an aligned environment for each section, between double dollar signs.

        Arguments:
            standalone: whether to return a whole document instead; its lines break where they are too long, and its
                sections over pages.
        """
        if standalone:
            return _DOCUMENT.replace("BODY", "\n".join(section.latex_paragraphs() for section in self.latex_sections))
        return "\n\n".join(section.latex() for section in self.latex_sections) + "\n"

    def html(self) -> str:
        """Return HTML: a table for each section; what labels contain is shown, never interpreted."""
        tables = "".join(section.html() for section in self.sections)
        return f'<div style="overflow-x:auto">{tables}</div>'

    def __repr__(self) -> str:
        return self.text()

    def _repr_html_(self) -> str:
        return self.html()


def aligned(lines: Sequence[tuple[str, ...]], columns: int | None = None) -> Iterator[str]:
    """Yield lines, indented and in aligned columns; in a terminal that is too narrow, broken between the columns.

    Arguments:
        lines: each a cell for each column.
        columns: the width of the terminal in characters.

    >>> print(*aligned([("a = 1 + 1 = 2", "where"), ("b", "")], columns=12), sep="\\n")
      a = 1 + 1
        = 2
        where
      b
    """
    widths = [max(map(columns_of, column)) for column in zip(*lines, strict=True)]
    apart = columns is not None and sum(widths) + 3 * len(widths) > columns
    for line in lines:
        cells = [cell + " " * (width - columns_of(cell)) for cell, width in zip(line, widths, strict=True)]
        broken = [cells[0], "   ".join(cells[1:])] if apart else ["   ".join(cells)]
        for place, text in enumerate(filter(str.strip, broken)):
            yield _wrapped(text.rstrip(), columns or math.inf, "    " if place else "  ")


def _wrapped(text: str, columns: float, indent: str) -> str:
    """Return a text, indented, broken at spaces where a line would be wider than the columns."""
    lines = [indent]
    for word in text.split(" "):
        if lines[-1].strip() and columns_of(f"{lines[-1]}{word}") > columns:
            lines.append("    ")
        lines[-1] += f"{word} "
    return "\n".join(map(str.rstrip, lines))


_DOCUMENT = r"""\documentclass{article}
\usepackage[margin=2cm]{geometry}
\usepackage{amsmath}
\setlength{\parindent}{0pt}
\raggedright
\begin{document}
BODY
\end{document}
"""


_LEFT = "text-align:left;white-space:nowrap"
"""The style of every cell, because Jupyter styles tables itself, and removes style sheets from untrusted notebooks."""


def _html_cell(cell: str) -> str:
    code = f'<code style="white-space:nowrap">{html.escape(cell)}</code>' if cell else ""
    return f'<td style="{_LEFT}">{code}</td>'


def _markdown_code(cell: str) -> str:
    """Return the cell as inline code, fenced by more backticks than its longest run of them."""
    if not cell:
        return ""
    fence = "`" * (1 + max(map(len, re.findall("`+", cell)), default=0))
    space = " " if "`" in cell else ""
    text = cell.replace("|", "\\|")
    return f"{fence}{space}{text}{space}{fence}"


def explain(
    root: Value, tangent_of: Value | None = None, *, digits: int = 4, max_nodes: int = 500, numbers: bool = True
) -> Explanation:
    """Explain how a Value was computed and how its gradients arise, with every number; no gradient is touched.

    The first section is the evaluation trace (the Wengert list): each node once, in terms of its parents. With
    `tangent_of`, the tangents of forward mode follow. The next section applies the chain rule at each edge backward, in
    symbols and in numbers, with the local partial derivative as a formula and the running total, which is delta_b^(l)
    where the node is a signal s_b^(l) of the lecture. The last section lists the gradients.

    Nodes are called by their labels; without labels, by the variables that hold them where this function is called, as
    in `w` or `W[0][1]`; without these, results are v1, v2, ... and inputs x1, x2, ...

    Arguments:
        root: the Value to explain.
        tangent_of: an input; adds the tangents of forward mode, v' = dv/d(input), as in Baydin et al., JMLR 18(153),
            table 2.
        digits: significant digits of the numbers, 1 to 17.
        max_nodes: the largest number of nodes that is explained.
        numbers: whether to show the numbers; without them, the derivation is in symbols alone.

    Raises:
        TypeError: if root is not a Value, or digits or max_nodes is not an integer.
        ValueError: if the graph has more nodes than max_nodes, or digits is not from 1 to 17.
        RuntimeError: if the graph is stale (see `Value.backward`).

    >>> w, x = Value(0.5), Value(-2.0)
    >>> L = w * x
    >>> print(explain(L))
    Forward: the evaluation trace
      w = 0.5
      x = −2
      L = w × x = 0.5 × (−2) = −1
    <BLANKLINE>
    Backward: the chain rule, edge by edge
      ∂L/∂L = 1
      ∂L/∂w += ∂L/∂L · ∂L/∂w = 1 × (−2) = −2   where ∂L/∂w = x   total −2
      ∂L/∂x += ∂L/∂L · ∂L/∂x = 1 × 0.5 = 0.5   where ∂L/∂x = w   total 0.5
    <BLANKLINE>
    Gradients
      ∂L/∂w = −2
      ∂L/∂x = 0.5
    >>> print(explain(L.tanh(), numbers=False))
    Forward: the evaluation trace
      L = w × x
      v₁ = tanh(L)
    <BLANKLINE>
    Backward: the chain rule, edge by edge
      ∂v₁/∂v₁ = 1
      ∂v₁/∂L += ∂v₁/∂v₁ · ∂v₁/∂L   where ∂v₁/∂L = 1 − v₁²
      ∂v₁/∂w += ∂v₁/∂L · ∂L/∂w     where ∂L/∂w = x
      ∂v₁/∂x += ∂v₁/∂L · ∂L/∂x     where ∂L/∂x = w
    <BLANKLINE>
    Gradients
      ∂v₁/∂w = ∂v₁/∂L · ∂L/∂w
      ∂v₁/∂x = ∂v₁/∂L · ∂L/∂x
    """
    check_integer("digits", digits, 1, 17)
    order = topological_order(root)
    check_size(len(order), max_nodes, "explain a part of it")
    if tangent_of is not None and (tangent_of not in order or tangent_of.op is CONSTANT):
        raise ValueError(f"tangent_of must be a Value that the root was computed from, received {tangent_of!r}")
    names, steps = names_of(order), backward_steps_of(order)

    def sections(form: Form) -> list[Section]:
        writer = Writer(names, root, form._replace(digits=digits), numbers)
        parts = [_forward_section(writer), _backward_section(steps, writer), _gradient_section(steps, writer)]
        if tangent_of is not None:
            parts.insert(1, _tangent_section(steps, tangent_of, writer))
        return [section for section in parts if section.lines]

    return Explanation(sections(UNICODE), sections(LATEX))


def explain_paths(root: Value, leaf: Value, *, digits: int = 4, limit: int = 1000, numbers: bool = True) -> Explanation:
    """Explain the gradient as a sum over all paths from a leaf to the root, each with the product of its slopes.

    Arguments and errors are as for `paths`; `digits` and `numbers` are as for `explain`.

    >>> a = Value(2.0)
    >>> b = a * a
    >>> L = b + a
    >>> print(explain_paths(L, a))
    All paths from a to L: the product of the slopes along each
      a → L       1       = 1
      a → b → L   2 × 1   = 2
      a → b → L   2 × 1   = 2
      sum         ∂L/∂a   = 5
    """
    check_integer("digits", digits, 1, 17)
    found = sorted(paths(root, leaf, limit), key=lambda path: len(path.steps))
    names = {leaf: clean(leaf.label) or "the leaf", **names_of(topological_order(root))}
    ends = Writer(names, root)
    title = f"All paths from {ends.name(leaf)} to {ends.name(root)}: the product of the slopes along each"

    def lines(form: Form, arrow: str, sum_sign: str) -> Iterator[tuple[str, str, str]]:
        writer = Writer(names, root, form._replace(digits=digits))
        for path in found:
            route = arrow.join(map(writer.name, [leaf, *(step.node for step in path.steps)]))
            symbols = [writer.derivative(step.node, step.parent) for step in path.steps]
            slopes = [step.slope for step in path.steps] or [1.0]
            product = writer.product(*slopes) if numbers else form.beside.join(symbols) or writer.number(1.0)
            yield route, product, f"= {writer.number(path.product)}" if numbers else ""
        total = writer.number(sum(path.product for path in found))
        yield sum_sign, writer.derivative(root, leaf), f"= {total}" if numbers else ""

    header = ("path", "local partial derivatives", "product")
    latex = [(rf"{route} \quad & {slopes} {product}",) for route, slopes, product in lines(LATEX, r" \to ", r"\sum")]
    text = list(lines(UNICODE, " → ", "sum"))
    return Explanation([_without_empty_columns(Section(title, header, text))], [Section(title, header, latex)])


# The sections of `explain`, in the notation of a writer; its names hold the nodes in topological order


def _forward_section(writer: Writer) -> Section:
    header = ("node = expression = numbers = value" if writer.numbers else "node = expression",)
    lines = [(writer.forward_line(node),) for node in writer.names if writer.numbers or node.op is not LEAF]
    return Section("Forward: the evaluation trace", header, lines)


def _tangent_section(steps: Sequence[Step], leaf: Value, writer: Writer) -> Section:
    """Forward mode: d node/d leaf = sum over the parents of d node/d parent * d parent/d leaf."""
    plus, beside = writer.form.sign("+"), writer.form.beside
    terms_of = {node: list(terms) for node, terms in groupby(steps, key=lambda step: step.node)}
    tangents: dict[Value, float] = {}
    lines = []
    for node in writer.names:
        if node.op is CONSTANT:
            continue
        terms = [] if node is leaf else terms_of.get(node, [])
        tangents[node] = 1.0 if node is leaf else sum(step.slope * tangents[step.parent] for step in terms)
        symbols = [writer.derivative(node, step.parent) + beside + writer.tangent(step.parent) for step in terms]
        products = [writer.product(step.slope, tangents[step.parent]) for step in terms]
        sides = [plus.join(symbols), plus.join(products), writer.number(tangents[node])]
        shown = sides if writer.numbers or not terms else sides[:1]
        lines.append((writer.equation(writer.tangent(node), *filter(None, shown)),))
    title = f"Forward mode: the tangents, derivatives with respect to {writer.names[leaf]}"
    header = ("tangent = chain rule = numbers = value" if writer.numbers else "tangent = chain rule",)
    return Section(title, header, lines)


def _backward_section(steps: Sequence[Step], writer: Writer) -> Section:
    seed = writer.equation(writer.derivative(writer.root, writer.root), writer.number(1.0))
    header = ("chain rule", "local partial derivative", "running total")
    lines = [(seed, "", ""), *map(writer.backward_parts, steps)]
    return _without_empty_columns(Section("Backward: the chain rule, edge by edge", header, lines))


def _without_empty_columns(section: Section) -> Section:
    columns = [cells for cells in zip(section.header, *section.lines, strict=True) if any(cells[1:])]
    header, *lines = zip(*columns, strict=True)
    return Section(section.title, header, lines)


def _gradient_section(steps: Sequence[Step], writer: Writer) -> Section:
    totals = {step.parent: step.total for step in steps}

    def total(leaf: Value) -> str:
        shares = [writer.share(step) for step in steps if step.parent is leaf]
        return writer.number(totals[leaf]) if writer.numbers else writer.form.sign("+").join(shares)

    lines = [
        (writer.equation(writer.derivative(writer.root, node), total(node)),)
        for node in writer.names
        if not node.parents and node.op is not CONSTANT and node is not writer.root
    ]
    return Section("Gradients", ("gradient",), lines)
