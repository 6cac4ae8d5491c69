"""The names of the lecture: w^(1)_{2,0} for a weight, s_1^(2) for a signal, o_0^(1) for an output, delta_1^(2).

Also one letter, or the name of a Greek one, with or without a number: x1, eta.
"""

import re
from typing import NamedTuple

_LETTERS = (
    "αalpha βbeta γgamma δdelta εepsilon ζzeta ηeta θtheta ιiota κkappa λlambda μmu νnu ξxi πpi ρrho σsigma τtau "
    "υupsilon φphi χchi ψpsi ωomega ΓGamma ΔDelta ΘTheta ΛLambda ΞXi ΠPi ΣSigma ΥUpsilon ΦPhi ΨPsi ΩOmega"
)
GREEK = {word[1:]: word[0] for word in _LETTERS.split()}
"""The Greek letters that differ from Latin ones, by name."""

_NAME = re.compile(
    rf"([a-zA-Z]|{'|'.join(GREEK)})"
    r"(?:\^\((\d+)\)_\{(\d[\d,]*)\}|_(\d+)\^\((\d+)\)|_?(\d+)|)"  # ^(1)_{2,0}, or _1^(2), or _1, or nothing
)
_LAYER = re.compile(r"\^\(([0-9]{1,6})\)(?:$|_)")


class LectureName(NamedTuple):
    """A name of the lecture, taken apart."""

    letter: str
    """For example w, or delta."""
    units: str = ""
    """The index: 1 in s_1^(2), 2,0 in w^(1)_{2,0}; or nothing."""
    layer: str = ""
    """The number of the layer: 2 in s_1^(2); or nothing."""
    layer_first: bool = False
    """Whether the layer is named before the units, as in w^(1)_{2,0}."""


def lecture_name(label: str) -> LectureName | None:
    """Return the parts of a label if it is such a name, else None.

    >>> lecture_name("w^(1)_{2,0}")
    LectureName(letter='w', units='2,0', layer='1', layer_first=True)
    >>> lecture_name("s_1^(2)")[:3], lecture_name("x1")[:2], lecture_name("rate")
    (('s', '1', '2'), ('x', '1'), None)
    """
    match = _NAME.fullmatch(label)
    if match is None:
        return None
    letter, of_layer, between, unit, layer, number = match.groups(default="")
    return LectureName(letter, between or unit or number, of_layer or layer, layer_first=bool(of_layer))


def latex_letter(name: str) -> str:
    """Return a Greek letter as a command of LaTeX."""
    return f"\\var{name}" if name in ("epsilon", "phi") else f"\\{name}"


def numbered(label: str) -> tuple[LectureName | None, str]:
    """Return the parts of a label without the #2, #3, ... of labels that occur again, and that number.

    >>> numbered("s_1^(2)#3")
    (LectureName(letter='s', units='1', layer='2', layer_first=False), '#3')
    """
    stem, mark, number = label.partition("#")
    return lecture_name(stem), mark + number


RAISED, LOWERED = str.maketrans("0123456789()−", "⁰¹²³⁴⁵⁶⁷⁸⁹⁽⁾⁻"), str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")
"""The characters that Unicode has above and below the line."""

ABOVE, BELOW = (dict(zip(map(chr, signs.values()), map(chr, signs), strict=True)) for signs in (RAISED, LOWERED))
_PIECE = re.compile(r"([{0}]+)|([{1}]+(?:,[{1}]+)*)|([^{0}{1}]+)".format(*map("".join, (ABOVE, BELOW))))

PLAIN = ABOVE | BELOW | {letter: name for name, letter in GREEK.items()} | {
    "−": "-", "⁻": "-", "×": "*", "·": "*", "∂": "d", "∞": "inf", "√": "sqrt ", "′": "'", "→": "->", "←": "<-",
}  # fmt: skip
"""What to write where our characters are missing."""


def typeset(label: str) -> str:
    """Return a label with its Greek letter, and its numbers above and below the line.

    >>> typeset("w^(1)_{2,0}"), typeset("delta_1^(2)"), typeset("x1"), typeset("s_1^(2)#3"), typeset("rate")
    ('w⁽¹⁾₂,₀', 'δ₁⁽²⁾', 'x₁', 's₁⁽²⁾#3', 'rate')
    """
    name, again = numbered(label)
    if name is None:
        return label
    units, layer = name.units.translate(LOWERED), f"({name.layer})".translate(RAISED) if name.layer else ""
    return GREEK.get(name.letter, name.letter) + (layer + units if name.layer_first else units + layer) + again


def in_ascii(text: str) -> str:
    """Return a text in ASCII: the Unicode characters of formulas are spelled out, and any others become escapes.

    >>> print(in_ascii("∂w⁽¹⁾₂,₀ = −2 × é²"))
    dw^(1)_2,0 = -2 * \\xe9^2
    """
    for mark, signs in (("^", ABOVE), ("_", BELOW)):
        text = re.sub(f"([{''.join(signs)}]+)", rf"{mark}\1", text)
    plain = re.sub(r"(?<=\d),_(?=\d)", ",", "".join(PLAIN.get(sign, sign) for sign in text))
    return plain.encode("ascii", "backslashreplace").decode()


def pieces(text: str) -> list[tuple[str, int]]:
    """Return the pieces of a text in ordinary characters, each with 1 if it stands above the line, -1 below, 0 on it.

    >>> pieces("w⁽¹⁾₂,₀ = x²")
    [('w', 0), ('(1)', 1), ('2,0', -1), (' = x', 0), ('2', 1)]
    """
    found = []
    for above, below, plain in _PIECE.findall(text):
        signs = ABOVE if above else BELOW
        found.append((plain or "".join(signs.get(sign, sign) for sign in above + below), 1 if above else -bool(below)))
    return found


def weight_label(l: int, b: int, a: int) -> str:
    """Return the label of the weight w_{b,a}^(l), from node a of layer l - 1 to node b of layer l.

    >>> weight_label(1, 2, 0)
    'w^(1)_{2,0}'
    """
    return f"w^({l})_{{{b},{a}}}"


def unit_label(letter: str, b: int, l: int) -> str:
    """Return the label of something at node b of layer l: a signal s, an output o, a gradient delta, a mask m.

    >>> unit_label("s", 2, 1), unit_label("delta", 1, 2)
    ('s_2^(1)', 'delta_1^(2)')
    """
    return f"{letter}_{b}^({l})"


def layer_of(label: str) -> int | None:
    """Return the number of the layer that a label names, as in w^(2)_{1,0}, s_b^(2) or tanh^(2); None if it names none.

    >>> layer_of("w^(2)_{1,0}"), layer_of("o_1^(0)"), layer_of("x1")
    (2, 0, None)
    """
    match = _LAYER.search(label)
    return int(match[1]) if match else None


def layer_title(l: int) -> str:
    """Return what a layer of a network is called: "layer 2", or "inputs" for layer 0."""
    return f"layer {l}" if l else "inputs"


def delta_name(label: str) -> str:
    """Return the lecture's name for the gradient of a signal s_b^(l); "" if the label is not a signal.

    >>> delta_name("s_1^(2)"), delta_name("o_1^(2)")
    ('delta_1^(2)', '')
    """
    name = lecture_name(label)
    is_signal = name is not None and name.letter == "s" and name.layer and not name.layer_first
    return f"delta{label[1:]}" if is_signal else ""
