#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""
The table of figures, the manual stats.db(5), the JSON schema, the alert rules and the dashboard
agree.
"""
import glob
import json
import os
import re
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
import schema
import source
import tap

MODULES = os.path.join(tap.SRC, "contrib")


def table():
    text = subprocess.run([os.path.join(tap.BUILD, "t/style/figures-table")], check=True,
                          stdout=subprocess.PIPE).stdout.decode()
    return [dict(zip(("key", "type", "metric", "kind", "label", "words", "help"), line.split("\t")))
            for line in text.splitlines()]


def manual():
    """{key: type}, [metrics], both in order."""
    text = source.read("config/stats.db.5")
    rows = {}
    for line in re.findall(r"^\.It Li (.* Pq \w+)$", text, re.M):
        key, kind = line.rsplit(" Pq ", 1)
        rows[re.sub(r" Ns Ar \w+( Ns Li )?", "*", key)] = kind
    return rows, re.findall(r"^Metric:\n\.Li (\S+) \.$", text, re.M)


rows = table()
metrics = [r["metric"] for r in rows if r["metric"] != "-"]
tap.ok(len(rows) > 50 and len(metrics) > 30, "the table has rows")
tap.is_(len({r["key"] for r in rows}), len(rows), "each key stands once")
tap.is_(len(set(metrics)), len(metrics), "each metric stands once")
tap.is_([r["key"] for r in rows if r["key"].count("*") > 1], [],
        "a key has one name that varies at most")
for r in rows:
    if r["metric"] != "-":
        tap.ok(r["metric"].endswith("_total") == (r["kind"] == "counter")
               and r["help"].endswith("."), "%s is named as what it is" % r["metric"])
        tap.ok("*" not in r["key"] or r["label"] != "-",
               "%s has a label for what varies" % r["metric"])
    if r["type"] == "time" and r["metric"] != "-":
        tap.like(r["metric"], r"_(timestamp|time)_seconds$", "%s is in seconds" % r["metric"])
of_manual, metrics_of_manual = manual()
tap.is_(of_manual, {r["key"]: r["type"] for r in rows}, "stats.db(5) has each key with its type")
tap.is_(metrics_of_manual, metrics, "stats.db(5) has each metric")
tap.is_(schema.paths(json.loads(source.read("config/status.schema.json"))),
        {r["key"]: r["type"] for r in rows}, "the JSON schema has each key with its type")
used = {}
for pattern in ("prometheus/*", "grafana/*", "icinga/*"):
    for path in glob.glob(os.path.join(MODULES, pattern)):
        with open(path, encoding="utf-8") as f:
            used[os.path.relpath(path, tap.SRC)] = set(
                re.findall(r"\bjournal_milter_[a-z0-9_]+", f.read()))
for name, found in sorted(used.items()):
    tap.is_(sorted(found - set(metrics)), [], "%s: every metric it names exists" % name)
sys.exit(tap.done())
