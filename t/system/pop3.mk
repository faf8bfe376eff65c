# SPDX-License-Identifier: BSD-2-Clause
EXTRA_PROGRAMS += t/lib/pop3_pull
TEST_TOOLS += t/lib/pop3_pull
t_lib_pop3_pull_SOURCES = t/lib/pop3_pull.c
t_lib_pop3_pull_LDADD = $(COMMON_LIBS)
SYSTEM_TESTS += t/system/pop3_connect.t t/system/pop3_faults.t t/system/pop3_collect.t t/system/pop3_test.t
EXTRA_DIST += t/lib/dovecot.py t/lib/pop3.py t/lib/pop3_quirks.py
SLOW_TESTS += t/slow/pop3_kill.t
EXTRA_DIST += t/system/pop3_connect.t t/system/pop3_faults.t t/system/pop3_collect.t t/system/pop3_test.t t/slow/pop3_kill.t
