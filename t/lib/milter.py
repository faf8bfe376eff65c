# SPDX-License-Identifier: BSD-2-Clause
"""
The MTA's side of the milter protocol, for input that no MTA sends: step by step, any bytes, any
order.
"""
import socket
import struct

NR = {"C": 0x1000, "H": 0x2000, "M": 0x4000, "R": 0x8000, "T": 0x10000, "L": 0x80, "N": 0x40000,
      "B": 0x80000}
NO = {"C": 0x1, "H": 0x2, "M": 0x4, "R": 0x8, "B": 0x10, "L": 0x20, "N": 0x40, "T": 0x200}
LEADSPC = 0x100000
FINAL = "acdrtyfs4"


class Closed(Exception):
    """The milter closed the connection."""


class Answer:
    """
    kind: 'c' continue, 'd' discard, 't' tempfail, 'r' reject, 'y' with text, 'a' accept; changes:
    what came before at end of message.
    """

    def __init__(self, kind, data, changes):
        self.kind, self.changes = kind, changes
        self.text = data.rstrip(b"\0").decode("utf-8", "replace") if kind == "y" else ""

    def __repr__(self):
        return self.text or self.kind


def connect(address, timeout=300):
    """A socket that is connected to an address as libmilter writes it."""
    kind, rest = address.split(":", 1)
    if kind not in ("unix", "local"):
        port, host = rest.split("@", 1)
        return socket.create_connection((host, int(port)), timeout)
    s = socket.socket(socket.AF_UNIX)
    s.settimeout(timeout)
    s.connect(rest)
    return s


class Session:
    """One connection. socket: as libmilter writes it."""

    def __init__(self, address, offer=0x1FFFFF, timeout=300):
        self.socket = connect(address, timeout)
        self.send("O", struct.pack(">III", 6, 0x1FF, offer))
        kind, data = self.packet()
        if kind != "O":
            raise RuntimeError("negotiation answered by %r" % kind)
        self.version, self.actions, self.flags = struct.unpack(">III", data[:12])
        self.symbols = data[12:]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def send(self, kind, data=b""):
        self.socket.sendall(struct.pack(">I", len(data) + 1) + kind.encode() + data)

    def packet(self):
        head = self._read(4)
        data = self._read(struct.unpack(">I", head)[0])
        return chr(data[0]), data[1:]

    def _read(self, n):
        data = b""
        while len(data) < n:
            piece = self.socket.recv(min(65536, n - len(data)))
            if not piece:
                raise Closed("closed by the milter")
            data += piece
        return data

    def answer(self):
        changes = []
        while True:
            kind, data = self.packet()
            if kind in FINAL:
                return Answer(kind, data, changes)
            if kind != "p":
                changes.append((kind, data))

    def step(self, kind, data=b""):
        """Send an event; its Answer, or None when none was negotiated."""
        if self.flags & NO.get(kind, 0):
            return None
        self.send(kind, data)
        return None if self.flags & NR.get(kind, 0) else self.answer()

    def macros(self, stage, **values):
        """Single letters as they are, longer names get their braces."""
        data = b"".join((k if len(k) == 1 else "{%s}" % k).encode() + b"\0" + v.encode() + b"\0"
                        for k, v in values.items())
        self.send("D", stage.encode() + data)

    def connect(self, ip="127.0.0.1", host="mail.example.net", port=25000):
        if ip is None:
            return self.step("C", host.encode() + b"\0U")
        family = b"6" if ":" in ip else b"4"
        ip = "IPv6:" + ip if ":" in ip else ip
        return self.step("C", host.encode() + b"\0" + family + struct.pack(">H", port) + ip.encode()
                         + b"\0")

    def helo(self, name="mail.example.net"):
        return self.step("H", name.encode() + b"\0")

    def mail(self, *arguments):
        return self.step("M", b"".join(a.encode() + b"\0" for a in arguments))

    def rcpt(self, *arguments):
        return self.step("R", b"".join(a.encode() + b"\0" for a in arguments))

    def header(self, name, value):
        """Bytes; value as after the colon (LF between fold lines)."""
        return self.step("L", name + b"\0" + value + b"\0")

    def body(self, data, chunk=65535):
        for i in range(0, len(data), chunk):
            a = self.step("B", data[i:i + chunk])
            if a and a.kind != "c":
                return a
        return None

    def message(self, data, chunk=65535):
        """
        The whole message from DATA to the end; the Answer to the first step that did not say
        continue, else to the end of message.
        """
        head, blank, body = data.partition(b"\r\n\r\n")
        a = self.step("T")
        if a and a.kind != "c":
            return a
        fields = []
        for line in (head + b"\r\n").splitlines(True) if blank else []:
            if line[:1] in b" \t" and fields:
                fields[-1] += line
            else:
                fields.append(line)
        for f in fields:
            name, _, value = f.partition(b":")
            if not self.flags & LEADSPC and value.startswith(b" "):
                value = value[1:]
            a = self.header(name, value[:-2].replace(b"\r\n", b"\n"))
            if a and a.kind != "c":
                return a
        a = self.step("N")
        if a and a.kind != "c":
            return a
        a = self.body(body if blank else data, chunk)
        return a if a and a.kind not in "cs" else self.end()

    def end(self):
        return self.step("E")

    def abort(self):
        self.send("A")

    def quit(self):
        self.send("Q")
        self.socket.close()


def deliver(address, sender, recipients, data, ip="127.0.0.1", chunk=65535, macros=None):
    """One message in one session; its Answer."""
    with Session(address) as s:
        s.connect(ip)
        s.helo()
        if macros:
            s.macros("M", **macros)
        a = s.mail("<%s>" % sender)
        if a and a.kind != "c":
            return a
        taken, last = 0, None
        for r in recipients:
            last = s.rcpt("<%s>" % r)
            taken += last is None or last.kind == "c"
        if not taken:
            return last
        a = s.message(data, chunk)
        s.quit()
        return a
