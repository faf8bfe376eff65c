# SPDX-License-Identifier: BSD-2-Clause
# Fuzz targets (t/fuzz/fuzz.h). make check runs the saved inputs through them. make fuzz searches
# with each target for FUZZ_SECONDS, FUZZ_JOBS at a time, and prints a table; it needs clang with
# libFuzzer. FUZZ_TARGETS='word date' are those only. With FUZZ_SEED, the search is the same each
# time; 0 is another one each time. t/fuzz/found gets the inputs that fail.
FUZZ_SOURCES = t/fuzz/target.c t/fuzz/mail.c t/fuzz/journal.c t/fuzz/store.c t/fuzz/peer.c \
	t/fuzz/files.c t/fuzz/mbox.c t/fuzz/shown.c
FUZZ_WEB = milter/web/chart.c milter/web/host.c milter/web/html.c milter/web/look.c \
	milter/web/page.c milter/web/published.c milter/web/serve.c milter/web/style.c \
	milter/web/verdict.c
FUZZ_CTL = milter/ctl/cli/dns.c milter/ctl/cli/endpoints.c milter/ctl/cli/print.c \
	milter/ctl/cli/quote.c milter/ctl/doctor/postfix_conf.c milter/ctl/doctor/sendmail_conf.c \
	milter/ctl/files/mail_line.c milter/ctl/files/mbox.c milter/ctl/files/mbox_quote.c \
	milter/ctl/files/source.c
check_PROGRAMS += t/unit/fuzz.t
UNIT_TESTS += t/unit/fuzz.t
t_unit_fuzz_t_SOURCES = t/fuzz/driver.c $(FUZZ_SOURCES) t/fuzz/fuzz.h $(FUZZ_WEB) $(FUZZ_CTL)
t_unit_fuzz_t_CFLAGS = $(AM_CFLAGS) $(MICROHTTPD_CFLAGS)
t_unit_fuzz_t_LDADD = $(UNIT_LIBS) $(MICROHTTPD_LIBS) -lresolv
dist_noinst_SCRIPTS += t/fuzz/run
EXTRA_DIST += t/fuzz/seeds t/fuzz/lsan.supp

FUZZ_SECONDS = 30
FUZZ_SEED = 0
FUZZ_JOBS = 2
FUZZ_TARGETS =
FUZZ_CC = clang
fuzz: common/settings/schema_text.c
	$(MKDIR_P) t/fuzz
	SRCDIR='$(abs_top_srcdir)' CC='$(FUZZ_CC)' JOBS='$(FUZZ_JOBS)' EACH='$(FUZZ_SECONDS)' \
	SEED='$(FUZZ_SEED)' \
	CFLAGS='$(subst ','\'',$(PLAIN_CFLAGS))' \
	LIBS='$(COMMON_LIBS:common/libjm.a=) $(MICROHTTPD_LIBS) -lresolv' \
	SOURCES='$(FUZZ_SOURCES) $(FUZZ_WEB) $(FUZZ_CTL) t/lib/journaled.c' \
	LIBRARY='$(common_libjm_a_SOURCES)' \
	$(srcdir)/t/fuzz/run $(FUZZ_TARGETS)
.PHONY: fuzz
