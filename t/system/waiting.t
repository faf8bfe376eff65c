#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""
The reasons for which a report waits, with a real Postfix: initial process delay, delivery wait
attempts, the ten minutes of extended de-duplication; and the period of inactivity. The daemon's
clock is set forward, by a restart, so the queue has to survive that as well. A machine may be slow
by a minute.
"""
import calendar
import os
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
import corpus
import run
import scene
import tap
from daemon import service

DOMAIN, OTHER = "@journal.example.com", "someone@example.com"
MINUTE = 60
SERVICES = [service("now" + DOMAIN, delivery_wait_attempts=0),
            service("delayed" + DOMAIN, initial_process_delay=3600, delivery_wait_attempts=0),
            service("tries" + DOMAIN, delivery_wait_attempts=2, delivery_wait_interval=200),
            service("extended" + DOMAIN, extended_de_duplication=True, delivery_wait_attempts=1,
                    delivery_wait_interval=290),
            service("both" + DOMAIN, extended_de_duplication=True, initial_process_delay=1800,
                    delivery_wait_interval=290),
            service("quiet" + DOMAIN, delivery_wait_attempts=0, period_of_inactivity_allowed=30),
            service("patient" + DOMAIN, delivery_wait_attempts=0, period_of_inactivity_allowed=0),]
# service: when it looks first
WAITING = {"delayed": 3600, "tries": 200, "extended": 290, "both": 1800}


def ordinary(number):
    """The journaled message of corpus.report(number), as the MTA sees it pass."""
    return corpus.report(number).split(b"Content-Type: message/rfc822\r\n\r\n",
                                       1)[1].rsplit(b"\r\n--_test_", 1)[0]


def seconds(text):
    """A time from the output of jmctl."""
    return calendar.timegm(time.strptime(text[:19], "%Y-%m-%dT%H:%M:%S"))


def items(number):
    return s.jmctl.list("--message-id", "<test.%s@example.com>" % number)


def row(number):
    """
    The report in the queue, or None. It is found by the only recipient of its journaled message.
    """
    return next((r for r in s.jmctl.queue() if r["from"] == number + "@example.com"), None)


def report(number):
    return corpus.report(number, recipients=(number + "@example.com",))


def at(moment):
    """Kill the daemon and start it with a clock that says so many seconds have passed."""
    s.daemon.kill()
    s.daemon.env = {"JM_CLOCK_OFFSET_MS": str(int((moment - (time.time() - began)) * 1000))}
    s.daemon.start()


def waits(number, attempts, next_s, what, slack_s=1):
    """
    It is in the queue after so many attempts, the next one so many seconds after it came in; give
    or take how long the machine took for it.
    """
    def now():
        r = row(number)
        return (r["attempts"],
                seconds(r["next_attempt"]) - seconds(r["received"])) if r else (-1, -1)
    try:
        run.until(lambda: now()[0] >= attempts, "its attempts")
    except TimeoutError:
        pass
    got = now()
    tap.ok(got[0] == attempts and next_s - slack_s <= got[1] <= next_s + slack_s, what,
           "attempts and next attempt %r, not %r" % (got, (attempts, next_s)))


def settled(number, reports, what):
    """It has left the queue, and is an item with so many reports."""
    run.until(lambda: not row(number), number + " leaves the queue")
    found = items(number)
    tap.is_([len(s.jmctl.show(i["id"])["reports"]) for i in found], [reports], what)


def state(name):
    return next(x for x in s.jmctl.status()["services"] if x["name"] == name + DOMAIN)


def begin():
    for name in ("now", "quiet", "patient"):
        tap.is_(s.send(report(name), [name + DOMAIN]).code, 250, "a report to " + name)
        tap.is_(len(items(name)), 1, "%s: nothing makes it wait" % name)
    for name, first in WAITING.items():
        for number in (name + "-alone", name + "-pair"):
            tap.is_(s.send(report(number), [name + DOMAIN]).code, 250,
                    "a report to %s is answered at once" % name)
            waits(number, 0, first, "%s: it waits, for %d seconds at first" % (number, first))
        r = row(name + "-alone")
        tap.is_((r["to"], r["state"]), (name + DOMAIN, "waiting"),
                name + ": the queue tells the journal address and the state")
        s.send(ordinary(name + "-here"), [OTHER], "alice@example.com")
        s.send(report(name + "-here"), [name + DOMAIN])
        if name in ("delayed", "both"):
            waits(name + "-here", 0, first,
                  name + ": the delay is kept also when the match is here")
        else:
            tap.is_(row(name + "-here"), None,
                    name + ": with the match here already it does not wait")
            tap.is_(len(s.jmctl.show(items(name + "-here")[0]["id"])["reports"]), 2,
                    name + ": it is merged at once")


def copy(number):
    """The ordinary mail that the report belongs to."""
    tap.is_(s.send(ordinary(number), [OTHER], "alice@example.com").code, 250,
            "ordinary mail " + number)


def passing_time():
    at(100)
    for name, first in WAITING.items():
        waits(name + "-pair", 0, first, "%s: no attempt before its time" % name)
        tap.is_(items(name + "-pair"), [], "%s: it is no item" % name)
    at(400)
    waits("tries-alone", 1, 600,
          "delivery wait attempts: the first finds nothing, the next follows after the interval",
          100)
    waits("extended-alone", 1, 10 * MINUTE,
          "extended: nothing found, its last look is at 10 minutes, whatever the attempts")
    copy("tries-pair")
    copy("extended-pair")
    at(700)
    settled("tries-alone", 1, "delivery wait attempts: after the last it is archived on its own")
    settled("tries-pair", 2, "delivery wait attempts: it is merged with what came before the last")
    settled("extended-alone", 1, "extended: after 10 minutes it is archived on its own")
    settled("extended-pair", 2, "extended: it is merged with what came within 10 minutes")
    waits("both-pair", 0, 1800, "both: its delay is not over")
    at(1950)
    waits("both-pair", 1, 1950 + 290, "both: the first look is behind the delay", 150)
    settled("both-here", 2, "both: what was here is found then")
    at(2300)
    waits("both-pair", 2, 1800 + 10 * MINUTE, "both: the 10 minutes begin behind the delay")
    copy("both-pair")
    at(2550)
    settled("both-pair", 2, "both: merged with what came in the 10 minutes behind the delay")
    settled("both-alone", 1, "both: then archived on its own")
    at(3450)
    waits("delayed-alone", 0, 3600, "initial process delay: before its end it still waits")
    copy("delayed-pair")
    at(3750)
    settled("delayed-alone", 1, "initial process delay: archived on its own after it")
    settled("delayed-pair", 2, "initial process delay: merged with what came in it")
    settled("delayed-here", 2, "initial process delay: merged with what was here before")


def inactivity():
    run.until(lambda: state("quiet")["status"] == "Error", "quiet is down")
    tap.like(state("quiet")["why"], "^down: no message for more than 30 minutes",
             "a period of inactivity of 30 minutes: down after an hour")
    tap.is_(state("patient")["status"], "OK", "a period of 0: never")
    tap.is_(state("now")["status"], "OK", "the default of 180 minutes is not over")
    tap.is_(s.send(report("again"), ["quiet" + DOMAIN]).code, 250, "the next report")
    run.until(lambda: state("quiet")["status"] == "OK", "quiet is OK")
    want = ["Awaiting Initial Run", "OK", "Error", "OK"]
    tap.is_(run.settled(lambda: [e["status"] for e in s.jmctl.events("status") if e[
        "service"] == "quiet" + DOMAIN], want), want, "clears it; each change is an event")
    at(3750 + 181 * MINUTE)
    run.until(lambda: state("now")["status"] == "Error", "now is down")
    tap.is_(state("patient")["status"], "OK", "three hours later: the default is over, 0 never is")


server = scene.servers("postfix")[0]
s = scene.Scene(server, dict(services=SERVICES, more={"gateway": {"enabled": True}}))
began = time.time()
begin()
passing_time()
inactivity()
tap.is_(s.jmctl.queue(), [], "nothing waits any more")
tap.is_(s.jmctl.status()["balance"], {"holds": True, "wrong": []}, "the counters balance")
tap.is_(s.jmctl.verify()[0], 0, "verify finds nothing")
s.end()
sys.exit(tap.done())
