#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""examples/tinylm/pack_weights.py on the committed weights, and on damaged ones."""

import os
import struct
import sys
import unittest

sys.dont_write_bytecode = True
TINYLM = os.path.join(os.path.dirname(__file__), '..', 'examples', 'tinylm')
sys.path.insert(0, TINYLM)
import pack_weights  # noqa: E402

INT8_CHECKSUM = 0x64ade53adbae47c0


def committed():
    with open(os.path.join(TINYLM, 'tinylm.bin'), 'rb') as file:
        return file.read()


class PackWeightsTest(unittest.TestCase):
    def test_rounds_every_weight_to_the_nearest(self):
        blob = committed()
        packed = pack_weights.packed(blob)
        self.assertEqual(len(packed), 128 + (len(blob) - 128) // 2)
        self.assertEqual(struct.unpack_from('<IIQ', packed, 8), (2, 128, len(packed)))
        self.assertEqual(packed[32:128], blob[32:128])
        floats = [value for value, in struct.iter_unpack('<f', blob[128:])]
        halves = [value for value, in struct.iter_unpack('<e', packed[128:])]
        for exact, rounded in zip(floats, halves):
            self.assertLessEqual(abs(exact - rounded), max(abs(exact) * 2**-11, 2**-25))

    def test_the_checksum_is_that_of_its_words(self):
        packed = pack_weights.packed(committed())
        value = 0xCBF29CE484222325
        for at, (word,) in enumerate(struct.iter_unpack('<I', packed)):
            value = ((value ^ (0 if at in (6, 7) else word)) * 0x100000001B3) % 2**64
        self.assertEqual(struct.unpack_from('<Q', packed, 24)[0], value)

    def test_quantises_every_layer_to_int8(self):
        blob = committed()
        packed = pack_weights.quantised(blob)
        self.assertEqual(struct.unpack_from('<IIQ', packed, 8), (3, 128, len(packed)))
        self.assertEqual(packed[32:128], blob[32:128])
        # tinylm_test has the same one, of what PackLinearInt8 makes.
        self.assertEqual(struct.unpack_from('<Q', packed, 24)[0], INT8_CHECKSUM)

    def test_an_int8_layer_is_worth_its_floats(self):
        inputs, outputs = 8, 32
        rows = [[(-1) ** i * (o + 1) * (i + 1) / 7 for i in range(inputs)] for o in range(outputs)]
        rows[5] = [0.0] * inputs
        floats = [rows[p * 16 + o][i] for p in range(2) for i in range(inputs) for o in range(16)]
        layer = pack_weights.quantised_layer(floats, inputs, outputs)
        scales = struct.unpack_from(f'<{outputs}f', layer)
        panels = struct.unpack_from(f'{inputs * outputs}b', layer, 4 * outputs)
        for o, row in enumerate(rows):
            for i, value in enumerate(row):
                at = (o // 16 * inputs + i // 4 * 4) * 16 + o % 16 * 4 + i % 4
                self.assertLessEqual(abs(panels[at] * scales[o] - value), scales[o] * 0.5001)
            self.assertEqual(abs(panels[(o // 16 * inputs + 4) * 16 + o % 16 * 4 + 3]),
                             0 if o == 5 else 127)

    def refuse(self, message, blob):
        for pack in (pack_weights.packed, pack_weights.quantised):
            with self.assertRaisesRegex(ValueError, message):
                pack(blob)

    def test_refuses_what_is_no_whole_file(self):
        blob = committed()
        self.refuse('not a tinylm weights file', b'')
        self.refuse('not a tinylm weights file', b'x' + blob[1:])
        self.refuse('truncated', blob[:-4])
        self.refuse('corrupt', blob[:-1] + bytes([blob[-1] ^ 1]))
        self.refuse('not float32', pack_weights.packed(blob))

    def test_refuses_what_float16_cannot_hold(self):
        blob = bytearray(committed())
        struct.pack_into('<f', blob, 128, 1e6)
        struct.pack_into('<Q', blob, 24, pack_weights.checksum(blob))
        with self.assertRaisesRegex(ValueError, 'too large'):
            pack_weights.packed(bytes(blob))

    def test_refuses_what_is_not_finite(self):
        blob = bytearray(committed())
        struct.pack_into('<f', blob, len(blob) - 4, float('inf'))
        struct.pack_into('<Q', blob, 24, pack_weights.checksum(blob))
        with self.assertRaisesRegex(ValueError, 'not finite'):
            pack_weights.quantised(bytes(blob))


if __name__ == '__main__':
    unittest.main()
