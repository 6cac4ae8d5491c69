"""autograd_lite.words.notation: a graph as text, LaTeX and MathML."""

import itertools
import re

import pytest
from anywhere.test_notation import leaves, names_of_the_lecture
from hypothesis import given, settings
from hypothesis import strategies as st
from mathml_reader import evaluate, visible

from autograd_lite import PRIMITIVES, Primitive, Value, tanh
from autograd_lite.labels import clean
from autograd_lite.parse import parse_expression
from autograd_lite.words.notation import (
    MATHML,
    TEXT,
    UNICODE,
    formula,
    latex_name,
    mathml_name,
)


def _operate(triple):
    sign, a, b = triple
    return {"+": a + b, "-": a - b, "*": a * b, "/": a / b}[sign]


graphs = st.recursive(
    st.sampled_from(leaves),
    lambda parts: st.one_of(
        st.tuples(st.sampled_from(["+", "-", "*", "/"]), parts, parts).map(_operate),
        parts.map(tanh),
        parts.map(lambda part: -part),
        parts.map(lambda part: part**2),
    ),
    max_leaves=12,
)
operations = st.sampled_from(
    "add subtract multiply divide power remainder negative abs sqrt greater maximum sigmoid".split()
)
graphs_of_all_shapes = st.recursive(
    st.sampled_from([*names_of_the_lecture, *leaves]),
    lambda parts: st.tuples(operations, parts, parts).map(
        lambda triple: PRIMITIVES[triple[0]](*triple[1:][: PRIMITIVES[triple[0]].arity or 2])
    ),
    max_leaves=12,
)


@settings(max_examples=300)
@given(graphs_of_all_shapes, st.booleans())
def test_mathml_read_again_computes_the_same_number(root, literal):
    numbers = {"w2,0(1)": 0.7, "s1(2)": 1.3, "x1": -0.4, "x": 0.7, "y": 1.3, "z": -0.4}
    again = evaluate(formula(root, form="mathml", literal=literal), numbers)
    assert again == pytest.approx(root.data, rel=1e-9, nan_ok=True)


@settings(max_examples=200)
@given(graphs)
def test_a_formula_read_again_computes_the_same_number(root):
    text = formula(root)
    used = {leaf.label: leaf.data for leaf in leaves if re.search(rf"\b{leaf.label}\b", text)}
    again = parse_expression(text, used).data
    assert again == pytest.approx(root.data, rel=1e-9, nan_ok=True)


@given(st.text(alphabet="\\{}$&#%_^~<>`abc \n\"'|", min_size=2))
def test_no_label_becomes_a_latex_command_or_leaves_its_braces(label):
    latex = latex_name(label).text
    known = r"\\(mathit|backslash|sim|lt|gt|hat|text\{`\}|[{}$&#%_ ])"
    assert "\\" not in re.sub(known, "", latex)
    depth = list(itertools.accumulate({"{": 1, "}": -1}.get(sign, 0) for sign in re.sub(r"\\[{}]", "", latex)))
    assert min(depth, default=0) >= 0
    assert not depth or depth[-1] == 0


texts = st.text(st.one_of(st.characters(), st.sampled_from("<>&;\"'/!-[]{} ")))


@given(texts)
def test_a_label_in_mathml_is_text_and_nothing_else(label):
    label = "<" + label  # so it is not a name of the lecture
    assert visible(mathml_name(label).text) == clean(label).replace(" ", "\xa0")


@given(texts, texts, texts)
def test_whatever_labels_and_symbols_contain_a_formula_is_well_formed_mathml(first, second, symbol):
    twice = Primitive("twice_of_a_test", f"&{symbol}", lambda x: 2 * x, (2.0,))
    try:
        root = twice(Value(2.0, f"<{first}")) / Value(3.0, f"<{second}")
        seen = visible(formula(root, form="mathml"))
        shown = [clean(text).replace(" ", "\xa0") for text in (f"&{symbol}", f"<{first}", f"<{second}")]
        assert seen.startswith(f"{shown[0]}\u2061({shown[1]}){shown[2]}")
    finally:
        del PRIMITIVES["twice_of_a_test"]


@given(st.floats(), st.integers(1, 17))
def test_a_number_reads_the_same_in_every_form(number, digits):
    rounded = pytest.approx(float(f"{number:.{digits}g}"), rel=0, abs=0, nan_ok=True)
    text, unicode, mathml = (form._replace(digits=digits).number(number).text for form in (TEXT, UNICODE, MATHML))
    assert float(text) == rounded
    for shown in (unicode, re.sub(r"·10(?=−?\d+$)", "e", visible(mathml))):
        assert "-" not in shown
        assert float(shown.replace("−", "-").replace("∞", "inf")) == rounded
