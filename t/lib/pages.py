# SPDX-License-Identifier: BSD-2-Clause
"""Pages of catalog.db, and what may happen to them."""
import os
import random
import shutil
import signal
import subprocess
import time

import corpus
import milter
import run
import tap
from daemon import Daemon, service
from pop3_quirks import Pop3Server

JOURNAL, SLOW, BOX = ("%s@journal.example.com" % x for x in ("journaling", "slow", "box"))
CLIENT, PAGE = "192.0.2.25", 4096
STOP_S = 45.0	# 30 s of grace for messages, and room for a loaded machine


def services(pop3=None):
    made = [service(JOURNAL), service(SLOW, initial_process_delay=3600)]
    if pop3:
        made.append(service(BOX, transport_type="POP3", pop3=pop3))
    return made


def deliver(d, text, to=JOURNAL):
    return milter.deliver(d.socket, "a@example.com", [to], text, CLIENT).kind


def deliver_as_mta(d, text):
    """Again while the answer is 4xx, as it may be while the catalog is made anew."""
    def final():
        a = milter.deliver(d.socket, "a@example.com", [JOURNAL], text, CLIENT)
        return None if a.kind == "t" or a.text.startswith("4") else a.kind
    return run.until(final, "a final answer")


def subjects(d):
    """The subjects of all items; asked again while the answer is 75, as for 4xx."""
    def answered():
        status, out, said = d.jmctl.run("list", "--json")
        if status not in (0, 75):
            raise RuntimeError("jmctl list: exit %d: %s" % (status, said))
        return [i["subject"] for i in d.jmctl.objects(out)] if status == 0 else None
    return run.until(answered, "an answer")


def make(folder, messages):
    """An archive whose catalog has rows in every table, of a daemon that was stopped."""
    secret = os.path.join(folder, "password")
    os.makedirs(folder, exist_ok=True)
    with open(secret, "w", encoding="ascii") as f:
        f.write("secret\n")
    os.chmod(secret, 0o600)
    box = [("uid-%d" % i, corpus.report("box-%d" % i)) for i in range(3)]
    server = Pop3Server(box)
    d = Daemon(folder, services({"hostname": "127.0.0.1", "port": server.port,
                                 "mailbox-name": "journal", "password-file": secret,
                                 "encrypted": False, "leave-on-server": True,
                                 "poll-interval": 1}), outbounds=(CLIENT,)).start()
    kinds = [deliver(d, corpus.report("page-%d" % i, 2000 + 10 * i)) for i in range(messages)]
    for i in range(3):		# another report of the same message, and another content
        kinds.append(deliver(d, corpus.report("page-%d" % i, 2000 + 10 * i,
                                              wrapper=b"X-Second: yes\r\n")))
        kinds.append(deliver(d, corpus.report("page-%d" % i, 3000)))
        kinds.append(deliver(d, corpus.report("waits-%d" % i), SLOW))
        kinds.append(deliver(d, corpus.report("aside-%d" % i).replace(b"Sender:", b"Xender:")))
    tap.is_(set(kinds), {"d"}, "an archive of %d messages" % len(kinds))
    run.until(lambda: sum(i["service"] == BOX for i in d.jmctl.list()) == 3, "the mailbox is read")
    d.stop()
    server.stop()
    return d.archive


def types(archive):
    """The pages of the catalog: {number: type}."""
    with open(os.path.join(archive, "catalog/catalog.db"), "rb") as f:
        data = f.read()
    return {i: data[i * PAGE + 25] for i in range(len(data) // PAGE)}


def roots(archive):
    """The pages that Berkeley DB reads first: those of meta data and the roots of tables."""
    with open(os.path.join(archive, "catalog/catalog.db"), "rb") as f:
        data = f.read()
    found = set()
    for number, kind in types(archive).items():
        if kind == 9:		# P_BTREEMETA; its root is at 88
            found |= {number, int.from_bytes(data[number * PAGE + 88:number * PAGE + 92],
                                             "little")}
    return sorted(found)


def garbage(f, number, _):
    f.seek(number * PAGE)
    f.write(random.Random(number).randbytes(PAGE))


def zeros(f, number, _):
    f.seek(number * PAGE)
    f.write(bytes(PAGE))


def copy(f, number, pages):
    f.seek((number + 1) % pages * PAGE)
    other = f.read(PAGE)
    f.seek(number * PAGE)
    f.write(other)


def bit(f, number, _):
    f.seek(number * PAGE + 2500)
    byte = f.read(1)
    f.seek(number * PAGE + 2500)
    f.write(bytes([byte[0] ^ 4]))


def torn(f, number, _):
    f.seek(number * PAGE + 2048)
    f.write(bytes(2048))


def cut(f, number, _):
    f.truncate(number * PAGE + 100)


DAMAGE = {x.__name__: x for x in (garbage, zeros, copy, bit, torn, cut)}


def damage(archive, kind, number):
    with open(os.path.join(archive, "catalog/catalog.db"), "r+b") as f:
        DAMAGE[kind](f, number, f.seek(0, 2) // PAGE)


def answers(d):
    """Answers of an archive: a list, the shown items, what waits, searches."""
    items = d.jmctl.list()
    first = next(i for i in items if i["subject"] == "Test page-0")
    return {"list": items, "show": [d.jmctl.show(i["id"]) for i in (first, items[-1])],
            "waiting": d.jmctl.list("--waiting"), "aside": d.jmctl.list("--set-aside"),
            "address": d.jmctl.list("--address", "bob@example.com"),
            "message-id": d.jmctl.list("--message-id", first["message_id"])}


class Case:
    """One copy of the archive, its daemon, and whether all is as it was."""

    def __init__(self, original, folder):
        self.stopped_s = 0.0
        shutil.rmtree(folder, ignore_errors=True)
        self.d = Daemon(folder, services(), outbounds=(CLIENT,))
        shutil.copytree(original, self.d.archive)

    def check(self, right, number, during=None):
        """
        Start the daemon, ask, deliver one more message, stop. during: called with the daemon while
        it runs. Returns words about what is wrong.
        """
        wrong, d = [], self.d
        try:
            d.start()
            if during:
                during(d)
            wrong += [name for name, value in answers(d).items() if value != right[name]]
            if deliver_as_mta(d, corpus.report("more-%s" % number)) != "d":
                wrong.append("one more")
            elif "Test more-%s" % number not in subjects(d):
                wrong.append("one more is not listed")
        except (RuntimeError, OSError, milter.Closed, StopIteration) as e:
            wrong.append(repr(e)[:300])
        begun = time.monotonic()
        if d.program and d.program.running():
            d.program.signal(signal.SIGTERM)
            try:
                d.program.process.wait(STOP_S)
            except subprocess.TimeoutExpired:
                wrong.append("stop")
                d.kill()
        self.stopped_s = time.monotonic() - begun
        size = sum(os.path.getsize(os.path.join(p, n))
                   for p, _, names in os.walk(d.archive) for n in names)
        if size > 60 << 20:
            wrong.append("%d bytes" % size)
        return wrong

    def outcome(self):
        return "made anew" if "catalog-rebuild" in self.d.log() else "not needed"
