# Fuzz targets. make check runs the corpus through them; make fuzz searches with each for
# FUZZ_SECONDS (clang with libFuzzer).
check_PROGRAMS += t/unit/fuzz_unwrap.t t/unit/fuzz_parsers.t
UNIT_TESTS += t/unit/fuzz_unwrap.t t/unit/fuzz_parsers.t
t_unit_fuzz_unwrap_t_SOURCES = t/fuzz/unwrap.c t/fuzz/driver.c t/fuzz/fuzz.h
t_unit_fuzz_unwrap_t_LDADD = $(UNIT_LIBS)
t_unit_fuzz_parsers_t_SOURCES = t/fuzz/parsers.c t/fuzz/driver.c t/fuzz/fuzz.h
t_unit_fuzz_parsers_t_LDADD = $(UNIT_LIBS)

FUZZ_SECONDS = 30
FUZZ_FLAGS = -g -O1 -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=undefined
FUZZ_FILES = t/lib/journaled.c common/base/*.c common/mail/*.c common/journal/*.c \
	common/settings/*.c common/pop3/session.c common/pop3/listing.c \
	common/pop3/transfer.c common/pop3/dot.c common/control/frame.c \
	$(abs_top_builddir)/common/settings/schema_text.c
fuzz: common/settings/schema_text.c
	for f in unwrap parsers; do \
		mkdir -p t/fuzz/found-$$f && \
		(cd $(srcdir) && clang $(FUZZ_FLAGS) $(DEFS) $(AM_CPPFLAGS) \
			$(XML_CFLAGS) -I. -std=gnu11 \
			-o $(abs_top_builddir)/t/fuzz/$$f t/fuzz/$$f.c $(FUZZ_FILES) \
			$(XML_LIBS) $(CRYPTO_LIBS) $(JANSSON_LIBS) $(IDN2_LIBS) $(ICU_LIBS)) && \
		JM_SRCDIR=$(abs_top_srcdir) t/fuzz/$$f -max_total_time=$(FUZZ_SECONDS) \
			-max_len=16384 -print_final_stats=1 t/fuzz/found-$$f \
			$(srcdir)/t/corpus/journal $(srcdir)/t/corpus/real || exit 1; \
	done
.PHONY: fuzz
