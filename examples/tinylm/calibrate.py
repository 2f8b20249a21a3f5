#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Measures how large tinylm's tensors become, for pack_integer.py: integers have fixed scales.

    python3 calibrate.py --text corpus.txt tinylm.bin ranges.json

The largest magnitude of each tensor, over the first 128 windows of the text, which are among
what the model has learned from.  It needs PyTorch.
"""

import argparse
import json
import pathlib

import torch
from torch.nn import functional as F

import train
import weights_file

WINDOWS = 128


class Ranges(dict):
    def see(self, name, tensor):
        self[name] = max(self.get(name, 0.0), tensor.abs().max().item())
        return tensor


def attention(ranges, model, i, x):
    s, a, (batch, tokens, _) = model.s, model.layers[i].attention, x.shape
    cos, sin = model.cos[:tokens], model.sin[:tokens]

    def heads(row, count):
        return row.view(batch, tokens, count, s.head_dim).transpose(1, 2)

    q = ranges.see(f"{i}.q", train.rotate(heads(a.wq(x), s.heads), cos, sin))
    k = ranges.see(f"{i}.k", train.rotate(heads(a.wk(x), s.kv_heads), cos, sin))
    v = ranges.see(f"{i}.v", heads(a.wv(x), s.kv_heads))
    group = s.heads // s.kv_heads
    out = F.scaled_dot_product_attention(
        q, k.repeat_interleave(group, 1), v.repeat_interleave(group, 1), is_causal=True)
    return a.wo(ranges.see(f"{i}.heads", out.transpose(1, 2).reshape(batch, tokens, -1)))


def measure(ranges, model, tokens):
    x = model.embedding(tokens)
    for i, layer in enumerate(model.layers):
        normed = ranges.see(f"{i}.attention_norm", layer.attention_norm(x))
        x = x + ranges.see("branch", attention(ranges, model, i, normed))
        normed = ranges.see(f"{i}.ffn_norm", layer.ffn_norm(x))
        gate = ranges.see("gate", layer.ffn.gate(normed))
        up = ranges.see("up", layer.ffn.up(normed))
        hidden = ranges.see(f"{i}.hidden", F.silu(gate) * up)
        x = x + ranges.see("branch", layer.ffn.down(hidden))
    ranges.see("logits", F.linear(ranges.see("norm", model.norm(x)), model.embedding.weight))


@torch.no_grad()
def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--text", required=True, type=pathlib.Path, metavar="FILE")
    parser.add_argument("weights", type=pathlib.Path, help="of float32")
    parser.add_argument("out", type=pathlib.Path, help="where the ranges go, as JSON")
    args = parser.parse_args()
    torch.set_num_threads(1)
    model = train.TinyLm().eval()
    weights_file.load(args.weights, model)
    context = model.s.context
    text = args.text.read_bytes()[: WINDOWS * context]
    ranges = Ranges()
    for window in torch.frombuffer(bytearray(text), dtype=torch.uint8).long().view(-1, context):
        measure(ranges, model, window[None])
    rounded = {name: float(f"{ranges[name]:.4g}") for name in sorted(ranges)}
    args.out.write_text(json.dumps(rounded, indent=1) + "\n")


if __name__ == "__main__":
    main()
