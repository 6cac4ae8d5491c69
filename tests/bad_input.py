"""The rule for bad numbers, as the tests state it: a wrong type is a TypeError, a wrong number a ValueError."""

from numbers import Integral, Real


def error_for(number, kind=Real):
    """The exception that a bad number must raise; an integer is asked for with kind=Integral."""
    return ValueError if isinstance(number, kind) and not isinstance(number, bool) else TypeError


def error_for_integer(number):
    """The same where an integer is asked for."""
    return error_for(number, Integral)
