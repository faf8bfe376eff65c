/* SPDX-License-Identifier: BSD-2-Clause */
/* Everything deposited comes out byte for byte: the whole corpus, again after a restart, and
 * from a catalog made anew. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/archive/deposit.h"
#include "common/catalog/catalog.h"
#include "common/query/item.h"
#include "common/query/item_bytes.h"
#include "t/lib/deposit.h"
#include "t/lib/tap.h"

#define CAP (64u << 20)

struct message {
	char name[280];
	struct jm_buf eml;
	json_t *want;
	struct jm_receipt r;
};

static struct message message[200];
static size_t messages;

static void load(const char *folder)
{
	char path[600], stem[256];
	struct dirent *e;
	DIR *d = opendir(folder);

	if (!d) {
		printf("Bail out! no corpus in %s\n", folder);
		exit(1);
	}
	while ((e = readdir(d)) != NULL && messages < 200) {
		size_t n = strlen(e->d_name);
		struct message *m = &message[messages];

		if (n < 5 || n > 250 || strcmp(e->d_name + n - 4, ".eml") != 0)
			continue;
		memcpy(stem, e->d_name, n - 4);
		stem[n - 4] = '\0';
		snprintf(m->name, sizeof m->name, "%s", stem);
		snprintf(path, sizeof path, "%s/%s.eml", folder, stem);
		jm_buf_init(&m->eml, CAP);
		t_read(path, &m->eml);
		snprintf(path, sizeof path, "%s/%s.json", folder, stem);
		m->want = json_load_file(path, 0, NULL);
		messages++;
	}
	closedir(d);
}

static bool hex_is(const unsigned char *digest, const json_t *want)
{
	char hex[JM_SHA256_HEX_BYTES];

	return json_is_string(want) &&
	    strcmp(jm_sha256_hex(digest, hex), json_string_value(want)) == 0;
}

static bool digest_is(const struct jm_buf *b, const json_t *want)
{
	unsigned char digest[JM_SHA256_BYTES];
	struct jm_err err;

	return jm_sha256_of(jm_buf_span(b), digest, &err) == 0 && hex_is(digest, want);
}

static void deposit_all(struct jm_archive *a)
{
	struct jm_err err;

	for (size_t i = 0; i < messages; i++) {
		struct message *m = &message[i];

		if (t_deposit(a, jm_buf_span(&m->eml), "archive@journal.example.com", NULL, &m->r,
			&err) < 0)
			tap_ok(false, "deposit %s: %s", m->name, err.text);
		else
			tap_ok(
			    hex_is(m->r.message_sha256, json_object_get(m->want, "inner_sha256")),
			    "%s: the receipt has the digest of the corpus", m->name);
	}
}

static void export_all(struct jm_archive *a, const char *when)
{
	struct jm_buf b;
	struct jm_err err;

	jm_buf_init(&b, CAP);
	for (size_t i = 0; i < messages; i++) {
		const struct message *m = &message[i];
		bool ok = t_export(a, m->r.seq, JM_EXPORT_REPORT, 0, &b, &err) == 0 &&
		    jm_span_eq(jm_buf_span(&b), jm_buf_span(&m->eml));

		ok = ok && t_export(a, m->r.seq, JM_EXPORT_MESSAGE, 0, &b, &err) == 0 &&
		    digest_is(&b, json_object_get(m->want, "inner_sha256"));
		ok = ok && t_export(a, m->r.seq, JM_EXPORT_RAW, 0, &b, &err) == 0 &&
		    digest_is(&b, json_object_get(m->want, "inner_raw_sha256"));
		tap_ok(ok, "%s, %s: report, message and raw message are exact", m->name, when);
	}
	jm_buf_release(&b);
}

static void show_all(struct jm_archive *a)
{
	struct jm_err err;

	for (size_t i = 0; i < messages; i++) {
		json_t *item = NULL, *list, *want = json_object_get(message[i].want, "recipients"),
		       *got;
		bool ok = t_show(a, message[i].r.seq, true, &item, &err) == 0;

		list = json_object_get(item, "recipients");
		got = json_array();
		/* Each naming of an address by a report is one entry of the corpus. */
		for (size_t k = 0; k < json_array_size(list); k++)
			json_array_extend(got, json_object_get(json_array_get(list, k), "reports"));
		tap_ok(ok && json_array_size(got) == json_array_size(want),
		    "%s: show has every recipient", message[i].name);
		json_decref(got);
		json_decref(item);
	}
}

static void remove_catalog(const char *dir)
{
	char path[600];

	snprintf(path, sizeof path, "%s/catalog", dir);
	jm_catalog_wipe(path);
	tap_ok(rmdir(path) == 0, "the catalog is gone");
}

int main(void)
{
	const char *src = getenv("JM_SRCDIR"), *dir = tap_folder();
	struct jm_buf before, after;
	struct jm_archive *a;
	char path[600], problem[200];

	for (int i = 0; i < 2; i++) {
		snprintf(
		    path, sizeof path, "%s/t/corpus/%s", src ? src : ".", i ? "real" : "journal");
		load(path);
	}
	jm_buf_init(&before, CAP);
	jm_buf_init(&after, CAP);
	a = t_open(dir, 0);
	if (!tap_ok(a != NULL, "open a new archive"))
		return tap_done();
	deposit_all(a);
	export_all(a, "at once");
	show_all(a);
	tap_ok(t_list(a, NULL, &before), "list");
	tap_is_int(t_verify(a, problem), 0, "verify finds nothing (%s)", problem);
	jm_archive_close(&a);
	a = t_open(dir, 0);
	if (!tap_ok(a != NULL, "open again"))
		return tap_done();
	export_all(a, "after a restart");
	tap_ok(t_list(a, NULL, &after) && jm_span_eq(jm_buf_span(&before), jm_buf_span(&after)),
	    "the list is the same after a restart");
	jm_archive_close(&a);
	remove_catalog(dir);
	a = t_open(dir, 0);
	if (!tap_ok(a != NULL, "open without a catalog"))
		return tap_done();
	tap_ok(t_list(a, NULL, &after) && jm_span_eq(jm_buf_span(&before), jm_buf_span(&after)),
	    "the list is the same from a catalog made anew");
	export_all(a, "with the new catalog");
	tap_is_int(t_verify(a, problem), 0, "verify finds nothing (%s)", problem);
	jm_archive_close(&a);
	for (size_t i = 0; i < messages; i++) {
		jm_buf_release(&message[i].eml);
		json_decref(message[i].want);
	}
	jm_buf_release(&before);
	jm_buf_release(&after);
	return tap_done();
}
