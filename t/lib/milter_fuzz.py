# SPDX-License-Identifier: BSD-2-Clause
"""
A fuzzer of the milter protocol. A walk is one connection: packets of an MTA's session, with some
dropped, doubled, moved, cut, stretched or made up, sent in pieces of any size, broken off anywhere.
Several walks share the daemon, and honest deliveries come between them.
"""
import os
import random
import select
import socket
import struct
import threading
import time

import corpus
import milter
import run

JOURNAL, SENDER, CLIENT = "journaling@journal.example.com", b"<user@example.com>\0", "192.0.2.25"
KINDS = b"ABCDEHKLMNOQRTU"
REPLIES = b"Ocdtrayps-+="
HONEST_EVERY = 25	# walks


def packet(kind, data=b"", length=None):
    return struct.pack(">I", len(data) + 1 if length is None else length) + kind + data


def negotiation(version=6, actions=0x1FF, steps=0x1FFFFF):
    return packet(b"O", struct.pack(">III", version, actions, steps))


def macros(step, *strings):
    return packet(b"D", step + b"".join(s + b"\0" for s in strings))


def connection(address=CLIENT.encode(), family=b"4"):
    return packet(b"C", b"mail.example.net\0" + family + b"\0\x19" + address + b"\0")


def session(rng, number):
    """The packets that an MTA would send, without the negotiation."""
    out = [macros(b"C", b"j", b"mx.example.com", b"{daemon_name}", b"MTA"), connection(),
           macros(b"H", b"{tls_version}", b"TLSv1.3", b"{verify}", b"OK"),
           packet(b"H", b"mail.example.net\0")]
    for message in range(rng.choice((1, 1, 1, 2, 3))):
        out += [macros(b"M", b"i", b"Q%d" % number, b"{auth_authen}", b"u"), packet(b"M", SENDER)]
        for _ in range(rng.choice((1, 1, 2, 5))):
            out += [macros(b"R", b"{rcpt_host}", b"x"), packet(b"R", rng.choice(
                (b"<%s>\0" % JOURNAL.encode(),) * 4 + (b"<user@example.com>\0",)))]
        out += [packet(b"T"), packet(b"L", b"Subject\0 walk %d-%d\0" % (number, message)),
                packet(b"L", b"Message-ID\0 <walk-%d-%d@x>\0" % (number, message)), packet(b"N")]
        out += [packet(b"B", rng.randbytes(8) * rng.choice((1, 10, 1000, 8000)))
                for _ in range(rng.choice((0, 1, 1, 3)))]
        out += [macros(b"E", b"i", b"Q%d" % number), packet(b"E")]
        out += rng.choice(([], [], [packet(b"A")], [packet(b"K"), connection()]))
    return out + [packet(b"Q")]


def made_up(rng):
    """A packet that no MTA sends there, with data of any kind."""
    kind = bytes([rng.choice(KINDS)]) if rng.random() < 0.95 else bytes([rng.randrange(256)])
    data = rng.choice((
        b"", b"\0", b"x", b"x\0", b"\0\0\0", b"C{x}\0", b"M{verify}\0", b"Ei\0Q\0i\0", b"E",
        b"R" + b"{x}\0" * 3, SENDER, b"<%s>\0" % JOURNAL.encode(), b"<" + b"r" * 9000 + b">\0",
        b"mail\0U", b"mail\0" + b"L\0\0/run/x.sock\0", b"mail\0" + b"6\0\0IPv6:2001:db8::1\0",
        b"mail\0" + b"4\0\0not an address\0", b"no end", b"N\xe4me\0 v\xe4lue\0", b"\0a\0b\0",
        b"a\0\0", b"a" * 65534 + b"\0", b"a" * 30000 + b"\0" + b"b" * 30000 + b"\0",
        struct.pack(">III", rng.choice((0, 1, 2, 6, 0xFFFFFFFF)), rng.getrandbits(32),
                    rng.getrandbits(32)), rng.randbytes(rng.randrange(40))))
    return packet(kind, data)


def changed(rng, p):
    """The same packet, cut, stretched, with bytes changed or with a false length."""
    way = rng.randrange(5)
    if way == 0:
        return packet(p[4:5], p[5:rng.randrange(5, len(p) + 1)])
    if way == 1:
        return packet(p[4:5], p[5:] + rng.randbytes(rng.choice((1, 3, 300))))
    if way == 2:
        return packet(p[4:5], p[5:], rng.choice((0, 1, len(p), 65535, 65536, 65537, 2 ** 31,
                                                 2 ** 32 - 1)))
    at = rng.randrange(4, len(p))
    return p[:at] + (b"\0" if way == 3 else rng.randbytes(1)) + p[at + 1:]


def walk(rng, number):
    """The bytes of one connection."""
    packets = session(rng, number)
    for _ in range(rng.choice((0, 1, 1, 2, 4, 10))):
        at, way = rng.randrange(len(packets)), rng.randrange(7)
        if way == 0 and len(packets) > 1:
            del packets[at]
        elif way == 1:
            packets.insert(at, rng.choice(packets))
        elif way == 2:
            other = rng.randrange(len(packets))
            packets[at], packets[other] = packets[other], packets[at]
        elif way == 3:
            packets[at] = changed(rng, packets[at])
        else:
            packets.insert(at, made_up(rng))
    if rng.random() < 0.2:
        packets = [made_up(rng) for _ in range(rng.randrange(1, 30))]
    begin = rng.choice(
        ([negotiation()],) * 6 + ([], [negotiation(steps=0x100000)], [negotiation()] * 2, [
            negotiation(rng.choice((0, 1, 2, 3, 7, 2 ** 31)), rng.getrandbits(32),
                        rng.getrandbits(32) | rng.choice((0, 0x100000)))]))
    data = b"".join(begin + packets)
    return data if rng.random() < 0.7 else data[:rng.randrange(len(data) + 1)]


class Wire:
    """One connection that sends its bytes in pieces and takes every answer."""

    def __init__(self, address, data, rng):
        self.socket = milter.connect(address, run.SAFETY_S)
        self.socket.setblocking(False)
        self.data, self.rng, self.got, self.over = data, rng, b"", False
        self.polite = rng.random() < 0.7	# reads until the daemon closes the connection
        if not data and self.polite:
            self.socket.shutdown(socket.SHUT_WR)

    def turn(self):
        """Send a piece if there is room, and read what there is. False when it is over."""
        piece = self.data[:self.rng.choice((1, 3, 7, 100, 5000, 100000, 100000, 100000))]
        try:
            if piece:
                self.data = self.data[self.socket.send(piece):]
                if not self.data and self.polite:
                    self.socket.shutdown(socket.SHUT_WR)
            elif not self.polite:
                self.over = True
        except BlockingIOError:
            pass
        except OSError:	# the daemon has closed the connection
            self.data, self.polite = b"", True
        self.read()
        return not self.over

    def read(self):
        try:
            while True:
                piece = self.socket.recv(65536)
                if not piece:
                    self.over = True
                    return
                self.got += piece
        except BlockingIOError:
            pass
        except OSError:
            self.over = True

    def replies(self):
        """The kinds of the answers. A ValueError says that they are no packets of the protocol."""
        kinds, at = b"", 0
        while at + 5 <= len(self.got):
            length, = struct.unpack(">I", self.got[at:at + 4])
            kinds += self.got[at + 4:at + 5]
            if not 0 < length < 65536 or kinds[-1] not in REPLIES:
                raise ValueError("answer %r" % self.got[at:at + 60])
            at += 4 + length
        return kinds


class Fuzzer:
    """
    Walks on daemon d. After run(): walks, packets, honest {token: report}, taken: answers that say
    "archived", wrong: what must not be.
    """

    def __init__(self, d, seed):
        self.d, self.seed = d, seed
        self.lock = threading.Lock()
        self.walks = self.bytes = self.taken = 0
        self.honest, self.wrong = {}, []
        self.next = 0

    def replay(self, numbers):
        """Some walks side by side, as they are for this seed."""
        wires = []
        for number in numbers:
            rng = random.Random("%d-%d" % (self.seed, number))
            data = walk(rng, number)
            wires.append(Wire(self.d.socket, data, rng))
            with self.lock:
                self.bytes += len(data)
        end, all_wires = time.monotonic() + run.SAFETY_S, wires
        while wires:
            wires = [w for w in wires if w.turn()]
            if wires and not any(w.data for w in wires):
                select.select([w.socket for w in wires], [], [], 1)
            if time.monotonic() > end:
                raise TimeoutError("the daemon neither answers nor closes the connection")
        for w in all_wires:
            w.socket.close()
        with self.lock:
            self.walks += len(all_wires)
            self.taken += sum(w.replies().count(b"d") for w in all_wires)

    def deliver(self, number):
        token = "honest-%d-%d" % (self.seed, number)
        report = corpus.report(token, number % 5 * 3000)
        answer = milter.deliver(self.d.socket, "user@example.com", [JOURNAL], report, CLIENT)
        with self.lock:
            self.honest[token] = report
            self.taken += answer.kind == "d"
            if answer.kind != "d":
                self.wrong.append("%s: answered %r" % (token, answer))

    def _work(self, more):
        while more(self) and not self.wrong:
            with self.lock:
                first = self.next
                self.next += 1 + first % 4
                numbers = range(first, self.next)
            try:
                self.replay(numbers)
                if any(n % HONEST_EVERY == 0 for n in numbers):
                    self.deliver(first)
            except (OSError, ValueError, milter.Closed) as e:
                with self.lock:
                    self.wrong.append("seed %d, walks %s: %r" % (self.seed, list(numbers), e))

    def run(self, more, threads=4):
        """Walk while more(self) is true."""
        workers = [threading.Thread(target=self._work, args=(more,)) for _ in range(threads)]
        for w in workers:
            w.start()
        for w in workers:
            w.join()
        return self


def state(d):
    """(descriptors, threads) of the daemon."""
    return (len(os.listdir("/proc/%d/fd" % d.pid)), len(os.listdir("/proc/%d/task" % d.pid)))


def idle_state(d):
    """The same, once the sessions have ended: it is the same in ten looks."""
    looks = []

    def look():
        looks.append(state(d))
        return len(looks) > 10 and len(set(looks[-10:])) == 1
    run.until(look, "the daemon is idle", pause=0.05)
    return looks[-1]
