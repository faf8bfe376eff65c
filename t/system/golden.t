#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""
Archives of each format version so far are read, and answer as they did when they were made
(t/corpus/make-archive); newer ones are refused.
"""
import glob
import json
import os
import shutil
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
import golden
import run
import tap

GOLDEN = sorted(glob.glob(os.path.join(tap.SRC, "t/corpus/archive-*")))
os.makedirs(tap.folder(), exist_ok=True)


def scratch(name):
    return os.path.join(tap.folder(), name)


def copy(version, name):
    """The golden volumes in a folder of their own, without a catalog."""
    shutil.copytree(os.path.join(version, "volumes"), os.path.join(scratch(name), "volumes"))
    for path in [os.path.join(scratch(name), "volumes"),
                 *glob.glob(os.path.join(scratch(name), "volumes/*"))]:
        os.chmod(path, 0o700)	# the source tree may be read-only
    return scratch(name)


def volumes(folder):
    found = {}
    for path in sorted(glob.glob(os.path.join(folder, "volumes/*"))):
        with open(path, "rb") as f:
            found[os.path.basename(path)] = f.read()
    return found


def same_answers(version, when, got):
    name = os.path.basename(version)
    for path in sorted(glob.glob(os.path.join(version, "expected/*.jsonl"))):
        with open(path, encoding="utf-8") as f:
            want = [json.loads(line) for line in f]
        what = os.path.basename(path)[:-6]
        if what not in got and when != "opened":
            continue
        wrong = golden.missing(want, got.get(what, []))
        tap.ok(want and not wrong, "%s, %s: %s is as it was (%d rows)"
               % (name, when, what, len(want)), "\n".join(wrong[:20]))


def reads(version):
    name = os.path.basename(version)
    archive = copy(version, name)
    before = volumes(archive)
    same_answers(version, "opened", golden.answers(archive, scratch(name + "-dump")))
    status, out, complaint = golden.jmctl("verify", archive, "--json")
    summary = json.loads(out.splitlines()[-1]) if out else {}
    tap.ok(status == 0 and summary.get("problems") == 0,
           name + ": every digest fits, and the catalog", out.decode() + complaint)
    status, out, complaint = golden.jmctl("rebuild", archive, "--json")
    tap.is_(status, 0, name + ": the catalog is made anew from the volumes alone")
    same_answers(version, "with a new catalog", golden.answers(archive))
    status, out, complaint = golden.jmctl("upgrade", archive, "--json")
    tap.ok(status == 0, name + ": upgrade", complaint)
    tap.ok(volumes(archive).items() >= before.items(),
           name + ": no byte of its volumes has changed")


def patched(version, name, volume, at, value, sum_from, sum_at, keyed):
    """A copy with one byte of a header changed, and its checksum right."""
    archive = copy(version, name)
    path = os.path.join(archive, "volumes/%08d.jmv" % volume)
    with open(path, "rb") as f:
        data = bytearray(f.read())
    uuid = bytes(data[16:32])
    fits = golden.crc32c((uuid if keyed else b"") + data[sum_from:sum_at])
    tap.is_(bytes(data[sum_at:sum_at + 4]), fits,
            "the checksum of the header that is changed is where SCHEMA.md says")
    data[at] = value
    data[sum_at:sum_at + 4] = golden.crc32c((uuid if keyed else b"") + data[sum_from:sum_at])
    with open(path, "wb") as f:
        f.write(data)
    return archive


def refused(archive, what):
    before = volumes(archive)
    status, out, complaint = golden.jmctl("list", archive)
    tap.ok(status == 78 and not out and "newer program" in complaint,
           what + " is refused: use a newer program", "exit %d: %s" % (status, complaint))
    tap.ok(volumes(archive) == before, "and left as it is")


def kinds(rows):
    """The kinds of records in a dump, and the members of their metadata."""
    return {(row["type"], key) for row in rows for key in row["metadata"]}


def written_now():
    """
    A golden archive that was made today would have nothing that the last one lacks, and answers the
    same from a new catalog.
    """
    archive = scratch("now")
    run.output(os.path.join(tap.BUILD, "t/lib/every_record"), archive,
               os.path.join(tap.SRC, "t/corpus/journal"))
    before = golden.answers(archive, scratch("now-dump"))
    with open(os.path.join(GOLDEN[-1], "expected/dump.jsonl"), encoding="utf-8") as f:
        kept = kinds(json.loads(line) for line in f)
    tap.is_(sorted(kinds(before["dump"]) - kept), [],
            "no kind of record and no member that this program writes is missing in %s"
            % os.path.basename(GOLDEN[-1]))
    tap.is_(golden.jmctl("rebuild", archive)[0], 0, "an archive of today: its catalog is made anew")
    wrong = golden.missing({k: v for k, v in before.items() if k not in ("export", "dump")},
                           golden.answers(archive))
    tap.ok(not wrong, "and it answers the same", "\n".join(wrong[:20]))


for folder in GOLDEN:
    reads(folder)
written_now()
first, last = GOLDEN[0], len(volumes(GOLDEN[0]))
HEAD = 128	# of a volume
refused(patched(first, "newer-volume", last, 11, 2, 0, 124, False), "a volume of a newer version")
refused(patched(first, "newer-first", 1, 11, 2, 0, 124, False), "a first volume of a newer version")
refused(patched(first, "newer-record", 1, HEAD + 4, 2, HEAD, HEAD + 76, True),
        "a record of a newer version")
refused(patched(first, "newer-coding", 1, HEAD + 6, 3, HEAD, HEAD + 76, True),
        "a body in a coding that is not known")
refused(patched(first, "newer-cipher", 1, HEAD + 7, 1, HEAD, HEAD + 76, True), "an enciphered body")
refused(patched(first, "newer-flag", 1, HEAD + 11, 1, HEAD, HEAD + 76, True),
        "a flag that must be understood")
tap.ok(golden.jmctl("list", patched(first, "other-flag", 1, HEAD + 8, 1, HEAD, HEAD + 76, True))[0]
       != 78, "a flag that may be ignored is no newer version")
sys.exit(tap.done())
