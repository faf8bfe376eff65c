#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""
The files that jmctl setup writes are used as they are: by the daemon, by a private Postfix and by a
private Sendmail, for a report of the corpus.
"""
import os
import re
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
import corpus
import journal_setup
import run
import sendmail
import smtp
import tap
from daemon import Daemon
from journal_setup import AppliedPostfix, AppliedSendmail, Written, jmctl

JOURNAL = "journaling@journal.example.com"
FILES = ["README", "exchange-2007.ps1", "exchange-2010.ps1", "exchange-2013-2019.ps1",
         "exchange-check.ps1", "exchange-online-check.ps1", "exchange-online-undo.ps1",
         "exchange-online.ps1", "exchange-undo.ps1", "journal-milter.xml", "postfix-apply",
         "postfix-main.cf", "postfix-master.cf", "sendmail-mailertable", "sendmail.mc"]


def path(name):
    return os.path.join(tap.folder(), name)


def check(folder):
    status, out, complaint = jmctl("check", "--config", os.path.join(folder, "journal-milter.xml"))
    tap.ok(status == 0 and "warning" not in complaint,
           "jmctl check has nothing against its settings (%s)" % os.path.basename(folder),
           out + complaint)
    return out


def files():
    status, out, complaint = jmctl("setup", "Example.COM", "--output", path("plain"))
    tap.is_((status, complaint), (0, ""), "setup asks nothing and complains of nothing")
    tap.is_(sorted(os.listdir(path("plain"))), sorted(FILES), "it writes the files, and no others")
    text = {n: journal_setup.read(path("plain"), n) for n in FILES}
    tap.is_([n for n in FILES if n not in out], [], "it lists them")
    left = [(n, m) for n in FILES for m in re.findall(r"@[A-Z][A-Z0-9_]*@", text[n])]
    tap.is_(left, [], "no placeholder is left over")
    for name in ("exchange-2007.ps1", "exchange-online.ps1", "journal-milter.xml", "README"):
        tap.ok(JOURNAL in text[name], "%s has the journal address of the guide" % name)
    tap.ok("smtp inet n - n - - smtpd" in text["postfix-master.cf"],
           "without --mta-address: all addresses")
    ranges = set(jmctl("ranges", "list")[1].split())
    tap.ok(ranges and all("<range>%s</range>" % r in text["journal-milter.xml"] for r in ranges),
           "the ranges of Microsoft 365 are in the settings")
    check(path("plain"))


def refusals():
    before = journal_setup.read(path("plain"), "README")
    status, _, complaint = jmctl("setup", "example.net", "--output", path("plain"))
    tap.is_((status, "--force" in complaint), (77, True),
            "it does not write into a folder that is there")
    tap.is_(journal_setup.read(path("plain"), "README"), before, "and leaves it as it is")
    tap.is_(jmctl("setup", "example.net", "--output", path("plain"), "--force")[0], 0,
            "--force does")
    tap.ok("example.net" in journal_setup.read(path("plain"), "README"),
           "and the files are the new ones")
    for args in (["exa'mple.com"], ["localhost"], ["a..b.com"],
                 ["example.com", "--smart-host", "x'; Remove-Mailbox"], ["[::1]"],
                 ["example.com", "--undeliverable", "nobody"],
                 ["example.com", "--undeliverable", "a b@example.com"],
                 ["example.com", "--mta-address", "mx.example.com"],
                 ["example.com", "--mta-address", "10.0.0.5:0"],
                 ["example.com", "--services", "all"], ["example.com", "--source", "10.0.0.1/8"],
                 ["example.com", "--milter-socket", "unix:a b"],
                 ["example.com", "--archive", "/var/lib/<x>"], [], ["example.com", "example.org"]):
        status, _, complaint = jmctl("setup", *args, "--output", path("refused"))
        tap.ok(status == 64 and complaint and not os.path.exists(path("refused")),
               "refused: %s" % " ".join(args), complaint)


def kinds():
    tap.is_(jmctl("setup", "example.com", "--output", path("hybrid"), "--services", "hybrid",
                  "--undeliverable", "lost@other.example", "--smart-host", "mx1.example.com",
                  "--smart-host", "mx2.example.com", "--mta-address", "[2001:db8::25]")[0], 0,
            "hybrid")
    out = check(path("hybrid"))
    tap.ok("journal services:     2" in out
           and "journaling-365@journal.example.com (Microsoft 365 of example.com)" in out,
           "hybrid: a service each for Exchange and for Microsoft 365", out)
    online, local = (journal_setup.read(path("hybrid"), n)
                     for n in ("exchange-online.ps1", "exchange-2010.ps1"))
    tap.ok("'journaling-365@journal.example.com'" in online and "'%s'" % JOURNAL in local,
           "hybrid: each Exchange has its own journal address")
    tap.ok("@('mx1.example.com', 'mx2.example.com')" in online,
           "both smart hosts are in the scripts")
    tap.ok("$undeliverable = 'lost@other.example'" in online, "--undeliverable is in the scripts")
    tap.ok("[2001:db8::25]:25 inet" in journal_setup.read(path("hybrid"), "postfix-master.cf"),
           "an IPv6 address for the listener")
    for kind, missing in (("on-premises", "exchange-online.ps1"),
                          ("microsoft-365", "exchange-2007.ps1")):
        tap.is_(jmctl("setup", "example.com", "--output", path(kind), "--services", kind)[0], 0,
                kind)
        tap.ok(missing not in os.listdir(path(kind)), "%s: without %s" % (kind, missing))
        check(path(kind))


def through(server, name):
    """
    A report of the corpus through a mail server with the written pieces, to a daemon with the
    written settings.
    """
    w = Written(path(name))
    d = Daemon(path(name + "-daemon"), unix=True)
    d.socket, d.archive = w.socket, w.folder + ".d/archive"
    text = w.text("journal-milter.xml")
    # the corpus is of 2018 and of 2029
    d.write(text.replace("<internal-domains>", "<maximum-age>0</maximum-age>\n  <internal-domains>",
                         1))
    d.start()
    s = server(path(name + "-mta"), w).start()
    for number in ("003", "022", "032"):
        m = corpus.message(number)
        before = len(d.jmctl.list("--limit", "100") + d.jmctl.list("--set-aside"))
        r = smtp.send(w.port, m.sender, [JOURNAL], m.eml, source="127.0.0.1")
        tap.is_(r.code, 250, "%s: %s is taken" % (name, m.name))
        items = d.jmctl.list("--limit", "100") + d.jmctl.list("--set-aside")
        if tap.is_(len(items), before + 1, "%s: %s is archived" % (name, m.name)):
            tap.bytes_(d.jmctl.export(max(i["id"] for i in items), "--report"), m.eml,
                       "%s: %s with every byte" % (name, m.name))
    tap.is_(run.settled(s.queue, []), [], "%s: nothing stays in the queue" % name)
    d.stop()
    r = smtp.send(w.port, "a@example.com", [JOURNAL], corpus.report("down"))
    tap.ok(400 <= r.code < 500, "%s: without the daemon it answers 4xx" % name, r)
    s.stop()


def applied_twice():
    """postfix-apply keeps what others entered, and may be run again."""
    w = Written(path("again"))
    s = AppliedPostfix(path("again-mta"), w,
                       main={"relay_domains": "other.example",
                             "transport_maps": "inline:{ {other.example=smtp:[192.0.2.1]} }",
                             "message_size_limit": "500000000"})
    s.write()
    run.output(os.path.join(w.folder, "postfix-apply"), s.etc)

    def ask(*args):
        r = subprocess.run(["postconf", "-c", s.etc, *args], stdout=subprocess.PIPE,
                           stderr=subprocess.STDOUT, check=False, timeout=600)
        return r.stdout.decode().strip()

    tap.is_(ask("-h", "relay_domains"), "other.example, journal.example.com",
            "relay_domains: the others stay, ours is there once")
    tap.is_(ask("-h", "transport_maps").count("inline:"), 2,
            "transport_maps: the others stay, ours is there once")
    tap.is_(ask("-h", "message_size_limit"), "500000000", "a larger message_size_limit stays")
    tap.is_(ask("-M", "jcleanup/unix").count("jcleanup"), 1, "jcleanup is there once")
    tap.ok(os.path.exists(s.etc + "/main.cf.before-journal"), "the old file is kept")


tap.need("postconf", "m4", "cc", root=True)
files()
refusals()
kinds()
through(AppliedPostfix, "postfix")
applied_twice()
if sendmail.root():
    through(AppliedSendmail, "sendmail")
else:
    tap.skip("Sendmail runs the written pieces",
             "Sendmail is not unpacked: contrib/packages sendmail build-check/sendmail")
sys.exit(tap.done())
