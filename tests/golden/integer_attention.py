# SPDX-License-Identifier: Apache-2.0
"""Golden cases of integer attention.

Inputs are int8 tensors, quantised from reals that the stream gives; expected is
scaled_dot_product_attention in float64 of what the int8 stand for.  Each of the
distributions is one that quantisation is known to suffer from.
"""

import numpy as np
import torch

import stream
import table

Q, K, V = 0, 1, 2  # tensor numbers
# heads, kv heads, queries, keys, head_dim, value_dim, causal
SHAPES = {
    "kT1": (8, 8, 81, 81, 32, 32, False),
    "kT3": (4, 4, 128, 128, 64, 64, False),
    "kDecode": (4, 4, 1, 256, 32, 32, False),
    "kGrouped": (6, 2, 50, 200, 20, 12, True),
}
# Powers of two for q, k and v, so that quantising is exact on every machine.
SCALES = {
    "kNormal": (-5, -5, -5),
    "kChannelBias": (-5, -3, -5),
    "kOutliers": (-5, -1, -5),
    "kSink": (-5, -5, -5),
    "kPeaked": (-5, -3, -5),
    "kFlat": (-11, -5, -5),
}
ZEROS = {"kNormal": (3, -9, 6), "kChannelBias": (-20, 5, -31)}

NOTE = """distribution, shape, seed, scales of q, k, v and out, zero points of q,
k, v and out, Expected"""


def normal(seed, tensor, shape):
    """Sums of eight: a standard deviation of 1.02, at most 5; exact."""
    parts = stream.values(seed, tensor, (*shape, 8)).astype(np.float64)
    return parts.sum(-1) * 0.3125


def real_inputs(distribution, shape, seed):
    heads, kv_heads, queries, keys, dim, value_dim, _ = SHAPES[shape]
    q = normal(seed, Q, (heads, queries, dim))
    k = normal(seed, K, (kv_heads, keys, dim))
    v = normal(seed, V, (kv_heads, keys, value_dim))
    if distribution == "kChannelBias":
        k[:, :, ::16] += 8
    elif distribution == "kOutliers":
        k[:, :, 7] *= 20
    elif distribution == "kSink":
        q += 0.5
        k[:, 0, :] = 2
        v[:, 0, :] *= 0.125
    elif distribution == "kPeaked":
        k *= 3
    elif distribution == "kFlat":
        q *= 1 / 64
    return q, k, v


def quantise(x, scale, zero):
    return np.clip(np.floor(x / scale + 0.5) + zero, -128, 127)


def evaluate(distribution, shape, scales, zeros, seed):
    _, _, queries, keys, _, _, causal = SHAPES[shape]
    tensors = []
    for x, scale, zero in zip(real_inputs(distribution, shape, seed), scales, zeros):
        integers = quantise(x, scale, zero)
        tensors.append((integers - zero) * scale)
    visible = np.ones((queries, keys), bool)
    if causal:
        visible = np.tril(visible, keys - queries)

    def compute(dtype):
        q, k, v = (torch.from_numpy(x).to(dtype) for x in tensors)
        group = q.shape[0] // k.shape[0]
        k, v = (x.repeat_interleave(group, 0) for x in (k, v))
        return torch.nn.functional.scaled_dot_product_attention(
            q[None], k[None], v[None], attn_mask=torch.from_numpy(visible))[0]

    return compute(torch.float64).numpy(), compute(torch.float32).numpy(), None


def out_scale(expected):
    """As a converter calibrates: the range of the output, with 0 in it."""
    low, high = min(expected.min(), 0.0), max(expected.max(), 0.0)
    scale = float(np.float32((high - low) / 255))
    return scale, int(np.clip(np.round(-128 - low / scale), -128, 127))


def cases():
    for shape in SHAPES:
        for distribution in SCALES:
            yield distribution, shape, (0, 0, 0)
            if distribution in ZEROS:
                yield distribution, shape, ZEROS[distribution]


def generate(directory):
    rows = table.Table("integer_attention", "IntegerCase", NOTE)
    for distribution, shape, zeros in cases():
        name = f"{distribution}_{shape}" + ("_zeros" if any(zeros) else "")
        seed = stream.fnv1a("integer_attention/" + name)
        scales = [2.0**power for power in SCALES[distribution]]
        run = lambda s: evaluate(distribution, shape, scales, zeros, s)  # noqa: E731
        scale, zero = out_scale(run(seed)[0])
        fields = ["Distribution::" + distribution, "ShapeName::" + shape,
                  f"0x{seed:016x}u", *(table.hex_double(s) for s in scales),
                  table.hex_double(scale, 24), str(zeros[0]), str(zeros[1]),
                  str(zeros[2]), str(zero)]
        rows.add(name, fields, table.measure(run, seed))
    rows.write(directory)
