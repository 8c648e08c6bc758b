"""Thousands of light curves of 10 to 2,000 rows with NumPyro: the twin of lockstep-bench's case light-curves.

    python light_curves.py --lanes 4096 --steps 200 --form padded

All curves padded to the longest under one jitted `vmap`, or in buckets of lengths up to 32, 64, 128 ... rows, one jitted `vmap` for
each; 8 starts of each curve. Compiling is timed apart from running.
"""

import argparse
import json
import time

import numpyro_svi  # first: it sets what JAX reads when it is loaded
import jax
import jax.numpy as jnp
import numpy as np
import numpyro
import numpyro.distributions as dist
from jax import random
from numpyro_models import Case

from generated_data import Stream

STARTS = 8


def curve(time, flux, mask):
    amplitude = numpyro.sample("amplitude", dist.LogNormal(0.5, 0.5))
    start = numpyro.sample("t0", dist.Normal(0, 8))
    rise = numpyro.sample("rise", dist.LogNormal(1, 0.5))
    fall = numpyro.sample("fall", dist.LogNormal(3, 0.5))
    plateau = numpyro.sample("plateau", dist.HalfNormal(15))
    scatter = numpyro.sample("scatter", dist.HalfNormal(0.3))
    since = time - start
    shape = jax.nn.sigmoid(since / rise) * jnp.exp(-jnp.maximum(since - plateau, 0) / fall)
    with numpyro.handlers.mask(mask=mask):
        numpyro.sample("obs", dist.StudentT(4, amplitude * shape, scatter), obs=flux)


def light_curves(count):
    """As lists of arrays: the twin of GeneratedData.lightCurves."""
    c = np.arange(count)
    truth = [Stream(90 + k) for k in range(6)]
    rows = (10 * np.exp(truth[0].uniform(c) * 5.298317366548036)).astype(int)
    amplitude, start = 1 + 2 * truth[1].uniform(c), 4 * truth[2].noise(c)
    rise, fall = 1.5 + 3 * truth[3].uniform(c), 15 + 25 * truth[4].uniform(c)
    plateau = 5 + 20 * truth[5].uniform(c)
    times, fluxes = [], []
    for k in range(count):
        place = k * 2048 + np.arange(rows[k])
        t = -20 + 120 * (np.arange(rows[k]) + Stream(96).uniform(place)) / rows[k]
        since = t - start[k]
        shape = np.exp(-np.maximum(since - plateau[k], 0) / fall[k]) / (1 + np.exp(-since / rise[k]))
        noise = np.where(Stream(98).uniform(place) < 0.05, 0.6, 0.1) * Stream(97).noise(place)
        times.append(t)
        fluxes.append(amplitude[k] * shape + noise)
    return times, fluxes


def padded(times, fluxes, rows):
    def array(parts):
        return jnp.array(np.stack([np.pad(p, (0, rows - len(p)), mode="edge") for p in parts]))

    mask = np.stack([np.arange(rows) < len(t) for t in times])
    return {"time": array(times), "flux": array(fluxes), "mask": jnp.array(mask)}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--lanes", type=int, default=4096)
    parser.add_argument("--steps", type=int, default=200)
    parser.add_argument("--repeat", type=int, default=1)
    parser.add_argument("--form", choices=["padded", "bucketed"], default="padded")
    parser.add_argument("--fit", choices=numpyro_svi.FITS, default="run")
    options = parser.parse_args()

    times, fluxes = light_curves((options.lanes + STARTS - 1) // STARTS)
    lengths = np.array([len(t) for t in times])
    if options.form == "padded":
        buckets = {int(lengths.max()): np.arange(len(times))}
    else:
        bucket = np.maximum(32, 2 ** np.ceil(np.log2(lengths)).astype(int))
        buckets = {int(b): np.flatnonzero(bucket == b) for b in np.unique(bucket)}
    case = Case(curve, None, options.lanes, options.steps, per_lane=True)
    fit = lambda data, key: numpyro_svi.FITS[options.fit](case, options.steps, data, key)
    of_curve = lambda data, keys: jax.vmap(fit, in_axes=(None, 0))(data, keys)

    compile_seconds, compiled = 0.0, []
    for rows, members in buckets.items():
        data = padded([times[m] for m in members], [fluxes[m] for m in members], rows)
        keys = random.split(random.PRNGKey(rows), (len(members), STARTS))
        begin = time.perf_counter()
        compiled.append((jax.jit(jax.vmap(of_curve)).lower(data, keys).compile(), data, keys))
        compile_seconds += time.perf_counter() - begin
    seconds, losses = [], []
    for _ in range(options.repeat):
        begin = time.perf_counter()
        losses = [np.asarray(jax.block_until_ready(run(data, keys))[1]) for run, data, keys in compiled]
        seconds.append(time.perf_counter() - begin)
    loss = np.concatenate([l.reshape(-1) for l in losses])
    print(json.dumps({
        "form": options.form, "lanes": options.lanes, "steps": options.steps, "rows": int(lengths.sum()) * STARTS,
        "compile_seconds": round(compile_seconds, 3), "run_seconds": [round(s, 3) for s in seconds],
        "loss": numpyro_svi.loss_statistics(loss),
    }))


if __name__ == "__main__":
    main()
