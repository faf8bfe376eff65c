/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * jmctl dump: write all messages as plain files with a manifest, which can be read and checked
 * without this program. The layout of the folder is in dumpdir.h.
 */
#include "milter/ctl/files/dump.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "common/base/below.h"
#include "common/base/buf.h"
#include "common/base/digest.h"
#include "common/base/io.h"
#include "common/control/answer.h"
#include "common/json/read.h"
#include "milter/ctl/cli/option.h"
#include "milter/ctl/cli/outcome.h"
#include "milter/ctl/cli/print.h"
#include "milter/ctl/cli/progress.h"
#include "milter/ctl/cli/target.h"
#include "milter/ctl/files/dumpdir.h"
#include "milter/ctl/files/folder.h"

#define HEAD_MAX_BYTES (1u << 20) /* of DUMP.json */

/* A file that is being written. */
struct part {
	uint64_t left;
	struct jm_below to; /* not open: discard the bytes */
	char path[JM_DUMP_PATH_BYTES];
	struct jm_sha256 sha;
	const char *want; /* its digest, borrowed from the metadata */
};

struct dump {
	struct jm_target target;
	const char *dir;
	int top; /* the folder */
	uint64_t after, last_seq;
	struct jm_progress bar;
	FILE *old, *manifest, *sums; /* old: the manifest of an earlier dump; NULL: none */
	struct jm_below manifest_to, sums_to;
	struct jm_buf line;           /* the next line of old */
	uint64_t lines;               /* of old, so far */
	uint64_t line_seq;            /* 0: old is at its end */
	json_t *record, *meta, *uuid; /* of the record that is being received */
	struct jm_buf meta_text;
	uint64_t meta_left;
	struct part report, message;
	uint64_t files, seq;
	bool done, ok;
	json_t *summary;
};

/* ---- the manifest: old and new lines, in order; a new line replaces an old one ---- */

static int put_sum(struct dump *d, const char *sha256, const char *path, struct jm_err *err)
{
	return fprintf(d->sums, "%.64s  %s\n", sha256, path) > 0
	    ? 0
	    : jm_err_sys(err, JM_E_TEMP, "cannot write SHA256SUMS");
}

/* Write the digests of a line's files. A message file is listed by the line whose number it has. */
static int put_line_sums(struct dump *d, const json_t *line, struct jm_err *err)
{
	const json_t *meta = json_object_get(line, "metadata");
	const char *report = json_string_value(json_object_get(line, "report")),
		   *message = json_string_value(json_object_get(line, "message"));
	const char *of_report = json_string_value(
	    json_object_get(json_object_get(meta, "report"), "sha256"));
	const char *of_message = json_string_value(
	    json_object_get(json_object_get(meta, "content"), "sha256"));
	char own[JM_DUMP_PATH_BYTES];

	if (!report || !message || !of_report || !of_message)
		return 0;
	if (put_sum(d, of_report, report, err) != 0)
		return -1;
	if (strcmp(message,
		jm_dump_path("messages", (uint64_t)json_integer_value(json_object_get(line, "seq")),
		    of_message, own)) == 0)
		return put_sum(d, of_message, message, err);
	return 0;
}

static int next_old(struct dump *d, struct jm_err *err)
{
	int rc = d->old ? jm_dump_next_line(d->old, &d->line, err) : 0;

	d->lines++;
	d->line_seq = rc == 1 ? jm_dump_line_seq(jm_buf_str(&d->line)) : 0;
	if (rc == 1 && (d->line_seq == 0 || d->line.p[d->line.len - 1] != '\n'))
		rc = jm_err_set(err, JM_E_CORRUPT, "this is no record of a dump");
	return rc >= 0
	    ? 0
	    : jm_err_wrap(err, "%s/manifest.jsonl, line %" PRIu64 " (dump into another folder)",
		  d->dir, d->lines);
}

/* Copy the old lines before seq (0: all), and skip the old line of seq. */
static int copy_old(struct dump *d, uint64_t seq, struct jm_err *err)
{
	while (d->line_seq != 0 && (seq == 0 || d->line_seq < seq)) {
		json_t *line = NULL;
		int rc = jm_json_read(d->line.p, d->line.len, &line, err);

		if (rc < 0)
			(void)jm_err_wrap(err, "%s/manifest.jsonl", d->dir);
		else
			rc = fputs(jm_buf_str(&d->line), d->manifest) < 0
			    ? jm_err_sys(err, JM_E_TEMP, "cannot write manifest.jsonl")
			    : put_line_sums(d, line, err);

		json_decref(line);
		if (rc < 0 || next_old(d, err) != 0)
			return -1;
	}
	if (d->line_seq != 0 && d->line_seq == seq)
		return next_old(d, err);
	return 0;
}

static int put_line(struct dump *d, struct jm_err *err)
{
	json_t *line = json_object();
	int rc = json_object_set(line, "seq", json_object_get(d->record, "seq")) |
	    json_object_set(line, "time", json_object_get(d->record, "time")) |
	    json_object_set(line, "type", json_object_get(d->record, "type"));

	if (json_object_get(d->record, "item"))
		rc |= json_object_set(line, "item", json_object_get(d->record, "item"));
	if (d->report.path[0] != '\0')
		rc |= json_object_set_new(line, "report", json_string(d->report.path)) |
		    json_object_set_new(line, "message", json_string(d->message.path));
	rc |= json_object_set_nocheck(line, "metadata", d->meta);
	if (rc != 0)
		rc = jm_err_set(err, JM_E_TEMP, "no memory for a line of the manifest");
	else if (copy_old(d, d->seq, err) != 0 || put_line_sums(d, line, err) != 0)
		rc = -1;
	else
		jm_print_json(d->manifest, line);
	if (rc == 0 && ferror(d->manifest))
		rc = jm_err_sys(err, JM_E_TEMP, "cannot write manifest.jsonl");
	json_decref(line);
	return rc;
}

/* ---- files ---- */

/* Name what is in the way of the dump. */
static int in_the_way(const struct dump *d, struct jm_err *err)
{
	return err->kind == JM_E_USAGE ? jm_err_wrap(err, "%s: dump into another folder", d->dir)
				       : -1;
}

static int open_part(
    struct dump *d, struct part *p, uint64_t bytes, const char *want, struct jm_err *err)
{
	p->left = bytes;
	p->want = want;
	if (jm_sha256_start(&p->sha, err) != 0)
		return -1;
	return jm_below_create(d->top, p->path, &p->to, err) == 0 ? 0 : in_the_way(d, err);
}

/* Has the folder this file already, from a dump that was broken off? */
static bool has_part(const struct dump *d, const struct part *p)
{
	char hex[JM_SHA256_HEX_BYTES];
	int fd = jm_below_open(d->top, p->path, NULL, NULL);
	bool same = fd >= 0 && jm_dump_digest(fd, hex, NULL) == 0 && strcmp(hex, p->want) == 0;

	if (fd >= 0)
		close(fd);
	return same;
}

/* All bytes of a file were received: check the digest, and give it its name. */
static int close_part(struct dump *d, struct part *p, struct jm_err *err)
{
	unsigned char digest[JM_SHA256_BYTES];
	char hex[JM_SHA256_HEX_BYTES];
	int rc = jm_sha256_finish(&p->sha, digest, err);

	if (rc == 0 && (!p->want || strcmp(jm_sha256_hex(digest, hex), p->want) != 0))
		rc = jm_err_set(
		    err, JM_E_CORRUPT, "%s: the bytes came with another digest", p->path);
	if (rc == 0 && jm_below_keep(&p->to, d->old != NULL, err) != 0)
		rc = err->sys == EEXIST && has_part(d, p) ? 0 : in_the_way(d, err);
	jm_below_drop(&p->to);
	d->files += rc == 0;
	return rc;
}

static const char *digest_of(const struct dump *d, const char *part)
{
	const char *s = json_string_value(
	    json_object_get(json_object_get(d->meta, part), "sha256"));

	return s && strlen(s) == 64 && strspn(s, "0123456789abcdef") == 64 ? s : NULL;
}

static uint64_t dump_number(const json_t *o, const char *key)
{
	return (uint64_t)json_integer_value(json_object_get(o, key));
}

/* The metadata were received: open the files that follow. */
static int begin_files(struct dump *d, struct jm_err *err)
{
	uint64_t bytes = dump_number(d->record, "message_bytes"),
		 message_seq = dump_number(d->record, "message_seq");
	const char *type = json_string_value(json_object_get(d->record, "type")),
		   *of_report = digest_of(d, "report"), *of_message = digest_of(d, "content");
	struct stat st;
	int fd;

	d->report.path[0] = d->message.path[0] = '\0';
	if (!type || strcmp(type, "report") != 0)
		return 0;
	if (!of_report || !of_message)
		return jm_err_set(err, JM_E_CORRUPT, "record %" PRIu64 " has no digests", d->seq);
	jm_dump_path("reports", d->seq, of_report, d->report.path);
	if (open_part(d, &d->report, dump_number(d->record, "report_bytes"), of_report, err) != 0)
		return -1;
	/* The message is all of the report: write one file. */
	if (strcmp(of_report, of_message) == 0) {
		memcpy(d->message.path, d->report.path, sizeof d->message.path);
		d->message.left = bytes;
		return 0;
	}
	jm_dump_path("messages", message_seq, of_message, d->message.path);
	d->message.left = bytes;
	/* It was written before, with another report. */
	fd = message_seq != d->seq ? jm_below_open(d->top, d->message.path, &st, NULL) : -1;
	if (fd >= 0) {
		close(fd);
		if ((uint64_t)st.st_size == bytes)
			return 0;
	}
	jm_dump_path("messages", d->seq, of_message, d->message.path);
	return open_part(d, &d->message, bytes, of_message, err);
}

static int end_record(struct dump *d, struct jm_err *err)
{
	int rc = d->meta_left > 0 || d->report.left > 0 || d->message.left > 0
	    ? jm_err_set(
		  err, JM_E_CORRUPT, "record %" PRIu64 " came without all of its bytes", d->seq)
	    : 0;

	if (d->report.to.open && rc == 0)
		rc = close_part(d, &d->report, err);
	if (d->message.to.open && rc == 0)
		rc = close_part(d, &d->message, err);
	if (rc == 0 && d->record)
		rc = put_line(d, err);
	json_decref(d->record);
	json_decref(d->meta);
	d->record = d->meta = NULL;
	return rc;
}

static int put_part(struct part *p, const unsigned char **at, size_t *n, struct jm_err *err)
{
	size_t take = *n < p->left ? *n : (size_t)p->left;

	if (take > 0 && p->to.open &&
	    (jm_sha256_add(&p->sha, *at, take, err) != 0 ||
		jm_io_write(p->to.fd, *at, take, err) != 0))
		return -1;
	p->left -= take;
	*at += take;
	*n -= take;
	return 0;
}

static int take_meta(struct dump *d, const unsigned char **at, size_t *n, struct jm_err *err)
{
	size_t take = *n < d->meta_left ? *n : (size_t)d->meta_left;

	if (take == 0)
		return 0;
	if (jm_buf_add(&d->meta_text, *at, take, err) != 0)
		return -1;
	d->meta_left -= take;
	*at += take;
	*n -= take;
	if (d->meta_left > 0)
		return 0;
	if (jm_json_read(d->meta_text.p, d->meta_text.len, &d->meta, err) != 0)
		return jm_err_wrap(err, "record %" PRIu64 ": its metadata", d->seq);
	return begin_files(d, err);
}

static int put_bytes(void *ctx, const void *p, size_t n, struct jm_err *err)
{
	const unsigned char *at = p;
	struct dump *d = ctx;

	if (take_meta(d, &at, &n, err) != 0 || put_part(&d->report, &at, &n, err) != 0 ||
	    put_part(&d->message, &at, &n, err) != 0)
		return -1;
	return n == 0
	    ? 0
	    : jm_err_set(err, JM_E_CORRUPT, "record %" PRIu64 " came with too many bytes", d->seq);
}

/* ---- the answer ---- */

/* Refuse a folder that has a dump of another archive. */
static int check_uuid(struct dump *d, const json_t *begin, struct jm_err *err)
{
	int fd = jm_below_open(d->top, "DUMP.json", NULL, err), rc = 0;
	json_t *old = NULL;
	const char *had;

	d->uuid = json_incref(json_object_get(begin, "uuid"));
	if (fd < 0)
		return err->kind == JM_E_NOTFOUND ? 0 : in_the_way(d, err);
	if (jm_json_read_fd(fd, "DUMP.json", HEAD_MAX_BYTES, &old, err) != 0 &&
	    err->kind != JM_E_CORRUPT)
		rc = jm_err_wrap(err, "%s", d->dir); /* a damaged one is written anew */
	close(fd);
	had = json_string_value(json_object_get(old, "uuid"));
	if (had && !json_equal(json_object_get(old, "uuid"), d->uuid))
		rc = jm_err_set(
		    err, JM_E_USAGE, "%s holds a dump of another archive (%s)", d->dir, had);
	json_decref(old);
	return rc;
}

static int put_damage(struct dump *d, const json_t *o)
{
	jm_progress_wipe(&d->bar);
	if (d->target.json) {
		json_t *finding = json_copy((json_t *)(uintptr_t)o);

		(void)json_object_del(finding, "dump");
		jm_print_json(stdout, finding);
		json_decref(finding);
		return 0;
	}
	fputs("damaged", stdout);
	jm_print_finding(o);
	return 0;
}

static int put_object(void *ctx, const json_t *o, struct jm_err *err)
{
	const char *what = json_string_value(json_object_get(o, "dump"));
	struct dump *d = ctx;

	if (end_record(d, err) != 0)
		return -1;
	if (!what)
		return jm_err_set(err, JM_E_CORRUPT, "dump was answered with something else");
	if (strcmp(what, "begin") == 0) {
		d->last_seq = dump_number(o, "last_seq");
		return check_uuid(d, o, err);
	}
	if (strcmp(what, "damage") == 0)
		return put_damage(d, o);
	if (strcmp(what, "end") == 0) {
		d->done = true;
		d->ok = json_is_true(json_object_get(o, "ok"));
		d->summary = json_deep_copy(o);
		return 0;
	}
	d->record = json_incref((json_t *)(uintptr_t)o);
	d->seq = dump_number(o, "seq");
	jm_progress_draw(&d->bar, d->seq > d->after ? d->seq - d->after : 0,
	    d->last_seq > d->after ? d->last_seq - d->after : 0, "records");
	d->meta_left = dump_number(o, "metadata_bytes");
	jm_buf_reset(&d->meta_text);
	return 0;
}

/* ---- the whole dump ---- */

static FILE *new_file(
    const struct dump *d, const char *name, struct jm_below *to, struct jm_err *err)
{
	return jm_below_create(d->top, name, to, err) == 0 ? jm_below_write(to, err) : NULL;
}

static int close_file(FILE **f, struct jm_err *err)
{
	int bad = ferror(*f) | fflush(*f) | fsync(fileno(*f)), closed = fclose(*f);

	*f = NULL;
	return bad || closed ? jm_err_sys(err, JM_E_TEMP, "cannot write the dump") : 0;
}

static int publish_json(struct dump *d, struct jm_err *err)
{
	json_t *o = json_pack("{s:s, s:i, s:O, s:O}", "what",
	    "a dump of an archive of journal-milter; jmctl(8) describes its form", "format",
	    JM_DUMP_FORMAT, "uuid", d->uuid, "last_seq", json_object_get(d->summary, "last_seq"));
	struct jm_below f = { .open = false };
	char *text = json_dumps(o, JSON_INDENT(1));
	int rc = -1;

	if (!text)
		(void)jm_err_set(err, JM_E_TEMP, "out of memory");
	else if (jm_below_create(d->top, "DUMP.json", &f, err) == 0 &&
	    jm_io_write(f.fd, text, strlen(text), err) == 0 && jm_io_datasync(f.fd, err) == 0)
		rc = jm_below_keep(&f, true, err);
	jm_below_drop(&f);
	free(text);
	json_decref(o);
	if (rc == 0 && fsync(d->top) != 0)
		rc = jm_err_sys(err, JM_E_TEMP, "cannot sync %s", d->dir);
	return rc;
}

/* Sync the files first, then rename the lists that name them. */
static int dump_finish(struct dump *d, struct jm_err *err)
{
	char hex[JM_SHA256_HEX_BYTES];

	if (copy_old(d, 0, err) != 0 || close_file(&d->manifest, err) != 0)
		return -1;
	if (jm_dump_digest(d->manifest_to.fd, hex, err) != 0 ||
	    put_sum(d, hex, "manifest.jsonl", err) != 0 || close_file(&d->sums, err) != 0)
		return -1;
	if (syncfs(d->top) != 0)
		return jm_err_sys(err, JM_E_TEMP, "cannot sync %s", d->dir);
	if (jm_below_keep(&d->manifest_to, true, err) != 0 ||
	    jm_below_keep(&d->sums_to, true, err) != 0)
		return in_the_way(d, err);
	return publish_json(d, err);
}

/* Open the folder and the manifest of an earlier dump in it. Files of other things are not
 * replaced. */
static int open_folder(struct dump *d, struct jm_err *err)
{
	static const char *const names[] = { "SHA256SUMS", "DUMP.json" };
	struct stat st;

	if (strlen(d->dir) > 4000)
		return jm_err_set(err, JM_E_USAGE, "the folder's name is too long");
	if (jm_folder_outside(d->dir, false, err) != 0 || jm_io_mkdirs(d->dir, 0700, err) != 0 ||
	    (d->top = jm_io_open(d->dir, O_RDONLY | O_DIRECTORY, 0, err)) < 0)
		return -1;
	d->old = jm_below_read(d->top, "manifest.jsonl", err);
	if (!d->old && err->kind != JM_E_NOTFOUND)
		return in_the_way(d, err);
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (fstatat(d->top, names[i], &st, AT_SYMLINK_NOFOLLOW) == 0 &&
		    (!S_ISREG(st.st_mode) || !d->old))
			return jm_err_set(err, JM_E_USAGE,
			    "%s has %s (%s), but no dump: dump into another folder", d->dir,
			    names[i], jm_below_kind(st.st_mode));
	return 0;
}

static int dump_run(struct dump *d, struct jm_err *err)
{
	const struct jm_answer_out out = { .object = put_object, .bytes = put_bytes, .ctx = d };
	json_t *request;
	int rc;

	if (open_folder(d, err) != 0)
		return -1;
	d->manifest = new_file(d, "manifest.jsonl", &d->manifest_to, err);
	d->sums = d->manifest ? new_file(d, "SHA256SUMS", &d->sums_to, err) : NULL;
	if (!d->sums || next_old(d, err) != 0)
		return -1;
	request = json_pack(
	    "{s:s, s:I}", "verb", "dump", "since", (json_int_t)(d->after > 0 ? d->after + 1 : 0));
	rc = request ? jm_target_ask(&d->target, request, &out, err)
		     : jm_err_set(err, JM_E_TEMP, "out of memory");
	json_decref(request);
	if (rc == 0 && !d->done)
		rc = jm_err_set(err, JM_E_TEMP, "the dump broke off");
	return rc < 0 ? -1 : dump_finish(d, err);
}

static void dump_release(struct dump *d)
{
	jm_below_drop(&d->report.to);
	jm_below_drop(&d->message.to);
	jm_below_drop(&d->manifest_to);
	jm_below_drop(&d->sums_to);
	if (d->top >= 0)
		close(d->top);
	if (d->old)
		fclose(d->old);
	if (d->manifest)
		fclose(d->manifest);
	if (d->sums)
		fclose(d->sums);
	jm_buf_release(&d->line);
	json_decref(d->record);
	json_decref(d->meta);
	json_decref(d->uuid);
	json_decref(d->summary);
	jm_buf_release(&d->meta_text);
}

int jm_ctl_dump(int argc, char **argv)
{
	struct dump d = { .top = -1 };
	const struct jm_ctl_option options[] = {
		{ "after", JM_CTL_NUMBER, &d.after, "SEQ",
		    "only records after this sequence number; what is in DIR stays" },
		JM_TARGET_OPTIONS(&d.target), { NULL }
	};
	struct jm_err err;
	int n, code, rc;

	n = jm_ctl_options(argc, argv, options, "[options] DIR",
	    "Write all messages and reports as plain files with a manifest and SHA256SUMS.", &code);
	if (n < 0)
		return code;
	if (n != 1)
		return n > 1 ? jm_ctl_fail_usage(argv[0], argv[2])
			     : jm_ctl_fail_missing(argv[0], "DIR");
	d.dir = argv[1];
	jm_buf_init(&d.meta_text, JM_DUMP_LINE_MAX);
	jm_buf_init(&d.line, JM_DUMP_LINE_MAX);
	jm_progress_start(&d.bar, NULL);
	rc = d.after >= INT64_MAX
	    ? jm_err_set(&err, JM_E_USAGE, "--after is at most 9223372036854775806")
	    : dump_run(&d, &err);
	jm_progress_wipe(&d.bar);
	if (rc == 0) {
		(void)json_object_del(d.summary, "dump");
		(void)json_object_set_new(d.summary, "files", json_integer((json_int_t)d.files));
		if (d.target.json)
			jm_print_json(stdout, d.summary);
		else
			jm_print_tree(stdout, d.summary, 0);
		rc = jm_print_flush(&err);
	}
	dump_release(&d);
	if (rc < 0)
		return jm_ctl_fail(argv[0], &err);
	return d.ok ? EX_OK : EX_DATAERR;
}
