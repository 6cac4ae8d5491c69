"""A diagram as SVG, by our own layout: text only, no program is run."""

import base64
import re
from html import escape

from autograd_lite.pictures.diagram import FONT, FRAME, GREY, SMALL, Arrow, Box, Diagram, describe
from autograd_lite.pictures.layout import HEAD, Point, Rectangle, find_layout
from autograd_lite.words.lecture import pieces

SMALLEST_SCALE = 0.65  # of its natural size, at which the text of a picture can still be read
SIDEWAYS = {"LR": (1.0, 0.0), "RL": (-1.0, 0.0), "TB": (0.0, 1.0), "BT": (0.0, -1.0)}


def to_svg(diagram: Diagram, titles: bool = True) -> str:
    """Return the diagram as the text of an SVG file.

    Box number i has the id "n{i}", arrow number k the id "e{k}", as in the DOT text. Each box has a title that a screen
    reader can read. There is neither a style sheet nor a reference by id, so pictures on one page do not disturb each
    other.

    Arguments:
        diagram: what is drawn.
        titles: whether the picture, its boxes and arrows have titles; where nobody can read them, they waste space.

    >>> svg = to_svg(Diagram((Box(("x = <2>",), "leaf"),), ()))
    >>> svg[:4], "x = &lt;2&gt;</text>" in svg
    ('<svg', True)
    """
    layout = find_layout(diagram)
    width, height = number(layout.width), number(layout.height)
    title = describe(diagram)
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}pt" height="{height}pt" viewBox="0 0 {width} {height}" '
        f'role="img" aria-label="{title}" font-family="{FONT}" text-anchor="middle" xml:space="preserve">',
        f"<title>{title}</title>",
        f'<rect width="{width}" height="{height}" fill="#ffffff"/>',
    ]
    for name, rectangle in layout.groups.items():
        lines += group_svg(name, rectangle)
    for k, arrow in enumerate(diagram.arrows):
        lines += arrow_svg(k, arrow, layout.paths[k], layout.tips[k], SIDEWAYS[diagram.direction])
    for i, box in enumerate(diagram.boxes):
        lines += box_svg(i, box, layout.boxes[i])
    look = 'font-size="10" fill="#1b1f24" stroke="#ffffff" stroke-width="5" paint-order="stroke"'
    labels = [
        f'<text class="edge-label" x="{number(x)}" y="{number(y + 3.5)}">{escape(arrow.label)}</text>'
        for arrow, (x, y) in zip(diagram.arrows, layout.labels, strict=True)
        if arrow.label
    ]
    lines += joined(look, *labels) if labels else []  # last, so that nothing covers them
    kept = [line for line in lines if titles or not line.startswith("<title>")]
    return "\n".join([*kept, "</svg>", ""])


def in_base64(svg: str) -> str:
    """Return SVG in base64, as documents hold it."""
    return base64.b64encode(svg.encode("utf-8")).decode("ascii")


def scrolling_image(svg: str, description: str) -> str:
    """Return SVG as an image for HTML that is never too small to read, and scrolls if it is too wide."""
    [points] = re.findall(r'<svg [^>]*?width="([\d.]+)pt"', svg)
    pixels = float(points) * 96 / 72
    return (
        f'<div style="overflow-x:auto"><img alt="{description}" '
        f'style="width:100%;min-width:{SMALLEST_SCALE * pixels:.0f}px;max-width:{pixels:.0f}px" '
        f'src="data:image/svg+xml;base64,{in_base64(svg)}"></div>'
    )


def number(value: float) -> str:
    """Return a coordinate, in points, with the one decimal that can be seen.

    >>> number(12.0), number(0.256)
    ('12', '0.3')
    """
    return f"{value:.1f}".removesuffix(".0")


def points(step: list[Point]) -> str:
    """Return points as the text of a path."""
    return " ".join(f"{number(x)},{number(y)}" for x, y in step)


def rect(rectangle: Rectangle, attributes: str) -> str:
    """Return a rectangle."""
    x, y, width, height = map(number, rectangle)
    return f'<rect x="{x}" y="{y}" width="{width}" height="{height}" {attributes}/>'


def group_svg(name: str, rectangle: Rectangle) -> list[str]:
    """Return a group: a rectangle behind its boxes, and its name in the upper left corner."""
    x, y = number(rectangle.x + 8), number(rectangle.y + 15)
    look = f'text-anchor="start" font-size="{FRAME.font_size}" fill="{GREY}"'
    return joined(
        'class="group"',
        rect(rectangle, f'rx="6" fill="{FRAME.fill}" stroke="{FRAME.border}"'),
        f'<text x="{x}" y="{y}" {look}>{escape(name)}</text>',
    )


def joined(attributes: str, *lines: str) -> list[str]:
    """Return lines in an element that joins them."""
    return [f"<g {attributes}>", *lines, "</g>"]


def arrow_svg(k: int, arrow: Arrow, path: list[list[Point]], tip: Point, sideways: Point) -> list[str]:
    """Return an arrow: its path, and its head as a triangle."""
    start, *steps = path
    drawn = at = points(start)
    for step in steps:
        if points(step) != at:  # a straight line of no length may stand before a curve
            drawn += ("L" if len(step) == 1 else "C") + points(step)
        at = points(step[-1:])
    name, line, head = "edge", f'stroke="{GREY}"', points(arrow_head(path[-1][-1], tip, sideways))
    if arrow.stroke is not None:
        colour, thickness, dashed = arrow.stroke
        dashes = ' stroke-dasharray="6,3"' if dashed else ""
        name, line, head = "edge weight", f'stroke="{colour}" stroke-width="{number(thickness)}"{dashes}', points([tip])
    return joined(
        f'id="e{k}" class="{name}"',
        f"<title>n{arrow.tail} to n{arrow.head}</title>",
        f'<path d="M{drawn}" fill="none" {line}/>',
        f'<polygon points="{head}" fill="{GREY}"/>',
    )


def arrow_head(base: Point, tip: Point, sideways: Point) -> list[Point]:
    """Return the corners of an arrow head: its tip, and the ends of its wings beside the base."""
    (x, y), (dx, dy), wing = base, sideways, 0.42 * HEAD
    return [tip, (x - wing * dy, y - wing * dx), (x + wing * dy, y + wing * dx)]


def box_svg(i: int, box: Box, rectangle: Rectangle) -> list[str]:
    """Return a box: its border, a second one within for the root, and its lines of text."""
    look = box.look
    dashes = ' stroke-dasharray="4,3"' if look.dashed else ""
    border = f'stroke="{look.border}" stroke-width="{number(look.thickness)}"{dashes}'
    lines = [f"<title>{escape(f'{box.kind}: ' + ', '.join(box.lines))}</title>"]
    for fill, (place, radius) in zip((look.fill, "none"), borders(box, rectangle), strict=False):
        lines.append(rect(place, f'fill="{fill}" rx="{number(radius)}" {border}'))
    for line, (x, y) in zip(box.lines, baselines(box, rectangle), strict=True):
        written = typeset_line(line, look.font_size)
        lines.append(f'<text x="{number(x)}" y="{number(y)}" font-size="{look.font_size}">{written}</text>')
    return joined(f'id="n{i}" class="node {box.kind}{" root" if box.is_root else ""}"', *lines)


def borders(box: Box, rectangle: Rectangle) -> list[tuple[Rectangle, float]]:
    """Return the border of a box, for the root also the second one within it, each with the radius of its corners."""
    x, y, width, height = rectangle
    places = [(rectangle, 8.0), (Rectangle(x + 3.5, y + 3.5, width - 7, height - 7), 5.0)]
    return [
        (place, place.width / 2 if box.look.circle else radius * box.look.rounded)
        for place, radius in places[: 1 + box.is_root]
    ]


def typeset_line(line: str, size: float) -> str:
    """Return a line of text as the content of a text element; tspans hold what stands above and below the line.

    >>> print(typeset_line("x² > y", 10))
    x<tspan dy="-3.5" font-size="7.5">2</tspan><tspan dy="3.5"> &gt; y</tspan>
    >>> print(typeset_line(f"a = {in_colour('#0550ae', 'b')}", 10))
    a = <tspan fill="#0550ae">b</tspan>
    """
    written, height = "", 0.0
    for colour, coloured, plain in _IN_COLOUR.findall(line):
        for piece, level in pieces(coloured or plain):
            rise = {1: 0.35, 0: 0.0, -1: -0.2}[level] * size
            attributes = f' dy="{number(height - rise)}"' if rise != height or level else ""
            attributes += f' font-size="{number(SMALL * size)}"' if level else ""
            attributes += f' fill="{colour}"' if colour else ""
            written += f"<tspan{attributes}>{escape(piece)}</tspan>" if attributes else escape(piece)
            height = rise
    return written


def in_colour(colour: str, text: str) -> str:
    """Return a part of a line for `typeset_line` that is set in a colour."""
    return f"\x01{colour}\x02{text}\x03"


_IN_COLOUR = re.compile("\x01(.*?)\x02(.*?)\x03|([^\x01]+)")
"""No label has these characters: labels are cleaned."""


def baselines(box: Box, rectangle: Rectangle) -> list[Point]:
    """Return the middle of the baseline of each line of a box."""
    step = 1.25 * box.look.font_size
    x, middle = rectangle.x + rectangle.width / 2, rectangle.y + rectangle.height / 2
    first = middle - step * (len(box.lines) - 1) / 2 + 0.36 * box.look.font_size
    return [(x, first + place * step) for place in range(len(box.lines))]
