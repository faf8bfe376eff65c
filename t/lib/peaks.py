# SPDX-License-Identifier: BSD-2-Clause
"""How much memory jmctl and the daemon take for an answer. Standard library only."""
import os
import re
import subprocess
import threading
import time

import tap
from jmctl import PROGRAM


def status_of(pid):
    """{field: bytes} of a process; empty when it has ended."""
    try:
        with open("/proc/%d/status" % pid, encoding="ascii") as f:
            return {name: int(value) * 1024 for name, value
                    in re.findall(r"^(VmHWM|RssAnon):\s+(\d+) kB$", f.read(), re.M)}
    except (FileNotFoundError, ProcessLookupError):
        return {}


def children(pid):
    try:
        with open("/proc/%d/task/%d/children" % (pid, pid), encoding="ascii") as f:
            return [int(x) for x in f.read().split()]
    except (FileNotFoundError, ProcessLookupError):
        return []


class Peaks:
    """
    The most memory of processes while it is entered. Of the daemon, anonymous memory and all of it;
    of jmctl, and of its process that reads the archive when there is no daemon, the same.
    """

    def __init__(self, pids):
        self.pids, self.most, self.over = pids, {}, threading.Event()

    def watch(self):
        while not self.over.is_set():
            for who, pid in self.pids():
                for field, n in status_of(pid).items():
                    self.most[who, field] = max(self.most.get((who, field), 0), n)
            time.sleep(0.005)

    def __enter__(self):
        self.thread = threading.Thread(target=self.watch)
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        self.thread.join()


def ask(d, out, *args):
    """
    Run jmctl, its output in the file out. (status, what it said, {(who, field): bytes}). Without a
    daemon, "daemon" is the process of jmctl that reads the archive.
    """
    if d.program.running():
        with open("/proc/%d/clear_refs" % d.pid, "w", encoding="ascii") as f:
            f.write("5")	# VmHWM begins anew
        where, cpu = ["--config", d.settings], d.cpu_seconds()
    else:
        where, cpu = ["--archive", d.archive], 0
    begun, before = time.monotonic(), os.times()
    with open(out, "wb") as f, subprocess.Popen(
            [PROGRAM, args[0], *where, *map(str, args[1:])], stdin=subprocess.DEVNULL, stdout=f,
            stderr=subprocess.PIPE) as p:
        with Peaks(lambda: [("jmctl", p.pid)] + [("daemon", c) for c in children(p.pid)]
                   + ([("daemon", d.pid)] if cpu else [])) as peaks:
            said = p.stderr.read().decode()
            p.wait()
    after = os.times()
    tap.diag("%s%s: %.2f s, CPU of jmctl %.2f s%s, %s" % (
        " ".join(map(str, args))[:60], "" if cpu else ", no daemon", time.monotonic() - begun,
        after.children_user + after.children_system - before.children_user
        - before.children_system,
        " and of the daemon %.2f s" % (d.cpu_seconds() - cpu) if cpu else " with its reader",
        ", ".join("%s %s %.1f MB" % (who, field, n / 1e6)
                  for (who, field), n in sorted(peaks.most.items()))))
    return p.returncode, said, peaks.most
