#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""
The milter dies at the worst moments: the client gets 4xx, sends again, and the message is stored
once.
"""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
import corpus
import run
import scene
import smtp
import tap

JOURNAL = "journaling@journal.example.com"


def last_reply(c):
    """
    The reply to the end of the message, as a code; 4xx also when the server hangs up with one.
    """
    try:
        return c.reply().code
    except smtp.Gone:
        return 0


def in_mid_message(s):
    name = s.server.name
    report = corpus.report("mid-message", 2000000)
    c = s.client()
    c.mail("a@example.com")
    c.rcpt(JOURNAL)
    c.begin(report)
    s.daemon.kill()
    c.end()
    code = last_reply(c)
    tap.ok(400 <= code < 500, name + ": killed in mid-message: the client gets 4xx", code)
    c.close()
    tap.is_(run.settled(s.server.queue, []), [], name + ": nothing is queued")
    r = s.send(corpus.report("while-down"))
    tap.ok(400 <= r.code < 500, name + ": while it is down every journal report gets 4xx", r)
    s.daemon.start()
    tap.is_(s.jmctl.list(), [], name + ": after the restart nothing of it is archived")
    tap.is_(s.send(report).code, 250, name + ": sent again: accepted")
    items = s.jmctl.list()
    tap.is_(len(items), 1, name + ": and stored once")
    tap.bytes_(s.jmctl.export(items[0]["id"], "--report"), report, name + ": with every byte")


def after_durable(s):
    """
    Killed when the record is on disk and the answer not yet sent: the client must try again, and
    finds one item afterwards.
    """
    name = s.server.name
    report = corpus.report("durable")
    s.daemon.stop()
    found = None
    for fault in range(1, 12):
        s.daemon.env = {"JM_FAULT": "sync:%d:kill" % fault}
        try:
            s.daemon.start()
        except (RuntimeError, TimeoutError):
            continue
        if s.daemon.program.running():
            found = fault
            break
    tap.ok(found, name + ": a sync at which to kill was found")
    before = None
    r = s.send(report)
    tap.ok(400 <= r.code < 500, name + ": killed at the sync of the record: the client gets 4xx", r)
    s.daemon.program.wait()
    s.daemon.env = None
    s.daemon.start()
    before = [i for i in s.jmctl.list() if i["subject"] == "Test durable"]
    tap.ok(len(before) <= 1, name + ": after the restart it is there once or not at all", before)
    tap.is_(s.send(report).code, 250, name + ": sent again: accepted")
    tap.is_(len([i for i in s.jmctl.list() if i["subject"] == "Test durable"]), 1,
            name + ": and stored once")


def repeated(s):
    """The answer got lost after the record was durable: the same report comes again."""
    name = s.server.name
    report = corpus.report("again")
    for _ in range(3):
        tap.is_(s.send(report).code, 250, name + ": the same report: accepted")
    found = [i for i in s.jmctl.list() if i["subject"] == "Test again"]
    tap.is_(len(found), 1, name + ": three times the same report is one item")


for server in scene.servers():
    s = scene.Scene(server)
    in_mid_message(s)
    after_durable(s)
    repeated(s)
    status, found = s.jmctl.verify()
    tap.ok(status == 0, server.name + ": jmctl verify finds nothing wrong", found)
    s.end()
sys.exit(tap.done())
