/* SPDX-License-Identifier: BSD-2-Clause */
/* From a received message to deposits: the order of unwrapping, judging and archiving, each of
 * which is done in common/. See intake.h. */
#include "milter/daemon/intake.h"

#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/mail/domain.h"
#include "common/service/directory.h"
#include "common/service/judge.h"
#include "common/service/wait.h"
#include "milter/daemon/detail.h"

#define ARENA_BYTES (8u * 1024u * 1024u) /* of one arrival: about 50,000 recipients */

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
	in->targets_n = in->targets_cap = in->stored = 0;
	in->others = NULL;
	in->others_n = in->others_cap = 0;
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

/* Add a path to a list that ends with a NULL, which *n counts. */
static int add_path(struct jm_intake *in, const char ***list, size_t *n, size_t *cap,
    struct jm_span path, struct jm_err *err)
{
	struct jm_span copy;

	if (*n == 0 && !jm_arena_grow(&in->arena, (void **)list, n, cap, sizeof **list, err))
		return -1; /* the NULL */
	if (jm_arena_copy(&in->arena, path, &copy, err) != 0 ||
	    !jm_arena_grow(&in->arena, (void **)list, n, cap, sizeof **list, err))
		return -1;
	(*list)[*n - 2] = (const char *)copy.p;
	return 0;
}

int jm_intake_add(struct jm_intake *in, const struct jm_service *service, struct jm_span recipient,
    struct jm_err *err)
{
	struct jm_intake_target *t = NULL;
	size_t i;

	for (i = 0; i < in->targets_n && !t; i++)
		if (in->targets[i].service == service)
			t = &in->targets[i];
	if (t)
		return add_path(in, &t->rcpt_to, &t->rcpt_n, &t->rcpt_cap, recipient, err);
	t = jm_arena_grow(
	    &in->arena, (void **)&in->targets, &in->targets_n, &in->targets_cap, sizeof *t, err);
	if (!t)
		return -1;
	*t = (struct jm_intake_target){ .service = service };
	if (add_path(in, &t->rcpt_to, &t->rcpt_n, &t->rcpt_cap, recipient, err) == 0)
		return 0;
	in->targets_n--; /* its only recipient is deferred, so the service gets nothing */
	return -1;
}

static void judge_message(const struct jm_intake *in, const struct jm_service *service,
    const struct jm_unwrap *unwrap, struct jm_directory *directory, struct jm_judgement *j)
{
	const struct jm_judge_facts facts = {
		.settings = in->settings,
		.now_ms = in->arrival.received_ms,
		.known = directory && jm_directory_ready(directory) ? jm_directory_knows : NULL,
		.known_ctx = directory,
	};
	struct jm_decisions d;

	jm_judge(&facts, service, unwrap, j);
	if (!jm_detail_on(in->settings, service))
		return;
	jm_judge_unwrapping(in->settings, service, unwrap, &d);
	jm_detail_log(in->settings, service, "unwrap", in->arrival.queue_id, &d);
	jm_detail_log(in->settings, service, "judge", in->arrival.queue_id, &j->decisions);
	if (j->set_aside)
		return;
	jm_wait_explain(in->settings, service, &d);
	jm_detail_log(in->settings, service, "wait", in->arrival.queue_id, &d);
}

static void log_stored(
    const struct jm_intake *in, const struct jm_deposit *p, const struct jm_receipt *receipt)
{
	const struct jm_unwrap *unwrap = p->unwrap;
	char hex[JM_SHA256_HEX_BYTES];

	JM_LOG(JM_LOG_INFO,
	    p->set_aside          ? "set-aside"
		: receipt->queued ? "queued"
				  : "archived",
	    { "qid", JM_S(in->arrival.queue_id) }, { "record", JM_U(receipt->seq) },
	    { "service", JM_S(p->arrival.service) }, { "client", JM_S(in->arrival.client) },
	    { "variant", JM_S(jm_variant_name(unwrap->variant)) },
	    { "recipients", JM_U(unwrap->recipients_n) },
	    { "message-id", JM_P(unwrap->message_id) }, { "bytes", JM_U(p->received.len) },
	    { "stored", JM_U(receipt->stored_bytes) },
	    { "sha256", JM_S(jm_sha256_hex(receipt->message_sha256, hex)) },
	    { "reason", JM_S(p->set_aside) });
	if (unwrap->limits)
		JM_LOG(JM_LOG_WARNING, "limit", { "qid", JM_S(in->arrival.queue_id) },
		    { "record", JM_U(receipt->seq) }, { "reached", JM_U(unwrap->limits) },
		    { "outcome", JM_S("archived whole") });
	if (jm_unwrap_defects(unwrap) > 0)
		JM_LOG(JM_LOG_NOTICE, "defect", { "qid", JM_S(in->arrival.queue_id) },
		    { "record", JM_U(receipt->seq) },
		    { "encoding", JM_U(unwrap->defects[JM_DEFECT_CODING]) },
		    { "address", JM_U(unwrap->defects[JM_DEFECT_ADDRESS]) },
		    { "outcome", JM_S("archived whole") });
}

static int store_for(struct jm_intake *in, const struct jm_intake_target *t,
    struct jm_span received, struct jm_daemon *d, struct jm_receipt *receipt_r, struct jm_err *err)
{
	struct jm_unwrap_options options = {
		.journal_domains = in->settings->journal_domains,
		.report_senders = in->settings->report_sender_names,
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
	judge_message(in, t->service, &unwrap, d->directory, &judgement);
	deposit.set_aside = judgement.set_aside;
	deposit.set_aside_address = judgement.address;
	if (!deposit.set_aside)
		deposit.due_ms = jm_wait_first(
		    in->settings, t->service, jm_clock_now_ms(), &deposit.match_first);
	rc = jm_archive_deposit(d->archive, &deposit, receipt_r, err);
	if (rc == 0)
		log_stored(in, &deposit, receipt_r);
	jm_unwrap_release(&unwrap);
	jm_scratch_release(&in->scratch);
	return rc;
}

int jm_intake_finish(
    struct jm_intake *in, struct jm_daemon *d, struct jm_receipt *receipt_r, struct jm_err *err)
{
	struct jm_span received;
	size_t i;

	if (jm_spool_view(&in->spool, &received, err) != 0)
		return -1;
	if (in->targets_n == 0)
		return jm_err_set(err, JM_E_BUG, "message without a journal service");
	for (i = 0; i < in->targets_n; i++, in->stored++)
		if (store_for(in, &in->targets[i], received, d, receipt_r, err) != 0)
			return -1;
	return 0;
}

/* ---- ordinary mail ---- */

int jm_intake_pass(struct jm_intake *in, struct jm_span recipient, struct jm_err *err)
{
	return add_path(in, &in->others, &in->others_n, &in->others_cap, recipient, err);
}

/* True when the domain of a path is internal. The null path has no domain. */
static bool is_internal(const struct jm_settings *s, const char *path)
{
	struct jm_span local, domain;
	char name[JM_DOMAIN_BYTES];

	return jm_domain_split_path(jm_span_str(path), &local, &domain) && domain.len > 0 &&
	    jm_domain_normalise(domain, name) == 0 &&
	    jm_settings_is_internal_domain(s, jm_span_str(name));
}

static const char *direction(const struct jm_intake *in)
{
	bool from = in->arrival.mail_from && is_internal(in->settings, in->arrival.mail_from),
	     to = true;

	for (size_t i = 0; i + 1 < in->others_n; i++)
		to = to && is_internal(in->settings, in->others[i]);
	return from ? to ? "internal" : "outbound" : to ? "inbound" : "relayed";
}

/* Return the address in a path, without brackets and source route; it points into path. */
static struct jm_span bare_path(const char *path)
{
	struct jm_span s = jm_span_trim(jm_span_str(path));
	const unsigned char *colon;

	if (s.len >= 2 && s.p[0] == '<' && s.p[s.len - 1] == '>')
		s = jm_span_sub(s, 1, s.len - 2);
	colon = s.len > 0 && s.p[0] == '@' ? memchr(s.p, ':', s.len) : NULL;
	return colon ? jm_span_sub(s, (size_t)(colon - s.p) + 1, s.len) : s;
}

/* Replace the envelope that the header suggests by that of SMTP. */
static int set_envelope(struct jm_intake *in, struct jm_unwrap *u, struct jm_err *err)
{
	size_t n = in->others_n > 0 ? in->others_n - 1 : 0;

	u->recipients = jm_arena_alloc(&u->arena, (n + 1) * sizeof *u->recipients, err);
	if (!u->recipients)
		return -1;
	u->recipients_n = n;
	for (size_t i = 0; i < n; i++)
		u->recipients[i] = (struct jm_recipient){ .address = bare_path(in->others[i]),
			.type = JM_RCPT_RECIPIENT };
	u->envelope_sender = bare_path(in->arrival.mail_from ? in->arrival.mail_from : "");
	return 0;
}

int jm_intake_gateway(struct jm_intake *in, struct jm_archive *archive,
    struct jm_receipt *receipt_r, struct jm_err *err)
{
	const struct jm_unwrap_options options = { .type = JM_JOURNAL_EML,
		.memory = { jm_scratch_alloc, &in->scratch } };
	struct jm_deposit deposit = { .arrival = in->arrival };
	struct jm_unwrap unwrap;
	int rc;

	if (jm_spool_view(&in->spool, &deposit.received, err) != 0 ||
	    jm_unwrap(deposit.received, &options, &unwrap, err) != 0)
		return -1;
	deposit.arrival.transport = "gateway";
	deposit.arrival.service = "gateway";
	deposit.arrival.direction = direction(in);
	deposit.arrival.rcpt_to = in->others;
	deposit.unwrap = &unwrap;
	rc = set_envelope(in, &unwrap, err);
	if (rc == 0)
		rc = jm_archive_deposit(archive, &deposit, receipt_r, err);
	if (rc == 0)
		JM_LOG(JM_LOG_INFO, "archived", { "qid", JM_S(in->arrival.queue_id) },
		    { "record", JM_U(receipt_r->seq) }, { "service", JM_S("gateway") },
		    { "direction", JM_S(deposit.arrival.direction) },
		    { "client", JM_S(in->arrival.client) },
		    { "recipients", JM_U(unwrap.recipients_n) },
		    { "message-id", JM_P(unwrap.message_id) },
		    { "bytes", JM_U(deposit.received.len) });
	jm_unwrap_release(&unwrap);
	jm_scratch_release(&in->scratch);
	return rc;
}
