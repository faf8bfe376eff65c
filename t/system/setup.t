#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""
The files that jmctl setup writes are used as they are: by the daemon, by a private Postfix and by a
private Sendmail, for a report of the corpus.
"""
import os
import re
import sys
import xml.etree.ElementTree as ET

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
FILES = ["README", "exchange-2007.ps1", "exchange-2010.ps1", "exchange-2013-2019-SE.ps1",
         "exchange-check.ps1", "exchange-online-check.ps1", "exchange-online-undo.ps1",
         "exchange-online.ps1", "exchange-undo.ps1", "journal-milter.xml", "postfix-apply",
         "postfix-main.cf", "postfix-master.cf", "postfix-undo", "sendmail-apply",
         "sendmail-undo", "sendmail.mc"]


def path(name):
    return os.path.join(tap.folder(), name)


def check(folder):
    """With a user and a group that this machine has."""
    settings = os.path.join(tap.folder(), "check.xml")
    text = re.sub("<user>[^<]*", "<user>nobody", journal_setup.read(folder, "journal-milter.xml"))
    with open(settings, "w", encoding="utf-8") as f:
        f.write(re.sub("<socket-group>[^<]*", "<socket-group>nogroup", text))
    status, out, complaint = jmctl("check", "--config", settings)
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
    check(path("plain"))


def settings_of(name, *args):
    """
    (the settings that setup wrote as (list of the services' elements, internal domains), its
    output).
    """
    status, out, complaint = jmctl("setup", "example.com", "--output", path(name), *args)
    tap.is_((status, complaint), (0, ""), "%s: %s" % (name, " ".join(args)))
    root = ET.fromstring(journal_setup.read(path(name), "journal-milter.xml"))
    return (root.findall("journal-service"),
            [(d.text, d.get("sub-domains")) for d in root.iter("domain")], out)


def ranges_of(service):
    return [r.text for r in service.iter("range")]


def senders():
    """Only those whom the options name may send."""
    microsoft = jmctl("ranges", "list")[1].split()
    services, _, out = settings_of("source", "--source", "192.0.2.10", "--source", "2001:db8::/64")
    tap.is_([ranges_of(s) for s in services], [["192.0.2.10", "2001:db8::/64"]],
            "--source: only these ranges")
    tap.ok("Microsoft" not in out and "Note" not in out, "and nothing is left to be said", out)
    services, _, out = settings_of("guess")
    tap.ok(not set(ranges_of(services[0])) & set(microsoft)
           and "10.0.0.0/8" in ranges_of(services[0]) and "no --source says" in out,
           "without an option: private networks, and that is said", out)
    services, _, out = settings_of("tenants", "--microsoft365")
    s = services[0]
    tap.is_((ranges_of(s), s.findtext("encrypted"), s.findtext("refuse-null-sender")),
            (microsoft, "yes", "yes"),
            "--microsoft365: Microsoft's ranges, over TLS, from an internal sender")
    tap.like(out, "Any tenant of Microsoft 365 can connect", "and what stays open is said")
    tap.like(out, "--tenant NAME.onmicrosoft.com is missing", "and the tenant is asked for")
    tap.like(journal_setup.read(path("tenants"), "README"), "Any tenant of Microsoft 365",
             "README says the same, and what is safer")
    services, domains, out = settings_of(
        "both", "--source", "192.0.2.10", "--microsoft365", "--tenant", "Contoso.OnMicrosoft.com",
        "--internal-domain", "example.org", "--undeliverable", "lost@mail.example.org")
    tap.is_([(ranges_of(s), s.findtext("refuse-null-sender")) for s in services],
            [(["192.0.2.10"], None), (microsoft, "yes")],
            "both: a service for each, as only Exchange on premises sends with the null sender")
    tap.like(out, "make two services", "and that is said")
    tap.is_(domains, [("example.com", "yes"), ("example.org", "yes"),
                      ("contoso.onmicrosoft.com", None)], "the tenant's own domain is internal")
    tap.ok("missing" not in out, "no tenant is asked for", out)
    tap.ok("$tenant = 'contoso.onmicrosoft.com'"
           in journal_setup.read(path("both"), "exchange-online.ps1"), "and is in the script")
    services, _, out = settings_of("relay", "--services", "microsoft-365", "--source", "192.0.2.10")
    tap.is_(ranges_of(services[0]), ["192.0.2.10"], "microsoft-365 with --source: only these")
    tap.like(out, "add --microsoft365", "and that is said")
    check(path("both"))
    online = ("--to", "journaling-365@journal.example.com")
    tap.like(explain("both", "40.92.0.1", "lost@mail.example.org", "--tls", "TLSv1.3", *online),
             "(?m)^outcome +accepted", "explain: the address for undeliverable reports passes")
    for sender, reason in (("<>", "null sender <> may not"), ("x@evil.example", "none of these")):
        tap.like(explain("both", "40.92.0.1", sender, "--tls", "TLSv1.3", *online),
                 "(?s)NO .*%s.*JournalingReportNdrTo" % reason, "explain: %s does not" % sender)
    tap.like(explain("both", "40.92.0.1", "lost@example.com", *online), "NO .*requires TLS",
             "explain: TLS is demanded")
    tap.like(explain("both", "40.95.0.1", "lost@example.com", "--tls", "TLSv1.3", *online),
             "NO .*additional-source-ip-ranges", "explain: Microsoft's relay pool is no source")


def explain(name, client, sender, *args):
    return jmctl("explain", "--config", path(name) + "/journal-milter.xml", "--client", client,
                 "--from", sender, *args)[1]


def login():
    services, _, _ = settings_of("login", "--smtp-login", "--source", "192.0.2.10")
    tap.is_((services[0].findtext("use-smtp-authentication"), services[0].findtext("encrypted")),
            ("yes", "yes"), "--smtp-login: as the journal address, over TLS")
    check(path("login"))
    script = journal_setup.read(path("login"), "exchange-2010.ps1")
    tap.ok("$login = $true" in script and "$tls = $true" in script
           and "BasicAuthRequireTLS" in script and "Get-Credential" in script,
           "the send connector logs in; the password is asked for")
    tap.like(explain("login", "192.0.2.10", "<>", "--tls", "TLSv1.3"),
             "NO .*requires the login journaling@journal", "explain: a login is demanded")
    services, _, _ = settings_of("login2", "--smtp-login", "--services", "hybrid")
    tap.is_([s.findtext("use-smtp-authentication") for s in services], ["yes", None],
            "hybrid: only Exchange on premises logs in")


def ports():
    settings_of("port", "--mta-address", "192.0.2.1:2525", "--source", "192.0.2.10")
    tap.ok("$port = 2525" in journal_setup.read(path("port"), "exchange-2007.ps1"),
           "a port is in the send connector")
    tap.is_([n for n in os.listdir(path("port")) if "online" in n], [],
            "no scripts for Exchange Online, which has no setting for a port")
    readme = journal_setup.read(path("port"), "README")
    tap.ok("ip saddr { 192.0.2.10 } tcp dport 2525 accept" in readme
           and "ufw allow proto tcp from 192.0.2.10 to any port 2525" in readme
           and "remoteport=2525" in readme, "firewall: nftables, ufw and Windows, to paste")


def places():
    """An archive elsewhere has a drop-in for the unit."""
    settings_of("elsewhere", "--archive", "/srv/mail/archive")
    conf = journal_setup.read(path("elsewhere"), "journal-milter-archive.conf")
    tap.is_([line for line in conf.splitlines() if not line.startswith("#")],
            ["[Service]", "ReadWritePaths=/srv/mail/archive"], "--archive: a drop-in for systemd")
    readme = journal_setup.read(path("elsewhere"), "README")
    tap.ok("install -d -o journal-milter -g journal-milter -m 0750 /srv/mail/archive" in readme
           and "journal-milter.service.d/archive.conf" in readme and "daemon-reload" in readme,
           "README: make the folder, install the drop-in")
    settings_of("others", "--publish", "/srv/public", "--milter-socket",
                "unix:/var/spool/postfix/journal/milter.sock")
    tap.like(journal_setup.read(path("others"), "journal-milter-archive.conf"),
             "(?m)^ReadWritePaths=/srv/public /var/spool/postfix/journal$",
             "so have a publish folder and a socket elsewhere")
    tap.like(journal_setup.read(path("others"), "README"),
             "(?s)-g journal-milter -m 0755 /srv/public\n.*-g journal-mta -m 2750 /var/spool/",
             "README makes these folders, too")
    settings_of("below", "--archive", "/var/lib/journal-milter/second")
    tap.ok("journal-milter-archive.conf" not in os.listdir(path("below")),
           "none below the unit's own folder")
    tap.like(settings_of("hidden", "--archive", "/home/archive")[2], "ProtectHome",
             "a folder that systemd hides is said")


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
                 ["example.com", "--undeliverable", "lost@other.example"],
                 ["example.com", "--undeliverable", "lost@badexample.com"],
                 ["example.com", "--undeliverable", "lost@journal.example.com"],
                 ["example.com", "--undeliverable", "lost@below.journal.example.com"],
                 ["example.com", "--internal-domain", "journal.example.com"],
                 ["example.com", "--internal-domain", "a b"],
                 ["example.com", "--tenant", "contoso"],
                 ["example.com", "--tenant", "contoso.onmicrosoft.com.evil.example"],
                 ["example.com", "--tenant", "a.b.onmicrosoft.com"],
                 ["example.com", "--services", "on-premises", "--microsoft365"],
                 ["example.com", "--services", "microsoft-365", "--mta-address", "10.0.0.5:26"],
                 ["example.com", "--microsoft365", "--mta-address", "10.0.0.5:26"],
                 ["example.com", "--services", "microsoft-365", "--smtp-login"],
                 ["example.com", "--services", "one", "--microsoft365", "--smtp-login"],
                 ["example.com", "--archive", "/var/lib/<x>"], [], ["example.com", "example.org"]):
        status, _, complaint = jmctl("setup", *args, "--output", path("refused"))
        tap.ok(status == 64 and complaint and not os.path.exists(path("refused")),
               "refused: %s" % " ".join(args), complaint)


def kinds():
    tap.is_(jmctl("setup", "example.com", "--output", path("hybrid"), "--services", "hybrid",
                  "--undeliverable", "lost@other.example", "--internal-domain", "other.example",
                  "--smart-host", "mx1.example.com",
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


tap.need("postconf", "m4", "cc", root=True)
files()
refusals()
senders()
login()
ports()
places()
kinds()
through(AppliedPostfix, "postfix")
if sendmail.root():
    through(AppliedSendmail, "sendmail")
else:
    tap.skip("Sendmail runs the written pieces",
             "Sendmail is not unpacked: contrib/packages sendmail build-check/sendmail")
sys.exit(tap.done())
