# SPDX-License-Identifier: Apache-2.0
"""Golden cases of streams whose queries and keys turn with the position.

Token t turns by position first + t (rope.py), attention is causal and, with a
window, sees the newest keys and the first ones alone.  PyTorch's float32 result
is rope.py's rotation and then scaled_dot_product_attention.
"""

import dataclasses

import numpy as np
import torch
from torch.nn import functional as F

import rope
import stream
import table

Q, K, V = 0, 1, 2  # tensor numbers

# Scores spread as those of trained heads do: q is multiplied by it.
FACTOR = np.float32(2.0)


@dataclasses.dataclass(frozen=True)
class Config:
    head_dim: int
    rotary_dim: int
    heads: int
    kv_heads: int
    interleaved: bool = False
    window: int = 0
    sinks: int = 0

    def name(self):
        part = "" if self.rotary_dim == self.head_dim else f"of{self.head_dim}"
        window = f"_w{self.window}s{self.sinks}" if self.window else ""
        pairs = "interleaved" if self.interleaved else "halves"
        return (f"d{self.rotary_dim}{part}_h{self.heads}_kv{self.kv_heads}"
                f"_{pairs}{window}")


CONFIGS = [
    Config(64, 64, 4, 2),
    Config(32, 32, 2, 2, interleaved=True),
    Config(20, 12, 3, 1),
    Config(96, 32, 2, 1, interleaved=True),
    Config(32, 32, 2, 1, window=40, sinks=3),
    Config(24, 24, 2, 2, interleaved=True, window=100),
]
ROPES = [rope.Rope(10000.0), rope.Rope(500000.0),
         rope.Rope(10000.0, "linear", 4.0), rope.Rope(10000.0, "ntk", 8.0)]
# (position of the first token, tokens)
STREAMS = [(0, 1), (0, 77), (1000, 200), (2**24 - 130, 130)]


def cases():
    for i, config in enumerate(CONFIGS):
        for j, (first, tokens) in enumerate(STREAMS):
            yield config, ROPES[(i + j) % len(ROPES)], first, tokens


def visible(config, tokens):
    distance = np.arange(tokens)[:, None] - np.arange(tokens)[None, :]
    sees = distance >= 0
    if config.window:
        near = distance < config.window
        near[:, :config.sinks] = True
        sees &= near
    return sees


def evaluate(case, seed):
    config, turn, first, tokens = case
    shape = (tokens, config.heads, config.head_dim)
    kv_shape = (tokens, config.kv_heads, config.head_dim)
    q = stream.values(seed, Q, shape) * FACTOR
    k, v = stream.values(seed, K, kv_shape), stream.values(seed, V, kv_shape)
    angle = turn.angles(config.rotary_dim, first, tokens)
    cos, sin = np.cos(angle), np.sin(angle)
    sees = visible(config, tokens)

    # In float64.
    turned = lambda x: rope.rotate_part(x.astype(np.float64), cos, sin,
                                        config.interleaved, np.concatenate)
    group = config.heads // config.kv_heads
    by_head = lambda x: np.repeat(x, group, axis=1).swapaxes(0, 1)
    s = turned(q).swapaxes(0, 1) @ by_head(turned(k)).swapaxes(1, 2)
    s = np.where(sees, s * config.head_dim**-0.5, -np.inf)
    p = np.exp(s - s.max(axis=-1, keepdims=True))
    expected = p / p.sum(axis=-1, keepdims=True) @ by_head(v.astype(np.float64))

    to32 = lambda x: torch.from_numpy(np.ascontiguousarray(x)).float()
    turned32 = lambda x: rope.rotate_part(to32(x), to32(cos), to32(sin),
                                          config.interleaved, torch.cat)
    by_head32 = lambda x: x.repeat_interleave(group, 1).transpose(0, 1)
    got = F.scaled_dot_product_attention(
        turned32(q).transpose(0, 1), by_head32(turned32(k)),
        by_head32(to32(v)), attn_mask=torch.from_numpy(sees))
    return (expected.swapaxes(0, 1), got.transpose(0, 1).numpy(), None)


NOTE = """head_dim, rotary_dim, heads, kv_heads, interleaved, window, sinks,
{base, scaling, factor}, first position, tokens, seed, Expected"""


def fields(config):
    return [str(config.head_dim), str(config.rotary_dim), str(config.heads),
            str(config.kv_heads), table.boolean(config.interleaved),
            str(config.window), str(config.sinks)]


def generate(directory):
    rows = table.Table("rotary_attention", "RotaryCase", NOTE)
    for case in cases():
        config, turn, first, tokens = case
        name = f"{config.name()}_t{tokens}_at{first}_{turn}"
        seed = stream.fnv1a("rotary_attention/" + name)
        rows.add(name, fields(config) + [turn.fields(), str(first), str(tokens),
                                         f"0x{seed:016x}u"],
                 table.measure(lambda s: evaluate(case, s), seed))
    rows.write(directory)
    table.write_configs(
        directory, "rotary_attention",
        "head_dim, rotary_dim, heads, kv_heads, interleaved, window, sinks",
        [dataclasses.astuple(config) for config in CONFIGS])
