#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""
A message to journal and to other recipients: archived for the former, delivered to the latter, and
to nobody else.
"""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
import corpus
import run
import scene
import tap

JOURNAL, OTHER = "journaling@journal.example.com", "someone@example.com"


def body_of(message):
    return message.replace(b"\r\n", b"\n").split(b"\n\n", 1)[1]


def mixed(s):
    name = s.server.name
    report = corpus.report("mixed")
    tap.is_(s.send(report, [JOURNAL, OTHER, "journaling@journal.contoso.com"]).code, 250,
            name + ": taken for three recipients")
    box = run.until(s.server.delivered, "mail for " + OTHER)
    tap.is_(len(box), 1, name + ": delivered once")
    tap.bytes_(body_of(box[0]), body_of(report), name + ": delivered unchanged")
    tap.is_(empty(s), [], name + ": the journal recipients are gone from the envelope")
    items = s.jmctl.list()
    tap.is_(len(items), 1, name + ": archived as one item")
    tap.bytes_(s.jmctl.export(items[0]["id"], "--report"), report,
               name + ": the report is kept as sent")


def empty(s):
    """The queue, which may take a moment to become empty."""
    return run.settled(s.server.queue, [])


def odd_addresses(s):
    """
    The forms of an address that reach a milter; each must be taken off again when another recipient
    is left.
    """
    name = s.server.name
    forms = ["<journaling@journal.example.com>", "<JOURNALING@Journal.Example.COM>"]
    forms += ["<@relay.example.com:journaling@journal.example.com>"] if name == "postfix" else []
    before = len(s.server.delivered())
    for i, form in enumerate(forms):
        tap.is_(s.send(corpus.report("odd-%d" % i), [form, OTHER]).code, 250,
                "%s: taken: %s" % (name, form))
    run.until(lambda: len(s.server.delivered()) == before + len(forms), "mail for " + OTHER)
    tap.is_(empty(s), [], name + ": no form of a journal address stays in the envelope")
    tap.is_(len(s.jmctl.list()), 1 + len(forms), name + ": each is archived")
    tap.is_(s.send(corpus.report("twice"), [JOURNAL, JOURNAL, OTHER]).code, 250,
            name + ": the same journal recipient twice")
    run.until(lambda: len(s.server.delivered()) == before + len(forms) + 1, "mail for " + OTHER)
    tap.is_(empty(s), [], name + ": both are taken off")


for server in scene.servers():
    s = scene.Scene(server)
    mixed(s)
    odd_addresses(s)
    s.end()
sys.exit(tap.done())
