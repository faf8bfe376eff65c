/* SPDX-License-Identifier: BSD-2-Clause */
/* Doctor: the daemon and its settings. See in_force.h. */
#include "milter/ctl/doctor/in_force.h"

#include <errno.h>
#include <limits.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/base/num.h"
#include "common/control/client.h"
#include "common/settings/default.h"
#include "common/settings/difference.h"
#include "common/settings/loader.h"
#include "common/settings/snapshot.h"
#include "milter/ctl/doctor/run.h"
#include "milter/ctl/doctor/socket_access.h"

#define RELOAD_COMMAND "systemctl reload journal-milter"
#define RESTART_COMMAND "systemctl restart journal-milter"
#define KEPT_NAME "last-settings.xml" /* written by the daemon, a moment after a change */
#define KEPT_PATIENCE_US 2000000
#define PAUSE_MS 250
#define SECONDS_MAX 10

static int connect_inet(const char *text)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM }, *found = NULL;
	const char *colon = strrchr(text, ':');
	char host[256];
	int fd = -1;

	snprintf(host, sizeof host, "%.*s", (int)(colon - text - 5), text + 5);
	errno = EHOSTUNREACH;
	if (getaddrinfo(host, colon + 1, &hints, &found) != 0)
		return -1;
	fd = socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd >= 0 && connect(fd, found->ai_addr, found->ai_addrlen) != 0) {
		close(fd);
		fd = -1;
	}
	freeaddrinfo(found);
	return fd;
}

/* Check that the daemon answers: nothing else matters when it does not. */
static bool check_answers(struct jm_doctor *d)
{
	char text[512], cause[128];
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	int fd = -1;

	jm_doctor_socket(d->settings->socket, text, sizeof text);
	jm_doctor_check(d, "daemon-silent", "the daemon answers at %s", text);
	if (strncmp(text, "unix:", 5) == 0) {
		snprintf(un.sun_path, sizeof un.sun_path, "%s", text + 5);
		fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
		if (fd >= 0 && connect(fd, (const struct sockaddr *)&un, sizeof un) != 0) {
			close(fd);
			fd = -1;
		}
	} else {
		fd = connect_inet(text);
	}
	if (fd >= 0)
		close(fd);
	else if (errno == EACCES && geteuid() != 0)
		jm_doctor_add(d, JM_DOCTOR_SKIP, "daemon-silent", NULL,
		    "%s: only root and the socket's group may ask", text);
	else
		jm_doctor_add(d, JM_DOCTOR_FAIL, "daemon-silent", "systemctl start journal-milter",
		    "nobody answers at %s: %s; reports wait at the sender", text,
		    strerror_r(errno, cause, sizeof cause));
	return fd >= 0;
}

static int take_status(void *ctx, const json_t *object, struct jm_err *err)
{
	(void)err;
	*(json_t **)ctx = json_deep_copy(object);
	return 0;
}

/* The daemon's status. NULL when it cannot be had; the caller owns it. */
static json_t *ask_status(struct jm_doctor *d)
{
	const struct timeval limit = { .tv_sec = SECONDS_MAX };
	struct jm_answer_out out = { .object = take_status };
	json_t *status = NULL, *request = json_pack("{s:s}", "verb", "status");
	struct jm_err err = { JM_E_NONE, 0, "" };
	int fd = -1, rc;

	out.ctx = &status;
	jm_doctor_check(d, "control-silent", "the daemon answers at its control socket %s",
	    d->settings->control_socket);
	rc = jm_client_connect(d->settings->control_socket, &fd, &err);
	if (rc > 0) {
		(void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
		rc = jm_client_ask(fd, request, &out, &err) == 0 ? 1 : -1;
		close(fd);
	}
	if (rc < 0 && err.kind == JM_E_DENIED)
		jm_doctor_add(d, JM_DOCTOR_SKIP, "control-silent", NULL,
		    "%s: run jmctl doctor as root to ask the daemon", err.text);
	else if (rc <= 0)
		jm_doctor_add(d, JM_DOCTOR_FAIL, "control-silent", RESTART_COMMAND,
		    "the daemon does not answer at %s: %s", d->settings->control_socket,
		    rc == 0 ? "nobody listens; it may run with other settings" : err.text);
	json_decref(request);
	return status;
}

struct differences {
	size_t n;
	char text[600];
};

static void take_difference(void *ctx, const char *service, const char *text)
{
	struct differences *all = ctx;
	size_t at = strlen(all->text);

	all->n++;
	snprintf(all->text + at, sizeof all->text - at, "%s%s%s%.200s", at ? "; " : "",
	    service ? service : "", service ? ": " : "", text);
}

/* Services that only one of two settings has. */
static void take_services(const struct jm_settings *one, const struct jm_settings *other,
    const char *what, struct differences *all)
{
	for (size_t i = 0; i < one->services_n; i++) {
		bool found = false;

		for (size_t k = 0; k < other->services_n; k++)
			found = found ||
			    strcmp(one->services[i].email_address,
				other->services[k].email_address) == 0;
		if (!found)
			take_difference(all, one->services[i].email_address, what);
	}
}

/* Compare the settings with those that the daemon kept. -1: it kept none that can be read. */
static int compare_settings(const struct jm_doctor *d, struct differences *all)
{
	struct jm_settings *kept = NULL;
	char path[PATH_MAX];
	struct jm_buf report;
	struct jm_err err;
	int rc = -1;

	*all = (struct differences){ .n = 0 };
	snprintf(path, sizeof path, "%s/" KEPT_NAME, d->settings->archive_directory);
	jm_buf_init(&report, 65536);
	if (jm_settings_load(path, &kept, &report, &err) == 0 &&
	    jm_settings_unmask(kept, d->settings, &err) == 0) {
		jm_settings_differences(kept, d->settings, take_difference, all);
		take_services(kept, d->settings, "was removed", all);
		take_services(d->settings, kept, "is new", all);
		rc = 0;
	}
	jm_settings_unref(&kept);
	jm_buf_release(&report);
	return rc;
}

/* Does the daemon work with these settings? It keeps them a moment after it took them. */
static void check_in_force(struct jm_doctor *d, const json_t *daemon)
{
	int64_t end_us = jm_clock_mono_us() + KEPT_PATIENCE_US;
	const char *socket = json_string_value(json_object_get(daemon, "socket")),
		   *file = json_string_value(json_object_get(daemon, "settings_file"));
	struct differences all;
	char one[PATH_MAX], other[PATH_MAX];
	int rc;

	jm_doctor_check(d, "not-in-force", "the daemon works with the settings in %s", d->config);
	if (file && realpath(file, one) && realpath(d->config, other) && strcmp(one, other) != 0) {
		jm_doctor_add(d, JM_DOCTOR_FAIL, "not-in-force", NULL,
		    "the daemon works with another settings file, %s: name it by --config", file);
		return;
	}
	if (socket && strcmp(socket, d->settings->socket) != 0) {
		jm_doctor_add(d, JM_DOCTOR_FAIL, "not-in-force", RESTART_COMMAND,
		    "the daemon listens at %s, and %s says %s", socket, d->config,
		    d->settings->socket);
		return;
	}
	while (((rc = compare_settings(d, &all)) != 0 || all.n > 0) && jm_clock_mono_us() < end_us)
		jm_clock_sleep_ms(PAUSE_MS);
	if (rc != 0 && geteuid() != 0)
		jm_doctor_add(d, JM_DOCTOR_SKIP, "not-in-force", NULL,
		    "whether the daemon has the settings of %s: only root may read what it kept",
		    d->config);
	else if (rc != 0)
		jm_doctor_add(d, JM_DOCTOR_FAIL, "not-in-force", RESTART_COMMAND,
		    "the daemon has kept no settings in %s: it works with another archive, or was "
		    "never started with this one",
		    d->settings->archive_directory);
	else if (all.n > 0)
		jm_doctor_add(d, JM_DOCTOR_FAIL, "not-in-force", RELOAD_COMMAND,
		    "%s was changed, and the daemon works with the old settings; %zu differ: %s",
		    d->config, all.n, all.text);
}

/* A daemon whose program was replaced runs the old one until it is restarted. */
static void check_program(struct jm_doctor *d, const json_t *daemon)
{
	json_int_t pid = json_integer_value(json_object_get(daemon, "pid"));
	const char *version = json_string_value(json_object_get(daemon, "version"));
	char path[64], target[PATH_MAX];
	ssize_t n;

	snprintf(path, sizeof path, "/proc/%lld/exe", (long long)pid);
	n = readlink(path, target, sizeof target - 1);
	target[n > 0 ? n : 0] = '\0';
	jm_doctor_check(d, "old-program", "the daemon, version %s, runs the installed program",
	    version ? version : "unknown");
	if (strstr(target, " (deleted)") || (version && strcmp(version, PACKAGE_VERSION) != 0))
		jm_doctor_add(d, JM_DOCTOR_WARN, "old-program", RESTART_COMMAND,
		    "the daemon, version %s, is another program than the installed one, version "
		    "%s: it was not restarted after an upgrade",
		    version ? version : "unknown", PACKAGE_VERSION);
}

static void check_services(struct jm_doctor *d, const json_t *status)
{
	const json_t *services = json_object_get(status, "services"), *s;
	size_t i;

	json_array_foreach(services, i, s) {
		const json_t *standing = json_object_get(s, "standing");
		const char *name = json_string_value(json_object_get(s, "email_address")),
			   *state = json_string_value(json_object_get(standing, "status"));

		jm_doctor_check(d, "service-error", "service %s: %s", name ? name : "",
		    state ? state : "unknown");
		if (!state || strcmp(state, "Error") != 0)
			continue;
		jm_doctor_add(d, JM_DOCTOR_FAIL, "service-error",
		    json_string_value(json_object_get(standing, "cure")), "service %s: Error: %s",
		    name, json_string_value(json_object_get(standing, "why")));
	}
}

/* Is a systemd unit started at boot? Nothing is checked where systemd knows no such unit. */
static void check_unit(struct jm_doctor *d, const char *unit, const char *harm)
{
	const char *const argv[] = { "systemctl", "is-enabled", unit, NULL };
	char command[128];
	struct jm_buf out;
	struct jm_err err;

	jm_buf_init(&out, 4096);
	if (jm_doctor_run(argv, &out, NULL, &err) >= 0 && out.len) {
		const char *state = jm_buf_str(&out);

		jm_doctor_check(d, "unit-disabled", "unit %s is started at boot: %.*s", unit,
		    (int)strcspn(state, "\n"), state);
		snprintf(command, sizeof command, "systemctl enable %s", unit);
		if (strncmp(state, "disabled", 8) == 0 || strncmp(state, "masked", 6) == 0)
			jm_doctor_add(d, JM_DOCTOR_WARN, "unit-disabled", command,
			    "unit %s is %.*s: after the next boot %s", unit,
			    (int)strcspn(state, "\n"), state, harm);
	}
	jm_buf_release(&out);
}

/* Has the archive lost something? Names the problem, and what brings it back. */
static void check_damage(struct jm_doctor *d, const json_t *status)
{
	const json_t *damaged = json_object_get(status, "damaged");
	const char *problem = json_string_value(json_array_get(damaged, 0));
	const char *folder = json_string_value(json_object_get(status, "directory"));
	size_t n = json_array_size(damaged);
	char cure[1024], more[60] = "";

	if (!folder)
		folder = d->settings->archive_directory;
	jm_doctor_check(d, "archive-damaged", "the archive in %s has all its records", folder);
	if (n == 0)
		return;
	if (n > 1)
		snprintf(more, sizeof more, " (and %zu more: jmctl status)", n - 1);
	snprintf(cure, sizeof cure,
	    "stop the daemon, keep the present volumes (cp -a %.250s/volumes %.250s/volumes.kept), "
	    "copy the volumes named from a backup to %.250s/volumes, jmctl rebuild, start the "
	    "daemon; without a backup change nothing: what is there stays readable",
	    folder, folder, folder);
	jm_doctor_add(d, JM_DOCTOR_FAIL, "archive-damaged", cure,
	    "the archive has lost records: %s%s", problem ? problem : "see jmctl status", more);
}

void jm_doctor_daemon(struct jm_doctor *d)
{
	const json_t *state, *daemon;
	json_t *status;

	d->group = "daemon";
	if (strcmp(d->config, JM_SETTINGS_DEFAULT_FILE) == 0 &&
	    access("/run/systemd/system", F_OK) == 0) {
		check_unit(d, "journal-milter", "reports wait at the sender");
		if (d->postfix && !d->postfix_given)
			check_unit(d, "postfix", "reports wait at the sender");
	}
	if (!check_answers(d))
		return;
	status = ask_status(d);
	state = json_object_get(status, "daemon");
	daemon = json_object_get(state, "daemon");
	if (daemon) {
		check_in_force(d, daemon);
		check_program(d, daemon);
		check_services(d, state);
	}
	if (status)
		check_damage(d, status);
	json_decref(status);
}
