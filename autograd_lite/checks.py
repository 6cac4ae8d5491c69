"""Checks of arguments that several modules take."""

import reprlib
import sys
from collections.abc import Sequence
from numbers import Integral


def check_integer(argument: str, number: object, least: int, most: int | None = None) -> None:
    """Check that a number is an integer in a range.

    Raises:
        TypeError: naming the argument, if it is not an integer.
        ValueError: naming the argument, if it is not in the range.

    >>> check_integer("digits", 18, 1, 17)
    Traceback (most recent call last):
    ValueError: digits must be from 1 to 17, received 18
    """
    if isinstance(number, bool) or not isinstance(number, Integral):
        raise TypeError(f"{argument} must be an integer, not {type(number).__name__}: {reprlib.repr(number)}")
    if int(number) < least or (most is not None and int(number) > most):
        wanted = f"at least {least}" if most is None else f"from {least} to {most}"
        raise ValueError(f"{argument} must be {wanted}, received {number}")


def check_positive(argument: str, number: object) -> None:
    """Check that a number is greater than 0 and finite.

    >>> check_positive("tolerance", -0.5)
    Traceback (most recent call last):
    ValueError: tolerance must be greater than 0, and finite, received -0.5
    """
    if isinstance(number, bool) or not isinstance(number, int | float):
        raise TypeError(f"{argument} must be a number, not {type(number).__name__}: {reprlib.repr(number)}")
    if not 0 < number <= sys.float_info.max:
        raise ValueError(f"{argument} must be greater than 0, and finite, received {reprlib.repr(number)}")


def check_size(nodes: int, max_nodes: int, remedy: str, what: str = "the graph") -> None:
    """Check that a graph, or a part of it, is small enough to be shown.

    >>> check_size(9, 5, "draw less")
    Traceback (most recent call last):
    ValueError: the graph has 9 nodes, more than max_nodes=5 allows: draw less, or raise the limit with max_nodes=9
    """
    check_integer("max_nodes", max_nodes, 1)
    if nodes > max_nodes:
        limit = f"max_nodes={max_nodes} allows: {remedy}, or raise the limit with max_nodes={nodes}"
        raise ValueError(f"{what} has {nodes:,} nodes, more than {limit}")


def check_switches(**switches: object) -> None:
    """Check that keyword arguments are True or False.

    >>> check_switches(values=True, labels="no")
    Traceback (most recent call last):
    TypeError: labels must be True or False, not str: 'no'
    """
    for argument, switch in switches.items():
        if not isinstance(switch, bool):
            raise TypeError(f"{argument} must be True or False, not {type(switch).__name__}: {reprlib.repr(switch)}")


def check_choice(argument: str, choice: object, choices: Sequence[str]) -> None:
    """Check that an argument is one of the choices.

    >>> check_choice("direction", "up", ("LR", "TB"))
    Traceback (most recent call last):
    ValueError: direction must be one of LR, TB, received 'up'
    """
    if choice not in choices:
        raise ValueError(f"{argument} must be one of {', '.join(choices)}, received {reprlib.repr(choice)}")
