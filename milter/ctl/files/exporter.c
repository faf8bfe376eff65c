/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The shared part of exports of many messages: fetching, checking, manifest, digests, the folder.
 * The formats are in export_files.c and edrm.c.
 */
#include "milter/ctl/files/exporter.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/digest.h"
#include "common/base/io.h"
#include "common/base/visible.h"
#include "common/control/answer.h"
#include "common/json/read.h"
#include "milter/ctl/cli/print.h"
#include "milter/ctl/files/dumpdir.h"
#include "milter/ctl/files/folder.h"

#define IDENTITY_FILE "export.json"
#define IDENTITY_MAX_BYTES (64u << 20) /* it may have very many IDs */
#define MESSAGE_MAX_BYTES ((uint64_t)1 << 32)

/* Has the folder a file of that name with these bytes? */
static bool has_file(const struct jm_exporter *x, const char *name, struct jm_span bytes)
{
	char want[JM_SHA256_HEX_BYTES], is[JM_SHA256_HEX_BYTES];
	unsigned char digest[JM_SHA256_BYTES];
	struct stat st;
	int fd = jm_below_open(x->top, name, &st, NULL);
	bool same = fd >= 0 && (uint64_t)st.st_size == bytes.len &&
	    jm_sha256_of(bytes, digest, NULL) == 0 && jm_dump_digest(fd, is, NULL) == 0 &&
	    strcmp(is, jm_sha256_hex(digest, want)) == 0;

	if (fd >= 0)
		close(fd);
	return same;
}

/* Name what is in the way of the export. */
static int in_the_way(const struct jm_exporter *x, struct jm_err *err)
{
	return err->kind == JM_E_USAGE
	    ? jm_err_wrap(err, "%s: give the export a folder of its own with --output", x->dir)
	    : -1;
}

int jm_exporter_write(
    struct jm_exporter *x, const char *name, struct jm_span bytes, struct jm_err *err)
{
	struct jm_below f;
	int rc;

	if (jm_below_create(x->top, name, &f, err) != 0)
		return in_the_way(x, err);
	rc = bytes.len > 0 ? jm_io_write(f.fd, bytes.p, bytes.len, err) : 0;
	if (rc == 0 && jm_below_keep(&f, !x->fresh, err) != 0)
		rc = err->sys == EEXIST && has_file(x, name, bytes) ? 0 : in_the_way(x, err);
	jm_below_drop(&f);
	return rc;
}

/* ---- one message ---- */

static int take_item(void *ctx, const json_t *item, struct jm_err *err)
{
	struct jm_exporter *x = ctx;

	return jm_ctl_item_take(&x->item, item, err);
}

static int take_rows(void *ctx, const char *list, const json_t *rows, struct jm_err *err)
{
	struct jm_exporter *x = ctx;

	return jm_ctl_item_add(&x->item, list, rows, err);
}

static int no_object(void *ctx, const json_t *object, struct jm_err *err)
{
	(void)ctx, (void)object;
	return jm_err_set(err, JM_E_CORRUPT, "export was answered with an object, not with bytes");
}

static int take_bytes(void *ctx, const void *p, size_t n, struct jm_err *err)
{
	struct jm_exporter *x = ctx;

	return jm_spool_write(&x->spool, p, n, err);
}

static int fetch_item(struct jm_exporter *x, const json_t *id, struct jm_err *err)
{
	const struct jm_answer_out out = { .object = take_item, .rows = take_rows, .ctx = x };
	json_t *show = json_pack("{s:s, s:O, s:b}", "verb", "show", "id", id, "bcc", x->bcc);
	int rc;

	jm_ctl_item_release(&x->item);
	rc = show ? jm_target_ask(x->target, show, &out, err)
		  : jm_err_set(err, JM_E_TEMP, "out of memory");
	json_decref(show);
	return rc < 0 || x->item.o
	    ? rc
	    : jm_err_set(err, JM_E_CORRUPT, "show was answered with nothing");
}

/* Read the bytes of a content or report into x->spool. */
static int fetch_bytes(struct jm_exporter *x, const json_t *id, size_t which, struct jm_err *err)
{
	const struct jm_answer_out out = { .object = no_object, .bytes = take_bytes, .ctx = x };
	json_t *export = json_pack("{s:s, s:O, s:b, s:b, s:I, s:b}", "verb", "export", "id", id,
	    "report", x->report, "raw", x->raw, "which", (json_int_t)which, "bcc", x->bcc);
	int rc;

	jm_spool_reset(&x->spool);
	rc = export ? jm_target_ask(x->target, export, &out, err)
		    : jm_err_set(err, JM_E_TEMP, "out of memory");
	json_decref(export);
	return rc;
}

/* Print a recipient with the first way it was named, as an element of the list in the manifest. */
static int put_recipient(void *ctx, size_t i, const json_t *r, struct jm_err *err)
{
	struct jm_exporter *x = ctx;
	json_t *o = json_copy(json_array_get(json_object_get(r, "reports"), 0));
	int rc;

	(void)json_object_del(o, "seq");
	rc = !o || json_object_set(o, "address", json_object_get(r, "address")) != 0
	    ? jm_err_set(err, JM_E_TEMP, "no memory for the manifest")
	    : 0;
	if (rc == 0) {
		if (i > 0)
			putc(',', x->manifest);
		jm_print_json_part(x->manifest, o);
		if (ferror(x->manifest))
			rc = jm_err_set(err, JM_E_TEMP, "cannot write manifest.jsonl");
	}
	json_decref(o);
	return rc;
}

struct companion {
	const json_t *seq; /* of the content */
	json_t *kind;      /* owned */
};

static int find_companion(void *ctx, size_t i, const json_t *report, struct jm_err *err)
{
	struct companion *c = ctx;

	(void)i, (void)err;
	if (!json_equal(json_object_get(report, "seq"), c->seq))
		return 0;
	c->kind = json_incref(json_object_get(report, "companion"));
	return 1;
}

/* Which second form of a content its report has: "protected" or "clear-text", as show names it.
 * The caller owns *kind_r; NULL: none. */
static int companion_of(
    struct jm_exporter *x, const json_t *part, json_t **kind_r, struct jm_err *err)
{
	struct companion c = { json_object_get(part, "seq"), NULL };
	int rc = x->report ? 0 : jm_ctl_item_rows(&x->item, "reports", find_companion, &c, err);

	*kind_r = c.kind;
	return rc < 0 ? -1 : 0;
}

/* Where a message was written. */
struct jm_exported {
	char path[JM_EXPORT_PATH_BYTES];
	long offset; /* in the format's file */
};

static int put_line(struct jm_exporter *x, json_t *line, struct jm_err *err)
{
	if (line)
		jm_print_json(x->manifest, line);
	json_decref(line);
	return !line || ferror(x->manifest)
	    ? jm_err_set(err, JM_E_TEMP, "cannot write manifest.jsonl")
	    : 0;
}

/* Write a line of the manifest: the members of line, and the recipients. */
static int put_with_recipients(struct jm_exporter *x, const json_t *line, struct jm_err *err)
{
	char *text = json_dumps(line, JSON_COMPACT);
	struct jm_buf b;
	int rc = -1;

	jm_buf_init(&b, SIZE_MAX / 2);
	if (!text || jm_visible_json(&b, jm_span_str(text), err) != 0)
		jm_err_set(err, JM_E_TEMP, "no memory for the manifest");
	else if (fwrite(b.p, 1, b.len - 1, x->manifest) != b.len - 1 ||
	    fputs(",\"recipients\":[", x->manifest) == EOF)
		jm_err_set(err, JM_E_TEMP, "cannot write manifest.jsonl");
	else if (jm_ctl_item_rows(&x->item, "recipients", put_recipient, x, err) == 0)
		rc = fputs("]}\n", x->manifest) == EOF
		    ? jm_err_set(err, JM_E_TEMP, "cannot write manifest.jsonl")
		    : 0;
	jm_buf_release(&b);
	free(text);
	return rc;
}

static int put_manifest(struct jm_exporter *x, const struct jm_export_one *m, const json_t *part,
    const struct jm_exported *to, struct jm_err *err)
{
	static const char *const keys[] = { "time", "date", "service", "sender", "subject",
		"message_id", "hidden_recipients" };
	json_t *line = json_pack("{s:I, s:I, s:s, s:s, s:I}", "id", (json_int_t)m->id, "which",
		   (json_int_t)m->which, "path", to->path, "sha256", m->sha256, "size",
		   (json_int_t)m->bytes.len),
	       *companion;
	int rc = companion_of(x, part, &companion, err);

	if (rc == 0) {
		rc = line ? 0 : -1;
		if (companion) {
			x->companions++;
			rc |= json_object_set_new(line, "companion", companion);
		}
		if (x->format->file)
			rc |= json_object_set_new(line, "offset", json_integer(to->offset));
		for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++)
			if (json_object_get(m->item, keys[i]))
				rc |= json_object_set(
				    line, keys[i], json_object_get(m->item, keys[i]));
		rc = rc != 0 ? jm_err_set(err, JM_E_TEMP, "no memory for the manifest")
			     : put_with_recipients(x, line, err);
	}
	json_decref(line);
	return rc;
}

static int put_sum(struct jm_exporter *x, const char *sha256, const char *path, struct jm_err *err)
{
	return fprintf(x->sums, "%.64s  %s\n", sha256, path) > 0
	    ? 0
	    : jm_err_sys(err, JM_E_TEMP, "cannot write SHA256SUMS");
}

static int exporter_add(struct jm_exporter *x, const json_t *part, struct jm_export_one *m,
    const char *sha256, struct jm_err *err)
{
	struct jm_exported to = { .offset = x->file ? ftell(x->file) : 0 };

	m->sha256 = sha256;
	if (x->format->add(x, m, to.path, err) < 0 || put_manifest(x, m, part, &to, err) != 0)
		return -1;
	if (!x->format->file || strcmp(to.path, x->format->file) != 0)
		if (put_sum(x, sha256, to.path, err) != 0)
			return -1;
	x->messages++;
	x->bytes += m->bytes.len;
	return 0;
}

/* Report a message that cannot be read, and continue; -1 for errors that end the export. */
static int put_problem(struct jm_exporter *x, const json_t *id, size_t which, struct jm_err *err)
{
	if (err->kind != JM_E_CORRUPT && err->kind != JM_E_NOTFOUND && err->kind != JM_E_DENIED &&
	    err->kind != JM_E_LIMIT)
		return -1;
	jm_progress_wipe(&x->bar);
	jm_print(
	    stderr, "jmctl export: item %lld: %s\n", (long long)json_integer_value(id), err->text);
	x->problems++;
	return put_line(x,
	    json_pack(
		"{s:O, s:I, s:s}", "id", id, "which", (json_int_t)which, "problem", err->text),
	    err);
}

/* Read the bytes of a content or report, and compare their digest with that of the archive. */
static int fetch_part(struct jm_exporter *x, const json_t *part, struct jm_export_one *m,
    char hex[JM_SHA256_HEX_BYTES], struct jm_err *err)
{
	const char *want = json_string_value(
	    json_object_get(part, x->raw && !x->report ? "raw_sha256" : "sha256"));
	unsigned char digest[JM_SHA256_BYTES];

	if (fetch_bytes(x, json_object_get(m->item, "id"), m->which, err) != 0 ||
	    jm_spool_view(&x->spool, &m->bytes, err) != 0 ||
	    jm_sha256_of(m->bytes, digest, err) != 0)
		return -1;
	if (!want || strcmp(want, jm_sha256_hex(digest, hex)) != 0)
		return jm_err_set(err, JM_E_CORRUPT, "the bytes came with another digest");
	return 0;
}

static int export_part(void *ctx, size_t i, const json_t *part, struct jm_err *err)
{
	struct jm_exporter *x = ctx;
	const json_t *id = json_object_get(x->item.o, "id");
	struct jm_export_one m = { .item = x->item.o,
		.whole = &x->item,
		.id = (uint64_t)json_integer_value(id),
		.which = i };
	char hex[JM_SHA256_HEX_BYTES];

	/* A report that cannot be read, as show says. */
	if (json_is_string(json_object_get(part, "problem")) && !json_object_get(part, "sha256"))
		jm_err_set(
		    err, JM_E_CORRUPT, "%s", json_string_value(json_object_get(part, "problem")));
	else if (fetch_part(x, part, &m, hex, err) == 0)
		return exporter_add(x, part, &m, hex, err);
	return put_problem(x, id, i, err);
}

static int export_one(struct jm_exporter *x, const json_t *id, struct jm_err *err)
{
	if (fetch_item(x, id, err) != 0) {
		bool damaged = json_is_true(json_object_get(x->item.o, "damaged"));

		/* Of a damaged item there may be parts that can be read. */
		int rc = put_problem(x, id, 0, err);

		if (rc != 0 || !damaged)
			return rc;
	}
	return jm_ctl_item_rows(&x->item, x->report ? "reports" : "contents", export_part, x, err);
}

/* ---- the folder ---- */

static FILE *open_file(
    const struct jm_exporter *x, const char *name, struct jm_below *to, struct jm_err *err)
{
	return jm_below_create(x->top, name, to, err) == 0 ? jm_below_write(to, err) : NULL;
}

/* Sync a file, close it and give it its name; put its digest into SHA256SUMS, unless it is this. */
static int exporter_publish(
    struct jm_exporter *x, FILE **f, struct jm_below *to, const char *name, struct jm_err *err)
{
	int bad = ferror(*f) | fflush(*f), rc;
	char hex[JM_SHA256_HEX_BYTES];

	rc = bad ? jm_err_set(err, JM_E_TEMP, "cannot write %s", name)
		 : jm_io_datasync(to->fd, err);
	if (fclose(*f) != 0 && rc == 0)
		rc = jm_err_sys(err, JM_E_TEMP, "cannot write %s", name);
	*f = NULL;
	if (rc == 0 && to != &x->sums_to &&
	    (jm_dump_digest(to->fd, hex, err) != 0 || put_sum(x, hex, name, err) != 0))
		rc = -1;
	if (rc == 0 && jm_below_keep(to, !x->fresh, err) != 0)
		rc = in_the_way(x, err);
	return rc;
}

/* Put the digest of a file that is there into SHA256SUMS. */
static int put_sum_of(struct jm_exporter *x, const char *name, struct jm_err *err)
{
	int fd = jm_below_open(x->top, name, NULL, err), rc;
	char hex[JM_SHA256_HEX_BYTES];

	if (fd < 0)
		return -1;
	rc = jm_dump_digest(fd, hex, err);
	close(fd);
	return rc < 0 ? -1 : put_sum(x, hex, name, err);
}

/* Publish the messages first, then the lists that name them. */
static int exporter_finish(struct jm_exporter *x, struct jm_err *err)
{
	if (x->format->end && x->format->end(x, err) < 0)
		return -1;
	if (x->file && exporter_publish(x, &x->file, &x->file_to, x->format->file, err) != 0)
		return -1;
	if (exporter_publish(x, &x->manifest, &x->manifest_to, "manifest.jsonl", err) != 0 ||
	    put_sum_of(x, IDENTITY_FILE, err) < 0)
		return -1;
	if (syncfs(x->top) != 0)
		return jm_err_sys(err, JM_E_TEMP, "cannot sync %s", x->dir);
	if (exporter_publish(x, &x->sums, &x->sums_to, "SHA256SUMS", err) != 0)
		return -1;
	return fsync(x->top) == 0 ? 0 : jm_err_sys(err, JM_E_TEMP, "cannot sync %s", x->dir);
}

static int take_uuid(void *ctx, const json_t *status, struct jm_err *err)
{
	json_t *uuid = json_object_get(status, "uuid");

	return uuid && json_object_set(ctx, "archive", uuid) == 0
	    ? 0
	    : jm_err_set(err, JM_E_TEMP, "no memory for the archive's uuid");
}

/* Which export this is, as export.json has it. The caller owns it; NULL with err. */
static json_t *identity_of(struct jm_exporter *x, struct jm_err *err)
{
	json_t *o = json_pack("{s:s, s:s, s:b, s:O}", "format", x->format->name, "of",
		   x->report    ? "reports"
		       : x->raw ? "raw messages"
				: "messages",
		   "bcc", x->bcc, "selection", x->asked),
	       *request = json_pack("{s:s}", "verb", "status");
	const struct jm_answer_out out = { .object = take_uuid, .ctx = o };
	int rc = o && request ? jm_target_ask(x->target, request, &out, err)
			      : jm_err_set(err, JM_E_TEMP, "out of memory");

	json_decref(request);
	if (rc == 0)
		return o;
	json_decref(o);
	return NULL;
}

/* Write export.json. */
static int put_identity(struct jm_exporter *x, const json_t *identity, struct jm_err *err)
{
	char *text = json_dumps(identity, JSON_COMPACT);
	struct jm_below f = { .open = false };
	int rc = -1;

	if (!text)
		(void)jm_err_set(err, JM_E_TEMP, "out of memory");
	else if (jm_below_create(x->top, IDENTITY_FILE, &f, err) == 0 &&
	    jm_io_write(f.fd, text, strlen(text), err) == 0 && jm_io_datasync(f.fd, err) == 0)
		rc = jm_below_keep(&f, false, err);
	jm_below_drop(&f);
	free(text);
	return rc;
}

static bool has(const struct jm_exporter *x, const char *name)
{
	struct stat st;

	return fstatat(x->top, name, &st, AT_SYMLINK_NOFOLLOW) == 0;
}

/* Never mix two exports in one folder: refuse a folder that has another one, or files of the names
 * that this one will write. */
static int claim_folder(struct jm_exporter *x, const json_t *identity, struct jm_err *err)
{
	const char *files[] = { "SHA256SUMS", "manifest.jsonl", "DUMP.json", x->format->file };
	int fd = jm_below_open(x->top, IDENTITY_FILE, NULL, err);
	json_t *there = NULL;

	if (fd >= 0) {
		int rc = jm_json_read_fd(fd, IDENTITY_FILE, IDENTITY_MAX_BYTES, &there, err);
		bool same = rc == 0 && json_equal(there, identity);

		json_decref(there);
		close(fd);
		if (rc < 0)
			return jm_err_wrap(err, "%s", x->dir);
		return same ? 0
			    : jm_err_set(err, JM_E_USAGE,
				  "%s holds another export (which one is in " IDENTITY_FILE
				  " there); give this one a folder of its own with --output",
				  x->dir);
	}
	if (err->kind != JM_E_NOTFOUND)
		return in_the_way(x, err);
	for (size_t i = 0; i < sizeof files / sizeof files[0]; i++)
		if (files[i] && has(x, files[i]))
			return jm_err_set(err, JM_E_USAGE,
			    "%s holds an export or a dump already (%s); give this export a folder "
			    "of its own with --output",
			    x->dir, files[i]);
	x->fresh = true;
	return put_identity(x, identity, err);
}

/* Open and lock the folder x->top, and remove SHA256SUMS: from now on it is not a complete export.
 */
static int open_folder(struct jm_exporter *x, struct jm_err *err)
{
	json_t *identity;
	int rc = -1;

	if (strlen(x->dir) > 4000)
		return jm_err_set(err, JM_E_USAGE, "the folder's name is too long");
	if (jm_folder_outside(x->dir, false, err) != 0 || !(identity = identity_of(x, err)))
		return -1;
	if (jm_io_mkdirs(x->dir, 0700, err) != 0 ||
	    (x->top = jm_io_open(x->dir, O_RDONLY | O_DIRECTORY, 0, err)) < 0)
		;
	else if (flock(x->top, LOCK_EX | LOCK_NB) != 0)
		(void)jm_err_set(err, JM_E_DENIED, "another export into %s is under way", x->dir);
	else if (claim_folder(x, identity, err) == 0) {
		if (unlinkat(x->top, "SHA256SUMS", 0) == 0 || errno == ENOENT)
			rc = 0;
		else
			(void)jm_err_sys(err, JM_E_DENIED, "%s/SHA256SUMS", x->dir);
	}
	json_decref(identity);
	return rc;
}

static int open_files(struct jm_exporter *x, struct jm_err *err)
{
	x->manifest = open_file(x, "manifest.jsonl", &x->manifest_to, err);
	x->sums = x->manifest ? open_file(x, "SHA256SUMS", &x->sums_to, err) : NULL;
	if (x->sums && x->format->file &&
	    !(x->file = open_file(x, x->format->file, &x->file_to, err)))
		return -1;
	return !x->sums || (x->format->begin && x->format->begin(x, err) < 0) ? -1 : 0;
}

int jm_exporter_run(struct jm_exporter *x, struct jm_err *err)
{
	const char *tmp = getenv("TMPDIR");
	int rc;
	const json_t *id;
	size_t i;

	x->top = -1;
	rc = open_folder(x, err);
	jm_spool_init(&x->spool, tmp ? tmp : "/tmp", MESSAGE_MAX_BYTES);
	jm_ctl_item_init(&x->item);
	if (rc == 0)
		rc = open_files(x, err);
	if (rc == 0)
		jm_progress_start(&x->bar, NULL);
	json_array_foreach(x->ids, i, id) {
		if (rc == 0)
			rc = export_one(x, id, err);
		jm_progress_draw(&x->bar, i + 1, json_array_size(x->ids), "messages");
	}
	jm_progress_wipe(&x->bar);
	if (rc == 0)
		rc = exporter_finish(x, err);
	if (x->format->release)
		x->format->release(x);
	if (x->file)
		fclose(x->file);
	if (x->manifest)
		fclose(x->manifest);
	if (x->sums)
		fclose(x->sums);
	jm_below_drop(&x->file_to);
	jm_below_drop(&x->manifest_to);
	jm_below_drop(&x->sums_to);
	jm_spool_release(&x->spool);
	jm_ctl_item_release(&x->item);
	if (x->top >= 0)
		close(x->top);
	return rc;
}
