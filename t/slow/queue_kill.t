#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""
kill -9 again and again while reports wait, match and settle: nothing acknowledged is lost, nothing
is there twice, the counters balance.
"""
import os
import random
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
import corpus
import daemon
import milter
import run
import tap

ROUNDS = int(os.environ.get("JM_KILLS", "25"))
SEED = int(os.environ.get("JM_SEED", str(int(time.time()))))
SERVICE = "journal@journal.example.com"
OTHER = "someone@example.com"


def inner(number):
    return corpus.report(number).split(b"Content-Type: message/rfc822\r\n\r\n",
                                       1)[1].rsplit(b"\r\n--_test_", 1)[0]


class Sender(threading.Thread):
    """
    Sends reports, and for every other one the ordinary mail it belongs to, until the daemon dies.
    """

    def __init__(self, first):
        super().__init__()
        self.number, self.reports, self.copies = first, [], []

    def run(self):
        try:
            while True:
                n = "k%d" % self.number
                self.number += 1
                if milter.deliver(d.socket, "alice@example.com", [SERVICE],
                                  corpus.report(n)).kind == "d":
                    self.reports.append(n)
                if self.number % 2 and milter.deliver(d.socket, "alice@example.com", [OTHER],
                                                      inner(n)).kind == "c":
                    self.copies.append(n)
        except (OSError, milter.Closed):
            pass


def message_id(number):
    return "<test.%s@example.com>" % number


tap.diag("JM_SEED=%d" % SEED)
random.seed(SEED)
d = daemon.Daemon(os.path.join(tap.folder(), "d"), services=[
    daemon.service(SERVICE, delivery_wait_attempts=2, delivery_wait_interval=1)],
                  more={"gateway": {"enabled": True}})
reports, copies, number = [], [], 0
for _ in range(ROUNDS):
    d.start()
    sender = Sender(number)
    sender.start()
    time.sleep(random.uniform(0.3, 2.5))
    run.until(lambda: len(sender.reports) > 1 and sender.copies, "some are acknowledged")
    d.kill()
    sender.join()
    reports += sender.reports
    copies += sender.copies
    number = sender.number
d.start()
run.until(lambda: not d.jmctl.queue(), "the queue is worked off", 1200)
items = d.jmctl.items()
by_id = {}
for i in items:
    by_id.setdefault(i["message_id"], []).append(i)
tap.ok(len(reports) > ROUNDS and copies, "enough was acknowledged", (len(reports), len(copies)))
tap.is_([n for n in reports if message_id(n) not in by_id], [], "no acknowledged report is lost")
tap.is_([n for n in copies if message_id(n) not in by_id], [],
        "no acknowledged copy of ordinary mail is lost")
tap.is_([m for m, found in by_id.items() if len(found) > 1], [], "no message is two items")


def receipts(m, transport):
    return sum(r["transport"] == transport for r in by_id[m][0]["reports"])


tap.is_([n for n in reports if receipts(message_id(n), "smtp") != 1], [],
        "each report is there once")
tap.is_([n for n in copies if receipts(message_id(n), "gateway") != 1], [],
        "each copy is there once, merged with its report")
status = d.jmctl.status()
tap.is_(status["balance"], {"holds": True, "wrong": []}, "the counters balance")
tap.is_((status["queued"], status["items"]), (0, len(items)),
        "nothing is left in the queue, the items are counted")
code, found = d.jmctl.verify()
tap.is_((code, found[-1]["problems"]), (0, 0), "verify finds nothing")
tap.is_(d.stop(), 0, "the daemon stops")
tap.is_(d.complaints(), [], "no complaint in the log")
sys.exit(tap.done())
