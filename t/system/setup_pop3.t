#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""
jmctl setup --transport pop3: its files for Exchange and for Exchange Online, and its settings as
they are used: by jmctl test and by the daemon on a private Dovecot, with password and with token.
"""
import os
import re
import subprocess
import sys
import xml.etree.ElementTree as ET

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
import corpus
import dovecot
import journal_setup
import run
import tap
from daemon import Daemon
from journal_setup import jmctl, read, write

SERVICE = "journaling@journal.example.com"
COMMON = ["README", "journal-milter.xml"]
LOCAL = COMMON + ["exchange-pop3-2007.ps1", "exchange-pop3-2010.ps1",
                  "exchange-pop3-2013-2019-SE.ps1", "exchange-pop3-check.ps1",
                  "exchange-pop3-undo.ps1"]
CLOUD = COMMON + ["exchange-online-pop3.ps1", "exchange-online-pop3-check.ps1",
                  "exchange-online-pop3-undo.ps1"]
TOKEN = "journal-milter-token"


def path(name):
    return os.path.join(tap.folder(), name)


def written(name, *args):
    """(file names, pop3 element, output) of a folder that setup wrote."""
    status, out, complaint = jmctl("setup", "example.com", "--output", path(name), "--transport",
                                   "pop3", "--user", "root", *args)
    tap.is_((status, complaint), (0, ""), "%s: %s" % (name, " ".join(args)))
    for n in os.listdir(path(name)):
        left = re.findall(r"@[A-Z][A-Z0-9_]*@", read(path(name), n))
        if left:
            tap.ok(False, "%s: a placeholder is left over in %s" % (name, n), left)
    root = ET.fromstring(read(path(name), "journal-milter.xml"))
    return sorted(os.listdir(path(name))), root.find("journal-service/pop3"), out


def files():
    names, pop3, _ = written("local")
    tap.is_(names, sorted(LOCAL), "Exchange: settings, steps and scripts, nothing for an MTA")
    tap.is_([pop3.findtext(n) for n in ("hostname", "port", "mailbox-name", "encrypted",
                                        "encryption-mode")],
            ["exchange.example.com", "995", "journaling@example.com", "yes", "strict"],
            "a mailbox over TLS")
    tap.like(pop3.findtext("password-file"), "/journal-milter/mailbox.password$", "and a password")
    readme = read(path("local"), "README")
    at = [readme.find(t) for t in ("exchange-pop3-2007.ps1", "ufw allow out", "mailbox.password",
                                   "jmctl test " + SERVICE, "systemctl enable",
                                   "one database (-Database)")]
    tap.is_(at, sorted(at), "README: mailbox, firewall, settings, test, start, then the rule")
    tap.ok(-1 not in at and "remoteip=ADDRESS" in readme, "all of them, and the Windows Firewall")
    names, pop3, out = written("cloud", "--services", "microsoft-365", "--tenant",
                               "contoso.onmicrosoft.com")
    tap.is_(names, sorted(CLOUD + [TOKEN]), "Exchange Online: with a program that gets tokens")
    tap.ok(pop3.findtext("oauth2-token-command") and pop3.find("password-file") is None
           and pop3.findtext("hostname") == "outlook.office365.com", "its mailbox needs a token")
    for what, text in (("output", out), ("README", read(path("cloud"), "README")),
                       ("script", read(path("cloud"), "exchange-online-pop3.ps1"))):
        tap.like(re.sub(r"\s+#?\s*", " ", text), "Microsoft does not support a mailbox in Exchange",
                 "the %s says that Microsoft does not support it" % what)
    names, pop3, out = written("outside", "--services", "microsoft-365", "--mailbox",
                               "j@archive.example.net", "--mailbox-host", "mail.example.net")
    tap.is_((names, "Note" in out), (sorted(CLOUD), False), "a mailbox elsewhere is supported")
    tap.is_([pop3.findtext(n) for n in ("hostname", "mailbox-name")],
            ["mail.example.net", "j@archive.example.net"], "it is in the settings")


def refusals():
    for args in (["--transport", "imap"], ["--transport", "pop3", "--source", "192.0.2.1"],
                 ["--transport", "pop3", "--smart-host", "mx"],
                 ["--transport", "pop3", "--mta-address", "192.0.2.1"],
                 ["--transport", "pop3", "--smtp-login"], ["--transport", "pop3", "--microsoft365"],
                 ["--transport", "pop3", "--services", "hybrid"],
                 ["--transport", "pop3", "--mailbox", "nobody"],
                 ["--transport", "pop3", "--mailbox-host", "a b"],
                 ["--transport", "pop3", "--undeliverable", "journaling@example.com"],
                 ["--mailbox", "a@example.com"], ["--mailbox-host", "mail.example.com"]):
        status, _, complaint = jmctl("setup", "example.com", *args, "--output", path("refused"))
        tap.ok(status == 64 and complaint and not os.path.exists(path("refused")),
               "refused: " + " ".join(args), complaint)


def token_program(folder, client):
    """The written program, with an application entered, and a curl in the place of the real one."""
    program = os.path.join(folder, TOKEN)
    write(program, read(program).replace("client='00000000-0000-0000-0000-000000000000'",
                                         "client='%s'" % client), 0o755)
    os.makedirs(path("bin"), exist_ok=True)
    write(path("bin/curl"), "#!/bin/sh\nprintf '%%s\\n' \"$@\" > %s\ncat %s\n"
          % (path("curl.args"), path("curl.answer")), 0o755)
    write(path("secret"), "geheim", 0o600)
    return "PATH=%s:$PATH JOURNAL_MILTER_SECRET=%s %s" % (path("bin"), path("secret"), program)


def tokens():
    """Returns the command."""
    program = os.path.join(path("cloud"), TOKEN)
    r = subprocess.run([program], stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
    tap.is_((r.returncode, r.stdout, b"client" in r.stderr), (78, b"", True),
            "the program wants to be edited first")
    command = token_program(path("cloud"), "11111111-2222-3333-4444-555555555555")
    token = dovecot.token()
    write(path("curl.answer"), "{\"token_type\":\"Bearer\",\"access_token\":\"%s\"}" % token)
    r = subprocess.run(["/bin/sh", "-c", command], stdout=subprocess.PIPE, check=False)
    tap.is_((r.returncode, r.stdout.decode().strip()), (0, token), "it prints the token")
    sent = read(path("curl.args"))
    tap.ok("geheim" not in sent and "client_secret@" + path("secret") in sent
           and "contoso.onmicrosoft.com/oauth2/v2.0/token" in sent,
           "the secret is not in the list of processes", sent)
    write(path("curl.answer"), "{\"error\":\"invalid_client\"}")
    r = subprocess.run(["/bin/sh", "-c", command], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                       check=False)
    tap.is_((r.returncode, r.stdout), (75, b""), "without a token in the answer it fails")
    write(path("curl.answer"), "{\"access_token\": \"%s\"}" % token)
    return command


def through(server, certs, name, secret):
    """The written settings, with this server's port and user."""
    text = read(path(name), "journal-milter.xml")
    text = re.sub(r"<hostname>[^<]*", "<hostname>localhost", text)
    text = text.replace("<port>995</port>", "<port>%d</port>\n      <ca-file>%s</ca-file>"
                        % (server.tls_port, certs.path("ca.pem")))
    text = re.sub(r"<mailbox-name>[^<]*", "<mailbox-name>journal", text)
    text = re.sub(r"<(password-file|oauth2-token-command)>[^<]*", r"<\1>" + secret, text)
    text = text.replace("<internal-domains>",  # the corpus is of 2018 and of 2029
                        "<maximum-age>0</maximum-age>\n  <internal-domains>", 1)
    d = Daemon(path(name + "-daemon"), [])
    text = re.sub(r"(<socket>)[^<]*", r"\1" + d.socket, text)
    text = re.sub(r"<socket-group>.*\n", "", text)
    text = re.sub(r"(<archive>\s*<directory>)[^<]*", r"\1" + d.archive, text)
    text = re.sub(r"(<publish>\s*<directory>)[^<]*", r"\1" + path(name + "-public"), text)
    d.write(text)
    status, out, complaint = d.jmctl.run("test", SERVICE)
    tap.is_(status, 0, "%s: jmctl test succeeds" % name) or tap.diag(out.decode() + complaint)
    m = corpus.message("003")
    server.put([m.eml.replace(b"\r\n", b"\n")])
    d.start()
    run.until(lambda: d.jmctl.list() and server.count() == 0, "the mailbox is empty")
    tap.is_(len(d.jmctl.list()), 1, "%s: the daemon archives what is in the mailbox" % name)
    d.stop()


tap.need("dovecot", "openssl", root=True)
files()
refusals()
command = tokens()
certs = dovecot.Certificates(path("ca"))
server = dovecot.Dovecot(path("dovecot"), certificates=certs).start()
write(path("password"), "secret\n", 0o600)
through(server, certs, "local", path("password"))
through(server, certs, "cloud", command)
server.stop()
sys.exit(tap.done())
