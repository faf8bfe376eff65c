/* SPDX-License-Identifier: BSD-2-Clause */
/* Parsing of addresses, and the socket. Connections are accepted by libmicrohttpd (serve.c). See
 * listen.h. */
#include "milter/web/listen.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/base/log.h"
#include "common/base/num.h"
#include "common/base/socket.h"

#define BACKLOG 128

union address {
	struct sockaddr any;
	struct sockaddr_in ip4;
	struct sockaddr_in6 ip6;
	struct sockaddr_un un;
};

static int parse_unix_address(
    const char *path, union address *a, socklen_t *n_r, struct jm_err *err)
{
	if (*path != '/' || strlen(path) >= sizeof a->un.sun_path)
		return jm_err_set(err, JM_E_CONFIG,
		    "unix:%s: the path must be absolute and shorter than %zu bytes", path,
		    sizeof a->un.sun_path);
	a->un.sun_family = AF_UNIX;
	memcpy(a->un.sun_path, path, strlen(path) + 1);
	*n_r = sizeof a->un;
	return jm_socket_clear("socket", path, err);
}

static int parse_inet_address(
    const char *where, union address *a, socklen_t *n_r, struct jm_err *err)
{
	const char *colon = strrchr(where, ':');
	size_t n = colon ? (size_t)(colon - where) : 0;
	uint64_t port = 0;
	char host[64];
	bool six;

	if (n == 0 || n >= sizeof host || jm_num_u64(jm_span_str(colon + 1), 1, 65535, &port) != 0)
		return jm_err_set(err, JM_E_CONFIG,
		    "cannot listen at \"%s\": it must be 127.0.0.1:PORT, [::1]:PORT or unix:/PATH",
		    where);
	memcpy(host, where, n);
	host[n] = '\0';
	six = n > 2 && host[0] == '[' && host[n - 1] == ']';
	if (six) {
		host[n - 1] = '\0';
		a->ip6.sin6_family = AF_INET6;
		a->ip6.sin6_port = htons((uint16_t)port);
	} else {
		a->ip4.sin_family = AF_INET;
		a->ip4.sin_port = htons((uint16_t)port);
	}
	if (inet_pton(six ? AF_INET6 : AF_INET, six ? host + 1 : host,
		six ? (void *)&a->ip6.sin6_addr : (void *)&a->ip4.sin_addr) != 1)
		return jm_err_set(err, JM_E_CONFIG,
		    "cannot listen at \"%s\": \"%s\" is no IP address", where, host);
	*n_r = six ? sizeof a->ip6 : sizeof a->ip4;
	if (six ? !IN6_IS_ADDR_LOOPBACK(&a->ip6.sin6_addr)
		: ntohl(a->ip4.sin_addr.s_addr) >> 24 != 127)
		JM_LOG(JM_LOG_WARNING, "not-loopback", { "address", JM_S(where) },
		    { "advice", JM_S("put a proxy with TLS and a login before it") });
	return 0;
}

int jm_web_listen(const char *where, int *fd_r, struct jm_err *err)
{
	union address a = { .any = { .sa_family = AF_UNSPEC } };
	socklen_t n = 0;
	const int on = 1;
	int fd;

	if ((strncmp(where, "unix:", 5) == 0 ? parse_unix_address(where + 5, &a, &n, err)
					     : parse_inet_address(where, &a, &n, err)) != 0)
		return -1;
	fd = socket(a.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return jm_err_sys(err, JM_E_TEMP, "cannot make a socket");
	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0 ||
	    bind(fd, &a.any, n) != 0 || listen(fd, BACKLOG) != 0) {
		jm_err_sys(err, JM_E_TEMP, "cannot listen at %s", where);
		close(fd);
		return -1;
	}
	*fd_r = fd;
	return 0;
}
