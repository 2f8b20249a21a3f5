// SPDX-License-Identifier: Apache-2.0
// The part of GoogleTest that the golden tests use, for targets whose compiler
// comes without a C++ library that GoogleTest could be built on.  Elsewhere the
// same tests use GoogleTest itself.
#ifndef FOVEA_TESTS_BARE_GTEST_GTEST_H_
#define FOVEA_TESTS_BARE_GTEST_GTEST_H_

#include <stdio.h>
#include <string.h>

#include <string>
#include <type_traits>

namespace testing {

template <class T>
std::string PrintToString(const T& value) {
  char text[48];
  if constexpr (std::is_floating_point<T>::value) {
    snprintf(text, sizeof(text), "%.9g", static_cast<double>(value));
  } else if constexpr (std::is_enum<T>::value || std::is_signed<T>::value) {
    snprintf(text, sizeof(text), "%lld", static_cast<long long>(value));
  } else if constexpr (std::is_unsigned<T>::value) {
    snprintf(text, sizeof(text), "%llu",
             static_cast<unsigned long long>(value));
  } else if constexpr (std::is_null_pointer<T>::value) {
    return "null";
  } else if constexpr (std::is_convertible<const T&, const char*>::value) {
    const char* const characters = value;
    return characters == nullptr ? "null" : characters;
  } else if constexpr (std::is_pointer<T>::value) {
    snprintf(text, sizeof(text), "%p", static_cast<const void*>(value));
  } else if constexpr (std::is_convertible<const T&, std::string>::value) {
    return value;
  } else {
    return "a value";
  }
  return text;
}

class Message {
 public:
  template <class T>
  Message& operator<<(const T& value) {
    text_ += PrintToString(value);
    return *this;
  }
  const std::string& text() const { return text_; }

 private:
  std::string text_;
};

// Assigning a message to it reports a failure; that has no value, so that
// ASSERT_* can return it.
struct Failure {
  const char* file;
  int line;
  std::string what;

  void operator=(const Message& message) const;
};

class Test {
 public:
  virtual ~Test() = default;
  virtual void SetUp() {}
  virtual void TestBody() = 0;
  static bool HasFailure();
  static bool HasFatalFailure() { return HasFailure(); }
};

// One of all tests; they register themselves before main.
struct TestInfo {
  const char* suite;
  const char* name;
  Test* (*make)();
  TestInfo* next;

  TestInfo(const char* suite, const char* name, Test* (*make)());
};

// The types that a test is made for, and one test for each of them.
template <class... T>
struct Types {};

template <template <class> class TestOf, class List>
struct TypedTests;
template <template <class> class TestOf, class... T>
struct TypedTests<TestOf, Types<T...>> {
  TestInfo infos[sizeof...(T)];

  TypedTests(const char* suite, const char* name)
      : infos{TestInfo(suite, name, &Make<T>)...} {}

 private:
  template <class One>
  static Test* Make() {
    return new TestOf<One>;
  }
};

int RunAllTests();

// "" where it holds.
template <class A, class B, class Compare>
std::string Compared(const A& a, const B& b, const char* text,
                     Compare compare) {
  if (compare(a, b)) return "";
  return std::string(text) + ": " + PrintToString(a) + " and " +
         PrintToString(b);
}

inline std::string ComparedTexts(const char* a, const char* b,
                                 const char* text) {
  return Compared(a, b, text, [](const char* x, const char* y) {
    return x == y || (x != nullptr && y != nullptr && strcmp(x, y) == 0);
  });
}

inline std::string ComparedNear(double a, double b, double limit,
                                const char* text) {
  return Compared(a, b, text, [limit](double x, double y) {
    return x - y <= limit && y - x <= limit;
  });
}

}  // namespace testing

// The switch lets it stand below an `if` without braces.
#define FOVEA_CHECK(action_, what_)                                   \
  switch (0)                                                          \
  case 0:                                                             \
  default:                                                            \
    if (const std::string fovea_what = (what_); fovea_what.empty()) { \
    } else                                                            \
      action_ ::testing::Failure{__FILE__, __LINE__, fovea_what} =    \
          ::testing::Message()
#define FOVEA_COMPARE(action_, a_, operator_, b_)                         \
  FOVEA_CHECK(action_, ::testing::Compared(                               \
                           a_, b_, #a_ " " #operator_ " " #b_,            \
                           [](const auto& fovea_a, const auto& fovea_b) { \
                             return fovea_a operator_ fovea_b;            \
                           }))
#define FOVEA_HOLDS(action_, condition_)                                       \
  FOVEA_CHECK(action_, std::string(static_cast<bool>(condition_) ? ""          \
                                                                 : #condition_ \
                                       ": not as it should be"))

#define ADD_FAILURE() \
  ::testing::Failure{__FILE__, __LINE__, "failed"} = ::testing::Message()
#define EXPECT_EQ(a, b) FOVEA_COMPARE(, a, ==, b)
#define EXPECT_NE(a, b) FOVEA_COMPARE(, a, !=, b)
#define EXPECT_LT(a, b) FOVEA_COMPARE(, a, <, b)
#define EXPECT_LE(a, b) FOVEA_COMPARE(, a, <=, b)
#define EXPECT_GT(a, b) FOVEA_COMPARE(, a, >, b)
#define EXPECT_GE(a, b) FOVEA_COMPARE(, a, >=, b)
#define EXPECT_TRUE(a) FOVEA_HOLDS(, a)
#define EXPECT_FALSE(a) FOVEA_HOLDS(, !(a))
#define EXPECT_STREQ(a, b) \
  FOVEA_CHECK(, ::testing::ComparedTexts(a, b, #a " is " #b))
#define EXPECT_NEAR(a, b, limit) \
  FOVEA_CHECK(, ::testing::ComparedNear(a, b, limit, #a " near " #b))
#define ASSERT_EQ(a, b) FOVEA_COMPARE(return, a, ==, b)
#define ASSERT_NE(a, b) FOVEA_COMPARE(return, a, !=, b)
#define ASSERT_LT(a, b) FOVEA_COMPARE(return, a, <, b)
#define ASSERT_LE(a, b) FOVEA_COMPARE(return, a, <=, b)
#define ASSERT_GT(a, b) FOVEA_COMPARE(return, a, >, b)
#define ASSERT_GE(a, b) FOVEA_COMPARE(return, a, >=, b)
#define ASSERT_TRUE(a) FOVEA_HOLDS(return, a)
#define ASSERT_FALSE(a) FOVEA_HOLDS(return, !(a))
#define ASSERT_STREQ(a, b) \
  FOVEA_CHECK(return, ::testing::ComparedTexts(a, b, #a " is " #b))
#define ASSERT_NEAR(a, b, limit) \
  FOVEA_CHECK(return, ::testing::ComparedNear(a, b, limit, #a " near " #b))

#define FOVEA_TEST(suite_, name_, base_)                                   \
  class suite_##_##name_##_Test : public base_ {                           \
    void TestBody() override;                                              \
    static ::testing::Test* Make() { return new suite_##_##name_##_Test; } \
    static ::testing::TestInfo info_;                                      \
  };                                                                       \
  ::testing::TestInfo suite_##_##name_##_Test::info_(                      \
      #suite_, #name_, &suite_##_##name_##_Test::Make);                    \
  void suite_##_##name_##_Test::TestBody()
#define TEST(suite, name) FOVEA_TEST(suite, name, ::testing::Test)
#define TEST_F(suite, name) FOVEA_TEST(suite, name, suite)

#define TYPED_TEST_SUITE(suite_, types_) using suite_##_Types = types_
#define TYPED_TEST(suite_, name_)                                      \
  template <class FoveaType>                                           \
  class suite_##_##name_##_Test : public suite_<FoveaType> {           \
   public:                                                             \
    using TypeParam = FoveaType;                                       \
    using TestFixture = suite_<FoveaType>;                             \
    void TestBody() override;                                          \
  };                                                                   \
  const ::testing::TypedTests<suite_##_##name_##_Test, suite_##_Types> \
      suite_##_##name_##_tests(#suite_, #name_);                       \
  template <class FoveaType>                                           \
  void suite_##_##name_##_Test<FoveaType>::TestBody()

#endif  // FOVEA_TESTS_BARE_GTEST_GTEST_H_
