#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Rounds a tinylm weights file to float16: half of the size, for a download or a small flash.

    python3 pack_weights.py tinylm.bin tinylm-float16.bin

Each weight is rounded to nearest even; one too large for float16 is refused, as is a damaged
file, and then nothing is written.  The layout is described in weights_file.py.
"""

import argparse
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


def packed(blob):
    """The float16 file of a float32 one."""
    check(blob)
    count = (len(blob) - weights_file.HEADER_BYTES) // 4
    values = struct.unpack_from(f"<{count}f", blob, weights_file.HEADER_BYTES)
    try:
        body = struct.pack(f"<{count}e", *values)
    except OverflowError:
        raise ValueError("a weight is too large for float16") from None
    result = bytearray(blob[: weights_file.HEADER_BYTES]) + body
    struct.pack_into("<I", result, VERSION_AT, 2)
    struct.pack_into("<Q", result, BYTES_AT, len(result))
    struct.pack_into("<Q", result, CHECKSUM_AT, checksum(result))
    return bytes(result)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("source", type=pathlib.Path, help="weights of float32")
    parser.add_argument("target", type=pathlib.Path, help="where the float16 ones go")
    args = parser.parse_args()
    try:
        args.target.write_bytes(packed(args.source.read_bytes()))
    except (OSError, ValueError) as error:
        sys.exit(f"pack_weights: {args.source}: {error}")


if __name__ == "__main__":
    main()
