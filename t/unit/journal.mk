t_lib_libtap_a_SOURCES += t/lib/journaled.c t/lib/journaled.h
check_PROGRAMS += t/unit/journal_corpus.t t/unit/journal_hostile.t t/unit/journal_report.t \
	t/unit/journal_cases.t t/unit/journal_cost.t
UNIT_TESTS += t/unit/journal_corpus.t t/unit/journal_hostile.t t/unit/journal_report.t \
	t/unit/journal_cases.t t/unit/journal_cost.t
t_unit_journal_corpus_t_SOURCES = t/unit/journal_corpus.c
t_unit_journal_corpus_t_LDADD = $(UNIT_LIBS)
t_unit_journal_hostile_t_SOURCES = t/unit/journal_hostile.c
t_unit_journal_hostile_t_LDADD = $(UNIT_LIBS)
t_unit_journal_report_t_SOURCES = t/unit/journal_report.c
t_unit_journal_report_t_LDADD = $(UNIT_LIBS)
t_unit_journal_cases_t_SOURCES = t/unit/journal_cases.c
t_unit_journal_cases_t_LDADD = $(UNIT_LIBS)
t_unit_journal_cost_t_SOURCES = t/unit/journal_cost.c
t_unit_journal_cost_t_LDADD = $(UNIT_LIBS)
check_PROGRAMS += t/unit/journal_original.t
UNIT_TESTS += t/unit/journal_original.t
t_unit_journal_original_t_SOURCES = t/unit/journal_original.c
t_unit_journal_original_t_LDADD = $(UNIT_LIBS)
