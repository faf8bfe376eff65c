/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Admission: may this client hand in journal mail for this recipient? A pure function over the
 * settings and the facts of the session; it decides on the envelope only, never on content. Checks
 * in order: is the recipient ours, has a service that address, does it take mail by SMTP, is it
 * enabled, client address, TLS, client certificate, login, sender domain.
 */
#ifndef JM_SERVICE_ADMIT_H
#define JM_SERVICE_ADMIT_H

#include "common/service/decision.h"
#include "common/settings/settings.h"

/* What is known about the session when a recipient comes. Borrowed. */
struct jm_facts {
	bool client_known; /* false: no IP address (then no range matches) */
	struct jm_cidr client;
	const char *tls_version;  /* NULL or "": no TLS */
	const char *cert_subject; /* macro {cert_subject}; Postfix gives it for a verified client
				     certificate only */
	const char *verify;       /* macro {verify}; NULL: an MTA that does not know it (Postfix) */
	const char *login;        /* SMTP AUTH identity; NULL or "": none */
	struct jm_span mail_from; /* as the milter got it, brackets and all */
};

enum jm_verdict {
	JM_ADMIT_OTHER, /* not at a journal domain: none of our business */
	JM_ADMIT_ACCEPT,
	JM_ADMIT_UNKNOWN,  /* 450 4.1.1: no service has this address */
	JM_ADMIT_FETCHED,  /* 450 4.1.1: the service fetches its mail, it takes none by SMTP */
	JM_ADMIT_DISABLED, /* 450 4.2.1 */
	JM_ADMIT_CLIENT,   /* 550 5.7.1 from here on */
	JM_ADMIT_TLS,
	JM_ADMIT_CERTIFICATE,
	JM_ADMIT_LOGIN,
	JM_ADMIT_SENDER,
};

#define JM_ADMIT_TEXT_BYTES 200

struct jm_admission {
	enum jm_verdict verdict;
	const struct jm_service *service; /* with every verdict but OTHER and UNKNOWN; borrowed from
					     the settings */
	char text[JM_ADMIT_TEXT_BYTES];   /* for the SMTP reply and the event: printable ASCII */
	struct jm_decisions decisions;    /* each check that was made, the deciding one last */
};

/* recipient: argument of RCPT TO as the milter got it. Any thread. */
void jm_admit(const struct jm_settings *settings, const struct jm_facts *facts,
    struct jm_span recipient, struct jm_admission *admission_r);

/* "unknown-address", "fetched-by-pop3", "disabled", "client-address", "tls-required",
 * "certificate-required", "login-required", "sender-domain". Static. */
const char *jm_verdict_name(enum jm_verdict v);

/* The reply code and the enhanced one (RFC 3463) of a verdict: "550 5.7.1"; NULL: no reply of ours.
 * Static. */
const char *jm_verdict_reply(enum jm_verdict v);

/* What to do about a refusal, on the side of Exchange or in the settings; NULL: nothing. Static,
 * one line. */
const char *jm_verdict_cure(enum jm_verdict v);

#endif
