# SPDX-License-Identifier: BSD-2-Clause
common_libjm_a_SOURCES += \
	common/view/html_text.c common/view/html_text.h \
	common/view/preview.c common/view/preview.h
