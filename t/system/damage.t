#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""
Volumes that are missing, cut short, without a header or another archive's: what is lost is named,
everything else stays readable, new mail is archived again after one command, no number is given
twice, and a volume that is found again fits.
"""
import glob
import hashlib
import json
import os
import re
import shutil
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
import corpus
import milter
import run
import tap
from daemon import Daemon
from jmctl import call_text as jmctl

DEPOSIT = os.path.join(tap.BUILD, "t/lib/deposit_files")
JOURNAL, CLIENT = "journaling@journal.example.com", "192.0.2.25"
MESSAGES, VOLUME_BYTES = 18, 5000
FOLDER = tap.folder()
os.makedirs(FOLDER, exist_ok=True)


def eml(n):
    path = os.path.join(FOLDER, "m%d.eml" % n)
    if not os.path.exists(path):
        with open(path, "wb") as f:
            f.write(corpus.report("damage-%d" % n, 700 + 37 * n))
    return path


def deposit(archive, *numbers):
    out = run.output(DEPOSIT, "--volume-size", str(VOLUME_BYTES), archive,
                     *[eml(n) for n in numbers])
    return [json.loads(x) for x in out.splitlines()]


def volume(archive, n):
    return os.path.join(archive, "volumes/%08d.jmv" % n)


def flip(path, at):
    with open(path, "r+b") as f:
        f.seek(at)
        byte = f.read(1)
        f.seek(at)
        f.write(bytes([byte[0] ^ 0x10]))


def items(archive):
    return [json.loads(x) for x in jmctl("list", "--json", "--archive", archive)[1].splitlines()]


def exported(archive):
    """{id: the digest of its report, or None when it cannot be read}"""
    ids = [i["id"] for i in items(archive)]
    folder = os.path.join(FOLDER, "exported")
    shutil.rmtree(folder, ignore_errors=True)
    jmctl("export", "--bcc", "--report", "--archive", archive, "--output", folder, *ids)
    found = dict.fromkeys(ids)
    for path in glob.glob(folder + "/messages/*/*/*.eml"):
        with open(path, "rb") as f:
            number = int(os.path.basename(path).partition("-")[0])
            found[number] = hashlib.sha256(f.read()).hexdigest()
    return found


def findings(archive):
    status, out, _ = jmctl("verify", "--json", "--archive", archive)
    rows = [json.loads(x) for x in out.splitlines()]
    return status, [r for r in rows if "problem" in r]


ORIGINAL = os.path.join(FOLDER, "original")
SENT = {}
for row in deposit(ORIGINAL, *range(MESSAGES)):
    SENT[row["seq"]] = row["report_sha256"]
LAST = len(glob.glob(ORIGINAL + "/volumes/*.jmv"))
if os.path.getsize(volume(ORIGINAL, LAST)) < 1000:
    SENT[deposit(ORIGINAL,
                 MESSAGES)[0]["seq"]] = hashlib.sha256(open(eml(MESSAGES), "rb").read()).hexdigest()
    LAST = len(glob.glob(ORIGINAL + "/volumes/*.jmv"))
WHERE = {}
for seq in SENT:
    WHERE[seq] = json.loads(jmctl("show", "--json", "--archive", ORIGINAL,
                                  seq)[1])["reports"][0]["volume"]
STRANGER = os.path.join(FOLDER, "stranger")
deposit(STRANGER, *range(MESSAGES, 2 * MESSAGES))
tap.ok(LAST > 4 and all(v in WHERE.values() for v in range(1, LAST + 1)),
       "an archive of %d volumes with a message in each" % LAST, WHERE)


def lose(number):
    return lambda a: os.remove(volume(a, number))


def header(number, at):
    return lambda a: flip(volume(a, number), at)


def cut(number, left):
    return lambda a: os.truncate(volume(a, number), int(os.path.getsize(volume(a, number)) * left))


def replace(number):
    return lambda a: shutil.copyfile(volume(STRANGER, number), volume(a, number))


def all_headers(archive):
    for n in range(1, LAST + 1):
        flip(volume(archive, n), 50)


# (what, how, volumes whose records may be lost, does the catalog alone carry the archive on)
CASES = [
    ("a header in the middle", header(2, 70), (), True),
    ("the first header", header(1, 20), (), True),
    ("all headers", all_headers, (), False),
    ("the last header", header(LAST, 40), (), False),
    ("the UUID of the last header", header(LAST, 18), (), False),
    ("a missing volume", lose(2), (2,), True),
    ("the first volume missing", lose(1), (1,), True),
    ("two missing volumes", lambda a: (lose(2)(a), lose(3)(a)), (2, 3), True),
    ("the last volume missing", lose(LAST), (LAST,), False),
    ("the last volume cut short", cut(LAST, 0.5), (LAST,), False),
    ("a volume in the middle cut short", cut(3, 0.5), (3,), True),
    ("a volume in the middle empty", cut(3, 0), (3,), True),
    ("another archive's volume", replace(2), (2,), True),
]


def whole(archive, lost, name):
    """All items that are not lost are exact. Returns the ids that cannot be read."""
    got = exported(archive)
    bad = [i for i, sha in got.items() if sha is not None and i in SENT and sha != SENT[i]]
    tap.is_(bad, [], name + ": what is exported is exact")
    unread = sorted(i for i in SENT if got.get(i) is None)
    outside = [i for i in unread if WHERE[i] not in lost]
    tap.is_(outside, [], name + ": everything outside of volume %s is readable" % (lost,))
    if lost:
        tap.ok(unread, name + ": something is lost indeed")
    return unread


def named(archive, unread, name):
    status, found = findings(archive)
    tap.is_(status, 65, name + ": verify ends with 65")
    told = {f["volume"] for f in found}
    tap.ok(told >= {WHERE[i] for i in unread} and told, name + ": and names the volume", found)
    return found


def bytes_of(archive):
    """{number of a volume: its digest}"""
    return {int(os.path.basename(p)[:-4]): hashlib.sha256(open(p, "rb").read()).hexdigest()
            for p in glob.glob(archive + "/volumes/*")}


def case(n, name, harm, lost, carried):
    archive = os.path.join(FOLDER, "case-%d" % n)
    shutil.copytree(ORIGINAL, archive)
    harm(archive)
    before = bytes_of(archive)
    # With the catalog as it is.
    status, out, complaint = jmctl("list", "--json", "--archive", archive)
    if carried:
        tap.is_((status, len(out.splitlines())), (0, len(SENT)), name + ": list has all items")
        unread = whole(archive, lost, name)
        named(archive, unread, name)
        shown = [jmctl("show", "--archive", archive, i)[0] for i in unread]
        tap.is_(set(shown) - {65}, set(), name + ": show tells that a report cannot be read")
        dump = archive + ".dump"
        status, out, _ = jmctl("dump", "--json", "--archive", archive, dump)
        tap.is_((status, len(glob.glob(dump + "/reports/*/*/*.eml"))),
                (65, len(SENT) - len(unread)), name + ": dump has all the others, and tells")
        status, out, complaint = jmctl("backup", "--archive", archive, archive + ".copy")
        tap.ok(status == 65 and "not whole" in complaint, name + ": no backup is made of it",
               complaint)
    else:
        tap.ok(status == 65 and "jmctl rebuild" in complaint and "backup" in complaint,
               name + ": it stays shut, with two cures", complaint)
    tap.is_(bytes_of(archive), before, name + ": nothing in the volumes was changed")
    # The command that makes the archive work without the lost volumes.
    status, out, complaint = jmctl("rebuild", "--json", "--archive", archive)
    told = [json.loads(x) for x in out.splitlines() if '"problem"' in x]
    tap.ok(status == 65 and told, name + ": rebuild names it", out + complaint)
    have = {i["id"] for i in items(archive)}
    unread = whole(archive, lost, name + ", rebuilt")
    tap.is_(sorted(set(SENT) - have), unread, name + ", rebuilt: list has all others")
    new = deposit(archive, 2 * MESSAGES + n)[0]
    tap.ok(new["seq"] > max(SENT), name + ": a new message is archived, under a new number", new)
    again = deposit(archive, 0)
    tap.ok(exported(archive).get(new["seq"]) == new["report_sha256"] and len(again) == 1,
           name + ": and can be read")
    found = named(archive, unread, name + ", rebuilt")
    status, _, _ = jmctl("rebuild", "--archive", archive)
    after = {i["id"] for i in items(archive)}
    tap.ok(status == 65 and after >= have | {new["seq"]},
           name + ": a second rebuild tells and has the same")
    # The lost items are found again.
    for v in range(1, LAST + 1):
        if before.get(v) != bytes_of(ORIGINAL)[v]:
            shutil.copyfile(volume(ORIGINAL, v), volume(archive, v))
    status, out, complaint = jmctl("rebuild", "--json", "--archive", archive)
    tap.ok(status == 0, name + ": with the volume back from a copy, rebuild is content",
           out + complaint)
    tap.is_(findings(archive), (0, []), name + ": and verify")
    got = exported(archive)
    tap.is_({i: got.get(i) for i in SENT}, SENT, name + ": and every message is there, exact")
    tap.is_(got.get(new["seq"]), new["report_sha256"], name + ": with the one that came meanwhile")
    return found


def through_daemon():
    """Damage far back does not keep new mail out, and is reported everywhere."""
    archive = os.path.join(FOLDER, "daemon-archive")
    shutil.copytree(ORIGINAL, archive)
    os.remove(volume(archive, 2))
    d = Daemon(FOLDER + "/d", outbounds=(CLIENT,), more={"archive": {"directory": archive}}).start()
    try:
        got = milter.deliver(d.socket, "a@example.com", [JOURNAL], corpus.report("after", 900),
                             CLIENT).kind
        tap.is_(got, "d", "the daemon archives new mail beside a hole")
        status, out, _ = jmctl("status", "--json", "--config", d.jmctl.settings)
        tap.ok(status == 0 and "volume 2 is missing" in json.dumps(json.loads(out).get("damaged")),
               "status tells of it", out)
        run.until(lambda: "volume 2 is missing" in jmctl("events", "--config", d.jmctl.settings)[1],
                  "an event that tells of the volume")
        tap.ok(True, "and the events")
        status, out, _ = jmctl("verify", "--json", "--config", d.jmctl.settings)
        tap.ok(status == 65 and '"volume": 2' in out.replace('":2', '": 2'), "and verify", out)
    finally:
        d.stop()


def not_mounted():
    """No volume at all beside a catalog: a disk that is not mounted is not a new archive."""
    archive = os.path.join(FOLDER, "not-mounted")
    shutil.copytree(ORIGINAL, archive)
    os.rename(archive + "/volumes", archive + "/elsewhere")
    os.mkdir(archive + "/volumes")
    before = open(archive + "/catalog/catalog.db", "rb").read()
    for verb in ("list", "rebuild", "verify"):
        status, _, complaint = jmctl(verb, "--archive", archive)
        tap.ok(status == 75 and "not mounted" in complaint,
               "%s without any volume is refused" % verb, complaint)
    d = Daemon(FOLDER + "/n", outbounds=(CLIENT,), more={"archive": {"directory": archive}})
    try:
        d.start()
        tap.ok(False, "the daemon starts a new archive in an empty folder beside a catalog")
    except Exception:     # any message about a daemon that does not start
        tap.ok(os.listdir(archive + "/volumes") == [], "the daemon begins no new archive there")
    finally:
        d.stop()
    os.rmdir(archive + "/volumes")
    os.rename(archive + "/elsewhere", archive + "/volumes")
    tap.is_(open(archive + "/catalog/catalog.db", "rb").read(), before,
            "and the catalog was not touched")
    tap.is_(len(items(archive)), len(SENT), "mounted again, all is there")


def send(d, name):
    return milter.deliver(d.socket, "a@example.com", [JOURNAL], corpus.report(name, 900),
                          CLIENT).kind


def published(folder, d):
    """The end of the log in status.json, once it has all records of the daemon."""
    path = os.path.join(folder, "status.json")
    run.until(lambda: os.path.exists(path)
              and json.load(open(path))["tip"]["seq"] >= last_seq(d), "a published end")
    return json.load(open(path))["tip"]


def last_seq(d):
    return d.jmctl.status()["last_seq"]


def doctor_says(d, name, problem):
    """jmctl doctor names the loss, with a cure that keeps what is there."""
    found = json.loads(jmctl("doctor", "--config", d.settings, "--no-dns", "--json")[1])["findings"]
    lost = [f for f in found if f["name"] == "archive-damaged"]
    tap.is_([f["level"] for f in lost], ["FAIL"], name + ": doctor fails")
    tap.ok(lost and problem in lost[0]["text"] and "volumes.kept" in lost[0]["change"]
           and "jmctl rebuild" in lost[0]["change"], name + ": with the problem and a cure", lost)


def lost_at_the_end(name, harm, clean, witness):
    """
    Acknowledged records at the end are gone. The daemon says which, takes mail under new numbers,
    and says so after each restart until the records are back.
    """
    folder = os.path.join(FOLDER, "lost-" + name.replace(" ", "-"))
    archive = folder + "/archive"
    shutil.copytree(ORIGINAL, archive)
    d = Daemon(folder, outbounds=(CLIENT,), more={
        "archive": {"directory": archive, "volume-size": "1M"},
        "publish": {"directory": folder + "/public", "interval": 1}}).start()
    try:
        shutil.copytree(archive + "/volumes", folder + "/early")
        tap.is_([send(d, "%s %d" % (name, i)) for i in range(5)], ["d"] * 5, name + ": mail")
        have = max(i["id"] for i in items_of(d))
        end = published(folder + "/public", d)
        (d.stop if clean else d.kill)()
        shutil.copytree(archive + "/volumes", folder + "/whole")
        before = len(d.log())
        harm(archive, folder)
        d.start()
        said = d.log()[before:]
        tap.like(said, r" records-lost first=\d+ last=\d+ volume=\d+ ",
                 name + ": the log says which records are lost")
        tap.ok(witness in said, name + ": and who has them", said[-1500:])
        told = re.search(r"records-lost first=(\d+) last=(\d+)", said)
        first, last = (int(g) for g in told.groups()) if told else (0, 0)
        tap.ok(0 < first <= have <= last and last >= end["seq"],
               name + ": with their numbers", (first, last, have, end))
        tap.is_(send(d, name + " after"), "d", name + ": mail is taken")
        new = max(i["id"] for i in items_of(d))
        tap.ok(new > last, name + ": under a new number", (new, last))
        for again in (False, True):
            if again:
                d.stop()
                d.start()
            s = d.jmctl.status()
            tap.ok(s["state"] == "damaged" and s["problem"] and s["damaged"],
                   name + ": the status is not ok", s)
            doctor_says(d, name, s["damaged"][0])
            run.until(lambda: "records-lost" in jmctl("events", "--config", d.settings)[1],
                      "an event of the loss")
            status, found, _ = jmctl("verify", "--json", "--config", d.settings)
            tap.ok(status == 65 and "problem" in found, name + ": verify names the damage", found)
            run.until(lambda: json.load(open(folder + "/public/status.json"))["archive"]["state"]
                      == "damaged", "the published state")
        tap.is_(len(re.findall(" records-lost ", d.log())), 1, name + ": the loss is found once")
        d.stop()
        for path in glob.glob(folder + "/whole/*"):
            shutil.copy(path, archive + "/volumes")
        status, out, complaint = jmctl("rebuild", "--archive", archive)
        tap.ok(status == 0, name + ": with the volumes back, rebuild is content", out + complaint)
        got = {i["id"] for i in items(archive)}
        tap.ok(have in got and new in got, name + ": and has what was lost and what came then")
        tap.is_(findings(archive), (0, []), name + ": and verify")
    finally:
        d.stop()


def items_of(d):
    return [json.loads(x) for x in jmctl("list", "--json", "--config",
                                         d.settings)[1].splitlines()]


def newest(folder):
    return max(glob.glob(folder + "/volumes/*.jmv"))


def cut_end(archive, _):
    path = newest(archive)
    os.truncate(path, os.path.getsize(path) - 1500)


def cut_end_without_catalog(archive, folder):
    cut_end(archive, folder)
    shutil.rmtree(archive + "/catalog")


def lose_last(archive, _):
    os.remove(newest(archive))


def older_copy(archive, folder):
    shutil.rmtree(archive + "/volumes")
    shutil.rmtree(archive + "/catalog")
    shutil.copytree(folder + "/early", archive + "/volumes")


def no_false_loss():
    """A published end that cannot be right is not believed, and the log says why."""
    folder = os.path.join(FOLDER, "no-loss")
    d = Daemon(folder, outbounds=(CLIENT,), more={
        "publish": {"directory": folder + "/public", "interval": 1}}).start()
    path = folder + "/public/status.json"
    try:
        tap.is_(send(d, "no loss"), "d", "mail to an archive of its own")
        published(folder + "/public", d)
        d.kill()
        good = json.load(open(path))
        tip = good["tip"]
        ahead = dict(tip, seq=tip["seq"] + 5, offset=tip["offset"] + 5000)
        for name, text, why in (
                ("the same end", json.dumps(good), None),
                ("an earlier end", json.dumps(dict(good, tip=dict(tip, seq=1, offset=100))), None),
                ("no end", json.dumps({k: v for k, v in good.items() if k != "tip"}), None),
                ("an end of another archive",
                 json.dumps(dict(good, tip=dict(ahead, uuid="0" * 32))), "of another archive"),
                ("half of the file", json.dumps(good)[:len(json.dumps(good)) // 2], "status.json"),
                ("an empty file", "", "status.json"),
                ("a text for a number", json.dumps(dict(good, tip=dict(ahead, seq="9"))),
                 "damaged"),
                ("a negative number", json.dumps(dict(good, tip=dict(ahead, seq=-9))), "damaged"),
                ("a huge number", json.dumps(dict(good, tip=dict(ahead, seq=1 << 62))), "damaged"),
                ("more records than fit", json.dumps(dict(good, tip=dict(ahead, seq=1 << 40))),
                 "do not fit"),
                ("a volume far away", json.dumps(dict(good, tip=dict(ahead, volume=1 << 30))),
                 "too many volumes"),
                ("a number too high for its place",
                 json.dumps(dict(good, tip=dict(tip, seq=tip["seq"] + 50, offset=100))),
                 "is in the volumes"),
        ):
            with open(path, "w", encoding="utf-8") as f:
                f.write(text)
            before = len(d.log())
            d.start()
            said = d.log()[before:]
            seen = "records-lost" in said, "known-end-ignored" in said
            tap.ok(seen == (False, why is not None) and (not why or why in said),
                   "%s is no loss" % name, said)
            d.kill()
    finally:
        d.stop()


for number, one in enumerate(CASES):
    case(number, *one)
through_daemon()
not_mounted()
# A catalog that was closed has all records. One of a daemon that was killed may be some short.
lost_at_the_end("cut", cut_end, True, "the catalog has them")
lost_at_the_end("last volume", lose_last, True, "the catalog has them")
lost_at_the_end("last volume after a kill", lose_last, False, "the state published at")
lost_at_the_end("no catalog", cut_end_without_catalog, False, "the state published at")
lost_at_the_end("older copy", older_copy, False, "the state published at")
no_false_loss()
sys.exit(tap.done())
