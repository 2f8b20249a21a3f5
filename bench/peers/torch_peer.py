# SPDX-License-Identifier: Apache-2.0
"""PyTorch: scaled_dot_product_attention and nn.MultiheadAttention."""

import torch
import torch.nn.functional as F

import cases


class Peer:
    name = "PyTorch"

    def __init__(self):
        torch.set_num_threads(1)

    def version(self):
        return torch.__version__

    def calls(self, case, given):
        """(form, call, the result after it) of each way to compute the case."""
        if isinstance(case, cases.Module):
            yield self.module(case, given)
        else:
            yield self.attention(case, given)

    def attention(self, case, given):
        q, k, v = map(torch.from_numpy, given)
        grouped = case.heads != case.kv_heads
        result = []

        def call():
            with torch.inference_mode():
                result[:] = [
                    F.scaled_dot_product_attention(
                        q, k, v, is_causal=case.causal, enable_gqa=grouped
                    )
                ]

        return "scaled_dot_product_attention", call, lambda: result[0].numpy()

    def module(self, case, given):
        module = torch.nn.MultiheadAttention(case.dim, case.heads, batch_first=True)
        weights = {
            "in_proj_weight": given.in_proj_weight,
            "in_proj_bias": given.in_proj_bias,
            "out_proj.weight": given.out_proj_weight,
            "out_proj.bias": given.out_proj_bias,
        }
        module.load_state_dict({n: torch.from_numpy(w) for n, w in weights.items()})
        module.eval()
        x = torch.from_numpy(given.x)
        result = []

        def call():
            with torch.inference_mode():
                result[:] = module(x, x, x, need_weights=False)[:1]

        return "nn.MultiheadAttention", call, lambda: result[0].numpy()
