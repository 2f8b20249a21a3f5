// SPDX-License-Identifier: Apache-2.0
// Integer attention against float64, over the distributions that quantisation
// suffers from, beside what users of CMSIS-NN compose; docs/numerics.md has the
// figures that this test prints.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <memory>
#include <vector>

#include "fovea/integer_attention.h"
#include "fovea/integer_scales.h"
#include "tests/golden/golden.h"
#include "tests/golden/reduced.h"
#include "tests/reference/softmax_s8.h"

namespace fovea::golden {
namespace {

enum class Distribution : uint8_t {
  kNormal,
  kChannelBias,
  kOutliers,
  kSink,
  kPeaked,
  kFlat
};
enum class ShapeName : uint8_t { kT1, kT3, kDecode, kGrouped };

struct IntegerCase {
  const char* name;
  Distribution distribution;
  ShapeName shape;
  uint64_t seed;
  double q_scale, k_scale, v_scale, out_scale;
  int8_t q_zero, k_zero, v_zero, out_zero;
  Expected expected;
};

#include "tests/golden/integer_attention.inc"

struct T1 : IntegerAttentionConfig {
  static constexpr size_t kHeads = 8, kHeadDim = 32;
  static constexpr size_t kMaxQueries = 81, kMaxKeys = 81;
};
struct T3 : IntegerAttentionConfig {
  static constexpr size_t kHeads = 4, kHeadDim = 64;
  static constexpr size_t kMaxQueries = 128, kMaxKeys = 128;
};
struct Decode : IntegerAttentionConfig {
  static constexpr size_t kHeads = 4, kHeadDim = 32;
  static constexpr size_t kMaxQueries = 1, kMaxKeys = 256;
};
struct Grouped : IntegerAttentionConfig {
  static constexpr size_t kHeads = 6, kKvHeads = 2, kHeadDim = 20;
  static constexpr size_t kValueDim = 12, kMaxQueries = 50, kMaxKeys = 200;
  static constexpr bool kCausal = true;
};

using Reals = std::vector<double>;
using Bytes = std::vector<int8_t>;

// The twins of integer_attention.py.
Reals Normal(uint64_t seed, uint64_t tensor, size_t count) {
  const Stream stream(seed, tensor);
  Reals to(count, 0.0);
  for (size_t i = 0; i < count; ++i) {
    for (size_t j = 0; j < 8; ++j) to[i] += double{stream[8 * i + j]};
    to[i] *= 0.3125;
  }
  return to;
}

Bytes Quantise(const Reals& x, double scale, int zero) {
  Bytes to;
  for (const double value : x) {
    const double q = std::floor(value / scale + 0.5) + zero;
    to.push_back(static_cast<int8_t>(std::clamp(q, -128.0, 127.0)));
  }
  return to;
}

Reals Dequantise(const Bytes& x, double scale, int zero) {
  Reals to;
  for (const int8_t value : x) to.push_back((value - zero) * scale);
  return to;
}

template <class Config>
struct Inputs {
  using R = ResolvedInteger<Config>;

  explicit Inputs(const IntegerCase& c)
      : q(Normal(c.seed, 0, R::kHeads * R::kMaxQueries * R::kHeadDim)),
        k(Normal(c.seed, 1, R::kKvHeads * R::kMaxKeys * R::kHeadDim)),
        v(Normal(c.seed, 2, R::kKvHeads * R::kMaxKeys * R::kValueDim)) {
    for (size_t i = 0; i < k.size(); ++i) {
      const size_t dim = i % R::kHeadDim;
      const bool first = i / R::kHeadDim % R::kMaxKeys == 0;
      if (c.distribution == Distribution::kChannelBias && dim % 16 == 0) {
        k[i] += 8;
      } else if (c.distribution == Distribution::kOutliers && dim == 7) {
        k[i] *= 20;
      } else if (c.distribution == Distribution::kSink && first) {
        k[i] = 2;
      } else if (c.distribution == Distribution::kPeaked) {
        k[i] *= 3;
      }
    }
    for (double& x : q) {
      if (c.distribution == Distribution::kSink) x += 0.5;
      if (c.distribution == Distribution::kFlat) x /= 64;
    }
    for (size_t i = 0; i < v.size(); ++i) {
      const bool first = i / R::kValueDim % R::kMaxKeys == 0;
      if (c.distribution == Distribution::kSink && first) v[i] *= 0.125;
    }
  }
  Reals q, k, v;
};

template <class R>
size_t VisibleKeys(size_t query) {
  return R::kCausal ? R::kMaxKeys - R::kMaxQueries + query + 1 : R::kMaxKeys;
}

// score(head, query, key) and what becomes of a row of them.
template <class R, class Score>
Reals Attend(const Score& score, const Reals& v) {
  Reals out;
  for (size_t head = 0; head < R::kHeads; ++head) {
    for (size_t query = 0; query < R::kMaxQueries; ++query) {
      Reals s;
      for (size_t key = 0; key < VisibleKeys<R>(query); ++key) {
        s.push_back(score(head, query, key));
      }
      const double most = *std::max_element(s.begin(), s.end());
      double sum = 0;
      for (double& x : s) sum += x = std::exp(x - most);
      const double* values =
          v.data() + head / R::kGroup * R::kMaxKeys * R::kValueDim;
      for (size_t d = 0; d < R::kValueDim; ++d) {
        double total = 0;
        for (size_t key = 0; key < s.size(); ++key) {
          total += s[key] * values[key * R::kValueDim + d];
        }
        out.push_back(total / sum);
      }
    }
  }
  return out;
}

template <class R, class T>
auto DotOf(const std::vector<T>& q, const std::vector<T>& k, size_t head,
           size_t query, size_t key) {
  decltype(T{} * T{}) sum = 0;
  for (size_t d = 0; d < R::kHeadDim; ++d) {
    sum += q[(head * R::kMaxQueries + query) * R::kHeadDim + d] *
           k[(head / R::kGroup * R::kMaxKeys + key) * R::kHeadDim + d];
  }
  return sum;
}

template <class R>
Reals AttendInDouble(const Reals& q, const Reals& k, const Reals& v) {
  const double scale = 1 / std::sqrt(static_cast<double>(R::kHeadDim));
  return Attend<R>(
      [&](size_t head, size_t query, size_t key) {
        return scale * DotOf<R>(q, k, head, query, key);
      },
      v);
}

template <class Config>
Bytes Integer(const IntegerCase& c, const Bytes& q, const Bytes& k,
              const Bytes& v) {
  using R = ResolvedInteger<Config>;
  using Attention = IntegerAttention<Config>;
  IntegerScales scales;
  const Status made = MakeIntegerScales({{c.q_scale, c.q_zero},
                                         {c.k_scale, c.k_zero},
                                         {c.v_scale, c.v_zero},
                                         {c.out_scale, c.out_zero},
                                         0},
                                        R::kHeadDim, scales);
  EXPECT_EQ(made, Status::kOk);
  Bytes out(R::kHeads * R::kMaxQueries * R::kValueDim);
  auto workspace = std::make_unique<typename Attention::Workspace>();
  typename Attention::Call call;
  call.q = HeadMajor(q.data(), R::kHeads, R::kMaxQueries, R::kHeadDim);
  call.k = HeadMajor(k.data(), R::kKvHeads, R::kMaxKeys, R::kHeadDim);
  call.v = HeadMajor(v.data(), R::kKvHeads, R::kMaxKeys, R::kValueDim);
  call.out = HeadMajor(out.data(), R::kHeads, R::kMaxQueries, R::kValueDim);
  call.queries = R::kMaxQueries, call.keys = R::kMaxKeys;
  call.first_position = R::kMaxKeys - R::kMaxQueries;
  call.scales = &scales;
  EXPECT_EQ(Attention::Run(call, *workspace), Status::kOk);
  return out;
}

// Scores as int8 with the range that they have, probabilities of softmax_s8.
template <class R>
Bytes Composed(const IntegerCase& c, const Bytes& q, const Bytes& k,
               const Bytes& v) {
  namespace s8 = reference::s8;
  std::vector<int32_t> scores;
  std::vector<int32_t> wide_q(q.begin(), q.end()), wide_k(k.begin(), k.end());
  for (int32_t& x : wide_q) x -= c.q_zero;
  for (int32_t& x : wide_k) x -= c.k_zero;
  for (size_t head = 0; head < R::kHeads; ++head) {
    for (size_t query = 0; query < R::kMaxQueries; ++query) {
      for (size_t key = 0; key < VisibleKeys<R>(query); ++key) {
        scores.push_back(DotOf<R>(wide_q, wide_k, head, query, key));
      }
    }
  }
  const auto [low, high] = std::minmax_element(scores.begin(), scores.end());
  const double unit = c.q_scale * c.k_scale / std::sqrt(double{R::kHeadDim});
  const double range = std::max<int32_t>(*high, 0) - std::min<int32_t>(*low, 0);
  const double score_scale = unit * range / 255;
  const int32_t zero = static_cast<int32_t>(
      std::lround(-128 - std::min<int32_t>(*low, 0) * unit / score_scale));
  const auto by = s8::MultiplierOf(unit / score_scale);
  const auto out_by = s8::MultiplierOf(c.v_scale / 256 / c.out_scale);
  Bytes out;
  size_t next = 0;
  for (size_t head = 0; head < R::kHeads; ++head) {
    const int8_t* values =
        v.data() + head / R::kGroup * R::kMaxKeys * R::kValueDim;
    for (size_t query = 0; query < R::kMaxQueries; ++query) {
      Bytes row;
      for (size_t key = 0; key < VisibleKeys<R>(query); ++key) {
        row.push_back(s8::ToInt8(s8::Multiply(scores[next++], by) + zero));
      }
      const Bytes p = s8::Softmax(row, score_scale);
      for (size_t d = 0; d < R::kValueDim; ++d) {
        int32_t sum = 0;
        for (size_t key = 0; key < p.size(); ++key) {
          sum += (p[key] + 128) * (values[key * R::kValueDim + d] - c.v_zero);
        }
        out.push_back(s8::ToInt8(s8::Multiply(sum, out_by) + c.out_zero));
      }
    }
  }
  return out;
}

struct Quality {
  double cosine, l1, rmse, nmse, max_abs;
};

Quality QualityOf(const Reals& got, const Reals& expected) {
  double gg = 0, ee = 0, ge = 0, error = 0, square = 0, magnitude = 0, most = 0;
  for (size_t i = 0; i < got.size(); ++i) {
    const double off = std::fabs(got[i] - expected[i]);
    gg += got[i] * got[i], ee += expected[i] * expected[i];
    ge += got[i] * expected[i];
    error += off, square += off * off, most = std::max(most, off);
    magnitude += std::fabs(expected[i]);
  }
  return {ge / std::sqrt(gg * ee), error / magnitude,
          std::sqrt(square / static_cast<double>(got.size())), square / ee,
          most};
}

void Print(const char* name, const char* what, const Quality& q) {
  printf(
      "%-28s %-10s cosine %.5f  L1 %6.3f %%  RMSE %.5f  NMSE %.6f  max %.4f\n",
      name, what, q.cosine, 100 * q.l1, q.rmse, q.nmse, q.max_abs);
}

// Averages and worst of all cases.
struct Totals {
  Quality sum{}, worst{2, 0, 0, 0, 0};
  int count = 0;

  void Add(const Quality& q) {
    ++count;
    sum.cosine += q.cosine, sum.l1 += q.l1, sum.rmse += q.rmse;
    sum.nmse += q.nmse, sum.max_abs += q.max_abs;
    worst = {std::min(worst.cosine, q.cosine), std::max(worst.l1, q.l1),
             std::max(worst.rmse, q.rmse), std::max(worst.nmse, q.nmse),
             std::max(worst.max_abs, q.max_abs)};
  }
  void Report(const char* what) const {
    Print("average", what,
          {sum.cosine / count, sum.l1 / count, sum.rmse / count,
           sum.nmse / count, sum.max_abs / count});
    Print("worst", what, worst);
  }
};

struct Result {
  Reals ours, expected;
  Quality ours_quality, composed_quality;
  // Against the attention of the reals that were quantised: ours, theirs, and
  // what a perfect attention of the same int8 in and out would have.
  Quality end_to_end, composed_end_to_end, perfect;
};

template <class Config>
Result RunCase(const IntegerCase& c) {
  using R = ResolvedInteger<Config>;
  const Inputs<Config> real(c);
  const Bytes q = Quantise(real.q, c.q_scale, c.q_zero);
  const Bytes k = Quantise(real.k, c.k_scale, c.k_zero);
  const Bytes v = Quantise(real.v, c.v_scale, c.v_zero);
  const auto back = [&](const Bytes& out) {
    return Dequantise(out, c.out_scale, c.out_zero);
  };
  Result result;
  result.expected = AttendInDouble<R>(Dequantise(q, c.q_scale, c.q_zero),
                                      Dequantise(k, c.k_scale, c.k_zero),
                                      Dequantise(v, c.v_scale, c.v_zero));
  result.ours = back(Integer<Config>(c, q, k, v));
  result.ours_quality = QualityOf(result.ours, result.expected);
  const Reals composed = back(Composed<R>(c, q, k, v));
  result.composed_quality = QualityOf(composed, result.expected);
  const Reals of_reals = AttendInDouble<R>(real.q, real.k, real.v);
  result.end_to_end = QualityOf(result.ours, of_reals);
  result.composed_end_to_end = QualityOf(composed, of_reals);
  result.perfect = QualityOf(
      back(Quantise(result.expected, c.out_scale, c.out_zero)), of_reals);
  return result;
}

Result RunCase(const IntegerCase& c) {
  switch (c.shape) {
    case ShapeName::kT1:
      return RunCase<T1>(c);
    case ShapeName::kT3:
      return RunCase<T3>(c);
    case ShapeName::kDecode:
      return RunCase<Decode>(c);
    default:
      return RunCase<Grouped>(c);
  }
}

// The reference in double is float64 PyTorch's, at the samples of the table.
void ExpectReference(const IntegerCase& c, const Reals& expected) {
  for (uint32_t i = 0; i < c.expected.count; ++i) {
    const size_t at = c.expected.first + size_t{i} * c.expected.step;
    ASSERT_LT(at, expected.size());
    EXPECT_NEAR(expected[at], kIntegerAttentionExpected[c.expected.offset + i],
                1e-11 * (1 + c.expected.max_abs))
        << c.name;
  }
}

// What int8 in and out cost by themselves, and 0.002.
double MostL1(ShapeName shape) {
  return shape == ShapeName::kT1       ? 0.023
         : shape == ShapeName::kT3     ? 0.027
         : shape == ShapeName::kDecode ? 0.016
                                       : 0.020;
}

TEST(IntegerAttentionGolden, IsNearFloat64AndNearerThanSoftmaxS8) {
  Totals ours, composed;
  const auto cases = CasesOf(kIntegerAttentionCases, [](const IntegerCase& c) {
    return c.shape == ShapeName::kDecode || c.shape == ShapeName::kGrouped;
  });
  for (const IntegerCase& c : cases) {
    const Result result = RunCase(c);
    ExpectReference(c, result.expected);
    const Quality& quality = result.ours_quality;
    Print(c.name, "ours", quality);
    Print(c.name, "softmax_s8", result.composed_quality);
    ours.Add(quality);
    composed.Add(result.composed_quality);
    EXPECT_GE(quality.cosine, 0.998) << c.name;
    EXPECT_GT(quality.cosine, result.composed_quality.cosine) << c.name;
    EXPECT_LT(quality.l1, result.composed_quality.l1) << c.name;
    EXPECT_LT(quality.nmse, result.composed_quality.nmse) << c.name;
    EXPECT_LE(result.end_to_end.l1, result.perfect.l1 + 0.002) << c.name;
    if (c.distribution == Distribution::kNormal) {
      Print(c.name, "of reals", result.end_to_end);
      Print(c.name, "perfect", result.perfect);
      Print(c.name, "theirs", result.composed_end_to_end);
      if (c.v_zero == 0) {
        EXPECT_LE(result.end_to_end.l1, MostL1(c.shape));
      }
    }
  }
  ours.Report("ours");
  composed.Report("softmax_s8");
}

}  // namespace
}  // namespace fovea::golden
