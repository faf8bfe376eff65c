/* SPDX-License-Identifier: BSD-2-Clause */
/* The tables of the catalog. common/archive/SCHEMA.md has their rows. */
#ifndef JM_CATALOG_LAYOUT_H
#define JM_CATALOG_LAYOUT_H

enum jm_table {
	JM_T_META,
	JM_T_ITEMS,
	JM_T_REPORTS,
	JM_T_ITEM_REPORTS,
	JM_T_ITEM_CONTENTS,
	JM_T_BY_MESSAGE_ID,
	JM_T_BY_ADDRESS,
	JM_T_BY_DATE,
	JM_T_BY_KEY,
	JM_T_SET_ASIDE,
	JM_T_EVENTS,
	JM_T_COUNTERS,
	JM_T_SERVICES,
	JM_T_QUEUE,
	JM_T_POP3,
	JM_TABLES
};

/* The name of a table. Static storage. */
const char *jm_layout_table(enum jm_table t);

#endif
