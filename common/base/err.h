/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The error object: who detects an error fills it once, who handles it logs it once.
 *
 * It is owned by the caller and of fixed size, so it works when memory is gone and in any thread.
 * Functions that take one return 0, or -1 with it filled. The kind, never the text, decides what
 * follows: milter/daemon/reply.c maps it to an SMTP answer, milter/ctl/cli/outcome.c to an exit
 * code of sysexits.h.
 */
#ifndef JM_BASE_ERR_H
#define JM_BASE_ERR_H

enum jm_err_kind {
	JM_E_NONE,  /* no error */
	JM_E_TEMP,  /* a fault of this machine or of a peer; a later try may succeed: disk, memory,
		       network, database */
	JM_E_LIMIT, /* a cap was reached */
	JM_E_NOTFOUND, /* what was asked for is not there */
	JM_E_DENIED,   /* not allowed: admission, file permissions */
	JM_E_CONFIG,   /* the configuration is wrong: an operator has to mend it */
	JM_E_CORRUPT,  /* stored or received bytes contradict their checksum or their format */
	JM_E_USAGE,    /* the caller's arguments are wrong */
	JM_E_BUG,      /* cannot happen; it did */
};

#define JM_ERR_TEXT_BYTES 480

struct jm_err {
	enum jm_err_kind kind;
	int sys;                      /* errno, or 0 */
	char text[JM_ERR_TEXT_BYTES]; /* for people: lower case, no full stop, what failed before
					 why */
};

#define JM_PRINTF(f, a) __attribute__((format(printf, f, a)))
#define JM_MUST_CHECK __attribute__((warn_unused_result))

/* Fill err (NULL is allowed) with kind and a text. Returns -1 always, so that a caller may return
 * it. Any thread. */
int jm_err_set(struct jm_err *err, enum jm_err_kind kind, const char *fmt, ...) JM_PRINTF(3, 4);

/* As jm_err_set(), and append ": " and the words of the current errno, which is kept in err->sys.
 * Returns -1 always. */
int jm_err_sys(struct jm_err *err, enum jm_err_kind kind, const char *fmt, ...) JM_PRINTF(3, 4);

/* Put "text: " in front of the text that err holds; the kind stays. Returns -1 always. */
int jm_err_wrap(struct jm_err *err, const char *fmt, ...) JM_PRINTF(2, 3);

/* The name of a kind for logs and JSON: "temporary", "limit", "not-found", ... Static storage. */
const char *jm_err_kind_name(enum jm_err_kind kind);

#endif
