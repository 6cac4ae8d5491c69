"""The numbers that `nn.checks` takes, those that it refuses, and what it says."""

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nn.checks import as_number, as_whole_number


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_any_finite_number_passes_as_a_float_where_there_are_no_bounds(number):
    assert as_number("x", number) == number


@given(st.floats(), st.floats(-10, 10), st.floats(0, 10))
def test_a_number_passes_exactly_if_it_is_within_the_bounds(number, low, width):
    for strict in (True, False):
        inside = low < number < low + width if strict else low <= number <= low + width
        bounds = {"above": low, "below": low + width} if strict else {"least": low, "most": low + width}
        if inside:
            assert as_number("x", number, **bounds) == number
        else:
            with pytest.raises(ValueError, match=r"^x must be a finite number, "):
                as_number("x", number, **bounds)


@pytest.mark.parametrize("number", [2, 2.0, np.float32(2), np.float64(2), np.int8(2), Fraction(2)])
def test_every_kind_of_real_number_becomes_a_float(number):
    assert type(as_number("x", number)) is float


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf, "1", None, 1j, True, [1.0], np.ones(1), np.True_])
def test_what_is_no_finite_number_is_refused(number):
    with pytest.raises(ValueError, match=r"^x must be a finite number; received "):
        as_number("x", number)


@pytest.mark.parametrize(
    ("bounds", "words"),
    [
        ({"above": 0}, "a finite number, greater than 0; received -1"),
        ({"least": 0, "below": 1}, "a finite number, at least 0 and less than 1; received -1"),
        ({"above": 0, "most": 1}, "a finite number, greater than 0 and at most 1; received -1"),
    ],
)
def test_the_message_names_the_argument_the_bounds_and_what_was_received(bounds, words):
    with pytest.raises(ValueError) as error:  # noqa: PT011  the whole message is compared
        as_number("rate", -1, **bounds)
    assert str(error.value) == f"rate must be {words}"


def test_a_long_argument_is_shortened_in_the_message():
    with pytest.raises(ValueError, match="received") as error:
        as_number("rate", "x" * 10_000)
    assert len(str(error.value)) < 100


@given(st.integers(), st.integers())
def test_a_whole_number_passes_exactly_if_it_is_large_enough(number, least):
    if number >= least:
        assert as_whole_number("n", number, least=least) == number
    else:
        with pytest.raises(ValueError, match=f"^n must be a whole number of at least {least}; received "):
            as_whole_number("n", number, least=least)


def test_whole_numbers_of_numpy_become_int():
    assert type(as_whole_number("n", np.uint8(3), least=1)) is int


@pytest.mark.parametrize("number", [2.0, True, "2", None, math.nan, np.array([2]), np.float64(2)])
def test_what_is_no_whole_number_is_refused(number):
    with pytest.raises(ValueError, match=r"^n must be a whole number of at least 1; received "):
        as_whole_number("n", number, least=1)
