#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""
make bench-pop3: mails of 20 KB from a private Dovecot, fetched and archived durably, beside mpop to
an mbox file in the same run; pipelining over a round trip of 20 ms; a mailbox of many messages
listed and resumed. JM_TMPDIR chooses the disk.
"""
import argparse
import os
import random
import shutil
import statistics
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
import delay
import dovecot
import pop3
import run
import tap
from daemon import Daemon, service


def messages(n, size):
    """n messages with LF line ends; bodies cut from random base64, as attachments are."""
    chance = random.Random(7)
    pool = "".join(chance.choice("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")
                   for _ in range(70000))
    for i in range(n):
        at = chance.randrange(40000)
        text = pool[at:at + size - 200]
        body = "\n".join(text[k:k + 76] for k in range(0, len(text), 76)) + "\n"
        yield ("From: a%d@example.com\nTo: journal@example.net\nSubject: item %d\n"
               "Message-ID: <b%d@example.com>\n"
               "Date: Mon, 01 Jan 2024 00:00:00 +0000\n\n%s" % (i, i, i, body)).encode()


def mpop(home, port, count):
    """Seconds of mpop to an mbox file; keeps the mail on the server."""
    box, conf = os.path.join(home, "mbox"), os.path.join(home, "mpoprc")
    for name in (box, os.path.join(home, "uidls")):
        if os.path.exists(name):
            os.unlink(name)
    open(box, "wb").close()
    with open(conf, "w", encoding="ascii") as f:
        f.write("account default\nhost 127.0.0.1\nport %d\nuser journal\npassword secret\n"
                "auth plain\ntls off\nkeep on\n"
                "uidls_file %s/uidls\ndelivery mbox %s\nreceived_header off\n" % (port, home, box))
    os.chmod(conf, 0o600)
    began = time.monotonic()
    subprocess.run(["mpop", "-q", "-C", conf], check=True)
    seconds = time.monotonic() - began
    with open(box, "rb") as f:
        found = sum(line.startswith(b"Message-ID: <b") for line in f)
    if found != count:
        raise RuntimeError("mpop delivered %d of %d" % (found, count))
    return seconds


def collect(home, port, count, password, round_number):
    """
    Seconds of the daemon from its first word to the mailbox until all is archived durably; keeps
    the mail on the server too.
    """
    d = Daemon(os.path.join(home, "jm%d" % round_number), [
        service("j@journal.example.com", transport_type="POP3", pop3={
            "hostname": "127.0.0.1", "port": port, "mailbox-name": "journal",
            "password-file": password, "encrypted": False,
            "poll-interval": 3600, "messages-per-connection": 1000000, "leave-on-server": True})])
    began = time.monotonic()
    d.start()
    run.until(lambda: "pop3-session" in d.log(), "fetched", 600, 0.02)
    seconds = time.monotonic() - began
    if d.jmctl.status()["reports"] != count:
        raise RuntimeError("archived %s of %d" % (d.jmctl.status()["reports"], count))
    d.stop()
    shutil.rmtree(d.archive)
    return seconds


def pull(port, **options):
    p = pop3.Pull(host="127.0.0.1", port=port, security="clear", allow_clear=1, password="secret",
                  delete=0, quiet=1, timeout=60000, **options)
    if p.status != 0:
        raise RuntimeError(p.text[-500:])
    return int(p.used_ms.split()[0]) / 1000


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--messages", type=int, default=10000)
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument("--many", type=int, default=100000)
    o = options.parse_args()
    tap.need("dovecot", "mpop")
    home = tap.folder()
    password = os.path.join(home, "password")
    with open(password, "w", encoding="ascii") as f:
        f.write("secret\n")
    os.chmod(password, 0o600)
    box = dovecot.Dovecot(os.path.join(home, "dovecot")).start()
    box.put(messages(o.messages, 20000))
    pull(box.port)		# warm: Dovecot makes its index
    ours, theirs = [], []
    for n in range(o.rounds):
        ours.append(collect(home, box.port, o.messages, password, n))
        theirs.append(mpop(home, box.port, o.messages))
    a, b = statistics.median(ours), statistics.median(theirs)
    print("archived durably  %6.2f s  %6.0f messages/s   %s"
          % (a, o.messages / a, " ".join("%.2f" % s for s in ours)))
    print("mpop to an mbox   %6.2f s  %6.0f messages/s   %s"
          % (b, o.messages / b, " ".join("%.2f" % s for s in theirs)))
    print("ratio             %6.2f    (mpop's time by ours)" % (b / a))
    far = delay.Relay(box.port, 10)
    serial, deep = pull(far.port, depth=1, max=300), pull(far.port, depth=32, max=300)
    print("20 ms round trip, 300 messages: one by one %.2f s, 32 deep %.2f s, ratio %.1f"
          % (serial, deep, serial / deep))
    if o.many:
        shutil.rmtree(box.box("journal2"))
        box.put((b"Subject: %d\n\nx\n" % i for i in range(o.many)), "journal2")
        marks = os.path.join(home, "marks")
        p = [pop3.Pull(host="127.0.0.1", port=box.port, security="clear", allow_clear=1,
                       user="journal2", password="secret2", delete=0, quiet=1, timeout=300000,
                       marks=marks, leave=1, max=o.many - 10) for _ in range(2)]
        print("%d messages: first %s; resumed: %s, %s" % (
            o.many, p[0].facts.get("used-ms"), p[1].facts.get("plan"), p[1].facts.get("used-ms")))
    return tap.done() if b >= a else 1


sys.exit(main())
