/* SPDX-License-Identifier: BSD-2-Clause */
/* Asking the DNS. See dns.h. */
#include "milter/ctl/cli/dns.h"

#include <arpa/inet.h>
#include <arpa/nameser.h>
#include <netdb.h>
#include <netinet/in.h>
#include <resolv.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "common/base/num.h"

#define ANSWER_BYTES 65535
#define TIMEOUT_S 3
#define TRIES 2

static int take_server(struct __res_state *state, const char *server, struct jm_err *err)
{
	struct sockaddr_in *a = &state->nsaddr_list[0];
	char host[64];
	const char *colon = strchr(server, ':');
	size_t n = colon ? (size_t)(colon - server) : strlen(server);
	uint64_t port = NAMESERVER_PORT;

	snprintf(host, sizeof host, "%.*s", (int)n, server);
	*a = (struct sockaddr_in){ .sin_family = AF_INET };
	if (n >= sizeof host || inet_pton(AF_INET, host, &a->sin_addr) != 1 ||
	    (colon && jm_num_u64(jm_span_str(colon + 1), 1, 65535, &port) != 0))
		return jm_err_set(err, JM_E_USAGE,
		    "--server \"%.60s\" is no IPv4 address with or without a port", server);
	a->sin_port = htons((uint16_t)port);
	state->nscount = 1;
	return 0;
}

/* Append the character strings of a record, joined as RFC 7208 3.3 does. */
static int add_record(const ns_rr *rr, struct jm_buf *texts, struct jm_err *err)
{
	struct jm_span rest = jm_span_of(ns_rr_rdata(*rr), ns_rr_rdlen(*rr));

	while (rest.len) {
		size_t n = rest.p[0];

		if (jm_buf_add_span(texts, jm_span_sub(rest, 1, n), err) != 0)
			return -1;
		rest = jm_span_sub(rest, 1 + n, rest.len);
	}
	return jm_buf_add_byte(texts, '\n', err);
}

int jm_dns_texts(struct jm_span answer, struct jm_buf *texts, struct jm_err *err)
{
	int found = 0;
	ns_msg message;
	ns_rr rr;

	if (answer.len > ANSWER_BYTES || ns_initparse(answer.p, (int)answer.len, &message) != 0)
		return jm_err_set(err, JM_E_TEMP, "the name server's answer is damaged");
	for (int i = 0; i < ns_msg_count(message, ns_s_an); i++) {
		if (ns_parserr(&message, ns_s_an, i, &rr) != 0)
			return jm_err_set(err, JM_E_TEMP, "the name server's answer is damaged");
		if (ns_rr_type(rr) != ns_t_txt)
			continue; /* a CNAME that led here */
		if (add_record(&rr, texts, err) != 0)
			return -1;
		found = 1;
	}
	return found;
}

int jm_dns_txt(const char *name, const char *server, struct jm_buf *texts, struct jm_err *err)
{
	static unsigned char answer[ANSWER_BYTES];
	struct __res_state state = { .nscount = 0 };
	int n, rc = -1;

	jm_buf_reset(texts);
	if (res_ninit(&state) != 0)
		return jm_err_set(err, JM_E_TEMP, "cannot read /etc/resolv.conf");
	if (server && take_server(&state, server, err) != 0)
		goto out;
	state.retrans = TIMEOUT_S;
	state.retry = TRIES;
	n = res_nquery(&state, name, ns_c_in, ns_t_txt, answer, sizeof answer);
	if (n >= 0)
		rc = jm_dns_texts(jm_span_of(answer, (size_t)n), texts, err);
	else if (state.res_h_errno == HOST_NOT_FOUND || state.res_h_errno == NO_DATA)
		rc = 0;
	else
		jm_err_set(err, JM_E_TEMP, "no name server gave an answer for %.200s: %s", name,
		    hstrerror(state.res_h_errno));
out:
	res_nclose(&state);
	return rc;
}

static bool has_type(const unsigned char *answer, int n, int type)
{
	ns_msg message;
	ns_rr rr;

	if (ns_initparse(answer, n, &message) != 0)
		return false;
	for (int i = 0; i < ns_msg_count(message, ns_s_an); i++)
		if (ns_parserr(&message, ns_s_an, i, &rr) == 0 && (int)ns_rr_type(rr) == type)
			return true;
	return false;
}

int jm_dns_address(const char *name, const char *server, struct jm_err *err)
{
	static const int types[] = { ns_t_a, ns_t_aaaa, ns_t_mx };
	static unsigned char answer[ANSWER_BYTES];
	struct __res_state state = { .nscount = 0 };
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM }, *found = NULL;
	int n, rc = 0;

	if (!server && getaddrinfo(name, NULL, &hints, &found) == 0) {
		freeaddrinfo(found);
		return 1;
	}
	if (res_ninit(&state) != 0)
		return jm_err_set(err, JM_E_TEMP, "cannot read /etc/resolv.conf");
	if (server && take_server(&state, server, err) != 0)
		rc = -1;
	state.retrans = TIMEOUT_S;
	state.retry = TRIES;
	for (size_t i = 0; rc == 0 && i < sizeof types / sizeof types[0]; i++) {
		n = res_nquery(&state, name, ns_c_in, types[i], answer, sizeof answer);
		if (n >= 0)
			rc = has_type(answer, n, types[i]) ? 1 : 0;
		else if (state.res_h_errno != HOST_NOT_FOUND && state.res_h_errno != NO_DATA)
			rc = jm_err_set(err, JM_E_TEMP,
			    "no name server gave an answer for %.200s: %s", name,
			    hstrerror(state.res_h_errno));
	}
	res_nclose(&state);
	return rc;
}
