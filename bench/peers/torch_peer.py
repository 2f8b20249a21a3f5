# SPDX-License-Identifier: Apache-2.0
"""PyTorch: scaled_dot_product_attention, nn.MultiheadAttention, and the latter's
linear layers quantised."""

import numpy as np
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
        if not isinstance(case, cases.Module):
            yield self.attention(case, given)
        elif case.int8:
            yield self.int8_module(case, given)
        else:
            yield self.module(case, given)

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

    def int8_module(self, case, given):
        module = torch.ao.quantization.quantize_dynamic(
            FourLinears(case, given).eval(), {torch.nn.Linear}, dtype=torch.qint8
        )
        x = torch.from_numpy(given.x)
        result = []

        def call():
            with torch.inference_mode():
                result[:] = [module(x)]

        return "quantize_dynamic", call, lambda: result[0].numpy()


class FourLinears(torch.nn.Module):
    """What nn.MultiheadAttention computes, of layers that can be quantised."""

    def __init__(self, case, given):
        super().__init__()
        self.heads = case.heads
        weights = np.split(given.in_proj_weight, 3) + [given.out_proj_weight]
        biases = np.split(given.in_proj_bias, 3) + [given.out_proj_bias]
        layers = []
        for weight, bias in zip(weights, biases):
            layer = torch.nn.Linear(case.dim, case.dim)
            state = {"weight": weight, "bias": bias}
            layer.load_state_dict({n: torch.from_numpy(a) for n, a in state.items()})
            layers.append(layer)
        self.q, self.k, self.v, self.out = layers

    def forward(self, x):
        def heads(layer):
            return layer(x).unflatten(2, (self.heads, -1)).transpose(1, 2)

        out = F.scaled_dot_product_attention(*map(heads, (self.q, self.k, self.v)))
        return self.out(out.transpose(1, 2).flatten(2))
