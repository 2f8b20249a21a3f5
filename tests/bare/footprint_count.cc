// SPDX-License-Identifier: Apache-2.0
// One call of a configuration, to see how many instructions it executes:
// docs/footprint.md.  A stream has been filled before, so that the call sees
// all the tokens that its cache holds.
#include <stddef.h>

#include "bench/count.h"
#include "footprint.h"
#include "fovea/linear.h"
#include "fovea/rope.h"
#include "fovea/self_test.h"
#include "port/port.h"

namespace {

fovea::self_test::Inputs inputs;

// What a call is given, in static memory: Prepare fills it and returns what Use
// wants, Before is how often the stream is used before.
template <class Used>
struct Input {  // the self tests bring their own
  static constexpr size_t kBefore = 0;
  const void* Prepare() { return nullptr; }
};

template <class Config, size_t kTokens>
struct AttentionInput {
  using R = fovea::Resolved<Config>;
  static constexpr size_t kQueries = R::kMaxQueries;
  float q[R::kHeads * kQueries * R::kHeadDim];
  float out[R::kHeads * kQueries * R::kValueDim];
  float k[R::kKvHeads * kTokens * R::kHeadDim];
  float v[R::kKvHeads * kTokens * R::kValueDim];
  typename fovea::Attention<Config>::Call call;

  const void* Prepare() {
    inputs.Fill(q, sizeof(q) / sizeof(*q));
    inputs.Fill(k, sizeof(k) / sizeof(*k));
    inputs.Fill(v, sizeof(v) / sizeof(*v));
    using fovea::TokenMajor;
    call.q = TokenMajor<const float>(q, R::kHeads, kQueries, R::kHeadDim);
    call.out = TokenMajor(out, R::kHeads, kQueries, R::kValueDim);
    call.k = TokenMajor<const float>(k, R::kKvHeads, kTokens, R::kHeadDim);
    call.v = TokenMajor<const float>(v, R::kKvHeads, kTokens, R::kValueDim);
    call.queries = kQueries;
    call.keys = kTokens;
    call.first_position = kTokens - kQueries;
    return &call;
  }
};

template <class Config>
struct Input<Stream<Config>>
    : AttentionInput<Config, fovea::Resolved<Config>::kMaxQueries> {
  using R = fovea::Resolved<Config>;
  static constexpr size_t kBefore = R::kMaxKeys / R::kMaxQueries - 1;
};

template <class Config>
struct Input<Tensors<Config>>
    : AttentionInput<Config, fovea::Resolved<Config>::kMaxKeys> {
  static constexpr size_t kBefore = 0;
};

template <class Config>
struct Input<IntegerStream<Config>> {
  using R = fovea::ResolvedInteger<Config>;
  static constexpr size_t kBefore = R::kMaxKeys - 1;
  int8_t q[R::kHeads * R::kHeadDim], out[R::kHeads * R::kValueDim];
  int8_t k[R::kKvHeads * R::kHeadDim], v[R::kKvHeads * R::kValueDim];
  typename fovea::IntegerAttention<Config>::Call call;

  const void* Prepare() {
    fovea::self_test_integer::Inputs bytes;
    bytes.Fill(q, sizeof(q));
    bytes.Fill(k, sizeof(k));
    bytes.Fill(v, sizeof(v));
    using fovea::TokenMajor;
    call.q = TokenMajor<const int8_t>(q, R::kHeads, 1, R::kHeadDim);
    call.out = TokenMajor(out, R::kHeads, 1, R::kValueDim);
    call.k = TokenMajor<const int8_t>(k, R::kKvHeads, 1, R::kHeadDim);
    call.v = TokenMajor<const int8_t>(v, R::kKvHeads, 1, R::kValueDim);
    call.queries = 1;
    call.scales = &fovea::self_test_integer::kScales;
    return &call;
  }
};

template <>
struct Input<OfModule> {
  static constexpr size_t kBefore = Module::kMaxKeys - 1;
  static constexpr size_t kDim = Module::kModelDim;
  static constexpr size_t kQueryRow = Module::kHeads * Module::kHeadDim;
  static constexpr size_t kKeyRow = Module::kKvHeads * Module::kHeadDim;
  static constexpr fovea::Rope<Module::kRotaryDim> kRope{10000.0};

  float q[fovea::PackedLinearFloats(kDim, kQueryRow)];
  float k[fovea::PackedLinearFloats(kDim, kKeyRow)];
  float v[fovea::PackedLinearFloats(kDim, kKeyRow)];
  float o[fovea::PackedLinearFloats(kQueryRow, kDim)];
  float x[kDim], y[kDim];
  OfModule::Module::Weights weights;
  OfModule::Module::Call call;
  const void* both[2];

  const void* Prepare() {
    for (float& value : x) value = inputs.Next();
    inputs.Fill(q, sizeof(q) / sizeof(*q));
    inputs.Fill(k, sizeof(k) / sizeof(*k));
    inputs.Fill(v, sizeof(v) / sizeof(*v));
    inputs.Fill(o, sizeof(o) / sizeof(*o));
    weights.q = {q, nullptr};
    weights.k = {k, nullptr};
    weights.v = {v, nullptr};
    weights.out = {o, nullptr};
    weights.rope = &kRope;
    call.x = fovea::TokenMajor<const float>(x, 1, 1, kDim);
    call.y = fovea::TokenMajor(y, 1, 1, kDim);
    call.queries = 1;
    both[0] = &weights;
    both[1] = &call;
    return both;
  }
};

FOVEA_FOOTPRINT used;
Input<FOVEA_FOOTPRINT> input;

}  // namespace

bool Use(const void* with);
[[gnu::noinline]] bool Use(const void* with) { return used.Use(with); }

int main() {
  const void* const with = input.Prepare();
  for (size_t left = input.kBefore; left > 0; --left) {
    if (!Use(with)) fovea::port::Trap("a step before");
  }
  FoveaCountBegin();
  const bool ok = Use(with);
  FoveaCountEnd();
  return ok ? 0 : 1;
}
