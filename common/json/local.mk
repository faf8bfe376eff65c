# SPDX-License-Identifier: BSD-2-Clause
common_libjm_a_SOURCES += \
	common/json/read.c common/json/read.h \
	common/json/value.c common/json/value.h \
	common/json/write.c common/json/write.h
