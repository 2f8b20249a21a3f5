#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Trains tinylm, the byte-level language model of this example, and writes its weights.

The model is a decoder-only transformer in today's usual shape: RMSNorm before each
block, rotary positions (half-split pairs), grouped-query attention, SwiGLU feed-forward,
and an output layer that shares the embedding's weights.  Training runs on one CPU core
in under an hour and gives the same weights for the same seed, PyTorch and thread count.

    python3 train.py --text corpus.txt --out tinylm.bin

The last tenth of the text is held out: the loss printed at the end, and written into the
file's header, is the mean over all of it, in nats per byte, in windows of the context's
length that do not overlap.  The file's layout is described in weights_file.py.
"""

import argparse
import dataclasses
import math
import pathlib
import time

import torch
from torch import nn
from torch.nn import functional as F

import weights_file


@dataclasses.dataclass(frozen=True)
class Shape:
    vocab: int = 256
    layers: int = 4
    width: int = 128
    heads: int = 4
    kv_heads: int = 2
    head_dim: int = 32
    context: int = 256
    hidden: int = 384
    rope_base: float = 10000.0
    norm_eps: float = 1e-5


def rotate(x, cos, sin):
    """Rotary positions on half-split pairs: (x[i], x[i + dim/2]) turn by one angle."""
    low, high = x.chunk(2, dim=-1)
    return torch.cat((low * cos - high * sin, low * sin + high * cos), dim=-1)


class RmsNorm(nn.Module):
    def __init__(self, width, eps):
        super().__init__()
        self.eps = eps
        self.weight = nn.Parameter(torch.ones(width))

    def forward(self, x):
        return x * torch.rsqrt(x.square().mean(-1, keepdim=True) + self.eps) * self.weight


class Attention(nn.Module):
    def __init__(self, s):
        super().__init__()
        self.s = s
        self.wq = nn.Linear(s.width, s.heads * s.head_dim, bias=False)
        self.wk = nn.Linear(s.width, s.kv_heads * s.head_dim, bias=False)
        self.wv = nn.Linear(s.width, s.kv_heads * s.head_dim, bias=False)
        self.wo = nn.Linear(s.heads * s.head_dim, s.width, bias=False)

    def forward(self, x, cos, sin):
        s, (batch, tokens, _) = self.s, x.shape
        q = self.wq(x).view(batch, tokens, s.heads, s.head_dim).transpose(1, 2)
        k = self.wk(x).view(batch, tokens, s.kv_heads, s.head_dim).transpose(1, 2)
        v = self.wv(x).view(batch, tokens, s.kv_heads, s.head_dim).transpose(1, 2)
        q, k = rotate(q, cos, sin), rotate(k, cos, sin)
        group = s.heads // s.kv_heads
        k, v = k.repeat_interleave(group, 1), v.repeat_interleave(group, 1)
        out = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        return self.wo(out.transpose(1, 2).reshape(batch, tokens, -1))


class FeedForward(nn.Module):
    def __init__(self, s):
        super().__init__()
        self.gate = nn.Linear(s.width, s.hidden, bias=False)
        self.up = nn.Linear(s.width, s.hidden, bias=False)
        self.down = nn.Linear(s.hidden, s.width, bias=False)

    def forward(self, x):
        return self.down(F.silu(self.gate(x)) * self.up(x))


class Layer(nn.Module):
    def __init__(self, s, dropout):
        super().__init__()
        self.attention_norm = RmsNorm(s.width, s.norm_eps)
        self.attention = Attention(s)
        self.ffn_norm = RmsNorm(s.width, s.norm_eps)
        self.ffn = FeedForward(s)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x, cos, sin):
        x = x + self.dropout(self.attention(self.attention_norm(x), cos, sin))
        return x + self.dropout(self.ffn(self.ffn_norm(x)))


class TinyLm(nn.Module):
    def __init__(self, s=Shape(), dropout=0.0):
        super().__init__()
        self.s = s
        self.embedding = nn.Embedding(s.vocab, s.width)
        self.layers = nn.ModuleList(Layer(s, dropout) for _ in range(s.layers))
        self.norm = RmsNorm(s.width, s.norm_eps)
        # Angles in double: the C++ side reduces them exactly, so must the training.
        inverse = s.rope_base ** (
            -torch.arange(0, s.head_dim, 2, dtype=torch.float64) / s.head_dim
        )
        angles = torch.arange(s.context, dtype=torch.float64)[:, None] * inverse
        self.register_buffer("cos", angles.cos().float(), persistent=False)
        self.register_buffer("sin", angles.sin().float(), persistent=False)
        for name, p in self.named_parameters():
            if p.dim() == 2:
                residual = name.endswith(("wo.weight", "down.weight"))
                nn.init.normal_(
                    p, std=0.02 / math.sqrt(2 * s.layers) if residual else 0.02
                )

    def forward(self, tokens):
        x = self.embedding(tokens)
        cos, sin = self.cos[: tokens.shape[1]], self.sin[: tokens.shape[1]]
        for layer in self.layers:
            x = layer(x, cos, sin)
        return F.linear(self.norm(x), self.embedding.weight)


def held_out_loss(model, data):
    """Mean loss over every byte of `data` but the first, in nats."""
    was_training = model.training
    model.eval()
    window, total, count = model.s.context, 0.0, 0
    with torch.no_grad():
        for batch in torch.arange(0, len(data) - 1, window).split(32):
            starts = [int(b) for b in batch if int(b) + window < len(data)]
            if starts:
                x = torch.stack([data[b : b + window] for b in starts])
                y = torch.stack([data[b + 1 : b + 1 + window] for b in starts])
                total += F.cross_entropy(
                    model(x).flatten(0, 1), y.flatten(), reduction="sum"
                ).item()
                count += y.numel()
        rest = count  # the last window is shorter
        if len(data) - 1 > rest:
            x, y = data[rest:-1][None], data[rest + 1 :]
            total += F.cross_entropy(model(x)[0], y, reduction="sum").item()
            count += y.numel()
    model.train(was_training)
    return total / count


def learning_rate(step, steps, peak, warmup=100):
    if step < warmup:
        return peak * (step + 1) / warmup
    return peak * (0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * (step - warmup) / (steps - warmup))))


def train(args):
    torch.manual_seed(args.seed)
    torch.set_num_threads(args.threads)
    text = pathlib.Path(args.text).read_bytes()
    data = torch.frombuffer(bytearray(text), dtype=torch.uint8).long()
    split = len(data) * 9 // 10
    learn, held_out = data[:split], data[split:]

    model = TinyLm(dropout=args.dropout)
    s = model.s
    print(f"{sum(p.numel() for p in model.parameters())} parameters, "
          f"{len(learn)} bytes to learn from, {len(held_out)} held out", flush=True)
    decay = [p for p in model.parameters() if p.dim() == 2]
    plain = [p for p in model.parameters() if p.dim() != 2]
    optimizer = torch.optim.AdamW(
        [{"params": decay, "weight_decay": 0.1}, {"params": plain, "weight_decay": 0.0}],
        lr=args.lr, betas=(0.9, 0.98),
    )
    sampler = torch.Generator().manual_seed(args.seed)
    started = time.monotonic()
    for step in range(args.steps):
        for group in optimizer.param_groups:
            group["lr"] = learning_rate(step, args.steps, args.lr)
        at = torch.randint(len(learn) - s.context - 1, (args.batch,), generator=sampler)
        x = torch.stack([learn[i : i + s.context] for i in at])
        y = torch.stack([learn[i + 1 : i + 1 + s.context] for i in at])
        loss = F.cross_entropy(model(x).flatten(0, 1), y.flatten())
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        if step % args.report == 0 or step == args.steps - 1:
            print(f"step {step}  loss {loss.item():.4f}  "
                  f"held out {held_out_loss(model, held_out[: 64 * 1024]):.4f}  "
                  f"{time.monotonic() - started:.0f} s", flush=True)
    final = held_out_loss(model, held_out)
    print(f"held-out loss {final:.4f} nats per byte, over {len(held_out)} bytes")
    weights_file.save(args.out, model, final)
    print(f"wrote {args.out}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--text", required=True, metavar="FILE", help="the text to learn, any bytes")
    parser.add_argument("--out", default="tinylm.bin", metavar="FILE", help="weights (default %(default)s)")
    parser.add_argument("--steps", type=int, default=4000, help="default %(default)s")
    parser.add_argument("--batch", type=int, default=32, help="windows a step (default %(default)s)")
    parser.add_argument("--lr", type=float, default=3e-3, help="peak learning rate (default %(default)s)")
    parser.add_argument("--dropout", type=float, default=0.05, help="default %(default)s")
    parser.add_argument("--seed", type=int, default=1, help="default %(default)s")
    parser.add_argument("--threads", type=int, default=1, help="default %(default)s")
    parser.add_argument("--report", type=int, default=250, metavar="N", help="steps between reports (default %(default)s)")
    train(parser.parse_args())


if __name__ == "__main__":
    main()
