"""Make a graph of an expression as text, for example "tanh(w*x + b)". It is parsed, never evaluated as Python."""

import ast
import difflib
import keyword
import math
import re
import sys
import unicodedata
import warnings
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, NoReturn

from autograd_lite import primitives
from autograd_lite.labels import columns_of, visible
from autograd_lite.value import Value, constant

CONSTANTS = {"pi": math.pi}
"""Names that need no value."""

OPERATORS = {
    ast.Add: primitives.ADD,
    ast.Sub: primitives.SUBTRACT,
    ast.Mult: primitives.MULTIPLY,
    ast.Div: primitives.DIVIDE,
    ast.FloorDiv: primitives.FLOOR_DIVIDE,
    ast.Mod: primitives.REMAINDER,
    ast.Pow: primitives.POWER,
}


SIGNS = {sign: f"**{number}" for number, sign in enumerate("⁰¹²³⁴⁵⁶⁷⁸⁹")} | {
    "×": "*", "·": "*", "⋅": "*", "∗": "*", "−": "-", "–": "-", "÷": "/", "∕": "/", "√": "sqrt(...)", "|": "abs(...)",
}  # fmt: skip
"""What to write instead of characters that are not understood."""

WRITTEN = {
    "ln": "log", "lg": "log10", "lb": "log2", "arcsin": "asin", "arccos": "acos", "arctan": "atan", "σ": "sigmoid",
    "π": "pi", "e": "exp(1)",
}  # fmt: skip
"""What to write instead of names that mathematics uses."""


class Function(NamedTuple):
    """A function that an expression may call, and how many arguments it takes; an empty tuple means two or more."""

    compute: Callable[..., Any]
    counts: tuple[int, ...]


def functions() -> dict[str, Function]:
    """The functions that an expression may call, by name: the rows of the table that are written with their names.

    >>> functions()["tanh"].counts, functions()["leaky_relu"].counts
    ((1,), (1, 2))
    """
    named = [(name, row) for name, row in primitives.PRIMITIVES.items() if row.symbol.lower() == name]
    rows = {name: Function(row, (row.arity,) if row.arity else ()) for name, row in named}
    extremes = {"max": Function(primitives.maximum, (2,)), "min": Function(primitives.minimum, (2,))}
    return rows | extremes | {"leaky_relu": Function(primitives.leaky_relu, (1, 2))}


class ExpressionError(ValueError):
    """An expression that cannot be read; the message shows the place.

    >>> parse_expression("2 * sinn(x)", {"x": 1.0})
    Traceback (most recent call last):
    autograd_lite.parse.ExpressionError: unknown function 'sinn'; did you mean 'sin' or 'sinh'?
      2 * sinn(x)
          ^^^^
    """

    def __init__(self, message: str, text: str, start: int, end: int) -> None:
        first, last = max(0, start - 50), max(0, start - 50) + 100  # of a long expression, what surrounds the place
        before, marked = columns_of(text[first:start]), max(1, columns_of(text[start : min(end, last)]))
        super().__init__(f"{message}\n  {text[first:last]}\n  {' ' * before}{'^' * marked}")


def parse_expression(text: str, numbers: Mapping[str, float]) -> Value:
    """Return the graph of an expression: numbers, names, + - * / // % **, brackets, and the `functions`.

    Assignments may come before it, with semicolons between them; they name what they compute. The last of them may also
    be the result.

    Arguments:
        text: the expression, in the notation of Python.
        numbers: the number of each name; each becomes one leaf, labelled with its name.

    Raises:
        ExpressionError: pointing at what is wrong: a syntax error, an unknown function, a name without a number, a name
            that has two meanings, a number that is too large; or naming a number that the expression does not use.

    >>> parse_expression("w*x + 1", {"w": 2.0, "x": 3.0})
    Value(data=7.0, grad=0.0)
    >>> parse_expression("z = w*x; L = z**2 + z", {"w": 2.0, "x": 3.0})
    Value(data=42.0, grad=0.0, label='L')
    """
    return _Reader(text, numbers).read()


class _Reader:
    """The state of parsing one expression."""

    def __init__(self, text: str, numbers: Mapping[str, float]) -> None:
        self.text = visible(" ".join(text.split()))
        self.numbers = {unicodedata.normalize("NFKC", name): numbers[name] for name in numbers}  # as Python does
        self.leaves: dict[str, Value] = {}
        self.known: dict[str, Value | float] = dict(CONSTANTS)
        """What names that have no number of their own stand for."""

    def read(self) -> Value:
        if not self.text.partition("#")[0].strip():
            raise ExpressionError("the expression is empty", self.text, 0, 0)
        for place, sign in enumerate(self.text):
            if sign in SIGNS:
                raise ExpressionError(f"{sign} is not understood; write {SIGNS[sign]}", self.text, place, place + 1)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # what Python would warn about is refused below, or harmless
                *assignments, last = ast.parse(self.text).body
            for statement in assignments:
                self.assign(statement)
            result = self.value(last.value) if isinstance(last, ast.Expr) else self.assign(last)
        except SyntaxError as error:
            start = error.offset - 1 if error.offset and error.lineno == 1 else len(self.text)  # else: at the end
            hint = "; write 2*w for 2 times w" if error.msg == "invalid decimal literal" else ""
            message, end = f"cannot read this: {error.msg}{hint}", start + 1
            for word in re.finditer(r"\w+", self.text):
                if keyword.iskeyword(word[0]):
                    message, (start, end) = f"{word[0]!r} is a keyword of Python; choose another name", word.span()
            raise ExpressionError(message, self.text, start, end) from None
        except (RecursionError, MemoryError):
            raise ExpressionError("the expression is nested too deeply", self.text, 0, 1) from None
        unused = [name for name in self.numbers if name not in self.leaves]
        if unused:
            raise ExpressionError(f"{unused[0]!r} has a number, but does not occur", self.text, 0, len(self.text))
        return result if isinstance(result, Value) else constant(result, "result")

    def assign(self, statement: ast.stmt) -> Value | float:
        match statement:
            case ast.Assign(targets=[ast.Name(id=name) as target], value=expression):
                if name in self.numbers or name in self.known:
                    self.fail(f"{name!r} already has a number; choose another name", target)
                result = self.known[name] = self.value(expression)
                if isinstance(result, Value) and result.parents and not result.label:
                    result.label = name
                return result
            case ast.Expr():
                self.fail("only the last expression can stand without a name, as in z = w*x; z + 1", statement)
        self.fail("this is not an expression or an assignment", statement)

    def value(self, node: ast.expr) -> Value | float:
        match node:
            case ast.Constant(value=bool() | complex() | str() | bytes() | None):
                self.fail("only real numbers can be written here", node)
            case ast.Constant(value=int() | float() as number):
                if number > sys.float_info.max:
                    self.fail("the number is too large for a float", node)
                return float(number)
            case ast.Name(id=name):
                return self.name(name, node)
            case ast.UnaryOp(op=ast.UAdd() | ast.USub() as sign, operand=operand):
                return -self.value(operand) if isinstance(sign, ast.USub) else self.value(operand)
            case ast.BinOp(op=operator) if type(operator) in OPERATORS:
                return self.operations(node)
            case ast.BinOp(op=ast.BitXor()):
                self.fail("^ is not a power here; write ** for powers, as in x**2", node)
            case ast.Call(func=ast.Name(id=name) as function, args=arguments, keywords=[]):
                return self.call(name, function, arguments, node)
        self.fail("this is not a number, a name, an operation or a function", node)

    def operations(self, node: ast.BinOp) -> Value | float:
        """Return the result of an operation; the operations on its left, many in a long sum, need no recursion."""
        chain = [node]
        while isinstance(chain[-1].left, ast.BinOp) and type(chain[-1].left.op) in OPERATORS:
            chain.append(chain[-1].left)
        result = self.value(chain[-1].left)
        for operation in reversed(chain):
            result = OPERATORS[type(operation.op)](result, self.value(operation.right))
        return result

    def name(self, name: str, node: ast.expr) -> Value | float:
        if name in self.numbers:
            if name not in self.leaves:
                self.leaves[name] = Value(self.numbers[name], name)
            return self.leaves[name]
        if name in self.known:
            return self.known[name]
        if name in functions():
            self.fail(f"{name!r} is a function; write {name}(...)", node)
        hint = f", or write {WRITTEN[name]}" if name in WRITTEN else ""
        self.fail(f"{name!r} has no number; give it one, as in {name}=2{hint}", node)

    def call(self, name: str, function: ast.expr, arguments: list[ast.expr], node: ast.expr) -> Value | float:
        known = functions()
        if name not in known:
            near = [WRITTEN[name]] if name in WRITTEN else difflib.get_close_matches(name, known, n=2)
            hint = (
                f"did you mean {' or '.join(map(repr, near))}?"
                if near
                else f"the known functions are {', '.join(known)}"
            )
            self.fail(f"unknown function {name!r}; {hint}", function)
        compute, counts = known[name]
        if len(arguments) not in counts if counts else len(arguments) < 2:
            wanted = " or ".join(map(str, counts)) or "two or more"
            self.fail(f"{name} takes {wanted} argument{'s' * (counts != (1,))}, received {len(arguments)}", node)
        result: Value | float = compute(*map(self.value, arguments))
        return result

    def fail(self, message: str, node: ast.expr | ast.stmt) -> NoReturn:
        encoded = self.text.encode()  # places in the tree are counted in bytes
        start, end = (len(encoded[:place].decode()) for place in (node.col_offset, node.end_col_offset))
        raise ExpressionError(message, self.text, start, end)
