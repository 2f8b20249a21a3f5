// SPDX-License-Identifier: Apache-2.0
// What the command lines of the examples need beside getopt.
#ifndef FOVEA_EXAMPLES_COMMAND_LINE_H_
#define FOVEA_EXAMPLES_COMMAND_LINE_H_

#include <getopt.h>

#include <cerrno>
#include <cinttypes>
#include <cstdint>
#include <cstdio>
#include <cstdlib>

namespace examples {

struct CommandLine {
  const char* program;

  // Says what is wrong; false.
  bool Fail(const char* what, const char* why) const {
    std::fprintf(stderr, "%s: %s: %s\n", program, what, why);
    return false;
  }

  // A whole number from least to most, in decimal; else `value` is as it was.
  template <class T>
  bool ParseNumber(const char* name, const char* text, uint64_t least,
                   uint64_t most, T& value) const {
    static_assert(sizeof(T) <= sizeof(uint64_t), "most fits");
    char* end = nullptr;
    errno = 0;
    const unsigned long long parsed = std::strtoull(text, &end, 10);
    const bool digits = text[0] >= '0' && text[0] <= '9';
    if (!digits || *end != '\0' || errno != 0 || parsed < least ||
        parsed > most) {
      std::fprintf(stderr,
                   "%s: %s: '%s' is not a number from %" PRIu64 " to %" PRIu64
                   "\n",
                   program, name, text, least, most);
      return false;
    }
    value = static_cast<T>(parsed);
    return true;
  }

  // Before getopt, which names the program in its messages.
  void Begin(char** argv) const { argv[0] = const_cast<char*>(program); }

  // Whether all that was printed arrived.
  bool FinishOutput() const {
    return (std::fflush(stdout) == 0 && std::ferror(stdout) == 0) ||
           Fail("output", "cannot be written");
  }

  // Whether getopt took every argument.
  bool ExpectNoMore(int argc, char** argv) const {
    return optind >= argc ||
           Fail(argv[optind], "unexpected argument (see --help)");
  }
};

enum class Parsed { kRun, kHelp, kBad };

}  // namespace examples

#endif  // FOVEA_EXAMPLES_COMMAND_LINE_H_
