#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""
Twelve cases in which another archive lost messages, recipients or bytes after it had answered 250;
here nothing is lost.
"""
import hashlib
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
import corpus
import scene
import tap

s = scene.Scene(scene.servers("postfix")[0])


def send(name, *reports, items=1):
    """Send reports, claim how many items they make; these, newest last."""
    before = {i["id"] for i in s.jmctl.list()}
    for r in reports:
        answer = s.send(r)
        tap.is_(answer.code, 250, name + ": accepted") or tap.diag(answer)
    new = [i["id"] for i in s.jmctl.list() if i["id"] not in before]
    tap.is_(len(new), items, "%s: %d item%s" % (name, items, "" if items == 1 else "s"))
    return [s.jmctl.show(i) for i in new]


def addresses(item):
    return [r["address"] for r in item["recipients"]]


def inner(subject, message_id, body=b"Text.\r\n", more=b""):
    fields = b"From: alice@example.com\r\nTo: bob@example.com\r\nSubject: " + subject \
        + b"\r\nDate: Tue, 17 Jul 2029 12:13:27 +0000\r\n"
    return fields + (b"Message-ID: <" + message_id + b">\r\n" if message_id
                     else b"") + more + b"\r\n" + body


def case_1():
    name = "1: two messages with one Message-ID"
    messages = [inner(b"same", b"same@example.com", b"First.\r\n"),
                inner(b"same", b"same@example.com", b"Second.\r\n")]
    found = send(name, *[corpus.report("same%d" % i, message_id="<same@example.com>", inner=m)
                         for i, m in enumerate(messages)], items=2)
    tap.is_(sorted(s.jmctl.export(i["id"]) for i in found), messages, name + ": both are there")


def case_2():
    name = "2: one message in two reports"
    m = inner(b"split", b"split@example.com")
    found = send(name, corpus.report("split1", message_id="<split@example.com>", inner=m,
                                     recipients=["bob@example.com", "carol@example.com"]),
                 corpus.report("split2", message_id="<split@example.com>", inner=m,
                               recipients=["dan@example.com"]))
    tap.is_(sorted(addresses(found[0])), ["bob@example.com", "carol@example.com",
                                          "dan@example.com"], name + ": all recipients of both")
    tap.is_(len(found[0]["reports"]), 2, name + ": both reports are kept")


def case_3():
    name = "3: 401 recipients"
    want = ["user%03d.with.a.rather.long.name@example.com" % i for i in range(401)]
    found = send(name, corpus.report("many", recipients=want))
    tap.is_(addresses(found[0]), want, name + ": all of them, in order")


def case_4():
    name = "4: no Message-ID inside"
    messages = [inner(b"none", None, b"One.\r\n"), inner(b"none", None, b"Two.\r\n")]
    found = send(name, *[corpus.report("none%d" % i, message_id="Unknown Message-ID", inner=m,
                                       recipients=["r%d@example.com" % i])
                         for i, m in enumerate(messages)], items=2)
    tap.is_([addresses(i) for i in found], [["r0@example.com"], ["r1@example.com"]],
            name + ": each with its own recipient")


def case_5():
    name = "5: outside mail with the marker"
    before = {i["id"]: s.jmctl.show(i["id"])["recipients"] for i in s.jmctl.list()}
    mail = (b"From: eve@example.org\r\nTo: bob@example.com\r\nSubject: outside\r\n"
            b"Message-ID: <outside@example.org>\r\n"
            b"X-MS-Journal-Report:\r\n\r\nSender: x@example.com\r\n"
            b"Message-Id: <same@example.com>\r\nRecipient: mallory@example.org\r\n")
    found = send(name, mail)
    tap.is_(found[0].get("step_down"), True, name + ": archived whole, as an ordinary message")
    tap.is_(addresses(found[0]), ["bob@example.com"],
            name + ": the recipients are those of its header")
    tap.is_({i: s.jmctl.show(i)["recipients"] for i in before}, before,
            name + ": nothing is written to another message")


def case_6():
    name = "6: the marker inside the journaled message"
    m = inner(b"inside", b"inside@example.com",
              b"Sender: x@example.com\r\nMessage-Id: <x@x>\r\nRecipient: mallory@example.org\r\n",
              b"X-MS-Journal-Report:\r\n")
    found = send(name, corpus.report("inside", message_id="<inside@example.com>", inner=m,
                                     recipients=["real@example.com"]))
    tap.is_(addresses(found[0]), ["real@example.com"],
            name + ": the recipients are those of the report")


def from_corpus(name, prefix):
    m = corpus.message(prefix)
    before = {i["id"] for i in s.jmctl.list()}
    tap.is_(s.send(m.eml, m.recipients, m.sender, parameters="BODY=8BITMIME").code, 250,
            name + ": accepted")
    new = [i["id"] for i in s.jmctl.list() if i["id"] not in before]
    if tap.is_(len(new), 1, name + ": archived"):
        item = s.jmctl.show(new[0])
        tap.is_(addresses(item), [r["address"] for r in m.want["recipients"]],
                name + ": with its recipients")
        tap.is_(item["sender"], m.want["envelope_sender"], name + ": with its sender")
        tap.is_(hashlib.sha256(s.jmctl.export(new[0])).hexdigest(), m.want["inner_sha256"],
                name + ": the journaled message")


def case_7():
    from_corpus("7: the message in base64", "029")


def case_8():
    name = "8: the marker in lower case"
    found = send(name,
                 corpus.report("lower").replace(b"X-MS-Journal-Report", b"x-ms-journal-report"))
    tap.is_((found[0]["sender"], addresses(found[0])), ("alice@example.com", ["bob@example.com"]),
            name + ": sender and recipient of the report")
    from_corpus("8: the marker of Exchange 2003", "020")


def case_9():
    name = "9: a recipient that holds the boundary"
    want = ["_test_edge_@example.com", "--_test_edge_--@example.com", "last@example.com"]
    found = send(name, corpus.report("edge", recipients=want))
    tap.is_(addresses(found[0]), want, name + ": no recipient is lost")


def case_10():
    from_corpus("10: a report in a non-delivery notice", "022")


def case_11():
    name = "11: the archive cannot write"
    s.daemon.stop()
    s.daemon.env = {"JM_FAULT": "write:1+:EIO"}
    report = corpus.report("broken")
    try:
        s.daemon.start()
    except (RuntimeError, TimeoutError):
        tap.diag("it does not even start")
    r = s.send(report)
    tap.ok(400 <= r.code < 500, name + ": 4xx, not 250", r)
    s.daemon.stop()
    s.daemon.env = None
    s.daemon.start()
    send(name + ", and is repaired", report)


def case_12():
    name = "12: the last line end"
    for end in (b"\r\n", b"", b"\r\n\r\n\r\n"):
        m = inner(b"end", b"end%d@example.com" % len(end), b"The end." + end)
        found = send(name, corpus.report("end%d" % len(end),
                                         message_id="<end%d@example.com>" % len(end), inner=m))
        tap.bytes_(s.jmctl.export(found[0]["id"]), m, name + ": comes back as it came (%r)" % end)


for case in (case_1, case_2, case_3, case_4, case_5, case_6, case_7, case_8, case_9, case_10,
             case_11, case_12):
    case()
status, found = s.jmctl.verify()
tap.ok(status == 0, "jmctl verify finds nothing wrong", found)
s.end()
sys.exit(tap.done())
