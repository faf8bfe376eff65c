#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""
An archive can be rebuilt, moved and read without journal-milter: rebuild, dump, load, import,
backup, restore, upgrade, and what damage costs.
"""
import glob
import hashlib
import json
import mailbox
import os
import shutil
import subprocess
import sys
import threading

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
import corpus
import milter
import run
import tap
from daemon import Daemon
from jmctl import call as jmctl

DEPOSIT = os.path.join(tap.BUILD, "t/lib/deposit_files")
JOURNAL, CLIENT = "journaling@journal.example.com", "192.0.2.25"
EML = sorted(glob.glob(os.path.join(tap.SRC, "t/corpus/journal/*.eml")))[::3]
os.makedirs(tap.folder(), exist_ok=True)


def good(*args):
    status, out, complaint = jmctl(*args)
    tap.ok(status == 0, "jmctl " + " ".join(os.path.basename(str(a)) for a in args),
           complaint + out.decode("utf-8", "replace"))
    return out


def answers(archive, same_archive=True):
    """
    The output of list, show and status. Without same_archive the parts that depend on the archive's
    own files are left out.
    """
    said = [jmctl("list", "--json", "--archive", archive)[1],
            jmctl("list", "--set-aside", "--json", "--archive", archive)[1]]
    for line in (said[0] + said[1]).splitlines():
        said.append(jmctl("show", "--json", "--archive", archive, json.loads(line)["id"])[1])
    said.append(jmctl("events", "--json", "--archive", archive)[1])
    said.append(jmctl("status", "--json", "--archive", archive)[1])
    if same_archive:
        return b"".join(said)
    kept = []
    for line in b"".join(said).splitlines():
        o = json.loads(line)
        for key in ("uuid", "directory", "volume_bytes", "stored_bytes", "groups"):
            o.pop(key, None)
        for r in o.get("reports", []) if isinstance(o.get("reports"), list) else []:
            for key in ("offset", "stored_bytes"):
                r.pop(key, None)
        for s in o.get("services", []):
            s.pop("stored_bytes", None)
        kept.append(json.dumps(o))
    return "\n".join(kept)


def tree(folder):
    found = {}
    for base, _, names in os.walk(folder):
        for name in names:
            path = os.path.join(base, name)
            with open(path, "rb") as f:
                found[os.path.relpath(path, folder)] = hashlib.sha256(f.read()).hexdigest()
    return found


def make(name):
    """An archive with reports, merged reports, copies, one set aside, events."""
    archive = os.path.join(tap.folder(), name)
    run.output(DEPOSIT, "--event", "a refusal", archive, *EML)
    run.output(DEPOSIT, "--set-aside", "too old", archive, EML[0])
    run.output(DEPOSIT, "--service", "other@journal.example.com", "--repeat", "2", archive,
               *EML[:5])
    return archive


def damage(archive, part):
    """Break one byte of the nth report's body (or header); (id of its item, seq)."""
    items = [json.loads(x) for x in jmctl("list", "--json", "--archive", archive)[1].splitlines()]
    shown = [json.loads(jmctl("show", "--json", "--archive", archive, i["id"])[1]) for i in items]
    at = next(r for s in shown for r in s["reports"] if len(s["reports"]) == 1 and r["size"] > 2000
              and r["volume"] == 1 and not r.get("shares_with")
              and not any(x.get("shares_with") == r["seq"] for t in shown for x in t["reports"]))
    offset = at["offset"] + (10 if part == "header" else at["stored_bytes"] - 150 if part == "body"
                             else 100)
    with open(os.path.join(archive, "volumes/00000001.jmv"), "r+b") as f:
        f.seek(offset)
        byte = f.read(1)
        f.seek(offset)
        f.write(bytes([byte[0] ^ 0xff]))
    return at["seq"]


def rebuild():
    archive = make("rebuild")
    before = answers(archive)
    tap.ok(before.count(b"\n") > 20, "there is something to compare", before.count(b"\n"))
    shutil.rmtree(os.path.join(archive, "catalog"))
    good("rebuild", "--archive", archive)
    tap.bytes_(answers(archive), before,
               "rebuild: list, show of all, events and status are byte for byte the same")
    good("rebuild", "--archive", archive)
    tap.bytes_(answers(archive), before, "rebuild with a catalog that is there: the same")
    out = good("upgrade", "--archive", archive, "--json")
    tap.is_(json.loads(out)["format"], 1, "upgrade: format 1, nothing to do")
    tap.bytes_(answers(archive), before, "upgrade changes nothing")
    for part in ("body", "metadata", "header"):
        copy = os.path.join(tap.folder(), "damaged-" + part)
        shutil.copytree(archive, copy)
        seq = damage(copy, part)
        damaged(copy, seq, part)


def damaged(archive, seq, part):
    name = "damaged %s of record %d: " % (part, seq)
    items = jmctl("list", "--json", "--archive", archive)[1].splitlines()
    status, out, _ = jmctl("list", "--archive", archive)
    tap.is_(status, 0, name + "list goes on")
    folder = archive + ".exported"
    jmctl("export", "--bcc", "--report", "--all", "--archive", archive, "--output", folder)
    with open(os.path.join(folder, "manifest.jsonl"), encoding="utf-8") as f:
        rows = [row for row in map(json.loads, f) if "path" in row]
    whole = {row["id"] for row in rows
             if os.path.getsize(os.path.join(folder, row["path"])) == row["size"]}
    tap.is_([i for i in (json.loads(x)["id"] for x in items) if i not in whole], [seq],
            name + "every other item is exported")
    tap.is_(jmctl("export", "--report", "--archive", archive, seq)[0], 65,
            name + "its export ends with 65")
    tap.is_(jmctl("show", "--archive", archive, seq)[0], 65, name + "show tells")
    tap.is_(jmctl("show", "--no-message", "--archive", archive, seq)[0],
            0 if part == "body" else 65, name + "what is not damaged is shown")
    status, out, _ = jmctl("verify", "--json", "--archive", archive)
    tap.ok(status == 65 and b'"seq":%d,' % seq in out.replace(b": ", b":"),
           name + "verify names it", out)
    dump = archive + ".dump"
    status, out, complaint = jmctl("dump", "--json", "--archive", archive, dump)
    tap.is_(status, 65, name + "dump ends with 65")
    tap.ok(b'"problem"' in out and b'"seq":%d,' % seq in out.replace(b": ", b":"),
           name + "and names it", out)
    tap.is_(len(glob.glob(dump + "/reports/*/*/*.eml")), len(EML) + 10,
            name + "all others are dumped")
    tap.is_(subprocess.run(["sha256sum", "--quiet", "-c", "SHA256SUMS"], cwd=dump,
                           check=False).returncode, 0, name + "sha256sum -c is content")
    new = archive + ".loaded"
    status, out, complaint = jmctl("load", "--archive", new, dump)
    tap.is_(status, 0, name + "the dump loads")
    tap.is_(jmctl("verify", "--archive", new)[0], 0, name + "and what is loaded verifies")
    tap.ok(b"record %d is not in the dump" % seq in jmctl("events", "--archive", new)[1],
           name + "and tells what is lost")
    shutil.rmtree(os.path.join(archive, "catalog"))
    status, out, complaint = jmctl("list", "--archive", archive)
    tap.ok(part == "body" or status == 65, name + "without a catalog the start says so", complaint)
    status, out, complaint = jmctl("rebuild", "--json", "--archive", archive)
    tap.is_(status, 0 if part == "body" else 65, name + "rebuild goes past it")
    left = jmctl("list", "--json", "--archive", archive)[1].splitlines()
    tap.is_(len(left), len(items) - (part != "body"), name + "all other items are there")


def dump_and_load():
    archive, dump, new = make("dumped"), os.path.join(tap.folder(), "rebuild.dump"), os.path.join(
        tap.folder(), "loaded")
    summary = json.loads(good("dump", "--json", "--archive", archive, dump))
    tap.ok(summary["ok"] and summary["reports"] == len(EML) + 11, "dump: every report", summary)
    tap.is_(subprocess.run(["sha256sum", "--quiet", "--strict", "-c", "SHA256SUMS"], cwd=dump,
                           check=False).returncode, 0, "sha256sum -c checks it without us")
    files = tree(dump)
    listed = {line.split("  ", 1)[1].rstrip("\n")
              for line in open(os.path.join(dump, "SHA256SUMS"), encoding="ascii")}
    tap.is_(sorted(listed | {"SHA256SUMS", "DUMP.json"}), sorted(files),
            "SHA256SUMS lists every file, and no file twice")
    lines = [json.loads(x) for x in open(os.path.join(dump, "manifest.jsonl"), encoding="utf-8")]
    tap.ok(all(files[x["report"]] == x["metadata"]["report"]["sha256"] and files[x["message"]]
               == x["metadata"]["content"]["sha256"] for x in lines if x["type"] == "report"),
           "the manifest's digests are those of the files")
    with open(EML[3], "rb") as f:
        want = f.read()
    got = next(x["report"] for x in lines if x["type"] == "report"
               and x["metadata"]["report"]["sha256"] == hashlib.sha256(want).hexdigest())
    with open(os.path.join(dump, got), "rb") as f:
        tap.bytes_(f.read(), want, "a report is dumped byte for byte")
    good("load", "--archive", new, dump)
    tap.is_(answers(new, False).replace(new, archive), answers(archive, False),
            "load: the same items, recipients, digests, times, events, sums")
    tap.is_(jmctl("verify", "--archive", new)[0], 0, "what was loaded verifies")
    again = dump + ".again"
    good("dump", "--archive", new, again)
    a, b = tree(dump), tree(again)
    a.pop("DUMP.json"), b.pop("DUMP.json")
    tap.is_(b, a, "the dump of the loaded archive is the dump it was loaded from, byte for byte")
    out = json.loads(good("load", "--json", "--archive", new, dump))
    tap.ok(out["loaded"] == 0, "loading it again adds nothing", out)
    status, _, complaint = jmctl("load", "--archive", make("other"), dump)
    tap.ok(status == 64, "load into another archive is refused", complaint)
    tap.is_([os.path.exists(os.path.join(x, "loading"))
             for x in (new, os.path.join(tap.folder(), "other"))], [False, False],
            "neither is taken for one that is being loaded")
    # Incremental.
    last = summary["last_seq"]
    run.output(DEPOSIT, archive, *EML[:3])
    good("dump", "--after", last, "--archive", archive, dump)
    whole = os.path.join(tap.folder(), "whole.dump")
    good("dump", "--archive", archive, whole)
    tap.is_(tree(dump), tree(whole), "dump --after in the same folder: the same as a whole one")
    good("load", "--archive", new, dump)
    tap.is_(answers(new, False).replace(new, archive), answers(archive, False),
            "load goes on where it ended")
    status, _, complaint = jmctl("dump", "--archive", make("third"), dump)
    tap.ok(status == 64 and "another archive" in complaint,
           "a folder with another archive's dump is refused", complaint)
    # A dump whose file was changed.
    victim = next(x["report"] for x in lines if x["type"] == "report")
    with open(os.path.join(whole, victim), "ab") as f:
        f.write(b"x")
    status, _, complaint = jmctl("load", "--archive", new + "2", whole)
    tap.ok(status == 65 and "digest" in complaint, "a changed file is named, the rest is loaded",
           complaint)


def imports():
    archive = os.path.join(tap.folder(), "imported")
    run.output(DEPOSIT, archive, EML[0])
    plain = [b"From: a@example.com\nTo: b@example.com\nMessage-ID: <m%d@x>\nSubject: m%d\n\n"
             b"body\n>From here\nFrom there\n>>From far\n\nend\n" % (i, i) for i in range(3)]
    box = os.path.join(tap.folder(), "rd.mbox")
    with open(box, "wb") as f:
        for m in plain:
            quoted = b"".join(b">" + x if x.lstrip(b">").startswith(b"From ") else x
                              for x in m.splitlines(True))
            f.write(b"From a@example.com Thu Nov 22 00:00:00 2029\n" + quoted + b"\n")
    out = json.loads(good("import", "--json", "--archive", archive, "--service", JOURNAL, box))
    tap.is_(out["messages"], 3, "import: an mbox of three messages")
    for i in range(3):
        tap.bytes_(jmctl("export", "--report", "--archive", archive, out["first_seq"] + i)[1],
                   plain[i], "mboxrd: message %d is exact" % i)
    shown = json.loads(jmctl("show", "--json", "--archive", archive, out["first_seq"])[1])
    tap.is_((shown["reports"][0]["transport"], shown["reports"][0]["service"]), ("import", JOURNAL),
            "its transport is import")
    o_box = os.path.join(tap.folder(), "o.mbox")
    with open(o_box, "wb") as f:
        f.write(b"From x\r\nSubject: o\r\n\r\n>From a\r\n>>From b\r\n\r\n\r\nFrom y\n"
                b"Subject: second\n\nlast line without end")
    out = json.loads(good("import", "--json", "--archive", archive, "--service", JOURNAL,
                          "--quoting", "mboxo", o_box))
    tap.bytes_(jmctl("export", "--report", "--archive", archive, out["first_seq"])[1],
               b"Subject: o\r\n\r\nFrom a\r\n>>From b\r\n\r\n", "mboxo: only >From, CRLF stays")
    tap.bytes_(jmctl("export", "--report", "--archive", archive, out["last_seq"])[1],
               b"Subject: second\n\nlast line without end", "mboxo: to the last byte")
    folder = os.path.join(tap.folder(), "Maildir")
    md = mailbox.Maildir(folder, create=True)
    for m in plain:
        md.add(m.replace(b"m", b"M"))
    out = json.loads(good("import", "--json", "--archive", archive, "--service", JOURNAL, folder))
    tap.is_(out["messages"], 3, "import: a Maildir")
    eml = os.path.join(tap.folder(), "eml")
    os.mkdir(eml)
    for path in glob.glob(os.path.join(tap.SRC, "t/corpus/journal/*.eml")):
        shutil.copy(path, eml)
    out = json.loads(good("import", "--json", "--archive", archive, "--service", JOURNAL,
                          "--journal-domain", "journal.example.com", eml))
    tap.is_(out["messages"], len(os.listdir(eml)), "import: a folder of .eml files")
    tap.is_(jmctl("verify", "--archive", archive)[0], 0, "what was imported verifies")
    status, _, complaint = jmctl("import", "--archive", archive, "--service", JOURNAL,
                                 os.path.join(tap.folder(), "none.eml"), box)
    tap.ok(status == 65 and "none.eml" in complaint,
           "a file that is not there is named, the others are imported", complaint)
    before = len(jmctl("list", "--json", "--archive", archive)[1].splitlines())
    again = json.loads(good("import", "--json", "--archive", archive, "--service", JOURNAL,
                            "--journal-domain", "journal.example.com", box, folder, eml))
    tap.is_((again["messages"], again["already_here"], again["first_seq"]),
            (0, 6 + out["messages"], 0), "a second import of the same files adds nothing")
    tap.is_(len(jmctl("list", "--json", "--archive", archive)[1].splitlines()), before,
            "nor is there a new item")


def backups():
    """Beside a running daemon under load."""
    d = Daemon(tap.folder() + "/live", outbounds=(CLIENT,), more={"archive": {
        "directory": tap.folder() + "/live-archive", "volume-size": "64K"}}).start()
    copy, stop, sent = os.path.join(tap.folder(), "copy"), threading.Event(), []
    archive = tap.folder() + "/live-archive"

    def load():
        n = 0
        while not stop.is_set() and n < 2000:
            if milter.deliver(d.socket, "a@example.com", [JOURNAL],
                              corpus.report("load-%d" % n, 3000), CLIENT).kind == "d":
                sent.append("Test load-%d" % n)
            n += 1

    t = threading.Thread(target=load)
    t.start()
    try:
        for i in range(4):
            while len(sent) < 20 * (i + 1) and t.is_alive():
                stop.wait(0.01)
            before = list(sent)
            out = json.loads(good("backup", "--json", "--config", d.jmctl.settings, copy))
            tap.ok(out["ok"] and out["verified"]["problems"] == 0,
                   "backup %d under load: verified" % i, out)
            here = os.path.join(tap.folder(), "restored-%d" % i)
            good("restore", "--archive", here, copy)
            have = {json.loads(x)["subject"]
                    for x in jmctl("list", "--json", "--archive", here)[1].splitlines()}
            tap.is_([s for s in before if s not in have], [],
                    "backup %d: all %d messages acknowledged before are in it" % (i, len(before)))
        for verb in (("rebuild",), ("upgrade",), ("load", tap.folder() + "/rebuild.dump")):
            status, _, complaint = jmctl(*verb, "--config", d.jmctl.settings)
            tap.ok(status == 77 and "stop it first" in complaint,
                   "%s beside a daemon is refused with a clear word" % verb[0], complaint)
        for i in range(2):
            out = json.loads(good("verify", "--json", "--config",
                                  d.jmctl.settings).splitlines()[-1])
            tap.is_((out["problems"], out["catalog"]), (0, "row by row"),
                    "verify under load: nothing is wrong, the catalog compared row by row")
        dump = os.path.join(tap.folder(), "hot.dump")
        before = list(sent)
        good("dump", "--config", d.jmctl.settings, dump)
        subjects = {json.loads(x)["metadata"]["journal"].get("subject") for x in open(
            dump + "/manifest.jsonl", encoding="utf-8") if '"type":"report"' in x}
        tap.is_([s for s in before if s not in subjects], [],
                "dump beside the daemon has all that was acknowledged before")
    finally:
        stop.set()
        t.join()
    tap.ok(len(sent) > 80, "the load went on: %d messages" % len(sent))
    backups_at_rest(d, copy, archive)


def backups_at_rest(d, copy, archive):
    """Backups of an archive that has not changed, and those that are refused."""
    out = json.loads(good("backup", "--json", "--config", d.jmctl.settings, copy))
    sealed = glob.glob(copy + "/volumes/*.jmv")
    tap.ok(len(sealed) > 2, "there are sealed volumes", sealed)
    before = {p: os.stat(p).st_mtime_ns for p in sealed[:-1]}
    out = json.loads(good("backup", "--json", "--config", d.jmctl.settings, copy))
    tap.is_(out["copied_bytes"], 0, "a backup of nothing new copies nothing")
    tap.is_({p: os.stat(p).st_mtime_ns for p in before}, before, "and touches no sealed volume")
    d.stop()
    good("backup", "--archive", archive, copy)
    tap.is_(jmctl("list", "--json", "--archive", copy)[1],
            jmctl("list", "--json", "--archive", archive)[1], "offline: the copy lists the same")
    tap.is_(jmctl("verify", "--archive", copy)[0], 0, "the copy is an archive that verifies")
    status, _, complaint = jmctl("backup", "--archive", make("stranger"), copy)
    tap.ok(status == 64 and "another archive" in complaint, "a copy of another archive is refused",
           complaint)
    status, _, complaint = jmctl("restore", "--archive", archive, copy)
    tap.ok(status == 64 and "already" in complaint, "restore over an archive is refused", complaint)


dump_and_load()
rebuild()
imports()
backups()
sys.exit(tap.done())
