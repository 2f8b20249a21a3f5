#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Executed instructions of the kernels, which repeat exactly under emulation.

  instructions.py measure --target T --plugin P --nm NM --program F -- EMULATOR...
                          counts one target's program, as JSON
  instructions.py merge MEASURED...            several targets' as one
  instructions.py compare RECORDED MEASURED... what has changed; exit code 1
                          where something grew by more than 2 %
  instructions.py page RECORDED PAGE           replaces the page's table

bench/instructions.json holds the recorded ones; `./dev bench --instructions` does
all of this.
"""

import argparse
import json
import pathlib
import re
import subprocess
import sys
import tempfile

TOLERANCE = 0.02
MARKERS = ("FoveaCountBegin", "FoveaCountEnd")


class Problem(Exception):
    """Something that cannot be measured or compared."""


def addresses(nm_output):
    """Of the two markers."""
    found = {}
    for line in nm_output.splitlines():
        fields = line.split()
        if len(fields) == 3 and fields[2] in MARKERS:
            found[fields[2]] = int(fields[0], 16) & ~1  # without Thumb's bit
    if len(found) != 2:
        raise Problem(f"the program lacks {' or '.join(MARKERS)}")
    return [found[marker] for marker in MARKERS]


def cases_of(text, counts):
    """{name: case} of what the program said and the plugin counted."""
    lines = re.findall(r"^case (\S+) (\d+) (.*)$", text, re.MULTILINE)
    if not lines or len(lines) != len(counts):
        raise Problem(f"{len(lines)} cases, {len(counts)} counts:\n{text}")
    return {
        name: {"what": what.strip(), "macs": int(macs), "instructions": count}
        for (name, macs, what), count in zip(lines, counts)
    }


def run(program, plugin, nm, emulator):
    symbols = subprocess.run(
        [nm, program], check=True, text=True, capture_output=True
    ).stdout
    begin, end = addresses(symbols)
    with tempfile.TemporaryDirectory() as directory:
        out = pathlib.Path(directory) / "counts"
        arguments = f"{plugin},begin={begin:#x},end={end:#x},out={out}"
        done = subprocess.run(
            [emulator[0], "-plugin", arguments, *emulator[1:], program],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,  # where semihosting writes
            text=True,
        )
        if done.returncode != 0:
            raise Problem(f"{program}: {done.returncode}:\n{done.stdout}")
        return done.stdout, [int(line) for line in out.read_text().split()]


def measure(args):
    text, counts = run(args.program, args.plugin, args.nm, args.emulator)
    compiler = re.search(r"^compiler (.*)$", text, re.MULTILINE)
    if not compiler:
        raise Problem(f"no compiler named:\n{text}")
    return {
        args.target: {
            "compiler": compiler[1],
            "cases": cases_of(text, counts),
        }
    }


def changes(recorded, measured):
    """([lines that say what changed], whether something grew too much)."""
    lines, worse = [], False
    for target, now in measured.items():
        if target not in recorded:
            raise Problem(f"{target}: not recorded")
        before, cases = recorded[target]["cases"], now["cases"]
        if now["compiler"] != recorded[target]["compiler"]:
            lines.append(
                f"{target}: compiled by {now['compiler']}, "
                f"recorded with {recorded[target]['compiler']}"
            )
        for name in before.keys() - cases.keys():
            raise Problem(f"{target} {name}: recorded, and not measured")
        for name, case in cases.items():
            if name not in before:
                raise Problem(f"{target} {name}: not recorded")
            old, new = before[name]["instructions"], case["instructions"]
            if old == new:
                continue
            grown = new > old * (1 + TOLERANCE)
            worse |= grown
            lines.append(
                f"{target} {name}: {old} to {new} instructions, "
                f"{100 * (new / old - 1):+.2f} %"
                f"{': more than 2 %' if grown else ''}"
            )
    return lines, worse


def table(recorded):
    """Instructions a multiply-add."""
    cases = {}
    for target in recorded.values():
        cases.update(target["cases"])
    yield "| case | | " + " | ".join(recorded) + " |"
    yield "|---" * (len(recorded) + 2) + "|"
    for name, case in cases.items():
        cells = [
            f"{c['instructions'] / c['macs']:.3f}"
            for c in (target["cases"][name] for target in recorded.values())
        ]
        yield f"| {name} | {case['what']} | " + " | ".join(cells) + " |"


def with_table(page, recorded):
    """The page with another table in place of its first."""
    lines = page.splitlines()
    rows = [i for i, line in enumerate(lines) if line.startswith("|")]
    if not rows:
        raise Problem("the page has no table")
    end = rows[0]
    while end < len(lines) and lines[end].startswith("|"):
        end += 1
    lines[rows[0] : end] = table(recorded)
    return "\n".join(lines) + "\n"


def load(paths):
    every = {}
    for path in paths:
        every.update(json.loads(pathlib.Path(path).read_text("utf-8")))
    return every


def parse_arguments(argv):
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(dest="command", required=True)
    command = commands.add_parser("measure")
    for name in ("target", "plugin", "nm", "program"):
        command.add_argument(f"--{name}", required=True)
    command.add_argument("emulator", nargs="+")
    command = commands.add_parser("compare")
    command.add_argument("recorded")
    command.add_argument("measured", nargs="+")
    command = commands.add_parser("merge")
    command.add_argument("measured", nargs="+")
    command = commands.add_parser("page")
    command.add_argument("recorded")
    command.add_argument("page", type=pathlib.Path)
    return parser.parse_args(argv)


def compare(args):
    lines, worse = changes(load([args.recorded]), load(args.measured))
    print(*lines, sep="\n", end="\n" if lines else "")
    print(f"instructions: {'grown' if worse else 'not grown'}")
    return 1 if worse else 0


def main(argv):
    args = parse_arguments(argv)
    try:
        if args.command == "measure":
            print(json.dumps(measure(args), indent=1))
        elif args.command == "merge":
            print(json.dumps(load(args.measured), indent=1))
        elif args.command == "page":
            page = args.page.read_text("utf-8")
            args.page.write_text(
                with_table(page, load([args.recorded])), "utf-8"
            )
        else:
            return compare(args)
    except (Problem, OSError, ValueError, subprocess.SubprocessError) as why:
        print(f"instructions.py: {why}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
