// SPDX-License-Identifier: Apache-2.0
#include "weights_quantise.h"

#include <cstring>

#include "fovea/linear_int8.h"
#include "fovea/status.h"
#include "tensors.h"

namespace tinylm {
namespace {

using fovea::kPanel;

// Writes what ForEachTensor shows it, quantised.
class Quantiser {
 public:
  explicit Quantiser(unsigned char* to) : at_(to) {}

  void Vector(const float* from, size_t size) {
    std::memcpy(Take<float>(size), from, size * sizeof(float));
  }

  // 16 rows at a time, which are a panel in both files.
  void Linear(const fovea::LinearWeights& from, size_t inputs, size_t outputs) {
    float* scales = Take<float>(outputs);
    int8_t* panels = Take<int8_t>(inputs * outputs);
    for (size_t o = 0; o < outputs; o += kPanel) {
      float rows[kPanel * kHidden];
      const float* panel = from.panels + o * inputs;
      for (size_t i = 0; i < kPanel * inputs; ++i) {
        rows[i % kPanel * inputs + i / kPanel] = panel[i];
      }
      good_ &= fovea::PackLinearInt8(rows, inputs, kPanel, panels + o * inputs,
                                     scales + o) == fovea::Status::kOk;
    }
  }

  bool good() const { return good_; }

 private:
  template <class T>
  T* Take(size_t count) {
    T* const tensor = reinterpret_cast<T*>(at_);
    at_ += count * sizeof(T);
    return tensor;
  }

  unsigned char* at_;
  bool good_ = true;
};
static_assert(kWidth <= kHidden && kQueryRow <= kHidden, "a panel fits");
static_assert(kVocab % kPanel == 0 && kQueryRow % kPanel == 0 &&
                  kKeyRow % kPanel == 0 && kWidth % kPanel == 0 &&
                  kHidden % kPanel == 0,
              "no layer has padding");

}  // namespace

bool QuantiseWeights(const WeightsFile& from, Int8WeightsFile& to) {
  Weights weights;
  PointInto(from.bytes, weights);
  std::memcpy(to.bytes, from.bytes, kHeaderBytes);
  Quantiser quantiser(to.bytes + kHeaderBytes);
  ForEachTensor(weights, quantiser);
  Seal(WeightsKind::kInt8, to.bytes);
  return quantiser.good();
}

}  // namespace tinylm
