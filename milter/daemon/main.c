/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The daemon's life: read the settings, become the user, open the archive, listen, serve, drain,
 * close; and the two threads of housekeeping. It never forks: a service manager keeps it in the
 * background. SIGTERM and SIGINT stop it, SIGUSR1 reloads (libmilter handles SIGHUP as a stop).
 * The work of each part is in its own file.
 */
#include <errno.h>
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

#include "common/archive/archive.h"
#include "common/archive/ticket.h"
#include "common/base/clock.h"
#include "common/base/io.h"
#include "common/base/log.h"
#include "common/base/program.h"
#include "common/base/step.h"
#include "common/base/visible.h"
#include "common/pop3/connect.h"
#include "common/settings/default.h"
#include "common/settings/loader.h"
#include "milter/daemon/clients.h"
#include "milter/daemon/collect.h"
#include "milter/daemon/control.h"
#include "milter/daemon/daemon.h"
#include "milter/daemon/document.h"
#include "milter/daemon/ending.h"
#include "milter/daemon/kept.h"
#include "milter/daemon/notify.h"
#include "milter/daemon/publisher.h"
#include "milter/daemon/queue.h"
#include "milter/daemon/reload.h"
#include "milter/daemon/smtp.h"
#include "milter/daemon/start.h"
#include "milter/daemon/watch.h"

#define REPORT_BYTES (256u * 1024u)
#define KEEP_BYTES (1024 * 1024) /* of free heap an arena keeps */
#define TICK_MS 200
#define DIRECTORY_MS 1000 /* how often the sources of the directory are checked */
#define LINGER_MS 300     /* for the last answers to be sent */

struct options {
	const char *settings;
	bool check, foreground;
};

/* The daemon and its parts. main() owns it; it lives until the process ends. */
struct parts {
	struct jm_daemon daemon;
	struct jm_ending *ending;
	struct jm_smtp *smtp;
	struct jm_queue *queue;
	struct jm_control *control;
	struct jm_publisher *publisher;
	struct jm_watchdog *watchdog;
};

static const char usage[] = "usage: journal-milter [-c FILE] [-f] [-n] [-V]\n"
			    "  -c FILE  settings (default " JM_SETTINGS_DEFAULT_FILE ")\n"
			    "  -f       log to standard error instead of syslog\n"
			    "  -n       check the settings and exit: 0, or 78 when they are wrong\n"
			    "  -V       print the version and exit\n";

/* False when the program is to exit with *status. */
static bool read_daemon_options(int argc, char **argv, struct options *o, int *status)
{
	const struct jm_program_option options[] = {
		{ 'c', NULL, &o->settings },
		{ 'f', &o->foreground, NULL },
		{ 'n', &o->check, NULL },
	};
	const struct jm_program program = { "journal-milter", usage, options,
		sizeof options / sizeof *options };

	*o = (struct options){ .settings = JM_SETTINGS_DEFAULT_FILE };
	return jm_program_options(&program, argc, argv, status);
}

/* Findings go to standard error, for whoever starts the program; the first also goes to the log.
 * Returns the exit status, EX_OK when the settings are right. */
static int load_settings(const struct options *o, struct jm_settings **s_r)
{
	struct jm_buf report;
	struct jm_err err;
	int rc = EX_OK;

	jm_buf_init(&report, REPORT_BYTES);
	if (jm_settings_load(o->settings, s_r, &report, &err) != 0)
		rc = o->check ? EX_CONFIG : jm_start_exit_code(&err);
	jm_visible_put(stderr, jm_buf_str(&report));
	if (rc != EX_OK && report.len == 0)
		jm_program_complain("journal-milter", err.text);
	if (rc != EX_OK && !o->check)
		JM_LOG(JM_LOG_ERROR, "settings-wrong", { "file", JM_S(o->settings) },
		    { "error", JM_S(err.text) });
	else if (o->check && rc == EX_OK) {
		jm_visible_put(stdout, o->settings);
		printf(": ok, %zu journal service%s\n", (*s_r)->services_n,
		    (*s_r)->services_n == 1 ? "" : "s");
	}
	jm_buf_release(&report);
	return rc;
}

/* Make the folder path, or (is_file) the folder that path is in, and give it to owner (NULL: to
 * nobody else), while the process may still do so. An existing folder is left as it is. */
static int make_folder(
    const char *path, bool is_file, const struct passwd *owner, struct jm_err *err)
{
	char dir[4096], *slash;

	if (strlen(path) >= sizeof dir)
		return jm_err_set(err, JM_E_CONFIG, "path of %zu bytes", strlen(path));
	memcpy(dir, path, strlen(path) + 1);
	slash = strrchr(dir, '/');
	if (is_file && slash && slash != dir)
		*slash = 0;
	return jm_io_make_folder(
	    dir, 0750, owner ? owner->pw_uid : (uid_t)-1, owner ? owner->pw_gid : (gid_t)-1, err);
}

/* Make the publish folder, which everybody may read; an existing one is left as it is. A failure
 * must not keep mail out: the publisher reports it again. */
static int make_public(const struct jm_settings *s, const struct passwd *owner, struct jm_err *err)
{
	char dir[PATH_MAX], above[PATH_MAX];

	if (jm_publisher_folder(s, dir, err) != 0)
		return -1;
	if (jm_io_closed_above(dir, above))
		JM_LOG(JM_LOG_WARNING, "publish-folder", { "directory", JM_S(dir) },
		    { "closed", JM_S(above) },
		    { "cure", JM_S("chmod o+x it, or set <publish><directory> elsewhere") });
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
			return jm_err_set(err, JM_E_TEMP, "user \"%s\" does not exist", s->user);
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
	jm_program_forbid_dumps();
	return 0;
}

/* As many as possible: when descriptors run out, libmilter calls accept() in a busy loop. */
static void raise_descriptor_limit(void)
{
	struct rlimit r;

	if (getrlimit(RLIMIT_NOFILE, &r) != 0)
		return;
	r.rlim_cur = r.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &r) != 0)
		JM_LOG(JM_LOG_WARNING, "descriptor-limit", { "limit", JM_U(r.rlim_cur) });
}

/* The keeper's thread. It must never wait for the disk for long: MTAs rely on jm_smtp_tick(). */
static void *keep_time(void *arg)
{
	struct parts *p = arg;
	struct jm_daemon *d = &p->daemon;
	bool reload = false;
	struct jm_peer sender;
	siginfo_t from;
	unsigned step;
	const struct timespec tick = { 0, TICK_MS * 1000000L };
	sigset_t usr1;

	sigemptyset(&usr1);
	sigaddset(&usr1, SIGUSR1);
	for (;;) {
		if (sigtimedwait(&usr1, &from, &tick) == SIGUSR1) {
			sender = (struct jm_peer){ from.si_uid, JM_PEER_UNKNOWN, from.si_pid,
				JM_PEER_UNKNOWN };
			reload = true;
		}
		/* Neither while the directory is read nor once the archive is closed. */
		if (pthread_mutex_trylock(&d->refreshing) == 0) {
			step = jm_step_begin("settings");
			if (reload)
				jm_reload_signalled(d, &sender);
			reload = false;
			jm_kept_tick(d);
			jm_step_end(step);
			pthread_mutex_unlock(&d->refreshing);
		}
		jm_smtp_tick(p->smtp);
		jm_collect_tick(d);
	}
	return NULL;
}

/* A thread of its own, because reading a large table takes long. */
static void *keep_directory(void *arg)
{
	for (;;) {
		jm_clock_sleep_ms(DIRECTORY_MS);
		jm_reload_directory(arg);
	}
	return NULL;
}

/* For the control socket. */
static json_t *answer_known(void *ctx, const json_t *request, const struct jm_peer *peer)
{
	const char *verb = json_string_value(json_object_get(request, "verb"));

	return verb && strcmp(verb, "reload") == 0 ? jm_reload_asked(ctx, request, peer)
						   : jm_document_known(ctx, request);
}

/* Start everything, up to the report that mail may come. On failure the parts that were started are
 * left to stop_parts(). */
static int start_parts(struct parts *p, const struct jm_settings *s, struct jm_err *err)
{
	struct jm_daemon *d = &p->daemon;
	pthread_t keeper, directory_keeper;

	if (become_user(s, err) != 0 || jm_ending_start(&p->ending, err) != 0 ||
	    jm_start_archive(d, s, err) != 0) {
		jm_start_advise(s, err);
		return -1;
	}
	d->clients = jm_clients_new();
	d->directory = jm_directory_new();
	if (!d->clients || !d->directory)
		return jm_err_set(err, JM_E_TEMP, "out of memory");
	jm_reload_directory(d);
	if (jm_watch_start(d, err) != 0 || jm_collect_start(d, err) != 0 ||
	    jm_queue_start(d, &p->queue, err) != 0 ||
	    jm_control_start(s->control_socket, d->archive, answer_known, d, &p->control, err) !=
		0 ||
	    jm_smtp_listen(d, s, &p->smtp, err) != 0)
		return -1;
	jm_archive_started(d->archive);
	jm_reload_compare(d); /* before the keeper can reload */
	if (pthread_create(&keeper, NULL, keep_time, p) != 0 ||
	    pthread_create(&directory_keeper, NULL, keep_directory, d) != 0)
		return jm_err_set(err, JM_E_TEMP, "cannot start a thread");
	JM_LOG(JM_LOG_NOTICE, "ready", { "version", JM_S(PACKAGE_VERSION) },
	    { "socket", JM_S(s->socket) }, { "archive", JM_S(s->archive_directory) },
	    { "services", JM_U(s->services_n) });
	jm_daemon_note(d, "started", NULL, "daemon", NULL, PACKAGE_VERSION);
	if (jm_publisher_start(d, s, &p->publisher, err) != 0 ||
	    jm_notify_watchdog(d->archive, &p->watchdog, err) != 0)
		return -1;
	jm_notify("READY=1");
	return 0;
}

/* Threads of messages still use the archive. It is left open: its log needs no closing. */
static void log_unfinished(void)
{
	JM_LOG(JM_LOG_WARNING, "stop-unfinished",
	    { "outcome", JM_S("senders of messages still coming in get 4xx and try again") });
}

/* Stop what was started, and close the archive. The order is that of daemon.h: locks that are taken
 * here are never given back. */
static void stop_parts(struct parts *p)
{
	struct jm_daemon *d = &p->daemon;

	jm_ending_stop(p->ending);
	jm_ending_await(p->ending, "mailboxes");
	jm_collect_stop(d);
	jm_ending_await(p->ending, "control");
	jm_control_stop(&p->control);
	jm_ending_await(p->ending, "queue");
	jm_queue_stop(&p->queue);
	jm_ending_await(p->ending, "watch");
	jm_watch_stop(d->watch);
	jm_ending_await(p->ending, "publisher");
	jm_publisher_stop(p->publisher);
	jm_ending_await(p->ending, "watchdog");
	jm_notify_watchdog_stop(p->watchdog);
	jm_ending_await(p->ending, "settings");
	pthread_mutex_lock(&d->refreshing);
	jm_ending_await(p->ending, "messages");
	if (d->archive && !jm_daemon_shut(d, JM_SHUT_MS)) {
		log_unfinished();
	} else if (d->archive) {
		jm_ending_await(p->ending, "archive");
		jm_archive_close(&d->archive);
		jm_kept_end(d);
	}
}

static int run_daemon(struct parts *p, struct jm_err *err)
{
	struct jm_daemon *d = &p->daemon;
	struct jm_settings *s = jm_daemon_settings(d); /* of the start, whatever comes into force */
	int rc = start_parts(p, s, err);

	jm_settings_unref(&s);
	if (rc == 0) {
		jm_ending_await(p->ending, "libmilter");
		rc = jm_smtp_serve();
		jm_ending_stop(p->ending);
		jm_notify("STOPPING=1");
		if (rc != 0)
			jm_err_set(
			    err, JM_E_TEMP, "libmilter gave up; its reason is in the system log");
		jm_ending_await(p->ending, "messages");
		if (!jm_daemon_drain(d, JM_DRAIN_MS)) {
			log_unfinished();
			return rc;
		}
		jm_ending_await(p->ending, "mailboxes");
		jm_collect_stop(d); /* so that "stopped" is the last event */
		jm_clock_sleep_ms(LINGER_MS);
		jm_daemon_note(d, "stopped", NULL, "daemon", NULL, PACKAGE_VERSION);
	}
	stop_parts(p);
	return rc;
}

/* Block the signals in every thread that will be started: libmilter waits for the last three in a
 * thread of its own, keep_time() for SIGUSR1. */
static void block_signals(void)
{
	sigset_t ours;

	sigemptyset(&ours);
	sigaddset(&ours, SIGUSR1);
	sigaddset(&ours, SIGTERM);
	sigaddset(&ours, SIGINT);
	sigaddset(&ours, SIGHUP);
	pthread_sigmask(SIG_BLOCK, &ours, NULL);
	signal(SIGPIPE, SIG_IGN);
}

/* Otherwise the buffers of each message are given back to the kernel and faulted in again. */
static void keep_freed_memory(void)
{
	mallopt(M_TRIM_THRESHOLD, KEEP_BYTES);
	mallopt(M_TOP_PAD, KEEP_BYTES);
	mallopt(M_MMAP_THRESHOLD, KEEP_BYTES);
}

int main(int argc, char **argv)
{
	/* Outlives all threads, as main() never returns once there are any. */
	struct parts parts = { .smtp = NULL };
	struct jm_daemon *d = &parts.daemon;
	struct jm_settings *settings = NULL;
	struct options o;
	struct jm_err err;
	int rc;

	if (!read_daemon_options(argc, argv, &o, &rc))
		return rc;
	jm_log_open("journal-milter", o.foreground || o.check);
	rc = load_settings(&o, &settings);
	if (rc != EX_OK || o.check) {
		jm_settings_unref(&settings);
		return rc;
	}
	if (settings->detailed_logging)
		jm_log_set_level(JM_LOG_DEBUG);
	block_signals();
	raise_descriptor_limit();
	keep_freed_memory();
	jm_daemon_init(d, settings);
	if (run_daemon(&parts, &err) != 0) {
		JM_LOG(JM_LOG_ERROR, "failed", { "error", JM_S(err.text) });
		if (!o.foreground)
			jm_program_complain("journal-milter", err.text);
		_exit(jm_start_exit_code(&err));
	}
	JM_LOG(JM_LOG_NOTICE, "stopped", { "archived", JM_U(atomic_load(&d->archived)) },
	    { "deferred", JM_U(atomic_load(&d->deferred)) });
	_exit(EX_OK); /* without the cleaning up of exit(3): threads of idle sessions still run */
}
