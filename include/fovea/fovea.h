/* SPDX-License-Identifier: Apache-2.0 */
/* fovea's C interface (C11): attention, its key-value cache, and the rest of a
 * transformer's arithmetic, with shapes known at run time.
 *
 * Rules of every function:
 *
 * - The caller owns all memory. Nothing is allocated, nothing is kept between
 *   calls but what lies in the caller's buffers. The library's only state is
 *   the target that it chose (fovea_target_name).
 * - Anything but FOVEA_OK means that nothing was written.
 * - Reentrant: calls with different workspaces, outputs and caches may run at
 *   once.
 * - Strides are in elements, the last axis of a tensor is contiguous. A stride
 *   is only read where its axis has more than one entry, and must then be at
 *   least the row's length; an input's batch_stride may be 0, which shares one
 *   tensor among the batch. Otherwise, and where the last entry would have no
 *   address, FOVEA_BAD_STRIDE.
 * - Pointers to floats, int64_t and size_t must have the alignment of the type;
 *   workspaces, caches and saved bytes that of FOVEA_ALIGNMENT.
 * - A struct begins with struct_bytes, which is its sizeof. Fill the rest with
 *   zeros first, so that members of a later version are off:
 *
 *     fovea_attention call = {.struct_bytes = sizeof(call)};
 *
 *   A struct that is longer than the library's is refused with
 *   FOVEA_UNSUPPORTED unless what the library does not know is 0.
 *
 * The bits of a result depend on the inputs alone: not on the target (among
 * those with fused multiply-add), on how tokens are split into calls, nor on
 * the number of workers. They are those of the C++ templates. The one
 * exception, fovea_attention_merge, says so.
 */
#ifndef FOVEA_FOVEA_H_
#define FOVEA_FOVEA_H_

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define FOVEA_VERSION_MAJOR 0 /* of this header */
#define FOVEA_VERSION_MINOR 1 /* likewise */
#define FOVEA_VERSION_PATCH 0 /* likewise */

/* Of workspaces, caches and saved bytes. */
#define FOVEA_ALIGNMENT 64

#if defined(FOVEA_BUILDS_SHARED) && defined(__GNUC__)
/* What the shared library exports; nothing else is. */
#define FOVEA_API __attribute__((visibility("default")))
#else
#define FOVEA_API /* for the shared library alone */
#endif

/* The last member of every enum gives it 32 bits, also where a compiler packs
 * enums, and makes any value of a caller's one that can be refused. */
#define FOVEA_ENUM_LAST 0x7fffffff

/* The numbers are part of the interface and never change. */
typedef enum fovea_status {
  FOVEA_OK = 0,
  FOVEA_NULL_POINTER = 1,    /* a required pointer is null */
  FOVEA_ZERO_COUNT = 2,      /* a count that must be 1 or more is 0 */
  FOVEA_TOO_MANY_TOKENS = 3, /* a count or a dim exceeds its maximum */
  FOVEA_BAD_STRIDE = 4,      /* a stride is too small, or beyond all memory */
  FOVEA_MISALIGNED = 5,      /* a buffer or an array is not aligned */
  FOVEA_CACHE_FULL = 6,      /* the cache has no room for the tokens */
  FOVEA_BAD_SCALE = 7,       /* a scale, factor or eps is out of its range */
  FOVEA_FORGOTTEN = 8,       /* a ring no longer holds what the call needs */
  FOVEA_BAD_FORMAT = 9,      /* not a cache, not such a cache, or damaged */
  FOVEA_TOO_SHORT = 10,      /* a buffer has fewer bytes than it needs */
  FOVEA_BAD_PART = 11,       /* a part is not below the number of parts */
  FOVEA_UNSUPPORTED = 12,    /* an option's value, or options together */
  FOVEA_BAD_TOKEN = 13,      /* (of embeddings, which C does not offer yet) */
  FOVEA_STATUS_LAST = FOVEA_ENUM_LAST
} fovea_status;

/* The status in words, as "CacheFull"; "?" for any other number. Static. */
FOVEA_API const char* fovea_status_name(fovea_status status);

/* FOVEA_VERSION_* of the library: major * 10000 + minor * 100 + patch. */
FOVEA_API uint32_t fovea_version(void);

/* ------------------------------------------------------------------ targets */

/* The instruction set in use, as Highway names it: "AVX2", "SVE2"... Static. Of
 * AVX-512, AVX2 and 64-bit Arm's NEON it says which products of int8 there are
 * beside it: "AVX3_VNNI" or "AVX3" for none, "AVX2_VNNI" or "AVX2";
 * "NEON_I8MM", "NEON_DOTPROD" or "NEON_WITHOUT_AES". The first call of this or
 * of an operation chooses the best that the library has for this CPU. */
FOVEA_API const char* fovea_target_name(void);

/* The targets that the library has and this CPU can run, best first: returns
 * the name of number `index`, or null when there are no more. */
FOVEA_API const char* fovea_target_at(size_t index);

/* Whether the target in use fuses multiply and add: those that do give the same
 * bits, and so do those that do not. 1 or 0. */
FOVEA_API int fovea_target_fuses(void);

/* Uses that target from now on; null: the best. For tests and measurements, not
 * while other calls run. Ask for workspace sizes again afterwards.
 * FOVEA_UNSUPPORTED: it is not among those of fovea_target_at. */
FOVEA_API fovea_status fovea_use_target(const char* name);

/* ------------------------------------------------------------------ tensors */

/* [batch][head][token][dim] that is only read. */
typedef struct fovea_input {
  const float* data; /* of [0][0][0][0] */
  /* From one entry of the axis to the next. */
  size_t batch_stride, head_stride, token_stride;
} fovea_input;

/* The same, to be written. */
typedef struct fovea_output {
  float* data; /* of [0][0][0][0] */
  /* From one entry of the axis to the next. */
  size_t batch_stride, head_stride, token_stride;
} fovea_output;

/* A boolean mask [batch][head][query][key], one byte a key: 0 hides it, any
 * other value shows it. Each stride may be 0, which shares the mask. */
typedef struct fovea_mask {
  const uint8_t* data; /* of [0][0][0][0] */
  /* From one entry of the axis to the next. */
  size_t batch_stride, head_stride, token_stride;
} fovea_mask;

/* What products are computed in, where not in float: see fovea_int8. */
typedef struct fovea_arithmetic fovea_arithmetic;

/* What turns rows by their position; see fovea_rope_turner. */
typedef struct fovea_turner fovea_turner;

/* Rotary positions (arXiv 2104.09864) of queries, and of keys on their way into
 * a cache, as fovea_rope turns them: no pass of its own, no copy. */
typedef struct fovea_rotary {
  size_t struct_bytes;        /* sizeof(fovea_rotary) */
  const fovea_turner* turner; /* fovea_rope_turner(): named here, so that a
                               * program which turns nothing does not hold it */
  const uint64_t* rates;      /* [dim / 2], see fovea_rope_rates */
  size_t dim;          /* the first dims of a head: even, 2 to head_dim */
  int32_t interleaved; /* as in fovea_rope */
  uint64_t position;   /* what key 0 turns by, modulo 2^64 */
} fovea_rotary;

/* ---------------------------------------------------------------- attention */

/* Which scores go to fovea_attention.scores: the qk_matmul_output_mode of
 * ONNX's Attention operator (whose fourth, the weights, is .weights). */
typedef enum fovea_score_stage {
  FOVEA_SCORES_NONE = 0,
  FOVEA_SCORES_SCALED = 1,     /* scale * q . k of every key, hidden or not */
  FOVEA_SCORES_SOFTCAPPED = 2, /* with the softcap, of every key */
  FOVEA_SCORES_MASKED = 3,     /* as the softmax sees it; hidden: -inf */
  FOVEA_SCORES_LAST = FOVEA_ENUM_LAST
} fovea_score_stage;

/* out = softmax(mask(scale * q k^T)) v ("Attention Is All You Need", arXiv
 * 1706.03762), tile by tile with the online softmax (arXiv 1805.02867,
 * 2205.14135). What changes a score, in this order: softcap, ALiBi, bias, then
 * whatever hides the key. A query that sees no key gives zeros. */
typedef struct fovea_attention {
  size_t struct_bytes; /* sizeof(fovea_attention) */

  size_t batch;     /* 1 or more; with a cache: 1 */
  size_t heads;     /* query heads, 1 or more */
  size_t kv_heads;  /* divides heads; query head h reads kv head
                     * h / (heads / kv_heads) */
  size_t head_dim;  /* of q and k, 1 to 256 */
  size_t value_dim; /* of v and out, 1 to 256 */
  size_t queries;   /* 1 to 2^24 */
  size_t keys;      /* 1 to 2^24; not read with a cache */

  fovea_input q; /* [batch][heads][queries][head_dim] */
  fovea_input k; /* [batch][kv_heads][keys][head_dim] */
  fovea_input v; /* [batch][kv_heads][keys][value_dim] */
  /* [batch][heads][queries][value_dim]. May be q itself where dims and strides
   * are the same; must not overlap k, v or q otherwise. */
  fovea_output out;

  /* Factor of q . k, finite; 0 stands for 1 / sqrt(head_dim). */
  float scale;
  /* Other than 0: key j is visible to query i iff j <= i + first_position. */
  int32_t causal;
  /* Position of query 0, counted from key 0; may be negative. fovea_cache_step
   * takes the cache's own instead. */
  int64_t first_position;
  /* Padding [batch]: entry b sees its first key_lengths[b] keys alone, 0 to
   * keys. Null: all of them. Not read with a cache. */
  const size_t* key_lengths;

  /* A query at position p sees key j only if p - j < window (and, unless
   * causal, j - p < window); the first `sinks` keys stay visible (arXiv
   * 2309.17453). Each 0 to 2^24; 0: no window, no sinks. sinks needs a
   * window. */
  size_t window, sinks;
  /* Masks of the first mask_keys keys, 1 to keys, 0 for all; keys beyond are
   * hidden. Null data: no such mask. bias [batch][heads][queries][mask_keys] is
   * added to the scores, its strides may be 0 as the mask's; -inf hides. */
  fovea_mask mask;
  fovea_input bias;
  size_t mask_keys;
  /* Sparse attention (arXiv 1904.10509, 2007.14062): a byte for 64 queries of
   * the call by 64 keys, 0 hides them, and what it hides is not computed.
   * [batch][heads][ceil(queries / 64)][mask_blocks]; strides as the mask's,
   * token_stride from one block of queries to the next. mask_blocks is 1 to
   * ceil(keys / 64), 0 for all; keys beyond are hidden. Joins the other masks.
   * Null data: no such mask. */
  fovea_mask block_mask;
  size_t mask_blocks;
  /* score = softcap * tanh(score / softcap) (Gemma 2, arXiv 2408.00118);
   * 2^-60 to 2^60, 0: none. */
  float softcap;
  /* score -= slope * |p - j| (arXiv 2108.12409) [heads], at most FLT_MAX / 2 in
   * magnitude. A first_position beyond 2^30, before or after key 0, counts as
   * it; far along a ring a sink counts as nearer (docs/streaming.md). Null:
   * none. */
  const float* alibi_slopes;
  /* One more logit a head that takes part in the softmax's sum without a value
   * [heads], at most FLT_MAX / 2 in magnitude, or -inf. Null: none. */
  const float* sink_logits;
  /* Query i turns by rotary->position + first_position + i, and a key that
   * fovea_cache_step appends by rotary->position + its position; the k of
   * fovea_attention_run is turned already. Null: nothing turns. */
  const fovea_rotary* rotary;
  /* fovea_int8() or fovea_int8_scores(); null: float. With a cache, that of its
   * shape. */
  const fovea_arithmetic* arithmetic;
  /* Other than 0: fovea_attention_run in int8 takes keys as they are, less no
   * mean. Of a cache its shape says so. */
  int32_t raw_keys;

  /* Optional outputs, dense; null: not wanted. With a cache, [keys] is the
   * number of tokens that it holds.
   *   lse      ln of the sum of e^score of visible keys and the sink, -inf
   *            where there is none; [batch][heads][queries]
   *   weights  the softmax itself; [batch][heads][queries][keys]
   *   scores   those of score_stage; likewise */
  float* lse;
  float* weights;
  float* scores;
  fovea_score_stage score_stage;

  /* Scratch of fovea_attention_workspace_bytes(head_dim, value_dim) where
   * arithmetic is null, else of fovea_attention_run_workspace_bytes, with a
   * cache of fovea_cache_workspace_bytes, aligned to FOVEA_ALIGNMENT; its
   * contents mean nothing between calls. */
  void* workspace;
  size_t workspace_bytes;

  /* One worker's share: worker `part` of `parts` (0 to 65536; 0 as 1). Each
   * with its own workspace, at the same time or not; their outputs are disjoint
   * and together have the bits of one call. */
  size_t part, parts;
} fovea_attention;

/* Bytes of workspace for a call with those dims on the target in use; 0 where a
 * dim is not 1 to 256. */
FOVEA_API size_t fovea_attention_workspace_bytes(size_t head_dim,
                                                 size_t value_dim);

/* The same for fovea_attention_run of that call, whatever its arithmetic: in
 * int8 it grows with keys, as one kv head's keys and values at a time are
 * quantised there. Of the struct it reads struct_bytes, the shape and
 * arithmetic; 0 where a count is 0 or too large. */
FOVEA_API size_t
fovea_attention_run_workspace_bytes(const fovea_attention* call);

/* Attends to the k and v of the call.
 *   NULL_POINTER     the call; the data of q, k, v or out; the workspace; the
 *                    rotary's turner or rates
 *   ZERO_COUNT       batch, a number of heads, a dim, queries or keys
 *   TOO_MANY_TOKENS  a count or dim beyond its maximum, a key_length or
 *                    mask_keys beyond keys, mask_blocks beyond their blocks,
 *                    the rotary's dim beyond head_dim
 *   BAD_STRIDE       see the top
 *   BAD_SCALE        scale, softcap, a slope or a sink logit out of its range,
 *                    or rates[0] of 0; with an arithmetic also: an entry of k
 *                    (of fovea_int8: or v), padding apart unless scores of
 *                    every key are wanted, is NaN or above FLT_MAX / 2 in
 *                    magnitude (of k with a rotary: FLT_MAX / 4)
 *   MISALIGNED       a tensor, an array or the workspace
 *   TOO_SHORT        the workspace, or struct_bytes itself
 *   BAD_PART         part >= parts, or parts > 65536
 *   UNSUPPORTED      kv_heads does not divide heads, sinks without a window, an
 *                    unknown score_stage, a rotary's dim that is odd, sizes
 *                    whose product overflows, or a
 *                    struct of a later version
 * Every option goes with every arithmetic. */
FOVEA_API fovea_status fovea_attention_run(const fovea_attention* call);

/* Arithmetics that multiply int8 and not float, where CPUs are several times as
 * fast: q and k (fovea_int8_scores), or the softmax's weights and v too
 * (fovea_int8). Rows have scales of their own, keys are less a mean of earlier
 * ones, two channels may stay float; docs/numerics.md states every operation.
 * The bits are those of the C++ templates' kArithmetic. Static; named here, so
 * that a program which uses neither does not hold them. */
FOVEA_API const fovea_arithmetic* fovea_int8_scores(void);
FOVEA_API const fovea_arithmetic* fovea_int8(void);

/* Of rows x in int8 and y in float (float sums). */
typedef struct fovea_int8_error {
  size_t struct_bytes; /* sizeof(fovea_int8_error) */
  /* sum of x y / sqrt(sum of x^2 * sum of y^2), of all rows and of the one
   * where it is least; 1 where both are zeros, 0 where one is. */
  float cosine, least_cosine;
  float relative_l1; /* sum of |x - y| / sum of |y|; 0 for 0 / 0 */
} fovea_int8_error;

/* How near a call's arithmetic comes to float on data of your own: what to ask
 * before it is used, since int8 suits most tensors and ruins some (arXiv
 * 2410.02367). Runs the call in both and compares; the call's outputs are those
 * of fovea_attention_run then. Its workspace has
 * fovea_check_int8_workspace_bytes, which are 0 as those of a run are, and
 * where arithmetic is null. Status as of fovea_attention_run, and UNSUPPORTED
 * where arithmetic is null, or batch or parts above 1; `error` is only written
 * where it is OK. */
FOVEA_API size_t fovea_check_int8_workspace_bytes(const fovea_attention* call);
FOVEA_API fovea_status fovea_check_int8(const fovea_attention* call,
                                        fovea_int8_error* error);

/* ----------------------------------------------------------------- partials */

/* What the keys of a range contribute: the numerator of the softmax times v,
 * and m and l of each row, so that out = numerator / l. */
typedef struct fovea_partial {
  size_t struct_bytes;    /* sizeof(fovea_partial) */
  fovea_output numerator; /* [batch][heads][queries][value_dim]; must not
                           * overlap the call's tensors */
  float* max;             /* m in base 2, [batch][heads][queries], dense */
  float* sum;             /* l, likewise */
} fovea_partial;

/* fovea_attention_run over keys [first_key, end_key) alone, unnormalised; out,
 * lse, weights and scores are neither read nor written. Sink logits count in
 * the range that begins with key 0. Also ZERO_COUNT for an empty range and
 * TOO_MANY_TOKENS for one that ends after the last key. */
FOVEA_API fovea_status
fovea_attention_run_partial(const fovea_attention* call, size_t first_key,
                            size_t end_key, const fovea_partial* partial);

/* Merges `count` partials, 1 to 65536, in the order of the array into the
 * call's out and lse; of the call it also reads batch, heads, queries and
 * value_dim. The array's entries are as long as the first one's struct_bytes
 * says. The one operation whose result depends on how the work was split, by a
 * few roundings. NULL_POINTER, ZERO_COUNT, TOO_MANY_TOKENS (count too),
 * BAD_STRIDE, MISALIGNED, TOO_SHORT (a struct_bytes), UNSUPPORTED (entries of
 * several lengths, too). */
FOVEA_API fovea_status fovea_attention_merge(const fovea_attention* call,
                                             const fovea_partial* partials,
                                             size_t count);

/* ---------------------------------------------------------- key-value cache */

/* The keys and values of one stream, in the layout that a decode reads at the
 * speed of memory. It lives in the caller's buffer, holds no pointer and may be
 * copied as bytes to another aligned buffer. */
typedef struct fovea_cache fovea_cache;

/* What a cache stores. */
typedef enum fovea_element {
  FOVEA_FLOAT32 = 1,
  FOVEA_BFLOAT16 = 2, /* half of the memory, rounded to nearest even */
  FOVEA_FLOAT16 = 3,  /* likewise */
  FOVEA_INT8 = 4,     /* a quarter: each row has a scale, max|x| / 127, and is
                       * rounded to nearest even; products are integers. Keys
                       * are stored less a mean of earlier ones, which costs a
                       * channel that is large in all of them no precision
                       * (docs/numerics.md says how, and how near it is) */
  FOVEA_ELEMENT_LAST = FOVEA_ENUM_LAST
} fovea_element;

/* The shape of a cache, fixed when it is created. */
typedef struct fovea_cache_shape {
  size_t struct_bytes;   /* sizeof(fovea_cache_shape) */
  size_t kv_heads;       /* 1 to 2^16 */
  size_t head_dim;       /* 1 to 256 */
  size_t value_dim;      /* 1 to 256 */
  size_t capacity;       /* tokens, 1 to 2^24; not read of a ring */
  fovea_element element; /* of the stored keys and values */
  /* Of FOVEA_INT8. Other than 0: keys are stored as they are, less no mean. */
  int32_t raw_keys;
  /* Of FOVEA_INT8: fovea_int8() or fovea_int8_scores(), which calls on it then
   * name too; its values are float in the latter. Null: products are of float
   * queries. The layouts differ (docs/numerics.md). */
  const fovea_arithmetic* arithmetic;
  /* A window other than 0, to 2^24, makes a ring, of a stream without end: it
   * keeps what a window so wide sees, and the first `sinks` tokens (0 to 2^24),
   * each in whole tiles of 64; nothing is ever moved. Calls on it must be
   * causal, with that window and those sinks, and have none of mask, bias,
   * block_mask, weights and scores. max_queries: tokens that a step brings, 0
   * as 1, beyond 64 as 64. Longer steps have the same bits, in more pieces. */
  size_t window, sinks, max_queries;
} fovea_cache_shape;

/* Bytes of a cache of that shape; 0 where fovea_cache_create would refuse it or
 * the size does not fit. */
FOVEA_API size_t fovea_cache_bytes(const fovea_cache_shape* shape);

/* Makes an empty cache at `buffer` (FOVEA_ALIGNMENT; fovea_cache_bytes), which
 * *cache then points to. NULL_POINTER, MISALIGNED, TOO_SHORT, ZERO_COUNT,
 * TOO_MANY_TOKENS, UNSUPPORTED (an unknown element, one of an arithmetic that
 * is not FOVEA_INT8, sinks without a window). */
FOVEA_API fovea_status fovea_cache_create(const fovea_cache_shape* shape,
                                          void* buffer, size_t bytes,
                                          fovea_cache** cache);

/* Every function below also returns NULL_POINTER, MISALIGNED or BAD_FORMAT for
 * what is not a cache; those that return a size_t then return 0. */

/* Forgets everything. */
FOVEA_API fovea_status fovea_cache_clear(fovea_cache* cache);

/* Tokens held, and those that there is room for. */
FOVEA_API size_t fovea_cache_size(const fovea_cache* cache);
FOVEA_API size_t fovea_cache_capacity(const fovea_cache* cache);

/* Tokens seen since it was clear, less those that were taken back: the position
 * of the next one. Other than its size only of a ring. */
FOVEA_API uint64_t fovea_cache_position(const fovea_cache* cache);

/* Bytes of workspace for a call that attends to the cache, on the target in
 * use: fovea_attention_workspace_bytes, and for FOVEA_INT8 more. */
FOVEA_API size_t fovea_cache_workspace_bytes(const fovea_cache* cache);

/* Appends `tokens` tokens, 1 or more: k [kv_heads][tokens][head_dim] and
 * v [kv_heads][tokens][value_dim] (batch_stride is not read). ZERO_COUNT,
 * BAD_STRIDE, CACHE_FULL (none is taken; a ring is never full), and of
 * FOVEA_INT8 BAD_SCALE: an entry is NaN or above FLT_MAX / 2 in magnitude
 * (values of fovea_int8_scores may be anything). */
FOVEA_API fovea_status fovea_cache_append(fovea_cache* cache, fovea_input k,
                                          fovea_input v, size_t tokens);

/* The same, turning the keys: the token at position() + t by rotary->position +
 * position() + t. rotary: null turns nothing. Also each Status of a rotary; of
 * FOVEA_INT8 entries of k may be FLT_MAX / 4 at most. */
FOVEA_API fovea_status fovea_cache_append_turned(fovea_cache* cache,
                                                 fovea_input k, fovea_input v,
                                                 size_t tokens,
                                                 const fovea_rotary* rotary);

/* Forgets the newest `tokens` tokens. TOO_MANY_TOKENS: it holds fewer;
 * FORGOTTEN: the ring has given away what the window would need then. */
FOVEA_API fovea_status fovea_cache_truncate(fovea_cache* cache, size_t tokens);

/* Appends the call's k and v (`queries` tokens of each), then attends from the
 * cache, query 0 being the first token appended: a step of a stream, or a
 * chunk. The workspace has fovea_cache_workspace_bytes. Also CACHE_FULL,
 * BAD_SCALE as of fovea_cache_append, and UNSUPPORTED where the call's shape or
 * arithmetic is not the cache's, batch is not 1, or parts is above 1, or a ring
 * does not do what it asks for. */
FOVEA_API fovea_status fovea_cache_step(fovea_cache* cache,
                                        const fovea_attention* call);

/* A step of several streams: batch entry b of the call is appended to
 * *caches[b], and attends from it. caches [batch], all different, of the call's
 * shape; sizes, elements and capacities are each cache's own. The workspace is
 * that of the cache which needs most. Status as of fovea_cache_step, of any of
 * them; then none has changed. Also UNSUPPORTED for a cache that is there
 * twice, and for weights or scores of a batch above 1. */
FOVEA_API fovea_status fovea_cache_step_streams(fovea_cache* const* caches,
                                                const fovea_attention* call);

/* Attends to the cache without appending; k, v, keys and key_lengths are not
 * read. The workspace has fovea_cache_workspace_bytes. ZERO_COUNT when it is
 * empty; of a ring UNSUPPORTED as of fovea_cache_step, and FORGOTTEN when what
 * the first query sees has left it. */
FOVEA_API fovea_status fovea_cache_attend(const fovea_cache* cache,
                                          const fovea_attention* call);

/* fovea_attention_run_partial on the cache's keys. UNSUPPORTED of a ring. */
FOVEA_API fovea_status fovea_cache_attend_partial(const fovea_cache* cache,
                                                  const fovea_attention* call,
                                                  size_t first_key,
                                                  size_t end_key,
                                                  const fovea_partial* partial);

/* The bytes that fovea_cache_save writes: they grow with the tokens held. */
FOVEA_API size_t fovea_cache_saved_bytes(const fovea_cache* cache);

/* Writes the cache to `to` (FOVEA_ALIGNMENT), in the format that the C++
 * templates save and restore too (src/fovea/cache_bytes.h). TOO_SHORT. */
FOVEA_API fovea_status fovea_cache_save(const fovea_cache* cache, void* to,
                                        size_t bytes);

/* Becomes the cache that was saved at `from` (FOVEA_ALIGNMENT; `bytes` may be
 * read there); capacities may differ, but of rings may not. TOO_SHORT,
 * BAD_FORMAT (not a saved cache, of another shape, damaged, or more tokens than
 * this one can hold), BAD_SCALE (of FOVEA_INT8: a scale is not a positive
 * number, or a mean beyond FLT_MAX / 2). */
FOVEA_API fovea_status fovea_cache_restore(fovea_cache* cache, const void* from,
                                           size_t bytes);

/* ---------------------------------------------------- attention in integers */

/* Attention of int8 tensors with fixed scales in integers alone, for models so
 * quantised and for cores without a floating-point unit: the same bits on every
 * target, with or without fused multiply-add (docs/numerics.md has the
 * arithmetic). Quantisation is that of TensorFlow Lite's specification:
 *
 *   real = scale * (integer - zero_point) */
typedef struct fovea_quantisation {
  double scale;       /* finite, above 0 */
  int32_t zero_point; /* -128 to 127 */
} fovea_quantisation;

/* A tensor [batch][head][token][dim] that is only read, as fovea_input. */
typedef struct fovea_int8_input {
  const int8_t* data; /* of [0][0][0][0] */
  /* From one entry of the axis to the next. */
  size_t batch_stride, head_stride, token_stride;
} fovea_int8_input;

/* The same, to be written. */
typedef struct fovea_int8_output {
  int8_t* data; /* of [0][0][0][0] */
  /* From one entry of the axis to the next. */
  size_t batch_stride, head_stride, token_stride;
} fovea_int8_output;

/* What the tensors of a model are quantised by. */
typedef struct fovea_integer_real {
  size_t struct_bytes;        /* sizeof(fovea_integer_real) */
  fovea_quantisation q, k, v; /* the zero point of k has no effect */
  fovea_quantisation out;     /* of what comes out */
  size_t head_dim;            /* 1 to 256 */
  double softmax_scale;       /* finite, above 0; 0: 1 / sqrt(head_dim) */
} fovea_integer_real;

/* The same as integers, one for all calls that share a cache. */
typedef struct fovea_integer_scales {
  /* Octaves that a score changes by when q . k does by 1, times 2^31. */
  uint32_t score_multiplier;
  /* scale_v / scale_out = output_multiplier * 2^(output_shift - 31), with the
   * multiplier from 2^30 to 2^31 - 1 and the shift from -31 to 19. */
  int32_t output_multiplier, output_shift;
  /* The zero points, -128 to 127. */
  int32_t query_zero, value_zero, output_zero;
} fovea_integer_scales;

/* Makes those of these: where there are doubles, so that no float reaches the
 * firmware. NULL_POINTER, MISALIGNED, TOO_SHORT, UNSUPPORTED (a struct of a
 * later version), ZERO_COUNT, TOO_MANY_TOKENS (head_dim), BAD_SCALE: a scale or
 * a zero point is out of its range, or a multiplier would be: a score that
 * changes by 2 octaves or more for a product of 1, or a scale_v / scale_out
 * below 2^-32, or of 2^19 or more. */
FOVEA_API fovea_status fovea_integer_attention_scales(
    const fovea_integer_real* real, fovea_integer_scales* scales);

/* out = softmax(mask(scale * q k^T)) v. A query that sees no key gives zeros:
 * the zero point of out. */
typedef struct fovea_integer_attention {
  size_t struct_bytes; /* sizeof(fovea_integer_attention) */

  size_t batch;     /* 1 or more; with a cache: 1 */
  size_t heads;     /* query heads, 1 or more */
  size_t kv_heads;  /* divides heads; query head h reads kv head
                     * h / (heads / kv_heads) */
  size_t head_dim;  /* of q and k, 1 to 256 */
  size_t value_dim; /* of v and out, 1 to 256 */
  size_t queries;   /* 1 to 2^24 */
  size_t keys;      /* 1 to 2^15; not read with a cache */

  fovea_int8_input q; /* [batch][heads][queries][head_dim] */
  fovea_int8_input k; /* [batch][kv_heads][keys][head_dim] */
  fovea_int8_input v; /* [batch][kv_heads][keys][value_dim] */
  /* [batch][heads][queries][value_dim]. May be q itself where dims and strides
   * are the same; must not overlap k, v or q otherwise. */
  fovea_int8_output out;
  const fovea_integer_scales* scales; /* of the tensors */

  /* As of fovea_attention. */
  int32_t causal;
  int64_t first_position;
  const size_t* key_lengths;
  size_t window, sinks;
  fovea_mask mask;
  size_t mask_keys;

  /* Scratch of fovea_integer_attention_workspace_bytes, FOVEA_ALIGNMENT; its
   * contents mean nothing between calls. */
  void* workspace;
  size_t workspace_bytes;

  /* One worker's share: as of fovea_attention. */
  size_t part, parts;
} fovea_integer_attention;

/* Bytes of workspace for a call with those dims on the target in use, on
 * tensors or on a cache; 0 where a dim is not 1 to 256, or there are no rows.
 * rows: queries * (heads / kv_heads); beyond 32 they need no more. */
FOVEA_API size_t fovea_integer_attention_workspace_bytes(size_t head_dim,
                                                         size_t value_dim,
                                                         size_t rows);

/* Attends to the k and v of the call.
 *   NULL_POINTER     the call; the data of q, k, v or out; the scales; the
 *                    workspace
 *   ZERO_COUNT       batch, a number of heads, a dim, queries or keys
 *   TOO_MANY_TOKENS  a count or dim beyond its maximum, a key_length or
 *                    mask_keys beyond keys
 *   BAD_STRIDE       see the top
 *   BAD_SCALE        an output multiplier or shift, or a zero point, out of its
 *                    range
 *   MISALIGNED       an array or the workspace
 *   TOO_SHORT        the workspace, or struct_bytes itself
 *   BAD_PART         part >= parts, or parts > 65536
 *   UNSUPPORTED      kv_heads does not divide heads, sinks without a window,
 *                    sizes whose product overflows, or a struct of a later
 *                    version */
FOVEA_API fovea_status
fovea_integer_attention_run(const fovea_integer_attention* call);

/* The keys and values of one stream of int8 tensors, as they are. No scales:
 * those of the calls hold for all of it. As a fovea_cache it lives in the
 * caller's buffer, holds no pointer and may be copied as bytes. */
typedef struct fovea_integer_cache fovea_integer_cache;

/* The shape of a cache, fixed when it is created. */
typedef struct fovea_integer_cache_shape {
  size_t struct_bytes; /* sizeof(fovea_integer_cache_shape) */
  size_t kv_heads;     /* 1 to 2^16 */
  size_t head_dim;     /* 1 to 256 */
  size_t value_dim;    /* 1 to 256 */
  size_t capacity;     /* tokens, 1 to 2^15; not read of a ring */
  /* A ring, as of fovea_cache_shape: window and sinks are at most 2^15
   * together. Calls on it must be causal, with that window and those sinks, and
   * have no mask. */
  size_t window, sinks, max_queries;
} fovea_integer_cache_shape;

/* These are as their namesakes of a fovea_cache, with their Status. */

/* 0 where fovea_integer_cache_create would refuse it. */
FOVEA_API size_t
fovea_integer_cache_bytes(const fovea_integer_cache_shape* shape);

/* NULL_POINTER, MISALIGNED, TOO_SHORT, ZERO_COUNT, TOO_MANY_TOKENS, UNSUPPORTED
 * (sinks without a window). */
FOVEA_API fovea_status
fovea_integer_cache_create(const fovea_integer_cache_shape* shape, void* buffer,
                           size_t bytes, fovea_integer_cache** cache);

/* Every function below also returns NULL_POINTER, MISALIGNED or BAD_FORMAT for
 * what is not such a cache; those that return a size_t then return 0. */

/* Forgets everything. */
FOVEA_API fovea_status fovea_integer_cache_clear(fovea_integer_cache* cache);

/* Tokens held, and those that there is room for. */
FOVEA_API size_t fovea_integer_cache_size(const fovea_integer_cache* cache);
FOVEA_API size_t fovea_integer_cache_capacity(const fovea_integer_cache* cache);

/* Tokens seen since it was clear, less those that were taken back. */
FOVEA_API uint64_t
fovea_integer_cache_position(const fovea_integer_cache* cache);

/* k [kv_heads][tokens][head_dim], v [kv_heads][tokens][value_dim]. ZERO_COUNT,
 * BAD_STRIDE, CACHE_FULL (none is taken; a ring is never full). */
FOVEA_API fovea_status fovea_integer_cache_append(fovea_integer_cache* cache,
                                                  fovea_int8_input k,
                                                  fovea_int8_input v,
                                                  size_t tokens);

/* TOO_MANY_TOKENS, FORGOTTEN. */
FOVEA_API fovea_status fovea_integer_cache_truncate(fovea_integer_cache* cache,
                                                    size_t tokens);

/* Status as of fovea_integer_attention_run; also CACHE_FULL, and UNSUPPORTED
 * where the call's shape is not the cache's, batch is not 1, parts is above 1,
 * or a ring does not do what it asks for. */
FOVEA_API fovea_status fovea_integer_cache_step(
    fovea_integer_cache* cache, const fovea_integer_attention* call);

/* In parts, too. ZERO_COUNT when it is empty; of a ring UNSUPPORTED as above,
 * and FORGOTTEN. */
FOVEA_API fovea_status fovea_integer_cache_attend(
    const fovea_integer_cache* cache, const fovea_integer_attention* call);

/* The bytes that fovea_integer_cache_save writes. */
FOVEA_API size_t
fovea_integer_cache_saved_bytes(const fovea_integer_cache* cache);

/* TOO_SHORT. */
FOVEA_API fovea_status fovea_integer_cache_save(
    const fovea_integer_cache* cache, void* to, size_t bytes);

/* TOO_SHORT, BAD_FORMAT. Capacities may differ, of rings they may not. */
FOVEA_API fovea_status fovea_integer_cache_restore(fovea_integer_cache* cache,
                                                   const void* from,
                                                   size_t bytes);

/* --------------------------------------------------------------------- rows */

/* y[r][i] = e^(scale x[r][i]) / sum over j of e^(scale x[r][j]), or its
 * logarithm. A masked entry, and one whose scale * x is -inf, has probability 0
 * and takes part in nothing. */
typedef struct fovea_softmax {
  size_t struct_bytes; /* sizeof(fovea_softmax) */
  const float* x;      /* [rows][count] */
  size_t x_stride;     /* from row to row */
  size_t rows, count;  /* 1 or more */
  float scale;         /* finite; 1 / temperature */
  int32_t logarithm;   /* other than 0: the logarithm */
  /* [rows][count], 0 masks; null: nothing is masked; mask_stride 0: all rows
   * share it. Must not overlap y. */
  const uint8_t* mask;
  size_t mask_stride;
  float* y;        /* [rows][count]; may be x with the same stride */
  size_t y_stride; /* likewise */
} fovea_softmax;

/* NULL_POINTER, ZERO_COUNT, BAD_STRIDE, MISALIGNED, BAD_SCALE, TOO_SHORT,
 * UNSUPPORTED. */
FOVEA_API fovea_status fovea_softmax_run(const fovea_softmax* call);

/* Floats that the packed weight of a linear layer takes; 0 where that does not
 * fit a size_t. */
FOVEA_API size_t fovea_linear_packed_floats(size_t inputs, size_t outputs);

/* Packs PyTorch's weight [outputs][inputs] into `packed`, which has
 * fovea_linear_packed_floats and must not overlap it: panels
 * [ceil(outputs / 16)][inputs][16]. NULL_POINTER, ZERO_COUNT, MISALIGNED,
 * UNSUPPORTED (too large). */
FOVEA_API fovea_status fovea_linear_pack(const float* weight, size_t inputs,
                                         size_t outputs, float* packed);

/* y[t][o] = bias[o] + sum over i of weight[o][i] * x[t][i]. */
typedef struct fovea_linear {
  size_t struct_bytes;            /* sizeof(fovea_linear) */
  const float* x;                 /* [tokens][inputs] */
  size_t x_stride;                /* from row to row */
  size_t tokens, inputs, outputs; /* 1 or more */
  const float* packed;            /* see fovea_linear_pack */
  const float* bias;              /* [outputs], or null */
  float* y;                       /* [tokens][outputs]; must not overlap x */
  size_t y_stride;                /* likewise */
} fovea_linear;

/* Status as of fovea_softmax_run, but for BAD_SCALE. */
FOVEA_API fovea_status fovea_linear_run(const fovea_linear* call);

/* The same with weights of int8, a scale an output, and tokens quantised on the
 * way in, a scale a token (max|x| / 127, as LLM.int8() does without its
 * outliers, arXiv 2208.07339): a quarter of the memory, and integer products.
 *
 * Bytes of a layer's packed weight, and floats of its scales; 0 where inputs is
 * not 1 to 65536, outputs is 0, or it does not fit a size_t. */
FOVEA_API size_t fovea_linear_int8_packed_bytes(size_t inputs, size_t outputs);
FOVEA_API size_t fovea_linear_int8_scales(size_t outputs);

/* Quantises and packs PyTorch's weight [outputs][inputs]: row o has the scale
 * max|w| / 127, its entries are rounded to nearest even. `packed` has
 * fovea_linear_int8_packed_bytes, `scales` fovea_linear_int8_scales floats;
 * none may overlap. NULL_POINTER, ZERO_COUNT, TOO_MANY_TOKENS (inputs),
 * MISALIGNED, UNSUPPORTED (too large), BAD_SCALE (a weight is not finite). */
FOVEA_API fovea_status fovea_linear_int8_pack(const float* weight,
                                              size_t inputs, size_t outputs,
                                              int8_t* packed, float* scales);

/* Bytes of workspace for a layer of so many inputs; 0 where that is not 1 to
 * 65536. */
FOVEA_API size_t fovea_linear_int8_workspace_bytes(size_t inputs);

/* y[t][o] = bias[o] + sum over i of weight[o][i] * x[t][i]; a token with NaN or
 * infinity gives NaN. */
typedef struct fovea_linear_int8 {
  size_t struct_bytes;            /* sizeof(fovea_linear_int8) */
  const float* x;                 /* [tokens][inputs] */
  size_t x_stride;                /* from row to row */
  size_t tokens, inputs, outputs; /* 1 or more; inputs at most 65536 */
  const int8_t* packed;           /* 4-byte aligned; 64 is fastest */
  const float* scales;            /* finite and positive */
  const float* bias;              /* [outputs], or null */
  float* y;                       /* [tokens][outputs]; must not overlap x */
  size_t y_stride;                /* likewise */
  void* workspace; /* fovea_linear_int8_workspace_bytes, FOVEA_ALIGNMENT */
  size_t workspace_bytes; /* what there is */
} fovea_linear_int8;

/* NULL_POINTER, ZERO_COUNT, TOO_MANY_TOKENS (inputs), BAD_STRIDE, MISALIGNED,
 * BAD_SCALE (a scale), TOO_SHORT, UNSUPPORTED. */
FOVEA_API fovea_status fovea_linear_int8_run(const fovea_linear_int8* call);

/* Layers of int8 tensors with fixed scales, in integers alone, as TensorFlow
 * Lite's FullyConnected (its specification of 8-bit quantisation): the same
 * bits on every target, with or without a floating-point unit.
 *
 * Bytes of a layer's packed weight; 0 where inputs is not 1 to 32768, outputs
 * is 0, or it does not fit a size_t. */
FOVEA_API size_t fovea_linear_integer_packed_bytes(size_t inputs,
                                                   size_t outputs);

/* A real layer, and what its tensors are quantised by. */
typedef struct fovea_linear_real {
  size_t struct_bytes;               /* sizeof(fovea_linear_real) */
  const float* weight;               /* PyTorch's [outputs][inputs] */
  const float* bias;                 /* [outputs], or null */
  size_t inputs, outputs;            /* 1 to 32768, 1 or more */
  fovea_quantisation x_quantisation; /* of what goes in */
  fovea_quantisation y_quantisation; /* of what comes out */
} fovea_linear_real;

/* Makes its integers, on the host, so that no float reaches the firmware: row o
 * of the weight has the scale max|w| / 127, and no zero point.
 *   packed       fovea_linear_integer_packed_bytes
 *   multipliers  [outputs], 2^30 to 2^31 - 1, and
 *   shifts       [outputs], -31 to 30: of output o by
 *                multiplier * 2^(shift - 31)
 *   bias         [outputs]; not written, and may be null, where there is none
 * None may overlap. NULL_POINTER, MISALIGNED, TOO_SHORT, ZERO_COUNT,
 * TOO_MANY_TOKENS (inputs), UNSUPPORTED (too large), BAD_SCALE (a weight is not
 * finite, a scale or a zero point out of its range, a bias or a ratio of scales
 * does not fit): the arrays then hold what means nothing. */
FOVEA_API fovea_status fovea_linear_integer_pack(const fovea_linear_real* real,
                                                 int8_t* packed,
                                                 int32_t* multipliers,
                                                 int8_t* shifts, int32_t* bias);

/* y = clamp(rescale(bias + sum over i of weight * (x - x_zero)) + y_zero) */
typedef struct fovea_linear_integer {
  size_t struct_bytes;            /* sizeof(fovea_linear_integer) */
  const int8_t* x;                /* [tokens][inputs] */
  size_t x_stride;                /* from row to row */
  size_t tokens, inputs, outputs; /* 1 or more; inputs at most 32768 */
  const int8_t* packed;           /* as packed; 4-byte aligned */
  const int32_t* multipliers;     /* [outputs], as packed */
  const int8_t* shifts;           /* [outputs], as packed */
  const int32_t* bias;            /* [outputs], as packed; null: none */
  int32_t x_zero, y_zero;         /* the zero points, -128 to 127 */
  /* One of the two [tokens][outputs], the other null; must not overlap x. y16
   * has finer steps, for what comes next. */
  int8_t* y;
  int16_t* y16;
  size_t y_stride; /* from row to row */
} fovea_linear_integer;

/* NULL_POINTER, ZERO_COUNT, TOO_MANY_TOKENS (inputs), BAD_STRIDE, MISALIGNED,
 * BAD_SCALE (a zero point, or a multiplier, a shift or a bias beyond 2^30),
 * TOO_SHORT, UNSUPPORTED (y and y16). */
FOVEA_API fovea_status
fovea_linear_integer_run(const fovea_linear_integer* call);

/* RMS norm (arXiv 1910.07467) and layer norm (arXiv 1607.06450) of each row:
 *   y = x / sqrt(mean of x^2 + eps) * weight
 *   y = (x - mean) / sqrt(variance + eps) * weight + bias */
typedef struct fovea_norm {
  size_t struct_bytes; /* sizeof(fovea_norm) */
  const float* x;      /* [tokens][dim] */
  size_t x_stride;     /* from row to row */
  size_t tokens, dim;  /* 1 or more */
  const float* weight; /* [dim] */
  const float* bias;   /* [dim], or null; fovea_rms_norm_run: null */
  float eps;           /* finite, not negative */
  float* y;            /* [tokens][dim]; may be x with the same stride */
  size_t y_stride;     /* likewise */
} fovea_norm;

/* Status as of fovea_softmax_run (BAD_SCALE: eps). */
FOVEA_API fovea_status fovea_rms_norm_run(const fovea_norm* call);
FOVEA_API fovea_status fovea_layer_norm_run(const fovea_norm* call);

/* --------------------------------------------------------- rotary positions */

/* How contexts longer than those of the training are met: positions divided by
 * the factor (arXiv 2306.15595), or the base raised (NTK-aware, arXiv
 * 2309.00071). */
typedef enum fovea_rope_scaling {
  FOVEA_ROPE_UNSCALED = 0,
  FOVEA_ROPE_LINEAR = 1,
  FOVEA_ROPE_NTK = 2,
  FOVEA_ROPE_LAST = FOVEA_ENUM_LAST
} fovea_rope_scaling;

/* How fast each pair of the first `dim` dims of a head turns (arXiv
 * 2104.09864): base^(-2 i / dim) radians a token, as turns times 2^64.
 *   dim     even, 2 to 256
 *   base    above 1, at most 1e18 (1e4 is usual)
 *   factor  1 to 1e18; 1 when unscaled
 *   rates   [dim / 2], written
 * NULL_POINTER, MISALIGNED, ZERO_COUNT, TOO_MANY_TOKENS (dim), BAD_SCALE (base,
 * factor), UNSUPPORTED (odd dim, unknown scaling). */
FOVEA_API fovea_status fovea_rope_rates(size_t dim, double base,
                                        fovea_rope_scaling scaling,
                                        double factor, uint64_t* rates);

/* For fovea_rotary. Static. */
FOVEA_API const fovea_turner* fovea_rope_turner(void);

/* Turns the first `dim` dims of every row of x, in place. */
typedef struct fovea_rope {
  size_t struct_bytes;         /* sizeof(fovea_rope) */
  fovea_output x;              /* [batch][heads][tokens][>= dim] */
  size_t batch, heads, tokens; /* 1 or more */
  size_t dim;                  /* even, 2 to 256 */
  int32_t
      interleaved; /* 0: pairs (x[i], x[i + dim/2]); else (x[2i], x[2i+1]) */
  /* Either by position: token t of every entry is at first_position + t. */
  const uint64_t* rates; /* [dim / 2], see fovea_rope_rates */
  uint64_t first_position;
  /* Or, where rates is null, by angles: cosine and sine of each pair,
   * [batch][tokens][dim / 2]; each stride may be 0, which shares them. */
  const float* cos;
  const float* sin;
  size_t angle_batch_stride, angle_token_stride;
} fovea_rope;

/* NULL_POINTER, ZERO_COUNT, TOO_MANY_TOKENS (dim), BAD_STRIDE, MISALIGNED,
 * BAD_SCALE (rates[0] is 0), TOO_SHORT, UNSUPPORTED. */
FOVEA_API fovea_status fovea_rope_run(const fovea_rope* call);

/* --------------------------------------------------------------- multi-head */

/* A layer of floats: see fovea_linear. */
typedef struct fovea_projection {
  const float* packed; /* by fovea_linear_pack from PyTorch's [out][in] */
  const float* bias;   /* [out], or null */
} fovea_projection;

/* Attention with its projections, as torch.nn.MultiheadAttention:
 *
 *   y = concat over heads of Attention(x Wq, m Wk, m Wv) Wo,  m = x or a memory
 */
typedef struct fovea_multi_head {
  size_t struct_bytes; /* sizeof(fovea_multi_head) */
  /* Shape (batch, heads, kv_heads, head_dim, value_dim, queries; with a memory
   * also keys, its tokens), options and optional outputs. q, k, v, out and the
   * workspace are not read; parts must be 0 or 1, rotary null. */
  const fovea_attention* attention;
  size_t model_dim;  /* of x and y, 1 or more */
  size_t memory_dim; /* of the memory, 0: as model_dim */

  fovea_input x; /* [batch][1][queries][model_dim]; head_stride is not read */
  /* [batch][1][keys][memory_dim] for cross-attention; null data: x itself. */
  fovea_input memory;
  fovea_output y; /* as x, and may be it; must not overlap anything else */

  fovea_projection q;   /* model_dim -> heads * head_dim */
  fovea_projection k;   /* memory_dim -> kv_heads * head_dim */
  fovea_projection v;   /* memory_dim -> kv_heads * value_dim */
  fovea_projection out; /* heads * value_dim -> model_dim */

  /* Queries and keys turn with their position: rates [rotary_dim / 2] of
   * fovea_rope_rates, or null; rotary_dim even, at most head_dim. x's first
   * token is at rotary_position; with a cache, at its size. Not with a
   * memory. */
  const uint64_t* rates;
  size_t rotary_dim;
  int32_t interleaved; /* as in fovea_rope */
  uint64_t rotary_position;

  void* workspace; /* fovea_multi_head_workspace_bytes, for a step those of
                    * fovea_multi_head_step_workspace_bytes; FOVEA_ALIGNMENT */
  size_t workspace_bytes; /* what there is */
} fovea_multi_head;

/* Bytes for a call of those shapes on the target in use: the projected rows of
 * all of the batch, and an attention's workspace. 0 where a count is 0 or too
 * large. Of the struct it reads attention, memory.data and struct_bytes. */
FOVEA_API size_t fovea_multi_head_workspace_bytes(const fovea_multi_head* call);

/* The same for a step on that cache, of which one of FOVEA_INT8 needs more; 0
 * also for what is not a cache. */
FOVEA_API size_t fovea_multi_head_step_workspace_bytes(
    const fovea_cache* cache, const fovea_multi_head* call);

/* The whole of it. Status as of fovea_attention_run and fovea_linear_run; also
 * UNSUPPORTED for rotary positions with a memory, a rotary_dim that is odd or
 * beyond head_dim, parts above 1, attention->rotary, or a memory_dim other than
 * model_dim without a memory, and BAD_SCALE where rates[0] is 0. */
FOVEA_API fovea_status fovea_multi_head_run(const fovea_multi_head* call);

/* A step or a chunk of a stream: as fovea_cache_step, on a workspace of
 * fovea_multi_head_step_workspace_bytes. No memory. The bits are those of
 * fovea_multi_head_run over the whole stream, but for a cache that rounds. Also
 * BAD_SCALE where a FOVEA_INT8 cache cannot store a projected key or value. */
FOVEA_API fovea_status fovea_multi_head_step(fovea_cache* cache,
                                             const fovea_multi_head* call);

#ifdef __cplusplus
}
#endif

#endif /* FOVEA_FOVEA_H_ */
