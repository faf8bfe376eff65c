#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""
A file system that goes read-only by error while mail comes in: 451, and the log says so once.
Repaired and mounted again, the next start continues by itself. Acknowledged records are there, or
are reported as lost with their numbers. JM_READONLY is the number of rounds.
"""
import glob
import json
import os
import re
import shutil
import subprocess
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
import corpus
import milter
import run
import tap
from daemon import PROGRAM, Daemon

JOURNAL, CLIENT = "journaling@journal.example.com", "192.0.2.25"
ROUNDS, SENDERS = int(os.environ.get("JM_READONLY", "2")), 4
DISK_BYTES = 64 << 20


class Disk:
    """An ext4 in a file, mounted so that an error makes it read-only."""

    def __init__(self, name):
        self.image, self.path = os.path.join(tap.folder(), name + ".img"), \
            os.path.join(tap.folder(), name)
        os.makedirs(self.path)
        with open(self.image, "wb") as f:
            f.truncate(DISK_BYTES)
        run.output("mkfs.ext4", "-q", "-F", self.image)

    def mount(self, at=None):
        self.at = at or self.path
        run.output("mount", "-o", "loop,errors=remount-ro", self.image, self.at)
        tap.at_end(lambda: subprocess.run(["umount", "-l", self.at], stderr=subprocess.DEVNULL,
                                          check=False))
        return self

    def fail(self):
        device = os.path.basename(run.output("findmnt", "-no", "SOURCE", self.at).strip())
        with open("/sys/fs/ext4/%s/trigger_fs_error" % device, "w", encoding="ascii") as f:
            f.write("an error")

    def umount(self):
        run.output("umount", self.at)

    def repair(self):
        self.umount()
        done = subprocess.run(["e2fsck", "-f", "-y", self.image], stdout=subprocess.DEVNULL,
                              stderr=subprocess.DEVNULL, check=False)
        tap.ok(done.returncode in (0, 1), "e2fsck repairs the file system", done)
        self.mount(self.at)


class Sender(threading.Thread):
    """Sends one report after the other, each once."""

    def __init__(self, d, name):
        super().__init__()
        self.d, self.name, self.over = d, name, threading.Event()
        self.acknowledged, self.refused = [], []

    def run(self):
        number = 0
        while not self.over.is_set():
            number += 1
            name = "%s-%d" % (self.name, number)
            a = milter.deliver(self.d.socket, "a@example.com", [JOURNAL],
                               corpus.report(name, (0, 3000, 60000)[number % 3]), CLIENT)
            if a.kind == "d":
                self.acknowledged.append("Test " + name)
            else:
                self.refused.append(a)


def daemon(name, archive, more):
    return Daemon(os.path.join(tap.folder(), name), outbounds=(CLIENT,), more={
        "archive": dict({"directory": archive, "disk-reserve": "0"}, **more),
        "publish": {"directory": os.path.join(tap.folder(), name, "public"), "interval": 1}})


def published(d):
    try:
        with open(d.path("public/status.json"), encoding="utf-8") as f:
            return json.load(f)
    except FileNotFoundError:
        return {"published": ""}


def published_anew(d, times):
    """Wait for so many published states; the last."""
    for _ in range(times):
        before = published(d)["published"]
        run.until(lambda: published(d)["published"] != before, "a published state")
    return published(d)


def findings(d):
    """The failures that doctor finds, by name."""
    out = d.jmctl.run("doctor", "--no-dns", "--json")[1]
    return {f["name"]: f for f in json.loads(out)["findings"] if f["level"] == "FAIL"}


def subjects(d):
    return {i["subject"] for i in d.jmctl.list()}


def says(d, what):
    return len(re.findall(" %s " % what, d.log()))


def refuses(d, name):
    """While the file system is read-only."""
    cpu, refused = d.cpu_seconds(), says(d, "deferred")
    state = published_anew(d, 4)
    cpu = d.cpu_seconds() - cpu
    tap.ok(cpu < 0.5, "%s: it does not spin" % name, "%.2f s of CPU in four intervals" % cpu)
    tap.is_(says(d, "deferred"), refused, name + ": without mail nothing is refused")
    tap.is_(state["archive"]["state"], "cannot-write", name + ": the published state says so")
    s = d.jmctl.status()
    tap.is_(s["state"], "cannot-write", name + ": and status")
    tap.like(s["problem"], "Read-only file system|Input/output error", name + ": with the reason")
    tap.is_(state["tip"]["seq"], s["last_seq"],
            name + ": the end of the log is published, up to the last acknowledged record")
    found = findings(d).get("service-error", {"text": "", "change": ""})
    tap.like(found["text"] + found["change"], "cannot|Read-only", name + ": and doctor fails")
    tap.is_(says(d, "archive-cannot-write"), 1, name + ": the log says it once")


def told_or_there(d, name, acknowledged, end):
    """Returns whether records were lost."""
    missing = [x for x in acknowledged if x not in subjects(d)]
    told = re.search(r" records-lost first=(\d+) last=(\d+) ", d.log())
    if missing:
        tap.ok(told and int(told.group(1)) <= int(told.group(2)) == end["seq"],
               "%s: %d acknowledged are lost, and that is told with the numbers"
               % (name, len(missing)), (missing, end, d.log()[-3000:]))
    if told:
        tap.is_(d.jmctl.status()["state"], "damaged", name + ": the status is not ok")
        tap.ok("archive-damaged" in findings(d), name + ": and doctor fails")
    else:
        tap.is_(missing, [], "%s: all %d acknowledged are there" % (name, len(acknowledged)))
        tap.is_(run.settled(lambda: d.jmctl.status()["state"], "ok"), "ok", name + ": it is ok")
        tap.is_(d.jmctl.verify()[0], 0, name + ": verify finds nothing wrong")
    return bool(told)


def goes_on(d, name):
    a = milter.deliver(d.socket, "a@example.com", [JOURNAL], corpus.report(name + " after"), CLIENT)
    tap.is_(a.kind, "d", name + ": mail is archived again")
    tap.ok("Test %s after" % name in subjects(d), name + ": and listed")


def loaded(number):
    """The error comes while senders send."""
    name = "round %d" % number
    disk = Disk("disk-%d" % number).mount()
    d = daemon("d-%d" % number, disk.path + "/archive", {"volume-size": "1M"}).start()
    senders = [Sender(d, "%d-%d" % (number, i)) for i in range(SENDERS)]
    for s in senders:
        s.start()
    run.until(lambda: sum(len(s.acknowledged) for s in senders) >= 60 + 37 * number, "mail",
              pause=0.001 * (number % 4))
    disk.fail()
    run.until(lambda: all(len(s.refused) >= 5 for s in senders), "each sender is refused")
    for s in senders:
        s.over.set()
    for s in senders:
        s.join()
    acknowledged = [x for s in senders for x in s.acknowledged]
    tap.is_({str(a)[:9] for s in senders for a in s.refused}, {"451 4.3.0"}, name + ": 451 4.3.0")
    refuses(d, name)
    tap.is_(d.stop(), 0, name + ": it stops with status 0")
    end = published(d)["tip"]
    early = run.Program([PROGRAM, "-f", "-c", d.settings], d.path("early")).start()
    tap.is_(early.wait(), 75, name + ": while it is read-only a start fails with status 75")
    tap.like(early.text(), "failed error=.*Read-only file system; remount", name + ": with a cure")
    disk.repair()
    d.start()
    lost = told_or_there(d, name, acknowledged, end)
    goes_on(d, name)
    d.stop()
    disk.umount()
    os.unlink(disk.image)
    return lost


def cut_at(archive, subject):
    """Cut the log inside of a report's record."""
    newest = max(glob.glob(archive + "/volumes/*.jmv"))
    with open(newest, "rb") as f:
        os.truncate(newest, f.read().rindex(subject.encode()))


def catalog_apart():
    """
    Only the catalog's disk fails. The state published since then has the end of all that was
    acknowledged, which the catalog has not, and shows a loss of just that.
    """
    name = "the catalog"
    archive, disk = os.path.join(tap.folder(), "apart"), Disk("catalog")
    d = daemon("c", archive, {}).start()
    d.stop()
    catalog = archive + "/catalog"
    shutil.move(catalog, catalog + ".made")
    os.mkdir(catalog, 0o700)
    disk.mount(catalog)
    for path in glob.glob(catalog + ".made/*"):
        shutil.copy(path, catalog)
    d.start()
    disk.fail()
    sender = Sender(d, "apart")
    sender.start()
    run.until(lambda: sender.refused, "a report is refused")
    sender.over.set()
    sender.join()
    tap.is_(str(sender.refused[0])[:9], "451 4.3.0", name + ": 451 4.3.0")
    tap.is_(d.jmctl.status()["state"], "catalog-behind", name + ": status says so")
    state = published_anew(d, 2)
    tap.is_(state["archive"]["state"], "catalog-behind", name + ": and the published state")
    tap.ok(run.settled(lambda: published(d).get("tip", {}).get("seq")
                       == d.jmctl.status()["last_seq"], True),
           name + ": which has the end of the log")
    d.kill()
    end = published(d).get("tip", {"seq": 0})
    disk.repair()
    cut_at(archive, sender.acknowledged[-1])
    d.start()
    tap.ok(told_or_there(d, name, sender.acknowledged, end), name + ": the loss is told")
    tap.is_([x for x in sender.acknowledged if x not in subjects(d)], sender.acknowledged[-1:],
            name + ": just that report is lost")
    goes_on(d, name)
    d.stop()


tap.need("mkfs.ext4", "e2fsck", "findmnt", "losetup", root=True)
if subprocess.run(["losetup", "-f"], stdout=subprocess.DEVNULL, check=False).returncode or \
        not os.path.isdir("/sys/fs/ext4"):
    tap.skip_all("no loop device or no ext4 here")
begun = time.monotonic()
losses = [n for n in range(ROUNDS) if loaded(n)]
tap.diag("%d of %d rounds lost acknowledged records, %.0f s" % (
    len(losses), ROUNDS, time.monotonic() - begun))
catalog_apart()
sys.exit(tap.done())
