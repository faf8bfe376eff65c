# SPDX-License-Identifier: BSD-2-Clause
"""The corpus through a real mail server into the archive and out again, byte for byte."""
import hashlib

import corpus
import scene
import tap
from run import settled


def sha256(data):
    return hashlib.sha256(data).hexdigest()


def recipients(item):
    """
    The recipients in the corpus's form: address, type and origin, from the item's first report.
    """
    first = item["reports"][0]["seq"]
    found = []
    for r in item["recipients"]:
        for named in r["reports"]:
            if named["seq"] == first:
                role = {k: named[k] for k in ("type", "expanded_from", "forwarded_from")
                        if named.get(k) is not None}
                found.append(dict(role, address=r["address"]))
    return found


class Exported:
    """Each item's message, its message before the removal of headers, its report."""

    def __init__(self, jmctl):
        self.message, self.raw, self.report = (jmctl.exported(*args)
                                               for args in ((), ("--raw",), ("--report",)))


def check(s, m, item, exported):
    """Claims about one message of the corpus and the item made of it."""
    who, first = "%s: %s: " % (s.server.name, m.name), (item["id"], 0)
    tap.is_(sha256(exported.message[first]), m.want["inner_sha256"],
            who + "the archived message is the journaled one")
    tap.bytes_(exported.report[first], m.eml, who + "the report is kept as sent")
    tap.is_(sha256(exported.raw[first]), m.want["inner_raw_sha256"],
            who + "the message before header removal is kept")
    tap.is_(recipients(item), m.want["recipients"], who + "recipients")
    for key, name in (("sender", "envelope_sender"), ("subject", "subject"),
                      ("message_id", "message_id")):
        tap.is_(item.get(key), m.want[name], who + name)


SETTINGS = {"report-senders": {"address": ["journal-ndr@example.com"]}}


def run(name, **server):
    """Every message of the corpus that can come by SMTP."""
    messages = [m for m in corpus.all_messages() if m.by_smtp]
    domains = sorted({m.sender.split("@")[1] for m in messages if m.sender})
    s = scene.Scene(scene.servers(name)[0], {"internal": domains, "more": SETTINGS}, **server)
    for m in messages:
        smtputf8 = any(not a.isascii() for a in [m.sender] + m.recipients)
        r = s.send(m.eml, m.recipients, m.sender,
                   parameters="BODY=8BITMIME" + (" SMTPUTF8" if smtputf8 else ""))
        if not tap.is_(r.code, 250, "%s: %s: accepted" % (name, m.name)):
            tap.diag(r)
    items, exported = s.jmctl.items(), Exported(s.jmctl)
    tap.is_(len(items), len(messages), name + ": each is an item")
    for m, item in zip(messages, items):
        check(s, m, item, exported)
    tap.is_(settled(s.server.queue, []), [], name + ": nothing is left in the queue")
    status, found = s.jmctl.verify()
    tap.ok(status == 0, name + ": jmctl verify finds nothing wrong", found)
    s.end()
