"""The benchmark models in NumPyro, and the data that each one is fitted to.

The order of the sites is part of each definition: NumPyro splits its random key site by site, and only this order
reproduces the reference numbers digit for digit (README.md).
"""

import csv
from pathlib import Path
from typing import Callable, NamedTuple

import generated_data
import jax.numpy as jnp
import numpyro
import numpyro.distributions as dist

DATA = Path(__file__).resolve().parents[1] / "data"


def columns(file: str) -> dict[str, jnp.ndarray]:
    """The numeric columns of a CSV file, by name, in JAX's default float type."""
    with open(DATA / file, newline="") as f:
        rows = list(csv.DictReader(f))
    numeric = [name for name in rows[0] if name != "school"]
    return {name: jnp.array([float(row[name]) for row in rows]) for name in numeric}


def eight_schools(y, sigma):
    mu = numpyro.sample("mu", dist.Normal(0, 5))
    tau = numpyro.sample("tau", dist.HalfCauchy(5))
    with numpyro.plate("school", 8):
        z = numpyro.sample("theta_base", dist.Normal(0, 1))
        numpyro.sample("y", dist.Normal(mu + tau * z, sigma), obs=y)


def logistic(x, y):
    w = numpyro.sample("w", dist.Normal(0, 1).expand([x.shape[1]]).to_event(1))
    b = numpyro.sample("b", dist.Normal(0, 1))
    numpyro.sample("y", dist.Bernoulli(logits=x @ w + b), obs=y)


def gmm(x, components: int = 4):
    weights = numpyro.sample("weights", dist.Dirichlet(jnp.ones(components)))
    with numpyro.plate("component", components):
        locs = numpyro.sample("locs", dist.Normal(0, 5))
        scales = numpyro.sample("scales", dist.LogNormal(0, 1))
    mixture = dist.MixtureSameFamily(dist.Categorical(weights), dist.Normal(locs, scales))
    numpyro.sample("x", mixture, obs=x)


def radon(county, floor, log_radon, counties: int = 85):
    mu_a = numpyro.sample("mu_a", dist.Normal(0, 1))
    sigma_a = numpyro.sample("sigma_a", dist.HalfNormal(1))
    b = numpyro.sample("b", dist.Normal(0, 1))
    sigma = numpyro.sample("sigma", dist.HalfNormal(1))
    with numpyro.plate("county", counties):
        a = numpyro.sample("a", dist.Normal(mu_a, sigma_a))
    numpyro.sample("log_radon", dist.Normal(a[county] + b * floor, sigma), obs=log_radon)


def poisson_glmm(group, x, y, groups: int = 50):
    mu_a = numpyro.sample("mu_a", dist.Normal(0, 2))
    sigma_a = numpyro.sample("sigma_a", dist.HalfNormal(1))
    b = numpyro.sample("b", dist.Normal(0, 1))
    with numpyro.plate("groups", groups):
        a = numpyro.sample("a", dist.Normal(mu_a, sigma_a))
    numpyro.sample("y", dist.Poisson(jnp.exp(a[group] + b * x)), obs=y)


def robust_regression(x, y):
    w = numpyro.sample("w", dist.Normal(0, 2).expand([x.shape[1]]).to_event(1))
    b = numpyro.sample("b", dist.Normal(0, 2))
    sigma = numpyro.sample("sigma", dist.HalfNormal(1))
    numpyro.sample("y", dist.StudentT(4, x @ w + b, sigma), obs=y)


def many_regressions(x, y):
    w = numpyro.sample("w", dist.Normal(0, 2).expand([x.shape[1]]).to_event(1))
    b = numpyro.sample("b", dist.Normal(0, 2))
    sigma = numpyro.sample("sigma", dist.HalfNormal(1))
    numpyro.sample("y", dist.Normal(x @ w + b, sigma), obs=y)


def wide(y):
    tau = numpyro.sample("tau", dist.HalfNormal(2))
    with numpyro.plate("means", y.shape[0]):
        theta = numpyro.sample("theta", dist.Normal(0, tau))
        numpyro.sample("y", dist.Normal(theta, 1), obs=y)


def on_device(data: dict) -> dict:
    """Whole numbers as indices, the others in JAX's default float type."""
    return {name: jnp.asarray(values) for name, values in data.items()}


def shared(data: Callable[[], dict]) -> Callable[[int], dict]:
    return lambda lanes: on_device(data())


def logistic_data() -> dict:
    c = columns("logistic.csv")
    return {"x": jnp.stack([c[f"x{i}"] for i in range(len(c) - 1)], axis=1), "y": c["y"]}


def radon_data() -> dict:
    c = columns("radon.csv")
    return {**c, "county": c["county"].astype(int)}


class Case(NamedTuple):
    model: Callable
    data: Callable[[int], dict]  # by the number of lanes, which matters to data that each lane has for itself
    lanes: int  # lanes and steps of the reference run
    steps: int
    per_lane: bool = False  # whether the data have an axis of lanes in front


# A new case is one model, one loader and one line here.
CASES = {
    "eight-schools": Case(eight_schools, shared(lambda: columns("eight_schools.csv")), 4096, 2000),
    "logistic": Case(logistic, shared(logistic_data), 256, 1000),
    "gmm": Case(gmm, shared(lambda: columns("gmm.csv")), 256, 1000),
    "radon": Case(radon, shared(radon_data), 256, 1000),
    "poisson-glmm": Case(poisson_glmm, shared(generated_data.counts), 256, 1000),
    "robust-regression": Case(robust_regression, shared(generated_data.regression_with_outliers), 256, 1000),
    "many-regressions": Case(
        many_regressions, lambda lanes: on_device(generated_data.regressions(lanes)), 256, 1000, per_lane=True),
    "big-logistic": Case(logistic, shared(generated_data.logistic), 16, 200),
    "wide": Case(wide, shared(generated_data.means), 256, 1000),
}
