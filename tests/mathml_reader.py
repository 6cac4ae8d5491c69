"""A reader of MathML for tests: what a person sees, and the number that it stands for.

It knows nothing of precedence: a row is read as its pieces side by side, so that a bracket that is missing changes the
number.
"""

import math
from xml.etree import ElementTree

from autograd_lite import PRIMITIVES, constant

CHILDREN = {"mfrac": 2, "msup": 2, "msub": 2, "msubsup": 3}
TOKENS = {"mi", "mn", "mo", "mtext"}
OPERATORS = {
    "+": "+", "−": "-", "·": "*", "×": "*", "mod": "%", "(": "(", ")": ")", ",": ",", "\u2061": "",
    "[": "greater(", ">": ",", "]": ")",
}  # fmt: skip
FUNCTIONS = {
    "arcsin": "asin", "arccos": "acos", "arctan": "atan", "σ": "sigmoid", "sgn": "sign", "ReLU": "relu",
    "LeakyReLU": "leaky_relu", "max": "maximum", "min": "minimum",
}  # fmt: skip
FUNCTIONS |= {name: name for name, row in PRIMITIVES.items() if row.symbol == name}


def parse(mathml):
    """Parse a formula; allow only elements of MathML Core, without attributes, and text only where it is shown."""
    root = ElementTree.fromstring(mathml)
    for element in root.iter():
        assert element.tag in {*CHILDREN, *TOKENS, "mrow", "msqrt"}
        assert not element.attrib
        assert element.tail is None
        if element.tag in TOKENS:
            assert len(element) == 0
            assert element.text
        else:
            assert element.text is None
            assert len(element) == CHILDREN.get(element.tag, len(element))
    return root


def visible(mathml):
    """What is seen, in a row."""
    return "".join(parse(mathml).itertext())


def evaluate(mathml, numbers):
    """The number that a formula stands for; `numbers` holds the number of each name, as it is seen."""
    names = {**numbers, "∞": math.inf}
    known = {**PRIMITIVES, "number": constant, "names": {name: constant(number) for name, number in names.items()}}
    return eval(_read(parse(mathml)), known).data


def sides(mathml):
    """The sides of an equation, each as MathML."""
    found = [[]]
    for element in parse(mathml):
        if element.tag == "mo" and element.text == "=":
            found.append([])
        else:
            found[-1].append(ElementTree.tostring(element, encoding="unicode"))
    return [f"<mrow>{''.join(side)}</mrow>" for side in found]


def _read(element):
    match element.tag:
        case "mo":
            return OPERATORS[element.text]
        case "mn":
            return f"number({element.text.replace('−', '-')})"
        case "mi" if element.text in FUNCTIONS:
            return FUNCTIONS[element.text]
        case "mi" | "msub" | "msubsup":
            return f"names[{''.join(element.itertext())!r}]"
        case "mfrac":
            above, below = map(_read, element)
            return f"({above})/({below})"
        case "msup":
            base, exponent = map(_read, element)
            return f"{base}**({exponent})"
        case "msqrt":
            return f"sqrt({''.join(map(_read, element))})"
    pieces = list(element)
    fence = pieces[0].text if pieces[0].tag == "mo" else ""
    if fence in {"|", "⌊"}:
        assert pieces[-1].text == {"|": "|", "⌊": "⌋"}[fence]
        inside = "".join(map(_read, pieces[1:-1]))
        return f"abs({inside})" if fence == "|" else f"floor_divide({inside}, 1)"
    return "".join(map(_read, pieces))
