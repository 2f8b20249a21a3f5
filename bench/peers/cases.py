# SPDX-License-Identifier: Apache-2.0
"""The cases of the README's figures, their inputs, and their results in float64."""

from typing import NamedTuple

import numpy as np


class Attention(NamedTuple):
    name: str
    heads: int
    kv_heads: int
    queries: int
    keys: int
    dim: int
    causal: bool  # one query is the last token, and sees every key
    tolerance: float = 1e-5  # of results around 1

    def __str__(self):
        heads = f"{self.heads} heads"
        if self.kv_heads != self.heads:
            heads += f" on {self.kv_heads} kv heads"
        if self.queries == 1:
            return f"{self.name}: {heads}, context {self.keys}, dim {self.dim}"
        mask = "causal" if self.causal else "full"
        return f"{self.name}: {heads}, {self.keys} tokens, dim {self.dim}, {mask}"


class Module(NamedTuple):
    name: str
    dim: int
    heads: int
    tokens: int
    int8: bool = False  # weights of the linear layers, and what they multiply
    tolerance: float = 1e-5

    def __str__(self):
        if self.int8:
            return f"{self.name}: the same, its linear layers in int8"
        return (
            f"{self.name}: multi-head module, width {self.dim}, "
            f"{self.heads} heads, {self.tokens} tokens"
        )


def prefill(name, heads, tokens, dim, causal):
    return Attention(name, heads, heads, tokens, tokens, dim, causal)


CASES = [
    prefill("P1", 8, 512, 64, True),
    prefill("P2", 8, 2048, 64, True),
    prefill("P3", 8, 512, 64, False),
    prefill("P4", 4, 1024, 128, True),
    prefill("P5", 4, 64, 32, False),
    prefill("P6", 2, 128, 16, True),
    Attention("D1", 8, 8, 1, 2048, 64, False),
    Attention("D2", 32, 8, 1, 4096, 128, False),
    Attention("D3", 4, 4, 1, 256, 32, False),
    Module("M1", 512, 8, 128),
    Module("M1i", 512, 8, 128, int8=True, tolerance=1e-2),
]


class Tensors(NamedTuple):
    q: np.ndarray  # [1][head][query][dim]
    k: np.ndarray  # [1][kv_head][key][dim]
    v: np.ndarray


class Weights(NamedTuple):
    """As nn.MultiheadAttention names them."""

    x: np.ndarray  # [1][token][dim]
    in_proj_weight: np.ndarray  # [3 * dim][dim]: q, k, v
    in_proj_bias: np.ndarray
    out_proj_weight: np.ndarray  # [dim][dim]
    out_proj_bias: np.ndarray


def uniform(random, shape, bound=1.0):
    return random.uniform(-bound, bound, shape).astype(np.float32)


def inputs(case):
    """Tensors or Weights, the same on every run."""
    random = np.random.default_rng(1)
    if isinstance(case, Attention):
        kv = (1, case.kv_heads, case.keys, case.dim)
        return Tensors(
            uniform(random, (1, case.heads, case.queries, case.dim)),
            uniform(random, kv),
            uniform(random, kv),
        )
    dim, bound = case.dim, case.dim**-0.5
    return Weights(
        uniform(random, (1, case.tokens, dim)),
        uniform(random, (3 * dim, dim), bound),
        uniform(random, (3 * dim,), bound),
        uniform(random, (dim, dim), bound),
        uniform(random, (dim,), bound),
    )


def attend(q, k, v, causal):
    """One head in float64."""
    scores = q.astype(np.float64) @ k.astype(np.float64).T / q.shape[1] ** 0.5
    if causal:
        hidden = np.triu(np.ones(scores.shape, np.bool_), 1)
        scores[hidden] = -np.inf
    weights = np.exp(scores - scores.max(axis=1, keepdims=True))
    return weights @ v.astype(np.float64) / weights.sum(axis=1, keepdims=True)


def split_heads(x, heads):
    """[token][head * dim] as [head][token][dim]."""
    return x.reshape(len(x), heads, -1).transpose(1, 0, 2)


def expected(case, given):
    """The result in float64: [1][head][query][dim], of a module [1][token][dim]."""
    if isinstance(case, Attention):
        group = case.heads // case.kv_heads
        heads = [
            attend(q, given.k[0, h // group], given.v[0, h // group], case.causal)
            for h, q in enumerate(given.q[0])
        ]
        return np.stack(heads)[None]
    wide = [array.astype(np.float64) for array in given]
    x, in_weight, in_bias, out_weight, out_bias = wide
    projected = np.split(x[0] @ in_weight.T + in_bias, 3, axis=1)
    q, k, v = (split_heads(part, case.heads) for part in projected)
    heads = [attend(*head, causal=False) for head in zip(q, k, v)]
    return (np.concatenate(heads, axis=1) @ out_weight.T + out_bias)[None]
