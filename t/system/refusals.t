#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""
Each reason to refuse or to defer: the code, a text that names the reason, an event; and other mail
passes untouched.
"""
import os
import re
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
import corpus
import run
import scene
import tap
from daemon import service

SERVICES = [service("journaling@journal.example.com"),
            service("ranged@journal.example.com", ranges=["127.0.0.64/28"]),
            service("tls@journal.example.com", encrypted=True),
            service("login@journal.example.com", use_smtp_authentication=True),
            service("off@journal.example.com", disabled=True),
            service("named@journal.example.com", refuse_null_sender=True),
            service("box@journal.example.com", transport_type="POP3", pop3={
                "hostname": "127.0.0.1", "port": 1, "mailbox-name": "j",
                "oauth2-token-command": "echo x", "poll-interval": 86400})]
INSIDE, OUTSIDE = "journal-ndr@example.com", "somebody@example.org"

# name, recipient, sender, client, code, what the text must name, kind of event
REFUSALS = [
    ("unknown client", "journaling", INSIDE, scene.STRANGER, 550, r"5\.7\.1 .*127\.0\.0\.99",
     "refused"),
    ("unknown client with the null sender", "journaling", "", scene.STRANGER, 550,
     r"5\.7\.1 .*127\.0\.0\.99", "refused"),
    ("another service's range", "journaling", INSIDE, "127.0.0.77", 550, r"5\.7\.1 .*127\.0\.0\.77",
     "refused"),
    ("one address past the range", "ranged", INSIDE, "127.0.0.80", 550, r"5\.7\.1 .*127\.0\.0\.80",
     "refused"),
    ("sender not internal", "journaling", OUTSIDE, scene.OUTBOUND, 550, r"5\.7\.1 .*(?i:sender)",
     "refused"),
    ("sender of a sub-domain", "journaling", "a@sub.example.com", scene.OUTBOUND, 550,
     r"5\.7\.1 .*(?i:sender)", "refused"),
    ("null sender where it is refused", "named", "", scene.OUTBOUND, 550,
     r"5\.7\.1 .*(?i:sender)", "refused"),
    ("no TLS", "tls", INSIDE, scene.OUTBOUND, 550, r"5\.7\.1 .*TLS", "refused"),
    ("no login", "login", INSIDE, scene.OUTBOUND, 550, r"5\.7\.1 .*(?i:auth|login)", "refused"),
    ("address that no service has", "journalling", INSIDE, scene.OUTBOUND, 450,
     r"4\.1\.1 .*(?i:journal)", "deferred"),
    ("service that fetches over POP3", "box", INSIDE, scene.OUTBOUND, 450, r"4\.1\.1 .*POP3",
     "deferred"),
    ("disabled service", "off", INSIDE, scene.OUTBOUND, 450, r"4\.2\.1 .*(?i:disabled|suspended)",
     "deferred"),]


def noted(s, kind, source, name, text):
    """Events go to the disk with the next commit, at the latest after a second."""
    def found():
        return [e for e in s.jmctl.events(kind) if e["actor"] == source
                and re.search(text, e["text"])]
    try:
        run.until(found, "an event")
        tap.ok(True, name)
    except TimeoutError:
        tap.ok(False, name, s.jmctl.events())


def refusals(s):
    name = s.server.name
    for what, local, sender, source, code, text, kind in REFUSALS:
        r = s.send(corpus.report("refused"), [local + "@journal.example.com"], sender, source)
        tap.is_(r.code, code, "%s: %s: %d" % (name, what, code))
        tap.like(r.text, text, "%s: %s: the text names the reason" % (name, what))
        noted(s, kind, source, "%s: %s: an event, which names the client" % (name, what),
              text.split(" ", 1)[1])
    r = s.send(corpus.report("refused"), ["journaling@journal.example.com"], "per%cent@example.org")
    tap.is_(r.code, 550, name + ": a sender with a % sign gets the same answer")
    tap.like(r.text, r"5\.7\.1 .*(?i:sender)", name + ": and the same text")
    tap.is_(s.jmctl.list(), [], name + ": nothing of all that is archived")
    tap.is_(run.settled(s.server.queue, []), [], name + ": nothing of all that is queued")


def accepted(s):
    name = s.server.name
    for what, local, sender, source in (
            ("null sender", "journaling", "", scene.OUTBOUND),
            ("internal sender where <> is refused", "named", INSIDE, scene.OUTBOUND),
            ("the service's range", "ranged", INSIDE, "127.0.0.77"),
            ("authorized outbound for a service with a range", "ranged", INSIDE, scene.OUTBOUND),
            ("letter case of the address", "JournaLing", INSIDE, scene.OUTBOUND),
            ("letter case of the sender's domain", "journaling", "x@EXAMPLE.com", scene.OUTBOUND)):
        before = len(s.jmctl.list())
        tap.is_(s.send(corpus.report(what.replace(" ", "-")), [local + "@journal.example.com"],
                       sender, source).code, 250, "%s: %s: accepted" % (name, what))
        tap.is_(len(s.jmctl.list()), before + 1, "%s: %s: archived" % (name, what))


def partly(s):
    """One bad recipient does not spoil the others."""
    name = s.server.name
    before = len(s.jmctl.list())
    with s.client() as c:
        c.mail("a@example.com")
        tap.is_([c.rcpt(a + "@journal.example.com").code for a in ("nobody", "journaling", "off")],
                [450, 250, 450], name + ": each recipient has its own answer")
        tap.is_(c.data(corpus.report("partly")).code, 250, name + ": the good one is served")
    tap.is_(len(s.jmctl.list()), before + 1, name + ": and archived")


def other_mail(s):
    """
    Mail for other recipients passes as if there were no milter, also from clients and senders that
    would be refused.
    """
    name = s.server.name
    message = (b"From: a@example.org\r\nTo: someone@example.com\r\nSubject:  two  blanks\r\n"
               b"\tfold \r\nX-MS-Journal-Report:\r\n"
               b"Message-ID: <o@example.org>\r\nDate: Tue, 17 Jul 2029 12:13:27 +0000\r\n\r\n"
               b".dot\r\n\xe9\r\nend\r\n")
    items = len(s.jmctl.list())
    before = len(s.server.delivered())
    tap.is_(s.send(message, ["someone@example.com"], OUTSIDE, scene.STRANGER).code, 250,
            name + ": other mail is accepted")
    run.until(lambda: len(s.server.delivered()) > before, "other mail delivered")
    kept = re.sub(rb"\A((Return-Path|X-Original-To|Delivered-To|Received):.*\n([ \t].*\n)*)+", b"",
                  s.server.delivered()[-1])
    tap.bytes_(kept, message.replace(b"\r\n", b"\n"), name + ": and delivered without any change")
    tap.is_(len(s.jmctl.list()), items, name + ": and not archived")


for server in scene.servers():
    s = scene.Scene(server, daemon={"services": SERVICES}, tls=True, sasl=True)
    refusals(s)
    accepted(s)
    partly(s)
    other_mail(s)
    s.end()
sys.exit(tap.done())
