/* SPDX-License-Identifier: BSD-2-Clause */
/* The octets of a subject: when they are kept, and that its text follows from them. */
#include <jansson.h>

#include "common/journal/unwrap.h"
#include "common/volume/metadata.h"
#include "t/lib/tap.h"

#define REPORT(charset, subject) \
	"X-MS-Journal-Report:\nContent-Type: multipart/mixed; boundary=b\n\n--b\n" \
	"Content-Type: text/plain; charset=" charset "\n\nSender: a@b\nSubject: " subject \
	"\nMessage-Id: <1@b>\nTo: c@d\n\n--b\nContent-Type: message/rfc822\n\nFrom: a@b\n\nx\n"
#define MESSAGE(subject) \
	"From: a@b\nTo: c@d\nSubject: " subject "\nContent-Type: text/plain; charset=koi8-r\n\nx\n"

static const struct {
	const char *message, *octets, *text; /* octets NULL: not kept */
	const char *other, *better;          /* the text in another charset; NULL: the same */
} row[] = {
	{ MESSAGE("plain"), NULL, "plain", NULL, NULL },
	{ MESSAGE("gr\xc3\xbcn =?utf-8?q?=C3=BC?="), NULL, "grün ü", NULL, NULL },
	{ MESSAGE("\xf0"), "\xf0", "П", "iso-8859-1", "ð" },
	{ MESSAGE("\xc3\xbc \xf0"), "\xc3\xbc \xf0", "ц╪ П", "utf-8", "ü \xef\xbf\xbd" },
	{ MESSAGE("=?koi8-r?q?=F0?="), "=?koi8-r?q?=F0?=", "П", "utf-8", NULL },
	{ MESSAGE("=?no-such?q?=F0?="), "=?no-such?q?=F0?=", "ð", NULL, NULL },
	{ MESSAGE("\x1b$B-j\x1b(B"), "\x1b$B-j\x1b(B", "㈱", NULL, NULL },
	{ REPORT("us-ascii", "plain"), NULL, "plain", NULL, NULL },
	{ REPORT("koi8-r", "plain"), NULL, "plain", NULL, NULL },
	{ REPORT("utf-8", "gr\xc3\xbcn"), NULL, "grün", NULL, NULL },
	{ REPORT("koi8-r", "\xf0 =?utf-8?q?x?="),
	    "\xf0 =?utf-8?q?x?=", "П =?utf-8?q?x?=", "windows-1251", "р =?utf-8?q?x?=" },
	{ REPORT("utf-8", "\xc3\xbc \xff"), "\xc3\xbc \xff", "ü \xef\xbf\xbd", "iso-8859-1",
	    "Ã¼ ÿ" },
	{ REPORT("iso-2022-jp", "\x1b$B-j\x1b(B"), "\x1b$B-j\x1b(B", "㈱", NULL, NULL },
};

/* The subject of meta, or NULL in case of an error. */
static const char *subject_of(const json_t *meta, struct jm_buf *out)
{
	struct jm_err err;
	bool any;

	return jm_described_subject(meta, out, &any, &err) == 0 && any ? jm_buf_str(out) : NULL;
}

static void test_row(size_t k, struct jm_buf *out)
{
	const struct jm_unwrap_options options = { .type = JM_JOURNAL_ENVELOPE };
	const struct jm_splice none = { .holder = 0 };
	struct jm_deposit d = { .received = jm_span_str(row[k].message) };
	struct jm_digests sums = { .received = { 0 } };
	struct jm_unwrap u;
	struct jm_err err;
	json_t *meta;

	if (jm_unwrap(d.received, &options, &u, &err) != 0) {
		tap_ok(false, "row %zu: %s", k, err.text);
		return;
	}
	tap_is_mem(u.original.octets.p, u.original.octets.len, row[k].octets,
	    row[k].octets ? strlen(row[k].octets) : 0, "row %zu: the octets", k);
	tap_ok(jm_span_eq(u.subject, jm_span_str(row[k].text)), "the text: %.*s",
	    (int)u.subject.len, (const char *)u.subject.p);
	d.unwrap = &u;
	meta = jm_describe_report(&d, &sums, &none, &err);
	tap_ok((json_object_get(json_object_get(meta, "journal"), "original") != NULL) ==
		(row[k].octets != NULL),
	    "kept in the metadata if they matter");
	tap_is_str(subject_of(meta, out), row[k].text, "the text follows from the metadata");
	if (row[k].other) {
		json_object_set_new(json_object_get(json_object_get(meta, "journal"), "original"),
		    "charset", json_string(row[k].other));
		tap_is_str(subject_of(meta, out), row[k].better ? row[k].better : row[k].text,
		    "and another one from another reading");
	}
	json_decref(meta);
	jm_unwrap_release(&u);
}

int main(void)
{
	struct jm_buf out;

	jm_buf_init(&out, JM_DESCRIBED_SUBJECT_BYTES);
	for (size_t k = 0; k < sizeof row / sizeof row[0]; k++)
		test_row(k, &out);
	jm_buf_release(&out);
	return tap_done();
}
