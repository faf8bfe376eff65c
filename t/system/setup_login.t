#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""
TLS and the login of Exchange, as jmctl setup writes them and its README says, on a private Postfix
that has other mail with a certificate and logins of its own.
"""
import os
import re
import ssl
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
import corpus
import run
import smtp
import tap
from certs import Certs
from daemon import Daemon
from journal_setup import Written, jmctl, write
from postfix import Postfix

JOURNAL, PASSWORD = "journaling@journal.example.com", "correct horse"


def path(*names):
    return os.path.join(tap.folder(), *names)


def session(port, tls=True):
    """An SMTP session; its greeting's extensions are in what ehlo() returns."""
    c = smtp.Client(port, source="127.0.0.5")
    hello = c.ehlo()
    return (c, c.starttls()) if tls else (c, hello)


def certificate(c):
    return ssl.DER_cert_to_PEM_cert(c.socket.getpeercert(binary_form=True)).split()


def steps(w, s):
    """Do as the README says, with the folder of the private Postfix instead of /etc/postfix."""
    readme = w.text("README")
    made = re.search(r"saslpasswd2 -c -f (\S+) -u (\S+) (\S+)", readme)
    database, realm, user = made.groups()
    tap.is_("%s@%s" % (user, realm), JOURNAL, "the README makes the login of the journal address")
    tap.ok("sasldb_path: %s\n" % database in w.text("postfix-sasl.conf"),
           "and in the table that postfix-sasl.conf names")
    tap.ok("install -D -m 0644 postfix-sasl.conf /etc/postfix/sasl/journal.conf" in readme,
           "and installs postfix-sasl.conf where Postfix looks for it")
    own = database.replace("/etc/postfix", s.etc)
    write(os.path.join(s.etc, "sasl", "journal.conf"),
          w.text("postfix-sasl.conf").replace(database, own))
    run.output("saslpasswd2", "-p", "-c", "-f", own, "-u", realm, user, input=PASSWORD.encode())
    run.output("chown", "root:postfix", own)
    os.chmod(own, 0o640)


def journal_listener(w, d, certs):
    with open(certs.path("server.pem"), encoding="ascii") as f:
        wanted = f.read().split()
    c, hello = session(w.port, tls=False)
    with c:
        tap.ok("STARTTLS" in str(hello) and "AUTH" not in str(hello),
               "the journal's listener offers STARTTLS, and no login without it", hello)
        tap.ok(c.auth(JOURNAL, PASSWORD).code >= 500, "a login without TLS is refused")
        c.mail("journal-ndr@example.com")
        tap.is_(c.rcpt(JOURNAL).code, 550, "a report without TLS is refused")
    c, hello = session(w.port)
    with c:
        tap.like(str(hello), "AUTH PLAIN LOGIN|AUTH LOGIN PLAIN", "over TLS it offers the login")
        tap.is_(certificate(c), wanted, "with the certificate for the smart hosts")
        c.mail("journal-ndr@example.com")
        tap.is_(c.rcpt(JOURNAL).code, 550, "a report without login is refused")
    for who, password in ((JOURNAL, "wrong"), ("journaler@mx.example.com", "secret"),
                          ("login@journal.example.com", "secret")):
        c, _ = session(w.port)
        with c:
            tap.is_(c.auth(who, password).code, 535, "%s, %s: refused" % (who, password))
    c, _ = session(w.port)
    with c:
        tap.is_(c.auth(JOURNAL, PASSWORD).code, 235, "the right password is taken")
        c.mail("journal-ndr@example.com")
        tap.is_(c.rcpt(JOURNAL).code, 250, "its report is taken")
        tap.is_(c.data(corpus.report("login")).code, 250, "all of it")
    reports = [r for i in d.jmctl.items() for r in i["reports"]]
    tap.is_([r.get("login") for r in reports], [JOURNAL], "and is archived, with its login")


def other_listener(s, what):
    """The listener of other mail."""
    with open(s.certs.path("server.pem"), encoding="ascii") as f:
        own = f.read().split()
    c, hello = session(s.port, tls=False)
    with c:
        tap.ok("STARTTLS" in str(hello) and "AUTH" in str(hello),
               what + ": other mail: STARTTLS, and a login without TLS, as it was", hello)
    c, _ = session(s.port)
    with c:
        tap.is_(certificate(c), own, what + ": other mail: its own certificate")
        tap.is_(c.auth("journaler@mx.example.com", "secret").code, 235,
                what + ": other mail: its own login")
    c, _ = session(s.port)
    with c:
        tap.is_(c.auth(JOURNAL, PASSWORD).code, 535, what + ": other mail: not the journal's login")


tap.need("postconf", "openssl", "saslpasswd2", root=True)
certs = Certs(path("journal-tls"))
written = Written(path("own"), "--smtp-login", "--tls-certificate", certs.path("server.pem"),
                  "--tls-key", certs.path("server.key"), "--smart-host", "mx.example.com",
                  source="127.0.0.5/32")
tap.is_((written.status, written.complaint), (0, ""), "jmctl setup --smtp-login")
server = Postfix(path("postfix"), tls=True, sasl=True, journal_domains=()).start()
other_listener(server, "before")
daemon = Daemon(path("daemon"), unix=True)
daemon.socket, daemon.archive = written.socket, written.folder + ".d/archive"
daemon.write(written.text("journal-milter.xml").replace(
    "<internal-domains>", "<maximum-age>0</maximum-age>\n  <internal-domains>", 1))
daemon.start()
run.output(os.path.join(written.folder, "postfix-apply"), "--yes", server.etc)
steps(written, server)
run.output("postfix", "-c", server.etc, "reload")
run.until(lambda: run.listening(written.port), "the journal's listener")
journal_listener(written, daemon, certs)
other_listener(server, "applied")
status, out, complaint = jmctl("doctor", "--config", daemon.settings, "--no-dns", "--postfix",
                               server.etc)
tap.ok(status == 0 and "0 faults, 0 warnings" in out, "the doctor finds nothing that is wrong",
       out + complaint)
daemon.stop()
server.stop()
sys.exit(tap.done())
