// SPDX-License-Identifier: Apache-2.0
// The leaf of integer linear layers in Highway's vectors and the int8 products
// of port/int8: outputs lie across the lanes.
#if defined(FOVEA_PORT_INTEGER_LINEAR_VECTOR_INL_H_) == \
    defined(HWY_TARGET_TOGGLE)
#ifdef FOVEA_PORT_INTEGER_LINEAR_VECTOR_INL_H_
#undef FOVEA_PORT_INTEGER_LINEAR_VECTOR_INL_H_
#else
#define FOVEA_PORT_INTEGER_LINEAR_VECTOR_INL_H_
#endif

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>

#include "fovea/kernels/layout.h"
#include "fovea/kernels/linear_integer.h"
#include "fovea/kernels/quad-inl.h"
#include "port/integer/multiply_high-inl.h"

HWY_BEFORE_NAMESPACE();
namespace fovea {
namespace integer {
inline namespace FOVEA_INTEGER_NAMESPACE {

struct VectorLinearLeaf {
  struct Token {
    const int8_t* x;
    size_t inputs;
    int32_t zero;
    int32_t offset;  // what each sum has too much: see kKeyOffset
  };

  static Token TokenOf(const int8_t* x, size_t inputs, int32_t zero) noexcept {
    int32_t sum = 0;
    for (size_t i = 0; i < inputs; ++i) sum += x[i];
    // The sum of the weights has as much too much for each of them.
    const int32_t count = static_cast<int32_t>(inputs);
    return {x, inputs, zero, Products::kKeyOffset * (sum - zero * count)};
  }

  static void AddPanel(const int8_t* panel, const Token& token,
                       int32_t* sums) noexcept {
    if (token.zero == 0) {
      AddColumns<false>(panel, token, sums);
    } else {
      AddColumns<true>(panel, token, sums);
    }
  }

  // Whole vectors, and what is left of the last panel singly.
  template <class Output>
  static void Store(const int32_t* sums, const LinearArgs& args, size_t first,
                    size_t count, Output* y) noexcept {
    namespace hn = hwy::HWY_NAMESPACE;
    const IntTag d;
    const hn::Rebind<Output, IntTag> narrow;
    const size_t lanes = hn::Lanes(d);
    size_t done = 0;
    for (; done + lanes <= count; done += lanes) {
      const IntVec x =
          Clamp<Output>(Rescaled(hn::LoadU(d, sums + done), args, first + done),
                        args.output_zero);
      hn::StoreU(hn::DemoteTo(narrow, x), narrow, y + first + done);
    }
    if (done < count) {
      StoreSingly(sums + done, args, first + done, count - done, y);
    }
  }

 private:
  using Products = fovea::HWY_NAMESPACE::Int8Products;
  using IntVec = fovea::HWY_NAMESPACE::IntVec;
  using IntTag = fovea::HWY_NAMESPACE::IntTag;

  template <bool kHasZero>
  static HWY_INLINE void AddColumns(const int8_t* panel, const Token& token,
                                    int32_t* sums) {
    namespace hn = hwy::HWY_NAMESPACE;
    const IntTag d;
    const IntVec zero = hn::Set(d, token.zero);
    for (size_t o = 0; o < kPanel; o += hn::Lanes(d)) {
      const int8_t* w = panel + 4 * o;
      const int8_t* x = token.x;
      // Two chains, since one waits for its own products.
      IntVec even = hn::LoadU(d, sums + o), odd = hn::Zero(d);
      IntVec even_weights = hn::Zero(d), odd_weights = hn::Zero(d);
      size_t left = token.inputs;
      for (; left >= 8; left -= 8, x += 8, w += 2 * kStep) {
        AddQuads<kHasZero>(x, 4, w, even, even_weights);
        AddQuads<kHasZero>(x + 4, 4, w + kStep, odd, odd_weights);
      }
      for (; left > 0; x += 4, w += kStep) {
        const size_t count = left < 4 ? left : 4;
        AddQuads<kHasZero>(x, count, w, even, even_weights);
        left -= count;
      }
      IntVec sum = hn::Add(even, odd);
      if (kHasZero) {
        const IntVec weights = hn::Add(even_weights, odd_weights);
        sum = hn::Sub(sum, hn::Mul(weights, zero));
      }
      hn::StoreU(hn::Sub(sum, hn::Set(d, token.offset)), d, sums + o);
    }
  }

  // Up to four inputs; padding counts neither as weights nor as products.
  // Vectors without a size (SVE) are references, for they are no members.
  template <bool kHasZero>
  static HWY_INLINE void AddQuads(const int8_t* x, size_t count,
                                  const int8_t* panel, IntVec& products,
                                  IntVec& weights) {
    const IntVec w =
        Products::OffsetKeys(fovea::HWY_NAMESPACE::LoadQuads(panel));
    products = Products::AddKeys(Word(x, count), w, products);
    if (kHasZero) {
      const int32_t ones = 0x01010101 >> (32 - 8 * count);
      weights = Products::AddKeys(ones, w, weights);
    }
  }

  // Rescale of each lane, for the outputs from `first` on.
  static HWY_INLINE IntVec Rescaled(IntVec sum, const LinearArgs& args,
                                    size_t first) {
    namespace hn = hwy::HWY_NAMESPACE;
    const IntTag d;
    const hn::Rebind<int8_t, IntTag> d8;
    const IntVec zero = hn::Zero(d), one = hn::Set(d, 1);
    const IntVec shift = hn::PromoteTo(d, hn::LoadU(d8, args.shifts + first));
    const IntVec left = hn::Max(shift, zero), right = hn::Sub(left, shift);
    // ShiftLeft: what would leave the range is at its end.
    const IntVec end = hn::Set(d, INT32_MAX), most = hn::Shr(end, left);
    IntVec x = hn::Shl(sum, left);
    x = hn::IfThenElse(hn::Gt(sum, most), end, x);
    x = hn::IfThenElse(hn::Lt(sum, hn::Neg(most)), hn::Neg(end), x);
    x = vector::MultiplyHighOf(x, hn::LoadU(d, args.multipliers + first));
    // ShiftRight: to nearest, halves away from 0.
    const IntVec mask = hn::Sub(hn::Shl(one, right), one);
    const IntVec half =
        hn::Sub(hn::ShiftRight<1>(mask), hn::VecFromMask(d, hn::Lt(x, zero)));
    const auto up = hn::Gt(hn::And(x, mask), half);
    return hn::Sub(hn::Shr(x, right), hn::VecFromMask(d, up));
  }

  // ClampTo of each lane.
  template <class Output>
  static HWY_INLINE IntVec Clamp(IntVec x, int32_t zero) {
    namespace hn = hwy::HWY_NAMESPACE;
    const IntTag d;
    constexpr int32_t kMost = std::numeric_limits<Output>::max();
    constexpr int32_t kLeast = std::numeric_limits<Output>::min();
    x = hn::Max(hn::Min(x, hn::Set(d, kMost - zero)),
                hn::Set(d, kLeast - zero));
    return hn::Add(x, hn::Set(d, zero));
  }

  static HWY_INLINE int32_t Word(const int8_t* x, size_t count) {
    int32_t word = 0;
    std::memcpy(&word, x, count);
    return word;
  }

  static constexpr size_t kStep = 4 * kPanel;
};

}  // namespace FOVEA_INTEGER_NAMESPACE
}  // namespace integer
}  // namespace fovea
HWY_AFTER_NAMESPACE();

#endif  // FOVEA_PORT_INTEGER_LINEAR_VECTOR_INL_H_
