#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""
What root restores and loads belongs to the user of the settings, so that the daemon can start with
it; and backups and dumps are read with the rights of root.
"""
import json
import os
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
import corpus
import daemon
import jmctl
import milter
import tap

JOURNAL = "journaling@journal.example.com"
FOLDER = tap.folder()
NOBODY = (65534, 65534)


def run(*args, code=0):
    r = subprocess.run([jmctl.PROGRAM, *map(str, args)], stdin=subprocess.DEVNULL,
                       stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False, timeout=600)
    if r.returncode != code:
        tap.ok(False, "jmctl %s: exit %d" % (" ".join(map(str, args)), code),
               "exit %d\n%s" % (r.returncode, r.stderr.decode()))
    return r.stdout.decode(), r.stderr.decode()


def everything(top):
    for where, _, names in os.walk(top):
        yield where
        for name in names:
            yield os.path.join(where, name)


def owners(top):
    return {(s.st_uid, s.st_gid) for s in map(os.lstat, everything(top))}


def loose(top):
    """What others may read."""
    return [p for p in everything(top) if os.lstat(p).st_mode & 0o077]


def settings(user, archive):
    path = os.path.join(FOLDER, "%s.xml" % user)
    with open(path, "w", encoding="utf-8") as f:
        f.write("<journal-milter><milter><socket>unix:/tmp/none</socket></milter>\n"
                "<daemon><user>%s</user></daemon>\n"
                "<archive><directory>%s</directory></archive>\n"
                "<internal-domains><domain>example.com</domain></internal-domains>\n"
                "</journal-milter>\n" % (user, archive))
    return path


def help_texts():
    for verb in ("restore", "load"):
        out = run(verb, "--help")[0]
        tap.ok("usage: jmctl %s --archive NEW DIR" % verb in out
               and "--archive NEW " in out and "--archive DIR" not in out,
               "%s --help calls the archive NEW" % verb, out)
        complaint = run(verb, FOLDER, code=64)[1]
        tap.like(complaint, r"into which folder\? Give it with --archive NEW", "and asks for it")


def by_root(copy, dump):
    config = settings("nobody", os.path.join(FOLDER, "unused"))
    os.chmod(FOLDER, 0o755)
    for verb, source in (("restore", copy), ("load", dump)):
        os.chmod(source, 0o700)
        for new in ("plain-" + verb, "deep/a/" + verb):
            new = os.path.join(FOLDER, new)
            out = json.loads(run(verb, "--json", "--config", config, "--archive", new, source)[0])
            tap.ok(out["ok"] and owners(new) == {NOBODY}, "%s: all belongs to the user" % verb,
                   owners(new))
            tap.is_(loose(new), [], "%s: nobody else can read it" % verb)
            tap.is_(os.stat(new).st_mode & 0o777, 0o700, "%s: its folder is closed" % verb)
            out = run("list", "--json", "--archive", new)[0]
            tap.is_(len(out.splitlines()), 5, "%s: with all messages" % verb)
            tap.is_(owners(new), {NOBODY}, "which changes no owner")
        mine = os.path.join(FOLDER, "owned-" + verb)
        os.mkdir(mine)
        os.chown(mine, 1, 1)
        run(verb, "--config", config, "--archive", mine, source)
        tap.is_(owners(mine), {(1, 1)}, "%s: a folder that has an owner keeps it" % verb)
        new = os.path.join(FOLDER, "wrong-" + verb)
        complaint = run(verb, "--config", settings("no-such-user", new), "--archive", new, source,
                        code=78)[1]
        tap.ok("no-such-user" in complaint and ":2:" in complaint and not os.path.exists(new),
               "%s: a user that does not exist is named, with its line" % verb, complaint)


def by_daemon(copy):
    """The daemon starts with what was restored."""
    d = daemon.Daemon(os.path.join(FOLDER, "again"), more={"daemon": {"user": "nobody"}})
    os.chmod(d.folder, 0o755)
    os.chown(d.folder, *NOBODY)
    run("restore", "--config", d.settings, "--archive", d.archive, copy)
    d.start()
    tap.is_(len(d.jmctl.list()), 5, "a daemon of that user starts with it")
    tap.is_(d.stop(), 0, "and stops")


D = daemon.Daemon(os.path.join(FOLDER, "d")).start()
for i in range(5):
    milter.deliver(D.socket, "alice@example.com", [JOURNAL], corpus.report("m%d" % i, 300))
COPY, DUMP = os.path.join(FOLDER, "copy"), os.path.join(FOLDER, "dump")
run("backup", "--config", D.settings, COPY)
run("dump", "--config", D.settings, DUMP)
tap.is_(D.stop(), 0, "the daemon stops")
help_texts()
if os.geteuid() == 0:
    by_root(COPY, DUMP)
    by_daemon(COPY)
else:
    tap.skip("ownership", "root is needed")
sys.exit(tap.done())
