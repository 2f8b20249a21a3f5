# SPDX-License-Identifier: Apache-2.0
"""Golden cases of the linear layer: y = x W^T + b."""

import numpy as np
import torch
from torch.nn import functional as F

import stream
import table

SIZES = [1, 3, 16, 20, 31, 33, 64, 100, 512]
TOKENS = [1, 2, 3, 4, 5, 7, 8, 12, 15, 16, 17, 31, 32, 33]
X, W, B = 0, 1, 2  # tensor numbers

NOTE = """inputs, outputs, tokens, has_bias, weight_factor, seed, Expected"""


def weight_factor(inputs):
    """Keeps the outputs near the size of the inputs."""
    return np.float32(inputs**-0.5)


def cases():
    for i, inputs in enumerate(SIZES):
        for j, outputs in enumerate(SIZES):
            n = i * len(SIZES) + j
            yield inputs, outputs, TOKENS[n * 5 % len(TOKENS)], n % 2 == 0


def evaluate(case, seed):
    inputs, outputs, tokens, has_bias = case
    x = stream.values(seed, X, (tokens, inputs))
    w = stream.values(seed, W, (outputs, inputs)) * weight_factor(inputs)
    b = stream.values(seed, B, (outputs,)) * np.float32(has_bias)
    expected = x.astype(np.float64) @ w.astype(np.float64).T + b
    to = torch.from_numpy
    got = F.linear(to(x), to(w), to(b) if has_bias else None)
    return expected, got.numpy(), None


# Some of these outputs are few and their errors' tails long: PyTorch's largest
# error is only known after more of them.
ENOUGH = 16384


def generate(directory):
    rows = table.Table("linear", "LinearCase", NOTE)
    for case in cases():
        inputs, outputs, tokens, has_bias = case
        name = f"in{inputs}_out{outputs}_t{tokens}" + "_bias" * has_bias
        seed = stream.fnv1a("linear/" + name)
        fields = [str(inputs), str(outputs), str(tokens),
                  table.boolean(has_bias),
                  table.hex_float(weight_factor(inputs)), f"0x{seed:016x}u"]
        rows.add(name, fields, table.measure(lambda s: evaluate(case, s), seed,
                                             enough=ENOUGH))
    rows.write(directory)
    table.write_configs(directory, "linear", "inputs, outputs",
                        [(i, o) for i in SIZES for o in SIZES])
