#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""As t/system/hang.t, by the real clock; and with a message that is being received."""
import os
import signal
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
import hanging
import milter
import tap


def closing():
    h = hanging.Hanging("real time")
    h.more()
    begun = time.monotonic()
    h.ends(r"\w+", hanging.WRITER, later=False)
    took = time.monotonic() - begun
    tap.ok(hanging.END_S <= took < 90, "within TimeoutStopSec of the unit", "%.1f s" % took)
    h.right()


def receiving():
    """A message hangs before it is acknowledged: the stop waits 30 seconds for it."""
    h, kinds = hanging.Hanging("a message"), []

    def send():
        try:
            kinds.append(hanging.deliver(h.d, "hangs"))
        except (milter.Closed, OSError):
            pass
    h.make("HANG_WHILE")
    threading.Thread(target=send, daemon=True).start()
    h.met()
    begun = time.monotonic()
    h.d.program.signal(signal.SIGTERM)
    tap.is_(h.d.program.wait(), 0, "a message: the stop does not wait for it for ever")
    took = time.monotonic() - begun
    tap.ok(took < hanging.END_S, "a message: within its time", "%.1f s" % took)
    tap.ok("stop-unfinished" in h.d.log(), "a message: the log says so")
    tap.is_(kinds, [], "a message: it was not acknowledged")
    os.unlink(h.files["HANG_WHILE"])
    h.right()


closing()
receiving()
sys.exit(tap.done())
