/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Connecting by libcurl, the facts about the server, and the wire. Only this file and probe.c
 * include curl/. The commands on the wire are in session.c, listing.c and transfer.c.
 */
#include "common/base/visible.h"
#include "common/pop3/connect.h"

#include <curl/curl.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/base/buf.h"
#include "common/base/clock.h"
#include "common/pop3/probe.h"

#define SLICE_MS 300             /* between two calls of stopped() */
#define GREETING_MS 4000         /* a server without a greeting is asked whether it wants TLS */
#define HEARD_BYTES (64u * 1024) /* cap of the greeting and the answers to CAPA and login */

struct jm_pop3_connection {
	CURL *easy;
	curl_socket_t fd;
	bool (*stopped)(void *ctx);
	void *stopped_ctx;
	int64_t looked_us;                     /* when stopped() was last asked while bytes came */
	struct jm_buf heard;                   /* the server's lines up to and including login */
	struct jm_pop3_peer *peer;             /* NULL unless connecting */
	const struct jm_pop3_account *account; /* of the attempt */
	int64_t begun_us;                      /* the attempt */
	bool probed, wants_tls, not_pop3;      /* what the port speaks */
	char curl_text[CURL_ERROR_SIZE];
	struct jm_secret secret; /* of the account, to be cut out of the server's texts */
};

const char *jm_pop3_step_name(enum jm_pop3_step s)
{
	static const char *const names[] = { "account", "name", "tcp", "tls", "greeting", "login",
		"ready" };

	return (size_t)s < sizeof names / sizeof *names ? names[s] : "unknown";
}

int jm_pop3_setup(struct jm_err *err)
{
	const curl_version_info_data *v;

	if (curl_global_init(CURL_GLOBAL_ALL) != CURLE_OK)
		return jm_err_set(err, JM_E_TEMP, "cannot start libcurl");
	v = curl_version_info(CURLVERSION_NOW);
	/* libcurl with GnuTLS has other verify results and no PEM in CERTINFO */
	if (!v->ssl_version || strncmp(v->ssl_version, "OpenSSL/", 8) != 0)
		return jm_err_set(err, JM_E_CONFIG,
		    "libcurl is built with %s: the OpenSSL build is needed (Debian: libcurl4)",
		    v->ssl_version ? v->ssl_version : "no TLS");
	return 0;
}

static bool is_stopped(const struct jm_pop3_connection *c)
{
	return c->stopped && c->stopped(c->stopped_ctx);
}

static size_t on_header(char *p, size_t size, size_t n, void *ctx)
{
	struct jm_pop3_connection *c = ctx;

	(void)size;
	/* bytes beyond the cap are dropped: capabilities may be missing then, which only makes us
	 * slower */
	if (jm_buf_add(&c->heard, p, n, NULL) != 0)
		return n;
	return n;
}

/* Take TLS version and cipher from libcurl's diagnostic text, the only place that has them. Data
 * and commands (with passwords) are ignored. */
static int on_debug(CURL *easy, curl_infotype type, char *p, size_t n, void *ctx)
{
	static const char head[] = "SSL connection using ";
	struct jm_pop3_connection *c = ctx;
	struct jm_span s = jm_span_of(p, n);

	(void)easy;
	if (type != CURLINFO_TEXT || !c->peer || !jm_span_starts_nocase(s, jm_span_str(head)))
		return 0;
	s = jm_span_sub(s, sizeof head - 1, n);
	s.len = jm_span_index(s, '\n');
	jm_visible_plain(s, c->peer->tls, sizeof c->peer->tls);
	return 0;
}

/* When a server that should greet in clear is silent, ask once whether its port is for TLS. True
 * when it is. */
static bool greets_too_late(struct jm_pop3_connection *c)
{
	curl_off_t connected_us = 0;

	if (!c->peer || c->probed || c->account->security == JM_POP3_POP3S || c->heard.len > 0 ||
	    curl_easy_getinfo(c->easy, CURLINFO_CONNECT_TIME_T, &connected_us) != CURLE_OK ||
	    connected_us == 0 ||
	    jm_clock_mono_us() - c->begun_us < connected_us + GREETING_MS * 1000)
		return false;
	c->probed = true;
	c->wants_tls = jm_pop3_probe_tls(c->account->host, c->account->port);
	return c->wants_tls;
}

/* Is the server's first line of another protocol? libcurl would wait for a greeting after it. */
static bool greets_strangely(struct jm_pop3_connection *c)
{
	if (!c->peer)
		return false;
	c->not_pop3 = c->heard.len > 0 && c->heard.p[0] != '+' && c->heard.p[0] != '-';
	if (c->not_pop3)
		jm_visible_plain(jm_span_sub(jm_buf_span(&c->heard), 0,
				     jm_span_index(jm_buf_span(&c->heard), '\n')),
		    c->peer->greeting, sizeof c->peer->greeting);
	return c->not_pop3;
}

static int on_progress(void *ctx, curl_off_t a, curl_off_t b, curl_off_t d, curl_off_t e)
{
	(void)a, (void)b, (void)d, (void)e;
	return is_stopped(ctx) || greets_too_late(ctx) || greets_strangely(ctx) ? 1 : 0;
}

static size_t on_body(char *p, size_t size, size_t n, void *ctx)
{
	(void)p, (void)size, (void)ctx;
	return n;
}

static void take_capability(struct jm_pop3_peer *p, struct jm_span line)
{
	struct jm_span word = jm_span_sub(line, 0, jm_span_index(line, ' '));

	if (jm_span_eq_nocase(word, jm_span_str("UIDL")))
		p->has_uidl = true;
	else if (jm_span_eq_nocase(word, jm_span_str("TOP")))
		p->has_top = true;
	else if (jm_span_eq_nocase(word, jm_span_str("PIPELINING")))
		p->has_pipelining = true;
	else if (jm_span_eq_nocase(word, jm_span_str("USER")))
		p->has_user = true;
	else if (jm_span_eq_nocase(word, jm_span_str("STLS")))
		p->has_stls = true;
	else if (jm_span_eq_nocase(word, jm_span_str("SASL")))
		jm_visible_plain(
		    jm_span_trim(jm_span_sub(line, word.len, line.len)), p->sasl, sizeof p->sasl);
}

/*
 * Parse the server's lines: the greeting, then status lines and the capabilities between them.
 * After STLS the capabilities are asked for again, and those that came in clear do not count any
 * more (RFC 2595 section 4).
 */
static void read_heard(const struct jm_buf *heard, struct jm_pop3_peer *p)
{
	struct jm_span rest = jm_buf_span(heard);
	bool fresh = true;

	while (rest.len) {
		size_t n = jm_span_index(rest, '\n');
		struct jm_span line = jm_span_sub(rest, 0, n);

		rest = jm_span_sub(rest, n + 1, rest.len);
		if (line.len && line.p[line.len - 1] == '\r')
			line.len--;
		if (line.len == 0)
			continue;
		if (line.p[0] == '+' || line.p[0] == '-') {
			if (!p->greeting[0])
				jm_visible_plain(line, p->greeting, sizeof p->greeting);
			else if (line.len > 2)
				jm_visible_plain(line, p->answer, sizeof p->answer);
			fresh = true;
			continue;
		}
		if (line.p[0] == '.')
			continue;
		if (fresh) {
			p->has_uidl = p->has_top = p->has_pipelining = p->has_user = p->has_stls =
			    false;
			p->sasl[0] = '\0';
			fresh = false;
		}
		p->capa = true;
		take_capability(p, line);
	}
}

static void read_certificate(CURL *easy, struct jm_pop3_peer *p)
{
	struct curl_certinfo *info = NULL;

	if (curl_easy_getinfo(easy, CURLINFO_CERTINFO, &info) != CURLE_OK || !info ||
	    info->num_of_certs < 1)
		return;
	for (const struct curl_slist *e = info->certinfo[0]; e; e = e->next)
		if (strncmp(e->data, "Cert:", 5) == 0 &&
		    jm_certificate_read(jm_span_str(e->data + 5), &p->certificate, NULL) == 0)
			p->has_certificate = true;
}

/* Read the facts of an attempt, of a failed one, too. */
static void read_facts(struct jm_pop3_connection *c, struct jm_pop3_peer *p)
{
	curl_off_t name = 0, tcp = 0, tls = 0, all = 0;
	char *address = NULL;

	read_heard(&c->heard, p);
	read_certificate(c->easy, p);
	if (curl_easy_getinfo(c->easy, CURLINFO_PRIMARY_IP, &address) == CURLE_OK && address)
		jm_visible_plain(jm_span_str(address), p->address, sizeof p->address);
	/* a time that libcurl does not know remains 0 */
	curl_easy_getinfo(c->easy, CURLINFO_NAMELOOKUP_TIME_T, &name);
	curl_easy_getinfo(c->easy, CURLINFO_CONNECT_TIME_T, &tcp);
	curl_easy_getinfo(c->easy, CURLINFO_APPCONNECT_TIME_T, &tls);
	curl_easy_getinfo(c->easy, CURLINFO_TOTAL_TIME_T, &all);
	p->name_us = name;
	p->tcp_us = tcp > name ? tcp - name : 0;
	p->tls_us = tls > tcp && tcp ? tls - tcp : 0;
	p->login_us = all - (tls > tcp ? tls : tcp);
}

/* Which step an error of libcurl belongs to. */
static enum jm_pop3_step failed_step(
    CURLcode rc, const struct jm_pop3_account *a, const struct jm_pop3_peer *p)
{
	switch (rc) {
	case CURLE_COULDNT_RESOLVE_HOST:
		return JM_POP3_STEP_NAME;
	case CURLE_COULDNT_CONNECT:
		return JM_POP3_STEP_TCP;
	case CURLE_SSL_CONNECT_ERROR:
	case CURLE_PEER_FAILED_VERIFICATION:
	case CURLE_USE_SSL_FAILED:
	case CURLE_SSL_CACERT_BADFILE:
	case CURLE_SSL_PINNEDPUBKEYNOTMATCH:
	case CURLE_SSL_INVALIDCERTSTATUS:
		return JM_POP3_STEP_TLS;
	case CURLE_LOGIN_DENIED:
		return JM_POP3_STEP_LOGIN;
	default:
		break;
	}
	if (p->greeting[0] && strncmp(p->greeting, "+OK", 3) != 0)
		return JM_POP3_STEP_GREETING;
	if (p->greeting[0])
		return a->security == JM_POP3_STLS && !p->tls[0] ? JM_POP3_STEP_TLS
								 : JM_POP3_STEP_LOGIN;
	if (a->security == JM_POP3_POP3S && !p->tls[0])
		return p->address[0] ? JM_POP3_STEP_TLS : JM_POP3_STEP_TCP;
	return p->address[0] ? JM_POP3_STEP_GREETING : JM_POP3_STEP_TCP;
}

/* The cause of an untrusted certificate. */
static enum jm_pop3_cause trust_cause(CURL *easy)
{
	static const enum jm_pop3_cause causes[] = {
		[JM_CERTIFICATE_NAME] = JM_POP3_CAUSE_WRONG_NAME,
		[JM_CERTIFICATE_EXPIRED] = JM_POP3_CAUSE_EXPIRED,
		[JM_CERTIFICATE_NOT_YET] = JM_POP3_CAUSE_NOT_YET_VALID,
		[JM_CERTIFICATE_SELF_SIGNED] = JM_POP3_CAUSE_SELF_SIGNED,
		[JM_CERTIFICATE_UNKNOWN_CA] = JM_POP3_CAUSE_UNKNOWN_CA,
		[JM_CERTIFICATE_OTHER] = JM_POP3_CAUSE_CERTIFICATE,
	};
	long result = 0;

	if (curl_easy_getinfo(easy, CURLINFO_SSL_VERIFYRESULT, &result) != CURLE_OK)
		return JM_POP3_CAUSE_CERTIFICATE;
	return causes[jm_certificate_fault(result)];
}

/* The cause of a connection that could not be made. *why_r: the system's words, or 0. */
static enum jm_pop3_cause tcp_cause(CURL *easy, CURLcode rc, int *why_r)
{
	long number = 0;

	if (rc == CURLE_OPERATION_TIMEDOUT)
		return JM_POP3_CAUSE_TIMEOUT;
	if (curl_easy_getinfo(easy, CURLINFO_OS_ERRNO, &number) != CURLE_OK)
		number = 0;
	*why_r = (int)number;
	return number == ETIMEDOUT ? JM_POP3_CAUSE_TIMEOUT
	    : number == EHOSTUNREACH || number == ENETUNREACH || number == EADDRNOTAVAIL
	    ? JM_POP3_CAUSE_UNREACHABLE
	    : JM_POP3_CAUSE_REFUSED;
}

/* The cause of a failure in the steps TLS, greeting and login. */
static enum jm_pop3_cause server_cause(struct jm_pop3_connection *c, CURLcode rc)
{
	const struct jm_pop3_account *a = c->account;
	const struct jm_pop3_peer *p = c->peer;
	bool early = !p->greeting[0] && rc != CURLE_ABORTED_BY_CALLBACK;

	if (early && a->security != JM_POP3_POP3S && !c->probed && rc != CURLE_OPERATION_TIMEDOUT)
		c->wants_tls = jm_pop3_probe_tls(a->host, a->port);
	if (c->not_pop3)
		return JM_POP3_CAUSE_NOT_POP3;
	if (c->wants_tls)
		return JM_POP3_CAUSE_CLEAR_TO_TLS;
	if (rc == CURLE_SSL_CONNECT_ERROR && a->security == JM_POP3_POP3S &&
	    jm_pop3_probe_clear(a->host, a->port))
		return JM_POP3_CAUSE_TLS_TO_CLEAR;
	if (rc == CURLE_USE_SSL_FAILED)
		return JM_POP3_CAUSE_NO_STLS;
	if (rc == CURLE_OPERATION_TIMEDOUT)
		return JM_POP3_CAUSE_SILENT;
	if (p->step == JM_POP3_STEP_TLS)
		return JM_POP3_CAUSE_TLS;
	if (p->step == JM_POP3_STEP_LOGIN && rc == CURLE_LOGIN_DENIED)
		return jm_pop3_cause_login(p->answer, a->bearer != NULL);
	if (!p->greeting[0] || p->step == JM_POP3_STEP_LOGIN)
		return JM_POP3_CAUSE_CUT;
	return strncmp(p->greeting, "-ERR", 4) == 0 ? JM_POP3_CAUSE_TURNED_AWAY
						    : JM_POP3_CAUSE_NOT_POP3;
}

static int64_t connect_timeout_ms(const struct jm_pop3_account *a)
{
	return a->connect_timeout_ms > 0 ? a->connect_timeout_ms : 60000;
}

/* Cut the secret out of the server's texts, once all that they decide is decided. */
static void clean_texts(struct jm_pop3_connection *c)
{
	struct jm_pop3_peer *p = c->peer;
	const struct {
		char *text;
		size_t bytes;
	} texts[] = {
		{ c->curl_text, sizeof c->curl_text },
		{ p->greeting, sizeof p->greeting },
		{ p->sasl, sizeof p->sasl },
		{ p->answer, sizeof p->answer },
		{ p->tls, sizeof p->tls },
		{ p->why, sizeof p->why },
		{ p->certificate.subject, sizeof p->certificate.subject },
		{ p->certificate.issuer, sizeof p->certificate.issuer },
		{ p->certificate.names, sizeof p->certificate.names },
	};

	for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
		jm_secret_clean(&c->secret, texts[i].text, texts[i].bytes);
}

/* The reason in words. Times in libcurl's words differ each time, so they are not used. */
static const char *reason_of(
    const struct jm_pop3_connection *c, CURLcode rc, int number, char text[JM_ERR_TEXT_BYTES])
{
	int64_t timeout_ms = connect_timeout_ms(c->account);
	char words[120];

	if (c->not_pop3)
		return "the server does not greet as POP3 does";
	if (rc == CURLE_ABORTED_BY_CALLBACK && !c->wants_tls)
		return "stopped";
	if (c->peer->cause == JM_POP3_CAUSE_CLEAR_TO_TLS)
		return "the server waits for TLS: mode pop3s (encrypted yes, starttls no)";
	if (c->peer->cause == JM_POP3_CAUSE_TLS_TO_CLEAR)
		return "the server greets in clear, and TLS was to come first";
	if (rc == CURLE_OPERATION_TIMEDOUT)
		snprintf(text, JM_ERR_TEXT_BYTES, "no answer for %lld s",
		    (long long)(timeout_ms / 1000));
	else if (c->peer->step == JM_POP3_STEP_TCP && number)
		snprintf(text, JM_ERR_TEXT_BYTES, "cannot connect: %s",
		    strerror_r(number, words, sizeof words));
	else
		snprintf(text, JM_ERR_TEXT_BYTES, "%s",
		    c->curl_text[0] ? c->curl_text : curl_easy_strerror(rc));
	return text;
}

/* Set step and cause of c->peer, and err, from the result of libcurl. Returns -1. */
static int connect_fail(struct jm_pop3_connection *c, CURLcode rc, struct jm_err *err)
{
	const struct jm_pop3_account *a = c->account;
	struct jm_pop3_peer *p = c->peer;
	char text[JM_ERR_TEXT_BYTES];
	const char *said, *why;
	bool trust = rc == CURLE_PEER_FAILED_VERIFICATION || rc == CURLE_SSL_PINNEDPUBKEYNOTMATCH ||
	    rc == CURLE_SSL_CACERT_BADFILE;
	int number = 0;

	p->step = failed_step(rc, a, p);
	p->cause = rc == CURLE_PEER_FAILED_VERIFICATION ? trust_cause(c->easy)
	    : rc == CURLE_SSL_PINNEDPUBKEYNOTMATCH      ? JM_POP3_CAUSE_PIN
	    : rc == CURLE_SSL_CACERT_BADFILE            ? JM_POP3_CAUSE_CA_FILE
	    : p->step == JM_POP3_STEP_NAME              ? JM_POP3_CAUSE_NAME
	    : p->step == JM_POP3_STEP_TCP               ? tcp_cause(c->easy, rc, &number)
							: server_cause(c, rc);
	if (p->cause == JM_POP3_CAUSE_CLEAR_TO_TLS)
		p->step = JM_POP3_STEP_TLS;
	clean_texts(c);
	why = reason_of(c, rc, number, text);
	said = p->step == JM_POP3_STEP_LOGIN   ? p->answer
	    : p->step == JM_POP3_STEP_GREETING ? p->greeting
					       : "";
	return jm_err_set(err,
	    rc == CURLE_LOGIN_DENIED ? JM_E_DENIED
		: trust              ? JM_E_CONFIG
				     : JM_E_TEMP,
	    "%s failed at %s:%u: %.200s%s%.150s", jm_pop3_step_name(p->step), a->host, a->port, why,
	    said[0] ? ": " : "", said);
}

enum trust { TRUST_STRICT, TRUST_PIN, TRUST_ANY };

/* Set the options of one attempt. sasl: log in only by SASL with a mechanism that we name;
 * otherwise libcurl chooses. */
static CURLcode set_options(
    struct jm_pop3_connection *c, const struct jm_pop3_account *a, enum trust trust, bool sasl)
{
	bool is_v6 = strchr(a->host, ':') && a->host[0] != '[';
	int64_t timeout_ms = connect_timeout_ms(a);
	CURL *e = c->easy;
	char url[512];
	CURLcode rc = CURLE_OK;
	int n;

#define SET(option, value) (rc = rc != CURLE_OK ? rc : curl_easy_setopt(e, option, value))
	n = snprintf(url, sizeof url, "%s://%s%s%s:%u/",
	    a->security == JM_POP3_POP3S ? "pop3s" : "pop3", is_v6 ? "[" : "", a->host,
	    is_v6 ? "]" : "", a->port);
	if (n < 0 || (size_t)n >= sizeof url)
		return CURLE_URL_MALFORMAT;
	SET(CURLOPT_URL, url);
	SET(CURLOPT_PROTOCOLS_STR, "pop3,pop3s");
	SET(CURLOPT_CONNECT_ONLY, 1L);
	SET(CURLOPT_PROXY, ""); /* none from the environment */
	SET(CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
	SET(CURLOPT_NOSIGNAL, 1L);
	SET(CURLOPT_TCP_KEEPALIVE, 1L);
	SET(CURLOPT_CONNECTTIMEOUT_MS, (long)timeout_ms);
	SET(CURLOPT_TIMEOUT_MS, (long)timeout_ms);
	SET(CURLOPT_ERRORBUFFER, c->curl_text);
	SET(CURLOPT_HEADERFUNCTION, on_header);
	SET(CURLOPT_HEADERDATA, c);
	SET(CURLOPT_WRITEFUNCTION, on_body);
	SET(CURLOPT_NOPROGRESS, 0L);
	SET(CURLOPT_XFERINFOFUNCTION, on_progress);
	SET(CURLOPT_XFERINFODATA, c);
	SET(CURLOPT_VERBOSE, 1L);
	SET(CURLOPT_DEBUGFUNCTION, on_debug);
	SET(CURLOPT_DEBUGDATA, c);
	SET(CURLOPT_USERNAME, a->user);
	SET(CURLOPT_SASL_IR, 0L); /* Exchange Online wants XOAUTH2 in two steps */
	if (a->bearer)
		SET(CURLOPT_XOAUTH2_BEARER, a->bearer);
	else
		SET(CURLOPT_PASSWORD, a->password);
	if (sasl)
		SET(CURLOPT_LOGIN_OPTIONS, a->bearer ? "AUTH=XOAUTH2" : "AUTH=PLAIN;AUTH=LOGIN");
	SET(CURLOPT_USE_SSL,
	    (long)(a->security == JM_POP3_CLEAR ? CURLUSESSL_NONE : CURLUSESSL_ALL));
	SET(CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	SET(CURLOPT_CERTINFO, 1L);
	SET(CURLOPT_SSL_VERIFYPEER, trust == TRUST_STRICT ? 1L : 0L);
	SET(CURLOPT_SSL_VERIFYHOST, trust == TRUST_STRICT ? 2L : 0L);
	if (a->ca_file)
		SET(CURLOPT_CAINFO, a->ca_file);
	if (a->pin)
		SET(CURLOPT_PINNEDPUBLICKEY, a->pin);
#undef SET
	return rc;
}

/* Make one attempt on a new handle, c->easy, and read its facts into *p. */
static CURLcode attempt(struct jm_pop3_connection *c, const struct jm_pop3_account *a,
    enum trust trust, bool sasl, struct jm_pop3_peer *p)
{
	CURLcode rc;

	if (c->easy)
		curl_easy_cleanup(c->easy);
	c->easy = curl_easy_init();
	if (!c->easy)
		return CURLE_OUT_OF_MEMORY;
	p->greeting[0] = p->answer[0] = p->sasl[0] = p->tls[0] = p->address[0] = '\0';
	p->capa = p->has_certificate = false;
	jm_buf_reset(&c->heard);
	c->curl_text[0] = '\0';
	c->not_pop3 = false;
	c->account = a;
	c->begun_us = jm_clock_mono_us();
	c->peer = p;
	rc = set_options(c, a, trust, sasl);
	if (rc == CURLE_OK)
		rc = curl_easy_perform(c->easy);
	if (rc == CURLE_OK)
		rc = curl_easy_getinfo(c->easy, CURLINFO_ACTIVESOCKET, &c->fd);
	if (rc == CURLE_OK)
		rc = curl_easy_setopt(c->easy, CURLOPT_VERBOSE, 0L);
	read_facts(c, p);
	return rc;
}

/* Does CAPA offer a password mechanism that is in "AUTH=PLAIN;AUTH=LOGIN"? */
static bool offers_password_sasl(const struct jm_pop3_peer *p)
{
	struct jm_span rest = jm_span_str(p->sasl);

	while (rest.len) {
		size_t n = jm_span_index(rest, ' ');
		struct jm_span word = jm_span_sub(rest, 0, n);

		if (jm_span_eq_nocase(word, jm_span_str("PLAIN")) ||
		    jm_span_eq_nocase(word, jm_span_str("LOGIN")))
			return true;
		rest = jm_span_sub(rest, n + 1, rest.len);
	}
	return false;
}

static CURLcode log_in(struct jm_pop3_connection *c, const struct jm_pop3_account *a,
    enum trust trust, struct jm_pop3_peer *p)
{
	CURLcode rc = attempt(c, a, trust, true, p);

	/* The server offers no mechanism that we named, so no password was sent: try again with
	 * USER and PASS, as old servers need it. */
	if (rc == CURLE_LOGIN_DENIED && !a->bearer && !offers_password_sasl(p))
		rc = attempt(c, a, trust, false, p);
	return rc;
}

static int check_account(const struct jm_pop3_account *a, struct jm_err *err)
{
	if (!a->host || !a->host[0] || !a->user || !a->user[0])
		return jm_err_set(
		    err, JM_E_CONFIG, "a pop3 account needs a host name and a mailbox name");
	if ((a->password != NULL) == (a->bearer != NULL))
		return jm_err_set(
		    err, JM_E_CONFIG, "a pop3 account needs either a password or an access token");
	if (a->security == JM_POP3_CLEAR && !a->allow_clear_login)
		return jm_err_set(err, JM_E_CONFIG,
		    "refusing to log in to %s without TLS: "
		    "nothing would protect the password and the mail",
		    a->host);
	if (a->pin && jm_certificate_check_pin(jm_span_str(a->pin)) != 0)
		return jm_err_set(err, JM_E_CONFIG,
		    "\"%.80s\" is no pin: sha256//, then 32 bytes in base64, is wanted", a->pin);
	for (const char *h = a->host; *h; h++)
		if (strchr("/@?#\\ \t\r\n%", *h))
			return jm_err_set(err, JM_E_CONFIG, "\"%.100s\" is no host name", a->host);
	return 0;
}

int jm_pop3_connect(const struct jm_pop3_account *account, struct jm_pop3_connection **c_r,
    struct jm_pop3_peer *peer_r, struct jm_err *err)
{
	struct jm_pop3_account a = *account;
	struct jm_pop3_connection *c = NULL;
	CURLcode rc;

	*c_r = NULL;
	*peer_r = (struct jm_pop3_peer){ .step = JM_POP3_STEP_ACCOUNT,
		.cause = JM_POP3_CAUSE_SETTINGS };
	if (!a.port)
		a.port = a.security == JM_POP3_POP3S ? 995 : 110;
	if (check_account(&a, err) != 0)
		return -1;
	c = calloc(1, sizeof *c);
	if (!c)
		return jm_err_sys(err, JM_E_TEMP, "cannot connect");
	jm_buf_init(&c->heard, HEARD_BYTES);
	if (jm_secret_init(&c->secret, jm_span_str(a.bearer ? a.bearer : a.password), err) != 0) {
		jm_pop3_disconnect(&c);
		return -1;
	}
	c->stopped = a.stopped;
	c->stopped_ctx = a.stopped_ctx;
	c->account = &a;
	c->peer = peer_r;
	rc = log_in(c, &a, a.relaxed && a.pin ? TRUST_PIN : TRUST_STRICT, peer_r);
	if (rc == CURLE_PEER_FAILED_VERIFICATION && a.relaxed && !a.pin) {
		jm_visible_plain(jm_span_str(c->curl_text), peer_r->why, sizeof peer_r->why);
		peer_r->untrusted = true;
		rc = log_in(c, &a, TRUST_ANY, peer_r);
	}
	if (rc != CURLE_OK) {
		int result = connect_fail(c, rc, err);

		jm_pop3_disconnect(&c);
		return result;
	}
	clean_texts(c);
	c->peer = NULL;
	c->account = NULL;
	peer_r->step = JM_POP3_STEP_READY;
	peer_r->cause = JM_POP3_CAUSE_NONE;
	*c_r = c;
	return 0;
}

void jm_pop3_disconnect(struct jm_pop3_connection **cp)
{
	struct jm_pop3_connection *c = *cp;

	if (!c)
		return;
	if (c->easy)
		curl_easy_cleanup(c->easy);
	jm_buf_release(&c->heard);
	jm_secret_release(&c->secret);
	free(c);
	*cp = NULL;
}

/* Wait until the socket is ready, in slices, so that a stop is noticed soon. 0: ready. */
static int socket_await(struct jm_pop3_connection *c, short events, int64_t timeout_ms,
    enum jm_pop3_fault *fault_r, struct jm_err *err)
{
	int64_t until_us = jm_clock_mono_us() + timeout_ms * 1000;

	for (;;) {
		struct pollfd p = { .fd = c->fd, .events = events };
		int64_t left_ms = (until_us - jm_clock_mono_us()) / 1000;
		int n;

		if (is_stopped(c)) {
			*fault_r = JM_POP3_STOPPED;
			return jm_err_set(err, JM_E_TEMP, "stopped");
		}
		n = poll(&p, 1, left_ms <= 0 ? 0 : left_ms < SLICE_MS ? (int)left_ms : SLICE_MS);
		if (n > 0)
			return 0;
		if (n < 0 && errno != EINTR) {
			*fault_r = JM_POP3_CUT;
			return jm_err_sys(err, JM_E_TEMP, "cannot wait for the pop3 server");
		}
		if (n == 0 && left_ms <= 0) {
			*fault_r = JM_POP3_STALL;
			return jm_err_set(err, JM_E_TEMP,
			    "no answer from the pop3 server for %lld s",
			    (long long)(timeout_ms / 1000));
		}
	}
}

/* Ask stopped() now and then while bytes come: a server that never pauses must not keep us from
 * stopping. */
static bool must_stop(struct jm_pop3_connection *c, enum jm_pop3_fault *fault_r, struct jm_err *err)
{
	int64_t now_us = jm_clock_mono_us();

	if (now_us - c->looked_us < SLICE_MS * 1000)
		return false;
	c->looked_us = now_us;
	if (!is_stopped(c))
		return false;
	*fault_r = JM_POP3_STOPPED;
	jm_err_set(err, JM_E_TEMP, "stopped");
	return true;
}

static ssize_t wire_recv(void *ctx, void *p, size_t n, int64_t timeout_ms,
    enum jm_pop3_fault *fault_r, struct jm_err *err)
{
	struct jm_pop3_connection *c = ctx;

	for (;;) {
		size_t got = 0;
		CURLcode rc = curl_easy_recv(c->easy, p, n, &got);

		if (rc == CURLE_OK && !must_stop(c, fault_r, err))
			return (ssize_t)got;
		if (rc == CURLE_OK)
			return -1;
		if (rc != CURLE_AGAIN) {
			*fault_r = JM_POP3_CUT;
			return jm_err_set(
			    err, JM_E_TEMP, "the connection broke: %s", curl_easy_strerror(rc));
		}
		if (socket_await(c, POLLIN, timeout_ms, fault_r, err) != 0)
			return -1;
	}
}

static int wire_send(void *ctx, const void *p, size_t n, int64_t timeout_ms,
    enum jm_pop3_fault *fault_r, struct jm_err *err)
{
	struct jm_pop3_connection *c = ctx;
	const char *at = p;

	while (n) {
		size_t sent = 0;
		CURLcode rc = curl_easy_send(c->easy, at, n, &sent);

		at += sent;
		n -= sent;
		if (rc == CURLE_AGAIN) {
			if (socket_await(c, POLLOUT, timeout_ms, fault_r, err) != 0)
				return -1;
		} else if (rc != CURLE_OK) {
			*fault_r = JM_POP3_CUT;
			return jm_err_set(
			    err, JM_E_TEMP, "the connection broke: %s", curl_easy_strerror(rc));
		}
	}
	return 0;
}

struct jm_pop3_wire jm_pop3_connection_wire(struct jm_pop3_connection *c)
{
	return (struct jm_pop3_wire){ wire_recv, wire_send, c, &c->secret };
}
