/* SPDX-License-Identifier: BSD-2-Clause */
/* Why a session with a journal mailbox failed, and the way in which an administrator can correct
 * it. */
#ifndef JM_POP3_CAUSE_H
#define JM_POP3_CAUSE_H

#include "common/base/err.h"
#include "common/pop3/session.h"

enum jm_pop3_cause {
	JM_POP3_CAUSE_NONE,
	/* of the settings */
	JM_POP3_CAUSE_SETTINGS,
	JM_POP3_CAUSE_PASSWORD_FILE,
	JM_POP3_CAUSE_TOKEN_COMMAND,
	/* of the way to the server */
	JM_POP3_CAUSE_NAME,
	JM_POP3_CAUSE_REFUSED,
	JM_POP3_CAUSE_UNREACHABLE,
	JM_POP3_CAUSE_TIMEOUT,
	JM_POP3_CAUSE_CLEAR_TO_TLS, /* the port is for TLS, and the settings say in clear or STLS */
	JM_POP3_CAUSE_TLS_TO_CLEAR, /* the reverse */
	JM_POP3_CAUSE_NO_STLS,
	JM_POP3_CAUSE_TLS,
	/* of the server's certificate */
	JM_POP3_CAUSE_WRONG_NAME,
	JM_POP3_CAUSE_EXPIRED,
	JM_POP3_CAUSE_NOT_YET_VALID,
	JM_POP3_CAUSE_SELF_SIGNED,
	JM_POP3_CAUSE_UNKNOWN_CA,
	JM_POP3_CAUSE_CA_FILE,
	JM_POP3_CAUSE_PIN,
	JM_POP3_CAUSE_CERTIFICATE,
	/* of the server's answers */
	JM_POP3_CAUSE_SILENT,
	JM_POP3_CAUSE_TURNED_AWAY, /* -ERR instead of a greeting */
	JM_POP3_CAUSE_NOT_POP3,
	JM_POP3_CAUSE_LOGIN,
	JM_POP3_CAUSE_TOKEN,
	JM_POP3_CAUSE_IN_USE,
	JM_POP3_CAUSE_LOGIN_DELAY,
	JM_POP3_CAUSE_SERVER, /* [SYS/...]: a fault of its own, as it says */
	JM_POP3_CAUSE_LISTING,
	JM_POP3_CAUSE_OUT_OF_STEP,
	JM_POP3_CAUSE_CUT,
	JM_POP3_CAUSE_STALL,
	JM_POP3_CAUSE_QUIT,
	/* of this machine */
	JM_POP3_CAUSE_DISK_FULL,
	JM_POP3_CAUSE_PERMISSION,
	JM_POP3_CAUSE_MEMORY,
	JM_POP3_CAUSE_HERE,
};

/* The cure: one sentence, another one for each cause. NULL for NONE. Static. */
const char *jm_pop3_cure(enum jm_pop3_cause cause);

/* The cause of a login that the server refused with this line. bearer: by an access token. */
enum jm_pop3_cause jm_pop3_cause_login(const char *answer, bool bearer);

/* The cause of a command that failed. refused: the cause when the server answered -ERR. */
enum jm_pop3_cause jm_pop3_cause_command(enum jm_pop3_fault fault, enum jm_pop3_cause refused);

/* The cause of a fault of this machine. */
enum jm_pop3_cause jm_pop3_cause_here(const struct jm_err *err);

#endif
