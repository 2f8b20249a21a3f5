// SPDX-License-Identifier: Apache-2.0
// A fixture: a cache that a stream fills in steps of random sizes.
#ifndef FOVEA_TESTS_STEPPED_CACHE_H_
#define FOVEA_TESTS_STEPPED_CACHE_H_

#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <memory>
#include <vector>

#include "fovea/cache_view.h"
#include "fovea/kv_cache.h"
#include "saved_cache.h"
#include "stream_problem.h"
#include "tests/golden/poison.h"

namespace fovea {

template <class Config>
class SteppedCache : public testing::Test {
 public:
  SteppedCache() { cache->Clear(); }

  void Restart() {
    cache->Clear();
    position = 0;
  }

  // Steps of 1 to `most` tokens until `end`.
  void StepTo(StreamProblem<Config>& problem, size_t end, Dice& dice,
              size_t most = 97) {
    while (position < end) {
      const size_t chunk =
          std::min({Config::kMaxQueries, end - position, most});
      const size_t count = dice.Roll(1, chunk);
      ASSERT_EQ(problem.Step(*cache, position, count), Status::kOk);
      position += count;
    }
  }

  // Saved after so many tokens, opened where it lies and restored, it goes on
  // with the bits of a stream that was never interrupted.
  void ExpectToGoOnAfterEach(const std::vector<size_t>& cuts, size_t tokens) {
    StreamProblem<Config> plain(tokens), after(tokens);
    Dice dice(5);
    StepTo(plain, tokens, dice);
    for (const size_t cut : cuts) {
      Restart();
      StepTo(after, cut, dice);
      Saved saved(*cache);
      ASSERT_EQ(saved.status(), Status::kOk);
      if (cut > 0) {
        CacheView<Config> view;
        ASSERT_EQ(CacheView<Config>::Open(saved.data(), saved.size(), view),
                  Status::kOk);
        ASSERT_EQ(after.Attend(view, cut - 1, 1), Status::kOk);
      }
      cache = golden::MakePoisoned<KvCache<Config>>();
      ASSERT_EQ(cache->Restore(saved.data(), saved.size()), Status::kOk);
      StepTo(after, tokens, dice);
      EXPECT_EQ(after.FirstDifference(plain), tokens) << cut;
    }
  }

  std::unique_ptr<KvCache<Config>> cache =
      golden::MakePoisoned<KvCache<Config>>();
  size_t position = 0;
};

}  // namespace fovea

#endif  // FOVEA_TESTS_STEPPED_CACHE_H_
