"""A diagram as plain data: boxes with lines of text, arrows between them, and how they are drawn.

The DOT text (`picture`) and our own SVG (`layout`, `svg`) are made from the same diagram, so they look alike.
"""

import unicodedata
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from autograd_lite.words.lecture import pieces

SMALL = 0.75
"""The size of what stands above or below the line."""

DIRECTIONS = ("LR", "TB", "RL", "BT")
FONT = "Helvetica,Arial,sans-serif"
ROOT_FILL, ROOT_BORDER = "#d6eaf8", "#004c7f"
GREY = "#444444"  # of arrows, and of the names of groups
POSITIVE, NEGATIVE = "#0a5aa8", "#b34700"  # blue and orange, which readers with colour blindness can tell apart


SMALLEST_CIRCLE = 72.0  # in points; it has room for three lines of ten characters, so most circles are equal


class Look(NamedTuple):
    """How boxes of a kind are drawn. Shape and border tell the kinds apart where colours do not."""

    fill: str
    border: str
    thickness: float
    rounded: bool
    dashed: bool
    font_size: int
    circle: bool = False


LOOKS = {
    "leaf": Look("#fff2cc", "#7a5200", 2.0, rounded=False, dashed=False, font_size=12),
    "constant": Look("#ffffff", "#6b6b6b", 1.0, rounded=False, dashed=True, font_size=10),
    "operation": Look("#ffffff", "#333333", 1.0, rounded=True, dashed=False, font_size=12),
    "outside": Look("#ffffff", "#6b6b6b", 1.0, rounded=False, dashed=True, font_size=12),
    "group": Look("#eef1f4", "#333333", 1.5, rounded=True, dashed=False, font_size=12),
    "neuron": Look("#ffffff", "#6b6b6b", 1.0, rounded=True, dashed=False, font_size=11, circle=True),
}


FRAME = Look("#f3f4f6", "#b4b8bf", 1.0, rounded=True, dashed=False, font_size=12)
"""How the frame around the boxes of a group is drawn."""


class Box(NamedTuple):
    """A box: its lines of text, its kind (a key of LOOKS), whether it is the root, and the group it belongs to.

    It may have a look of its own.
    """

    lines: tuple[str, ...]
    kind: str
    is_root: bool = False
    group: str | None = None
    own_look: Look | None = None

    @property
    def look(self) -> Look:
        """How it is drawn."""
        if self.own_look is not None:
            return self.own_look
        look = LOOKS[self.kind]
        return look._replace(fill=ROOT_FILL, border=ROOT_BORDER) if self.is_root else look


class Stroke(NamedTuple):
    """How a line is drawn that is not an arrow: its colour, its thickness in points, and whether it is dashed."""

    colour: str
    thickness: float
    dashed: bool


class Arrow(NamedTuple):
    """An arrow from one box to another, by their positions in the diagram; the label stands at its head.

    With a stroke it is a line without a head.
    """

    tail: int
    head: int
    label: str = ""
    stroke: Stroke | None = None


class Diagram(NamedTuple):
    """Boxes, and arrows that lead from a box to a later one; the direction is one of DIRECTIONS.

    Our own layout keeps the spacing, in points, between boxes that arrows join.
    """

    boxes: tuple[Box, ...]
    arrows: tuple[Arrow, ...]
    direction: str = "LR"
    spacing: float = 32.0


def describe(diagram: Diagram) -> str:
    """Return a description of the picture, for readers who cannot see it."""
    return f"Computation graph with {len(diagram.boxes)} nodes and {len(diagram.arrows)} edges"


def neighbours(count: int, links: Iterable[Sequence[Any]]) -> tuple[list[list[int]], list[list[int]]]:
    """Return, for each box, the boxes that point to it and the boxes it points to.

    Arguments:
        count: how many boxes there are.
        links: arrows, or tuples that begin like them: with the positions of two boxes.
    """
    parents: list[list[int]] = [[] for _ in range(count)]
    children: list[list[int]] = [[] for _ in range(count)]
    for tail, head, *_ in links:
        parents[head].append(tail)
        children[tail].append(head)
    return parents, children


def text_width(text: str, font_size: float) -> float:
    """Return about how wide a text is in Helvetica; there are no font files to ask.

    >>> text_width("iiii", 10) < text_width("nnnn", 10) < text_width("MMMM", 10)
    True
    """
    return font_size * sum((SMALL if level else 1.0) * _width(piece) for piece, level in pieces(text))


def _width(text: str) -> float:
    width = 0.0
    for character in text:
        if unicodedata.east_asian_width(character) in "WF":
            width += 1.0
        elif unicodedata.combining(character) == 0:
            width += 0.3 if character in "ijlI.,:;'|!()[]/ tf·" else 0.86 if character in "mwMWGOQ@%…\ufffd" else 0.6
    return width + 0.06 * sum(map(str.isupper, text))


def box_size(box: Box) -> tuple[float, float]:
    """Return the width and height of a box around its text."""
    size = box.look.font_size
    width = max((text_width(line, size) for line in box.lines), default=0.0)
    if box.look.circle:
        diameter = max(width + 1.4 * size, SMALLEST_CIRCLE)
        return diameter, diameter
    return max(width + 1.2 * size, 30.0), max(len(box.lines) * 1.25 * size + 0.9 * size, 24.0)
