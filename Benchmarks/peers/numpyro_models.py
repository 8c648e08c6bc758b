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
from jax import lax
from jax.scipy.special import logsumexp

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


def garch(y):
    omega = numpyro.sample("omega", dist.Gamma(2, 10))
    alpha = numpyro.sample("alpha", dist.Beta(2, 2))
    beta = numpyro.sample("beta", dist.Beta(2, 2))

    def day(variance, value):
        following = omega + alpha * value * value + beta * variance
        return following, following

    variance = lax.scan(day, omega, y[:-1])[1]
    with numpyro.plate("days", y.shape[0] - 1):
        numpyro.sample("y", dist.Normal(0, jnp.sqrt(variance)), obs=y[1:])


def hmm(y, states: int = 4):
    mean = numpyro.sample("mean", dist.Normal(0, 3).expand([states]).to_event(1))
    scale = numpyro.sample("scale", dist.HalfNormal(1))
    logits = numpyro.sample("logits", dist.Normal(0, 1).expand([states, states]).to_event(2))
    ways = logits - logsumexp(logits, axis=1, keepdims=True)

    def step(before, value):
        return logsumexp(before[:, None] + ways, axis=0) + dist.Normal(mean, scale).log_prob(value), None

    way = lax.scan(step, jnp.full(states, -jnp.log(states)), y)[0]
    numpyro.factor("all_ways", logsumexp(way))


def arma(y):
    mu = numpyro.sample("mu", dist.Normal(0, 10))
    phi = numpyro.sample("phi", dist.Uniform(-1, 1))
    theta = numpyro.sample("theta", dist.Uniform(-1, 1))
    sigma = numpyro.sample("sigma", dist.HalfCauchy(2.5))

    def step(before, values):
        error = values[0] - (mu + phi * values[1] + theta * before)
        return error, error

    errors = lax.scan(step, jnp.zeros(()), (y[1:], y[:-1]))[1]
    with numpyro.plate("times", y.shape[0] - 1):
        numpyro.sample("y", dist.Normal(0, sigma), obs=errors)


def runge_kutta(start, times, steps_between: int, derivative):
    """The solution at all times, of which the first is that of the start, by fourth-order steps."""

    def interval(state, ends):
        step = (ends[1] - ends[0]) / steps_between

        def one(state, number):
            time = ends[0] + step * number
            k1 = derivative(time, state)
            k2 = derivative(time + step / 2, state + step / 2 * k1)
            k3 = derivative(time + step / 2, state + step / 2 * k2)
            k4 = derivative(time + step, state + step * k3)
            return state + step / 6 * (k1 + 2 * k2 + 2 * k3 + k4), None

        state = lax.scan(one, state, jnp.arange(steps_between))[0]
        return state, state

    rows = lax.scan(interval, start, (times[:-1], times[1:]))[1]
    return jnp.concatenate([start[None], rows])


def lotka_volterra(time, hares, lynxes):
    alpha = 0.6 * jnp.exp(0.3 * numpyro.sample("alpha", dist.Normal(0, 1)))
    beta = 0.03 * jnp.exp(0.3 * numpyro.sample("beta", dist.Normal(0, 1)))
    gamma = 0.8 * jnp.exp(0.3 * numpyro.sample("gamma", dist.Normal(0, 1)))
    delta = 0.025 * jnp.exp(0.3 * numpyro.sample("delta", dist.Normal(0, 1)))
    hares_start = 30 * jnp.exp(0.3 * numpyro.sample("hares_start", dist.Normal(0, 1)))
    lynxes_start = 6 * jnp.exp(0.3 * numpyro.sample("lynxes_start", dist.Normal(0, 1)))
    sigma = numpyro.sample("sigma", dist.LogNormal(-1, 1).expand([2]).to_event(1))

    def derivative(_, state):
        u, v = state[0], state[1]
        return jnp.stack([(alpha - beta * v) * u, (delta * u - gamma) * v])

    solution = runge_kutta(jnp.stack([hares_start, lynxes_start]), time, 10, derivative)
    with numpyro.plate("times", time.shape[0]):
        numpyro.sample("hares", dist.LogNormal(jnp.log(solution[:, 0]), sigma[0]), obs=hares)
        numpyro.sample("lynxes", dist.LogNormal(jnp.log(solution[:, 1]), sigma[1]), obs=lynxes)


def gp(x, y):
    points = x.shape[0]
    length = jnp.exp(0.5 * numpyro.sample("log_length", dist.Normal(0, 1)))
    amplitude = jnp.exp(0.5 * numpyro.sample("log_amplitude", dist.Normal(0, 1)))
    mean = numpyro.sample("mean", dist.Normal(0, 2))
    z = numpyro.sample("z", dist.Normal(0, 1).expand([points]).to_event(1))
    distance = x[:, None] - x
    k = amplitude**2 * jnp.exp(-0.5 * (distance / length) ** 2) + 1e-4 * jnp.eye(points)
    f = mean + jnp.linalg.cholesky(k) @ z
    with numpyro.plate("points", points):
        numpyro.sample("y", dist.Poisson(jnp.exp(f)), obs=y)


def full_rank(x, y):
    columns = x.shape[1]
    w = numpyro.sample("w", dist.Normal(0, 1).expand([columns + 2]).to_event(1))
    with numpyro.plate("rows", x.shape[0]):
        numpyro.sample("y", dist.Normal(x @ w[:columns] + w[columns], jnp.exp(w[columns + 1])), obs=y)


def full_rank_guide(x, y):
    width = x.shape[1] + 2
    loc = numpyro.param("loc", jnp.zeros(width))
    raw = numpyro.param("scale", jnp.log(0.1) * jnp.eye(width))
    scale = jnp.tril(raw, -1) + jnp.diag(jnp.exp(jnp.diag(raw)))
    numpyro.sample("w", dist.MultivariateNormal(loc, scale_tril=scale))


def local_level(y):
    walk = 0.2 * jnp.exp(0.5 * numpyro.sample("walk", dist.Normal(0, 1)))
    noise = 0.5 * jnp.exp(0.5 * numpyro.sample("noise", dist.Normal(0, 1)))
    with numpyro.plate("times", y.shape[0]):
        z = numpyro.sample("z", dist.Normal(0, 1))
        numpyro.sample("y", dist.Normal(walk * jnp.cumsum(z), noise), obs=y)


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
    guide: Callable | None = None  # one written by hand; None for AutoNormal


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
    "garch": Case(garch, shared(generated_data.volatile_series), 256, 1000),
    "hmm": Case(hmm, shared(generated_data.states_seen_in_noise), 256, 1000),
    "arma": Case(arma, shared(generated_data.moving_average), 256, 1000),
    "lotka-volterra": Case(lotka_volterra, shared(generated_data.predators), 256, 1000),
    "gp": Case(gp, shared(generated_data.counts_along_a_line), 256, 1000),
    "full-rank": Case(full_rank, shared(generated_data.linear), 256, 1000, guide=full_rank_guide),
    "local-level": Case(local_level, shared(generated_data.wandering_level), 256, 1000),
}
