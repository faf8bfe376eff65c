#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Services that ask for TLS, for a login, or for both, on both mail servers."""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
import corpus
import scene
import tap
from daemon import service

SERVICES = [service("tls@journal.example.com", encrypted=True),
            service("login@journal.example.com", use_smtp_authentication=True),
            service("both@journal.example.com", encrypted=True, use_smtp_authentication=True)]
GOOD, OTHER = ("login@journal.example.com", "secret"), ("journaler@mx.example.com", "secret")


def tries(s):
    name = s.server.name
    client = s.server.certs.client
    for what, local, tls, login, code in (
            ("TLS wanted, none", "tls", None, None, 550),
            ("TLS wanted, TLS", "tls", (), None, 250),
            ("TLS wanted, TLS with a client certificate", "tls", client, None, 250),
            ("login wanted, none", "login", None, None, 550),
            ("login wanted, that of another", "login", None, OTHER, 550),
            ("login wanted, the right one", "login", None, GOOD, 250),
            ("login wanted, the right one over TLS", "login", (), GOOD, 250),
            ("both wanted, only TLS", "both", (), None, 550),
            ("both wanted, login of another service", "both", (), GOOD, 550)):
        before = len(s.jmctl.list())
        r = s.send(corpus.report(what.replace(" ", "-").replace(",", "")),
                   [local + "@journal.example.com"], tls=tls, login=login)
        tap.is_(r.code, code, "%s: %s: %d" % (name, what, code))
        tap.is_(len(s.jmctl.list()) - before, 1 if code == 250 else 0,
                "%s: %s: %s" % (name, what, "archived" if code == 250 else "not archived"))


def wrong_password(s):
    with s.client() as c:
        tap.is_(c.auth("login@journal.example.com", "wrong").code, 535,
                s.server.name + ": a wrong password is refused by the server")
        c.mail("a@example.com")
        tap.is_(c.rcpt("login@journal.example.com").code, 550,
                s.server.name + ": and does not count as a login")


def recorded(s):
    """The archive has the facts of the session."""
    reports = [r for i in s.jmctl.items() for r in i["reports"]]
    tap.ok(any((r.get("tls") or "").startswith("TLSv1.") for r in reports),
           s.server.name + ": the TLS version is recorded", reports[:2])
    tap.ok(any(r.get("login") == GOOD[0] for r in reports),
           s.server.name + ": the login is recorded", reports[:2])
    tap.ok(all(r.get("client") == scene.OUTBOUND for r in reports),
           s.server.name + ": the client is recorded", reports[:2])


def second_message(s):
    """Facts of a session hold for its next message, and end with it."""
    with s.client() as c:
        c.starttls()
        for i in range(2):
            c.mail("a@example.com")
            tap.is_(c.rcpt("tls@journal.example.com").code, 250,
                    "%s: TLS counts for message %d of the session" % (s.server.name, i + 1))
            tap.is_(c.data(corpus.report("session-%d" % i)).code, 250,
                    "%s: message %d is taken" % (s.server.name, i + 1))
    with s.client() as c:
        c.mail("a@example.com")
        tap.is_(c.rcpt("tls@journal.example.com").code, 550,
                s.server.name + ": the next session begins without TLS")


for server in scene.servers():
    s = scene.Scene(server, daemon={"services": SERVICES}, tls=True, sasl=True)
    tries(s)
    wrong_password(s)
    recorded(s)
    second_message(s)
    s.end()
sys.exit(tap.done())
