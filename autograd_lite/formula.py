"""A graph as a formula, in text or LaTeX, with brackets where precedence asks for them.

A back end of the table of primitives: a dictionary, operation -> how it is written, beside one loop over the graph.
"""

import re
from collections.abc import Mapping, Sequence
from operator import attrgetter
from typing import NamedTuple

from autograd_lite.primitives import CONSTANT, Primitive, slope_at
from autograd_lite.text import clean, latex_number, number_text
from autograd_lite.value import Value, check_value

# How tightly an expression binds; an argument that binds less than its place asks for gets brackets.
SUM, PRODUCT, SIGNED, POWER, ATOM = range(1, 6)


class Notation(NamedTuple):
    """How an operation is written."""

    template: str
    """With {} for each argument."""
    binds: int
    """How tightly the result binds."""
    places: tuple[int, ...]
    """How tightly each argument must bind to stand there without brackets."""


def _function(name: str, arguments: int = 1) -> Notation:
    return Notation(f"{name}({', '.join(['{}'] * arguments)})", ATOM, (0,) * arguments)


def _latex_function(name: str, arguments: int = 1) -> Notation:
    return Notation(rf"{name}\left({', '.join(['{}'] * arguments)}\right)", ATOM, (0,) * arguments)


# "add" takes two or more arguments; further ones are written like the second.
TEXT: dict[str, Notation] = {
    "add": Notation("{} + {}", SUM, (SUM, PRODUCT)),
    "subtract": Notation("{} - {}", SUM, (SUM, PRODUCT)),
    "multiply": Notation("{} * {}", PRODUCT, (PRODUCT, SIGNED)),
    "multiply_no_nan": Notation("{} * {}", PRODUCT, (PRODUCT, SIGNED)),
    "divide": Notation("{} / {}", PRODUCT, (PRODUCT, SIGNED)),
    "floor_divide": Notation("{} // {}", PRODUCT, (PRODUCT, SIGNED)),
    "remainder": Notation("{} % {}", PRODUCT, (PRODUCT, SIGNED)),
    "power": Notation("{} ** {}", POWER, (ATOM, SIGNED)),
    "negative": Notation("-{}", SIGNED, (POWER,)),
    "greater": Notation("[{} > {}]", ATOM, (0, 0)),
    "maximum": _function("max", 2),
    "minimum": _function("min", 2),
    "maximum_constant": _function("max", 2),
    "minimum_constant": _function("min", 2),
    "atan2": _function("atan2", 2),
    "leaky_relu": _function("leaky_relu", 2),
    "relu": _function("ReLU"),
    **{
        name: _function(name)
        for name in (
            "abs exp expm1 log log1p sqrt sin cos tan asin acos atan sinh cosh tanh asinh acosh atanh erf sigmoid "
            "softplus sign"
        ).split()
    },
}

LATEX: dict[str, Notation] = {
    "add": Notation("{} + {}", SUM, (SUM, PRODUCT)),
    "subtract": Notation("{} - {}", SUM, (SUM, PRODUCT)),
    "multiply": Notation(r"{} \cdot {}", PRODUCT, (PRODUCT, POWER)),
    "multiply_no_nan": Notation(r"{} \cdot {}", PRODUCT, (PRODUCT, POWER)),
    "divide": Notation(r"\frac{{{}}}{{{}}}", POWER, (0, 0)),
    "floor_divide": Notation(r"\left\lfloor \frac{{{}}}{{{}}} \right\rfloor", ATOM, (0, 0)),
    "remainder": Notation(r"{} \bmod {}", PRODUCT, (PRODUCT, ATOM)),
    "power": Notation("{}^{{{}}}", POWER, (ATOM, 0)),
    "negative": Notation("-{}", SIGNED, (POWER,)),
    "abs": Notation(r"\left|{}\right|", ATOM, (0,)),
    "sqrt": Notation(r"\sqrt{{{}}}", ATOM, (0,)),
    "expm1": Notation(r"\exp\left({}\right) - 1", SUM, (0,)),
    "log1p": Notation(r"\log\left(1 + {}\right)", ATOM, (PRODUCT,)),
    "greater": Notation(r"\left[{} > {}\right]", ATOM, (0, 0)),
    "maximum": _latex_function(r"\max", 2),
    "minimum": _latex_function(r"\min", 2),
    "maximum_constant": _latex_function(r"\max", 2),
    "minimum_constant": _latex_function(r"\min", 2),
    "asin": _latex_function(r"\arcsin"),
    "acos": _latex_function(r"\arccos"),
    "atan": _latex_function(r"\arctan"),
    "sigmoid": _latex_function(r"\sigma"),
    "sign": _latex_function(r"\operatorname{{sgn}}"),
    "relu": _latex_function(r"\operatorname{{ReLU}}"),
    "atan2": _latex_function(r"\operatorname{{atan2}}", 2),
    "leaky_relu": _latex_function(r"\operatorname{{LeakyReLU}}", 2),
    **{name: _latex_function(rf"\{name}") for name in "exp log sin cos tan sinh cosh tanh".split()},
    **{name: _latex_function(rf"\operatorname{{{{{name}}}}}") for name in "asinh acosh atanh erf softplus".split()},
}

MOST_CHARACTERS = 10_000
"""A formula of a graph with shared nodes can be exponentially longer than the graph; beyond this it is refused."""


def formula(
    root: Value, names: Mapping[Value, str] | None = None, latex: bool = False, *, literal: bool = False
) -> str:
    """The expression that a Value was computed by, in terms of the leaves, or of the nodes that are named.

    Arguments:
        root: the Value.
        names: what stands for a node, which is then not expanded; the root itself always is. Without names, a leaf is
            called by its label, and shown as its number if it has none.
        latex: as LaTeX, for a mathematics environment, else as text that Python could read.
        literal: write each operation as it is; else o * o is written as a square, and x ** 1 as x.

    Raises:
        TypeError: if root is no Value.
        ValueError: if the formula would be longer than 10,000 characters, because shared nodes repeat in it.

    >>> w, x, b = Value(-3.0, "w"), Value(2.0, "x"), Value(1.0, "b")
    >>> formula((w * (x + b)).tanh() ** 2)
    'tanh(w * (x + b)) ** 2'
    >>> print(formula(w / (x + b), latex=True))
    \\frac{w}{x + b}
    """
    check_value("root", root)
    names = names or {}
    notations = LATEX if latex else TEXT
    written: dict[Value, tuple[str, int]] = {}
    for node in _below(root, names):
        if node in names and node is not root:
            written[node] = names[node], _binds_of_name(names[node], latex)
        elif not node.parents:
            label = latex_name(node.label) if latex else clean(node.label)
            name = label or (latex_number if latex else number_text)(node.data, whole="")
            written[node] = name, _binds_of_name(name, latex)
        else:
            written[node] = _write(node.op, node.parents, written, notations, literal)
        if len(written[node][0]) > MOST_CHARACTERS:
            raise ValueError(
                f"the formula is longer than {MOST_CHARACTERS:,} characters, because shared nodes repeat in it: "
                "name some of them (argument `names`), or use explain()"
            )
    return written[root][0]


def _below(root: Value, names: Mapping[Value, str]) -> list[Value]:
    """The nodes that a formula is made of, each after its parents: nothing below a node that has a name."""
    reached: dict[Value, None] = {}
    stack = [root]
    while stack:
        node = stack.pop()
        if node not in reached:
            reached[node] = None
            if node is root or node not in names:
                stack.extend(reversed(node.parents))
    return sorted(reached, key=attrgetter("level"))


def _write(
    op: Primitive,
    parents: Sequence[Value],
    written: Mapping[Value, tuple[str, int]],
    notations: Mapping[str, Notation],
    literal: bool,
) -> tuple[str, int]:
    """An operation on arguments that are written already, and how tightly it binds."""
    if op.name == "multiply" and parents[0] is parents[1] and not literal:  # o * o is o squared on the blackboard
        return _fill(notations["power"], [written[parents[0]], ("2", ATOM)])
    if op.name == "power" and not literal and parents[1].op is CONSTANT and parents[1].data == 1.0:
        return written[parents[0]]
    own = latex_name(op.symbol) if notations is LATEX else clean(op.symbol)  # of a primitive that is not of our table
    notation = notations.get(op.name) or _function(own.replace("{", "{{").replace("}", "}}"), len(parents))
    return _fill(notation, [written[parent] for parent in parents])


def _fill(notation: Notation, arguments: Sequence[tuple[str, int]]) -> tuple[str, int]:
    more = len(arguments) - len(notation.places)
    template = notation.template + " + {}" * more
    places = notation.places + notation.places[-1:] * more
    texts = [text if binds >= place else f"({text})" for (text, binds), place in zip(arguments, places, strict=True)]
    return template.format(*texts), notation.binds


def _binds_of_name(name: str, latex: bool) -> int:
    """A name is an atom, unless it would be misread beside operators: -1, x + 1, the square of w^(1)."""
    if name.startswith("-"):
        return 0 if latex else SIGNED
    if latex:
        return PRODUCT if r"\cdot" in name else POWER if "^" in name else ATOM
    return (
        ATOM
        if re.fullmatch(r"[\w.#'…�]+|\(.*\)|\d[\d.]*e[+-]?\d+", name) or _LECTURE_NAME.fullmatch(name.partition("#")[0])
        else 0
    )


def slope_formulas(node: Value, names: Mapping[Value, str], latex: bool = False) -> list[str]:
    """The local partial derivative of a node in each of its arguments, as formulas.

    The slopes of the table are called with Values that bear the names of the node and of its parents; so what is
    written here is what `backward` computes.

    >>> a, b = Value(2.0), Value(3.0)
    >>> c = a / b
    >>> slope_formulas(c, {a: "a", b: "b", c: "c"})
    ['1 / b', '-c / b']
    """
    symbols: dict[Value, str] = {}

    def symbol(of: Value) -> Value | float:
        if of.op is CONSTANT and not of.label:
            return of.data
        stand_in = Value(of.data)
        symbols[stand_in] = names[of]
        return stand_in

    parents = {parent: symbol(parent) for parent in node.parents}
    out = symbol(node)
    arguments = [parents[parent] for parent in node.parents]
    formulas = []
    for _, slope in zip(node.parents, node.op.slopes, strict=False):
        result = slope_at(slope, out, arguments)
        if not isinstance(result, Value):
            formulas.append((latex_number if latex else number_text)(result, whole=""))
        else:
            formulas.append(symbols[result] if result in symbols else formula(result, symbols, latex))
    return formulas


_LECTURE_NAME = re.compile(
    r"([a-zA-Z])\^\((\d+)\)_\{([\d,]+)\}|([a-zA-Z])_(\d+)\^\((\d+)\)|([a-zA-Z])_?(-?\d+)|[a-zA-Z]"
)
_LATEX_SIGNS = {
    "\\": r"\backslash ", "{": r"\{", "}": r"\}", "$": r"\$", "&": r"\&", "#": r"\#", "%": r"\%", "_": r"\_",
    "^": r"\hat{\ }", "~": r"\sim ", "<": r"\lt ", ">": r"\gt ", " ": r"\ ", "`": r"\text{`}", '"': "''",
}  # fmt: skip


def latex_name(label: str) -> str:
    """A label as LaTeX; what the label contains never becomes a command.

    >>> print(latex_name("w^(1)_{2,0}"), latex_name("s_1^(2)"), latex_name("x1"), latex_name("rate"))
    w^{(1)}_{2,0} s_{1}^{(2)} x_{1} \\mathit{rate}
    """
    if not label:
        return ""
    match = _LECTURE_NAME.fullmatch(label)
    if match is None:
        return rf"\mathit{{{''.join(_LATEX_SIGNS.get(sign, sign) for sign in clean(label))}}}"
    if match[1]:
        return f"{match[1]}^{{({match[2]})}}_{{{match[3]}}}"
    if match[4]:
        return f"{match[4]}_{{{match[5]}}}^{{({match[6]})}}"
    return f"{match[7]}_{{{match[8]}}}" if match[7] else label
