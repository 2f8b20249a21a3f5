// SPDX-License-Identifier: Apache-2.0
// The same bits from what Cortex-M runs when it is compiled to be small: its
// loops and tables are others then.
#include "integer_bits_test.cc"
