# SPDX-License-Identifier: Apache-2.0
"""OpenBLAS: the composition that the benchmarks' sweep compares with."""

import ctypes

import numpy as np

import cases


def sizes(*values):
    return map(ctypes.c_size_t, values)


def pointers(*arrays):
    return (ctypes.c_void_p(array.ctypes.data) for array in arrays)


class Peer:
    name = "OpenBLAS"

    def __init__(self, library):
        self.c = ctypes.CDLL(library)
        for name in ("prepare", "version"):
            getattr(self.c, "openblas_peer_" + name).restype = ctypes.c_char_p
        for name in ("attention", "module"):
            getattr(self.c, "openblas_peer_" + name).restype = ctypes.c_void_p
        self.kernels = self.c.openblas_peer_prepare().decode()

    def version(self):
        number = self.c.openblas_peer_version().decode().split()[1]
        return f"{number} ({self.kernels})"

    def calls(self, case, given):
        """(form, call, the result after it) of each way to compute the case."""
        if isinstance(case, cases.Module) and case.int8:
            return
        form = (
            "sgemm" if isinstance(case, cases.Module) or case.queries > 1 else "sgemv"
        )
        if isinstance(case, cases.Module):
            out = np.empty_like(given.x)
            shape = sizes(case.tokens, case.dim, case.heads)
            made = self.c.openblas_peer_module(*shape, *pointers(*given, out))
            run = self.c.openblas_peer_run_module
        else:
            out = np.empty_like(given.q)
            queries = case.queries * case.heads // case.kv_heads
            shape = sizes(case.kv_heads, queries, case.keys, case.dim)
            causal = ctypes.c_int(case.causal)
            made = self.c.openblas_peer_attention(
                *shape, causal, *pointers(*given, out)
            )
            run = self.c.openblas_peer_attend
        argument = ctypes.c_void_p(made)

        def call():
            run(argument)

        call.memory = [given, out]
        yield form, call, lambda: out
