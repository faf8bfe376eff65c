#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""
The daemon empties journal mailboxes: a real Dovecot over TLS, and beside it one faulty server a
fault, all at once. No item is lost or doubled.
"""
import collections
import glob
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
import dovecot
import pop3
import run
import tap
from daemon import Daemon, service
from pop3_quirks import EXCHANGE, Pop3Server

tap.need("dovecot", "openssl")
home = tap.folder()
password = os.path.join(home, "password")
with open(password, "w", encoding="ascii") as f:
    f.write("secret\nsecond line\n")
os.chmod(password, 0o600)


def mailbox(email, port, host="127.0.0.1", **kw):
    settings = {"hostname": host, "port": port, "mailbox-name": "journal",
                "password-file": password, "poll-interval": 1}
    settings.update((k.replace("_", "-"), v) for k, v in kw.items())
    return service(email, transport_type="POP3",
                   pop3={k: v for k, v in settings.items() if v is not None})


# name, quirks by connection, pipelining, ids left on the server, connections at most until it is so
FAULTS = (
    ("none", {}, False, []), ("pipelined", {}, True, []), ("trickle", {"*": ["trickle"]}, True, []),
    ("cut", {1: ["retr-cut:b"]}, True, []), ("cutdot", {1: ["retr-cutdot:b"]}, False, []),
    ("close-after", {1: ["retr-close-after:b"]}, True, []),
    ("garbage", {1: ["retr-garbage:b"]}, False, []),
    ("never", {"*": ["retr-err:b"]}, True, ["b"]), ("once", {1: ["retr-err:b"]}, False, []),
    ("lies", {"*": ["list-lies"]}, False, []), ("no-list", {"*": ["list-err"]}, False, []),
    ("no-uidl", {"*": ["uidl-err"]}, False, []),
    ("short", {1: ["uidl-short"]}, False, []), ("dup", {"*": ["uidl-dup"]}, False, []),
    ("missing", {"*": ["uidl-missing"]}, False, []),
    ("quit-err", {1: ["quit-err"]}, False, []), ("quit-cut", {1: ["quit-cut"]}, True, []),
    ("quit-lost", {1: ["quit-lost"]}, False, []),
    ("quit-lie", {1: ["quit-lie"], 2: ["quit-lie"]}, False, []),
    ("dele-err", {1: ["dele-err"]}, False, []),
    ("dele-cut", {1: ["dele-cut"]}, True, []),
    ("renamed", {1: ["quit-err"], 2: ["uidl-renamed"]}, False, []),
    ("no-ids-twice", {1: ["quit-err", "uidl-err"]}, False, []),
    ("dup-twice", {1: ["quit-err"], "*": ["uidl-dup"]}, False, []),
    ("quit-half", {1: ["quit-half"]}, False, []), ("lf", {"*": ["list-lf"]}, False, []),
    ("grows", {"*": ["stat-grows"]}, True, []), ("late", {"*": ["stat-late"]}, False, []),
    ("exact", {"*": ["stat-exact"]}, True, []), ("huge", {"*": ["list-huge"]}, True, []),
    ("words", {"*": ["stat-words"]}, False, []),
    # what ends each session stays, and holds nothing up
    ("always-cut", {"*": ["retr-cut:a"]}, False, ["a"]),
    ("always-cutdot", {"*": ["retr-cutdot:b"]}, True, ["b"]),
    ("always-garbage", {"*": ["retr-garbage:a"]}, False, ["a"]),
    ("always-cut-no-uidl", {"*": ["retr-cut:a", "uidl-err"]}, False, ["a"]),)

# a server that does not stuff dots: the message with a line ".", by what follows the line
UNSTUFFED = {"text": b"part two is long\r\n", "ok": b"+OK part two\r\n" * 4,
             "err": b"-ERR part two\r\n+OK\r\n", "dots": b".\r\n.\r\n",
             "stat": b"+OK 3 %d\r\n" * 3, "nothing": b""}

certs = dovecot.Certificates(os.path.join(home, "ca"))
real = dovecot.Dovecot(os.path.join(home, "dovecot"), certificates=certs).start()
corpus = []
for name in sorted(glob.glob(os.path.join(tap.SRC, "t/corpus/**/*.eml"), recursive=True)):
    with open(name, "rb") as f:
        corpus.append(f.read())
stored = [m.replace(b"\r\n", b"\n") for m in corpus if b"\0" not in m[:200]][:80]
real.put(stored)

servers, services, sent = {}, [], {}
for row, (name, quirks, pipelining, left) in enumerate(FAULTS):
    sent[name] = [(i, pop3.message(row * 10 + k)) for k, i in enumerate("abc")]
    servers[name] = Pop3Server(sent[name], quirks,
                               EXCHANGE + (("PIPELINING",) if pipelining else ()))
    services.append(mailbox("%s@journal.example.com" % name, servers[name].port, encrypted=False,
                            mailbox_name="j-" + name))
# servers and firewalls that end a session early, always
limited, unanswered = {}, {}
for row, (kind, name, quirks, pipelining, kw) in enumerate((
        (limited, "most", ["retr-most:4"], False, {}),
        (limited, "most-pipelined", ["retr-most:4"], True, {}),
        (unanswered, "no-quit", ["quit-cut"], False, {"messages_per_connection": 2}),
        (unanswered, "no-quit-huge", ["quit-cut", "list-huge"], False, {}))):
    sent[name] = [("m%d" % k, pop3.message(20000 + 100 * row + k))
                  for k in range(30 if kind is limited else 5)]
    kind[name] = Pop3Server(sent[name], {"*": quirks},
                            EXCHANGE + (("PIPELINING",) if pipelining else ()))
    services.append(mailbox(name + "@journal.example.com", kind[name].port, encrypted=False,
                            mailbox_name="j-" + name, **kw))
out_of_step = {}
for row, (name, rest) in enumerate(UNSTUFFED.items()):
    # pipelined, answers that are made up for just this mailbox are not recognised
    for quirk, pipelining in (("nostuff", name == "err"), ("nostuff-late", name not in ("dots",
                                                                                     "stat"))):
        number = 7000 + 100 * row + 10 * (quirk == "nostuff")
        box = [(i, pop3.message(number + k)) for k, i in enumerate("abc")]
        text = b"part one\r\n.\r\n" + rest
        size = sum(len(m) for _, m in box[1:]) + len(pop3.message(number, text))
        box[0] = ("a", pop3.message(number, text.replace(b"%d", b"%03d" % (size + 3))))
        sent["%s-%s" % (quirk, name)] = box
        out_of_step["%s-%s" % (quirk, name)] = server = Pop3Server(
            box, {"*": [quirk]}, EXCHANGE + (("PIPELINING",) if pipelining else ()))
        services.append(mailbox("%s-%s@journal.example.com" % (quirk, name), server.port,
                                encrypted=False, mailbox_name="j-%s-%s" % (quirk, name)))
brief_sent = [(i, pop3.message(8000 + k, b"line of a long text\r\n" * 300))
              for k, i in enumerate("abc")]
brief = Pop3Server(brief_sent, {1: ["retr-brief:b"]})
services.append(mailbox("brief@journal.example.com", brief.port, encrypted=False,
                        mailbox_name="j-brief"))
bodies = pop3.nasty()
exact = Pop3Server([("m%d" % i, pop3.message(1000 + i, b)) for i, b in enumerate(bodies)], {},
                   EXCHANGE + ("PIPELINING",))
services.append(mailbox("exactly@journal.example.com", exact.port, encrypted=False,
                        mailbox_name="j-exact"))
kept = Pop3Server([("k%d" % i, pop3.message(2000 + i)) for i in range(5)])
services.append(mailbox("kept@journal.example.com", kept.port, encrypted=False,
                        mailbox_name="j-kept", leave_on_server=True))
numbered = [pop3.message(5000 + i) for i in range(9)]		# all of one size
reused = {name: Pop3Server([("u%d" % i, m) for i, m in enumerate(numbered)],
                           dict(quirks, **{"*": ["uidl-number"]}))
          for name, quirks in (("reused", {}), ("reused-late", {1: ["quit-err"]}),
                                ("reused-half", {1: ["quit-half"], 2: ["quit-half"]}),
                                ("reused-lost", {k: ["quit-lost"] for k in range(1, 4)}))}
for name, server in reused.items():
    services.append(mailbox(name + "@journal.example.com", server.port, encrypted=False,
                            mailbox_name="j-" + name, messages_per_connection=2))
liar = Pop3Server([("l%d" % i, pop3.message(6000 + i)) for i in range(3)], {"*": ["quit-lie"]})
services.append(mailbox("liar@journal.example.com", liar.port, encrypted=False,
                        mailbox_name="j-liar"))
bad = Pop3Server([("x", pop3.message(3000))], {k: ["auth-err"] for k in range(1, 5)})
services.append(mailbox("bad@journal.example.com", bad.port, encrypted=False, mailbox_name="j-bad"))
services.append(mailbox("real@journal.example.com", real.tls_port, "localhost",
                        ca_file=certs.path("ca.pem")))
services.append(mailbox("token@journal.example.com", real.port, "localhost", ca_file=certs.path(
    "ca.pem"), starttls=True, mailbox_name="journal2", password_file=None,
                        oauth2_token_command="echo '%s'" % dovecot.token("journal2")))
token_box = [pop3.message(4000 + i).replace(b"\r\n", b"\n") for i in range(3)]
real.put(token_box, "journal2")

d = Daemon(os.path.join(home, "jm"), services).start()


def states():
    """{name: the daemon's status of its mailbox}"""
    return {s["email_address"].split("@")[0]: s["mailbox"]
            for s in d.jmctl.status()["daemon"]["services"] if s.get("mailbox")}


def state(name):
    return states()[name]


class Archived:
    """All items as they are now, by the name of the service."""

    def __init__(self):
        exported = d.jmctl.exported()
        self.bytes, self.reports = collections.defaultdict(list), collections.Counter()
        for i in d.jmctl.list():
            for name in {i["service"], *i.get("more_services", ())}:
                name = name.split("@")[0]
                self.bytes[name] += [b for (item, _), b in exported.items() if item == i["id"]]
                self.reports[name] += i["reports"]

    def of(self, name):
        return sorted(self.bytes[name])


def noted(kind):
    """How many events of a kind each service has."""
    return collections.Counter((e.get("service") or "").split("@")[0] for e in d.jmctl.events(kind))


for name, _, _, left in FAULTS:
    try:
        run.until(lambda: [i for i, _ in servers[name].messages] == left, name)
    except TimeoutError as e:
        tap.diag(str(e))
    tap.is_([i for i, _ in servers[name].messages], left, "%s: what is left on the server" % name)
run.until(lambda: not exact.messages and real.count() == 0 and real.count("journal2") == 0
          and not bad.messages, "the others are empty")
run.until(lambda: state("kept")["archived"] == 5, "kept")
for name, server in list(reused.items()) + list(limited.items()):
    run.until(lambda: not server.messages, name)
for name, server in out_of_step.items():
    run.until(lambda: [i for i, _ in server.messages] == ["a"], name)
for name in unanswered:
    run.until(lambda: state(name)["archived"] >= 5, name + ": all are archived")
run.until(lambda: set(out_of_step) <= set(noted("pop3-unretrievable")), "the events")

archived = Archived()
for name, _, _, left in FAULTS:
    tap.is_(archived.of(name), sorted(m for i, m in sent[name] if i not in left),
            "%s: each message is one item" % name)
for name in reused:
    tap.is_(archived.of(name), sorted(numbered),
            "%s: a deleted message's id for the next one, of the same size: none is lost" % name)
for name in limited:
    tap.is_((archived.of(name), archived.reports[name]), (sorted(m for _, m in sent[name]), 30),
            "%s: sessions that end early empty the mailbox" % name)
for name in unanswered:
    tap.is_(archived.of(name), sorted(m for _, m in sent[name]),
            "%s: QUIT never carried out: all are archived" % name)
for name in ("grows", "late", "exact"):
    tap.is_(noted("pop3-error")[name], 0, name + ": mail that comes in is no error")
for name in out_of_step:
    tap.is_(archived.of(name), sorted(m for i, m in sent[name] if i != "a"),
            name + ": the others are archived, and nothing of the message that was cut")
in_error = run.settled(lambda: {name for name, m in states().items() if name in out_of_step
                                and m["state"] == "error"
                                and "does not stuff dots" in (m["error"] or "")}, set(out_of_step))
tap.is_(in_error, set(out_of_step), "those that are out of step are in error with the reason")
tap.ok("part two" not in str(states()), "without the message's text")
sessions = {name: server.sessions for name, server in out_of_step.items()}
run.until(lambda: all(server.sessions > sessions[name] + 2
                      for name, server in out_of_step.items()), "some more sessions")
archived, events = Archived(), noted("pop3-unretrievable")
for name, server in out_of_step.items():
    tap.is_((len(archived.of(name)), [i for i, _ in server.messages], archived.reports[name]),
            (2, ["a"], 2), name + ": and it stays so")
    tap.is_(events[name], 1, name + ": one event")
    server.quirks = {}
d.reload()		# the next trial need not wait
for name, server in out_of_step.items():
    run.until(lambda: not server.messages, name + ": mended")
well = run.settled(lambda: {n for n, m in states().items() if n in out_of_step
                            and m["state"] == "ok"}, set(out_of_step))
tap.is_(well, set(out_of_step), "mended, they are OK")
run.until(lambda: not brief.messages, "brief")
archived = Archived()
for name in out_of_step:
    tap.is_(archived.of(name), sorted(m for _, m in sent[name]), name + ": mended, all archived")
for name in ("always-cut", "always-cut-no-uidl", "always-garbage"):
    tap.is_(run.settled(lambda: (state(name)["state"], state(name)["unretrievable"]),
                        ("error", 1)), ("error", 1), name + ": is an error, of one message")
tap.is_(archived.of("brief"), sorted(m for _, m in brief_sent),
        "brief: half a message is fetched once more")
run.until(lambda: liar.sessions > 20, "a server that deletes nothing")
early = [c for n in range(1, 21) for c in liar.commands(n)]	# a slow machine has many more
tap.ok(6 <= sum(c.startswith("RETR") for c in early) <= 3 * 10,
       "a server that deletes nothing and says it did: each is fetched more and more seldom",
       "%d sessions, %s" % (liar.sessions, [c for c in liar.commands() if c[0] == "R"]))
archived = Archived()
tap.is_(len(archived.of("liar")), 3, "and each is one item")
tap.is_(archived.of("exactly"), sorted(pop3.message(1000 + i, b) for i, b in enumerate(bodies)),
        "every byte of odd messages")
tap.is_(len(archived.of("token")), 3, "STLS with a token from a command")
tap.is_(archived.reports["real"], len(stored),
        "every report of the corpus came from Dovecot over TLS")
tap.ok(len(kept.messages) == 5 and not any(c.startswith("DELE") for c in kept.commands()),
       "left on the server: archived, not deleted")
run.until(lambda: kept.sessions > 3, "more looks")
tap.is_(sum(c.startswith("RETR") for c in kept.commands()), 5, "and fetched once only")
tap.is_(len(archived.of("bad")), 1,
        "a login refused four times, then taken")
for kind, claim in (("pop3-error", "the refusal is an event"), ("pop3-recovered", "and its end")):
    tap.ok(run.settled(lambda: any("bad@" in (e.get("service") or "")
                                   for e in d.jmctl.events(kind)), True), claim)
tap.is_(run.settled(lambda: state("none")["state"], "ok"), "ok",
        "status: ok")
tap.ok(state("none")["last_success"],
       "status: last successful extract")
tap.is_(run.settled(lambda: state("never")["unretrievable"], 1), 1,
        "status: one that cannot be fetched")
tap.ok(run.settled(lambda: bool(d.jmctl.events("pop3-unretrievable")), True), "is an event")
tap.ok("secret" not in d.log() and dovecot.token("journal2")[:20] not in d.log(),
       "no password and no token in the log")

# Disabled stops it; enabled again it continues
d.services[0]["disabled"] = True
d.write()
d.reload()
run.until(lambda: "none" not in states(), "the poller has ended")
before = servers["none"].sessions_so_far()
servers["none"].messages.append(("d", pop3.message(9)))
later = kept.sessions + 3
run.until(lambda: kept.sessions >= later, "others go on")
tap.is_(servers["none"].sessions, before, "a disabled service is not fetched for")
d.services[0]["disabled"] = False
d.write()
d.reload()
run.until(lambda: servers["none"].messages == [], "fetched again")
tap.ok(True, "enabled again it is")

# a stop in the middle of a message is clean and quick
stall = Pop3Server([("s", pop3.message(5))], {"*": ["retr-stall:s"]})
d.services.append(mailbox("stall@journal.example.com", stall.port, encrypted=False,
                          mailbox_name="j-stall", answer_timeout=3600))
d.write()
d.reload()
run.until(lambda: any(c.startswith("RETR") for c in stall.commands()), "in the middle of a message")
tap.is_(d.stop(), 0, "the daemon stops cleanly in the middle of a message")
tap.is_(d.jmctl.verify()[0], 0, "verify finds nothing")
tap.is_(d.complaints(), [], "no complaint in the log")
sys.exit(tap.done())
