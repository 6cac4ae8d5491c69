"""A compiled program: what `compile_program` returns."""

import math
import time
import timeit
from collections.abc import Callable
from decimal import Decimal
from functools import lru_cache, partial
from numbers import Real
from threading import Lock
from typing import Any, NamedTuple, NoReturn

import numpy as np

from autograd_lite.checks import check_integer
from autograd_lite.program.choice import BACKENDS, choose, obstacle, paying_run
from autograd_lite.program.matrices import Arrays, find_arrays
from autograd_lite.program.python.interpreted import ArrayCode, Backend, Batches, FloatArray, Floats
from autograd_lite.program.python.source import array_source, straight_line_source
from autograd_lite.program.statements import Statements
from autograd_lite.value import Value

MOST_CACHED = 128
"""The number of graphs whose code is kept."""

SECONDS_OF_A_MEASUREMENT = 0.02
"""How long the runs that are measured take together: long enough for a clock, short enough for waiting students."""


class Evaluation(NamedTuple):
    """The results of a program for a batch of N points.

    Attributes:
        outputs: of shape (N, outputs).
        input_gradients: the gradients of the first output of each point with respect to the inputs that are variables,
            of shape (N, variables).
        total: the sum of the first output over the batch.
        parameter_gradients: the gradient of that sum with respect to the parameters that are variables, of shape
            (variables,).
    """

    outputs: FloatArray
    input_gradients: FloatArray
    total: float
    parameter_gradients: FloatArray

    def __repr__(self) -> str:
        return f"<Evaluation: {_shapes(self)}; total {self.total!r}>"


class Bound(NamedTuple):
    """A program on preallocated arrays, from `Program.bind`; `run()` recomputes the results in place.

    Attributes:
        inputs: of shape (N, inputs), to be changed.
        parameters: of shape (parameters,), to be changed.
        outputs, input_gradients, parameter_gradients: as in `Evaluation`.
        total: as in `Evaluation`, as an array of one number; empty if the program has no gradients.
        run: a function that recomputes the outputs, the gradients and the total.
    """

    inputs: FloatArray
    parameters: FloatArray
    outputs: FloatArray
    input_gradients: FloatArray
    total: FloatArray
    parameter_gradients: FloatArray
    run: Callable[[], None]

    def __repr__(self) -> str:
        return f"<Bound: inputs {self.inputs.shape}, {_shapes(self)}; total {self.total.tolist()}>"


def _shapes(results: Evaluation | Bound) -> str:
    names = ("outputs", "input_gradients", "parameter_gradients")
    return ", ".join([f"{name} {getattr(results, name).shape}" for name in names])


class Code:
    """The arrays and the compiled back ends that programs of equal graphs share."""

    def __init__(self, statements: Statements) -> None:
        self.statements = statements
        self.arrays: Arrays = find_arrays(statements)
        self.backends: dict[str, Backend] = {}
        self.seconds: dict[str, float] = {}
        """The seconds that each back end took to compile."""
        self.lock = Lock()
        self.obstacles = {name: obstacle(name, statements, self.arrays) for name in BACKENDS}
        if all(self.obstacles.values()):
            reasons = f"{self.obstacles['numpy']}; {self.obstacles['llvm']}"
            raise ValueError(f"the graph is too large to be compiled: {reasons}")

    def backend(self, name: str) -> Backend:
        """Return the back end, which is compiled when it is first asked for.

        Raises:
            ValueError: if it cannot run this program.
            ImportError: if llvmlite is missing.
        """
        if name not in self.backends:
            with self.lock:
                if name not in self.backends:
                    start = time.perf_counter()
                    self.backends[name] = self._compile(name)
                    self.seconds[name] = time.perf_counter() - start
        return self.backends[name]

    def _compile(self, name: str) -> Backend:
        error = self.obstacles[name]
        if error is not None:
            raise type(error)(f"backend {name!r} is not possible: {error}")
        if name == "llvm":
            from autograd_lite.program.llvm.machine import Machine  # noqa: PLC0415  late: llvmlite is an extra

            return Machine(self.arrays)
        if name == "arrays":
            return ArrayCode(self.arrays)
        return Floats(self.statements) if name == "python" else Batches(self.statements)


code_of = lru_cache(MOST_CACHED)(Code)
"""Returns the code of statements, from the cache if equal ones were compiled before."""


class Program:
    """A graph compiled into straight-line statements, array code or machine code; call it with a batch to run it.

    Attributes:
        inputs, parameters: the numbers of inputs and of parameters.
        backend: the name of its back end, or "auto".
        runs: how often it has run, which "auto" depends on; set it to resume a computation.

    See `autograd_lite.compile_program`, which makes it.
    """

    def __init__(self, statements: Statements, backend: str = "auto") -> None:
        self.statements, self.backend, self.runs = statements, backend, 0
        self.code = code_of(statements)
        self.inputs, self.parameters = statements.inputs, statements.parameters
        if backend != "auto":
            self.code.backend(backend)

    def __call__(self, inputs: Any = None, parameters: Any = ()) -> Evaluation:
        """Run the program for a batch.

        Arguments:
            inputs: N points, of shape (N, inputs), N at least 1; None for one point of a program without inputs.
            parameters: of shape (parameters,).

        Both may be arrays, nested lists or pandas tables of real numbers, including arrays of objects; True and False
        count as 1 and 0.

        Raises:
            TypeError: naming the argument, if it is not an array of real numbers.
            ValueError: naming the argument whose shape is wrong, or that has entries that are masked or missing, or an
                integer too large for a float.
        """
        X, P = self._inputs(inputs), self._parameters(parameters)
        backend = self.code.backend(self.chosen(len(X), self.runs))
        self.runs += 1
        outputs, totals = backend(X, P)
        roots = self.statements.roots
        if self.statements.totals:
            total = totals.item(0)
        else:
            with np.errstate(all="ignore"):  # inf - inf
                total = float(outputs[:, 0].sum())
        return Evaluation(outputs[:, :roots], outputs[:, roots:], total, totals[1:])

    def chosen(self, points: int, runs: float) -> str:
        """Return the name of the back end for a batch of this size, after this many runs."""
        if self.backend != "auto":
            return self.backend
        matrices, llvm = bool(self.code.arrays.matrices), self.code.obstacles["llvm"] is None
        return choose(self.operations, points, runs, matrices=matrices, llvm=llvm)

    def bind(self, inputs: Any = None, parameters: Any = (), *, runs: float = math.inf) -> Bound:
        """Run the program on preallocated arrays: change their numbers, and run it again, in place.

        This saves most of the time of a call with a small batch; `nn.fit` does so.

        Arguments:
            inputs, parameters: as when the program is called, but arrays of floats.
            runs: how often the program has run, or is expected to run, which "auto" depends on.

        Raises:
            ValueError: if they are not arrays of floats, or a shape is wrong.

        >>> import autograd_lite
        >>> x = autograd_lite.Value(3.0, "x")
        >>> bound = autograd_lite.compile_program(x * x, [x]).bind(np.array([[3.0]]))
        >>> bound.inputs[0, 0] = 5.0
        >>> bound.run()
        >>> bound.outputs.item(), bound.input_gradients.item()
        (25.0, 10.0)
        """
        X, P = self._inputs(inputs), self._parameters(parameters)
        for argument, given, used in (("inputs", inputs, X), ("parameters", parameters, P)):
            if used.size and given is not used:
                raise ValueError(
                    f"{argument} must be a contiguous NumPy array of float64, which is used in place; "
                    f"received {given!r:.100}"
                )
        outputs, totals, run = self.code.backend(self.chosen(len(X), runs)).bind(X, P)
        roots = self.statements.roots
        return Bound(X, P, outputs[:, :roots], outputs[:, roots:], totals[:1], totals[1:], run)

    def _inputs(self, inputs: Any) -> FloatArray:
        if inputs is None and self.inputs == 0:
            return np.empty((1, 0))
        X = _numbers("inputs", inputs)
        if X.ndim != 2 or X.shape[1] != self.inputs or not len(X):
            raise ValueError(f"inputs must have shape (N, {self.inputs}), N at least 1; received {X.shape}")
        return X

    def _parameters(self, parameters: Any) -> FloatArray:
        P = _numbers("parameters", parameters)
        if P.shape != (self.parameters,):
            raise ValueError(f"parameters must have shape ({self.parameters},); received {P.shape}")
        return P if P.flags.c_contiguous else np.ascontiguousarray(P)

    # What was compiled

    @property
    def operations(self) -> int:
        """The number of statements that compute something, for each point."""
        return self.statements.operations

    @property
    def source(self) -> str:
        """The program as Python: array code if the graph has the structure of matrices, else straight-line code."""
        if self.code.arrays.matrices:
            return array_source(find_arrays(self.statements), self.statements.names).text
        return self.straight_line_source

    @property
    def straight_line_source(self) -> str:
        """The program as Python, a statement a line, which runs on floats and on NumPy batches."""
        return straight_line_source(self.statements).text

    @property
    def llvm_source(self) -> str:
        """The program as LLVM's text, which becomes machine code.

        Raises:
            ValueError, ImportError: if it cannot.
        """
        machine: Any = self.code.backend("llvm")
        return str(machine.text)

    def __reduce__(self) -> NoReturn:
        raise TypeError(
            "a program cannot be copied or pickled: its code belongs to this process; compile its graph again"
        )

    def __repr__(self) -> str:
        return (
            f"<Program: {self.operations:,} operations of {self.inputs} inputs and {self.parameters:,} "
            f"parameters; backend {self.backend}>"
        )

    def measure(self, points: int = 100) -> dict[str, float]:
        """Measure the seconds of a run by each back end that can run the program; each is compiled for it.

        Arguments:
            points: the size of the batch of random numbers.
        """
        check_integer("points", points, 1)
        generator = np.random.default_rng(0)
        X, P = generator.uniform(0.1, 1, (points, self.inputs)), generator.uniform(-1, 1, self.parameters)
        seconds = {}
        for name, error in self.code.obstacles.items():
            if error is None:
                timer, runs = timeit.Timer(partial(self.code.backend(name), X, P)), 1
                while (total := timer.timeit(runs)) < SECONDS_OF_A_MEASUREMENT:
                    runs *= 2
                seconds[name] = total / runs
        return seconds

    def explain(self, points: int = 100) -> str:
        """Return as text what was compiled, and which back end runs a batch of this size, and why."""
        check_integer("points", points, 1)
        code, arrays = self.code, self.code.arrays
        form = "straight-line code: nothing in it forms a matrix"
        if arrays.matrices:
            form = f"{len(arrays.computed)} arrays, of which {len(arrays.matrices)} are matrix products"
        lines = [f"{self.operations:,} operations for each point; {form}.", "Back ends:"]
        for name, error in code.obstacles.items():
            compiled = f", compiled in {code.seconds[name]:.2g} s" if name in code.seconds else ""
            lines.append(f"  {name:<7} " + (f"no: {error}" if error else f"{BACKENDS[name]}{compiled}"))
        return "\n".join([*lines, f"For a batch of {points:,}: {self._why(points)}"])

    def _why(self, points: int) -> str:
        if self.backend != "auto":
            return f"{self.backend}, as requested."
        first, last = self.chosen(points, 0), self.chosen(points, math.inf)
        if first == "llvm":
            return "llvm; the batch is so large that compiling to machine code pays at once."
        reason = {
            "python": "with few operations, floats are faster than arrays",
            "numpy": "the graph has no matrices",
            "arrays": "the graph has matrices",
        }[first]
        if first == last:
            return f"{first}; {reason}."
        return f"{first}; {reason}. After {paying_run(points):,} runs llvm; by then, compiling to machine code pays."


FLOAT = np.dtype(np.float64)


def _numbers(argument: str, numbers: Any) -> FloatArray:
    """Return numbers as an array of floats, which is the array itself if it is one."""
    if type(numbers) is np.ndarray and numbers.dtype is FLOAT and numbers.flags.aligned:
        return numbers
    error: type[Exception] = ValueError
    try:
        array = None if _has_masked(numbers) else np.ma.asarray(numbers)  # a list of masked arrays has masks too
        if array is None or np.ma.is_masked(array):
            hint = "; fill its masked entries, or leave them out"
        else:
            kinds = set(map(type, array.data.flat)) if array.dtype == object else {array.dtype.type}
            if np.timedelta64 not in kinds and all(issubclass(kind, Real | Decimal | np.bool_) for kind in kinds):
                return np.array(array.data, dtype=np.float64, subok=False)
            if any(kind.__name__ == "NAType" for kind in kinds):  # of pandas, which need not be installed
                hint = "; fill its missing entries, or leave them out"
            else:
                error = TypeError
                hint = "; pass the numbers of Values, as in [w.data for w in weights]" if Value in kinds else ""
    except ValueError:
        hint = "; its rows must have equal length"
    except OverflowError:
        hint = "; its numbers must be at most 1.8e308"
    except TypeError:  # NumPy cannot compare the rows of a table whose columns have names
        error, hint = TypeError, ""
    raise error(f"{argument} must be an array of real numbers; received {numbers!r:.100}{hint}")


def _has_masked(numbers: Any) -> bool:
    """Return whether there is a masked entry in nested lists; NumPy would take it for nan."""
    return numbers is np.ma.masked or (isinstance(numbers, list | tuple) and any(map(_has_masked, numbers)))
