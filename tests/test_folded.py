"""The picture of a folded graph: neurons, the lines of their weights, and groups, in our SVG, in DOT and in LaTeX."""

import math
import re
import shutil
import xml.etree.ElementTree as ET

import numpy as np
import pytest

from autograd_lite import Value, draw
from autograd_lite.pictures.diagram import NEGATIVE, POSITIVE
from autograd_lite.pictures.folded import THICKEST, THINNEST, tint
from autograd_lite.pictures.layout import find_layout
from autograd_lite.pictures.pgf import to_pgf
from autograd_lite.words.lecture import in_ascii
from nn import MLP, squared_error

SVG = "{http://www.w3.org/2000/svg}"


def network(sizes=(4, 4, 3), backward=True):
    generator = np.random.default_rng(7)
    net = MLP(sizes[0], sizes[1:], seed=0)
    net.weights = [generator.normal(size=matrix.shape) for matrix in net.weights]
    root = squared_error(net.outputs(generator.normal(size=sizes[0])), [0.5] * sizes[-1])
    if backward:
        root.backward()
    return net, root


def values_of(root, letter):
    """The nodes of a graph with labels of the lecture, by unit and layer."""
    found, stack = {}, [root]
    while stack:
        node = stack.pop()
        match = re.fullmatch(rf"{letter}_(\d+)\^\((\d+)\)", node.label)
        if match:
            found[int(match[2]), int(match[1])] = node
        stack += node.parents
    return found


def unit_of(box):
    """The layer and the number of a neuron, from its first line."""
    match = re.match(r"o_(\d+)\^\((\d+)\)", in_ascii(box.lines[0]))
    return int(match[2]), int(match[1])


def test_a_neuron_shows_its_output_and_delta():
    _, root = network()
    outputs, signals = values_of(root, "o"), values_of(root, "s")
    boxes = draw(root, detail="neuron").diagram.boxes
    circles = {unit_of(box): box for box in boxes if box.kind == "neuron"}
    assert circles.keys() == outputs.keys()
    assert [box.kind for box in boxes if box.is_root] == ["group"]  # the loss
    for unit, box in circles.items():
        assert float(box.lines[1].replace("−", "-")) == pytest.approx(outputs[unit].data, rel=1e-3)
        assert box.look.fill == tint(outputs[unit].data / max(1.0, *(abs(o.data) for o in outputs.values())))
        if unit[0] == 0:
            assert len(box.lines) == 2
        else:
            delta = signals[unit].grad
            assert float(box.lines[2].removeprefix("δ ").replace("−", "-")) == pytest.approx(delta, rel=1e-3)
            assert box.look.dashed == (delta < 0)
            assert box.look.border == (NEGATIVE if delta < 0 else POSITIVE)


def test_before_a_backward_pass_no_delta_is_shown():
    _, root = network(backward=False)
    for box in draw(root, detail="neuron").diagram.boxes:
        assert len(box.lines) == 2 or box.kind == "group"
        assert not box.look.dashed


def test_a_line_between_neurons_shows_the_weight():
    net, root = network()
    diagram = draw(root, detail="neuron").diagram
    largest = max(abs(matrix[:, 1:]).max() for matrix in net.weights)
    lines = 0
    for arrow in diagram.arrows:
        if arrow.stroke is not None:
            (_, a), (l, b) = (unit_of(diagram.boxes[box]) for box in (arrow.tail, arrow.head))
            weight = net.weights[l - 1][b - 1, a]
            assert arrow.stroke.dashed == (weight < 0)
            assert arrow.stroke.colour == (NEGATIVE if weight < 0 else POSITIVE)
            share = (arrow.stroke.thickness - THINNEST) / (THICKEST - THINNEST)
            assert share == pytest.approx(abs(weight) / largest)
            lines += 1
    assert lines == 4 * 4 + 4 * 3
    assert len(diagram.arrows) == lines + 3  # to the loss


def test_weights_stand_beside_few_lines_and_not_beside_many():
    few, many = (draw(network(sizes)[1], detail="neuron").diagram for sizes in ((2, 2, 1), (4, 4, 3)))
    assert all(arrow.label for arrow in few.arrows if arrow.stroke)
    assert not any(arrow.label for arrow in many.arrows)


def test_circles_stand_in_layers_and_their_lines_end_at_them():
    _, root = network((8, 12, 6, 2))
    diagram = draw(root, detail="neuron").diagram
    layout = find_layout(diagram)
    columns = {}
    for box, place in zip(diagram.boxes, layout.boxes, strict=True):
        if box.kind == "neuron":
            assert place.width == pytest.approx(place.height)
            columns.setdefault(unit_of(box)[0], []).append((place.x + place.width / 2, place.y, unit_of(box)[1]))
    middles = [column[0][0] for _, column in sorted(columns.items())]
    assert middles == sorted(middles)
    for column in columns.values():
        assert len({round(x, 6) for x, _, _ in column}) == 1
        assert [b for _, _, b in sorted(column, key=lambda entry: entry[1])] == list(range(1, len(column) + 1))
    for arrow, path, tip in zip(diagram.arrows, layout.paths, layout.tips, strict=True):
        if arrow.stroke is not None:
            for point, box in ((path[0][0], arrow.tail), (tip, arrow.head)):
                place = layout.boxes[box]
                radius = np.hypot(point[0] - place.x - place.width / 2, point[1] - place.y - place.height / 2)
                assert radius == pytest.approx(place.width / 2)


def test_the_svg_has_circles_and_dashed_lines():
    _, root = network()
    svg = ET.fromstring(draw(root, detail="neuron").pipe("svg", encoding="utf-8"))
    circles = [group.find(f"{SVG}rect") for group in svg.iter(f"{SVG}g") if group.get("class") == "node neuron"]
    assert len(circles) == 11
    assert all(2 * float(circle.get("rx")) == pytest.approx(float(circle.get("width")), abs=0.2) for circle in circles)
    lines = list(svg.iter(f"{SVG}path"))
    for path in lines:
        assert (path.get("stroke") == NEGATIVE) == (path.get("stroke-dasharray") is not None)
    assert {path.get("stroke") for path in lines} >= {NEGATIVE, POSITIVE}


@pytest.mark.dot
@pytest.mark.skipif(shutil.which("dot") is None, reason="the program dot is not installed")
def test_dot_draws_them_too():
    _, root = network()
    picture = draw(root, detail="neuron", use_dot=True)
    svg = ET.fromstring(picture.pipe("svg"))
    assert len(list(svg.iter(f"{SVG}ellipse"))) == 11
    dashed = [
        path for path in svg.iter(f"{SVG}path") if path.get("stroke-dasharray") and path.get("stroke") == NEGATIVE
    ]
    assert len(dashed) == picture.source.count("style=dashed")


def test_latex_draws_them_too():
    _, root = network()
    diagram = draw(root, detail="neuron").diagram
    pgf = to_pgf(diagram)
    negative = sum(arrow.stroke is not None and arrow.stroke.dashed for arrow in diagram.arrows)
    rings = sum(box.look.dashed for box in diagram.boxes)
    assert pgf.count(r"\pgfsetdash") == negative + rings


def test_layers_and_groups_are_boxes_with_their_results():
    _, root = network((2, 2, 1))
    layers = draw(root, detail="layer").diagram
    assert [box.lines[0] for box in layers.boxes] == ["inputs", "layer 1", "layer 2", "e"]
    assert [arrow[:2] for arrow in layers.arrows] == [(0, 1), (1, 2), (2, 3)]
    assert not any(arrow.stroke for arrow in layers.arrows)
    x = Value(1.0, "x")
    y = x
    for _ in range(1000):
        y = y.sin()
    groups = draw(y, detail="group").diagram
    assert sum(int(box.lines[1].split()[0]) for box in groups.boxes) == 1001
    assert float(groups.boxes[-1].lines[-1]) == pytest.approx(y.data, rel=1e-3)
    with pytest.raises(ValueError, match="detail='group'"):
        draw(y)


@pytest.mark.parametrize(
    ("detail", "message"), [("neuron", "labels of the lecture"), ("layer", "labels"), ("x", "detail")]
)
def test_wrong_details_are_named(detail, message):
    with pytest.raises(ValueError, match=message):
        draw(Value(1.0).tanh(), detail=detail)


def test_a_fill_never_hides_black_text():
    """WCAG 2.1 asks for a contrast of 4.5 : 1; its formula of the luminance, for the strongest fills."""
    for share in (-1.0, -0.5, 0.0, 0.5, 1.0, 7.0):
        channels = [int(tint(share)[place : place + 2], 16) / 255 for place in (1, 3, 5)]
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
        luminance = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
        assert (luminance + 0.05) / 0.05 >= 4.5


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("place", ["input", "weight"])
def test_a_network_with_numbers_that_are_not_finite_is_drawn(number, place):
    """What is finite keeps its look; nan is white, and an infinite number as strong as the largest one."""
    net = MLP(2, [2, 1], activation="linear", weights=[[[0.0, 1.0, -0.5], [0.0, 0.5, 1.0]], [[0.0, 1.0, 1.0]]])
    if place == "weight":
        net.parameters()[1].data = number
    error = squared_error(net([number if place == "input" else 1.0, 0.5]), 0.5)
    diagram = draw(error, detail="neuron").diagram
    looks = {box.lines[0]: box.look for box in diagram.boxes if box.kind == "neuron"}
    assert looks["o₂⁽⁰⁾"].fill == tint(0.5)
    expected = "#ffffff" if math.isnan(number) else tint(math.copysign(1.0, number))
    assert looks["o₁⁽⁰⁾" if place == "input" else "s₁⁽¹⁾"].fill == expected
    assert all(THINNEST <= arrow.stroke.thickness <= THICKEST for arrow in diagram.arrows if arrow.stroke)
    assert 'class="node neuron' in draw(error, detail="neuron").pipe(format="svg").decode()
