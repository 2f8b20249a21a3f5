// SPDX-License-Identifier: Apache-2.0
// The online softmax as a part to build with: attention whose logits are
// computed elsewhere (another score, another mask, keys that come in pieces or
// lie on several cores).
#ifndef FOVEA_SOFTMAX_ACCUMULATOR_H_
#define FOVEA_SOFTMAX_ACCUMULATOR_H_

#include <cstddef>

#include "fovea/check.h"
#include "fovea/kernels/softmax_accumulator-inl.h"
#include "fovea/status.h"
#include "fovea/target.h"
#include "fovea/view.h"

namespace fovea {
inline namespace FOVEA_TARGET_NAMESPACE {

// One row of softmax(logits) . values over any number of keys, in the memory of
// one output row: sizeof is 4 * (kDim + 2) bytes.
//
//   SoftmaxAccumulator<64> row;
//   for (...) row.Add(logits, values, 64, count);
//   row.Store(out);
//
// It holds the keys' running maximum m, the sum l of e^(logit - m), and the sum
// o of e^(logit - m) * value (Milakov and Gimelshein, arXiv 1805.02867), so
// logits of any size do not overflow.  Logits are natural: scale and bias are
// already in them.
//
// A key whose logit is -inf is masked: its value is not read.  A row without a
// visible key has an output of 0 and an lse of -inf.  NaN in a visible logit or
// value, or a logit of +inf, gives NaN.
//
// The bits: a call takes its keys in tiles of 64 from its first, and each tile
// rescales the sums once, so where calls are split, and the order of merges, is
// part of the bits.  Calls of a multiple of 64 keys (the last one aside) give
// the bits of one call.  The target is not part of them, among targets with
// fused multiply-add.
template <size_t kDim>
class SoftmaxAccumulator {
  static_assert(kDim > 0, "a value has at least one element");

 public:
  // Forgets every key; a new accumulator has none.
  void Clear() noexcept {
    Keep(HWY_NAMESPACE::kNoSum);
    for (float& element : output_) element = 0.0f;
  }

  // Adds keys.
  //   logits                [count]
  //   values, value_stride  [count][kDim], elements from key to key, at least
  //                         kDim (not read for one key)
  //   count                 1 or more
  // Neither may overlap this object.
  // kZeroCount, kNullPointer, kMisaligned (to a float), kBadStride.
  Status Add(const float* logits, const float* values, size_t value_stride,
             size_t count) noexcept {
    if (count == 0) return Status::kZeroCount;
    const View<const float> in{values, 0, 0, value_stride};
    FOVEA_RETURN_IF_BAD(CheckView(in, {1, 1, count, kDim}, Shares::kBatch));
    FOVEA_RETURN_IF_BAD(CheckArray(logits));
    HWY_NAMESPACE::RowSum sum{max_, sum_};
    HWY_NAMESPACE::AddKeys({logits, values, value_stride, count},
                           {output_, kDim}, sum);
    Keep(sum);
    return Status::kOk;
  }

  // Adds the keys of another accumulator, which have to be other keys.  Merging
  // with an empty one changes no value.
  void Merge(const SoftmaxAccumulator& other) noexcept {
    HWY_NAMESPACE::RowSum sum{max_, sum_};
    HWY_NAMESPACE::MergePartial(other.output_, {other.max_, other.sum_},
                                {output_, kDim}, sum);
    Keep(sum);
  }

  // ln(sum of e^logit), the log-sum-exp of the keys so far.
  float Lse() const noexcept { return HWY_NAMESPACE::LogSumExp({max_, sum_}); }

  // out[d] = sum over keys of e^(logit - lse) * value[d], out [kDim].  Keys may
  // be added afterwards.  kNullPointer, kMisaligned.
  Status Store(float* out) const noexcept {
    FOVEA_RETURN_IF_BAD(CheckArray(out));
    HWY_NAMESPACE::StoreNormalised(output_, kDim, sum_, out);
    return Status::kOk;
  }

 private:
  void Keep(const HWY_NAMESPACE::RowSum& sum) noexcept {
    max_ = sum.max;
    sum_ = sum.sum;
  }

  float max_ = HWY_NAMESPACE::kNoMax;
  float sum_ = 0;
  float output_[kDim] = {};
};

}  // namespace FOVEA_TARGET_NAMESPACE
}  // namespace fovea

#endif  // FOVEA_SOFTMAX_ACCUMULATOR_H_
