# SPDX-License-Identifier: Apache-2.0
"""Golden cases of scaled dot-product attention."""

import dataclasses

import numpy as np
import torch
from torch.nn import functional as F

import stream
import table

# The C++ templates fix these at compile time, so this list decides how much the
# test instantiates: (head_dim, [(heads, kv_heads), ...]), each causal and not.
HEADS = [
    (1, [(2, 2), (4, 1)]),
    (3, [(4, 2), (8, 2)]),
    (16, [(4, 1), (3, 3)]),
    (20, [(4, 2), (1, 1)]),
    (32, [(8, 2), (4, 2)]),
    (64, [(4, 4), (8, 2)]),
    (80, [(2, 2), (4, 2)]),
    (96, [(4, 1), (1, 1)]),
    (128, [(4, 2), (2, 2)]),
    (256, [(1, 1), (4, 1)]),
]
MAX_TOKENS = 300

# Every size around the edges of panels (16), tiles (64) and their neighbours.
SIZES = [
    1, 2, 3, 7, 8, 15, 16, 17, 31, 32, 33, 47, 48, 49, 63, 64, 65, 79, 80, 81,
    95, 96, 97, 111, 112, 113, 127, 128, 129, 143, 144, 145, 159, 160, 161, 191,
    192, 193, 255, 256, 257, 299, 300,
]
LAYOUTS = ["kHeadMajor", "kTokenMajor", "kPaddedHeads", "kPaddedTokens"]
Q, K, V = 0, 1, 2  # tensor numbers


@dataclasses.dataclass
class Case:
    heads: int
    kv_heads: int
    dim: int
    causal: bool
    queries: int
    keys: int
    batch: int = 1
    first: int = 0
    layout: str = "kHeadMajor"
    recipe: str = "kUniform"
    scale: float = 0.0  # 0: 1/sqrt(dim)
    special_key: int = 0  # the huge one, or the one that all others repeat

    def name(self):
        words = [f"d{self.dim}", f"h{self.heads}", f"kv{self.kv_heads}",
                 "causal" if self.causal else "full", f"b{self.batch}",
                 f"q{self.queries}", f"k{self.keys}"]
        if self.first:
            words.append(f"at{self.first}")
        words.append(self.layout[1:])
        if self.recipe != "kUniform":
            words.append(self.recipe[1:])
        if self.scale:
            words.append("scaled")
        return "_".join(words)

    def fields(self, seed, q_factor):
        return [str(self.heads), str(self.kv_heads), str(self.dim),
                table.boolean(self.causal), str(self.batch), str(self.queries),
                str(self.keys), str(self.first), f"Layout::{self.layout}",
                f"Recipe::{self.recipe}", table.hex_float(q_factor),
                str(self.special_key), table.hex_float(self.scale),
                f"0x{seed:016x}u"]

    def effective_scale(self):
        return self.scale if self.scale else self.dim**-0.5


def cases():
    """All cases, in the order of the table."""
    size = lambda i: SIZES[i * 5 % len(SIZES)]  # 43 sizes: a prime, so all come
    layout = lambda i: LAYOUTS[i % len(LAYOUTS)]
    index = 0
    for dim, configs in HEADS:
        for heads, kv_heads in configs:
            shape = dict(heads=heads, kv_heads=kv_heads, dim=dim)
            yield from causal_cases(shape, index, size, layout)
            yield from full_cases(shape, index, size, layout)
            index += 1


def causal_cases(shape, c, size, layout):
    def case(queries, keys=None, **more):
        keys = queries if keys is None else keys
        return Case(causal=True, queries=queries, keys=keys, **shape, **more)

    # Squares; those of batch 1 also go through the cache.
    for j in range(6):
        yield case(size(6 * c + j), batch=max(1, j - 2), layout=layout(c + j))
    # One step of a stream, and a chunk of one.
    keys = size(4 * c + 20)
    yield case(1, keys, first=keys - 1, layout=layout(c))
    few, many = sorted((size(5 * c + 1) + 3, size(5 * c + 2)))
    few, many = min(few, 200), max(many, 70)
    few = few if few < many else many // 2
    yield case(few, many, first=many - few, batch=2, layout=layout(c + 1))
    # Longer on one side, aligned at the top left.
    yield case(size(3 * c + 7), size(3 * c + 8), layout=layout(c + 2))
    # The first rows see nothing; all of them; every row sees everything.
    first = -(1, 3, 15, 16, 17, 40, 63, 64, 65, 100)[c % 10]
    yield case(64 + 13 * (c % 7), 30 + 17 * (c % 5), first=first, batch=2,
               layout=layout(c + 3))
    if c % 4 == 0:
        yield case(17, 33, first=-17, layout=layout(c))
    if c % 4 == 2:
        yield case(18, 33, first=-17, layout=layout(c))
    yield case(5 + c, 20 + 3 * c, first=20 + 3 * c + c % 3, layout=layout(c))
    # Recipes.
    yield case(33 + 8 * c, recipe="kLargeLogits", layout=layout(c + 1))
    keys = 70 + 9 * c
    yield case(keys, recipe="kHugeKey", special_key=(0, 40, 63, 64, 66)[c % 5],
               layout=layout(c + 2))
    yield case(21 + 11 * c, recipe="kConstantKeys", special_key=c,
               layout=layout(c + 3))
    yield case(90 + 5 * c, scale=(1.0, 0.3, 0.0625)[c % 3] * min(
        1.0, 4.0 * shape["dim"]**-0.5), layout=layout(c))


def full_cases(shape, c, size, layout):
    def case(queries, keys, **more):
        return Case(causal=False, queries=queries, keys=keys, **shape, **more)

    for j in range(3):
        tokens = size(3 * c + j + 11)
        yield case(tokens, tokens, batch=j + 1, layout=layout(c + j))
    for j in range(4):
        yield case(size(4 * c + j), size(9 * c + 2 * j + 1), batch=1 + j % 2,
                   layout=layout(c + j + 1))
    keys = 300 - 11 * c
    yield case(40 + c, keys, recipe="kLargeLogits", layout=layout(c))
    yield case(31 + c, keys - 40, recipe="kHugeKey",
               special_key=(keys - 41, 0, 32)[c % 3], layout=layout(c + 1))
    yield case(20 + c, 65 + 2 * c, recipe="kConstantKeys", special_key=c,
               layout=layout(c + 2))
    yield case(35 + c, 129 + c, scale=(0.3, 0.0625, 1.0)[c % 3] * min(
        1.0, 4.0 * shape["dim"]**-0.5), layout=layout(c + 3))


def inputs(case, seed):
    """The float32 inputs, [batch][head][token][dim], and the queries' factor.

    attention_case.h computes the same.
    """
    q = stream.values(seed, Q, (case.batch, case.heads, case.queries, case.dim))
    kv_shape = (case.batch, case.kv_heads, case.keys, case.dim)
    k, v = stream.values(seed, K, kv_shape), stream.values(seed, V, kv_shape)
    if case.recipe == "kConstantKeys":
        k[:] = k[:, :, case.special_key:case.special_key + 1]
    if case.recipe == "kHugeKey":
        k[:, :, case.special_key] *= np.float32(64)
    factor = 1.0
    if case.recipe == "kLargeLogits":
        largest = np.abs(logits(case, q, k)).max()
        factor = table.rounded(80 / largest, 8)  # short, and exact in float32
    return q * np.float32(factor), k, v, factor


def expand(case, kv):
    return np.repeat(kv, case.heads // case.kv_heads, axis=1)


def logits(case, q, k):
    q64, k64 = q.astype(np.float64), expand(case, k).astype(np.float64)
    return case.effective_scale() * (q64 @ k64.swapaxes(-1, -2))


def visible(case):
    i, j = np.arange(case.queries)[:, None], np.arange(case.keys)[None]
    return (j <= i + case.first) | (not case.causal)


def expected_output(case, q, k, v):
    """softmax(scale q k^T) v in float64; zeros where a row sees no key."""
    see = visible(case)
    s = np.where(see, logits(case, q, k), -np.inf)
    top = s.max(axis=-1, keepdims=True)
    p = np.exp(s - np.where(np.isfinite(top), top, 0))
    total = p.sum(axis=-1, keepdims=True)
    out = p @ expand(case, v).astype(np.float64)
    return out / np.where(total > 0, total, 1)


def torch_output(case, q, k, v, dtype):
    """PyTorch's own operator; rows without a visible key are not its to judge."""
    mask = None
    if case.causal and case.first:
        mask = torch.from_numpy(visible(case))
    to = lambda x: torch.from_numpy(np.ascontiguousarray(x)).to(dtype)
    return F.scaled_dot_product_attention(
        to(q), to(expand(case, k)), to(expand(case, v)), attn_mask=mask,
        is_causal=case.causal and mask is None,
        scale=case.effective_scale()).numpy()


def evaluate(case, seed):
    q, k, v, _ = inputs(case, seed)
    expected = expected_output(case, q, k, v)
    see = visible(case).any(axis=-1)[:, None] & np.ones_like(expected, bool)
    again = torch_output(case, q, k, v, torch.float64)
    assert np.abs(np.where(see, again - expected, 0)).max() < 1e-12
    assert (expected[~see] == 0).all()
    return expected, torch_output(case, q, k, v, torch.float32), see


NOTE = """heads, kv_heads, head_dim, causal, batch, queries, keys,
first_position, layout, recipe, q_factor, special_key, scale, seed, Expected"""


# With a huge key the error is that of the few rows whose product with it nearly
# cancels: PyTorch's is only known after many more of them.
ENOUGH = {"kHugeKey": 65536}


def generate(directory):
    rows = table.Table("attention", "AttentionCase", NOTE)
    for case in cases():
        assert max(case.queries, case.keys) <= MAX_TOKENS
        case.scale = float(np.float32(case.scale))
        seed = stream.fnv1a("attention/" + case.name())
        rows.add(case.name(), case.fields(seed, inputs(case, seed)[3]),
                 table.measure(lambda s: evaluate(case, s), seed,
                               enough=ENOUGH.get(case.recipe, 1024)))
    rows.write(directory)
    table.write_configs(
        directory, "attention", "heads, kv_heads, head_dim, causal",
        [(heads, kv_heads, dim, causal) for dim, configs in HEADS
         for heads, kv_heads in configs for causal in (False, True)])
