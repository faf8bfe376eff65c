# SPDX-License-Identifier: BSD-2-Clause
"""A daemon whose reads and writes of the catalog hang, as those of a failing disk; see hang.c."""
import os
import signal
import subprocess

import corpus
import jmctl
import milter
import run
import tap
from daemon import PROGRAM, Daemon

JOURNAL, CLIENT = "journaling@journal.example.com", "192.0.2.25"
SHIM = run.shim(tap.folder() + "/hang.so", "hang.c")
WRITER = r"(closing the catalog|applier( \(checkpoint\))?)"	# a checkpoint, or the last event
END_S = 60	# JM_END_MS of milter/daemon/ending.h


def deliver(d, name):
    return milter.deliver(d.socket, "a@example.com", [JOURNAL], corpus.report(name), CLIENT).kind


class Hanging:
    """An archive of a few messages, and its daemon, which was started again with the shim."""

    def __init__(self, name, start=True):
        self.d = d = Daemon(os.path.join(tap.folder(), name), outbounds=(CLIENT,)).start()
        self.name, self.sent = name, ["one", "two", "three"]
        tap.is_([deliver(d, s) for s in self.sent], ["d"] * 3, name + ": messages before")
        d.stop()
        self.files = {n: d.path(n) for n in ("HANG_WHILE", "HANG_MET", "HANG_LATER")}
        d.env = dict(SHIM, **self.files)
        if start:
            d.start()

    def make(self, name):
        with open(self.files[name], "w", encoding="ascii"):
            pass

    def met(self):
        run.until(lambda: os.path.exists(self.files["HANG_MET"]), self.name + ": a read hangs")

    def more(self):
        """One more message, before the writes hang."""
        tap.is_(deliver(self.d, "four"), "d", self.name + ": one more message is acknowledged")
        self.sent.append("four")
        run.until(lambda: len(self.d.jmctl.list()) == len(self.sent), "it is listed")
        self.make("HANG_WHILE")

    def ask(self):
        """A reader of the catalog, which hangs."""
        child = subprocess.Popen([jmctl.PROGRAM, "list", "--config", self.d.settings],
                                 stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        tap.at_end(child.kill)
        return child

    def start_only(self):
        """Start the daemon, which hangs before it is ready."""
        d = self.d
        d.program = run.Program([PROGRAM, "-f", "-c", d.settings], d.log_path(), d.env).start()

    def ends(self, waits_for, hangs, later=True):
        """Stop; it ends by itself, and says why. hangs: a pattern. later: the clock goes ahead."""
        d, name = self.d, self.name
        before = len(d.log())
        d.program.signal(signal.SIGTERM)
        if later:
            last = " stopped service=" if waits_for != "the start" else ""
            run.until(lambda: all(x in d.log()[before:] for x in (" stopping ", last)),
                      name + ": the signal is heard")
            self.met()
            tap.ok(d.program.running(), name + ": it does not end before its time")
            self.make("HANG_LATER")
        tap.is_(d.program.wait(), 70, name + ": it ends by itself, with status 70")
        line = next((x for x in d.log()[before:].splitlines() if " stop-forced " in x), "")
        tap.like(line, r'after_s=%d waits_for="?%s"? hangs="%s for \d+ s'
                 % (END_S, waits_for, hangs), name + ": the log says why")
        for path in self.files.values():
            if os.path.exists(path):
                os.unlink(path)

    def right(self):
        """The next start has everything that was acknowledged."""
        d, name = self.d, self.name
        d.env = None
        d.start()
        tap.is_([i["subject"] for i in d.jmctl.list()], ["Test " + s for s in self.sent],
                name + ": the next start has what was acknowledged")
        tap.is_(d.jmctl.verify()[0], 0, name + ": verify finds nothing wrong")
        tap.is_(d.stop(), 0, name + ": and it stops with status 0")
