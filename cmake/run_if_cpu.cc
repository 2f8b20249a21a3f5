// SPDX-License-Identifier: Apache-2.0
//
// run_if_cpu FEATURE... -- PROGRAM [ARGUMENT...]
//
// Becomes PROGRAM where this x86-64 CPU has every FEATURE; elsewhere says which
// one it lacks and exits with 77, which ctest reports as a skipped test. A
// FEATURE that it does not know is an error, not a skipped test.
#include <stdio.h>
#include <string.h>
#include <unistd.h>

namespace {

constexpr int kWrongUsage = 2;
constexpr int kSkipped = 77;

enum class Answer { kYes, kNo, kUnknown };

Answer Has(const char* feature) {
  struct Known {
    const char* name;
    bool present;
  };
  __builtin_cpu_init();
  // __builtin_cpu_supports takes nothing but a literal.
  const Known known[] = {
      {"aes", __builtin_cpu_supports("aes") != 0},
      {"avx2", __builtin_cpu_supports("avx2") != 0},
      {"avx512bw", __builtin_cpu_supports("avx512bw") != 0},
      {"avx512cd", __builtin_cpu_supports("avx512cd") != 0},
      {"avx512dq", __builtin_cpu_supports("avx512dq") != 0},
      {"avx512f", __builtin_cpu_supports("avx512f") != 0},
      {"avx512vl", __builtin_cpu_supports("avx512vl") != 0},
      {"avx512vnni", __builtin_cpu_supports("avx512vnni") != 0},
      {"avxvnni", __builtin_cpu_supports("avxvnni") != 0},
      {"bmi", __builtin_cpu_supports("bmi") != 0},
      {"bmi2", __builtin_cpu_supports("bmi2") != 0},
      {"fma", __builtin_cpu_supports("fma") != 0},
      {"movbe", __builtin_cpu_supports("movbe") != 0},
      {"pclmul", __builtin_cpu_supports("pclmul") != 0},
      {"sse2", __builtin_cpu_supports("sse2") != 0},
      {"sse4.2", __builtin_cpu_supports("sse4.2") != 0},
  };
  for (const Known& k : known) {
    if (strcmp(k.name, feature) == 0) {
      return k.present ? Answer::kYes : Answer::kNo;
    }
  }
  return Answer::kUnknown;
}

}  // namespace

int main(int argc, char** argv) {
  int i = 1;
  for (; i < argc && strcmp(argv[i], "--") != 0; ++i) {
    switch (Has(argv[i])) {
      case Answer::kYes:
        break;
      case Answer::kNo:
        printf("skipped: this CPU has no %s\n", argv[i]);
        return kSkipped;
      case Answer::kUnknown:
        fprintf(stderr, "run_if_cpu: unknown feature: %s\n", argv[i]);
        return kWrongUsage;
    }
  }
  if (i + 1 >= argc) {
    fprintf(stderr, "usage: run_if_cpu FEATURE... -- PROGRAM [ARGUMENT...]\n");
    return kWrongUsage;
  }
  execv(argv[i + 1], argv + i + 1);
  perror(argv[i + 1]);
  return 1;
}
