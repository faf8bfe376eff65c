# SPDX-License-Identifier: BSD-2-Clause
"""The functions that C text declares and defines at its top level."""
import re

import source

PREPROCESSOR = re.compile(r"^[ \t]*#(?:[^\n]*\\\n)*[^\n]*$", re.M)
CALLABLE = re.compile(r"\b([A-Za-z_]\w*)\s*\((?!\s*\*)")


class Function:
    def __init__(self, name, parameters, line, static, defined):
        self.name, self.parameters, self.line = name, parameters, line
        self.static, self.defined = static, defined


def chunks(code):
    """(offset, text, has a body) of each top-level declaration or definition."""
    start, i, depth = 0, 0, 0
    while i < len(code):
        c = code[i]
        depth += (c in "{(") - (c in "})")
        if depth == 0 and c == ";":
            yield start, code[start:i], False
            start = i + 1
        elif depth == 0 and c == "}":
            head = code[start:i].split("{", 1)[0]
            if head.rstrip().endswith(")") and "=" not in head:
                yield start, head, True
                start = i + 1
        i += 1


def parameters(text):
    """The parameters of a list that starts after its parenthesis."""
    depth, n, i = 0, 1, 0
    while i < len(text) and depth >= 0:
        depth += (text[i] in "([{") - (text[i] in ")]}")
        n += text[i] == "," and depth == 0
        i += 1
    return 0 if text[:i - 1].strip() in ("", "void") else n


def functions(text):
    """Every Function of the text, in order; types, variables and macros are left out."""
    code = PREPROCESSOR.sub(lambda m: "\n" * m.group(0).count("\n"), source.bare(text))
    for offset, chunk, defined in chunks(code):
        m = CALLABLE.search(chunk)
        if not m or re.match(r"\s*typedef\b", chunk) or re.search("[={]", chunk[:m.start()]):
            continue
        line = code.count("\n", 0, offset + m.start()) + 1
        static = re.search(r"\bstatic\b", chunk[:m.start()]) is not None
        yield Function(m.group(1), parameters(chunk[m.end():]), line, static, defined)
