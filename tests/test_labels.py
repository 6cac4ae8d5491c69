"""autograd_lite.labels: labels and numbers that are safe to show."""

import math
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mathml_reader import visible

from autograd_lite.labels import LONGEST_LABEL, clean, latex_number, mathml_number, number_text


@pytest.mark.parametrize(
    ("label", "shown"),
    [
        ("w^(1)_{2,0}", "w^(1)_{2,0}"),
        (r"\N &lt; </script> ]]> {{ }} | \" '", r"\N &lt; </script> ]]> {{ }} | \" '"),
        ("a\0b", "a�b"),
        ("two\nlines\ttab", "two�lines�tab"),
        ("\ud800", "�"),
        ("user\u202egnp.exe", "user�gnp.exe"),
        ("δ 学生 é", "δ 学生 é"),
        (3.5, "3.5"),
    ],
)
def test_labels_are_shown_as_typed_and_what_is_invisible_is_replaced(label, shown):
    assert clean(label) == shown


@given(st.text())
def test_every_label_becomes_a_short_line_that_can_be_written_to_a_file(label):
    shown = clean(label)
    assert len(shown) <= LONGEST_LABEL
    assert len(shown.splitlines()) <= 1
    shown.encode("utf-8")


def test_a_long_label_is_cut_with_a_mark():
    assert clean("x" * 20_000) == "x" * (LONGEST_LABEL - 1) + "…"


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (1.0, "1.0"),
        (-3.0, "-3.0"),
        (0.5, "0.5"),
        (2 / 3, "0.666667"),
        (1e300, "1e+300"),
        (123456789.0, "1.23457e+08"),
        (0.0, "0.0"),
        (-0.0, "-0.0"),
        (math.inf, "inf"),
        (-math.inf, "-inf"),
        (math.nan, "nan"),
    ],
)
def test_numbers(number, text):
    assert number_text(number) == text


@pytest.mark.parametrize(
    ("number", "latex", "mathml"),
    [
        (2.0, "2.0", "<mn>2.0</mn>"),
        (-0.5, "-0.5", "<mrow><mo>−</mo><mn>0.5</mn></mrow>"),
        (
            -1e-30,
            r"-1 \cdot 10^{-30}",
            "<mrow><mo>−</mo><mn>1</mn><mo>·</mo><msup><mn>10</mn><mn>−30</mn></msup></mrow>",
        ),
        (math.inf, r"\infty", "<mi>∞</mi>"),
        (-math.inf, r"-\infty", "<mrow><mo>−</mo><mi>∞</mi></mrow>"),
        (math.nan, r"\mathrm{nan}", "<mtext>nan</mtext>"),
    ],
)
def test_numbers_in_latex_and_mathml(number, latex, mathml):
    assert latex_number(number) == latex
    assert mathml_number(number) == mathml


@given(st.floats(), st.integers(1, 17), st.sampled_from(["", ".0"]))
def test_a_number_in_mathml_reads_as_the_number_in_text(number, digits, whole):
    text = visible(mathml_number(number, digits, whole)).replace("−", "-").replace("∞", "inf")
    again = float(re.sub(r"·10(?=-?\d+$)", "e", text))
    assert again == pytest.approx(float(number_text(number, digits)), rel=0, abs=0, nan_ok=True)


def test_a_whole_number_ends_as_asked():
    assert [write(-3.0, whole="") for write in (number_text, latex_number)] == ["-3", "-3"]
    assert visible(mathml_number(-3.0, whole="")) == "−3"
    assert visible(mathml_number(-3.0)) == "−3.0"
