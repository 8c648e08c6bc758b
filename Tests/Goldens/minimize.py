#!/usr/bin/env python3
"""Writes minimize.json next to this file: the minima of 30 test problems, and what SciPy's L-BFGS-B needs to find them.

Run it with any Python that has NumPy and SciPy, beside the data in Benchmarks/data. Numbers 1 to 24 but for the quadratic are those of
Moré, Garbow and Hillstrom (1981), "Testing unconstrained optimization software", ACM TOMS 7, from their standard starts; the others
are losses of models, in unconstrained space (positive numbers by their logarithm), without its Jacobian.

Gradients are written out, and held against complex steps. The minima are polished by Newton steps with Hessians that are complex steps
of the gradients, where they are not known in closed form. SciPy runs twice, with the stopping rules that the library has in double and in
single precision: no element of the gradient above 1e-9 (1e-5), or a step that lowers the loss by less than 10 units of rounding.
"""

import csv
import json
import pathlib

import numpy as np
import scipy
from scipy import optimize, special

here = pathlib.Path(__file__).resolve().parent
data_folder = here.parent.parent / "Benchmarks" / "data"


def table(name):
    with open(data_folder / f"{name}.csv") as file:
        return list(csv.DictReader(file))


def column(name, key):
    return np.array([float(row[key]) for row in table(name)])


# Test functions: each returns the value and the gradient, for real and for complex numbers.


def of_residuals(residuals, jacobian):
    """The sum of squares of residuals [m] with the Jacobian [m, n]."""
    return residuals @ residuals, 2 * jacobian.T @ residuals


def rosenbrock(x):
    a, b = 1 - x[:-1], x[1:] - x[:-1] ** 2
    gradient = np.zeros_like(x)
    gradient[:-1] += -2 * a - 400 * x[:-1] * b
    gradient[1:] += 200 * b
    return (a * a + 100 * b * b).sum(), gradient


def beale(x):
    i = np.arange(1, 4)
    r = np.array([1.5, 2.25, 2.625]) - x[0] * (1 - x[1] ** i)
    return of_residuals(r, np.stack([-(1 - x[1] ** i), x[0] * i * x[1] ** (i - 1)], 1))


def powell_singular(x):
    """Of any number of variables that is a multiple of 4."""
    a, b, c, d = x.reshape(-1, 4).T
    p, q, r, s = a + 10 * b, c - d, b - 2 * c, a - d
    value = (p**2 + 5 * q**2 + r**4 + 10 * s**4).sum()
    gradient = [2 * p + 40 * s**3, 20 * p + 4 * r**3, 10 * q - 8 * r**3, -10 * q - 40 * s**3]
    return value, np.stack(gradient, 1).ravel()


def wood(x):
    a, b, c, d = x
    value = 100 * (b - a**2) ** 2 + (1 - a) ** 2 + 90 * (d - c**2) ** 2 + (1 - c) ** 2
    value += 10 * (b + d - 2) ** 2 + 0.1 * (b - d) ** 2
    return value, np.array(
        [
            -400 * a * (b - a**2) - 2 * (1 - a), 200 * (b - a**2) + 20 * (b + d - 2) + 0.2 * (b - d),
            -360 * c * (d - c**2) - 2 * (1 - c), 180 * (d - c**2) + 20 * (b + d - 2) - 0.2 * (b - d),
        ]
    )


def helical_valley(x):
    a, b, c = x
    turn = np.arctan(b / a) / (2 * np.pi) + (0.5 if a.real < 0 else 0)
    radius = np.sqrt(a * a + b * b)
    r = np.array([10 * (c - 10 * turn), 10 * (radius - 1), c])
    over = 50 / np.pi / radius**2
    zero, one = 0 * a, 1 + 0 * a
    return of_residuals(r, np.array([[over * b, -over * a, 10 * one], [10 * a / radius, 10 * b / radius, zero], [zero, zero, one]]))


def brown_badly_scaled(x):
    a, b = x
    r = np.array([a - 1e6, b - 2e-6, a * b - 2])
    return of_residuals(r, np.array([[1 + 0 * a, 0 * a], [0 * a, 1 + 0 * a], [b, a]]))


def powell_badly_scaled(x):
    a, b = x
    r = np.array([1e4 * a * b - 1, np.exp(-a) + np.exp(-b) - 1.0001])
    return of_residuals(r, np.array([[1e4 * b, 1e4 * a], [-np.exp(-a), -np.exp(-b)]]))


def freudenstein_roth(x):
    a, b = x
    r = np.array([-13 + a + ((5 - b) * b - 2) * b, -29 + a + ((b + 1) * b - 14) * b])
    one = 1 + 0 * a
    return of_residuals(r, np.array([[one, 10 * b - 3 * b**2 - 2], [one, 3 * b**2 + 2 * b - 14]]))


def biggs_exp6(x):
    t = 0.1 * np.arange(1, 14)
    y = np.exp(-t) - 5 * np.exp(-10 * t) + 3 * np.exp(-4 * t)
    e0, e1, e4 = np.exp(-t * x[0]), np.exp(-t * x[1]), np.exp(-t * x[4])
    r = x[2] * e0 - x[3] * e1 + x[5] * e4 - y
    return of_residuals(r, np.stack([-t * x[2] * e0, t * x[3] * e1, e0, -e1, -t * x[5] * e4, e4], 1))


def box(x):
    t = 0.1 * np.arange(1, 11)
    y = np.exp(-t) - np.exp(-10 * t)
    e0, e1 = np.exp(-t * x[0]), np.exp(-t * x[1])
    return of_residuals(e0 - e1 - x[2] * y, np.stack([-t * e0, t * e1, -y + 0 * x[0]], 1))


def penalty(x):
    size = x @ x - 0.25
    return 1e-5 * ((x - 1) @ (x - 1)) + size**2, 2e-5 * (x - 1) + 4 * size * x


def variably_dimensioned(x):
    i = np.arange(1, len(x) + 1)
    s = i @ (x - 1)
    return (x - 1) @ (x - 1) + s**2 + s**4, 2 * (x - 1) + (2 * s + 4 * s**3) * i


def trigonometric(x):
    n = len(x)
    i = np.arange(1, n + 1)
    r = n - np.cos(x).sum() + i * (1 - np.cos(x)) - np.sin(x)
    jacobian = np.ones((n, 1)) * np.sin(x) + np.diag(i * np.sin(x) - np.cos(x))
    return of_residuals(r, jacobian)


def neighbours(x):
    zero = np.zeros(1, x.dtype)
    return np.concatenate([zero, x[:-1]]), np.concatenate([x[1:], zero])


def broyden_tridiagonal(x):
    before, after = neighbours(x)
    r = (3 - 2 * x) * x - before - 2 * after + 1
    n = len(x)
    return of_residuals(r, np.diag(3 - 4 * x) - np.eye(n, k=-1) - 2 * np.eye(n, k=1))


def broyden_banded(x):
    n = len(x)
    near = np.array([[1.0 if j != i and i - 5 <= j <= i + 1 else 0 for j in range(n)] for i in range(n)])
    r = x * (2 + 5 * x**2) + 1 - near @ (x * (1 + x))
    return of_residuals(r, np.diag(2 + 15 * x**2) - near * (1 + 2 * x))


def discrete_boundary_value(x):
    n = len(x)
    h = 1 / (n + 1)
    t = h * np.arange(1, n + 1)
    before, after = neighbours(x)
    r = 2 * x - before - after + h**2 * (x + t + 1) ** 3 / 2
    return of_residuals(r, np.diag(2 + 1.5 * h**2 * (x + t + 1) ** 2) - np.eye(n, k=-1) - np.eye(n, k=1))


def chebyquad(x):
    """Residuals are the means of the shifted Chebyshev polynomials, less their integrals over [0, 1]."""
    n = len(x)
    z = 2 * x - 1
    values, slopes = [1 + 0 * z, z], [0 * z, 2 + 0 * z]
    for _ in range(n - 1):
        values.append(2 * z * values[-1] - values[-2])
        slopes.append(4 * values[-2] + 2 * z * slopes[-1] - slopes[-2])
    integrals = np.array([0 if i % 2 else -1 / (i * i - 1) for i in range(1, n + 1)])
    return of_residuals(np.array([v.sum() for v in values[1:]]) / n - integrals, np.stack(slopes[1:]) / n)


def watson(x):
    n = len(x)
    t = np.arange(1, 30) / 29
    j = np.arange(n)
    powers = t[:, None] ** j
    # Of the derivative: j t^(j - 1), without the first.
    derivative = np.concatenate([np.zeros((29, 1)), j[1:] * powers[:, :-1]], 1)
    sums = powers @ x
    r = derivative @ x - sums**2 - 1
    jacobian = derivative - 2 * sums[:, None] * powers
    first, second = np.zeros(n, x.dtype), np.zeros(n, x.dtype)
    first[0] = 1
    second[:2] = [-2 * x[0], 1]
    last = np.array([x[0], x[1] - x[0] ** 2 - 1])
    return of_residuals(np.concatenate([r, last]), np.concatenate([jacobian, [first, second]]))


def quadratic(x):
    """Of a condition of 1e6, with a matrix that a reflection has turned."""
    n = len(x)
    scales = 10 ** (6 * np.arange(n) / (n - 1) - 3)
    v = np.sqrt(np.arange(1, n + 1) / np.arange(1, n + 1).sum())
    y = (x - 1) - 2 * v * (v @ (x - 1))
    g = scales * y
    return 0.5 * (y @ g), g - 2 * v * (v @ g)


# Losses of models: minus the log density of latents and data.


def normal(x, mean=0, scale=1):
    return (0.5 * ((x - mean) / scale) ** 2 + np.log(scale) + 0.5 * np.log(2 * np.pi)).sum()


def softplus(t):
    return np.where(t.real > 0, t, 0) + np.log1p(np.exp(np.where(t.real > 0, -t, t)))


design = np.array([[float(row[f"x{i}"]) for i in range(30)] for row in table("logistic")])
outcome = column("logistic", "y")


def logistic(x):
    """w [30] and b, all Normal(0, 1)."""
    w, b = x[:30], x[30]
    logits = design @ w + b
    value = softplus(logits).sum() - outcome @ logits + normal(x)
    residual = 1 / (1 + np.exp(-logits)) - outcome
    return value, np.concatenate([design.T @ residual + w, [residual.sum() + b]])


county = np.array([int(row["county"]) for row in table("radon")])
ground = column("radon", "floor")
radon_level = column("radon", "log_radon")
counties = county.max() + 1


def normal_residuals(y, centre, log_scale):
    """The loss of normal data, and its gradients with respect to centres and log scale."""
    z = (y - centre) / np.exp(log_scale)
    return 0.5 * (z @ z) + len(y) * (log_scale + 0.5 * np.log(2 * np.pi)), -z / np.exp(log_scale), len(y) - z @ z


def half_normal(log_scale):
    """The loss of HalfNormal(1), and its gradient with respect to the logarithm."""
    s = np.exp(log_scale)
    return 0.5 * s**2 + 0.5 * np.log(np.pi / 2), s**2


def linear(x):
    """Radon against the floor: intercept and slope, Normal(0, 10), and the log of the noise, HalfNormal(1)."""
    fit, centres, scale = normal_residuals(radon_level, x[0] + x[1] * ground, x[2])
    prior, prior_scale = half_normal(x[2])
    value = fit + prior + normal(x[:2], 0, 10)
    return value, np.array([centres.sum() + x[0] / 100, centres @ ground + x[1] / 100, scale + prior_scale])


homes = np.bincount(county).astype(float)
county_design = np.stack(
    [np.ones(counties), np.bincount(county, radon_level) / homes, np.bincount(county, ground) / homes], 1
)


def poisson(x):
    """Homes of a county against its mean log radon and the share of homes measured on the ground floor; Normal(0, 10)."""
    rate = county_design @ x
    value = np.exp(rate).sum() - homes @ rate + special.gammaln(homes + 1).sum() + normal(x, 0, 10)
    return value, county_design.T @ (np.exp(rate) - homes) + x / 100


effects = column("eight_schools", "y")
errors = column("eight_schools", "sigma")


def eight_schools(x):
    """mu ~ Normal(0, 5), the log of tau ~ HalfCauchy(25), and z [8]. With a scale of 5 the maximum lies at tau = 0."""
    mu, log_tau, z = x[0], x[1], x[2:]
    tau = np.exp(log_tau)
    r = (effects - mu - tau * z) / errors
    value = normal(mu, 0, 5) + normal(z) + 0.5 * (r @ r) + np.log(errors).sum() + 4 * np.log(2 * np.pi)
    value += np.log1p((tau / 25) ** 2) + np.log(25 * np.pi / 2)
    slope = -r / errors
    d_tau = tau * (slope @ z) + 2 * (tau / 25) ** 2 / (1 + (tau / 25) ** 2)
    return value, np.concatenate([[slope.sum() + mu / 25, d_tau], z + tau * slope])


def radon(x):
    """mu_a ~ Normal(0, 1), the log of sigma_a ~ HalfNormal(1), b ~ Normal(0, 1), the log of sigma ~ HalfNormal(1), and z [85], non-centred:
    the density of the centred model has no maximum."""
    mean, log_spread, slope, log_noise, z = x[0], x[1], x[2], x[3], x[4:]
    spread = np.exp(log_spread)
    fit, centres, scale = normal_residuals(radon_level, mean + spread * z[county] + slope * ground, log_noise)
    (prior, prior_spread), (prior_noise, prior_scale) = half_normal(log_spread), half_normal(log_noise)
    sums = np.zeros(counties, x.dtype)
    np.add.at(sums, county, centres)
    value = fit + prior + prior_noise + normal(mean) + normal(slope) + normal(z)
    head = [centres.sum() + mean, spread * (sums @ z) + prior_spread, centres @ ground + slope, scale + prior_scale]
    return value, np.concatenate([head, spread * sums + z])


points = column("gmm", "x")


def gaussian_mixture(x):
    """Three logits beside one of 0, Normal(0, 1), locations [4] ~ Normal(0, 5), and the logs of scales [4] ~ LogNormal(0, 1)."""
    logits, locs, log_scales = np.concatenate([x[:3], [0]]), x[3:7], x[7:]
    scales = np.exp(log_scales)
    weights = np.exp(logits - logits.real.max())
    weights = weights / weights.sum()
    z = (points[:, None] - locs) / scales
    terms = np.log(weights) - 0.5 * z**2 - log_scales - 0.5 * np.log(2 * np.pi)
    top = terms.real.max(1, keepdims=True)
    density = np.exp(terms - top)
    total = density.sum(1, keepdims=True)
    value = -(np.log(total) + top).sum() + normal(x[:3]) + normal(locs, 0, 5) + normal(log_scales) + log_scales.sum()
    share = density / total
    d_logits = len(points) * weights - share.sum(0)
    d_locs = -(share * z / scales).sum(0) + locs / 25
    d_scales = (share * (1 - z**2)).sum(0) + log_scales + 1
    return value, np.concatenate([d_logits[:3] + x[:3], d_locs, d_scales])


def alternating(n):
    return [-1.2 if i % 2 == 0 else 1.0 for i in range(n)]


# Name, function, start, and the minimum where it is known. Three of them have several minima. From its standard start Freudenstein-Roth's
# function leads to the local one, 48.98. That of Biggs' has two equal terms, which only rounding can tell apart, and leads to a saddle: here
# they begin apart. The mixture begins with its locations in order.
problems = [
    ("rosenbrock 2", rosenbrock, alternating(2), np.ones(2)),
    ("rosenbrock 5", rosenbrock, alternating(5), None),
    ("rosenbrock 10", rosenbrock, alternating(10), None),
    ("rosenbrock 20", rosenbrock, alternating(20), None),
    ("beale", beale, [1, 1], np.array([3, 0.5])),
    ("powell singular", powell_singular, [3, -1, 0, 1], np.zeros(4)),
    ("wood", wood, [-3, -1, -3, -1], np.ones(4)),
    ("helical valley", helical_valley, [-1, 0, 0], np.array([1.0, 0, 0])),
    ("brown badly scaled", brown_badly_scaled, [1, 1], np.array([1e6, 2e-6])),
    ("powell badly scaled", powell_badly_scaled, [0, 1], np.array([1.09815932969982e-5, 9.10614673986652])),
    ("freudenstein roth", freudenstein_roth, [0.5, -2], None),
    ("biggs exp6", biggs_exp6, [1, 2, 1, 1, 4, 3], np.array([1.0, 10, 1, 5, 4, 3])),
    ("box", box, [0, 10, 20], np.array([1.0, 10, 1])),
    ("penalty 4", penalty, list(range(1, 5)), None),
    ("penalty 10", penalty, list(range(1, 11)), None),
    ("variably dimensioned", variably_dimensioned, [1 - i / 10 for i in range(1, 11)], np.ones(10)),
    ("trigonometric", trigonometric, [0.1] * 10, None),
    ("broyden tridiagonal", broyden_tridiagonal, [-1] * 10, None),
    ("broyden banded", broyden_banded, [-1] * 10, None),
    ("discrete boundary value", discrete_boundary_value, [i / 11 * (i / 11 - 1) for i in range(1, 11)], None),
    ("chebyquad", chebyquad, [i / 9 for i in range(1, 9)], None),
    ("watson", watson, [0] * 6, None),
    ("extended powell", powell_singular, [3, -1, 0, 1] * 5, np.zeros(20)),
    ("quadratic", quadratic, [0] * 10, np.ones(10)),
    ("logistic", logistic, [0] * 31, None),
    ("linear", linear, [0] * 3, None),
    ("poisson", poisson, [0] * 3, None),
    ("eight schools", eight_schools, [0] * 10, None),
    ("radon", radon, [0] * 89, None),
    ("gaussian mixture", gaussian_mixture, [0, 0, 0, -4, -1, 1, 4, 0, 0, 0, 0], None),
]


def complex_steps(function, x):
    """Derivatives of a function along each axis, free of rounding: an array with one more axis at its end."""
    rows = []
    for i in range(len(x)):
        z = x.astype(complex)
        z[i] += 1e-30j
        rows.append(np.imag(function(z)) / 1e-30)
    return np.stack(rows, -1)


def polish(function, x):
    for _ in range(50):
        value, gradient = function(x)
        hessian = complex_steps(lambda z: function(z)[1], x)
        next = x - np.linalg.lstsq(hessian, gradient, rcond=1e-14)[0]
        if not np.abs(function(next)[1]).max() < np.abs(gradient).max():
            break
        x = next
    return x


def numbers(x):
    return [float(v) for v in np.asarray(x).ravel()]


def run(function, start, tolerance, rounding):
    return optimize.minimize(
        function, start, jac=True, method="L-BFGS-B",
        options={"maxcor": 10, "gtol": tolerance, "ftol": 10 * rounding, "maxiter": 100_000, "maxfun": 100_000, "maxls": 50},
    )


def main():
    rows = []
    for name, function, start, known in problems:
        start = np.array(start, float)
        random = np.random.default_rng(len(start))
        for place in [start, start + 0.1 * random.normal(size=len(start))]:
            expected, found = complex_steps(lambda z: function(z)[0], place), function(place)[1]
            assert np.allclose(expected, found, rtol=1e-10, atol=1e-10 * np.abs(expected).max()), (name, expected, found)
        double = run(function, start, 1e-9, np.finfo(np.float64).eps)
        single = run(function, start, 1e-5, np.finfo(np.float32).eps)
        minimum = known if known is not None else polish(function, double.x)
        value = function(minimum)[0]
        eigenvalues = np.linalg.eigvalsh(complex_steps(lambda z: function(z)[1], minimum))
        assert eigenvalues[0] > -1e-8 * eigenvalues[-1], name
        error = float(abs(double.fun - value) / max(1, abs(value)))
        rows.append(
            {
                "name": name, "start": numbers(start), "value": float(value), "minimum": numbers(minimum),
                "condition": float(eigenvalues[-1] / max(eigenvalues[0], 1e-300)), "error": error,
                "evaluations": int(double.nfev), "evaluationsSingle": int(single.nfev),
            }
        )
        print(
            f"{name:24} n {len(start):3} value {value:.12g} scipy {double.fun:.12g} ({double.nfev} {double.message}) "
            f"single {single.fun:.8g} ({single.nfev}) |g| {np.abs(function(minimum)[1]).max():.1e} condition {rows[-1]['condition']:.1e}"
        )
    out = {"poisson": {"design": [numbers(r) for r in county_design], "homes": numbers(homes)}}
    text = '{"source": ' + json.dumps(f"NumPy {np.__version__}, SciPy {scipy.__version__}") + ",\n"
    text += '"poisson": ' + json.dumps(out["poisson"]) + ",\n"
    text += '"problems": [\n' + ",\n".join(json.dumps(row) for row in rows) + "\n]}\n"
    json.loads(text)
    pathlib.Path(__file__).with_suffix(".json").write_text(text)


if __name__ == "__main__":
    main()
