# SPDX-License-Identifier: Apache-2.0
"""fovea in place of PyTorch's scaled_dot_product_attention on a CPU, timed
beside it.

    python sdpa.py LIBRARY

Fails where the two differ by more than a float's rounding explains.
"""

import sys
import time

import torch
import torch.nn.functional as F

import fovea


def scaled_dot_product_attention(library):
    """A function with the arguments of PyTorch's, for float32 without gradients."""

    def sdpa(q, k, v, attn_mask=None, dropout_p=0.0, is_causal=False, scale=None):
        assert dropout_p == 0.0, "no dropout outside of training"
        arrays = (x.detach().numpy() for x in (q, k, v))
        mask = None if attn_mask is None else attn_mask.numpy()
        out = library.attention(*arrays, attn_mask=mask, is_causal=is_causal, scale=scale)
        return torch.from_numpy(out)

    return sdpa


def best_of(function, seconds=0.5):
    """The least time of a call."""
    best, end = float("inf"), time.perf_counter() + seconds
    while time.perf_counter() < end:
        start = time.perf_counter()
        function()
        best = min(best, time.perf_counter() - start)
    return best


def main():
    torch.set_num_threads(1)
    library = fovea.Library(sys.argv[1])
    sdpa = scaled_dot_product_attention(library)
    print(f"{library.target()}, one thread    fovea us  PyTorch us  difference")
    for heads, tokens, dim, causal in ((8, 512, 64, True), (8, 512, 64, False), (4, 64, 32, False)):
        q, k, v = (torch.randn(1, heads, tokens, dim) for _ in range(3))
        ours = best_of(lambda: sdpa(q, k, v, is_causal=causal))
        theirs = best_of(lambda: F.scaled_dot_product_attention(q, k, v, is_causal=causal))
        exact = F.scaled_dot_product_attention(
            q.double(), k.double(), v.double(), is_causal=causal
        )
        error = (sdpa(q, k, v, is_causal=causal) - exact).abs().max()
        name = f"{heads} x {tokens} x {dim}{', causal' if causal else ''}"
        print(f"{name:<22}{ours * 1e6:13.1f}{theirs * 1e6:12.1f}    {error:.1e}")
        if not error < 1e-5:
            sys.exit("fovea differs from PyTorch")


if __name__ == "__main__":
    main()
