"""Worksheets: the forward and the backward pass of a graph with blanks, in variants, and the key."""

import html
import math
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import partial
from pathlib import Path
from random import Random
from typing import NamedTuple, TypeAlias

from autograd_lite.checks import check_choice, check_integer, check_positive, check_size
from autograd_lite.labels import clean, number_text
from autograd_lite.parse import parse_expression
from autograd_lite.pictures.diagram import Diagram
from autograd_lite.pictures.drawing import box_lines, boxed, diagram_from, layers
from autograd_lite.pictures.pgf import to_pgf
from autograd_lite.pictures.svg import in_base64, to_svg
from autograd_lite.primitives import LEAF, as_float
from autograd_lite.teaching.key import KINDS, Blank, Kind, Sheet, save_key, sheet_of
from autograd_lite.teaching.wrong_passes import MISTAKES, OTHER_MISTAKES
from autograd_lite.value import Value, topological_order
from autograd_lite.words.latex import compilable, in_fonts
from autograd_lite.words.notation import ATOM, LATEX, MATHML, PRODUCT, UNICODE, Form, Written, write
from autograd_lite.words.sentences import Writer

Choice: TypeAlias = str | float | Iterable[float]
"""What numbers a leaf may have: a number, some numbers, or text, for example "-2..2", "0..1/0.25" or "-1,0,1/2"."""

SMALL = 100.0
"""Sheets with larger numbers are made only where there are not enough others."""

MOST_NUMBERS = 10_000
"""The largest number of entries that are used of a range."""

SUFFIXES = (".html", ".md", ".tex", ".xml")
"""What sheets can be written as; .xml is Moodle's."""

KEY_SUFFIXES = (".html", ".md", ".tex", ".json")
"""What a key can be written as; `mark_class` reads .json."""


class Setting(NamedTuple):
    """How lines are set in one form."""

    form: Form
    blank: str
    """A blank for a number that is asked for elsewhere."""
    numbered: str
    """With {} for the number of a blank."""
    answer: str
    """In the key, with {} for the number of a blank and {} for the answer."""


MATHML_BLANK = '<mspace width="4em" height="1.2em"/>'
LATEX_BLANK = r"\underline{\hspace{4em}}"
SETTINGS = {
    ".html": Setting(
        MATHML,
        MATHML_BLANK,
        f"<mrow><msup><mrow/><mtext>({{}})</mtext></msup>{MATHML_BLANK}</mrow>",
        '<mrow class="answer"><msup><mrow/><mtext>({})</mtext></msup>{}</mrow>',
    ),
    ".md": Setting(UNICODE, "______", "({}) ______", "({}) {}"),
    ".tex": Setting(
        LATEX._replace(first_equals=" = ", increases=r" \mathrel{+}= "),
        LATEX_BLANK,
        r"{{}}^{{({})}}\underline{{\hspace{{4em}}}}",
        r"{{}}^{{({})}}\mathbf{{{}}}",
    ),
}


class Section(NamedTuple):
    """Rows of formulas under a title; a row may be broken between formulas."""

    title: str
    rows: Sequence[Sequence[str]]


@dataclass(frozen=True)
class Worksheets:
    """Sheets that ask for the numbers of a graph: one, or several variants; Jupyter shows them as HTML.

    Attributes:
        title: the heading of each sheet.
        sheets: the graphs and their blanks, by number, from 1.
        digits: how many significant digits numbers have.
    """

    title: str
    sheets: Mapping[int, Sheet]
    digits: int

    def html(self, key: bool = False) -> str:
        """Return a page of HTML that prints a sheet on each page, or with `key` the same with the answers."""
        return PAGE.format(title=html.escape(self.title), body="\n".join(self._pages(".html", self._html_page, key)))

    def markdown(self, key: bool = False) -> str:
        """Return Markdown, with the pictures in it."""
        return "\n\n---\n\n".join(self._pages(".md", self._markdown_page, key)) + "\n"

    def latex(self, key: bool = False, standalone: bool = False) -> str:
        """Return LaTeX that needs amsmath and tikz, or with `standalone` a whole document."""
        body = "\n\\newpage\n".join(self._pages(".tex", self._latex_page, key))
        return DOCUMENT.replace("BODY", body) if standalone else body + "\n"

    def moodle(self) -> str:
        """Return questions for Moodle, as XML: one for each blank, with feedback for the answers that mistakes lead to.

        An answer is right if it has 3 right digits. Each sheet is a category.
        """
        questions = [question for number in self.sheets for question in self._questions(number)]
        return f'<?xml version="1.0" encoding="UTF-8"?>\n<quiz>\n{"".join(questions)}</quiz>\n'

    def save(self, path: str | Path, *, key: bool = False, standalone: bool = True) -> Path:
        """Write the sheets, or with `key` the answers, to a file, and return its path.

        Arguments:
            path: its suffix determines the format: one of SUFFIXES, or for a key one of KEY_SUFFIXES.
            standalone: for LaTeX, whether the file is a whole document.

        Raises:
            ValueError: if there is no such format.
            OSError: if the file cannot be written.
        """
        path = Path(path)
        suffix = path.suffix.lower()
        known = KEY_SUFFIXES if key else SUFFIXES
        if suffix not in known:
            raise ValueError(f"the file must end in {', '.join(known)}, received {str(path)!r}")
        if suffix == ".json":
            return save_key(self.sheets, path)
        forms: dict[str, Callable[[], str]] = {
            ".html": partial(self.html, key),
            ".md": partial(self.markdown, key),
            ".tex": partial(self.latex, key, standalone),
            ".xml": self.moodle,
        }
        path.write_text(forms[suffix](), encoding="utf-8")
        return path

    def _repr_html_(self) -> str:
        return f"<style>{STYLE}</style>" + "\n".join(self._pages(".html", self._html_page, key=False))

    def _pages(self, suffix: str, page: Callable[[int, Diagram, list[Section], bool], str], key: bool) -> Iterator[str]:
        for number, sheet in self.sheets.items():
            lines = Lines(sheet, SETTINGS[suffix], key, self.digits)
            yield page(number, lines.diagram(), list(lines.sections()), key)

    def _html_page(self, number: int, diagram: Diagram, sections: list[Section], key: bool) -> str:
        name = "key" if key else '<span class="name">Name:</span>'
        head = f"<header><span>Sheet {number}</span>{name}</header><h1>{html.escape(self.title)}</h1>"
        formula = '<math displaystyle="true">{}</math>'.format
        parts = [
            f"<h2>{title}</h2>" + "".join(f"<p>{' '.join(map(formula, row))}</p>" for row in rows)
            for title, rows in sections
        ]
        return f'<section class="sheet">{head}{to_svg(diagram, titles=False)}{"".join(parts)}</section>'

    def _markdown_page(self, number: int, diagram: Diagram, sections: list[Section], key: bool) -> str:
        data = in_base64(to_svg(diagram, titles=False))
        name = "key" if key else "Name: ____________________"
        parts = [
            f"# {_in_markdown(self.title)}",
            f"Sheet {number} · {name}",
            f"![graph](data:image/svg+xml;base64,{data})",
        ]
        for title, rows in sections:
            parts += [f"## {title}", *(_in_markdown("   ".join(row)) for row in rows)]
        return "\n\n".join(parts)

    def _latex_page(self, number: int, diagram: Diagram, sections: list[Section], key: bool) -> str:
        name = "key" if key else r"Name: \underline{\hspace{6cm}}"
        title = "".join(map(in_fonts, clean(self.title)))
        parts = [
            rf"\noindent Sheet {number} \hfill {name}\par\bigskip",
            rf"\noindent\textbf{{{title}}}\par",
            to_pgf(diagram),
        ]
        for heading, rows in sections:
            parts.append(rf"\medskip\noindent\textit{{{heading}}}\par")
            for row in rows:
                formulas = r" \qquad ".join(rf"$\displaystyle {compilable(formula)}$" for formula in row)
                parts.append(rf"\noindent {formulas}\par\smallskip")
        return "\n".join(parts)

    def _questions(self, number: int) -> Iterator[str]:
        sheet = self.sheets[number]
        lines = Lines(sheet, SETTINGS[".md"], False, self.digits)
        picture = in_base64(to_svg(lines.diagram(), titles=False))
        given = "<br>".join(map(html.escape, lines.given()))
        right = sheet.numbers()
        wrong = [(mistake.does, sheet.numbers(mistake)) for mistake in (MISTAKES | OTHER_MISTAKES).values()]
        category = f"$course$/{html.escape(self.title).replace('/', '//')}/Sheet {number}"
        yield f'<question type="category"><category><text>{category}</text></category></question>\n'
        for place, blank in enumerate(sheet.blanks, start=1):
            asked = html.escape(lines.question(blank))
            image = '<p><img src="@@PLUGINFILE@@/graph.svg" alt="graph"></p>'
            text = f"<p>{html.escape(self.title)}, where {given}.</p>{image}<p>{asked} = ?</p>"
            answers = {right[blank]: "Right."}
            for does, numbers in wrong:
                told_apart = abs(numbers.get(blank, math.nan) - right[blank]) > _tolerance(right[blank])
                if told_apart and math.isfinite(numbers[blank]):
                    answers.setdefault(numbers[blank], f"This is the result if {does}.")
            found = "".join(
                f'<answer fraction="{100 if feedback == "Right." else 0}"><text>{answer!r}</text>'
                f"<tolerance>{_tolerance(answer)!r}</tolerance>"
                f'<feedback format="plain_text"><text>{html.escape(feedback)}</text></feedback></answer>'
                for answer, feedback in answers.items()
            )
            yield (
                f'<question type="numerical"><name><text>Sheet {number} ({place})</text></name>'
                f'<questiontext format="html"><text><![CDATA[{text}]]></text>'
                f'<file name="graph.svg" path="/" encoding="base64">{picture}</file></questiontext>'
                f"<defaultgrade>1</defaultgrade>{found}</question>\n"
            )


class Lines:
    """The lines of a sheet in one form.

    A number that is asked for is blank wherever it appears, and so is all that follows from it.

    Arguments:
        sheet: what is asked for.
        setting: the form.
        key: whether the answers stand in the blanks.
        digits: how many significant digits numbers have.
    """

    def __init__(self, sheet: Sheet, setting: Setting, key: bool, digits: int) -> None:
        self.sheet, self.setting, self.key = sheet, setting, key
        self.form = setting.form._replace(digits=digits)
        self.root = sheet.order[-1]
        self.writer = Writer(sheet.names, self.root, self.form)
        self.numbers = sheet.numbers()
        self.places = {blank: place for place, blank in enumerate(sheet.blanks, start=1)}
        self.kinds = {blank.kind for blank in sheet.blanks}
        self.named: set[Blank] = set()
        """The blanks that have stood in a line already, with their number."""

    def written(self, blank: Blank | None, number: float, hidden: bool) -> Written:
        """Write a number or a blank; where a number that is asked for first appears, its blank is numbered."""
        if blank in self.places and blank not in self.named:
            self.named.add(blank)
            setting = self.setting.answer if self.key else self.setting.numbered  # which has no place for the number
            return Written(setting.format(self.places[blank], self.form.number(number).text), ATOM)
        return Written(self.setting.blank, ATOM) if hidden and not self.key else self.form.number(number)

    def value(self, node: Value) -> Written:
        """Write the number of a node."""
        hidden = "values" in self.kinds and bool(node.parents)
        return self.written(Blank("values", self.sheet.names.get(node, "")), node.data, hidden)

    def given(self) -> list[str]:
        """Write the leaves, which are given."""
        rate = self.sheet.learning_rate
        lines = [
            self.writer.forward_line(node) for node in self.sheet.order if not node.parents and node in self.sheet.names
        ]
        return [*lines, self.writer.equation(self.form.name("η").text, self.writer.number(rate))] if rate else lines

    def sections(self) -> Iterator[Section]:
        """Yield what is given and what is asked for, in the order of the numbers of the blanks."""
        yield Section("Given", [self.given()])
        yield Section("Forward", [[self.forward(node)] for node in self.sheet.order if node.parents])
        if self.kinds & {"slopes", "products", "totals"}:
            seed = self.writer.equation(self.writer.derivative(self.root, self.root), self.writer.number(1.0))
            yield Section("Backward", [[seed], *self.backward()])
        leaves = [node for node in self.sheet.order if node.op is LEAF]
        if "gradients" in self.kinds:
            yield Section("Gradients", [[self.asked(Blank("gradients", self.sheet.names[leaf]))] for leaf in leaves])
        if "updated" in self.kinds:
            asked = [Blank("updated", self.sheet.names[leaf]) for leaf in leaves if leaf not in self.sheet.data]
            yield Section("Update", [[self.asked(blank)] for blank in asked])

    def forward(self, node: Value) -> str:
        """Write how a node is computed."""
        stand_ins = {parent: self.value(parent) for parent in node.parents if parent in self.sheet.names}
        by_number = write(node, stand_ins, self.form, literal=True).text
        return self.writer.equation(
            self.writer.name(node), self.writer.expression(node), by_number, self.value(node).text
        )

    def backward(self) -> Iterator[list[str]]:
        """Write the chain rule at each edge: the local partial derivative, the product, and the running total."""
        writer, times, equals = self.writer, self.form.sign("*"), self.form.sign("=")
        blank_totals: dict[Value, bool] = {}
        for step in self.sheet.right_steps:
            node, parent, edge = step.node, step.parent, self.sheet.edge(step.node, step.place)
            local = writer.derivative(node, parent)
            follows = "values" in self.kinds and callable(node.op.slopes_of(len(node.parents))[step.place])
            no_slope = "slopes" in self.kinds or follows
            slope = self.written(Blank("slopes", edge), step.slope, no_slope).text
            sides = [writer.slope(step)] if self.key or "slopes" not in self.kinds else []
            of_slope = writer.equation(local, *[side for side in sides if side != slope], slope)
            no_upstream = blank_totals.get(node, False)
            upstream = self.written(None, step.upstream, no_upstream)
            factors = [upstream, self.written(None, step.slope, no_slope)]
            is_first = parent not in blank_totals
            no_product = no_upstream or no_slope or "products" in self.kinds or ("totals" in self.kinds and is_first)
            product = self.written(Blank("products", edge), step.share, no_product).text
            by_number = times.join(self.form.in_place(factor, PRODUCT) for factor in factors)
            blank_totals[parent] = (
                no_product or bool(self.kinds & {"totals", "gradients"}) or blank_totals.get(parent, False)
            )
            total = self.written(Blank("totals", edge), step.total, blank_totals[parent]).text
            share = equals.join([writer.share(step), by_number, product])
            increase = f"{writer.derivative(self.root, parent)}{self.form.increases}{share}"
            yield [of_slope, *map(self.form.enclosure.format, (increase, self.form.word.format("total") + total))]

    def asked(self, blank: Blank) -> str:
        """Write a question of one blank."""
        return self.writer.equation(self.question(blank), self.written(blank, self.numbers[blank], True).text)

    def question(self, blank: Blank) -> str:
        """Write what a blank asks for, as the left side of an equation."""
        nodes = {name: node for node, name in self.sheet.names.items()}
        if blank.kind == "values":
            return self.writer.name(nodes[blank.name])
        if blank.kind == "gradients":
            return self.writer.derivative(self.root, nodes[blank.name])
        if blank.kind == "updated":
            name, rate = self.writer.name(nodes[blank.name]), self.form.name("η").text
            change = f"{rate}{self.form.beside}{self.writer.derivative(self.root, nodes[blank.name])}"
            return f"{name}{self.form.sign('←')}{name}{self.form.sign('-')}{change}"
        places = {self.sheet.edge(step.node, step.place): i for i, step in enumerate(self.sheet.right_steps)}
        step, place = self.sheet.right_steps[places[blank.name]], places[blank.name]
        if blank.kind == "slopes":
            return self.writer.derivative(step.node, step.parent)
        if blank.kind == "products":
            return self.writer.share(step)
        so_far = [one for one in self.sheet.right_steps[: place + 1] if one.parent is step.parent]
        return self.form.sign("+").join(map(self.writer.share, so_far))

    def diagram(self) -> Diagram:
        """Return the picture, with blanks where the lines have blanks."""
        digits = self.form.digits
        backward = self.kinds - {"values"}
        gradients = {self.root: 1.0} | {step.parent: step.total for step in self.sheet.right_steps}

        def lines_of(node: Value) -> tuple[str, ...]:
            hidden = "values" in self.kinds and bool(node.parents) and not self.key
            data = "______" if hidden else number_text(node.data, digits)
            gradient = ""
            if backward and node in gradients:
                gradient = number_text(gradients[node], digits) if self.key or node is self.root else "______"
            return box_lines(node, self.sheet.names, data, gradient)

        order, names = self.sheet.order, self.sheet.names
        return diagram_from(boxed(order, names), self.root, lines_of, layers(order), "LR")


def worksheet(
    what: Value | str | Callable[..., Value],
    numbers: Mapping[str, Choice] | None = None,
    *,
    variants: int = 1,
    seed: int = 0,
    blanks: Collection[Kind] = ("values", "slopes", "products", "totals"),
    learning_rate: float | None = None,
    data: Collection[str] = (),
    digits: int = 4,
    title: str | None = None,
    max_nodes: int = 50,
) -> Worksheets:
    """Make worksheets on both passes over a graph, with blanks; each variant has different numbers.

    Numbers are drawn so that they stay small, and preferably so that results are exact in that many digits, and not 0.

    Arguments:
        what: a Value; or an expression, as for the command line; or a function of Values.
        numbers: for each leaf of an expression, or argument of a function, the numbers that it may have: "-2..2" are
            the integers with both ends, "-2..2/0.5" has a step, "-1,0,1/2" lists them; or a number, or a list.
        variants: how many sheets; a Value has only one.
        seed: of the choice of numbers.
        blanks: what is asked for: "values", "slopes", "products", "totals", "gradients" (of the leaves), "updated" (the
            leaves after a step of gradient descent). What follows from a blank in the later lines is blank too.
        learning_rate: of the update.
        data: names of leaves that are not updated.
        digits: significant digits of the numbers, 1 to 17.
        title: the heading of each sheet; if None, the expression or the name of the function.
        max_nodes: the largest graph.

    Raises:
        TypeError, ValueError: naming the argument that is wrong; a ValueError also if there are not as many different
            sheets as variants.

    >>> sheets = worksheet("w*x + b", {"w": "-2..2", "x": "1..3", "b": "-1,1"}, variants=3)
    >>> print(sheets.markdown(key=True).split("## Forward")[1].split("##")[0].strip())
    v₁ = w × x = 2 × 2 = (1) 4
    <BLANKLINE>
    v₂ = v₁ + b = 4 + 1 = (2) 5
    >>> print(sheets.markdown().split("## Forward")[1].split("##")[0].strip())
    v₁ = w × x = 2 × 2 = (1) ______
    <BLANKLINE>
    v₂ = v₁ + b = ______ + 1 = (2) ______
    """
    check_integer("variants", variants, 1)
    check_integer("seed", seed, 0)
    check_integer("digits", digits, 1, 17)
    if isinstance(blanks, str) or not blanks:
        raise ValueError(f"blanks must be a list of {', '.join(KINDS)}, received {blanks!r}")
    for kind in blanks:
        check_choice("blanks", kind, list(KINDS))
    if learning_rate is not None:
        check_positive("learning_rate", learning_rate)
    elif "updated" in blanks:
        raise ValueError("learning_rate must be a number if blanks contains 'updated', received None")
    choices = {name: numbers_of(name, choice) for name, choice in (numbers or {}).items()}
    if isinstance(what, Value):
        if choices or variants > 1:
            raise ValueError("numbers and variants are for an expression or a function; a Value has its numbers")
        graphs: Iterable[Value] = [what]
    else:
        graphs = _graphs(what, choices, seed, 20 * variants)
    heading = title or (what if isinstance(what, str) else str(getattr(what, "__name__", "Worksheet")))
    good: list[tuple[tuple[bool, int], Sheet]] = []
    for root in graphs:
        check_size(len(topological_order(root)), max_nodes, "ask about a part of it")
        sheet = _ask(root, frozenset(blanks), learning_rate, data)
        if not sheet.blanks:
            raise ValueError(f"blanks must ask for something that this graph has; received {', '.join(blanks)}")
        right = sheet.numbers()
        asked = [right[blank] for blank in sheet.blanks]
        if all(map(math.isfinite, asked)):
            awkward = sum(float(f"{number:.{digits}g}") != number for number in asked) + 10 * asked.count(0.0)
            good.append(((max(map(abs, asked), default=0.0) > SMALL, awkward), sheet))
    if not good:
        raise ValueError("numbers must make a sheet whose answers are finite; all of these make inf or nan")
    if len(good) < variants:
        raise ValueError(
            f"variants must be at most {len(good)}, as many sheets as these numbers make; received {variants}"
        )
    good.sort(key=lambda each: each[0])
    return Worksheets(heading, dict(enumerate([sheet for _, sheet in good[:variants]], start=1)), digits)


def numbers_of(name: str, choice: Choice) -> list[float]:
    """Return the numbers that a leaf may have.

    Raises:
        ValueError, TypeError: if the choice is not valid.

    >>> numbers_of("x", "-1..1/0.5,7"), numbers_of("x", [2, 3]), numbers_of("x", "1/2")
    ([-1.0, -0.5, 0.0, 0.5, 1.0, 7.0], [2.0, 3.0], [0.5])
    """
    if not isinstance(choice, str):
        return [as_float(number, name) for number in (choice if isinstance(choice, Iterable) else [choice])]
    found: list[Fraction] = []
    try:
        for part in choice.split(","):
            first, dots, rest = part.partition("..")
            last, _, step = rest.partition("/") if dots else (first, "", "")
            low, high, width = map(_fraction, (first, last, step or "1"))
            found += [low + width * i for i in range(min((high - low) // width + 1, MOST_NUMBERS))]
    except (ValueError, ArithmeticError):
        found = []
    if not found:
        words = "must be numbers, for example 3, -1,0,1/2 or -2..2, or with a step -2..2/0.5"
        raise ValueError(f"{name} {words}; received {choice!r}")
    return list(map(float, dict.fromkeys(found)))


def _fraction(text: str) -> Fraction:
    """Return a short number without an exponent: with one, exact arithmetic could take for ever."""
    return Fraction(text.strip() if len(text) < 20 and "e" not in text.lower() else "?")


def _graphs(
    what: str | Callable[..., Value], choices: Mapping[str, list[float]], seed: int, most: int
) -> Iterator[Value]:
    """Build the graph with different choices of numbers, in random order."""
    total = math.prod(map(len, choices.values()))
    for drawn in Random(seed).sample(range(total), min(total, most)):
        numbers, rest = {}, drawn
        for name, choice in choices.items():
            rest, place = divmod(rest, len(choice))
            numbers[name] = choice[place]
        if isinstance(what, str):
            root = parse_expression(what, numbers)
        else:
            root = what(**{name: Value(number, name) for name, number in numbers.items()})
        if not isinstance(root, Value):
            raise TypeError(f"what must return a Value, not {type(root).__name__}: {root!r:.100}")
        yield root


def _ask(root: Value, kinds: frozenset[Kind], learning_rate: float | None, data: Collection[str]) -> Sheet:
    """Return the sheet with its blanks, in the order in which `Lines` shows them."""
    sheet = sheet_of(root, (), learning_rate)
    nodes = {name: node for node, name in sheet.names.items() if node.op is LEAF}
    for name in data:
        check_choice("data", name, tuple(nodes))
    kept = [nodes[name] for name in data]
    blanks = [Blank("values", sheet.names[node]) for node in sheet.order if node.parents]
    for step in sheet.right_steps:
        edge = sheet.edge(step.node, step.place)
        blanks += [Blank("slopes", edge), Blank("products", edge), Blank("totals", edge)]
    blanks += [Blank("gradients", name) for name in nodes]
    blanks += [Blank("updated", name) for name, node in nodes.items() if node not in kept]
    return replace(sheet, blanks=[blank for blank in blanks if blank.kind in kinds], data=kept)


def _tolerance(number: float) -> float:
    """Return half a unit of the third significant digit."""
    return float(f"{0.5 * 10.0 ** (math.floor(math.log10(abs(number))) - 2):.2g}") if number else 0.0005


def _in_markdown(text: str) -> str:
    """Return text so that nothing in it is markup."""
    return "".join(f"\\{sign}" if sign in "\\`*_{}[]<>#|" else sign for sign in text).replace("\\_" * 6, "______")


STYLE = """
.sheet { break-after: page; } .sheet header { display: flex; justify-content: space-between; }
.sheet .name { border-bottom: 1px solid; width: 45%; } .sheet h1 { font-size: 1.3em; } .sheet h2 { font-size: 1em; }
.sheet svg { display: block; max-width: 100%; max-height: 32vh; height: auto; margin: 0 auto; }
.sheet p { margin: .75em 0; break-inside: avoid; } .sheet h2 { break-after: avoid; margin: .9em 0 .3em; }
.sheet math { font-size: 1.05em; margin-right: 1.5em; }
.sheet mspace[height] { border-bottom: 1px solid; } .answer { font-weight: bold; }
"""

PAGE = f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>{{title}}</title>
<style>body {{{{ font: 12pt/1.4 sans-serif; margin: 2em; color: #111; background: #fff; }}}}
@page {{{{ margin: 15mm; }}}} @media print {{{{ body {{{{ margin: 0; font-size: 11pt; }}}} }}}}
{STYLE.replace("{", "{{").replace("}", "}}")}</style>
</head>
<body>
{{body}}
</body>
</html>
"""

DOCUMENT = r"""\documentclass[11pt]{article}
\usepackage[margin=2cm]{geometry}
\usepackage{amsmath}
\usepackage{tikz}
\pagestyle{empty}
\setlength{\parindent}{0pt}
\raggedright
\begin{document}
BODY
\end{document}
"""
