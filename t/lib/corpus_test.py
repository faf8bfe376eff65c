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


def check(s, m, item):
    """Claims about one message of the corpus and the item made of it."""
    who = "%s: %s: " % (s.server.name, m.name)
    tap.is_(sha256(s.jmctl.export(item["id"])), m.want["inner_sha256"],
            who + "the archived message is the journaled one")
    tap.bytes_(s.jmctl.export(item["id"], "--report"), m.eml, who + "the report is kept as sent")
    tap.is_(sha256(s.jmctl.export(item["id"], "--raw")), m.want["inner_raw_sha256"],
            who + "the message before header removal is kept")
    tap.is_(recipients(item), m.want["recipients"], who + "recipients")
    for key, name in (("sender", "envelope_sender"), ("subject", "subject"),
                      ("message_id", "message_id")):
        tap.is_(item.get(key), m.want[name], who + name)


def run(name, **server):
    """Every message of the corpus that can come by SMTP."""
    messages = [m for m in corpus.all_messages() if m.by_smtp]
    domains = sorted({m.sender.split("@")[1] for m in messages if m.sender})
    s = scene.Scene(scene.servers(name)[0], {"internal": domains}, **server)
    for m in messages:
        smtputf8 = any(not a.isascii() for a in [m.sender] + m.recipients)
        before = {i["id"] for i in s.jmctl.list()}
        r = s.send(m.eml, m.recipients, m.sender,
                   parameters="BODY=8BITMIME" + (" SMTPUTF8" if smtputf8 else ""))
        if not tap.is_(r.code, 250, "%s: %s: accepted" % (name, m.name)):
            tap.diag(r)
            continue
        new = [i["id"] for i in s.jmctl.list() if i["id"] not in before]
        if tap.is_(len(new), 1, "%s: %s: one item more" % (name, m.name)):
            check(s, m, s.jmctl.show(new[0]))
    tap.is_(settled(s.server.queue, []), [], name + ": nothing is left in the queue")
    status, found = s.jmctl.verify()
    tap.ok(status == 0, name + ": jmctl verify finds nothing wrong", found)
    s.end()
