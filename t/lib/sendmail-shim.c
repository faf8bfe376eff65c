/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Preloaded into a private Sendmail: its log lines, which it gives only to syslog(3), go to the
 * file $SYSLOG_FILE, and it finds a host name with a dot, without which it sleeps for a minute at
 * each start.
 */
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <syslog.h>
#include <unistd.h>

int gethostname(char *name, size_t n);
void __vsyslog_chk(int priority, int flag, const char *fmt, va_list ap);
void __syslog_chk(int priority, int flag, const char *fmt, ...);

static char path[512];

/* Sendmail clears its environment before the first line is logged. */
__attribute__((constructor)) static void shim_init(void)
{
	const char *p = getenv("SYSLOG_FILE");

	if (p)
		snprintf(path, sizeof path, "%s", p);
}

static void put(const char *fmt, va_list ap)
{
	char line[2048];
	int head = snprintf(line, sizeof line, "[%d]: ", (int)getpid());
	int n = vsnprintf(line + head, sizeof line - (size_t)head - 1, fmt, ap);
	int fd = path[0] ? open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644) : -1;

	if (fd < 0)
		return;
	n = n < 0 ? head : n + head < (int)sizeof line - 2 ? n + head : (int)sizeof line - 2;
	line[n++] = '\n';
	if (write(fd, line, (size_t)n) < 0)
		line[0] = 0; /* there is nowhere to report it */
	close(fd);
}

int gethostname(char *name, size_t n)
{
	snprintf(name, n, "mx.example.com");
	return 0;
}

void openlog(const char *ident, int option, int facility)
{
	(void)ident;
	(void)option;
	(void)facility;
}

void closelog(void)
{
}

void vsyslog(int priority, const char *fmt, va_list ap)
{
	(void)priority;
	put(fmt, ap);
}

void syslog(int priority, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsyslog(priority, fmt, ap);
	va_end(ap);
}

void __vsyslog_chk(int priority, int flag, const char *fmt, va_list ap)
{
	(void)flag;
	vsyslog(priority, fmt, ap);
}

void __syslog_chk(int priority, int flag, const char *fmt, ...)
{
	va_list ap;

	(void)flag;
	va_start(ap, fmt);
	vsyslog(priority, fmt, ap);
	va_end(ap);
}
