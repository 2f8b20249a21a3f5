// SPDX-License-Identifier: Apache-2.0
// What a call through the C interface costs beyond one of the template, where
// calls are short: the counter overhead_ns of P6 and D3.
#include <benchmark/benchmark.h>

#include <cstddef>

#include "best_time.h"
#include "c_call.h"
#include "cases.h"
#include "fovea/fovea.h"

namespace {

class PrefillByC {
 public:
  bool operator()() { return fovea_attention_run(&c_.call) == FOVEA_OK; }

 private:
  fovea_bench::CCall c_{2, 128, 128, 16};
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
  fovea_bench::CCall c_{4, 1, kKeys, 32};
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
  fovea_bench::Room room_{fovea_cache_bytes(&shape_)};
  fovea_cache* cache_ = nullptr;
};

// The time is that of the call through C; both are measured in turn, and for
// long, as the core's other thread is busy most of the time.  What the linker
// does counts: docs/c-interface.md.
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
