# Unit tests are programs t/unit/NAME.t, linked with the library; each module's list is in t/unit/MODULE.mk.
UNIT_LIBS = t/lib/libtap.a $(COMMON_LIBS)
noinst_LIBRARIES += t/lib/libtap.a
t_lib_libtap_a_SOURCES = t/lib/tap.c t/lib/tap.h
include t/unit/base.mk
include t/unit/mail.mk
include t/unit/journal.mk
include t/unit/settings.mk
include t/unit/archive.mk
include t/unit/service.mk
include t/unit/control.mk
include t/unit/pop3.mk
include t/system/local.mk
include t/slow/local.mk
include t/style/local.mk
include t/bench/local.mk
include t/fuzz/local.mk
include t/corpus/local.mk

# Unit tests run from the build folder, everything else from the source folder; JM_SRCDIR and JM_BUILDDIR tell both.
TEST_ENV = JM_SRCDIR='$(abs_top_srcdir)' JM_BUILDDIR='$(abs_top_builddir)' PYTHONDONTWRITEBYTECODE=1
check-local: $(UNIT_TESTS) $(bin_PROGRAMS) $(sbin_PROGRAMS) $(noinst_PROGRAMS)
	$(TEST_ENV) $(PROVE) $(PROVE_FLAGS) $(UNIT_TESTS) $(SYSTEM_TESTS:%=$(srcdir)/%)
check-unit: $(UNIT_TESTS)
	$(TEST_ENV) $(PROVE) $(PROVE_FLAGS) $(UNIT_TESTS)
check-slow: $(check_PROGRAMS) $(bin_PROGRAMS) $(sbin_PROGRAMS) $(noinst_PROGRAMS)
	$(TEST_ENV) $(PROVE) $(PROVE_FLAGS) $(SLOW_TESTS:%=$(srcdir)/%)
.PHONY: check-unit check-slow
