// SPDX-License-Identifier: Apache-2.0
// What each target of libfovea that this CPU can run makes of int8: a counter a
// target, in multiply-adds a nanosecond.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <vector>

#include "best_time.h"
#include "c_call.h"
#include "fovea/fovea.h"
#include "noise.h"

namespace {

using fovea_bench::CCall;
using fovea_bench::Noise;
using fovea_bench::Room;

std::vector<int8_t> Bytes(size_t count, uint32_t seed) {
  std::vector<int8_t> bytes;
  for (const float x : Noise(count, seed)) {
    bytes.push_back(static_cast<int8_t>(127 * x));
  }
  return bytes;
}

template <size_t kTokens>
class Linear {
 public:
  static constexpr double kProducts = 256.0 * 256 * kTokens;

  Linear() {
    fovea_linear_int8_pack(Noise(kDim * kDim, 1).data(), kDim, kDim,
                           packed_.data(), scales_.data());
    call_.struct_bytes = sizeof(call_);
    call_.x = x_.data(), call_.x_stride = kDim;
    call_.tokens = kTokens, call_.inputs = call_.outputs = kDim;
    call_.packed = packed_.data(), call_.scales = scales_.data();
    call_.y = y_.data(), call_.y_stride = kDim;
    call_.workspace = workspace_.data();
    call_.workspace_bytes = workspace_.bytes();
  }
  bool operator()() { return fovea_linear_int8_run(&call_) == FOVEA_OK; }

 private:
  static constexpr size_t kDim = 256;
  std::vector<int8_t> packed_ =
      std::vector<int8_t>(fovea_linear_int8_packed_bytes(kDim, kDim));
  std::vector<float> scales_ =
      std::vector<float>(fovea_linear_int8_scales(kDim));
  std::vector<float> x_ = Noise(kTokens * kDim, 2), y_ = x_;
  Room workspace_{fovea_linear_int8_workspace_bytes(kDim)};
  fovea_linear_int8 call_ = {};
};

class LinearInteger {
 public:
  static constexpr double kProducts = 256.0 * 256 * 32;

  LinearInteger() {
    const std::vector<float> weight = Noise(kDim * kDim, 1);
    fovea_linear_real real = {};
    real.struct_bytes = sizeof(real);
    real.weight = weight.data();
    real.inputs = real.outputs = kDim;
    real.x_quantisation = {0.02, 3}, real.y_quantisation = {0.05, -7};
    fovea_linear_integer_pack(&real, packed_.data(), multipliers_.data(),
                              shifts_.data(), nullptr);
    call_.struct_bytes = sizeof(call_);
    call_.x = x_.data(), call_.x_stride = kDim;
    call_.tokens = kTokens, call_.inputs = call_.outputs = kDim;
    call_.packed = packed_.data(), call_.multipliers = multipliers_.data();
    call_.shifts = shifts_.data(), call_.x_zero = 3, call_.y_zero = -7;
    call_.y = y_.data(), call_.y_stride = kDim;
  }
  bool operator()() { return fovea_linear_integer_run(&call_) == FOVEA_OK; }

 private:
  static constexpr size_t kDim = 256, kTokens = 32;
  std::vector<int8_t> packed_ =
      std::vector<int8_t>(fovea_linear_integer_packed_bytes(kDim, kDim));
  std::vector<int32_t> multipliers_ = std::vector<int32_t>(kDim);
  std::vector<int8_t> shifts_ = std::vector<int8_t>(kDim);
  std::vector<int8_t> x_ = Bytes(kTokens * kDim, 2), y_ = x_;
  fovea_linear_integer call_ = {};
};

// 4 heads of dim 64 on 256 tokens of int8, its products with float queries.
template <size_t kQueries>
class Cached {
 public:
  static constexpr double kProducts =
      2.0 * 4 * 64 * kQueries * (256 - (kQueries - 1) / 2.0);

  Cached() {
    fovea_cache_shape shape = {};
    shape.struct_bytes = sizeof(shape);
    shape.kv_heads = 4, shape.head_dim = shape.value_dim = 64;
    shape.capacity = kKeys, shape.element = FOVEA_INT8;
    room_ = std::make_unique<Room>(fovea_cache_bytes(&shape));
    fovea_cache_create(&shape, room_->data(), room_->bytes(), &cache_);
    fovea_cache_append(cache_, c_.call.k, c_.call.v, kKeys);
    c_.call.first_position = kKeys - kQueries;
    workspace_ = std::make_unique<Room>(fovea_cache_workspace_bytes(cache_));
    c_.call.workspace = workspace_->data();
    c_.call.workspace_bytes = workspace_->bytes();
  }
  bool operator()() { return fovea_cache_attend(cache_, &c_.call) == FOVEA_OK; }

 private:
  static constexpr size_t kKeys = 256;
  CCall c_{4, kQueries, kKeys, 64};
  std::unique_ptr<Room> room_, workspace_;
  fovea_cache* cache_ = nullptr;
};

// 4 heads of dim 64, 128 tokens, in integers alone.
class Integers {
 public:
  static constexpr double kProducts = 2.0 * 4 * 64 * 128 * 129 / 2;

  Integers() {
    fovea_integer_real real = {};
    real.struct_bytes = sizeof(real);
    real.q = real.k = real.v = real.out = {0.02, 0};
    real.head_dim = kDim;
    fovea_integer_attention_scales(&real, &scales_);
    call_.struct_bytes = sizeof(call_);
    call_.batch = 1, call_.heads = call_.kv_heads = kHeads;
    call_.head_dim = call_.value_dim = kDim;
    call_.queries = call_.keys = kTokens;
    call_.q = {q_.data(), 0, kTokens * kDim, kDim};
    call_.k = {k_.data(), 0, kTokens * kDim, kDim};
    call_.v = {v_.data(), 0, kTokens * kDim, kDim};
    call_.out = {out_.data(), 0, kTokens * kDim, kDim};
    call_.scales = &scales_, call_.causal = 1;
    call_.workspace = workspace_.data();
    call_.workspace_bytes = workspace_.bytes();
  }
  bool operator()() { return fovea_integer_attention_run(&call_) == FOVEA_OK; }

 private:
  static constexpr size_t kHeads = 4, kTokens = 128, kDim = 64;
  std::vector<int8_t> q_ = Bytes(kHeads * kTokens * kDim, 1),
                      k_ = Bytes(q_.size(), 2), v_ = Bytes(q_.size(), 3),
                      out_ = q_;
  fovea_integer_scales scales_ = {};
  Room workspace_{fovea_integer_attention_workspace_bytes(kDim, kDim, kTokens)};
  fovea_integer_attention call_ = {};
};

// A case on one target, of which the workspace is too.
template <class Case>
struct OnTarget {
  const char* name;
  Case call;
  double seconds = std::numeric_limits<double>::infinity();

  void Sample() {
    fovea_use_target(name);
    fovea_bench::BestTime best([&] {
      call();
      benchmark::ClobberMemory();
    });
    best.Sample();
    seconds = std::min(seconds, best.seconds());
  }
};

template <class Case>
void TargetsCase(benchmark::State& state) {
  std::vector<std::unique_ptr<OnTarget<Case>>> targets;
  for (size_t i = 0; const char* name = fovea_target_at(i); ++i) {
    fovea_use_target(name);
    targets.emplace_back(new OnTarget<Case>{name, {}});
    if (!targets.back()->call()) state.SkipWithError("the call was refused");
  }
  for (auto _ : state) {
    fovea_bench::RepeatFor(1.0, [&] {
      for (const auto& target : targets) target->Sample();
    });
    state.SetIterationTime(targets.front()->seconds);
  }
  for (const auto& target : targets) {
    state.counters[target->name] = 1e-9 * Case::kProducts / target->seconds;
  }
  fovea_use_target(nullptr);
}

BENCHMARK(TargetsCase<Linear<1>>)
    ->Name("c_targets/linear_int8/tokens1/dim256")
    ->UseManualTime()
    ->Iterations(1)
    ->Unit(benchmark::kMicrosecond);
BENCHMARK(TargetsCase<Linear<32>>)
    ->Name("c_targets/linear_int8/tokens32/dim256")
    ->UseManualTime()
    ->Iterations(1)
    ->Unit(benchmark::kMicrosecond);
BENCHMARK(TargetsCase<LinearInteger>)
    ->Name("c_targets/linear_integer/tokens32/dim256")
    ->UseManualTime()
    ->Iterations(1)
    ->Unit(benchmark::kMicrosecond);
BENCHMARK(TargetsCase<Cached<1>>)
    ->Name("c_targets/cache_int8/queries1/context256/dim64")
    ->UseManualTime()
    ->Iterations(1)
    ->Unit(benchmark::kMicrosecond);
BENCHMARK(TargetsCase<Cached<128>>)
    ->Name("c_targets/cache_int8/queries128/context256/dim64")
    ->UseManualTime()
    ->Iterations(1)
    ->Unit(benchmark::kMicrosecond);
BENCHMARK(TargetsCase<Integers>)
    ->Name("c_targets/integer_attention/tokens128/dim64")
    ->UseManualTime()
    ->Iterations(1)
    ->Unit(benchmark::kMicrosecond);

}  // namespace
