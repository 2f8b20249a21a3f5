# SPDX-License-Identifier: Apache-2.0
"""How bench/peers reports the times of fovea and its peers."""

import pathlib
import sys
import unittest

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "bench" / "peers"))

import report


def times(**seconds):
    return {name.replace("_", " "): (s, f"f{name[0]}") for name, s in seconds.items()}


ROWS = [
    ("P1: 8 heads", times(fovea=1e-3, PyTorch=2.5e-3, ONNX_Runtime=2e-3)),
    ("D3: 4 heads", times(fovea=2e-6, ONNX_Runtime=3e-6)),
]


class Report(unittest.TestCase):
    def test_a_peer_stands_beside_fovea_by_its_ratio(self):
        self.assertEqual(
            report.row(*ROWS[0]),
            "| P1: 8 heads | 1 ms | 2.5 ms (2.5 x) | 2 ms (2.0 x) |  |",
        )

    def test_a_missing_peer_has_an_empty_cell(self):
        self.assertEqual(
            report.row(*ROWS[1]), "| D3: 4 heads | 2 µs |  | 3 µs (1.5 x) |  |"
        )

    def test_forms_name_their_cases(self):
        self.assertEqual(report.forms(ROWS, "ONNX Runtime"), "`fO` (P1, D3)")
        self.assertEqual(report.forms(ROWS, "PyTorch"), "`fP` (P1)")

    def test_the_section_names_versions_and_machine(self):
        missing = {"OpenBLAS": "not built"}
        text = report.section(ROWS, {"fovea": "0.1.0"}, missing, "a chip", 3e-7)
        self.assertIn("One core of a chip", text)
        self.assertIn("0.3 µs are the call from Python", text)
        self.assertIn("- fovea 0.1.0: `ff` (P1, D3)", text)
        self.assertIn("- without OpenBLAS", text)
        self.assertEqual(len([x for x in text.splitlines() if x.startswith("| ")]), 3)


class Page(unittest.TestCase):
    NEW = f"{report.BEGIN}\nnew\n{report.END}"

    def test_the_section_takes_the_place_of_the_old_one(self):
        page = f"above\n\n{report.BEGIN}\nold\n{report.END}\n\nbelow\n"
        self.assertEqual(
            report.with_section(page, self.NEW), f"above\n\n{self.NEW}\n\nbelow\n"
        )

    def test_a_page_without_a_place_is_refused(self):
        for page in ("nothing", f"{report.BEGIN}\nno end"):
            with self.assertRaises(ValueError):
                report.with_section(page, self.NEW)

    def test_the_committed_page_has_a_place(self):
        page = (ROOT / "docs" / "performance.md").read_text(encoding="utf-8")
        self.assertIn(self.NEW, report.with_section(page, self.NEW))


if __name__ == "__main__":
    unittest.main()
