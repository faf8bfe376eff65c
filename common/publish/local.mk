# SPDX-License-Identifier: BSD-2-Clause
common_libjm_a_SOURCES += \
	common/publish/figure.c common/publish/figure.h \
	common/publish/metrics.c common/publish/metrics.h \
	common/publish/publish.c common/publish/publish.h \
	common/publish/statsdb.c common/publish/statsdb.h
