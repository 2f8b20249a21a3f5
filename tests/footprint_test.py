#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""tools/footprint.py on call graphs small enough to add up by hand."""

import contextlib
import io
import json
import os
import sys
import tempfile
import unittest

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(__file__), '..', 'tools'))
import footprint  # noqa: E402


def node(name, size, kind='static'):
    return (f'node: {{ title: "a.cc:{name}" label: "{name}()\\na.cc:1:1\\n'
            f'{size} bytes ({kind})" }}\n')


def edge(caller, callee):
    return (f'edge: {{ sourcename: "a.cc:{caller}" targetname: "{callee}" '
            f'label: "a.cc:1:1" }}\n')


def graph(text):
    made = footprint.CallGraph()
    made.read(text)
    return made


class Stack(unittest.TestCase):
    def test_is_that_of_the_deepest_path(self):
        made = graph(node('f', 8) + node('g', 100) + node('h', 40) +
                     node('i', 50) + edge('f', 'a.cc:g') +
                     edge('f', 'a.cc:h') + edge('h', 'a.cc:i') +
                     edge('i', 'a.cc:g'))
        self.assertEqual(made.roots(), ['a.cc:f'])
        self.assertEqual(made.deepest('a.cc:f'),
                         (198, ('f()', 'h()', 'i()', 'g()')))

    def test_counts_what_the_compiler_calls(self):
        made = graph(node('f', 8) + edge('f', 'memcpy'))
        self.assertEqual(made.deepest('a.cc:f')[0],
                         8 + footprint.EXTERNAL_STACK)

    def test_refuses_what_it_does_not_know(self):
        made = graph(node('f', 8) + edge('f', 'malloc'))
        with self.assertRaisesRegex(footprint.Problem, 'malloc'):
            made.deepest('a.cc:f')

    def test_refuses_recursion(self):
        made = graph(node('f', 8) + node('g', 8) + edge('f', 'a.cc:g') +
                     edge('g', 'a.cc:f'))
        with self.assertRaisesRegex(footprint.Problem, 'calls itself'):
            made.deepest('a.cc:f')

    def test_refuses_a_stack_without_a_bound(self):
        with self.assertRaisesRegex(footprint.Problem, 'unknown depth'):
            graph(node('f', 8, 'dynamic'))
        graph(node('f', 8, 'dynamic,bounded'))

    def test_knows_a_constructor_by_its_other_name(self):
        made = graph(node('f', 8) + node('_ZN1AC2Ev', 16) +
                     edge('f', 'a.cc:_ZN1AC1Ev'))
        self.assertEqual(made.deepest('a.cc:f')[0], 24)


class Command(unittest.TestCase):
    def run_on(self, text, *arguments):
        with tempfile.TemporaryDirectory() as directory:
            file = os.path.join(directory, 'a.ci')
            with open(file, 'w', encoding='utf-8') as stream:
                stream.write(text)
            return footprint.main(['stack', file, *arguments])

    def test_holds_a_limit(self):
        text = node('f', 100)
        self.assertEqual(self.run_on(text, '--limit', '100'), 0)
        self.assertEqual(self.run_on(text, '--limit', '99'), 1)

    def test_needs_a_graph(self):
        self.assertEqual(self.run_on('graph: {}'), 1)
        self.assertEqual(footprint.main(['stack', 'no/such/file.ci']), 1)


class Table(unittest.TestCase):
    def test_stands_below_what_the_page_says(self):
        row = {'target': 'm4', 'configuration': 'decode', 'flash': 1,
               'ram': 2, 'stack': None, 'instructions': 3}
        with tempfile.TemporaryDirectory() as directory:
            page = os.path.join(directory, 'page.md')
            with open(page, 'w', encoding='utf-8') as stream:
                stream.write('head\n\n| target | old |\n|---|---|\n')
            rows = os.path.join(directory, 'row.json')
            with open(rows, 'w', encoding='utf-8') as stream:
                json.dump(row, stream)
            out = io.StringIO()
            with contextlib.redirect_stdout(out):
                done = footprint.main(['table', '--before', page, rows])
        self.assertEqual(done, 0)
        self.assertEqual(
            out.getvalue(),
            'head\n\n| target | configuration | flash | RAM | stack | '
            'instructions |\n|---|---|---|---|---|---|\n'
            '| m4 | decode | 1 | 2 |  | 3 |\n')


if __name__ == '__main__':
    unittest.main()
