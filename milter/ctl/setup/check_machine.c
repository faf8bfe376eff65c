/* SPDX-License-Identifier: BSD-2-Clause */
/* Users, groups and password files as they are now. See check_machine.h. */
#include "milter/ctl/setup/check_machine.h"

#include <errno.h>
#include <grp.h>
#include <limits.h>
#include <pwd.h>
#include <string.h>
#include <sys/stat.h>

#include "common/base/io.h"
#include "common/settings/findings.h"

static void check_accounts(const struct jm_settings *s, struct jm_findings *f)
{
	if (s->user && !getpwnam(s->user))
		jm_findings_error(f, jm_settings_line(s, NULL, "user"),
		    "<user>: there is no user \"%.60s\" on this machine, so the daemon does not "
		    "start; make it: useradd --system --no-create-home %.60s",
		    s->user, s->user);
	if (s->socket_group && strncmp(s->socket, "unix:", 5) == 0 && !getgrnam(s->socket_group))
		jm_findings_error(f, jm_settings_line(s, NULL, "socket-group"),
		    "<socket-group>: there is no group \"%.60s\" on this machine, so the daemon "
		    "does not start; make it: groupadd --system %.60s",
		    s->socket_group, s->socket_group);
}

static void check_password_file(
    const struct jm_settings *s, const struct jm_service *service, struct jm_findings *f)
{
	const char *path = service->pop3.password_file;
	int line = jm_settings_line(s, service, "password-file");
	const struct passwd *pw = s->user ? getpwnam(s->user) : NULL;
	struct stat st;

	if (stat(path, &st) != 0)
		jm_findings_warning(f, line,
		    errno == EACCES
			? "<password-file>: no right to look at \"%.300s\"; check it "
			  "as root"
			: "<password-file>: there is no file \"%.300s\", so mail is not "
			  "fetched; write the password into its first line, mode 0640",
		    path);
	else if (!S_ISREG(st.st_mode))
		jm_findings_warning(f, line, "<password-file>: \"%.300s\" is no plain file", path);
	else if (st.st_mode & S_IROTH)
		jm_findings_warning(f, line,
		    "<password-file>: everybody on this machine can read \"%.300s\", so it is not "
		    "used; chmod o-r %.300s",
		    path, path);
	else if (st.st_size == 0)
		jm_findings_warning(f, line,
		    "<password-file>: \"%.300s\" is empty, so mail is not fetched; write the "
		    "password into its first line",
		    path);
	else if (pw && pw->pw_uid != 0 && !(st.st_uid == pw->pw_uid && (st.st_mode & S_IRUSR)) &&
	    !(st.st_gid == pw->pw_gid && (st.st_mode & S_IRGRP)))
		jm_findings_warning(f, line,
		    "<password-file>: the daemon's user \"%.60s\" cannot read \"%.300s\"; "
		    "chgrp %u %.300s && chmod 0640 %.300s",
		    s->user, path, (unsigned)pw->pw_gid, path, path);
}

/* The status page and node_exporter run as other users. */
static void check_publish(const struct jm_settings *s, struct jm_findings *f)
{
	char above[PATH_MAX];

	if (s->publish_interval_s != 0 && s->publish_directory &&
	    jm_io_closed_above(s->publish_directory, above))
		jm_findings_warning(f, jm_settings_line(s, NULL, "publish"),
		    "<publish>: \"%.300s\" is in \"%.300s\", which is closed to others, so "
		    "journal-milter-web and node_exporter cannot read the published state; "
		    "chmod o+x %.300s",
		    s->publish_directory, above, above);
}

unsigned jm_check_machine(const struct jm_settings *s, struct jm_buf *report, struct jm_err *err)
{
	struct jm_findings f = { .path = s->path, .report = report, .err = err };

	check_accounts(s, &f);
	check_publish(s, &f);
	for (size_t i = 0; i < s->services_n; i++)
		if (s->services[i].transport == JM_TRANSPORT_POP3 && !s->services[i].disabled &&
		    s->services[i].pop3.password_file)
			check_password_file(s, &s->services[i], &f);
	jm_findings_end(&f);
	return f.errors;
}
