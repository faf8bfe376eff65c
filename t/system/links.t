#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""
Folders that other users prepared, or change while a verb reads or writes them: import, export,
dump, load, backup and restore follow no link in them, wait for no FIFO, replace no foreign file and
read and write nothing outside; a bad file costs itself only.
"""
import contextlib
import json
import os
import resource
import shutil
import socket
import subprocess
import sys
import threading

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
import daemon
import jmctl
import tap

SERVICE = "journaling@journal.example.com"
FOLDER = tap.folder()
SECRET = b"From: ann@example.com\nSubject: not for you\n\nsecret\n"
PRECIOUS = b"precious"
ROUNDS = 8


def path(*parts):
    return os.path.join(FOLDER, *parts)


def message(n):
    return b"From: ann@example.com\nSubject: message %d\n\ntext %d\n" % (n, n)


def write(name, data):
    os.makedirs(os.path.dirname(name), exist_ok=True)
    with open(name, "wb") as f:
        f.write(data)
    return name


def read(name):
    with open(name, "rb") as f:
        return f.read()


def jm(verb, *args, config=True, data=resource.RLIM_INFINITY):
    """(exit status, standard output, standard error); data: the memory that it may take"""
    if os.environ.get("JM_SANITIZER"):
        data = resource.RLIM_INFINITY
    command = [jmctl.PROGRAM, verb, *(["--config", d.settings] if config else []), *args]
    r = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                       stderr=subprocess.PIPE, check=False, timeout=600,
                       env=jmctl.environment(command),
                       preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_DATA, (data, data)))
    return r.returncode, r.stdout.decode("utf-8", "replace"), r.stderr.decode("utf-8", "replace")


def take(folder):
    """(exit status, outcome, standard error) of an import"""
    status, out, complaint = jm("import", "--service", SERVICE, "--json", "--yes", folder)
    return status, json.loads(out) if out else {}, complaint


def archived():
    """The bytes of all messages."""
    shutil.rmtree(path("all"), ignore_errors=True)
    jm("export", "--all", "--format", "mbox", "--output", path("all"))
    return read(path("all", "messages.mbox"))


def bad_sources():
    top = path("mail")
    for n in range(5):
        write(os.path.join(top, "%d.eml" % (2 * n)), message(n))
    for n, sub in enumerate(("cur", "new", "tmp")):
        os.makedirs(os.path.join(top, "box", sub))
        write(os.path.join(top, "box", sub, "9"), message(10 + n))
    secret = write(path("secret.eml"), SECRET)
    os.symlink(secret, os.path.join(top, "1.eml"))
    os.symlink(secret, os.path.join(top, "box/new/1"))
    os.symlink("/nonexistent", os.path.join(top, "3.eml"))
    os.symlink(path(), os.path.join(top, "5.eml"))
    os.symlink("..", os.path.join(top, "box/loop"))
    os.symlink("/dev/zero", os.path.join(top, "7.eml"))
    os.mkfifo(os.path.join(top, "box/cur/1"))
    os.mkdir(os.path.join(top, "9.eml"))
    with contextlib.closing(socket.socket(socket.AF_UNIX)) as s:
        s.bind(os.path.join(top, "socket"))
    odd = "a\n\033[2Jb.eml"
    os.symlink(secret, os.path.join(top, odd))
    with open(os.path.join(top, "sparse.eml"), "wb") as f:
        f.truncate(1 << 40)
    status, o, complaint = take(top)
    named = {os.path.relpath(r["path"], top): r["reason"] for r in o["remarks"]}
    tap.is_(set(named), {"1.eml", "3.eml", "5.eml", "7.eml", "box/new/1", "box/loop", "box/cur/1",
                         "socket", "box/tmp/9", "sparse.eml", odd}, "each bad file is named")
    tap.is_((status, o["messages"], o["problems"]), (65, 7, len(named)),
            "and costs itself only")
    tap.ok("\033" not in complaint and len(complaint.splitlines()) == len(named),
           "names cannot write on the terminal", repr(complaint))
    tap.ok("symbolic link" in named["1.eml"] and "FIFO" in named["box/cur/1"] and
           "socket" in named["socket"], "with what it is", named)
    tap.ok(b"secret" not in archived(), "nothing outside was read")
    os.symlink(top, path("to-mail"))
    tap.is_(take(path("to-mail"))[1]["already_here"], 7, "the path that is given may be a link")


@contextlib.contextmanager
def swapping(*steps):
    """Call the steps again and again in a thread, while the body runs."""
    stop = threading.Event()

    def loop():
        while not stop.is_set():
            for step in steps:
                with contextlib.suppress(OSError):
                    step()
    thread = threading.Thread(target=loop)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def race_of_import():
    top, spare = path("race"), path("race-spare")
    os.makedirs(spare)
    for n in range(20):
        write(os.path.join(top, "sub/%02d.eml" % n), message(100 + n))
    os.makedirs(path("outside"))
    for n in range(20):
        write(path("outside", "%02d.eml" % n), SECRET)
    link, fifo, target = (os.path.join(spare, x) for x in ("link", "fifo", "target"))

    def swap_file():
        for n in range(0, 20, 3):
            os.symlink(path("outside", "00.eml"), link)
            os.rename(link, os.path.join(top, "sub/%02d.eml" % n))
            os.mkfifo(fifo)
            os.rename(fifo, os.path.join(top, "sub/%02d.eml" % n))
            write(target, message(100 + n))
            os.rename(target, os.path.join(top, "sub/%02d.eml" % n))

    def swap_folder():
        os.rename(os.path.join(top, "sub"), os.path.join(spare, "sub"))
        os.symlink(path("outside"), os.path.join(top, "sub"))
        os.unlink(os.path.join(top, "sub"))
        os.rename(os.path.join(spare, "sub"), os.path.join(top, "sub"))

    with swapping(swap_file, swap_folder):
        found = [take(top)[0] for _ in range(ROUNDS)]
    tap.ok(set(found) <= {0, 65}, "files and a folder that become links and FIFOs meanwhile", found)
    tap.ok(b"secret" not in archived(), "never lead outside")


VERBS = {
    "eml": lambda to: ("export", "--all", "--output", to),
    "mbox": lambda to: ("export", "--all", "--format", "mbox", "--output", to),
    "maildir": lambda to: ("export", "--all", "--format", "maildir", "--output", to),
    "edrm": lambda to: ("export", "--all", "--format", "edrm", "--output", to),
    "dump": lambda to: ("dump", to),
    "backup": lambda to: ("backup", to),
}
NAMES = {
    "eml": ("export.json", "SHA256SUMS", "manifest.jsonl", "messages"),
    "mbox": ("export.json", "messages.mbox"),
    "maildir": ("manifest.jsonl", "new", "cur", "tmp"),
    "edrm": ("edrm.xml", "natives"),
    "dump": ("DUMP.json", "SHA256SUMS", "manifest.jsonl", "reports"),
    "backup": ("lock", "volumes", "BACKUP.json", "catalog"),
}


def planted():
    """Links to a file and to a folder that are there before."""
    for verb, names in NAMES.items():
        for name in names:
            for kind in ("file", "folder", "foreign"):
                victim = path("victim-" + kind)
                shutil.rmtree(victim, ignore_errors=True)
                to = path("planted", verb, name.replace("/", "-"), kind)
                os.makedirs(to)
                if kind == "foreign":
                    if name in ("export.json", "DUMP.json", "BACKUP.json", "catalog", "lock"):
                        continue    # damaged ones are written anew, or refused as such
                    victim = write(os.path.join(to, name), PRECIOUS)
                elif kind == "file":
                    os.symlink(write(victim + "/x", PRECIOUS), os.path.join(to, name))
                    victim += "/x"
                else:
                    os.makedirs(victim)
                    os.symlink(victim, os.path.join(to, name))
                status, _, complaint = jm(*VERBS[verb](to))
                tap.ok(status not in (0, 70) and name in complaint,
                       "%s, %s as %s: refused by name" % (verb, name, kind), (status, complaint))
                tap.is_(os.listdir(victim) if os.path.isdir(victim) else read(victim),
                        [] if kind == "folder" else PRECIOUS, "and the victim is as it was")
    for name in ("volumes/00000001.jmv",):
        to = path("hard-link")
        os.makedirs(os.path.join(to, "volumes"))
        victim = write(path("hard-victim"), PRECIOUS)
        os.link(victim, os.path.join(to, name))
        status, _, complaint = jm("backup", to)
        tap.ok(status == 64 and "another name" in complaint and read(victim) == PRECIOUS,
               "a hard link is refused by name", (status, complaint))
    to = path("open")
    os.makedirs(to)
    os.chmod(to, 0o1777)
    status, _, complaint = jm("backup", to)
    tap.ok(status == 64 and to + "/archive" in complaint and os.listdir(to) == [],
           "no archive is made in a folder where every user can write", complaint)


def race_of_export():
    for verb, sub in (("eml", "messages"), ("dump", "reports"), ("maildir", "new")):
        outside, spare = path("outside-" + verb), path("spare-" + verb)
        os.makedirs(outside)
        os.makedirs(spare)
        victim = write(path("precious-" + verb), PRECIOUS)
        link, top = os.path.join(spare, "link"), ""

        def swap():
            for name in ("manifest.jsonl", "SHA256SUMS"):
                os.symlink(victim, link)                # pylint: disable=cell-var-from-loop
                os.rename(link, os.path.join(top, name))    # pylint: disable=cell-var-from-loop
            os.rename(os.path.join(top, sub), os.path.join(spare, sub))  # pylint: disable=W0640
            os.symlink(outside, os.path.join(top, sub))     # pylint: disable=W0640
            os.unlink(os.path.join(top, sub))               # pylint: disable=W0640
            os.rename(os.path.join(spare, sub), os.path.join(top, sub))  # pylint: disable=W0640
        for n in range(ROUNDS // 2):
            top = path("race-%s-%d" % (verb, n))
            os.makedirs(top)
            with swapping(swap):
                jm(*VERBS[verb](top))
            shutil.rmtree(os.path.join(spare, sub), ignore_errors=True)
        tap.is_((os.listdir(outside), read(victim)), ([], PRECIOUS),
                "%s into a folder that changes meanwhile writes nothing outside" % verb)


def holes():
    """A manifest with a hole of 8 GB: load and dump name the line, in the memory that they have."""
    for lines, name in ((b"", "1"), (read(path("manifest.jsonl")).splitlines(True)[0], "2")):
        write(path("dump/manifest.jsonl"), lines)
        os.truncate(path("dump/manifest.jsonl"), 8 << 30)
        for verb, args, config in (("load", ("--archive", path("loaded" + name)), False),
                                   ("dump", (), True)):
            status, _, complaint = jm(verb, *args, path("dump"), config=config, data=256 << 20)
            tap.ok(status == 65 and "dump/manifest.jsonl, line %s" % name in complaint
                   and "NUL" in complaint, "%s: a hole from line %s on" % (verb, name),
                   (status, complaint))


def readers():
    """load and restore from folders with links; unwrap."""
    jm("dump", path("dump"))
    report = next(os.path.join(at, f) for at, _, fs in os.walk(path("dump", "reports")) for f in fs)
    os.rename(report, path("moved.eml"))
    os.symlink(path("moved.eml"), report)
    status, out, complaint = jm("load", "--json", "--archive", path("loaded"), path("dump"),
                                config=False)
    tap.ok(status == 65 and json.loads(out)["problems"] == 1 and "symbolic link" in complaint,
           "load: a report that is a link costs itself only", (status, out, complaint))
    os.rename(path("dump/manifest.jsonl"), path("manifest.jsonl"))
    os.mkfifo(path("dump/manifest.jsonl"))
    status, _, complaint = jm("load", "--archive", path("loaded2"), path("dump"), config=False)
    tap.ok(status == 64 and "FIFO" in complaint, "a FIFO as the manifest", (status, complaint))
    os.unlink(path("dump/manifest.jsonl"))
    holes()
    jm("backup", path("backup"))
    volume = path("backup/volumes", os.listdir(path("backup/volumes"))[0])
    os.rename(volume, path("volume"))
    os.symlink(path("volume"), volume)
    status, _, complaint = jm("restore", "--archive", path("restored"), path("backup"),
                              config=False)
    tap.ok(status != 0 and os.path.basename(volume) in complaint and
           not os.path.exists(path("restored/volumes")), "restore of a volume that is a link",
           (status, complaint))
    victim, link = write(path("unwrap-victim"), PRECIOUS), path("unwrap-link")
    os.symlink(victim, link)
    status, _, complaint = jm("unwrap", "--output", link, write(path("x.eml"), message(1)),
                              config=False)
    tap.ok(status == 73 and "symbolic link" in complaint and read(victim) == PRECIOUS,
           "unwrap does not write through a link", (status, complaint))
    os.unlink(link)
    status, _, complaint = jm("unwrap", "--output", link, path("x.eml"), config=False)
    tap.is_((status, read(link)), (0, message(1)), "but into a new file")
    os.mkfifo(path("settings"))
    status = subprocess.run([jmctl.PROGRAM, "check", "--config", path("settings")],
                            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False,
                            timeout=600).returncode
    tap.is_(status, 78, "a FIFO as the settings ends at once")


d = daemon.Daemon(path("d"), services=[daemon.service(SERVICE)])
bad_sources()
race_of_import()
planted()
race_of_export()
readers()
sys.exit(tap.done())
