#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""The tests that the threat model names exist and are run, and each way in has one."""
import os
import re
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
import source
import tap

PAGE = "milter/daemon/journal-milter-security.7"


def lost(text, lists):
    """Tests that the page names and that do not exist, or that no list runs."""
    named = re.findall(r"(?m)^\.Pa (t/\S+)", text)
    return [n for n in named if not os.path.exists(os.path.join(tap.SRC, n)) or n not in lists]


page = source.read(PAGE)
lists = " ".join(source.read(n) for n in source.files(".mk")).split()
source.report(lost(page, lists), "each test that the page names exists and is run")
ways = re.split(r"(?m)^\.Ss ", page.split(".Sh REPORTING")[0])[1:]
source.report([w.split("\n")[0] for w in ways if not w.startswith("Root\n")
               and not re.search(r"Shown by\n\.Pa t/", w)], "each way in has a test")
tap.ok(len(ways) >= 8, "the ways in are found")
tap.is_(lost(".Pa t/system/none.t ,\n.Pa t/system/web.t\n", ["t/system/web.t"]),
        ["t/system/none.t"], "a test that does not exist is seen")
sys.exit(tap.done())
