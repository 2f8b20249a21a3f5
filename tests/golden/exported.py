# SPDX-License-Identifier: Apache-2.0
"""Models that examples/export/export.py packs, and what PyTorch makes of them.

Writes the exported headers and the binary too: the test needs no PyTorch.
"""

import pathlib
import sys

import torch
from torch import nn

import stream
import table
import transformer

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent.parent / "examples" / "export"))
import export  # noqa: E402

WEIGHTS = 0x6578706f72746564  # the seed of both models' parameters
TOKENS, MEMORY_TOKENS = 7, 5


def encoder(dtype):
    layer = nn.TransformerEncoderLayer(
        8, 2, 20, dropout=0, activation=nn.GELU(approximate="tanh"),
        layer_norm_eps=1e-4, batch_first=True, norm_first=True, dtype=dtype)
    model = nn.TransformerEncoder(
        layer, 2, nn.LayerNorm(8, eps=1e-4, dtype=dtype),
        enable_nested_tensor=False).eval()
    source = transformer.Source(WEIGHTS, dtype)
    source.layers(model, transformer.FIRST)
    source.norm(model.norm, transformer.ENCODER_NORM)
    return model


def decoder(dtype):
    layer = nn.TransformerDecoderLayer(8, 2, 12, dropout=0, batch_first=True,
                                       dtype=dtype)
    model = nn.TransformerDecoder(layer, 1).eval()
    transformer.Source(WEIGHTS, dtype).layers(model, transformer.DECODER)
    return model


def attention(dtype):
    """Over a memory of other rows, without a bias after the heads."""
    model = nn.MultiheadAttention(12, 3, kdim=6, vdim=6, batch_first=True,
                                  dtype=dtype).eval()
    source = transformer.Source(WEIGHTS, dtype)
    for i, weight in enumerate((model.q_proj_weight, model.k_proj_weight,
                                model.v_proj_weight, model.out_proj.weight)):
        weight.copy_(source.values(64 + i, tuple(weight.shape), 0.5))
    model.in_proj_bias.copy_(source.values(68, (36,), 0.25))
    model.out_proj.bias = None
    return model


def inputs(seed, dtype, tensor, tokens, width):
    values = stream.values(seed, tensor, (1, tokens, width))
    return torch.from_numpy(values).to(dtype)


def run(name, seed, dtype):
    if name == "encoder":
        return encoder(dtype)(inputs(seed, dtype, 0, TOKENS, 8)).numpy()
    if name == "decoder":
        hidden = ~torch.ones(TOKENS, TOKENS, dtype=torch.bool).tril()
        return decoder(dtype)(inputs(seed, dtype, 0, TOKENS, 8),
                              inputs(seed, dtype, 1, MEMORY_TOKENS, 8),
                              tgt_mask=hidden).numpy()
    x = inputs(seed, dtype, 0, TOKENS, 12)
    memory = inputs(seed, dtype, 1, MEMORY_TOKENS, 6)
    return attention(dtype)(x, memory, memory, need_weights=False)[0].numpy()


def evaluate(name, seed):
    torch.backends.mha.set_fastpath_enabled(False)
    return (run(name, seed, torch.float64), run(name, seed, torch.float32),
            None)


def write_models(directory):
    """The models as headers, with our licence; and one as a file; both in int8
    too."""
    directory = pathlib.Path(directory)
    single = torch.float32
    export.export_module(encoder(single), directory / "exported_encoder.h",
                         max_tokens=8)
    export.export_module(
        encoder(single), directory / "exported_encoder_file.h",
        directory / "exported_encoder_file.bin", max_tokens=8)
    export.export_module(decoder(single), directory / "exported_decoder.h",
                         max_tokens=8, causal=True)
    export.export_module(attention(single), directory / "exported_attention.h",
                         max_tokens=8)
    export.export_module(
        encoder(single), directory / "exported_encoder_int8.h", max_tokens=8,
        int8=True)
    export.export_module(
        encoder(single), directory / "exported_encoder_int8_file.h",
        directory / "exported_encoder_int8_file.bin", max_tokens=8, int8=True)
    for header in directory.glob("exported_*.h"):
        header.write_text("// SPDX-License-Identifier: Apache-2.0\n" +
                          header.read_text())


def generate(directory):
    rows = table.Table("exported", "ExportedCase", "seed, Expected")
    for name in ("encoder", "attention", "decoder"):
        seed = stream.fnv1a("exported/" + name)
        rows.add(name, [f"0x{seed:016x}u"],
                 table.measure(lambda s: evaluate(name, s), seed))
    rows.write(directory)
    write_models(directory)
