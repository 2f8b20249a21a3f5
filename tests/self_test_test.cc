// SPDX-License-Identifier: Apache-2.0
// The self test passes here, says what differs where something does, and the
// hashes it is held to belong to right outputs.

#include "fovea/self_test.h"

#include <gtest/gtest.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmath>
#include <vector>

#include "tests/golden/poison.h"
#include "tests/reference/attention_reference.h"

namespace fovea {
namespace {

using self_test::kTokens;

template <class Stored>
using R = Resolved<self_test::Config<Stored>>;

// The inputs of the whole stream, [token][head][dim].
template <class Stored>
struct Stream {
  using Shape = R<Stored>;
  static constexpr size_t kQuery = Shape::kHeads * Shape::kHeadDim;
  static constexpr size_t kKey = Shape::kKvHeads * Shape::kHeadDim;
  static constexpr size_t kValue = Shape::kKvHeads * Shape::kValueDim;

  Stream() {
    self_test::Inputs inputs;
    for (size_t token = 0; token < kTokens; ++token) {
      inputs.Fill(q + token * kQuery, kQuery);
      inputs.Fill(k + token * kKey, kKey);
      inputs.Fill(v + token * kValue, kValue);
    }
  }

  float q[kTokens * kQuery], k[kTokens * kKey], v[kTokens * kValue];
};

// The stream's outputs, [token][head][dim], token by token.
template <class Stored>
std::vector<float> Outputs(const Stream<Stored>& s) {
  using Config = self_test::Config<Stored>;
  using Shape = R<Stored>;
  const auto cache = golden::MakePoisoned<KvCache<Config>>();
  const auto workspace =
      golden::MakePoisoned<typename Attention<Config>::Workspace>();
  cache->Clear();
  std::vector<float> out(sizeof(s.q) / sizeof(float));
  typename Attention<Config>::Call call;
  call.queries = 1;
  for (size_t token = 0; token < kTokens; ++token) {
    call.q =
        TokenMajor(s.q + token * s.kQuery, Shape::kHeads, 1, Shape::kHeadDim);
    call.k = TokenMajor(s.k + token * s.kKey, 1, 1, Shape::kHeadDim);
    call.v = TokenMajor(s.v + token * s.kValue, 1, 1, Shape::kValueDim);
    call.out = TokenMajor(out.data() + token * s.kQuery, Shape::kHeads, 1,
                          Shape::kValueDim);
    EXPECT_EQ(Attention<Config>::Step(call, *cache, *workspace), Status::kOk);
  }
  return out;
}

// The same in double precision, [head][token][dim].
template <class Stored>
std::vector<double> Reference(const Stream<Stored>& s) {
  using Shape = R<Stored>;
  const reference::AttentionShape shape{
      1, Shape::kHeads, 1, kTokens, kTokens, Shape::kHeadDim, Shape::kValueDim};
  return reference::Attention(
             shape, TokenMajor(s.q, Shape::kHeads, kTokens, Shape::kHeadDim),
             TokenMajor(s.k, 1, kTokens, Shape::kHeadDim),
             TokenMajor(s.v, 1, kTokens, Shape::kValueDim),
             1 / std::sqrt(1.0 * Shape::kHeadDim), reference::Causal())
      .out;
}

// The largest error, and the sum of all over the sum of magnitudes.
struct Errors {
  double largest = 0, relative = 0;
};

template <class Stored>
Errors ErrorsOf(const Stream<Stored>& s, const std::vector<float>& out) {
  using Shape = R<Stored>;
  const std::vector<double> expected = Reference(s);
  Errors errors;
  double error_sum = 0, sum = 0;
  for (size_t i = 0; i < expected.size(); ++i) {
    const size_t dim = i % Shape::kValueDim;
    const size_t token = i / Shape::kValueDim % kTokens;
    const size_t head = i / Shape::kValueDim / kTokens;
    const size_t at = (token * Shape::kHeads + head) * Shape::kValueDim + dim;
    const double error = std::fabs(double{out[at]} - expected[i]);
    errors.largest = error > errors.largest ? error : errors.largest;
    error_sum += error;
    sum += std::fabs(expected[i]);
  }
  errors.relative = error_sum / sum;
  return errors;
}

uint64_t HashOf(const std::vector<float>& out) {
  self_test::Hash hash;
  hash.Add(out.data(), out.size());
  return hash.value();
}

TEST(SelfTest, Passes) {
  const auto memory = golden::MakePoisoned<SelfTestMemory>();
  EXPECT_STREQ(SelfTest(*memory), nullptr);
  EXPECT_STREQ(SelfTest(*memory), nullptr);  // in used memory, too
}

TEST(SelfTest, PassesWithInt8) {
  const auto memory = golden::MakePoisoned<SelfTestInt8Memory>();
  EXPECT_STREQ(SelfTestInt8(*memory), nullptr);
  EXPECT_STREQ(SelfTestInt8(*memory), nullptr);
}

// The committed hash is the one of outputs as exact as float's can be.
TEST(SelfTest, ItsFloatHashIsOfTheRightOutputs) {
  const Stream<float> stream;
  const std::vector<float> out = Outputs(stream);
  EXPECT_LE(ErrorsOf(stream, out).largest, 5e-7);
  const auto memory = golden::MakePoisoned<SelfTestMemory>();
  EXPECT_EQ(memory->HashOfStream(1), HashOf(out));
}

TEST(SelfTest, ItsInt8HashIsOfTheRightOutputs) {
  const Stream<int8_t> stream;
  const std::vector<float> out = Outputs(stream);
  EXPECT_LE(ErrorsOf(stream, out).relative, 0.02);
  const auto memory = golden::MakePoisoned<SelfTestInt8Memory>();
  EXPECT_EQ(memory->HashOfStream(1), HashOf(out));
}

// One bit of one output is enough.
TEST(SelfTest, TheHashSeesABit) {
  std::vector<float> out = Outputs(Stream<float>());
  const uint64_t before = HashOf(out);
  for (const size_t at : {size_t{0}, out.size() / 2, out.size() - 1}) {
    const float kept = out[at];
    uint32_t word;
    memcpy(&word, &kept, sizeof(word));
    word ^= 1;
    memcpy(&out[at], &word, sizeof(word));
    EXPECT_NE(HashOf(out), before);
    out[at] = kept;
  }
  EXPECT_EQ(HashOf(out), before);
}

}  // namespace
}  // namespace fovea
