#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""examples/tinylm/pack_integer.py on the committed weights and ranges."""

import json
import os
import struct
import sys
import unittest

sys.dont_write_bytecode = True
TINYLM = os.path.join(os.path.dirname(__file__), '..', 'examples', 'tinylm')
sys.path.insert(0, TINYLM)
import pack_integer  # noqa: E402


def committed():
    with open(os.path.join(TINYLM, 'tinylm.bin'), 'rb') as file:
        blob = file.read()
    with open(os.path.join(TINYLM, 'ranges.json'), encoding='utf-8') as file:
        return blob, json.load(file)


class PackIntegerTest(unittest.TestCase):
    def test_the_file_is_the_same_everywhere(self):
        blob, ranges = committed()
        packed = pack_integer.packed(blob, ranges)
        self.assertEqual(struct.unpack_from('<IIQ', packed, 8), (4, 128, 869588))
        self.assertEqual(len(packed), 869588)
        self.assertEqual(packed[32:128], blob[32:128])
        self.assertEqual(struct.unpack_from('<Q', packed, 24)[0], CHECKSUM)

    def test_a_ratio_is_its_multiplier_and_shift(self):
        for ratio in (1.0, 0.5, 0.7, 1e-6, 3.0, 1e8, 2.0**-32, 1 - 2.0**-40):
            multiplier, shift = pack_integer.multiplier(ratio)
            self.assertTrue(2**30 <= multiplier < 2**31)
            self.assertAlmostEqual(multiplier * 2.0 ** (shift - 31) / ratio, 1, delta=2.0**-30)
        for ratio in (2.0**-33, 2.0**30):
            with self.assertRaisesRegex(ValueError, 'does not fit'):
                pack_integer.multiplier(ratio)

    def test_silu_is_a_table(self):
        self.assertEqual(pack_integer.silu(256), 0)
        self.assertEqual(pack_integer.silu(0), 0)
        self.assertEqual(pack_integer.silu(512), 32767)
        self.assertEqual(pack_integer.silu(256 + 16), round(0.7310585786 * 2048))

    def test_refuses_a_damaged_file(self):
        blob, ranges = committed()
        with self.assertRaisesRegex(ValueError, 'corrupt'):
            pack_integer.packed(blob[:-1] + bytes([blob[-1] ^ 1]), ranges)


CHECKSUM = 0xc67c96d805912e3d

if __name__ == '__main__':
    unittest.main()
