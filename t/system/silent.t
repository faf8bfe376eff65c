#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""
Daemons that do not answer: stopped, silent, sending byte by byte. Each verb of jmctl ends by
itself, with exit status 75 and the cure; a daemon that is only busy is waited for.
"""
import os
import signal
import socket
import subprocess
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
import corpus
import milter
import tap
from daemon import Daemon
from jmctl import PROGRAM

TEMPFAIL, GUARD = 75, 300
JOURNAL = "journaling@journal.example.com"
FOLDER = tap.folder()


def start(*args):
    return subprocess.Popen([PROGRAM, *map(str, args)], stdin=subprocess.DEVNULL,
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                            env=dict(os.environ, JMCTL_TIMEOUT="1"))


def end(process):
    """(exit status, standard error)"""
    _, complaint = process.communicate(timeout=GUARD)
    return process.returncode, complaint.decode()


def stopped():
    d = Daemon(os.path.join(FOLDER, "d")).start()
    answer = milter.deliver(d.socket, "a@example.com", [JOURNAL], corpus.report("silent", 1000))
    tap.is_(answer.kind, "d", "a report is archived")
    mail = os.path.join(FOLDER, "m.eml")
    with open(mail, "wb") as f:
        f.write(b"Message-ID: <m@x>\r\n\r\n" + b"text\r\n" * 500000)
    verbs = [("status",), ("status", "--days"), ("list",), ("search", "--address", "a@example.com"),
             ("show", "1"), ("export", "1"), ("verify",), ("events",), ("queue", "list"),
             ("queue", "show", "1"), ("queue", "release", "1"), ("set-aside", "release", "1"),
             ("domain", "list"), ("reload",),
             ("dump", os.path.join(FOLDER, "dump")),
             ("backup", os.path.join(FOLDER, "backup")),
             ("export", "--all", "--output", os.path.join(FOLDER, "all")),
             ("import", "--service", JOURNAL, mail)]
    os.kill(d.pid, signal.SIGSTOP)
    try:
        # More of them than the backlog of the socket has room for.
        running = [(v, start(*v, "--config", d.settings)) for v in verbs + verbs[:10]]
        for verb, process in running:
            status, complaint = end(process)
            tap.ok(status == TEMPFAIL and ("kill -CONT %d" % d.pid in complaint or
                                           "accepts no connection" in complaint),
                   "a stopped daemon: jmctl %s ends with 75" % " ".join(verb[:2]),
                   "exit %d: %s" % (status, complaint))
    finally:
        os.kill(d.pid, signal.SIGCONT)
    tap.is_(end(start("status", "--config", d.settings))[0], 0, "it continues: status works again")
    tap.is_(d.stop(), 0, "the daemon stops with status 0")


class Fake:
    """A server at a control socket; talk(connection, number of the connection) is its answer."""

    def __init__(self, name, talk):
        self.path, self.talk, self.n = os.path.join(FOLDER, name), talk, 0
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(self.path)
        self.listener.listen(16)
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            c, _ = self.listener.accept()
            self.n += 1
            threading.Thread(target=self.answer, args=(c, self.n), daemon=True).start()

    def answer(self, c, n):
        try:
            self.talk(c, n)
        except OSError:
            pass


def frame(kind, text):
    return kind + len(text).to_bytes(4, "big") + text


def drip(c, _):
    for byte in frame(b"O", b"{" + b" " * 10000 + b"}"):
        c.sendall(bytes([byte]))
        time.sleep(0.2)


def busy(c, n):
    """The first answer takes long; others do not."""
    if n == 1:
        time.sleep(4)
    c.recv(65536)
    c.sendall(frame(b"O", b"{}") + frame(b"E", b'{"kind":"","text":""}'))


def silent(c, _):
    c.recv(65536)
    time.sleep(GUARD)


def others():
    for name, talk in (("silent", silent), ("drip", drip),
                       ("half", lambda c, n: (c.sendall(b"O\0\0"), time.sleep(GUARD))),
                       ("claim", lambda c, n: (c.sendall(b"O\0\x10\0\0{"), time.sleep(GUARD)))):
        status, complaint = end(start("list", "--socket", Fake(name, talk).path))
        tap.ok(status == TEMPFAIL and "kill -CONT" in complaint,
               "a daemon that is %s: jmctl ends with 75" % name,
               "exit %d: %s" % (status, complaint))
    for name, sent, what in (("newer", frame(b"Z", b"{}"), "versions"),
                             ("empty", frame(b"o", b""), "empty piece")):
        def talk(c, _, sent=sent):
            c.recv(65536)
            c.sendall(sent)
        status, complaint = end(start("list", "--socket", Fake(name, talk).path))
        tap.ok(status == TEMPFAIL and what in complaint, "a daemon of another version (%s)" % name,
               complaint)
    f = Fake("busy", busy)
    status, complaint = end(start("list", "--json", "--socket", f.path))
    tap.is_((status, complaint), (0, ""), "a daemon that is busy is waited for")
    tap.ok(f.n >= 2, "it was asked for a sign of life (%d connections)" % f.n)


stopped()
others()
sys.exit(tap.done())
