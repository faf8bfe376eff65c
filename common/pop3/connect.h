/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The way to a mailbox: name, TCP, TLS or STLS, CAPA and login, by libcurl's CONNECT_ONLY; then the
 * bytes as a jm_pop3_wire.
 *
 * libcurl is used for nothing else: its own RETR calls a cut message whole, and it connects again
 * between commands. Passwords are sent only through TLS, unless the account says otherwise in so
 * many words.
 */
#ifndef JM_POP3_CONNECT_H
#define JM_POP3_CONNECT_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/certificate.h"
#include "common/base/err.h"
#include "common/pop3/session.h"

enum jm_pop3_security {
	JM_POP3_POP3S, /* TLS from the first byte */
	JM_POP3_STLS,  /* RFC 2595; no STLS: no login */
	JM_POP3_CLEAR, /* nothing is protected; needs allow_clear_login */
};

/* Strings are borrowed for the call. Time-outs of 0 mean the default. */
struct jm_pop3_account {
	const char *host; /* name or IP address */
	unsigned port;    /* 0: 995 for POP3S, else 110 */
	const char *user;
	const char *password; /* or */
	const char *bearer;   /* an OAuth 2.0 access token: XOAUTH2, in two steps */
	enum jm_pop3_security security;
	bool relaxed; /* when the strict check of the certificate fails: go on, and say why and with
			 whom */
	const char *ca_file; /* trusted roots; NULL: the system's */
	const char *pin; /* "sha256//BASE64": only a certificate with this public key. Relaxed: this
			    instead of the strict check */
	bool allow_clear_login;
	int64_t connect_timeout_ms; /* name, TCP, TLS and login together; default 60 s */
	bool (*stopped)(void *ctx); /* may be NULL; asked at least twice a second, also while bytes
				       are awaited */
	void *stopped_ctx;
};

/* Where connecting failed; the steps of jmctl test. */
enum jm_pop3_step {
	JM_POP3_STEP_ACCOUNT,
	JM_POP3_STEP_NAME,
	JM_POP3_STEP_TCP,
	JM_POP3_STEP_TLS,
	JM_POP3_STEP_GREETING,
	JM_POP3_STEP_LOGIN,
	JM_POP3_STEP_READY
};

/* What was found on the way, also when it failed half way. */
struct jm_pop3_peer {
	enum jm_pop3_step step; /* the step that failed, or READY */
	char address[64];       /* that was connected to */
	char greeting[256];     /* printable ASCII */
	char sasl[256];         /* mechanisms of CAPA's SASL line; "" without */
	char answer[256];       /* the server's last line, when login failed */
	bool capa, has_uidl, has_top, has_pipelining, has_user, has_stls;
	char tls[96]; /* "TLSv1.3 / TLS_AES_256_GCM_SHA384"; "" in clear */
	bool has_certificate;
	struct jm_certificate certificate;
	bool untrusted; /* relaxed: the strict check failed, why says how */
	char why[256];
	int64_t name_us, tcp_us, tls_us, login_us; /* what each step took */
};

struct jm_pop3_connection;

/* Once in a process, before threads start. TEMP. */
int jm_pop3_setup(struct jm_err *err) JM_MUST_CHECK;

/*
 * Connect and log in. DENIED: login refused; CONFIG: the account contradicts itself, or the
 * certificate is not trusted or not the pinned one; TEMP: everything else. *peer_r is filled in all
 * cases. *c_r: free with jm_pop3_disconnect(). Any thread.
 */
int jm_pop3_connect(const struct jm_pop3_account *account, struct jm_pop3_connection **c_r,
    struct jm_pop3_peer *peer_r, struct jm_err *err) JM_MUST_CHECK;

/* The wire of a connection, for jm_pop3_session_init(); valid until jm_pop3_disconnect(). */
struct jm_pop3_wire jm_pop3_connection_wire(struct jm_pop3_connection *c);

/* Close without a word. *c becomes NULL; *c NULL is fine. */
void jm_pop3_disconnect(struct jm_pop3_connection **c);

/* "account", "name", "tcp", "tls", "greeting", "login", "ready". Static storage. */
const char *jm_pop3_step_name(enum jm_pop3_step s);

#endif
