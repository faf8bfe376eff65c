#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""
Alert rules, dashboard and monitoring plugin: they parse, fire when they should, and only then. That
their metrics exist: t/style/figures.t.
"""
import json
import os
import shutil
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
import tap

CONTRIB = os.path.join(tap.SRC, "contrib")
PLUGIN = os.path.join(CONTRIB, "icinga/check_journal_milter")


def stamp(seconds_ago=0):
    return time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime(time.time() - seconds_ago))


def rules():
    if not shutil.which("promtool"):
        tap.skip("the alert rules fire when they should", "missing: promtool (prometheus)")
        return
    for args in (["check", "rules", "rules.yml"], ["test", "rules", "rules-test.yml"]):
        r = subprocess.run(["promtool", *args], cwd=os.path.join(CONTRIB, "prometheus"),
                           stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
        tap.ok(r.returncode == 0, "promtool " + " ".join(args), r.stdout.decode())
    with open(os.path.join(CONTRIB, "prometheus/rules.yml"), encoding="utf-8") as f:
        names = [line.split()[-1] for line in f if "- alert:" in line]
    with open(os.path.join(CONTRIB, "prometheus/rules-test.yml"), encoding="utf-8") as f:
        tests = f.read()
    tap.is_([n for n in names if "alertname: %s\n        exp_alerts:\n" % n not in tests], [],
            "each alert is seen to fire")


def dashboard():
    with open(os.path.join(CONTRIB, "grafana/journal-milter.json"), encoding="utf-8") as f:
        d = json.load(f)
    tap.ok(d["uid"] == "journal-milter" and len(d["panels"]) > 10,
           "the dashboard is JSON and has panels")
    tap.is_(len({p["id"] for p in d["panels"]}), len(d["panels"]),
            "each panel has a number of its own")
    if not shutil.which("promtool"):
        tap.skip("its expressions are good", "missing: promtool (prometheus)")
        return
    path = tap.folder() + "/expressions.yml"
    found = [t["expr"] for p in d["panels"] for t in p["targets"]]
    with open(path, "w", encoding="utf-8") as f:	# JSON is YAML
        json.dump({"groups": [{"name": "x", "rules": [{"record": "x%d" % i, "expr": e}
                                                      for i, e in enumerate(found)]}]}, f)
    r = subprocess.run(["promtool", "check", "rules", path], stdout=subprocess.PIPE,
                       stderr=subprocess.STDOUT, check=False)
    tap.ok(r.returncode == 0 and "%d rules found" % len(found) in r.stdout.decode(),
           "its %d expressions are good" % len(found), r.stdout.decode())


def plugin():
    folder = tap.folder() + "/public"
    os.makedirs(folder)

    def check(name, code, words, change=lambda s: None, args=()):
        s = {"published": stamp(), "interval_seconds": 5,
             "archive": {"state": "ok", "problem": "", "items": 5, "set_aside": 0, "balance": 1,
                         "disk_free_bytes": 10,
                         "disk_left_seconds": 86400 * 400, "verified": stamp(86400),
                         "verify_failed": None}, "queue": {"messages": 0, "oldest": None},
             "services": {"a@journal.example.com": {"state": "OK", "why": "", "cure": ""}}}
        change(s)
        with open(folder + "/status.json", "w", encoding="utf-8") as f:
            json.dump(s, f)
        r = subprocess.run([PLUGIN, *args, folder], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                           check=False)
        out = r.stdout.decode()
        tap.ok(r.returncode == code and words in out and out.count("\n") == 1 and not r.stderr,
               "plugin: " + name, "exit %d: %s%s" % (r.returncode, out, r.stderr))

    check("all is well", 0, "OK - 1 services | age=")
    check("a service in Error", 2, "a@journal.example.com: certificate",
          lambda s: s["services"]["a@journal.example.com"].update(state="Error", why="certificate"))
    check("stale", 2, "s old", lambda s: s.update(published=stamp(100)))
    check("disk", 1, "disk lasts 3 days",
          lambda s: s["archive"].update(disk_left_seconds=86400 * 3))
    check("disk, as asked", 0, "OK", lambda s: s["archive"].update(disk_left_seconds=86400 * 3),
          ("--disk-days", "2"))
    check("queue", 1, "waits in the queue",
          lambda s: s["queue"].update(messages=1, oldest=stamp(7200)))
    check("balance", 2, "balance", lambda s: s["archive"].update(balance=0))
    check("verification failed", 2, "found problems",
          lambda s: s["archive"].update(verify_failed=stamp(10)))
    check("verification old", 1, "not verified", args=("--verify-days", "1"),
          change=lambda s: s["archive"].update(verified=stamp(86400 * 2)))
    check("archive", 2, "cannot-write: disk full",
          lambda s: s["archive"].update(state="cannot-write", problem="disk full"))
    check("not understood", 3, "UNKNOWN", lambda s: s.update(archive=5))
    r = subprocess.run([PLUGIN, tap.folder() + "/nothing"], stdout=subprocess.PIPE, check=False)
    tap.is_(r.returncode, 2, "plugin: no state at all is critical")


rules()
dashboard()
plugin()
sys.exit(tap.done())
