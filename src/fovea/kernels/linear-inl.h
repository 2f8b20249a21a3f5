// SPDX-License-Identifier: Apache-2.0
// y = x W^T + b for any number of tokens.  Every output sums its inputs in
// index order in blocks of 128, each a chain of fused multiply-adds from zero,
// adds the blocks in order and then the bias: one token and many give the same
// bits. A single chain over 512 inputs has twice the error, more than twice
// that of PyTorch; the blocks also keep a group of panels in the L1 cache.
#if defined(FOVEA_KERNELS_LINEAR_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef FOVEA_KERNELS_LINEAR_INL_H_
#undef FOVEA_KERNELS_LINEAR_INL_H_
#else
#define FOVEA_KERNELS_LINEAR_INL_H_
#endif

#include "fovea/kernels/outer_product-inl.h"

HWY_BEFORE_NAMESPACE();
namespace fovea {
namespace HWY_NAMESPACE {
namespace {

// Strides in elements.
struct LinearArgs {
  const float* x;  // [tokens][inputs]
  size_t x_stride;
  const float* panels;  // [outputs/16][inputs][16]
  const float* bias;    // [outputs] or null
  float* y;             // [tokens][outputs]
  size_t y_stride;
  size_t inputs;
  size_t outputs;
};

// Adds one block of inputs to the outputs of some tokens.
struct LinearSink {
  const LinearArgs& args;
  float* y;  // first token's row
  size_t first_output;
  bool first_block;
  const float* bias;  // null but for the last block

  HWY_INLINE void operator()(size_t token, size_t vec, Vec sum) const {
    const FloatTag d;
    const size_t output = first_output + vec * hn::Lanes(d);
    if (output >= args.outputs) return;  // a panel's padding
    const size_t count = args.outputs - output;
    float* to = y + token * args.y_stride + output;
    if (count >= hn::Lanes(d)) {
      if (!first_block) sum = hn::Add(hn::LoadU(d, to), sum);
      if (bias) sum = hn::Add(sum, hn::LoadU(d, bias + output));
      hn::StoreU(sum, d, to);
    } else {
      if (!first_block) sum = hn::Add(hn::LoadN(d, to, count), sum);
      if (bias) sum = hn::Add(sum, hn::LoadN(d, bias + output, count));
      hn::StoreN(sum, d, to, count);
    }
  }
};

// Tokens [token, tokens) in groups of kGroup, the rest in groups of half that.
// The fewer tokens, the more panels are in flight.
template <size_t kGroup>
HWY_INLINE void ApplyLinearFrom(const LinearArgs& args, size_t token,
                                size_t tokens) {
  constexpr size_t kVecs = kUnrolled / kGroup;
  constexpr size_t kVecsOfPanel = kPanel / kMaxLanes;
  constexpr size_t kFewest = kVecsOfPanel < kVecs ? kVecsOfPanel : kVecs;
  const size_t lanes = hn::Lanes(FloatTag());
  const size_t vecs = RoundUp(args.outputs, kPanel) / lanes;
  const size_t whole = token + (tokens - token) / kGroup * kGroup;
  // Outputs outside, tokens inside: a block of panels serves all tokens.
  const auto some_outputs = [&](auto vec_group, size_t vec) HWY_ATTR {
    for (size_t input = 0; input < args.inputs; input += kChain) {
      const size_t left = args.inputs - input;
      const bool last = left <= kChain;
      const AllSteps inputs{last ? left : kChain};
      const PanelColumns<> w{args.panels + input * kPanel, vec * lanes,
                             kPanel * args.inputs};
      for (size_t t = token; t < whole; t += kGroup) {
        const Factors<> x{args.x + t * args.x_stride + input, args.x_stride, 1};
        const LinearSink sink{args, args.y + t * args.y_stride, vec * lanes,
                              input == 0, last ? args.bias : nullptr};
        OuterProduct<kGroup, vec_group.value>::Run(x, w, inputs, sink);
      }
    }
  };
  if (token < whole) ForGroups<kVecs, kFewest>(0, vecs, some_outputs);
  if constexpr (kGroup > 1) {
    if (whole < tokens) ApplyLinearFrom<kGroup / 2>(args, whole, tokens);
  }
}

// kMaxTokens prunes the group sizes that cannot occur.
template <size_t kMaxTokens>
HWY_NOINLINE void ApplyLinear(const LinearArgs& args, size_t tokens) {
  constexpr size_t kMost = kUnrolled / 2;
  ApplyLinearFrom<PowerOfTwoAtMost(kMaxTokens < kMost ? kMaxTokens : kMost)>(
      args, 0, tokens);
}

}  // namespace
// NOLINTNEXTLINE(google-readability-namespace-comments)
}  // namespace HWY_NAMESPACE
}  // namespace fovea
HWY_AFTER_NAMESPACE();

#endif  // FOVEA_KERNELS_LINEAR_INL_H_
