"""autograd_lite.labels: labels, names of nodes, and numbers that are safe to show."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd_lite import Value, topological_order
from autograd_lite.labels import LONGEST_LABEL, clean, node_names, number_text


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


def test_names_are_unique_and_follow_the_wengert_list():
    x, again, y = Value(1.0, "x"), Value(2.0, "x"), Value(3.0)
    taken = x * again
    taken.label = "v1"
    names = node_names(topological_order(taken + y * 2))
    assert list(names.values()) == ["x", "x#2", "v0", "v1", "v2", "v3"]


def test_names_that_labels_have_taken_are_passed_over():
    x, y, z = Value(1.0, "v0"), Value(2.0), Value(3.0)
    product = y * z
    product.label = "v1"
    assert list(node_names(topological_order(product + x)).values()) == ["v-2", "v-1", "v0", "v1", "v2"]
