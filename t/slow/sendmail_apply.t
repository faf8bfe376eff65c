#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""
sendmail-apply on a Sendmail in use: it adds, keeps what is there, refuses what it cannot do, and
sendmail-undo restores every byte. Ordinary mail stays as it was, with the milter stopped, too.
"""
import os
import re
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
import corpus
import run
import sendmail
import smtp
import tap
from daemon import Daemon
from journal_setup import AppliedSendmail, Written, read, write
from other_milter import OtherMilter

JOURNAL = "journaling@journal.example.com"
LISTENER = "DAEMON_OPTIONS(`Port=25, Addr=127.0.0.1, Name=MTA')dnl\n"
TABLE = "FEATURE(`mailertable')dnl\n"
FILTER = "INPUT_MAIL_FILTER(`rspamd', `S=inet:11332@localhost')dnl\n"
MAILERS = "MAILER(`local')dnl\nMAILER(`smtp')dnl\n"


def path(*names):
    return os.path.join(tap.folder(), *names)


def mc(lines, mailers=MAILERS):
    cf = os.path.join(sendmail.root(), "usr/share/sendmail/cf")
    return ("divert(-1)\ndefine(`_CF_DIR_', `%s/')\ninclude(`%s/m4/cf.m4')\ndivert(0)\n"
            "OSTYPE(`linux')\ndefine(`confREJECT_NUL', `true')dnl\n" % (cf, cf)) + lines + mailers


def tool(w, name, *args):
    """(exit status, all output) of sendmail-apply or sendmail-undo."""
    r = subprocess.run([os.path.join(w.folder, name), *args], stdin=subprocess.DEVNULL,
                       stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False, timeout=600)
    return r.returncode, r.stdout.decode()


def meaning(text):
    return [x for x in text.splitlines() if x and not x.startswith("#")]


def there_and_back(w):
    """Files that no Sendmail uses: dry run, apply, apply again, undo."""
    f, cf = path("x.mc"), path("x.cf")
    for what, text in (
            ("no listener, a table and a filter", mc(TABLE + FILTER)),
            ("all, as Debian has it", mc("FEATURE(`no_default_msa')dnl\n" + LISTENER + TABLE
                                         + FILTER, "MAILER_DEFINITIONS\n" + MAILERS)),
            ("rules of its own, no newline at the end",
             mc(LISTENER + "LOCAL_RULE_0\nR$* < @ other.example . > $*\t$#local $: x\n"
                "LOCAL_RULESETS\nSLocal_check_rcpt\nR$*\t$: $1\n", MAILERS.rstrip("\n")))):
        write(f, text, 0o640)
        before = run.output("m4", f)
        write(cf, before)
        status, out = tool(w, "sendmail-apply", "--dry-run", f)
        tap.ok(status == 0 and "+MAIL_FILTER" in out and read(f) == text,
               "%s: --dry-run shows the difference and changes nothing" % what, out)
        status, out = tool(w, "sendmail-apply", "--yes", f)
        tap.ok(status == 0, "%s: applied" % what, out)
        applied = read(f)
        after = meaning(run.output("m4", f))
        gone = [x for x in meaning(before) if x not in after]
        tap.is_(gone, ["O RejectNUL=true"], "%s: all else of sendmail.cf stays" % what)
        tap.ok(not any(x.startswith("O InputMailFilters=") and "journal" in x for x in after),
               "%s: the filters of other listeners stay" % what)
        status, out = tool(w, "sendmail-apply", "--yes", f)
        tap.ok(status == 0 and "nothing needs to be changed" in out and read(f) == applied,
               "%s: again, it changes nothing" % what, out)
        status, out = tool(w, "sendmail-undo", "--yes", f)
        tap.ok(status == 0 and read(f) == text and os.stat(f).st_mode & 0o777 == 0o640,
               "%s: undone, all bytes are as before" % what, out)


def second_domain(w):
    f = path("two.mc")
    write(f, mc(LISTENER))
    other = Written(path("second"), domain="example.org", port=w.port)
    other_socket = other.folder + "/sendmail.mc"
    write(other_socket, read(other_socket).replace(other.socket[5:], w.socket[5:]))
    for one in (w, other):
        status, out = tool(one, "sendmail-apply", "--yes", f)
        tap.ok(status == 0, "a second domain at the same listener", out)
    both = run.output("m4", f)
    tap.is_([len(re.findall(r"(?m)^R.*%s" % d, both)) for d in ("example\\.com", "example\\.org")],
            [4, 4], "both have their rules")
    tool(w, "sendmail-undo", "--yes", f)
    tap.ok("example.com" not in read(f) and "journal.example.org" in read(f),
           "undone for one, the other stays")
    tool(other, "sendmail-undo", "--yes", f)
    tap.is_(read(f), mc(LISTENER), "undone for both")


def refused(w):
    f, cf = path("r.mc"), path("r.cf")
    far, everywhere = Written(path("far"), address="192.0.2.77:%d"), Written(path("all"),
                                                                             address=None)
    for what, reason, text, by in (
            ("no address for the journal", "already", mc(LISTENER), everywhere),
            ("no address, and the default listeners", "already", mc(""), everywhere),
            ("the same port of all addresses", "already",
             mc("DAEMON_OPTIONS(`Port=%d, Name=MTA')dnl\n" % w.port), w),
            ("an address of another machine", "no address of this machine", mc(LISTENER), far),
            ("no mailers", "no line that begins with MAILER(", mc(LISTENER, ""), w),
            ("a listener below the mailers", "for other mail", mc("", MAILERS + LISTENER), w),
            ("our filter already", "what this would enter",
             mc("INPUT_MAIL_FILTER(`journal', `S=inet:1@127.0.0.1')dnl\n"), w),
            ("our socket under another name", "what this would enter",
             mc("INPUT_MAIL_FILTER(`x', `S=local:%s, F=T')dnl\n" % w.socket[5:]), w),
            ("what m4 does not accept", "m4 does not accept", mc("FEATURE(`nothing')\n"), w)):
        write(f, text)
        status, out = tool(by, "sendmail-apply", "--yes", f)
        tap.ok(status == 78 and reason in out and read(f) == text, "refused: " + what, out)
    write(f, mc(LISTENER))
    write(cf, run.output("m4", f) + "O MaxMessageSize=1000000\n")
    status, out = tool(w, "sendmail-apply", "--yes", f)
    tap.ok(status == 78 and "< O MaxMessageSize=1000000" in out,
           "refused: a sendmail.cf that somebody edited", out)
    os.unlink(cf)
    tap.is_(tool(w, "sendmail-apply", f)[0], 1, "without a terminal and without --yes it ends")
    tap.is_(tool(w, "sendmail-undo", "--yes", f)[0], 78, "nothing to undo")
    tool(w, "sendmail-apply", "--yes", f)
    write(f, read(f).replace("Listen=128", "Listen=10"))
    for name in ("sendmail-apply", "sendmail-undo"):
        status, out = tool(w, name, "--yes", f)
        tap.ok(status == 78 and "were changed" in out, "%s: somebody changed our lines" % name, out)


class InUse(AppliedSendmail):
    """With another filter for all mail. applied: with our pieces."""

    applied = False

    def _apply(self):
        self.text = self._mc()
        if self.applied:
            super()._apply()


def live(w):
    """Ordinary mail and journal mail, before, applied, with the milter stopped, undone."""
    other = OtherMilter(run.port())
    s = InUse(path("in-use"), w, mc=("INPUT_MAIL_FILTER(`other', `S=inet:%d@127.0.0.1, F=T')"
                                     % other.server_address[1],)).start()

    def ordinary(what):
        seen, delivered = other.messages, len(s.delivered())
        r = smtp.send(s.port, "a@example.org", ["b@example.com"], b"Subject: x\r\n\r\nx\r\n",
                      source="127.0.0.5")
        run.settled(lambda: len(s.delivered()), delivered + 1)
        tap.is_((r.code, len(s.delivered()), other.messages), (250, delivered + 1, seen + 1),
                "%s: ordinary mail is delivered, its filter has seen it" % what)

    ordinary("before")
    s.stop()
    d = Daemon(path("in-use-daemon"), unix=True)
    d.socket, d.archive = w.socket, w.folder + ".d/archive"
    d.write(w.text("journal-milter.xml").replace(
        "<internal-domains>", "<maximum-age>0</maximum-age>\n  <internal-domains>", 1))
    d.start()
    s.applied = True
    s.start()
    run.until(lambda: run.listening(w.port), "the journal's listener")
    ordinary("applied")
    seen = other.messages
    for sender in ("", "journal-ndr@example.com"):
        r = smtp.send(w.port, sender, [JOURNAL], corpus.report("live" + sender) + b"\0\r\n",
                      source="127.0.0.5")
        tap.ok(r.code == 250, "a report from <%s> is archived" % sender, r)
    tap.is_(len(d.jmctl.list("--limit", "100") + d.jmctl.list("--set-aside")), 2,
            "both are in the archive")
    tap.is_(other.messages, seen, "the other filter did not see them")
    with smtp.Client(w.port, source="127.0.0.5") as c:
        c.ehlo()
        c.mail("a@example.org")
        tap.is_(c.rcpt("b@example.com").code, 554, "ordinary mail is refused at that listener")
    d.stop()
    ordinary("journal-milter is stopped")
    r = smtp.send(w.port, "", [JOURNAL], corpus.report("stopped"), source="127.0.0.5")
    tap.ok(400 <= r.code < 500, "journal mail waits then", r)
    s.stop()
    tap.is_(tool(w, "sendmail-undo", "--yes", s.etc + "/sendmail.mc")[0], 0, "undone")
    tap.is_(read(s.etc, "sendmail.mc"), s.text, "the file is as before")
    s.applied = False
    s.start()
    tap.ok(not run.listening(w.port), "the journal's listener is gone")
    ordinary("undone")
    tap.is_(run.settled(s.queue, []), [], "nothing is in the queue")
    s.stop()


tap.need("m4", "cc", root=True)
if not sendmail.root():
    tap.skip_all("Sendmail is not unpacked: contrib/packages sendmail build-check/sendmail")
written = Written(path("own"), source="127.0.0.5/32")
there_and_back(written)
second_domain(written)
refused(written)
live(written)
sys.exit(tap.done())
