"""Writes numpyro_scan.json: log densities of models with sites in NumPyro's scan, in double precision, site by site.

    Benchmarks/peers/setup && .venv-peers/bin/python Tests/Goldens/numpyro_scan.py

Both models are written again in Swift, in StepSiteGoldenTests. Of a reversed scan NumPyro takes given values in the order of
its turns, and records values in the places of their rows; here they are in the places of their rows throughout.
"""

import json
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import numpyro
import numpyro.distributions as dist
from numpyro.contrib.control_flow import scan
from numpyro.handlers import seed, substitute, trace
from numpyro.infer.util import log_density

jax.config.update("jax_enable_x64", True)

rng = np.random.default_rng(3)


def local_level(y):
    sigma = numpyro.sample("sigma", dist.HalfNormal(1.0))

    def step(level, y):
        following = numpyro.sample("level", dist.Normal(level, sigma))
        numpyro.sample("obs", dist.Normal(following, 0.5), obs=y)
        return following, following

    scan(step, 0.3, y)


def growth(counts, x):
    """Positive states in a plate, from the last step to the first, each with the one after it as its mean."""
    phi = numpyro.sample("phi", dist.Beta(2.0, 3.0))

    def step(carry, row):
        rate, sum = carry
        counts, x = row
        with numpyro.plate("units", 3):
            following = numpyro.sample("rate", dist.Gamma(3.0, 3.0 / (phi * rate + 0.5)))
            effect = numpyro.sample("effect", dist.StudentT(4.0, x * sum, 0.7))
            numpyro.sample("count", dist.Poisson(following * jnp.exp(0.1 * effect)), obs=counts)
        numpyro.factor("bonus", -0.05 * jnp.sum(effect) ** 2)
        return (following, 0.5 * sum + jnp.mean(effect)), None

    scan(step, (jnp.array([1.0, 0.5, 2.0]), 0.2), (counts, x), reverse=True)


def row(name, model, data, values, is_reversed=False):
    arguments = {key: jnp.asarray(value, float) for key, value in data.items()}

    def turned(values):
        return {key: value[::-1] if is_reversed and value.ndim else value for key, value in values.items()}

    values = turned({key: jnp.asarray(value, float) for key, value in values.items()})
    total = float(log_density(model, (), arguments, values)[0])
    sites = trace(substitute(seed(model, 0), data=values)).get_trace(**arguments)
    terms = {}
    for site, found in sites.items():
        if site in values or site in ("obs", "count", "bonus"):
            terms[site] = float(jnp.sum(found["fn"].log_prob(found["value"])))
    assert abs(sum(terms.values()) - total) < 1e-9, (terms, total)
    gradient = jax.grad(lambda v: log_density(model, (), arguments, v)[0])(values)
    plain = lambda tree: {key: np.asarray(value, np.float64).tolist() for key, value in tree.items()}
    return {
        "model": name, "data": plain(arguments), "values": plain(turned(values)), "logDensity": total, "terms": terms,
        "gradient": plain(turned(gradient)),
    }


rows = [
    row("local level", local_level, {"y": rng.normal(size=8)}, {"sigma": 0.7, "level": rng.normal(size=8)}),
    row(
        "growth", growth, {"counts": rng.poisson(2.0, size=(5, 3)), "x": rng.normal(size=5)},
        {"phi": 0.4, "rate": rng.gamma(3.0, size=(5, 3)), "effect": rng.normal(size=(5, 3))},
        is_reversed=True,
    ),
]
path = Path(__file__).with_suffix(".json")
path.write_text(json.dumps({"numpyro": numpyro.__version__, "rows": rows}, indent=1) + "\n")
