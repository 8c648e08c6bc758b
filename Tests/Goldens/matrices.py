#!/usr/bin/env python3
"""Writes matrices.json next to this file: Cholesky factors, solutions and determinants of positive definite matrices.

    pip install numpy scipy && python matrices.py

The matrices are not in the file: their elements are small integers over 16, exact in float32, and follow from the size, a
seed and a shift (`matrix` here, `MatrixCase` in Tests/TestSupport). What is in the file is computed in 80-bit numbers by the
textbook's loops, rounded once, and held against SciPy. A well-conditioned and an ill-conditioned matrix of each size.
"""

import json
import pathlib

import numpy as np
import scipy
from scipy import linalg

SIZES = [1, 2, 3, 4, 5, 8, 16, 33, 64]
MOST_CONDITION = 1e4
long = np.longdouble


def numbers(seed):
    """SplitMix64 (Steele, Lea and Flood 2014), as in Tests/TestSupport."""
    mask = 2**64 - 1
    state = seed
    while True:
        state = (state + 0x9E3779B97F4A7C15) & mask
        z = state
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9 & mask
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB & mask
        yield z ^ (z >> 31)


def gram(n, seed):
    """B B^T of integers in -6...6, with one column less than rows: singular from 2 rows on."""
    width = max(n - 1, 1)
    source = numbers(seed)
    b = np.array([next(source) % 13 for _ in range(n * width)]).astype(int).reshape(n, width) - 6
    return b @ b.T


def matrix(n, seed, shift):
    return (gram(n, seed) + shift * np.eye(n)) / 16


def right(n, columns):
    i, j = np.meshgrid(range(n), range(columns), indexing="ij")
    return ((5 * i + 3 * j + i * j) % 17 - 8) / 4


def cholesky(a):
    n = len(a)
    factor = np.zeros((n, n), long)
    for i in range(n):
        for j in range(i):
            factor[i, j] = (a[i, j] - factor[i, :j] @ factor[j, :j]) / factor[j, j]
        factor[i, i] = np.sqrt(a[i, i] - factor[i, :i] @ factor[i, :i])
    return factor


def solve(triangle, b, lower):
    n = len(triangle)
    x = np.zeros(b.shape, long)
    for i in range(n) if lower else reversed(range(n)):
        known = slice(0, i) if lower else slice(i + 1, n)
        x[i] = (b[i] - triangle[i, known] @ x[known]) / triangle[i, i]
    return x


def listed(values):
    return [float(v) for v in np.ravel(values)]


def triangular(a, columns):
    """All four forms, of a triangle of `a` itself."""
    for lower in (True, False):
        for transposed in (False, True):
            triangle = (np.tril(a) if lower else np.triu(a)).astype(long)
            b = right(len(a), columns)
            x = solve(triangle.T if transposed else triangle, b.astype(long), lower != transposed)
            other = linalg.solve_triangular(a, b, lower=lower, trans=int(transposed))
            assert np.allclose(x.astype(float), other, rtol=1e-9, atol=1e-9 * np.abs(other).max())
            yield {"isLower": lower, "isTransposed": transposed, "columns": columns, "values": listed(x)}


def case(n, is_ill):
    seed = 1000 * n + is_ill
    largest = float(linalg.eigvalsh(gram(n, seed))[-1])
    # In 256ths.
    shift = max(round(largest / MOST_CONDITION * 256), 1) / 256 if is_ill else float(n)
    a = matrix(n, seed, shift)
    assert (a.astype(np.float32) == a).all()
    condition = np.linalg.cond(a)
    assert condition < 1.2 * MOST_CONDITION if is_ill else condition < 100, (n, condition)
    factor = cholesky(a.astype(long))
    assert np.allclose(factor.astype(float), linalg.cholesky(a, lower=True), rtol=1e-9, atol=1e-10)
    log_determinant = 2 * np.log(np.diag(factor)).sum()
    assert abs(float(log_determinant) - np.linalg.slogdet(a)[1]) < 1e-9 * max(1, abs(float(log_determinant)))
    b = right(n, 1)[:, 0]
    x = solve(factor.T, solve(factor, b.astype(long), True), False)
    assert np.allclose(x.astype(float), linalg.solve(a, b, assume_a="pos"), rtol=1e-8, atol=1e-8 * float(np.abs(x).max()))
    columns = [] if is_ill else [1] if n == 64 else [7] if n == 33 else [1, 3, 7]
    return {
        "n": n, "seed": seed, "shift": shift, "condition": float(condition),
        "factor": listed(factor[np.tril_indices(n)]), "logDeterminant": float(log_determinant), "solution": listed(x),
        "triangular": [row for count in columns for row in triangular(a, count)],
    }


if __name__ == "__main__":
    # A factor of 64 rows once is enough of it.
    cases = [case(n, is_ill) for n in SIZES for is_ill in (False, True) if n > 1 and n < 64 or not is_ill]
    target = pathlib.Path(__file__).with_name("matrices.json")
    lines = ",\n".join(json.dumps(row) for row in cases)
    target.write_text(f'{{"source": "80-bit numbers, SciPy {scipy.__version__}", "cases": [\n{lines}\n]}}\n')
    print(f"{len(cases)} cases, {target.stat().st_size} bytes -> {target.name}")
    for row in cases:
        print(row["n"], row["shift"], row["condition"])
