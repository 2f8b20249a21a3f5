# SPDX-License-Identifier: Apache-2.0
"""Golden cases of rotary positions (RoPE).

Pair i of the first dim elements of a row turns by position * base^(-2i/dim);
the rest of the row stays.  The pair is (x[i], x[i + dim/2]) or, interleaved,
(x[2i], x[2i + 1]).

The angle is computed in 60 decimal digits and reduced to one turn before it
becomes a float64.  position * base**(-2i/dim) in float64 is off by position *
2^-53 and more, 4e-9 at position 2^24: what it would judge.

PyTorch's float32 result is the usual implementation at its best: angles, sines
and cosines in float64, cast to float32, then multiplied in float32.
"""

import decimal
import functools

import numpy as np
import torch

import stream
import table

DIMS = [2, 4, 8, 16, 20, 32, 64, 80, 96, 128]
BASES = [10000.0, 500000.0]
# (first position, tokens)
POSITIONS = [(0, 40), (0, 301), (1, 1), (17, 16), (255, 33), (300, 1),
             (4096, 7), (100000, 5)]
# Rows longer than the dims that turn: (dim, head_dim).
PARTIAL = [(2, 3), (16, 64), (20, 33), (32, 80), (64, 65), (64, 256)]
# The largest primes below 2^23 and 2^24, and what surrounds the powers.
FAR_BASES = BASES + [1000000.0]
FAR = [(8388593, 3), (2**23 - 3, 6), (16777213, 1), (2**24 - 9, 9)]
X = 0  # tensor number

NOTE = """first_position, base, dim, head_dim, heads, tokens, interleaved, seed,
Expected"""

decimal.getcontext().prec = 60
TWO_PI = 2 * decimal.Decimal(
    "3.14159265358979323846264338327950288419716939937510582097494459")


def cases():
    """first, base, dim, head_dim, heads, tokens, interleaved."""
    for i, dim in enumerate(DIMS):
        for j, (first, tokens) in enumerate(POSITIONS):
            heads = (1, 2, 3)[(i + j) % 3]
            if tokens == 301 and i % 3 != 0:
                tokens = 129 + i
            yield (first, BASES[(i + j) % 2], dim, dim, heads, tokens,
                   j // 2 % 2 == i % 2)
    for i, (dim, head_dim) in enumerate(PARTIAL):
        for interleaved in (False, True):
            yield 1000, BASES[i % 2], dim, head_dim, 1 + i % 3, 17, interleaved
    for i, base in enumerate(FAR_BASES):
        for j, (first, tokens) in enumerate(FAR):
            yield (first, base, (128, 96, 64)[(i + j) % 3], 128, 2, tokens,
                   (i + j) % 2 == 1)


@functools.lru_cache(None)
def rate(base, dim, pair):
    """Radians that a pair turns by a token."""
    return decimal.Decimal(base) ** (decimal.Decimal(-2 * pair) / dim)


def angles(base, dim, first, tokens):
    """[token][1][dim/2] in float64, within a turn from 0."""
    return np.array([[[float(position * rate(base, dim, pair) % TWO_PI)
                       for pair in range(dim // 2)]]
                     for position in range(first, first + tokens)])


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


def rotate_part(x, cos, sin, interleaved, join):
    """The same, where a row may be longer than cos and sin tell."""
    dim = 2 * cos.shape[-1]
    turned = rotate(x[..., :dim], cos, sin, interleaved, join)
    return join((turned, x[..., dim:]), -1)


def evaluate(case, seed):
    first, base, dim, head_dim, heads, tokens, interleaved = case
    x = stream.values(seed, X, (tokens, heads, head_dim))
    angle = angles(base, dim, first, tokens)
    cos, sin = np.cos(angle), np.sin(angle)
    expected = rotate_part(x.astype(np.float64), cos, sin, interleaved,
                           np.concatenate)
    to32 = lambda a: torch.from_numpy(a).float()
    got = rotate_part(to32(x), to32(cos), to32(sin), interleaved, torch.cat)
    return expected, got.numpy(), None


def name_of(case):
    first, base, dim, head_dim, heads, tokens, interleaved = case
    row = "" if dim == head_dim else f"of{head_dim}"
    return (f"d{dim}{row}_h{heads}_t{tokens}_at{first}_base{base:.0f}_"
            + ("interleaved" if interleaved else "halves"))


def phases():
    """One pair at one position: base, dim, pair, position."""
    for dim in (20, 64, 96, 128):
        for base in FAR_BASES:
            # The fastest pair, some between, the slowest.
            for pair in sorted({0, 1, dim // 7, dim // 3, dim // 2 - 1}):
                for position in (1, 4099, 8388593, 2**23, 16777213, 2**24 - 1):
                    yield base, dim, pair, position


def phases_text():
    lines = [table.HEADER, "// base, dim, pair, position, and the angle as a"
             " fraction of a turn times 2^64,\n// rounded down\n\n",
             "constexpr PhaseCase kRopePhases[] = {\n"]
    for base, dim, pair, position in phases():
        turns = position * rate(base, dim, pair) / TWO_PI % 1
        lines.append(f"    {{{table.hex_float(base)}, {dim}, {pair}, {position},"
                     f" 0x{int(turns * 2**64):016x}u}},\n")
    return "".join(lines) + "};\n"


def generate(directory):
    rows = table.Table("rope", "RopeCase", NOTE)
    for case in cases():
        first, base, dim, head_dim, heads, tokens, interleaved = case
        name = name_of(case)
        seed = stream.fnv1a("rope/" + name)
        fields = [str(first), table.hex_float(base), str(dim), str(head_dim),
                  str(heads), str(tokens), table.boolean(interleaved),
                  f"0x{seed:016x}u"]
        rows.add(name, fields, table.measure(lambda s: evaluate(case, s), seed))
    rows.write(directory)
    table.write(directory, "rope_phases.inc", phases_text())
    table.write_configs(directory, "rope", "dim", [(dim,) for dim in DIMS])
