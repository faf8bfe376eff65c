# SPDX-License-Identifier: BSD-2-Clause
# "make bench" measures the daemon beside a program on libmilter that does nothing, in the same run;
# see t/bench/bench.py.
EXTRA_PROGRAMS += t/bench/milter-load t/bench/noop-milter t/bench/archive_bench t/bench/match_bench
t_bench_milter_load_SOURCES = t/bench/load.h t/bench/load_main.c t/bench/load_message.c \
	t/bench/load_session.c t/bench/load_wire.c
t_bench_noop_milter_SOURCES = t/bench/noop-milter.c
t_bench_noop_milter_LDADD = $(MILTER_LIBS)
t_bench_archive_bench_SOURCES = t/bench/archive_bench.c $(ARCHIVE_TEST_LIB)
t_bench_archive_bench_LDADD = $(UNIT_LIBS)
t_bench_match_bench_SOURCES = t/bench/match_bench.c $(ARCHIVE_TEST_LIB)
t_bench_match_bench_LDADD = $(UNIT_LIBS)
TEST_TOOLS += t/bench/milter-load t/bench/noop-milter t/bench/archive_bench t/bench/match_bench
EXTRA_DIST += t/bench/bench.py t/bench/mta.py

bench: $(bin_PROGRAMS) $(sbin_PROGRAMS) $(TEST_TOOLS)
	$(TEST_ENV) $(srcdir)/t/bench/bench.py $(BENCH_FLAGS)
	$(MAKE) bench-pop3
.PHONY: bench
