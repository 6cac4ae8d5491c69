"""A folded graph as plain data for the view: the tree of its groups, their pictures, and its formulas as templates.

Groups that look alike share one picture; what stands in it is written in the page, when a group is opened. So the page
of a graph of 43,000 nodes stays small.
"""

import re
from collections.abc import Hashable, Mapping, Sequence
from functools import partial
from typing import Any, TypeAlias

from autograd_lite.folding import Group, Part, links, nodes_of, owners
from autograd_lite.labels import number_text
from autograd_lite.pictures.diagram import Arrow, Box, Diagram
from autograd_lite.pictures.drawing import boxed, kind_of, written
from autograd_lite.pictures.folded import folded_diagram, neuron_of
from autograd_lite.pictures.layout import find_layout
from autograd_lite.pictures.svg import to_svg
from autograd_lite.primitives import CONSTANT
from autograd_lite.value import Value
from autograd_lite.words.lecture import delta_name, typeset
from autograd_lite.words.notation import ATOM, HOLE, MATHML, UNICODE, Written, slope_formula
from autograd_lite.words.sentences import Writer

Json: TypeAlias = Any

ROOM = (960.0, 420.0)
"""The width and height that a picture has in most notebooks, by which its direction is chosen."""

SPACING = {"LR": 56.0, "TB": 36.0}
"""In points, with room for the local partial derivative beside an edge."""

LINEAR = ("add", "subtract", "multiply")
"""The rows whose slopes have no simpler formula for a constant than for a variable."""

NUMBERED = re.compile(r"[a-z]\d+")
"""Names that the page itself writes with an index."""

OUTSIDE = 40
"""The largest number of nodes from outside that are shown beside a group which is computed from them."""


class Folds:
    """Writes the groups of a graph as data.

    Arguments:
        order: the whole graph, in topological order; nodes are numbered by it.
        names: what nodes are called.
        digits: how many significant digits the view shows.
    """

    def __init__(self, order: Sequence[Value], names: Mapping[Value, str], digits: int) -> None:
        self.order, self.names, self.digits = order, names, digits
        self.index = {node: position for position, node in enumerate(order)}
        self.boxed = set(boxed(order, names))
        self.layouts: dict[Hashable, int] = {}
        self.pictures: list[Json] = []
        self.widest = "−0." + "0" * digits + "e−00"

    def data(self, group: Group, rows: Sequence[Sequence[int]]) -> Json:
        """Return the tree of groups with their pictures, and what formulas are made of.

        Arguments:
            group: the graph, folded.
            rows: as for `templates`.
        """
        mathml = Writer(self.names, self.order[-1], MATHML)
        names = [self.names.get(node, "") for node in self.order]
        special = {self.index[node]: node for node, name in self.names.items() if not NUMBERED.fullmatch(name)}
        return {
            "tree": self.tree(group),
            "pictures": self.pictures,
            "names": [name if NUMBERED.fullmatch(name) else typeset(name) for name in names],
            "hidden": [position for node, position in self.index.items() if node not in self.boxed],
            "maths": {position: mathml.name(node) for position, node in special.items()},
            "binds": {
                position: binds
                for position, node in special.items()
                if (binds := [form.name(self.names[node]).binds for form in (UNICODE, MATHML)]) != [ATOM, ATOM]
            },
            "templates": self.templates(rows),
        }

    def tree(self, group: Group) -> Json:
        """Return a group and the groups in it; a node is its number."""
        title = group.title if group.place else typeset(group.title)  # a line of code stays as it is
        told: Json = {"title": title, "picture": self.picture(group)}
        told["parts"] = [self.tree(part) if isinstance(part, Group) else self.index[part] for part in self.shown(group)]
        told["inputs"] = [self.index[part] for part in group.parts if isinstance(part, Value) and neuron_of(part)]
        if group.place:
            told["place"] = group.place
        neuron = neuron_of(group)
        if neuron is not None:
            told |= {"unit": group.unit, "output": self.index[neuron.output]}
            if neuron.signal is not None:
                delta = delta_name(str(neuron.signal.label))
                told |= {
                    "signal": self.index[neuron.signal],
                    "delta": typeset(delta),
                    "deltaMath": MATHML.name(delta).text,
                }
        return told

    def shown(self, group: Group) -> list[Part]:
        """Return the parts of a group in which a node has a box."""
        return [part for part in group.parts if not self.boxed.isdisjoint(nodes_of(part))]

    def picture(self, group: Group) -> int:
        """Return the number of the picture of an opened group, in which boxes have room for any text."""
        parts, outside = self.shown(group), self.outside(group)
        if any(isinstance(part, Group) and neuron_of(part) for part in parts):
            return self.add(self.network(parts))
        edges = arrows_between(outside, parts)
        shapes = [self.box(part).lines for part in parts]
        key = tuple(shapes), tuple(edges), tuple(map(kind_of, outside))
        if key not in self.layouts:
            boxes = [Box(self.box(node).lines, "outside") for node in outside] + [self.box(part) for part in parts]
            arrows = tuple(Arrow(*ends) for ends in edges)
            ways = [Diagram(tuple(boxes), arrows, way, spacing) for way, spacing in SPACING.items()]
            self.layouts[key] = self.add(max(ways, key=partial(scale_in, ROOM)))
        return self.layouts[key]

    def add(self, diagram: Diagram) -> int:
        """Add a picture, and return its number."""
        edges = [arrow[:2] for arrow in diagram.arrows]
        outside = sum(box.kind == "outside" for box in diagram.boxes)
        picture = to_svg(diagram, titles=False)
        self.pictures.append({"svg": picture, "direction": diagram.direction, "edges": edges, "outside": outside})
        return len(self.pictures) - 1

    def network(self, parts: Sequence[Part]) -> Diagram:
        """Return a network's neurons as circles."""
        return folded_diagram(
            parts, self.order[-1], "LR", box_of=self.box, gradient_of=lambda _: 1.0, number=lambda _: self.widest[1:-4]
        )

    def box(self, part: Part) -> Box:
        """Return a box with room for what the view may show in it."""
        if isinstance(part, Group):
            return Box(("▸ " + "n" * 24, self.widest, "grad " + self.widest), "group")
        if part.op is CONSTANT:
            return Box((f"c = {self.widest}",), "constant")
        rooms = {parent: "a" if parent in self.boxed else "0" * (self.digits + 3) for parent in part.parents}
        arguments = {parent: room for parent, room in rooms.items() if not self.is_written(parent, part)}
        how = f" = {written(part, arguments)}" if part.parents else ""
        name = "0" * max(6, len(self.names.get(part, "")))
        return Box((f"▸ {name}{how}", f"data {self.widest}", f"grad {self.widest} (00 of 00)"), kind_of(part))

    def outside(self, group: Group) -> list[Value]:
        """Return the nodes outside of a group that its nodes, outside of the groups in it, are computed from."""
        inside = owners(group.parts)
        single = [part for part in group.parts if isinstance(part, Value)]
        found = dict.fromkeys(p for node in single for p in node.parents if p in self.boxed and p not in inside)
        return list(found) if len(found) <= OUTSIDE else []

    def templates(self, rows: Sequence[Sequence[int]]) -> Json:
        """Return how each kind of operation in the graph is written, and each of its slopes, in text and in MathML.

        The key has the number of the node's row and, for each argument, the first place where it occurs. A constant is
        an argument like others in a sum or a product; in other rows its number is written, and is part of the key. In
        slopes, hole 0 is the result and hole 1 the first argument (see `Writer.template`).

        Arguments:
            rows: for each node the number of its row, and its arguments.
        """
        found: Json = {}
        for node, (row, *_) in zip(self.order, rows, strict=True):
            if not node.parents:
                continue
            places = {parent: place for place, parent in reversed(list(enumerate(node.parents)))}
            kept = [parent for parent in places if self.is_written(parent, node)]
            key = [f"={number_text(p.data, 17)}" if p in kept else str(places[p]) for p in node.parents]
            key_text = " ".join([str(row), *key])
            if key_text in found:
                continue
            leaves = {parent: parent if parent in kept else Value(parent.data) for parent in places}
            like = node.op(*[leaves[parent] for parent in node.parents])
            holes = {leaves[parent]: place for parent, place in places.items() if parent not in kept}
            names = {like: "0"} | {leaf: str(1 + place) for leaf, place in holes.items()}
            forms = [form._replace(digits=self.digits) for form in (UNICODE, MATHML)]
            with_holes = [form._replace(name=lambda hole: Written(f"{{{hole}}}", HOLE)) for form in forms]
            found[key_text] = {
                "expression": [Writer(names, like, form).template(like, holes) for form in forms],
                "slopes": [
                    [slope_formula(like, place, names, form) for form in with_holes]
                    for place in range(len(node.parents))
                ],
            }
        return found

    def is_written(self, parent: Value, node: Value) -> bool:
        """Return whether the number of an argument is written into the formulas of a node."""
        return parent.op is CONSTANT and parent not in self.names and node.op.name not in LINEAR


def arrows_between(outside: Sequence[Value], parts: Sequence[Part]) -> list[tuple[int, int]]:
    """Return the arrows of a picture: one for each use of a node by a node, and one for each other connected pair.

    Arguments:
        outside: nodes from outside; they are the first boxes.
        parts: the other boxes.
    """
    boxes = [*outside, *parts]
    owner = owners(boxes)
    found: list[tuple[int, int]] = []
    for number, part in enumerate(parts, start=len(outside)):
        if isinstance(part, Value):
            tails = [owner[parent] for parent in part.parents if parent in owner]
            found += [(tail, number) for tail in tails if isinstance(boxes[tail], Value)]
            found += dict.fromkeys((tail, number) for tail in tails if isinstance(boxes[tail], Group))
    inner = [(tail + len(outside), head + len(outside)) for tail, head in links(parts)]
    return found + [ends for ends in inner if isinstance(boxes[ends[1]], Group)]


def scale_in(room: tuple[float, float], diagram: Diagram) -> float:
    """Return how large a diagram can be drawn in a room of that width and height."""
    layout = find_layout(diagram)
    return min(room[0] / layout.width, room[1] / layout.height)
