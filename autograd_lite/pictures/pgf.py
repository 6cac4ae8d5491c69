r"""A diagram as LaTeX, by our own layout: commands of PGF, the basic layer of TikZ.

PGF is loaded by the packages tikz, pgf and tcolorbox; nbconvert's template loads tcolorbox, but not TikZ itself.
"""

from autograd_lite.pictures.diagram import FRAME, GREY, Diagram, describe
from autograd_lite.pictures.layout import Point, Rectangle, find_layout
from autograd_lite.pictures.svg import SIDEWAYS, arrow_head, baselines, borders, number
from autograd_lite.words.latex import in_fonts

FIT = r"""\ifdim\wd0>\linewidth\sbox0{\resizebox{\linewidth}{!}{\usebox0}}\fi
\ifdim\ht0>0.9\textheight\sbox0{\resizebox{!}{0.9\textheight}{\usebox0}}\fi
\begin{center}\usebox0\end{center}
"""
"""Commands that print box 0, no larger than the page."""


def to_pgf(diagram: Diagram) -> str:
    r"""Return the diagram as LaTeX, for a document that loads PGF.

    >>> from autograd_lite.pictures.diagram import Box
    >>> print(to_pgf(Diagram((Box(("50 %",), "leaf"),), ())).splitlines()[4])
    \pgftext[base,x=29.4bp,y=-25.2bp]{\fontsize{12bp}{15.0bp}\selectfont 50\ \%}
    """
    layout = find_layout(diagram)
    lines = [rf"\begingroup % {describe(diagram)}", r"\sbox0{\begin{pgfpicture}\sffamily"]
    for name, group in layout.groups.items():
        lines.append(shape(rectangle(group, 6.0), fill=FRAME.fill, stroke=FRAME.border))
        lines.append(text(name, (group.x + 8, group.y + 15), FRAME.font_size, "left,base"))
    arrows = []
    for arrow, path, tip in zip(diagram.arrows, layout.paths, layout.tips, strict=True):
        if arrow.stroke is not None:
            colour, thickness, dashed = arrow.stroke
            lines.append(shape(line_style(thickness, dashed) + curve(path), stroke=colour))
            continue
        head = [[corner] for corner in arrow_head(path[-1][-1], tip, SIDEWAYS[diagram.direction])]
        arrows.append(curve(path) + command("pgfusepath", "stroke") + curve(head) + command("pgfusepath", "fill"))
    lines.append(scope("\n".join(arrows), stroke=GREY, fill=GREY))
    for box, place in zip(diagram.boxes, layout.boxes, strict=True):
        look = box.look
        style = line_style(look.thickness, look.dashed)
        for colours, (border, radius) in zip(({"fill": look.fill}, {}), borders(box, place), strict=False):
            lines.append(shape(style + rectangle(border, radius), **colours, stroke=look.border))
        lines += [text(line, at, look.font_size) for line, at in zip(box.lines, baselines(box, place), strict=True)]
    for arrow, (x, y) in zip(diagram.arrows, layout.labels, strict=True):
        lines += [text(arrow.label, (x, y + 3.5), 10)] if arrow.label else []
    return "\n".join([*lines, r"\end{pgfpicture}}", FIT + r"\endgroup", ""])


def command(name: str, *arguments: object) -> str:
    r"""Return a command of LaTeX.

    >>> print(command("pgfpoint", "1bp", "2bp"))
    \pgfpoint{1bp}{2bp}
    """
    return rf"\{name}" + "".join(f"{{{argument}}}" for argument in arguments)


def point(x: float, y: float) -> str:
    """Return a point; in LaTeX, y goes upward."""
    return command("pgfpoint", f"{number(x)}bp", f"{number(-y)}bp")


def curve(path: list[list[Point]]) -> str:
    """Return a path of straight lines and Bézier curves, as in `Layout`."""
    start, *steps = [[point(*place) for place in step] for step in path]
    drawn = [command("pgfpathlineto" if len(step) == 1 else "pgfpathcurveto", *step) for step in steps]
    return command("pgfpathmoveto", *start) + "".join(drawn)


def line_style(thickness: float, dashed: bool) -> str:
    """Return how a line is drawn."""
    dashes = command("pgfsetdash", "{4bp}{3bp}", "0bp") if dashed else ""
    return command("pgfsetlinewidth", f"{thickness:.4g}bp") + dashes


def rectangle(place: Rectangle, corner: float) -> str:
    """Return a rectangle, whose corners are round."""
    corners = command("pgfsetcornersarced", command("pgfpoint", f"{corner}bp", f"{corner}bp"))
    return corners + command("pgfpathrectangle", point(place.x, place.y), point(place.width, place.height))


def scope(drawn: str, **colours: str) -> str:
    """Return drawing commands with their colours: `fill`, `stroke`, or both."""
    chosen = [
        command("definecolor", "autograd", "HTML", colour[1:].upper()) + command(f"pgfset{use}color", "autograd")
        for use, colour in colours.items()
    ]
    return command("begin", "pgfscope") + "".join(chosen) + drawn + command("end", "pgfscope")


def shape(path: str, **colours: str) -> str:
    """Return a path, filled, drawn, or both, in these colours."""
    return scope(path + command("pgfusepath", ",".join(colours)), **colours)


def text(words: str, at: Point, size: int, anchor: str = "base") -> str:
    """Return a line of text."""
    written = "".join(map(in_fonts, words))
    x, y = number(at[0]), number(-at[1])
    return rf"\pgftext[{anchor},x={x}bp,y={y}bp]{{\fontsize{{{size}bp}}{{{1.25 * size}bp}}\selectfont {written}}}"
