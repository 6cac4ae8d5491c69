"""Which back end runs a program: the fastest for its size, by rates that were measured, with the time to compile it.

The choice depends on nothing but the program, the size of the batch and how often the program has run, so that a
computation gives the same bits each time. `Program.measure` measures on this machine instead.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from typing import NamedTuple

from autograd_lite.primitives import BUILT_IN
from autograd_lite.program.matrices import Arrays
from autograd_lite.program.statements import Statements

BACKENDS = {
    "python": "straight-line Python on floats, point by point",
    "numpy": "straight-line NumPy, each statement over the batch",
    "arrays": "NumPy array code, with matrix products",
    "llvm": "machine code by LLVM",
}

MOST_LINES = 700_000
"""Statements of straight-line Python; it takes about half a minute to compile them."""

MOST_ARRAYS = 100_000
"""Arrays that LLVM compiles, in about half a minute."""


TRANSCENDENTAL = set(
    "exp expm1 log log1p sin cos tan asin acos atan atan2 sinh cosh tanh asinh acosh atanh erf sigmoid softplus power "
    "floor_divide remainder".split()
)


class Estimate(NamedTuple):
    """Seconds of one run, and of compiling before the first."""

    run: float
    compile: float


@dataclass(frozen=True)
class Size:
    """What the time of a program depends on.

    Attributes:
        operations: statements that compute something, for each point.
        arrays: arrays that are computed.
        elements, transcendental: rows of arrays that are computed element by element, and those of functions.
        products: multiplications in matrix products and in sums over the batch, for each point.
        loops: matrix products, sums of rows, stacks and sums over the batch, each with a loop of its own.
        functions: arrays of transcendental functions.
    """

    operations: int
    arrays: int
    elements: int
    transcendental: int
    products: int
    loops: int
    functions: int = 0

    @classmethod
    def of(cls, statements: Statements, arrays: Arrays) -> "Size":
        """The size of a program."""
        element_wise = [array for array in arrays.computed if array.op not in {"matmul", "sum", "stack"}]
        products = sum(len(matrix) * len(matrix[0]) for matrix in arrays.matrices)
        products += sum(len(total.targets) * len(total.targets[0]) for total in arrays.totals)
        return cls(
            statements.operations,
            len(arrays.computed) + len(arrays.totals),
            sum(array.rows for array in element_wise),
            sum(array.rows for array in element_wise if array.op in TRANSCENDENTAL),
            products,
            len(arrays.computed) - len(element_wise) + len(arrays.totals),
            sum(array.op in TRANSCENDENTAL for array in element_wise),
        )


# Seconds, by rates that `tests/benchmark_programs.py --rates` fits to what it measures


def _python(size: Size, points: int) -> Estimate:
    return Estimate(2.4e-6 + points * size.operations * 42e-9, size.operations * 13e-6)


def _numpy(size: Size, points: int) -> Estimate:
    run = 3e-6 + size.operations * 0.4e-6 + size.products * 1.2e-6 + points * size.operations * 1.9e-9
    return Estimate(run, size.operations * 12e-6)


def _arrays(size: Size, points: int) -> Estimate:
    each = size.arrays * 1.95e-9 + size.elements * 1.0e-9 + size.products * 0.048e-9
    run = 1e-6 + size.arrays * 1.25e-6 + size.products * 0.6e-9 + points * each
    return Estimate(run, 0.4e-3 + size.arrays * 10e-6 + size.products * 0.33e-6)


def _llvm(size: Size, points: int) -> Estimate:
    lanes = -(-points // 8) * 8
    each = size.elements * 0.062e-9 + size.transcendental * 1.6e-9 + size.products * 0.037e-9
    run = 4e-6 + size.elements * 1.6e-9 + size.products * 0.46e-9 + lanes * each
    return Estimate(run, 0.06 + size.loops * 8.5e-3 + (size.arrays - size.loops) * 0.15e-3 + size.functions * 0.15e-3)


ESTIMATES = {"python": _python, "numpy": _numpy, "arrays": _arrays, "llvm": _llvm}


def llvmlite_is_missing() -> bool:
    """Whether the extra is not installed."""
    return find_spec("llvmlite") is None


def unable(name: str, size: Size, ops: Iterable[str]) -> str:
    """Why a back end cannot run a program, in words; "" if it can."""
    if name in {"python", "numpy"} and size.operations > MOST_LINES:
        return f"{size.operations:,} statements are more than the {MOST_LINES:,} that straight-line code may have"
    if name == "llvm":
        unknown = sorted(set(ops) - BUILT_IN - {"input", "parameter"})
        if unknown:
            return f"LLVM does not know the primitive {unknown[0]}"
        if size.arrays > MOST_ARRAYS:
            return f"{size.arrays:,} arrays are more than the {MOST_ARRAYS:,} that LLVM is given"
        if llvmlite_is_missing():
            return "llvmlite is not installed: pip install 'autograd-lite[jit]'"
    return ""


class Stage(NamedTuple):
    """From how many seconds of runs on a back end is taken."""

    seconds: float
    backend: str


class Plan(NamedTuple):
    """Which back end runs a program for batches of one size, and when."""

    stages: tuple[Stage, ...]
    """By their seconds; the first begins at 0."""
    run: float
    """The seconds of a run by the first, by which runs are counted."""

    def backend(self, spent: float) -> str:
        """The back end for the next run, when the runs so far count so many seconds."""
        return next(stage.backend for stage in reversed(self.stages) if stage.seconds <= spent)

    @property
    def final(self) -> str:
        """The back end that runs it in the end."""
        return self.stages[-1].backend


def plan(estimates: Mapping[str, Estimate]) -> Plan:
    """The plan for back ends of these estimates.

    The first is the one of the least time to compile and run once; one that runs faster but takes longer to compile is
    taken as soon as the runs have taken as long as that. So compiling for a back end never takes longer than the runs
    before it did (the ski-rental problem; Karlin, Manasse, Rudolph and Sleator, "Competitive snoopy caching", 1988).

    >>> plan({"arrays": Estimate(1e-4, 0.0), "llvm": Estimate(1e-5, 0.1)})
    Plan(stages=(Stage(seconds=0.0, backend='arrays'), Stage(seconds=0.1, backend='llvm')), run=0.0001)
    """
    first = min(estimates, key=lambda name: estimates[name].run + estimates[name].compile)
    stages = [Stage(0.0, first)]
    for name in sorted(estimates, key=lambda name: estimates[name].compile):
        if estimates[name].run < estimates[stages[-1].backend].run:
            stages.append(Stage(estimates[name].compile, name))
    return Plan(tuple(stages), estimates[first].run)
