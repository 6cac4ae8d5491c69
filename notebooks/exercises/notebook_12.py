"""The exercises of notebook 12, machine code."""

from collections.abc import Callable

from exercises import Exercise, course


def sums(lane_sums: Callable[[list[float], int], list[float]]) -> dict[str, list[float]]:
    """Return the sums of the lanes of three lists."""
    tries: list[tuple[list[float], int]] = [([1, 2, 3, 4, 50, 60, 70, 80], 4), ([1, 2, 3, 4, 5], 2), ([1, 2, 3], 8)]
    return {f"{numbers} in {lanes} lanes": list(lane_sums(list(numbers), lanes)) for numbers, lanes in tries}


EXERCISES = (
    Exercise(
        "number_of_vectors",
        solution="number_of_vectors = math.ceil(99 / 8)",
        hints=(
            "Eight points go into one vector. What happens to the points that do not fill one?",
            "A vector that is not full is a vector, too: round up.",
        ),
        wrong=(
            ("number_of_vectors = 12", "The points that are left over need a vector, too."),
            ("number_of_vectors = 99 / 8", "There is no half vector. What happens to the points that are left over?"),
            ("number_of_vectors = 99", "That is one for each point. A vector takes eight of them."),
        ),
    ),
    Exercise(
        "padding_lanes",
        solution="padding_lanes = math.ceil(99 / 8) * 8 - 99",
        hints=(
            "How many lanes do all vectors have together?",
            "The last vector has 8 lanes. How many points are left for it?",
        ),
        wrong=(
            ("padding_lanes = 0", "99 is not a multiple of 8, so the last vector is not full."),
            ("padding_lanes = 8", "The last vector is not empty: some points are left for it."),
            ("padding_lanes = 3", "That is how many points the last vector holds. Its other lanes are padding."),
            ("padding_lanes = 12", "That is the number of full vectors. Look at the last one."),
        ),
        why="The last vector holds 3 points.",
    ),
    Exercise(
        "lane_sums",
        solution="""
def lane_sums(numbers, lanes):
    sums = [0] * lanes
    for place, number in enumerate(numbers):
        sums[place % lanes] += number
    return sums
""",
        hints=(
            "Begin with a list of zeros, one for each lane. In which lane is the number at a place of the list?",
            "The remainder of a division by the number of lanes, place % lanes, goes 0, 1, ... and begins again.",
        ),
        wrong=(
            (
                "def lane_sums(numbers, lanes):\n"
                "    return [sum(numbers[start : start + lanes]) for start in range(0, len(numbers), lanes)]",
                "That is the sum of each vector. Add what is in the same lane of all vectors.",
            ),
            (
                "def lane_sums(numbers, lanes):\n"
                "    padded = numbers + [numbers[-1]] * (-len(numbers) % lanes)\n"
                "    return [sum(padded[lane::lanes]) for lane in range(lanes)]",
                "The padding counts here. It must be masked.",
            ),
            (
                "def lane_sums(numbers, lanes):\n    return sum(numbers)",
                "That is the sum of all. It comes at the end; return the list of one sum for each lane.",
            ),
            (
                "def lane_sums(numbers, lanes):\n"
                "    whole = len(numbers) // lanes * lanes\n"
                "    return [sum(numbers[lane:whole:lanes]) for lane in range(lanes)]",
                "The numbers of the last vector are missing if it is not full.",
            ),
            (
                "def lane_sums(numbers, lanes):\n"
                "    sums = [0] * lanes\n"
                "    for place, number in enumerate(numbers):\n"
                "        sums[place % lanes] = number\n"
                "    return sums",
                "Each number replaces the one before it in its lane. It must be added.",
            ),
        ),
        probe=sums,
    ),
    Exercise(
        "runs",
        solution="runs = 0.2 / (60e-6 - 10e-6)",
        hints=(
            "Write both costs as T(k), and set them equal.",
            "How much does each run save? After how many runs have the savings paid for compiling?",
        ),
        wrong=(
            (
                "runs = 0.2 / 60e-6",
                "By then the runs have cost as much as compiling alone. But compiled runs take time, too.",
            ),
            ("runs = 0.2 / 10e-6", "What counts is how much each run saves."),
            ("runs = 0.2 / (60e-6 + 10e-6)", "A run saves the difference of the two times, not their sum."),
            ("runs = 0.2 / 50", "The unit: 1 µs is 1e-6 s."),
        ),
        why="Each run saves 50 µs.",
    ),
    Exercise(
        "times_the_least",
        solution="times_the_least = (runs * 60e-6 + 0.2) / (runs * 60e-6)",
        hints=(
            "The time that it has taken is that of the runs without compiling, and then the time to compile.",
            "After that number of runs both ways cost the same. So the least is the time of the runs without compiling.",
        ),
        wrong=(
            ("times_the_least = 2", "About. But compiling has cost a little less than the runs before it."),
            ("times_the_least = runs * 60e-6 + 0.2", "That is the time in seconds. Divide by the least possible time."),
            (
                "times_the_least = (runs * 60e-6 + 0.2) / 0.2",
                "To compile at once is not the least by itself: the runs after it cost time, too.",
            ),
        ),
        why="The runs have taken 0.24 s, which is the least, and compiling 0.2 s more.",
    ),
)

answer, check, hint = course(*EXERCISES)
