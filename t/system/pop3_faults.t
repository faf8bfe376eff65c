#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""
The fault table of the POP3 transaction: what a server did wrong, what is kept, what is left on the
server. Sessions are run until the mailbox is empty or nothing changes; no case may lose a message,
keep half of one, or keep one twice without need.
"""
import concurrent.futures
import os
import re
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
import dovecot
import pop3
import run
import tap
from pop3 import Pull
from pop3_quirks import EXCHANGE, Pop3Server

tap.need("openssl")
home = tap.folder()
A, B, C = (pop3.message(i, b"line\r\n.\r\n..x\r\nbody %d\r\n" % i * 30) for i in range(3))
THREE = [("a", A), ("b", B), ("c", C)]
PIPELINING = EXCHANGE + ("PIPELINING",)


def pull(server, name, **kw):
    folder = os.path.join(home, name)
    os.makedirs(folder, exist_ok=True)
    options = dict(host="127.0.0.1", port=server.port, security="clear", allow_clear=1,
                   password="secret", timeout=60000, out=folder,
                   marks=os.path.join(home, name + ".marks"))
    options.update(kw)
    return Pull(**options)


# name, quirks by session, files kept in the end (a message twice only where no id helps),
# sessions until the mailbox is as
# left says, fault that the first session must report (None: it ends well)
TABLE = (
    ("no fault", {}, [A, B, C], [], 1, None),
    ("a few bytes a packet", {"*": ["trickle"]}, [A, B, C], [], 1, None),
    ("cut in a line of the second", {1: ["retr-cut:b"]}, [A, B, C], [], 2, "cut"),
    ("cut before the terminator of the second", {1: ["retr-cutdot:b"]}, [A, B, C], [], 2, "cut"),
    ("stall in the second", {1: ["retr-stall:b"]}, [A, B, C], [], 2, "stall"),
    ("closed behind the whole second", {1: ["retr-close-after:b"]}, [A, B, C], [], 2, "cut"),
    ("nonsense instead of the second", {1: ["retr-garbage:b"]}, [A, B, C], [], 2, "garbage"),
    ("the second can never be retrieved", {"*": ["retr-err:b"]}, [A, C], ["b"], 1, None),
    ("the second is refused once", {1: ["retr-err:b"]}, [A, C, B], [], 2, None),
    ("sizes that are wrong", {"*": ["list-lies"]}, [A, B, C], [], 1, None),
    ("sizes with lines that end with one octet", {"*": ["list-lf"]}, [A, B, C], [], 1, None),
    ("sizes of 4 GB", {"*": ["list-huge"]}, [A, B, C], [], 1, None),
    ("STAT with the time of the day", {"*": ["stat-words"]}, [A, B, C], [], 1, None),
    ("mail that comes in meanwhile, once", {"*": ["stat-late"]}, [A, B, C], [], 1, None),
    ("mail that comes in all the time", {"*": ["stat-grows"]}, [A, B, C], [], 1, None),
    ("mail that comes in, no ids", {"*": ["stat-grows", "uidl-err"]}, [A, B, C], [], 1, None),
    ("octets that STAT counts anew", {"*": ["stat-exact"]}, [A, B, C], [], 1, None),
    ("STAT refused later", {"*": ["stat-err-late"]}, [A, B, C], [], 1, None),
    ("mail that comes in, dots that are not stuffed", {"*": ["stat-grows", "nostuff"]}, [],
     ["a", "b", "c"], 1, "out-of-step"),
    ("the same, slowly", {"*": ["stat-grows", "nostuff-late"]}, [], ["a", "b", "c"], 1,
     "out-of-step"),
    ("dots that are not stuffed", {"*": ["nostuff"]}, [], ["a", "b", "c"], 1, "out-of-step"),
    ("dots that are not stuffed, slowly", {"*": ["nostuff-late"]}, [], ["a", "b", "c"], 1,
     "out-of-step"),
    ("dots that are not stuffed once", {1: ["nostuff"]}, [A, B, C], [], 2, "out-of-step"),
    ("LIST refused", {"*": ["list-err"]}, [A, B, C], [], 1, None),
    ("UIDL refused", {"*": ["uidl-err"]}, [A, B, C], [], 1, None),
    ("UIDL cut", {1: ["uidl-short"]}, [A, B, C], [], 2, "cut"),
    ("an id twice", {"*": ["uidl-dup"]}, [A, B, C], [], 1, None),
    ("an id missing", {"*": ["uidl-missing"]}, [A, B, C], [], 1, None),
    ("QUIT refused: compared and deleted", {1: ["quit-err"]}, [A, B, C], [], 2, "refused"),
    ("QUIT refused, some deleted", {1: ["quit-half"]}, [A, B, C], [], 2, "refused"),
    ("closed instead of QUIT", {1: ["quit-cut"]}, [A, B, C], [], 2, "cut"),
    ("QUIT's answer lost", {1: ["quit-lost"]}, [A, B, C], [], 1, "cut"),
    ("QUIT never answered", {1: ["quit-stall"]}, [A, B, C], [], 2, "stall"),
    ("QUIT's +OK a lie", {1: ["quit-lie"], 2: ["quit-lie"]}, [A, B, C], [], 3, None),
    ("DELE refused", {1: ["dele-err"]}, [A, B, C], [], 2, None),
    ("cut at DELE", {1: ["dele-cut"]}, [A, B, C], [], 2, "cut"),
    ("ids change, QUIT refused: again, for nothing else can be known",
     {1: ["quit-err"], 2: ["uidl-renamed"]}, [A, B, C] * 2, [], 2, "refused"),
    ("UIDL refused, QUIT refused: again", {1: ["quit-err", "uidl-err"]}, [A, B, C] * 2, [], 2,
     "refused"),
    ("an id twice, QUIT refused: those two again", {1: ["quit-err"], "*": ["uidl-dup"]},
     [A, B, C, A, B], [], 2, "refused"),)


def first(number, capa, depth):
    """A server for a row of the table, and its first session."""
    server = Pop3Server(THREE, TABLE[number][1], capa)
    # whatever else it waits for comes sooner
    return server, pull(server, "%d-%s" % (number, depth),
                        timeout=15000 if TABLE[number][5] == "stall" else 60000)


# Those that stall take their time beside the others.
pool = concurrent.futures.ThreadPoolExecutor(len(TABLE))
stalling = {(number, depth): pool.submit(first, number, capa, depth)
            for number, row in enumerate(TABLE) if row[5] == "stall"
            for capa, depth in ((EXCHANGE, "serial"), (PIPELINING, "pipelined"))}

for number, (name, quirks, kept, left, sessions, fault) in enumerate(TABLE):
    for capa, depth in ((EXCHANGE, "serial"), (PIPELINING, "pipelined")):
        what = "%s, %s: " % (name, depth)
        label = "%d-%s" % (number, depth)
        server, p = stalling[number,
                             depth].result() if fault == "stall" else first(number, capa, depth)
        told = p.broken or (p.quit if p.quit != "fine" else "")
        for _ in range(1, sessions):
            p = pull(server, label)
        # an answer may be lost after the deletion; the server has soon finished it
        run.until(lambda: [i for i, _ in server.messages] == left or server.sessions > sessions,
                  what + "emptied") if [i for i, _ in server.messages] != left else None
        # between messages whose ends are proved together, nonsense can be part of one of them
        unclear = (fault, depth) == ("garbage", "pipelined")
        tap.is_(told, "out-of-step" if unclear else fault or "", what + "told as it is")
        tap.is_(sorted(pop3.files(os.path.join(home, label))), sorted(kept), what + "what is kept")
        tap.is_([i for i, _ in server.messages], left, what + "what is left on the server")
        marks = os.path.join(home, label + ".marks")
        p = pull(server, label)		# one more session: marks of what is gone are forgotten
        text = open(marks, encoding="ascii").read() if os.path.exists(marks) else ""
        tap.ok(text == "" or p.status != 0 or not p.listed.endswith("ids 1"),
               what + "no mark outlives its message", text)
        server.stop()

# dots that are not stuffed, over TLS: what follows the dot may be in the same record or in another
certs = dovecot.Certificates(os.path.join(home, "ca"))
for quirk in ("nostuff", "nostuff-late", "trickle"):
    for capa, depth in ((EXCHANGE, "serial"), (PIPELINING, "pipelined")):
        label = "tls-%s-%s" % (quirk, depth)
        server = Pop3Server(THREE, {"*": [quirk]}, capa, tls=(certs.path("good.pem"),
                                                              certs.path("good.key")))
        p = pull(server, label, host="localhost", security="pop3s", allow_clear=None,
                 ca=certs.path("ca.pem"))
        kept = [] if quirk != "trickle" else [A, B, C]
        tap.is_((p.broken, pop3.files(os.path.join(home, label)), len(server.messages)),
                ("" if kept else "out-of-step", kept, 3 - len(kept)), label)

# what was asked of the server
server = Pop3Server(THREE, {1: ["quit-err"]})
pull(server, "asked")
p = pull(server, "asked")
tap.is_([c for c in server.commands(2) if c[:4] in ("RETR", "DELE", "QUIT")],
        ["RETR 1", "RETR 2", "RETR 3", "DELE 1", "DELE 2", "DELE 3", "QUIT"],
        "done and still listed: no DELE without RETR")
tap.is_(sum(line.endswith("fine known") for line in p.lines), 3, "and compared")
first = server.commands(1)
tap.ok(max(i for i, c in enumerate(first) if c.startswith("RETR"))
       < min(i for i, c in enumerate(first) if c.startswith("DELE")),
       "no DELE before the last RETR is on disk")
tap.is_(server.sessions, 2, "a session is one connection")

# an id that comes back for another message
server = Pop3Server(THREE, {1: ["quit-err"]})
pull(server, "reused")
server.messages = [("a", pop3.message(7, b"another one, of another size\r\n"))] \
    + server.messages[1:]
pull(server, "reused")
tap.ok(server.messages == [] and len(pop3.files(os.path.join(home, "reused"))) == 4,
       "the same id with another size is another message")

# and for another message of the same size, when the deletion was carried out and not answered
for quirk in ("quit-lost", "quit-half", "quit-hang"):
    other = [(i, m.replace(b"journal item", b"another item")) for i, m in THREE]
    server = Pop3Server(THREE, {1: [quirk]}, later=other)
    pull(server, "same-" + quirk, timeout=3000 if quirk == "quit-hang" else 60000)
    run.until(lambda: len(server.later) < 2, "they have come in")
    pull(server, "same-" + quirk)
    if quirk == "quit-half":
        pull(server, "same-" + quirk)
    tap.is_((sorted(pop3.files(os.path.join(home, "same-" + quirk))), server.messages),
            (sorted(m for _, m in THREE + other), []),
            quirk + ": the same id with the same size and other bytes is another message")

# our own faults
server = Pop3Server(THREE[:1] + [("big", pop3.message(9, b"y" * 400000 + b"\r\n"))] + THREE[1:], {},
                    PIPELINING)
p = pull(server, "cap", max_bytes=100000)
tap.is_(p.outcomes("retr"), {1: "fine", 2: "sink", 3: "fine", 4: "fine"},
        "one that is too big stops none behind it")
tap.is_([i for i, _ in server.messages], ["big"], "and stays on the server")
server = Pop3Server([], {})
tap.ok(pull(server, "empty").status == 0
       and not any(c.startswith(("RETR", "DELE")) for c in server.commands()), "an empty mailbox")

# every byte, also a few at a time, serial and pipelined
bodies = pop3.nasty() + [b"bare\nLF\n.\r\nx\n..\r\n", b"\r\r\n.\r\r\n", b"no line end at the end"]
messages = [("m%d" % i, pop3.message(i, b))
            for i, b in enumerate(bodies)] + [("empty", b""), ("dot", b".\r\n"), ("bare", b"\r\n")]
for capa, quirks, label in ((EXCHANGE, {}, "serial"), (PIPELINING, {}, "pipelined"),
                            (PIPELINING, {"*": ["trickle"]}, "a few bytes a packet")):
    chosen = [m for m in messages if label != "a few bytes a packet" or len(m[1]) < 3000]
    server = Pop3Server(chosen, quirks, capa)
    p = pull(server, "bytes-" + label.replace(" ", "-"))
    want = [m if m == b"" or m.endswith(b"\r\n") else m + b"\r\n" for _, m in chosen]
    got = pop3.files(os.path.join(home, "bytes-" + label.replace(" ", "-")))
    tap.is_([i for i, (g, w) in enumerate(zip(got, want)) if g != w] + [len(got)], [len(want)],
            "every byte, %s" % label)

# 150 MB in flat memory
server = Pop3Server([("huge", pop3.message(1, (b"z" * 998 + b"\r\n") * 150000))])
p = pull(server, "huge", timeout=60000)
got = pop3.files(os.path.join(home, "huge"))
tap.ok(len(got) == 1 and got[0] == pop3.message(1, (b"z" * 998 + b"\r\n") * 150000),
       "150 MB, every byte")
found = re.search(r"resident-kb (\d+)", p.text)
resident = int(found.group(1)) if found else 0
limit = 32 * 1024 if not os.environ.get("JM_SANITIZER") else 10 ** 9
tap.ok(0 < resident < limit, "in %d KiB of memory" % resident, p.text)
sys.exit(tap.done())
