#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Doxygen's view of a header whose comments are plain ones.

  doxygen_filter.py HEADER    the header with Doxygen's comments, line for line

A comment right before a declaration, or after it on its line, documents it; a
list in it becomes parameters where it names those of the function, and return
values where it names a Status. What has no comment of its own has that

  - of what stands before it, where no blank line is between the two,
  - of its struct, where that names it or is scratch,
  - of the template that it specialises,

and an alias, and a constant of the config, say themselves what they are. Line numbers stay, for Doxygen's warnings.
"""

import re
import sys
from typing import NamedTuple

COMMENT = re.compile(r'^(\s*)//(?!/)(.*)$')
TRAILING = re.compile(r'^(.*?\S\s*?)\s*//(?!/)(.*)$')
STRING = re.compile(r'"(\\.|[^"\\])*"|\'(\\.|[^\'\\])\'')
SCOPE = re.compile(r'^(extern "" |template\s*<.*>\s*)*(inline\s+)?'
                   r'(namespace|class|struct|union|enum)\b')
ACCESS = re.compile(r'^\s*(public|private|protected)\s*:')
TARGET = re.compile(r'^(inline namespace|\}\s*// namespace) '
                    r'FOVEA_TARGET_NAMESPACE\b')
STRUCT = re.compile(r'^(?:template\s*<.*?>\s*)?(?:struct|class)\s+'
                    r'(?:alignas\([^)]*\)\s*)?(\w+)(\s*<)?')
MEMBER = re.compile(r'^\s+(?:static |constexpr |const )*[\w:<>*, ]+[ *](\w+)'
                    r'(?:\[.*\])?(?:\s*=.*|\{\})?;')
SCRATCH = re.compile(r'(Workspace|Scratch|Memory)$')
# "Type a, b;": Doxygen would give the comment to one of them.
SEVERAL = re.compile(r'^\s*([\w:]+) (\w+(?:, \w+)+);')
OF_CONFIG = re.compile(r'^\s*static constexpr \w+ \w+ = (Config|R)::\w+;')
ALIAS = re.compile(r'^\s*using (\w+) =')
# "  name, other  what they are", or a Status and when it is given.
ENTRY = re.compile(r'^   ?(\w+(?:, \w+)*)  +(\S.*)$')


def from_c(text):
    """A header of C as one of C++, line for line: block comments at the end of
    a line, or of whole lines, and typedefs of what has a name already."""
    lines, begun, in_item = [], None, False
    for line in text.split('\n'):
        ends = '*/' in line
        line = line.replace('*/', '').rstrip()
        if begun is None:
            if '/*' in line:
                line, begun, in_item = line.replace('/*', '//', 1), len(lines), False
        else:
            words = re.sub(r'^\s*\*? ?', '', line)
            in_item = words.startswith('- ') or (in_item and words[:2] == '  ')
            if in_item and words[:2] == '  ':
                words = words[2:]
            line = '// ' + words if words else '//'
        lines.append(line)
        if begun is not None and not COMMENT.match(lines[begun]):
            # After a declaration: its line takes all of the comment.
            if begun != len(lines) - 1:
                lines[begun] += lines[-1].partition('//')[2]
                lines[-1] = ''
        if ends:
            begun = None
        lines[-1] = re.sub(r'^typedef (struct|enum) (\w+) {', r'\1 \2 {',
                           lines[-1])
        lines[-1] = re.sub(r'^} \w+;', '};', lines[-1])
        if line.startswith('#define'):
            words, at = [], len(lines) - 2
            while lines[at].startswith('// '):
                words.insert(0, lines[at][3:])
                at -= 1
            if words and '//' not in line:
                lines[-1] += '  // ' + ' '.join(words)
    text = '\n'.join(lines)
    return re.sub(r'(#ifdef __cplusplus)\n(?:extern "C" {|})\n', r'\1\n\n', text)


def escaped(text):
    # "q . k" is a product, and no end of a sentence; A<B>::C is no link.
    text = text.replace(' . ', ' &middot; ').replace('>::', '>\0')
    return re.sub(r'([\\@<>#])', r'\\\1', text).replace('\0', '\\::')


def names_of(declaration):
    """The words between a function's parentheses."""
    inside = declaration.partition('(')[2]
    return set(re.findall(r'\w+', inside))


def entry(names, text, declaration):
    listed = [name.strip() for name in names.split(',')]
    if all(name in names_of(declaration) for name in listed):
        return f' @param {",".join(listed)} {escaped(text)}'
    if all(re.match(r'k[A-Z]', name) for name in listed):
        return f' @retval {",".join(listed)} {escaped(text)}'
    return f' - {names}: {escaped(text)}'


def is_code(lines, at):
    return (0 <= at < len(lines) and lines[at].startswith('   ') and
            not ENTRY.match(lines[at]))


def keep_blank_lines_of_code(lines):
    """A blank line between two of code is one of them."""
    return ['   ' if not text.strip() and is_code(lines, at - 1) and
            is_code(lines, at + 1) else text for at, text in enumerate(lines)]


def body(lines, declaration):
    """The texts of a comment's lines, without their slashes."""
    out, deep = [], ''
    lines = keep_blank_lines_of_code(lines)
    for at, text in enumerate(lines):
        match = ENTRY.match(text)
        if match:
            deep = ' ' * match.start(2)
            out.append(entry(match[1], match[2], declaration))
        elif deep and text.startswith(deep):
            out.append(f'   {escaped(text.strip())}')
        elif text.startswith('   '):
            # A formula or code. One line more than it had would move the rest.
            deep = ''
            before = '' if is_code(lines, at - 1) else ' @verbatim'
            after = '' if is_code(lines, at + 1) else ' @endverbatim'
            out.append(before + text + after)
        else:
            # Prose after a list is a paragraph of its own.
            out.append((' @par\n///' if deep and text.strip() else '') +
                       escaped(text))
            deep = ''
    return out


class Words(NamedTuple):
    """What a struct's comment says, and whether it says it of all members."""
    text: str = ''
    of_all: bool = False


class Filter:
    def __init__(self, text):
        self.lines = text.split('\n')
        self.out = []
        # Of each open brace: whether code stands in it, and the comment of its
        # struct.
        self.open = []
        self.statement = ''
        self.shared = ''  # what the comment before the last declaration says
        self.templates = {}  # of a struct template: its comment
        self.pending = Words()  # the comment of the struct that comes next

    def run(self):
        at = self.head()
        while at < len(self.lines):
            at = self.step(at)
        return '\n'.join(self.out)

    def head(self):
        """The file's own comment: after the licence, before the guard."""
        end = self.end_of_comment(0)
        texts = self.texts(0, end)
        if texts and 'SPDX' in texts[0]:
            texts = [' @file'] + body(texts[1:], '')
        self.out += ['///' + text for text in texts]
        return end

    def end_of_comment(self, at):
        while at < len(self.lines) and COMMENT.match(self.lines[at]):
            at += 1
        return at

    def texts(self, at, end):
        return [COMMENT.match(line)[2] for line in self.lines[at:end]]

    def declares(self):
        return not any(is_code for is_code, _ in self.open)

    def declaration(self, at):
        """What begins on that line, up to its brace or semicolon."""
        words = []
        for line in self.lines[at:]:
            words.append(TRAILING.sub(r'\1', line).strip())
            if re.search(r'[{;]\s*$', words[-1]):
                break
        return ' '.join(words)

    def step(self, at):
        line = self.lines[at]
        if TARGET.match(line):
            self.out.append('')
            return at + 1
        if COMMENT.match(line):
            return self.comment(at)
        if not line.strip():
            self.shared = ''
        self.code(line, at)
        return at + 1

    def comment(self, at):
        end = self.end_of_comment(at)
        following = self.lines[end] if end < len(self.lines) else ''
        texts = self.texts(at, end)
        self.shared = ''
        if (not self.declares() or self.statement.strip() or
                following.strip() in ('', '}') or following.startswith('#')):
            self.out += self.lines[at:end]
            return end
        declaration = self.declaration(end)
        indent = COMMENT.match(self.lines[at])[1]
        made = body(texts, declaration)
        self.out += [f'{indent}///{text}' for text in made]
        words = ' '.join(text.strip() for text in texts)
        struct = STRUCT.match(declaration)
        if struct:
            self.templates[struct[1]] = words
            self.pending = Words(words, bool(SCRATCH.search(struct[1])))
        else:
            self.shared = words
        # The declaration has its words.
        self.code(following, end, documented=True)
        return end + 1

    def borrowed(self, line, at):
        """The words for a declaration that has none of its own."""
        declaration = self.declaration(at)
        struct = STRUCT.match(declaration)
        if struct and struct[2]:
            words = self.templates.get(struct[1], '')
            self.pending = Words(words, True)
            return words
        if ALIAS.match(line):
            return 'Short for what it stands for.'
        if OF_CONFIG.match(line):
            return "The config's."
        member = MEMBER.match(f' {declaration}')
        of_struct = self.open[-1][1] if self.open else Words()
        if member and (of_struct.of_all or
                       re.search(rf'\b{member[1]}\b', of_struct.text)):
            return of_struct.text
        function = '(' in declaration and not struct and line.strip() != '}'
        return self.shared if member or function else ''

    def code(self, line, at, documented=False):
        plain = TRAILING.sub(r'\1', STRING.sub('""', line))
        trailing = TRAILING.match(line)
        starts = self.declares() and not self.statement.strip()
        several = SEVERAL.match(plain)
        if trailing and starts and several:
            words = escaped(trailing[2].strip())
            line = ' '.join(f'/** {words} */ {several[1]} {name};'
                            for name in several[2].split(', '))
        elif trailing and self.declares() and '"' not in line:
            line = f'{trailing[1]}  ///<{escaped(trailing[2])}'
        elif starts and several:
            first, *others = several[2].split(', ')
            words = '' if documented else self.borrowed(line, at)
            line = ' '.join([f'/** {escaped(words)} */' if words else '',
                             f'{several[1]} {first};'] +
                            [f'/** As {first}. */ {several[1]} {name};'
                             for name in others])
        elif starts and not documented:
            words = self.borrowed(line, at)
            if words:
                line = f'/** {escaped(words)} */ {line}'
        self.out.append(line)
        if not line.startswith('#'):
            self.follow(ACCESS.sub('', plain))

    def follow(self, code):
        """Which braces are open, and what opened them."""
        for character in code + ' ':
            if character == '{':
                scope = SCOPE.match(self.statement.strip())
                struct = STRUCT.match(self.statement.strip())
                self.open.append((not scope, self.pending if struct else Words()))
                self.pending = Words()
            elif character == '}' and self.open:
                self.open.pop()
            if character in '{};':
                self.statement = ''
            else:
                self.statement += character


def main():
    if len(sys.argv) != 2:
        print(__doc__, file=sys.stderr)
        return 1
    with open(sys.argv[1], encoding='utf-8') as stream:
        text = stream.read()
    if text.startswith('/*'):
        text = from_c(text)
    sys.stdout.write(Filter(text).run())
    return 0


if __name__ == '__main__':
    sys.exit(main())
