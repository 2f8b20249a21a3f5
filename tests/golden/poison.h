// SPDX-License-Identifier: Apache-2.0
// Memory as a board may find it.
#ifndef FOVEA_TESTS_GOLDEN_POISON_H_
#define FOVEA_TESTS_GOLDEN_POISON_H_

#include <string.h>

#include <memory>

namespace fovea::golden {

// A T whose memory holds NaNs: nothing may rely on zeros in a workspace, nor in
// a cache but for what Clear() sets.
template <class T>
std::unique_ptr<T> MakePoisoned() {
  std::unique_ptr<T> object(new T);
  memset(static_cast<void*>(object.get()), 0xff, sizeof(T));
  return object;
}

}  // namespace fovea::golden

#endif  // FOVEA_TESTS_GOLDEN_POISON_H_
