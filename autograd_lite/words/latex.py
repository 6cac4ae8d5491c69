"""Text and formulas as LaTeX that compiles in any document, with the commands and the fonts that it has."""

from autograd_lite.words.lecture import ABOVE, BELOW, GREEK, latex_letter

SIGNS = {letter: rf"${latex_letter(name)}$" for name, letter in GREEK.items()}
SIGNS |= {sign: f"$^{{{number}}}$" for sign, number in ABOVE.items()}
SIGNS |= {sign: f"$_{{{number}}}$" for sign, number in BELOW.items()}
SIGNS |= {
    "\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "$": r"\$", "&": r"\&", "#": r"\#", "%": r"\%", "_": r"\_",
    "^": r"\textasciicircum{}", "~": r"\textasciitilde{}", "<": "$<$", ">": "$>$", "|": "$|$", " ": r"\ ", "-": "{-}",
    "`": r"{\textasciigrave}", "'": "{'}", '"': "{''}", ",": "{,}", "·": r"$\cdot$", "−": "$-$", "×": r"$\times$",
    "÷": r"$\div$", "√": r"$\surd$", "⌊": r"$\lfloor$", "⌋": r"$\rfloor$", "′": "$'$",
    "∞": r"$\infty$", "∂": r"$\partial$", "…": r"\ldots{}",
}  # fmt: skip
"""How to write characters that LaTeX takes for commands or joins to others, or that its fonts may lack."""

ACCENTED = {chr(code) for code in range(0xC0, 0x100)} - set("ÐÞðþ")
"""The letters beyond ASCII that all of LaTeX's fonts have."""


def in_fonts(sign: str) -> str:
    """Return a character as LaTeX's text; one that its fonts may lack is written as its Unicode number."""
    lacking = not sign.isascii() and sign not in ACCENTED | SIGNS.keys()
    return f"[U+{ord(sign):04X}]" if lacking else SIGNS.get(sign, sign)


def compilable(formulas: str) -> str:
    r"""Return formulas, written for MathJax, so that LaTeX compiles them: with the commands and the fonts that it has.

    >>> print(compilable(r"\mathit{a\lt b} = \mathit{Größe}"))
    \mathit{a<b} = \mathit{Gr\text{ö}\text{ß}e}
    """
    known = formulas.replace(r"\lt ", "<").replace(r"\gt ", ">")
    return "".join(sign if sign.isascii() else rf"\text{{{in_fonts(sign)}}}" for sign in known)
