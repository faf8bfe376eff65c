/* SPDX-License-Identifier: BSD-2-Clause */
/* Doctor: Postfix' queue. See postfix_queue.h. */
#include "milter/ctl/doctor/postfix_queue.h"

#include <stdio.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/base/num.h"
#include "common/json/read.h"
#include "common/settings/default.h"
#include "milter/ctl/doctor/cure.h"
#include "milter/ctl/doctor/run.h"

#define QUEUE_MAX_BYTES (32u * 1024 * 1024)
#define DAY_S 86400

bool jm_doctor_wait(struct jm_doctor *d, struct jm_doctor_waiting *w, const char *address,
    const char *id, int64_t since_ms, const char *reason)
{
	const char *at = address ? strrchr(address, '@') : NULL;
	bool ours = false;

	for (size_t i = 0; at && d->settings->journal_domains[i]; i++)
		ours = ours ||
		    jm_span_eq_nocase(
			jm_span_str(at + 1), jm_span_str(d->settings->journal_domains[i]));
	if (!ours)
		return false;
	if (w->n++ == 0 || since_ms < w->oldest_ms) {
		w->oldest_ms = since_ms;
		snprintf(w->id, sizeof w->id, "%s", id ? id : "?");
		snprintf(w->service, sizeof w->service, "%s", address);
		snprintf(w->reason, sizeof w->reason, "%s", reason ? reason : "none is given");
	}
	return true;
}

void jm_doctor_judge_waiting(
    struct jm_doctor *d, const struct jm_doctor_waiting *w, const char *change)
{
	char since[JM_CLOCK_TEXT_BYTES];

	if (w->n == 0)
		return;
	jm_doctor_add(d, JM_DOCTOR_FAIL, "queued-reports", change,
	    "%zu messages for journal addresses wait in the MTA's queue, unarchived, the oldest "
	    "(%s) since %.19sZ: %s; they passed the milter",
	    w->n, w->id, jm_clock_format(w->oldest_ms, since), w->reason);
}

/* One line of postqueue -j: a message with its recipients. */
static void take_message(struct jm_doctor *d, struct jm_span line, struct jm_doctor_waiting *w)
{
	json_t *message = jm_json_row(line.p, line.len), *r;
	const json_t *recipients = json_object_get(message, "recipients");
	size_t i;

	json_array_foreach(recipients, i, r) {
		const char *reason = json_string_value(json_object_get(r, "delay_reason"));

		if (!reason)
			reason = json_string_value(json_object_get(message, "queue_name"));
		if (jm_doctor_wait(d, w, json_string_value(json_object_get(r, "address")),
			json_string_value(json_object_get(message, "queue_id")),
			json_integer_value(json_object_get(message, "arrival_time")) * 1000,
			reason))
			break;
	}
	json_decref(message);
}

/* The command that archives what waits, and removes from the queue what is archived. */
static const char *archive_cure(
    char *text, const struct jm_doctor *d, const struct jm_doctor_waiting *w)
{
	char more[JM_CURE_BYTES] = "";

	if (d->postfix_given) {
		jm_cure_more(more, "-c ");
		jm_cure_quote(more, d->postfix);
		jm_cure_more(more, " ");
	}
	text[0] = '\0';
	jm_cure_more(
	    text, "postcat %s-bhq %s > /var/tmp/%s.eml && jmctl import ", more, w->id, w->id);
	if (strcmp(d->config, JM_SETTINGS_DEFAULT_FILE) != 0) {
		jm_cure_more(text, "--config ");
		jm_cure_quote(text, d->config);
		jm_cure_more(text, " ");
	}
	jm_cure_more(text, "--service ");
	jm_cure_quote(text, w->service);
	jm_cure_more(text, " /var/tmp/%s.eml && postsuper %s-d %s", w->id, more, w->id);
	return text;
}

static void check_waiting(struct jm_doctor *d)
{
	const char *const argv[] = { "postqueue", "-c", d->postfix, "-j", NULL };
	struct jm_doctor_waiting w = { .n = 0 };
	struct jm_buf out, complaint;
	struct jm_err err = { JM_E_NONE, 0, "" };
	char cure[JM_CURE_BYTES];
	struct jm_span rest;
	int rc;

	jm_buf_init(&out, QUEUE_MAX_BYTES);
	jm_buf_init(&complaint, 4096);
	jm_doctor_check(d, "queued-reports", "no mail for journal addresses waits in the queue");
	rc = jm_doctor_run(argv, &out, &complaint, &err);
	for (rest = jm_buf_span(&out); rest.len;) {
		size_t n = jm_span_index(rest, '\n');

		take_message(d, jm_span_sub(rest, 0, n), &w);
		rest = jm_span_sub(rest, n + 1, rest.len);
	}
	if (rc != 0 && w.n == 0)
		jm_doctor_add(d, JM_DOCTOR_SKIP, "queued-reports", NULL,
		    "the queue cannot be read now: %.300s",
		    rc < 0 ? err.text : jm_buf_str(&complaint));
	jm_doctor_judge_waiting(d, &w, archive_cure(cure, d, &w));
	jm_buf_release(&out);
	jm_buf_release(&complaint);
}

/* A mailbox limit below that of messages stops local(8) and virtual(8), and so all local mail. */
static void check_mailboxes(struct jm_doctor *d, const struct jm_postfix *p)
{
	static const char *const settings[] = { "mailbox_size_limit", "virtual_mailbox_limit" };
	const char *size = jm_postfix_value(p, NULL, "message_size_limit");
	uint64_t message = 0, mailbox;
	char cure[JM_CURE_BYTES];

	(void)jm_num_u64(jm_span_str(size), 0, UINT64_MAX, &message);
	for (size_t i = 0; i < 2; i++) {
		const char *value = jm_postfix_value(p, NULL, settings[i]);

		if (i == 1 && !*jm_postfix_value(p, NULL, "virtual_mailbox_domains"))
			continue;
		jm_doctor_check(d, "mailbox-limit", "%s = %s", settings[i], value);
		if (jm_num_u64(jm_span_str(value), 1, UINT64_MAX, &mailbox) == 0 &&
		    (message == 0 || mailbox < message))
			jm_doctor_add(d, JM_DOCTOR_FAIL, "mailbox-limit",
			    jm_cure_main(cure, d, settings[i], "0"),
			    "%s = %s is less than message_size_limit = %s: Postfix delivers no "
			    "more mail to mailboxes of this machine",
			    settings[i], value, size);
	}
}

void jm_doctor_postfix_queue(struct jm_doctor *d, const struct jm_postfix *p)
{
	const char *lifetime = jm_postfix_value(p, NULL, "maximal_queue_lifetime");
	char cure[JM_CURE_BYTES];

	jm_doctor_check(d, "queue-lifetime", "maximal_queue_lifetime = %s", lifetime);
	if (jm_postfix_seconds(jm_span_str(lifetime)) < DAY_S)
		jm_doctor_add(d, JM_DOCTOR_WARN, "queue-lifetime",
		    jm_cure_main(cure, d, "maximal_queue_lifetime", "5d"),
		    "maximal_queue_lifetime = %s: what waits at "
		    "the backstop bounces soon",
		    lifetime);
	check_mailboxes(d, p);
	check_waiting(d);
}

/*
 * smtpd answers 452 while the queue's disk has less than queue_minfree, or less than one and a half
 * of message_size_limit.
 */
void jm_doctor_postfix_room(struct jm_doctor *d, const struct jm_postfix *p, const char *listener)
{
	const char *queue = jm_postfix_value(p, NULL, "queue_directory"),
		   *value = jm_postfix_value(p, listener, "queue_minfree");
	uint64_t least = 0, size = 0, left;
	struct statvfs fs;
	char cure[JM_CURE_BYTES];

	if (statvfs(queue, &fs) != 0)
		return;
	left = (uint64_t)fs.f_bavail * fs.f_frsize;
	(void)jm_num_u64(jm_span_str(value), 0, UINT64_MAX, &least);
	(void)jm_num_u64(
	    jm_span_str(jm_postfix_value(p, listener, "message_size_limit")), 0, UINT64_MAX, &size);
	jm_doctor_check(d, "queue-minfree", "%s: queue_minfree = %s, %llu MB are left in %s",
	    listener, value, (unsigned long long)(left >> 20), queue);
	if (least >= left)
		jm_doctor_add(d, JM_DOCTOR_FAIL, "queue-minfree",
		    jm_cure_service(cure, d, listener, "queue_minfree", "0"),
		    "%s: queue_minfree = %s, and %llu bytes are left in %s: each MAIL FROM gets a "
		    "452",
		    listener, value, (unsigned long long)left, queue);
	jm_doctor_check(d, "queue-full",
	    "%s: %s has room for one and a half of the largest message", listener, queue);
	if (left < size + size / 2)
		jm_doctor_add(d, JM_DOCTOR_FAIL, "queue-full",
		    "a larger disk for the queue, or remove what fills it: du -xh / | sort -h",
		    "%s: %llu MB are left in %s, and Postfix wants one and a half of "
		    "message_size_limit: each MAIL FROM gets a 452",
		    listener, (unsigned long long)(left >> 20), queue);
	else if (left < 4 * (size ? size : 1))
		jm_doctor_add(d, JM_DOCTOR_WARN, "queue-full",
		    "a larger disk for the queue, or remove what fills it: du -xh / | sort -h",
		    "%s: %llu MB are left in %s, and a few large messages at once fill it",
		    listener, (unsigned long long)(left >> 20), queue);
}
