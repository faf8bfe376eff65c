#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""
The units under a live systemd: this machine's own files, with what make install puts there, started
as a second machine. A system call that the units do not let through kills (instead of failing),
while all that the programs can do is done: journal mail small and large, POP3 over TLS with a name
from DNS, a token command, directory files, every verb of the control socket, a backup, reloads, the
status page.
"""
import json
import os
import re
import socket
import struct
import subprocess
import sys
import threading
import time
import urllib.request

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
import corpus
import machine
import milter
import run
import tap
from dovecot import Certificates, Dovecot, token
from journal_setup import ENV

JOURNAL, CLIENT = "journaling@journal.example.com", "192.0.2.10"
UNITS = ("journal-milter", "journal-milter-web")
POP3 = """  <directory-sources>
    <file>/etc/jm-test/addresses</file>
    <map>hash:/etc/jm-test/virtual.db</map>
  </directory-sources>
"""
MAILBOX = """  <journal-service>
    <email-address>%s@journal.example.com</email-address>
    <transport-type>POP3</transport-type>
    <pop3>
      <hostname>%s</hostname>
      <port>%d</port>
      <mailbox-name>%s</mailbox-name>
      %s
      <encrypted>%s</encrypted>
      %s<poll-interval>2</poll-interval>
    </pop3>
  </journal-service>
"""


def name_server():
    """Knows every name, all with the address 127.0.0.1. In the machine's network."""
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.bind(("127.0.0.1", 53))
    tap.at_end(s.close)

    def serve():
        while True:
            try:
                query, peer = s.recvfrom(512)
                end = query.index(b"\0", 12) + 5
                kind = struct.unpack(">H", query[end - 4:end - 2])[0]
                record = b"\xc0\x0c" + struct.pack(">HHIH", 1, 1, 60, 4) + bytes([127, 0, 0, 1])
                s.sendto(query[:2] + struct.pack(">HHHHH", 0x8180, 1, int(kind == 1), 0, 0)
                         + query[12:end] + (record if kind == 1 else b""), peer)
            except OSError:	# closed: the test is over
                return

    threading.Thread(target=serve, daemon=True).start()


def written(folder, certificates, dovecot):
    """Writes the files of the machine's /etc/jm-test, and the settings."""
    os.makedirs(folder)
    run.output(os.path.join(tap.BUILD, "milter/ctl/jmctl"), "setup", "example.com", "--output",
               folder + "/setup", "--source", CLIENT, env=ENV)
    with open(folder + "/setup/journal-milter.xml", encoding="utf-8") as f:
        text = f.read()
    secret = "<password-file>/etc/jm-test/password</password-file>"
    tls = MAILBOX % ("mailbox", "localhost.example.com", dovecot.tls_port, "journal", secret, "yes",
                     "<encryption-mode>strict</encryption-mode>"
                     "<ca-file>/etc/jm-test/ca.pem</ca-file><pinned-public-key>%s</pinned-public-key>"
                     % certificates.pin("good"))
    command = "<oauth2-token-command>/etc/jm-test/token</oauth2-token-command>"
    # the name is another one
    tls = tls.replace("<encryption-mode>strict</encryption-mode>",
                      "<encryption-mode>relaxed</encryption-mode>")
    text = text.replace("  <internal-domains>",
                        "  <maximum-age>0</maximum-age>\n  <internal-domains>").replace(
                            "</internal-domains>\n", "</internal-domains>\n" + POP3)
    text = text.replace("</journal-milter>", tls + MAILBOX
                        % ("token", "localhost.example.com", dovecot.tls_port, "journal2", command,
                           "yes", "<encryption-mode>relaxed</encryption-mode>")
                        + "</journal-milter>")
    for name, content in (("journal-milter.xml", text),
                          ("addresses", "alice@example.com\nbob@example.com\n"),
                          ("virtual", "carol@example.com x\n"), ("main.cf", ""),
                          ("password", "secret\n"),
                          ("token", "#!/bin/sh\nsleep 0.2\necho %s\n" % token("journal2"))):
        with open(os.path.join(folder, name), "w", encoding="utf-8") as f:
            f.write(content)
    run.output("cp", certificates.path("ca.pem"), folder)
    run.output("postmap", "-c", folder, "hash:" + folder + "/virtual")


def sysconfdir():
    with open(os.path.join(tap.BUILD, "Makefile"), encoding="utf-8") as f:
        found = dict(re.findall(r"(?m)^(prefix|sysconfdir) = (\S+)$", f.read()))
    return found["sysconfdir"].replace("${prefix}", found["prefix"])


def prepare(folder):
    """Shell commands in the new machine's root, before it starts."""
    settings = sysconfdir().lstrip("/") + "/journal-milter"
    return """
set -e
env -u MAKEFLAGS -u MFLAGS -u MAKELEVEL make -s -C {build} install DESTDIR="$PWD" > /dev/null
cp -r {folder} etc/jm-test
chmod 755 etc/jm-test etc/jm-test/token
for f in usr/local/lib/sysusers.d usr/lib/sysusers.d; do
	[ ! -e $f/journal-milter.conf ] ||
		systemd-sysusers --root="$PWD" "$PWD"/$f/journal-milter.conf
done
chgrp journal-milter etc/jm-test/password 2> /dev/null ||
	chgrp "$(awk -F: '$1 == "journal-milter" {{ print $3 }}' etc/group)" etc/jm-test/password
chmod 640 etc/jm-test/password
rm -f {settings}/journal-milter.xml
ln -s /etc/jm-test/journal-milter.xml {settings}/journal-milter.xml
rm -f etc/resolv.conf
echo nameserver 127.0.0.1 > etc/resolv.conf
for u in {units}; do
	mkdir -p etc/systemd/system/$u.service.d
	printf '[Service]\\nSystemCallErrorNumber=kill\\nRestartSec=1\\n' \\
		> etc/systemd/system/$u.service.d/test.conf
done
printf 'WatchdogSec=20\\n' >> etc/systemd/system/journal-milter.service.d/test.conf
printf '[Unit]\\nRequires=sysinit.target\\nWants=dbus.socket {units_wanted}\\n' \\
	> etc/systemd/system/jm-test.target
printf 'AllowIsolate=yes\\n' >> etc/systemd/system/jm-test.target
for u in systemd-networkd-wait-online NetworkManager-wait-online ifupdown-wait-online networking; do
	ln -sf /dev/null etc/systemd/system/$u.service
done
""".format(build=tap.BUILD, folder=folder, settings=settings, units=" ".join(UNITS),
           units_wanted=" ".join(u + ".service" for u in UNITS))


class Here:
    """The machine, asked as its operator would."""

    def __init__(self, m):
        self.m = m
        self.jmctl_path = m.run("sh", "-c", "command -v jmctl")[1].strip()

    def show(self, unit, what):
        return self.m.run("systemctl", "show", "-P", what, unit)[1].strip()

    def jmctl(self, *args):
        return self.m.run(self.jmctl_path, *args)

    def items(self):
        return json.loads(self.jmctl("status", "--json")[1])["items"]

    def pids(self):
        return [self.show(u, "MainPID") for u in UNITS]

    def log(self, unit="journal-milter"):
        return self.m.run("journalctl", "--no-pager", "-o", "cat", "-u", unit)[1]

    def page(self, path="/"):
        def get():
            with urllib.request.urlopen("http://127.0.0.1:8385" + path, timeout=300) as f:
                return f.read().decode()
        return self.m.network(get)


def started(h):
    for u in UNITS:
        try:
            run.until(lambda unit=u: h.show(unit, "ActiveState") in ("active", "failed"),
                      u + " is started")
        except TimeoutError:
            tap.diag(h.m.run("systemctl", "--no-pager", "list-jobs")[1] + h.log(u)[-2000:])
        tap.is_((h.show(u, "ActiveState"), h.show(u, "Result")), ("active", "success"),
                "%s is started" % u) or tap.diag(h.log(u)[-3000:])
    tap.is_(h.show("journal-milter", "SystemCallErrorNumber") not in ("", "1"), True,
            "a system call that is not let through kills")
    def told():
        return re.search(r"^3 services: .*Awaiting Initial Run",
                         h.show("journal-milter", "StatusText")) is not None
    tap.ok(run.settled(told, True), "its status is told", h.show("journal-milter", "StatusText"))
    st = os.stat(h.m.path("/run/journal-milter/milter.sock"))
    group = h.m.run("getent", "group", "journal-mta")[1].split(":")
    tap.is_((oct(st.st_mode & 0o777), str(st.st_gid)), ("0o660", group[2]),
            "the milter's socket belongs to the group journal-mta")
    tap.is_(h.m.run("systemctl", "show", "-P", "Before",
                    "journal-milter")[1].count("postfix@-.service"), 1, "it starts before Postfix")


def mail(h):
    """Small and large, at once."""
    kinds = []

    def send(k, n, size):
        with milter.Session("unix:" + h.m.path("/run/journal-milter/milter.sock")) as s:
            s.connect(CLIENT)
            for i in range(n):
                s.mail("<alice@example.com>")
                s.rcpt("<%s>" % JOURNAL)
                kinds.append(s.message(corpus.report("%d-%d" % (k, i), size)).kind)
            s.quit()

    threads = [threading.Thread(target=send, args=(k, 20, 20000))
               for k in range(4)] + [threading.Thread(target=send, args=(9, 2, 20000000))]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    tap.is_(kinds, ["d"] * 82, "82 messages, two of them of 20 MB, are archived")


def verbs(h):
    """The verbs an operator uses."""
    item = str(json.loads(h.jmctl("list", "--limit", "1", "--json")[1].splitlines()[0])["id"])
    for args in (("status",), ("list", "--newest"), ("check",), ("events",), ("queue",),
                 ("verify",), ("domain", "list"), ("show", item), ("export", item),
                 ("backup", "/root/copy"), ("backup", "/root/copy")):
        status, out = h.jmctl(*args)
        tap.ok(status == 0, "jmctl " + " ".join(args), out[-1500:])


def reloads(h):
    pid = h.pids()[0]
    tap.is_(h.m.run("systemctl", "reload", "journal-milter")[0], 0, "reload with good settings")
    run.until(lambda: "reloaded" in h.log(), "it is reloaded")
    with open(h.m.path("/etc/jm-test/journal-milter.xml"), "r+", encoding="utf-8") as f:
        text = f.read()
        f.seek(0)
        f.write("<wrong" + text[6:])
    tap.ok(h.m.run("systemctl", "reload", "journal-milter")[0] != 0,
           "a reload with wrong settings fails")
    tap.ok(run.settled(lambda: bool(re.search(r"journal-milter\.xml:\d", h.log())), True),
           "the journal tells the line")
    tap.is_((h.show("journal-milter", "ActiveState"), h.pids()[0]), ("active", pid),
            "and the daemon goes on")
    with open(h.m.path("/etc/jm-test/journal-milter.xml"), "w", encoding="utf-8") as f:
        f.write(text)


def page(h):
    run.until(lambda: ">OK" in h.page(), "the status page shows the service")
    for path, text in (("/", JOURNAL), ("/metrics", "journal_milter_service_state"),
                       ("/api/status", '"services"'), ("/healthz", "")):
        # an address is in several elements, one for each part
        tap.ok(text in re.sub("<[^>]*>", "", h.page(path)), "the status page answers " + path)

    def certificates():
        services = json.loads(h.page("/api/status"))["services"]
        return [services[n + "@journal.example.com"]["certificate_until"]
                for n in ("mailbox", "token")]
    ends = ["2049-12-31T00:00:00.000Z"] * 2
    tap.is_(run.settled(certificates, ends, pause=0.5), ends,
            "until when the certificates of the mail servers hold")
    pid = h.pids()[1]
    with open(h.m.path("/proc/%s/status" % pid), encoding="ascii") as f:
        status = dict(line.split(":\t", 1) for line in f.read().splitlines() if ":\t" in line)
    tap.is_((status["CapEff"].strip("0"), status["NoNewPrivs"], status["Seccomp"]), ("", "1", "2"),
            "it has no capability and a filter")
    tap.ok(int(status["Uid"].split()[0]) >= 61184,
           "it has a user of its own: " + status["Uid"].split()[0])
    tap.is_(subprocess.run(["ls", h.m.path("/proc/%s/root/var/lib/journal-milter" % pid)],
                           stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False).stdout,
            b"", "the archive is not there for it")


def falls(h):
    """A kill, a hang, wrong settings at the start."""
    pid = h.pids()[0]
    items = h.items()
    h.m.run("kill", "-9", pid)
    run.until(lambda: h.show("journal-milter", "ActiveState") == "active"
              and h.pids()[0] not in ("0", pid), "it comes back")
    tap.is_(h.items(), items, "after kill -9 it is started again, with all that it had")
    pid = h.pids()[0]
    h.m.run("kill", "-STOP", pid)
    run.until(lambda: h.show("journal-milter", "ActiveState") == "active"
              and h.pids()[0] not in ("0", pid), "it comes back")
    tap.ok(run.settled(lambda: "Watchdog timeout"
                       in h.m.run("journalctl", "--no-pager", "-o", "cat",
                                  "UNIT=journal-milter.service")[1], True),
           "a daemon that hangs is ended by the watchdog, and started again")
    path = h.m.path("/etc/jm-test/journal-milter.xml")
    os.rename(path, path + ".good")
    with open(path, "w", encoding="utf-8") as f:
        f.write("<journal-milter>")
    tap.ok(h.m.run("systemctl", "restart", "journal-milter")[0] != 0,
           "wrong settings at the start: an error at once")
    time.sleep(1.5)
    tap.is_((h.show("journal-milter", "ActiveState"), h.show("journal-milter", "ExecMainStatus")),
            ("failed", "78"), "and no endless try")
    os.rename(path + ".good", path)
    tap.is_(h.m.run("systemctl", "restart", "journal-milter")[0], 0,
            "with the right ones it starts")
    tap.is_(h.m.run("systemctl", "stop", *UNITS)[0], 0, "both are stopped")
    tap.is_([h.show(u, "Result") for u in UNITS], ["success", "success"], "in order")
    status, out = h.jmctl("verify")
    tap.ok(status == 0, "jmctl verify without the daemon finds nothing wrong", out)
    tap.is_(h.m.run("systemctl", "start", "journal-milter")[0], 0,
            "and leaves nothing behind that the daemon's user may not open")


def main():
    tap.need("make", "postmap", "dovecot", "openssl", root=True)
    lacks = machine.missing()
    folder = tap.folder() + "/jm-test"
    certificates = Certificates(tap.folder() + "/ca")
    dovecot = Dovecot(tap.folder() + "/dovecot", certificates=certificates)
    written(folder, certificates, dovecot)
    m = machine.Machine(addresses=(CLIENT,), prepare=prepare(folder), unit="jm-test.target")
    tap.at_end(m.stop)
    try:
        if lacks:
            raise RuntimeError("missing: " + lacks)
        m.start()
    except (OSError, RuntimeError) as e:
        tap.ok(True, "no second machine can be started here, so the units were not tried")
        tap.diag(e)
        sys.exit(tap.done())
    h = Here(m)
    m.network(name_server)
    started(h)
    mail(h)
    dovecot.put([corpus.report("pop3-%d" % i, 3000).replace(b"\r\n", b"\n") for i in range(20)])
    dovecot.put([corpus.report("token-%d" % i, 3000).replace(b"\r\n", b"\n") for i in range(20)],
                user="journal2")
    m.network(dovecot.start)
    run.until(lambda: dovecot.count() == 0 and dovecot.count("journal2") == 0,
              "both mailboxes are emptied")
    tap.ok(True,
           "POP3 over TLS with a name from DNS, with a password file and with a token command")
    verbs(h)
    reloads(h)
    page(h)
    tap.ok(run.settled(lambda: bool(re.search(r"directory-loaded.*[12] addresses", h.log())), True),
           "directory files are read")
    tap.is_([line for line in h.log().splitlines() if re.search(
        r"descriptor-limit|publish-f|event-lost", line)], [], "nothing was refused to it")
    falls(h)
    out = m.run("journalctl", "--no-pager", "-o", "cat")[1]
    tap.is_(re.findall(r".*(?:SIGSYS|status=31/SYS).*", out), [], "no system call was missing")
    sys.exit(tap.done())


main()
