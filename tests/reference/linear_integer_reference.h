// SPDX-License-Identifier: Apache-2.0
// One output of an integer linear layer after docs/numerics.md.  Nothing of the
// library's own code is in here.
#ifndef FOVEA_TESTS_REFERENCE_LINEAR_INTEGER_REFERENCE_H_
#define FOVEA_TESTS_REFERENCE_LINEAR_INTEGER_REFERENCE_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "tests/reference/integer_attention_reference.h"

namespace fovea::reference {

struct IntegerOutput {
  int64_t bias;
  int64_t multiplier;
  int shift;
  int input_zero, output_zero;
  int64_t least, most;  // of the output's type
};

// weight(i), x(i): the entries.
template <class Weight, class X>
int64_t LinearInteger(const IntegerOutput& of, size_t inputs,
                      const Weight& weight, const X& x) {
  int64_t sum = of.bias;
  for (size_t i = 0; i < inputs; ++i) {
    sum += int64_t{x(i) - of.input_zero} * weight(i);
  }
  constexpr int64_t kMost = INT32_MAX;
  if (of.shift > 0) {
    sum = std::clamp(sum * (int64_t{1} << of.shift), -kMost, kMost);
  }
  const int64_t y =
      Shifted(HighProduct(sum, of.multiplier), std::max(-of.shift, 0));
  return std::clamp(y + of.output_zero, of.least, of.most);
}

}  // namespace fovea::reference

#endif  // FOVEA_TESTS_REFERENCE_LINEAR_INTEGER_REFERENCE_H_
