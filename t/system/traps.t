#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""
The ten things between MTA and milter that lose or damage mail, found by experiment; each must be
harmless here.
"""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
import corpus
import run
import scene
import smtp
import tap

JOURNAL, OTHER = "journaling@journal.example.com", "someone@example.com"


def one(s, report, name, **kw):
    """Send it, claim that it is archived with every byte; the item's id."""
    before = {i["id"] for i in s.jmctl.list()}
    r = s.send(report, **kw)
    tap.is_(r.code, 250, "%s (%s)" % (name, s.server.name)) or tap.diag(r)
    new = [i["id"] for i in s.jmctl.list() if i["id"] not in before]
    if tap.is_(len(new), 1, "%s (%s): one item" % (name, s.server.name)):
        tap.bytes_(s.jmctl.export(new[0], "--report"), report,
                   "%s (%s): every byte" % (name, s.server.name))
        return new[0]
    return None


def trap_2_long_headers(s):
    name = "2: a header of 150 kB in the journaled message is not cut"
    inner = b"From: a@example.com\r\nTo: " + b",\r\n ".join(b"user%05d@example.com" % i
                                                            for i in range(6000)) \
        + b"\r\nSubject: long\r\nMessage-ID: <long@example.com>\r\n\r\nbody\r\n"
    item = one(s, corpus.report("long", inner=inner), name)
    if item:
        tap.bytes_(s.jmctl.export(item), inner,
                   name + " (%s): the message is whole" % s.server.name)


def trap_2_long_top_header(s):
    """
    A long field at the top cannot be saved, as Postfix cuts it at 60,000 bytes: it must at least be
    reported.
    """
    name = "2: a report with a top header of 63 kB"
    inner = b"From: a@example.com\r\nSubject: top\r\nMessage-ID: <top@example.com>\r\n\r\nbody\r\n"
    wrapper = b"Cc: " + b",\r\n ".join(b"user%05d@example.com" % i for i in range(2600)) + b"\r\n"
    before = {i["id"] for i in s.jmctl.list()}
    r = s.send(corpus.report("top", inner=inner, wrapper=wrapper))
    tap.is_(r.code, 250, "%s is taken (%s)" % (name, s.server.name)) or tap.diag(r)
    new = [i["id"] for i in s.jmctl.list() if i["id"] not in before]
    tap.is_([s.jmctl.export(i) for i in new], [inner],
            "%s: the journaled message is whole (%s)" % (name, s.server.name))
    tap.like(s.daemon.log(), r"header-perhaps-cut",
             "%s: the cut is told (%s)" % (name, s.server.name))


def trap_3_percent(s):
    r = s.send(corpus.report("percent"), sender="100%n@example.org")
    tap.is_(r.code, 550, "3: nor in a refusal (%s)" % s.server.name)
    tap.like(r.text, r"^5\.7\.1 .*(?i:sender)", "3: its own text arrives (%s)" % s.server.name)


def trap_4_dead_milter(s):
    s.daemon.kill()
    for what, recipient in (("journal", JOURNAL), ("other", OTHER)):
        r = s.send(corpus.report("dead"), [recipient])
        tap.ok(400 <= r.code < 500,
               "4: while the milter is dead %s mail gets 4xx (%s)" % (what, s.server.name), r)
    tap.is_(run.settled(s.server.queue, []), [],
            "4: and none is queued past it (%s)" % s.server.name)
    s.daemon.start()
    one(s, corpus.report("alive"), "4: when it is back mail is archived")


def trap_5_bypass(server):
    """A listener without the milter, by mistake: the mail waits in the queue and is not lost."""
    s = server(os.path.join(tap.folder(), "bypass-" + server.name)).start()
    tap.is_(smtp.send(s.port, "a@example.com", [JOURNAL], corpus.report("bypass")).code, 250,
            "5: a listener without milter takes it (%s)" % s.name)
    tap.is_(run.settled(s.queue, [JOURNAL]), [JOURNAL],
            "5: and it waits in the queue (%s)" % s.name)
    s.stop()


def trap_6_discard(s):
    before = len(s.server.delivered())
    one(s, corpus.report("mixed"), "6: with an ordinary recipient, too",
        recipients=[OTHER, JOURNAL])
    run.until(lambda: len(s.server.delivered()) == before + 1, "mail for " + OTHER)
    tap.ok(True, "6: the ordinary recipient gets the message (%s)" % s.server.name)


def trap_7_later_messages(s):
    """Other mail first, then a journal report, in one session."""
    before = len(s.jmctl.list())
    with s.client() as c:
        for i, recipient in enumerate((OTHER, JOURNAL, OTHER, JOURNAL)):
            c.mail("journal-ndr@example.com")
            c.rcpt(recipient)
            c.data(corpus.report("session-%d" % i))
    tap.is_(len(s.jmctl.list()) - before, 2,
            "7: journal reports after other mail in a session are seen (%s)" % s.server.name)


def trap_8_header_section(s):
    one(s, corpus.report("headers", wrapper=b"".join(b"X-Filler-%d: %s\r\n" % (i, b"y" * 900)
                                                     for i in range(50))),
        "8: a header section of 45 kB")
    one(s, corpus.report("nul", inner=b"Subject: nul\r\nMessage-ID: <nul@x>\r\n\r\na\0b\r\n"),
        "8: NUL in the body")


def trap_9_lost_answer(s):
    """The client goes away before it has read the 250, and sends the report again."""
    report = corpus.report("lost")
    c = s.client()
    c.mail("journal-ndr@example.com")
    c.rcpt(JOURNAL)
    c.begin(report)
    c.end()
    run.until(lambda: [i for i in s.jmctl.list() if i["subject"] == "Test lost"], "archived")
    c.abort()
    tap.is_(s.send(report).code, 250, "9: sent again after a lost answer (%s)" % s.server.name)
    tap.is_(len([i for i in s.jmctl.list() if i["subject"] == "Test lost"]), 1,
            "9: it is one item (%s)" % s.server.name)


def trap_10_size(s):
    one(s, corpus.report("big", 12000000), "10: a report of 12 MB is taken")


for server in scene.servers():
    s = scene.Scene(server)
    for trap in (trap_2_long_headers, trap_2_long_top_header, trap_3_percent, trap_4_dead_milter,
                 trap_6_discard, trap_7_later_messages, trap_8_header_section, trap_9_lost_answer,
                 trap_10_size):
        trap(s)
    s.end()
    trap_5_bypass(server)
sys.exit(tap.done())
