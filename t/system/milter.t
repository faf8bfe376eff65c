#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""The milter protocol spoken directly: sessions that a mail server seldom or never makes."""
import grp
import os
import struct
import sys
import threading

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
import corpus
import milter
import tap
from daemon import Daemon

JOURNAL, SENDER, ALLOWED = "journaling@journal.example.com", "journal-ndr@example.com", "192.0.2.25"


def newest(d):
    return d.jmctl.export(d.jmctl.list()[-1]["id"], "--report")


def chunks(d):
    report = corpus.report("chunks", 3000)
    for size in (1, 2, 7, 1023, 65535):
        data = report.replace(b"chunks", b"chunk%d" % size)
        tap.is_(milter.deliver(d.socket, SENDER, [JOURNAL], data, ALLOWED, chunk=size).kind, "d",
                "body in pieces of %d: discard" % size)
        tap.bytes_(newest(d), data, "body in pieces of %d: every byte archived" % size)


def odd_bytes(d):
    for name, body in (("nul", b"a\0b\0\0c\r\n"), ("all", bytes(range(256)) * 40),
                       ("bare-cr-lf", b"a\rb\nc\r\r\n\n\r"),
                       ("no-line-end", b"x" * 100000), ("none", b"")):
        data = corpus.report(name, inner=b"Subject: " + name.encode() + b"\r\nMessage-ID: <"
                             + name.encode() + b"@x>\r\n\r\n" + body)
        tap.is_(milter.deliver(d.socket, SENDER, [JOURNAL], data, ALLOWED).kind, "d",
                "odd bytes, %s: discard" % name)
        tap.bytes_(newest(d), data, "odd bytes, %s: every byte archived" % name)


def families(d):
    a = milter.deliver(d.socket, SENDER, [JOURNAL], corpus.report("family"), None)
    tap.is_(a.kind, "y", "a client without address is refused")
    tap.like(a.text, r"^550 5\.7\.1", "with 5.7.1")
    tap.is_(milter.deliver(d.socket, SENDER, [JOURNAL], corpus.report("v6"), "2001:db8:25::7").kind,
            "d", "IPv6 in a range: discard")
    a = milter.deliver(d.socket, SENDER, [JOURNAL], corpus.report("v6"), "2001:db8:26::7")
    tap.like(a.text, r"^550 5\.7\.1 .*2001:db8:26::7",
             "IPv6 outside: refused, and the text names it")
    tap.is_(milter.deliver(d.socket, SENDER, [JOURNAL], corpus.report("mapped"),
                           "::ffff:192.0.2.25").kind, "d",
            "an IPv4 address mapped into IPv6 counts as the IPv4 address")


def connect_again(d):
    """The protocol lets an MTA keep the connection for its next SMTP session."""
    with milter.Session(d.socket) as s:
        s.connect("203.0.113.9")
        s.helo()
        s.mail("<%s>" % SENDER)
        tap.is_(s.rcpt("<%s>" % JOURNAL).kind, "y",
                "connection kept: refused with the first address")
        s.abort()
        s.send("K")	# "quit, a new connection follows"
        s.connect(ALLOWED)
        s.helo()
        s.mail("<%s>" % SENDER)
        tap.is_(s.rcpt("<%s>" % JOURNAL).kind, "c", "connection kept: accepted with the second")
        tap.is_(s.message(corpus.report("kept")).kind, "d", "connection kept: and archived")
        s.quit()


def out_of_order(d):
    """
    After "quit, a new connection follows" whatever is said first begins a session, which has no
    address.
    """
    for name, first in (("HELO", lambda s: s.helo()), ("MAIL", lambda s: None)):
        with milter.Session(d.socket) as s:
            s.connect(ALLOWED)
            s.mail("<%s>" % SENDER)
            s.abort()
            s.send("K")
            first(s)
            s.mail("<%s>" % SENDER)
            tap.like(s.rcpt("<%s>" % JOURNAL), r"^550 5\.7\.1 .*unknown",
                     "a kept connection goes on with %s: refused, no address is known" % name)
            s.quit()


def too_many(d):
    """
    More recipients than a message can have: each is deferred by itself, and a service that took
    none gets no copy.
    """
    def archived(service):
        return sum(i["service"] == service for i in d.jmctl.list())

    second = "journaling@journal.contoso.com"
    before = archived(JOURNAL), archived(second)
    with milter.Session(d.socket) as s:
        s.connect(ALLOWED)
        s.macros("M", cert_subject="CN=" + "x" * 200, auth_authen="u" * 100)
        s.mail("<%s>" % SENDER)
        answers = {s.rcpt("<user%d@example.com>" % i).kind for i in range(30000)}
        tap.is_(answers, {"c"}, "30,000 recipients of others are none of our business")
        for n in (900, 300, 100, 30, 1):
            while s.rcpt("<@%s.example:%s>" % ("r" * n, JOURNAL)).kind == "c":
                pass
        tap.like(s.rcpt("<%s>" % second), r"^451 4\.3\.0",
                 "when the list of journal recipients is full, one of another service is deferred")
        tap.is_(s.message(corpus.report("too-many")).kind, "c",
                "the message is archived for those that were taken")
        s.quit()
    tap.is_((archived(JOURNAL), archived(second)), (before[0] + 1, before[1]),
            "and for no other service")


def abandoned(d):
    """Messages that end in the middle leave nothing, and the next one is clean."""
    before = len(d.jmctl.list())
    with milter.Session(d.socket) as s:
        s.connect(ALLOWED)
        s.helo()
        for i in range(5):
            s.mail("<%s>" % SENDER)
            s.rcpt("<%s>" % JOURNAL)
            s.step("T")
            s.header(b"Subject", b" half %d" % i)
            s.step("N")
            s.body(b"half a message " * 10000)
            s.abort()
        s.mail("<%s>" % SENDER)
        s.rcpt("<%s>" % JOURNAL)
        report = corpus.report("after-abort")
        tap.is_(s.message(report).kind, "d", "after five aborted messages one is archived")
        tap.bytes_(newest(d), report, "and has nothing of them")
        s.quit()
    for step in range(5):
        s = milter.Session(d.socket)
        s.connect(ALLOWED)
        s.mail("<%s>" % SENDER)
        s.rcpt("<%s>" % JOURNAL)
        if step > 1:
            s.step("T")
            s.header(b"Subject", b" x")
        if step > 2:
            s.step("N")
        if step > 3:
            s.body(b"x" * 200000)
        s.socket.close()
    tap.is_(len(d.jmctl.list()), before + 1, "connections that break in the middle leave nothing")


def recipients(d):
    with milter.Session(d.socket) as s:
        s.connect(ALLOWED)
        s.helo()
        s.mail("<%s>" % SENDER, "SIZE=1000", "BODY=8BITMIME")
        kinds = [s.rcpt(form).kind for form in ("<%s>" % JOURNAL, JOURNAL, "<@relay.example.org:%s>"
                                                % JOURNAL, "<%s.>" % JOURNAL, "<user@example.com>",
                                                "user", "<>", "<journaling@JOURNAL.example.COM>")]
        tap.is_(kinds, ["c"] * 8, "every form of an address is understood")
        a = s.message(corpus.report("forms"))
        tap.is_(a.kind, "c", "with others left the message goes on")
        gone = [data.rstrip(b"\0").decode() for kind, data in a.changes if kind == "-"]
        tap.is_(sorted(x for x in gone if "example.org" not in x or "@relay" in x)[:1] != [], True,
                "journal recipients are taken off")
        for form in ("<%s>" % JOURNAL, JOURNAL, "<@relay.example.org:%s>" % JOURNAL,
                     "<%s.>" % JOURNAL, "<journaling@JOURNAL.example.COM>"):
            tap.ok(form in gone, "taken off: %s" % form, gone)
        tap.ok(not any("user" in x or x == "<>" for x in gone), "nobody else is taken off", gone)
        s.quit()


def together(d):
    """Many sessions at once: each message archived with its own bytes."""
    before = len(d.jmctl.list())
    answers = []

    def one(k):
        for i in range(6):
            answers.append(milter.deliver(d.socket, SENDER, [JOURNAL],
                                          corpus.report("t%d-%d" % (k, i), 20000 * (i % 3)),
                                          ALLOWED).kind)
    threads = [threading.Thread(target=one, args=(k,)) for k in range(24)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    tap.is_(answers.count("d"), 144, "144 messages in 24 sessions at once: all archived")
    found = d.jmctl.list()
    tap.is_(len(found) - before, 144, "each is an item")
    wrong = []
    for item in found[before:]:
        number = item["subject"].split()[-1]
        want = corpus.report(number, 20000 * (int(number.split("-")[1]) % 3))
        if d.jmctl.export(item["id"], "--report") != want:
            wrong.append(number)
    tap.is_(wrong, [], "each with its own bytes")


def garbage(d):
    """Input that is no milter protocol ends its own connection only."""
    for data in (b"\0\0\0\0", b"\xff\xff\xff\xffXXXX", b"GET / HTTP/1.0\r\n\r\n", b"\0\0\0\1O"):
        s = milter.Session(d.socket)
        s.socket.sendall(data)
        s.socket.close()
    tap.is_(milter.deliver(d.socket, SENDER, [JOURNAL], corpus.report("after-garbage"),
                           ALLOWED).kind, "d", "after garbage it still serves")


def socket_rights():
    """
    The mode and the group of a unix socket, and the level of compression; each with two values.
    """
    large, stored = corpus.report("large", 300000), []
    for name, more, want in (("mode-default", {}, 0o660),
                             ("mode-0600", {"milter": {"socket-mode": "0600"},
                                            "archive": {"compression-level": 19}}, 0o600)):
        group = grp.getgrgid(os.getgid() if os.getuid() else grp.getgrnam("nogroup").gr_gid)
        more.setdefault("milter", {"socket-mode": "0660"})["socket-group"] = group.gr_name
        d = Daemon(os.path.join(tap.folder(), name), outbounds=(ALLOWED,), unix=True,
                   more=more).start()
        st = os.stat(d.socket.split(":", 1)[1])
        tap.is_((st.st_mode & 0o777, st.st_gid), (want, group.gr_gid),
                "%s: mode and group of the socket" % name)
        tap.is_(milter.deliver(d.socket, SENDER, [JOURNAL], large, ALLOWED).kind, "d",
                name + ": it is served")
        stored.append(d.jmctl.status()["stored_bytes"])
        tap.bytes_(d.jmctl.export(d.jmctl.list()[0]["id"], "--report"), large,
                   name + ": with every byte")
        d.stop()
    tap.ok(stored[1] < stored[0],
           "level 19 stores less than level 1: %d, %d bytes" % (stored[1], stored[0]))


def too_old(d):
    """An MTA that cannot do what is needed is refused; the log says so, not for each connection."""
    for _ in range(20):
        with milter.connect(d.socket) as s:
            s.sendall(struct.pack(">IcIII", 13, b"O", 6, 0, 0))
            answer = s.recv(100)
            tap.ok(answer[4:5] != b"O", "an MTA that is too old gets no agreement", answer)
    tap.is_(d.log().count(" mta-too-old "), 1, "20 connections of it are one line in the log")
    tap.like(d.log(), r" mta-too-old actions=.* connections=1\n", "with their number so far")


socket_rights()
d = Daemon(tap.folder() + "/milter", outbounds=(ALLOWED, "2001:db8:25::/48"), unix=True).start()
for test in (chunks, odd_bytes, families, connect_again, out_of_order, too_many, abandoned,
             recipients, together, garbage):
    test(d)
too_old(d)
status, found = d.jmctl.verify()
tap.ok(status == 0, "jmctl verify finds nothing wrong", found)
tap.is_(d.stop(), 0, "the daemon stops with status 0")
tap.is_(d.complaints(), [], "no complaint in its log")
sys.exit(tap.done())
