"""Labels and numbers as text that is safe to show."""

import math
import unicodedata

LONGEST_LABEL = 60
"""In characters; a longer label is cut where it is shown."""


def clean(label: object) -> str:
    """A label as one line of visible text: what is no visible character becomes U+FFFD, and a long label is cut.

    Control characters (line breaks too), surrogates and the marks that change the direction of writing are not shown as
    such, so that a label cannot disguise itself or break a file.

    >>> clean("two\\nlines"), len(clean("x" * 20_000))
    ('two�lines', 60)
    """
    text = label if isinstance(label, str) else str(label)
    if len(text) > LONGEST_LABEL:
        text = text[: LONGEST_LABEL - 1] + "…"
    return "".join("�" if unicodedata.category(sign) in _INVISIBLE else sign for sign in text)


_INVISIBLE = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}


def number_text(number: float, digits: int = 6, whole: str = ".0") -> str:
    """A number with so many significant digits; `whole` is what follows a whole number.

    >>> number_text(2.0), number_text(1 / 3), number_text(2.0, whole=""), number_text(-1e30)
    ('2.0', '0.333333', '2', '-1e+30')
    """
    text = f"{number:.{digits}g}"
    return text + whole if math.isfinite(number) and text.lstrip("-").isdigit() else text


def latex_number(number: float, digits: int = 6, whole: str = ".0") -> str:
    """The number as LaTeX.

    >>> print(latex_number(-1e30), latex_number(2.0), latex_number(math.inf))
    -1 \\cdot 10^{30} 2.0 \\infty
    """
    text = number_text(number, digits, whole)
    mantissa, _, exponent = text.partition("e")
    if exponent:
        return rf"{mantissa} \cdot 10^{{{int(exponent)}}}"
    return {"inf": r"\infty", "-inf": r"-\infty", "nan": r"\mathrm{nan}"}.get(text, text)


def mathml_number(number: float, digits: int = 6, whole: str = ".0") -> str:
    """The number as MathML, one element.

    >>> print(mathml_number(2.0), mathml_number(-math.inf), mathml_number(1e30))
    <mn>2.0</mn> <mrow><mo>−</mo><mi>∞</mi></mrow> <mrow><mn>1</mn><mo>·</mo><msup><mn>10</mn><mn>30</mn></msup></mrow>
    """
    text = number_text(number, digits, whole)
    mantissa, _, exponent = text.lstrip("-").partition("e")
    sign = "<mo>−</mo>" if text.startswith("-") else ""
    if exponent:
        power = f"<msup><mn>10</mn><mn>{int(exponent)}</mn></msup>".replace("-", "−")
        return f"<mrow>{sign}<mn>{mantissa}</mn><mo>·</mo>{power}</mrow>"
    size = {"inf": "<mi>∞</mi>", "nan": "<mtext>nan</mtext>"}.get(mantissa, f"<mn>{mantissa}</mn>")
    return f"<mrow>{sign}{size}</mrow>" if sign else size
