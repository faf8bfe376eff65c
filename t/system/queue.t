#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""
The processing queue in the daemon: which reports wait and how long, what an operator sees and does,
and that one bad report blocks no other.
"""
import json
import os
import pty
import pwd
import re
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
import corpus
import daemon
import jmctl
import milter
import run
import tap

SLOW, FAST = "slow@journal.example.com", "fast@journal.example.com"
MATCH, STRICT = "match@journal.example.com", "strict@journal.example.com"
OTHER = "someone@example.com"


def report(number, **kw):
    return corpus.report(number, **kw)


def send(d, data, to, sender="alice@example.com"):
    return milter.deliver(d.socket, sender, [to], data)


def inner(number):
    """The journaled message of report(number), as ordinary mail."""
    return report(number).split(b"Content-Type: message/rfc822\r\n\r\n",
                                1)[1].rsplit(b"\r\n--_test_", 1)[0]


def damage(d, number):
    """Change a byte in the metadata of the record that holds report(number)."""
    folder = os.path.join(d.archive, "volumes")
    path = os.path.join(folder, sorted(os.listdir(folder))[-1])
    with open(path, "r+b") as f:
        data = f.read()
        at = data.rindex(b'"journal":{', 0, data.rindex(b"test.%s@" % number.encode()))
        f.seek(at + 2)
        f.write(b"X")


def test_delay(d):
    a = send(d, report("waits", recipients=("bob@example.com", "carol@example.com")), SLOW)
    tap.is_(a.kind, "d", "a report for a service with a process delay is accepted at once")
    tap.is_(d.jmctl.list(), [], "it is no item yet")
    rows = d.jmctl.queue()
    tap.is_(len(rows), 1, "it is in the processing queue")
    row = rows[0]
    tap.is_((row["from"], row["more"], row["to"]), ("bob@example.com", 1, SLOW),
            "the actual recipient is shown as sender, the journal address as recipient")
    tap.is_(json.loads(d.jmctl.run("top", "--json")[1])["queue"],
            {"messages": 1, "oldest": row["received"]},
            "what is published has it, and since when it waits")
    tap.is_((row["attempts"], row["state"], row["size"]),
            (0, "waiting",
             len(report("waits", recipients=("bob@example.com", "carol@example.com")))),
            "with attempts, state and size")
    status, out, _ = d.jmctl.run("queue")
    tap.ok(status == 0 and b"bob@example.com" in out and b"SLOW" not in out
           and SLOW.encode() in out, "and so for people", out)
    tap.ok(d.jmctl.objects(d.jmctl.run("queue", "show", "--json", row["id"])[1])[0]["id"]
           == row["id"], "queue show tells one")
    tap.is_((row["subject"], row["message_id"], row["waits_for"]),
            ("Test waits", "<test.waits@example.com>", "delay"),
            "with subject, Message-ID, and for what it waits")
    test_waiting_shown(d, row)
    tap.is_(d.jmctl.run("queue", "show", 99999)[0], 69, "of one that is not there: not found")
    d.kill()
    d.start()
    tap.is_([r["id"] for r in d.jmctl.queue()], [row["id"]], "after kill -9 it still waits")
    tap.is_(d.jmctl.run("queue", "retry", row["id"])[0], 0, "retry makes it due")
    run.until(lambda: len(d.jmctl.list()) == 1, "it is archived")
    tap.is_(d.jmctl.queue(), [], "the queue is empty")
    tap.bytes_(d.jmctl.export(row["id"], "--report"),
               report("waits", recipients=("bob@example.com", "carol@example.com")),
               "with every byte")


def test_waiting_shown(d, row):
    """show and search of a report that waits, and filters that fit nothing."""
    status, out, _ = d.jmctl.run("show", row["id"])
    out = out.decode()
    tap.ok(status == 0 and "waits in the processing queue" in out and "initial-process-delay" in out
           and row["received"][:19] in out and row["next_attempt"][:19] in out
           and "jmctl queue release %d" % row["id"] in out,
           "show says that it waits, since when, for what, and what follows", out)
    item = d.jmctl.show("<test.waits@example.com>")
    tap.is_((item["id"], item["waiting"]["received"]), (row["id"], row["received"]),
            "also by its Message-ID")
    for verb in ("list", "search"):
        found = d.jmctl.objects(d.jmctl.run(verb, "--waiting", "--json")[1])
        tap.is_([(i["id"], i["queued"]) for i in found], [(row["id"], True)],
                "%s --waiting has it" % verb)
    tap.like(d.jmctl.run("search", "--waiting", "--subject", "waits")[1].decode(),
             r"waits: Test waits", "and says so")
    for args, near in ((("list", "--service", "sloww" + SLOW[4:]), SLOW),
                       (("search", "--service", ("slo" + SLOW[4:]).upper()), SLOW),
                       (("queue", "--service", "slo" + SLOW[4:]), SLOW),
                       (("watch", "--service", "slo" + SLOW[4:]), SLOW),
                       (("events", "--service", "slo" + SLOW[4:]), SLOW),
                       (("events", "--kind", "set-aside,relesed"), "released"),
                       (("watch", "--kind", "quued"), "queued")):
        status, out, complaint = d.jmctl.run(*args)
        tap.ok(status == 64 and out == b"" and 'did you mean "%s"' % near in complaint,
               "%s: the nearest name" % " ".join(args), (status, complaint))


def test_release(d):
    send(d, report("released"), SLOW)
    row = d.jmctl.queue()[0]
    tap.is_(d.jmctl.run("queue", "release", row["id"])[0], 0, "an operator releases one")
    tap.is_([i["id"] for i in d.jmctl.list("--message-id", "<test.released@example.com>")],
            [row["id"]], "it is archived on its own")
    tap.is_(d.jmctl.run("queue", "release", row["id"])[0], 69,
            "a second time there is nothing to release")
    e = d.jmctl.events("released")
    who = r"^uid %d( \([^)]+\))?, gid %d, (no login|login .+), pid [1-9]\d*$" % (
        os.getuid(), os.getgid())
    tap.ok(len(e) == 1 and e[0]["service"] == SLOW and re.search(who, e[0]["actor"])
           and e[0]["item"] == row["id"], "that is an event with its actor and its item", e)
    name = pwd.getpwuid(os.getuid()).pw_name
    for part in (name, "gid %d" % os.getgid(), e[0]["actor"]):
        tap.is_([x["seq"] for x in d.jmctl.events("released", "--actor", part)], [e[0]["seq"]],
                "events --actor %s finds it" % part)
    tap.is_(d.jmctl.events("released", "--actor", name[:-1]), [], "part of a name does not")
    tap.like(d.jmctl.run("events", "--kind", "released")[1].decode(), r"item %d\b" % row["id"],
             "for people, too")


def test_attempts(d):
    """The service looks for a match every two seconds, four times."""
    def queued(number, **kw):
        """
        Send a report. Returns its number, from the event that says it was queued; it may have left
        the queue.
        """
        last = d.jmctl.status()["last_seq"]
        send(d, report(number, **kw), MATCH)
        return d.jmctl.objects(d.jmctl.run("watch", "--json", "--kind", "queued", "--service",
                                           MATCH, "--after", last, "--limit", 1)[1])[0]

    tap.is_(queued("alone")["subject"], "Test alone",
            "with the gateway on a report waits for its match")
    run.until(lambda: not d.jmctl.queue(), "its attempts are over")
    tap.is_(len(d.jmctl.list("--message-id", "<test.alone@example.com>")), 1,
            "no match: archived on its own")
    waits = queued("pair", recipients=("bcc@example.com",))["item"]
    a = milter.deliver(d.socket, "alice@example.com", [OTHER], inner("pair"))
    tap.is_(a.kind, "c", "ordinary mail passes")
    run.until(lambda: not d.jmctl.queue(), "the report finds its match")
    items = d.jmctl.list("--message-id", "<test.pair@example.com>")
    tap.is_(len(items), 1, "they are one item")
    item = d.jmctl.show(items[0]["id"])
    tap.is_(sorted(r["address"] for r in item["recipients"]), ["bcc@example.com", OTHER],
            "with the recipients of both")
    tap.is_([r["transport"] for r in item["reports"]], ["gateway", "smtp"]
            if items[0]["id"] != waits else ["smtp", "gateway"], "and both receipts")
    send(d, report("pair", recipients=("late@example.com",)), MATCH)
    tap.is_(d.jmctl.queue(), [], "what matches at once does not wait")
    tap.is_(len(d.jmctl.show(items[0]["id"])["reports"]), 3, "and is merged")


def test_inline(d):
    send(d, report("inline"), FAST)
    tap.is_(len(d.jmctl.list("--message-id", "<test.inline@example.com>")), 1,
            "a service without attempts archives at once")


def test_poison(d):
    """A report whose record was damaged on the disk while it waited."""
    send(d, report("poison", subject="poison"), MATCH)
    damage(d, "poison")
    send(d, report("healthy"), MATCH)
    run.until(lambda: not d.jmctl.queue(), "the queue gets empty")
    tap.is_(len(d.jmctl.list("--message-id", "<test.healthy@example.com>")), 1,
            "the others are archived")
    aside = d.jmctl.list("--set-aside")
    tap.is_(len(aside), 1, "the bad one is set aside after its attempts")
    tap.ok("digest" in aside[0]["set_aside"] or "report" in aside[0]["set_aside"], "with its cause",
           aside[0]["set_aside"])
    tap.ok([e for e in d.jmctl.events("set-aside") if e["service"] == MATCH], "that is an event")


def set_aside(d):
    """How many the published state has, as it would be now: of the archive, of the service."""
    o = json.loads(d.jmctl.run("top", "--json")[1])
    return o["archive"]["set_aside"], o["services"][MATCH]["set_aside"]


def test_set_aside(d):
    aside = d.jmctl.list("--set-aside")[0]["id"]
    status, out, _ = d.jmctl.run("set-aside", "list", "--json")
    tap.is_([o["id"] for o in d.jmctl.objects(out)], [aside], "set-aside list")
    status, _, complaint = d.jmctl.run("set-aside", "release", aside)
    tap.ok(status == 65 and "report %d" % aside in complaint,
           "what cannot be read is not released, and told", complaint)
    tap.like(d.jmctl.run("status")[1].decode(),
             r"(?m)^set aside +1 message waits for your decision",
             "status tells that it waits for somebody")
    tap.is_(set_aside(d), (1, 1),
            "and so does the published state, of the archive and of the service")
    tap.is_(d.jmctl.run("set-aside", "expire", "--yes", aside)[0], 0, "an operator lets one expire")
    tap.is_(d.jmctl.list("--set-aside"), [], "no list shows it")
    tap.ok(b"set aside  " not in d.jmctl.run("status")[1],
           "status does not ask for a decision any more")
    tap.is_(set_aside(d), (0, 0), "nor does the published state")
    s = d.jmctl.status()
    tap.is_((s["set_aside"], s["expired"], s["balance"]["holds"]), (1, 1, True),
            "while the counters of what was received still have it, and balance")
    tap.is_(d.jmctl.run("set-aside", "release", aside)[0], 69, "it cannot be released any more")
    e = d.jmctl.events("expired")
    tap.ok(len(e) == 1 and e[0]["service"] == MATCH, "that is an event", e)


def test_kinds(d):
    """Each verb accepts reports of its kind only, and names the right verb for others."""
    send(d, report("kinds"), SLOW)
    send(d, report("aside", sender="x@fabrikam.example", recipients=("y@fabrikam.example",)),
         STRICT)
    waits, aside = d.jmctl.queue()[0]["id"], d.jmctl.list("--set-aside")[0]["id"]
    archived, merged = next(i["id"]
                            for i in d.jmctl.list("--message-id", "<test.pair@example.com>")), None
    merged = next(r["seq"] for r in d.jmctl.show(archived)["reports"] if r["seq"] != archived)

    def refused(verb, action, number, pattern):
        status, out, complaint = d.jmctl.run(verb, action, "--json", number,
                                             *(["--yes"] if verb == "set-aside" else []))
        tap.is_((status, out), (69, b""), "%s %s of another kind is refused" % (verb, action))
        tap.like(complaint, r"jmctl %s: %d is not %s: %s"
                 % (verb, number, "set aside" if verb == "set-aside" else "in the processing queue",
                    pattern), "and told")

    for verb, action in (("queue", "show"), ("queue", "retry"), ("queue", "release")):
        refused(verb, action, aside,
                r"it is set aside, .*internal.* \(jmctl set-aside release archives it\)")
    for action in ("release", "expire"):
        refused("set-aside", action, waits,
                r"it waits in the processing queue \(jmctl queue release archives it now\)")
    for verb in ("queue", "set-aside"):
        refused(verb, "release", archived, "it is archived\n")
        refused(verb, "release", merged, "it is archived, as a report for item %d" % archived)
        refused(verb, "release", 99999, "there is no such item or report")
    tap.is_(([r["id"] for r in d.jmctl.queue()], [i["id"] for i in d.jmctl.list("--set-aside")]),
            ([waits], [aside]), "nothing was changed by that")
    tap.is_([d.jmctl.run(v, "release", i)[0] for v, i in (("queue", waits), ("set-aside", aside))],
            [0, 0], "the right ones work")
    refused("set-aside", "release", aside, "it is archived\n")


def at_terminal(d, answer, *args):
    """(exit status, all output) of jmctl at a terminal, whose user types answer at the question."""
    ours, theirs = pty.openpty()
    p = subprocess.Popen([jmctl.PROGRAM, *map(str, args), "--config", d.jmctl.settings],
                         stdin=theirs, stdout=theirs, stderr=theirs)
    os.close(theirs)
    text = b""
    while True:
        try:
            piece = os.read(ours, 4096)
        except OSError:	# the last writer is gone
            piece = b""
        if not piece:
            break
        text += piece
        if text.endswith(b"[y/N] "):
            os.write(ours, answer)
    os.close(ours)
    return p.wait(timeout=60), text.decode()


def test_confirm(d):
    """At a terminal a change is asked for, with the number of messages."""
    def aside():
        return [i["id"] for i in d.jmctl.list("--set-aside")]

    for i in range(3):
        send(d, report("confirm-%d" % i, sender="x@fabrikam.example",
                       recipients=("y@fabrikam.example",)), STRICT)
    ids = aside()
    for action, question in (("release", r"Archive 2 messages\? \[y/N\] "),
                             ("expire", r"Remove 2 messages from all lists, for good\? \[y/N\] ")):
        for answer in (b"\n", b"n\n", b"no\n", b"x\n", b"\x04"):
            status, text = at_terminal(d, answer, "set-aside", action, ids[0], ids[1])
            tap.ok(status == 0 and re.search(question, text) and "nothing was changed" in text,
                   "%s, %r: asked, and nothing is done" % (action, answer), text)
    tap.like(at_terminal(d, b"n\n", "set-aside", "expire", ids[0])[1], r"Remove 1 message from",
             "one message is one message")
    tap.is_(aside(), ids, "all are still set aside")
    status, out, complaint = d.jmctl.run("set-aside", "expire", ids[0])
    tap.ok(status == 64 and "--yes" in complaint and "nothing was changed" in complaint
           and aside() == ids, "expire without a terminal wants --yes", complaint)
    status, text = at_terminal(d, b"", "set-aside", "expire", "--yes", ids[0])
    tap.ok(status == 0 and "[y/N]" not in text and "expired: 1 of 1 message\r\n" in text,
           "with --yes nothing is asked", text)
    status, text = at_terminal(d, b"yes\n", "set-aside", "release", ids[1], ids[0])
    tap.ok(status == 69 and "released: 1 of 2 messages" in text and aside() == ids[2:],
           "the number that was done is said", text)
    status, out, _ = d.jmctl.run("set-aside", "release", ids[2])
    tap.is_((status, out), (0, b"released: 1 of 1 message\n"),
            "scripts release without a question, as ever")
    tap.is_(aside(), [], "none is left")


def test_balance(d):
    status = d.jmctl.status()
    tap.is_(status["balance"], {"holds": True, "wrong": []}, "the counters balance")
    by_name = {s["name"]: s for s in status["services"]}
    tap.is_({k: by_name[MATCH][k]
             for k in ("received", "items", "merged", "set_aside", "queued", "expired")},
            {"received": 5, "items": 2, "merged": 2, "set_aside": 1, "queued": 0, "expired": 1},
            "and say what became of each report")


def offline(d):
    send(d, report("offline"), SLOW)
    before = d.jmctl.queue()
    tap.is_(d.stop(), 0, "the daemon stops")
    after = d.jmctl.queue()
    tap.is_([(r["id"], r["next_attempt"]) for r in after],
            [(r["id"], r["next_attempt"]) for r in before],
            "without a daemon the queue is the same")
    tap.is_(d.jmctl.run("queue", "release", before[0]["id"])[0], 0, "and can be released from")
    tap.is_(d.jmctl.queue(), [], "that empties it")


d = daemon.Daemon(os.path.join(tap.folder(), "d"), services=[
    daemon.service(SLOW, initial_process_delay=3600, delivery_wait_attempts=1),
    daemon.service(FAST, delivery_wait_attempts=0),
    daemon.service(MATCH, delivery_wait_attempts=4, delivery_wait_interval=2),
    daemon.service(STRICT, journal_non_internal_addresses=False)],
                  more={"gateway": {"enabled": True}})
d.start()
test_delay(d)
test_release(d)
test_attempts(d)
test_inline(d)
test_poison(d)
test_set_aside(d)
test_kinds(d)
test_balance(d)
test_confirm(d)
offline(d)
tap.is_(d.complaints(), [], "no complaint in the log")
sys.exit(tap.done())
