"""The computation graph of a Value as a picture: what the boxes say, and which of them belong together."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Literal

from autograd_lite.checks import check_choice, check_integer, check_size, check_switches
from autograd_lite.folding import parts_at
from autograd_lite.graph import is_stale
from autograd_lite.labels import clean, number_text
from autograd_lite.pictures.diagram import DIRECTIONS, Arrow, Box, Diagram
from autograd_lite.pictures.folded import folded_diagram
from autograd_lite.primitives import ADD, CONSTANT, MULTIPLY_NO_NAN
from autograd_lite.value import Value, topological_order
from autograd_lite.words.lecture import delta_name, layer_of

if TYPE_CHECKING:
    from autograd_lite.pictures.picture import Picture

DETAILS = ("node", "neuron", "layer", "group")

SIGNS = {"-": "−", "*": "×"}
"""Signs that are written differently in a picture than in Python."""


def draw(
    root: Value,
    direction: str = "LR",
    *,
    detail: Literal["node", "neuron", "layer", "group"] = "node",
    values: bool = True,
    gradients: bool = True,
    labels: bool = True,
    operations: bool = True,
    digits: int = 4,
    max_nodes: int = 500,
    use_dot: bool = False,
) -> "Picture":
    """Draw the computation graph of a Value, as a graphviz.Digraph.

    Each Value is a box: its label and how it was computed ("c = · × ·"), its number, and its gradient once a backward
    pass has computed it. In a network of the lecture, the gradient of s_b^(l) is called by its name, δ_b^(l), and the
    layers, found from labels like w^(1)_{2,0}, are drawn as groups. A number that was computed before another was
    changed is marked as stale. Leaves have sharp corners and a thick border, constants are small and dashed, the root
    has a double border. Edges come from the arguments; where their order matters, they are numbered.

    With detail="neuron", a network of the lecture is drawn as circles in layers: the fill is a neuron's output o, the
    ring its delta, and the thickness of a line its weight; what is negative is orange and, if it is a line, dashed.
    With detail="group", any graph, however large, is drawn as a few boxes (see `fold`).

    In Jupyter the picture shows itself, and nbconvert draws it in LaTeX with PGF; `.render("name", format="pdf")`
    writes a file, `.pipe("svg")` returns its bytes, `.source` is the DOT text. SVG, LaTeX and DOT text do not need
    Graphviz' program `dot`; all other formats do.

    Arguments:
        root: the Value whose graph is drawn.
        direction: where the forward pass goes: "LR" (left to right), "TB" (top to bottom), "RL" or "BT".
        detail: what a box is: a node, a neuron, a layer, or a group of nodes.
        values, gradients, labels, operations: what the boxes of nodes say.
        digits: how many significant digits of numbers are shown, 1 to 17.
        max_nodes: the largest number of boxes that is drawn.
        use_dot: whether SVG, too, is drawn by `dot`.

    Raises:
        TypeError: if root is not a Value, or another argument has the wrong type.
        ValueError: if an argument is out of range, the graph has more than max_nodes nodes, or it is not a network
            with the labels of the lecture and detail is "neuron" or "layer".

    Box number i of the picture's `diagram` is node number i in `topological_order(root)`.

    >>> x = Value(3.0, label="x")
    >>> picture = draw(x**2)
    >>> [box.lines for box in picture.diagram.boxes]
    [('x', 'data 3'), ('2',), ('· ** ·', 'data 9')]
    >>> [arrow[:3] for arrow in picture.diagram.arrows]
    [(0, 2, '1'), (1, 2, '2')]
    >>> picture.pipe("svg", encoding="utf-8")[:4]
    '<svg'
    """
    check_choice("direction", direction, DIRECTIONS)
    check_choice("detail", detail, DETAILS)
    check_switches(values=values, gradients=gradients, labels=labels, operations=operations, use_dot=use_dot)
    check_integer("digits", digits, 1, 17)
    from autograd_lite.pictures.picture import picture_of  # noqa: PLC0415  late, because it imports graphviz

    order = topological_order(root)
    parts = [] if detail == "node" else parts_at(root, detail)
    check_size(len(parts or order), max_nodes, "draw a part of it, or draw it with detail='group'")

    stale: set[Value] = set()
    for node in order:
        if is_stale(node) or not stale.isdisjoint(node.parents):
            stale.add(node)

    def number(number: float) -> str:
        return number_text(number, digits, "")

    def gradient_of(node: Value) -> float | None:
        return node.grad if gradients and node.has_grad else None

    def lines_of(node: Value) -> tuple[str, ...]:
        label = clean(node.label) if labels else ""
        shown = values or (node.op is CONSTANT and not label)
        data = number(node.data) + (" (stale)" if node in stale else "") if shown else ""
        gradient = gradient_of(node)
        return box_lines(node, label, data, "" if gradient is None else number(gradient), operations)

    if parts:
        diagram = folded_diagram(
            parts,
            root,
            direction,
            box_of=lambda node: Box(lines_of(node), kind_of(node), is_root=node is root),
            gradient_of=gradient_of,
            number=number,
        )
        return picture_of(diagram, use_dot)
    return picture_of(diagram_from(order, root, lines_of, layers(order), direction), use_dot)


def box_lines(node: Value, name: str, data: str, gradient: str, how: bool = True) -> tuple[str, ...]:
    """Return what a box says: the node's name and how it was computed, its number, and its gradient, if not empty."""
    if node.op is CONSTANT:
        return (" = ".join(filter(None, [name, data])),)
    title = " = ".join(filter(None, [name, written(node) if how and node.parents else ""]))
    delta = delta_name(name).replace("delta", "δ")
    lines = [title, data and f"data {data}", gradient and f"{f'{delta} =' if delta else 'grad'} {gradient}"]
    return tuple(filter(None, lines))


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
    """Return whether a Value is a leaf, a constant or the result of an operation."""
    return "constant" if node.op is CONSTANT else "operation" if node.parents else "leaf"


def is_ordered(node: Value) -> bool:
    """Return whether the order of a Value's arguments matters to a reader; in a product of slopes it does not."""
    return len(node.parents) > 1 and not node.op.commutative and node.op is not MULTIPLY_NO_NAN


def written(node: Value) -> str:
    """Return how a Value was computed, with a dot for each argument.

    >>> a = Value(1.0)
    >>> written(a - 2), written(-a), written(a.tanh()), written(a * a)
    ('· − ·', '−·', 'tanh(·)', '· × ·')
    """
    symbol = SIGNS.get(node.op.symbol, node.op.symbol)
    arguments = ["·"] * len(node.parents)
    if node.op is ADD and len(arguments) > 2:
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
