"""A student's engine checked, in the order in which one is built, down to the smallest example of each mistake.

Each example is a line of Python that runs with the student's class, in a child process, and with ours. Numbers that
differ are explained: by a formula that leads to them, by a mistake of the backward pass, or by a wrong order of it.
"""

import contextlib
import functools
import importlib.util
import math
import re
import sys
import traceback
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from html import escape
from pathlib import Path
from typing import Any, TypeAlias

from autograd_lite import primitives
from autograd_lite.checks import check_positive
from autograd_lite.labels import clean, number_text
from autograd_lite.pictures.drawing import draw
from autograd_lite.pictures.svg import to_svg
from autograd_lite.teaching.sandbox import UNPROTECTED, DeadlineError, Result, can_fork, run_each
from autograd_lite.teaching.wrong_passes import MISTAKES, first_reached, play
from autograd_lite.value import Value, backward_steps_of, topological_order
from autograd_lite.words.sentences import Writer


class Outcome(Enum):
    """How an example ended."""

    HOLDS = "holds"
    FAILS = "fails"
    MISSING = "is missing"
    NOTE = "differs, which is allowed"


@dataclass(frozen=True)
class Example:
    """Some lines of Python.

    Attributes:
        lesson: what they are about, which decides how a difference is explained.
        code: the lines, with semicolons between them; the result is called L.
        numbers: the leaves.
        needs: the methods that the class must have.
        title: what the report calls the lesson; if empty, its own name.
        may_raise, may_differ: what an engine may do here and still be right, because well-known ones do.
    """

    lesson: str
    code: str
    numbers: Mapping[str, float]
    needs: tuple[str, ...] = ()
    title: str = ""
    may_raise: bool = False
    may_differ: bool = False

    @property
    def is_short(self) -> bool:
        """Whether the lines and their graph can be shown."""
        return len(self.code) < 100

    @property
    def shown(self) -> str:
        """The lines without the backward pass at the end, or their beginning."""
        return self.code.removesuffix("; L.backward()") if self.is_short else f"{self.code[:30]}; ..."

    def leaves(self) -> dict[str, float]:
        """Return the numbers of the leaves that the lines use."""
        return {name: number for name, number in self.numbers.items() if re.search(rf"\b{name}\b", self.code)}


NUMBERS = {"a": 1.3, "b": -2.1, "c": -4.0, "d": 0.7}

RARE = "tan sinh cosh asinh acosh atan log2 log10 log1p expm1 softplus".split()
"""Functions that few engines have, so a report does not say that they are missing."""

OPERATIONS = {
    "-a": "__neg__", "a ** 3": "__pow__", "a - b": "__sub__", "a / b": "__truediv__",
    "a + 2": "__add__", "a * 2": "__mul__", "a - 2": "__sub__", "a / 2": "__truediv__",
    "2 + a": "__radd__", "2 * a": "__rmul__", "2 - a": "__rsub__", "2 / a": "__rtruediv__",
    **{f"a.{name}()": name for name in "relu tanh exp log sigmoid sin cos sqrt".split()},
    **{f"a.{name}()": name for name in RARE},
}  # fmt: skip
"""What engines compute besides sums and products, and the method that does it."""

REFLECTED = {"__radd__": "__add__", "__rmul__": "__mul__", "__rsub__": "__sub__", "__rtruediv__": "__truediv__"}
"""Methods that an engine lacks only by mistake, if it has the other one."""

ALONE, CHAIN, TWICE = "one operation", "the chain rule", "a Value that is used twice"
PATHS, EQUAL, SEPARATE = "each node once, however many paths", "Values with equal numbers", "one graph after the other"
ORDER, DEEP, EXPONENT = "the order of the nodes", "a chain of 3,000 operations", "a Value as an exponent"
FURTHER = "further functions, by their own slopes"
SHARED, AGAIN = "gradients add up from root to root", "a second backward pass"

REASONS = {
    PATHS: "a node is visited once for each path to it; keep a set of the nodes that were visited",
    EQUAL: "Values with equal numbers are taken for one; compare them by identity, without an __eq__ of numbers",
    SEPARATE: "a list or set of nodes is kept from one backward pass to the next, for example as a default argument",
    SHARED: "the leaves do not keep the gradient of an earlier root",
    AGAIN: "in leaves gradients add up, and the gradients of other nodes are set to 0 in each pass",
}
"""What is wrong if an example of these lessons fails and those before it hold."""


BASICS = {
    ALONE: ("L = a + b", "L = a * b"),
    CHAIN: ("h = a + b; L = h * c", "h = a * b; L = h * c", "h = a * b; L = h + c"),
    TWICE: ("L = a + a", "L = a * a", "h = a + b; L = a + h", "h = a * b; L = a + h"),
    ORDER: (
        "h = a + a; L = h + h",
        "h = a * b; L = h + h * c",
        "h = a * b; g = h * c; L = g + h",
        "h = a + b; g = h * c; k = g * h; L = k * g + h",
    ),
    SEPARATE: ("h = a * b; h.backward(); L = c * c",),
    PATHS: ("; ".join(["L = a + a", *["L = L + L"] * 22]),),
}
"""The lessons with sums and products alone."""


def examples() -> Iterator[Example]:
    """Yield the examples in teaching order: all lessons with sums and products, then the other operations."""
    yield Example("a number", "L = a", NUMBERS)
    for lesson, codes in BASICS.items():
        for code in codes:
            yield Example(lesson, f"{code}; L.backward()", NUMBERS)
    for code, number in (("h = a * b; L = c * h", 2.0), ("h = a * b; L = h + c", 0.0)):
        yield Example(EQUAL, f"{code}; L.backward()", {"a": 2.0, "b": 1.0, "c": number})
    title = "other operations"
    for code, method in OPERATIONS.items():
        yield Example(ALONE, f"L = {code}; L.backward()", NUMBERS, (method,), title)
    for number in (-1.5, 0.0):
        yield Example(ALONE, "L = a.relu(); L.backward()", {"a": number}, ("relu",), title)
    for code, method in OPERATIONS.items():
        yield Example(CHAIN, f"h = {code}; L = h * c; L.backward()", NUMBERS, (method,), f"{title} in a chain")
    for code, method in OPERATIONS.items():
        inner = re.sub(r"\bb\b", "k", re.sub(r"\ba\b", "h", code))
        start = "h = a * a; k = b + d; " if "k" in inner else "h = a * a; "
        yield Example(CHAIN, f"{start}g = {inner}; L = g * c; L.backward()", NUMBERS, (method,), f"{title} in a chain")
    twice = {f"h = {code}; L = a + h": method for code, method in OPERATIONS.items()}
    for code, method in ({"L = a - a": "__sub__", "L = a / a": "__truediv__"} | twice).items():
        yield Example(TWICE, f"{code}; L.backward()", NUMBERS, (method,), f"{title} beside a second use")
    yield Example(FURTHER, "L = a", NUMBERS)
    shared = "h = a * b; h.backward(); L = a * c; L.backward()"
    yield Example(SHARED, shared, NUMBERS, may_differ=True)
    again = "h = a * a; L = h * a; L.backward(); L.backward()"
    yield Example(AGAIN, again, NUMBERS, may_differ=True)
    if sys.platform != "emscripten":  # in a browser, Python ends without an exception
        deep = "; ".join(["L = a + b", *["L = L + b"] * 3000])
        yield Example(DEEP, f"{deep}; L.backward()", NUMBERS, may_raise=True)
    yield Example(EXPONENT, "L = a ** b; L.backward()", NUMBERS, ("__pow__",), may_raise=True)


@dataclass(frozen=True)
class Finding:
    """The result of an example.

    Attributes:
        example: the lines that ran.
        outcome: how they ended.
        message: what is wrong.
        causes: mistakes that explain the numbers.
        yours: for each name the data and the gradient that the engine computed, as far as it did.
        graph: for each name our Value.
    """

    example: Example
    outcome: Outcome
    message: str
    causes: tuple[str, ...]
    yours: Mapping[str, Sequence[float | None]]
    graph: Mapping[str, Value]

    def rows(self) -> list[tuple[str, str, str, str, str]]:
        """Return the graph, a row for each name: what it is, and its data and gradient, yours and right."""
        writer = Writer({node: name for name, node in self.graph.items()}, self.graph["L"])
        rows = []
        for name, node in sorted(self.graph.items(), key=lambda item: item[1].level):
            how = f"{name} = {writer.expression(node)}" if node.parents else name
            yours = [_text(number) for number in self.yours.get(name, (None, None))]
            rows.append((how, yours[0], _text(node.data), yours[1], _text(node.grad)))
        return rows

    def picture(self) -> str:
        """Return the graph as SVG, with the right numbers, and yours where they differ; "" if it is too large."""
        if not self.example.is_short:
            return ""
        diagram = draw(self.graph["L"]).diagram
        wrong = {
            name: f"your {'data' if place == 0 else 'grad'} {_text(number)}"
            for name, numbers in self.yours.items()
            for place, number in enumerate(numbers)
            if not _agree(number, (self.graph[name].data, self.graph[name].grad)[place])
        }
        boxes = []
        for box in diagram.boxes:
            name = box.lines[0].split(" ")[0]
            boxes.append(box._replace(lines=(*box.lines, wrong[name])) if name in wrong else box)
        return to_svg(diagram._replace(boxes=tuple(boxes)))

    def text(self) -> str:
        """Return the lines, what is wrong, and the graph as a table of numbers."""
        leaves = "; ".join(f"{name} = Value({number:g})" for name, number in self.example.leaves().items())
        lines = [
            f"    {leaves}",
            f"    {self.example.code if self.example.is_short else self.example.shown}",
            f"  {self.message}",
        ]
        if self.yours and self.example.is_short:
            rows = [("", "your data", "right", "your grad", "right"), *self.rows()]
            widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
            lines += ["    " + "   ".join(map(str.ljust, row, widths)).rstrip() for row in rows]
        return "\n".join(lines)


def _text(number: float | None) -> str:
    return "none" if number is None else number_text(number)


def _agree(yours: float | None, right: float) -> bool:
    """Return whether a number is right; None counts as 0."""
    return math.isclose(0.0 if yours is None else yours, right, rel_tol=1e-6, abs_tol=1e-9)


@dataclass(frozen=True, repr=False)
class EngineReport:
    """What holds and what fails in an engine, in teaching order; the report is true if nothing fails."""

    findings: tuple[Finding, ...]
    warning: str = ""

    def of(self, outcome: Outcome) -> list[Finding]:
        """Return the findings with an outcome."""
        return [finding for finding in self.findings if finding.outcome is outcome]

    @property
    def failing(self) -> list[Finding]:
        """The findings that fail, in teaching order."""
        return self.of(Outcome.FAILS)

    def __bool__(self) -> bool:
        return not self.failing

    @property
    def cause(self) -> str:
        """The mistake that explains the first failing example, if one is known; else ""."""
        failing = self.failing
        counts = Counter(cause for finding in failing for cause in finding.causes)
        if counts[UNORDERED] > 1 and counts[UNORDERED] >= counts[MISTAKES["overwrite"].does]:
            return UNORDERED  # what fails first is then a matter of chance
        return max(failing[0].causes, key=counts.__getitem__, default="") if failing else ""

    def verify(self) -> None:
        """Raise an AssertionError with this report if something fails, as a test does."""
        if not self:
            raise AssertionError(f"\n{self}")

    def __repr__(self) -> str:
        lines = []
        titles = [finding.example.title or finding.example.lesson for finding in self.findings]
        for lesson in dict.fromkeys(titles):
            outcomes = [each.outcome for each, title in zip(self.findings, titles, strict=True) if title == lesson]
            fails, holds = outcomes.count(Outcome.FAILS), outcomes.count(Outcome.HOLDS)
            how = f"{fails} of {fails + holds} fail" if fails else "holds" if holds else "see below"
            lines.append(f"  {lesson:<45} {how}")
        parts = ["\n".join(["Lessons, in the order in which an engine is built", *lines])]
        failing = self.failing
        if failing:
            cause = f"\n  {self.cause}" if self.cause else ""
            parts.append(f"The first example that fails\n{failing[0].text()}{cause}")
        for title, findings in (
            ("What else fails, which may follow from the first", failing[1:]),
            ("Allowed, but different from other engines", self.of(Outcome.NOTE)),
        ):
            told = ["  " + ": ".join([each.example.shown, each.message, *each.causes[:1]]) for each in findings]
            more = [f"  and {len(told) - MOST_TOLD} more"] if len(told) > MOST_TOLD else []
            parts += ["\n".join([title, *told[:MOST_TOLD], *more])] if told else []
        if missing := dict.fromkeys(each.example.shown.removeprefix("L = ") for each in self.of(Outcome.MISSING)):
            parts.append(f"Missing, which is allowed: {', '.join(missing)}")
        return "\n\n".join([*parts, *filter(None, [self.warning])])

    def _repr_html_(self) -> str:
        picture = self.failing[0].picture() if not self else ""
        return f"<pre>{escape(str(self))}</pre>{picture}"


MOST_TOLD = 12
"""How many further examples of each kind a report lists."""


def check_engine(engine: type | str, *, seconds: float = 2.0) -> EngineReport:
    """Check an engine in micrograd's shape: a class with data, grad, operators and backward().

    Methods may be missing. Where the system has child processes (`os.fork`), the class runs in one, without output;
    otherwise in this one, and the report says what could not be stopped.

    Arguments:
        engine: the class; or where it is, as "path.py:Value".
        seconds: how long each example may take.

    Raises:
        TypeError: if engine is neither a class nor text, or seconds is not a number.
        ValueError: if the text does not name a file and a class, or seconds is not greater than 0.
        OSError: if the file does not exist.

    In a student's test file, `def test_engine(): check_engine(Value).verify()` is enough.

    >>> class Forgetful(Value):
    ...     def __sub__(self, other):
    ...         return self + other
    >>> print(check_engine(Forgetful).failing[0].message)
    L.data is −0.8, which is a + b; right is 3.4
    """
    check_positive("seconds", seconds)
    if not isinstance(engine, str | type):
        what = f"{type(engine).__name__}: {engine!r:.80}"
        raise TypeError(f"engine must be a class, or text, as in 'path.py:Value', not {what}")
    load = _loader(engine) if isinstance(engine, str) else lambda: engine
    tried = list(examples())

    def task(number: int) -> Result:
        try:
            return _run(load(), tried[number])
        except DeadlineError:
            raise
        except BaseException as error:
            return _raised(error)

    results = run_each(task, len(tried), seconds)
    lacking = {method for result in results for method in result.get("missing", ())}
    findings = [_finding(example, result, lacking) for example, result in zip(tried, results, strict=True)]
    told = [each for each in findings if each.outcome is not Outcome.MISSING or _is_told(each.example)]
    return EngineReport(tuple(told), "" if can_fork() else UNPROTECTED)


def _is_told(example: Example) -> bool:
    """Return whether a report says that the method of this example is missing."""
    return example.lesson == ALONE and not set(example.needs) & set(RARE)


def _loader(text: str) -> Callable[[], Any]:
    path, _, name = text.rpartition(":")
    if not path or not name.isidentifier():
        raise ValueError(f"engine must be a class, or text, as in 'path.py:Value', received {text!r:.80}")
    if not Path(path).is_file():
        raise FileNotFoundError(f"there is no file {clean(path)}")

    @functools.cache
    def load() -> Any:
        spec = importlib.util.spec_from_file_location("engine", path)
        if spec is None or spec.loader is None:
            raise ImportError(f"{path} is not a Python file")
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return getattr(module, name)

    return load


def _run(engine: Any, example: Example) -> Result:
    """Run an example: return the data and the gradient of each name, or which methods are missing."""
    if missing := [method for method in example.needs if not hasattr(engine, method)]:
        return {"missing": missing}
    if example.lesson == FURTHER and (wrong := _wrong_function(engine)):
        return {"differs": wrong}
    space = {name: engine(number) for name, number in example.leaves().items()}
    exec(example.code, space)
    named = {name: value for name, value in space.items() if not name.startswith("_")}
    return {name: [_number(value, "data"), _number(value, "grad")] for name, value in named.items()}


def _wrong_function(engine: Any) -> str:
    """Return what is wrong with a method without arguments that is not in `OPERATIONS`, or ""."""
    x, step = NUMBERS["a"], 1e-5
    for name in sorted({name for name in dir(engine) if not name.startswith("_")} - set(OPERATIONS.values())):
        with contextlib.suppress(Exception):  # it is not a function of that kind
            below, argument, above = map(engine, (x - step, x, x + step))
            results = [getattr(each, name)() for each in (below, argument, above)]
            slope = (results[2].data - results[0].data) / (2 * step)
            results[1].backward()
            if results[1].data != x and abs(argument.grad - slope) > 1e-4 * (1 + abs(slope)):
                return f"a.{name}(): a.grad is {argument.grad:.4g}, but its values have the slope {slope:.4g}"
    return ""


def _number(value: Any, attribute: str) -> float | None:
    number = getattr(value, attribute, None)
    return None if number is None else float(number)


def _raised(error: BaseException) -> Result:
    """Return what was raised, and where in the student's code."""
    frames = traceback.extract_tb(error.__traceback__, limit=50)
    last = [frame for frame in frames if frame.filename not in (__file__, "<string>")][-1:]
    where = "".join(f", at line {frame.lineno}" + f" ({frame.line})" * bool(frame.line) for frame in last)
    return {"raised": f"{type(error).__name__}: {str(error)[:200]}{where}"}


def _finding(example: Example, result: Result, lacking: set[str]) -> Finding:
    """Return the result of an example."""
    space: dict[str, Any] = {name: Value(number) for name, number in example.leaves().items()}
    exec(example.code, space)
    graph: dict[str, Value] = {name: value for name, value in space.items() if isinstance(value, Value)}
    for name, value in graph.items():
        value.label = name

    def finding(outcome: Outcome, message: str = "", *causes: str) -> Finding:
        return Finding(example, outcome, message, causes, {} if result.keys() & FAILED else result, graph)

    if "missing" in result:
        method = result["missing"][0]
        if REFLECTED.get(method, method) in lacking:
            return finding(Outcome.MISSING)
        return finding(Outcome.FAILS, f"the class has {REFLECTED[method]}, but no {method}, for a number on the left")
    if "ended" in result:
        return finding(Outcome.FAILS, f"it {result['ended']}", *([REASONS[PATHS]] if example.lesson == PATHS else []))
    if "differs" in result:
        return finding(Outcome.FAILS, result["differs"])
    if "raised" in result:
        outcome = Outcome.NOTE if example.may_raise else Outcome.FAILS
        hints = [HINTS[sign] for sign in HINTS if sign in result["raised"] and not example.may_raise]
        return finding(outcome, "; ".join([f"it raises {result['raised']}", *hints]))
    differs, causes = _difference(example, result, graph)
    outcome = Outcome.HOLDS if not differs else Outcome.NOTE if example.may_differ else Outcome.FAILS
    return finding(outcome, differs, *causes)


FAILED = {"missing", "ended", "raised", "differs"}
"""What the result of an example says if it has no numbers."""

HINTS = {
    "RecursionError": "does a method call itself without end?",
    "bad operand type for unary -": "the class has no __neg__",
    "'int' object has no attribute": "a number beside a Value must become a Value first",
    "unsupported operand": "a number beside a Value must become a Value first",
}
"""What may be behind an exception, by a part of its text."""


def _difference(
    example: Example, yours: Mapping[str, Sequence[float | None]], graph: Mapping[str, Value]
) -> tuple[str, Sequence[str]]:
    """Return what is wrong, or "", and what explains it."""
    nodes = sorted(graph, key=lambda name: graph[name].level)
    for name in nodes:
        number, right = yours[name][0], graph[name].data
        if not _agree(number, right):
            formula = _formula(example, number, graph)
            causes = {CHANGED: not graph[name].parents, LOOP: re.search(r"is [a-z]+\(a\)$", formula)}
            message = f"{name}.data is {_text(number)}{formula}; right is {_text(right)}"
            return message, [cause for cause, applies in causes.items() if applies]
    number, right = yours["L"][1], graph["L"].grad
    if not _agree(number, right):
        begin = "backward() must begin with self.grad = 1" if right else "a gradient must be 0 before backward()"
        return f"L.grad is {_text(number)}; right is {_text(right)}", [begin]
    wrong = [name for name in nodes if not _agree(yours[name][1], graph[name].grad)]
    if not wrong:
        return "", []
    number, right = yours[wrong[0]][1], graph[wrong[0]].grad
    message = f"{wrong[0]}.grad is {_text(number)}{_formula(example, number, graph)}; right is {_text(right)}"
    if example.lesson in REASONS:
        return message, [REASONS[example.lesson]]
    walks = _wrong_walks(graph["L"], example.lesson)
    found = [words for words, way in walks if all(_agree(yours[name][1], way.get(graph[name], 0.0)) for name in nodes)]
    return message, list(dict.fromkeys(found))


def _wrong_walks(root: Value, lesson: str) -> Iterator[tuple[str, Mapping[Value, float]]]:
    """Yield the usual wrong ways to walk backward, in words, each with the gradients that it leads to."""
    order = topological_order(root)
    steps = backward_steps_of(order)
    edges: dict[Value, Pairs] = {node: [] for node in order}
    for step in steps:
        edges[step.node].append((step.parent, step.slope))

    def swept(visits: Iterable[Value], kept: Callable[[Pairs], Pairs] = list) -> dict[Value, float]:
        gradients = dict.fromkeys(order, 0.0) | {root: 1.0}
        for node in visits:
            for parent, slope in kept(edges[node]):
                gradients[parent] += gradients[node] * slope
        return gradients

    for name in WALKS.get(lesson, ()):
        wrong = play(order, MISTAKES[name], steps)
        yield MISTAKES[name].does, {root: 1.0} | {step.parent: step.total for step in wrong}
    if lesson == ALONE:
        parents, slopes = [parent for parent, _ in edges[root]], [slope for _, slope in edges[root]]
        yield SWAPPED, swept([root], lambda _pairs: list(zip(parents, slopes[::-1], strict=True)))
        yield NOTHING, swept([])
        if len(parents) > 1:
            yield RESTARTED, dict.fromkeys(order, 1.0)
            yield ONE_ARGUMENT, swept([root], lambda pairs: pairs[-1:])
            yield ONE_ARGUMENT, swept([root], lambda pairs: pairs[-1:] * len(pairs))
    elif lesson == CHAIN:
        yield STOPPED, swept([root])
        yield LOST, swept(node for node in order[::-1] if node.label not in ("h", "k"))
    elif lesson == TWICE:
        yield UNORDERED, swept(order[::-1], lambda pairs: list({pair[0]: pair for pair in pairs}.values()))
    elif lesson == ORDER:
        for backwards in (False, True):
            for breadth in (False, True):
                yield MISTAKES["wrong order"].does, swept(first_reached(root, breadth=breadth, backwards=backwards))
        for last in (False, True):
            yield REASONS[PATHS], swept(_paths(root, last)[:: -1 if last else 1])


Pairs: TypeAlias = list[tuple[Value, float]]
"""The arguments of a node, each with its slope."""


def _paths(node: Value, last: bool) -> list[Value]:
    """Return each node once for each path to it, before or after its parents."""
    below = [each for parent in node.parents for each in _paths(parent, last)]
    return [*below, node] if last else [node, *below]


WALKS: dict[str, tuple[str, ...]] = {
    ALONE: (
        "sign of subtraction", "no exponent", "wrong operand", "output for input", "input for output",
        "no inner derivative",
    ),
    CHAIN: ("no upstream",),
    TWICE: ("overwrite",),
}  # fmt: skip
"""Which of the `MISTAKES` are looked for in which lesson."""

UNORDERED = "children are kept in a set, which has no order and loses one of two equal ones; a tuple keeps both"
LOOP = "a function that is made in a loop sees the last value of the loop's variable"
ONE_ARGUMENT = f"only the last argument receives gradients; {LOOP}"
CHANGED = "an operation or backward() changes it"
LOST = "the operation does not keep its arguments as children, so the gradient goes no further"
NOTHING = "the operation passes nothing on: are its children kept, and is its backward function set?"
SWAPPED = "the slopes of the two arguments change places"
RESTARTED = "backward() calls itself for the children, and begins with self.grad = 1 each time"
STOPPED = "the gradient goes no further: reversed(...) is missing, or backward() does not go on to the children"

FORMULAS = """
0; 1; -1; a; b; -a; -b; a + b; a - b; b - a; a * b; a / b; b / a; a // b; 1 / a; 1 / b; -1 / a; -1 / b; k; -k; a + k;
a - k; k - a; a * k; a / k; k / a; -k / a; k / a**2; -k / a**2; a**k; a**(k - 1); k * a**k; k * a**(k - 1);
k * a**k - 1; (k - 1) * a**(k - 1); k * a**(k + 1); k**a; (k - 1) * a**k; -a / b; a / b**2; -a / b**2; 1 / b**2;
-1 / b**2; b / a**2; -b / a**2; L; -L; 1 - L; 1 + L; L**2; 1 - L**2; 1 + L**2; L * (1 - L); L * (1 + L); L - L**3;
1 / L; 1 / L**2; 2 * L; 1 / (2 * L); 2 / L; 1 - a; a**2; 1 - a**2; 1 + a**2; a * (1 - a); 1 / a**2; -1 / a**2; 2 * a;
1 / (2 * a); 0.5; 2; a * exp(a - 1); (1 - L)**2; tanh(a); exp(a); log(a); sigmoid(a); sin(a); cos(a); sqrt(a);
-sin(a); -cos(a); exp(-a); exp(L); sin(L); cos(L); -sin(L); tanh(L); sigmoid(L); 1 - tanh(L)**2;
sigmoid(L) * (1 - sigmoid(L)); abs(a); log10(a); 1 / cos(a)**2; a * L; L / a; -L / a; L / b; -L / b; a + L
"""
"""What a wrong number of one operation may come from: a, b, the result L, and a number k in the expression."""


def _formula(example: Example, number: float | None, graph: Mapping[str, Value]) -> str:
    """Return ", which is ..." with a formula that leads to a number; "" if none is known."""
    if example.lesson not in (ALONE, EXPONENT) or number is None:
        return ""
    expression = example.code.removeprefix("L = ").removesuffix("; L.backward()")
    constant = "".join(sign for sign in expression if sign.isdigit())
    names: dict[str, Any] = {name: getattr(primitives, name) for name in primitives.__all__}
    names |= {name: value.data for name, value in graph.items()}
    for formula in map(str.strip, FORMULAS.replace("k", constant or "k").split(";")):
        with contextlib.suppress(NameError, ArithmeticError, ValueError):
            if _agree(number, eval(formula, dict(names))):
                return "" if re.fullmatch(r"-?[\d.]+", formula) else f", which is {formula}"
    return ""
