# SPDX-License-Identifier: Apache-2.0
"""Attention of random shapes and options through the C interface, against
PyTorch in float64.

    python sweep.py LIBRARY [--cases N] [--seed S]

The gate is that of the goldens: an error of at most twice that of PyTorch's own
float32, or of half an ulp of the largest output where that is more. The largest
of some rounding errors is a matter of luck, so PyTorch's is that of DRAWS inputs
of the case's shape and options (goldens join other inputs too, where the output
is small).
"""

import argparse
import importlib.util
import pathlib
import sys

try:
    import numpy as np
    import torch
    import torch.nn.functional as F
except ImportError as error:
    print(f"skipped: {error}")
    sys.exit(77)

ROOT = pathlib.Path(__file__).resolve().parents[2]


def load_binding():
    path = ROOT / "examples" / "python" / "fovea.py"
    spec = importlib.util.spec_from_file_location("fovea", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


DRAWS = 8


def pick(random, *values):
    return values[random.integers(len(values))]


def random_case(random):
    kv_heads, group = int(random.integers(1, 4)), int(random.integers(1, 4))
    batch, queries, keys = (int(random.integers(1, n)) for n in (3, 90, 200))
    dim = int(pick(random, 16, 32, 64, 80, 96, 128, 256, random.integers(1, 257)))
    value_dim = dim if random.random() < 0.7 else int(random.integers(1, 257))
    tensors = [
        random.standard_normal(shape).astype(np.float32)
        for shape in (
            (batch, kv_heads * group, queries, dim),
            (batch, kv_heads, keys, dim),
            (batch, kv_heads, keys, value_dim),
        )
    ]
    options = {}
    if random.random() < 0.3:
        options["scale"] = float(random.uniform(0.02, 0.3))
    if random.random() < 0.4:
        options["is_causal"] = True
    if random.random() < 0.3:
        options["first_position"] = int(random.integers(-20, 120))
    if random.random() < 0.3:
        options["window"] = int(random.integers(1, 100))
        options["sinks"] = int(random.integers(0, 8))
    if random.random() < 0.5:
        shape = (
            pick(random, 1, batch),
            pick(random, 1, kv_heads * group),
            pick(random, 1, queries),
            keys,
        )
        mask = random.standard_normal(shape).astype(np.float32)
        options["attn_mask"] = mask > -1 if random.random() < 0.5 else mask
    if random.random() < 0.2:
        options["softcap"] = float(random.uniform(1, 30))
    if random.random() < 0.2:
        options["alibi_slopes"] = random.uniform(0, 0.5, kv_heads * group).astype(np.float32)
    if random.random() < 0.2:
        options["sink_logits"] = random.standard_normal(kv_heads * group).astype(np.float32)
    if not {"is_causal", "window", "alibi_slopes"} & set(options):
        options.pop("first_position", None)  # nothing counts from it
    return tensors, options


def distances(options, queries, keys):
    positions = torch.arange(queries)[:, None] + options.get("first_position", 0)
    return positions - torch.arange(keys)


def visible(options, queries, keys):
    """As FlexAttention's masks: by the positions alone."""
    distance = distances(options, queries, keys)
    shows = torch.ones(queries, keys, dtype=torch.bool)
    window = options.get("window", 0)
    causal = options.get("is_causal", False)
    if window:
        shows = distance < window
        if not causal:
            shows &= -distance < window
        shows |= torch.arange(keys) < options.get("sinks", 0)
    return shows & (distance >= 0) if causal else shows


def reference(tensors, options, dtype):
    """The formula, step by step."""
    q, k, v = (torch.from_numpy(x).to(dtype) for x in tensors)
    group = q.shape[1] // k.shape[1]
    k, v = k.repeat_interleave(group, 1), v.repeat_interleave(group, 1)
    scale = options.get("scale", q.shape[3] ** -0.5)
    scores = q @ k.transpose(2, 3) * scale
    if "softcap" in options:
        scores = options["softcap"] * torch.tanh(scores / options["softcap"])
    queries, keys = scores.shape[2:]
    if "alibi_slopes" in options:
        slopes = torch.from_numpy(options["alibi_slopes"]).to(dtype)[:, None, None]
        scores = scores - slopes * distances(options, queries, keys).abs()
    mask = options.get("attn_mask")
    shows = visible(options, queries, keys)
    if mask is not None:
        mask = torch.from_numpy(mask)
        if mask.dtype == torch.bool:
            shows = shows & mask
        else:
            scores = scores + mask.to(dtype)
    scores = scores.masked_fill(~shows, -torch.inf)
    if "sink_logits" in options:
        sinks = torch.from_numpy(options["sink_logits"]).to(dtype)
        column = sinks[None, :, None, None].expand(*scores.shape[:3], 1)
        weights = torch.softmax(torch.cat([scores, column], 3), 3)[..., :-1]
    else:
        weights = torch.softmax(scores, 3)
    weights = weights.nan_to_num(0.0)  # a row that sees no key
    return (weights @ v).numpy()


def by_torch(tensors, options, dtype):
    """scaled_dot_product_attention itself where it has the options, else None."""
    known = {"scale", "attn_mask"}
    causal = options.get("is_causal") and set(options) <= {"scale", "is_causal"}
    if not causal and not set(options) <= known:
        return None
    q, k, v = (torch.from_numpy(x).to(dtype) for x in tensors)
    mask = options.get("attn_mask")
    if mask is not None:
        mask = torch.from_numpy(mask)
        mask = mask if mask.dtype == torch.bool else mask.to(dtype)
    group = q.shape[1] // k.shape[1]
    k, v = k.repeat_interleave(group, 1), v.repeat_interleave(group, 1)
    out = F.scaled_dot_product_attention(
        q, k, v, attn_mask=mask, is_causal=bool(causal), scale=options.get("scale")
    )
    return out.nan_to_num(0.0).numpy()


def evaluate(tensors, options, dtype):
    """The result, and whether it is scaled_dot_product_attention's."""
    out = by_torch(tensors, options, dtype)
    if out is None:
        return reference(tensors, options, dtype), False
    if dtype == torch.float64:
        np.testing.assert_allclose(reference(tensors, options, dtype), out, atol=1e-12)
    return out, True


def largest_error(out, exact):
    return np.abs(out - exact).max()


def run(library, seed):
    """The ratio of the error to the gate, and whether PyTorch's own was asked."""
    random = np.random.default_rng(seed)
    tensors, options = random_case(random)
    exact, native = evaluate(tensors, options, torch.float64)
    single = largest_error(evaluate(tensors, options, torch.float32)[0], exact)
    for _ in range(DRAWS - 1):
        other = [random.standard_normal(x.shape).astype(np.float32) for x in tensors]
        errors = [evaluate(other, options, dtype)[0] for dtype in (torch.float32, torch.float64)]
        single = max(single, largest_error(*errors))
    out = library.attention(*tensors, **options)
    if not np.isfinite(out).all():
        return np.inf, native
    gate = 2 * max(single, 2.0**-24 * np.abs(exact).max(initial=0))
    error = largest_error(out, exact)
    return (error / gate if gate else float(error != 0)), native


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("library")
    parser.add_argument("--cases", type=int, default=400)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    library = load_binding().Library(arguments.library)
    ratios, natives = [], 0
    for seed in range(arguments.seed, arguments.seed + arguments.cases):
        ratio, native = run(library, seed)
        natives += native
        ratios.append(ratio)
        if ratio > 1:
            print(f"seed {seed}: {ratio:.2f} times the gate")
    failed = sum(ratio > 1 for ratio in ratios)
    print(
        f"{len(ratios) - failed} of {len(ratios)} within the gate, {natives} of them by "
        f"scaled_dot_product_attention; worst {max(ratios):.2f} of it; "
        f"PyTorch {torch.__version__}, {library.target()}"
    )
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
