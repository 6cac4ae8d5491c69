"""The computation graph of a Value as a picture: what the boxes say, and which of them belong together."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Literal

from autograd_lite.checks import check_choice, check_integer, check_size, check_switches
from autograd_lite.folding import parts_at, with_users
from autograd_lite.graph import is_stale
from autograd_lite.labels import number_text
from autograd_lite.pictures.diagram import DIRECTIONS, Arrow, Box, Diagram
from autograd_lite.pictures.folded import folded_diagram
from autograd_lite.primitives import ADD, CONSTANT, MULTIPLY_NO_NAN
from autograd_lite.value import Value, topological_order
from autograd_lite.words.lecture import delta_name, layer_of, layer_title, typeset
from autograd_lite.words.names import names_of
from autograd_lite.words.notation import POWER, UNICODE, Written

if TYPE_CHECKING:
    from autograd_lite.pictures.picture import Picture

DETAILS = ("node", "neuron", "layer", "group")

LONGEST_EXPRESSION = 30
"""In characters: in a longer one, a dot stands for each argument that has a box."""


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

    Each Value is a box: its name (as in `explain`) and how it was computed ("c = a × b"), its number, and its gradient
    once a backward pass has computed it. A number in an expression stands in the box of the operation ("y = x²"); a
    constant that has a name, or that several operations use, has its own box. In a network of the lecture, the gradient
    of s_b^(l) is called δ_b^(l), and the layers, found from labels like w^(1)_{2,0}, are drawn as groups. A number that
    was computed before another was changed is marked as stale. Leaves have sharp corners and a thick border, constants
    are small and dashed, and the root has a double border. Edges come from the arguments; where their order matters,
    they are numbered.

    With detail="neuron", a network of the lecture is drawn as circles in layers: the fill is a neuron's output o, the
    ring its delta, and the thickness of a line its weight; what is negative is orange and, if it is a line, dashed.
    With detail="group", any graph, however large, is drawn as a few boxes (see `call_sites`).

    In Jupyter the picture shows itself, and nbconvert draws it in LaTeX with PGF; `.render("name", format="pdf")`
    writes a file, `.pipe("svg")` returns its bytes, `.source` is the DOT text. SVG, LaTeX and DOT text do not need
    Graphviz' program `dot`; all other formats do. Without the graphviz library, for example in Python in a browser, the
    picture only shows itself, and has `.pipe("svg")`.

    Arguments:
        root: the Value whose graph is drawn.
        direction: where the forward pass goes: "LR" (left to right), "TB" (top to bottom), "RL" or "BT".
        detail: what a box is: a node, a neuron, a layer, or a group of nodes.
        values, gradients, labels, operations: what the boxes of nodes say.
        digits: how many significant digits of numbers are shown, 1 to 17.
        max_nodes: the largest number of nodes or, at another detail, of boxes that may be drawn.
        use_dot: whether SVG, too, is drawn by `dot`.

    Raises:
        TypeError: if root is not a Value, or another argument has the wrong type.
        ValueError: if an argument is out of range, there are more than max_nodes of them, or the graph is not a network
            with the labels of the lecture and detail is "neuron" or "layer".

    The boxes of the picture's `diagram` are in the order of `topological_order(root)`.

    >>> x = Value(-3.0)
    >>> y = 2 * x**2
    >>> picture = draw(y)
    >>> [box.lines for box in picture.diagram.boxes]
    [('x', 'data −3'), ('v₁ = x²', 'data 9'), ('y = 2 × v₁', 'data 18')]
    >>> [arrow[:3] for arrow in picture.diagram.arrows]
    [(0, 1, ''), (1, 2, '')]
    >>> picture.pipe("svg", encoding="utf-8")[:4]
    '<svg'
    """
    check_choice("direction", direction, DIRECTIONS)
    check_choice("detail", detail, DETAILS)
    check_switches(values=values, gradients=gradients, labels=labels, operations=operations, use_dot=use_dot)
    check_integer("digits", digits, 1, 17)
    try:
        from autograd_lite.pictures.picture import picture_of  # noqa: PLC0415  late, because it imports graphviz
    except ModuleNotFoundError:
        from autograd_lite.pictures.plain import picture_of  # noqa: PLC0415

    order = topological_order(root)
    parts = [] if detail == "node" else parts_at(root, detail)
    check_size(len(parts or order), max_nodes, "draw a part of it, or draw it with detail='group'")

    stale: set[Value] = set()
    for node in order:
        if is_stale(node) or not stale.isdisjoint(node.parents):
            stale.add(node)

    names = names_of(order)
    shown_names = names if labels else {}

    def number(number: float) -> str:
        return number_text(number, digits)

    def gradient_of(node: Value) -> float | None:
        return node.grad if gradients and node.has_grad else None

    def lines_of(node: Value) -> tuple[str, ...]:
        shown = values or (node.op is CONSTANT and node not in shown_names)
        data = number(node.data) + (" (stale)" if node in stale else "") if shown else ""
        gradient = gradient_of(node)
        return box_lines(node, shown_names, data, "" if gradient is None else number(gradient), operations)

    def box_of(node: Value) -> Box:
        return Box(lines_of(node), kind_of(node), is_root=node is root)

    if parts:
        diagram = folded_diagram(parts, root, direction, box_of=box_of, gradient_of=gradient_of, number=number)
    else:
        diagram = diagram_from(boxed(order, names), root, lines_of, layers(order), direction)
    return picture_of(diagram, use_dot)


def boxed(order: Sequence[Value], names: Mapping[Value, str]) -> list[Value]:
    """Return the nodes of a topological order that have a box: not the numbers that stand in another's box."""
    edges = [(node, parent) for node in order for parent in node.parents]
    uses = Counter(parent for _, parent in edges)
    alone = {parent for node, parent in edges if uses[parent] == 1 and not is_sum(node)}
    return [node for node in order if node.op is not CONSTANT or node in names or node not in alone]


def edges_between(nodes: Sequence[Value]) -> list[tuple[Value, int]]:
    """Return the edges between nodes: the result of each, and which of its arguments it comes from, from 0."""
    inside = set(nodes)
    return [(node, place) for node in nodes for place, parent in enumerate(node.parents) if parent in inside]


def box_lines(node: Value, names: Mapping[Value, str], data: str, gradient: str, how: bool = True) -> tuple[str, ...]:
    """Return what a box says: the node's name and how it was computed, its number, and its gradient, if not empty."""
    name, delta = (typeset(text) for text in (names.get(node, ""), delta_name(names.get(node, ""))))
    if node.op is CONSTANT:
        return (" = ".join(filter(None, [name, data])),)
    title = " = ".join(filter(None, [name, written(node, names) if how and node.parents else ""]))
    lines = [title, data and f"data {data}", gradient and f"{f'{delta} =' if delta else 'grad'} {gradient}"]
    return tuple(filter(None, lines))


def diagram_from(
    nodes: list[Value],
    root: Value,
    lines_of: Callable[[Value], tuple[str, ...]],
    group_of: Mapping[Value, str],
    direction: str,
) -> Diagram:
    """The nodes as boxes that say these lines, and an arrow for each edge between them."""
    number = {node: i for i, node in enumerate(nodes)}
    boxes = [Box(lines_of(node), kind_of(node), is_root=node is root, group=group_of.get(node)) for node in nodes]
    edges = edges_between(nodes)
    arriving = Counter(node for node, _ in edges)
    arrows = []
    for node, place in edges:
        in_any_order = node.op.commutative or node.op is MULTIPLY_NO_NAN  # the latter is a product of slopes
        label = "" if in_any_order or arriving[node] == 1 else str(place + 1)
        arrows.append(Arrow(number[node.parents[place]], number[node], label))
    return Diagram(tuple(boxes), tuple(arrows), direction)


def kind_of(node: Value) -> str:
    """Return whether a Value is a leaf, a constant or the result of an operation."""
    return "constant" if node.op is CONSTANT else "operation" if node.parents else "leaf"


def is_sum(node: Value) -> bool:
    """Return whether a Value is a sum of more than two terms."""
    return node.op is ADD and len(node.parents) > 2


def written(node: Value, names: Mapping[Value, str]) -> str:
    """Return how a Value was computed, in the names of its arguments; a dot stands for one without a name.

    >>> a = Value(1.0)
    >>> written(a - 2, {a: "a"}), written(-a, {a: "a"}), written(a.tanh(), {}), written(a * a, {})
    ('a − 2', '−a', 'tanh(·)', '· × ·')
    """
    if is_sum(node):
        return "Σ"

    def argument(parent: Value) -> Written:
        if parent in names:
            return UNICODE.name(names[parent])
        return UNICODE.number(parent.data) if parent.op is CONSTANT else Written("·", POWER)

    text = UNICODE.operation(node.op.symbol, [argument(parent) for parent in node.parents]).text
    return text if len(text) <= LONGEST_EXPRESSION or not names else written(node, {})


def layers(order: list[Value]) -> dict[Value, str]:
    """The layers of a network, by the labels of the lecture; without a label, a Value goes with those that use it."""
    numbers = {node: layer_of(str(node.label)) for node in order if str(node.label)}
    own = {node: None if number is None else layer_title(number) for node, number in numbers.items()}
    return with_users(order, own)
