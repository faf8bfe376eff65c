#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""
An item of very many recipients, from reports of 5,000 each: the last reports are taken as fast as
the first, every recipient comes back once from each verb, with a daemon and without one, and memory
is that of an item of 5,000. JM_RECIPIENTS is their number.
"""
import hashlib
import json
import os
import re
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
import corpus
import milter
import tap
from daemon import Daemon
from peaks import Peaks, ask

EACH = 5000
TENTH = max(2, int(os.environ.get("JM_RECIPIENTS", "200000")) // EACH // 10)
REPORTS = 10 * TENTH
JOURNAL, CLIENT = "journaling@journal.example.com", "192.0.2.25"
EVERYONE = "everyone@example.com"	# named by every report
MB = 1048576
CACHE = 40 * MB		# of the catalog: Berkeley DB adds a quarter to the 32 MB that are set
ROOM = 16 * MB		# that an item of any size may take more than one of 5,000
EACH_MAPPED = 100	# bytes for a recipient in mappings of files that the kernel can take back
OUT = os.path.join(tap.folder(), "out")


def address(n):
    return "recipient.%07d@%d.example.com" % (n, n % 97)


def message(name):
    return ("From: alice@example.com\r\nTo: %s\r\nSubject: %s\r\nMessage-ID: <%s@example.com>\r\n"
            "Date: Tue, 17 Jul 2029 12:13:27 +0000\r\n\r\nTo all of you\r\n"
            % (EVERYONE, name, name)).encode()


def report(name, k):
    return corpus.report("%s-%d" % (name, k), message_id="<%s@example.com>" % name, subject=name,
                         inner=message(name), recipients=[EVERYONE] + [
                             address(n) for n in range(k * EACH, (k + 1) * EACH)])


def digest_of(lines):
    return hashlib.sha256(b"\n".join(sorted(lines))).hexdigest()


def shown(seqs):
    """The lines of show about the recipients."""
    return digest_of([b"  to              %s  by report %s" % (
        EVERYONE.encode(), b", ".join(b"%d" % s for s in seqs))] + [
            b"  to              %s  by report %d" % (address(n).encode(), seqs[n // EACH])
            for n in range(len(seqs) * EACH)])


def rows(seqs):
    """The rows of the recipients in JSON."""
    each = b'{"type":"to","seq":%d}'
    return digest_of([b'{"address":"%s","reports":[%s]}' % (
        EVERYONE.encode(), b",".join(each % s for s in seqs))] + [
            b'{"address":"%s","reports":[%s]}' % (address(n).encode(), each % seqs[n // EACH])
            for n in range(len(seqs) * EACH)])


def manifest_rows(count):
    return digest_of([b'{"type":"to","address":"%s"}' % a.encode()
                      for a in [EVERYONE] + [address(n) for n in range(count)]])


def output():
    with open(OUT, "rb") as f:
        return f.read()


def split_json(text, row):
    """The object in the text without its list of recipients, and the digest of that list's rows."""
    found = []
    rest = re.sub(row, lambda m: found.append(m.group(0)) or b"", text)
    rest = re.sub(rb'"recipients":\[,*\]', b'"recipients":[]', rest)
    return json.loads(rest), digest_of(found)


def shows(d, item, name, seqs, how):
    """Ask for the item by each way that names its recipients. {verb: memory}"""
    most, n = {}, len(seqs) * EACH
    status, said, most["show"] = ask(d, OUT, "show", "--no-message", item)
    lines = [x for x in output().split(b"\n") if x.startswith(b"  to  ")]
    tap.ok(status == 0 and digest_of(lines) == shown(seqs),
           "show%s: each of %d recipients, once, with its report" % (how, n + 1),
           "%d lines: %s" % (len(lines), said))
    status, said, most["show --json"] = ask(d, OUT, "show", "--no-message", "--json", item)
    o, digest = split_json(output(), rb'\{"address":"[^"]*","reports":\[[^]]*\]\}')
    tap.ok(status == 0 and digest == rows(seqs), "show --json%s: the same" % how, said)
    tap.is_([r["seq"] for r in o["reports"]], seqs, "and all %d reports, in order" % len(seqs))
    folder = os.path.join(tap.folder(), "export-%s-%d%s" % (item, n, how.replace(" ", "-")))
    status, said, most["export --output"] = ask(
        d, OUT, "export", "--subject", name, "--output", folder)
    with open(os.path.join(folder, "manifest.jsonl"), "rb") as f:
        o, digest = split_json(f.read(), rb'\{"type":"to","address":"[^"]*"\}')
    tap.ok(status == 0 and digest == manifest_rows(n),
           "export --output%s: each of them in the manifest" % how, said)
    return most


def finds(d, item, name, count, how):
    """The verbs whose answer does not grow with the item."""
    most = {}
    for args in (["list"], ["search", "--address", address(count - 1)],
                 ["search", "--bcc", "--recipient", EVERYONE, "--subject", name]):
        status, said, most[" ".join(args)[:12]] = ask(d, OUT, *args, "--json")
        found = {o["id"]: o["recipients"] for o in map(json.loads, output().splitlines())}
        tap.ok(status == 0 and found.get(item) == count + 1,
               "%s%s: the item, with %d recipients" % (" ".join(args), how, count + 1),
               "%r %s" % (found, said))
    status, said, most["export"] = ask(d, OUT, "export", item)
    tap.ok(status == 0 and output() == message(name), "export%s: the message" % how, said)
    last = count // EACH - 1
    status, said, most["--report"] = ask(
        d, OUT, "export", "--bcc", "--report", "--which", last, item)
    tap.ok(status == 0 and output() == report(name, last),
           "export --report%s: the last report, as it came" % how, said)
    return most


def deliver(d, name, k):
    """CPU seconds of the daemon."""
    data, before = report(name, k), d.cpu_seconds()
    a = milter.deliver(d.socket, "a@example.com", [JOURNAL], data, CLIENT)
    if a.kind != "d":
        raise RuntimeError("report %d: %s" % (k, a))
    return d.cpu_seconds() - before


def item_of(d, name):
    return next(i["id"] for i in d.jmctl.list() if i["subject"] == name)


def seqs_of(d, item):
    return [r["seq"] for r in json.loads(d.jmctl.run("show", "--no-message", "--json", item)[1])
            ["reports"]]


def flat(small, large, how):
    """Claims that each verb took no more memory for the large item than for the small one."""
    for who, field, room in (("jmctl", "VmHWM", ROOM), ("daemon", "RssAnon", ROOM),
                             ("daemon", "VmHWM", ROOM + EACH_MAPPED * REPORTS * EACH)):
        grown = {verb: (large[verb][who, field] - small[verb].get((who, field), 0)) / MB
                 for verb in large if (who, field) in large[verb]}
        tap.ok(grown and max(grown.values()) < room / MB,
               "memory%s: %s of %s is at most %d MB more than for %d recipients"
               % (how, field, who, room // MB, EACH), grown)


d = Daemon(os.path.join(tap.folder(), "milter"), outbounds=(CLIENT,)).start()
deliver(d, "few", 0)
begun = time.monotonic()
tenths, peaks = [], []
for tenth in range(10):
    with Peaks(lambda: [("daemon", d.pid)]) as peak:
        tenths.append(sum(deliver(d, "many", tenth * TENTH + k) for k in range(TENTH)) / TENTH)
    peaks.append(peak.most["daemon", "RssAnon"] / MB)
tap.diag("%d reports: %.1f s; by tenths: CPU of the daemon for one, %s ms; its memory, %s MB" % (
    REPORTS, time.monotonic() - begun, " ".join("%.0f" % (1000 * t) for t in tenths),
    " ".join("%.0f" % m for m in peaks)))
tap.ok(tenths[9] < 2.5 * tenths[0], "the last reports take about as long as the first",
       tenths)
if REPORTS * EACH < 1000000:
    tap.ok(peaks[9] - peaks[0] < ROOM / MB,
           "and %d MB more memory at most" % (ROOM // MB), peaks)
else:
    tap.ok(peaks[9] - peaks[0] < (CACHE + ROOM) / MB,
           "and %d MB more memory at most, beside the catalog's cache" % (ROOM // MB), peaks)
    tap.ok(peaks[9] - peaks[6] < 4, "no more at all once the cache is full",
           peaks)
few, many = item_of(d, "few"), item_of(d, "many")
tap.is_(len(d.jmctl.list()), 2, "they are one item")
seqs = {few: seqs_of(d, few), many: seqs_of(d, many)}
for how in ("", " without a daemon"):
    if how:
        tap.is_(d.stop(), 0, "the daemon stops with status 0")
    memory = {}
    for name, item, count in (("few", few, EACH), ("many", many, REPORTS * EACH)):
        memory[name] = shows(d, item, name, seqs[item], how)
        memory[name].update(finds(d, item, name, count, how))
    flat(memory["few"], memory["many"], how)
tap.is_(d.complaints(), [], "the daemon complains of nothing")
sys.exit(tap.done())
