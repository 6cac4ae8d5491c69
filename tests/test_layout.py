"""The layout in plain Python: nothing overlaps, nothing is lost, whatever the graph."""

import re
from itertools import combinations, pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autograd_lite.pictures.diagram import DIRECTIONS, Arrow, Box, Diagram, box_size, text_width
from autograd_lite.pictures.layout import Layout, Rectangle, find_layout, settle


@st.composite
def diagrams(draw):
    count = draw(st.integers(1, 14))
    boxes, arrows = [], []
    for number in range(count):
        lines = tuple(draw(st.lists(st.text("ab w", max_size=12), max_size=3)))
        group = draw(st.sampled_from([None, "one", "two", "three"]))
        boxes.append(Box(lines, draw(st.sampled_from(["leaf", "constant", "operation"])), number == count - 1, group))
        if number:
            tails = draw(st.lists(st.integers(0, number - 1), max_size=4))
            arrows += [Arrow(tail, number, str(place)) for place, tail in enumerate(tails, 1)]
    return Diagram(tuple(boxes), tuple(arrows), draw(st.sampled_from(DIRECTIONS)))


def overlap(a: Rectangle, b: Rectangle, slack: float = 1e-6) -> bool:
    return (
        min(a.x + a.width, b.x + b.width) - max(a.x, b.x) > slack
        and min(a.y + a.height, b.y + b.height) - max(a.y, b.y) > slack
    )


def along_path(path, samples=24):
    """Points on a path: the formula of a cubic Bézier curve, and of a straight line."""
    here = path[0][0]
    for step in path[1:]:
        for t in (k / samples for k in range(samples + 1)):
            weights = ((1 - t), t) if len(step) == 1 else ((1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t**2 * (1 - t), t**3)
            points = [here, *step]
            yield tuple(sum(w * p[axis] for w, p in zip(weights, points, strict=True)) for axis in (0, 1))
        here = step[-1]


@given(diagrams())
@settings(max_examples=150)
def test_no_two_boxes_overlap_and_all_lie_in_the_picture(diagram: Diagram) -> None:
    layout = find_layout(diagram)
    assert len(layout.boxes) == len(diagram.boxes)
    for a, b in combinations(layout.boxes, 2):
        assert not overlap(a, b)
    for shape in [*layout.boxes, *layout.groups.values()]:
        assert shape.x >= 0
        assert shape.y >= 0
        assert shape.x + shape.width <= layout.width + 1e-6
        assert shape.y + shape.height <= layout.height + 1e-6


@given(diagrams())
@settings(max_examples=100)
def test_arrows_lead_from_box_to_box_and_cross_no_other_box(diagram: Diagram) -> None:
    layout = find_layout(diagram)
    assert len(layout.paths) == len(layout.tips) == len(layout.labels) == len(diagram.arrows)
    for arrow, path, tip in zip(diagram.arrows, layout.paths, layout.tips, strict=True):
        assert on_border(path[0][0], layout.boxes[arrow.tail])
        assert on_border(tip, layout.boxes[arrow.head])
        for x, y in along_path(path):
            for number, box in enumerate(layout.boxes):
                if number != arrow.tail:
                    assert not overlap(box, Rectangle(x - 1e-3, y - 1e-3, 2e-3, 2e-3))


def on_border(point, box: Rectangle) -> bool:
    x, y = point
    near = lambda a, b: abs(a - b) < 1e-6
    inside_x, inside_y = box.x - 1e-6 <= x <= box.x + box.width + 1e-6, box.y - 1e-6 <= y <= box.y + box.height + 1e-6
    return (inside_y and (near(x, box.x) or near(x, box.x + box.width))) or (
        inside_x and (near(y, box.y) or near(y, box.y + box.height))
    )


@given(diagrams())
@settings(max_examples=200)
def test_a_box_comes_after_those_that_point_to_it(diagram: Diagram) -> None:
    layout = find_layout(diagram)
    for tail, head, *_ in diagram.arrows:
        a, b = layout.boxes[tail], layout.boxes[head]
        assert {
            "LR": a.x + a.width < b.x,
            "RL": b.x + b.width < a.x,
            "TB": a.y + a.height < b.y,
            "BT": b.y + b.height < a.y,
        }[diagram.direction]


@given(diagrams())
@settings(max_examples=300)
def test_a_group_holds_its_boxes_and_no_others(diagram: Diagram) -> None:
    layout = find_layout(diagram)
    for name, group in layout.groups.items():
        for box, place in zip(diagram.boxes, layout.boxes, strict=True):
            if box.group == name:
                assert group.x < place.x
                assert group.y < place.y
                assert place.x + place.width < group.x + group.width
                assert place.y + place.height < group.y + group.height
            else:
                assert not overlap(group, place)
    for a, b in combinations(layout.groups.values(), 2):
        assert not overlap(a, b)


@given(diagrams())
def test_arrows_arrive_apart(diagram: Diagram) -> None:
    tips = find_layout(diagram).tips
    assert len({(round(x, 3), round(y, 3)) for x, y in tips}) == len(tips)


def test_groups_in_a_cycle_are_not_drawn() -> None:
    boxes = [Box(("x",), "leaf", group=group) for group in ("one", "two", "one")]
    assert find_layout(Diagram(tuple(boxes), (Arrow(0, 1), Arrow(1, 2)))).groups == {}
    assert set(find_layout(Diagram(tuple(boxes), (Arrow(0, 2),))).groups) == {"one", "two"}


def test_boxes_of_a_chain_are_in_one_line() -> None:
    boxes = tuple(Box(("x",), "operation") for _ in range(50))
    layout = find_layout(Diagram(boxes, tuple(Arrow(i, i + 1) for i in range(49))))
    assert len({round(box.y + box.height / 2, 6) for box in layout.boxes}) == 1


def test_arrows_do_not_cross_where_they_need_not() -> None:
    # The middle one of three leaves must be the one that both products use, though it is written first.
    boxes = tuple(Box((name,), "leaf") for name in "xabpqr")
    arrows = (Arrow(0, 3), Arrow(1, 3), Arrow(2, 4), Arrow(0, 4), Arrow(3, 5), Arrow(4, 5))
    x, a, b, *_ = (place.y for place in find_layout(Diagram(boxes, arrows)).boxes)
    assert a < x < b or b < x < a


gap = st.floats(0.5, 5)
coordinate = st.floats(-20, 20)


@given(st.lists(st.tuples(coordinate, st.floats(0.1, 5), gap), min_size=1, max_size=6), st.randoms())
def test_settle_is_best_among_all_that_keep_the_gaps(rows, random) -> None:
    wanted, weights = [row[0] for row in rows], [row[1] for row in rows]
    gaps = [row[2] for row in rows[1:]]
    cost = lambda found: sum(w * (x - y) ** 2 for w, x, y in zip(weights, found, wanted, strict=True))
    best = settle(wanted, weights, gaps)
    assert all(b - a >= g - 1e-9 for (a, b), g in zip(pairwise(best), gaps, strict=True))
    for _ in range(50):  # the problem is convex: no better neighbour, no better point
        near = [x + random.uniform(-0.1, 0.1) for x in best]
        if all(b - a >= g for (a, b), g in zip(pairwise(near), gaps, strict=True)):
            assert cost(near) >= cost(best) - 1e-9


def test_text_fits_in_its_box() -> None:
    # widths of Helvetica in thousandths, from Adobe's font metrics: d 556, a 556, t 278, space 278, 0 556, . 278, 7 556
    assert text_width("data 0.7", 1000) >= 556 + 556 + 278 + 556 + 278 + 556 + 278 + 556
    assert text_width("日本", 10) >= 20
    assert text_width("e\u0301", 10) == text_width("e", 10)
    assert box_size(Box(("W" * 30,), "leaf"))[0] > 30 * 0.944 * 12


def test_a_long_chain_is_laid_out() -> None:
    boxes = tuple(Box(("x",), "operation") for _ in range(2000))
    layout = find_layout(Diagram(boxes, tuple(Arrow(max(0, i - step), i) for i in range(1, 2000) for step in (1, 2))))
    assert isinstance(layout, Layout)
    lefts = [box.x for box in layout.boxes]
    assert lefts == sorted(lefts)


@pytest.mark.parametrize("direction", DIRECTIONS)
def test_one_box(direction: str) -> None:
    layout = find_layout(Diagram((Box((), "leaf", True, "g"),), (), direction))
    assert re.fullmatch(r"\d+\.?\d*", str(layout.width))
    assert len(layout.groups) == 1
