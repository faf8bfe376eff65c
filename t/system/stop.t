#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""A stop waits for messages in flight, takes no new ones, and loses none."""
import os
import shutil
import signal
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


def begin(d, number, ready):
    """A session with a message whose envelope is accepted and whose content has begun."""
    s = milter.Session(d.socket)
    s.connect(CLIENT)
    s.mail("<a@example.com>")
    tap.is_(s.rcpt("<%s>" % JOURNAL).kind, "c", "message %s is begun" % number)
    ready.append(s)
    return s


def in_flight(number):
    d = Daemon(tap.folder() + "/milter-%d" % number, outbounds=(CLIENT,)).start()
    sessions = []
    for i in range(3):
        begin(d, i, sessions)
    idle = milter.Session(d.socket)
    idle.connect(CLIENT)
    d.program.signal(number)

    def deferred():
        """The answer to a new message once it is another one, None before."""
        try:
            idle.mail("<a@example.com>")
            a = idle.rcpt("<%s>" % JOURNAL)
        except (milter.Closed, OSError):
            return "t"		# what the MTA makes of it
        if a.kind != "c":
            return repr(a)
        idle.abort()
        return None

    a = run.until(deferred, "the signal is heard")
    tap.ok(a in "t4" or a.startswith("4"), "signal %d: a new message is deferred" % number, a)
    tap.ok(d.program.running(), "signal %d: it waits for the messages in flight" % number)
    reports = [corpus.report("flight-%d" % i, 100000) for i in range(3)]
    kinds = [s.message(r).kind for s, r in zip(sessions, reports)]
    tap.is_(kinds, ["d"] * 3, "signal %d: they are archived" % number)
    for s in sessions:
        s.quit()
    tap.is_(d.program.wait(), 0, "signal %d: then it ends with status 0" % number)
    tap.ok("stop-unfinished" not in d.log(),
           "signal %d: and not by its grace of 30 seconds" % number, d.log()[-1000:])
    tap.is_([d.jmctl.export(i["id"], "--report") for i in d.jmctl.list()], reports,
            "signal %d: all bytes are there, without a daemon" % number)
    tap.is_(d.jmctl.verify()[0], 0, "signal %d: jmctl verify finds nothing wrong" % number)


def under_load():
    """Mail acknowledged before the end is there afterwards; no client gets a 5xx."""
    d = Daemon(tap.folder() + "/load", outbounds=(CLIENT,)).start()
    acknowledged, odd = [], []

    def one(k):
        for i in range(100000):
            try:
                a = milter.deliver(d.socket, "a@example.com", [JOURNAL],
                                   corpus.report("load-%d-%d" % (k, i)), CLIENT)
            except (milter.Closed, OSError):
                return
            if a.kind == "d":
                acknowledged.append("Test load-%d-%d" % (k, i))
            else:
                odd.append(repr(a))
                return
    threads = [threading.Thread(target=one, args=(k,)) for k in range(8)]
    for t in threads:
        t.start()
    run.until(lambda: len(acknowledged) > 200, "200 messages")
    d.program.signal(signal.SIGTERM)
    tap.is_(d.program.wait(), 0, "stop under load: status 0")
    for t in threads:
        t.join()
    tap.is_([a for a in odd if not a.startswith("4") and a not in "t4"], [],
            "stop under load: no answer but 4xx")
    there = {i["subject"] for i in d.jmctl.list()}
    tap.is_([a for a in acknowledged if a not in there], [],
            "stop under load: all %d acknowledged messages are there" % len(acknowledged))


def at_once():
    """
    SIGINT aborts messages in flight, as libmilter does it: their senders get 4xx from the MTA and
    try again.
    """
    d = Daemon(tap.folder() + "/at-once", outbounds=(CLIENT,)).start()
    tap.is_(milter.deliver(d.socket, "a@example.com", [JOURNAL], corpus.report("before"),
                           CLIENT).kind, "d", "SIGINT: a message before")
    sessions = []
    begin(d, "in flight", sessions)
    d.program.signal(signal.SIGINT)
    sessions[0].socket.close()
    tap.is_(d.program.wait(), 0, "SIGINT: ends with status 0")
    tap.is_([i["subject"] for i in d.jmctl.list()], ["Test before"],
            "SIGINT: what was acknowledged is there")


def idle():
    """
    libmilter checks for a stop only every five seconds; a daemon without a connection yet must not
    wait for that.
    """
    took = []
    for n in range(12):		# one is enough: a machine that is busy may be slow, but not always
        if took and min(took) < 3:
            break
        d = Daemon(tap.folder() + "/idle-%d" % n, outbounds=(CLIENT,)).start()
        begun = time.monotonic()
        tap.is_(d.program.stop(), 0, "a daemon without a connection stops with status 0")
        took.append(time.monotonic() - begun)
    tap.ok(min(took) < 3, "and not after five seconds", took)


SLOW = run.shim(tap.folder() + "/slow-sync.so", "slow-sync.c")


def while_starting():
    """
    The catalog of a large archive takes minutes to be rebuilt: a stop must not wait for that.
    """
    d = Daemon(tap.folder() + "/starting", outbounds=(CLIENT,)).start()
    for i in range(3):
        milter.deliver(d.socket, "a@example.com", [JOURNAL], corpus.report("starting-%d" % i),
                       CLIENT)
    d.stop()
    shutil.rmtree(d.archive + "/catalog")
    still = d.path("still")
    with open(still, "w", encoding="ascii"):
        pass
    early = run.Program([PROGRAM, "-f", "-c", d.settings], d.path("early"),
                        dict(SLOW, SLOW_SYNC_WHILE=still)).start()

    def hears():
        """It has blocked the signal, for whoever will wait for it."""
        with open("/proc/%d/status" % early.pid, encoding="ascii") as f:
            return int(next(line.split()[1] for line in f if line.startswith("SigBlk")),
                       16) & 1 << (signal.SIGTERM - 1)
    run.until(hears, "the start has begun")
    early.signal(signal.SIGTERM)
    os.unlink(still)	# before that it cannot have got anywhere
    tap.is_(early.wait(), 0, "told to stop while it starts: ends with status 0")
    tap.ok(" ready " not in early.text() and "stopped outcome=" in early.text(),
           "and does not get ready first", early.text())
    d.start()
    tap.is_([i["subject"] for i in d.jmctl.list()], ["Test starting-%d" % i for i in range(3)],
            "the next start makes the catalog")
    tap.is_((d.jmctl.verify()[0], d.stop()), (0, 0), "in which nothing is wrong")


def gateway():
    """
    Ordinary mail that may pass without its copy comes until the very end: it is archived, or
    deferred; and the archive is closed in order.
    """
    d = Daemon(tap.folder() + "/gateway", outbounds=(CLIENT,),
               more={"gateway": {"enabled": True, "on-fault": "pass"}},
               env=dict(SLOW, SLOW_SYNC_US="200000")).start()
    sessions, passed, odd = [milter.Session(d.socket) for _ in range(60)], [], []
    d.program.signal(signal.SIGTERM)
    run.until(lambda: " stopped " in d.log(), "the last event")
    for i, s in enumerate(sessions):
        try:
            s.connect(CLIENT)
            s.mail("<a@example.com>")
            a = s.rcpt("<somebody@example.net>")
            if a.kind == "c":
                a = s.message(corpus.report("gateway-%d" % i))
            if a.kind == "c":
                passed.append("Test gateway-%d" % i)
            elif not a.text.startswith("451 4.3.2"):
                odd.append(a)
        except (milter.Closed, OSError):
            break
        time.sleep(0.02)
    tap.is_(d.program.wait(), 0, "a gateway that may pass mail: stops with status 0")
    tap.is_(odd, [], "a gateway that may pass mail: what comes too late is deferred")
    kept = {i["subject"] for i in d.jmctl.list()}
    tap.is_([p for p in passed if p not in kept], [],
            "a gateway that may pass mail: all %d that passed are in the archive" % len(passed))


in_flight(signal.SIGTERM)
gateway()
while_starting()
idle()
at_once()
under_load()
sys.exit(tap.done())
