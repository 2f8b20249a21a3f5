# SPDX-License-Identifier: Apache-2.0
"""What bench/results.py calls a broken promise."""

import pathlib
import sys
import unittest

sys.path.insert(
    0, str(pathlib.Path(__file__).resolve().parent.parent / "bench")
)

import results


def broken(*cases):
    document = {"context": {}, "benchmarks": cases}
    return results.broken_promises(results.Results(document))


def sweep_case(speedup, **more):
    name = "sweep/run/queries4/keys512/dim16/full/iterations:1/manual_time"
    return {"name": name, "run_type": "iteration", "speedup": speedup, **more}


def growth_case(**picoseconds):
    counters = {f"ps_per_n2_{n[1:]}": ps for n, ps in picoseconds.items()}
    name = "growth/causal/iterations:1/manual_time"
    return {"name": name, "run_type": "iteration", **counters}


class BrokenPromises(unittest.TestCase):
    def test_fused_wins(self):
        self.assertEqual(broken(sweep_case(1.01)), [])

    def test_fused_loses(self):
        (line,) = broken(sweep_case(0.91))
        self.assertIn("run, 4 queries, 512 keys, dim 16, full: 0.910", line)

    def test_failed_case(self):
        (line,) = broken(
            sweep_case(0, error_occurred=True, error_message="they differ")
        )
        self.assertIn("they differ", line)

    def test_flat_growth(self):
        self.assertEqual(broken(growth_case(n512=104, n1024=100, n2048=96)), [])

    def test_steep_growth(self):
        (line,) = broken(growth_case(n512=99, n1024=100, n2048=106))
        self.assertIn("2048 tokens, causal", line)
        self.assertIn("+6.0 %", line)

    def test_other_cases_promise_nothing(self):
        self.assertEqual(broken({"name": "P1/heads8", "real_time": 1.0}), [])

    def test_aggregates_are_no_cases(self):
        self.assertEqual(
            broken(sweep_case(0.5) | {"run_type": "aggregate"}), []
        )


if __name__ == "__main__":
    unittest.main()
