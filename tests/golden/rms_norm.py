# SPDX-License-Identifier: Apache-2.0
"""Golden cases of RMSNorm: y = x / sqrt(mean(x^2) + eps) * w."""

import numpy as np
import torch
from torch.nn import functional as F

import stream
import table

WIDTHS = [1, 2, 3, 7, 8, 15, 16, 17, 31, 32, 33, 48, 63, 64, 65, 96, 100, 127,
          128, 129, 192, 255, 256, 257, 384, 511, 512, 513]
# Powers of two, so exact.  At 2^-40 epsilon is all there is, at 2^40 nothing.
FACTORS = [0, -9, 40, -4, -40, 12]
X, W = 0, 1  # tensor numbers

NOTE = """width, tokens, epsilon, factor of x, seed, Expected"""


def cases():
    for i, width in enumerate(WIDTHS):
        for j in range(2):
            n = 2 * i + j
            yield (width, 1 + n * 7 % 17, np.float32((1e-5, 1e-6)[j]),
                   FACTORS[(i + 3 * j) % len(FACTORS)])


def evaluate(case, seed):
    width, tokens, epsilon, exponent = case
    x = stream.values(seed, X, (tokens, width)) * np.float32(2.0**exponent)
    w = stream.values(seed, W, (width,))
    x64 = x.astype(np.float64)
    mean = np.square(x64).mean(axis=-1, keepdims=True)
    expected = x64 / np.sqrt(mean + float(epsilon)) * w
    got = F.rms_norm(torch.from_numpy(x), (width,), torch.from_numpy(w),
                     float(epsilon))
    return expected, got.numpy(), None


def generate(directory):
    rows = table.Table("rms_norm", "RmsNormCase", NOTE)
    for case in cases():
        width, tokens, epsilon, exponent = case
        name = f"w{width}_t{tokens}_eps{epsilon:.0e}_x2^{exponent}"
        seed = stream.fnv1a("rms_norm/" + name)
        fields = [str(width), str(tokens), table.hex_float(epsilon),
                  table.hex_float(2.0**exponent), f"0x{seed:016x}u"]
        rows.add(name, fields, table.measure(lambda s: evaluate(case, s), seed))
    rows.write(directory)
    table.write_configs(directory, "rms_norm", "width",
                        [(width,) for width in WIDTHS])
