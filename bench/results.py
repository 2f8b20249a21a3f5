# SPDX-License-Identifier: Apache-2.0
"""What fovea_bench wrote as JSON, and whether it keeps its promises."""

import json
import re
import statistics
from typing import NamedTuple

GROWTH_TOLERANCE = 0.05  # of the median


class SweepCase(NamedTuple):
    path: str  # run: plain tensors; attend: a cache
    queries: int
    keys: int
    dim: int
    causal: bool
    speedup: float  # time of the unfused composition / time of fovea

    def __str__(self):
        mask = "causal" if self.causal else "full"
        return (
            f"{self.path}, {self.queries} queries, {self.keys} keys, "
            f"dim {self.dim}, {mask}"
        )


class GrowthCase(NamedTuple):
    tokens: int
    causal: bool
    picoseconds: float  # time / tokens^2


class Results:
    """The cases of one run by their names, without Benchmark's suffixes."""

    def __init__(self, document):
        self.context = document["context"]
        self.cases = {}
        self.failed = []  # (name, why)
        for case in document["benchmarks"]:
            if case.get("run_type") == "aggregate":
                continue
            name = re.sub(r"/(iterations:\d+|manual_time)", "", case["name"])
            if case.get("error_occurred"):
                self.failed.append((name, case.get("error_message", "")))
            else:
                self.cases[name] = case

    def sweep(self):
        found = []
        for name, case in self.cases.items():
            match = re.fullmatch(
                r"sweep/(\w+)/queries(\d+)/keys(\d+)/dim(\d+)/(causal|full)",
                name,
            )
            if match:
                path, queries, keys, dim, mask = match.groups()
                found.append(
                    SweepCase(
                        path,
                        int(queries),
                        int(keys),
                        int(dim),
                        mask == "causal",
                        case["speedup"],
                    )
                )
        return found

    def growth(self, causal):
        """By number of tokens."""
        case = self.cases.get("growth/causal" if causal else "growth/full", {})
        prefix = "ps_per_n2_"
        return sorted(
            GrowthCase(int(counter.removeprefix(prefix)), causal, value)
            for counter, value in case.items()
            if counter.startswith(prefix)
        )

    def fma_peak(self):
        """Operations a second, or None."""
        case = self.cases.get("machine/fma_peak")
        return case["flops"] if case else None

    def read_bandwidths(self):
        """{bytes read over and over: bytes a second}"""
        return {
            int(name.rsplit("/", 1)[1]): case["bytes_per_s"]
            for name, case in self.cases.items()
            if name.startswith("machine/read/")
        }


def load(path):
    with open(path, encoding="utf-8") as file:
        return Results(json.load(file))


def median_growth(cases):
    return statistics.median(case.picoseconds for case in cases)


def broken_promises(results):
    """A line for each; none when fused loses nowhere and the growth is flat."""
    lines = [f"failed: {name}: {why}" for name, why in results.failed]
    for case in results.sweep():
        if case.speedup < 1:
            lines.append(
                f"fused loses: {case}: {case.speedup:.3f} of the unfused speed"
            )
    for causal in (False, True):
        cases = results.growth(causal)
        for case in cases:
            off = case.picoseconds / median_growth(cases) - 1
            if abs(off) > GROWTH_TOLERANCE:
                lines.append(
                    f"growth: {case.tokens} tokens, "
                    f"{'causal' if causal else 'full'}: time / N^2 is "
                    f"{100 * off:+.1f} % off the median"
                )
    return lines
