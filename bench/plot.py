#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Draws what fovea_bench measured, or checks what it promises.

fovea_bench --benchmark_out=results.json --benchmark_out_format=json
plot.py results.json           draws roofline.png, sweep.png and growth.png
plot.py --check results.json   says where fused loses to unfused and where
                               the cost does not grow as N^2; exit code 1
                               if anywhere
"""

import argparse
import pathlib
import sys

import results as bench


class Parser(argparse.ArgumentParser):
    def error(self, message):
        self.exit(1, f"{self.prog}: {message} (see --help)\n")


def parse_arguments():
    parser = Parser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("results", metavar="results.json")
    parser.add_argument(
        "--check", action="store_true", help="check, and draw nothing"
    )
    parser.add_argument(
        "--out",
        metavar="DIR",
        type=pathlib.Path,
        default=pathlib.Path(__file__).resolve().parent.parent / "docs/images",
        help="where the pictures go (default: docs/images)",
    )
    return parser.parse_args()


def check(results):
    sweep = results.sweep()
    growth = results.growth(False) + results.growth(True)
    if not sweep and not growth and not results.failed:
        sys.exit("plot.py: neither a sweep nor growth in these results")
    lines = bench.broken_promises(results)
    print(*lines, sep="\n", end="\n" if lines else "")
    print(
        f"{len(sweep)} shapes against unfused, {len(growth)} lengths: "
        f"{len(lines) or 'no'} broken promise{'s' * (len(lines) != 1)}"
    )
    return 1 if lines else 0


def draw(results, out):
    try:
        import pictures
    except ImportError:
        sys.exit("plot.py: needs matplotlib (Debian: python3-matplotlib)")
    out.mkdir(parents=True, exist_ok=True)
    for name, function, there in (
        ("roofline", pictures.roofline, results.fma_peak()),
        ("sweep", pictures.sweep, results.sweep()),
        (
            "growth",
            pictures.growth,
            results.growth(False) or results.growth(True),
        ),
    ):
        path = out / f"{name}.png"
        if there:
            function(results, path)
            print(path)
        else:
            print(f"plot.py: no cases for {path.name}", file=sys.stderr)
    return 0


def main():
    arguments = parse_arguments()
    try:
        results = bench.load(arguments.results)
    except OSError as error:
        sys.exit(f"plot.py: {error}")
    except (ValueError, KeyError, TypeError):
        sys.exit(f"plot.py: {arguments.results}: not Google Benchmark's JSON")
    if arguments.check:
        return check(results)
    return draw(results, arguments.out)


if __name__ == "__main__":
    sys.exit(main())
