/* SPDX-License-Identifier: BSD-2-Clause */
/* Help for tests of the archive: open, deposit a message as the milter would, read things back. */
#ifndef JM_T_LIB_DEPOSIT_H
#define JM_T_LIB_DEPOSIT_H

#include "common/archive/deposit.h"
#include "common/base/buf.h"
#include "common/query/item_bytes.h"
#include "common/query/search.h"

/* Open; on failure prints why and returns NULL. volume_size_bytes 0: the default. */
struct jm_archive *t_open(const char *dir, uint64_t volume_size_bytes);

/* Unwrap as the corpus assumes and deposit. set_aside may be NULL. Fills err. */
int t_deposit(struct jm_archive *a, struct jm_span received, const char *service,
    const char *set_aside, struct jm_receipt *r, struct jm_err *err);

/* Export into b (its cap is the caller's). */
int t_export(struct jm_archive *a, uint64_t id, enum jm_export_part what, unsigned which,
    struct jm_buf *b, struct jm_err *err);

/* An item with all its lists in one object, which the caller owns; without bcc, without Bcc
 * recipients. */
int t_show(struct jm_archive *a, uint64_t id, bool bcc, json_t **item_r, struct jm_err *err);

/* The list as text, one row a line; false on an error. */
bool t_list(struct jm_archive *a, const struct jm_archive_filter *f, struct jm_buf *b);

/* How many rows t_list() gives; 9999 on an error. */
size_t t_rows(struct jm_archive *a, const struct jm_archive_filter *f, struct jm_buf *b);

/* Problems that verify finds, -1 on an error; the first is put into problem (may be NULL). */
long long t_verify(struct jm_archive *a, char problem[200]);

/* A journal report of Exchange's kind around inner, for the given recipient line ("To: a@x"); b is
 * replaced. */
void t_report(struct jm_buf *b, const char *report_id, const char *sender, const char *recipients,
    struct jm_span inner, bool base64);

/* An ordinary message; n bytes of pseudo-random words from seed in the body. message_id may be
 * NULL: none. */
void t_message(
    struct jm_buf *b, const char *message_id, const char *subject, unsigned seed, size_t n);

/* A whole file; ends the test when it cannot be read. */
void t_read(const char *path, struct jm_buf *b);

#endif
