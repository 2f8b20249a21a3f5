// SPDX-License-Identifier: Apache-2.0
// How fast each pair of a rotary embedding turns (rope.h).
#ifndef FOVEA_ROPE_RATES_H_
#define FOVEA_ROPE_RATES_H_

#include <cstddef>
#include <cstdint>

#include "fovea/constexpr_math.h"
#include "fovea/rope_options.h"

namespace fovea {

// The rates of pairs of `dim` dims in fractions of a turn, times 2^64.  Options
// are valid, dim is even.
class RopeRates {
 public:
  constexpr RopeRates(const RopeOptions& options, size_t dim) noexcept
      : log_base_(LogOfBase(options, dim)),
        divisor_(options.scaling == RopeScaling::kLinear ? options.factor
                                                         : 1.0),
        dim_(static_cast<double>(dim)) {}

  constexpr uint64_t OfPair(size_t pair) const noexcept {
    constexpr double kTwoPi = 6.28318530717958647693;
    constexpr double kTwoTo64 = 18446744073709551616.0;
    const double exponent = -2.0 * static_cast<double>(pair) / dim_;
    const double radians = ConstexprExp(exponent * log_base_) / divisor_;
    return static_cast<uint64_t>(radians / kTwoPi * kTwoTo64);
  }

 private:
  static constexpr double LogOfBase(const RopeOptions& options,
                                    size_t dim) noexcept {
    double log = ConstexprLog(options.base);
    if (dim > 2 && options.scaling == RopeScaling::kNtk) {
      const double power =
          static_cast<double>(dim) / (static_cast<double>(dim) - 2);
      log += power * ConstexprLog(options.factor);
    }
    return log;
  }

  double log_base_;
  double divisor_;
  double dim_;
};

// The angle of a pair of that rate at `position`, less its whole turns, in
// units of 2^-32 turn, rounded down.
constexpr uint32_t RopePhase(uint64_t position, uint64_t rate) noexcept {
  return static_cast<uint32_t>((position * rate) >> 32);
}

}  // namespace fovea

#endif  // FOVEA_ROPE_RATES_H_
