# SPDX-License-Identifier: Apache-2.0
"""Golden cases of rotary positions (RoPE).

Pair i of a row turns by position * base^(-2i/dim).  The pair is (x[i],
x[i + dim/2]) or, interleaved, (x[2i], x[2i + 1]).

PyTorch's float32 result is the usual implementation at its best: angles, sines
and cosines in float64, cast to float32, then multiplied in float32.
"""

import numpy as np
import torch

import stream
import table

DIMS = [2, 4, 8, 16, 20, 32, 64, 80, 96, 128]
BASES = [10000.0, 500000.0]
# (first position, tokens)
POSITIONS = [(0, 40), (0, 301), (1, 1), (17, 16), (255, 33), (300, 1),
             (4096, 7), (100000, 5)]
X = 0  # tensor number

NOTE = """first_position, base, head_dim, heads, tokens, interleaved, seed,
Expected"""


def cases():
    for i, dim in enumerate(DIMS):
        for j, (first, tokens) in enumerate(POSITIONS):
            heads = (1, 2, 3)[(i + j) % 3]
            if tokens == 301 and i % 3 != 0:
                tokens = 129 + i
            yield dim, heads, tokens, first, BASES[(i + j) % 2], j // 2 % 2 == i % 2


def rotate(x, cos, sin, interleaved, join):
    """x [token][head][dim]; cos, sin [token][1][dim/2]; NumPy or PyTorch."""
    half = x.shape[-1] // 2
    if interleaved:
        a, b = x[..., 0::2], x[..., 1::2]
    else:
        a, b = x[..., :half], x[..., half:]
    a, b = a * cos - b * sin, a * sin + b * cos
    if interleaved:
        return join((a[..., None], b[..., None]), -1).reshape(x.shape)
    return join((a, b), -1)


def evaluate(case, seed):
    dim, heads, tokens, first, base, interleaved = case
    x = stream.values(seed, X, (tokens, heads, dim))
    position = np.arange(first, first + tokens, dtype=np.float64)
    angle = position[:, None, None] * base ** (-np.arange(0, dim, 2) / dim)
    cos, sin = np.cos(angle), np.sin(angle)
    expected = rotate(x.astype(np.float64), cos, sin, interleaved,
                      np.concatenate)
    to32 = lambda a: torch.from_numpy(a).float()
    got = rotate(to32(x), to32(cos), to32(sin), interleaved, torch.cat)
    return expected, got.numpy(), None


def generate(directory):
    rows = table.Table("rope", "RopeCase", NOTE)
    for case in cases():
        dim, heads, tokens, first, base, interleaved = case
        name = (f"d{dim}_h{heads}_t{tokens}_at{first}_base{base:.0f}_"
                + ("interleaved" if interleaved else "halves"))
        seed = stream.fnv1a("rope/" + name)
        fields = [str(first), table.hex_float(base), str(dim), str(heads),
                  str(tokens), table.boolean(interleaved), f"0x{seed:016x}u"]
        rows.add(name, fields, table.measure(lambda s: evaluate(case, s), seed))
    rows.write(directory)
    table.write_configs(directory, "rope", "head_dim",
                        [(dim,) for dim in DIMS])
