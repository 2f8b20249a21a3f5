// SPDX-License-Identifier: Apache-2.0
#include "fovea/run_time/int8_arithmetic.h"

#include "fovea/cache_bytes.h"
#include "fovea/dispatch/int8.h"
#include "fovea/fovea.h"

namespace fovea {
namespace c {
namespace {

constexpr fovea_arithmetic kInt8Scores = {
    ElementCode<int8_t>(Arithmetic::kInt8Scores), false,
    run_time::AttendInt8Scores, run_time::Int8ScoresBytes,
    run_time::AreStorableRows};
constexpr fovea_arithmetic kInt8 = {
    ElementCode<int8_t>(Arithmetic::kInt8), true, run_time::AttendInt8,
    run_time::Int8Bytes, run_time::AreStorableRows};

}  // namespace
}  // namespace c
}  // namespace fovea

extern "C" const fovea_arithmetic* fovea_int8_scores(void) {
  return &fovea::c::kInt8Scores;
}

extern "C" const fovea_arithmetic* fovea_int8(void) { return &fovea::c::kInt8; }
