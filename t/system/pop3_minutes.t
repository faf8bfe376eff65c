#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""
minutes-per-connection: a slow mailbox is emptied in connections of a minute, so that what was
fetched is also deleted, each message once. The daemon's monotonic clock runs ten times as fast.
"""
import os
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
import delay
import pop3
import run
import tap
from daemon import Daemon, service
from pop3_quirks import Pop3Server

BOX, MESSAGES = "box@journal.example.com", 75
SHIM = """#define _GNU_SOURCE
#include <dlfcn.h>
#include <time.h>

int clock_gettime(clockid_t id, struct timespec *t)
{
	static int (*real)(clockid_t, struct timespec *);
	long long ns;
	int rc;

	if (!real)
		*(void **)&real = dlsym(RTLD_NEXT, "clock_gettime");
	rc = real(id, t);
	if (rc != 0 || id != CLOCK_MONOTONIC)
		return rc;
	ns = (t->tv_sec % 100000000 * 1000000000LL + t->tv_nsec) * 10;
	t->tv_sec = ns / 1000000000;
	t->tv_nsec = ns % 1000000000;
	return 0;
}
"""
shim = os.path.join(tap.folder(), "fast.so")
with open(shim + ".c", "w", encoding="ascii") as f:
    f.write(SHIM)
run.output(os.environ.get("CC", "cc"), "-shared", "-fPIC", "-o", shim, shim + ".c", "-ldl")
secret = os.path.join(tap.folder(), "password")
with open(secret, "w", encoding="ascii") as f:
    f.write("secret\n")
os.chmod(secret, 0o600)
server = Pop3Server([("m%d" % i, pop3.message(i)) for i in range(MESSAGES)])
far = delay.Relay(server.port, 50)
d = Daemon(os.path.join(tap.folder(), "d"), [service(BOX, transport_type="POP3", pop3={
    "hostname": "127.0.0.1", "port": far.port, "mailbox-name": "journal", "password-file": secret,
    "encrypted": False, "poll-interval": 86400,
    "minutes-per-connection": 1, "pipelining": "off", "answer-timeout": 3600})],
           env={"LD_PRELOAD": shim, "ASAN_OPTIONS": "verify_asan_link_order=0:detect_leaks=0"})
began = time.monotonic()
d.start()
run.until(lambda: len(server.messages) < MESSAGES, "the first connection's messages are deleted",
          1200, 0.2)
first, left = time.monotonic() - began, len(server.messages)
tap.ok(first >= 6,
       "the first connection lasts its minute: messages are deleted after %.1f s" % first)
tap.ok(0 < left < MESSAGES,
       "it deletes what it fetched, and leaves the rest: %d of %d" % (left, MESSAGES))
run.until(lambda: not server.messages, "the mailbox is empty", 1200, 0.2)
tap.ok(server.sessions > 1, "the next connection begins at once: %d in all" % server.sessions)
tap.is_(sorted(d.jmctl.export(i["id"], "--report") for i in d.jmctl.list()),
        sorted(pop3.message(i) for i in range(MESSAGES)), "each message is one item")
tap.is_(d.stop(), 0, "the daemon stops")
tap.is_(d.complaints(), [], "no complaint in the log")
sys.exit(tap.done())
