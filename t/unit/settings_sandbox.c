/* SPDX-License-Identifier: BSD-2-Clause */
/* Which folders the daemon can write to, by the settings of its systemd unit, and the commands that
 * change that. The unit is the one that is installed. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/io.h"
#include "common/settings/sandbox.h"
#include "t/lib/tap.h"

#define UNIT "contrib/systemd/journal-milter.service"

static const char *const names[] = { "open", "read-only", "hidden", "private" };

static void judge(const char *unit, const char *dir, enum jm_sandbox want)
{
	enum jm_sandbox got = jm_sandbox_judge(jm_span_str(unit), dir);

	tap_is_str(names[got], names[want], "%s is %s by %.60s", dir, names[want], unit);
}

static void test_installed(void)
{
	static const struct {
		const char *dir;
		enum jm_sandbox want;
	} cases[] = { { "/var/lib/journal-milter", JM_SANDBOX_OPEN },
		{ "/var/lib/journal-milter/archive", JM_SANDBOX_OPEN },
		{ "/run/journal-milter", JM_SANDBOX_OPEN },
		{ "/var/lib/journal-milter-2", JM_SANDBOX_READ_ONLY },
		{ "/srv/archive", JM_SANDBOX_READ_ONLY }, { "/", JM_SANDBOX_READ_ONLY },
		{ "/home/archive", JM_SANDBOX_HIDDEN }, { "/root", JM_SANDBOX_HIDDEN },
		{ "/homes/archive", JM_SANDBOX_READ_ONLY },
		{ "/run/user/1000/x", JM_SANDBOX_HIDDEN }, { "/tmp/archive", JM_SANDBOX_PRIVATE },
		{ "/var/tmp/archive", JM_SANDBOX_PRIVATE } };
	unsigned char *p = NULL;
	struct jm_err err;
	size_t n = 0;

	if (!tap_ok(jm_io_read_file(UNIT, 65536, &p, &n, &err) == 0, "the unit is there"))
		return;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		tap_is_str(names[jm_sandbox_judge(jm_span_of(p, n), cases[i].dir)],
		    names[cases[i].want], "the installed unit: %s is %s", cases[i].dir,
		    names[cases[i].want]);
	free(p);
}

static void test_settings(void)
{
	judge("", "/srv/a", JM_SANDBOX_OPEN);
	judge("ProtectSystem=full\n", "/etc/a", JM_SANDBOX_READ_ONLY);
	judge("ProtectSystem=yes\n", "/etc/a", JM_SANDBOX_OPEN);
	judge("ProtectSystem=yes\n", "/usr/a", JM_SANDBOX_READ_ONLY);
	judge("ProtectSystem=strict\nReadWritePaths=-/x /srv\n", "/srv/a", JM_SANDBOX_OPEN);
	judge("ProtectSystem=strict\nReadWritePaths=/x\nReadWritePaths=/srv/\n", "/srv/a",
	    JM_SANDBOX_OPEN);
	judge("ProtectSystem=strict\nReadWritePaths=/srv\nReadWritePaths=\n", "/srv/a",
	    JM_SANDBOX_READ_ONLY);
	judge("ProtectSystem=strict\nReadWritePaths=/srv\nReadOnlyPaths=/srv/a\n", "/srv/a",
	    JM_SANDBOX_READ_ONLY);
	judge(
	    "ProtectSystem=strict\nReadWritePaths=\"/srv/a b\"\n", "/srv/c", JM_SANDBOX_READ_ONLY);
	judge("ProtectHome=yes\nReadWritePaths=/home/a\n", "/home/a", JM_SANDBOX_HIDDEN);
	judge("ProtectHome=yes\nBindPaths=/home/a\n", "/home/a", JM_SANDBOX_HIDDEN);
	judge(
	    "ProtectHome=yes\nProtectHome=tmpfs\nBindPaths=/home/a\n", "/home/a", JM_SANDBOX_OPEN);
	judge("ProtectSystem=strict\nProtectHome=no\n", "/home/a", JM_SANDBOX_OPEN);
	judge("ProtectHome=read-only\n", "/home/a", JM_SANDBOX_READ_ONLY);
	judge("TemporaryFileSystem=/srv:ro\n", "/srv/a", JM_SANDBOX_HIDDEN);
	judge("TemporaryFileSystem=/srv:ro\nBindPaths=/srv/a:/srv/a:rbind\n", "/srv/a",
	    JM_SANDBOX_OPEN);
	judge("InaccessiblePaths=/srv\n", "/srv/a", JM_SANDBOX_HIDDEN);
	judge("PrivateTmp=no\n", "/tmp/a", JM_SANDBOX_OPEN);
}

/* A cure is what is in the unit afterwards. */
static void test_cures(void)
{
	static const struct {
		enum jm_sandbox state;
		const char *dir, *want;
	} cases[] = {
		{ JM_SANDBOX_READ_ONLY, "/srv/archive",
		    "printf '[Service]\\nReadWritePaths=%s\\n' /srv/archive >> " },
		{ JM_SANDBOX_HIDDEN, "/home/archive",
		    "printf '[Service]\\nProtectHome=tmpfs\\nBindPaths=%s\\n' /home/archive >> " },
		{ JM_SANDBOX_HIDDEN, "/srv/archive",
		    "printf '[Service]\\nBindPaths=%s\\n' /srv/archive >> " },
		{ JM_SANDBOX_READ_ONLY, "/srv/a b", "' '\"/srv/a b\"' >> " },
		{ JM_SANDBOX_READ_ONLY, "/srv/100%", "' '/srv/100%%' >> " },
		{ JM_SANDBOX_READ_ONLY, "/srv/a'b", "' '\"/srv/a'\\''b\"' >> " },
		{ JM_SANDBOX_PRIVATE, "/tmp/archive", "not in /tmp" },
	};
	char text[JM_SANDBOX_CURE_BYTES];

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		jm_sandbox_cure(cases[i].state, cases[i].dir, false, text);
		tap_ok(strstr(text, cases[i].want) && !strstr(text, "install -d"),
		    "the cure for %s: %s", cases[i].dir, text);
	}
	tap_ok(strstr(jm_sandbox_cure(JM_SANDBOX_READ_ONLY, "/srv/a b", true, text),
		   "-g journal-milter '/srv/a b' && mkdir -p " JM_UNIT_FOLDER " && "),
	    "a folder that is missing is made, too");
	tap_is_str(jm_sandbox_cure(JM_SANDBOX_OPEN, "/srv", true, text), "", "no cure for open");
}

int main(void)
{
	test_installed();
	test_settings();
	test_cures();
	return tap_done();
}
