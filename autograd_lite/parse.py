"""Make a graph of an expression as text, for example "tanh(w*x + b)". It is parsed, never evaluated as Python."""

import ast
import difflib
import math
import sys
import unicodedata
import warnings
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, NoReturn

from autograd_lite import primitives
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


class Function(NamedTuple):
    """A function that an expression may call, and how many arguments it takes; None means two or more."""

    compute: Callable[..., Any]
    counts: tuple[int, ...] | None


def functions() -> dict[str, Function]:
    """The functions that an expression may call, by name: the rows of the table that are written with their names.

    >>> functions()["tanh"].counts, functions()["leaky_relu"].counts
    ((1,), (1, 2))
    """
    rows = {
        name: Function(row, None if row.arity is None else (row.arity,))
        for name, row in primitives.PRIMITIVES.items()
        if row.symbol.lower() == name
    }
    return rows | {
        "leaky_relu": Function(primitives.leaky_relu, (1, 2)),
        "max": Function(primitives.maximum, (2,)),
        "min": Function(primitives.minimum, (2,)),
    }


class ExpressionError(ValueError):
    """An expression that cannot be read; the message shows the place.

    >>> parse_expression("2 * sinn(x)", {"x": 1.0})
    Traceback (most recent call last):
    autograd_lite.parse.ExpressionError: unknown function 'sinn'; did you mean 'sin' or 'sinh'?
      2 * sinn(x)
          ^^^^
    """

    def __init__(self, message: str, text: str, start: int, end: int) -> None:
        first = max(0, start - 50)  # of a long expression, what surrounds the place
        shown = text[first : first + 100]
        length = min(end, first + len(shown)) - start
        super().__init__(f"{message}\n  {shown}\n  {' ' * (start - first)}{'^' * max(1, length)}")


def parse_expression(text: str, numbers: Mapping[str, float]) -> Value:
    """Return the graph of an expression: numbers, names, + - * / // % **, brackets, and the `functions`.

    Arguments:
        text: the expression, in the notation of Python.
        numbers: the number of each name; each becomes one leaf, labelled with its name.

    Raises:
        ExpressionError: pointing at what is wrong: a syntax error, an unknown function, a name without a number, a
            number that is too large; or naming a number that the expression does not use.

    >>> parse_expression("w*x + 1", {"w": 2.0, "x": 3.0})
    Value(data=7.0, grad=0.0)
    """
    return _Reader(text, numbers).read()


class _Reader:
    """The state of parsing one expression."""

    def __init__(self, text: str, numbers: Mapping[str, float]) -> None:
        self.text = " ".join(text.replace("\0", "\N{REPLACEMENT CHARACTER}").split())
        self.numbers = {
            unicodedata.normalize("NFKC", name): number for name, number in numbers.items()
        }  # as Python does
        self.leaves: dict[str, Value] = {}

    def read(self) -> Value:
        if not self.text:
            raise ExpressionError("the expression is empty", self.text, 0, 0)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # what Python would warn about is refused below, or harmless
                tree = ast.parse(self.text, mode="eval")
            result = self.value(tree.body)
        except SyntaxError as error:
            start = error.offset - 1 if error.offset and error.lineno == 1 else len(self.text)  # else: at the end
            hint = "; write 2*w for 2 times w" if error.msg == "invalid decimal literal" else ""
            raise ExpressionError(f"cannot read this: {error.msg}{hint}", self.text, start, start + 1) from None
        except (RecursionError, MemoryError):
            raise ExpressionError("the expression is nested too deeply", self.text, 0, 1) from None
        unused = [name for name in self.numbers if name not in self.leaves]
        if unused:
            raise ExpressionError(f"{unused[0]!r} has a number, but does not occur", self.text, 0, len(self.text))
        return result if isinstance(result, Value) else constant(result, "result")

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
            case ast.UnaryOp(op=ast.UAdd(), operand=operand):
                return self.value(operand)
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                return -self.value(operand)
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
        if name in CONSTANTS:
            return CONSTANTS[name]
        if name in functions():
            self.fail(f"{name!r} is a function; write {name}(...)", node)
        self.fail(f"{name!r} has no number; give it one, as in {name}=2", node)

    def call(self, name: str, function: ast.expr, arguments: list[ast.expr], node: ast.expr) -> Value | float:
        known = functions()
        if name not in known:
            near = [repr(other) for other in difflib.get_close_matches(name, known, n=2)]
            hint = f"did you mean {' or '.join(near)}?" if near else f"known are {', '.join(known)}"
            self.fail(f"unknown function {name!r}; {hint}", function)
        compute, counts = known[name]
        if len(arguments) < 2 if counts is None else len(arguments) not in counts:
            wanted = "two or more" if counts is None else " or ".join(map(str, counts))
            self.fail(f"{name} takes {wanted} arguments, received {len(arguments)}", node)
        result: Value | float = compute(*map(self.value, arguments))
        return result

    def fail(self, message: str, node: ast.expr) -> NoReturn:
        encoded = self.text.encode()  # places in the tree are counted in bytes

        def place(offset: int | None) -> int:
            return len(encoded[: offset or 0].decode())

        raise ExpressionError(message, self.text, place(node.col_offset), place(node.end_col_offset))
