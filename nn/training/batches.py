"""Which examples each iteration of training takes: all, one at random, or a mini-batch."""

from typing import Any

import numpy as np
import numpy.typing as npt

Indices = npt.NDArray[np.intp]


class Batches:
    """The examples of one iteration after another, by their indices.

    Arguments:
        examples: N, how many there are.
        size: B, how many examples an iteration takes; None takes all of them, in their order.
        shuffle: False draws each example of a batch at random from all, with replacement, as the lecture's algorithms
            do; True goes through the data in epochs, each in a new random order (its last batch may be smaller).
        generator: of the random numbers.

    Source: lecture 14, slides "Stochastic Gradient Descent" (B = 1) and "Mini-batch Stochastic Gradient Descent".

    >>> batches = Batches(4, 2, shuffle=True, generator=np.random.default_rng(0))
    >>> sorted([*batches.draw().tolist(), *batches.draw().tolist()])
    [0, 1, 2, 3]
    """

    def __init__(self, examples: int, size: int | None, shuffle: bool, generator: np.random.Generator) -> None:
        self.examples, self.size, self.shuffle, self.generator = examples, size, shuffle, generator
        self.order: Indices = np.arange(0)
        self.position = 0

    def draw(self) -> Indices:
        """Draw the indices of the next iteration's examples."""
        if self.size is None:
            return np.arange(self.examples)
        if not self.shuffle:
            return self.generator.integers(self.examples, size=self.size)
        if self.position >= len(self.order):
            self.order, self.position = self.generator.permutation(self.examples), 0
        batch = self.order[self.position : self.position + self.size]
        self.position += self.size
        return batch

    def state(self) -> dict[str, Any]:
        """Return its position in the data, without the generator's state."""
        return {"order": self.order, "position": np.array(self.position)}

    def restore(self, state: dict[str, Any]) -> None:
        """Continue from a position that `state` returned."""
        self.order, self.position = state["order"].astype(np.intp), int(state["position"])
