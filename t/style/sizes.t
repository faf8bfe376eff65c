#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""
Files are shorter than 800 lines, functions are shorter than 60, and a function that a header
declares has at most 6 parameters: longer ones have more than one subject.
"""
import ast
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
import declared
import source
import tap

FILE_LINES, FUNCTION_LINES, PARAMETERS = 800, 60, 6


def c_functions(text):
    """(line of the name, lines) of each function: from "{" to "}" in the first column."""
    begin = None
    lines = source.bare(text).splitlines()
    for i, line in enumerate(lines):
        if line.startswith("{") and i > 0 and lines[i - 1].rstrip().endswith(")"):
            begin = i
        elif line.startswith("}") and begin is not None:
            yield text.splitlines()[begin - 1].strip(), i - begin + 1
            begin = None


def many_parameters(name, text):
    return ["%s:%d: %s() has %d parameters" % (name, f.line, f.name, f.parameters)
            for f in declared.functions(text) if f.parameters > PARAMETERS]


long_files, long_functions = [], []
for name in source.files(".c", ".h", ".py", ".t", ".sh", ".mk", ".ac", ".rng"):
    text = source.read(name)
    if text.count("\n") >= FILE_LINES:
        long_files.append("%s: %d lines" % (name, text.count("\n")))
    if name.endswith(".c"):
        long_functions += ["%s: %s: %d lines" % (name, f, n)
                           for f, n in c_functions(text) if n >= FUNCTION_LINES]
    elif name.endswith(".py") or source.is_script(name, "python3"):
        long_functions += ["%s: %s: %d lines" % (name, f.name, f.end_lineno - f.lineno + 1)
                           for f in ast.walk(ast.parse(text)) if isinstance(f, ast.FunctionDef)
                           and f.end_lineno - f.lineno + 1 >= FUNCTION_LINES]
source.report(long_files, "every file is shorter than %d lines" % FILE_LINES)
source.report(long_functions, "every function is shorter than %d lines" % FUNCTION_LINES)
found = [f for n in source.files(".h") if n.startswith(("common/", "milter/"))
         for f in many_parameters(n, source.read(n))]
tap.ok(not found, "no header declares a function with more than %d parameters" % PARAMETERS,
       "\n".join(found))
tap.is_([n for _, n in c_functions("int f(void)\n{\n\treturn 0;\n}\n")], [3],
        "a function is seen and measured")
PLANTED = ("struct x { int a; int (*call)(int, int, int, int, int, int, int); };\n"
           "typedef int t(int, int, int, int, int, int, int);\n"
           "int six(int a, int b, int c, int d, int e, int (*f)(int, int)) JM_PRINTF(2, 3);\n"
           "static inline int seven(int a, int b, int c, int d,\n\tint e, int f, int g)\n"
           "{\n\treturn 0;\n}\n")
tap.is_(many_parameters("x.h", PLANTED), ["x.h:4: seven() has 7 parameters"],
        "a seventh parameter is seen, and nothing else counted")
sys.exit(tap.done())
