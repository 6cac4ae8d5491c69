"""What the view shows, as plain data for JSON: the picture, the nodes, and the steps in symbols and in numbers."""

import math
from typing import Any, TypeAlias

from autograd_lite.labels import number_text
from autograd_lite.pictures.diagram import Diagram
from autograd_lite.pictures.drawing import diagram_from, kind_of, layers, written
from autograd_lite.pictures.layout import find_layout
from autograd_lite.primitives import CONSTANT
from autograd_lite.value import Step, Value, topological_order
from autograd_lite.walk import WalkStep, part_below, walk_steps
from autograd_lite.words.lecture import delta_name
from autograd_lite.words.names import node_names
from autograd_lite.words.sentences import Writer

Json: TypeAlias = dict[str, Any]

ROOM = (960.0, 420.0)
"""The width and height that a picture has in most notebooks; of two directions, the one that fits better is taken."""

SPACING = {"LR": 56.0, "RL": 56.0, "TB": 36.0, "BT": 36.0}
"""In points, with room for the local partial derivative beside an edge."""


class Story:
    """The walk over a graph, or over the part of it below a Value, as plain data.

    Arguments:
        root, below, digits: as for `walk_steps`.

    Node number i and argument number k are those of the boxes and arrows of `diagram_of`: the i-th node in topological
    order, and the k-th of all arguments in that order.

    >>> a = Value(3.0, "a")
    >>> L = a * a; L.label = "L"
    >>> told = Story(L).told()
    >>> [node["name"] for node in told["nodes"]], told["steps"][-1]["total"]
    (['a', 'L'], ['6.0', 6.0])
    """

    def __init__(self, root: Value, below: Value | None = None, digits: int = 4) -> None:
        order = topological_order(root)
        self.root, self.below, self.digits = root, below, digits
        self.part = order if below is None else part_below(root, order, below)
        self.names = node_names(order)
        self.index = {node: i for i, node in enumerate(self.part)}
        self.first_arrow: dict[Value, int] = {}
        self._walk = walk_steps(root, below, digits=digits)
        arrows = 0
        for node in self.part:
            self.first_arrow[node] = arrows
            arrows += len(node.parents)

    def told(self) -> Json:
        """The nodes and the steps."""
        text = Writer(self.names, self.root, self.digits)
        mathml = text._replace(form="mathml")
        nodes: list[Json] = [
            {
                "name": text.name(node),
                "math": mathml.name(node),
                "title": self.title(node),
                "kind": kind_of(node),
                "data": self.number(node.data),
                "delta": text.delta(node),
                "deltaMath": mathml.delta(node),
            }
            for node in self.part
        ]
        told: list[Json] = []
        for step in self._walk:
            line: Json = {"phase": step.phase, "text": step.text}
            if step.node is not None:
                line["node"] = self.index[step.node]
            if step.phase == "forward" and step.node is not None:
                line |= self.computation(step.node, text, mathml)
            elif step.phase == "seed" and step.result is not None:
                line["total"] = self.number(step.result)
            elif step.step is not None:
                line |= self.application(step, step.step, text, mathml)
            told.append(line)
        return {
            "root": text.name(self.root),
            "rootMath": mathml.name(self.root),
            "nodes": nodes,
            "heads": [self.index[node] for node in self.part for _ in node.parents],
            "steps": told,
        }

    def computation(self, node: Value, text: Writer, mathml: Writer) -> Json:
        """How a node is computed."""
        return {
            "expression": text.expression(node),
            "expressionMath": mathml.expression(node),
            "numbers": text.expression(node, by_number=True),
            "numbersMath": mathml.expression(node, by_number=True),
            "data": self.number(node.data),
        }

    def application(self, walked: WalkStep, step: Step, text: Writer, mathml: Writer) -> Json:
        """How the chain rule is applied at an edge."""
        return {
            "parent": self.index[step.parent],
            "edge": self.first_arrow[step.node] + step.place,
            "formula": text.slope(step),
            "formulaMath": mathml.slope(step),
            "slope": self.number(step.slope),
            "upstream": self.number(step.upstream),
            "share": self.number(step.share),
            "before": None if walked.before is None else self.number(walked.before),
            "total": self.number(step.total),
            "number": walked.number,
            "of": walked.of,
        }

    def number(self, number: float) -> list[Any]:
        """A number as it is shown, and as it is; JSON has neither inf nor nan, they are None there."""
        return [number_text(number, self.digits), number if math.isfinite(number) else None]

    def title(self, node: Value) -> str:
        """The first line of a node's box: what it is called, and how it was computed; of a constant the only line."""
        if node.op is CONSTANT:
            number = number_text(node.data, self.digits)
            return f"{self.names[node]} = {number}" if node in self.names else number
        return self.names[node] + (f" = {written(node)}" if node.parents else "")

    def diagram(self, direction: str, room: bool = False) -> Diagram:
        """The graph as boxes: with all numbers, or with room for any that the view may show there.

        Each box but that of a constant has three lines: name, data and gradient.
        """
        gradients: dict[Value, float] = {}
        uses: dict[Value, int] = {}
        for step in self._walk:
            if step.phase == "seed" and step.node is not None and step.result is not None:
                gradients[step.node] = step.result
            elif step.step is not None:
                gradients[step.step.parent] = step.step.total
                uses[step.step.parent] = step.of
        widest = max(
            (number_text(n, self.digits) for n in [*gradients.values(), *(node.data for node in self.part)]), key=len
        )
        widest = max(widest, "-0." + "0" * self.digits, key=len)

        def lines(node: Value) -> tuple[str, ...]:
            if node.op is CONSTANT:
                return (self.title(node),)
            data = widest if room else number_text(node.data, self.digits)
            delta = delta_name(self.names[node]).replace("delta", "δ")
            gradient = widest if room else number_text(gradients.get(node, 0.0), self.digits)
            part = f" ({uses[node]} of {uses[node]})" if room and uses.get(node, 1) > 1 else ""
            marks = "▸ ● " if room else ""
            return f"{marks}{self.title(node)}", f"data {data}", f"{f'{delta} =' if delta else 'grad'} {gradient}{part}"

        diagram = diagram_from(self.part, self.part[-1], lines, layers(self.part), direction)
        return diagram._replace(spacing=SPACING[direction]) if room else diagram

    def direction(self) -> str:
        """From left to right or from top to bottom: the one that fits better where the view has its picture."""

        def scale(direction: str) -> float:
            layout = find_layout(self.diagram(direction, room=True))
            return min(ROOM[0] / layout.width, ROOM[1] / layout.height)

        return max(("LR", "TB"), key=scale)

    def leaves(self) -> dict[str, Value]:
        """The leaves of the part, by name; constants are none."""
        return {self.names[node]: node for node in self.part if not node.parents and node.op is not CONSTANT}
