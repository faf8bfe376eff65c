/* SPDX-License-Identifier: BSD-2-Clause */
/* The members of <pop3>, and the messages about wrong ones. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "common/settings/loader.h"
#include "common/settings/settings.h"
#include "t/lib/tap.h"

#define LOGIN "<hostname>pop.example.com</hostname><mailbox-name>j</mailbox-name>"
#define FULL LOGIN "<password>p</password>"
#define PIN "sha256//selWWGvPQ5mRbFoWZb0PcZ5GVta54yB6ECxyMrRRpNo="

static const struct {
	const char *name, *service; /* members of the service besides its address */
	const char *finding;        /* NULL: none */
	unsigned mode;              /* of the file; 0: 0600 */
} cases[] = {
	{ "a mailbox with a password", "<transport-type>POP3</transport-type><pop3>" FULL "</pop3>",
	    NULL },
	{ "a mailbox with a token command",
	    "<transport-type>pop3</transport-type><pop3>" LOGIN
	    "<oauth2-token-command>token</oauth2-token-command></pop3>",
	    NULL },
	{ "POP3 without a mailbox", "<transport-type>POP3</transport-type>", "<pop3> is missing" },
	{ "a mailbox without POP3", "<pop3>" FULL "</pop3>",
	    "belongs to a service whose <transport-type> is POP3" },
	{ "no host",
	    "<transport-type>POP3</transport-type><pop3><mailbox-name>j</mailbox-name>"
	    "<password>p</password></pop3>",
	    "<hostname> is missing" },
	{ "no secret", "<transport-type>POP3</transport-type><pop3>" LOGIN "</pop3>",
	    "no way to log in" },
	{ "two secrets",
	    "<transport-type>POP3</transport-type><pop3>" FULL
	    "<password-file>/p</password-file></pop3>",
	    "more than one way to log in" },
	{ "a port that is none",
	    "<transport-type>POP3</transport-type><pop3>" FULL "<port>70000</port></pop3>",
	    "from 1 to 65535" },
	{ "a host with a port",
	    "<transport-type>POP3</transport-type><pop3><hostname>a/b</hostname>"
	    "<mailbox-name>j</mailbox-name>"
	    "<password>p</password></pop3>",
	    "allowed: a host name" },
	{ "a mode that is none",
	    "<transport-type>POP3</transport-type><pop3>" FULL
	    "<encryption-mode>relax</encryption-mode></pop3>",
	    "did you mean \"relaxed\"" },
	{ "a pin",
	    "<transport-type>POP3</transport-type><pop3>" FULL "<pinned-public-key>" PIN
	    "</pinned-public-key></pop3>",
	    NULL },
	{ "a pin that is none",
	    "<transport-type>POP3</transport-type><pop3>" FULL
	    "<pinned-public-key>ab:cd</pinned-public-key></pop3>",
	    "sha256// and 32 bytes" },
	{ "a pin without TLS",
	    "<transport-type>POP3</transport-type><pop3>" FULL
	    "<encrypted>no</encrypted><pinned-public-key>" PIN "</pinned-public-key></pop3>",
	    "mean nothing without <encrypted>" },
	{ "no TLS",
	    "<transport-type>POP3</transport-type><pop3>" FULL "<encrypted>no</encrypted></pop3>",
	    "warning: <encrypted>" },
	{ "relaxed without a pin",
	    "<transport-type>POP3</transport-type><pop3>" FULL
	    "<encryption-mode>relaxed</encryption-mode></pop3>",
	    "warning: <encryption-mode>" },
	{ "one mailbox twice",
	    "<transport-type>POP3</transport-type><pop3>" FULL
	    "</pop3></journal-service><journal-service>"
	    "<email-address>b@journal.example.com</email-address>"
	    "<transport-type>POP3</transport-type><pop3><hostname>POP.example.com</hostname>"
	    "<mailbox-name>J</mailbox-name><password>x</password></pop3>",
	    "empties this mailbox already" },
	{ "one mailbox twice, the port once as the default",
	    "<transport-type>POP3</transport-type><pop3>" FULL
	    "</pop3></journal-service><journal-service>"
	    "<email-address>b@journal.example.com</email-address>"
	    "<transport-type>POP3</transport-type><pop3><hostname>POP.example.com</hostname>"
	    "<port>995</port><mailbox-name>J</mailbox-name><password>x</password></pop3>",
	    "empties this mailbox already" },
	{ "two mailboxes that differ by the port",
	    "<transport-type>POP3</transport-type><pop3>" FULL
	    "</pop3></journal-service><journal-service>"
	    "<email-address>b@journal.example.com</email-address>"
	    "<transport-type>POP3</transport-type><pop3><hostname>POP.example.com</hostname>"
	    "<port>1995</port><mailbox-name>J</mailbox-name><password>x</password></pop3>",
	    NULL },
	{ "a password that everybody can read",
	    "<transport-type>POP3</transport-type><pop3>" FULL "</pop3>",
	    "everybody on this machine can read", 0644 },
	{ "a password file in a public file",
	    "<transport-type>POP3</transport-type><pop3>" LOGIN
	    "<password-file>/p</password-file></pop3>",
	    NULL, 0644 },
};

static struct jm_settings *load(
    const char *service, unsigned mode, struct jm_buf *report, int *rc_r)
{
	struct jm_settings *s = NULL;
	struct jm_err err;
	char path[300];
	FILE *f;

	snprintf(path, sizeof path, "%s/x.xml", tap_folder());
	f = fopen(path, "w");
	if (!f)
		abort();
	fprintf(f,
	    "<journal-milter><milter><socket>unix:/s</socket></milter><archive>"
	    "<directory>/d</directory></archive>\n"
	    "<internal-domains><domain>example.com</domain></internal-domains>\n"
	    "<journal-service><email-address>a@journal.example.com</email-address>"
	    "%s</journal-service></journal-milter>\n",
	    service);
	fclose(f);
	if (chmod(path, mode ? mode : 0600) != 0)
		abort();
	*rc_r = jm_settings_load(path, &s, report, &err);
	return s;
}

int main(void)
{
	struct jm_settings *s;
	struct jm_buf report;
	int rc;

	jm_buf_init(&report, 1 << 16);
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		bool error = cases[i].finding && strncmp(cases[i].finding, "warning:", 8) != 0;

		jm_buf_reset(&report);
		s = load(cases[i].service, cases[i].mode, &report, &rc);
		if (!tap_ok((rc != 0) == error &&
			    (cases[i].finding
				    ? strstr(jm_buf_str(&report), cases[i].finding) != NULL
				    : report.len == 0),
			"%s", cases[i].name))
			tap_diag("rc %d: %s", rc, jm_buf_str(&report));
		tap_ok(!strstr(jm_buf_str(&report), "\"p\""), "%s: no password is told",
		    cases[i].name);
		jm_settings_unref(&s);
	}
	jm_buf_reset(&report);
	s = load("<transport-type>POP3</transport-type><pop3>" FULL "</pop3>", 0, &report, &rc);
	tap_ok(rc == 0 && s->services[0].pop3.encrypted && !s->services[0].pop3.starttls &&
		s->services[0].pop3.port == 0 &&
		s->services[0].pop3.encryption_mode == JM_ENCRYPTION_STRICT &&
		s->services[0].pop3.poll_interval_s == 60 &&
		s->services[0].pop3.messages_per_connection == 5000 &&
		s->services[0].pop3.answer_timeout_s == 60 && !s->services[0].pop3.leave_on_server,
	    "the defaults are the safe ones");
	jm_settings_unref(&s);
	jm_buf_release(&report);
	return tap_done();
}
