// SPDX-License-Identifier: Apache-2.0
// A tensor [batch][head][token][dim] in any of the golden layouts, with guards
// in its padding.
#ifndef FOVEA_TESTS_GOLDEN_TENSOR_H_
#define FOVEA_TESTS_GOLDEN_TENSOR_H_

#include <stddef.h>
#include <stdint.h>

#include <vector>

#include "fovea/attention.h"
#include "tests/golden/attention_case.h"

namespace fovea::golden {

class Tensor {
 public:
  // pad: odd, and another one for each tensor of a call, so that no two of them
  // share their strides.
  Tensor(Layout layout, size_t batch, size_t heads, size_t tokens, size_t dim,
         size_t pad)
      : batch_(batch), heads_(heads), tokens_(tokens), dim_(dim) {
    const bool padded =
        layout == Layout::kPaddedHeads || layout == Layout::kPaddedTokens;
    const size_t row = dim + (padded ? pad : 0);
    const size_t gap = padded ? pad + 4 : 0;
    if (layout == Layout::kHeadMajor || layout == Layout::kPaddedHeads) {
      token_stride_ = row;
      head_stride_ = tokens * row + gap;
      batch_stride_ = heads * head_stride_ + gap;
    } else {
      head_stride_ = row;
      token_stride_ = heads * row + gap;
      batch_stride_ = tokens * token_stride_ + gap;
    }
    storage_.assign(batch * batch_stride_ + gap, Guard());
  }

  // Element i in logical order.
  float& operator[](size_t i) { return storage_[Index(i)]; }
  float operator[](size_t i) const { return storage_[Index(i)]; }
  size_t size() const { return batch_ * heads_ * tokens_ * dim_; }

  // From token `first` on.
  View<float> view(size_t first = 0) {
    return {storage_.data() + first * token_stride_, batch_stride_,
            head_stride_, token_stride_};
  }
  View<const float> const_view(size_t first = 0) const {
    return {storage_.data() + first * token_stride_, batch_stride_,
            head_stride_, token_stride_};
  }

  std::vector<float> Flat() const {
    std::vector<float> flat(size());
    for (size_t i = 0; i < flat.size(); ++i) flat[i] = (*this)[i];
    return flat;
  }

  bool PaddingIsUntouched() const {
    std::vector<float> copy = storage_;
    for (size_t i = 0; i < size(); ++i) copy[Index(i)] = Guard();
    for (float value : copy) {
      if (BitsOf(value) != BitsOf(Guard())) return false;
    }
    return true;
  }

 private:
  // A NaN, so that what reads it shows, with a payload, so that what writes
  // another NaN over it shows too.
  static float Guard() { return FloatOf(kQuietNan + 0xfeed); }

  size_t Index(size_t i) const {
    const size_t d = i % dim_;
    const size_t token = i / dim_ % tokens_;
    const size_t head = i / (dim_ * tokens_) % heads_;
    const size_t batch = i / (dim_ * tokens_ * heads_);
    return batch * batch_stride_ + head * head_stride_ + token * token_stride_ +
           d;
  }

  size_t batch_, heads_, tokens_, dim_;
  size_t batch_stride_, head_stride_, token_stride_;
  std::vector<float> storage_;
};

}  // namespace fovea::golden

#endif  // FOVEA_TESTS_GOLDEN_TENSOR_H_
