#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""
The state of a service, over its life: all four states, exact after a restart, each change an event;
and counters that balance.
"""
import calendar
import json
import os
import signal
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
import corpus
import daemon
import jmctl
import milter
import pop3
import run
import tap
from pop3_quirks import Pop3Server

ONE, TWO, BOX = "one@journal.example.com", "two@journal.example.com", "box@journal.example.com"
HOUR_MS = 3600000


def service(name):
    return next((s for s in d.jmctl.status()["services"] if s["name"] == name), {})


def stands(name, status, what):
    """Wait for the state and claim it."""
    run.until(lambda: service(name).get("status") == status and changes(name)[-1:] == [status],
              "%s is %s, and that is kept" % (name, status))
    tap.ok(True, what)
    return service(name)


def send(number, to=ONE, ip="127.0.0.1"):
    return milter.deliver(d.socket, "alice@example.com", [to], corpus.report(number), ip=ip)


def later(hours, **env):
    """Kill the daemon and start it again, with its clock so much ahead."""
    d.kill()
    d.env = dict(JM_CLOCK_OFFSET_MS=str(int(hours * HOUR_MS)), **env)
    d.start()


def changes(name):
    return [e["status"] for e in d.jmctl.events("status") if e["service"] == name]


def glance(when, *patterns):
    """The output for people."""
    out = d.jmctl.run("status")[1].decode()
    for pattern in patterns:
        tap.like(out, "(?m)" + pattern, "status %s says /%s/" % (when, pattern))


def life():
    s = stands(ONE, "Awaiting Initial Run", "a new service awaits its initial run")
    tap.ok("last" not in s and s["cure"] is None, "it has no last message and nothing to mend", s)
    tap.is_(send("first").kind, "d", "its first message")
    s = stands(ONE, "OK", "makes it OK")
    tap.ok(s["last"] and s["items"] == 1, "with the time of its last message")
    glance("while all is well", r"^archive +ok: 1 message, .* in 1 volume, /",
           r"^daemon +up .*/journal-milter\.xml$", r"^last report +20\d\d-.*Z, \d+ (s|min) ago$",
           r"^verified +never; jmctl verify does it$",
           r"^counters +balance: 1 received = 1 archived \+ 0 merged \+ 0 set aside \+ 0 "
           r"queued \+ 0 refused \+ 0 deferred$",
           r"^%s +Service OK +1 +0 +0 +0\n  Test; Last Successful Extract: 20\d\d-.*Z, \d+ "
           r"(s|min) ago$" % ONE,
           r"^%s +Service Awaiting Initial Run +0 .*\n  Test; Last Successful Extract: Awaiting "
           r"Initial Run$" % TWO)
    tap.is_(service(TWO)["status"], "Awaiting Initial Run", "the other service still waits")
    since = s["status_since"]
    later(2)
    run.until(lambda: d.jmctl.events("status"), "the catalog")
    tap.is_((service(ONE)["status"], service(ONE)["status_since"]), ("OK", since),
            "after kill -9 and two hours it is as it was")
    later(4)
    s = stands(ONE, "Error", "without a message for more than three hours it is in error")
    glance("with a service down", r"^SERVICE .*\n%s +Service Error +\d+ .*\n.*\n  "
           r"why: down: no message.*, since 20\d\d-.*Z, .* ago\n  what to do: .*Exchange" % ONE)
    tap.ok(s["why"].startswith("down: no message for more than 180 minutes")
           and "Exchange" in s["cure"], "down, with what to do", s)
    tap.is_(service(TWO)["status"], "Awaiting Initial Run", "who never had one is not down")
    since = s["status_since"]
    later(4.5)
    tap.is_((service(ONE)["status"], service(ONE)["status_since"]), ("Error", since),
            "down since then, also after another restart")
    send("second")
    s = stands(ONE, "OK", "the next message clears it")
    tap.ok(s["cure"] is None, "and what to do about it", s)
    tap.is_(changes(ONE), ["Awaiting Initial Run", "OK", "Error", "OK"], "each change is one event")


def disabled():
    later(9)
    stands(ONE, "Error", "down again")
    d.services[0]["disabled"] = True
    d.write()
    d.reload()
    s = stands(ONE, "Disabled", "disabling resets the error")
    tap.ok(s["cure"] is None and s["why"] != "down", "nothing is to be done", s)
    a = send("refused")
    tap.ok(a.text.startswith("450"), "its address answers 4xx", a)
    tap.ok(run.settled(lambda: bool(d.jmctl.events("service-disabled")), True),
           "disabling is an event")
    later(20)
    tap.is_(service(ONE)["status"], "Disabled", "a disabled service is never down")
    d.services[0]["disabled"] = False
    d.write()
    d.reload()
    stands(ONE, "OK", "enabled: OK, its period begins anew")
    tap.is_(changes(ONE)[-3:], ["Error", "Disabled", "OK"], "each change is an event")


def refusals():
    def refused():
        return service(ONE).get("refused", 0)
    before = refused()
    for _ in range(5):
        send("stranger", ip="192.0.2.77")
    run.until(lambda: refused() == before + 5, "every refusal is counted")
    s = service(ONE)
    tap.ok(s["refusal"] == "client-address" and s["refusal_at"],
           "the last refusal and its reason are known", s)
    events = [e for e in d.jmctl.events("refused") if e["actor"] == "192.0.2.77"]
    tap.is_(len(events), 1, "but five at once are one event")
    deferred = d.jmctl.status().get("deferred", 0)
    tap.is_(send("nobody", "nobody@journal.example.com").text[:3], "450",
            "an address without a service")
    run.until(lambda: d.jmctl.status().get("deferred", 0) == deferred + 1, "is counted as deferred")
    status, out, complaint = d.jmctl.run("status")
    tap.ok(status == 0 and complaint == "" and b"client-address" in out,
           "status prints it and complains of nothing", complaint)
    glance("after a refusal", r"^%s .* 5\n.*\n  last refused: client-address, "
           r"20\d\d-.*Z; jmctl explain"
           % ONE, r"^counters +balance: .* 5 refused \+ %d deferred$" % (deferred + 1))
    tap.like(d.jmctl.run("status", "--all")[1].decode(),
             r"(?s)^state +ok\n.*\nturned_away\n  client-address\n    count +5\n",
             "status --all has every figure")
    tap.is_(d.jmctl.status()["balance"], {"holds": True, "wrong": []}, "the counters balance")
    d.kill()
    d.start()
    tap.ok(service(ONE)["refusal"] == "client-address" and refused() == before + 5,
           "all of it is there after kill -9")
    counts = {k: v["count"] for k, v in d.jmctl.status()["turned_away"].items()}
    tap.is_((counts["client-address"], counts["unknown-address"]), (5, 1),
            "and how many were turned away, by reason")


def archive_fault():
    before = service(ONE).get("deferred", 0)
    later(20, JM_FAULT="write:40+:ENOSPC")
    for i in range(60):
        a = send("fault-%d" % i)
        if a.kind != "d":
            break
    tap.ok(a.text.startswith("451"), "a full disk: 451", a)
    s = d.jmctl.status()
    tap.is_(s["state"], "cannot-write", "the archive says so")
    glance("with a full disk", r"^archive +cannot-write: .*\n +\S.*[Nn]o space left")
    later(20)
    tap.is_(service(ONE)["status"], "OK", "with a disk again the service is OK")
    tap.is_(
        d.jmctl.status()["balance"]["holds"], True,
        "the counters balance, though the daemon was killed with counts that it could not write")
    tap.ok(service(ONE).get("deferred", 0) >= before, "none became less")


def filters():
    def events(*args):
        got = d.jmctl.objects(d.jmctl.run("events", "--json", *args)[1])
        # the daemon may have had another one meanwhile
        return [e for e in got if e["seq"] <= all_events[-1]["seq"]]
    all_events = d.jmctl.events()
    tap.is_(events("--kind", "status", "--service", ONE),
            [e for e in all_events if e["kind"] == "status" and e.get("service") == ONE],
            "events of one kind and service")
    tap.is_(events("--kind", "status,refused"),
            [e for e in all_events if e["kind"] in ("status", "refused")], "events of two kinds")
    tap.is_(events("--actor", "192.0.2.77"),
            [e for e in all_events if e.get("actor") == "192.0.2.77"], "events by actor")
    middle = all_events[len(all_events) // 2]["time"]
    tap.is_(events("--since", middle), [e for e in all_events if e["time"] >= middle],
            "events since")
    tap.is_(events("--until", middle), [e for e in all_events if e["time"] < middle],
            "events until")
    tap.is_(events("--kind", "status", "--limit", "2"),
            [e for e in all_events if e["kind"] == "status"][:2], "the limit counts what passes")


def follow():
    """A follower sees each event at once, through its filter, and once."""
    log = os.path.join(tap.folder(), "follower")
    f = run.Program([jmctl.PROGRAM, "events", "--config", d.settings, "--json", "--follow",
                     "--kind", "refused", "--actor", "192.0.2.88"], log).start()
    # It sleeps when it has asked where the events end.
    run.until(lambda: "nanosleep" in run.output("cat", "/proc/%d/wchan" % f.pid), "it follows")
    send("follow", TWO, ip="192.0.2.88")
    send("follow", TWO, ip="192.0.2.89")
    run.until(lambda: f.text().count("\n") == 1, "the refusal is followed")
    d.kill()
    d.start()		# a follower outlives that
    send("follow", ONE, ip="192.0.2.88")
    run.until(lambda: f.text().count("\n") == 2, "the next one is followed, too")
    f.signal(signal.SIGINT)
    f.wait()
    tap.is_([(e["kind"], e["actor"], e["service"]) for e in jmctl.Jmctl.objects(f.text().encode())
             if isinstance(e, dict)],
            [("refused", "192.0.2.88", TWO), ("refused", "192.0.2.88", ONE)],
            "events --follow: what passes the filter, each once, over a restart")


def mailbox():
    """
    A journal mailbox that cannot be fetched from: Error, with the reason and a cure, until it can;
    its password is shown nowhere.
    """
    global d
    secret = os.path.join(tap.folder(), "password")
    with open(secret, "w", encoding="ascii") as f:
        f.write("hush-hush\n")
    os.chmod(secret, 0o600)
    server = Pop3Server([("a", pop3.message(1))])
    pop = {"hostname": "127.0.0.1", "port": server.port, "mailbox-name": "journal",
           "password-file": secret, "encrypted": False, "poll-interval": 1}
    server.stop()
    d = daemon.Daemon(os.path.join(tap.folder(), "box"), services=[
        daemon.service(BOX, transport_type="POP3", detailed_logging=True, pop3=pop),
        daemon.service(TWO)], more={"publish": {"interval": 1}})
    d.start()
    s = stands(BOX, "Error", "a mailbox that cannot be reached: Error")
    tap.ok(s["why"].startswith("mailbox: ") and "start the POP3 service" in s["cure"],
           "why, and what to do", s)
    tap.is_(service(TWO)["status"], "Awaiting Initial Run", "the other service is not concerned")
    since = s["status_since"]
    d.kill()
    d.start()
    run.until(lambda: (d.jmctl.status()["daemon"]["services"][0].get("mailbox") or {}).get("state")
              == "error", "it is tried again")
    tap.is_((service(BOX)["status"], service(BOX)["status_since"]), ("Error", since),
            "after kill -9 it is in error since then")
    server = Pop3Server([("a", pop3.message(1))])
    pop["port"] = server.port
    d.write()
    d.reload()
    s = stands(BOX, "OK", "with its server back it is OK")
    run.until(lambda: not server.messages, "the mailbox is emptied")
    tap.ok(len(d.jmctl.list("--service", BOX)) == 1 and s["cure"] is None,
           "and its message is archived", s)
    server.stop()
    stands(BOX, "Error", "gone again: Error")
    d.services[0]["disabled"] = True
    d.write()
    d.reload()
    stands(BOX, "Disabled", "disabling resets the error")
    mailbox_disabled(pop)


def mailbox_disabled(pop):
    """The mailbox of a disabled service is left alone; enabled again, its faults show again."""
    server = Pop3Server([("b", pop3.message(2))])
    pop["port"] = server.port
    d.write()
    d.reload()
    run.until(lambda: d.jmctl.status()["daemon"]["services"][0].get("mailbox") in (None, {}),
              "its poller has ended")
    time.sleep(2)
    tap.is_((server.sessions, len(server.messages)), (0, 1), "a disabled service does not poll")
    d.services[0]["disabled"] = False
    d.write()
    d.reload()
    stands(BOX, "OK", "enabled again: OK")
    run.until(lambda: not server.messages, "the mailbox is emptied")
    server.quirks = {"*": ["auth-err"]}
    s = stands(BOX, "Error", "a login that is refused: Error")
    server.quirks = {}
    stands(BOX, "OK", "and OK when it is not")
    told = d.jmctl.run("events", "--kind", "status", "--service", BOX)[1].decode()
    tap.like(told, r"(?s)status +daemon +box@journal\.example\.com: Awaiting Initial "
             r"Run: nothing was extracted yet\n.*box@journal\.example\.com: Error: mailbox: "
             r".*; correct hostname and port, .*: OK: in order again\n",
             "people are told status, why and what to do")
    tap.is_(changes(BOX), ["Awaiting Initial Run", "Error", "OK", "Error", "Disabled", "OK",
                           "Error", "OK"], "each change is one event")
    tap.is_(d.jmctl.status()["balance"], {"holds": True, "wrong": []}, "the counters balance")
    told = d.log() + json.dumps(d.jmctl.status()) + json.dumps(d.jmctl.events())
    with open(os.path.join(d.archive, "public", "status.json"), encoding="utf-8") as f:
        told += f.read()
    tap.ok("setting=journal-type" in told and "hush" not in told,
           "the password is in no log, status, event or published file")


def days():
    """
    Three days without mail, and one with: counted from the archive, for all services and for one.
    """
    later(20 + 96)
    tap.is_(send("four-days-on", TWO).kind, "d", "a report four days on")
    d.stop()

    def asked(*args):
        out = d.jmctl.run("status", "--days", *args, "--archive", d.archive)[1].decode()
        rows = [line.split() for line in out.splitlines()[1:-1]]
        known = {o["day"]: o for o in json.loads(d.jmctl.run("status", "--days", "--json", *args,
                                                             "--archive", d.archive)[1])["days"]}
        return rows, out.splitlines()[-1], known

    rows, last, known = asked()
    dates = [r[0] for r in rows]
    begin = calendar.timegm(time.strptime(dates[0], "%Y-%m-%d"))
    tap.is_(dates, [time.strftime("%Y-%m-%d", time.gmtime(begin + i * 86400))
                    for i in range(len(dates))], "status --days has every day, in order")
    empty = [r[0] for r in rows if r[-2:] == ["no", "report"]]
    tap.is_(empty, [x for x in dates if known.get(x, {"reports": 0})["reports"] == 0],
            "those without a report are marked")
    tap.ok(len(empty) >= 3 and last == "%d days, %d of them without a report"
           % (len(rows), len(empty)), "and counted: " + last)
    tap.ok(all(list(map(int, r[1:8])) == [known.get(r[0], {}).get(k, 0) for k in (
        "received", "items", "merged", "set_aside", "queued", "refused", "deferred")]
               for r in rows), "each with what it brought", (rows, known))
    tap.ok("no" not in rows[-1] and rows[-1][1:3] == ["1", "1"], "the last day has its report",
           rows[-1])
    rows, last, known = asked("--service", TWO)
    tap.is_([(r[0], r[2]) for r in rows if r[-1] != "report"], [(dates[-1], "1")],
            "status --days --service: of one service alone")
    tap.is_(d.jmctl.run("status", "--service", TWO)[0], 64, "which goes with --days only")
    d.env = {}
    d.start()


d = daemon.Daemon(os.path.join(tap.folder(), "d"),
                  services=[daemon.service(ONE), daemon.service(TWO)])
d.start()
life()
disabled()
refusals()
filters()
follow()
archive_fault()
days()
tap.is_(d.stop(), 0, "the daemon stops")
tap.is_(d.complaints(), [], "no complaint in the log")
mailbox()
tap.is_(d.stop(), 0, "the daemon with the mailbox stops")
tap.is_(d.complaints(), [], "no complaint in its log")
sys.exit(tap.done())
