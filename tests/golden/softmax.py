# SPDX-License-Identifier: Apache-2.0
"""Golden cases of softmax, log-softmax and the softmax accumulator.

A row of logits is scale * x, masked where the mask is 0.  PyTorch's float32
result is torch.softmax and torch.log_softmax of the scaled row with -inf where
it is masked, torch.softmax times the values, and torch.logsumexp.
"""

import numpy as np
import torch

import stream
import table

# Around panels of 16 and tiles of 64, and rows of many tiles.
COUNTS = [1, 2, 3, 15, 16, 17, 31, 33, 48, 63, 64, 65, 79, 80, 81, 127, 128, 129,
          191, 193, 256, 500, 1000, 1023, 1025, 2049, 4096]
# (factor of x, scale): temperatures, uniform rows, logits of up to 160 and 2000.
FACTORS = [(1, 1), (4, 0.7), (1, 0), (2, -1.5), (80, 1), (0.125, 0.3), (1, 25),
           (1000, 1)]
DIMS = [1, 3, 16, 20, 64, 80]
X, VALUES, MASK = 0, 1, 2  # tensor numbers
MASKS = ["kNone", "kHalf", "kSparse"]  # all visible, every second, every 16th

NOTE = """kind, mask, rows, count, dim of the values, factor of x, scale, seed,
Expected"""


def cases():
    for i, count in enumerate(COUNTS):
        for j, kind in enumerate(("kSoftmax", "kLogSoftmax")):
            for mask in range(2):
                n = 4 * i + 2 * j + mask
                factor, scale = FACTORS[(i + 3 * j + 5 * mask) % len(FACTORS)]
                yield (kind, MASKS[mask * (1 + i % 2)], 1 + n % 3, count, 0, factor,
                       scale)
    for i, count in enumerate(COUNTS):
        for j, kind in enumerate(("kOutput", "kLse")):
            factor, _ = FACTORS[(i + 3 * j) % len(FACTORS)]
            yield (kind, MASKS[(i + j) % 3], 1 + (i + j) % 2, count,
                   DIMS[(i + 2 * j) % len(DIMS)], factor, 1)


def visible(mask, seed, rows, count):
    """At least one entry a row: number row % count."""
    if mask == "kNone":
        return np.ones((rows, count), bool)
    below = {"kHalf": 0.0, "kSparse": -1.75}[mask]
    seen = stream.values(seed, MASK, (rows, count)) < np.float32(below)
    for row in range(rows):
        seen[row, row % count] = True
    return seen


def evaluate(case, seed):
    kind, mask, rows, count, dim, factor, scale = case
    x = stream.values(seed, X, (rows, count)) * np.float32(factor)
    seen = visible(mask, seed, rows, count)
    values = stream.values(seed, VALUES, (rows, count, max(dim, 1)))

    def compute(dtype):
        logits = torch.from_numpy(x).to(dtype) * torch.tensor(scale, dtype=dtype)
        logits = logits.masked_fill(torch.from_numpy(~seen), -torch.inf)
        if kind == "kSoftmax":
            return torch.softmax(logits, -1)
        if kind == "kLogSoftmax":  # masked: 0 for -inf, which no table holds
            y = torch.log_softmax(logits, -1)
            return y.masked_fill(torch.from_numpy(~seen), 0)
        if kind == "kLse":
            return torch.logsumexp(logits, -1, keepdim=True)
        p = torch.softmax(logits, -1)
        v = torch.from_numpy(values).to(dtype)
        return (p[:, None, :] @ v)[:, 0, :]

    # The scale is a float's value, in float64 too.
    scale = float(np.float32(scale))
    return compute(torch.float64).numpy(), compute(torch.float32).numpy(), None


def generate(directory):
    rows = table.Table("softmax", "SoftmaxCase", NOTE)
    for case in cases():
        kind, mask, count_rows, count, dim, factor, scale = case
        name = f"{kind}_{mask}_r{count_rows}_n{count}_d{dim}_x{factor}_s{scale}"
        seed = stream.fnv1a("softmax/" + name)
        fields = ["Kind::" + kind, "Mask::" + mask, str(count_rows), str(count),
                  str(dim), table.hex_float(factor), table.hex_float(scale),
                  f"0x{seed:016x}u"]
        rows.add(name, fields, table.measure(lambda s: evaluate(case, s), seed))
    rows.write(directory)
    table.write_configs(directory, "softmax", "dim", [(dim,) for dim in DIMS])
