"""Value: a number that remembers how it was computed, so that its derivatives can be computed.

Read this module from the top; the first screens hold the whole idea.

- A `Value` is a node of the computation graph: `data` is its number, `parents` are the Values it was computed from, in
  order, and `op` is the row of the table in `primitives.py` that computed it. A Value that you made is a leaf; a
  number in an expression becomes a constant, which has no gradient.
- Inside, the parents are stored as `_first` and `_rest`, each None if there is none; in a sum of more than two terms,
  `_rest` is a tuple of all but the first.
- `record` makes such a node, once for each operation, while an expression is computed (the forward pass).
- `topological_order` lists the nodes of a graph, each after its parents.
- `chain_rule` goes through that list in reverse (the backward pass). At each edge it does what `pass_on` does, which is
  the chain rule. `Value.backward` stores the results as `grad`.

After that come the operators and functions of `Value`, one line each. Copies, pickles, changed numbers and traced
functions have their own module, `graph.py`. (To trace a function is to record its graph once for all numbers; while
it is traced, no number in it may be read or compared.) In signatures, `x: Operand` means that x is a Value or a
number; Python ignores such annotations, and so may the reader. `def f(*numbers)` collects any number of arguments in a
tuple, the call `f(*numbers)` passes the entries of a tuple or list as arguments, and `(a, *numbers)` is the tuple of a
and these entries.
"""

# `functools.partial` fixes some arguments of a function, `itertools.chain` joins lists, `operator` has operators as
# functions, `reprlib` shortens texts in error messages, and Number is any number. The names from `collections.abc` and
# `typing` are used in annotations; NamedTuple is also a base class, of Step.
import functools
import itertools
import math
import operator
import reprlib
import warnings
from collections.abc import Callable, KeysView
from numbers import Number
from typing import Any, NamedTuple, NoReturn, SupportsFloat, TypeAlias

from autograd_lite import primitives as table

# CLOCK counts changes of numbers, and CHANGED_AFTERWARDS stands for a time before all of them. A node is stale if the
# number of a parent was changed after it was computed. TRACING is empty while no function is traced. `elsewhere` makes
# an attribute whose error says what to write instead, and `reduce_node` prepares a node for `pickle`.
from autograd_lite.graph import (
    CHANGED_AFTERWARDS,
    CLOCK,
    TRACING,
    copy_graph,
    describe,
    elsewhere,
    is_stale,
    label_error,
    reduce_node,
    refuse_if_traced,
    stale_error,
)
from autograd_lite.labels import clean  # makes a label safe to show

# LEAF and CONSTANT are the `op` of Values that no operation computed.
from autograd_lite.primitives import CONSTANT, LEAF, Primitive, as_float

Operand: TypeAlias = "Value | SupportsFloat"
"""The argument of an operation: a Value, or a number, which becomes a constant of the graph."""


def record(op: Primitive, *arguments: Operand) -> "Value":
    """Return a new node of the graph: op(*arguments), computed now.

    Raises:
        TypeError: if an argument is neither a Value nor a real number.

    >>> record(table.ADD, Value(1.0), 2.0, 3.0).data
    6.0
    """
    # as_operand makes a number a constant; it needs the place, 1, 2, ..., only for its error message.
    parents = tuple([a if type(a) is Value else as_operand(a, op, place) for place, a in enumerate(arguments, start=1)])
    node = new_value()  # an empty node; setting its attributes here is faster than __init__
    node._number = op.evaluate([parent._number for parent in parents])
    node._grad = node._adjoint = None
    node.label = ""
    node.op = op
    node._set_parents(parents)
    return node


def topological_order(*roots: "Value") -> "list[Value]":
    """List the roots and all nodes they were computed from, each after its parents, level by level.

    A node's level is higher than its parents' levels, so it is enough to reach every node once and to sort by level.
    Within a level, nodes keep the order in which the expression was written. (Two threads must not do this on one graph
    at the same time, because each marks the nodes that it has reached.)

    >>> a = Value(1.0, label="a"); b = a + a; b.label = "b"; c = b + b; c.label = "c"
    >>> [node.label for node in topological_order(c)]
    ['a', 'b', 'c']
    """
    waiting = [check_value("root", root) for root in reversed(roots)]  # reversed, because pop takes the last
    levels: list[list[Value]] = [[] for _ in range(1 + max([root.level for root in waiting], default=0))]
    reached = object()  # the mark of this walk, equal to no other object; a set of the nodes reached would be slower
    while waiting:
        node = waiting.pop()
        if node._adjoint is reached:
            continue
        node._adjoint = reached
        levels[node.level].append(node)
        if type(node._rest) is tuple:
            waiting.extend(reversed(node._rest))
        elif node._rest is not None:
            waiting.append(node._rest)
        if node._first is not None:
            waiting.append(node._first)
    return list(itertools.chain.from_iterable(levels))  # one list of all of them


class Step(NamedTuple):  # a tuple whose entries have names: step.node, step.parent, ...
    """One application of the chain rule, at the edge from a node to one of its parents.

    d root/d parent += d root/d node * d node/d parent, that is: total += share, with share = upstream * slope.
    """

    node: "Value"
    parent: "Value"
    place: int
    """Which argument of the node the parent is here, from 0; x * x has two edges to x."""
    slope: float
    """The local partial derivative d node/d parent."""
    upstream: float
    """The complete gradient of the node."""
    share: float
    """upstream * slope."""
    total: float
    """The sum of all shares that the parent has received so far, including this one."""


def pass_on(node: "Value", _place: int, parent: "Value", slope: Any, arguments: tuple[Any, ...]) -> None:
    """Apply the chain rule at one edge: dL/dparent += dL/dnode * dnode/dparent.

    Arguments:
        node, _place, parent: the edge; the parent is the argument at that place of the node. (This
            function ignores the place; others that `chain_rule` may call at an edge use it.)
        slope: the row's local partial derivative for that place: a function of the arguments, or a float.
        arguments: the result of the node, then its arguments.

    Raises:
        RuntimeError: if the node is stale, that is, the number of the parent was changed after the forward pass.
    """
    if parent._time > node._time:
        raise stale_error(node)
    if parent.op is CONSTANT:
        return  # a constant has no gradient
    share = node._adjoint * (slope if type(slope) is float else slope(*arguments))
    # The famous +=: a parent may be used by several nodes, or twice by one, so its shares are added up.
    parent._adjoint = share if parent._adjoint is None else parent._adjoint + share


def chain_rule(
    order: "list[Value]",
    seed: Any = 1.0,
    read: "Callable[[Value], Any] | None" = None,
    at_edge: Callable[["Value", int, "Value", Any, tuple[Any, ...]], None] = pass_on,
) -> None:
    """Compute each node's adjoint, the derivative of the last node in a topological order with respect to it.

    The adjoint is left in `node._adjoint`; it is None where the last node does not depend on the node, and for
    constants. (Two threads must not do this on one graph at the same time.)

    Arguments:
        order: nodes, each after its parents.
        seed: the derivative of the last node with respect to itself.
        read: returns what the slopes receive for a node; if None, its number. (If it returns the node itself, the
            gradient is a graph.)
        at_edge: the function that is called at each edge.

    Raises:
        RuntimeError: if the graph is stale.

    Equation: dL/dp = sum_c dL/dc dc/dp, summed over all nodes c that p is an argument of (multivariable chain rule;
    lecture 14, slide "Computing Partial Derivatives").
    """
    for node in order:
        node._adjoint = None
    order[-1]._adjoint = seed
    is_plain = at_edge is pass_on and read is None
    for node in reversed(order):  # children first: a node's adjoint is complete before it is passed on
        upstream, first, second = node._adjoint, node._first, node._rest
        if upstream is None or first is None:
            continue  # the last node does not depend on it; or it is a leaf
        slopes: tuple[Any, ...] = node.op.slopes
        if not is_plain or type(second) is tuple:
            parents = node.parents
            arguments = tuple([value._number if read is None else read(value) for value in (node, *parents)])
            # slopes_of returns one slope for each parent; strict makes sure that there are as many as parents.
            for place, (parent, slope) in enumerate(zip(parents, node.op.slopes_of(len(parents)), strict=True)):
                at_edge(node, place, parent, slope, arguments)
        elif second is None:
            pass_on(node, 0, first, slopes[0], (node._number, first._number))
        else:  # two parents, nearly always: what pass_on does at each edge, written out because that is much faster
            if first._time > node._time or second._time > node._time:
                raise stale_error(node)
            if first.op is not CONSTANT:
                slope = slopes[0]
                if type(slope) is not float:
                    slope = slope(node._number, first._number, second._number)
                share = upstream * slope
                first._adjoint = share if first._adjoint is None else first._adjoint + share
            if second.op is not CONSTANT:
                slope = slopes[1]
                if type(slope) is not float:
                    slope = slope(node._number, first._number, second._number)
                share = upstream * slope
                second._adjoint = share if second._adjoint is None else second._adjoint + share


def backward_steps_of(order: "list[Value]") -> list[Step]:
    """Return the steps that `chain_rule` takes with numbers, in the same order and with the same arithmetic."""
    refuse_if_traced("its slopes are read as numbers, where grad(output, input) returns a graph")
    steps: list[Step] = []

    # A function inside a function, so that it can append to the steps
    def noted(node: Value, place: int, parent: Value, slope: Any, arguments: tuple[Any, ...]) -> None:
        pass_on(node, place, parent, slope, arguments)
        if parent.op is not CONSTANT:
            local = slope(*arguments) if callable(slope) else slope
            upstream = node._adjoint
            steps.append(Step(node, parent, place, local, upstream, upstream * local, parent._adjoint))

    chain_rule(order, at_edge=noted)
    return steps


class Value:
    """A number in a computation graph.

    Arguments:
        data: a real number; it becomes a Python float. If it is a Value, its data is copied.
        label: the name that pictures and explanations show; any text.

    Functions are methods, as in x.exp(), or come from this package. A Value never becomes a plain number by itself,
    because its gradient would be lost: `float(x)`, and with it `math.exp(x)`, is refused; the number is `x.data`.

    `x == y` is identity, so that a Value can be a dictionary key, and comparing with a number by == is refused.
    `x < y` compares the numbers; so `max(0, x)` returns one of its arguments, without a node (see `maximum`).

    Attributes:
        op: the primitive that computed this Value; LEAF if you made it, CONSTANT if it was a number in an expression.
        level: the largest number of operations between this Value and a leaf; 0 for a leaf.

    Raises:
        TypeError: if data is not a real number, or label is not text.
        OverflowError: if data is an integer too large for a float.

    >>> a, b = Value(2.0, label="a"), Value(-3.0, label="b")
    >>> c = a * b + 10
    >>> c.backward()
    >>> c.data, a.grad, b.grad
    (4.0, -3.0, 2.0)
    """

    # `__slots__` names all attributes that a Value can have; with `__weakref__`, other objects can refer to a Value
    # without keeping it in memory. Slots instead of a dictionary for each Value save time and memory. One or two
    # parents are stored without a tuple: with a tuple for each node, Python's garbage collector would have twice as
    # many objects to visit. `_time` is when a node was computed, or a leaf last changed, counted in changes (CLOCK, in
    # graph.py): a parent that is newer than its node makes the node stale. `_adjoint` is where `topological_order`
    # leaves its mark, and then `chain_rule` adds up. `_number` is `data`; it is not called `_data`, which NumPy reads
    # from masked arrays.
    __slots__ = (
        "__weakref__", "_adjoint", "_first", "_grad", "_number", "_rest", "_time", "label", "level", "op",
    )  # fmt: skip

    # `others` are extra arguments, which other engines take; the error says so.
    def __init__(self, data: Operand, label: str = "", *others: object) -> None:
        if not isinstance(label, str) or others:
            raise label_error(label, *others)
        self._number: float = data.data if isinstance(data, Value) else as_float(data, "data")
        self._grad: float | None = None
        self.label = label
        self.op: Primitive = LEAF
        self._first: Any = None
        self._rest: Any = None
        self._adjoint: Any = None
        self._time = 0
        self.level = 0

    @property  # so it is node.parents, without parentheses
    def parents(self) -> tuple["Value", ...]:
        """The Values that this one was computed from, in order: x * x has two parents, both x."""
        first, rest = self._first, self._rest
        if first is None:
            return ()
        if rest is None:
            return (first,)
        return (first, *rest) if type(rest) is tuple else (first, rest)

    def _set_parents(self, parents: tuple["Value", ...]) -> None:
        self._first = parents[0] if parents else None
        self._rest = None if len(parents) < 2 else parents[1] if len(parents) == 2 else parents[1:]
        self._time = CLOCK.now if parents else 0
        self.level = 1 + max([parent.level for parent in parents], default=-1)

    # The two passes over the graph

    def backward(self) -> None:
        """Compute `grad` for every node of the graph (reverse mode): the derivative of this Value with respect to it.

        The gradient of a leaf is added to the one it has, so set that to 0 first; all others are recomputed.

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
        refuse_if_traced("backward() is called, where grad(output, input) returns a graph")
        if self.op is CONSTANT:
            return  # it does not vary with anything
        order = topological_order(self)
        chain_rule(order)
        finite = True
        for node in order:
            adjoint = node._adjoint
            if adjoint is not None:
                if node.level:
                    node._grad = adjoint
                else:  # a leaf; if anything in the graph is infinite or nan, a leaf is too
                    node._grad = adjoint if node._grad is None else node._grad + adjoint
                    finite = finite and math.isfinite(adjoint)
        if not finite:
            warn_of_first_non_finite(order)

    def forward(self) -> "Value":
        """Recompute this Value in place after the data of a leaf has changed, and return it.

        The gradients of interior nodes belong to the old numbers and are cleared; the gradients of leaves stay.

        >>> x = Value(3.0)
        >>> y = x * x
        >>> x.data = 5.0
        >>> y.forward().data
        25.0
        """
        now = CLOCK.tick()
        for node in topological_order(self):
            if node.level:
                node._grad = None
            if is_stale(node):
                node._number = node.op.evaluate([parent._number for parent in node.parents])
                node._time = now
        return self

    # The number and its gradient

    @property
    def data(self) -> float:
        """The number. After changing it, call `forward()` on a result to recompute what depends on it."""
        if TRACING:  # see the first lines of this file
            refuse_if_traced("its number is read")
        return self._number

    @data.setter  # called for x.data = number
    def data(self, data: SupportsFloat) -> None:
        refuse_if_traced("its number is set")
        number = as_float(data, "data")
        # Is it another number? 0.0 == -0.0, but 1 / x differs, so the signs are compared too: copysign returns 1 or -1.
        if number != self._number or math.copysign(1.0, number) != math.copysign(1.0, self._number):
            self._number = number
            # A result that was set counts as older than all its parents, so it is stale.
            self._time = CLOCK.tick() if self.level == 0 else CHANGED_AFTERWARDS

    @property
    def grad(self) -> float:
        """The derivative of the root with respect to this Value; 0.0 until a backward pass has computed it."""
        if TRACING:
            refuse_if_traced("its gradient is read, where grad(output, input) returns a graph")
        return 0.0 if self._grad is None else self._grad

    @grad.setter
    def grad(self, grad: SupportsFloat) -> None:
        self._grad = as_float(grad, "grad")

    @property
    def has_grad(self) -> bool:
        """Whether `grad` was computed or set; if False, `grad` reads as 0.0."""
        return self._grad is not None

    # Operators: each adds one node to the graph. A number beside a Value becomes a constant. Python calls the methods
    # that begin with r where the operand on the left, other, is a number.

    # fmt: off
    def __add__(self, other: Operand) -> "Value": return binary(table.ADD, self, other)
    def __radd__(self, other: Operand) -> "Value": return binary(table.ADD, other, self)  # other + self
    def __sub__(self, other: Operand) -> "Value": return binary(table.SUBTRACT, self, other)
    def __rsub__(self, other: Operand) -> "Value": return binary(table.SUBTRACT, other, self)  # other - self
    def __mul__(self, other: Operand) -> "Value": return binary(table.MULTIPLY, self, other)
    def __rmul__(self, other: Operand) -> "Value": return binary(table.MULTIPLY, other, self)  # other * self
    def __truediv__(self, other: Operand) -> "Value": return binary(table.DIVIDE, self, other)
    def __rtruediv__(self, other: Operand) -> "Value": return binary(table.DIVIDE, other, self)  # other / self
    def __floordiv__(self, other: Operand) -> "Value": return binary(table.FLOOR_DIVIDE, self, other)
    def __rfloordiv__(self, other: Operand) -> "Value": return binary(table.FLOOR_DIVIDE, other, self)  # other // self
    def __mod__(self, other: Operand) -> "Value": return binary(table.REMAINDER, self, other)
    def __rmod__(self, other: Operand) -> "Value": return binary(table.REMAINDER, other, self)  # other % self
    def __divmod__(self, other: Operand) -> "tuple[Value, Value]": return self // other, self % other
    def __rdivmod__(self, other: Operand) -> "tuple[Value, Value]": return other // self, other % self
    def __pow__(self, other: Operand) -> "Value": return binary(table.POWER, self, other)
    def __rpow__(self, other: Operand) -> "Value": return binary(table.POWER, other, self)  # other ** self
    def __neg__(self) -> "Value": return unary(table.NEGATIVE, self)
    def __pos__(self) -> "Value": return self
    def __abs__(self) -> "Value": return unary(table.ABS, self)
    # fmt: on

    # Functions, as methods; NumPy calls them by these names for the elements of its object arrays

    def exp(self) -> "Value":
        """Return e to the power of this Value."""
        return unary(table.EXP, self)

    def expm1(self) -> "Value":
        """Return e to the power of this Value, minus 1, accurate near 0."""
        return unary(table.EXPM1, self)

    def exp2(self) -> "Value":
        """Return 2 to the power of this Value."""
        return unary(table.EXP2, self)

    def log(self) -> "Value":
        """Return the natural logarithm."""
        return unary(table.LOG, self)

    def log1p(self) -> "Value":
        """Return log(1 + self), accurate near 0."""
        return unary(table.LOG1P, self)

    def log2(self) -> "Value":
        """Return the logarithm to base 2."""
        return unary(table.LOG2, self)

    def log10(self) -> "Value":
        """Return the logarithm to base 10."""
        return unary(table.LOG10, self)

    def sqrt(self) -> "Value":
        """Return the square root."""
        return unary(table.SQRT, self)

    def cbrt(self) -> "Value":
        """Return the cube root."""
        return unary(table.CBRT, self)

    def hypot(self, y: Operand) -> "Value":
        """Return the distance of the point (self, y) from (0, 0)."""
        return record(table.HYPOT, self, y)

    def sin(self) -> "Value":
        """Return the sine."""
        return unary(table.SIN, self)

    def cos(self) -> "Value":
        """Return the cosine."""
        return unary(table.COS, self)

    def tan(self) -> "Value":
        """Return the tangent."""
        return unary(table.TAN, self)

    def asin(self) -> "Value":
        """Return the inverse sine."""
        return unary(table.ASIN, self)

    def acos(self) -> "Value":
        """Return the inverse cosine."""
        return unary(table.ACOS, self)

    def atan(self) -> "Value":
        """Return the inverse tangent."""
        return unary(table.ATAN, self)

    def atan2(self, x: Operand) -> "Value":
        """Return the angle of the point (x, self)."""
        return record(table.ATAN2, self, x)

    def sinh(self) -> "Value":
        """Return the hyperbolic sine."""
        return unary(table.SINH, self)

    def cosh(self) -> "Value":
        """Return the hyperbolic cosine."""
        return unary(table.COSH, self)

    def tanh(self) -> "Value":
        """Return the hyperbolic tangent."""
        return unary(table.TANH, self)

    def asinh(self) -> "Value":
        """Return the inverse hyperbolic sine."""
        return unary(table.ASINH, self)

    def acosh(self) -> "Value":
        """Return the inverse hyperbolic cosine."""
        return unary(table.ACOSH, self)

    def atanh(self) -> "Value":
        """Return the inverse hyperbolic tangent."""
        return unary(table.ATANH, self)

    # NumPy's names for them
    arcsin, arccos, arctan, arctan2, arcsinh, arccosh, arctanh = asin, acos, atan, atan2, asinh, acosh, atanh

    def erf(self) -> "Value":
        """Return the error function."""
        return unary(table.ERF, self)

    def sigmoid(self) -> "Value":
        """Return the logistic function 1 / (1 + exp(-self))."""
        return unary(table.SIGMOID, self)

    def softplus(self) -> "Value":
        """Return log(1 + exp(self))."""
        return unary(table.SOFTPLUS, self)

    def relu(self) -> "Value":
        """Return the larger of this Value and 0."""
        return unary(table.RELU, self)

    def leaky_relu(self, negative_slope: Operand = 0.01) -> "Value":
        """Return this Value where it is positive, else negative_slope times it."""
        return record(table.LEAKY_RELU, self, negative_slope)

    # Comparisons use the numbers; equality and hash use identity, so that a Value can be a dictionary key.
    # (`operator.lt(a, b)` is `a < b`, as a function.)

    # fmt: off
    def __lt__(self, other: Operand) -> bool: return compare(operator.lt, self, other)
    def __le__(self, other: Operand) -> bool: return compare(operator.le, self, other)
    def __gt__(self, other: Operand) -> bool: return compare(operator.gt, self, other)
    def __ge__(self, other: Operand) -> bool: return compare(operator.ge, self, other)
    # fmt: on

    # `{other!r:.50}` is repr(other), cut after 50 characters. NotImplemented tells Python to ask the other object.
    def __eq__(self, other: object) -> bool:
        if isinstance(other, Number):
            refuse_if_traced(f"it is compared with {other!r:.50}")
            raise TypeError(f"a Value cannot be compared with a number by ==: write x.data == {other!r:.50}")
        return self is other if isinstance(other, Value) else NotImplemented

    __hash__ = object.__hash__  # a class with its own __eq__ has no hash unless it says so

    def __bool__(self) -> bool:
        refuse_if_traced("its truth value is asked for")
        raise TypeError(
            "the truth value of a Value is not defined, because `if v:` would freeze one branch into the graph; "
            "compare its number instead, as in `if v.data != 0:`"
        )

    # round(x, 2) passes the number of digits too.
    def __float__(self, *_digits: object) -> NoReturn:
        refuse_if_traced("it is converted to a plain number")
        raise TypeError(
            "a Value does not become a plain number by itself, because its gradient would be lost: use the functions "
            "of autograd_lite or the methods, as in x.exp() for math.exp(x); where only the number is wanted, write "
            "x.data, as in round(x.data, 2)"
        )

    # Python calls __index__ in range(x), and as_integer_ratio in statistics.mean.
    __int__ = __index__ = __complex__ = __round__ = __trunc__ = as_integer_ratio = __float__

    def __repr__(self) -> str:
        refuse_if_traced("it is written as text")
        label = f", label={self.label!r}" if self.label else ""
        return f"Value(data={self._number}, grad={self.grad}{label})"

    def __format__(self, specification: str) -> str:  # for f"{x:.2f}"
        return format(self.data, specification) if specification else repr(self)

    def conjugate(self) -> "Value":
        """Return this Value, which is real; NumPy asks for this in `var`, `std` and `vdot`."""
        return self

    # What other engines call it: errors that say what to write here, and two names of micrograd

    item = numpy = detach = tolist = elsewhere("the number of a Value is x.data")
    requires_grad = elsewhere("every Value has a gradient, except constants: constant(2.0)")
    zero_grad = elsewhere("set x.grad = 0 for each leaf before the next backward()")
    _backward = elsewhere("the slopes of an operation are in its row of the table: x.op.slopes")

    @property
    def _op(self) -> str:
        return self.op.symbol

    @property
    def _prev(self) -> KeysView["Value"]:
        return dict.fromkeys(self.parents).keys()  # each parent once, in order

    # How the functions of `primitives`, `copy` and `pickle` take a Value: `__record__` is our own name, and the others
    # are Python's. `memo` holds the copy of each original by its id. `pickle` writes objects to files, and `__reduce__`
    # returns what it stores: a function that builds the object again, and its arguments.

    @staticmethod  # a function in a class, without self
    def __record__(op: Primitive, arguments: tuple[Any, ...]) -> "Value":
        return unary(op, *arguments) if len(arguments) == op.arity == 1 else record(op, *arguments)

    def __copy__(self) -> "Value":
        return self.__deepcopy__({})  # on the same leaves, a copy's gradients would be added to the original's

    def __deepcopy__(self, memo: dict[int, Any]) -> "Value":
        copy_graph(self, memo)
        return memo[id(self)]

    def __reduce__(self) -> tuple[Any, ...]:
        refuse_if_traced("it is pickled")
        return reduce_node(self)


# How a node is made

new_value = functools.partial(object.__new__, Value)  # new_value() is a Value without attributes


def constant(data: SupportsFloat, label: str = "") -> Value:
    """Return a node of the graph for a number that does not vary: it is shown, but has no gradient.

    A number in an expression becomes a constant by itself; use this function to label it, or to use one node in many
    places.

    >>> one = constant(1.0, label="o_0")
    >>> (one + Value(2.0)).data
    3.0
    """
    value = Value(data, label)
    value.op = CONSTANT
    return value


def as_operand(argument: Operand, op: Primitive, place: int) -> Value:
    """Return an argument of an operation as a Value: a number becomes a constant. `place` is for the error message.

    Raises:
        TypeError: if it is neither a Value nor a real number.
    """
    if isinstance(argument, Value):
        return argument
    return constant(argument if type(argument) is float else as_float(argument, f"argument {place} of {op.symbol}"))


def unary(op: Primitive, a: Value) -> Value:
    """Return the same as `record(op, a)`, but faster."""
    node = new_value()
    node._number = op.compute(a._number)
    node._grad = node._adjoint = None
    node.label = ""
    node.op = op
    node._first, node._rest = a, None
    node._time = CLOCK.now
    node.level = 1 + a.level
    return node


def binary(op: Primitive, a: Operand, b: Operand) -> Value:
    """Return the same as `record(op, a, b)`, but faster; operators leave unknown types to Python."""
    if type(a) is not Value or type(b) is not Value:
        try:
            a, b = as_operand(a, op, 1), as_operand(b, op, 2)
        except TypeError:
            if isinstance(a, str | list | tuple) or isinstance(b, str | list | tuple):
                raise  # our message says more than Python's
            # This tells Python to ask the other operand: a NumPy array then takes this one element by element.
            return NotImplemented
    node = new_value()
    node._number = op.compute(a._number, b._number)
    node._grad = node._adjoint = None
    node.label = ""
    node.op = op
    node._first, node._rest = a, b
    node._time = CLOCK.now
    node.level = 1 + (a.level if a.level > b.level else b.level)
    return node


def compare(comparison: Callable[[float, float], bool], a: Value, b: Operand) -> bool:
    """Return the result of comparing the numbers."""
    refuse_if_traced("it is compared with another")
    try:
        return comparison(a._number, b._number if isinstance(b, Value) else as_float(b, "the other operand"))
    except TypeError:
        return NotImplemented


# Checks and warnings


def check_value(argument: str, value: object) -> Value:
    """Check that an argument is a Value, and return it.

    Raises:
        TypeError: naming the argument, if it is not a Value.
    """
    if not isinstance(value, Value):
        raise TypeError(f"{argument} must be a Value, not {type(value).__name__}: {reprlib.repr(value)}")
    return value


def warn_of_first_non_finite(order: list[Value]) -> None:
    """Warn once, naming the node at which the backward pass first met an infinite or undefined gradient."""
    # `next` returns the first element of such a comprehension.
    step = next(step for step in backward_steps_of(order) if not math.isfinite(step.total))
    warnings.warn(
        f"a gradient is {step.total}: it first arose at {describe(step.node)}, with respect to its argument "
        f"{clean(step.parent.label) or step.parent._number}, where the local partial derivative is {step.slope} and "
        f"the upstream gradient {step.upstream}",
        RuntimeWarning,
        stacklevel=3,  # the warning points to the line that called backward()
    )
