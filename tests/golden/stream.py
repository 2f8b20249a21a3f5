# SPDX-License-Identifier: Apache-2.0
"""The integer generator every golden input comes from, in NumPy.

golden.h holds the same few lines in C++.  Value i of a stream depends on the
stream's seed and on i alone, so both sides can produce any part of a tensor in
any order, and no library's random numbers are involved.
"""

import numpy as np

GOLDEN_RATIO = 0x9E3779B97F4A7C15
MASK64 = (1 << 64) - 1


def mix64(z):
    """The output function of SplitMix64, on a NumPy array of uint64."""
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))


def fnv1a(text):
    """64-bit FNV-1a over the bytes of a string: a case's seed is its name's."""
    value = 0xCBF29CE484222325
    for byte in text.encode():
        value = ((value ^ byte) * 0x100000001B3) & MASK64
    return value


def tensor_seed(case_seed, tensor):
    """The seed of the stream of tensor number `tensor` of a case."""
    start = (case_seed + tensor) & MASK64
    return int(mix64(np.array([start], np.uint64))[0])


def values(case_seed, tensor, shape):
    """A float32 tensor, uniform in [-2, 2): multiples of 2^-22, so exact."""
    count = int(np.prod(shape))
    index = np.arange(1, count + 1, dtype=np.uint64)
    seed = np.uint64(tensor_seed(case_seed, tensor))
    bits = mix64(seed + index * np.uint64(GOLDEN_RATIO)) >> np.uint64(40)
    integer = bits.astype(np.int32) - (1 << 23)
    return (integer.astype(np.float32) * np.float32(2.0**-22)).reshape(shape)
