#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""
Eight messages of 150 MB at once: anonymous memory stays under 96 MB, and every byte is archived.
"""
import hashlib
import os
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
import corpus
import milter
import tap
from daemon import Daemon

MESSAGES, SIZE, LIMIT = 8, 150000000, 96 * 1024 * 1024
JOURNAL, CLIENT = "journaling@journal.example.com", "192.0.2.25"
d = Daemon(tap.folder() + "/milter", outbounds=(CLIENT,)).start()
start = corpus.report("huge-0", SIZE)
answers, digests, most, over = {}, {}, [0], threading.Event()
tap.diag("before: %.1f MB anonymous" % (d.memory() / 1e6))


def watch():
    while not over.is_set():
        most[0] = max(most[0], d.memory())
        time.sleep(0.02)


def one(k):
    report = start.replace(b"huge-0", b"huge-%d" % k)
    digests[hashlib.sha256(report).hexdigest()] = k
    answers[k] = milter.deliver(d.socket, "a@example.com", [JOURNAL], report, CLIENT).kind


watcher = threading.Thread(target=watch)
watcher.start()
begun = time.monotonic()
threads = [threading.Thread(target=one, args=(k,)) for k in range(MESSAGES)]
for t in threads:
    t.start()
for t in threads:
    t.join()
tap.diag("%.1f s, %.0f MB/s" % (time.monotonic() - begun,
                                MESSAGES * SIZE / 1e6 / (time.monotonic() - begun)))
over.set()
watcher.join()
tap.is_(sorted(answers.values()), ["d"] * MESSAGES,
        "%d messages of %d MB at once: archived" % (MESSAGES, SIZE // 1000000))
tap.ok(most[0] < LIMIT, "anonymous memory stays under 96 MB: at most %.1f MB" % (most[0] / 1048576))
found = [hashlib.sha256(d.jmctl.export(i["id"], "--report")).hexdigest() for i in d.jmctl.list()]
tap.is_(sorted(found), sorted(digests), "every byte of them comes back")
tap.is_(d.jmctl.verify()[0], 0, "jmctl verify finds nothing wrong")
tap.is_(d.stop(), 0, "the daemon stops with status 0")
sys.exit(tap.done())
