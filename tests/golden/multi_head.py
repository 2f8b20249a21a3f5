# SPDX-License-Identifier: Apache-2.0
"""Golden cases of multi-head attention with its projections.

Where every head has its own keys the measure is torch.nn.MultiheadAttention,
with biases.  Grouped heads, which that module lacks, are composed of the same
PyTorch operators, without biases.
"""

import dataclasses

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

import stream
import table

# (width, heads, kv_heads, token counts); the head_dim is width / heads.
SHAPES = [
    (32, 4, 4, [1, 7, 33, 129]),
    (32, 2, 2, [16, 65]),
    (96, 6, 6, [2, 48, 127]),
    (96, 3, 3, [17, 100]),
    (512, 16, 16, [15, 80]),
    (512, 8, 8, [1, 64]),
    (32, 4, 2, [1, 31, 128]),
    (96, 6, 2, [5, 97]),
    (512, 8, 2, [3, 66]),
]
WEIGHTS = ("q", "k", "v", "out")
X, MEMORY, WEIGHT, BIAS = 0, 1, 2, 6  # tensor numbers; four weights, four biases
BIAS_FACTOR = np.float32(0.25)


@dataclasses.dataclass
class Case:
    width: int
    heads: int
    kv_heads: int
    causal: bool
    cross: bool
    batch: int
    queries: int
    keys: int

    @property
    def dim(self):
        return self.width // self.heads

    @property
    def has_bias(self):
        return self.heads == self.kv_heads

    def name(self):
        kind = "cross" if self.cross else "causal" if self.causal else "self"
        return (f"w{self.width}_h{self.heads}_kv{self.kv_heads}_{kind}"
                f"_b{self.batch}_q{self.queries}_k{self.keys}")

    def fields(self, seed):
        return [str(self.width), str(self.heads), str(self.kv_heads),
                table.boolean(self.has_bias), table.boolean(self.causal),
                table.boolean(self.cross), str(self.batch), str(self.queries),
                str(self.keys), table.hex_float(weight_factor(self)),
                f"0x{seed:016x}u"]


def weight_factor(case):
    return np.float32(case.width**-0.5)


def cases():
    for width, heads, kv_heads, counts in SHAPES:
        for i, tokens in enumerate(counts):
            shape = dict(width=width, heads=heads, kv_heads=kv_heads)
            yield Case(causal=True, cross=False, batch=1, queries=tokens,
                       keys=tokens, **shape)
            yield Case(causal=False, cross=False, batch=1 + (i + 1) % 2,
                       queries=tokens, keys=tokens, **shape)
            keys = counts[i - 1] + 9
            yield Case(causal=False, cross=True, batch=1 + i % 2,
                       queries=tokens, keys=min(keys, 129), **shape)


def inputs(case, seed):
    """x, memory (x itself unless cross), weights [out][in], biases."""
    x = stream.values(seed, X, (case.batch, case.queries, case.width))
    memory = x
    if case.cross:
        memory = stream.values(seed, MEMORY,
                               (case.batch, case.keys, case.width))
    kv = case.kv_heads * case.dim
    weights, biases = {}, {}
    for i, (name, out) in enumerate(zip(WEIGHTS, (case.width, kv, kv,
                                                  case.width))):
        weights[name] = (stream.values(seed, WEIGHT + i, (out, case.width))
                         * weight_factor(case))
        biases[name] = (stream.values(seed, BIAS + i, (out,)) * BIAS_FACTOR
                        * np.float32(case.has_bias))
    return x, memory, weights, biases


def expected_output(case, x, memory, weights, biases):
    """The formula in float64."""
    def project(a, name):
        return (a.astype(np.float64) @ weights[name].astype(np.float64).T
                + biases[name])

    def split(a, heads):
        a = a.reshape(case.batch, -1, heads, case.dim).swapaxes(1, 2)
        return np.repeat(a, case.heads // heads, axis=1)

    q = split(project(x, "q"), case.heads)
    k = split(project(memory, "k"), case.kv_heads)
    v = split(project(memory, "v"), case.kv_heads)
    s = q @ k.swapaxes(-1, -2) * case.dim**-0.5
    if case.causal:
        s = np.where(np.tri(case.queries, case.keys, dtype=bool), s, -np.inf)
    p = np.exp(s - s.max(axis=-1, keepdims=True))
    out = p / p.sum(axis=-1, keepdims=True) @ v
    out = out.swapaxes(1, 2).reshape(case.batch, case.queries, case.width)
    return project(out, "out")


def torch_module(case, x, memory, weights, biases, dtype):
    module = nn.MultiheadAttention(case.width, case.heads, batch_first=True,
                                   dtype=dtype).eval()
    stacked = lambda a: torch.from_numpy(
        np.concatenate([a[name] for name in WEIGHTS[:3]]))
    module.in_proj_weight.copy_(stacked(weights))
    module.in_proj_bias.copy_(stacked(biases))
    module.out_proj.weight.copy_(torch.from_numpy(weights["out"]))
    module.out_proj.bias.copy_(torch.from_numpy(biases["out"]))
    query = torch.from_numpy(x).to(dtype)
    # The same object tells the module that this is self-attention.
    key = torch.from_numpy(memory).to(dtype) if case.cross else query
    mask = None
    if case.causal:
        mask = ~torch.ones(case.queries, case.keys, dtype=torch.bool).tril()
    out, _ = module(query, key, key, attn_mask=mask, is_causal=case.causal,
                    need_weights=False)
    return out.numpy()


def torch_operators(case, x, memory, weights, biases, dtype):
    to = lambda a: torch.from_numpy(a).to(dtype)

    def split(a, heads):
        a = a.view(case.batch, -1, heads, case.dim).transpose(1, 2)
        return a.repeat_interleave(case.heads // heads, 1)

    q = split(F.linear(to(x), to(weights["q"])), case.heads)
    k = split(F.linear(to(memory), to(weights["k"])), case.kv_heads)
    v = split(F.linear(to(memory), to(weights["v"])), case.kv_heads)
    out = F.scaled_dot_product_attention(q, k, v, is_causal=case.causal)
    out = out.transpose(1, 2).reshape(case.batch, case.queries, case.width)
    return F.linear(out, to(weights["out"])).numpy()


def evaluate(case, seed):
    tensors = inputs(case, seed)
    expected = expected_output(case, *tensors)
    run = torch_module if case.has_bias else torch_operators
    again = run(case, *tensors, torch.float64)
    assert np.abs(again - expected).max() < 1e-12
    return expected, run(case, *tensors, torch.float32), None


NOTE = """width, heads, kv_heads, has_bias, causal, cross, batch, queries, keys,
weight_factor, seed, Expected"""


def generate(directory):
    rows = table.Table("multi_head", "MultiHeadCase", NOTE)
    for case in cases():
        seed = stream.fnv1a("multi_head/" + case.name())
        rows.add(case.name(), case.fields(seed),
                 table.measure(lambda s: evaluate(case, s), seed))
    rows.write(directory)
    table.write_configs(
        directory, "multi_head", "width, heads, kv_heads, causal",
        [(width, heads, kv_heads, causal) for width, heads, kv_heads, _ in SHAPES
         for causal in (False, True)])
