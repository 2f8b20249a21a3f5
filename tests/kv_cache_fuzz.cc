// SPDX-License-Identifier: Apache-2.0
// Random sequences of what can be done to a cache, beside a model that keeps
// every token and computes in double.  For libFuzzer: ./dev fuzz.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <memory>
#include <type_traits>
#include <vector>

#include "fovea/attention.h"
#include "fovea/cache_view.h"
#include "fovea/kv_cache.h"
#include "fovea/stored.h"

namespace fovea {
namespace {

// Aborts, which the fuzzer takes for a find.
void Check(bool holds, const char* what, int line) {
  if (holds) return;
  std::fprintf(stderr, "line %d: %s\n", line, what);
  std::abort();
}
#define CHECK(condition) Check(condition, #condition, __LINE__)

// The input, byte by byte; zeros after its end.
class Bytes {
 public:
  Bytes(const uint8_t* data, size_t size) : data_(data), left_(size) {}

  bool Done() const { return left_ == 0; }
  size_t Next() {
    if (left_ == 0) return 0;
    --left_;
    return *data_++;
  }
  size_t UpTo(size_t most) { return (Next() * 256 + Next()) % (most + 1); }

 private:
  const uint8_t* data_;
  size_t left_;
};

struct Base : AttentionConfig {
  static constexpr size_t kHeads = 2, kKvHeads = 1, kHeadDim = 3;
  static constexpr size_t kValueDim = 2, kMaxQueries = 40, kMaxKeys = 150;
  static constexpr bool kCausal = true;
};
struct Full : Base {};
struct Half : Base {
  using CacheElement = hwy::bfloat16_t;
};
struct Quarter : Base {
  using CacheElement = int8_t;
};
struct QuarterRing : Base {
  using CacheElement = int8_t;
  static constexpr size_t kWindow = 70, kSinks = 3;
  static constexpr bool kRing = true;
};
struct Ring : Base {
  static constexpr size_t kWindow = 70, kSinks = 3;
  static constexpr bool kRing = true;
};
struct TightRing : Base {
  using CacheElement = hwy::float16_t;
  static constexpr size_t kWindow = 64, kSinks = 70, kMaxQueries = 1;
  static constexpr bool kRing = true;
};

// A token's numbers, by the number of the append that made it.
struct Token {
  float q[2][3], k[3], v[2];

  explicit Token(uint32_t number) {
    uint32_t state = number * 2654435761u + 12345u;
    const auto next = [&] {
      state = state * 1664525u + 1013904223u;
      return static_cast<float>(static_cast<int32_t>(state)) * 0x1p-30f;
    };
    for (auto& row : q) {
      for (float& x : row) x = next();
    }
    for (float& x : k) x = next();
    for (float& x : v) x = next();
  }
};

template <class Config>
constexpr bool kIsInt8 =
    std::is_same<typename Config::CacheElement, int8_t>::value;

template <class Config>
float AsStored(float x) {
  if constexpr (kIsInt8<Config>) {
    return x;
  } else {
    typename Config::CacheElement stored;
    Store(x, stored);
    return hwy::ConvertScalarTo<float>(stored);
  }
}

template <class Config>
class Fuzz {
  using R = Resolved<Config>;
  using Attention = fovea::Attention<Config>;
  using Cache = KvCache<Config>;
  using View = CacheView<Config>;
  static constexpr bool kRing = R::kRing;

 public:
  explicit Fuzz(Bytes& bytes) : bytes_(bytes) { cache_->Clear(); }

  void Run() {
    while (!bytes_.Done()) {
      switch (bytes_.Next() % 8) {
        case 0:
        case 1:
          Step(1 + bytes_.UpTo(R::kMaxQueries - 1));
          break;
        case 2:
          Append(1 + bytes_.UpTo(99));
          break;
        case 3:
          Truncate(bytes_.UpTo(160));
          break;
        case 4:
          cache_->Clear();
          tokens_.clear();
          newest_ = 0;
          break;
        case 5:
          SaveAndRestore();
          break;
        case 6:
          OpenDamaged();
          break;
        default:
          Attend(bytes_.UpTo(150), 1 + bytes_.UpTo(R::kMaxQueries - 1));
      }
      CHECK(cache_->position() == tokens_.size());
      CHECK(cache_->size() <= Cache::capacity());
    }
  }

 private:
  bool HasRoom(size_t count) const {
    return kRing || tokens_.size() + count <= R::kMaxKeys;
  }

  // The oldest token that a query at `position` sees is still in the ring.
  bool Holds(size_t position) const {
    if (!kRing || newest_ <= Cache::capacity()) return true;
    const size_t gone = newest_ - Cache::Span::kRingTokens;
    return position + 1 >= R::kWindow + gone;
  }

  void Append(size_t count) {
    const std::vector<Token> more = Make(count);
    Fill(more);
    const Status status = cache_->Append(call_.k, call_.v, count);
    CHECK(status == (HasRoom(count) ? Status::kOk : Status::kCacheFull));
    if (status == Status::kOk) Keep(more);
  }

  void Step(size_t count) {
    const std::vector<Token> more = Make(count);
    Fill(more);
    const Status status = Attention::Step(call_, *cache_, *workspace_);
    CHECK(status == (HasRoom(count) ? Status::kOk : Status::kCacheFull));
    if (status != Status::kOk) return;
    const size_t first = tokens_.size();
    Keep(more);
    ExpectOutputs(first, count);
  }

  void Attend(size_t back, size_t count) {
    if (tokens_.empty()) return;
    const size_t first = tokens_.size() - std::min(back, tokens_.size());
    count = std::min(count, tokens_.size() - first);
    if (count == 0) return;
    Fill({tokens_.begin() + static_cast<ptrdiff_t>(first),
          tokens_.begin() + static_cast<ptrdiff_t>(first + count)});
    call_.first_position = static_cast<int64_t>(first);
    const Status status = Attention::Attend(call_, *cache_, *workspace_);
    CHECK(status == (Holds(first) ? Status::kOk : Status::kForgotten));
    if (status == Status::kOk) ExpectOutputs(first, count);
  }

  void Truncate(size_t count) {
    Status expected = Status::kOk;
    if (count > tokens_.size()) {
      expected = Status::kTooManyTokens;
    } else if (!Holds(tokens_.size() - count)) {
      expected = Status::kForgotten;
    }
    CHECK(cache_->Truncate(count) == expected);
    if (expected != Status::kOk) return;
    tokens_.erase(tokens_.end() - static_cast<ptrdiff_t>(count), tokens_.end());
    if (newest_ <= Cache::capacity()) newest_ = tokens_.size();
  }

  void Save() {
    saved_.assign(cache_->SavedBytes() / sizeof(Line), Line{});
    const size_t bytes = saved_.size() * sizeof(Line);
    CHECK(bytes == cache_->SavedBytes());
    CHECK(bytes <= Cache::MostSavedBytes());
    if (bytes_.Next() % 4 == 0) {
      CHECK(cache_->Save(saved_.data(), bytes - 1) == Status::kTooShort);
    }
    CHECK(cache_->Save(saved_.data(), bytes) == Status::kOk);
  }

  // Goes on with a copy that held something else.
  void SaveAndRestore() {
    Save();
    auto other = std::make_unique<Cache>();
    std::memset(static_cast<void*>(other.get()), 0xee, sizeof(Cache));
    CHECK(other->Restore(saved_.data(), saved_.size() * sizeof(Line)) ==
          Status::kOk);
    cache_ = std::move(other);
  }

  // A few bytes changed, or missing, and nothing but a Status comes of it.
  void OpenDamaged() {
    Save();
    size_t bytes = saved_.size() * sizeof(Line);
    unsigned char* data = saved_.data()->bytes;
    const std::vector<unsigned char> good(data, data + bytes);
    const size_t changes = bytes_.Next() % 4;
    for (size_t i = 0; i < changes; ++i) {
      data[bytes_.UpTo(65535) % bytes] ^=
          static_cast<unsigned char>(bytes_.Next());
    }
    if (bytes_.Next() % 2 == 0) {  // a header that only looks right
      CacheHeader header;
      std::memcpy(&header, data, sizeof(header));
      header.header_sum = HeaderSum(header);
      std::memcpy(data, &header, sizeof(header));
    }
    if (bytes_.Next() % 4 == 0) bytes = bytes_.UpTo(bytes);
    const std::vector<Line> exact = Exactly(bytes);
    View view;
    const Status status = View::Open(exact.data(), bytes, view);
    const bool same =
        bytes == good.size() && std::memcmp(good.data(), data, bytes) == 0;
    CHECK(!same || status == Status::kOk);
    if (status == Status::kOk && view.size() > 0) {
      // Whatever it is, it can be read.
      Fill(Make(1));
      call_.first_position = static_cast<int64_t>(view.position()) - 1;
      const Status attended = Attention::Attend(call_, view, *workspace_);
      CHECK(attended == Status::kOk || attended == Status::kForgotten);
    }
    const size_t size = cache_->size();
    if (cache_->Restore(exact.data(), bytes) != Status::kOk) {
      CHECK(cache_->size() == size);
      return;
    }
    CHECK(status == Status::kOk);
    std::memcpy(data, good.data(), good.size());
    CHECK(cache_->Restore(data, good.size()) == Status::kOk);
  }

  // The first bytes where a read beyond them is seen.
  struct alignas(64) Line {
    unsigned char bytes[64];
  };
  std::vector<Line> Exactly(size_t bytes) const {
    std::vector<Line> lines(bytes / sizeof(Line) + 1);
    std::memcpy(static_cast<void*>(lines.data()), saved_.data(), bytes);
    return lines;
  }

  std::vector<Token> Make(size_t count) {
    std::vector<Token> tokens;
    for (size_t i = 0; i < count; ++i) tokens.emplace_back(++made_);
    return tokens;
  }

  void Keep(const std::vector<Token>& more) {
    tokens_.insert(tokens_.end(), more.begin(), more.end());
    newest_ = std::max(newest_, tokens_.size());
  }

  void Fill(std::vector<Token> tokens) {
    current_ = std::move(tokens);
    const size_t count = current_.size();
    constexpr size_t kStep = sizeof(Token) / sizeof(float);
    const Token& first = current_[0];
    out_.assign(count * 4, std::numeric_limits<float>::quiet_NaN());
    call_ = {};
    call_.q = {&first.q[0][0], 0, 3, kStep};
    call_.k = {first.k, 0, 0, kStep};
    call_.v = {first.v, 0, 0, kStep};
    call_.out = {out_.data(), 0, 2, 4};
    call_.queries = count;
  }

  bool Visible(size_t query, size_t key) const {
    if (key > query) return false;
    return R::kWindow == 0 || query - key < R::kWindow || key < R::kSinks;
  }

  void ExpectOutputs(size_t first, size_t count) const {
    for (size_t i = 0; i < count; ++i) {
      for (size_t head = 0; head < 2; ++head) {
        double expected[2];
        Reference(first + i, head, expected);
        for (size_t d = 0; d < 2; ++d) {
          const double error = out_[i * 4 + head * 2 + d] - expected[d];
          // Entries of int8 are up to 2 / 127 apart.
          CHECK(std::fabs(error) <= (kIsInt8<Config> ? 0.1 : 2e-5));
        }
      }
    }
  }

  void Reference(size_t query, size_t head, double (&out)[2]) const {
    double sum = 0;
    out[0] = out[1] = 0;
    for (size_t key = 0; key <= query; ++key) {
      if (!Visible(query, key)) continue;
      double score = 0;
      for (size_t d = 0; d < 3; ++d) {
        score += double{tokens_[query].q[head][d]} *
                 double{AsStored<Config>(tokens_[key].k[d])};
      }
      const double p = std::exp(score / std::sqrt(3.0));  // |score| <= 7
      sum += p;
      for (size_t d = 0; d < 2; ++d) {
        out[d] += p * double{AsStored<Config>(tokens_[key].v[d])};
      }
    }
    for (double& x : out) x /= sum;
  }

  Bytes& bytes_;
  std::unique_ptr<Cache> cache_ = std::make_unique<Cache>();
  std::unique_ptr<typename Attention::Workspace> workspace_ =
      std::make_unique<typename Attention::Workspace>();
  std::vector<Token> tokens_;   // of the stream
  std::vector<Token> current_;  // of the call
  std::vector<float> out_;
  std::vector<Line> saved_;
  typename Attention::Call call_;
  size_t newest_ = 0;  // tokens when there were most
  uint32_t made_ = 0;
};

}  // namespace
}  // namespace fovea

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  fovea::Bytes bytes(data, size);
  switch (bytes.Next() % 6) {
    case 0:
      fovea::Fuzz<fovea::Full>(bytes).Run();
      break;
    case 1:
      fovea::Fuzz<fovea::Half>(bytes).Run();
      break;
    case 2:
      fovea::Fuzz<fovea::Ring>(bytes).Run();
      break;
    case 3:
      fovea::Fuzz<fovea::Quarter>(bytes).Run();
      break;
    case 4:
      fovea::Fuzz<fovea::QuarterRing>(bytes).Run();
      break;
    default:
      fovea::Fuzz<fovea::TightRing>(bytes).Run();
  }
  return 0;
}
