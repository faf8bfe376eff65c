/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Unwrapping messages, reading settings and publishing the state while one call after the other
 * fails: each ends as ever or is refused as temporary.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/io.h"
#include "common/json/write.h"
#include "common/journal/unwrap.h"
#include "common/publish/publish.h"
#include "common/volume/metadata.h"
#include "t/lib/failing.h"
#include "t/unit/settings_file.h"

/* ---- messages ---- */

#define INNER \
	"From: \"Anna =?utf-8?B?w4RybmU=?=\" <anna@example.com>\r\n" \
	"To: bert@example.org,\r\n =?iso-8859-1?Q?J=F6rg?= <joerg@b\xc3\xbc" \
	"cher.example>, list: a@x.example, b@y.example;\r\n" \
	"Bcc: emil@example.org\r\nSubject: =?utf-8?Q?Gr=C3=BC=C3=9Fe?= =?koi8-r?B?8NLJ18XU?=\r\n" \
	"Date: Tue, 3 Jul 2029 10:00:00 +0200\r\nMessage-ID: <parts@x>\r\n" \
	"X-MS-Journal-Report:\r\nX-MS-Exchange-Organization-Bcc: emil@example.org\r\n\r\nhello\r\n"
#define REPORT(encoding, body) \
	"From: postmaster@example.com\r\nTo: archive@journal.example.com\r\n" \
	"Message-ID: <r@x>\r\nX-MS-Journal-Report:\r\nMIME-Version: 1.0\r\n" \
	"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n" \
	"Content-Type: text/plain; charset=us-ascii\r\n\r\n" \
	"Sender: anna@example.com\r\nOn-Behalf-Of: boss@example.com\r\nSubject: s\r\n" \
	"Message-ID: <parts@x>\r\nTo: bert@example.org\r\n" \
	"To: carl@example.org, Expanded: all@example.org\r\n" \
	"Cc: dora@example.net, Forwarded: eva@example.net\r\nBcc: emil@example.org\r\n" \
	"Recipient: fritz@example.org\r\n\r\n--b\r\nContent-Type: message/rfc822\r\n" encoding \
	"\r\n" body "\r\n--b--\r\n"

static const struct message {
	const char *name, *text;
} messages[] = {
	{ "an ordinary message", INNER },
	{ "a report", REPORT("", INNER) },
	{ "a report in base64",
	    REPORT("Content-Transfer-Encoding: base64\r\n",
		"RnJvbTogYUBleGFtcGxlLmNvbQ0KVG86IGJAZXhhbXBsZS5vcmcNCg0KaGVsbG8NCg==") },
	{ "a report in a report", REPORT("", REPORT("", INNER)) },
	{ "a report that is cut short", REPORT("", "") },
};

static int unwrap(void *ctx, struct jm_buf *out, struct jm_err *err)
{
	const struct jm_unwrap_options o = {
		.journal_domains = (const char *const[]){ "journal.example.com", NULL },
		.report_senders = (const char *const[]){ "postmaster@example.com", NULL },
		.remove_journal_headers = true,
	};
	const struct message *m = ctx;
	struct jm_deposit d = { .arrival = { .transport = "smtp", .service = "s@x" },
		.received = jm_span_str(m->text) };
	struct jm_digests digests = { { 0 }, { 0 }, { 0 }, { 0 }, { 0 }, { 0 } };
	struct jm_unwrap u;
	json_t *meta;
	int rc = -1;

	if (jm_unwrap(d.received, &o, &u, err) != 0)
		return -1;
	d.unwrap = &u;
	meta = jm_describe_report(&d, &digests, &(struct jm_splice){ .holder = 0 }, err);
	if (meta)
		rc = jm_json_write(out, meta, err);
	json_decref(meta);
	jm_unwrap_release(&u);
	return rc;
}

/* ---- settings ---- */

static int load(void *ctx, struct jm_buf *out, struct jm_err *err)
{
	struct jm_settings *s = NULL;
	struct jm_buf report;
	int rc;

	jm_buf_init(&report, REPORT_BYTES);
	rc = jm_settings_load(ctx, &s, &report, err);
	if (rc == 0)
		rc = jm_buf_printf(out, err, "%zu services, %zu domains: %s", s->services_n,
		    s->internal_domains_n, jm_buf_str(&report));
	jm_settings_unref(&s);
	jm_buf_release(&report);
	return rc;
}

/* ---- the published state ---- */

static int publish(void *ctx, struct jm_buf *out, struct jm_err *err)
{
	(void)out;
	return jm_publish_write(tap_folder(), 0644, ctx, err);
}

static json_t *document(void)
{
	json_t *o = json_pack("{s:i, s:s, s:s, s:i, s:{s:i, s:i, s:s}, s:{s:{s:s, s:s, s:i}}}",
	    "format", 1, "version", "1", "written_at", "2029-07-03T10:00:00Z", "interval_seconds",
	    10, "archive", "items", 3, "reports", 4, "state", "ok", "services", "j@x.example",
	    "description", "one \n two", "status", "SUCCESS", "received", 4);

	if (!o)
		exit(1);
	return o;
}

static void trials(struct t_trial *t)
{
	for (int i = 0; i < T_FAILINGS; i++) {
		t->failing = (enum t_failing)i;
		t_fail_each(t);
	}
}

int main(void)
{
	static const char text[] = HEAD INTERNAL OUTBOUND SERVICE(
	    "<description>one</description>\n<maximum-age>20</maximum-age>\n"
	    "<initial-process-delay>0</initial-process-delay>\n") TAIL;
	struct t_trial settings = { .name = "settings", .run = load },
		       state = { .name = "publication", .run = publish, .own_result = true };
	char path[500];

	for (size_t i = 0; i < sizeof messages / sizeof *messages; i++) {
		struct t_trial t = { .name = messages[i].name,
			.run = unwrap,
			.ctx = (void *)(uintptr_t)&messages[i] };

		trials(&t);
	}
	snprintf(path, sizeof path, "%s", file_path("s.xml"));
	file_write(path, text, sizeof text - 1);
	settings.ctx = path;
	trials(&settings);
	state.ctx = document();
	trials(&state);
	json_decref(state.ctx);
	return tap_done();
}
