"""Many fits of one model with NumPyro: the peer that Lockstep is measured against.

    python numpyro_svi.py --case eight-schools --lanes 16384 --steps 500 --repeat 3 --json -

One jitted `vmap` of a whole fit. Compiling is timed apart from running, and every run is waited for.
"""

import argparse
import json
import os
import sys
import time
from functools import partial

# Before NumPy and JAX load it: OpenBLAS divides even small matrices among threads that wait for each other, which makes
# the Cholesky factors of many fits sixty times slower.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import jax
import jax.numpy as jnp
import numpy as np
import numpyro
from jax import lax, random
from numpyro.infer import SVI, Trace_ELBO
from numpyro.infer.autoguide import AutoNormal
from numpyro.infer.initialization import init_to_uniform
from numpyro.optim import Adam

from generated_data import checksum
from numpyro_models import CASES, Case

TAIL = 50  # the loss of a lane is the mean over its last steps


def svi_of(case: Case) -> SVI:
    # Built anew inside each traced fit: a guide keeps what it saw in its first run, and a guide shared between
    # traces would hold on to a dead tracer.
    guide = case.guide or AutoNormal(case.model, init_loc_fn=init_to_uniform(radius=2), init_scale=0.1)
    return SVI(case.model, guide, Adam(0.01), Trace_ELBO())


def fit_run(case: Case, steps: int, data: dict, key):
    """`svi.run`, as users call it: it returns the loss of every step."""
    result = svi_of(case).run(key, steps, progress_bar=False, **data)
    return result.params, result.losses[-TAIL:].mean()


def fit_loop(case: Case, steps: int, data: dict, key):
    """A hand-written loop over `svi.update`, which stores no loss history: less memory traffic than `svi.run`."""
    svi = svi_of(case)
    state = svi.init(key, **data)
    tail = min(TAIL, steps)
    step = lambda state: svi.update(state, **data)
    state = lax.fori_loop(0, steps - tail, lambda _, s: step(s)[0], state)

    def counted(_, carry):
        state, total = carry
        state, loss = step(state)
        return state, total + loss

    dtype = jax.eval_shape(step, state)[1].dtype
    state, total = lax.fori_loop(0, tail, counted, (state, jnp.zeros((), dtype)))
    return svi.get_params(state), total / tail


FITS = {"run": fit_run, "loop": fit_loop}


def load_average() -> list[float] | None:
    return [round(x, 2) for x in os.getloadavg()] if hasattr(os, "getloadavg") else None


def loss_statistics(losses: np.ndarray) -> dict:
    """Over the lanes that ended with a finite loss; the others are counted apart."""
    finite = losses[np.isfinite(losses)].astype(np.float64)
    if finite.size == 0:
        return {"not_finite": int(losses.size)}
    quantiles = {f"q{q}": float(np.percentile(finite, q)) for q in (10, 25, 50, 75, 90)}
    return {
        "mean": float(finite.mean()),
        "sd": float(finite.std()),
        "min": float(finite.min()),
        **quantiles,
        "max": float(finite.max()),
        "not_finite": int(losses.size - finite.size),
    }


def measure(case: str, lanes: int, steps: int, repeat: int, fit: str, seed: int) -> tuple[dict, dict]:
    data = CASES[case].data(lanes)
    keys = random.split(random.PRNGKey(seed), lanes)
    # The data are an argument, so that the compiler cannot fold them into the program as constants.
    batch = jax.vmap(partial(FITS[fit], CASES[case], steps), in_axes=(0 if CASES[case].per_lane else None, 0))
    load = load_average()
    begin = time.perf_counter()
    compiled = jax.jit(batch).lower(data, keys).compile()
    compile_seconds = time.perf_counter() - begin

    seconds, cpu_seconds = [], []
    for _ in range(repeat):
        begin, cpu_begin = time.perf_counter(), time.process_time()
        params, losses = jax.block_until_ready(compiled(data, keys))
        seconds.append(time.perf_counter() - begin)
        cpu_seconds.append(time.process_time() - cpu_begin)

    device = jax.devices()[0]
    report = {
        "peer": "numpyro",
        "versions": {"numpyro": numpyro.__version__, "jax": jax.__version__},
        "device": f"{device.platform}: {device.device_kind}",
        "case": case,
        "fit": fit,
        "lanes": lanes,
        "steps": steps,
        "seed": seed,
        "compile_seconds": round(compile_seconds, 3),
        "run_seconds": [round(s, 4) for s in seconds],
        "cpu_seconds": [round(s, 4) for s in cpu_seconds],
        "lane_steps_per_second": lanes * steps / float(np.median(seconds)),
        "load_average": {"before": load, "after": load_average()},
        "loss": loss_statistics(np.asarray(losses)),
        "data_checksum": checksum(data),
    }
    return report, {name: np.asarray(value) for name, value in params.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--case", choices=CASES, required=True)
    parser.add_argument("--checksum", action="store_true", help="print the checksum of the data, and fit nothing")
    parser.add_argument("--lanes", type=int, help="default: those of the reference run")
    parser.add_argument("--steps", type=int, help="default: those of the reference run")
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--fit", choices=FITS, default="run", help="svi.run, or a loop over svi.update")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--params", action="store_true", help="add the mean of each parameter over lanes")
    parser.add_argument("--json", metavar="FILE", default="-", help="where the report goes; - is standard output")
    options = parser.parse_args()

    case = CASES[options.case]
    lanes, steps = options.lanes or case.lanes, options.steps or case.steps
    if min(lanes, steps, options.repeat) < 1:
        parser.error("--lanes, --steps and --repeat must be positive")
    if options.checksum:
        print(checksum(case.data(lanes)))
        return
    report, params = measure(options.case, lanes, steps, options.repeat, options.fit, options.seed)
    if options.params:
        report["params_mean_over_lanes"] = {k: v.mean(axis=0).tolist() for k, v in params.items()}

    text = json.dumps(report, indent=1)
    if options.json == "-":
        print(text)
    else:
        with open(options.json, "w") as f:
            f.write(text + "\n")
    print(f"{options.case}: {report['lane_steps_per_second']:.3g} lane-steps/s", file=sys.stderr)


if __name__ == "__main__":
    main()
