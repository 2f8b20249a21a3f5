// SPDX-License-Identifier: Apache-2.0
#include "unfused.h"

#include <cblas.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include "fovea/attention.h"
#include "fovea/kernels/exp2-inl.h"

namespace fovea_bench {
namespace {

namespace hn = hwy::HWY_NAMESPACE;
using fovea::HWY_NAMESPACE::Exp2;
using fovea::HWY_NAMESPACE::FloatTag;
using Vec = hn::Vec<FloatTag>;

// The fastest of 64, 128, 256, 512 and all: large blocks pack the keys and
// values less often, small causal ones compute less that is masked.
constexpr size_t kFullBlock = 512, kCausalBlock = 128;

float MaxOf(const float* row, size_t count) {
  const FloatTag d;
  const size_t lanes = hn::Lanes(d);
  float max = row[0];
  size_t i = 0;
  if (count >= 4 * lanes) {
    Vec m0 = hn::LoadU(d, row), m1 = m0, m2 = m0, m3 = m0;
    for (; i + 4 * lanes <= count; i += 4 * lanes) {
      m0 = hn::Max(m0, hn::LoadU(d, row + i));
      m1 = hn::Max(m1, hn::LoadU(d, row + i + lanes));
      m2 = hn::Max(m2, hn::LoadU(d, row + i + 2 * lanes));
      m3 = hn::Max(m3, hn::LoadU(d, row + i + 3 * lanes));
    }
    max = hn::ReduceMax(d, hn::Max(hn::Max(m0, m1), hn::Max(m2, m3)));
  }
  for (; i < count; ++i) max = std::max(max, row[i]);
  return max;
}

// row = 2^(row - its max); returns the sum of it.
float ExpRow(float* row, size_t count) {
  const FloatTag d;
  const size_t lanes = hn::Lanes(d);
  const Vec max = hn::Set(d, MaxOf(row, count));
  Vec s0 = hn::Zero(d), s1 = s0;
  size_t i = 0;
  for (; i + 2 * lanes <= count; i += 2 * lanes) {
    const Vec p0 = Exp2(hn::Sub(hn::LoadU(d, row + i), max));
    const Vec p1 = Exp2(hn::Sub(hn::LoadU(d, row + i + lanes), max));
    hn::StoreU(p0, d, row + i);
    hn::StoreU(p1, d, row + i + lanes);
    s0 = hn::Add(s0, p0);
    s1 = hn::Add(s1, p1);
  }
  for (; i < count; i += lanes) {
    const size_t n = std::min(lanes, count - i);
    const Vec p = Exp2(hn::Sub(hn::LoadN(d, row + i, n), max));
    hn::StoreN(p, d, row + i, n);
    s0 = hn::Add(s0, hn::IfThenElseZero(hn::FirstN(d, n), p));
  }
  return hn::ReduceSum(d, hn::Add(s0, s1));
}

blasint Int(size_t n) { return static_cast<blasint>(n); }

}  // namespace

Unfused::Unfused(const UnfusedProblem& problem)
    : problem_(problem),
      scale_log2_(fovea::DefaultScale(problem.dim) * 1.44269504f),
      block_queries_(std::min(problem.queries,
                              problem.causal ? kCausalBlock : kFullBlock)),
      scores_(block_queries_ * problem.keys),
      sums_(block_queries_) {}

void Unfused::Run() {
  for (size_t head = 0; head < problem_.heads; ++head) {
    for (size_t first = 0; first < problem_.queries; first += block_queries_) {
      const size_t count = std::min(block_queries_, problem_.queries - first);
      RunBlock({head, first, count, VisibleKeys(first + count - 1)});
    }
  }
}

void Unfused::RunBlock(const Block& block) {
  Scores(block);
  Softmax(block);
  Output(block);
}

void Unfused::Scores(const Block& block) {
  const blasint dim = Int(problem_.dim);
  const float* q = problem_.q.Row(0, block.head, block.first);
  const float* k = problem_.k.Row(0, block.head, 0);
  const blasint q_stride = Int(problem_.q.token_stride);
  const blasint k_stride = Int(problem_.k.token_stride);
  if (block.count == 1) {
    cblas_sgemv(CblasRowMajor, CblasNoTrans, Int(block.keys), dim, scale_log2_,
                k, k_stride, q, 1, 0.0f, scores_.data(), 1);
  } else {
    cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, Int(block.count),
                Int(block.keys), dim, scale_log2_, q, q_stride, k, k_stride,
                0.0f, scores_.data(), Int(block.keys));
  }
}

void Unfused::Softmax(const Block& block) {
  for (size_t i = 0; i < block.count; ++i) {
    float* row = scores_.data() + i * block.keys;
    const size_t visible = VisibleKeys(block.first + i);
    sums_[i] = ExpRow(row, visible);
    std::fill(row + visible, row + block.keys, 0.0f);
  }
}

void Unfused::Output(const Block& block) {
  const blasint dim = Int(problem_.dim);
  const float* v = problem_.v.Row(0, block.head, 0);
  float* out = problem_.out.Row(0, block.head, block.first);
  const blasint v_stride = Int(problem_.v.token_stride);
  if (block.count == 1) {
    cblas_sgemv(CblasRowMajor, CblasTrans, Int(block.keys), dim,
                1.0f / sums_[0], v, v_stride, scores_.data(), 1, 0.0f, out, 1);
    return;
  }
  cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, Int(block.count), dim,
              Int(block.keys), 1.0f, scores_.data(), Int(block.keys), v,
              v_stride, 0.0f, out, Int(problem_.out.token_stride));
  for (size_t i = 0; i < block.count; ++i) {
    const float inverse = 1.0f / sums_[i];
    float* row = out + i * problem_.out.token_stride;
    for (size_t d = 0; d < problem_.dim; ++d) row[d] *= inverse;
  }
}

size_t Unfused::VisibleKeys(size_t query) const {
  const size_t hidden = problem_.causal ? problem_.queries - 1 - query : 0;
  return problem_.keys - hidden;
}

const char* PrepareOpenBlas() {
  openblas_set_num_threads(1);
  if (const char* forced = std::getenv("OPENBLAS_CORETYPE")) {
    std::fprintf(stderr,
                 "OPENBLAS_CORETYPE=%s keeps OpenBLAS from choosing its "
                 "kernels\n",
                 forced);
  }
  return openblas_get_corename();
}

}  // namespace fovea_bench
