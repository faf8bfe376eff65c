# SPDX-License-Identifier: BSD-2-Clause
"""A Debian in a folder that a test installs things in, step by step (machine.py starts it)."""
import email.utils
import json
import os
import re
import shutil
import smtplib
import subprocess
import time
import urllib.request

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
EXCHANGE, SMART_HOST = "192.0.2.10", "192.0.2.25"
REPORT = "t/corpus/journal/003-bcc-folded-case.eml"


def run(*args, **kw):
    return subprocess.run([str(a) for a in args], check=True, **kw)


def make(root, base, suite="bookworm"):
    """An empty Debian in the folder root, from the file base, which is made when it is missing."""
    os.makedirs(root)
    if not os.path.exists(base):
        run("mmdebstrap", "--quiet", "--variant=minbase", "--include=systemd,systemd-sysv,dbus",
            suite, base)
    run("tar", "-x", "--numeric-owner", "-f", base, "-C", root)
    shutil.copy("/etc/resolv.conf", root + "/etc/resolv.conf")
    hosts = "127.0.0.1 localhost\n%s mail.example.com mail journal.example.com\n" % SMART_HOST
    for name, text in (("hostname", "mail\n"), ("hosts", hosts)):
        with open(root + "/etc/" + name, "w", encoding="ascii") as f:
            f.write(text)


def copy_source(to):
    """The files of this clone, as they are now, or of this release."""
    os.makedirs(to)
    if os.path.isdir(os.path.join(TOP, ".git")):
        files = run("git", "-C", TOP, "ls-files", "-z", stdout=subprocess.PIPE).stdout
        tar = run("tar", "-C", TOP, "-c", "--null", "-T", "-", input=files,
                  stdout=subprocess.PIPE).stdout
        run("tar", "-x", "-C", to, "--no-same-owner", input=tar)
    else:
        run("cp", "-R", TOP + "/.", to)


class Shell:
    """A shell in it. network: its own network, else the one with a route to the outside."""

    def __init__(self, machine, network):
        self.process = subprocess.Popen(machine.inside("bash", "--norc", network=network),
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.STDOUT)

    def do(self, command):
        """Run a command. Returns (exit status, output)."""
        self.process.stdin.write(("{ %s\n} < /dev/null\necho \"@@@ $?\"\n" % command).encode())
        self.process.stdin.flush()
        out = []
        for line in iter(self.process.stdout.readline, b""):
            text = line.decode("utf-8", "replace")
            if "@@@ " in text:
                before, _, status = text.partition("@@@ ")
                return int(status), "".join(out) + before
            out.append(text)
        return 255, "".join(out)


def send(port=25, message_id=None):
    """Send a report from Exchange's address, in the network of the Debian: (0 or 1, the answer)."""
    with open(os.path.join(TOP, REPORT), "rb") as f:
        now = b"Date: " + email.utils.formatdate().encode()  # with its own date it is too old
        report = re.sub(rb"(?m)^Date: .*?(?=\r?$)", now, f.read())
    if message_id:
        report = re.sub(rb"(?im)^(Message-ID: ).*?(?=\r?$)", rb"\1<%s>" % message_id.encode(),
                        report)  # of the report and of the message inside
    with smtplib.SMTP(SMART_HOST, port, source_address=(EXCHANGE, 0), timeout=60) as s:
        s.ehlo("exchange.example.com")
        code, text = s.mail("journal-ndr@example.com")
        if code == 250:
            code, text = s.rcpt("journaling@journal.example.com")
        if code == 250:
            code, text = s.data(report)
    return int(code != 250), "%d %s" % (code, text.decode())


def page(state):
    """Wait until the status page shows the service in this state, in the network of the Debian."""
    for _ in range(60):
        with urllib.request.urlopen("http://127.0.0.1:8385/api/status", timeout=10) as f:
            found = [v["state"] for v in json.load(f)["services"].values()]
        if found == [state]:
            with urllib.request.urlopen("http://127.0.0.1:8385/", timeout=10) as f:
                return int((">" + state).encode() not in f.read()), state
        time.sleep(0.5)
    return 1, "it says %s" % found


class Transcript:
    def __init__(self):
        self.begun = time.monotonic()

    def show(self, command, work, lines=12):
        begun = time.monotonic()
        print("[%5.1f s] # %s" % (begun - self.begun, command), flush=True)
        status, out = work()
        text = out.rstrip().splitlines()
        for line in (["..."] if len(text) > lines else []) + text[-lines:]:
            print("              " + line[:150])
        if status != 0:
            print("              exit %d" % status)
        took = time.monotonic() - begun
        if took > 2:
            print("              (%.1f s)" % took, flush=True)
        return status


def until_state(shell, state):
    out = ""
    for _ in range(60):
        out = shell.do("jmctl status")[1]
        if state in out:
            return 0, out
        time.sleep(0.5)
    return 1, out
