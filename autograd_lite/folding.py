"""A graph as a tree of groups: neurons of layers, lines and calls of the functions that made it, or labelled parts.

Each group has at most `MOST` parts, which are groups or nodes. However far groups are opened, what is seen has no
cycle: no part is computed from something that was computed from it.
"""

from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from graphlib import TopologicalSorter
from heapq import heappop, heappush
from linecache import getline
from math import ceil
from typing import Any, NamedTuple, TypeAlias, TypeVar

from autograd_lite.labels import clean
from autograd_lite.value import Value
from autograd_lite.words.calls import Call, Site, site_of
from autograd_lite.words.lecture import layer_title, lecture_name

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
T = TypeVar("T")
K = TypeVar("K", bound=Hashable)


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
    if these were recorded (see `call_sites`), and by its labels; what still has too many parts is cut into bands.

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
    calls = {node: site.calls()[:DEEPEST] for node in interior if (site := site_of(node))}
    return Group(clean(root.label), _Sites(calls).parts_of_call(interior, leaves))


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
    return post_order([root], lambda node: node.parents)


def post_order(starts: Iterable[T], before: Callable[[T], Iterable[T]]) -> list[T]:
    """Return what a depth-first search finds, each vertex after all that comes before it, except in a cycle.

    Arguments:
        starts: where the search begins.
        before: returns what comes right before a vertex.
    """
    found: set[T] = set()
    order = []
    stack = [(start, False) for start in [*starts][::-1]]
    while stack:
        vertex, is_done = stack.pop()
        if is_done:
            order.append(vertex)
        elif vertex not in found:
            found.add(vertex)
            stack.append((vertex, True))
            stack += [(other, False) for other in [*before(vertex)][::-1]]
    return order


def neurons(order: Sequence[Value]) -> list[Part] | None:
    """Return the inputs, the neurons and the loss of a network with the labels of the lecture; None for other graphs.

    A neuron holds its weights, its signal, its output, and what only it uses; the loss holds what no neuron uses. A
    graph in which a neuron occurs several times, as in the loss of several examples, is not taken for a network.
    """
    named: dict[Value, tuple[int, int]] = {}
    signals = []
    for node in order:
        name = lecture_name(str(node.label))
        if name is not None and name.letter in "wosm" and name.layer:
            named[node] = unit = int(name.layer), int(name.units.split(",")[0])
            if name.letter == "s":
                signals.append(unit)
    if not signals or len(set(signals)) < len(signals):
        return None

    unit_of = with_users(order, named)
    feeding: set[Value] = set()
    for node in reversed(order):
        if node in unit_of or node in feeding:
            feeding.update([node, *node.parents])

    parts: list[Part] = []
    for nodes in partition(order, lambda node: unit_of.get(node) or (node if node in feeding else None)):
        *_, last = nodes
        inside = _Sites({}).parts_of_line([n for n in nodes if n.parents], [n for n in nodes if not n.parents])
        title = clean(last.label) or ("neuron" if last in unit_of else "loss")
        parts.append(Group(title, inside, unit=unit_of.get(last)) if len(nodes) > 1 else last)
    return parts


def with_users(order: Sequence[Value], own: Mapping[Value, K | None]) -> dict[Value, K]:
    """Return the groups of nodes: a node without a group of its own goes with those that use it, if they are in one.

    Arguments:
        order: each node after its parents.
        own: the groups of some nodes; None for a node that goes with no other.
    """
    group_of: dict[Value, K | None] = {}
    groups_of_users: dict[Value, set[K | None]] = {}
    for node in reversed(order):
        above = groups_of_users.get(node, {None})
        inherited = next(iter(above)) if len(above) == 1 else None
        group_of[node] = own.get(node, inherited)
        for parent in node.parents:
            groups_of_users.setdefault(parent, set()).add(group_of[node])
    return {node: group for node, group in group_of.items() if group is not None}


def layers_of(parts: Iterable[Part]) -> list[Part]:
    """Return a network as layers of neurons."""
    members: dict[int | Part, list[Part]] = {}
    for part in parts:
        key = part.unit[0] if isinstance(part, Group) and part.unit else 0 if not nodes_of(part)[-1].parents else part
        members.setdefault(key, []).append(part)
    return [
        Group(layer_title(key), bands(inside), unit=(key, 0)) if isinstance(key, int) else key
        for key, inside in members.items()
    ]


def bands(parts: list[Part]) -> list[Part]:
    """Return the parts, in groups of neighbours if there are too many."""
    while len(parts) > MOST:
        count = ceil(len(parts) / MOST)
        size = ceil(len(parts) / count)
        chunks = [parts[start : start + size] for start in range(0, len(parts), size)]
        parts = [Group(f"part {number} of {len(chunks)}", chunk) for number, chunk in enumerate(chunks, start=1)]
    return parts


def partition(nodes: Sequence[Value], key: Callable[[Value], Hashable]) -> list[list[Value]]:
    """Return the nodes in sets, each set after those that it is computed from.

    Nodes with the same key are in one set, and sets that are computed from each other in a cycle become one.

    Arguments:
        nodes: each after its parents, as far as these are among them.

    >>> x = Value(1.0); a = x.exp(); b = a.tanh(); c = b.exp(); d = c.log()
    >>> [len(nodes) for nodes in partition([x, a, b, c, d], lambda node: node.op)]
    [1, 3, 1]
    """
    set_of, before = sets_of(nodes, key)
    cycle = cycles(before)
    members: dict[int, list[Value]] = {}
    last: dict[int, int] = {}
    for place, (node, number) in enumerate(set_of.items()):
        members.setdefault(cycle[number], []).append(node)
        last[cycle[number]] = place

    sorter: TopologicalSorter[int] = TopologicalSorter()
    for number, sources in enumerate(before):
        sorter.add(cycle[number], *{cycle[source] for source in sources} - {cycle[number]})
    sorter.prepare()
    found = []
    waiting: list[tuple[int, int]] = []  # a priority queue: of the sets that can come next, the one complete first
    while sorter.is_active():
        for whole in sorter.get_ready():
            heappush(waiting, (last[whole], whole))
        _, whole = heappop(waiting)
        found.append(members[whole])
        sorter.done(whole)
    return found


def sets_of(nodes: Iterable[Value], key: Callable[[Value], Hashable]) -> tuple[dict[Value, int], list[set[int]]]:
    """Return for each node the number of its set, and for each set those that it is computed from.

    Nodes with the same key are in one set.
    """
    number_of: dict[Hashable, int] = {}
    set_of = {node: number_of.setdefault(key(node), len(number_of)) for node in nodes}
    before: list[set[int]] = [set() for _ in number_of]
    for node, number in set_of.items():
        before[number].update(set_of[parent] for parent in node.parents if parent in set_of)
    return set_of, before


def cycles(before: Sequence[Iterable[int]]) -> list[int]:
    """Return for each vertex of a directed graph a vertex that stands for its strongly connected component.

    This is the algorithm of Kosaraju and Sharir (1981): the last vertex that a depth-first search returns comes before
    no other component, so all that comes after it is in its component; and so on with the vertices that are left.

    Arguments:
        before: for each vertex, those from which an edge leads to it.

    >>> cycles([[], [0, 2], [1], [2]])
    [0, 1, 1, 3]
    """
    after: list[list[int]] = [[] for _ in before]
    for vertex, others in enumerate(before):
        for other in others:
            after[other].append(vertex)
    component = [-1] * len(before)
    for start in reversed(post_order(range(len(before)), before.__getitem__)):
        waiting = [start]
        while waiting:
            vertex = waiting.pop()
            if component[vertex] < 0:
                component[vertex] = start
                waiting += after[vertex]
    return component


class _Sites(NamedTuple):
    """Groups by the lines and the calls that made the nodes."""

    calls: Mapping[Value, Sequence[Site]]
    """For each node the calls that were running, from the outermost inward, as far as they were recorded."""

    def site(self, node: Value, depth: int) -> Site | None:
        """Return the call that is that deep, and its line; None if there is none."""
        calls = self.calls.get(node, ())
        return calls[depth] if depth < len(calls) else None

    def parts_of_call(self, nodes: Sequence[Value], leaves: Iterable[Value], depth: int = 0) -> list[Part]:
        """Return the parts of a group that was made in one call: its lines, if it has several."""
        if len(nodes) > FEW:
            lines = partition(nodes, lambda node: self.site(node, depth) or node)
            if 1 < len(lines) < len(nodes):
                return _filled(lines, leaves, lambda nodes, own: self.line(nodes, own, depth))
        return self.parts_of_line(nodes, leaves, depth)

    def line(self, nodes: Sequence[Value], leaves: list[Value], depth: int) -> Group:
        """Return what a call made at a line, or at several lines that use each other's results in a cycle."""
        sites = [site for node in nodes if (site := self.site(node, depth))]
        code = sites[0].call.code
        first, last = min(site.line for site in sites), max(site.line for site in sites)
        place = f"line {first}" if first == last else f"lines {first} to {last}"
        source = getline(code.co_filename, first).strip() if code and first == last else ""
        name = f"{code.co_name}, " if code else ""
        return Group(clean(source or place), self.parts_of_line(nodes, leaves, depth), name + place)

    def parts_of_line(self, nodes: Sequence[Value], leaves: Iterable[Value], depth: int = 0) -> list[Part]:
        """Return the parts of a group that was made at one line: the calls that were made there, and single nodes."""

        def key(node: Value) -> Call | Value:
            site = self.site(node, depth + 1)
            return site.call if site else node

        def group(nodes: Sequence[Value], own: list[Value]) -> Group:
            call, *others = {key(node) for node in nodes}
            if not others and isinstance(call, Call) and call.code:
                return Group(f"{call.code.co_name}()", self.parts_of_call(nodes, own, depth + 1))
            return Group(clean(nodes[-1].label) or "part", self.parts_of_line(nodes, own, depth))

        if len(nodes) <= FEW:
            return _filled([[node] for node in nodes], leaves, group)
        sets = partition(nodes, key)
        if len(sets) == 1:
            return self.parts_of_call(nodes, leaves, depth + 1)
        ways: list[tuple[int, Callable[[], dict[Value, Any]]]] = [
            (FEW, lambda: _connected(nodes, key)),
            (MOST, lambda: _labelled(nodes, key)),
            (MOST, lambda: _connected([node for node in nodes if key(node) is node], key)),
        ]
        for most, way in ways:
            if len(sets) > most:
                coarser = {node: key(node) for node in nodes} | way()
                merged = partition(nodes, coarser.__getitem__)
                if 1 < len(merged) < len(sets):
                    return _filled(merged, leaves, group)
        return _filled(sets, leaves, group)


def _connected(nodes: Iterable[Value], key: Callable[[Value], Hashable]) -> dict[Value, int]:
    """Return one key for nodes that edges join among these nodes, or that have the same key."""
    set_of, before = sets_of(nodes, key)
    joined = [[*sources] for sources in before]
    for number, sources in enumerate(before):
        for source in sources:
            joined[source].append(number)  # now edges lead both ways
    cycle = cycles(joined)
    return {node: cycle[number] for node, number in set_of.items()}


def _labelled(nodes: Sequence[Value], key: Callable[[Value], Hashable]) -> dict[Value, Value]:
    """Return one key for a node with a label and those without that only it uses; the last node stays alone."""
    others = nodes[:-1]
    own = {node: node if key(node) is node else None for node in others if node.label or key(node) is not node}
    return with_users(others, own)


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
