#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""
An archive folder that cannot be written (read-only, without inodes, of another owner), one reached
by a symbolic link, and no descriptors left: 4xx, a report, and recovery without help. A start that
fails says what to do.
"""
import json
import os
import re
import shutil
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
import corpus
import daemon
import milter
import run
import tap
from daemon import Daemon

JOURNAL, CLIENT = "journaling@journal.example.com", "192.0.2.25"
SHIM = run.shim(tap.folder() + "/disk-fault.so", "disk-fault.c", "-DDISK_FAULT_NO_MEMORY")


def send(d, number, size=0):
    return milter.deliver(d.socket, "a@example.com", [JOURNAL], corpus.report(number, size), CLIENT)


def subjects(d):
    return [i["subject"] for i in d.jmctl.list()]


def service(d):
    return next(s for s in d.jmctl.status()["services"] if s["name"] == JOURNAL)


def fails(d, name, code, pattern):
    """A start that fails: its exit code, and what it says to people."""
    r = subprocess.run([daemon.PROGRAM, "-f", "-c", d.settings], stdout=subprocess.PIPE,
                       stderr=subprocess.STDOUT, env=dict(os.environ, **(d.env or {})), check=False,
                       timeout=600)
    tap.is_(r.returncode, code, name + ": it does not start")
    tap.like(r.stdout.decode(), pattern, name + ": and says why, and what to do")


def mounted(name, options):
    """A small tmpfs, or None where none can be mounted."""
    disk = os.path.join(tap.folder(), name)
    os.makedirs(disk)
    if os.getuid() != 0 or subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", disk],
                                          stderr=subprocess.DEVNULL, check=False).returncode != 0:
        tap.diag("no tmpfs can be mounted here")
        return None
    tap.at_end(lambda: subprocess.run(["umount", "-l", disk], check=False))
    return disk


def in_error(d, name):
    """The state of the service while the archive cannot be written."""
    tap.ok(run.settled(lambda: bool(re.search(r"status service=%s .*is=Error .*archive: " % JOURNAL,
                                              d.log())), True), name + ": the service is in error")
    s = service(d)
    tap.ok(s["status"] == "Error" and s["why"].startswith("archive: ")
           and re.search("disk|file system", s["cure"]),
           name + ": which status tells although it cannot be kept", s)
    s = json.loads(d.jmctl.run("top", "--json")[1])["services"][JOURNAL]
    tap.ok(s["state"] == "Error" and s["why"].startswith("archive: "),
           name + ": and so does what is published", s)


def trouble(d, name, begin, end, size=0):
    """Mail before, while something is wrong, and after."""
    before = subjects(d)
    tap.is_(send(d, name + "-before").kind, "d", name + ": before: archived")
    begin()
    answers = [send(d, "%s-%d" % (name, i), size) for i in range(4)]
    tap.ok(all(a.text.startswith("451 4.3.0") for a in answers[1:]), name + ": 451 4.3.0", answers)
    stored = ["Test %s-before" % name] + ["Test %s-%d" % (name, i) for i, a in enumerate(answers)
                                          if a.kind == "d"]
    run.until(lambda: d.jmctl.status()["state"] == "cannot-write", "the state")
    tap.like(d.log(), "archive-cannot-write .*error=", name + ": the log says why")
    in_error(d, name)
    tap.is_(subjects(d), before + stored, name + ": what was acknowledged is listed, nothing else")
    end()
    run.until(lambda: send(d, name + "-after").kind == "d", "mail again")
    tap.is_(subjects(d), before + stored + ["Test %s-after" % name],
            name + ": it mends by itself: mail is archived again, without a restart")
    tap.is_(run.settled(lambda: service(d)["status"], "OK"), "OK",
            name + ": the service is in order again")
    tap.is_(d.jmctl.verify()[0], 0, name + ": jmctl verify finds nothing wrong")
    tap.is_(d.stop(), 0, name + ": it stops with status 0")
    d.start()
    tap.is_(subjects(d), before + stored + ["Test %s-after" % name],
            name + ": the same after a restart")
    tap.is_(d.stop(), 0, name + ": and stops")
    tap.is_(d.complaints(), [], name + ": no complaint")


def read_only():
    flag = tap.folder() + "/read-only"
    d = Daemon(tap.folder() + "/ro", outbounds=(CLIENT,),
               env=dict(SHIM, DISK_FAULT="any:1+:EROFS", DISK_FAULT_WHILE=flag,
                        DISK_FAULT_UNDER=tap.folder() + "/ro/archive")).start()

    def begin():
        with open(flag, "w", encoding="ascii"):
            pass
    trouble(d, "read-only", begin, lambda: os.unlink(flag))
    disk = mounted("ro-disk", "size=64m")
    if not disk:
        return
    d = Daemon(tap.folder() + "/ro2", outbounds=(CLIENT,),
               more={"archive": {"directory": disk + "/archive", "disk-reserve": "0"}}).start()
    tap.is_(send(d, "before").kind, "d", "read-only at the start: a message before")
    d.stop()
    run.output("mount", "-o", "remount,ro", disk)
    fails(d, "read-only at the start", 75, r"Read-only file system; remount")
    status, _, complaint = d.jmctl.run("list")
    tap.ok(status in (0, 75) and (status == 0 or "Read-only file system" in complaint),
           "read-only at the start: jmctl lists, or says why not", complaint)
    run.output("mount", "-o", "remount,rw", disk)
    d.start()
    tap.is_(subjects(d), ["Test before"],
            "read-only at the start: mounted to be written it starts again")
    d.stop()


def queue_waits():
    """
    The processing queue while nothing can be written: nothing is reported that did not happen, and
    the log is not filled.
    """
    flag = tap.folder() + "/no-space"
    d = Daemon(tap.folder() + "/queue", services=[daemon.service(JOURNAL, initial_process_delay=2)],
               outbounds=(CLIENT,),
               env=dict(SHIM, DISK_FAULT="any:1+:ENOSPC", DISK_FAULT_WHILE=flag,
                        DISK_FAULT_UNDER=tap.folder() + "/queue/archive")).start()
    sent = 0
    while True:
        tap.is_([send(d, "waits-%d" % i).kind for i in range(sent, sent + 3)], ["d"] * 3,
                "the queue: three reports wait")
        sent += 3
        with open(flag, "w", encoding="ascii"):
            pass
        if d.jmctl.queue():
            break
        os.unlink(flag)		# the machine was slower than their delay

    def all_told():
        """Those that were quicker than we."""
        return d.log().count(" queue record=") == sent - len(d.jmctl.queue())
    run.until(all_told, "the outcome of those that do not wait any more")
    before = d.log().count(" queue record=")
    run.until(lambda: " queue-waits " in d.log(), "the queue's worker finds that it cannot")
    end = time.monotonic() + 2	# a worker that reports each try would have done so often by then
    run.until(lambda: time.monotonic() > end, "two seconds")
    tap.is_((d.log().count(" queue-waits "), d.log().count(" queue record=")), (1, before),
            "the queue: that is told once, and no outcome that there is not")
    os.unlink(flag)
    run.until(lambda: len(subjects(d)) == sent, "the reports are archived")
    tap.is_(run.settled(lambda: len(re.findall(r" queue record=.* outcome=archived", d.log())),
                        sent), sent, "the queue: with room again each is archived, and told once")
    tap.is_(d.stop(), 0, "the queue: it stops")


def link():
    real = tap.folder() + "/real"
    d = Daemon(tap.folder() + "/link", outbounds=(CLIENT,))
    os.symlink(real, d.archive)
    fails(d, "a link to nowhere", 75,
          r"archive.*symbolic link to a folder that is not there: mount or make that")
    os.makedirs(real)
    d.start()
    tap.is_([send(d, "link-%d" % i).kind for i in range(3)], ["d"] * 3,
            "a symbolic link: mail is archived")
    tap.ok(os.path.exists(real + "/volumes/00000001.jmv"), "a symbolic link: where it leads to")
    tap.is_(subjects(d), ["Test link-%d" % i for i in range(3)], "a symbolic link: jmctl lists")
    tap.is_(d.stop(), 0, "a symbolic link: stops")
    tap.is_(len(subjects(d)), 3, "a symbolic link: jmctl lists without a daemon")
    shutil.move(real, real + "-moved")
    os.unlink(d.archive)
    os.symlink(real + "-moved", d.archive)
    d.start()
    tap.is_((len(subjects(d)), d.jmctl.verify()[0]), (3, 0),
            "a symbolic link: the archive moved, the link led there")
    d.stop()


def inodes():
    disk = mounted("inodes", "size=64m,nr_inodes=400")
    if not disk:
        return
    d = Daemon(tap.folder() + "/few", outbounds=(CLIENT,),
               more={"archive": {"directory": disk + "/archive", "volume-size": "64K",
                                 "disk-reserve": "0"}}).start()
    filler = disk + "/filler"

    os.makedirs(filler)
    try:
        for i in range(1000):
            with open("%s/%d" % (filler, i), "w", encoding="ascii"):
                pass
    except OSError:
        pass
    n = 0
    while n < 100 and send(d, "fills-%d" % n, 30000).kind == "d":  # up to the end of the volume
        n += 1
    tap.ok(0 < n < 100, "no inodes: a full volume is the end: %d were archived" % n)
    name = "no inodes"
    before = subjects(d)
    answers = [send(d, "%s-%d" % (name, i), 30000) for i in range(3)]
    tap.ok(all(a.text.startswith("451 4.3.0") for a in answers), name + ": 451 4.3.0", answers)
    in_error(d, name)
    tap.like(d.log(), "archive-cannot-write .*No space left", name + ": the log says why")
    tap.is_(subjects(d), before, name + ": nothing of it is stored")
    shutil.rmtree(filler)
    tap.is_(send(d, name + "-after").kind, "d",
            name + ": it mends by itself: mail is archived again, without a restart")
    tap.is_(subjects(d), before + ["Test %s-after" % name], name + ": and listed")
    tap.is_(d.jmctl.verify()[0], 0, name + ": jmctl verify finds nothing wrong")
    tap.is_(d.stop(), 0, name + ": it stops with status 0")
    d.start()
    tap.is_(subjects(d), before + ["Test %s-after" % name], name + ": the same after a restart")
    d.stop()


def owners():
    if os.getuid() != 0:
        return
    d = Daemon(tap.folder() + "/owner", outbounds=(CLIENT,),
               more={"daemon": {"user": "nobody",
                                "control-socket": tap.folder() + "/owner-run/control.sock"}})
    d.start()
    tap.is_(send(d, "before").kind, "d", "another owner: a message before")
    d.stop()
    for part in ("", "/volumes", "/volumes/00000001.jmv", "/catalog"):
        path = d.archive + part
        st = os.stat(path)
        os.chown(path, 0, 0)
        os.chmod(path, 0o700 if os.path.isdir(path) else 0o600)
        fails(d, "archive%s of root" % part, 77,
              r"Permission denied; .* user of the daemon, nobody: chown -R")
        os.chown(path, st.st_uid, st.st_gid)
    d.start()
    tap.is_(subjects(d), ["Test before"], "another owner: given back, it starts")
    d.stop()


def descriptors():
    limit = 100
    d = Daemon(tap.folder() + "/few-files", outbounds=(CLIENT,),
               more={"archive": {"volume-size": "64K"}})
    program = daemon.PROGRAM
    wrapper = d.path("few")
    with open(wrapper, "w", encoding="ascii") as f:
        f.write('#!/bin/sh\nulimit -n %d\nexec "%s" "$@"\n' % (limit, program))
    os.chmod(wrapper, 0o755)
    daemon.PROGRAM = wrapper
    d.start()
    daemon.PROGRAM = program
    good = milter.Session(d.socket)
    good.connect(CLIENT)
    idle, closed = [], 0
    for _ in range(2 * limit):
        try:
            s = milter.Session(d.socket)
            s.connect(CLIENT)
            idle.append(s)
        except (milter.Closed, OSError):
            closed += 1
            if closed >= 25:
                break
    tap.ok(len(idle) > 20 and closed == 25,
           "no descriptors: %d sessions are served, those above are closed at once" % len(idle),
           (len(idle), closed))
    good.mail("<a@example.com>")
    tap.is_(good.rcpt("<%s>" % JOURNAL).kind, "c", "no descriptors: who is there goes on")
    tap.is_(good.message(corpus.report("big", 3000000)).kind, "d",
            "no descriptors: a message that needs files of its own, and a new volume, is archived")
    tap.is_(subjects(d), ["Test big"], "no descriptors: jmctl gets an answer")
    run.until(lambda: d.jmctl.events("connections-turned-away"), "the event")
    tap.like(d.log(), r"connection-turned-away error=.*LimitNOFILE",
             "no descriptors: the log says what to do")
    tap.like(d.jmctl.events("connections-turned-away")[0]["text"], "4xx.*raise LimitNOFILE",
             "no descriptors: and an event")
    cpu, begun = d.cpu_seconds(), time.monotonic()
    time.sleep(2)
    cpu, took = d.cpu_seconds() - cpu, time.monotonic() - begun
    tap.ok(cpu < 0.1 * took + 0.1,
           "no descriptors: it does not spin: %.2f s of work in %.1f s" % (cpu, took))
    tap.ok(d.program.running(), "no descriptors: it lives on")
    for s in idle:
        s.socket.close()
    run.until(lambda: tries(d), "a new session is served")
    tap.is_(subjects(d), ["Test big", "Test again"],
            "no descriptors: with some again it works by itself")
    tap.is_(d.stop(), 0, "no descriptors: it stops with status 0")
    tap.is_(d.complaints(), [], "no descriptors: no complaint")


def tries(d):
    try:
        return send(d, "again").kind == "d"
    except (milter.Closed, OSError):
        return False


for part in (read_only, queue_waits, link, inodes, owners, descriptors):
    if not sys.argv[1:] or part.__name__ in sys.argv[1:]:
        part()
sys.exit(tap.done())
