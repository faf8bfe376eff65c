# SPDX-License-Identifier: BSD-2-Clause
common_libjm_a_SOURCES += \
	common/catalog/apply.c common/catalog/apply.h common/catalog/apply_types.h \
	common/catalog/apply_change.c common/catalog/apply_change.h \
	common/catalog/apply_domain.c common/catalog/apply_domain.h \
	common/catalog/apply_marks.c common/catalog/apply_marks.h \
	common/catalog/apply_note.c common/catalog/apply_note.h \
	common/catalog/apply_report.c common/catalog/apply_report.h \
	common/catalog/apply_tally.c common/catalog/apply_tally.h \
	common/catalog/applying.c common/catalog/applying.h \
	common/catalog/catalog.c common/catalog/catalog.h \
	common/catalog/count.c common/catalog/count.h \
	common/catalog/keys.c common/catalog/keys.h \
	common/catalog/layout.c common/catalog/layout.h \
	common/catalog/page_file.c common/catalog/page_file.h \
	common/catalog/position.c common/catalog/position.h \
	common/catalog/queue_row.c common/catalog/queue_row.h \
	common/catalog/reason.c common/catalog/reason.h \
	common/catalog/row.c common/catalog/row.h
