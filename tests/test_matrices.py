"""The structure of matrices, found again in graphs of scalars; and, whatever is found, the numbers of `backward`."""

import itertools
import random

import numpy as np
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from programs import by_backward, random_case, student_network

from autograd_lite import PRIMITIVES, Value, add, constant, exp, log, sigmoid, sin, tanh
from autograd_lite.program.matrices import Constants, common_name, find_arrays, straight_line
from autograd_lite.program.python.interpreted import ArrayCode, Batches, Floats
from autograd_lite.program.python.source import array_source
from autograd_lite.program.statements import trace
from nn.mlp import ACTIVATIONS, MLP
from nn.training.losses import LOSSES

try:
    from autograd_lite.program.llvm.machine import Machine
except ImportError:
    Machine = None


def traced(root, inputs, parameters):
    for one in root if isinstance(root, list) else [root]:
        one.forward()
    return trace(root, inputs, parameters, gradients=True, max_nodes=10**6)


def back_ends(statements, machine=True):
    """All back ends, whatever the structure, and LLVM on the straight line too."""
    arrays = find_arrays(statements)
    yield "python", Floats(statements)
    yield "numpy", Batches(statements)
    if arrays.matrices:
        yield "arrays", ArrayCode(arrays)
    if machine and Machine is not None:
        yield "llvm", Machine(arrays)
        yield "llvm, straight line", Machine(straight_line(statements))


def check(root, inputs, parameters, *, seed=0, N=5, machine=True, scale=10.0, others=()):
    """Check all back ends against `backward`; return the arrays."""
    X = np.random.default_rng(seed).uniform(-1, 1, (N, len(inputs)))
    P = np.array([parameter.data for parameter in parameters])
    roots = [root, *others]
    statements = traced(roots, inputs, parameters)
    values, by_inputs, total, by_parameters = by_backward(root, inputs, parameters, X, P)
    columns = [values, *(by_backward(other, inputs, parameters, X, P)[0] for other in others), *by_inputs.T]
    for name, run in back_ends(statements, machine):
        outputs, totals = run(X, P)
        close = {"rtol": 1e-11, "atol": 1e-12 * scale, "err_msg": name}
        np.testing.assert_allclose(outputs, np.transpose(columns), **close)
        np.testing.assert_allclose(totals, [total, *by_parameters], **close)
    return find_arrays(statements)


def numbers(generator, labels):
    return [Value(generator.uniform(-1, 1), label) for label in labels]


def dense(generator, outputs, width, *, activation=tanh, label="w", bias=True):
    """A layer, and its parameters."""
    parameters, units = [], []
    for unit in range(width):
        weights = numbers(generator, [f"{label}{unit}_{a}" for a in range(len(outputs))])
        terms = [weight * o for weight, o in zip(weights, outputs, strict=True)]
        if bias:
            weights += numbers(generator, [f"{label}b{unit}"])
            terms.append(weights[-1])
        parameters += weights
        units.append(activation(add(*terms) if len(terms) > 1 else terms[0]))
    return units, parameters


# Networks


def mlp_graph(sizes, activation, loss, order=None):
    """Inputs, targets, parameters and error of an MLP, the weights in the rows of W^(1) .. W^(L)."""
    last = "linear" if loss != "squared_error" else activation
    net = MLP(sizes[0], sizes[1:], activation, output_activation=last, seed=1)
    inputs = [constant(0.1 * a, f"o_{a}^(0)") for a in range(1, sizes[0] + 1)]
    targets = [constant(1.0, f"y_{b}") for b in range(1, sizes[-1] + 1)]
    if loss == "softmax_cross_entropy":
        targets = [constant(float(b == 0), f"y_{b}") for b in range(sizes[-1])]
    rows = [[neuron.row for neuron in layer.neurons] for layer in net.layers]
    parameters = net.parameters()
    if order is not None:
        random.Random(order).shuffle(parameters)
    error = LOSSES[loss](net.outputs(inputs), targets)
    layers = [[[parameters.index(weight) for weight in row] for row in layer] for layer in rows]
    return inputs, targets, parameters, error, layers


def matmuls(arrays, backward):
    return [array for array in arrays.computed if array.op == "matmul" and array.backward is backward]


def expect_a_network(arrays, layers, softmax=False):
    """A matrix product for each layer, and backward for each hidden one; G^(l) = delta o^T for each layer."""
    shapes = [sorted([len(layer), len(layer[0])]) for layer in layers]
    forward = matmuls(arrays, False)
    assert [sorted([array.rows, len(array.matrix[0])]) for array in forward] == shapes
    for array, layer in zip(forward, layers, strict=True):
        assert {frozenset(row) for row in array.matrix} == {frozenset(row) for row in layer}
    backward = matmuls(arrays, True)
    hidden = [layer for layer in layers[:0:-1] if len(layer) > 1 or len(layer[0]) > 2]
    assert len(backward) == len(hidden)
    for array, layer in zip(backward, hidden, strict=True):  # the transpose, without the biases
        columns = {frozenset(column) for column in zip(*layer, strict=True)}
        assert {frozenset(row) for row in array.matrix} < columns
        assert array.rows == len(layer[0]) - 1
    total, *gradients = arrays.totals
    assert total.targets == ((0,),)
    for gradient in gradients:
        targets = {frozenset(target - 1 for target in row) for row in gradient.targets}
        assert any(targets <= {frozenset(row) for row in layer} for layer in layers)
    assert len(gradients) == len(layers) + (len(layers[-1]) > 2 and softmax)  # of whose maximum the last entry is alone


SIZES = [[2, 2, 1], [3, 4, 2], [1, 3, 1], [2, 5, 4, 3], [4, 2, 2, 2, 2], [3, 1, 3], [1, 2, 2]]


@pytest.mark.parametrize("sizes", SIZES)
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_the_matrices_of_an_mlp_are_found(sizes, activation):
    for order in (None, 1):
        inputs, targets, parameters, error, layers = mlp_graph(sizes, activation, "squared_error", order)
        expect_a_network(find_arrays(traced(error, [*inputs, *targets], parameters)), layers)


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("sizes", [[2, 3, 2], [3, 4, 4, 3]])
def test_the_matrices_are_found_whatever_the_loss(sizes, loss):
    inputs, targets, parameters, error, layers = mlp_graph(sizes, "tanh", loss, order=2)
    arrays = find_arrays(traced(error, [*inputs, *targets], parameters))
    expect_a_network(arrays, layers, loss == "softmax_cross_entropy")


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("loss", LOSSES)
def test_the_numbers_of_an_mlp(activation, loss):
    """The numbers of all back ends; LLVM is tried for a few, for it takes a while to compile."""
    machine = (activation, loss) in {
        ("tanh", "squared_error"),
        ("softplus", "softmax_cross_entropy"),
        ("relu", "hinge"),
    }
    inputs, targets, parameters, error, _ = mlp_graph([2, 3, 2], activation, loss, order=3)
    statements = traced(error, [*inputs, *targets], parameters)
    X = np.random.default_rng(0).uniform(-1, 1, (6, 2))
    Y = np.where(np.random.default_rng(1).random((6, 2)) < 0.5, -1.0, 1.0)
    if loss == "softmax_cross_entropy":
        Y = np.eye(2)[[0, 1, 1, 0, 0, 1]]
    P = np.array([parameter.data for parameter in parameters])
    truth = by_backward(error, [*inputs, *targets], parameters, np.hstack([X, Y]), P)
    for name, run in back_ends(statements, machine):
        outputs, totals = run(np.hstack([X, Y]), P)
        np.testing.assert_allclose(outputs[:, 0], truth[0], rtol=1e-12, atol=1e-13, err_msg=name)
        np.testing.assert_allclose(totals, [truth[2], *truth[3]], rtol=1e-11, atol=1e-13, err_msg=name)


@pytest.mark.parametrize("seed", range(25))
def test_the_matrices_of_a_students_network_are_found(seed):
    """Sums in any order and with any brackets, parameters in any order, some biases missing."""
    widths = [random.Random(seed).randint(2, 5) for _ in range(4)]
    inputs, targets, parameters, error = student_network(seed, widths)
    arrays = find_arrays(traced(error, [*inputs, *targets], parameters))
    covered = [number for array in matmuls(arrays, False) for row in array.matrix for number in row]
    assert sorted(covered) == list(range(len(parameters)))
    for layer, (columns, rows) in enumerate(itertools.pairwise(widths), start=1):
        products = [array for array in matmuls(arrays, False) if f"w{layer}_" in parameters[array.matrix[0][0]].label
                    or f"b{layer}_" in parameters[array.matrix[0][0]].label]  # fmt: skip
        assert 1 <= len(products) <= 2  # units with and without bias
        assert sum(array.rows for array in products) == rows
        assert {len(array.matrix[0]) for array in products} <= {columns, columns + 1}
    targets = sorted(target for total in arrays.totals for row in total.targets for target in row)
    assert targets == list(range(len(parameters) + 1))
    assert len(arrays.totals) <= 1 + 2 * len(widths)


def test_matrices_have_the_rows_of_the_parameters():
    """Row after row, as in the weights, so that they are parts of the parameters and nothing is copied."""
    inputs, targets, parameters, error, _ = mlp_graph([2, 3, 2], "tanh", "squared_error")
    arrays = find_arrays(traced(error, [*inputs, *targets], parameters))
    first, second = (array.matrix for array in matmuls(arrays, False))
    assert first == ((0, 1, 2), (3, 4, 5), (6, 7, 8))
    assert second == ((9, 10, 11, 12), (13, 14, 15, 16))
    [back] = (array.matrix for array in matmuls(arrays, True))
    assert back == ((10, 14), (11, 15), (12, 16))
    assert [total.targets for total in arrays.totals[1:]] in (
        [tuple(tuple(n + 1 for n in row) for row in matrix) for matrix in (first, second)],
        [tuple(tuple(n + 1 for n in row) for row in matrix) for matrix in (second, first)],
    )


def test_biases_that_are_last_among_the_parameters_are_the_last_column():
    """As in micrograd, whose parameters are the weights of a unit, and then its bias."""
    net = MLP(2, [3, 2], seed=1)
    inputs = [constant(0.1, "x1"), constant(0.2, "x2")]
    outputs = net.outputs(inputs)
    arrays = find_arrays(traced(outputs[0] * outputs[1], inputs, net.parameters()))
    assert [array.matrix for array in matmuls(arrays, False)] == [
        ((0, 1, 2), (3, 4, 5), (6, 7, 8)),
        ((9, 10, 11, 12), (13, 14, 15, 16)),
    ]


# Where nothing forms a matrix


def test_without_a_matrix_each_statement_is_an_array_of_one_row():
    x, y, w, v = numbers(random.Random(0), "xywv")
    for root in (x * w + y * v, (x * w).tanh() * y, sin(w) * x, x * y + y * x, w * v):
        statements = traced(root, [x, y], [w, v])
        arrays = find_arrays(statements)
        assert not arrays.matrices
        assert [array.rows for array in arrays.computed] == [1] * statements.operations
        assert [array.op for array in arrays.computed] == [
            op for op in statements.ops[4:] if op is not PRIMITIVES["constant"]
        ]
        check(root, [x, y], [w, v])


@pytest.mark.parametrize("seed", range(3))
def test_random_graphs(seed):
    inputs, parameters, root, scale = random_case(seed)
    X = np.array([[leaf.data for leaf in inputs]] * 3)
    P = np.array([leaf.data for leaf in parameters])
    roots, by_inputs, total, by_parameters = by_backward(root, inputs, parameters, X, P)
    for name, run in back_ends(traced(root, inputs, parameters)):
        outputs, totals = run(X, P)
        close = {"rtol": 1e-11, "atol": 1e-11 * scale, "err_msg": name}
        np.testing.assert_allclose(outputs, np.column_stack([roots, by_inputs]), **close)
        np.testing.assert_allclose(totals, [total, *by_parameters], **close)


# Networks of other forms


def a_network(seed=0, inputs=3, widths=(3, 2), activation=tanh):
    generator = random.Random(seed)
    x = numbers(generator, [f"x{a}" for a in range(inputs)])
    layers, parameters = [x], []
    for number, width in enumerate(widths):
        units, weights = dense(generator, layers[-1], width, activation=activation, label=f"w{number}")
        layers.append(units)
        parameters += weights
    return generator, x, layers, parameters


def test_skip_connections():
    generator, x, layers, parameters = a_network(widths=(3, 3))
    sums = [o + h + a for o, h, a in zip(layers[2], layers[1], x, strict=True)]
    units, weights = dense(generator, [*sums, *layers[1], *x], 2)
    arrays = check(units[0] * units[1], x, [*weights, *parameters], others=sums)
    assert len(matmuls(arrays, False)) == 3


def test_shared_weights():
    """The same matrix in three layers, as in a recurrent network: its gradient is a sum of three."""
    generator = random.Random(1)
    x = numbers(generator, ["x0", "x1"])
    W = [numbers(generator, [f"w{b}{a}" for a in range(3)]) for b in range(2)]
    state = x
    for _ in range(3):
        state = [tanh(row[0] + row[1] * state[0] + row[2] * state[1]) for row in W]
    parameters = [weight for row in W for weight in row]
    arrays = check(state[0] * state[1] + state[0], x, parameters)
    assert [array.matrix for array in matmuls(arrays, False)] == [((0, 1, 2), (3, 4, 5))] * 3


def test_tied_weights():
    """The transpose of a matrix as another layer, as in an autoencoder."""
    generator = random.Random(2)
    x = numbers(generator, ["x0", "x1", "x2"])
    W = [numbers(generator, [f"w{b}{a}" for a in range(3)]) for b in range(2)]
    code = [tanh(add(*[w * o for w, o in zip(row, x, strict=True)])) for row in W]
    decoded = [add(*[W[b][a] * code[b] for b in range(2)]) for a in range(3)]
    error = add(*[(d - o) ** 2 for d, o in zip(decoded, x, strict=True)])
    arrays = check(error, x, [weight for row in W for weight in row], others=decoded)
    assert [len(array.matrix) for array in matmuls(arrays, False)] == [2, 3]


def test_one_parameter_in_several_places_of_a_row():
    generator, x, layers, parameters = a_network(inputs=3)
    [w] = numbers(generator, ["w"])
    units = [tanh(add(w * x[0], w * x[1], w)), tanh(add(w * x[0], parameters[0] * x[1], w))]
    check(units[0] * units[1] * layers[1][0], x, [*parameters, w])


def test_sparse_connections():
    """Each unit sees some of the inputs only."""
    generator, x, layers, parameters = a_network(inputs=4, widths=(4,))
    units = []
    for chosen in itertools.combinations(layers[1], 3):
        unit, weights = dense(generator, list(chosen), 1, label=f"v{len(units)}")
        units += unit
        parameters += weights
    check(add(*[a * b for a, b in itertools.pairwise(units)]), x, parameters)


def test_a_convolution():
    """A window of shared weights glides over the inputs."""
    generator = random.Random(3)
    x = numbers(generator, [f"x{a}" for a in range(6)])
    kernels = [numbers(generator, [f"k{c}{a}" for a in range(3)] + [f"b{c}"]) for c in range(2)]
    maps = [[tanh(add(k[0] * x[i], k[1] * x[i + 1], k[2] * x[i + 2], k[3])) for i in range(4)] for k in kernels]
    units, weights = dense(generator, [o for row in maps for o in row], 2)
    arrays = check(units[0] + units[1] ** 2, x, [*[w for k in kernels for w in k], *weights])
    assert len(matmuls(arrays, False)) == 5  # one for each position of the window, and the last layer


def test_layers_of_one_unit_and_one_input():
    for inputs, widths in ((1, (2, 1, 2)), (2, (1, 2)), (1, (3,)), (3, (1, 1, 1))):
        _, x, layers, parameters = a_network(inputs=inputs, widths=widths)
        check(add(*[o * o for o in layers[-1]], x[0]), x, parameters)


def test_without_biases_and_with_two():
    generator, x, layers, parameters = a_network(widths=(2,))
    units, weights = dense(generator, layers[1], 3, bias=False)
    parameters += weights
    more = numbers(generator, ["b1", "b2", "b3"])
    twice = [tanh(weights[i] * layers[1][0] + more[i] + more[2] + weights[i + 2] * layers[1][1]) for i in range(2)]
    check(add(*units, *twice, units[0] * twice[1]), x, [*more, *parameters])


def test_several_outputs():
    _, x, layers, parameters = a_network(widths=(3, 4))
    o = layers[2]
    others = [o[2], o[1], o[1], x[1], o[0], o[3], layers[1][2], layers[1][0], constant(2.0), parameters[1], o[0] * o[1]]
    check(add(*[unit * unit for unit in o]), x, parameters, others=others)


def test_softmax():
    generator, x, layers, parameters = a_network(widths=(4,))
    scores, weights = dense(generator, layers[1], 3, activation=lambda s: s)
    powers = [exp(score) for score in scores]
    probabilities = [power / add(*powers) for power in powers]
    check(-log(probabilities[1]), x, [*weights, *parameters], others=probabilities)
    check(log(sum(powers)) - scores[1], x, [*parameters, *weights], others=probabilities)


def test_sums_of_equal_terms_in_another_order_have_rows_of_their_own():
    generator, x, layers, parameters = a_network(widths=(3,))
    a, b, c = sin(x[0]), tanh(x[1]), sigmoid(layers[1][0])
    root = tanh(add(a, b, c)) + sin(add(c, b, a)) * tanh(c + (b + a)) + layers[1][1]
    check(root, x, parameters, others=[add(b, c, a), add(c, a, b), layers[1][1]])
    u, v, w = a + b + c, c + b + a, numbers(generator, ["w1", "w2", "w3", "w4"])
    root = tanh(w[0] * u + w[1] * v) * tanh(w[2] * u + w[3] * v) + u * v
    check(root, x, [*parameters, *w], others=[u, v])


def test_terms_that_are_repeated():
    _, x, layers, parameters = a_network(widths=(2,))
    w, (o, p) = parameters[0], layers[1]
    root = add(w * o, w * o, o, p, p, w, w, parameters[1] * o) + (w * p + w * p) * tanh(add(o, o, o)) + add(o, p, o)
    check(root, x, parameters)


def test_a_sum_of_many_terms_of_one_array():
    for count in (2, 3, 7):
        _, x, layers, parameters = a_network(widths=(8,))
        check(tanh(add(*layers[1][:count])) + add(*layers[1][8 - count :]), x, parameters)


def test_a_sum_that_is_used_twice_is_not_written_twice():
    """2^16 terms would be in the last of these doublings."""
    _, x, layers, parameters = a_network(widths=(3,))
    node = layers[1][0]
    for _ in range(16):
        node = node + node
    arrays = check(node * 2.0**-16 * layers[1][1], x, parameters, machine=False)
    assert max(len(array.arguments) for array in arrays.computed) < 10


def test_products_that_are_used_in_a_sum_and_elsewhere():
    """They are a matrix of one column, beside that of the sums."""
    generator, x, _, parameters = a_network(inputs=3, widths=(2,))
    w, v = numbers(generator, ["w1", "w2", "w3"]), numbers(generator, ["v1", "v2", "v3"])
    products = [weight * x[0] for weight in w]
    sums = [tanh(p + weight * x[1]) for p, weight in zip(products, v, strict=True)]
    arrays = check(add(*[s * sin(p) for s, p in zip(sums, products, strict=True)]), x, [*w, *v, *parameters])
    assert sorted(array.matrix for array in matmuls(arrays, False)) == [((0,), (1,), (2,)), ((0, 3), (1, 4), (2, 5))]


def test_penalties_of_the_weights():
    """What does not vary over the batch."""
    _, x, layers, parameters = a_network(widths=(3,))
    squares = add(*[0.1 * w * w for w in parameters])
    check(layers[1][0] * layers[1][1] + squares + add(*map(abs, parameters)), x, parameters)
    check(layers[1][0] * layers[1][1] + tanh(parameters[1] - parameters[2]), x, parameters, others=[squares])


def test_a_gradient_that_is_a_parameter():
    """For example, the derivative of u v with respect to u is v."""
    generator, x, layers, parameters = a_network(widths=(3,))
    u = numbers(generator, "pqrs")
    for penalty in (u[0] * u[1], u[0] * u[1] + u[2] * u[3], u[0] * u[1] * u[2] - u[3]):
        check(layers[1][0] * layers[1][1] + penalty, x, [*parameters, *u])


def test_a_product_of_the_backward_pass_beside_those_of_the_forward_pass():
    """The adjoint of z, a p, is a row of the same matrix product as c p and d p, from which the error is computed."""
    generator, x, layers, parameters = a_network(inputs=2, widths=(2,))
    y, z, a, b, c, d = numbers(generator, "yzabcd")
    p = b * y
    root = layers[1][0] * layers[1][1] + (a * z) * p + tanh(c * p) + tanh(d * p)
    for leaves in ([a, b, c, d], [d, c, b, a]):
        check(root, [*x, y, z], [*leaves, *parameters])


def test_sums_over_the_batch_of_inputs_with_different_names():
    generator, x, layers, parameters = a_network(inputs=2, widths=(2,))
    y, z, a, b, c, d = numbers(generator, "yzabcd")
    check(layers[1][0] * layers[1][1] + (x[0] * a - c) + (b * y - d) - z, [*x, y, z], [*parameters, a, b, c, d])
    check(layers[1][0] * layers[1][1] + add(x[0] * a, z) - b * y, [*x, y, z], [*parameters, a, b], others=[z, x[0], y])


# Graphs at random


def layered(seed):
    """A random graph that is nearly a network: inputs, parameters, root and other outputs."""
    generator = random.Random(seed)
    inputs = numbers(generator, [f"x{a}" for a in range(generator.randint(1, 4))])
    parameters = []

    def parameter():
        if parameters and generator.random() < 0.15:
            return generator.choice(parameters)
        parameters.append(Value(generator.uniform(-1, 1), f"p{len(parameters)}"))
        return parameters[-1]

    def product(o):
        w = parameter()
        style = generator.random()
        if style < 0.1:
            return 0.5 * w * o
        if style < 0.2:
            return w * (o * 2.0)
        return w * o if style < 0.6 else o * w

    def extra(known):
        o, p = generator.choice(known), generator.choice(known)
        terms = [
            lambda: o, lambda: o * p, parameter, lambda: parameter() * parameter(), lambda: constant(0.5),
            lambda: -o, lambda: tanh(o), lambda: product(o), lambda: sin(parameter()), lambda: o * parameter() * p,
            lambda: constant(0.0), lambda: parameter() - o, lambda: o - parameter(),
            lambda: parameter() / (2 + o * o),
        ]  # fmt: skip
        return generator.choice(terms)()

    def total(terms):
        generator.shuffle(terms)
        style = generator.randrange(4)
        if style == 0 and len(terms) > 1:
            return add(*terms)
        result = sum(terms[1:], terms[0]) if style < 3 else sum(terms)
        return result

    layers = [inputs]
    for _ in range(generator.randint(1, 3)):
        before, known = layers[-1], [o for layer in layers for o in layer]
        oddity = generator.choice([0.0, 0.1, 0.4])
        signals = []
        for _ in range(generator.randint(1, 5)):
            terms = [product(o) for o in before if generator.random() > oddity / 2] or [product(before[0])]
            if generator.random() < 0.8:
                terms.append(parameter())
            while generator.random() < oddity:
                terms.append(extra(known))
            if generator.random() < oddity:
                terms.append(generator.choice(terms))
            if generator.random() < oddity and len(before) > 2:
                terms = [tanh(total(list(before)))]
            signal = total(terms)
            signals.append(signal - extra(known) if generator.random() < oddity else signal)
        theta = generator.choice([tanh, sin, sigmoid, lambda s: s, None])
        if theta is None:
            powers = [exp(tanh(signal)) for signal in signals]
            all_of_them = total(list(powers))
            layers.append([power / all_of_them for power in powers])
        else:
            layers.append([theta(signal) for signal in signals])
    known = [o for layer in layers for o in layer]
    last = [o * o if generator.random() < 0.7 else o for o in layers[-1]]
    root = total([*last, *(extra(known) for _ in range(generator.randint(0, 3)))])
    others = [generator.choice([*known, *parameters]) for _ in range(generator.randint(0, 4))]
    generator.shuffle(parameters)
    return inputs, parameters, root, others


@given(st.integers(0, 10**6))
@settings(max_examples=60, phases=[Phase.generate])  # a seed cannot be shrunk
def test_random_layered_graphs_on_numpy(seed):
    inputs, parameters, root, others = layered(seed)
    check(root, inputs, parameters, seed=seed, N=3, machine=False, scale=100.0, others=others)


@pytest.mark.skipif(Machine is None, reason="needs llvmlite")
@pytest.mark.parametrize("seed", range(6))
def test_random_layered_graphs_on_llvm(seed):
    inputs, parameters, root, others = layered(seed)
    check(root, inputs, parameters, seed=seed, N=9, scale=100.0, others=others)


def test_most_random_layered_graphs_form_matrices():
    """Otherwise the tests above would check nothing."""
    found = [find_arrays(traced(root, inputs, parameters)) for inputs, parameters, root, _ in map(layered, range(100))]
    assert sum(bool(arrays.matrices) for arrays in found) > 60
    ops = {getattr(array.op, "name", array.op) for arrays in found if arrays.matrices for array in arrays.computed}
    assert {"matmul", "sum", "stack", "add", "subtract", "multiply", "divide", "exp"} <= ops <= {
        *PRIMITIVES, "matmul", "sum", "stack",
    }  # fmt: skip
    assert any(isinstance(total.right, Constants) for arrays in found for total in arrays.totals[1:])
    texts = [array_source(arrays, {}).text for arrays in found if arrays.matrices]
    assert any("array([" in text for text in texts)


def test_arrays_are_used_after_they_are_computed():
    for seed in range(60):
        inputs, parameters, root, _ = layered(seed)
        arrays = find_arrays(traced(root, inputs, parameters))
        known = {id(arrays.inputs), id(arrays.parameters)}
        for array in arrays.computed:
            used = [operand.array for operand in array.arguments if hasattr(operand, "array")]
            assert {id(one) for one in used} <= known
            assert array.varies == any(one.varies for one in used)
            rows = [len(operand) for operand in array.arguments]
            assert array.op in {"matmul", "stack", "sum"} or set(rows) <= {1, array.rows}
            known.add(id(array))
        backward = [array.backward for array in arrays.computed]
        assert backward == sorted(backward)


# Names


@pytest.mark.parametrize(
    ("labels", "name"),
    [
        (["s_1^(1)", "s_2^(1)"], "s1"),
        (["w^(2)_{1,0}", "w^(2)_{2,0}"], "W2"),
        (["delta_1^(2)", "delta_2^(2)"], "d2"),
        (["d_x1", "d_x2"], "d_x"),
        (["s_1^(1)", "s_1^(2)"], ""),
        (["x1", "y1"], ""),
        (["rate"], "rate"),
        (["rate", "rate"], ""),
        (["x1"], "x1"),
        (["two words"], ""),
        (["", ""], ""),
        ([], ""),
    ],
)
def test_common_names(labels, name):
    assert common_name(labels) == name
