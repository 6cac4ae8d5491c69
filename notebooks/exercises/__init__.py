"""Exercises that say what is wrong with an answer, hint, and show the worked solution on request.

Beside this file, `notebook_NN.py` holds the exercises of notebook NN, in `EXERCISES`. An answer is compared with what
the worked solution computes from the same variables, so a solution is written once, as code.

>>> speed = 3.0
>>> answer, check, hint = course(
...     Exercise(
...         "distance",
...         solution="distance = speed * 4",
...         hints=("How far does it go in one hour?", "It travels for four hours: multiply."),
...         wrong=(("distance = speed + 4", "A speed and a time are multiplied, not added."),),
...     )
... )
>>> distance = check("distance", None)
distance: no answer yet. Write yours, and run this cell again; hint("distance") helps.
>>> distance = check("distance", 7.0)
distance: 7.0 is not right. A speed and a time are multiplied, not added.
>>> distance = check("distance", 8.0)
distance: 8.0 is not right. How far does it go in one hour?
answer("distance") shows a worked solution.
>>> distance = check("distance", 12.0)
distance: right!
>>> distance = check("distance", "12")
distance: not right. Expected a number, without quotes; received str.
answer("distance") shows a worked solution.
>>> hint("distanse")
No exercise here is called 'distanse'. The exercises are: distance.
>>> del speed
>>> distance = check("distance", 12.0)
distance: this cell needs those above it (name 'speed' is not defined). Run them from the top, then this one again.
"""

import contextlib
import dis
import itertools
import math
import sys
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from numbers import Real
from types import FunctionType
from typing import Any, NamedTuple

from autograd_lite import Value, check_answers


class Course(NamedTuple):
    """What a notebook calls: each function takes the name of an exercise."""

    answer: Callable[[str], None]
    check: Callable[[str, Any], Any]
    hint: Callable[[str], None]


@dataclass(frozen=True)
class Exercise:
    """A question to which a student sets a variable.

    Arguments:
        name: the variable, which is also the name of the exercise.
        solution: the code that sets the variable. It runs in a copy of the notebook's variables.
        hints: two or more, from the general to the nearly complete. None contains the answer.
        wrong: likely wrong answers as code, each with what it is told.
        why: what is said when the answer is right.
        probe: for a function or a class: what was tried, as text -> what came out. Without it the value is compared.
        gradient: the names of a root and of a leaf, if the answer is a derivative: the mistakes that
            `autograd_lite.check_answers` knows are named, too.
    """

    name: str
    solution: str
    hints: tuple[str, ...]
    wrong: tuple[tuple[str, str], ...]
    why: str = ""
    probe: Callable[[Any], Mapping[str, Any]] | None = None
    gradient: tuple[str, str] | None = None

    def run(self, code: str, variables: Mapping[str, Any]) -> Any:
        """Return what `code` sets the variable to, in a copy of the notebook's variables."""
        copy = dict(variables)
        exec(code, copy)
        return copy[self.name]

    def results(self, candidate: Any) -> Mapping[str, Any]:
        """Return what came out, by what was tried. An exception counts as a result."""
        if self.probe is None:
            return {self.name: candidate}
        try:
            return self.probe(candidate)
        except Exception as error:
            return {"the first try": f"{type(error).__name__}: {error}"}

    def mistake(self, received: Mapping[str, Any], variables: Mapping[str, Any]) -> str:
        """Return what a wrong answer is told if it is a known mistake, else an empty string.

        >>> double = Exercise("double", "", (), (("double = a + 2", "Multiply."), ("double = 1", "More.")))
        >>> double.mistake({"double": 1}, {"a": "text"})
        'More.'
        """
        for code, told in self.wrong:
            with contextlib.suppress(Exception):  # later cells may have changed the variables
                if same(received, self.results(self.run(code, variables))):
                    return told
        if self.gradient and isinstance(received[self.name], Real):
            with contextlib.suppress(KeyError, ValueError):
                root, leaf = (variables[name] for name in self.gradient)
                [checked] = check_answers(root, {leaf: received[self.name]}).answers
                return " ".join(
                    f"The mistake is called {each.name!r}: {each.does}." for each in checked.explanations[:1]
                )
        return ""

    def verdict(self, received: Mapping[str, Any], expected: Mapping[str, Any]) -> str:
        """Return what is not right. The expected result is told of functions only, where it does not tell the answer.

        >>> invert = Exercise("invert", "", (), (), probe=lambda candidate: {"2": candidate(2)})
        >>> invert.verdict({"the first try": "TypeError: unsupported operand"}, {"2": 0.5})
        'not right. It ended with TypeError: unsupported operand.'
        """
        if self.probe is None:
            return f"{shown(received[self.name])} is not right."
        first = next(iter(received))
        if first not in expected:
            return f"not right. It ended with {received[first]}."
        tried = next((tried for tried in expected if not same(received.get(tried), expected[tried])), first)
        return f"not right. For {tried}: received {shown(received.get(tried), str)}, expected {shown(expected[tried], str)}."


def plain(result: Any) -> Any:
    """Return the number of a Value, the list of an array of NumPy, and anything else as it is."""
    return result.data if isinstance(result, Value) else result.tolist() if hasattr(result, "tolist") else result


def same(received: Any, expected: Any) -> bool:
    """Return whether two results agree: integers exactly, other numbers to 0.1 %, collections item by item."""
    received, expected = plain(received), plain(expected)
    if isinstance(received, Real) and isinstance(expected, Real):
        return math.isclose(received, expected, rel_tol=1e-9 if isinstance(expected, int) else 1e-3, abs_tol=1e-12)
    if isinstance(received, Mapping) and isinstance(expected, Mapping):
        return received.keys() == expected.keys() and all(same(received[key], expected[key]) for key in expected)
    if isinstance(received, list | tuple) and isinstance(expected, list | tuple):
        return len(received) == len(expected) and all(map(same, received, expected))
    return bool(received == expected)


def shown(result: Any, text: Callable[[Any], str] = repr) -> str:
    """Return a number to six digits, and anything else as a text."""
    return repr(float(f"{result:.6g}")) if isinstance(result, float) else text(result)


KINDS = (
    (Real, "a number, without quotes"),
    (str, "a text in quotes"),
    (list | tuple, "several answers in parentheses, with commas between them"),
    (set, "a set"),
    (Mapping, "a dictionary"),
    (FunctionType, "a function, by lambda or def"),
)


def other_kind(candidate: Any, solved: Any) -> str:
    """Return what kind of answer is expected, if an answer is of another kind than the worked solution.

    >>> other_kind(3.0, lambda: 3)
    'not right. Expected a function, by lambda or def; received float.'
    >>> other_kind(Value(3.0), 4.0)
    ''
    >>> other_kind({}, {"v1"})
    'not right. Expected a set; received dict.'
    """
    for kind, expected in KINDS:
        if isinstance(plain(solved), kind) and not isinstance(plain(candidate), kind):
            return f"not right. Expected {expected}; received {type(candidate).__name__}."
    return ""


def slip(candidate: Any, solved: Any) -> str:
    """Return what is told of a slip that is possible in any exercise: a number was rounded, a return is missing.

    >>> slip(-0.39, -0.3932)
    'But it is close. If you have rounded, keep more digits, or write the calculation itself.'
    >>> slip(lambda: None, lambda: 3)
    'Your function returns nothing. What should stand in its last line?'
    >>> slip(-0.41, -0.3932), slip(lambda: None, lambda: None)
    ('', '')
    """
    if isinstance(candidate, Real) and isinstance(solved, float) and math.isclose(candidate, solved, rel_tol=0.03):
        return "But it is close. If you have rounded, keep more digits, or write the calculation itself."
    if isinstance(candidate, FunctionType) and returns_something(solved) and not returns_something(candidate):
        return "Your function returns nothing. What should stand in its last line?"
    return ""


def returns_something(function: Any) -> bool:
    """Return whether a function of Python returns something other than None.

    >>> returns_something(lambda: 3), returns_something(lambda: print()), returns_something(lambda: (yield))
    (True, True, True)
    >>> returns_something(instructions), returns_something(lambda: None)
    (True, False)
    """
    return isinstance(function, FunctionType) and any(
        after != ("RETURN_CONST", None) and after[0].startswith("RETURN") and before != ("LOAD_CONST", None)
        for before, after in itertools.pairwise([("", None), *instructions(function)])
    )


def instructions(function: Any) -> list[tuple[str, Any]]:
    """Return what a function of Python does, instruction by instruction."""
    return [(step.opname, step.argval) for step in dis.get_instructions(function)]


def is_blank(candidate: Any) -> bool:
    """Return whether nothing was written yet: None, `...`, or a function without a statement."""
    if isinstance(candidate, FunctionType):
        return instructions(candidate) == instructions(lambda: None)
    return candidate is None or candidate is ...


def course(*exercises: Exercise) -> Course:
    """Return the three functions by which a notebook checks answers, hints, and shows solutions."""
    by_name = {exercise.name: exercise for exercise in exercises}
    hinted: Counter[str] = Counter()
    missed: Counter[str] = Counter()

    def next_hint(name: str) -> str:
        hints = by_name[name].hints
        hinted[name] += 1
        return hints[min(hinted[name], len(hints)) - 1]

    def hint(name: str) -> None:
        """Print the next hint to an exercise."""
        print(next_hint(name) if name in by_name else unknown(name))

    def answer(name: str) -> None:
        """Print the worked solution of an exercise."""
        print(by_name[name].solution.strip() if name in by_name else unknown(name))

    def unknown(name: str) -> str:
        return f"No exercise here is called {name!r}. The exercises are: {', '.join(by_name)}."

    def check(name: str, candidate: Any) -> Any:
        """Say whether an answer is right; return it if it is, and what the worked solution sets if it is not."""
        exercise, variables = by_name[name], sys._getframe(1).f_globals
        try:
            solved = exercise.run(exercise.solution, variables)
        except Exception as error:
            print(f"{name}: this cell needs those above it ({error}). Run them from the top, then this one again.")
            return candidate
        if is_blank(candidate):
            print(f'{name}: no answer yet. Write yours, and run this cell again; hint("{name}") helps.')
            return solved
        received, expected = exercise.results(candidate), exercise.results(solved)
        if same(received, expected):
            print(f"{name}: right! {exercise.why}".rstrip())
            return candidate
        missed[name] += 1
        kind = other_kind(candidate, solved)
        told = exercise.mistake(received, variables) or slip(candidate, solved) or ("" if kind else next_hint(name))
        print(f"{name}: {kind or exercise.verdict(received, expected)} {told}".rstrip())
        if missed[name] > 1:
            print(f'answer("{name}") shows a worked solution.')
        return solved

    return Course(answer, check, hint)
