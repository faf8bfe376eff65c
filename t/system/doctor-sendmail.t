#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""
jmctl doctor and Sendmail: a set-up as jmctl setup writes it gives no finding, and each trap that is
planted in it is found, with the line to change.
"""
import os
import re
import smtplib
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
import doctor
import run
import sendmail
import tap
from certs import Certs
from daemon import Daemon
from doctor import clean, planted
from dovecot import Certificates
from journal_setup import AppliedSendmail, Written, read, write

def path(name):
    return os.path.join(tap.folder(), name)


def put(d, text):
    """Settings that the daemon works with, too."""
    d.write(text)
    d.reload()


def nearby(text):
    """
    Settings whose reports come from this machine alone, where the mail servers of this test listen.
    """
    return re.sub(r" *<range>(?!127\.).*\n", "", text)


def elsewhere(text):
    """And from elsewhere."""
    return text.replace("<range>127.0.0.5/32</range>",
                        "<range>127.0.0.5/32</range><range>192.0.2.7</range>")


def expired():
    """A certificate that ended in 2021."""
    return Certificates(path("old")).path("expired.pem")


def cf_more():
    """More of cf_cases()."""
    return [
        ("a DNS list", "dnsbl", "FAIL", "O SuperSafe=", "# DNS based IP address spam list x.example"
         "\nO SuperSafe="),
        ("names of clients", "client-name", "FAIL", "O SuperSafe=",
         "R$* $| FAIL\t\t$#error $@ 5.7.1 $: 550 Fix reverse DNS for $1\nO SuperSafe="),
        ("a pause before the greeting", "greet-pause", "warn", "O SuperSafe=",
         "Sgreet_pause\nO SuperSafe="),
        ("a rate of connections", "rate-limit", "warn", "O SuperSafe=",
         "O ConnectionRateThrottle=2\nO SuperSafe="),
        ("few processes", "process-limit", "warn", "O SuperSafe=",
         "O MaxDaemonChildren=3\nO SuperSafe="),
        ("a low load", "load-limit", "warn", "O RefuseLA=1000", "O RefuseLA=2"),
        ("a full queue disk", "queue-minfree", "FAIL", "O MinFreeBlocks=100",
         "O MinFreeBlocks=999999999999"),
        ("short sessions", "session-timeout", "warn", "O SuperSafe=",
         "O Timeout.command=5s\nO SuperSafe="),
        ("7-bit input", "eight-bit", "FAIL", "O SevenBitInput=False", "O SevenBitInput=True"),
        ("an open relay", "open-relay", "FAIL", "Relaying denied", "nothing"),
        ("a login for all", "login-required", "FAIL", "Name=journal", "Name=journal, M=a"),
        ("the domain in class w", "wrong-class", "FAIL", "O SuperSafe=",
         "C{w}journal.example.com\nO SuperSafe=")]


def cf_cases(w, x):
    """[(case, finding, its level, text of sendmail.cf, replacement)]; x: the milter's line."""
    return [
        ("no F=T", "no-f-equate", "FAIL", ", F=T", ""),
        ("F=R", "no-f-equate", "FAIL", ", F=T", ", F=R"),
        ("R of 10 s", "answer-timeout", "warn", "R:2m", "R:10s"),
        ("no T at all", "answer-timeout", "warn", ", T=C:30s;S:30s;R:2m;E:5m", ""),
        ("E of 20 s", "end-timeout", "warn", "E:5m", "E:20s"),
        ("no filter", "no-filter", "FAIL", x, ""),
        ("a listener with other filters", "filter-unused", "FAIL",
         "InputMailFilters=journal", "InputMailFilters=other"),
        ("a listener with other filters, too", "milter-after", "warn",
         "InputMailFilters=journal", "I=journal;other"),
        ("a listener for this machine alone", "loopback-only", "FAIL", None, None),
        ("a port that is none", "unknown-port", "FAIL", "Port=%d" % w.port, "Port=jmtp"),
        ("a listener that Sendmail did not open", "not-listening", "FAIL", "Port=%d" % w.port,
         "Port=%d" % run.port()),
        ("a Sendmail that does not run", "port-taken", "FAIL", "sendmail.pid", "nowhere.pid"),
        ("a filter that is not used", "filter-unused", "FAIL", ", InputMailFilters=journal", ""),
        ("another filter behind", "milter-after", "warn", ", InputMailFilters=journal",
         "\nO InputMailFilters=journal, other"),
        ("another filter before", "milter-before", "warn", "InputMailFilters=journal",
         "InputMailFilters=other;journal"),
        ("the default header limit", "header-limit", "FAIL", "O MaxHeadersLength=65000", "#"),
        ("RejectNUL", "reject-nul", "FAIL", "O RejectNUL=false", "O RejectNUL=True"),
        ("SuperSafe False", "super-safe", "warn", "O SuperSafe=True", "O SuperSafe=False"),
        ("a size limit", "size-limit", "FAIL", "O SuperSafe=",
         "O MaxMessageSize=10000000\nO SuperSafe="),
        ("a domain that is not relayed", "not-relayed", "FAIL", "C{R}journal.example.com", "#"),
        ("cut Content-Types", "mime-header-limit", "warn", "O MaxMimeHeaderLength=0",
         "O MaxMimeHeaderLength=2048/1024"),
        ("a queue of an hour", "queue-lifetime", "warn", "O Timeout.queuereturn=5d",
         "O Timeout.queuereturn=1h"),
        ("an expired certificate", "certificate-expired", "FAIL", "O SuperSafe=",
         "O ServerCertFile=%s\nO SuperSafe=" % expired()),
        ("a backstop that is a sink", "discard-transport", "FAIL", "Mjhold, P=[IPC]",
         "Mjhold, P=/dev/null"),
        ("a backstop that is a program", "no-backstop", "warn", "Mjhold, P=[IPC]",
         "Mjhold, P=/bin/sh"),
        ("a rule to elsewhere", "no-backstop", "warn", "$#jhold $@ [127.0.0.1]",
         "$#jhold $@ [192.0.2.1]"),
        ("a rule that refuses", "error-transport", "FAIL", "$#jhold $@ [127.0.0.1]",
         "$#error $@ 4.7.1"),
        ("a mailer that is not there", "no-mailer", "FAIL", "Mjhold,", "Mkhold,")]


def sessions(d, s, w):
    """The session with the listener, and a report that passed the milter."""
    args = ("--sendmail", s.etc + "/sendmail.cf")
    tap.is_(d.jmctl.events("refused"), [], "a session notes no event")
    out = doctor.jmctl("doctor", "--config", d.settings, "--no-dns", "--all", *args)[1]
    tap.like(out, "ok +sendmail smtp-recipient(?s:.*)ok +sendmail smtp-null-sender",
             "Sendmail is spoken to as the journal sender and as the null sender")
    tap.is_(d.jmctl.events("refused"), [], "a session notes no event")
    name = os.path.join(s.path("queue"), "qf5AUNoIeE001234")
    write(name, "V8\nT1700000000\nMDeferred: Connection refused by [127.0.0.1]\n"
          "S<a@example.com>\nRPFD:<journaling@journal.example.com>\n.\n", 0o600)
    planted(d, "a report in the queue", "queued-reports", "FAIL", *args)
    os.unlink(name)


def sendmail_cf(d, w):
    s = AppliedSendmail(path("sendmail"), w).start()
    sessions(d, s, w)
    cf, kept, table = s.etc + "/sendmail.cf", read(s.etc, "sendmail.cf"), s._table()
    args = ("--sendmail", cf)
    near = read(d.settings)
    clean(d, "Sendmail as written", *args)
    write(cf, kept.replace("Name=MTA", "Name=MTA, M=Sa, I=other", 1))
    clean(d, "a listener for others is nothing to us", *args)
    x = next(line for line in kept.splitlines() if line.startswith("Xjournal,"))
    for what, name, level, old, new in cf_cases(w, x) + cf_more():
        if name == "loopback-only":
            put(d, elsewhere(read(d.settings)))
        elif not tap.ok(old in kept, "sendmail.cf has %s" % old[:40]):
            continue
        write(cf, kept.replace(old, new, -1 if old[:1] in ("R", "$") else 1) if old else kept)
        planted(d, what, name, level, *args, also=("certificate-name",))
        put(d, near)
    write(cf, re.sub(r"(?m)^R\$\* < @ journal\.example\.com.*", "#", kept))
    for what, name, level, entry in (
            ("error: in the mailertable", "error-transport", "FAIL", "error:4.7.1:451 later"),
            ("discard: in the mailertable", "discard-transport", "FAIL", "discard:x"),
            ("a mailertable to elsewhere", "no-backstop", "warn", "jhold:[192.0.2.1]"),
            ("no entry", "no-backstop", "FAIL", None),
            ("the entry of earlier versions", None, None, "jhold:[127.0.0.1]")):
        write(s.etc + "/mailertable",
              "journal.example.com %s\n" % entry if entry else "# nothing\n")
        if name:
            planted(d, what, name, level, *args)
        else:
            clean(d, what, *args)
    write(s.etc + "/mailertable", table)
    relaying(d, cf, kept, s.etc, args)
    write(cf, kept)
    s.stop()
    planted(d, "a Sendmail that was stopped", "mta-stopped", "FAIL", *args)
    sendmail_tls(d, w)


class Modified(AppliedSendmail):
    """modify: the letters of M= of the journal's listener."""

    modify = None

    def _apply(self):
        super()._apply()
        mc = read(self.etc, "sendmail.mc")
        if self.modify:
            mc = mc.replace("Name=journal", "Name=journal, M=" + self.modify)
        write(self.etc + "/sendmail.mc", mc)


def sendmail_tls(d, w):
    """The TLS that Sendmail offers, and the doctor's findings about it."""
    c = Certs(path("tls"))
    text = read(d.settings)
    files = {"confSERVER_CERT": c.path("server.pem"), "confSERVER_KEY": c.path("server.key"),
             "confCACERT": c.path("ca.pem"), "confCACERT_PATH": c.folder}
    encrypted = "<encrypted>yes</encrypted>"
    strict = encrypted + "<encryption-mode>strict</encryption-mode>"
    cases = [("all four files", {}, encrypted, None, True)]
    cases += [("without " + name, {name: None}, encrypted, "no-tls", False) for name in files]
    cases += [("a key that is not there", {"confSERVER_KEY": path("no.key")}, encrypted, "no-tls",
               False),
              ("M=S on the listener", {"M": "S"}, encrypted, "no-tls", False),
              ("a client certificate, asked for", {}, strict, None, True),
              ("a client certificate, not asked for", {"confTLS_SRV_OPTIONS": "V"}, strict,
               "no-client-certificate", True),
              ("nobody wants TLS, and none is there", dict.fromkeys(files), "", None, False),
              ("a disabled service that wants it, and none is there", dict.fromkeys(files),
               encrypted + "<disabled>yes</disabled>", "service-disabled", False),
              ("a login, and M=A on the listener", {"M": "A"},
               "<use-smtp-authentication>yes</use-smtp-authentication>", "no-login", True)]
    for i, (what, other, service, name, offered) in enumerate(cases):
        values = {**files, **other}
        mc = ["define(`%s', `%s')" % (n, v) for n, v in values.items() if v and n != "M"]
        s = Modified(path("tls-%d" % i), w, mc=mc)
        s.modify = values.get("M")
        s.start()
        put(d, text.replace("</journal-service>", service + "</journal-service>"))
        with smtplib.SMTP("127.0.0.1", w.port, timeout=600) as client:
            client.ehlo("client.example.net")
            tap.is_(client.has_extn("starttls"), offered,
                    "Sendmail, %s: STARTTLS is %soffered" % (what, "" if offered else "not "))
        args = ("--sendmail", s.etc + "/sendmail.cf")
        if name:
            planted(d, "Sendmail: " + what, name, "warn" if name == "service-disabled" else "FAIL",
                    *args, also=("certificate-key",))
        else:
            clean(d, "Sendmail: " + what, *args)
        s.stop()
    put(d, text)


def relaying(d, cf, kept, etc, args):
    """The three places that let a domain in, and the one that refuses it."""
    access, names, bare = etc + "/access", etc \
        + "/relay-domains", kept.replace("C{R}journal.example.com", "#", 1)
    kept = re.sub(r"(?m)^Kmailertable.*",
                  lambda m: m.group(0) + "\nKaccess hash -T<TMPF> " + access, kept)
    write(access, "# nothing\n")
    write(cf, bare + "FR-o %s\n" % names)
    planted(d, "a relay-domains file without the domain", "not-relayed", "FAIL", *args)
    write(names, "other.example\njournal.example.com\n")
    clean(d, "the domain in the relay-domains file", *args)
    for text, level in (("To:journal.example.com\tRELAY", None),
                        ("journal.example.com RELAY", None),
                        ("To:journaling@journal.example.com REJECT", "FAIL"),
                        ("To:journal.example.com DISCARD", "FAIL"),
                        ("journal.example.com ERROR:\"550 no\"", "FAIL")):
        write(access, text + "\n")
        write(cf, kept if level else re.sub(r"(?m)^C\{R\}journal\.example\.com.*", "#", kept))
        if level:
            planted(d, "access: " + text, "access-refuses", level, *args)
        else:
            clean(d, "access: " + text, *args)
    write(cf, kept)


tap.need("m4", "openssl", root=True)
if not sendmail.root():
    tap.skip_all("Sendmail is not unpacked: contrib/packages sendmail build-check/sendmail")
w = Written(path("written"), source="127.0.0.5/32")
tap.is_(w.status, 0, "jmctl setup") or tap.diag(w.complaint)
d = Daemon(path("daemon"), unix=True)
d.socket, d.archive = w.socket, w.folder + ".d/archive"
d.write(nearby(w.text("journal-milter.xml")))
d.start()
sendmail_cf(d, w)
sys.exit(tap.done())
