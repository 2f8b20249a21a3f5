#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""fovea through its C interface beside PyTorch, ONNX Runtime and OpenBLAS.

peers.py LIBRARY [--openblas FILE] [--torch DIRECTORY] [--seconds N]
         [--cases P1,D3] [--page PAGE]

One process, one thread. Each peer that is at hand computes each case; a result
that is off float64's is refused before it is timed. Then all are timed in turns,
and of each the best counts. LIBRARY is libfovea.so, FILE what the target
fovea_openblas_peer builds, DIRECTORY where another Python keeps PyTorch, PAGE
docs/performance.md.
"""

import argparse
import os
import pathlib
import platform
import sys

# Before any of them is loaded.
for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[variable] = "1"

import cases
import numpy as np
import report
import timing


def find_peers(library, openblas):
    """(peers, {name: why it is not there})."""
    import fovea_peer

    peers, missing = [fovea_peer.Peer(library)], {}
    for name, module, arguments in (
        ("PyTorch", "torch_peer", []),
        ("ONNX Runtime", "onnxruntime_peer", []),
        ("OpenBLAS", "openblas_peer", [openblas]),
    ):
        if None in arguments:
            missing[name] = "not built"
            continue
        try:
            peers.append(__import__(module).Peer(*arguments))
        except (ImportError, OSError) as error:
            missing[name] = " ".join(str(error).split())
    return peers, missing


def checked_calls(peer, case, given, expected):
    """[(form, call)] of those whose result is right."""
    good = []
    for form, call, result in peer.calls(case, given):
        call()
        error = np.abs(result() - expected).max()
        if not error <= case.tolerance:
            raise ValueError(f"{case.name}: {peer.name}'s {form} is off by {error:.1e}")
        good.append((form, call))
    return good


def time_case(case, peers, seconds):
    """{peer: (seconds, form)} of the best form of each."""
    given = cases.inputs(case)
    expected = cases.expected(case, given)
    contestants = []
    for peer in peers:
        for form, call in checked_calls(peer, case, given, expected):
            contestants.append((peer.name, form, timing.BestTime(call)))
    timing.sample_in_turns([best for _, _, best in contestants], seconds)
    times = {}
    for name, form, best in contestants:
        times[name] = min(times.get(name, (best.seconds, form)), (best.seconds, form))
    return times


def processor():
    """As the system names it."""
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:
            for line in file:
                if line.startswith("model name"):
                    return line.split(":", 1)[1].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("library")
    parser.add_argument("--openblas")
    parser.add_argument("--torch")
    parser.add_argument("--seconds", type=float, default=4, help="a case (4)")
    parser.add_argument("--cases", help="names, as P1,D3 (all)")
    parser.add_argument("--machine", default=processor(), help="its name in the page")
    parser.add_argument("--page")
    arguments = parser.parse_args()
    wanted = arguments.cases.split(",") if arguments.cases else None
    if arguments.torch:
        sys.path.append(arguments.torch)
    peers, missing = find_peers(arguments.library, arguments.openblas)
    for name, why in missing.items():
        print(f"without {name}: {why}")
    rows = []
    for case in cases.CASES:
        if wanted is None or case.name in wanted:
            times = time_case(case, peers, arguments.seconds)
            rows.append((str(case), times))
            print(report.line(case.name, times), flush=True)
    versions = {peer.name: peer.version() for peer in peers}
    empty = timing.best_time(peers[0].empty_call, 0.1)
    text = report.section(rows, versions, missing, arguments.machine, empty)
    print("\n" + text)
    if arguments.page:
        page = pathlib.Path(arguments.page)
        old = page.read_text(encoding="utf-8")
        page.write_text(report.with_section(old, text), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
