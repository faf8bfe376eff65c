#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""
jmctl doctor: a set-up as jmctl setup writes it gives no finding, and each trap that is planted in
it is found, with the line to change.
"""
import json
import os
import re
import smtplib
import socket
import sys
import threading

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
import journal_setup
import run
import sendmail
import tap
from certs import Certs
from daemon import Daemon
from dovecot import Certificates
from journal_setup import AppliedPostfix, AppliedSendmail, Written, jmctl, read, write

LEVELS = {0: "ok", 1: "warn", 2: "FAIL"}


def path(name):
    return os.path.join(tap.folder(), name)


def findings(d, *args):
    """(exit status, {name: (level, text, change)} without findings that are only informative)"""
    status, out, complaint = jmctl("doctor", "--config", d.settings, "--no-dns", "--json", *args)
    if not out:
        tap.diag(complaint)
        return status, {}
    answer = json.loads(out)
    if LEVELS.get(status) != answer["level"]:
        tap.ok(False, "the exit status is the worst level", "%s %s" % (status, answer["level"]))
    return status, {f["name"]: (f["level"], f["text"], f["change"]) for f in answer["findings"]
                    if f["level"] != "ok"}


def clean(d, what, *args):
    tap.is_(findings(d, *args), (0, {}), "%s: no finding, exit 0" % what)


def settle(etc):
    """Postfix waits a second before it reads a file that was written just now."""
    for n in ("main.cf", "master.cf"):
        os.utime(os.path.join(etc, n), (1700000000, 1700000000))


def planted(d, what, name, level, *args):
    """Only this finding appears, and those that must come with it."""
    status, found = findings(d, *args)
    got = found.get(name, (None, None, None))
    tap.ok(got[0] == level and status == {"warn": 1, "FAIL": 2}[level] and got[2],
           "found: %s: %s %s" % (what, level, name), (status, found))
    others = sorted(set(found) - {name})
    tap.is_(others, [], "%s: and nothing else" % what)


def listener_traps(ours, milters, option):
    """(what, name, level, the new master.cf or arguments of postconf)"""
    tempfail = "default_action=tempfail"
    return (
        ("default_action accept", "default-action", "FAIL",
         milters(ours + ", default_action=accept")),
        ("default_action reject", "default-action", "FAIL",
         milters(ours + ", default_action=reject")),
        ("default_action quarantine", "default-action", "warn",
         milters(ours + ", default_action=quarantine")),
        ("content_timeout 10s", "content-timeout", "warn",
         milters(ours + ", content_timeout=10s, " + tempfail)),
        ("command_timeout 1s", "command-timeout", "warn",
         milters(ours + ", command_timeout=1s, " + tempfail)),
        ("another milter behind", "milter-after", "warn",
         option("smtpd_milters", "{ %s, %s } inet:127.0.0.1:11332" % (ours, tempfail))),
        ("another milter before", "milter-before", "warn",
         option("smtpd_milters", "inet:127.0.0.1:11332 { %s, %s }" % (ours, tempfail))),
        ("no milter", "no-listener", "FAIL", option("smtpd_milters", "")),
        ("another socket", "no-listener", "FAIL",
         milters("unix:/nonexistent/milter.sock, " + tempfail)),
        ("chroot", "chroot-socket", "FAIL", ["-F", milters(None) + "/chroot=y"]),
        ("no_milters", "no-milters", "FAIL", option("receive_override_options", "no_milters")),
        ("MIME processing", "mime-processing", "FAIL",
         option("disable_mime_input_processing", "no", "jcleanup/unix")),
        ("the ordinary cleanup's header drops", "drop-headers", "warn",
         option("message_drop_headers", "bcc, return-path", "jcleanup/unix")),
        ("stray CR", "stray-cr", "warn",
         option("cleanup_replace_stray_cr_lf", "yes", "jcleanup/unix")),
        ("a header check", "header-checks", "warn",
         option("header_checks", "regexp:/etc/postfix/header_checks", "jcleanup/unix")),
        ("a body check", "header-checks", "warn",
         option("body_checks", "regexp:/etc/postfix/body_checks", "jcleanup/unix")),
        ("NUL refused", "reject-characters", "FAIL",
         option("message_reject_characters", "\\0", "jcleanup/unix")),
        ("bytes stripped", "strip-characters", "warn",
         option("message_strip_characters", "\\0", "jcleanup/unix")),
        ("no such cleanup", "no-cleanup", "FAIL", option("cleanup_service_name", "kcleanup")),
        ("a proxy filter", "proxy-filter", "FAIL", option("smtpd_proxy_filter", "127.0.0.1:10025")),
        ("a content filter", "content-filter", "warn",
         option("content_filter", "smtp:[127.0.0.1]:10025")),
        ("strict 8-bit", "strict-mime", "FAIL", option("strict_8bitmime", "yes")),
        ("strict headers", "strict-mime", "FAIL", option("strict_7bit_headers", "yes")),
        ("strict bodies", "strict-mime", "FAIL", option("strict_8bitmime_body", "yes")),)


def main_traps(domain, option, cert):
    def main(value):
        return ["-e", value]

    return (
        ("the default size limit", "size-limit", "FAIL", main("message_size_limit=10240000")),
        ("a size limit of 100 MB", "size-limit", "warn", main("message_size_limit=100000000")),
        ("a header limit", "header-limit", "FAIL", main("header_size_limit=20000")),
        ("headers of networks rewritten", "header-rewrite", "warn",
         main("local_header_rewrite_clients=permit_mynetworks")),
        ("missing headers added", "added-headers", "warn", main("always_add_missing_headers=yes")),
        ("a client table that leaves Exchange out", "client-excluded", "FAIL",
         option("smtpd_milter_maps", "cidr:" + path("clients"))),
        ("a discard transport", "discard-transport", "FAIL",
         main("transport_maps=inline:{ {%s=discard:} }" % domain)),
        ("an error transport", "error-transport", "FAIL",
         main("transport_maps=inline:{ {%s=error:5.1.1 no} }" % domain)),
        ("a retry transport", "error-transport", "FAIL",
         main("transport_maps=inline:{ {%s=retry:4.0.0 no} }" % domain)),
        ("a transport to elsewhere", "no-backstop", "warn",
         main("transport_maps=inline:{ {%s=smtp:[192.0.2.1]} }" % domain)),
        ("no transport", "no-backstop", "FAIL", main("transport_maps=")),
        ("a relay transport to discard", "discard-transport", "FAIL",
         ["-e", "transport_maps=", "relay_transport=discard:"]),
        ("a domain that is not relayed", "not-relayed", "FAIL", main("relay_domains=")),
        ("a journal domain in mydestination", "wrong-class", "FAIL",
         main("mydestination=" + domain)),
        ("a list of recipients without ours", "unknown-recipient", "FAIL",
         main("relay_recipient_maps=inline:{ {a@b.example=x} }")),
        ("a queue of minutes", "queue-lifetime", "warn", main("maximal_queue_lifetime=10m")),
        ("no certificate", "certificate-unreadable", "FAIL",
         ["-e", "smtpd_tls_security_level=may", "smtpd_tls_cert_file=/nonexistent.pem"]),
        ("an expired certificate", "certificate-expired", "FAIL",
         ["-e", "smtpd_tls_security_level=may", "smtpd_tls_cert_file=" + expired()]),
        ("clients that may use XCLIENT", "xclient", "warn",
         main("smtpd_authorized_xclient_hosts=192.0.2.1")),
        ("senders that must be listed", "unlisted-sender", "warn",
         main("smtpd_reject_unlisted_sender=yes")),
        ("bare newlines refused", "bare-newline", "FAIL", main("smtpd_forbid_bare_newline=reject")),
        ("an old milter protocol", "milter-protocol", "FAIL", main("milter_protocol=2")),
        ("a certificate for a day", "certificate-expires", "warn",
         ["-e", "smtpd_tls_security_level=may", "smtpd_tls_cert_file=" + short_lived(cert)]),)


def nearby(text):
    """
    Settings whose reports come from this machine alone, where the mail servers of this test listen.
    """
    return re.sub(r" *<range>(?!127\.).*\n", "", text)


def elsewhere(text):
    """And from elsewhere."""
    return text.replace("<range>127.0.0.5/32</range>",
                        "<range>127.0.0.5/32</range><range>192.0.2.7</range>")


def postfix(d, w):
    s = AppliedPostfix(path("postfix"), w, main={"smtpd_authorized_xclient_hosts": ""}).start()
    etc, args = s.etc, ("--postfix", s.etc)
    listener, kept = "127.0.0.1:%d/inet" % w.port, {n: read(s.etc, n)
                                                    for n in ("main.cf", "master.cf")}
    clean(d, "Postfix as written", *args)
    write(path("clients"), "127.0.0.0/8 DISABLE\n")

    def option(setting, value, service=listener):
        """A line more below the service; the last one holds."""
        lines, name = kept["master.cf"].splitlines(True), service.split("/")[0]
        at = next(i for i, line in enumerate(lines) if line.split()[:1] == [name]) + 1
        while at < len(lines) and lines[at].startswith(" "):
            at += 1
        return "".join(lines[:at] + ["  -o { %s = %s }\n" % (setting, value)] + lines[at:])

    def milters(text):
        return option("smtpd_milters", "{ %s }" % text) if text else listener

    traps = listener_traps(w.socket, milters,
                           option) + main_traps("journal.example.com", option, Certs(path("tls")))
    for what, name, level, change in traps:
        for n, text in kept.items():
            write(os.path.join(etc, n), text)
        settle(etc)
        if isinstance(change, str):
            write(os.path.join(etc, "master.cf"), change)
        else:
            run.output("postconf", "-c", etc, *change)
            # of a listener that somebody wrote by hand, without the options of the pieces
            names = tuple("  -o { %s =" % c.split("=")[0] for c in change[1:])
            write(os.path.join(etc, "master.cf"), "".join(
                line for line in kept["master.cf"].splitlines(True) if not line.startswith(names)))
        settle(etc)
        planted(d, what, name, level, *args)
    for n, text in kept.items():
        write(os.path.join(etc, n), text)
    os.chmod(w.socket[5:], 0o600)
    planted(d, "a socket that postfix may not use", "socket-rights", "FAIL", *args)
    os.chmod(w.socket[5:], 0o660)
    os.chmod(os.path.dirname(w.socket[5:]), 0o700)
    planted(d, "a folder that postfix may not enter", "socket-rights", "FAIL", *args)
    os.chmod(os.path.dirname(w.socket[5:]), 0o755)
    services(d, etc, args)
    listeners(d, s, w, args)
    run.output("postconf", "-c", etc, "-e", "soft_bounce=yes")
    clean(d, "soft_bounce is only good to know", *args)
    tap.like(jmctl("doctor", "--config", d.settings, "--no-dns", "--all", *args)[1], "soft-bounce",
             "--all tells it")
    return s


def services(d, etc, args):
    """A service asks for more than the listener offers."""
    text, main_cf = read(d.settings), read(etc, "main.cf")
    for what, name, more in (
            ("TLS", "no-tls", "<encrypted>yes</encrypted>"),
            ("a login", "no-login", "<use-smtp-authentication>yes</use-smtp-authentication>"),
            ("a client certificate", "no-client-certificate",
             "<encrypted>yes</encrypted><encryption-mode>strict</encryption-mode>")):
        if name == "no-client-certificate":
            run.output("postconf", "-c", etc, "-e", "smtpd_tls_security_level=may",
                       "smtpd_tls_cert_file=" + Certs(path("tls")).path("server.pem"))
            settle(etc)
        d.write(text.replace("</journal-service>", more + "</journal-service>"))
        planted(d, "no %s for a service that wants it" % what, name, "FAIL", *args)
        if name == "no-client-certificate":
            run.output("postconf", "-c", etc, "-e", "smtpd_tls_ask_ccert=yes")
            settle(etc)
            planted(d, "a client certificate asked for, and no CA known", "no-client-ca", "FAIL",
                    *args)
            run.output("postconf", "-c", etc, "-e",
                       "smtpd_tls_CAfile=" + Certs(path("tls")).path("ca.pem"))
            settle(etc)
            clean(d, "a client certificate asked for, and a CA", *args)
    write(os.path.join(etc, "main.cf"), main_cf)
    settle(etc)
    d.write(text)


def listeners(d, s, w, args):
    """Other programs that listen on the port."""
    master = read(s.etc, "master.cf")
    write(os.path.join(s.etc, "master.cf"), master + "%d inet n - n - - smtpd\n" % w.port)
    run.output("postconf", "-c", s.etc, "-e", "inet_interfaces=all")
    settle(s.etc)
    planted(d, "a listener for all addresses beside ours", "listener-conflict", "FAIL", *args)
    run.output("postconf", "-c", s.etc, "-e", "inet_interfaces=127.0.0.1")
    near = read(d.settings)
    write(os.path.join(s.etc, "master.cf"), master)
    settle(s.etc)
    d.write(elsewhere(near))
    planted(d, "a listener for this machine alone", "loopback-only", "FAIL", *args)
    for interfaces, found in (("loopback-only", True), ("127.0.0.1, localhost", True),
                              ("all", False)):
        write(os.path.join(s.etc, "master.cf"),
              master.replace("127.0.0.1:%d" % w.port, "%d" % w.port))
        run.output("postconf", "-c", s.etc, "-e", "inet_interfaces=" + interfaces)
        settle(s.etc)
        if found:
            planted(d, "inet_interfaces = " + interfaces, "loopback-only", "FAIL", *args)
        else:
            clean(d, "inet_interfaces = " + interfaces, *args)
    d.write(near)
    run.output("postconf", "-c", s.etc, "-e", "inet_interfaces=127.0.0.1")
    other = run.port()
    write(os.path.join(s.etc, "master.cf"),
          master.replace("127.0.0.1:%d" % w.port, "127.0.0.1:%d" % other))
    settle(s.etc)
    planted(d, "a listener that Postfix did not open", "not-listening", "FAIL", *args)
    write(os.path.join(s.etc, "master.cf"), master)
    settle(s.etc)
    clean(d, "as it was", *args)
    s.stop()
    planted(d, "a Postfix that does not run", "mta-stopped", "FAIL", *args)
    with socket.create_server(("127.0.0.1", w.port)):
        planted(d, "another program at the port", "port-taken", "FAIL", *args)
    s.start()
    late(d, s, w, args)


def late(d, s, w, args):
    """
    A listener that comes a second after the doctor began to look: Postfix after a reload, of which
    its own socket is taken here.
    """
    master = read(s.etc, "master.cf")
    other = run.port()
    write(os.path.join(s.etc, "master.cf"),
          master.replace("127.0.0.1:%d" % w.port, "127.0.0.1:%d" % other))
    settle(s.etc)
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", other))
        timer = threading.Timer(1.0, listener.listen)
        timer.start()
        clean(d, "a listener that comes while the doctor looks", *args)
        timer.join()
    write(os.path.join(s.etc, "master.cf"), master)
    settle(s.etc)


def expired():
    """A certificate that ended in 2021."""
    return Certificates(path("old")).path("expired.pem")


def short_lived(cert):
    """A certificate that ends tomorrow."""
    name = os.path.join(cert.folder, "short.pem")
    run.output("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj",
               "/CN=mx.example.com", "-keyout", name + ".key", "-out", name)
    return name


def cf_cases(w, x):
    """[(case, finding, its level, text of sendmail.cf, replacement)]; x: the milter's line."""
    return [
        ("no F=T", "no-f-equate", "FAIL", ", F=T", ""),
        ("F=R", "no-f-equate", "FAIL", ", F=T", ", F=R"),
        ("R of 10 s", "answer-timeout", "warn", "R:2m", "R:10s"),
        ("no T at all", "answer-timeout", "warn", ", T=C:30s;S:30s;R:2m;E:5m", ""),
        ("E of 20 s", "end-timeout", "warn", "E:5m", "E:20s"),
        ("no filter", "no-filter", "FAIL", x, ""),
        ("a listener with other filters", "filter-unused", "FAIL", "Name=MTA",
         "Name=MTA, InputMailFilters=other"),
        ("a listener with other filters, too", "milter-after", "warn", "Name=MTA",
         "Name=MTA, I=journal;other"),
        ("a listener for this machine alone", "loopback-only", "FAIL", None, None),
        ("a port that is none", "unknown-port", "FAIL", "Port=%d" % w.port, "Port=jmtp"),
        ("a listener that Sendmail did not open", "not-listening", "FAIL", "Port=%d" % w.port,
         "Port=%d" % run.port()),
        ("a Sendmail that does not run", "port-taken", "FAIL", "sendmail.pid", "nowhere.pid"),
        ("a filter that is not used", "filter-unused", "FAIL", "O InputMailFilters=journal",
         "O InputMailFilters="),
        ("another filter behind", "milter-after", "warn", "O InputMailFilters=journal",
         "O InputMailFilters=journal, other"),
        ("another filter before", "milter-before", "warn", "O InputMailFilters=journal",
         "O InputMailFilters=other, journal"),
        ("the default header limit", "header-limit", "FAIL", "O MaxHeadersLength=65000", "#"),
        ("RejectNUL", "reject-nul", "FAIL", "O RejectNUL=false", "O RejectNUL=True"),
        ("SuperSafe True", "super-safe", "warn", "O SuperSafe=PostMilter", "O SuperSafe=True"),
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
        ("a mailer that is not there", "no-mailer", "FAIL", "Mjhold,", "Mkhold,")]


def sendmail_cf(d, w):
    s = AppliedSendmail(path("sendmail"), w).start()
    cf, kept, table = s.etc + "/sendmail.cf", read(s.etc, "sendmail.cf"), s._table()
    args = ("--sendmail", cf)
    near = read(d.settings)
    clean(d, "Sendmail as written", *args)
    write(cf, kept.replace(
        "Name=MTA", "Name=MTA, I=journal\nO DaemonPortOptions=Port=1, Name=other, I=other", 1))
    clean(d, "a listener for others is nothing to us", *args)
    x = next(line for line in kept.splitlines() if line.startswith("Xjournal,"))
    for what, name, level, old, new in cf_cases(w, x):
        if name == "loopback-only":
            d.write(elsewhere(read(d.settings)))
        elif not tap.ok(old in kept, "sendmail.cf has %s" % old[:40]):
            continue
        write(cf, kept.replace(old, new, 1) if old else kept)
        planted(d, what, name, level, *args)
        d.write(near)
    write(cf, kept)
    for what, name, level, entry in (
            ("error: in the mailertable", "error-transport", "FAIL", "error:4.7.1:451 later"),
            ("discard: in the mailertable", "discard-transport", "FAIL", "discard:x"),
            ("a mailertable to elsewhere", "no-backstop", "warn", "jhold:[192.0.2.1]"),
            ("no entry", "no-backstop", "FAIL", None)):
        write(s.etc + "/mailertable",
              "journal.example.com %s\n" % entry if entry else "# nothing\n")
        planted(d, what, name, level, *args)
    write(s.etc + "/mailertable", table)
    relaying(d, cf, kept, s.etc, args)
    write(cf, kept)
    s.stop()
    planted(d, "a Sendmail that was stopped", "mta-stopped", "FAIL", *args)
    sendmail_tls(d, w)


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
        s = AppliedSendmail(path("tls-%d" % i), w, mc=mc)
        plain = s._mc
        s._mc = lambda plain=plain, m=values.get("M"): plain().replace(
            "Name=MTA", "Name=MTA, M=" + m if m else "Name=MTA")
        s.start()
        d.write(text.replace("</journal-service>", service + "</journal-service>"))
        with smtplib.SMTP("127.0.0.1", w.port, timeout=600) as client:
            client.ehlo("client.example.net")
            tap.is_(client.has_extn("starttls"), offered,
                    "Sendmail, %s: STARTTLS is %soffered" % (what, "" if offered else "not "))
        args = ("--sendmail", s.etc + "/sendmail.cf")
        if name:
            planted(d, "Sendmail: " + what, name, "warn" if name == "service-disabled" else "FAIL",
                    *args)
        else:
            clean(d, "Sendmail: " + what, *args)
        s.stop()
    d.write(text)


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


def settings(d, w):
    text = read(d.settings)

    def one(what, name, level, new):
        tap.ok(new != text, "changed: " + what)
        d.write(new)
        planted(d, what, name, level, "--mta", "none")

    clean(d, "settings and machine", "--mta", "none")
    one("loopback may send", "loopback-allowed", "warn",
        text.replace("127.0.0.5/32", "127.0.0.0/8"))
    one("some of Microsoft's ranges", "ranges-incomplete", "warn",
        re.sub(r"      <range>40\.92.*\n", "", text))
    one("a small max-message-size", "message-size", "FAIL",
        text.replace("</directory>\n  </archive>",
                     "</directory><max-message-size>10M</max-message-size>\n  </archive>"))
    one("an archive of another user", "archive-owner", "FAIL",
        text.replace("<user>root</user>", "<user>nobody</user>"))
    one("a user that is not there", "no-user", "FAIL",
        text.replace("<user>root</user>", "<user>jm-nobody-has-this</user>"))
    one("a publish folder that is not there", "publish-folder", "warn",
        text.replace(".d/public<", ".d/nowhere<"))
    one("a disabled service", "service-disabled", "warn",
        text.replace("</email-address>", "</email-address><disabled>yes</disabled>"))
    d.write("<journal-milter>")
    status, found = findings(d, "--mta", "none")
    tap.is_((status, sorted(found)), (2, ["settings-wrong"]), "wrong settings are a finding")
    d.write(text)
    os.utime(d.settings, (4000000000, 4000000000))
    planted(d, "a clock that is behind", "clock-wrong", "FAIL", "--mta", "none")
    d.write(text)
    os.chmod(w.folder + ".d/public", 0o750)
    planted(d, "a publish folder that is closed to others", "publish-folder", "warn", "--mta",
            "none")
    os.chmod(w.folder + ".d/public", 0o755)
    volumes = w.folder + ".d/archive/volumes"
    os.utime(volumes, (4000000000, 4000000000))
    planted(d, "an archive that was written in the future", "clock-wrong", "FAIL", "--mta", "none")
    os.utime(volumes)
    disks(d, text)
    os.rename(w.folder + ".d/archive", path("moved"))
    status, found = findings(d, "--mta", "none")
    tap.is_((status, sorted(found)), (2, ["no-archive"]), "no archive folder")
    os.rename(path("moved"), w.folder + ".d/archive")
    status, found = findings(d, "--postfix", "/nonexistent")
    tap.is_((status, sorted(found)), (2, ["postconf-fails"]), "a Postfix that is not there")
    tap.is_(jmctl("doctor", "--mta", "exim")[0], 64, "wrong usage")
    d.write(text.replace("journal.example.com", "journal.invalid"))
    status, out, _ = jmctl("doctor", "--config", d.settings, "--mta", "none")
    tap.ok(status == 1 and "dns no-address: journal.invalid" in out,
           "a journal domain that no name server knows", out)
    d.write(text)
    d.stop()
    status, found = findings(d, "--mta", "none")
    tap.is_((status, sorted(found)), (2, ["daemon-silent"]), "a daemon that does not answer")


def disks(d, text):
    """Small disks, in memory; nothing is written to them."""
    for size, name, level in (("512m", "disk-full", "FAIL"), ("4g", "disk-low", "warn")):
        folder = path("disk-" + size)
        os.makedirs(folder)
        run.output("mount", "-t", "tmpfs", "-o", "size=" + size, "tmpfs", folder)
        try:
            d.write(re.sub(r"<archive>\s*<directory>[^<]*", "<archive><directory>" + folder, text))
            planted(d, "a disk of " + size, name, level, "--mta", "none")
            if name == "disk-low":
                d.write(read(d.settings).replace(folder + "</directory>", folder
                                                 + "</directory><disk-reserve>5G</disk-reserve>"))
                planted(d, "a disk smaller than its reserve", "disk-full", "FAIL", "--mta", "none")
        finally:
            run.output("umount", folder)
    d.write(text)


tap.need("postconf", "m4", "openssl", root=True)
w = Written(path("written"), source="127.0.0.5/32")
tap.is_(w.status, 0, "jmctl setup") or tap.diag(w.complaint)
d = Daemon(path("daemon"), unix=True)
d.socket, d.archive = w.socket, w.folder + ".d/archive"
# with Microsoft's ranges, but not the TLS that jmctl setup --microsoft365 demands for them
whole = w.text("journal-milter.xml").replace(
    "    </additional-source-ip-ranges>",
    "".join("      <range>%s</range>\n" % r for r in jmctl("ranges", "list")[1].split())
    + "    </additional-source-ip-ranges>")
d.write(whole)
d.start()
d.write(nearby(whole))
postfix(d, w).stop()
if sendmail.root():
    sendmail_cf(d, w)
else:
    tap.skip("traps of Sendmail",
             "Sendmail is not unpacked: contrib/packages sendmail build-check/sendmail")
d.write(whole)
settings(d, w)
sys.exit(tap.done())
