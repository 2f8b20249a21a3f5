// SPDX-License-Identifier: Apache-2.0
// What the golden tests of the norms do alike.
#ifndef FOVEA_TESTS_GOLDEN_NORM_OUTPUT_H_
#define FOVEA_TESTS_GOLDEN_NORM_OUTPUT_H_

#include <gtest/gtest.h>
#include <stddef.h>

#include <vector>

#include "fovea/status.h"
#include "tests/golden/tensor.h"
#include "tests/golden/weights.h"

namespace fovea::golden {

// run(in, out, weight) of a case's rows `values`, with gaps between them: what
// it wrote, which is all that it wrote.
template <class Case, class Run>
std::vector<float> NormOutput(const Case& c, const std::vector<float>& values,
                              bool in_place, const Run& run) {
  Tensor x = PaddedRows(c.tokens, c.width, 3, values);
  Tensor y = PaddedRows(c.tokens, c.width, 5);
  const std::vector<float> weight = Values(c.seed, 1, c.width);
  const View<float> in = x.view();
  const View<float> out = in_place ? in : y.view();
  EXPECT_EQ(run(in, out, weight.data()), Status::kOk) << c.name;
  const Tensor& written = in_place ? x : y;
  EXPECT_TRUE(written.PaddingIsUntouched()) << c.name;
  return written.Flat();
}

}  // namespace fovea::golden

#endif  // FOVEA_TESTS_GOLDEN_NORM_OUTPUT_H_
