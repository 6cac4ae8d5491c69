"""Labels and numbers, as text that is safe to show."""

import re
import unicodedata

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


def columns_of(text: str) -> int:
    """Return the width of a text in a terminal: Chinese characters take two columns, accents and colours none.

    >>> columns_of("日本"), columns_of("e\u0301"), columns_of("\x1b[34mx\x1b[0m")
    (4, 1, 1)
    """
    shown = [sign for sign in re.sub(r"\x1b\[\d+m", "", text) if unicodedata.category(sign) not in {"Mn", "Me"}]
    return len(shown) + sum(unicodedata.east_asian_width(sign) in "WF" for sign in shown)


def number_text(number: float, digits: int = 4) -> str:
    """Return a number as people read it, in every view: with `digits` significant digits, and a true minus sign.

    >>> number_text(2.0), number_text(-1 / 3), number_text(1e30), number_text(-1e-30), number_text(float("-inf"))
    ('2', '−0.3333', '1e30', '−1e−30', '−∞')
    """
    mantissa, mark, exponent = f"{number:.{digits}g}".partition("e")
    text = f"{mantissa}e{int(exponent)}" if mark else mantissa
    return text.replace("-", "−").replace("inf", "∞")
