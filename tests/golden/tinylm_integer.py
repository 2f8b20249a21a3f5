# SPDX-License-Identifier: Apache-2.0
"""The example model in integers alone, on NumPy's int64 and Python's own: the arithmetic of
docs/numerics.md and of examples/tinylm (integer_layers.h, integer_sampler.h) written again, for
every bit of its logits and of its text."""

import json
import math
import pathlib
import sys

import numpy as np

import table
import tinylm

TILE, WEIGHT_BITS = 64, 15
SAMPLED_OCTAVES = 2**21 * 1.44269504088896340736 / 0.7

NOTE = "Of the logits [token][256] after each byte of tinylm.inc's text."


def high(a, b):
    return (a * b + (1 << 30)) >> 31


def divide(x, shift):
    """x / 2^shift to nearest, halves away from 0."""
    half = (1 << shift) >> 1
    return np.where(x >= 0, (x + half) >> shift, -((half - x) >> shift))


def rescale(x, multiplier, shift):
    left = np.maximum(shift, 0)
    x = np.clip(x << left, -(2**31 - 1), 2**31 - 1)
    return divide(high(x, multiplier), left - shift)


def rounded(x, bits):
    return (x + (1 << (bits - 1))) >> bits


def clamp(x, bits=8):
    return np.clip(x, -(1 << (bits - 1)), (1 << (bits - 1)) - 1)


# ------------------------------------------------------------------ softmax

POWERS = np.array([math.floor(32639 * 2 ** (-i / 64) + 0.5) for i in range(64)])


def steps(distance, multiplier):
    half = 1 << 24 if multiplier < 128 else (1 << 31) // multiplier
    return np.minimum(((128 * distance + half) * multiplier) >> 32, 2047)


def power(count):
    return (POWERS[count % 64] << 16) >> (count // 64)


def weights_of(distance, multiplier):
    return (power(steps(distance, multiplier)) + 0x8000) >> 16


def attend(q, keys, values, scales):
    """One row: q [dim], keys and values [key][dim]."""
    score_multiplier, output_multiplier, output_shift = scales
    scores, largest, total, out = keys @ q, None, 0, np.zeros(values.shape[1], np.int64)
    for first in range(0, len(scores), TILE):
        tile = scores[first : first + TILE]
        top = int(tile.max()) if largest is None else max(int(tile.max()), largest)
        if largest is not None and top > largest:
            y = int(power(steps(np.int64(top - largest), score_multiplier)))
            total, out = high(total, y + (y >> 8)), high(out, y + (y >> 8))
        largest = top
        p = weights_of(top - tile, score_multiplier)
        total += int(p.sum())
        out += (p @ values[first : first + TILE] + 256) >> 9
    zeros = 32 - total.bit_length()
    divisor = ((total << zeros) + (1 << 15)) >> 16
    factor = (output_multiplier * (((1 << 31) + divisor // 2) // divisor)) >> 16
    return clamp(divide(high(out << (zeros - 2), factor), min(20 - output_shift, 31)))


# -------------------------------------------------------------------- layers

class Reader:
    """What pack_integer.py has written, in its order."""

    def __init__(self, blob):
        self.blob, self.at = blob, 128

    def take(self, kind, *shape):
        count = math.prod(shape)
        values = np.frombuffer(self.blob, kind, count, self.at).astype(np.int64)
        self.at += values.size * np.dtype(kind).itemsize
        return values.reshape(shape)

    def scales(self, outputs):
        return self.take("<i4", outputs), self.take("i1", outputs)

    def linear(self, inputs, outputs):
        multipliers, shifts = self.scales(outputs)
        panels = self.take("i1", outputs // 16, inputs // 4, 16, 4)
        return panels.transpose(0, 2, 1, 3).reshape(outputs, inputs), multipliers, shifts


def linear(layer, x, bits):
    weight, multipliers, shifts = layer
    return clamp(rescale(weight @ x, multipliers, shifts), bits)


def normalise(x, weight):
    root = math.isqrt((int((x * x).sum()) // len(x) + 3) << 16)
    return clamp(rounded(rounded(x * ((1 << 44) // root), 18) * weight, 30))


class Model:
    def __init__(self, blob, shape):
        self.s, read = shape, Reader(blob)
        s, row, key_row = shape, shape.heads * shape.head_dim, shape.kv_heads * shape.head_dim
        self.embedding = read.scales(s.vocab)
        self.layers = []
        for _ in range(s.layers):
            layer = {"attention_norm": read.take("<i4", s.width),
                     "q": read.linear(s.width, row), "k": read.linear(s.width, key_row),
                     "v": read.linear(s.width, key_row)}
            layer["scales"] = [int(read.take(kind, 1)[0]) for kind in ("<u4", "<i4", "<i4")]
            layer["out"] = read.linear(row, s.width)
            layer["ffn_norm"] = read.take("<i4", s.width)
            layer["gate"], layer["up"] = (read.linear(s.width, s.hidden) for _ in range(2))
            layer["hidden"] = read.take("<i4", 1)[0], read.take("<i4", 1)[0]
            layer["down"] = read.linear(s.hidden, s.width)
            self.layers.append(layer)
        self.norm = read.take("<i4", s.width)
        self.output = read.linear(s.width, s.vocab)
        self.turns = read.take("<i2", s.context, s.head_dim // 2, 2)
        self.silu = read.take("<i2", 514)
        assert read.at == len(blob)
        self.clear()

    def clear(self):
        self.keys = [[] for _ in self.layers]
        self.values = [[] for _ in self.layers]

    def turned(self, x, position):
        low, high_half = np.split(x, 2, axis=-1)
        cosine, sine = self.turns[position].T
        both = (low * cosine - high_half * sine, low * sine + high_half * cosine)
        return clamp(rounded(np.concatenate(both, -1), 22))

    def attention(self, i, x):
        s, layer, position = self.s, self.layers[i], len(self.keys[i])
        q = self.turned(linear(layer["q"], x, 16).reshape(s.heads, -1), position)
        k = self.turned(linear(layer["k"], x, 16).reshape(s.kv_heads, -1), position)
        self.keys[i].append(k)
        self.values[i].append(linear(layer["v"], x, 8).reshape(s.kv_heads, -1))
        keys, values = np.stack(self.keys[i], 1), np.stack(self.values[i], 1)
        group = s.heads // s.kv_heads
        heads = [attend(q[h], keys[h // group], values[h // group], layer["scales"])
                 for h in range(s.heads)]
        return linear(layer["out"], np.concatenate(heads), 16)

    def feed_forward(self, layer, x):
        gate, up = linear(layer["gate"], x, 16), linear(layer["up"], x, 16)
        at, rest = (gate + 32768) >> 7, (gate + 32768) & 127
        silu = self.silu[at] + rounded((self.silu[at + 1] - self.silu[at]) * rest, 7)
        return linear(layer["down"], clamp(rescale(silu * up, *layer["hidden"])), 16)

    def step(self, token):
        """The logits after it."""
        x = rescale(self.output[0][token], self.embedding[0][token], self.embedding[1][token])
        for i, layer in enumerate(self.layers):
            x = x + self.attention(i, normalise(x, layer["attention_norm"]))
            x = x + self.feed_forward(layer, normalise(x, layer["ffn_norm"]))
        return linear(self.output, normalise(x, self.norm), 16)


def continued(model, prompt, count, seed):
    """The prompt and `count` bytes more, as examples/tinylm/writer.h adds them."""
    octaves = math.floor(SAMPLED_OCTAVES + 0.5)
    text, begin, read = list(prompt), 0, 0
    for _, uniform in zip(range(count), tinylm.uniforms(seed)):
        if len(text) - begin == model.s.context:
            begin = read = len(text) - model.s.context // 2
            model.clear()
        for token in text[read:]:
            logits = model.step(token)
        read = len(text)
        below = np.cumsum(weights_of(logits.max() - logits, octaves))
        target = (int(below[-1]) * int(uniform * 2**24)) >> 24
        text.append(int(np.argmax(target < below)))
    return bytes(text)


def hash_of(logits):
    """FNV-1a over the logits as float32, as tests/golden/check.h has it."""
    value = 0xCBF29CE484222325
    for word in np.concatenate(logits).astype("<f4").view("<u4").tolist():
        value = ((value ^ word) * 0x100000001B3) % 2**64
    return value


def generate(directory, weights):
    sys.path.insert(0, str(tinylm.EXAMPLE))
    import pack_integer
    import train

    ranges = json.loads((tinylm.EXAMPLE / "ranges.json").read_text())
    blob = pack_integer.packed(pathlib.Path(weights).read_bytes(), ranges)
    model = Model(blob, train.Shape())
    text = continued(model, tinylm.WRITTEN_PROMPT, tinylm.WRITTEN_BYTES, 1)
    (pathlib.Path(directory) / "tinylm_integer_text.txt").write_bytes(text)
    model.clear()
    value = hash_of([model.step(token) for token in tinylm.TEXT])
    table.write(directory, "tinylm_integer.inc",
                f"{table.HEADER}// {NOTE}\n"
                f"constexpr uint64_t kTinylmIntegerHash = 0x{value:016x}u;\n")
