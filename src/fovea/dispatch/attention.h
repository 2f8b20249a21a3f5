// SPDX-License-Identifier: Apache-2.0
// Attention on the best target of this CPU, or on the one that was chosen.
#ifndef FOVEA_DISPATCH_ATTENTION_H_
#define FOVEA_DISPATCH_ATTENTION_H_

#include <cstddef>

#include "fovea/run_time/attention_problem.h"

namespace fovea {
namespace run_time {

// Unchecked.  workspace: 64-byte aligned, WorkspaceBytes.
size_t WorkspaceBytes(size_t head_dim, size_t value_dim) noexcept;

// Causal or not, with lse: on tensors, on a cache of floats.
void AttendPlain(const AttentionProblem& problem, void* workspace) noexcept;
void AttendPlainCache(const AttentionProblem& problem,
                      void* workspace) noexcept;
// With every option.
void AttendRich(const AttentionProblem& problem, void* workspace) noexcept;
// On a cache: of float only what is rich, of the others whatever it is.
void AttendFloatCache(const AttentionProblem& problem,
                      void* workspace) noexcept;
void AttendBFloat16Cache(const AttentionProblem& problem,
                         void* workspace) noexcept;
void AttendFloat16Cache(const AttentionProblem& problem,
                        void* workspace) noexcept;
// With a workspace of its own size.
void AttendInt8Cache(const AttentionProblem& problem, void* workspace) noexcept;
size_t Int8WorkspaceBytes(size_t head_dim, size_t value_dim) noexcept;

}  // namespace run_time
}  // namespace fovea

#endif  // FOVEA_DISPATCH_ATTENTION_H_
