# Unit tests are programs t/unit/NAME.t, linked with the library. Each .mk file in t/unit/ lists
# those of a module.
UNIT_LIBS = t/lib/libtap.a $(COMMON_LIBS)
noinst_LIBRARIES += t/lib/libtap.a
t_lib_libtap_a_SOURCES = t/lib/tap.c t/lib/tap.h
include t/unit/base.mk
include t/unit/mail.mk
include t/unit/journal.mk
include t/unit/settings.mk
include t/unit/archive.mk
include t/unit/service.mk
include t/unit/publish.mk
include t/unit/control.mk
include t/unit/ctl.mk
include t/unit/fail.mk
include t/unit/daemon.mk
include t/unit/pop3.mk
# The longest tests come first, so that no processor is idle at the end.
include t/system/jmctl.mk
include t/system/setup.mk
include t/system/pop3.mk
include t/corpus/local.mk
include t/system/queue.mk
include t/system/local.mk
include t/system/publish.mk
include t/slow/local.mk
include t/style/local.mk
include t/bench/local.mk
include t/fuzz/local.mk

# Unit tests run from the build folder, all others from the source folder; JM_SRCDIR and JM_BUILDDIR
# are the two. JM_SANITIZER is empty unless the programs are built with one, which needs memory.
# JM_STATS_DB is no when they are built without stats.db.
TEST_ENV = JM_SRCDIR='$(abs_top_srcdir)' JM_BUILDDIR='$(abs_top_builddir)' \
	JM_SANITIZER='$(SANITIZER)' JM_STATS_DB='$(STATS_DB_WORD)' PYTHONDONTWRITEBYTECODE=1
# UNIT_ONLY=1 runs the unit tests only (make distcheck UNIT_ONLY=1).
PROGRAMS_UNDER_TEST = $(bin_PROGRAMS) $(sbin_PROGRAMS) $(pkglibexec_PROGRAMS) \
	$(noinst_PROGRAMS) $(TEST_TOOLS)
# Tests of style come last, as they are the shortest.
check-local: $(UNIT_TESTS) $(PROGRAMS_UNDER_TEST)
	tests='$(SYSTEM_TESTS:%=$(srcdir)/%)'; test -z '$(UNIT_ONLY)' || tests=; \
	$(TEST_ENV) $(PROVE) $(PROVE_FLAGS) $(UNIT_TESTS) $$tests
check-unit: $(UNIT_TESTS)
	$(TEST_ENV) $(PROVE) $(PROVE_FLAGS) $(UNIT_TESTS)
check-system: $(PROGRAMS_UNDER_TEST)
	$(TEST_ENV) $(PROVE) $(PROVE_FLAGS) $(SYSTEM_TESTS:%=$(srcdir)/%)
check-slow: $(PROGRAMS_UNDER_TEST)
	$(TEST_ENV) $(PROVE) $(PROVE_FLAGS) $(SLOW_TESTS:%=$(srcdir)/%)
# Hours: a soak of 10 minutes, 200 restarts, each fuzz target for as long as FUZZ_SECONDS says.
check-long: $(PROGRAMS_UNDER_TEST)
	JM_SOAK_S=600 JM_RESTARTS=100 JM_KILLS=300 JM_PAGES=all JM_RECIPIENTS=1000000 \
		JM_ITEMS=100000 JM_CRASH_POINTS=400 JM_FAULT_POINTS=12 JM_READONLY=20 \
		$(MAKE) check-slow
	$(MAKE) fuzz FUZZ_SECONDS=$${FUZZ_SECONDS:-3600}
test-programs: $(UNIT_TESTS) $(PROGRAMS_UNDER_TEST)
# The lines and branches of common/ that the unit tests execute, or all tests:
# make coverage COVERAGE_CHECK=check. It needs gcc, and builds in a folder of its own. A program
# that is killed, or that may not write there as the user that it became, leaves no figures.
COVERAGE_CHECK = check-unit
COVERAGE_BUILD = $(abs_top_srcdir)/build-check/coverage
coverage:
	$(MKDIR_P) '$(COVERAGE_BUILD)'
	cd '$(COVERAGE_BUILD)' && { test -e Makefile || '$(abs_top_srcdir)/configure' -q \
		CFLAGS='-O0 -g --coverage'; } && find . -name '*.gcda' -delete && \
		$(MAKE) all test-programs && \
		{ $(MAKE) $(COVERAGE_CHECK) || echo 'make coverage: not all tests passed'; }
	$(abs_top_srcdir)/contrib/coverage '$(COVERAGE_BUILD)'
.PHONY: coverage
# The flags with which any compiler reads any source: without warnings and hardening.
PLAIN_CFLAGS = $(DEFS) -I. $(AM_CPPFLAGS) -std=gnu11 -pthread $(XML_CFLAGS) $(CRYPTO_CFLAGS) \
	$(ZSTD_CFLAGS) $(JANSSON_CFLAGS) $(IDN2_CFLAGS) $(ICU_CFLAGS) $(CURL_CFLAGS) \
	$(MICROHTTPD_CFLAGS)
# Static analysis of common/ and milter/: make analyze, or make analyze ANALYZE_TOOLS=cppcheck. It
# needs gcc 12, and reads the build folder's flags only.
ANALYZE_TOOLS =
ANALYZE_JOBS = 2
ANALYZE_CC = gcc
analyze:
	SRCDIR='$(abs_top_srcdir)' JOBS='$(ANALYZE_JOBS)' ANALYZE_CC='$(ANALYZE_CC)' \
	CFLAGS='$(subst ','\'',$(PLAIN_CFLAGS))' $(srcdir)/contrib/analyze $(ANALYZE_TOOLS)
.PHONY: analyze
.PHONY: check-unit check-system check-slow check-long test-programs
CLEANFILES += $(EXTRA_PROGRAMS)
