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


def generate(directory, weights):
    model, exact = models(weights)
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
