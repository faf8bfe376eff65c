#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""
Damaged pages of the catalog, before the start and while the daemon runs: it is made anew from the
volumes, answers are right, a message is taken, a stop works in its time. t/slow/pages.t has every
page and every kind of damage.
"""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
import pages
import run
import tap

home = tap.folder()
original = pages.make(home + "/original", 40)
case = pages.Case(original, home + "/whole")
case.d.start()
right = pages.answers(case.d)
case.d.stop()
roots = pages.roots(original)
leaf = max(pages.types(original))

for kind, number in (("garbage", 0), ("garbage", roots[3]), ("zeros", roots[5]), ("copy", roots[1]),
                     ("copy", leaf), ("torn", roots[3]), ("cut", leaf - 2)):
    case = pages.Case(original, home + "/case")
    pages.damage(case.d.archive, kind, number)
    name = "%s in page %d of %d" % (kind, number, leaf + 1)
    tap.is_(case.check(right, kind), [], name + ": all is right")
    tap.is_(case.outcome(), "made anew", name + ": the catalog is made anew")

# Roots and meta pages at once, each with another kind, so that every one was damaged here.
case = pages.Case(original, home + "/case")
for i, number in enumerate(roots):
    pages.damage(case.d.archive, ("garbage", "zeros", "copy", "torn")[i % 4], number)
tap.is_(case.check(right, "roots"), [], "all roots and meta pages: all is right")


def everything(d):
    """All pages, under the running daemon, whose cache has no leaves of the items yet."""
    for n in range(1, leaf + 1):
        pages.damage(d.archive, "garbage", n)
    pages.answers(d)
    pages.deliver(d, b"Subject: x\r\n\r\nx\r\n")
    run.until(lambda: "catalog-works-again" in d.log() or d.jmctl.status()["state"] == "ok",
              "the state is ok again")


case = pages.Case(original, home + "/case")
tap.is_([w for w in case.check(dict(right), "running", everything) if w not in right], [],
        "damage while it runs: messages are taken, and a stop works")
tap.is_(case.d.jmctl.verify()[0], 0, "damage while it runs: verify finds nothing wrong afterwards")

for name in ("log.0000000001", "__db.001"):
    case = pages.Case(original, home + "/case")
    with open(os.path.join(case.d.archive, "catalog", name), "wb") as f:
        f.write(os.urandom(30000))
    tap.is_(case.check(right, name), [], "garbage as %s: all is right" % name)
sys.exit(tap.done())
