/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Connecting to a mailbox: name, TCP, TLS or STLS, CAPA and login by libcurl's CONNECT_ONLY; then
 * the bytes as a jm_pop3_wire.
 *
 * libcurl is used for nothing else: its own RETR reports a cut message as whole, and it reconnects
 * between commands. Passwords are sent only through TLS, unless the account explicitly allows
 * otherwise.
 */
#ifndef JM_POP3_CONNECT_H
#define JM_POP3_CONNECT_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/certificate.h"
#include "common/base/err.h"
#include "common/pop3/cause.h"
#include "common/pop3/session.h"

enum jm_pop3_security {
	JM_POP3_POP3S, /* TLS from the first byte */
	JM_POP3_STLS,  /* RFC 2595; without STLS there is no login */
	JM_POP3_CLEAR, /* nothing is protected; needs allow_clear_login */
};

/* Strings are borrowed for the call; NULL: not set. Time-outs of 0 mean the default. */
struct jm_pop3_account {
	const char *host; /* name or IP address */
	unsigned port;    /* 0: 995 for POP3S, otherwise 110 */
	const char *user;
	/* either a password or an OAuth 2.0 access token, which is sent by XOAUTH2 in two steps */
	const char *password;
	const char *bearer;
	enum jm_pop3_security security;
	/* when the strict check of the certificate fails: continue, and report the reason and the
	 * certificate */
	bool relaxed;
	const char *ca_file; /* trusted roots; NULL: the system's */
	/* "sha256//BASE64": accept only a certificate with this public key; with relaxed, check
	 * this instead of the certificate's chain and name */
	const char *pin;
	bool allow_clear_login;
	int64_t connect_timeout_ms; /* name, TCP, TLS and login together; default 60 s */
	/* May be NULL. Asked at least twice a second, also while waiting for bytes. */
	bool (*stopped)(void *ctx);
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

/* The facts found on the way, also when connecting failed. Texts are printable ASCII, and the
 * account's password or token is cut out of them. */
struct jm_pop3_peer {
	enum jm_pop3_step step; /* the step that failed, or READY */
	enum jm_pop3_cause cause;
	char address[64]; /* IP address of the server */
	char greeting[256];
	char sasl[256];   /* mechanisms of CAPA's SASL line; "": there is no such line */
	char answer[256]; /* the server's last line, when login failed */
	bool capa, has_uidl, has_top, has_pipelining, has_user, has_stls;
	char tls[96]; /* "TLSv1.3 / TLS_AES_256_GCM_SHA384"; "": no TLS */
	bool has_certificate;
	struct jm_certificate certificate;
	bool untrusted; /* with relaxed: the strict check failed; why has the reason */
	char why[256];
	int64_t name_us, tcp_us, tls_us, login_us; /* the time that each step took */
};

struct jm_pop3_connection;

/* Initialise libcurl: once in a process, before threads start. TEMP; CONFIG when libcurl was not
 * built with OpenSSL. */
int jm_pop3_setup(struct jm_err *err) JM_MUST_CHECK;

/*
 * Connect and log in. DENIED: the login was refused; CONFIG: the account contradicts itself, or the
 * certificate is not trusted or not the pinned one; TEMP: all other errors. *peer_r is filled in
 * all cases. *c_r is freed by jm_pop3_disconnect(); NULL after an error. Any thread; one thread per
 * connection.
 */
int jm_pop3_connect(const struct jm_pop3_account *account, struct jm_pop3_connection **c_r,
    struct jm_pop3_peer *peer_r, struct jm_err *err) JM_MUST_CHECK;

/* The wire of a connection, for jm_pop3_session_init(); valid until jm_pop3_disconnect(). */
struct jm_pop3_wire jm_pop3_connection_wire(struct jm_pop3_connection *c);

/* Close the connection without QUIT. *c becomes NULL; it may be NULL already. */
void jm_pop3_disconnect(struct jm_pop3_connection **c);

/* "account", "name", "tcp", "tls", "greeting", "login", "ready". Static. */
const char *jm_pop3_step_name(enum jm_pop3_step s);

#endif
