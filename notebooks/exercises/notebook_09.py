"""The exercises of notebook 9, stopping and restarts."""

from collections.abc import Callable
from functools import partial
from types import SimpleNamespace
from typing import Any

from exercises import Exercise, course
from nn.training.termination import Criterion

ERRORS = [0.90, 0.60, 0.50, 0.55, 0.52, 0.48, 0.51, 0.53, 0.56, 0.40]


def end(met: Callable[[Any], bool], numbers: list[float]) -> str:
    """Return when a run ends whose first number is asked about, then the first two, and so on."""
    counts = (count for count in range(1, len(numbers) + 1) if met(numbers[:count]))
    return next((f"an end after {count}" for count in counts), "no end")


def ends(stop: Criterion) -> dict[str, str]:
    """Return after how many iterations a criterion ends runs whose errors are known."""
    runs = {
        "600 iterations with an error that never changes": [1.0] * 600,
        "600 iterations with an error that falls by 0.1 in each": [100 - 0.1 * t for t in range(600)],
        "600 iterations with an error that falls by 0.1 in each of the first 200": [
            100 - 0.1 * min(t, 200) for t in range(600)
        ],
    }

    def met(losses: list[float]) -> bool:
        history: Any = SimpleNamespace(loss=losses)
        return stop.met(history)

    return {run: end(met, numbers) for run, numbers in runs.items()}


def stops(should_stop: Callable[..., bool]) -> dict[str, str]:
    """Return after how many validations a rule stops runs whose validation errors are known."""
    runs = [(ERRORS, 1), (ERRORS, 2), (ERRORS, 3), ([0.5, 0.6, 0.55, 0.58], 3), ([0.9, 0.7, 0.5], 1)]
    late = "an end" if should_stop([0.5, 0.6, 0.7, 0.8], 2) else "no end"
    return {
        f"patience {patience} and the errors {errors}": end(partial(should_stop, patience=patience), errors)
        for errors, patience in runs
    } | {"patience 2, asked for the first time at the errors [0.5, 0.6, 0.7, 0.8]": late}


EXERCISES = (
    Exercise(
        "stop",
        solution="stop = MaximumIterations(50) & SmallImprovement(0.01, over=10) | MaximumIterations(500)",
        hints=(
            "There are three criteria. The first two must be met together, and the third is enough alone.",
            "MaximumIterations(50) is met from the 50th iteration on, so it also says that enough iterations have passed.",
        ),
        wrong=(
            (
                "stop = MaximumIterations(50) | SmallImprovement(0.01, over=10) | MaximumIterations(500)",
                "With | one criterion is enough: a run with a small improvement ends before its 50th iteration.",
            ),
            (
                "stop = MaximumIterations(50) & SmallImprovement(0.01, over=10) & MaximumIterations(500)",
                "With & all must be met: no run ends before its 500th iteration.",
            ),
            (
                "stop = MaximumIterations(50) & SmallImprovement(0.01, over=10)",
                "A run whose error falls and falls never ends. What stops it in any case?",
            ),
            (
                "stop = SmallImprovement(0.01, over=10) | MaximumIterations(500)",
                "A run with a small improvement ends too early: at least 50 iterations must have passed.",
            ),
        ),
        probe=ends,
    ),
    Exercise(
        "error_with_patience_1",
        solution="error_with_patience_1 = min(validation_errors[:4])  # it ends with the 4th",
        hints=(
            "Go through the errors from the left. Which is the first that is not a new lowest one?",
            "It stops at the first bump, and returns the best weights that it has seen until then.",
        ),
        wrong=(
            ("error_with_patience_1 = 0.55", "There it stops. But it has kept the best weights."),
            ("error_with_patience_1 = 0.48", "It does not come so far: it stops at the first bump."),
            ("error_with_patience_1 = 0.40", "That is the lowest of all. The run is stopped long before."),
        ),
        why="It stops at 0.55, and has kept the weights of 0.50.",
    ),
    Exercise(
        "error_with_patience_3",
        solution="error_with_patience_3 = min(validation_errors[:9])  # it ends with the 9th",
        hints=(
            "After each new lowest error the counting begins again.",
            "After the bump in the middle there is a new lowest error. Count three validations from there.",
        ),
        wrong=(
            ("error_with_patience_3 = 0.56", "There it stops. But it has kept the best weights."),
            (
                "error_with_patience_3 = 0.50",
                "After it come only two errors that are not lower. Then there is a new lowest one, and it counts again.",
            ),
            ("error_with_patience_3 = 0.40", "That is the lowest of all, and it comes one validation too late."),
        ),
        why="It stops at 0.56, three validations after the 0.48.",
    ),
    Exercise(
        "should_stop",
        solution="""
def should_stop(errors, patience):
    best = errors.index(min(errors))  # the place of the lowest
    return len(errors) - 1 - best >= patience
""",
        hints=(
            "Where in the list is the lowest error? errors.index finds the place of a number.",
            "The errors behind that place are the validations that have passed since. Compare their number with patience.",
        ),
        wrong=(
            (
                "def should_stop(errors, patience):\n    return errors[-1] > min(errors)",
                "This stops at the first bump, whatever the patience.",
            ),
            (
                "def should_stop(errors, patience):\n    return len(errors) - errors.index(min(errors)) >= patience",
                "One too many: the lowest error itself has been counted.",
            ),
            (
                "def should_stop(errors, patience):\n"
                "    return len(errors) > patience and all(errors[-k] > errors[-k - 1] for k in range(1, patience + 1))",
                "This waits until each error is higher than the one before. Compare with the lowest error.",
            ),
            (
                "def should_stop(errors, patience):\n    return min(errors[-patience:]) >= min(errors[:-patience])",
                "At first there are no more errors than patience, and what is before them is empty. What then?",
            ),
            (
                "def should_stop(errors, patience):\n    return len(errors) - 1 - errors.index(min(errors)) > patience",
                "It stops one validation too late: as many as patience are enough.",
            ),
            (
                "def should_stop(errors, patience):\n    return len(errors) - 1 - min(errors) >= patience",
                "min(errors) is the lowest error itself. What is its place in the list?",
            ),
            (
                "def should_stop(errors, patience):\n    return len(errors) - 1 - errors.index(min(errors)) == patience",
                "This stops at that one validation only, and not if it is asked later. The rule says: patience or more.",
            ),
        ),
        probe=stops,
        why="It is the rule of ValidationRising.",
    ),
    Exercise(
        "probability",
        solution="probability = 1 - (1 / 3) ** 3",
        hints=(
            "The best of 3 has succeeded if at least one has. What is the opposite?",
            "All three fail, each with probability 1/3. How likely is it that this does not happen?",
        ),
        wrong=(
            ("probability = (2 / 3) ** 3", "That is the probability that all three succeed. One is enough."),
            ("probability = 3 * 2 / 3", "That is how many succeed on average. A probability is never greater than 1."),
            ("probability = (1 / 3) ** 3", "That is the probability that all three fail."),
            ("probability = 1 - (2 / 3) ** 3", "That is the probability that at least one of the three fails."),
        ),
    ),
    Exercise(
        "number_of_starts",
        solution="number_of_starts = next(n for n in range(1, 100) if 1 - (1 / 3) ** n >= 0.99)",
        hints=(
            "With n starts, all fail with probability (1/3)^n. How small must this be?",
            "Try n = 1, 2, 3, ... until (1/3)^n is at most 0.01.",
        ),
        wrong=(
            ("number_of_starts = 4", "Nearly: all four fail with probability 1/81, a little more than 0.01."),
            (
                "import math\nnumber_of_starts = math.log(0.01) / math.log(1 / 3)",
                "That solves the equation. But nobody can make a part of a start.",
            ),
            ("number_of_starts = 12", "(2/3)^12 is less than 0.01, but a start fails with probability 1/3, not 2/3."),
        ),
        why="4 starts succeed with 98.8 %, and 5 with 99.6 %.",
    ),
)

answer, check, hint = course(*EXERCISES)
