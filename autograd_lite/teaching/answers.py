"""A student's numbers checked: which are right, to how many digits, and which mistakes explain those that are not.

The graph is played with each mistake, with pairs of mistakes, with rounding on the way, and from the other answers as
they are written. What leads to an answer explains it. But a few digits may agree by chance, so a mistake needs 3 digits
of evidence, and a pair of mistakes 5, counted over all answers that it explains.
"""

import csv
import math
from array import array
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, DecimalException
from enum import Enum
from fractions import Fraction
from itertools import combinations
from pathlib import Path
from typing import Any, NamedTuple, SupportsFloat, TypeAlias

from autograd_lite.checks import check_integer, check_positive, check_size
from autograd_lite.explanation import Explanation, Section
from autograd_lite.labels import clean, number_text
from autograd_lite.primitives import SIGMOID, as_float
from autograd_lite.teaching.key import Blank, Kind, Sheet, load_key, sheet_of
from autograd_lite.teaching.wrong_passes import MISTAKES, OTHER_MISTAKES, Edge, Mistake, combined, differ
from autograd_lite.value import Value, topological_order
from autograd_lite.words.lecture import typeset
from autograd_lite.words.names import names_of

Numbers: TypeAlias = Mapping[Any, SupportsFloat | str]
"""Answers by the names of nodes or edges, or by Values; in a text, zeros at the end count as digits."""

EVIDENCE, EVIDENCE_FOR_PAIRS = 3, 5
"""How many digits must agree with a mistake, and with a pair of mistakes."""

MOST_ROUNDED = 8
"""The largest number of digits to which rounding on the way is tried."""


class Verdict(Enum):
    """What an answer is."""

    RIGHT = "right"
    NEARLY = "right to fewer digits than it has, or than it should have"
    WRONG = "wrong"
    MISSING = "missing"


class Written(NamedTuple):
    """A number as somebody wrote it."""

    text: str
    number: float
    unit: float
    """What 1 in its last place is worth; 0 if the number is exact."""
    digits: int
    """How many significant digits it has."""
    decimals: int
    """How many digits it has after the point; 0 if the number is exact."""

    def agrees(self, number: float) -> bool:
        """Return whether this is the given number, rounded to the last place that is written."""
        if not (math.isfinite(number) and math.isfinite(self.number)):
            return repr(number) == repr(self.number)
        return abs(self.number - number) <= max(0.5000001 * self.unit, 1e-12 * abs(number))

    def evidence(self, number: float) -> int:
        """Return how many digits speak for a number that agrees: those written, or at least 3 if it is this number."""
        return self.digits if differ(self.number, number) else max(self.digits, EVIDENCE)

    def digits_of(self, number: float) -> int:
        """Return how many digits of a number are right here, if zeros are appended; 17 if this is the number.

        >>> read_number("0.42").digits_of(0.41997), read_number("0.43").digits_of(0.41997)
        (4, 1)
        """
        if not differ(self.number, number):
            return 17
        if number == 0 or not math.isfinite(number - self.number):
            return 0
        place = math.floor(math.log10(abs(number)))  # of the first digit
        right = math.floor(place + 1 - math.log10(2 * abs(self.number - number)))
        return min(max(right, self.digits if self.agrees(number) else 0), 17)


def read_number(number: SupportsFloat | str, argument: str = "number") -> Written:
    """Read a number, or text, for example "0.50", "0,50", "−2e-3" or "1/4".

    Raises:
        TypeError: if it is neither a real number nor text.
        ValueError: if the text is not a number.

    >>> read_number("−0,50")
    Written(text='−0,50', number=-0.5, unit=0.01, digits=2, decimals=2)
    """
    if not isinstance(number, str | int | Fraction):
        number = repr(as_float(number, argument))
    text = str(number).strip()
    plain = text.replace("−", "-").replace(",", ".")
    try:
        if "/" in plain:
            return Written(text, float(Fraction(plain)), 0.0, 17, 0)
        exact = Decimal(plain)
    except (ArithmeticError, DecimalException, ValueError):
        raise ValueError(f"{argument} must be a number, for example -3, 0.50 or 1/2, received {text!r:.40}") from None
    _, digits, exponent = exact.as_tuple()
    decimals = -exponent if isinstance(exponent, int) else 0
    return Written(text, float(exact), 10.0**-decimals, len(digits), decimals)


@dataclass(frozen=True)
class Answer:
    """The result of checking one answer.

    Attributes:
        blank: what was asked for.
        given: the answer, as it was written.
        right: the right number.
        verdict: whether the answer is right.
        digits: how many of its digits are right; 17 if it is exact.
        explanations: the mistakes, or pairs of mistakes, that lead to this answer, each by itself.
    """

    blank: Blank
    given: str
    right: float
    verdict: Verdict
    digits: int
    explanations: tuple[Mistake, ...] = ()

    def cells(self) -> tuple[str, str, str]:
        """Return the answer, what it is, and the names of its explanations, as text."""
        nearly = f"right to {self.digits} digit{'s' * (self.digits != 1)}"
        verdict = nearly if self.verdict is Verdict.NEARLY else self.verdict.value
        if self.verdict is not Verdict.RIGHT:
            verdict += f", it is {number_text(self.right, max(4, min(self.digits + 3, 17)))}"
        return f"{self.blank} = {clean(self.given)}", verdict, " or ".join(each.name for each in self.explanations)


def mistakes_section(answers: Iterable[Answer]) -> Section:
    """Return the mistakes that explain some of the answers, with how many answers each explains."""
    counts = Counter(mistake for answer in answers for mistake in answer.explanations)
    lines = [(mistake.name, str(count), mistake.does) for mistake, count in counts.most_common()]
    return Section("Mistakes", ("mistake", "answers", "what it does"), lines)


@dataclass(frozen=True, repr=False)
class CheckedAnswers:
    """The answers about a graph, checked; printed, a line for each, and what the mistakes do."""

    answers: tuple[Answer, ...]

    def explanation(self) -> Explanation:
        """Return the answers and the mistakes as text in sections."""
        lines = [answer.cells() for answer in self.answers]
        sections = [Section("Answers", ("answer", "verdict", "explained by"), lines), mistakes_section(self.answers)]
        return Explanation([section for section in sections if section.lines], [])

    def __repr__(self) -> str:
        return self.explanation().text()

    def _repr_html_(self) -> str:
        return self.explanation().html()


def check_answers(
    root: Value,
    gradients: Numbers | None = None,
    *,
    values: Numbers | None = None,
    slopes: Numbers | None = None,
    products: Numbers | None = None,
    totals: Numbers | None = None,
    updated: Numbers | None = None,
    learning_rate: float | None = None,
    data: Sequence[Value] = (),
    digits: int = 3,
    max_nodes: int = 500,
) -> CheckedAnswers:
    """Check numbers that somebody computed for a graph, and find the mistakes that explain the wrong ones.

    Each argument maps names to numbers. Nodes are called as in `explain`; "v1/w" is the edge from v1 to its argument w.
    A number is right if it agrees to the last digit that is written.

    Arguments:
        root: the Value whose gradients are computed.
        gradients: the derivatives of the root with respect to nodes.
        values: the results of nodes.
        slopes, products, totals: at edges, the local partial derivatives, their products with the upstream gradients,
            and the running totals.
        updated: the numbers of leaves after a step of gradient descent, and of results that are computed from them.
        learning_rate: of that step.
        data: leaves that are not updated, for example inputs and targets.
        digits: how many significant digits an answer must have, unless it is exact.
        max_nodes: the largest number of nodes of the graph.

    Raises:
        TypeError: if root is not a Value, or a number is neither a real number nor text.
        ValueError: if the graph has no such number, a text is not a number, another argument is out of range, or the
            graph has more nodes than max_nodes.
        RuntimeError: if the graph is stale (see `Value.backward`).

    >>> w, x, b = Value(-3.0), Value(2.0), Value(6.5)
    >>> L = (w * x + b).tanh()
    >>> print(check_answers(L, {"w": 1.57, "x": -3, "b": "0.79"}, values={"v1": -6}))
    Answers
      value v1 = -6       right
      gradient w = 1.57   right
      gradient x = -3     wrong, it is −2.359                no upstream or no inner derivative
      gradient b = 0.79   right to 2 digits, it is 0.78645
    <BLANKLINE>
    Mistakes
      no upstream           1   the local partial derivative is not multiplied by the upstream gradient
      no inner derivative   1   the derivative of a function, for example of an activation, is left out, as if it were 1
    """
    check_integer("digits", digits, 1, 17)
    if learning_rate is not None:
        check_positive("learning_rate", learning_rate)
    sheet = sheet_of(root, learning_rate=learning_rate, data=data)
    check_size(len(sheet.order), max_nodes, "check the answers about a part of it")
    kinds: dict[Kind, Numbers | None] = {
        "values": values, "slopes": slopes, "products": products, "totals": totals, "gradients": gradients,
        "updated": updated,
    }  # fmt: skip
    given = {
        find_blank(sheet, kind, what): read_number(number, f"the answer in {kind}")
        for kind, numbers in kinds.items()
        for what, number in (numbers or {}).items()
    }
    return CheckedAnswers(check_sheet(sheet, given, digits))


def find_blank(sheet: Sheet, kind: Kind, what: object) -> Blank:
    """Return the blank of that kind for a node or an edge, given by its name or by Values.

    Raises:
        ValueError: if the graph does not have it.
    """
    parts = what if isinstance(what, tuple) else (what,)
    name = "/".join(sheet.names.get(part, "") if isinstance(part, Value) else str(part) for part in parts)
    known = [blank for blank in sheet.numbers() if blank.kind == kind]
    for blank in known:
        if _plain(blank.name) == _plain(name):
            return blank
    if not known:
        why = "they need a learning rate" if kind == "updated" else "the graph has none"
        raise ValueError(f"{kind} cannot be checked, because {why}; received {name!r}")
    names = ", ".join(blank.name for blank in known)
    raise ValueError(f"{kind} must be of {names}, received {name!r}")


def sort_answers(root: Value, answers: Mapping[str, str]) -> dict[Kind, dict[str, str]]:
    """Sort answers by the notation of their names: v1 is a value, dw or dL/dw a gradient, dv1/dw a slope.

    >>> w, L = Value(3.0, "w"), Value(3.0, "w") * 2
    >>> L.label = "L"
    >>> sort_answers(L, {"L": "6", "dw": "2", "dL/dw": "2", "dv1/dw": "3"})
    {'values': {'L': '6'}, 'gradients': {'w': '2'}, 'slopes': {'v1/w': '3'}}
    """
    order = topological_order(root)
    names = {_plain(name) for name in names_of(order).values()}
    top = _plain(names_of(order)[root])
    kinds: dict[Kind, dict[str, str]] = {"values": {}, "gradients": {}, "slopes": {}}
    for word, number in answers.items():
        of, _, by = (part[part[:1] in ("d", "∂") :] for part in word.partition("/"))
        if _plain(word) in names or of == word:
            kinds["values"][word] = number
        elif not by or _plain(of) == top:
            kinds["gradients"][by or of] = number
        else:
            kinds["slopes"][f"{of}/{by}"] = number
    return kinds


def _plain(name: str) -> str:
    return "/".join(map(typeset, name.split("/")))


def check_sheet(sheet: Sheet, given: Mapping[Blank, Written | None], digits: int = 3) -> tuple[Answer, ...]:
    """Return the result of checking each answer; None is a missing one. `digits` is as for `check_answers`."""
    right = sheet.numbers()
    present = {blank: written for blank, written in given.items() if written is not None}
    wrong = {blank: written for blank, written in present.items() if not written.agrees(right[blank])}
    explanations = _explanations(sheet, wrong, present, right)

    def answer(blank: Blank, written: Written | None) -> Answer:
        if written is None:
            return Answer(blank, "", right[blank], Verdict.MISSING, 0)
        agreeing, verdict = written.digits_of(right[blank]), Verdict.WRONG
        if written.agrees(right[blank]) and agreeing >= digits:
            verdict = Verdict.RIGHT
        elif agreeing >= max(1, min(2, written.digits)):
            verdict = Verdict.NEARLY
        return Answer(blank, written.text, right[blank], verdict, agreeing, tuple(explanations.get(blank, ())))

    return tuple(answer(blank, written) for blank, written in given.items())


def _explanations(
    sheet: Sheet, wrong: Mapping[Blank, Written], given: Mapping[Blank, Written], right: Mapping[Blank, float]
) -> dict[Blank, list[Mistake]]:
    """Return for each wrong answer the mistakes that explain it; if there are none, the pairs of mistakes.

    What explains most answers of the sheet comes first.
    """
    found: dict[Blank, list[Mistake]] = {blank: [] for blank in wrong}

    def note(mistake: Mistake, numbers: Mapping[Blank, float], answers: Iterable[Blank], needed: int) -> None:
        """Note the mistake at the answers that it leads to, if enough digits agree in all different ones together."""
        agreeing = [blank for blank in answers if wrong[blank].agrees(numbers[blank])]
        digits = {wrong[blank].number: wrong[blank].evidence(numbers[blank]) for blank in agreeing}
        if sum(digits.values()) >= needed:
            for blank in agreeing:
                found[blank].append(mistake)

    changing = []
    for mistake in (MISTAKES | OTHER_MISTAKES).values():
        numbers = sheet.numbers(mistake)
        if any(differ(numbers[blank], right[blank]) for blank in wrong):
            changing.append(mistake)
            note(mistake, numbers, wrong, EVIDENCE)
    for mistake, answers in roundings(wrong):
        if answers:
            note(mistake, sheet.numbers(mistake), answers, EVIDENCE)
    for blank in wrong:
        others = {other: written.number for other, written in given.items() if other != blank}
        note(FOLLOWS, _numbers_from(sheet, others), [blank], EVIDENCE)
    if rest := [blank for blank, mistakes in found.items() if not mistakes]:
        for pair in combinations(changing, 2):
            note(both := combined(*pair), sheet.numbers(both), rest, EVIDENCE_FOR_PAIRS)
    counts = Counter(mistake for mistakes in found.values() for mistake in mistakes)
    return {blank: sorted(mistakes, key=lambda mistake: -counts[mistake]) for blank, mistakes in found.items()}


def roundings(wrong: Mapping[Blank, Written]) -> Iterator[tuple[Mistake, dict[Blank, Written]]]:
    """Yield ways to round on the way, each with the answers that may come from it.

    An answer may come from numbers with as many digits, or decimals, as are written, or more; one of 4 digits or more
    also from numbers with fewer, or from results in the forward pass with fewer.
    """
    long = {blank: written for blank, written in wrong.items() if written.digits > EVIDENCE}
    yield _rounding("single precision", lambda number: array("f", [number])[0]), long
    for places in range(2, MOST_ROUNDED + 1):
        for unit, rounded in (
            ("digits", lambda number, places=places: float(f"{number:.{places - 1}e}")),
            ("decimals", lambda number, places=places: round(number, places)),
        ):
            fewer = {blank: written for blank, written in long.items() if getattr(written, unit) > places}
            same = {blank: written for blank, written in wrong.items() if getattr(written, unit) <= places}
            both = _rounding(f"rounded to {places} {unit}", rounded)
            yield both, same | fewer
            does = f"each result of the forward pass is rounded to {places} {unit}"
            yield Mistake(f"values {both.name}", does, both.shows, value=both.value, slope=slope_on_paper), fewer


def slope_on_paper(edge: Edge) -> float:
    """Return the local partial derivative from the numbers that people have: sigmoid' = o (1 - o)."""
    output, *_ = edge.arguments
    return output * (1 - output) if edge.op is SIGMOID else edge.right()


def _rounding(name: str, rounded: Callable[[float], float]) -> Mistake:
    return Mistake(
        name,
        f"each number on the way is {name}" if name.startswith("rounded") else "each number on the way has 32 bits",
        "in the last digits",
        value=lambda node, arguments: rounded(node.op.evaluate(arguments)),
        slope=lambda edge: slope if (slope := slope_on_paper(edge)) in edge.arguments else rounded(slope),
        share=lambda edge, slope: rounded(edge.node._adjoint * slope),
        total=lambda before, share: rounded(before + share),
    )


FOLLOWS = Mistake(
    "follows from the others", "it follows from the other answers as they are written", "after a wrong answer"
)


def _numbers_from(sheet: Sheet, given: Mapping[Blank, float]) -> dict[Blank, float]:
    """Return the numbers that follow from given ones."""
    last = {step.parent: Blank("totals", sheet.edge(step.node, step.place)) for step in sheet.right_steps}
    totals = {Blank("gradients", sheet.names[node]): given[blank] for node, blank in last.items() if blank in given}
    known = totals | {**given}

    def at_node(kind: Kind, node: Value, number: float) -> float:
        return known.get(Blank(kind, sheet.names.get(node, "")), number)

    def at_edge(kind: Kind, edge: Edge, number: float) -> float:
        return known.get(Blank(kind, sheet.edge(edge.node, edge.place)), number)

    mistake = Mistake(
        *(FOLLOWS.name, FOLLOWS.does, FOLLOWS.shows),
        value=lambda node, arguments: at_node("values", node, node.op.evaluate(arguments)),
        slope=lambda edge: at_edge("slopes", edge, slope_on_paper(edge)),
        share=lambda edge, slope: at_edge(
            "products", edge, at_node("gradients", edge.node, edge.node._adjoint) * slope
        ),
    )
    return sheet.numbers(mistake, known)


@dataclass(frozen=True)
class MarkedSheet:
    """The answers of one student, checked: the number of the sheet, the name, and the result for each answer."""

    number: int
    name: str
    answers: tuple[Answer, ...]
    marks: int
    """How many answers have enough right digits."""


@dataclass(frozen=True, repr=False)
class MarkedClass:
    """The answers of a class, checked; printed, the marks, what is wrong in each sheet, and what the mistakes do."""

    sheets: tuple[MarkedSheet, ...]

    def explanation(self) -> Explanation:
        """Return the marks, the answers that are not right, and the mistakes as text in sections."""
        marks = [
            (clean(each.name), f"sheet {each.number}", f"{each.marks} of {len(each.answers)}") for each in self.sheets
        ]
        wrong = [
            (clean(sheet.name), f"({number})", *answer.cells())
            for sheet in self.sheets
            for number, answer in enumerate(sheet.answers, start=1)
            if answer.verdict is not Verdict.RIGHT
        ]
        sections = [
            Section("Marks", ("name", "sheet", "right"), marks),
            Section("Answers that are not right", ("name", "number", "answer", "verdict", "explained by"), wrong),
            mistakes_section(answer for sheet in self.sheets for answer in sheet.answers),
        ]
        return Explanation([section for section in sections if section.lines], [])

    def __repr__(self) -> str:
        return self.explanation().text()

    def _repr_html_(self) -> str:
        return self.explanation().html()


def mark_class(key: Path | str, answers: Path | str, digits: int = 3) -> MarkedClass:
    """Check the answers of a class against the sheets of a key.

    Arguments:
        key: the file that `worksheet` has written.
        answers: a CSV file with a header: in each row the number of the sheet, a name, and the answers in the order of
            the blanks. A cell that is empty is a missing answer.
        digits: how many right digits an answer needs for its mark.

    Raises:
        OSError: if a file cannot be read.
        ValueError: if the key file is not a key, or a row has an unknown sheet, too many answers, or one that is not a
            number.
    """
    check_integer("digits", digits, 1, 17)
    sheets, marked = load_key(key), []
    text = Path(answers).read_text(encoding="utf-8-sig")
    delimiter = max(",;\t", key=text.partition("\n")[0].count)
    for line, row in enumerate(csv.reader(text.splitlines(), delimiter=delimiter), start=1):
        if line == 1 or not any(row):
            continue
        number, name, *cells = [cell.strip() for cell in [*row, ""]][: max(2, len(row))]
        if not number.isdecimal() or int(number) not in sheets:
            raise ValueError(f"line {line} of {answers} must begin with the number of a sheet, received {number!r}")
        sheet = sheets[int(number)]
        if len(cells) > len(sheet.blanks):
            raise ValueError(
                f"line {line} of {answers} has {len(cells)} answers, but the sheet has {len(sheet.blanks)}"
            )
        cells += [""] * (len(sheet.blanks) - len(cells))
        given = {
            blank: read_number(cell, f"answer {place} in line {line} of {answers}") if cell else None
            for place, (blank, cell) in enumerate(zip(sheet.blanks, cells, strict=True), start=1)
        }
        checked = check_sheet(sheet, given, digits)
        marks = sum(answer.verdict is Verdict.RIGHT or answer.digits >= digits for answer in checked)
        marked.append(MarkedSheet(int(number), name, checked, marks))
    return MarkedClass(tuple(marked))
