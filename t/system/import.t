#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""
jmctl import beside a running daemon: the daemon stays the only owner of the archive, no message
comes twice, an import that was broken off can be repeated, and memory does not grow with a message.
"""
import json
import mailbox
import os
import shutil
import signal
import subprocess
import sys
import threading

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
import corpus
import daemon
import jmctl
import milter
import run
import tap

SERVICE = "journaling@journal.example.com"
CLIENT = "192.0.2.10"
FOLDER = tap.folder()
MIB = 1 << 20


def plain(name, size=0):
    """An ordinary message, as it is in a file."""
    head = ("From: ann@example.com\r\nTo: bob@example.com\r\nMessage-ID: <%s@import>\r\n"
            "Subject: %s\r\n\r\n" % (name, name)).encode()
    line = b"0123456789abcdef" * 4 + b"\r\n"
    return head + line * (size // len(line)) + b"end\r\n"


def write(name, data):
    path = os.path.join(FOLDER, name)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as f:
        f.write(data)
    return path


def write_mbox(name, messages):
    return write(name, b"".join(b"From x Thu Nov 22 00:00:00 2029\n" + m + b"\n"
                                for m in messages))


def arguments(d, *args):
    return ("--config", d.jmctl.settings, "--service", SERVICE, *args)


def imported(d, *args, code=0):
    status, out, complaint = d.jmctl.run("import", "--service", SERVICE, "--json", *args)
    tap.is_(status, code, "import %s: exit %d" % (" ".join(map(os.path.basename, args)), code))
    if status != code:
        tap.diag(complaint)
    return d.jmctl.objects(out)[-1]


def counts(o):
    return o["messages"], o["already_here"], o["problems"]


def subjects(d):
    return [i["subject"] or "" for i in d.jmctl.list()]


def kinds(d):
    """Each kind of source."""
    one = write("one.eml", plain("one"))
    box = write_mbox("box.mbox", [plain("box%d" % i) for i in range(3)])
    md = mailbox.Maildir(os.path.join(FOLDER, "Maildir"), create=True)
    for i in range(3):
        md.add(plain("maildir%d" % i))
    deep = [write("tree/a/deep%d.eml" % i, plain("deep%d" % i)) for i in range(2)]
    report = write("tree/report.eml", corpus.report("import", 100))
    for path, n in ((one, 1), (box, 3), (os.path.join(FOLDER, "Maildir"), 3),
                    (os.path.join(FOLDER, "tree"), len(deep) + 1)):
        o = imported(d, path)
        tap.is_(counts(o), (n, 0, 0), "the daemon archives %s" % os.path.basename(path))
        tap.is_(counts(imported(d, path)), (0, n, 0), "the second time nothing")
    shown = d.jmctl.show(d.jmctl.list("--message-id", "<one@import>")[0]["id"])
    tap.is_([(r["transport"], r["service"]) for r in shown["reports"]], [("import", SERVICE)],
            "its transport is import, and it has one receipt")
    tap.bytes_(d.jmctl.export(shown["id"], "--report"), plain("one"), "with the exact bytes")
    with open(report, "rb") as f:
        data = f.read()
    found = d.jmctl.list("--message-id", "<test.import@example.com>")
    tap.ok(len(found) == 1 and d.jmctl.export(found[0]["id"], "--report") == data,
           "a journal report is unwrapped, and archived whole")
    box2 = write_mbox("twice.mbox", [plain("twice")] * 2)
    tap.is_(counts(imported(d, box2)), (1, 1, 0), "a message that is twice in a file comes once")
    other = "other@journal.example.com"
    out = d.jmctl.run("import", "--service", other, "--json", one)[1]
    tap.is_(counts(json.loads(out)), (1, 0, 0), "for another service it is not here yet")
    out = d.jmctl.run("import", "--service", SERVICE, one)[1].decode()
    tap.like(out, r"(?m)^already_here +1$", "for people, too")


def recorded(d):
    """The event says who imported what, and from where; none for an import that stored nothing."""
    path = write_mbox("event/event.mbox", [plain("event%d" % i) for i in range(2)])
    other = write("event/other.eml", plain("event0"))

    def once(expected, *paths):
        o = imported(d, *paths)
        tap.is_(counts(o), expected, "an import: counts")
        if not o["messages"]:
            return o, None
        records = " records %d to %d;" % (o["first_seq"], o["last_seq"])
        return o, run.until(lambda: next((e for e in d.jmctl.events("imported")
                                          if records in e["text"]), None), "its event")
    o, e = once((2, 0, 0), path)
    tap.is_(e["service"], SERVICE, "the event of an import: its service")
    tap.like(e["actor"], r"^uid %d \(\w+\), gid %d, (no login|login [^,]+), pid \d+$"
             % (os.getuid(), os.getgid()), "its actor is what the kernel says")
    tap.is_(e["text"], "2 messages imported, records %d to %d; 0 were here already; from %s"
            % (o["first_seq"], o["last_seq"], path), "its text: how many, which, from where")
    once((0, 3, 0), path, other)
    fresh = write("event/fresh.eml", plain("event2"))
    _, e = once((1, 2, 0), path, fresh)
    tap.like(e["text"], r"^1 message imported, .*; 2 were here already; from %s and 1 more$" % path,
             "the event of several paths")
    tap.is_([e["text"] for e in d.jmctl.events("imported") if "0 messages" in e["text"]], [],
            "no event of an import that stored nothing")


def by_smtp(d):
    """What came by SMTP is no import: its import is a second receipt, once."""
    mail = corpus.report("smtp-first", 200)
    milter.deliver(d.socket, "alice@example.com", [SERVICE], mail, CLIENT)
    path = write("smtp.eml", mail)
    tap.is_(counts(imported(d, path)), (1, 0, 0), "a report that came by SMTP gets a receipt more")
    tap.is_(counts(imported(d, path)), (0, 1, 0), "once")
    item = d.jmctl.show(d.jmctl.list("--message-id", "<test.smtp-first@example.com>")[0]["id"])
    tap.is_(sorted(r["transport"] for r in item["reports"]), ["import", "smtp"], "of the same item")


def bad(d):
    good = write("good.eml", plain("good"))
    o = imported(d, os.path.join(FOLDER, "none.eml"), good, code=65)
    tap.is_(counts(o), (1, 0, 1), "a file that is not there is a problem, the next one is imported")
    status, _, complaint = d.jmctl.run("import", "--service", b"\xff@x".decode("latin-1"), good)
    tap.is_(status, 0, "an address outside of ASCII is text")
    tap.ok("import" not in complaint, "without a complaint", complaint)
    status, _, complaint = d.jmctl.run("import", good)
    tap.ok(status == 64 and "--service" in complaint, "--service is needed", complaint)


def large(d):
    """Beside mail by SMTP; the daemon's memory does not follow the size of a message."""
    path = write("large.eml", plain("large", 40 * MIB))
    stop, answers, memory = threading.Event(), [], []

    def load():
        n = 0
        while not stop.is_set() and n < 1000:
            answers.append(milter.deliver(d.socket, "alice@example.com", [SERVICE],
                                          corpus.report("beside-%d" % n, 500), CLIENT).kind)
            n += 1

    def watch():
        while not stop.wait(0.01):
            memory.append(d.memory())

    threads = [threading.Thread(target=f) for f in (load, watch)]
    for t in threads:
        t.start()
    run.until(lambda: len(answers) > 3 and memory, "mail comes by SMTP")
    before = max(memory)
    tap.is_(counts(imported(d, path)), (1, 0, 0), "a message of 40 MiB")
    stop.set()
    for t in threads:
        t.join()
    more = max(memory) - before
    tap.ok(more < 20 * MIB, "the daemon's memory grew by %d kB at most" % (more // 1024))
    tap.is_(set(answers), {"d"}, "and all mail by SMTP was archived meanwhile")
    tap.is_(counts(imported(d, path)), (0, 1, 0), "the large one is here")
    os.unlink(path)


def interrupted(d):
    """jmctl is stopped by Ctrl-C or killed, the daemon is killed: the same command goes on."""
    total = 400
    for how in (signal.SIGINT, signal.SIGKILL, "daemon"):
        name = how if isinstance(how, str) else how.name
        box = write_mbox(name + ".mbox",
                         [plain("%s-%d" % (name, i), 2000) for i in range(total)])
        p = subprocess.Popen([jmctl.PROGRAM, "import", *arguments(d, "--json", box)],
                             stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                             stderr=subprocess.PIPE)
        run.until(lambda: len(d.jmctl.list("--message-id", "<%s-5@import>" % name)) == 1,
                  "the import runs")
        if how == "daemon":
            d.kill()
        else:
            p.send_signal(how)
        out, complaint = p.communicate(timeout=120)
        if how == "daemon":
            tap.is_(p.returncode, 75, "the daemon was killed: exit 75")
            tap.like(complaint.decode(), r"broken off; the same command does the rest",
                     "and jmctl says what to do")
            tap.ok(0 < json.loads(out)["messages"] < total, "and what was done", out)
            d.start()
        else:
            tap.is_(p.returncode, -how, "%s ends jmctl" % name)
        here = len([s for s in subjects(d) if s.startswith(name + "-")])
        o = imported(d, box)
        tap.ok(0 < here < total and counts(o) == (total - here, here, 0),
               "%s: %d were here, the same command adds the other %d"
               % (name, here, total - here), o)
    status, out, _ = d.jmctl.run("verify", "--json")
    tap.is_((status, d.jmctl.objects(out)[-1]["problems"]), (0, 0), "the archive is in order")


def many_at_once(d):
    """Two imports of the same files at the same time."""
    box = write_mbox("both.mbox", [plain("both-%d" % i, 100) for i in range(60)])
    all_ = [subprocess.Popen([jmctl.PROGRAM, "import", *arguments(d, "--json", box)],
                             stdin=subprocess.DEVNULL, stdout=subprocess.PIPE) for _ in range(2)]
    sums = [counts(json.loads(p.communicate(timeout=300)[0])) for p in all_]
    tap.is_((sum(s[0] for s in sums), sum(s[1] for s in sums)), (60, 60),
            "two imports at once add each message once")


def offline(d):
    """Without a daemon, as root, of files that the archive's owner may not read."""
    tap.is_(d.stop(), 0, "the daemon stops")
    path = write("private/secret.eml", plain("secret"))
    tap.is_(counts(imported(d, os.path.join(FOLDER, "one.eml"))), (0, 1, 0),
            "without a daemon the same message is here, too")
    if os.geteuid() != 0:
        tap.skip("the archive of another user", "root is needed")
        return
    archive = os.path.join(FOLDER, "owned")
    shutil.copytree(d.archive, archive)
    for top, _, names in os.walk(archive):
        for name in [top, *(os.path.join(top, n) for n in names)]:
            os.chown(name, 65534, 65534)
    os.chmod(os.path.dirname(path), 0o700)
    os.chmod(path, 0o600)
    r = subprocess.run([jmctl.PROGRAM, "import", "--archive", archive, "--service", SERVICE,
                        "--json", path, os.path.dirname(path)], stdin=subprocess.DEVNULL,
                       stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
    tap.is_(counts(json.loads(r.stdout)), (1, 1, 0),
            "root imports its own files into the archive of another user")
    r = run.output(jmctl.PROGRAM, "events", "--archive", archive, "--json", "--kind", "imported")
    tap.like(json.loads(r.splitlines()[-1])["actor"], r"^uid 0 \(root\), ",
             "its event names root, not that user")
    owners = {os.stat(os.path.join(top, n)).st_uid for top, _, names in os.walk(archive)
              for n in names}
    tap.is_(owners, {65534}, "and all files still belong to that user")


D = daemon.Daemon(os.path.join(FOLDER, "d"), outbounds=(CLIENT,),
                  services=[daemon.service(SERVICE),
                            daemon.service("other@journal.example.com")]).start()
kinds(D)
recorded(D)
by_smtp(D)
bad(D)
many_at_once(D)
large(D)
interrupted(D)
offline(D)
sys.exit(tap.done())
