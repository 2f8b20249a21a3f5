// SPDX-License-Identifier: Apache-2.0
// A firmware in C++: all memory static, the self test at boot, then a decoder's
// attention, token by token.  Start from here: the board's own memory stands in
// port/boards/<board>/board.ld, its text and its counter in port/port.h.
#include <stddef.h>
#include <stdint.h>

#include "fovea/attention.h"
#include "fovea/kv_cache.h"
#include "fovea/self_test.h"
#include "fovea/status.h"
#include "port/port.h"

namespace {

// 4 query heads on 2 kv heads, the last 128 tokens of a stream without end.
struct Config : fovea::AttentionConfig {
  static constexpr size_t kHeads = 4, kKvHeads = 2, kHeadDim = 16;
  static constexpr size_t kWindow = 128, kSinks = 4;
  static constexpr bool kCausal = true, kRing = true;
};
using Attention = fovea::Attention<Config>;

// All the memory there is; `size` shows it as bss.
fovea::KvCache<Config> cache;
Attention::Workspace workspace;
fovea::SelfTestMemory self_test;

constexpr size_t kQuery = Config::kHeads * Config::kHeadDim;
constexpr size_t kKey = Config::kKvHeads * Config::kHeadDim;
float q[kQuery], k[kKey], v[kKey], out[kQuery];

fovea::self_test::Inputs inputs;

// What a real firmware computes from a sensor or a token.
void Sense() {
  inputs.Fill(q, kQuery);
  inputs.Fill(k, kKey);
  inputs.Fill(v, kKey);
}

fovea::Status Step() {
  Attention::Call call;
  call.queries = 1;
  call.q = fovea::TokenMajor<const float>(q, Config::kHeads, 1, 16);
  call.k = fovea::TokenMajor<const float>(k, Config::kKvHeads, 1, 16);
  call.v = fovea::TokenMajor<const float>(v, Config::kKvHeads, 1, 16);
  call.out = fovea::TokenMajor(out, Config::kHeads, 1, 16);
  return Attention::Step(call, cache, workspace);
}

void WriteNumber(uint64_t number) {
  char text[11];
  char* at = text + sizeof(text) - 1;
  *at = 0;
  // 32 bits: a 64-bit division would bring its library along.
  uint32_t low = number >> 32 != 0 ? UINT32_MAX : static_cast<uint32_t>(number);
  do {
    *--at = static_cast<char>('0' + low % 10);
    low /= 10;
  } while (low != 0);
  fovea::port::WriteText(at);
}

}  // namespace

int main() {
  namespace port = fovea::port;
  if (const char* failed = fovea::SelfTest(self_test)) {
    port::WriteText("self test failed: ");
    port::WriteText(failed);
    port::WriteText("\n");
    return 1;
  }
  port::WriteText("self test passed\n");

  port::StartCycleCount();
  cache.Clear();
  uint64_t cycles = 0;
  for (uint32_t token = 0; token < 200; ++token) {
    Sense();
    const uint64_t start = port::CycleCount();
    const fovea::Status status = Step();
    cycles = port::CyclesBetween(start, port::CycleCount());
    if (status != fovea::Status::kOk) {
      port::WriteText(fovea::Name(status));
      port::WriteText("\n");
      return 1;
    }
  }
  port::WriteText(port::CycleCountUnit());
  port::WriteText(" of the last step: ");
  WriteNumber(cycles);
  port::WriteText("\n");
  return 0;
}
