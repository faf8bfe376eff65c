/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Admission: may this client hand in journal mail for this recipient? A pure function of the
 * settings and the facts of the SMTP session. It decides by the envelope alone, never by content.
 *
 * The checks, in this order; the first that fails decides: is the recipient at a journal domain,
 * does a service have its address, does that service take mail by SMTP, is it enabled, client
 * address, TLS, client certificate, login, sender domain.
 */
#ifndef JM_SERVICE_ADMIT_H
#define JM_SERVICE_ADMIT_H

#include "common/query/matcher.h"
#include "common/service/decision.h"
#include "common/settings/settings.h"

/* What is known about the session at the time of RCPT TO. Borrowed. */
struct jm_facts {
	bool client_known; /* false: the client has no IP address, so no range contains it */
	struct jm_cidr client;
	const char *tls_version; /* NULL or "": no TLS */
	/* macro {cert_subject}; Postfix sets it only when it verified the certificate */
	const char *cert_subject;
	const char *verify;       /* macro {verify}; NULL: the MTA does not set it (Postfix) */
	const char *login;        /* SMTP AUTH identity; NULL or "": the client did not log in */
	struct jm_span mail_from; /* argument of MAIL FROM as the milter got it, with brackets */
};

enum jm_verdict {
	JM_ADMIT_OTHER, /* not at a journal domain: ordinary mail, not decided here */
	JM_ADMIT_ACCEPT,
	JM_ADMIT_UNKNOWN,  /* 450 4.1.1: no service has this address */
	JM_ADMIT_FETCHED,  /* 450 4.1.1: the service fetches its mail, it takes none by SMTP */
	JM_ADMIT_DISABLED, /* 450 4.2.1 */
	JM_ADMIT_CLIENT,   /* 550 5.7.1, and so are all that follow */
	JM_ADMIT_TLS,
	JM_ADMIT_CERTIFICATE,
	JM_ADMIT_LOGIN,
	JM_ADMIT_SENDER,
};

#define JM_ADMIT_TEXT_BYTES 200

struct jm_admission {
	enum jm_verdict verdict;
	/* borrowed from the settings; NULL with OTHER and UNKNOWN */
	const struct jm_service *service;
	char text[JM_ADMIT_TEXT_BYTES]; /* for the SMTP reply and the event: printable ASCII */
	struct jm_decisions decisions;  /* each check that was made; the last one decided */
};

/* Decide about one recipient, which is the argument of RCPT TO as the milter got it. Any thread. */
void jm_admit(const struct jm_settings *settings, const struct jm_facts *facts,
    struct jm_span recipient, struct jm_admission *admission_r);

/* The name of a verdict in logs, events and figures: "other", "accepted", "unknown-address",
 * "fetched-by-pop3", "disabled", "client-address", "tls-required", "certificate-required",
 * "login-required", "sender-domain". Static. */
const char *jm_verdict_name(enum jm_verdict v);

/* The SMTP reply code and the enhanced one (RFC 3463) of a verdict, as in "550 5.7.1"; NULL for
 * OTHER and ACCEPT. Static. */
const char *jm_verdict_reply(enum jm_verdict v);

/* What to do about a refusal, in Exchange or in the settings; NULL for OTHER and ACCEPT. Static,
 * one line. */
const char *jm_verdict_cure(enum jm_verdict v);

#endif
