// SPDX-License-Identifier: Apache-2.0
// What the tests' C++ asks of a target that has picolibc and C++'s headers, but
// no C++ library: memory, and an end where an exception would be thrown.
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <new>
#include <string>

#include "port/port.h"

namespace {

// picolibc keeps errno where the thread pointer points to.
alignas(64) char thread_memory[256];

[[gnu::constructor(101), gnu::used]] void SetThreadPointer() {
#if defined(__aarch64__)
  __asm__ volatile("msr tpidr_el0, %0" ::"r"(thread_memory));
#elif defined(__riscv)
  __asm__ volatile("mv tp, %0" ::"r"(thread_memory));
#endif
}

void* Allocate(size_t bytes, size_t alignment) {
  void* const memory = aligned_alloc(alignment, bytes);
  if (memory == nullptr) fovea::port::Trap("out of memory");
  return memory;
}

}  // namespace

// Others find it compiled in the C++ library.
template class std::basic_string<char>;

void* operator new(size_t bytes) { return Allocate(bytes, 16); }
void* operator new[](size_t bytes) { return Allocate(bytes, 16); }
void* operator new(size_t bytes, std::align_val_t alignment) {
  return Allocate(bytes, static_cast<size_t>(alignment));
}
void operator delete(void* memory) noexcept { free(memory); }
void operator delete[](void* memory) noexcept { free(memory); }
void operator delete(void* memory, size_t) noexcept { free(memory); }
void operator delete[](void* memory, size_t) noexcept { free(memory); }
void operator delete(void* memory, std::align_val_t) noexcept { free(memory); }
void operator delete(void* memory, size_t, std::align_val_t) noexcept {
  free(memory);
}

namespace std {
void __throw_length_error(const char* why) { fovea::port::Trap(why); }
void __throw_logic_error(const char* why) { fovea::port::Trap(why); }
void __throw_out_of_range_fmt(const char* why, ...) { fovea::port::Trap(why); }
void __throw_bad_alloc() { fovea::port::Trap("bad_alloc"); }
void __throw_bad_array_new_length() { fovea::port::Trap("bad_array_length"); }
}  // namespace std

extern "C" {
extern void* __dso_handle;
void* __dso_handle = nullptr;
int __cxa_atexit(void (*)(void*), void*, void*);
void __cxa_pure_virtual();

// Nothing is destroyed at the end of an image.
int __cxa_atexit(void (*)(void*), void*, void*) { return 0; }
void __cxa_pure_virtual() { fovea::port::Trap("a pure virtual call"); }
}
