# SPDX-License-Identifier: Apache-2.0
"""The ctypes binding of examples/python against NumPy in float64.

    python python_binding_test.py LIBRARY
"""

import pathlib
import sys
import unittest

try:
    import numpy as np
except ImportError as error:
    print(f"skipped: {error}")
    sys.exit(77)

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "examples" / "python"))

import fovea  # noqa: E402

HEADS, KV_HEADS, TOKENS, DIM, VALUE_DIM = 6, 2, 75, 24, 40

# How far off each may be: a step of its element, or of its arithmetic.
ELEMENTS = {"float32": 2e-6, "bfloat16": 2e-2, "float16": 2e-3, "int8": 4e-2}
ARITHMETICS = {"int8_scores": 4e-2, "int8": 6e-2}


def expected(q, k, v, bias=0.0):
    """softmax(q k' / sqrt(dim) + bias) v in float64."""
    q, k, v = (np.asarray(x, np.float64) for x in (q, k, v))
    group = q.shape[1] // k.shape[1]
    k, v = np.repeat(k, group, axis=1), np.repeat(v, group, axis=1)
    scores = q @ k.swapaxes(2, 3) / np.sqrt(q.shape[3]) + bias
    weights = np.exp(scores - scores.max(axis=3, keepdims=True))
    return weights / weights.sum(axis=3, keepdims=True) @ v


class PythonBinding(unittest.TestCase):
    def setUp(self):
        self.library = fovea.Library(LIBRARY)
        random = np.random.default_rng(5)
        self.q, self.k, self.v = (
            random.standard_normal((1, heads, TOKENS, dim)).astype(np.float32)
            for heads, dim in ((HEADS, DIM), (KV_HEADS, DIM), (KV_HEADS, VALUE_DIM))
        )
        self.future = np.triu(np.full((TOKENS, TOKENS), -np.inf), 1)
        self.causal = expected(self.q, self.k, self.v, self.future)

    def near(self, out, reference, most):
        self.assertLess(np.abs(out - reference).max(), most)

    def test_attention_is_that_of_float64(self):
        out = self.library.attention(self.q, self.k, self.v, is_causal=True)
        self.near(out, self.causal, ELEMENTS["float32"])
        # The same of masks, and of [token][head][dim].
        tensors = [np.ascontiguousarray(x.swapaxes(1, 2)) for x in (self.q, self.k, self.v)]
        for mask in self.future == 0, self.future:
            masked = self.library.attention(*(x.swapaxes(1, 2) for x in tensors), attn_mask=mask)
            self.near(masked, self.causal, ELEMENTS["float32"])

    def test_a_mask_broadcasts_over_keys(self):
        plain = self.library.attention(self.q, self.k, self.v)
        column = np.linspace(-2, 2, TOKENS, dtype=np.float32).reshape(TOKENS, 1)
        for mask in np.ones((TOKENS, 1), bool), column, np.True_, np.float32(0):
            out = self.library.attention(self.q, self.k, self.v, attn_mask=mask)
            self.near(out, plain, ELEMENTS["float32"])
        cache = self.library.cache(KV_HEADS, DIM, VALUE_DIM, TOKENS)
        cache.append(self.k[:, :, :40], self.v[:, :, :40])
        new = self.q[:, :, 40:], self.k[:, :, 40:], self.v[:, :, 40:]
        out = cache.step(*new, is_causal=True, attn_mask=column[40:])
        self.near(out, self.causal[:, :, 40:], ELEMENTS["float32"])
        out = cache.attend(self.q, attn_mask=column)
        self.near(out, plain, ELEMENTS["float32"])

    def test_strides_of_any_kind(self):
        shared = np.broadcast_to(self.k[:, :1], self.k.shape)
        out = self.library.attention(self.q, shared, self.v)
        self.near(out, expected(self.q, shared, self.v), ELEMENTS["float32"])
        # A last axis of one, in fields that are not multiples of 4 bytes apart.
        fields = np.zeros((1, KV_HEADS, TOKENS, 1), [("v", "<f4"), ("other", "u1")])
        fields["v"] = self.v[..., :1]
        out = self.library.attention(self.q, self.k, fields["v"])
        self.near(out, expected(self.q, self.k, self.v[..., :1]), ELEMENTS["float32"])
        angles = np.linspace(0, 3, TOKENS * DIM // 2).reshape(1, TOKENS, DIM // 2)
        turned = [
            self.library.rope(np.array(self.q, order=order), np.cos(angles), np.sin(angles))
            for order in "CF"
        ]
        np.testing.assert_array_equal(*turned)

    def test_attention_in_int8_is_near(self):
        for arithmetic, most in ARITHMETICS.items():
            with self.subTest(arithmetic):
                out = self.library.attention(
                    self.q, self.k, self.v, is_causal=True, arithmetic=arithmetic
                )
                self.near(out, self.causal, most)
                self.assertGreater(np.abs(out - self.causal).max(), 1e-3)  # not of float

    def test_a_cache_of_each_kind_steps(self):
        kinds = [(element, None, most) for element, most in ELEMENTS.items()]
        kinds += [("int8", name, most) for name, most in ARITHMETICS.items()]
        for element, arithmetic, most in kinds:
            with self.subTest(element=element, arithmetic=arithmetic):
                shape = KV_HEADS, DIM, VALUE_DIM, TOKENS, element, arithmetic
                whole, cut = self.library.cache(*shape), self.library.cache(*shape)
                out = whole.step(self.q, self.k, self.v, is_causal=True)
                self.near(out, self.causal, most)
                steps = [
                    cut.step(*(x[:, :, i:j] for x in (self.q, self.k, self.v)), is_causal=True)
                    for i, j in ((0, 1), (1, 40), (40, 41), (41, TOKENS))
                ]
                self.assertEqual(len(cut), TOKENS)
                np.testing.assert_array_equal(np.concatenate(steps, axis=2), out)
                last = cut.attend(self.q[:, :, -1:], is_causal=True, first_position=TOKENS - 1)
                np.testing.assert_array_equal(last, out[:, :, -1:])

    def test_what_is_refused_raises(self):
        with self.assertRaisesRegex(fovea.Error, "Unsupported"):
            self.library.attention(self.q[:, :5], self.k, self.v)
        cache = self.library.cache(KV_HEADS, DIM, VALUE_DIM, TOKENS)
        cache.append(self.k, self.v)
        with self.assertRaisesRegex(fovea.Error, "CacheFull"):
            cache.append(self.k[:, :, :1], self.v[:, :, :1])
        self.assertEqual(len(cache), TOKENS)
        with self.assertRaisesRegex(fovea.Error, "Unsupported"):
            self.library.cache(KV_HEADS, DIM, VALUE_DIM, TOKENS, "float32", "int8")


if __name__ == "__main__":
    LIBRARY = sys.argv.pop(1)
    unittest.main()
