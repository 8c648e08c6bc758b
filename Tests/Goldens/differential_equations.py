#!/usr/bin/env python3
"""Writes differential_equations.json next to this file: solutions of ordinary differential equations at some times, by SciPy's DOP853 at a
relative tolerance of 1e-13 and an absolute one of 1e-14.

Run it with any Python that has SciPy.
"""

import json
import pathlib

import numpy as np
import scipy
from scipy.integrate import solve_ivp

cases = {
    "prey and predators": (lambda t, y: [(1.1 - 0.4 * y[1]) * y[0], (0.1 * y[0] - 0.4) * y[1]], [10.0, 5.0], [0, 0.5, 1, 2.5, 4, 9, 15]),
    "van der Pol": (lambda t, y: [y[1], 5 * (1 - y[0] ** 2) * y[1] - y[0]], [2.0, 0.0], [0, 1, 3, 4, 6, 8, 12]),
    "pendulum that is pushed": (lambda t, y: [y[1], -np.sin(y[0]) + 0.3 * np.cos(2 * t)], [0.5, 0.0], [0, 0.7, 2, 5, 10]),
}

solutions = []
for name, (derivative, start, times) in cases.items():
    found = solve_ivp(derivative, (times[0], times[-1]), start, t_eval=times, rtol=1e-13, atol=1e-14, method="DOP853")
    assert found.success
    solutions.append({"name": name, "times": times, "states": [[float(v) for v in row] for row in found.y]})

out = {"source": f"SciPy {scipy.__version__}", "solutions": solutions}
pathlib.Path(__file__).with_suffix(".json").write_text(json.dumps(out, indent=1) + "\n")
