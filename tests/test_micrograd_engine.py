"""Code that was written for micrograd's engine runs unchanged: its own tests, its notebook, the lecture's calls.

Source: https://github.com/karpathy/micrograd, test/test_engine.py and trace_graph.ipynb. There PyTorch computes what is
expected; here stand its numbers.
"""

import pytest

from autograd_lite import Value


def test_sanity_check():
    x = Value(-4.0)
    z = 2 * x + 2 + x
    q = z.relu() + z * x
    h = (z * z).relu()
    y = h + q + q * x
    y.backward()
    assert y.data == -20.0
    assert x.grad == 46.0


def test_more_ops():
    a = Value(-4.0)
    b = Value(2.0)
    c = a + b
    d = a * b + b**3
    c += c + 1
    c += 1 + c + (-a)
    d += d * 2 + (b + a).relu()
    d += 3 * d + (b - a).relu()
    e = c - d
    f = e**2
    g = f / 2.0
    g += 10.0 / f
    g.backward()
    assert g.data == pytest.approx(24.70408163265306, rel=1e-14)
    assert a.grad == pytest.approx(138.83381924198252, rel=1e-14)
    assert b.grad == pytest.approx(645.5772594752186, rel=1e-14)


def trace(root):
    """The function `trace` of micrograd's notebook trace_graph.ipynb, as it stands there."""
    nodes, edges = set(), set()

    def build(v):
        if v not in nodes:
            nodes.add(v)
            for child in v._prev:
                edges.add((child, v))
                build(child)

    build(root)
    return nodes, edges


def test_trace_of_the_notebook():
    x = Value(1.0)
    y = (x * 2 + 1).relu()
    y.backward()
    nodes, edges = trace(y)
    assert sorted((n._op, n.data, n.grad) for n in nodes) == [
        ("", 1.0, 0.0),
        ("", 1.0, 2.0),
        ("", 2.0, 0.0),
        ("*", 2.0, 1.0),
        ("+", 3.0, 1.0),
        ("ReLU", 3.0, 1.0),
    ]
    assert sorted((parent.data, child.data) for parent, child in edges) == [
        (1.0, 2.0),
        (1.0, 3.0),
        (2.0, 2.0),
        (2.0, 3.0),
        (3.0, 3.0),
    ]


def test_draw_dot_of_the_notebook():
    """The body of `draw_dot`, with a list in the place of graphviz: all names that it makes are there and differ."""
    drawn = []
    nodes, edges = trace(Value(2.0) * Value(-3.0))
    for n in nodes:
        drawn.append((str(id(n)), "{ data %.4f | grad %.4f }" % (n.data, n.grad)))  # noqa: UP031
        if n._op:
            drawn.append((str(id(n)) + n._op, n._op))
    names = {name for name, _ in drawn}
    assert len(names) == len(drawn) == 4
    assert {label for _, label in drawn} == {
        "{ data 2.0000 | grad 0.0000 }",
        "{ data -3.0000 | grad 0.0000 }",
        "{ data -6.0000 | grad 0.0000 }",
        "*",
    }
    for n1, n2 in edges:
        assert {str(id(n1)), str(id(n2)) + n2._op} <= names


def test_prev_is_a_set_and_op_is_a_text():
    a, b = Value(2.0), Value(3.0)
    assert (a * b)._prev == {a, b}
    assert (a * a)._prev == {a}
    assert (a * b)._prev | {a} == {a, b}
    assert a._prev == set()
    assert len((a - b)._prev) == 2
    assert a in (a + b)._prev
    assert [v._op for v in (a, a + b, a * b, a**2, a.relu(), a.tanh())] == ["", "+", "*", "**", "ReLU", "tanh"]


def test_methods_that_are_called_on_the_class():
    x = Value(0.5)
    assert Value.tanh(x).data == 0.46211715726000974
    assert Value.exp(x).data == 1.6487212707001282
    assert Value.relu(x).data == 0.5
    assert [v.data for v in map(Value.relu, [Value(-1.0), Value(1.0)])] == [0.0, 1.0]
    assert Value.__add__(x, 1).data == 1.5


def test_sum_of_the_losses_and_a_step_of_descent():
    """The idioms of micrograd's demo: sum() of a list, a mean, gradients set to 0, weights moved in place."""
    weights = [Value(1.0), Value(-2.0)]
    losses = [(1 + -target * weight).relu() for weight, target in zip(weights, [1, 1], strict=True)]
    loss = sum(losses) * (1.0 / len(losses)) + 1e-4 * sum(p * p for p in weights)
    for p in weights:
        p.grad = 0
    loss.backward()
    # relu(1 - 1) = 0 has slope 0; relu(1 + 2) has slope 1. The penalty adds 2e-4 w.
    assert [p.grad for p in weights] == pytest.approx([2e-4, -0.5 - 4e-4], rel=1e-15)
    for p in weights:
        p.data -= 0.1 * p.grad
    assert [p.data for p in weights] == pytest.approx([1 - 2e-5, -2 + 0.05004], rel=1e-15)


def test_repr_is_that_of_micrograd():
    assert repr(Value(-4.0)) == "Value(data=-4.0, grad=0.0)"
