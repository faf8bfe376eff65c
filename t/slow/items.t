#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""
Answers about many items: each item is there, once, and the memory of jmctl and of the daemon does
not grow with their number. 5,000 items, or JM_ITEMS; compared with a tenth of them.
"""
import json
import os
import shutil
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
import corpus
import run
import tap
from daemon import Daemon
from jmctl import PROGRAM
from peaks import ask

MANY = int(os.environ.get("JM_ITEMS", "5000"))
FEW = MANY // 10
CLIENT, TOKEN = "192.0.2.25", "LOADUNIQUE000000"
MB = 1048576
ROOM = 8 * MB		# that the answer about all may take more than that about a tenth
CACHE = 40 * MB		# of the catalog, which both may fill
EACH_MAPPED = 2000	# bytes for an item in mappings of files that the kernel can take back
OUT = os.path.join(tap.folder(), "out")
VERBS = (["list", "--json"], ["search", "--address", "bob@example.com", "--json"],
         ["export", "--all", "--format", "mbox", "--output"])


def deliver(d, name, count):
    """Reports about as many messages, from four connections."""
    folder = os.path.join(tap.folder(), name)
    os.makedirs(folder)
    inner = ("From: alice@example.com\r\nTo: bob@example.com\r\nSubject: %s\r\n"
             "Message-ID: <%s.%s@example.com>\r\nDate: Tue, 17 Jul 2029 12:13:27 +0000\r\n\r\nx\r\n"
             % (name, name, TOKEN)).encode()
    with open(folder + "/report.eml", "wb") as f:
        f.write(corpus.report(name, message_id="<%s.%s@example.com>" % (name, TOKEN), inner=inner,
                              recipients=["bob@example.com"]))
    subprocess.run([os.path.join(tap.BUILD, "t/bench/milter-load"), "-s", d.socket, "-c", "4", "-n",
                    str(count), "-t", "3600", "-u", "-d", folder, "-C", CLIENT, "-f",
                    "a@example.com", "-e", "discard"], stdout=subprocess.DEVNULL, check=True)


def found():
    """How many items the last answer has; None if one of them is there twice."""
    with open(OUT, "rb") as f:
        ids = [json.loads(line)["id"] for line in f]
    return len(ids) if len(ids) == len(set(ids)) else None


def messages(folder):
    """The same for the mbox in the folder."""
    names = []
    for name in os.listdir(folder):
        if name.endswith(".mbox"):
            with open(os.path.join(folder, name), "rb") as f:
                names += [line for line in f if line.startswith(b"Message-ID: ")]
    shutil.rmtree(folder)
    return len(names) if len(names) == len(set(names)) else None


def asked(d, count, how):
    """Ask for all items in each way. {verb: {(who, field): bytes}}"""
    most = {}
    for args in VERBS:
        folder = os.path.join(tap.folder(), "mbox") if args[0] == "export" else None
        status, said, most[args[0]] = ask(d, OUT, *args, *([folder] if folder else []))
        n = messages(folder) if folder else found()
        tap.ok(status == 0 and n == count, "%s%s: each of %d items, once" % (args[0], how, count),
               "%s: %s" % (n, said))
    return most


def flat(few, many, how):
    for who, field, room in (("jmctl", "VmHWM", ROOM), ("daemon", "RssAnon", ROOM + CACHE),
                             ("daemon", "VmHWM", ROOM + CACHE + EACH_MAPPED * MANY)):
        grown = {verb: (many[verb][who, field] - few[verb].get((who, field), 0)) / MB
                 for verb in many if (who, field) in many[verb]}
        tap.ok(grown and max(grown.values()) < room / MB,
               "memory%s: %s of %s is at most %d MB more than for %d items"
               % (how, field, who, room // MB, FEW), grown)


def vanish(d, args):
    """A client that reads the beginning of an answer and is killed."""
    with subprocess.Popen([PROGRAM, args[0], "--config", d.settings, *args[1:]],
                          stdout=subprocess.PIPE) as p:
        p.stdout.read(100)
        p.kill()


d = Daemon(os.path.join(tap.folder(), "milter"), outbounds=(CLIENT,)).start()
deliver(d, "few", FEW)
few = {"": asked(d, FEW, "")}
tap.is_(d.stop(), 0, "the daemon stops with status 0")
few[" without a daemon"] = asked(d, FEW, " without a daemon")
d.start()
deliver(d, "many", MANY - FEW)
flat(few[""], asked(d, MANY, ""), "")
open_files = len(os.listdir("/proc/%d/fd" % d.pid))
for k in range(20):
    vanish(d, VERBS[k % 2])
run.until(lambda: len(os.listdir("/proc/%d/fd" % d.pid)) <= open_files,
          "the daemon has closed what 20 clients left that were killed")
tap.is_(d.jmctl.list("--limit", "1")[0]["id"], 1, "20 clients that were killed leave nothing open")
tap.is_(d.stop(), 0, "the daemon stops with status 0")
how = " without a daemon"
flat(few[how], asked(d, MANY, how), how)
tap.is_(d.complaints(), [], "the daemon complains of nothing")
sys.exit(tap.done())
