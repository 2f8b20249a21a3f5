#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What a configuration of the library costs a firmware.

  footprint.py stack CALLGRAPH...             worst-case stack of each root
  footprint.py measure ...                    one configuration, as JSON
  footprint.py count ...                      adds a call's instructions to it
  footprint.py table JSON...                  docs/footprint.md

The stack is the deepest path through GCC's call graph (-fcallgraph-info=su, and
-fno-ipa-icf so that no function hides behind another of the same code);
flash and RAM are the linked image less one that does nothing.
"""

import argparse
import json
import pathlib
import re
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / 'bench'))

import instructions  # noqa: E402

# What the compiler may call: (most bytes of stack, what it is). The memory
# functions of newlib and picolibc and the integer helpers of libgcc take less.
EXTERNAL_STACK = 64
EXTERNAL = re.compile(
    r'^(memcpy|memmove|memset|__aeabi_(mem(cpy|move|set|clr)[48]?|[lu]?l?divmod|'
    r'[ui]l?divmod|u?idiv|uldivmod|ldivmod|lmul|llsl|llsr|lasr)|__(c[lt]z|popcount|u?div|'
    r'u?mod|mul|ashl|lshr|ashr)[sd]i[23]|__(c[lt]z|popcount)[sd]i2)$')

NODE = re.compile(r'node: \{ title: "([^"]*)" label: "([^"]*)"')
EDGE = re.compile(r'edge: \{ sourcename: "([^"]*)" targetname: "([^"]*)"')
FRAME = re.compile(r'(\d+) bytes \(([a-z,]+)\)')


class Problem(Exception):
    """Something that cannot be measured, or that breaks a limit."""


def function_of(title):
    """The symbol of a node: a local one has its file before it."""
    return title.rsplit(':', 1)[-1]


class CallGraph:
    def __init__(self):
        self.frames = {}  # title: bytes
        self.names = {}  # title: what a person calls it
        self.calls = {}  # title: titles

    def read(self, text):
        for title, label in NODE.findall(text):
            self.names.setdefault(title, label.split('\\n')[0])
            frame = FRAME.search(label)
            if not frame:
                continue
            if 'dynamic' in frame[2] and 'bounded' not in frame[2]:
                raise Problem(f'{self.names[title]}: a stack of unknown depth')
            self.frames[title] = int(frame[1])
        for source, target in EDGE.findall(text):
            self.calls.setdefault(source, set()).add(target)

    def roots(self):
        """Defined functions that no other calls."""
        called = {t for targets in self.calls.values() for t in targets}
        return sorted(t for t in self.frames if t not in called)

    def deepest(self, title, below=()):
        """(bytes, path) of the deepest path from a function."""
        if title in below:
            raise Problem(f'{self.names.get(title, title)} calls itself')
        # A constructor of the whole object is another name of the base's.
        if title not in self.frames:
            title = title.replace('C1E', 'C2E')
        if title not in self.frames:
            name = function_of(title)
            if not EXTERNAL.match(name):
                raise Problem(f'{name}: nothing is known of its stack')
            return EXTERNAL_STACK, (name,)
        deepest, path = 0, ()
        for target in sorted(self.calls.get(title, ())):
            found, way = self.deepest(target, (*below, title))
            if found > deepest:
                deepest, path = found, way
        name = self.names[title]
        return self.frames[title] + deepest, (name, *path)


def read_graph(files):
    graph = CallGraph()
    for file in files:
        with open(file, encoding='utf-8') as stream:
            graph.read(stream.read())
    if not graph.frames:
        raise Problem(f'no functions in {", ".join(files)}')
    return graph


def worst_stack(files):
    graph = read_graph(files)
    return max(graph.deepest(root) for root in graph.roots())


def image_bytes(size, image):
    """(flash, RAM) of an image; its stack counts with neither."""
    lines = subprocess.run([size, '-A', image], check=True, text=True,
                           capture_output=True).stdout.splitlines()
    flash = ram = 0
    for line in lines:
        fields = line.split()
        if len(fields) != 3 or not fields[0].startswith('.'):
            continue
        name, count = fields[0], int(fields[1])
        if name in ('.vectors', '.text', '.data', '.eh_frame') or \
                name.startswith('.ARM.ex'):
            flash += count
        if name in ('.data', '.bss'):
            ram += count
    if flash == 0:
        raise Problem(f'{image}: no section that is known')
    return flash, ram


def check(what, value, limit):
    if limit is not None and value is not None and value > limit:
        raise Problem(f'{what}: {value} bytes, and the limit is {limit}')


def stack(args):
    worst, path = worst_stack(args.callgraph)
    print(f'{worst} bytes of stack at most:')
    for name in path:
        print(f'  {name[:150]}')
    check('stack', worst, args.limit)


def measure(args):
    empty_flash, empty_ram = image_bytes(args.size, args.empty)
    flash, ram = image_bytes(args.size, args.image)
    row = {'target': args.target, 'configuration': args.configuration,
           'flash': flash - empty_flash, 'ram': ram - empty_ram,
           'stack': None}
    if args.callgraph:
        row['stack'] = worst_stack(args.callgraph)[0]
    print(json.dumps(row))
    if args.out:
        with open(args.out, 'w', encoding='utf-8') as stream:
            json.dump(row, stream)
    for what in ('flash', 'stack'):
        check(f'{args.configuration}: {what}', row[what],
              getattr(args, f'limit_{what}'))


def count(args):
    _, counts = instructions.run(args.image, args.plugin, args.nm,
                                 args.emulator)
    if len(counts) != 1:
        raise Problem(f'{args.image}: {len(counts)} calls, and not one')
    file = pathlib.Path(args.json)
    row = json.loads(file.read_text('utf-8'))
    row['instructions'] = counts[0]
    file.write_text(json.dumps(row), 'utf-8')


def table(args):
    rows = []
    for file in args.json:
        with open(file, encoding='utf-8') as stream:
            rows.append(json.load(stream))
    if args.before:
        with open(args.before, encoding='utf-8') as stream:
            text = stream.read()
        print(text.split('| target |')[0], end='')
    columns = ('target', 'configuration', 'flash', 'ram', 'stack',
               'instructions')
    print('| target | configuration | flash | RAM | stack | instructions |')
    print('|---' * len(columns) + '|')
    for row in rows:
        cells = [row.get(column) for column in columns]
        print('| ' + ' | '.join('' if cell is None else str(cell)
                                for cell in cells) + ' |')


def main(argv):
    parser = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    commands = parser.add_subparsers(required=True)
    command = commands.add_parser('stack')
    command.add_argument('callgraph', nargs='+')
    command.add_argument('--limit', type=int)
    command.set_defaults(run=stack)
    command = commands.add_parser('measure')
    for name in ('target', 'configuration', 'size', 'empty', 'image'):
        command.add_argument(f'--{name}', required=True)
    command.add_argument('--callgraph', nargs='*', default=[])
    command.add_argument('--out')
    command.add_argument('--limit-flash', type=int)
    command.add_argument('--limit-stack', type=int)
    command.set_defaults(run=measure)
    command = commands.add_parser('count')
    for name in ('json', 'image', 'plugin', 'nm'):
        command.add_argument(f'--{name}', required=True)
    command.add_argument('emulator', nargs='+')
    command.set_defaults(run=count)
    command = commands.add_parser('table')
    command.add_argument('json', nargs='+')
    command.add_argument('--before', help='a page, for what stands above it')
    command.set_defaults(run=table)
    args = parser.parse_args(argv)
    try:
        args.run(args)
    except (Problem, instructions.Problem, OSError,
            subprocess.CalledProcessError) as problem:
        print(f'footprint: {problem}', file=sys.stderr)
        return 1
    return 0


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
