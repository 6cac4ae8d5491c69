"""autograd_lite.labels: labels and numbers that are safe to show."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd_lite.labels import LONGEST_LABEL, clean, number_text


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


def test_an_integer_ends_as_asked():
    assert [number_text(-3.0, whole=whole) for whole in ("", ".0")] == ["-3", "-3.0"]
