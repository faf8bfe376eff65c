#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""
jmctl check: findings, summary, JSON and exit codes; nothing is fetched, neither from a file nor
from the net.
"""
import json
import os
import socket
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import tap  # noqa: E402

JMCTL = os.path.join(tap.BUILD, "milter/ctl/jmctl")
GOOD = """<journal-milter>
<milter><socket>local:/run/m.sock</socket></milter>
<archive><directory>/srv/archive</directory></archive>
<internal-domains><domain sub-domains="yes">example.com</domain></internal-domains>
<authorized-outbounds><range>192.0.2.0/24</range></authorized-outbounds>
<journal-service>
<description>on premises</description>
<email-address>Journal@Journal.Example.com</email-address>
<additional-source-ip-ranges><range>2001:db8::/32</range></additional-source-ip-ranges>
%s
</journal-service>
</journal-milter>
"""


def check(text, *args):
    """
    (exit status, stdout, stderr) of checking a file with this text; None: a file that is not there.
    """
    path = os.path.join(tap.folder(), "settings.xml")
    if text is None:
        path = os.path.join(tap.folder(), "none.xml")
    else:
        with open(path, "wb") as f:
            f.write(text if isinstance(text, bytes) else text.encode())
    r = subprocess.run([JMCTL, "check", "--config", path, *args], stdin=subprocess.DEVNULL,
                       stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False, timeout=600,
                       env=dict(os.environ, PATH=tap.folder() + ":" + os.environ["PATH"]))
    return r.returncode, r.stdout.decode(), r.stderr.decode()


def systemd(script):
    """The systemctl of the tests that follow."""
    path = os.path.join(tap.folder(), "systemctl")
    with open(path, "w", encoding="ascii") as f:
        f.write("#!/bin/sh\n" + script)
    os.chmod(path, 0o755)


def unit():
    """Folders to which the installed unit does not let the daemon write."""
    text = GOOD.replace("local:/run/m.sock", "local:/home/mta/m.sock") % ""
    installed = "[ \"$*\" = 'show journal-milter.service' ] || exit 1\necho LoadState=%s\ncat " \
        + os.path.join(tap.BUILD, "contrib/systemd/journal-milter.service") + "\n%s"
    systemd(installed % ("loaded", ""))
    status, out, complaint = check(text)
    tap.is_((status, complaint.count("\n")), (0, 2), "the unit: it is a warning for each folder")
    tap.like(complaint, r"settings\.xml: warning: archive: /srv/archive can only be read by the "
             r"daemon: .*ReadWritePaths of .* printf '\[Service\]\\nReadWritePaths=%s\\n' "
             r"/srv/archive >> /etc/systemd/system/journal-milter\.service\.d/archive\.conf && "
             "systemctl daemon-reload && ", "the unit: a folder of its own is read-only, with the "
             "commands that change it")
    tap.like(complaint, r"warning: socket: /home/mta is hidden .*: ProtectHome of .*BindPaths=%s",
             "the unit: another one is hidden")
    findings = json.loads(check(text, "--json")[1])["findings"]
    tap.is_([(f["severity"], f["text"][:14]) for f in findings],
            [("warning", "archive: /srv/"), ("warning", "socket: /home/")], "the unit: as JSON")
    systemd(installed % ("loaded", "printf 'ReadWritePaths=/srv/archive\\nProtectHome=no\\n'\n"))
    tap.is_(check(text)[::2], (0, ""), "the unit: with the lines of the drop-in all is well")
    systemd(installed % ("not-found", ""))
    tap.is_(check(text)[::2], (0, ""), "no unit: no warning")
    systemd("exit 1\n")


def sources():
    """Where a service takes its reports from."""
    common = "<authorized-outbounds><range>192.0.2.0/24</range></authorized-outbounds>\n"
    own = ("<additional-source-ip-ranges><range>2001:db8::/32</range>"
           "</additional-source-ip-ranges>\n")
    mailbox = ("<transport-type>pop3</transport-type><pop3><hostname>mail.example.com</hostname>"
               "<mailbox-name>journal</mailbox-name><password-file>/p</password-file></pop3>")
    for what, text, line in (("with common ranges and its own", GOOD % "",
                              "    also accepted from: 2001:db8::/32"),
                             ("with its own ranges alone", (GOOD % "").replace(common, ""),
                              "    accepted from:      2001:db8::/32"),
                             ("without any range", (GOOD % "").replace(common, "").replace(own, ""),
                              "    accepted from:      none"),
                             ("with a mailbox", (GOOD % mailbox).replace(own, ""),
                              "    fetched from:       mailbox journal at mail.example.com")):
        status, out, complaint = check(text)
        tap.ok(status == 0 and line in out.splitlines(), "a service %s: %s" % (what, line.strip()),
               out + complaint)


def as_json():
    status, out, complaint = check(GOOD % "", "--json")
    answer = json.loads(out)
    tap.is_((status, complaint, answer["ok"], answer["findings"]), (0, "", True, []),
            "JSON of a right file")
    tap.is_(answer["services"], [{
        "description": "on premises", "email_address": "Journal@journal.example.com",
        "transport_type": "SMTP", "disabled": False,
        "additional_source_ip_ranges": ["2001:db8::/32"], "encrypted": False,
        "use_smtp_authentication": False, "refuse_null_sender": False, "journal_type": "envelope",
        "remove_journal_headers": True, "prefer_clear_text_version": False, "line": 6,
        "maximum_age": 30,
        "journal_non_internal_addresses": False, "journal_unknown_internal_addresses": False,
        "encryption_mode": "relaxed"}], "JSON of its service")
    tap.is_(answer["internal_domains"],
            [{"domain": "example.com", "sub_domains": True, "verified": False}],
            "JSON of its domains: without an archive none is verified")
    tap.like(
        check(GOOD % "")[1],
        r"example\.com and below \(unverified\)\n +unverified domains work; with jmctl domain add",
        "which is told people")
    status, out, _ = check(GOOD % "<disabled>ja</disabled>", "--json")
    tap.is_((status, json.loads(out)["ok"], json.loads(out)["findings"]),
            (78, False, [{"severity": "error", "line": 10,
                          "text": "<disabled>: value \"ja\" is wrong; allowed: yes, no"}]),
            "JSON of a wrong file")
    status, out, _ = check(GOOD % "<use-smtp-authentication>yes</use-smtp-authentication>",
                           "--json")
    tap.is_((status, [(f["severity"], f["line"]) for f in json.loads(out)["findings"]]),
            (0, [("warning", 10)]), "JSON of a warning")
    status, out, _ = check(None, "--json")
    tap.is_((status, json.loads(out)["ok"], len(json.loads(out)["findings"])), (66, False, 1),
            "JSON of a file that is not there")


def entities():
    """Neither an entity nor a document type is read or fetched."""
    with socket.socket() as trap:
        trap.bind(("127.0.0.1", 0))
        trap.listen()
        trap.setblocking(False)
        url = "http://127.0.0.1:%d/x" % trap.getsockname()[1]
        secret = os.path.join(tap.folder(), "secret")
        with open(secret, "w", encoding="ascii") as f:
            f.write("top-secret")
        body = (GOOD % "<!--x-->").replace("on premises", "&x;")
        for name, doctype in (
                ("file entity", '<!DOCTYPE a [<!ENTITY x SYSTEM "file://%s">]>\n' % secret),
                ("net entity", '<!DOCTYPE a [<!ENTITY x SYSTEM "%s">]>\n' % url),
                ("parameter entity", '<!DOCTYPE a [<!ENTITY %% p SYSTEM "%s"> %%p;]>\n' % url),
                ("external document type", '<!DOCTYPE a SYSTEM "%s">\n' % url)):
            status, out, complaint = check(doctype + body)
            tap.ok(status == 78 and "<!DOCTYPE>" in complaint
                   and "top-secret" not in out + complaint, name + " is refused", complaint)
        try:
            trap.accept()
            tap.ok(False, "nothing was fetched")
        except BlockingIOError:
            tap.ok(True, "nothing was fetched")


def main():
    systemd("exit 1\n")
    status, out, complaint = check(GOOD % "")
    tap.is_((status, complaint), (0, ""), "a right file")
    for piece in ("unix:/run/m.sock", "/srv/archive/control.sock", "example.com and below",
                  "192.0.2.0/24", "Journal@journal.example.com (on premises)"):
        tap.ok(piece in out, "the summary has " + piece, out)
    sources()
    status, out, complaint = check(GOOD % "<use-smtp-authentication>yes</use-smtp-authentication>")
    tap.ok(status == 0 and ":10: warning: <use-smtp-authentication>" in complaint,
           "a warning is told and is no error", complaint)

    status, out, complaint = check(GOOD % "<encripted>yes</encripted>\n<disabled>maybe</disabled>")
    tap.is_((status, out), (78, ""), "a wrong file")
    tap.like(complaint, r"settings\.xml:10: <encripted>: .*did you mean "
             r"<encrypted>\?.*\n.*settings\.xml:11: <disabled>: value \"maybe\" is wrong; "
             r"allowed: yes, no\n$", "all findings are told, each with its line")

    tap.is_(check(None)[0], 66, "a file that is not there")
    tap.like(check(None)[2], "none.xml", "it is named")
    tap.is_(check(GOOD % "", "quux")[0], 64, "a surplus operand")
    tap.is_(check(GOOD % "", "--jsno")[0], 64, "an unknown option")

    as_json()
    entities()
    unit()
    sys.exit(tap.done())


main()
