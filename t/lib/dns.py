# SPDX-License-Identifier: BSD-2-Clause
"""A name server on loopback that knows TXT and A records."""
import socket
import struct
import threading

import tap


class Dns:
    """
    records: {name: [texts]} and addresses: {name: IPv4 address} may change while it runs. silent:
    give no answer. failing: answer SERVFAIL. port: where it listens (UDP).
    """

    def __init__(self):
        self.records, self.addresses, self.asked = {}, {}, []
        self.silent = self.failing = False
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()
        tap.at_end(self.socket.close)

    @staticmethod
    def _strings(text):
        """
        A text as character strings of at most 100 octets each, so that joining them is tried, too.
        """
        raw = text.encode()
        return b"".join(bytes([len(raw[i:i + 100])]) + raw[i:i + 100]
                        for i in range(0, len(raw), 100))

    def _answer(self, query):
        at, labels = 12, []
        while query[at]:
            labels.append(query[at + 1:at + 1 + query[at]].decode())
            at += 1 + query[at]
        name = ".".join(labels).lower()
        self.asked.append(name)
        kind = struct.unpack(">H", query[at + 1:at + 3])[0]
        if self.failing:
            return query[:2] + struct.pack(">HHHHH", 0x8182, 1, 0, 0, 0) + query[12:at + 5]
        if name in self.addresses:
            data = [socket.inet_aton(self.addresses[name])] if kind == 1 else []
            return query[:2] + struct.pack(">HHHHH", 0x8180, 1, len(data), 0, 0) \
                + query[12:at + 5] \
                + b"".join(b"\xc0\x0c" + struct.pack(">HHIH", 1, 1, 60, 4) + a for a in data)
        texts = self.records.get(name)
        head = query[:2] + struct.pack(">HHHHH", 0x8180 | (3 if texts is None else 0), 1,
                                       len(texts or ()), 0, 0)
        data = [self._strings(t) for t in texts or ()]
        return head + query[12:at + 5] \
            + b"".join(b"\xc0\x0c" + struct.pack(">HHIH", 16, 1, 60, len(d)) + d for d in data)

    def _serve(self):
        while True:
            try:
                query, peer = self.socket.recvfrom(512)
            except OSError:
                return
            if not self.silent:
                self.socket.sendto(self._answer(query), peer)
