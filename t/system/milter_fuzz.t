#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""
Nothing that comes through the milter's socket ends the daemon, stays in it, or harms the messages
of others. With JM_FUZZ_SECONDS it takes so long, with JM_FUZZ_SEED it takes other walks
(make fuzz-milter); JM_FUZZ_WALKS="12 13" repeats those of a failure.
"""
import os
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
import corpus
import milter
import milter_fuzz
import run
import tap
from daemon import Daemon
from milter_fuzz import CLIENT, JOURNAL, SENDER, connection, macros, negotiation, packet

WALKS, WARM_UP = 1000, 300	# of the short form
GROWTH = 24 * 1024 * 1024	# a heap's arenas for a hundred threads; a leak per walk is more
SECONDS = float(os.environ.get("JM_FUZZ_SECONDS") or 0)
SEED = int(os.environ.get("JM_FUZZ_SEED") or 13)
RCPT = packet(b"R", b"<%s>\0" % JOURNAL.encode())
MAIL = packet(b"M", SENDER)
OLD = b"a\0b\0c\0" + b"x" * 16 + b"\0"	# what a freed list leaves
UNKNOWN = packet(b"U", b"foo\0")
MESSAGE = packet(b"L", b"Subject\0 x\0") + packet(b"N") + packet(b"B", b"text\r\n") + packet(b"E")


def said(d, *packets):
    """Send packets and the end of the connection; the kinds of all answers."""
    with milter.connect(d.socket) as s:
        s.sendall(b"".join(packets))
        s.shutdown(1)
        got = b""
        while True:
            piece = s.recv(65536)
            if not piece:
                break
            got += piece
    kinds = b""
    while got:
        kinds += got[4:5]
        got = got[4 + int.from_bytes(got[:4], "big"):]
    return kinds.decode()


def orders(d):
    """Orders that no MTA has."""
    met = negotiation() + UNKNOWN + packet(b"K") + UNKNOWN
    for what, packets, want in (
            ("RCPT without a negotiation", [UNKNOWN, RCPT], "ct"),
            ("a message without a negotiation", [connection(), packet(b"H", b"x\0"), MAIL, UNKNOWN,
                                                 RCPT, packet(b"T")], "ttctt"),
            ("the body without a negotiation", [UNKNOWN, packet(b"B", b"x"), UNKNOWN, packet(b"E")],
             "ctc"),
            ("an abort without a negotiation", [UNKNOWN, RCPT, packet(b"A"), packet(b"Q")], "ct"),
            ("the body after a new connection follows", [met, packet(b"B", b"x" * 99)], "Occ"),
            ("RCPT after it", [met, RCPT], "Occt"),
            ("DATA after it", [met, packet(b"T")], "Occt"),
            ("the end after it", [met, packet(b"B", b"x"), packet(b"E")], "Occt"),
            ("a whole message after it, without an address", [met, MAIL, RCPT], "Occy"),
            ("DATA without recipients", [negotiation(), MAIL, UNKNOWN, packet(b"T")], "Oca"),
            ("the end twice", [negotiation(), connection(), MAIL, RCPT, MESSAGE, packet(b"E"),
                               UNKNOWN, packet(b"B", b"x"), packet(b"E")], "Ocdct"),
            ("the negotiation twice", [negotiation() * 2, connection(), MAIL, RCPT], "Oy"),
            ("no actions offered", [negotiation(actions=0x1)], ""),
            ("no version", [negotiation(version=0)], ""),
            ("HELO in the middle of a message", [
                negotiation(), connection(), packet(b"H", b"first\0"), MAIL, RCPT, UNKNOWN,
                packet(b"H", b"second\0"), UNKNOWN, RCPT, UNKNOWN, packet(b"B", b"x"),
                packet(b"E")], "Occctct"),
            ("HELO of 64 KB", [negotiation(), connection(), packet(b"H", b"h" * 65534 + b"\0"),
                               MAIL, RCPT, MESSAGE], "Ocd"),
            ("a client of a Unix socket", [negotiation(), connection(b"/x\0", b"L"), MAIL, RCPT],
             "Oy"),
            ("a macro without a value", [negotiation(), macros(b"C", b"{x}"), connection(), MAIL,
                                         RCPT], "O"),
            ("a macro without a value in a heap that is not empty", [
                negotiation(), packet(b"D", b"H" + OLD), packet(b"D", b"M" + OLD), connection(),
                macros(b"C", b"{x}"), MAIL, RCPT], "O"),
            ("macros, the last without a value", [negotiation(), connection(), macros(
                b"M", b"i", b"1", b"{verify}"), MAIL, RCPT], "O"),
            ("a macro without its end", [negotiation(), connection(), packet(b"D", b"Mi\0one"),
                                         MAIL, RCPT], "O"),
            ("macros with values", [negotiation(), connection(), macros(
                b"M", b"i", b"", b"", b""), packet(b"D", b"M"), packet(b"D", b"Mi"), MAIL, RCPT],
             "Oc")):
        try:
            tap.is_(said(d, *packets), want, what + ": the answers")
        except OSError as e:
            tap.ok(False, what + ": the answers", e)


def report(d):
    run.until(lambda: d.jmctl.events("milter-protocol"), "the event about the protocol")
    found = d.jmctl.events("milter-protocol")
    tap.like(found[0]["text"], r"^\d+ packets? .*(without|name).* from process %d of uid %d; only"
             % (os.getpid(), os.getuid()), "an event says what was wrong, and who did it")
    tap.is_(len(found), d.log().count(" milter-protocol "), "each has one line in the log")
    return len(found)


def fuzz(d):
    fuzzer = milter_fuzz.Fuzzer(d, SEED)
    if os.environ.get("JM_FUZZ_WALKS"):
        fuzzer.replay([int(n) for n in os.environ["JM_FUZZ_WALKS"].split()])
        return fuzzer
    fuzzer.run(lambda f: f.walks < WARM_UP)
    idle = milter_fuzz.idle_state(d)
    before, end, shown = d.memory(), time.monotonic() + SECONDS, [time.monotonic()]

    def more(f):
        if SECONDS and time.monotonic() > shown[0] + 30:
            shown[0] = time.monotonic()
            tap.diag("%d walks, %d bytes, %d kB, %r" % (f.walks, f.bytes, d.memory() / 1024,
                                                       milter_fuzz.state(d)))
        return d.program.running() and (time.monotonic() < end if SECONDS else f.walks < WALKS)
    fuzzer.run(more)
    tap.diag("seed %d: %d walks, %d bytes, %d honest deliveries" % (
        SEED, fuzzer.walks, fuzzer.bytes, len(fuzzer.honest)))
    if not tap.ok(d.program.running(), "the daemon runs", "seed %d, walks to %d\n%s" % (
            SEED, fuzzer.next, d.log()[-3000:])):
        return fuzzer
    tap.ok(run.settled(lambda: all(now <= then for now, then in zip(milter_fuzz.state(d), idle)),
                       True),
           "no thread and no descriptor is left",
           "%r before, %r after" % (idle, milter_fuzz.state(d)))
    if not os.environ.get("JM_SANITIZER"):
        tap.ok(d.memory() - before < GROWTH, "and no memory", "%d kB before, %d kB after"
               % (before / 1024, d.memory() / 1024))
    return fuzzer


def compare(d, fuzzer):
    """The archive has each honest report once, and as many items as the daemon counted."""
    tap.is_(fuzzer.wrong, [], "every honest delivery is taken, every connection ends")
    found, honest = {}, {}
    for item in d.jmctl.list():
        number = (item["subject"] or "").rpartition(" ")[2]
        found.setdefault(number, []).append(item["id"])
    for number in fuzzer.honest:
        honest[number] = len(found.get(number, []))
    tap.is_({n: k for n, k in honest.items() if k != 1}, {}, "each is archived once")
    sample = list(fuzzer.honest)[-20:]
    tap.is_([n for n in sample if d.jmctl.export(found[n][0], "--report") != fuzzer.honest[n]], [],
            "with its own bytes")
    counts = d.jmctl.status()["daemon"]["since_start"]
    archived = counts["archived"]
    tap.ok(fuzzer.taken <= archived, "nothing was acknowledged that is not archived",
           "%d answers, %d archived" % (fuzzer.taken, archived))
    items = sum(len(ids) for ids in found.values())
    # deferred: the client had gone before its recipients could be removed
    tap.ok(items <= archived + counts["deferred"], "nothing else was archived",
           "%d items, %r" % (items, counts))


d = Daemon(tap.folder() + "/milter", outbounds=(CLIENT,), unix=True).start()
tap.LIMIT_S += int(SECONDS)
pid = d.pid
orders(d)
tap.is_(milter.deliver(d.socket, "a@example.com", [JOURNAL], corpus.report("after"), CLIENT).kind,
        "d", "after these a report is archived")
events = report(d)
done = fuzz(d)
if d.program.running():
    compare(d, done)
    tap.is_(d.pid, pid, "in the same process")
    tap.ok(SECONDS or d.log().count(" milter-protocol ") <= events + 5,
           "the log says so at most once a minute", d.log().count(" milter-protocol "))
    status, wrong = d.jmctl.verify()
    tap.ok(status == 0, "jmctl verify finds nothing wrong", wrong)
    tap.is_(d.stop(), 0, "the daemon stops with status 0")
tap.is_(d.complaints(), [], "no complaint in its log")
sys.exit(tap.done())
