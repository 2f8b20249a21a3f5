// SPDX-License-Identifier: Apache-2.0
// The committed hashes of integer_streams.h, of every target.  The same
// arithmetic is held to the plain reference by integer_attention_test, and to
// float64 by integer_attention_golden_test.
#ifndef FOVEA_TESTS_INTEGER_HASHES_H_
#define FOVEA_TESTS_INTEGER_HASHES_H_

#include "integer_streams.h"

namespace fovea::integer_streams {

// One after the other in the same memory.
union SmallProblems {
  SmallProblems() {}  // Fill writes what is read
  Problem<Small> small;
  Problem<Odd> odd;
  Problem<Single> single;
};
union LargeProblems {
  LargeProblems() {}
  Problem<Large> large;
  Problem<LargeOdd> odd;
  Problem<LargeSingle> single;
  Problem<Masked> masked;
};

// compare(name, hash, committed hash) for each way to compute each of them.
template <class Compare>
void CompareSmall(SmallProblems& all, const Compare& compare) {
  constexpr uint64_t kSmall = 0x6ef506e7a7189e7du;
  constexpr uint64_t kOdd = 0xff2dc613aa3641f4u;
  constexpr uint64_t kSingle = 0x7d7f3ca3c10d5e9eu;
  all.small.Fill(1, kSmallScales);
  compare("small steps", all.small.HashOfStream(1), kSmall);
  compare("small chunks", all.small.HashOfStream(3), kSmall);
  compare("small tensors", all.small.HashOfTensors(2), kSmall);
  all.odd.Fill(2, kOddScales);
  compare("odd steps", all.odd.HashOfStream(1), kOdd);
  compare("odd tensors", all.odd.HashOfTensors(1), kOdd);
  all.single.Fill(3, kSingleScales);
  compare("single steps", all.single.HashOfStream(1), kSingle);
  compare("single tensors", all.single.HashOfTensors(1), kSingle);
}
template <class Compare>
void CompareLarge(LargeProblems& all, const Compare& compare) {
  constexpr uint64_t kLarge = 0x8390773ff8164e52u;
  constexpr uint64_t kOdd = 0xb979d871a4b113acu;
  constexpr uint64_t kSingle = 0x552c3bb313bfc0c8u;
  constexpr uint64_t kMasked = 0x5e576405634ae40au;
  constexpr uint64_t kFlat = 0x0a2831025ae6f2efu;
  all.large.Fill(4, kSmallScales);
  compare("large steps", all.large.HashOfStream(1), kLarge);
  compare("large chunks", all.large.HashOfStream(7), kLarge);
  compare("large tensors", all.large.HashOfTensors(9), kLarge);
  all.odd.Fill(5, kOddScales);
  compare("large odd chunks", all.odd.HashOfStream(9), kOdd);
  compare("large odd tensors", all.odd.HashOfTensors(5), kOdd);
  all.single.Fill(6, kSingleScales);
  compare("large single steps", all.single.HashOfStream(1), kSingle);
  compare("large single tensors", all.single.HashOfTensors(1), kSingle);
  all.masked.Fill(7, kSmallScales);
  compare("masked chunks", all.masked.HashOfStream(20), kMasked);
  all.masked.Fill(8, kFlatScales);
  compare("flat chunks", all.masked.HashOfStream(20), kFlat);
}

}  // namespace fovea::integer_streams

#endif  // FOVEA_TESTS_INTEGER_HASHES_H_
