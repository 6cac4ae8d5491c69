"""What the playground shows of a graph, as text and HTML. It runs in a browser's Python, without NumPy and graphviz."""

import ast
import math
import traceback
import warnings
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

import autograd_lite
from autograd_lite import Value, draw, explain, formula, grad, primitives, step_through, topological_order, worksheet
from autograd_lite.labels import number_text
from autograd_lite.parse import CONSTANTS, functions, parse_expression
from autograd_lite.words.lecture import typeset
from autograd_lite.words.names import names_of, values_in
from autograd_lite.words.notation import MATHML
from autograd_lite.words.sentences import Writer

LONGEST_FORMULA = 1_000
"""In characters: what is nested deeper would end the browser's Python, which cannot say why."""

LONGEST_MATHML = 5_000
"""In characters: longer formulas of derivatives are not shown."""


class Example(NamedTuple):
    """What a visitor can start from."""

    title: str
    kind: str
    text: str
    numbers: Mapping[str, float]


MAZUR = """\
h1 = sigmoid(w1*i1 + w2*i2 + b1); h2 = sigmoid(w3*i1 + w4*i2 + b1); \
o1 = sigmoid(w5*h1 + w6*h2 + b2); o2 = sigmoid(w7*h1 + w8*h2 + b2); \
E = (0.01 - o1)**2/2 + (0.99 - o2)**2/2"""

NETWORK = """\
def layer(l, weights, inputs):
    outputs = []
    for b, row in enumerate(weights, start=1):
        w = [Value(number, weight_label(l, b, a)) for a, number in enumerate(row)]
        s = add(w[0], *[weight * o for weight, o in zip(w[1:], inputs)])
        o = s.tanh()
        s.label, o.label = unit_label("s", b, l), unit_label("o", b, l)
        outputs.append(o)
    return outputs


x = [constant(1.0, unit_label("o", 1, 0)), constant(-1.0, unit_label("o", 2, 0))]
hidden = layer(1, [[0.1, 0.5, -0.3], [-0.2, 0.4, 0.6]], x)
[output] = layer(2, [[0.3, -0.7, 0.8]], hidden)
e = (output - constant(1.0, "y")) ** 2
"""

LOOP = """\
# Newton's method for the square root of a, three times
a = Value(2.0)
x = 1.0
for _ in range(3):
    x = x - (x * x - a) / (2 * x)
x
"""

EXAMPLES = (
    Example("A neuron", "formula", "tanh(w*x + b)", {"w": -3.0, "x": 2.0, "b": 6.88}),
    Example("A shared node", "formula", "z = w*x; L = z**2 + z", {"w": 2.0, "x": 3.0}),
    Example("One input on many paths", "formula", "u = a*b; y = (u + a)*(u - b)", {"a": 2.0, "b": -3.0}),
    Example(
        "Two layers: Mazur's example",
        "formula",
        MAZUR,
        {"w1": 0.15, "w2": 0.2, "w3": 0.25, "w4": 0.3, "w5": 0.4, "w6": 0.45, "w7": 0.5, "w8": 0.55}
        | {"i1": 0.05, "i2": 0.1, "b1": 0.35, "b2": 0.6},
    ),
    Example("Two layers in the lecture's notation (Python)", "code", NETWORK, {}),
    Example("A loop (Python)", "code", LOOP, {}),
)


class ProblemError(Exception):
    """What a visitor has to change, in a sentence."""


class Graph:
    """A graph with the numbers of a visitor, all of its nodes named, and its gradients.

    Arguments:
        kind: "formula", or "code" for lines of Python of which the last one computes a Value.
        text: the formula or the code.
        numbers: the numbers of leaves, by name. A leaf without one keeps its own.
    """

    def __init__(self, kind: str, text: str, numbers: Mapping[str, float]) -> None:
        self.root = from_formula(text) if kind == "formula" else from_code(text)
        for node, name in names_of(topological_order(self.root)).items():
            node.label = name
        self.order = topological_order(self.root)
        leaves = (node for node in self.order if node.op is primitives.LEAF)
        self.leaves = sorted(leaves, key=lambda leaf: (text.find(leaf.label), leaf.label))  # as they are written
        for leaf in self.leaves:
            leaf.data, leaf.grad = numbers.get(leaf.label, leaf.data), 0.0
        self.root.forward()
        self.root.backward()


def from_formula(text: str) -> Value:
    """Return the graph of a formula, in which each name that it does not assign is a leaf, 1 for now."""
    if len(text) > LONGEST_FORMULA:
        raise ProblemError(f"The formula has {len(text):,} characters; at most {LONGEST_FORMULA:,} are read.")
    try:
        named = [node for node in ast.walk(ast.parse(" ".join(text.split()))) if isinstance(node, ast.Name)]
    except SyntaxError:
        named = []  # the parser says what is wrong
    known = {node.id for node in named if isinstance(node.ctx, ast.Store)} | CONSTANTS.keys() | functions().keys()
    return parse_expression(text, {node.id: 1.0 for node in named if node.id not in known})


def from_code(text: str) -> Value:
    """Run lines of Python, and return what the last one computes or assigns."""
    variables = {"__name__": "__main__"} | {name: getattr(autograd_lite, name) for name in autograd_lite.__all__}
    try:
        tree = ast.parse(text)
        if tree.body and isinstance(last := tree.body[-1], ast.Expr):
            tree.body[-1] = ast.copy_location(ast.Assign([ast.Name("_", ast.Store())], last.value), last)
        exec(compile(ast.fix_missing_locations(tree), "<code>", "exec"), variables)
    except SyntaxError as error:
        raise ProblemError(f"Line {error.lineno}: {error.msg}.\n  {(error.text or '').rstrip()}") from None
    except Exception as error:
        lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == "<code>"]
        raise ProblemError(f"Line {lines[-1]}: {type(error).__name__}: {error}") from None
    match tree.body:
        case [*_, ast.Assign(targets=[ast.Name(id=name)])] if isinstance(result := variables[name], Value):
            for name, node in values_in(variables.items()):
                node.label = node.label or name
            return result
    raise ProblemError("The last line must compute a Value, for example: y = w * x")


def picture(graph: Graph) -> str:
    """Return the picture of a graph."""
    return draw(graph.root)._repr_html_()


def explanation(graph: Graph) -> str:
    """Return the derivatives as formulas, and the chain rule edge by edge."""
    return f"<h2>The derivatives</h2>{''.join(derivatives(graph))}{explain(graph.root).html()}"


def derivatives(graph: Graph) -> Iterator[str]:
    """Yield the derivative with respect to each leaf as a formula, if it is short enough to be read."""
    writer = Writer({node: node.label for node in graph.order if node.label}, graph.root, MATHML._replace(digits=4))
    for leaf in graph.leaves:
        sides = [writer.derivative(graph.root, leaf), writer.number(leaf.grad)]
        try:
            written = formula(grad(graph.root, leaf), form="mathml")
        except ValueError:
            written = ""  # shared nodes repeat in it
        if 0 < len(written) < LONGEST_MATHML:
            sides.insert(1, written)
        yield f"<p><math displaystyle='true'>{writer.equation(*sides)}</math></p>"


def sheet(graph: Graph, key: bool) -> str:
    """Return a page to print, with blanks or with the answers."""
    return worksheet(graph.root, title=f"The gradients of {typeset(graph.root.label)}").html(key)


PANELS: dict[str, Callable[[Graph], str]] = {
    "picture": picture,
    "steps": lambda graph: step_through(graph.root).html(),
    "explanation": explanation,
    "worksheet": lambda graph: sheet(graph, key=False),
    "key": lambda graph: sheet(graph, key=True),
}
"""What a visitor can look at. The steps, the worksheet and its key are pages of their own."""


def show(kind: str, text: str, numbers: Mapping[str, float], panel: str) -> dict[str, Any]:
    """Return what the page shows: the leaves, the result, one of `PANELS`, and what is wrong, if anything is.

    >>> shown = show("formula", "w*x", {"w": -3.0, "x": 2.0}, "picture")
    >>> shown["result"], shown["leaves"][0]
    ('v₁ = −6', {'name': 'w', 'shown': 'w', 'number': -3.0, 'gradient': '∂v₁/∂w = 2'})
    >>> show("formula", "w*", {}, "picture")["problem"].splitlines()[0]
    'cannot read this: invalid syntax'
    """
    shown: dict[str, Any] = {"problem": ""}
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            graph = Graph(kind, text, numbers)
            root = typeset(graph.root.label)
            shown["result"] = f"{root} = {number_text(graph.root.data)}"
            shown["leaves"] = [
                {
                    "name": leaf.label,
                    "shown": typeset(leaf.label),
                    "number": leaf.data if math.isfinite(leaf.data) else None,
                    "gradient": f"∂{root}/∂{typeset(leaf.label)} = {number_text(leaf.grad)}",
                }
                for leaf in graph.leaves
            ]
            shown["panel"] = PANELS[panel](graph)
        except Exception as error:
            shown["problem"] = str(error) or type(error).__name__
    return shown | {"notes": [str(warning.message) for warning in caught]}
