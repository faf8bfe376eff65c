#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""
The daemon empties journal mailboxes: a real Dovecot over TLS, and beside it one faulty server a
fault, all at once. No item is lost or doubled.
"""
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
    ("huge", {"*": ["list-huge"]}, True, []), ("words", {"*": ["stat-words"]}, False, []),
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
services.append(mailbox("exact@journal.example.com", exact.port, encrypted=False,
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


def state(email):
    return next(s for s in d.jmctl.status()["daemon"]["services"] if s["email_address"] == email)


for name, _, _, left in FAULTS:
    try:
        run.until(lambda: [i for i, _ in servers[name].messages] == left, name)
    except TimeoutError as e:
        tap.diag(str(e))
    tap.is_([i for i, _ in servers[name].messages], left, "%s: what is left on the server" % name)
run.until(lambda: not exact.messages and real.count() == 0 and real.count("journal2") == 0
          and not bad.messages, "the others are empty")
run.until(lambda: len(d.jmctl.list("--service", "kept@journal.example.com")) == 5, "kept")

for name, _, _, left in FAULTS:
    items = d.jmctl.list("--service", name + "@journal.example.com")
    tap.is_(sorted(d.jmctl.export(i["id"]) for i in items),
            sorted(m for i, m in sent[name] if i not in left),
            "%s: each message is one item" % name)
for name, server in reused.items():
    run.until(lambda: not server.messages, name)
    got = [d.jmctl.export(i["id"])
           for i in d.jmctl.list("--service", name + "@journal.example.com")]
    tap.is_(sorted(got), sorted(numbered),
            "%s: a deleted message's id for the next one, of the same size: none is lost" % name)
for name, server in out_of_step.items():
    email = name + "@journal.example.com"
    run.until(lambda: [i for i, _ in server.messages] == ["a"], name)
    run.until(lambda: any(e.get("service") == email for e in d.jmctl.events("pop3-unretrievable")),
              name + ": the event")
    got = [d.jmctl.export(i["id"]) for i in d.jmctl.list("--service", email)]
    tap.is_(sorted(got), sorted(m for i, m in sent[name] if i != "a"),
            name + ": the others are archived, and nothing of the message that was cut")
    s = run.settled(lambda: (state(email)["mailbox"]["state"],
                             "does not stuff dots" in state(email)["mailbox"]["error"]),
                    ("error", True))
    tap.is_(s, ("error", True), name + ": the service is in error with the reason")
    tap.ok("part two" not in str(state(email)), name + ": without the message's text")
sessions = {name: server.sessions for name, server in out_of_step.items()}
run.until(lambda: all(server.sessions > sessions[name] + 2
                      for name, server in out_of_step.items()), "some more sessions")
for name, server in out_of_step.items():
    email = name + "@journal.example.com"
    tap.is_((len(d.jmctl.list("--service", email)), [i for i, _ in server.messages],
             sum(len(d.jmctl.show(i["id"])["reports"])
                 for i in d.jmctl.list("--service", email))), (2, ["a"], 2),
            name + ": and it stays so")
    tap.is_(len([e for e in d.jmctl.events("pop3-unretrievable") if e.get("service") == email]), 1,
            name + ": one event")
    server.quirks = {}
d.reload()		# the next trial need not wait
for name, server in out_of_step.items():
    email = name + "@journal.example.com"
    run.until(lambda: not server.messages, name + ": mended")
    got = [d.jmctl.export(i["id"]) for i in d.jmctl.list("--service", email)]
    tap.is_(sorted(got), sorted(m for _, m in sent[name]), name + ": mended, all are archived")
    tap.is_(run.settled(lambda: state(email)["mailbox"]["state"], "ok"), "ok", name + ": and OK")
for name in ("always-cut", "always-cut-no-uidl", "always-garbage"):
    email = name + "@journal.example.com"
    tap.is_(run.settled(lambda: (state(email)["mailbox"]["state"],
                                 state(email)["mailbox"]["unretrievable"]), ("error", 1)),
            ("error", 1), name + ": is an error, of one message")
run.until(lambda: not brief.messages, "brief")
tap.is_(sorted(d.jmctl.export(i["id"])
               for i in d.jmctl.list("--service", "brief@journal.example.com")),
        sorted(m for _, m in brief_sent), "brief: half a message is fetched once more")
run.until(lambda: liar.sessions > 20, "a server that deletes nothing")
tap.ok(6 <= sum(c.startswith("RETR") for c in liar.commands()) <= 3 * 10,
       "a server that deletes nothing and says it did: each is fetched more and more seldom",
       "%d sessions, %s" % (liar.sessions, [c for c in liar.commands() if c[0] == "R"]))
tap.is_(len(d.jmctl.list("--service", "liar@journal.example.com")), 3, "and each is one item")
got = [d.jmctl.export(i["id"]) for i in d.jmctl.list("--service", "exact@journal.example.com")]
tap.is_(sorted(got), sorted(pop3.message(1000 + i, b) for i, b in enumerate(bodies)),
        "every byte of odd messages")
tap.is_(len(d.jmctl.list("--service", "token@journal.example.com")), 3,
        "STLS with a token from a command")
reports = sum(len(d.jmctl.show(i["id"])["reports"])
              for i in d.jmctl.list("--service", "real@journal.example.com"))
tap.is_(reports, len(stored), "every report of the corpus came from Dovecot over TLS")
tap.ok(len(kept.messages) == 5 and not any(c.startswith("DELE") for c in kept.commands()),
       "left on the server: archived, not deleted")
run.until(lambda: kept.sessions > 3, "more looks")
tap.is_(sum(c.startswith("RETR") for c in kept.commands()), 5, "and fetched once only")
tap.is_(len(d.jmctl.list("--service", "bad@journal.example.com")), 1,
        "a login refused four times, then taken")
for kind, claim in (("pop3-error", "the refusal is an event"), ("pop3-recovered", "and its end")):
    tap.ok(run.settled(lambda: any("bad@" in (e.get("service") or "")
                                   for e in d.jmctl.events(kind)), True), claim)
tap.is_(run.settled(lambda: state("none@journal.example.com")["mailbox"]["state"], "ok"), "ok",
        "status: ok")
tap.ok(state("none@journal.example.com")["mailbox"]["last_success"],
       "status: last successful extract")
tap.is_(run.settled(lambda: state("never@journal.example.com")["mailbox"]["unretrievable"], 1), 1,
        "status: one that cannot be fetched")
tap.ok(run.settled(lambda: bool(d.jmctl.events("pop3-unretrievable")), True), "is an event")
tap.ok("secret" not in d.log() and dovecot.token("journal2")[:20] not in d.log(),
       "no password and no token in the log")

# Disabled stops it; enabled again it continues
d.services[0]["disabled"] = True
d.write()
d.reload()
run.until(lambda: state("none@journal.example.com").get("mailbox") is None, "the poller has ended")
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
