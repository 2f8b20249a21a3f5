// SPDX-License-Identifier: Apache-2.0
// The two checks of every golden test: the error gate and the hash.
#ifndef FOVEA_TESTS_GOLDEN_CHECK_H_
#define FOVEA_TESTS_GOLDEN_CHECK_H_

#include <gtest/gtest.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmath>
#include <string>
#include <vector>

#include "tests/golden/golden.h"
#include "tests/golden/hash_class.h"

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

// Collects the hash of every case of a table, in its order, and compares them
// with the committed ones.  With FOVEA_RECORD_HASHES=DIRECTORY in the
// environment it writes DIRECTORY/<stem>_hashes_<class>.inc instead.
class HashLog {
 public:
  // `fused`: what is committed for the class of that name, up to an entry
  // without a name.
  HashLog(const char* stem, const NamedHash* fused)
      : stem_(stem),
        committed_(kHashClass == HashClass::kFused ? fused : nullptr) {}

  void Add(const char* name, uint64_t hash) { log_.push_back({name, hash}); }

  void Finish() const {
    if (const char* directory = getenv("FOVEA_RECORD_HASHES")) {
      Record(directory);
    } else if (committed_ != nullptr) {
      Compare();
    } else {
      printf("%s: no hashes for targets of class \"%s\"; not compared\n", stem_,
             Name(kHashClass));
    }
  }

 private:
  void Compare() const {
    size_t i = 0;
    for (; i < log_.size() && committed_[i].name != nullptr; ++i) {
      ASSERT_STREQ(committed_[i].name, log_[i].name)
          << "the table has changed: record the hashes again";
      EXPECT_EQ(committed_[i].hash, log_[i].hash)
          << log_[i].name << ": not the committed bits";
    }
    if (i < log_.size()) ADD_FAILURE() << log_[i].name << ": no hash committed";
    EXPECT_EQ(committed_[i].name, nullptr) << "a hash without its case";
  }

  void Record(const char* directory) const {
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
  const NamedHash* committed_;  // null: none for this target's class
  std::vector<NamedHash> log_;
};

inline uint64_t HashOf(const std::vector<float>& values) {
  Hash hash;
  hash.Add(values.data(), values.size());
  return hash.value();
}

// Both checks for every case of a table: out = run(c) gives the whole output in
// its logical order.
template <class Case, size_t kCount, class Run>
void ExpectGolden(const char* stem, const Case (&cases)[kCount],
                  const double* values, const NamedHash* fused,
                  const Run& run) {
  HashLog hashes(stem, fused);
  for (const Case& c : cases) {
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
