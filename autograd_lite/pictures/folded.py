"""A folded graph as a picture: neurons as circles, joined by their weights; other groups, and nodes, as boxes."""

import math
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from autograd_lite.folding import Group, Part, links, nodes_of
from autograd_lite.labels import clean
from autograd_lite.pictures.diagram import LOOKS, NEGATIVE, POSITIVE, Arrow, Box, Diagram, Stroke
from autograd_lite.primitives import MULTIPLY
from autograd_lite.value import Value
from autograd_lite.words.lecture import layer_title, lecture_name, typeset

THINNEST, THICKEST = 0.8, 5.0
"""Of the lines of weights and of the rings of neurons, in points."""

BETWEEN_LAYERS, BETWEEN_GROUPS = 100.0, 40.0
"""In points, between boxes that arrows join; lines from circle to circle need more room to be told apart."""

LISTED_RESULTS = 4
"""The largest number of results that the box of a group lists."""

LABELLED_EDGES = 12
"""The largest number of edges that have their weights beside them; of more, the numbers would hide each other."""


class Neuron(NamedTuple):
    """What a picture shows of a neuron; an input has only an output."""

    output: Value
    signal: Value | None = None


def neuron_of(part: Part) -> Neuron | None:
    """Return the output and the signal of a part that is a neuron or an input; None for other parts."""
    if isinstance(part, Value):
        name = lecture_name(str(part.label))
        return Neuron(part) if name is not None and name.letter == "o" else None
    if part.unit is None or not part.unit[1]:
        return None
    nodes = part.nodes()
    named = {name.letter: node for node in nodes if (name := lecture_name(str(node.label)))}
    return Neuron(named.get("o", nodes[-1]), named.get("s"))


def weight_of(parent: Value, node: Value) -> Value | None:
    """Return the weight that a neuron's input is multiplied by, or None if the edge is not such a product."""
    if node.op is MULTIPLY:
        for factor in node.parents:
            name = lecture_name(str(factor.label))
            if factor is not parent and name is not None and name.letter == "w":
                return factor
    return None


def folded_diagram(
    parts: Sequence[Part],
    root: Value,
    direction: str,
    *,
    box_of: Callable[[Value], Box],
    gradient_of: Callable[[Value], float | None],
    number: Callable[[float], str],
) -> Diagram:
    """Return parts of a graph as a diagram.

    Arguments:
        parts: groups and nodes, each after those that it is computed from.
        root: the root of the graph.
        direction: as for `draw`.
        box_of: returns the box of a node.
        gradient_of: returns the gradient of a node; None if it is not shown.
        number: writes a number.

    The fill of a neuron is its output and its ring the gradient of its signal, delta; the thickness of an edge is its
    weight. Blue is positive; orange and, for lines, dashed is negative.
    """
    neurons = [neuron_of(part) for part in parts]
    outputs = [neuron.output.data for neuron in neurons if neuron is not None]
    signals = [neuron.signal for neuron in neurons if neuron is not None and neuron.signal is not None]
    deltas = {signal: gradient_of(signal) for signal in signals}
    edges = links(parts)
    weights = {ends: weight_of(*through[0]) if neurons[ends[1]] else None for ends, through in edges.items()}
    most_output = largest([1.0, *outputs])
    most_delta = largest(delta for delta in deltas.values() if delta is not None)
    most_weight = largest(weight.data for weight in weights.values() if weight is not None)

    used = {parent for through in edges.values() for parent, _ in through} | {root}

    def box(part: Part, neuron: Neuron | None) -> Box:
        is_root = root in nodes_of(part)
        if neuron is not None:
            delta = None if neuron.signal is None else deltas[neuron.signal]
            lines = [typeset(clean(neuron.output.label)), number(neuron.output.data)]
            lines += [] if delta is None else [f"δ {number(delta)}"]
            look = LOOKS["neuron"]._replace(
                fill=tint(relative(neuron.output.data, most_output)),
                border=colour(delta or 0.0),
                thickness=thickness(delta or 0.0, most_delta),
                dashed=delta is not None and delta < 0,
            )
            layer = part.unit[0] if isinstance(part, Group) and part.unit else 0
            return Box(tuple(filter(None, lines)), "neuron", is_root, layer_title(layer), look)
        if isinstance(part, Value):
            return box_of(part)
        nodes = part.nodes()
        results = [number(node.data) for node in nodes if node in used]
        shown = ", ".join(results) if len(results) <= LISTED_RESULTS else f"{len(results)} results"
        return Box(tuple(filter(None, [part.title, part.place, f"{len(nodes):,} nodes", shown])), "group", is_root)

    def arrow(tail: int, head: int) -> Arrow:
        weight = weights[tail, head]
        if weight is None:
            return Arrow(tail, head)
        stroke = Stroke(colour(weight.data), thickness(weight.data, most_weight), dashed=weight.data < 0)
        label = number(weight.data) if len(edges) <= LABELLED_EDGES else ""
        return Arrow(tail, head, label, stroke)

    boxes = [box(part, neuron) for part, neuron in zip(parts, neurons, strict=True)]
    arrows = tuple(arrow(*ends) for ends in edges)
    return Diagram(tuple(boxes), arrows, direction, BETWEEN_LAYERS if outputs else BETWEEN_GROUPS)


def colour(number: float) -> str:
    """Return the colour of a positive or negative number, or of 0."""
    return POSITIVE if number > 0 else NEGATIVE if number < 0 else LOOKS["neuron"].border


def largest(numbers: Iterable[float]) -> float:
    """Return the largest size of the finite numbers; 0 if there are none."""
    return max(filter(math.isfinite, map(abs, numbers)), default=0.0)


def relative(number: float, most: float) -> float:
    """Return how large a number is beside the largest one, from -1 to 1: the largest if infinite, 0 if nan.

    >>> relative(-1.0, 2.0), relative(-math.inf, 2.0), relative(math.nan, 2.0), relative(0.0, 0.0)
    (-0.5, -1.0, 0.0, 0.0)
    """
    return 0.0 if not most or math.isnan(number) else max(-1.0, min(number / most, 1.0))


def thickness(number: float, most: float) -> float:
    """Return the thickness of a line that shows a number."""
    return THINNEST + (THICKEST - THINNEST) * abs(relative(number, most))


def tint(share: float) -> str:
    """Return the colour of a number as a fill, paler for smaller numbers, on which black text can be read.

    >>> tint(0.0), tint(1.0)
    ('#ffffff', '#6c9ccb')
    """
    parts = [int(colour(share)[place : place + 2], 16) for place in (1, 3, 5)]
    return "#" + "".join(f"{round(255 - 0.6 * min(abs(share), 1.0) * (255 - part)):02x}" for part in parts)
