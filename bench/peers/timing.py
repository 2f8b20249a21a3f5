# SPDX-License-Identifier: Apache-2.0
"""The best time of a call, as bench/best_time.h has it."""

import time

SAMPLE = 200e-6  # long against reading the clock, short against a time slice
TURN = 10e-3


class BestTime:
    def __init__(self, call):
        self.call, self.calls, self.seconds = call, 1, float("inf")
        while self.calls < 1 << 20 and self.time() < SAMPLE:  # warms up, too
            self.calls *= 2

    def time(self):
        call, repeats = self.call, range(self.calls)
        start = time.perf_counter()
        for _ in repeats:
            call()
        return time.perf_counter() - start

    def sample(self):
        """Some milliseconds of it, three times at least: the first call finds
        the caches as another left them."""
        end, rounds = time.perf_counter() + TURN, 0
        while rounds < 3 or time.perf_counter() < end:
            self.seconds = min(self.seconds, self.time() / self.calls)
            rounds += 1


def sample_in_turns(bests, seconds):
    """What slows the core meets all of them alike."""
    end, rounds = time.perf_counter() + seconds, 0
    while rounds < 2 or time.perf_counter() < end:
        for best in bests:
            best.sample()
        rounds += 1


def best_time(call, seconds):
    best = BestTime(call)
    sample_in_turns([best], seconds)
    return best.seconds
