# SPDX-License-Identifier: BSD-2-Clause
"""The files of the source tree, for the tests of style."""
import os
import re
import subprocess

import tap


def files(*endings):
    """Paths below the source folder that git knows (without git: all that lie there), by name."""
    r = subprocess.run(["git", "-C", tap.SRC, "ls-files", "--cached", "--others",
                        "--exclude-standard"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                       check=False)
    names = r.stdout.decode().splitlines()
    if r.returncode != 0:
        names = [os.path.relpath(os.path.join(d, n), tap.SRC) for d, _, found in os.walk(tap.SRC)
                 for n in found]
    return sorted(n for n in names if n.endswith(endings)
                  and os.path.exists(os.path.join(tap.SRC, n)))


def read(name):
    with open(os.path.join(tap.SRC, name), encoding="utf-8", errors="replace") as f:
        return f.read()


def bare(text):
    """C without comments and with empty strings; line numbers stay."""
    def blank(m):
        s = m.group(0)
        return s[0] * 2 if s[0] in "\"'" else "\n" * s.count("\n")
    return re.sub(r"/\*.*?\*/|//[^\n]*|\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])*'", blank, text,
                  flags=re.S)


def is_script(name, interpreter):
    """True when the first line names the interpreter."""
    with open(os.path.join(tap.SRC, name), "rb") as f:
        return re.match(rb"#!.*\b%s\b" % interpreter.encode(), f.readline()) is not None


def report(found, claim):
    """One claim that nothing was found. On failure prints the findings, one a line."""
    tap.ok(not found, claim, "\n".join(found[:40]))
