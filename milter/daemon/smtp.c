/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * libmilter's callbacks, in the order in which they come. A message is admitted at RCPT, gathered,
 * and stored at its end; only then is it answered. Mail that is not for us is let go at DATA, when
 * all its recipients are known. Storing is in intake.c; the text of replies is in
 * reply.c.
 *
 * The callbacks of one session run one after the other in that session's thread (pool.c). See
 * smtp.h.
 */
#include "milter/daemon/smtp.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <ifaddrs.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <libmilter/mfapi.h>

#include "common/archive/deposit.h"
#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/mail/domain.h"
#include "common/service/probe_name.h"
#include "milter/daemon/clients.h"
#include "milter/daemon/detail.h"
#include "milter/daemon/intake.h"
#include "milter/daemon/pool.h"
#include "milter/daemon/protocol.h"
#include "milter/daemon/reply.h"
#include "milter/daemon/watch.h"

#define PROGRESS_US 4000000 /* Sendmail's default limit for an answer is 10 s */
#define CUT_BYTES 57900     /* Postfix silently cuts a field at its last fold before 60000 bytes */
#define WANTED_ACTIONS SMFIF_DELRCPT
#define WANTED_STEPS \
	(SMFIP_HDR_LEADSPC | SMFIP_NOUNKNOWN | SMFIP_SKIP | SMFIP_NR_CONN | SMFIP_NR_HELO | \
	    SMFIP_NR_MAIL | SMFIP_NR_HDR | SMFIP_NR_EOH | SMFIP_NR_BODY)

/* One connection of an MTA. It belongs to the session's thread. */
struct session {
	struct jm_smtp *smtp;
	SMFICTX *ctx;
	int fd; /* its socket; -1: not known */
	struct jm_facts facts;
	char client[JM_CIDR_TEXT_BYTES];
	char *helo; /* owned */
	struct jm_intake intake;
	struct jm_span mail_from; /* as given; in the arena of the intake */
	unsigned others;          /* recipients that are not ours */
	bool has_facts;           /* facts are those of this message */
	bool counted;             /* by jm_daemon_busy() */
	bool failed;              /* to gather the message, by trouble; replied at its end */
	struct jm_err trouble;
	struct session *next; /* in jm_smtp.waiting, under its lock */
	int64_t heard_us;     /* when the MTA last heard of us; while waiting, under the lock */
};

struct jm_smtp {
	struct jm_daemon *daemon;
	pthread_mutex_t lock;    /* guards the list and heard_us of its sessions */
	struct session *waiting; /* sessions whose message has ended and is being stored */

	/* Used only by the thread that calls jm_smtp_tick(). */
	bool knocked;         /* the listener was woken to stop */
	uint64_t turned_away; /* connections that were noted as turned away */
};

/* libmilter has no place for a context of the filter: the first callback of a session gets nothing
 * of ours. Set once, by jm_smtp_listen(), before there are sessions. */
static struct jm_smtp *the_filter;

/* Steps that were negotiated on the connection of this thread, which serves no other one. 0: there
 * was no negotiation yet. They outlive the session (the protocol's "quit, a new connection
 * follows"). */
static _Thread_local unsigned long negotiated;

/* The result of a step that may be one without an answer. */
static sfsistat quiet(unsigned long flag, sfsistat result)
{
	return negotiated & flag ? SMFIS_NOREPLY : result;
}

/*
 * Return the session of ctx, for each callback. Before the negotiation and after on_close() there
 * is no session, and libmilter calls back nevertheless, in nearly any order. After a negotiation a
 * new session is made; it knows no address. NULL: without a negotiation, or without memory.
 */
static struct session *session_of(SMFICTX *ctx, const char *step)
{
	struct session *s = smfi_getpriv(ctx);

	if (s)
		return s;
	if (!negotiated) {
		jm_protocol_error(jm_pool_socket(), step, "without a negotiation");
		return NULL;
	}
	s = calloc(1, sizeof *s);
	if (!s)
		return NULL;
	s->smtp = the_filter;
	s->ctx = ctx;
	s->fd = jm_pool_socket();
	snprintf(s->client, sizeof s->client, "unknown");
	jm_intake_init(&s->intake, s->smtp->daemon->spool_dir);
	if (smfi_setpriv(ctx, s) == MI_SUCCESS)
		return s;
	free(s);
	return NULL;
}

/* The same for a step of a message: NULL also when none has begun. */
static struct session *message_of(SMFICTX *ctx, const char *step)
{
	struct session *s = session_of(ctx, step);

	if (!s || s->intake.settings)
		return s;
	jm_protocol_error(s->fd, step, "without a sender before it");
	return NULL;
}

static sfsistat on_negotiate(SMFICTX *ctx, unsigned long f0, unsigned long f1, unsigned long f2,
    unsigned long f3, unsigned long *pf0, unsigned long *pf1, unsigned long *pf2,
    unsigned long *pf3)
{
	/* libmilter takes no const strings; nobody writes to these. */
	static char m_connect[] = "j {daemon_name} {client_addr}",
		    m_helo[] = "{tls_version} {cipher} {cert_subject} {verify}",
		    m_mail[] = "i {auth_type} {auth_authen}", m_rcpt[] = "i", m_data[] = "i",
		    m_eom[] = "i {msg_id}";

	(void)f2, (void)f3;
	if ((f0 & WANTED_ACTIONS) != WANTED_ACTIONS || !(f1 & SMFIP_HDR_LEADSPC)) {
		jm_protocol_too_old(f0, f1);
		return SMFIS_REJECT; /* the MTA then answers 4xx; else bytes would be changed */
	}
	negotiated = f1 & WANTED_STEPS;
	if (!session_of(ctx, "negotiate"))
		return SMFIS_REJECT;
	*pf0 = WANTED_ACTIONS;
	if (f0 & SMFIF_SETSYMLIST) {
		*pf0 |= SMFIF_SETSYMLIST;
		/* When a list is refused, the MTA sends its own, which has the same macros. */
		(void)smfi_setsymlist(ctx, SMFIM_CONNECT, m_connect);
		(void)smfi_setsymlist(ctx, SMFIM_HELO, m_helo);
		(void)smfi_setsymlist(ctx, SMFIM_ENVFROM, m_mail);
		(void)smfi_setsymlist(ctx, SMFIM_ENVRCPT, m_rcpt);
		(void)smfi_setsymlist(ctx, SMFIM_DATA, m_data);
		(void)smfi_setsymlist(ctx, SMFIM_EOM, m_eom);
	}
	*pf1 = negotiated;
	*pf2 = *pf3 = 0;
	return SMFIS_CONTINUE;
}

static void end_message(struct session *s)
{
	if (s->counted)
		jm_daemon_done(s->smtp->daemon);
	s->counted = s->failed = s->has_facts = false;
	s->others = 0;
	s->mail_from = jm_span_of(NULL, 0);
	jm_intake_reset(&s->intake);
}

/* libmilter may call it more than once in a session. */
static sfsistat on_connect(SMFICTX *ctx, char *host, _SOCK_ADDR *addr)
{
	struct session *s = session_of(ctx, "connect");

	(void)host;
	if (!s)
		return quiet(SMFIP_NR_CONN, SMFIS_TEMPFAIL);
	end_message(s); /* it has the former client's name */
	s->facts.client_known = jm_cidr_from_sockaddr(
	    (const struct sockaddr *)addr, &s->facts.client);
	if (s->facts.client_known)
		jm_cidr_format(&s->facts.client, s->client);
	else
		snprintf(s->client, sizeof s->client, "unknown");
	return quiet(SMFIP_NR_CONN, SMFIS_CONTINUE);
}

static sfsistat on_helo(SMFICTX *ctx, char *name)
{
	struct session *s = session_of(ctx, "helo");

	if (!s)
		return quiet(SMFIP_NR_HELO, SMFIS_TEMPFAIL);
	end_message(s); /* it borrows the former name */
	free(s->helo);
	s->helo = name ? strdup(name) : NULL; /* only recorded, so NULL is fine */
	return quiet(SMFIP_NR_HELO, SMFIS_CONTINUE);
}

static void fail_gathering(struct session *s, const struct jm_err *err)
{
	if (!s->failed)
		s->trouble = *err;
	s->failed = true;
}

static sfsistat on_mail(SMFICTX *ctx, char **argv)
{
	struct session *s = session_of(ctx, "mail");
	struct jm_settings *settings;
	const char *from;
	struct jm_span local, domain;
	struct jm_err err;

	if (!s || !argv || !argv[0])
		return quiet(SMFIP_NR_MAIL, SMFIS_TEMPFAIL);
	end_message(s); /* of an aborted one, which libmilter does not always report */
	settings = jm_daemon_settings(s->smtp->daemon);
	jm_intake_begin(&s->intake, settings);
	jm_settings_unref(&settings);
	if (jm_intake_keep(&s->intake, argv[0], &from, &err) != 0) {
		fail_gathering(s, &err);
		return quiet(SMFIP_NR_MAIL, SMFIS_CONTINUE);
	}
	s->mail_from = jm_span_str(from);
	s->intake.arrival.transport = "smtp";
	if (jm_domain_split_path(s->mail_from, &local, &domain) && domain.len == 0 &&
	    local.len == 0)
		s->intake.arrival.mail_from = "";
	else
		s->intake.arrival.mail_from = from;
	return quiet(SMFIP_NR_MAIL, SMFIS_CONTINUE);
}

/* Copy the facts of the session: the values of macros belong to libmilter. */
static int copy_facts(struct session *s, struct jm_err *err)
{
	struct jm_arrival *a = &s->intake.arrival;
	static char tls[] = "{tls_version}", login[] = "{auth_authen}",
		    subject[] = "{cert_subject}", verify[] = "{verify}";
	const char *value;

	s->facts.mail_from = s->mail_from;
	value = smfi_getsymval(s->ctx, tls);
	if (jm_intake_keep(&s->intake, value && *value ? value : NULL, &a->tls, err) != 0)
		return -1;
	value = smfi_getsymval(s->ctx, login);
	if (jm_intake_keep(&s->intake, value && *value ? value : NULL, &a->login, err) != 0)
		return -1;
	value = smfi_getsymval(s->ctx, subject);
	if (jm_intake_keep(&s->intake, value, &s->facts.cert_subject, err) != 0)
		return -1;
	value = smfi_getsymval(s->ctx, verify);
	if (jm_intake_keep(&s->intake, value, &s->facts.verify, err) != 0)
		return -1;
	s->facts.tls_version = a->tls;
	s->facts.login = a->login;
	a->helo = s->helo;
	a->client = s->client;
	s->has_facts = true;
	return 0;
}

/*
 * Is it jmctl doctor on this machine, which asks the MTA what reports would be answered, and sends
 * none? A connection of this machine to its own address comes from that address.
 */
static bool is_probe(const struct session *s)
{
	struct jm_cidr c = s->facts.client, own;
	struct ifaddrs *all = NULL;
	bool local = false;

	if (!s->facts.client_known || !s->helo || strcmp(s->helo, JM_PROBE_NAME) != 0 ||
	    getifaddrs(&all) != 0)
		return false;
	for (const struct ifaddrs *a = all; a && !local; a = a->ifa_next)
		local = a->ifa_addr && jm_cidr_from_sockaddr(a->ifa_addr, &own) &&
		    jm_cidr_contains(&own, &c);
	freeifaddrs(all);
	return local;
}

static void note_refusal(struct session *s, const struct jm_admission *a, const char *rcpt)
{
	struct jm_daemon *d = s->smtp->daemon;
	const char *service = a->service ? a->service->email_address : NULL;
	bool refused = a->verdict >= JM_ADMIT_CLIENT;

	JM_LOG(JM_LOG_INFO, "recipient", { "verdict", JM_S(jm_verdict_name(a->verdict)) },
	    { "client", JM_S(s->client) }, { "helo", JM_S(s->helo) },
	    { "from", JM_P(s->mail_from) }, { "to", JM_S(rcpt) },
	    { "tls", JM_S(s->facts.tls_version) }, { "login", JM_S(s->facts.login) });
	if (is_probe(s))
		return;
	atomic_fetch_add(refused ? &d->refused : &d->deferred, 1);
	jm_watch_recipient(d->watch, service, refused, jm_verdict_name(a->verdict));
	jm_clients_count(d->clients, s->client, true);
	jm_daemon_note(d, refused ? "refused" : "deferred", service, s->client,
	    jm_verdict_name(a->verdict), a->text);
}

/* Keep the archive open until end_message(). False when it is closed already. */
static bool begin_busy(struct session *s)
{
	s->counted = s->counted || jm_daemon_busy(s->smtp->daemon);
	return s->counted;
}

/* A recipient that is not ours. With the gateway on, a copy of the message is archived. */
static sfsistat other_recipient(struct session *s, const char *path)
{
	const struct jm_settings *settings = s->intake.settings;
	struct jm_err err;

	s->others++;
	if (!settings->gateway)
		return SMFIS_CONTINUE;
	if (atomic_load(&s->smtp->daemon->stopping) &&
	    settings->gateway_on_fault == JM_ON_FAULT_DEFER)
		return jm_reply_stopping(s->ctx);
	if (!begin_busy(s)) /* it would pass without a trace, as no event can be noted any more */
		return jm_reply_stopping(s->ctx);
	if (jm_intake_pass(&s->intake, jm_span_str(path), &err) != 0)
		fail_gathering(s, &err); /* answered at its end, by gateway_on_fault */
	return SMFIS_CONTINUE;
}

/* True when this message, or a copy of it, is for the archive. */
static bool is_wanted(const struct session *s)
{
	return s->intake.targets_n > 0 ||
	    (s->others > 0 && s->intake.settings && s->intake.settings->gateway);
}

static sfsistat on_rcpt(SMFICTX *ctx, char **argv)
{
	struct session *s = message_of(ctx, "rcpt");
	struct jm_admission a;
	struct jm_err err;

	if (!s || !argv || !argv[0])
		return SMFIS_TEMPFAIL;
	if (s->failed || (!s->has_facts && copy_facts(s, &err) != 0)) {
		if (!s->failed)
			fail_gathering(s, &err);
		return jm_reply_trouble(ctx, &s->trouble);
	}
	jm_admit(s->intake.settings, &s->facts, jm_span_str(argv[0]), &a);
	if (a.verdict == JM_ADMIT_OTHER)
		return other_recipient(s, argv[0]);
	if (atomic_load(&s->smtp->daemon->stopping))
		return jm_reply_stopping(ctx);
	jm_detail_log(s->intake.settings, a.service, "admit", s->client, &a.decisions);
	if (a.verdict != JM_ADMIT_ACCEPT) {
		note_refusal(s, &a, argv[0]);
		return jm_reply_admission(ctx, &a);
	}
	if (!begin_busy(s))
		return jm_reply_stopping(ctx);
	if (jm_intake_add(&s->intake, a.service, jm_span_str(argv[0]), &err) != 0)
		return jm_reply_trouble(ctx, &err); /* this recipient only */
	return SMFIS_CONTINUE;
}

static sfsistat on_data(SMFICTX *ctx)
{
	struct session *s = message_of(ctx, "data");

	if (!s)
		return SMFIS_TEMPFAIL;
	if (is_wanted(s))
		return SMFIS_CONTINUE;
	atomic_fetch_add(&s->smtp->daemon->passed, 1);
	return SMFIS_ACCEPT; /* all recipients are known and none is ours: do not send it to us */
}

static void gather(struct session *s, const void *p, size_t n)
{
	struct jm_err err;

	if (!s->failed && is_wanted(s) && jm_spool_write(&s->intake.spool, p, n, &err) != 0)
		fail_gathering(s, &err);
}

/* Gather the field as it came over the wire: MTAs pass folds as LF and, with HDR_LEADSPC, the blank
 * after the colon. */
static sfsistat on_header(SMFICTX *ctx, char *name, char *value)
{
	struct session *s = message_of(ctx, "header");
	char *lf;

	if (!s || !name || !value)
		return quiet(SMFIP_NR_HDR, SMFIS_TEMPFAIL);
	if (s->intake.targets_n && strlen(name) + strlen(value) >= CUT_BYTES)
		jm_daemon_note(s->smtp->daemon, "header-perhaps-cut",
		    s->intake.targets[0].service->email_address, s->client, name,
		    "a header field at the top is so long that the MTA may have cut it (Postfix "
		    "does at 60000 bytes); the journaled message is not concerned");
	gather(s, name, strlen(name));
	gather(s, ":", 1);
	while ((lf = strchr(value, '\n')) != NULL) {
		size_t n = (size_t)(lf - value);

		gather(s, value, n && lf[-1] == '\r' ? n - 1 : n);
		gather(s, "\r\n", 2);
		value = lf + 1;
	}
	gather(s, value, strlen(value));
	gather(s, "\r\n", 2);
	return quiet(SMFIP_NR_HDR, SMFIS_CONTINUE);
}

static sfsistat on_eoh(SMFICTX *ctx)
{
	struct session *s = message_of(ctx, "end of header");

	if (!s)
		return quiet(SMFIP_NR_EOH, SMFIS_TEMPFAIL);
	gather(s, "\r\n", 2);
	return quiet(SMFIP_NR_EOH, SMFIS_CONTINUE);
}

static sfsistat on_body(SMFICTX *ctx, unsigned char *p, size_t n)
{
	struct session *s = message_of(ctx, "body");

	if (!s)
		return quiet(SMFIP_NR_BODY, SMFIS_TEMPFAIL);
	gather(s, p, n);
	return quiet(SMFIP_NR_BODY, SMFIS_CONTINUE);
}

static void wait_begins(struct session *s)
{
	s->heard_us = jm_clock_mono_us();
	pthread_mutex_lock(&s->smtp->lock);
	s->next = s->smtp->waiting;
	s->smtp->waiting = s;
	pthread_mutex_unlock(&s->smtp->lock);
}

static void wait_ends(struct session *s)
{
	struct session **at;

	pthread_mutex_lock(&s->smtp->lock);
	for (at = &s->smtp->waiting; *at != s; at = &(*at)->next)
		;
	*at = s->next;
	pthread_mutex_unlock(&s->smtp->lock);
}

/* Remove our recipients from a message that others get, too. */
static int remove_recipients(struct session *s)
{
	const struct jm_intake *in = &s->intake;
	size_t i, k;

	for (i = 0; i < in->targets_n; i++)
		for (k = 0; in->targets[i].rcpt_to[k]; k++) {
			char *path = strdup(in->targets[i].rcpt_to[k]), *route;
			int rc = path ? smfi_delrcpt(s->ctx, path) : MI_FAILURE;

			/* Postfix finds an address with a source route only without the route. */
			if (rc == MI_SUCCESS && strncmp(path, "<@", 2) == 0 &&
			    (route = strchr(path, ':')) != NULL) {
				*route = '<';
				rc = smfi_delrcpt(s->ctx, route);
			}
			free(path);
			if (rc != MI_SUCCESS)
				return -1;
		}
	return 0;
}

/* Answer the end of a message. kept: it is in the archive; else it passes without a copy. */
static sfsistat answer_message(struct session *s, int rc, bool kept, struct jm_err *err)
{
	const struct jm_arrival *a = &s->intake.arrival;

	if (rc == 0 && s->others && remove_recipients(s) != 0)
		rc = jm_err_set(err, JM_E_TEMP, "cannot remove the journal recipients");
	if (rc != 0) {
		atomic_fetch_add(&s->smtp->daemon->deferred, 1);
		JM_LOG(JM_LOG_ERROR, "deferred", { "qid", JM_S(a->queue_id) },
		    { "client", JM_S(a->client) }, { "kind", JM_S(jm_err_kind_name(err->kind)) },
		    { "error", JM_S(err->text) });
		jm_daemon_note(s->smtp->daemon, "deferred",
		    s->intake.targets_n ? s->intake.targets[0].service->email_address : "gateway",
		    s->client, jm_err_kind_name(err->kind), err->text);
		return jm_reply_trouble(s->ctx, err);
	}
	atomic_fetch_add(kept ? &s->smtp->daemon->archived : &s->smtp->daemon->passed, 1);
	return s->others ? SMFIS_CONTINUE : SMFIS_DISCARD;
}

/* Archive the gateway's copy, when there is to be one. rc: the result so far. Returns 0 when the
 * message may pass; *kept_r becomes false when it passes without a copy. */
static int copy_passing(struct session *s, int rc, bool *kept_r, struct jm_err *err)
{
	const struct jm_settings *settings = s->intake.settings;
	struct jm_receipt receipt;

	if (!s->others || !settings->gateway)
		return rc;
	if (rc == 0)
		rc = jm_intake_gateway(&s->intake, s->smtp->daemon->archive, &receipt, err);
	if (rc == 0 || settings->gateway_on_fault == JM_ON_FAULT_DEFER) {
		if (rc != 0)
			jm_watch_deferred(s->smtp->daemon->watch, "gateway");
		return rc;
	}
	*kept_r = s->intake.targets_n > 0;
	jm_daemon_note(s->smtp->daemon, "not-archived", "gateway", s->client,
	    jm_err_kind_name(err->kind), err->text);
	return 0;
}

static sfsistat on_eom(SMFICTX *ctx)
{
	struct session *s = message_of(ctx, "end of message");
	struct jm_daemon *d = the_filter->daemon;
	static char queue_id[] = "i"; /* libmilter takes no const string */
	struct jm_receipt receipt;
	struct jm_err err;
	sfsistat result;
	bool kept = true;
	int rc = -1;

	if (!s)
		return SMFIS_TEMPFAIL;
	if (!is_wanted(s))
		return SMFIS_CONTINUE; /* an MTA that does not report DATA */
	err = s->trouble;
	atomic_fetch_add(&d->received, 1);
	s->intake.arrival.queue_id = smfi_getsymval(ctx, queue_id);
	wait_begins(s);
	if (!s->failed)
		rc = s->intake.targets_n ? jm_intake_finish(&s->intake, d, &receipt, &err) : 0;
	jm_watch_intake(d->watch, &s->intake);
	jm_clients_count(d->clients, s->client, false);
	if (s->intake.targets_n == 0 || rc == 0)
		rc = copy_passing(s, rc, &kept, &err);
	wait_ends(s);
	result = answer_message(s, rc, kept, &err);
	end_message(s);
	return result;
}

static sfsistat on_abort(SMFICTX *ctx)
{
	struct session *s = smfi_getpriv(ctx);

	if (s)
		end_message(s);
	return SMFIS_CONTINUE;
}

static sfsistat on_close(SMFICTX *ctx)
{
	struct session *s = smfi_getpriv(ctx);

	if (!s)
		return SMFIS_CONTINUE;
	smfi_setpriv(ctx, NULL);
	end_message(s);
	jm_intake_release(&s->intake);
	free(s->helo);
	free(s);
	return SMFIS_CONTINUE;
}

/* False while sending would wait for a client that does not read: it must not hold up all others.
 */
static bool may_send(const struct session *s)
{
	struct pollfd p = { .fd = s->fd, .events = POLLOUT };

	return s->fd < 0 || poll(&p, 1, 0) != 0;
}

void jm_smtp_tick(struct jm_smtp *smtp)
{
	char text[JM_PROTOCOL_TEXT_BYTES];
	int64_t now = jm_clock_mono_us();
	struct session *s;

	pthread_mutex_lock(&smtp->lock);
	for (s = smtp->waiting; s; s = s->next)
		if (now - s->heard_us > PROGRESS_US && may_send(s)) {
			s->heard_us = now;
			/* Sending the answer shows a lost connection. */
			(void)smfi_progress(s->ctx);
		}
	pthread_mutex_unlock(&smtp->lock);
	if (jm_pool_turned_away() != smtp->turned_away) {
		smtp->turned_away = jm_pool_turned_away();
		jm_daemon_note(smtp->daemon, "connections-turned-away", NULL, "daemon", "limit",
		    "more connections of MTAs than the limit of open files, or memory, allows: "
		    "those above it were closed, and their senders get 4xx and try again; raise "
		    "LimitNOFILE, or let the MTA connect less often");
	}
	if (jm_protocol_report(text))
		jm_daemon_note(smtp->daemon, "milter-protocol", NULL, "daemon", NULL, text);
	if (!smtp->knocked && jm_pool_stopping()) {
		atomic_store(&smtp->daemon->stopping, true);
		smtp->knocked = true;
		jm_pool_wake();
	}
}

static int open_milter_socket(const struct jm_settings *settings, struct jm_err *err)
{
	bool is_unix = strncmp(settings->socket, "unix:", 5) == 0;
	mode_t old = umask(is_unix ? ~(mode_t)settings->socket_mode & 0777 : 077);
	char *conn = strdup(settings->socket);
	int rc = -1;

	if (!conn || smfi_setconn(conn) != MI_SUCCESS || smfi_opensocket(true) != MI_SUCCESS) {
		jm_err_set(err, JM_E_TEMP,
		    "cannot listen on milter socket %s (address in use, folder missing, or no "
		    "right?)",
		    settings->socket);
		goto out;
	}
	if (is_unix && settings->socket_group) {
		struct group *g = getgrnam(settings->socket_group);

		if (!g) {
			jm_err_set(err, JM_E_TEMP, "socket-group \"%s\" does not exist",
			    settings->socket_group);
			goto out;
		}
		if (chown(settings->socket + 5, (uid_t)-1, g->gr_gid) != 0) {
			jm_err_sys(err, JM_E_TEMP,
			    "cannot give \"%s\" to group %s (is the user a member of it?)",
			    settings->socket + 5, settings->socket_group);
			goto out;
		}
	}
	rc = 0;
out:
	umask(old);
	free(conn);
	return rc;
}

int jm_smtp_listen(struct jm_daemon *d, const struct jm_settings *settings, struct jm_smtp **smtp_r,
    struct jm_err *err)
{
	static char name[] = "journal-milter";
	struct smfiDesc filter = {
		.xxfi_name = name,
		.xxfi_version = SMFI_VERSION,
		.xxfi_flags = WANTED_ACTIONS | SMFIF_SETSYMLIST,
		.xxfi_connect = on_connect,
		.xxfi_helo = on_helo,
		.xxfi_envfrom = on_mail,
		.xxfi_envrcpt = on_rcpt,
		.xxfi_header = on_header,
		.xxfi_eoh = on_eoh,
		.xxfi_body = on_body,
		.xxfi_eom = on_eom,
		.xxfi_abort = on_abort,
		.xxfi_close = on_close,
		.xxfi_data = on_data,
		.xxfi_negotiate = on_negotiate,
	};
	struct jm_smtp *smtp = calloc(1, sizeof *smtp);

	if (!smtp)
		return jm_err_sys(err, JM_E_TEMP, "cannot listen for MTAs");
	smtp->daemon = d;
	pthread_mutex_init(&smtp->lock, NULL);
	the_filter = *smtp_r = smtp;
	if (smfi_register(filter) != MI_SUCCESS)
		return jm_err_set(err, JM_E_BUG, "libmilter refuses the filter");
	return open_milter_socket(settings, err);
}

int jm_smtp_serve(void)
{
	return jm_pool_serve();
}
