// SPDX-License-Identifier: Apache-2.0
// What fovea_attention says, checked, as the kernels take it.
#ifndef FOVEA_C_ATTENTION_CALL_H_
#define FOVEA_C_ATTENTION_CALL_H_

#include <cstddef>

#include "fovea/c/call_checks.h"
#include "fovea/fovea.h"
#include "fovea/run_time/attention_problem.h"
#include "fovea/run_time/row_turner.h"
#include "fovea/status.h"
#include "fovea/view.h"

namespace fovea {
namespace c {

// Whether it is a call, and has a shape.
Status CheckShape(const fovea_attention* call) noexcept;

// Everything else of it, once its shape is known to be good.  `keys` are those
// that it attends to; it needs so many bytes of workspace.
Status CheckCall(const fovea_attention& call, Reads reads, size_t keys,
                 size_t workspace_bytes, bool is_partial) noexcept;

// Rotary positions, null where there are none.
Status CheckRotary(const fovea_rotary* rotary, size_t head_dim) noexcept;
run_time::Rotary RotaryOf(const fovea_rotary* from) noexcept;

// Whether the call wants an output of every key.
bool HasMatrix(const fovea_attention& call) noexcept;

// Bytes of workspace for a call of so many keys whose shape is known to be
// good. kUnsupported: too many to count.
Status RunBytes(const fovea_attention& call, size_t keys,
                size_t& bytes) noexcept;

// All of what fovea_attention_run checks, the second that keys and values can
// be computed with; and its work on a call that was.
Status CheckRun(const fovea_attention* call, bool is_partial) noexcept;
Status CheckRunEntries(const fovea_attention& call,
                       bool is_partial = false) noexcept;
void RunChecked(const fovea_attention& call) noexcept;

// The same for a partial's output.
Status CheckPartial(const fovea_partial* to,
                    const fovea_attention& call) noexcept;
Status CheckRange(size_t first_key, size_t end_key, size_t keys) noexcept;

// Of a call that was checked.
run_time::AttentionProblem ProblemOf(const fovea_attention& call, size_t keys,
                                     bool is_partial) noexcept;
void SetPartial(const fovea_partial& partial, size_t first_key, size_t end_key,
                run_time::AttentionProblem& problem) noexcept;

}  // namespace c
}  // namespace fovea

#endif  // FOVEA_C_ATTENTION_CALL_H_
