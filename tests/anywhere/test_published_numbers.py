"""The engine against numbers that others have printed; each test names its source."""

import itertools
import math

import pytest

from autograd_lite import Value, cos, derivative, exp, grad, hessian, hessian_vector_product, log, maximum, sin, tanh


def differentiate(f, *numbers):
    """The value of f, and its gradient by a backward pass."""
    inputs = [Value(number) for number in numbers]
    output = f(*inputs)
    output.backward()
    return output.data, [value.grad for value in inputs]


def printed(number, digits):
    """The number is the printed one, to as many decimals as are printed."""
    return pytest.approx(number, abs=0.5 * 10.0**-digits)


# Papers and books


def test_baydin_tables_2_and_3():
    """Baydin, Pearlmutter, Radul and Siskind, JMLR 18(153), 2018: f = ln x1 + x1 x2 - sin x2 at (2, 5)."""
    value, gradient = differentiate(lambda x1, x2: log(x1) + x1 * x2 - sin(x2), 2, 5)
    assert value == printed(11.652, 3)
    assert gradient == [5.5, printed(1.716, 3)]


def test_griewank_and_walther_baby_example():
    """Griewank and Walther, "Evaluating Derivatives", tables 1.1 to 1.3, with the adjoints of all interior nodes.

    The book goes on with numbers rounded to four decimals, so its last one, 2.0167 for 2.01665, may be off by one.
    """
    x1, x2 = Value(1.5), Value(0.5)
    v1 = x1 / x2
    v2 = sin(v1)
    v3 = exp(x2)
    v4 = v1 - v3
    v5 = v2 + v4
    y = v5 * v4
    assert [v.data for v in (v1, v2, v3, v4, v5, y)] == [
        pytest.approx(number, abs=1e-4) for number in (3.0, 0.1411, 1.6487, 1.3513, 1.4924, 2.0167)
    ]
    y.backward()
    assert [v.grad for v in (v5, v4, v3, v2, v1, x1, x2)] == [
        pytest.approx(number, abs=1e-4) for number in (1.3513, 2.8437, -2.8437, 1.3513, 1.5059, 3.0118, -13.7239)
    ]
    # The same to all digits, by mpmath 1.3 with 60 digits.
    assert [x1.grad, x2.grad] == pytest.approx([3.0118433276739066, -13.723961509314073], rel=1e-14)


def test_speelpenning_product():
    """Speelpenning's product (Griewank and Walther, section 3.3): dy/dx_i = y / x_i; here exact integers."""
    value, gradient = differentiate(lambda *x: math.prod(x[1:], start=x[0]), *range(1, 11))
    assert value == math.factorial(10)
    assert gradient == [math.factorial(10) // i for i in range(1, 11)]


def test_wilkinson_polynomial():
    """Wilkinson 1959: w(x) = (x - 1)(x - 2)...(x - 20) has w'(20) = 19!, which a float holds exactly."""
    value, gradient = differentiate(lambda x: math.prod((x - i for i in range(2, 21)), start=x - 1), 20)
    assert value == 0
    assert gradient == [math.factorial(19)]


def test_nielsen_learning_neuron():
    """Nielsen, "Neural Networks and Deep Learning", chapter 3: 300 steps at rate 0.15 bring 0.82 to 0.09, 0.98 to 0.20.

    One sigmoid neuron with input 1 must learn to output 0, by the cost (y - a)^2 / 2.
    """
    for weight, bias, first, last in [(0.6, 0.9, 0.82, 0.09), (2.0, 2.0, 0.98, 0.20)]:
        w, b = Value(weight), Value(bias)
        output = (w * 1.0 + b).sigmoid()
        cost = output**2 / 2
        assert output.data == printed(first, 2)
        for _ in range(300):
            w.grad = b.grad = 0
            cost.backward()
            w.data -= 0.15 * w.grad
            b.data -= 0.15 * b.grad
            cost.forward()
        assert output.data == printed(last, 2)


def test_mazur_step_by_step():
    """Mazur 2015, "A step by step backpropagation example": outputs, error, all updated weights.

    The error after the update that the page prints, 0.291027924, comes from a bug that the author has fixed since
    (mattm/simple-neural-network, commit 4b6faac): hidden deltas from output weights that were already updated.
    """
    w1, w2, w3, w4, w5, w6, w7, w8 = w = [Value(number) for number in (0.15, 0.20, 0.25, 0.30, 0.40, 0.45, 0.50, 0.55)]
    hidden1 = (w1 * 0.05 + w2 * 0.10 + 0.35).sigmoid()
    hidden2 = (w3 * 0.05 + w4 * 0.10 + 0.35).sigmoid()
    output1 = (w5 * hidden1 + w6 * hidden2 + 0.60).sigmoid()
    output2 = (w7 * hidden1 + w8 * hidden2 + 0.60).sigmoid()
    error = 0.5 * (0.01 - output1) ** 2 + 0.5 * (0.99 - output2) ** 2
    assert [hidden1.data, hidden2.data] == [printed(0.593269992, 9), printed(0.596884378, 9)]
    assert [output1.data, output2.data] == [printed(0.75136507, 8), printed(0.772928465, 9)]
    assert error.data == printed(0.298371109, 9)
    error.backward()
    assert w5.grad == printed(0.082167041, 9)
    assert w1.grad == printed(0.000438568, 9)
    for weight in w:
        weight.data -= 0.5 * weight.grad
    assert [weight.data for weight in w] == [
        printed(number, 8)
        for number in (
            *(0.149780716, 0.19956143, 0.24975114, 0.29950229),
            *(0.35891648, 0.408666186, 0.511301270, 0.561370121),
        )
    ]
    assert error.forward().data == pytest.approx(0.29102777369359933, rel=1e-14)
    for _ in range(9_999):
        for weight in w:
            weight.grad = 0
        error.backward()
        for weight in w:
            weight.data -= 0.5 * weight.grad
        error.forward()
    assert [output1.data, output2.data] == [printed(0.015913620, 9), printed(0.984064274, 9)]


# Lectures


def test_cs231n_first_example():
    """CS231n, "Backpropagation, Intuitions": f = (x + y) z at (-2, 5, -4)."""
    assert differentiate(lambda x, y, z: (x + y) * z, -2, 5, -4) == (-12, [-4, -4, 3])


def test_cs231n_max():
    """CS231n: 2 (x y + max(z, w)) at (3, -4, 2, -1)."""
    assert differentiate(lambda x, y, z, w: 2 * (x * y + maximum(z, w)), 3, -4, 2, -1) == (-20, [-8, 6, 2, 0])


def test_cs231n_sigmoid_neuron():
    """CS231n: a sigmoid neuron with w = [2, -3, -3] and x = [-1, -2], by parts and by the one function."""

    def by_parts(w0, w1, w2, x0, x1):
        return 1 / (1 + exp(-(w0 * x0 + w1 * x1 + w2)))

    def by_function(w0, w1, w2, x0, x1):
        return (w0 * x0 + w1 * x1 + w2).sigmoid()

    for f in (by_parts, by_function):
        value, gradient = differentiate(f, 2, -3, -3, -1, -2)
        assert value == printed(0.73, 2)
        assert gradient == [printed(number, 2) for number in (-0.20, -0.39, 0.20, 0.39, -0.59)]


def test_cs231n_staged_computation():
    """CS231n: (x + sigmoid(y)) / (sigmoid(x) + (x + y)^2) at (3, -4); the numbers by mpmath 1.3 with 60 digits."""
    value, gradient = differentiate(lambda x, y: (x + y.sigmoid()) / (x.sigmoid() + (x + y) ** 2), 3, -4)
    assert value == pytest.approx(1.5456448841066441, rel=1e-15)
    assert gradient == pytest.approx([2.059569795572165, 1.5922327514838093], rel=1e-14)


def test_karpathy_expression():
    """Karpathy, "The spelled-out intro to neural networks and backpropagation": L = (a b + c) f at (2, -3, 10, -2)."""
    a, b, c, f = Value(2.0, label="a"), Value(-3.0, label="b"), Value(10.0, label="c"), Value(-2.0, label="f")
    e = a * b
    d = e + c
    L = d * f
    L.backward()
    assert L.data == -8
    assert [v.grad for v in (a, b, c, f)] == [6, -4, -2, 4]
    assert [v.grad for v in (e, d, L)] == [-2, -2, 1]


@pytest.mark.parametrize(
    "activation",
    [
        lambda n: n.tanh(),
        lambda n: ((2 * n).exp() - 1) / ((2 * n).exp() + 1),
    ],
    ids=["tanh", "by parts"],
)
def test_karpathy_neuron(activation):
    """Karpathy's lecture: the neuron whose bias is chosen so that its output is 1/sqrt(2); tanh whole and by parts."""

    def neuron(x1, x2, w1, w2, b):
        return activation(x1 * w1 + x2 * w2 + b)

    value, gradient = differentiate(neuron, 2.0, 0.0, -3.0, 1.0, 6.8813735870195432)
    assert value == pytest.approx(0.7071067811865476, rel=1e-15)
    assert gradient == pytest.approx([-1.5, 0.5, 1.0, 0.0, 0.5], rel=1e-14)


# Documentation of other systems


def test_micrograd_readme():
    """micrograd's README prints 24.7041, 138.8338 and 645.5773; these are the digits by PyTorch, as in its test."""

    def readme(a, b):
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
        return g

    value, gradient = differentiate(readme, -4.0, 2.0)
    assert value == pytest.approx(24.70408163265306, rel=1e-14)
    assert gradient == pytest.approx([138.83381924198252, 645.5772594752186], rel=1e-14)


def test_chain_rules_power():
    """ChainRules.jl's table for x^y at (2, 2): slopes 4 and 4 log 2."""
    assert differentiate(lambda x, y: x**y, 2, 2) == (4, [4, pytest.approx(2.772588722239781, rel=1e-15)])


def test_wikipedia_both_examples():
    """Wikipedia, "Automatic differentiation": z = x (x + y) + y y has slopes 7 and 8 at (2, 3); y = x1 x2 + sin x1."""
    assert differentiate(lambda x, y: x * (x + y) + y * y, 2, 3) == (19, [7, 8])
    value, gradient = differentiate(lambda x1, x2: x1 * x2 + sin(x1), math.pi / 6, 2)
    assert value == pytest.approx(math.pi / 3 + 0.5, rel=1e-15)
    assert gradient == pytest.approx([2 + math.sqrt(3) / 2, math.pi / 6], rel=1e-15)


def test_pytorch_tutorials():
    """PyTorch's tutorials: Q = 3 a^3 - b^2 has slopes 9 a^2 and -2 b; the mean of 3 (x + 2)^2 over ones has 4.5."""
    for a, b, expected in [(2, 6, [36, -12]), (3, 4, [81, -8])]:
        assert differentiate(lambda a, b: 3 * a**3 - b**2, a, b)[1] == expected
    assert differentiate(lambda *x: sum((v + 2) * (v + 2) * 3 for v in x) / 4, 1, 1, 1, 1) == (27, [4.5] * 4)


def test_tanh_in_the_documentation_of_jax_and_autograd():
    """JAX's README and cookbook (single precision), and HIPS autograd's README: derivatives of tanh at 1 and 2."""
    one, two = Value(1.0), Value(2.0)
    assert grad(tanh(one), one).data == pytest.approx(0.41997434161402603, rel=1e-15)
    assert derivative(tanh(one), one, 3).data == pytest.approx(0.62162673, rel=1e-6)
    assert [derivative(tanh(two), two, order).data for order in (1, 2, 3)] == pytest.approx(
        [0.070650816, -0.13621867, 0.25265405], rel=1e-6
    )


def test_zygote_and_tensorflow():
    """Zygote.jl's first example, (3 x^2 + 2 x + 1)' = 32 at 5; TensorFlow's guide, (x^3)' = 3 and (x^3)'' = 6 at 1."""
    assert differentiate(lambda x: 3 * x**2 + 2 * x + 1, 5) == (86, [32])
    x = Value(1.0)
    assert [derivative(x**3, x, order).data for order in (1, 2)] == [3, 6]


def test_scipy_rosenbrock():
    """SciPy's reference: the examples of rosen, rosen_der, rosen_hess and rosen_hess_prod."""

    def rosen(x):
        return sum(100 * (after - before**2) ** 2 + (1 - before) ** 2 for before, after in itertools.pairwise(x))

    assert rosen([Value(0.1 * i) for i in range(10)]).data == pytest.approx(76.56, rel=1e-14)
    x = [Value(0.1 * i) for i in range(9)]
    assert [entry.data for entry in grad(rosen(x), x)] == pytest.approx(
        [-2.0, 10.6, 15.6, 13.4, 6.4, -3.0, -12.4, -19.4, 62.0], rel=1e-13
    )
    product = hessian_vector_product(rosen(x), x, [0.5 * i for i in range(9)])
    assert [entry.data for entry in product] == pytest.approx(
        [0, 27, -10, -95, -192, -265, -278, -195, -180], rel=1e-13, abs=1e-13
    )
    x = x[:4]
    expected = [[-38, 0, 0, 0], [0, 134, -40, 0], [0, -40, 130, -80], [0, 0, -80, 200]]
    assert [[entry.data for entry in row] for row in hessian(rosen(x), x)] == [
        pytest.approx(row, rel=1e-13) for row in expected
    ]


# Known constants, as roots that Newton's method finds with the engine's derivatives


@pytest.mark.parametrize(
    ("f", "start", "root"),
    [
        (lambda x: x * x - 2, 1.0, 1.4142135623730951),
        (lambda x: cos(x) - x, 1.0, 0.7390851332151607),  # Dottie's number, OEIS A003957
        (lambda x: x * exp(x) - 1, 1.0, 0.5671432904097838),  # the omega constant, OEIS A030178
        (lambda x: x**3 - x - 1, 1.0, 1.324717957244746),  # the plastic ratio, OEIS A060006
        (lambda x: x**3 - 2 * x - 5, 2.0, 2.0945514815423265),  # Newton's own example of 1669, OEIS A007493
        (lambda x: log(x) - 1, 2.0, math.e),
        (sin, 3.0, math.pi),
    ],
    ids=["sqrt 2", "Dottie", "omega", "plastic", "Newton 1669", "e", "pi"],
)
def test_newton_finds_known_constants(f, start, root):
    x = Value(start)
    y = f(x)
    slope = grad(y, x)
    for _ in range(7):
        x.data -= y.data / slope.data
        y.forward()
        slope.forward()
    assert x.data == pytest.approx(root, rel=4e-16)
