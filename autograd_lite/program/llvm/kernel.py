"""The text of a program for LLVM: several points of the batch in each vector register, the batch's loop inside.

The batch is done in blocks of BLOCK points, whose arrays stay in the cache; a row of an array lies side by side for the
points of a block. For each block the kernel runs a few loops, each a separate function:

- element by element: operations over the same rows, with everything between them in registers;
- a matrix times a vector: ROWS rows at a time, so that each entry of the vector is loaded once for all of them;
- sums over the batch: tiles of G = delta o^T, accumulated lane by lane, and added up across the lanes at the end of the
  block. Lanes beyond the last point hold the last point again, and are masked out here: they do not count.

Sums of products use fused multiply-add; everything else is rounded operation by operation, as `Value` does it.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

from llvmlite import ir

from autograd_lite.primitives import Primitive
from autograd_lite.program.llvm.vector_math import VectorMath
from autograd_lite.program.matrices import Arrays, ArrayStatement, Constants, Indices, Operand, Rows, Total

BLOCK = 104
"""Points in a block: a multiple of 8 lanes, and an odd number of cache lines, so that rows do not share their sets."""

ROWS = 8
"""Rows of a matrix product that are computed together."""

MOST_FUSED = 120
"""Operations in one loop; more would not fit into the registers, and would take LLVM long."""

MOST_INLINED = 3
"""Uses of a function in one loop that are written out; more are calls, to keep the code small."""

Steps: TypeAlias = list[Callable[[ir.IRBuilder], None]]
"""Parts of the kernel: each writes a call of itself."""

DOUBLE, INTEGER, POINTER, VOID = ir.DoubleType(), ir.IntType(64), ir.PointerType(), ir.VoidType()

SIMPLE = {"add", "subtract", "multiply", "divide", "negative", "abs", "sqrt", "relu", "greater", "sign"}
"""Operations of an instruction or two, which are never calls."""


class Place(NamedTuple):
    """Where an array lies.

    Attributes:
        offset: how many doubles behind the start of the memory.
        stride: how many doubles from a row to the next.
        memory: "work" space, "parameters" or "totals".
    """

    offset: int
    stride: int
    memory: str = "work"


@dataclass(frozen=True)
class Affine:
    """A matrix of parameters whose entry in row i and column j is number start + i * down + j * across."""

    place: Place
    start: int
    down: int
    across: int


class Kernel:
    """Writes the module of a program."""

    def __init__(self, arrays: Arrays, lanes: int) -> None:
        self.arrays, self.lanes = arrays, lanes
        self.module = ir.Module("program")
        self.math = VectorMath(self.module, lanes)
        self.vector = self.math.vector
        self.doubles = 0
        self.places: dict[int, Place] = {id(arrays.parameters): Place(0, 1, "parameters")}
        self.readers = _readers(arrays)
        self.packed: list[tuple[Place, Indices]] = []
        self.tables = 0
        self.once: Steps = []
        """What each call does first."""
        self.block: Steps = []
        """What is done for each block of points."""
        self.last: Steps = []
        """What each call does last."""
        self.schedule()
        for total in arrays.totals:
            self.total(total)
        self.program()

    # Memory

    def reserve(self, rows: int, stride: int) -> Place:
        """Reserve room for that number of rows, from the start of a cache line."""
        place = Place(self.doubles, stride)
        self.doubles += -(-rows * stride // 8) * 8
        return place

    def place_of(self, array: ArrayStatement) -> Place:
        """Return where an array lies."""
        place = self.places.get(id(array))
        if place is None:
            place = self.places[id(array)] = self.reserve(array.rows, BLOCK if array.varies else 1)
        return place

    def at(self, builder: ir.IRBuilder, place: Place, index: ir.Value | int) -> ir.Value:
        """The address of a double: the index counts from the start of the place."""
        base = {"work": self.work, "parameters": self.parameters, "totals": self.sums}[place.memory]
        index = builder.add(_whole(index), _whole(place.offset)) if place.offset else _whole(index)
        return builder.gep(base, [index], source_etype=DOUBLE)

    def load(self, builder: ir.IRBuilder, place: Place, index: ir.Value | int) -> ir.Value:
        """A vector of points."""
        return builder.load(self.at(builder, place, index), typ=self.vector, align=64 if self.lanes == 8 else 16)

    def store(self, builder: ir.IRBuilder, value: ir.Value, place: Place, index: ir.Value | int) -> None:
        """Store a vector of points."""
        builder.store(value, self.at(builder, place, index), align=64 if self.lanes == 8 else 16)

    def spread(self, builder: ir.IRBuilder, place: Place, index: ir.Value | int) -> ir.Value:
        """A double in all lanes."""
        scalar = builder.load(self.at(builder, place, index), typ=DOUBLE)
        return self.splat(builder, scalar)

    def splat(self, builder: ir.IRBuilder, scalar: ir.Value) -> ir.Value:
        """A number in all lanes."""
        nothing = ir.Constant(ir.VectorType(scalar.type, self.lanes), ir.Undefined)
        one = builder.insert_element(nothing, scalar, ir.IntType(32)(0))
        zeros = ir.Constant(ir.VectorType(ir.IntType(32), self.lanes), [0] * self.lanes)
        return builder.shuffle_vector(one, nothing, zeros)

    def table(self, numbers: Sequence[int] | Sequence[float]) -> ir.GlobalVariable:
        """Constants in memory."""
        kind = INTEGER if isinstance(numbers[0], int) else DOUBLE
        array = ir.ArrayType(kind, len(numbers))
        variable = ir.GlobalVariable(self.module, array, f"table{self.tables}")
        self.tables += 1
        variable.global_constant = True
        variable.linkage = "internal"
        variable.initializer = ir.Constant(array, list(numbers))
        return variable

    # Functions

    @contextmanager
    def function(self, steps: Steps) -> Iterator[ir.IRBuilder]:
        """A part of the kernel as a separate function, which is called as one of the steps."""
        kind = ir.FunctionType(VOID, [POINTER, POINTER, POINTER, INTEGER])
        function = ir.Function(self.module, kind, self.module.get_unique_name("part"))
        function.linkage = "internal"
        function.attributes.add("noinline")
        self.work, self.parameters, self.sums, self.points = function.args
        builder = ir.IRBuilder(function.append_basic_block())
        yield builder
        builder.ret_void()
        steps.append(lambda caller: caller.call(function, self.shared))

    def chunks(self, builder: ir.IRBuilder) -> ir.Value:
        """Return how many vectors the points of the block fill, the last perhaps not wholly."""
        return builder.sdiv(builder.add(self.points, _whole(self.lanes - 1)), _whole(self.lanes))

    # What is computed, in loops

    def schedule(self) -> None:
        """Put the arrays into an order in which many can share a loop, and write the loops."""
        self.place_into_stacks()
        group: list[ArrayStatement] = []
        if self.arrays.inputs.rows:
            self.place_of(self.arrays.inputs)  # `program` copies them
        for array in _close_to_their_readers(self.arrays.computed, self.readers):
            if _is_element_wise(array):
                if group and not _may_join(group, array):
                    self.element_wise(group)
                    group = []
                group.append(array)
                continue
            if group:
                self.element_wise(group)
                group = []
            {"matmul": self.matmul, "sum": self.sum_of_rows, "stack": self.stack}[str(array.op)](array)
        if group:
            self.element_wise(group)

    def place_into_stacks(self) -> None:
        """Let arrays lie in the stacks that they are parts of, so that they need not be copied there."""
        for stack in self.arrays.computed:
            start = 0
            for part in stack.arguments if stack.op == "stack" else ():
                if isinstance(part, Rows) and part.whole and part.array.varies and id(part.array) not in self.places:
                    place = self.place_of(stack)
                    self.places[id(part.array)] = place._replace(offset=place.offset + start * BLOCK)
                start += len(part)

    def element_wise(self, group: list[ArrayStatement]) -> None:
        """One loop over the rows, and in it the points, for operations over the same rows."""
        rows, varies = group[0].rows, group[0].varies
        inside = {id(array) for array in group}
        often = Counter(array.primitive for array in group)
        with self.function(self.block if varies else self.once) as builder:
            count = self.chunks(builder) if varies else _whole(1)
            with loop(builder, _whole(rows)) as row:
                fixed = {
                    operand: self.fixed(builder, operand, row, rows)
                    for array in group
                    for operand in array.arguments
                    if isinstance(operand, Constants) or not (operand.array.varies or id(operand.array) in inside)
                }
                with loop(builder, count) as chunk:
                    values: dict[int, ir.Value] = {}
                    loaded: dict[Operand, ir.Value] = {}
                    for array in group:
                        arguments = []
                        for operand in array.arguments:
                            if operand in fixed:
                                arguments.append(fixed[operand])
                            elif isinstance(operand, Rows) and id(operand.array) in values:
                                arguments.append(values[id(operand.array)])
                            else:
                                assert isinstance(operand, Rows)
                                if operand not in loaded:
                                    loaded[operand] = self.points_of(builder, operand, row, rows, chunk)
                                arguments.append(loaded[operand])
                        inline = array.primitive.name in SIMPLE or often[array.primitive] <= MOST_INLINED
                        emit = self.math.emit if inline else self.math.call
                        values[id(array)] = emit(array.primitive.name, builder, arguments)
                    for array in group:
                        if not self.readers.get(id(array), set()) <= inside:
                            self.keep(builder, array, values[id(array)], row, chunk)

    def keep(
        self, builder: ir.IRBuilder, array: ArrayStatement, value: ir.Value, row: ir.Value, chunk: ir.Value
    ) -> None:
        """Store the points of a row; of what does not vary, one number."""
        place = self.place_of(array)
        if array.varies:
            self.store(builder, value, place, self.index(builder, place, row, chunk))
        else:
            builder.store(builder.extract_element(value, ir.IntType(32)(0)), self.at(builder, place, row))

    def index(self, builder: ir.IRBuilder, place: Place, row: ir.Value | int, chunk: ir.Value) -> ir.Value:
        """Return where the points of a chunk are in a row."""
        return builder.add(builder.mul(_whole(row), _whole(place.stride)), builder.mul(chunk, _whole(self.lanes)))

    def row_of(self, builder: ir.IRBuilder, rows: range | tuple[int, ...], row: ir.Value, of: int) -> ir.Value:
        """Return which row of an array is meant in a row of the loop."""
        if len(rows) == 1 or of == 1:
            return _whole(rows[0])
        if isinstance(rows, range):
            return builder.add(row, _whole(rows.start)) if rows.start else row
        table = builder.gep(self.table(list(rows)), [row], source_etype=INTEGER)
        return builder.load(table, typ=INTEGER)

    def points_of(self, builder: ir.IRBuilder, operand: Rows, row: ir.Value, of: int, chunk: ir.Value) -> ir.Value:
        """The points of a chunk, in the row of an operand that varies."""
        place = self.place_of(operand.array)
        return self.load(builder, place, self.index(builder, place, self.row_of(builder, operand.rows, row, of), chunk))

    def fixed(self, builder: ir.IRBuilder, operand: Operand, row: ir.Value, of: int) -> ir.Value:
        """An operand that does not vary, in all lanes."""
        if isinstance(operand, Rows):
            return self.spread(builder, self.place_of(operand.array), self.row_of(builder, operand.rows, row, of))
        if len(operand) == 1:
            return self.math.constant(operand.numbers[0])
        entry = builder.gep(self.table(list(operand.numbers)), [row], source_etype=DOUBLE)
        return self.splat(builder, builder.load(entry, typ=DOUBLE))

    def stack(self, array: ArrayStatement) -> None:
        """Copy the rows that do not lie in the stack already; constant rows need it once."""
        place = self.place_of(array)
        start = 0
        for part in array.arguments:
            if isinstance(part, Constants):
                with self.function(self.once) as builder, loop(builder, _whole(BLOCK // self.lanes)) as chunk:
                    value = self.math.constant(part.numbers[0])
                    self.store(builder, value, place, self.index(builder, place, start, chunk))
            elif not part.whole or self.place_of(part.array).offset != place.offset + start * BLOCK:
                with self.function(self.block) as builder:
                    count = self.chunks(builder)
                    with loop(builder, _whole(len(part))) as row, loop(builder, count) as chunk:
                        value = self.points_of(builder, part, row, len(part), chunk)
                        into = builder.add(row, _whole(start))
                        self.store(builder, value, place, self.index(builder, place, into, chunk))
            start += len(part)

    def sum_of_rows(self, array: ArrayStatement) -> None:
        """Add up rows, from the first to the last."""
        operand = array.arguments[0]
        assert isinstance(operand, Rows)
        with self.function(self.block if array.varies else self.once) as builder:
            count = self.chunks(builder) if array.varies else _whole(1)
            with loop(builder, count) as chunk:

                def term(row: ir.Value) -> ir.Value:
                    if array.varies:
                        return self.points_of(builder, operand, row, len(operand), chunk)
                    return self.fixed(builder, operand, row, len(operand))

                [total] = accumulate(
                    builder,
                    _whole(len(operand) - 1),
                    [term(_whole(0))],
                    lambda i, sums: [builder.fadd(sums[0], term(builder.add(i, _whole(1))))],
                )
                self.keep(builder, array, total, _whole(0), chunk)

    def matmul(self, array: ArrayStatement) -> None:
        """A matrix of parameters times a vector, ROWS rows at a time."""
        vector = array.arguments[0]
        assert isinstance(vector, Rows)
        matrix = self.affine(array.matrix)
        out, place = self.place_of(array), self.place_of(vector.array)
        columns = len(array.matrix[0])
        whole, rest = divmod(array.rows, ROWS)
        with self.function(self.block) as builder:
            count = self.chunks(builder)

            def rows_from(first: ir.Value, how_many: int) -> None:
                """Compute a few rows for all points."""
                begin = builder.add(builder.mul(first, _whole(matrix.down)), _whole(matrix.start))
                with loop(builder, count) as chunk:

                    def add_column(column: ir.Value, sums: list[ir.Value]) -> list[ir.Value]:
                        row = self.row_of(builder, vector.rows, column, columns)
                        entry = self.load(builder, place, self.index(builder, place, row, chunk))
                        top = builder.add(begin, builder.mul(column, _whole(matrix.across)))
                        weights = [
                            self.spread(builder, matrix.place, builder.add(top, _whole(i * matrix.down)))
                            for i in range(how_many)
                        ]
                        return [
                            self.math.fma(builder, weight, entry, total)
                            for weight, total in zip(weights, sums, strict=True)
                        ]

                    zero = self.math.constant(0.0)
                    sums = accumulate(builder, _whole(columns), [zero] * how_many, add_column)
                    for i, total in enumerate(sums):
                        self.store(builder, total, out, self.index(builder, out, builder.add(first, _whole(i)), chunk))

            if whole:
                with loop(builder, _whole(whole)) as number:
                    rows_from(builder.mul(number, _whole(ROWS)), ROWS)
            if rest:
                rows_from(_whole(whole * ROWS), rest)

    def affine(self, matrix: Indices) -> Affine:
        """A matrix of parameters where its entries lie, if they do so regularly, else where it will be copied to."""
        start = matrix[0][0]
        down = matrix[1][0] - start if len(matrix) > 1 else 0
        across = matrix[0][1] - start if len(matrix[0]) > 1 else 0
        regular = all(
            row == tuple(range(first, first + across * len(row), across)) if across else row == (first,)
            for first, row in ((start + i * down, row) for i, row in enumerate(matrix))
        )
        if regular:
            return Affine(self.places[id(self.arrays.parameters)], start, down, across)
        for place, other in self.packed:
            if other == matrix:
                return Affine(place, 0, len(matrix[0]), 1)
            if other == tuple(zip(*matrix, strict=True)):
                return Affine(place, 0, 1, len(matrix))
        place = self.reserve(len(matrix) * len(matrix[0]), 1)
        self.packed.append((place, matrix))
        return Affine(place, 0, len(matrix[0]), 1)

    # Sums over the batch

    def total(self, total: Total) -> None:
        """Add up over the batch; in the end the sums go to where they are wanted."""
        left, right = total.left, total.right
        rows = len(total.targets)
        if isinstance(left, Constants) or not left.array.varies:
            self.last.append(lambda builder: self.repeat(builder, left, total.targets))
            return
        sums = self.place_of_sums(total.targets)
        with self.function(self.block) as builder:
            if right is None:
                self.tile_rows(builder, left, sums, rows)
            else:
                assert isinstance(right, Rows)
                self.tile_products(builder, left, right, sums)

    def place_of_sums(self, matrix: Indices) -> Place:
        """Return where sums are added up: among the totals if they lie there side by side, else in a place apart."""
        targets = [target for row in matrix for target in row]
        if targets == list(range(targets[0], targets[0] + len(targets))):
            return Place(targets[0], 1, "totals")
        sums = self.reserve(len(targets), 1)
        with self.function(self.once) as builder, loop(builder, _whole(len(targets))) as i:
            builder.store(DOUBLE(0.0), self.at(builder, sums, i))
        with self.function(self.last) as builder, loop(builder, _whole(len(targets))) as i:
            self.add_to_total(builder, targets, i, builder.load(self.at(builder, sums, i), typ=DOUBLE))
        return sums

    def add_to_total(self, builder: ir.IRBuilder, targets: list[int], i: ir.Value, value: ir.Value) -> None:
        """Add a number to the total that sum i is for."""
        target = builder.load(builder.gep(self.table(targets), [i], source_etype=INTEGER), typ=INTEGER)
        address = builder.gep(self.sums, [target], source_etype=DOUBLE)
        builder.store(builder.fadd(builder.load(address, typ=DOUBLE), value), address)

    def repeat(self, builder: ir.IRBuilder, operand: Operand, targets: Indices) -> None:
        """Count once for each point what does not vary."""
        with loop(builder, _whole(len(targets))) as row:
            number = builder.extract_element(self.fixed(builder, operand, row, len(targets)), ir.IntType(32)(0))
            times = builder.fmul(builder.sitofp(self.all_points, DOUBLE), number)
            self.add_to_total(builder, [target for [target] in targets], row, times)

    def tile_rows(self, builder: ir.IRBuilder, left: Rows, sums: Place, rows: int) -> None:
        """The sums of rows, as many rows at a time as there are lanes."""
        for first in range(0, rows, self.lanes):
            several = range(first, min(first + self.lanes, rows))

            def step(chunk: ir.Value, totals: list[ir.Value], mask: ir.Value | None) -> list[ir.Value]:
                terms = [self.masked(builder, left, _whole(i), rows, chunk, mask) for i in several]  # noqa: B023
                return [builder.fadd(total, term) for total, term in zip(totals, terms, strict=True)]

            totals = self.over_points(builder, len(several), step)
            self.add_lanes(builder, totals, sums, _whole(first))

    def tile_products(self, builder: ir.IRBuilder, left: Rows, right: Rows, sums: Place) -> None:
        """The sums of the products of all rows with all rows, tile by tile."""
        columns = len(right)
        whole, rest = divmod(columns, self.lanes)
        if whole:
            with loop(builder, _whole(whole)) as number:
                self.strip(builder, left, right, sums, builder.mul(number, _whole(self.lanes)), self.lanes)
        if rest:
            self.strip(builder, left, right, sums, _whole(whole * self.lanes), rest)

    def strip(
        self, builder: ir.IRBuilder, left: Rows, right: Rows, sums: Place, first_column: ir.Value, width: int
    ) -> None:
        """All rows of the left with some of the right."""
        height = max(1, min(2 * self.lanes // width, len(left)))
        whole, rest = divmod(len(left), height)

        def tile(first_row: ir.Value, how_many: int) -> None:
            def step(chunk: ir.Value, totals: list[ir.Value], mask: ir.Value | None) -> list[ir.Value]:
                tall = [
                    self.masked(builder, left, builder.add(first_row, _whole(i)), len(left), chunk, mask)
                    for i in range(how_many)
                ]
                wide = [
                    self.masked(builder, right, builder.add(first_column, _whole(j)), len(right), chunk, mask)
                    for j in range(width)
                ]
                products = [(a, b) for a in tall for b in wide]
                return [self.math.fma(builder, a, b, total) for (a, b), total in zip(products, totals, strict=True)]

            totals = self.over_points(builder, how_many * width, step)
            for i in range(how_many):
                row = builder.mul(builder.add(first_row, _whole(i)), _whole(len(right)))
                self.add_lanes(builder, totals[i * width : (i + 1) * width], sums, builder.add(row, first_column))

        if whole:
            with loop(builder, _whole(whole)) as number:
                tile(builder.mul(number, _whole(height)), height)
        if rest:
            tile(_whole(whole * height), rest)

    def over_points(
        self,
        builder: ir.IRBuilder,
        how_many: int,
        step: Callable[[ir.Value, list[ir.Value], ir.Value | None], list[ir.Value]],
    ) -> list[ir.Value]:
        """Add up some sums over the points of the block; a last vector that is not full is masked."""
        full = builder.sdiv(self.points, _whole(self.lanes))
        zero = self.math.constant(0.0)
        totals = accumulate(builder, full, [zero] * how_many, lambda chunk, sums: step(chunk, sums, None))
        left_over = builder.srem(self.points, _whole(self.lanes))
        numbers = ir.VectorType(INTEGER, self.lanes)
        mask = builder.icmp_signed(
            "<",
            ir.Constant(numbers, list(range(self.lanes))),
            self.splat(builder, left_over),
        )
        before = builder.block
        masked, after = builder.append_basic_block(), builder.append_basic_block()
        builder.cbranch(builder.icmp_signed(">", left_over, _whole(0)), masked, after)
        builder.position_at_end(masked)
        with_last = step(full, totals, mask)
        masked = builder.block
        builder.branch(after)
        builder.position_at_end(after)
        return [phi(builder, (total, before), (other, masked)) for total, other in zip(totals, with_last, strict=True)]

    def masked(
        self, builder: ir.IRBuilder, operand: Rows, row: ir.Value, of: int, chunk: ir.Value, mask: ir.Value | None
    ) -> ir.Value:
        """The points of a chunk; 0 where the mask says that there are none."""
        value = self.points_of(builder, operand, row, of, chunk)
        return value if mask is None else builder.select(mask, value, self.math.constant(0.0))

    def add_lanes(self, builder: ir.IRBuilder, vectors: list[ir.Value], sums: Place, index: ir.Value) -> None:
        """Add the sum of the lanes of each vector to the sums from an index on.

        Vectors are added in pairs: from each, every other number goes to a half of the new vector.
        """
        padded = vectors + [self.math.constant(0.0)] * (self.lanes - len(vectors))
        while len(padded) > 1:
            padded = [self.add_pair(builder, a, b, len(padded)) for a, b in zip(padded[::2], padded[1::2], strict=True)]
        if len(vectors) == self.lanes:
            address = self.at(builder, sums, index)
            old = builder.load(address, typ=self.vector, align=8)
            builder.store(builder.fadd(old, padded[0]), address, align=8)
            return
        for i in range(len(vectors)):
            address = self.at(builder, sums, builder.add(index, _whole(i)))
            lane = builder.extract_element(padded[0], ir.IntType(32)(i))
            builder.store(builder.fadd(builder.load(address, typ=DOUBLE), lane), address)

    def add_pair(self, builder: ir.IRBuilder, a: ir.Value, b: ir.Value, left: int) -> ir.Value:
        """One vector whose even lanes come from pairs of a and whose odd ones from pairs of b, in groups."""
        group = self.lanes // left  # lanes that belong together already
        starts = range(0, self.lanes, 2 * group)
        first = [
            lane + start for start in starts for vector in (0, self.lanes) for lane in range(vector, vector + group)
        ]
        kind = ir.VectorType(ir.IntType(32), self.lanes)
        return builder.fadd(
            builder.shuffle_vector(a, b, ir.Constant(kind, first)),
            builder.shuffle_vector(a, b, ir.Constant(kind, [lane + group for lane in first])),
        )

    # The whole

    def program(self) -> None:
        """The function that is called: what is done once, the blocks, and what is done last."""
        kinds = [INTEGER, POINTER, INTEGER, INTEGER, POINTER, POINTER, INTEGER, POINTER, POINTER]
        function = ir.Function(self.module, ir.FunctionType(VOID, [POINTER]), "run")
        builder = ir.IRBuilder(function.append_basic_block())
        points, inputs, down, across, self.parameters, outputs, width, self.sums, self.work = [
            builder.load(builder.gep(function.args[0], [_whole(i)], source_etype=INTEGER), typ=kind)
            for i, kind in enumerate(kinds)
        ]
        self.all_points = points
        self.shared = [self.work, self.parameters, self.sums, _whole(0)]
        with loop(builder, _whole(self.arrays.number_of_totals)) as i:
            builder.store(DOUBLE(0.0), builder.gep(self.sums, [i], source_etype=DOUBLE))
        for place, matrix in self.packed:
            numbers = self.table([number for row in matrix for number in row])
            with loop(builder, _whole(len(matrix) * len(matrix[0]))) as i:
                number = builder.load(builder.gep(numbers, [i], source_etype=INTEGER), typ=INTEGER)
                entry = builder.load(builder.gep(self.parameters, [number], source_etype=DOUBLE), typ=DOUBLE)
                builder.store(entry, self.at(builder, place, i))
        for step in self.once:
            step(builder)
        blocks = builder.sdiv(builder.add(points, _whole(BLOCK - 1)), _whole(BLOCK))
        with loop(builder, blocks) as number:
            start = builder.mul(number, _whole(BLOCK))
            rest = builder.sub(points, start)
            here = builder.select(builder.icmp_signed("<", rest, _whole(BLOCK)), rest, _whole(BLOCK))
            self.shared = [self.work, self.parameters, self.sums, here]
            self.points = here
            if self.arrays.inputs.rows:
                self.copy_inputs(builder, inputs, start, down, across)
            for step in self.block:
                step(builder)
            column = 0
            for operand in self.arrays.outputs:
                with loop(builder, _whole(len(operand))) as row:
                    offset = builder.add(builder.mul(width, builder.add(row, _whole(column))), start)
                    address = builder.gep(outputs, [offset], source_etype=DOUBLE)
                    self.copy_output(builder, operand, row, address)
                column += len(operand)
        self.shared = [self.work, self.parameters, self.sums, points]
        for step in self.last:
            step(builder)
        builder.ret_void()

    def copy_inputs(
        self, builder: ir.IRBuilder, inputs: ir.Value, start: ir.Value, down: ir.Value, across: ir.Value
    ) -> None:
        """The inputs of a block, row by row; the last point fills up the last vector."""
        place = self.place_of(self.arrays.inputs)
        begin = builder.mul(start, down)
        whole = builder.mul(self.chunks(builder), _whole(self.lanes))
        with loop(builder, _whole(self.arrays.inputs.rows)) as row:
            first = builder.add(begin, builder.mul(row, across))
            into = builder.mul(row, _whole(BLOCK))
            with loop(builder, self.points) as point:
                entry = builder.gep(inputs, [builder.add(first, builder.mul(point, down))], source_etype=DOUBLE)
                builder.store(builder.load(entry, typ=DOUBLE), self.at(builder, place, builder.add(into, point)))
            final = builder.load(
                self.at(builder, place, builder.add(into, builder.sub(self.points, _whole(1)))), typ=DOUBLE
            )
            with loop(builder, builder.sub(whole, self.points)) as beyond:
                at = builder.add(into, builder.add(self.points, beyond))
                builder.store(final, self.at(builder, place, at))

    def copy_output(self, builder: ir.IRBuilder, operand: Operand, row: ir.Value, address: ir.Value) -> None:
        """The points of an output; those beyond the last are within the room for a vector that the caller provides."""
        with loop(builder, self.chunks(builder)) as chunk:
            if isinstance(operand, Rows) and operand.array.varies:
                value = self.points_of(builder, operand, row, len(operand), chunk)
            else:
                value = self.fixed(builder, operand, row, len(operand))
            into = builder.gep(address, [builder.mul(chunk, _whole(self.lanes))], source_etype=DOUBLE)
            builder.store(value, into, align=8)


# Loops


def _whole(number: int | ir.Value) -> ir.Value:
    return INTEGER(number) if isinstance(number, int) else number


@contextmanager
def loop(builder: ir.IRBuilder, count: ir.Value) -> Iterator[ir.Value]:
    """A loop whose body gets the numbers from 0 to below the count."""
    before = builder.block
    body, after = builder.append_basic_block(), builder.append_basic_block()
    builder.cbranch(builder.icmp_signed(">", count, _whole(0)), body, after)
    builder.position_at_end(body)
    number = phi(builder, (_whole(0), before))
    yield number
    following = builder.add(number, _whole(1))
    number.add_incoming(following, builder.block)
    builder.cbranch(builder.icmp_signed("<", following, count), body, after)
    builder.position_at_end(after)


def accumulate(
    builder: ir.IRBuilder,
    count: ir.Value,
    initial: list[ir.Value],
    step: Callable[[ir.Value, list[ir.Value]], list[ir.Value]],
) -> list[ir.Value]:
    """A loop that carries values from each turn to the next; yields their last state."""
    before = builder.block
    with loop(builder, count) as number:
        carried = [phi(builder, (value, before)) for value in initial]
        results = step(number, carried)
        end = builder.block
        for value, result in zip(carried, results, strict=True):
            value.add_incoming(result, end)
    return [phi(builder, (value, before), (result, end)) for value, result in zip(initial, results, strict=True)]


def phi(builder: ir.IRBuilder, *incoming: tuple[ir.Value, ir.Block]) -> ir.PhiInstr:
    """The value that comes from the block that was left last."""
    merged = builder.phi(incoming[0][0].type)
    for value, block in incoming:
        merged.add_incoming(value, block)
    return merged


# Which arrays share a loop


def _is_element_wise(array: ArrayStatement) -> bool:
    return isinstance(array.op, Primitive)


def _readers(arrays: Arrays) -> dict[int, set[int]]:
    """For each array, what reads it: other arrays, or, as 0, the outputs and totals."""
    readers: dict[int, set[int]] = {}
    for array in arrays.computed:
        for operand in array.arguments:
            if isinstance(operand, Rows):
                readers.setdefault(id(operand.array), set()).add(id(array))
    for wanted in (*arrays.outputs, *(part for total in arrays.totals for part in total[:2])):
        if isinstance(wanted, Rows):
            readers.setdefault(id(wanted.array), set()).add(0)
    return readers


def _may_join(group: list[ArrayStatement], array: ArrayStatement) -> bool:
    """Return whether an array can be computed in the loop of a group: it goes over the same rows, one by one."""
    if len(group) >= MOST_FUSED or array.rows != group[0].rows or array.varies != group[0].varies:
        return False
    inside = {id(member) for member in group}
    return all(
        operand.whole for operand in array.arguments if isinstance(operand, Rows) and id(operand.array) in inside
    )


def _close_to_their_readers(computed: Sequence[ArrayStatement], readers: dict[int, set[int]]) -> list[ArrayStatement]:
    """An order in which what one array alone reads, row by row, comes just before it."""
    by_id = {id(array): array for array in computed}
    late = {
        id(array)
        for array in computed
        if _is_element_wise(array)
        and len(readers.get(id(array), ())) == 1
        and all(
            reader in by_id and _is_element_wise(by_id[reader]) and by_id[reader].rows == array.rows
            for reader in readers[id(array)]
        )
    }
    order: list[ArrayStatement] = []
    done: set[int] = set()
    for array in computed:
        if id(array) in late:
            continue
        stack = [array]
        while stack:
            top = stack[-1]
            waiting = [
                operand.array
                for operand in top.arguments
                if isinstance(operand, Rows) and id(operand.array) in late and id(operand.array) not in done
            ]
            if waiting:
                stack.extend(waiting)
                continue
            stack.pop()
            if id(top) not in done:
                done.add(id(top))
                order.append(top)
    return order
