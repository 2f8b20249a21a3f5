# SPDX-License-Identifier: Apache-2.0
"""The layout of tinylm's weights file, written here and read by weights.h.

Everything is little-endian.  A header of 128 bytes:

    offset  type      field
    0       char[8]   magic "fovealm\\0"
    8       u32       version: 1, tensors of float32; 2, of float16; 3, of int8
    12      u32       bytes of this header, 128
    16      u64       bytes of the whole file
    24      u64       checksum: FNV-1a over the file's 32-bit words, this field taken as 0
    32      u32       vocab
    36      u32       layers
    40      u32       width
    44      u32       heads
    48      u32       kv_heads
    52      u32       head_dim
    56      u32       context
    60      u32       hidden
    64      f32       rope_base
    68      f32       norm_eps
    72      f64       held-out loss of the float32 weights, nats per byte
    80      char[48]  the same as text, padded with zeros

Then the tensors in this order; of float32, every one is a multiple of 64 bytes, so that all
of them lie aligned in a file that is mapped or linked into flash:

    embedding                     panels [vocab/16][width][16]; also the output layer
    for each layer
        attention_norm            [width]
        wq, wk, wv, wo            panels
        ffn_norm                  [width]
        gate, up, down            panels
    norm                          [width]

A panel is fovea's layout of a linear layer's weights: 16 output rows side by side, so
that weight[out][in] of PyTorch stands at [out/16][in][out%16].

A panel of int8 is [width/4][16][4], and a layer is its scales, float32 [out], before its
panels: weight[out][in] stands at [out/16][in/4][out%16][in%4], and is worth its row's scale.
Norms are float32 there.

float16 is half of the size; it is rounded to nearest even and expanded to float32 where it
is loaded, so that the same file gives the same text everywhere.
"""

import struct

HEADER_BYTES = 128
SHAPE_AT = 32
MASK64 = (1 << 64) - 1


def panels(weight):
    """PyTorch's [out][in] to [out/16][in][16]."""
    out, inputs = weight.shape
    return weight.reshape(out // 16, 16, inputs).transpose(1, 2).contiguous()


def tensors(model):
    yield panels(model.embedding.weight)
    for layer in model.layers:
        yield layer.attention_norm.weight
        for name in ("wq", "wk", "wv", "wo"):
            yield panels(getattr(layer.attention, name).weight)
        yield layer.ffn_norm.weight
        for name in ("gate", "up", "down"):
            yield panels(getattr(layer.ffn, name).weight)
    yield model.norm.weight


def checksum(blob):
    value = 0xCBF29CE484222325
    for (word,) in struct.iter_unpack("<I", blob):
        value = ((value ^ word) * 0x100000001B3) & MASK64
    return value


def save(path, model, loss):
    s = model.s
    body = b"".join(t.detach().float().numpy().astype("<f4").tobytes() for t in tensors(model))
    note = f"held-out loss {loss:.4f} nats per byte".encode()

    def header(check):
        packed = struct.pack(
            "<8sIIQQ8Iffd48s", b"fovealm\0", 1, HEADER_BYTES, HEADER_BYTES + len(body), check,
            s.vocab, s.layers, s.width, s.heads, s.kv_heads, s.head_dim, s.context, s.hidden,
            s.rope_base, s.norm_eps, loss, note)
        assert len(packed) == HEADER_BYTES
        return packed

    with open(path, "wb") as file:
        file.write(header(checksum(header(0) + body)) + body)


def load(path, model):
    """Fills `model` with the file's weights; returns the held-out loss in the header."""
    import numpy
    import torch

    blob = open(path, "rb").read()
    values = torch.from_numpy(numpy.frombuffer(blob, "<f4", offset=HEADER_BYTES).copy())
    at = 0

    def take(parameter):
        nonlocal at
        flat = values[at : at + parameter.numel()]
        at += parameter.numel()
        if parameter.dim() == 2:
            out, inputs = parameter.shape
            flat = flat.reshape(out // 16, inputs, 16).transpose(1, 2).reshape(out, inputs)
        parameter.data.copy_(flat)

    take(model.embedding.weight)
    for layer in model.layers:
        take(layer.attention_norm.weight)
        for name in ("wq", "wk", "wv", "wo"):
            take(getattr(layer.attention, name).weight)
        take(layer.ffn_norm.weight)
        for name in ("gate", "up", "down"):
            take(getattr(layer.ffn, name).weight)
    take(model.norm.weight)
    assert at == values.numel()
    return struct.unpack_from("<d", blob, 72)[0]
