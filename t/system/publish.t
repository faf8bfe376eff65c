#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""
The published state: three files of one content, read by C, Python, Perl and db5.3_dump while mail
flows and while readers are killed.
"""
import json
import os
import re
import shutil
import subprocess
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
import corpus
import milter
import run
import schema
import tap
from daemon import Daemon

FILES = ["stats.db"] * tap.STATS_DB + ["status.json", "journal-milter.prom"]
JOURNAL, CLIENT = "journaling@journal.example.com", "192.0.2.25"
READERS = os.path.join(tap.SRC, "contrib/readers")


def flat(value, path=""):
    """{key: text} as stats.db has it."""
    if isinstance(value, dict):
        return {k: v for name, below in value.items()
                for k, v in flat(below, path + "/" + name if path else name).items()}
    return {} if value is None else {path: str(value)}


def lines(text):
    """{key: value} of the readers' output."""
    return dict(line.split("\t", 1) for line in text.splitlines())


def published(public):
    with open(public + "/status.json", encoding="utf-8") as f:
        return json.load(f)


def dumped(path):
    text = run.output("db5.3_dump", "-p", path)
    body = text.split("HEADER=END\n")[1].split("DATA=END")[0].splitlines()
    return {k[1:]: v[1:] for k, v in zip(body[::2], body[1::2])}


def send(d, names):
    s = milter.Session(d.socket)
    s.connect(CLIENT)
    kinds = []
    for name in names:
        s.mail("<a@example.com>")
        s.rcpt("<%s>" % JOURNAL)
        kinds.append(s.message(corpus.report(name, 3000)).kind)
    s.quit()
    return kinds


def readers(public):
    """{name: command}; the one in C is built here."""
    program = tap.folder() + "/stats"
    run.output(os.environ.get("CC", "cc"), "-o", program, READERS + "/stats.c", "-ldb-5.3")
    db = public + "/stats.db"
    return {"C": [program, db], "Python": ["/usr/bin/python3", READERS + "/stats.py", db],
            "Perl": ["perl", READERS + "/stats.pl", db]}


def without_file(commands):
    """The readers say where else to look when there is no stats.db."""
    for name, command in commands.items():
        r = subprocess.run(command[:-1] + [tap.folder() + "/nowhere"], stdout=subprocess.PIPE,
                           stderr=subprocess.PIPE, check=False)
        tap.ok(r.returncode != 0 and b"nowhere: " in r.stderr and b"has status.json only" in
               r.stderr, "%s: no stats.db" % name, r)


def without_stats_db(d, public):
    """All there is to test in a build without stats.db: it takes an old one away, and says so."""
    with open(public + "/stats.db", "wb") as f:
        f.write(b"of another build")
    run.until(lambda: not os.path.exists(public + "/stats.db"), "an old stats.db is taken away")
    tap.is_(sorted(n for n in os.listdir(public) if not n.endswith(".tmp")), sorted(FILES),
            "the other files are there")
    tap.like(run.output(os.path.join(tap.BUILD, "milter/ctl/jmctl"), "check", "--config",
                        d.settings), r"(?m)^stats\.db: +is not published: ",
             "jmctl check says so")


def same_content(public, commands):
    """
    All readers and both files agree, in one and the same publication: the readers get a copy of it,
    as they may take longer than it stays.
    """
    copied = tap.folder() + "/copied.db"
    commands = {name: [copied if a == public + "/stats.db" else a for a in command]
                for name, command in commands.items()}

    def copy():
        state = published(public)
        shutil.copyfile(public + "/stats.db", copied)
        return state if dumped(copied).get("published") == flat(state)["published"] else None
    state = run.until(copy, "both files from one publication") if commands else published(public)
    want = flat(state)
    got = [(name, lines(run.output(*command))) for name, command in commands.items()]
    for name, g in got + ([("db5.3_dump", dumped(copied))] if commands else []):
        tap.is_(g, want, "%s reads the content of status.json" % name)
    if commands:
        tap.is_(run.output(*commands["Python"], "archive/items").strip(), want["archive/items"],
                "one key can be asked for")
    with open(os.path.join(tap.SRC, "config/status.schema.json"), encoding="utf-8") as f:
        tap.is_(list(schema.faults(state, json.load(f))), [], "status.json is as its schema says")
    return state


def killed_readers(d, public, commands):
    """
    Readers come, stop in the middle and are killed with -9, while mail flows: no message is
    deferred, and the state is published on.
    """
    kinds, stop = [], threading.Event()

    def flow():
        n = 0
        while not stop.is_set():
            kinds.extend(send(d, ["flow-%d-%d" % (n, i) for i in range(5)]))
            n += 1

    sender = threading.Thread(target=flow)
    sender.start()
    seen, bad = set(), []
    end = time.monotonic() + run.SAFETY_S
    hold = ("import sys,time; from bsddb3 import db; d = db.DB(); d.open(sys.argv[1], "
            "None, db.DB_BTREE, db.DB_RDONLY); c = d.cursor(); c.first();"
            " print('held', flush=True); time.sleep(60)")
    while (len(seen) < 3 or len(kinds) <= 10) and time.monotonic() < end:
        victim = subprocess.Popen(["/usr/bin/python3", "-c", hold, public + "/stats.db"],
                                  stdout=subprocess.PIPE)
        held = victim.stdout.readline()
        for name, command in commands.items():
            r = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
            if r.returncode != 0 or b"archive/items\t" not in r.stdout:
                bad.append((name, r.stderr))
            else:
                seen.add(lines(r.stdout.decode())["published"])
        victim.kill()
        victim.wait()
        if held != b"held\n":
            bad.append("the victim did not hold its cursor")
    stop.set()
    sender.join()
    tap.is_(bad, [], "every read while mail flows gives a whole file")
    tap.ok(len(seen) >= 3,
           "the state goes on beside killed readers: %d publications seen" % len(seen))
    tap.ok(len(kinds) > 10 and set(kinds) == {"d"},
           "all %d messages meanwhile were archived" % len(kinds), set(kinds))
    return len(kinds)


def metrics(public):
    with open(public + "/journal-milter.prom", "rb") as f:
        text = f.read()
    if shutil.which("promtool"):
        r = subprocess.run(["promtool", "check", "metrics"], input=text, stdout=subprocess.PIPE,
                           stderr=subprocess.STDOUT, check=False)
        tap.is_((r.returncode, r.stdout), (0, b""), "promtool has nothing against the metrics")
    else:
        tap.skip("promtool has nothing against the metrics", "missing: promtool (prometheus)")
    tap.like(text.decode(), r'(?m)^journal_milter_service_state\{service="%s",state="OK"\} 1$'
             % re.escape(JOURNAL), "the service is OK")


def gauges(public, state):
    """How long groups took to become durable, as a histogram, and the catalog's cache."""
    archive = state["archive"]
    counts = list(archive["commit_time"]["le"].values())
    tap.ok(len(counts) == 13 and counts == sorted(counts),
           "the commit times are a histogram: %s" % counts)
    tap.is_((counts[-1], list(archive["commit_time"]["le"])[-1]),
            (archive["commit_time"]["count"], "+Inf"), "its last bucket has all")
    tap.is_(archive["commit_time"]["count"], archive["commits"], "that is each group of records")
    tap.ok(0 < archive["commit_time"]["microseconds"] < 60e6 * counts[-1], "they took some time")
    tap.ok(archive["cache_bytes"] >= 32 << 20 and archive["cache_hits"] > 0
           and archive["cache_misses"] >= 0, "the catalog's cache has figures")
    with open(public + "/journal-milter.prom", encoding="utf-8") as f:
        text = f.read()
    name = "journal_milter_archive_commit_duration_seconds"
    tap.is_((text.count("# TYPE %s histogram\n" % name), text.count("# TYPE %s_" % name),
             text.count(name + "_bucket{le=")), (1, 0, 13), "a histogram for Prometheus")
    tap.like(text, name + r"_sum \d+\.\d{6}\n" + name + r"_count \d+\n", "its sum is in seconds")


def trouble(d, public):
    """A folder that cannot be written is an event, and mail still flows."""
    os.rename(public, public + ".away")

    def in_the_way():
        try:
            with open(public, "x", encoding="ascii"):
                return True
        except FileExistsError:		# the daemon was faster, and created the folder again
            shutil.rmtree(public, ignore_errors=True)
            return False
    run.until(in_the_way, "a file where the folder was")
    run.until(lambda: "publish-failed" in d.log(), "the failure is told")
    tap.is_(send(d, ["while-unpublished"]), ["d"],
            "mail is archived while the state cannot be published")
    os.unlink(public)
    run.until(lambda: os.path.exists(public + "/status.json"), "it is published again")
    run.until(lambda: "publish-works" in d.log(), "and told")
    tap.is_(d.log().count("publish-failed"), 1, "one event for the failure, not one a round")
    if not tap.STATS_DB:
        return
    # as Berkeley DB leaves one when it is killed, or the disk is full
    with open(public + "/__db.stats.db.tmp", "w", encoding="ascii"):
        pass
    last = published(public)["published"]
    tap.ok(run.until(lambda: published(public)["published"] != last
                     and not os.path.exists(public + "/__db.stats.db.tmp"), "the next publication"),
           "what a process that died left in the folder does not hold it up")


def main():
    tap.need("db5.3_dump", "perl", "cc")
    if subprocess.run(["/usr/bin/python3", "-c", "import bsddb3"], stderr=subprocess.DEVNULL,
                      check=False).returncode != 0:
        tap.skip_all("missing: python3-bsddb3")
    public = tap.folder() + "/public"
    os.umask(0o077)
    d = Daemon(tap.folder() + "/milter", outbounds=(CLIENT,),
               more={"publish": {"directory": public, "interval": 1}}).start()
    run.until(lambda: os.path.exists(public + "/journal-milter.prom"), "the state is published")
    for name in FILES:
        tap.is_(oct(os.stat(public + "/" + name).st_mode & 0o777), "0o644",
                "%s has its mode whatever the umask" % name)
    tap.is_(oct(os.stat(public).st_mode & 0o777), "0o755", "so has the folder that was made")
    commands = readers(public)
    without_file(commands)
    if not tap.STATS_DB:
        without_stats_db(d, public)
        commands = {}
    tap.is_(send(d, ["one", "two"]), ["d", "d"], "two messages are archived")
    run.until(lambda: published(public)["archive"]["items"] == 2, "both are published")
    run.until(lambda: "state=\"OK\"} 1" in open(public + "/journal-milter.prom",
                                                encoding="utf-8").read(), "the service is OK")
    state = same_content(public, commands)
    tap.is_(state["archive"]["items"], 2, "the figures are those of the archive")
    tap.is_((state["services"][JOURNAL]["state"],
             state["services"]["journaling@journal.contoso.com"]["state"]),
            ("OK", "Awaiting Initial Run"), "the services stand as they should")
    tap.is_((len(state["history"]["hours"]), len(state["history"]["days"]),
             sum(state["history"]["days"].values())), (48, 90, 2), "48 hours, 90 days")
    tap.ok([e["kind"] for e in state["events"].values()], "recent events are there")
    n = killed_readers(d, public, commands) if commands else 0
    metrics(public)
    tap.is_(d.jmctl.verify()[0], 0, "jmctl verify finds nothing wrong")
    run.until(lambda: published(public)["archive"].get("verified")
              and published(public)["archive"]["items"] >= n + 2, "the verification is published")
    state = same_content(public, commands)
    tap.is_((state["archive"]["items"], state["archive"]["balance"]), (n + 2, 1),
            "all messages are counted, and the counters balance")
    tap.ok(state["archive"]["verified"], "the verification is known")
    gauges(public, state)
    trouble(d, public)
    tap.is_(d.stop(), 0, "the daemon stops")
    tap.is_([n for n in os.listdir(public) if n.endswith(".tmp")], [], "no temporary file is left")
    tap.is_(d.complaints(), [], "no complaint")
    sys.exit(tap.done())


main()
