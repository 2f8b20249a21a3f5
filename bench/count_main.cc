// SPDX-License-Identifier: Apache-2.0
// One call of each case whose instructions bench/instructions.json records, for
// an emulator that counts (bench/instructions.py).
#include <cstddef>
#include <cstdint>

#include "cases.h"
#include "count.h"
#include "integer_cases.h"
#include "port/port.h"

namespace fovea_bench {
namespace {

using fovea::port::WriteText;

void WriteNumber(uint32_t number) {
  const char digit[2] = {static_cast<char>('0' + number % 10), '\0'};
  if (number >= 10) WriteNumber(number / 10);
  WriteText(digit);
}

template <class Call>
void Count(const char* name, double macs, const char* what, Call&& call) {
  FoveaCountBegin();
  const fovea::Status status = call();
  FoveaCountEnd();
  if (status != fovea::Status::kOk) fovea::port::Trap(fovea::Name(status));
  WriteText("case ");
  WriteText(name);
  WriteText(" ");
  WriteNumber(static_cast<uint32_t>(macs));
  WriteText(" ");
  WriteText(what);
  WriteText("\n");
}

template <class Case>
void Count(const char* name, const char* what) {
  Case call;
  Count(name, Case::kMacs, what, call);
}

}  // namespace
}  // namespace fovea_bench

int main() {
  using namespace fovea_bench;
  fovea::port::WriteText("compiler " __VERSION__ "\n");
  using OneHead = Prefill<1, 128, 64, false>;
  Count<OneHead>("N1", "prefill: 1 head, 128 tokens, dim 64");
  Count<T1>("T1", "prefill: 8 heads, 81 tokens, dim 32");
  Count<T3>("T3", "prefill: 4 heads, 128 tokens, dim 64");
  Count<Dec<float>>("DEC", "decode: 4 heads, context 256, dim 32");
  Count<Dec<hwy::bfloat16_t>>("DEC-bf16", "the same from bfloat16");
  Count<Dec<int8_t>>("DEC-int8", "the same from int8");
  using Scores = Prefill<1, 128, 64, false, fovea::Arithmetic::kInt8Scores>;
  using Int8 = Prefill<1, 128, 64, false, fovea::Arithmetic::kInt8>;
  Count<Scores>("N1-scores", "N1 with scores in int8");
  Count<Int8>("N1-all", "N1 with all products in int8");
  Count<IntegerT1>("T1-integer", "T1 in integers alone");
  Count<IntegerT3>("T3-integer", "T3 in integers alone");
  Count<IntegerDec>("DEC-integer", "DEC in integers alone");
  Count<IntegerT1WithZeros>("T1-zeros", "T1-integer with zero points");
  Count<IntegerDecWithZeros>("DEC-zeros", "DEC-integer with zero points");
  Count<LinearInIntegers>("LIN-integer", "linear in integers: 256 to 256");
  Count<LinearWithZeros>("LIN-zeros", "LIN-integer with a zero point");
  return 0;
}
