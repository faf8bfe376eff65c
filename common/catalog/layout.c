/* SPDX-License-Identifier: BSD-2-Clause */
/* The names of the catalog's tables. */
#include "common/catalog/layout.h"

static const char *const names[JM_TABLES] = {
	[JM_T_META] = "meta",
	[JM_T_ITEMS] = "items",
	[JM_T_REPORTS] = "reports",
	[JM_T_ITEM_REPORTS] = "item-reports",
	[JM_T_ITEM_CONTENTS] = "item-contents",
	[JM_T_BY_MESSAGE_ID] = "by-message-id",
	[JM_T_BY_ADDRESS] = "by-address",
	[JM_T_BY_DATE] = "by-date",
	[JM_T_BY_KEY] = "by-key",
	[JM_T_SET_ASIDE] = "set-aside",
	[JM_T_EVENTS] = "events",
	[JM_T_COUNTERS] = "counters",
	[JM_T_SERVICES] = "services",
	[JM_T_QUEUE] = "queue",
	[JM_T_POP3] = "pop3",
};

const char *jm_layout_table(enum jm_table t)
{
	return names[t];
}
