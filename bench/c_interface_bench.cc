// SPDX-License-Identifier: Apache-2.0
// What a call through the C interface costs beyond one of the template, where
// calls are short: the counter overhead_ns of P6 and D3.
#include <benchmark/benchmark.h>

#include <cstddef>
#include <memory>
#include <vector>

#include "best_time.h"
#include "cases.h"
#include "fovea/fovea.h"
#include "noise.h"

namespace {

// A call and all that it needs: one stream, with as many kv heads as heads.
class CCall {
 public:
  CCall(size_t heads, size_t queries, size_t keys, size_t dim)
      : q_(fovea_bench::Noise(heads * queries * dim, 1)),
        k_(fovea_bench::Noise(heads * keys * dim, 2)),
        v_(fovea_bench::Noise(heads * keys * dim, 3)),
        out_(q_.size()),
        workspace_(fovea_attention_workspace_bytes(dim, dim)) {
    call.struct_bytes = sizeof(call);
    call.batch = 1;
    call.heads = call.kv_heads = heads;
    call.head_dim = call.value_dim = dim;
    call.queries = queries;
    call.keys = keys;
    call.q = {q_.data(), 0, queries * dim, dim};
    call.k = {k_.data(), 0, keys * dim, dim};
    call.v = {v_.data(), 0, keys * dim, dim};
    call.out = {out_.data(), 0, queries * dim, dim};
    call.causal = 1;
    call.workspace = workspace_.data();
    call.workspace_bytes = workspace_.bytes();
  }

  // Bytes from an aligned address on.
  class Room {
   public:
    explicit Room(size_t bytes)
        : memory_(new Line[bytes / sizeof(Line) + 1]), bytes_(bytes) {}
    void* data() const { return memory_.get(); }
    size_t bytes() const { return bytes_; }

   private:
    struct alignas(FOVEA_ALIGNMENT) Line {
      unsigned char bytes[FOVEA_ALIGNMENT];
    };
    std::unique_ptr<Line[]> memory_;
    size_t bytes_;
  };

  fovea_attention call = {};

 private:
  std::vector<float> q_, k_, v_, out_;
  Room workspace_;
};

class PrefillByC {
 public:
  bool operator()() { return fovea_attention_run(&c_.call) == FOVEA_OK; }

 private:
  CCall c_{2, 128, 128, 16};
};

class DecodeByC {
 public:
  DecodeByC() {
    fovea_cache_create(&shape_, room_.data(), room_.bytes(), &cache_);
    fovea_cache_append(cache_, c_.call.k, c_.call.v, kKeys);
    c_.call.first_position = kKeys - 1;
  }
  bool operator()() { return fovea_cache_attend(cache_, &c_.call) == FOVEA_OK; }

 private:
  static constexpr size_t kKeys = 256;
  CCall c_{4, 1, kKeys, 32};
  static fovea_cache_shape Shape() {
    fovea_cache_shape shape = {};
    shape.struct_bytes = sizeof(shape);
    shape.kv_heads = 4;
    shape.head_dim = shape.value_dim = 32;
    shape.capacity = kKeys;
    shape.element = FOVEA_FLOAT32;
    return shape;
  }
  fovea_cache_shape shape_ = Shape();
  CCall::Room room_{fovea_cache_bytes(&shape_)};
  fovea_cache* cache_ = nullptr;
};

// The time is that of the call through C; both are measured in turn.  For long,
// as the core's other thread is to be idle for a moment: where it is not, D3
// takes 0.3 us longer by the template and 0.6 us by C (Zen 5).
template <class ByTemplate, class ByC>
void OverheadCase(benchmark::State& state) {
  ByTemplate by_template;
  ByC by_c;
  if (!by_c()) return state.SkipWithError("the call was refused");
  fovea_bench::BestTime of_template([&] {
    by_template();
    benchmark::ClobberMemory();
  });
  fovea_bench::BestTime of_c([&] {
    by_c();
    benchmark::ClobberMemory();
  });
  for (auto _ : state) {
    fovea_bench::RepeatFor(3.0, [&] {
      of_template.Sample();
      of_c.Sample();
    });
    state.SetIterationTime(of_c.seconds());
  }
  state.counters["overhead_ns"] =
      1e9 * (of_c.seconds() - of_template.seconds());
}

BENCHMARK(OverheadCase<fovea_bench::Prefill<2, 128, 16, true>, PrefillByC>)
    ->Name("c_interface/P6/heads2/tokens128/dim16/causal")
    ->UseManualTime()
    ->Iterations(1);
BENCHMARK(
    OverheadCase<
        fovea_bench::Decode<fovea_bench::DecodeConfig<float, 4, 4, 256, 32>>,
        DecodeByC>)
    ->Name("c_interface/D3/heads4/context256/dim32")
    ->UseManualTime()
    ->Iterations(1);

}  // namespace
