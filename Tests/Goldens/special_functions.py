"""Writes special_functions.csv: values of the elementary and special functions from mpmath at 50 digits.

Columns: function, x, s, value. `s` is the second argument (the exponent of pow, the order of zeta, the other operand
of min and max) and is empty for functions of one. Arguments are exact in float32 and print so that they round-trip
in double; values have 25 digits, or are inf, -inf or nan.

    pip install mpmath numpy && python special_functions.py
"""

import pathlib
import random

import mpmath as mp
import numpy as np

mp.mp.dps = 50
INF = mp.inf
rng = random.Random(20240229)


def f32(value):
    return float(np.float32(value))


def spread(low, high, count):
    """Points over [low, high]: a grid with jitter, ends included."""
    step = (high - low) / (count - 1)
    return [low] + [low + step * (i + 0.8 * (rng.random() - 0.5)) for i in range(1, count - 1)] + [high]


def powers(low, high, count):
    """Points over the exponents of two [low, high], of positive sign."""
    return [2.0 ** e for e in spread(low, high, count)]


def both(points):
    return [s * p for p in points for s in (1, -1)]


def near(centre, count=8):
    """Both sides of a point, from one step of float32 outward."""
    steps = [2.0 ** -k for k in range(2, 2 + 2 * count, 2)]
    one = np.float32(centre)
    ends = [float(np.nextafter(one, np.float32(s))) for s in (-np.inf, np.inf)]
    return [centre] + ends + [centre + s * h for h in steps for s in (1, -1)]


SUBNORMAL = [2.0 ** -149, 3 * 2.0 ** -149, 2.0 ** -140, 1.1e-39, 2.0 ** -126]
HUGE = f32(3.4028235e38)
TINY = powers(-120, -1, 60)


def log_gamma(x):
    if x == INF or x <= 0 and x == mp.floor(x):
        return INF
    return mp.log(abs(mp.gamma(x))) if abs(x) < 1000 else mp.re(mp.loggamma(x))


def digamma(x):
    return INF if x == INF else mp.digamma(x)


def hurwitz(x, s):
    return INF if x == 0 else mp.mpf(0) if x == INF else mp.zeta(s, x)


def erf_inverse(x):
    if abs(x) == 1:
        return INF * x
    if abs(x) > 1:
        return mp.nan
    return mp.erfinv(x)


def log(x):
    return -INF if x == 0 else mp.nan if x < 0 else mp.log(x)


def log1p(x):
    return -INF if x == -1 else mp.nan if x < -1 else mp.log1p(x)


def softplus(x):
    return mp.mpf(0) if x == -INF else INF if x == INF else max(x, 0) + mp.log1p(mp.exp(-abs(x)))


def sigmoid(x):
    return mp.mpf(x > 0) if abs(x) == INF else 1 / (1 + mp.exp(-x))


def limit(function, at_plus, at_minus):
    """The function with its limits at both infinities written in."""
    return lambda x: at_plus if x == INF else at_minus if x == -INF else function(x)


def inside(function, domain):
    """The function, NaN where |x| exceeds its domain."""
    return lambda x: mp.nan if abs(x) > domain else function(x)


exp_points = spread(-104, 89, 200) + both(TINY + near(0.34657359) + near(1.0397208)) + SUBNORMAL + near(88.72284) + near(-87.33654) + near(-103.97)
log_points = powers(-149, 127.9, 150) + near(1.0) + near(0.70710678) + near(1.4142135) + SUBNORMAL + spread(0.5, 2, 60) + [HUGE]
angles = both(spread(0, 20, 120) + powers(4, 14, 60) + TINY[::3] + near(3.1415927) + near(1.5707964) + near(0.78539816)) + SUBNORMAL
unit = both(spread(0, 1, 120) + TINY[::3] + near(0.5) + [1 - 2.0 ** -k for k in range(3, 25)]) + SUBNORMAL
real_line = both(spread(0, 20, 120) + TINY[::2] + SUBNORMAL + powers(4, 100, 30))
hyperbolic = both(spread(0, 12, 100) + spread(12, 89.4, 60) + TINY[::3] + near(1.0)) + SUBNORMAL
gammas = (powers(-100, -1, 50) + spread(0.01, 5, 200) + near(1.0) + near(2.0) + near(3.5) + near(0.5) + spread(5, 60, 60)
          + powers(6, 100, 50))
negatives = [-x for x in spread(0.05, 20, 120) if abs(x - round(x)) > 0.02]

ONE = {
    "exp": (limit(mp.exp, INF, mp.mpf(0)), exp_points + [INF, -INF, 1000, -1000]),
    "expm1": (limit(mp.expm1, INF, mp.mpf(-1)), exp_points + [INF, -INF, 1000, -1000]),
    "log": (log, log_points + [0, -1, -2.0 ** -140, INF, -INF]),
    "log1p": (log1p, both(TINY + SUBNORMAL + spread(0, 0.99, 80) + near(0.41421356) + near(0.29289322)) + powers(0, 127.9, 60)
              + [1 - 2.0 ** -k - 2 + 2.0 ** -24 for k in range(3, 22)] + [-1, -2, INF, -INF]),
    "sqrt": (lambda x: mp.nan if x < 0 else mp.sqrt(x), log_points + [0, -1, INF]),
    "rsqrt": (lambda x: mp.nan if x < 0 else INF if x == 0 else limit(lambda v: 1 / mp.sqrt(v), mp.mpf(0), mp.nan)(x),
              log_points + [0, -1, INF]),
    "sin": (limit(mp.sin, mp.nan, mp.nan), angles + [INF, 1e6, 3e10, HUGE]),
    "cos": (limit(mp.cos, mp.nan, mp.nan), angles + [INF, 1e6, 3e10, HUGE]),
    "tan": (limit(mp.tan, mp.nan, mp.nan), angles + [INF, 1e6, 3e10]),
    "asin": (inside(mp.asin, 1), unit + [1.5, -2, INF]),
    "acos": (inside(mp.acos, 1), unit + [1.5, -2, INF]),
    "atan": (mp.atan, real_line + near(1.0) + [INF, -INF]),
    "sinh": (limit(mp.sinh, INF, -INF), hyperbolic + [INF, -INF, 1000, -1000]),
    "cosh": (limit(mp.cosh, INF, INF), hyperbolic + [INF, -INF, 1000, -1000]),
    "tanh": (limit(mp.tanh, mp.mpf(1), mp.mpf(-1)), hyperbolic + near(0.54930614) + [INF, -INF, 1000, -1000]),
    "sigmoid": (sigmoid, both(spread(0, 104, 150) + TINY[::3] + SUBNORMAL) + [INF, -INF, 1000, -1000]),
    "softplus": (softplus, both(spread(0, 104, 150) + TINY[::3] + SUBNORMAL + near(0.8813736)) + [INF, -INF, 1000, -1000]),
    "floor": (limit(mp.floor, INF, -INF), both(spread(0, 9, 30) + [0.5, 1, 2, 8388607.5, 1e10]) + [INF, -INF]),
    "ceil": (limit(mp.ceil, INF, -INF), both(spread(0, 9, 30) + [0.5, 1, 2, 8388607.5, 1e10]) + [INF, -INF]),
    "abs": (abs, both([0, 0.5, 1, 1e30] + SUBNORMAL) + [INF, -INF]),
    "sign": (mp.sign, both([0, 0.5, 1, 1e30] + SUBNORMAL) + [INF, -INF]),
    "is_finite": (lambda x: mp.mpf(abs(x) != INF), both([0, 0.5, 1, 1e30, HUGE] + SUBNORMAL) + [INF, -INF]),
    "is_nan": (lambda x: mp.mpf(0), both([0, 1] + SUBNORMAL) + [INF, -INF]),
    "lgamma": (log_gamma, gammas + negatives + [0, -1, -7, INF]),
    "digamma": (digamma, gammas + negatives + near(1.4616321, 10) + [INF]),
    "erf": (mp.erf, both(spread(0, 6, 200) + TINY + near(1.0)) + SUBNORMAL + [INF, -INF]),
    "erfc": (mp.erfc, both(TINY[::2] + near(1.0)) + spread(-6, 10.3, 300) + [30, INF, -INF]),
    "erfinv": (erf_inverse, unit + near(0.996) + [1.5, -2, INF]),
}
TWO = {
    "pow": (lambda x, y: x ** y, [(x, y) for x in powers(-20, 20, 40) for y in spread(-6, 6, 9)]
            + [(x, y) for x in spread(0.5, 2, 25) for y in both([0.5, 17.3, 100, 126])]
            + [(-x, y) for x in spread(0.1, 9, 12) for y in both([0, 1, 2, 3, 8])] + [(1 + 2.0 ** -20, 3e7), (1 - 2.0 ** -20, 3e7)]
            + [(0, 2), (0, 3), (0, 0), (5, 0), (1, 1e30), (-8, 1)]),
    "zeta": (hurwitz, [(x, s) for s in (2, 3, 4, 5, 7, 10) for x in powers(-6, 14, 40) + [1, 2, 7.5, 8, 9]]
             + [(x, s) for s in (1.25, 1.5, 2.5, 6.75) for x in powers(-6, 14, 30)] + [(0, 2), (INF, 2), (1e-10, 2)]),
    "min": (min, [(a, b) for a in (-1, 0, 2.5, INF, -INF) for b in (-2, 1, 3, INF, -INF)]),
    "max": (max, [(a, b) for a in (-1, 0, 2.5, INF, -INF) for b in (-2, 1, 3, INF, -INF)]),
}
# Below what was there first, as the points above depend on the numbers drawn before them.
errors = powers(-20, -1, 40) + spread(0.01, 5, 150) + near(0.5) + near(1.0) + near(2.0) + spread(5, 60, 30) + powers(6, 60, 40)
pairs = ([(m * r, m) for m in powers(-10, 27, 6) for r in spread(0.3, 3, 12) + powers(-60, 60, 12) + near(1.0, 6) + near(2.0, 3) + near(0.5, 3)]
         + [(1e8, 1e8 + 8), (1e8, 100010000.0), (2.0 ** -100, 2.0 ** 100), (2.0 ** 100, 2.0 ** -100)])


def with_digits(function):
    """With digits enough for what two cancelling terms of double precision leave."""
    def value(*arguments):
        with mp.workdps(200):
            return function(*arguments)
    return value


def log_ratio(x, m):
    return mp.log(x) - mp.log(m)


ONE |= {
    "stirling_error": (with_digits(lambda x: INF if x == 0 else mp.loggamma(x) - ((x - mp.mpf(1) / 2) * mp.log(x) - x + mp.log(2 * mp.pi) / 2)),
                       errors + [0]),
    "digamma_error": (with_digits(lambda x: -INF if x == 0 else mp.digamma(x) - mp.log(x) + 1 / (2 * x)), errors + [0]),
}
TWO |= {
    "deviance": (with_digits(lambda x, m: m if x == 0 else x * log_ratio(x, m) + m - x), pairs + [(0, 3), (0, 0)]),
    "log_ratio": (with_digits(log_ratio), pairs),
}


def argument(x):
    return "nan" if x != x else "inf" if x == np.inf else "-inf" if x == -np.inf else repr(float(x))


def value(v):
    v = mp.mpf(v)
    if mp.isnan(v):
        return "nan"
    if mp.isinf(v):
        return "inf" if v > 0 else "-inf"
    return mp.nstr(v, 25)


def exact(x):
    """Rounds to float32 and checks that the text of it comes back to the same number."""
    single = f32(x)
    assert float(argument(single)) == single
    return single


def rows():
    for name, (function, points) in ONE.items():
        for x in sorted({exact(p) for p in points}):
            yield name, argument(x), "", value(function(mp.mpf(x)))
        yield name, "nan", "", {"is_finite": "0.0", "is_nan": "1.0"}.get(name, "nan")
    for name, (function, points) in TWO.items():
        for x, s in sorted({(exact(p), exact(q)) for p, q in points}):
            yield name, argument(x), argument(s), value(function(mp.mpf(x), mp.mpf(s)))
        yield name, "nan", "2.0", "nan"
        yield name, "2.0", "nan", "nan"


if __name__ == "__main__":
    lines = ["function,x,s,value"] + [",".join(row) for row in rows()]
    (pathlib.Path(__file__).parent / "special_functions.csv").write_text("\n".join(lines) + "\n")
    print(len(lines) - 1, "rows")
