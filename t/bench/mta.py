# SPDX-License-Identifier: BSD-2-Clause
"""
Reports through a real Postfix with the pieces of jmctl setup and the daemon, beside the same
Postfix that throws them away without a milter, in interleaved rounds.
"""
import os
import socket
import statistics
import threading
import time

import run
import tap
from daemon import Daemon
from jmctl import PROGRAM
from postfix import Postfix

JOURNAL = "journaling@journal.example.com"
CLIENT = "127.0.0.25"


class AppliedOwn(Postfix):
    """The journal has a listener of its own, as on a server in use."""

    def _listener(self):
        return ""

    def _apply(self):
        pieces = self.path("pieces")
        run.output(PROGRAM, "setup", "example.com", "--output", pieces, "--mta-address",
                   "127.0.0.1:%d" % self.port, "--milter-socket", self.milter, "--socket-group",
                   "postfix", env=dict(os.environ, JM_DATADIR=tap.SRC))
        run.output(os.path.join(pieces, "postfix-apply"), "--yes", self.etc)


def _session(port, messages, failed):
    """One connection, used again for each message; commands in one packet, as Exchange does."""
    with socket.create_connection(("127.0.0.1", port), 120, (CLIENT, 0)) as s:
        f = s.makefile("rb")

        def answers(n, code):
            for _ in range(n):
                line = f.readline()
                while line[3:4] == b"-":
                    line = f.readline()
                if not line.startswith(code):
                    raise OSError("Postfix answered %r" % line)

        try:
            answers(1, b"220")
            s.sendall(b"EHLO client.example.net\r\n")
            answers(1, b"250")
            for m in messages:
                s.sendall(("MAIL FROM:<a@example.com>\r\nRCPT TO:<%s>\r\nDATA\r\n"
                           % JOURNAL).encode())
                answers(2, b"250")
                answers(1, b"354")
                s.sendall(m)
                answers(1, b"250")
        except OSError as e:
            failed.append(e)


def _rate(port, messages, connections):
    failed = []
    threads = [threading.Thread(target=_session, args=(port, messages[i::connections], failed))
               for i in range(connections)]
    begun = time.monotonic()
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    if failed:
        raise RuntimeError("bench: %s" % failed[0])
    return len(messages) / (time.monotonic() - begun)


def _unique(folder, token, count, name):
    texts = []
    for one in sorted(os.listdir(folder)):
        with open(os.path.join(folder, one), "rb") as f:
            texts.append(f.read().replace(b"\r\n.", b"\r\n.."))
    return [texts[i % len(texts)].replace(token.encode(), ("%s%010d" % (name, i)).encode())
            + b"\r\n.\r\n" for i in range(count)]


def measure(mail, token, options):
    """mail: a folder of messages with this token of 16 bytes in them."""
    count = max(options.connections * 4, int(2000 * options.scale))
    folder = os.path.join(tap.folder(), "mta")
    daemon = Daemon(folder + "-daemon", outbounds=(CLIENT,)).start()
    ours = AppliedOwn(folder + "-ours", daemon.socket).start()
    alone = Postfix(folder + "-alone", main={
        "relay_domains": "journal.example.com",
        "transport_maps": "inline:{ {journal.example.com=discard:} }"}).start()
    rounds = {"ours": [], "alone": []}
    for n in range(options.rounds + 1):	# the first one warms up
        for name, server in (("alone", alone), ("ours", ours)):
            rate = _rate(server.port, _unique(mail, token, count, "%s%d" % (name[:4], n + 10)),
                         options.connections)
            if n > 0:
                rounds[name].append(rate)
    for program in (ours, alone, daemon):
        program.stop()
    return {"messages": count, "connections": options.connections,
            "per_s": statistics.median(rounds["ours"]),
            "alone_per_s": statistics.median(rounds["alone"]),
            "ratio": statistics.median(a / b for a, b in zip(rounds["ours"], rounds["alone"]))}
