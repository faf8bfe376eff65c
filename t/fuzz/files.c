/* SPDX-License-Identifier: BSD-2-Clause */
/* Fuzzing of what is read from files of others: settings, directories and tables of an MTA, the
 * list of ranges, the MTA's own configuration. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/cidr.h"
#include "common/base/clock.h"
#include "common/service/directory.h"
#include "common/service/table_cdb.h"
#include "common/service/table_lmdb.h"
#include "common/settings/loader.h"
#include "common/settings/settings.h"
#include "milter/ctl/cli/endpoints.h"
#include "milter/ctl/doctor/postfix_conf.h"
#include "milter/ctl/doctor/sendmail_conf.h"
#include "t/fuzz/fuzz.h"

static void run_settings(struct jm_span in)
{
	int fd = fuzz_file(in);
	struct jm_settings *s = NULL;
	struct jm_buf report;
	struct jm_err err;
	char path[64];

	snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	jm_buf_init(&report, FUZZ_OUT_BYTES);
	if (jm_settings_load(path, &s, &report, &err) != 0)
		fuzz_claim(
		    !s && report.len > 0 && err.text[0], "settings that are wrong: it is said why");
	else
		fuzz_claim(
		    s->socket && s->archive_directory, "settings that are right are complete");
	jm_settings_unref(&s);
	jm_buf_release(&report);
	close(fd);
}

static void run_time(struct jm_span in)
{
	char text[64], again[JM_CLOCK_TEXT_BYTES];
	int64_t ms, same;

	if (in.len >= sizeof text)
		return;
	if (in.len)
		memcpy(text, in.p, in.len);
	text[in.len] = '\0';
	if (jm_clock_parse(text, &ms) == 0)
		fuzz_claim(jm_clock_parse(jm_clock_format(ms, again), &same) == 0 && same == ms,
		    "a time as it is written is the same time");
}

static void run_range(struct jm_span in)
{
	char text[JM_CIDR_TEXT_BYTES], again[JM_CIDR_TEXT_BYTES];
	struct jm_cidr c, d;

	if (jm_cidr_parse(in, &c, NULL) != 0)
		return;
	jm_cidr_format(&c, text);
	fuzz_claim(jm_cidr_parse(jm_span_str(text), &d, NULL) == 0 &&
		strcmp(text, jm_cidr_format(&d, again)) == 0 && jm_cidr_contains(&c, &d),
	    "a range as it is written is the same range");
}

/* ---- the directory of addresses ---- */

static void told(
    void *ctx, const char *source, size_t addresses, size_t ignored, const struct jm_err *err)
{
	struct jm_span *in = ctx;

	(void)source;
	fuzz_claim(err ? err->text[0] != '\0' : addresses + ignored <= in->len,
	    "a source has no more addresses than octets; a failure has a text");
}

/* Read in as a text file or as a table, both named path. */
static void read_directory(struct jm_span in, char *name, bool table)
{
	struct jm_source source = { .name = name };
	struct jm_settings settings = { .directory_files = &source, .directory_maps = &source };
	struct jm_directory *d = jm_directory_new();
	struct jm_err err;

	if (!d)
		abort();
	settings.directory_maps_n = table;
	settings.directory_files_n = !table;
	if (jm_directory_refresh(d, &settings, told, &in, &err) == 0)
		(void)jm_directory_knows(d, jm_span_str("anna"), jm_span_str("example.com"));
	jm_directory_free(&d);
}

static void run_directory(struct jm_span in)
{
	int fd = fuzz_file(in);
	char name[64];

	snprintf(name, sizeof name, "/proc/self/fd/%d", fd);
	read_directory(in, name, false);
	close(fd);
}

/* A database file as postmap and makemap write it. */
static void run_table(struct jm_span in)
{
	char name[256];

	snprintf(name, sizeof name, "hash:%s/table.db", fuzz_folder("table"));
	fuzz_write_file(name + strlen("hash:"), in);
	read_directory(in, name, true);
}

/* The keys of a table that was checked. */
struct keys {
	struct jm_span file;
	size_t bytes;
};

static int key_claim(void *ctx, struct jm_span key, struct jm_err *err)
{
	struct keys *k = ctx;

	(void)err;
	fuzz_claim(fuzz_is_inside(key, k->file), "a key is a slice of the file");
	k->bytes += key.len;
	return 0;
}

typedef int table_walk(
    struct jm_span file, jm_mta_table_visit *visit, void *ctx, struct jm_err *err);

static void run_walk(struct jm_span in, table_walk *walk)
{
	struct keys k = { .file = in };
	struct jm_err err;

	if (walk(in, key_claim, &k, &err) != 0)
		fuzz_claim(k.bytes == 0 && err.kind == JM_E_CORRUPT && err.text[0],
		    "a damaged table has no keys, and a reason");
	fuzz_claim(k.bytes <= in.len, "the keys do not overlap");
}

static void run_lmdb(struct jm_span in)
{
	run_walk(in, jm_table_lmdb_walk);
}

static void run_cdb(struct jm_span in)
{
	run_walk(in, jm_table_cdb_walk);
}

/* ---- lists and configurations ---- */

static void run_endpoints(struct jm_span in)
{
	struct jm_endpoints e = { .n = 0 };
	struct jm_err err;

	if (jm_endpoints_parse(in, &e, &err) != 0)
		return;
	fuzz_claim(e.n > 0 && e.n <= JM_ENDPOINTS_MAX, "a list has ranges, within the limit");
	for (size_t i = 0; i < e.n; i++)
		fuzz_claim(jm_endpoints_cover(e.v, e.n, &e.v[i]), "a list covers its ranges");
	jm_endpoints_release(&e);
}

/* The five outputs of postconf, separated by a form feed. */
static void run_postfix(struct jm_span in)
{
	struct jm_span part[5], list, word;
	struct jm_postfix_text t;
	struct jm_postfix p;

	for (size_t i = 0; i < 5; i++) {
		size_t n = jm_span_index(in, '\f');

		part[i] = jm_span_sub(in, 0, n);
		in = jm_span_sub(in, n + 1, in.len);
	}
	t = (struct jm_postfix_text){ part[0], part[1], part[2], part[3], part[4] };
	if (jm_postfix_parse(&t, &p) == 0) {
		(void)jm_postfix_value(&p, "smtp/inet", "smtpd_milters");
		(void)jm_postfix_raw(&p, NULL, "smtpd_milters");
		(void)jm_postfix_overrides(&p, "smtp/inet", "x");
	}
	jm_postfix_release(&p);
	list = part[0];
	while (jm_postfix_word(&list, &word)) {
		fuzz_claim(fuzz_is_inside(word, part[0]) && word.len > 0, "a word is in its list");
		fuzz_claim(fuzz_is_inside(jm_postfix_inside(word), word) &&
			fuzz_is_inside(jm_postfix_milter_address(word), word) &&
			fuzz_is_inside(jm_postfix_milter_option(word, "default_action"), word),
		    "what is in a word is a slice of it");
		(void)jm_postfix_seconds(word);
	}
}

static void run_sendmail(struct jm_span in)
{
	unsigned char *p = malloc(in.len + 1);
	struct jm_sendmail cf;
	char *text = strndup(in.len > 0 ? (const char *)in.p : "", in.len);

	if (!p || !text)
		abort();
	if (in.len > 0)
		memcpy(p, in.p, in.len);
	jm_sendmail_parse(p, in.len, &cf);
	(void)jm_sendmail_option(&cf, "QueueDirectory");
	jm_sendmail_release(&cf);
	fuzz_claim(fuzz_is_inside(jm_sendmail_equate(text, 'F'), jm_span_str(text)) &&
		fuzz_is_inside(jm_sendmail_listener(text, 'p'), jm_span_str(text)),
	    "a value is a slice of the equates");
	free(text);
	free(p);
}

const struct fuzz_target fuzz_files[] = {
	{ "settings", run_settings },
	{ "time", run_time },
	{ "range", run_range },
	{ "directory", run_directory },
	{ "table", run_table },
	{ "lmdb", run_lmdb },
	{ "cdb", run_cdb },
	{ "endpoints", run_endpoints },
	{ "postfix", run_postfix },
	{ "sendmail", run_sendmail },
	{ NULL },
};
