#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes a tinylm weights file smaller, for a download or a small flash: float16 is half of
the size, int8 a quarter.

    python3 pack_weights.py tinylm.bin tinylm-float16.bin
    python3 pack_weights.py --int8 tinylm.bin tinylm-int8.bin

float16: each weight is rounded to nearest even; one too large is refused.  int8: the linear
layers as PackLinearInt8 packs them (fovea/linear_int8.h), a scale for each output; norms stay
float32.  A damaged file is refused, and then nothing is written.  The layout is described in
weights_file.py.
"""

import argparse
import math
import pathlib
import struct
import sys

import weights_file

VERSION_AT, BYTES_AT, CHECKSUM_AT = 8, 16, 24


def check(blob):
    """Raises ValueError unless blob is a whole float32 weights file."""
    if len(blob) < weights_file.HEADER_BYTES or blob[:8] != b"fovealm\0":
        raise ValueError("not a tinylm weights file")
    if struct.unpack_from("<I", blob, VERSION_AT)[0] != 1:
        raise ValueError("its weights are not float32")
    if struct.unpack_from("<Q", blob, BYTES_AT)[0] != len(blob):
        raise ValueError("truncated, or longer than its header says")
    if struct.unpack_from("<Q", blob, CHECKSUM_AT)[0] != checksum(blob):
        raise ValueError("corrupt (checksum differs)")


def checksum(blob):
    cleared = bytearray(blob)
    struct.pack_into("<Q", cleared, CHECKSUM_AT, 0)
    return weights_file.checksum(cleared)


def sealed(version, blob, body):
    """The header of `blob` and another body, with what it says of it."""
    result = bytearray(blob[: weights_file.HEADER_BYTES]) + body
    struct.pack_into("<I", result, VERSION_AT, version)
    struct.pack_into("<Q", result, BYTES_AT, len(result))
    struct.pack_into("<Q", result, CHECKSUM_AT, checksum(result))
    return bytes(result)


def weights(blob):
    """All the floats of a float32 file."""
    check(blob)
    count = (len(blob) - weights_file.HEADER_BYTES) // 4
    return struct.unpack_from(f"<{count}f", blob, weights_file.HEADER_BYTES)


def packed(blob):
    """The float16 file of a float32 one."""
    values = weights(blob)
    try:
        body = struct.pack(f"<{len(values)}e", *values)
    except OverflowError:
        raise ValueError("a weight is too large for float16") from None
    return sealed(2, blob, body)


def shapes(blob):
    """(inputs, outputs) of each tensor in the order of the file, outputs 0 for a vector."""
    vocab, layers, width, heads, kv_heads, head_dim, _, hidden = struct.unpack_from(
        "<8I", blob, weights_file.SHAPE_AT)
    yield width, vocab
    for _ in range(layers):
        yield width, 0
        yield width, heads * head_dim
        yield width, kv_heads * head_dim
        yield width, kv_heads * head_dim
        yield heads * head_dim, width
        yield width, 0
        yield width, hidden
        yield width, hidden
        yield hidden, width
    yield width, 0


def float32(values):
    """Rounded once: products and quotients of two floats in double lose nothing by it."""
    form = f"<{len(values)}f"
    return struct.unpack(form, struct.pack(form, *values))


def quantised_row(row):
    """A scale and entries from -127 to 127, as fovea/quantise.h gives them."""
    most = max(max(map(abs, row)), 2.0**-100)
    inverse, scale = float32([127 / most, most / 127])
    return scale, [round(x) for x in float32([w * inverse for w in row])]


def quantised_layer(panels, inputs, outputs):
    """[outputs/16][inputs][16] to scales [outputs] and [outputs/16][inputs/4][16][4]."""
    scales, entries = [], bytearray(inputs * outputs)
    for output in range(outputs):
        panel, column = divmod(output, 16)
        first = panel * 16 * inputs
        scale, row = quantised_row(panels[first + column : first + 16 * inputs : 16])
        scales.append(scale)
        for i in range(4):
            start = first + 4 * column + i
            entries[start : first + 16 * inputs : 64] = bytes(x & 255 for x in row[i::4])
    return struct.pack(f"<{outputs}f", *scales) + entries


def quantised(blob):
    """The int8 file of a float32 one."""
    values = weights(blob)
    if not all(map(math.isfinite, values)):
        raise ValueError("a weight is not finite")
    body, at = bytearray(), 0
    for inputs, outputs in shapes(blob):
        size = inputs * max(outputs, 1)
        tensor = values[at : at + size]
        at += size
        if outputs:
            body += quantised_layer(tensor, inputs, outputs)
        else:
            body += struct.pack(f"<{size}f", *tensor)
    assert at == len(values)
    return sealed(3, blob, body)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n", maxsplit=1)[0])
    parser.add_argument("source", type=pathlib.Path, help="weights of float32")
    parser.add_argument("target", type=pathlib.Path, help="where the smaller ones go")
    parser.add_argument("--int8", action="store_true", help="int8 instead of float16")
    args = parser.parse_args()
    try:
        pack = quantised if args.int8 else packed
        args.target.write_bytes(pack(args.source.read_bytes()))
    except (OSError, ValueError) as error:
        sys.exit(f"pack_weights: {args.source}: {error}")


if __name__ == "__main__":
    main()
