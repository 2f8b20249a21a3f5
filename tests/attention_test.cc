// SPDX-License-Identifier: Apache-2.0
// What attention does with bad input, masked rows and special values.  Its
// results are tested in attention_golden_test.cc.
#include "fovea/attention.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <vector>

#include "misaligned.h"

namespace {

using fovea::Status;

constexpr size_t kTokens = 70;  // more than a tile
constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
constexpr float kInf = std::numeric_limits<float>::infinity();
constexpr float kUntouched = 12345.0f;

struct Causal : fovea::AttentionConfig {
  static constexpr size_t kHeads = 4, kKvHeads = 2, kHeadDim = 20;
  static constexpr size_t kMaxQueries = kTokens, kMaxKeys = kTokens;
  static constexpr bool kCausal = true;
};

template <class Config>
struct Problem {
  using Attention = fovea::Attention<Config>;
  static constexpr size_t kHeads = Config::kHeads;
  static constexpr size_t kKvHeads = Config::kKvHeads;
  static constexpr size_t kDim = Config::kHeadDim;

  std::vector<float> q, k, v, out;
  typename Attention::Workspace workspace;
  typename Attention::Call call;

  Problem()
      : q(kHeads * kTokens * kDim),
        k(kKvHeads * kTokens * kDim),
        v(kKvHeads * kTokens * kDim),
        out(kHeads * kTokens * kDim, kUntouched) {
    for (size_t i = 0; i < q.size(); ++i) q[i] = Wave(i, 0.37f);
    for (size_t i = 0; i < k.size(); ++i) k[i] = Wave(i, 0.73f);
    for (size_t i = 0; i < v.size(); ++i) v[i] = Wave(i, 0.19f);
    call.q = fovea::HeadMajor<const float>(q.data(), kHeads, kTokens, kDim);
    call.k = fovea::HeadMajor<const float>(k.data(), kKvHeads, kTokens, kDim);
    call.v = fovea::HeadMajor<const float>(v.data(), kKvHeads, kTokens, kDim);
    call.out = fovea::HeadMajor(out.data(), kHeads, kTokens, kDim);
    call.queries = call.keys = kTokens;
  }

  Status Run() { return Attention::Run(call, workspace); }
  float* KeyRow(size_t head, size_t token) {
    return k.data() + (head * kTokens + token) * kDim;
  }
  float* ValueRow(size_t head, size_t token) {
    return v.data() + (head * kTokens + token) * kDim;
  }
  const float* OutRow(size_t head, size_t token) const {
    return out.data() + (head * kTokens + token) * kDim;
  }
  bool Untouched() const {
    for (const float value : out) {
      if (value != kUntouched) return false;
    }
    return true;
  }

 private:
  static float Wave(size_t i, float step) {
    return std::sin(static_cast<float>(i) * step);
  }
};

using CausalProblem = Problem<Causal>;

TEST(AttentionStatus, GoodCallIsOk) {
  CausalProblem p;
  EXPECT_EQ(p.Run(), Status::kOk);
  for (const float value : p.out) EXPECT_TRUE(std::isfinite(value));
}

TEST(AttentionStatus, NullPointers) {
  for (int which = 0; which < 4; ++which) {
    CausalProblem p;
    if (which == 0) p.call.q.data = nullptr;
    if (which == 1) p.call.k.data = nullptr;
    if (which == 2) p.call.v.data = nullptr;
    if (which == 3) p.call.out.data = nullptr;
    EXPECT_EQ(p.Run(), Status::kNullPointer) << which;
    EXPECT_TRUE(p.Untouched()) << which;
  }
}

TEST(AttentionStatus, ZeroCounts) {
  for (int which = 0; which < 3; ++which) {
    CausalProblem p;
    if (which == 0) p.call.queries = 0;
    if (which == 1) p.call.keys = 0;
    if (which == 2) p.call.batch = 0;
    EXPECT_EQ(p.Run(), Status::kZeroCount) << which;
    EXPECT_TRUE(p.Untouched()) << which;
  }
}

TEST(AttentionStatus, TooManyTokens) {
  const size_t kHuge[] = {kTokens + 1, std::numeric_limits<size_t>::max()};
  for (const size_t count : kHuge) {
    CausalProblem p;
    p.call.queries = count;
    EXPECT_EQ(p.Run(), Status::kTooManyTokens);
    EXPECT_TRUE(p.Untouched());
    CausalProblem r;
    r.call.keys = count;
    EXPECT_EQ(r.Run(), Status::kTooManyTokens);
    EXPECT_TRUE(r.Untouched());
  }
}

TEST(AttentionStatus, BadStrides) {
  for (int which = 0; which < 12; ++which) {
    CausalProblem p;
    p.call.batch = 2;  // refused before anything is read
    const auto spoil = [&](auto& view) {
      if (which % 3 == 0) view.batch_stride = CausalProblem::kDim - 1;
      if (which % 3 == 1) view.head_stride = CausalProblem::kDim - 1;
      if (which % 3 == 2) view.token_stride = 0;
    };
    if (which / 3 == 0) spoil(p.call.q);
    if (which / 3 == 1) spoil(p.call.k);
    if (which / 3 == 2) spoil(p.call.v);
    if (which / 3 == 3) spoil(p.call.out);
    EXPECT_EQ(p.Run(), Status::kBadStride) << which;
    EXPECT_TRUE(p.Untouched()) << which;
  }
}

TEST(AttentionStatus, OutputIsNeverShared) {
  CausalProblem p;
  p.call.batch = 2;
  p.call.q.batch_stride = p.call.k.batch_stride = p.call.v.batch_stride = 0;
  p.call.out.batch_stride = 0;
  EXPECT_EQ(p.Run(), Status::kBadStride);
  EXPECT_TRUE(p.Untouched());
}

TEST(AttentionStatus, StridesOfSingleEntriesAreNotRead) {
  CausalProblem p;
  p.call.queries = p.call.keys = 1;
  p.call.q.token_stride = p.call.k.token_stride = p.call.v.token_stride = 0;
  p.call.out.token_stride = p.call.out.batch_stride = 0;
  EXPECT_EQ(p.Run(), Status::kOk);
}

TEST(AttentionStatus, BadScale) {
  for (const float scale : {kNan, kInf, -kInf}) {
    CausalProblem p;
    p.call.scale = scale;
    EXPECT_EQ(p.Run(), Status::kBadScale);
    EXPECT_TRUE(p.Untouched());
  }
}

TEST(AttentionStatus, MisalignedWorkspace) {
  CausalProblem p;
  Misaligned<CausalProblem::Attention::Workspace> storage;
  EXPECT_EQ(CausalProblem::Attention::Run(p.call, storage.Get()),
            Status::kMisaligned);
  EXPECT_TRUE(p.Untouched());
}

TEST(AttentionStatus, MisalignedTensor) {
  CausalProblem p;
  std::vector<char> bytes(p.q.size() * sizeof(float) + 1);
  p.call.q.data = reinterpret_cast<const float*>(bytes.data() + 1);
  EXPECT_EQ(p.Run(), Status::kMisaligned);
  EXPECT_TRUE(p.Untouched());
}

TEST(AttentionStatus, NamesAreTheEnumerators) {
  EXPECT_STREQ(fovea::Name(Status::kOk), "Ok");
  EXPECT_STREQ(fovea::Name(Status::kCacheFull), "CacheFull");
  EXPECT_STREQ(fovea::Name(static_cast<Status>(200)), "?");
}

// Runs `spoil` on every key and value row that query `query` must not see.
template <class Spoil>
void SpoilFuture(CausalProblem& p, size_t query, const Spoil& spoil) {
  for (size_t head = 0; head < CausalProblem::kKvHeads; ++head) {
    for (size_t token = query + 1; token < kTokens; ++token) {
      for (size_t d = 0; d < CausalProblem::kDim; ++d) {
        spoil(p.KeyRow(head, token)[d], p.ValueRow(head, token)[d]);
      }
    }
  }
}

TEST(AttentionMask, NanAndInfInMaskedRowsNeverLeak) {
  CausalProblem clean;
  ASSERT_EQ(clean.Run(), Status::kOk);
  for (const float poison : {kNan, kInf, -kInf}) {
    // Inside a tile, at its edge, and at the very end.
    for (const size_t query : {size_t{0}, size_t{15}, size_t{37}, size_t{63},
                               size_t{64}, size_t{68}}) {
      CausalProblem p;
      SpoilFuture(p, query, [&](float& k, float& v) { k = v = poison; });
      ASSERT_EQ(p.Run(), Status::kOk);
      for (size_t head = 0; head < CausalProblem::kHeads; ++head) {
        for (size_t token = 0; token <= query; ++token) {
          ASSERT_EQ(
              std::memcmp(p.OutRow(head, token), clean.OutRow(head, token),
                          CausalProblem::kDim * sizeof(float)),
              0)
              << poison << " head " << head << " token " << token;
        }
      }
    }
  }
}

TEST(AttentionMask, NanInMaskedRowsOfACacheNeverLeaks) {
  // The same chunk, clean and with a poisoned future, through a cache whose
  // unused memory is NaN.
  using Attention = CausalProblem::Attention;
  std::vector<float> outputs[2];
  for (int poisoned = 0; poisoned < 2; ++poisoned) {
    CausalProblem p;
    constexpr size_t kQuery = 37;
    if (poisoned) {
      SpoilFuture(p, kQuery, [](float& k, float& v) { k = v = kNan; });
    }
    static fovea::KvCache<Causal> cache;
    std::memset(static_cast<void*>(&cache), 0xff, sizeof(cache));
    cache.Clear();
    ASSERT_EQ(Attention::Step(p.call, cache, p.workspace), Status::kOk);
    for (size_t head = 0; head < CausalProblem::kHeads; ++head) {
      const float* rows = p.OutRow(head, 0);
      outputs[poisoned].insert(outputs[poisoned].end(), rows,
                               rows + (kQuery + 1) * CausalProblem::kDim);
    }
  }
  EXPECT_EQ(outputs[0], outputs[1]);
}

TEST(AttentionMask, NanInVisibleInputStaysNan) {
  // A quiet NaN of all ones has a payload that careless bit tricks lose.
  float all_ones;
  std::memset(&all_ones, 0xff, sizeof(all_ones));
  for (const float nan : {kNan, -kNan, all_ones}) {
    for (const bool in_key : {false, true}) {
      CausalProblem p;
      (in_key ? p.KeyRow(0, 20) : p.ValueRow(0, 20))[3] = nan;
      ASSERT_EQ(p.Run(), Status::kOk);
      for (size_t token = 0; token < kTokens; ++token) {
        const bool expected = token >= 20;
        EXPECT_EQ(std::isnan(p.OutRow(0, token)[3]), expected) << token;
        // Heads 2 and 3 read the other kv head.
        EXPECT_FALSE(std::isnan(p.OutRow(2, token)[3])) << token;
      }
    }
  }
}

TEST(AttentionMask, RowsThatSeeNothingAreZero) {
  CausalProblem p;
  p.call.first_position = -3;
  ASSERT_EQ(p.Run(), Status::kOk);
  for (size_t head = 0; head < CausalProblem::kHeads; ++head) {
    for (size_t token = 0; token < 3; ++token) {
      for (size_t d = 0; d < CausalProblem::kDim; ++d) {
        EXPECT_EQ(p.OutRow(head, token)[d], 0.0f);
        EXPECT_FALSE(std::signbit(p.OutRow(head, token)[d]));
      }
    }
    // The first row that sees one key alone is that key's value.
    EXPECT_EQ(std::memcmp(p.OutRow(head, 3), p.ValueRow(head / 2, 0),
                          CausalProblem::kDim * sizeof(float)),
              0);
  }
}

TEST(AttentionMask, FarOffsets) {
  constexpr ptrdiff_t kLeast = std::numeric_limits<ptrdiff_t>::min();
  constexpr ptrdiff_t kMost = std::numeric_limits<ptrdiff_t>::max();
  CausalProblem none;
  none.call.first_position = kLeast;
  ASSERT_EQ(none.Run(), Status::kOk);
  for (const float value : none.out) ASSERT_EQ(value, 0.0f);
  CausalProblem all;
  all.call.first_position = kMost;
  ASSERT_EQ(all.Run(), Status::kOk);
  CausalProblem also_all;
  also_all.call.first_position = kTokens;
  ASSERT_EQ(also_all.Run(), Status::kOk);
  EXPECT_EQ(all.out, also_all.out);
}

TEST(AttentionAliasing, OutputMayBeTheQueries) {
  CausalProblem p;
  ASSERT_EQ(p.Run(), Status::kOk);
  CausalProblem in_place;
  in_place.call.out = fovea::HeadMajor(in_place.q.data(), CausalProblem::kHeads,
                                       kTokens, CausalProblem::kDim);
  ASSERT_EQ(in_place.Run(), Status::kOk);
  EXPECT_EQ(in_place.q, p.out);
}

TEST(AttentionWorkspace, ItsContentsDoNotMatter) {
  CausalProblem p;
  ASSERT_EQ(p.Run(), Status::kOk);
  CausalProblem dirty;
  std::memset(static_cast<void*>(&dirty.workspace), 0xff,
              sizeof(dirty.workspace));
  ASSERT_EQ(dirty.Run(), Status::kOk);
  EXPECT_EQ(dirty.out, p.out);
}

TEST(AttentionBatch, InputsMayBeSharedAmongTheBatch) {
  CausalProblem p;
  ASSERT_EQ(p.Run(), Status::kOk);
  CausalProblem twice;
  std::vector<float> out(2 * twice.out.size());
  twice.call.batch = 2;
  twice.call.q.batch_stride = twice.call.k.batch_stride =
      twice.call.v.batch_stride = 0;
  twice.call.out = fovea::HeadMajor(out.data(), CausalProblem::kHeads, kTokens,
                                    CausalProblem::kDim);
  ASSERT_EQ(twice.Run(), Status::kOk);
  EXPECT_EQ(std::vector<float>(out.begin(), out.begin() + p.out.size()), p.out);
  EXPECT_EQ(std::vector<float>(out.begin() + p.out.size(), out.end()), p.out);
}

// ------------------------------------------------------------------- parts

struct Longer : Causal {
  static constexpr size_t kMaxQueries = 300, kMaxKeys = 300;
};
struct LongerFull : Longer {
  static constexpr bool kCausal = false;
};

// However long the text, the scratch is a block of queries and a tile of keys.
template <class Config>
struct Endless : Config {
  static constexpr size_t kMaxKeys = size_t{1} << 24;
};
template <class Config>
constexpr bool kWorkspaceIgnoresKeys =
    sizeof(typename fovea::Attention<Config>::Workspace) ==
    sizeof(typename fovea::Attention<Endless<Config>>::Workspace);
static_assert(kWorkspaceIgnoresKeys<Longer>, "");
static_assert(kWorkspaceIgnoresKeys<LongerFull>, "");

// A feature that is off costs no RAM: a call has the members below alone, and
// the workspace those arrays alone.
struct PlainCall {
  fovea::View<const float> q, k, v;
  fovea::View<float> out;
  size_t batch, queries, keys;
  ptrdiff_t first_position;
  const size_t* key_lengths;
  float scale;
};
static_assert(sizeof(fovea::Attention<Causal>::Call) == sizeof(PlainCall), "");

struct Featured : Causal {
  static constexpr fovea::MaskKind kMask = fovea::MaskKind::kAdditive;
  static constexpr bool kAlibi = true;
};
template <class Config>
struct WorkspaceBytes {
  using Workspace = typename fovea::Attention<Config>::Workspace;
  static constexpr size_t kRows =
      sizeof(Workspace::max) / sizeof(float);  // of a block
  static constexpr size_t kPlain = sizeof(Workspace::queries) +
                                   sizeof(Workspace::scores) +
                                   sizeof(Workspace::output) + 7 * 4 * kRows;
  static constexpr size_t kAll = sizeof(Workspace);
};
// At most the padding to whole cache lines.
static_assert(WorkspaceBytes<Causal>::kAll <
                  WorkspaceBytes<Causal>::kPlain + 64,
              "");
static_assert(WorkspaceBytes<Featured>::kAll >
                  WorkspaceBytes<Featured>::kPlain + 64,
              "");

// A call with 300 queries that all parts of it share.
template <class Config>
struct PartsProblem {
  using Attention = fovea::Attention<Config>;
  static constexpr size_t kRows = 300;

  std::vector<float> x = std::vector<float>(2 * 4 * kRows * 20);
  std::vector<float> out = std::vector<float>(x.size(), kUntouched);
  typename Attention::Workspace workspace;
  typename Attention::Call call;

  PartsProblem() {
    for (size_t i = 0; i < x.size(); ++i) {
      x[i] = std::sin(static_cast<float>(i) * 0.37f);
    }
    call.q = fovea::HeadMajor<const float>(x.data(), 4, kRows, 20);
    call.k = call.v = fovea::HeadMajor<const float>(x.data(), 2, kRows, 20);
    call.out = fovea::HeadMajor(out.data(), 4, kRows, 20);
    call.batch = 2;
    call.queries = call.keys = kRows;
  }
};

template <class Config>
void AnyPartsGiveTheSameBits() {
  PartsProblem<Config> whole;
  ASSERT_EQ(PartsProblem<Config>::Attention::Run(whole.call, whole.workspace),
            Status::kOk);
  for (const size_t parts :
       {size_t{1}, size_t{2}, size_t{3}, size_t{7}, size_t{64}, size_t{1000}}) {
    PartsProblem<Config> split;
    size_t written = 0;
    for (size_t part = parts; part-- > 0;) {
      ASSERT_EQ(PartsProblem<Config>::Attention::Run(
                    split.call, split.workspace, part, parts),
                Status::kOk);
      // Disjoint: each part adds to what is written, and all of it is there in
      // the end.
      size_t now = 0;
      for (const float value : split.out) now += value != kUntouched;
      EXPECT_GE(now, written);
      written = now;
    }
    EXPECT_EQ(written, split.out.size()) << parts;
    EXPECT_EQ(split.out, whole.out) << parts;
  }
}

TEST(AttentionParts, AnyNumberGivesTheSameBitsCausal) {
  AnyPartsGiveTheSameBits<Longer>();
}
TEST(AttentionParts, AnyNumberGivesTheSameBitsFull) {
  AnyPartsGiveTheSameBits<LongerFull>();
}

// Visible pairs of query and key in the rows that a part wrote.
template <class Config>
double WorkOf(size_t part, size_t parts) {
  PartsProblem<Config> p;
  EXPECT_EQ(
      PartsProblem<Config>::Attention::Run(p.call, p.workspace, part, parts),
      Status::kOk);
  double work = 0;
  for (size_t row = 0; row < p.out.size() / 20; ++row) {
    if (p.out[row * 20] == kUntouched) continue;
    work += Config::kCausal ? static_cast<double>(row % 300 + 1) : 300.0;
  }
  return work;
}

TEST(AttentionParts, AreBalanced) {
  for (const size_t parts : {size_t{2}, size_t{4}}) {
    double causal = 0, full = 0;
    for (size_t part = 0; part < parts; ++part) {
      causal = std::fmax(causal, WorkOf<Longer>(part, parts));
      full = std::fmax(full, WorkOf<LongerFull>(part, parts));
    }
    // 8 heads of the batch in blocks: the largest share is within 10 %.
    EXPECT_LE(causal * static_cast<double>(parts), 1.1 * 8 * 300 * 301 / 2);
    EXPECT_LE(full * static_cast<double>(parts), 1.1 * 8 * 300 * 300);
  }
}

TEST(AttentionParts, BadPart) {
  PartsProblem<Longer> p;
  using Attention = PartsProblem<Longer>::Attention;
  EXPECT_EQ(Attention::Run(p.call, p.workspace, 0, 0), Status::kBadPart);
  EXPECT_EQ(Attention::Run(p.call, p.workspace, 2, 2), Status::kBadPart);
  EXPECT_EQ(Attention::Run(p.call, p.workspace, 0, size_t{1} << 30),
            Status::kBadPart);
  p.call.q.data = nullptr;
  EXPECT_EQ(Attention::Run(p.call, p.workspace, 0, 2), Status::kNullPointer);
  for (const float value : p.out) ASSERT_EQ(value, kUntouched);
}

// ----------------------------------------------------------------- padding

template <class Config>
void PaddingIsAShorterCall() {
  using Attention = typename PartsProblem<Config>::Attention;
  const size_t kLengths[][2] = {{300, 1}, {0, 64}, {17, 299}};
  for (const auto& lengths : kLengths) {
    PartsProblem<Config> padded;
    // What lies in the padding does not matter.
    padded.call.key_lengths = lengths;
    ASSERT_EQ(Attention::Run(padded.call, padded.workspace), Status::kOk);
    PartsProblem<Config> split;
    split.call.key_lengths = lengths;
    for (size_t part = 0; part < 3; ++part) {
      ASSERT_EQ(Attention::Run(split.call, split.workspace, part, 3),
                Status::kOk);
    }
    EXPECT_EQ(split.out, padded.out);
    const size_t half = padded.out.size() / 2;
    for (size_t b = 0; b < 2; ++b) {
      PartsProblem<Config> single;
      single.call.batch = 1;
      single.call.q.data = padded.call.q.Row(b, 0, 0);
      single.call.k.data = padded.call.k.Row(b, 0, 0);
      single.call.v.data = padded.call.v.Row(b, 0, 0);
      single.call.keys = lengths[b];
      if (lengths[b] == 0) {  // no call has zero keys: every row is zero
        std::fill(single.out.begin(), single.out.end(), 0.0f);
      } else {
        ASSERT_EQ(Attention::Run(single.call, single.workspace), Status::kOk);
      }
      EXPECT_EQ(std::memcmp(padded.out.data() + b * half, single.out.data(),
                            half * sizeof(float)),
                0)
          << b << " " << lengths[b];
    }
  }
}

TEST(AttentionPadding, IsAShorterCallCausal) {
  PaddingIsAShorterCall<Longer>();
}
TEST(AttentionPadding, IsAShorterCallFull) {
  PaddingIsAShorterCall<LongerFull>();
}

TEST(AttentionPadding, LongerThanTheKeysWritesNothing) {
  PartsProblem<Longer> p;
  const size_t lengths[2] = {300, 301};
  p.call.key_lengths = lengths;
  using Attention = PartsProblem<Longer>::Attention;
  EXPECT_EQ(Attention::Run(p.call, p.workspace), Status::kTooManyTokens);
  EXPECT_EQ(Attention::Run(p.call, p.workspace, 0, 2), Status::kTooManyTokens);
  for (const float value : p.out) ASSERT_EQ(value, kUntouched);
}

TEST(AttentionPadding, NanInThePaddingNeverLeaks) {
  PartsProblem<LongerFull> clean, p;
  using Attention = PartsProblem<LongerFull>::Attention;
  const size_t lengths[2] = {40, 70};
  clean.call.key_lengths = p.call.key_lengths = lengths;
  ASSERT_EQ(Attention::Run(clean.call, clean.workspace), Status::kOk);
  // q keeps its values; k and v get NaN behind each length.
  std::vector<float> keys = p.x;
  for (size_t row = 0; row < 2 * 2 * 300; ++row) {
    const size_t batch = row / 600, token = row % 300;
    if (token < lengths[batch]) continue;
    for (size_t d = 0; d < 20; ++d) keys[row * 20 + d] = kNan;
  }
  p.call.k.data = p.call.v.data = keys.data();
  ASSERT_EQ(Attention::Run(p.call, p.workspace), Status::kOk);
  EXPECT_EQ(p.out, clean.out);
}

// A tile that a row sees nothing of leaves the row alone, even where adding
// zero would show: an output that has underflowed to -0 stays -0 when other
// rows of its block go on to the next tile.
TEST(AttentionMask, TilesThatARowDoesNotSeeLeaveItAlone) {
  using Problem = PartsProblem<Longer>;
  Problem p;
  constexpr size_t kKeys = 140, kQueries = 126;
  std::vector<float> q(4 * kQueries * 20), k(2 * kKeys * 20), v(k.size());
  for (size_t row = 0; row < 4 * kQueries; ++row) q[row * 20] = 1.0f;
  for (size_t row = 0; row < 2 * kKeys; ++row) {
    const bool first_tile = row % kKeys < 64;
    k[row * 20] = first_tile ? 0.0f : 7.0f;  // e^7: the first tile fades
    v[row * 20] = first_tile ? -std::numeric_limits<float>::denorm_min() : 0.0f;
  }
  p.call.batch = 1;
  p.call.scale = 1.0f;
  p.call.q = fovea::HeadMajor<const float>(q.data(), 4, kQueries, 20);
  p.call.k = fovea::HeadMajor<const float>(k.data(), 2, kKeys, 20);
  p.call.v = fovea::HeadMajor<const float>(v.data(), 2, kKeys, 20);
  p.call.out = fovea::HeadMajor(p.out.data(), 4, kQueries, 20);
  p.call.queries = kQueries;
  p.call.keys = kKeys;
  p.call.first_position = 3;  // query 124 sees two tiles, query 125 a third
  ASSERT_EQ(Problem::Attention::Run(p.call, p.workspace), Status::kOk);
  EXPECT_EQ(p.out[124 * 20], 0.0f);
  EXPECT_TRUE(std::signbit(p.out[124 * 20]));
}

}  // namespace
