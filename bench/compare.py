#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Compares the results of several devices, hosts and boards alike.

compare.py [NAME=]RESULTS.json...   a table: each case's time on each of them

A result is what fovea_bench wrote as JSON; NAME stands above its column, else
the file's. Instructions of an emulated board are times of a nanosecond each
(docs/firmware.md).
"""

import argparse
import pathlib
import sys

import results as bench

NANOSECONDS = {"ns": 1, "us": 1e3, "ms": 1e6, "s": 1e9}


def time_text(nanoseconds):
    for unit, size in (("s", 1e9), ("ms", 1e6), ("µs", 1e3)):
        if nanoseconds >= size:
            return f"{nanoseconds / size:.3g} {unit}"
    return f"{nanoseconds:.3g} ns"


def nanoseconds(case):
    """None for a case without a time of its own, as the machine's limits."""
    time = case["real_time"] * NANOSECONDS[case["time_unit"]]
    return time if time > 0 and "/manual_time" in case["name"] else None


def rows(devices):
    """[case, time or None on each device] for each that any of them has."""
    names = []
    for device in devices:
        names += [name for name in device.cases if name not in names]
    for name in names:
        times = [
            nanoseconds(d.cases[name]) if name in d.cases else None
            for d in devices
        ]
        if any(times):
            yield [name, *times]


def table(titles, devices):
    yield "| case | " + " | ".join(titles) + " |"
    yield "|---" * (len(titles) + 1) + "|"
    for name, *times in rows(devices):
        cells = [time_text(time) if time else "" for time in times]
        yield f"| {name} | " + " | ".join(cells) + " |"


def main():
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("results", nargs="+", metavar="[NAME=]RESULTS.json")
    titles, devices = [], []
    for argument in parser.parse_args().results:
        name, _, path = argument.rpartition("=")
        titles.append(name or pathlib.Path(path).stem)
        try:
            devices.append(bench.load(path))
        except OSError as error:
            return f"compare.py: {error}"
        except (ValueError, KeyError, TypeError):
            return f"compare.py: {path}: not Google Benchmark's JSON"
    print(*table(titles, devices), sep="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
