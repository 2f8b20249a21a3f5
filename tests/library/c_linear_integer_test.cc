// SPDX-License-Identifier: Apache-2.0
// Layers in integers alone through the C interface: the integers of the C++
// template, on every target that this CPU can run.

#include <gtest/gtest.h>
#include <stddef.h>
#include <stdint.h>

#include <algorithm>
#include <vector>

#include "fovea/fovea.h"
#include "fovea/linear_integer.h"
#include "fovea/linear_integer_pack.h"
#include "tests/golden/every_target.h"
#include "tests/golden/golden.h"

namespace fovea {
namespace {

std::vector<float> Random(size_t count, uint64_t seed) {
  std::vector<float> values(count);
  const golden::Stream stream(seed, 0);
  for (size_t i = 0; i < count; ++i) values[i] = stream[i];
  return values;
}

struct IntegerLayer {
  static constexpr size_t kIn = 37, kOut = 50, kRows = 3;

  IntegerLayer() {
    fovea_linear_real real = {};
    real.struct_bytes = sizeof(real);
    real.weight = weight.data(), real.bias = real_bias.data();
    real.inputs = kIn, real.outputs = kOut;
    real.x_quantisation = {0.02, 3}, real.y_quantisation = {0.05, -7};
    EXPECT_EQ(fovea_linear_integer_packed_bytes(kIn, kOut), panels.size());
    EXPECT_EQ(
        fovea_linear_integer_pack(&real, panels.data(), multipliers.data(),
                                  shifts.data(), bias.data()),
        FOVEA_OK);
    for (size_t i = 0; i < x.size(); ++i) {
      x[i] = static_cast<int8_t>(i * 37 % 256 - 128);
    }
    call.struct_bytes = sizeof(call);
    call.x = x.data(), call.x_stride = kIn, call.tokens = kRows;
    call.inputs = kIn, call.outputs = kOut;
    call.packed = panels.data(), call.multipliers = multipliers.data();
    call.shifts = shifts.data(), call.bias = bias.data();
    call.x_zero = 3, call.y_zero = -7;
    call.y = y.data(), call.y_stride = kOut;
  }

  const std::vector<float> weight = Random(kIn * kOut, 52);
  const std::vector<float> real_bias = Random(kOut, 53);
  std::vector<int8_t> panels = std::vector<int8_t>(64 * 40);
  std::vector<int32_t> multipliers = std::vector<int32_t>(kOut);
  std::vector<int32_t> bias = std::vector<int32_t>(kOut);
  std::vector<int8_t> shifts = std::vector<int8_t>(kOut);
  std::vector<int8_t> x = std::vector<int8_t>(kRows * kIn);
  std::vector<int8_t> y = std::vector<int8_t>(kRows * kOut, int8_t{99});
  fovea_linear_integer call = {};
};

TEST(CLinearInteger, HasTheIntegersOfTheTemplate) {
  using L = IntegerLayer;
  L c;
  std::vector<int8_t> panels(c.panels.size()), shifts(L::kOut);
  std::vector<int32_t> multipliers(L::kOut), bias(L::kOut);
  RealLinear real;
  real.weight = c.weight.data(), real.bias = c.real_bias.data();
  real.inputs = L::kIn, real.outputs = L::kOut;
  real.x = {0.02, 3}, real.y = {0.05, -7};
  ASSERT_EQ(PackLinearInteger(real, {panels.data(), multipliers.data(),
                                     shifts.data(), bias.data()}),
            Status::kOk);
  EXPECT_EQ(c.panels, panels);
  EXPECT_EQ(c.multipliers, multipliers);
  EXPECT_EQ(c.shifts, shifts);
  EXPECT_EQ(c.bias, bias);
  const LinearIntegerWeights weights = {
      panels.data(), multipliers.data(), shifts.data(), bias.data(), 3, -7};
  std::vector<int8_t> y(c.y.size());
  std::vector<int16_t> y16(c.y.size()), c_y16(c.y.size());
  ASSERT_EQ((LinearInteger<L::kIn, L::kOut>::Run(weights, c.x.data(), L::kIn,
                                                 L::kRows, y.data(), L::kOut)),
            Status::kOk);
  ASSERT_EQ((LinearInteger<L::kIn, L::kOut, int16_t>::Run(
                weights, c.x.data(), L::kIn, L::kRows, y16.data(), L::kOut)),
            Status::kOk);
  golden::ForEachTarget([&] {
    std::fill(c.y.begin(), c.y.end(), int8_t{99});
    std::fill(c_y16.begin(), c_y16.end(), int16_t{99});
    fovea_linear_integer call = c.call;
    ASSERT_EQ(fovea_linear_integer_run(&call), FOVEA_OK);
    call.y = nullptr, call.y16 = c_y16.data();
    ASSERT_EQ(fovea_linear_integer_run(&call), FOVEA_OK);
    EXPECT_EQ(c.y, y);
    EXPECT_EQ(c_y16, y16);
  });
}

TEST(CLinearInteger, RefusesWhatItCannotDo) {
  const auto expect = [](fovea_status expected, auto change) {
    IntegerLayer layer;
    change(layer);
    const std::vector<int8_t> before = layer.y;
    EXPECT_EQ(fovea_linear_integer_run(&layer.call), expected);
    EXPECT_EQ(layer.y, before);
  };
  using L = IntegerLayer;
  static int16_t wide[L::kRows * L::kOut];
  expect(FOVEA_NULL_POINTER, [](L& l) { l.call.x = nullptr; });
  expect(FOVEA_NULL_POINTER, [](L& l) { l.call.y = nullptr; });
  expect(FOVEA_NULL_POINTER, [](L& l) { l.call.shifts = nullptr; });
  expect(FOVEA_UNSUPPORTED, [](L& l) { l.call.y16 = wide; });
  expect(FOVEA_MISALIGNED, [](L& l) { ++l.call.packed; });
  expect(FOVEA_ZERO_COUNT, [](L& l) { l.call.tokens = 0; });
  expect(FOVEA_TOO_MANY_TOKENS, [](L& l) { l.call.inputs = 32769; });
  expect(FOVEA_UNSUPPORTED, [](L& l) { l.call.outputs = SIZE_MAX; });
  expect(FOVEA_BAD_STRIDE, [](L& l) { --l.call.y_stride; });
  expect(FOVEA_TOO_SHORT, [](L& l) { --l.call.struct_bytes; });
  expect(FOVEA_BAD_SCALE, [](L& l) { l.call.x_zero = 128; });
  expect(FOVEA_BAD_SCALE, [](L& l) { l.call.y_zero = -129; });
  expect(FOVEA_BAD_SCALE, [](L& l) { l.multipliers[49] = 1; });
  expect(FOVEA_BAD_SCALE, [](L& l) { l.shifts[2] = 31; });
  expect(FOVEA_BAD_SCALE, [](L& l) { l.bias[7] = INT32_MAX; });

  L layer;
  fovea_linear_real real = {};
  real.struct_bytes = sizeof(real), real.weight = layer.weight.data();
  real.inputs = L::kIn, real.outputs = L::kOut;
  real.x_quantisation = real.y_quantisation = {0.1, 0};
  const auto pack = [&] {
    return fovea_linear_integer_pack(&real, layer.panels.data(),
                                     layer.multipliers.data(),
                                     layer.shifts.data(), nullptr);
  };
  EXPECT_EQ(pack(), FOVEA_OK);
  real.bias = layer.real_bias.data();
  EXPECT_EQ(pack(), FOVEA_NULL_POINTER);
  real.bias = nullptr, real.x_quantisation.scale = 0;
  EXPECT_EQ(pack(), FOVEA_BAD_SCALE);
  real.inputs = 0;
  EXPECT_EQ(pack(), FOVEA_ZERO_COUNT);
  EXPECT_EQ(fovea_linear_integer_packed_bytes(32769, 1), 0u);
  EXPECT_EQ(fovea_linear_integer_packed_bytes(4, SIZE_MAX), 0u);
}

}  // namespace
}  // namespace fovea
