#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""
The programs are built against memory faults: position independent, nothing writable that is
executable, relocations read-only, stack protector, checked library calls. And none of them writes
a core dump.
"""
import os
import re
import resource
import signal
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
import run
import tap
from daemon import Daemon

INSTALLED = ("milter/daemon/journal-milter", "milter/web/journal-milter-web", "milter/ctl/jmctl",
             "milter/ctl/jmctl-net")
JMCTL = os.path.join(tap.BUILD, "milter/ctl/jmctl")


def readelf(program, *options):
    return subprocess.run(["readelf", "-W", *options, os.path.join(tap.BUILD, program)],
                          stdout=subprocess.PIPE, check=True).stdout.decode()


def flags():
    """The flags of the compiler, as configure and the user chose them."""
    with open(os.path.join(tap.BUILD, "Makefile"), encoding="utf-8") as f:
        return " ".join(re.findall(r"(?m)^(?:CFLAGS|CPPFLAGS|HARDEN_CFLAGS) = (.*)", f.read()))


def built(program, compiled):
    name = os.path.basename(program)
    dynamic, segments = readelf(program, "-d"), readelf(program, "-l")
    symbols = readelf(program, "--dyn-syms")
    tap.like(readelf(program, "-h"), r"(?m)^\s*Type:\s+DYN ", name + " is position independent")
    tap.like(dynamic, r"FLAGS_1\).*\bNOW\b.*\bPIE\b",
             name + ": every symbol is resolved at the start")
    tap.like(segments, r"(?m)^\s*GNU_RELRO\s", name + ": relocations are read-only")
    tap.like(segments, r"(?m)^\s*GNU_STACK\s.* RW\s", name + ": the stack is not executable")
    tap.is_(re.findall(r"(?m)^\s*LOAD\s.* RWE .*", segments), [],
            name + ": no segment is both writable and executable")
    tap.like(symbols, r"\b__stack_chk_fail@", name + ": stack protector")
    if "-D_FORTIFY_SOURCE=3" in compiled:
        tap.like(symbols, r"\b__memcpy_chk@", name + ": library calls are checked")
    else:
        tap.diag(name + ": a sanitizer or no optimisation, so library calls are not checked")


def dumped(program):
    """Abort the program; true when the kernel wrote its memory into a file."""
    os.kill(program.pid, signal.SIGABRT)
    return os.WCOREDUMP(os.waitpid(program.pid, 0)[1])


def no_dump(program, name):
    def limit():
        with open("/proc/%d/limits" % program.pid, encoding="ascii") as f:
            return re.search(r"(?m)^Max core file size\s+(\S+)\s+(\S+)", f.read()).groups()

    tap.is_(run.settled(limit, ("0", "0")), ("0", "0"), name + " allows itself no core dump")
    tap.ok(not dumped(program), name + " writes no core dump")


def dumps():
    resource.setrlimit(resource.RLIMIT_CORE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    os.chdir(tap.folder())
    if not dumped(subprocess.Popen(["sleep", "600"])):
        tap.diag("here even sleep(1) writes no core dump")
    daemon = Daemon(tap.folder() + "/daemon").start()
    no_dump(daemon, "the daemon")
    web = run.Program([os.path.join(tap.BUILD, "milter/web/journal-milter-web"), "-f", "-d",
                       tap.folder(), "-l", "127.0.0.1:%d" % run.port()],
                      tap.folder() + "/web.log").start()
    run.until(lambda: " ready " in web.text(), "the status page is ready")
    no_dump(web, "the status page")
    with subprocess.Popen([JMCTL, "unwrap", "-"], stdin=subprocess.PIPE) as jmctl:
        no_dump(jmctl, "jmctl")


tap.need("readelf")
for path in INSTALLED:
    built(path, flags())
dumps()
sys.exit(tap.done())
