// SPDX-License-Identifier: Apache-2.0
// An object whose undefined symbols no_runtime_symbols.cmake looks at.
#include "every_kernel.h"

fovea::Status LinkEverything(const every_kernel::MultiHead::Weights& weights,
                             const every_kernel::MultiHead::Call& call,
                             const every_kernel::FullAttention::Call& full,
                             float* x,
                             const every_kernel::Block::Weights& block,
                             every_kernel::Memory& memory);
fovea::Status LinkEverything(const every_kernel::MultiHead::Weights& weights,
                             const every_kernel::MultiHead::Call& call,
                             const every_kernel::FullAttention::Call& full,
                             float* x,
                             const every_kernel::Block::Weights& block,
                             every_kernel::Memory& memory) {
  return every_kernel::UseAll(weights, call, full, x, block, memory);
}

fovea::Status LinkFeatures(const every_kernel::AnyAttention::Call& call,
                           const every_kernel::AnyAttention::Partial& partial,
                           every_kernel::Memory& memory);
fovea::Status LinkFeatures(const every_kernel::AnyAttention::Call& call,
                           const every_kernel::AnyAttention::Partial& partial,
                           every_kernel::Memory& memory) {
  return every_kernel::UseFeatures(call, partial, memory);
}

fovea::Status LinkCaches(const every_kernel::EndlessAttention::Call& endless,
                         const every_kernel::HalfAttention::Call& half,
                         const every_kernel::SmallAttention::Call& small,
                         fovea::KvCache<every_kernel::Endless>* const* streams,
                         void* saved, every_kernel::Memory& memory);
fovea::Status LinkCaches(const every_kernel::EndlessAttention::Call& endless,
                         const every_kernel::HalfAttention::Call& half,
                         const every_kernel::SmallAttention::Call& small,
                         fovea::KvCache<every_kernel::Endless>* const* streams,
                         void* saved, every_kernel::Memory& memory) {
  return every_kernel::UseCaches(endless, half, small, streams, saved, memory);
}

fovea::Status LinkTransformer(const every_kernel::Encoder::Weights& encoder,
                              const every_kernel::Encoder::Call& encode,
                              const every_kernel::Decoder::Weights& decoder,
                              const every_kernel::Decoder::Call& decode,
                              const uint32_t* tokens, float* x,
                              every_kernel::Memory& memory);
fovea::Status LinkTransformer(const every_kernel::Encoder::Weights& encoder,
                              const every_kernel::Encoder::Call& encode,
                              const every_kernel::Decoder::Weights& decoder,
                              const every_kernel::Decoder::Call& decode,
                              const uint32_t* tokens, float* x,
                              every_kernel::Memory& memory) {
  return every_kernel::UseTransformer(encoder, encode, decoder, decode, tokens,
                                      x, memory);
}
