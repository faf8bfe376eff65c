#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Dangerous calls are not used, and every file names its licence."""
import os
import re
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
import source
import tap

BANNED = re.compile(
    r"\b(v?sprintf|strcpy|strcat|strncpy|strncat|strtok|atoi|atol|atoll|atof|v?f?scanf"
    r"|v?sscanf|gets|alloca|system|popen|localtime|gmtime|ctime|asctime|strerror"
    r"|tmpnam|mktemp)\s*\(|^\s*#\s*if\s+0\b", re.M)
# Files of jmctl that print no text from outside, or escape it for what reads their file.
RAW = {
    "milter/ctl/ask/top.c": "sequences for the terminal; top_frame.c escapes the texts",
    "milter/ctl/cli/completion.c": "words of jmctl itself, for bash",
    "milter/ctl/cli/help.c": "texts of jmctl itself",
    "milter/ctl/cli/print.c": "escapes",
    "milter/ctl/files/dump.c": "files for programs: JSON, SHA256SUMS",
    "milter/ctl/files/edrm.c": "XML, escaped by jm_visible_xml()",
    "milter/ctl/files/export_files.c": "mbox, escaped by its own rules",
    "milter/ctl/files/exporter.c": "SHA256SUMS",
}
# printf(3) and its kin; fputs(3) of anything but a literal, or a choice between literals.
PRINTS = re.compile(r"\b(?:v?f?printf|v?dprintf|perror)\s*\("
                    r"|\bf?puts\s*\((?!\s*(?:[^;\"]*?\?\s*)?\"\")"
                    r"|\b(?:fwrite|json_dumpf)\s*\(")
BYTES_ONLY = re.compile(r"#\s*include\s*<ctype\.h>")
SPDX = "SPDX-License-Identifier: BSD-2-Clause"


def calls(name, pattern):
    text = source.bare(source.read(name))
    return ["%s:%d: %s" % (name, text.count("\n", 0, m.start()) + 1, m.group(0).strip())
            for m in pattern.finditer(text)]


c_files = source.files(".c", ".h")
source.report([x for name in c_files for x in calls(name, BANNED)], "no banned call, no #if 0")
source.report([name for name in c_files if BYTES_ONLY.search(source.read(name))],
              "no <ctype.h>: mail bytes know no locale")
source.report([x for name in source.files(".c") if name.startswith("milter/ctl/")
               and name not in RAW for x in calls(name, PRINTS)],
              "jmctl prints through jm_print() and its kin, which escape")
source.report([n for n in source.files(".c") if '"event-lost"' in source.read(n)
               and n not in ("common/archive/note.c", "milter/daemon/daemon.c")],
              "a lost event is logged by jm_archive_note_or_log(), which names its kind")
unlicensed = []
for name in source.files(".c", ".h", ".py", ".t", ".am", ".ac", ".sh", ".rng", ".xml", ".5", ".7",
                         ".8", ".1"):
    if name.startswith(("t/corpus/", "t/fuzz/seeds/")):
        continue
    if not any(SPDX in line for line in source.read(name).splitlines()[:3]):
        unlicensed.append(name)
source.report(unlicensed, "every file has its SPDX line on top")
source.report([n for n in source.files("") if b"\x7fELF"
               == open(os.path.join(tap.SRC, n), "rb").read(4)], "no program is checked in")
tap.ok(BANNED.search("x = atoi (p);") and not BANNED.search("jm_atoi(p); my_system(1);"),
       "a banned call is seen, a name like it is not")
sys.exit(tap.done())
