"""The exercises of notebook 4, step through the chain rule."""

from exercises import Exercise, course

EXERCISES = (
    Exercise(
        "product_to_w1",
        solution="product_to_w1 = 0.1966 * x1.data",
        hints=(
            "Two factors: what has arrived at v2, and the slope of v2 = w1 * x1 with respect to w1.",
            "The slope of a product with respect to one factor is the other factor, with its sign.",
        ),
        wrong=(
            ("product_to_w1 = 0.1966 * w1.data", "A times swaps: with respect to w1, the slope is not w1 itself."),
            ("product_to_w1 = x1.data", "That is the slope alone. Multiply it by the gradient that has arrived."),
            ("product_to_w1 = -0.1966 * x1.data", "The size is right. What sign does x1 have?"),
            ("product_to_w1 = 0.1966", "That has arrived at v2. Only a plus passes it on unchanged."),
        ),
        why="Upstream gradient times the other factor.",
        gradient=("f", "w1"),
    ),
    Exercise(
        "product_to_x1",
        solution="product_to_x1 = 0.1966 * w1.data",
        hints=(
            "The upstream gradient is the same as for w1. Which factor is now the other one?",
            "For a small change of x1, v2 changes w1 times as much.",
        ),
        wrong=(
            ("product_to_x1 = 0.1966 * x1.data", "A times swaps: with respect to x1, the slope is not x1 itself."),
            ("product_to_x1 = w1.data", "That is the slope alone. Multiply it by the gradient that has arrived."),
            ("product_to_x1 = -0.1966 * w1.data", "The size is right. What sign does w1 have?"),
        ),
        gradient=("f", "x1"),
    ),
    Exercise(
        "number_of_steps",
        solution="number_of_steps = 12 - 4 + 1",
        hints=(
            "Which steps of the table above lead back through the sigmoid?",
            "All other steps stay. One edge, from f to s, takes the place of those four.",
        ),
        wrong=(
            ("number_of_steps = 8", "The four steps are gone. But does nothing lead from f to s any more?"),
            ("number_of_steps = 11", "One step for the sigmoid is right. How many steps does it replace?"),
            ("number_of_steps = 10", "Do you count the seed? It is not a step along an edge."),
        ),
        why="One edge replaces four.",
    ),
    Exercise(
        "gradient_too_early",
        solution="gradient_too_early = 1 + 1",
        hints=(
            "What has b received after step 6?",
            "b passes that on along both of its edges to a, and the two are added.",
        ),
        wrong=(
            ("gradient_too_early = 8", "That is the right gradient, which a gets if b waits."),
            ("gradient_too_early = 6", "That is what arrives too late, on both edges. What has b passed on?"),
            ("gradient_too_early = 1", "That travels along one edge. How many lead from b to a?"),
            ("gradient_too_early = 4", "That is the complete gradient of b. After step 6 it has less."),
        ),
        why="The 3 that comes from d arrives too late to be passed on.",
    ),
    Exercise(
        "total_after_first",
        solution="total_after_first = -6 * 1",
        hints=(
            "Start at f: which gradient arrives at e = a + b?",
            "The slope of f = d * e with respect to e is the other factor; and a plus passes it on.",
        ),
        wrong=(
            ("total_after_first = 3.0", "That is the contribution through d. The first one comes through e."),
            ("total_after_first = e.data", "That is what arrives at d. A times swaps: what arrives at e?"),
            ("total_after_first = -3.0", "That is the total after both contributions. What is there after the first?"),
        ),
    ),
    Exercise(
        "total_after_second",
        solution="total_after_second = -6 * 1 + 1 * 3",
        hints=(
            "The second contribution comes from f through d = a * b: multiply the two slopes.",
            "Add it to the total after the first: += and not =.",
        ),
        wrong=(
            ("total_after_second = 3.0", "That is the second contribution alone: it overwrites the first."),
            (
                "total_after_second = -6.0 - 2.0",
                "Along the second path the slope of d = a * b with respect to a is needed.",
            ),
            ("total_after_second = 9.0", "The second contribution is right. What sign does the first one have?"),
        ),
        why="What arrives is added.",
        gradient=("f", "a"),
    ),
    Exercise(
        "w_after",
        solution="w_after = w.data - 0.1 * -8",
        hints=(
            "The step is the rate times the gradient.",
            "Gradient descent goes against the gradient: subtract it, and mind its own sign.",
        ),
        wrong=(
            ("w_after = w.data + 0.1 * -8", "That goes along the gradient, uphill. Descent subtracts it."),
            ("w_after = w.data + 8", "The direction is right, but the step lacks the learning rate."),
            ("w_after = 0.1 * 8", "That is the size of the step. Where does w start?"),
        ),
        why="The gradient is negative, so w grows.",
    ),
)

answer, check, hint = course(*EXERCISES)
