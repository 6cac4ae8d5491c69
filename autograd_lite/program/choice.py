"""Which back end runs a program.

The choice depends only on the program, the size of the batch and how often the program has run, so that a computation
returns the same bits each time.
"""

import math
from importlib.util import find_spec

from autograd_lite.program.matrices import Arrays
from autograd_lite.program.statements import Statements

BACKENDS = {
    "python": "straight-line Python on floats, point by point",
    "numpy": "straight-line NumPy, each statement over the batch",
    "arrays": "NumPy array code, with matrix products",
    "llvm": "machine code by LLVM",
}

MOST_LINES = 700_000
"""The largest number of statements of straight-line Python; compiling them takes about half a minute."""

MOST_ARRAYS = 100_000
"""The largest number of arrays for LLVM; compiling them takes about half a minute."""

FEW_POINTS = 10
"""With fewer points, floats are faster than NumPy arrays."""

FEW_OPERATIONS = 1_000
"""With fewer operations over all points, floats are faster than matrices."""

PAYS = 400_000
"""The number of points after which compiling to machine code pays off; each run counts as RUN points more.

The time of a run and the time to compile both grow with the size of the program, so the number does not depend on it.
Compiling once the runs have taken as long as compiling takes never costs more than about twice the best choice (the
ski-rental problem; Karlin, Manasse, Rudolph and Sleator, "Competitive snoopy caching", 1988).
"""

RUN = 50
"""The fixed cost of a run, as a number of points."""


def obstacle(name: str, statements: Statements, arrays: Arrays) -> Exception | None:
    """Return the exception that says why a back end cannot run a program; None if it can."""
    lines = statements.operations
    if name in {"python", "numpy"} and lines > MOST_LINES:
        return ValueError(f"{lines:,} statements are more than the {MOST_LINES:,} of straight-line code")
    if name == "arrays" and not arrays.matrices:
        return ValueError("nothing in the graph forms a matrix")
    if name == "llvm":
        unknown = statements.user_defined()
        number = len(arrays.computed) + len(arrays.totals)
        if unknown:
            return ValueError(f"LLVM does not know the primitive {unknown[0].name}")
        if number > MOST_ARRAYS:
            return ValueError(f"{number:,} arrays are more than the {MOST_ARRAYS:,} that LLVM may compile")
        if find_spec("llvmlite") is None:
            return ImportError("llvmlite is not installed: pip install 'autograd-lite[jit]'")
    return None


def paying_run(points: int) -> int:
    """Return the first run, counted from 0, from which machine code pays for batches of this size.

    >>> paying_run(100), paying_run(1_000_000)
    (2666, 0)
    """
    return math.ceil(PAYS / (points + RUN)) - 1


def choose(operations: int, points: int, runs: float, *, matrices: bool, llvm: bool) -> str:
    """Return the name of the back end for the next run.

    Arguments:
        operations: the number of operations for each point.
        points: the size of the batch.
        runs: how often the program has run.
        matrices: whether the graph has matrices.
        llvm: whether machine code is possible.

    >>> choose(2000, 100, 0, matrices=True, llvm=True), choose(2000, 100, 10_000, matrices=True, llvm=True)
    ('arrays', 'llvm')
    """
    if llvm and runs >= paying_run(points):
        return "llvm"
    if matrices:
        return "python" if points * operations < FEW_OPERATIONS else "arrays"
    return "python" if points < FEW_POINTS else "numpy"
