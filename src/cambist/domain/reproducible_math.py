"""Logarithm and exponential function with the same result on every machine.

Those of a machine's C library differ in the last digit from one to the next, and whatever is made from a seed would follow. These are made
of additions, multiplications and divisions only, which IEEE 754 defines to the last bit.
"""

import math

LN2 = 0.6931471805599453


def log(x: float) -> float:
    """The natural logarithm of x > 0, to about 1e-15."""
    mantissa, exponent = math.frexp(x)
    if mantissa < 0.7071067811865476:
        mantissa *= 2.0
        exponent -= 1
    t = (mantissa - 1.0) / (mantissa + 1.0)
    square = t * t
    total = 0.0
    for odd in (21.0, 19.0, 17.0, 15.0, 13.0, 11.0, 9.0, 7.0, 5.0, 3.0, 1.0):
        total = total * square + 1.0 / odd
    return 2.0 * t * total + exponent * LN2


def exp(x: float) -> float:
    """e to the x, for |x| < 700, to about 1e-15."""
    times = round(x / LN2)
    rest = x - times * LN2
    total = 1.0
    for divisor in (13.0, 12.0, 11.0, 10.0, 9.0, 8.0, 7.0, 6.0, 5.0, 4.0, 3.0, 2.0, 1.0):
        total = 1.0 + rest / divisor * total
    return math.ldexp(total, times)
