# SPDX-License-Identifier: Apache-2.0
"""Golden cases of the SwiGLU feed-forward: down(silu(gate x) * up x)."""

import numpy as np
import torch
from torch.nn import functional as F

import stream
import table

SHAPES = [(16, 40), (16, 64), (32, 96), (48, 128), (64, 160), (96, 256),
          (128, 384)]
TOKENS = [[1, 16, 33], [2, 17], [5, 31], [3, 64], [1, 32], [4, 19], [1, 7, 48]]
X, GATE, UP, DOWN = 0, 1, 2, 3  # tensor numbers

NOTE = """width, hidden, tokens, factor of gate and up, factor of down, seed,
Expected"""


def factor(inputs):
    return np.float32(inputs**-0.5)


def silu(x):
    return x / (1 + np.exp(-x))


def evaluate(case, seed):
    width, hidden, tokens = case
    x = stream.values(seed, X, (tokens, width))
    gate = stream.values(seed, GATE, (hidden, width)) * factor(width)
    up = stream.values(seed, UP, (hidden, width)) * factor(width)
    down = stream.values(seed, DOWN, (width, hidden)) * factor(hidden)
    x64, gate64, up64, down64 = (a.astype(np.float64)
                                 for a in (x, gate, up, down))
    expected = (silu(x64 @ gate64.T) * (x64 @ up64.T)) @ down64.T
    x, gate, up, down = (torch.from_numpy(a) for a in (x, gate, up, down))
    got = F.linear(F.silu(F.linear(x, gate)) * F.linear(x, up), down)
    return expected, got.numpy(), None


def generate(directory):
    rows = table.Table("feed_forward", "FeedForwardCase", NOTE)
    for (width, hidden), counts in zip(SHAPES, TOKENS):
        for tokens in counts:
            case = width, hidden, tokens
            name = f"w{width}_hidden{hidden}_t{tokens}"
            seed = stream.fnv1a("feed_forward/" + name)
            fields = [str(width), str(hidden), str(tokens),
                      table.hex_float(factor(width)),
                      table.hex_float(factor(hidden)), f"0x{seed:016x}u"]
            rows.add(name, fields,
                     table.measure(lambda s: evaluate(case, s), seed))
    rows.write(directory)
    table.write_configs(directory, "feed_forward", "width, hidden",
                        SHAPES)
