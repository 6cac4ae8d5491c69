"""The exercises of notebook 13, published examples."""

from exercises import Exercise, course

EXERCISES = (
    Exercise(
        "without_sigmoid",
        solution="without_sigmoid = 1 * x0.data",
        hints=(
            "Write the chain rule for w0: one factor for the sigmoid function, one for the product. Which one is forgotten?",
            "What is left is the slope of the product w0 * x0 with respect to w0.",
        ),
        wrong=(
            *(
                (
                    f"without_sigmoid = {number}",
                    "That is the right gradient. What does she write if she forgets one factor?",
                )
                for number in ("-0.20", "-0.1966")
            ),
            ("without_sigmoid = 1", "The size is right. What sign does x0 have?"),
            (
                "without_sigmoid = w0.data",
                "That is the slope of w0 * x0 with respect to x0. With respect to w0 it is the other factor.",
            ),
            (
                "without_sigmoid = 0.20",
                "That is the slope of the sigmoid function, and this is the factor that she forgets.",
            ),
        ),
        why="The slope of the sigmoid function is missing, and the slope of the product is left.",
    ),
    Exercise(
        "factor",
        solution='factor = float(updated["w5"]) / w5.data',
        hints=(
            "The share is multiplied by the new weight. By what should it be multiplied?",
            "A ratio: the weight that is used, divided by the weight that should be used.",
        ),
        wrong=(
            (
                'factor = w5.data / float(updated["w5"])',
                "That factor would repair the share. By which one is it wrong?",
            ),
            (
                'factor = float(updated["w5"]) - w5.data',
                "That is how far the weight moved. A share is wrong by a factor.",
            ),
            (
                'factor = float(updated["w5"])',
                "That is the new weight. Compare it with the old one, by which the right share is multiplied.",
            ),
        ),
        why="All shares that go back through w5 are about 10 % too small.",
    ),
    Exercise(
        "rounded_error",
        solution="rounded_error = round(10_000 * 0.474 * (1 - 0.474) * (1 - 0.474))",
        hints=(
            "Three factors: the output, and the difference from 1 twice.",
            "The difference from 1 is 0.526.",
        ),
        wrong=(
            (
                "rounded_error = round(10_000 * 0.474 * (1 - 0.474))",
                "That is the slope of the sigmoid function. The error has one more factor.",
            ),
            (
                "rounded_error = round(10_000 * 0.474 * 0.474 * (1 - 0.474))",
                "Here the output is the factor that occurs twice. It is the difference from 1 that should.",
            ),
            ("rounded_error = 1312", "That comes from the output with all its digits. The book uses three."),
            ("rounded_error = 0.474 * (1 - 0.474) ** 2", "That is the error. How many ten-thousandths is it?"),
            ("rounded_error = 10_000 * 0.474 * (1 - 0.474) ** 2", "Now round it to an integer."),
        ),
        why="0.1311, as in the book: its fourth digit comes from the rounded outputs.",
    ),
)

answer, check, hint = course(*EXERCISES)
