"""Writes numpyro_svi.json: SVI in NumPyro, in double precision, where no random draw matters.

    Benchmarks/peers/setup && .venv-peers/bin/python Tests/Goldens/numpyro_svi.py

Three tables:
  fits   AutoDelta on the benchmark models, from given starts, with Adam and SGD
  tiny   AutoDelta on models of one latent and one observation, a distribution each
  elbo   AutoNormal: the one-particle loss and its gradient for given noise

Every number of `fits` and `tiny` is checked here against what the table claims of AutoDelta: its parameter lives in
the site's support, the optimiser moves it through `biject_to(support)`, and the loss is minus the log joint at the
constrained value, with no Jacobian term.
"""

import json
import math
import sys
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import numpyro
import numpyro.distributions as dist
from jax import random
from numpyro.distributions import biject_to
from numpyro.handlers import seed, substitute, trace
from numpyro.infer import SVI, Trace_ELBO
from numpyro.infer.autoguide import AutoDelta, AutoNormal
from numpyro.infer.initialization import init_to_value
from numpyro.infer.util import log_density
from numpyro.optim import SGD, Adam

jax.config.update("jax_enable_x64", True)

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1] / "Benchmarks" / "peers"))
from numpyro_models import CASES  # noqa: E402

KEY = random.PRNGKey(0)  # every fit needs one; nothing here depends on it


def plain(value):
    """Arrays as nested lists of Python floats, so that JSON keeps all 17 digits."""
    return jax.tree.map(lambda x: np.asarray(x, np.float64).tolist(), value)


def name_of(transform) -> str:
    """The class of a bijector, without the wrapper that only counts dimensions."""
    if isinstance(transform, dist.transforms.IndependentTransform):
        return name_of(transform.base_transform)
    if isinstance(transform, dist.transforms.ComposeTransform):
        return " then ".join(name_of(part) for part in transform.parts)
    return type(transform).__name__


def sites(params: dict) -> dict:
    return {name.removesuffix("_auto_loc"): value for name, value in params.items()}


def auto_delta(model, data: dict, start: dict, optimizer, checkpoints: tuple[int, ...]) -> dict:
    """One fit. `loss` at step n is what step n reports: the loss BEFORE its update, of the values after step n - 1."""
    start = {name: jnp.asarray(value, float) for name, value in start.items()}
    guide = AutoDelta(model, init_loc_fn=init_to_value(values=start))
    svi = SVI(model, guide, optimizer, Trace_ELBO())
    state = svi.init(KEY, **data)

    def loss_of(unconstrained):
        return svi.loss.loss(KEY, svi.constrain_fn(unconstrained), model, guide, **data)

    def log_joint(constrained):
        return log_density(model, (), data, sites(constrained))[0]

    unconstrained = svi.optim.get_params(state.optim_state)
    loss, gradient = jax.value_and_grad(loss_of)(unconstrained)
    supports = {
        name: site["fn"].support for name, site in guide.prototype_trace.items() if name in start
    }
    # The claims of the docstring.
    for name, value in svi.constrain_fn(unconstrained).items():
        site = name.removesuffix("_auto_loc")
        np.testing.assert_allclose(value, start[site], rtol=1e-12)
        np.testing.assert_allclose(unconstrained[name], biject_to(supports[site]).inv(start[site]), rtol=1e-12)
    np.testing.assert_allclose(loss, -log_joint(svi.constrain_fn(unconstrained)), rtol=1e-12)

    record = {
        "bijectors": {name: name_of(biject_to(s)) for name, s in supports.items()},
        "start": {
            "constrained": plain(start),
            "unconstrained": plain(sites(unconstrained)),
            "loss": float(loss),
            "gradient": plain(sites(gradient)),
        },
        "steps": [],
    }
    update = jax.jit(lambda s: svi.update(s, **data))
    for step in range(1, checkpoints[-1] + 1):
        state, loss = update(state)
        if step in checkpoints:
            constrained = svi.get_params(state)
            record["steps"].append({
                "step": step,
                "loss": float(loss),
                "loss_after": -float(log_joint(constrained)),
                "constrained": plain(sites(constrained)),
                "unconstrained": plain(sites(svi.optim.get_params(state.optim_state))),
            })
    assert all(math.isfinite(s["loss_after"]) for s in record["steps"])
    return record


# --- fits -----------------------------------------------------------------------------------------------------------

STARTS = {
    "eight-schools": {"mu": 1.0, "tau": 2.0, "theta_base": [0.5, -0.5, 1.0, 0.0, -1.0, 0.25, 0.75, -0.25]},
    "logistic": {"w": [round(0.1 * math.sin(i + 1), 6) for i in range(30)], "b": 0.2},
    "gmm": {"weights": [0.1, 0.2, 0.3, 0.4], "locs": [-3.0, -1.0, 1.0, 3.0], "scales": [0.5, 1.0, 1.5, 2.0]},
    "radon": {
        "mu_a": 1.0, "sigma_a": 0.5, "b": -0.5, "sigma": 1.0,
        "a": [round(1.0 + 0.3 * math.cos(i), 6) for i in range(85)],
    },
}
# Plain gradient descent needs a rate that suits the number of rows.
SGD_RATES = {"eight-schools": 0.01, "logistic": 1e-3, "gmm": 1e-4, "radon": 1e-4}


def fits():
    for case, start in STARTS.items():
        data = CASES[case].data()
        for name, rate, optimizer in [("Adam", 0.01, Adam(0.01)), ("SGD", SGD_RATES[case], SGD(SGD_RATES[case]))]:
            fit = auto_delta(CASES[case].model, data, start, optimizer, (1, 10, 200))
            yield {"case": case, "optimizer": name, "learning_rate": rate, **fit}


# --- tiny -----------------------------------------------------------------------------------------------------------

# The prior of x, the distribution of the observation given x, the value observed, the start of x.
TINY = [
    ("Gamma(concentration=2, rate=3)", "Poisson(rate=x)", 3, 0.5),
    ("Gamma(concentration=2, rate=3)", "Exponential(rate=x)", 0.7, 1.5),
    ("Beta(concentration1=2, concentration0=3)", "Bernoulli(probs=x)", 1, 0.3),
    ("Beta(concentration1=0.5, concentration0=0.5)", "Binomial(total_count=10, probs=x)", 8, 0.6),
    ("Dirichlet(concentration=[1, 2, 3])", "Categorical(probs=x)", 0, [0.2, 0.3, 0.5]),
    ("LogNormal(loc=0.5, scale=0.8)", "Poisson(rate=x)", 4, 1.2),
    ("StudentT(df=3, loc=1, scale=2)", "Normal(loc=x, scale=0.5)", 2.5, -1.0),
    ("Exponential(rate=0.7)", "Poisson(rate=x)", 2, 0.4),
    ("Uniform(low=-1, high=3)", "Normal(loc=x, scale=1)", 2.0, 0.5),
    ("Uniform(low=0, high=1)", "Bernoulli(probs=x)", 0, 0.4),
    ("HalfCauchy(scale=5)", "Normal(loc=0, scale=x)", 1.7, 2.0),
    ("HalfNormal(scale=2)", "Normal(loc=0, scale=x)", 1.7, 0.5),
    ("Cauchy(loc=0, scale=2)", "Normal(loc=x, scale=1)", 3.0, 0.5),
    ("Cauchy(loc=0, scale=2)", "Bernoulli(logits=x)", 1, -0.5),
    ("Normal(loc=0, scale=1)", "Poisson(rate=exp(x))", 5, 0.25),
    ("Normal(loc=[0, 1, 2], scale=[1, 2, 3])", "Categorical(logits=x)", 1, [0.1, -0.2, 0.3]),
    ("Normal(loc=0, scale=1)", "StudentT(df=4, loc=x, scale=0.5)", 2.0, -0.5),
    ("Normal(loc=0, scale=1)", "Cauchy(loc=x, scale=0.5)", 1.5, 0.3),
    ("Gamma(concentration=2, rate=3)", "Gamma(concentration=x, rate=2)", 0.8, 1.1),
    ("Gamma(concentration=2, rate=3)", "Beta(concentration1=x, concentration0=2)", 0.6, 0.9),
    ("LogNormal(loc=0, scale=1)", "Normal(loc=1, scale=x)", 2.2, 0.7),
    ("LogNormal(loc=0, scale=1)", "LogNormal(loc=0.2, scale=x)", 2.2, 0.7),
]


def distribution(text: str, x=None) -> dist.Distribution:
    """The table's text is also its code, so that the two cannot differ."""
    arrays = text.replace("[", "array([").replace("]", "])")
    scope = {"x": x, "exp": jnp.exp, "array": lambda v: jnp.array(v, float)}
    return eval(arrays, {"__builtins__": {}, **vars(dist)}, scope)


def tiny():
    for prior, likelihood, y, start in TINY:
        def model(y):
            p = distribution(prior)
            # A vector of independent values is one site of one event.
            x = numpyro.sample("x", p.to_event(1) if p.batch_shape else p)
            numpyro.sample("y", distribution(likelihood, x), obs=y)

        fit = auto_delta(model, {"y": jnp.asarray(y)}, {"x": start}, Adam(0.05), (1, 50))
        yield {"x": prior, "y": likelihood, "observed": y, "optimizer": "Adam", "learning_rate": 0.05, **fit}


# --- elbo -----------------------------------------------------------------------------------------------------------


def elbo():
    """The guide's value is biject_to(support)(loc + scale * noise), and the loss is

        log q(value) - log p(value, data)

    in constrained space; the Jacobian enters through q. The noise is given, so the number is the same anywhere.
    """
    for case, start in STARTS.items():
        model, data = CASES[case].model, CASES[case].data()
        prior = trace(seed(model, KEY)).get_trace(**data)
        bijector = {name: biject_to(prior[name]["fn"].support) for name in start}
        loc = {name: bijector[name].inv(jnp.asarray(v, float)) for name, v in start.items()}
        scale = {name: jnp.full(jnp.shape(v), 0.1) + 0.02 * jnp.arange(v.size).reshape(v.shape) / v.size
                 for name, v in loc.items()}
        # Any fixed numbers of both signs do.
        noise = {name: jnp.round(1.5 * jnp.sin(2.0 * jnp.arange(v.size) + 1 + i), 6).reshape(v.shape)
                 for i, (name, v) in enumerate(loc.items())}

        def loss_of(loc, scale):
            values = {name: bijector[name](loc[name] + scale[name] * noise[name]) for name in loc}
            params = {f"{n}_auto_loc": loc[n] for n in loc} | {f"{n}_auto_scale": scale[n] for n in loc}
            guide = substitute(AutoNormal(model, init_loc_fn=init_to_value(values=values)), data=values)
            return Trace_ELBO().loss(KEY, params, model, guide, **data)

        loss, (by_loc, by_scale) = jax.value_and_grad(loss_of, argnums=(0, 1))(loc, scale)
        # By hand: q's density is that of the noise, over the scale and the Jacobian.
        z = {name: loc[name] + scale[name] * noise[name] for name in loc}
        value = {name: bijector[name](z[name]) for name in loc}
        log_q = sum(
            jnp.sum(dist.Normal(loc[n], scale[n]).log_prob(z[n]))
            - jnp.sum(bijector[n].log_abs_det_jacobian(z[n], value[n])) for n in loc
        )
        np.testing.assert_allclose(loss, log_q - log_density(model, (), data, value)[0], rtol=1e-12)
        yield {
            "case": case,
            "bijectors": {name: name_of(b) for name, b in bijector.items()},
            "loc": plain(loc), "scale": plain(scale), "noise": plain(noise), "value": plain(value),
            "loss": float(loss), "gradient_loc": plain(by_loc), "gradient_scale": plain(by_scale),
        }


ABOUT = (
    "AutoDelta and AutoNormal in NumPyro, float64. 'constrained' values lie in the site's support, 'unconstrained' "
    "ones are what the optimiser moves; 'gradient' is by the unconstrained ones. 'loss' of step n is what step n "
    "reports, before its update; 'loss_after' is the loss of the values beside it. AutoDelta's loss is minus the log "
    "joint at the constrained value, without a Jacobian term. Adam: b1 0.9, b2 0.999, eps 1e-8 outside the root. "
    "StickBreakingTransform, for i from 0 to K - 2: component i is sigmoid(x_i - log(K - 1 - i)) of what the ones before "
    "it left, and the last is the rest. "
    "In 'elbo', gradients are by loc and by the scale itself, whatever keeps it positive."
)


def main() -> None:
    golden = {
        "about": ABOUT,
        "versions": {"numpyro": numpyro.__version__, "jax": jax.__version__},
        "fits": list(fits()),
        "tiny": list(tiny()),
        "elbo": list(elbo()),
    }
    # One record to a line: short enough to store, and a difference shows which record moved.
    lines = []
    for key, value in golden.items():
        if isinstance(value, list):
            lines.append(f'"{key}": [\n' + ",\n".join(json.dumps(v) for v in value) + "\n]")
        else:
            lines.append(f'"{key}": {json.dumps(value)}')
    (HERE / "numpyro_svi.json").write_text("{\n" + ",\n".join(lines) + "\n}\n")


if __name__ == "__main__":
    main()
