#!/usr/bin/env python3
"""Writes decompositions.json next to this file: eigenvalues and eigenvectors, QR factors and exponentials of matrices, and Fourier
transforms of vectors, by LAPACK and NumPy.

Run it with any Python that has NumPy, SciPy and mpmath. Signs are those of the library: a positive diagonal of R, and eigenvectors whose
elements, the i-th divided by i + 0.618, have a positive sum. Large matrices are given without Q, the largest with its eigenvalues and R alone,
which are held against mpmath's in 40 digits.
"""

import json
import pathlib

import mpmath
import numpy as np
import scipy
from scipy import linalg

random = np.random.default_rng(20260)


def short(shape, scale=1.0):
    """Numbers that are short to write."""
    return np.round(scale * random.normal(size=shape), 3)


def symmetric(a):
    lower = np.tril(a)
    values, vectors = np.linalg.eigh(lower + np.tril(a, -1).T)
    weights = 1 / (np.arange(len(a)) + 0.618)
    return values, vectors * np.where(weights @ vectors < 0, -1, 1)


def factors(a):
    q, r = np.linalg.qr(a)
    side = np.where(np.diag(r) < 0, -1, 1)
    return q * side, r * side[:, None]


def numbers(x):
    return [float(v) for v in np.asarray(x).ravel()]


matrices = []
for n in [1, 2, 3, 5, 8, 16, 32]:
    a = short((n, n), 1.5 / np.sqrt(n))
    values, vectors = symmetric(a)
    tall = short((n + 2, n))
    q, r = factors(tall)
    matrices.append(
        {
            "size": n, "matrix": numbers(a), "values": numbers(values), "vectors": numbers(vectors), "exponential": numbers(linalg.expm(a)),
            "tall": numbers(tall), "q": numbers(q) if n <= 8 else None, "r": numbers(r),
        }
    )

# Matrices of all sizes of norms: one without symmetry, and one that turns.
powers = []
for base in [[[0.3, -1.1, 0.2], [0.7, 0.1, -0.4], [-0.5, 0.9, -0.6]], [[0.0, -0.8, 0.3], [0.8, 0.0, -0.6], [-0.3, 0.6, 0.0]]]:
    for scale in [0.0, 1e-9, 0.25, 1.0, 4.0, 16.0]:
        a = scale * np.array(base)
        powers.append({"matrix": numbers(a), "exponential": numbers(linalg.expm(a))})

vectors = []
for n in [1, 2, 3, 4, 5, 6, 7, 8, 9, 12, 15, 16, 30, 31, 32, 50, 61, 64, 96]:
    x = short(n)
    forward = np.fft.rfft(x)
    re, im = short(n // 2 + 1), short(n // 2 + 1)
    inverse = np.fft.irfft(re + 1j * im, n)
    vectors.append(
        {
            "x": numbers(x), "forwardRe": numbers(forward.real), "forwardIm": numbers(forward.imag), "re": numbers(re), "im": numbers(im),
            "inverse": numbers(inverse),
        }
    )

# Last, so that what stands above stays what it is.
n = 64
a, tall = short((n, n), 1.5 / np.sqrt(n)), short((n + 2, n))
values, r = symmetric(a)[0], factors(tall)[1]
mpmath.mp.dps = 40
exact = mpmath.eigsy(mpmath.matrix((np.tril(a) + np.tril(a, -1).T).tolist()), eigvals_only=True)
assert max(abs(found - wanted) for found, wanted in zip(values, exact)) < 1e-14 * np.max(np.abs(values))
wide = mpmath.matrix(tall.tolist())
root = mpmath.cholesky(wide.T * wide).T
assert max(abs(r[i, j] - root[i, j]) for i in range(n) for j in range(n)) < 1e-14 * np.max(np.abs(r))
matrices.append({"size": n, "matrix": numbers(a), "values": numbers(values), "tall": numbers(tall), "r": numbers(r)})

out = {"source": f"NumPy {np.__version__}, SciPy {scipy.__version__}", "matrices": matrices, "powers": powers, "vectors": vectors}
lines = [f'"{key}": [\n' + ",\n".join(json.dumps(row) for row in out[key]) + "\n]" for key in ["matrices", "powers", "vectors"]]
text = '{"source": ' + json.dumps(out["source"]) + ",\n" + ",\n".join(lines) + "}\n"
json.loads(text)
pathlib.Path(__file__).with_suffix(".json").write_text(text)
