// SPDX-License-Identifier: Apache-2.0
// A cache as bytes, for the tests that save, change and open them.
#ifndef FOVEA_TESTS_SAVED_CACHE_H_
#define FOVEA_TESTS_SAVED_CACHE_H_

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <vector>

#include "fovea/cache_bytes.h"
#include "fovea/status.h"

namespace fovea {

// Bytes as a board has them: aligned, and no more than there are.
class Saved {
 public:
  template <class Cache>
  explicit Saved(const Cache& cache, unsigned char before = 0xa5)
      : Saved(cache.SavedBytes(), before) {
    status_ = cache.Save(data(), size());
  }
  explicit Saved(size_t bytes, unsigned char before = 0xa5)
      : bytes_(bytes + 63, before), size_(bytes) {}

  unsigned char* data() {
    const uintptr_t start = reinterpret_cast<uintptr_t>(bytes_.data());
    return bytes_.data() + (64 - start % 64) % 64;
  }
  size_t size() const { return size_; }
  Status status() const { return status_; }

  CacheHeader Header() {
    CacheHeader header;
    std::memcpy(&header, data(), sizeof(header));
    return header;
  }
  // Writes it with a good checksum.
  void Set(CacheHeader header) {
    header.header_sum = HeaderSum(header);
    std::memcpy(data(), &header, sizeof(header));
  }

  // Changes what follows the header, and both checksums.
  void SetFloat(size_t at, float value) {
    unsigned char* arrays = data() + sizeof(CacheHeader);
    std::memcpy(arrays + at, &value, sizeof(value));
    CacheHeader header = Header();
    header.data_sum = Checksum(arrays, size_ - sizeof(header));
    Set(header);
  }

 private:
  std::vector<unsigned char> bytes_;
  size_t size_;
  Status status_ = Status::kOk;
};

}  // namespace fovea

#endif  // FOVEA_TESTS_SAVED_CACHE_H_
