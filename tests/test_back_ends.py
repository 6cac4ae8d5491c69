"""Every back end has every row of the table of primitives, and agrees with the truth of the tests, not with the table.

A new row needs nothing here: its arity is the table's, its truth and its domain are in `dual_numbers.TRUTH`.
"""

import itertools
import math
import re
from collections import Counter
from importlib.util import find_spec

import mathml_reader
import numpy as np
import pytest
from dual_numbers import TRUTH

from autograd_lite import PRIMITIVES, Value, compile_program, formula, tanh
from autograd_lite.primitives import BUILT_IN

ROWS = sorted(name for name in BUILT_IN - {"leaf", "constant"} if not PRIMITIVES[name].composite)
NEEDS_LLVM = pytest.mark.skipif(find_spec("llvmlite") is None, reason="needs llvmlite")
BACK_ENDS = ["python", "numpy", "arrays", pytest.param("llvm", marks=NEEDS_LLVM)]
LATEX = set("frac left right lfloor rfloor bmod cdot sqrt operatorname sigma sin cos tan exp log".split()) | set(
    "sinh cosh tanh max min arcsin arccos arctan partial lt gt _ |".split()
)
"""The commands of LaTeX and of KaTeX that formulas may use."""

every_row = pytest.mark.parametrize("name", ROWS)


def points(name, count):
    """Points at which the row is smooth, of shape (count, arguments)."""
    generator = np.random.default_rng(0)
    truth = TRUTH[name]
    candidates = generator.uniform(*np.transpose(truth.domain), (10 * count, len(truth.domain))).tolist()
    return np.array([point for point in candidates if abs(truth.kink(*point)) > 0.05][:count])


@every_row
@pytest.mark.parametrize("backend", BACK_ENDS)
def test_programs_compute_every_row_and_its_slopes(name, backend):
    """Of s = W x, with W a matrix of ones and zeros, so that array code has something to find."""
    truth, X = TRUTH[name], points(name, 50)
    arguments = X.shape[1]
    inputs = [Value(number, f"x{number}") for number in (0.5, 0.25)]
    W = [[Value(0.0, f"w{i}{j}") for j in range(2)] for i in range(2)]
    s = [row[0] * inputs[0] + row[1] * inputs[1] for row in W]
    program = compile_program(PRIMITIVES[name](*s[:arguments]) + 0 * s[1], inputs, W[0] + W[1], backend=backend)
    batch = program(np.hstack([X, np.ones((50, 2 - arguments))]), [1.0, 0.0, 0.0, 1.0])
    np.testing.assert_allclose(batch.outputs[:, 0], [truth.value(*point) for point in X], rtol=1e-12, atol=1e-12)
    for place, partial in enumerate(truth.partials):
        expected = [partial(*point) for point in X]
        np.testing.assert_allclose(batch.input_gradients[:, place], expected, rtol=1e-10, atol=1e-12)


@every_row
@pytest.mark.parametrize("matrices", [False, True])
@pytest.mark.parametrize("backend", BACK_ENDS)
def test_programs_tell_0_from_minus_0_in_every_row(name, backend, matrices):
    """Constants of both signs in one program, and inputs of both signs; Value computes the same, zeros by sign.

    Statements of one row are rows of one array if outputs at the end form a matrix; else each is an array.
    """
    if backend == "arrays" and not matrices:
        pytest.skip("nothing in it forms a matrix")
    x, y = Value(0.5, "x"), Value(0.25, "y")
    row, zeros = PRIMITIVES[name], (0.0, -0.0)
    calls = [(x,), *((x * zero,) for zero in zeros)]
    if row.arity != 1:
        calls = [(x, y), (y, x), *((x * zero, y) for zero in zeros)]
        calls += [pair for number in (*zeros, 0.5, 3.0, -2.0) for pair in ((x, number), (number, x))]
    weights = [Value(number, f"w{number}") for number in (1.0, 2.0, 3.0, 4.0)]
    matrix = [tanh(weights[0] * x + weights[1] * y), tanh(weights[2] * x + weights[3] * y)]
    outputs = [row(*call) for call in calls] + matrix * matrices
    points = list(itertools.product([*zeros, 1.0, -1.0, 2.5, -0.5, math.inf, -math.inf], repeat=2))
    program = compile_program(outputs, [x, y], weights, gradients=False, backend=backend)
    received = program(points, [1.0, 2.0, 3.0, 4.0]).outputs[:, : len(calls)]
    for point, numbers in zip(points, received.tolist(), strict=True):
        x.data, y.data = point
        for output, number in zip(outputs, numbers, strict=False):
            expected = output.forward().data
            assert number == pytest.approx(expected, rel=1e-12, nan_ok=True), (point, output)
            assert number != 0 or math.copysign(1.0, number) == math.copysign(1.0, expected), (point, output)


@every_row
def test_mathml_writes_every_row(name):
    for point in points(name, 5).tolist():
        names = dict(zip("ab", point, strict=False))
        written = formula(PRIMITIVES[name](*(Value(number, label) for label, number in names.items())), form="mathml")
        assert mathml_reader.evaluate(written, names) == pytest.approx(TRUTH[name].value(*point), rel=1e-12)


TWINS = [("maximum", "maximum_constant"), ("minimum", "minimum_constant"), ("multiply", "multiply_no_nan")]
"""Rows that are written the same; no others are."""


def written(name, form):
    """A row applied to x1 or to x1 and x2, as a formula."""
    return formula(PRIMITIVES[name](*[Value(0.5, "x1"), Value(0.25, "x2")][: PRIMITIVES[name].arity or 2]), form=form)


@every_row
@pytest.mark.parametrize("form", ["text", "latex"])
def test_text_and_latex_write_every_row(name, form):
    """Each argument once, in order, with brackets in pairs, and with no command that LaTeX lacks."""
    text = written(name, form)
    signs = Counter(text)
    assert re.findall(r"x_?\{?(\d)", text) == ["1", "2"][: PRIMITIVES[name].arity or 2]
    assert all(signs[left] == signs[right] for left, right in ("()", "[]", "{}"))
    assert form == "text" or set(re.findall(r"\\([a-zA-Z]+|.)", text)) <= LATEX
    twins = next((set(pair) for pair in TWINS if name in pair), {name})
    assert {other for other in ROWS if written(other, form) == text} == twins
