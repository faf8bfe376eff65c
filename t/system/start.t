#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""
The daemon always starts: beside processes that read the archive, which yield and continue with the
daemon's answers or end with 75; after those that write to it, for which it waits and says so; and
never with an exit status after which its unit gives up, when the fault may pass.
"""
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
import corpus
import daemon
import jmctl
import milter
import run
import tap
from daemon import Daemon

JOURNAL, CLIENT = "journaling@journal.example.com", "192.0.2.25"
SHIM = run.shim(tap.folder() + "/slow.so", "slow-sync.c")
REPORTS = 40


def filled(name, **kw):
    """A daemon that is stopped, with reports in its archive, one of them large."""
    d = Daemon(os.path.join(tap.folder(), name), outbounds=(CLIENT,), **kw).start()
    for i in range(REPORTS):
        milter.deliver(d.socket, "a@example.com", [JOURNAL],
                       corpus.report("r-%d" % i, 3000000 if i == 0 else 300), CLIENT)
    d.stop()
    return d


def begun(d, *args, env=None, stdout=subprocess.PIPE):
    """jmctl in a session of its own; waits until it has the archive."""
    p = subprocess.Popen([jmctl.PROGRAM, args[0], "--config", d.settings, *args[1:]],
                         stdin=subprocess.DEVNULL, stdout=stdout, stderr=subprocess.PIPE,
                         start_new_session=True, env=dict(os.environ, **(env or {})))
    tap.at_end(lambda: p.poll() is None and p.kill())
    run.until(lambda: user(d)[1].endswith("jmctl " + args[0]) or p.poll() is not None,
              "jmctl %s has the archive" % args[0])
    if p.poll() is not None:
        tap.diag(p.communicate())
    return p


def user(d):
    """(process number, line about it) of DIR/lock"""
    with open(d.archive + "/lock", encoding="ascii") as f:
        lines = f.read().splitlines() + ["0", ""]
    return int(lines[0] or 0), lines[1].strip()


def started(d, name, seconds=2.5):
    """Starts it beside another process. Returns the seconds that it took."""
    begin = time.monotonic()
    d.start()
    took = time.monotonic() - begin
    tap.ok(took < seconds, "%s: the daemon starts at once" % name, "after %.1f s" % took)
    return took


def status_loop(d):
    """A status loop and a list loop beside 20 starts."""
    seen, over = [], threading.Event()

    def loop(verb):
        while not over.is_set():
            seen.append(d.jmctl.run(verb)[::2])

    threads = [threading.Thread(target=loop, args=(v,)) for v in ("status", "list")]
    for t in threads:
        t.start()
    took = []
    for _ in range(20):
        begin = time.monotonic()
        d.start()
        took.append(time.monotonic() - begin)
        d.stop()
    over.set()
    for t in threads:
        t.join()
    tap.ok(max(took) < 10, "20 starts beside loops of jmctl status and list: all succeed",
           "%.1f s at most" % max(took))
    tap.is_(sorted({s for s, _ in seen} - {0, 69, 75}), [],
            "and each of %d answers is an answer, or 75" % len(seen))
    said = re.compile("starting|stopping|broke off|open;|has started")
    tap.is_([c for s, c in seen if s == 75 and not said.search(c)], [], "which says what happens")


def yields(d):
    slow = dict(SHIM, SLOW_READ_US="50000")
    p = begun(d, "verify", "--json", env=slow)
    started(d, "jmctl verify")
    out, complaint = p.communicate(timeout=300)
    tap.ok(p.returncode == 0 and json.loads(out)["ok"],
           "jmctl verify: it continues through the daemon", (p.returncode, out, complaint))
    d.stop()

    p = begun(d, "export", LARGE)	# the pipe is full, nobody reads
    time.sleep(0.3)
    started(d, "an export that nobody reads")
    out, complaint = p.communicate(timeout=300)
    tap.ok(p.returncode == 75 and complaint.count(b"\n") == 1 and b"not complete" in complaint
           and 0 < len(out) < 3000000, "an export that nobody reads: half an answer ends with 75 "
           "and a line", (p.returncode, len(out), complaint))
    d.stop()

    p = begun(d, "export", LARGE)
    os.killpg(p.pid, signal.SIGSTOP)
    started(d, "a reader that is stopped, as by ^Z")
    os.killpg(p.pid, signal.SIGCONT)
    out, complaint = p.communicate(timeout=300)
    tap.ok(p.returncode in (0, 75) and (p.returncode == 75) == (len(out) < 2900000),
           "a reader that is stopped: then it has the whole answer, or ends with 75",
           (p.returncode, len(out), complaint))
    d.stop()

    p = begun(d, "export", LARGE)
    os.kill(user(d)[0], signal.SIGSTOP)
    started(d, "a process with the archive that is stopped", 8)
    tap.like(LOG(), r"archive-in-use program=\"jmctl export\" pid=(\d+) .*\n(.*\n)*.*reader-ended "
             r"pid=\1 ", "a process with the archive that is stopped: it is ended, as the log says")
    out, complaint = p.communicate(timeout=300)
    tap.ok(p.returncode in (0, 75) and (p.returncode == 75) == (len(out) < 2900000),
           "a process with the archive that is stopped: the whole answer, or 75",
           (p.returncode, len(out), complaint))
    d.stop()


def LOG():
    with open(THE.log_path(), encoding="utf-8", errors="replace") as f:
        return f.read()


def waits(d):
    """For a writer: it says for whom, and a stop ends the wait."""
    hold = d.path("hold")
    path = d.path("one.eml")
    with open(path, "wb") as f:
        f.write(corpus.report("imported", 300))
    with open(hold, "w", encoding="ascii"):
        pass
    p = begun(d, "import", "--service", JOURNAL, path,
              env=dict(SHIM, SLOW_SYNC_WHILE=hold))
    notes = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    notes.bind(d.path("notify"))
    notes.settimeout(30)
    daemon_ = run.Program([daemon.PROGRAM, "-f", "-c", d.settings], d.log_path(),
                          {"NOTIFY_SOCKET": d.path("notify")}).start()
    said = notes.recv(4096).decode()
    want = r"waiting for the archive: jmctl import \(process %d\) has it" % p.pid
    tap.ok("EXTEND_TIMEOUT_USEC=" in said and re.search("STATUS=" + want, said),
           "a writer: the service manager is told for whom the daemon waits", said)
    line = "archive-in-use program=\"jmctl import\" pid=%d " % p.pid
    tap.ok(run.settled(lambda: line in LOG(), True), "a writer: and so is the log")
    status, _, complaint = d.jmctl.run("status")
    tap.ok(status == 75 and "the daemon is starting (waits for the archive)" in complaint,
           "a writer: jmctl says that the daemon is starting", (status, complaint))
    begin = time.monotonic()
    tap.is_(daemon_.stop(), 0, "a writer: SIGTERM ends the wait, with 0")
    tap.ok(time.monotonic() - begin < 1, "a writer: at once", time.monotonic() - begin)
    before = os.path.getsize(d.log_path())
    starting = run.Program([daemon.PROGRAM, "-f", "-c", d.settings], d.log_path()).start()
    time.sleep(0.5)
    os.unlink(hold)
    run.until(lambda: d.is_ready(before), "it starts")
    p.communicate(timeout=300)
    tap.is_((p.returncode, len(d.jmctl.list())), (0, REPORTS + 1),
            "a writer: it ends its work, then the daemon starts, with that work")
    starting.stop()
    hold_other(d)


def hold_other(d):
    """Another daemon on the same archive."""
    d.start()
    r = subprocess.run([daemon.PROGRAM, "-f", "-c", d.settings], stdout=subprocess.PIPE,
                       stderr=subprocess.STDOUT, check=False, timeout=300)
    want = b"another daemon (process %d) has the archive" % d.pid
    tap.ok(r.returncode == 75 and want in r.stdout, "another daemon: 75, with its number",
           (r.returncode, r.stdout))
    status, _, complaint = d.jmctl.run("rebuild")
    tap.ok(status == 77 and "stop it first" in complaint, "jmctl rebuild beside it: 77", complaint)
    d.stop()


def slow_start(d):
    """jmctl while the catalog is made anew: it waits a little, and says how far that is."""
    shutil.rmtree(d.archive + "/catalog")
    p = run.Program([daemon.PROGRAM, "-f", "-c", d.settings], d.log_path(),
                    dict(SHIM, SLOW_READ_US="60000")).start()
    run.until(lambda: "catalog" in starting_text(d), "the catalog")
    seen = [d.jmctl.run("status")[::2]]
    tap.ok(seen[0][0] == 75 and re.search(r"the daemon is starting \(catalog \d+ %\)", seen[0][1]),
           "a slow start: jmctl waits, then says how far it is", seen)
    begin = time.monotonic()
    tap.is_(d.jmctl.run("rebuild")[0], 75,
            "a slow start: a writer waits, too")
    tap.ok(4 < time.monotonic() - begin < 20, "a slow start: for a few seconds")
    tap.is_(p.stop(), 0, "a slow start: it can be stopped")
    p = run.Program([daemon.PROGRAM, "-f", "-c", d.settings], d.log_path(),
                    dict(SHIM, SLOW_READ_US="4000")).start()
    run.until(lambda: starting_text(d) or not p.running(), "it begins")
    status, _, complaint = d.jmctl.run("status")
    tap.is_((status, complaint), (0, ""), "a start of a second or two: jmctl waits for the answer")
    p.stop()


def starting_text(d):
    try:
        with open(d.archive + "/starting", encoding="ascii") as f:
            return f.read()
    except OSError:
        return ""


def broken_settings(d):
    good = d.xml()
    d.start()
    for what, text, fault in (
            ("an element that is wrong", good.replace("<archive>", "<archiv>"), ":9:|archiv"),
            ("an empty file", "", "the file is empty"),
            ("no XML at all", "hello\n", "settings|xml"),
            ("a wrong value", good.replace("<interval>0<", "<interval>often<"), "interval"),
            ("no file", None, "No such file")):
        d.write(text or "")
        if text is None:
            os.unlink(d.settings)
        status, out, complaint = d.jmctl.run("list", "--json")
        tap.ok(status == 0 and len(out.splitlines()) == len(d.jmctl.objects(out)) > 0
               and complaint.count("\n") == 1 and re.search(fault, complaint)
               and "warning" in complaint and d.path("control.sock") in complaint,
               "%s in the settings: jmctl asks the daemon, with a warning" % what,
               (status, complaint))
    d.write(good)
    tap.is_(d.jmctl.run("status")[::2], (0, ""), "good settings: no warning")
    d.write(good.replace("control.sock<", "other.sock<"))
    status, _, complaint = d.jmctl.run("status")
    tap.ok(status == 0 and "restart it" in complaint, "another control socket in the settings: "
           "jmctl asks the old one, with a warning", (status, complaint))
    d.write("")
    d.stop()
    status, _, complaint = d.jmctl.run("status")
    tap.ok(status == 78 and "the file is empty" in complaint and "--archive DIR" in complaint,
           "wrong settings and no daemon: 78", (status, complaint))
    d.write(good)


def by_archive(d):
    """--archive leads to the daemon that has the archive, wherever its control socket is."""
    d.start()
    tap.is_(d.jmctl.run("list", "--service", JOURNAL)[0], 0,
            "a service of the settings is known before it had mail")
    link, copy = d.path("link"), d.path("copy")
    os.symlink(d.archive, link)
    shutil.copytree(d.archive, copy)
    for name, where, folder in (("whole path", d.archive, None), ("link", link, None),
                                ("relative path", "archive/", d.folder), ("copy", copy, None)):
        r = subprocess.run([jmctl.PROGRAM, "status", "--json", "--archive", where], cwd=folder,
                           stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                           stderr=subprocess.PIPE, check=False, timeout=300)
        tap.is_((r.returncode, r.stderr), (0, b""), "--archive as a %s: answered" % name)
        tap.is_(bool(json.loads(r.stdout or b"{}").get("daemon")), name != "copy",
                "by the daemon" if name != "copy" else "from the copy, which no daemon has")
    d.stop()


def no_daemon(d):
    status, out, _ = d.jmctl.run("status")
    first = out.decode().splitlines()[0]
    tap.ok(status == 69 and first.startswith("daemon      NOT RUNNING: journal mail is not"),
           "status without the daemon that should run: the first line, and exit status 69",
           (status, first))
    status, out, _ = d.jmctl.run("status", "--json")
    tap.is_((status, json.loads(out).get("daemon_missing")), (69, True), "and JSON says it")
    r = subprocess.run([jmctl.PROGRAM, "status", "--json", "--archive", d.archive],
                       stdout=subprocess.PIPE, check=False)
    tap.is_((r.returncode, "daemon_missing" in json.loads(r.stdout)), (0, False),
            "an archive that no settings name: no daemon is expected")


def exit_codes(d):
    """Nothing that may pass ends with a status after which the unit gives up."""
    with open(os.path.join(tap.BUILD, "contrib/systemd/journal-milter.service"),
              encoding="utf-8") as f:
        unit = f.read()
    final = set(map(int, re.search(r"(?m)^RestartPreventExitStatus=(.*)$", unit).group(1).split()))
    tap.is_(final, {64, 65, 78}, "the unit gives up after wrong usage, damage and wrong settings")
    tap.ok("\nRestart=on-failure\n" in unit and "\nStartLimitIntervalSec=0\n" in unit
           and "\nTimeoutStartSec=infinity\n" in unit, "and after nothing else")
    good, port = d.xml(), d.socket.split(":")[1].split("@")[0]
    busy = socket.socket()
    busy.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    busy.bind(("127.0.0.1", int(port)))
    busy.listen(1)
    fails(d, "a port in use", good, 75, "in use")
    busy.close()
    root = os.getuid() == 0
    if root:
        fails(d, "a user that is not there yet",
              good.replace("<daemon>", "<daemon><user>jm-nobody-here</user>"), 75, "jm-nobody-here")
    sock = "unix:" + d.path("m.sock")
    fails(d, "a group that is not there yet",
          good.replace(d.socket + "</socket>", sock
                       + "</socket><socket-group>jm-no-group</socket-group>"), 75, "jm-no-group")
    with open(d.path("file"), "w", encoding="ascii"):
        pass
    fails(d, "a file in place of the control socket",
          good.replace("control.sock<", "file<"), 75, "not a socket")
    fails(d, "a folder that is not there", good.replace(d.socket, "unix:/proc/none/m.sock"),
          None, "m.sock|none")
    elsewhere = d.path("elsewhere")
    os.rename(d.archive + "/volumes", elsewhere)
    os.mkdir(d.archive + "/volumes")
    fails(d, "a disk that is not mounted yet", good, 75, "not mounted")
    os.rmdir(d.archive + "/volumes")
    os.rename(elsewhere, d.archive + "/volumes")
    fails(d, "wrong settings", "<journal-milter/>", 78, "")
    d.write(good)


def fails(d, name, text, code, pattern):
    d.write(text)
    r = subprocess.run([daemon.PROGRAM, "-f", "-c", d.settings], stdout=subprocess.PIPE,
                       stderr=subprocess.STDOUT, check=False, timeout=300)
    tap.ok(r.returncode == code if code else r.returncode not in (0, 64, 65, 78),
           "%s: exit status %s" % (name, code or "that is not final"), (r.returncode, r.stdout))
    tap.like(r.stdout.decode(), pattern, name + ": the reason")


def sandbox(d):
    """The start in a unit whose ReadWritePaths lacks the archive."""
    shim = run.shim(tap.folder() + "/disk-fault.so", "disk-fault.c", "-DDISK_FAULT_NO_MEMORY")
    env = dict(os.environ, **shim, DISK_FAULT="any:1+:EROFS", DISK_FAULT_UNDER=d.archive)
    for where, pattern in (({"INVOCATION_ID": "x"}, r"Read-only file system; the unit's "
                            r"ReadWritePaths.*printf '\[Service\]..?nReadWritePaths=%%s..?n' %s >> "
                            r".*/archive\.conf && systemctl daemon-reload" % d.archive),
                           ({}, "Read-only file system; remount it")):
        r = subprocess.run([daemon.PROGRAM, "-f", "-c", d.settings], stdout=subprocess.PIPE,
                           stderr=subprocess.STDOUT, check=False, timeout=300,
                           env=dict(env, **where))
        tap.is_(r.returncode, 75, "a read-only archive: 75")
        tap.like(r.stdout.decode(), pattern, "a read-only archive: the cure, in a unit %s" % where)


THE = filled("start")
LARGE = str(THE.jmctl.list()[0]["id"])
for part in (status_loop, yields, waits, slow_start, broken_settings, by_archive, no_daemon,
             exit_codes, sandbox):
    if not sys.argv[1:] or part.__name__ in sys.argv[1:]:
        part(THE)
tap.is_(THE.complaints(), [], "no complaint")
sys.exit(tap.done())
