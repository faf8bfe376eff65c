/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The reason why a report is set aside, as its metadata has it. The public reason names no Bcc
 * recipient. The whole reason also names the address that it is about.
 */
#ifndef JM_CATALOG_REASON_H
#define JM_CATALOG_REASON_H

#include <jansson.h>

/*
 * The public reason of a report's metadata, a new value. Older records have
 * the address in the reason: it is cut out, unless the report names it as its sender, To or Cc.
 * JSON null: the report is not set aside. NULL without memory.
 */
json_t *jm_reason_public(const json_t *meta);

/* The whole reason, in the same form. To be shown only to those who ask for Bcc recipients. */
json_t *jm_reason_whole(const json_t *meta);

#endif
