// SPDX-License-Identifier: Apache-2.0
// How near attention in int8 and in integers is to float64 on what a trained
// model gives it: queries, keys and values of the example tinylm, layer by
// layer.  docs/numerics.md has the figures that this test prints.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <string>
#include <vector>

#include "../examples/tinylm/model.h"
#include "../examples/tinylm/weights_load.h"
#include "../examples/tinylm/weights_path.h"
#include "fovea/attention.h"
#include "fovea/integer_attention.h"
#include "fovea/integer_scales.h"
#include "fovea/rope.h"
#include "tests/golden/golden.h"
#include "tests/golden/poison.h"
#include "tests/reference/attention_reference.h"

namespace fovea {
namespace {

using golden::Expected;
#include "tests/golden/tinylm.inc"

constexpr size_t kTokens = sizeof(kTinylmText) - 1;
constexpr size_t kHeads = tinylm::kHeads, kKvHeads = tinylm::kKvHeads;
constexpr size_t kDim = tinylm::kHeadDim;

using Floats = std::vector<float>;
using Model = tinylm::Model<kTokens>;

// What attention sees in one layer, [token][head][dim].
struct Activations {
  Floats q, k, v;
};

// Told by the model when each layer's attention has run.
class Capture {
 public:
  Capture(const Model::Workspace& workspace, std::vector<Activations>& layers)
      : from_(workspace.attention), layers_(layers) {}
  void Start() {}
  void Stop() {
    const auto copy = [](const float* from, size_t heads) {
      return Floats(from, from + kTokens * heads * kDim);
    };
    layers_.push_back({copy(from_.q, kHeads), copy(from_.k, kKvHeads),
                       copy(from_.v, kKvHeads)});
    Turn(layers_.back().q, kHeads);
    Turn(layers_.back().k, kKvHeads);
  }

 private:
  // The workspace has rows as they were projected.
  static void Turn(Floats& rows, size_t heads) {
    static constexpr Rope<kDim> kRope{double{tinylm::kRopeBase}};
    EXPECT_EQ(kRope.Apply(TokenMajor(rows.data(), heads, kTokens, kDim), heads,
                          kTokens, 0, RopePairs::kHalfSplit),
              Status::kOk);
  }

  const Model::MultiHead::StepWorkspace& from_;
  std::vector<Activations>& layers_;
};

const std::vector<Activations>& Layers() {
  static std::vector<Activations> layers;
  if (!layers.empty()) return layers;
  static tinylm::WeightsFile file;
  static tinylm::Weights weights;
  EXPECT_EQ(tinylm::LoadWeights(tinylm::kWeightsPath, file, weights), nullptr);
  const auto workspace = golden::MakePoisoned<Model::Workspace>();
  const auto cache = golden::MakePoisoned<Model::Cache>();
  cache->Clear();
  EXPECT_EQ(Model::Step(weights, reinterpret_cast<const uint8_t*>(kTinylmText),
                        kTokens, *cache, *workspace, 0, nullptr,
                        Capture(*workspace, layers)),
            Status::kOk);
  return layers;
}

template <class T>
View<T> RowsOf(T* data, size_t heads) {
  return TokenMajor(data, heads, kTokens, kDim);
}

// In double, [head][token][dim].
std::vector<double> ExactOutput(const Activations& of) {
  const reference::AttentionShape shape{1,       kHeads, kKvHeads, kTokens,
                                        kTokens, kDim,   kDim};
  return reference::Attention(shape, RowsOf(of.q.data(), kHeads),
                              RowsOf(of.k.data(), kKvHeads),
                              RowsOf(of.v.data(), kKvHeads),
                              1 / std::sqrt(double{kDim}), reference::Causal())
      .out;
}

template <Arithmetic kArithmeticArg, class CacheElementArg>
struct FloatConfig : AttentionConfig {
  using CacheElement = CacheElementArg;
  static constexpr Arithmetic kArithmetic = kArithmeticArg;
  static constexpr size_t kHeads = fovea::kHeads, kKvHeads = fovea::kKvHeads;
  static constexpr size_t kHeadDim = kDim;
  static constexpr size_t kMaxQueries = kTokens, kMaxKeys = kTokens;
  static constexpr bool kCausal = true;
};

// [token][head][dim], from a cache.
template <Arithmetic kArithmetic>
std::vector<double> Int8Output(const Activations& of) {
  using Config = FloatConfig<kArithmetic, int8_t>;
  using Attention = fovea::Attention<Config>;
  const auto cache = golden::MakePoisoned<KvCache<Config>>();
  const auto workspace = golden::MakePoisoned<typename Attention::Workspace>();
  cache->Clear();
  Floats out(of.q.size());
  typename Attention::Call call;
  call.q = RowsOf(of.q.data(), kHeads);
  call.k = RowsOf(of.k.data(), kKvHeads);
  call.v = RowsOf(of.v.data(), kKvHeads);
  call.out = RowsOf(out.data(), kHeads);
  call.queries = kTokens;
  EXPECT_EQ(Attention::Step(call, *cache, *workspace), Status::kOk);
  return {out.begin(), out.end()};
}

// A tensor with one scale, as a converted model has them.
struct Tensor {
  explicit Tensor(const Floats& x) {
    float most = 0;
    for (const float value : x) most = std::max(most, std::fabs(value));
    scale = double{most} / 127;
    for (const float value : x) {
      entries.push_back(
          static_cast<int8_t>(std::lround(double{value} / scale)));
      reals.push_back(static_cast<float>(entries.back() * scale));
    }
  }
  double scale;
  std::vector<int8_t> entries;
  Floats reals;
};

struct IntegerConfig : IntegerAttentionConfig {
  static constexpr size_t kHeads = fovea::kHeads, kKvHeads = fovea::kKvHeads;
  static constexpr size_t kHeadDim = kDim;
  static constexpr size_t kMaxQueries = kTokens, kMaxKeys = kTokens;
  static constexpr bool kCausal = true;
};

std::vector<double> IntegerOutput(const Tensor& q, const Tensor& k,
                                  const Tensor& v, double out_scale) {
  using Attention = IntegerAttention<IntegerConfig>;
  IntegerScales scales;
  EXPECT_EQ(MakeIntegerScales(
                {{q.scale, 0}, {k.scale, 0}, {v.scale, 0}, {out_scale, 0}, 0},
                kDim, scales),
            Status::kOk);
  const auto workspace = golden::MakePoisoned<Attention::Workspace>();
  std::vector<int8_t> out(q.entries.size());
  Attention::Call call;
  call.q = RowsOf(q.entries.data(), kHeads);
  call.k = RowsOf(k.entries.data(), kKvHeads);
  call.v = RowsOf(v.entries.data(), kKvHeads);
  call.out = RowsOf(out.data(), kHeads);
  call.queries = call.keys = kTokens;
  call.scales = &scales;
  EXPECT_EQ(Attention::Run(call, *workspace), Status::kOk);
  std::vector<double> reals;
  for (const int8_t entry : out) reals.push_back(entry * out_scale);
  return reals;
}

struct Errors {
  double cosine = 0;  // mean over rows
  double worst = 1;   // least cosine
  double relative_l1 = 0, rmse = 0, nmse = 0, largest = 0;
  size_t low = 0;  // rows whose cosine is below 0.998
};

// got [token][head][dim], expected [head][token][dim].
Errors ErrorsOf(const std::vector<double>& got,
                const std::vector<double>& expected) {
  Errors errors;
  double difference = 0, size = 0, squares = 0, expected_squares = 0;
  constexpr size_t kRows = kHeads * kTokens;
  for (size_t row = 0; row < kRows; ++row) {
    const double* y = expected.data() + row * kDim;
    const double* x =
        got.data() + (row % kTokens * kHeads + row / kTokens) * kDim;
    double xy = 0, xx = 0, yy = 0;
    for (size_t d = 0; d < kDim; ++d) {
      xy += x[d] * y[d], xx += x[d] * x[d], yy += y[d] * y[d];
      const double error = std::fabs(x[d] - y[d]);
      difference += error, size += std::fabs(y[d]), squares += error * error;
      errors.largest = std::max(errors.largest, error);
    }
    const double cosine = xy / std::sqrt(xx * yy);
    errors.cosine += cosine / kRows;
    errors.worst = std::min(errors.worst, cosine);
    errors.low += cosine < 0.998;
    expected_squares += yy;
  }
  errors.relative_l1 = difference / size;
  errors.rmse = std::sqrt(squares / (kRows * kDim));
  errors.nmse = squares / expected_squares;
  return errors;
}

// Over all layers: the mean of each, but for the extremes.
Errors Summary(const std::vector<Errors>& layers) {
  Errors all;
  const double share = 1.0 / static_cast<double>(layers.size());
  for (const Errors& e : layers) {
    all.cosine += e.cosine * share, all.relative_l1 += e.relative_l1 * share;
    all.rmse += e.rmse * share, all.nmse += e.nmse * share;
    all.worst = std::min(all.worst, e.worst);
    all.largest = std::max(all.largest, e.largest);
    all.low += e.low;
  }
  return all;
}

void Print(const char* name, const Errors& e) {
  std::printf(
      "%-28s | %.5f | %.5f | %.4f | %.1e | %.1e | %.1e; %zu rows below 0.998\n",
      name, e.cosine, e.worst, e.relative_l1, e.rmse, e.nmse, e.largest, e.low);
}

template <class OutputOf>
Errors MeasureLayers(const char* name, const OutputOf& output_of) {
  std::vector<Errors> layers;
  for (const Activations& of : Layers()) {
    layers.push_back(ErrorsOf(output_of(of), ExactOutput(of)));
  }
  const Errors all = Summary(layers);
  Print(name, all);
  return all;
}

TEST(TinylmActivations, AreThoseOfEveryLayer) {
  ASSERT_EQ(Layers().size(), tinylm::kLayers);
  // The output that they give is the model's own.
  EXPECT_NE(Layers()[0].q, Layers()[1].q);
}

TEST(TinylmActivations, SuitInt8) {
  const Errors cache =
      MeasureLayers("tinylm: an int8 cache", &Int8Output<Arithmetic::kFloat>);
  const Errors scores =
      MeasureLayers("tinylm: scores", &Int8Output<Arithmetic::kInt8Scores>);
  const Errors all =
      MeasureLayers("tinylm: all", &Int8Output<Arithmetic::kInt8>);
  EXPECT_GE(cache.cosine, 0.9995);
  EXPECT_GE(cache.worst, 0.997);
  EXPECT_GE(scores.cosine, 0.9995);
  EXPECT_GE(scores.worst, 0.998);
  EXPECT_GE(all.cosine, 0.999);
}

// Against float64 on what the int8 stand for, and on the activations.
TEST(TinylmActivations, SuitIntegers) {
  std::vector<Errors> of_int8, of_floats;
  for (const Activations& of : Layers()) {
    const Tensor q(of.q), k(of.k), v(of.v);
    const std::vector<double> exact = ExactOutput(of);
    double most = 0;
    for (const double x : exact) most = std::max(most, std::fabs(x));
    const std::vector<double> got = IntegerOutput(q, k, v, most / 127);
    of_int8.push_back(ErrorsOf(got, ExactOutput({q.reals, k.reals, v.reals})));
    of_floats.push_back(ErrorsOf(got, exact));
    EXPECT_GE(of_int8.back().cosine, 0.998);
  }
  Print("tinylm: integers", Summary(of_int8));
  Print("tinylm: integers, of floats", Summary(of_floats));
}

}  // namespace
}  // namespace fovea
