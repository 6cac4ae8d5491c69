"""Back ends that Python runs: the source of a program, on floats point by point, or on NumPy arrays over the batch."""

import itertools
from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from autograd_lite.primitives import Primitive
from autograd_lite.program.matrices import Arrays, Indices
from autograd_lite.program.python.functions import function_of, stack
from autograd_lite.program.python.source import Source, array_source, straight_line_source
from autograd_lite.program.statements import Statements

FloatArray: TypeAlias = npt.NDArray[np.float64]


class Backend:
    """Runs a program; in Python, unless a subclass runs it otherwise."""

    block: int
    """The number of points that are run at once; larger batches are split, so that arrays stay in the cache."""

    def compute(self, inputs: FloatArray, parameters: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Run the program, as `__call__` does, for one block."""
        raise NotImplementedError

    def __call__(self, inputs: FloatArray, parameters: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return the outputs, of shape (N, outputs), and the totals, summed over the batch.

        Arguments:
            inputs: of shape (N, inputs), N at least 1.
            parameters: of shape (parameters,).
        """
        with np.errstate(all="ignore"):
            if len(inputs) <= self.block:
                return self.compute(inputs, parameters)
            starts = range(0, len(inputs), self.block)
            blocks = [self.compute(inputs[start : start + self.block], parameters) for start in starts]
            return np.concatenate([outputs for outputs, _ in blocks]), np.sum([totals for _, totals in blocks], axis=0)

    def bind(self, inputs: FloatArray, parameters: FloatArray) -> tuple[FloatArray, FloatArray, Callable[[], None]]:
        """Run; also return a function that runs again on the arrays' current numbers, into the same results."""
        outputs, totals = self(inputs, parameters)

        def run() -> None:
            outputs[:], totals[:] = self(inputs, parameters)

        return outputs, totals, run


def load(source: Source, function: Callable[[Primitive], Any]) -> Callable[..., Any]:
    """Return the function `program` that a text defines, where `function` chooses what computes each primitive."""
    namespace: dict[str, Any] = {name: function(op) for name, op in source.functions.items()}
    namespace |= {"array": np.array, "stack": stack, "inf": np.inf, "nan": np.nan}
    exec(compile("\n".join([*source.constants, source.body]), "<program>", "exec"), namespace)
    program: Callable[..., Any] = namespace["program"]
    return program


class Floats(Backend):
    """Straight-line code on Python's floats, one point after another, with the arithmetic of Value itself."""

    def __init__(self, statements: Statements) -> None:
        self.program = load(straight_line_source(statements), lambda op: op.compute)
        self.block = 100_000

    def compute(self, inputs: FloatArray, parameters: FloatArray) -> tuple[FloatArray, FloatArray]:
        """See `Backend`."""
        weights, program = parameters.tolist(), self.program
        points = [program(point, weights) for point in inputs.tolist()]
        outputs, totals = (np.array([point[part] for point in points], dtype=np.float64) for part in (0, 1))
        return outputs, totals.sum(axis=0)


class Batches(Backend):
    """Straight-line code on NumPy arrays: each statement over the whole batch."""

    def __init__(self, statements: Statements) -> None:
        self.program = load(straight_line_source(statements), function_of)
        self.block = max(100, 1_000_000 // max(1, statements.operations))

    def compute(self, inputs: FloatArray, parameters: FloatArray) -> tuple[FloatArray, FloatArray]:
        """See `Backend`."""
        points = len(inputs)
        outputs, totals = self.program(np.ascontiguousarray(inputs.T), parameters)
        columns = np.empty((len(outputs), points))
        for row, output in zip(columns, outputs, strict=True):
            row[:] = output
        sums = [np.sum(total) if np.ndim(total) else points * total for total in totals]
        return columns.T, np.array(sums, dtype=np.float64)


class ArrayCode(Backend):
    """Array code, with NumPy's matrix products."""

    def __init__(self, arrays: Arrays) -> None:
        source = array_source(arrays, {})
        self.program = load(source, function_of)
        self.inputs = [slice(group.members[0][0], group.members[-1][0] + 1) for group in source.inputs]
        self.parameters = [(_places(group.members), np.shape(group.members)) for group in source.parameters]
        self.targets = [_places(total.targets) for total in arrays.totals]
        self.number_of_totals = arrays.number_of_totals
        self.bounds = [0, *itertools.accumulate(map(len, arrays.outputs))]
        self.block = 1000

    def compute(self, inputs: FloatArray, parameters: FloatArray) -> tuple[FloatArray, FloatArray]:
        """See `Backend`."""
        rows = inputs.T
        matrices = [parameters[places].reshape(shape) for places, shape in self.parameters]
        outputs, totals = self.program(*(rows[part] for part in self.inputs), *matrices)
        columns = np.empty((self.bounds[-1], len(inputs)))
        for start, stop, output in zip(self.bounds, self.bounds[1:], outputs, strict=False):
            columns[start:stop] = output
        sums = np.zeros(self.number_of_totals)
        for places, total in zip(self.targets, totals, strict=True):
            sums[places] = np.ravel(total)
        return columns.T, sums


def _places(members: Indices) -> slice | npt.NDArray[np.intp]:
    """Return the numbers of a matrix, row by row, as an index; a slice where they are one after another."""
    flat = np.array(members, dtype=np.intp).ravel()
    start, stop = int(flat[0]), int(flat[0]) + len(flat)
    return slice(start, stop) if np.array_equal(flat, np.arange(start, stop)) else flat
