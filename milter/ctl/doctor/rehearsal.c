/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Doctor: an SMTP session by libcurl, which does greeting, EHLO and STARTTLS; then commands are
 * sent over its connection. See rehearsal.h.
 */
#include "milter/ctl/doctor/rehearsal.h"

#include <curl/curl.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/base/span.h"
#include "common/base/visible.h"
#include "common/service/probe_name.h"

#define CONNECT_MS 12000L /* postscreen answers after 6 s */
#define ANSWER_US 10000000
#define HEARD_BYTES 65536

struct jm_probe_session {
	CURL *easy;
	curl_socket_t fd;
	struct jm_buf heard; /* the server's lines up to the answer to EHLO */
	struct jm_probe *probe;
};

static void put_text(char *out, size_t n, struct jm_span s)
{
	while (s.len && (s.p[s.len - 1] == '\r' || s.p[s.len - 1] == '\n'))
		s.len--;
	jm_visible_plain(s, out, n);
}

static size_t on_header(char *p, size_t size, size_t n, void *ctx)
{
	struct jm_probe_session *s = ctx;

	(void)size;
	put_text(s->probe->last, sizeof s->probe->last, jm_span_of(p, n));
	if (!s->probe->greeting[0])
		put_text(s->probe->greeting, sizeof s->probe->greeting, jm_span_of(p, n));
	if (jm_buf_add(&s->heard, p, n, NULL) != 0)
		return n; /* what does not fit is not needed */
	return n;
}

/* The TLS version is only in libcurl's diagnostic text. */
static int on_debug(CURL *easy, curl_infotype type, char *p, size_t n, void *ctx)
{
	static const char head[] = "SSL connection using ";
	struct jm_probe_session *s = ctx;
	struct jm_span text = jm_span_of(p, n);

	(void)easy;
	if (type != CURLINFO_TEXT || !jm_span_starts_nocase(text, jm_span_str(head)))
		return 0;
	text = jm_span_sub(text, sizeof head - 1, n);
	text.len = jm_span_index(text, ' ');
	put_text(s->probe->tls, sizeof s->probe->tls, text);
	return 0;
}

static size_t on_body(char *p, size_t size, size_t n, void *ctx)
{
	(void)p, (void)size, (void)ctx;
	return n;
}

/* The keywords of EHLO. After STARTTLS they come again; STARTTLS itself only before. */
static void read_offers(struct jm_probe *p)
{
	struct jm_span rest = jm_buf_span(&p->session->heard), line;

	while (rest.len) {
		size_t n = jm_span_index(rest, '\n');

		line = jm_span_sub(rest, 0, n);
		rest = jm_span_sub(rest, n + 1, rest.len);
		if (line.len < 5 || memcmp(line.p, "250", 3) != 0)
			continue;
		line = jm_span_sub(line, 4, line.len);
		p->starttls = p->starttls || jm_span_starts_nocase(line, jm_span_str("STARTTLS"));
		p->xclient = p->xclient || jm_span_starts_nocase(line, jm_span_str("XCLIENT "));
		p->login = p->login || jm_span_starts_nocase(line, jm_span_str("AUTH "));
	}
}

static void read_certificate(CURL *easy, struct jm_probe *p)
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

static CURLcode set_options(
    struct jm_probe_session *s, const char *host, unsigned port, bool wrapped)
{
	bool is_v6 = strchr(host, ':') != NULL;
	char url[256];
	CURLcode rc = CURLE_OK;

#define SET(option, value) (rc = rc != CURLE_OK ? rc : curl_easy_setopt(s->easy, option, value))
	snprintf(url, sizeof url, "%s://%s%.60s%s:%u/%s", wrapped ? "smtps" : "smtp",
	    is_v6 ? "[" : "", host, is_v6 ? "]" : "", port, JM_PROBE_NAME);
	SET(CURLOPT_URL, url);
	SET(CURLOPT_PROTOCOLS_STR, "smtp,smtps");
	SET(CURLOPT_CONNECT_ONLY, 1L);
	SET(CURLOPT_PROXY, "");
	SET(CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
	SET(CURLOPT_NOSIGNAL, 1L);
	SET(CURLOPT_TIMEOUT_MS, CONNECT_MS);
	SET(CURLOPT_HEADERFUNCTION, on_header);
	SET(CURLOPT_HEADERDATA, s);
	SET(CURLOPT_WRITEFUNCTION, on_body);
	SET(CURLOPT_VERBOSE, 1L);
	SET(CURLOPT_DEBUGFUNCTION, on_debug);
	SET(CURLOPT_DEBUGDATA, s);
	SET(CURLOPT_USE_SSL, (long)CURLUSESSL_TRY);
	SET(CURLOPT_CERTINFO, 1L);
	SET(CURLOPT_SSL_VERIFYPEER, 0L); /* the certificate is judged by the checks */
	SET(CURLOPT_SSL_VERIFYHOST, 0L);
#undef SET
	return rc;
}

int jm_probe_open(
    struct jm_probe *p, const char *host, unsigned port, bool wrapped, struct jm_err *err)
{
	struct jm_probe_session *s = calloc(1, sizeof *s);
	int64_t from_us = jm_clock_mono_us();
	const char *local = NULL;
	char *given = NULL;
	CURLcode rc;

	*p = (struct jm_probe){ .session = s };
	if (!s || !(s->easy = curl_easy_init()))
		return jm_err_set(err, JM_E_TEMP, "out of memory");
	s->probe = p;
	s->fd = CURL_SOCKET_BAD;
	jm_buf_init(&s->heard, HEARD_BYTES);
	rc = set_options(s, host, port, wrapped);
	if (rc == CURLE_OK)
		rc = curl_easy_perform(s->easy);
	p->took_ms = (jm_clock_mono_us() - from_us) / 1000;
	read_offers(p);
	read_certificate(s->easy, p);
	if (curl_easy_getinfo(s->easy, CURLINFO_LOCAL_IP, &given) == CURLE_OK)
		local = given;
	put_text(p->local, sizeof p->local, jm_span_str(local ? local : ""));
	if (rc == CURLE_OK)
		rc = curl_easy_getinfo(s->easy, CURLINFO_ACTIVESOCKET, &s->fd);
	if (rc == CURLE_OK)
		return 0;
	s->fd = CURL_SOCKET_BAD;
	return jm_err_set(err, JM_E_TEMP, "%s", curl_easy_strerror(rc));
}

static bool wait_for(const struct jm_probe_session *s, short events, int64_t end_us)
{
	struct pollfd pfd = { s->fd, events, 0 };
	int64_t left_us = end_us - jm_clock_mono_us();

	return left_us > 0 && poll(&pfd, 1, (int)(left_us / 1000) + 1) > 0;
}

static int send_line(struct jm_probe_session *s, const char *line, int64_t end_us)
{
	size_t n = strlen(line), sent = 0, done;

	while (sent < n) {
		CURLcode rc = curl_easy_send(s->easy, line + sent, n - sent, &done);

		if (rc == CURLE_OK)
			sent += done;
		else if (rc != CURLE_AGAIN || !wait_for(s, POLLOUT, end_us))
			return -1;
	}
	return 0;
}

/* Read a reply: its lines are "250-text", the last one "250 text". */
static int read_reply(struct jm_probe_session *s, char *answer, int64_t end_us)
{
	char text[4096];
	size_t n = 0, got, at;

	while (n < sizeof text - 1) {
		CURLcode rc = curl_easy_recv(s->easy, text + n, sizeof text - 1 - n, &got);

		if (rc == CURLE_AGAIN && wait_for(s, POLLIN, end_us))
			continue;
		if (rc != CURLE_OK || got == 0)
			return -1;
		n += got;
		text[n] = '\0';
		if (text[n - 1] != '\n')
			continue;
		for (at = n - 1; at > 0 && text[at - 1] != '\n'; at--)
			;
		if (n - at < 4 || text[at + 3] == '-')
			continue;
		put_text(answer, JM_PROBE_TEXT_BYTES, jm_span_of(text + at, n - at));
		return (int)strtol(text + at, NULL, 10);
	}
	return -1;
}

int jm_probe_say(struct jm_probe *p, char *answer, const char *fmt, ...)
{
	int64_t end_us = jm_clock_mono_us() + ANSWER_US;
	struct jm_probe_session *s = p->session;
	char line[1024];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(line, sizeof line - 2, fmt, ap);
	va_end(ap);
	answer[0] = '\0';
	if (!s || s->fd == CURL_SOCKET_BAD || n < 0 || (size_t)n >= sizeof line - 2 ||
	    strpbrk(line, "\r\n"))
		return -1;
	memcpy(line + n, "\r\n", 3);
	if (send_line(s, line, end_us) == 0)
		n = read_reply(s, answer, end_us);
	else
		n = -1;
	if (n < 0)
		s->fd = CURL_SOCKET_BAD;
	return n;
}

void jm_probe_close(struct jm_probe *p)
{
	char answer[JM_PROBE_TEXT_BYTES];

	if (!p->session)
		return;
	(void)jm_probe_say(p, answer, "QUIT");
	curl_easy_cleanup(p->session->easy);
	jm_buf_release(&p->session->heard);
	free(p->session);
	p->session = NULL;
}
