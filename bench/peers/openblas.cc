// SPDX-License-Identifier: Apache-2.0
// What bench/unfused.h composes of OpenBLAS, and a module of it, for Python's
// ctypes.  Sizes as in cases.py; tensors are dense.
#include <cblas.h>

#include <algorithm>
#include <cstddef>
#include <vector>

#include "fovea/view.h"
#include "unfused.h"

namespace {

using fovea_bench::Unfused;
using fovea_bench::UnfusedProblem;

blasint Int(size_t n) { return static_cast<blasint>(n); }

// y[tokens][outputs] = x weight^T + bias.
void Linear(const float* x, size_t tokens, size_t inputs, const float* weight,
            const float* bias, size_t outputs, float* y) {
  for (size_t t = 0; t < tokens; ++t) {
    std::copy(bias, bias + outputs, y + t * outputs);
  }
  cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, Int(tokens),
              Int(outputs), Int(inputs), 1.0f, x, Int(inputs), weight,
              Int(inputs), 1.0f, y, Int(outputs));
}

// As torch.nn.MultiheadAttention keeps its weights.
struct ModuleProblem {
  size_t tokens, dim, heads;
  const float* x;
  const float* in_weight;  // [3 * dim][dim]
  const float* in_bias;
  const float* out_weight;
  const float* out_bias;
  float* y;
};

class Module {
 public:
  explicit Module(const ModuleProblem& problem)
      : problem_(problem),
        projected_(problem.tokens * 3 * problem.dim),
        heads_(problem.tokens * problem.dim),
        attention_(Attention()) {}

  void Run() {
    const ModuleProblem& p = problem_;
    Linear(p.x, p.tokens, p.dim, p.in_weight, p.in_bias, 3 * p.dim,
           projected_.data());
    attention_.Run();
    Linear(heads_.data(), p.tokens, p.dim, p.out_weight, p.out_bias, p.dim,
           p.y);
  }

 private:
  // q, k and v stand side by side in a row of projected_.
  UnfusedProblem Attention() {
    const ModuleProblem& p = problem_;
    const size_t head_dim = p.dim / p.heads;
    const auto part = [&](size_t i) {
      return fovea::View<const float>{projected_.data() + i * p.dim, 0,
                                      head_dim, 3 * p.dim};
    };
    return {p.heads,
            p.tokens,
            p.tokens,
            head_dim,
            false,
            part(0),
            part(1),
            part(2),
            fovea::TokenMajor(heads_.data(), p.heads, p.tokens, head_dim)};
  }

  ModuleProblem problem_;
  std::vector<float> projected_;  // [token][q, k, v][head][dim]
  std::vector<float> heads_;      // [token][head][dim]
  Unfused attention_;
};

}  // namespace

extern "C" {

const char* openblas_peer_prepare() { return fovea_bench::PrepareOpenBlas(); }
const char* openblas_peer_version() { return openblas_get_config(); }

// A lone query's group of heads are as many queries of their kv head.
Unfused* openblas_peer_attention(size_t heads, size_t queries, size_t keys,
                                 size_t dim, int causal, const float* q,
                                 const float* k, const float* v, float* out) {
  return new Unfused({heads, queries, keys, dim, causal != 0,
                      fovea::HeadMajor(q, heads, queries, dim),
                      fovea::HeadMajor(k, heads, keys, dim),
                      fovea::HeadMajor(v, heads, keys, dim),
                      fovea::HeadMajor(out, heads, queries, dim)});
}
void openblas_peer_attend(Unfused* attention) { attention->Run(); }

Module* openblas_peer_module(size_t tokens, size_t dim, size_t heads,
                             const float* x, const float* in_weight,
                             const float* in_bias, const float* out_weight,
                             const float* out_bias, float* y) {
  return new Module(
      {tokens, dim, heads, x, in_weight, in_bias, out_weight, out_bias, y});
}
void openblas_peer_run_module(Module* module) { module->Run(); }

}  // extern "C"
