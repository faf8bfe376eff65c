# SPDX-License-Identifier: BSD-2-Clause
"""The comments of a file: C comments, "#" comments, and the docstrings of Python."""
import ast
import io
import re
import tokenize

import source

DOCUMENTED = (ast.Module, ast.FunctionDef, ast.ClassDef)
C_TOKEN = re.compile(r"/\*.*?\*/|//[^\n]*|\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])*'", re.S)


def of_c(text):
    for m in C_TOKEN.finditer(text):
        if m.group(0)[0] == "/":
            body = re.sub(r"^/[*/]+|\*/$", "  ", m.group(0))
            yield text.count("\n", 0, m.start()) + 1, re.sub(r"(?m)^[ \t]*\*(?!\*)", "", body)


def of_python(text):
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, DOCUMENTED) and ast.get_docstring(node):
            yield node.body[0].lineno, ast.get_docstring(node, clean=False)
    yield from joined((t.start[0], t.string, not t.line[:t.start[1]].strip())
                      for t in tokenize.generate_tokens(io.StringIO(text).readline)
                      if t.type == tokenize.COMMENT)


def of_lines(text):
    """Whole-line "#" comments, as in shell and make."""
    yield from joined((i + 1, line.strip(), True) for i, line in enumerate(text.split("\n"))
                      if re.match(r"\s*#", line))


def joined(lines):
    """Comments of one line each, (line, text, alone on it): those that follow each other as one."""
    block = []
    for number, text, alone in lines:
        if block and alone and block[-1][0] == number - 1:
            block.append((number, text.lstrip("#!")))
            continue
        if block:
            yield block[0][0], "\n".join(t for _, t in block)
        block = [(number, text.lstrip("#!"))]
    if block:
        yield block[0][0], "\n".join(t for _, t in block)


def of(name, text=None):
    """[(line of the start, text)], without the marks; line breaks stay."""
    text = source.read(name) if text is None else text
    if name.endswith((".c", ".h")):
        found = of_c(text)
    elif name.endswith(".py") or text.startswith("#!/usr/bin/python3"):
        found = of_python(text)
    else:
        found = of_lines(text)
    return [(line, t) for line, t in found if "SPDX-License-Identifier" not in t or "\n" in t]


def commented(name):
    """Is it a file whose comments are checked?"""
    if name.startswith("t/corpus/"):
        return name.endswith(("local.mk", "make-archive"))
    return name.endswith((".c", ".h", ".py", ".t", ".sh", ".mk", ".am", ".ac")) or \
        source.is_script(name, "sh") or source.is_script(name, "python3")
