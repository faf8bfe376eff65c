#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""
Trap 1: while the disk hangs, no session waits for another one: all get as far as the end of
their message, and more are served. Then commits are shared.
"""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
import corpus
import milter
import run
import tap
from daemon import Daemon

JOURNAL, CLIENT, SESSIONS = "journaling@journal.example.com", "192.0.2.25", 64
still = tap.folder() + "/still"


def all_step(sessions, kind, data=b""):
    """
    The same event in all sessions at the same time, and their answers afterwards: many are ready at
    once.
    """
    for s in sessions:
        s.send(kind, data)
    return [] if sessions[0].flags & milter.NR.get(kind, 0) else [s.answer().kind for s in sessions]


def begin(d):
    sessions = [milter.Session(d.socket) for _ in range(SESSIONS)]
    for s in sessions:
        s.connect(CLIENT)
        s.helo()
    return sessions


def envelope(sessions):
    all_step(sessions, "M", b"<a@example.com>\0")
    return all_step(sessions, "R", b"<%s>\0" % JOURNAL.encode())


def content(s, number):
    """All of a message but its end."""
    s.step("T")
    head, _, body = corpus.report(number).partition(b"\r\n\r\n")
    for field in head.replace(b"\r\n\t", b"\n\t").replace(b"\r\n ", b"\n ").split(b"\r\n"):
        name, _, value = field.partition(b":")
        s.header(name, value)
    s.step("N")
    s.body(body)


def in_their_end(d):
    return d.jmctl.status()["daemon"]["since_start"]["received"]


def commits(d):
    return d.jmctl.objects(d.jmctl.run("top", "--json")[1])[0]["archive"]["commits"]


def all_asleep(d):
    """No thread has work left: everything is hashed, and waits for the disk."""
    return all(read("/proc/%d/task/%s/stat" % (d.pid, t)).rsplit(")", 1)[1].split()[0] == "S"
               for t in os.listdir("/proc/%d/task" % d.pid))


def read(path):
    try:
        with open(path, encoding="ascii", errors="replace") as f:
            return f.read()
    except FileNotFoundError:	# a thread that has ended
        return ") S"


def main():
    d = Daemon(tap.folder() + "/milter", outbounds=(CLIENT,), env=dict(
        run.shim(tap.folder() + "/slow-sync.so", "slow-sync.c"), SLOW_SYNC_WHILE=still)).start()
    sessions, later = begin(d), begin(d)
    tap.is_(set(envelope(sessions)), {"c"}, "%d sessions with a report each" % SESSIONS)
    for i, s in enumerate(sessions):
        content(s, "one-%d" % i)
    with open(still, "w", encoding="ascii"):
        pass
    for s in sessions:
        s.send("E")
    tap.is_(run.settled(lambda: in_their_end(d), SESSIONS), SESSIONS,
            "the disk stands still: all are in their end of message, none waits for another one")
    for s in later:
        s.socket.settimeout(300)
    tap.is_(set(envelope(later)), {"c"}, "and %d more sessions are served" % SESSIONS)
    for i, s in enumerate(later):
        content(s, "two-%d" % i)
        s.send("E")
    tap.is_(run.settled(lambda: in_their_end(d), 2 * SESSIONS), 2 * SESSIONS,
            "up to the end of message, too")
    run.until(lambda: all_asleep(d), "all wait for the disk")
    before = commits(d)
    os.unlink(still)
    tap.is_({s.answer().kind for s in sessions + later}, {"d"},
            "the disk goes on: all are archived")
    tap.ok(commits(d) - before <= 2 * SESSIONS / 8, "and their commits were shared",
           commits(d) - before)
    for s in sessions + later:
        s.quit()
    tap.is_(len(d.jmctl.list()), 2 * SESSIONS, "%d items" % (2 * SESSIONS))
    tap.is_(d.stop(), 0, "the daemon stops with status 0")
    tap.is_(d.complaints(), [], "no complaint")


main()
sys.exit(tap.done())
