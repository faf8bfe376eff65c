#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""
A full disk or one that fails: 451, nothing half stored, and when there is room again mail is
archived again.
"""
import os
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
import corpus
import milter
import run
import tap
from daemon import Daemon

JOURNAL, CLIENT = "journaling@journal.example.com", "192.0.2.25"


def send(d, number, size=0):
    return milter.deliver(d.socket, "a@example.com", [JOURNAL], corpus.report(number, size), CLIENT)


def subjects(d):
    return [i["subject"] for i in d.jmctl.list()]


def stands(d):
    return next(s for s in d.jmctl.status()["services"] if s["name"] == JOURNAL)["status"]


def fault(text, size):
    """The fault seam makes every write (or sync) from the Nth on fail, as a full disk does."""
    name = "%s, %d bytes" % (text, size)
    d = Daemon(tap.folder() + "/" + text.replace(":", "-") + str(size), outbounds=(CLIENT,),
               env={"JM_FAULT": text})
    try:
        d.start()
    except RuntimeError:
        tap.skip(name, "the fault comes before the daemon is up")
        return
    good, failed = [], 0
    for i in range(60):
        a = send(d, "f%d" % i, size)
        if a.kind == "d":
            good.append("Test f%d" % i)
        else:
            failed += 1
            if failed == 1:
                tap.like(a.text, r"^451 4\.3\.0", name + ": 451 4.3.0")
            if failed == 3:
                break
    tap.ok(failed == 3, name + ": the fault was met, %d were stored before" % len(good))
    tap.ok(d.program.running(), name + ": the daemon lives on")
    tap.is_(subjects(d), good, name + ": what was acknowledged is there, nothing else")
    tap.is_(d.stop(), 0, name + ": it stops with status 0")
    d.env = None
    d.start()
    # the written bytes may or may not be on the disk then; the sender tries again
    if text.startswith("sync"):
        tap.is_(subjects(d)[:len(good)], good, name + ": also after a restart")
    else:
        tap.is_(subjects(d), good, name + ": also after a restart")
    before = subjects(d)
    tap.is_(send(d, "again").kind, "d", name + ": with room again mail is archived")
    tap.is_(subjects(d), before + ["Test again"], name + ": behind the others")
    tap.is_(d.jmctl.verify()[0], 0, name + ": jmctl verify finds nothing wrong")
    d.stop()


def full_disk():
    """A real one: a small tmpfs for the archive."""
    disk = os.path.join(tap.folder(), "disk")
    os.makedirs(disk)
    if os.getuid() != 0 or subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64m", "tmpfs", disk],
                                          stderr=subprocess.DEVNULL, check=False).returncode != 0:
        tap.diag("no tmpfs can be mounted here")
        return
    tap.at_end(lambda: subprocess.run(["umount", "-l", disk], check=False))
    d = Daemon(tap.folder() + "/full", outbounds=(CLIENT,),
               more={"archive": {"directory": disk + "/archive", "volume-size": "1M",
                                 "disk-reserve": "0"}}).start()
    filler = os.path.join(disk, "filler")
    tap.is_(send(d, "before").kind, "d", "full disk: before: archived")
    with open(filler, "wb", buffering=0) as f:
        try:
            while True:
                f.write(b"x" * 65536)
        except OSError:
            pass
    answers = [send(d, "full-%d" % i, 500000) for i in range(3)]
    tap.ok(all(a.text.startswith("451 4.3.0") for a in answers), "full disk: 451 4.3.0", answers)
    tap.is_(subjects(d), ["Test before"], "full disk: nothing of it is stored")
    os.unlink(filler)
    tap.is_(send(d, "after").kind, "d",
            "full disk: with room again mail is archived, without a restart")
    tap.is_(subjects(d), ["Test before", "Test after"], "full disk: and listed")
    tap.is_(d.jmctl.verify()[0], 0, "full disk: jmctl verify finds nothing wrong")
    tap.is_(d.stop(), 0, "full disk: it stops with status 0")
    d.start()
    tap.is_(subjects(d), ["Test before", "Test after"], "full disk: the same after a restart")
    d.stop()


def reserve():
    """The reserve is reached before the disk is full: 4xx, an event, and it clears by itself."""
    disk = os.path.join(tap.folder(), "reserve")
    os.makedirs(disk)
    if os.getuid() != 0 or subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64m", "tmpfs", disk],
                                          stderr=subprocess.DEVNULL, check=False).returncode != 0:
        tap.diag("no tmpfs can be mounted here")
        return
    tap.at_end(lambda: subprocess.run(["umount", "-l", disk], check=False))
    d = Daemon(tap.folder() + "/low", outbounds=(CLIENT,),
               more={"archive": {"directory": disk + "/archive", "disk-reserve": "16M"}}).start()
    filler = os.path.join(disk, "filler")
    tap.is_(send(d, "before").kind, "d", "reserve: before: archived")
    for turn in range(2):
        st = os.statvfs(disk)
        with open(filler, "wb") as f:
            os.posix_fallocate(f.fileno(), 0, st.f_bavail * st.f_frsize - (10 << 20))
        answers = [send(d, "low-%d-%d" % (turn, i)) for i in range(3)]
        tap.ok(all(a.text.startswith("451 4.3.0") for a in answers),
               "reserve: 451 4.3.0 while 10 MB are left", answers)
        tap.is_(d.jmctl.status()["state"], "disk-low", "reserve: status says so")
        tap.is_(run.settled(lambda: stands(d), "Error"), "Error",
                "reserve: the service is in error, too")
        os.unlink(filler)
        tap.is_(d.jmctl.status()["state"], "ok",
                "reserve: with room again it clears by itself, without a message")
        tap.is_(run.settled(lambda: stands(d), "OK"), "OK", "reserve: and so does the service")
        tap.is_(send(d, "after-%d" % turn).kind, "d", "reserve: and mail is archived")
    d.stop()
    d.start()
    tap.is_(subjects(d), ["Test before", "Test after-0", "Test after-1"],
            "reserve: nothing of what was refused is stored")
    tap.is_([len(d.jmctl.events("disk-low")), len(d.jmctl.events("disk-ok"))], [2, 2],
            "reserve: one event each way, each time")
    d.stop()


for kind, size in (("write:12+:ENOSPC", 0), ("write:15+:ENOSPC", 3000000), ("sync:8+:EIO", 0),
                   ("write:10+:EDQUOT", 200000)):
    fault(kind, size)
full_disk()
reserve()
sys.exit(tap.done())
