# SPDX-License-Identifier: Apache-2.0
"""Golden cases of rotary positions (RoPE).

Pair i of the first dim elements of a row turns by position * base^(-2i/dim);
the rest of the row stays.  The pair is (x[i], x[i + dim/2]) or, interleaved,
(x[2i], x[2i + 1]).  Linear scaling divides the positions by its factor; ntk
multiplies the base by factor^(dim / (dim - 2)).

The angle is computed in 60 decimal digits and reduced to one turn before it
becomes a float64.  position * base**(-2i/dim) in float64 is off by position *
2^-53 and more, 4e-9 at position 2^24: what it would judge.

PyTorch's float32 result is the usual implementation at its best: angles, sines
and cosines in float64, cast to float32, then multiplied in float32.
"""

import dataclasses
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
# As in models: (base, scaling, factor, dim).
SCALED = [(10000.0, "linear", 4.0, 128), (10000.0, "linear", 2.5, 64),
          (1000000.0, "linear", 8.0, 80), (500000.0, "ntk", 8.0, 128),
          (10000.0, "ntk", 1.5, 96), (1000000.0, "ntk", 4.0, 32),
          (10000.0, "ntk", 2.0, 4), (10000.0, "ntk", 2.0, 2)]
SCALED_AT = [(0, 65), (8191, 9), (2**24 - 5, 5)]
X = 0  # tensor number

NOTE = """first_position, {base, scaling, factor}, dim, head_dim, heads, tokens,
interleaved, seed, Expected"""

decimal.getcontext().prec = 60
TWO_PI = 2 * decimal.Decimal(
    "3.14159265358979323846264338327950288419716939937510582097494459")


@dataclasses.dataclass(frozen=True)
class Rope:
    base: float
    scaling: str = "none"
    factor: float = 1.0

    def __str__(self):
        scale = "" if self.scaling == "none" else f"_{self.scaling}{self.factor:g}"
        return f"base{self.base:.0f}{scale}"

    def fields(self):
        """The initialisers of rope.h's RopeOptions."""
        return (f"{{{table.hex_double(self.base)}, RopeScaling::"
                f"k{self.scaling.capitalize()}, {table.hex_double(self.factor)}}}")

    @functools.lru_cache(None)
    def rate(self, dim, pair):
        """Radians that a pair turns by a token."""
        base, factor = decimal.Decimal(self.base), decimal.Decimal(self.factor)
        if self.scaling == "ntk" and dim > 2:
            base *= factor ** (decimal.Decimal(dim) / (dim - 2))
        radians = base ** (decimal.Decimal(-2 * pair) / dim)
        return radians / factor if self.scaling == "linear" else radians

    def angles(self, dim, first, tokens):
        """[token][1][dim/2] in float64, within a turn from 0."""
        return np.array([[[float(position * self.rate(dim, pair) % TWO_PI)
                           for pair in range(dim // 2)]]
                         for position in range(first, first + tokens)])


def cases():
    """first, rope, dim, head_dim, heads, tokens, interleaved."""
    for i, dim in enumerate(DIMS):
        for j, (first, tokens) in enumerate(POSITIONS):
            heads = (1, 2, 3)[(i + j) % 3]
            if tokens == 301 and i % 3 != 0:
                tokens = 129 + i
            yield (first, Rope(BASES[(i + j) % 2]), dim, dim, heads, tokens,
                   j // 2 % 2 == i % 2)
    for i, (dim, head_dim) in enumerate(PARTIAL):
        for interleaved in (False, True):
            yield (1000, Rope(BASES[i % 2]), dim, head_dim, 1 + i % 3, 17,
                   interleaved)
    for i, base in enumerate(FAR_BASES):
        for j, (first, tokens) in enumerate(FAR):
            yield (first, Rope(base), (128, 96, 64)[(i + j) % 3], 128, 2,
                   tokens, (i + j) % 2 == 1)
    for i, (base, scaling, factor, dim) in enumerate(SCALED):
        for j, (first, tokens) in enumerate(SCALED_AT):
            yield (first, Rope(base, scaling, factor), dim, dim, 1 + j % 2,
                   tokens, (i + j) % 2 == 1)


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
    first, rope, dim, head_dim, heads, tokens, interleaved = case
    x = stream.values(seed, X, (tokens, heads, head_dim))
    angle = rope.angles(dim, first, tokens)
    cos, sin = np.cos(angle), np.sin(angle)
    expected = rotate_part(x.astype(np.float64), cos, sin, interleaved,
                           np.concatenate)
    to32 = lambda a: torch.from_numpy(a).float()
    got = rotate_part(to32(x), to32(cos), to32(sin), interleaved, torch.cat)
    return expected, got.numpy(), None


def name_of(case):
    first, rope, dim, head_dim, heads, tokens, interleaved = case
    row = "" if dim == head_dim else f"of{head_dim}"
    return (f"d{dim}{row}_h{heads}_t{tokens}_at{first}_{rope}_"
            + ("interleaved" if interleaved else "halves"))


def phases():
    """One pair at one position: rope, dim, pair, position."""
    ropes = [(Rope(base), dim) for dim in (20, 64, 96, 128)
             for base in FAR_BASES]
    ropes += [(Rope(base, scaling, factor), dim)
              for base, scaling, factor, dim in SCALED]
    for rope, dim in ropes:
        # The fastest pair, some between, the slowest.
        for pair in sorted({0, min(1, dim // 2 - 1), dim // 7, dim // 3,
                            dim // 2 - 1}):
            for position in (1, 4099, 8388593, 2**23, 16777213, 2**24 - 1):
                yield rope, dim, pair, position


def phases_text():
    lines = [table.HEADER, "// {base, scaling, factor}, dim, pair, position,"
             " and the angle\n// as a fraction of a turn times 2^64, rounded down\n\n",
             "constexpr PhaseCase kRopePhases[] = {\n"]
    for rope, dim, pair, position in phases():
        turns = position * rope.rate(dim, pair) / TWO_PI % 1
        lines.append(f"    {{{rope.fields()}, {dim}, {pair}, {position},"
                     f" 0x{int(turns * 2**64):016x}u}},\n")
    return "".join(lines) + "};\n"


def generate(directory):
    rows = table.Table("rope", "RopeCase", NOTE)
    for case in cases():
        first, rope, dim, head_dim, heads, tokens, interleaved = case
        name = name_of(case)
        seed = stream.fnv1a("rope/" + name)
        fields = [str(first), rope.fields(), str(dim), str(head_dim),
                  str(heads), str(tokens), table.boolean(interleaved),
                  f"0x{seed:016x}u"]
        rows.add(name, fields, table.measure(lambda s: evaluate(case, s), seed))
    rows.write(directory)
    table.write(directory, "rope_phases.inc", phases_text())
    table.write_configs(directory, "rope", "dim", [(dim,) for dim in DIMS])
