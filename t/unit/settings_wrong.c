/* SPDX-License-Identifier: BSD-2-Clause */
/* Wrong files: each mistake is reported with its line, the value, the allowed values, and a guess
 * of what was meant. */
#include <libxml/parser.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/settings/loader.h"
#include "common/settings/schema.h"
#include "t/unit/settings_file.h"

struct wrong {
	const char *what;
	const char *text;
	int line;
	const char *pieces[4]; /* all of them in the finding of that line */
	bool schema;           /* the schema alone has to refuse it too */
};

#define VALUE(element, value) HEAD SERVICE("<" element ">" value "</" element ">\n") TAIL
#define RANGE(value) \
	HEAD SERVICE("<additional-source-ip-ranges>\n<range>" value \
		     "</range>\n</additional-source-ip-ranges>\n") TAIL
#define ADDRESS(value) \
	HEAD "<journal-service>\n<email-address>" value \
	     "</email-address>\n</journal-service>\n" TAIL
#define DOMAIN(value) \
	HEAD "<internal-domains>\n<domain>" value "</domain>\n</internal-domains>\n" TAIL
#define SOCKET(value) \
	"<journal-milter>\n<milter>\n<socket>" value \
	"</socket>\n</milter>\n<archive><directory>/a</directory></archive>\n" TAIL
#define MILTER(more) \
	"<journal-milter>\n<milter><socket>unix:/m</socket>\n" more \
	"\n</milter>\n<archive><directory>/a</directory></archive>\n" TAIL
#define DAEMON(more) HEAD "<daemon>\n" more "\n</daemon>\n" TAIL
#define ARCHIVE(more) \
	"<journal-milter>\n<milter><socket>unix:/m</socket></milter>\n<archive>" \
	"<directory>/a</directory>\n" more "\n</archive>\n" TAIL
#define X50 "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"

static const struct wrong table[] = {
	/* structure */
	{ "wrong root", "<milter>\n</milter>\n", 1, { "<milter>", "outermost", "<journal-milter>" },
	    true },
	{ "misspelled element", HEAD SERVICE("<encripted>yes</encripted>\n") TAIL, 6,
	    { "<encripted>: unknown in <journal-service>",
		"allowed: <description>, <email-address>", "did you mean <encrypted>?" },
	    true },
	{ "underscores", HEAD SERVICE("<journal_type>eml</journal_type>\n") TAIL, 6,
	    { "did you mean <journal-type>?" }, true },
	{ "camel case", HEAD SERVICE("<journalType>eml</journalType>\n") TAIL, 6,
	    { "did you mean <journal-type>?" }, true },
	{ "longer name of the guide",
	    HEAD SERVICE("<service-email-address>a@b.c</service-email-address>\n") TAIL, 6,
	    { "did you mean <email-address>?" }, true },
	{ "unknown element", HEAD "<quux/>\n" TAIL, 4,
	    { "<quux>: unknown in <journal-milter>; allowed: <milter>, <daemon>" }, true },
	{ "misspelled section",
	    HEAD "<internal-domain><domain>a.b</domain></internal-domain>\n" TAIL, 4,
	    { "did you mean <internal-domains>?" }, true },
	{ "element in the wrong section",
	    HEAD "<daemon>\n<socket>unix:/x</socket>\n</daemon>\n" TAIL, 5,
	    { "<socket>: does not belong in <daemon>; it belongs in <milter>" }, true },
	{ "range outside of its list", HEAD SERVICE("<range>10.0.0.1</range>\n") TAIL, 6,
	    { "<range>: does not belong in <journal-service>",
		"<authorized-outbounds> or <additional-source-ip-ranges>" },
	    true },
	{ "missing address",
	    HEAD "<journal-service>\n<disabled>no</disabled>\n</journal-service>\n" TAIL, 4,
	    { "<journal-service>: <email-address> is missing" }, true },
	{ "missing section",
	    "<journal-milter>\n<milter>\n<socket>unix:/m</socket></milter>\n</journal-milter>\n", 1,
	    { "<journal-milter>: <archive> is missing" }, true },
	{ "missing socket",
	    "<journal-milter>\n<milter>\n</milter>\n<archive><directory>/a</directory>"
	    "</archive>\n" TAIL,
	    2, { "<milter>: <socket> is missing" }, true },
	{ "missing directory",
	    "<journal-milter><milter><socket>unix:/m</socket></milter>\n<archive/>\n" TAIL, 2,
	    { "<archive>: <directory> is missing" }, true },
	{ "element twice", HEAD SERVICE("<disabled>no</disabled>\n<disabled>yes</disabled>\n") TAIL,
	    7, { "<disabled>: given twice in <journal-service>; the first one is in line 6" },
	    true },
	{ "section twice", HEAD "<archive><directory>/b</directory></archive>\n" TAIL, 4,
	    { "<archive>: given twice", "line 3" }, true },
	{ "text between elements", HEAD SERVICE("") "oops\n" TAIL, 0,
	    { "<journal-milter>: text between its elements: \"oops\"" }, true },
	{ "element in a value", HEAD SERVICE("<disabled><yes/></disabled>\n") TAIL, 6,
	    { "<disabled>: only text", "<yes>" }, true },
	{ "unknown attribute", HEAD SERVICE("<disabled when=\"now\">no</disabled>\n") TAIL, 6,
	    { "<disabled>: unknown attribute \"when\"; allowed: nothing" }, true },
	{ "misspelled attribute",
	    HEAD
	    "<internal-domains>\n<domain subdomain=\"yes\">a.b</domain></internal-domains>\n" TAIL,
	    5,
	    { "<domain>: unknown attribute \"subdomain\"; allowed: sub-domains; did you mean "
	      "\"sub-domains\"?" },
	    true },
	{ "attribute on a section",
	    HEAD "<journal-service name=\"x\"><email-address>a@b.c</email-address>"
		 "</journal-service>\n" TAIL,
	    4, { "<journal-service>: unknown attribute \"name\"" }, true },
	{ "namespace",
	    "<journal-milter xmlns=\"urn:x\">\n<milter><socket>unix:/m</socket></milter><archive>"
	    "<directory>/a</directory></archive>\n" TAIL,
	    1, { "<journal-milter>: namespaces" }, true },
	/* yes and no */
	{ "no such truth", VALUE("encrypted", "ja"), 6,
	    { "<encrypted>: value \"ja\" is wrong; allowed: yes, no" }, true },
	{ "misspelled yes", VALUE("encrypted", "yess"), 6,
	    { "value \"yess\" is wrong; allowed: yes, no; did you mean \"yes\"?" }, true },
	{ "Yes", VALUE("disabled", "Yes"), 6, { "did you mean \"yes\"?" }, true },
	{ "empty yes/no", VALUE("disabled", ""), 6, { "value \"\" is wrong; allowed: yes, no" },
	    true },
	{ "1", VALUE("prefer-clear-text-version", "1"), 6,
	    { "value \"1\" is wrong; allowed: yes, no" }, true },
	{ "wrong sub-domains",
	    HEAD "<internal-domains>\n<domain sub-domains=\"all\">a.b</domain>\n"
		 "</internal-domains>\n" TAIL,
	    5, { "<domain sub-domains>: value \"all\" is wrong; allowed: yes, no" }, true },
	/* words */
	{ "wrong transport", VALUE("transport-type", "SMPT"), 6,
	    { "value \"SMPT\" is wrong; allowed: SMTP, POP3; did you mean \"SMTP\"?" }, true },
	{ "wrong encryption mode", VALUE("encryption-mode", "lax"), 6,
	    { "value \"lax\" is wrong; allowed: strict, relaxed" }, true },
	{ "negative age", VALUE("maximum-age", "-1"), 6,
	    { "value \"-1\" is wrong; allowed: a whole number from 0 to 36500" }, true },
	{ "no interval", VALUE("delivery-wait-interval", "0"), 6,
	    { "allowed: a whole number from 1 to 86400" }, false },
	{ "a table of another type",
	    HEAD "<directory-sources><map>pcre:/a</map></directory-sources>\n" TAIL, 4,
	    { "<map>: value \"pcre:/a\" is wrong: not a table that can be read natively; "
	      "allowed: hash:/PATH, btree:/PATH, lmdb:/PATH, cdb:/PATH" },
	    true },
	{ "a relative table",
	    HEAD "<directory-sources><map>hash:a</map></directory-sources>\n" TAIL, 4,
	    { "its path is not absolute" }, true },
	{ "a relative file", HEAD "<directory-sources><file>a</file></directory-sources>\n" TAIL, 4,
	    { "not absolute" }, true },
	{ "wrong journal type", VALUE("journal-type", "mbox"), 6,
	    { "value \"mbox\" is wrong; allowed: envelope, eml" }, true },
	{ "misspelled journal type", VALUE("journal-type", "envelop"), 6,
	    { "did you mean \"envelope\"?" }, true },
	/* addresses */
	{ "address without @", ADDRESS("journal.example.com"), 5,
	    { "<email-address>: value \"journal.example.com\"", "no '@'", "allowed: an address" },
	    true },
	{ "address without local part", ADDRESS("@example.com"), 5, { "local part" }, true },
	{ "address without domain", ADDRESS("journal@"), 5, { "no domain" }, true },
	{ "address in brackets", ADDRESS("&lt;j@example.com&gt;"), 5,
	    { "did you mean \"j@example.com\"?" }, false },
	{ "address with a blank", ADDRESS("j j@example.com"), 5, { "local part" }, false },
	{ "address with two dots", ADDRESS("j..j@example.com"), 5, { "local part" }, false },
	{ "address with two @", ADDRESS("a@b@example.com"), 5, { "local part" }, false },
	{ "address with a quote inside", ADDRESS("\"a\"b\"@example.com"), 5, { "local part" },
	    false },
	{ "address with a long local part", ADDRESS(X50 X50 "@example.com"), 5, { "local part" },
	    false },
	{ "address with a bad domain", ADDRESS("j@exa_mple.com"), 5,
	    { "no domain", "letters, digits" }, false },
	{ "address with a literal", ADDRESS("j@[192.0.2.1]"), 5, { "no domain" }, false },
	{ "address with an empty label", ADDRESS("j@example..com"), 5, { "no domain" }, false },
	{ "address with an IP address", ADDRESS("j@192.0.2.1"), 5,
	    { "an IP address is not a domain" }, false },
	{ "empty address", ADDRESS(""), 5, { "value \"\" is wrong" }, true },
	{ "same address twice",
	    HEAD SERVICE(
		"") "<journal-service>\n<email-address>J@JOURNAL.example.com</email-address>"
		    "</journal-service>\n" TAIL,
	    8,
	    { "<email-address>: value \"J@journal.example.com\" is wrong",
		"line 4 has this address already" },
	    false },
	/* domains */
	{ "wildcard domain", DOMAIN("*.example.com"), 5,
	    { "<domain>: value \"*.example.com\" is wrong", "sub-domains=\"yes\"" }, false },
	{ "leading dot", DOMAIN(".example.com"), 5, { "sub-domains=\"yes\"" }, false },
	{ "address as domain", DOMAIN("a@example.com"), 5, { "that is an address" }, true },
	{ "empty domain", DOMAIN(""), 5, { "empty" }, true },
	{ "domain with a blank", DOMAIN("example com"), 5, { "letters, digits" }, true },
	{ "domain with a leading hyphen", DOMAIN("-a.example.com"), 5,
	    { "begins or ends with '-'" }, false },
	{ "IP address as domain", DOMAIN("10.0.0.1"), 5, { "an IP address is not a domain" },
	    false },
	{ "label too long", DOMAIN(X50 X50 ".example.com"), 5, { "63 bytes" }, false },
	{ "domain too long", DOMAIN(X50 "." X50 "." X50 "." X50 "." X50 "." X50), 5,
	    { "value \"xxx", "...\" is wrong" }, false },
	/* ranges */
	{ "no address", RANGE("exchange.example.com"), 7,
	    { "<range>: value \"exchange.example.com\" is wrong", "not an IP address",
		"n.n.n.n/x" },
	    true },
	{ "number over 255", RANGE("192.0.2.256"), 7, { "not an IP address" }, false },
	{ "leading zero", RANGE("192.0.02.1"), 7, { "not an IP address" }, false },
	{ "three numbers", RANGE("192.0.2"), 7, { "not an IP address" }, false },
	{ "prefix over 32", RANGE("192.0.2.0/33"), 7, { "prefix length", "32" }, false },
	{ "prefix over 128", RANGE("2001:db8::/129"), 7, { "prefix length", "128" }, false },
	{ "host bits", RANGE("192.0.2.1/24"), 7, { "value \"192.0.2.1/24\"", "192.0.2.0/24" },
	    false },
	{ "IPv6 host bits", RANGE("2001:db8::1/64"), 7, { "2001:db8::/64" }, false },
	{ "netmask", RANGE("192.0.2.0/255.255.255.0"), 7, { "prefix length" }, true },
	{ "from-to", RANGE("192.0.2.1-192.0.2.9"), 7, { "not an IP address" }, true },
	{ "empty range", RANGE(""), 7, { "value \"\" is wrong" }, true },
	{ "wrong outbound",
	    HEAD "<authorized-outbounds>\n<range>10.0.0.0/8</range>\n<range>10.0.0.1/8</range>\n"
		 "</authorized-outbounds>\n" TAIL,
	    6, { "10.0.0.0/8" }, false },
	/* sockets */
	{ "path only", SOCKET("/run/m.sock"), 3,
	    { "<socket>: value \"/run/m.sock\" is wrong; allowed: unix:/PATH",
		"did you mean \"unix:/run/m.sock\"?" },
	    true },
	{ "misspelled kind of socket", SOCKET("unx:/run/m.sock"), 3,
	    { "did you mean \"unix:/run/m.sock\"?" }, true },
	{ "misspelled inet", SOCKET("Inet:8891@localhost"), 3,
	    { "did you mean \"inet:8891@localhost\"?" }, true },
	{ "relative socket", SOCKET("unix:run/m.sock"), 3,
	    { "not absolute", "did you mean \"unix:/run/m.sock\"?" }, true },
	{ "relative local socket", SOCKET("local:m"), 3, { "not absolute" }, true },
	{ "socket without path", SOCKET("unix:"), 3, { "not absolute" }, true },
	{ "socket path of 108 bytes", SOCKET("unix:/" X50 X50 "1234567"), 3, { "107 bytes" },
	    false },
	{ "inet without host", SOCKET("inet:8891"), 3,
	    { "no @HOST", "did you mean \"inet:8891@127.0.0.1\"?" }, true },
	{ "host:port", SOCKET("inet:127.0.0.1:8891"), 3,
	    { "no @HOST", "did you mean \"inet:8891@127.0.0.1\"?" }, true },
	{ "port 0", SOCKET("inet:0@127.0.0.1"), 3, { "port", "1 to 65535" }, false },
	{ "port 65536", SOCKET("inet:65536@127.0.0.1"), 3, { "port" }, false },
	{ "port in words", SOCKET("inet:smtp@127.0.0.1"), 3, { "port" }, true },
	{ "inet with IPv6", SOCKET("inet:8891@::1"), 3, { "did you mean \"inet6:8891@::1\"?" },
	    false },
	{ "empty host", SOCKET("inet:8891@"), 3, { "host" }, true },
	{ "bad host", SOCKET("inet:8891@a_b"), 3, { "host" }, false },
	{ "unknown family", SOCKET("tcp:8891@localhost"), 3,
	    { "allowed: unix:/PATH, local:/PATH, inet:PORT@HOST, inet6:PORT@HOST" }, true },
	/* modes, names, paths, sizes, numbers */
	{ "mode with 9", MILTER("<socket-mode>0690</socket-mode>"), 3,
	    { "<socket-mode>: value \"0690\" is wrong; allowed: an octal file mode" }, true },
	{ "mode in letters", MILTER("<socket-mode>rw-rw----</socket-mode>"), 3, { "octal" }, true },
	{ "mode with a sticky bit", MILTER("<socket-mode>1777</socket-mode>"), 3, { "octal" },
	    true },
	{ "group with a blank", MILTER("<socket-group>post fix</socket-group>"), 3,
	    { "<socket-group>: value \"post fix\"" }, true },
	{ "user with a colon", DAEMON("<user>journal:mail</user>"), 5,
	    { "<user>: value \"journal:mail\" is wrong; allowed: a name" }, true },
	{ "empty user", DAEMON("<user/>"), 5, { "<user>: value \"\" is wrong" }, true },
	{ "user like an option", DAEMON("<user>-x</user>"), 5, { "<user>" }, true },
	{ "relative control socket", DAEMON("<control-socket>c.sock</control-socket>"), 5,
	    { "not absolute", "did you mean \"/c.sock\"?" }, true },
	{ "long control socket", DAEMON("<control-socket>/" X50 X50 "1234567</control-socket>"), 5,
	    { "too long", "107 bytes" }, false },
	{ "control socket is the milter's", DAEMON("<control-socket>/run/m.sock</control-socket>"),
	    5, { "line 2 has this path already" }, false },
	{ "relative directory",
	    "<journal-milter><milter><socket>unix:/m</socket></milter>\n<archive>\n"
	    "<directory>a</directory></archive>\n" TAIL,
	    3, { "<directory>: value \"a\" is wrong: not absolute" }, true },
	{ "directory too long for a control socket",
	    "<journal-milter><milter><socket>unix:/m</socket></milter>\n<archive>\n<directory>/" X50
		X50 "</directory></archive>\n" TAIL,
	    3, { "<directory>: too long for a control socket", "<control-socket>" }, false },
	{ "size in GB", ARCHIVE("<volume-size>2GB</volume-size>"), 4,
	    { "<volume-size>: value \"2GB\"", "did you mean \"2G\"?" }, true },
	{ "hidden characters", ARCHIVE("<volume-size>2\xe2\x80\xae\tG</volume-size>"), 4,
	    { "value \"2\\u{202e}\\tG\" is wrong" }, false },
	{ "a long value ends with a whole character",
	    ARCHIVE("<volume-size>" X50 "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\xe2\x82\xac" X50
		    "</volume-size>"),
	    4, { "x\xe2\x82\xac...\" is wrong" }, false },
	{ "size in MiB", ARCHIVE("<max-message-size>150MiB</max-message-size>"), 4,
	    { "did you mean \"150M\"?" }, true },
	{ "size with a fraction", ARCHIVE("<volume-size>1.5G</volume-size>"), 4, { "not a size" },
	    true },
	{ "negative size", ARCHIVE("<volume-size>-1</volume-size>"), 4, { "not a size" }, true },
	{ "size too small", ARCHIVE("<volume-size>10K</volume-size>"), 4,
	    { "too small", "from 64K to 64G" }, false },
	{ "size too large", ARCHIVE("<volume-size>65G</volume-size>"), 4, { "too large" }, false },
	{ "size that overflows", ARCHIVE("<volume-size>18446744073709551615G</volume-size>"), 4,
	    { "not a size" }, false },
	{ "level 0", ARCHIVE("<compression-level>0</compression-level>"), 4,
	    { "value \"0\" is wrong; allowed: a whole number from 1 to 19" }, true },
	{ "level 20", ARCHIVE("<compression-level>20</compression-level>"), 4, { "1 to 19" },
	    true },
	{ "level in words", ARCHIVE("<compression-level>fast</compression-level>"), 4,
	    { "1 to 19" }, true },
	{ "empty description", VALUE("description", " "), 6,
	    { "<description>: value \"\" is wrong: empty" }, true },
	{ "description of two lines", VALUE("description", "a\nb"), 6,
	    { "more than one line", "\"a\\nb\"" }, false },
	{ "long description", VALUE("description", X50 X50 X50 X50 "x"), 6,
	    { "too long", "...\" is wrong" }, false },
	/* XML */
	{ "empty file", "", 1, { "the file is empty" }, false },
	{ "blank file", " \n ", 0, { "not well-formed XML" }, false },
	{ "not XML", "socket = unix:/x\n", 1, { "not well-formed XML" }, false },
	{ "unclosed element", "<journal-milter>\n<milter>\n</journal-milter>\n", 3,
	    { "not well-formed XML", "milter" }, false },
	{ "unclosed file", HEAD "<daemon>\n", 0, { "not well-formed XML" }, false },
	{ "bad UTF-8", HEAD SERVICE("<description>\xff\xfe</description>\n") TAIL, 6,
	    { "not well-formed XML" }, false },
	{ "unknown entity", HEAD SERVICE("<description>&nbsp;</description>\n") TAIL, 6,
	    { "not well-formed XML", "nbsp" }, false },
	/* attacks: none of these may be expanded or fetched */
	{ "document type", "<?xml version=\"1.0\"?>\n<!DOCTYPE journal-milter>\n" HEAD TAIL, 2,
	    { "<!DOCTYPE>", "not allowed" }, false },
	{ "external document type",
	    "<!DOCTYPE journal-milter SYSTEM \"file:///etc/passwd\">\n" HEAD TAIL, 1,
	    { "<!DOCTYPE>" }, false },
	{ "file entity",
	    "<!DOCTYPE a [<!ENTITY x SYSTEM \"file:///etc/passwd\">]>\n" HEAD SERVICE(
		"<description>&x;</description>\n") TAIL,
	    1, { "<!DOCTYPE>" }, false },
	{ "parameter entity",
	    "<!DOCTYPE a [<!ENTITY % x SYSTEM \"http://127.0.0.1:9/\"> %x;]>\n" HEAD TAIL, 1,
	    { "<!DOCTYPE>" }, false },
	{ "billion laughs",
	    "<!DOCTYPE a [<!ENTITY a \"ha\"><!ENTITY b \"&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;\">"
	    "<!ENTITY c \"&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;\">"
	    "<!ENTITY d \"&c;&c;&c;&c;&c;&c;&c;&c;&c;&c;\"><!ENTITY e \"&d;&d;&d;&d;&d;&d;&d;&d;"
	    "&d;&d;\"><!ENTITY f \"&e;&e;&e;&e;&e;&e;&e;&e;&e;&e;\">"
	    "<!ENTITY g \"&f;&f;&f;&f;&f;&f;&f;&f;&f;&f;\"><!ENTITY h \"&g;&g;&g;&g;&g;&g;&g;&g;"
	    "&g;&g;\"><!ENTITY i \"&h;&h;&h;&h;&h;&h;&h;&h;&h;&h;\">]>\n" HEAD SERVICE(
		"<description>&i;</description>\n") TAIL,
	    1, { "<!DOCTYPE>" }, false },
	{ "XInclude",
	    HEAD "<xi:include xmlns:xi=\"http://www.w3.org/2001/XInclude\" href=\"/etc/passwd\" "
		 "parse=\"text\"/>\n" TAIL,
	    4, { "<include>: unknown in <journal-milter>" }, true },
};

/* The line of report that begins with "PATH:LINE: " (0: any line) and has all pieces; false when
 * there is no line like that. */
static bool told(const char *report, const char *path, const struct wrong *w)
{
	char prefix[4200];

	snprintf(prefix, sizeof prefix, w->line ? "%s:%d: " : "%s:", path, w->line);
	while (*report) {
		size_t n = strcspn(report, "\n");
		char line[8192];
		bool all = strncmp(report, prefix, strlen(prefix)) == 0;

		snprintf(line, sizeof line, "%.*s", (int)n, report);
		for (size_t i = 0; i < 4 && w->pieces[i]; i++)
			all = all && strstr(line, w->pieces[i]);
		if (all)
			return true;
		report += n + (report[n] == '\n');
	}
	return false;
}

/* The schema alone: editors and validators must report the same. */
static bool schema_refuses(const char *text)
{
	struct jm_err err = { JM_E_NONE, 0, "" }, first = { JM_E_NONE, 0, "" };
	struct jm_findings f = { .path = "x", .err = &first };
	xmlDoc *doc = xmlReadMemory(text, (int)strlen(text), NULL, NULL, XML_PARSE_NONET);
	int rc = doc ? jm_schema_validate(doc, &f, &err) : -1;

	if (rc != 0)
		tap_diag("%s", err.text);
	xmlFreeDoc(doc);
	return rc == 0 && f.errors > 0;
}

static void test_table(void)
{
	struct jm_buf report;
	struct jm_err err;

	jm_buf_init(&report, REPORT_BYTES);
	for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
		const struct wrong *w = &table[i];
		struct jm_settings *s = file_load(w->text, strlen(w->text), &report, &err);

		if (!tap_ok(!s && err.kind == JM_E_CONFIG &&
			    told(jm_buf_str(&report), file_path("s.xml"), w),
			"%s is told in line %d", w->what, w->line))
			tap_diag("%s", jm_buf_str(&report));
		if (!s)
			tap_ok(strncmp(jm_buf_str(&report), err.text, strlen(err.text)) == 0,
			    "%s: the error is the first finding", w->what);
		if (w->schema)
			tap_ok(schema_refuses(w->text), "%s: the schema refuses it too", w->what);
		jm_settings_unref(&s);
	}
	jm_buf_release(&report);
}

static void test_all_findings(void)
{
	static const char text[] = HEAD SERVICE(
	    "<encripted>no</encripted>\n<disabled>ja</disabled>\n<range/>\n") TAIL;
	struct jm_buf report;
	struct jm_err err;
	struct jm_settings *s;
	const char *r;

	jm_buf_init(&report, REPORT_BYTES);
	s = file_load(text, strlen(text), &report, &err);
	r = jm_buf_str(&report);
	tap_ok(!s && strstr(r, ":6: ") && strstr(r, ":7: ") && strstr(r, ":8: "),
	    "all mistakes are told at once");
	tap_ok(!strstr(r, "warning"), "no warnings about a file with errors");
	jm_settings_unref(&s);
	jm_buf_release(&report);
}

/* No file, or none that can be read. */
static void test_unreadable(void)
{
	static const unsigned char binary[] = { 0x7f, 'E', 'L', 'F', 0, 1, 2, 3, 0, 0, '<', 'a',
		'/', '>' };
	struct jm_settings *s = NULL;
	struct jm_buf report;
	struct jm_err err;
	char *huge = malloc(5u << 20);

	jm_buf_init(&report, REPORT_BYTES);
	tap_ok(jm_settings_load(file_path("none.xml"), &s, &report, &err) != 0 &&
		err.kind == JM_E_NOTFOUND && !s,
	    "no such file");
	tap_ok(strstr(jm_buf_str(&report), "none.xml") != NULL, "the report names it");
	tap_ok(jm_settings_load(tap_folder(), &s, &report, &err) != 0 && err.kind == JM_E_CONFIG &&
		strstr(err.text, "folder"),
	    "a folder");
	tap_ok(jm_settings_load("/dev/null", &s, NULL, &err) != 0 && err.kind == JM_E_CONFIG,
	    "a device, without a report");
	tap_ok(!file_load(binary, sizeof binary, &report, &err) && err.kind == JM_E_CONFIG,
	    "a binary file");
	tap_ok(!file_load("<journal-milter>\0</journal-milter>", 34, &report, &err) &&
		err.kind == JM_E_CONFIG,
	    "a NUL byte");
	if (huge) {
		memset(huge, ' ', 5u << 20);
		tap_ok(!file_load(huge, 5u << 20, &report, &err) && err.kind == JM_E_CONFIG &&
			strstr(err.text, "larger than"),
		    "a huge file");
	}
	free(huge);
	file_write(file_path("secret.xml"), HEAD TAIL, strlen(HEAD TAIL));
	if (geteuid() == 0 && (seteuid(65534) != 0 || access(file_path("secret.xml"), F_OK) == -2))
		tap_skip(1, "cannot become nobody");
	else if (geteuid() != 0) {
		bool mode_set;

		if (geteuid() == 65534 && seteuid(0) == 0) {
			mode_set = chmod(file_path("secret.xml"), 0600) == 0 &&
			    chmod(tap_folder(), 0755) == 0 && seteuid(65534) == 0;
		} else {
			mode_set = chmod(file_path("secret.xml"), 0) == 0;
		}
		tap_ok(mode_set &&
			jm_settings_load(file_path("secret.xml"), &s, &report, &err) != 0 &&
			err.kind == JM_E_DENIED,
		    "an unreadable file");
		if (getuid() == 0 && seteuid(0) != 0)
			exit(1);
	}
	jm_buf_release(&report);
}

/* A hostile mass of mistakes ends in a counted remark; a report that is full does no harm. */
static void test_many_findings(void)
{
	struct jm_buf text, report;
	struct jm_err err;
	struct jm_settings *s;
	int rc = 0;

	jm_buf_init(&text, 1u << 20);
	jm_buf_init(&report, REPORT_BYTES);
	rc |= jm_buf_printf(&text, &err, "%s", HEAD);
	for (int i = 0; i < 1000; i++)
		rc |= jm_buf_printf(&text, &err, "<x%d/>\n", i);
	rc |= jm_buf_printf(&text, &err, "%s", TAIL);
	s = file_load(text.p, text.len, &report, &err);
	tap_ok(rc == 0 && !s && strstr(jm_buf_str(&report), "900 more findings"),
	    "1000 mistakes: the first hundred are told, the rest counted");
	jm_buf_release(&report);
	jm_buf_init(&report, 100);
	s = file_load(text.p, text.len, &report, &err);
	tap_ok(!s && err.kind == JM_E_CONFIG && strstr(err.text, "<x0>"),
	    "a full report: the error still says the first");
	jm_buf_release(&report);
	jm_buf_release(&text);
}

/* Depth and length beyond what libxml2 takes, and beyond our caps. */
static void test_extremes(void)
{
	struct jm_buf text, report;
	struct jm_err err;
	int rc = 0;

	jm_buf_init(&text, 4u << 20);
	jm_buf_init(&report, REPORT_BYTES);
	for (int i = 0; i < 5000; i++)
		rc |= jm_buf_printf(&text, &err, "<a>");
	tap_ok(rc == 0 && !file_load(text.p, text.len, &report, &err) && err.kind == JM_E_CONFIG,
	    "5000 levels");
	jm_buf_reset(&text);
	rc |= jm_buf_printf(&text, &err, "%s<journal-service><description>", HEAD);
	for (int i = 0; i < 20000; i++)
		rc |= jm_buf_printf(&text, &err, "xxxxxxxxxxxxxxxxxxxx");
	rc |= jm_buf_printf(&text, &err, "</description></journal-service>%s", TAIL);
	tap_ok(rc == 0 && !file_load(text.p, text.len, &report, &err) &&
		strstr(err.text, "longer than"),
	    "a value of 400 KB");
	jm_buf_reset(&text);
	rc |= jm_buf_printf(&text, &err, "%s", HEAD);
	for (int i = 0; i < 4097; i++)
		rc |= jm_buf_printf(&text, &err,
		    "<journal-service><email-address>j%d@j.example.com</email-address>"
		    "</journal-service>\n",
		    i);
	rc |= jm_buf_printf(&text, &err, "%s", TAIL);
	tap_ok(rc == 0 && !file_load(text.p, text.len, &report, &err) &&
		strstr(err.text, "<journal-service>: more than 4096"),
	    "4097 services");
	jm_buf_release(&report);
	jm_buf_release(&text);
}

int main(void)
{
	test_table();
	test_all_findings();
	test_unreadable();
	test_many_findings();
	test_extremes();
	xmlCleanupParser();
	return tap_done();
}
