"""Writes extreme_densities.json: log densities of every family and their gradients, at parameters from 1e-3 to 1e8.

Beside each number stands its condition: the sum over all parameters and the value of |input times the number's
derivative by it|, which is by how much a relative change of the inputs moves it. Rounding to a precision of u moves it by
u times that at least, whatever the formula; so do errors of a few u in each step of a good formula.

Numbers are from mpmath, derivatives by central differences with 150 digits. Parameters and values are exact in
float32.

    pip install mpmath numpy && python extreme_densities.py
"""

import json
import pathlib

import mpmath as mp
import numpy as np

mp.mp.dps = 150
STEP = mp.mpf(10) ** -40
cases = []


def f32(x):
    return float(np.float32(x))


def add(name, function, value, discrete=False, **parameters):
    """`function` takes lists of numbers by name: the parameters and `value`."""
    point = {key: [f32(v) for v in np.atleast_1d(given)] for key, given in {**parameters, "value": value}.items()}
    inputs = [(key, i) for key, values in point.items() for i in range(len(values)) if not (discrete and key == "value")]
    size = {(key, i): max(abs(mp.mpf(point[key][i])), mp.mpf(10) ** -6) for key, i in inputs}

    def at(moves):
        moved = {key: [mp.mpf(v) for v in values] for key, values in point.items()}
        for (key, i), count in moves:
            moved[key][i] += count * STEP * size[key, i]
        return function(**moved)

    centre = at([])
    up = {x: at([(x, 1)]) for x in inputs}
    down = {x: at([(x, -1)]) for x in inputs}
    first = {x: (up[x] - down[x]) / (2 * STEP * size[x]) for x in inputs}
    gradients = {key: [] for key, _ in inputs}
    conditions = {key: [] for key, _ in inputs}
    for x in inputs:
        condition = mp.mpf(0)
        for y in inputs:
            if x == y:
                second = (up[x] - 2 * centre + down[x]) / (STEP * size[x]) ** 2
            else:
                corners = [(a, b, at([(x, a), (y, b)])) for a in (1, -1) for b in (1, -1)]
                second = sum(a * b * v for a, b, v in corners) / (4 * STEP ** 2 * size[x] * size[y])
            condition += abs(mp.mpf(point[y[0]][y[1]]) * second)
        # What differences leave of a derivative that is 0.
        gradients[x[0]].append(float(first[x]) if abs(first[x]) > 1e-60 else 0.0)
        conditions[x[0]].append(float(condition))
    cases.append({
        "distribution": name,
        "parameters": {key: values for key, values in point.items() if key != "value"},
        "value": point["value"],
        "logProb": float(centre),
        "condition": float(sum(abs(mp.mpf(point[key][i]) * first[key, i]) for key, i in inputs)),
        "gradients": gradients,
        "conditions": conditions,
    })


def gamma(concentration, rate, value):
    (a,), (b,), (x,) = concentration, rate, value
    return a * mp.log(b) - mp.loggamma(a) + (a - 1) * mp.log(x) - b * x


def beta(concentration1, concentration0, value):
    (a,), (b,), (x,) = concentration1, concentration0, value
    return (a - 1) * mp.log(x) + (b - 1) * mp.log(1 - x) + mp.loggamma(a + b) - mp.loggamma(a) - mp.loggamma(b)


def dirichlet(concentration, value):
    powers = sum((a - 1) * mp.log(x) - mp.loggamma(a) for a, x in zip(concentration, value))
    return powers + mp.loggamma(sum(concentration))


def student_t(degreesOfFreedom, loc, scale, value):
    (n,), (m,), (s,), (x,) = degreesOfFreedom, loc, scale, value
    square = ((x - m) / s) ** 2
    return (mp.loggamma((n + 1) / 2) - mp.loggamma(n / 2) - mp.log(mp.pi * n) / 2 - mp.log(s)
            - (n + 1) / 2 * mp.log1p(square / n))


def poisson(rate, value):
    return value[0] * mp.log(rate[0]) - rate[0] - mp.loggamma(value[0] + 1)


def poisson_log_rate(logRate, value):
    return value[0] * logRate[0] - mp.exp(logRate[0]) - mp.loggamma(value[0] + 1)


def normal(loc, scale, value):
    return -((value[0] - loc[0]) / scale[0]) ** 2 / 2 - mp.log(scale[0]) - mp.log(2 * mp.pi) / 2


def cauchy(loc, scale, value):
    return -mp.log(mp.pi * scale[0]) - mp.log1p(((value[0] - loc[0]) / scale[0]) ** 2)


def log_normal(loc, scale, value):
    return normal(loc, scale, [mp.log(value[0])]) - mp.log(value[0])


def half(density):
    return lambda scale, value: density([mp.mpf(0)], scale, value) + mp.log(2)


def exponential(rate, value):
    return mp.log(rate[0]) - rate[0] * value[0]


def uniform(low, high, value):
    return -mp.log(high[0] - low[0])


def bernoulli_probabilities(probabilities, value):
    return mp.log(probabilities[0]) if value[0] == 1 else mp.log(1 - probabilities[0])


def bernoulli_logits(logits, value):
    return -mp.log1p(mp.exp(-logits[0] if value[0] == 1 else logits[0]))


def categorical_probabilities(probabilities, value):
    return mp.log(probabilities[int(value[0])])


def categorical_logits(logits, value):
    return logits[int(value[0])] - mp.log(sum(map(mp.exp, logits)))


def mixture(probabilities, loc, scale, value):
    return mp.log(sum(w * mp.exp(normal([m], [s], value)) for w, m, s in zip(probabilities, loc, scale)))


def multivariate_normal(loc, scaleTril, value):
    n = len(loc)
    z, total = [], -n * mp.log(2 * mp.pi) / 2
    for i in range(n):
        row = scaleTril[i * n : i * n + i + 1]
        z.append((value[i] - loc[i] - sum(l * u for l, u in zip(row, z))) / row[i])
        total -= z[i] ** 2 / 2 + mp.log(row[i])
    return total


sizes = [1e-3, 0.04, 0.3, 1, 2.5, 7, 40, 1e3, 1e5, 1e6, 1e8]
few = [1e-3, 0.7, 1, 30, 1e4, 1e6, 1e8]

for a in sizes:
    for rate in (1e-3, 1, 1e8) + ((a,) if a not in (1e-3, 1, 1e8) else ()):
        sd = min(a ** -0.5, 3)
        for relative in (1e-4, 0.5, 1, 1 + sd, max(1 - 2 * sd, 0.01)):
            add("Gamma", gamma, a / rate * relative, concentration=a, rate=rate)

for a in few:
    for b in few:
        mean, sd = a / (a + b), (a * b / (a + b) ** 2 / (a + b + 1)) ** 0.5
        points = {f32(v) for v in (0.5, 0.3, mean, mean + sd, mean - 2 * sd, 1e-3)}
        for x in sorted(v for v in points if 1e-12 < v < 1):
            add("Beta", beta, x, concentration1=a, concentration0=b)

GRID = 2.0 ** -23
for a in ([1e-3, 1e-3, 1e-3], [1, 1, 1], [0.3, 2.5, 40], [1e6, 1e6, 2e6], [1e8, 1e8, 2e8], [1e8, 1e-3, 30], [1e3, 1e5, 1e6, 7]):
    share = np.array(a) / sum(a)
    for x in ([0.25, 0.25, 0.5], [0.5, 0.125, 0.375], None):
        if x is None:
            x = np.maximum(np.round(share / GRID), 1) * GRID
            x[np.argmax(x)] -= x.sum() - 1
        elif len(a) == 4:
            x = [x[0] / 2, x[0] / 2, x[1], x[2]]
        assert sum(x) == 1 and all(f32(v) == v for v in x)
        add("Dirichlet", dirichlet, x, concentration=a)

for n in sizes:
    for loc, scale in ((0, 1), (0, 1e8), (0.5, 1e-3)):
        for z in (0.125, 1.5, 20):
            add("StudentT", student_t, loc + z * scale, degreesOfFreedom=n, loc=loc, scale=scale)

for rate in sizes:
    for count in sorted({0, 1, round(rate), round(rate + rate ** 0.5), round(rate - 2 * rate ** 0.5), round(1.5 * rate), 30}):
        if count >= 0:
            add("Poisson", poisson, count, discrete=True, rate=rate)
            add("PoissonLogRate", poisson_log_rate, count, discrete=True, logRate=np.log(rate))

for scale in few:
    for z in (0.25, 1, 6):
        add("HalfNormal", half(normal), z * scale, scale=scale)
        add("HalfCauchy", half(cauchy), z * scale, scale=scale)
        add("Exponential", exponential, z / scale, rate=scale)
        for loc in (0, 3):
            add("Normal", normal, loc + z * scale, loc=loc, scale=scale)
            add("Cauchy", cauchy, loc - z * scale, loc=loc, scale=scale)
    add("Uniform", uniform, scale / 4, low=0, high=scale)
    add("LogNormal", log_normal, 2, loc=0.25, scale=scale)
    add("LogNormal", log_normal, scale, loc=1.5, scale=0.5)

for p in (1e-3, 0.25, 0.5, 0.999, 1e-8):
    for x in (0, 1):
        add("BernoulliProbabilities", bernoulli_probabilities, x, discrete=True, probabilities=p)
for logit in (-80, -3.5, 0.001, 1.25, 80):
    for x in (0, 1):
        add("BernoulliLogits", bernoulli_logits, x, discrete=True, logits=logit)
for k in (0, 1, 2):
    add("CategoricalProbabilities", categorical_probabilities, k, discrete=True, probabilities=[0.125, 0.375, 0.5])
    add("CategoricalLogits", categorical_logits, k, discrete=True, logits=[1e-3, -60, 40])
for scale in (1e-3, 1, 1e8):
    add("NormalMixture", mixture, 0.75 * scale, probabilities=[0.25, 0.75], loc=[0, scale], scale=[scale, 2 * scale])

# Above the diagonal numbers that nothing reads.
for scale in (1e-3, 1, 1e6):
    for loc in ([0, 0, 0], [2 * scale, -3, 0.5]):
        for z in ([0.5, -1, 0.25], [-4, 3, 2], [1, 30, -9]):
            add("MultivariateNormal", multivariate_normal, [m + scale * v for m, v in zip(loc, z)],
                loc=loc, scaleTril=[1.5 * scale, 9, 9, -0.75 * scale, 0.5 * scale, 9, 2 * scale, 0.25 * scale, 1.25 * scale])
add("MultivariateNormal", multivariate_normal, [1, 2], loc=[0, 3], scaleTril=[0.5, 0, 100, 0.001])


def proportions():
    """1000 proportions near 0.3 with standard deviation 0.0015, nearly that of Beta(0.3 f, 0.7 f) for f = 1e5: the sum of the
    log densities and its derivative by log f."""
    rows = [mp.mpf(314573 + i * 7919 % 5417 - 2708) / 2 ** 20 for i in range(1000)]

    def total(log_f):
        f = mp.exp(log_f)
        return sum(beta([3 * f / 10], [7 * f / 10], [x]) for x in rows)

    log_f = mp.log(10 ** 5)
    slope = (total(log_f + STEP) - total(log_f - STEP)) / (2 * STEP)
    return {"logProb": float(total(log_f)), "gradient": float(slope)}


def functions():
    """logBeta and logGammaRatio: values and derivatives by both arguments."""
    of = {
        "logBeta": (
            lambda a, b: mp.loggamma(a) + mp.loggamma(b) - mp.loggamma(a + b),
            lambda a, b: (mp.digamma(a) - mp.digamma(a + b), mp.digamma(b) - mp.digamma(a + b))),
        "logGammaRatio": (
            lambda a, b: mp.loggamma(a) - mp.loggamma(b), lambda a, b: (mp.digamma(a), -mp.digamma(b))),
    }
    for name, (function, slopes) in of.items():
        for a in few:
            for b in few + [f32(1.001 * a), f32(a + 2)]:
                x = [mp.mpf(f32(v)) for v in (a, b)]
                yield {"name": name, "arguments": [float(v) for v in x], "value": float(function(*x)),
                       "gradients": [float(v) for v in slopes(*x)]}


if __name__ == "__main__":
    target = pathlib.Path(__file__).with_name("extreme_densities.json")
    lines = ",\n".join(json.dumps(case) for case in cases)
    others = ",\n".join(json.dumps(case) for case in functions())
    target.write_text(
        f'{{"proportions": {json.dumps(proportions())}, "functions": [\n{others}\n], "cases": [\n{lines}\n]}}\n')
    print(len(cases), "cases")
