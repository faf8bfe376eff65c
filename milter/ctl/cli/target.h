/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How a verb gets its answer: from the daemon over its control socket, or, when no daemon listens,
 * from the archive opened here. The archive's lock file decides who owns it; the answers are the
 * same, made by common/control/answer.c.
 */
#ifndef JM_MILTER_CTL_CLI_TARGET_H
#define JM_MILTER_CTL_CLI_TARGET_H

#include "common/control/answer.h"
#include "common/settings/default.h"
#include "milter/ctl/cli/option.h"

/* In the folder of a copy that jmctl backup makes: up to where it was verified. */
#define JM_BACKUP_FILE "backup.json"
/* In the folder of an archive that jmctl load has not wholly loaded yet. */
#define JM_LOADING_FILE "loading"

/* The options that all verbs of the archive share. */
struct jm_target {
	const char *config;      /* --config; NULL: the installed one */
	const char *archive;     /* --archive DIR */
	const char *socket;      /* --socket PATH */
	bool json;               /* --json */
	bool only_daemon;        /* no option: do not open the archive (events --follow) */
	bool back;               /* internal: jm_target_close() has to become root again */
	char *dir;               /* internal, owned */
	bool offline;            /* set by jm_target_ask(): it was answered without a daemon */
	bool keep;               /* no option: several questions come; jm_target_end() ends them */
	struct jm_archive *kept; /* internal: what was opened for them */
	char *kept_dir;          /* internal, owned */
};

#define JM_TARGET_OPTIONS(c) \
	{ "config", JM_CTL_TEXT, &(c)->config, "FILE", \
		"settings that name archive and control socket [" JM_SETTINGS_DEFAULT_FILE "]" }, \
	    { "archive", JM_CTL_TEXT, &(c)->archive, "DIR", \
		    "this archive, or the daemon that owns it; no settings are read" }, \
	    { "socket", JM_CTL_TEXT, &(c)->socket, "PATH", "the daemon's control socket" }, \
	{ \
		"json", JM_CTL_FLAG, &(c)->json, NULL, "print JSON, one object a line" \
	}

/*
 * Ask; out gets the answer as jm_answer() gives it. NOTFOUND also when there is no such archive,
 * DENIED when it belongs to another process or user, CORRUPT for a daemon that does not keep to the
 * protocol, TEMP when its answer breaks off; else the kinds of jm_answer(). When started by root,
 * an archive is opened as its owner, so that no file of root's is left in it.
 */
int jm_target_ask(struct jm_target *c, const json_t *request, const struct jm_answer_out *out,
    struct jm_err *err) JM_MUST_CHECK;

/* Close what was kept open. */
void jm_target_end(struct jm_target *c);

/*
 * Open the archive here, for what the daemon cannot do while it runs: DENIED when one listens. dir:
 * this one instead of the options' (then no daemon is looked for; may be NULL). options: its dir is
 * set here. jm_target_close() undoes the change of user.
 */
int jm_target_open(struct jm_target *c, const char *dir, struct jm_archive_options *options,
    struct jm_archive **a_r, struct jm_err *err) JM_MUST_CHECK;
void jm_target_close(struct jm_target *c, struct jm_archive **a);

/* What daemon or archive know about domains, as rows for jm_domains_list(); an archive that is not
 * there knows of none. NULL: nobody answers. The caller owns it. */
json_t *jm_target_domains(struct jm_target *c);

#endif
