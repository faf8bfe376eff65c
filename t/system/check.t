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
                              "    fetched from:       mailbox journal at mail.example.com, "
                              "port 995, TLS, strict, login by password-file")):
        status, out, complaint = check(text)
        tap.ok(status == 0 and line in out.splitlines(), "a service %s: %s" % (what, line.strip()),
               out + complaint)


def mailboxes():
    """Port and TLS of a mailbox, in words and as JSON."""
    own = ("<additional-source-ip-ranges><range>2001:db8::/32</range>"
           "</additional-source-ip-ranges>\n")
    for more, words, parts in (
            ("", "port 995, TLS, strict", (995, "TLS", "strict")),
            ("<starttls>yes</starttls>", "port 110, STLS, strict", (110, "STLS", "strict")),
            ("<port>1995</port><encryption-mode>relaxed</encryption-mode>",
             "port 1995, TLS, relaxed", (1995, "TLS", "relaxed")),
            ("<encrypted>no</encrypted>", "port 110, in the clear", (110, "none", "strict"))):
        text = (GOOD % ("<transport-type>pop3</transport-type><pop3><hostname>h.example</hostname>"
                        "<mailbox-name>journal</mailbox-name><password-file>/p</password-file>"
                        + more + "</pop3>")).replace(own, "")
        out = check(text)[1]
        tap.like(out, r"mailbox journal at h\.example, " + words + ", login by password-file\n"
                 " +every: +[0-9]+ s, at most [0-9]+ messages or [0-9]+ minutes a connection\n",
                 "a mailbox: " + words)
        box = json.loads(check(text, "--json")[1])["services"][0]["mailbox"]
        tap.is_((box["port"], box["tls"], box["encryption_mode"]), parts, "and as JSON")


def machine():
    """Users, groups and password files that this machine lacks."""
    user = (GOOD % "").replace("<archive>", "<daemon><user>no-such-user</user></daemon>\n<archive>")
    status, out, complaint = check(user)
    tap.ok(status == 78 and out == "", "an unknown user is an error, as for the daemon", out)
    tap.like(complaint, r'settings\.xml:3: <user>: there is no user "no-such-user" .*useradd',
             "with line and cure")
    found = json.loads(check(user, "--json")[1])
    tap.is_((found["ok"], [(f["severity"], f["line"]) for f in found["findings"]]),
            (False, [("error", 3)]), "and as JSON")
    daemon = subprocess.run([os.path.join(tap.BUILD, "milter/daemon/journal-milter"), "-f", "-c",
                             os.path.join(tap.folder(), "settings.xml")], stdin=subprocess.DEVNULL,
                            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    if os.geteuid() == 0:
        tap.ok(daemon.returncode != 0 and b"no-such-user" in daemon.stdout,
               "the daemon refuses it, too", daemon.stdout)
    group = (GOOD % "").replace("</socket>", "</socket>\n<socket-group>no-such-group"
                                "</socket-group>")
    status, _, complaint = check(group)
    tap.is_(status, 78, "an unknown group is an error")
    tap.like(complaint, r"settings\.xml:3: <socket-group>: .*no-such-group.*groupadd",
             "with line and cure")
    own = ("<additional-source-ip-ranges><range>2001:db8::/32</range>"
           "</additional-source-ip-ranges>\n")
    secret = os.path.join(tap.folder(), "secret")
    text = (GOOD % ("<transport-type>pop3</transport-type><pop3><hostname>h.example</hostname>\n"
                    "<mailbox-name>journal</mailbox-name>\n<password-file>%s</password-file></pop3>"
                    % secret)).replace(own, "")
    for prepare, words in ((None, "there is no file"), ((b"", 0o600), "is empty"),
                           ((b"x\n", 0o644), r"everybody .* can read .*chmod o-r"),
                           ("folder", "is no plain file")):
        if prepare == "folder":
            os.unlink(secret)
            os.mkdir(secret)
        elif prepare:
            with open(secret, "wb") as f:
                f.write(prepare[0])
            os.chmod(secret, prepare[1])
        status, out, complaint = check(text)
        tap.ok(status == 0 and "fetched from" in out, "the daemon starts with it: a warning", out)
        tap.like(complaint, r"settings\.xml:11: warning: <password-file>: .*" + words,
                 "a password file: " + words)
    os.rmdir(secret)
    with open(secret, "wb") as f:
        f.write(b"x\n")
    os.chmod(secret, 0o600)
    tap.is_(check(text)[::2], (0, ""), "a password file in order: no warning")
    text = text.replace("<archive>", "<daemon><user>nobody</user></daemon>\n<archive>")
    tap.like(check(text)[2], r":12: warning: <password-file>: .*\"nobody\".*chgrp .*chmod 0640",
             "one that the daemon's user cannot read")


def overlaps():
    """Ranges that are there twice, or in others."""
    def warnings(common, own, more=""):
        ranges = "".join("<range>%s</range>\n" % r for r in own)
        text = ("<journal-milter>\n<milter><socket>local:/run/m.sock</socket></milter>\n"
                "<archive><directory>/srv/archive</directory></archive>\n"
                "<internal-domains><domain>example.com</domain></internal-domains>\n"
                "<authorized-outbounds>\n%s</authorized-outbounds>\n<journal-service>\n"
                "<email-address>journal@journal.example.com</email-address>\n"
                "<additional-source-ip-ranges>\n%s</additional-source-ip-ranges>\n"
                "</journal-service>\n%s</journal-milter>\n"
                % ("".join("<range>%s</range>\n" % r for r in common), ranges, more))
        status, _, complaint = check(text)
        tap.is_(status, 0, "ranges that overlap are no error")
        return [line.split("settings.xml:", 1)[1] for line in complaint.splitlines()]

    delete = "; delete it, or the wider range if that is too wide"
    for common, own, want in (
            (["192.0.2.0/24", "198.51.100.7"], ["203.0.113.0/24", "2001:db8::/32"], []),
            (["192.0.2.0/24", "192.0.2.0/24"], ["203.0.113.1"],
             ["7: warning: <authorized-outbounds>: 192.0.2.0/24 is in line 6 already; delete one "
              "of the two"]),
            (["192.0.2.7", "192.0.0.0/16"], ["203.0.113.1"],
             ["6: warning: <authorized-outbounds>: 192.0.2.7 is part of 192.0.0.0/16 in line 7"
              + delete]),
            (["192.0.2.0/24"], ["192.0.2.7"],
             ["11: warning: <additional-source-ip-ranges>: 192.0.2.7 is part of 192.0.2.0/24 in "
              "line 6, in <authorized-outbounds>" + delete]),
            (["192.0.2.7"], ["192.0.2.0/24"], []),
            (["198.51.100.0/24"], ["192.0.2.0/24", "::ffff:192.0.2.0/120", "192.0.2.128/25"],
             ["12: warning: <additional-source-ip-ranges>: 192.0.2.0/24 is in line 11 already; "
              "delete one of the two",
              "13: warning: <additional-source-ip-ranges>: 192.0.2.128/25 is part of 192.0.2.0/24 "
              "in line 11" + delete]),
            (["2001:db8::/32"], ["2001:db8:1::/48", "2001:db9::/48"],
             ["11: warning: <additional-source-ip-ranges>: 2001:db8:1::/48 is part of "
              "2001:db8::/32 in line 6, in <authorized-outbounds>" + delete])):
        tap.is_(sorted(warnings(common, own)), sorted(want), "%s and %s" % (common, own))
    two = ("<journal-service><email-address>two@journal.example.com</email-address>"
           "<additional-source-ip-ranges><range>203.0.113.0/25</range>"
           "</additional-source-ip-ranges></journal-service>\n")
    tap.is_(warnings(["192.0.2.0/24"], ["203.0.113.0/24"], two), [],
            "two services may have the same range")
    tap.is_([w for w in warnings(["192.0.2.0/24"], ["::/0"]) if "part of" in w], [],
            "::/0 has no IPv4 address")


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
        "encryption_mode": "relaxed", "mailbox": None}], "JSON of its service")
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
    mailboxes()
    machine()
    overlaps()
    entities()
    unit()
    sys.exit(tap.done())


main()
