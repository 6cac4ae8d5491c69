"""Learning-rate schedules: their equations, their ends, and what they refuse."""

import math
import pickle
from fractions import Fraction

import pytest
from bad_input import error_for, error_for_integer

from nn.training.schedules import CosineDecay, ExponentialDecay, InverseTimeDecay, LinearWarmup, StepDecay

ALL = [
    StepDecay(0.5, 0.1, 30),
    ExponentialDecay(0.5, 0.99),
    InverseTimeDecay(0.5, 0.01),
    CosineDecay(0.5, 0.01, 100),
    LinearWarmup(5, then=StepDecay(0.5, 0.1, 30)),
    LinearWarmup(5, then=0.1),
]
every_schedule = pytest.mark.parametrize("schedule", ALL, ids=repr)


def test_step_decay_by_hand():
    assert [StepDecay(8.0, 0.25, every=3)(t) for t in range(8)] == [8.0, 8.0, 8.0, 2.0, 2.0, 2.0, 0.5, 0.5]


def test_exponential_decay_by_hand():
    assert [Fraction(ExponentialDecay(3.0, 0.5)(t)) for t in range(5)] == [3 * Fraction(1, 2) ** t for t in range(5)]


def test_inverse_time_decay_by_hand():
    assert [InverseTimeDecay(3.0, 0.5)(t) for t in range(4)] == [3.0, 2.0, 1.5, 1.2]


def test_inverse_time_decay_meets_the_conditions_of_robbins_and_monro():
    """With initial = decay = 1 it is 1/(t+1): the sums are partial sums of the harmonic series, and pi^2/6."""
    rates = [InverseTimeDecay(1.0, 1.0)(t) for t in range(100_000)]
    assert math.fsum(rates) == pytest.approx(math.log(100_000) + 0.5772156649, abs=1e-5)
    assert math.fsum(rate**2 for rate in rates) == pytest.approx(math.pi**2 / 6, abs=2e-5)


def test_cosine_decay_at_the_angles_whose_cosine_is_known():
    """At 0, 60, 90, 120 and 180 degrees the cosine is 1, 1/2, 0, -1/2 and -1."""
    schedule = CosineDecay(5.0, 1.0, iterations=6)
    assert [schedule(t) for t in (0, 2, 3, 4, 6, 7, 1000)] == pytest.approx([5, 4, 3, 2, 1, 1, 1], rel=1e-15)


def test_cosine_decay_meets_its_ends_exactly():
    schedule = CosineDecay(0.3, 0.07, iterations=10)
    assert (schedule(0), schedule(10), schedule(11)) == (0.3, 0.07, 0.07)


def test_linear_warmup_rises_in_equal_steps_to_the_full_rate():
    assert [LinearWarmup(4, then=2.0)(t) for t in range(6)] == [0.5, 1.0, 1.5, 2.0, 2.0, 2.0]


def test_what_follows_the_warmup_counts_from_its_end():
    schedule = LinearWarmup(2, then=ExponentialDecay(8.0, 0.5))
    assert [schedule(t) for t in range(6)] == [4.0, 8.0, 8.0, 4.0, 2.0, 1.0]


def test_exponential_decay_has_no_period():
    with pytest.raises(TypeError):
        ExponentialDecay(0.5, 0.99, 3)


@every_schedule
def test_schedules_are_values(schedule):
    names = {kind.__name__: kind for kind in (StepDecay, ExponentialDecay, InverseTimeDecay, CosineDecay, LinearWarmup)}
    for same in (pickle.loads(pickle.dumps(schedule)), eval(repr(schedule), names)):
        assert same == schedule
        assert hash(same) == hash(schedule)
        assert [same(t) for t in range(120)] == [schedule(t) for t in range(120)]
    assert sum(schedule == other for other in ALL) == 1
    with pytest.raises(AttributeError):
        schedule.initial = 1.0


@every_schedule
@pytest.mark.parametrize("t", [0, 1, 10**6])
def test_rates_are_finite_and_at_least_0(schedule, t):
    assert 0 <= schedule(t) < math.inf


GOOD = {
    StepDecay: {"initial": 0.5, "factor": 0.1, "every": 30},
    ExponentialDecay: {"initial": 0.5, "factor": 0.99},
    InverseTimeDecay: {"initial": 0.5, "decay": 0.01},
    CosineDecay: {"initial": 0.5, "final": 0.01, "iterations": 100},
    LinearWarmup: {"iterations": 5, "then": 0.1},
}
BAD = {
    "initial": [0, -1.0, math.nan, math.inf, "1", None],
    "factor": [0, -0.5, 1.5, math.nan, None],
    "decay": [0, -1.0, math.nan, math.inf, None],
    "final": [-0.1, 0.6, math.nan, None],
    "every": [0, -1, 1.5, True, None, "3"],
    "iterations": [0, -1, 1.5, True, None, "3"],
    "then": [0, -0.1, math.nan, "0.1", None],
}


@pytest.mark.parametrize(
    ("kind", "name", "bad"), [(kind, name, bad) for kind, good in GOOD.items() for name in good for bad in BAD[name]]
)
def test_wrong_arguments(kind, name, bad):
    error = (error_for_integer if name in {"every", "iterations"} else error_for)(bad)
    with pytest.raises(error, match=rf"^{name} must be .*; received "):
        kind(**{**GOOD[kind], name: bad})
