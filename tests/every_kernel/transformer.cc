// SPDX-License-Identifier: Apache-2.0
#include "fovea/transformer.h"

#include "fovea/embedding.h"

namespace every_kernel {

template <fovea::Activation kActivationOf, bool kPre>
struct Stacked : fovea::TransformerConfig {
  static constexpr size_t kHeads = 4, kHeadDim = 16, kHiddenDim = 128;
  static constexpr size_t kMaxQueries = 8, kMaxKeys = 40, kLayers = 2;
  static constexpr fovea::Activation kActivation = kActivationOf;
  static constexpr bool kCausal = true, kPreNorm = kPre;
};
using Encoder =
    fovea::TransformerEncoder<Stacked<fovea::Activation::kGelu, true>>;
using Decoder =
    fovea::TransformerDecoder<Stacked<fovea::Activation::kGeluTanh, false>>;

struct TransformerMemory {
  Encoder::Workspace encoder;
  Encoder::Cache encoder_caches[2];
  Decoder::Workspace decoder;
  Decoder::Cache decoder_caches[2];
  Decoder::MemoryCache memories[2];
};

fovea::Status LinkTransformer(const Encoder::Weights& encoder,
                              const Encoder::Call& encode,
                              const Decoder::Weights& decoder,
                              const Decoder::Call& decode,
                              const uint32_t* tokens, float* x,
                              TransformerMemory& m) {
  FOVEA_RETURN_IF_BAD(fovea::Embedding<64>::Run(x, 9, tokens, 2, 1, x, 64));
  FOVEA_RETURN_IF_BAD(fovea::LearnedPositions<64>::Add(x, 9, 0, 2, x, 64));
  static constexpr fovea::SinusoidalPositions<64> kPositions;
  FOVEA_RETURN_IF_BAD(kPositions.Add(3, 2, x, 64));
  FOVEA_RETURN_IF_BAD(Encoder::Run(encoder, encode, m.encoder));
  FOVEA_RETURN_IF_BAD(
      Encoder::Step(encoder, encode, m.encoder_caches, m.encoder));
  FOVEA_RETURN_IF_BAD(Decoder::Run(decoder, decode, m.decoder));
  FOVEA_RETURN_IF_BAD(
      Decoder::CacheMemory(decoder, decode.memory, 2, m.memories, m.decoder));
  return Decoder::Step(decoder, decode, m.decoder_caches, m.memories,
                       m.decoder);
}

}  // namespace every_kernel
