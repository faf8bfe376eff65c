/* SPDX-License-Identifier: BSD-2-Clause */
/* Connections by libcurl's CONNECT_ONLY: https for TLS without more, http for the bare socket. See
 * probe.h. */
#include "common/pop3/probe.h"

#include <curl/curl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

#define PROBE_MS 3000

/* Connect to host. NULL when that fails. The caller frees it. */
static CURL *probe(const char *scheme, const char *host, unsigned port)
{
	bool is_v6 = strchr(host, ':') && host[0] != '[';
	CURL *e = curl_easy_init();
	CURLcode rc = CURLE_OK;
	char url[512];
	int n = snprintf(url, sizeof url, "%s://%s%s%s:%u/", scheme, is_v6 ? "[" : "", host,
	    is_v6 ? "]" : "", port);

#define SET(option, value) (rc = rc != CURLE_OK ? rc : curl_easy_setopt(e, option, value))
	if (!e || n < 0 || (size_t)n >= sizeof url)
		rc = CURLE_FAILED_INIT;
	SET(CURLOPT_URL, url);
	SET(CURLOPT_PROTOCOLS_STR, "http,https");
	SET(CURLOPT_CONNECT_ONLY, 1L);
	SET(CURLOPT_PROXY, "");
	SET(CURLOPT_NOSIGNAL, 1L);
	SET(CURLOPT_TIMEOUT_MS, (long)PROBE_MS);
	SET(CURLOPT_SSL_ENABLE_ALPN, 0L);
	SET(CURLOPT_SSL_VERIFYPEER, 0L);
	SET(CURLOPT_SSL_VERIFYHOST, 0L);
#undef SET
	if (rc == CURLE_OK)
		rc = curl_easy_perform(e);
	if (rc == CURLE_OK)
		return e;
	curl_easy_cleanup(e);
	return NULL;
}

bool jm_pop3_probe_tls(const char *host, unsigned port)
{
	CURL *e = probe("https", host, port);

	curl_easy_cleanup(e);
	return e != NULL;
}

bool jm_pop3_probe_clear(const char *host, unsigned port)
{
	CURL *e = probe("http", host, port);
	struct pollfd p = { .events = POLLIN };
	curl_socket_t fd = -1;
	char said[4] = "";
	size_t n = 0;
	bool greets = false;

	if (!e)
		return false;
	if (curl_easy_getinfo(e, CURLINFO_ACTIVESOCKET, &fd) == CURLE_OK && fd >= 0) {
		p.fd = fd;
		greets = poll(&p, 1, PROBE_MS) > 0 &&
		    curl_easy_recv(e, said, sizeof said, &n) == CURLE_OK && n >= 3 &&
		    (memcmp(said, "+OK", 3) == 0 || (n == 4 && memcmp(said, "-ERR", 4) == 0));
	}
	curl_easy_cleanup(e);
	return greets;
}
