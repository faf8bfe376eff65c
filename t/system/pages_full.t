#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""
A damaged catalog on a full disk, at the start and while the daemon runs: the room of the old one is
enough to make it anew. Without that: 451, the log says what is missing, and the work continues by
itself once there is room.
"""
import os
import shutil
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
import corpus
import milter
import pages
import run
import tap
from daemon import PROGRAM, Daemon

DISK, DISK_BYTES = os.path.join(tap.folder(), "disk"), 24 << 20
ORIGINAL = pages.make(tap.folder() + "/original", 40)
RIGHT = []


def send(d, name):
    return milter.deliver(d.socket, "a@example.com", [pages.JOURNAL], corpus.report(name),
                          pages.CLIENT)


class Full:
    """The archive on a small disk, with a catalog of which no page can be used."""

    def __init__(self, name, reserve="0"):
        self.name, self.filler = name, os.path.join(DISK, "filler")
        for entry in os.listdir(DISK):
            path = os.path.join(DISK, entry)
            shutil.rmtree(path) if os.path.isdir(path) else os.unlink(path)
        self.d = Daemon(os.path.join(tap.folder(), name), pages.services(),
                        outbounds=(pages.CLIENT,), more={"archive": {
                            "directory": DISK + "/archive", "disk-reserve": reserve}})
        self.d.archive = DISK + "/archive"
        shutil.copytree(ORIGINAL, self.d.archive)

    def damage(self):
        for n in range(1, max(pages.types(self.d.archive)) + 1):
            pages.damage(self.d.archive, "garbage", n)

    def fill(self):
        """Take all room there is."""
        with open(self.filler, "ab", buffering=0) as f:
            try:
                while f.tell() < DISK_BYTES:
                    f.write(bytes(4096))
            except OSError:
                pass

    def cut(self):
        """Leave so little of the catalog that removing it gives no room for another."""
        catalog = self.d.archive + "/catalog/"
        for name in os.listdir(catalog):
            if name.startswith("log."):
                os.truncate(catalog + name, 0)
        os.truncate(catalog + "catalog.db", 2 * pages.PAGE)

    def free(self):
        os.unlink(self.filler)

    def ends_well(self, more):
        """With room again, all is right."""
        d, name = self.d, self.name
        tap.is_(run.settled(lambda: d.jmctl.status()["state"], "ok"), "ok", name + ": it is ok")
        subjects = [i["subject"] for i in d.jmctl.list()]
        tap.is_(subjects, RIGHT + more, name + ": all is listed")
        tap.is_(d.jmctl.verify()[0], 0, name + ": verify finds nothing wrong")
        tap.is_(d.stop(), 0, name + ": it stops with status 0")


def start(name, reserve):
    f = Full(name, reserve)
    f.damage()
    f.fill()
    f.d.start()
    tap.is_([i["subject"] for i in f.d.jmctl.list()], RIGHT, name + ": all is listed")
    tap.ok("catalog-rebuild" in f.d.log(), name + ": the catalog was made anew")
    f.free()
    f.ends_well([])


def no_room():
    """The start says what is missing."""
    f = Full("a start without room")
    f.cut()
    f.fill()
    program = run.Program([PROGRAM, "-f", "-c", f.d.settings], f.d.path("failing")).start()
    tap.is_(program.wait(), 75, f.name + ": status 75, after which the unit tries again")
    tap.like(program.text(), r"failed error=.*make room on the disk",
             f.name + ": the log says the cure")
    f.free()
    f.d.start()
    f.ends_well([])


def running():
    f = Full("while it runs")
    d = f.d.start()
    f.damage()
    f.fill()
    d.jmctl.run("list")
    run.until(lambda: "catalog-works-again" in d.log(), f.name + ": it is made anew")
    tap.is_([i["subject"] for i in d.jmctl.list()], RIGHT, f.name + ": all is listed")
    f.free()
    f.ends_well([])


def running_without_room():
    f = Full("while it runs, without room")
    d = f.d.start()
    f.damage()
    f.cut()
    f.fill()
    tap.ok(d.jmctl.run("list")[0] != 0, f.name + ": a list fails")
    tap.like(send(d, "full").text, r"^451 4\.3\.0", f.name + ": 451 4.3.0")
    run.until(lambda: d.jmctl.status()["state"] in ("catalog-behind", "cannot-write"),
              f.name + ": status says so")
    if "catalog-fails" in d.log():	# else only its log could not be written, so far
        run.until(lambda: "catalog-needs-room" in d.log(), f.name + ": the log says why")
    f.free()
    tap.is_(pages.deliver_as_mta(d, corpus.report("again")), "d",
            f.name + ": with room mail is archived again, without a restart")
    run.until(lambda: d.jmctl.run("list")[0] == 0, f.name + ": and listed")
    f.ends_well(["Test again"])


os.makedirs(DISK)
MOUNT = ["mount", "-t", "tmpfs", "-o", "size=%d" % DISK_BYTES, "tmpfs", DISK]
if os.getuid() != 0 or subprocess.run(MOUNT, stderr=subprocess.DEVNULL, check=False).returncode:
    tap.skip("a full disk", "no tmpfs can be mounted here")
    sys.exit(tap.done())
tap.at_end(lambda: subprocess.run(["umount", "-l", DISK], check=False))
whole = Full("whole").d.start()
RIGHT = [i["subject"] for i in whole.jmctl.list()]
whole.stop()
start("at the start", "0")
start("at the start, with a reserve", "8M")
no_room()
running()
running_without_room()
sys.exit(tap.done())
