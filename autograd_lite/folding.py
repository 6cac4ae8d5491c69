"""A graph as a tree of groups: neurons of layers, lines and calls of the functions that made it, or labelled parts.

Each group has at most `MOST` parts, which are groups or nodes. However far groups are opened, what is seen has no
circle: no part is computed from something that was computed from it.
"""

from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass
from heapq import heapify, heappop, heappush
from linecache import getline
from math import ceil
from typing import TypeAlias

from autograd_lite.calls import Call, Site, site_of
from autograd_lite.labels import clean
from autograd_lite.value import Value
from autograd_lite.words.lecture import lecture_name

MOST = 50
"""The largest number of parts that a group has."""
FEW = 12
"""The largest number of nodes in a group that is not divided further."""
DEEPEST = 30
"""How many calls deep a graph is folded by calls; recursive functions may go deeper."""


@dataclass(eq=False, slots=True)
class Group:
    """Some nodes of a graph, shown as one box until it is opened.

    Attributes:
        title: what it is called: a line or a function of the user's code, a label, or the output of a neuron.
        parts: what is seen when it is opened, each part after those that it is computed from.
        place: the function and the line of the user's code, if they were recorded; else "".
        unit: of a neuron, its layer l and its number b; of a layer, l and 0; else None.
    """

    title: str
    parts: "list[Part]"
    place: str = ""
    unit: tuple[int, int] | None = None

    def nodes(self) -> list[Value]:
        """Return all nodes of the group, part after part."""
        return [node for part in self.parts for node in nodes_of(part)]


Part: TypeAlias = Group | Value


def nodes_of(part: Part) -> list[Value]:
    """Return the nodes of a group, or the node itself."""
    return [part] if isinstance(part, Value) else part.nodes()


def owners(parts: Iterable[Part]) -> dict[Value, int]:
    """Return, for each node, the position of the part that it belongs to."""
    return {node: number for number, part in enumerate(parts) for node in nodes_of(part)}


def links(parts: Sequence[Part]) -> dict[tuple[int, int], list[tuple[Value, Value]]]:
    """Return which parts are computed from which, by their positions, and through which edges from parent to node.

    >>> x = Value(2.0)
    >>> list(links([x, x * x]))
    [(0, 1)]
    """
    owner = owners(parts)
    found: dict[tuple[int, int], list[tuple[Value, Value]]] = {}
    for node, number in owner.items():
        for parent in node.parents:
            if owner.get(parent, number) != number:
                found.setdefault((owner[parent], number), []).append((parent, node))
    return found


def fold(root: Value) -> Group:
    """Return a graph as a tree of groups.

    A network with the labels of the lecture folds by neuron. Any other graph folds by the lines and calls that made it,
    if these were recorded (see `call_sites`), and by its labels; what has still too many parts is cut into bands.

    >>> x = Value(2.0, "x")
    >>> for _ in range(100):
    ...     x = x * x
    >>> [len(part.nodes()) for part in fold(x).parts]
    [34, 34, 33]
    """
    order = depth_first(root)
    units = neurons(order)
    if units is not None:
        return Group(clean(root.label), bands(units) if len(units) <= MOST else layers_of(units))
    interior, leaves = [node for node in order if node.parents], [node for node in order if not node.parents]
    return Group(clean(root.label), _Sites(interior).parts_of_call(interior, leaves))


def parts_at(root: Value, detail: str) -> list[Part]:
    """Return a graph as its parts at a level of detail: "neuron", "layer" or "group".

    Raises:
        ValueError: if the graph is not a network with the labels of the lecture, and detail is not "group".
    """
    if detail == "group":
        return fold(root).parts
    units = neurons(depth_first(root))
    if units is None:
        raise ValueError(
            f"detail={detail!r} needs a network with the labels of the lecture, in which each signal s_b^(l) occurs "
            "once; detail='group' folds any graph"
        )
    return units if detail == "neuron" else layers_of(units)


def depth_first(root: Value) -> list[Value]:
    """Return the nodes of a graph, each after its parents, as an expression is computed: argument by argument."""
    order: dict[Value, None] = {}
    stack: list[tuple[Value, bool]] = [(root, False)]
    while stack:
        node, parents_done = stack.pop()
        if parents_done:
            order[node] = None
        elif node not in order:
            stack.append((node, True))
            stack.extend((parent, False) for parent in reversed(node.parents))
    return list(order)


def neurons(order: Sequence[Value]) -> list[Part] | None:
    """Return the inputs, the neurons and the loss of a network with the labels of the lecture; None for other graphs.

    A neuron holds its weights, its signal, its output, and what only it uses; the loss holds what no neuron uses. A
    graph in which a neuron occurs several times, as in the loss of several examples, is not taken for a network.
    """
    unit_of: dict[Value, tuple[int, int] | None] = {}
    users: dict[Value, list[Value]] = {}
    feeding: set[Value] = set()
    signals = set()
    for node in reversed(order):
        name = lecture_name(str(node.label))
        if name is not None and name.letter in "wosm" and name.layer:
            unit_of[node] = unit = int(name.layer), int(name.units.split(",")[0])
            if name.letter == "s":
                if unit in signals:
                    return None
                signals.add(unit)
        else:
            units = {unit_of[user] for user in users.get(node, [])}
            unit_of[node] = units.pop() if len(units) == 1 else None
        if unit_of[node] or not feeding.isdisjoint(users.get(node, [])):
            feeding.add(node)
        for parent in node.parents:
            users.setdefault(parent, []).append(node)
    if not signals:
        return None

    parts: list[Part] = []
    for nodes in partition(order, lambda node: unit_of[node] or (node if node in feeding else None)):
        *_, last = nodes
        inside = _Sites().parts_of_line([n for n in nodes if n.parents], [n for n in nodes if not n.parents])
        title = clean(last.label) or ("neuron" if unit_of[last] else "loss")
        parts.append(Group(title, inside, unit=unit_of[last]) if len(nodes) > 1 else last)
    return parts


def layers_of(parts: Iterable[Part]) -> list[Part]:
    """Return a network as layers of neurons."""
    members: dict[int | Part, list[Part]] = {}
    for part in parts:
        key = part.unit[0] if isinstance(part, Group) and part.unit else 0 if not nodes_of(part)[-1].parents else part
        members.setdefault(key, []).append(part)
    return [
        Group(f"layer {key}" if key else "inputs", bands(inside), unit=(key, 0)) if isinstance(key, int) else key
        for key, inside in members.items()
    ]


def bands(parts: list[Part]) -> list[Part]:
    """Return the parts, in groups of neighbours where they are too many."""
    while len(parts) > MOST:
        count = ceil(len(parts) / MOST)
        size = ceil(len(parts) / count)
        chunks = [parts[start : start + size] for start in range(0, len(parts), size)]
        parts = [Group(f"part {number} of {len(chunks)}", chunk) for number, chunk in enumerate(chunks, start=1)]
    return parts


def partition(nodes: Sequence[Value], key: Callable[[Value], Hashable]) -> list[list[Value]]:
    """Return the nodes in sets, each set after those that it is computed from.

    Nodes with the same key are in one set, and sets that are computed from each other in a circle become one.

    Arguments:
        nodes: each after its parents, as far as these are among them.

    >>> x = Value(1.0); a = x.exp(); b = a.tanh(); c = b.exp(); d = c.log()
    >>> [len(nodes) for nodes in partition([x, a, b, c, d], lambda node: node.op)]
    [1, 3, 1]
    """
    number_of: dict[Hashable, int] = {}
    own = [number_of.setdefault(key(node), len(number_of)) for node in nodes]
    at = dict(zip(nodes, own, strict=True))
    before: list[set[int]] = [set() for _ in number_of]
    for node, number in at.items():
        before[number].update(at[parent] for parent in node.parents if parent in at)
    circle = circles(before)
    members: dict[int, list[Value]] = {}
    last: dict[int, int] = {}
    for place, (node, number) in enumerate(at.items()):
        members.setdefault(circle[number], []).append(node)
        last[circle[number]] = place

    # Of the sets that can come next, the one that is complete first: a priority queue
    waiting: dict[int, set[int]] = {whole: set() for whole in members}
    for number, sources in enumerate(before):
        waiting[circle[number]].update(circle[source] for source in sources if circle[source] != circle[number])
    after: dict[int, list[int]] = {whole: [] for whole in members}
    for whole, sources in waiting.items():
        for source in sources:
            after[source].append(whole)
    ready = [(last[whole], whole) for whole, sources in waiting.items() if not sources]
    heapify(ready)
    found = []
    while ready:
        _, whole = heappop(ready)
        found.append(members[whole])
        for following in after[whole]:
            waiting[following].discard(whole)
            if not waiting[following]:
                heappush(ready, (last[following], following))
    return found


def circles(before: Sequence[Iterable[int]]) -> list[int]:
    """Return for each vertex of a directed graph the number of its strongly connected component (Tarjan 1972).

    Arguments:
        before: for each vertex, those from which an edge leads to it.

    >>> circles([[], [0, 2], [1], [2]])
    [0, 1, 1, 2]
    """
    component = [-1] * len(before)
    found: dict[int, int] = {}
    lowest: dict[int, int] = {}
    path: list[int] = []
    count = 0
    for start in range(len(before)):
        work = [(start, iter(before[start]))] if start not in found else []
        while work:
            vertex, others = work[-1]
            if vertex not in found:
                found[vertex] = lowest[vertex] = len(found)
                path.append(vertex)
            for other in others:
                if other not in found:
                    work.append((other, iter(before[other])))
                    break
                if component[other] < 0:
                    lowest[vertex] = min(lowest[vertex], lowest[other])
            else:
                work.pop()
                if work:
                    lowest[work[-1][0]] = min(lowest[work[-1][0]], lowest[vertex])
                if lowest[vertex] == found[vertex]:
                    while component[vertex] < 0:
                        component[path.pop()] = count
                    count += 1
    return component


class _Sites:
    """Groups by the lines and the calls that made the nodes.

    Arguments:
        nodes: those for which the calls that were running are looked up, if they were recorded.
    """

    def __init__(self, nodes: Iterable[Value] = ()) -> None:
        self.calls: dict[Value, tuple[Site, ...]] = {}
        for node in nodes:
            calls: list[Site] = []
            site = site_of(node)
            while site is not None:
                calls.append(site)
                site = Site(site.call.caller, site.call.line) if site.call.caller else None
            self.calls[node] = tuple(reversed(calls[-DEEPEST:]))  # from the outermost inward

    def parts_of_call(self, nodes: Sequence[Value], leaves: Iterable[Value], depth: int = 0) -> list[Part]:
        """Return the parts of a group that was made in one call: its lines, if it has several."""
        if len(nodes) > FEW:
            lines = partition(nodes, lambda node: self.calls.get(node, ())[depth : depth + 1] or node)
            if 1 < len(lines) < len(nodes):
                return _filled(lines, leaves, lambda nodes, own: self.line(nodes, own, depth))
        return self.parts_of_line(nodes, leaves, depth)

    def line(self, nodes: Sequence[Value], leaves: list[Value], depth: int) -> Group:
        """Return what a call made at a line, or at several lines that use each other's results in a circle."""
        places = [calls[depth] for node in nodes if len(calls := self.calls.get(node, ())) > depth]
        call, numbers = places[0][0], [number for _, number in places]
        first, last = min(numbers), max(numbers)
        place = f"line {first}" if first == last else f"lines {first} to {last}"
        source = getline(call.code.co_filename, first).strip() if call.code and first == last else ""
        name = f"{call.code.co_name}, " if call.code else ""
        return Group(clean(source or place), self.parts_of_line(nodes, leaves, depth), name + place)

    def parts_of_line(self, nodes: Sequence[Value], leaves: Iterable[Value], depth: int = 0) -> list[Part]:
        """Return the parts of a group that was made at one line: the calls that were made there, and single nodes."""
        called = {node: calls[depth + 1][0] for node in nodes if len(calls := self.calls.get(node, ())) > depth + 1}

        def key(node: Value) -> Call | Value:
            return called.get(node, node)

        def group(nodes: Sequence[Value], own: list[Value]) -> Group:
            calls = {key(node) for node in nodes}
            [call, *_] = calls
            if len(calls) == 1 and isinstance(call, Call) and call.code:
                return Group(f"{call.code.co_name}()", self.parts_of_call(nodes, own, depth + 1))
            return Group(clean(nodes[-1].label) or "part", self.parts_of_line(nodes, own, depth))

        if len(nodes) <= FEW:
            return _filled([[node] for node in nodes], leaves, group)
        sets = partition(nodes, key)
        if len(sets) == 1:
            return self.parts_of_call(nodes, leaves, depth + 1)
        ways: list[tuple[int, Callable[[], dict[Value, Hashable]]]] = [
            (FEW, lambda: _connected(nodes, key)),
            (MOST, lambda: _labelled(nodes, key)),
            (MOST, lambda: _connected([node for node in nodes if node not in called], key)),
        ]
        for most, way in ways:
            if len(sets) > most:
                coarser = {node: key(node) for node in nodes} | way()
                merged = partition(nodes, coarser.__getitem__)
                if 1 < len(merged) < len(sets):
                    return _filled(merged, leaves, group)
        return _filled(sets, leaves, group)


def _connected(nodes: Sequence[Value], key: Callable[[Value], Hashable]) -> dict[Value, Hashable]:
    """Return one key for nodes that edges join among these nodes, or that have the same key."""
    joined: dict[Hashable, Hashable] = {}

    def whole(found: Hashable) -> Hashable:
        while found in joined:
            joined[found] = joined.get(joined[found], joined[found])  # halves the way for the next time
            found = joined[found]
        return found

    inside = set(nodes)
    for node in nodes:
        mine = whole(key(node))
        for parent in node.parents:
            if parent in inside and (other := whole(key(parent))) is not mine:
                joined[other] = mine
    return {node: whole(key(node)) for node in nodes}


def _labelled(nodes: Sequence[Value], key: Callable[[Value], Hashable]) -> dict[Value, Hashable]:
    """Return one key for a node with a label and those without that only it uses; the last node stays alone."""
    heads: dict[Value, Hashable] = {}
    users: dict[Value, set[Hashable]] = {}
    for node in reversed(nodes[:-1]):
        above = users.get(node, set())
        if key(node) is node:
            if node.label:
                heads[node] = node
            elif len(above) == 1 and (head := next(iter(above))) is not None:
                heads[node] = head
        for parent in node.parents:
            users.setdefault(parent, set()).add(heads.get(node))
    return heads


def _filled(
    sets: Sequence[Sequence[Value]], leaves: Iterable[Value], group: Callable[[Sequence[Value], list[Value]], Group]
) -> list[Part]:
    """Return sets of nodes as parts, each with the leaves that it is the first to use, and in bands if too many."""
    left = dict.fromkeys(leaves)
    parts: list[Part] = []
    for nodes in sets:
        own = [leaf for leaf in dict.fromkeys(parent for node in nodes for parent in node.parents) if leaf in left]
        for leaf in own:
            del left[leaf]
        parts += [*own, *nodes] if len(nodes) == 1 else [group(nodes, own)]
    titles = Counter(part.title for part in parts if isinstance(part, Group))
    numbers: Counter[str] = Counter()
    for part in parts:
        if isinstance(part, Group) and titles[part.title] > 1:
            numbers[part.title] += 1
            part.title += f" {numbers[part.title]} of {titles[part.title]}"
    return bands([*left, *parts])
