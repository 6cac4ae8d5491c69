"""Streams of random numbers: one for each use, all from one seed."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from nn.checks import FloatArray, as_integer

STREAMS: dict[str, tuple[int, ...]] = {
    "data": (),
    "weights": (0,),
    "split": (1,),
    "batches": (2,),
    "jitter": (3,),
    "dropout": (4,),
    "restarts": (5,),
    "worksheets": (6,),
}
"""The spawn key of each use of random numbers, for the SeedSequence of the seed."""


def seed_sequence(seed: int | None, use: str) -> np.random.SeedSequence:
    """Return the SeedSequence of one use; a seed of None takes entropy from the operating system.

    Raises:
        TypeError: if seed is neither None nor an integer.
        ValueError: if seed is negative.
    """
    if seed is not None:
        seed = as_integer("seed", seed, least=0)
    return np.random.SeedSequence(seed, spawn_key=STREAMS[use])


def stream(seed: int | None, use: str) -> np.random.Generator:
    """Return the generator for one use; its numbers depend only on the seed, not on what other uses draw.

    Raises:
        TypeError, ValueError: as for `seed_sequence`.

    >>> bool(stream(0, "batches").integers(1000) == stream(0, "batches").integers(1000))
    True
    """
    return np.random.default_rng(seed_sequence(seed, use))


def random_weights(sizes: Sequence[int], seed: int | None) -> list[FloatArray]:
    """Return random matrices W^(1) .. W^(L) for widths d^(0) .. d^(L), uniform within 1/sqrt(d^(l-1) + 1) of 0.

    Raises:
        TypeError, ValueError: as for `seed_sequence`.

    >>> [W.shape for W in random_weights([2, 3, 1], seed=0)]
    [(3, 3), (1, 4)]
    """
    generator = stream(seed, "weights")
    return [
        generator.uniform(-1.0, 1.0, size=(rows, columns + 1)) / np.sqrt(columns + 1)
        for columns, rows in pairwise(sizes)
    ]
