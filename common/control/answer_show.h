/* SPDX-License-Identifier: BSD-2-Clause */
/* Answering the verb "show": an item, with lists of any length. */
#ifndef JM_CONTROL_ANSWER_SHOW_H
#define JM_CONTROL_ANSWER_SHOW_H

#include "common/control/answer.h"

/*
 * Show item id: to out->object the item with the first rows of its lists, to out->rows the other
 * rows. CORRUPT also after all of it was shown, when a record is damaged. NOTFOUND, TEMP. Any
 * thread.
 */
int jm_show_item(struct jm_archive *a, uint64_t id, bool bcc, const struct jm_answer_out *out,
    struct jm_err *err) JM_MUST_CHECK;

#endif
