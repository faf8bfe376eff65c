#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""
jmctl top and watch on a daemon that works: the terminal is restored, they survive a restart, and a
reader that is slow or gone blocks nothing.
"""
import fcntl
import json
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
import corpus
import daemon
import jmctl
import milter
import run
import tap

ONE, SLOW, STRICT = ("%s@journal.example.com" % n for n in ("one", "slow", "strict"))
ENTER, LEAVE = b"\x1b[?1049h\x1b[?25l\x1b[?7l", b"\x1b[?7h\x1b[?25h\x1b[?1049l"


def send(number, to=ONE, ip="127.0.0.1", **kw):
    return milter.deliver(d.socket, "alice@example.com", [to], corpus.report(number, **kw), ip=ip)


class Terminal:
    """jmctl on a terminal of its own."""

    def __init__(self, *args, columns=120, rows=40, env=None):
        self.master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        self.before = termios.tcgetattr(slave)
        environment = dict(os.environ, TERM="xterm", **(env or {}))
        if not env:
            environment.pop("NO_COLOR", None)
        self.slave = slave
        self.process = subprocess.Popen([jmctl.PROGRAM, *args, "--config", d.settings], stdin=slave,
                                        stdout=slave, stderr=slave, env=environment,
                                        start_new_session=True,
                                        preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0))
        self.seen = b""
        tap.at_end(self.end)

    def read(self):
        while select.select([self.master], [], [], 0.02)[0]:
            self.seen += os.read(self.master, 65536)
        return self.seen

    def until(self, words):
        run.until(lambda: words in self.read(), "the terminal shows %r" % words)

    def clear(self):
        self.read()
        self.seen = b""

    def resize(self, columns, rows):
        fcntl.ioctl(self.slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def type(self, keys):
        os.write(self.master, keys)

    def end(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()

    def given_back(self, name):
        run.until(lambda: self.process.poll() is not None, "it ends")
        self.read()
        same = termios.tcgetattr(self.slave) == self.before
        tap.ok(self.seen.rstrip().endswith(LEAVE) and same,
               "top: %s gives the terminal back" % name, repr(self.seen[-200:]))


def say(*args):
    r = subprocess.run([jmctl.PROGRAM, *args], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                       stderr=subprocess.PIPE, check=False, timeout=600)
    return r.returncode, r.stdout.decode(), r.stderr.decode()


def top_once():
    at = ("--config", d.settings)
    status, out, complaint = say("top", *at)
    tap.ok(status == 64 and not out and "--once" in complaint,
           "top: without a terminal it is refused with a word", complaint)
    words = ("journal-milter", "Archive  ok", "Rate", "/s", "this hour", "Commit", "Queue",
             "SERVICE", ONE, "Awaiting Initial Run", "OK", "CLIENT", "192.0.2.77",
             "1 client-address", "RECENT EVENTS", "checkpoint")
    # what was refused is counted a second later
    run.settled(lambda: [w for w in words if w not in say("top", "--once", *at)[1]], [])
    status, out, complaint = say("top", "--once", *at)
    tap.ok(status == 0 and "\x1b" not in out, "top --once: a picture without colours for a file",
           complaint)
    for word in words:
        tap.ok(word in out, "it has: " + word, out)
    status, out, _ = say("top", "--json", *at)
    jmctl.checked("top", out.encode())
    o = json.loads(out)
    tap.ok(status == 0 and o["rates"]["reports_per_second"] is not None
           and o["archive"]["items"] >= 1, "top --json: one object with rates")
    tap.ok([c["client"] for c in o["clients"]][:1] == ["127.0.0.1"]
           and o["clients"][0]["messages"] > 0, "it knows the busiest client", o["clients"])
    tap.ok([c["turned_away"] for c in o["clients"] if c["client"] == "192.0.2.77"] == [1],
           "and whom it turned away", o["clients"])
    for wrong in (("--interval", "0"), ("--interval", "x"), ("word",)):
        tap.is_(say("top", *wrong)[0], 64, "top %s is refused" % " ".join(wrong))


def top_live():
    t = Terminal("top", "--interval", "1")
    t.until(ENTER)
    t.until(b"RECENT EVENTS")
    tap.ok(b"\x1b[32mService OK" in t.seen, "top: a good state is green")
    send("while-top")
    t.until(b"3 messages")
    tap.ok(True, "top: what is archived shows up")
    t.clear()
    t.resize(60, 8)
    t.process.send_signal(signal.SIGWINCH)

    def small():
        """The last whole picture fits; one more of the old size may have come before."""
        whole = [f.split(b"\x1b[J")[0] for f in t.read().split(b"\x1b[H")[1:] if b"\x1b[J" in f]
        return bool(whole) and b"Archive" in whole[-1] and whole[-1].count(b"\r\n") <= 7
    tap.ok(run.settled(small, True), "top: a small terminal gets no more lines than it has",
           t.seen[-3000:])
    t.type(b"q")
    t.given_back("q")
    tap.is_(t.process.returncode, 0, "top: q ends it with 0")
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT):
        t = Terminal("top", "--interval", "3600")
        t.until(b"RECENT EVENTS")
        t.process.send_signal(number)
        t.given_back(signal.Signals(number).name)
        tap.is_(t.process.returncode, -number,
                "top: and it is seen to end by %s" % signal.Signals(number).name)
    t = Terminal("top", "--interval", "3600")
    t.until(b"RECENT EVENTS")
    t.process.send_signal(signal.SIGTSTP)
    t.until(LEAVE)
    run.until(lambda: open("/proc/%d/stat" % t.process.pid, encoding="ascii").read().rsplit(")", 1)[
        1].split()[0] == "T", "it is stopped")
    tap.is_(termios.tcgetattr(t.slave), t.before, "top: stopped (^Z), the terminal is as it was")
    t.clear()
    t.process.send_signal(signal.SIGCONT)
    t.until(ENTER)
    t.until(b"Archive")
    t.type(b"q")
    t.given_back("going on, and q,")
    t = Terminal("top", "--interval", "1", env={"NO_COLOR": "1"})
    t.until(b"RECENT EVENTS")
    tap.ok(not re.search(rb"\x1b\[[0-9;]*m", t.seen), "top: NO_COLOR is honoured")
    t.type(b"q")
    t.given_back("q without colours")


def top_restart():
    t = Terminal("top", "--interval", "1")
    t.until(b"RECENT EVENTS")
    d.kill()
    t.until(b"no daemon answers: this is the last known state")
    d.start()
    t.clear()
    run.until(lambda: b"up " in t.read() and b"no daemon" not in t.seen.split(b"\x1b[H")[-1],
              "it shows the new daemon")
    tap.ok(True, "top: a daemon that was killed and comes again is shown as that")
    t.type(b"q")
    t.given_back("q after a restart")


class Watch:
    """jmctl watch with its output in a file."""

    def __init__(self, name, *args):
        self.path = os.path.join(tap.folder(), name)
        self.program = run.Program([jmctl.PROGRAM, "watch", *args, "--config", d.settings],
                                   self.path)

    def start(self):
        self.program.start()
        return self

    def text(self):
        return self.program.text()

    def until(self, pattern):
        try:
            run.until(lambda: re.search(pattern, self.text()), "watch tells /%s/" % pattern)
        except TimeoutError:
            tap.diag(self.text())
            raise


def watch_lines():
    now = Watch("now").start()
    n = 0
    while "archived" not in now.text():	# it begins with what comes once it has looked
        n += 1
        send("now-%d" % n, subject="Now")
    # the start's own event may come between them
    archived = re.findall(r"^\S+  archived .*", now.text(), re.M)
    tap.ok(archived and all(" Now " in line for line in archived),
           "watch: begins with what comes now", now.text())
    now.program.stop()
    here = ("--after", str(d.jmctl.status()["last_seq"]))
    w = Watch("all", *here).start()
    j = Watch("json", "--json", *here).start()
    r = Watch("refused", "--kind", "refused,set-aside", *here).start()
    s = Watch("service", "--service", SLOW, *here).start()
    send("seen", subject="Watched")
    send("seen", subject="Watched", recipients=("bob@example.com", "carol@example.com"))
    send("drives", subject="\x1b[2J\x07drives")
    send("strange", ip="192.0.2.78")
    send("foreign", to=STRICT, sender="x@fabrikam.example", recipients=("y@fabrikam.example",))
    send("delayed", to=SLOW)
    w.until(r"archived .*%s  item \d+  from alice@example.com  to \d  .* Watched  by 127\.0\.0\.1"
            % ONE)
    w.until(r"merged .*%s" % ONE)
    w.until(r"refused .*192\.0\.2\.78")
    w.until(r"set-aside .*%s.* item \d+ .*: " % STRICT)
    w.until(r"queued .*%s" % SLOW)
    tap.ok(True, "watch: a line each for what is archived, merged, refused, set aside, queued")
    row = d.jmctl.queue()[0]
    d.jmctl.run("queue", "release", row["id"])
    w.until(r"released .*%s  item %d" % (SLOW, row["id"]))
    w.until(r"status .*%s  OK" % SLOW)
    tap.ok("\x1b" not in w.text() and "\\x1b[2J\\x07drives" in w.text(),
           "watch: no colours in a file, and no Subject drives a terminal", w.text())
    tap.ok(True, "watch: what leaves the queue, and how a service stands")
    s.until("released")
    r.until("set-aside")
    r.until("refused")
    tap.is_(sorted({line.split()[1] for line in r.text().splitlines()}), ["refused", "set-aside"],
            "watch --kind: only these")
    tap.is_([line for line in s.text().splitlines() if SLOW not in line], [],
            "watch --service: only this one")
    j.until('"released"')
    lines = j.text().splitlines()
    jmctl.checked("watch", j.text().encode())
    objects = [json.loads(line) for line in lines]
    tap.is_([o["seq"] for o in objects], sorted(o["seq"] for o in objects),
            "watch --json: one object a line, in the order of the records")
    first = next(o for o in objects if o["kind"] == "archived")
    tap.is_((first["service"], first["sender"], first["subject"], first["actor"]),
            (ONE, "alice@example.com", "Watched", "127.0.0.1"), "with what the item is")
    watch_restart(w)
    for x in (w, j, r, s):
        x.program.stop()
    watch_after()


def watch_restart(w):
    d.kill()
    w.until("waiting for a daemon")
    d.start()
    send("after-restart", subject="Behind")
    w.until("Behind")
    tap.is_(len(re.findall("archived .*Watched", w.text())), 1,
            "watch: over kill -9 and a restart it continues, and shows nothing twice")


def watch_after():
    status, out, _ = say("watch", "--after", "1", "--limit", "3", "--config", d.settings)
    tap.ok(status == 0 and out.count("\n") == 3,
           "watch --after --limit: begins behind a record and ends", out)
    everything = json.loads("[%s]" % ",".join(say("watch", "--json", "--after", "1", "--limit", str(
        len(d.jmctl.events()) + 5), "--config", d.settings)[1].splitlines()))
    events = [e["seq"] for e in d.jmctl.events() if e["seq"] > 1]
    tap.ok(set(events[:5]) <= {o["seq"] for o in everything},
           "watch --after: every event is among them")
    status, out, complaint = say("watch", "--after", "99999999999999999999")
    tap.is_(status, 64, "watch: a number too large is refused")


def readers():
    """
    A reader that reads nothing and one that goes away: mail flows, and the daemon answers others.
    """
    slow = []
    for _ in range(10):
        ours, theirs = os.pipe()
        fcntl.fcntl(ours, 1031, 4096)	# F_SETPIPE_SZ: it is full at once
        p = subprocess.Popen([jmctl.PROGRAM, "watch", "--json", "--after", "1", "--config",
                              d.settings], stdin=subprocess.DEVNULL, stdout=theirs)
        os.close(theirs)
        tap.at_end(p.kill)
        slow.append((p, ours))
    for i in range(60):
        if send("flow-%d" % i).kind != "d":
            tap.ok(False, "mail flows beside readers that do not read")
            break
    full = [p for p, end in slow
            if run.until(lambda end=end: len(select.select([end], [], [], 0)[0]) == 1,
                         "its pipe has something")]
    tap.is_(len(full), 10, "ten watches whose output nobody takes")
    tap.ok(d.jmctl.status()["reports"] >= 60 and d.jmctl.verify()[0] == 0,
           "mail flows and the daemon answers: more watches than it has places hold none")
    gone, end = slow[0]
    os.close(end)
    send("for-the-gone")
    run.until(lambda: gone.poll() is not None, "a watch whose reader is gone ends")
    tap.ok(gone.returncode != 0, "a watch whose reader is gone ends")
    for p, _ in slow[1:]:
        p.kill()
        p.wait()
    tap.is_(send("at-last").kind, "d", "and mail still flows")


d = daemon.Daemon(os.path.join(tap.folder(), "d"), services=[
    daemon.service(ONE), daemon.service(SLOW, initial_process_delay=3600, delivery_wait_attempts=1),
    daemon.service(STRICT, journal_non_internal_addresses=False)])
tap.is_(say("top", "--once", "--archive", tap.folder())[0], 75, "top: without a daemon it says so")
d.start()
send("first")
send("second")
send("stranger", ip="192.0.2.77")
run.until(lambda: len(d.jmctl.list()) == 2, "two items")
run.until(lambda: any(s.get("status") == "OK" for s in d.jmctl.status()["services"]),
          "a service is OK")
top_once()
top_live()
top_restart()
watch_lines()
readers()
tap.is_(d.stop(), 0, "the daemon stops")
tap.is_(d.complaints(), [], "no complaint in the log")
sys.exit(tap.done())
