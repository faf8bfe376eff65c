common_libjm_a_SOURCES += \
	common/journal/describe.c common/journal/describe.h \
	common/journal/entry.c common/journal/entry.h \
	common/journal/match_key.c common/journal/match_key.h \
	common/journal/original.c common/journal/original.h \
	common/journal/report.c common/journal/report.h \
	common/journal/steps.c common/journal/steps.h \
	common/journal/strip.c common/journal/strip.h \
	common/journal/unwrap.c common/journal/unwrap.h
