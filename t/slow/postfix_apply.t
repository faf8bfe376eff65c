#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""
postfix-apply on a Postfix in use: it adds, keeps what is there, refuses what it cannot do, and
postfix-undo restores every byte. Ordinary mail stays as it was, with the milter stopped, too.
"""
import hashlib
import os
import re
import shutil
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
import corpus
import run
import smtp
import tap
from daemon import Daemon
from journal_setup import Written, jmctl, read, write
from other_milter import OtherMilter
from postfix import SERVICES, Postfix

JOURNAL = "journaling@journal.example.com"
MAIN = """\
compatibility_level = 3.6
queue_directory = /var/spool/postfix
inet_protocols = ipv4
inet_interfaces = 127.0.0.1
smtpd_milters = inet:127.0.0.1:11332
"""
SMTP = "smtp      inet  n       -       y       -       -       smtpd\n"
POSTSCREEN = """\
smtp      inet  n       -       y       -       1       postscreen
  -o postscreen_greet_action=enforce
smtpd     pass  -       -       y       -       -       smtpd
  -o smtpd_milters=inet:127.0.0.1:11332
dnsblog   unix  -       -       y       -       0       dnsblog
"""
SUBMISSION = """\
submission inet n - y - - smtpd
  -o syslog_name=postfix/submission
# a comment between
  -o smtpd_tls_security_level=encrypt -o { smtpd_sasl_auth_enable = yes }
    -o smtpd_recipient_restrictions=permit_sasl_authenticated,reject
smtps     inet  n       -       y       -       -       smtpd
  -o smtpd_tls_wrappermode=yes
"""
JOURNAL_ONLY = ("--journal-only",)


def path(*names):
    return os.path.join(tap.folder(), *names)


class Folder:
    """A folder of settings that no Postfix uses."""

    def __init__(self, main=MAIN, master=SMTP):
        self.etc = path("etc")
        shutil.rmtree(self.etc, ignore_errors=True)
        os.makedirs(self.etc)
        self.text = {"main.cf": main, "master.cf": master + SERVICES}
        for name, text in self.text.items():
            with open(os.path.join(self.etc, name), "w", encoding="utf-8") as f:
                f.write(text)
            os.chmod(os.path.join(self.etc, name), 0o640)

    def digest(self):
        """Names, bytes, owners and modes."""
        found = {}
        for d, _, names in os.walk(self.etc):
            for n in names:
                st = os.stat(os.path.join(d, n))
                with open(os.path.join(d, n), "rb") as f:
                    found[n] = (st.st_uid, st.st_gid, st.st_mode,
                                hashlib.sha256(f.read()).hexdigest())
        return found

    def ask(self, *args):
        return run.output("postconf", "-c", self.etc, *args).strip()

    def conf(self, name):
        return self.ask("-h", name)


def tool(w, name, *args, **kw):
    """(exit status, all output) of postfix-apply or postfix-undo."""
    r = subprocess.run([os.path.join(w.folder, name), *args], stdin=subprocess.DEVNULL,
                       stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False, timeout=600,
                       **kw)
    return r.returncode, r.stdout.decode()


def there_and_back(w, what, folder, *args):
    """Dry run, apply, apply again, undo. Returns the files as they were when applied."""
    before = folder.digest()
    status, out = tool(w, "postfix-apply", "--dry-run", *args, folder.etc)
    tap.ok(status == 0 and "+jcleanup unix" in out and folder.digest() == before,
           "%s: --dry-run shows the difference and changes nothing" % what, out)
    status, out = tool(w, "postfix-apply", "--yes", *args, folder.etc)
    tap.ok(status == 0, "%s: applied" % what, out)
    applied = {n: read(folder.etc, n) for n in folder.text}
    digest = folder.digest()
    status, out = tool(w, "postfix-apply", "--yes", folder.etc)
    tap.ok(status == 0 and "nothing needs to be changed" in out and folder.digest() == digest,
           "%s: again, it changes nothing" % what, out)
    status, out = tool(w, "postfix-undo", "--yes", folder.etc)
    tap.is_((status, folder.digest()), (0, before),
            "%s: undone, all bytes, owners and modes are as before" % what)
    return applied


def kept(w):
    for what, main, master, args in (
            ("Debian", MAIN, SMTP, ()),
            ("postscreen, lists over lines, no newline at the end",
             MAIN + "transport_maps =\n # c\n\n  inline:{ {other.example=smtp:[192.0.2.9]} }\n"
             "relay_domains = a.example,\n# comment\n  b.example", POSTSCREEN + SUBMISSION, ()),
            ("a listener taken over", MAIN + "relay_domains =", SUBMISSION + SMTP, JOURNAL_ONLY)):
        listener = "smtp" if args else None
        f = Folder(main, master)
        applied = there_and_back(w["all" if listener else "own"], what, f, *args)
        for n, text in applied.items():
            lines = set(text.splitlines())
            gone = [x for x in f.text[n].splitlines()
                    if x not in lines and not (listener and x.startswith("smtp "))]
            tap.is_(gone, [], "%s: no line of %s is gone" % (what, n))


def values(w):
    """Values as Postfix reads them."""
    f = Folder(MAIN + "relay_domains = a.example\ntransport_maps = inline:{ {a.example=smtp:} }\n"
               "message_size_limit = 500000000\n")
    tool(w["own"], "postfix-apply", "--yes", f.etc)
    own = "127.0.0.1:%d/inet" % w["own"].port
    tap.is_(re.split(r"[\s,]+", f.conf("relay_domains")), ["a.example", "journal.example.com"],
            "relay_domains: the others stay")
    tap.is_(f.conf("transport_maps").count("inline:"), 2, "transport_maps: the others stay")
    tap.is_([f.ask("-P", s + "/message_size_limit").split("= ")[1]
             for s in (own, "jcleanup/unix")], ["500000000"] * 2, "a larger limit stays")
    tap.is_(f.conf("message_size_limit"), "500000000", "that of other mail is not touched")
    other = Written(path("second"), "--force", domain="example.org", port=w["own"].port)
    status, out = tool(other, "postfix-apply", "--yes", f.etc)
    tap.ok(status == 0, "a second domain at the same listener", out)
    tap.ok(all("{journal.%s=permit}" % d in f.ask("-P", own + "/smtpd_relay_restrictions")
               for d in ("example.com", "example.org")), "it takes mail for both")
    with open(os.path.join(f.etc, "main.cf"), "a", encoding="utf-8") as g:
        g.write("biff = no\n")
    f.ask("-e", "relay_domains = %s, later.example" % f.conf("relay_domains"))
    tool(w["own"], "postfix-undo", "--yes", f.etc)
    permits = f.ask("-P", own + "/smtpd_relay_restrictions")
    tap.ok("inline:{ {journal.example.org=permit} }, reject" in permits
           and "example.com" not in f.conf("relay_domains"), "undone for one, the other stays",
           permits + f.conf("relay_domains"))
    status, out = tool(other, "postfix-undo", "--yes", f.etc)
    tap.is_((f.conf("relay_domains"), f.conf("biff")), ("a.example, later.example", "no"),
            "undone for both: what others changed after us stays")
    shared(w)


def shared(w):
    """The listener that is there."""
    f = Folder(MAIN, "smtp inet n - y - 7 smtpd\n  -o smtpd_milters=unix:/a,unix:/b -o\n"
               "  { strict_rfc821_envelopes = yes }\n")
    tool(w["all"], "postfix-apply", "--yes", *JOURNAL_ONLY, f.etc)
    milters = f.ask("-P", "smtp/inet/smtpd_milters")
    tap.ok(re.search(r"= \{ %s, [^}]*\},? unix:/a,unix:/b$" % w["all"].socket, milters),
           "--journal-only: our milter is first, the others come after it", milters)
    tap.like(f.ask("-P", "smtp/inet/strict_rfc821_envelopes"), "= yes", "its own options stay")
    tap.is_(f.ask("-M", "smtp/inet").split()[:8], "smtp inet n - n - 7 smtpd".split(),
            "its columns stay, but the chroot")
    f = Folder()
    tool(w["all"], "postfix-apply", "--yes", *JOURNAL_ONLY, f.etc)
    tap.like(f.ask("-P", "smtp/inet/smtpd_milters"), ", inet:127.0.0.1:11332$",
             "--journal-only: the milters of main.cf come after it")


def refused(w):
    own = "127.0.0.1:%d" % w["own"].port
    write(path("regexp"), "/./ smtp:[192.0.2.9]\n")
    for what, reason, main, master, args in (
            ("no address for the journal", "already", MAIN, SMTP, ("all",)),
            ("postscreen to be taken over", "postscreen answers", MAIN, POSTSCREEN,
             ("all", *JOURNAL_ONLY)),
            ("a filter to be taken over", "content_filter",
             MAIN + "content_filter = smtp:[::1]:9\n", SMTP, ("all", *JOURNAL_ONLY)),
            ("a port of all addresses", "same port", MAIN.replace("127.0.0.1\n", "all\n", 1),
             "%d inet n - n - - smtpd\n" % w["own"].port, ("own",)),
            ("the same address", "already", MAIN, own + " inet n - n - - smtpd\n", ("own",)),
            ("an address of another machine", "no address of this machine", MAIN, SMTP, ("far",)),
            ("a foreign jcleanup", "jcleanup", MAIN,
             SMTP + "jcleanup unix n - n - 0 cleanup\n", ("own",)),
            ("our milter elsewhere", "uses the journal's milter", MAIN,
             SMTP + "  -o smtpd_milters=%s\n" % w["own"].socket, ("own",)),
            ("a pattern that answers first", "has smtp:[192.0.2.9]",
             MAIN + "transport_maps = regexp:%s\n" % path("regexp"), SMTP, ("own",)),
            ("a table that is not there", "cannot be read",
             MAIN + "transport_maps = hash:/nonexistent/x\n", SMTP, ("own",)),
            ("a table of another process", "cannot be seen",
             MAIN + "transport_maps = proxy:mysql:/etc/x\n", SMTP, ("own",)),
            ("exclusions", "exclusions", MAIN + "relay_domains = !x.example\n", SMTP, ("own",)),
            ("a journal domain that is delivered here", "mydestination",
             MAIN + "mydestination = journal.example.com\n", SMTP, ("own",)),
            ("an address of a protocol that is off", "inet_protocols", MAIN, SMTP, ("v6",)),
            ("a broken main.cf", "does not understand", MAIN + "this is no setting\n", SMTP,
             ("own",)),
            ("a broken master.cf", "does not understand", MAIN, SMTP + "x inet n\n", ("own",))):
        f = Folder(main, master)
        before = f.digest()
        status, out = tool(w[args[0]], "postfix-apply", "--yes", *args[1:], f.etc)
        tap.ok(status == 78 and reason in out and f.digest() == before, "refused: " + what, out)
    f = Folder()
    before = f.digest()
    status, out = tool(w["own"], "postfix-apply", f.etc)
    tap.ok(status == 1 and "+jcleanup" in out and f.digest() == before,
           "without a terminal and without --yes it shows and ends", out)
    tap.is_(tool(w["own"], "postfix-undo", "--yes", f.etc)[0], 78, "nothing to undo")
    tool(w["own"], "postfix-apply", "--yes", f.etc)
    text = read(f.etc, "master.cf")
    write(os.path.join(f.etc, "master.cf"), text.replace("in_flow_delay = 0", "in_flow_delay = 1"))
    for name in ("postfix-apply", "postfix-undo"):
        status, out = tool(w["own"], name, "--yes", f.etc)
        tap.ok(status == 78 and "were changed" in out, "%s: somebody changed our lines" % name, out)


class InUse(Postfix):
    """With postscreen, another milter, and a second listener with -o lines."""

    def __init__(self, folder, other):
        self.second = run.port()
        super().__init__(folder, journal_domains=(), main={
            "smtpd_milters": "inet:127.0.0.1:%d" % other, "postscreen_greet_action": "enforce",
            "smtpd_recipient_restrictions": "reject_unauth_destination, reject_unlisted_recipient,"
            " check_client_access inline:{ {127.0.0.77=reject} }",
            "mime_header_checks": "regexp:" + folder + ".checks"})

    def _listener(self):
        return ("127.0.0.1:%d inet n - n - 1 postscreen\nsmtpd pass - - n - - smtpd\n"
                "dnsblog unix - - n - 0 dnsblog\n127.0.0.1:%d inet n - n - - smtpd\n"
                "  -o syslog_name=postfix/second\n  -o smtpd_client_restrictions=\n"
                % (self.port, self.second))


def live(w):
    """Ordinary mail and journal mail, before, applied, with the milter stopped, undone."""
    other = OtherMilter(run.port())
    write(path("in-use.checks"), "/multipart/ REJECT no multiparts\n")
    s = InUse(path("in-use"), other.server_address[1]).start()
    before = {n: read(s.etc, n) for n in ("main.cf", "master.cf")}

    def ordinary(what):
        seen, delivered = other.messages, len(s.delivered())
        answers = [smtp.send(p, "a@example.org", ["b@example.com"], b"Subject: x\r\n\r\nx\r\n").code
                   for p in (s.port, s.second)]
        run.settled(lambda: len(s.delivered()), delivered + 2)
        tap.is_((answers, len(s.delivered()), other.messages),
                ([250, 250], delivered + 2, seen + 2),
                "%s: ordinary mail is delivered, its milter has seen it" % what)

    ordinary("before")
    d = Daemon(path("in-use-daemon"), unix=True)
    d.socket, d.archive = w.socket, w.folder + ".d/archive"
    d.write(w.text("journal-milter.xml").replace(
        "<internal-domains>", "<maximum-age>0</maximum-age>\n  <internal-domains>", 1))
    d.start()
    tap.is_(tool(w, "postfix-apply", "--yes", s.etc)[0], 0, "applied")
    run.output("postfix", "-c", s.etc, "reload")
    run.until(lambda: run.listening(w.port), "the journal's listener")
    ordinary("applied")
    seen = other.messages
    for source in ("127.0.0.5", "127.0.0.77"):
        r = smtp.send(w.port, "", [JOURNAL], corpus.report("live" + source),
                      source=source)
        tap.ok(r.code == 250, "a report from %s is archived" % source, r)
    tap.is_(len(d.jmctl.list("--limit", "100")), 2, "both are in the archive")
    tap.is_(other.messages, seen, "the other milter did not see them")
    with smtp.Client(w.port) as c:
        c.ehlo()
        c.mail("a@example.org")
        tap.is_(c.rcpt("b@example.com").code, 554, "ordinary mail is refused at that listener")
    brake(w, d)
    status, out, complaint = jmctl("doctor", "--config", d.settings, "--no-dns", "--postfix", s.etc)
    tap.ok(status == 0 and "FAIL" not in out, "the doctor finds nothing that is wrong",
           out + complaint)
    d.stop()
    ordinary("journal-milter is stopped")
    r = smtp.send(w.port, "a@example.org", [JOURNAL], corpus.report("stopped"),
                  source="127.0.0.5")
    tap.ok(400 <= r.code < 500, "journal mail waits then", r)
    tap.is_(tool(w, "postfix-undo", "--yes", s.etc)[0], 0, "undone")
    tap.is_({n: read(s.etc, n) for n in before}, before, "the files are as before")
    run.output("postfix", "-c", s.etc, "reload")
    run.until(lambda: not run.listening(w.port), "the journal's listener is gone")
    ordinary("undone")
    tap.is_(run.settled(s.queue, []), [], "nothing is in the queue")
    s.stop()


def brake(w, d):
    """
    Mail that a milter takes away never reaches qmgr. With in_flow_delay cleanup would wait a
    second for each after the first hundred: 50 s here.
    """
    count, begun = 150, time.monotonic()
    with smtp.Client(w.port, source="127.0.0.5") as c:
        c.ehlo()
        for i in range(count):
            c.mail("journal-ndr@example.com")
            c.rcpt(JOURNAL)
            answer = c.data(corpus.report("brake%d" % i))
            if answer.code != 250:
                break
    took = time.monotonic() - begun
    tap.ok(answer.code == 250, "%d reports over one connection" % count, answer)
    tap.ok(took < 25, "without waiting (%.1f s)" % took)
    tap.ok(len(d.jmctl.list("--limit", "1000")) >= count, "all are archived")


tap.need("postconf", root=True)
sets = {"own": Written(path("own"), "--source", "127.0.0.77/32", source="127.0.0.5/32"),
        "far": Written(path("far"), address="192.0.2.77:%d"),
        "v6": Written(path("v6"), address="[::1]:%d"),
        "all": Written(path("all"), address=None)}
kept(sets)
values(sets)
refused(sets)
live(sets["own"])
sys.exit(tap.done())
