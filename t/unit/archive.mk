ARCHIVE_TEST_LIB = t/lib/deposit.c t/lib/deposit.h
check_PROGRAMS += t/unit/archive_store.t
UNIT_TESTS += t/unit/archive_store.t
t_unit_archive_store_t_SOURCES = t/unit/archive_store.c $(ARCHIVE_TEST_LIB)
t_unit_archive_store_t_LDADD = $(UNIT_LIBS)
