"""The places of boxes and arrows, computed in plain Python, without the program `dot`.

The layout is the usual one in layers (Sugiyama, Tagawa and Toda 1981):
0. `find_bands`: groups of boxes, for example the layers of a network, follow each other;
1. `find_ranks`: each box gets a rank, later than the ranks of the boxes that point to it;
2. `add_bends`: an arrow that passes ranks gets a bend in each, so that it can be led around the boxes there;
3. `order_rows`: within its rank, each box moves to the average position of its neighbours, to have few crossings;
4. `spread_rows`: boxes keep their order and their distance, and come as near to their neighbours as that allows.
The coordinate `along` runs along the arrows, `across` at right angles to them; `turn` makes them x and y.
"""

from bisect import bisect_right
from collections.abc import Iterable
from itertools import accumulate, pairwise
from math import ceil, dist, sqrt
from statistics import fmean
from typing import NamedTuple

from autograd_lite.pictures.diagram import Arrow, Diagram, box_size, neighbours

MARGIN, PADDING = 8.0, 10.0
BETWEEN_BOXES, BETWEEN_LINES = 14.0, 12.0
TITLE = 20.0  # the height of a group's title
HEAD = 8.0  # the length of an arrow head
PORT = 9.0  # the least distance of arrow heads at one box
SWEEPS = 12


class Rectangle(NamedTuple):
    """A rectangle by its upper left corner and its size."""

    x: float
    y: float
    width: float
    height: float


Point = tuple[float, float]


class Layout(NamedTuple):
    """The place of everything, in points, y downward.

    A path is a list of steps from a start: one point is a straight line to it, three are a Bézier curve. The arrow
    head continues it to the tip.
    """

    width: float
    height: float
    boxes: list[Rectangle]
    paths: list[list[list[Point]]]
    tips: list[Point]
    labels: list[Point]
    groups: dict[str, Rectangle]


def find_bands(groups: list[str | None], parents: list[list[int]], children: list[list[int]]) -> list[int]:
    """Return the band of each box: an odd number for each group, and even numbers for boxes between groups.

    Bands never decrease along an arrow. If that is impossible (a path leaves a group and comes back), all are 0.
    """

    def apart(one: str | None, other: str | None) -> int:  # one band to or from the space between groups
        return 0 if one == other else 1 if None in (one, other) else 2

    def climb(lowest: dict[str, int]) -> list[int]:
        bands: list[int] = []
        for group, before in zip(groups, parents, strict=True):
            least = 0 if group is None else lowest[group]
            bands.append(max([least, *(bands[box] + apart(groups[box], group) for box in before)]))
        return bands

    lowest = {group: 1 for group in groups if group is not None}
    for _ in range(len(lowest) + 1):
        bands = climb(lowest)
        highest = dict(sorted((group, band) for group, band in zip(groups, bands, strict=True) if group is not None))
        if highest == lowest:
            break
        lowest = highest
    else:
        return [0] * len(groups)
    in_order = sorted(lowest, key=lambda group: (lowest[group], groups.index(group)))
    bands = climb({group: 2 * place + 1 for place, group in enumerate(in_order)})
    for box in reversed(range(len(groups))):  # a leaf outside of all groups stands beside what it is first used by
        if not parents[box] and groups[box] is None and children[box]:
            bands[box] = min(bands[child] for child in children[box]) // 2 * 2
    return bands


def find_ranks(bands: list[int], parents: list[list[int]], children: list[list[int]]) -> list[int]:
    """Return the rank of each box: one above its highest parent, band after band; leaves as late as possible."""
    ranks = [0] * len(bands)
    start = 0
    for band in sorted(set(bands)):
        members = [box for box in range(len(bands)) if bands[box] == band]
        for box in members:
            ranks[box] = max([start, *(ranks[parent] + 1 for parent in parents[box])])
        end = max(ranks[box] for box in members)
        for box in members:
            if not parents[box] and children[box]:
                ranks[box] = min([end, *(ranks[child] - 1 for child in children[box] if bands[child] == band)])
        start = end + 1
    return ranks


class Net(NamedTuple):
    """Boxes and bends, by number: the boxes first. Neighbours are always in the next rank."""

    ranks: list[int]
    rows: list[list[int]]
    before: list[list[int]]
    after: list[list[int]]
    routes: list[list[int]]  # for each arrow: its tail, its bends, its head


def add_bends(ranks: list[int], parents: list[list[int]], arrows: Iterable[Arrow]) -> Net:
    """Return boxes and bends in rows, in the order in which a walk back from the last box finds them.

    Arrows from one box share their bends: they run together until they have to part.
    """
    found: dict[int, int] = {}
    stack = list(range(len(ranks)))
    while stack:
        box = stack.pop()
        if box not in found:
            found[box] = len(found)
            stack.extend(reversed(parents[box]))

    bends: dict[tuple[int, int], int] = {}
    routes = []
    for tail, head, *_ in arrows:
        between = range(ranks[tail] + 1, ranks[head])
        route = [bends.setdefault((tail, rank), len(ranks) + len(bends)) for rank in between]
        routes.append([tail, *route, head])

    all_ranks = ranks + [rank for _, rank in bends]
    place = [found[box] for box in range(len(ranks))] + [found[tail] for tail, _ in bends]
    rows: list[list[int]] = [[] for _ in range(max(ranks) + 1)]
    for item in sorted(range(len(place)), key=place.__getitem__):
        rows[all_ranks[item]].append(item)

    before, after = neighbours(len(place), dict.fromkeys(link for route in routes for link in pairwise(route)))
    return Net(all_ranks, rows, before, after, routes)


def order_rows(net: Net) -> None:
    """Reorder each row to have few crossings: by the average position of neighbours, back and forth; keep the best."""
    place = [0.0] * len(net.before)

    def note(row: list[int]) -> None:
        for position, item in enumerate(row):
            place[item] = (position + 0.5) / len(row)

    def crossings() -> int:
        total = 0
        for row in net.rows:
            passed: list[float] = []
            for item in row:
                others = [place[neighbour] for neighbour in net.after[item]]
                total += sum(len(passed) - bisect_right(passed, other) for other in others)
                passed = sorted(passed + others)
        return total

    for row in net.rows:
        note(row)
    best, fewest = [row[:] for row in net.rows], crossings()
    for sweep in range(SWEEPS):
        if fewest == 0:
            break
        neighbours = net.after if sweep % 2 == 0 else net.before
        for row in reversed(net.rows) if sweep % 2 == 0 else net.rows:
            row.sort(key=lambda item: fmean(place[n] for n in neighbours[item]) if neighbours[item] else place[item])
            note(row)
        count = crossings()
        if count < fewest:
            best, fewest = [row[:] for row in net.rows], count
    net.rows[:] = best


def spread_rows(net: Net, size: list[float]) -> list[float]:
    """Return the coordinate across of each box and bend: near its neighbours, in row order, none touching."""
    across = [0.0] * len(size)

    def pull(item: int, neighbour: int) -> float:
        """Return how strongly a neighbour pulls: long arrows want to be straight, and leave the boxes alone."""
        if size[item]:
            return 1.0 if size[neighbour] else 0.25
        return 1e-9 if size[neighbour] else 1.0

    for near in (net.before, net.after) * 3:
        for row in reversed(net.rows) if near is net.after else net.rows:
            pulls = [[pull(item, n) for n in near[item]] for item in row]
            wanted = [
                sum(p * across[n] for p, n in zip(each, near[item], strict=True)) / sum(each) if each else across[item]
                for item, each in zip(row, pulls, strict=True)
            ]
            gaps = [
                (size[a] + size[b]) / 2 + (BETWEEN_BOXES if size[a] and size[b] else BETWEEN_LINES)
                for a, b in pairwise(row)
            ]
            settled = settle(wanted, [max(sum(each), 0.01) for each in pulls], gaps)
            for item, coordinate in zip(row, settled, strict=True):
                across[item] = coordinate
    return across


def settle(wanted: list[float], weights: list[float], gaps: list[float]) -> list[float]:
    """Return the coordinates nearest to the wanted ones (weighted least squares) that keep at least the gaps.

    Without the gaps this is isotonic regression: neighbours that want to pass each other become one block, at the
    average of what they want (the pool-adjacent-violators algorithm).

    >>> settle([0.0, 0.0, 9.0], [1.0, 1.0, 1.0], [2.0, 2.0])
    [-1.0, 1.0, 9.0]
    """
    offsets = [0.0, *accumulate(gaps)]
    blocks: list[tuple[float, float, int]] = []  # mean, weight, number of members
    for target, weight, offset in zip(wanted, weights, offsets, strict=True):
        mean, total, members = target - offset, weight, 1
        while blocks and blocks[-1][0] >= mean:
            other_mean, other_total, other_members = blocks.pop()
            mean = (mean * total + other_mean * other_total) / (total + other_total)
            total, members = total + other_total, members + other_members
        blocks.append((mean, total, members))
    means = [mean for mean, _, members in blocks for _ in range(members)]
    return [mean + offset for mean, offset in zip(means, offsets, strict=True)]


def find_layout(diagram: Diagram) -> Layout:
    """Return the layout of a diagram with at least one box.

    >>> from autograd_lite.pictures.diagram import Box
    >>> layout = find_layout(Diagram((Box(("a",), "leaf"), Box(("b",), "operation")), (Arrow(0, 1),)))
    >>> layout.boxes[0].x < layout.boxes[1].x, layout.boxes[0].y == layout.boxes[1].y
    (True, True)
    """
    boxes, arrows = diagram.boxes, diagram.arrows
    if not arrows and not any(box.group for box in boxes):
        return grid([box_size(box) for box in boxes])
    parents, children = neighbours(len(boxes), arrows)
    bands = find_bands([box.group for box in boxes], parents, children)
    net = add_bends(find_ranks(bands, parents, children), parents, arrows)
    order_rows(net)

    horizontal = diagram.direction in ("LR", "RL")
    sizes = [box_size(box) for box in boxes]
    no_room = [0.0] * (len(net.ranks) - len(boxes))  # of bends
    length = [width if horizontal else height for width, height in sizes] + no_room  # along
    breadth = [height if horizontal else width for width, height in sizes] + no_room  # across
    for number, box in enumerate(boxes):
        if not box.look.circle:
            breadth[number] = max(breadth[number], PORT * (1 + len(parents[number])))
    across = spread_rows(net, breadth)

    # Along: ranks one after another, further apart where arrows are steep and where a group begins or ends
    starts: list[float] = []
    ends: list[float] = []
    band_of = [bands[min(row)] for row in net.rows]  # a row has a box, and boxes have lower numbers than bends
    for rank, row in enumerate(net.rows):
        start = 0.0
        if rank:
            steepest = max((abs(across[n] - across[item]) for item in row for n in net.before[item]), default=0.0)
            start = ends[-1] + diagram.spacing + min(0.08 * steepest, 60.0)
            if band_of[rank] != band_of[rank - 1]:
                start += 2 * PADDING + (0.0 if horizontal else TITLE)
        starts.append(start)
        ends.append(start + max(length[item] for item in row))
    along = [(starts[rank] + ends[rank]) / 2 for rank in net.ranks]

    # Arrows: in the space between ranks they curve, within a rank they run straight, so they never meet a box
    paths, tips, labels = [], [], []
    for arrow, route, port in zip(arrows, net.routes, find_ports(net.routes, across, breadth), strict=True):
        tail, *_, head = route
        if arrow.stroke is not None and len(route) == 2:
            begin, tip = straight(*[((along[box], across[box]), length[box] / 2) for box in route])
            paths.append([[begin], [tip]])
            labels.append(on_line(begin, tip, 0.3))
        else:
            begin, tip = (along[tail] + length[tail] / 2, across[tail]), (along[head] - length[head] / 2, port)
            heights = [across[item] for item in route[:-1]] + [port]
            ranks = [net.ranks[item] for item in route]
            gaps = [(ends[here], starts[there] - HEAD) for here, there in pairwise(ranks)]
            paths.append([[begin], *bends(heights, gaps), [(tip[0] - HEAD, port)]])
            labels.append((tip[0] - HEAD - 2.0, port - 7.0))
        tips.append(tip)

    groups = {}
    for name in dict.fromkeys(box.group for box, band in zip(boxes, bands, strict=True) if box.group and band):
        ranks = sorted({net.ranks[number] for number, box in enumerate(boxes) if box.group == name})
        inside = [item for rank in ranks for item in net.rows[rank]]  # bends too: arrows that pass by keep a distance
        top = min(across[item] - breadth[item] / 2 for item in inside) - PADDING - (TITLE if horizontal else 0.0)
        bottom = max(across[item] + breadth[item] / 2 for item in inside) + PADDING
        left = starts[ranks[0]] - PADDING - (TITLE if diagram.direction == "TB" else 0.0)
        right = ends[ranks[-1]] + PADDING + (TITLE if diagram.direction == "BT" else 0.0)
        groups[name] = Rectangle(left, top, right - left, bottom - top)
    rectangles = [
        Rectangle(along[box] - length[box] / 2, across[box] - breadth[box] / 2, length[box], breadth[box])
        for box in range(len(boxes))
    ]
    return turn(Layout(0.0, 0.0, rectangles, paths, tips, labels, groups), diagram.direction)


def grid(sizes: list[tuple[float, float]]) -> Layout:
    """Return a layout of boxes that no arrows join, row by row, about twice as wide as high."""
    width, height = (max(lengths) + BETWEEN_BOXES for lengths in zip(*sizes, strict=True))
    columns = max(1, round(sqrt(2 * len(sizes) * height / width)))
    rectangles = [
        Rectangle(MARGIN + number % columns * width, MARGIN + number // columns * height, *size)
        for number, size in enumerate(sizes)
    ]
    across, down = min(columns, len(sizes)), ceil(len(sizes) / columns)
    edge = 2 * MARGIN - BETWEEN_BOXES
    return Layout(across * width + edge, down * height + edge, rectangles, [], [], [], {})


def bends(heights: list[float], gaps: list[tuple[float, float]]) -> list[list[Point]]:
    """Return the steps of an arrow's path: in each gap between ranks a curve from one height to the next."""
    path: list[list[Point]] = []
    for (here, there), (begin, end) in zip(pairwise(heights), gaps, strict=True):
        if abs(there - here) > 0.01:
            middle = (begin + end) / 2
            path += [[(begin, here)], [(middle, here), (middle, there), (end, there)]]
    return path


def straight(tail: tuple[Point, float], head: tuple[Point, float]) -> tuple[Point, Point]:
    """Return the ends of the line between two circles, each with its centre and its radius."""
    (start, radius), (end, other) = tail, head
    length = dist(start, end)
    return on_line(start, end, radius / length), on_line(start, end, 1 - other / length)


def on_line(start: Point, end: Point, share: float) -> Point:
    """Return a point of a line."""
    return start[0] + share * (end[0] - start[0]), start[1] + share * (end[1] - start[1])


def find_ports(routes: list[list[int]], across: list[float], breadth: list[float]) -> list[float]:
    """Return where across each arrow arrives: side by side, in the order they come, so that none hides another."""
    arriving: dict[int, list[int]] = {}
    for number in sorted(range(len(routes)), key=lambda number: across[routes[number][-2]]):
        arriving.setdefault(routes[number][-1], []).append(number)
    ports = [0.0] * len(routes)
    for head, numbers in arriving.items():
        apart = min(16.0, breadth[head] / (1 + len(numbers)))
        for place, number in enumerate(numbers):
            ports[number] = across[head] + apart * (place - (len(numbers) - 1) / 2)
    return ports


def turn(layout: Layout, direction: str) -> Layout:
    """Return the left-to-right layout turned into another direction and moved into the picture."""
    horizontal, backward = direction in ("LR", "RL"), direction in ("RL", "BT")
    points = [Rectangle(*point, 0.0, 0.0) for path in layout.paths for step in path for point in step]
    shapes = [*layout.boxes, *layout.groups.values(), *points]
    start, end = min(shape.x for shape in shapes) - MARGIN, max(shape.x + shape.width for shape in shapes) + MARGIN
    top, bottom = min(shape.y for shape in shapes) - MARGIN, max(shape.y + shape.height for shape in shapes) + MARGIN

    def turned(point: Point) -> Point:
        along, across = end - point[0] if backward else point[0] - start, point[1] - top
        return (along, across) if horizontal else (across, along)

    def rectangle(old: Rectangle) -> Rectangle:
        x, y = turned((old.x + old.width if backward else old.x, old.y))
        width, height = (old.width, old.height) if horizontal else (old.height, old.width)
        return Rectangle(x, y, width, height)

    width, height = (end - start, bottom - top) if horizontal else (bottom - top, end - start)
    paths = [[[turned(point) for point in step] for step in path] for path in layout.paths]
    tips, labels = [turned(tip) for tip in layout.tips], [turned(label) for label in layout.labels]
    groups = {name: rectangle(group) for name, group in layout.groups.items()}
    return Layout(width, height, [rectangle(box) for box in layout.boxes], paths, tips, labels, groups)
