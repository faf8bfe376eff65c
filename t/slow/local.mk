# SPDX-License-Identifier: BSD-2-Clause
SLOW_TESTS += t/slow/memory.t t/slow/queue_kill.t
EXTRA_DIST += t/slow/memory.t t/slow/queue_kill.t
