# SPDX-License-Identifier: BSD-2-Clause
common_libjm_a_SOURCES += common/view/html.c common/view/html.h common/view/preview.c common/view/preview.h
