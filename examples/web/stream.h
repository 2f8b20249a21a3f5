// SPDX-License-Identifier: Apache-2.0
// A text that tinylm continues a byte at a time, and where every head looked at
// each byte of its context: what the page shows.
#ifndef FOVEA_EXAMPLES_WEB_STREAM_H_
#define FOVEA_EXAMPLES_WEB_STREAM_H_

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "../tinylm/embed.h"
#include "../tinylm/sampler.h"
#include "../tinylm/shape.h"
#include "../tinylm/stack.h"
#include "../tinylm/weights.h"
#include "fovea/linear.h"
#include "fovea/status.h"

namespace web {

using fovea::Status;
using tinylm::kContext;
using tinylm::kHeads;
using tinylm::kLayers;
using tinylm::kVocab;
using tinylm::kWidth;

constexpr size_t kMostText = 4096;

// Everything there is, apart from the stream's few counters; all zeros is a
// good beginning.
struct Memory {
  using Stack = tinylm::Stack<1>;

  tinylm::WeightsFile file;
  tinylm::Weights weights;
  Stack::Layer::Weights layers[kLayers];
  Stack::Cache caches[kLayers];
  Stack::StepWorkspace workspace;
  float x[kWidth];
  float logits[kVocab];
  float row[kLayers * kHeads * kContext];  // of one token
  float maps[kLayers][kHeads][kContext][kContext];
  uint8_t text[kMostText];
};

// Works on memory whose weights are loaded.
class Stream {
 public:
  explicit Stream(Memory& memory) : m_(memory) {}

  // Starts over with `size` bytes of a prompt, which Advance then reads.
  // kZeroCount, kTooManyTokens (kContext bytes or more), kBadScale (temperature
  // not within 0.01 to 10): the stream goes on as it was.
  Status Begin(const uint8_t* prompt, size_t size, uint64_t seed,
               float temperature) {
    if (size == 0) return Status::kZeroCount;
    if (size >= kContext) return Status::kTooManyTokens;
    const bool in_range = temperature >= 0.01f && temperature <= 10.0f;
    if (!in_range) return Status::kBadScale;
    sampler_ = tinylm::Sampler(seed, temperature);
    std::memcpy(m_.text, prompt, size);
    size_ = size;
    StartContext(0);
    return Status::kOk;
  }

  // Reads one byte more: the text's next, or where all are read, one that it
  // draws and appends.  When the context is full its older half is forgotten
  // and the newer one read again, as in the program tinylm.  kZeroCount before
  // Begin, kTooManyTokens when the text is full.
  Status Advance() {
    if (size_ == 0) return Status::kZeroCount;
    if (read_ < size_) return Read();
    if (size_ == kMostText) return Status::kTooManyTokens;
    if (read_ - begin_ == kContext) {
      StartContext(size_ - kContext / 2);
    } else {
      m_.text[size_++] = sampler_.Draw(m_.logits);
    }
    return Read();
  }

  // The context is the text's bytes from begin() to read().
  size_t begin() const { return begin_; }
  size_t read() const { return read_; }
  size_t size() const { return size_; }

 private:
  void StartContext(size_t at) {
    for (auto& cache : m_.caches) cache.Clear();
    begin_ = read_ = at;
  }

  Status Read() {
    tinylm::Embed(m_.weights, m_.text + read_, 1, m_.x);
    Memory::Stack::Call call;
    call.x = fovea::TokenMajor<const float>(m_.x, 1, 1, kWidth);
    call.y = fovea::TokenMajor(m_.x, 1, 1, kWidth);
    call.tokens = 1;
    call.weights = m_.row;
    const auto weights =
        tinylm::WeightsOf<Memory::Stack>(m_.weights, m_.layers);
    FOVEA_RETURN_IF_BAD(
        Memory::Stack::Step(weights, call, m_.caches, m_.workspace));
    KeepRow(read_ - begin_);
    ++read_;
    return fovea::Linear<kWidth, kVocab, 1>::Run(m_.weights.embedding, m_.x,
                                                 kWidth, 1, m_.logits, kVocab);
  }

  // [layer][head][key] of one query to its place in the maps.
  void KeepRow(size_t query) {
    const size_t keys = query + 1;
    const float* from = m_.row;
    for (auto& layer : m_.maps) {
      for (auto& head : layer) {
        std::memcpy(head[query], from, keys * sizeof(float));
        from += keys;
      }
    }
  }

  Memory& m_;
  tinylm::Sampler sampler_{0, 1.0f};
  size_t begin_ = 0, read_ = 0, size_ = 0;
};

}  // namespace web

#endif  // FOVEA_EXAMPLES_WEB_STREAM_H_
