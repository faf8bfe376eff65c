/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The daemon's life: read the settings, become the user, open the archive, listen, serve, drain,
 * close. It never forks: a service manager keeps it in the background. SIGTERM and SIGINT stop it,
 * SIGUSR1 reloads (libmilter owns SIGHUP and takes it for a stop).
 */
#include <errno.h>
#include <getopt.h>
#include <grp.h>
#include <limits.h>
#include <malloc.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/base/io.h"
#include "common/base/log.h"
#include "common/pop3/connect.h"
#include "common/settings/loader.h"
#include "common/settings/default.h"
#include "milter/daemon/collect.h"
#include "milter/daemon/control.h"
#include "milter/daemon/daemon.h"
#include "milter/daemon/document.h"
#include "milter/daemon/kept.h"
#include "milter/daemon/notify.h"
#include "milter/daemon/publisher.h"
#include "milter/daemon/queue.h"
#include "milter/daemon/smtp.h"

#define NAME_BYTES 40 /* of a user, for events */
#define REPORT_BYTES (256u * 1024u)
#define KEEP_BYTES (1024 * 1024) /* of free heap an arena keeps */
#define TICK_MS 200
#define DIRECTORY_MS 1000 /* how often the sources of the directory are looked at */
#define DRAIN_MS 30000    /* for messages that are still coming in when we are told to stop */
#define LINGER_MS 300     /* for the last answers to leave */

struct options {
	const char *settings;
	bool check, foreground;
};

static void usage(FILE *to)
{
	fputs("usage: journal-milter [-c FILE] [-f] [-n] [-V]\n"
	      "  -c FILE  settings (default " JM_SETTINGS_DEFAULT_FILE ")\n"
	      "  -f       log to standard error instead of syslog\n"
	      "  -n       check the settings and exit: 0, or 78 when they are wrong\n"
	      "  -V       print the version and exit\n",
	    to);
}

static int read_options(int argc, char **argv, struct options *o)
{
	int c;

	*o = (struct options){ .settings = JM_SETTINGS_DEFAULT_FILE };
	while ((c = getopt(argc, argv, "c:fnVh")) != -1)
		switch (c) {
		case 'c':
			o->settings = optarg;
			break;
		case 'f':
			o->foreground = true;
			break;
		case 'n':
			o->check = true;
			break;
		case 'V':
			puts("journal-milter " PACKAGE_VERSION);
			exit(EX_OK);
		case 'h':
			usage(stdout);
			exit(EX_OK);
		default:
			usage(stderr);
			return -1;
		}
	if (optind < argc) {
		fprintf(stderr, "journal-milter: unexpected argument \"%s\"\n", argv[optind]);
		usage(stderr);
		return -1;
	}
	return 0;
}

static int exit_code(const struct jm_err *err)
{
	switch (err->kind) {
	case JM_E_CONFIG:
	case JM_E_USAGE:
		return EX_CONFIG;
	case JM_E_NOTFOUND:
		return EX_NOINPUT;
	case JM_E_DENIED:
		return EX_NOPERM;
	case JM_E_CORRUPT:
		return EX_DATAERR;
	case JM_E_TEMP:
	case JM_E_LIMIT:
		return EX_TEMPFAIL;
	default:
		return EX_SOFTWARE;
	}
}

/* Findings go to standard error, where whoever starts us looks, and the first also into the log. */
static int load(const struct options *o, struct jm_settings **s_r)
{
	struct jm_buf report;
	struct jm_err err;
	int rc = EX_OK;

	jm_buf_init(&report, REPORT_BYTES);
	if (jm_settings_load(o->settings, s_r, &report, &err) != 0)
		rc = o->check ? EX_CONFIG : exit_code(&err);
	fputs(jm_buf_str(&report), stderr);
	if (rc != EX_OK && report.len == 0)
		fprintf(stderr, "journal-milter: %s\n", err.text);
	if (rc != EX_OK && !o->check)
		JM_LOG(JM_LOG_ERROR, "settings-wrong", { "file", JM_S(o->settings) },
		    { "error", JM_S(err.text) });
	else if (o->check && rc == EX_OK)
		printf("%s: ok, %zu journal service%s\n", o->settings, (*s_r)->services_n,
		    (*s_r)->services_n == 1 ? "" : "s");
	jm_buf_release(&report);
	return rc;
}

/* While we may still: a folder with the right owner for the archive and for sockets. Existing
 * folders are left as they are. */
static int make_folder(
    const char *path, bool is_file, const struct passwd *owner, struct jm_err *err)
{
	char dir[4096], *slash;
	struct stat st;

	if (strlen(path) >= sizeof dir)
		return jm_err_set(err, JM_E_CONFIG, "path of %zu bytes", strlen(path));
	memcpy(dir, path, strlen(path) + 1);
	slash = strrchr(dir, '/');
	if (is_file && slash && slash != dir)
		*slash = 0;
	if (stat(dir, &st) == 0)
		return 0;
	if (jm_io_mkdirs(dir, 0750, err) != 0)
		return -1;
	if (owner && chown(dir, owner->pw_uid, owner->pw_gid) != 0)
		return jm_err_sys(
		    err, JM_E_TEMP, "cannot give \"%s\" to user %s", dir, owner->pw_name);
	return 0;
}

/* A folder that everybody may read; one that is there stays as it is. That it cannot be made must
 * not keep mail out: the publisher tells. */
static int make_public(const struct jm_settings *s, const struct passwd *owner, struct jm_err *err)
{
	char dir[PATH_MAX];

	if (jm_publisher_folder(s, dir, err) != 0)
		return -1;
	if (access(dir, F_OK) == 0)
		return 0;
	if (make_folder(dir, false, owner, err) != 0)
		JM_LOG(JM_LOG_WARNING, "publish-folder", { "error", JM_S(err->text) });
	else if (chmod(dir, 0755) != 0)
		JM_LOG(JM_LOG_WARNING, "publish-folder", { "directory", JM_S(dir) });
	return 0;
}

static int become_user(const struct jm_settings *s, struct jm_err *err)
{
	const struct passwd *pw = NULL;

	if (s->user && geteuid() == 0) {
		pw = getpwnam(s->user);
		if (!pw)
			return jm_err_set(err, JM_E_CONFIG, "user \"%s\" does not exist", s->user);
	}
	if (make_folder(s->archive_directory, false, pw, err) != 0 ||
	    make_folder(s->control_socket, true, pw, err) != 0 ||
	    (s->publish_interval_s > 0 && make_public(s, pw, err) != 0) ||
	    (strncmp(s->socket, "unix:", 5) == 0 && make_folder(s->socket + 5, true, pw, err) != 0))
		return -1;
	if (pw &&
	    (initgroups(pw->pw_name, pw->pw_gid) != 0 || setgid(pw->pw_gid) != 0 ||
		setuid(pw->pw_uid) != 0))
		return jm_err_sys(err, JM_E_TEMP, "cannot become user %s", s->user);
	return 0;
}

/* libmilter retries accept() in a busy loop when descriptors run out. */
static void raise_descriptor_limit(void)
{
	struct rlimit r;

	if (getrlimit(RLIMIT_NOFILE, &r) != 0)
		return;
	r.rlim_cur = r.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &r) != 0)
		JM_LOG(JM_LOG_WARNING, "descriptor-limit", { "limit", JM_U(r.rlim_cur) });
}

/* For events: who sent a signal. */
static const char *user_name(uid_t uid, char name[NAME_BYTES])
{
	char strings[4096];
	struct passwd pw, *found = NULL;

	if (getpwuid_r(uid, &pw, strings, sizeof strings, &found) == 0 && found)
		snprintf(name, NAME_BYTES, "%s", pw.pw_name);
	else
		snprintf(name, NAME_BYTES, "uid %u", (unsigned)uid);
	return name;
}

static void *keep_time(void *arg)
{
	struct jm_daemon *d = arg;
	char name[NAME_BYTES];
	bool reload = false;
	siginfo_t from;
	const struct timespec tick = { 0, TICK_MS * 1000000L };
	sigset_t usr1;

	sigemptyset(&usr1);
	sigaddset(&usr1, SIGUSR1);
	for (;;) {
		if (sigtimedwait(&usr1, &from, &tick) == SIGUSR1) {
			user_name(from.si_uid, name);
			reload = true;
		}
		if (reload && pthread_mutex_trylock(&d->refreshing) == 0) { /* not while a table is
									       read, nor once the
									       archive is closed */
			jm_daemon_reload(d, name);
			pthread_mutex_unlock(&d->refreshing);
			reload = false;
		}
		if (pthread_mutex_trylock(&d->refreshing) == 0) {
			jm_kept_tick(d);
			pthread_mutex_unlock(&d->refreshing);
		}
		jm_smtp_tick();
		jm_collect_tick(d);
	}
	return NULL;
}

/* A thread of its own, as a large table takes its time. */
static void *keep_directory(void *arg)
{
	for (;;) {
		jm_clock_sleep_ms(DIRECTORY_MS);
		jm_daemon_refresh(arg);
	}
	return NULL;
}

/* No thread waits for these signals yet. Leaving is as good as kill -9, which the archive bears;
 * the next start goes on where this one was. */
static void leave_when_told(void)
{
	sigset_t pending;

	if (sigpending(&pending) != 0 ||
	    !(sigismember(&pending, SIGTERM) || sigismember(&pending, SIGINT) ||
		sigismember(&pending, SIGHUP)))
		return;
	jm_notify("STOPPING=1");
	JM_LOG(JM_LOG_NOTICE, "stopped",
	    { "outcome", JM_S("the catalog is not up to date yet; the next start goes on") });
	_exit(EX_OK);
}

#define TELL_EVERY_MS 1000
#define LOG_EVERY_MS 30000

/* How far the catalog is: made anew in a large archive, that takes minutes in which nothing else
 * can be seen of the daemon. */
static void tell_catalog(void *ctx, uint64_t done_bytes, uint64_t total_bytes)
{
	static int64_t told_ms, logged_ms;
	int64_t now_ms = jm_clock_mono_us() / 1000;
	uint64_t percent = total_bytes > 0
	    ? (uint64_t)((double)done_bytes * 100 / (double)total_bytes)
	    : 100;
	char text[80];

	(void)ctx;
	leave_when_told();
	if (told_ms == 0 || now_ms - told_ms >= TELL_EVERY_MS) {
		snprintf(text, sizeof text, "STATUS=bringing the catalog up to date: %u %%",
		    (unsigned)percent);
		jm_notify(text);
		told_ms = now_ms;
	}
	if (logged_ms == 0) {
		logged_ms = now_ms;
	} else if (now_ms - logged_ms >= LOG_EVERY_MS) {
		JM_LOG(JM_LOG_NOTICE, "catalog-replay", { "percent", JM_U(percent) },
		    { "bytes", JM_U(done_bytes) }, { "of", JM_U(total_bytes) });
		logged_ms = now_ms;
	}
}

static int open_archive(struct jm_daemon *d, struct jm_err *err)
{
	const struct jm_settings *s = d->settings;
	struct jm_archive_options options = {
		.dir = s->archive_directory,
		.volume_size_bytes = s->volume_size_bytes,
		.disk_reserve_bytes = s->disk_reserve_bytes,
		.compression_level = s->compression_level,
		.replayed = tell_catalog,
	};

	d->archive_dir = strdup(s->archive_directory);
	if (!d->archive_dir || asprintf(&d->spool_dir, "%s/spool", s->archive_directory) < 0)
		return jm_err_set(err, JM_E_TEMP, "out of memory");
	if (jm_io_mkdirs(d->spool_dir, 0700, err) != 0)
		return -1;
	d->directory = jm_directory_new();
	if (!d->directory)
		return jm_err_set(err, JM_E_TEMP, "out of memory");
	if (jm_archive_open(&options, &d->archive, err) != 0)
		return -1;
	jm_daemon_refresh(d);
	return 0;
}

/* What to do about a folder that the archive cannot be opened in: the cure behind the error. */
static void advise(const struct jm_settings *s, struct jm_err *err)
{
	const char *dir = s->archive_directory;
	struct jm_err why = *err;
	struct stat st;

	if (stat(dir, &st) != 0 && errno == ENOENT && lstat(dir, &st) == 0)
		jm_err_set(err, JM_E_CONFIG,
		    "the archive directory \"%s\" is a symbolic link to a folder that is not there: mount or make that, or set another directory",
		    dir);
	else if (why.sys == EACCES || why.sys == EPERM)
		jm_err_set(err, JM_E_DENIED,
		    "%.250s; all below the archive directory must belong to the user of the daemon, %s: chown -R that user \"%s\"",
		    why.text, s->user ? s->user : "who started it", dir);
	else if (why.sys == EROFS)
		jm_err_set(err, why.kind,
		    "%.250s; remount it to be written (mount -o remount,rw), and see in the kernel's log whether the disk fails",
		    why.text);
	else if (why.sys == ENOSPC || why.sys == EDQUOT)
		jm_err_set(err, why.kind,
		    "%.250s; make room on the disk of \"%s\": bytes (df -h), inodes (df -i) or quota",
		    why.text, dir);
	else if (why.sys == EMFILE || why.sys == ENFILE)
		jm_err_set(
		    err, why.kind, "%.250s; raise the limit of open files (LimitNOFILE)", why.text);
}

/* Threads of messages still use the archive: it is left open, its log needs no closing. */
static void tell_unfinished(void)
{
	JM_LOG(JM_LOG_WARNING, "stop-unfinished",
	    { "outcome", JM_S("senders of messages still coming in get 4xx and try again") });
}

static int run(struct jm_daemon *d, struct jm_err *err)
{
	struct jm_settings *s = jm_daemon_settings(d); /* those of the start, whatever is in force
							  later */
	struct jm_control *control = NULL;
	pthread_t keeper, directory_keeper;
	int rc = -1;

	if (become_user(s, err) != 0 || open_archive(d, err) != 0) {
		advise(s, err);
		goto out;
	}
	if (jm_collect_start(d, err) != 0)
		goto out;
	if (jm_queue_start(d, err) != 0)
		goto out;
	if (jm_control_start(s->control_socket, d->archive, jm_document_known, d, &control, err) !=
	    0)
		goto out;
	if (jm_smtp_listen(d, s, err) != 0)
		goto out;
	jm_kept_compare(d); /* before there may be a reload */
	if (pthread_create(&keeper, NULL, keep_time, d) != 0 ||
	    pthread_create(&directory_keeper, NULL, keep_directory, d) != 0) {
		jm_err_set(err, JM_E_TEMP, "cannot start a thread");
		goto out;
	}
	JM_LOG(JM_LOG_NOTICE, "ready", { "version", JM_S(PACKAGE_VERSION) },
	    { "socket", JM_S(s->socket) }, { "archive", JM_S(s->archive_directory) },
	    { "services", JM_U(s->services_n) });
	jm_daemon_note(d, "started", NULL, "daemon", NULL, PACKAGE_VERSION);
	if (jm_publisher_start(d, s, err) != 0 || jm_notify_watchdog(d, err) != 0)
		goto out;
	jm_notify("READY=1");
	rc = jm_smtp_serve();
	jm_notify("STOPPING=1");
	if (rc != 0)
		jm_err_set(err, JM_E_TEMP, "libmilter gave up; its reason is in the system log");
	if (!jm_daemon_drain(d, DRAIN_MS)) {
		tell_unfinished();
		goto left_open;
	}
	jm_collect_stop(d); /* before the last word */
	jm_clock_sleep_ms(LINGER_MS);
	jm_daemon_note(d, "stopped", NULL, "daemon", NULL, PACKAGE_VERSION);
out:
	jm_collect_stop(d);
	jm_control_stop(&control);
	jm_queue_stop();
	jm_publisher_stop();
	jm_notify_watchdog_stop();
	pthread_mutex_lock(&d->refreshing); /* for good: refreshing and reloading note events */
	if (d->archive && !jm_daemon_shut(d, DRAIN_MS)) {
		tell_unfinished();
	} else if (d->archive) {
		jm_archive_close(&d->archive);
		jm_kept_end(d);
	}
left_open:
	jm_settings_unref(&s);
	return rc;
}

int main(int argc, char **argv)
{
	static struct jm_daemon d; /* static: session threads may outlive main()'s frame */
	struct jm_settings *settings = NULL;
	struct options o;
	struct jm_err err;
	sigset_t ours;
	int rc;

	if (read_options(argc, argv, &o) != 0)
		return EX_USAGE;
	jm_log_open("journal-milter", o.foreground || o.check);
	rc = load(&o, &settings);
	if (rc != EX_OK || o.check) {
		jm_settings_unref(&settings);
		return rc;
	}
	if (settings->detailed_logging)
		jm_log_set_level(JM_LOG_DEBUG);
	sigemptyset(&ours);
	sigaddset(&ours, SIGUSR1);
	sigaddset(&ours, SIGTERM); /* libmilter waits for these three in a thread of its own; no
				      other thread may get them */
	sigaddset(&ours, SIGINT);
	sigaddset(&ours, SIGHUP);
	pthread_sigmask(SIG_BLOCK, &ours, NULL); /* inherited by every thread; keep_time() waits for
						    SIGUSR1 */
	signal(SIGPIPE, SIG_IGN);
	raise_descriptor_limit();
	mallopt(M_TRIM_THRESHOLD, KEEP_BYTES); /* else each message's buffers go back to the kernel
						  and are faulted in again */
	mallopt(M_TOP_PAD, KEEP_BYTES);
	mallopt(M_MMAP_THRESHOLD, KEEP_BYTES);
	jm_daemon_init(&d, settings);
	if (run(&d, &err) != 0) {
		JM_LOG(JM_LOG_ERROR, "failed", { "error", JM_S(err.text) });
		if (!o.foreground)
			fprintf(stderr, "journal-milter: %s\n", err.text);
		_exit(exit_code(&err));
	}
	JM_LOG(JM_LOG_NOTICE, "stopped", { "archived", JM_U(atomic_load(&d.archived)) },
	    { "deferred", JM_U(atomic_load(&d.deferred)) });
	_exit(EX_OK); /* idle sessions have threads: leave without running their ground away */
}
