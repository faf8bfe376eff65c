#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""
Every page of a catalog with rows in every table, with a kind of damage, or with each kind
(JM_PAGES=all); prints how often the catalog was made anew and how often the page was not needed.
"""
import collections
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
import pages
import tap

home = tap.folder()
original = pages.make(home + "/original", 60)
case = pages.Case(original, home + "/whole")
case.d.start()
right = pages.answers(case.d)
case.d.stop()
outcomes = collections.Counter()
for shift, kind in enumerate(pages.DAMAGE):
    for number in pages.types(original):
        if os.environ.get("JM_PAGES") != "all" and number % len(pages.DAMAGE) != shift:
            continue
        case = pages.Case(original, home + "/case")
        pages.damage(case.d.archive, kind, number)
        wrong = case.check(right, "%s-%d" % (kind, number))
        tap.is_(wrong, [], "%s in page %d: all is right (%s, stopped in %.1f s)"
                % (kind, number, case.outcome(), case.stopped_s))
        outcomes[kind, "wrong" if wrong else case.outcome()] += 1
for (kind, outcome), n in sorted(outcomes.items()):
    tap.diag("%-8s %-10s %4d" % (kind, outcome, n))
sys.exit(tap.done())
