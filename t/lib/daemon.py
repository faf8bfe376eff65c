# SPDX-License-Identifier: BSD-2-Clause
"""journal-milter for a test: settings of its own, in the foreground, its log in a file."""
import json
import os
import re
import signal
import socket
import struct
from xml.sax.saxutils import escape

import run
import tap
from jmctl import Jmctl

PROGRAM = os.path.join(tap.BUILD, "milter/daemon/journal-milter")


def service(email="journaling@journal.example.com", ranges=(), **kw):
    """
    A journal service definition; ranges: additional-source-ip-ranges; settings as keywords with _
    for -.
    """
    d = {"description": "Test", "email-address": email, "journal-non-internal-addresses": True}
    d.update((k.replace("_", "-"), v) for k, v in kw.items())
    if ranges:
        d["additional-source-ip-ranges"] = {"range": list(ranges)}
    return d


class With(str):
    """Text of an element that has attributes: With("example.com", sub_domains="yes")."""

    def __new__(cls, text, **attributes):
        self = str.__new__(cls, text)
        self.attributes = "".join(' %s="%s"' % (k.replace("_", "-"), v)
                                  for k, v in attributes.items())
        return self


def _xml(values, indent=2):
    """Elements in the order given: text, yes or no, a dict inside, several of a list."""
    text, pad = "", " " * indent
    for name, value in values.items():
        for v in value if isinstance(value, (list, tuple)) else [value]:
            if isinstance(v, dict):
                text += "%s<%s>\n%s%s</%s>\n" % (pad, name, _xml(v, indent + 2), pad, name)
            else:
                v = {True: "yes", False: "no"}[v] if isinstance(v, bool) else v
                text += "%s<%s%s>%s</%s>\n" % (pad, name, getattr(v, "attributes", ""),
                                               escape(str(v)), name)
    return text


class Daemon:
    """
    services: dicts as service() makes them. internal, outbounds: lists of domains and of ranges.
    more: {"archive": {"volume-size": "1M"}, "maximum-age": 30} adds to the file. env: e.g.
    {"JM_FAULT": "..."}.
    """

    def __init__(self, folder, services=None, internal=("example.com", "contoso.com"),
                 outbounds=("127.0.0.0/8",), unix=False, more=None, env=None):
        self.folder = os.path.abspath(folder)
        os.makedirs(self.folder, exist_ok=True)
        self.services = services if services is not None \
            else [service(), service("journaling@journal.contoso.com")]
        self.internal, self.outbounds, self.more, self.env = internal, outbounds, more or {}, env
        self.socket = "unix:" + self.path("milter.sock") if unix \
            else "inet:%d@127.0.0.1" % run.port()
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
            "publish": {"interval": 0},	# its writes would disturb tests that count writes
        }
        if self.socket.startswith("unix:"):
            sections["milter"]["socket-mode"] = "0666"
        sections["maximum-age"] = 0	# the corpus is of 2018 and of 2029
        for name, values in self.more.items():
            if isinstance(values, dict):
                sections.setdefault(name, {}).update(values)
            else:
                sections[name] = values
        sections["internal-domains"] = {"domain": list(self.internal)}
        sections["authorized-outbounds"] = {"range": list(self.outbounds)}
        sections["journal-service"] = self.services
        return '<?xml version="1.0" encoding="UTF-8"?>\n<journal-milter>\n%s</journal-milter>\n' \
            % _xml(sections)

    def write(self, text=None):
        with open(self.settings, "w", encoding="utf-8") as f:
            f.write(text if text is not None else self.xml())

    def start(self):
        log = self.log_path()
        before = os.path.getsize(log) if os.path.exists(log) else 0
        self.program = run.Program([PROGRAM, "-f", "-c", self.settings], log, self.env).start()
        try:
            run.until(lambda: self.is_ready(before) or not self.program.running(),
                      "journal-milter is ready")
        finally:
            if not self.is_ready(before):
                tap.diag(self.log()[before:][-3000:])
        if not self.program.running():
            raise RuntimeError("journal-milter did not start: exit %s"
                               % self.program.process.returncode)
        return self

    def is_ready(self, before):
        """
        True when the log says so. A connection is no proof: it is possible from listen(2) on,
        before the socket has its group and signals are handled.
        """
        with open(self.log_path(), "rb") as f:
            f.seek(before)
            return b" ready version=" in f.read()

    @property
    def pid(self):
        return self.program.pid

    def stop(self):
        return self.program.stop()

    def kill(self):
        return self.program.kill()

    def reload(self):
        self.program.signal(signal.SIGUSR1)

    def control(self, request):
        """Send bytes, or an object, as a request to the control socket; the last frame."""
        data = request if isinstance(request, bytes) else json.dumps(request).encode()
        with socket.socket(socket.AF_UNIX) as s:
            s.settimeout(300)
            s.connect(self.path("control.sock"))
            s.sendall(struct.pack(">cI", b"Q", len(data)) + data)
            with s.makefile("rb") as f:
                kind = b""
                while kind != b"E":
                    kind, n = struct.unpack(">cI", f.read(5))
                    frame = f.read(n)
        return json.loads(frame)

    def log_path(self):
        return self.path("log")

    def log(self):
        return self.program.text() if self.program else ""

    def complaints(self):
        """Lines that no test should cause: a sanitizer's, or an assertion's."""
        return [x for x in self.log().splitlines()
                if re.search(r"Sanitizer|runtime error|Assertion|level=(alert|crit)", x)]

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
