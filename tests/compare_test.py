# SPDX-License-Identifier: Apache-2.0
"""How bench/compare.py puts the results of devices side by side."""

import pathlib
import sys
import unittest

sys.path.insert(
    0, str(pathlib.Path(__file__).resolve().parent.parent / "bench")
)

import compare
import results


def device(**times):
    cases = [
        {
            "name": f"{name}/heads8/iterations:1/manual_time",
            "real_time": time,
            "time_unit": unit,
        }
        for name, (time, unit) in times.items()
    ]
    peak = {
        "name": "machine/fma_peak/iterations:1",
        "real_time": 5,
        "time_unit": "ns",
    }
    return results.Results({"context": {}, "benchmarks": [*cases, peak]})


class Table(unittest.TestCase):
    def test_devices_are_columns(self):
        host = device(T1=(1.5, "ms"), P1=(2, "s"))
        board = device(T1=(12429597, "ns"), T3=(250, "us"))
        self.assertEqual(
            list(compare.table(["host", "board"], [host, board])),
            [
                "| case | host | board |",
                "|---|---|---|",
                "| T1/heads8 | 1.5 ms | 12.4 ms |",
                "| P1/heads8 | 2 s |  |",
                "| T3/heads8 |  | 250 µs |",
            ],
        )

    def test_cases_without_a_time_are_left_out(self):
        self.assertEqual(len(list(compare.rows([device()]))), 0)


if __name__ == "__main__":
    unittest.main()
