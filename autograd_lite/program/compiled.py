"""A compiled program: what `compile_program` returns."""

import hashlib
import marshal
import math
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable
from threading import Lock
from typing import Any, NamedTuple, NoReturn

import numpy as np

from autograd_lite.checks import check_integer
from autograd_lite.primitives import BUILT_IN
from autograd_lite.program.choice import BACKENDS, ESTIMATES, Estimate, Plan, Size, llvmlite_is_missing, plan, unable
from autograd_lite.program.matrices import Arrays, find_arrays
from autograd_lite.program.python.interpreted import ArrayCode, Backend, Batches, Floats, Numbers
from autograd_lite.program.python.source import array_source, straight_line_source
from autograd_lite.program.statements import Statements
from autograd_lite.value import Value

MOST_CACHED = 128
"""Graph shapes whose compiled programs are kept."""


class Evaluation(NamedTuple):
    """What a program computes for a batch of N points."""

    outputs: Numbers
    """Of shape (N, outputs)."""
    input_gradients: Numbers
    """The gradients of the first output of each point with respect to the inputs that are variables: (N, variables)."""
    total: float
    """The sum of the first output over the batch."""
    parameter_gradients: Numbers
    """The gradient of that sum with respect to the parameters that are variables, of shape (variables,)."""


class Bound(NamedTuple):
    """A program on arrays that stay, from `Program.bind`: `run()` computes the results anew, in place."""

    inputs: Numbers
    """Of shape (N, inputs); to be changed."""
    parameters: Numbers
    """Of shape (parameters,); to be changed."""
    outputs: Numbers
    """As in `Evaluation`."""
    input_gradients: Numbers
    """As in `Evaluation`."""
    total: Numbers
    """As in `Evaluation`, in an array of one number; of none, without gradients."""
    parameter_gradients: Numbers
    """As in `Evaluation`."""
    run: Callable[[], None]
    """Computes the outputs, gradients and total anew."""


class Shape:
    """What programs of one graph shape share: the arrays that were found, and what has been compiled."""

    def __init__(self, statements: Statements) -> None:
        self.statements = statements
        self.arrays: Arrays = find_arrays(statements)
        self.size = Size.of(statements, self.arrays)
        self.backends: dict[str, Backend] = {}
        self.plans: dict[int, Plan] = {}
        self.seconds: dict[str, float] = {}
        """How long each back end took to compile."""
        self.lock = Lock()
        self.unable = {name: unable(name, self.size, statements.ops) for name in BACKENDS}
        if not self.arrays.matrices:
            self.unable["arrays"] = "nothing in the graph forms a matrix"
        if all(self.unable.values()):
            raise ValueError(f"the graph is too large to be compiled: {self.unable['numpy']}; {self.unable['llvm']}")

    def backend(self, name: str) -> Backend:
        """The back end, compiled if it was not yet."""
        known = self.backends.get(name)
        if known is not None:
            return known
        with self.lock:
            if name not in self.backends:
                start = time.perf_counter()
                self.backends[name] = self.compile(name)
                self.seconds[name] = time.perf_counter() - start
            return self.backends[name]

    def compile(self, name: str) -> Backend:
        """Compile for a back end.

        Raises:
            ValueError: if it cannot run this program.
            ImportError: if llvmlite is missing.
        """
        reason = self.unable[name]
        if reason:
            missing = name == "llvm" and llvmlite_is_missing()
            raise (ImportError if missing else ValueError)(f"backend {name!r} is not possible: {reason}")
        if name == "llvm":
            from autograd_lite.program.llvm.machine import Machine  # noqa: PLC0415  late: llvmlite is an extra

            return Machine(self.arrays)
        if name == "arrays":
            return ArrayCode(self.arrays, self.statements.rows)
        return Floats(self.statements) if name == "python" else Batches(self.statements)

    def estimates(self, points: int) -> dict[str, Estimate]:
        """The estimates of all back ends that can run it."""
        return {name: ESTIMATES[name](self.size, points) for name in BACKENDS if not self.unable[name]}

    def plan(self, points: int) -> Plan:
        """Which back end runs batches of so many points, and when."""
        if points not in self.plans:
            self.plans[points] = plan(self.estimates(points))
        return self.plans[points]


_SHAPES: OrderedDict[tuple[Any, ...], Shape] = OrderedDict()
_LOCK = Lock()


def shape_of(statements: Statements) -> Shape:
    """The shape of a graph, from the cache if it was compiled before."""
    own = tuple(statements.rows[op] for op in sorted(set(statements.rows) - BUILT_IN))
    key = (hashlib.sha256(marshal.dumps(statements.signature(), 2)).digest(), own)
    with _LOCK:
        if key in _SHAPES:
            _SHAPES.move_to_end(key)
            return _SHAPES[key]
    shape = Shape(statements)
    with _LOCK:
        shape = _SHAPES.setdefault(key, shape)
        while len(_SHAPES) > MOST_CACHED:
            _SHAPES.popitem(last=False)
    return shape


class Program:
    """A graph compiled into straight-line statements, array code or machine code; called with a batch, it runs.

    Attributes:
        inputs, parameters: how many there are.
        backend: the name of the back end that it was bound to, "auto" or "measured".
        spent: how many seconds, by estimates, "auto" takes the runs so far to have taken.
        measured: the back ends that "measured" has chosen, by the size of the batch.

    Made by `autograd_lite.compile_program`, which says more.
    """

    def __init__(self, statements: Statements, backend: str = "auto") -> None:
        self.statements, self.roots, self.backend = statements, statements.roots, backend
        self.shape = shape_of(statements)
        self.inputs, self.parameters = statements.inputs, statements.parameters
        self.differentiates = bool(statements.totals)
        self.spent = 0.0  # seconds, by the estimates
        self.settled: dict[int, Backend] = {}
        self.measured: dict[int, str] = {}
        if backend not in {"auto", "measured"}:
            self.shape.backend(backend)

    def __call__(self, inputs: Any = None, parameters: Any = ()) -> Evaluation:
        """Run the program for a batch.

        Arguments:
            inputs: N points, of shape (N, inputs), N at least 1; None where there are no inputs, which is one point.
            parameters: of shape (parameters,).

        Raises:
            ValueError: naming the argument whose shape is wrong, or that is no numbers.
        """
        X, P = self._inputs(inputs), self._parameters(parameters)
        backend = self.settled.get(len(X)) or self._next_backend(X, P)
        return self._evaluation(*backend(X, P))

    def _evaluation(self, outputs: Numbers, totals: Numbers) -> Evaluation:
        roots = self.roots
        total = totals.item(0) if self.differentiates else float(outputs[:, 0].sum())
        return Evaluation(outputs[:, :roots], outputs[:, roots:], total, totals[1:])

    def bind(self, inputs: Any = None, parameters: Any = ()) -> "Bound":
        """Run the program on arrays that stay: their numbers may be changed, and the program run again, in place.

        For small batches this saves most of the time of a call.

        Arguments:
            inputs, parameters: as when the program is called, but arrays of floats.

        Raises:
            ValueError: if they are not, or a shape is wrong.

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
                    f"{argument} must be a NumPy array of float64, whose memory can be used as it is; "
                    f"received {given!r:.100}"
                )
        if self.backend == "auto":
            backend = self.shape.backend(self.shape.plan(len(X)).final)
        else:
            backend = self.settled.get(len(X)) or self._next_backend(X, P)
        outputs, totals, run = backend.bind(X, P)
        return Bound(X, P, outputs[:, : self.roots], outputs[:, self.roots :], totals[:1], totals[1:], run)

    def _inputs(self, inputs: Any) -> Numbers:
        if inputs is None and self.inputs == 0:
            return np.empty((1, 0))
        X = _numbers("inputs", inputs)
        shape = X.shape
        if len(shape) != 2 or shape[1] != self.inputs or not shape[0]:
            raise ValueError(f"inputs must have shape (N, {self.inputs}), N at least 1; received {shape}")
        return X

    def _parameters(self, parameters: Any) -> Numbers:
        P = _numbers("parameters", parameters)
        if P.shape != (self.parameters,):
            raise ValueError(f"parameters must have shape ({self.parameters},); received {P.shape}")
        return P if P.flags.c_contiguous else np.ascontiguousarray(P)

    def _next_backend(self, X: Numbers, P: Numbers) -> Backend:
        """The back end for this run; it is settled when no further run could change it."""
        points, name = len(X), self.backend
        if name == "auto":
            plan = self.shape.plan(points)
            name = plan.backend(self.spent)
            self.spent += plan.run
            if name != plan.final:
                return self.shape.backend(name)
        elif name == "measured":
            times = self.measure_on(X, P)
            name = self.measured[points] = min(times, key=lambda name: times[name])
        self.settled[points] = self.shape.backend(name)
        return self.settled[points]

    def assume_runs(self, runs: int, points: int) -> None:
        """Let the back end be the one that "auto" means after so many runs with batches of so many points."""
        plan = self.shape.plan(points)
        self.spent = runs * plan.run
        if self.backend == "auto" and plan.backend(self.spent) != plan.final:
            self.settled.pop(points, None)

    def chosen(self, points: int, spent: float) -> str:
        """The back end that "auto" means for a batch of so many points, after runs that took so many seconds."""
        return self.shape.plan(points).backend(spent)

    # What it is

    @property
    def operations(self) -> int:
        """How many statements compute something, for each point."""
        return self.statements.operations

    @property
    def source(self) -> str:
        """The program as Python: array code if the graph has the structure of matrices, else straight-line code."""
        if self.shape.arrays.matrices:
            return array_source(find_arrays(self.statements), self.statements.names).source.text
        return self.straight_line_source

    @property
    def straight_line_source(self) -> str:
        """The program as Python, a statement a line, which runs on floats and on NumPy batches."""
        return straight_line_source(self.statements).text

    @property
    def llvm_source(self) -> str:
        """What LLVM compiles to machine code, as text.

        Raises:
            ValueError, ImportError: if it cannot.
        """
        machine = self.shape.backend("llvm")
        from autograd_lite.program.llvm.machine import Machine  # noqa: PLC0415  it is there, now that this has compiled

        assert isinstance(machine, Machine)
        return machine.text

    def __reduce__(self) -> NoReturn:
        raise TypeError("a program cannot be copied or pickled: its code is of this process; compile its graph anew")

    def __repr__(self) -> str:
        return (
            f"<Program: {self.operations:,} operations of {self.inputs} inputs and {self.parameters:,} "
            f"parameters; backend {self.backend}>"
        )

    def measure(self, points: int = 100, seconds: float = 0.2) -> dict[str, float]:
        """The seconds that a run takes by each back end that can run it, measured now; they are compiled for it.

        Arguments:
            points: of a batch of random numbers.
            seconds: about how long each back end is tried.
        """
        generator = np.random.default_rng(0)
        X, P = generator.uniform(0.1, 1, (points, self.inputs)), generator.uniform(-1, 1, self.parameters)
        return self.measure_on(X, P, seconds)

    def measure_on(self, X: Numbers, P: Numbers, seconds: float = 0.05) -> dict[str, float]:
        """The seconds of a run with these numbers; back ends that cannot be fast are left out."""
        estimates = self.shape.estimates(len(X))
        least = min(estimate.run for estimate in estimates.values())
        names = [name for name, estimate in estimates.items() if estimate.run < 100 * least]
        return {name: _median_seconds(self.shape.backend(name), X, P, seconds) for name in names}

    def explain(self, points: int = 100) -> str:
        """What was compiled, which back end is chosen for a batch of so many points, and why, as text."""
        check_integer("points", points, 1)
        shape = self.shape
        size, estimates = shape.size, shape.estimates(points)
        form = (
            f"{len(shape.arrays.computed)} arrays, of which {len(shape.arrays.matrices)} are matrix products"
            if shape.arrays.matrices
            else "straight-line code: nothing in it forms a matrix"
        )
        lines = [
            f"{size.operations:,} operations for each point; {form}.",
            f"Back ends, for a batch of {points:,}:",
        ]
        for name, words in BACKENDS.items():
            if name in estimates:
                run, to_compile = estimates[name]
                done = (
                    f"compiled in {shape.seconds[name]:.2g} s"
                    if name in shape.seconds
                    else f"{to_compile:.2g} s to compile"
                )
                lines.append(f"  {name:<7} about {1e6 * run:,.0f} µs a run, {done}: {words}")
            else:
                lines.append(f"  {name:<7} no: {shape.unable[name]}")
        return "\n".join([*lines, self._why(points)])

    def _why(self, points: int) -> str:
        if self.backend == "measured":
            chosen = ", ".join(f"{name} for {n:,} points" for n, name in self.measured.items()) or "none yet"
            return f"The fastest is measured at the first run with a batch of its size; chosen: {chosen}."
        if self.backend != "auto":
            return f"{self.backend} runs it, as you asked."
        plan = self.shape.plan(points)
        first, *others = plan.stages
        if not others:
            return f"{first.backend} runs it: it takes the least time to compile and run."
        later = "".join(f", {stage.backend} after {math.ceil(stage.seconds / plan.run):,} runs" for stage in others)
        return f"Chosen: {first.backend} first{later}, which take as long as compiling for it."


FLOAT = np.dtype(np.float64)


def _numbers(argument: str, numbers: Any) -> Numbers:
    """An array of floats; the array itself, if it is one."""
    if type(numbers) is np.ndarray and numbers.dtype is FLOAT and numbers.flags.aligned:
        return numbers
    try:
        array = np.asarray(numbers)
        if array.dtype.kind not in "bifu":
            raise ValueError
        return array.astype(np.float64)
    except (ValueError, TypeError):
        hint = ""
        if isinstance(numbers, Iterable) and any(isinstance(entry, Value) for entry in numbers):
            hint = "; of Values take the numbers, as in [w.data for w in weights]"
        raise ValueError(f"{argument} must be an array of real numbers; received {numbers!r:.100}{hint}") from None


def _median_seconds(backend: Backend, X: Numbers, P: Numbers, seconds: float) -> float:
    backend(X, P)
    times: list[float] = []
    while len(times) < 3 or (sum(times) < seconds and len(times) < 1000):
        start = time.perf_counter()
        backend(X, P)
        times.append(time.perf_counter() - start)
    return sorted(times)[len(times) // 2]
