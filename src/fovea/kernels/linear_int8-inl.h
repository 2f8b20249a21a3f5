// SPDX-License-Identifier: Apache-2.0
// y = x W^T + b with weights of int8, a scale per output, and tokens quantised
// on the way in, a scale per token: products and sums in integers.
//
//   y = (int8 . int8 * scale_x) * scale_w + b
#if defined(FOVEA_KERNELS_LINEAR_INT8_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef FOVEA_KERNELS_LINEAR_INT8_INL_H_
#undef FOVEA_KERNELS_LINEAR_INT8_INL_H_
#else
#define FOVEA_KERNELS_LINEAR_INT8_INL_H_
#endif

#include "fovea/kernels/quad-inl.h"
#include "fovea/kernels/quantise_row-inl.h"

HWY_BEFORE_NAMESPACE();
namespace fovea {
namespace HWY_NAMESPACE {
namespace {

// Some tokens, quantised.
struct QuantisedTokens {
  int32_t* HWY_RESTRICT quads;  // [token][inputs/4]
  float* HWY_RESTRICT scales;
  int32_t* HWY_RESTRICT offsets;  // see kKeyOffset
};

// Strides in elements.
struct LinearInt8Args {
  const int8_t* panels;  // [outputs/16][inputs/4][16][4]
  const float* scales;   // [outputs], rounded up to 16
  const float* bias;     // [outputs] or null
  size_t inputs;
  size_t outputs;
  float* y;  // of the first of the tokens
  size_t y_stride;
};

HWY_INLINE void QuantiseTokens(const float* x, size_t x_stride, size_t inputs,
                               size_t tokens, const QuantisedTokens& to) {
  const RowsToQuantise rows{x,         x_stride,
                            inputs,    reinterpret_cast<int8_t*>(to.quads),
                            to.scales, to.offsets};
  rows.All(tokens);
  for (size_t token = 0; token < tokens; ++token) {
    to.offsets[token] *= kKeyOffset;
  }
}

// Turns the integers of some tokens and vectors of outputs into outputs.
struct LinearInt8Sink {
  const float* token_scales;
  const int32_t* offsets;
  const float* scales;  // of the first output
  const float* bias;    // of it, or null
  float* y;             // first token's, first output
  size_t y_stride;
  size_t outputs;  // that are left

  HWY_INLINE void operator()(size_t token, size_t vec, IntVec sum) const {
    const FloatTag d;
    const size_t output = vec * hn::Lanes(d);
    if (output >= outputs) return;
    const size_t count = outputs - output;
    const IntVec dot = hn::Sub(sum, hn::Set(IntTag(), offsets[token]));
    const Vec product =
        hn::Mul(hn::ConvertTo(d, dot), hn::Set(d, token_scales[token]));
    const Vec scale = hn::LoadU(d, scales + output);
    float* to = y + token * y_stride + output;
    if (count >= hn::Lanes(d)) {
      const Vec b = bias ? hn::LoadU(d, bias + output) : hn::Zero(d);
      hn::StoreU(Fma(product, scale, b), d, to);
    } else {
      const Vec b = bias ? hn::LoadN(d, bias + output, count) : hn::Zero(d);
      hn::StoreN(Fma(product, scale, b), d, to, count);
    }
  }
};

template <size_t kMaxTokens>
HWY_NOINLINE void ApplyLinearInt8(const LinearInt8Args& args,
                                  const QuantisedTokens& x, size_t tokens) {
  constexpr size_t kMostVecs = 2;
  constexpr size_t kMostRows = kUnrolled / kMostVecs;
  constexpr size_t kGroup =
      PowerOfTwoAtMost(kMaxTokens < kMostRows ? kMaxTokens : kMostRows);
  constexpr size_t kVecs = kGroup == 1 ? kUnrolled / 2 : kMostVecs;
  constexpr size_t kVecsOfPanel = kPanel / kMaxLanes;
  constexpr size_t kFewest = kVecsOfPanel < kVecs ? kVecsOfPanel : kVecs;
  const size_t lanes = hn::Lanes(FloatTag());
  const size_t quads = RoundUp(args.inputs, 4) / 4;
  const size_t vecs = RoundUp(args.outputs, kPanel) / lanes;
  // Outputs outside, tokens inside: some panels serve all tokens.
  ForGroups<kVecs, kFewest>(0, vecs, [&](auto vec_group, size_t vec) HWY_ATTR {
    const size_t output = vec * lanes;
    if (output >= args.outputs) return;  // a panel's padding
    const QuadPanels w{{args.panels, output, kPanel * 4 * quads}};
    ForGroups<kGroup>(0, tokens, [&](auto group, size_t token) HWY_ATTR {
      const Factors<int32_t> factors{x.quads + token * quads, quads, 1};
      const LinearInt8Sink sink{x.scales + token,
                                x.offsets + token,
                                args.scales + output,
                                args.bias ? args.bias + output : nullptr,
                                args.y + token * args.y_stride + output,
                                args.y_stride,
                                args.outputs - output};
      OuterProduct<group.value, vec_group.value, KeyProduct>::Run(
          factors, w, AllSteps{Opaque(quads)}, sink);
    });
  });
}

}  // namespace
// NOLINTNEXTLINE(google-readability-namespace-comments)
}  // namespace HWY_NAMESPACE
}  // namespace fovea
HWY_AFTER_NAMESPACE();

#endif  // FOVEA_KERNELS_LINEAR_INT8_INL_H_
