"""A recorded graph as straight-line statements: equal ones merged, constants folded, dead ones dropped.

The back ends read nothing else. A statement applies a row of the table of primitives to earlier statements; the first
ones are the inputs, which vary over the batch, and the parameters, which all points of the batch share.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from autograd_lite.gradients import adjoints
from autograd_lite.graph import TracingError, check_fresh, tracing
from autograd_lite.labels import clean
from autograd_lite.primitives import (
    ABS,
    ACOS,
    ADD,
    BUILT_IN,
    CONSTANT,
    COSH,
    DIVIDE,
    EXP,
    LEAF,
    MULTIPLY,
    NEGATIVE,
    POWER,
    RELU,
    SIGMOID,
    SOFTPLUS,
    SUBTRACT,
    Primitive,
)
from autograd_lite.value import Operand, Value, check_value, topological_order
from autograd_lite.words.lecture import delta_name

Outputs: TypeAlias = Value | Sequence[Value]


@dataclass
class Statements:
    """Straight-line statements; statement i applies the primitive `ops[i]` to the statements `arguments[i]`.

    Attributes:
        inputs, parameters: how many of each there are; they are the first statements.
        ops: rows of the table of primitives, as they were when the graph was traced; LEAF for inputs and parameters.
        arguments: positions of earlier statements.
        numbers: those of the constants, by position.
        outputs: the positions of what is computed for each point of the batch.
        roots: how many of the outputs were asked for; the others are gradients.
        totals: the positions of what is summed over the batch: the first output, then its gradient.
        variables: the numbers of the parameters that this gradient is with respect to.
        backward: where the backward pass begins.
        names: what statements are called, by position, from the labels of the graph.
    """

    inputs: int
    parameters: int
    ops: list[Primitive] = field(default_factory=list)
    arguments: list[tuple[int, ...]] = field(default_factory=list)
    numbers: dict[int, float] = field(default_factory=dict)
    outputs: list[int] = field(default_factory=list)
    roots: int = 0
    totals: list[int] = field(default_factory=list)
    variables: list[int] = field(default_factory=list)
    backward: int = 0
    names: dict[int, str] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.ops)

    @property
    def operations(self) -> int:
        """How many statements compute something."""
        return len(self) - self.inputs - self.parameters - len(self.numbers)

    def user_defined(self) -> tuple[Primitive, ...]:
        """The primitives that are not built in, in the order in which they first appear."""
        return tuple(dict.fromkeys(op for op in self.ops if op.name not in BUILT_IN))

    def signature(self) -> tuple[Any, ...]:
        """What two programs have in common that compute the same, whatever the names; numbers and strings only."""
        number_of = {op: str(number) for number, op in enumerate(self.user_defined())}
        return (
            self.inputs,
            self.parameters,
            tuple([number_of.get(op, op.name) for op in self.ops]),
            tuple(self.arguments),
            tuple((position, number.hex()) for position, number in self.numbers.items()),
            tuple(self.outputs),
            tuple(self.totals),
        )

    def uses(self) -> list[int]:
        """How often each statement is an argument, an output or a total."""
        uses = [0] * len(self)
        for position in (p for places in (*self.arguments, self.outputs, self.totals) for p in places):
            uses[position] += 1
        return uses

    def varying(self) -> list[bool]:
        """Which statements vary over the batch: the inputs, and what is computed from them."""
        varies = [position < self.inputs for position in range(len(self))]
        for position, arguments in enumerate(self.arguments):
            if arguments:
                varies[position] = any(varies[argument] for argument in arguments)
        return varies


def _called(node: Value) -> str:
    return clean(node.label) if node.label else repr(node)


class Recorder:
    """Turns nodes of graphs into statements, one after another.

    >>> x = Value(2.0, "x")
    >>> recorder = Recorder([x], [])
    >>> recorder.record(topological_order((x + 1) * (x + 1)))
    >>> [op.name for op in recorder.statements.ops]
    ['leaf', 'constant', 'add', 'multiply']
    """

    def __init__(self, inputs: Sequence[Value], parameters: Sequence[Value]) -> None:
        self.statements = Statements(len(inputs), len(parameters))
        self.positions: dict[Value, int] = {}
        self.known: dict[tuple[Any, ...], int] = {}
        for argument, leaves in (("inputs", inputs), ("parameters", parameters)):
            for leaf in leaves:
                if leaf in self.positions:
                    raise ValueError(f"{argument} must be different Values; {_called(leaf)} is named twice")
                self.positions[leaf] = self.append(LEAF, ())

    def record(self, order: Iterable[Value]) -> None:
        """Add the statements of nodes, each after its parents.

        Raises:
            ValueError: if a leaf was not declared.
        """
        for node in order:
            if node in self.positions:
                continue
            if node.op is CONSTANT:
                self.positions[node] = self.constant(node.data)
            elif not node.parents:
                raise ValueError(
                    f"{_called(node)} is neither among the inputs nor among the parameters; declare it, "
                    "or make it a number or a constant"
                )
            else:
                self.positions[node] = self.operation(node.op, tuple([self.positions[p] for p in node.parents]))

    def position_of(self, operand: Operand) -> int:
        """The statement of a node that was recorded, or of a number."""
        return self.positions[operand] if isinstance(operand, Value) else self.constant(float(operand))

    def append(self, op: Primitive, arguments: tuple[int, ...]) -> int:
        """A new statement."""
        self.statements.ops.append(op)
        self.statements.arguments.append(arguments)
        return len(self.statements) - 1

    def constant(self, number: float) -> int:
        """The statement of a constant."""
        key = (CONSTANT, number.hex())  # 0.0 is not -0.0, and nan is nan
        if key not in self.known:
            self.known[key] = self.append(CONSTANT, ())
            self.statements.numbers[self.known[key]] = number
        return self.known[key]

    def operation(self, op: Primitive, arguments: tuple[int, ...]) -> int:
        """The statement that applies a primitive: a constant, an earlier one, or a new one."""
        numbers = self.statements.numbers
        if all(argument in numbers for argument in arguments):
            return self.constant(op.evaluate([numbers[argument] for argument in arguments]))
        simpler = SIMPLER.get(op)
        if simpler is not None:
            position = simpler(self, arguments)
            if position is not None:
                return position
        in_any_order = op.commutative and len(arguments) == 2
        key = (op, tuple(sorted(arguments)) if in_any_order else arguments)
        position = self.known.get(key)
        if position is None:
            position = self.known[key] = self.append(op, arguments)
        return position


# Simplifications that change no result but for rounding: for each operation, a statement to take in its place, or None


def _simpler_multiply(recorder: Recorder, arguments: tuple[int, ...]) -> int | None:
    numbers = recorder.statements.numbers
    for factor, other in (arguments, arguments[::-1]):
        if numbers.get(factor) == 1.0:
            return other
        if numbers.get(factor) == -1.0:
            return recorder.operation(NEGATIVE, (other,))
    return None


def _simpler_add(recorder: Recorder, arguments: tuple[int, ...]) -> int | None:
    if len(arguments) == 2:
        a, b = arguments
        statements = recorder.statements
        if statements.numbers.get(a) == 0.0 and _is_never_minus_zero(statements, b):  # the built-in sum begins with 0
            return b
        if statements.ops[b] is NEGATIVE:
            return recorder.operation(SUBTRACT, (a, *statements.arguments[b]))
        if statements.ops[a] is NEGATIVE:
            return recorder.operation(SUBTRACT, (b, *statements.arguments[a]))
    return None


def _is_never_minus_zero(statements: Statements, position: int) -> bool:
    """Whether 0 + x is x; of -0.0 it is 0.0."""
    op, arguments = statements.ops[position], statements.arguments[position]
    is_square = op is MULTIPLY and arguments[0] == arguments[1]
    return is_square or op in {ABS, EXP, SIGMOID, SOFTPLUS, COSH, RELU, ACOS}


def _simpler_negative(recorder: Recorder, arguments: tuple[int, ...]) -> int | None:
    statements = recorder.statements
    return statements.arguments[arguments[0]][0] if statements.ops[arguments[0]] is NEGATIVE else None


def _simpler_divide(recorder: Recorder, arguments: tuple[int, ...]) -> int | None:
    return arguments[0] if recorder.statements.numbers.get(arguments[1]) == 1.0 else None


def _simpler_power(recorder: Recorder, arguments: tuple[int, ...]) -> int | None:
    base, exponent = arguments
    number = recorder.statements.numbers.get(exponent)
    if number == 1.0:
        return base
    if number == -1.0:
        return recorder.operation(DIVIDE, (recorder.constant(1.0), base))
    if number == 2.0:
        return recorder.operation(MULTIPLY, (base, base))
    if number == 3.0:
        return recorder.operation(MULTIPLY, (recorder.operation(MULTIPLY, (base, base)), base))
    return None


SIMPLER: dict[Primitive, Callable[[Recorder, tuple[int, ...]], int | None]] = {
    MULTIPLY: _simpler_multiply,
    ADD: _simpler_add,
    NEGATIVE: _simpler_negative,
    DIVIDE: _simpler_divide,
    POWER: _simpler_power,
}


def trace(
    outputs: Outputs | Callable[..., Outputs],
    inputs: Sequence[Value],
    parameters: Sequence[Value],
    *,
    gradients: bool,
    max_nodes: int,
) -> Statements:
    """The statements of a graph, and of the gradient of its first output.

    Arguments:
        outputs: Values; or a function of the inputs that gives them, which is called once, and traced.
        inputs: leaves that vary over the batch. Variables are differentiated by, constants are not.
        parameters: leaves that the points of the batch share; the same holds for them.
        gradients: whether the first output is to be differentiated: with respect to the inputs, for each point, which
            become further outputs; and with respect to the parameters, summed over the batch, which become totals
            after the sum of the output itself.
        max_nodes: how large the graph of the outputs may be; that of the gradient comes to it.

    Raises:
        ValueError: if a leaf of the graph was not declared, a constant that was has no label, a Value was declared
            twice, or the graph is too large.
        TypeError: if something is no Value; TracingError, if the function asks for the number of a Value.
        RuntimeError: if the graph is stale.

    >>> x, w = Value(2.0, "x"), Value(3.0, "w")
    >>> statements = trace((x * w).tanh(), [x], [w], gradients=True, max_nodes=1000)
    >>> [op.name for op in statements.ops]
    ['leaf', 'leaf', 'multiply', 'tanh', 'constant', 'multiply', 'subtract', 'multiply', 'multiply']
    """
    inputs, parameters = _check_leaves("inputs", inputs), _check_leaves("parameters", parameters)
    if callable(outputs):
        with tracing() as refused:
            outputs = outputs(*inputs)
        if refused:  # though the function went on, as after `except TypeError`
            raise TracingError(refused[0])
    if not isinstance(outputs, Value | Iterable):
        raise TypeError(f"outputs must be Values, or a function that gives them; received {outputs!r:.100}")
    roots = [outputs] if isinstance(outputs, Value) else list(outputs)
    if not roots:
        raise ValueError("outputs must be at least one Value, received none")
    order = topological_order(*roots)
    if len(order) > max_nodes:
        raise ValueError(
            f"the graph has {len(order):,} nodes, more than max_nodes={max_nodes:,}; give a larger max_nodes if that "
            "is meant, and if there is the memory"
        )
    check_fresh(order)
    recorder = Recorder(inputs, parameters)
    recorder.record(order)
    statements, positions = recorder.statements, recorder.positions
    statements.backward = len(statements)
    statements.outputs, statements.roots = [positions[root] for root in roots], len(roots)
    _name(statements, positions, order)
    if gradients:
        first = topological_order(roots[0])
        slopes = adjoints(first, for_all_numbers=True)
        by_inputs, by_parameters = (
            [slopes.get(leaf, 0.0) for leaf in leaves if leaf.op is not CONSTANT] for leaves in (inputs, parameters)
        )
        recorder.record(
            topological_order(*[slope for slope in (*by_inputs, *by_parameters) if isinstance(slope, Value)])
        )
        statements.outputs += map(recorder.position_of, by_inputs)
        statements.totals = [positions[roots[0]], *map(recorder.position_of, by_parameters)]
        statements.variables = [number for number, leaf in enumerate(parameters) if leaf.op is not CONSTANT]
        _name_adjoints(statements, positions, first, slopes)
    return without_dead(statements)


def _check_leaves(argument: str, values: Sequence[Value]) -> list[Value]:
    leaves = [check_value(f"number {place} of {argument}", value) for place, value in enumerate(values, start=1)]
    for place, leaf in enumerate(leaves, start=1):
        if leaf.parents:
            raise ValueError(f"{argument} must be leaves, but number {place} was computed from others")
        if leaf.op is CONSTANT and not leaf.label:  # then `grad` may have put its number into the graph
            raise ValueError(f"a constant among {argument} must have a label; number {place}, {leaf.data}, has none")
    return leaves


def _name(statements: Statements, positions: Mapping[Value, int], nodes: Iterable[Value]) -> None:
    for node in nodes:
        if node.label and positions[node] not in statements.numbers:
            statements.names.setdefault(positions[node], node.label)


def _name_adjoints(
    statements: Statements, positions: Mapping[Value, int], nodes: Sequence[Value], slopes: Mapping[Value, Operand]
) -> None:
    """Call the adjoint of a node by the node's label: that of s_b^(l) delta_b^(l), as in the lecture."""
    for node in reversed(nodes):  # a signal before its bias, whose adjoint is the same
        slope = slopes.get(node)
        if node.label and isinstance(slope, Value):
            position = positions.get(slope)
            if position is not None and position >= statements.backward and position not in statements.numbers:
                statements.names.setdefault(position, delta_name(node.label) or f"d_{node.label}")


def without_dead(statements: Statements) -> Statements:
    """The statements without those that no output and no total depends on; inputs and parameters stay."""
    alive = [position < statements.inputs + statements.parameters for position in range(len(statements))]
    for position in (*statements.outputs, *statements.totals):
        alive[position] = True
    for position in range(len(statements) - 1, -1, -1):
        if alive[position]:
            for argument in statements.arguments[position]:
                alive[argument] = True
    if all(alive):
        return statements
    new: dict[int, int] = {}
    for position, lives in enumerate(alive):
        if lives:
            new[position] = len(new)
    return Statements(
        statements.inputs,
        statements.parameters,
        [statements.ops[position] for position in new],
        [tuple([new[argument] for argument in statements.arguments[position]]) for position in new],
        {new[position]: number for position, number in statements.numbers.items() if position in new},
        [new[position] for position in statements.outputs],
        statements.roots,
        [new[position] for position in statements.totals],
        statements.variables,
        sum(alive[: statements.backward]),
        {new[position]: name for position, name in statements.names.items() if position in new},
    )
