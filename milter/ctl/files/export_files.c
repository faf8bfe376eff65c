/* SPDX-License-Identifier: BSD-2-Clause */
/* The formats eml (a file for each message), mbox and Maildir of jmctl export. */
#include "milter/ctl/files/export_files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/base/io.h"
#include "common/mail/field.h"
#include "milter/ctl/files/dumpdir.h"
#include "milter/ctl/files/mbox_quote.h"

#define PIECE_BYTES 65536u

static int64_t time_of(const json_t *item)
{
	const char *text = json_string_value(json_object_get(item, "time"));
	int64_t ms = 0;

	return text && jm_clock_parse(text, &ms) == 0 ? ms : 0;
}

/* ---- eml ---- */

static int add_eml(struct jm_exporter *x, const struct jm_export_one *m,
    char path_r[JM_EXPORT_PATH_BYTES], struct jm_err *err)
{
	char path[JM_DUMP_PATH_BYTES];

	snprintf(
	    path_r, JM_EXPORT_PATH_BYTES, "%s", jm_dump_path("messages", m->id, m->sha256, path));
	return jm_exporter_write(x, path_r, m->bytes, err);
}

const struct jm_export_format jm_export_eml = { .name = "eml", .add = add_eml };

/* ---- mbox ---- */

/*
 * Write "From SENDER Sun Nov 22 06:00:14 2026", with MAILER-DAEMON for a sender that would break
 * the line or is not ASCII. Below 0 on error.
 */
static int put_from(FILE *f, const json_t *item)
{
	const char *sender = json_string_value(json_object_get(item, "sender"));
	time_t s = (time_t)(time_of(item) / 1000);
	char when[40] = "";
	struct tm tm;
	size_t i = 0;

	while (sender && sender[i] > ' ' && sender[i] < 0x7f)
		i++;
	if (gmtime_r(&s, &tm))
		(void)strftime(when, sizeof when, "%a %b %e %H:%M:%S %Y", &tm);
	return fprintf(f, "From %s %s\n",
	    sender && i > 0 && sender[i] == '\0' ? sender : "MAILER-DAEMON", when);
}

static int add_mbox(struct jm_exporter *x, const struct jm_export_one *m,
    char path_r[JM_EXPORT_PATH_BYTES], struct jm_err *err)
{
	struct jm_mbox_quoter q;
	struct jm_buf out;
	int rc = 0;

	snprintf(path_r, JM_EXPORT_PATH_BYTES, "%s", x->format->file);
	jm_buf_init(&out, 3 * PIECE_BYTES);
	jm_mbox_quoter_start(&q);
	if (put_from(x->file, m->item) < 0)
		rc = -1;
	for (size_t at = 0; rc == 0 && at < m->bytes.len; at += PIECE_BYTES) {
		jm_buf_reset(&out);
		rc = jm_mbox_quote(&q, jm_span_sub(m->bytes, at, PIECE_BYTES), &out, err);
		if (rc == 0 && at + PIECE_BYTES >= m->bytes.len)
			rc = jm_mbox_quote_end(&q, &out, err);
		if (rc == 0 && fwrite(out.p, 1, out.len, x->file) != out.len)
			rc = -1;
	}
	/* End a last line that has no end: the manifest has the true size. */
	if (rc == 0 && m->bytes.len > 0 && m->bytes.p[m->bytes.len - 1] != '\n')
		rc = putc('\n', x->file) == EOF ? -1 : 0;
	if (rc == 0)
		rc = putc('\n', x->file) == EOF ? -1 : 0;
	jm_buf_release(&out);
	return ferror(x->file) ? jm_err_sys(err, JM_E_TEMP, "cannot write %s", x->format->file)
			       : rc;
}

const struct jm_export_format jm_export_mbox = {
	.name = "mbox", .file = "messages.mbox", .add = add_mbox
};

/* ---- Maildir ---- */

/* Add the files of a folder to there: name without flags -> path. It is x->own. */
static int look_at_folder(
    json_t *there, const struct jm_exporter *x, const char *name, struct jm_err *err)
{
	char one[NAME_MAX + 8];
	int fd = jm_below_folder(x->top, name, true, err), rc = 0;
	DIR *d = fd >= 0 ? fdopendir(fd) : NULL;
	struct dirent *e;

	if (fd < 0)
		return -1;
	if (!d) {
		(void)jm_err_sys(err, JM_E_TEMP, "%s", name);
		close(fd);
		return -1;
	}
	while (rc == 0 && (e = readdir(d))) {
		size_t n = strcspn(e->d_name, ":");
		char base[NAME_MAX + 1];

		if (e->d_name[0] == '.')
			continue;
		snprintf(base, sizeof base, "%.*s", (int)n, e->d_name);
		snprintf(one, sizeof one, "%.3s/%s", name, e->d_name);
		/* Not a file of ours when the name is not UTF-8. */
		if (json_object_set_new(there, base, json_string(one)) != 0)
			continue;
	}
	closedir(d);
	return rc;
}

static int begin_maildir(struct jm_exporter *x, struct jm_err *err)
{
	static const char *const folders[] = { "tmp", "new", "cur" };
	json_t *there = json_object();

	x->own = there;
	for (size_t i = 0; i < 3; i++)
		if (look_at_folder(there, x, folders[i], err) != 0)
			return -1;
	return 0;
}

/* Sync a file before it gets its name in "new": readers expect complete files there. */
static int deliver(
    const struct jm_exporter *x, const char *name, struct jm_span bytes, struct jm_err *err)
{
	struct jm_below f;
	int rc;

	if (jm_below_create(x->top, name, &f, err) != 0)
		return -1;
	rc = bytes.len > 0 ? jm_io_write(f.fd, bytes.p, bytes.len, err) : 0;
	if (rc == 0 && (rc = jm_io_datasync(f.fd, err)) == 0)
		rc = jm_below_keep(&f, false, err);
	jm_below_drop(&f);
	return rc;
}

static int add_maildir(struct jm_exporter *x, const struct jm_export_one *m,
    char path_r[JM_EXPORT_PATH_BYTES], struct jm_err *err)
{
	json_t *there = x->own;
	char base[JM_EXPORT_PATH_BYTES - 8];
	const char *old;

	snprintf(base, sizeof base, "%" PRId64 ".J%" PRIu64 "_%.24s.journal-milter,S=%zu",
	    time_of(m->item) / 1000, m->id, m->sha256, m->bytes.len);
	old = json_string_value(json_object_get(there, base));
	if (old) {
		snprintf(path_r, JM_EXPORT_PATH_BYTES, "%s", old);
		return 0;
	}
	snprintf(path_r, JM_EXPORT_PATH_BYTES, "new/%s", base);
	return deliver(x, path_r, m->bytes, err);
}

static void release_maildir(struct jm_exporter *x)
{
	json_decref(x->own);
	x->own = NULL;
}

const struct jm_export_format jm_export_maildir = {
	.name = "maildir", .begin = begin_maildir, .add = add_maildir, .release = release_maildir
};
