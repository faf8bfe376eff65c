# SPDX-License-Identifier: BSD-2-Clause
common_libjm_a_SOURCES += common/query/query.h \
	common/query/archive_status.c common/query/archive_status.h \
	common/query/aside.c common/query/aside.h \
	common/query/bcc.c common/query/bcc.h \
	common/query/domains.c common/query/domains.h \
	common/query/event_list.c common/query/event_list.h \
	common/query/follow.c common/query/follow.h \
	common/query/gather.c common/query/gather.h \
	common/query/item.c common/query/item.h \
	common/query/item_bytes.c common/query/item_bytes.h \
	common/query/mark_list.c common/query/mark_list.h \
	common/query/matcher.c common/query/matcher.h \
	common/query/names.c common/query/names.h \
	common/query/recent.c common/query/recent.h \
	common/query/reports.c common/query/reports.h \
	common/query/search.c common/query/search.h \
	common/query/waiting.c common/query/waiting.h
