#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""
A thread that hangs in the catalog for ever: SIGTERM ends the daemon within its time, with a line
that says what hangs; nothing acknowledged is lost. The clock goes ahead here; t/slow/hang.t waits.
"""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
import hanging
import tap


def reader():
    h = hanging.Hanging("a reader")
    h.make("HANG_WHILE")
    h.ask()
    h.met()
    h.ends("(mailboxes|control)", "control")
    h.right()


def closing():
    h = hanging.Hanging("the end")
    h.more()
    h.ends(r"\w+", hanging.WRITER)
    h.right()


def starting():
    h = hanging.Hanging("the start", start=False)
    h.make("HANG_WHILE")
    h.start_only()
    h.met()
    h.ends("the start", "reading the archive")
    h.right()


reader()
closing()
starting()
sys.exit(tap.done())
