#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""The operator's verbs on a failing disk: for each call of import, load, backup, restore, rebuild, release, expire and domain add, the call fails once, or
from then on, or is the last before kill -9. After each the archive opens without a hand, what was in it is in it, exact, once; and the same verb
again, on a disk that works, ends as if nothing had happened."""
import glob
import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
import corpus
import run
import tap
from jmctl import PROGRAM

DEPOSIT = os.path.join(tap.BUILD, "t/lib/deposit_files")
JOURNAL = "journaling@journal.example.com"
POINTS = int(os.environ.get("JM_FAULT_POINTS", "4"))       # of each kind and verb
# The faults are made here, not by the disk: in memory nobody has to wait for one.
BASE = tempfile.mkdtemp(prefix="jm-verbs-", dir="/dev/shm" if os.access("/dev/shm", os.W_OK) else None)
tap.at_end(lambda: shutil.rmtree(BASE, ignore_errors=True))
SHIM = os.path.join(BASE, "disk-fault.so")
run.output("cc", "-D_GNU_SOURCE", "-shared", "-fPIC", "-O1", "-U_FORTIFY_SOURCE", "-o", SHIM, os.path.join(tap.SRC, "t/lib/disk-fault.c"))

FAULTS = [("write", "", "ENOSPC"), ("write", "", "short"), ("write", "+", "EDQUOT"), ("sync", "", "EIO"), ("sync", "+", "EIO"), ("open", "", "ENOSPC"),
          ("open", "+", "EMFILE"), ("rename", "", "EIO"), ("truncate", "", "EIO"), ("any", "", "EIO"), ("any", "", "kill"), ("read", "", "EIO"), ("read", "+", "EIO"), ("read", "", "short"), ("read", "", "flip"), ("memory", "", "ENOMEM")]
total = 0


def jmctl(*args, env=None):
    try:
        r = subprocess.run([PROGRAM, *map(str, args)], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False, timeout=60,
                           env=dict(os.environ, **env) if env else None)
    except subprocess.TimeoutExpired as e:
        raise AssertionError("%s hangs" % args[0]) from e
    return r.returncode, r.stdout.decode("utf-8", "replace"), r.stderr.decode("utf-8", "replace")


def eml(n, size=900):
    path = os.path.join(BASE, "eml/m%d.eml" % n)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    if not os.path.exists(path):
        with open(path, "wb") as f:
            f.write(corpus.report("fault-%d" % n, size + 31 * n))
    return path


def deposit(archive, *numbers, more=()):
    run.output(DEPOSIT, "--volume-size", "6000", *more, archive, *[eml(n) for n in numbers])


def listing(archive, *more):
    status, out, complaint = jmctl("list", "--json", "--archive", archive, *more)
    if status != 0:
        raise AssertionError("list ends with %d: %s" % (status, complaint))
    return [json.loads(x) for x in out.splitlines()]


def subjects(archive, *more):
    return sorted(x["subject"] for x in listing(archive, *more))


def healthy(archive):
    """Raises what is wrong with an archive."""
    status, out, complaint = jmctl("verify", "--json", "--archive", archive)
    if status != 0:
        raise AssertionError("verify ends with %d: %s%s" % (status, out[:300], complaint))


def names(*numbers):
    return sorted("Test fault-%d" % n for n in numbers)


def want(got, wanted, what):
    if got != wanted:
        raise AssertionError("%s: got %.300r, want %.300r" % (what, got, wanted))


class Scene:
    """One verb. make() fills the folder self.at; verb() gives the arguments; after() judges with the verb broken off, again() with it run again."""
    under = ("archive",)
    memory = 2      # times POINTS
    fault = ""

    def __init__(self):
        self.name = type(self).__name__.lower()
        self.original = os.path.join(BASE, self.name + ".original")
        self.at = os.path.join(BASE, self.name)
        os.makedirs(self.original)
        self.make(self.original)

    def path(self, name):
        return os.path.join(self.at, name)

    def fresh(self):
        shutil.rmtree(self.at, ignore_errors=True)
        shutil.copytree(self.original, self.at)

    def env(self, fault=None):
        e = {"LD_PRELOAD": SHIM, "DISK_FAULT_UNDER": ":".join(self.path(u) for u in self.under), "DISK_FAULT_COUNT": os.path.join(BASE, "count")}
        if fault:
            e["DISK_FAULT"] = fault
        return e

    def again(self):
        status, out, complaint = jmctl(*self.verb())
        if status != 0:
            raise AssertionError("the verb again ends with %d: %s%s" % (status, out[:200], complaint))


class Import(Scene):
    def make(self, at):
        deposit(os.path.join(at, "archive"), 0, 1, 2)

    def verb(self):
        return ("import", "--archive", self.path("archive"), "--service", JOURNAL, *[eml(n) for n in range(10, 15)])

    def after(self, status):
        got = subjects(self.path("archive"))
        want([s for s in got if s in names(0, 1, 2)], names(0, 1, 2), "what was there")
        want([s for s in got if s not in names(0, 1, 2, *range(10, 15))], [], "what nobody sent")
        if status == 0:
            want(got, names(0, 1, 2, *range(10, 15)), "what it said is imported")
        healthy(self.path("archive"))

    def finished(self):
        want(subjects(self.path("archive")), names(0, 1, 2, *range(10, 15)), "each once")
        for x in listing(self.path("archive")):
            path = os.path.join(BASE, "x.eml")
            jmctl("export", "--report", "--archive", self.path("archive"), x["id"], "--output", path)
            with open(path, "rb") as f, open(eml(int(x["subject"].split("-")[1])), "rb") as g:
                want(f.read() == g.read(), True, "exact bytes of %s" % x["subject"])
            os.remove(path)


class Load(Scene):
    memory = 10     # most of its code is its own

    def make(self, at):
        deposit(os.path.join(at, "from"), 0, 1, 2, 1, 3)
        deposit(os.path.join(at, "from"), 4, more=("--set-aside", "too old"))
        jmctl("dump", "--archive", os.path.join(at, "from"), os.path.join(at, "dump"))

    def verb(self):
        return ("load", "--archive", self.path("archive"), self.path("dump"))

    def after(self, status):
        if os.path.exists(self.path("archive/volumes/00000001.jmv")) and jmctl("list", "--archive", self.path("archive"))[0] != 66:
            want([s for s in subjects(self.path("archive")) if s not in names(0, 1, 2, 3)], [], "what nobody sent")
            healthy(self.path("archive"))

    def finished(self):
        for more in ((), ("--set-aside",)):
            want(listing(self.path("archive"), *more), listing(self.path("from"), *more), "the same list")
        healthy(self.path("archive"))


class Backup(Scene):
    """An incremental run onto a failing disk."""
    under = ("copy",)

    def make(self, at):
        source = os.path.join(at, "archive")
        deposit(source, *range(6))
        jmctl("backup", "--archive", source, os.path.join(at, "copy"))
        deposit(source, *range(6, 14))
        self.sealed = {p: os.stat(p).st_ino for p in sorted(glob.glob(at + "/copy/volumes/*.jmv"))[:-1]}

    def verb(self):
        return ("backup", "--archive", self.path("archive"), self.path("copy"))

    def after(self, status):
        want(subjects(self.path("archive")), names(*range(14)), "the archive itself")
        want(set(names(*range(6))) - set(subjects(self.path("copy"))), set(), "the copy has what it had")
        healthy(self.path("copy"))

    def finished(self):
        want(listing(self.path("copy")), listing(self.path("archive")), "the copy lists the same")
        for p in glob.glob(self.path("archive/volumes/*.jmv")):
            with open(p, "rb") as f, open(self.path("copy/volumes/" + os.path.basename(p)), "rb") as g:
                want(f.read() == g.read(), True, "volume %s is the same in the copy" % os.path.basename(p))
        want(os.path.exists(self.path("copy/backup.json")), True, "it is noted up to where it was verified")


class First(Backup):
    """The first run."""
    def make(self, at):
        deposit(os.path.join(at, "archive"), *range(14))
        os.makedirs(os.path.join(at, "copy"))

    def after(self, status):
        want(subjects(self.path("archive")), names(*range(14)), "the archive itself")
        if status == 0:
            self.finished()


class Restore(Scene):
    under = ("new",)

    def make(self, at):
        deposit(os.path.join(at, "archive"), *range(10))
        jmctl("backup", "--archive", os.path.join(at, "archive"), os.path.join(at, "copy"))
        os.makedirs(os.path.join(at, "new"))

    def verb(self):
        return ("restore", "--archive", self.path("new"), self.path("copy"))

    def after(self, status):
        # All of it, or no archive at all: never one with a part of the messages.
        self.there = jmctl("list", "--archive", self.path("new"))[0] == 0
        if self.there:
            want(subjects(self.path("new")), names(*range(10)), "all of it")
            healthy(self.path("new"))
        want(status == 0 and not self.there, False, "it said so, and it is not there")

    def again(self):
        status, out, complaint = jmctl(*self.verb())
        if (status, self.there) not in ((0, False), (64, True)):
            raise AssertionError("the verb again ends with %d: %s%s" % (status, out[:200], complaint))

    def finished(self):
        want(listing(self.path("new")), listing(self.path("copy")), "the same list")
        healthy(self.path("new"))


class Rebuild(Scene):
    def make(self, at):
        deposit(os.path.join(at, "archive"), *range(8))
        deposit(os.path.join(at, "archive"), 8, more=("--set-aside", "too old"))
        self.before = listing(os.path.join(at, "archive"))

    def verb(self):
        return ("rebuild", "--archive", self.path("archive"))

    def after(self, status):
        if self.spares(status):
            return
        want(listing(self.path("archive")), self.before, "the old catalog, or the new one")
        healthy(self.path("archive"))

    def spares(self, status):
        """What cannot be read is told and left out, until it can be read and the verb is used again."""
        if status != 65 or not self.fault.startswith("read"):
            return False
        got = listing(self.path("archive"))
        want([x for x in got if x not in self.before], [], "what was not there")
        return True

    def finished(self):
        self.after(0)


class Damaged(Rebuild):
    """Where only rebuild can make a catalog, as a volume is missing."""
    def make(self, at):
        super().make(at)
        os.remove(os.path.join(at, "archive/volumes/00000002.jmv"))
        jmctl("rebuild", "--archive", os.path.join(at, "archive"))
        self.before = listing(os.path.join(at, "archive"))

    def after(self, status):
        if not self.spares(status):
            want(listing(self.path("archive")), self.before, "the old catalog, or the new one")

    def again(self):
        status, out, complaint = jmctl(*self.verb())
        want(status, 65, "the verb again: " + complaint + out[:200])


class Release(Scene):
    def make(self, at):
        deposit(os.path.join(at, "archive"), 0, 1)
        deposit(os.path.join(at, "archive"), 2, 3, more=("--set-aside", "too old"))
        self.ids = [x["id"] for x in listing(os.path.join(at, "archive"), "--set-aside")]

    def verb(self):
        return ("set-aside", "release", "--archive", self.path("archive"), str(self.ids[0]))

    def after(self, status):
        both = (subjects(self.path("archive")), subjects(self.path("archive"), "--set-aside"))
        done = (names(0, 1, 2), names(3))
        if both not in (done, (names(0, 1), names(2, 3))):
            raise AssertionError("neither here nor there: %r" % (both,))
        if status == 0:
            want(both, done, "what it said is released")
        self.done = both == done
        healthy(self.path("archive"))

    def again(self):
        status, out, complaint = jmctl(*self.verb())
        if self.done and status == 0:
            raise AssertionError("released twice")
        if not self.done and status != 0:
            raise AssertionError("the verb again ends with %d: %s%s" % (status, out[:200], complaint))

    def finished(self):
        want((subjects(self.path("archive")), subjects(self.path("archive"), "--set-aside")), (names(0, 1, 2), names(3)), "released once")
        healthy(self.path("archive"))


class Expire(Release):
    def verb(self):
        return ("set-aside", "expire", "--archive", self.path("archive"), str(self.ids[0]))

    def after(self, status):
        kept = subjects(self.path("archive"), "--set-aside")
        want(subjects(self.path("archive")), names(0, 1), "what is archived")
        self.done = kept == names(3)
        if not self.done:
            want((kept, status == 0), (names(2, 3), False), "what is set aside")
        healthy(self.path("archive"))

    def finished(self):
        want(subjects(self.path("archive"), "--set-aside"), names(3), "expired once")
        healthy(self.path("archive"))


def points(calls, most):
    step = max(1, -(-calls // most))
    return range(1, calls + 1, step)


def try_one(scene, fault):
    scene.fresh()
    scene.fault = fault
    began = time.monotonic()
    status, out, complaint = jmctl(*scene.verb(), env=scene.env(fault))
    if time.monotonic() - began > 10:
        tap.diag("%s with %s took %.0f s" % (scene.name, fault, time.monotonic() - began))
    # OpenSSL's start without memory dereferences NULL: not ours to mend, and no worse than kill -9.
    may_die = (signal.SIGKILL, signal.SIGSEGV) if fault.startswith("memory") else (signal.SIGKILL,)
    if status < 0 and -status not in may_die:
        raise AssertionError("the verb ended by signal %d: %s" % (-status, complaint[-300:]))
    if status > 0 and not complaint.strip() and not out.strip():
        raise AssertionError("it failed without a word")
    scene.after(status)
    scene.again()
    scene.finished()


def drive(scene):
    global total
    scene.fresh()
    status, out, complaint = jmctl(*scene.verb(), env=scene.env())
    with open(os.path.join(BASE, "count"), encoding="ascii") as f:
        calls = {a: int(b) for a, b in (x.split() for x in f)}
    tap.ok(status in (0, 65), "%s without faults: %d calls, %d of memory" % (scene.name, calls["any"], calls["memory"]), out + complaint)
    for op, plus, what in FAULTS:
        bad, n = [], 0
        for nth in points(calls[op], POINTS * (3 if what == "kill" else scene.memory if op == "memory" else 1)):
            n += 1
            try:
                try_one(scene, "%s:%d%s:%s" % (op, nth, plus, what))
            except AssertionError as e:
                bad.append("call %d: %s" % (nth, e))
        total += n
        tap.ok(not bad, "%s, %s %s%s: %d points of %d calls" % (scene.name, op, what, " from then on" if plus else "", n, calls[op]), "\n".join(bad[:3]))


wanted = sys.argv[1:]
for kind in (Import, Load, First, Backup, Restore, Rebuild, Damaged, Release, Expire):
    if not wanted or kind.__name__.lower() in wanted:
        drive(kind())
tap.ok(total > 0, "%d fault points" % total)
sys.exit(tap.done())
