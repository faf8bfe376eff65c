/* SPDX-License-Identifier: BSD-2-Clause */
/* When a report in the processing queue is tried. The queue itself is the archive's; trying is done
 * by milter/daemon/queue.c. */
#include "common/service/wait.h"

#include "common/base/num.h"

#define INTERVAL_MS INT64_C(60000) /* for reports of a service that was removed */

static int64_t delay_ms(const struct jm_service *s)
{
	return s->initial_process_delay_s * INT64_C(1000);
}

static int64_t interval_ms(const struct jm_service *s)
{
	return s ? s->delivery_wait_interval_s * INT64_C(1000) : INTERVAL_MS;
}

/* Does a report of this service wait for ordinary mail that it may belong to? */
static bool waits_for_mail(const struct jm_settings *settings, const struct jm_service *s)
{
	return settings->gateway && (s->delivery_wait_attempts > 0 || s->extended_de_duplication);
}

int64_t jm_wait_first(const struct jm_settings *settings, const struct jm_service *service,
    int64_t now_ms, bool *match_first_r)
{
	int64_t interval = interval_ms(service);

	*match_first_r = service->initial_process_delay_s == 0;
	if (service->initial_process_delay_s > 0)
		return now_ms + delay_ms(service);
	if (!waits_for_mail(settings, service))
		return 0;
	return now_ms +
	    (service->extended_de_duplication && interval > JM_WAIT_EXTENDED_MS
		    ? JM_WAIT_EXTENDED_MS
		    : interval);
}

int64_t jm_wait_next(const struct jm_settings *settings, const struct jm_service *service,
    const struct jm_wait *w, int64_t now_ms)
{
	int64_t due_ms, end_ms;

	if (!service || !waits_for_mail(settings, service))
		return 0;
	due_ms = now_ms + interval_ms(service);
	if (!service->extended_de_duplication)
		return w->attempts < (unsigned)service->delivery_wait_attempts ? due_ms : 0;
	end_ms = w->since_ms + delay_ms(service) + JM_WAIT_EXTENDED_MS;
	if (now_ms >= end_ms)
		return 0;
	return due_ms < end_ms ? due_ms : end_ms;
}

int64_t jm_wait_failed(
    const struct jm_service *service, const struct jm_wait *w, bool may_pass, int64_t now_ms)
{
	unsigned most = may_pass ? JM_WAIT_TROUBLE_ATTEMPTS : JM_WAIT_POISON_ATTEMPTS;

	if (service && (unsigned)service->delivery_wait_attempts > most)
		most = (unsigned)service->delivery_wait_attempts;
	return w->attempts < most ? now_ms + interval_ms(service) : 0;
}

void jm_wait_explain(
    const struct jm_settings *settings, const struct jm_service *s, struct jm_decisions *d)
{
	d->n = 0;
	if (s->initial_process_delay_s > 0)
		jm_decide(d, "initial-process-delay",
		    jm_settings_line(settings, s, "initial-process-delay"), true,
		    "waits %d second%s in the processing queue before a match is looked for; "
		    "the sender is answered at once",
		    s->initial_process_delay_s, jm_num_s((uint64_t)s->initial_process_delay_s));
	if (!settings->gateway)
		jm_decide(d, "gateway", jm_settings_line(settings, NULL, "gateway/enabled"), true,
		    "ordinary mail is not archived, so none can come that it would have to wait "
		    "for: joins its item or founds one");
	else if (s->extended_de_duplication)
		jm_decide(d, "extended-de-duplication",
		    jm_settings_line(settings, s, "extended-de-duplication"), true,
		    "waits 10 minutes for ordinary mail that matches, unless it is here already; "
		    "looks every %d second%s",
		    s->delivery_wait_interval_s, jm_num_s((uint64_t)s->delivery_wait_interval_s));
	else if (s->delivery_wait_attempts > 0)
		jm_decide(d, "delivery-wait-attempts",
		    jm_settings_line(settings, s, "delivery-wait-attempts"), true,
		    "looks %d time%s for ordinary mail that matches, every %d second%s, "
		    "unless it is here already",
		    s->delivery_wait_attempts, jm_num_s((uint64_t)s->delivery_wait_attempts),
		    s->delivery_wait_interval_s, jm_num_s((uint64_t)s->delivery_wait_interval_s));
	else
		jm_decide(d, "delivery-wait-attempts",
		    jm_settings_line(settings, s, "delivery-wait-attempts"), true,
		    "does not wait for ordinary mail that matches");
}
