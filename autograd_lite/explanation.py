"""Explanation in text: the evaluation trace forward, the chain rule edge by edge backward, and the sum over paths.

An explanation is a list of sections, and a section a table of lines, each with a text and a LaTeX form. Text, Markdown,
LaTeX and HTML are four short loops over the same lines.
"""

import html
import re
from collections.abc import Iterator
from typing import NamedTuple

from autograd_lite.checks import check_integer
from autograd_lite.graph import check_fresh
from autograd_lite.labels import clean
from autograd_lite.primitives import CONSTANT, slope_at
from autograd_lite.steps import Path, backward_steps, node_names, paths
from autograd_lite.value import Step, Value, topological_order
from autograd_lite.words.sentences import Writer


class Line(NamedTuple):
    """One line of a section."""

    cells: tuple[str, ...]
    """The line as text, in as many columns as the section's header has."""
    latex: str
    """The line as LaTeX, for an aligned environment."""


class Section(NamedTuple):
    """A part of an explanation: a title, the names of its columns, and its lines."""

    title: str
    header: tuple[str, ...]
    lines: list[Line]


class Explanation(NamedTuple):
    """What `explain` and `explain_paths` give: it prints as text, and shows as tables in Jupyter.

    >>> a = Value(3.0, "a")
    >>> print(explain(a * a).markdown().splitlines()[0])
    ### Forward: the evaluation trace
    """

    sections: list[Section]

    def text(self, columns: int | None = None) -> str:
        """Plain text, in aligned columns.

        Arguments:
            columns: how many characters a line may have; what comes after the first column then goes to a line of its
                own where it would be too long.
        """
        parts = []
        for section in self.sections:
            widths = [max(map(len, column)) for column in zip(*(line.cells for line in section.lines), strict=True)]
            apart = columns is not None and sum(widths) + 3 * len(widths) > columns
            lines = [section.title]
            for line in section.lines:
                cells = [f"{cell:<{width}}" for cell, width in zip(line.cells, widths, strict=True)]
                rows = [cells[:1], cells[1:]] if apart else [cells]
                texts = ["   ".join(row).rstrip() for row in rows]
                lines += [f"{'    ' if position else '  '}{text}" for position, text in enumerate(texts) if text]
            parts.append("\n".join(lines))
        return "\n\n".join(parts)

    def markdown(self) -> str:
        """Markdown: a table for each section; formulas as code, so that no label becomes markup."""
        parts = []
        for section in self.sections:
            head = [section.header, ("---",) * len(section.header)]
            body = [tuple(_markdown_code(cell) for cell in line.cells) for line in section.lines]
            rows = [f"| {' | '.join(cells)} |" for cells in (*head, *body)]
            parts.append("\n".join([f"### {section.title}", "", *rows]))
        return "\n\n".join(parts) + "\n"

    def latex(self) -> str:
        """LaTeX: an aligned environment for each section, between double dollar signs."""
        parts = []
        for section in self.sections:
            lines = " \\\\\n".join(line.latex for line in section.lines)
            parts.append(f"$$\n\\begin{{aligned}}\n{lines}\n\\end{{aligned}}\n$$")
        return "\n\n".join(parts) + "\n"

    def html(self) -> str:
        """HTML: a table for each section; what labels contain is shown, never interpreted."""
        parts = []
        for section in self.sections:
            head = "".join(f'<th scope="col" style="{_LEFT}">{html.escape(name)}</th>' for name in section.header)
            body = "".join(f"<tr>{''.join(map(_html_cell, line.cells))}</tr>" for line in section.lines)
            parts.append(
                f'<table><caption style="{_LEFT};font-weight:bold">{html.escape(section.title)}</caption>'
                f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
            )
        return f'<div style="overflow-x:auto">{"".join(parts)}</div>'

    def __repr__(self) -> str:
        return self.text()

    def _repr_html_(self) -> str:
        return self.html()


_LEFT = "text-align:left;white-space:nowrap"
"""In each cell: Jupyter has a style of its own for tables, and takes style sheets out of untrusted notebooks."""


def _html_cell(cell: str) -> str:
    code = f'<code style="white-space:nowrap">{html.escape(cell)}</code>' if cell else ""
    return f'<td style="{_LEFT}">{code}</td>'


def _markdown_code(cell: str) -> str:
    """The cell as inline code, between more backticks than it has in a row itself."""
    if not cell:
        return ""
    fence = "`" * (1 + max(map(len, re.findall("`+", cell)), default=0))
    space = " " if "`" in cell else ""
    text = cell.replace("|", "\\|")
    return f"{fence}{space}{text}{space}{fence}"


def explain(root: Value, tangent_of: Value | None = None, *, digits: int = 6, max_nodes: int = 500) -> Explanation:
    """How a Value was computed, and how its gradients arise, with every number; no gradient is touched.

    First the evaluation trace (the Wengert list): each node once, in terms of its parents. Then, if `tangent_of` is
    given, the tangents of forward mode. Then, for each edge backward, the chain rule in symbols and in numbers, the
    local partial derivative as a formula, and the running total, which is delta_b^(l) where the node is a signal
    s_b^(l) of the lecture. Last the gradients.

    Nodes are called by their labels; those without are v1, v2, ..., inputs without are v0, v-1, ...

    Arguments:
        root: the Value to explain.
        tangent_of: an input; adds the tangent trace, as in Baydin et al., JMLR 18(153), table 2: v' is dv/d(input).
        digits: significant digits of the numbers, 1 to 17.
        max_nodes: how many nodes the graph may have.

    Raises:
        TypeError: if root is no Value, or digits or max_nodes no whole number.
        ValueError: if the graph has more nodes than max_nodes, or digits is not from 1 to 17.
        RuntimeError: if the graph is stale (see `Value.backward`).

    >>> w, x = Value(0.5, "w"), Value(2.0, "x")
    >>> L = w * x; L.label = "L"
    >>> print(explain(L))
    Forward: the evaluation trace
      w = 0.5
      x = 2.0
      L = w * x = 0.5 * 2.0 = 1.0
    <BLANKLINE>
    Backward: the chain rule, edge by edge
      dL/dL = 1.0
      dL/dw += dL/dL * dL/dw = 1.0 * 2.0 = 2.0   where dL/dw = x   total 2.0
      dL/dx += dL/dL * dL/dx = 1.0 * 0.5 = 0.5   where dL/dx = w   total 0.5
    <BLANKLINE>
    Gradients
      dL/dw = 2.0
      dL/dx = 0.5
    """
    check_integer("digits", digits, 1, 17)
    check_integer("max_nodes", max_nodes, 1)
    order = topological_order(root)
    if len(order) > max_nodes:
        raise ValueError(
            f"the graph has {len(order):,} nodes, too many to read; max_nodes={max_nodes} raises the limit"
        )
    check_fresh(order)
    names = node_names(order)
    writers = Writer(names, root, digits), Writer(names, root, digits, "latex")
    sections = [_forward_section(order, *writers)]
    if tangent_of is not None:
        sections.append(_tangent_section(order, tangent_of, *writers))
    steps = backward_steps(root)
    sections += [_backward_section(steps, *writers), _gradient_section(order, steps, *writers)]
    return Explanation([section for section in sections if section.lines])


def explain_paths(root: Value, leaf: Value, *, digits: int = 6, limit: int = 1000) -> Explanation:
    """All paths from a leaf to the root, each with the product of its slopes, and their sum: the gradient.

    Arguments and errors are those of `paths`, and `digits` that of `explain`.

    >>> a = Value(2.0, "a")
    >>> b = a * a; b.label = "b"
    >>> L = b + a; L.label = "L"
    >>> print(explain_paths(L, a))
    All paths from a to L: the product of the slopes along each
      a -> L        1.0         = 1.0
      a -> b -> L   2.0 * 1.0   = 2.0
      a -> b -> L   2.0 * 1.0   = 2.0
      sum           dL/da       = 5.0
    """
    check_integer("digits", digits, 1, 17)
    found = sorted(paths(root, leaf, limit), key=lambda path: len(path.steps))
    names = {leaf: clean(leaf.label) or "the leaf", **node_names(topological_order(root))}
    writers = Writer(names, root, digits), Writer(names, root, digits, "latex")
    text, latex = writers
    lines = [_path_line(path, leaf, *writers) for path in found]
    total = sum(path.product for path in found)
    summary = rf"\sum \quad & {latex.derivative(root, leaf)} = {latex.number(total)}"
    lines.append(Line(("sum", text.derivative(root, leaf), f"= {text.number(total)}"), summary))
    title = f"All paths from {text.name(leaf)} to {text.name(root)}: the product of the slopes along each"
    return Explanation([Section(title, ("path", "local partial derivatives", "product"), lines)])


def _path_line(path: Path, leaf: Value, text: Writer, latex: Writer) -> Line:
    nodes = [leaf, *(step.node for step in path.steps)]
    slopes = [step.slope for step in path.steps] or [1.0]
    cells = (" -> ".join(map(text.name, nodes)), text.product(*slopes), f"= {text.number(path.product)}")
    route = r" \to ".join(map(latex.name, nodes))
    return Line(cells, rf"{route} \quad & {latex.product(*slopes)} = {latex.number(path.product)}")


def _forward_section(order: list[Value], text: Writer, latex: Writer) -> Section:
    lines = [
        Line((text.forward_line(node),), latex.forward_line(node))
        for node in order
        if node in text.names  # not a constant without a label
    ]
    return Section("Forward: the evaluation trace", ("node = expression = numbers = value",), lines)


def _tangent_section(order: list[Value], leaf: Value, text: Writer, latex: Writer) -> Section:
    """Forward mode: d node/d leaf = sum over the parents of d node/d parent * d parent/d leaf."""
    if leaf not in order or leaf.op is CONSTANT:
        raise ValueError(f"tangent_of must be a Value that the root was computed from, received {leaf!r}")
    tangents: dict[Value, float] = {}
    lines = []
    for node in order:
        if node.op is CONSTANT:
            continue
        terms = []
        if node is not leaf:
            numbers = [parent.data for parent in node.parents]
            terms = [
                (parent, slope_at(slope, node.data, numbers))
                for parent, slope in zip(node.parents, node.op.slopes_of(len(node.parents)), strict=True)
                if parent.op is not CONSTANT
            ]
        tangents[node] = sum(slope * tangents[parent] for parent, slope in terms) if node is not leaf else 1.0
        parts = []
        for writer in (text, latex):
            plus, beside = writer.setting.plus, writer.setting.beside
            symbols = [writer.derivative(node, parent) + beside + writer.tangent(parent) for parent, _ in terms]
            products = [writer.product(slope, tangents[parent]) for parent, slope in terms]
            sides = [plus.join(symbols), plus.join(products), writer.number(tangents[node])]
            parts.append(writer.equation(writer.tangent(node), *filter(None, sides)))
        lines.append(Line((parts[0],), parts[1]))
    title = f"Forward mode: the tangents, derivatives with respect to {text.name(leaf)}"
    return Section(title, ("tangent = chain rule = numbers = value",), lines)


def _backward_section(steps: list[Step], text: Writer, latex: Writer) -> Section:
    root = text.root
    seed = text.equation(text.derivative(root, root), "1.0"), "", ""
    lines = [Line(seed, latex.equation(latex.derivative(root, root), "1"))]
    slopes: dict[Value, tuple[Iterator[str], Iterator[str]]] = {}
    for step in steps:
        if step.node not in slopes:
            slopes[step.node] = text.slopes(step.node), latex.slopes(step.node)
        cells, latex_cells = (
            writer.backward_parts(step, next(formulas))
            for writer, formulas in zip((text, latex), slopes[step.node], strict=True)
        )
        lines.append(Line(cells, " && ".join(latex_cells)))
    header = ("chain rule", "local partial derivative", "running total")
    return Section("Backward: the chain rule, edge by edge", header, lines)


def _gradient_section(order: list[Value], steps: list[Step], text: Writer, latex: Writer) -> Section:
    totals = {step.parent: step.total for step in steps}
    lines = []
    for node in order:
        if not node.parents and node.op is not CONSTANT and node is not text.root:
            gradient = totals.get(node, 0.0)
            line, latex_line = (
                writer.equation(writer.derivative(writer.root, node), writer.number(gradient))
                for writer in (text, latex)
            )
            lines.append(Line((line,), latex_line))
    return Section("Gradients", ("gradient",), lines)
