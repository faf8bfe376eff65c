/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The form in which mailbox addresses are compared. These are the same: ASCII and other letters in
 * any case, composed and decomposed (NFC); a domain in U-labels and in A-labels, with and without a
 * dot at its end; a local part with and without quotes. The catalog's keys have this form
 * (common/archive/SCHEMA.md), so a change of it raises JM_CATALOG_VERSION. Any thread.
 */
#ifndef JM_MAIL_ADDRESS_FORM_H
#define JM_MAIL_ADDRESS_FORM_H

#include "common/base/buf.h"
#include "common/base/err.h"
#include "common/base/span.h"
#include "common/mail/domain.h"

/* True when the form of an address is the address with ASCII letters in lower case, as of most. */
bool jm_address_form_is_plain(struct jm_span address);

/* Put the form of an address into out, whose content is replaced. A text that is not an address has
 * one, too. LIMIT past the cap of out, TEMP. */
int jm_address_form_put(
    struct jm_span address, struct jm_buf *out, struct jm_err *err) JM_MUST_CHECK;

/* Is address the mailbox with this form? 1; 0; -1: TEMP. */
int jm_address_form_fits(
    struct jm_span address, struct jm_span key, struct jm_err *err) JM_MUST_CHECK;

/* The form of an address as a string; the caller frees it. NULL without memory. */
char *jm_address_form_name(struct jm_span address);

/* A text that a person typed or copied, without what does not belong to it: white space, visible or
 * not, and quotes around it, and a comma or semicolon after an address. */
struct jm_span jm_address_form_bare(struct jm_span typed);

/* The form of an address that a person typed or copied: also "Anna <anna@x>", "mailto:anna@x" and
 * wide letters. USAGE with a cure: it is a domain ("*@x"), not a mailbox; else as
 * jm_address_form_put(). */
int jm_address_form_typed(
    struct jm_span typed, struct jm_buf *out, struct jm_err *err) JM_MUST_CHECK;

/* As jm_domain_normalise(); a name that IDNA refuses is composed and in lower case. */
int jm_address_form_domain(struct jm_span domain, char text_r[JM_DOMAIN_BYTES]) JM_MUST_CHECK;

#endif
