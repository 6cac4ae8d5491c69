"""The computation graph of a Value as a picture: what the boxes say, and which of them belong together."""

import reprlib
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from autograd_lite.checks import check_integer
from autograd_lite.labels import clean
from autograd_lite.pictures.diagram import DIRECTIONS, Arrow, Box, Diagram
from autograd_lite.primitives import CONSTANT
from autograd_lite.value import Value, check_value, is_stale, topological_order
from autograd_lite.words.lecture import delta_name, layer_of

if TYPE_CHECKING:
    from autograd_lite.pictures.picture import Picture

# Operations whose arguments may change places. For all others the edges are numbered.
COMMUTATIVE = {
    "add", "multiply", "multiply_no_nan", "maximum", "maximum_constant", "minimum", "minimum_constant",
}  # fmt: skip

SIGNS = {"-": "−", "*": "×"}


def draw(
    root: Value,
    format: str = "svg",
    direction: str = "LR",
    *,
    values: bool = True,
    gradients: bool = True,
    labels: bool = True,
    operations: bool = True,
    digits: int = 4,
    groups: bool | Callable[[Value], str | None] = True,
    max_nodes: int = 500,
    time_limit: float = 30.0,
    use_dot: bool = True,
) -> "Picture":
    """A picture of the computation graph of a Value, as a graphviz.Digraph.

    Each Value is a box: its label and how it was computed ("c = · × ·"), its number, and its gradient once a backward
    pass has computed it. In a network of the lecture, the gradient of s_b^(l) is called by its name, δ_b^(l). A number
    that was computed before another was changed is marked as stale. Leaves have sharp corners and a thick border,
    constants are small and dashed, the root has a double border. Edges come from the arguments; where their order
    matters, they are numbered.

    In Jupyter the picture shows itself; `.render("name", format="pdf")` writes a file, `.pipe("svg")` gives its bytes,
    `.source` is the DOT text. SVG and DOT text do not need the program `dot`: without it the layout is our own.

    Arguments:
        root: the Value whose graph is drawn.
        format: the format of files, such as "svg", "png" or "pdf".
        direction: where the forward pass goes: "LR" (left to right), "TB" (top to bottom), "RL" or "BT".
        values, gradients, labels, operations: what the boxes say.
        digits: how many significant digits of numbers are shown, 1 to 17.
        groups: True draws the layers of a network, found from labels such as w^(1)_{2,0}; an unlabelled Value belongs
            to the layer of those that use it. A function gives the name of a Value's group, or None. False: no groups.
        max_nodes: a graph of more nodes is refused; the limit may be raised.
        time_limit: how many seconds the program `dot` may take.
        use_dot: False draws SVG by our own layout even where `dot` is; it puts the layers of a network side by side.

    Raises:
        TypeError: if root is no Value, or another argument has the wrong type.
        ValueError: if an argument is out of range, or the graph has more than max_nodes nodes.
        TimeoutError: when the picture is rendered or shown, and `dot` takes longer than time_limit.

    >>> a, b = Value(2.0, label="a"), Value(-3.0, label="b")
    >>> c = a * b
    >>> c.backward()
    >>> picture = draw(c)
    >>> [line.strip() for line in picture.source.splitlines() if "->" in line]
    ['n0 -> n2 [id=e0]', 'n1 -> n2 [id=e1]']
    """
    if not isinstance(format, str):
        raise TypeError(f"format must be text, such as 'svg', not {type(format).__name__}: {reprlib.repr(format)}")
    if isinstance(time_limit, bool) or not isinstance(time_limit, int | float):
        raise TypeError(f"time_limit must be a number of seconds, not {type(time_limit).__name__}")
    if not time_limit > 0:
        raise ValueError(f"time_limit must be more than 0 seconds, received {time_limit}")
    diagram = diagram_of(
        root,
        direction,
        values=values,
        gradients=gradients,
        labels=labels,
        operations=operations,
        digits=digits,
        groups=groups,
        max_nodes=max_nodes,
    )
    from autograd_lite.pictures.picture import picture_of  # noqa: PLC0415  late, because it imports graphviz

    return picture_of(diagram, format, time_limit, use_dot)


def diagram_of(
    root: Value,
    direction: str = "LR",
    *,
    values: bool = True,
    gradients: bool = True,
    labels: bool = True,
    operations: bool = True,
    digits: int = 4,
    groups: bool | Callable[[Value], str | None] = True,
    max_nodes: int = 500,
) -> Diagram:
    """The computation graph as boxes and arrows: what `draw` draws, with the same arguments and errors.

    Box number i is that of node number i in `topological_order(root)`.

    >>> x = Value(3.0, label="x")
    >>> diagram = diagram_of(x**2)
    >>> [box.lines for box in diagram.boxes]
    [('x', 'data 3'), ('2',), ('· ** ·', 'data 9')]
    >>> diagram.arrows
    (Arrow(tail=0, head=2, label='1'), Arrow(tail=1, head=2, label='2'))
    """
    check_value("root", root)
    if direction not in DIRECTIONS:
        raise ValueError(f"direction must be one of {', '.join(DIRECTIONS)}, received {reprlib.repr(direction)}")
    for argument, switch in {
        "values": values,
        "gradients": gradients,
        "labels": labels,
        "operations": operations,
    }.items():
        if not isinstance(switch, bool):
            raise TypeError(f"{argument} must be True or False, not {type(switch).__name__}: {reprlib.repr(switch)}")
    check_integer("digits", digits, 1, 17)
    check_integer("max_nodes", max_nodes, 1)
    if not isinstance(groups, bool) and not callable(groups):
        raise TypeError(f"groups must be True, False or a function, not {type(groups).__name__}")
    order = topological_order(root)
    if len(order) > max_nodes:
        raise ValueError(
            f"the graph has {len(order)} nodes, more than max_nodes={max_nodes} allows: draw a part of it, "
            f"or raise the limit with max_nodes={len(order)}"
        )

    stale: set[Value] = set()
    for node in order:
        if is_stale(node) or not stale.isdisjoint(node.parents):
            stale.add(node)

    def lines_of(node: Value) -> tuple[str, ...]:
        label = clean(node.label) if labels else ""
        data = f"{node.data:.{digits}g}"
        if node.op is CONSTANT:
            return (f"{label} = {data}" if values else label,) if label else (data,)
        how = written(node) if operations and node.parents else ""
        lines = [" = ".join(filter(None, [label, how]))]
        if values:
            lines.append(f"data {data} (stale)" if node in stale else f"data {data}")
        if gradients and node.has_grad:
            delta = delta_name(label).replace("delta", "δ")
            lines.append(f"{delta} = {node.grad:.{digits}g}" if delta else f"grad {node.grad:.{digits}g}")
        return tuple(filter(None, lines))

    group_of = groups_by(groups, order) if callable(groups) else layers(order) if groups else {}
    return diagram_from(order, root, lines_of, group_of, direction)


def diagram_from(
    order: list[Value],
    root: Value,
    lines_of: Callable[[Value], tuple[str, ...]],
    group_of: Mapping[Value, str],
    direction: str,
) -> Diagram:
    """The nodes of a topological order as boxes that say these lines, and an arrow from each argument."""
    number = {node: i for i, node in enumerate(order)}
    boxes = [Box(lines_of(node), kind_of(node), is_root=node is root, group=group_of.get(node)) for node in order]
    arrows = [
        Arrow(number[parent], number[node], str(place) if is_ordered(node) else "")
        for node in order
        for place, parent in enumerate(node.parents, start=1)
    ]
    return Diagram(tuple(boxes), tuple(arrows), direction)


def kind_of(node: Value) -> str:
    """Whether a Value is a leaf, a constant or the result of an operation."""
    return "constant" if node.op is CONSTANT else "operation" if node.parents else "leaf"


def is_ordered(node: Value) -> bool:
    """Whether the order of a Value's arguments matters."""
    return len(node.parents) > 1 and node.op.name not in COMMUTATIVE


def written(node: Value) -> str:
    """How a Value was computed, with a dot for each argument.

    >>> a = Value(1.0)
    >>> written(a - 2), written(-a), written(a.tanh()), written(a * a)
    ('· − ·', '−·', 'tanh(·)', '· × ·')
    """
    symbol = SIGNS.get(node.op.symbol, node.op.symbol)
    arguments = ["·"] * len(node.parents)
    if node.op.name == "add" and len(arguments) > 2:
        return "Σ"
    if symbol[0].isalpha():
        return f"{symbol}({', '.join(arguments)})"
    return f" {symbol} ".join(arguments) if len(arguments) > 1 else f"{symbol}·"


def layers(order: list[Value]) -> dict[Value, str]:
    """The layers of a network, by the labels of the lecture; without a label, a Value goes with those that use it."""
    group_of: dict[Value, str | None] = {}
    used_in: dict[Value, set[str | None]] = {}
    for node in reversed(order):  # those that use a Value come before it
        label = str(node.label)
        layer, users = layer_of(label), used_in.get(node, {None})
        if layer is not None:
            group_of[node] = f"layer {layer}" if layer else "layer 0 (inputs)"
        else:
            group_of[node] = next(iter(users)) if not label and len(users) == 1 else None
        for parent in node.parents:
            used_in.setdefault(parent, set()).add(group_of[node])
    return {node: group for node, group in group_of.items() if group is not None}


def groups_by(function: Callable[[Value], str | None], order: list[Value]) -> dict[Value, str]:
    """The groups that a function of the user gives."""
    groups = {}
    for node in order:
        group = function(node)
        if group is not None and not isinstance(group, str):
            raise TypeError(f"groups must give text or None for each Value, received {reprlib.repr(group)}")
        if group:
            groups[node] = clean(group)
    return groups
