/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Requests and their answers. Everything is read-only and there is no login: whoever can connect
 * may read all of it, so the listening address decides who may. See serve.h.
 */
#include "milter/web/serve.h"

#include <microhttpd.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/base/visible.h"
#include "common/publish/metrics.h"
#include "milter/web/host.h"
#include "milter/web/page.h"
#include "milter/web/published.h"
#include "milter/web/style.h"

#define CONNECTIONS 64
#define IDLE_S 5 /* seconds without a byte after which a connection is closed */
#define TOTAL_US \
	(20 * INT64_C(1000000)) /* from accept to the last byte, however busy the client looks */
#define CONNECTION_BYTES 16384  /* a request's head and what is read at a time */

struct jm_server {
	struct MHD_Daemon *daemon;
	const char *folder; /* borrowed */
	const char *names;  /* borrowed, or NULL */
	char own[256];      /* the name of this machine; "": not known */
	int64_t stale_s;
	pthread_mutex_t lock; /* guards open: the server's thread and jm_server_tick() use it */
	struct {
		int fd; /* -1: this place is free */
		int64_t since_us;
	} open[CONNECTIONS];
};

struct answer {
	unsigned code;
	const char *type;
	struct jm_buf body;
	bool tables; /* the request asks for open tables */
};

#define PLAIN "text/plain; charset=utf-8"
#define HTML "text/html; charset=utf-8"

static void answer_text(struct answer *a, unsigned code, const char *text)
{
	struct jm_err err;
	char line[4096];

	a->code = code;
	a->type = PLAIN;
	jm_buf_reset(&a->body);
	jm_visible_line(text, line, sizeof line);
	if (jm_buf_printf(&a->body, &err, "%s\n", line) != 0)
		a->code = MHD_HTTP_INTERNAL_SERVER_ERROR;
}

static void answer_page(struct answer *a, const struct jm_published *s)
{
	struct jm_err err;

	jm_buf_release(&a->body);
	a->type = HTML;
	a->code = s->document ? MHD_HTTP_OK : MHD_HTTP_SERVICE_UNAVAILABLE;
	if (jm_page_write(s, a->tables, &a->body, &err) != 0)
		answer_text(a, MHD_HTTP_INTERNAL_SERVER_ERROR, err.text);
}

static void answer_metrics(struct answer *a, const struct jm_published *s)
{
	struct jm_err err;

	a->type = "text/plain; version=0.0.4; charset=utf-8";
	if (!s->document)
		answer_text(a, MHD_HTTP_SERVICE_UNAVAILABLE, s->trouble);
	else if (jm_figures_metrics(s->document, &a->body, &err) != 0)
		answer_text(a, MHD_HTTP_INTERNAL_SERVER_ERROR, err.text);
}

static void answer_api(struct answer *a, const struct jm_published *s)
{
	struct jm_err err;

	a->type = "application/json";
	if (!s->document)
		answer_text(a, MHD_HTTP_SERVICE_UNAVAILABLE, s->trouble);
	else if (jm_buf_add(&a->body, s->text, s->text_n, &err) != 0)
		answer_text(a, MHD_HTTP_INTERNAL_SERVER_ERROR, err.text);
}

static void answer_health(struct answer *a, const struct jm_published *s)
{
	answer_text(a, *s->trouble ? MHD_HTTP_SERVICE_UNAVAILABLE : MHD_HTTP_OK,
	    *s->trouble ? s->trouble : "ok");
}

static void answer_style(struct answer *a, const struct jm_published *s)
{
	struct jm_err err;

	(void)s;
	a->type = "text/css; charset=utf-8";
	if (jm_buf_add(&a->body, jm_style, strlen(jm_style), &err) != 0)
		answer_text(a, MHD_HTTP_INTERNAL_SERVER_ERROR, err.text);
}

static void answer_absent(struct answer *a)
{
	struct jm_err err;

	jm_buf_release(&a->body);
	a->type = HTML;
	a->code = MHD_HTTP_NOT_FOUND;
	if (jm_page_write_absent(&a->body, &err) != 0)
		answer_text(a, MHD_HTTP_INTERNAL_SERVER_ERROR, err.text);
}

static const struct {
	const char *path;
	void (*answer)(struct answer *a, const struct jm_published *s);
} places[] = {
	{ "/", answer_page },
	{ "/metrics", answer_metrics },
	{ "/api/status", answer_api },
	{ "/healthz", answer_health },
	{ "/style.css", answer_style },
};

static void find_answer(const struct jm_server *server, const char *url, struct answer *a)
{
	struct jm_published s;

	for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
		if (strcmp(places[i].path, url) != 0)
			continue;
		jm_published_read(&s, server->folder, server->stale_s);
		places[i].answer(a, &s);
		jm_published_release(&s);
		return;
	}
	answer_absent(a);
}

/* Queue the answer. The response takes over the memory of the body. */
static enum MHD_Result send_answer(struct MHD_Connection *c, struct answer *a)
{
	static const char *const headers[][2] = {
		{ "Cache-Control", "no-store" },
		{ "X-Content-Type-Options", "nosniff" },
		{ "Referrer-Policy", "no-referrer" },
		{ "X-Frame-Options", "DENY" },
		{ "Cross-Origin-Resource-Policy", "same-origin" },
		{ "Content-Security-Policy",
		    "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; "
		    "frame-ancestors 'none'" },
	};
	struct MHD_Response *r = MHD_create_response_from_buffer(
	    a->body.len, a->body.p, MHD_RESPMEM_MUST_FREE);
	enum MHD_Result rc;

	if (!r) {
		jm_buf_release(&a->body);
		return MHD_NO;
	}
	rc = MHD_add_response_header(r, "Content-Type", a->type);
	for (size_t i = 0; i < sizeof headers / sizeof headers[0]; i++)
		if (MHD_add_response_header(r, headers[i][0], headers[i][1]) != MHD_YES)
			rc = MHD_NO;
	/* One request per connection, so that TOTAL_US limits each request. */
	if (MHD_add_response_header(r, "Connection", "close") != MHD_YES)
		rc = MHD_NO;
	if (a->code == MHD_HTTP_METHOD_NOT_ALLOWED &&
	    MHD_add_response_header(r, "Allow", "GET, HEAD") != MHD_YES)
		rc = MHD_NO;
	if (rc == MHD_YES)
		rc = MHD_queue_response(c, a->code, r);
	MHD_destroy_response(r);
	return rc;
}

/* The fields Host of a request. */
struct asked {
	const char *host;
	unsigned n;
};

static enum MHD_Result count_host(
    void *ctx, enum MHD_ValueKind kind, const char *key, const char *value)
{
	struct asked *k = ctx;

	(void)kind;
	if (jm_span_eq_nocase(jm_span_str(key), jm_span_str("host"))) {
		k->host = value;
		k->n++;
	}
	return MHD_YES;
}

/* Was this server asked by a name of its own? Otherwise the answer says so. */
static bool check_host(const struct jm_server *s, struct MHD_Connection *c, struct answer *a)
{
	struct asked k = { NULL, 0 };
	char text[600];

	MHD_get_connection_values(c, MHD_HEADER_KIND, count_host, &k);
	if (k.n != 1 || !k.host) {
		answer_text(a, MHD_HTTP_BAD_REQUEST, "a request has one field Host");
		return false;
	}
	if (jm_host_may_ask(k.host, s->own, s->names))
		return true;
	snprintf(text, sizeof text,
	    "\"%.256s\" is no name of this server; if it should be one, start journal-milter-web "
	    "with -n and that name",
	    k.host);
	answer_text(a, MHD_HTTP_MISDIRECTED_REQUEST, text);
	return false;
}

static enum MHD_Result on_request(void *ctx, struct MHD_Connection *c, const char *url,
    const char *method, const char *version, const char *data, size_t *data_n, void **request)
{
	struct answer a = { .code = MHD_HTTP_OK, .type = PLAIN };
	bool reads = strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0;

	(void)version;
	(void)data;
	if (reads && !*request) { /* the first call: only the head has been read */
		*request = ctx;   /* any value but NULL */
		return MHD_YES;
	}
	if (reads && *data_n > 0) {
		*data_n = 0; /* ignore the body */
		return MHD_YES;
	}
	jm_buf_init(&a.body, JM_PAGE_BYTES);
	a.tables = MHD_lookup_connection_value(c, MHD_GET_ARGUMENT_KIND, "values") != NULL;
	if (!check_host(ctx, c, &a))
		return send_answer(c, &a);
	if (reads)
		find_answer(ctx, url, &a);
	else
		answer_text(&a, MHD_HTTP_METHOD_NOT_ALLOWED, "read only");
	return send_answer(c, &a);
}

/* Keep the list of open connections. At the end of one, this is called before its socket is
 * closed. */
static void on_connection(
    void *ctx, struct MHD_Connection *c, void **own, enum MHD_ConnectionNotificationCode what)
{
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(
	    c, MHD_CONNECTION_INFO_CONNECTION_FD);
	struct jm_server *s = ctx;
	bool begins = what == MHD_CONNECTION_NOTIFY_STARTED;

	(void)own;
	if (!info)
		return;
	pthread_mutex_lock(&s->lock);
	for (size_t i = 0; i < CONNECTIONS; i++)
		if (s->open[i].fd == (begins ? -1 : info->connect_fd)) {
			s->open[i].fd = begins ? info->connect_fd : -1;
			s->open[i].since_us = jm_clock_mono_us();
			break;
		}
	pthread_mutex_unlock(&s->lock);
}

void jm_server_tick(struct jm_server *s)
{
	int64_t now_us = jm_clock_mono_us();

	pthread_mutex_lock(&s->lock);
	for (size_t i = 0; i < CONNECTIONS; i++)
		if (s->open[i].fd >= 0 && now_us - s->open[i].since_us > TOTAL_US)
			/* libmicrohttpd sees the end of it and closes it. */
			shutdown(s->open[i].fd, SHUT_RDWR);
	pthread_mutex_unlock(&s->lock);
}

struct jm_server *jm_server_start(int fd, const char *folder, int64_t stale_s, const char *names)
{
	struct jm_server *s = calloc(1, sizeof *s);

	if (!s)
		return NULL;
	s->folder = folder;
	s->stale_s = stale_s;
	s->names = names;
	if (gethostname(s->own, sizeof s->own - 1) != 0)
		s->own[0] = '\0';
	pthread_mutex_init(&s->lock, NULL);
	for (size_t i = 0; i < CONNECTIONS; i++)
		s->open[i].fd = -1;
	s->daemon = MHD_start_daemon(MHD_USE_EPOLL_INTERNAL_THREAD, 0, NULL, NULL, on_request, s,
	    MHD_OPTION_LISTEN_SOCKET, fd, MHD_OPTION_CONNECTION_LIMIT, (unsigned)CONNECTIONS,
	    MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)IDLE_S, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
	    (size_t)CONNECTION_BYTES, MHD_OPTION_NOTIFY_CONNECTION, on_connection, s,
	    MHD_OPTION_END);
	if (!s->daemon) {
		free(s);
		return NULL;
	}
	return s;
}

void jm_server_stop(struct jm_server *s)
{
	MHD_stop_daemon(s->daemon);
	free(s);
}
