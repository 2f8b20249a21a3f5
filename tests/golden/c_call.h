// SPDX-License-Identifier: Apache-2.0
// The goldens' tensors as the C interface takes them.
#ifndef FOVEA_TESTS_GOLDEN_C_CALL_H_
#define FOVEA_TESTS_GOLDEN_C_CALL_H_

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <memory>

#include "fovea/fovea.h"
#include "fovea/view.h"

namespace fovea::golden {

inline fovea_input InputOf(const View<const float>& view) {
  return {view.data, view.batch_stride, view.head_stride, view.token_stride};
}
inline fovea_output OutputOf(const View<float>& view) {
  return {view.data, view.batch_stride, view.head_stride, view.token_stride};
}
inline fovea_mask MaskOf(const View<const uint8_t>& view) {
  return {view.data, view.batch_stride, view.head_stride, view.token_stride};
}

struct Free {
  void operator()(void* memory) const { free(memory); }
};

// Aligned memory of exactly so many bytes, full of NaNs.
class Buffer {
 public:
  explicit Buffer(size_t bytes) : bytes_(bytes) {
    void* memory = nullptr;
    if (posix_memalign(&memory, FOVEA_ALIGNMENT, bytes == 0 ? 1 : bytes) == 0) {
      memset(memory, 0xff, bytes);
    }
    memory_.reset(memory);
  }
  void* get() const { return memory_.get(); }
  size_t bytes() const { return bytes_; }

 private:
  std::unique_ptr<void, Free> memory_;
  size_t bytes_;
};

// A call with a workspace of its own.
struct CCall {
  CCall(size_t head_dim, size_t value_dim)
      : room(fovea_attention_workspace_bytes(head_dim, value_dim)) {
    call.struct_bytes = sizeof(call);
    call.head_dim = head_dim;
    call.value_dim = value_dim;
    SetRoom();
  }

  // As much as a call on that cache needs, on the target in use.
  void MakeRoomFor(const fovea_cache* cache) {
    room = Buffer(fovea_cache_workspace_bytes(cache));
    SetRoom();
  }

  void SetRoom() {
    call.workspace = room.get();
    call.workspace_bytes = room.bytes();
  }

  Buffer room;
  fovea_attention call = {};
};

// An empty cache for calls of that shape.
struct CCache {
  CCache(const fovea_attention& call, size_t capacity, fovea_element element)
      : CCache(ShapeOf(call, capacity, element)) {}
  explicit CCache(const fovea_cache_shape& of)
      : shape(of), room(fovea_cache_bytes(&shape)) {
    status = fovea_cache_create(&shape, room.get(), room.bytes(), &cache);
  }

  static fovea_cache_shape ShapeOf(const fovea_attention& call, size_t capacity,
                                   fovea_element element) {
    fovea_cache_shape shape = {};
    shape.struct_bytes = sizeof(shape);
    shape.kv_heads = call.kv_heads;
    shape.head_dim = call.head_dim;
    shape.value_dim = call.value_dim;
    shape.capacity = capacity;
    shape.element = element;
    return shape;
  }

  fovea_cache_shape shape;
  Buffer room;
  fovea_cache* cache = nullptr;
  fovea_status status;
};

}  // namespace fovea::golden

#endif  // FOVEA_TESTS_GOLDEN_C_CALL_H_
