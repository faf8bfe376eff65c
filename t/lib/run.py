# SPDX-License-Identifier: BSD-2-Clause
"""Programs that a test starts: free ports, waiting, stopping by process id."""
import os
import random
import select
import signal
import socket
import subprocess
import time

import tap


_reserved = []


def port(host="127.0.0.1"):
    """
    A free TCP port that stays reserved until this process ends. A name in the abstract socket
    namespace reserves it, so no other test gets it. It is below the ports that the kernel gives to
    connections, of which there are thousands while tests run side by side.
    """
    while True:
        number = random.randrange(10000, 32768)
        name = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        try:
            name.bind("\0jm-test-port-%d" % number)
            with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as s:
                s.bind((host, number))
        except OSError:
            name.close()
            continue
        _reserved.append(name)
        return number


# long enough for the slowest machine; only a test that fails waits so long
SAFETY_S = 300.0


def _looks(look, seconds, pause):
    """
    Yield the results of look(). Without a pause of the caller's, it pauses three times as long as
    the look took, so that a test that waits leaves the processors to what it waits for.
    """
    end = time.monotonic() + seconds
    while True:
        begun = time.monotonic()
        yield look()
        now = time.monotonic()
        if now > end:
            return
        time.sleep(min(max(3 * (now - begun), 0.02), 0.5) if pause is None else pause)


def until(condition, what, seconds=SAFETY_S, pause=None):
    """
    Wait until condition() is true and return its value; otherwise raise an error that names the
    event.
    """
    for value in _looks(condition, seconds, pause):
        if value:
            return value
    raise TimeoutError("%s: not within %g s" % (what, seconds))


def settled(value, want, seconds=SAFETY_S, pause=None):
    """
    Wait until value() is want, for claims about a state that is reached soon. Returns the last
    value in any case.
    """
    got = None
    for got in _looks(value, seconds, pause):
        if got == want:
            break
    return got


def shown(master, prompt=b"", answer=b""):
    """
    Read a terminal until no program has it open, and close it; answer the prompt once. Returns the
    bytes that were written to it.
    """
    seen = b""
    while True:
        try:
            piece = os.read(master, 65536) \
                if select.select([master], [], [], 2 * SAFETY_S)[0] else b""
        except OSError:
            piece = b""
        if not piece:
            break
        seen += piece
        if answer and prompt in seen:
            os.write(master, answer)
            answer = b""
    os.close(master)
    return seen


def listening(number):
    """True when a process listens on this TCP port; no connection is made."""
    for path in ("/proc/thread-self/net/tcp", "/proc/thread-self/net/tcp6"):
        with open(path, encoding="ascii") as f:
            for line in f:
                column = line.split()
                if column[3] == "0A" and column[1].endswith(":%04X" % number):
                    return True
    return False


def output(*args, **kw):
    """
    Run a program to its end and return its standard output as text. When it fails, raise an error
    with its standard error.
    """
    return output_bytes(*args, **kw).decode("utf-8", "replace")


def output_bytes(*args, **kw):
    """The same, as bytes."""
    r = subprocess.run(args, stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False,
                       timeout=kw.pop("timeout", SAFETY_S), **kw)
    if r.returncode != 0:
        raise RuntimeError("%s: exit %d: %s" % (" ".join(map(str, args)), r.returncode,
                                                r.stderr.decode("utf-8", "replace")[-2000:]))
    return r.stdout


def shim(path, source, *flags):
    """
    Build a library from a file of t/lib that replaces calls of libc. Returns the environment that
    preloads it.
    """
    output("cc", "-D_GNU_SOURCE", *flags, "-shared", "-fPIC", "-O1", "-U_FORTIFY_SOURCE", "-o",
           path, os.path.join(tap.SRC, "t/lib", source))
    return {"LD_PRELOAD": path, "ASAN_OPTIONS": "verify_asan_link_order=0:detect_leaks=0"}


_HOOKS = []


def hooks(**env):
    """
    The environment for a program with JM_FAULT or JM_CLOCK_OFFSET_MS: with the library that acts on
    them, as the program itself does not know them.
    """
    if not {"JM_FAULT", "JM_CLOCK_OFFSET_MS"} & set(env) or "LD_PRELOAD" in env:
        return dict(os.environ, **env)
    if not _HOOKS:
        _HOOKS.append(shim(os.path.join(tap.folder(), "hooks.so"), "hooks.c"))
    return dict(os.environ, **_HOOKS[0], **env)


class Program:
    """A program in the foreground, its output in a file."""

    def __init__(self, args, log, env=None):
        self.args, self.log, self.env = [str(a) for a in args], log, env
        self.process = None

    def start(self):
        with open(self.log, "ab") as f:
            self.process = subprocess.Popen(self.args, stdin=subprocess.DEVNULL, stdout=f, stderr=f,
                                            start_new_session=True,
                                            env=hooks(**self.env) if self.env else None)
        tap.at_end(self.stop)
        return self

    @property
    def pid(self):
        return self.process.pid

    def running(self):
        return self.process is not None and self.process.poll() is None

    def signal(self, number):
        self.process.send_signal(number)

    def wait(self, seconds=SAFETY_S):
        """The exit status; negative for a signal."""
        return self.process.wait(seconds)

    def kill(self):
        """kill -9: what a crash looks like."""
        self.process.send_signal(signal.SIGKILL)
        return self.process.wait(SAFETY_S)

    def stop(self, seconds=SAFETY_S):
        """
        Terminate it, with SIGKILL when SIGTERM has no effect. Returns the exit status, None when it
        did not run.
        """
        if not self.running():
            return self.process.returncode if self.process else None
        self.process.terminate()
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            tap.diag("%s did not stop within %g s: killed" % (self.args[0], seconds))
            return self.kill()

    def text(self):
        with open(self.log, "rb") as f:
            return f.read().decode("utf-8", "replace")
