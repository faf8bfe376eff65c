/* SPDX-License-Identifier: BSD-2-Clause */
#include "milter/daemon/intake.h"

#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/service/directory.h"
#include "common/service/judge.h"
#include "milter/daemon/detail.h"

#define ARENA_BYTES (8u * 1024u * 1024u)	/* facts of one arrival: some 50,000 recipients */

void jm_intake_init(struct jm_intake *in, const char *spool_dir)
{
	*in = (struct jm_intake){ .settings = NULL };
	jm_arena_init(&in->arena, ARENA_BYTES);
	jm_spool_init(&in->spool, spool_dir, 0);
	jm_scratch_init(&in->scratch, spool_dir);
}

void jm_intake_reset(struct jm_intake *in)
{
	jm_settings_unref(&in->settings);
	jm_arena_release(&in->arena);
	jm_spool_reset(&in->spool);
	jm_scratch_release(&in->scratch);
	in->arrival = (struct jm_arrival){ .transport = NULL };
	in->targets = NULL;
	in->targets_n = in->targets_cap = 0;
}

void jm_intake_begin(struct jm_intake *in, struct jm_settings *settings)
{
	jm_intake_reset(in);
	in->settings = jm_settings_ref(settings);
	in->spool.max_bytes = settings->max_message_bytes;
	in->arrival.received_ms = jm_clock_now_ms();
}

void jm_intake_release(struct jm_intake *in)
{
	jm_intake_reset(in);
	jm_spool_release(&in->spool);
}

int jm_intake_keep(struct jm_intake *in, const char *text, const char **copy_r, struct jm_err *err)
{
	struct jm_span copy;

	*copy_r = NULL;
	if (!text)
		return 0;
	if (jm_arena_copy(&in->arena, jm_span_str(text), &copy, err) != 0)
		return -1;
	*copy_r = (const char *)copy.p;
	return 0;
}

int jm_intake_add(struct jm_intake *in, const struct jm_service *service, struct jm_span recipient, struct jm_err *err)
{
	struct jm_intake_target *t = NULL;
	struct jm_span copy;
	size_t i;

	for (i = 0; i < in->targets_n && !t; i++)
		if (in->targets[i].service == service)
			t = &in->targets[i];
	if (!t) {
		t = jm_arena_grow(&in->arena, (void **)&in->targets, &in->targets_n, &in->targets_cap, sizeof *t, err);
		if (!t)
			return -1;
		t->service = service;
		if (!jm_arena_grow(&in->arena, (void **)&t->rcpt_to, &t->rcpt_n, &t->rcpt_cap, sizeof *t->rcpt_to, err))
			return -1;	/* the NULL at the end */
	}
	if (jm_arena_copy(&in->arena, recipient, &copy, err) != 0 ||
	    !jm_arena_grow(&in->arena, (void **)&t->rcpt_to, &t->rcpt_n, &t->rcpt_cap, sizeof *t->rcpt_to, err))
		return -1;
	t->rcpt_to[t->rcpt_n - 2] = (const char *)copy.p;
	return 0;
}

static void judge(const struct jm_intake *in, const struct jm_service *service, const struct jm_unwrap *unwrap, struct jm_directory *directory,
    struct jm_judgement *j)
{
	struct jm_decisions d;

	jm_judge(in->settings, service, unwrap, in->arrival.received_ms, directory && jm_directory_ready(directory) ? jm_directory_knows : NULL, directory, j);
	jm_judge_unwrapping(in->settings, service, unwrap, &d);
	jm_detail_log(in->settings, service, "unwrap", in->arrival.queue_id, &d);
	jm_detail_log(in->settings, service, "judge", in->arrival.queue_id, &j->decisions);
}

static void tell(const struct jm_intake *in, const struct jm_deposit *p, const struct jm_receipt *receipt)
{
	const struct jm_unwrap *unwrap = p->unwrap;
	char hex[JM_SHA256_HEX_BYTES];

	JM_LOG(JM_LOG_INFO, p->set_aside ? "set-aside" : "archived", { "qid", JM_S(in->arrival.queue_id) }, { "record", JM_U(receipt->seq) },
	    { "service", JM_S(p->arrival.service) }, { "client", JM_S(in->arrival.client) },
	    { "variant", JM_S(jm_variant_name(unwrap->variant)) }, { "recipients", JM_U(unwrap->recipients_n) },
	    { "message-id", JM_P(unwrap->message_id) }, { "bytes", JM_U(p->received.len) }, { "stored", JM_U(receipt->stored_bytes) },
	    { "sha256", JM_S(jm_sha256_hex(receipt->message_sha256, hex)) }, { "reason", JM_S(p->set_aside) });
	if (unwrap->limits)
		JM_LOG(JM_LOG_WARNING, "limit", { "qid", JM_S(in->arrival.queue_id) }, { "record", JM_U(receipt->seq) },
		    { "reached", JM_U(unwrap->limits) }, { "outcome", JM_S("archived whole") });
}

static int store(struct jm_intake *in, const struct jm_intake_target *t, struct jm_span received, struct jm_daemon *d,
    struct jm_receipt *receipt_r, struct jm_err *err)
{
	struct jm_unwrap_options options = {
		.journal_domains = in->settings->journal_domains,
		.type = t->service->journal_type,
		.prefer_clear_text = t->service->prefer_clear_text,
		.remove_journal_headers = t->service->remove_journal_headers,
		.memory = { jm_scratch_alloc, &in->scratch },
	};
	struct jm_deposit deposit = { .arrival = in->arrival, .received = received };
	struct jm_judgement judgement;
	struct jm_unwrap unwrap;
	int rc;

	if (jm_unwrap(received, &options, &unwrap, err) != 0)
		return -1;
	deposit.arrival.service = t->service->email_address;
	deposit.arrival.rcpt_to = t->rcpt_to;
	deposit.unwrap = &unwrap;
	judge(in, t->service, &unwrap, d->directory, &judgement);
	deposit.set_aside = judgement.set_aside;
	rc = jm_archive_deposit(d->archive, &deposit, receipt_r, err);
	if (rc == 0)
		tell(in, &deposit, receipt_r);
	jm_unwrap_release(&unwrap);
	jm_scratch_release(&in->scratch);
	return rc;
}

int jm_intake_finish(struct jm_intake *in, struct jm_daemon *d, struct jm_receipt *receipt_r, struct jm_err *err)
{
	struct jm_span received;
	size_t i;

	if (jm_spool_view(&in->spool, &received, err) != 0)
		return -1;
	if (in->targets_n == 0)
		return jm_err_set(err, JM_E_BUG, "message without a journal service");
	for (i = 0; i < in->targets_n; i++)
		if (store(in, &in->targets[i], received, d, receipt_r, err) != 0)
			return -1;
	return 0;
}
