/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How a verb gets its answer: from the daemon over its control socket, or, when no daemon listens,
 * from the archive opened here. The archive's lock file decides who owns it; the answers are the
 * same, made by common/control/answer.c.
 */
#ifndef JM_MILTER_CTL_CLIENT_H
#define JM_MILTER_CTL_CLIENT_H

#include "common/control/answer.h"
#include "milter/ctl/ctl.h"

/* In the folder of a copy that jmctl backup makes: up to where it was verified. */
#define JM_BACKUP_FILE "backup.json"
/* In the folder of an archive that jmctl load has not wholly loaded yet. */
#define JM_LOADING_FILE "loading"

/* The options that all verbs of the archive share. */
struct jm_client {
	const char *config;      /* --config; NULL: the installed one */
	const char *archive;     /* --archive DIR */
	const char *socket;      /* --socket PATH */
	bool json;               /* --json */
	bool only_daemon;        /* no option: do not open the archive (events --follow) */
	bool back;               /* internal: jm_client_close() has to become root again */
	char *dir;               /* internal, owned */
	bool offline;            /* set by jm_client_ask(): it was answered without a daemon */
	bool keep;               /* no option: several questions come; jm_client_end() ends them */
	struct jm_archive *kept; /* internal: what was opened for them */
	char *kept_dir;          /* internal, owned */
};

#define JM_CLIENT_OPTIONS(c) \
	{ "config", JM_CTL_TEXT, &(c)->config, "FILE", \
		"settings that name archive and control socket [" JM_SYSCONFDIR \
		"/journal-milter/journal-milter.xml]" }, \
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
int jm_client_ask(struct jm_client *c, const json_t *request, const struct jm_answer_out *out,
    struct jm_err *err) JM_MUST_CHECK;

/* Close what was kept open. */
void jm_client_end(struct jm_client *c);

/*
 * Open the archive here, for what the daemon cannot do while it runs: DENIED when one listens. dir:
 * this one instead of the options' (then no daemon is looked for; may be NULL). options: its dir is
 * set here. jm_client_close() undoes the change of user.
 */
int jm_client_open(struct jm_client *c, const char *dir, struct jm_archive_options *options,
    struct jm_archive **a_r, struct jm_err *err) JM_MUST_CHECK;
void jm_client_close(struct jm_client *c, struct jm_archive **a);

/* What daemon or archive know about domains, as rows for jm_domains_list(); an archive that is not
 * there knows of none. NULL: nobody answers. The caller owns it. */
json_t *jm_client_domains(struct jm_client *c);

/* Flush stdout: TEMP when not all of the output could be written. */
int jm_client_flush(struct jm_err *err) JM_MUST_CHECK;

/* The operand ID as a number; USAGE. */
int jm_client_id(const char *text, uint64_t *id_r, struct jm_err *err) JM_MUST_CHECK;

#endif
