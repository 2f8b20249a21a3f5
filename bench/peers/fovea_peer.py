# SPDX-License-Identifier: Apache-2.0
"""fovea through its C interface, by the binding of examples/python."""

import ctypes
import pathlib
import sys

import numpy as np

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "examples" / "python"))

import cases
import fovea


class Projection(ctypes.Structure):
    """fovea_projection."""

    _fields_ = [("packed", fovea.pointer), ("bias", fovea.pointer)]


class MultiHead(ctypes.Structure):
    """fovea_multi_head."""

    _fields_ = (
        [("struct_bytes", fovea.size_t)]
        + [("attention", ctypes.POINTER(fovea.Attention))]
        + [(n, fovea.size_t) for n in ("model_dim", "memory_dim")]
        + [(n, fovea.View) for n in ("x", "memory", "y")]
        + [(n, Projection) for n in ("q", "k", "v", "out")]
        + [("rates", fovea.pointer), ("rotary_dim", fovea.size_t)]
        + [("interleaved", ctypes.c_int32), ("rotary_position", ctypes.c_uint64)]
        + [("workspace", fovea.pointer), ("workspace_bytes", fovea.size_t)]
    )


class LinearInt8(ctypes.Structure):
    """fovea_linear_int8."""

    _fields_ = (
        [("struct_bytes", fovea.size_t), ("x", fovea.pointer)]
        + [(n, fovea.size_t) for n in ("x_stride", "tokens", "inputs", "outputs")]
        + [(n, fovea.pointer) for n in ("packed", "scales", "bias", "y")]
        + [("y_stride", fovea.size_t), ("workspace", fovea.pointer)]
        + [("workspace_bytes", fovea.size_t)]
    )


class Peer:
    name = "fovea"

    def __init__(self, library):
        self.library = fovea.Library(library)
        self.c = self.library.c

    def version(self):
        number = self.c.fovea_version()
        parts = number // 10000, number // 100 % 100, number % 100
        return f"{'.'.join(map(str, parts))} ({self.library.target()})"

    def empty_call(self):
        """What is refused at once: the price of a call through ctypes."""
        self.c.fovea_attention_run(None)

    def calls(self, case, given):
        """(form, call, the result after it) of each way to compute the case."""
        if isinstance(case, cases.Module) and case.int8:
            yield self.int8_module(case, given)
        elif isinstance(case, cases.Module):
            yield self.module(case, given)
        elif case.queries == 1:
            yield self.decode(case, given)
        else:
            yield self.prefill(case, given)

    def ready(self, form, function, arguments, out, keep):
        """A call whose arguments are laid out once, as a program in C would."""

        def call():
            function(*arguments)

        self.library.check(function(*arguments))
        call.memory = [out, *keep]
        return form, call, lambda: out

    def prefill(self, case, given):
        out, keep = np.empty_like(given.q), [given]
        struct = self.library.call(
            given.q, out, given.k, given.v, keep, is_causal=case.causal
        )
        keep.append(struct)
        reference = ctypes.byref(struct)
        run = self.c.fovea_attention_run
        return self.ready("fovea_attention_run", run, [reference], out, keep)

    def decode(self, case, given):
        out, keep = np.empty_like(given.q), [given]
        cache = self.library.cache(case.kv_heads, case.dim, case.dim, case.keys)
        cache.append(given.k, given.v)
        struct = self.library.call(given.q, out, given.k, given.v, keep)
        keep += [cache, struct]
        arguments = [cache.pointer, ctypes.byref(struct)]
        attend = self.c.fovea_cache_attend
        return self.ready("fovea_cache_attend", attend, arguments, out, keep)

    def packed(self, weight, bias, keep):
        outputs, inputs = weight.shape
        sizes = fovea.size_t(inputs), fovea.size_t(outputs)
        count = self.c.fovea_linear_packed_floats
        count.restype = fovea.size_t
        panels = fovea.aligned(4 * count(*sizes))
        weight = np.ascontiguousarray(weight)
        data = fovea.pointer(weight.ctypes.data)
        to = fovea.pointer(panels.ctypes.data)
        self.library.check(self.c.fovea_linear_pack(data, *sizes, to))
        keep += [panels, bias]
        return Projection(panels.ctypes.data, bias.ctypes.data)

    def module(self, case, given):
        y, keep = np.empty_like(given.x), [given]
        shape = fovea.Attention(ctypes.sizeof(fovea.Attention), 1)
        shape.heads = shape.kv_heads = case.heads
        shape.head_dim = shape.value_dim = case.dim // case.heads
        shape.queries = case.tokens
        struct = MultiHead(ctypes.sizeof(MultiHead), ctypes.pointer(shape), case.dim)
        struct.x = fovea.view(given.x[:, None])
        struct.y = fovea.view(y[:, None])
        weights = np.split(given.in_proj_weight, 3) + [given.out_proj_weight]
        biases = np.split(given.in_proj_bias, 3) + [given.out_proj_bias]
        for field, weight, bias in zip(("q", "k", "v", "out"), weights, biases):
            setattr(struct, field, self.packed(weight, bias, keep))
        size = self.c.fovea_multi_head_workspace_bytes
        size.restype = fovea.size_t
        struct.workspace_bytes = size(ctypes.byref(struct))
        workspace = fovea.aligned(struct.workspace_bytes)
        struct.workspace = workspace.ctypes.data
        keep += [shape, struct, workspace]
        run = self.c.fovea_multi_head_run
        reference = [ctypes.byref(struct)]
        return self.ready("fovea_multi_head_run", run, reference, y, keep)

    def linear_int8(self, x, weight, bias, y, keep):
        """The call of a layer, laid out."""
        outputs, inputs = weight.shape
        sizes = fovea.size_t(inputs), fovea.size_t(outputs)
        bytes_of = self.c.fovea_linear_int8_packed_bytes
        scales_of = self.c.fovea_linear_int8_scales
        room_of = self.c.fovea_linear_int8_workspace_bytes
        for function in (bytes_of, scales_of, room_of):
            function.restype = fovea.size_t
        packed = fovea.aligned(bytes_of(*sizes))
        scales = np.empty(scales_of(sizes[1]), np.float32)
        weight = np.ascontiguousarray(weight)
        pointers = [fovea.pointer(a.ctypes.data) for a in (weight, packed, scales)]
        pack = self.c.fovea_linear_int8_pack
        self.library.check(pack(pointers[0], *sizes, *pointers[1:]))
        workspace = fovea.aligned(room_of(sizes[0]))
        struct = LinearInt8(ctypes.sizeof(LinearInt8), x.ctypes.data, inputs)
        struct.tokens, struct.inputs, struct.outputs = len(x), inputs, outputs
        struct.packed, struct.scales = packed.ctypes.data, scales.ctypes.data
        struct.bias, struct.y = bias.ctypes.data, y.ctypes.data
        struct.y_stride, struct.workspace = outputs, workspace.ctypes.data
        struct.workspace_bytes = workspace.size
        keep += [x, bias, y, packed, scales, workspace, struct]
        return ctypes.byref(struct)

    def int8_module(self, case, given):
        x, out, keep = given.x[0], np.empty_like(given.x), [given]
        q, k, v, heads = (np.empty_like(x) for _ in range(4))
        weights = np.split(given.in_proj_weight, 3) + [given.out_proj_weight]
        biases = np.split(given.in_proj_bias, 3) + [given.out_proj_bias]
        ends = [(x, q), (x, k), (x, v), (heads, out[0])]
        layers = [
            self.linear_int8(source, weight, bias, to, keep)
            for (source, to), weight, bias in zip(ends, weights, biases)
        ]
        views = [cases.split_heads(part, case.heads)[None] for part in (q, heads, k, v)]
        attention = self.library.call(*views, keep)
        keep += [attention, views]
        linear, attend = self.c.fovea_linear_int8_run, self.c.fovea_attention_run

        def run(attention):
            for layer in layers[:3]:
                linear(layer)
            attend(attention)
            return linear(layers[3])

        arguments = [ctypes.byref(attention)]
        return self.ready("fovea_linear_int8_run", run, arguments, out, keep)
