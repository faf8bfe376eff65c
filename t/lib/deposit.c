/* SPDX-License-Identifier: BSD-2-Clause */
/* Opening archives, depositing messages and reading them back. See deposit.h. */
#include "t/lib/deposit.h"

#include <stdio.h>
#include <stdlib.h>

#include "common/base/clock.h"
#include "common/base/io.h"
#include "common/journal/unwrap.h"
#include "common/query/item.h"
#include "common/upkeep/verify.h"
#include "t/lib/tap.h"

static void must(int rc, const struct jm_err *err)
{
	if (rc < 0) {
		printf("Bail out! %s\n", err->text);
		exit(1);
	}
}

struct jm_archive *t_open(const char *dir, uint64_t volume_size_bytes)
{
	struct jm_archive *a = NULL;
	struct jm_err err;

	if (jm_archive_open(
		&(struct jm_archive_options){ .dir = dir, .volume_size_bytes = volume_size_bytes },
		&a, &err) < 0)
		tap_diag("open: %s", err.text);
	return a;
}

int t_deposit(struct jm_archive *a, struct jm_span received, const char *service,
    const char *set_aside, struct jm_receipt *r, struct jm_err *err)
{
	static const char *const domains[] = { "journal.example.com", "journal.contoso.com", NULL },
				 *const senders[] = { "journal-ndr@example.com", NULL };
	const char *rcpt[] = { service, NULL };
	struct jm_unwrap_options o = { .journal_domains = domains,
		.report_senders = senders,
		.remove_journal_headers = true };
	struct jm_unwrap u;
	int rc;

	if (jm_unwrap(received, &o, &u, err) < 0)
		return -1;
	rc = jm_archive_deposit(a,
	    &(struct jm_deposit){ .arrival = { .transport = "smtp",
				      .service = service,
				      .queue_id = "4ABC",
				      .client = "192.0.2.1",
				      .helo = "mail.example.com",
				      .mail_from = "",
				      .rcpt_to = rcpt,
				      .received_ms = jm_clock_now_ms() },
		.received = received,
		.unwrap = &u,
		.set_aside = set_aside },
	    r, err);
	jm_unwrap_release(&u);
	return rc;
}

static int gather(void *ctx, const void *p, size_t n, struct jm_err *err)
{
	return jm_buf_add(ctx, p, n, err);
}

int t_export(struct jm_archive *a, uint64_t id, enum jm_export_part what, unsigned which,
    struct jm_buf *b, struct jm_err *err)
{
	jm_buf_reset(b);
	return jm_archive_export(a, &(struct jm_export){ id, what, which, true }, gather, b, err);
}

static int add_row(void *ctx, const json_t *row, struct jm_err *err)
{
	char *text = json_dumps(row, JSON_COMPACT);
	int rc = text ? jm_buf_printf(ctx, err, "%s\n", text) : -1;

	free(text);
	return rc;
}

bool t_list(struct jm_archive *a, const struct jm_archive_filter *f, struct jm_buf *b)
{
	static const struct jm_archive_filter all;
	struct jm_err err;

	jm_buf_reset(b);
	if (jm_archive_list(a, f ? f : &all, add_row, b, &err) == 0)
		return true;
	tap_diag("list: %s", err.text);
	return false;
}

size_t t_rows(struct jm_archive *a, const struct jm_archive_filter *f, struct jm_buf *b)
{
	size_t n = 0;

	if (!t_list(a, f, b))
		return 9999;
	for (size_t i = 0; i < b->len; i++)
		n += b->p[i] == '\n';
	return n;
}

static int first_problem(void *ctx, const json_t *row, struct jm_err *err)
{
	char *text = ctx;

	(void)err;
	if (text && *text == '\0')
		snprintf(text, 200, "seq %lld: %s",
		    (long long)json_integer_value(json_object_get(row, "seq")),
		    json_string_value(json_object_get(row, "problem")));
	return 0;
}

long long t_verify(struct jm_archive *a, char problem[200])
{
	const struct jm_verification v = { .finding = first_problem, .ctx = problem };
	json_t *summary = NULL;
	struct jm_err err;
	long long n;

	if (problem)
		*problem = '\0';
	if (jm_archive_verify(a, &v, &summary, &err) < 0) {
		tap_diag("verify: %s", err.text);
		return -1;
	}
	n = json_integer_value(json_object_get(summary, "problems"));
	json_decref(summary);
	return n;
}

void t_report(struct jm_buf *b, const char *report_id, const char *sender, const char *recipients,
    struct jm_span inner, bool base64)
{
	static const char alphabet[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	struct jm_err err;

	jm_buf_reset(b);
	must(jm_buf_printf(b, &err,
		 "From: postmaster@example.com\r\nTo: archive@journal.example.com\r\n"
		 "Message-ID: <%s@report>\r\n"
		 "X-MS-Journal-Report:\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; "
		 "boundary=\"b-1\"\r\n\r\n--b-1\r\n"
		 "Content-Type: text/plain; charset=us-ascii\r\n\r\nSender: %s\r\nSubject: s\r\n"
		 "%s\r\n\r\n--b-1\r\n"
		 "Content-Type: message/rfc822\r\n%s\r\n",
		 report_id, sender, recipients,
		 base64 ? "Content-Transfer-Encoding: base64\r\n" : ""),
	    &err);
	for (size_t i = 0; base64 && i < inner.len; i += 3) {
		unsigned v = (unsigned)inner.p[i] << 16 |
		    (i + 1 < inner.len ? (unsigned)inner.p[i + 1] << 8 : 0) |
		    (i + 2 < inner.len ? inner.p[i + 2] : 0);
		char q[4] = { alphabet[v >> 18], alphabet[v >> 12 & 63],
			i + 1 < inner.len ? alphabet[v >> 6 & 63] : '=',
			i + 2 < inner.len ? alphabet[v & 63] : '=' };

		must(jm_buf_add(b, q, 4, &err), &err);
		if (i % 57 == 54)
			must(jm_buf_add(b, "\r\n", 2, &err), &err);
	}
	if (!base64)
		must(jm_buf_add_span(b, inner, &err), &err);
	must(jm_buf_printf(b, &err, "\r\n--b-1--\r\n"), &err);
}

void t_message(
    struct jm_buf *b, const char *message_id, const char *subject, unsigned seed, size_t n)
{
	static const char letters[] = "etaoinshrdlucmfwypvbgkjqxz      .,";
	struct jm_err err;
	size_t column = 0;

	jm_buf_reset(b);
	must(jm_buf_printf(b, &err,
		 "From: Anna <anna@example.com>\r\nTo: bert@example.org\r\nDate: Mon, 2 Jul 2029 "
		 "10:00:00 +0000\r\nSubject: %s\r\n",
		 subject),
	    &err);
	if (message_id)
		must(jm_buf_printf(b, &err, "Message-ID: <%s>\r\n", message_id), &err);
	must(jm_buf_printf(b, &err, "\r\n"), &err);
	while (n-- > 0) {
		seed = seed * 1103515245u + 12345u;
		must(jm_buf_add_byte(
			 b, (unsigned char)letters[(seed >> 16) % (sizeof letters - 1)], &err),
		    &err);
		if (++column == 72) {
			must(jm_buf_add(b, "\r\n", 2, &err), &err);
			column = 0;
		}
	}
	must(jm_buf_add(b, "\r\n", 2, &err), &err);
}

void t_read(const char *path, struct jm_buf *b)
{
	unsigned char *p = NULL;
	struct jm_err err;
	size_t n = 0;

	must(jm_io_read_file(path, 64u << 20, &p, &n, &err), &err);
	jm_buf_reset(b);
	must(jm_buf_add(b, p, n, &err), &err);
	free(p);
}

static int keep_row(void *ctx, const json_t *row, struct jm_err *err)
{
	(void)err;
	return json_array_append(ctx, (json_t *)(uintptr_t)row);
}

int t_show(struct jm_archive *a, uint64_t id, bool bcc, json_t **item_r, struct jm_err *err)
{
	struct jm_item *item;
	int rc = 0;

	if (jm_item_open(a, id, bcc, &item, err) != 0)
		return -1;
	*item_r = json_incref(jm_item_facts(item));
	for (int i = 0; rc == 0 && i < JM_ITEM_LISTS; i++) {
		json_t *list = json_array();

		json_object_set_new(*item_r, jm_item_list_name((enum jm_item_list)i), list);
		rc = jm_item_rows(item, (enum jm_item_list)i, keep_row, list, err);
	}
	if (rc != 0)
		json_decref(*item_r);
	jm_item_close(&item);
	return rc;
}
