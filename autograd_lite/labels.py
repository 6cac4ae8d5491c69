"""Labels and numbers as text that is safe to show."""

import math
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
    if len(text) > LONGEST_LABEL:
        text = text[: LONGEST_LABEL - 1] + "…"
    return "".join("�" if unicodedata.category(sign) in _INVISIBLE else sign for sign in text)


_INVISIBLE = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}


def number_text(number: float, digits: int = 6, whole: str = ".0") -> str:
    """Return a number as text, with `digits` significant digits; `whole` follows an integer.

    >>> number_text(2.0), number_text(1 / 3), number_text(2.0, whole=""), number_text(-1e30)
    ('2.0', '0.333333', '2', '-1e+30')
    """
    text = f"{number:.{digits}g}"
    return text + whole if math.isfinite(number) and text.lstrip("-").isdigit() else text
