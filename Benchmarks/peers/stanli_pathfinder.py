"""Many starts of L-BFGS and of Pathfinder with stanli, which runs Stan programs without a compiler.

    pip install numpy stanli
    python stanli_pathfinder.py --case eight-schools --starts 1024 --json -

Starts are divided among as many processes as there are cores, and each is a call of the library of its own. A program is compiled once in each
process before anything is timed. Log densities are those of unconstrained space, constants and Jacobian included, as those of Lockstep's
`Pathfinder` are: its `loss` is the opposite.

stanli 0.24 hands out one draw of each path, and neither the ELBO of the normal distribution that it is from nor a Pareto shape: of Pathfinder
there is the log density of that draw. Paths are asked for through `stanli_pathfinder_inits`, which `Model.sample(pathfinder_init=...)` calls.
"""

import argparse
import csv
import ctypes
import json
import multiprocessing
import os
import pathlib
import sys
import time

import numpy as np

from generated_data import volatile_series

DATA = pathlib.Path(__file__).resolve().parent.parent / "data"

EIGHT_SCHOOLS = """
data { vector[8] y; vector[8] sigma; }
parameters { real mu; real<lower=0> tau; vector[8] z; }
model {
  target += normal_lpdf(mu | 0, 5) + cauchy_lpdf(tau | 0, 5) + log2() + normal_lpdf(z | 0, 1) + normal_lpdf(y | mu + tau * z, sigma);
}
"""

# Not centred: the density of the centred one has no maximum.
RADON = """
data { int n; array[n] int county; vector[n] floor_; vector[n] log_radon; }
parameters { real mu_a; real<lower=0> sigma_a; real b; real<lower=0> sigma; vector[85] z; }
model {
  target += normal_lpdf(mu_a | 0, 1) + normal_lpdf(sigma_a | 0, 1) + normal_lpdf(b | 0, 1) + normal_lpdf(sigma | 0, 1) + 2 * log2();
  target += normal_lpdf(z | 0, 1) + normal_lpdf(log_radon | mu_a + sigma_a * z[county] + b * floor_, sigma);
}
"""

GMM = """
data { int n; vector[n] x; }
parameters { simplex[4] weights; vector[4] locs; vector<lower=0>[4] scales; }
model {
  target += dirichlet_lpdf(weights | rep_vector(1, 4)) + normal_lpdf(locs | 0, 5) + lognormal_lpdf(scales | 0, 1);
  for (i in 1:n) {
    vector[4] terms = log(weights);
    for (k in 1:4) terms[k] += normal_lpdf(x[i] | locs[k], scales[k]);
    target += log_sum_exp(terms);
  }
}
"""

GARCH = """
data { int n; vector[n] y; }
parameters { real<lower=0> omega; real<lower=0, upper=1> alpha; real<lower=0, upper=1> beta; }
model {
  real variance = omega;
  target += gamma_lpdf(omega | 2, 10) + beta_lpdf(alpha | 2, 2) + beta_lpdf(beta | 2, 2);
  for (t in 2:n) {
    variance = omega + alpha * square(y[t - 1]) + beta * variance;
    target += normal_lpdf(y[t] | 0, sqrt(variance));
  }
}
"""


def columns(file: str) -> dict:
    with open(DATA / file, newline="") as f:
        rows = list(csv.DictReader(f))
    return {name: [float(row[name]) for row in rows] for name in rows[0] if name != "school"}


def radon_data() -> dict:
    c = columns("radon.csv")
    # Stan counts from 1.
    return {
        "n": len(c["county"]), "county": [int(k) + 1 for k in c["county"]], "floor_": c["floor"], "log_radon": c["log_radon"]}


def counted(name: str, values) -> dict:
    return {"n": len(values), name: [float(v) for v in values]}


CASES = {
    "eight-schools": (EIGHT_SCHOOLS, lambda: columns("eight_schools.csv")),
    "radon": (RADON, radon_data),
    "gmm": (GMM, lambda: counted("x", columns("gmm.csv")["x"])),
    "garch": (GARCH, lambda: counted("y", volatile_series()["y"])),
}

model = None


def prepare(case: str) -> None:
    global model
    import stanli

    program, data = CASES[case]
    model = stanli.Model(stan_code=program, data=data())


def ready(_) -> int:
    # Long enough that each process takes one.
    time.sleep(0.2)
    return os.getpid()


def optimum(seed: int) -> float:
    try:
        return model.optimize(seed=seed).lp
    except RuntimeError:
        return float("nan")


def path(task) -> float:
    """The log density of the draw that one path gives."""
    import stanli

    seed, draws, history = task
    point = np.empty((1, model.n_unconstrained))
    error = ctypes.create_string_buffer(4096)
    address = point.ctypes.data_as(ctypes.POINTER(ctypes.c_double))
    failed = stanli._lib.stanli_pathfinder_inits(
        model._m, seed, 1, 1, 1000, draws, history, 2.0, address, None, None, error, len(error))
    if failed:
        return float("nan")
    try:
        return model.log_prob_grad(point[0])[0]
    except RuntimeError:
        return float("nan")


def timed(pool, function, tasks) -> dict:
    size = max(1, len(tasks) // (8 * pool._processes))
    start = time.perf_counter()
    values = np.array(pool.map(function, tasks, chunksize=size))
    seconds = time.perf_counter() - start
    finite = values[np.isfinite(values)]
    shares = [0, 0.1, 0.25, 0.5, 0.75, 0.9, 1]
    return {
        "seconds": round(seconds, 4), "startsPerSecond": round(len(tasks) / seconds, 2), "failed": int(len(values) - len(finite)),
        "quantiles": {str(q): round(float(np.quantile(finite, q)), 4) for q in shares} if len(finite) else None,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--case", choices=list(CASES), action="append", help="one or several; all of them where there is none")
    parser.add_argument("--starts", type=int, default=1024)
    parser.add_argument("--processes", type=int, default=os.cpu_count())
    parser.add_argument("--elbo-draws", type=int, default=25)
    parser.add_argument("--memory", type=int, default=6)
    parser.add_argument("--json", default="-", help="a file; - for the output")
    options = parser.parse_args()
    results = []
    for case in options.case or list(CASES):
        with multiprocessing.get_context("spawn").Pool(options.processes, prepare, (case,)) as pool:
            pool.map(ready, range(options.processes), chunksize=1)
            seeds = list(range(1, options.starts + 1))
            results.append({
                "case": case, "starts": options.starts, "processes": options.processes,
                "optimum": timed(pool, optimum, seeds),
                "pathfinderDraw": timed(pool, path, [(seed, options.elbo_draws, options.memory) for seed in seeds]),
            })
    text = json.dumps(results, indent=1)
    if options.json == "-":
        print(text)
    else:
        pathlib.Path(options.json).write_text(text + "\n")


if __name__ == "__main__":
    sys.exit(main())
