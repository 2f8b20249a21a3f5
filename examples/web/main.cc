// SPDX-License-Identifier: Apache-2.0
// What the page calls: a stream in static memory.  Addresses are given to
// JavaScript, which reads and writes there.
#include "stream.h"

namespace {

web::Memory memory;
uint8_t prompt[web::kContext];
web::Stream stream(memory);

}  // namespace

#define FOVEA_EXPORT(name) extern "C" __attribute__((export_name(#name)))

// Where the weights file goes, and how long it may be.
FOVEA_EXPORT(file) unsigned char* File() { return memory.file.bytes; }
FOVEA_EXPORT(fileCapacity) size_t FileCapacity() {
  return sizeof(memory.file.bytes);
}
// Takes it: null, or what is wrong with its first `size` bytes.
FOVEA_EXPORT(useWeights) const char* UseWeights(size_t size) {
  return tinylm::UseWeights(memory.file, size, memory.weights);
}

// Where a prompt goes, and how long it may be.
FOVEA_EXPORT(prompt) uint8_t* Prompt() { return prompt; }
FOVEA_EXPORT(promptCapacity) size_t PromptCapacity() { return sizeof(prompt); }

// Stream::Begin, Advance: null, or the Status' name.
static const char* NameOrNull(fovea::Status status) {
  return status == fovea::Status::kOk ? nullptr : fovea::Name(status);
}
FOVEA_EXPORT(begin)
const char* Begin(size_t size, uint64_t seed, float temperature) {
  return NameOrNull(stream.Begin(prompt, size, seed, temperature));
}
FOVEA_EXPORT(advance) const char* Advance() {
  return NameOrNull(stream.Advance());
}

FOVEA_EXPORT(text) const uint8_t* Text() { return memory.text; }
FOVEA_EXPORT(textCapacity) size_t TextCapacity() { return web::kMostText; }
FOVEA_EXPORT(textSize) size_t TextSize() { return stream.size(); }
FOVEA_EXPORT(contextBegin) size_t ContextBegin() { return stream.begin(); }
FOVEA_EXPORT(contextEnd) size_t ContextEnd() { return stream.read(); }

// [context][context], rows as far as the context is read.
FOVEA_EXPORT(map) const float* Map(size_t layer, size_t head) {
  return memory.maps[layer][head][0];
}
FOVEA_EXPORT(layers) size_t Layers() { return web::kLayers; }
FOVEA_EXPORT(heads) size_t Heads() { return web::kHeads; }
FOVEA_EXPORT(context) size_t Context() { return web::kContext; }

// Bytes of memory, for the page to say.
FOVEA_EXPORT(cacheBytes) size_t CacheBytes() { return sizeof(memory.caches); }
FOVEA_EXPORT(workspaceBytes) size_t WorkspaceBytes() {
  return sizeof(memory.workspace);
}
FOVEA_EXPORT(mapBytes) size_t MapBytes() { return sizeof(memory.maps); }
