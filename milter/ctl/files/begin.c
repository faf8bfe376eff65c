/* SPDX-License-Identifier: BSD-2-Clause */
/* A new archive. See begin.h. */
#include "milter/ctl/files/begin.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "milter/ctl/cli/confirm.h"
#include "milter/ctl/cli/quote.h"
#include "milter/ctl/files/folder.h"
#include "milter/ctl/files/owner.h"

#define COMMAND_BYTES 280u /* more does not fit into an error */
#define DIR_BYTES 120u     /* nor does a longer name beside it */
#define MODE 0750          /* that of the daemon: its group may use the control socket */

void jm_begin_command(struct jm_buf *command, int argc, char **argv)
{
	int rc;

	jm_buf_init(command, COMMAND_BYTES);
	rc = jm_buf_printf(command, NULL, "jmctl %s --yes", argv[0]);
	for (int i = 1; rc == 0 && i < argc; i++) {
		rc = jm_buf_add_byte(command, ' ', NULL);
		if (rc == 0)
			rc = jm_ctl_quote(command, argv[i], NULL);
	}
	if (rc != 0)
		jm_buf_reset(command);
}

static int ask(const char *dir, const struct jm_buf *command, struct jm_err *err)
{
	char question[4400];

	if (jm_ctl_can_ask()) {
		snprintf(
		    question, sizeof question, "There is no archive in %s. Begin one there?", dir);
		if (jm_ctl_confirm(question))
			return 0;
		return jm_err_set(err, JM_E_NOTFOUND, "there is no archive in \"%s\"", dir);
	}
	if (command->len == 0 || strlen(dir) > DIR_BYTES)
		return jm_err_set(err, JM_E_NOTFOUND,
		    "there is no archive in \"%.200s\"; the same command with --yes begins one "
		    "there",
		    dir);
	return jm_err_set(err, JM_E_NOTFOUND,
	    "there is no archive in \"%s\"; this begins one there: %s", dir, jm_buf_str(command));
}

int jm_begin_folder(const struct jm_target *t, const char *verb, bool yes,
    const struct jm_buf *command, struct jm_err *err)
{
	char *dir = NULL;
	int rc = -1;

	if (jm_target_archive(t, &dir, err) == 0 && jm_folder_outside(dir, false, err) == 0 &&
	    jm_owner_check(t, verb, dir, err) == 0 && (yes || ask(dir, command, err) == 0))
		rc = jm_owner_make_folder(t, verb, dir, MODE, err);
	free(dir);
	return rc;
}
