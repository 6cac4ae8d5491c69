"""The exercises of notebook 14, a GPT."""

from collections.abc import Callable, Iterable

from autograd_lite import Value
from exercises import Exercise, course


def digits(numbers: Iterable[float]) -> str:
    """Some numbers as text, so that nan equals nan."""
    return " ".join(f"{number:.3f}" for number in numbers)


def probabilities(softmax: Callable[[list[Value]], list[Value]]) -> dict[str, str]:
    """What `softmax` returns, and the gradient of its first result."""
    scores = [Value(2.0), Value(1.0), Value(-1.0)]
    found = softmax(scores)
    found[0].backward()
    return {
        "the scores 2, 1 and -1": digits(p.data for p in found),
        "the gradient of the first probability": digits(score.grad for score in scores),
        "the scores 1000 and 999": digits(p.data for p in softmax([Value(1000.0), Value(999.0)])),
    }


def positions(seen: Callable[[int], Iterable[int]]) -> dict[str, list[int]]:
    """What `seen` returns for three positions."""
    return {f"position {t}": list(seen(t)) for t in (0, 1, 4)}


EXERCISES = (
    Exercise(
        "guessing_loss",
        solution="guessing_loss = -math.log(1 / 27)",
        hints=(
            "Which probability does it assign to the token that comes next? All 27 are equal, and their sum is 1.",
            "Put that probability into the formula of the error, minus the logarithm of p.",
        ),
        wrong=(
            ("guessing_loss = 1 / 27", "That is the probability. The error is minus its logarithm."),
            ("guessing_loss = math.log(26)", "There are 26 letters, and one more token: the period."),
            ("guessing_loss = math.log2(27)", "That is in bits. The error uses the natural logarithm."),
            (
                "guessing_loss = math.log(1 / 27)",
                "The logarithm of a probability is negative, and the error is minus it.",
            ),
        ),
        why="A trained model must be well below 3.3.",
    ),
    Exercise(
        "number_of_parameters",
        solution="number_of_parameters = sum(len(row) for matrix in model.values() for row in matrix)",
        hints=(
            "A matrix has rows × columns parameters. Add up all of them, and count both heads.",
            "letter has 27 · 8, place has 9 · 8, and each of Q1, K1, V1, Q2, K2, V2 has 4 · 8. Four matrices are left.",
        ),
        wrong=(
            ("number_of_parameters = len(model)", "That is the number of matrices. How many entries does each have?"),
            (
                "number_of_parameters = sum(len(matrix) for matrix in model.values())",
                "Those are the rows of all matrices. How many entries does each row have?",
            ),
            ("number_of_parameters = 1016 - 96", "It seems that the second head is missing."),
            (
                "number_of_parameters = 1016 - 72",
                "It seems that the matrix place is missing. Its rows are learned, too.",
            ),
        ),
        why="The large models of today have the same matrices, with hundreds of billions of entries.",
    ),
    Exercise(
        "softmax",
        probe=probabilities,
        solution="""
def softmax(scores):
    largest = max(score.data for score in scores)
    powers = [exp(score - largest) for score in scores]
    whole = total(powers)
    return [power / whole for power in powers]
""",
        hints=(
            "First the largest score, then a list of powers of e, then their sum, then a list of quotients.",
            "The powers are exp(score - largest), one for each score; each of them is divided by their sum.",
        ),
        wrong=(
            (
                """
def softmax(scores):
    powers = [exp(score) for score in scores]
    whole = total(powers)
    return [power / whole for power in powers]
""",
                "Right for small scores, but exp(1000) is infinite. Subtract the largest score from all of them first.",
            ),
            (
                """
def softmax(scores):
    whole = total(scores)
    return [score / whole for score in scores]
""",
                "These are parts of the sum of the scores, and some are negative. First take e to the power of each score.",
            ),
            (
                """
def softmax(scores):
    largest = max(score.data for score in scores)
    powers = [Value(math.exp(score.data - largest)) for score in scores]
    whole = total(powers)
    return [power / whole for power in powers]
""",
                "The numbers are right, but the gradient is lost: math.exp computes with plain numbers, outside of the graph.",
            ),
            (
                """
def softmax(scores):
    largest = max(score.data for score in scores)
    powers = [math.exp(score.data - largest) for score in scores]
    return [power / sum(powers) for power in powers]
""",
                "These are plain numbers, from math.exp and .data, so no gradient can pass. `exp` takes the Value itself.",
            ),
            (
                """
def softmax(scores):
    largest = max(score.data for score in scores)
    powers = [exp(score - largest) for score in scores]
    whole = sum(power.data for power in powers)
    return [power / whole for power in powers]
""",
                "The sum is a plain number here, so no gradient passes through it. Add up the Values themselves.",
            ),
            (
                """
def softmax(scores):
    largest = max(score.data for score in scores)
    return [exp(score - largest) for score in scores]
""",
                "These are the powers. Their sum is not 1 yet.",
            ),
        ),
        why="The gradient passes through the sum, too: a larger score takes probability from all others.",
    ),
    Exercise(
        "seen",
        probe=positions,
        solution="""
def seen(t):
    return range(t + 1)
""",
        hints=(
            "Position 0 sees only itself, position 1 sees 0 and 1. And position 4?",
            "range(n) counts from 0 to n - 1, and its last number must be t.",
        ),
        wrong=(
            (
                """
def seen(t):
    return range(t)
""",
                "range stops before its end, so a position does not see itself, and position 0 sees nothing at all.",
            ),
            (
                """
def seen(t):
    return range(9)
""",
                "This includes later positions, and there stands the letter that is to be predicted.",
            ),
            (
                """
def seen(t):
    return range(t, t + 1)
""",
                "This is the position itself only. It may read the earlier ones, too.",
            ),
        ),
        why="Position 0 sees the period only, and the last position sees the whole name.",
    ),
    Exercise(
        "weight_of_0",
        solution="weight_of_0 = attention_weights(2, q, k)[0].data",
        hints=(
            "Three dot products of the query (2, 1) with the keys; each divided by the root of 2; then softmax.",
            "The dot products are 2, 1 and 3. After the division, take e to each power, and divide the first by the sum.",
        ),
        wrong=(
            (
                "weight_of_0 = softmax([Value(2.0), Value(1.0), Value(3.0)])[0].data",
                "The scores are not yet divided by the root of d, which is 2 here.",
            ),
            (
                "weight_of_0 = 2 / 6",
                "That is the first dot product's part of the sum of all three. Softmax takes powers of e.",
            ),
            (
                "weight_of_0 = attention_weights(2, q, k)[2]",
                "That is how much it looks at itself. The question is about position 0, with the key (1, 0).",
            ),
            (
                "weight_of_0 = attention_weights(2, q, k)",
                "These are the weights of all three positions. Which is that of 0?",
            ),
            ("weight_of_0 = 2 / math.sqrt(2)", "That is the score. An attention weight comes after softmax."),
        ),
        why="Position 2 pays 0.28 of its attention to position 0, 0.14 to position 1, and 0.58 to itself.",
    ),
)

answer, check, hint = course(*EXERCISES)
