// SPDX-License-Identifier: Apache-2.0
// tinylm as a firmware: the weights in flash, all memory static, the same text
// as on a host for the same seed.  Its command line comes through semihosting:
//   [--seed N] [--tokens N] [--prompt TEXT to the end of the line]
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "examples/tinylm/writer.h"
#include "port/port.h"
#include "port/semihosting.h"
#ifdef FOVEA_TINYLM_ELEMENT
#include "examples/tinylm/firmware/in_floats.h"
#else
#include "examples/tinylm/firmware/in_integers.h"
#endif

namespace tinylm {
namespace {

namespace port = fovea::port;

constexpr size_t kMostTokens = 4096;

struct Options {
  const char* prompt = "ROMEO:\n";
  uint32_t tokens = 400;
  uint32_t seed = 1;
};

WriterMemory<SmallModel> memory;
uint8_t text[kMostTokens + kContext];
char command_line[512];

[[noreturn]] void Fail(const char* what, const char* why) {
  port::WriteText("tinylm: ");
  port::WriteText(what);
  port::WriteText(": ");
  port::WriteText(why);
  port::WriteText("\n");
  port::Exit(1);
}

void Check(fovea::Status status) {
  if (status != fovea::Status::kOk) Fail("model", fovea::Name(status));
}

// The value of an option, null where it is not given.
const char* ValueOf(const char* name) {
  const char* const found = std::strstr(command_line, name);
  if (found == nullptr) return nullptr;
  const char* const after = found + std::strlen(name);
  return *after == ' ' ? after + 1 : after;
}

void ReadNumber(const char* name, uint32_t least, uint32_t most,
                uint32_t& number) {
  const char* at = ValueOf(name);
  if (at == nullptr) return;
  uint64_t value = 0;
  const char* const digits = at;
  for (; *at >= '0' && *at <= '9' && value <= most; ++at) {
    value = 10 * value + static_cast<uint64_t>(*at - '0');
  }
  const bool ends = *at == ' ' || *at == '\0';
  if (at == digits || !ends || value < least || value > most) {
    Fail(name, "not a number in its range");
  }
  number = static_cast<uint32_t>(value);
}

void ReadOptions(Options& options) {
  if (!port::SemihostingCommandLine(command_line, sizeof(command_line))) return;
  if (const char* prompt = ValueOf("--prompt")) {
    options.prompt = prompt;
    // What stands in it is no option.
    const size_t before = static_cast<size_t>(prompt - command_line);
    command_line[before - 1] = '\0';
  }
  ReadNumber("--tokens", 1, kMostTokens, options.tokens);
  ReadNumber("--seed", 0, UINT32_MAX, options.seed);
  const size_t length = std::strlen(options.prompt);
  if (length == 0 || length >= kContext) Fail("--prompt", "1 to 255 bytes");
}

void WriteByte(uint8_t byte) {
  const char both[2] = {static_cast<char>(byte), '\0'};
  port::WriteText(both);
}

void WriteNumber(size_t number) {
  if (number >= 10) WriteNumber(number / 10);
  WriteByte(static_cast<uint8_t>('0' + number % 10));
}

void WriteMemory(const char* what, size_t bytes) {
  port::WriteText(what);
  WriteNumber(bytes);
  port::WriteText(" bytes");
}

void Generate(const SmallModel::Weights& weights, const Options& options) {
  Writer<SmallModel> writer(weights, memory, text, SamplerOf(options.seed));
  Check(writer.Begin(options.prompt, std::strlen(options.prompt)));
  port::WriteText(options.prompt);
  for (uint32_t i = 0; i < options.tokens; ++i) {
    uint8_t token = 0;
    Check(writer.Next(token));
    WriteByte(token);
  }
  WriteMemory("\n\nweights in flash ", kWeightBytes);
  WriteMemory(", cache ", sizeof(memory.cache));
  WriteMemory(", workspace ", sizeof(memory.workspace));
  port::WriteText("\n");
}

}  // namespace
}  // namespace tinylm

int main() {
  const tinylm::SmallModel::Weights* weights = nullptr;
  const char* const error = tinylm::FindWeights(weights);
  if (error != nullptr) tinylm::Fail("weights", error);
  tinylm::Options options;
  tinylm::ReadOptions(options);
  tinylm::Generate(*weights, options);
  return 0;
}
