"""Termination criteria: when they are met, what they say, and that they look at the history and at nothing else."""

import copy
import itertools
import math
import pickle
import random
from types import SimpleNamespace

import pytest
from bad_input import error_for, error_for_integer
from hypothesis import given
from hypothesis import strategies as st

from nn.training.termination import (
    And,
    Criterion,
    History,
    MaximumIterations,
    Or,
    SmallGradient,
    SmallImprovement,
    TimeLimit,
    ValidationRising,
)

nan, inf = math.nan, math.inf


def history(loss=(), validation_loss=(), gradient_norm=(), time=()):
    lists = {"loss": loss, "validation_loss": validation_loss, "gradient_norm": gradient_norm, "time": time}
    return SimpleNamespace(**{name: list(numbers) for name, numbers in lists.items()})


def first_met(criterion, name, numbers):
    """After how many iterations of a run the criterion is met for the first time; None if never."""
    run = history()
    for number in numbers:
        run.loss.append(number if name == "loss" else 1.0)
        if name != "loss":
            getattr(run, name).append(number)
        if criterion.met(run):
            return len(run.loss)
    return None


EXAMPLES = [
    MaximumIterations(300),
    SmallImprovement(0.001, over=10, after=100),
    SmallGradient(1e-6),
    TimeLimit(60),
    ValidationRising(20),
]


@pytest.mark.parametrize("criterion", EXAMPLES, ids=repr)
def test_none_is_met_before_the_first_iteration(criterion):
    assert criterion.met(history()) is False
    assert criterion.which(history()) is None


# One by one


def test_maximum_iterations():
    assert first_met(MaximumIterations(3), "loss", [1.0] * 10) == 3
    assert MaximumIterations(3).which(history([1.0] * 3)) == "3 iterations"
    assert MaximumIterations(3).which(history([1.0] * 5)) == "5 iterations", "what was done counts"
    assert MaximumIterations(3).which(history([1.0] * 2)) is None


def test_small_improvement_by_hand():
    """Over two iterations the error falls by 6, 4, 2, 1, 0.5."""
    losses = [10.0, 7.0, 4.0, 3.0, 2.0, 2.0, 1.5]
    assert first_met(SmallImprovement(2.5, over=2), "loss", losses) == 5
    assert first_met(SmallImprovement(2.0, over=2), "loss", losses) == 6, "2 is not less than 2"
    assert first_met(SmallImprovement(0.5, over=2), "loss", losses) is None
    assert first_met(SmallImprovement(2.5, over=2, after=7), "loss", losses) == 7


def test_small_improvement_over_one_iteration_needs_two():
    assert first_met(SmallImprovement(5.0, over=1), "loss", [3.0, 2.0]) == 2


def test_an_error_that_rises_has_not_improved():
    stop = SmallImprovement(0.1, over=1)
    for second in (1.0, 1.5, 2.0):
        assert first_met(stop, "loss", [1.0, second]) == 2
        assert stop.which(history([1.0, second])) == "the error has not improved in the last 1 iterations"


def test_the_best_of_the_last_errors_counts():
    """Errors of a sample go up and down: 9, 3, 8 has improved by 6, though 8 is hardly less than 9."""
    assert not SmallImprovement(2.0, over=2).met(history([9.0, 3.0, 8.0]))


@pytest.mark.parametrize(
    ("losses", "met"),
    [
        ([5.0, nan, nan], True),
        ([5.0, -inf, 5.0], True),
        ([inf, 5.0, 5.0], True),
        ([nan, nan, nan], True),
        ([inf, inf, 5.0], True),
        ([5.0, nan, 1.0], False),
        ([nan, 5.0, 1.0], False),
    ],
)
def test_what_is_not_finite_is_neither_a_small_nor_a_large_improvement(losses, met):
    assert SmallImprovement(1.0, over=2).met(history(losses)) is met


def test_small_improvement_in_words():
    stop = SmallImprovement(1.0, over=2)
    assert stop.reason == "an improvement of the error by less than 1.0 in 2 iterations"
    assert SmallImprovement(1.0, 2, 7).reason == f"{stop.reason}, after at least 7 iterations"
    assert stop.which(history([8.0, 4.0, 3.75, 3.5])) == (
        "the error has improved by 0.5 in the last 2 iterations, less than 1.0"
    )
    for over, read, losses in ((2, 3, [nan, nan, 1.0]), (1, 2, [1.0, inf]), (3, 4, [1.0, nan, nan, nan, 1.0])):
        words = f"the error has been finite fewer than two times in the last {read} iterations"
        assert SmallImprovement(1.0, over).which(history(losses)) == words


def test_small_gradient():
    assert first_met(SmallGradient(0.5), "gradient_norm", [3.0, 0.5, nan, None, 0.25]) == 5
    assert (
        SmallGradient(0.5).which(history(gradient_norm=[1.0, 0.25]))
        == "the norm of the gradient is 0.25, less than 0.5"
    )
    assert not SmallGradient(0.5).met(history([1.0], gradient_norm=[]))


def test_time_limit():
    assert first_met(TimeLimit(2.0), "time", [0.5, 1.999, 2.0]) == 3
    assert TimeLimit(2).which(history(time=[1.0, 2.25])) == "the time limit of 2 seconds: 2.2 seconds have passed"


def test_early_stopping_by_hand():
    errors = [0.5, 0.4, 0.45, 0.42, 0.39, 0.41, 0.40, 0.395, 0.3]
    assert first_met(ValidationRising(2), "validation_loss", errors) == 4
    assert first_met(ValidationRising(3), "validation_loss", errors) == 8
    assert first_met(ValidationRising(4), "validation_loss", errors) is None
    assert ValidationRising(3).which(history(validation_loss=errors[:8])) == (
        "the validation error has not improved for 3 iterations (best 0.39 at iteration 4)"
    )


def test_the_lectures_rule_is_patience_1():
    """ "If the validation error starts to increase, just stop!" """
    assert first_met(ValidationRising(1), "validation_loss", [0.5, 0.4, 0.41, 0.1]) == 3


def test_an_error_as_low_as_the_lowest_is_not_a_new_lowest():
    assert first_met(ValidationRising(2), "validation_loss", [0.5, 0.5, 0.5]) == 3


def test_least_improvement():
    errors = [1.0, 0.75, 0.625, 0.5, 0.375]
    assert first_met(ValidationRising(2, least_improvement=0.125), "validation_loss", errors) is None
    assert first_met(ValidationRising(2, least_improvement=0.25), "validation_loss", errors) == 5, (
        "0.625, then not 0.375"
    )
    assert first_met(ValidationRising(3, least_improvement=0.5), "validation_loss", errors) == 4
    assert ValidationRising(3, 0.5).which(history(validation_loss=errors[:4])) == (
        "the validation error has not improved by more than 0.5 for 3 iterations (best 1 at iteration 0)"
    )


def test_iterations_without_validation_do_not_count():
    errors = [None, 0.5, None, None, 0.6, None, 0.7]
    assert first_met(ValidationRising(2), "validation_loss", errors) == 7
    assert first_met(ValidationRising(3), "validation_loss", errors) is None
    assert "for 5 iterations (best 0.5 at iteration 1)" in ValidationRising(2).which(history(validation_loss=errors))


@pytest.mark.parametrize("bad", [nan, inf, -inf])
def test_what_is_not_finite_is_not_a_new_lowest(bad):
    assert first_met(ValidationRising(2), "validation_loss", [0.5, bad, bad, 0.1]) == 3
    assert first_met(ValidationRising(3), "validation_loss", [0.5, bad, 0.4, bad, bad, bad]) == 6
    assert first_met(ValidationRising(2), "validation_loss", [bad, bad, bad]) == 2
    assert first_met(ValidationRising(2), "validation_loss", [bad, 0.5, 0.6, 0.4]) is None
    never = ValidationRising(2).which(history(validation_loss=[bad, bad]))
    assert never == "the validation error has not been finite in 2 validations"


def naive_early_stopping(errors, patience, least):
    """The definition, read from the start each time."""
    best, since = inf, 0
    for error in errors:
        if error is None:
            continue
        if error < best - least and error > -inf:
            best, since = error, 0
        else:
            since += 1
    return since >= patience


ERRORS = st.lists(st.one_of(st.none(), st.integers(0, 9).map(float), st.just(nan), st.just(inf)), max_size=40)


@given(errors=ERRORS, patience=st.integers(1, 5), least=st.sampled_from([0.0, 1.0, 2.5]))
def test_to_watch_is_to_read_the_history_from_its_start_each_time(errors, patience, least):
    stop, run = ValidationRising(patience, least), history()
    watches = [stop.watch(), (stop & Fixed("x", True)).watch(), (stop | Fixed("x", False)).watch()]
    for error in errors:
        run.validation_loss.append(error)
        expected = naive_early_stopping(run.validation_loss, patience, least)
        assert [stop.met(run), *(watch(run) for watch in watches)] == [expected] * 4
        assert (stop.which(run) is not None) == expected


@given(errors=ERRORS, others=ERRORS, cut=st.integers(0, 40))
def test_one_criterion_for_several_runs(errors, others, cut):
    """Also for a history that is taken back to a checkpoint, and goes on differently in the same list."""
    stop, first, second = ValidationRising(2), history(), history()
    for one, other in itertools.zip_longest(errors, others):
        first.validation_loss.append(one)
        second.validation_loss.append(other)
        assert stop.met(first) == naive_early_stopping(first.validation_loss, 2, 0.0)
        assert stop.met(second) == naive_early_stopping(second.validation_loss, 2, 0.0)
    stop.met(first)
    again = [error if error is None else error + 0.5 for error in errors]
    first.validation_loss[cut:] = [*again[cut:], 3.5]
    assert stop.met(first) == naive_early_stopping(first.validation_loss, 2, 0.0)


def test_a_history_that_is_taken_back_to_a_checkpoint():
    """The same list, as long as before and longer, with other errors from where it was cut, and none in between."""
    stop, run = ValidationRising(2), history(validation_loss=[0.5, None, 0.1, None, 0.2, None])
    assert not stop.met(run)
    del run.validation_loss[1:]
    assert not stop.met(run)
    run.validation_loss[1:] = [None, 0.6, None, 0.7, None]
    assert stop.which(run) == "the validation error has not improved for 5 iterations (best 0.5 at iteration 0)"
    run.validation_loss[3:] = [None, 0.3, None, 0.4, None, 0.35]
    assert stop.which(run) == "the validation error has not improved for 4 iterations (best 0.3 at iteration 4)"


class Counted(list):
    """A list that counts how many of its entries are read."""

    read = 0

    def __getitem__(self, place):
        result = super().__getitem__(place)
        Counted.read += len(result) if isinstance(place, slice) else 1
        return result

    def __iter__(self):
        Counted.read += len(self)
        return super().__iter__()


def test_a_long_history_is_not_read_again_in_each_iteration():
    stop = MaximumIterations(10**9) | SmallImprovement(1e-9, over=5) | SmallGradient(1e-9) | TimeLimit(1e9)
    met, run = (stop | ValidationRising(patience=10**6)).watch(), history()
    for name in ("loss", "validation_loss", "gradient_norm", "time"):
        setattr(run, name, Counted())
    Counted.read = 0
    for t in range(1000):
        run.loss.append(1 / (t + 1) + 1e6 - t)
        run.validation_loss.append(1.0 + t)
        run.gradient_norm.append(1.0)
        run.time.append(float(t))
        assert not met(run)
    assert 1000 < Counted.read < 20 * 1000


# Together


class Fixed(Criterion):
    """A user-defined criterion that is met or is not."""

    def __init__(self, reason, met):
        self.words, self.answer = reason, met

    @property
    def reason(self):
        return self.words

    def met(self, history):  # noqa: ARG002
        return self.answer


@pytest.mark.parametrize("a", [False, True])
@pytest.mark.parametrize("b", [False, True])
@pytest.mark.parametrize("c", [False, True])
def test_and_and_or_follow_logic(a, b, c):
    x, y, z = Fixed("x", a), Fixed("y", b), Fixed("z", c)
    run = history()
    assert (x & y).met(run) == (a and b)
    assert (x | y).met(run) == (a or b)
    assert (x & y | z).met(run) == ((a and b) or c)
    assert (x & (y | z)).met(run) == (a and (b or c))
    assert (x | y | z).met(run) == (a or b or c)


def test_only_those_that_are_met_are_named():
    x, y, z = Fixed("x", True), Fixed("y", False), Fixed("z", True)
    run = history()
    assert (x | y).which(run) == "x"
    assert (y | x | z).which(run) == "x; z"
    assert (x & z).which(run) == (x & z | y).which(run) == "x, and z"
    assert (x & y).which(run) is None
    assert (x & (y | z)).which(run) == "x, and z"
    assert (x & (y | z)).reason == "x, and (y, or z)"
    assert (x & y | z).reason == "x, and y, or z"


def test_the_lectures_combination():
    """ "Only stop if enough iterations have passed and the improvement in error is small", both ways to say it."""
    losses = [1.0, 1.0, 1.0, 1.0, 1.0, 1.0]
    assert first_met(MaximumIterations(5) & SmallImprovement(0.1, over=1), "loss", losses) == 5
    assert first_met(SmallImprovement(0.1, over=1, after=5), "loss", losses) == 5


def test_early_stopping_that_another_criterion_holds_back_is_not_forgotten():
    """Early stopping that is met too early still ends the run once enough iterations have passed."""
    stop = MaximumIterations(6) & ValidationRising(2)
    assert first_met(stop, "validation_loss", [0.1, 0.5, 0.6, 0.5, 0.4, 0.3, 0.2]) == 6


def test_a_history_in_one_line():
    run = History()
    assert repr(run) == "<History: 0 iterations; best weights after 0; ended by: not ended>"
    run.loss[:], run.error[:], run.best_loss, run.best_iteration = [3.0, 2.5], [1.5, 1.25], 2.5, 2
    run.ended = "2 iterations"
    assert repr(run) == (
        "<History: 2 iterations, mean error 1.25 per example in the last; best weights after 2; ended by: 2 iterations>"
    )


def test_reasons_in_words():
    assert ValidationRising(3).reason == "no new lowest validation error in 3 validations"
    assert ValidationRising(3, 0.5).reason == "no new lowest validation error by more than 0.5 in 3 validations"
    assert all(type(criterion.reason) is str for criterion in EXAMPLES)


def test_which_criteria_read_the_validation_error():
    assert [criterion.reads_validation for criterion in EXAMPLES] == [False, False, False, False, True]
    assert (EXAMPLES[0] | EXAMPLES[4]).reads_validation
    assert (EXAMPLES[4] & EXAMPLES[0]).reads_validation
    assert not (EXAMPLES[0] | EXAMPLES[1] & EXAMPLES[2]).reads_validation


# As objects


COMBINED = [
    (MaximumIterations(300) | ValidationRising(20), "MaximumIterations(300) | ValidationRising(patience=20)"),
    (SmallGradient(0.5) & TimeLimit(60), "SmallGradient(0.5) & TimeLimit(60)"),
    (
        (MaximumIterations(3) | TimeLimit(1.5)) & ValidationRising(2, least_improvement=0.1),
        "(MaximumIterations(3) | TimeLimit(1.5)) & ValidationRising(patience=2, least_improvement=0.1)",
    ),
    (
        MaximumIterations(9) | MaximumIterations(3) & SmallImprovement(0.001, 10, 100) & SmallGradient(1.0),
        "MaximumIterations(9) | MaximumIterations(3) & SmallImprovement(less_than=0.001, over=10, after=100)"
        " & SmallGradient(1.0)",
    ),
    (SmallImprovement(0.001, 10), "SmallImprovement(less_than=0.001, over=10)"),
]


@pytest.mark.parametrize(("criterion", "text"), COMBINED, ids=[text for _, text in COMBINED])
def test_they_print_as_they_are_written_and_copy(criterion, text):
    criterion.met(history([1.0], [1.0], [1.0], [1.0]))  # what it has read is not a part of it
    assert repr(criterion) == text
    names = {kind.__name__: kind for kind in map(type, EXAMPLES)}
    for same in (eval(text, names), pickle.loads(pickle.dumps(criterion)), copy.deepcopy(criterion)):
        assert same == criterion
        assert hash(same) == hash(criterion)
        assert repr(same) == text


def test_criteria_that_say_the_same_are_equal():
    a, b, c = MaximumIterations(3), TimeLimit(3), SmallGradient(3)
    assert a & (b & c) == (a & b) & c == And((a, b, c))
    assert a | (b | c) == (a | b) | c == Or((a, b, c))
    assert a & b != a | b
    assert MaximumIterations(3) != MaximumIterations(4)
    assert Fixed("x", True) != Fixed("y", True), "a user-defined criterion equals only itself"
    assert repr(MaximumIterations(3) | Fixed("x", True)) == "MaximumIterations(3) | Fixed()"


def test_a_pickle_holds_no_history():
    stop, run = ValidationRising(20), history(validation_loss=[random.random() for _ in range(10_000)])
    stop.met(run)
    assert len(pickle.dumps(stop)) < 500


@pytest.mark.parametrize("missing", ["reason", "met"])
def test_a_criterion_must_have_a_reason_and_say_when_it_is_met(missing):
    parts = {name: vars(Fixed)[name] for name in ("reason", "met") if name != missing}
    with pytest.raises(TypeError, match=f"abstract method '?{missing}"):
        type("Half", (Criterion,), parts)()


def test_they_do_not_change():
    with pytest.raises(AttributeError):
        MaximumIterations(3).n = 4


def test_the_keywords_and_and_or_are_refused():
    """`a and b` would be b alone."""
    with pytest.raises(TypeError, match=r"combine with & and \|"):
        MaximumIterations(3) and TimeLimit(60)


@pytest.mark.parametrize("other", [None, 300, "300 iterations", MaximumIterations])
def test_what_is_not_a_criterion_does_not_combine(other):
    with pytest.raises(TypeError, match=r"unsupported operand"):
        MaximumIterations(3) | other
    with pytest.raises(TypeError, match=r"unsupported operand"):
        MaximumIterations(3) & other


WHOLE = [0, -1, 1.5, True, None, "3", nan]
POSITIVE = [0, -0.5, nan, inf, None, "3", True]


@pytest.mark.parametrize(
    ("make", "name", "bad"),
    [
        *((MaximumIterations, "n", bad) for bad in WHOLE),
        *((lambda x: SmallImprovement(x, 10), "less_than", bad) for bad in POSITIVE),
        *((lambda x: SmallImprovement(0.1, x), "over", bad) for bad in WHOLE),
        *((lambda x: SmallImprovement(0.1, 10, x), "after", bad) for bad in WHOLE[1:]),
        *((SmallGradient, "less_than", bad) for bad in POSITIVE),
        *((TimeLimit, "seconds", bad) for bad in POSITIVE),
        *((ValidationRising, "patience", bad) for bad in WHOLE),
        *((lambda x: ValidationRising(3, x), "least_improvement", bad) for bad in POSITIVE[1:]),
    ],
)
def test_wrong_arguments(make, name, bad):
    error = (error_for_integer if name in {"n", "over", "after", "patience"} else error_for)(bad)
    with pytest.raises(error, match=rf"^{name} must be .*; received "):
        make(bad)
