"""A graph as data for a page, where a small interpreter in JavaScript walks it; no code is made.

A back end of the table of primitives: the interpreter is `stepper/script/numbers.js`, and the functions that it calls
where JavaScript lacks a row or computes it differently are listed in `stepper/script/functions.js`.
"""

import math
from collections.abc import Sequence
from typing import Any, TypeAlias

from autograd_lite.graph import TracingError, tracing
from autograd_lite.primitives import BUILT_IN, CONSTANT, Primitive, slope_at
from autograd_lite.program.statements import Recorder
from autograd_lite.value import Value

Json: TypeAlias = Any


def number_data(number: float) -> float | str:
    """Return a number for JSON, which has neither infinities nor nan: they become text.

    >>> number_data(2.0), number_data(float("-inf"))
    (2.0, '-inf')
    """
    return number if math.isfinite(number) else str(number)


def graph_data(order: Sequence[Value]) -> Json:
    """Return a graph, a list of nodes in topological order, as data for JSON; None if only Python can compute it.

    `nodes` has for each node the number of its row and the positions of its arguments; `numbers` has the numbers of the
    leaves and constants, by position; and `rows` are the rows of the table that are applied.

    >>> x = Value(2.0, "x")
    >>> data = graph_data([x, x.tanh()])
    >>> data["nodes"], data["numbers"], data["rows"][1]
    ([[0], [1, 0]], {0: 2.0}, {'name': 'tanh', 'code': [1.0, ['multiply', 0, 0], ['subtract', 2, 3]], 'slopes': [4]})
    """

    def row_of(node: Value) -> tuple[Primitive, tuple[str | None, ...]]:
        """Return the row that computes a node; and the constants that it is written out for, if it is composite."""
        is_composite = node.op.composite
        constants = [repr(p.data) if is_composite and p.op is CONSTANT and not p.label else None for p in node.parents]
        return node.op, tuple(constants)  # as text, in which 0.0 is not -0.0

    rows = {row: row_data(*row) for row in dict.fromkeys(map(row_of, order))}
    if None in rows.values():
        return None
    numbers = {row: number for number, row in enumerate(rows)}
    positions = {node: position for position, node in enumerate(order)}
    nodes = [[numbers[row_of(node)], *[positions[parent] for parent in node.parents]] for node in order]
    leaves = {position: number_data(node.data) for position, node in enumerate(order) if not node.parents}
    return {"nodes": nodes, "numbers": leaves, "rows": list(rows.values())}


def row_data(op: Primitive, constants: Sequence[str | None]) -> Json:
    """Return a row as data: its name, and the statements that compute its slopes; None if only Python can compute it.

    Statement 0 is the result, the next ones are the arguments, and `code` has the others: a number, or the name of a
    row and the positions of its arguments. `slopes` are the positions of the slopes. A composite row has a position for
    its `result` instead of a function.

    Arguments:
        op: the row.
        constants: for each argument None, or, as text, the number that a composite row is written out for.
    """
    out, *leaves = [Value(0.5) for _ in (None, *constants)]
    operands: list[Any] = [
        leaf if constant is None else float(constant) for leaf, constant in zip(leaves, constants, strict=True)
    ]
    try:
        with tracing():
            results = [slope_at(slope, out, operands) for slope in op.slopes_of(len(operands))]
            results += [op.evaluate(operands)] if op.composite else []
    except TracingError:
        return None
    recorder = Recorder([out, *leaves], [])
    places = recorder.results(results)
    statements = recorder.statements
    if statements.user_defined() or not (op.name in BUILT_IN or op.composite):
        return None
    code = [
        number_data(statements.numbers[place]) if place in statements.numbers else [row.name, *arguments]
        for place, (row, arguments) in enumerate(zip(statements.ops, statements.arguments, strict=True))
    ]
    row = {"name": op.name, "code": code[1 + len(leaves) :], "slopes": places[: len(leaves)]}
    return row | {"result": places[-1]} if op.composite else row
