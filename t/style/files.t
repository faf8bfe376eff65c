#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""
Each file of the repository is in the release that make dist writes. Each test is in a list that a
make target runs.
"""
import os
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
import source
import tap

# Files for work on the repository, which a release does not need
NOT_RELEASED = {".gitignore"}
LISTS = "$(SYSTEM_TESTS) $(STYLE_TESTS) $(SLOW_TESTS) $(UNIT_TESTS)"


def from_make(text):
    """The value that make gives to a text with its variables, as a list of words."""
    rule = "jm-show:\n\t@echo %s" % text
    # without what was given to the make that runs this test
    env = {k: v for k, v in os.environ.items() if k not in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL")}
    out = subprocess.run(["make", "-s", "--no-print-directory", "--eval", rule, "jm-show"],
                         cwd=tap.BUILD, env=env, check=True, stdout=subprocess.PIPE)
    return [os.path.normpath(word) for word in out.stdout.decode().split()]


def released(name, distributed):
    """Is the file, or a folder that it is in, distributed?"""
    while name and name not in distributed:
        name = os.path.dirname(name)
    return bool(name)


if not os.path.exists(os.path.join(tap.SRC, ".git")):
    tap.skip_all("this is no clone: there is no list of the repository's files to compare with")
files = source.files("")
dist = set(from_make("$(subst $(srcdir)/,,$(DISTFILES) $(am__DIST_COMMON) $(am__configure_deps))"))
tap.is_([f for f in files if not released(f, dist) and f not in NOT_RELEASED], [],
        "each of %d files of the repository is in the release" % len(files))
listed = set(from_make(LISTS))
tap.is_([f for f in files if f.endswith(".t") and f not in listed], [],
        "each test is in a list that make runs")
tap.done()
