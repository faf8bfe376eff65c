#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Manual pages pass mandoc's lint, shell scripts shellcheck's."""
import os
import re
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
import source
import tap


def lint(what, names, command, but=None):
    """but: what of the complaints depends on the machine."""
    for name in names:
        r = subprocess.run(command + [os.path.join(tap.SRC, name)], stdout=subprocess.PIPE,
                           stderr=subprocess.STDOUT, check=False)
        told = r.stdout.decode("utf-8", "replace").splitlines()
        left = [line for line in told if not but or not re.search(but, line)]
        tap.ok(not left and (r.returncode == 0 or told), "%s: %s" % (what, name), "\n".join(left))


tap.need("mandoc", "shellcheck")
lint("mandoc", source.files(".1", ".5", ".7", ".8"), ["mandoc", "-T", "lint"],
     "referenced manual not found|outdated mandoc.db|longer than 80 bytes")
lint("shellcheck", [n for n in source.files("") if source.is_script(n, "sh")], ["shellcheck"])
sys.exit(tap.done())
