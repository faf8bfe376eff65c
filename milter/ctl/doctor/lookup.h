/* SPDX-License-Identifier: BSD-2-Clause */
/* Looking keys up in the tables of Postfix, by postmap(1). */
#ifndef JM_MILTER_CTL_DOCTOR_LOOKUP_H
#define JM_MILTER_CTL_DOCTOR_LOOKUP_H

#include "milter/ctl/doctor/finding.h"

#define JM_TABLE_ANSWER_BYTES 4096

/*
 * Look a key up. True when the table has it, with the answer without its line end in out, whose
 * content is replaced. A table that cannot be read is a finding.
 */
bool jm_doctor_look_up(
    struct jm_doctor *d, struct jm_span table, const char *key, struct jm_buf *out);

/*
 * Look up keys, a line each, and write "KEY<tab>ANSWER" lines into out, whose content is replaced,
 * of those that the table has. A table that cannot be read is a finding.
 */
void jm_doctor_look_up_all(
    struct jm_doctor *d, struct jm_span table, struct jm_span keys, struct jm_buf *out);

/* Is this word of a list a table ("hash:/x", "inline:{...}"), not a name or an address? */
bool jm_doctor_is_table(struct jm_span word);

#endif
