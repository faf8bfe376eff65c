#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Manual pages pass mandoc's lint, shell scripts shellcheck's."""
import os
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
import source
import tap


def lint(what, names, command):
    for name in names:
        r = subprocess.run(command + [os.path.join(tap.SRC, name)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
        tap.ok(r.returncode == 0, "%s: %s" % (what, name), r.stdout.decode("utf-8", "replace"))


tap.need("mandoc", "shellcheck")
lint("mandoc", source.files(".1", ".5", ".8"), ["mandoc", "-T", "lint", "-W", "warning"])
lint("shellcheck", [n for n in source.files("") if source.is_script(n, "sh")], ["shellcheck"])
sys.exit(tap.done())
