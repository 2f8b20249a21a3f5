// SPDX-License-Identifier: Apache-2.0
// Softmax, LogSoftmax and SoftmaxAccumulator against float64 and against their
// own bits.

#include <gtest/gtest.h>
#include <stddef.h>
#include <stdint.h>

#include <limits>
#include <vector>

#include "fovea/softmax.h"
#include "fovea/softmax_accumulator.h"
#include "fovea/status.h"
#include "tests/golden/check.h"
#include "tests/golden/golden.h"
#include "tests/golden/tensor.h"
#include "tests/golden/weights.h"

namespace fovea::golden {
namespace {

enum class Kind : uint8_t { kSoftmax, kLogSoftmax, kOutput, kLse };
enum class Mask : uint8_t { kNone, kHalf, kSparse };

struct SoftmaxCase {
  const char* name;
  Kind kind;
  Mask mask;
  uint16_t rows, count, dim;
  float factor, scale;
  uint64_t seed;
  Expected expected;
};

#include "tests/golden/softmax.inc"

constexpr NamedHash kFusedHashes[] = {
#include "tests/golden/softmax_hashes_fused.inc"
    {nullptr, 0}};
constexpr NamedHash kUnfusedHashes[] = {
#include "tests/golden/softmax_hashes_unfused.inc"
    {nullptr, 0}};
constexpr CommittedHashes kHashes = {kFusedHashes, kUnfusedHashes};

constexpr float kInf = std::numeric_limits<float>::infinity();
constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

bool HasRows(const SoftmaxCase& c) {
  return c.kind == Kind::kSoftmax || c.kind == Kind::kLogSoftmax;
}

// Nonzero bytes of every kind where an entry is visible.
std::vector<uint8_t> MaskOf(const SoftmaxCase& c) {
  const Stream stream(c.seed, 2);
  const float below = c.mask == Mask::kNone   ? 2.0f
                      : c.mask == Mask::kHalf ? 0.0f
                                              : -1.75f;
  std::vector<uint8_t> mask(size_t{c.rows} * c.count);
  for (size_t i = 0; i < mask.size(); ++i) {
    const size_t row = i / c.count, entry = i % c.count;
    const bool seen = entry == row % c.count || stream[i] < below;
    mask[i] = seen ? static_cast<uint8_t>(1u << (i % 8)) : uint8_t{0};
  }
  return mask;
}

// x, with a NaN wherever the mask hides it.
std::vector<float> Inputs(const SoftmaxCase& c,
                          const std::vector<uint8_t>& mask) {
  auto x = Values(c.seed, 0, mask.size(), c.factor);
  for (size_t i = 0; i < x.size(); ++i) {
    if (mask[i] == 0) x[i] = kNan;
  }
  return x;
}

enum class Way : uint8_t { kManyRows, kInPlace, kRowByRow };

// The softmax of the case's rows.
std::vector<float> RowsOutput(const SoftmaxCase& c, Way way) {
  const auto mask = MaskOf(c);
  Tensor x = PaddedRows(c.rows, c.count, 3, Inputs(c, mask));
  Tensor y = PaddedRows(c.rows, c.count, 5);
  const View<float> in = x.view();
  const View<float> out = way == Way::kInPlace ? in : y.view();
  SoftmaxCall call;
  call.x = in.data, call.x_stride = in.token_stride;
  call.y = out.data, call.y_stride = out.token_stride;
  call.rows = c.rows, call.count = c.count, call.scale = c.scale;
  call.mask_stride = c.count;
  if (c.mask != Mask::kNone) call.mask = mask.data();
  const bool log = c.kind == Kind::kLogSoftmax;
  if (way == Way::kRowByRow) {
    for (size_t row = 0; row < c.rows; ++row) {
      const auto run = [&](auto function) {
        return function(in.Row(0, 0, row), c.count, c.scale, out.Row(0, 0, row),
                        mask.data() + row * c.count);
      };
      const Status status =
          log ? run([](auto... a) { return LogSoftmax(a...); })
              : run([](auto... a) { return Softmax(a...); });
      EXPECT_EQ(status, Status::kOk) << c.name;
    }
  } else {
    EXPECT_EQ(log ? LogSoftmax(call) : Softmax(call), Status::kOk) << c.name;
  }
  const Tensor& written = way == Way::kInPlace ? x : y;
  EXPECT_TRUE(written.PaddingIsUntouched()) << c.name;
  auto flat = written.Flat();
  for (size_t i = 0; i < flat.size(); ++i) {
    if (mask[i] != 0) continue;
    EXPECT_EQ(BitsOf(flat[i]), BitsOf(log ? -kInf : 0.0f)) << c.name << i;
    flat[i] = 0;  // the table has no infinities
  }
  return flat;
}

// Adds keys in calls of `chunk`; a masked key's value is NaN.
template <size_t kDim>
std::vector<float> Accumulate(const SoftmaxCase& c, size_t chunk) {
  const auto mask = MaskOf(c);
  auto logits = Inputs(c, mask);
  auto values = Values(c.seed, 1, logits.size() * kDim);
  for (size_t i = 0; i < logits.size(); ++i) {
    if (mask[i] != 0) continue;
    logits[i] = -kInf;
    for (size_t dim = 0; dim < kDim; ++dim) values[i * kDim + dim] = kNan;
  }
  std::vector<float> outputs, lses;
  SoftmaxAccumulator<kDim> row;
  for (size_t r = 0; r < c.rows; ++r) {
    row.Clear();
    const Tensor padded =
        PaddedRows(c.count, kDim, 7,
                   {values.begin() + r * c.count * kDim,
                    values.begin() + (r + 1) * c.count * kDim});
    const View<const float> v = padded.const_view();
    for (size_t key = 0; key < c.count; key += chunk) {
      const size_t count = c.count - key < chunk ? c.count - key : chunk;
      EXPECT_EQ(row.Add(logits.data() + r * c.count + key, v.Row(0, 0, key),
                        v.token_stride, count),
                Status::kOk);
    }
    outputs.resize((r + 1) * kDim);
    EXPECT_EQ(row.Store(outputs.data() + r * kDim), Status::kOk);
    lses.push_back(row.Lse());
  }
  return c.kind == Kind::kLse ? lses : outputs;
}

std::vector<float> AccumulatorOutput(const SoftmaxCase& c, size_t chunk) {
#define FOVEA_SOFTMAX_CONFIG(dim_) \
  if (c.dim == dim_) return Accumulate<dim_>(c, chunk);
#include "tests/golden/softmax_configs.inc"
#undef FOVEA_SOFTMAX_CONFIG
  return {};
}

TEST(SoftmaxGolden, IsAsExactAsPyTorchAndHasTheCommittedBits) {
  ExpectGolden("softmax", kSoftmaxCases, kSoftmaxExpected, kHashes,
               [](const SoftmaxCase& c) {
                 return HasRows(c) ? RowsOutput(c, Way::kManyRows)
                                   : AccumulatorOutput(c, c.count);
               });
}

TEST(SoftmaxGolden, InPlaceAndRowByRowGiveTheSameBits) {
  for (const SoftmaxCase& c : kSoftmaxCases) {
    if (!HasRows(c)) continue;
    const auto rows = RowsOutput(c, Way::kManyRows);
    ExpectSameBits(c.name, RowsOutput(c, Way::kInPlace), rows);
    ExpectSameBits(c.name, RowsOutput(c, Way::kRowByRow), rows);
  }
}

TEST(SoftmaxGolden, CallsOfWholeTilesGiveTheSameBits) {
  for (const SoftmaxCase& c : kSoftmaxCases) {
    if (HasRows(c)) continue;
    const auto at_once = AccumulatorOutput(c, c.count);
    ExpectSameBits(c.name, AccumulatorOutput(c, 64), at_once);
    ExpectSameBits(c.name, AccumulatorOutput(c, 192), at_once);
  }
}

// Other bits, but as exact.
TEST(SoftmaxGolden, CallsOfAnyLengthAreAsExactAsPyTorch) {
  for (const SoftmaxCase& c : kSoftmaxCases) {
    if (HasRows(c)) continue;
    for (const size_t chunk : {1, 7, 100}) {
      ExpectWithinGate(c.name, c.expected, kSoftmaxExpected,
                       AccumulatorOutput(c, chunk));
    }
  }
}

}  // namespace
}  // namespace fovea::golden
