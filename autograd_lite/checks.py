"""Checks of arguments that several modules take."""

import reprlib


def check_whole_number(argument: str, number: object, least: int, most: int | None = None) -> None:
    """Make sure that a number is whole and in a range.

    Raises:
        TypeError: naming the argument, if it is no whole number.
        ValueError: naming the argument, if it is not in the range.

    >>> check_whole_number("digits", 18, 1, 17)
    Traceback (most recent call last):
    ValueError: digits must be from 1 to 17, received 18
    """
    if isinstance(number, bool) or not isinstance(number, int):
        raise TypeError(f"{argument} must be a whole number, not {type(number).__name__}: {reprlib.repr(number)}")
    if number < least or (most is not None and number > most):
        wanted = f"at least {least}" if most is None else f"from {least} to {most}"
        raise ValueError(f"{argument} must be {wanted}, received {number}")
