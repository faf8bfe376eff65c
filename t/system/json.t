#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""
Every verb of jmctl with --json on an archive with something of everything: one object a line, each
as the verb's schema says.
"""
import collections
import json
import os
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
import corpus
import daemon
import dns
import jmctl
import milter
import run
import schema
import tap

ONE, SLOW, STRICT, MAILBOX = ("%s@journal.example.com" % n
                              for n in ("one", "slow", "strict", "mailbox"))
seen = collections.Counter()


def path(name):
    return os.path.join(tap.folder(), name)


def say(code, verb, *args):
    """The objects. code: the expected exit status, None: any."""
    command = [jmctl.PROGRAM, verb, *map(str, args), "--json"]
    r = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                       stderr=subprocess.PIPE, check=False, timeout=600,
                       env=jmctl.environment(command, JM_DATADIR=tap.SRC))
    what = " ".join([verb] + [os.path.basename(str(a)) for a in args])
    objects, wrong = [], []
    for line in r.stdout.decode().split("\n")[:-1]:
        try:
            objects.append(json.loads(line))
        except ValueError as e:
            wrong.append("%s: %.200s" % (e, line))
            continue
        wrong += schema.verb_faults(verb, objects[-1])
    seen[verb] += len(objects)
    tap.ok(not wrong and (code is None or r.returncode == code),
           "jmctl %s: %d objects as the schema says" % (what, len(objects)),
           "exit %d\n%s%s" % (r.returncode, "\n".join(wrong[:20]), r.stderr.decode()))
    return objects


def fill(d):
    """Items, merged ones, a queue, something set aside, refusals, events of all kinds."""
    for m in corpus.all_messages():
        milter.deliver(d.socket, m.sender, [ONE], m.eml)
    for number in ("waits", "also-waits"):
        milter.deliver(d.socket, "alice@example.com", [SLOW],
                       corpus.report(number, recipients=("bob@example.com", "carol@example.com")))
    for number in ("foreign", "also-foreign", "third-foreign"):
        milter.deliver(d.socket, "alice@example.com", [STRICT], corpus.report(
            number, sender="x@fabrikam.example", recipients=("y@fabrikam.example",)))
    for _ in range(2):
        milter.deliver(d.socket, "alice@example.com", [ONE],
                       corpus.report("twice", recipients=("bob@example.com",)))
    milter.deliver(d.socket, "stranger@example.net", [ONE], corpus.report("refused"),
                   ip="192.0.2.77")
    milter.deliver(d.socket, "alice@example.com", ["nobody@journal.example.com"],
                   corpus.report("nobody"))
    run.until(lambda: d.jmctl.status().get("refused", 0) > 0, "the refusal is counted")
    run.until(lambda: any(s.get("status") == "Error" for s in d.jmctl.status()["services"]),
              "the mailbox that is not there is an error")


def online(d):
    at = ("--config", d.settings)
    items = say(0, "list", *at)
    say(0, "list", "--newest", "--limit", 2, *at)
    say(0, "search", "--sort", "size", "--min-size", 200, "--domain", "example.com", "--subdomains",
        *at)
    for i in items:
        say(0, "show", i["id"], *at)
    say(0, "show", items[0]["message_id"], "--bcc", *at)
    say(0, "show", items[0]["id"], "--no-message", *at)
    say(0, "export", items[0]["id"], "--output", path("out.eml"), *at)
    say(0, "export", "--bcc", items[0]["id"], "--report", "--output", path("out.eml"), *at)
    say(0, "export", "--bcc", "--format", "edrm", "--domain", "example.com", "--output",
        path("edrm"), *at)
    waiting = say(0, "queue", *at)
    say(0, "queue", "show", waiting[0]["id"], *at)
    say(0, "queue", "retry", waiting[0]["id"], *at)
    say(0, "queue", "release", waiting[1]["id"], *at)
    aside = say(0, "set-aside", "list", *at)
    tap.ok(len(aside) > 1 and len(waiting) == 2, "there is something in the queue and set aside")
    say(0, "set-aside", "show", aside[0]["id"], *at)
    say(0, "set-aside", "release", aside[0]["id"], *at)
    say(0, "set-aside", "expire", "--yes", aside[1]["id"], *at)
    say(0, "verify", *at)
    say(0, "status", *at)
    run.until(lambda: d.jmctl.events("verified"), "the verification is an event")
    kinds = {e["kind"] for e in say(0, "events", *at)}
    tap.ok({"refused", "status", "started", "set-aside", "released", "expired", "verified"}
           <= kinds, "events of all kinds", kinds)
    say(0, "watch", "--after", 1, "--limit", 40, *at)
    say(0, "top", *at)
    say(0, "backup", path("copy"), *at)
    say(0, "dump", path("dump"), *at)
    say(0, "check", *at)
    say(0, "reload", *at)
    say(3, "test", MAILBOX, *at)
    say(0, "explain", path("report.eml"), "--to", ONE, "--client", "127.0.0.1", *at)
    say(0, "explain", "--to", ONE, "--to", "nobody@journal.example.com", "--to",
        "other@example.com", "--client", "192.0.2.9", *at)
    say(None, "doctor", "--mta", "none", "--no-dns", *at)


def domains(d):
    at = ("--config", d.settings)
    server = dns.Dns()
    say(0, "domain", "add", "example.com", *at)
    say(0, "domain", "add", "away.example", *at)
    say(69, "domain", "verify", "example.com", "--server", "127.0.0.1:%d" % server.port, *at)
    record = say(0, "domain", "add", "example.com", *at)[0]
    server.records[record["record_name"]] = [record["record_text"]]
    say(0, "domain", "verify", "example.com", "--server", "127.0.0.1:%d" % server.port, *at)
    say(0, "domain", "list", *at)
    say(0, "domain", "remove", "away.example", *at)
    say(0, "events", *at)


def offline(archive):
    at = ("--archive", archive)
    for verb in ("status", "list", "events", "verify", "rebuild", "upgrade", "queue"):
        say(0, verb, *at)
    say(0, "import", "--service", ONE, path("report.eml"), *at)
    say(0, "restore", "--archive", path("restored"), path("copy"))
    say(0, "load", "--archive", path("loaded"), path("dump"))


def damaged(archive):
    """Damage in a record: each verb that reads it says so as JSON, too."""
    folder = os.path.join(archive, "volumes")
    volume = os.path.join(folder, sorted(os.listdir(folder))[0])
    with open(volume, "r+b") as f:
        data = f.read()
        f.seek(data.index(b'"journal":{') + 2)
        f.write(b"X")
    at = ("--archive", archive)
    for verb, args in (("verify", ()), ("dump", (path("dump-damaged"),)), ("rebuild", ()),
                       ("list", ())):
        found = say(None, verb, *args, *at)
        tap.ok(verb == "list" or any("problem" in o for o in found), "%s names the damage" % verb,
               found)


def alone():
    for m in corpus.all_messages():
        with open(path("one.eml"), "wb") as f:
            f.write(m.eml)
        say(0, "unwrap", path("one.eml"), "--journal-domain", "journal.example.com",
            "--prefer-clear-text")
    say(0, "setup", "--output", path("setup"), "example.com")
    say(0, "ranges", "list")
    with open(path("newer.json"), "w", encoding="ascii") as f:
        json.dump([{"id": 10, "serviceArea": "Exchange", "ips": ["192.0.2.0/24"],
                    "tcpPorts": "25"}], f)
    say(1, "ranges", "diff", path("newer.json"))
    say(0, "help")


services = [daemon.service(ONE), daemon.service(STRICT, journal_non_internal_addresses=False),
            daemon.service(SLOW, initial_process_delay=3600, delivery_wait_attempts=1),
            daemon.service(MAILBOX, transport_type="POP3",
                           pop3={"hostname": "127.0.0.1", "port": 1, "mailbox-name": "x",
                                 "password-file": path("password"),
                                 "encrypted": False, "poll-interval": 1})]
d = daemon.Daemon(path("d"), services=services)
with open(path("report.eml"), "wb") as f:
    f.write(corpus.report("told"))
with open(path("password"), "w", encoding="ascii") as f:
    f.write("x\n")
os.chmod(path("password"), 0o600)
d.start()
fill(d)
online(d)
domains(d)
tap.is_(d.stop(), 0, "the daemon stops")
offline(d.archive)
damaged(d.archive)
alone()
verbs = {json.loads(line)["verb"]
         for line in run.output(jmctl.PROGRAM, "help", "--json").splitlines()}
tap.is_(sorted(v for v in verbs - {"completion"} if not seen[v]), [],
        "every verb was asked, and answered")
tap.is_(d.complaints(), [], "no complaint in the log")
sys.exit(tap.done())
