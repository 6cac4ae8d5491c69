"""Programs as Python: straight-line code that runs on floats and on NumPy batches, and array code like the lecture's.

A back end of the table of primitives: a row is written by its sign or as a function of its name, in one loop over the
statements, and one over the arrays.
"""

import keyword
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise

from autograd_lite.labels import LONGEST_LABEL
from autograd_lite.primitives import ADD, BUILT_IN, DIVIDE, MULTIPLY, NEGATIVE, SUBTRACT, Primitive
from autograd_lite.program.matrices import Arrays, ArrayStatement, Constants, Indices, Operand, Rows, Total, common_name
from autograd_lite.program.python.functions import import_of
from autograd_lite.program.statements import Statements
from autograd_lite.words.lecture import lecture_name
from autograd_lite.words.notation import ATOM, PRODUCT, SIGNED, TEXT, Written

INFIX = {ADD, SUBTRACT, MULTIPLY, NEGATIVE}
"""The rows that are written with their signs; division only where the divisor is a number other than 0."""

LARGEST_INTEGER = 1_000_000
"""Integers below it are written without a point: Python and NumPy compute the same with them."""

LONGEST_LINE = 100
"""An expression is not written into another one that would become longer than this."""

HERE = "autograd_lite.program.python.functions"

HELPERS = {"inf": "math", "nan": "math", "array": "numpy", "function_of": HERE, "stack": HERE}
"""The names that a text may use beside the primitives, and the modules that they come from."""

TAKEN = {*HELPERS, "inputs", "parameters", "program", *keyword.kwlist}
"""The names that nothing else may have."""

PHASES = {False: "    # forward pass", True: "    # backward pass"}


def write(op: Primitive, arguments: Sequence[Written]) -> Written:
    """Write an operation, with brackets where precedence asks for them.

    >>> a, b, c = (Written(name, ATOM) for name in "abc")
    >>> write(MULTIPLY, [write(ADD, [a, b]), c]).text
    '(a + b) * c'
    """
    if op in INFIX or (op is DIVIDE and _is_nonzero(arguments[1].text)):
        return TEXT.operation(op.symbol, arguments)
    # a function may return an argument: as a float, not as Python's integer
    texts = [f"{text}.0" if text.lstrip("-").isdecimal() else text for text, _ in arguments]
    return Written(f"{called(op)}({', '.join(texts)})", ATOM)


def _is_nonzero(text: str) -> bool:
    """Return whether it is a number other than 0."""
    return re.fullmatch(r"-?[\d.]+(e[+-]?\d+)?", text) is not None and float(text) != 0


def _atom(written: Written) -> str:
    """An expression where only an atom may stand."""
    return TEXT.in_place(written, ATOM)


def number(value: float) -> Written:
    """Write a constant: 2, 0.5, nan, -1."""
    is_short = abs(value) < LARGEST_INTEGER and value.is_integer() and str(value) != "-0.0"
    text = str(int(value)) if is_short else repr(value)
    return Written(text, SIGNED if text.startswith("-") else ATOM)


def identifier(label: str) -> str:
    """Return a label as an identifier of Python, which may be a keyword; "" if nothing of it can be kept.

    >>> identifier("w^(1)_{2,0}"), identifier("s_1^(2)"), identifier("delta_1^(2)"), identifier("my rate")
    ('w1_2_0', 's2_1', 'd2_1', 'my_rate')
    """
    if label.startswith("d_") and not label.startswith("d_d_"):  # an adjoint
        rest = identifier(label[2:])
        return f"d_{rest}" if rest else ""
    name = lecture_name(label)
    if name is not None and name.layer:
        letter = "d" if name.letter == "delta" else name.letter
        label = f"{letter}{name.layer}_{name.units}"
    plain = re.sub(r"[^0-9A-Za-z_]+", "_", label[:LONGEST_LABEL]).strip("_")
    return plain if not plain or plain[0].isalpha() else f"v_{plain}"


class Names:
    """Make new names, which Python accepts.

    >>> names = Names()
    >>> names.new("rate"), names.new("rate"), names.new("lambda"), names.new("")
    ('rate', 'rate_2', 'lambda_2', 'v1')
    """

    def __init__(self, taken: Iterable[str] = ()) -> None:
        self.taken = {*taken, *TAKEN}
        self.numbers: Counter[str] = Counter()

    def new(self, wanted: str) -> str:
        """Return a new name like the one that is wanted; v1, v2, ... where none is."""
        stem = identifier(wanted)
        name = stem
        while not name or name in self.taken:
            self.numbers[stem] += 1
            name = f"{stem}_{self.numbers[stem] + 1}" if stem else f"v{self.numbers[stem]}"
        self.taken.add(name)
        return name


@dataclass(frozen=True)
class Group:
    """Inputs, or parameters, that are one argument of array code.

    Attributes:
        name: the name of the argument.
        members: their numbers, as the rows and columns of a matrix; inputs and vectors have one column.
    """

    name: str
    members: Indices


@dataclass(frozen=True)
class Source:
    """The text of a program, which defines the function `program`, and what it calls.

    Attributes:
        comment: what it runs on.
        functions: the primitives that it calls, by the names that it calls them by.
        body: the function.
        constants: lines that define constant arrays.
        inputs: in array code, an argument each: arrays with a row for each input and a column for each point.
        parameters: in array code, an argument each: matrices.
    """

    comment: str
    functions: Mapping[str, Primitive]
    body: str
    constants: Sequence[str] = ()
    inputs: Sequence[Group] = ()
    parameters: Sequence[Group] = ()

    @property
    def text(self) -> str:
        """The program as a module that runs by itself."""
        user_defined = {name: op for name, op in self.functions.items() if op.name not in BUILT_IN}
        lookups = [f"{name} = function_of({op.name!r})" for name, op in user_defined.items()]
        code = "\n".join([*lookups, *self.constants, self.body])
        imports = [(module, name) for name, module in HELPERS.items() if re.search(rf"\b{name}\b", code)]
        imports += [import_of(op) for name, op in self.functions.items() if name not in user_defined]
        lines = [f"# {self.comment}"]
        for module in dict.fromkeys(HELPERS.values()):
            names = sorted(name for its_module, name in imports if its_module == module)
            lines += [f"from {module} import {', '.join(names)}"] if names else []
        above = "\n\n".join("\n".join(part) for part in (lines, lookups, self.constants) if part)
        return f"{above}\n\n\n{self.body}\n"


def called(op: Primitive) -> str:
    """Return the name by which a text calls a primitive: its own, if Python accepts it.

    >>> called(DIVIDE)
    'divide'
    """
    name = op.name
    plain = name.isascii() and name.isidentifier() and name not in TAKEN
    return name if plain else f"primitive_{name.encode().hex()}"


def _functions(ops: Iterable[Primitive | str]) -> dict[str, Primitive]:
    """Return the primitives that are written as functions, by the names of these."""
    return {called(op): op for op in ops if isinstance(op, Primitive) and op not in INFIX}


# Straight-line code


def straight_line_source(statements: Statements) -> Source:
    """Write one line for each statement, which computes with floats or with arrays, the batch along the last axis.

    `program(inputs, parameters)` takes both in their order, and returns all outputs, and all totals before they are
    summed over the batch.

    >>> from autograd_lite.program.statements import trace
    >>> from autograd_lite.value import Value
    >>> x, w = Value(2.0, "x"), Value(3.0, "w")
    >>> print(straight_line_source(trace((x * w).tanh(), [x], [w], gradients=True, max_nodes=10)).text)
    # Runs on floats and on NumPy arrays: returns the outputs, and what is to be summed over the batch.
    from numpy import tanh
    <BLANKLINE>
    <BLANKLINE>
    def program(inputs, parameters):
        [x] = inputs
        [w] = parameters
        # forward pass
        v1 = x * w
        v2 = tanh(v1)
        # backward pass
        v3 = v2 * v2
        v4 = 1 - v3
        d_x = v4 * w
        d_w = v4 * x
        return [v2, d_x], [v2, d_w]
    <BLANKLINE>
    """
    inputs, first = statements.inputs, statements.inputs + statements.parameters
    computed = [position for position in range(first, len(statements)) if position not in statements.numbers]
    functions = _functions(statements.ops[position] for position in computed)
    names = Names(functions)
    leaves = [
        names.new(statements.names.get(position) or f"{'x' if position < inputs else 'w'}{position + 1}")
        for position in range(first)
    ]
    lines = ["def program(inputs, parameters):"]
    for argument, part in (("inputs", leaves[:inputs]), ("parameters", leaves[inputs:])):
        lines += [f"    [{', '.join(part)}] = {argument}"] if part else []
    texts = {position: number(value) for position, value in statements.numbers.items()}
    texts |= {position: Written(name, ATOM) for position, name in enumerate(leaves)}
    for backward, positions in groupby(computed, lambda position: position >= statements.backward):
        lines.append(PHASES[backward])
        for position in positions:
            expression = write(statements.ops[position], [texts[p] for p in statements.arguments[position]])
            texts[position] = Written(names.new(statements.names.get(position, "")), ATOM)
            lines.append(f"    {texts[position].text} = {expression.text}")
    results = [[texts[position].text for position in places] for places in (statements.outputs, statements.totals)]
    lines.append(f"    return {', '.join('[' + ', '.join(result) + ']' for result in results)}")
    return Source(
        "Runs on floats and on NumPy arrays: returns the outputs, and what is to be summed over the batch.",
        functions,
        "\n".join(lines),
    )


# Array code


def array_source(arrays: Arrays, labels: Mapping[int, str]) -> Source:
    """Write the array form; for a multilayer perceptron it is the recursion of the lecture.

    Arguments:
        arrays: the array form.
        labels: of the inputs and parameters, by their position among the statements.
    """
    return _ArrayWriter(arrays, labels).write()


class _ArrayWriter:
    def __init__(self, arrays: Arrays, labels: Mapping[int, str]) -> None:
        self.arrays, self.labels = arrays, labels
        self.lines: list[str] = []
        self.constants: dict[str, str] = {}
        self.functions = _functions(array.op for array in arrays.computed)
        self.names = Names(self.functions)
        operands = [operand for array in arrays.computed for operand in array.arguments]
        results = dict.fromkeys((*arrays.outputs, *(side for total in arrays.totals for side in total[:2])))
        self.rows = [operand for operand in (*operands, *results) if isinstance(operand, Rows)]
        apart = [operand for operand in self.rows if operand in results or not operand.whole]
        self.uses = Counter(operand.array for operand in (*self.rows, *apart))
        """How often each array is used; a use that does not allow it to be written there counts as two."""
        self.texts: dict[ArrayStatement, Written] = {}
        """For each array that was written: its name, or which part of a stack it is; or its expression."""
        self.blocks: list[Group] = []
        self.matrices: dict[Indices, str] = {}
        """How each matrix of parameters is written: as a block, or as a part of one, or as the transpose of a part."""
        self.places: dict[int, tuple[Group, int, int]] = {}
        """For each parameter, the first of the blocks that it is in, and its row and column there."""

    def write(self) -> Source:
        self.inputs = self._input_groups()
        self._parameter_groups()
        self.stacked = self._stacked()
        for backward, computed in groupby(self.arrays.computed, lambda array: array.backward):
            self.lines.append(PHASES[backward])
            for array in computed:
                self._write_array(array)
        self.lines += ["    # sums over the batch"] if self.arrays.totals else []
        totals = {self.names.new(self._total_name(total)): self._total(total) for total in self.arrays.totals}
        self.lines += [f"    {name} = {text}" for name, text in totals.items()]
        outputs = [self._operand(operand).text for operand in self.arrays.outputs]
        returned = ", ".join(f"[{', '.join(texts)}]" for texts in (outputs, totals))
        head = f"def program({', '.join(group.name for group in (*self.inputs, *self.blocks))}):"
        return Source(
            "A row for each entry, a column for each point; returns outputs, and sums over the batch.",
            self.functions,
            "\n".join([head, *self.lines, f"    return {returned}"]),
            [f"{name} = {text}" for text, name in self.constants.items()],
            self.inputs,
            self.blocks,
        )

    # Arguments

    def _input_groups(self) -> list[Group]:
        """Group inputs with a name in common, one after another, but those together that an array takes together."""
        count = self.arrays.inputs.rows
        labels = [self.labels.get(row, "") for row in range(count)]
        stems = [common_name([label, label + "0"]) or label for label in labels]
        starts = {row for row in range(count) if row == 0 or stems[row] != stems[row - 1]}
        for operand in self._rows_of(self.arrays.inputs):
            starts -= set(range(min(operand.rows) + 1, max(operand.rows) + 1))
        groups = []
        for start, stop in pairwise([*sorted(starts), count]):
            name = common_name(labels[start:stop]) or "x"
            members = tuple((row,) for row in range(start, stop))
            groups.append(Group(self.names.new("x" if name == "o0" else name), members))
        return groups

    def _rows_of(self, array: ArrayStatement) -> list[Rows]:
        """Return all operands that are rows of an array."""
        return [operand for operand in self.rows if operand.array is array]

    def _parameter_groups(self) -> None:
        """Make an argument of each matrix, and of what is used alone, that is not a part of an earlier one."""
        columns = [tuple((row,) for row in operand.rows) for operand in self._rows_of(self.arrays.parameters)]
        first = self.arrays.inputs.rows
        for matrix in dict.fromkeys((*self.arrays.matrices, *columns)):
            text = self._part_of_block(matrix)
            if not text:
                name = common_name([self.labels.get(first + member, "") for row in matrix for member in row])
                text = self.names.new(name or f"W{len(self.blocks) + 1}")
                self.blocks.append(Group(text, matrix))
                for r, row in enumerate(matrix):
                    for c, member in enumerate(row):
                        self.places.setdefault(member, (self.blocks[-1], r, c))
            self.matrices[matrix] = text

    def _part_of_block(self, matrix: Indices) -> str:
        """Write a matrix as a part of an argument, or as the transpose of one; "" if it is neither."""
        if matrix[0][0] in self.places:
            block, r, c = self.places[matrix[0][0]]
            for part, transposed in ((matrix, ""), (tuple(zip(*matrix, strict=True)), ".T")):
                down, across = r + len(part), c + len(part[0])
                if tuple(row[c:across] for row in block.members[r:down]) == part:
                    slices = _slices((r, down, len(block.members)), (c, across, len(block.members[0])))
                    return f"{block.name}{slices}{transposed}"
        return ""

    # Statements

    def _stacked(self) -> dict[ArrayStatement, ArrayStatement]:
        """Return the stack of each computed array that is all of it but the number 1, and is written into it."""
        found: dict[ArrayStatement, ArrayStatement] = {}
        for stack in self.arrays.computed:
            if stack.op == "stack":
                rows = [part for part in stack.arguments if isinstance(part, Rows)]
                if len(rows) == 1 and rows[0].whole and rows[0].array.op not in {"inputs", "parameters", "stack"}:
                    found.setdefault(rows[0].array, stack)
        return found

    def _write_array(self, array: ArrayStatement) -> None:
        if array.op == "stack" and array in self.stacked.values():
            return  # it is written with the array in it
        operands = [self._operand(argument) for argument in array.arguments]
        if array.op == "matmul":
            expression = Written(f"{self.matrices[array.matrix]} @ {_atom(operands[0])}", PRODUCT)
        elif array.op == "sum":
            expression = Written(f"{_atom(operands[0])}.sum(axis=0, keepdims=True)", ATOM)
        elif array.op == "stack":
            expression = _stack([operand.text for operand in operands])
        elif array.op is MULTIPLY and array.arguments[0] == array.arguments[1]:
            expression = Written(f"{_atom(operands[0])}**2", SIGNED)
        else:
            expression = write(array.primitive, operands)
        self.texts[array] = expression
        is_written_once = self.uses[array] == 1 and (not array.name or array.name.startswith("d_"))
        stack = self.stacked.get(array)
        if stack is None and is_written_once and len(expression.text) < LONGEST_LINE // 2:
            return  # it is written where it is used
        name = self.names.new(array.name or self._name_of_inputs(array))
        if stack is None:
            self.texts[array] = Written(name, ATOM)
        else:
            parts = [self._operand(part).text for part in stack.arguments]
            first = parts.index(expression.text)
            expression, self.texts[stack] = _stack(parts), Written(name, ATOM)
            self.texts[array] = Written(name + _slices((first, first + array.rows, stack.rows)), ATOM)
        self.lines.append(f"    {name} = {expression.text}")

    def _name_of_inputs(self, array: ArrayStatement) -> str:
        """Return the name of a stack of inputs and the number 1: o0, if the inputs are o_1^(0), ..., o_d^(0)."""
        rows = [part for part in array.arguments if isinstance(part, Rows)]
        if array.op == "stack" and len(rows) == 1 and rows[0].array is self.arrays.inputs:
            name = common_name([self.labels.get(row, "") for row in rows[0].rows])
            return name if name not in self.names.taken else ""
        return ""

    def _operand(self, operand: Operand) -> Written:
        if isinstance(operand, Constants):
            if len(operand) == 1:
                return number(operand.numbers[0])
            rows_of_numbers = "], [".join(number(value).text for value in operand.numbers)
            return Written(self._constant(f"array([[{rows_of_numbers}]])"), ATOM)
        array, rows = operand
        if array is self.arrays.parameters:
            return Written(self.matrices[tuple((row,) for row in rows)], ATOM)
        if array is self.arrays.inputs:
            group = next(group for group in self.inputs if group.members[0][0] <= min(rows) <= group.members[-1][0])
            name, above, of = group.name, -group.members[0][0], len(group.members)
        elif operand.whole:
            return self.texts[array]
        else:
            name, above, of = _atom(self.texts[array]), 0, array.rows
        if isinstance(rows, range):
            return Written(name + _slices((rows.start + above, rows.stop + above, of)), ATOM)
        return Written(f"{name}[{self._constant(f'array({[row + above for row in rows]})')}]", ATOM)

    def _constant(self, text: str) -> str:
        """Return the name of a constant array."""
        if text not in self.constants:
            self.constants[text] = self.names.new(f"C{len(self.constants) + 1}")
        return self.constants[text]

    def _total_name(self, total: Total) -> str:
        if total.targets == ((0,),):
            left = total.left
            return f"total_{left.array.name}" if isinstance(left, Rows) and left.array.name else "total"
        members = tuple(tuple(self.arrays.variables[target - 1] for target in row) for row in total.targets)
        name = self.matrices.get(members, "")
        if not name.isidentifier():  # a part of a block, or nothing that is written
            return ""
        return f"G{name[1:]}" if name.startswith("W") else f"d_{name}"

    def _total(self, total: Total) -> str:
        left = self._operand(total.left)
        if not (isinstance(total.left, Rows) and total.left.array.varies):
            points = f"{self.inputs[0].name}.shape[1]" if self.inputs else "1"
            return f"{points} * {TEXT.in_place(left, PRODUCT)}"
        if isinstance(total.right, Constants):
            return f"{_atom(left)}.sum(axis=1, keepdims=True)"
        return f"{left.text} @ {self._operand(total.right).text}.T"


def _stack(parts: Sequence[str]) -> Written:
    return Written(f"stack({', '.join(parts)})", ATOM)


def _slices(*axes: tuple[int, int, int]) -> str:
    """Write slices of rows and columns, each from a start to a stop of a number; nothing where all are meant."""
    text = ", ".join([f"{start or ''}:{stop if stop < of else ''}" for start, stop, of in axes]).removesuffix(", :")
    return "" if text == ":" else f"[{text}]"
