#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""
Ordinary mail through real mail servers: archived and passed on unchanged, with its direction;
merged with its journal report; and what happens to it on a fault of ours.
"""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
import corpus
import daemon
import run
import scene
import sendmail
import tap

JOURNAL, PATIENT = "journaling@journal.example.com", "patient@journal.example.com"
OTHER, OUTSIDE, ELSEWHERE = "someone@example.com", "alice@example.org", "carol@example.org"


def ordinary(number):
    """The journaled message of corpus.report(number), as the MTA sees it pass."""
    return corpus.report(number).split(b"Content-Type: message/rfc822\r\n\r\n",
                                       1)[1].rsplit(b"\r\n--_test_", 1)[0]


def body_of(message):
    return message.replace(b"\r\n", b"\n").split(b"\n\n", 1)[1]


def find(s, number):
    return s.jmctl.list("--message-id", "<test.%s@example.com>" % number)


def settings(**gateway):
    return dict(
        services=[daemon.service(JOURNAL, delivery_wait_attempts=2, delivery_wait_interval=1),
                  daemon.service(PATIENT, delivery_wait_attempts=100, delivery_wait_interval=1)],
        more={"gateway": gateway})


def arrives(s, number):
    """
    The message of that number as it is delivered to a user of the server; others may be on their
    way, too.
    """
    words = b"Message-ID: <test.%s@example.com>" % number.encode()
    return run.until(lambda: [m for m in s.server.delivered() if words in m], "delivered mail")[0]


def passes(s):
    name = s.server.name
    r = s.send(ordinary("passes"), [OTHER], "alice@example.com")
    tap.is_(r.code, 250, name + ": ordinary mail is taken")
    tap.bytes_(body_of(arrives(s, "passes")), body_of(ordinary("passes")),
               name + ": and delivered unchanged")
    items = find(s, "passes")
    tap.is_(len(items), 1, name + ": it is archived as one item")
    item = s.jmctl.show(items[0]["id"])
    tap.is_((item["sender"], [r["address"] for r in item["recipients"]]),
            ("alice@example.com", [OTHER]), name + ": with SMTP's envelope")
    report = item["reports"][0]
    tap.is_((report["transport"], report["direction"], report["mail_from"]),
            ("gateway", "internal", "alice@example.com"), name + ": and how it came")
    tap.bytes_(s.jmctl.export(items[0]["id"]), ordinary("passes"),
               name + ": with every byte that came")


def directions(s):
    """By the envelope: from and to internal domains, or not."""
    name = s.server.name
    for number, sender, to, want in (("in", OUTSIDE, [OTHER], "inbound"),
                                     ("null", "", [OTHER], "inbound"),
                                     ("out", "alice@example.com", [ELSEWHERE], "outbound"),
                                     ("both", "alice@example.com", [OTHER, ELSEWHERE], "outbound"),
                                     ("relay", OUTSIDE, [ELSEWHERE], "relayed"),
                                     ("relay-both", OUTSIDE, [OTHER, ELSEWHERE], "relayed"),
                                     ("inside", "alice@contoso.com", [OTHER], "internal")):
        tap.is_(s.send(ordinary(number), to, sender).code, 250,
                "%s: mail from <%s> to %s" % (name, sender, " and ".join(to)))
        item = s.jmctl.show(find(s, number)[0]["id"])
        tap.is_(item["reports"][0]["direction"], want, "%s: is %s" % (name, want))
        tap.is_(sorted(r["address"] for r in item["recipients"]), sorted(to),
                name + ": with its recipients")
        tap.bytes_(body_of(arrives(s, number)), body_of(ordinary(number)),
                   name + ": and goes on unchanged")


def merges(s):
    """The same message both ways, in both orders."""
    name = s.server.name
    s.send(ordinary("copy-first"), [OTHER], "alice@example.com")
    tap.is_(s.send(corpus.report("copy-first", recipients=(OTHER, "bcc@example.com")),
                   [PATIENT]).code, 250, name + ": a report after its copy")
    items = find(s, "copy-first")
    tap.is_((len(items), s.jmctl.queue()), (1, []), name + ": is merged at once")
    item = s.jmctl.show(items[0]["id"])
    tap.is_(sorted(r["address"] for r in item["recipients"]), ["bcc@example.com", OTHER],
            name + ": with the recipients of both")
    s.send(corpus.report("report-first", recipients=("bcc@example.com",)), [PATIENT])
    tap.is_((len(find(s, "report-first")), len(s.jmctl.queue())), (0, 1),
            name + ": a report before its copy waits")
    s.send(ordinary("report-first"), [OTHER], "alice@example.com")
    run.until(lambda: not s.jmctl.queue(), "it is merged")
    items = find(s, "report-first")
    tap.is_(len(items), 1, name + ": they are one item")
    item = s.jmctl.show(items[0]["id"])
    tap.is_(sorted(r["address"] for r in item["recipients"]), ["bcc@example.com", OTHER],
            name + ": with the recipients of both")
    tap.is_(item["variant"], "exchange-2007", name + ": and the envelope of the report")


def mixed(s):
    name = s.server.name
    report = corpus.report("mixed")
    tap.is_(s.send(report, [JOURNAL, OTHER]).code, 250,
            name + ": a report to the service and to somebody else")
    tap.bytes_(body_of(arrives(s, "mixed")), body_of(report), name + ": it reaches that one")
    run.until(lambda: s.server.queue() == [], "the server's queue is empty")
    tap.ok(True, name + ": the journal recipient is taken off")
    tap.is_([r["transport"] for i in s.jmctl.items() for r in i["reports"]
             if r["message_id"] == "<report.mixed@journal.report.generator>"], ["gateway"],
            name + ": what passes is archived as it passes")
    run.until(lambda: not s.jmctl.queue(), "the queue is worked off")
    tap.is_(len(find(s, "mixed")), 1, name + ": and the journaled message as an item")


def off(s):
    """Without the gateway ordinary mail is ignored; a reload switches it on and off."""
    name = s.server.name
    s.daemon.more["gateway"]["enabled"] = False
    s.daemon.write()
    s.daemon.reload()
    run.until(lambda: len(s.jmctl.events("reloaded")) == 1, "the reload")
    s.send(ordinary("off"), [OTHER], "alice@example.com")
    tap.bytes_(body_of(arrives(s, "off")), body_of(ordinary("off")),
               name + ": with the gateway off ordinary mail passes")
    tap.is_(find(s, "off"), [], name + ": and is not archived")
    s.send(corpus.report("alone"), [JOURNAL])
    tap.is_((len(find(s, "alone")), s.jmctl.queue()), (1, []),
            name + ": and a report waits for nothing")


def faults(on_fault):
    s = scene.Scene(server, settings(enabled=True, **{"on-fault": on_fault}), start=False)
    s.daemon.env = {"JM_FAULT": "write:12+:ENOSPC"}
    s.daemon.start()
    before, code = 0, 250
    for i in range(20):
        code = s.send(ordinary("%s-%d" % (on_fault, i)), [OTHER], "alice@example.com").code
        # the disk may have failed at an event before
        if code != 250 or "not-archived" in s.daemon.log():
            break
        before += 1
    if on_fault == "defer":
        tap.is_(code, 451, "on-fault defer: the sender gets 451")
        run.until(lambda: len(s.server.delivered()) == before, "the mail before it")
    else:
        tap.is_(code, 250, "on-fault pass: the sender gets 250")
        run.until(lambda: len(s.server.delivered()) == before + 1, "the mail is delivered")
    tap.is_(s.send(corpus.report("fault"), [JOURNAL]).code, 451,
            "a journal report gets 451 in any case")
    tap.ok(("not-archived" in s.daemon.log()) == (on_fault == "pass"),
           "what passed without its copy is told")
    since = s.jmctl.status()["daemon"]["since_start"]
    tap.is_((since["received"], since["archived"] + since["deferred"] + since["passed"]),
            (i + 2, i + 2), "what came in since the start is accounted for")
    tap.is_((since["archived"], since["passed"]), (before, int(on_fault == "pass")),
            "and what passed without its copy does not count as archived")
    s.server.stop()
    s.daemon.kill()


servers = scene.servers("postfix", *(["sendmail"] if sendmail.root() else []))
for server in servers:
    s = scene.Scene(server, settings(enabled=True), local_domains=("example.com", "example.org"))
    passes(s)
    directions(s)
    merges(s)
    mixed(s)
    off(s)
    tap.is_(s.jmctl.status()["balance"]["holds"], True, server.name + ": the counters balance")
    tap.is_(s.jmctl.verify()[0], 0, server.name + ": verify finds nothing")
    s.end()
if len(servers) == 1:
    tap.skip("the gateway behind Sendmail",
             "Sendmail is not unpacked: contrib/packages sendmail build-check/sendmail")
server = servers[0]
faults("defer")
faults("pass")
sys.exit(tap.done())
