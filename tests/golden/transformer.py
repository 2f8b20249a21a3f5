# SPDX-License-Identifier: Apache-2.0
"""Golden cases of transformer stacks.

The measures are torch.nn.TransformerEncoder and TransformerDecoder of their
layers, and torch.nn.Transformer, which runs one after the other.
"""

import dataclasses

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

import stream
import table

ACTIVATIONS = {
    "Relu": F.relu,
    "Gelu": F.gelu,
    "GeluTanh": lambda x: F.gelu(x, approximate="tanh"),
}

# (width, heads, hidden, activation, pre_norm, layers, token counts)
SHAPES = [
    (32, 4, 64, "Relu", False, 1, [1, 17, 65]),
    (32, 2, 96, "Gelu", True, 2, [5, 70]),
    (48, 3, 80, "GeluTanh", True, 3, [2, 33]),
    (64, 4, 256, "Gelu", False, 2, [16, 47]),
]
KINDS = ("Encoder", "CausalEncoder", "Decoder", "Transformer")

# Tensor numbers: inputs, then 32 a layer, the decoder's layers from 1024 on.
X, MEMORY = 0, 1
ENCODER_NORM, DECODER_NORM = 2, 4
FIRST, A_LAYER, DECODER = 32, 32, 1024
# Of a layer: (weight, bias) pairs in this order, cross-attention in a decoder
# alone.
SELF, CROSS, HIDDEN, NORMS = 0, 8, 16, 20


@dataclasses.dataclass
class Case:
    kind: str
    width: int
    heads: int
    hidden: int
    activation: str
    pre_norm: bool
    layers: int
    batch: int
    tokens: int
    memory: int

    def name(self):
        norm = "pre" if self.pre_norm else "post"
        return (f"{self.kind}_w{self.width}_h{self.heads}_hidden{self.hidden}"
                f"_{self.activation}_{norm}_l{self.layers}_b{self.batch}"
                f"_t{self.tokens}_m{self.memory}")

    def fields(self, seed):
        return [f"Kind::k{self.kind}", str(self.width), str(self.heads),
                str(self.hidden), f"Activation::k{self.activation}",
                table.boolean(self.pre_norm), str(self.layers),
                str(self.batch), str(self.tokens), str(self.memory),
                table.hex_float(factor(self.width)),
                table.hex_float(factor(self.hidden)), f"0x{seed:016x}u"]


def factor(inputs):
    return np.float32(inputs**-0.5)


def cases():
    for width, heads, hidden, activation, pre_norm, layers, counts in SHAPES:
        for i, tokens in enumerate(counts):
            for kind in KINDS:
                yield Case(kind, width, heads, hidden, activation, pre_norm,
                           layers, batch=1 + (i + KINDS.index(kind)) % 2,
                           tokens=tokens, memory=counts[i - 1] + 3)


class Source:
    """Parameters from the streams of one case."""

    def __init__(self, seed, dtype):
        self.seed, self.dtype = seed, dtype

    def values(self, tensor, shape, scale=1):
        values = stream.values(self.seed, tensor, shape) * np.float32(scale)
        return torch.from_numpy(values).to(self.dtype)

    def linear(self, module, tensor):
        """Weight and bias; a packed in_proj takes three of them."""
        outputs, inputs = module.weight.shape
        module.weight.copy_(self.values(tensor, (outputs, inputs),
                                        factor(inputs)))
        module.bias.copy_(self.values(tensor + 1, (outputs,), 0.25))

    def norm(self, module, tensor):
        shape = tuple(module.weight.shape)
        one = np.float32(1)
        weight = one + stream.values(self.seed, tensor, shape) * np.float32(
            0.25)
        module.weight.copy_(torch.from_numpy(weight).to(self.dtype))
        module.bias.copy_(self.values(tensor + 1, shape, 0.25))

    def attention(self, module, tensor):
        width = module.embed_dim
        rows = [self.values(tensor + 2 * i, (width, width), factor(width))
                for i in range(3)]
        biases = [self.values(tensor + 2 * i + 1, (width,), 0.25)
                  for i in range(3)]
        module.in_proj_weight.copy_(torch.cat(rows))
        module.in_proj_bias.copy_(torch.cat(biases))
        self.linear(module.out_proj, tensor + 6)

    def layers(self, stack, first):
        for i, layer in enumerate(stack.layers):
            base = first + i * A_LAYER
            self.attention(layer.self_attn, base + SELF)
            self.linear(layer.linear1, base + HIDDEN)
            self.linear(layer.linear2, base + HIDDEN + 2)
            self.norm(layer.norm1, base + NORMS)
            self.norm(layer.norm2, base + NORMS + 2)
            if hasattr(layer, "multihead_attn"):
                self.attention(layer.multihead_attn, base + CROSS)
                self.norm(layer.norm3, base + NORMS + 4)


def run(case, seed, dtype):
    source = Source(seed, dtype)
    model = nn.Transformer(
        case.width, case.heads, case.layers, case.layers, case.hidden,
        dropout=0, activation=ACTIVATIONS[case.activation], batch_first=True,
        norm_first=case.pre_norm, dtype=dtype).eval()
    source.layers(model.encoder, FIRST)
    source.layers(model.decoder, DECODER)
    source.norm(model.encoder.norm, ENCODER_NORM)
    source.norm(model.decoder.norm, DECODER_NORM)
    x = source.values(X, (case.batch, case.tokens, case.width))
    memory = source.values(MEMORY, (case.batch, case.memory, case.width))
    causal = ~torch.ones(case.tokens, case.tokens, dtype=torch.bool).tril()
    if case.kind == "Encoder":
        return model.encoder(x).numpy()
    if case.kind == "CausalEncoder":
        return model.encoder(x, mask=causal).numpy()
    if case.kind == "Decoder":
        return model.decoder(x, memory, tgt_mask=causal).numpy()
    return model(memory, x, tgt_mask=causal).numpy()


def evaluate(case, seed):
    # The modules themselves, not one fused operator for all of them.
    torch.backends.mha.set_fastpath_enabled(False)
    return (run(case, seed, torch.float64), run(case, seed, torch.float32),
            None)


NOTE = """kind, width, heads, hidden, activation, pre_norm, layers, batch, tokens,
memory, factor of the weights of width and of hidden inputs, seed, Expected"""


def generate(directory):
    rows = table.Table("transformer", "TransformerCase", NOTE)
    for case in cases():
        seed = stream.fnv1a("transformer/" + case.name())
        rows.add(case.name(), case.fields(seed),
                 table.measure(lambda s: evaluate(case, s), seed))
    rows.write(directory)
    table.write_configs(
        directory, "transformer",
        "width, heads, hidden, activation, pre_norm, layers",
        [shape[:3] + (f"Activation::k{shape[3]}",) + shape[4:6]
         for shape in SHAPES])
