#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""
The bar of long work, verb by verb: on a terminal it appears, grows, and is removed; anywhere
else there is no progress line.
"""
import glob
import os
import pty
import re
import shutil
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
import jmctl
import run
import tap

DEPOSIT = os.path.join(tap.BUILD, "t/lib/deposit_files")
EML = sorted(glob.glob(os.path.join(tap.SRC, "t/corpus/journal/*.eml")))[:30:3]
AMOUNT = {"bytes": r"[0-9.]+ k?M?B", "records": r"\d+", "messages": r"\d+"}
WIPE = "\r\x1b[K"


def path(name):
    return os.path.join(tap.folder(), name)


# verb, its arguments, what its pictures count, its phases in order
VERBS = (
    ("verify", ("--archive", path("a")), "bytes", ("",)),
    ("rebuild", ("--archive", path("a")), "bytes", ("",)),
    ("backup", ("--archive", path("a"), path("backup")), "bytes", ("copy", "catalog", "verify")),
    ("restore", ("--archive", path("restored"), path("backup")), "bytes",
     ("copy", "catalog", "verify")),
    ("dump", ("--archive", path("a"), path("dump")), "records", ("",)),
    ("load", ("--archive", path("loaded"), path("dump")), "bytes", ("manifest",)),
    ("import", ("--archive", path("restored"), "--service", "journaling@journal.example.com", *EML),
     "bytes", ("",)),
    ("export", ("--archive", path("a"), "--all", "--bcc", "--output", path("exported")), "messages",
     ("",)),)


def on_terminal(*args, term="xterm"):
    """
    (exit status, what standard error shows as text, standard output) with a terminal for standard
    error alone.
    """
    master, slave = pty.openpty()
    p = subprocess.Popen([jmctl.PROGRAM, *args], stdin=subprocess.DEVNULL,
                         stdout=open(path("out"), "wb"), stderr=slave,
                         env=dict(os.environ, TERM=term))
    os.close(slave)
    seen = run.shown(master)
    with open(path("out"), "rb") as f:
        return p.wait(), seen.decode(), f.read()


def check(verb, seen, unit, phases):
    pictures = re.findall(r"\r\x1b\[K(?:(\w+) )?( *\d+)% \[(#*) *\] ([^\r]*)", seen)
    tap.ok(pictures, "%s: there is a bar" % verb, repr(seen))
    rest = r"%s of %s%s(, %s/s, \d+:\d\d:\d\d left)?" \
        % (AMOUNT[unit], AMOUNT[unit], "" if unit == "bytes" else " " + unit, AMOUNT[unit])
    tap.is_([p[3] for p in pictures if not re.fullmatch(rest, p[3])], [],
            "%s: each picture has how much of how much, and from the second on how fast "
            "and how long" % verb)
    tap.is_(tuple(dict.fromkeys(p[0] for p in pictures)), phases, "%s: its phases" % verb)
    for phase in phases:
        parts = [int(p[1]) for p in pictures if p[0] == phase]
        first = next((p[3] for p in pictures if p[0] == phase), "")
        tap.ok(parts == sorted(parts) and parts and parts[-1] <= 100,
               "%s %s: it grows" % (verb, phase), parts)
        tap.ok("left" not in first, "%s %s: the first picture promises nothing" % (verb, phase),
               first)
    # The percent are rounded, the bar is cut: together not more than one column and half a percent.
    odd = [p[1:3] for p in pictures if abs(len(p[2]) - int(p[1]) * 24 / 100) > 1.125]
    tap.is_(odd, [], "%s: its length is the share" % verb)
    tap.ok(seen.rsplit("%", 1)[-1].count(WIPE) >= 1, "%s: it is taken away in the end" % verb,
           repr(seen[-100:]))


def again(verb, args):
    """Restores the verb's target, so that the verb can run again."""
    if verb in ("backup", "restore", "dump", "load"):
        shutil.rmtree(args[1] if verb in ("restore", "load") else args[-1])
    if verb == "export":
        shutil.rmtree(args[-1])


run.output(DEPOSIT, "--repeat", "20", path("a"), *EML)
for verb, args, unit, phases in VERBS:
    status, seen, out = on_terminal(verb, *args)
    tap.is_(status, 0, "%s on a terminal" % verb) or tap.diag(seen)
    check(verb, seen, unit, phases)
    tap.ok(b"\x1b" not in out, "%s: standard output has nothing of it" % verb, out[:200])
    again(verb, args)
    status, seen, _ = on_terminal(verb, *args, term="dumb")
    tap.ok(status == 0 and "%" not in seen and "\x1b" not in seen,
           "%s: a dumb terminal has none" % verb, repr(seen))
    again(verb, args)
    r = subprocess.run([jmctl.PROGRAM, verb, *args], stdin=subprocess.DEVNULL,
                       stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                       env=dict(os.environ, TERM="xterm"), check=False)
    tap.ok(r.returncode == 0 and r.stderr == b"", "%s: nor has a file" % verb, r.stderr)
sys.exit(tap.done())
