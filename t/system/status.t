#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""How a service stands, over its life: all four states, exact after a restart, each change an event; and counters that balance."""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
import corpus
import daemon
import milter
import run
import tap

ONE, TWO = "one@journal.example.com", "two@journal.example.com"
HOUR_MS = 3600000


def service(name):
    return next((s for s in d.jmctl.status()["services"] if s["name"] == name), {})


def stands(name, status, what):
    """Wait for the state and claim it."""
    run.until(lambda: service(name).get("status") == status, "%s is %s" % (name, status), 20)
    tap.ok(True, what)
    return service(name)


def send(number, to=ONE, ip="127.0.0.1"):
    return milter.deliver(d.socket, "alice@example.com", [to], corpus.report(number), ip=ip)


def later(hours, **env):
    """The daemon dies and comes again, with its clock so much ahead."""
    d.kill()
    d.env = dict(JM_CLOCK_OFFSET_MS=str(int(hours * HOUR_MS)), **env)
    d.start()


def changes(name):
    return [e["status"] for e in d.jmctl.events("status") if e["service"] == name]


def life():
    s = stands(ONE, "Awaiting Initial Run", "a new service awaits its initial run")
    tap.ok("last" not in s and s["cure"] is None, "it has no last message and nothing to mend", s)
    tap.is_(send("first").kind, "d", "its first message")
    s = stands(ONE, "OK", "makes it OK")
    tap.ok(s["last"] and s["items"] == 1, "with the time of its last message")
    tap.is_(service(TWO)["status"], "Awaiting Initial Run", "the other service still waits")
    since = s["status_since"]
    later(2)
    run.until(lambda: d.jmctl.events("status"), "the catalog")
    tap.is_((service(ONE)["status"], service(ONE)["status_since"]), ("OK", since), "after kill -9 and two hours it is as it was")
    later(4)
    s = stands(ONE, "Error", "without a message for more than three hours it is in error")
    tap.ok(s["why"].startswith("down: no message for more than 180 minutes") and "Exchange" in s["cure"], "down, with what to do", s)
    tap.is_(service(TWO)["status"], "Awaiting Initial Run", "who never had one is not down")
    since = s["status_since"]
    later(4.5)
    tap.is_((service(ONE)["status"], service(ONE)["status_since"]), ("Error", since), "down since then, also after another restart")
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
    tap.ok(d.jmctl.events("service-disabled"), "disabling is an event")
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
    tap.ok(s["refusal"] == "client-address" and s["refusal_at"], "the last refusal and its reason are known", s)
    events = [e for e in d.jmctl.events("refused") if e["actor"] == "192.0.2.77"]
    tap.is_(len(events), 1, "but five at once are one event")
    deferred = d.jmctl.status().get("deferred", 0)
    tap.is_(send("nobody", "nobody@journal.example.com").text[:3], "450", "an address without a service")
    run.until(lambda: d.jmctl.status().get("deferred", 0) == deferred + 1, "is counted as deferred")
    status, out, complaint = d.jmctl.run("status")
    tap.ok(status == 0 and complaint == "" and b"client-address" in out, "status prints it and complains of nothing", complaint)
    tap.is_(d.jmctl.status()["balance"], {"holds": True, "wrong": []}, "the counters balance")
    d.kill()
    d.start()
    tap.ok(service(ONE)["refusal"] == "client-address" and refused() == before + 5, "all of it is there after kill -9")


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
    later(20)
    tap.is_(service(ONE)["status"], "OK", "with a disk again the service is OK")
    tap.is_(d.jmctl.status()["balance"]["holds"], True, "the counters balance, though the daemon was killed with counts that it could not write")
    tap.ok(service(ONE).get("deferred", 0) >= before, "none became less")


def filters():
    def events(*args):
        got = d.jmctl.objects(d.jmctl.run("events", "--json", *args)[1])
        return [e for e in got if e["seq"] <= all_events[-1]["seq"]]	# the daemon may have had another one meanwhile
    all_events = d.jmctl.events()
    tap.is_(events("--kind", "status", "--service", ONE), [e for e in all_events if e["kind"] == "status" and e.get("service") == ONE],
            "events of one kind and service")
    tap.is_(events("--actor", "192.0.2.77"), [e for e in all_events if e.get("actor") == "192.0.2.77"], "events by actor")
    middle = all_events[len(all_events) // 2]["time"]
    tap.is_(events("--since", middle), [e for e in all_events if e["time"] >= middle], "events since")
    tap.is_(events("--until", middle), [e for e in all_events if e["time"] < middle], "events until")
    tap.is_(events("--kind", "status", "--limit", "2"), [e for e in all_events if e["kind"] == "status"][:2], "the limit counts what passes")


d = daemon.Daemon(os.path.join(tap.folder(), "d"), services=[daemon.service(ONE), daemon.service(TWO)])
d.start()
life()
disabled()
refusals()
filters()
archive_fault()
tap.is_(d.stop(), 0, "the daemon stops")
tap.is_(d.complaints(), [], "no complaint in the log")
sys.exit(tap.done())
