# SPDX-License-Identifier: BSD-2-Clause
common_libjm_a_SOURCES += \
	common/publish/figure.c common/publish/figure.h \
	common/publish/metrics.c common/publish/metrics.h \
	common/publish/publish.c common/publish/publish.h \
	common/publish/statsdb.h
if STATS_DB
common_libjm_a_SOURCES += common/publish/statsdb.c
else
common_libjm_a_SOURCES += common/publish/statsdb_none.c
endif
