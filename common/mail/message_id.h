/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The form in which Message-IDs are compared: what is between the angle brackets, one of which or
 * both may be missing; without white space and quotes; the domain as jm_address_form_domain()
 * writes it; encoded words decoded. The left half keeps its case. The catalog's keys have this
 * form, so a change of it raises JM_CATALOG_VERSION. Any thread.
 */
#ifndef JM_MAIL_MESSAGE_ID_H
#define JM_MAIL_MESSAGE_ID_H

#include "common/base/buf.h"
#include "common/base/err.h"
#include "common/base/span.h"

/* Put the form of a Message-ID into out, whose content is replaced; empty when nothing is in it.
 * LIMIT past the cap of out, TEMP. */
int jm_message_id_key(struct jm_span id, struct jm_buf *out, struct jm_err *err) JM_MUST_CHECK;

/* The form of one that a person typed or copied: also with the name of its field, with quotes, as
 * a "mid:" URL, percent-encoded, or as HTML. USAGE: it is empty, or more than one. */
int jm_message_id_typed(struct jm_span typed, struct jm_buf *out, struct jm_err *err) JM_MUST_CHECK;

#endif
