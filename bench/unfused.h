// SPDX-License-Identifier: Apache-2.0
// What fovea's fusion is measured against: attention composed from the matrix
// products of OpenBLAS, which does store its scores.
#ifndef FOVEA_BENCH_UNFUSED_H_
#define FOVEA_BENCH_UNFUSED_H_

#include <cstddef>
#include <vector>

#include "fovea/view.h"

namespace fovea_bench {

// Tensors of one stream; causal queries are the last of the keys.
struct UnfusedProblem {
  size_t heads, queries, keys, dim;
  bool causal;
  fovea::View<const float> q, k, v;
  fovea::View<float> out;
};

// A head at a time, scores = scale q k^T (sgemm, or sgemv for one query), the
// softmax of each row, out = scores v.  So that we compare fusion and nothing
// else, it is composed as well as we know how:
//   - The exponential is fovea's own, in the same vectors.
//   - The rows are divided by their sums after the second product, where there
//     are head_dim entries a row and not as many as keys.
//   - Queries go in blocks whose scores stay in the caches, and a causal block
//     takes the keys up to its last row's.
class Unfused {
 public:
  explicit Unfused(const UnfusedProblem& problem);
  void Run();

 private:
  // Query rows [first, first + count) of one head; they see `keys` keys.
  struct Block {
    size_t head, first, count, keys;
  };

  void RunBlock(const Block& block);
  void Scores(const Block& block);
  void Softmax(const Block& block);
  void Output(const Block& block);
  size_t VisibleKeys(size_t query) const;

  UnfusedProblem problem_;
  float scale_log2_;
  size_t block_queries_;
  std::vector<float> scores_;  // of a block: [query][keys]
  std::vector<float> sums_;    // [query]
};

// Keeps OpenBLAS to one thread, and returns which kernels it chose for this
// CPU.
const char* PrepareOpenBlas();

}  // namespace fovea_bench

#endif  // FOVEA_BENCH_UNFUSED_H_
