"""A traced graph as straight-line statements: equal ones merged, constants folded, dead ones dropped.

The back ends read nothing else. A statement applies a row of the table of primitives to earlier statements; the first
ones are the inputs, which vary over the batch, and the parameters, which all points of the batch share.
"""

import hashlib
import marshal
import reprlib
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import chain
from typing import Any, TypeAlias

import autograd_lite.primitives as table
from autograd_lite.gradients import adjoints, check_values, on_stand_ins
from autograd_lite.graph import TracingError, check_fresh, tracing
from autograd_lite.labels import clean
from autograd_lite.primitives import BUILT_IN, CONSTANT, LEAF, Primitive
from autograd_lite.value import Operand, Value, topological_order
from autograd_lite.words.lecture import delta_name

Outputs: TypeAlias = Value | Sequence[Value]


@dataclass(eq=False)
class Statements:
    """Straight-line statements; statement i applies the primitive `ops[i]` to the statements `arguments[i]`.

    Two are equal if they compute the same, whatever the names.

    Attributes:
        inputs, parameters: the numbers of inputs and of parameters; these are the first statements.
        ops: rows of the table of primitives, as they were when the graph was traced; LEAF for inputs and parameters.
        arguments: positions of earlier statements.
        numbers: the numbers of the constants, by position.
        outputs: the positions of what is computed for each point of the batch.
        roots: the number of outputs that were asked for; the others are gradients.
        totals: the positions of what is summed over the batch: the first output, then its gradient.
        variables: the parameters that this gradient is with respect to, each by its number.
        backward: where the backward pass begins.
        names: names of statements, by position, from the labels of the graph.
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
        """The number of statements that compute something."""
        return len(self) - self.inputs - self.parameters - len(self.numbers)

    def user_defined(self) -> tuple[Primitive, ...]:
        """Return the primitives that are not built in, in the order in which they first appear."""
        return tuple(dict.fromkeys(op for op in self.ops if op.name not in BUILT_IN))

    @cached_property
    def signature(self) -> tuple[Any, ...]:
        """What is equal for statements that compute the same: the user-defined primitives, and a hash of the rest."""
        ops = [op.name for op in self.ops]
        numbers = [(position, number.hex()) for position, number in self.numbers.items()]  # 0.0 is not -0.0
        parts = (self.inputs, self.parameters, ops, self.arguments, numbers, self.outputs, self.totals)
        return self.user_defined(), hashlib.sha256(marshal.dumps(parts, 2)).digest()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Statements) and self.signature == other.signature

    def __hash__(self) -> int:
        return hash(self.signature)

    def uses(self) -> Counter[int]:
        """Count for each statement how often it is an argument, an output or a total."""
        return Counter(chain(*self.arguments, self.outputs, self.totals))

    def varying(self) -> list[bool]:
        """Return for each statement whether it varies over the batch: the inputs do, and what is computed from them."""
        varies: list[bool] = []
        for position, arguments in enumerate(self.arguments):
            varies.append(position < self.inputs or any(varies[argument] for argument in arguments))
        return varies


def _called(node: Value) -> str:
    return clean(node.label) if node.label else f"Value({node._number})"


class Recorder:
    """Turn nodes of graphs into statements, one after another.

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
                self.positions[leaf] = self.statement(LEAF, (), leaf)

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
            elif node.op.composite:  # from the statements that it is composed of
                result, leaves = on_stand_ins(node.op.compute, node.parents)
                self.positions.update({leaf: self.positions[parent] for leaf, parent in leaves.items()})
                [self.positions[node]] = self.results([result])
            else:
                self.positions[node] = self.operation(node.op, tuple([self.positions[p] for p in node.parents]))

    def results(self, operands: Sequence[Operand]) -> list[int]:
        """Add what computes some results, which are nodes or numbers, and return their statements."""
        self.record(topological_order(*[operand for operand in operands if isinstance(operand, Value)]))
        return [self.positions[one] if isinstance(one, Value) else self.constant(float(one)) for one in operands]

    def statement(self, op: Primitive, arguments: tuple[int, ...], key: Any) -> int:
        """Return the statement of a primitive with this key, which is added if there is none."""
        position = self.known.setdefault((op, key), len(self.statements))
        if position == len(self.statements):
            self.statements.ops.append(op)
            self.statements.arguments.append(arguments)
        return position

    def constant(self, number: float) -> int:
        """Return the statement of a constant."""
        position = self.statement(CONSTANT, (), number.hex())  # 0.0 is not -0.0, and nan is nan
        self.statements.numbers[position] = number
        return position

    def operation(self, op: Primitive, arguments: tuple[int, ...]) -> int:
        """Return the statement that applies a primitive: a constant, an earlier one, or a new one."""
        numbers = self.statements.numbers
        if all(argument in numbers for argument in arguments):
            return self.constant(op.evaluate([numbers[argument] for argument in arguments]))
        position = _simpler(self, op, arguments)
        if position is not None:
            return position
        in_any_order = op.commutative and len(arguments) == 2
        return self.statement(op, arguments, frozenset(arguments) if in_any_order else arguments)


def _simpler(recorder: Recorder, op: Primitive, arguments: tuple[int, ...]) -> int | None:
    """Return a statement that computes the same as an operation, but for rounding, with less work; None without one."""
    statements = recorder.statements
    ops, arguments_of = statements.ops, statements.arguments
    match op, arguments, tuple(map(statements.numbers.get, arguments)):
        case (table.MULTIPLY | table.DIVIDE | table.POWER, (a, _), (_, 1.0)) | (table.MULTIPLY, (_, a), (1.0, _)):
            return a
        case (table.MULTIPLY, (a, _), (_, -1.0)) | (table.MULTIPLY, (_, a), (-1.0, _)):
            return recorder.operation(table.NEGATIVE, (a,))
        case table.NEGATIVE, (a,), _ if ops[a] is table.NEGATIVE:
            return arguments_of[a][0]
        case table.ADD, (_, a), (0.0, _) if _is_never_minus_zero(statements, a):  # Python's sum() begins with 0
            return a
        case table.ADD, (a, b), _ if table.NEGATIVE in {ops[a], ops[b]}:
            term, other = (b, a) if ops[b] is table.NEGATIVE else (a, b)
            return recorder.operation(table.SUBTRACT, (other, *arguments_of[term]))
        case table.POWER, (a, _), (_, -1.0):
            return recorder.operation(table.DIVIDE, (recorder.constant(1.0), a))
        case table.POWER, (a, _), (_, 2.0):
            return recorder.operation(table.MULTIPLY, (a, a))
        case table.POWER, (a, _), (_, 3.0):
            return recorder.operation(table.MULTIPLY, (recorder.operation(table.MULTIPLY, (a, a)), a))
    return None


NEVER_NEGATIVE = {table.ABS, table.EXP, table.SIGMOID, table.SOFTPLUS, table.COSH, table.RELU, table.ACOS}
"""The rows whose result is never below 0, nor -0.0."""


def _is_never_minus_zero(statements: Statements, position: int) -> bool:
    """Return whether 0 + x is x; for x = -0.0 it is 0.0."""
    op, arguments = statements.ops[position], statements.arguments[position]
    return op in NEVER_NEGATIVE or (op is table.MULTIPLY and arguments[0] == arguments[1])


def trace(
    outputs: Outputs | Callable[..., Outputs],
    inputs: Sequence[Value],
    parameters: Sequence[Value],
    *,
    gradients: bool,
    max_nodes: int,
) -> Statements:
    """Return the statements of a graph, and of the gradient of its first output.

    Arguments:
        outputs: Values; or a function of the inputs that returns them, which is called once, and traced.
        inputs: leaves that vary over the batch; gradients are with respect to variables, not to constants.
        parameters: leaves that the points of the batch share, variables or constants too.
        gradients: whether the first output is to be differentiated: with respect to the inputs, for each point, which
            become further outputs; and with respect to the parameters, summed over the batch, which become totals
            after the sum of the output itself.
        max_nodes: the largest number of nodes that the graph of the outputs may have, without the gradient's.

    Raises:
        ValueError: if a leaf of the graph was not declared, a constant that was has no label, a Value was declared
            twice, the graph is too large, or it has two primitives of one name, of which one replaced the other.
        TypeError: if something is not a Value; TracingError, if the function asks for the number of a Value.
        RuntimeError: if the graph is stale.

    >>> x, w = Value(2.0, "x"), Value(3.0, "w")
    >>> statements = trace((x * w).tanh(), [x], [w], gradients=True, max_nodes=1000)
    >>> [op.name for op in statements.ops]
    ['leaf', 'leaf', 'multiply', 'tanh', 'constant', 'multiply', 'subtract', 'multiply', 'multiply']
    """
    inputs, parameters = _check_leaves("inputs", inputs), _check_leaves("parameters", parameters)
    roots = _traced(lambda: _roots(outputs(*inputs))) if callable(outputs) else _roots(outputs)
    if not roots:
        raise ValueError("outputs must be at least one Value, received none")
    order = topological_order(*roots)
    if len(order) > max_nodes:
        raise ValueError(
            f"the graph has {len(order):,} nodes, more than max_nodes={max_nodes:,}; pass a larger max_nodes if this "
            "size is intended and fits in memory"
        )
    check_fresh(order)
    recorder = Recorder(inputs, parameters)
    recorder.record(order)
    statements, positions = recorder.statements, recorder.positions
    statements.backward = len(statements)
    statements.outputs, statements.roots = [positions[root] for root in roots], len(roots)
    for node in order:
        if node.label:
            statements.names.setdefault(positions[node], node.label)
    if gradients:
        first = topological_order(roots[0])
        slopes = _traced(adjoints, first)
        statements.variables = [number for number, leaf in enumerate(parameters) if leaf.op is not CONSTANT]
        leaves = [leaf for leaf in (*inputs, *parameters) if leaf.op is not CONSTANT]
        gradient = recorder.results([slopes.get(leaf, 0.0) for leaf in leaves])
        first_total = len(leaves) - len(statements.variables)
        statements.outputs += gradient[:first_total]
        statements.totals = [positions[roots[0]], *gradient[first_total:]]
        for node in reversed(first):  # a signal before its bias, whose adjoint is the same
            slope = slopes.get(node)
            if node.label and isinstance(slope, Value) and positions.get(slope, -1) >= statements.backward:
                statements.names.setdefault(positions[slope], delta_name(node.label) or f"d_{node.label}")
    names = [op.name for op in statements.user_defined()]
    if len(set(names)) < len(names):
        raise ValueError(f"primitives of a graph must have different names, received {', '.join(sorted(names))}")
    return without_dead(statements)


def _roots(outputs: Outputs) -> list[Value]:
    if not isinstance(outputs, Value | Iterable):
        raise TypeError(f"outputs must be Values, or a function that returns them; received {reprlib.repr(outputs)}")
    return [outputs] if isinstance(outputs, Value) else list(outputs)


def _traced(function: Callable[..., Any], *arguments: Any) -> Any:
    """Call a function that must not ask for the number of a Value."""
    with tracing() as refused:
        result = function(*arguments)
    if refused:  # though the function went on, as after `except TypeError`
        raise TracingError(refused[0])
    return result


def _check_leaves(argument: str, values: Sequence[Value]) -> list[Value]:
    leaves = check_values(argument, values)
    for place, leaf in enumerate(leaves, start=1):
        if leaf.parents:
            raise ValueError(f"{argument} must be leaves, but number {place} was computed from others")
        if leaf.op is CONSTANT and not leaf.label:  # then `grad` may have put its number into the graph
            raise ValueError(f"a constant among {argument} must have a label; number {place}, {leaf.data}, has none")
    return leaves


def without_dead(statements: Statements) -> Statements:
    """Leave out the statements that no output and no total depends on; inputs and parameters stay."""
    alive = {*range(statements.inputs + statements.parameters), *statements.outputs, *statements.totals}
    for position in range(len(statements) - 1, -1, -1):
        if position in alive:
            alive.update(statements.arguments[position])
    new = {old: position for position, old in enumerate(sorted(alive))}
    return replace(
        statements,
        ops=[statements.ops[position] for position in new],
        arguments=[tuple([new[argument] for argument in statements.arguments[position]]) for position in new],
        numbers={new[position]: number for position, number in statements.numbers.items() if position in new},
        outputs=[new[position] for position in statements.outputs],
        totals=[new[position] for position in statements.totals],
        backward=sum(position < statements.backward for position in new),
        names={new[at]: name for at, name in statements.names.items() if at in new and at not in statements.numbers},
    )
