#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""
make install puts everything below DESTDIR, the settings file only where it does not exist; make
uninstall removes it unless it was changed.
"""
import os
import re
import shutil
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import tap  # noqa: E402


def files(folder):
    return sorted(os.path.relpath(os.path.join(d, f), folder) for d, _, names in os.walk(folder)
                  for f in names)


def everything():
    """Below a folder, without a right on the rest of the machine."""
    r = make("install")
    if not tap.ok(r.returncode == 0, "make install", r.stdout.decode()):
        return
    found = files(tap.folder())
    for name in ("bin/jmctl", "journal-milter/jmctl-net", "sbin/journal-milter",
                 "sbin/journal-milter-web", "man/man8/jmctl.8",
                 "man/man8/journal-milter.8", "man/man8/journal-milter-web.8",
                 "man/man5/journal-milter.xml.5", "man/man5/stats.db.5",
                 "systemd/system/journal-milter.service",
                 "systemd/system/journal-milter-web.service", "sysusers.d/journal-milter.conf",
                 "tmpfiles.d/journal-milter.conf", "share/journal-milter/settings-setup.xml.in",
                 "share/journal-milter/microsoft365-ranges.json",
                 "etc/journal-milter/journal-milter.xml"):
        tap.is_(len([f for f in found if f.endswith("/" + name) or f == name]), 1,
                "installed: " + name)
    for name in (f for f in found if f.endswith(".service")):
        with open(os.path.join(tap.folder(), name), encoding="utf-8") as f:
            started = re.findall(r"(?m)^ExecStart=(\S+)", f.read())
        tap.ok(started and all(os.access(tap.folder() + p, os.X_OK) for p in started),
               "%s starts what was installed" % os.path.basename(name), started)
    r = make("uninstall")
    tap.is_((r.returncode, files(tap.folder())), (0, []), "make uninstall leaves nothing")


def make(target):
    env = {k: v for k, v in os.environ.items()
           if k not in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL", "DESTDIR")}
    return subprocess.run(["make", "-s", "-C", tap.BUILD, target, "DESTDIR=" + tap.folder(),
                           "sysconfdir=/etc"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          env=env, check=False, timeout=600)


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

    everything()
    r = make("install-settings")
    tap.ok(r.returncode == 0 and content() == given, "installed where there is none",
           r.stdout.decode())
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
