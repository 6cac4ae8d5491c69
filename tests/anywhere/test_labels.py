"""autograd_lite.labels: labels and numbers that are safe to show."""

import math

import pytest

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


def test_a_long_label_is_cut_with_a_mark():
    assert clean("x" * 20_000) == "x" * (LONGEST_LABEL - 1) + "…"


@pytest.mark.parametrize(
    ("number", "digits", "text"),
    [
        (1.0, 4, "1"),
        (-3.0, 4, "−3"),
        (0.5, 4, "0.5"),
        (2 / 3, 4, "0.6667"),
        (2 / 3, 1, "0.7"),
        (0.1, 17, "0.10000000000000001"),
        (12345.0, 4, "1.234e4"),
        (12345.0, 5, "12345"),
        (1e300, 4, "1e300"),
        (-2.5e-7, 4, "−2.5e−7"),
        (0.0, 4, "0"),
        (-0.0, 4, "−0"),
        (math.inf, 4, "∞"),
        (-math.inf, 4, "−∞"),
        (math.nan, 4, "nan"),
    ],
)
def test_numbers(number, digits, text):
    assert number_text(number, digits) == text
