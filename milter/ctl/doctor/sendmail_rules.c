/* SPDX-License-Identifier: BSD-2-Clause */
/* Doctor: options, rules and the queue of Sendmail. See sendmail_rules.h. */
#include "milter/ctl/doctor/sendmail_rules.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "common/base/io.h"
#include "common/base/num.h"
#include "milter/ctl/doctor/postfix_conf.h"
#include "milter/ctl/doctor/postfix_queue.h"
#include "milter/ctl/doctor/postfix_rules.h"

#define DEFAULT_QUEUE "/var/spool/mqueue"
#define QUEUE_FILE_MAX_BYTES (1024u * 1024)
#define WHERE ", above the MAILER lines; then make -C /etc/mail && service sendmail restart"

/* A number that an option must have at least; 0 means no limit where zero is set. */
static const struct {
	const char *option;
	int64_t least;
	bool zero, time, fails;
	const char *change, *name, *harm;
} numbers[] = {
	{ "MaxMessageSize", JM_EXCHANGE_MAX_BYTES, true, false, true,
	    "define(`confMAX_MESSAGE_SIZE', `0')", "size-limit",
	    "larger reports get a 552; Exchange sends up to 150 MB" },
	{ "ConnectionRateThrottle", 20, true, false, false,
	    "define(`confCONNECTION_RATE_THROTTLE', `0')", "rate-limit",
	    "further connections of a second wait" },
	{ "MaxDaemonChildren", 40, true, false, false, "define(`confMAX_DAEMON_CHILDREN', `0')",
	    "process-limit", "further connections of Exchange are refused" },
	{ "RefuseLA", 8, true, false, false, "define(`confREFUSE_LA', `100')", "load-limit",
	    "at a higher load connections are refused" },
	{ "DelayLA", 8, true, false, false, "define(`confDELAY_LA', `0')", "load-limit",
	    "at a higher load each command waits a second" },
	{ "MaxRecipientsPerMessage", 100, true, false, false,
	    "define(`confMAX_RCPTS_PER_MESSAGE', `0')", "recipient-limit",
	    "further recipients of a message get a 452" },
	{ "MaxHopCount", 20, false, false, false, "define(`confMAX_HOP', `25')", "hop-limit",
	    "a report that passed more mail servers bounces" },
	{ "Timeout.command", 60, false, true, false, "define(`confTO_COMMAND', `1h')",
	    "session-timeout", "Exchange's idle sessions are broken off" },
	{ "Timeout.datablock", 60, false, true, false, "define(`confTO_DATABLOCK', `1h')",
	    "session-timeout", "a report on a slow line is broken off" },
	{ "Timeout.starttls", 30, false, true, false, "define(`confTO_STARTTLS', `1h')",
	    "session-timeout", "a sender that takes longer for TLS gets no session" },
};

static void check_numbers(struct jm_doctor *d, const struct jm_sendmail *cf)
{
	char change[300];

	for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
		const char *value = jm_sendmail_option(cf, numbers[i].option);
		int64_t n = -1;
		uint64_t number;

		jm_doctor_check(d, numbers[i].name, "%s is %s", numbers[i].option,
		    value[0] ? value : "the default");
		if (numbers[i].time)
			n = jm_postfix_seconds(jm_span_str(value));
		else if (jm_num_u64(jm_span_str(value), 0, INT64_MAX, &number) == 0)
			n = (int64_t)number;
		if (n < 0 || n >= numbers[i].least || (n == 0 && numbers[i].zero))
			continue;
		snprintf(change, sizeof change, "sendmail.mc: %s" WHERE, numbers[i].change);
		jm_doctor_add(d, numbers[i].fails ? JM_DOCTOR_FAIL : JM_DOCTOR_WARN,
		    numbers[i].name, change, "%s is %s: %s", numbers[i].option, value,
		    numbers[i].harm);
	}
}

static void check_eight_bits(struct jm_doctor *d, const struct jm_sendmail *cf)
{
	const char *mode = jm_sendmail_option(cf, "EightBitMode"),
		   *seven = jm_sendmail_option(cf, "SevenBitInput");

	jm_doctor_check(d, "eight-bit", "reports with 8-bit text are taken as they come");
	if (mode[0] == 's')
		jm_doctor_add(d, JM_DOCTOR_FAIL, "eight-bit",
		    "sendmail.mc: define(`confEIGHT_BIT_HANDLING', `pass8')" WHERE,
		    "EightBitMode is %s: reports with 8-bit text get a 5xx", mode);
	if (seven[0] == 'T' || seven[0] == 't')
		jm_doctor_add(d, JM_DOCTOR_FAIL, "eight-bit",
		    "sendmail.mc: define(`confSEVEN_BIT_INPUT', `False')" WHERE,
		    "SevenBitInput is %s: bit 8 of each byte of a report is cleared", seven);
}

/* Rules that the features of sendmail.mc add. */
static void check_features(struct jm_doctor *d, const struct jm_sendmail *cf)
{
	const struct {
		bool on;
		enum jm_doctor_level level;
		const char *name, *feature, *harm;
	} features[] = {
		{ json_object_get(cf->tables, "dnsbl") || json_object_get(cf->tables, "ednsbl") ||
			cf->lists[0],
		    JM_DOCTOR_FAIL, "dnsbl", "dnsbl', `...",
		    "refuses reports while the client is in a list; addresses of Microsoft 365 are "
		    "at times" },
		{ json_object_get(cf->tables, "rhsbl") != NULL, JM_DOCTOR_FAIL, "dnsbl",
		    "rhsbl', `...", "refuses reports while the sender's domain is in a list" },
		{ cf->needs_reverse_name, JM_DOCTOR_FAIL, "client-name", "require_rdns",
		    "refuses reports from a client whose name is not in the DNS, both ways" },
		{ cf->judges_helo, JM_DOCTOR_WARN, "helo-name", "block_bad_helo",
		    "refuses reports from an Exchange that gives a name without a dot" },
		{ json_object_get(cf->rulesets, "BadMX") != NULL, JM_DOCTOR_WARN, "sender-domain",
		    "badmx", "refuses reports whose sender's domain has a private address as MX" },
		{ json_object_get(cf->rulesets, "greet_pause") != NULL, JM_DOCTOR_WARN,
		    "greet-pause", "greet_pause', `...",
		    "makes each connection wait, and refuses a client that talks too soon" },
		{ json_object_get(cf->rulesets, "RateControl") != NULL, JM_DOCTOR_WARN,
		    "rate-limit", "ratecontrol",
		    "refuses connections above ClientRate of the access table" },
		{ json_object_get(cf->rulesets, "ConnControl") != NULL, JM_DOCTOR_WARN,
		    "rate-limit", "conncontrol",
		    "refuses connections above ClientConn of the access table" },
	};
	char change[400];

	for (size_t i = 0; i < sizeof features / sizeof features[0]; i++) {
		jm_doctor_check(
		    d, features[i].name, "FEATURE(`%s') is not used", features[i].feature);
		if (!features[i].on)
			continue;
		snprintf(change, sizeof change,
		    "sendmail.mc: dnl FEATURE(`%s')" WHERE
		    "; or in the access table Connect:ADDRESS OK for each address of Exchange",
		    features[i].feature);
		jm_doctor_add(d, features[i].level, features[i].name, change,
		    "FEATURE(`%s')%s%s: %s", features[i].feature, i == 0 && cf->lists[0] ? " " : "",
		    i == 0 ? cf->lists : "", features[i].harm);
	}
	jm_doctor_check(d, "open-relay", "Sendmail relays for no stranger");
	if (!cf->denies_relaying)
		jm_doctor_add(d, JM_DOCTOR_FAIL, "open-relay",
		    "sendmail.mc: dnl FEATURE(`promiscuous_relay')" WHERE,
		    "no rule of sendmail.cf denies relaying: spam goes through this machine, and "
		    "soon nobody takes mail from it");
	jm_doctor_check(d, "sender-domain", "a sender's domain need not be in the DNS");
	if (json_object_get(cf->tables, "resolve"))
		jm_doctor_add(d, JM_DOCTOR_NOTE, "sender-domain",
		    "sendmail.mc: FEATURE(`accept_unresolvable_domains')" WHERE,
		    "reports whose sender's domain is not found in the DNS are delayed or refused");
}

void jm_doctor_sendmail_rules(struct jm_doctor *d, const struct jm_sendmail *cf)
{
	const char *list = jm_sendmail_option(cf, "CRLFile");

	check_numbers(d, cf);
	check_eight_bits(d, cf);
	check_features(d, cf);
	jm_doctor_check(d, "crl-file", "CRLFile is not set, or is there");
	if (list[0] == '/' && access(list, F_OK) != 0 && errno == ENOENT)
		jm_doctor_add(d, JM_DOCTOR_FAIL, "crl-file",
		    "sendmail.mc: dnl define(`confCRL', `...')" WHERE,
		    "CRLFile %s is not there: Sendmail offers no TLS", list);
}

/* A control file of the queue: lines of one letter and a value. R: recipient, T: time of arrival,
 * M: why it waits. */
static void take_file(
    struct jm_doctor *d, const char *path, const char *id, struct jm_doctor_waiting *w)
{
	struct jm_span rest, line, recipient = { NULL, 0 };
	char address[512] = "", reason[300] = "";
	unsigned char *p = NULL;
	uint64_t since_s = 0;
	size_t n = 0;

	if (jm_io_read_file(path, QUEUE_FILE_MAX_BYTES, &p, &n, NULL) != 0)
		return; /* it has just left the queue */
	for (rest = jm_span_of(p, n); rest.len;) {
		line = jm_sendmail_line(&rest);
		if (line.len < 2)
			continue;
		if (line.p[0] == 'T')
			(void)jm_num_u64(
			    jm_span_sub(line, 1, line.len), 0, INT64_MAX / 1000, &since_s);
		else if (line.p[0] == 'M')
			snprintf(reason, sizeof reason, "%.*s", (int)(line.len - 1),
			    (const char *)line.p + 1);
		if (line.p[0] != 'R')
			continue;
		/* "RPFD:<address>" */
		recipient = jm_span_sub(line, jm_span_index(line, ':') + 1, line.len);
		if (recipient.len > 2 && recipient.p[0] == '<')
			recipient = jm_span_sub(recipient, 1, recipient.len - 2);
		snprintf(
		    address, sizeof address, "%.*s", (int)recipient.len, (const char *)recipient.p);
		if (strchr(address, '@') &&
		    jm_doctor_wait(d, w, address, id, (int64_t)since_s * 1000,
			reason[0] ? reason : "no reason is noted yet"))
			break;
	}
	free(p);
}

/* All queues: the option names a folder, or a pattern whose last part ends in "*". */
static void take_queue(
    struct jm_doctor *d, const char *folder, unsigned depth, struct jm_doctor_waiting *w)
{
	DIR *dir = opendir(folder);
	struct dirent *e;
	char path[4096];

	if (!dir)
		return;
	while ((e = readdir(dir))) {
		snprintf(path, sizeof path, "%s/%s", folder, e->d_name);
		if (strncmp(e->d_name, "qf", 2) == 0 && strlen(e->d_name) > 4)
			take_file(d, path, e->d_name + 2, w);
		else if (e->d_name[0] != '.' && depth > 0)
			take_queue(d, path, depth - 1, w);
	}
	closedir(dir);
}

void jm_doctor_sendmail_queue(struct jm_doctor *d, const struct jm_sendmail *cf)
{
	const char *folder = jm_sendmail_option(cf, "QueueDirectory"),
		   *blocks = jm_sendmail_option(cf, "MinFreeBlocks");
	struct jm_doctor_waiting w = { .n = 0 };
	uint64_t least = 0, left;
	char path[4096];
	struct statvfs fs;

	snprintf(path, sizeof path, "%s", folder[0] ? folder : DEFAULT_QUEUE);
	if (strchr(path, '*'))
		*strrchr(path, '/') = '\0';
	jm_doctor_check(d, "queued-reports", "no mail for journal addresses waits in %s", path);
	if (access(path, R_OK | X_OK) != 0)
		jm_doctor_add(d, JM_DOCTOR_SKIP, "queued-reports", NULL,
		    "the queue %s cannot be read: %m", path);
	else
		take_queue(d, path, 2, &w);
	jm_doctor_judge_waiting(d, &w, "jmctl import the message from the queue, then remove it");
	if (statvfs(path, &fs) != 0)
		return;
	left = (uint64_t)fs.f_bavail * fs.f_frsize;
	jm_doctor_check(d, "queue-minfree", "MinFreeBlocks is %s, %llu MB are left in %s", blocks,
	    (unsigned long long)(left >> 20), path);
	if (jm_num_u64(jm_span_str(blocks), 0, UINT64_MAX >> 12, &least) == 0 &&
	    least * 1024 > left)
		jm_doctor_add(d, JM_DOCTOR_FAIL, "queue-minfree",
		    "sendmail.mc: define(`confMIN_FREE_BLOCKS', `100')" WHERE,
		    "MinFreeBlocks is %s, and %llu MB are left in %s: each MAIL FROM gets a 452",
		    blocks, (unsigned long long)(left >> 20), path);
	jm_doctor_check(d, "queue-full", "%s has room for the largest message", path);
	if (left < JM_EXCHANGE_MAX_BYTES)
		jm_doctor_add(d, JM_DOCTOR_FAIL, "queue-full",
		    "a larger disk for the queue, or remove what fills it: du -xh / | sort -h",
		    "%llu MB are left in %s: a large report finds no room",
		    (unsigned long long)(left >> 20), path);
}
