// SPDX-License-Identifier: Apache-2.0
#include <cstddef>
#include <cstdint>

#include "fovea/c/cache_buffer.h"
#include "fovea/c/saved_buffer.h"
#include "fovea/c/status_out.h"
#include "fovea/cache_bytes.h"
#include "fovea/check.h"
#include "fovea/fovea.h"

namespace fovea {
namespace c {
namespace {

constexpr Arithmetic kPlain = Arithmetic::kFloat;
static_assert(FOVEA_FLOAT32 == ElementCode<float>(kPlain) &&
                  FOVEA_BFLOAT16 == ElementCode<hwy::bfloat16_t>(kPlain) &&
                  FOVEA_FLOAT16 == ElementCode<hwy::float16_t>(kPlain) &&
                  FOVEA_INT8 == ElementCode<int8_t>(kPlain) &&
                  FOVEA_INT8 < kInt8ScoresElement,
              "as in the saved bytes");

uint16_t CodeOf(const fovea_cache& cache) noexcept {
  return static_cast<uint16_t>(cache.element);
}

// Of a cache like this one that holds so many tokens.
size_t DataBytes(const fovea_cache& cache, size_t tokens) noexcept {
  size_t bytes = 0;
  WithElement(cache, [&](const auto& arrays) { bytes = arrays.Bytes(tokens); });
  return bytes;
}

Status Save(const fovea_cache* cache, void* to, size_t bytes) noexcept {
  FOVEA_RETURN_IF_BAD(CheckCache(cache));
  Status status = Status::kOk;
  WithElement(*cache, [&](const auto& arrays) {
    status = SaveTo(*cache, CodeOf(*cache), arrays, to, bytes);
  });
  return status;
}

Status Restore(fovea_cache* cache, const void* from, size_t bytes) noexcept {
  FOVEA_RETURN_IF_BAD(CheckCache(cache));
  Status status = Status::kOk;
  WithElement(*cache, [&](const auto& arrays) {
    status = RestoreFrom(*cache, CodeOf(*cache), arrays, from, bytes);
  });
  return status;
}

}  // namespace
}  // namespace c
}  // namespace fovea

extern "C" size_t fovea_cache_saved_bytes(const fovea_cache* cache) {
  if (fovea::c::CheckCache(cache) != fovea::Status::kOk) return 0;
  return sizeof(fovea::CacheHeader) +
         fovea::c::DataBytes(*cache, fovea::c::UsedSlots(*cache));
}

extern "C" fovea_status fovea_cache_save(const fovea_cache* cache, void* to,
                                         size_t bytes) {
  return fovea::c::Out(fovea::c::Save(cache, to, bytes));
}

extern "C" fovea_status fovea_cache_restore(fovea_cache* cache,
                                            const void* from, size_t bytes) {
  return fovea::c::Out(fovea::c::Restore(cache, from, bytes));
}
