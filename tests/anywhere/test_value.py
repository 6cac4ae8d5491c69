"""Value: the operators, the graph that they build, and the two passes over it."""

import copy
import gc
import math
import operator
import tracemalloc
import weakref
from fractions import Fraction

import pytest
from dual_numbers import TRUTH, random_program
from random_graphs import build, chain

import autograd_lite
from anywhere import deep
from autograd_lite import PRIMITIVES, Primitive, Value, constant, topological_order
from autograd_lite import primitives as p
from autograd_lite.value import chain_rule

SMOOTH = [name for name in TRUTH if name not in {"floor_divide", "sign", "greater"}]


# Operators

OPERATORS = [operator.add, operator.sub, operator.mul, operator.truediv, operator.floordiv, operator.mod, operator.pow]


def test_operators_between_values():
    a, b = Value(7.0), Value(-2.0)
    assert [operate(a, b).data for operate in OPERATORS] == [5.0, 9.0, -14.0, -3.5, -4.0, -1.0, 1 / 49]
    assert (-a).data == -7
    assert abs(b).data == 2
    assert +a is a


def test_parents_are_in_order_and_repeated():
    a, b = Value(2.0), Value(3.0)
    assert (a - b).parents == (a, b)
    assert (b - a).parents == (b, a)
    assert (a * a).parents == (a, a)
    assert (2 - a).parents[1] is a
    assert autograd_lite.add(a, b, a).parents == (a, b, a)


@pytest.mark.parametrize("operate", [*OPERATORS, operator.matmul])
@pytest.mark.parametrize("other", ["a", None, 1j, [1.0], {}, object()])
def test_operators_refuse_what_is_not_a_number(operate, other):
    x = Value(2.0)
    for arguments in ((x, other), (other, x)):
        if arguments[0] == "a" and operate is operator.mod:
            continue  # "a" % x formats text
        ours = isinstance(other, str | list) and operate is not operator.matmul  # it says more than Python's message
        with pytest.raises(TypeError, match=r"argument [12] of .* must be a real number" if ours else "Value|str"):
            operate(*arguments)


# Constants


def test_constants_get_no_gradient():
    x, c = Value(3.0), constant(2.0, label="c")
    y = c * x + 4
    y.backward()
    assert x.grad == 2
    constants = [node for node in topological_order(y) if node.op is p.CONSTANT]
    assert sorted(node.data for node in constants) == [2.0, 4.0]
    assert not any(node.has_grad for node in constants)
    c.backward()  # even as the root
    assert not c.has_grad


def test_a_variable_exponent_and_a_variable_base():
    x, y = Value(2.0), Value(3.0)
    (x**y + 2**y).backward()
    assert x.grad == 12
    assert y.grad == pytest.approx(16 * math.log(2), rel=1e-15)


# Equality, comparisons, conversion


def test_equality_and_hash_are_by_identity():
    a, b = Value(1.0), Value(1.0)
    assert a == a
    assert a != b
    assert len({a, b, a}) == 2
    assert {a: "a", b: "b"}[b] == "b"
    assert a != "1.0"
    assert a != None  # noqa: E711
    h = hash(a)
    a.data = 2.0
    assert hash(a) == h


@pytest.mark.parametrize(("a", "b"), [(7.5, 2.0), (-7.5, 2.0), (7.5, -2.0)])
def test_divmod_stays_in_the_graph(a, b):
    for quotient, remainder in (divmod(Value(a), Value(b)), divmod(Value(a), b), divmod(a, Value(b))):
        assert (quotient.data, remainder.data) == divmod(a, b)
        assert (quotient.op.name, remainder.op.name) == ("floor_divide", "remainder")


def test_the_truth_of_a_value_is_refused():
    for number in (0.0, 1.0):
        with pytest.raises(TypeError, match="truth value of a Value"):
            bool(Value(number))
    with pytest.raises(TypeError, match="truth value of a Value"):
        not Value(1.0)


@pytest.mark.parametrize(
    ("attribute", "advice"),
    [(name, r"the number of a Value is x\.data") for name in ("item", "detach", "numpy", "tolist")]
    + [("requires_grad", r"constant\(2\.0\)"), ("zero_grad", r"x\.grad = 0"), ("_backward", r"x\.op\.slopes")],
)
def test_names_of_other_engines_say_what_to_write_here(attribute, advice):
    x = Value(2.0)
    assert not hasattr(x, attribute)
    with pytest.raises(AttributeError, match=advice):
        getattr(x, attribute)
    with pytest.raises(AttributeError, match=advice):
        setattr(x, attribute, lambda: None)


@pytest.mark.parametrize("arguments", [((), "+"), ({1.0}, "*", "c"), ((),)], ids=range(3))
def test_the_arguments_of_other_engines_say_what_to_write_here(arguments):
    with pytest.raises(TypeError, match=r"label must be text, not (tuple|set): .* records its parents"):
        Value(2.0, *arguments)
    with pytest.raises(TypeError, match="a number and a label, but received 1 more"):
        Value(2.0, "x", "+")


def test_text():
    x = Value(2.5, label="x")
    assert f"{x:.3f}" == "2.500"
    assert f"{x:8.2e}" == "2.50e+00"
    assert f"{x}" == str(x) == repr(x) == "Value(data=2.5, grad=0.0, label='x')"


def test_the_first_gradient_of_a_leaf_keeps_the_sign_of_zero():
    x = Value(3.0)
    y = x * -0.0
    y.backward()
    assert math.copysign(1.0, x.grad) == -1.0
    y.backward()
    assert math.copysign(1.0, x.grad) == -1.0


# What a Value is made of


def test_bad_labels_are_refused_by_their_name():
    for label in (None, 1, ("a",)):
        with pytest.raises(TypeError, match="label must be text, not " + type(label).__name__):
            Value(1.0, label=label)


def test_integers_too_large_are_refused():
    for use in (Value, lambda number: Value(2.0) * number):
        with pytest.raises(OverflowError, match=r"(data|argument 2 of \*) is too large"):
            use(10**400)


def test_level_is_the_longest_way_to_a_leaf():
    a, b = Value(1.0), Value(2.0)
    deep = a.exp().exp().exp()
    assert [a.level, (a + b).level, deep.level, (deep * b).level, (b * deep).level] == [0, 1, 3, 4, 4]


# Backward


def test_leaves_accumulate_and_interior_nodes_do_not():
    """As in PyTorch; micrograd has 27, then 45."""
    x = Value(3.0)
    square = x * x
    cube = square * x
    aside = x * 5
    assert not any(v.has_grad for v in (x, square, cube))
    assert x.grad == square.grad == cube.grad == 0.0
    for count in (1, 2, 3):
        cube.backward()
        assert [v.grad for v in (x, square, cube)] == [27 * count, 3, 1]
    x.grad = 0
    (square * 2).backward()
    (square * 5).backward()
    assert [v.grad for v in (x, square, cube)] == [12 + 30, 5, 1]
    assert not aside.has_grad


@pytest.mark.parametrize(
    ("f", "slope"),
    [
        (lambda x: x, 1),
        (lambda x: x * x, 6),
        (lambda x: (x + x) + (x + x), 4),  # micrograd, issue 21
        (lambda x: (b := x + x) + b, 4),  # the smallest graph that needs a topological order
        (lambda x: autograd_lite.add(*[x] * 1000), 1000),
        (lambda x: x // 1, 0),  # "no influence" is an answer, unlike "not computed"
    ],
)
def test_a_leaf_is_reached_over_every_edge(f, slope):
    x = Value(3.0)
    root = f(x)
    for count in (1, 2):
        root.backward()
        assert x.has_grad
        assert x.grad == slope * count


# Random graphs against dual numbers


@pytest.mark.parametrize("start", range(0, 300, 50))
def test_random_graphs_agree_with_dual_numbers(start):
    """Values and gradients of 300 graphs with shared parts, at 1e-12 relative to the sum over all paths."""
    for seed in range(start, start + 50):
        program = random_program(seed)
        inputs, nodes = build(program)
        nodes[-1].backward()
        expected = program.duals[-1]
        assert nodes[-1].data == pytest.approx(expected.value, rel=1e-12, abs=1e-12), seed
        for value, tangent, size in zip(inputs, expected.tangents, expected.sizes, strict=True):
            assert value.grad == pytest.approx(tangent, rel=1e-12, abs=1e-12 * size), seed


def test_random_graphs_use_every_smooth_primitive():
    """Otherwise the test above would cover less than it claims."""
    used = {name for seed in range(300) for name, _ in random_program(seed).lines}
    assert used >= set(SMOOTH)


# Exact fractions


class Exact:
    """A dual number of fractions: derivatives of rational expressions without any rounding."""

    def __init__(self, value, tangent=0):
        self.value, self.tangent = Fraction(value), Fraction(tangent)

    def __add__(self, other):
        return Exact(self.value + other.value, self.tangent + other.tangent)

    def __sub__(self, other):
        return Exact(self.value - other.value, self.tangent - other.tangent)

    def __mul__(self, other):
        return Exact(self.value * other.value, self.tangent * other.value + self.value * other.tangent)

    def __truediv__(self, other):
        return Exact(
            self.value / other.value, (self.tangent * other.value - self.value * other.tangent) / other.value**2
        )

    def __pow__(self, n):
        return Exact(self.value**n, n * self.value ** (n - 1) * self.tangent)

    def __neg__(self):
        return Exact(-self.value, -self.tangent)


@pytest.mark.parametrize(
    ("f", "numbers"),
    [
        (lambda x, y: (x + y) * (x - y) * (x * y - y), (3, -5)),
        (lambda x, y: x**3 * y**2 - x * y**4, (Fraction(3, 4), Fraction(-5, 8))),
        (lambda x, y: (x * x - y) / (y * y), (3, 4)),
        (lambda x, y: x / y / y - y / x, (2, -8)),
        (lambda x, y: x**-2 * y + (-x) ** 5, (Fraction(1, 2), 7)),
        (lambda x, y: (x + x) * (x + y) ** 4 / x, (4, -3)),
        (lambda x, y: ((x * y + y) * x + y) * x + y, (Fraction(-3, 2), Fraction(5, 4))),
    ],
)
def test_rational_expressions_are_exact(f, numbers):
    """Where every number on the way is a float, value and gradient are the exact fractions: no tolerance."""
    inputs = [Value(number) for number in numbers]
    output = f(*inputs)
    output.backward()
    for i, value in enumerate(inputs):
        exact = f(*[Exact(number, i == j) for j, number in enumerate(numbers)])
        assert Fraction(output.data) == exact.value
        assert Fraction(value.grad) == exact.tangent


# Forward


def test_forward_recomputes_in_place():
    x, w = Value(3.0), Value(2.0)
    product = x * w
    y = product.exp() + 1
    y.backward()
    grad = x.grad
    x.data, w.data, y.parents[1].data = 0.5, -1.0, 5.0  # the last is a constant
    assert y.forward() is y
    assert product.data == -0.5
    assert y.data == math.exp(-0.5) + 5
    assert not product.has_grad
    assert not y.has_grad
    assert x.grad == grad  # leaves keep theirs
    x.grad = 0
    y.backward()
    assert x.grad == -math.exp(-0.5)


def test_a_new_expression_from_a_changed_leaf_is_fresh():
    """The training loop: change the weights in place, build the expression again."""
    x = Value(1.0)
    for _ in range(3):
        x.grad = 0
        (x * x).backward()
        x.data -= 0.25 * x.grad
    assert x.data == 0.125


# Gradients that are not finite


def test_a_non_finite_gradient_warns_once_and_names_where():
    x, y = Value(0.0, label="x"), Value(2.0, label="y")
    root = x.sqrt()
    root.label = "root"
    loss = root * y + x * x
    with pytest.warns(RuntimeWarning) as caught:
        loss.backward()
    assert len(caught) == 1
    message = str(caught[0].message)
    for part in ("inf", "'root' = sqrt(x=0.0)", "argument x", "derivative is inf", "upstream gradient 2.0"):
        assert part in message
    assert caught[0].filename == __file__
    assert x.grad == math.inf
    assert y.grad == 0


def test_the_warning_names_the_first_node_of_many():
    """The division makes the first infinity; sinh and exp behind it only hand it on."""
    x = Value(0.0, label="x")
    y = 1 / x.sinh().expm1()
    with pytest.warns(RuntimeWarning, match=r"first arose at divide\(1\.0, 0\.0\)"):
        y.backward()


def test_a_warning_made_an_error_leaves_whole_gradients():
    x, y = Value(0.0), Value(2.0)
    with pytest.raises(RuntimeWarning):  # pytest makes warnings errors
        (x.sqrt() + y * 3).backward()
    assert x.grad == math.inf
    assert y.grad == 3


# Errors leave nothing half done


def test_an_error_in_a_slope_leaves_no_gradient():
    def fail(*_):
        raise ZeroDivisionError

    row = Primitive("of_a_test", "of_a_test", abs, [fail])
    try:
        x = Value(2.0)
        inner = row(x)
        y = inner * 3 + x
        with pytest.raises(ZeroDivisionError):
            y.backward()
        assert not any(v.has_grad for v in topological_order(y))
    finally:
        del PRIMITIVES["of_a_test"]


# Order


def test_topological_order_follows_the_writing():
    a, b, c, d = (Value(1.0, label=name) for name in "abcd")
    for roots, expected in [
        ([(a + b) * (c + d)], "a b c d + + *"),
        ([a - b, c / d], "a b c d - /"),
        ([autograd_lite.add(a, d, b, c)], "a d b c +"),
    ]:
        assert " ".join(node.label or node.op.symbol for node in topological_order(*roots)) == expected


def test_topological_order_of_several_roots():
    x = Value(2.0)
    y, z = x * x, x + 1
    assert set(topological_order(y, z)) == {x, y, z, z.parents[1]}
    assert topological_order() == []


@pytest.mark.parametrize(
    ("read", "expected"),
    [(None, 2 * (9 + 9) * (3 + 3)), (lambda node: 10 * node.data, 2 * (90 + 90) * (30 + 30))],
    ids=["the numbers", "ten times the numbers"],
)
def test_the_chain_rule_goes_on_past_what_the_last_node_does_not_depend_on(read, expected):
    x = Value(3.0)
    square = x * x
    other, last = (x * 5.0).tanh(), square * square
    order = topological_order(other, last)
    assert order[-2:] == [other, last]  # so that the chain rule meets the other one in between
    chain_rule(order, 2.0, read)
    assert (other._adjoint, last._adjoint, x._adjoint) == (None, 2.0, expected)


# Large graphs, and memory


@deep
def test_a_chain_of_a_million_nodes():
    """Built, differentiated, recomputed and freed without recursion."""
    x, y = chain(1_000_000)
    assert y.level == 1_000_000
    y.backward()
    assert x.grad == 1
    x.data = 2.0
    assert y.forward().data == 2
    alive = weakref.ref(y)
    del y
    assert alive() is None


@pytest.fixture
def no_collector():
    gc.collect()
    gc.disable()
    yield
    gc.enable()


@pytest.mark.usefixtures("no_collector")
def test_a_graph_goes_when_its_root_goes():
    """No reference cycles: even with the garbage collector off."""
    x = Value(0.5)
    inner = x.tanh()
    y = (inner * x + inner).exp()
    y.backward()
    y.forward()
    slope = autograd_lite.grad(y, x)
    duals = autograd_lite.forward_mode([y], {x: 1.0})
    twin = copy.deepcopy(y)
    alive = [weakref.ref(v) for v in (x, inner, y, slope, twin)]
    del duals, slope, twin, inner, y
    assert [ref() is None for ref in alive] == [False, True, True, True, True]
    del x
    assert alive[0]() is None


@pytest.mark.usefixtures("no_collector")
def test_memory_returns():
    def work():
        x, y = chain(2_000)
        (y * x).backward()
        autograd_lite.grad(y * x, x)

    tracemalloc.start()
    try:
        for _ in range(2):
            work()  # Python keeps a few thousand freed tuples for reuse
        before, _ = tracemalloc.get_traced_memory()
        tracemalloc.reset_peak()
        for _ in range(5):
            work()
        after, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak - before > 200_000
    assert after - before < 10_000
