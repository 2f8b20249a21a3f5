// SPDX-License-Identifier: Apache-2.0
// The committed hashes of integer_streams.h, of every target.  The same
// arithmetic is held to plain references by integer_attention_test and
// linear_integer_golden_test, which with integer_attention_golden_test compares
// with float64 too.
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
  OddLinear odd_linear;
  WideLinear wide_linear;
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
  constexpr uint64_t kSmall = 0xbfc4030cb501447du;
  constexpr uint64_t kOdd = 0x00225ef19f77bbffu;
  constexpr uint64_t kSingle = 0x15ebf98311ea624fu;
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
  all.odd_linear.Fill(9);
  compare("linear", all.odd_linear.HashOfOutputs(), 0xad15933530251bcfu);
  all.wide_linear.Fill(10);
  compare("linear, int16", all.wide_linear.HashOfOutputs(),
          0x521563d2ab0408f5u);
}
template <class Compare>
void CompareLarge(LargeProblems& all, const Compare& compare) {
  constexpr uint64_t kLarge = 0xaab0e8d42460d86du;
  constexpr uint64_t kOdd = 0xcc035fc210306e5du;
  constexpr uint64_t kSingle = 0x3c8266d488d5ed41u;
  constexpr uint64_t kMasked = 0xdeaeb8aa8ed03b0bu;
  constexpr uint64_t kFlat = 0x8ba2c95b06205e81u;
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
