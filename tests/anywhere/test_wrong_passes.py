"""autograd_lite.teaching.wrong_passes: wrong gradients computed by hand, and a published run with such a bug."""

import math
from dataclasses import FrozenInstanceError

import pytest

from autograd_lite import Value, backward_steps, topological_order
from autograd_lite.labels import number_text
from autograd_lite.teaching.wrong_passes import MISTAKES, OTHER_MISTAKES, combined, differ, mistakes, play, wrong_steps

W, X, B = -3.0, 2.0, 6.5
O = math.tanh(W * X + B)
SLOPE = 1 - O * O
INNER = 1 - (W * X + B) ** 2
SIN = math.sin(W)
UNBIASED = 1 - math.tanh(W * X) ** 2
ALONE = 1 - math.tanh(B) ** 2


def neuron(w, x, b):
    return (w * x + b).tanh()


def used_twice(w, x, _):
    return (w * x) * (w + x).sin()


CASES = [
    ("overwrite", used_twice, {"w": math.sin(W + X) * X, "x": math.sin(W + X) * W}),
    ("wrong order", lambda w, x, _: (h := w * x) + h.sin(), {"w": X, "x": W}),
    ("no zero", neuron, {"w": 2 * SLOPE * X, "x": 2 * SLOPE * W, "b": 2 * SLOPE}),
    ("stale", lambda w, x, _: w * w * x, {"w": 2 * (W - 0.1 * 2 * W * X) * (X - 0.1 * W * W), "x": W * W}),
    ("updated weights", lambda w, x, b: w.sin() * x, {"w": (X - 0.1 * SIN) * math.cos(W), "x": SIN}),
    ("sign of subtraction", lambda w, x, b: w - x - -b, {"w": 1, "x": 1, "b": 1}),
    ("no upstream", neuron, {"w": X, "x": W, "b": 1}),
    ("no inner derivative", neuron, {"w": X, "x": W, "b": 1}),
    ("no exponent", lambda w, x, b: w**4 / x**-2, {"w": W**3 * X**2, "x": -(W**4) * X**4 * X**-3}),
    ("wrong operand", lambda w, x, b: w * x, {"w": W, "x": X}),
    ("wrong operand", lambda w, x, b: w / x, {"w": 1 / W, "x": -X / W / W}),
    ("no bias", neuron, {"w": SLOPE * X, "x": SLOPE * W, "b": 0}),
    ("no input", neuron, {"w": SLOPE, "x": SLOPE, "b": SLOPE}),
    ("output for input", lambda w, x, b: w.sin(), {"w": math.cos(SIN)}),
    ("output for input", lambda w, x, b: b.tanh(), {"b": 1 - math.tanh(math.tanh(B)) ** 2}),
    ("input for output", neuron, {"w": INNER * X, "x": INNER * W, "b": INNER}),
    ("input for output", lambda w, x, b: x.sigmoid(), {"x": X * (1 / (1 + math.exp(X)))}),
    ("bias left out", neuron, {"w": UNBIASED * X, "x": UNBIASED * W, "b": UNBIASED}),
    ("inputs left out", neuron, {"w": ALONE * X, "x": ALONE * W, "b": ALONE}),
    (
        "inputs left out",
        lambda w, x, b: (b + w * x + w * w).tanh(),
        {"w": ALONE * (X + 2 * W), "x": ALONE * W, "b": ALONE},
    ),
    ("sign of the error", neuron, {"w": -SLOPE * X, "x": -SLOPE * W, "b": -SLOPE}),
]


def leaves():
    return Value(W, "w"), Value(X, "x"), Value(B, "b")


@pytest.mark.parametrize(("name", "f", "expected"), CASES, ids=[f"{name}-{i}" for i, (name, *_) in enumerate(CASES)])
def test_a_mistake_leads_to_the_wrong_gradients_computed_by_hand(name, f, expected):
    root = f(*leaves())
    right = {step.parent.label: step.total for step in backward_steps(root) if step.parent.level == 0}
    steps = play(topological_order(root), (MISTAKES | OTHER_MISTAKES)[name], backward_steps(root))
    wrong = {step.parent.label: step.total for step in steps if step.parent.level == 0}
    assert wrong == pytest.approx(expected, rel=1e-12, abs=1e-15)
    assert wrong != pytest.approx(right, rel=1e-9)


@pytest.mark.parametrize(
    ("first", "second", "f", "expected"),
    [
        ("overwrite", "no input", lambda w, x, _: w * w + x, {"w": 1, "x": 1}),
        ("no input", "overwrite", lambda w, x, _: w * w + x, {"w": 1, "x": 1}),
        ("no input", "no inner derivative", neuron, {"w": 1, "x": 1, "b": 1}),
        ("no zero", "sign of the error", lambda w, x, b: w + x, {"w": -2, "x": -2}),
    ],
)
def test_two_mistakes_at_once(first, second, f, expected):
    one, other = (MISTAKES | OTHER_MISTAKES)[first], (MISTAKES | OTHER_MISTAKES)[second]
    both, root = combined(one, other), f(*leaves())
    steps = play(topological_order(root), both, backward_steps(root))
    assert {step.parent.label: step.total for step in steps if step.parent.level == 0} == expected
    assert both.name == f"{first} + {second}"
    assert all(part.does in both.does and part.shows in both.shows for part in (one, other))


def test_a_mistake_cannot_be_changed():
    with pytest.raises(FrozenInstanceError):
        MISTAKES["overwrite"].seed = 2.0


def test_each_mistake_has_a_case():
    assert {name for name, *_ in CASES} | {"ascent", "no learning rate"} == {*MISTAKES, *OTHER_MISTAKES}


def test_mazurs_first_script_updated_the_weights_too_early():
    """Mazur 2015, "A step by step backpropagation example": the error after one update, with the bug and without."""
    inputs, targets = (0.05, 0.10), (0.01, 0.99)

    def total_error(weights):
        w1, w2, w3, w4, w5, w6, w7, w8 = weights
        h1 = (w1 * inputs[0] + w2 * inputs[1] + 0.35).sigmoid()
        h2 = (w3 * inputs[0] + w4 * inputs[1] + 0.35).sigmoid()
        o1, o2 = (w5 * h1 + w6 * h2 + 0.60).sigmoid(), (w7 * h1 + w8 * h2 + 0.60).sigmoid()
        return 0.5 * (targets[0] - o1) ** 2 + 0.5 * (targets[1] - o2) ** 2

    weights = [Value(w) for w in (0.15, 0.20, 0.25, 0.30, 0.40, 0.45, 0.50, 0.55)]
    error = total_error(weights)
    after = {}
    for name, steps in (("right", backward_steps(error)), ("bug", wrong_steps(error, "updated weights", 0.5))):
        totals = {step.parent: step.total for step in steps}
        after[name] = total_error([Value(w.data - 0.5 * totals[w]) for w in weights]).data
    assert after["bug"] == pytest.approx(0.291027924, abs=5e-10)
    assert after["right"] == pytest.approx(0.29102777369359933, rel=1e-14)


def test_the_comparison_lists_what_each_mistake_changes_and_where_it_begins():
    x = Value(3.0, "x")
    text = str(mistakes((x * x).sin() - x, digits=3))
    lines = {line.split("  ")[1]: line for line in text.splitlines()[1:]}
    assert list(lines) == [
        "overwrite", "no zero", "stale", "sign of subtraction", "no upstream", "no inner derivative", "no input",
        "output for input", "sign of the error",
    ]  # fmt: skip
    assert lines["sign of subtraction"].endswith("total 1, not −1")
    assert not x.has_grad
    assert mistakes(x).sections[0].lines == []


def test_by_default_the_comparison_has_four_digits_and_a_learning_rate_of_one_tenth():
    w, x, _ = leaves()
    row = next(row for row in str(mistakes(w.sin() * x)).splitlines() if "updated weights" in row)
    assert f"∂v₂/∂w = {number_text((X - 0.1 * SIN) * math.cos(W), 4)} " in row


def test_bad_arguments_are_refused():
    x = Value(3.0, "x")
    root = x * x
    with pytest.raises(ValueError, match=r"mistake must be one of overwrite, .*, received 'typo'"):
        wrong_steps(root, "typo")
    with pytest.raises(ValueError, match="2 nodes, more than max_nodes=1"):
        mistakes(root, max_nodes=1)
    with pytest.raises(TypeError, match="root must be a Value"):
        mistakes(2.0)
    x.data = 4.0
    with pytest.raises(RuntimeError, match="stale"):
        mistakes(root)


@pytest.mark.parametrize(("a", "b"), [(1.0, 1.0 + 1e-15), (math.nan, math.nan), (math.inf, math.inf), (0.0, -0.0)])
def test_rounding_is_not_a_difference(a, b):
    assert not differ(a, b)
    assert differ(a, 2.0)


def test_a_left_out_input_concerns_products_only():
    """The factor of a leaf that is subtracted, or squared by power, stays."""
    w, x, c = Value(2.0, "w"), Value(5.0, "x"), Value(3.0, "c")
    totals = {step.parent: step.total for step in wrong_steps(w * x - c, "no input")}
    assert (totals[w], totals[x], totals[c]) == (1.0, 1.0, -1.0)
    squared = {step.parent: step.total for step in wrong_steps(c**2, "no input")}
    assert squared[c] == 6.0
