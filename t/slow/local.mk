# SPDX-License-Identifier: BSD-2-Clause
SLOW_TESTS += t/slow/memory.t t/slow/pages.t t/slow/hang.t t/slow/queue_kill.t
EXTRA_DIST += t/slow/memory.t t/slow/pages.t t/slow/hang.t t/slow/queue_kill.t
SLOW_TESTS += t/slow/archive_crash.t t/slow/verbs_fault.t t/slow/daemon_fault.t
EXTRA_DIST += t/slow/archive_crash.t t/slow/verbs_fault.t t/slow/daemon_fault.t
EXTRA_PROGRAMS += t/slow/archive_crash
TEST_TOOLS += t/slow/archive_crash
t_slow_archive_crash_SOURCES = t/slow/archive_crash.c t/lib/crashdisk.c t/lib/crashdisk.h \
	t/lib/open.h $(ARCHIVE_TEST_LIB)
t_slow_archive_crash_LDADD = $(UNIT_LIBS)
t_slow_archive_crash_LDFLAGS = $(AM_LDFLAGS) -rdynamic
SLOW_TESTS += t/slow/systemd.t
EXTRA_DIST += t/slow/systemd.t t/lib/machine.py t/lib/debian.py
# scripts and their many calls of the MTA's programs: sanitizers would find nothing
SLOW_TESTS += t/slow/postfix_apply.t t/slow/sendmail_apply.t t/slow/doctor-cures.t
EXTRA_DIST += t/slow/postfix_apply.t t/slow/sendmail_apply.t t/slow/doctor-cures.t
# Soak, restarts, recipients, items and read-only disks: fewer in check-slow, many in check-long.
SLOW_TESTS += t/slow/load.t t/slow/restarts.t t/slow/recipients.t t/slow/readonly.t t/slow/items.t
EXTRA_DIST += t/slow/load.t t/slow/restarts.t t/slow/recipients.t t/slow/readonly.t \
	t/slow/items.t t/lib/peaks.py
