/* SPDX-License-Identifier: BSD-2-Clause */
/* Records with given numbers and times. A report leaves out bytes that this archive has already, as
 * a deposit does. */
#include "common/archive/verbatim.h"

#include <stdlib.h>

#include "common/archive/body.h"
#include "common/archive/commit.h"

struct jm_verbatim {
	struct jm_record_maker m;
};

static struct jm_ticket *plain_ticket(const struct jm_verbatim_record *r, struct jm_err *err)
{
	return jm_ticket_new(r->type, json_incref(r->meta), err);
}

/* The ticket of a report, its body left out where an earlier record holds it. The claims move into
 * it. */
static int make_report(struct jm_archive *a, const struct jm_verbatim_record *r,
    struct jm_record_maker *m, struct jm_err *err)
{
	const struct jm_deposit *d = r->deposit;
	struct jm_claims claims;
	struct jm_splice sp;

	if (jm_flight_claim(a, &claims, r->digests->received, r->digests->raw, err) != 0)
		return -1;
	(void)json_object_del(r->meta, "splice");
	if (jm_splice_find(a, r->digests, d->received, jm_body_slice(d), &sp, err) == 0) {
		if (jm_describe_splice(r->meta, &sp) != 0)
			jm_err_set(err, JM_E_TEMP, "no memory for a record");
		else
			m->ticket = plain_ticket(r, err);
	}
	if (m->ticket && jm_body_make(a, d, &sp, m, err) == 0) {
		jm_flight_hand_over(a, &claims, m->ticket);
		return 0;
	}
	jm_flight_unclaim(a, &claims);
	return -1;
}

static void verbatim_free(struct jm_verbatim **v)
{
	if ((*v)->m.ticket)
		jm_ticket_drop((*v)->m.ticket);
	jm_body_release(&(*v)->m.body);
	free(*v);
	*v = NULL;
}

int jm_verbatim_submit(struct jm_archive *a, const struct jm_verbatim_record *r,
    struct jm_verbatim **v_r, struct jm_err *err)
{
	struct jm_verbatim *v = calloc(1, sizeof *v);
	int rc;

	*v_r = NULL;
	if (!v)
		return jm_err_sys(err, JM_E_TEMP, "record");
	if (r->deposit)
		rc = make_report(a, r, &v->m, err);
	else
		rc = (v->m.ticket = plain_ticket(r, err)) ? 0 : -1;
	if (rc != 0) {
		verbatim_free(&v);
		return -1;
	}
	v->m.ticket->want_seq = r->seq;
	v->m.ticket->want_time_ms = r->time_ms;
	jm_commit_submit(a, v->m.ticket);
	*v_r = v;
	return 0;
}

bool jm_verbatim_borrows(const struct jm_verbatim *v)
{
	return v->m.ticket->head.coding == JM_CODING_PLAIN;
}

int jm_verbatim_settle(struct jm_archive *a, struct jm_verbatim **v, struct jm_err *err)
{
	struct jm_ticket *t = (*v)->m.ticket;
	int rc = jm_ticket_await(t, err);

	if (rc != 0)
		jm_flight_release(a, t);
	verbatim_free(v);
	return rc;
}
