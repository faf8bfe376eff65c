/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * jmctl unwrap: unwrap one message by the rules and print the result. Needs neither settings nor
 * archive.
 */
#include "milter/ctl/setup/unwrap.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <limits.h>
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
#include "common/journal/strip.h"
#include "common/journal/unwrap.h"
#include "common/query/bcc.h"
#include "milter/ctl/cli/option.h"
#include "milter/ctl/cli/outcome.h"
#include "milter/ctl/cli/print.h"

#define INPUT_BYTES (1024u * 1024 * 1024)
#define READ_BYTES (256u * 1024)

struct request {
	struct jm_ctl_list domains, senders;
	const char *type, *output;
	bool clear, keep, json, bcc;
};

static int read_input(const char *path, struct jm_buf *in, struct jm_err *err)
{
	int fd = strcmp(path, "-") == 0 ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = -1;
	int rc = -1;

	if (fd < 0)
		return jm_err_sys(err, JM_E_NOTFOUND, "cannot open \"%s\"", path);
	do {
		if (jm_buf_reserve(in, READ_BYTES, err) != 0)
			goto out;
		n = read(fd, in->p + in->len, READ_BYTES);
		if (n > 0)
			in->len += (size_t)n;
	} while (n > 0 || (n < 0 && errno == EINTR));
	rc = n < 0 ? jm_err_sys(err, JM_E_TEMP, "cannot read \"%s\"", path) : 0;
out:
	if (fd != STDIN_FILENO)
		close(fd); /* ignored: it was only read from */
	return rc;
}

static int write_piece(void *ctx, const void *p, size_t n, struct jm_err *err)
{
	return jm_io_write(*(int *)ctx, p, n, err);
}

static int unwrap_digest(
    const struct jm_content *c, char hex_r[JM_SHA256_HEX_BYTES], struct jm_err *err)
{
	unsigned char raw[JM_SHA256_BYTES];

	if (jm_strip_digest(c->raw, c->cuts, c->cuts_n, raw, err) != 0)
		return -1;
	jm_sha256_hex(raw, hex_r);
	return 0;
}

static json_t *unwrap_text(struct jm_span s)
{
	return jm_span_none(s) ? json_null() : json_stringn((const char *)s.p, s.len);
}

static json_t *unwrap_recipients(const struct jm_recipient *v, size_t n)
{
	json_t *list = json_array(), *one;
	size_t k;

	for (k = 0; k < n; k++) {
		const struct jm_recipient *r = &v[k];

		one = json_pack("{s:o, s:s}", "address", unwrap_text(r->address), "type",
		    jm_recipient_type_name(r->type));
		if (r->via != JM_VIA_NONE &&
		    json_object_set_new(one,
			r->via == JM_VIA_EXPANDED ? "expanded_from" : "forwarded_from",
			unwrap_text(r->via_address)) != 0) {
			json_decref(one);
			one = NULL;
		}
		if (json_array_append_new(list, one) != 0) { /* also fails when one is NULL */
			json_decref(list);
			return NULL;
		}
	}
	return list;
}

/* The reports around the innermost one, R12. */
static json_t *unwrap_levels(const struct jm_unwrap *u)
{
	json_t *list = json_array();

	for (size_t k = 0; k < u->levels_n; k++) {
		const struct jm_level *l = &u->levels[k];

		if (json_array_append_new(list,
			json_pack("{s:s, s:o, s:o, s:o, s:o, s:o}", "variant",
			    jm_variant_name(l->variant), "envelope_sender",
			    unwrap_text(l->null_sender ? jm_span_str("") : l->sender),
			    "on_behalf_of", unwrap_text(l->on_behalf_of), "subject",
			    unwrap_text(l->subject), "message_id", unwrap_text(l->message_id),
			    "recipients", unwrap_recipients(l->recipients, l->recipients_n))) !=
		    0) {
			json_decref(list);
			return NULL;
		}
	}
	return list;
}

static json_t *unwrap_removed(const struct jm_content *c)
{
	json_t *list = json_array();
	size_t k;

	for (k = 0; k < c->cuts_n; k++) {
		if (json_array_append_new(list, unwrap_text(c->cuts[k].name)) != 0) {
			json_decref(list);
			return NULL;
		}
	}
	return list;
}

static json_t *unwrap_extra(const struct jm_unwrap *u)
{
	const struct {
		const char *key;
		struct jm_span value;
	} row[] = {
		{ "label", u->label },
		{ "mailbox", u->mailbox },
		{ "sent_utc", u->sent_utc },
		{ "received_utc", u->received_utc },
	};
	json_t *o = json_object();
	size_t k;

	for (k = 0; k < sizeof row / sizeof row[0]; k++)
		if (!jm_span_none(row[k].value) &&
		    json_object_set_new(o, row[k].key, unwrap_text(row[k].value)) != 0) {
			json_decref(o);
			return NULL;
		}
	return o;
}

/* The defects by kind. */
static json_t *unwrap_defects(const struct jm_unwrap *u)
{
	json_t *o = json_object();

	for (int d = 0; d < JM_DEFECTS_N; d++)
		if (u->defects[d] > 0 &&
		    json_object_set_new(o, jm_defect_name((enum jm_defect)d),
			json_integer((json_int_t)u->defects[d])) != 0) {
			json_decref(o);
			return NULL;
		}
	return o;
}

/* The result as an object with the keys of t/corpus/journal/README.md; NULL with err. */
static json_t *unwrap_describe(const struct jm_unwrap *u, struct jm_err *err)
{
	const struct jm_content *clear = u->companion_is_clear ? &u->companion : &u->message;
	char hex[JM_SHA256_HEX_BYTES], raw_hex[JM_SHA256_HEX_BYTES], clear_hex[JM_SHA256_HEX_BYTES];
	unsigned char raw[JM_SHA256_BYTES];
	json_t *o, *more;

	if (unwrap_digest(&u->message, hex, err) != 0 ||
	    jm_sha256_of(u->message.raw, raw, err) != 0 ||
	    (u->has_companion && unwrap_digest(clear, clear_hex, err) != 0))
		return NULL;
	o = json_pack("{s:b, s:s, s:b, s:i, s:o, s:o, s:o, s:o, s:o, s:s, s:I, s:s, s:o}",
	    "step_down", u->step_down, "variant", jm_variant_name(u->variant), "ndr", u->ndr,
	    "nesting", (int)u->nesting, "envelope_sender", unwrap_text(u->envelope_sender),
	    "on_behalf_of", unwrap_text(u->on_behalf_of), "subject", unwrap_text(u->subject),
	    "message_id", unwrap_text(u->message_id), "recipients",
	    unwrap_recipients(u->recipients, u->recipients_n), "inner_sha256", hex, "inner_size",
	    (json_int_t)u->message.size_bytes, "inner_raw_sha256", jm_sha256_hex(raw, raw_hex),
	    "removed_headers", unwrap_removed(&u->message));
	if (o && jm_unwrap_defects(u) > 0 &&
	    json_object_set_new(o, "defects", unwrap_defects(u)) != 0) {
		json_decref(o);
		o = NULL;
	}
	if (o && u->levels_n > 0 && json_object_set_new(o, "levels", unwrap_levels(u)) != 0) {
		json_decref(o);
		o = NULL;
	}
	if (o && u->inner != JM_INNER_NONE &&
	    json_object_set_new(o, "inner_report", json_string(jm_inner_rule_name(u->inner))) !=
		0) {
		json_decref(o);
		o = NULL;
	}
	more = unwrap_extra(u);
	if ((json_object_size(more) > 0 || !more) && json_object_set(o, "extra", more) != 0)
		goto fail;
	if (u->has_companion &&
	    json_object_set_new(o, "clear_text",
		json_pack("{s:s, s:I, s:o}", "inner_sha256", clear_hex, "inner_size",
		    (json_int_t)clear->size_bytes, "removed_headers", unwrap_removed(clear))) != 0)
		goto fail;
	json_decref(more);
	if (o)
		return o;
	more = NULL;
fail:
	json_decref(more);
	json_decref(o);
	jm_err_set(err, JM_E_TEMP, "out of memory for the result");
	return NULL;
}

static void unwrap_show(const char *key, struct jm_span s)
{
	jm_print(stdout, "%-16s ", key);
	jm_print_text(stdout, jm_span_none(s) ? jm_span_str("-") : s);
	putchar('\n');
}

/* The reports around the innermost one; with bcc all their recipients. */
static void show_levels(const struct jm_unwrap *u, bool bcc)
{
	for (size_t i = 0; i < u->levels_n; i++) {
		const struct jm_level *l = &u->levels[i];
		size_t hidden = 0;

		jm_print(stdout, "level %zu\n", i + 1);
		unwrap_show("  sender", l->null_sender ? jm_span_str("<>") : l->sender);
		if (!jm_span_none(l->on_behalf_of))
			unwrap_show("  on-behalf-of", l->on_behalf_of);
		unwrap_show("  message-id", l->message_id);
		for (size_t k = 0; k < l->recipients_n; k++)
			if (bcc || l->recipients[k].type == JM_RCPT_TO ||
			    l->recipients[k].type == JM_RCPT_CC)
				unwrap_show("  recipient", l->recipients[k].address);
			else
				hidden++;
		if (hidden > 0)
			jm_print(stdout, "%-16s %zu, --bcc shows %s\n", "  hidden", hidden,
			    hidden == 1 ? "it" : "them");
	}
	if (u->levels_n > 0)
		jm_print(stdout, "level %zu\n", u->levels_n + 1);
	if (u->inner != JM_INNER_NONE)
		jm_print(stdout, "%-16s %s\n", "inside", jm_inner_rule_text(u->inner));
}

static int summarise(const struct jm_unwrap *u, const bool *open, struct jm_err *err)
{
	char hex[JM_SHA256_HEX_BYTES];
	size_t k, hidden = 0;

	if (unwrap_digest(&u->message, hex, err) != 0)
		return -1;
	jm_print(stdout, "%-16s %s%s%s\n", "variant", jm_variant_name(u->variant),
	    u->step_down ? ", stepped down: no proper journal report" : "",
	    u->ndr ? ", found in an undeliverable report" : "");
	jm_print(stdout, "%-16s %u\n", "nesting", u->nesting);
	show_levels(u, !open);
	unwrap_show("sender", u->envelope_sender);
	if (!jm_span_none(u->on_behalf_of))
		unwrap_show("on-behalf-of", u->on_behalf_of);
	unwrap_show("subject", u->subject);
	unwrap_show("message-id", u->message_id);
	for (k = 0; k < u->recipients_n; k++) {
		const struct jm_recipient *r = &u->recipients[k];

		if (open && !open[k]) {
			hidden++;
			continue;
		}
		unwrap_show(jm_recipient_type_name(r->type), r->address);
		if (r->via != JM_VIA_NONE)
			unwrap_show(
			    r->via == JM_VIA_EXPANDED ? "  expanded from" : "  forwarded from",
			    r->via_address);
	}
	if (hidden > 0)
		jm_print(stdout, "%-16s %zu, --bcc shows %s\n", "hidden", hidden,
		    hidden == 1 ? "it" : "them");
	for (k = 0; k < u->message.cuts_n; k++)
		unwrap_show("removed", u->message.cuts[k].name);
	if (u->has_companion)
		jm_print(stdout, "%-16s %s\n", "companion",
		    u->companion_is_clear ? "a clear-text copy" : "the protected message");
	if (u->limits)
		jm_print(stdout, "%-16s %u\n", "limits reached", u->limits);
	for (int d = 0; d < JM_DEFECTS_N; d++)
		if (u->defects[d] > 0)
			jm_print(stdout, "%-16s %s, %u\n", "defects",
			    jm_defect_name((enum jm_defect)d), u->defects[d]);
	jm_print(
	    stdout, "%-16s %zu bytes\n%-16s %s\n", "message", u->message.size_bytes, "sha256", hex);
	return 0;
}

/*
 * Open what --output names: a device as it is, else a new file, which gets its name when it is
 * whole. Links are not followed: others may have put one into /tmp. Returns the descriptor, which
 * is that of *f if that is open then; -1 with err.
 */
static int open_output(const char *path, struct jm_below *f, struct jm_err *err)
{
	const char *slash = strrchr(path, '/');
	char folder[PATH_MAX] = ".";
	struct stat st;
	int top, rc;

	if (lstat(path, &st) == 0 && S_ISCHR(st.st_mode))
		return jm_io_open(path, O_WRONLY | O_NOFOLLOW | O_NOCTTY, 0, err);
	if (slash &&
	    snprintf(folder, sizeof folder, "%.*s", (int)(slash - path) + 1, path) >=
		(int)sizeof folder)
		return jm_err_set(err, JM_E_USAGE, "path of %zu bytes", strlen(path));
	top = jm_io_open(folder, O_RDONLY | O_DIRECTORY, 0, err);
	if (top < 0)
		return -1;
	rc = jm_below_create(top, slash ? slash + 1 : path, f, err);
	close(top);
	return rc == 0 ? f->fd : -1;
}

static int write_message(const struct jm_unwrap *u, const char *path, struct jm_err *err)
{
	struct jm_below f = { .open = false };
	bool to_stdout = strcmp(path, "-") == 0;
	int fd = to_stdout ? STDOUT_FILENO : open_output(path, &f, err), rc = EX_CANTCREAT;

	if (fd >= 0) {
		rc = EX_OK;
		if (jm_strip_walk(u->message.raw, u->message.cuts, u->message.cuts_n, write_piece,
			&fd, err) != 0)
			rc = EX_IOERR;
		else if (f.open && jm_below_keep(&f, true, err) != 0)
			rc = EX_CANTCREAT;
		else if (!f.open && !to_stdout)
			close(fd);
	}
	jm_below_drop(&f);
	if (rc != EX_OK)
		jm_print(stderr, "jmctl unwrap: %s%s%s\n", rc == EX_IOERR ? "" : path,
		    rc == EX_IOERR ? "" : ": ", err->text);
	return rc;
}

/*
 * Print what the message gives. JSON is for programs and names all recipients: the message is a
 * file of the caller's own. On a screen Bcc recipients are named only with --bcc.
 */
static int unwrap_say(const struct request *q, const struct jm_unwrap *u, struct jm_err *err)
{
	bool *open = NULL;
	json_t *o;
	int rc;

	if (q->json) {
		o = unwrap_describe(u, err);
		if (!o)
			return -1;
		jm_print_json(stdout, o);
		json_decref(o);
		return 0;
	}
	if (!q->bcc) {
		open = calloc(u->recipients_n + 1, sizeof *open);
		if (!open)
			return jm_err_set(err, JM_E_TEMP, "no memory");
	}
	rc = open ? jm_bcc_unwrapped(u, open, err) : 0;
	if (rc == 0)
		rc = summarise(u, open, err);
	free(open);
	return rc;
}

/* Write and print what was asked for. Returns the exit code. */
static int unwrap_print(const struct request *q, const struct jm_unwrap *u, struct jm_err *err)
{
	int rc;

	if (q->output) {
		rc = write_message(u, q->output, err);
		if (rc != EX_OK || strcmp(q->output, "-") == 0)
			return rc;
	}
	if (unwrap_say(q, u, err) != 0)
		return jm_ctl_fail("unwrap", err);
	if (fflush(stdout) != 0 || ferror(stdout)) {
		fputs("jmctl unwrap: cannot write to standard output\n", stderr);
		return EX_IOERR;
	}
	return EX_OK;
}

/* Check the options against each other. 0, or an exit code after a message. */
static int unwrap_check(const struct request *q, int operands)
{
	if (operands != 1) {
		fputs("jmctl unwrap: wants one FILE, or - for standard input; see jmctl unwrap "
		      "--help\n",
		    stderr);
		return EX_USAGE;
	}
	if (strcmp(q->type, "envelope") != 0 && strcmp(q->type, "eml") != 0) {
		jm_print(stderr, "jmctl unwrap: --journal-type is envelope or eml, not \"%s\"\n",
		    q->type);
		return EX_USAGE;
	}
	if (q->json && q->output && strcmp(q->output, "-") == 0) {
		fputs("jmctl unwrap: --json and --output - both want standard output; write the "
		      "message to a file\n",
		    stderr);
		return EX_USAGE;
	}
	return EX_OK;
}

int jm_ctl_unwrap(int argc, char **argv)
{
	struct request q = { .type = "envelope" };
	const struct jm_ctl_option table[] = {
		{ "journal-domain", JM_CTL_LIST, &q.domains, "DOMAIN",
		    "a domain of journal addresses, for reports of reports; repeatable" },
		{ "report-sender", JM_CTL_LIST, &q.senders, "ADDRESS",
		    "an address that sends journal reports, besides Exchange's; repeatable" },
		{ "journal-type", JM_CTL_TEXT, &q.type, "TYPE",
		    "envelope (unwrap, the default) or eml (never unwrap)", "envelope eml" },
		{ "prefer-clear-text", JM_CTL_FLAG, &q.clear, NULL,
		    "take the clear-text copy of a protected message" },
		{ "keep-journal-headers", JM_CTL_FLAG, &q.keep, NULL,
		    "leave the two X-MS-Exchange BCC fields in" },
		{ "bcc", JM_CTL_FLAG, &q.bcc, NULL, "name Bcc recipients, too" },
		{ "output", JM_CTL_TEXT, &q.output, "FILE",
		    "write the message's bytes there; - is standard output" },
		{ "json", JM_CTL_FLAG, &q.json, NULL, "print one JSON object" },
		{ NULL },
	};
	struct jm_unwrap_options options = { .remove_journal_headers = true };
	struct jm_unwrap u;
	struct jm_buf in;
	struct jm_err err;
	int rc, operands;

	jm_buf_init(&in, INPUT_BYTES);
	operands = jm_ctl_options(argc, argv, table, "[options] FILE|-",
	    "Unwrap one message as the daemon would, and tell what is in it. Needs no "
	    "configuration and no archive.",
	    &rc);
	if (operands < 0 || (rc = unwrap_check(&q, operands)) != EX_OK)
		goto out;
	if (read_input(argv[1], &in, &err) != 0) {
		jm_print(stderr, "jmctl unwrap: %s\n", err.text);
		rc = EX_NOINPUT;
		goto out;
	}
	options.journal_domains = q.domains.v;
	options.report_senders = q.senders.v;
	options.type = strcmp(q.type, "eml") == 0 ? JM_JOURNAL_EML : JM_JOURNAL_ENVELOPE;
	options.prefer_clear_text = q.clear;
	options.remove_journal_headers = !q.keep;
	if (jm_unwrap(jm_buf_span(&in), &options, &u, &err) != 0) {
		rc = jm_ctl_fail("unwrap", &err);
	} else {
		rc = unwrap_print(&q, &u, &err);
		jm_unwrap_release(&u);
	}
out:
	free(q.domains.v);
	free(q.senders.v);
	jm_buf_release(&in);
	return rc;
}
