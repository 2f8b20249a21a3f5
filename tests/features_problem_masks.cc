// SPDX-License-Identifier: Apache-2.0
// What hides keys.
#include "features_problem.h"

namespace fovea {

template Status Problem<Plain>::Go(ProblemWay);
template Status Problem<Boolean>::Go(ProblemWay);
template Status Problem<BooleanSinkLogits>::Go(ProblemWay);
template Status Problem<Additive>::Go(ProblemWay);
template Status Problem<Causal>::Go(ProblemWay);
template Status Problem<CausalWindow>::Go(ProblemWay);
template Status Problem<CausalSinks>::Go(ProblemWay);
template Status Problem<Window>::Go(ProblemWay);

}  // namespace fovea
