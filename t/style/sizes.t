#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Files stay under 800 lines and functions under 60: what is longer has more than one subject."""
import ast
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
import source
import tap

FILE_LINES, FUNCTION_LINES = 800, 60


def c_functions(text):
    """(name line, lines) of each function: from the line of "{" in the first column to that of "}"."""
    begin = None
    lines = source.bare(text).splitlines()
    for i, line in enumerate(lines):
        if line.startswith("{") and i > 0 and lines[i - 1].rstrip().endswith(")"):
            begin = i
        elif line.startswith("}") and begin is not None:
            yield text.splitlines()[begin - 1].strip(), i - begin + 1
            begin = None


long_files, long_functions = [], []
for name in source.files(".c", ".h", ".py", ".t", ".sh", ".mk", ".ac", ".rng"):
    text = source.read(name)
    if text.count("\n") >= FILE_LINES:
        long_files.append("%s: %d lines" % (name, text.count("\n")))
    if name.endswith(".c"):
        long_functions += ["%s: %s: %d lines" % (name, f, n) for f, n in c_functions(text) if n >= FUNCTION_LINES]
    elif name.endswith(".py") or source.is_script(name, "python3"):
        long_functions += ["%s: %s: %d lines" % (name, f.name, f.end_lineno - f.lineno + 1) for f in ast.walk(ast.parse(text))
                           if isinstance(f, ast.FunctionDef) and f.end_lineno - f.lineno + 1 >= FUNCTION_LINES]
source.report(long_files, "every file is under %d lines" % FILE_LINES)
source.report(long_functions, "every function is under %d lines" % FUNCTION_LINES)
tap.is_([n for _, n in c_functions("int f(void)\n{\n\treturn 0;\n}\n")], [3], "a function is seen and measured")
sys.exit(tap.done())
