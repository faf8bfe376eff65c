#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""
Restarts of the mail servers and of the daemon, by stop and by kill -9, in random order while
senders send and repeat what was not accepted, as Exchange does. Every report that got 250 is in the
archive; no message is two items. JM_RESTARTS is the number for each mail server.
"""
import os
import random
import subprocess
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
import corpus
import run
import scene
import smtp
import tap

RESTARTS = int(os.environ.get("JM_RESTARTS", "10"))
SEED = int(os.environ.get("JM_SEED", str(int(time.time()))))
SENDERS = 6


class Sender(threading.Thread):
    """Sends one report after the other; each one again until the server answers 250."""

    def __init__(self, name, s, over):
        super().__init__()
        self.name, self.scene, self.over = name, s, over
        self.accepted, self.refused, self.attempts = [], [], 0

    def run(self):
        number = 0
        while not self.over.is_set():
            number += 1
            report = "%s-%d" % (self.name, number)
            while not self.attempt(report):
                time.sleep(0.05)

    def attempt(self, report):
        """True when the report is accepted."""
        self.attempts += 1
        try:
            r = self.scene.send(corpus.report(report), timeout=60)
        except (OSError, smtp.Gone, ValueError):
            return False
        if r.code // 100 == 5:
            self.refused.append((report, r))
        if r.code == 250:
            self.accepted.append(report)
        return r.code // 100 in (2, 5)


def end_of(server):
    """kill -9 of the server's master process and its children, as after a crash."""
    if server.name == "postfix":
        with open(server.path("queue/pid/master.pid"), encoding="ascii") as f:
            master = int(f.read())
        subprocess.run(["pkill", "-9", "-g", str(os.getpgid(master))], check=False)
        run.until(lambda: not server.running(), "Postfix is gone")


def restart(s, kind):
    if kind == "stop the daemon":
        s.daemon.stop()
        s.daemon.start()
    elif kind == "kill the daemon":
        s.daemon.kill()
        s.daemon.start()
    elif kind == "kill the server" and s.server.name == "postfix":
        end_of(s.server)
        again(s.server)
    else:
        s.server.stop()
        again(s.server)


def again(server):
    """Start it as it is, without writing its files again."""
    if server.name == "postfix":
        run.output("postfix", "-c", server.etc, "start")
        run.until(lambda: run.listening(server.port), "Postfix listens")
    else:
        server.start()


def one(server):
    s = scene.Scene(server)
    over, name = threading.Event(), server.name
    senders = [Sender("%s-%d" % (name, i), s, over) for i in range(SENDERS)]
    for t in senders:
        t.start()
    kinds, counts = ("stop the daemon", "kill the daemon", "stop the server", "kill the server"), {}
    for _ in range(RESTARTS):
        before = sum(len(t.accepted) for t in senders)
        time.sleep(random.uniform(0, 0.5))
        kind = random.choice(kinds)
        counts[kind] = counts.get(kind, 0) + 1
        restart(s, kind)
        run.until(lambda: sum(len(t.accepted) for t in senders) > before, "mail is accepted again")
    over.set()
    for t in senders:
        t.join()
    accepted = [r for t in senders for r in t.accepted]
    tap.diag("%s: %s; %d reports accepted in %d attempts" % (name, counts, len(accepted),
                                                             sum(t.attempts for t in senders)))
    found = {}
    for i in s.jmctl.list():
        found.setdefault(i["message_id"], []).append(i)
    ids = {r: "<test.%s@example.com>" % r for r in accepted}
    tap.is_([r for r in accepted if ids[r] not in found], [],
            "%s: %d restarts: every accepted report is archived" % (name, RESTARTS))
    tap.is_([m for m, items in found.items() if len(items) > 1], [],
            "%s: no message is two items" % name)
    tap.is_([r for t in senders for r in t.refused], [], "%s: none was refused for good" % name)
    code, last = s.jmctl.verify()
    tap.is_((code, last[-1]["problems"]), (0, 0), "%s: verify finds nothing" % name)
    status = s.jmctl.status()
    tap.is_(status["balance"], {"holds": True, "wrong": []}, "%s: the counters balance" % name)
    s.end()


tap.diag("JM_SEED=%d" % SEED)
random.seed(SEED)
for each in scene.servers():
    one(each)
sys.exit(tap.done())
