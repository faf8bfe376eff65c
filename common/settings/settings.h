/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The settings: one immutable tree of structs, made whole from journal-milter.xml or not at all.
 *
 * Reference-counted, so that a reload swaps the pointer while messages in flight keep the one they
 * began with. Nothing here changes after jm_settings_load(). Each setting of the file has the name
 * of the field, in kebab-case. libxml2 is used in this folder only. Every setting stands in
 * config/journal-milter.xml.5.
 */
#ifndef JM_SETTINGS_SETTINGS_H
#define JM_SETTINGS_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "common/base/buf.h"
#include "common/base/cidr.h"
#include "common/base/err.h"
#include "common/journal/unwrap.h"

/* Most rows that the table of settings (table.h) may have. */
#define JM_SETTINGS_ROWS 96

struct jm_domain {
	char *name;       /* A-label form, lower case, no trailing dot */
	bool sub_domains; /* also everything below it */
	int line;         /* of the file */
};

/* A source of known internal addresses. */
struct jm_source {
	char *name; /* of a file: its path; of a map: "hash:PATH" or "btree:PATH" */
	int line;   /* of the file of settings */
};

struct jm_ranges {
	struct jm_cidr *v;
	size_t n;
	int *lines; /* n of them: the line of the file that each range stands in */
};

enum jm_transport { JM_TRANSPORT_SMTP, JM_TRANSPORT_POP3 };

enum jm_encryption_mode { JM_ENCRYPTION_STRICT, JM_ENCRYPTION_RELAXED };
enum jm_on_fault { JM_ON_FAULT_DEFER, JM_ON_FAULT_PASS };
enum jm_pipelining { JM_PIPELINING_AUTO, JM_PIPELINING_OFF };

/* <pop3>: the journal mailbox that a service of transport type POP3 empties. */
struct jm_mailbox {
	char *hostname; /* or IP address; NULL: the service has no mailbox */
	int port;       /* 0: what encrypted and starttls mean: 995 or 110 */
	char *mailbox_name;
	char *password; /* one of these three */
	char *password_file;
	char *oauth2_token_command;
	bool encrypted; /* default yes */
	bool starttls;  /* STLS instead of TLS from the first byte */
	enum jm_encryption_mode encryption_mode;
	char *ca_file;           /* NULL: the system's */
	char *pinned_public_key; /* "sha256//BASE64", or NULL */
	int poll_interval_s;
	int messages_per_connection;
	int minutes_per_connection;
	int answer_timeout_s; /* the longest silence of the server */
	bool leave_on_server;
	enum jm_pipelining pipelining;
};

/* A journal service definition. */
struct jm_service {
	char *description;
	char *email_address; /* local part as written, domain as lower-case A-labels */
	enum jm_transport transport;
	bool disabled;
	struct jm_ranges source_ranges;          /* additional-source-ip-ranges */
	bool encrypted;                          /* TLS required */
	enum jm_encryption_mode encryption_mode; /* strict: with encrypted, also a client
						    certificate that the MTA verified */
	bool use_smtp_authentication;            /* login must be email_address */
	enum jm_journal_type journal_type;
	bool remove_journal_headers;
	bool prefer_clear_text;
	bool extended_de_duplication;
	bool journal_non_internal; /* archive messages without any internal address; else they are
				      set aside */
	bool journal_unknown_internal; /* archive those with an internal address that the directory
					  does not know; else set aside */
	int maximum_age_days; /* of a message; 0: no limit. The one of the whole when the service
				 says nothing */
	int initial_process_delay_s;
	int delivery_wait_attempts;
	int delivery_wait_interval_s;
	int inactivity_allowed_min;  /* period-of-inactivity-allowed; 0: any */
	bool detailed_logging;       /* besides that of the daemon */
	struct jm_mailbox pop3;      /* transport POP3 only */
	int line;                    /* where in the file the service begins, for messages */
	int lines[JM_SETTINGS_ROWS]; /* internal, see jm_settings_line() */
};

struct jm_settings {
	char *path; /* of the file, for messages */
	/* <milter> */
	char *socket; /* normalised for smfi_setconn: "unix:/p", "inet:PORT@HOST", "inet6:PORT@HOST"
		       */
	unsigned socket_mode; /* of a unix socket, default 0660 */
	char *socket_group;   /* NULL: leave it */
	/* <daemon> */
	char *user;           /* run as; NULL: stay what we are */
	char *control_socket; /* path; default DIR/control.sock in the archive directory */
	bool detailed_logging;
	/* <archive> */
	char *archive_directory;
	uint64_t volume_size_bytes;  /* a volume is sealed at this size; default 1 GiB */
	int compression_level;       /* zstd, 1..19, default 1 */
	uint64_t disk_reserve_bytes; /* room that stays free on the archive's disk; default 256 MiB,
					0: none */
	uint64_t max_message_bytes;  /* a larger one gets 4xx; default 512 MiB */
	/* <publish>: the state for dashboards */
	char *publish_directory; /* NULL: public in the archive directory */
	int publish_interval_s;  /* 0: never; default 5 */
	unsigned publish_mode;   /* of the files, default 0644 */
	/* who may send */
	struct jm_domain *internal_domains;
	size_t internal_domains_n;
	struct jm_ranges authorized_outbounds;
	/* <directory-sources>: known internal addresses; none: every address of an internal domain
	 * is known */
	struct jm_source *directory_files;
	size_t directory_files_n;
	struct jm_source *directory_maps;
	size_t directory_maps_n;
	/* <gateway> */
	bool gateway;                      /* archive ordinary mail that passes, too */
	enum jm_on_fault gateway_on_fault; /* what ordinary mail gets when we cannot archive it */
	int maximum_age_days;              /* for services that do not say; 0: no limit */
	/* services */
	struct jm_service *services;
	size_t services_n;
	const char **journal_domains; /* NULL-terminated: the domains of all services' addresses,
					 each once, lower-case A-labels */
	int lines[JM_SETTINGS_ROWS];  /* internal, see jm_settings_line() */
	unsigned refs;                /* internal, atomic */
};

/*
 * Load and check a file. On failure every finding is appended to report (one line each: "FILE:LINE:
 * element: what is wrong; what is allowed; did you mean ..."), and err (CONFIG, NOTFOUND, DENIED)
 * carries the first. Warnings (an empty range list, say) are appended with "warning:" also on
 * success. *s_r has one reference, owned by the caller. No network, no external entities, no
 * document type. report: may be NULL. Any thread, but one load at a time.
 */
int jm_settings_load(const char *path, struct jm_settings **s_r, struct jm_buf *report,
    struct jm_err *err) JM_MUST_CHECK;

/* One more reference; returns s. */
struct jm_settings *jm_settings_ref(struct jm_settings *s);

/* Give a reference back; the last one frees. *s becomes NULL; *s NULL is fine. */
void jm_settings_unref(struct jm_settings **s);

/* The service whose address is the mailbox local@domain (domain already lower-case A-labels):
 * domain must be equal, local parts are compared without regard to ASCII case. NULL when there is
 * none. Borrowed from s. */
const struct jm_service *jm_settings_service_for(
    const struct jm_settings *s, struct jm_span local, struct jm_span domain);

/* True when domain (lower-case A-labels) is a journal domain. */
bool jm_settings_is_journal_domain(const struct jm_settings *s, struct jm_span domain);

/* True when domain (lower-case A-labels) is internal: equal to an internal domain, or below one
 * that has sub-domains. */
bool jm_settings_is_internal_domain(const struct jm_settings *s, struct jm_span domain);

/* The line of the internal domain that makes domain internal; 0 when that is not known, -1 when it
 * is not internal. */
int jm_settings_internal_line(const struct jm_settings *s, struct jm_span domain);

/*
 * The line of the file that decided on a setting: name is the element's ("encrypted"), or the
 * section's and the element's where only both tell ("pop3/encrypted"); service NULL for one outside
 * of the services, else one of s. 0 when the file does not say and the default holds, or when there
 * is no such setting. Any thread.
 */
int jm_settings_line(
    const struct jm_settings *s, const struct jm_service *service, const char *name);

/*
 * What cannot change by a reload: fills text (cap of the caller) with the names of settings that
 * differ between old and new and need a restart (socket, user, archive directory, ...),
 * comma-separated; empty when none. Returns how many.
 */
size_t jm_settings_restart_needed(
    const struct jm_settings *old, const struct jm_settings *new_, char *text, size_t text_bytes);

#endif
