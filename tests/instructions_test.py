# SPDX-License-Identifier: Apache-2.0
"""When bench/instructions.py says that instructions have grown."""

import pathlib
import sys
import unittest

sys.path.insert(
    0, str(pathlib.Path(__file__).resolve().parent.parent / "bench")
)

import instructions


def counts(instructions_of_t1, compiler="g++ 12", **more):
    case = {"what": "", "macs": 1000}
    cases = {"T1": case | {"instructions": instructions_of_t1}}
    for name, count in more.items():
        cases[name] = case | {"instructions": count}
    return {"cortex-m4f": {"compiler": compiler, "cases": cases}}


class Changes(unittest.TestCase):
    def test_the_same(self):
        self.assertEqual(
            instructions.changes(counts(10000), counts(10000)), ([], False)
        )

    def test_two_percent_more_is_told(self):
        (line,), worse = instructions.changes(counts(10000), counts(10200))
        self.assertFalse(worse)
        self.assertEqual(
            line, "cortex-m4f T1: 10000 to 10200 instructions, +2.00 %"
        )

    def test_more_than_that_is_an_error(self):
        (line,), worse = instructions.changes(counts(10000), counts(10201))
        self.assertTrue(worse)
        self.assertIn("+2.01 %: more than 2 %", line)

    def test_one_of_several_suffices(self):
        lines, worse = instructions.changes(
            counts(10000, DEC=500), counts(9000, DEC=550)
        )
        self.assertTrue(worse)
        self.assertIn("-10.00 %", lines[0])
        self.assertIn("DEC: 500 to 550 instructions, +10.00 %", lines[1])

    def test_fewer_are_no_error(self):
        lines, worse = instructions.changes(counts(10000), counts(5000))
        self.assertFalse(worse)
        self.assertEqual(len(lines), 1)

    def test_another_compiler_is_told(self):
        (line,), worse = instructions.changes(
            counts(10000), counts(10000, compiler="g++ 13")
        )
        self.assertFalse(worse)
        self.assertIn("compiled by g++ 13, recorded with g++ 12", line)

    def test_both_have_all_cases(self):
        for old, new in (
            (counts(1, DEC=1), counts(1)),
            (counts(1), counts(1, DEC=1)),
            ({}, counts(1)),
        ):
            with self.assertRaises(instructions.Problem):
                instructions.changes(old, new)


class Measuring(unittest.TestCase):
    def test_addresses(self):
        nm = "00000101 T FoveaCountBegin\n00000200 T FoveaCountEnd\n"
        self.assertEqual(instructions.addresses(nm), [0x100, 0x200])
        with self.assertRaises(instructions.Problem):
            instructions.addresses("00000101 T FoveaCountBegin\n")

    def test_cases(self):
        text = "case T1 100 two words\ncase DEC 50 more\n"
        cases = instructions.cases_of(text, [7, 8])
        self.assertEqual(
            cases["T1"], {"what": "two words", "macs": 100, "instructions": 7}
        )
        self.assertEqual(cases["DEC"]["instructions"], 8)
        with self.assertRaises(instructions.Problem):
            instructions.cases_of(text, [7])


class Page(unittest.TestCase):
    def test_the_table_is_replaced(self):
        page = "head\n\n| old |\n|---|\n| 1 |\n\nfoot\n"
        self.assertEqual(
            instructions.with_table(page, counts(2500)),
            "head\n\n| case | | cortex-m4f |\n|---|---|---|\n"
            "| T1 |  | 2.500 |\n\nfoot\n",
        )


if __name__ == "__main__":
    unittest.main()
