#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""
The operator's verbs, and publishing, on a failing disk: for each call of import, load, backup,
restore, rebuild, queue retry, release, expire, domain add and domain verify, the call fails once,
or from then on, or is the last before kill -9. After each the archive opens without help and has
its items, exact, once. The published state is one whole publication. The same verb again, on a disk
that works, ends as if nothing had happened.
"""
import concurrent.futures
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
import dns
import run
import tap
from jmctl import PROGRAM

DEPOSIT = os.path.join(tap.BUILD, "t/lib/deposit_files")
PUBLISH = os.path.join(tap.BUILD, "t/lib/publish_state")
JOURNAL = "journaling@journal.example.com"
POINTS = int(os.environ.get("JM_FAULT_POINTS", "4"))       # of each kind and verb
# The faults are made here, not by the disk: in memory nobody has to wait for one.
BASE = tempfile.mkdtemp(prefix="jm-verbs-",
                        dir="/dev/shm" if os.access("/dev/shm", os.W_OK) else None)
tap.at_end(lambda: shutil.rmtree(BASE, ignore_errors=True))
SHIM = os.path.join(BASE, "disk-fault.so")
run.shim(SHIM, "disk-fault.c")

FAULTS = [("write", "", "ENOSPC"), ("write", "", "short"), ("write", "+", "EDQUOT"),
          ("sync", "", "EIO"), ("sync", "+", "EIO"), ("open", "", "ENOSPC"),
          ("open", "+", "EMFILE"), ("rename", "", "EIO"), ("truncate", "", "EIO"),
          ("any", "", "EIO"), ("any", "", "kill"), ("read", "", "EIO"), ("read", "+", "EIO"),
          ("read", "", "short"), ("read", "", "flip"), ("memory", "", "ENOMEM")]


def jmctl(*args, env=None):
    return command([PROGRAM, *map(str, args)], env)


def command(args, env=None):
    try:
        r = subprocess.run(args, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                           stderr=subprocess.PIPE, check=False, timeout=600,
                           env=dict(os.environ, **env) if env else None)
    except subprocess.TimeoutExpired as e:
        raise AssertionError("%s hangs" % args[:2]) from e
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
    """
    One verb. make() fills the folder self.at; verb() gives the arguments; after() judges with the
    verb broken off, again() with it run again.
    """
    under = ("archive",)
    memory = 2      # times POINTS
    points = POINTS
    tried = 0
    # left out in a try: it opens as the others do, and Berkeley DB tries for 12 seconds each time
    descriptors = True
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
        e = {"LD_PRELOAD": SHIM, "DISK_FAULT_UNDER": ":".join(self.path(u) for u in self.under),
             "DISK_FAULT_COUNT": os.path.join(BASE, self.name + ".count")}
        if fault:
            e["DISK_FAULT"] = fault
        return e

    def run(self, fault=None):
        return jmctl(*self.verb(), env=self.env(fault))

    def again(self):
        status, out, complaint = jmctl(*self.verb())
        if status != 0:
            raise AssertionError("the verb again ends with %d: %s%s"
                                 % (status, out[:200], complaint))


class Import(Scene):
    def make(self, at):
        deposit(os.path.join(at, "archive"), 0, 1, 2)

    def verb(self):
        return ("import", "--archive", self.path("archive"), "--service", JOURNAL,
                *[eml(n) for n in range(10, 15)])

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
            path = self.path("x.eml")
            jmctl("export", "--bcc", "--report", "--archive", self.path("archive"), x["id"],
                  "--output", path)
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
        # no archive yet
        if os.path.exists(self.path("archive/volumes/00000001.jmv")) \
                and jmctl("list", "--archive", self.path("archive"))[0] not in (66, 69):
            want([s for s in subjects(self.path("archive")) if s not in names(0, 1, 2, 3)], [],
                 "what nobody sent")
            healthy(self.path("archive"))

    def finished(self):
        for more in ((), ("--set-aside",)):
            want(listing(self.path("archive"), *more), listing(self.path("from"), *more),
                 "the same list")
        healthy(self.path("archive"))


class Backup(Scene):
    """An incremental run onto a failing disk."""
    under = ("copy",)

    def make(self, at):
        source = os.path.join(at, "archive")
        deposit(source, *range(6))
        jmctl("backup", "--archive", source, os.path.join(at, "copy"))
        deposit(source, *range(6, 14))
        self.sealed = {p: os.stat(p).st_ino
                       for p in sorted(glob.glob(at + "/copy/volumes/*.jmv"))[:-1]}

    def verb(self):
        return ("backup", "--archive", self.path("archive"), self.path("copy"))

    def after(self, status):
        want(subjects(self.path("archive")), names(*range(14)), "the archive itself")
        want(set(names(*range(6))) - set(subjects(self.path("copy"))), set(),
             "the copy has what it had")
        healthy(self.path("copy"))

    def finished(self):
        want(listing(self.path("copy")), listing(self.path("archive")), "the copy lists the same")
        for p in glob.glob(self.path("archive/volumes/*.jmv")):
            with open(p, "rb") as f, open(self.path("copy/volumes/" + os.path.basename(p)),
                                          "rb") as g:
                # An event about the recovery may follow the copy.
                want(f.read().startswith(g.read()), True,
                     "volume %s is the same in the copy" % os.path.basename(p))
        with open(self.path("copy/backup.json"), encoding="ascii") as f:
            want(json.load(f)["verified"] > 0, True, "it is noted up to where it was verified")


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
            raise AssertionError("the verb again ends with %d: %s%s"
                                 % (status, out[:200], complaint))

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
        """
        Records that cannot be read are reported and left out, until they can be read and the verb
        is used again.
        """
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
            raise AssertionError("the verb again ends with %d: %s%s"
                                 % (status, out[:200], complaint))

    def finished(self):
        want((subjects(self.path("archive")), subjects(self.path("archive"), "--set-aside")),
             (names(0, 1, 2), names(3)), "released once")
        healthy(self.path("archive"))


class Expire(Release):
    def verb(self):
        return ("set-aside", "expire", "--yes", "--archive", self.path("archive"), str(self.ids[0]))

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


class Retry(Scene):
    """
    Waiting reports are made due. They wait until a daemon looks for them; here they are archived by
    hand.
    """
    descriptors, points = False, max(1, POINTS // 2)

    def make(self, at):
        deposit(os.path.join(at, "archive"), 0, 1)
        deposit(os.path.join(at, "archive"), 2, 3, more=("--queued", "3600"))
        self.ids = sorted(x["id"] for x in self.queue(os.path.join(at, "archive")))

    @staticmethod
    def queue(archive):
        status, out, complaint = jmctl("queue", "--json", "--archive", archive)
        if status != 0:
            raise AssertionError("queue ends with %d: %s" % (status, complaint))
        return [json.loads(x) for x in out.splitlines()]

    def verb(self):
        return ("queue", "retry", "--archive", self.path("archive"), *self.ids)

    def after(self, status):
        rows = self.queue(self.path("archive"))
        want(sorted(x["id"] for x in rows), self.ids, "what waits")
        if status == 0:
            want({x["state"] for x in rows}, {"due"}, "what it said is due")
        want(subjects(self.path("archive")), names(0, 1), "what is archived")
        healthy(self.path("archive"))

    def finished(self):
        self.after(0)
        status, _, complaint = jmctl("queue", "release", "--archive", self.path("archive"),
                                     *self.ids)
        want((status, complaint), (0, ""), "release")
        want((subjects(self.path("archive")), self.queue(self.path("archive"))),
             (names(0, 1, 2, 3), []), "each once")
        healthy(self.path("archive"))


class Leave(Retry):
    """Out of the queue into the archive."""
    def verb(self):
        return ("queue", "release", "--archive", self.path("archive"), *self.ids)

    def after(self, status):
        waiting, archived = {x["id"] for x in self.queue(self.path("archive"))}, subjects(
            self.path("archive"))
        want(sorted(archived + names(*(2 + self.ids.index(i) for i in waiting))), names(0, 1, 2, 3),
             "each waits or is archived, once")
        if status == 0:
            want(waiting, set(), "what it said is archived")
        healthy(self.path("archive"))

    def again(self):
        for i in self.ids:
            status, _, complaint = jmctl("queue", "release", "--archive", self.path("archive"), i)
            if status != 0 and "it is archived" not in complaint:
                raise AssertionError("the verb again ends with %d: %s" % (status, complaint))

    def finished(self):
        want((subjects(self.path("archive")), self.queue(self.path("archive"))),
             (names(0, 1, 2, 3), []), "each once")
        healthy(self.path("archive"))


class Domain(Scene):
    """domain add."""
    name_of = "example.org"
    descriptors, points = False, max(1, POINTS // 2)

    def make(self, at):
        deposit(os.path.join(at, "archive"), 0, 1)

    def verb(self):
        return ("domain", "add", "--archive", self.path("archive"), self.name_of)

    def known(self):
        status, out, complaint = jmctl("domain", "list", "--json", "--archive",
                                       self.path("archive"))
        want(status, 0, "domain list: " + complaint)
        return [(o["domain"], o["state"]) for o in map(json.loads, out.splitlines())]

    def told(self, kind):
        return [json.loads(x)["kind"] for x in jmctl(
            "events", "--json", "--archive", self.path("archive"))[1].splitlines()].count(kind)

    def after(self, status):
        known = self.known()
        if known not in ([(self.name_of, "pending")], []) or (status == 0 and not known):
            raise AssertionError("with %d it is %r" % (status, known))
        want(self.told("domain-added"), len(known), "an event if it is there")
        healthy(self.path("archive"))

    def finished(self):
        want((self.known(), self.told("domain-added")), ([(self.name_of, "pending")], 1),
             "added once")
        want(subjects(self.path("archive")), names(0, 1), "what is archived")


class Verified(Domain):
    """domain verify, with the record in DNS."""
    def make(self, at):
        super().make(at)
        self.server = dns.Dns()
        status, out, _ = jmctl("domain", "add", "--json", "--archive", os.path.join(at, "archive"),
                               self.name_of)
        o = json.loads(out)
        self.server.records[o["record_name"]] = [o["record_text"]]

    def verb(self):
        return ("domain", "verify", "--archive", self.path("archive"), "--server",
                "127.0.0.1:%d" % self.server.port, self.name_of)

    def after(self, status):
        known = self.known()
        if known not in ([(self.name_of, "pending")], [(self.name_of, "verified")]) \
                or (status == 0 and known[0][1] != "verified"):
            raise AssertionError("with %d it is %r" % (status, known))
        want(self.told("domain-verified"), int(known[0][1] == "verified"), "an event if it is so")
        healthy(self.path("archive"))

    def finished(self):
        want(self.known(), [(self.name_of, "verified")], "it is verified")


FILES = ["journal-milter.prom"] + ["stats.db"] * tap.STATS_DB + ["status.json"]


class Publish(Scene):
    """Three publications; in publication N every number is N."""
    under = ("public",)
    descriptors, points = False, max(1, POINTS // 2)

    def make(self, at):
        os.makedirs(os.path.join(at, "public"))
        run.output(PUBLISH, os.path.join(at, "public"), "1", "1")

    def run(self, fault=None):
        return command([PUBLISH, self.path("public"), "2", "4"], self.env(fault))

    def published(self):
        """Of which publication each file is."""
        found = []
        if tap.STATS_DB:
            status, out, complaint = command(["db5.3_dump", "-p", self.path("public/stats.db")])
            want((status, complaint), (0, ""), "stats.db can be read")
            body = [x[1:] for x in out.split("HEADER=END\n")[1].split("DATA=END")[0].splitlines()]
            want(len(body), 2 * (4 + 2 * 200), "rows of stats.db")
            found.append({v for k, v in zip(body[::2], body[1::2]) if k.count("/") < 2})
        with open(self.path("public/status.json"), encoding="utf-8") as f:
            state = json.load(f)
        found.append({str(n) for n in (state["format"], state["interval_seconds"],
                                       state["archive"]["items"], state["archive"]["reports"])})
        with open(self.path("public/journal-milter.prom"), encoding="utf-8") as f:
            text = f.read()
        found.append({x.split()[1] for x in text.splitlines() if x.startswith(
            ("journal_milter_archive_items ", "journal_milter_archive_reports_total "))})
        want((text.count('state="Error"'), text[-1:]), (200, "\n"), "the metrics are whole")
        return found

    def after(self, status):
        numbers = self.published()
        want([len(n) for n in numbers], [1] * len(FILES),
             "each file is of one publication: %r" % numbers)
        want(status == 0 and numbers != [{"4"}] * len(FILES), False,
             "it said they are published: %r" % numbers)

    def again(self):
        want(command([PUBLISH, self.path("public"), "5", "5"])[0], 0, "publishing again")

    def finished(self):
        want(self.published(), [{"5"}] * len(FILES), "published")
        want(sorted(os.listdir(self.path("public"))), FILES, "nothing else is left")


def points(calls, most):
    step = max(1, -(-calls // most))
    return range(1, calls + 1, step)


def try_one(scene, fault):
    scene.fresh()
    scene.fault = fault
    began = time.monotonic()
    status, out, complaint = scene.run(fault)
    if time.monotonic() - began > 10:
        tap.diag("%s with %s took %.0f s" % (scene.name, fault, time.monotonic() - began))
    # OpenSSL's start without memory dereferences NULL, and jansson's parser fails an assertion: not
    # ours to mend, and no worse than kill -9.
    may_die = (signal.SIGKILL, signal.SIGSEGV) if fault.startswith("memory") else (signal.SIGKILL,)
    if status == -signal.SIGABRT and fault.startswith("memory") and "load.c" in complaint:
        may_die += (signal.SIGABRT,)
    if status < 0 and -status not in may_die:
        raise AssertionError("the verb ended by signal %d: %s" % (-status, complaint[-300:]))
    if status > 0 and not complaint.strip() and not out.strip():
        raise AssertionError("it failed without a word")
    scene.after(status)
    scene.again()
    scene.finished()


def drive(kind):
    """The claims about one scene: (result, claim, what was seen)."""
    scene, claims = kind(), []
    scene.fresh()
    status, out, complaint = scene.run()
    with open(os.path.join(BASE, scene.name + ".count"), encoding="ascii") as f:
        calls = {a: int(b) for a, b in (x.split() for x in f)}
    claims.append((status in (0, 65), "%s without faults: %d calls, %d of memory"
                   % (scene.name, calls["any"], calls["memory"]), out + complaint))
    for op, plus, what in FAULTS:
        bad, n = [], 0
        if what == "EMFILE" and not scene.descriptors:
            continue
        share = 3 if what == "kill" else scene.memory if op == "memory" else 0.5 \
            if what == "EMFILE" else 1
        for nth in points(calls[op], max(1, int(scene.points * share))):
            n += 1
            try:
                try_one(scene, "%s:%d%s:%s" % (op, nth, plus, what))
            except AssertionError as e:
                bad.append("call %d: %s" % (nth, e))
        claims.append((not bad, "%s, %s %s%s: %d points of %d calls"
                       % (scene.name, op, what, " from then on" if plus else "", n, calls[op]),
                       "\n".join(bad[:3])))
        scene.tried += n
    return claims, scene.tried


KINDS = (Import, Load, First, Backup, Restore, Rebuild, Damaged, Release, Expire, Retry, Leave,
         Domain, Verified, Publish)
wanted = [k for k in KINDS if not sys.argv[1:] or k.__name__.lower() in sys.argv[1:]]
for k in range(30):
    eml(k)          # before they share it
# The scenes have folders of their own, and most of their time is others' programs'.
with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
    done = list(pool.map(drive, wanted))
for claims, _ in done:
    for claim in claims:
        tap.ok(*claim)
tap.ok(sum(n for _, n in done) > 0, "%d fault points" % sum(n for _, n in done))
sys.exit(tap.done())
