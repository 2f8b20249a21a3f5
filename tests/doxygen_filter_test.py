#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""tools/doxygen_filter.py on declarations of each kind."""

import os
import sys
import unittest

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(__file__), '..', 'tools'))
import doxygen_filter  # noqa: E402

LICENCE = '// SPDX-License-Identifier: Apache-2.0\n'


def filtered(text):
    return doxygen_filter.Filter(text).run()


class Filter(unittest.TestCase):
    def test_keeps_line_numbers_and_code(self):
        text = (LICENCE + '// What it is.\n#ifndef A_H_\n#define A_H_\n\n'
                'namespace a {\n\n// Adds.\nint Add(int x);  // why\n\n}\n'
                '#endif\n')
        made = filtered(text).split('\n')
        self.assertEqual(len(made), len(text.split('\n')))
        self.assertEqual(made[0], '/// @file')
        self.assertEqual(made[1], '/// What it is.')
        self.assertEqual(made[7], '/// Adds.')
        self.assertEqual(made[8], 'int Add(int x);  ///< why')

    def test_leaves_code_alone(self):
        text = '\ninline int F() {\n  // Why.\n  return 1;  // so\n}\n'
        self.assertEqual(filtered(text), text)

    def test_knows_parameters_and_statuses(self):
        made = filtered('\n// Packs.\n//   x, y  rows, of\n//         floats\n'
                        '//   kZeroCount  none\n//   note  other\n'
                        'Status Pack(const float* x, float* y);\n')
        self.assertIn('/// @param x,y rows, of\n///   floats\n', made)
        self.assertIn('/// @retval kZeroCount none\n', made)
        self.assertIn('/// - note: other\n', made)

    def test_keeps_formulas(self):
        made = filtered('\n// Is\n//\n//   y = a < b\n//\n//   z\n//\n// so.\n'
                        'int f();\n')
        self.assertIn('/// @verbatim   y = a < b\n///   \n'
                      '///   z @endverbatim\n', made)

    def test_escapes_what_doxygen_would_read(self):
        self.assertIn(r'/// A View\<T\>, q &middot; k, \@ \#.',
                      filtered('\n// A View<T>, q . k, @ #.\nint f();\n'))

        self.assertIn(r'As A\<T\>\::B.', filtered('\n// As A<T>::B.\nint f();'))

    def test_reads_comments_of_c(self):
        text = ('/* Rules:\n *\n * - one of\n *   two lines\n */\n'
                '#define ONE 1 /* the first */\n'
                '/* What\n * two is. */\n#define TWO 2\n\n'
                '#ifdef __cplusplus\nextern "C" {\n#endif\n\n'
                '/* A pair. */\ntypedef struct pair {\n'
                '  int a; /* the first\n          * of two */\n'
                '  /* Steps. */\n  int b, c;\n} pair;\n')
        made = doxygen_filter.from_c(text)
        self.assertEqual(made.count('\n'), text.count('\n'))
        self.assertIn('// - one of\n// two lines\n', made)
        self.assertIn('#define TWO 2  // What two is.\n', made)
        self.assertIn('#ifdef __cplusplus\n\n#endif\n', made)
        self.assertIn('// A pair.\nstruct pair {\n  int a; // the first of two\n',
                      made)
        self.assertIn('\n};\n', made)
        documented = filtered(made)
        self.assertIn('#define ONE 1  ///< the first\n', documented)
        self.assertIn('/// Steps.\n int b; /** As b. */ int c;', documented)

    def test_documents_each_of_several(self):
        made = filtered('\nstruct A {\n  int x, y;  // Both.\n};\n')
        self.assertIn('/** Both. */ int x; /** Both. */ int y;', made)

    def test_lends_to_the_next_member(self):
        made = filtered('\nstruct A {\n  // A row.\n  int x;\n  int y;\n\n'
                        '  int z;\n};\n')
        self.assertIn('/** A row. */   int y;', made)
        self.assertIn('\n  int z;', made)

    def test_lends_to_what_a_struct_names(self):
        made = filtered('\n// Has x.\nstruct A {\n  int x;\n  int y;\n};\n')
        self.assertIn('/** Has x. */   int x;', made)
        self.assertIn('\n  int y;', made)

    def test_lends_to_a_specialisation(self):
        made = filtered('\n// With a.\ntemplate <bool>\nstruct A {};\n'
                        'template <>\nstruct A<true> {\n  int x;\n};\n')
        self.assertIn('/** With a. */ template <>', made)
        self.assertIn('/** With a. */   int x;', made)

    def test_hides_the_namespace_of_the_target(self):
        made = filtered('inline namespace FOVEA_TARGET_NAMESPACE {\n'
                        '}  // namespace FOVEA_TARGET_NAMESPACE\n')
        self.assertEqual(made.strip(), '')

    def test_does_not_invent(self):
        text = '\nstruct A {\n  int x;\n};\n\nint F(int y);\n'
        self.assertEqual(filtered(text), text)


if __name__ == '__main__':
    unittest.main()
