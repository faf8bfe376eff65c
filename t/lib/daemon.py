# SPDX-License-Identifier: BSD-2-Clause
"""journal-milter for a test: settings of its own, in the foreground, its log in a file."""
import os
import re
import signal
import socket
from xml.sax.saxutils import escape

import run
import tap
from jmctl import Jmctl

PROGRAM = os.path.join(tap.BUILD, "milter/daemon/journal-milter")
SERVICE = {"description": "Test", "email-address": "journaling@journal.example.com"}


def service(email="journaling@journal.example.com", **kw):
    """A journal service definition; settings as keywords with _ for -."""
    return dict(SERVICE, **{"email-address": email}, **{k.replace("_", "-"): v for k, v in kw.items()})


def _elements(values, indent):
    text = ""
    for name, value in values.items():
        for v in value if isinstance(value, (list, tuple)) else [value]:
            v = {True: "yes", False: "no"}.get(v, v) if isinstance(v, bool) else v
            text += "%s<%s>%s</%s>\n" % (indent, name, escape(str(v)), name)
    return text


class Daemon:
    """
    services: dicts as service() makes them. internal, outbounds: lists of domains and of ranges.
    more: {"archive": {"volume-size": ...}, ...} adds to the sections of the file. env: e.g. {"JM_FAULT": "..."}.
    """

    def __init__(self, folder, services=None, internal=("example.com", "contoso.com"), outbounds=("127.0.0.0/8",), unix=False, more=None,
                 env=None):
        self.folder = os.path.abspath(folder)
        os.makedirs(self.folder, exist_ok=True)
        self.services = services if services is not None else [service(), service("journaling@journal.contoso.com")]
        self.internal, self.outbounds, self.more, self.env = internal, outbounds, more or {}, env
        self.socket = "unix:" + self.path("milter.sock") if unix else "inet:%d@127.0.0.1" % run.port()
        self.settings = self.path("journal-milter.xml")
        self.archive = self.path("archive")
        self.jmctl = Jmctl(self.settings)
        self.program = None
        self.write()

    def path(self, name):
        return os.path.join(self.folder, name)

    def xml(self):
        sections = {
            "milter": {"socket": self.socket},
            "daemon": {"control-socket": self.path("control.sock")},
            "archive": {"directory": self.archive},
        }
        if self.socket.startswith("unix:"):
            sections["milter"]["socket-mode"] = "0666"
        for name, values in self.more.items():
            sections.setdefault(name, {}).update(values)
        text = '<?xml version="1.0" encoding="UTF-8"?>\n<journal-milter>\n'
        for name, values in sections.items():
            text += "  <%s>\n%s  </%s>\n" % (name, _elements(values, "    "), name)
        text += "  <internal-domains>\n%s  </internal-domains>\n" % _elements({"domain": self.internal}, "    ")
        text += "  <authorized-outbounds>\n%s  </authorized-outbounds>\n" % _elements({"range": self.outbounds}, "    ")
        text += "  <services>\n"
        for s in self.services:
            text += "    <smtp-service>\n%s    </smtp-service>\n" % _elements(s, "      ")
        return text + "  </services>\n</journal-milter>\n"

    def write(self, text=None):
        with open(self.settings, "w", encoding="utf-8") as f:
            f.write(text if text is not None else self.xml())

    def start(self):
        log = self.path("log")
        before = os.path.getsize(log) if os.path.exists(log) else 0
        self.program = run.Program([PROGRAM, "-f", "-c", self.settings], log, self.env).start()
        try:
            run.until(lambda: self.answers() or not self.program.running(), "journal-milter answers", 60)
        finally:
            if not self.answers():
                tap.diag(self.log()[before:][-3000:])
        if not self.program.running():
            raise RuntimeError("journal-milter did not start: exit %s" % self.program.process.returncode)
        return self

    def answers(self):
        kind, rest = self.socket.split(":", 1)
        if kind == "inet":
            return run.listening(int(rest.split("@")[0]))
        if not os.path.exists(rest):
            return False
        with socket.socket(socket.AF_UNIX) as s:
            try:
                s.connect(rest)
                return True
            except OSError:
                return False

    @property
    def pid(self):
        return self.program.pid

    def stop(self, seconds=60):
        return self.program.stop(seconds)

    def kill(self):
        return self.program.kill()

    def reload(self):
        self.program.signal(signal.SIGUSR1)

    def log(self):
        return self.program.text() if self.program else ""

    def complaints(self):
        """Lines that no test should cause: a sanitizer's, or an assertion's."""
        return [x for x in self.log().splitlines() if re.search(r"Sanitizer|runtime error|Assertion|level=(alert|crit)", x)]

    def memory(self, field="RssAnon"):
        """A field of /proc/PID/status, in bytes."""
        with open("/proc/%d/status" % self.pid, encoding="ascii") as f:
            return next(int(line.split()[1]) * 1024 for line in f if line.startswith(field + ":"))

    def cpu_seconds(self):
        with open("/proc/%d/stat" % self.pid, encoding="ascii") as f:
            column = f.read().rsplit(")", 1)[1].split()
        return (int(column[11]) + int(column[12])) / os.sysconf("SC_CLK_TCK")

    def written_bytes(self):
        with open("/proc/%d/io" % self.pid, encoding="ascii") as f:
            return next(int(line.split()[1]) for line in f if line.startswith("write_bytes:"))
