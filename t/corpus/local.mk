# The messages and their results; journal/README.md has the rules. New files of a folder are
# included automatically.
EXTRA_DIST += t/corpus/journal t/corpus/real t/lib/oracle.py t/lib/oracle_addresses.py \
	t/lib/oracle_token.py t/lib/oracle_levels.py
SYSTEM_TESTS += t/system/unwrap-verb.t t/system/unwrap-odd.t
EXTRA_DIST += t/system/unwrap-verb.t t/system/unwrap-odd.t t/lib/odd.py
# An archive of each format version, which later versions must read; corpus/make-archive makes one.
EXTRA_PROGRAMS += t/lib/every_record
TEST_TOOLS += t/lib/every_record
t_lib_every_record_SOURCES = t/lib/every_record.c t/lib/deposit.c t/lib/deposit.h
t_lib_every_record_LDADD = $(UNIT_LIBS)
EXTRA_DIST += t/corpus/archive-1 t/corpus/make-archive t/lib/golden.py t/system/golden.t
SYSTEM_TESTS += t/system/golden.t
