// SPDX-License-Identifier: Apache-2.0
// Calls of the C interface, with all that they need.
#ifndef FOVEA_BENCH_C_CALL_H_
#define FOVEA_BENCH_C_CALL_H_

#include <cstddef>
#include <memory>
#include <vector>

#include "fovea/fovea.h"
#include "noise.h"

namespace fovea_bench {

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

// Causal attention of one stream, with as many kv heads as heads.
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

  fovea_attention call = {};

 private:
  std::vector<float> q_, k_, v_, out_;
  Room workspace_;
};

}  // namespace fovea_bench

#endif  // FOVEA_BENCH_C_CALL_H_
