/* SPDX-License-Identifier: BSD-2-Clause */
/* The differences of two settings files: each kind of value, lists, services; never a secret. */
#include <sys/stat.h>

#include "common/settings/difference.h"
#include "common/settings/snapshot.h"
#include "t/unit/settings_file.h"

#define MAILBOX(password, more) \
	"<transport-type>POP3</transport-type>\n<pop3><hostname>mx</hostname>" \
	"<mailbox-name>j</mailbox-name>" password more "</pop3>\n"
#define P(word) "<password>" word "</password>"
#define OTHER(more) \
	"<journal-service>\n<email-address>k@journal.example.com</email-address>\n" more \
	"</journal-service>\n"
#define BODY INTERNAL OUTBOUND SERVICE("")

static const struct {
	const char *what, *old, *now;
	const char *told; /* each difference, followed by " | " */
} cases[] = {
	{ "nothing", BODY, BODY, "" },
	{ "only lines", BODY, "\n\n" BODY, "" },
	{ "a default that is written down", BODY,
	    INTERNAL OUTBOUND SERVICE("<encrypted>no</encrypted>"), "" },
	{ "yes/no", BODY, INTERNAL OUTBOUND SERVICE("<encrypted>yes</encrypted>"),
	    "j@journal.example.com encrypted: no -> yes (line 8) | " },
	{ "back to the default", INTERNAL OUTBOUND SERVICE("<disabled>yes</disabled>"), BODY,
	    "j@journal.example.com disabled: yes -> no (default) | " },
	{ "a number", BODY,
	    INTERNAL OUTBOUND SERVICE("<initial-process-delay>90</initial-process-delay>"),
	    "j@journal.example.com initial-process-delay: 0 -> 90 (line 8) | " },
	{ "a word", BODY, INTERNAL OUTBOUND SERVICE("<journal-type>eml</journal-type>"),
	    "j@journal.example.com journal-type: envelope -> eml (line 8) | " },
	{ "a text", BODY, INTERNAL OUTBOUND SERVICE("<description>new</description>"),
	    "j@journal.example.com description: j@journal.example.com -> new (line 8) | " },
	{ "of the whole, which services take over", BODY, "<maximum-age>0</maximum-age>\n" BODY,
	    "- maximum-age: 30 -> 0 (line 4) | " },
	{ "of a section", BODY,
	    "<gateway><enabled>true</enabled><on-fault>pass</on-fault></gateway>\n" BODY,
	    "- gateway/enabled: no -> yes (line 4) | - gateway/on-fault: defer -> pass (line "
	    "4) | " },
	{ "a path and a size", BODY,
	    "<publish><directory>/p</directory><mode>0640</mode></publish>\n" BODY,
	    "- publish/directory: nothing -> /p (line 4) | - publish/mode: 0644 -> 0640 (line "
	    "4) | " },
	{ "ranges", BODY,
	    INTERNAL
	    "<authorized-outbounds><range>198.51.100.1</range></authorized-outbounds>\n" SERVICE(
		""),
	    "- authorized-outbounds: range 192.0.2.0/24 removed | - authorized-outbounds: range "
	    "198.51.100.1 added | " },
	{ "the same ranges in another order",
	    "<authorized-outbounds><range>192.0.2.1</range><range>192.0.2.2</range>"
	    "</authorized-outbounds>\n" SERVICE(""),
	    "<authorized-outbounds><range>192.0.2.2</range><range>192.0.2.1</range>"
	    "</authorized-outbounds>\n" SERVICE(""),
	    "" },
	{ "a service's ranges", BODY,
	    INTERNAL OUTBOUND SERVICE("<additional-source-ip-ranges><range>2001:db8::/32</range>"
				      "</additional-source-ip-ranges>"),
	    "j@journal.example.com additional-source-ip-ranges: range 2001:db8::/32 added | " },
	{ "domains", BODY,
	    "<internal-domains><domain sub-domains=\"yes\">example.com</domain>"
	    "</internal-domains>\n" OUTBOUND SERVICE(""),
	    "- internal-domains: domain example.com removed | - internal-domains: domain "
	    "example.com with sub-domains added | " },
	{ "sources", BODY,
	    "<directory-sources><file>/f</file><map>hash:/m</map></directory-sources>\n" BODY,
	    "- directory-sources: file /f added | - directory-sources: map hash:/m added | " },
	{ "another service's change", BODY OTHER(""), BODY OTHER("<encrypted>yes</encrypted>"),
	    "k@journal.example.com encrypted: no -> yes (line 11) | " },
	{ "a service more", BODY, BODY OTHER(""), "" },
	{ "services in another order",
	    INTERNAL OUTBOUND SERVICE("") OTHER("<encrypted>yes</encrypted>"),
	    INTERNAL OUTBOUND OTHER("<encrypted>yes</encrypted>") SERVICE(""), "" },
	{ "a password", SERVICE(MAILBOX(P("hush"), "")), SERVICE(MAILBOX(P("hash"), "")),
	    "j@journal.example.com pop3/password: changed (line 7) | " },
	{ "a token command",
	    SERVICE(MAILBOX("<oauth2-token-command>a hush</oauth2-token-command>", "")),
	    SERVICE(MAILBOX("<oauth2-token-command>b hush</oauth2-token-command>", "")),
	    "j@journal.example.com pop3/oauth2-token-command: changed (line 7) | " },
	{ "a mailbox", SERVICE(MAILBOX(P("x"), "")),
	    SERVICE(MAILBOX(P("x"), "<port>110</port><starttls>yes</starttls>")),
	    "j@journal.example.com pop3/port: 0 -> 110 (line 7) | j@journal.example.com "
	    "pop3/starttls: no -> yes (line 7) | " },
};

static struct jm_buf report, told;
static struct jm_err err;

static void tell(void *ctx, const char *service, const char *text)
{
	(void)ctx;
	if (jm_buf_printf(&told, &err, "%s %s | ", service ? service : "-", text) < 0)
		abort();
}

static struct jm_settings *load(const char *body)
{
	static char text[200000];
	struct jm_settings *s;

	snprintf(text, sizeof text, HEAD "%s" TAIL, body);
	s = file_load(text, strlen(text), &report, &err);
	if (!s)
		tap_diag("%s", jm_buf_str(&report));
	return s;
}

/* The settings as a later process finds them: written, read again, secrets put in. */
static struct jm_settings *kept(const struct jm_settings *s, const struct jm_settings *now)
{
	struct jm_settings *again;
	struct jm_buf b;

	jm_buf_init(&b, REPORT_BYTES);
	if (jm_settings_text(s, &b, &err) != 0)
		abort();
	tap_ok(!strstr(jm_buf_str(&b), "hush"), "no secret is kept");
	again = file_load(b.p, b.len, &report, &err);
	if (!again)
		tap_diag("%s\n%s", jm_buf_str(&b), jm_buf_str(&report));
	else if (jm_settings_unmask(again, now, &err) != 0)
		abort();
	jm_buf_release(&b);
	return again;
}

static void test_case(size_t i)
{
	struct jm_settings *old = load(cases[i].old), *now = load(cases[i].now),
			   *again = old && now ? kept(old, now) : NULL;

	jm_buf_reset(&told);
	if (old && now)
		jm_settings_differences(old, now, tell, NULL);
	tap_is_str(
	    old && now ? jm_buf_str(&told) : "no settings", cases[i].told, "%s", cases[i].what);
	jm_buf_reset(&told);
	if (again)
		jm_settings_differences(again, now, tell, NULL);
	tap_is_str(again ? jm_buf_str(&told) : "no settings", cases[i].told,
	    "%s, in another process", cases[i].what);
	jm_settings_unref(&again);
	jm_settings_unref(&old);
	jm_settings_unref(&now);
}

static void count(void *ctx, const char *service, const char *text)
{
	(void)service;
	++*(int *)ctx;
	if (jm_buf_printf(&told, &err, "%s\n", text) < 0)
		abort();
}

static void test_many(void)
{
	static char body[100000];
	struct jm_settings *old = load(BODY), *now;
	size_t at = 0;
	int n = 0;

	at = (size_t)snprintf(
	    body, sizeof body, "%s", INTERNAL SERVICE("") "<authorized-outbounds>");
	for (int i = 0; i < 1000; i++)
		at += (size_t)snprintf(
		    body + at, sizeof body - at, "<range>10.0.%d.%d</range>\n", i / 250, i % 250);
	snprintf(body + at, sizeof body - at, "</authorized-outbounds>\n");
	now = load(body);
	jm_buf_reset(&told);
	jm_settings_differences(old, now, count, &n);
	tap_is_int(n, JM_DIFFERENCE_ENTRIES + 1, "of a long list only some are told");
	tap_ok(strstr(jm_buf_str(&told), "authorized-outbounds: 981 more changes\n") != NULL,
	    "and how many there are more");
	jm_settings_unref(&old);
	jm_settings_unref(&now);
}

int main(void)
{
	umask(077); /* a file with a password that others can read is refused */
	jm_buf_init(&report, REPORT_BYTES);
	jm_buf_init(&told, REPORT_BYTES);
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		test_case(i);
	test_many();
	jm_buf_release(&report);
	jm_buf_release(&told);
	return tap_done();
}
