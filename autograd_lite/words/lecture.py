"""The names of the lecture: w^(1)_{2,0} for a weight, s_1^(2) for a signal, o_0^(1) for an output, delta_1^(2)."""

import re
from typing import NamedTuple

_NAME = re.compile(
    r"([a-zA-Z]|delta(?=_\d+\^))"  # w, or the delta of a unit
    r"(?:\^\((\d+)\)_\{([\d,]+)\}|_(\d+)\^\((\d+)\)|_?(-?\d+)|)"  # ^(1)_{2,0}, or _1^(2), or _1, or nothing
)
_LAYER = re.compile(r"\^\(([0-9]{1,6})\)(?:$|_)")


class LectureName(NamedTuple):
    """A name of the lecture, taken apart."""

    letter: str
    """For example w, or "delta"."""
    units: str = ""
    """The index: 1 in s_1^(2), 2,0 in w^(1)_{2,0}, -1 in v-1; or nothing."""
    layer: str = ""
    """The number of the layer: 2 in s_1^(2); or nothing."""
    layer_first: bool = False
    """Whether the layer is named before the units, as in w^(1)_{2,0}."""


def lecture_name(label: str) -> LectureName | None:
    """Return the parts of a label if it is a name of the lecture, or one letter with or without a number; else None.

    >>> lecture_name("w^(1)_{2,0}")
    LectureName(letter='w', units='2,0', layer='1', layer_first=True)
    >>> lecture_name("s_1^(2)")[:3], lecture_name("v-1")[:2], lecture_name("rate")
    (('s', '1', '2'), ('v', '-1'), None)
    """
    match = _NAME.fullmatch(label)
    if match is None:
        return None
    letter, of_layer, between, unit, layer, number = match.groups(default="")
    return LectureName(letter, between or unit or number, of_layer or layer, layer_first=bool(of_layer))


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


def delta_name(label: str) -> str:
    """Return the lecture's name for the gradient of a signal s_b^(l); "" if the label is not a signal.

    >>> delta_name("s_1^(2)"), delta_name("o_1^(2)")
    ('delta_1^(2)', '')
    """
    name = lecture_name(label)
    is_signal = name is not None and name.letter == "s" and name.layer and not name.layer_first
    return f"delta{label[1:]}" if is_signal else ""
