#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""
The daemon on a failing disk while it works off its queue, and while it reloads: the Nth call fails
once, or all from then on, or is the last before kill -9. Afterwards everything works without help:
the waiting mail is archived, exact, once; the new settings are in force; each change of them is an
event.
"""
import os
import shutil
import signal
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
import corpus
import daemon
import milter
import run
import tap

SLOW, CLIENT = "slow@journal.example.com", "192.0.2.25"
POINTS = int(os.environ.get("JM_FAULT_POINTS", "4"))
BASE = tempfile.mkdtemp(prefix="jm-daemon-",
                        dir="/dev/shm" if os.access("/dev/shm", os.W_OK) else None)
tap.at_end(lambda: shutil.rmtree(BASE, ignore_errors=True))
SHIM = run.shim(os.path.join(BASE, "disk-fault.so"), "disk-fault.c")
FAULTS = ["any:%d:%s" % (n, what) for what in ("kill", "EIO") for n in range(1, 2 * POINTS + 1)] \
    + ["any:%d+:%s" % (n, what) for what in ("ENOSPC", "EIO", "EROFS")
       for n in range(1, POINTS)] + ["write:1:short", "write:2:short", "sync:1:EIO", "sync:2:EIO"]


class Machine:
    """A daemon whose disk fails while the file flag is there."""

    def __init__(self, name, fault):
        folder = os.path.join(BASE, name)
        self.flag, self.fault = folder + ".flag", fault
        self.d = daemon.Daemon(folder, services=[daemon.service(
            SLOW, initial_process_delay=3600, delivery_wait_attempts=0)], outbounds=(CLIENT,),
                               env=dict(SHIM, DISK_FAULT=fault, DISK_FAULT_WHILE=self.flag,
                                        DISK_FAULT_UNDER=folder + "/archive"))
        self.d.start()

    def break_disk(self):
        with open(self.flag, "w", encoding="ascii"):
            pass

    def mend_disk(self):
        os.unlink(self.flag)
        if self.fault.endswith("kill"):		# it may be on its way
            run.settled(self.d.program.running, False, 2)
        if not self.d.program.running():
            code = self.d.program.process.returncode
            if code != -signal.SIGKILL:
                raise AssertionError("the daemon ended with %d: %s" % (code, self.d.log()[-500:]))
            self.d.start()

    def end(self):
        status, found = self.d.jmctl.verify()
        want(status, 0, "verify: %r" % found)
        want(self.d.jmctl.status()["balance"], {"holds": True, "wrong": []}, "the counters balance")
        want(self.d.stop(), 0, "the daemon stops")
        want(self.d.complaints(), [], "complaints")


def want(got, wanted, what):
    if got != wanted:
        raise AssertionError("%s: got %.300r, want %.300r" % (what, got, wanted))


def send(d, name):
    """True when it was acknowledged; anything but that and 4xx is an error."""
    try:
        a = milter.deliver(d.socket, "a@example.com", [SLOW], corpus.report(name), CLIENT)
    except (milter.Closed, OSError):
        return False
    if a.kind != "d" and not a.text.startswith("4"):
        raise AssertionError("answered %r" % a)
    return a.kind == "d"


def queue(m):
    d, names = m.d, ["q%d" % i for i in range(3)]
    for n in names:
        want(send(d, n), True, "before: acknowledged")
    ids = [r["id"] for r in d.jmctl.queue()]
    m.break_disk()
    d.jmctl.run("queue", "retry", *ids)
    if send(d, "meanwhile"):
        names.append("meanwhile")
    m.mend_disk()
    for row in d.jmctl.queue():
        status, _, complaint = d.jmctl.run("queue", "retry", row["id"])
        want(status == 0 or "it is archived" in complaint, True,
             "retry with a disk that works: %d %s" % (status, complaint))
    run.until(lambda: not d.jmctl.queue(), "the queue is worked off")
    got = sorted(i["subject"] for i in d.jmctl.list())
    # A message whose sender got 4xx may have been stored: it may be there, once.
    want(sorted(set(got) | {"Test " + n for n in names}), got, "each is archived once")
    want([g for g in got if g[5:] not in names + ["meanwhile"]], [], "what nobody sent")
    want(d.jmctl.list("--set-aside"), [], "what is set aside")
    for i in d.jmctl.list():
        if d.jmctl.export(i["id"], "--report") != corpus.report(i["subject"][5:]):
            raise AssertionError("%s has other bytes" % i["subject"])


def reload(m):
    d = m.d
    run.until(lambda: os.path.exists(d.archive + "/last-settings.xml"), "the settings are kept")
    d.services = [daemon.service(SLOW, maximum_age=7, initial_process_delay=3600,
                                 delivery_wait_attempts=0),
                  daemon.service("new@journal.example.com")]
    d.write()
    m.break_disk()
    d.reload()
    run.until(lambda: not d.program.running() or " setting-changed " in d.log(), "the reload")
    taken = send(d, "meanwhile")
    m.mend_disk()
    kinds = {"setting-changed": "maximum-age: 0 -> 7", "service-added": "journal service added"}
    for kind, text in kinds.items():
        run.until(lambda k=kind, t=text: [e for e in d.jmctl.events(k) if e["text"].startswith(t)],
                  "the event " + kind)
    with milter.Session(d.socket) as s:
        s.connect(CLIENT)
        s.mail("<a@example.com>")
        want(s.rcpt("<new@journal.example.com>").kind, "c", "the new settings hold")
        s.quit()
    if taken:
        want(len(d.jmctl.queue()), 1, "what was acknowledged waits")


for part in (queue, reload):
    if sys.argv[1:] and part.__name__ not in sys.argv[1:]:
        continue
    bad = []
    for f in FAULTS:
        m = None
        try:
            m = Machine(part.__name__, f)
            part(m)
            m.end()
        except (AssertionError, TimeoutError, RuntimeError) as e:
            bad.append("%s: %s" % (f, e))
            if m and m.d.program.running():
                m.d.kill()
        shutil.rmtree(os.path.join(BASE, part.__name__), ignore_errors=True)
    tap.ok(not bad, "%s: %d fault points" % (part.__name__, len(FAULTS)), "\n".join(bad[:4]))
sys.exit(tap.done())
