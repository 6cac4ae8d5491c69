"""Which examples the iterations take: all, random ones with replacement, or epochs; and going on where one stopped."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nn.training.batches import Batches

sizes = st.integers(1, 12).flatmap(lambda n: st.tuples(st.just(n), st.integers(1, n)))
seeds = st.integers(0, 2**32)


def batches(examples, size, shuffle, seed=0):
    return Batches(examples, size, shuffle, np.random.default_rng(seed))


@pytest.mark.parametrize("shuffle", [True, False])
def test_without_a_size_all_examples_are_taken_in_their_order_and_nothing_is_drawn(shuffle):
    generator = np.random.default_rng(0)
    before = generator.bit_generator.state
    every = Batches(5, None, shuffle, generator)
    assert [every.draw().tolist() for _ in range(2)] == [[0, 1, 2, 3, 4]] * 2
    assert generator.bit_generator.state == before


@given(sizes, seeds)
def test_with_replacement_every_example_of_a_batch_is_drawn_from_all(numbers, seed):
    examples, size = numbers
    drawn, again = batches(examples, size, shuffle=False, seed=seed), np.random.default_rng(seed)
    for _ in range(4):
        assert drawn.draw().tolist() == again.integers(examples, size=size).tolist()


def test_with_replacement_all_examples_are_equally_likely():
    drawn = batches(5, 4, shuffle=False)
    counts = np.bincount(np.concatenate([drawn.draw() for _ in range(2500)]), minlength=5)
    assert counts.sum() == 10_000
    assert ((counts - 2000) ** 2 / 2000).sum() < 18.5, "chi-squared with 4 degrees of freedom: 18.5 in 0.1 %"


@given(sizes, seeds)
def test_each_epoch_takes_every_example_once_in_batches_of_the_size_but_for_the_last(numbers, seed):
    examples, size = numbers
    shuffled = batches(examples, size, shuffle=True, seed=seed)
    for _ in range(3):
        epoch = [shuffled.draw().tolist() for _ in range(-(-examples // size))]
        assert [len(batch) for batch in epoch[:-1]] == [size] * (len(epoch) - 1)
        assert sorted(index for batch in epoch for index in batch) == list(range(examples))


def test_each_epoch_has_another_order():
    shuffled = batches(10, 10, shuffle=True)
    assert len({tuple(shuffled.draw()) for _ in range(5)}) == 5


@given(sizes, st.booleans(), seeds, st.integers(0, 9))
def test_one_that_is_restored_goes_on_as_the_other_would_have(numbers, shuffle, seed, done):
    examples, size = numbers
    one = batches(examples, size, shuffle, seed)
    for _ in range(done):
        one.draw()
    other = batches(examples, size, shuffle, seed=1)
    other.restore({name: np.array(array) for name, array in one.state().items()})
    other.generator.bit_generator.state = one.generator.bit_generator.state
    assert [one.draw().tolist() for _ in range(6)] == [other.draw().tolist() for _ in range(6)]
