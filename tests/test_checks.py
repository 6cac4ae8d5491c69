"""The numbers that `nn.checks` takes, those that it refuses, and what it says."""

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nn.checks import as_array, as_finite_array, as_integer, as_number, check_choice


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
def test_what_is_not_a_finite_number_is_refused(number):
    kind = ValueError if isinstance(number, float) else TypeError
    with pytest.raises(kind, match=r"^x must be a finite number; received "):
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
    with pytest.raises(TypeError, match="received") as error:
        as_number("rate", "x" * 10_000)
    assert len(str(error.value)) < 100


@given(st.integers(), st.integers())
def test_an_integer_passes_exactly_if_it_is_large_enough(number, least):
    if number >= least:
        assert as_integer("n", number, least=least) == number
    else:
        with pytest.raises(ValueError, match=f"^n must be an integer of at least {least}; received "):
            as_integer("n", number, least=least)


def test_integers_of_numpy_become_int():
    assert type(as_integer("n", np.uint8(3), least=1)) is int


@pytest.mark.parametrize("number", [2.0, True, "2", None, math.nan, np.array([2]), np.float64(2)])
def test_what_is_not_an_integer_is_refused(number):
    with pytest.raises(TypeError, match=r"^n must be an integer of at least 1; received "):
        as_integer("n", number, least=1)


@pytest.mark.parametrize(
    ("check", "kind", "message"),
    [
        (lambda: as_array("x", "abc"), TypeError, "x must be real numbers; received 'abc'"),
        (lambda: as_array("x", None), TypeError, "x must be real numbers; received None"),
        (lambda: as_array("x", [1j]), TypeError, "x must be real numbers; received [1j]"),
        (lambda: as_array("x", [[1, 2], [3]]), ValueError, "x must have rows of equal length; received [[1, 2], [3]]"),
        (lambda: as_array("x", [1.0], (2,)), ValueError, "x must have shape (2,); received (1,)"),
        (lambda: as_finite_array("x", [math.inf]), ValueError, "x must be finite numbers; received [inf]"),
        (lambda: check_choice("keep", None, ["a", "b"]), TypeError, "keep must be one of a, b; received None"),
        (lambda: check_choice("keep", "c", ["a", "b"]), ValueError, "keep must be one of a, b; received 'c'"),
    ],
    ids=range(8),
)
def test_the_wrong_type_is_a_type_error_and_a_wrong_value_a_value_error(check, kind, message):
    with pytest.raises(kind) as error:
        check()
    assert str(error.value) == message


def test_arrays_are_copies_of_floats():
    numbers = np.arange(3)
    assert as_array("x", numbers).dtype == np.float64
    floats = np.ones(2)
    assert as_array("x", floats) is not floats
