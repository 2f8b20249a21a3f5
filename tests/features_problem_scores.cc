// SPDX-License-Identifier: Apache-2.0
// What changes scores, and everything at once.
#include "features_problem.h"

namespace fovea {

template Status Problem<Softcap>::Go(ProblemWay);
template Status Problem<Alibi>::Go(ProblemWay);
template Status Problem<SinkLogits>::Go(ProblemWay);
template Status Problem<Policy>::Go(ProblemWay);
template Status Problem<EveryCausal>::Go(ProblemWay);
template Status Problem<EveryFull>::Go(ProblemWay);

}  // namespace fovea
