/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Exports as an EDRM XML 1.2 load file, edrm.xml, with the messages as native files. Tags that
 * begin with "#" are from the standard; the others (Journal..., SHA256, ItemID, MessageID) are
 * ours.
 */
#include "milter/ctl/files/edrm.h"

#include <inttypes.h>
#include <openssl/evp.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/base/visible.h"
#include "common/mail/charset.h"
#include "common/mail/date.h"
#include "common/view/preview.h"
#include "milter/ctl/files/dumpdir.h"

/* Write text as the value of an attribute. */
static void put_value(FILE *f, struct jm_span text)
{
	char out[JM_VISIBLE_BYTES];

	while (text.len > 0) {
		jm_visible_xml_next(&text, out);
		fputs(out, f);
	}
}

static void put_tag(FILE *f, const char *name, const char *type, struct jm_span value)
{
	if (jm_span_none(value))
		return;
	fprintf(f, "     <Tag TagName=\"%s\" TagDataType=\"%s\" TagValue=\"", name, type);
	put_value(f, value);
	fputs("\"/>\n", f);
}

static struct jm_span text_of(const json_t *value)
{
	return jm_span_of(json_string_value(value), json_string_length(value));
}

static void put_time(FILE *f, const char *name, int64_t ms)
{
	char text[JM_CLOCK_TEXT_BYTES], value[JM_CLOCK_TEXT_BYTES];

	snprintf(value, sizeof value, "%.19sZ", jm_clock_format(ms, text));
	put_tag(f, name, "DateTime", jm_span_str(value));
}

/* A tag with a list of any length, which is written as it comes; nothing without a value. */
struct tag {
	FILE *f;
	const char *name, *between;
	const char *type; /* only recipients that reports name so; NULL: all */
	bool open;
};

static void tag_add(struct tag *t, struct jm_span value)
{
	if (value.len == 0)
		return;
	if (t->open)
		fputs(t->between, t->f);
	else
		fprintf(t->f, "     <Tag TagName=\"%s\" TagDataType=\"Text\" TagValue=\"", t->name);
	t->open = true;
	put_value(t->f, value);
}

static void tag_end(struct tag *t)
{
	if (t->open)
		fputs("\"/>\n", t->f);
	t->open = false;
}

/* Write the header fields of that name, decoded and separated by commas, as one tag. */
static void put_header(FILE *f, const char *tag, const struct jm_preview *v, const char *name)
{
	struct tag t = { .f = f, .name = tag, .between = ", " };

	for (size_t i = 0; i < v->headers_n; i++)
		if (jm_span_eq_nocase(v->headers[i].name, jm_span_str(name)))
			tag_add(&t, v->headers[i].value);
	tag_end(&t);
}

static int put_recipient(void *ctx, size_t i, const json_t *r, struct jm_err *err)
{
	struct tag *t = ctx;
	const char *how = json_string_value(
	    json_object_get(json_array_get(json_object_get(r, "reports"), 0), "type"));

	(void)i, (void)err;
	if (!t->type || (how && strcmp(how, t->type) == 0))
		tag_add(t, text_of(json_object_get(r, "address")));
	return 0;
}

/* Write the recipients of one type (NULL: all) that the reports name, separated by semicolons. */
static int put_recipients(
    FILE *f, const char *tag, struct jm_ctl_item *item, const char *type, struct jm_err *err)
{
	struct tag t = { .f = f, .name = tag, .between = "; ", .type = type };
	int rc = jm_ctl_item_rows(item, "recipients", put_recipient, &t, err);

	tag_end(&t);
	return rc;
}

static void put_attachments(FILE *f, const struct jm_preview *v)
{
	struct tag names = { .f = f, .name = "#AttachmentNames", .between = "; " };
	char count[24];

	snprintf(count, sizeof count, "%zu", v->attachments_n);
	put_tag(
	    f, "#HasAttachments", "Boolean", jm_span_str(v->attachments_n > 0 ? "true" : "false"));
	put_tag(f, "#AttachmentCount", "LongInteger", jm_span_str(count));
	for (size_t i = 0; i < v->attachments_n; i++)
		if (!jm_span_none(v->attachments[i].name))
			tag_add(&names, v->attachments[i].name);
	tag_end(&names);
}

static int put_tags(
    FILE *f, const struct jm_export_one *m, const struct jm_preview *preview, struct jm_err *err)
{
	const char *time = json_string_value(json_object_get(m->item, "time"));
	long long hidden = json_integer_value(json_object_get(m->item, "hidden_recipients"));
	char number[24];
	int64_t ms;

	put_header(f, "#From", preview, "From");
	put_header(f, "#To", preview, "To");
	put_header(f, "#CC", preview, "Cc");
	if (put_recipients(f, "#BCC", m->whole, "bcc", err) != 0)
		return -1;
	put_tag(f, "#Subject", "Text", text_of(json_object_get(m->item, "subject")));
	if (jm_date_parse(text_of(json_object_get(m->item, "date")), &ms) == 0)
		put_time(f, "#DateSent", ms);
	if (time && jm_clock_parse(time, &ms) == 0)
		put_time(f, "#DateReceived", ms);
	put_attachments(f, preview);
	put_tag(f, "JournalSender", "Text", text_of(json_object_get(m->item, "sender")));
	if (put_recipients(f, "JournalRecipients", m->whole, NULL, err) != 0)
		return -1;
	snprintf(number, sizeof number, "%lld", hidden);
	if (hidden > 0)
		put_tag(f, "JournalRecipientsHidden", "LongInteger", jm_span_str(number));
	put_tag(f, "JournalService", "Text", text_of(json_object_get(m->item, "service")));
	put_tag(f, "MessageID", "Text", text_of(json_object_get(m->item, "message_id")));
	snprintf(number, sizeof number, "%" PRIu64, m->id);
	put_tag(f, "ItemID", "Text", jm_span_str(number));
	put_tag(f, "SHA256", "Text", jm_span_str(m->sha256));
	return 0;
}

/* Load files are compared by MD5. When the library refuses it, only the tag SHA256 remains. */
static void put_md5(FILE *f, struct jm_span bytes)
{
	unsigned char md5[EVP_MAX_MD_SIZE];
	size_t n = 0;

	if (!EVP_Q_digest(NULL, "MD5", NULL, bytes.p, bytes.len, md5, &n))
		return;
	fputs(" Hash=\"", f);
	for (size_t i = 0; i < n; i++)
		fprintf(f, "%02x", md5[i]);
	fputs("\" HashType=\"MD5\"", f);
}

static int begin_edrm(struct jm_exporter *x, struct jm_err *err)
{
	(void)err;
	fputs("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Root MajorVersion=\"1\" "
	      "MinorVersion=\"2\" DataInterchangeType=\"Update\" "
	      "Description=\"journal-milter\">\n <Batch>\n  <Documents>\n",
	    x->file);
	return 0;
}

static int add_edrm(struct jm_exporter *x, const struct jm_export_one *m,
    char path_r[JM_EXPORT_PATH_BYTES], struct jm_err *err)
{
	struct jm_preview preview;
	char path[JM_DUMP_PATH_BYTES], *slash;
	int rc;

	snprintf(
	    path_r, JM_EXPORT_PATH_BYTES, "%s", jm_dump_path("natives", m->id, m->sha256, path));
	rc = jm_preview_read(m->bytes, x->bcc, &preview, err);
	if (rc == 0)
		rc = jm_exporter_write(x, path_r, m->bytes, err);
	if (rc == 0) {
		fprintf(x->file, "   <Document DocID=\"JM%010" PRIu64, m->id);
		if (m->which > 0)
			fprintf(x->file, "-%zu", m->which);
		fputs("\" DocType=\"Message\" MimeType=\"message/rfc822\">\n    <Tags>\n", x->file);
		rc = put_tags(x->file, m, &preview, err);
		slash = strrchr(path, '/');
		*slash = '\0';
		fprintf(x->file,
		    "    </Tags>\n    <Files>\n     <File FileType=\"Native\">\n      "
		    "<ExternalFile FilePath=\"%s\" FileName=\"%s\" FileSize=\"%zu\"",
		    path, slash + 1, m->bytes.len);
		put_md5(x->file, m->bytes);
		fputs("/>\n     </File>\n    </Files>\n   </Document>\n", x->file);
	}
	jm_preview_release(&preview);
	return rc == 0 && ferror(x->file) ? jm_err_sys(err, JM_E_TEMP, "cannot write edrm.xml")
					  : rc;
}

static int end_edrm(struct jm_exporter *x, struct jm_err *err)
{
	(void)err;
	fputs("  </Documents>\n  <Relationships/>\n </Batch>\n</Root>\n", x->file);
	return 0;
}

const struct jm_export_format jm_export_edrm = {
	.name = "edrm", .file = "edrm.xml", .begin = begin_edrm, .add = add_edrm, .end = end_edrm
};
