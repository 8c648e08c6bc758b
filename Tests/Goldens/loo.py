#!/usr/bin/env python3
"""Writes loo.json next to this file: what ArviZ makes of matrices of log likelihoods, by leaving one out and by WAIC.

Run it with any Python that has NumPy and ArviZ (0.23 or another before 1.0).

Draws are loc + scale z with normal variates z of pseudo-random numbers that the tests make again: x' = 1664525 x + 1013904223 modulo 2^32,
u = (x + 1/2) / 2^32, and z = sqrt(-2 log u_s) cos(2 pi u_(S + s)). The log likelihood of y_i in draw s is that of Normal(draw, 1).

ArviZ divides variances by n where the paper that it cites has n - 1: what is written here is as ArviZ has it.

`corrected` is not of ArviZ as a whole: draws are of a guide Normal(loc, scale), the prior is Normal(0, 1), and `psislw` smooths
log p(y, z) - log q(z) - log p(y_i | z) (Magnusson, Andersen, Jonasson and Vehtari 2019).
"""

import json
import pathlib
import warnings

warnings.simplefilter("ignore")
import arviz
import numpy as np

SMALL = [-1.5, 0.5, 3.0, 0.25, -0.75, 1.25]
OUTLIER = [0.1, -0.2, 0.4, 8.0, 0.0, -0.5]
CASES = [
    # seed, draws, loc, scale, y
    (1, 1000, 0.4, 0.35, SMALL), (2, 1000, 1.0, 0.3, OUTLIER), (3, 500, 0.0, 1.0, SMALL), (4, 200, 0.3, 0.1, SMALL[:2]),
    (5, 4000, 0.7, 0.5, OUTLIER),
]


def normals(seed, count):
    x, found = seed, []
    for _ in range(2 * count):
        x = (1664525 * x + 1013904223) % 2**32
        found.append((x + 0.5) / 2**32)
    u = np.array(found)
    return np.sqrt(-2 * np.log(u[:count])) * np.cos(2 * np.pi * u[count:])


def log_normal(x, loc, scale):
    return -0.5 * np.log(2 * np.pi) - np.log(scale) - 0.5 * ((x - loc) / scale) ** 2


def log_sum(values):
    largest = values.max()
    return largest + np.log(np.exp(values - largest).sum())


def data(seed, draws, loc, scale, y):
    z = loc + scale * normals(seed, draws)
    return z, log_normal(np.array(y)[None, :], z[:, None], 1.0)


def inference_data(likelihoods):
    draws = likelihoods.shape[0]
    return arviz.from_dict(posterior={"z": np.zeros((1, draws))}, log_likelihood={"y": likelihoods[None]})


def numbers(values):
    return [round(float(value), 10) for value in np.asarray(values).ravel()]


def number(value):
    return numbers([value])[0]


def case(seed, draws, loc, scale, y):
    z, likelihoods = data(seed, draws, loc, scale, y)
    loo = arviz.loo(inference_data(likelihoods), pointwise=True, reff=1.0, scale="log")
    waic = arviz.waic(inference_data(likelihoods), pointwise=True, scale="log")
    weights = log_normal(z, 0.0, 1.0) + likelihoods.sum(axis=1) - log_normal(z, loc, scale)
    pairs = [arviz.psislw((weights - own).copy()) for own in likelihoods.T]
    posterior = arviz.psislw(weights.copy())[0]
    shares = np.exp(posterior)
    means = shares @ likelihoods
    return {
        "seed": seed, "draws": draws, "loc": loc, "scale": scale, "y": y,
        "loo": {
            "elpd": number(loo.elpd_loo), "error": number(loo.se), "p": number(loo.p_loo), "pointwise": numbers(loo.loo_i),
            "shapes": numbers(loo.pareto_k),
        },
        "waic": {"elpd": number(waic.elpd_waic), "error": number(waic.se), "p": number(waic.p_waic), "pointwise": numbers(waic.waic_i)},
        "corrected": {
            "pointwise": numbers([log_sum(own + pair[0]) for own, pair in zip(likelihoods.T, pairs)]),
            "shapes": numbers([pair[1] for pair in pairs]),
            "densities": numbers([log_sum(own + posterior) for own in likelihoods.T]),
            "variances": numbers(shares @ (likelihoods - means) ** 2 / (1 - (shares**2).sum())),
        },
    }


def comparison(*places):
    models = {str(place): inference_data(data(*CASES[place])[1]) for place in places}
    table = arviz.compare(models, ic="loo", method="BB-pseudo-BMA", scale="log")
    return [
        {"case": int(name), "elpd": number(row.elpd_loo), "difference": number(row.elpd_diff), "error": number(row.dse)}
        for name, row in table.iterrows()
    ]


result = {
    "versions": f"ArviZ {arviz.__version__}, NumPy {np.__version__}",
    "cases": [case(*arguments) for arguments in CASES],
    "comparison": comparison(0, 2),
}
with open(pathlib.Path(__file__).with_suffix(".json"), "w") as file:
    lines = ",\n".join(json.dumps(case) for case in result["cases"])
    rows = ",\n".join(json.dumps(row) for row in result["comparison"])
    file.write(f'{{"versions": {json.dumps(result["versions"])},\n"cases": [\n{lines}\n],\n"comparison": [\n{rows}\n]}}\n')
