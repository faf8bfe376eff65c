# Fuzz targets. make check runs the corpus through them; make fuzz searches (clang with libFuzzer), FUZZ_SECONDS long.
check_PROGRAMS += t/unit/fuzz_unwrap.t
UNIT_TESTS += t/unit/fuzz_unwrap.t
t_unit_fuzz_unwrap_t_SOURCES = t/fuzz/unwrap.c t/fuzz/driver.c
t_unit_fuzz_unwrap_t_LDADD = $(UNIT_LIBS)

FUZZ_SECONDS = 30
FUZZ_FILES = t/fuzz/unwrap.c t/lib/journaled.c common/base/arena.c common/base/buf.c common/base/digest.c common/base/err.c \
	common/base/io.c common/base/num.c common/base/span.c common/mail/*.c common/journal/*.c
fuzz:
	mkdir -p t/fuzz/found
	cd $(srcdir) && clang -g -O1 -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=undefined $(DEFS) $(AM_CPPFLAGS) -I. -std=gnu11 \
		-o $(abs_top_builddir)/t/fuzz/unwrap $(FUZZ_FILES) $(CRYPTO_LIBS) $(IDN2_LIBS)
	JM_SRCDIR=$(abs_top_srcdir) t/fuzz/unwrap -max_total_time=$(FUZZ_SECONDS) -max_len=16384 -print_final_stats=1 \
		t/fuzz/found $(srcdir)/t/corpus/journal $(srcdir)/t/corpus/real
.PHONY: fuzz
