/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The target of a verb: the daemon, asked over its control socket, or, when no daemon listens, the
 * archive, opened in a process of its own. The archive's lock file decides which process owns it; a
 * daemon that starts takes it from readers, and answers their requests then. The answers are the
 * same, since both come from common/control/answer.c. The protocol is in common/control/client.c.
 */
#ifndef JM_MILTER_CTL_CLI_TARGET_H
#define JM_MILTER_CTL_CLI_TARGET_H

#include "common/archive/archive.h"
#include "common/control/answer.h"
#include "common/settings/default.h"
#include "milter/ctl/cli/offline.h"
#include "milter/ctl/cli/option.h"

/* The options that all verbs of the archive share, and what was opened for them. One thread. */
struct jm_target {
	const char *config;  /* --config; NULL: the installed one */
	const char *archive; /* --archive DIR */
	const char *socket;  /* --socket PATH */
	bool json;           /* --json */
	bool only_daemon;    /* set by the verb: never open the archive (events --follow) */
	bool back;           /* internal: jm_target_close() has to become root again */
	char *dir;           /* internal, owned */
	bool offline;        /* set by jm_target_ask(): no daemon gave the answer */
	/* set by the verb: keep the archive open, and remember what the settings say, between
	 * questions, until jm_target_end() */
	bool keep;
	struct jm_target_place *place; /* internal, owned: where the last question was asked */
	struct jm_offline kept;        /* internal: the process that has the archive */
	bool kept_writes;              /* internal */
	unsigned within_s; /* set by the verb: the time that it has in all; 0: no limit */
	bool patient;      /* internal: the limits are set */
	bool warned;       /* internal: about settings that are not those of the daemon */
};

#define JM_TARGET_OPTIONS(t) \
	{ "config", JM_CTL_TEXT, &(t)->config, "FILE", \
		"settings that name archive and control socket [" JM_SETTINGS_DEFAULT_FILE "]" }, \
	    { "archive", JM_CTL_TEXT, &(t)->archive, "DIR", \
		    "this archive, or the daemon that owns it; no settings are read" }, \
	    { "socket", JM_CTL_TEXT, &(t)->socket, "PATH", "the daemon's control socket" }, \
	{ \
		"json", JM_CTL_FLAG, &(t)->json, NULL, "print JSON, one object a line" \
	}

/* The same for verbs that make an archive. */
#define JM_TARGET_NEW_OPTIONS(t) \
	{ "archive", JM_CTL_TEXT, &(t)->archive, "NEW", "the folder of the new archive" }, \
	    { "config", JM_CTL_TEXT, &(t)->config, "FILE", \
		    "settings that name the user whom the files will belong to " \
		    "[" JM_SETTINGS_DEFAULT_FILE "]" }, \
	{ \
		"json", JM_CTL_FLAG, &(t)->json, NULL, "print JSON, one object a line" \
	}

/* The name of the verb, for processes that wait for this one. Borrowed; to be called once. */
void jm_target_name(const char *verb);

/*
 * Ask the daemon, or the archive when no daemon listens; request as for jm_answer(), borrowed. out
 * gets the answer. When root runs this, the archive is opened as its owner, so that it gets no
 * files that belong to root. Waits a few seconds for a daemon that starts, or for another process
 * that has the archive. Settings that cannot be loaded, or are not those of the daemon that was
 * started with this file, only cause a warning while it runs.
 *
 * Returns 0, or -1 with the kinds of jm_answer() and of jm_client_ask(); also NOTFOUND when there
 * is no archive, DENIED when it belongs to another user, TEMP when another process keeps it.
 */
int jm_target_ask(struct jm_target *t, const json_t *request, const struct jm_answer_out *out,
    struct jm_err *err) JM_MUST_CHECK;

/* Close and forget what "keep" kept. */
void jm_target_end(struct jm_target *t);

/*
 * Connect to the daemon, for a verb that talks to it in steps (jm_client_begin()). 1 with *fd_r,
 * which the caller closes; 0: no daemon listens; -1: the kinds of jm_client_connect(), and of
 * reading the settings.
 */
int jm_target_connect(struct jm_target *t, int *fd_r, struct jm_err *err) JM_MUST_CHECK;

/* The folder of the archive that the options or the settings name, which need not exist. *dir_r is
 * owned by the caller. 0, or -1: USAGE when only a socket is named, and the kinds of reading the
 * settings. */
int jm_target_archive(const struct jm_target *t, char **dir_r, struct jm_err *err) JM_MUST_CHECK;

/*
 * Open the archive in this process, for work that is impossible while a daemon runs. dir: the
 * archive's folder instead of the one the options name, without looking for a daemon; may be NULL.
 * options->dir is set here and points into *c. Returns 0 with *a_r, or -1: DENIED when a daemon
 * listens, USAGE when no archive is named, TEMP when another process keeps it, and the kinds of
 * jm_archive_open(). jm_target_close()
 * closes *a, also after a failure, and undoes the change of user.
 */
int jm_target_open(struct jm_target *t, const char *dir, struct jm_archive_options *options,
    struct jm_archive **a_r, struct jm_err *err) JM_MUST_CHECK;
void jm_target_close(struct jm_target *t, struct jm_archive **a);

/*
 * While jm_target_open() acts as the archive's owner: read files with the rights of the caller
 * again (root), and then as the owner again. Affects this thread only, so that the archive's
 * threads still write as the owner. Without root nothing changes.
 */
void jm_target_read_as_caller(bool caller);

/*
 * The domains that daemon or archive know, as rows for jm_domains_list(); the caller owns them.
 * None for an archive that does not exist. NULL when neither answers.
 */
json_t *jm_target_domains(struct jm_target *t);

#endif
