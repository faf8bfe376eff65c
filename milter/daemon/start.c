/* SPDX-License-Identifier: BSD-2-Clause */
/* The start up to the open archive. The locks are in common/archive/lock.c. See start.h. */
#include "milter/daemon/start.h"

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/base/io.h"
#include "common/base/log.h"
#include "common/settings/sandbox.h"
#include "milter/daemon/known_end.h"
#include "milter/daemon/notify.h"

#define NOTIFY_MS 1000
#define CATALOG_LOG_MS 30000
#define WAIT_LOG_MS 5000
#define READER_QUIET_MS 1000 /* a reader yields sooner: nothing is logged about it */
#define READER_MS 3000       /* a reader that has not yielded by then is ended */
#define DAEMON_MS 5000       /* another daemon that has not ended by then will not */

/* Times are of the monotonic clock. 0: not yet. The applier's thread may use it after the start. */
struct start {
	atomic_bool over;
	int64_t notified_ms, logged_ms; /* the last progress that was reported */
	int64_t waits_ms;               /* since when for the present process */
	long waits_pid;
};

static int64_t mono_ms(void)
{
	return jm_clock_mono_us() / 1000;
}

/* Exit when a stop was requested: no thread waits for these signals yet. This is like a kill -9,
 * which the archive survives; the next start continues where this one was. */
static void leave_when_told(const char *outcome)
{
	sigset_t pending;

	if (sigpending(&pending) != 0 ||
	    !(sigismember(&pending, SIGTERM) || sigismember(&pending, SIGINT) ||
		sigismember(&pending, SIGHUP)))
		return;
	jm_notify("STOPPING=1");
	JM_LOG(JM_LOG_NOTICE, "stopped", { "outcome", JM_S(outcome) });
	_exit(EX_OK);
}

/* The service manager must not lose patience, whatever TimeoutStartSec somebody has set. */
static void notify_status(struct start *p, const char *status)
{
	char text[256];

	if (p->notified_ms != 0 && mono_ms() - p->notified_ms < NOTIFY_MS)
		return;
	snprintf(text, sizeof text, "EXTEND_TIMEOUT_USEC=60000000\nSTATUS=%s", status);
	jm_notify(text);
	p->notified_ms = mono_ms();
}

/* Report how far the catalog is. To make that of a large archive anew takes minutes, in which the
 * daemon shows nothing else. */
static void report_catalog(void *ctx, uint64_t done_bytes, uint64_t total_bytes)
{
	struct start *p = ctx;
	int64_t now_ms = mono_ms();
	uint64_t percent = total_bytes > 0
	    ? (uint64_t)((double)done_bytes * 100 / (double)total_bytes)
	    : 100;
	char text[80];

	if (!atomic_load(&p->over))
		leave_when_told("the catalog is not up to date yet; the next start continues");
	snprintf(text, sizeof text, "bringing the catalog up to date: %u %%", (unsigned)percent);
	notify_status(p, text);
	if (p->logged_ms == 0) {
		p->logged_ms = now_ms;
	} else if (now_ms - p->logged_ms >= CATALOG_LOG_MS) {
		JM_LOG(JM_LOG_NOTICE, "catalog-replay", { "percent", JM_U(percent) },
		    { "bytes", JM_U(done_bytes) }, { "of", JM_U(total_bytes) });
		p->logged_ms = now_ms;
	}
}

static const char *user_name(const struct jm_archive_user *user)
{
	if (user->kind == JM_USER_DAEMON)
		return "another daemon";
	return *user->what ? user->what : "another program";
}

/* Another process has the archive: see struct jm_archive_options. */
static int report_busy(void *ctx, const struct jm_archive_user *user, struct jm_err *err)
{
	struct start *p = ctx;
	int64_t now_ms = mono_ms(), since_ms;
	bool reads = user->kind == JM_USER_READER;
	char text[160];

	leave_when_told("another process still had the archive");
	if (p->waits_ms == 0 || p->waits_pid != user->pid) {
		p->waits_ms = now_ms;
		p->waits_pid = user->pid;
		p->logged_ms = p->notified_ms = 0;
	}
	since_ms = now_ms - p->waits_ms;
	if (user->kind == JM_USER_DAEMON && since_ms >= DAEMON_MS)
		return jm_err_set(err, JM_E_TEMP,
		    "another daemon (process %ld) has the archive; stop that, or set another "
		    "<directory> in <archive>",
		    user->pid);
	if (reads && since_ms < READER_QUIET_MS)
		return 0;
	snprintf(text, sizeof text, "waiting for the archive: %s (process %ld) has it",
	    user_name(user), user->pid);
	notify_status(p, text);
	if (p->logged_ms == 0 || now_ms - p->logged_ms >= WAIT_LOG_MS) {
		JM_LOG(JM_LOG_NOTICE, "archive-in-use", { "program", JM_S(user_name(user)) },
		    { "pid", JM_I(user->pid) }, { "waited_s", JM_I(since_ms / 1000) });
		p->logged_ms = now_ms;
	}
	return reads && since_ms >= READER_MS;
}

int jm_start_archive(struct jm_daemon *d, const struct jm_settings *s, struct jm_err *err)
{
	static struct start p;
	struct jm_known_end known;
	struct jm_archive_options options = {
		.dir = s->archive_directory,
		.volume_size_bytes = s->volume_size_bytes,
		.disk_reserve_bytes = s->disk_reserve_bytes,
		.compression_level = s->compression_level,
		.pass_loss = true,
		.known_end = jm_known_end_read(s, &known) ? &known : NULL,
		.replayed = report_catalog,
		.user = JM_USER_DAEMON,
		.program = "journal-milter",
		.busy = report_busy,
		.busy_ctx = &p,
		.damage_ctx = &p, /* of replayed */
	};

	d->archive_dir = strdup(s->archive_directory);
	if (!d->archive_dir || asprintf(&d->spool_dir, "%s/spool", s->archive_directory) < 0)
		return jm_err_set(err, JM_E_TEMP, "out of memory");
	if (jm_io_mkdirs(d->spool_dir, 0700, err) != 0)
		return -1;
	if (jm_archive_open(&options, &d->archive, err) != 0)
		return -1;
	atomic_store(&p.over, true);
	return 0;
}

/* ---- a start that fails ---- */

/* The daemon runs in the sandbox of a unit, which seems to keep it from the folder. False: it does
 * not run in a unit, or the folder is one that every unit may use. */
static bool advise_unit(const char *dir, const struct jm_err *cause, struct jm_err *err)
{
	char cure[JM_SANDBOX_CURE_BYTES];
	bool home = jm_sandbox_is_home(dir);
	struct stat st;
	enum jm_sandbox s;

	if (!getenv("INVOCATION_ID") || !(cause->sys == EROFS || home))
		return false;
	s = home ? JM_SANDBOX_HIDDEN : JM_SANDBOX_READ_ONLY;
	jm_err_set(err, cause->sys == EROFS ? cause->kind : JM_E_TEMP,
	    "%.140s; the unit's %s keep%s the daemon from %.40s: %s", cause->text,
	    home ? "ProtectHome" : "ReadWritePaths", home ? "s" : "", dir,
	    jm_sandbox_cure(s, dir, !home && stat(dir, &st) != 0 && errno == ENOENT, cure));
	return true;
}

void jm_start_advise(const struct jm_settings *s, struct jm_err *err)
{
	const char *dir = s->archive_directory;
	struct jm_err cause = *err;
	struct stat st;

	if (stat(dir, &st) != 0 && errno == ENOENT && lstat(dir, &st) == 0)
		jm_err_set(err, JM_E_TEMP,
		    "the archive directory \"%s\" is a symbolic link to a folder that is not "
		    "there: mount or make that, or set another directory",
		    dir);
	else if ((cause.sys == EROFS || cause.sys == EACCES || cause.sys == EPERM ||
		     cause.sys == ENOENT) &&
	    advise_unit(dir, &cause, err))
		;
	else if (cause.sys == EACCES || cause.sys == EPERM)
		jm_err_set(err, JM_E_DENIED,
		    "%.250s; all below the archive directory must belong to the user of the "
		    "daemon, %s: chown -R that user \"%s\"",
		    cause.text, s->user ? s->user : "who started it", dir);
	else if (cause.sys == EROFS)
		jm_err_set(err, cause.kind,
		    "%.250s; remount it to be written (mount -o remount,rw), and see in the "
		    "kernel's log whether the disk fails",
		    cause.text);
	else if (cause.sys == ENOSPC || cause.sys == EDQUOT)
		jm_err_set(err, cause.kind,
		    "%.250s; make room on the disk of \"%s\": bytes (df -h), inodes (df -i) or "
		    "quota",
		    cause.text, dir);
	else if (cause.sys == EMFILE || cause.sys == ENFILE)
		jm_err_set(err, cause.kind, "%.250s; raise the limit of open files (LimitNOFILE)",
		    cause.text);
}

/* The unit starts the daemon again after all of these but EX_USAGE, EX_DATAERR and EX_CONFIG, so
 * these must never be the consequence of a state that passes. */
int jm_start_exit_code(const struct jm_err *err)
{
	switch (err->kind) {
	case JM_E_CONFIG:
	case JM_E_USAGE:
		return EX_CONFIG;
	case JM_E_NOTFOUND:
		return EX_NOINPUT;
	case JM_E_DENIED:
		return EX_NOPERM;
	case JM_E_CORRUPT: /* a disk that cannot be read now may be readable later */
		return err->sys == EIO ? EX_TEMPFAIL : EX_DATAERR;
	case JM_E_TEMP:
	case JM_E_LIMIT:
		return EX_TEMPFAIL;
	default:
		return EX_SOFTWARE;
	}
}
