"""Matrices, vectors and element-wise operations, recovered from straight-line statements.

A network that was written scalar by scalar has the structure of the lecture's matrices. It is recovered whatever the
names, the loops and the order in which sums were added:

- Sums of products of a parameter and something that varies form s = W o, if they share their second factors.
- Statements of one operation at one depth, whose arguments lie in the same arrays, form one array: o = tanh(s).
- The adjoints of such sums are sums of products again: W^T delta; and the gradients of the weights, summed over the
  batch, are all the products of the entries of two arrays: G = delta o^T.

Statements without such structure become an array of one row each.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain, groupby
from typing import Literal, NamedTuple, TypeAlias

from autograd_lite.primitives import ADD, MULTIPLY, Primitive
from autograd_lite.program.statements import Statements
from autograd_lite.words.lecture import lecture_name

ONE = -1
"""Stands for the number 1, by which a bias is multiplied (o_0 = 1), where the position of a statement is expected."""

MANY = 3
"""The smallest number of terms in one array that are summed as an array."""


class Rows(NamedTuple):
    """Some rows of an array, in order; one row is repeated where more are needed."""

    array: "ArrayStatement"
    rows: range | tuple[int, ...]

    @property
    def whole(self) -> bool:
        """Whether they are all rows of the array, in their order."""
        return self == self.array.whole

    def __len__(self) -> int:
        return len(self.rows)


@dataclass(frozen=True, eq=False)  # equal numbers may have different signs of zero
class Constants:
    """Constants, one for each row, or one for all."""

    numbers: tuple[float, ...]

    def __len__(self) -> int:
        return len(self.numbers)


Operand: TypeAlias = Rows | Constants
Operation: TypeAlias = Primitive | Literal["inputs", "parameters", "matmul", "sum", "stack"]
Indices: TypeAlias = tuple[tuple[int, ...], ...]
"""A matrix of integers: for each entry the number of a parameter, or of a total."""


@dataclass(eq=False)
class ArrayStatement:
    """Rows of numbers, each with an entry for every point of the batch, or one entry if it does not vary.

    Attributes:
        op: a primitive, applied row by row; "inputs" or "parameters", which are not computed; "matmul", a matrix of
            parameters times a vector; "sum", the sum of the rows of its argument; or "stack", the rows of its
            arguments one below the other.
        rows: the number of rows.
        varies: whether the numbers vary over the batch.
        arguments: the operands. An operand of one row is repeated where more rows are needed; in an array of several
            rows, at least one operand has as many.
        matrix: the matrix of a matmul.
        backward: whether the array belongs to the backward pass.
        name: the name that the labels of its statements have in common, or "".
    """

    op: Operation
    rows: int
    varies: bool
    arguments: tuple[Operand, ...] = ()
    matrix: Indices = ()
    backward: bool = False
    name: str = ""

    @property
    def primitive(self) -> Primitive:
        """The primitive that is applied row by row."""
        assert isinstance(self.op, Primitive)
        return self.op

    @property
    def whole(self) -> Rows:
        """All rows, as an operand."""
        return Rows(self, range(self.rows))


class Total(NamedTuple):
    """Sums over the batch: of the products of all rows of one array with all rows of another, G = delta o^T.

    Attributes:
        left: n rows.
        right: m rows; the constant 1 for the sums of the left rows alone.
        targets: for each of the n times m sums, the number of the total that it is added to.
    """

    left: Operand
    right: Operand
    targets: Indices


@dataclass
class Arrays:
    """The array form of statements.

    Attributes:
        inputs, parameters: the arrays that a program is called with.
        computed: the other arrays, in the order in which they are computed.
        outputs: rows of arrays; one after another they are the outputs for each point.
        totals: the sums over the batch.
        number_of_totals: the number of totals that these sums are added to.
        variables: the numbers of the parameters that the totals after the first are derivatives with respect to.
    """

    inputs: ArrayStatement
    parameters: ArrayStatement
    computed: list[ArrayStatement]
    outputs: list[Operand]
    totals: list[Total]
    number_of_totals: int
    variables: list[int]

    @property
    def matrices(self) -> list[Indices]:
        """The matrices of the matrix products, in order."""
        return [array.matrix for array in self.computed if array.op == "matmul"]


def straight_line(statements: Statements) -> Arrays:
    """Return the statements as arrays of one row each."""
    return _Finder(statements, {}).find()


def find_arrays(statements: Statements) -> Arrays:
    """Find the arrays of statements; without a matrix of at least two rows and columns, return `straight_line`.

    >>> from autograd_lite.program.statements import trace
    >>> from autograd_lite.value import Value
    >>> x = [Value(1.0, "x1"), Value(2.0, "x2")]
    >>> W = [[Value(0.1 * (i + j), f"w{i}{j}") for j in range(2)] for i in range(2)]
    >>> s = [row[0] * x[0] + row[1] * x[1] for row in W]
    >>> e = s[0].tanh() * s[1].tanh()
    >>> arrays = find_arrays(trace(e, x, W[0] + W[1], gradients=False, max_nodes=1000))
    >>> [(getattr(array.op, "name", array.op), array.rows) for array in arrays.computed]
    [('matmul', 2), ('tanh', 2), ('multiply', 1)]
    """
    sums = _sums(statements)
    heights = Counter(frozenset(of_sum.products) for of_sum in sums.values())
    if not any(height > 1 and len(factors) > 1 for factors, height in heights.items()):
        return straight_line(statements)
    # A single product is a row of a matrix product only beside others
    kept = {at: one for at, one in sums.items() if len(one.products) != 1 or heights[frozenset(one.products)] > 1}
    return _Finder(statements, kept).find()


class _Sum(NamedTuple):
    """A sum, or a single product, taken apart into products of a parameter and something that varies, and the rest."""

    products: dict[int, int]
    """For each second factor, or ONE, the number of the parameter; a row of a matrix product, or empty."""
    others: tuple[int, ...]
    """The other terms."""

    @property
    def arguments(self) -> list[int]:
        """What it is computed from, except the parameters in its products."""
        return [*(factor for factor in self.products if factor != ONE), *self.others]


def _terms(statements: Statements, uses: Counter[int], position: int) -> tuple[Sequence[int], Sequence[int]]:
    """Return the terms of a sum, and of the sums in it that are used nowhere else; and these inner sums."""
    terms: list[int] = []
    inner: list[int] = []
    stack = list(reversed(statements.arguments[position]))
    while stack:
        term = stack.pop()
        if statements.ops[term] is ADD and uses[term] == 1:
            inner.append(term)
            stack.extend(reversed(statements.arguments[term]))
        elif statements.numbers.get(term) != 0.0:  # the built-in sum begins with 0
            terms.append(term)
    return (terms, inner) if len(terms) > 1 else (statements.arguments[position], ())


def _sums(statements: Statements) -> dict[int, _Sum]:
    """Return all sums that are not parts of others; and the products that may be a row of a matrix product."""
    uses, varies = statements.uses(), statements.varying()
    first, last = statements.inputs, statements.inputs + statements.parameters
    found: dict[int, _Sum] = {}
    within: set[int] = set()  # sums and products that are parts of sums

    def product(position: int) -> tuple[int, int]:
        """Return the parameter of a product, and the factor that varies; otherwise the position itself, and ONE."""
        if statements.ops[position] is MULTIPLY:
            a, b = statements.arguments[position]
            for parameter, factor in ((a, b), (b, a)):
                if first <= parameter < last and varies[factor]:
                    return parameter, factor
        return position, ONE

    for position in range(len(statements) - 1, last - 1, -1):  # the whole of a sum before the sums in it
        if position in within:
            continue
        is_sum = statements.ops[position] is ADD
        terms, inner = _terms(statements, uses, position) if is_sum else ((position,), ())
        within.update(inner)
        products: dict[int, int] = {}
        others: list[int] = []
        for term in terms:
            parameter, factor = product(term)
            if factor in products or not first <= parameter < last:
                others.append(term)  # of products with the same second factor only the first is one
            else:
                products[factor] = parameter - first
                if factor != ONE and uses[term] == 1:
                    within.add(term)
        if len(products) > is_sum:  # a sum needs two, of which at least one is not with the number 1
            found[position] = _Sum(products, tuple(others))
        elif is_sum:
            found[position] = _Sum({}, tuple(terms))
    return found


class _Finder:
    """Put statements into arrays, depth by depth."""

    def __init__(self, statements: Statements, sums: dict[int, _Sum]) -> None:
        self.statements, self.sums = statements, sums
        self.uses, self.varies = statements.uses(), statements.varying()
        self.place = {position: (-1, position) for position in (ONE, *statements.numbers)}
        """Where each statement is: the number of its array, and its row; constants come before all arrays."""
        self.stacks: dict[frozenset[int], ArrayStatement] = {}
        self.vectors: dict[frozenset[int], list[int]] = {}
        """The factors that matrices are multiplied by: the order of each set of them."""
        self.entries: dict[int, int] = {}
        """The parameters that are entries of matrices, numbered in their order."""
        inputs, parameters = statements.inputs, statements.parameters
        self.made = [ArrayStatement("inputs", inputs, True), ArrayStatement("parameters", parameters, False)]
        """All arrays, by their numbers."""
        for position in range(inputs + parameters):
            self.place[position] = (0, position) if position < inputs else (1, position - inputs)

    def find(self) -> Arrays:
        statements = self.statements
        pairs = [self._factors(number, total) for number, total in enumerate(statements.totals)]
        for group in self._by_depth({*statements.outputs, *chain(*pairs)} - {ONE}):
            self._place(group)
        outputs, totals = list(map(self.rows, self._segments(statements.outputs))), self._totals(pairs)
        inputs, parameters, *computed = self.made
        computed.sort(key=lambda array: array.backward)  # which no array of the forward pass depends on
        return Arrays(inputs, parameters, computed, outputs, totals, len(statements.totals), statements.variables)

    def _segments(self, positions: Iterable[int]) -> list[list[int]]:
        """Split positions wherever the next one is in another array."""
        return [list(segment) for _, segment in groupby(positions, self._array_of)]

    # Depth by depth

    def _arguments(self, position: int) -> Sequence[int]:
        """Return what a statement is computed from, where a sum of products is one operation."""
        return self.sums[position].arguments if position in self.sums else self.statements.arguments[position]

    def _in_order(self, position: int) -> list[int]:
        """Return the arguments of a statement; of a sum, whose terms may be added in any order, by where they are."""
        return (self._sorted if position in self.sums else list)(self._arguments(position))

    def _by_depth(self, needed: set[int]) -> list[list[int]]:
        """Return the statements that some are computed from, by depth; the arguments of a statement are less deep."""
        first = self.statements.inputs + self.statements.parameters
        for position in range(len(self.statements) - 1, first - 1, -1):
            if position in needed:
                needed.update(self._arguments(position))
        depth: dict[int, int] = {}
        for position in sorted(needed.difference(range(first), self.statements.numbers)):
            deepest = max([depth.get(argument, 0) for argument in self._arguments(position)])
            depth[position] = 1 + deepest if self.sums else position  # straight-line code is all steps
        return [list(level) for _, level in groupby(sorted(depth, key=depth.__getitem__), depth.__getitem__)]

    def _place(self, positions: list[int]) -> None:
        """Put statements of one depth into arrays."""
        groups: dict[tuple[object, ...], list[int]] = {}
        for position in positions:
            groups.setdefault(self._kind(position), []).append(position)
        for (op, *_), group in groups.items():
            if op == "matmul":
                array = self._product(group)
            elif op == "sum":
                array = self._new_array("sum", group, (self.rows(self._in_order(group[0])),))
            else:
                array = self._elements(group)
            array.name = common_name([self.statements.names.get(member, "") for member in group])
            self.place.update((member, (len(self.made) - 1, row)) for row, member in enumerate(group))

    def _kind(self, position: int) -> tuple[object, ...]:
        """Return what statements must have in common to be rows of one array."""
        phase = position >= self.statements.backward
        of_sum = self.sums.get(position)
        if of_sum is not None and of_sum.products:
            return "matmul", phase, frozenset(of_sum.products), tuple(map(self._array_of, of_sum.others))
        arguments = self._in_order(position)
        arrays = list(map(self._array_of, arguments))
        if of_sum is not None and len(set(arguments)) == len(arguments) >= MANY and -1 < arrays[0] == arrays[-1]:
            return "sum", position  # its terms are in order, so that all are in one array
        return self.statements.ops[position], phase, *arrays

    def _array_of(self, position: int) -> int:
        """Return the number of the array that a statement is in; -1 for a constant."""
        return self.place[position][0]

    def _sorted(self, positions: Iterable[int]) -> list[int]:
        """Sort statements by where they are."""
        return sorted(positions, key=self.place.__getitem__)

    def _elements(self, group: list[int]) -> ArrayStatement:
        """Make an array of statements of one operation, and order these as their arguments are."""
        group.sort(key=lambda position: list(map(self.place.__getitem__, self._in_order(position))))
        columns = [list(column) for column in zip(*map(self._in_order, group), strict=True)]
        operands = [self._operand(column) for column in columns]
        if all(len(operand) == 1 for operand in operands):  # sums of the same terms, which were added in other orders
            operands[0] = self.rows(columns[0])
        return self._new_array(self.statements.ops[group[0]], group, tuple(operands))

    def _product(self, group: list[int]) -> ArrayStatement:
        """Make a matrix product, and the sum with what else is added to it; and order the rows."""
        products = self.sums[group[0]].products
        factors = self._sorted(products)
        if factors[0] == ONE and products[ONE] > min(products.values()):
            factors = [*factors[1:], ONE]  # as in micrograd, where the bias is the last of a neuron's parameters
        factors = self.vectors.setdefault(frozenset(factors), factors)
        column = next(factor for factor in factors if factor != ONE)

        def order(position: int) -> int:
            """Return the place of a row in the transpose of an earlier matrix; else, behind these, its parameter."""
            parameters = self.sums[position].products
            return self.entries.get(parameters[column], len(self.entries) + min(parameters.values()))

        group.sort(key=order)
        rows = [self.sums[position] for position in group]
        matrix = tuple([tuple([row.products[factor] for factor in factors]) for row in rows])
        for parameter in chain(*matrix):
            self.entries.setdefault(parameter, len(self.entries))
        vector = self._vector(factors)
        others = [self._operand(list(column)) for column in zip(*(row.others for row in rows), strict=True)]
        product = self._new_array("matmul", group, (vector,))
        product.matrix = matrix
        return self._new_array(ADD, group, (product.whole, *others)) if others else product

    def _vector(self, factors: list[int]) -> Operand:
        """Return statements, and perhaps the number 1, as rows of one array; a stack is made if need be."""
        segments = self._segments(factors)
        if len(segments) == 1:
            return self.rows(factors)
        key = frozenset(factors)
        if key not in self.stacks:
            self.stacks[key] = self._new_array("stack", factors, tuple(map(self.rows, segments)))
        return self.stacks[key].whole

    def _new_array(self, op: Operation, group: Sequence[int], arguments: tuple[Operand, ...]) -> ArrayStatement:
        """Make an array with a row for each statement of a group."""
        varies = any(isinstance(argument, Rows) and argument.array.varies for argument in arguments)
        backward = max(group) >= self.statements.backward
        self.made.append(ArrayStatement(op, len(group), varies, arguments, backward=backward))
        return self.made[-1]

    def _operand(self, column: list[int]) -> Operand:
        """Return an argument of each statement of a group, all in one array, as an operand."""
        return self.rows(column[:1] if len(set(column)) == 1 else column)

    def rows(self, positions: list[int]) -> Operand:
        """Return statements that are all in one array, or all constants, as rows."""
        if self._array_of(positions[0]) < 0:
            return Constants(tuple([self.statements.numbers.get(position, 1.0) for position in positions]))  # 1 for ONE
        array = self.made[self._array_of(positions[0])]
        rows = [self.place[position][1] for position in positions]
        side_by_side = range(rows[0], rows[0] + len(rows))
        return Rows(array, side_by_side if rows == list(side_by_side) else tuple(rows))

    # Totals

    def _factors(self, number: int, total: int) -> tuple[int, int]:
        """Return both factors of a total that sums a product, else what it sums and ONE.

        The first total is the sum of the output itself, which is left whole.
        """
        if number > 0 and self.statements.ops[total] is MULTIPLY and self.uses[total] == 1 and self.sums:
            a, b = self.statements.arguments[total]
            if self.varies[a] and self.varies[b]:
                return a, b
        return total, ONE

    def _totals(self, pairs: list[tuple[int, int]]) -> list[Total]:
        """Return the sums over the batch, as few and as large as possible."""
        totals: list[Total] = []
        partners: dict[int, dict[int, int]] = {}
        for target, pair in enumerate(pairs):
            right, left = self._sorted(pair)
            if right in partners.setdefault(left, {}):  # the same product, summed for another total too
                totals.append(Total(self.rows([left]), self.rows([right]), ((target,),)))
            else:
                partners[left][right] = target
        blocks: dict[tuple[int, frozenset[int]], list[int]] = {}
        for left, rights in partners.items():
            blocks.setdefault((self._array_of(left), frozenset(rights)), []).append(left)
        for (_, columns), lefts in blocks.items():
            rows = self._sorted(lefts)
            parts = [self.vectors[columns]] if columns in self.vectors else self._segments(self._sorted(columns))
            for part in parts:
                targets = tuple([tuple([partners[left][right] for right in part]) for left in rows])
                totals.append(Total(self.rows(rows), self._vector(part), targets))
        return totals


def common_name(labels: Sequence[str]) -> str:
    """Return the name that labels have in common: s1 for s_1^(1), s_2^(1), ...; "" if there is none.

    >>> common_name(["s_1^(2)", "s_2^(2)"]), common_name(["x1", "x2"]), common_name(["a", "b"])
    ('s2', 'x', '')
    """
    names = {_stem(label, several=len(labels) > 1) for label in labels}
    return names.pop() if len(names) == 1 else ""


def _stem(label: str, several: bool) -> str:
    if label.startswith("d_") and not label.startswith("d_d_"):  # an adjoint
        stem = _stem(label[2:], several)
        return f"d_{stem}" if stem else ""
    name = lecture_name(label)
    if name is None:
        return "" if several or not label.isidentifier() else label
    letter = "d" if name.letter == "delta" else name.letter
    if name.layer:
        return f"{letter.upper()}{name.layer}" if name.layer_first else f"{letter}{name.layer}"
    return letter if several else f"{letter}{name.units}"
