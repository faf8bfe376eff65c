/* SPDX-License-Identifier: BSD-2-Clause */
/* The rows of the table of settings, and the texts about them for people. Values are parsed in
 * typed_value.c. */
#include "common/settings/table.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "common/settings/settings.h"

#define KIB UINT64_C(1024)
#define MIB (1024 * KIB)
#define GIB (1024 * MIB)

/* An address of at most 64 + 1 + 255 octets: RFC 5321 4.5.3.1. */
#define ADDRESS_BYTES 320
/* The length of sun_path without its NUL. */
#define SOCKET_PATH_BYTES 107

static const struct jm_word yes_no[] = { { "yes", 1, false }, { "no", 0, false },
	{ "true", 1, true }, { "false", 0, true }, { NULL, 0, false } };

static const struct jm_word transports[] = { { "SMTP", JM_TRANSPORT_SMTP, false },
	{ "smtp", JM_TRANSPORT_SMTP, true }, { "POP3", JM_TRANSPORT_POP3, false },
	{ "pop3", JM_TRANSPORT_POP3, true }, { NULL, 0, false } };

static const struct jm_word encryption_modes[] = { { "strict", JM_ENCRYPTION_STRICT, false },
	{ "relaxed", JM_ENCRYPTION_RELAXED, false }, { NULL, 0, false } };

static const struct jm_word on_faults[] = { { "defer", JM_ON_FAULT_DEFER, false },
	{ "pass", JM_ON_FAULT_PASS, false }, { NULL, 0, false } };

static const struct jm_word pipelinings[] = { { "auto", JM_PIPELINING_AUTO, false },
	{ "off", JM_PIPELINING_OFF, false }, { NULL, 0, false } };

static const struct jm_word journal_types[] = { { "envelope", JM_JOURNAL_ENVELOPE, false },
	{ "eml", JM_JOURNAL_EML, false }, { NULL, 0, false } };

#define S(field) .offset = offsetof(struct jm_settings, field)
#define J(field) .offset = offsetof(struct jm_service, field)
#define P(field) .offset = offsetof(struct jm_mailbox, field)
#define MANY(type, of, array, count, most) \
	.offset = offsetof(struct of, array), .many_offset = offsetof(struct of, count), \
	.many_size = sizeof(type), .max = (most)

static const struct jm_setting table[] = {
	{ JM_SETTINGS_ROOT, "milter", JM_SETTING_GROUP, .required = true,
	    .doc = "how the MTA reaches the milter" },
	{ "milter", "socket", JM_SETTING_SOCKET, S(socket), .required = true, .restart = true,
	    .max = SOCKET_PATH_BYTES, .doc = "where the MTA connects to" },
	{ "milter", "socket-mode", JM_SETTING_MODE, S(socket_mode), .preset = "0660", .max = 0777,
	    .restart = true, .doc = "file mode of a unix socket" },
	{ "milter", "socket-group", JM_SETTING_NAME, S(socket_group),
	    .preset_note = "the daemon's group", .max = 64, .restart = true,
	    .doc = "group of a unix socket" },

	{ JM_SETTINGS_ROOT, "daemon", JM_SETTING_GROUP, .doc = "the process" },
	{ "daemon", "user", JM_SETTING_NAME, S(user), .preset_note = "as started", .max = 64,
	    .restart = true, .doc = "the user that the daemon becomes when started by root" },
	{ "daemon", "control-socket", JM_SETTING_PATH, S(control_socket),
	    .preset_note = "control.sock in the archive directory", .max = SOCKET_PATH_BYTES,
	    .restart = true, .doc = "where jmctl reaches the daemon" },
	{ "daemon", "detailed-logging", JM_SETTING_YES_NO, S(detailed_logging), .preset = "no",
	    .doc = "log each decision, not only each outcome" },

	{ JM_SETTINGS_ROOT, "archive", JM_SETTING_GROUP, .required = true,
	    .doc = "where and how messages are kept" },
	{ "archive", "directory", JM_SETTING_PATH, S(archive_directory), .required = true,
	    .max = 1024, .restart = true, .doc = "the folder of the archive" },
	{ "archive", "volume-size", JM_SETTING_SIZE, S(volume_size_bytes), .preset = "1G",
	    .unit = "bytes", .min = 64 * KIB, .max = 64 * GIB, .restart = true,
	    .doc = "a volume is sealed when it has this size" },
	{ "archive", "compression-level", JM_SETTING_NUMBER, S(compression_level), .preset = "1",
	    .min = 1, .max = 19, .restart = true, .doc = "zstd level" },
	{ "archive", "disk-reserve", JM_SETTING_SIZE, S(disk_reserve_bytes), .preset = "256M",
	    .unit = "bytes", .min = 0, .max = 1024 * GIB, .restart = true,
	    .doc = "messages are answered 4xx while the archive's disk has less room" },
	{ "archive", "max-message-size", JM_SETTING_SIZE, S(max_message_bytes), .preset = "512M",
	    .unit = "bytes", .min = KIB, .max = 4 * GIB,
	    .doc = "a larger message is answered 4xx" },

	{ JM_SETTINGS_ROOT, "publish", JM_SETTING_GROUP,
	    .doc = "the published state, for dashboards" },
	{ "publish", "directory", JM_SETTING_PATH, S(publish_directory),
	    .preset_note = "public in the archive directory", .max = 1024, .restart = true,
	    .doc = "the folder it is written to" },
	{ "publish", "interval", JM_SETTING_NUMBER, S(publish_interval_s), .preset = "5",
	    .unit = "seconds", .max = 3600, .doc = "how often; 0: never" },
	{ "publish", "mode", JM_SETTING_MODE, S(publish_mode), .preset = "0644", .max = 0777,
	    .doc = "file mode of what is published" },

	{ JM_SETTINGS_ROOT, "internal-domains", JM_SETTING_GROUP,
	    .doc = "the organisation's own domains" },
	{ "internal-domains", "domain", JM_SETTING_DOMAIN, .preset_note = "none",
	    MANY(struct jm_domain, jm_settings, internal_domains, internal_domains_n, 65536),
	    .doc = "a domain that may send journal reports" },
	{ "domain", "@sub-domains", JM_SETTING_YES_NO,
	    .offset = offsetof(struct jm_domain, sub_domains), .preset = "no",
	    .doc = "also all domains below it" },

	{ JM_SETTINGS_ROOT, "directory-sources", JM_SETTING_GROUP,
	    .doc = "where the known internal addresses are listed" },
	{ "directory-sources", "file", JM_SETTING_PATH, .preset_note = "none",
	    MANY(struct jm_source, jm_settings, directory_files, directory_files_n, 256),
	    .min = 1024, .doc = "a file with one address a line" },
	{ "directory-sources", "map", JM_SETTING_MAP, .preset_note = "none",
	    MANY(struct jm_source, jm_settings, directory_maps, directory_maps_n, 256), .min = 1024,
	    .doc = "a table of the MTA, by its path" },

	{ JM_SETTINGS_ROOT, "authorized-outbounds", JM_SETTING_GROUP, S(authorized_outbounds),
	    .doc = "who may send for every service" },
	{ "authorized-outbounds", "range", JM_SETTING_RANGE, .preset_note = "none",
	    MANY(struct jm_cidr, jm_ranges, v, n, 65536),
	    .doc = "an address or a range of addresses" },

	{ JM_SETTINGS_ROOT, "report-senders", JM_SETTING_GROUP,
	    .doc = "who sends journal reports, besides Exchange's own address" },
	{ "report-senders", "address", JM_SETTING_ADDRESS, .preset_note = "none",
	    MANY(struct jm_source, jm_settings, report_senders, report_senders_n, 256),
	    .doc = "a journal address, or the address for undeliverable reports" },

	{ JM_SETTINGS_ROOT, "gateway", JM_SETTING_GROUP,
	    .doc = "ordinary mail that passes through this MTA" },
	{ "gateway", "enabled", JM_SETTING_YES_NO, S(gateway), .preset = "no",
	    .doc = "archive it, and pass it on unchanged" },
	{ "gateway", "on-fault", JM_SETTING_WORD, S(gateway_on_fault), .preset = "defer",
	    .words = on_faults, .doc = "what it gets when it cannot be archived" },

	{ JM_SETTINGS_ROOT, "maximum-age", JM_SETTING_NUMBER, S(maximum_age_days), .preset = "30",
	    .unit = "days", .max = 36500, .doc = "an older message is set aside; 0: no limit" },

	{ JM_SETTINGS_ROOT, "journal-service", JM_SETTING_GROUP,
	    MANY(struct jm_service, jm_settings, services, services_n, 4096),
	    .doc = "a journal service definition" },
	{ "journal-service", "description", JM_SETTING_TEXT, J(description),
	    .preset_note = "the email-address", .max = 200, .doc = "what this service is for" },
	{ "journal-service", "email-address", JM_SETTING_ADDRESS, J(email_address),
	    .required = true, .max = ADDRESS_BYTES,
	    .doc = "the address that journal reports are sent to" },
	{ "journal-service", "transport-type", JM_SETTING_WORD, J(transport), .preset = "SMTP",
	    .words = transports, .doc = "how journal reports come in" },
	{ "journal-service", "disabled", JM_SETTING_YES_NO, J(disabled), .preset = "no",
	    .doc = "suspend the service: answer 4xx" },
	{ "journal-service", "additional-source-ip-ranges", JM_SETTING_GROUP, J(source_ranges),
	    .doc = "who may send for this service, besides the authorized outbounds" },
	{ "additional-source-ip-ranges", "range", JM_SETTING_RANGE, .preset_note = "none",
	    MANY(struct jm_cidr, jm_ranges, v, n, 65536),
	    .doc = "an address or a range of addresses" },
	{ "journal-service", "encrypted", JM_SETTING_YES_NO, J(encrypted), .preset = "no",
	    .doc = "require TLS" },
	{ "journal-service", "encryption-mode", JM_SETTING_WORD, J(encryption_mode),
	    .preset = "relaxed", .words = encryption_modes,
	    .doc = "with encrypted: whether the client needs a certificate that the MTA verified" },
	{ "journal-service", "use-smtp-authentication", JM_SETTING_YES_NO,
	    J(use_smtp_authentication), .preset = "no",
	    .doc = "require a login that equals the email-address" },
	{ "journal-service", "refuse-null-sender", JM_SETTING_YES_NO, J(refuse_null_sender),
	    .preset = "no", .doc = "take no reports from the null sender <>" },
	{ "journal-service", "journal-type", JM_SETTING_WORD, J(journal_type), .preset = "envelope",
	    .words = journal_types, .doc = "what the reports look like" },
	{ "journal-service", "remove-journal-headers", JM_SETTING_YES_NO, J(remove_journal_headers),
	    .preset = "yes",
	    .doc = "remove the two header fields in which Exchange notes Bcc recipients" },
	{ "journal-service", "prefer-clear-text-version", JM_SETTING_YES_NO, J(prefer_clear_text),
	    .preset = "no", .doc = "of a rights-protected pair archive the readable one" },

	{ "journal-service", "extended-de-duplication", JM_SETTING_YES_NO,
	    J(extended_de_duplication), .preset = "no",
	    .doc = "wait 10 minutes for a message that matches" },
	{ "journal-service", "journal-non-internal-addresses", JM_SETTING_YES_NO,
	    J(journal_non_internal), .preset = "no",
	    .doc = "archive messages without any internal address" },
	{ "journal-service", "journal-unknown-internal-addresses", JM_SETTING_YES_NO,
	    J(journal_unknown_internal), .preset = "no",
	    .doc = "archive messages with an internal address that the directory does not know" },
	{ "journal-service", "maximum-age", JM_SETTING_NUMBER, J(maximum_age_days),
	    .preset_note = "that of all services", .unit = "days", .max = 36500,
	    .doc = "an older message is set aside; 0: no limit" },
	{ "journal-service", "initial-process-delay", JM_SETTING_NUMBER, J(initial_process_delay_s),
	    .preset = "0", .unit = "seconds", .max = 86400,
	    .doc = "how long a message waits before it is matched" },
	{ "journal-service", "delivery-wait-attempts", JM_SETTING_NUMBER, J(delivery_wait_attempts),
	    .preset = "3", .max = 1000, .doc = "how often a match is looked for" },
	{ "journal-service", "delivery-wait-interval", JM_SETTING_NUMBER,
	    J(delivery_wait_interval_s), .preset = "60", .unit = "seconds", .min = 1, .max = 86400,
	    .doc = "from one look to the next" },
	{ "journal-service", "period-of-inactivity-allowed", JM_SETTING_NUMBER,
	    J(inactivity_allowed_min), .preset = "180", .unit = "minutes", .max = 525600,
	    .doc = "without a message for longer the service counts as down; 0: never" },
	{ "journal-service", "detailed-logging", JM_SETTING_YES_NO, J(detailed_logging),
	    .preset = "no", .doc = "log each decision about this service's messages" },

	{ "journal-service", "pop3", JM_SETTING_GROUP, J(pop3),
	    .doc = "the journal mailbox of a service of transport type POP3" },
	{ "pop3", "hostname", JM_SETTING_TEXT, P(hostname), .required = true, .max = 255,
	    .doc = "name or address of the mail server" },
	{ "pop3", "port", JM_SETTING_NUMBER, P(port), .preset_note = "995, or 110", .min = 1,
	    .max = 65535, .doc = "TCP port" },
	{ "pop3", "mailbox-name", JM_SETTING_TEXT, P(mailbox_name), .required = true, .max = 320,
	    .doc = "the user name to log in with" },
	{ "pop3", "password", JM_SETTING_SECRET, P(password), .preset_note = "none", .max = 1024,
	    .doc = "the password" },
	{ "pop3", "password-file", JM_SETTING_PATH, P(password_file), .preset_note = "none",
	    .max = 1024, .doc = "a file with the password in its first line" },
	{ "pop3", "oauth2-token-command", JM_SETTING_TEXT, P(oauth2_token_command),
	    .preset_note = "none", .max = 1024,
	    .doc = "a shell command that prints an OAuth 2.0 access token" },
	{ "pop3", "encrypted", JM_SETTING_YES_NO, P(encrypted), .preset = "yes", .doc = "TLS" },
	{ "pop3", "starttls", JM_SETTING_YES_NO, P(starttls), .preset = "no",
	    .doc = "begin TLS by STLS instead of at once" },
	{ "pop3", "encryption-mode", JM_SETTING_WORD, P(encryption_mode), .preset = "strict",
	    .words = encryption_modes,
	    .doc = "what to do about a certificate that cannot be trusted" },
	{ "pop3", "ca-file", JM_SETTING_PATH, P(ca_file), .preset_note = "the system's",
	    .max = 1024, .doc = "trusted root certificates" },
	{ "pop3", "pinned-public-key", JM_SETTING_TEXT, P(pinned_public_key), .preset_note = "none",
	    .max = 60, .doc = "the only public key that the server may have" },
	{ "pop3", "poll-interval", JM_SETTING_NUMBER, P(poll_interval_s), .preset = "60",
	    .unit = "seconds", .min = 1, .max = 86400,
	    .doc = "from the end of one look into the mailbox to the next" },
	{ "pop3", "messages-per-connection", JM_SETTING_NUMBER, P(messages_per_connection),
	    .preset = "5000", .min = 1, .max = 1000000,
	    .doc = "after so many, what is archived is deleted and a new connection begins" },
	{ "pop3", "minutes-per-connection", JM_SETTING_NUMBER, P(minutes_per_connection),
	    .preset = "10", .unit = "minutes", .min = 1, .max = 1440, .doc = "the same, by time" },
	{ "pop3", "answer-timeout", JM_SETTING_NUMBER, P(answer_timeout_s), .preset = "60",
	    .unit = "seconds", .min = 1, .max = 3600,
	    .doc = "a server that says nothing for longer is given up" },
	{ "pop3", "leave-on-server", JM_SETTING_YES_NO, P(leave_on_server), .preset = "no",
	    .doc = "archive, and delete nothing" },
	{ "pop3", "pipelining", JM_SETTING_WORD, P(pipelining), .preset = "auto",
	    .words = pipelinings, .doc = "send commands ahead when the server can take them" },
};

_Static_assert(sizeof table / sizeof table[0] <= JM_SETTINGS_ROWS, "raise JM_SETTINGS_ROWS");
_Static_assert(sizeof(enum jm_encryption_mode) == sizeof(int) &&
	sizeof(enum jm_pipelining) == sizeof(int) && sizeof(enum jm_on_fault) == sizeof(int),
    "words are stored as int");
_Static_assert(
    sizeof(enum jm_transport) == sizeof(int) && sizeof(enum jm_journal_type) == sizeof(int),
    "words are stored as int");

const struct jm_setting *jm_settings_table(size_t *n_r)
{
	*n_r = sizeof table / sizeof table[0];
	return table;
}

const struct jm_word *jm_setting_yes_no(void)
{
	return yes_no;
}

const char *jm_setting_type_name(enum jm_setting_type type)
{
	static const char *const names[] = {
		[JM_SETTING_GROUP] = "group",
		[JM_SETTING_TEXT] = "text",
		[JM_SETTING_SECRET] = "secret",
		[JM_SETTING_YES_NO] = "yes/no",
		[JM_SETTING_SIZE] = "size",
		[JM_SETTING_NUMBER] = "number",
		[JM_SETTING_MODE] = "mode",
		[JM_SETTING_NAME] = "name",
		[JM_SETTING_PATH] = "path",
		[JM_SETTING_SOCKET] = "socket",
		[JM_SETTING_WORD] = "word",
		[JM_SETTING_ADDRESS] = "address",
		[JM_SETTING_DOMAIN] = "domain",
		[JM_SETTING_MAP] = "map",
		[JM_SETTING_RANGE] = "range",
	};

	return names[type];
}

/* Write n as a size with the largest suffix that fits: 1073741824 is "1G". Returns text. */
static const char *size_text(uint64_t n, char *text, size_t text_bytes)
{
	static const char suffixes[] = "\0KMG";
	size_t i = 0;

	while (n && n % KIB == 0 && i < 3) {
		n /= KIB;
		i++;
	}
	snprintf(text, text_bytes, "%" PRIu64 "%.1s", n, &suffixes[i]);
	return text;
}

static void allowed_words(const struct jm_word *words, char *text, size_t text_bytes)
{
	size_t len = 0;

	text[0] = '\0';
	for (; words->text; words++) {
		if (words->alias || len + strlen(words->text) + 3 > text_bytes)
			continue;
		snprintf(text + len, text_bytes - len, "%s%s", len ? ", " : "", words->text);
		len = strlen(text);
	}
}

char *jm_setting_allowed(const struct jm_setting *t, char *text, size_t text_bytes)
{
	char min[32], max[32];

	switch (t->type) {
	case JM_SETTING_YES_NO:
		allowed_words(yes_no, text, text_bytes);
		break;
	case JM_SETTING_WORD:
		allowed_words(t->words, text, text_bytes);
		break;
	case JM_SETTING_SIZE:
		snprintf(text, text_bytes,
		    "a whole number of bytes, K, M or G from %s to %s, such as %s",
		    size_text(t->min, min, sizeof min), size_text(t->max, max, sizeof max),
		    t->preset ? t->preset : "10M");
		break;
	case JM_SETTING_NUMBER:
		snprintf(text, text_bytes, "a whole number from %" PRIu64 " to %" PRIu64, t->min,
		    t->max);
		break;
	case JM_SETTING_MODE:
		snprintf(text, text_bytes, "an octal file mode such as 0660");
		break;
	case JM_SETTING_NAME:
		snprintf(text, text_bytes,
		    "a name of letters, digits, '_', '-' and '.', at most %" PRIu64 " bytes",
		    t->max);
		break;
	case JM_SETTING_PATH:
		snprintf(text, text_bytes, "an absolute path of at most %" PRIu64 " bytes", t->max);
		break;
	case JM_SETTING_SOCKET:
		snprintf(
		    text, text_bytes, "unix:/PATH, local:/PATH, inet:PORT@HOST, inet6:PORT@HOST");
		break;
	case JM_SETTING_ADDRESS:
		snprintf(text, text_bytes, "an address such as journal@journal.example.com");
		break;
	case JM_SETTING_DOMAIN:
		snprintf(text, text_bytes, "a domain name such as example.com");
		break;
	case JM_SETTING_MAP:
		snprintf(text, text_bytes, "hash:/PATH, btree:/PATH, lmdb:/PATH, cdb:/PATH");
		break;
	case JM_SETTING_RANGE:
		snprintf(
		    text, text_bytes, "n.n.n.n, n.n.n.n/x, an IPv6 address with or without /x");
		break;
	case JM_SETTING_TEXT:
	case JM_SETTING_SECRET:
		snprintf(text, text_bytes, "one line of 1 to %" PRIu64 " bytes", t->max);
		break;
	case JM_SETTING_GROUP:
		snprintf(text, text_bytes, "elements");
		break;
	}
	return text;
}
