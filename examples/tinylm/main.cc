// SPDX-License-Identifier: Apache-2.0
// Continues a text with a small language model, token by token from the KV
// cache, then proves that one prefill of the whole text has the same bits.
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <type_traits>

#include "../command_line.h"
#include "integer_model.h"
#include "model.h"
#include "weights.h"
#include "weights_load.h"
#include "weights_path.h"
#include "weights_quantise.h"
#include "writer.h"

namespace tinylm {
namespace {

using SteadyClock = std::chrono::steady_clock;

constexpr char kUsage[] =
    "usage: tinylm [--prompt TEXT] [--tokens N] [--seed N]\n"
    "              [--temperature T] [--cache TYPE] [--endless]\n"
    "              [--weights FILE | int8 | integer] [--loss FILE]\n"
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
    "  --cache TYPE      what the cache stores: float (default), bfloat16,\n"
    "                    float16 or int8\n"
    "  --endless         the cache is a window of 256 bytes over a stream of\n"
    "                    any length; otherwise, when its 256 bytes are full, "
    "the\n"
    "                    newer half is read again\n"
    "  --weights FILE    of float32, or of float16 or int8 as pack_weights.py\n"
    "                    makes them (default: float32, the file beside the\n"
    "                    program's source), or of integers alone as\n"
    "                    pack_integer.py does; int8: those of the default,\n"
    "                    quantised; integer: the file that the build has made\n"
    "  --loss FILE       print the model's loss on FILE instead, in nats per\n"
    "                    byte, in windows of 256 bytes, or with --endless as\n"
    "                    one stream\n"
    "  --help            this text\n";

enum class CacheType { kFloat, kBFloat16, kFloat16, kInt8 };

constexpr size_t kMostTokens = 1000000;

constexpr examples::CommandLine kCommand = {"tinylm"};
using examples::Parsed;

struct Options {
  CacheType cache = CacheType::kFloat;
  bool endless = false;
  const char* prompt = "ROMEO:\n";
  size_t tokens = 400;
  uint64_t seed = 1;
  float temperature = 0.7f;
  const char* weights = kWeightsPath;
  bool quantise = false;
  const char* loss_file = nullptr;
};

// Everything the program needs, sized when it was compiled.
template <class Model>
struct Memory {
  WriterMemory<Model> writer;
  typename Model::Cache check_cache;
};
template <class Model>
Memory<Model> memory;

struct Shared {
  WeightsFile file;
  Int8WeightsFile int8_file;
  uint8_t text[kMostTokens + kContext];
};
Shared shared;

template <class Model>
typename Model::Logit logits[kContext * kVocab];

template <class Weights>
Weights weights;

bool ParseTemperature(const char* text, float& value) {
  char* end = nullptr;
  const float parsed = std::strtof(text, &end);
  if (end == text || *end != '\0' || !(parsed >= 0.01f && parsed <= 10.0f)) {
    return kCommand.Fail("--temperature",
                         "not a number in its range (see --help)");
  }
  value = parsed;
  return true;
}

bool ParseCache(const char* text, CacheType& type) {
  const struct {
    const char* name;
    CacheType type;
  } kTypes[] = {{"float", CacheType::kFloat},
                {"bfloat16", CacheType::kBFloat16},
                {"float16", CacheType::kFloat16},
                {"int8", CacheType::kInt8}};
  for (const auto& known : kTypes) {
    if (std::strcmp(text, known.name) == 0) {
      type = known.type;
      return true;
    }
  }
  return kCommand.Fail("--cache", "not float, bfloat16, float16 or int8");
}

Parsed Parse(int argc, char** argv, Options& options) {
  const option kLong[] = {{"prompt", required_argument, nullptr, 'p'},
                          {"tokens", required_argument, nullptr, 'n'},
                          {"seed", required_argument, nullptr, 's'},
                          {"temperature", required_argument, nullptr, 't'},
                          {"cache", required_argument, nullptr, 'c'},
                          {"endless", no_argument, nullptr, 'e'},
                          {"weights", required_argument, nullptr, 'w'},
                          {"loss", required_argument, nullptr, 'l'},
                          {"help", no_argument, nullptr, 'h'},
                          {nullptr, 0, nullptr, 0}};
  kCommand.Begin(argv);
  for (int c; (c = getopt_long(argc, argv, "h", kLong, nullptr)) != -1;) {
    switch (c) {
      case 'p':
        options.prompt = optarg;
        break;
      case 'n':
        if (!kCommand.ParseNumber("--tokens", optarg, 1, kMostTokens,
                                  options.tokens)) {
          return Parsed::kBad;
        }
        break;
      case 's':
        if (!kCommand.ParseNumber("--seed", optarg, 0, UINT64_MAX,
                                  options.seed)) {
          return Parsed::kBad;
        }
        break;
      case 't':
        if (!ParseTemperature(optarg, options.temperature)) {
          return Parsed::kBad;
        }
        break;
      case 'c':
        if (!ParseCache(optarg, options.cache)) return Parsed::kBad;
        break;
      case 'e':
        options.endless = true;
        break;
      case 'w':
        options.quantise = std::strcmp(optarg, "int8") == 0;
        if (!options.quantise) options.weights = optarg;
        if (std::strcmp(optarg, "integer") == 0) {
          options.weights = kIntegerWeightsPath;
        }
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
  if (!kCommand.ExpectNoMore(argc, argv)) return Parsed::kBad;
  const size_t length = std::strlen(options.prompt);
  if (length == 0 || length >= kContext) {
    char why[64];
    std::snprintf(why, sizeof(why), "has %zu bytes, not 1 to %zu", length,
                  kContext - 1);
    kCommand.Fail("--prompt", why);
    return Parsed::kBad;
  }
  return Parsed::kRun;
}

bool Check(fovea::Status status) {
  return status == fovea::Status::kOk ||
         kCommand.Fail("model", fovea::Name(status));
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

// Compares what a writer's logits hash to since its context began with those of
// the same tokens in as few calls as possible.
template <class Model>
class Checker {
 public:
  bool Compare(const Writer<Model, Stopwatch>& writer) {
    watch_.Start();
    const bool ok = Check(Repeat(writer));
    watch_.Stop();
    return ok;
  }

  bool differs() const { return differs_; }
  size_t checked() const { return checked_; }
  double seconds() const { return watch_.seconds; }

 private:
  fovea::Status Repeat(const Writer<Model, Stopwatch>& writer) {
    typename Model::Cache& cache = memory<Model>.check_cache;
    cache.Clear();
    LogitsHash hash;
    for (size_t at = writer.begin(); at < writer.end();) {
      const size_t left = writer.end() - at;
      const size_t count = left < kContext ? left : kContext;
      // Logits from that of the token before first() on.
      const size_t skipped =
          writer.first() > at + 1 ? writer.first() - 1 - at : 0;
      const size_t wanted = skipped < count ? count - skipped : 0;
      FOVEA_RETURN_IF_BAD(Model::Step(
          weights<typename Model::Weights>, shared.text + at, count, cache,
          memory<Model>.writer.workspace, wanted, logits<Model>));
      hash.Add(logits<Model>, wanted * kVocab);
      checked_ += wanted;
      at += count;
    }
    differs_ |= hash.value() != writer.hash();
    return fovea::Status::kOk;
  }

  size_t checked_ = 0;
  bool differs_ = false;
  Stopwatch watch_;
};

template <class Model>
typename Model::Sampler SamplerOf(const Options& options) {
  if constexpr (std::is_same_v<typename Model::Weights, IntegerFile>) {
    return {options.seed, IntegerSampler::OctavesOf(
                              static_cast<double>(options.temperature))};
  } else {
    return {options.seed, options.temperature};
  }
}

template <class Model>
constexpr size_t kWeightBytes = kBytesIn<typename Model::WeightElement>;
template <size_t kMaxChunk>
constexpr size_t kWeightBytes<IntegerModel<kMaxChunk>> = sizeof(IntegerFile);

template <class Element>
double HeldOutLoss(const WeightsIn<Element>& of) {
  return of.held_out_loss;
}
double HeldOutLoss(const IntegerFile& file) {
  double loss;
  std::memcpy(&loss, file.header + 72, sizeof(loss));
  return loss;
}

template <class Model>
bool Generate(const Options& options) {
  static Writer<Model, Stopwatch> writer(weights<typename Model::Weights>,
                                         memory<Model>.writer, shared.text,
                                         SamplerOf<Model>(options));
  Checker<Model> checker;
  const SteadyClock::time_point start = SteadyClock::now();
  if (!Check(writer.Begin(options.prompt, std::strlen(options.prompt)))) {
    return false;
  }
  std::fputs(options.prompt, stdout);
  for (size_t i = 0; i < options.tokens; ++i) {
    if (writer.full() && !checker.Compare(writer)) return false;
    uint8_t token = 0;
    if (!Check(writer.Next(token))) return false;
    std::fputc(token, stdout);
    if (!kCommand.FinishOutput()) return false;
  }
  const double seconds = SecondsSince(start) - checker.seconds();
  if (!checker.Compare(writer)) return false;
  constexpr bool kIsFloat =
      std::is_same_v<typename Model::Weights, Weights> &&
      std::is_same_v<typename Model::Config::CacheElement, float>;
  std::printf(
      "\n\n"
      "%zu bytes added, %.0f a second; %.0f %% of the time in multi-head "
      "attention\n"
      "weights %zu bytes (held-out loss %.3f nats per byte%s), cache %zu "
      "bytes, "
      "workspace %zu bytes\n"
      "token by token against chunks of 256: %zu rows of logits, %s\n",
      options.tokens, static_cast<double>(options.tokens) / seconds,
      100 * writer.clock().seconds / seconds, kWeightBytes<Model>,
      HeldOutLoss(weights<typename Model::Weights>),
      kIsFloat ? "" : " in float", sizeof(typename Model::Cache),
      sizeof(typename Model::Workspace), checker.checked(),
      checker.differs() ? "BITS DIFFER" : "the same bits");
  return kCommand.FinishOutput() && !checker.differs();
}

double ValueOf(float logit) { return double{logit}; }
double ValueOf(int16_t logit) { return std::ldexp(logit, -kLogitBits); }

// -log p of `next` under the logits [kVocab], in nats.
template <class Logit>
double Surprise(const Logit* row, uint8_t next) {
  double max = ValueOf(row[0]);
  for (size_t i = 1; i < kVocab; ++i) max = std::fmax(max, ValueOf(row[i]));
  double sum = 0;
  for (size_t i = 0; i < kVocab; ++i) sum += std::exp(ValueOf(row[i]) - max);
  return max + std::log(sum) - ValueOf(row[next]);
}

template <class Model>
bool PrintLoss(const char* path) {
  std::FILE* stream = std::fopen(path, "rb");
  if (stream == nullptr) return kCommand.Fail(path, "cannot be opened");
  WriterMemory<Model>& m = memory<Model>.writer;
  m.cache.Clear();
  double total = 0;
  size_t predicted = 0;
  // A window predicts each byte after its first; the last one is the next
  // window's first.
  size_t length = std::fread(shared.text, 1, kContext + 1, stream);
  while (length > 1) {
    const size_t count = length - 1;
    if (!Model::kEndless) m.cache.Clear();
    if (!Check(Model::Step(weights<typename Model::Weights>, shared.text, count,
                           m.cache, m.workspace, count, logits<Model>))) {
      std::fclose(stream);
      return false;
    }
    for (size_t i = 0; i < count; ++i) {
      total += Surprise(logits<Model> + i * kVocab, shared.text[i + 1]);
    }
    predicted += count;
    if (count < kContext) break;  // the file's end
    shared.text[0] = shared.text[kContext];
    length = 1 + std::fread(shared.text + 1, 1, kContext, stream);
  }
  const bool read = std::ferror(stream) == 0;
  std::fclose(stream);
  if (!read) return kCommand.Fail(path, "cannot be read");
  if (predicted == 0) return kCommand.Fail(path, "needs at least two bytes");
  std::printf("%.4f nats per byte over %zu bytes\n",
              total / static_cast<double>(predicted), predicted);
  return kCommand.FinishOutput();
}

template <class Model>
bool Run(const Options& options) {
  return options.loss_file != nullptr ? PrintLoss<Model>(options.loss_file)
                                      : Generate<Model>(options);
}

template <class CacheElement, bool kEndless, class WeightElement>
bool RunModel(const Options& options) {
  using Model = tinylm::Model<kContext, CacheElement, kEndless, WeightElement>;
  return options.loss_file != nullptr ? PrintLoss<Model>(options.loss_file)
                                      : Generate<Model>(options);
}

template <class CacheElement, class WeightElement>
bool RunWith(const Options& options) {
  return options.endless
             ? RunModel<CacheElement, true, WeightElement>(options)
             : RunModel<CacheElement, false, WeightElement>(options);
}

template <class WeightElement>
bool RunCache(const Options& options) {
  switch (options.cache) {
    case CacheType::kFloat:
      return RunWith<float, WeightElement>(options);
    case CacheType::kBFloat16:
      return RunWith<hwy::bfloat16_t, WeightElement>(options);
    case CacheType::kFloat16:
      return RunWith<hwy::float16_t, WeightElement>(options);
    case CacheType::kInt8:
      return RunWith<int8_t, WeightElement>(options);
  }
  return false;
}

bool RunIntegers(const Options& options) {
  if (options.cache != CacheType::kInt8 && options.cache != CacheType::kFloat) {
    return kCommand.Fail("--cache", "integers have a cache of int8");
  }
  if (options.endless) return kCommand.Fail("--endless", "not in integers");
  return Run<IntegerModel<kContext>>(options);
}

bool Main(const Options& options) {
  if (IsIntegerFile(options.weights)) {
    if (const char* error =
            LoadIntegerWeights(options.weights, weights<IntegerFile>)) {
      return kCommand.Fail(options.weights, error);
    }
    return RunIntegers(options);
  }
  if (const char* error = LoadFile(options.weights, shared.file)) {
    return kCommand.Fail(options.weights, error);
  }
  if (KindOf(shared.file.bytes) == WeightsKind::kInt8) {
    PointInto(shared.file.bytes, weights<Int8Weights>);
    return RunCache<int8_t>(options);
  }
  if (const char* error = UseWeights(shared.file, SizeOf(shared.file.bytes),
                                     weights<Weights>)) {
    return kCommand.Fail(options.weights, error);
  }
  if (!options.quantise) return RunCache<float>(options);
  if (!QuantiseWeights(shared.file, shared.int8_file)) {
    return kCommand.Fail(options.weights, "has a weight that is not finite");
  }
  PointInto(shared.int8_file.bytes, weights<Int8Weights>);
  return RunCache<int8_t>(options);
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
