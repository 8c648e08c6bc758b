"""The data of the cases that have no file: the twin of GeneratedData.swift and StructuredData.swift in
lockstep-bench/Cases.

Numbers are hashes of their place, and every sum is made in the order of the Swift source, so that both programs see
the same data to the last bit. Needs NumPy only.
"""

import numpy as np

GOLDEN = np.uint64(0x9E3779B97F4A7C15)


def mixed(value: np.ndarray) -> np.ndarray:
    """The output function of splitmix64."""
    with np.errstate(over="ignore"):
        bits = value + GOLDEN
        bits = (bits ^ (bits >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        bits = (bits ^ (bits >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return bits ^ (bits >> np.uint64(31))


class Stream:
    """Numbers by their place. `number` may be an array that broadcasts against the places: many streams at once."""

    def __init__(self, number):
        self.seed = mixed(np.asarray(number, dtype=np.uint64))

    def uniform(self, place) -> np.ndarray:
        with np.errstate(over="ignore"):
            state = self.seed + np.asarray(place, dtype=np.uint64) * GOLDEN
        return (mixed(state) >> np.uint64(11)).astype(np.float64) * 2.0**-53

    def flat(self, place) -> np.ndarray:
        return (self.uniform(place) - 0.5) * 3.4641016151377544

    def noise(self, place) -> np.ndarray:
        p = 4 * np.asarray(place)
        total = self.uniform(p) + self.uniform(p + 1) + self.uniform(p + 2) + self.uniform(p + 3)
        return (total - 2) * 1.7320508075688772


def predictor(level, weights, values) -> np.ndarray:
    """level + sum over the last axis, from left to right."""
    total = level
    for column in range(values.shape[-1]):
        total = total + weights[..., column] * values[..., column]
    return total


def poisson(rate: np.ndarray, uniform: np.ndarray) -> np.ndarray:
    probability = np.exp(-rate)
    cumulative = probability
    count = np.zeros_like(rate)
    for k in range(1, 200):
        searching = cumulative <= uniform
        count = np.where(searching, float(k), count)
        probability = probability * rate / float(k)
        cumulative = np.where(searching, cumulative + probability, cumulative)
    return count


def counts(rows: int = 2000, groups: int = 50) -> dict:
    row = np.arange(rows)
    group = (Stream(10).uniform(row) * groups).astype(np.int64)
    x = Stream(11).flat(row)
    rate = np.exp(1 + 0.4 * x + 0.5 * Stream(12).noise(group))
    return {"group": group, "x": x, "y": poisson(rate, Stream(13).uniform(row))}


def regression_with_outliers(rows: int = 1000, columns: int = 10) -> dict:
    row = np.arange(rows)
    x = Stream(20).flat(np.arange(rows * columns)).reshape(rows, columns)
    weights = Stream(21).noise(np.arange(columns))
    scale = np.where(Stream(23).uniform(row) < 0.05, 8, 0.5)
    return {"x": x, "y": predictor(1, weights, x) + scale * Stream(22).noise(row)}


def regressions(lanes: int, rows: int = 200, columns: int = 3) -> dict:
    own = Stream(1_000_000 + np.arange(lanes)[:, None])
    weights = own.noise(np.arange(columns))
    level = own.noise(np.array([columns]))
    first_value = 4 * (columns + 1 + rows)
    x = own.flat(first_value + np.arange(rows * columns)).reshape(lanes, rows, columns)
    noise = own.noise(columns + 1 + np.arange(rows))
    return {"x": x, "y": predictor(level, weights[:, None, :], x) + 0.7 * noise}


def logistic(rows: int = 100_000, columns: int = 20) -> dict:
    x = Stream(30).flat(np.arange(rows * columns)).reshape(rows, columns)
    weights = 0.5 * Stream(31).noise(np.arange(columns))
    linear = predictor(-0.5, weights, x)
    y = Stream(32).uniform(np.arange(rows)) * (1 + np.exp(-linear)) < 1
    return {"x": x, "y": y.astype(np.float64)}


def means(count: int = 2000) -> dict:
    place = np.arange(count)
    return {"y": 1.5 * Stream(40).noise(place) + Stream(41).noise(place)}


def volatile_series(count: int = 200) -> dict:
    """GARCH(1, 1), from its stationary variance."""
    noise = Stream(50).noise(np.arange(count))
    variance, values = 0.5, []
    for shock in noise:
        value = np.sqrt(variance) * shock
        variance = 0.1 + 0.3 * value * value + 0.5 * variance
        values.append(value)
    return {"y": np.array(values)}


def states_seen_in_noise(count: int = 500, states: int = 4) -> dict:
    """A state that is kept nine times in ten, and left for any of the others."""
    place = np.arange(count)
    leaves = Stream(51).uniform(place) < 0.1
    step = 1 + (Stream(52).uniform(place) * (states - 1)).astype(np.int64)
    state = np.cumsum(np.where(leaves, step, 0)) % states
    return {"y": 2.0 * state - (states - 1) + 0.5 * Stream(53).noise(place)}


def moving_average(count: int = 1000) -> dict:
    """ARMA(1, 1): 0.5 + 0.7 of the value before + 0.4 of the error before."""
    value, before, values = 1.5, 0.0, []
    for error in Stream(54).noise(np.arange(count)):
        value = 0.5 + 0.7 * value + error + 0.4 * before
        before = error
        values.append(value)
    return {"y": np.array(values)}


def predators(times: int = 21, steps_between: int = 10) -> dict:
    """Hares and lynxes, by fourth-order Runge-Kutta steps of a tenth, seen with noise of a fifth."""

    def change(u, v):
        return (0.55 - 0.028 * v) * u, (0.024 * u - 0.8) * v

    step = 1 / float(steps_between)
    u, v = 30.0, 6.0
    hares, lynxes = [u], [v]
    for _ in range(times - 1):
        for _ in range(steps_between):
            u1, v1 = change(u, v)
            u2, v2 = change(u + 0.5 * step * u1, v + 0.5 * step * v1)
            u3, v3 = change(u + 0.5 * step * u2, v + 0.5 * step * v2)
            u4, v4 = change(u + step * u3, v + step * v3)
            u = u + step * (u1 + 2 * u2 + 2 * u3 + u4) / 6
            v = v + step * (v1 + 2 * v2 + 2 * v3 + v4) / 6
        hares.append(u)
        lynxes.append(v)
    place = np.arange(times)
    return {
        "hares": np.array(hares) * (1 + 0.2 * Stream(55).noise(place)),
        "lynxes": np.array(lynxes) * (1 + 0.2 * Stream(56).noise(place)),
        "time": place.astype(np.float64),
    }


def counts_along_a_line(count: int = 32) -> dict:
    """Counts at places in [0, 10), one in each of as many equal parts: many near 3, few near 7."""
    place = np.arange(count)
    x = 10 * (place + Stream(57).uniform(place)) / float(count)
    rate = np.exp(1 + 1.5 * np.exp(-0.5 * (x - 3) * (x - 3)) - 1.5 * np.exp(-0.5 * (x - 7) * (x - 7)))
    return {"x": x, "y": poisson(rate, Stream(58).uniform(place))}


def linear(rows: int = 200, columns: int = 30) -> dict:
    x = Stream(60).flat(np.arange(rows * columns)).reshape(rows, columns)
    weights = 0.5 * Stream(61).noise(np.arange(columns))
    return {"x": x, "y": predictor(0.5, weights, x) + 0.7 * Stream(62).noise(np.arange(rows))}


def wandering_level(count: int = 2000) -> dict:
    place = np.arange(count)
    return {"y": np.cumsum(0.2 * Stream(63).noise(place)) + 0.5 * Stream(64).noise(place)}


def checksum(data: dict) -> str:
    """Tells two sets of data apart, over what a fit sees: 32-bit floats. The twin of DataChecksum.swift."""
    total = 0
    for name in sorted(data):
        bits = np.asarray(data[name]).astype(np.float32).ravel().view(np.uint32).astype(np.uint64)
        with np.errstate(over="ignore"):
            weighted = np.sum(bits * (2 * np.arange(bits.size, dtype=np.uint64) + np.uint64(1)), dtype=np.uint64)
        total = (total * 0x100000001B3 + int(weighted)) % 2**64
    return f"{total:016x}"
