#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""
jmctl import of sources as they are in the field: each byte of a file is in exactly one archived
message, or it is named, and then the exit code is not 0. An import begins the archive where there
is none, and a daemon starts on it.
"""
import glob
import hashlib
import json
import os
import pty
import random
import re
import shlex
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
import daemon
import jmctl
import run
import tap

SERVICE = "journaling@journal.example.com"
FOLDER = tap.folder()
MIB = 1 << 20
DATE = "Thu Nov 22 09:00:00 2029"


def message(name, body="text\n"):
    return ("From: ann@example.com\nTo: bob@example.com\nSubject: %s\nMessage-ID: <%s@import>\n\n%s"
            % (name, name, body)).encode()


def box(*messages, between=b"\n", line=b"From ann@example.com Thu Nov 22 09:00:00 2029\n"):
    return b"".join(line + m + between for m in messages)


def write(folder, name, data):
    path = os.path.join(folder, name)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as f:
        f.write(data)
    return path


class Archive(daemon.Daemon):
    """An archive of its own, of which no daemon is needed."""

    def __init__(self, name, **more):
        super().__init__(os.path.join(FOLDER, name), services=[daemon.service(SERVICE)],
                         more=more)

    def take(self, *args, code=0):
        """(the outcome, standard error) of an import that may begin the archive"""
        status, out, complaint = self.jmctl.run("import", "--service", SERVICE, "--json", "--yes",
                                                *args)
        tap.is_(status, code, "import %s: exit %d" % (" ".join(os.path.basename(a) for a in args),
                                                      code))
        if status != code:
            tap.diag(complaint)
        return json.loads(out), complaint

    def contents(self):
        """SHA-256 -> bytes of all archived messages."""
        to = os.path.join(self.folder, "out")
        if os.path.exists(to):
            subprocess.run(["rm", "-r", to], check=True)
        status, _, complaint = self.jmctl.run("export", "--all", "--bcc", "--output", to)
        if status != 0:
            raise RuntimeError(complaint)
        found = {}
        for path in glob.glob(to + "/messages/**/*.eml", recursive=True):
            with open(path, "rb") as f:
                data = f.read()
            found[hashlib.sha256(data).hexdigest()] = data
        return found

    def subjects(self):
        return sorted(i["subject"] or "" for i in self.jmctl.list())


# ---- beginning an archive ----

def on_terminal(answer, *args):
    """(exit status, what the terminal shows) of an import whose question is answered."""
    master, slave = pty.openpty()
    p = subprocess.Popen([jmctl.PROGRAM, "import", "--service", SERVICE, *args], stdin=slave,
                         stdout=subprocess.DEVNULL, stderr=slave)
    os.close(slave)
    seen = run.shown(master, b"[y/N]", answer)
    return p.wait(), seen.decode()


def begin():
    a = Archive("begin")
    one = write(FOLDER, "begin/it's one.eml", message("one"))
    status, out, complaint = a.jmctl.run("import", "--service", SERVICE, one)
    tap.ok(status == 69 and not out and not os.path.exists(a.archive),
           "without an archive and without --yes nothing is begun: exit 69", complaint)
    m = re.search(r"this begins one there: (jmctl import --yes .*)\n", complaint)
    tap.ok(m, "and the command that begins one is named", complaint)
    status, shown = on_terminal(b"n\n", "--config", a.settings, one)
    tap.ok(status == 69 and "Begin one there? [y/N]" in shown and not os.path.exists(a.archive),
           "on a terminal there is a question; no: nothing is begun", shown)
    r = subprocess.run(["/bin/sh", "-c", m.group(1).replace("jmctl", shlex.quote(jmctl.PROGRAM),
                                                            1)],
                       stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, check=False)
    tap.ok(r.returncode == 0 and re.search(rb"(?m)^begun +(yes|true)$", r.stdout),
           "the command, pasted into a shell, begins it", r.stdout)
    o, _ = a.take(one)
    tap.is_((o["begun"], o["messages"], o["already_here"]), (False, 0, 1),
            "the second time it is here, as is the message")
    other = Archive("answered")
    status, shown = on_terminal(b"y\n", "--config", other.settings, one)
    tap.ok(status == 0 and other.subjects() == ["one"], "yes on the terminal begins it, too", shown)
    a.start()
    tap.is_(a.subjects(), ["one"], "a daemon starts on it")
    o, _ = a.take(write(FOLDER, "begin/two.eml", message("two")))
    tap.is_((o["begun"], o["messages"]), (False, 1), "and takes the next import")
    tap.is_(a.stop(), 0, "it stops")
    status, out = a.jmctl.verify()
    tap.is_((status, out[-1]["problems"]), (0, 0), "the archive is in order")


def begin_as():
    """As root for the daemon's user; as a user who is not the daemon's."""
    if os.geteuid() != 0:
        tap.skip("the owner of a new archive", "root is needed")
        return
    a = Archive("owned/deep/in", daemon={"user": "nobody"})
    a.archive = os.path.join(FOLDER, "owned/deep/in/new/folder/archive")
    a.more["archive"] = {"directory": a.archive}
    a.write()
    os.chmod(a.folder, 0o755)
    os.chmod(a.settings, 0o644)
    one = write(FOLDER, "secret/one.eml", message("one"))
    os.chmod(os.path.dirname(one), 0o700)
    nobody = os.stat(a.folder)
    os.chown(a.folder, 65534, 65534)
    status, _, complaint = run_as(1, a, one)
    tap.ok(status == 77 and "nobody" in complaint and not os.path.exists(a.archive),
           "a user who is not the daemon's begins no archive for it", complaint)
    os.chown(a.folder, nobody.st_uid, nobody.st_gid)
    a.take(one)
    owners = {(os.stat(p).st_uid, os.stat(p).st_mode & 0o007)
              for top, _, names in os.walk(a.archive)
              for p in [top, *(os.path.join(top, n) for n in names)]}
    tap.is_(owners, {(65534, 0)}, "root begins it: all belongs to the daemon's user, and to nobody "
            "else")
    tap.is_(os.stat(a.archive).st_mode & 0o777, 0o750, "its mode is that of the daemon's own")
    os.chown(a.folder, 65534, 65534)
    a.start()
    tap.is_(a.subjects(), ["one"], "a daemon of that user starts on it")
    tap.is_(a.stop(), 0, "and stops")
    os.chmod(os.path.dirname(one), 0o755)
    os.chmod(write(FOLDER, "secret/hidden.eml", message("hidden")), 0o600)
    os.makedirs(os.path.join(FOLDER, "secret/dir"), 0o700)
    write(FOLDER, "secret/two.eml", message("two"))
    status, out, complaint = run_as(65534, a, os.path.dirname(one))
    tap.ok(status == 65 and re.search(rb"(?m)^messages +1$", out) and
           re.search(rb"(?m)^left_out +2$", out) and
           complaint.count("it cannot be read: Permission denied") == 2,
           "files that cannot be read are named, and do not end the import", complaint)


def run_as(uid, a, *paths):
    r = subprocess.run([jmctl.PROGRAM, "import", "--config", a.settings, "--service", SERVICE,
                        "--yes", *paths], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                       stderr=subprocess.PIPE, check=False, user=uid, group=uid, extra_groups=[])
    return r.returncode, r.stdout, r.stderr.decode()


# ---- folders ----

BINARY = {
    "a.mbox.gz": b"\x1f\x8b\x08\0", "b.zip": b"PK\3\4", "c.pst": b"!BDN",
    "e.dbx": b"\xcf\xad\x12\xfe",
    "d.msg": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "f.mbx": b"*mbx*\r\n", "g": bytes(range(256)),
    "mmdf": b"\1\1\1\1\n" + message("mmdf"), "rmail": b"BABYL OPTIONS:\n" + message("babyl"),
    "utf16.mbox": (b"\xff\xfe" + box(message("u16")).decode().encode("utf-16-le")),
    "gzipped.eml": b"\x1f\x8b\x08\0", "notes.txt": b"From the desk of Ann\n\nno mail\n",
    "mac.mbox": box(message("mac")).replace(b"\n", b"\r"), "empty.eml": b"", "Trash": b"",
    "12.emlx": b"120\n" + message("emlx"),
}
INDEX = {
    "dovecot.index.log": b"\1\3x", "dovecot-uidlist": b"3 V1 N1\n", "subscriptions": b"Sent\n",
    "maildirfolder": b"", ".DS_Store": b"\0\0\0\1Bud1", "Inbox.msf": b"// <!-- <mdb:mork",
    "._one.eml": b"\0\5\x16\7\0", ".mh_sequences": b"cur: 1\n",
}
GOOD = {
    "one.eml": 1, "TWO.EML": 1, "Three.Eml": 1, "noext": 1, "x.txt": 1, "q.msg": 1, "mail.mbx": 1,
    "Inbox": 2, "box.mbox": 2, ".hidden/deep/four.eml": 1, "Sent.sbd/2029": 2, "mh/1": 1, "mh/2": 1,
    "Maildir/cur/1.a:2,S": 1, "Maildir/new/2.b": 1, "Maildir/.Sent/cur/3.c:2,S": 1,
    "Maildir/.Sent.Old/cur/4.d": 1, "Maildir/.Sent.Old/tmp/x/late.eml": 0,
    "a/b/c/d/e/f/g/h/i/j/k/l/m/n/o/p/q/r/s/t/deep.eml": 1, "latin\udce9.eml": 1, ".dot.eml": 1,
    "subscriptions.d/subscriptions": 1,
}


def tree():
    top = os.path.join(FOLDER, "tree")
    for name, data in {**BINARY, **INDEX}.items():
        write(top, name, data)
    messages = {}
    for name, n in GOOD.items():
        new = [message("%s-%d" % (ascii(name), i)) for i in range(n)]
        messages[name] = new
        if n:
            write(top, name, new[0] if n == 1 else box(*new))
    for sub in ("Maildir", "Maildir/.Sent", "Maildir/.Sent.Old"):
        for part in ("cur", "new", "tmp"):
            os.makedirs(os.path.join(top, sub, part), exist_ok=True)
    write(top, "Maildir/tmp/5.e", message("unfinished"))
    os.symlink("one.eml", os.path.join(top, "link.eml"))
    os.symlink("nowhere", os.path.join(top, "broken.eml"))
    os.symlink("..", os.path.join(top, "a/loop"))
    os.mkfifo(os.path.join(top, "fifo"))
    return top, messages


def folders():
    top, messages = tree()
    a = Archive("folders")
    o, complaint = a.take(top, code=65)
    named = {os.path.relpath(r["path"], top): r["reason"] for r in o["remarks"]}
    tap.is_(set(named), {*BINARY, "Maildir/tmp/5.e", "broken.eml", "link.eml", "a/loop", "fifo"},
            "what is no mail, links, loops and unfinished deliveries are named")
    tap.ok(all(r["left_out"] for r in o["remarks"]) and o["left_out"] == len(named) ==
           len(complaint.splitlines()) and o["problems"] == o["left_out"],
           "on standard error and in the outcome", complaint)
    tap.is_(o["passed_over"], len(INDEX), "index files are only counted")
    for name, reason in (("a.mbox.gz", "gunzip -k"), ("d.msg", "msgconvert"), ("c.pst", "readpst"),
                         ("utf16.mbox", "UTF-16"), ("mac.mbox", "CR alone"), ("Trash", "empty"),
                         ("notes.txt", ".eml"), ("mmdf", "MMDF"), ("rmail", "Babyl")):
        tap.ok(reason in named[name], "%s: the reason helps" % name, named[name])
    want = [m for new in messages.values() for m in new]
    tap.is_(set(a.contents().values()), set(want), "everything else is archived, exactly")
    tap.is_((o["messages"], o["already_here"]), (len(want), 0), "once")
    o, _ = a.take(top, code=65)
    tap.is_((o["messages"], o["already_here"]), (0, len(want)), "the second time nothing")
    status, out, complaint = a.jmctl.run("import", "--service", "Journaling@JOURNAL.example.com.",
                                         "--json", top)
    tap.ok(status == 65 and json.loads(out)["messages"] == 0,
           "nor when the service is written in another way", complaint)
    write(top, "mh/3", message("new"))
    o, _ = a.take(top, code=65)
    tap.is_((o["messages"], o["already_here"]), (1, len(want)), "but what is new")
    o, complaint = a.take(a.archive, code=65)
    tap.ok((o["files"], o["left_out"]) == (0, 1) and
           "%s: left out: an archive" % a.archive in complaint, "an archive is no mail", complaint)
    o, _ = a.take(os.path.join(top, "one.eml"), os.path.join(top, "d.msg"),
                  os.path.join(FOLDER, "none"), code=65)
    tap.is_((o["already_here"], o["left_out"]), (1, 2), "files that are named are taken alike")
    for path in (os.path.join(top, "Sent.sbd"), os.path.join(top, "mh") + "/"):
        o, _ = a.take(path)
        tap.is_((o["already_here"], o["problems"]), (len(os.listdir(path)) + (path[-1] != "/"), 0),
                "and folders that have only mail end with 0")


# ---- mbox files ----

def boxes():
    """The cases that the unit test has not: what jmctl says, and files that are no mbox files."""
    a = Archive("boxes")
    m = [message("m%d" % i) for i in range(3)]
    only = write(FOLDER, "boxes/only.mbox", b"From ann@example.com " + DATE.encode() + b"\n")
    o, complaint = a.take(only, code=65)
    tap.ok("only.mbox:1: left out: a From_ line without a message" in complaint,
           "a From_ line alone", complaint)
    prose = box(m[0] + b"\nFrom me\nTo: you\n\nend\n", m[1])
    o, complaint = a.take(write(FOLDER, "boxes/prose.mbox", prose), code=65)
    line = prose[:prose.index(b"From me")].count(b"\n") + 1
    tap.ok("prose.mbox:%d: a line like a From_ line" % line in complaint and
           (o["messages"], o["doubtful"], o["left_out"]) == (2, 1, 0) and
           (o["remarks"][0]["line"], o["remarks"][0]["left_out"]) == (line, False),
           "a doubtful line is named and archived as text", complaint)
    cut = m[0] + b"\n" + box(m[1], m[2])
    o, complaint = a.take(write(FOLDER, "boxes/cut.mbox", cut), code=65)
    tap.is_((o["messages"], o["doubtful"]), (1, 2),
            "a file without its first From_ line is one message, with doubts")
    joined = box(m[1], m[2])
    o, complaint = a.take(write(FOLDER, "boxes/joined.eml", joined), code=65)
    tap.is_((o["messages"], o["doubtful"], a.contents().get(hashlib.sha256(joined).hexdigest())),
            (1, 1, joined), "as is an mbox file whose name ends in .eml")
    single = write(FOLDER, "boxes/single.eml", box(m[0]))
    o, _ = a.take(single)
    tap.is_((o["messages"], o["problems"]), (1, 0), "a message that was saved with its From_ line")
    nul = box(m[0] + b"\0\0\0\n\0", message("nul") + b"a\0b\r\n")
    o, _ = a.take(write(FOLDER, "boxes/nul.mbox", nul))
    tap.ok({m[0] + b"\0\0\0\n\0\n", message("nul") + b"a\0b\r\n"} <= set(a.contents().values()),
           "NUL is a byte like others")


LINES = ["From ann@example.com %s", "From - %s", "From MAILER-DAEMON %s", "From ???@??? %s",
         "From ann at example.com  %s", "From 16@xxx %s", "From \"a b\"@example.com %s"]
DATES = [DATE, "Thu Nov 22 09:00 2029", "Thu Nov 22 09:00:00 MET DST 2029",
         "Thu Nov 22 09:00:00 +0000 2029", "Thu, 22 Nov 2029 09:00:00 +0100",
         "Thu Nov  2 09:00:00 2029 remote from host"]
BODY = ["", "", "text", "From Russia with love", "From Monday on", ">From quoted", "From ", ">",
        "From ann@example.com", "Subject: not a field", "From: nobody", "--", "\0", " From x"]


def random_box(r, token):
    """(the file, the tokens of its lines): each line of a body has a token of its own."""
    end = r.choice(["\n", "\r\n"])
    between, lengths = r.choice([end, end, ""]), r.random() < 0.4
    data, tokens = r.choice([b"", b"\xef\xbb\xbf", b"\n"]), []
    for _ in range(r.randrange(1, 6)):
        body = ""
        for _ in range(r.randrange(0, 9)):
            line = r.choice(BODY)
            if line:
                tokens.append("t%dx" % next(token))
                line += " " + tokens[-1]
            body += line + r.choice([end, end, end, "\n"])
        head = "Subject: %d%s" % (next(token), end)
        if lengths:
            n = len(body) + r.choice([0, 0, 0, 0, 1, -1, 7, 10 ** 12, -5 - len(body)])
            head += "Content-Length: %d%s" % (n, end)
        line = r.choice(LINES) % r.choice(DATES)
        data += (line + end + head + end + body + between).encode()
    return data, tokens


def accounting():
    """Each line of many files of each sort is in exactly one message, or named."""
    seed = int(os.environ.get("JM_SEED", "12"))
    r, token, a = random.Random(seed), iter(range(10 ** 9)), Archive("accounting")
    tokens, lines, n = [], {}, 0
    for i in range(150):
        data, new = random_box(r, token)
        path = write(FOLDER, "random/%03d.mbox" % i, data)
        tokens += new
        n += data.count(b"Subject: ") - data.count(b"Subject: not")
        lines.update({(path, k + 1): text for k, text in enumerate(data.split(b"\n"))})
    status, out, _ = a.jmctl.run("import", "--service", SERVICE, "--json", "--yes",
                                 "--quoting", "none", os.path.join(FOLDER, "random"))
    o = json.loads(out)
    where = {}
    for sha, data in a.contents().items():
        for t in re.findall(rb"t\d+x", data):
            where.setdefault(t.decode(), []).append(sha)
    missing = [t for t in tokens if t not in where]
    named = b"\n".join(lines.get((x["path"], x.get("line")), b"") for x in o["remarks"])
    tap.is_([t for t in missing if t.encode() not in named], [],
            "seed %d: each line of %d files is in a message or named" % (seed, 150))
    tap.is_([t for t, found in where.items() if len(found) != 1], [], "and in one only")
    tap.is_(status, 65 if o["problems"] else 0, "the exit code says whether lines were named")
    tap.is_(o["messages"] + o["already_here"], n, "all messages are found")


def memory():
    """A large mbox file does not need memory for it."""
    a = Archive("memory").start()
    body = b"0123456789abcdef" * 4 * 5000 + b"\n"
    path = write(FOLDER, "large.mbox", box(*(message("large%d" % i).replace(
        b"text\n", b"%d" % i + body) for i in range(200))))
    p = subprocess.Popen([jmctl.PROGRAM, "import", "--config", a.settings, "--service", SERVICE,
                          path], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    most = 0
    while p.poll() is None:
        with open("/proc/%d/status" % p.pid, encoding="ascii") as f:
            most = max([most] + [int(x.split()[1]) for x in f if x.startswith("VmRSS:")])
        time.sleep(0.01)
    tap.ok(p.returncode == 0 and len(a.jmctl.list()) == 200, "an mbox file of 64 MB")
    limit = 24 * MIB if not os.environ.get("JM_SANITIZER") else 1024 * MIB
    tap.ok(0 < most * 1024 < limit, "jmctl needs %d kB for it" % most)
    tap.is_(a.stop(), 0, "the daemon stops")


begin()
begin_as()
folders()
boxes()
accounting()
memory()
sys.exit(tap.done())
