# One call after the other fails: t/lib/failing.h.
FAIL_TEST_LIB = t/lib/failing.c t/lib/failing.h t/lib/failing_calls.c t/lib/failing_calls.h \
	t/lib/memory.h t/lib/open.h t/lib/filled.c t/lib/filled.h $(ARCHIVE_TEST_LIB)
LEAD_MEMORY = $(AM_LDFLAGS) -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc \
	-Wl,--wrap=reallocarray,--wrap=strdup,--wrap=free
check_PROGRAMS += t/unit/fail_requests.t
t_unit_fail_requests_t_SOURCES = t/unit/fail_requests.c $(FAIL_TEST_LIB)
t_unit_fail_requests_t_LDADD = $(UNIT_LIBS)
t_unit_fail_requests_t_LDFLAGS = $(LEAD_MEMORY)
check_PROGRAMS += t/unit/fail_archive.t
t_unit_fail_archive_t_SOURCES = t/unit/fail_archive.c $(FAIL_TEST_LIB)
t_unit_fail_archive_t_LDADD = $(UNIT_LIBS)
t_unit_fail_archive_t_LDFLAGS = $(LEAD_MEMORY)
check_PROGRAMS += t/unit/fail_parts.t
t_unit_fail_parts_t_SOURCES = t/unit/fail_parts.c t/unit/settings_file.h $(FAIL_TEST_LIB)
t_unit_fail_parts_t_LDADD = $(UNIT_LIBS)
t_unit_fail_parts_t_LDFLAGS = $(LEAD_MEMORY)
# The thread sanitizer calls what these tests replace before it has begun, and crashes.
if !THREAD_SANITIZER
UNIT_TESTS += t/unit/fail_requests.t t/unit/fail_archive.t t/unit/fail_parts.t
endif
