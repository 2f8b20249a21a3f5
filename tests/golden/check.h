// SPDX-License-Identifier: Apache-2.0
// The two checks of every golden test: the error gate and the hash.
#ifndef FOVEA_TESTS_GOLDEN_CHECK_H_
#define FOVEA_TESTS_GOLDEN_CHECK_H_

#include <gtest/gtest.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmath>
#include <string>
#include <vector>

#include "tests/golden/golden.h"
#include "tests/golden/hash_class.h"
#include "tests/golden/reduced.h"

namespace fovea::golden {

// Every element is finite, as every expected value is, and every sample lies
// within the gate.  `values` are the expected ones of the whole table.
inline void ExpectWithinGate(const char* name, const Expected& expected,
                             const double* values,
                             const std::vector<float>& out) {
  for (size_t i = 0; i < out.size(); ++i) {
    if (std::isfinite(out[i])) continue;
    ADD_FAILURE() << name << ": element " << i << " is " << out[i];
    return;
  }
  const double gate = Gate(expected);
  double worst = -1;
  uint32_t worst_sample = 0;
  for (uint32_t i = 0; i < expected.count; ++i) {
    const size_t position = expected.first + size_t{i} * expected.step;
    ASSERT_LT(position, out.size()) << name;
    const double error =
        std::fabs(double{out[position]} - values[expected.offset + i]);
    if (error > worst) {
      worst = error;
      worst_sample = i;
    }
  }
  const size_t position = expected.first + size_t{worst_sample} * expected.step;
  EXPECT_LE(worst, gate) << name << ": element " << position << " is "
                         << ::testing::PrintToString(out[position])
                         << ", expected "
                         << ::testing::PrintToString(
                                values[expected.offset + worst_sample])
                         << ", PyTorch's error " << expected.torch_error;
}

// What is committed of a stem, for each class; up to an entry without a name.
struct CommittedHashes {
  const NamedHash *fused, *unfused;
};

// What ./dev matrix adds up: the hashes of a test that were compared on this
// target, and those that were the committed ones.
inline void ReportHashes(const char* stem, size_t compared, size_t equal) {
  printf("hashes: %s %u %u\n", stem, static_cast<unsigned>(compared),
         static_cast<unsigned>(equal));
}

// Collects the hash of every case of a table, in its order, and compares them
// with the committed ones.  With FOVEA_RECORD_HASHES=DIRECTORY in the
// environment it writes DIRECTORY/<stem>_hashes_<class>.inc instead.
class HashLog {
 public:
  HashLog(const char* stem, const CommittedHashes& committed)
      : stem_(stem),
        committed_(kHashClass == HashClass::kFused ? committed.fused
                                                   : committed.unfused) {}

  void Add(const char* name, uint64_t hash) { log_.push_back({name, hash}); }

  void Finish() const {
    if (const char* directory = getenv("FOVEA_RECORD_HASHES")) {
      Record(directory);
    } else {
      Compare();
    }
  }

 private:
  // The committed ones stand in the table's order; a reduced suite lacks some.
  void Compare() const {
    const NamedHash* committed = committed_;
    size_t equal = 0;
    for (const NamedHash& entry : log_) {
      while (kReduced && committed->name != nullptr &&
             strcmp(committed->name, entry.name) != 0) {
        ++committed;
      }
      ASSERT_NE(committed->name, nullptr)
          << entry.name << ": no hash committed for targets of class "
          << Name(kHashClass);
      ASSERT_STREQ(committed->name, entry.name)
          << "the table has changed: record the hashes again";
      EXPECT_EQ(committed->hash, entry.hash)
          << entry.name << ": not the committed bits";
      equal += committed->hash == entry.hash;
      ++committed;
    }
    if (!kReduced) {
      EXPECT_EQ(committed->name, nullptr) << "a hash without its case";
    }
    ReportHashes(stem_, log_.size(), equal);
  }

  void Record(const char* directory) const {
    ASSERT_FALSE(kReduced) << "a reduced suite has not all the hashes";
    ASSERT_FALSE(::testing::Test::HasFailure())
        << "wrong results: not recorded";
    const std::string path = std::string(directory) + "/" + stem_ + "_hashes_" +
                             Name(kHashClass) + ".inc";
    std::string text =
        "// SPDX-License-Identifier: Apache-2.0\n"
        "// Recorded with FOVEA_RECORD_HASHES by the test itself; do not "
        "edit.\n"
        "// clang-format off\n\n";
    for (const NamedHash& entry : log_) {
      char hash[24];
      snprintf(hash, sizeof(hash), "0x%016llx",
               static_cast<unsigned long long>(entry.hash));
      text += std::string("{\"") + entry.name + "\", " + hash + "u},\n";
    }
    FILE* file = fopen(path.c_str(), "w");
    bool written = false;
    if (file != nullptr) {
      written = fputs(text.c_str(), file) >= 0;
      written = fclose(file) == 0 && written;
    }
    ASSERT_TRUE(written) << path;
    printf("recorded %zu hashes in %s\n", log_.size(), path.c_str());
  }

  const char* stem_;
  const NamedHash* committed_;
  std::vector<NamedHash> log_;
};

inline uint64_t HashOf(const std::vector<float>& values) {
  Hash hash;
  hash.Add(values.data(), values.size());
  return hash.value();
}

// Both checks for every case of a table: out = run(c) gives the whole output in
// its logical order.
template <class Cases, class Run>
void ExpectGolden(const char* stem, const Cases& cases, const double* values,
                  const CommittedHashes& committed, const Run& run) {
  HashLog hashes(stem, committed);
  for (const auto& c : cases) {
    const std::vector<float> out = run(c);
    ExpectWithinGate(c.name, c.expected, values, out);
    hashes.Add(c.name, HashOf(out));
  }
  hashes.Finish();
}

// Two ways to compute one thing must not differ in a bit.
inline void ExpectSameBits(const char* name, const std::vector<float>& one,
                           const std::vector<float>& other) {
  ASSERT_EQ(one.size(), other.size()) << name;
  for (size_t i = 0; i < one.size(); ++i) {
    if (BitsOf(one[i]) == BitsOf(other[i])) continue;
    ADD_FAILURE() << name << ": element " << i << " is "
                  << ::testing::PrintToString(one[i]) << " one way, "
                  << ::testing::PrintToString(other[i]) << " the other";
    return;
  }
}

}  // namespace fovea::golden

#endif  // FOVEA_TESTS_GOLDEN_CHECK_H_
