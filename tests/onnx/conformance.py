# SPDX-License-Identifier: Apache-2.0
"""ONNX's own node tests of the operators that fovea has, through the C interface.

    python conformance.py LIBRARY [--file VECTORS] [--page PAGE]

Needs NumPy, and onnx >= 1.20 or its tests in a file (cases.py). Every case passes,
or is listed in BFLOAT16 and gives float64's result rounded once. Where there are
both the package and the file, they must agree. PAGE is docs/onnx.md.
"""

import argparse
import importlib.util
import pathlib
import sys

try:
    import numpy as np
except ImportError as error:
    print(f"skipped: {error}")
    sys.exit(77)

import cases

ROOT = pathlib.Path(__file__).resolve().parents[2]

# They expect arithmetic that is rounded to bfloat16 after each step.
BFLOAT16 = {
    "test_attention_3d_causal_bf16",
    "test_attention_4d_attn_mask_causal_bf16",
    "test_attention_4d_causal_bf16",
    "test_attention_4d_causal_padded_kv_bf16",
    "test_attention_4d_padded_kv_bf16",
}


def load_binding():
    path = ROOT / "examples" / "python" / "fovea.py"
    spec = importlib.util.spec_from_file_location("fovea", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


# ----------------------------------------------------------------- attention

STAGES = ["scaled", "softcapped", "masked", None]  # by qk_matmul_output_mode


def split_heads(x, heads):
    """[batch][token][head * dim] as [batch][head][token][dim]."""
    return x.reshape(*x.shape[:2], heads, -1).transpose(0, 2, 1, 3)


def window_options(attrs, queries, keys, offset):
    """fovea's options for ONNX's windows, as a mask where they are no such."""
    left, right = attrs.get("left_window_size", -1), attrs.get("right_window_size", -1)
    if attrs.get("is_causal") or right == 0:
        return {"is_causal": True, "window": left + 1 if left >= 0 else 0}, None
    if left == right:
        return {"window": left + 1 if left >= 0 else 0}, None
    distance = np.arange(queries)[:, None] + offset - np.arange(keys)
    shows = np.ones((queries, keys), np.bool_)
    if left >= 0:
        shows &= distance <= left
    if right >= 0:
        shows &= -distance <= right
    return {}, shows


def entry_of(mask, entry):
    """The mask of one batch entry."""
    if mask is None or mask.ndim < 4 or mask.shape[0] == 1:
        return mask
    return mask[entry : entry + 1]


def hide(mask, shows):
    """A mask that hides what either hides."""
    if shows is None:
        return mask
    if mask is None:
        return shows
    if mask.dtype == np.bool_:
        return mask & shows
    return np.where(shows, mask, -np.inf).astype(np.float32)


def attend_entry(library, q, k, v, past, length, mask, attrs, outputs):
    """One batch entry: [1][head][token][dim] of each."""
    keys = k.shape[2] + (past[0].shape[2] if past else 0)
    offset = past[0].shape[2] if past else 0
    if length is not None:
        offset = int(length) - q.shape[2]
    if mask is not None and mask.shape[-1] < keys:  # keys beyond it are hidden
        pad = [(0, 0)] * (mask.ndim - 1) + [(0, keys - mask.shape[-1])]
        fill = False if mask.dtype == np.bool_ else -np.inf
        mask = np.pad(mask, pad, constant_values=fill)
    windows, shows = window_options(attrs, q.shape[2], keys, offset)
    options = {
        "scale": attrs.get("scale"),
        "softcap": attrs.get("softcap"),
        "attn_mask": hide(mask, shows),
        "first_position": offset,
        **windows,
        **outputs,
    }
    if past:
        cache = library.cache(k.shape[1], k.shape[3], v.shape[3], keys)
        cache.append(*past)
        cache.append(k, v)  # there may be more of them than queries
        return cache.attend(q, **options)
    if length is not None:
        options["key_lengths"] = [int(length)]
    return library.attention(q, k, v, **options)


def attention(library, case):
    attrs = case.attributes
    inputs = case.inputs + [None] * (7 - len(case.inputs))
    q, k, v, mask, past_k, past_v, lengths = inputs
    is_3d = q.ndim == 3
    if is_3d:
        q = split_heads(q, attrs["q_num_heads"])
        k, v = (split_heads(x, attrs["kv_num_heads"]) for x in (k, v))
    if mask is not None and mask.dtype != np.bool_:
        mask = mask.astype(np.float32)
    keys = k.shape[2] + (0 if past_k is None else past_k.shape[2])
    mode = attrs.get("qk_matmul_output_mode", 0)
    matrix = np.empty(q.shape[:3] + (keys,), np.float32)
    out = []
    for b in range(q.shape[0]):
        wanted = {"weights" if mode == 3 else "scores": matrix[b]}
        outputs = {**wanted, "score_stage": STAGES[mode]} if len(case.outputs) > 3 else {}
        past = None if past_k is None else (past_k[b : b + 1], past_v[b : b + 1])
        length = None if lengths is None else lengths[b]
        entry = [x[b : b + 1] for x in (q, k, v)]
        out.append(
            attend_entry(library, *entry, past, length, entry_of(mask, b), attrs, outputs)
        )
    y = np.concatenate(out)
    if is_3d:
        y = y.transpose(0, 2, 1, 3).reshape(y.shape[0], y.shape[2], -1)
    if past_k is not None:
        k, v = np.concatenate([past_k, k], 2), np.concatenate([past_v, v], 2)
    return [y, k, v, matrix]


# ------------------------------------------------------------ the other ones


def rotary_embedding(library, case):
    attrs = case.attributes
    x, cos, sin = case.inputs[:3]
    positions = case.inputs[3] if len(case.inputs) > 3 else None
    if positions is not None:
        cos, sin = cos[positions], sin[positions]
    heads = attrs.get("num_heads", 0)
    turned = split_heads(x, heads) if x.ndim == 3 else x
    y = library.rope(turned, cos, sin, bool(attrs.get("interleaved", 0)))
    if x.ndim == 3:
        y = y.transpose(0, 2, 1, 3).reshape(x.shape)
    return [y]


def rms_normalization(library, case):
    attrs = case.attributes
    x, weight = case.inputs
    shape = x.shape[attrs.get("axis", -1) % x.ndim :]
    weight = np.broadcast_to(weight, shape)
    return [library.rms_norm(x, weight.reshape(-1), attrs.get("epsilon", 1e-5))]


OPERATORS = {
    "Attention": attention,
    "RotaryEmbedding": rotary_embedding,
    "RMSNormalization": rms_normalization,
}

# ------------------------------------------------------------------ the suite


def run(library, case):
    """(the outputs, nothing or what is wrong)"""
    outputs = OPERATORS[case.operator](library, case)
    for i, (output, value, dtype) in enumerate(zip(outputs, case.outputs, case.types)):
        if value is None:
            continue
        try:
            rounded = cases.round_to(output, dtype)
            np.testing.assert_allclose(rounded, value, case.rtol, case.atol)
        except AssertionError as error:
            return outputs, f"output {i}: " + " ".join(str(error).split())[:160]
    return outputs, None


def judge(library, case):
    """(whether it passes, nothing or what is wrong)"""
    try:
        outputs, failure = run(library, case)
    except Exception as error:  # the others are to run all the same
        return False, repr(error)
    if case.name not in BFLOAT16:
        return failure is None, failure
    if failure is None:
        return True, "passes, though it is listed"
    exact = cases.round_to(case.exact, "bfloat16")
    same = np.array_equal(cases.round_to(outputs[0], "bfloat16"), exact)
    return False, None if same else "is not float64's result rounded once"


def ulps(case):
    """How many steps of bfloat16 what a case expects is off float64's result."""

    def steps(array):
        return cases.round_to(array, "bfloat16").view(np.int32) >> 16

    # Their signs are the same, so that a step is one of the bits'.
    return int(np.abs(steps(case.outputs[0]) - steps(case.exact)).max())


def reason(case):
    return (
        f"- `{case.name}` expects arithmetic rounded to bfloat16 after each step, which "
        f"is up to {ulps(case)} ulp off float64's result, and allows {case.rtol:g} of the "
        "value, less than an ulp of bfloat16. fovea computes in float32: rounded once, "
        "every entry is float64's."
    )


def page(version, counts, listed):
    lines = [
        "<!-- SPDX-License-Identifier: Apache-2.0 -->",
        "<!-- Generated by tests/onnx/conformance.py; do not edit. -->",
        "# ONNX",
        "",
        "ONNX's own node tests of the operators that fovea has, generated by the",
        f"`onnx` package ({version} here) and run through the C interface;",
        "those with past and present keys run through a cache. Inputs of float16 and",
        "bfloat16 are widened to float32, and outputs rounded at the end.",
        "",
        "| operator | opset | cases | pass |",
        "|---|---|---|---|",
    ]
    for (operator, opset), (total, passed) in sorted(counts.items()):
        lines.append(f"| `{operator}` | {opset} | {total} | {passed} |")
    lines += ["", "Listed with their reason, which is checked:", ""]
    lines += sorted(map(reason, listed))
    return "\n".join(lines) + "\n"


def load_cases(path):
    """(the package's version, its cases), of the package where it is at hand."""
    try:
        version, suite = cases.from_package()
    except ImportError:
        if path is None:
            raise
        print(f"from {path}, as there is no package onnx")
        return cases.from_file(path)
    if path is not None:
        of_file, stored = cases.from_file(path)
        if of_file == version and not cases.same(suite, stored):
            sys.exit(f"{path} is not what onnx {version} has: write it anew")
    return version, suite


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("library")
    parser.add_argument("--file")
    parser.add_argument("--page")
    arguments = parser.parse_args()
    library = load_binding().Library(arguments.library)
    version, suite = load_cases(arguments.file)
    counts, failures = {}, {}
    for case in suite:
        passes, failure = judge(library, case)
        if failure is not None:
            failures[case.name] = failure
        total, passed = counts.get((case.operator, case.opset), (0, 0))
        counts[case.operator, case.opset] = (total + 1, passed + passes)
    for name, failure in failures.items():
        print(f"{name}: {failure}")
    for (operator, opset), (total, passed) in sorted(counts.items()):
        print(f"{operator} opset {opset}: {passed} of {total}")
    if arguments.page:
        listed = [case for case in suite if case.name in BFLOAT16]
        pathlib.Path(arguments.page).write_text(page(version, counts, listed))
    print(f"onnx {version} on {library.target()}")
    return 1 if failures or not counts else 0


if __name__ == "__main__":
    sys.exit(main())
