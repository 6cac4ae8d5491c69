"""Labels, names of nodes, and numbers, as text that is safe to show."""

import math
import unicodedata
from collections.abc import Iterable
from itertools import count, islice
from typing import Any, TypeVar

from autograd_lite.primitives import CONSTANT

Node = TypeVar("Node", bound=Any)
"""A `Value`; its module imports this one."""

LONGEST_LABEL = 60
"""The longest label that is shown in full, in characters; a longer one is cut."""


def clean(label: object) -> str:
    """Return a label as one line of visible text: invisible characters become U+FFFD, and a long label is cut.

    Control characters (including line breaks), surrogates and marks that change the writing direction are invisible, so
    a label can neither disguise itself nor break a file.

    >>> clean("two\\nlines"), len(clean("x" * 20_000))
    ('two�lines', 60)
    """
    text = label if isinstance(label, str) else str(label)
    return visible(text if len(text) <= LONGEST_LABEL else text[: LONGEST_LABEL - 1] + "…")


def visible(text: str) -> str:
    """Return a text with U+FFFD in place of each invisible character."""
    return "".join("�" if unicodedata.category(sign) in _INVISIBLE else sign for sign in text)


_INVISIBLE = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}


def node_names(order: Iterable[Node]) -> dict[Node, str]:
    """Name each node of a topological order: by its label, or v1, v2, ... as in a Wengert list.

    Of nodes that share a label all but the first have a number after it. A leaf without a label is v0, v-1, ..., and a
    constant without a label is not a variable and has no name (Griewank and Walther 2008, section 2.2).

    >>> from autograd_lite import Value, topological_order
    >>> x, y = Value(2.0), Value(5.0)
    >>> list(node_names(topological_order(x.log() + x * y)).values())
    ['v-1', 'v0', 'v1', 'v2', 'v3']
    """
    order = [node for node in order if node.label or node.op is not CONSTANT]
    taken = {clean(node.label) for node in order}
    unnamed_leaves = sum(1 for node in order if not node.label and not node.parents)
    free_inputs = (name for number in count(0, -1) if (name := f"v{number}") not in taken)
    inputs = reversed(list(islice(free_inputs, unnamed_leaves)))  # ..., v-1, v0
    results = (name for number in count(1) if (name := f"v{number}") not in taken)
    nodes: dict[str, Node] = {}
    for node in order:
        name = clean(node.label) or next(results if node.parents else inputs)
        numbered = (f"{clean(node.label)}#{number}" for number in count(2))
        while name in nodes:
            name = next(numbered)
        nodes[name] = node
    return {node: name for name, node in nodes.items()}


def number_text(number: float, digits: int = 6, whole: str = ".0") -> str:
    """Return a number as text, with `digits` significant digits; `whole` follows an integer.

    >>> number_text(2.0), number_text(1 / 3), number_text(2.0, whole=""), number_text(-1e30)
    ('2.0', '0.333333', '2', '-1e+30')
    """
    text = f"{number:.{digits}g}"
    return text + whole if math.isfinite(number) and text.lstrip("-").isdigit() else text
