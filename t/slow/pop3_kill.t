#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""
kill -9 of the daemon at any point of a poll loses nothing and doubles nothing. JM_KILLS (100)
kills, after numbers of commands spread over a session of each, while the mailbox is filled again
and again; at the end each message is one item and the mailbox is empty. One server gives the ids of
deleted messages to new ones of the same size, and often does not answer QUIT.
"""
import os
import random
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
import pop3
import run
import tap
from daemon import Daemon, service
from pop3_quirks import EXCHANGE, Pop3Server

KILLS = int(os.environ.get("JM_KILLS", "100"))
home = tap.folder()
password = os.path.join(home, "password")
with open(password, "w", encoding="ascii") as f:
    f.write("secret\n")
os.chmod(password, 0o600)
rng = random.Random(5)

# serial, with ids used again, and pipelined with packets of a few bytes, so that sessions last
servers = {"serial": Pop3Server([], {}, EXCHANGE), "reused": Pop3Server([], {}, EXCHANGE),
           "slow": Pop3Server([], {"*": ["trickle"]}, EXCHANGE + ("PIPELINING",))}
services = [service(name + "@journal.example.com", transport_type="POP3", pop3={
    "hostname": "127.0.0.1", "port": s.port, "mailbox-name": name, "password-file": password,
    "encrypted": False, "poll-interval": 1,
    "messages-per-connection": 7}) for name, s in servers.items()]
sent = {name: [] for name in servers}


def refill():
    for row, (name, s) in enumerate(servers.items()):
        with s.lock:
            while len(s.messages) < 20:
                i = len(sent[name]) + 1000000 * (row + 1)
                ident = "%s-%d" % (name, i)
                sent[name].append(pop3.message(i, b"x" * rng.choice((10, 500, 3000)) + b"\r\n"))
                if name == "reused":
                    sent[name][-1] = pop3.message(i)
                    ident = min({"%d" % n for n in range(20)} - {m[0] for m in s.messages})
                s.messages.append((ident, sent[name][-1]))
    reused = servers["reused"]
    reused.quirks = {reused.sessions + n: [rng.choice(("quit-lost", "quit-hang", "quit-half",
                                                       "trickle"))] for n in range(6)}


def said():
    """The number of commands that the servers got."""
    return sum(len(s.said) for s in servers.values())


d = Daemon(os.path.join(home, "jm"), services)
died = 0
for kill in range(KILLS):
    refill()
    before = said()
    d.start()
    run.until(lambda upto=before + rng.randrange(50): said() >= upto
              or not any(s.messages for s in servers.values()), "that many commands", pause=0.002)
    time.sleep(rng.random() * 0.02)
    died += d.program.running() and d.kill() == -9
tap.is_(died, KILLS, "%d kills" % KILLS)
tap.ok(sum(len(s) for s in sent.values()) > KILLS / 3,
       "while mail was fetched: %d messages, %d connections"
       % (sum(len(s) for s in sent.values()), sum(s.sessions for s in servers.values())))
d.start()
servers["reused"].quirks = {}
run.until(lambda: not any(s.messages for s in servers.values()), "the mailboxes are empty")
for name in servers:
    items = d.jmctl.list("--service", name + "@journal.example.com")
    tap.is_(sorted(d.jmctl.export(i["id"]) for i in items) if len(items) < 3000 else len(items),
            sorted(sent[name]) if len(items) < 3000 else len(sent[name]),
            "%s: each message is one item" % name)
tap.is_(d.stop(), 0, "a clean stop")
tap.is_(d.jmctl.verify()[0], 0, "verify finds nothing")
tap.is_(d.complaints(), [], "no complaint in the log")
sys.exit(tap.done())
