/* SPDX-License-Identifier: BSD-2-Clause */
/* The message part of jmctl show: the preview as JSON, and that JSON as text. The preview itself is
 * made in common/view/preview.c. */
#include "milter/ctl/ask/show_message.h"

#include <string.h>

#include "common/view/preview.h"
#include "common/base/num.h"
#include "milter/ctl/cli/print.h"

#define NAME_COLUMNS 16

/* Text of a preview as JSON; null for a missing one. */
static json_t *text_json(struct jm_span text)
{
	return jm_span_none(text) ? json_null() : json_stringn((const char *)text.p, text.len);
}

static json_t *headers_json(const struct jm_preview *v)
{
	json_t *list = json_array();

	for (size_t i = 0; list && i < v->headers_n; i++)
		if (json_array_append_new(list,
			json_pack("{s:o, s:o}", "name", text_json(v->headers[i].name), "value",
			    text_json(v->headers[i].value))) != 0) {
			json_decref(list);
			list = NULL;
		}
	return list;
}

static json_t *attachments_json(const struct jm_preview *v)
{
	json_t *list = json_array();

	for (size_t i = 0; list && i < v->attachments_n; i++) {
		const struct jm_preview_attachment *a = &v->attachments[i];

		if (json_array_append_new(list,
			json_pack("{s:o, s:o, s:I, s:I}", "name", text_json(a->name), "type",
			    text_json(a->type), "size", (json_int_t)a->bytes, "depth",
			    (json_int_t)a->depth)) != 0) {
			json_decref(list);
			list = NULL;
		}
	}
	return list;
}

/* Kinds of text that only other programs can show: in JSON, and for people. */
static const struct {
	enum jm_preview_hidden hidden;
	const char *word, *text;
} hidden_kinds[] = {
	{ JM_PREVIEW_SMIME, "s/mime", "an S/MIME part (signed or encrypted)" },
	{ JM_PREVIEW_TNEF, "tnef", "winmail.dat (TNEF)" },
	{ JM_PREVIEW_PGP, "pgp", "a part encrypted by OpenPGP" },
	{ JM_PREVIEW_RPMSG, "rpmsg", "a rights-protected part (message.rpmsg)" },
};

#define HIDDEN_KINDS (sizeof hidden_kinds / sizeof hidden_kinds[0])

static json_t *hidden_json(unsigned hidden)
{
	json_t *list = json_array();

	for (size_t i = 0; list && i < HIDDEN_KINDS; i++)
		if ((hidden & hidden_kinds[i].hidden) != 0 &&
		    json_array_append_new(list, json_string(hidden_kinds[i].word)) != 0) {
			json_decref(list);
			list = NULL;
		}
	return list;
}

json_t *jm_show_json(struct jm_span message, bool bcc, struct jm_err *err)
{
	static const char *const sources[] = { [JM_PREVIEW_NONE] = NULL,
		[JM_PREVIEW_PLAIN] = "text/plain",
		[JM_PREVIEW_HTML] = "text/html" };
	struct jm_preview v;
	json_t *o = NULL;

	if (jm_preview_read(message, bcc, &v, err) == 0) {
		const char *source = sources[v.source];

		o = json_pack("{s:o, s:o, s:s?, s:b, s:o, s:o}", "headers", headers_json(&v),
		    "text", source ? json_stringn(jm_buf_str(&v.text), v.text.len) : json_null(),
		    "text_from", source, "text_cut", v.text_cut, "not_shown", hidden_json(v.hidden),
		    "attachments", attachments_json(&v));
		if (!o)
			jm_err_set(err, JM_E_TEMP, "no memory for a preview");
	}
	jm_preview_release(&v);
	return o;
}

void jm_show_title(const char *title)
{
	jm_print_style(stdout, JM_PRINT_BOLD);
	jm_print(stdout, "\n%s\n", title);
	jm_print_style(stdout, JM_PRINT_PLAIN);
}

static bool is_main(const char *name)
{
	static const char *const names[] = { "From", "Sender", "Reply-To", "To", "Cc", "Bcc",
		"Resent-From", "Resent-To", "Date", "Subject", "Message-ID", "In-Reply-To" };

	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		if (jm_span_eq_nocase(jm_span_str(name), jm_span_str(names[i])))
			return true;
	return false;
}

static void put_headers(const struct jm_show_options *o, const json_t *headers)
{
	const json_t *h;
	size_t i;

	json_array_foreach(headers, i, h) {
		const char *name = json_string_value(json_object_get(h, "name"));

		if (!o->headers && (!name || !is_main(name)))
			continue;
		fputs("  ", stdout);
		jm_print_style(stdout, JM_PRINT_DIM);
		jm_print_value(stdout, json_object_get(h, "name"), NAME_COLUMNS, false);
		jm_print_style(stdout, JM_PRINT_PLAIN);
		putchar(' ');
		jm_print_value(stdout, json_object_get(h, "value"), 0, false);
		putchar('\n');
	}
}

/* Print a line of text: tabs as blanks, all else escaped. */
static void put_text_line(struct jm_span line)
{
	fputs("  | ", stdout);
	while (line.len > 0) {
		size_t tab = jm_span_index(line, '\t');

		jm_print_text(stdout, jm_span_sub(line, 0, tab));
		if (tab < line.len)
			fputs("    ", stdout);
		line = jm_span_sub(line, tab + 1, line.len);
	}
	putchar('\n');
}

static void put_text(const struct jm_show_options *o, const json_t *preview)
{
	const json_t *value = json_object_get(preview, "text"),
		     *from = json_object_get(preview, "text_from");
	struct jm_span text = jm_span_of(json_string_value(value), json_string_length(value));
	uint64_t n = 0, more = 0;

	if (!json_is_string(value))
		return;
	putchar('\n');
	while (text.len > 0) {
		size_t end = jm_span_index(text, '\n'),
		       len = end > 0 && text.p[end - 1] == '\r' ? end - 1 : end;

		if (o->lines == 0 || n < o->lines)
			put_text_line(jm_span_sub(text, 0, len));
		else
			more++;
		n++;
		text = jm_span_sub(text, end + 1, text.len);
	}
	jm_print_style(stdout, JM_PRINT_DIM);
	if (more > 0)
		jm_print(stdout, "  %llu more line%s; --lines 0 shows all\n",
		    (unsigned long long)more, jm_num_s(more));
	if (json_is_true(json_object_get(preview, "text_cut")))
		puts("  the text is longer; export has all of it");
	if (json_is_string(from) && strcmp(json_string_value(from), "text/html") == 0)
		puts("  (from HTML)");
	jm_print_style(stdout, JM_PRINT_PLAIN);
}

/* Name the text that is in the message but not shown. */
static void put_hidden(const json_t *list)
{
	const json_t *value;
	size_t i;

	if (json_array_size(list) > 0)
		putchar('\n');
	json_array_foreach(list, i, value)
		for (size_t k = 0; k < HIDDEN_KINDS; k++)
			if (strcmp(json_string_value(value), hidden_kinds[k].word) == 0)
				jm_print(stdout, "  not shown: text in %s; export has it\n",
				    hidden_kinds[k].text);
}

static void put_attachments(const json_t *list)
{
	char size[JM_PRINT_BYTES_TEXT];
	const json_t *a;
	size_t i;

	if (json_array_size(list) > 0)
		jm_show_title("attachments");
	json_array_foreach(list, i, a) {
		jm_print(stdout, "  %*s%9s  ",
		    (int)json_integer_value(json_object_get(a, "depth")) * 2, "",
		    jm_print_bytes((uint64_t)json_integer_value(json_object_get(a, "size")), size));
		jm_print_value(stdout, json_object_get(a, "type"), 30, false);
		fputs("  ", stdout);
		jm_print_value(stdout, json_object_get(a, "name"), 0, false);
		putchar('\n');
	}
}

void jm_show_message(const struct jm_show_options *o, const json_t *preview)
{
	const json_t *problem = json_object_get(preview, "problem");

	if (!preview)
		return;
	jm_show_title("message");
	if (problem) {
		jm_print_style(stdout, JM_PRINT_BAD);
		fputs("  ", stdout);
		jm_print_value(stdout, problem, 0, false);
		jm_print_style(stdout, JM_PRINT_PLAIN);
		putchar('\n');
		return;
	}
	put_headers(o, json_object_get(preview, "headers"));
	put_text(o, preview);
	put_hidden(json_object_get(preview, "not_shown"));
	put_attachments(json_object_get(preview, "attachments"));
}
