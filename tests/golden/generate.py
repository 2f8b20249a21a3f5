#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes the golden vectors: expected values in float64, as C++ tables.

    python3 generate.py                          every table but tinylm's
    python3 generate.py --only attention rope    some of them
    python3 generate.py --tinylm tinylm.bin      the example model's logits and texts

It needs PyTorch and NumPy.  The inputs are computed by stream.py, and again by
golden.h, so only samples of the outputs are stored, beside the largest error of
PyTorch's own float32 result: the measure for fovea's.  It is taken over the
whole output of the same input; where that is small, over more inputs of the same
case too (see measure() in table.py).  That error depends on the machine; the
expected values at most in their last bit.

The hashes beside the tables are not written here but by the tests:

    FOVEA_RECORD_HASHES=tests/golden build/attention_golden_test
"""

import argparse
import os
import pathlib
import sys

# One thread and MKL's reproducible mode: the same files on every run.
os.environ["OMP_NUM_THREADS"] = "1"
os.environ.setdefault("MKL_CBWR", "AUTO,STRICT")

import torch  # noqa: E402

import attention  # noqa: E402
import attention_features  # noqa: E402
import exported  # noqa: E402
import feed_forward  # noqa: E402
import integer_attention  # noqa: E402
import layer_norm  # noqa: E402
import linear  # noqa: E402
import multi_head  # noqa: E402
import rms_norm  # noqa: E402
import rope  # noqa: E402
import rotary_attention  # noqa: E402
import softmax  # noqa: E402
import tinylm  # noqa: E402
import tinylm_integer  # noqa: E402
import transformer  # noqa: E402

STEMS = {
    "attention": attention.generate,
    "attention_features": attention_features.generate,
    "exported": exported.generate,
    "feed_forward": feed_forward.generate,
    "integer_attention": integer_attention.generate,
    "layer_norm": layer_norm.generate,
    "linear": linear.generate,
    "multi_head": multi_head.generate,
    "rms_norm": rms_norm.generate,
    "rope": rope.generate,
    "rotary_attention": rotary_attention.generate,
    "softmax": softmax.generate,
    "transformer": transformer.generate,
}


def main():
    here = pathlib.Path(__file__).resolve().parent
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="+", choices=sorted(STEMS),
                        metavar="STEM", help=", ".join(STEMS))
    parser.add_argument("--tinylm", metavar="WEIGHTS",
                        help="only the example's table, from its weights")
    parser.add_argument("--out", default=here, metavar="DIR",
                        help="where to write (default: beside this script)")
    args = parser.parse_args()
    torch.set_num_threads(1)
    torch.set_grad_enabled(False)
    if args.tinylm:
        tinylm.generate(args.out, args.tinylm)
        tinylm_integer.generate(args.out, args.tinylm)
        return 0
    for stem, generate in STEMS.items():
        if not args.only or stem in args.only:
            generate(args.out)
    return 0


if __name__ == "__main__":
    sys.exit(main())
