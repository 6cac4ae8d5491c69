"""Value: a number that remembers how it was computed, and so can say how it depends on what it was computed from.

Read it from the top. `Value` is a node of the computation graph: its `data` is the number, its `parents` are the Values
that it was computed from, and its `op` is the row of the table of primitives that computed it. `chain_rule` walks over
the graph once, backward, and is the only place where the chain rule is written.
"""

import itertools
import math
import operator
import reprlib
import threading
import warnings
from collections.abc import Callable, Iterator, KeysView
from contextlib import contextmanager
from typing import Any, NamedTuple, SupportsFloat, TypeAlias

from autograd_lite.labels import clean
from autograd_lite.primitives import (
    ABS,
    ACOS,
    ACOSH,
    ADD,
    ASIN,
    ASINH,
    ATAN,
    ATAN2,
    ATANH,
    CONSTANT,
    COS,
    COSH,
    DIVIDE,
    ERF,
    EXP,
    EXPM1,
    FLOOR_DIVIDE,
    LEAF,
    LEAKY_RELU,
    LOG,
    LOG1P,
    MULTIPLY,
    NEGATIVE,
    POWER,
    RELU,
    REMAINDER,
    SIGMOID,
    SIN,
    SINH,
    SOFTPLUS,
    SQRT,
    SUBTRACT,
    TAN,
    TANH,
    Primitive,
    as_float,
)  # fmt: skip

Operand: TypeAlias = "Value | SupportsFloat"
"""What an operator of Value takes beside it: another Value, or a number, which becomes a constant of the graph."""

CHANGES = itertools.count(1)
"""The times at which numbers are changed."""

TRACING: dict[int, list[str]] = {}
"""The threads in which a function is being traced, where nothing may depend on the number of a Value; and what did."""


class Value:
    """A number in a computation graph.

    Arguments:
        data: a real number; it becomes a Python float. A Value gives a new leaf with the same data.
        label: the name that pictures and explanations show; any text.

    Functions are methods, as in x.exp(), or come from this package. The functions of `math` leave the graph: they take
    float(x), the number alone.

    Attributes:
        op: the primitive that computed this Value; LEAF if you made it, CONSTANT if it was a number in an expression.
        level: how many operations lie, at most, between this Value and a leaf.

    Raises:
        TypeError: if data is no real number, or label no text.
        OverflowError: if data is an integer too large for a float.

    >>> a, b = Value(2.0, label="a"), Value(-3.0, label="b")
    >>> c = a * b + 10
    >>> c.backward()
    >>> c.data, a.grad, b.grad
    (4.0, -3.0, 2.0)
    """

    # Two parents have slots of their own, the others of a long sum share one: with a tuple for each node, Python's
    # garbage collector would have twice as many objects to visit.
    __slots__ = ("__weakref__", "_changed", "_data", "_first", "_grad", "_others", "_second", "label", "level", "op")

    def __init__(self, data: Operand, label: str = "") -> None:
        if not isinstance(label, str):
            raise TypeError(f"label must be text, not {type(label).__name__}: {label!r}")
        self._data: float = data.data if isinstance(data, Value) else as_float(data, "data")
        self._grad: float | None = None
        self.label = label
        self.op: Primitive = LEAF
        self._first: Any = None
        self._second: Any = None
        self._others: tuple[Value, ...] = ()
        self.level = 0
        self._changed = 0

    @property
    def parents(self) -> tuple["Value", ...]:
        """The Values that it was computed from, in order: x * x has two parents, both x."""
        if self._second is None:
            return () if self._first is None else (self._first,)
        if self._others:
            return (self._first, self._second, *self._others)
        return self._first, self._second

    def _set_parents(self, parents: tuple["Value", ...]) -> None:
        self._first, self._second, *_ = *parents, None, None
        self._others = parents[2:]
        self.level = 1 + max([parent.level for parent in parents], default=-1)
        self._changed = max([parent._changed for parent in parents], default=0)

    @property
    def data(self) -> float:
        """The number. If you change it, `forward()` of a result computes anew what depends on it."""
        if TRACING:
            refuse_if_traced("its number is read")
        return self._data

    @data.setter
    def data(self, data: SupportsFloat) -> None:
        number = as_float(data, "data")
        if number != self._data or math.copysign(1.0, number) != math.copysign(1.0, self._data):  # 0.0 is not -0.0
            self._data = number
            self._changed = next(CHANGES)

    @property
    def grad(self) -> float:
        """The derivative of the root with respect to this Value; 0.0 until a backward pass has computed it."""
        return 0.0 if self._grad is None else self._grad

    @grad.setter
    def grad(self, grad: SupportsFloat) -> None:
        self._grad = as_float(grad, "grad")

    @property
    def has_grad(self) -> bool:
        """Whether `grad` was computed or set; "not computed" is not 0.0."""
        return self._grad is not None

    # Operators: each adds one node to the graph. A number beside a Value becomes a constant.

    def __add__(self, other: Operand) -> "Value":
        return binary(ADD, self, other)

    def __radd__(self, other: Operand) -> "Value":  # other + self, where other is a number
        return binary(ADD, other, self)

    def __sub__(self, other: Operand) -> "Value":
        return binary(SUBTRACT, self, other)

    def __rsub__(self, other: Operand) -> "Value":  # other - self
        return binary(SUBTRACT, other, self)

    def __mul__(self, other: Operand) -> "Value":
        return binary(MULTIPLY, self, other)

    def __rmul__(self, other: Operand) -> "Value":  # other * self
        return binary(MULTIPLY, other, self)

    def __truediv__(self, other: Operand) -> "Value":
        return binary(DIVIDE, self, other)

    def __rtruediv__(self, other: Operand) -> "Value":  # other / self
        return binary(DIVIDE, other, self)

    def __floordiv__(self, other: Operand) -> "Value":
        return binary(FLOOR_DIVIDE, self, other)

    def __rfloordiv__(self, other: Operand) -> "Value":  # other // self
        return binary(FLOOR_DIVIDE, other, self)

    def __mod__(self, other: Operand) -> "Value":
        return binary(REMAINDER, self, other)

    def __rmod__(self, other: Operand) -> "Value":  # other % self
        return binary(REMAINDER, other, self)

    def __pow__(self, other: Operand) -> "Value":
        return binary(POWER, self, other)

    def __rpow__(self, other: Operand) -> "Value":  # other ** self
        return binary(POWER, other, self)

    def __neg__(self) -> "Value":
        return record(NEGATIVE, self)

    def __pos__(self) -> "Value":
        return self

    def __abs__(self) -> "Value":
        return record(ABS, self)

    # Functions, as methods; NumPy calls them by these names for the elements of its object arrays

    def exp(self) -> "Value":
        """e to the power of this Value."""
        return record(EXP, self)

    def expm1(self) -> "Value":
        """e to the power of this Value, minus 1, accurate near 0."""
        return record(EXPM1, self)

    def log(self) -> "Value":
        """The natural logarithm."""
        return record(LOG, self)

    def log1p(self) -> "Value":
        """log(1 + self), accurate near 0."""
        return record(LOG1P, self)

    def sqrt(self) -> "Value":
        """The square root."""
        return record(SQRT, self)

    def sin(self) -> "Value":
        """The sine."""
        return record(SIN, self)

    def cos(self) -> "Value":
        """The cosine."""
        return record(COS, self)

    def tan(self) -> "Value":
        """The tangent."""
        return record(TAN, self)

    def asin(self) -> "Value":
        """The inverse sine."""
        return record(ASIN, self)

    def acos(self) -> "Value":
        """The inverse cosine."""
        return record(ACOS, self)

    def atan(self) -> "Value":
        """The inverse tangent."""
        return record(ATAN, self)

    def atan2(self, x: Operand) -> "Value":
        """The angle of the point (x, self)."""
        return record(ATAN2, self, x)

    def sinh(self) -> "Value":
        """The hyperbolic sine."""
        return record(SINH, self)

    def cosh(self) -> "Value":
        """The hyperbolic cosine."""
        return record(COSH, self)

    def tanh(self) -> "Value":
        """The hyperbolic tangent."""
        return record(TANH, self)

    def asinh(self) -> "Value":
        """The inverse hyperbolic sine."""
        return record(ASINH, self)

    def acosh(self) -> "Value":
        """The inverse hyperbolic cosine."""
        return record(ACOSH, self)

    def atanh(self) -> "Value":
        """The inverse hyperbolic tangent."""
        return record(ATANH, self)

    arcsin, arccos, arctan, arctan2, arcsinh, arccosh, arctanh = asin, acos, atan, atan2, asinh, acosh, atanh

    def erf(self) -> "Value":
        """The error function."""
        return record(ERF, self)

    def sigmoid(self) -> "Value":
        """The logistic function 1 / (1 + exp(-self))."""
        return record(SIGMOID, self)

    def softplus(self) -> "Value":
        """log(1 + exp(self))."""
        return record(SOFTPLUS, self)

    def relu(self) -> "Value":
        """The larger of this Value and 0."""
        return record(RELU, self)

    def leaky_relu(self, negative_slope: Operand = 0.01) -> "Value":
        """This Value where it is positive, else negative_slope times it."""
        return record(LEAKY_RELU, self, negative_slope)

    # Comparisons compare the numbers; equality and hash are those of the object, so that a Value can be a key

    def __lt__(self, other: Operand) -> bool:
        return compare(operator.lt, self, other)

    def __le__(self, other: Operand) -> bool:
        return compare(operator.le, self, other)

    def __gt__(self, other: Operand) -> bool:
        return compare(operator.gt, self, other)

    def __ge__(self, other: Operand) -> bool:
        return compare(operator.ge, self, other)

    def __eq__(self, other: object) -> bool:
        if TRACING and not isinstance(other, Value):
            refuse_if_traced(f"it is compared with {other!r:.50}")
        return self is other

    __hash__ = object.__hash__

    def __bool__(self) -> bool:
        refuse_if_traced("its truth is asked for")
        raise TypeError(
            "the truth of a Value is not defined, because `if v:` would freeze one branch into the graph; "
            "compare its number instead, as in `if v.data != 0:`"
        )

    def __float__(self) -> float:
        return self.data

    def __repr__(self) -> str:
        label = f", label={self.label!r}" if self.label else ""
        return f"Value(data={self._data}, grad={self.grad}{label})"

    def __format__(self, specification: str) -> str:
        return format(self._data, specification) if specification else repr(self)

    # The two sweeps over the graph

    def forward(self) -> "Value":
        """Compute this Value anew, in place, after the data of a leaf has changed; gives this Value.

        Gradients of the interior nodes, which belonged to the old numbers, are forgotten; those of leaves stay.

        >>> x = Value(3.0)
        >>> y = x * x
        >>> x.data = 5.0
        >>> y.forward().data
        25.0
        """
        for node in topological_order(self):
            if node.level:
                node._data = node.op.compute(*[parent._data for parent in node.parents])
                node._changed = max([parent._changed for parent in node.parents])
                node._grad = None
        return self

    def backward(self) -> None:
        """Reverse mode: give every node of the graph its `grad`, the derivative of this Value with respect to it.

        A leaf's gradient is added to the one it has, until you set it to 0; the others are computed afresh.

        Raises:
            RuntimeError: if a number was changed after the forward pass; no gradient is touched then.

        Warns:
            RuntimeWarning: if a gradient is infinite or nan, naming the operation where it arose.

        >>> x = Value(3.0)
        >>> y = x ** 3
        >>> y.backward()
        >>> x.grad
        27.0
        >>> y.backward()
        >>> x.grad
        54.0
        """
        if self.op is CONSTANT:
            return  # it varies with nothing
        order = topological_order(self)
        check_fresh(order)
        gradients = chain_rule(order, operator.attrgetter("_data"))
        for node, gradient in gradients.items():
            node._grad = gradient if node.level else node.grad + gradient  # level 0: a leaf
        if not all(map(math.isfinite, gradients.values())):
            warn_of_first_non_finite(order)

    # What micrograd calls them

    @property
    def _op(self) -> str:
        return self.op.symbol

    @property
    def _prev(self) -> KeysView["Value"]:
        return dict.fromkeys(self.parents).keys()

    # How the functions of `primitives` and the modules `copy` and `pickle` take a Value

    @staticmethod
    def __record__(op: Primitive, arguments: tuple[Operand, ...]) -> "Value":
        return record(op, *arguments)

    def __copy__(self) -> "Value":
        return self.__deepcopy__({})  # on the same leaves, a copy's gradients would be added to the original's

    def __deepcopy__(self, memo: dict[int, Any]) -> "Value":
        for node in topological_order(self):  # parents first, so no recursion, however deep the graph is
            if id(node) not in memo:
                memo[id(node)] = _copy_of(node, tuple(memo[id(parent)] for parent in node.parents))
        return memo[id(self)]  # type: ignore[no-any-return]

    def __reduce__(self) -> tuple[Any, ...]:
        if self.level == 0:
            return _restore_leaf, (self.op, self._data, self._grad, self.label)
        order = topological_order(self)
        check_fresh(order)  # the times of changes hold in this process only
        index = {node: position for position, node in enumerate(order)}
        leaves = [node for node in order if node.level == 0]  # they come first in the order
        rows = [
            (node.op, node._data, node._grad, node.label, [index[parent] for parent in node.parents])
            for node in order[len(leaves) :]
        ]
        return _restore_graph, (leaves, rows)


# How a node is made


def constant(data: SupportsFloat, label: str = "") -> Value:
    """A number of the graph that is no variable: it is shown, and never given a gradient.

    A number mixed into an expression becomes one by itself; this gives it a name, or makes one node serve many.

    >>> one = constant(1.0, label="o_0")
    >>> (one + Value(2.0)).data
    3.0
    """
    value = Value(data, label)
    value.op = CONSTANT
    return value


def as_operand(argument: Operand, op: Primitive, place: int) -> Value:
    """The argument of an operation, at that place, as a Value: a number becomes a constant.

    Raises:
        TypeError: if it is neither a Value nor a real number.
    """
    if isinstance(argument, Value):
        return argument
    return constant(argument if type(argument) is float else as_float(argument, f"argument {place} of {op.symbol}"))


def record(op: Primitive, *arguments: Operand) -> Value:
    """The node for op(*arguments), computed now.

    Raises:
        TypeError: if an argument is neither a Value nor a real number.
    """
    parents = tuple([as_operand(argument, op, place) for place, argument in enumerate(arguments, start=1)])
    node: Value = object.__new__(Value)
    node._data = op.compute(*[parent._data for parent in parents])
    node._grad = None
    node.label = ""
    node.op = op
    node._set_parents(parents)
    return node


def binary(op: Primitive, a: Operand, b: Operand) -> Value:
    """`record` for the operators, which are most of a graph: faster, and leaves unknown types to Python."""
    if type(a) is not Value or type(b) is not Value:
        try:
            a, b = as_operand(a, op, 1), as_operand(b, op, 2)
        except TypeError:
            if isinstance(a, str | list | tuple) or isinstance(b, str | list | tuple):
                raise
            # So Python asks the other operand: a NumPy array then takes this one element by element.
            return NotImplemented  # type: ignore[no-any-return]
    node: Value = object.__new__(Value)
    node._data = op.compute(a._data, b._data)
    node._grad = None
    node.label = ""
    node.op = op
    node._first, node._second, node._others = a, b, ()
    node._changed = a._changed if a._changed > b._changed else b._changed
    node.level = 1 + (a.level if a.level > b.level else b.level)
    return node


def compare(comparison: Callable[[float, float], bool], a: Value, b: Operand) -> bool:
    """The comparison of the numbers."""
    refuse_if_traced("it is compared with another")
    try:
        return comparison(a._data, b._data if isinstance(b, Value) else as_float(b, "the other operand"))
    except TypeError:
        return NotImplemented  # type: ignore[no-any-return]


# How a function is traced: its graph is recorded once, and stands for all numbers


class TracingError(TypeError):
    """The graph of a traced function would depend on the number of a Value, as it does where Python branches on it."""


@contextmanager
def tracing() -> Iterator[list[str]]:
    """While it lasts, this thread is refused the numbers of Values; what it records then holds for all numbers.

    Gives the list of what was refused, in words.

    >>> x = Value(3.0)
    >>> with tracing():
    ...     y = x if x > 0 else -x  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    autograd_lite.value.TracingError: a Value cannot be asked for its number while a function is traced: here it is ...
    """
    thread = threading.get_ident()
    outer = TRACING.get(thread)
    refused = TRACING[thread] = []
    try:
        yield refused
    finally:
        del TRACING[thread]
        if outer is not None:
            TRACING[thread] = outer


def refuse_if_traced(what: str) -> None:
    """Make sure that this thread is tracing no function.

    Raises:
        TracingError: if it is; `what` says how the number would matter.
    """
    refused = TRACING.get(threading.get_ident())
    if refused is not None:
        refused.append(
            f"a Value cannot be asked for its number while a function is traced: here {what}. The program would be "
            "frozen to this one number; write a branch with relu, abs, maximum or minimum, and take functions such as "
            "sin from autograd_lite, not from math"
        )
        raise TracingError(refused[-1])


# How a graph is walked


def check_value(argument: str, value: object) -> "Value":
    """The Value, if it is one.

    Raises:
        TypeError: naming the argument, if not.
    """
    if not isinstance(value, Value):
        raise TypeError(f"{argument} must be a Value, not {type(value).__name__}: {reprlib.repr(value)}")
    return value


def topological_order(*roots: Value) -> list[Value]:
    """All nodes that the roots were computed from, and the roots: each after its parents, level by level.

    A node's level is higher than those of its parents, so sorting by level is all it takes. Within a level the order
    is that in which the expression was written.

    >>> a = Value(1.0, label="a"); b = a + a; b.label = "b"; c = b + b; c.label = "c"
    >>> [node.label for node in topological_order(c)]
    ['a', 'b', 'c']
    """
    reached: dict[Value, None] = {}
    stack = [check_value("root", root) for root in reversed(roots)]
    while stack:
        node = stack.pop()
        if node not in reached:
            reached[node] = None
            stack.extend(reversed(node.parents))
    return sorted(reached, key=operator.attrgetter("level"))


class Step(NamedTuple):
    """One application of the chain rule, at the edge from a node to one of its parents.

    d root/d parent += d root/d node * d node/d parent, that is: total += share, with share = upstream * slope.
    """

    node: Value
    parent: Value
    slope: Any
    upstream: Any
    share: Any
    total: Any


def chain_rule(
    order: list[Value],
    read: Callable[[Value], Any],
    times: Callable[[Any, Any], Any] = operator.mul,
    observe: Callable[[Step], object] | None = None,
) -> dict[Value, Any]:
    """The gradient of the last node of a topological order with respect to each node, constants left out.

    Arguments:
        order: nodes, each after its parents.
        read: what stands for a node in the slopes: its number, or the node itself when the gradient is to be a graph.
        times: how an upstream gradient and a slope are multiplied.
        observe: is called with each step.

    The equation, summed over all nodes c that p is an argument of: dL/dp = sum_c dL/dc dc/dp (multivariable chain rule;
    lecture 14, slide "Computing Partial Derivatives").
    """
    gradients: dict[Value, Any] = {order[-1]: 1.0}
    for node in reversed(order):  # children first: a node's gradient is complete before it is passed on
        if node.level and node in gradients:
            upstream = gradients[node]
            parents = node.parents
            out_and_arguments = [read(node), *map(read, parents)]
            for parent, slope_of in zip(parents, node.op.slopes_of(len(parents)), strict=True):
                if parent.op is not CONSTANT:
                    slope = slope_of(*out_and_arguments) if callable(slope_of) else slope_of
                    share = times(upstream, slope)
                    gradients[parent] = gradients[parent] + share if parent in gradients else share
                    if observe:
                        observe(Step(node, parent, slope, upstream, share, gradients[parent]))
    return gradients


def is_stale(node: Value) -> bool:
    """Whether a number has been changed since this node was computed from it.

    Each change has a time, and a node keeps the latest of its parents' times.

    >>> x = Value(2.0)
    >>> y = x * x
    >>> x.data = 3.0
    >>> is_stale(y)
    True
    """
    if node._second is None or node._others:
        return node.level > 0 and node._changed != max([parent._changed for parent in node.parents])
    a, b = node._first._changed, node._second._changed  # of two parents, by far the most common, without a list
    return bool(node._changed != (a if a > b else b))


def check_fresh(order: list[Value]) -> None:
    """Make sure that no node is stale, so that the slopes are those of the forward pass.

    Raises:
        RuntimeError: if a number was changed.
    """
    for node in order:
        if is_stale(node):
            raise RuntimeError(
                f"the graph is stale: the data of a Value was changed after {describe(node)} was computed from it; "
                "call forward() on the root first, or build the expression anew"
            )


def describe(node: Value) -> str:
    """A node in words, for messages: its label, its operation, and the numbers that went in.

    >>> describe(Value(2.0, label="a") * 3)
    'multiply(a=2.0, 3.0) = 6.0'
    """
    arguments = [
        f"{clean(parent.label)}={parent._data}" if parent.label else str(parent._data) for parent in node.parents[:4]
    ]
    more = ["..."] if len(node.parents) > len(arguments) else []
    label = f"{clean(node.label)!r} = " if node.label else ""
    return f"{label}{node.op.name}({', '.join(arguments + more)}) = {node._data}"


def warn_of_first_non_finite(order: list[Value]) -> None:
    """Warn once, naming the node at which the backward sweep first met an infinite or undefined gradient."""
    steps: list[Step] = []
    chain_rule(order, operator.attrgetter("_data"), observe=steps.append)
    step = next(step for step in steps if not math.isfinite(step.total))
    warnings.warn(
        f"a gradient is {step.total}: it first arose at {describe(step.node)}, with respect to its argument "
        f"{clean(step.parent.label) or step.parent._data}, where the local partial derivative is {step.slope} and the "
        f"upstream gradient {step.upstream}",
        RuntimeWarning,
        stacklevel=3,
    )


# How a graph is copied


def _copy_of(node: Value, parents: tuple[Value, ...]) -> Value:
    copy = _restore_leaf(node.op, node._data, node._grad, node.label)
    copy._set_parents(parents)
    copy._changed = node._changed
    return copy


def _restore_leaf(op: Primitive, data: float, grad: float | None, label: str) -> Value:
    leaf = Value(data)
    leaf.op, leaf._grad, leaf.label = op, grad, label
    return leaf


def _restore_graph(leaves: list[Value], rows: list[tuple[Primitive, float, float | None, str, list[int]]]) -> Value:
    nodes = list(leaves)
    for op, data, grad, label, positions in rows:
        node = _restore_leaf(op, data, grad, label)
        node._set_parents(tuple(nodes[position] for position in positions))
        nodes.append(node)
    return nodes[-1]
