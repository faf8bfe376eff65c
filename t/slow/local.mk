# SPDX-License-Identifier: BSD-2-Clause
SLOW_TESTS += t/slow/memory.t
EXTRA_DIST += t/slow/memory.t
