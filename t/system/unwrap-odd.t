#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""
Hundreds of odd reports: jmctl unwrap and the second opinion (t/lib/oracle.py) must say the same
about each.
"""
import json
import os
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import odd  # noqa: E402
import oracle  # noqa: E402
import oracle_levels  # noqa: E402
import tap  # noqa: E402

COUNT = int(os.environ.get("JM_ODD_COUNT", "500"))
FIRST = int(os.environ.get("JM_ODD_FIRST", "1"))
DOMAINS = [x for d in oracle.JOURNAL_DOMAINS for x in ("--journal-domain", d)]
DOMAINS += [x for a in oracle_levels.REPORT_SENDERS for x in ("--report-sender", a)]


def unwrap(data):
    r = subprocess.run([os.path.join(tap.BUILD, "milter/ctl/jmctl"), "unwrap", "--json", "--bcc",
                        *DOMAINS, "-"], input=data, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                       check=False, timeout=600)
    return json.loads(r.stdout) if r.returncode == 0 \
        else {"exit": r.returncode, "stderr": r.stderr.decode("utf-8", "replace")}


differ, kinds = [], {}
for number in range(FIRST, FIRST + COUNT):
    data = odd.Odd(number).any()
    got, want = unwrap(data), oracle.examine(data)
    kind = "%s%s%s" % (want["variant"], ", ndr" if want["ndr"] else "",
                       ", nested" if want["nesting"] > 1 else "")
    kinds[kind] = kinds.get(kind, 0) + 1
    if got != want:
        differ.append(number)
        if len(differ) <= 5:
            keys = [k for k in sorted(set(got) | set(want)) if got.get(k) != want.get(k)]
            tap.diag("message %d: %s" % (number, "; ".join("%s: got %.300r want %.300r" % (
                k, got.get(k), want.get(k)) for k in keys)))
tap.diag("met: " + ", ".join("%d %s" % (n, k) for k, n in sorted(kinds.items())))
tap.is_(differ, [], "%d odd reports are read as the second opinion reads them" % COUNT)
tap.ok(all(kinds.get(k, 0) > COUNT // 250 for k in ("exchange-2007", "exchange-2003", "plain",
                                                    "exchange-2007, nested", "exchange-2007, ndr")),
       "they are no monoculture: both families, nested and plain ones are among them", str(kinds))
sys.exit(tap.done())
