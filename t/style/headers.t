#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""
A header declares only functions of the .c file of its name. A .c file says at its top what lives
there. Files that comments name exist. Names of .c files are not given twice without a reason.
"""
import os
import re
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
import comments
import declared
import source
import tap

# Pairs of .c files that may have the same name: (one, the other, reason)
SAME_NAME = [
    (r"milter/\w+/main\.c$", r"milter/\w+/main\.c$", "each program has one"),
    (r"common/(archive|query|upkeep|journal)/", r"milter/ctl/", "a verb of jmctl and its work"),
    (r"common/catalog/", r"common/(archive|query)/", "both halves of one kind of record"),
    (r"milter/ctl/ask/(queue|watch)\.c$", r"milter/daemon/",
     "jmctl's verbs have their names; the daemon's files do the work that the verbs show"),
    (r"milter/ctl/setup/domain\.c$", r"common/mail/",
     "the verb jmctl domain, and the domain names that it works on"),
]
NAMED = re.compile(r"(?<![\w/.<-])((?:[\w-]+/)*[\w-]+\.(?:c|h|t|py|mk))\b(?![\w/(>-]|\.\w)"
                   r"|\b(SCHEMA\.md)\b")
GENERATED = "common/settings/schema_text.c"
# Files of other projects that comments name, and names used as placeholders.
OTHERS = re.compile(r"libmilter\.h$|(.*/)?(x|\w*[A-Z]{4,})\.(c|h|t|mk)$")


def foreign(name, text, other):
    """Functions that a header declares and its .c file, with the text other, does not define."""
    own = {f.name for f in declared.functions(other) if f.defined and not f.static}
    return ["%s:%d: %s()" % (name, f.line, f.name) for f in declared.functions(text)
            if not (f.static and f.defined) and f.name not in own]


def has_head_comment(text):
    """Does a comment follow the SPDX line at once?"""
    return re.match(r"/\* SPDX-License-Identifier: [\w.-]+ \*/\n(?:/\*|//)", text) is not None


def missing_files(name, text, tree, included):
    """Files that comments name and nobody has. tree: all paths; included: names in <...>."""
    found = []
    for line, comment in comments.of(name, text):
        for m in NAMED.finditer(comment):
            path = m.group(1) or m.group(2)
            if not OTHERS.match(path) and not any(("/" + known).endswith("/" + path)
                                                  for known in tree + included):
                found.append("%s:%d: %s" % (name, line + comment.count("\n", 0, m.start()), path))
    return found


def may_share(one, other):
    return any(re.match(a, x) and re.match(b, y) for a, b, _ in SAME_NAME
               for x, y in ((one, other), (other, one)))


def shared_names(names):
    """Pairs of .c files with the same base name and without a reason."""
    by_name = {}
    for n in names:
        by_name.setdefault(os.path.basename(n), []).append(n)
    return ["%s and %s" % (one, other) for group in by_name.values() for i, one in enumerate(group)
            for other in group[i + 1:] if not may_share(one, other)]


def test_itself():
    header = ("typedef int t(int);\nstruct s { int (*call)(int); };\nextern int v;\n"
              "#define M(x) f(x)\nint mine(int a) JM_MUST_CHECK;\nint foreign(void);\n"
              "static inline int small(void)\n{\n\treturn mine(0);\n}\n")
    code = ("int v = 1;\nint mine(int a)\n{\n\treturn foreign();\n}\n"
            "static int foreign(void)\n{\n}\n")
    tap.is_(foreign("x.h", header, code), ["x.h:6: foreign()"],
            "a planted prototype of another file is seen, and nothing else")
    spdx = "/* SPDX-License-Identifier: BSD-2-Clause */\n"
    tap.ok(has_head_comment(spdx + "/* Lives here. */\n#include <a.h>\n") and
           not has_head_comment(spdx + "#include <a.h>\n/* Late. */\n"),
           "a file without a head comment is seen")
    text = ("/* See there.c, b/here.c, t/y.t and\n"
            " * gone/here.c; <db.h>, zstd.h, no e.g., last.c. */\n")
    tap.is_(missing_files("x.c", text, ["a/b/here.c", "t/y.t"], ["zstd.h"]),
            ["x.c:1: there.c", "x.c:2: gone/here.c", "x.c:2: last.c"],
            "a file that is not there is seen")
    tap.is_(shared_names(["milter/a/main.c", "milter/b/main.c", "common/mail/word.c",
                          "common/journal/word.c", "milter/ctl/ask/show.c", "common/query/show.c"]),
            ["common/mail/word.c and common/journal/word.c"], "a name given twice is seen")


test_itself()
tree = source.files("") + [GENERATED]
c_files = source.files(".c", ".h")
ours = [n for n in c_files if n.startswith(("common/", "milter/"))]
texts = {n: source.read(n) for n in c_files}
included = sorted({i for t in texts.values() for i in re.findall(r"#\s*include\s+<([^>]+)>", t)})

found = [f for n in ours if n.endswith(".h")
         for f in foreign(n, texts[n], texts.get(n[:-1] + "c", ""))]
tap.ok(not found, "every header declares functions of its own .c file only", "\n".join(found))
tap.diag("%d prototypes of other files" % len(found))
found = [n for n in c_files if n.endswith(".c") and not has_head_comment(texts[n])]
tap.ok(not found, "every .c file has a head comment after its SPDX line", "\n".join(found))
tap.diag("%d files without a head comment" % len(found))
found = [f for n in tree if n in texts or n != GENERATED and comments.commented(n)
         for f in missing_files(n, texts.get(n), tree, included)]
tap.ok(not found, "every file that a comment names exists", "\n".join(found))
found = shared_names([n for n in ours if n.endswith(".c")])
tap.ok(not found, "no name of a .c file is given twice without a reason", "\n".join(found))
sys.exit(tap.done())
