#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes the weights of tinylm in integers alone, for a core without a floating-point unit.

    python3 pack_integer.py tinylm.bin ranges.json tinylm-integer.bin

Weights are those of pack_weights.py --int8; what flows between the layers has the fixed scales
that ranges.json (calibrate.py) asks for.  The layout is that of IntegerFile in
integer_weights.h, behind the header that weights_file.py describes, of version 4.
"""

import argparse
import json
import math
import pathlib
import struct
import sys

import pack_weights
import weights_file

# Steps of 1, as powers of two: the residual stream, logits, both sides of the gate; and how
# fine the sines, the table of SiLU and the weights of a norm are.
RESIDUAL, LOGIT, GATE, SINE, NORM = 9, 10, 11, 14, 12
SILU_STEPS = 512  # from -16 to 16
# Of a tensor's largest magnitude, what int8 reaches to: the rest is rare, and clamping it
# costs less than coarser steps for all.
REACH = 0.8


def fields(form, values):
    return struct.pack(f"<{len(values)}{form}", *values)


def multiplier(ratio):
    """ratio = multiplier * 2^(shift - 31), as MakeIntegerScales has it."""
    fraction, shift = math.frexp(ratio)
    rounded = math.floor(fraction * 2**31 + 0.5)
    if rounded == 2**31:
        rounded, shift = 2**30, shift + 1
    if not -31 <= shift <= 30:
        raise ValueError(f"a ratio of scales that does not fit: {ratio}")
    return rounded, shift


def multipliers(ratios):
    both = [multiplier(ratio) for ratio in ratios]
    return fields("i", [m for m, _ in both]) + fields("b", [s for _, s in both])


class Packer:
    def __init__(self, blob, ranges):
        self.ranges = ranges
        values = pack_weights.weights(blob)
        self.tensors, at = [], 0
        for inputs, outputs in pack_weights.shapes(blob):
            size = inputs * max(outputs, 1)
            self.tensors.append((values[at : at + size], inputs, outputs))
            at += size
        self.next = 1  # the embedding stands apart

    def step(self, name):
        """What 1 of an int8 tensor is worth."""
        return self.ranges[name] * REACH / 127

    def linear(self, x, y, tensor=None):
        """From steps of x to steps of y."""
        if tensor is None:
            tensor = self.tensors[self.next]
            self.next += 1
        _, inputs, outputs = tensor
        packed = pack_weights.quantised_layer(*tensor)
        scales = struct.unpack_from(f"<{outputs}f", packed)
        return multipliers([x * scale / y for scale in scales]) + packed[4 * outputs :]

    def norm(self, y):
        weights, _, _ = self.tensors[self.next]
        self.next += 1
        return fields("i", [round(w / y * 2**NORM) for w in weights])

    def embedding(self):
        tensor = self.tensors[0]
        packed = pack_weights.quantised_layer(*tensor)
        scales = struct.unpack_from(f"<{tensor[2]}f", packed)
        return multipliers([scale * 2**RESIDUAL for scale in scales])

    def layer(self, i, head_dim):
        q, k, v, heads = (self.step(f"{i}.{name}") for name in ("q", "k", "v", "heads"))
        normed, hidden = self.step(f"{i}.attention_norm"), self.step(f"{i}.hidden")
        body = self.norm(normed)
        # 16 bits before their positions turn them.
        body += self.linear(normed, q / 256) + self.linear(normed, k / 256)
        body += self.linear(normed, v)
        octaves = q * k / math.sqrt(head_dim) / math.log(2)
        output, shift = multiplier(v / heads)
        body += struct.pack("<Iii", math.floor(octaves * 2**31 + 0.5), output, shift)
        body += self.linear(heads, 2.0**-RESIDUAL)
        normed = self.step(f"{i}.ffn_norm")
        body += self.norm(normed)
        body += self.linear(normed, 2.0**-GATE) + self.linear(normed, 2.0**-GATE)
        body += struct.pack("<ii", *multiplier(2.0 ** (-2 * GATE) / hidden))
        return body + self.linear(hidden, 2.0**-RESIDUAL)

    def file(self, context, layers, head_dim, rope_base):
        body = self.embedding()
        for i in range(layers):
            body += self.layer(i, head_dim)
        normed = self.step("norm")
        body += self.norm(normed)
        body += self.linear(normed, 2.0**-LOGIT, self.tensors[0])
        for position in range(context):
            for i in range(head_dim // 2):
                angle = position * rope_base ** (-2 * i / head_dim)
                body += fields("h", [round(math.cos(angle) * 2**SINE),
                                     round(math.sin(angle) * 2**SINE)])
        return body + fields("h", [silu(i) for i in range(SILU_STEPS + 2)])


def silu(step):
    x = 32 * (step / SILU_STEPS) - 16
    return min(round(x / (1 + math.exp(-x)) * 2**GATE), 2**15 - 1)


def packed(blob, ranges):
    """The file of integers of a float32 one."""
    pack_weights.check(blob)
    shape = struct.unpack_from("<8I", blob, weights_file.SHAPE_AT)
    base, = struct.unpack_from("<f", blob, weights_file.SHAPE_AT + 32)
    body = Packer(blob, ranges).file(shape[6], shape[1], shape[5], base)
    return pack_weights.sealed(4, blob, body)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("source", type=pathlib.Path, help="weights of float32")
    parser.add_argument("ranges", type=pathlib.Path, help="what calibrate.py has measured")
    parser.add_argument("target", type=pathlib.Path, help="where the integers go")
    args = parser.parse_args()
    try:
        ranges = json.loads(args.ranges.read_text())
        args.target.write_bytes(packed(args.source.read_bytes(), ranges))
    except (OSError, ValueError, KeyError) as error:
        sys.exit(f"pack_integer: {args.source}: {error}")


if __name__ == "__main__":
    main()
