"""The text of a program for LLVM: several points of the batch in each vector register, the batch's loop inside.

The batch is done in blocks of BLOCK points, whose arrays stay in the cache; a row of an array lies side by side for the
points of a block. For each block the kernel runs a few loops, each a separate function:

- element by element: operations over the same rows, with everything between them in registers;
- a matrix times a vector: ROWS rows at a time, so that each entry of the vector is loaded once for all of them;
- sums over the batch: tiles of G = delta o^T, accumulated lane by lane, and added up across the lanes at the end of the
  block. Lanes beyond the last point hold 0.

Sums of products use fused multiply-add; everything else is rounded operation by operation, as `Value` does it.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import chain, product
from typing import NamedTuple, TypeAlias

from llvmlite import ir

from autograd_lite.primitives import Primitive
from autograd_lite.program.llvm.vector_math import DOUBLE, INTEGER, Vector, call, emit, fma, phi, splat, where
from autograd_lite.program.matrices import Arrays, ArrayStatement, Constants, Indices, Operand, Rows, Total

BLOCK = 104
"""Points in a block: a multiple of 8 lanes, and an odd number of cache lines, so that rows do not share their sets."""

ROWS = 8
"""Rows of a matrix product that are computed together."""

MOST_FUSED = 120
"""Operations in one loop; more would not fit into the registers, and would take LLVM long."""

MOST_INLINED = 3
"""Uses of a function in one loop that are written out; more are calls, to keep the code small."""

SIMPLE = {"add", "subtract", "multiply", "divide", "negative", "abs", "sqrt", "relu", "greater", "sign"}
"""Operations of an instruction or two, which are never calls."""

POINTER, VOID = ir.PointerType(), ir.VoidType()

Index: TypeAlias = Vector | int
"""An integer of the program that is being built, or one that is known now."""

Targets: TypeAlias = range | tuple[int, ...]
"""For each of some sums, the number of the total that it is added to; a range if they lie side by side."""


class Place(NamedTuple):
    """Where an array lies.

    Attributes:
        offset: how many doubles behind the start of the memory.
        stride: how many doubles from a row to the next.
        memory: "work" space, or "parameters".
    """

    offset: int
    stride: int
    memory: str = "work"


class Kernel:
    """Write the module of a program."""

    def __init__(self, arrays: Arrays, lanes: int) -> None:
        self.arrays, self.lanes = arrays, lanes
        self.module = ir.Module("program")
        self.vector = ir.VectorType(DOUBLE, lanes)
        self.doubles = 0
        self.places: dict[ArrayStatement, Place] = {arrays.parameters: Place(0, 1, "parameters")}
        self.readers = _readers(arrays)
        self.tables: dict[str, ir.GlobalVariable] = {}
        """Constants in memory, by their text, in which 0.0 is not -0.0."""
        self.once: list[ir.Function] = []
        """What is called once."""
        self.block: list[ir.Function] = []
        """What is called for each block of points."""
        self.place_into_stacks()
        for group in _groups(arrays.computed, self.readers):
            if isinstance(group[0].op, Primitive):
                self.element_wise(group)
            else:
                {"matmul": self.matmul, "sum": self.sum_of_rows, "stack": self.stack}[group[0].op](group[0])
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
        if array not in self.places:
            self.places[array] = self.reserve(array.rows, BLOCK if array.varies else 1)
        return self.places[array]

    def address(self, base: ir.Value, index: Index) -> ir.Value:
        """The address of the double at an index."""
        return self.builder.gep(base, [self.integer(index).value], source_etype=DOUBLE)

    def at(self, place: Place, row: Index, chunk: Index = 0) -> ir.Value:
        """The address of a row in a place, or of the points of a chunk there."""
        return self.address(getattr(self, place.memory), row * place.stride + chunk * self.lanes + place.offset)

    def load(self, address: ir.Value, kind: ir.Type = DOUBLE, align: int | None = None) -> Vector:
        """A number in memory, or a vector of them."""
        return Vector(self.builder, self.builder.load(address, typ=kind, align=align))

    def spread(self, scalar: Vector) -> Vector:
        """A number in all lanes."""
        nothing = ir.Constant(ir.VectorType(scalar.value.type, self.lanes), ir.Undefined)
        one = self.builder.insert_element(nothing, scalar.value, ir.IntType(32)(0))
        zeros = splat(ir.VectorType(ir.IntType(32), self.lanes), 0)
        return scalar.new(self.builder.shuffle_vector(one, nothing, zeros))

    def lane(self, vector: Vector, lane: int) -> Vector:
        """A number in a lane of a vector."""
        return vector.new(self.builder.extract_element(vector.value, ir.IntType(32)(lane)))

    def entry(self, numbers: Sequence[float], index: Index) -> Vector:
        """An entry of a table of constants, integers or doubles."""
        kind, text = INTEGER if isinstance(numbers[0], int) else DOUBLE, repr(numbers)
        if text not in self.tables:
            entries = ir.Constant(ir.ArrayType(kind, len(numbers)), list(numbers))
            table = ir.GlobalVariable(self.module, entries.type, f"table{len(self.tables)}")
            table.global_constant, table.linkage, table.initializer = True, "internal", entries
            self.tables[text] = table
        return self.load(self.builder.gep(self.tables[text], [self.integer(index).value], source_etype=kind), kind)

    def integer(self, index: Index) -> Vector:
        """An index as an integer of the program."""
        return index if isinstance(index, Vector) else Vector(self.builder, INTEGER(index))

    # Functions and loops

    @contextmanager
    def function(self, varies: bool) -> Iterator[None]:
        """A part of the kernel as a separate function, which is called for each block if it varies, else once."""
        kind = ir.FunctionType(VOID, [POINTER, POINTER, POINTER, INTEGER])
        function = ir.Function(self.module, kind, self.module.get_unique_name("part"))
        function.linkage = "internal"
        function.attributes.add("noinline")
        self.builder = ir.IRBuilder(function.append_basic_block())
        self.work, self.parameters, self.totals, points = function.args
        self.points = Vector(self.builder, points)
        self.chunks = self.chunks_of(self.points) if varies else self.integer(1)
        yield
        self.builder.ret_void()
        (self.block if varies else self.once).append(function)

    def call_all(self, functions: list[ir.Function]) -> None:
        """Call parts of the kernel, for the points that are meant here."""
        for function in functions:
            self.builder.call(function, [self.work, self.parameters, self.totals, self.points.value])

    @contextmanager
    def loop(self, count: Index, carried: list[Vector] | None = None) -> Iterator[Vector]:
        """A loop whose body gets the numbers from 0 to below the count.

        The body may replace the carried values, for its next turn; after the loop they are what the last turn left.
        """
        builder, carried = self.builder, [] if carried is None else carried
        initial, before = [self.integer(0), *carried], builder.block
        head, body, after = [builder.append_basic_block() for _ in range(3)]
        builder.branch(head)
        builder.position_at_end(head)
        number, *turn = phis = [phi((value, before)) for value in initial]
        builder.cbranch((number < self.integer(count)).value, body, after)
        builder.position_at_end(body)
        carried[:] = turn
        yield number
        for merged, result in zip(phis, [number + 1, *carried], strict=True):
            merged.value.add_incoming(result.value, builder.block)
        builder.branch(head)
        builder.position_at_end(after)
        carried[:] = turn

    def pieces(self, count: int, size: int) -> Iterator[tuple[Index, int]]:
        """Loop over pieces of a size, then over what is left: the start of each, and how many are in it."""
        whole, rest = divmod(count, size)
        if whole:
            with self.loop(whole) as number:
                yield number * size, size
        if rest:
            yield whole * size, rest

    def chunks_of(self, points: Vector) -> Vector:
        """How many vectors the points fill, the last perhaps not wholly."""
        return (points + (self.lanes - 1)) // self.lanes

    def constant(self, number: float) -> Vector:
        """A number in all lanes."""
        return Vector(self.builder, splat(self.vector, number))

    # Operands

    def row_of(self, rows: range | tuple[int, ...], row: Index) -> Index:
        """Return which row of an array, or which total, is meant in a row of the loop."""
        if len(rows) == 1:
            return rows[0]
        return row + rows.start if isinstance(rows, range) else self.entry(rows, row)

    def operand(self, operand: Operand, row: Index, chunk: Index) -> Vector:
        """The points of a chunk, in a row of an operand; in all lanes if it does not vary."""
        if isinstance(operand, Constants):
            if len(operand) == 1:
                return self.constant(operand.numbers[0])
            return self.spread(self.entry(operand.numbers, row))
        place, row = self.place_of(operand.array), self.row_of(operand.rows, row)
        if not operand.array.varies:
            return self.spread(self.load(self.at(place, row)))
        return self.load(self.at(place, row, chunk), self.vector)

    def keep(self, value: Vector, array: ArrayStatement, row: Index, chunk: Vector) -> None:
        """Store the points of a row, and 0 beyond the last; of what does not vary, one number."""
        if array.varies:
            lanes = Vector(self.builder, ir.Constant(ir.VectorType(INTEGER, self.lanes), list(range(self.lanes))))
            kept = where(lanes < self.spread(self.points - chunk * self.lanes), value, 0.0)
        else:
            kept = self.lane(value, 0)
        self.builder.store(kept.value, self.at(self.place_of(array), row, chunk))

    # What is computed, in loops

    def place_into_stacks(self) -> None:
        """Let arrays lie in the stacks that they are parts of, so that they need not be copied there."""
        for stack in self.arrays.computed:
            start = 0
            for part in stack.arguments if stack.op == "stack" else ():
                if isinstance(part, Rows) and part.whole and part.array.varies and part.array not in self.places:
                    place = self.place_of(stack)
                    self.places[part.array] = place._replace(offset=place.offset + start * BLOCK)
                start += len(part)

    def element_wise(self, group: list[ArrayStatement]) -> None:
        """One loop over the rows, and in it the points, for operations over the same rows."""
        rows, varies, inside = group[0].rows, group[0].varies, set(group)
        often = Counter(array.primitive for array in group)
        operands = [operand for array in group for operand in array.arguments]
        with self.function(varies), self.loop(rows) as row:
            known = {
                operand: self.operand(operand, row, 0)
                for operand in operands
                if isinstance(operand, Constants) or not (operand.array.varies or operand.array in inside)
            }
            with self.loop(self.chunks) as chunk:
                for array in group:
                    for operand in array.arguments:
                        if operand not in known:
                            known[operand] = self.operand(operand, row, chunk)
                    arguments = [known[operand] for operand in array.arguments]
                    inline = array.primitive.name in SIMPLE or often[array.primitive] <= MOST_INLINED
                    known[array.whole] = (emit if inline else call)(array.primitive.name, *arguments)
                for array in group:
                    if not self.readers[array] <= inside:
                        self.keep(known[array.whole], array, row, chunk)

    def stack(self, array: ArrayStatement) -> None:
        """Copy the rows that do not lie in the stack already."""
        start = 0
        for part in array.arguments:
            here = self.place_of(array).offset + start * BLOCK
            if isinstance(part, Constants) or not part.whole or self.place_of(part.array).offset != here:
                with self.function(varies=True), self.loop(len(part)) as row, self.loop(self.chunks) as chunk:
                    self.keep(self.operand(part, row, chunk), array, row + start, chunk)
            start += len(part)

    def sum_of_rows(self, array: ArrayStatement) -> None:
        """Add up rows, from the first to the last."""
        [operand] = array.arguments
        with self.function(array.varies), self.loop(self.chunks) as chunk:
            total = [self.operand(operand, 0, chunk)]
            with self.loop(len(operand) - 1, total) as i:
                total[0] = total[0] + self.operand(operand, i + 1, chunk)
            self.keep(total[0], array, 0, chunk)

    def matmul(self, array: ArrayStatement) -> None:
        """A matrix of parameters times a vector, ROWS rows at a time."""
        [vector] = array.arguments
        place, start, down, across = self.affine(array.matrix)
        columns = len(array.matrix[0])
        with self.function(varies=True):
            for first, how_many in self.pieces(array.rows, ROWS):
                begin = first * down + start
                with self.loop(self.chunks) as chunk:
                    sums = [self.constant(0.0)] * how_many
                    with self.loop(columns, sums) as column:
                        entry = self.operand(vector, column, chunk)
                        top = begin + column * across
                        weights = [self.load(self.at(place, top + i * down)) for i in range(how_many)]
                        sums[:] = [fma(self.spread(w), entry, total) for w, total in zip(weights, sums, strict=True)]
                    for i, total in enumerate(sums):
                        self.keep(total, array, first + i, chunk)

    def affine(self, matrix: Indices) -> tuple[Place, int, int, int]:
        """Return place, start, down and across: entry (i, j) of a matrix is number start + i * down + j * across there.

        If its entries lie so among the parameters, they are read there, else from a copy.
        """
        parameters, columns, start = self.places[self.arrays.parameters], len(matrix[0]), matrix[0][0]
        down = matrix[1][0] - start if len(matrix) > 1 else 0
        across = matrix[0][1] - start if columns > 1 else 0
        if all(number == start + i * down + j * across for i, row in enumerate(matrix) for j, number in enumerate(row)):
            return parameters, start, down, across
        numbers = tuple(chain(*matrix))
        copy = self.reserve(len(numbers), 1)
        with self.function(varies=False), self.loop(len(numbers)) as i:
            self.builder.store(self.load(self.at(parameters, self.entry(numbers, i))).value, self.at(copy, i))
        return copy, 0, columns, 1

    # Sums over the batch

    def total(self, total: Total) -> None:
        """Add up over the batch, and add the sums to their totals."""
        left, right = total.left, total.right
        numbers = tuple(chain(*total.targets))
        side_by_side = range(numbers[0], numbers[0] + len(numbers))
        targets = side_by_side if numbers == tuple(side_by_side) else numbers
        if isinstance(left, Constants) or not left.array.varies:
            with self.function(varies=False), self.loop(len(targets)) as i:  # counted once for each point
                points = self.points.new(self.builder.sitofp(self.points.value, DOUBLE))
                self.add_to_totals(targets, i, points * self.lane(self.operand(left, i, 0), 0))
            return
        tall, wide = (right, left) if isinstance(right, Constants) else (left, right)
        with self.function(varies=True):
            for column, width in self.pieces(len(wide), self.lanes):
                for row, height in self.pieces(len(tall), 2 * self.lanes // width):
                    sums = self.tile(tall, row, height, wide, column, width)
                    for number in range(height):
                        in_a_row = sums[number * width : (number + 1) * width]
                        self.add_lanes(in_a_row, targets, (row + number) * len(wide) + column)

    def tile(self, tall: Operand, row: Index, height: int, wide: Operand, column: Index, width: int) -> list[Vector]:
        """Sum the products of some rows with some others, lane by lane."""
        sums = [self.constant(0.0)] * (height * width)
        with self.loop(self.chunks, sums) as chunk:
            lefts = [self.operand(tall, row + i, chunk) for i in range(height)]
            rights = [self.operand(wide, column + i, chunk) for i in range(width)]
            sums[:] = [fma(a, b, total) for (a, b), total in zip(product(lefts, rights), sums, strict=True)]
        return sums

    def add_to_totals(self, targets: Targets, i: Index, value: Vector) -> None:
        """Add a number to the total that sum i is for; or several, to totals that lie side by side."""
        address = self.address(self.totals, self.row_of(targets, i))
        self.builder.store((self.load(address, value.value.type, 8) + value).value, address, align=8)

    def add_lanes(self, vectors: list[Vector], targets: Targets, i: Index) -> None:
        """Add the sum of the lanes of each vector to the totals that sum i and the following are for.

        Vectors are added in pairs: from each, every other number goes to a half of the new vector.
        """
        sums, group = vectors + [self.constant(0.0)] * (self.lanes - len(vectors)), 1
        while len(sums) > 1:
            sums = [self.add_pair(a, b, group) for a, b in zip(sums[::2], sums[1::2], strict=True)]
            group *= 2
        if len(vectors) == self.lanes and isinstance(targets, range):
            self.add_to_totals(targets, i, sums[0])
        else:
            for lane in range(len(vectors)):
                self.add_to_totals(targets, i + lane, self.lane(sums[0], lane))

    def add_pair(self, a: Vector, b: Vector, group: int) -> Vector:
        """Add every second group of lanes to the group before it; sums of a and sums of b alternate."""
        kind = ir.VectorType(ir.IntType(32), self.lanes)
        lanes = [lane + (self.lanes - group if lane & group else 0) for lane in range(self.lanes)]  # b's come after a's
        masks = [ir.Constant(kind, [lane + own for lane in lanes]) for own in (0, group)]
        first, second = [a.new(self.builder.shuffle_vector(a.value, b.value, mask)) for mask in masks]
        return first + second

    # The whole

    def program(self) -> None:
        """The function that is called: what is done once, then the blocks."""
        kinds = [INTEGER, POINTER, INTEGER, INTEGER, POINTER, POINTER, INTEGER, POINTER, POINTER]
        function = ir.Function(self.module, ir.FunctionType(VOID, [POINTER]), "run")
        self.builder = ir.IRBuilder(function.append_basic_block())
        points, inputs, down, across, parameters, outputs, width, totals, work = [
            self.load(self.address(function.args[0], i), kind) for i, kind in enumerate(kinds)
        ]
        self.parameters, self.totals, self.work = parameters.value, totals.value, work.value
        self.points = points
        with self.loop(self.arrays.number_of_totals) as i:
            self.builder.store(DOUBLE(0.0), self.address(self.totals, i))
        self.call_all(self.once)
        with self.loop((points + (BLOCK - 1)) // BLOCK) as number:
            start = number * BLOCK
            rest = points - start
            self.points = rest.new(self.builder.select((rest < BLOCK).value, rest.value, INTEGER(BLOCK)))
            self.chunks = self.chunks_of(self.points)
            place = self.place_of(self.arrays.inputs)
            with self.loop(self.arrays.inputs.rows) as row:
                first, into = start * down + row * across, row * BLOCK + place.offset
                self.builder.store(self.constant(0.0).value, self.at(place, row, self.chunks - 1))
                with self.loop(self.points) as point:
                    entry = self.load(self.address(inputs.value, first + point * down))
                    self.builder.store(entry.value, self.address(self.work, into + point))
            self.call_all(self.block)
            column = 0
            for operand in self.arrays.outputs:
                with self.loop(len(operand)) as row, self.loop(self.chunks) as chunk:
                    # the points beyond the last are within the room for a vector that the caller provides
                    into = self.address(outputs.value, (row + column) * width + start + chunk * self.lanes)
                    self.builder.store(self.operand(operand, row, chunk).value, into, align=8)
                column += len(operand)
        self.builder.ret_void()


# Which arrays share a loop


Readers: TypeAlias = dict[ArrayStatement, set[ArrayStatement | None]]
"""For each array, what reads it: other arrays, or, as None, the outputs and totals."""


def _readers(arrays: Arrays) -> Readers:
    readers: Readers = defaultdict(set)
    read = [(array, operand) for array in arrays.computed for operand in array.arguments]
    wanted = [*arrays.outputs, *(part for total in arrays.totals for part in total[:2])]
    for reader, operand in (*read, *((None, operand) for operand in wanted)):
        if isinstance(operand, Rows):
            readers[operand.array].add(reader)
    return readers


def _groups(computed: Sequence[ArrayStatement], readers: Readers) -> list[list[ArrayStatement]]:
    """Put the arrays into an order in which many can share a loop, and those that do into groups.

    A loop goes over the same rows, one by one. What one array of a loop alone reads comes just before it.
    """
    loops = {array: (array.rows, array.varies) if isinstance(array.op, Primitive) else array for array in computed}
    ranks: dict[ArrayStatement, int] = {}
    for rank, array in reversed(list(enumerate(computed))):
        reader = next(iter(readers[array])) if len(readers[array]) == 1 else None
        ranks[array] = rank if reader is None or loops[reader] != loops[array] else ranks[reader]
    groups: list[list[ArrayStatement]] = [[]]
    for array in sorted(computed, key=ranks.__getitem__):
        group = groups[-1]
        shares = bool(group) and loops[group[0]] == loops[array] and len(group) < MOST_FUSED
        if shares and all(part.whole for part in array.arguments if isinstance(part, Rows) and part.array in group):
            group.append(array)
        else:
            groups.append([array])
    return groups[1:]
