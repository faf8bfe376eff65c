# SPDX-License-Identifier: BSD-2-Clause
"""
The answers of an archive without a daemon, in a form that does not depend on the folder or the day:
for golden files of a format version.
"""
import hashlib
import json
import os
import subprocess

import tap

JMCTL = os.path.join(tap.BUILD, "milter/ctl/jmctl")
PASSING = {"status": ("directory", "groups", "state", "problem"), "queue list": ("age_s", "state"),
           "domain list": ("internal", "by")}


def jmctl(verb, archive, *args):
    """(exit status, standard output, standard error as text)"""
    r = subprocess.run([JMCTL, *verb.split(), "--archive", archive, *map(str, args)],
                       stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                       check=False, timeout=300)
    return r.returncode, r.stdout, r.stderr.decode("utf-8", "replace")


def _good(verb, archive, *args):
    status, out, complaint = jmctl(verb, archive, *args)
    if status != 0:
        raise RuntimeError("jmctl %s %s: exit %d: %s" % (verb, " ".join(map(str, args)), status,
                                                         complaint))
    return out


def _objects(verb, archive, *args):
    rows = [json.loads(line) for line in _good(verb, archive, "--json", *args).splitlines()]
    for row in rows:
        for key in PASSING.get(verb, ()):
            row.pop(key, None)
    return rows


def _digests(archive, items, folder):
    """SHA-256 of every byte string that the items can be exported as."""
    found = {i["id"]: {"id": i["id"]} for i in items}
    for form, *args in (("messages",), ("raw", "--raw"), ("reports", "--report")):
        below = "%s-%s" % (folder, form)
        _good("export", archive, *found, "--bcc", "--output", below, *args)
        for item in found.values():
            item[form] = []
        with open(os.path.join(below, "manifest.jsonl"), encoding="utf-8") as f:
            for row in sorted(map(json.loads, f), key=lambda row: (row["id"], row["which"])):
                with open(os.path.join(below, row["path"]), "rb") as eml:
                    found[row["id"]][form].append(hashlib.sha256(eml.read()).hexdigest())
    return list(found.values())


def _dump(archive, folder):
    _good("dump", archive, folder)
    with open(os.path.join(folder, "manifest.jsonl"), encoding="utf-8") as f:
        return [json.loads(line) for line in f]


def answers(archive, scratch=None):
    """
    By the name of a file in a folder "expected": its rows. scratch: a folder that is not there yet;
    without it, only what the catalog answers.
    """
    found = {"list": _objects("list", archive),
             "set-aside": _objects("list", archive, "--set-aside"),
             "events": _objects("events", archive),
             "queue": _objects("queue list", archive, "--bcc"),
             "domains": _objects("domain list", archive),
             "status": _objects("status", archive)}
    ids = sorted(row["id"] for name in ("list", "set-aside", "queue") for row in found[name])
    found["show"] = [_objects("show", archive, "--bcc", i)[0] for i in ids]
    if scratch is None:
        return found
    found["export"] = _digests(archive, found["show"], scratch + "-exported")
    found["dump"] = _dump(archive, scratch)
    return found


def missing(want, got, path=""):
    """
    The members of want that got lacks or has with another value. Additional members of a later
    version are not reported.
    """
    if isinstance(want, dict) and isinstance(got, dict):
        return [m for key in want for m in (missing(want[key], got[key], path + "/" + key)
                                            if key in got else [path + "/" + key + ": not there"])]
    if isinstance(want, list) and isinstance(got, list) and len(want) == len(got):
        return [m for i, (w, g) in enumerate(zip(want, got))
                for m in missing(w, g, "%s/%d" % (path, i))]
    return [] if want == got and type(want) is type(got) \
        else ["%s: %.200r instead of %.200r" % (path, got, want)]


def crc32c(data):
    """RFC 3720, appendix B.4."""
    crc = 0xffffffff
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82f63b78 if crc & 1 else 0)
    return (crc ^ 0xffffffff).to_bytes(4, "big")
