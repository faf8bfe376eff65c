#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""make install puts the settings file where there is none and never overwrites one; make uninstall leaves a changed one."""
import os
import shutil
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import tap  # noqa: E402


def make(target):
    env = {k: v for k, v in os.environ.items() if k not in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL", "DESTDIR")}
    return subprocess.run(["make", "-s", "-C", tap.BUILD, target, "DESTDIR=" + tap.folder(), "sysconfdir=/etc"], stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, env=env, check=False, timeout=120)


def main():
    if not os.path.exists(os.path.join(tap.BUILD, "Makefile")):
        tap.skip_all("there is no Makefile in " + tap.BUILD)
    path = os.path.join(tap.folder(), "etc/journal-milter/journal-milter.xml")
    with open(os.path.join(tap.SRC, "config/journal-milter.xml"), "rb") as f:
        given = f.read()

    def content():
        if not os.path.exists(path):
            return None
        with open(path, "rb") as f:
            return f.read()

    r = make("install-settings")
    tap.ok(r.returncode == 0 and content() == given, "installed where there is none", r.stdout.decode())
    make("uninstall-settings")
    tap.ok(not os.path.exists(os.path.dirname(path)), "removed with its folder while unchanged")
    os.makedirs(os.path.dirname(path))
    with open(path, "wb") as f:
        f.write(b"mine")
    r = make("install-settings")
    tap.ok(r.returncode == 0 and content() == b"mine", "not overwritten", r.stdout.decode())
    r = make("uninstall-settings")
    tap.ok(r.returncode == 0 and content() == b"mine", "a changed one stays", r.stdout.decode())
    shutil.rmtree(os.path.dirname(path))
    tap.is_(make("uninstall-settings").returncode, 0, "one that is gone does not disturb")
    sys.exit(tap.done())


main()
