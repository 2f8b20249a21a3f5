# SPDX-License-Identifier: Apache-2.0
"""Golden cases of LayerNorm: y = (x - mean) / sqrt(var + eps) * w + b."""

import numpy as np
import torch
from torch.nn import functional as F

import stream
import table

WIDTHS = [1, 2, 3, 7, 8, 15, 16, 17, 31, 32, 33, 48, 63, 64, 65, 96, 100, 127,
          128, 129, 192, 255, 256, 257, 384, 511, 512, 513]
# Powers of two, so exact: at 2^-40 epsilon is all there is, at 2^40 nothing.  And
# means, which the difference from the mean takes away again.
FACTORS = [0, -9, 40, -4, -40, 12]
MEANS = [0, 3, 0, -50, 1000]
X, W, B = 0, 1, 2  # tensor numbers

NOTE = """width, tokens, has_bias, epsilon, factor of x, then added to x, seed,
Expected"""


def cases():
    for i, width in enumerate(WIDTHS):
        for j in range(2):
            n = 2 * i + j
            factor = FACTORS[(i + 3 * j) % len(FACTORS)]
            mean = MEANS[n % len(MEANS)] if factor == 0 else 0
            yield (width, 1 + n * 7 % 17, n % 3 != 0,
                   np.float32((1e-5, 1e-6)[j]), factor, mean)


def evaluate(case, seed):
    width, tokens, has_bias, epsilon, exponent, mean = case
    x = stream.values(seed, X, (tokens, width)) * np.float32(2.0**exponent)
    x = x + np.float32(mean)
    w = stream.values(seed, W, (width,))
    b = stream.values(seed, B, (width,)) * np.float32(has_bias)
    x64 = x.astype(np.float64)
    centred = x64 - x64.mean(axis=-1, keepdims=True)
    variance = np.square(centred).mean(axis=-1, keepdims=True)
    expected = centred / np.sqrt(variance + float(epsilon)) * w + b
    got = F.layer_norm(torch.from_numpy(x), (width,), torch.from_numpy(w),
                       torch.from_numpy(b) if has_bias else None,
                       float(epsilon))
    return expected, got.numpy(), None


def generate(directory):
    rows = table.Table("layer_norm", "LayerNormCase", NOTE)
    for case in cases():
        width, tokens, has_bias, epsilon, exponent, mean = case
        name = (f"w{width}_t{tokens}_eps{epsilon:.0e}_x2^{exponent}"
                f"_mean{mean}" + ("_bias" if has_bias else ""))
        seed = stream.fnv1a("layer_norm/" + name)
        fields = [str(width), str(tokens), table.boolean(has_bias),
                  table.hex_float(epsilon), table.hex_float(2.0**exponent),
                  table.hex_float(mean), f"0x{seed:016x}u"]
        rows.add(name, fields, table.measure(lambda s: evaluate(case, s), seed))
    rows.write(directory)
    table.write_configs(directory, "layer_norm", "width",
                        [(width,) for width in WIDTHS])
