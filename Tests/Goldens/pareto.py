#!/usr/bin/env python3
"""Writes pareto.json next to this file: the Pareto shapes that ArviZ finds in importance weights, and what it makes of these.

Run it with any Python that has NumPy and ArviZ (0.23 or another before 1.0, which has `psislw`).

Weights are functions of pseudo-random numbers that the tests make again: x' = 1664525 x + 1013904223 modulo 2^32, and u = (x + 1/2) / 2^32.
Each case has the shape, the effective sample size 1 / sum w^2 of the smoothed weights, and the ten largest of their logarithms.

The scales are those of importance sampling for Normal(0, 1) with draws from Normal(0, scale): means and standard deviations of the shapes
of 100 sets of draws, by NumPy's generator.
"""

import json
import pathlib
import warnings

warnings.simplefilter("ignore")
import arviz
import numpy as np


def uniforms(seed, count):
    x, found = seed, []
    for _ in range(count):
        x = (1664525 * x + 1013904223) % 2**32
        found.append((x + 0.5) / 2**32)
    return np.array(found)


def log_weights(kind, size, seed, count):
    u = uniforms(seed, 2 * count)
    first, second = u[:count], u[count:]
    normal = np.sqrt(-2 * np.log(first)) * np.cos(2 * np.pi * second)
    if kind == "pareto":
        return -size * np.log(first)
    if kind == "normal":
        return size * normal
    if kind == "exponential":
        return np.log(-size * np.log(first))
    if kind == "bounded":
        return size * np.log(first)
    if kind == "square":
        return size * normal**2
    if kind == "rounded":
        return np.round(size * normal) / size
    if kind == "missing":
        return np.where(second < size, -np.inf, normal)
    raise ValueError(kind)


CASES = [
    ("pareto", 0.1, 1, 1000), ("pareto", 0.3, 2, 1000), ("pareto", 0.5, 3, 1000), ("pareto", 0.7, 4, 1000), ("pareto", 0.9, 5, 1000),
    ("pareto", 1.5, 6, 1000), ("normal", 0.01, 7, 1000), ("normal", 1, 8, 1000), ("normal", 5, 9, 1000), ("normal", 60, 10, 1000),
    ("exponential", 3, 11, 1000), ("bounded", 0.2, 12, 1000), ("bounded", 2, 13, 1000), ("square", 0.3, 14, 1000), ("square", -0.3, 15, 1000),
    ("rounded", 20, 16, 1000), ("missing", 0.4, 17, 1000), ("missing", 0.99, 18, 1000), ("normal", 1, 19, 30), ("normal", 1, 20, 100),
    ("pareto", 0.6, 21, 10_000),
]


def shape(weights):
    return arviz.psislw(weights.copy())


def case(kind, size, seed, count):
    weights = log_weights(kind, size, seed, count)
    smoothed, k = shape(weights)
    largest = np.sort(smoothed)[::-1][:10]
    return {
        "kind": kind, "size": size, "seed": seed, "count": count, "shape": round(float(k), 12),
        "effective": float(1 / np.exp(2 * smoothed).sum()), "largest": [round(float(w), 12) for w in largest],
    }


def scale(value, generator):
    shapes = []
    for _ in range(100):
        x = value * generator.normal(size=50_000)
        shapes.append(float(shape(0.5 * (x / value) ** 2 - 0.5 * x**2)[1]))
    return {"scale": value, "mean": round(float(np.mean(shapes)), 4), "deviation": round(float(np.std(shapes, ddof=1)), 4)}


generator = np.random.default_rng(13)
result = {
    "versions": f"ArviZ {arviz.__version__}, NumPy {np.__version__}",
    "cases": [case(*arguments) for arguments in CASES],
    "scales": [scale(value, generator) for value in (0.5, 0.7, 0.9, 0.99)],
}
assert all(np.isfinite(case["shape"]) for case in result["cases"])
with open(pathlib.Path(__file__).with_suffix(".json"), "w") as file:
    lines = ",\n".join(json.dumps(case) for case in result["cases"])
    scales = ",\n".join(json.dumps(scale) for scale in result["scales"])
    file.write(f'{{"versions": {json.dumps(result["versions"])},\n"cases": [\n{lines}\n],\n"scales": [\n{scales}\n]}}\n')
