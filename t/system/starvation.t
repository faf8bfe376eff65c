#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Trap 1: with 64 sessions and a slow disk no session waits for others to end before it is served, and commits are shared."""
import json
import os
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
import run
import tap
from daemon import Daemon

SYNC_US = 100000
shim = tap.folder() + "/slow-sync.so"
run.output("cc", "-D_GNU_SOURCE", "-shared", "-fPIC", "-O1", "-U_FORTIFY_SOURCE", "-o", shim, os.path.join(tap.SRC, "t/lib/slow-sync.c"))
d = Daemon(tap.folder() + "/milter", outbounds=("192.0.2.25",),
           env={"LD_PRELOAD": shim, "SLOW_SYNC_US": str(SYNC_US), "ASAN_OPTIONS": "verify_asan_link_order=0:detect_leaks=0"}).start()
r = subprocess.run([os.path.join(tap.BUILD, "t/bench/milter-load"), "-s", d.socket, "-c", "64", "-n", "3200", "-k", "5", "-t", "500", "-u", "-J",
                    "-f", "a@example.com", "-C", "192.0.2.25", "-e", "discard"], stdout=subprocess.PIPE, check=False, timeout=600)
found = json.loads(r.stdout)
tap.diag(json.dumps(found))
tap.is_((r.returncode, found["messages"]), (0, 3200), "64 sessions, a sync of 100 ms: all messages archived")
tap.ok(found["session_ms"]["p50"] < 500, "the median session waits less than half a second between connect and MAIL", found["session_ms"])
tap.ok(found["session_ms"]["max"] < 10000, "none waits 10 s", found["session_ms"])
tap.ok(found["eom_ms"]["p99"] < 5000, "99 of 100 messages are durable within 5 s", found["eom_ms"])
tap.ok(found["per_s"] > 4e6 / SYNC_US, "more than four messages share a sync: %.0f a second" % found["per_s"], found)
tap.is_(d.jmctl.status() and len(d.jmctl.list()), 3200, "3200 items")
tap.is_(d.stop(), 0, "the daemon stops with status 0")
sys.exit(tap.done())
