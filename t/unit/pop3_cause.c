/* SPDX-License-Identifier: BSD-2-Clause */
/* Each cause has a cure of its own, without advice that is for SMTP; what the words of servers
 * mean. */
#include "common/pop3/cause.h"

#include <errno.h>

#include "t/lib/tap.h"

static void check_cures(void)
{
	static const char *const smtp[] = { "MTA", "Postfix", "SMTP", "connector", "journal rule",
		"sender" };

	tap_ok(!jm_pop3_cure(JM_POP3_CAUSE_NONE), "without a cause there is nothing to cure");
	for (int c = JM_POP3_CAUSE_SETTINGS; c <= JM_POP3_CAUSE_HERE; c++) {
		const char *cure = jm_pop3_cure((enum jm_pop3_cause)c);
		bool good = cure && *cure;

		for (int other = c + 1; good && other <= JM_POP3_CAUSE_HERE; other++)
			good = strcmp(cure, jm_pop3_cure((enum jm_pop3_cause)other)) != 0;
		for (size_t i = 0; good && i < sizeof smtp / sizeof smtp[0]; i++)
			good = !strstr(cure, smtp[i]);
		tap_ok(good && strlen(cure) < 240, "cause %d: \"%s\"", c, cure ? cure : "");
	}
	tap_ok(!jm_pop3_cure((enum jm_pop3_cause)(JM_POP3_CAUSE_HERE + 1)), "and that are all");
}

static void check_logins(void)
{
	static const struct {
		const char *answer;
		bool bearer;
		enum jm_pop3_cause cause;
	} rows[] = {
		{ "-ERR [AUTH] Authentication failed.", false, JM_POP3_CAUSE_LOGIN },
		{ "-ERR Logon failure: unknown user name or bad password.", false,
		    JM_POP3_CAUSE_LOGIN },
		{ "-ERR Authentication failure", true, JM_POP3_CAUSE_TOKEN },
		{ "-ERR [IN-USE] Couldn't open INBOX", false, JM_POP3_CAUSE_IN_USE },
		{ "-ERR [in-use] busy", true, JM_POP3_CAUSE_IN_USE },
		{ "-ERR maildrop already locked", false, JM_POP3_CAUSE_IN_USE },
		{ "-ERR [LOGIN-DELAY] minimum time", false, JM_POP3_CAUSE_LOGIN_DELAY },
		{ "-ERR [SYS/TEMP] try later", false, JM_POP3_CAUSE_SERVER },
		{ "", false, JM_POP3_CAUSE_LOGIN },
	};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		tap_ok(jm_pop3_cause_login(rows[i].answer, rows[i].bearer) == rows[i].cause,
		    "login: %s", rows[i].answer);
}

int main(void)
{
	static const struct {
		int sys;
		enum jm_pop3_cause cause;
	} here[] = { { ENOSPC, JM_POP3_CAUSE_DISK_FULL }, { EDQUOT, JM_POP3_CAUSE_DISK_FULL },
		{ EACCES, JM_POP3_CAUSE_PERMISSION }, { EROFS, JM_POP3_CAUSE_PERMISSION },
		{ ENOMEM, JM_POP3_CAUSE_MEMORY }, { 0, JM_POP3_CAUSE_HERE } };

	check_cures();
	check_logins();
	for (size_t i = 0; i < sizeof here / sizeof here[0]; i++) {
		const struct jm_err err = { .kind = JM_E_TEMP, .sys = here[i].sys };

		tap_ok(jm_pop3_cause_here(&err) == here[i].cause, "errno %d here", here[i].sys);
	}
	tap_ok(jm_pop3_cause_command(JM_POP3_CUT, JM_POP3_CAUSE_QUIT) == JM_POP3_CAUSE_CUT &&
		jm_pop3_cause_command(JM_POP3_STALL, JM_POP3_CAUSE_QUIT) == JM_POP3_CAUSE_STALL &&
		jm_pop3_cause_command(JM_POP3_REFUSED, JM_POP3_CAUSE_QUIT) == JM_POP3_CAUSE_QUIT,
	    "a command that was cut off, not answered, refused");
	return tap_done();
}
