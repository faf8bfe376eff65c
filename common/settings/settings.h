/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The settings: one immutable tree of structs, made from journal-milter.xml as a whole or not at
 * all (loader.h).
 *
 * The tree is reference-counted, so a reload replaces the pointer while messages in progress keep
 * the settings that they began with. Nothing changes after loading. Members are named after their
 * elements, with the unit appended; table.c has the exact pairs. Every setting is described in
 * config/journal-milter.xml.5.
 */
#ifndef JM_SETTINGS_SETTINGS_H
#define JM_SETTINGS_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "common/base/cidr.h"
#include "common/base/err.h"
#include "common/journal/unwrap.h"

/* Cap on the rows of the table of settings (table.h). */
#define JM_SETTINGS_ROWS 96

struct jm_domain {
	char *name;       /* A-label form, lower case, no trailing dot */
	bool sub_domains; /* all domains below it, too */
	int line;         /* of the settings file */
};

/* A source of known internal addresses (a file, or a table of the MTA), or an address. */
struct jm_source {
	/* the path of a file, TYPE:PATH ("hash:/x") of a table, or the address */
	char *name;
	int line; /* of the settings file */
};

struct jm_ranges {
	struct jm_cidr *v;
	size_t n;
	int *lines; /* n of them: the line of the settings file with this range */
};

enum jm_transport { JM_TRANSPORT_SMTP, JM_TRANSPORT_POP3 };

enum jm_encryption_mode { JM_ENCRYPTION_STRICT, JM_ENCRYPTION_RELAXED };
enum jm_on_fault { JM_ON_FAULT_DEFER, JM_ON_FAULT_PASS };
enum jm_pipelining { JM_PIPELINING_AUTO, JM_PIPELINING_OFF };

/* <pop3>: the journal mailbox that is emptied for a service of transport type POP3. */
struct jm_mailbox {
	char *hostname; /* or IP address; NULL: the service has no mailbox */
	int port;       /* 0: 995 or 110, depending on encrypted and starttls */
	char *mailbox_name;
	char *password; /* one of these three is set */
	char *password_file;
	char *oauth2_token_command;
	bool encrypted; /* default yes */
	bool starttls;  /* STLS instead of TLS from the first byte */
	enum jm_encryption_mode encryption_mode;
	char *ca_file;           /* NULL: the system's roots */
	char *pinned_public_key; /* "sha256//BASE64", or NULL */
	int poll_interval_s;
	int messages_per_connection;
	int minutes_per_connection;
	int answer_timeout_s; /* the longest time without a byte from the server */
	bool leave_on_server;
	enum jm_pipelining pipelining;
};

/* A journal service definition. */
struct jm_service {
	char *description;
	char *email_address; /* local part as written, domain as lower-case A-labels */
	enum jm_transport transport;
	bool disabled;
	struct jm_ranges source_ranges; /* additional-source-ip-ranges */
	bool encrypted;                 /* TLS required */
	/* strict: with encrypted, require also a client certificate that the MTA verified */
	enum jm_encryption_mode encryption_mode;
	bool use_smtp_authentication; /* the login must be email_address */
	bool refuse_null_sender;      /* take no mail from <> */
	enum jm_journal_type journal_type;
	bool remove_journal_headers;
	bool prefer_clear_text; /* prefer-clear-text-version */
	bool extended_de_duplication;
	/* archive messages without any internal address, else set them aside */
	bool journal_non_internal;
	/* archive messages with an internal address that the directory does not know, else set them
	 * aside */
	bool journal_unknown_internal;
	int maximum_age_days; /* of a message; 0: no limit; by default that of struct jm_settings */
	int initial_process_delay_s;
	int delivery_wait_attempts;
	int delivery_wait_interval_s;
	int inactivity_allowed_min;  /* period-of-inactivity-allowed; 0: no limit */
	bool detailed_logging;       /* for this service, if the daemon's is off */
	struct jm_mailbox pop3;      /* transport POP3 only */
	int line;                    /* where the service begins in the settings file */
	int lines[JM_SETTINGS_ROWS]; /* internal, see jm_settings_line() */
};

struct jm_settings {
	char *path; /* of the settings file */
	/* <milter> */
	char *socket; /* for smfi_setconn(): "unix:/PATH", "inet:PORT@HOST", "inet6:PORT@HOST" */
	unsigned socket_mode; /* of a unix socket, default 0660 */
	char *socket_group;   /* NULL: the daemon's own group */
	/* <daemon> */
	char *user;           /* run as this user; NULL: as started */
	char *control_socket; /* path; default control.sock in the archive directory */
	bool detailed_logging;
	/* <archive> */
	char *archive_directory;
	uint64_t volume_size_bytes;  /* a volume is sealed at this size; default 1 GiB */
	int compression_level;       /* zstd, 1..19, default 1 */
	uint64_t disk_reserve_bytes; /* kept free on the archive's disk; default 256 MiB, 0: none */
	uint64_t max_message_bytes;  /* a larger message gets 4xx; default 512 MiB */
	/* <publish>: the published state, for dashboards */
	char *publish_directory; /* NULL: the folder public in the archive directory */
	int publish_interval_s;  /* 0: never; default 5 */
	unsigned publish_mode;   /* of the files, default 0644 */
	/* who may send */
	struct jm_domain *internal_domains;
	size_t internal_domains_n;
	struct jm_ranges authorized_outbounds;
	/* <directory-sources>: the known internal addresses; without a source, every address of an
	 * internal domain counts as known */
	struct jm_source *directory_files;
	size_t directory_files_n;
	struct jm_source *directory_maps;
	size_t directory_maps_n;
	/* <report-senders>: addresses that Exchange sends reports from, besides its own; R12 */
	struct jm_source *report_senders;
	size_t report_senders_n;
	const char **report_sender_names; /* NULL-terminated: the same, borrowed */
	/* <gateway> */
	bool gateway;                      /* archive ordinary mail that passes through, too */
	enum jm_on_fault gateway_on_fault; /* the answer to ordinary mail that cannot be archived */
	int maximum_age_days;              /* for services without one of their own; 0: no limit */
	/* services */
	struct jm_service *services;
	size_t services_n;
	/* NULL-terminated: the domains of all services' addresses, each once, as A-labels */
	const char **journal_domains;
	int lines[JM_SETTINGS_ROWS]; /* internal, see jm_settings_line() */
	unsigned refs;               /* internal, atomic */
};

/* Domains in the following functions are lower-case A-labels (mail/domain.h). All functions may be
 * called by any thread that has a reference. */

/* Take one more reference. Returns s. */
struct jm_settings *jm_settings_ref(struct jm_settings *s);

/* Give back the reference *s; the last one frees the settings. *s becomes NULL and may be NULL. */
void jm_settings_unref(struct jm_settings **s);

/* The service whose address is local@domain, borrowed from s, or NULL. Local parts are compared
 * without regard to ASCII case. */
const struct jm_service *jm_settings_service_for(
    const struct jm_settings *s, struct jm_span local, struct jm_span domain);

/* True when domain is a journal domain: the domain of a service's address. */
bool jm_settings_is_journal_domain(const struct jm_settings *s, struct jm_span domain);

/* True when domain is internal: equal to an internal domain, or below one that has sub-domains. */
bool jm_settings_is_internal_domain(const struct jm_settings *s, struct jm_span domain);

/* The line of the settings file that makes domain internal, 0 when the line is not known, or -1
 * when domain is not internal. */
int jm_settings_internal_line(const struct jm_settings *s, struct jm_span domain);

/*
 * The line of the settings file that sets a setting. name is the element's ("encrypted"), preceded
 * by its section where the name alone is not unique ("pop3/encrypted"). service is one of s, or
 * NULL for a setting outside of services. Returns 0 when the file does not set it (the default
 * holds) or when there is no such setting.
 */
int jm_settings_line(
    const struct jm_settings *s, const struct jm_service *service, const char *name);

/*
 * Find the settings that differ between old and new_ and need a restart (socket, user, archive
 * directory, ...). Writes their names, separated by commas, into text (text_bytes long, cut to
 * fit); "" when no setting needs a restart. Returns how many need one.
 */
size_t jm_settings_restart_needed(
    const struct jm_settings *old, const struct jm_settings *new_, char *text, size_t text_bytes);

/* The port of a journal mailbox: as set, else 995 for TLS and 110 for STLS or no TLS. */
int jm_settings_mailbox_port(const struct jm_mailbox *m);

#endif
