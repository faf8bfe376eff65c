# SPDX-License-Identifier: BSD-2-Clause
EXTRA_PROGRAMS += t/lib/pop3_pull
TEST_TOOLS += t/lib/pop3_pull
t_lib_pop3_pull_SOURCES = t/lib/pop3_pull.c
t_lib_pop3_pull_LDADD = $(COMMON_LIBS)
SYSTEM_TESTS += t/system/pop3_connect.t t/system/pop3_faults.t t/system/pop3_collect.t \
	t/system/pop3_daemon.t t/system/pop3_test.t t/system/pop3_minutes.t \
	t/system/pop3_status.t
EXTRA_DIST += t/lib/dovecot.py t/lib/pop3.py t/lib/pop3_quirks.py
SLOW_TESTS += t/slow/pop3_kill.t t/slow/pop3_memory.t
EXTRA_DIST += t/system/pop3_connect.t t/system/pop3_faults.t t/system/pop3_collect.t \
	t/system/pop3_daemon.t t/system/pop3_test.t t/system/pop3_minutes.t \
	t/system/pop3_status.t t/slow/pop3_kill.t \
	t/slow/pop3_memory.t

# Fetching compared with mpop, with a round-trip time, and from a large mailbox; the last part of
# "make bench".
bench-pop3: $(sbin_PROGRAMS) $(bin_PROGRAMS) t/lib/pop3_pull
	$(TEST_ENV) $(srcdir)/t/bench/pop3.py $(BENCH_POP3_FLAGS)
.PHONY: bench-pop3
EXTRA_DIST += t/bench/pop3.py t/lib/delay.py
