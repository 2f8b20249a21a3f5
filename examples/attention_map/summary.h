// SPDX-License-Identifier: Apache-2.0
// Where a head looks, in a few numbers.
#ifndef FOVEA_EXAMPLES_ATTENTION_MAP_SUMMARY_H_
#define FOVEA_EXAMPLES_ATTENTION_MAP_SUMMARY_H_

#include <cmath>
#include <cstddef>

namespace attention_map {

// Averages over the queries that have at least two keys to choose from.
struct Summary {
  double entropy = 0;   // of a row's weights, in bits
  double distance = 0;  // tokens back from the query, weighted
  // Shares of the weights on the query's own token, on the one before it, on
  // the text's first, and on earlier copies of the query's token.
  double self = 0, previous = 0, first = 0, same = 0;

  const char* LooksAt() const {
    const double most =
        std::fmax(std::fmax(self, previous), std::fmax(first, same));
    if (most < 0.3) return distance < 4 ? "nearby tokens" : "many tokens";
    if (most == previous) return "the token before";
    if (most == self) return "the token itself";
    if (most == first) return "the first token";
    return "the same token before";
  }
};

// weights [count][count] of one head over `tokens`.
inline Summary Summarise(const float* weights, const unsigned char* tokens,
                         size_t count) {
  Summary sum;
  for (size_t i = 1; i < count; ++i) {
    const float* row = weights + i * count;
    for (size_t j = 0; j <= i; ++j) {
      const double p = double{row[j]};
      if (p > 0) sum.entropy -= p * std::log2(p);
      sum.distance += p * static_cast<double>(i - j);
      if (j < i && tokens[j] == tokens[i]) sum.same += p;
    }
    sum.self += double{row[i]};
    sum.previous += double{row[i - 1]};
    if (i > 1) sum.first += double{row[0]};
  }
  const double rows = count > 1 ? static_cast<double>(count - 1) : 1;
  const double later = count > 2 ? static_cast<double>(count - 2) : 1;
  sum.entropy /= rows;
  sum.distance /= rows;
  sum.self /= rows;
  sum.previous /= rows;
  sum.same /= rows;
  sum.first /= later;
  return sum;
}

}  // namespace attention_map

#endif  // FOVEA_EXAMPLES_ATTENTION_MAP_SUMMARY_H_
