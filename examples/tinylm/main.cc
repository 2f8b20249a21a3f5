// SPDX-License-Identifier: Apache-2.0
// Continues a text with a small language model, token by token from the KV
// cache, then proves that one prefill of the whole text has the same bits.
#include <getopt.h>

#include <cerrno>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "model.h"
#include "sampler.h"
#include "weights.h"

namespace tinylm {
namespace {

using Model = tinylm::Model<kContext>;
using SteadyClock = std::chrono::steady_clock;

constexpr char kUsage[] =
    "usage: tinylm [--prompt TEXT] [--tokens N] [--seed N]\n"
    "              [--temperature T] [--weights FILE] [--loss FILE]\n"
    "\n"
    "Continues TEXT with a small model of Shakespeare's English, running on\n"
    "fovea's kernels.  The same seed gives the same text on every machine "
    "with\n"
    "fused multiply-add.\n"
    "\n"
    "  --prompt TEXT     what to continue, at most 255 bytes\n"
    "                    (default \"ROMEO:\\n\")\n"
    "  --tokens N        bytes to add, 1 to 1000000 (default 400)\n"
    "  --seed N          of the sampling (default 1)\n"
    "  --temperature T   0.01 to 10; lower is more careful (default 0.7)\n"
    "  --weights FILE    default: the file beside the program's source\n"
    "  --loss FILE       print the model's loss on FILE instead, in nats per\n"
    "                    byte, in windows of 256 bytes\n"
    "  --help            this text\n";

struct Options {
  const char* prompt = "ROMEO:\n";
  size_t tokens = 400;
  uint64_t seed = 1;
  float temperature = 0.7f;
  const char* weights = FOVEA_EXAMPLE_DIR "/tinylm.bin";
  const char* loss_file = nullptr;
};

// Everything the program needs, sized when it was compiled.
struct Memory {
  WeightsFile file;
  Weights weights;
  Model::Cache cache;
  Model::Workspace workspace;
  Model::PrefillWorkspace prefill;
  uint8_t text[kContext + 1];
  float logits[kContext * kVocab];
};
Memory memory;

bool Fail(const char* what, const char* why) {
  std::fprintf(stderr, "tinylm: %s: %s\n", what, why);
  return false;
}

bool ParseUnsigned(const char* name, const char* text, uint64_t least,
                   uint64_t most, uint64_t& value) {
  char* end = nullptr;
  errno = 0;
  const uint64_t parsed = std::strtoull(text, &end, 10);
  const bool digits = text[0] >= '0' && text[0] <= '9';
  if (!digits || *end != '\0' || errno != 0 || parsed < least ||
      parsed > most) {
    return Fail(name, "not a number in its range (see --help)");
  }
  value = parsed;
  return true;
}

bool ParseTemperature(const char* text, float& value) {
  char* end = nullptr;
  const float parsed = std::strtof(text, &end);
  if (end == text || *end != '\0' || !(parsed >= 0.01f && parsed <= 10.0f)) {
    return Fail("--temperature", "not a number in its range (see --help)");
  }
  value = parsed;
  return true;
}

enum class Parsed { kRun, kHelp, kBad };

Parsed Parse(int argc, char** argv, Options& options) {
  const option kLong[] = {{"prompt", required_argument, nullptr, 'p'},
                          {"tokens", required_argument, nullptr, 'n'},
                          {"seed", required_argument, nullptr, 's'},
                          {"temperature", required_argument, nullptr, 't'},
                          {"weights", required_argument, nullptr, 'w'},
                          {"loss", required_argument, nullptr, 'l'},
                          {"help", no_argument, nullptr, 'h'},
                          {nullptr, 0, nullptr, 0}};
  uint64_t number = 0;
  for (int c; (c = getopt_long(argc, argv, "h", kLong, nullptr)) != -1;) {
    switch (c) {
      case 'p':
        options.prompt = optarg;
        break;
      case 'n':
        if (!ParseUnsigned("--tokens", optarg, 1, 1000000, number)) {
          return Parsed::kBad;
        }
        options.tokens = number;
        break;
      case 's':
        if (!ParseUnsigned("--seed", optarg, 0, UINT64_MAX, options.seed)) {
          return Parsed::kBad;
        }
        break;
      case 't':
        if (!ParseTemperature(optarg, options.temperature)) {
          return Parsed::kBad;
        }
        break;
      case 'w':
        options.weights = optarg;
        break;
      case 'l':
        options.loss_file = optarg;
        break;
      case 'h':
        return Parsed::kHelp;
      default:  // getopt has said what is wrong
        return Parsed::kBad;
    }
  }
  if (optind < argc) {
    Fail(argv[optind], "unexpected argument (see --help)");
    return Parsed::kBad;
  }
  const size_t length = std::strlen(options.prompt);
  if (length == 0 || length >= kContext) {
    Fail("--prompt", "must have 1 to 255 bytes");
    return Parsed::kBad;
  }
  return Parsed::kRun;
}

bool Check(fovea::Status status) {
  return status == fovea::Status::kOk || Fail("model", fovea::Name(status));
}

double SecondsSince(SteadyClock::time_point start) {
  return std::chrono::duration<double>(SteadyClock::now() - start).count();
}

// Sums the time between Start and Stop.
struct Stopwatch {
  SteadyClock::time_point started;
  double seconds = 0;

  void Start() { started = SteadyClock::now(); }
  void Stop() { seconds += SecondsSince(started); }
};

// FNV-1a over the bits of the logits.
uint64_t Hash(const float* values, size_t count, uint64_t hash) {
  for (size_t i = 0; i < count; ++i) {
    uint32_t bits;
    std::memcpy(&bits, values + i, sizeof(bits));
    hash = (hash ^ bits) * 0x100000001b3;
  }
  return hash;
}
constexpr uint64_t kHashSeed = 0xcbf29ce484222325;

// One stream in a context of fixed size.  When the context is full, its older
// half is forgotten and the newer one read again.
class Writer {
 public:
  explicit Writer(const Options& options)
      : sampler_(options.seed, options.temperature) {}

  bool Begin(const char* prompt) {
    length_ = std::strlen(prompt);
    std::memcpy(memory.text, prompt, length_);
    return Read(length_);
  }

  // Appends one token.
  bool Next(uint8_t& token) {
    if (length_ == kContext && !Shift()) return false;
    token = sampler_.Draw(memory.logits);
    memory.text[length_++] = token;
    return Read(1);
  }

  // Compares the logits of the stream with those of one prefill.
  bool SameAsPrefill() {
    const size_t compared = length_ - first_ + 1;
    if (!Check(Model::Prefill(memory.weights, memory.text, length_,
                              memory.prefill, compared, memory.logits))) {
      return false;
    }
    checked_ += compared;
    const bool same =
        Hash(memory.logits, compared * kVocab, kHashSeed) == hash_;
    differs_ |= !same;
    return true;
  }

  bool differs() const { return differs_; }
  size_t checked() const { return checked_; }
  double attention_seconds() const { return attention_.seconds; }
  double check_seconds() const { return check_.seconds; }

 private:
  // Takes the last `count` bytes of the text into the cache; the logits after
  // them are next.
  bool Read(size_t count) {
    if (!Check(Model::Step(memory.weights, memory.text + length_ - count, count,
                           memory.cache, memory.workspace, 1, memory.logits,
                           attention_))) {
      return false;
    }
    if (count > 1) {  // the start of a context
      hash_ = kHashSeed;
      first_ = length_;
    }
    hash_ = Hash(memory.logits, kVocab, hash_);
    return true;
  }

  bool Shift() {
    check_.Start();
    const bool ok = SameAsPrefill();
    check_.Stop();
    if (!ok) return false;
    constexpr size_t kKept = kContext / 2;
    std::memmove(memory.text, memory.text + kContext - kKept, kKept);
    memory.cache.Clear();
    length_ = kKept;
    return Read(kKept);
  }

  Sampler sampler_;
  size_t length_ = 0;  // of the text in the context
  size_t first_ = 0;   // its length at the first logits hashed
  uint64_t hash_ = kHashSeed;
  size_t checked_ = 0;
  bool differs_ = false;
  Stopwatch attention_;
  Stopwatch check_;
};

bool Generate(const Options& options) {
  static Writer writer(options);
  memory.cache.Clear();
  const SteadyClock::time_point start = SteadyClock::now();
  if (!writer.Begin(options.prompt)) return false;
  std::fputs(options.prompt, stdout);
  for (size_t i = 0; i < options.tokens; ++i) {
    uint8_t token = 0;
    if (!writer.Next(token)) return false;
    std::fputc(token, stdout);
    std::fflush(stdout);
  }
  const double seconds = SecondsSince(start) - writer.check_seconds();
  if (!writer.SameAsPrefill()) return false;
  std::printf(
      "\n\n"
      "%zu bytes added, %.0f a second; %.0f %% of the time in multi-head "
      "attention\n"
      "weights %zu bytes (held-out loss %.3f nats per byte), cache %zu bytes, "
      "workspace %zu bytes\n"
      "streaming against one prefill of the whole text: %zu rows of logits, "
      "%s\n",
      options.tokens, static_cast<double>(options.tokens) / seconds,
      100 * writer.attention_seconds() / seconds, kFileBytes,
      memory.weights.held_out_loss, sizeof(memory.cache),
      sizeof(memory.workspace), writer.checked(),
      writer.differs() ? "BITS DIFFER" : "the same bits");
  return !writer.differs();
}

// -log p of `next` under the logits [kVocab], in nats.
double Surprise(const float* logits, uint8_t next) {
  double max = logits[0];
  for (size_t i = 1; i < kVocab; ++i) max = std::fmax(max, logits[i]);
  double sum = 0;
  for (size_t i = 0; i < kVocab; ++i) sum += std::exp(logits[i] - max);
  return max + std::log(sum) - logits[next];
}

bool PrintLoss(const char* path) {
  std::FILE* stream = std::fopen(path, "rb");
  if (stream == nullptr) return Fail(path, "cannot be opened");
  double total = 0;
  size_t predicted = 0;
  // A window predicts each byte after its first; the last one is the next
  // window's first.
  size_t length = std::fread(memory.text, 1, kContext + 1, stream);
  while (length > 1) {
    const size_t count = length - 1;
    if (!Check(Model::Prefill(memory.weights, memory.text, count,
                              memory.prefill, count, memory.logits))) {
      std::fclose(stream);
      return false;
    }
    for (size_t i = 0; i < count; ++i) {
      total += Surprise(memory.logits + i * kVocab, memory.text[i + 1]);
    }
    predicted += count;
    if (count < kContext) break;  // the file's end
    memory.text[0] = memory.text[kContext];
    length = 1 + std::fread(memory.text + 1, 1, kContext, stream);
  }
  std::fclose(stream);
  if (predicted == 0) return Fail(path, "needs at least two bytes");
  std::printf("%.4f nats per byte over %zu bytes\n",
              total / static_cast<double>(predicted), predicted);
  return true;
}

bool Main(const Options& options) {
  if (const char* error =
          LoadWeights(options.weights, memory.file, memory.weights)) {
    return Fail(options.weights, error);
  }
  return options.loss_file != nullptr ? PrintLoss(options.loss_file)
                                      : Generate(options);
}

}  // namespace
}  // namespace tinylm

int main(int argc, char** argv) {
  tinylm::Options options;
  switch (tinylm::Parse(argc, argv, options)) {
    case tinylm::Parsed::kHelp:
      std::fputs(tinylm::kUsage, stdout);
      return 0;
    case tinylm::Parsed::kBad:
      return 1;
    case tinylm::Parsed::kRun:
      return tinylm::Main(options) ? 0 : 1;
  }
  return 1;
}
