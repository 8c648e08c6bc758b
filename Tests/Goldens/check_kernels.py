"""Holds the device functions in Kernels/ against special_functions.csv on every OpenCL device that the loader finds.

Prints the largest error in ulps of each function for each width and precision, and checks the known answers of
Philox and the moments of the draws.

    pip install pyopencl numpy && python check_kernels.py [widths, such as 1,16]
"""

import collections
import csv
import pathlib
import sys

import numpy as np
import pyopencl as cl

HERE = pathlib.Path(__file__).parent
KERNELS = HERE.parent.parent / "Kernels"
FILES = ["prelude.cl", "elementary.cl", "log_sums.cl", "special.cl", "densities.cl", "whole.cl", "philox.cl", "samplers.cl"]
RETURNS_MASK = {"is_finite", "is_nan"}
TAKES_DIFFERENCE = {"deviance", "log_ratio"}
CANCELS_BELOW_ZERO = {"lgamma", "digamma"}
LANES = 16


def golden():
    table = collections.defaultdict(list)
    with open(HERE / "special_functions.csv", newline="") as file:
        for row in csv.DictReader(file):
            table[row["function"]].append((float(row["x"]), float(row["s"] or 0), row["s"] != "", np.longdouble(row["value"])))
    return table


def ulps(got, want, real, floor):
    """Distance in units of the last place of `want` in `real`; 0 for equal infinities and NaNs. Where `floor` is
    given, the unit is no smaller than the last place of it."""
    got = got.astype(np.longdouble)
    info = np.finfo(real)
    biggest = np.longdouble(info.max)
    with np.errstate(over="ignore"):
        same = (np.isnan(want) & np.isnan(got)) | (want.astype(real) == got.astype(real))
    _, exponent = np.frexp(np.where(np.isfinite(want), np.maximum(np.abs(want), floor), 1))
    unit = np.ldexp(np.longdouble(1), np.maximum(exponent - 1, info.minexp) - info.nmant)
    error = np.abs(np.clip(got, -biggest, biggest) - np.clip(want, -biggest, biggest)) / unit
    error = np.where(same & ~np.isfinite(want), 0, error)
    return np.where(np.isnan(error) & ~same, np.inf, np.nan_to_num(error))


class Device:
    def __init__(self, device, width, double):
        self.device, self.width, self.real = device, width, np.float64 if double else np.float32
        self.context = cl.Context([device])
        self.queue = cl.CommandQueue(self.context)
        self.head = f"#define LS_WIDTH {width}\n#define LS_DOUBLE {int(double)}\n" + "".join(
            (KERNELS / name).read_text() for name in FILES)

    def run(self, arguments, body, outputs):
        """Runs `body`, which reads a0, a1, ... and writes o0, o1, ..., over arrays of `real` or uint32."""
        count = -(-len(arguments[0]) // LANES) * LANES
        kind = {np.dtype(self.real): "real", np.dtype(np.uint32): "bits"}
        inputs = [np.resize(a, count) for a in arguments]
        results = [np.empty(count, dtype) for dtype in outputs]
        flags = cl.mem_flags
        buffers = [cl.Buffer(self.context, flags.READ_ONLY | flags.COPY_HOST_PTR, hostbuf=a) for a in inputs]
        buffers += [cl.Buffer(self.context, flags.WRITE_ONLY, r.nbytes) for r in results]
        names = [f"__global const {kind[a.dtype]} *g{i}" for i, a in enumerate(inputs)]
        names += [f"__global {kind[r.dtype]} *h{i}" for i, r in enumerate(results)]
        load = "".join(f"{kind[a.dtype]} a{i} = g{i}[id];" for i, a in enumerate(inputs))
        load += "".join(f"{kind[r.dtype]} o{i};" for i, r in enumerate(results))
        store = "".join(f"h{i}[id] = o{i};" for i in range(len(results)))
        text = f"{self.head}__kernel void ls_check({', '.join(names)}) {{ size_t id = get_global_id(0); {load} {body} {store} }}"
        kernel = cl.Kernel(cl.Program(self.context, text).build("-cl-std=CL1.2"), "ls_check")
        kernel(self.queue, (count // self.width,), None, *buffers)
        for result, buffer in zip(results, buffers[len(inputs):]):
            cl.enqueue_copy(self.queue, result, buffer)
        return [r[: len(arguments[0])] for r in results]


def check_functions(device, table):
    for name, rows in table.items():
        x, s, _, want = (np.array(column) for column in zip(*rows))
        arguments = [x.astype(device.real), s.astype(device.real)]
        call = f"ls_{name}(a0, a1)" if rows[0][2] else f"ls_{name}(a0)"
        call = "ls_zeta(a1, a0)" if name == "zeta" else call
        call = f"ls_{name}(a0, a1, a0 - a1)" if name in TAKES_DIFFERENCE else call
        call = f"ls_real_from_mask({call})" if name in RETURNS_MASK else call
        body = f"o0 = {call};"
        got, = device.run(arguments, body, [device.real])
        order = np.random.default_rng(0).permutation(len(x))
        moved, = device.run([a[order] for a in arguments], body, [device.real])
        assert np.array_equal(moved, got[order], equal_nan=True), f"a lane of {name} depends on its neighbours"
        floor = np.where(x < 0, 1.0, 0.0) if name in CANCELS_BELOW_ZERO else 0.0
        error = ulps(got, want, device.real, floor)
        yield name, x, s, got, want, error


def check_philox(device):
    """Known answers from the Random123 distribution, file kat_vectors."""
    for counter, key, want in [
        ([0] * 4, [0] * 2, [0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8]),
        ([0xFFFFFFFF] * 4, [0xFFFFFFFF] * 2, [0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD]),
        ([0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344], [0xA4093822, 0x299F31D0],
         [0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1]),
    ]:
        arguments = [np.full(LANES, w, np.uint32) for w in key + counter]
        got = device.run(arguments, "ls_philox(a0, a1, a2, a3, a4, a5, &o0, &o1, &o2, &o3);", [np.uint32] * 4)
        assert all((g == w).all() for g, w in zip(got, want)), (counter, got)


def check_draws(device, count=1 << 18):
    """Yields what a draw is, and how many standard errors its mean and its mean square miss by."""
    keys = np.arange(count, dtype=np.uint32)

    def draw(body, outputs=1):
        return np.concatenate(device.run([keys], body, [device.real] * outputs)).astype(float)

    def misses(sample, moments):
        z = [(np.mean(sample ** p) - m) / (np.std(sample ** p) / np.sqrt(len(sample))) for p, m in enumerate(moments, 1)]
        return max(abs(v) for v in z)

    uniform = draw("ls_uniform4(a0, a0 * 0, a0 * 0 + 3u, a0 * 0, a0 * 0, a0 * 0, &o0, &o1, &o2, &o3);", 4)
    assert uniform.min() > 0 and uniform.max() < 1
    yield "uniform", misses(uniform, [1 / 2, 1 / 3, 1 / 4])
    yield "normal", misses(draw("ls_normal4(a0, a0 * 0, a0 * 0 + 4u, a0 * 0, a0 * 0, a0 * 0, &o0, &o1, &o2, &o3);", 4), [0, 1, 0, 3])
    call = "(a0, a0 * 0, a0 * 0 + 5u, a0 * 0, a0 * 0, a0 * 0, LS_R({}));"
    for alpha in (0.2, 0.9, 1.0, 2.5, 50.0, 1000.0):
        sample = draw(f"o0 = ls_gamma{call.format(alpha)}")
        yield f"gamma {alpha}", misses(sample, [alpha, alpha * (alpha + 1)])
    assert np.isfinite(np.log(draw(f"o0 = ls_gamma{call.format(1e-4)}"))).all()
    for rate in (0.1, 3.0, 9.9, 10.0, 14.5, 100.0, 20000.0):
        sample = draw(f"o0 = ls_poisson{call.format(rate)}")
        assert (sample == np.floor(sample)).all() and sample.min() >= 0
        yield f"poisson {rate}", misses(sample, [rate, rate + rate ** 2])


def main():
    widths = [int(w) for w in sys.argv[1].split(",")] if len(sys.argv) > 1 else [1, 16]
    table = golden()
    for platform in cl.get_platforms():
        for double in (False, True):
            for width in widths:
                device = Device(platform.get_devices()[0], width, double)
                print(f"# {platform.name}, width {width}, {device.real.__name__}")
                check_philox(device)
                for name, x, s, got, want, error in check_functions(device, table):
                    worst = int(np.argmax(error))
                    print(f"{name:10} {float(error[worst]):10.3g}  at {x[worst]}, {s[worst]}: {got[worst]}, want {want[worst]}")
                for name, miss in check_draws(device):
                    print(f"{name:14} {miss:6.2f} standard errors")


if __name__ == "__main__":
    main()
