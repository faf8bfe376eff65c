#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Ordinary mail through a real Postfix: archived and passed on unchanged, merged with its journal report, and what a fault of ours does to it."""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
import corpus
import daemon
import run
import scene
import tap

JOURNAL, OTHER, OUTSIDE = "journaling@journal.example.com", "someone@example.com", "alice@example.org"


def ordinary(number):
    """The journaled message of corpus.report(number), as the MTA sees it pass."""
    return corpus.report(number).split(b"Content-Type: message/rfc822\r\n\r\n", 1)[1].rsplit(b"\r\n--_test_", 1)[0]


def body_of(message):
    return message.replace(b"\r\n", b"\n").split(b"\n\n", 1)[1]


def find(s, number):
    return s.jmctl.list("--message-id", "<test.%s@example.com>" % number)


def settings(**gateway):
    return dict(services=[daemon.service(JOURNAL, delivery_wait_attempts=2, delivery_wait_interval=2)], more={"gateway": gateway})


def passes(s):
    before = len(s.server.delivered())
    r = s.send(ordinary("passes"), [OTHER], "alice@example.com")
    tap.is_(r.code, 250, "ordinary mail is taken")
    run.until(lambda: len(s.server.delivered()) == before + 1, "mail for " + OTHER)
    tap.bytes_(body_of(s.server.delivered()[-1]), body_of(ordinary("passes")), "and delivered unchanged")
    items = find(s, "passes")
    tap.is_(len(items), 1, "it is archived as one item")
    item = s.jmctl.show(items[0]["id"])
    tap.is_((item["sender"], [r["address"] for r in item["recipients"]]), ("alice@example.com", [OTHER]), "with SMTP's envelope")
    report = item["reports"][0]
    tap.is_((report["transport"], report["direction"], report["mail_from"]), ("gateway", "internal", "alice@example.com"), "and how it came")
    tap.bytes_(s.jmctl.export(items[0]["id"]), ordinary("passes"), "with every byte that came")


def directions(s):
    for number, sender, want in (("in", OUTSIDE, "inbound"), ("null", "", "inbound")):
        tap.is_(s.send(ordinary(number), [OTHER], sender).code, 250, "mail from <%s>" % sender)
        tap.is_(s.jmctl.show(find(s, number)[0]["id"])["reports"][0]["direction"], want, "is " + want)


def merges(s):
    """The same message both ways, in both orders."""
    s.send(ordinary("copy-first"), [OTHER], "alice@example.com")
    tap.is_(s.send(corpus.report("copy-first", recipients=(OTHER, "bcc@example.com")), [JOURNAL]).code, 250, "a report after its copy")
    items = find(s, "copy-first")
    tap.is_((len(items), s.jmctl.queue()), (1, []), "is merged at once")
    item = s.jmctl.show(items[0]["id"])
    tap.is_(sorted(r["address"] for r in item["recipients"]), ["bcc@example.com", OTHER], "with the recipients of both")
    s.send(corpus.report("report-first", recipients=("bcc@example.com",)), [JOURNAL])
    tap.is_((len(find(s, "report-first")), len(s.jmctl.queue())), (0, 1), "a report before its copy waits")
    s.send(ordinary("report-first"), [OTHER], "alice@example.com")
    run.until(lambda: not s.jmctl.queue(), "it is merged", 20)
    items = find(s, "report-first")
    tap.is_(len(items), 1, "they are one item")
    item = s.jmctl.show(items[0]["id"])
    tap.is_(sorted(r["address"] for r in item["recipients"]), ["bcc@example.com", OTHER], "with the recipients of both")
    tap.is_(item["variant"], "exchange-2007", "and the envelope of the report")


def mixed(s):
    before = len(s.server.delivered())
    report = corpus.report("mixed")
    tap.is_(s.send(report, [JOURNAL, OTHER]).code, 250, "a report to the service and to somebody else")
    run.until(lambda: len(s.server.delivered()) == before + 1, "mail for " + OTHER)
    tap.is_(s.server.queue(), [], "the journal recipient is taken off")
    tap.is_([r["transport"] for i in s.jmctl.items() for r in i["reports"] if r["message_id"] == "<report.mixed@journal.report.generator>"], ["gateway"],
            "what passes is archived as it passes")
    run.until(lambda: not s.jmctl.queue(), "the queue is worked off", 30)
    tap.is_(len(find(s, "mixed")), 1, "and the journaled message as an item")


def faults(on_fault):
    s = scene.Scene(server, settings(enabled=True, **{"on-fault": on_fault}), start=False)
    s.daemon.env = {"JM_FAULT": "write:12+:ENOSPC"}
    s.daemon.start()
    before, code = 0, 250
    for i in range(20):
        code = s.send(ordinary("%s-%d" % (on_fault, i)), [OTHER], "alice@example.com").code
        if code != 250 or s.jmctl.status()["state"] == "cannot-write":
            break
        before += 1
    if on_fault == "defer":
        tap.is_(code, 451, "on-fault defer: the sender gets 451")
        run.until(lambda: len(s.server.delivered()) == before, "the mail before it")
    else:
        tap.is_(code, 250, "on-fault pass: the sender gets 250")
        run.until(lambda: len(s.server.delivered()) == before + 1, "the mail is delivered")
    tap.is_(s.send(corpus.report("fault"), [JOURNAL]).code, 451, "a journal report gets 451 in any case")
    tap.ok(("not-archived" in s.daemon.log()) == (on_fault == "pass"), "what passed without its copy is told")
    s.server.stop()
    s.daemon.kill()


server = scene.servers("postfix")[0]
s = scene.Scene(server, settings(enabled=True))
passes(s)
directions(s)
merges(s)
mixed(s)
tap.is_(s.jmctl.status()["balance"]["holds"], True, "the counters balance")
tap.is_(s.jmctl.verify()[0], 0, "verify finds nothing")
s.end()
s = scene.Scene(server, settings(enabled=False))
s.send(ordinary("off"), [OTHER], "alice@example.com")
run.until(s.server.delivered, "mail for " + OTHER)
tap.is_(s.jmctl.list(), [], "with the gateway off ordinary mail is nobody's business")
s.end()
faults("defer")
faults("pass")
sys.exit(tap.done())
