# SPDX-License-Identifier: BSD-2-Clause
"""A second opinion on tokens of header values (rule R1 of t/corpus/journal/README.md)."""
import re

# A comment, with comments in it; a quoted string; a token; a semicolon ends it all.
COMMENT = re.compile(rb"\((?:\\.|[^()\\])*\)", re.S)
LEXEME = re.compile(rb'"((?:\\.|[^"\\])*)"|([^\x00-\x20\x7f()<>@,;:\\"/\[\]?=]+)|(;)', re.S)


def token(v):
    """(token in lower case, True when nothing but parameters follows). Innermost comments go
    first, until no comment is left."""
    before = None
    while before != v:
        before, v = v, COMMENT.sub(b" ", v)
    m = LEXEME.search(v)
    if not m or m.group(3):
        return b"", True
    word = m.group(2) or re.sub(rb"\\(.)", rb"\1", m.group(1), flags=re.S).strip()
    rest = v[m.end():].strip()
    return word.lower(), not rest or rest[:1] in (b";", b"(")
