#!/usr/bin/env python3
"""Writes distributions.json next to this file: log densities, distribution functions and moments from SciPy.

Run it with any Python that has NumPy and SciPy. Infinities and NaN are written as strings. A point is "interior"
where the log density can be differentiated with respect to the value and the parameters.
"""

import json
import math
import pathlib

import numpy as np
import scipy
from scipy import special, stats

cases = []


def number(x):
    x = float(x)
    if math.isnan(x):
        return "nan"
    if math.isinf(x):
        return "inf" if x > 0 else "-inf"
    return x


def numbers(x):
    return [number(v) for v in np.atleast_1d(x)]


def add(name, parameters, values, log_prob, mean, variance, edges=(), cdf=None):
    """`values` is a list of scalars or vectors; those in `edges` lie on an end of the support or outside."""
    points = []
    with np.errstate(all="ignore"):
        for value, interior in [(v, True) for v in values] + [(v, False) for v in edges]:
            point = {"value": numbers(value), "logProb": number(log_prob(value)), "interior": interior}
            if cdf is not None:
                point["cdf"] = number(cdf(value))
            points.append(point)
    assert len(points) >= 8 or name.startswith(("Bernoulli", "Categorical")), name
    cases.append(
        {
            "distribution": name,
            "parameters": {key: numbers(value) for key, value in parameters.items()},
            "mean": numbers(mean),
            "variance": numbers(variance),
            "points": points,
        }
    )


def continuous(name, parameters, frozen, values, edges=(), cdf=True, moments=None):
    mean, variance = moments if moments else frozen.stats(moments="mv")
    add(name, parameters, values, frozen.logpdf, mean, variance, edges, frozen.cdf if cdf else None)


line = [-37.5, -4.2, -1.1, -0.03, 0.001, 0.4, 0.9, 2.3, 7.7, 55.0]
half = [1e-6, 0.003, 0.2, 0.5, 1.1, 1.9, 3.4, 8.8, 24.0, 110.0]
below = [-1e-9, -0.7, -12.0]

for loc, scale in [(0.0, 1.0), (-1.3, 0.4), (2.5, 11.0)]:
    continuous("Normal", {"loc": loc, "scale": scale}, stats.norm(loc, scale), line)
    continuous("Cauchy", {"loc": loc, "scale": scale}, stats.cauchy(loc, scale), line, moments=(math.nan, math.nan))
for loc, scale in [(0.0, 1.0), (-1.3, 0.4), (0.7, 0.25)]:
    continuous("LogNormal", {"loc": loc, "scale": scale}, stats.lognorm(scale, scale=math.exp(loc)), half, [0.0, *below])
for scale in [1.0, 0.3, 25.0]:
    continuous("HalfNormal", {"scale": scale}, stats.halfnorm(scale=scale), half, [0.0, *below])
    continuous("HalfCauchy", {"scale": scale}, stats.halfcauchy(scale=scale), half, [0.0, *below], moments=(math.inf, math.inf))
for rate in [1.0, 0.05, 7.5]:
    continuous("Exponential", {"rate": rate}, stats.expon(scale=1 / rate), half, [0.0, *below])

for df, loc, scale in [(0.8, 0.0, 1.0), (1.7, 0.0, 1.0), (5.5, -1.0, 0.4), (41.0, 2.0, 10.0)]:
    # The mean does not exist up to one degree of freedom; SciPy's value there has changed between versions.
    mean = loc if df > 1 else math.nan
    variance = scale**2 * df / (df - 2) if df > 2 else (math.inf if df > 1 else math.nan)
    parameters = {"degreesOfFreedom": df, "loc": loc, "scale": scale}
    continuous("StudentT", parameters, stats.t(df, loc, scale), line, cdf=False, moments=(mean, variance))

for low, high in [(0.0, 1.0), (-3.0, 4.5), (10.0, 10.25)]:
    inside = [low + (high - low) * u for u in (0.01, 0.1, 0.2, 0.35, 0.5, 0.66, 0.8, 0.97)]
    outside = [low, high, low - 1e-6, high + 1e-6, low - 5, high + 100]
    continuous("Uniform", {"low": low, "high": high}, stats.uniform(low, high - low), inside, outside)

for a, rate in [(2.0, 1.0), (0.4, 3.0), (1.0, 0.5), (37.0, 2.2)]:
    continuous("Gamma", {"concentration": a, "rate": rate}, stats.gamma(a, scale=1 / rate), half, [0.0, *below], cdf=False)

for a, b in [(1.0, 1.0), (2.0, 5.0), (0.4, 0.3), (1.0, 0.5), (60.0, 13.0)]:
    inside = [1e-5, 0.01, 0.1, 0.25, 0.5, 0.7, 0.9, 0.99, 0.9999]
    ends = [0.0, 1.0, -1e-6, 1 + 1e-6, -3.0, 7.0]
    continuous("Beta", {"concentration1": a, "concentration0": b}, stats.beta(a, b), inside, ends, cdf=False)

random = np.random.default_rng(20240611)
for a in ([1.0, 1.0, 1.0], [0.3, 2.5, 1.2], [40.0, 7.0, 3.0], [2.0, 0.6, 9.0]):
    frozen = stats.dirichlet(a)
    inside = list(random.dirichlet([1.5, 1.5, 1.5], size=9))
    edges = [np.array([0.4, 0.0, 0.6])] if a[1] >= 1 else []
    add("Dirichlet", {"concentration": a}, inside, frozen.logpdf, frozen.mean(), frozen.var(), edges)


def bernoulli(p):
    return lambda x: math.log(p if x == 1 else 1 - p) if 0 < (p if x == 1 else 1 - p) else -math.inf


for p in [0.5, 0.02, 0.93]:
    add("BernoulliProbabilities", {"probabilities": p}, [0.0, 1.0], bernoulli(p), p, p * (1 - p))
for p in [0.0, 1.0]:
    add("BernoulliProbabilities", {"probabilities": p}, [], bernoulli(p), p, 0.0, edges=[0.0, 1.0])
for logit in [0.0, -3.5, 1.2, 45.0, -60.0]:
    p = special.expit(logit)
    log_prob = lambda x, l=logit: special.log_expit(l if x == 1 else -l)
    add("BernoulliLogits", {"logits": logit}, [0.0, 1.0], log_prob, p, p * special.expit(-logit))

classes = [0.0, 1.0, 2.0, 3.0]
for p in ([0.25, 0.25, 0.25, 0.25], [0.1, 0.2, 0.3, 0.4], [0.9, 0.05, 0.03, 0.02]):
    add("CategoricalProbabilities", {"probabilities": p}, classes, lambda k, p=p: np.log(p[int(k)]), math.nan, math.nan)
add("CategoricalProbabilities", {"probabilities": [0.5, 0.0, 0.5, 0.0]}, [], lambda k: np.log([0.5, 0.0, 0.5, 0.0][int(k)]), math.nan, math.nan, edges=classes)
for l in ([0.0, 0.0, 0.0, 0.0], [-1.0, 2.0, 0.5, 0.3], [90.0, 0.0, -90.0, 88.5]):
    add("CategoricalLogits", {"logits": l}, classes, lambda k, l=l: special.log_softmax(l)[int(k)], math.nan, math.nan)

counts = [0.0, 1.0, 2.0, 3.0, 5.0, 9.0, 17.0, 60.0, 251.0, 1000.0]
for rate in [1.0, 0.03, 4.4, 190.0]:
    add("Poisson", {"rate": rate}, counts, stats.poisson(rate).logpmf, rate, rate)
    log_rate = math.log(rate)
    add("PoissonLogRate", {"logRate": log_rate}, counts, stats.poisson(rate).logpmf, rate, rate)
add("Poisson", {"rate": 0.0}, [], lambda x: 0.0 if x == 0 else -math.inf, 0.0, 0.0, edges=counts)

for weights, locs, scales in [
    ([0.3, 0.7], [-2.0, 1.5], [0.5, 2.0]),
    ([0.2, 0.5, 0.3], [0.0, 0.1, 9.0], [1.0, 0.05, 3.0]),
]:
    w, m, s = map(np.array, (weights, locs, scales))
    log_prob = lambda x, w=w, m=m, s=s: special.logsumexp(np.log(w) + stats.norm.logpdf(x, m, s))
    cdf = lambda x, w=w, m=m, s=s: float((w * stats.norm.cdf(x, m, s)).sum())
    mean = float((w * m).sum())
    variance = float((w * (s**2 + m**2)).sum() - mean**2)
    add("NormalMixture", {"probabilities": weights, "loc": locs, "scale": scales}, line, log_prob, mean, variance, cdf=cdf)

for n, spread in [(2, 1.0), (3, 0.2), (4, 6.0)]:
    loc = np.round(random.normal(0, 2, n), 3)
    # What is above the diagonal is not read; in a file it is neither 0 nor NaN.
    lower = np.round(spread * (np.tril(random.normal(0, 0.5, (n, n)), -1) + np.diag(random.uniform(0.5, 1.5, n))), 3)
    covariance = lower @ lower.T
    values = [loc, *(loc + lower @ z for z in random.normal(0, 2, (8, n))), loc + 10 * spread]
    frozen = stats.multivariate_normal(loc, covariance)
    scale_tril = lower + np.triu(np.full((n, n), 7.0), 1)
    add("MultivariateNormal", {"loc": loc, "scaleTril": scale_tril.ravel()}, values, frozen.logpdf, loc, np.diag(covariance))

target = pathlib.Path(__file__).with_name("distributions.json")
text = ",\n".join(json.dumps(case) for case in cases)
target.write_text(f'{{"source": "SciPy {scipy.__version__}", "cases": [\n{text}\n]}}\n')
print(f"{len(cases)} cases, {sum(len(c['points']) for c in cases)} points -> {target.name}")
