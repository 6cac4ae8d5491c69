"""The coefficients of `autograd_lite.program.llvm.vector_math`, by the Remez exchange in 50-digit arithmetic.

    python tests/coefficients.py

prints them, and the largest error of each rounded polynomial. A weight turns the error of a polynomial into the
relative error of the *result*: for example e^r - 1 = r + r^2 P(r), so an error of P counts |r| times.
`test_vector_math.py` checks that these coefficients are the ones in use.
"""

import mpmath

mp = mpmath.MPContext()
mp.dps = 50
HALF_LOG_2 = mp.log(2) / 2
LARGEST_S = (mp.sqrt(2) - 1) / (mp.sqrt(2) + 1)  # of s = (m - 1) / (m + 1), m < sqrt(2)


def value(coefficients, x):
    """The polynomial at x; the coefficient of 1 comes first."""
    result = 0
    for coefficient in coefficients[::-1]:
        result = result * x + coefficient
    return result


def series(f, order, step):
    """The function of x^step that remains of f if `order` terms of its power series are left out."""
    terms = mp.taylor(f, 0, 40 + order)[order::step]
    return lambda u: value(terms, u)


POLYNOMIALS = {  # the function, the number of coefficients, the interval, and how much an error counts
    "EXPM1": (series(mp.exp, 2, 1), 11, -HALF_LOG_2, HALF_LOG_2, abs),
    "LOG": (series(lambda s: 2 * mp.atanh(s), 3, 2), 7, mp.mpf(0), LARGEST_S**2, lambda u: u / 2),
    "LOG_TAIL": (series(lambda s: 2 * mp.atanh(s), 5, 2), 7, mp.mpf(0), LARGEST_S**2, lambda u: u**2 / 2),
    "SIN": (series(mp.sin, 3, 2), 8, mp.mpf(0), (mp.pi / 2) ** 2, lambda u: u),
}


def remez(f, count, low, high, weight):
    """Return the coefficients of the polynomial whose largest weighted error on the interval is least."""

    def cosines(n):
        return [(low + high) / 2 - (high - low) / 2 * mp.cos(mp.pi * i / n) for i in range(n + 1)]

    def weighted(x):
        return weight(x) + weight(high) / 1000  # never 0, where the equations would have no solution

    points, grid = cosines(count), cosines(40 * count)
    for _ in range(8):
        rows = [[*(x**j for j in range(count)), (-1) ** i / weighted(x)] for i, x in enumerate(points)]
        *coefficients, _ = mp.lu_solve(mp.matrix(rows), mp.matrix([f(x) for x in points]))
        peaks = []  # the largest error of each sign in turn
        for x in grid:
            error = (value(coefficients, x) - f(x)) * weighted(x)
            if not peaks or error * peaks[-1][0] < 0:
                peaks.append((error, x))
            elif abs(error) > abs(peaks[-1][0]):
                peaks[-1] = (error, x)
        while len(peaks) > count + 1:
            del peaks[0 if abs(peaks[0][0]) < abs(peaks[-1][0]) else -1]
        points = [x for _, x in peaks]
    return tuple(map(float, coefficients))


def largest_error(coefficients, f, low, high, weight):
    """The largest weighted error of rounded coefficients, as a power of 2."""
    points = [low + (high - low) * i / 1000 for i in range(1001)]
    return float(mp.log(max(abs(value(coefficients, x) - f(x)) * weight(x) for x in points), 2))


if __name__ == "__main__":
    for name, (f, count, low, high, weight) in POLYNOMIALS.items():
        found = remez(f, count, low, high, weight)
        print(name, found, f"error 2^{largest_error(found, f, low, high, weight):.1f}")
