// SPDX-License-Identifier: Apache-2.0
// The runner of tests/bare/gtest/gtest.h.  It writes GoogleTest's lines.
#include <gtest/gtest.h>
#include <stdio.h>

namespace testing {
namespace {

TestInfo* first = nullptr;
TestInfo** last = &first;
bool failed = false;

bool Passes(const TestInfo& info) {
  printf("[ RUN      ] %s.%s\n", info.suite, info.name);
  failed = false;
  Test* const test = info.make();
  test->SetUp();
  if (!failed) test->TestBody();
  delete test;
  printf("[  %s ] %s.%s\n", failed ? "FAILED" : "    OK", info.suite,
         info.name);
  return !failed;
}

}  // namespace

TestInfo::TestInfo(const char* in, const char* called, Test* (*makes)())
    : suite(in), name(called), make(makes), next(nullptr) {
  *last = this;
  last = &next;
}

bool Test::HasFailure() { return failed; }

void Failure::operator=(const Message& message) const {
  failed = true;
  printf("%s:%d: Failure\n%s\n%s\n", file, line, what.c_str(),
         message.text().c_str());
}

int RunAllTests() {
  int count = 0, passed = 0;
  for (const TestInfo* info = first; info != nullptr; info = info->next) {
    ++count;
    passed += Passes(*info) ? 1 : 0;
  }
  printf("[==========] %d tests ran.\n[  PASSED  ] %d tests.\n", count, passed);
  return count > 0 && passed == count ? 0 : 1;
}

}  // namespace testing

int main() { return testing::RunAllTests(); }
