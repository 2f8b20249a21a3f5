# SPDX-License-Identifier: Apache-2.0
"""Golden logits of the example model, from its committed float32 weights."""

import pathlib
import struct
import sys

import numpy as np
import torch
from torch.nn import functional as F

import table

EXAMPLE = pathlib.Path(__file__).resolve().parents[2] / "examples" / "tinylm"

# Written for this test, so it stands in no text that a model learns from.
TEXT = b"""\
WARDEN:
The tide has kept its ledger in the sand,
And every wave that breaks undoes the sum;
I counted lanterns till the lanterns slept,
Then lent the harbour back its quiet dark.
What owes the sea to one who learns its name?
The gulls have better sense.
"""

# The example's defaults.
WRITTEN_PROMPT, WRITTEN_BYTES = b"ROMEO:\n", 400

NOTE = """The logits [token][256] after each byte of the text."""


def models(weights):
    """The model as trained and, with the same weights, in float64."""
    sys.path.insert(0, str(EXAMPLE))
    import train
    import weights_file

    model = train.TinyLm().eval()
    weights_file.load(weights, model)
    exact = train.TinyLm().double().eval()
    exact.load_state_dict(model.state_dict())
    # train.py rounds sines and cosines to float32; here they are exact.
    s = exact.s
    inverse = s.rope_base ** (
        -torch.arange(0, s.head_dim, 2, dtype=torch.float64) / s.head_dim)
    angles = torch.arange(s.context, dtype=torch.float64)[:, None] * inverse
    exact.cos, exact.sin = angles.cos(), angles.sin()
    return model, exact


def uniforms(seed):
    """SplitMix64's upper 24 bits, as the example's sampler draws them."""
    mask = 2**64 - 1
    while True:
        seed = (seed + 0x9E3779B97F4A7C15) & mask
        z = ((seed ^ (seed >> 30)) * 0xBF58476D1CE4E5B9) & mask
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & mask
        yield ((z ^ (z >> 31)) >> 40) * 2.0**-24


def continued(model, text, count, seed, temperature):
    """The text and `count` bytes more, as examples/tinylm/writer.h adds them."""
    scale = float(np.float32(1) / np.float32(temperature))
    begin, text = 0, list(text)
    nearest = 1.0  # that a draw came to another byte
    for _, target in zip(range(count), uniforms(seed)):
        if len(text) - begin == model.s.context:
            begin = len(text) - model.s.context // 2
        logits = model(torch.tensor(text[begin:])[None])[0, -1]
        below = F.softmax(logits * scale, 0).cumsum(0)
        nearest = min(nearest, (below - target).abs().min().item())
        text.append(int((target < below).nonzero()[0]))
    return bytes(text), nearest


def generate_text(directory, model):
    """What `./dev demo` writes: nothing is close enough for rounding to matter."""
    text, nearest = continued(model, WRITTEN_PROMPT, WRITTEN_BYTES, 1, 0.7)
    assert nearest > 1e-5, nearest
    (pathlib.Path(directory) / "tinylm_text.txt").write_bytes(text)
    print(f"text of {len(text)} bytes, every draw at least {nearest:.1e} clear")


@torch.no_grad()
def generate(directory, weights):
    model, exact = models(weights)
    generate_text(directory, exact)
    assert len(TEXT) <= model.s.context
    tokens = torch.tensor(list(TEXT))[None]
    expected, got = exact(tokens)[0], model(tokens)[0]
    loss = F.cross_entropy(expected[:-1], tokens[0, 1:]).item()
    checksum, = struct.unpack_from("<Q", pathlib.Path(weights).read_bytes(), 24)
    rows = table.Table("tinylm", "Expected", NOTE)
    measured = table.measure(
        lambda seed: (expected.numpy(), got.numpy(), None), 0, count=256)
    text = "\n".join(f'    "{line.decode()}\\n"' for line in TEXT.splitlines())
    table.write(
        directory, "tinylm.inc",
        f"{table.HEADER}// {NOTE}\n\n"
        "// What the weights' header holds, see weights_file.py.\n"
        f"constexpr uint64_t kTinylmChecksum = 0x{checksum:016x}u;\n\n"
        f"constexpr char kTinylmText[] =\n{text};\n\n"
        "// Mean over the text's bytes but the first, in nats.\n"
        f"constexpr double kTinylmLoss = {table.hex_double(loss)};\n\n"
        f"{rows.values_text(measured.values)}\n"
        "constexpr Expected kTinylmLogits = {\n"
        f"    {rows.tail(measured, 0)}}};\n")
    print(f"loss {loss:.4f} nats per byte over {len(TEXT)} bytes")
