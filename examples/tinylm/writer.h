// SPDX-License-Identifier: Apache-2.0
// Continues a text, token by token from the KV cache: the same on a host and in
// a firmware.
#ifndef FOVEA_EXAMPLES_TINYLM_WRITER_H_
#define FOVEA_EXAMPLES_TINYLM_WRITER_H_

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "fovea/check.h"
#include "fovea/status.h"
#include "shape.h"

namespace tinylm {

// FNV-1a over the bits of logits.
class LogitsHash {
 public:
  template <class Logit>
  void Add(const Logit* values, size_t count) {
    for (size_t i = 0; i < count; ++i) {
      uint32_t bits = 0;
      std::memcpy(&bits, values + i, sizeof(*values));
      value_ = (value_ ^ bits) * 0x100000001b3;
    }
  }
  uint64_t value() const { return value_; }

 private:
  uint64_t value_ = 0xcbf29ce484222325;
};

// All that a writer needs but its text.
template <class Model>
struct WriterMemory {
  typename Model::Cache cache;
  typename Model::Workspace workspace;
  typename Model::Logit logits[kVocab];
};

// One stream of a Model or an IntegerModel.  Where the context has a fixed size
// and is full, its older half is forgotten and the newer one read again.  Clock
// is told where attention begins and ends.
template <class Model, class Clock = typename Model::NoClock>
class Writer {
 public:
  using Weights = typename Model::Weights;

  using Sampler = typename Model::Sampler;

  // `text` has room for the prompt and all tokens.
  Writer(const Weights& weights, WriterMemory<Model>& memory, uint8_t* text,
         const Sampler& sampler)
      : weights_(weights), memory_(memory), text_(text), sampler_(sampler) {}

  // 1 to kContext - 1 bytes.
  fovea::Status Begin(const char* prompt, size_t length) {
    memory_.cache.Clear();
    begin_ = 0;
    end_ = length;
    std::memcpy(text_, prompt, length);
    return ReadContext();
  }

  // Appends one token.
  fovea::Status Next(uint8_t& token) {
    if (full()) FOVEA_RETURN_IF_BAD(Shift());
    token = sampler_.Draw(memory_.logits);
    text_[end_++] = token;
    return Read(end_ - 1);
  }

  // Whether the next token begins another context.
  bool full() const { return !Model::kEndless && end_ - begin_ == kContext; }

  // The context is text [begin, end); the logits after its first `first` bytes,
  // and all after them, have been hashed.
  size_t begin() const { return begin_; }
  size_t end() const { return end_; }
  size_t first() const { return first_; }
  uint64_t hash() const { return hash_.value(); }
  const Clock& clock() const { return clock_; }

 private:
  fovea::Status Shift() {
    begin_ = end_ - kContext / 2;
    memory_.cache.Clear();
    return ReadContext();
  }

  fovea::Status ReadContext() {
    hash_ = LogitsHash();
    first_ = end_;
    return Read(begin_);
  }

  // Takes the text from `at` on into the cache; the logits after it are next.
  fovea::Status Read(size_t at) {
    while (at < end_) {
      const size_t left = end_ - at;
      const size_t count = left < Model::kChunk ? left : Model::kChunk;
      const size_t wanted = count == left ? 1 : 0;
      FOVEA_RETURN_IF_BAD(Model::Step(weights_, text_ + at, count,
                                      memory_.cache, memory_.workspace, wanted,
                                      memory_.logits, clock_));
      at += count;
    }
    hash_.Add(memory_.logits, kVocab);
    return fovea::Status::kOk;
  }

  const Weights& weights_;
  WriterMemory<Model>& memory_;
  uint8_t* text_;
  Sampler sampler_;
  size_t begin_ = 0, end_ = 0, first_ = 0;
  LogitsHash hash_;
  Clock clock_;
};

}  // namespace tinylm

#endif  // FOVEA_EXAMPLES_TINYLM_WRITER_H_
