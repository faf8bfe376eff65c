/* SPDX-License-Identifier: BSD-2-Clause */
/* The rows of the table of figures, and finding their values in a document. Writing them:
 * statsdb.c, metrics.c. */
#include "common/publish/figure.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "common/base/visible.h"

static const char *const archive_states[] = { "ok", "damaged", "disk-low", "cannot-write",
	"catalog-behind", NULL };
static const char *const service_states[] = { "Awaiting Initial Run", "OK", "Error", "Disabled",
	NULL };

#define TEXT(k, h) \
	{ \
		.key = (k), .type = JM_FIGURE_TEXT, .help = (h) \
	}
#define TIME(k, m, h) \
	{ \
		.key = (k), .type = JM_FIGURE_TIME, .metric = (m), .help = (h) \
	}
#define NUMBER(k, m, h) \
	{ \
		.key = (k), .type = JM_FIGURE_NUMBER, .metric = (m), .help = (h) \
	}
#define COUNTER(k, m, h) \
	{ \
		.key = (k), .type = JM_FIGURE_NUMBER, .metric = (m), .counter = true, .help = (h) \
	}
#define OF_SERVICE .label = "service"
#define COMMIT_TIME .family = "journal_milter_archive_commit_duration_seconds"

static const struct jm_figure table[] = {
	NUMBER("format", NULL, "version of this format"),
	TIME("published", "journal_milter_published_timestamp_seconds",
	    "When the daemon published its state."),
	NUMBER("interval_seconds", "journal_milter_publish_interval_seconds",
	    "How often the daemon publishes its state."),
	{ .key = "version",
	    .type = JM_FIGURE_TEXT,
	    .metric = "journal_milter_build_info",
	    .label = "version",
	    .help = "Version of the daemon." },
	TEXT("host", "name of the machine that the daemon runs on"),

	NUMBER("daemon/pid", NULL, "process id"),
	TIME("daemon/started", "journal_milter_start_time_seconds", "When the daemon was started."),
	COUNTER("daemon/archived", "journal_milter_messages_archived_total",
	    "Messages archived since the start."),
	COUNTER("daemon/deferred", "journal_milter_messages_deferred_total",
	    "Messages and recipients answered with 4xx since the start."),
	COUNTER("daemon/refused", "journal_milter_recipients_rejected_total",
	    "Recipients answered with 5xx since the start."),
	COUNTER("daemon/passed", "journal_milter_messages_passed_total",
	    "Messages that are not journal mail and passed untouched since the start."),
	{ .key = "refusals/*",
	    .type = JM_FIGURE_NUMBER,
	    .metric = "journal_milter_recipients_turned_away_total",
	    .counter = true,
	    .label = "reason",
	    .help = "Recipients ever not accepted, by reason." },

	TEXT("archive/directory", "folder of the archive"),
	{ .key = "archive/state",
	    .type = JM_FIGURE_WORD,
	    .metric = "journal_milter_archive_state",
	    .label = "state",
	    .words = archive_states,
	    .help = "State of the archive: 1 for the present state." },
	TEXT("archive/problem", "the problem of the archive; empty when there is none"),
	NUMBER("archive/items", "journal_milter_archive_items", "Archived messages."),
	COUNTER("archive/received", "journal_milter_archive_received_total",
	    "Messages and attempts ever counted."),
	COUNTER("archive/reports", "journal_milter_archive_reports_total",
	    "Journal reports ever stored."),
	COUNTER("archive/merged", "journal_milter_archive_merged_total",
	    "Reports for a message that was in the archive already."),
	COUNTER("archive/step_down", "journal_milter_archive_step_down_total",
	    "Messages that were not a proper report and were archived whole."),
	NUMBER("archive/set_aside", "journal_milter_archive_set_aside_messages",
	    "Messages that are set aside, neither released nor expired."),
	COUNTER(
	    "archive/refused", "journal_milter_archive_refused_total", "Attempts refused, ever."),
	COUNTER("archive/deferred", "journal_milter_archive_deferred_total",
	    "Attempts deferred, ever."),
	COUNTER("archive/received_bytes", "journal_milter_archive_received_bytes_total",
	    "Bytes of journal reports received."),
	COUNTER("archive/stored_bytes", "journal_milter_archive_stored_bytes_total",
	    "Bytes that these reports take in the volumes."),
	COUNTER("archive/commits", "journal_milter_archive_commits_total",
	    "Groups of records made durable since the start."),
	{ .key = "archive/commit_time/le/*",
	    .type = JM_FIGURE_NUMBER,
	    .metric = "journal_milter_archive_commit_duration_seconds_bucket",
	    COMMIT_TIME,
	    .label = "le",
	    .help = "Groups that became durable within so many seconds, since the start." },
	{ .key = "archive/commit_time/microseconds",
	    .type = JM_FIGURE_NUMBER,
	    .metric = "journal_milter_archive_commit_duration_seconds_sum",
	    COMMIT_TIME,
	    .micro = true,
	    .help = "Time that all these groups took." },
	{ .key = "archive/commit_time/count",
	    .type = JM_FIGURE_NUMBER,
	    .metric = "journal_milter_archive_commit_duration_seconds_count",
	    COMMIT_TIME,
	    .help = "Number of these groups." },
	NUMBER("archive/cache_bytes", "journal_milter_catalog_cache_bytes",
	    "Size of the catalog's cache in memory."),
	COUNTER("archive/cache_hits", "journal_milter_catalog_cache_hits_total",
	    "Pages of the catalog that were found in its cache since the start."),
	COUNTER("archive/cache_misses", "journal_milter_catalog_cache_misses_total",
	    "Pages of the catalog that had to be read since the start."),
	NUMBER("archive/cache_dirty_pages", "journal_milter_catalog_cache_dirty_pages",
	    "Pages in the cache that the next checkpoint writes."),
	NUMBER("archive/volumes", "journal_milter_archive_volumes", "Volumes."),
	NUMBER(
	    "archive/volume_bytes", "journal_milter_archive_volume_bytes", "Bytes in all volumes."),
	NUMBER("archive/disk_size_bytes", "journal_milter_disk_size_bytes",
	    "Size of the file system of the archive."),
	NUMBER("archive/disk_free_bytes", "journal_milter_disk_free_bytes",
	    "Free space in the file system of the archive."),
	NUMBER("archive/disk_left_seconds", "journal_milter_disk_left_seconds",
	    "How long the free space lasts at the rate of the last seven days."),
	NUMBER("archive/balance", "journal_milter_archive_balance",
	    "1 when the counters balance, 0 when they do not."),
	TIME("archive/last", "journal_milter_last_message_timestamp_seconds",
	    "When the last journal report came in."),
	TIME("archive/checkpoint", "journal_milter_checkpoint_timestamp_seconds",
	    "When the catalog was last checkpointed."),
	TIME("archive/verified", "journal_milter_verified_timestamp_seconds",
	    "When a verification last found nothing wrong."),
	TIME("archive/verify_failed", "journal_milter_verify_failed_timestamp_seconds",
	    "When a verification last found something wrong."),

	TEXT("tip/uuid", "UUID of the archive"),
	NUMBER("tip/seq", NULL, "number of the last record"),
	NUMBER("tip/volume", NULL, "volume in which the log ends"),
	NUMBER("tip/offset", NULL, "where in that volume the log ends"),
	TEXT("tip/sha256", "digest of the last record"),

	NUMBER(
	    "queue/messages", "journal_milter_queue_messages", "Messages in the processing queue."),
	TIME("queue/oldest", "journal_milter_queue_oldest_timestamp_seconds",
	    "When the oldest of them began to wait."),

	TEXT("services/*/description", "what the service is for"),
	TEXT("services/*/transport", "smtp or pop3"),
	{ .key = "services/*/state",
	    .type = JM_FIGURE_WORD,
	    .metric = "journal_milter_service_state",
	    OF_SERVICE,
	    .words = service_states,
	    .help = "State of the journal service: 1 for the present state." },
	TEXT("services/*/state_text", "the state as people read it, such as Service OK"),
	{ .key = "services/*/since",
	    .type = JM_FIGURE_TIME,
	    .metric = "journal_milter_service_state_since_timestamp_seconds",
	    OF_SERVICE,
	    .help = "When the service came into this state; in Error, with this cause." },
	TEXT("services/*/why", "why the service is in this state; empty when all is well"),
	TEXT("services/*/cure", "what to do about it; empty when all is well"),
	{ .key = "services/*/last",
	    .type = JM_FIGURE_TIME,
	    .metric = "journal_milter_service_last_message_timestamp_seconds",
	    OF_SERVICE,
	    .help = "When the service's last message came in." },
	{ .key = "services/*/last_extract",
	    .type = JM_FIGURE_TIME,
	    .metric = "journal_milter_service_last_extract_timestamp_seconds",
	    OF_SERVICE,
	    .help = "When the last successful extract was: a message, or with POP3 a mailbox read "
		    "well, even if empty." },
	TEXT("services/*/last_extract_text",
	    "that time, or Awaiting Initial Run when there was none yet"),
	{ .key = "services/*/inactivity_allowed_seconds",
	    .type = JM_FIGURE_NUMBER,
	    .metric = "journal_milter_service_inactivity_allowed_seconds",
	    OF_SERVICE,
	    .help = "How long the service may be without a successful extract; 0: without limit." },
	{ .key = "services/*/reports",
	    .type = JM_FIGURE_NUMBER,
	    .metric = "journal_milter_service_reports_total",
	    .counter = true,
	    OF_SERVICE,
	    .help = "Journal reports the service ever stored." },
	{ .key = "services/*/set_aside",
	    .type = JM_FIGURE_NUMBER,
	    .metric = "journal_milter_service_set_aside_messages",
	    OF_SERVICE,
	    .help = "Messages of the service that are set aside, neither released nor expired." },
	{ .key = "services/*/queued",
	    .type = JM_FIGURE_NUMBER,
	    .metric = "journal_milter_service_queue_messages",
	    OF_SERVICE,
	    .help = "Messages of the service in the processing queue." },
	{ .key = "services/*/refused",
	    .type = JM_FIGURE_NUMBER,
	    .metric = "journal_milter_service_refused_total",
	    .counter = true,
	    OF_SERVICE,
	    .help = "Attempts to hand in mail for the service that were refused, ever." },
	TEXT("services/*/refusal", "the last refusal"),
	TIME("services/*/refusal_at", NULL, "time of the last refusal"),
	TEXT("services/*/mailbox_state", "pop3: what the poller does"),
	TEXT("services/*/mailbox_error", "pop3: why it cannot fetch; empty when it can"),
	{ .key = "services/*/mailbox_messages",
	    .type = JM_FIGURE_NUMBER,
	    .metric = "journal_milter_pop3_mailbox_messages",
	    OF_SERVICE,
	    .help = "Messages that the journal mailbox holds; absent when it was never reached." },
	{ .key = "services/*/mailbox_waiting",
	    .type = JM_FIGURE_NUMBER,
	    .metric = "journal_milter_pop3_mailbox_waiting_messages",
	    OF_SERVICE,
	    .help = "Those of them that are still to be archived." },
	{ .key = "services/*/mailbox_unretrievable",
	    .type = JM_FIGURE_NUMBER,
	    .metric = "journal_milter_pop3_mailbox_unretrievable_messages",
	    OF_SERVICE,
	    .help = "Those of them that the server does not deliver." },
	{ .key = "services/*/mailbox_unretrievable_since",
	    .type = JM_FIGURE_TIME,
	    .metric = "journal_milter_pop3_mailbox_unretrievable_since_timestamp_seconds",
	    OF_SERVICE,
	    .help = "Since when there are such messages." },
	{ .key = "services/*/mailbox_success",
	    .type = JM_FIGURE_TIME,
	    .metric = "journal_milter_pop3_success_timestamp_seconds",
	    OF_SERVICE,
	    .help = "When the journal mailbox was last read without an error." },

	TEXT("services/*/certificate",
	    "pop3: subject of the certificate that the server last showed"),
	{ .key = "services/*/certificate_until",
	    .type = JM_FIGURE_TIME,
	    .metric = "journal_milter_pop3_certificate_expiry_timestamp_seconds",
	    OF_SERVICE,
	    .help = "When that certificate expires." },

	NUMBER("history/hours/*", NULL,
	    "journal reports stored in the hour (UTC) of the name: the last 48"),
	NUMBER("history/days/*", NULL,
	    "journal reports stored on the day (UTC) of the name: the last 90"),

	TIME("events/*/time", NULL, "when it happened"),
	TEXT("events/*/kind", "what kind of event"),
	TEXT("events/*/service", "the journal service it is about"),
	TEXT("events/*/actor", "the client, user or part of the program that caused it"),
	TEXT("events/*/text", "description for people"),
	TEXT("events/*/status", "status of the service from then on"),
	TEXT("events/*/cure", "what to do about it"),
};

const struct jm_figure *jm_figure_table(size_t *n_r)
{
	*n_r = sizeof table / sizeof table[0];
	return table;
}

static bool fits(const struct jm_figure *f, const json_t *value)
{
	return f->type == JM_FIGURE_NUMBER ? json_is_integer(value) : json_is_string(value);
}

/* The value at a path of n bytes; NULL when o does not have it. */
static const json_t *value_at(const json_t *o, const char *path, size_t n)
{
	char name[64];

	while (n > 0) {
		const char *slash = memchr(path, '/', n);
		size_t len = slash ? (size_t)(slash - path) : n;

		if (len >= sizeof name)
			return NULL;
		memcpy(name, path, len);
		name[len] = '\0';
		o = json_object_get(o, name);
		path += slash ? len + 1 : len;
		n -= slash ? len + 1 : len;
	}
	return o;
}

static int each_name(const struct jm_figure *f, const char *star, const json_t *document,
    jm_figure_visit *visit, void *ctx, struct jm_err *err)
{
	const json_t *names = value_at(document, f->key, (size_t)(star - f->key)), *value;
	const char *rest = star[1] == '/' ? star + 2 : star + 1, *name;
	char key[JM_FIGURE_KEY_BYTES];
	json_t *under;

	json_object_foreach((json_t *)(uintptr_t)names, name, under) {
		value = value_at(under, rest, strlen(rest));
		if (!fits(f, value))
			continue;
		if (snprintf(key, sizeof key, "%.*s%s%s", (int)(star - f->key), f->key, name,
			star + 1) >= (int)sizeof key)
			continue; /* the settings do not allow a name of this length */
		if (visit(ctx, f, key, name, value, err) != 0)
			return -1;
	}
	return 0;
}

int jm_figures_each(const json_t *document, jm_figure_visit *visit, void *ctx, struct jm_err *err)
{
	for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
		const struct jm_figure *f = &table[i];
		const char *star = strchr(f->key, '*');
		const json_t *value;

		if (star) {
			if (each_name(f, star, document, visit, ctx, err) != 0)
				return -1;
			continue;
		}
		value = value_at(document, f->key, strlen(f->key));
		if (fits(f, value) && visit(ctx, f, f->key, "", value, err) != 0)
			return -1;
	}
	return 0;
}

int jm_figure_text(const json_t *value, struct jm_buf *b, struct jm_err *err)
{
	jm_buf_reset(b);
	if (json_is_string(value))
		return jm_visible_show(
		    b, jm_span_of(json_string_value(value), json_string_length(value)), err);
	return jm_buf_printf(b, err, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
}
