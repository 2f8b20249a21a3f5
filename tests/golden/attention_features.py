# SPDX-License-Identifier: Apache-2.0
"""Golden cases of what changes attention's scores, hides keys and is written
beside the output: masks, windows, softcap, ALiBi, sink logits, policies, lse,
weights and scores; each alone, and together as known models use them.
"""

import dataclasses
import functools

import numpy as np
import torch
from torch.nn import functional as F

import attention
import stream
import table

MAX_TOKENS = 300
TILE = 64

# Tensor numbers; bytes of a boolean mask are visible where HOLES says so.
Q, K, V, HOLES, BIAS, SLOPES, SINKS = range(7)


@dataclasses.dataclass(eq=False)
class Config:
    """A derived AttentionConfig, by the names of its members."""

    name: str
    heads: int
    kv_heads: int
    dim: int
    value_dim: int = 0
    max_queries: int = MAX_TOKENS
    causal: bool = False
    window: int = 0
    sinks: int = 0
    mask: str = "kNone"
    softcap: bool = False
    alibi: bool = False
    sink_logits: bool = False
    policy: str = "void"
    weights: bool = False
    scores: str = "kNone"

    def values(self):
        return self.value_dim or self.dim

    def text(self):
        sizes = [("kHeads", self.heads), ("kKvHeads", self.kv_heads),
                 ("kHeadDim", self.dim), ("kValueDim", self.value_dim),
                 ("kMaxQueries", self.max_queries), ("kWindow", self.window),
                 ("kSinks", self.sinks)]
        flags = [("kCausal", self.causal), ("kSoftcap", self.softcap),
                 ("kAlibi", self.alibi), ("kSinkLogits", self.sink_logits),
                 ("kWeights", self.weights)]
        lines = [f"static constexpr size_t {name} = {value};"
                 for name, value in sizes if value]
        lines += [f"static constexpr bool {name} = true;"
                  for name, value in flags if value]
        if self.mask != "kNone":
            lines.append(
                f"static constexpr MaskKind kMask = MaskKind::{self.mask};")
        if self.policy != "void":
            lines.append(f"using ScorePolicy = {self.policy};")
        if self.scores != "kNone":
            lines.append("static constexpr ScoreStage kScores = "
                         f"ScoreStage::{self.scores};")
        body = "".join(f"  {line}\n" for line in lines)
        return f"struct {self.name} : FeaturesConfig {{\n{body}}};\n"


B, A = dict(mask="kBoolean"), dict(mask="kAdditive")
CONFIGS = [
    # One feature each.
    Config("Boolean", 2, 2, 16, **B, weights=True),
    Config("BooleanCausal", 4, 2, 20, causal=True, **B, scores="kMasked"),
    Config("Additive", 4, 2, 32, **A, weights=True),
    Config("AdditiveCausal", 3, 3, 16, causal=True, **A, scores="kScaled"),
    Config("Window1", 2, 1, 16, causal=True, window=1, weights=True),
    Config("Window5", 4, 1, 20, causal=True, window=5, scores="kMasked"),
    Config("Window16", 2, 2, 16, window=16, weights=True),
    Config("Window100", 4, 2, 32, window=100, scores="kScaled"),
    Config("Softcap", 4, 2, 16, softcap=True, scores="kSoftcapped"),
    Config("SoftcapCausal", 2, 2, 32, causal=True, softcap=True, weights=True),
    Config("Alibi", 4, 2, 20, alibi=True, scores="kMasked"),
    Config("AlibiCausal", 8, 8, 16, causal=True, alibi=True),  # BLOOM
    Config("SinkLogits", 2, 2, 16, sink_logits=True, weights=True),
    Config("WideValues", 4, 2, 20, value_dim=48, causal=True, weights=True),
    Config("NarrowValues", 2, 2, 48, value_dim=20, scores="kScaled"),
    Config("Lengths", 4, 1, 32, weights=True, scores="kMasked"),
    Config("PolicyDecay", 4, 2, 16, causal=True, policy="Decay",
           scores="kMasked"),
    Config("PolicyDilated", 4, 2, 20, policy="Dilated", weights=True),
    # Sinks that a window leaves visible.
    Config("Sinks1", 4, 1, 16, causal=True, window=63, sinks=1),
    Config("Sinks4", 2, 2, 20, causal=True, window=16, sinks=4, weights=True),
    Config("Sinks20", 4, 2, 16, window=65, sinks=20, scores="kMasked"),
    Config("Sinks70", 4, 2, 32, causal=True, window=65, sinks=70,
           weights=True),
    # As known models have them.
    Config("Mistral", 8, 2, 64, causal=True, window=64),
    Config("Gemma2", 4, 2, 256, causal=True, window=63, softcap=True),
    Config("GptOss", 8, 2, 64, causal=True, window=16, sink_logits=True,
           weights=True),
    Config("Mpt", 4, 4, 20, causal=True, **A, alibi=True, scores="kMasked"),
    Config("Encoder", 3, 3, 64, **B),
    # Few queries a call: decode, and a draft's verification.
    Config("MistralStep", 8, 2, 64, max_queries=1, causal=True, window=64,
           sinks=4),
    Config("GptOssDraft", 4, 1, 16, max_queries=7, causal=True, window=65,
           sink_logits=True, **B, weights=True),
    Config("Tiny", 3, 1, 1, value_dim=3, causal=True, window=5, sinks=1, **A,
           weights=True),
    # All at once.
    Config("EveryCausal", 4, 2, 20, value_dim=48, causal=True, window=65,
           sinks=4, **B, softcap=True, alibi=True, sink_logits=True,
           policy="Decay", weights=True, scores="kMasked"),
    Config("Every", 4, 2, 32, value_dim=16, window=100, sinks=20, **A,
           softcap=True, alibi=True, sink_logits=True, policy="Dilated",
           weights=True, scores="kSoftcapped"),
]

# Which keys a mask shows, and whether its batch, head and query axes have
# entries of their own or are shared by a stride of 0.
RECIPES = ["kHoles", "kBlocks", "kPadding", "kSparse", "kNoSecondTile", "kAll"]
AXES = [7, 1, 4, 2, 6, 0, 5, 3]  # bits: 1 batch, 2 head, 4 query


@dataclasses.dataclass(eq=False)
class Case:
    config: Config
    queries: int
    keys: int
    batch: int = 1
    first: int = 0
    layout: str = "kHeadMajor"
    scale: float = 0.0     # 0: 1/sqrt(dim)
    softcap: float = 0.0   # 0: none
    shorter: int = 0       # keys that each batch entry lacks to the one before
    recipe: str = "kAll"
    axes: int = 0
    mask_keys: int = 0     # 0: all

    def name(self):
        words = [self.config.name, f"b{self.batch}", f"q{self.queries}",
                 f"k{self.keys}"]
        if self.first:
            words.append(f"at{self.first}")
        if self.shorter:
            words.append(f"shorter{self.shorter}")
        if self.config.mask != "kNone":
            words.append(f"{self.recipe[1:]}{self.axes}")
        if self.mask_keys:
            words.append(f"mask{self.mask_keys}")
        words.append(self.layout[1:])
        return "_".join(words)

    def fields(self, seed):
        return [f'"{self.config.name}"', str(self.batch), str(self.queries),
                str(self.keys), str(self.first), f"Layout::{self.layout}",
                table.hex_float(self.scale), table.hex_float(self.softcap),
                str(self.shorter), f"MaskRecipe::{self.recipe}",
                str(self.axes), str(self.mask_keys), f"0x{seed:016x}u"]

    def effective_scale(self):
        return self.scale if self.scale else self.config.dim**-0.5


def sizes(config, index):
    """Token counts around the tiles' edges; most of them beyond the window."""
    pick = lambda i: attention.SIZES[i * 5 % len(attention.SIZES)]
    least = min(config.window + 17, 160)
    found, i = [], 7 * index
    while len(found) < 8:
        size = pick(i)
        # Every other one is long enough to go over a tile's edge.
        low = max(least, 66) if len(found) % 2 else least
        if size >= low or (len(found) == 4 and size > 1):
            found.append(size)
        i += 1
    return found


def cases_of(config, index):
    n = sizes(config, index)
    if config.max_queries < MAX_TOKENS:
        for j, keys in enumerate(n[:6]):
            queries = min(config.max_queries, (7, 1, 5, 2, 7, 3)[j], keys)
            yield dict(queries=queries, keys=keys, first=keys - queries,
                       batch=1 + j % 2)
        return
    if config.causal:
        yield dict(queries=n[0], keys=n[0])
        yield dict(queries=n[1], keys=n[1])
        yield dict(queries=n[2], keys=n[2], batch=3)
        yield dict(queries=1, keys=n[3], first=n[3] - 1)
        few = min(n[4], n[5], 50)
        yield dict(queries=few, keys=n[5], first=n[5] - few, batch=2)
        # The first rows see nothing; then they see some keys and leave them.
        yield dict(queries=n[6], keys=max(n[7] // 2, 17),
                   first=-(1, 16, 63, 40, 65)[index % 5])
    else:
        yield dict(queries=n[0], keys=n[0])
        yield dict(queries=n[1], keys=n[5], batch=2)
        yield dict(queries=min(n[4], 90), keys=n[3], first=n[3] // 3)
        yield dict(queries=n[2], keys=n[7], batch=3, first=-5)
        yield dict(queries=1 + index % 3, keys=n[1], first=n[1] // 2)


def cases():
    """All cases, in the order of the table."""
    for index, config in enumerate(CONFIGS):
        for j, shape in enumerate(cases_of(config, index)):
            case = Case(config, **shape)
            case.layout = attention.LAYOUTS[(index + j) % 4]
            if (index + j) % 3 == 1:
                case.scale = min(1.0, 3.0 * config.dim**-0.5)
            if config.softcap and j != 2:
                case.softcap = (2.0, 0.75, 30.0)[(index + j) % 3]
            # A length of 0, and one at a tile's edge, are among them.
            if case.batch > 1 and (config.name == "Lengths" or index % 3 == 0):
                less = case.keys if j % 4 == 1 else max(1, case.keys - TILE)
                case.shorter = less // (case.batch - 1)
            if config.mask != "kNone":
                case.recipe = RECIPES[(index + j) % len(RECIPES)]
                case.axes = AXES[(index + 3 * j) % len(AXES)]
                if (index + j) % 4 == 3 and case.keys > 20:
                    case.mask_keys = case.keys - (1, 17)[index % 2]
            case.scale = float(np.float32(case.scale))
            yield case


# ------------------------------------------------------------------- inputs


def mask_shape(case):
    extents = (case.batch, case.config.heads, case.queries)
    shared = [n if case.axes >> axis & 1 else 1
              for axis, n in enumerate(extents)]
    return (*shared, case.mask_keys or case.keys)


def shown(case, seed):
    """What the mask shows, in its own shape."""
    b, h, i, j = np.indices(mask_shape(case))
    holes = stream.values(seed, HOLES, mask_shape(case))
    return {
        "kAll": np.ones_like(holes, bool),
        "kHoles": holes >= 0,
        "kSparse": holes < -1.9,
        "kBlocks": (j // TILE + i // 16 + h + b) % 2 == 0,
        "kPadding": j + 1 + 17 * b < mask_shape(case)[-1],
        "kNoSecondTile": j // TILE != 1,
    }[case.recipe]


def inputs(case, seed):
    """The float32 inputs and the bias or mask; attention_features_case.h
    computes the same."""
    c = case.config
    q = stream.values(seed, Q, (case.batch, c.heads, case.queries, c.dim))
    kv = (case.batch, c.kv_heads, case.keys)
    k = stream.values(seed, K, (*kv, c.dim))
    v = stream.values(seed, V, (*kv, c.values()))
    slopes = np.abs(stream.values(seed, SLOPES, (c.heads,))) * np.float32(0.25)
    sinks = stream.values(seed, SINKS, (c.heads,))
    bias = stream.values(seed, BIAS, mask_shape(case))
    return q, k, v, slopes, sinks, bias


def position_and_key(case):
    return (np.arange(case.queries)[:, None] + case.first,
            np.arange(case.keys)[None])


def visible(case, seed):
    """[batch][head][query][key]"""
    c = case.config
    p, j = position_and_key(case)
    see = np.ones((case.batch, c.heads, case.queries, case.keys), bool)
    if c.causal:
        see &= j <= p
    if c.window:
        near = p - j < c.window
        if not c.causal:
            near &= j - p < c.window
        see &= near | (j < c.sinks)
    if case.shorter:
        lengths = case.keys - case.shorter * np.arange(case.batch)
        see &= j < lengths[:, None, None, None]
    if c.mask != "kNone":
        see &= padded(case, shown(case, seed), False)
    if c.policy == "Dilated":
        see &= (p - j) & 2 == 0
    return see


def padded(case, mask, fill):
    """A mask with the keys beyond its columns."""
    beyond = case.keys - mask.shape[-1]
    return np.pad(mask, [(0, 0)] * 3 + [(0, beyond)], constant_values=fill)


def policy_score(case, seed, score):
    """attention_policies.h in the array type of the scores."""
    p, j = position_and_key(case)
    head = np.arange(case.config.heads)[:, None, None]
    if case.config.policy == "Decay":
        rate = (1 + seed % 4) / 64
        return score - torch.from_numpy(
            rate * (head + 1) * np.abs(p - j)).to(score.dtype)
    if case.config.policy == "Dilated":
        return score + torch.from_numpy(0.25 * head).to(score.dtype)
    return score


# ----------------------------------------------------------------- expected


def in_numpy(case, seed):
    """out, lse, weights and the stage's scores as the formula says, in float64.
    -inf in lse and scores stays."""
    c = case.config
    q, k, v, slopes, sinks, bias = (x.astype(np.float64)
                                    for x in inputs(case, seed))
    group = c.heads // c.kv_heads
    k, v = np.repeat(k, group, axis=1), np.repeat(v, group, axis=1)
    p, j = position_and_key(case)
    see = visible(case, seed)
    stages = {"kNone": None}
    s = stages["kScaled"] = case.effective_scale() * (q @ k.swapaxes(-1, -2))
    if case.softcap:
        s = case.softcap * np.tanh(s / case.softcap)
    stages["kSoftcapped"] = s
    s = policy_score(case, seed, torch.from_numpy(s)).numpy()
    if c.alibi:
        s = s - slopes[:, None, None] * np.abs(p - j)
    if c.mask == "kAdditive":
        s = s + padded(case, bias, 0)
    s = stages["kMasked"] = np.where(see, s, -np.inf)
    sink = sinks[:, None, None] if c.sink_logits else np.float64(-np.inf)
    top = np.maximum(s.max(axis=-1, keepdims=True), sink)
    top = np.where(np.isfinite(top), top, 0)
    e = np.exp(s - top)
    total = e.sum(axis=-1, keepdims=True) + np.exp(sink - top)
    weights = e / np.where(total > 0, total, 1)
    with np.errstate(divide="ignore"):
        lse = (top + np.log(total))[..., 0]
    return weights @ v, lse, weights, stages[c.scores]


def in_torch(case, seed, dtype):
    """The same, composed of PyTorch's operators."""
    c = case.config
    q, k, v, slopes, sinks, bias = (torch.from_numpy(x).to(dtype)
                                    for x in inputs(case, seed))
    k, v = (x.repeat_interleave(c.heads // c.kv_heads, dim=1) for x in (k, v))
    p, j = (torch.from_numpy(x) for x in position_and_key(case))
    stages = {"kNone": None}
    s = stages["kScaled"] = q @ k.transpose(-1, -2) * case.effective_scale()
    if case.softcap:
        s = case.softcap * torch.tanh(s / case.softcap)
    stages["kSoftcapped"] = s
    s = policy_score(case, seed, s)
    if c.alibi:
        s = s - slopes[:, None, None] * (p - j).abs()
    if c.mask == "kAdditive":
        s = s + torch.from_numpy(padded(case, bias.numpy(), 0))
    see = torch.from_numpy(visible(case, seed))
    s = stages["kMasked"] = s.masked_fill(~see, -torch.inf)
    if c.sink_logits:  # a column more, without a value
        column = sinks[:, None, None].expand(*s.shape[:-1], 1)
        s = torch.cat([s, column], dim=-1)
    lse = torch.logsumexp(s, dim=-1)
    weights = torch.softmax(s, dim=-1)[..., :case.keys]
    return weights @ v, lse, weights, stages[c.scores]


def by_sdpa(case, seed, dtype):
    """PyTorch's own operator, or None where it lacks the feature.

    What is added to a score it takes as its attn_mask.
    """
    c = case.config
    if case.softcap or c.sink_logits or c.policy != "void":
        return None
    q, k, v, slopes, _, bias = (torch.from_numpy(x).to(dtype)
                                for x in inputs(case, seed))
    k, v = (x.repeat_interleave(c.heads // c.kv_heads, dim=1) for x in (k, v))
    see = torch.from_numpy(visible(case, seed))
    mask = see
    if c.alibi or c.mask == "kAdditive":
        p, j = (torch.from_numpy(x) for x in position_and_key(case))
        mask = torch.zeros(see.shape, dtype=dtype)
        if c.alibi:
            mask = mask - slopes[:, None, None] * (p - j).abs()
        if c.mask == "kAdditive":
            mask = mask + torch.from_numpy(padded(case, bias.numpy(), 0))
        mask = mask.masked_fill(~see, -torch.inf)
    return F.scaled_dot_product_attention(q, k, v, attn_mask=mask,
                                          scale=case.effective_scale())


OUTPUTS = ("out", "lse", "weights", "scores")


@functools.lru_cache(maxsize=64)
def evaluate(case, seed):
    """{output: (expected, PyTorch's float32, where that one counts)}"""
    expected = in_numpy(case, seed)
    again = in_torch(case, seed, torch.float64)
    got = in_torch(case, seed, torch.float32)
    # Rows that see nothing are not PyTorch's to judge.
    sees = np.isfinite(expected[1])
    counts = (sees[..., None], sees, sees[..., None], np.ones_like(sees)[..., None])
    result = {}
    for i, name in enumerate(OUTPUTS):
        if expected[i] is None or (name == "weights" and
                                   not case.config.weights):
            continue
        finite = np.isfinite(expected[i]) & counts[i]
        pairs = [(again[i], 1e-11), (got[i], 1e-2)]
        if i == 0:
            pairs.append((by_sdpa(case, seed, torch.float64), 1e-11))
        for other, tolerance in pairs:
            if other is None:
                continue
            with np.errstate(invalid="ignore"):
                error = other.double().numpy() - expected[i]
            error = np.where(finite, error, 0)
            assert np.abs(error).max() < tolerance, (case.name(), name)
        mine = got[i]
        if i == 0:
            operator = by_sdpa(case, seed, torch.float32)
            mine = mine if operator is None else operator
        assert (np.isfinite(expected[i]) | (expected[i] == -np.inf)).all()
        # The tables hold 0 for -inf; the tests compare with the reference
        # where it stands.
        value = np.where(np.isfinite(expected[i]), expected[i], 0)
        result[name] = value, np.where(finite, mine.numpy(), 0), finite
    assert (result["out"][0][~sees] == 0).all()
    return result


NOTE = """config, batch, queries, keys, first_position, layout, scale, softcap,
shorter, mask recipe, mask axes, mask_keys, seed, Expected of out, lse, weights
and scores"""

# Values of each output that are kept: (sampled of a large one, all of a small).
COUNTS = {"out": (28, 32), "lse": (10, 12), "weights": (16, 16),
          "scores": (12, 12)}


class Table(table.Table):
    """Rows with an Expected for each output, {} for those it does not have."""

    def add_outputs(self, name, fields, expected):
        tails = []
        for output in OUTPUTS:
            if output in expected:
                one = expected[output]
                tails.append(f"{{{self.tail(one, len(self.values))}}}")
                self.values.extend(one.values)
            else:
                tails.append("{}")
        self.add_row(name, fields, ",\n     ".join(tails))


def measure(case, seed):
    found = {}
    for output in OUTPUTS:
        count, whole = COUNTS[output]
        if output in evaluate(case, seed):
            found[output] = table.measure(
                lambda s: evaluate(case, s)[output], seed,
                count=count, whole=whole)
    return found


PARTS = 4  # files that instantiate the configurations


def write_configs(directory):
    structs = "\n".join(config.text() for config in CONFIGS)
    names = " \\\n".join(f"  X({config.name}, {index % PARTS})"
                         for index, config in enumerate(CONFIGS))
    table.write(directory, "attention_features_configs.inc",
                f"{table.HEADER}{structs}\n"
                "// X(config, which of the files instantiates it)\n"
                f"#define FOVEA_ATTENTION_FEATURES_CONFIGS(X) \\\n{names}\n")


def generate(directory):
    rows = Table("attention_features", "FeaturesCase", NOTE)
    for case in cases():
        assert max(case.queries, case.keys) <= MAX_TOKENS
        assert case.shorter * (case.batch - 1) <= case.keys
        seed = stream.fnv1a("attention_features/" + case.name())
        rows.add_outputs(case.name(), case.fields(seed), measure(case, seed))
    rows.write(directory)
    write_configs(directory)
