#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""
C is in the form that clang-format makes of it, in one dialect, and no text has lines over 100
columns (tabs count 8).
"""
import os
import re
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
import comments
import source
import tap

COLUMNS = 100
VERSION = 14    # of clang-format; Debian 12 has it
# Not written by hand, or compared byte by byte with the output of a program.
NOT_TEXT = (".json", ".jsonl", ".eml", ".jmv", ".db", ".png", ".svg", ".pem")
NOT_OURS = ("LICENSE", "t/corpus/", "t/fuzz/seeds/")
TYPE = re.compile(r"\s*(?:const\s+)?(?:struct|enum|union|unsigned|signed|char|int|long|short|float"
                  r"|double|void|bool|size_t|\w+_t|DBT?|DB_\w+|CURL|FILE|DIR|regex_t|\()\b|\(\(")
NULL_TEST = re.compile(r"([=!])= NULL\b")
MACRO = re.compile(r"^[ \t]*#[ \t]*define \w+\((?:[^\n]*\\\n)*[^\n]*$", re.M)
SIZEOF = re.compile(r"\bsizeof\s*\(")


# ---- clang-format ----

def misformed(paths):
    """The places that clang-format would change: ["file:line"]"""
    r = subprocess.run(["clang-format", "--style=file:" + os.path.join(tap.SRC, ".clang-format"),
                        "--dry-run", "-Werror"] + paths, stdout=subprocess.DEVNULL,
                       stderr=subprocess.PIPE, check=False)
    text = r.stderr.decode("utf-8", "replace")
    found = re.findall(r"^(.*?:\d+):\d+: error: code should be clang-formatted", text, re.M)
    if r.returncode != 0 and not found:
        found = [text[:500]]
    return sorted({os.path.relpath(f, tap.SRC) if os.path.isabs(f) else f for f in found})


# ---- comments, which clang-format wraps but does not move ----

def odd_comments(name, text):
    """Continued lines without a blank after the star, and long comments after code."""
    found = []
    for m in comments.C_TOKEN.finditer(text):
        rows = m.group(0).split("\n")
        if len(rows) < 2 or not rows[0].startswith("/*"):
            continue
        line = text.count("\n", 0, m.start()) + 1
        before = text[text.rfind("\n", 0, m.start()) + 1:m.start()]
        if before.strip():
            found.append("%s:%d: a comment of %d lines after code" % (name, line, len(rows)))
        found += ["%s:%d: no blank after the star" % (name, line + i)
                  for i, row in enumerate(rows) if i and re.match(r"\s*\*[^\s*/]", row)]
    return found


# ---- columns ----

def breakable(name, line):
    """Could the line end earlier? A URL, a row of a table and one long word cannot be broken."""
    row = name.endswith(".md") and line.lstrip().startswith("|")
    if row or re.search(r"https?://\S{30,}", line):
        return False
    return len(max(line.split(), key=len, default="")) < COLUMNS - 20


def long_lines(name, text):
    return ["%s:%d: %d columns" % (name, i + 1, len(line.expandtabs(8)))
            for i, line in enumerate(text.split("\n"))
            if len(line.expandtabs(8)) > COLUMNS and
            (name.endswith((".c", ".h")) or breakable(name, line))]


def is_text(name):
    return not (name.endswith(NOT_TEXT) or name.startswith(NOT_OURS) and not name.endswith(".mk"))


# ---- dialect ----

def no_macros(text):
    """The text without macros with parameters, whose arguments may be anything."""
    return MACRO.sub(lambda m: "\n" * m.group(0).count("\n"), text)


def closing(text, at):
    """The place of the parenthesis that closes the one at at."""
    depth = 0
    for i in range(at, len(text)):
        depth += (text[i] == "(") - (text[i] == ")")
        if depth == 0:
            return i
    return len(text) - 1


def opening(text, at):
    """The place of the parenthesis that opens the one that closes at at."""
    depth = 0
    for i in range(at, -1, -1):
        depth += (text[i] == ")") - (text[i] == "(")
        if depth == 0:
            return i
    return 0


def after_assignment(before):
    """Does the text end with an assignment in parentheses?"""
    end = len(before.rstrip()) - 1
    if end < 0 or before[end] != ")":
        return False
    inner = before[opening(before, end) + 1:end]
    return re.match(r"[\s*]*[\w>.\[\]+-]+\s=\s", inner) is not None


def in_condition(before, after):
    """
    Is a comparison, given the text on both sides, an operand of a condition? Else it is a value, as
    in "return p != NULL".
    """
    if re.match(r"\s*(?:&&|\|\||\?)", after):
        return True
    operand = re.search(r"\*?[\w>.\[\]+-]*(?:\((?:[^()]|\((?:[^()]|\([^()]*\))*\))*\))?\s*$",
                        before)
    lead = before[:operand.start()]
    return re.search(r"(?:&&|\|\||\b(?:if|while) \(|\bfor \([^;{}]*;)\s*$", lead) is not None


def dialect(name, text):
    """Comparisons with NULL where "!p" or "p" would do, and sizeof(expression)."""
    code = no_macros(source.bare(text))
    found = []
    for m in NULL_TEST.finditer(code):
        before, after = code[max(0, m.start() - 400):m.start()], code[m.end():m.end() + 10]
        if not after_assignment(before) and (m.group(1) == "=" or in_condition(before, after)):
            found.append((m.start(), m.group(0)))
    for m in SIZEOF.finditer(code):
        end = closing(code, m.end() - 1)
        if not TYPE.match(code[m.end():end]):
            found.append((m.start(), code[m.start():end + 1]))
    return ["%s:%d: %s" % (name, code.count("\n", 0, at) + 1, what) for at, what in sorted(found)]


def test_itself():
    path = os.path.join(tap.folder(), "planted.c")
    with open(path, "w", encoding="ascii") as f:
        f.write("int x;\nint  y;\n")
    tap.is_([os.path.basename(f) for f in misformed([path])], ["planted.c:2"],
            "a line in another form is seen")
    tap.is_(odd_comments("x.c", "int a; /* one\n\t* two */\n/*\n *three */\n/* f\n * g */\n"),
            ["x.c:1: a comment of 2 lines after code", "x.c:4: no blank after the star"],
            "a comment that clang-format made worse is seen")
    wide = "\t\t" + "x " * 43
    tap.is_(long_lines("x.py", "short\n" + wide + "\n"), ["x.py:2: 102 columns"],
            "a line over 100 columns is seen, and tabs count 8")
    tap.is_(long_lines("x.md", "| " + wide + "|\nsee https://example.com/" + "x" * 100 + "\n"), [],
            "rows of tables and URLs may be longer")
    for code in ("if (p == NULL)", "return p == NULL;", "if (a && f(x) != NULL)",
                 "while (p->q != NULL)", "for (; f(a, g(b)) != NULL;)",
                 "x = p != NULL ? 1 : 2;", "n = sizeof(x);", "n = sizeof(*p->q);"):
        tap.is_(len(dialect("x.c", code)), 1, "the other dialect is seen: " + code)
    for code in ("if ((p = f(x)) == NULL)", "return p != NULL;", "bool b = p != NULL;",
                 "n = sizeof x;", "n = sizeof(struct x);", "n = sizeof(uint64_t);",
                 "/* p == NULL */ puts(\"p == NULL\");", "f(a, b != NULL, c);",
                 "#define N(x) (sizeof(x) / sizeof((x)[0]))"):
        tap.is_(dialect("x.c", code), [], "this is right: " + code)


def version():
    r = subprocess.run(["clang-format", "--version"], stdout=subprocess.PIPE, check=True)
    return int(re.search(r"version (\d+)", r.stdout.decode()).group(1))


tap.need("clang-format")
test_itself()
c_files = source.files(".c", ".h")
found = misformed([os.path.join(tap.SRC, n) for n in c_files])
if version() == VERSION or not found:
    tap.ok(not found, "clang-format changes nothing", "\n".join(found))
else:
    tap.skip("clang-format changes nothing", "other versions than %d differ in details" % VERSION)
found = [f for n in c_files for f in odd_comments(n, source.read(n))]
tap.ok(not found, "comments of several lines are above the code, with a blank after each star",
       "\n".join(found))
tap.diag("%d comments in another form" % len(found))
texts = [n for n in source.files("") if is_text(n)]
found = [f for n in texts for f in long_lines(n, source.read(n))]
tap.ok(not found, "no line has more than %d columns" % COLUMNS, "\n".join(found))
tap.diag("%d lines are longer" % len(found))
found = [f for n in c_files for f in dialect(n, source.read(n))]
tap.ok(not found, "pointers are tested with p and !p, and it is sizeof x", "\n".join(found))
tap.diag("%d places of the other dialect" % len(found))
sys.exit(tap.done())
