/* SPDX-License-Identifier: BSD-2-Clause */
/* Right files: what is in the structs, defaults, look-ups, warnings, references, and what a reload
 * cannot change. */
#include <pthread.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/settings/loader.h"
#include "t/unit/settings_file.h"

#define LOAD(text) file_load(text, strlen(text), &report, &err)
#define SPAN(text) jm_span_str(text)

static struct jm_buf report;
static struct jm_err err;

static void test_defaults(void)
{
	struct jm_settings *s = LOAD(HEAD INTERNAL OUTBOUND SERVICE("") TAIL);
	const struct jm_service *j;

	if (!tap_ok(s != NULL, "a small file loads")) {
		tap_diag("%s", jm_buf_str(&report));
		return;
	}
	j = &s->services[0];
	tap_is_str(jm_buf_str(&report), "", "there is nothing to tell");
	tap_is_str(s->path, file_path("s.xml"), "path");
	tap_is_str(s->socket, "unix:/run/m.sock", "socket");
	tap_is_int(s->socket_mode, 0660, "socket-mode");
	tap_ok(!s->socket_group && !s->user && !s->detailed_logging,
	    "socket-group, user, detailed-logging");
	tap_is_str(s->archive_directory, "/a", "directory");
	tap_is_str(s->control_socket, "/a/control.sock", "control-socket");
	tap_is_int((long long)s->volume_size_bytes, 1LL << 30, "volume-size");
	tap_is_int((long long)s->max_message_bytes, 512LL << 20, "max-message-size");
	tap_is_int(s->compression_level, 1, "compression-level");
	tap_is_str(j->description, "j@journal.example.com", "description");
	tap_is_int(j->transport, JM_TRANSPORT_SMTP, "transport-type");
	tap_is_int(j->journal_type, JM_JOURNAL_ENVELOPE, "journal-type");
	tap_ok(!j->disabled && !j->encrypted && !j->use_smtp_authentication &&
		!j->refuse_null_sender && j->remove_journal_headers && !j->prefer_clear_text,
	    "yes/no of a service");
	tap_ok(!j->extended_de_duplication && !j->journal_non_internal &&
		!j->journal_unknown_internal && !j->detailed_logging,
	    "the other ones");
	tap_is_int(j->encryption_mode, JM_ENCRYPTION_RELAXED, "encryption-mode of SMTP");
	tap_is_int(s->maximum_age_days * 1000 + j->maximum_age_days, 30030, "maximum-age");
	tap_ok(j->initial_process_delay_s == 0 && j->delivery_wait_attempts == 3 &&
		j->delivery_wait_interval_s == 60,
	    "delay and waiting");
	tap_is_int(j->inactivity_allowed_min, 180, "period-of-inactivity-allowed");
	tap_ok(!s->gateway && s->gateway_on_fault == JM_ON_FAULT_DEFER, "gateway");
	tap_ok(s->directory_files_n == 0 && s->directory_maps_n == 0, "directory-sources");
	tap_ok(j->source_ranges.n == 0 && s->authorized_outbounds.n == 1, "ranges");
	tap_ok(
	    s->internal_domains_n == 1 && !s->internal_domains[0].sub_domains, "internal domains");
	tap_is_int(j->line, 6, "the service's line");
	tap_is_int(jm_settings_line(s, j, "email-address"), 7, "the address's line");
	tap_is_int(jm_settings_line(s, j, "encrypted"), 0, "a default has no line");
	tap_is_int(jm_settings_line(s, NULL, "socket"), 2, "the socket's line");
	tap_is_int(jm_settings_line(s, NULL, "quux"), 0, "no such setting, no line");
	tap_is_int(
	    jm_settings_line(s, j, "journal-service/email-address"), 7, "by section and name");
	tap_is_int(jm_settings_line(s, j, "pop3/email-address"), 0, "of another section");
	tap_is_int(s->authorized_outbounds.lines[0], 5, "the range's line");
	tap_is_int(s->internal_domains[0].line, 4, "the domain's line");
	jm_settings_unref(&s);
	tap_ok(!s, "unref clears the pointer");
	jm_settings_unref(&s);
}

static const char everything[] =
    "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<!-- a --><journal-milter>\n"
    "<journal-service><prefer-clear-text-version>true</prefer-clear-text-version>"
    "<remove-journal-headers>no</remove-journal-headers>"
    "<journal-type>eml</journal-type><use-smtp-authentication>yes</use-smtp-authentication>"
    "<refuse-null-sender>yes</refuse-null-sender><encrypted>yes</encrypted>"
    "<additional-source-ip-ranges><range>198.51.100.7/32</range><range> 2001:DB8::/32 </range>"
    "</additional-source-ip-ranges>"
    "<encryption-mode>strict</encryption-mode><maximum-age>0</maximum-age>"
    "<initial-process-delay>5</initial-process-delay>"
    "<delivery-wait-attempts>0</delivery-wait-attempts>"
    "<delivery-wait-interval>7</delivery-wait-interval><detailed-logging>yes</detailed-logging>"
    "<period-of-inactivity-allowed>0</period-of-inactivity-allowed>"
    "<extended-de-duplication>yes</extended-de-duplication>"
    "<journal-non-internal-addresses>yes</journal-non-internal-addresses>"
    "<journal-unknown-internal-addresses>yes</journal-unknown-internal-addresses>"
    "<disabled>true</disabled><transport-type>smtp</transport-type>"
    "<email-address>Journal@J\xc3\xb6urnal.Example.ORG.</email-address>"
    "<description><![CDATA[R&D]]> \xc3\xa4&amp;&#x6f;</description></journal-service>\n"
    "<authorized-outbounds><range>10.0.0.0/8</range></authorized-outbounds>\n"
    "<internal-domains><domain sub-domains=\"yes\">M\xc3\xbcller.example</domain>"
    "<domain sub-domains=\"no\">Example.COM.</domain></internal-domains>\n"
    "<directory-sources><map>btree:/b</map><file>/f/</file><map> hash:/a.db </map>"
    "<map>lmdb:/c</map><map>cdb:/d.cdb</map>"
    "</directory-sources>\n"
    "<gateway><on-fault>pass</on-fault><enabled>yes</enabled></gateway>"
    "<maximum-age>7</maximum-age>\n"
    "<archive><max-message-size>1048576</max-message-size>"
    "<compression-level>19</compression-level><volume-size>2g</volume-size>"
    "<directory>\n /srv/a/// \n</directory></archive>\n"
    "<daemon><detailed-logging>yes</detailed-logging><control-socket>/run/c</control-socket>"
    "<user>jm</user></daemon>\n"
    "<milter><socket-group>post.fix</socket-group><socket-mode>666</socket-mode>"
    "<socket>local:/run/m</socket></milter>\n"
    "</journal-milter>\n";

static void test_everything(void)
{
	struct jm_settings *s = LOAD(everything);
	const struct jm_service *j;
	char text[JM_CIDR_TEXT_BYTES];

	if (!tap_ok(s != NULL, "every setting, in another order")) {
		tap_diag("%s", jm_buf_str(&report));
		return;
	}
	j = &s->services[0];
	tap_is_str(s->socket, "unix:/run/m", "local: is unix:");
	tap_is_int(s->socket_mode, 0666, "socket-mode of three digits");
	tap_is_str(s->socket_group, "post.fix", "socket-group");
	tap_is_str(s->user, "jm", "user");
	tap_is_str(s->control_socket, "/run/c", "control-socket");
	tap_ok(s->detailed_logging, "detailed-logging");
	tap_is_str(s->archive_directory, "/srv/a",
	    "directory: white space and slashes at the end do not count");
	tap_is_int((long long)s->volume_size_bytes, 2LL << 30, "volume-size 2g");
	tap_is_int((long long)s->max_message_bytes, 1 << 20, "max-message-size in bytes");
	tap_is_int(s->compression_level, 19, "compression-level");
	tap_is_str(j->description, "R&D \xc3\xa4&o", "description of CDATA, text and references");
	tap_is_str(j->email_address, "Journal@xn--jurnal-wxa.example.org",
	    "email-address: local part as written, domain in A-labels");
	tap_ok(j->disabled && j->encrypted && j->use_smtp_authentication && j->refuse_null_sender &&
		!j->remove_journal_headers && j->prefer_clear_text,
	    "yes/no of a service");
	tap_is_int(j->journal_type, JM_JOURNAL_EML, "journal-type");
	tap_ok(j->extended_de_duplication && j->journal_non_internal &&
		j->journal_unknown_internal && j->detailed_logging,
	    "the other ones");
	tap_is_int(j->encryption_mode, JM_ENCRYPTION_STRICT, "encryption-mode");
	tap_is_int(s->maximum_age_days * 1000 + j->maximum_age_days, 7000,
	    "maximum-age of all and of one");
	tap_ok(j->initial_process_delay_s == 5 && j->delivery_wait_attempts == 0 &&
		j->delivery_wait_interval_s == 7 && j->inactivity_allowed_min == 0,
	    "delay, waiting, inactivity");
	tap_ok(s->gateway && s->gateway_on_fault == JM_ON_FAULT_PASS, "gateway");
	if (tap_ok(s->directory_files_n == 1 && s->directory_maps_n == 4, "directory-sources")) {
		tap_is_str(s->directory_files[0].name, "/f", "a file");
		tap_is_str(s->directory_maps[0].name, "btree:/b", "a map");
		tap_is_str(s->directory_maps[1].name, "hash:/a.db", "another one");
		tap_is_str(s->directory_maps[2].name, "lmdb:/c", "one of LMDB");
		tap_is_str(s->directory_maps[3].name, "cdb:/d.cdb", "one of cdb");
		tap_ok(s->directory_maps[1].line > 0, "its line");
	}
	tap_ok(j->source_ranges.n == 2, "two ranges");
	tap_is_str(jm_cidr_format(&j->source_ranges.v[0], text), "198.51.100.7", "/32");
	tap_is_str(jm_cidr_format(&j->source_ranges.v[1], text), "2001:db8::/32", "IPv6");
	tap_is_str(
	    s->internal_domains[0].name, "xn--mller-kva.example", "an internationalised domain");
	tap_ok(s->internal_domains[0].sub_domains && !s->internal_domains[1].sub_domains,
	    "sub-domains");
	tap_is_str(s->internal_domains[1].name, "example.com",
	    "a domain in upper case with a dot at the end");
	tap_is_str(s->journal_domains[0], "xn--jurnal-wxa.example.org", "journal domain");
	tap_ok(!s->journal_domains[1], "there is one");
	jm_settings_unref(&s);
}

static void test_lookups(void)
{
	struct jm_settings *s = LOAD(HEAD OUTBOUND
	    "<internal-domains><domain sub-domains=\"yes\">example.com</domain>"
	    "<domain>example.net</domain></internal-domains>\n" SERVICE(
		"") "<journal-service><email-address>\"a b\"@journal.example.com</email-address>"
		    "</journal-service>"
		    "<journal-service><email-address>j@other.example</email-address>"
		    "</journal-service>" TAIL);

	if (!tap_ok(s != NULL, "three services")) {
		tap_diag("%s", jm_buf_str(&report));
		return;
	}
	tap_ok(
	    jm_settings_service_for(s, SPAN("j"), SPAN("journal.example.com")) == &s->services[0],
	    "the address");
	tap_ok(
	    jm_settings_service_for(s, SPAN("J"), SPAN("journal.example.com")) == &s->services[0],
	    "local part in upper case");
	tap_ok(jm_settings_service_for(s, SPAN("\"A B\""), SPAN("journal.example.com")) ==
		&s->services[1],
	    "a quoted local part");
	tap_ok(jm_settings_service_for(s, SPAN("j"), SPAN("other.example")) == &s->services[2],
	    "the same local part elsewhere");
	tap_ok(!jm_settings_service_for(s, SPAN("jj"), SPAN("journal.example.com")),
	    "longer local part");
	tap_ok(
	    !jm_settings_service_for(s, SPAN(""), SPAN("journal.example.com")), "empty local part");
	tap_ok(!jm_settings_service_for(s, SPAN("j"), SPAN("example.com")), "another domain");
	tap_ok(jm_settings_is_journal_domain(s, SPAN("journal.example.com")) &&
		jm_settings_is_journal_domain(s, SPAN("other.example")),
	    "journal domains");
	tap_ok(
	    s->journal_domains[0] && s->journal_domains[1] && !s->journal_domains[2], "each once");
	tap_ok(!jm_settings_is_journal_domain(s, SPAN("x.journal.example.com")) &&
		!jm_settings_is_journal_domain(s, SPAN("")),
	    "not below, not empty");
	tap_ok(jm_settings_is_internal_domain(s, SPAN("example.com")), "internal: equal");
	tap_ok(jm_settings_is_internal_domain(s, SPAN("a.b.example.com")), "internal: below");
	tap_ok(!jm_settings_is_internal_domain(s, SPAN("badexample.com")),
	    "not internal: longer name");
	tap_ok(
	    !jm_settings_is_internal_domain(s, SPAN(".example.com")), "not internal: empty label");
	tap_ok(jm_settings_is_internal_domain(s, SPAN("example.net")) &&
		!jm_settings_is_internal_domain(s, SPAN("a.example.net")),
	    "without sub-domains");
	tap_ok(!jm_settings_is_internal_domain(s, SPAN("com")) &&
		!jm_settings_is_internal_domain(s, SPAN("")),
	    "not internal: shorter");
	jm_settings_unref(&s);
}

static const struct {
	const char *what, *text, *piece;
} warned[] = {
	{ "nobody may send", HEAD INTERNAL SERVICE("") TAIL,
	    ":5: warning: <journal-service>: nobody may send to \"j@journal.example.com\"" },
	{ "no internal domain", HEAD OUTBOUND SERVICE("") TAIL,
	    "warning: <internal-domains>: there is no internal domain" },
	{ "no service", HEAD INTERNAL OUTBOUND TAIL,
	    "warning: <journal-service>: there is no one" },
	{ "all services disabled", HEAD INTERNAL OUTBOUND SERVICE("<disabled>yes</disabled>") TAIL,
	    "there is no enabled one" },
	{ "journal domain is internal",
	    HEAD OUTBOUND
	    "<internal-domains><domain>journal.example.com</domain></internal-domains>\n" SERVICE(
		"") TAIL,
	    ":7: warning: <email-address>: \"journal.example.com\" is an internal domain "
	    "(line 5)" },
	{ "login without TLS",
	    HEAD INTERNAL OUTBOUND SERVICE("<use-smtp-authentication>yes</use-smtp-authentication>")
		TAIL,
	    ":8: warning: <use-smtp-authentication>" },
	{ "the whole Internet",
	    HEAD INTERNAL
	    "<authorized-outbounds><range>0.0.0.0/0</range></authorized-outbounds>" SERVICE("")
		TAIL,
	    ":5: warning: <authorized-outbounds>: this range is the whole Internet" },
	{ "the whole Internet, IPv6",
	    HEAD INTERNAL SERVICE(
		"<additional-source-ip-ranges><range>::/0</range></additional-source-ip-ranges>")
		TAIL,
	    ":7: warning: <additional-source-ip-ranges>: this range is the whole Internet" },
	{ "loopback",
	    HEAD INTERNAL
	    "<authorized-outbounds><range>127.0.0.1</range></authorized-outbounds>" SERVICE("")
		TAIL,
	    "users of this machine" },
	{ "domain twice",
	    HEAD OUTBOUND "<internal-domains>\n<domain>a.b</domain>\n<domain>A.B</domain>"
			  "</internal-domains>\n" SERVICE("") TAIL,
	    ":7: warning: <domain>: \"a.b\" is in line 6 already" },
	{ "domain without a dot",
	    HEAD INTERNAL OUTBOUND
	    "<journal-service><email-address>j@journal</email-address></journal-service>" TAIL,
	    "has no dot" },
	{ "open milter port",
	    "<journal-milter><milter><socket>inet:8891@0.0.0.0</socket></milter><archive>"
	    "<directory>/a</directory></archive>" INTERNAL OUTBOUND SERVICE("") TAIL,
	    ":1: warning: <socket>: the milter protocol knows no password" },
	{ "mode of a port",
	    "<journal-milter><milter><socket>inet6:8891@[::1]</socket>"
	    "<socket-mode>0600</socket-mode></milter><archive><directory>/a</directory>"
	    "</archive>" INTERNAL OUTBOUND SERVICE("") TAIL,
	    "warning: <socket-mode>: only a unix socket has a mode" },
	{ "group of a port",
	    "<journal-milter><milter><socket>inet:8891@localhost</socket>"
	    "<socket-group>g</socket-group></milter><archive><directory>/a</directory>"
	    "</archive>" INTERNAL OUTBOUND SERVICE("") TAIL,
	    "warning: <socket-group>" },
	{ "socket for all",
	    "<journal-milter><milter><socket>unix:/m</socket><socket-mode>0666</socket-mode>"
	    "</milter><archive><directory>/a</directory>"
	    "</archive>" INTERNAL OUTBOUND SERVICE("") TAIL,
	    "warning: <socket-mode>: every user" },
};

static void test_warnings(void)
{
	for (size_t i = 0; i < sizeof warned / sizeof warned[0]; i++) {
		struct jm_settings *s = LOAD(warned[i].text);
		const char *r = jm_buf_str(&report), *end = strchr(r, '\n');

		if (!tap_ok(s && strstr(r, warned[i].piece) && end && end[1] == '\0',
			"%s is warned of, and nothing else", warned[i].what))
			tap_diag("%s", r);
		jm_settings_unref(&s);
	}
}

static const struct {
	const char *what, *from, *to, *names;
	size_t n;
} reloads[] = {
	{ "socket", "unix:/run/m.sock", "inet:1@localhost", "milter/socket", 1 },
	{ "directory, and the control socket with it", "<directory>/a<", "<directory>/b<",
	    "daemon/control-socket, archive/directory", 2 },
	{ "user", "<user>a</user>", "<user>b</user>", "daemon/user", 1 },
	{ "user given up", "<user>a</user>", "", "daemon/user", 1 },
	{ "mode", "0600", "0660", "milter/socket-mode", 1 },
	{ "group", "<socket-group>g", "<socket-group>h", "milter/socket-group", 1 },
	{ "volume size", "<volume-size>1M", "<volume-size>1024k", "", 0 },
	{ "another volume size", "<volume-size>1M", "<volume-size>2M", "archive/volume-size", 1 },
	{ "compression level", "level>3<", "level>4<", "archive/compression-level", 1 },
	{ "max-message-size", "<max-message-size>1M", "<max-message-size>2M", "", 0 },
	{ "logging", "<detailed-logging>no", "<detailed-logging>yes", "", 0 },
	{ "service", "j@journal", "k@journal", "", 0 },
	{ "range", "192.0.2.0/24", "192.0.2.0/25", "", 0 },
	{ "domain", "<domain>example.com", "<domain>example.org", "", 0 },
};

/* text with the first from replaced by to. */
static struct jm_settings *load_changed(const char *text, const char *from, const char *to)
{
	const char *at = strstr(text, from);
	char changed[4096];

	if (!at)
		return NULL;
	snprintf(
	    changed, sizeof changed, "%.*s%s%s", (int)(at - text), text, to, at + strlen(from));
	return LOAD(changed);
}

static void test_reload(void)
{
	static const char text[] =
	    "<journal-milter><milter><socket>unix:/run/m.sock</socket>"
	    "<socket-mode>0600</socket-mode><socket-group>g</socket-group></milter>"
	    "<daemon><user>a</user><detailed-logging>no</detailed-logging></daemon><archive>"
	    "<directory>/a</directory><volume-size>1M</volume-size>"
	    "<compression-level>3</compression-level><max-message-size>1M</max-message-size>"
	    "</archive>" INTERNAL OUTBOUND SERVICE("") TAIL;
	struct jm_settings *old = LOAD(text);
	char names[200], small[8];

	for (size_t i = 0; i < sizeof reloads / sizeof reloads[0]; i++) {
		struct jm_settings *s = load_changed(text, reloads[i].from, reloads[i].to);

		if (!tap_ok(old && s, "loads with another %s", reloads[i].what)) {
			tap_diag("%s", jm_buf_str(&report));
			continue;
		}
		tap_is_int((long long)jm_settings_restart_needed(old, s, names, sizeof names),
		    (long long)reloads[i].n, "restart: %s", reloads[i].what);
		tap_is_str(names, reloads[i].names, "which: %s", reloads[i].what);
		if (reloads[i].n)
			tap_ok(jm_settings_restart_needed(old, s, small, sizeof small) ==
				    reloads[i].n &&
				strlen(small) < sizeof small,
			    "a small text is not overrun");
		jm_settings_unref(&s);
	}
	jm_settings_unref(&old);
}

static void *take_and_give(void *arg)
{
	struct jm_settings *s = arg;

	for (int i = 0; i < 20000; i++) {
		struct jm_settings *mine = jm_settings_ref(s);

		if (!jm_settings_is_internal_domain(mine, SPAN("example.com")))
			return arg;
		jm_settings_unref(&mine);
	}
	jm_settings_unref(&s);
	return NULL;
}

/* Four threads with a reference each, while the first one is given back. */
static void test_references(void)
{
	struct jm_settings *s = LOAD(HEAD INTERNAL OUTBOUND SERVICE("") TAIL);
	pthread_t threads[4];
	bool started[4], well = true;

	for (int i = 0; i < 4; i++)
		started[i] = pthread_create(&threads[i], NULL, take_and_give, jm_settings_ref(s)) ==
		    0;
	jm_settings_unref(&s);
	for (int i = 0; i < 4; i++) {
		void *wrong = NULL;

		well = well && started[i] && pthread_join(threads[i], &wrong) == 0 && !wrong;
	}
	tap_ok(well, "references from four threads");
}

/* A large organisation: 4096 services and 20000 domains in reasonable time. */
static void test_large(void)
{
	struct jm_buf text;
	struct jm_settings *s;
	int64_t start_us = jm_clock_mono_us();
	int rc = 0;

	jm_buf_init(&text, 4u << 20);
	rc |= jm_buf_printf(&text, &err, "%s%s<internal-domains>", HEAD, OUTBOUND);
	for (int i = 0; i < 20000; i++)
		rc |= jm_buf_printf(&text, &err, "<domain>d%d.example.com</domain>\n", i);
	rc |= jm_buf_printf(&text, &err, "</internal-domains>");
	for (int i = 0; i < 4096; i++)
		rc |= jm_buf_printf(&text, &err,
		    "<journal-service><email-address>j%d@j.example.com</email-address>"
		    "</journal-service>\n",
		    i);
	rc |= jm_buf_printf(&text, &err, "%s", TAIL);
	s = file_load(text.p, text.len, &report, &err);
	if (!tap_ok(rc == 0 && s && s->services_n == 4096 && s->internal_domains_n == 20000,
		"4096 services and 20000 domains"))
		tap_diag("%s", err.text);
	if (s)
		tap_is_int(s->services[4095].line, 24100, "lines are right in a long file");
	tap_diag("loaded in %d ms", (int)((jm_clock_mono_us() - start_us) / 1000));
	jm_settings_unref(&s);
	jm_buf_release(&text);
}

/* The settings files that are installed load without change and without a warning. */
static void test_example(void)
{
	const char *srcdir = getenv("JM_SRCDIR");
	char path[4096];
	struct jm_settings *s = NULL;

	snprintf(path, sizeof path, "%s/config/journal-milter.xml", srcdir ? srcdir : ".");
	jm_buf_reset(&report);
	tap_ok(jm_settings_load(path, &s, &report, &err) == 0, "config/journal-milter.xml loads");
	tap_is_str(jm_buf_str(&report), "", "without a warning");
	jm_settings_unref(&s);
}

int main(void)
{
	jm_buf_init(&report, REPORT_BYTES);
	test_defaults();
	test_everything();
	test_lookups();
	test_warnings();
	test_reload();
	test_references();
	test_large();
	test_example();
	jm_buf_release(&report);
	return tap_done();
}
