// SPDX-License-Identifier: Apache-2.0
// One prefill shared by several workers, with std::thread and with OpenMP:
// fovea starts no threads, it computes the part that a worker asks for.

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <thread>

#include "../command_line.h"
#include "fovea/attention.h"

namespace {

constexpr size_t kHeads = 8;
constexpr size_t kDim = 64;
constexpr size_t kMaxTokens = 2048;
constexpr size_t kMaxWorkers = 64;
constexpr int kRepeats = 20;

struct Config : fovea::AttentionConfig {
  static constexpr size_t kHeads = ::kHeads, kHeadDim = kDim;
  static constexpr size_t kMaxQueries = kMaxTokens, kMaxKeys = kMaxTokens;
  static constexpr bool kCausal = true;
};
using Attention = fovea::Attention<Config>;

// All the memory there is: a workspace for each worker, since calls may run at
// once only with different ones.
constexpr size_t kFloats = kHeads * kMaxTokens * kDim;
Attention::Workspace workspaces[kMaxWorkers];
fovea::Status statuses[kMaxWorkers];
float q[kFloats], k[kFloats], v[kFloats], out[kFloats], one_worker[kFloats];

constexpr char kUsage[] =
    "usage: threads [--workers N] [--tokens N]\n"
    "\n"
    "Times a causal prefill of 8 heads, dim 64, on 1 to N workers, and checks\n"
    "that each number of them gives the same bits.\n"
    "\n"
    "  --workers N   1 to 64 (default: as many as there are cores)\n"
    "  --tokens N    1 to 2048 (default 2048)\n"
    "  --help        this text\n";

constexpr examples::CommandLine kCommand = {"threads"};
using examples::Parsed;

struct Options {
  size_t workers = 0;
  size_t tokens = kMaxTokens;
};

Parsed Parse(int argc, char** argv, Options& options) {
  const option kLong[] = {{"workers", required_argument, nullptr, 'w'},
                          {"tokens", required_argument, nullptr, 't'},
                          {"help", no_argument, nullptr, 'h'},
                          {nullptr, 0, nullptr, 0}};
  kCommand.Begin(argv);
  for (int c; (c = getopt_long(argc, argv, "h", kLong, nullptr)) != -1;) {
    bool good = false;
    switch (c) {
      case 'w':
        good = kCommand.ParseNumber("--workers", optarg, 1, kMaxWorkers,
                                    options.workers);
        break;
      case 't':
        good = kCommand.ParseNumber("--tokens", optarg, 1, kMaxTokens,
                                    options.tokens);
        break;
      case 'h':
        return Parsed::kHelp;
      default:  // getopt has said what is wrong
        break;
    }
    if (!good) return Parsed::kBad;
  }
  return kCommand.ExpectNoMore(argc, argv) ? Parsed::kRun : Parsed::kBad;
}

size_t Cores() {
  const size_t cores = std::thread::hardware_concurrency();  // 0: not known
  return cores < 1 ? 1 : cores > kMaxWorkers ? kMaxWorkers : cores;
}

// Uniform in [-1, 1).
void FillWithNoise(float* values, uint32_t state) {
  for (size_t i = 0; i < kFloats; ++i) {
    state = state * 1664525u + 1013904223u;
    values[i] = static_cast<float>(static_cast<int32_t>(state)) * 0x1p-31f;
  }
}

Attention::Call MakeCall(size_t tokens) {
  Attention::Call call;
  call.q = fovea::HeadMajor<const float>(q, kHeads, tokens, kDim);
  call.k = fovea::HeadMajor<const float>(k, kHeads, tokens, kDim);
  call.v = fovea::HeadMajor<const float>(v, kHeads, tokens, kDim);
  call.out = fovea::HeadMajor(out, kHeads, tokens, kDim);
  call.queries = call.keys = tokens;
  return call;
}

// What each worker does.  Shares cost the same, and their outputs are disjoint:
// no lock, and nothing to add up.
void Work(const Attention::Call& call, size_t part, size_t parts) {
  statuses[part] = Attention::Run(call, workspaces[part], part, parts);
}

// Starts its threads anew each time, some 20 us each.  A program that calls
// this for every layer would keep them waiting in a pool.
void RunOnThreads(const Attention::Call& call, size_t workers) {
  std::thread threads[kMaxWorkers];
  for (size_t part = 1; part < workers; ++part) {
    threads[part] = std::thread([&, part] { Work(call, part, workers); });
  }
  Work(call, 0, workers);  // the calling thread is a worker too
  for (size_t part = 1; part < workers; ++part) threads[part].join();
}

#ifdef _OPENMP
// OpenMP keeps its pool between calls.  The loop is over parts: it is right for
// any number of threads that the runtime grants.
void RunOnOpenMp(const Attention::Call& call, size_t workers) {
#pragma omp parallel for schedule(static, 1) \
    num_threads(static_cast<int>(workers))
  for (size_t part = 0; part < workers; ++part) Work(call, part, workers);
}
#endif

using Runner = void (*)(const Attention::Call&, size_t);

// Seconds of one run; 0 where a worker's call was bad or the bits are not those
// of one worker.
double TimeRun(Runner run, const Attention::Call& call, size_t workers) {
  using Clock = std::chrono::steady_clock;
  const size_t bytes = kHeads * call.queries * kDim * sizeof(float);
  std::memset(out, 0xff, bytes);  // NaN: what no worker writes is seen
  const Clock::time_point start = Clock::now();
  run(call, workers);
  const std::chrono::duration<double> taken = Clock::now() - start;
  for (size_t part = 0; part < workers; ++part) {
    if (statuses[part] != fovea::Status::kOk) {
      kCommand.Fail("attention", fovea::Name(statuses[part]));
      return 0;
    }
  }
  if (std::memcmp(out, one_worker, bytes) != 0) {
    kCommand.Fail("attention", "the bits differ from those of one worker");
    return 0;
  }
  return taken.count();
}

// Prints the best time of each number of workers, taken in turns so that other
// load on the machine meets them all.
bool Measure(const char* name, Runner run, const Options& options) {
  const Attention::Call call = MakeCall(options.tokens);
  double best[kMaxWorkers];
  for (int repeat = 0; repeat < kRepeats; ++repeat) {
    for (size_t i = 0; i < options.workers; ++i) {
      const double seconds = TimeRun(run, call, i + 1);
      if (seconds == 0) return false;
      best[i] = repeat == 0 || seconds < best[i] ? seconds : best[i];
    }
  }
  for (size_t i = 0; i < options.workers; ++i) {
    std::printf("%-11s  workers %2zu  %8.3f ms  %5.2f x  the same bits\n", name,
                i + 1, 1e3 * best[i], best[0] / best[i]);
  }
  return true;
}

bool Main(const Options& options) {
  FillWithNoise(q, 1);
  FillWithNoise(k, 2);
  FillWithNoise(v, 3);
  const fovea::Status status =
      Attention::Run(MakeCall(options.tokens), workspaces[0]);
  if (status != fovea::Status::kOk)
    return kCommand.Fail("attention", Name(status));
  std::memcpy(one_worker, out, sizeof(out));
  if (!Measure("std::thread", RunOnThreads, options)) return false;
#ifdef _OPENMP
  if (!Measure("OpenMP", RunOnOpenMp, options)) return false;
#endif
  return true;
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  options.workers = Cores();
  switch (Parse(argc, argv, options)) {
    case Parsed::kHelp:
      std::fputs(kUsage, stdout);
      return 0;
    case Parsed::kBad:
      return 1;
    case Parsed::kRun:
      return Main(options) ? 0 : 1;
  }
  return 1;
}
