#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""
A journal report of 150 MB in a journal mailbox: the daemon's anonymous memory stays under 96 MB,
and every byte is archived.
"""
import hashlib
import os
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
import corpus
import pop3
import run
import tap
from daemon import Daemon, service
from pop3_quirks import Pop3Server

SIZE, LIMIT = 150000000, 96 * 1024 * 1024
home = tap.folder()
report = corpus.report("huge", SIZE)
small = pop3.message(1)
server = Pop3Server([("huge", report), ("small", small)])
d = Daemon(os.path.join(home, "jm"), [service("j@journal.example.com", transport_type="POP3", pop3={
    "hostname": "127.0.0.1", "port": server.port, "mailbox-name": "j",
    "oauth2-token-command": "echo token", "encrypted": False,
    "poll-interval": 1})])
most, over = [0], threading.Event()
d.start()


def watch():
    while not over.is_set():
        most[0] = max(most[0], d.memory())
        time.sleep(0.02)


watcher = threading.Thread(target=watch)
watcher.start()
run.until(lambda: not server.messages, "the mailbox is empty", 1200, 0.2)
over.set()
watcher.join()
tap.ok(0 < most[0] < LIMIT,
       "anonymous memory stays under 96 MB: at most %.1f MB" % (most[0] / 1048576))
found = sorted(hashlib.sha256(d.jmctl.export(i["id"], "--report")).hexdigest()
               for i in d.jmctl.list())
tap.is_(found, sorted(hashlib.sha256(m).hexdigest() for m in (report, small)),
        "every byte of it, and of the one behind it, comes back")
tap.is_(sum(c.startswith("RETR") for c in server.commands()), 2, "each was fetched once")
tap.is_(d.jmctl.verify()[0], 0, "jmctl verify finds nothing wrong")
tap.is_(d.stop(), 0, "the daemon stops with status 0")
sys.exit(tap.done())
