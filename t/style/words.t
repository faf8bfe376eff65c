#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""
Comments are plain technical English. The table has the phrases that came up too often here, each
with its usual replacement.
"""
import os
import re
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
import comments
import source
import tap

NETWORK = r"(?:an? |the |its )?(?:reverse )?(?:prox|firewall|nat\b|gateway|relay|mta\b|router)"
START = r"(?:^\s*|[.;:!?]\s+|\n\s*\n\s*|\n\s*[-*]\s+)"
# (what is found, the usual replacement)
RETIRED = [(re.compile(p), better) for p, better in (
    (r"(?i)\bbehind\b(?! %s)" % NETWORK, "after, later than"),
    (r"(?i)\b(?:stands?|stood)\b(?![ -](?:alone|by)\b)", "is, has, is written, is in force"),
    (r"(?i)\b(?:tells?|told)\b", "say, report, log, return"),
    (START + r"What\b[^?.;:]*(?:[.;:]|$)", "begin with a noun"),
    (r"\b(?:[Ii]s|[Aa]re|[Ww]as|were|be|has|have) none\b", "there is no ..., has no ..."),
    (r"(?i)\bthe begin\b", "the beginning, the start"),
    (r"(?i)\b(?:go(?:es)?|went|going|gone) on\b", "continue"),
    (r"\b(?:for|by|from|to|of|with|and|or|but) who\b|\bwho has\b|" + START + r"Who\b",
     "name the noun: the caller, a user"),
    (r"(?i)\bthe like\b", "name the things, or: similar"),
    (r"(?i)\bas it stands\b", "as it is, unchanged"),
    (r"(?i)\b(?:look|looks|looked|looking) at\b", "read, check, examine"),
    (r"(?i)(?<!\bno )(?<!\bany )\bsuch\b(?! (?:as|that)\b)", "this, of this kind"),
)]
ERROR_NAME = re.compile(r"\b(?:struct jm_err|json_error_t)\s+(?:\w+(?:\[\w*\])?,\s*)*\*?(no|why)\b")


def retired(name, text=None):
    """["file:line: phrase (replacement)"]"""
    found = []
    for line, comment in comments.of(name, text):
        for pattern, better in RETIRED:
            for m in pattern.finditer(comment):
                lead = len(m.group(0)) - len(m.group(0).lstrip(" \t\n.;:!?-*"))
                at = line + comment.count("\n", 0, m.start() + lead)
                phrase = " ".join(m.group(0)[lead:].split())
                found.append((at, "%s:%d: %.60s (%s)" % (name, at, phrase, better)))
    return [text for _, text in sorted(found)]


def error_names(name, text=None):
    bare = source.bare(source.read(name) if text is None else text)
    return ["%s:%d: an error named %s (ignored, cause)" % (
        name, bare.count("\n", 0, m.start()) + 1, m.group(1)) for m in ERROR_NAME.finditer(bare)]


PLANTED = [
    "the record behind the first", "it stands there", "this tells the caller",
    "What is left is freed.", "there is none", "at the begin of the file", "then it goes on",
    "the same for who needs it", "for SMTP and the like", "it looks at the size", "such a record",
]
for phrase in PLANTED:
    tap.is_(len(retired("x.c", "/* %s */\nint x;\n" % phrase)), 1, "seen in a comment: " + phrase)
tap.is_(retired("x.c", "int x; /* first line\n\t\t* the record\n * behind\n * that */\n"),
        ["x.c:3: behind (after, later than)"], "the line of a phrase is right")
tap.is_(retired("x.c", "/* A daemon behind a proxy. No such file. What can it be? */\n"
                       "puts(\"it stands behind\");\n"), [],
        "other uses of the words, and strings, are left alone")
tap.is_(len(retired("x.py", '"""This tells it."""\nx = 1  # it stands here\n')), 2,
        "docstrings and comments of Python are read")
tap.is_(len(error_names("x.c", "\tstruct jm_err err, no;\n\tjson_error_t why;\n"
                                "\tstruct jm_err cause;\n")), 2, "errors named no and why are seen")

files = [n for n in source.files("") if comments.commented(n) and n != "t/style/words.t"]
found = [f for n in files for f in retired(n)]
tap.diag("%d retired phrases in comments" % len(found))
tap.ok(not found, "no retired phrase in a comment", "\n".join(found))
found = [f for n in files if n.endswith((".c", ".h")) for f in error_names(n)]
tap.diag("%d errors named no or why" % len(found))
tap.ok(not found, "an error that is ignored is called ignored, one that is kept cause",
       "\n".join(found))
sys.exit(tap.done())
