/* SPDX-License-Identifier: BSD-2-Clause */
/* Whether a Unix domain socket is still used is found by connecting to it. The caller makes and
 * binds the new one. See socket.h. */
#include "common/base/socket.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

/* Connect to see whether a process uses the socket. Returns 0 when none does, else -1. */
static int require_unused(
    const char *what, const char *path, const struct sockaddr_un *address, struct jm_err *err)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int rc, cause;

	if (fd < 0)
		return jm_err_sys(err, JM_E_TEMP, "%s %s", what, path);
	rc = connect(fd, (const struct sockaddr *)address, sizeof *address);
	cause = rc == 0 ? 0 : errno;
	close(fd);
	switch (cause) {
	case ECONNREFUSED: /* the only proof that no process has it open */
	case ENOENT:
		return 0;
	case 0:
	case EAGAIN:     /* a listener whose backlog is full */
	case EPROTOTYPE: /* a socket of another type, open in a process */
		return jm_err_set(
		    err, JM_E_DENIED, "%s %s: another process listens there", what, path);
	default:
		errno = cause;
		return jm_err_sys(err, JM_E_DENIED,
		    "%s %s: cannot find out whether another process listens there; remove it if "
		    "none does",
		    what, path);
	}
}

int jm_socket_clear(const char *what, const char *path, struct jm_err *err)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	size_t n = strlen(path);
	struct stat st;

	if (n == 0 || n >= sizeof address.sun_path)
		return jm_err_set(err, JM_E_CONFIG,
		    "%s %s: the path has %zu bytes, 1 to %zu are possible", what, path, n,
		    sizeof address.sun_path - 1);
	memcpy(address.sun_path, path, n);
	if (lstat(path, &st) != 0)
		return errno == ENOENT
		    ? 0
		    : jm_err_sys(
			  err, errno == EACCES ? JM_E_DENIED : JM_E_CONFIG, "%s %s", what, path);
	if (!S_ISSOCK(st.st_mode))
		return jm_err_set(err, JM_E_CONFIG,
		    "%s %s: there is a file that is not a socket; move it away or set another "
		    "path",
		    what, path);
	if (require_unused(what, path, &address, err) != 0)
		return -1;
	if (unlink(path) != 0 && errno != ENOENT)
		return jm_err_sys(err, JM_E_DENIED, "%s %s: cannot remove the old one", what, path);
	return 0;
}
