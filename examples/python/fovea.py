# SPDX-License-Identifier: Apache-2.0
"""fovea's C interface through ctypes and NumPy.

    import fovea
    lib = fovea.Library("build/release/libfovea.so")
    out = lib.attention(q, k, v, is_causal=True)

Arrays are float32, [batch][head][token][dim] in any strides whose last axis is
contiguous; others are copied. include/fovea/fovea.h says what each option does.
"""

import ctypes

import numpy as np

ALIGNMENT = 64
STAGES = {"scaled": 1, "softcapped": 2, "masked": 3}
ELEMENTS = {"float32": 1, "bfloat16": 2, "float16": 3, "int8": 4}

size_t, pointer = ctypes.c_size_t, ctypes.c_void_p


class View(ctypes.Structure):
    """fovea_input, fovea_output and fovea_mask."""

    _fields_ = [("data", pointer), ("batch", size_t), ("head", size_t), ("token", size_t)]


class Attention(ctypes.Structure):
    """fovea_attention."""

    _fields_ = (
        [("struct_bytes", size_t)]
        + [(n, size_t) for n in ("batch", "heads", "kv_heads", "head_dim", "value_dim")]
        + [("queries", size_t), ("keys", size_t)]
        + [(n, View) for n in ("q", "k", "v", "out")]
        + [("scale", ctypes.c_float), ("causal", ctypes.c_int32)]
        + [("first_position", ctypes.c_int64), ("key_lengths", pointer)]
        + [("window", size_t), ("sinks", size_t), ("mask", View), ("bias", View)]
        + [("mask_keys", size_t), ("block_mask", View), ("mask_blocks", size_t)]
        + [("softcap", ctypes.c_float)]
        + [(n, pointer) for n in ("alibi_slopes", "sink_logits", "rotary")]
        + [("arithmetic", pointer), ("raw_keys", ctypes.c_int32)]
        + [(n, pointer) for n in ("lse", "weights", "scores")]
        + [("score_stage", ctypes.c_int), ("workspace", pointer)]
        + [(n, size_t) for n in ("workspace_bytes", "part", "parts")]
    )


class CacheShape(ctypes.Structure):
    """fovea_cache_shape."""

    _fields_ = [("struct_bytes", size_t), ("kv_heads", size_t), ("head_dim", size_t)] + [
        ("value_dim", size_t),
        ("capacity", size_t),
        ("element", ctypes.c_int),
        ("raw_keys", ctypes.c_int32),
        ("arithmetic", pointer),
        ("window", size_t),
        ("sinks", size_t),
        ("max_queries", size_t),
    ]


class Norm(ctypes.Structure):
    """fovea_norm."""

    _fields_ = [("struct_bytes", size_t), ("x", pointer), ("x_stride", size_t)] + [
        ("tokens", size_t),
        ("dim", size_t),
        ("weight", pointer),
        ("bias", pointer),
        ("eps", ctypes.c_float),
        ("y", pointer),
        ("y_stride", size_t),
    ]


class Rope(ctypes.Structure):
    """fovea_rope."""

    _fields_ = [("struct_bytes", size_t), ("x", View), ("batch", size_t)] + [
        ("heads", size_t),
        ("tokens", size_t),
        ("dim", size_t),
        ("interleaved", ctypes.c_int32),
        ("rates", pointer),
        ("first_position", ctypes.c_uint64),
        ("cos", pointer),
        ("sin", pointer),
        ("angle_batch_stride", size_t),
        ("angle_token_stride", size_t),
    ]


class Error(Exception):
    """A status that is not FOVEA_OK."""


def aligned(count):
    """Bytes whose first lies where a workspace or a cache may begin."""
    memory = np.empty(count + ALIGNMENT, np.uint8)
    first = -memory.ctypes.data % ALIGNMENT
    return memory[first : first + count]


def floats(array):
    """The array, or a copy whose rows the library can read."""
    array = np.asarray(array, np.float32)
    steps = [s for n, s in zip(array.shape, array.strides) if n > 1]
    good = all(s > 0 and s % 4 == 0 for s in steps) and array.flags.aligned
    dense = array.shape[-1] == 1 or array.strides[-1] == 4
    return array if good and dense else np.ascontiguousarray(array)


def view(array):
    """A View of [batch][head][token][dim]; an axis of one entry is shared."""
    steps = [0 if n == 1 else s // array.itemsize for s, n in zip(array.strides, array.shape)]
    return View(array.ctypes.data, *steps[:3])


def shared_view(array, dtype, keys):
    """A View of a mask that broadcasts to [batch][head][query][key]; keys beyond
    a shorter one are hidden."""
    array = np.asarray(array, dtype)
    if array.shape[-1:] in ((), (1,)):
        array = np.broadcast_to(array, array.shape[:-1] + (keys,))
    array = np.ascontiguousarray(array.reshape((1,) * (4 - array.ndim) + array.shape))
    return array, view(array)


class Library:
    def __init__(self, path):
        self.c = ctypes.CDLL(path)
        for name in ("status_name", "target_name", "target_at"):
            getattr(self.c, "fovea_" + name).restype = ctypes.c_char_p
        for name in ("cache_bytes", "cache_size", "cache_workspace_bytes"):
            getattr(self.c, "fovea_" + name).restype = size_t
        self.c.fovea_attention_run_workspace_bytes.restype = size_t
        for name in ("int8", "int8_scores"):
            getattr(self.c, "fovea_" + name).restype = pointer

    def check(self, status):
        if status:
            raise Error(self.c.fovea_status_name(status).decode())

    def target(self):
        return self.c.fovea_target_name().decode()

    def arithmetic(self, name):
        """Of "int8" or "int8_scores"; None: float."""
        return getattr(self.c, "fovea_" + name)() if name else None

    def call(self, q, out, k, v, keep, keys, cache=None, **options):
        """A fovea_attention to `keys` keys, of a cache or k and v themselves; `keep`
        holds on to what it points to."""
        struct = Attention(ctypes.sizeof(Attention))
        struct.batch, struct.heads, struct.queries, struct.head_dim = q.shape
        struct.kv_heads, struct.keys, struct.value_dim = k.shape[1], k.shape[2], v.shape[3]
        struct.q, struct.k, struct.v, struct.out = map(view, (q, k, v, out))
        struct.scale = options.get("scale") or 0
        struct.causal = bool(options.get("is_causal"))
        struct.first_position = options.get("first_position", 0)
        struct.window, struct.sinks = options.get("window", 0), options.get("sinks", 0)
        struct.softcap = options.get("softcap") or 0
        mask = options.get("attn_mask")
        if mask is not None:
            boolean = np.asarray(mask).dtype == np.bool_
            array, of_mask = shared_view(mask, np.uint8 if boolean else np.float32, keys)
            keep.append(array)
            struct.mask_keys = array.shape[3]
            setattr(struct, "mask" if boolean else "bias", of_mask)
        for name in ("key_lengths", "alibi_slopes", "sink_logits"):
            if options.get(name) is not None:
                dtype = np.uintp if name == "key_lengths" else np.float32
                array = np.ascontiguousarray(options[name], dtype)
                keep.append(array)
                setattr(struct, name, array.ctypes.data)
        for name in ("lse", "weights", "scores"):
            if options.get(name) is not None:
                setattr(struct, name, options[name].ctypes.data)
        struct.score_stage = STAGES.get(options.get("score_stage"), 0)
        struct.arithmetic = self.arithmetic(options.get("arithmetic"))
        if cache is None:
            size = self.c.fovea_attention_run_workspace_bytes(ctypes.byref(struct))
        else:
            size = self.c.fovea_cache_workspace_bytes(cache)
        workspace = aligned(size)
        keep.append(workspace)
        struct.workspace, struct.workspace_bytes = workspace.ctypes.data, size
        return struct

    def attention(self, q, k, v, **options):
        """As torch's scaled_dot_product_attention: [batch][head][token][dim]."""
        q, k, v = floats(q), floats(k), floats(v)
        out = np.empty(q.shape[:3] + v.shape[3:], np.float32)
        keep = []
        struct = self.call(q, out, k, v, keep, k.shape[2], **options)
        self.check(self.c.fovea_attention_run(ctypes.byref(struct)))
        return out

    def cache(self, kv_heads, head_dim, value_dim, capacity, element="float32", arithmetic=None):
        return Cache(self, kv_heads, head_dim, value_dim, capacity, element, arithmetic)

    def rms_norm(self, x, weight, eps):
        x, weight = np.ascontiguousarray(x, np.float32), floats(weight)
        y, dim = np.empty_like(x), weight.size
        struct = Norm(ctypes.sizeof(Norm), x.ctypes.data, dim, x.size // dim, dim)
        struct.weight, struct.eps = weight.ctypes.data, eps
        struct.y, struct.y_stride = y.ctypes.data, dim
        self.check(self.c.fovea_rms_norm_run(ctypes.byref(struct)))
        return y

    def rope(self, x, cos, sin, interleaved=False):
        """x [batch][head][token][dim], turned by cos and sin [batch][token][pair]."""
        y = np.array(x, np.float32, order="C")
        cos, sin = np.ascontiguousarray(cos, np.float32), np.ascontiguousarray(sin, np.float32)
        struct = Rope(ctypes.sizeof(Rope), view(y), y.shape[0], y.shape[1], y.shape[2])
        struct.dim, struct.interleaved = 2 * cos.shape[2], interleaved
        struct.cos, struct.sin = cos.ctypes.data, sin.ctypes.data
        struct.angle_batch_stride = cos.shape[1] * cos.shape[2] if cos.shape[0] > 1 else 0
        struct.angle_token_stride = cos.shape[2]
        self.check(self.c.fovea_rope_run(ctypes.byref(struct)))
        return y


class Cache:
    """A key-value cache of one stream; an arithmetic needs elements of int8."""

    def __init__(self, library, kv_heads, head_dim, value_dim, capacity, element, arithmetic):
        self.library, self.c = library, library.c
        self.kv_heads, self.dims = kv_heads, (head_dim, value_dim)
        self.arithmetic = arithmetic
        shape = CacheShape(ctypes.sizeof(CacheShape), kv_heads, head_dim, value_dim)
        shape.capacity, shape.element = capacity, ELEMENTS[element]
        shape.arithmetic = library.arithmetic(arithmetic)
        size = self.c.fovea_cache_bytes(ctypes.byref(shape))
        self.memory, self.pointer = aligned(size), pointer()
        library.check(
            self.c.fovea_cache_create(
                ctypes.byref(shape),
                pointer(self.memory.ctypes.data),
                size_t(size),
                ctypes.byref(self.pointer),
            )
        )

    def __len__(self):
        return self.c.fovea_cache_size(self.pointer)

    def append(self, k, v):
        """[1][kv_head][token][dim] of each."""
        k, v = floats(k), floats(v)
        self.library.check(
            self.c.fovea_cache_append(self.pointer, view(k), view(v), size_t(k.shape[2]))
        )

    def _attend(self, function, keys, q, k, v, options):
        q, k, v = floats(q), floats(k), floats(v)
        out = np.empty(q.shape[:3] + v.shape[3:], np.float32)
        keep = []
        options["arithmetic"] = self.arithmetic
        struct = self.library.call(q, out, k, v, keep, keys, self.pointer, **options)
        self.library.check(function(self.pointer, ctypes.byref(struct)))
        return out

    def step(self, q, k, v, **options):
        """Appends k and v, then attends; causal from the cache's own position."""
        keys = len(self) + np.shape(k)[2]
        return self._attend(self.c.fovea_cache_step, keys, q, k, v, options)

    def attend(self, q, **options):
        """Attends to what it holds; query 0 is at first_position."""
        unread = (np.zeros((1, self.kv_heads, 1, dim), np.float32) for dim in self.dims)
        return self._attend(self.c.fovea_cache_attend, len(self), q, *unread, options)
