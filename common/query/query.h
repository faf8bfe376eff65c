/* SPDX-License-Identifier: BSD-2-Clause */
/* Includes the headers of common/query, for callers that use many of them. */
#ifndef JM_QUERY_QUERY_H
#define JM_QUERY_QUERY_H

#include "common/query/archive_status.h"
#include "common/query/aside.h"
#include "common/query/bcc.h"
#include "common/query/domains.h"
#include "common/query/event_list.h"
#include "common/query/follow.h"
#include "common/query/item.h"
#include "common/query/item_bytes.h"
#include "common/query/mark_list.h"
#include "common/query/names.h"
#include "common/query/recent.h"
#include "common/query/search.h"
#include "common/query/waiting.h"

#endif
