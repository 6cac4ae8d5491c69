"""The numbers that `nn.checks` takes, those that it refuses, and what it says."""

import math
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nn.checks import as_array, as_finite_array, as_integer, as_number, check_choice
from nn.comparison import compare_gradients
from nn.data_sets import standardize
from nn.delta import back_propagation_over_data
from nn.mlp import MLP
from nn.plots import plot_decision_boundary, plot_paths
from nn.surfaces import HIMMELBLAU
from nn.training.loop import fit
from nn.training.restarting import random_restarts
from nn.training.termination import MaximumIterations


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


# One rule for an array of numbers, for all that takes one


class Table:
    """What pandas makes of a table whose columns differ in type, or have types of its own: an array of objects."""

    def __init__(self, rows):
        self.rows = rows

    def __len__(self):
        return len(self.rows)

    def __array__(self, dtype=None, copy=None):
        return np.array(self.rows, dtype=dtype or object)


NAType = type("NAType", (), {"__repr__": lambda self: "<NA>"})
"""Stands for the type of pandas.NA."""


@pytest.mark.parametrize(
    ("numbers", "expected"),
    [
        (Table([[1.5, True], [2, False]]), [[1.5, 1.0], [2.0, 0.0]]),
        (np.array([1, 2.5, np.float32(0.5), np.int8(3), np.True_], dtype=object), [1.0, 2.5, 0.5, 3.0, 1.0]),
        ([Fraction(1, 4), Decimal("0.5"), 2**70], [0.25, 0.5, 2.0**70]),
        (np.array([], dtype=object), []),
        (np.ma.array([1.0, 2.0], mask=[False, False]), [1.0, 2.0]),
    ],
    ids=["table", "objects", "exact", "empty", "masked"],
)
def test_objects_that_are_numbers_are_an_array_of_numbers(numbers, expected):
    array = as_array("x", numbers)
    assert type(array) is np.ndarray
    assert array.dtype == np.float64
    assert array.tolist() == expected


GOOD = np.array([[1.0, -0.5], [0.25, 2.0], [-1.0, 1.5], [0.5, 0.5]])
Y = [1.0, -1.0, 1.0, -1.0]
SHORT = {"stop": MaximumIterations(3), "seed": 0}


def trained(X, y, outputs=1, **options):
    return fit(MLP(2, [2, outputs], seed=0), X, y, **SHORT, **options).loss


def drawn(plot, *arguments):
    axes = pytest.importorskip("matplotlib.figure").Figure().subplots()
    return [np.array(line.get_data()).tolist() for line in plot(*arguments, axes).lines]


TAKERS = {
    "fit X": ("X", lambda X: trained(X, Y)),
    "fit y": ("y", lambda y: trained(GOOD, y, outputs=2)),
    "validation": ("(validation is wrong: )?X", lambda X: trained(GOOD, Y, validation=(X, Y))),
    "restarts": ("X", lambda X: random_restarts(MLP(2, [1]), X, Y, 2, **SHORT).best.error),
    "comparison": ("x", lambda X: compare_gradients(MLP(2, [1], seed=0), X, Y).error),
    "delta": ("X", lambda X: back_propagation_over_data([[[0.1, 0.2, 0.3]]], X, Y).error),
    "standardize": ("train", lambda X: standardize(X).tolist()),
    "weights": ("weights", lambda W: [o.data for o in MLP(1, [4], weights=[W])([2.0])]),
    "boundary": ("X", lambda X: drawn(plot_decision_boundary, MLP(2, [1], seed=0), X, Y)),
    "paths": (r"paths\['a'\]", lambda X: drawn(plot_paths, HIMMELBLAU, {"a": X})),
}


@pytest.mark.parametrize("taker", TAKERS)
def test_all_that_takes_an_array_of_numbers_takes_the_same_and_refuses_the_same(taker):
    argument, take = TAKERS[taker]
    expected = take(GOOD)
    for form in (
        GOOD.astype(object),
        Table(GOOD.tolist()),
        GOOD.view(np.matrix),
        Table([[Fraction(n) for n in row] for row in GOOD.tolist()]),
    ):
        assert take(form) == expected
    ones = np.ones((4, 2)) * [[1, 0.5]]
    assert take(Table([[True, 0.5]] * 4)) == take(ones)
    for wrong, error in (
        (np.ma.masked_greater(GOOD, 1.75), ValueError),
        (list(np.ma.masked_greater(GOOD, 1.75)), ValueError),
        ([[np.ma.masked, 1.0], *GOOD[1:].tolist()], ValueError),
        (GOOD.astype("m8[s]"), TypeError),
        (Table([[NAType(), 1.0], *GOOD[1:].tolist()]), ValueError),
        (Table([["1.0", 1.0], *GOOD[1:].tolist()]), TypeError),
        (Table([[1j, 1.0], *GOOD[1:].tolist()]), TypeError),
        (Table([[10**400, 1.0], *GOOD[1:].tolist()]), ValueError),
    ):
        with pytest.raises(error, match=rf"^{argument}[ ,\[]"):
            take(wrong)
    if taker not in {"weights", "paths", "delta"}:  # which show where a nan comes from, and where it goes
        with pytest.raises(ValueError, match=f"^{argument} must be finite"):
            take(Table([[math.nan, 1.0], *GOOD[1:].tolist()]))


def test_a_network_does_not_take_a_masked_entry_for_a_number():
    with pytest.raises(ValueError, match=r"^x must be an array without masked entries"):
        MLP(2, [1])(np.ma.array([1.0, 2.0], mask=[False, True]))


def test_tables_of_pandas():
    pandas = pytest.importorskip("pandas")
    numbers, expected = pandas.DataFrame(GOOD, columns=["a", "b"]), TAKERS["fit X"][1](GOOD)
    for table in (numbers.convert_dtypes(), numbers.astype("Float64"), numbers.astype(object)):
        assert TAKERS["fit X"][1](table) == expected
    assert trained(
        pandas.DataFrame({"a": GOOD[:, 0], "b": GOOD[:, 1] > 1}), pandas.Series([1, -1, 1, -1], dtype="Int64")
    )
    numbers = numbers.astype("Float64")
    numbers.loc[2, "b"] = pandas.NA
    for missing in (numbers, numbers.assign(a=[1, 2, 3, 4]).convert_dtypes()):
        with pytest.raises(ValueError, match=r"^X must be real numbers|^X must be finite"):
            trained(missing, Y)


def test_arrays_are_copies_of_floats():
    numbers = np.arange(3)
    assert as_array("x", numbers).dtype == np.float64
    floats = np.ones(2)
    assert as_array("x", floats) is not floats
